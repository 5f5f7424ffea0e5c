// engine_drive: runs one module by the engine layer alone, without a container: the four calls that
// `container` makes, in this process. For measuring the layer by itself and for tests that need no
// root.
//
//   engine_drive [NAME=VALUE ...] PROGRAM [ARGUMENT ...]
//
// NAME=VALUE before the program are annotations. The rootfs is "/", the working directory is the
// caller's. The engines and the cache are chosen by MAYFLY_ENGINES_DIR and MAYFLY_CACHE_DIR, as
// everywhere; MAYFLY_DRIVE_LOG is a file for the log.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "base/log.h"
#include "engine/workload_factory.h"

namespace {

using namespace mayfly;

base::Result<int> Drive(const oci::Spec& spec) {
  base::Log log;
  if (const char* path = std::getenv("MAYFLY_DRIVE_LOG")) {
    MAYFLY_ASSIGN(log, base::Log::OpenFile(path, base::LogFormat::kText, base::LogLevel::kDebug));
  }
  MAYFLY_ASSIGN(const base::UniqueFd rootfs, base::Open("/", O_PATH | O_DIRECTORY));
  const container::PrepareContext context{.spec = spec, .rootfs_fd = rootfs.get(), .log = log};
  const auto factory =
      engine::MakeWorkloadFactory([](const container::PrepareContext& native)
                                      -> base::Result<std::unique_ptr<container::Workload>> {
        return base::Fail(base::ErrorKind::kUnsupported, "{} is a native program",
                          native.spec.process.args.front());
      });
  MAYFLY_ASSIGN(const auto workload, factory(context));
  MAYFLY_TRY(workload->Prepare(context));
  MAYFLY_TRY(workload->Load());
  MAYFLY_TRY(workload->Verify());
  return workload->Run([] {});
}

}  // namespace

int main(int argc, char** argv) {
  oci::Spec spec;
  int i = 1;
  for (; i < argc && std::string_view(argv[i]).find('=') != std::string_view::npos; ++i) {
    const std::string_view annotation = argv[i];
    const size_t equals = annotation.find('=');
    spec.annotations.emplace(annotation.substr(0, equals), annotation.substr(equals + 1));
  }
  spec.process.args.assign(argv + i, argv + argc);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    spec.process.env.emplace_back(*entry);
  }
  char cwd[4096];
  spec.process.cwd = ::getcwd(cwd, sizeof cwd) != nullptr ? cwd : "/";
  const auto status = Drive(spec);
  if (!status) {
    std::fprintf(stderr, "engine_drive: %s\n", status.error().text().c_str());
    return 1;
  }
  ::_exit(*status);  // as a container's init ends
}
