// matmul: product of two n x n matrices of random numbers, printed in full or as a checksum.

#include <cstdint>
#include <string_view>

#include "matmul/matrix.h"
#include "support/arguments.h"
#include "support/checksum_line.h"
#include "support/matrix_text.h"
#include "support/sm64.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kUsage = "usage: matmul [--quiet] [--seed N | --random] N";

// What is needed at a time, four matrices, still fits into the 4 GiB of a Wasm memory.
constexpr uint32_t kMaxOrder = 10000;

// The first operand; further ones are ignored, as in the original.
uint32_t OrderOf(const Arguments& arguments) {
  if (arguments.Operands() == 0) arguments.FailUsage();
  auto order = ParseUnsigned<uint32_t>(arguments.Operand(0));
  if (!order || *order == 0 || *order > kMaxOrder) {
    Fail(Exit::kUsage,
         {"N must be a decimal number from 1 to 10000, not '", arguments.Operand(0), "'"});
  }
  return *order;
}

Matrix Product(uint32_t order, uint64_t seed) {
  Sm64 random(seed);
  Matrix a(order);
  Matrix b(order);
  a.FillNormal(random);
  b.FillNormal(random);
  return Multiply(a, b);
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "matmul";
  Arguments arguments(argc, argv, kUsage);
  bool quiet = arguments.Flag("--quiet");
  uint64_t seed = arguments.Seed();
  uint32_t order = OrderOf(arguments);
  Matrix product = Product(order, seed);
  StdoutWriter out;
  if (quiet) {
    PrintChecksum(product.row(0), product.cells().size(), out);
  } else {
    PrintMatrix(product.row(0), order, order, out);
  }
  out.Flush();
  return 0;
}
