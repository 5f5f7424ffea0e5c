// memcpy, memmove, memset, memcmp, memchr and strlen of libc for Wasm.
//
// wasi-libc's go byte by byte or word by word; compiled code calls them as libc's, so these take
// their place when they are linked first. Finding and comparing go 16 bytes a step. Copying and
// filling up to kInlineBytes are a few loads and stores that may overlap; beyond, the engine's
// memory instruction: it is the fastest for much, but a call into the engine each time. Only the
// functions here ask for that instruction; without -mbulk-memory the compiler calls them elsewhere.
//
// memchr and strlen never read outside the 16-byte blocks that hold bytes of the argument; a memory
// ends at a multiple of 64 KiB, so they never leave it. Sources: WebAssembly SIMD, i8x16.eq and
// i8x16.bitmask; bulk memory operations, memory.copy and memory.fill.

#include <wasm_simd128.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace {

constexpr size_t kBlockBytes = 16;

// One bit for each byte of the block that equals the one wanted.
uint32_t EqualBytes(const uint8_t* block, v128_t wanted) {
  return wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(block), wanted));
}

// The block that holds the byte, and where in it the byte is.
const uint8_t* BlockOf(const uint8_t* byte) {
  return byte - (reinterpret_cast<uintptr_t>(byte) & (kBlockBytes - 1));
}

constexpr size_t kInlineBytes = 64;

// At any address.
template <typename Word>
Word Load(const uint8_t* from) {
  Word word;
  __builtin_memcpy(&word, from, sizeof word);
  return word;
}
template <typename Word>
void Store(uint8_t* to, Word word) {
  __builtin_memcpy(to, &word, sizeof word);
}

// sizeof(Word) <= count <= 2 sizeof(Word) bytes, as two words that overlap where count is less.
template <typename Word>
void CopyTwo(uint8_t* to, const uint8_t* from, size_t count) {
  auto first = Load<Word>(from);
  auto last = Load<Word>(from + count - sizeof(Word));
  Store(to, first);
  Store(to + count - sizeof(Word), last);
}
template <typename Word>
void FillTwo(uint8_t* to, Word word, size_t count) {
  Store(to, word);
  Store(to + count - sizeof(Word), word);
}

// Both areas may overlap: all is loaded before the first store.
inline void CopyFew(uint8_t* to, const uint8_t* from, size_t count) {
  if (count < kBlockBytes) {
    if (count >= 8) {
      CopyTwo<uint64_t>(to, from, count);
    } else if (count >= 4) {
      CopyTwo<uint32_t>(to, from, count);
    } else if (count >= 2) {
      CopyTwo<uint16_t>(to, from, count);
    } else if (count == 1) {
      *to = *from;
    }
    return;
  }
  if (count <= 2 * kBlockBytes) return CopyTwo<v128_t>(to, from, count);
  auto a = Load<v128_t>(from);
  auto b = Load<v128_t>(from + kBlockBytes);
  auto c = Load<v128_t>(from + count - 2 * kBlockBytes);
  auto d = Load<v128_t>(from + count - kBlockBytes);
  Store(to, a);
  Store(to + kBlockBytes, b);
  Store(to + count - 2 * kBlockBytes, c);
  Store(to + count - kBlockBytes, d);
}

// Less than a block: 0, or the difference of the first bytes that differ.
template <typename Word>
int CompareTwo(const uint8_t* a, const uint8_t* b, size_t count) {
  for (size_t at : {size_t{0}, count - sizeof(Word)}) {
    Word differs = Load<Word>(a + at) ^ Load<Word>(b + at);
    if (differs != 0) {
      size_t first = at + static_cast<size_t>(__builtin_ctzll(differs)) / 8;
      return a[first] - b[first];
    }
  }
  return 0;
}

}  // namespace

extern "C" {

[[gnu::target("bulk-memory")]] void* memcpy(void* to, const void* from, size_t count) noexcept {
  if (count > kInlineBytes) return __builtin_memcpy(to, from, count);
  CopyFew(static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from), count);
  return to;
}

[[gnu::target("bulk-memory")]] void* memmove(void* to, const void* from, size_t count) noexcept {
  if (count > kInlineBytes) return __builtin_memmove(to, from, count);
  CopyFew(static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from), count);
  return to;
}

[[gnu::target("bulk-memory")]] void* memset(void* area, int value, size_t count) noexcept {
  if (count > kInlineBytes) return __builtin_memset(area, value, count);
  auto* to = static_cast<uint8_t*>(area);
  v128_t bytes = wasm_u8x16_splat(static_cast<uint8_t>(value));
  uint64_t word = wasm_u64x2_extract_lane(bytes, 0);
  if (count > 2 * kBlockBytes) {
    FillTwo(to, bytes, count);
    FillTwo(to + kBlockBytes, bytes, count - 2 * kBlockBytes);
  } else if (count >= kBlockBytes) {
    FillTwo(to, bytes, count);
  } else if (count >= 8) {
    FillTwo(to, word, count);
  } else if (count >= 4) {
    FillTwo(to, static_cast<uint32_t>(word), count);
  } else if (count >= 2) {
    FillTwo(to, static_cast<uint16_t>(word), count);
  } else if (count == 1) {
    *to = static_cast<uint8_t>(value);
  }
  return area;
}

int memcmp(const void* left, const void* right, size_t count) noexcept {
  auto* a = static_cast<const uint8_t*>(left);
  auto* b = static_cast<const uint8_t*>(right);
  for (; count >= kBlockBytes; a += kBlockBytes, b += kBlockBytes, count -= kBlockBytes) {
    uint32_t equal = EqualBytes(a, wasm_v128_load(b));
    if (equal != 0xFFFF) {
      int first = __builtin_ctz(~equal);
      return a[first] - b[first];
    }
  }
  if (count >= 8) return CompareTwo<uint64_t>(a, b, count);
  if (count >= 4) return CompareTwo<uint32_t>(a, b, count);
  for (; count > 0; ++a, ++b, --count) {
    if (*a != *b) return *a - *b;
  }
  return 0;
}

void* memchr(const void* bytes, int wanted, size_t count) noexcept {
  auto* start = static_cast<const uint8_t*>(bytes);
  if (count == 0) return nullptr;
  v128_t pattern = wasm_u8x16_splat(static_cast<uint8_t>(wanted));
  const uint8_t* block = BlockOf(start);
  auto before = static_cast<size_t>(start - block);
  uint32_t found = EqualBytes(block, pattern) >> before << before;
  // How many bytes from the start of this block are still to be looked at.
  size_t left = count > SIZE_MAX - before ? SIZE_MAX : count + before;
  while (found == 0) {
    if (left <= kBlockBytes) return nullptr;
    left -= kBlockBytes;
    block += kBlockBytes;
    found = EqualBytes(block, pattern);
  }
  auto at = static_cast<size_t>(__builtin_ctz(found));
  return at < left ? const_cast<uint8_t*>(block + at) : nullptr;
}

size_t strlen(const char* text) noexcept {
  auto* start = reinterpret_cast<const uint8_t*>(text);
  const uint8_t* block = BlockOf(start);
  auto before = static_cast<size_t>(start - block);
  uint32_t found = EqualBytes(block, wasm_i8x16_const_splat(0)) >> before << before;
  while (found == 0) {
    block += kBlockBytes;
    found = EqualBytes(block, wasm_i8x16_const_splat(0));
  }
  return static_cast<size_t>(block - start) + static_cast<size_t>(__builtin_ctz(found));
}
}
