#include "ttrpc/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <ttrpc.pb.h>

namespace mayfly::ttrpc {

namespace {

struct Pair {
  Connection client;
  Connection server;
};

Pair MakePair() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  return {Connection(base::UniqueFd(ends[0])), Connection(base::UniqueFd(ends[1]))};
}

// The answer that the server gives to these bytes.
Answer AnswerTo(const std::string& bytes) {
  Pair pair = MakePair();
  pair.server.Feed(bytes);
  Call call;
  EXPECT_FALSE(pair.server.NextCall(&call));
  pair.client.Feed(pair.server.output());
  Answer answer;
  EXPECT_TRUE(pair.client.NextAnswer(&answer));
  return answer;
}

TEST(Connection, GivesTheCallersTrace) {
  wire::Request request;
  request.set_service("s");
  request.set_method("m");
  wire::KeyValue* pair = request.add_metadata();
  pair->set_key("traceparent");
  pair->set_value("00-trace");
  Connection server{base::UniqueFd()};
  server.Feed(EncodeFrame(1, FrameType::kRequest, request.SerializeAsString()));
  request.clear_metadata();
  server.Feed(EncodeFrame(3, FrameType::kRequest, request.SerializeAsString()));
  Call call;
  ASSERT_TRUE(server.NextCall(&call));
  EXPECT_EQ(call.traceparent, "00-trace");
  ASSERT_TRUE(server.NextCall(&call));
  EXPECT_EQ(call.traceparent, "") << "of the call before";
}

}  // namespace

TEST(ConnectionTest, ACallAndItsAnswer) {
  Pair pair = MakePair();
  const uint32_t stream = pair.client.Send("a.Service", "Do", std::string(1'000'000, 'p'));
  Call call;
  bool called = false;
  while (!called) {
    ASSERT_EQ(pair.client.Write(), Progress::kOpen);
    ASSERT_EQ(pair.server.Read(), Progress::kOpen);
    called = pair.server.NextCall(&call);
  }
  EXPECT_EQ(call.service, "a.Service");
  EXPECT_EQ(call.method, "Do");
  EXPECT_EQ(call.payload.size(), 1'000'000U);
  pair.server.Reply({call.stream, {Code::kNotFound, "no such thing"}, "rest"});
  ASSERT_EQ(pair.server.Write(), Progress::kOpen);
  ASSERT_EQ(pair.client.Read(), Progress::kOpen);
  Answer answer;
  ASSERT_TRUE(pair.client.NextAnswer(&answer));
  EXPECT_EQ(answer.stream, stream);
  EXPECT_EQ(answer.status.code, Code::kNotFound);
  EXPECT_EQ(answer.status.message, "no such thing");
  EXPECT_EQ(answer.payload, "rest");
}

TEST(ConnectionTest, AnEndOfThePeerIsSeen) {
  Pair pair = MakePair();
  {
    const Connection gone = std::move(pair.client);
  }
  EXPECT_EQ(pair.server.Read(), Progress::kClosed);
}

TEST(ConnectionTest, WhatIsNoRequestIsRefused) {
  EXPECT_EQ(AnswerTo(EncodeFrame(1, FrameType::kRequest, "\xff\xff\xff")).status.code,
            Code::kInvalidArgument);
  EXPECT_EQ(AnswerTo(EncodeFrame(2, FrameType::kRequest, "")).status.code, Code::kInvalidArgument);
  std::string large = EncodeFrame(1, FrameType::kRequest, "");
  large[0] = '\x7f';
  EXPECT_EQ(AnswerTo(large).status.code, Code::kResourceExhausted);
}

TEST(ConnectionTest, AStreamIsUsedOnce) {
  Pair pair = MakePair();
  const std::string request = EncodeFrame(3, FrameType::kRequest, "");
  pair.server.Feed(request + request);
  Call call;
  EXPECT_TRUE(pair.server.NextCall(&call));
  EXPECT_FALSE(pair.server.NextCall(&call));
  EXPECT_NE(pair.server.output().find("must be odd and grow"), std::string::npos);
}

TEST(ConnectionTest, EveryKindOfErrorHasACode) {
  EXPECT_EQ(CodeOf(base::ErrorKind::kNotFound), Code::kNotFound);
  EXPECT_EQ(CodeOf(base::ErrorKind::kExists), Code::kAlreadyExists);
  EXPECT_EQ(CodeOf(base::ErrorKind::kInvalid), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf(base::ErrorKind::kState), Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf(base::ErrorKind::kUnsupported), Code::kUnimplemented);
  EXPECT_EQ(CodeOf(base::ErrorKind::kDenied), Code::kPermissionDenied);
  EXPECT_EQ(CodeOf(base::ErrorKind::kSystem), Code::kInternal);
}

}  // namespace mayfly::ttrpc
