// compile: one module to one engine's code, with the time it takes.
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/report_format.h"
#include "engine/aot.h"
#include "engine/plugin_host.h"

namespace mayfly::cli {

using base::Result;
using base::UniqueFd;

namespace {

struct CompileFlags {
  std::string module;
  std::string engine;
  std::string output;
  bool as_json = false;
};

Result<uint64_t> SizeOf(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) {
    return base::FailErrno("stat");
  }
  return static_cast<uint64_t>(info.st_size);
}

// Under a temporary name first, so that FILE is whole or what it was.
Result<void> CopyOut(int code_fd, uint64_t size_bytes, const std::string& path) {
  const std::string temporary = path + ".new";
  MAYFLY_ASSIGN(const UniqueFd out, base::Open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  off_t at = 0;
  while (static_cast<uint64_t>(at) < size_bytes) {
    const ssize_t sent =
        ::sendfile(out.get(), code_fd, &at, size_bytes - static_cast<uint64_t>(at));
    if (sent <= 0) {
      auto failed = base::FailErrno("write {}", temporary);
      ::unlink(temporary.c_str());
      return failed;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return base::FailErrno("rename {}", temporary);
  }
  return {};
}

Result<int> Compile(const CompileFlags& flags, base::Log& log) {
  MAYFLY_ASSIGN(const auto node, engine::LoadNodeConfig());
  const std::string engine = flags.engine.empty() ? node.engine : flags.engine;
  MAYFLY_ASSIGN(const UniqueFd fd, base::Open(flags.module, O_RDONLY));
  const engine::ModuleFile module = engine::MakeModuleFile(flags.module, fd.get());
  const engine::PluginHost plugins(node.plugins_dir);
  auto found = flags.output.empty() ? engine::AotCode(module, engine, plugins, node, log)
                                    : engine::CompileToMemory(module, engine, plugins, node, log);
  if (!found) {
    return std::unexpected(std::move(found).error());
  }
  MAYFLY_ASSIGN(const uint64_t module_bytes, SizeOf(fd.get()));
  MAYFLY_ASSIGN(const uint64_t code_bytes, SizeOf(found->code.get()));
  if (!flags.output.empty()) {
    MAYFLY_TRY(CopyOut(found->code.get(), code_bytes, flags.output));
  } else if (!found->kept) {
    return base::Fail(base::ErrorKind::kSystem, "{}: compiled, but {} could not keep it",
                      flags.module, node.cache_dir);
  }
  const bool compiled = found->source == engine::CodeSource::kCompiled;
  const std::string where = flags.output.empty() ? node.cache_dir : flags.output;
  if (flags.as_json) {
    const nlohmann::ordered_json json = {
        {"module", flags.module}, {"moduleBytes", module_bytes},       {"engine", engine},
        {"compiled", compiled},   {"milliseconds", found->compile_ms}, {"code", where},
        {"codeBytes", code_bytes}};
    fmt::print("{}\n", base::JsonText(json, 2));
  } else if (compiled) {
    fmt::print("{}: {} compiled by {} to {} in {} ms, in {}\n", flags.module,
               SizeText(module_bytes), engine, SizeText(code_bytes), found->compile_ms, where);
  } else {
    fmt::print("{}: {} is in {} already, {} of code for {}\n", flags.module, SizeText(module_bytes),
               where, SizeText(code_bytes), engine);
  }
  return 0;
}

}  // namespace

void AddCompile(CLI::App* app, Selection* selection) {
  CLI::App* command = app->add_subcommand("compile", "Compile a module, into the cache or a file");
  const auto flags = std::make_shared<CompileFlags>();
  command->add_option("module", flags->module, "The module's file")
      ->required()
      ->type_name("MODULE");
  command->add_option("-e,--engine", flags->engine, "The engine to compile for")
      ->type_name("NAME")
      ->default_str("the node's default");
  command->add_option("-o,--output", flags->output, "Write the engine's code to this file instead")
      ->type_name("FILE");
  command->add_flag("--json", flags->as_json, "Print a JSON document");
  command->footer(
      "Without -o the code goes into the cache, where starts find it; what is there already is "
      "not\n"
      "compiled again. A file that -o wrote is for looking at: containers never use it.\n"
      "Examples:\n"
      "  mayfly compile app.wasm\n"
      "  mayfly compile app.wasm -o app.elf && objdump -d app.elf");
  command->callback([selection, flags] {
    selection->action = [flags](const Globals&, base::Log& log) { return Compile(*flags, log); };
  });
}

}  // namespace mayfly::cli
