// OutputFile: a file that is written whole or not left behind.
//
// Creates or truncates. A failed write ends the program with exit 1 and removes the file, if it is
// a regular one; so does leaving without Close(). Write() is one system call or more, with no
// buffer: the caller chooses how much a call carries.
//
// Errors: Fail(Exit::kFailure) with the path. Ownership: the descriptor; the path is the caller's.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "support/exits.h"

namespace mayfly::suite {

class OutputFile {
 public:
  explicit OutputFile(const char* path) : path_(path) {
    fd_ = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd_ < 0) Fail(Exit::kFailure, {"create ", path, ": ", strerror(errno)});
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile() {
    if (fd_ >= 0) Discard();
  }

  void Write(const void* data, size_t count) {
    auto* next = static_cast<const char*>(data);
    while (count > 0) {
      ssize_t written = write(fd_, next, count);
      if (written < 0) {
        if (errno == EINTR) continue;
        Abandon("write");
      }
      next += written;
      count -= static_cast<size_t>(written);
    }
  }

  // From the start of the file; the position of Write() moves there as well.
  void Seek(uint64_t offset_bytes) {
    if (lseek(fd_, static_cast<off_t>(offset_bytes), SEEK_SET) < 0) Abandon("seek");
  }

  // To the disk.
  void Sync() {
    if (fsync(fd_) != 0) Abandon("sync");
  }

  void Close() {
    int fd = fd_;
    fd_ = -1;
    if (close(fd) == 0) return;
    int error = errno;
    unlink(path_);
    Fail(Exit::kFailure, {"close ", path_, ": ", strerror(error)});
  }

  // For errors of others that make the file useless; the caller then fails with its own text.
  void Discard() {
    struct stat status;
    if (fstat(fd_, &status) == 0 && S_ISREG(status.st_mode)) unlink(path_);
    close(fd_);
    fd_ = -1;
  }

 private:
  [[noreturn]] void Abandon(const char* action) {
    int error = errno;
    Discard();
    Fail(Exit::kFailure, {action, " ", path_, ": ", strerror(error)});
  }

  const char* path_;
  int fd_;
};

}  // namespace mayfly::suite
