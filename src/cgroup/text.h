// Split: the fields of the kernel's text files, without copies; empty fields are dropped.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace mayfly::cgroup {

inline std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> fields;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find(separator, start), text.size());
    if (end > start) {
      fields.push_back(text.substr(start, end - start));
    }
    start = end + 1;
  }
  return fields;
}

}  // namespace mayfly::cgroup
