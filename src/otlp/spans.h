// Spans: the phases of a container (docs/formats/phases.md) as an OTLP trace.
//
// One span for the task, from create to delete; below it create, start, guest and delete, below
// create what the shim and the init did. A span whose two moments are not both known, or not in
// order, is left out: a guest killed by a signal has written nothing.
//
// Sources: opentelemetry-proto trace.proto, OTLP "JSON Protobuf Encoding"; W3C Trace Context.
// Errors: none: lines that are no phase lines are passed over. Ownership: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "otlp/settings.h"

namespace mayfly::otlp {

struct Task {
  std::string container;
  std::string name_space;
  std::string traceparent;         // of the request that made the container; "": a trace of its own
  std::string error;               // why create failed
  int64_t realtime_offset_ns = 0;  // CLOCK_REALTIME less CLOCK_MONOTONIC
};

struct Parent {
  std::string trace_id;  // 32 hexadecimal digits
  std::string span_id;   // 16
  bool sampled = false;
};
// "00-TRACE-SPAN-FLAGS"; nothing when it is not that.
std::optional<Parent> ParseTraceparent(std::string_view text);

// An ExportTraceServiceRequest. `random_hex` gives so many random hexadecimal digits.
nlohmann::json MakeTrace(const Task& task, std::string_view phase_lines, const Settings& settings,
                         const std::function<std::string(size_t digits)>& random_hex);

}  // namespace mayfly::otlp
