// Lines from a process that ran a guest, and what a caller sent as its trace: every span has an end
// that is not before its start, and an id.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "otlp/spans.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  mayfly::otlp::Task task;
  task.container = "c1";
  task.traceparent = bytes.substr(0, bytes.find('\n'));
  if (const auto pairs = mayfly::otlp::ParsePairs(bytes, "input"); pairs) {
    for (const auto& [key, value] : *pairs) {
      if (key.empty()) {
        std::abort();
      }
    }
  }
  const auto trace = mayfly::otlp::MakeTrace(
      task, bytes, {}, [](size_t digits) { return std::string(digits, '1'); });
  for (const auto& span : trace["resourceSpans"][0]["scopeSpans"][0]["spans"]) {
    if (span["spanId"].get<std::string>().empty() ||
        std::stoull(span["startTimeUnixNano"].get<std::string>()) >
            std::stoull(span["endTimeUnixNano"].get<std::string>())) {
      std::abort();
    }
  }
  return 0;
}
