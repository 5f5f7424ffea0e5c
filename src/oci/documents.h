// The two documents that Mayfly writes for others: `mayfly spec` and `mayfly features`.
//
// Sources: OCI runtime-spec 1.2 config.md (example), features.md, features-linux.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mayfly::oci {

// A config.json to start from: a shell-less "sh" process without a terminal, the usual mounts, the
// default capabilities, every namespace that is supported.
std::string DefaultConfigJson();
// The same for an ordinary user: a user namespace with the user as its root, the host's network,
// the host's /sys, no limits.
std::string RootlessConfigJson(uint32_t uid, uint32_t gid);

// What this build can do, as the Features structure; `engines` are the engine plugins found
// ("wasmtime 48.0.8"), told as annotations.
std::string FeaturesJson(const std::string& version, const std::vector<std::string>& engines);

}  // namespace mayfly::oci
