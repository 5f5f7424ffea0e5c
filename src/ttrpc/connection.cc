#include "ttrpc/connection.h"

#include <sys/socket.h>
#include <ttrpc.pb.h>

#include <array>
#include <cerrno>

namespace mayfly::ttrpc {

namespace {

constexpr size_t kChunkBytes = 65536;
constexpr int kChunksAtATime = 4;

std::string EncodeAnswer(const Answer& answer) {
  wire::Response response;
  response.mutable_status()->set_code(static_cast<int>(answer.status.code));
  response.mutable_status()->set_message(answer.status.message);
  response.set_payload(answer.payload);
  return EncodeFrame(answer.stream, FrameType::kResponse, response.SerializeAsString());
}

}  // namespace

Progress Connection::Read() {
  std::array<char, kChunkBytes> bytes;
  for (int chunk = 0; chunk < kChunksAtATime; ++chunk) {
    const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0) {
      reader_.Append({bytes.data(), static_cast<size_t>(got)});
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else {
      return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? Progress::kOpen
                                                                  : Progress::kClosed;
    }
  }
  return Progress::kOpen;
}

Progress Connection::Write() {
  while (!output_.empty()) {
    const ssize_t sent =
        ::send(socket_.get(), output_.data(), output_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      output_.erase(0, static_cast<size_t>(sent));
    } else if (errno != EINTR) {
      return errno == EAGAIN || errno == EWOULDBLOCK ? Progress::kOpen : Progress::kClosed;
    }
  }
  return Progress::kOpen;
}

bool Connection::NextCall(Call* call) {
  while (auto frame = reader_.Next()) {
    const auto refuse = [&](Code code, std::string why) {
      Reply({frame->stream, {code, std::move(why)}, ""});
    };
    if (frame->too_large) {
      refuse(Code::kResourceExhausted, "the message is larger than 4 MiB");
      continue;
    }
    if (frame->type != FrameType::kRequest) {
      continue;  // no streams here: data and responses belong to nothing
    }
    if (frame->stream % 2 == 0 || frame->stream <= last_stream_) {
      refuse(Code::kInvalidArgument, "the stream's number must be odd and grow");
      continue;
    }
    last_stream_ = frame->stream;
    wire::Request request;
    if (!request.ParseFromString(frame->message)) {
      refuse(Code::kInvalidArgument, "the request cannot be parsed");
      continue;
    }
    call->stream = frame->stream;
    call->service = std::move(*request.mutable_service());
    call->method = std::move(*request.mutable_method());
    call->payload = std::move(*request.mutable_payload());
    call->traceparent.clear();
    for (wire::KeyValue& pair : *request.mutable_metadata()) {
      if (pair.key() == "traceparent") {
        call->traceparent = std::move(*pair.mutable_value());
      }
    }
    return true;
  }
  return false;
}

void Connection::Reply(const Answer& answer) { output_ += EncodeAnswer(answer); }

bool Connection::NextAnswer(Answer* answer) {
  while (auto frame = reader_.Next()) {
    wire::Response response;
    if (frame->too_large || frame->type != FrameType::kResponse ||
        !response.ParseFromString(frame->message)) {
      continue;
    }
    answer->stream = frame->stream;
    answer->status = {static_cast<Code>(response.status().code()), response.status().message()};
    answer->payload = std::move(*response.mutable_payload());
    return true;
  }
  return false;
}

uint32_t Connection::Send(const std::string& service, const std::string& method,
                          std::string payload) {
  wire::Request request;
  request.set_service(service);
  request.set_method(method);
  request.set_payload(std::move(payload));
  const uint32_t stream = next_stream_;
  next_stream_ += 2;
  output_ += EncodeFrame(stream, FrameType::kRequest, request.SerializeAsString());
  return stream;
}

}  // namespace mayfly::ttrpc
