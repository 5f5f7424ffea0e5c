#include "wasi_poll.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

namespace mayfly_wasmedge {
namespace {

// Of preview 1's errno.
constexpr uint16_t kSuccess = 0;
constexpr uint16_t kBadFd = 8;
constexpr uint16_t kFault = 21;
constexpr uint16_t kInvalid = 28;
constexpr uint16_t kIo = 29;

// Of preview 1's eventtype.
constexpr uint8_t kClock = 0;
constexpr uint8_t kRead = 1;
constexpr uint8_t kWrite = 2;

constexpr uint16_t kAbsolute = 1;  // of subclockflags
constexpr uint16_t kHangup = 1;    // of eventrwflags
constexpr int64_t kNsPerS = 1'000'000'000;

struct Subscription {
  uint64_t userdata;
  uint8_t type;
  std::array<uint8_t, 7> padding;
  uint32_t id;  // of the clock or descriptor
  uint32_t padding2;
  uint64_t timeout_ns;
  uint64_t precision_ns;
  uint16_t clock_flags;
  std::array<uint8_t, 6> padding3;
};
static_assert(sizeof(Subscription) == 48);

struct Event {
  uint64_t userdata;
  uint16_t error;
  uint8_t type;
  std::array<uint8_t, 5> padding;
  uint64_t bytes;
  uint16_t flags;
  std::array<uint8_t, 6> padding2;
};
static_assert(sizeof(Event) == 32);

int64_t NowNs(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return (time.tv_sec * kNsPerS) + time.tv_nsec;
}

// One subscription while it is waited for.
struct Wait {
  Subscription subscription;
  uint16_t error = kSuccess;
  int64_t deadline_ns = 0;  // of a clock, on CLOCK_MONOTONIC
  size_t poll_index = 0;    // of a descriptor
};

// When a clock subscription ends, on CLOCK_MONOTONIC.
std::optional<int64_t> DeadlineNs(const Subscription& clock) {
  constexpr std::array<clockid_t, 4> kClocks = {CLOCK_REALTIME, CLOCK_MONOTONIC,
                                                CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
  if (clock.id >= kClocks.size()) {
    return std::nullopt;
  }
  const int64_t now = NowNs(CLOCK_MONOTONIC);
  auto wait = static_cast<int64_t>(std::min<uint64_t>(clock.timeout_ns, INT64_MAX));
  if ((clock.clock_flags & kAbsolute) != 0) {
    wait = std::max<int64_t>(0, wait - NowNs(kClocks[clock.id]));
  }
  return wait > INT64_MAX - now ? INT64_MAX : now + wait;
}

uint64_t ReadableBytes(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    const off_t at = ::lseek(fd, 0, SEEK_CUR);
    return at >= 0 && at < info.st_size ? static_cast<uint64_t>(info.st_size - at) : 0;
  }
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<uint64_t>(bytes) : 0;
}

class Poll {
 public:
  explicit Poll(const WasmEdge_ModuleInstanceContext* wasi) : wasi_(wasi) {}

  void Add(const Subscription& subscription) {
    Wait wait{};
    wait.subscription = subscription;
    if (subscription.type == kClock) {
      const auto deadline = DeadlineNs(subscription);
      wait.error = deadline ? kSuccess : kInvalid;
      wait.deadline_ns = deadline.value_or(0);
      first_deadline_ns_ = std::min(first_deadline_ns_, wait.deadline_ns);
    } else if (subscription.type == kRead || subscription.type == kWrite) {
      uint64_t native = 0;
      if (WasmEdge_ModuleInstanceWASIGetNativeHandler(wasi_, static_cast<int32_t>(subscription.id),
                                                      &native) != 0) {
        wait.error = kBadFd;
      }
      wait.poll_index = fds_.size();
      fds_.push_back({.fd = static_cast<int>(native),
                      .events = static_cast<short>(subscription.type == kRead ? POLLIN : POLLOUT),
                      .revents = 0});
    } else {
      wait.error = kInvalid;
    }
    failed_ |= wait.error != kSuccess;
    waits_.push_back(wait);
  }

  // Waits until there is an event.
  std::vector<Event> Events() {
    std::vector<Event> events;
    while (events.empty()) {
      const bool interrupted = !WaitOnce();
      const int64_t now = NowNs(CLOCK_MONOTONIC);
      for (const Wait& wait : waits_) {
        if (auto event = EventOf(wait, interrupted, now)) {
          events.push_back(*event);
        }
      }
    }
    return events;
  }

 private:
  // False when no descriptor was looked at.
  bool WaitOnce() {
    const int64_t left =
        failed_ ? 0 : std::max<int64_t>(0, first_deadline_ns_ - NowNs(CLOCK_MONOTONIC));
    const timespec timeout = {.tv_sec = left / kNsPerS, .tv_nsec = left % kNsPerS};
    const bool forever = !failed_ && first_deadline_ns_ == INT64_MAX;
    return ::ppoll(fds_.data(), fds_.size(), forever ? nullptr : &timeout, nullptr) >= 0;
  }

  std::optional<Event> EventOf(const Wait& wait, bool interrupted, int64_t now) const {
    Event event{};
    event.userdata = wait.subscription.userdata;
    event.error = wait.error;
    event.type = wait.subscription.type;
    if (wait.error != kSuccess) {
      return event;
    }
    if (event.type == kClock) {
      return now >= wait.deadline_ns ? std::optional(event) : std::nullopt;
    }
    const pollfd& polled = fds_[wait.poll_index];
    if (interrupted || polled.revents == 0) {
      return std::nullopt;
    }
    if ((polled.revents & POLLNVAL) != 0) {
      event.error = kBadFd;
    } else if ((polled.revents & POLLERR) != 0 && event.type == kRead) {
      event.error = kIo;
    }
    event.bytes = event.type == kRead && event.error == kSuccess ? ReadableBytes(polled.fd) : 0;
    event.flags = (polled.revents & POLLHUP) != 0 ? kHangup : 0;
    return event;
  }

  const WasmEdge_ModuleInstanceContext* wasi_;
  std::vector<Wait> waits_;
  std::vector<pollfd> fds_;
  int64_t first_deadline_ns_ = INT64_MAX;
  bool failed_ = false;
};

uint16_t PollOneoff(const WasmEdge_ModuleInstanceContext* wasi,
                    const WasmEdge_CallingFrameContext* frame, const WasmEdge_Value* params) {
  const auto subscriptions = static_cast<uint32_t>(WasmEdge_ValueGetI32(params[0]));
  const auto events = static_cast<uint32_t>(WasmEdge_ValueGetI32(params[1]));
  const auto count = static_cast<uint32_t>(WasmEdge_ValueGetI32(params[2]));
  const auto event_count = static_cast<uint32_t>(WasmEdge_ValueGetI32(params[3]));
  WasmEdge_MemoryInstanceContext* const memory = WasmEdge_CallingFrameGetMemoryInstance(frame, 0);
  if (count == 0) {
    return kInvalid;
  }
  if (memory == nullptr || count > UINT32_MAX / sizeof(Subscription)) {
    return kFault;
  }
  const uint8_t* const in = WasmEdge_MemoryInstanceGetPointerConst(
      memory, subscriptions, static_cast<uint32_t>(count * sizeof(Subscription)));
  uint8_t* const out = WasmEdge_MemoryInstanceGetPointer(
      memory, events, static_cast<uint32_t>(count * sizeof(Event)));
  uint8_t* const out_count =
      WasmEdge_MemoryInstanceGetPointer(memory, event_count, sizeof(uint32_t));
  if (in == nullptr || out == nullptr || out_count == nullptr) {
    return kFault;
  }
  Poll poll(wasi);
  for (uint32_t i = 0; i < count; ++i) {
    Subscription subscription;
    std::memcpy(&subscription, in + (i * sizeof subscription), sizeof subscription);
    poll.Add(subscription);
  }
  const std::vector<Event> happened = poll.Events();
  std::memcpy(out, happened.data(), happened.size() * sizeof(Event));
  const auto written = static_cast<uint32_t>(happened.size());
  std::memcpy(out_count, &written, sizeof written);
  return kSuccess;
}

WasmEdge_Result Call(void* wasi, const WasmEdge_CallingFrameContext* frame,
                     const WasmEdge_Value* params, WasmEdge_Value* returns) {
  returns[0] = WasmEdge_ValueGenI32(
      PollOneoff(static_cast<const WasmEdge_ModuleInstanceContext*>(wasi), frame, params));
  return WasmEdge_Result_Success;
}

}  // namespace

void ReplacePoll(WasmEdge_ModuleInstanceContext* wasi) {
  const std::array<WasmEdge_ValType, 4> params = {
      WasmEdge_ValTypeGenI32(), WasmEdge_ValTypeGenI32(), WasmEdge_ValTypeGenI32(),
      WasmEdge_ValTypeGenI32()};
  const WasmEdge_ValType result = WasmEdge_ValTypeGenI32();
  WasmEdge_FunctionTypeContext* const type =
      WasmEdge_FunctionTypeCreate(params.data(), params.size(), &result, 1);
  WasmEdge_FunctionInstanceContext* const function =
      WasmEdge_FunctionInstanceCreate(type, Call, wasi, 0);
  WasmEdge_FunctionTypeDelete(type);
  WasmEdge_ModuleInstanceAddFunction(wasi, WasmEdge_StringWrap("poll_oneoff", 11), function);
}

}  // namespace mayfly_wasmedge
