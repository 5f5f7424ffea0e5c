// config.json from anywhere: ParseSpec must give a Spec or an Error that names the file, nothing
// else.
#include "oci/spec_parse.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto spec = mayfly::oci::ParseSpec(
      std::string_view(reinterpret_cast<const char*>(data), size), "/bundle");
  if (!spec && spec.error().text().find("config.json") == std::string::npos) {
    std::abort();
  }
  return 0;
}
