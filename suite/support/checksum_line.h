// PrintChecksum: SHA-256 of doubles as little-endian bytes, one line of hexadecimal digits; what
// programs print with --quiet in place of the doubles.
#pragma once

#include <bit>
#include <cstddef>

#include "support/sha256.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {

inline void PrintChecksum(const double* values, size_t count, StdoutWriter& out) {
  static_assert(std::endian::native == std::endian::little);
  Sha256 digest;
  digest.Update(values, count * sizeof(double));
  auto hex = digest.Hex();
  out.Write({hex.data(), hex.size()});
  out.Write("\n");
}

}  // namespace mayfly::suite
