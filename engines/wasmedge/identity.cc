#include "identity.h"

#include <dlfcn.h>

namespace mayfly_wasmedge {

std::string PartPath(const char* file) {
  Dl_info info{};
  const std::string plugin =
      ::dladdr(reinterpret_cast<const void*>(&PartPath), &info) != 0 ? info.dli_fname : "";
  return plugin.substr(0, plugin.rfind('/') + 1) + "wasmedge/" + file;
}

}  // namespace mayfly_wasmedge
