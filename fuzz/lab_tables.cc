// The tables that mayfly-lab reads: any bytes give rows, or an error that names the file. The first
// byte says which table.
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.h"
#include "fuzz/names_the_file.h"
#include "lab/record/machine.h"
#include "lab/report/change.h"
#include "lab/report/published.h"
#include "lab/report/results.h"

namespace {

template <typename T>
void Check(const mayfly::base::Result<T>& result) {
  mayfly::fuzz::NamesTheFile(result, "table.csv: ");
}

// Whatever a record says can be compared and written down.
void CheckMachine(std::string_view bytes) {
  auto machine = mayfly::lab::ParseMachine(bytes, "table.csv");
  Check(machine);
  if (machine) {
    mayfly::lab::Results before;
    before.machine = *machine;
    mayfly::lab::Results after;
    const auto sessions = before.machine.find("sessions");
    if (sessions != before.machine.end() && !sessions->empty()) {
      after.machine = {{"sessions", {sessions->front()}}};
    }
    mayfly::base::JsonText(
        mayfly::lab::ChangesJson(mayfly::lab::CompareResults(before, after, {})));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mayfly::lab;
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 's':
      Check(ParseRuns(bytes, "table.csv"));
      break;
    case 'd':
      Check(ParseDensity(bytes, "table.csv"));
      break;
    case 't':
      Check(ParseThroughput(bytes, "table.csv"));
      break;
    case 'i':
      Check(ParseImages(bytes, "table.csv"));
      break;
    case 'm':
      Check(ParseMedians(bytes, "table.csv"));
      break;
    case 'z':
      Check(ParseSizes(bytes, "table.csv"));
      break;
    case 'j':
      CheckMachine(bytes);
      break;
    default:
      Check(ParseRunTimes(bytes, "table.csv"));
  }
  return 0;
}
