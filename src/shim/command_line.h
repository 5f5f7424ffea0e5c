// CommandLine: how containerd calls a shim: flags in Go's form, an action, and standard input.
//
//   containerd-shim-mayfly-v1 -namespace NS -address SOCKET -publish-binary PATH -id ID
//   start|delete
//
// containerd 2.3 and newer also writes BootstrapParams to the standard input of `start`; older ones
// write the runtime's options there. What says the same twice is taken from there.
//
// Errors: kind invalid. Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "shim/options.h"

namespace mayfly::shim {

struct CommandLine {
  std::string name_space;
  std::string address;  // of containerd's gRPC socket
  std::string ttrpc_address;
  std::string publish_binary;
  std::string id;
  std::string bundle;  // "": the working directory
  std::string action;  // "start", "delete", ""
  std::string socket_dir = "/run/containerd/s";
  bool debug = false;
  bool info = false;
  bool version = false;
  bool help = false;
  bool bootstrap = false;  // called with BootstrapParams
  Options options;
};

base::Result<CommandLine> ParseCommandLine(const std::vector<std::string>& args);
// Adds what was written to the standard input of `start`.
base::Result<void> ReadStartInput(const std::string& bytes, CommandLine* line);

}  // namespace mayfly::shim
