// StdoutWriter: buffered standard output without stdio.
//
// Collects 64 KiB (the capacity of a Linux pipe) per write. Call Flush() before leaving: the
// destructor does not write, because a failed write has to become exit 1 and not be lost. Errors:
// Fail(Exit::kFailure). Threads: one.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "support/array.h"
#include "support/exits.h"

namespace mayfly::suite {

class StdoutWriter {
 public:
  static constexpr size_t kCapacityBytes = 64 * 1024;

  StdoutWriter() : buffer_(kCapacityBytes) {}

  void Write(std::string_view text) {
    while (text.size() > kCapacityBytes - used_) {
      size_t part = kCapacityBytes - used_;
      memcpy(buffer_.data() + used_, text.data(), part);
      used_ += part;
      text.remove_prefix(part);
      Flush();
    }
    memcpy(buffer_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }

  // At least `count` (<= kCapacityBytes) free bytes to write into; Advance() says how many were
  // used.
  char* Room(size_t count) {
    if (count > kCapacityBytes - used_) Flush();
    return buffer_.data() + used_;
  }
  void Advance(size_t count) { used_ += count; }

  void Unsigned(uint64_t value) {
    char digits[20];
    size_t first = sizeof digits;
    // 32-bit division is several times cheaper, and nearly every value fits.
    for (; value > UINT32_MAX; value /= 10) digits[--first] = static_cast<char>('0' + value % 10);
    auto rest = static_cast<uint32_t>(value);
    do {
      digits[--first] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    Write({digits + first, sizeof digits - first});
  }

  void Flush() {
    const char* next = buffer_.data();
    while (used_ > 0) {
      ssize_t written = write(STDOUT_FILENO, next, used_);
      if (written < 0) {
        if (errno == EINTR) continue;
        Fail(Exit::kFailure, {"write stdout: ", strerror(errno)});
      }
      next += written;
      used_ -= static_cast<size_t>(written);
    }
  }

 private:
  Array<char> buffer_;
  size_t used_ = 0;
};

}  // namespace mayfly::suite
