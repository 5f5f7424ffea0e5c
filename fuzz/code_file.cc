// A code file of the cache, an index entry, a description: any bytes must give an answer within
// them, and what is taken for good must be what was written.
#include <string>
#include <string_view>

#include "engine/code_cache.h"
#include "engine/code_origin.h"
#include "engine/code_trailer.h"

namespace {

using namespace mayfly::engine;

// A trailer that is read is one that EncodeTrailer() would write for that code.
void CheckFile(std::span<const uint8_t> file) {
  const auto checked = CheckCodeFile(file);
  if (!checked) {
    return;
  }
  const auto code = file.first(static_cast<size_t>(checked->code_size_bytes));
  const std::string again = EncodeTrailer(checked->description, code);
  if (code.size() + again.size() != file.size() || checked->key.size() != 64) {
    __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckFile({data, size});
  // The same bytes as code: what is written for them must be taken.
  const std::string file =
      std::string(text) + EncodeTrailer(text.substr(0, size / 2), {data, size});
  if (!CheckCodeFile({reinterpret_cast<const uint8_t*>(file.data()), file.size()})) {
    __builtin_trap();
  }
  // The same bytes as the end of a larger file: what `cache ls` reads.
  const auto tail = ReadTrailer({data, size}, size + 1000);
  if (tail && tail->code_size_bytes > size + 1000) {
    __builtin_trap();
  }
  if (const auto ref = CodeRef::FromText(text)) {
    const auto again = CodeRef::FromText(ref->ToText());
    if (!again || again->ToText() != ref->ToText()) {
      __builtin_trap();
    }
  }
  if (const auto origin = CodeOrigin::FromText(text); origin && origin->ToText() != text) {
    __builtin_trap();
  }
  return 0;
}
