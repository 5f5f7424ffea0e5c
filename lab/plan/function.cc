#include "lab/plan/function.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "lab/plan/toml.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;

constexpr std::string_view kGolden = "paper";
constexpr std::string_view kFloor = "noop";

bool IsDigest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<ExpectedFile> ReadFile(const TomlTable& table) {
  MAYFLY_ASSIGN(const auto path, table.String("path"));
  MAYFLY_ASSIGN(const auto bytes, table.Int("bytes"));
  MAYFLY_ASSIGN(const auto digest, table.String("sha256"));
  if (!path || path->empty()) {
    return table.Fail("path", "is missing");
  }
  if (!bytes || *bytes < 0) {
    return table.Fail("bytes", "expected a number of bytes");
  }
  if (!digest || !IsDigest(*digest)) {
    return table.Fail("sha256", "expected 64 lower-case hexadecimal digits");
  }
  return ExpectedFile{.path = *path, .bytes = static_cast<uint64_t>(*bytes), .sha256 = *digest};
}

Result<void> ReadGolden(const TomlTable& golden, Function& function) {
  MAYFLY_ASSIGN(function.args, golden.Strings("args"));
  MAYFLY_ASSIGN(const auto exit_code, golden.Int("exit"));
  MAYFLY_ASSIGN(const auto bytes, golden.Int("stdout_bytes"));
  MAYFLY_ASSIGN(const auto digest, golden.String("stdout_sha256"));
  if (!exit_code || *exit_code < 0 || *exit_code > 255) {
    return golden.Fail("exit", "expected a number from 0 to 255");
  }
  if (!bytes || *bytes < 0) {
    return golden.Fail("stdout_bytes", "expected a number of bytes");
  }
  if (!digest || !IsDigest(*digest)) {
    return golden.Fail("stdout_sha256", "expected 64 lower-case hexadecimal digits");
  }
  function.expected = {.exit_code = static_cast<int>(*exit_code),
                       .stdout_bytes = static_cast<uint64_t>(*bytes),
                       .stdout_sha256 = *digest,
                       .files = {}};
  MAYFLY_ASSIGN(const auto files, golden.Tables("file"));
  for (const TomlTable& file : files) {
    MAYFLY_ASSIGN(auto expected, ReadFile(file));
    function.expected.files.push_back(std::move(expected));
  }
  return {};
}

// A size whose arguments a golden case has is checked by it; others by their exit code.
Result<void> ReadSizes(const TomlTable& table, const std::vector<TomlTable>& goldens,
                       Function& function) {
  MAYFLY_ASSIGN(const auto sizes, table.Table("sizes"));
  for (const char* size : {"x10", "x100"}) {
    if (!sizes || !sizes->Has(size)) {
      continue;
    }
    Work work;
    MAYFLY_ASSIGN(work.args, sizes->Strings(size));
    for (const TomlTable& golden : goldens) {
      MAYFLY_ASSIGN(const auto args, golden.Strings("args"));
      if (args == work.args && golden.Has("args") && golden.Has("stdout_sha256")) {
        Function same;
        MAYFLY_TRY(ReadGolden(golden, same));
        work.expected = same.expected;
        break;
      }
    }
    function.sizes[size] = std::move(work);
  }
  return {};
}

// The file or folder of the context that an argument names: its first part, or nothing.
std::string NamedBy(const std::string& argument) {
  constexpr std::string_view kContext = "/context/";
  const size_t at = argument.find(kContext);
  return at == std::string::npos
             ? ""
             : argument.substr(at + kContext.size(),
                               argument.find('/', at + kContext.size()) - at - kContext.size());
}

}  // namespace

Context ContextOf(const Function& function, const std::string& data) {
  std::vector<std::string> named;
  const auto add = [&named](const Argv& args) {
    std::transform(args.begin(), args.end(), std::back_inserter(named), NamedBy);
  };
  add(function.args);
  for (const auto& [size, work] : function.sizes) {
    add(work.args);
  }
  Context context{.path = "{out}/context/" + function.name,
                  .source = fmt::format("{}/{}", data, function.name),
                  .inputs = {}};
  for (const Input& input : function.inputs) {
    if (std::find(named.begin(), named.end(), input.path.substr(0, input.path.find('/'))) !=
        named.end()) {
      context.inputs.push_back(input.path);
    }
  }
  return context;
}

std::optional<Function> AtSize(const Function& function, const std::string& size) {
  if (size == "parity") {
    return function;
  }
  const auto found = function.sizes.find(size);
  if (found == function.sizes.end()) {
    return std::nullopt;
  }
  Function sized = function;
  sized.args = found->second.args;
  sized.expected = found->second.expected;
  return sized;
}

Result<Function> ReadFunction(const std::string& path) {
  MAYFLY_ASSIGN(const toml::table document, ReadToml(path));
  const TomlTable table(document, path);
  Function function;
  MAYFLY_ASSIGN(const auto name, table.String("name"));
  if (!name || name->empty()) {
    return table.Fail("name", "is missing");
  }
  function.name = *name;
  MAYFLY_ASSIGN(const auto category, table.String("category"));
  function.category = category.value_or("");
  MAYFLY_ASSIGN(const auto writes, table.Bool("writes"));
  function.writes = writes.value_or(false);
  MAYFLY_ASSIGN(const auto inputs, table.Tables("input"));
  for (const TomlTable& input : inputs) {
    MAYFLY_ASSIGN(const auto input_path, input.String("path"));
    if (!input_path || input_path->empty()) {
      return input.Fail("path", "is missing");
    }
    MAYFLY_ASSIGN(const auto bytes, input.Int("bytes"));
    function.inputs.push_back({.path = *input_path, .bytes = bytes});
  }
  MAYFLY_ASSIGN(const auto goldens, table.Tables("golden"));
  for (const TomlTable& golden : goldens) {
    MAYFLY_ASSIGN(const auto case_name, golden.String("name"));
    if (case_name == kGolden) {
      MAYFLY_TRY(ReadGolden(golden, function));
      MAYFLY_TRY(ReadSizes(table, goldens, function));
      return function;
    }
  }
  return table.Fail("golden", fmt::format("no case is named \"{}\"", kGolden));
}

Result<std::vector<Function>> LoadFunctions(const std::string& suite,
                                            const std::vector<std::string>& names) {
  std::vector<std::string> wanted = names;
  if (names.empty()) {
    MAYFLY_ASSIGN(const auto entries, base::ListDirectory(suite));
    for (const std::string& entry : entries) {
      if (base::PathExists(fmt::format("{}/{}/suite.toml", suite, entry))) {
        wanted.push_back(entry);
      }
    }
    if (const auto floor = std::find(wanted.begin(), wanted.end(), kFloor); floor != wanted.end()) {
      std::rotate(wanted.begin(), floor, floor + 1);
    }
  }
  if (wanted.empty()) {
    return Fail(ErrorKind::kNotFound, "{}: no folder in it has a suite.toml", suite);
  }
  std::vector<Function> functions;
  for (const std::string& name : wanted) {
    const std::string path = fmt::format("{}/{}/suite.toml", suite, name);
    if (!base::PathExists(path)) {
      return Fail(ErrorKind::kInvalid, "no function is named {}: there is no {}", name, path);
    }
    if (std::any_of(functions.begin(), functions.end(),
                    [&](const Function& function) { return function.name == name; })) {
      return Fail(ErrorKind::kInvalid, "function {} is named twice", name);
    }
    MAYFLY_ASSIGN(Function function, ReadFunction(path));
    if (function.name != name) {
      return Fail(ErrorKind::kInvalid, "{}: name: \"{}\" is not the folder's", path, function.name);
    }
    functions.push_back(std::move(function));
  }
  return functions;
}

Result<void> CheckInputs(const std::vector<Function>& functions, const std::string& data) {
  for (const Function& function : functions) {
    for (const Input& input : function.inputs) {
      const std::string path = fmt::format("{}/{}/{}", data, function.name, input.path);
      std::error_code error;
      const auto bytes = std::filesystem::file_size(path, error);
      if (error) {
        return Fail(ErrorKind::kNotFound, "input {}: {}: make it with ./dev images", path,
                    error.message());
      }
      if (input.bytes && bytes != static_cast<uint64_t>(*input.bytes)) {
        return Fail(ErrorKind::kInvalid,
                    "input {}: {} bytes instead of {}: make it anew with ./dev images", path, bytes,
                    *input.bytes);
      }
    }
  }
  return {};
}

}  // namespace mayfly::lab
