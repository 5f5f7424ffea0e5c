// The command line: what every command gets, and how a command adds itself.
//
// One file a command. AddX() declares the command's options on the CLI11 application and, when the
// user chooses it, stores what to do in Selection::action; main() then opens what the command needs
// and runs it.
//
// Exit codes (docs/guide/exit-codes.md): 0 done, 1 error, 2 usage; `run` gives the guest's.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/log.h"
#include "base/phases.h"
#include "base/result.h"
#include "container/container.h"
#include "oci/spec.h"

namespace mayfly::cli {

struct Globals {
  std::string root = "/run/mayfly";
  std::string log_file;
  std::string log_format = "text";
  bool debug = false;
  bool systemd_cgroup = false;
  base::PhaseClock* phases = nullptr;
  char** arguments = nullptr;  // main's
};

// Returns the process's exit status.
using Action = std::function<base::Result<int>(const Globals&, base::Log&)>;

struct Selection {
  Action action;
  // Of the commands that are part of a container's life: what the clock's line is written under.
  std::string part;
  std::shared_ptr<std::string> id;
};

// Opens the store and the workload factory, then calls `verb`.
base::Result<int> WithRuntime(
    const Globals& globals, base::Log& log,
    const std::function<base::Result<int>(const container::Runtime&)>& verb);

// Executes this program anew, once, where no container can write to its file.
void ProtectProgram(const Globals& globals, base::Log& log);

// Says an error on stderr and in the log; returns the exit status 1.
int Complain(const base::Error& error, base::Log& log);

void AddCreate(CLI::App* app, Selection* selection);
void AddRun(CLI::App* app, Selection* selection);
void AddStart(CLI::App* app, Selection* selection);
void AddState(CLI::App* app, Selection* selection);
void AddKill(CLI::App* app, Selection* selection);
void AddDelete(CLI::App* app, Selection* selection);
void AddList(CLI::App* app, Selection* selection);
void AddSpec(CLI::App* app, Selection* selection);
void AddFeatures(CLI::App* app, Selection* selection);
// Of Mayfly's own: the node's engines and their code.
void AddCache(CLI::App* app, Selection* selection);
void AddCompile(CLI::App* app, Selection* selection);
void AddEngines(CLI::App* app, Selection* selection);
void AddDoctor(CLI::App* app, Selection* selection);
void AddExec(CLI::App* app, Selection* selection);
void AddPause(CLI::App* app, Selection* selection);
void AddResume(CLI::App* app, Selection* selection);
void AddPs(CLI::App* app, Selection* selection);
void AddUpdate(CLI::App* app, Selection* selection);
void AddEvents(CLI::App* app, Selection* selection);
void AddCompletion(CLI::App* app, Selection* selection);
void AddManual(CLI::App* app, Selection* selection);
// runc's commands that this version does not have: refused with a sentence, not as unknown words.
void AddUnsupported(CLI::App* app, Selection* selection);

}  // namespace mayfly::cli
