// The one-shot and EVP interfaces of OpenSSL 3 fetch a provider first, which links and starts most
// of the library; the low-level calls, deprecated for that reason, are the hash and nothing else.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "engine/sha256.h"

#include <openssl/sha.h>

namespace mayfly::engine {

Sha256Stream::Sha256Stream() {
  static_assert(sizeof(SHA256_CTX) == sizeof(Sha256Stream) &&
                alignof(SHA256_CTX) <= alignof(Sha256Stream));
  SHA256_Init(reinterpret_cast<SHA256_CTX*>(state_.data()));
}

void Sha256Stream::Update(std::span<const uint8_t> bytes) {
  SHA256_Update(reinterpret_cast<SHA256_CTX*>(state_.data()), bytes.data(), bytes.size());
}

Digest Sha256Stream::Finish() {
  Digest digest;
  static_assert(sizeof digest == SHA256_DIGEST_LENGTH);
  SHA256_Final(digest.data(), reinterpret_cast<SHA256_CTX*>(state_.data()));
  return digest;
}

Digest Sha256(std::span<const uint8_t> bytes) {
  Sha256Stream hash;
  hash.Update(bytes);
  return hash.Finish();
}

Digest Sha256(std::string_view text) {
  return Sha256(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

std::string ToHex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const uint8_t byte : digest) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

}  // namespace mayfly::engine
