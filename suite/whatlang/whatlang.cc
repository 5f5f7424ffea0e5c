// whatlang: the language of a text, by its own name.

#include <cstdint>
#include <optional>
#include <string_view>

#include "support/arguments.h"
#include "support/array.h"
#include "support/exits.h"
#include "support/file.h"
#include "support/stdout_writer.h"
#include "whatlang/detect.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kUsage =
    "usage: whatlang [--loops N] TEXT | whatlang [--loops N] --file FILE";

struct Options {
  uint64_t loops = 1;
  const char* file = nullptr;
  std::string_view text;
};

// A single argument is the text, whatever it looks like, as in the original.
Options ParseOptions(int argc, char** argv) {
  Options options;
  if (argc == 2) {
    options.text = argv[1];
    return options;
  }
  Arguments arguments(argc, argv, kUsage);
  options.loops = arguments.Count<uint64_t>("--loops", 1);
  options.file = arguments.Value("--file").value_or(nullptr);
  if (arguments.Operands() != (options.file == nullptr ? 1 : 0)) arguments.FailUsage();
  if (options.file == nullptr) {
    options.text = arguments.Operand(0);
  } else if (*options.file == '\0') {
    Fail(Exit::kUsage, {"a path must not be empty; ", kUsage});
  }
  return options;
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "whatlang";
  Options options = ParseOptions(argc, argv);
  Array<char> content = options.file == nullptr ? Array<char>() : ReadFile(options.file);
  if (options.file != nullptr) options.text = {content.data(), content.size()};
  std::optional<std::string_view> language;
  for (uint64_t i = 0; i < options.loops; ++i) {
    bool is_text = false;
    language = Detect(options.text, is_text);
    if (!is_text && options.file != nullptr) {
      Fail(Exit::kFailure, {"read ", options.file, ": not UTF-8"});
    }
    if (!is_text) Fail(Exit::kUsage, {"TEXT is not UTF-8"});
    if (!language) Fail(Exit::kFailure, {"no language found: the text has no letters"});
  }
  StdoutWriter out;
  out.Write(*language);
  out.Write("\n");
  out.Flush();
  return 0;
}
