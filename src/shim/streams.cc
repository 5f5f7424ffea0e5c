#include "shim/streams.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "shim/logger.h"

namespace mayfly::shim {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr const char* kNames[] = {"stdin", "stdout", "stderr"};

struct Uri {
  std::string scheme;  // "fifo", "file", "binary", …
  std::string path;
};

Uri ParseUri(const std::string& text) {
  const size_t colon = text.find("://");
  if (colon == std::string::npos) {
    return {"fifo", text};
  }
  return {text.substr(0, colon), text.substr(colon + 3)};
}

bool IsFifo(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISFIFO(info.st_mode);
}

// Both ends are there from now on, so neither this nor any later open(2) of the FIFO waits.
Result<UniqueFd> OpenBothEnds(const std::string& path) {
  return base::Open(path, O_RDWR | O_NONBLOCK);
}

}  // namespace

Result<void> ProcessStreams::OpenInput(const std::string& path) {
  if (path.empty() || !IsFifo(path)) {
    MAYFLY_ASSIGN(given_[0], base::Open(path.empty() ? "/dev/null" : path, O_RDONLY));
    return {};
  }
  MAYFLY_ASSIGN(const UniqueFd both, OpenBothEnds(path));
  MAYFLY_ASSIGN(given_[0], base::Open(path, O_RDONLY));
  MAYFLY_ASSIGN(input_writer_, base::Open(path, O_WRONLY | O_NONBLOCK));
  return {};
}

Result<void> ProcessStreams::OpenOutput(int number, const std::string& text) {
  const Uri uri = ParseUri(text);
  if (uri.scheme == "file") {
    MAYFLY_ASSIGN(given_[number], base::Open(uri.path, O_WRONLY | O_CREAT | O_APPEND, 0600));
    return {};
  }
  if (uri.scheme != "fifo") {
    return Fail(ErrorKind::kUnsupported, "{}: unknown scheme: use fifo, file or binary", text);
  }
  if (uri.path.empty() || !IsFifo(uri.path)) {
    MAYFLY_ASSIGN(given_[number], base::Open(uri.path.empty() ? "/dev/null" : uri.path, O_WRONLY));
    return {};
  }
  MAYFLY_ASSIGN(UniqueFd both, OpenBothEnds(uri.path));
  MAYFLY_ASSIGN(given_[number], base::Open(uri.path, O_WRONLY));
  held_[number] = std::move(both);
  is_fifo_[number] = true;
  return {};
}

Result<void> ProcessStreams::StartLogger(const StreamPaths& paths, const std::string& id,
                                         const std::string& name_space) {
  MAYFLY_ASSIGN(auto logger, shim::StartLogger(paths.out, id, name_space));
  given_[1] = std::move(logger.out_writer);
  given_[2] = std::move(logger.err_writer);
  held_[1] = std::move(logger.out_reader);
  held_[2] = std::move(logger.err_reader);
  return {};
}

Result<ProcessStreams> ProcessStreams::Open(const StreamPaths& paths, const std::string& id,
                                            const std::string& name_space) {
  ProcessStreams streams;
  MAYFLY_TRY_AS(streams.OpenInput(paths.in), "{}", kNames[0]);
  if (ParseUri(paths.out).scheme == "binary") {
    MAYFLY_TRY_AS(streams.StartLogger(paths, id, name_space), "{}", kNames[1]);
    return streams;
  }
  MAYFLY_TRY_AS(streams.OpenOutput(1, paths.out), "{}", kNames[1]);
  MAYFLY_TRY_AS(streams.OpenOutput(2, paths.err), "{}", kNames[2]);
  return streams;
}

Result<ProcessStreams> ProcessStreams::OpenForTerminal(const StreamPaths& paths,
                                                       const std::string& id,
                                                       const std::string& name_space) {
  StreamPaths both = paths;
  both.err.clear();  // a terminal has one stream
  MAYFLY_ASSIGN(ProcessStreams streams, Open(both, id, name_space));
  for (const int number : {0, 1}) {
    const int fd = streams.given_[number].get();
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
      return FailErrno("{}", kNames[number]);
    }
  }
  return streams;
}

Result<std::vector<std::unique_ptr<Relay>>> ProcessStreams::RelayOutputs(EventLoop* loop) {
  std::vector<std::unique_ptr<Relay>> relays;
  for (const int number : {1, 2}) {
    if (!is_fifo_[number]) {
      continue;
    }
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      return FailErrno("{}: pipe", kNames[number]);
    }
    UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    const int sink = given_[number].get();
    if (::fcntl(reader.get(), F_SETFL, O_NONBLOCK) != 0 ||
        ::fcntl(sink, F_SETFL, O_WRONLY | O_NONBLOCK) != 0) {
      return FailErrno("{}", kNames[number]);
    }
    relays.push_back(std::make_unique<Relay>(loop, std::move(reader), std::move(given_[number]),
                                             std::move(held_[number])));
    given_[number] = std::move(writer);
  }
  return relays;
}

container::Streams ProcessStreams::given() const {
  return {given_[0].get(), given_[1].get(), given_[2].get()};
}

void ProcessStreams::DropGiven() {
  for (UniqueFd& fd : given_) {
    fd.Reset();
  }
}

void ProcessStreams::CloseAll() {
  DropGiven();
  input_writer_.Reset();
  for (UniqueFd& fd : held_) {
    fd.Reset();
  }
}

}  // namespace mayfly::shim
