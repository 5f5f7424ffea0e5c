// The tables that mayfly-lab reads: any bytes give rows, or an error that names the file. The first
// byte says which table.
#include <string_view>

#include "fuzz/names_the_file.h"
#include "lab/report/published.h"
#include "lab/report/results.h"

namespace {

template <typename T>
void Check(const mayfly::base::Result<T>& result) {
  mayfly::fuzz::NamesTheFile(result, "table.csv: ");
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
    default:
      Check(ParseRunTimes(bytes, "table.csv"));
  }
  return 0;
}
