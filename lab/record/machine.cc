#include "lab/record/machine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "lab/exec/process.h"
#include "lab/exec/sha256.h"
#include "lab/record/host.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Result;
using nlohmann::json;

constexpr int64_t kVersionTimeoutMs = 10'000;
constexpr std::string_view kFormat = "mayfly-lab-machine/1";

// All that `argv` prints in at most ten seconds, without the last line feed; empty when it fails.
std::string OutputOf(const Argv& argv) {
  ProcessRunner runner;
  auto outcome = runner.Run({.argv = argv, .env = {}}, kVersionTimeoutMs);
  if (!outcome || outcome->exit_code != 0) {
    return "";
  }
  std::string text = std::move(outcome->stdout_head);
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

json DigestOf(const std::string& path) {
  auto digest = Sha256OfFile(path);
  return digest ? json(*std::move(digest)) : json(nullptr);
}

json DescribeProgram(const std::string& given) {
  const std::string path = FindProgram(given);
  if (path.empty()) {
    return {{"path", RecordedPath(given)}, {"version", nullptr}, {"sha256", nullptr}};
  }
  const std::string version = OutputOf({path, "--version"});
  return {{"path", RecordedPath(path)},
          {"version", version.empty() ? json(nullptr) : json(version)},
          {"sha256", DigestOf(path)}};
}

Result<void> Write(const std::string& path, const json& record) {
  const std::filesystem::path target(path);
  MAYFLY_ASSIGN(const base::UniqueFd directory,
                base::Open(target.parent_path().empty() ? "." : target.parent_path().string(),
                           O_RDONLY | O_DIRECTORY));
  return base::ReplaceFileAt(directory.get(), target.filename().string(),
                             base::JsonText(record, 2) + "\n", 0644);
}

Result<json> Read(const std::string& path) {
  MAYFLY_ASSIGN(const std::string bytes, base::ReadFile(path));
  MAYFLY_ASSIGN(json record, ParseMachine(bytes, path));
  if (record["format"] != kFormat || !record["sessions"].is_array()) {
    return base::Fail(ErrorKind::kInvalid, "{}: is not a machine record of format {}", path,
                      kFormat);
  }
  return record;
}

}  // namespace

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return ::access(name.c_str(), X_OK) == 0 ? name : "";
  }
  const char* path = ::getenv("PATH");
  const std::string_view directories = path != nullptr ? path : "/usr/bin:/bin";
  for (size_t begin = 0; begin <= directories.size();) {
    const size_t end = std::min(directories.find(':', begin), directories.size());
    const std::string candidate =
        fmt::format("{}/{}", directories.substr(begin, end - begin), name);
    if (::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    begin = end + 1;
  }
  return "";
}

std::string RecordedPath(const std::string& path) {
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string() + "/";
  return !error && path.starts_with(here) ? path.substr(here.size()) : path;
}

Result<json> ParseMachine(std::string_view bytes, std::string_view path) {
  MAYFLY_ASSIGN(json record, base::ParseJson(bytes, path));
  const base::JsonView view(record, path);
  MAYFLY_TRY(view.Members());
  MAYFLY_ASSIGN(const auto sessions, view["sessions"].Items());
  for (const base::JsonView& session : sessions) {
    MAYFLY_TRY(session.Members());
  }
  return record;
}

json DescribeSession(const RecordRequest& request) {
  json programs = json::object();
  for (const auto& [name, path] : request.programs) {
    programs[name] = DescribeProgram(path);
  }
  json files = json::object();
  for (const std::string& path : request.files) {
    files[RecordedPath(path)] = DigestOf(path);
  }
  Argv command_line;
  for (const std::string& word : request.command_line) {
    command_line.push_back(RecordedPath(word));
  }
  json git = nullptr;
  if (!request.git_directory.empty() && !FindProgram("git").empty()) {
    if (std::string revision = OutputOf(
            {"git", "-C", request.git_directory, "describe", "--always", "--abbrev=40", "--dirty"});
        !revision.empty()) {
      git = std::move(revision);
    }
  }
  return {{"started", base::Rfc3339Now()}, {"ended", nullptr},    {"command_line", command_line},
          {"lab_version", MAYFLY_VERSION}, {"git_revision", git}, {"host", DescribeHost()},
          {"programs", programs},          {"files", files},      {"images", request.images},
          {"versions", request.versions}};
}

Result<void> BeginSession(const std::string& path, const json& session) {
  json record = {{"format", kFormat}, {"sessions", json::array()}};
  if (base::PathExists(path)) {
    MAYFLY_ASSIGN(record, Read(path));
  }
  record["sessions"].push_back(session);
  return Write(path, record);
}

Result<void> EndSession(const std::string& path, size_t samples, const json& more) {
  MAYFLY_ASSIGN(json record, Read(path));
  if (!record["sessions"].empty()) {
    record["sessions"].back()["ended"] = base::Rfc3339Now();
    record["sessions"].back()["samples_after"] = samples;
    record["sessions"].back().update(more);
  }
  return Write(path, record);
}

}  // namespace mayfly::lab
