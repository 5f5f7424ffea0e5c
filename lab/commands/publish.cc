#include "lab/commands/publish.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "lab/report/render.h"

namespace mayfly::lab {

base::Result<void> WriteFile(const std::string& path, std::string_view bytes) {
  const std::filesystem::path target = std::filesystem::absolute(path);
  MAYFLY_ASSIGN(const base::UniqueFd directory,
                base::Open(target.parent_path().string(), O_RDONLY | O_DIRECTORY));
  return base::ReplaceFileAt(directory.get(), target.filename().string(), bytes, 0644);
}

base::Result<void> Publish(const std::string& out, const std::vector<Sample>& samples,
                           const Layout& layout, bool json) {
  const Table table = MakeTable(samples, layout);
  const std::string json_text = base::JsonText(RenderJson(table), 2) + "\n";
  MAYFLY_TRY(WriteFile(out + "/table.md", RenderMarkdown(table)));
  MAYFLY_TRY(WriteFile(out + "/table.json", json_text));
  return base::WriteAll(STDOUT_FILENO, json ? json_text : RenderTerminal(table, ColoursOfStdout()),
                        "standard output");
}

}  // namespace mayfly::lab
