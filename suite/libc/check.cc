// check: memcmp, memchr and strlen of the program against plain loops, for every alignment and
// length around the block size. Prints how many comparisons agreed; exit 1 at the first that does
// not. Made for Wasm, where string.cc stands for libc.

#include <cstdint>
#include <cstdio>
#include <cstring>

namespace {

constexpr size_t kArea = 128;
char left[kArea];
char right[kArea];
int checks = 0;

// So that the compiler calls the functions instead of working them out.
const void* volatile opaque;
template <typename T>
T* Hide(T* pointer) {
  opaque = pointer;
  return static_cast<T*>(const_cast<void*>(opaque));
}

int Sign(int value) { return (value > 0) - (value < 0); }

bool CheckFind(size_t from, size_t count, size_t at) {
  memset(left, 'a', kArea);
  left[at] = '\xfe';
  const void* wanted = at >= from && at - from < count ? left + at : nullptr;
  ++checks;
  return memchr(Hide(left + from), 0xfe, count) == wanted;
}

bool CheckLength(size_t from, size_t length) {
  memset(left, '\xff', kArea);
  left[from + length] = '\0';
  if (from > 0) left[from - 1] = '\0';
  ++checks;
  return strlen(Hide(left + from)) == length;
}

bool CheckCompare(size_t from, size_t to, size_t count, size_t differs) {
  memset(left, 'm', kArea);
  memset(right, 'm', kArea);
  if (differs < count) left[from + differs] = '\x80';
  if (differs < count && differs % 2 == 0) left[from + differs] = 'a';
  int wanted = differs >= count ? 0 : differs % 2 == 0 ? -1 : 1;
  ++checks;
  return Sign(memcmp(Hide(left + from), Hide(right + to), count)) == wanted;
}

bool CheckAll() {
  for (size_t from = 0; from < 18; ++from) {
    for (size_t count = 0; count < 50; ++count) {
      for (size_t at = 0; at < 70; ++at) {
        if (!CheckFind(from, count, at)) return false;
      }
      for (size_t differs = 0; differs <= count; ++differs) {
        if (!CheckCompare(from, 17 - from, count, differs)) return false;
      }
      if (!CheckLength(from, count)) return false;
    }
  }
  memset(left, 'a', kArea);
  left[99] = 'z';
  return memchr(Hide(left + 3), 'z', SIZE_MAX) == left + 99;
}

}  // namespace

int main() {
  if (!CheckAll()) {
    fprintf(stderr, "check: number %d differs\n", checks);
    return 1;
  }
  printf("%d checks agree\n", checks);
  return 0;
}
