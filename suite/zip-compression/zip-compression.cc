// zip-compression: packs a directory tree into a ZIP archive.

#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "support/arguments.h"
#include "support/exits.h"
#include "support/file.h"
#include "support/stdout_writer.h"
#include "zip-compression/archive.h"
#include "zip-compression/quoted.h"
#include "zip-compression/walk.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kUsage =
    "usage: zip-compression [--method store|deflate] [--fsync] [--loops N] DIRECTORY ARCHIVE";

struct Options {
  Method method = Method::kStore;
  Archive::Sync sync = Archive::Sync::kNo;
  uint32_t loops = 1;
  std::string source;
  const char* archive = nullptr;
};

// Operands after the second are ignored, as in the original.
Options ParseOptions(int argc, char** argv) {
  Arguments arguments(argc, argv, kUsage);
  Options options;
  std::string_view method = arguments.Value("--method").value_or("store");
  if (method == "deflate") {
    options.method = Method::kDeflate;
  } else if (method != "store") {
    Fail(Exit::kUsage, {"--method must be store or deflate, not '", method, "'"});
  }
  if (arguments.Flag("--fsync")) options.sync = Archive::Sync::kToDisk;
  options.loops = arguments.Count<uint32_t>("--loops", 1);
  if (arguments.Operands() < 2) arguments.FailUsage();
  options.source = arguments.Path(0);
  options.archive = arguments.Path(1);
  return options;
}

void RequireDirectory(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    Fail(Exit::kFailure, {"open ", path, ": ", strerror(errno)});
  }
  if (!S_ISDIR(status.st_mode)) Fail(Exit::kFailure, {"open ", path, ": not a directory"});
}

// A link to a file counts as the file; what is neither file nor directory is kept as a directory.
void Pack(const Options& options, StdoutWriter& out) {
  Archive archive(options.archive, options.method);
  Walk(options.source, [&](const std::string& path, const std::string& name) {
    struct stat status;
    bool is_file = stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    if (is_file && archive.IsSelf(status)) return;
    out.Write(is_file ? "adding file " : "adding dir ");
    out.Write(Quoted(path));
    out.Write(" as ");
    out.Write(Quoted(name));
    out.Write(" ...\n");
    if (is_file) {
      archive.AddFile(name, ReadFile(path.c_str()));
    } else {
      archive.AddDirectory(name);
    }
  });
  archive.Finish(options.sync);
  out.Write("done: ");
  out.Write(options.source);
  out.Write(" written to ");
  out.Write(options.archive);
  out.Write("\n");
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "zip-compression";
  Options options = ParseOptions(argc, argv);
  RequireDirectory(options.source);
  StdoutWriter out;
  for (uint32_t i = 0; i < options.loops; ++i) Pack(options, out);
  out.Flush();
  return 0;
}
