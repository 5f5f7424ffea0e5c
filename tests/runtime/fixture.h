// RuntimeTest: a fixture around the runtime under test, which checks after every test that nothing
// is left.
//
// The runtime is the mayfly that was built beside the tests, or MAYFLY_TEST_RUNTIME (for example
// /usr/bin/runc, whose command line is the contract). Each test has a directory of its own with the
// runtime's --root in it. The test process is a subreaper: whatever a command leaves behind becomes
// its child and is found.
//
// "Nothing is left": after the containers are deleted there is no mount below the directory, no
// cgroup named after a container, no process, no entry below --root.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bundle.h"
#include "command.h"
#include "host.h"

namespace mayfly::test {

class RuntimeTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path state_root() const { return directory_ / "state"; }
  // Whether the runtime is runc: for the few cases where Mayfly is meant to differ.
  static bool IsRunc();
  static const std::string& RuntimePath();

  Bundle MakeBundle(Guest guest = Guest::kNative);
  // A name no other container has, and that is no part of another one's; registered for removal.
  std::string NewId();
  // A name for something else on the host, e.g. a parent cgroup: the prefix made unique.
  std::string UniqueName(const std::string& prefix) const;

  // RUNTIME --root ROOT ARGS...
  std::vector<std::string> CommandLine(const std::vector<std::string>& args) const;
  Output Runtime(const std::vector<std::string>& args, const CommandOptions& options = {}) const;
  Process Spawn(const std::vector<std::string>& args, const CommandOptions& options = {}) const;

  // `run` in the foreground with a fresh id.
  Output Run(const Bundle& bundle, const CommandOptions& options = {});
  // Runs `probe report SECTION...` and parses what it printed; fails the test when it did not end
  // with 0.
  nlohmann::json Report(Bundle& bundle, const std::vector<std::string>& sections);
  nlohmann::json Files(Bundle& bundle, const std::vector<std::string>& paths);
  // Runs `probe try CALL...`; the errno names.
  std::vector<std::string> Try(Bundle& bundle, const std::vector<std::string>& calls);

  // `create` that must succeed; the Process holds the container's stdout and stderr.
  Process Create(const Bundle& bundle, const std::string& id,
                 const std::vector<std::string>& flags = {});
  // `create` and `start`; waits until the program printed `ready`, unless that is "".
  Process Launch(const Bundle& bundle, const std::string& id, const std::string& ready = "ready");

  // The JSON of `state`; null when the command failed.
  nlohmann::json State(const std::string& id) const;
  pid_t PidOf(const std::string& id) const;
  bool WaitForStatus(const std::string& id, const std::string& status) const;
  // kill KILL, wait until stopped, delete.
  void Stop(const std::string& id) const;

  // Asserts that a command failed as a runtime's errors do: exit code 1 and a text on stderr.
  static void ExpectError(const Output& output, const std::string& text = "");

 private:
  void DeleteContainers();
  void ExpectNothingLeft();

  std::filesystem::path directory_;
  std::vector<std::string> ids_;
  int bundles_ = 0;
};

// Reaps orphans of commands that ended; they are children of this process then.
void ReapOrphans();

}  // namespace mayfly::test
