#include "container/init/messages.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "base/unique_fd.h"

namespace mayfly::container {
namespace {

using base::ErrorKind;
using base::UniqueFd;

class MessagesTest : public testing::Test {
 protected:
  void SetUp() override {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    a_.Reset(pair[0]);
    b_.Reset(pair[1]);
  }
  UniqueFd a_;
  UniqueFd b_;
};

TEST_F(MessagesTest, TypesArriveInOrder) {
  ASSERT_TRUE(SendMessage(a_.get(), MessageType::kCgroupMade));
  ASSERT_TRUE(SendMessage(a_.get(), MessageType::kStart));
  EXPECT_EQ(ReceiveMessage(b_.get())->type, MessageType::kCgroupMade);
  EXPECT_EQ(ReceiveMessage(b_.get())->type, MessageType::kStart);
}

TEST_F(MessagesTest, AnErrorKeepsKindErrnoAndText) {
  ASSERT_TRUE(SendError(a_.get(), base::Error(ErrorKind::kDenied, "mounts[3]: no", EPERM)));
  const auto message = ReceiveMessage(b_.get());
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, MessageType::kError);
  EXPECT_EQ(message->error.kind(), ErrorKind::kDenied);
  EXPECT_EQ(message->error.sys_errno(), EPERM);
  EXPECT_EQ(message->error.text(), "mounts[3]: no");
}

TEST_F(MessagesTest, AnErrorLongerThanAMessageIsCut) {
  ASSERT_TRUE(SendError(a_.get(), base::Error(ErrorKind::kSystem, std::string(100'000, 'x'))));
  const auto message = ReceiveMessage(b_.get());
  ASSERT_TRUE(message);
  EXPECT_GT(message->error.text().size(), 4000U);
}

TEST_F(MessagesTest, AClosedSocketIsTheEndOfTheStream) {
  ASSERT_TRUE(SendMessage(b_.get(), MessageType::kReady));
  a_.Reset();
  EXPECT_EQ(ReceiveMessage(b_.get())->type, MessageType::kEndOfStream);
  EXPECT_FALSE(SendMessage(b_.get(), MessageType::kReady));
}

// An init that fails while the parent's message is on its way: its reason must not be lost.
TEST_F(MessagesTest, AnErrorSentBeforeAResetIsStillRead) {
  ASSERT_TRUE(SendMessage(b_.get(), MessageType::kCgroupMade));  // never read
  ASSERT_TRUE(SendError(a_.get(), base::Error(ErrorKind::kInvalid, "mounts[1]: no")));
  a_.Reset();
  const auto message = ReceiveMessage(b_.get());
  ASSERT_TRUE(message);
  EXPECT_EQ(message->error.text(), "mounts[1]: no");
  EXPECT_EQ(ReceiveMessage(b_.get())->type, MessageType::kEndOfStream);
}

TEST_F(MessagesTest, AShortMessageIsAnError) {
  ASSERT_EQ(::send(a_.get(), "x", 1, 0), 1);
  EXPECT_FALSE(ReceiveMessage(b_.get()));
}

}  // namespace
}  // namespace mayfly::container
