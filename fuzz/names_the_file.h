// What every fuzz target of the lab's files asks: an error begins with the file's name.
#pragma once

#include <string_view>

#include "base/result.h"

namespace mayfly::fuzz {

template <typename T>
void NamesTheFile(const base::Result<T>& result, std::string_view path) {
  if (!result && !result.error().text().starts_with(path)) {
    __builtin_trap();
  }
}

}  // namespace mayfly::fuzz
