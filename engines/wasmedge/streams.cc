// libwasmedge's readv and writev: a standard stream that somebody has made non-blocking blocks all
// the same.
//
// The flag belongs to the open file, which the other side may share: an event loop that sets it
// must not make the guest's output fail. Files that the guest opens itself are left as it asked for
// them.
#include <dlfcn.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace {

using Transfer = ssize_t (*)(int, const struct iovec*, int);

ssize_t Blocking(Transfer next, short event, int fd, const struct iovec* vectors, int count) {
  while (true) {
    const ssize_t size = next(fd, vectors, count);
    if (size >= 0 || errno != EAGAIN || fd > STDERR_FILENO) {
      return size;
    }
    pollfd ready = {.fd = fd, .events = event, .revents = 0};
    (void)::poll(&ready, 1, -1);
  }
}

}  // namespace

// Under their own names they would be second declarations of libc's.
__attribute__((visibility("default"))) ssize_t AnswerReadv(int fd, const struct iovec* vectors,
                                                           int count) __asm__("readv");
__attribute__((visibility("default"))) ssize_t AnswerWritev(int fd, const struct iovec* vectors,
                                                            int count) __asm__("writev");

ssize_t AnswerReadv(int fd, const struct iovec* vectors, int count) {
  static const auto next = reinterpret_cast<Transfer>(::dlsym(RTLD_NEXT, "readv"));
  return Blocking(next, POLLIN, fd, vectors, count);
}

ssize_t AnswerWritev(int fd, const struct iovec* vectors, int count) {
  static const auto next = reinterpret_cast<Transfer>(::dlsym(RTLD_NEXT, "writev"));
  return Blocking(next, POLLOUT, fd, vectors, count);
}
