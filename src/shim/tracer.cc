#include "shim/tracer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "base/own_program.h"
#include "base/process.h"

namespace mayfly::shim {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr const char* kProgram = "mayfly-otlp";
// A thousand containers' lines; a guest that has taken over its init may write more.
constexpr size_t kMaxBytes = 1U << 20;

bool IsSet(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool IsWanted() {
  const char* disabled = std::getenv("OTEL_SDK_DISABLED");
  return (IsSet("OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")) &&
         (disabled == nullptr || std::string_view(disabled) != "true") && !IsSet("MAYFLY_PHASES");
}

[[noreturn]] void ExecProgram(std::vector<std::string> words, int input, int errors) {
  ::setsid();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(input, STDIN_FILENO);  // standard output and error are /dev/null's
  if (errors >= 0) {
    ::dup2(errors, STDERR_FILENO);
  }
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace

Tracer Tracer::FromEnvironment(UniqueFd log_fifo, base::Log* log) {
  Tracer tracer;
  if (!IsWanted()) {
    return tracer;
  }
  tracer.program_ =
      std::filesystem::path(base::OwnProgram().value_or("")).replace_filename(kProgram);
  if (::access(tracer.program_.c_str(), X_OK) != 0) {
    log->Warning("spans are asked for by OTEL_EXPORTER_OTLP_ENDPOINT, but {} cannot be executed",
                 tracer.program_);
    return tracer;
  }
  UniqueFd lines(::memfd_create("mayfly-phases", MFD_CLOEXEC));
  if (!lines.valid() || ::fcntl(lines.get(), F_SETFL, O_APPEND) != 0) {
    log->Warning("spans: no memory for them");
    return tracer;
  }
  tracer.lines_ = std::move(lines);
  tracer.log_fifo_ = std::move(log_fifo);
  tracer.log_ = log;
  return tracer;
}

base::PhaseClock Tracer::MakeClock() const { return base::PhaseClock::ToDescriptor(lines_.get()); }

void Tracer::Begin(const std::string& id, const std::string& traceparent) {
  if (on()) {
    traceparents_[id] = traceparent;
  }
}

void Tracer::Export(const std::string& id, const std::string& name_space,
                    const std::string& error) {
  const auto found = traceparents_.find(id);
  if (!on() || found == traceparents_.end()) {
    return;
  }
  if (auto sent = Send(id, name_space, found->second, error); !sent) {
    log_->Warning("spans of {}: {}", id, sent.error().text());
  }
  traceparents_.erase(found);
  struct stat info{};
  if (traceparents_.empty() ||
      (::fstat(lines_.get(), &info) == 0 && info.st_size > static_cast<off_t>(kMaxBytes))) {
    if (::ftruncate(lines_.get(), 0) != 0) {
      log_->Warning("spans: the phases cannot be dropped");
    }
  }
}

Result<void> Tracer::Send(const std::string& id, const std::string& name_space,
                          const std::string& traceparent, const std::string& error) const {
  std::string text(kMaxBytes, '\0');
  const ssize_t got = ::pread(lines_.get(), text.data(), text.size(), 0);
  if (got < 0) {
    return FailErrno("read the phases");
  }
  text.resize(static_cast<size_t>(got));
  const UniqueFd input(::memfd_create("mayfly-phases", MFD_CLOEXEC));
  if (!input.valid()) {
    return FailErrno("memfd_create");
  }
  MAYFLY_TRY(base::WriteAll(input.get(), text, "the phases"));
  ::lseek(input.get(), 0, SEEK_SET);
  const std::vector<std::string> words = {program_,      "--container", id,
                                          "--namespace", name_space,    "--traceparent",
                                          traceparent,   "--error",     error};
  MAYFLY_TRY(
      base::Spawn(0, -1, [&]() -> int { ExecProgram(words, input.get(), log_fifo_.get()); }));
  return {};  // reaped with all other children
}

}  // namespace mayfly::shim
