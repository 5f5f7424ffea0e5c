#include "shim/logger.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cctype>

#include "base/file.h"
#include "base/process.h"

namespace mayfly::shim {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr int kReadyTimeoutMs = 10'000;
constexpr int kFirstFd = 3;

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Result<Pipe> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return FailErrno("pipe");
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const int lower = std::tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// "%2F" and "+" as a query has them.
std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

// In the child: descriptors 3, 4 and 5 are the logger's, nothing else is.
[[noreturn]] void ExecLogger(const std::vector<std::string>& command,
                             const std::vector<std::string>& environment,
                             const std::array<int, 3>& fds) {
  ::setsid();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::array<int, 3> high{};
  for (size_t i = 0; i < fds.size(); ++i) {
    high[i] = ::fcntl(fds[i], F_DUPFD_CLOEXEC, kFirstFd + static_cast<int>(fds.size()));
  }
  for (size_t i = 0; i < high.size(); ++i) {
    ::dup2(high[i], kFirstFd + static_cast<int>(i));
  }
  ::close_range(kFirstFd + static_cast<unsigned>(fds.size()), ~0U, 0);
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  std::vector<char*> envp;
  envp.reserve(environment.size() + 1);
  for (const std::string& entry : environment) {
    envp.push_back(const_cast<char*>(entry.c_str()));
  }
  envp.push_back(nullptr);
  ::execve(argv[0], argv.data(), envp.data());
  ::_exit(127);
}

}  // namespace

std::vector<std::string> LoggerCommand(const std::string& uri) {
  const size_t start = uri.find("://") + 3;
  const size_t query = uri.find('?', start);
  std::vector<std::string> command = {Unescape(uri.substr(start, query - start))};
  size_t at = query == std::string::npos ? uri.size() : query + 1;
  while (at < uri.size()) {
    const size_t end = std::min(uri.find('&', at), uri.size());
    const std::string pair = uri.substr(at, end - at);
    const size_t equals = pair.find('=');
    command.push_back(Unescape(pair.substr(0, equals)));
    if (equals != std::string::npos && equals + 1 < pair.size()) {
      command.push_back(Unescape(pair.substr(equals + 1)));
    }
    at = end + 1;
  }
  return command;
}

Result<LoggerPipes> StartLogger(const std::string& uri, const std::string& id,
                                const std::string& name_space) {
  const std::vector<std::string> command = LoggerCommand(uri);
  MAYFLY_ASSIGN(Pipe out, MakePipe());
  MAYFLY_ASSIGN(Pipe err, MakePipe());
  MAYFLY_ASSIGN(Pipe ready, MakePipe());
  const std::vector<std::string> environment = {"CONTAINER_ID=" + id,
                                                "CONTAINER_NAMESPACE=" + name_space};
  MAYFLY_ASSIGN(const base::Child child, base::Spawn(0, -1, [&]() -> int {
                  ExecLogger(command, environment,
                             {out.reader.get(), err.reader.get(), ready.writer.get()});
                }));
  ready.writer.Reset();
  pollfd waiting{ready.reader.get(), POLLIN, 0};
  if (::poll(&waiting, 1, kReadyTimeoutMs) <= 0) {
    (void)base::SendSignal(child.pidfd.get(), SIGKILL);
    return Fail(ErrorKind::kSystem, "{}: the logger is not ready after {} s", command[0],
                kReadyTimeoutMs / 1000);
  }
  // Ready and ended look alike: the descriptor is closed. A process on its way out gives up its
  // memory before its descriptors, and has no command line from then on.
  const auto words = base::ReadFile(fmt::format("/proc/{}/cmdline", child.pid), 1U << 20);
  if (!words || words->empty()) {
    return Fail(ErrorKind::kSystem, "{}: the logger ended before it was ready", command[0]);
  }
  return LoggerPipes{std::move(out.writer), std::move(err.writer), std::move(out.reader),
                     std::move(err.reader)};
}

}  // namespace mayfly::shim
