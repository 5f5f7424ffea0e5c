#include "otlp/spans.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

namespace mayfly::otlp {

using nlohmann::json;

namespace {

constexpr int kSpanKindInternal = 1;
constexpr int kStatusError = 2;
constexpr size_t kVersionDigits = 2;
constexpr size_t kTraceDigits = 32;
constexpr size_t kSpanDigits = 16;

// Of a span: its parent's place in the table, and the moments of which the first that is known
// counts.
struct Form {
  const char* name;
  int parent;
  std::array<const char*, 3> from;
  std::array<const char*, 3> to;
};

constexpr int kTask = 0;
constexpr int kCreate = 1;
constexpr auto kForms = std::to_array<Form>({
    {"task", -1, {"create.begin"}, {"delete.end", "exit.guest-end", "create.end"}},
    {"create", kTask, {"create.begin"}, {"create.end"}},
    {"prepare", kCreate, {"create.prepare"}, {"create.prepared"}},
    {"spawn", kCreate, {"create.prepared"}, {"create.spawned"}},
    {"load", kCreate, {"init.load"}, {"init.loaded"}},
    {"restrict", kCreate, {"init.loaded", "init.begin"}, {"init.restricted"}},
    {"compile", kCreate, {"init.restricted"}, {"init.compiled"}},
    {"instantiate", kCreate, {"init.compiled", "init.restricted"}, {"init.ready"}},
    {"start", kTask, {"start.begin"}, {"start.end"}},
    {"guest", kTask, {"guest.guest", "init.guest"}, {"guest.guest-end", "exit.guest-end"}},
    {"delete", kTask, {"delete.begin"}, {"delete.end"}},
});

struct Phases {
  std::map<std::string, int64_t, std::less<>> moments;  // "create.begin" -> CLOCK_MONOTONIC
  std::string code;
};

void ReadLine(std::string_view line, std::string_view container, Phases* phases) {
  std::string_view part;
  for (size_t word = 0; !line.empty(); ++word) {
    const size_t end = std::min(line.find(' '), line.size());
    const std::string_view text = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    const size_t equals = text.find('=');
    if (word == 0 && text != container) {
      return;
    }
    if (word == 1) {
      part = text;
    } else if (word > 1 && equals != std::string_view::npos) {
      const std::string_view value = text.substr(equals + 1);
      int64_t at = 0;
      const auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), at);
      if (error == std::errc() && rest == value.data() + value.size() && at >= 0) {
        phases->moments[fmt::format("{}.{}", part, text.substr(0, equals))] = at;
      } else if (text.starts_with("code=")) {
        phases->code = value;
      }
    }
  }
}

Phases ReadPhases(std::string_view lines, std::string_view container) {
  Phases phases;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    ReadLine(lines.substr(0, end), container, &phases);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return phases;
}

std::optional<int64_t> FirstOf(const Phases& phases, const std::array<const char*, 3>& names) {
  for (const char* name : names) {
    if (name != nullptr) {
      if (const auto found = phases.moments.find(name); found != phases.moments.end()) {
        return found->second;
      }
    }
  }
  return std::nullopt;
}

json Attribute(std::string_view key, std::string_view value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}

bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

json Resource(const Settings& settings) {
  json attributes = json::array({Attribute("service.name", settings.service_name)});
  for (const auto& [key, value] : settings.resource) {
    if (key != "service.name") {
      attributes.push_back(Attribute(key, value));
    }
  }
  return {{"attributes", attributes}};
}

}  // namespace

std::optional<Parent> ParseTraceparent(std::string_view text) {
  constexpr size_t kLength = kVersionDigits + 1 + kTraceDigits + 1 + kSpanDigits + 1 + 2;
  constexpr size_t kTraceAt = kVersionDigits + 1;
  constexpr size_t kSpanAt = kTraceAt + kTraceDigits + 1;
  constexpr size_t kFlagsAt = kSpanAt + kSpanDigits + 1;
  if (text.size() != kLength || text[kTraceAt - 1] != '-' || text[kSpanAt - 1] != '-' ||
      text[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  const std::string_view trace = text.substr(kTraceAt, kTraceDigits);
  const std::string_view span = text.substr(kSpanAt, kSpanDigits);
  const std::string_view flags = text.substr(kFlagsAt);
  const auto is_zero = [](std::string_view id) {
    return id.find_first_not_of('0') == std::string_view::npos;
  };
  if (!text.starts_with("00") || !IsHex(trace) || !IsHex(span) || !IsHex(flags) || is_zero(trace) ||
      is_zero(span)) {
    return std::nullopt;
  }
  unsigned bits = 0;
  std::from_chars(flags.data(), flags.data() + flags.size(), bits, 16);
  return Parent{std::string(trace), std::string(span), (bits & 1U) != 0};
}

json MakeTrace(const Task& task, std::string_view phase_lines, const Settings& settings,
               const std::function<std::string(size_t digits)>& random_hex) {
  const Phases phases = ReadPhases(phase_lines, task.container);
  const auto parent = ParseTraceparent(task.traceparent);
  const std::string trace_id = parent ? parent->trace_id : random_hex(kTraceDigits);
  std::array<std::string, kForms.size()> ids;
  json spans = json::array();
  for (size_t i = 0; i < kForms.size(); ++i) {
    const Form& form = kForms[i];
    const auto from = FirstOf(phases, form.from);
    const auto to = FirstOf(phases, form.to);
    if (!from || !to || *to < *from) {
      continue;
    }
    ids[i] = random_hex(kSpanDigits);
    std::string above = parent ? parent->span_id : "";
    if (form.parent >= 0 && !ids[static_cast<size_t>(form.parent)].empty()) {
      above = ids[static_cast<size_t>(form.parent)];
    }
    // The encoding has 64-bit numbers as strings. A line may hold any number: no overflow.
    const auto time = [&](int64_t at) {
      return std::to_string(static_cast<uint64_t>(at) +
                            static_cast<uint64_t>(task.realtime_offset_ns));
    };
    json span = {{"traceId", trace_id},
                 {"spanId", ids[i]},
                 {"parentSpanId", above},
                 {"name", std::string("mayfly.") + form.name},
                 {"kind", kSpanKindInternal},
                 {"startTimeUnixNano", time(*from)},
                 {"endTimeUnixNano", time(*to)},
                 {"attributes", json::array({Attribute("container.id", task.container),
                                             Attribute("containerd.namespace", task.name_space)})}};
    if (!phases.code.empty() && i == kTask) {
      span["attributes"].push_back(Attribute("mayfly.code", phases.code));
    }
    if (!task.error.empty() && (i == kTask || i == kCreate)) {
      span["status"] = {{"code", kStatusError}, {"message", task.error}};
    }
    spans.push_back(std::move(span));
  }
  return {
      {"resourceSpans",
       json::array({{{"resource", Resource(settings)},
                     {"scopeSpans",
                      json::array({{{"scope", {{"name", "mayfly"}, {"version", MAYFLY_VERSION}}},
                                    {"spans", spans}}})}}})}};
}

}  // namespace mayfly::otlp
