#include "engine/capability.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr std::string_view kModule = "wasi_snapshot_preview1.";

// Sorted by name.
constexpr std::array kFunctions = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"args_get", "ii>i"},
    {"args_sizes_get", "ii>i"},
    {"clock_res_get", "ii>i"},
    {"clock_time_get", "iIi>i"},
    {"environ_get", "ii>i"},
    {"environ_sizes_get", "ii>i"},
    {"fd_advise", "iIIi>i"},
    {"fd_allocate", "iII>i"},
    {"fd_close", "i>i"},
    {"fd_datasync", "i>i"},
    {"fd_fdstat_get", "ii>i"},
    {"fd_fdstat_set_flags", "ii>i"},
    {"fd_fdstat_set_rights", "iII>i"},
    {"fd_filestat_get", "ii>i"},
    {"fd_filestat_set_size", "iI>i"},
    {"fd_filestat_set_times", "iIIi>i"},
    {"fd_pread", "iiiIi>i"},
    {"fd_prestat_dir_name", "iii>i"},
    {"fd_prestat_get", "ii>i"},
    {"fd_pwrite", "iiiIi>i"},
    {"fd_read", "iiii>i"},
    {"fd_readdir", "iiiIi>i"},
    {"fd_renumber", "ii>i"},
    {"fd_seek", "iIii>i"},
    {"fd_sync", "i>i"},
    {"fd_tell", "ii>i"},
    {"fd_write", "iiii>i"},
    {"path_create_directory", "iii>i"},
    {"path_filestat_get", "iiiii>i"},
    {"path_filestat_set_times", "iiiiIIi>i"},
    {"path_link", "iiiiiii>i"},
    {"path_open", "iiiiiIIii>i"},
    {"path_readlink", "iiiiii>i"},
    {"path_remove_directory", "iii>i"},
    {"path_rename", "iiiiii>i"},
    {"path_symlink", "iiiii>i"},
    {"path_unlink_file", "iii>i"},
    {"poll_oneoff", "iiii>i"},
    {"proc_exit", "i>"},
    {"proc_raise", "i>i"},
    {"random_get", "ii>i"},
    {"sched_yield", ">i"},
    {"sock_shutdown", "ii>i"},
});
static_assert(std::ranges::is_sorted(kFunctions));

// "ii>i" for people: "(i32, i32) -> (i32)".
std::string Spelled(std::string_view type) {
  std::string text = "(";
  bool first = true;
  for (const char letter : type) {
    if (letter == '>') {
      text += ") -> (";
      first = true;
      continue;
    }
    text.append(first ? "" : ", ");
    first = false;
    switch (letter) {
      case 'i':
        text += "i32";
        break;
      case 'I':
        text += "i64";
        break;
      case 'f':
        text += "f32";
        break;
      case 'F':
        text += "f64";
        break;
      default:
        text += "?";
    }
  }
  return text + ")";
}

// Which installed engines have an import: "offered by wasmedge, not by" or "not offered by". Only a
// refusal pays for this.
std::string OfferedBy(const std::string& import, const mayfly_engine& except,
                      const PluginHost& plugins) {
  std::string names;
  for (const std::string& name : plugins.Engines()) {
    if (name == except.name) {
      continue;
    }
    const auto other = plugins.LoadRun(name);
    if (other && Offers(**other, import)) {
      names.append(names.empty() ? "offered by " : " and ").append(name);
    }
  }
  return names.empty() ? "not offered by" : names + ", not by";
}

}  // namespace

std::string_view Preview1Type(std::string_view import) {
  if (!import.starts_with(kModule)) {
    return {};
  }
  import.remove_prefix(kModule.size());
  const auto found = std::ranges::lower_bound(
      kFunctions, import, {}, &std::pair<std::string_view, std::string_view>::first);
  return found != kFunctions.end() && found->first == import ? found->second : std::string_view();
}

Result<void> CheckImports(const std::string& path, const ModuleInfo& info,
                          const mayfly_engine& engine, const PluginHost& plugins) {
  for (size_t i = 0; i < info.imports.size(); ++i) {
    const std::string& import = info.imports[i];
    if (!Offers(engine, import)) {
      return Fail(ErrorKind::kUnsupported, "{}: module imports {}: {} {}", path, import,
                  OfferedBy(import, engine, plugins), engine.name);
    }
    const std::string_view wanted = Preview1Type(import);
    const std::string& type = info.import_types[i];
    if (!wanted.empty() && !type.empty() && type != wanted) {
      return Fail(ErrorKind::kUnsupported, "{}: module imports {} as {}: it is {}", path, import,
                  Spelled(type), Spelled(wanted));
    }
  }
  return {};
}

}  // namespace mayfly::engine
