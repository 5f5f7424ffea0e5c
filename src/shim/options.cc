#include "shim/options.h"

#include <fcntl.h>
#include <options.pb.h>
#include <ttrpc.pb.h>

#define TOML_EXCEPTIONS 0
// toml++ 3.3 asserts on what is a syntax error ("[=key]"); without it, it gives that error.
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

#include "base/file.h"

namespace mayfly::shim {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr const char* kRootFile = "mayfly-root";

Result<Options> FromRunc(const std::string& value) {
  containerd::runc::v1::Options given;
  if (!given.ParseFromString(value)) {
    return Fail(ErrorKind::kInvalid, "options: containerd.runc.v1.Options cannot be parsed");
  }
  Options options;
  options.no_pivot_root = given.no_pivot_root();
  options.no_new_keyring = given.no_new_keyring();
  options.systemd_cgroup = given.systemd_cgroup();
  options.shim_cgroup = given.shim_cgroup();
  options.binary_name = given.binary_name();
  options.root = given.root();
  return options;
}

Result<Options> FromToml(const std::string& text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return Fail(ErrorKind::kInvalid, "options: line {}: {}", parsed.error().source().begin.line,
                parsed.error().description());
  }
  const toml::table& table = parsed.table();
  Options options;
  options.no_pivot_root = table["NoPivotRoot"].value_or(false);
  options.no_new_keyring = table["NoNewKeyring"].value_or(false);
  options.systemd_cgroup = table["SystemdCgroup"].value_or(false);
  options.shim_cgroup = table["ShimCgroup"].value_or(std::string());
  options.binary_name = table["BinaryName"].value_or(std::string());
  options.root = table["Root"].value_or(std::string());
  return options;
}

}  // namespace

Result<Options> ParseOptions(const wire::Any& any) {
  const std::string& type = any.type_url();
  if (type.ends_with("containerd.runc.v1.Options")) {
    return FromRunc(any.value());
  }
  if (type.ends_with("runtimeoptions.v1.Options")) {
    containerd::runc::v1::RuntimeOptions given;
    if (!given.ParseFromString(any.value())) {
      return Fail(ErrorKind::kInvalid, "options: runtimeoptions.v1.Options cannot be parsed");
    }
    if (!given.config_body().empty()) {
      return FromToml(given.config_body());
    }
    if (!given.config_path().empty()) {
      MAYFLY_ASSIGN(const std::string text, base::ReadFile(given.config_path(), 1U << 20));
      return FromToml(text);
    }
  }
  return Options{};
}

std::string StateRoot(const Options& options, const std::string& name_space) {
  return (options.root.empty() ? kDefaultRoot : options.root) + "/" + name_space;
}

Result<void> RememberStateRoot(const std::string& bundle, const std::string& root) {
  MAYFLY_ASSIGN(const base::UniqueFd dir, base::Open(bundle, O_RDONLY | O_DIRECTORY));
  return base::ReplaceFileAt(dir.get(), kRootFile, root, 0600);
}

std::string RecallStateRoot(const std::string& bundle, const std::string& name_space) {
  return base::ReadFile(bundle + "/" + kRootFile, 4096).value_or(StateRoot({}, name_space));
}

}  // namespace mayfly::shim
