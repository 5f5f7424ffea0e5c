// mayfly: an OCI runtime for native and WebAssembly containers, with runc's command line.
#include <cstdio>

#include "cli/command.h"
#include "cli/workloads.h"
#include "isolate/own_program.h"

namespace mayfly::cli {

using base::Result;

namespace {

constexpr int kExitError = 1;
constexpr int kExitUsage = 2;

void AddGlobals(CLI::App* app, Globals* globals) {
  app->add_option("--root", globals->root, "Directory of the containers' state")
      ->type_name("DIR")
      ->capture_default_str();
  app->add_option("--log", globals->log_file, "Append events to this file")->type_name("FILE");
  app->add_option("--log-format", globals->log_format, "text or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "json"}));
  app->add_flag("--debug", globals->debug, "Log what is being done, too");
  app->add_flag(
      "--systemd-cgroup", globals->systemd_cgroup,
      "Put new containers into scopes of systemd; linux.cgroupsPath is SLICE:PREFIX:NAME");
  app->add_option("--rootless", "Accepted for runc's users: true, false or auto")
      ->type_name("MODE");
  app->add_option("--criu", "Accepted for runc's users")->type_name("PATH");
}

Result<base::Log> OpenLog(const Globals& globals) {
  if (globals.log_file.empty()) {
    return base::Log();
  }
  auto log = base::Log::OpenFile(
      globals.log_file,
      globals.log_format == "json" ? base::LogFormat::kJson : base::LogFormat::kText,
      globals.debug ? base::LogLevel::kDebug : base::LogLevel::kInfo);
  if (!log) {
    return std::unexpected(std::move(log).error().Wrap("--log"));
  }
  return log;
}

int Main(int argc, char** argv) {
  CLI::App app("OCI runtime for native and WebAssembly containers, with runc's command line.",
               "mayfly");
  // First of all: its first mark is the command's begin.
  base::PhaseClock phases = base::PhaseClock::FromEnvironment();
  Globals globals;
  globals.phases = &phases;
  globals.arguments = argv;
  Selection selection;
  AddGlobals(&app, &globals);
  app.set_version_flag("-v,--version",
                       std::string("mayfly version " MAYFLY_VERSION "\nspec: 1.2.0"));
  app.require_subcommand(0, 1);
  app.footer(
      "Examples:\n"
      "  mayfly run --bundle hello c1          run a bundle and wait for it\n"
      "  ctr run --rm --runc-binary /usr/bin/mayfly IMAGE c1\n"
      "                                        run an image under containerd\n"
      "\n"
      "`mayfly COMMAND --help` tells more. Exit status: 0 done, 1 error, 2 wrong usage; `run` "
      "gives the guest's.");
  AddCreate(&app, &selection);
  AddStart(&app, &selection);
  AddState(&app, &selection);
  AddKill(&app, &selection);
  AddDelete(&app, &selection);
  AddRun(&app, &selection);
  AddExec(&app, &selection);
  AddPs(&app, &selection);
  AddPause(&app, &selection);
  AddResume(&app, &selection);
  AddUpdate(&app, &selection);
  AddEvents(&app, &selection);
  AddList(&app, &selection);
  AddSpec(&app, &selection);
  AddFeatures(&app, &selection);
  AddCache(&app, &selection);
  AddCompile(&app, &selection);
  AddEngines(&app, &selection);
  AddDoctor(&app, &selection);
  AddCompletion(&app, &selection);
  AddManual(&app, &selection);
  AddUnsupported(&app, &selection);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (!selection.action) {
    fmt::print(stderr, "mayfly: a command is needed; `mayfly --help` lists them\n");
    return kExitUsage;
  }
  base::Log silent;
  auto log = OpenLog(globals);
  if (!log) {
    return Complain(log.error(), silent);
  }
  const auto status = selection.action(globals, *log);
  if (selection.id != nullptr) {
    phases.Mark(base::Phase::kEnd);
    phases.Write(*selection.id, selection.part);
  }
  return status ? *status : Complain(status.error(), *log);
}

}  // namespace

int Complain(const base::Error& error, base::Log& log) {
  log.Write(base::LogLevel::kError, error.text());
  fmt::print(stderr, "mayfly: {}\n", error.text());
  return kExitError;
}

void ProtectProgram(const Globals& globals, base::Log& log) {
  if (const auto done = isolate::RunReadOnly(globals.arguments); !done) {
    log.Warning("a container could look at this program's file: {}", done.error().text());
  }
}

Result<int> WithRuntime(const Globals& globals, base::Log& log,
                        const std::function<Result<int>(const container::Runtime&)>& verb) {
  MAYFLY_ASSIGN(const auto store, container::Store::Open(globals.root));
  const container::WorkloadFactory make_workload = MakeWorkloads();
  return verb(container::Runtime{store, log, make_workload, globals.phases, globals.systemd_cgroup,
                                 [&] { ProtectProgram(globals, log); }});
}

}  // namespace mayfly::cli

int main(int argc, char** argv) { return mayfly::cli::Main(argc, argv); }
