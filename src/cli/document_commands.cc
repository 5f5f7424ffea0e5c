// spec and features: the documents of oci/documents.h.
#include <fcntl.h>
#include <unistd.h>

#include <memory>

#include "base/file.h"
#include "cli/command.h"
#include "cli/workloads.h"
#include "oci/documents.h"

namespace mayfly::cli {

using base::Result;

void AddSpec(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("spec", "Write a config.json to start from");
  const auto bundle = std::make_shared<std::string>(".");
  command->add_option("-b,--bundle", *bundle, "Directory to write it to")
      ->type_name("DIR")
      ->default_str("the working directory");
  const auto rootless = std::make_shared<bool>(false);
  command->add_flag("--rootless", *rootless, "For the user who calls this, without root");
  command->footer("Example:\n  mkdir -p hello/rootfs && mayfly spec --bundle hello");
  command->callback([selection, bundle, rootless] {
    selection->action = [bundle, rootless](const Globals&, base::Log&) -> Result<int> {
      const std::string path = *bundle + "/config.json";
      MAYFLY_ASSIGN(const base::UniqueFd fd, base::Open(path, O_WRONLY | O_CREAT | O_EXCL, 0644));
      const std::string text =
          *rootless ? oci::RootlessConfigJson(::geteuid(), ::getegid()) : oci::DefaultConfigJson();
      MAYFLY_TRY(base::WriteAll(fd.get(), text, path));
      return 0;
    };
  });
}

void AddFeatures(CLI::App* app, Selection* selection) {
  CLI::App* command =
      app->add_subcommand("features", "Print what this build can do as JSON (features.md)");
  command->footer("Example:\n  mayfly features | jq .linux.cgroup");
  command->callback([selection] {
    selection->action = [](const Globals&, base::Log&) -> Result<int> {
      MAYFLY_ASSIGN(const auto engines, InstalledEngines());
      fmt::print("{}", oci::FeaturesJson(MAYFLY_VERSION, engines));
      return 0;
    };
  });
}

}  // namespace mayfly::cli
