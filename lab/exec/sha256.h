// Sha256: the digest of outputs and of program files, over libcrypto.
//
// Sources: FIPS 180-4; OpenSSL manual EVP_DigestInit(3).
// Ownership: owns its EVP context. Threads: one object, one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_md_ctx_st;

namespace mayfly::lab {

class Sha256 {
 public:
  Sha256();

  void Add(std::string_view bytes);
  // 64 lower-case hexadecimal digits; the object is as new afterwards.
  std::string Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string Sha256Of(std::string_view bytes);
base::Result<std::string> Sha256OfFile(const std::string& path);

}  // namespace mayfly::lab
