// memcmp, memchr and strlen of libc for Wasm, 16 bytes a step.
//
// wasi-libc's go byte by byte or word by word; compiled code calls them as libc's, so these take
// their place when they are linked first. Reads never leave the 16-byte blocks that hold bytes of
// the argument; a memory ends at a multiple of 64 KiB, so they never leave it either.
//
// Sources: WebAssembly SIMD, i8x16.eq and i8x16.bitmask.

#include <wasm_simd128.h>

#include <cstddef>
#include <cstdint>

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

}  // namespace

extern "C" {

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
