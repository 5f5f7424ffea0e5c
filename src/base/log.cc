#include "base/log.h"

#include <fcntl.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"

namespace mayfly::base {

namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

std::string Quoted(std::string_view text) { return JsonText(nlohmann::json(text)); }

}  // namespace

Result<Log> Log::OpenFile(const std::string& path, LogFormat format, LogLevel lowest) {
  MAYFLY_ASSIGN(UniqueFd fd, Open(path, O_WRONLY | O_CREAT | O_APPEND, 0644));
  return ToDescriptor(std::move(fd), format, lowest);
}

Log Log::ToDescriptor(UniqueFd fd, LogFormat format, LogLevel lowest) {
  Log log;
  log.fd_ = std::move(fd);
  log.format_ = format;
  log.lowest_ = lowest;
  return log;
}

void Log::Write(LogLevel level, std::string_view message) {
  if (!fd_.valid() || level < lowest_) {
    return;
  }
  const std::string line = format_ == LogFormat::kJson
                               ? fmt::format("{{\"level\":\"{}\",\"msg\":{},\"time\":\"{}\"}}\n",
                                             LevelName(level), Quoted(message), Rfc3339Now())
                               : fmt::format("time=\"{}\" level={} msg={}\n", Rfc3339Now(),
                                             LevelName(level), Quoted(message));
  // A log that cannot be written must not fail the command it describes.
  (void)WriteAll(fd_.get(), line, "log");
}

std::string Rfc3339Now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  ::gmtime_r(&now.tv_sec, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec);
}

}  // namespace mayfly::base
