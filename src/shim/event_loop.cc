#include "shim/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

namespace mayfly::shim {

using base::FailErrno;
using base::Result;

Result<EventLoop> EventLoop::Make() {
  EventLoop loop;
  loop.epoll_.Reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!loop.epoll_.valid()) {
    return FailErrno("epoll_create1");
  }
  return loop;
}

Result<void> EventLoop::Watch(int fd, uint32_t events, Callback callback) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return FailErrno("watch descriptor {}", fd);
  }
  watched_[fd] = std::make_shared<Watched>(Watched{events, std::move(callback)});
  return {};
}

void EventLoop::Change(int fd, uint32_t events) {
  const auto found = watched_.find(fd);
  if (found == watched_.end() || found->second->events == events) {
    return;
  }
  epoll_event event{.events = events, .data = {.fd = fd}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  found->second->events = events;
}

void EventLoop::Forget(int fd) {
  if (watched_.erase(fd) > 0) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  }
}

void EventLoop::After(int delay_ms, std::function<void()> callback) {
  timers_.emplace(Clock::now() + std::chrono::milliseconds(delay_ms), std::move(callback));
}

int EventLoop::NextTimeoutMs() const {
  if (timers_.empty()) {
    return -1;
  }
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - Clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

void EventLoop::RunTimers() {
  const auto now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now && !stopped_) {
    const auto callback = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    callback();
  }
}

Result<void> EventLoop::Run() {
  std::array<epoll_event, 32> events;
  while (!stopped_) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), NextTimeoutMs());
    if (count < 0 && errno != EINTR) {
      return FailErrno("epoll_wait");
    }
    for (int i = 0; i < count && !stopped_; ++i) {
      const auto found = watched_.find(events[static_cast<size_t>(i)].data.fd);
      if (found != watched_.end()) {
        const std::shared_ptr<Watched> keep = found->second;  // it may forget itself
        keep->callback(events[static_cast<size_t>(i)].events);
      }
    }
    RunTimers();
  }
  return {};
}

}  // namespace mayfly::shim
