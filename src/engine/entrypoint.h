// Entrypoint: the file that process.args[0] names, found from outside the container before it
// exists.
//
// The host's kernel resolves it: beneath the rootfs, or beneath the source of the bind mount whose
// destination holds it, so no symbolic link of the image leads out. What only the finished
// container could tell (a link from a mount into another one, a file on a tmpfs) is "not found"
// here.
//
// Errors: only of the machine; a file that is not there or not regular is std::nullopt.
// Sources: execvp(3) for the search in PATH. Threads: one. Fork: parent only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/module_probe.h"
#include "oci/spec.h"

namespace mayfly::engine {

// What a file's first bytes say.
enum class Content : unsigned char { kWasm, kElf, kScript, kOther };

struct Entrypoint {
  std::string path;   // in the container
  base::UniqueFd fd;  // for reading
  Content content = Content::kOther;
  BinaryKind kind = BinaryKind::kModule;  // of kWasm
};

base::Result<std::optional<Entrypoint>> FindEntrypoint(const oci::Spec& spec, int rootfs_fd);

}  // namespace mayfly::engine
