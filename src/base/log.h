// Log: what goes to --log, one line an event, in runc's text or JSON form.
//
// containerd and Podman read the last line of level "error" in the JSON form to tell users why a
// command failed, so the form is fixed: {"level":"error","msg":"…","time":"RFC 3339"}.
//
// Ownership: owns its file. Threads: one write(2) to an O_APPEND file per event; safe across
// processes. Fork: not used by the container's init, which reports over its socket.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::base {

enum class LogLevel : unsigned char { kDebug, kInfo, kWarning, kError };
enum class LogFormat : unsigned char { kText, kJson };

class Log {
 public:
  // A log that drops everything.
  Log() = default;
  static Result<Log> OpenFile(const std::string& path, LogFormat format, LogLevel lowest);

  // An open file or FIFO.
  static Log ToDescriptor(UniqueFd fd, LogFormat format, LogLevel lowest);

  void Write(LogLevel level, std::string_view message);

  template <typename... Args>
  void Debug(fmt::format_string<Args...> format, Args&&... args) {
    if (fd_.valid() && lowest_ == LogLevel::kDebug) {
      Write(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
    }
  }
  template <typename... Args>
  void Warning(fmt::format_string<Args...> format, Args&&... args) {
    Write(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  UniqueFd fd_;
  LogFormat format_ = LogFormat::kText;
  LogLevel lowest_ = LogLevel::kInfo;
};

// RFC 3339 with nanoseconds, UTC: "2026-01-02T03:04:05.000000006Z".
std::string Rfc3339Now();

}  // namespace mayfly::base
