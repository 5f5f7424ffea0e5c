// CodeCacheTest: a cache in a directory of its own, for the tests of code_cache.h.
#pragma once

#include <fstream>
#include <optional>

#include "base/log.h"
#include "engine/code_cache.h"
#include "engine/sha256.h"
#include "engine/test_support.h"

namespace mayfly::engine {

namespace fs = std::filesystem;

inline const std::string kOrigin = "what the code is made from";
inline const std::string kOtherOrigin = "what other code is made from";
inline const std::string kKey = ToHex(Sha256(kOrigin));
inline const std::string kOther = ToHex(Sha256(kOtherOrigin));
inline const std::string kIndex(64, 'f');

inline std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class CodeCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::permissions(scratch_.path(), fs::perms::owner_all);
    auto cache = CodeCache::Open(scratch_ / "cache");
    ASSERT_TRUE(cache) << cache.error().text();
    cache_.emplace(std::move(*cache));
  }

  // Stores code and an index entry, both old enough to be believed.
  void StoreSettled(std::string_view code) {
    auto ref = cache_->Store(kOrigin, Bytes(code));
    ASSERT_TRUE(ref) << ref.error().text();
    WaitUntilSettled();
    ref->verified_ns = RealtimeNs();
    ASSERT_TRUE(cache_->Remember(kIndex, *ref));
  }

  std::string CodePath(const std::string& key) { return scratch_ / "cache/code/" + key; }
  bool Recalls() { return cache_->Recall(kIndex, log_).has_value(); }

  // Overwrites one byte in place.
  static void Flip(const std::string& path, size_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }

  ScratchDir scratch_;
  base::Log log_;
  std::optional<CodeCache> cache_;
};

}  // namespace mayfly::engine
