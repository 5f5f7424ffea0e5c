// A guest of the engine table: each word of argv[1] is one behaviour of WASI preview 1, checked
// from inside. Prints "ok", or the line whose expectation failed. Paths are below the directory
// argv[2].
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <string>
#include <vector>

#define EXPECT(condition)                                                          \
  do {                                                                             \
    if (!(condition)) {                                                            \
      printf("line %d: %s (errno %s)\n", __LINE__, #condition, ::strerror(errno)); \
      return 1;                                                                    \
    }                                                                              \
  } while (false)

namespace {

double Now(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

int Files(const std::string& dir) {
  const std::string a = dir + "/a";
  const std::string b = dir + "/b";
  const int fd = ::open(a.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
  EXPECT(fd >= 0);
  EXPECT(::open(a.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600) < 0 && errno == EEXIST);
  EXPECT(::write(fd, "0123456789", 10) == 10);
  EXPECT(::lseek(fd, -4, SEEK_END) == 6);
  char text[16] = "";
  EXPECT(::read(fd, text, sizeof text) == 4 && ::memcmp(text, "6789", 4) == 0);
  EXPECT(::pread(fd, text, 2, 3) == 2 && ::memcmp(text, "34", 2) == 0);
  EXPECT(::ftruncate(fd, 5) == 0);
  struct stat info{};
  EXPECT(::fstat(fd, &info) == 0 && info.st_size == 5 && S_ISREG(info.st_mode));
  EXPECT(::close(fd) == 0 && ::close(fd) < 0 && errno == EBADF);
  const int appending = ::open(a.c_str(), O_WRONLY | O_APPEND);
  EXPECT(appending >= 0 && ::write(appending, "x", 1) == 1 && ::close(appending) == 0);
  EXPECT(::rename(a.c_str(), b.c_str()) == 0);
  EXPECT(::stat(a.c_str(), &info) < 0 && errno == ENOENT);
  EXPECT(::stat(b.c_str(), &info) == 0 && info.st_size == 6);
  EXPECT(::unlink(b.c_str()) == 0);
  EXPECT(::unlink(b.c_str()) < 0 && errno == ENOENT);
  return 0;
}

int Directories(const std::string& dir) {
  const std::string sub = dir + "/sub";
  EXPECT(::mkdir(sub.c_str(), 0700) == 0);
  EXPECT(::mkdir(sub.c_str(), 0700) < 0 && errno == EEXIST);
  for (int i = 0; i < 300; ++i) {
    const int fd = ::open((sub + "/" + std::to_string(i)).c_str(), O_WRONLY | O_CREAT, 0600);
    EXPECT(fd >= 0);
    EXPECT(::close(fd) == 0);
  }
  EXPECT(::rmdir(sub.c_str()) < 0 && errno == ENOTEMPTY);
  DIR* const entries = ::opendir(sub.c_str());
  EXPECT(entries != nullptr);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(entries)) {
    if (entry->d_name[0] != '.') {
      names.emplace_back(entry->d_name);
    }
  }
  EXPECT(::closedir(entries) == 0);
  EXPECT(names.size() == 300);
  for (const std::string& name : names) {
    EXPECT(::unlink((sub + "/" + name).c_str()) == 0);
  }
  EXPECT(::rmdir(sub.c_str()) == 0);
  return 0;
}

int Links(const std::string& dir) {
  const std::string target = dir + "/target";
  const std::string link = dir + "/link";
  const int fd = ::open(target.c_str(), O_WRONLY | O_CREAT, 0600);
  EXPECT(fd >= 0 && ::write(fd, "t", 1) == 1 && ::close(fd) == 0);
  EXPECT(::symlink("target", link.c_str()) == 0);
  char text[32] = "";
  EXPECT(::readlink(link.c_str(), text, sizeof text) == 6 && ::memcmp(text, "target", 6) == 0);
  struct stat info{};
  EXPECT(::stat(link.c_str(), &info) == 0 && info.st_size == 1);
  EXPECT(::lstat(link.c_str(), &info) == 0 && S_ISLNK(info.st_mode));
  EXPECT(::unlink(link.c_str()) == 0 && ::unlink(target.c_str()) == 0);
  return 0;
}

int Clocks() {
  const double real = Now(CLOCK_REALTIME);
  EXPECT(real > 1.7e9);
  const double start = Now(CLOCK_MONOTONIC);
  const timespec pause = {0, 50'000'000};
  EXPECT(::nanosleep(&pause, nullptr) == 0);
  const double slept = Now(CLOCK_MONOTONIC) - start;
  EXPECT(slept >= 0.05 && slept < 5);
  const double end = Now(CLOCK_MONOTONIC) + 0.05;
  const timespec until = {static_cast<time_t>(end),
                          static_cast<long>((end - static_cast<time_t>(end)) * 1e9)};
  EXPECT(::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == 0);
  EXPECT(Now(CLOCK_MONOTONIC) >= end - 0.001 && Now(CLOCK_MONOTONIC) < end + 5);
  return 0;
}

int Random() {
  unsigned char a[64];
  unsigned char b[64];
  EXPECT(::getentropy(a, sizeof a) == 0 && ::getentropy(b, sizeof b) == 0);
  EXPECT(::memcmp(a, b, sizeof a) != 0);
  return 0;
}

// Standard input is a pipe that stays empty and open.
int PollEmpty() {
  pollfd entry = {0, POLLIN, 0};
  const double start = Now(CLOCK_MONOTONIC);
  EXPECT(::poll(&entry, 1, 60) == 0);
  const double waited = Now(CLOCK_MONOTONIC) - start;
  EXPECT(waited >= 0.059 && waited < 5);
  pollfd out = {1, POLLOUT, 0};
  EXPECT(::poll(&out, 1, -1) == 1 && (out.revents & POLLOUT) != 0);
  return 0;
}

// Standard input brings "x" some time after the start, then ends.
int PollInput() {
  pollfd entry = {0, POLLIN, 0};
  EXPECT(::poll(&entry, 1, 20'000) == 1 && (entry.revents & POLLIN) != 0);
  char text[8];
  EXPECT(::read(0, text, sizeof text) == 1 && text[0] == 'x');
  EXPECT(::poll(&entry, 1, 20'000) == 1);
  EXPECT(::read(0, text, sizeof text) == 0);
  EXPECT(::read(0, text, sizeof text) == 0);
  return 0;
}

int PollFile(const std::string& dir) {
  const int fd = ::open((dir + "/polled").c_str(), O_RDWR | O_CREAT, 0600);
  EXPECT(fd > 2);
  pollfd entries[2] = {{fd, POLLIN, 0}, {fd, POLLOUT, 0}};
  EXPECT(::poll(entries, 2, -1) == 2);
  return ::unlink((dir + "/polled").c_str());
}

int ClosedStdin() {
  char text[8];
  EXPECT(::read(0, text, sizeof text) < 0 && errno == EBADF);
  return 0;
}

// Only the standard streams and the preopened directories are open.
int Descriptors(const std::string& expected) {
  std::string open;
  for (int fd = 0; fd < 200; ++fd) {
    struct stat info{};
    if (::fstat(fd, &info) == 0) {
      open += " " + std::to_string(fd);
    }
  }
  if (open != expected) {
    printf("open:%s\n", open.c_str());
    return 1;
  }
  return 0;
}

// Writes so many bytes of the alphabet in one call after another, and says on stderr that all went
// out.
int Pour(long bytes) {
  std::string text;
  while (text.size() < 1 << 20) {
    text += "abcdefghijklmnopqrstuvwxyz";
  }
  for (long left = bytes; left > 0;) {
    const size_t size = std::min<size_t>(text.size(), static_cast<size_t>(left));
    for (size_t at = 0; at < size;) {
      const ssize_t n = ::write(1, text.data() + at, size - at);
      EXPECT(n > 0);
      at += static_cast<size_t>(n);
    }
    left -= static_cast<long>(size);
  }
  fprintf(stderr, "poured\n");
  return 0;
}

int Run(const std::string& what, const std::string& argument) {
  if (what == "files") return Files(argument);
  if (what == "directories") return Directories(argument);
  if (what == "links") return Links(argument);
  if (what == "clocks") return Clocks();
  if (what == "random") return Random();
  if (what == "poll-empty") return PollEmpty();
  if (what == "poll-input") return PollInput();
  if (what == "poll-file") return PollFile(argument);
  if (what == "closed-stdin") return ClosedStdin();
  if (what == "descriptors") return Descriptors(argument);
  if (what == "pour") return Pour(::atol(argument.c_str()));
  printf("unknown: %s\n", what.c_str());
  return 2;
}

}  // namespace

// The preview 1 adapter of a component allocates by this. Without it, it grows the memory itself,
// which wasi-libc's allocator then takes for its own heap.
extern "C" __attribute__((export_name("cabi_realloc"))) void* CabiRealloc(void* /*old*/,
                                                                          size_t /*old_size*/,
                                                                          size_t align,
                                                                          size_t size) {
  return ::aligned_alloc(align, (size + align - 1) / align * align);
}

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const int status = Run(what, argc > 2 ? argv[2] : "");
  if (status == 0 && what != "pour") {
    puts("ok");
  }
  return status;
}
