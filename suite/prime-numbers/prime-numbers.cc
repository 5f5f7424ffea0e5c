// prime-numbers: lists the primes up to N, found by trial division.
//
// The work is the point, not the list: every odd number is divided by 3, 5, 7, ... up to its square
// root. All arithmetic is 32 bit in native and Wasm builds alike, so N is at most 2^32 - 1.

#include <cmath>
#include <cstdint>

#include "support/args.h"
#include "support/array.h"
#include "support/exits.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {
namespace {

// Odd i >= 3.
bool IsPrime(uint32_t i) {
  uint32_t stop = static_cast<uint32_t>(std::sqrt(static_cast<double>(i))) + 1;
  for (uint32_t j = 3; j < stop; j += 2) {
    if (i % j == 0) return false;
  }
  return true;
}

Array<uint32_t> PrimesUpTo(uint32_t limit) {
  Array<uint32_t> primes;
  if (limit < 2) return primes;
  primes.Append(2);
  // Counted, because 2^32 - 1 + 2 would wrap.
  uint32_t odd_numbers = (limit - 1) / 2;
  for (uint32_t n = 0; n < odd_numbers; ++n) {
    uint32_t i = 3 + 2 * n;
    if (IsPrime(i)) primes.Append(i);
  }
  return primes;
}

void Print(const Array<uint32_t>& primes) {
  StdoutWriter out;
  out.Write("[");
  if (primes.size() > 0) {
    out.Write("\n");
    for (uint32_t prime : primes) {
      out.Write("    ");
      out.Unsigned(prime);
      out.Write(",\n");
    }
  }
  out.Write("]\n");
  out.Flush();
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "prime-numbers";
  if (argc != 2) Fail(Exit::kUsage, {"usage: prime-numbers N"});
  auto limit = ParseUnsigned<uint32_t>(argv[1]);
  if (!limit)
    Fail(Exit::kUsage, {"N must be an unsigned decimal number below 2^32, not '", argv[1], "'"});
  Print(PrimesUpTo(*limit));
  return 0;
}
