// check: memcpy, memmove, memset, memcmp, memchr and strlen of the program against plain loops, for
// every alignment and length around the block size, and lengths above those copied inline. Prints
// how many comparisons agreed; exit 1 at the first that does not. Made for Wasm, where string.cc
// stands for libc.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace {

constexpr size_t kArea = 256;
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

void Number(char* area) {
  for (size_t i = 0; i < kArea; ++i) area[i] = static_cast<char>(i * 7 + 1);
}

// `to` may lie on either side of `from`, and the areas overlap.
bool CheckMove(size_t from, size_t to, size_t count) {
  Number(left);
  Number(right);
  bool returned = memmove(Hide(left + to), left + from, count) == left + to;
  ++checks;
  for (size_t i = 0; i < kArea; ++i) {
    bool moved = i >= to && i - to < count;
    if (left[i] != right[moved ? i - to + from : i]) return false;
  }
  return returned;
}

bool CheckCopy(size_t from, size_t to, size_t count) {
  Number(left);
  memset(right, '\x55', kArea);
  bool returned = memcpy(Hide(right + to), left + from, count) == right + to;
  ++checks;
  for (size_t i = 0; i < kArea; ++i) {
    bool copied = i >= to && i - to < count;
    if (right[i] != (copied ? left[i - to + from] : '\x55')) return false;
  }
  return returned;
}

bool CheckFill(size_t from, size_t count) {
  Number(left);
  Number(right);
  bool returned = memset(Hide(left + from), 0x1fe, count) == left + from;
  ++checks;
  for (size_t i = 0; i < kArea; ++i) {
    bool filled = i >= from && i - from < count;
    if (left[i] != (filled ? '\xfe' : right[i])) return false;
  }
  return returned;
}

bool CheckMemory() {
  for (size_t count = 0; count < 140; ++count) {
    for (size_t from = 0; from < 18; ++from) {
      if (!CheckFill(from, count) || !CheckCopy(from, 17 - from, count)) return false;
      for (size_t to : {size_t{0}, from + 1, from + 5, from + 16, from + 40, size_t{17}}) {
        if (!CheckMove(from, to, count)) return false;
      }
    }
  }
  return true;
}

bool CheckAll() {
  if (!CheckMemory()) return false;
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
