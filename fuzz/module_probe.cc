// Any bytes: the probe of a module's sections must end with an answer or an error, within the
// bytes.
#include "engine/module_probe.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto info = mayfly::engine::ProbeModule({data, size});
  // An import needs at least four bytes of the file: more of them mean that a length was believed.
  if (info && info->imports.size() > size / 4) {
    __builtin_trap();
  }
  return 0;
}
