// A damaged state.json: ParseState gives an Error, or a State that reads back as it was written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "container/state.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using mayfly::container::ParseState;
  using mayfly::container::SerializeState;
  const auto state =
      ParseState(std::string_view(reinterpret_cast<const char*>(data), size), "state.json");
  if (state) {
    const auto again = ParseState(SerializeState(*state), "state.json");
    if (!again || again->pid != state->pid || again->pid_start_time != state->pid_start_time) {
      std::abort();
    }
  }
  return 0;
}
