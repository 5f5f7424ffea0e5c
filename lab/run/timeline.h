// Timeline: from moments that several observers saw to the stages of one run.
//
// Observers are the lab (begin and end of the command), containerd (its events, of the wall clock)
// and Mayfly (its phase clock, monotonic). Stages follow each other, and those that are known add
// up to the total when all of them are; where a border was not seen, the stage before or after has
// the time. docs/formats/lab-results.md says which borders each stage has.
//
// Units: nanoseconds, all on one clock. Threads: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lab/record/sample.h"

namespace mayfly::lab {

// "create.begin" (phase clock: part and mark) or "/tasks/start" (event: its topic) -> when.
using Moments = std::map<std::string, int64_t, std::less<>>;

// Adds the moments of one container from the text of a phase clock's file; the first line of a part
// counts, but for the guest's begin.
void AddPhaseLines(std::string_view text, std::string_view id, Moments& moments);

// Adds the moments of one container from lines of `ctr events`; `offset_ns` is what the wall clock
// is ahead of the monotonic one.
void AddEventLines(std::string_view text, std::string_view id, int64_t offset_ns, Moments& moments);

// The stages of a run under containerd, or of an OCI runtime's `run`, into the sample.
void SetStages(const Moments& moments, int64_t begin_ns, int64_t end_ns, Sample& sample);

// "2026-01-02 03:04:05.123456789 +0000 UTC" as nanoseconds since 1970; nothing when it is not that.
std::optional<int64_t> ParseEventTime(std::string_view text);

}  // namespace mayfly::lab
