// ReadFile: a whole file in memory.
//
// Errors: Fail(Exit::kFailure) with the path. Units: bytes.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "support/array.h"
#include "support/exits.h"

namespace mayfly::suite {

inline Array<char> ReadFile(const char* path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) Fail(Exit::kFailure, {"open ", path, ": ", strerror(errno)});
  struct stat status;
  if (fstat(fd, &status) != 0) Fail(Exit::kFailure, {"stat ", path, ": ", strerror(errno)});
  if (S_ISDIR(status.st_mode)) Fail(Exit::kFailure, {"read ", path, ": is a directory"});

  // The size is a hint: reading goes on to the end of the file, one byte of room tells that it is
  // there.
  constexpr size_t kChunkBytes = 64 * 1024;
  bool sized = status.st_size > 0 && static_cast<uint64_t>(status.st_size) < SIZE_MAX;
  Array<char> bytes;
  bytes.Reserve(sized ? static_cast<size_t>(status.st_size) + 1 : kChunkBytes);
  size_t capacity = sized ? static_cast<size_t>(status.st_size) + 1 : kChunkBytes;
  for (size_t used = 0;;) {
    ssize_t count = read(fd, bytes.data() + used, capacity - used);
    if (count < 0) {
      if (errno == EINTR) continue;
      Fail(Exit::kFailure, {"read ", path, ": ", strerror(errno)});
    }
    used += static_cast<size_t>(count);
    if (count == 0) {
      bytes.Resize(used);
      break;
    }
    if (used == capacity) {
      if (capacity > SIZE_MAX / 2) Fail(Exit::kFailure, {"read ", path, ": file too large"});
      capacity *= 2;
      bytes.Reserve(capacity);
    }
  }
  close(fd);
  return bytes;
}

}  // namespace mayfly::suite
