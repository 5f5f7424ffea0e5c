// The files that say what mayfly-lab measures: any text gives a plan, a recipe or a function, or an
// error that names the file. The first byte says which kind of file.
#include <sys/mman.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json.h"
#include "base/unique_fd.h"
#include "fuzz/names_the_file.h"
#include "lab/plan/compare_plan.h"
#include "lab/plan/function.h"
#include "lab/plan/plan.h"
#include "lab/plan/recipe.h"

namespace {

using mayfly::fuzz::NamesTheFile;

// The readers take paths: the text lies in a file without a name.
class TextFile {
 public:
  explicit TextFile(std::string_view text) : fd_(::memfd_create("plan", MFD_CLOEXEC)) {
    if (!mayfly::base::WriteAll(fd_.get(), text, "plan")) {
      __builtin_trap();
    }
    path_ = "/proc/self/fd/" + std::to_string(fd_.get());
  }

  const std::string& path() const { return path_; }

 private:
  mayfly::base::UniqueFd fd_;
  std::string path_;
};

// What was written is what is read back.
void CheckPlanJson(std::string_view text) {
  const auto document = mayfly::base::ParseJson(text, "plan.json");
  NamesTheFile(document, "plan.json");
  if (!document) {
    return;
  }
  const auto plan = mayfly::lab::PlanFromJson(*document, "plan.json");
  NamesTheFile(plan, "plan.json");
  if (plan) {
    const auto again = mayfly::lab::PlanFromJson(mayfly::lab::PlanToJson(*plan), "plan.json");
    if (!again || *again != *plan) {
      __builtin_trap();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mayfly::lab;
  if (size == 0) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'p') {
    CheckPlanJson(text);
    return 0;
  }
  const TextFile file(text);
  switch (data[0]) {
    case 'c':
      NamesTheFile(ReadComparePlan(file.path()), file.path());
      break;
    case 'f':
      NamesTheFile(ReadFunction(file.path()), file.path());
      break;
    default:
      NamesTheFile(ReadRecipe(file.path()), file.path());
  }
  return 0;
}
