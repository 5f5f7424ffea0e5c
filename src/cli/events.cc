// events: usage figures and OOM kills as JSON lines.
#include "container/events.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <memory>

#include "cli/command.h"

namespace mayfly::cli {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

// "5s", "500ms", "1m", "2h", as Go's durations of one unit.
Result<int> Milliseconds(const std::string& text) {
  constexpr std::array<std::pair<std::string_view, double>, 4> kUnits = {
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  for (const auto& [name, factor] : kUnits) {
    const double value = number * factor;
    if (error == std::errc() && unit == name && value >= 1 && value <= INT32_MAX) {
      return static_cast<int>(value);
    }
  }
  return Fail(ErrorKind::kInvalid, "--interval {}: expected a duration such as 5s or 500ms", text);
}

void Print(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

}  // namespace

void AddEvents(CLI::App* app, Selection* selection) {
  CLI::App* command =
      app->add_subcommand("events", "Print a container's usage and OOM kills as JSON lines");
  const auto id = std::make_shared<std::string>();
  const auto interval = std::make_shared<std::string>("5s");
  const auto once = std::make_shared<bool>(false);
  command->add_option("id", *id, "The container")->required()->type_name("ID");
  command->add_option("--interval", *interval, "Time between two figures")
      ->type_name("DURATION")
      ->capture_default_str();
  command->add_flag("--stats", *once, "Print the figures once, at once");
  command->footer("Example:\n  mayfly events --stats hello | jq .data.memory.usage");
  command->callback([selection, id, interval, once] {
    selection->action = [id, interval, once](const Globals& globals, base::Log& log) {
      return WithRuntime(globals, log, [&](const container::Runtime& runtime) -> Result<int> {
        MAYFLY_ASSIGN(const int interval_ms, Milliseconds(*interval));
        if (*once) {
          MAYFLY_ASSIGN(const auto stats, container::StatsOf(runtime, *id));
          Print(container::StatsEvent(*id, stats));
        } else {
          MAYFLY_TRY(container::FollowEvents(runtime, *id, interval_ms, Print));
        }
        return 0;
      });
    };
  });
}

}  // namespace mayfly::cli
