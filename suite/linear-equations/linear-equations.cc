// linear-equations: solves A x = b for a matrix of random numbers and prints x.

#include <cstdint>
#include <string_view>

#include "linear-equations/solve.h"
#include "support/arguments.h"
#include "support/array.h"
#include "support/checksum_line.h"
#include "support/ih12.h"
#include "support/matrix_text.h"
#include "support/sm64.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kUsage = "usage: linear-equations [--quiet] [--seed N | --random] N";

// The matrix is at most 3.2 GB, and so fits into a Wasm memory.
constexpr uint32_t kMaxOrder = 20000;

// The first operand; further ones are ignored, as in the original.
uint32_t OrderOf(const Arguments& arguments) {
  if (arguments.Operands() == 0) arguments.FailUsage();
  auto order = ParseUnsigned<uint32_t>(arguments.Operand(0));
  if (!order || *order == 0 || *order > kMaxOrder) {
    Fail(Exit::kUsage,
         {"N must be a decimal number from 1 to 20000, not '", arguments.Operand(0), "'"});
  }
  return *order;
}

Array<double> Normal(size_t count, Sm64& random) {
  Array<double> values(count);
  for (double& value : values) value = Ih12(random);
  return values;
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "linear-equations";
  Arguments arguments(argc, argv, kUsage);
  bool quiet = arguments.Flag("--quiet");
  Sm64 random(arguments.Seed());
  size_t order = OrderOf(arguments);
  Array<double> matrix = Normal(order * order, random);
  Array<double> vector = Normal(order, random);
  if (!Solve(matrix.data(), vector.data(), order)) {
    Fail(Exit::kFailure, {"the matrix is singular"});
  }
  StdoutWriter out;
  if (quiet) {
    PrintChecksum(vector.data(), order, out);
  } else {
    PrintMatrix(vector.data(), order, 1, out);
  }
  out.Flush();
  return 0;
}
