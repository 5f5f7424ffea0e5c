// EventLoop: the shim's one thread: waits for descriptors and for times, calls back.
//
// Level-triggered epoll. A callback may watch and forget any descriptor, its own included; one that
// was forgotten is not called any more.
//
// Ownership: borrows descriptors; owns the callbacks. Sources: epoll(7). Threads: one.
// Fork: parent only; children close what they inherit.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::shim {

class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  // `events` are EPOLL* bits.
  using Callback = std::function<void(uint32_t events)>;

  static base::Result<EventLoop> Make();

  base::Result<void> Watch(int fd, uint32_t events, Callback callback);
  // Other events for a descriptor that is watched; 0: only errors and hang-ups.
  void Change(int fd, uint32_t events);
  void Forget(int fd);

  // Calls once, after so many milliseconds.
  void After(int delay_ms, std::function<void()> callback);

  // Until Stop().
  base::Result<void> Run();
  void Stop() { stopped_ = true; }

 private:
  struct Watched {
    uint32_t events = 0;
    Callback callback;
  };

  int NextTimeoutMs() const;
  void RunTimers();

  base::UniqueFd epoll_;
  std::map<int, std::shared_ptr<Watched>> watched_;
  std::multimap<Clock::time_point, std::function<void()>> timers_;
  bool stopped_ = false;
};

}  // namespace mayfly::shim
