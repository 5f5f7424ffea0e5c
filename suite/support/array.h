// Array<T>: a growable array of trivially copyable elements.
//
// Unlike std::vector it leaves new elements uninitialised (no page is touched before it is used),
// grows by realloc (in place at the end of a Wasm memory), and ends the program with exit 1 when
// memory is short, also where exceptions are off. Ownership: move-only, frees in its destructor.
// Errors: Fail(Exit::kFailure).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <type_traits>

#include "support/exits.h"

namespace mayfly::suite {

template <typename T>
class Array {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Array() = default;
  explicit Array(size_t size) { Resize(size); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  Array(Array&& other) noexcept
      : data_(other.data_), size_(other.size_), capacity_(other.capacity_) {
    other.data_ = nullptr;
    other.size_ = other.capacity_ = 0;
  }
  Array& operator=(Array&&) = delete;
  ~Array() { free(data_); }

  size_t size() const { return size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }

  void Reserve(size_t capacity) {
    if (capacity <= capacity_) return;
    if (capacity > SIZE_MAX / sizeof(T)) Fail(Exit::kFailure, {"out of memory"});
    void* grown = realloc(data_, capacity * sizeof(T));
    if (grown == nullptr) Fail(Exit::kFailure, {"out of memory"});
    data_ = static_cast<T*>(grown);
    capacity_ = capacity;
  }

  // Elements added are uninitialised.
  void Resize(size_t size) {
    Reserve(size);
    size_ = size;
  }

  void Append(T value) {
    if (size_ == capacity_) Reserve(capacity_ < 16 ? 16 : capacity_ + capacity_ / 2);
    data_[size_++] = value;
  }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace mayfly::suite
