// KeyTable<Value>: a hash table from 64-bit keys other than 0 to small values.
//
// Linear probing at a load of at most one half; nothing is ever taken out. Ownership: an Array of
// slots. Errors: exit 1 when memory is short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "support/array.h"

namespace mayfly::suite {

template <typename Value>
class KeyTable {
  static_assert(std::is_trivially_copyable_v<Value>);

 public:
  struct Slot {
    uint64_t key;
    Value value;
  };

  KeyTable() { Clear(kFirstSlots); }

  size_t size() const { return used_; }

  // The value of the key, made from Value{} if it is new.
  Value& operator[](uint64_t key) {
    if ((used_ + 1) * 2 > slots_.size()) Grow();
    Slot& slot = slots_[Find(key)];
    if (slot.key == 0) {
      slot = {key, Value{}};
      ++used_;
    }
    return slot.value;
  }

  const Value* At(uint64_t key) const {
    const Slot& slot = slots_[Find(key)];
    return slot.key == 0 ? nullptr : &slot.value;
  }

  // Calls visit(key, value) for each, in the order of the slots.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.key != 0) visit(slot.key, slot.value);
    }
  }

 private:
  static constexpr size_t kFirstSlots = 256;

  size_t Find(uint64_t key) const {
    size_t mask = slots_.size() - 1;
    size_t at = static_cast<size_t>(key * 0x9E3779B97F4A7C15 >> 32) & mask;
    while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & mask;
    return at;
  }

  void Clear(size_t size) {
    slots_.Resize(size);
    for (Slot& slot : slots_) slot.key = 0;
    used_ = 0;
  }

  void Grow() {
    Array<Slot> old;
    old.Resize(slots_.size());
    for (size_t i = 0; i < old.size(); ++i) old[i] = slots_[i];
    Clear(old.size() * 4);
    for (const Slot& slot : old) {
      if (slot.key != 0) (*this)[slot.key] = slot.value;
    }
  }

  Array<Slot> slots_;
  size_t used_ = 0;
};

}  // namespace mayfly::suite
