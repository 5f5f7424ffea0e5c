// matmul: product of two n x n matrices of random numbers, printed in full or as a checksum.

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>

#include "matmul/matrix.h"
#include "support/args.h"
#include "support/exits.h"
#include "support/sha256.h"
#include "support/sm64.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kUsage = "usage: matmul [--quiet] [--seed N | --random] N";

// What is needed at a time, four matrices, still fits into the 4 GiB of a Wasm memory.
constexpr uint32_t kMaxOrder = 10000;

struct Options {
  uint32_t order = 0;
  uint64_t seed = 1;
  bool quiet = false;
};

uint64_t ClockSeed() {
  timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) Fail(Exit::kFailure, {"clock: ", strerror(errno)});
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// The first argument that is no option is the order; further ones are ignored, as in the original.
Options ParseOptions(int argc, char** argv) {
  Options options;
  std::optional<std::string_view> order;
  for (int i = 1; i < argc; ++i) {
    std::string_view arg = argv[i];
    if (arg == "--quiet") {
      options.quiet = true;
    } else if (arg == "--random") {
      options.seed = ClockSeed();
    } else if (arg == "--seed") {
      if (++i == argc) Fail(Exit::kUsage, {"--seed needs a number"});
      auto seed = ParseUnsigned<uint64_t>(argv[i]);
      if (!seed)
        Fail(Exit::kUsage,
             {"--seed must be an unsigned decimal number below 2^64, not '", argv[i], "'"});
      options.seed = *seed;
    } else if (arg.starts_with("--")) {
      Fail(Exit::kUsage, {"unknown option ", arg, "; ", kUsage});
    } else if (!order) {
      order = arg;
    }
  }
  if (!order) Fail(Exit::kUsage, {kUsage});
  auto value = ParseUnsigned<uint32_t>(*order);
  if (!value || *value == 0 || *value > kMaxOrder) {
    Fail(Exit::kUsage, {"N must be a decimal number from 1 to 10000, not '", *order, "'"});
  }
  options.order = *value;
  return options;
}

Matrix Product(const Options& options) {
  Sm64 random(options.seed);
  Matrix a(options.order);
  Matrix b(options.order);
  a.FillNormal(random);
  b.FillNormal(random);
  return Multiply(a, b);
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "matmul";
  Options options = ParseOptions(argc, argv);
  Matrix product = Product(options);
  StdoutWriter out;
  if (options.quiet) {
    static_assert(std::endian::native == std::endian::little,
                  "the checksum is of little-endian doubles");
    Sha256 digest;
    digest.Update(product.cells().data(), product.cells().size() * sizeof(double));
    auto hex = digest.Hex();
    out.Write({hex.data(), hex.size()});
    out.Write("\n");
  } else {
    Print(product, out);
  }
  out.Flush();
  return 0;
}
