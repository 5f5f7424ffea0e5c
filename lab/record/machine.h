// The machine record (machine.json): where, with what and when the samples beside it were measured.
//
// A measurement that was interrupted and resumed has one entry per session, since a program or the
// kernel may have changed in between.
//
// Threads: none.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mayfly::lab {

// What a session is asked to put on record about the software.
struct RecordRequest {
  std::vector<std::string> command_line;
  std::map<std::string, std::string> programs;  // name -> path, or a name to look up on PATH
  std::vector<std::string> files;               // plugins: only their digests
  std::string git_directory;                    // whose revision; empty: none
  std::map<std::string, std::string> images;    // name -> digest
  std::map<std::string, std::string> versions;  // of what is no program, e.g. the running daemon
};

// One session's entry, without its end.
nlohmann::json DescribeSession(const RecordRequest& request);

// The record in these bytes: an object, whose `sessions`, if any, are objects. Errors begin with
// `path`.
base::Result<nlohmann::json> ParseMachine(std::string_view bytes, std::string_view path);

// Adds the entry to OUT/machine.json; and, when the session is over, its end and the number of
// samples.
base::Result<void> BeginSession(const std::string& path, const nlohmann::json& session);
// `more` is merged into it: why it ended, what is missing.
base::Result<void> EndSession(const std::string& path, size_t samples, const nlohmann::json& more);

// The absolute path of a program as execvp(3) would find it; nothing when there is none.
std::string FindProgram(const std::string& name);

// A path as it stands in a record: relative to the current directory where it lies below it.
std::string RecordedPath(const std::string& path);

}  // namespace mayfly::lab
