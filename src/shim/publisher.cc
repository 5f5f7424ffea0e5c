#include "shim/publisher.h"

#include <sys/epoll.h>
#include <types.pb.h>

#include <algorithm>
#include <ctime>

#include "base/unix_socket.h"

namespace mayfly::shim {

namespace {

constexpr const char* kService = "containerd.services.events.ttrpc.v1.Events";
constexpr int kFirstRetryMs = 20;
constexpr int kLastRetryMs = 1000;
constexpr int kAnswerMs = 10000;  // after which the connection counts as broken
// Beyond that the oldest go: containerd has been away for as many starts and ends.
constexpr size_t kMaxWaiting = 65536;

}  // namespace

Publisher::Publisher(EventLoop* loop, base::Log* log, std::string address, std::string name_space)
    : loop_(loop),
      log_(log),
      address_(std::move(address)),
      name_space_(std::move(name_space)),
      retry_delay_ms_(kFirstRetryMs) {}

Publisher::~Publisher() { Disconnect(); }

void Publisher::Publish(const std::string& topic, const std::string& type,
                        const std::string& message) {
  if (address_.empty()) {
    return;
  }
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  containerd::types::ForwardRequest request;
  containerd::types::Envelope& envelope = *request.mutable_envelope();
  envelope.mutable_timestamp()->set_seconds(now.tv_sec);
  envelope.mutable_timestamp()->set_nanos(static_cast<int32_t>(now.tv_nsec));
  envelope.set_namespace_(name_space_);
  envelope.set_topic(topic);
  envelope.mutable_event()->set_type_url(type);
  envelope.mutable_event()->set_value(message);
  if (queue_.size() >= kMaxWaiting) {
    queue_.erase(queue_.begin() + (sent_ ? 1 : 0));
  }
  queue_.push_back(request.SerializeAsString());
  Pump();
}

void Publisher::Pump() {
  if (queue_.empty() || sent_) {
    return;
  }
  if (connection_ == nullptr) {
    Connect();
  }
  if (connection_ == nullptr) {
    return;
  }
  connection_->Send(kService, "Forward", queue_.front());
  sent_ = true;
  loop_->After(kAnswerMs, [this, attempt = ++attempts_] {
    if (sent_ && attempt == attempts_) {
      log_->Warning("events: containerd gives no answer to one; it is sent again");
      Disconnect();
      Retry();
    }
  });
  OnReady(EPOLLOUT);
}

void Publisher::Connect() {
  auto socket = base::ConnectUnix(address_);
  if (!socket) {
    Retry();
    return;
  }
  connection_ = std::make_unique<ttrpc::Connection>(std::move(*socket));
  auto watched =
      loop_->Watch(connection_->fd(), EPOLLIN, [this](uint32_t events) { OnReady(events); });
  if (!watched) {
    log_->Warning("events: {}", watched.error().text());
    connection_.reset();
    Retry();
  }
}

void Publisher::OnReady(uint32_t events) {
  auto progress = connection_->Write();
  if (progress == ttrpc::Progress::kOpen && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    progress = connection_->Read();
  }
  ttrpc::Answer answer;
  bool acknowledged = false;
  while (connection_->NextAnswer(&answer)) {
    if (answer.status.code != ttrpc::Code::kOk) {
      log_->Warning("events: containerd refused one: {}", answer.status.message);
    }
    acknowledged = true;
  }
  if (acknowledged && sent_) {
    queue_.pop_front();
    sent_ = false;
    retry_delay_ms_ = kFirstRetryMs;
  }
  if (progress == ttrpc::Progress::kClosed) {
    Disconnect();
    if (!queue_.empty()) {
      Retry();
    }
  } else {
    loop_->Change(connection_->fd(), EPOLLIN | (connection_->wants_to_write() ? EPOLLOUT : 0U));
    Pump();
  }
  CheckSent();
}

void Publisher::Disconnect() {
  if (connection_ != nullptr) {
    loop_->Forget(connection_->fd());
    connection_.reset();
  }
  sent_ = false;
}

void Publisher::Retry() {
  if (retry_planned_) {
    return;
  }
  retry_planned_ = true;
  loop_->After(retry_delay_ms_, [this] {
    retry_planned_ = false;
    Pump();
  });
  retry_delay_ms_ = std::min(retry_delay_ms_ * 2, kLastRetryMs);
}

void Publisher::WhenSent(int timeout_ms, std::function<void()> callback) {
  when_sent_ = std::move(callback);
  loop_->After(timeout_ms, [this] {
    if (auto call = std::exchange(when_sent_, nullptr)) {
      call();
    }
  });
  CheckSent();
}

void Publisher::CheckSent() {
  if (queue_.empty() && when_sent_) {
    std::exchange(when_sent_, nullptr)();
  }
}

}  // namespace mayfly::shim
