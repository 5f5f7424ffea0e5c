// imageprocessing: decodes an image, inverts it, resizes it to 800 x 800, turns it by 45 degrees
// and writes it as PNG beside the original.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "imageprocessing/codec.h"
#include "imageprocessing/transform.h"
#include "support/arguments.h"
#include "support/exits.h"
#include "support/file.h"
#include "support/output_file.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kUsage = "usage: imageprocessing [--compat] [--loops N] FILE";
constexpr uint32_t kSide = 800;

void Process(const char* path, const std::string& output, Trigonometry trigonometry) {
  Array<char> file = ReadFile(path);
  auto decoded = Decode(file.data(), file.size());
  if (!decoded) Fail(Exit::kFailure, {"decode ", path, ": ", decoded.error()});
  Invert(*decoded);
  Image result = TurnBy45Degrees(Resize(*decoded, kSide, kSide), trigonometry);
  ToStraight(result);
  EncodedPng png(result);
  OutputFile out(output.c_str());
  out.Write(png.data(), png.size());
  out.Close();
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "imageprocessing";
  Arguments arguments(argc, argv, kUsage);
  bool compat = arguments.Flag("--compat");
  auto loops = arguments.Count<uint32_t>("--loops", 1);
  if (arguments.Operands() != 1) arguments.FailUsage();
  const char* path = arguments.Path(0);
  std::string output = std::string(path) + "-output.png";
  for (uint32_t i = 0; i < loops; ++i) {
    Process(path, output, compat ? Trigonometry::kPerPixel : Trigonometry::kOnce);
  }
  return 0;
}
