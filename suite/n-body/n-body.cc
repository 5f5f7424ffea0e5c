// n-body: the energy of the solar system before and after a number of time steps.

#include <cstdint>

#include "n-body/solar_system.h"
#include "support/arguments.h"
#include "support/fixed.h"
#include "support/stdout_writer.h"

namespace mayfly::suite {
namespace {

constexpr uint64_t kDefaultSteps = 1000;

// Operands after the first are ignored, as in the original.
uint64_t StepsOf(int argc, char** argv) {
  Arguments arguments(argc, argv, "usage: n-body [--compat] [STEPS]");
  bool compatible = arguments.Flag("--compat");
  if (arguments.Operands() == 0) return kDefaultSteps;
  const char* text = arguments.Operand(0);
  auto steps = ParseUnsigned<uint64_t>(text);
  if (steps) return *steps;
  if (compatible) return kDefaultSteps;
  Fail(Exit::kUsage, {"STEPS must be an unsigned decimal number below 2^64, not '", text, "'"});
}

void PrintEnergy(const SolarSystem& system, StdoutWriter& out) {
  char* start = out.Room(kFixedMaxBytes);
  out.Advance(static_cast<size_t>(WriteFixed(start, system.Energy(), 9) - start));
  out.Write("\n");
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "n-body";
  uint64_t steps = StepsOf(argc, argv);
  StdoutWriter out;
  SolarSystem system;
  PrintEnergy(system, out);
  for (uint64_t step = 0; step < steps; ++step) system.Step();
  PrintEnergy(system, out);
  out.Flush();
  return 0;
}
