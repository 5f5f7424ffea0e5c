#include "oci/spec.h"

#include <algorithm>

namespace mayfly::oci {

const Namespace* Spec::FindNamespace(NamespaceType type) const {
  const auto found = std::find_if(linux.namespaces.begin(), linux.namespaces.end(),
                                  [type](const Namespace& ns) { return ns.type == type; });
  return found == linux.namespaces.end() ? nullptr : &*found;
}

std::optional<std::string> Spec::FindEnv(const std::string& name) const {
  const std::string prefix = name + "=";
  for (const std::string& entry : process.env) {
    if (entry.starts_with(prefix)) {
      return entry.substr(prefix.size());
    }
  }
  return std::nullopt;
}

}  // namespace mayfly::oci
