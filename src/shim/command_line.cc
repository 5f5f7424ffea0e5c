#include "shim/command_line.h"

#include <options.pb.h>
#include <ttrpc.pb.h>

#include <map>
#include <optional>

namespace mayfly::shim {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr int kDebugLevel = -4;  // containerd.runtime.bootstrap.v1.LogLevel

// Go's flag package: one dash or two, "-name value" or "-name=value"; the first word without a dash
// ends the flags.
struct Flag {
  std::string name;
  std::optional<std::string> value;
};

Flag SplitFlag(const std::string& word) {
  const size_t start = word.starts_with("--") ? 2 : 1;
  const size_t equals = word.find('=');
  if (equals == std::string::npos) {
    return {word.substr(start), std::nullopt};
  }
  return {word.substr(start, equals - start), word.substr(equals + 1)};
}

}  // namespace

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& args) {
  CommandLine line;
  const std::map<std::string, bool*> switches = {{"debug", &line.debug}, {"info", &line.info},
                                                 {"v", &line.version},   {"version", &line.version},
                                                 {"h", &line.help},      {"help", &line.help}};
  const std::map<std::string, std::string*> values = {{"namespace", &line.name_space},
                                                      {"address", &line.address},
                                                      {"publish-binary", &line.publish_binary},
                                                      {"id", &line.id},
                                                      {"bundle", &line.bundle},
                                                      {"socket-dir", &line.socket_dir}};
  size_t at = 0;
  for (; at < args.size() && args[at].size() > 1 && args[at][0] == '-'; ++at) {
    Flag flag = SplitFlag(args[at]);
    if (const auto found = switches.find(flag.name); found != switches.end()) {
      *found->second = flag.value.value_or("true") != "false";
      continue;
    }
    const auto found = values.find(flag.name);
    if (found == values.end()) {
      return Fail(ErrorKind::kInvalid, "unknown flag {}", args[at]);
    }
    if (!flag.value && ++at == args.size()) {
      return Fail(ErrorKind::kInvalid, "-{}: a value is missing", flag.name);
    }
    *found->second = flag.value ? *flag.value : args[at];
  }
  if (at < args.size()) {
    line.action = args[at];
  }
  return line;
}

Result<void> ReadStartInput(const std::string& bytes, CommandLine* line) {
  if (bytes.empty()) {
    return {};
  }
  // Both messages begin with a string: a type's URL, or the id that is on the command line too.
  // Read as BootstrapParams, options may be no UTF-8, which libprotobuf says on standard error, and
  // containerd takes that for a part of the shim's address.
  wire::Any any;
  if (!any.ParseFromString(bytes)) {
    return Fail(ErrorKind::kInvalid, "standard input: neither options nor BootstrapParams");
  }
  containerd::runc::v1::BootstrapParams params;
  if (any.type_url() == line->id && params.ParseFromString(bytes)) {
    line->bootstrap = true;
    line->name_space = params.namespace_();
    line->debug = line->debug || params.log_level() <= kDebugLevel;
    line->address = params.containerd_grpc_address();
    line->ttrpc_address = params.containerd_ttrpc_address();
    if (!params.socket_dir().empty()) {
      line->socket_dir = params.socket_dir();
    }
    for (const auto& extension : params.extensions()) {
      if (extension.value().type_url().ends_with(".Options")) {
        MAYFLY_ASSIGN(line->options, ParseOptions(extension.value()));
      }
    }
    return {};
  }
  MAYFLY_ASSIGN(line->options, ParseOptions(any));
  return {};
}

}  // namespace mayfly::shim
