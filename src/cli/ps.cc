// ps: a container's processes, as a list of ids or as the host's ps shows them.
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <sstream>

#include "base/file.h"
#include "base/process.h"
#include "cli/command.h"

namespace mayfly::cli {

using base::ErrorKind;
using base::Fail;
using base::Result;
using base::UniqueFd;

namespace {

constexpr size_t kMaxOutputBytes = 64U << 20;

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    words.push_back(word);
  }
  return words;
}

Result<std::string> RunPs(const std::vector<std::string>& arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return base::FailErrno("pipe");
  }
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  std::vector<char*> argv = {const_cast<char*>("ps")};
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int why = ::posix_spawnp(&pid, "ps", &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (why != 0) {
    return base::FailErrnoText(why, "run ps");
  }
  writing.Reset();
  auto output = base::ReadAll(reading.get(), "ps", kMaxOutputBytes);
  MAYFLY_ASSIGN(const int status, base::WaitForExit(pid));
  if (status != 0) {
    return Fail(ErrorKind::kSystem, "ps: exit status {}", status);
  }
  return output;
}

// The header and the lines whose column PID holds one of the ids.
Result<void> PrintTable(const std::vector<pid_t>& pids, const std::vector<std::string>& arguments) {
  MAYFLY_ASSIGN(const std::string output, RunPs(arguments));
  std::istringstream lines(output);
  std::string header;
  std::getline(lines, header);
  const auto titles = Words(header);
  const auto title = std::ranges::find(titles, "PID");
  if (title == titles.end()) {
    return Fail(ErrorKind::kInvalid, "ps: its output has no column PID");
  }
  const auto column = static_cast<size_t>(title - titles.begin());
  fmt::print("{}\n", header);
  for (std::string line; std::getline(lines, line);) {
    const auto fields = Words(line);
    const bool ours = fields.size() > column && std::ranges::any_of(pids, [&](pid_t pid) {
                        return fields[column] == std::to_string(pid);
                      });
    if (ours) {
      fmt::print("{}\n", line);
    }
  }
  return {};
}

}  // namespace

void AddPs(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("ps", "List the processes of a container");
  const auto id = std::make_shared<std::string>();
  const auto format = std::make_shared<std::string>("table");
  const auto arguments = std::make_shared<std::vector<std::string>>();
  command->add_option("id", *id, "The container")->required()->type_name("ID");
  command->add_option("-f,--format", *format, "table or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"table", "json"}));
  command->prefix_command();
  command->footer(
      "What follows the id goes to the host's ps, instead of -ef. Ids are those of the host.\n"
      "Examples:\n"
      "  mayfly ps --format json hello\n"
      "  mayfly ps hello -o pid,rss,comm");
  command->callback([selection, command, id, format, arguments] {
    *arguments = command->remaining();
    if (arguments->empty()) {
      arguments->emplace_back("-ef");
    }
    selection->action = [id, format, arguments](const Globals& globals, base::Log& log) {
      return WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
        MAYFLY_ASSIGN(const auto pids, container::ProcessesOf(runtime, *id));
        if (*format == "json") {
          fmt::print("[{}]\n", fmt::join(pids, ","));
        } else {
          MAYFLY_TRY(PrintTable(pids, *arguments));
        }
        return 0;
      });
    };
  });
}

}  // namespace mayfly::cli
