// exec: a process to run in a container, from flags or from a file.
#include <algorithm>
#include <charconv>
#include <memory>

#include "base/file.h"
#include "cli/command.h"
#include "cli/create_options.h"
#include "oci/capabilities.h"
#include "oci/spec_parse.h"

namespace mayfly::cli {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr size_t kMaxProcessBytes = 8U << 20;
constexpr int kExitExecFailed = 255;

struct Flags {
  std::string id;
  std::vector<std::string> command;
  std::string process_file;
  std::string cwd;
  std::vector<std::string> environment;
  std::string user;
  std::vector<uint32_t> additional_gids;
  std::vector<std::string> capabilities;
  std::vector<std::string> sub_groups;
  std::string process_label;
  std::string apparmor;
  std::string console_socket;
  std::string pid_file;
  std::string pidfd_socket;
  int preserved_fds = 0;
  bool terminal = false;
  bool detach = false;
  bool no_new_privileges = false;
  bool ignore_paused = false;
};

Result<uint32_t> ParseId(std::string_view text, const std::string& user) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == UINT32_MAX) {
    return Fail(ErrorKind::kInvalid, "--user {}: expected UID[:GID] as numbers", user);
  }
  return number;
}

Result<void> SetUser(const std::string& text, oci::User* user) {
  const size_t colon = text.find(':');
  MAYFLY_ASSIGN(user->uid, ParseId(std::string_view(text).substr(0, colon), text));
  if (colon != std::string::npos) {
    MAYFLY_ASSIGN(user->gid, ParseId(std::string_view(text).substr(colon + 1), text));
  }
  return {};
}

// Ambient capabilities need inheritable ones, which --cap does not give: they are raised only where
// the container has such already.
Result<void> AddCapabilities(const std::vector<std::string>& names, oci::Process* process) {
  oci::Capabilities sets = process->capabilities.value_or(oci::Capabilities{});
  for (const std::string& name : names) {
    const auto number = oci::CapabilityNumber(name);
    if (!number) {
      return Fail(ErrorKind::kInvalid, "--cap {}: unknown capability", name);
    }
    const uint64_t bit = uint64_t{1} << *number;
    sets.bounding |= bit;
    sets.effective |= bit;
    sets.permitted |= bit;
    if (sets.inheritable != 0) {
      sets.ambient |= bit;
    }
  }
  if (!names.empty()) {
    process->capabilities = sets;
  }
  return {};
}

Result<oci::Process> FromFlags(const Flags& flags, oci::Process process) {
  if (flags.command.empty()) {
    return Fail(ErrorKind::kInvalid, "exec: a command or --process is needed");
  }
  process.args = flags.command;
  process.terminal = flags.terminal;
  process.console_rows = process.console_columns = 0;
  if (!flags.cwd.empty()) {
    if (!flags.cwd.starts_with('/')) {
      return Fail(ErrorKind::kInvalid, "--cwd {}: must be an absolute path", flags.cwd);
    }
    process.cwd = flags.cwd;
  }
  for (const std::string& variable : flags.environment) {
    if (variable.find('=') == std::string::npos || variable.starts_with('=')) {
      return Fail(ErrorKind::kInvalid, "--env {}: expected NAME=value", variable);
    }
    process.env.push_back(variable);
  }
  if (!flags.user.empty()) {
    MAYFLY_TRY(SetUser(flags.user, &process.user));
  }
  process.user.additional_gids.insert(process.user.additional_gids.end(),
                                      flags.additional_gids.begin(), flags.additional_gids.end());
  process.no_new_privileges = process.no_new_privileges || flags.no_new_privileges;
  MAYFLY_TRY(AddCapabilities(flags.capabilities, &process));
  if (!flags.apparmor.empty()) {
    process.apparmor_profile = flags.apparmor;
  }
  if (!flags.process_label.empty()) {
    process.selinux_label = flags.process_label;
  }
  return process;
}

// What the file leaves open is the container's.
Result<oci::Process> FromFile(const Flags& flags, const oci::Process& container) {
  MAYFLY_ASSIGN(const std::string bytes, base::ReadFile(flags.process_file, kMaxProcessBytes));
  MAYFLY_ASSIGN(oci::Process process, oci::ParseProcessDocument(bytes, flags.process_file));
  process.terminal = process.terminal || flags.terminal;
  if (!process.capabilities) {
    process.capabilities = container.capabilities;
  }
  if (process.rlimits.empty()) {
    process.rlimits = container.rlimits;
  }
  return process;
}

Result<container::ExecOptions> ToExecOptions(const Flags& flags) {
  MAYFLY_TRY(CheckPreserved(flags.preserved_fds));
  container::ExecOptions options;
  options.id = flags.id;
  options.pid_file = flags.pid_file;
  options.pidfd_socket = flags.pidfd_socket;
  options.console_socket = flags.console_socket;
  options.sub_groups = flags.sub_groups;
  options.preserved_fds = flags.preserved_fds;
  options.ignore_paused = flags.ignore_paused;
  options.mode = flags.detach ? container::RunMode::kDetached : container::RunMode::kForeground;
  options.process = [&flags](const oci::Spec& spec) {
    return flags.process_file.empty() ? FromFlags(flags, spec.process)
                                      : FromFile(flags, spec.process);
  };
  return options;
}

Result<int> Exec(const Globals& globals, base::Log& log, const Flags& flags) {
  ProtectProgram(globals, log);
  auto status = WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
    MAYFLY_ASSIGN(const auto options, ToExecOptions(flags));
    return container::Exec(runtime, options);
  });
  if (!status) {
    // Told from a program that exits with 1.
    (void)Complain(status.error(), log);
    return kExitExecFailed;
  }
  return status;
}

void AddProcessFlags(CLI::App* command, Flags* flags) {
  // A list's next word is not its own: `--env A=1 ID`.
  const auto list = [](CLI::Option* option) { option->allow_extra_args(false); };
  command->add_option("-p,--process", flags->process_file, "Read the process from this JSON file")
      ->type_name("FILE");
  command->add_option("--cwd", flags->cwd, "Working directory in the container")->type_name("DIR");
  list(command->add_option("-e,--env", flags->environment, "Add an environment variable")
           ->type_name("NAME=VALUE"));
  command->add_option("-u,--user", flags->user, "User, and group")->type_name("UID[:GID]");
  list(command->add_option("-g,--additional-gids", flags->additional_gids, "Add a group")
           ->type_name("GID"));
  list(command->add_option("-c,--cap", flags->capabilities, "Add a capability")
           ->type_name("CAP_NAME"));
  command->add_flag("--no-new-privs", flags->no_new_privileges,
                    "Let the process gain no privileges");
  command->add_option("--process-label", flags->process_label, "SELinux label")->type_name("LABEL");
  command->add_option("--apparmor", flags->apparmor, "AppArmor profile")->type_name("PROFILE");
}

void AddPlaceFlags(CLI::App* command, Flags* flags) {
  command->add_flag("-t,--tty", flags->terminal, "Give it a terminal");
  command
      ->add_option("--console-socket", flags->console_socket, "Socket that receives the terminal")
      ->type_name("SOCKET");
  command->add_flag("-d,--detach", flags->detach, "Return when the process runs");
  command->add_option("--pid-file", flags->pid_file, "Write the process id to this file")
      ->type_name("FILE");
  command
      ->add_option("--pidfd-socket", flags->pidfd_socket,
                   "Socket that receives a pidfd of the process")
      ->type_name("SOCKET");
  command
      ->add_option("--preserve-fds", flags->preserved_fds,
                   "Pass this many descriptors from 3 up to the process")
      ->type_name("N")
      ->check(CLI::Range(0, 1 << 16));
  command
      ->add_option("--cgroup", flags->sub_groups,
                   "Run it in an existing group below the container's")
      ->type_name("[CONTROLLER:]PATH")
      ->allow_extra_args(false);
  command->add_flag("--ignore-paused", flags->ignore_paused,
                    "In a paused container wait until it is resumed");
}

}  // namespace

void AddExec(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("exec", "Run a further program or module in a container");
  const auto flags = std::make_shared<Flags>();
  command->add_option("id", flags->id, "The container")->required()->type_name("ID");
  AddProcessFlags(command, flags.get());
  AddPlaceFlags(command, flags.get());
  // All that follows the id is the command and its arguments.
  command->prefix_command();
  command->footer(
      "Options stand before ID. In the foreground the exit status is the process's; 255 when it\n"
      "could not be run.\n"
      "Examples:\n"
      "  mayfly exec --tty hello /bin/sh\n"
      "  mayfly exec --user 1000:1000 --env A=1 hello id -u\n"
      "  mayfly exec --process process.json --detach --pid-file p hello");
  command->callback([selection, command, flags] {
    flags->command = command->remaining();
    if (!flags->command.empty() && flags->command.front() == "--") {
      flags->command.erase(flags->command.begin());
    }
    selection->action = [flags](const Globals& globals, base::Log& log) {
      return Exec(globals, log, *flags);
    };
  });
}

}  // namespace mayfly::cli
