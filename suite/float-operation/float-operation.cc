// float-operation: sine, cosine and square root of one number, or of the numbers below a limit.
//
// The paper's argument is the number, not how often: it measures the start of a program. With
// --loops the same three operations become the work, as in FunctionBench, from which the function
// was taken.

#include <cmath>
#include <cstdint>
#include <string_view>

#include "float-operation/parse_float.h"
#include "support/arguments.h"
#include "support/fixed.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kUsage = "usage: float-operation [--compat] X | --loops N";

struct Results {
  double sine = 0;
  double cosine = 0;
  double root = 0;
};

Results Of(double x) { return {std::sin(x), std::cos(x), std::sqrt(x)}; }

// Of 0, 1, 2, ... below the limit, added up in this order.
Results SumOf(uint32_t limit) {
  Results sum;
  for (uint32_t i = 0; i < limit; ++i) {
    Results next = Of(i);
    sum.sine += next.sine;
    sum.cosine += next.cosine;
    sum.root += next.root;
  }
  return sum;
}

double NumberOf(const char* text, bool compatible) {
  auto number = ParseFloat(text);
  if (number) return *number;
  if (compatible) return 0;
  Fail(Exit::kUsage, {"X must be a number, not '", text, "'"});
}

void PrintLine(std::string_view label, double value, StdoutWriter& out) {
  out.Write(label);
  char* start = out.Room(kFixedMaxBytes);
  out.Advance(static_cast<size_t>(WriteFixed(start, value, 6) - start));
  out.Write("\n");
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "float-operation";
  Arguments arguments(argc, argv, kUsage);
  bool compatible = arguments.Flag("--compat");
  uint32_t loops = arguments.Count<uint32_t>("--loops", 0);
  size_t operands = arguments.Operands();
  // Operands after the first are ignored, as in the original.
  if ((operands == 0) == (loops == 0)) arguments.FailUsage();
  Results results = loops > 0 ? SumOf(loops) : Of(NumberOf(arguments.Operand(0), compatible));
  StdoutWriter out;
  PrintLine("Sin: ", results.sine, out);
  PrintLine("Cos: ", results.cosine, out);
  PrintLine("Sqrt: ", results.root, out);
  out.Flush();
  return 0;
}
