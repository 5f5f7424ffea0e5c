// update: new limits, from a JSON document or from single options.
#include "container/update.h"

#include <array>
#include <cctype>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"

namespace mayfly::cli {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr size_t kMaxResourcesBytes = 1U << 20;

enum class Value : unsigned char { kNumber, kBytes, kText };

struct Option {
  const char* name;
  const char* section;
  const char* field;
  Value value;
  const char* help;
};

constexpr std::array kOptions = {
    Option{"--memory", "memory", "limit", Value::kBytes, "Memory limit; -1: none"},
    Option{"--memory-reservation", "memory", "reservation", Value::kBytes, "Memory soft limit"},
    Option{"--memory-swap", "memory", "swap", Value::kBytes, "Memory plus swap; -1: no limit"},
    Option{"--cpu-quota", "cpu", "quota", Value::kNumber, "CPU time a period, microseconds"},
    Option{"--cpu-period", "cpu", "period", Value::kNumber, "Length of a period, microseconds"},
    Option{"--cpu-burst", "cpu", "burst", Value::kNumber, "CPU time that may be saved up"},
    Option{"--cpu-share", "cpu", "shares", Value::kNumber, "Weight among other containers"},
    Option{"--cpu-idle", "cpu", "idle", Value::kNumber, "1: only when no one else wants the CPU"},
    Option{"--cpu-rt-period", "cpu", "realtimePeriod", Value::kNumber, "Real-time period"},
    Option{"--cpu-rt-runtime", "cpu", "realtimeRuntime", Value::kNumber, "Real-time limit"},
    Option{"--cpuset-cpus", "cpu", "cpus", Value::kText, "Processors, e.g. 0-2,4"},
    Option{"--cpuset-mems", "cpu", "mems", Value::kText, "Memory nodes"},
    Option{"--pids-limit", "pids", "limit", Value::kNumber, "Number of processes; -1: no limit"},
    Option{"--blkio-weight", "blockIO", "weight", Value::kNumber, "Weight of disk I/O, 10 to 1000"},
};

struct Flags {
  std::string id;
  std::string resources;
  std::array<std::string, kOptions.size()> values;
  std::string ignored;
};

Result<int64_t> Number(const Option& option, std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  if (error == std::errc() && unit.empty()) {
    return number;
  }
  // "64M", "1g", "512kb", "1GiB": powers of 1024.
  constexpr std::string_view kUnits = "bkmgt";
  const size_t power = unit.empty() ? std::string_view::npos
                                    : kUnits.find(static_cast<char>(std::tolower(unit.front())));
  unit.remove_prefix(std::min<size_t>(unit.size(), 1));
  const bool known = unit.empty() || unit == "b" || unit == "B" || unit == "iB" || unit == "ib";
  if (error != std::errc() || option.value != Value::kBytes || power == std::string_view::npos ||
      !known || number < 0 || number > (INT64_MAX >> (10 * power))) {
    return Fail(ErrorKind::kInvalid, "{} {}: expected a {}", option.name, text,
                option.value == Value::kBytes ? "number of bytes, such as 64M" : "number");
  }
  return number << (10 * power);
}

Result<std::string> FromFlags(const Flags& flags) {
  nlohmann::json resources = nlohmann::json::object();
  for (size_t i = 0; i < kOptions.size(); ++i) {
    const Option& option = kOptions[i];
    if (flags.values[i].empty()) {
      continue;
    }
    if (option.value == Value::kText) {
      resources[option.section][option.field] = flags.values[i];
    } else {
      MAYFLY_ASSIGN(const int64_t number, Number(option, flags.values[i]));
      resources[option.section][option.field] = number;
    }
  }
  return base::JsonText(resources);
}

Result<std::string> Read(const Flags& flags) {
  if (flags.resources.empty()) {
    return FromFlags(flags);
  }
  return flags.resources == "-" ? base::ReadAll(STDIN_FILENO, "standard input", kMaxResourcesBytes)
                                : base::ReadFile(flags.resources, kMaxResourcesBytes);
}

}  // namespace

void AddUpdate(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("update", "Change a container's resource limits");
  const auto flags = std::make_shared<Flags>();
  command->add_option("id", flags->id, "The container")->required()->type_name("ID");
  command
      ->add_option("-r,--resources", flags->resources,
                   "JSON in the form of linux.resources; \"-\": standard input. The other options "
                   "are ignored then")
      ->type_name("FILE");
  for (size_t i = 0; i < kOptions.size(); ++i) {
    command->add_option(kOptions[i].name, flags->values[i], kOptions[i].help)
        ->type_name(kOptions[i].value == Value::kBytes    ? "BYTES"
                    : kOptions[i].value == Value::kNumber ? "N"
                                                          : "LIST");
  }
  // Kernel memory has no limit of its own any more: runc takes the options and ignores them.
  for (const char* name : {"--kernel-memory", "--kernel-memory-tcp"}) {
    command->add_option(name, flags->ignored, "")->group("");
  }
  command->footer(
      "What is not given stays; a zero means \"as it is\".\n"
      "Examples:\n"
      "  mayfly update --memory 64M --pids-limit 50 hello\n"
      "  echo '{\"cpu\":{\"quota\":50000}}' | mayfly update --resources - hello");
  command->callback([selection, flags] {
    selection->action = [flags](const Globals& globals, base::Log& log) {
      return WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
        MAYFLY_ASSIGN(const std::string resources, Read(*flags));
        MAYFLY_TRY(container::Update(runtime, flags->id, resources,
                                     flags->resources.empty() ? "update" : "--resources"));
        return 0;
      });
    };
  });
}

}  // namespace mayfly::cli
