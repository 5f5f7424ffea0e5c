// containerd-shim-mayfly-v1: runs containers for containerd, runtime type io.containerd.mayfly.v1.
#include <types.pb.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "isolate/own_program.h"
#include "oci/documents.h"
#include "shim/command_line.h"
#include "shim/remove.h"
#include "shim/start.h"

namespace mayfly::shim {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr int kExitUsage = 2;
constexpr size_t kMaxInputBytes = 16U << 20;

constexpr const char* kHelp =
    R"(Usage: containerd-shim-mayfly-v1 -namespace NS -address SOCKET -id ID [FLAG...] start|delete
       containerd-shim-mayfly-v1 -info | -version

containerd calls it, for the runtime io.containerd.mayfly.v1; it must be on containerd's PATH. `start` prints
where the task's shim listens, `delete` removes all that is left of a task.

  -namespace NS           containerd's namespace
  -address SOCKET         containerd's socket; events go to the one in the environment's TTRPC_ADDRESS
  -id ID                  the task
  -bundle DIR             its bundle, if that is not the working directory
  -socket-dir DIR         where the shims' sockets are (/run/containerd/s)
  -debug                  log what is being done, too
  -info                   what this shim is, as containerd.types.RuntimeInfo
  -version                its version

Example:
  ctr run --rm --runtime io.containerd.mayfly.v1 docker.io/library/hello:wasm c1
)";

int PrintInfo() {
  containerd::types::RuntimeInfo info;
  info.set_name("io.containerd.mayfly.v1");
  info.mutable_version()->set_version(MAYFLY_VERSION);
  info.mutable_features()->set_type_url(
      "types.containerd.io/opencontainers/runtime-spec/1/features/Features");
  info.mutable_features()->set_value(oci::FeaturesJson(MAYFLY_VERSION, {}));
  const std::string bytes = info.SerializeAsString();
  return base::WriteAll(STDOUT_FILENO, bytes, "standard output") ? 0 : 1;
}

Result<int> Act(CommandLine line) {
  if (line.id.empty() || line.name_space.empty()) {
    return Fail(ErrorKind::kInvalid, "-id and -namespace are needed");
  }
  if (line.action == "delete") {
    return Remove(line);
  }
  const char* ttrpc = std::getenv("TTRPC_ADDRESS");
  line.ttrpc_address = ttrpc == nullptr ? "" : ttrpc;
  if (::isatty(STDIN_FILENO) == 0) {
    MAYFLY_ASSIGN(const std::string input,
                  base::ReadAll(STDIN_FILENO, "standard input", kMaxInputBytes));
    MAYFLY_TRY(ReadStartInput(input, &line));
  }
  return Start(line);
}

int Main(const std::vector<std::string>& args, char** arguments) {
  const auto line = ParseCommandLine(args);
  if (!line) {
    fmt::print(stderr, "containerd-shim-mayfly-v1: {}\n", line.error().text());
    return kExitUsage;
  }
  if (line->help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (line->version) {
    fmt::print("containerd-shim-mayfly-v1 {}\n", MAYFLY_VERSION);
    return 0;
  }
  if (line->info) {
    return PrintInfo();
  }
  if (line->action != "start" && line->action != "delete") {
    fmt::print(stderr, "{}", kHelp);
    return kExitUsage;
  }
  // The daemon is a fork of `start`, and inits are forks of the daemon. Without it they are checked
  // still.
  if (line->action == "start") {
    (void)isolate::RunReadOnly(arguments);
  }
  const auto status = Act(*line);
  if (!status) {
    fmt::print(stderr, "containerd-shim-mayfly-v1: {}: {}\n", line->action, status.error().text());
    return 1;
  }
  return *status;
}

}  // namespace

}  // namespace mayfly::shim

int main(int argc, char** argv) { return mayfly::shim::Main({argv + 1, argv + argc}, argv); }
