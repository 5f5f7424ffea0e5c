#include "lab/run/context.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"

namespace mayfly::lab {
namespace {

using base::ErrorKind;
using base::Fail;
using base::Result;
namespace fs = std::filesystem;

Result<void> Copy(const fs::path& from, const fs::path& to) {
  MAYFLY_TRY(base::MakeDirs(to.parent_path().string(), 0755));
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) {
    return Fail(ErrorKind::kSystem, "copy {} to {}: {}", from.string(), to.string(),
                error.message());
  }
  return {};
}

// Everything in `folder` that is neither an input nor a folder of one.
Result<void> RemoveOthers(const fs::path& folder, const std::vector<std::string>& inputs) {
  std::vector<fs::path> others;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().lexically_relative(folder).string();
    const bool is_input = std::find(inputs.begin(), inputs.end(), name) != inputs.end();
    const bool holds_one = std::any_of(inputs.begin(), inputs.end(), [&](const std::string& input) {
      return input.starts_with(name + "/");
    });
    if (is_input || (holds_one && at->is_directory() && !at->is_symlink())) {
      continue;
    }
    others.push_back(at->path());
    at.disable_recursion_pending();
  }
  for (const fs::path& other : others) {
    if (!error) {
      fs::remove_all(other, error);
    }
  }
  if (error) {
    return Fail(ErrorKind::kSystem, "clear {}: {}", folder.string(), error.message());
  }
  return {};
}

}  // namespace

Result<void> MakeContext(const Context& context) {
  if (context.path.empty()) {
    return {};
  }
  MAYFLY_TRY(base::MakeDirs(context.path, 0755));
  MAYFLY_TRY(RemoveOthers(context.path, context.inputs));
  for (const std::string& input : context.inputs) {
    const fs::path from = fs::path(context.source) / input;
    const fs::path to = fs::path(context.path) / input;
    std::error_code error;
    const auto wanted = fs::file_size(from, error);
    if (error) {
      return Fail(ErrorKind::kNotFound, "input {}: {}: make it with ./dev images", from.string(),
                  error.message());
    }
    if (fs::file_size(to, error) != wanted || error) {
      MAYFLY_TRY(Copy(from, to));
    }
  }
  return {};
}

std::string FilesMismatch(const Expectation& expected, const Context& context) {
  for (const ExpectedFile& file : expected.files) {
    const std::string path = fmt::format("{}/{}", context.path, file.path);
    std::error_code error;
    const auto bytes = fs::file_size(path, error);
    if (error) {
      return fmt::format("file {} is not there", file.path);
    }
    if (bytes != file.bytes) {
      return fmt::format("{} bytes in file {} instead of {}", bytes, file.path, file.bytes);
    }
    const auto digest = Sha256OfFile(path);
    if (!digest) {
      return digest.error().text();
    }
    if (*digest != file.sha256) {
      return fmt::format("file {} is not the golden output: sha256 {} instead of {}", file.path,
                         *digest, file.sha256);
    }
  }
  return "";
}

Result<void> CheckContexts(const Plan& plan, const std::string& out) {
  const std::string below = out + "/context/";
  const auto check = [&below](const std::vector<Cell>& cells) -> Result<void> {
    for (const Cell& cell : cells) {
      const std::string& path = cell.context.path;
      if (!path.empty() && (!path.starts_with(below) || path.size() == below.size() ||
                            fs::path(path).lexically_normal().string() != path)) {
        return Fail(ErrorKind::kInvalid,
                    "plan.json: the context of {} is {}, not below {}: results that were moved are "
                    "for reading only",
                    cell.function, path, below);
      }
    }
    return {};
  };
  MAYFLY_TRY(check(plan.cells));
  MAYFLY_TRY(plan.density ? check(plan.density->cells) : Result<void>());
  return plan.throughput ? check(plan.throughput->cells) : Result<void>();
}

}  // namespace mayfly::lab
