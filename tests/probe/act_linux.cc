// Actions for native containers: signals, children, and system calls tried for their errno.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "commands.h"

namespace mayfly::probe {

namespace {

int Number(const std::string& text) {
  return static_cast<int>(std::strtol(text.c_str(), nullptr, 0));
}

void Say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

int RunRaise(const Args& args) {
  ::raise(args.empty() ? SIGTERM : Number(args[0]));
  return 8;  // pid 1 of a pid namespace survives its own signals
}

int RunFault(const Args&) {
  volatile int* nowhere = nullptr;
  *nowhere = 1;
  return 8;
}

volatile sig_atomic_t caught_signal = 0;

// Waits for one signal of 1..31 that can be caught, prints and returns its number.
int RunCatch(const Args&) {
  for (int signal = 1; signal < 32; ++signal) {
    if (signal != SIGCHLD) {
      ::signal(signal, [](int number) { caught_signal = number; });
    }
  }
  Say("ready");
  while (caught_signal == 0) {
    ::usleep(1000);
  }
  Say("caught " + std::to_string(caught_signal));
  return caught_signal;
}

// The size of the terminal on stdin, and once more after each SIGWINCH, until it has 99 rows.
int RunWindow(const Args&) {
  ::signal(SIGWINCH, [](int number) { caught_signal = number; });
  winsize size{};
  while (size.ws_row != 99) {
    caught_signal = 0;
    ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
    Say("size " + std::to_string(size.ws_row) + "x" + std::to_string(size.ws_col));
    while (caught_signal == 0 && size.ws_row != 99) {
      ::usleep(1000);
    }
  }
  return 0;
}

int RunIgnoreTerm(const Args&) {
  ::signal(SIGTERM, SIG_IGN);
  Say("ready");
  for (;;) {
    ::pause();
  }
}

// Children that sleep; the parent says how many it got, then waits or, with "leave", ends.
int RunFork(const Args& args) {
  const int wanted = args.empty() ? 1 : Number(args[0]);
  const bool leave = args.size() > 1 && args[1] == "leave";
  int made = 0;
  int error = 0;
  for (; made < wanted; ++made) {
    const pid_t pid = ::fork();
    if (pid < 0) {
      error = errno;
      break;
    }
    if (pid == 0) {
      ::setsid();
      ::sleep(1000);
      ::_exit(0);
    }
  }
  Say("forked " + std::to_string(made) + " " + ErrnoName(error));
  if (!leave) {
    ::sleep(1000);
  }
  return 0;
}

// The classic way out of a chroot: keep a directory open, chroot below it, walk up. Prints what "/"
// holds then.
int Escape() {
  const int out = ::open("/", O_RDONLY | O_DIRECTORY);
  ::mkdir("/.probe-jail", 0700);
  if (::chroot("/.probe-jail") != 0 || ::fchdir(out) != 0) {
    return errno;
  }
  for (int i = 0; i < 64; ++i) {
    if (::chdir("..") != 0) {
      return errno;
    }
  }
  return ::chroot(".") == 0 ? 0 : errno;
}

int RunEscape(const Args& args) {
  const int error = Escape();
  ::rmdir("/.probe-jail");
  struct stat status{};
  const bool outside = error == 0 && !args.empty() && ::stat(args[0].c_str(), &status) == 0;
  Say(outside ? "outside" : "inside");
  return 0;
}

int ErrnoOf(long result) { return result < 0 ? errno : 0; }

int TryMknod(const Args& args) {
  const mode_t type = args[1] == "b" ? S_IFBLK : S_IFCHR;
  const dev_t device =
      makedev(static_cast<unsigned>(Number(args[2])), static_cast<unsigned>(Number(args[3])));
  return ErrnoOf(::mknod(args[0].c_str(), type | 0600U, device));
}

int TryOpen(const Args& args) {
  const int flags = args[1] == "rw" ? O_RDWR : args[1] == "w" ? O_WRONLY : O_RDONLY;
  const int fd = ::open(args[0].c_str(), flags | O_NONBLOCK);
  const int error = ErrnoOf(fd);
  if (fd >= 0) {
    ::close(fd);
  }
  return error;
}

int TryMount(const Args& args) {
  return ErrnoOf(::mount(args[0].c_str(), args[1].c_str(), args[2].c_str(), 0, nullptr));
}
int TryRemount(const Args& args) {
  return ErrnoOf(::mount(nullptr, args[0].c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr));
}
int TryUmount(const Args& args) { return ErrnoOf(::umount2(args[0].c_str(), MNT_DETACH)); }
int TryHostname(const Args& args) { return ErrnoOf(::sethostname(args[0].data(), args[0].size())); }
int TryKill(const Args& args) { return ErrnoOf(::kill(Number(args[0]), Number(args[1]))); }
int TryChown(const Args& args) {
  return ErrnoOf(
      ::chown(args[0].c_str(), static_cast<uid_t>(Number(args[1])), static_cast<gid_t>(-1)));
}
int TrySetuid(const Args& args) { return ErrnoOf(::setuid(static_cast<uid_t>(Number(args[0])))); }
int TryRawSocket(const Args&) { return ErrnoOf(::socket(AF_INET, SOCK_RAW, 1)); }
int TryChmod(const Args& args) {
  return ErrnoOf(
      ::chmod(args[0].c_str(), static_cast<mode_t>(std::strtoul(args[1].c_str(), nullptr, 8))));
}
int TryExec(const Args& args) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::string exit = "exit";
    std::array<char*, 3> argv = {const_cast<char*>(args[0].c_str()), exit.data(), nullptr};
    ::execv(args[0].c_str(), argv.data());
    ::_exit(errno);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}
// Joins the namespaces of another process, as a way out would.
int TrySetns(const Args& args) {
  const int fd = ::open(args[0].c_str(), O_RDONLY);
  return fd < 0 ? errno : ErrnoOf(::setns(fd, 0));
}

// A system call by its number, with zeros for arguments.
int TrySystemCall(const Args& args) {
  return ErrnoOf(::syscall(Number(args[0]), 0, 0, 0, 0, 0, 0));
}

struct Call {
  std::string_view name;
  size_t arguments;
  int (*run)(const Args& args);
};

constexpr std::array kCalls = {
    Call{"mknod", 4, TryMknod},   Call{"open", 2, TryOpen},
    Call{"mount", 3, TryMount},   Call{"remount", 1, TryRemount},
    Call{"umount", 1, TryUmount}, Call{"hostname", 1, TryHostname},
    Call{"kill", 2, TryKill},     Call{"chown", 2, TryChown},
    Call{"setuid", 1, TrySetuid}, Call{"rawsocket", 0, TryRawSocket},
    Call{"chmod", 2, TryChmod},   Call{"exec", 1, TryExec},
    Call{"setns", 1, TrySetns},   Call{"syscall", 1, TrySystemCall},
};

// try CALL ARG... [, CALL ARG...]: one errno name a line.
int RunTry(const Args& args) {
  for (size_t at = 0; at < args.size();) {
    size_t end = at;
    while (end < args.size() && args[end] != ",") {
      ++end;
    }
    const Args call_args(args.begin() + static_cast<long>(at) + 1,
                         args.begin() + static_cast<long>(end));
    bool known = false;
    for (const Call& call : kCalls) {
      if (call.name == args[at] && call.arguments == call_args.size()) {
        Say(ErrnoName(call.run(call_args)));
        known = true;
      }
    }
    if (!known) {
      return kBadUse;
    }
    at = end + 1;
  }
  return 0;
}

// What a hook does in tests: keeps its arguments, environment and stdin for the test to look at.
int RunNote(const Args& args) {
  nlohmann::json note = {{"args", args}, {"argv0", OwnArguments()[0]}, {"mnt", ""}};
  std::array<char, 4096> text;
  std::string input;
  for (ssize_t got = 0; (got = ::read(STDIN_FILENO, text.data(), text.size())) > 0;) {
    input.append(text.data(), static_cast<size_t>(got));
  }
  note["stdin"] = nlohmann::json::parse(input, nullptr, false);
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    note["env"].push_back(*entry);
  }
  note["cwd"] = ::getcwd(text.data(), text.size()) == nullptr ? "" : text.data();
  const ssize_t size = ::readlink("/proc/self/ns/mnt", text.data(), text.size());
  note["mnt"] = std::string(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  note["uid"] = ::getuid();
  const std::string line = note.dump() + "\n";
  const int fd = ::open(args[0].c_str(), O_WRONLY | O_APPEND | O_CREAT, 0666);
  return ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) ? 0 : 1;
}

constexpr std::array kCommands = {
    Command{"note", "FILE ...: append arguments, environment and stdin to a file", RunNote},
    Command{"raise", "N: send signal N to itself", RunRaise},
    Command{"fault", ": write to address 0", RunFault},
    Command{"catch", ": print ready, wait for a signal, end with its number", RunCatch},
    Command{"window", ": the terminal's size, again when it changes, until 99 rows", RunWindow},
    Command{"stubborn", ": print ready, ignore SIGTERM for ever", RunIgnoreTerm},
    Command{"fork", "N [leave]: N sleeping children; leave: end without them", RunFork},
    Command{"escape", "PATH: chroot's way out; says outside when PATH is there then", RunEscape},
    Command{"try", "CALL ARG... [, CALL ARG...]: the errno of system calls", RunTry},
};

}  // namespace

std::span<const Command> LinuxCommands() { return kCommands; }

}  // namespace mayfly::probe
