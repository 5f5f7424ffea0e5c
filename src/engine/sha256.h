// Sha256: digests, by OpenSSL's libcrypto linked statically.
//
// Only the hash's own object files are linked in: nothing of OpenSSL's providers or configuration
// runs at start, and no shared library is loaded for it. SHA extensions of the CPU are used where
// it has them.
//
// Sources: FIPS 180-4. Threads: values. Fork: usable in a child.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mayfly::engine {

using Digest = std::array<uint8_t, 32>;

Digest Sha256(std::span<const uint8_t> bytes);
Digest Sha256(std::string_view text);

// A digest of parts, one after another.
class Sha256Stream {
 public:
  Sha256Stream();
  void Update(std::span<const uint8_t> bytes);
  Digest Finish();

 private:
  alignas(8) std::array<uint8_t, 112> state_;  // OpenSSL's SHA256_CTX
};

// 64 lower-case hexadecimal digits.
std::string ToHex(const Digest& digest);

}  // namespace mayfly::engine
