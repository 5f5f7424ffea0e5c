// config.json or the process file of `exec` from anywhere: the parsers must give a Spec or a
// Process, or an Error that names the file, nothing else.
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
  const auto process = mayfly::oci::ParseProcessDocument(
      std::string_view(reinterpret_cast<const char*>(data), size), "process.json");
  if (!process && process.error().text().find("process.json") == std::string::npos) {
    std::abort();
  }
  return 0;
}
