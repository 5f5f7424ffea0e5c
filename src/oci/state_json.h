// The OCI state of a container, as `mayfly state` prints it and containerd, Podman and Docker read
// it.
//
// Sources: OCI runtime-spec 1.2 runtime.md "State".
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace mayfly::oci {

enum class Status : unsigned char { kCreating, kCreated, kRunning, kPaused, kStopped };
std::string StatusName(Status status);

struct StateReport {
  std::string oci_version;
  std::string id;
  Status status = Status::kStopped;
  pid_t pid = 0;  // 0 when stopped
  std::string bundle;
  std::string rootfs;
  std::string created;  // RFC 3339
  std::map<std::string, std::string> annotations;
};

// Indented JSON with a newline. Beside the spec's fields it has runc's "rootfs", "created" and
// "owner".
std::string StateJson(const StateReport& state);

// `list --format json`: one line, an array of the same objects.
std::string StateListJson(const std::vector<StateReport>& states);

}  // namespace mayfly::oci
