// Actions that need nothing but libc, native or Wasm: ending, waiting, output, input, memory.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "commands.h"

namespace mayfly::probe {

namespace {

constexpr size_t kMegabyte = 1U << 20;

long Number(const Args& args, size_t index, long otherwise) {
  return args.size() > index ? std::strtol(args[index].c_str(), nullptr, 10) : otherwise;
}

int RunExit(const Args& args) { return static_cast<int>(Number(args, 0, 0)); }

void Say(const char* text) {
  std::printf("%s\n", text);
  std::fflush(stdout);
}

int RunSleep(const Args& args) {
  Say("ready");
  const timespec pause = {Number(args, 0, 1000), 0};
  ::nanosleep(&pause, nullptr);
  return 0;
}

int RunSpin(const Args&) {
  Say("ready");
  for (unsigned long turns = 0;; ++turns) {
    asm volatile("" : "+r"(turns));  // an endless loop without effects may be taken out
  }
}

// Touches every page, a megabyte at a time, so that a limit is met by use and not by reservation.
int RunAlloc(const Args& args) {
  const long megabytes = Number(args, 0, 1);
  for (long i = 0; i < megabytes; ++i) {
    auto* block = static_cast<volatile char*>(std::malloc(kMegabyte));
    if (block == nullptr) {
      std::printf("malloc failed after %ld MiB\n", i);
      return 3;
    }
    for (size_t offset = 0; offset < kMegabyte; offset += 1024) {
      block[offset] = static_cast<char>(i + 1);
    }
  }
  std::printf("used %ld MiB\n", megabytes);
  std::fflush(stdout);
  const timespec pause = {Number(args, 1, 0), 0};
  ::nanosleep(&pause, nullptr);
  return 0;
}

bool WriteWhole(int fd, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t count = ::write(fd, bytes, size);
    if (count < 0 && errno != EINTR && errno != EAGAIN) {
      return false;
    }
    if (count > 0) {
      bytes += count;
      size -= static_cast<size_t>(count);
    }
  }
  return true;
}

int RunOutput(const Args& args) {
  std::array<char, 4096> block{};
  for (size_t i = 0; i < block.size(); ++i) {
    block[i] = static_cast<char>('a' + i % 26);
  }
  for (long left = Number(args, 0, 0); left > 0; left -= static_cast<long>(block.size())) {
    if (!WriteWhole(STDOUT_FILENO, block.data(),
                    std::min(block.size(), static_cast<size_t>(left)))) {
      return 4;
    }
  }
  return 0;
}

int RunCopy(const Args&) {
  std::array<char, 4096> block{};
  ssize_t count = 0;
  while ((count = ::read(STDIN_FILENO, block.data(), block.size())) > 0) {
    if (!WriteWhole(STDOUT_FILENO, block.data(), static_cast<size_t>(count))) {
      return 4;
    }
  }
  return count < 0 ? 5 : 0;
}

int RunSay(const Args& args) {
  const std::string out = args.empty() ? "" : args[0] + "\n";
  const std::string err = args.size() < 2 ? "" : args[1] + "\n";
  return WriteWhole(STDOUT_FILENO, out.data(), out.size()) &&
                 WriteWhole(STDERR_FILENO, err.data(), err.size())
             ? 0
             : 4;
}

int RunWrite(const Args& args) {
  if (args.size() < 2) {
    return kBadUse;
  }
  const int fd = ::open(args[0].c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const bool written = fd >= 0 && WriteWhole(fd, args[1].data(), args[1].size());
  std::printf("%s\n", written ? "0" : ErrnoName(errno).c_str());
  return written ? 0 : 6;
}

int RunRead(const Args& args) {
  int error = 0;
  const std::string content = args.empty() ? "" : ReadWhole(args[0], &error);
  WriteWhole(STDOUT_FILENO, content.data(), content.size());
  return error == 0 ? 0 : 7;
}

int RunTrap(const Args&) { __builtin_trap(); }

constexpr std::array kCommands = {
    Command{"exit", "N: end with exit code N", RunExit},
    Command{"sleep", "[SECONDS]: print ready, then sleep", RunSleep},
    Command{"spin", ": print ready, then use the processor for ever", RunSpin},
    Command{"alloc", "MIB [SECONDS]: use so much memory, then sleep", RunAlloc},
    Command{"output", "BYTES: write so many bytes to stdout", RunOutput},
    Command{"cat", ": copy stdin to stdout", RunCopy},
    Command{"say", "TEXT [TEXT]: a line to stdout, a line to stderr", RunSay},
    Command{"write", "PATH TEXT: replace a file, print the errno", RunWrite},
    Command{"read", "PATH: copy a file to stdout", RunRead},
    Command{"trap", ": an illegal instruction (a Wasm trap)", RunTrap},
};

}  // namespace

std::span<const Command> ActCommands() { return kCommands; }

}  // namespace mayfly::probe
