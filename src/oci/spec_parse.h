// ParseSpec: config.json's bytes to a Spec, or an error that names the field.
//
// Everything a Spec can hold is carried out; what the runtime-spec allows but this version cannot
// do (unsupported.cc has the list) is refused here, never ignored, wherever ignoring it would leave
// the container less confined or different from what was asked.
//
// Sources: OCI runtime-spec 1.2 config.md, config-linux.md.
// Errors: kind invalid or unsupported: `config.json: process.cwd: must be an absolute path`.
// Threads: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "oci/spec.h"

namespace mayfly::oci {

// `bundle` is the bundle's absolute path; relative root and bind sources are resolved against it.
base::Result<Spec> ParseSpec(std::string_view bytes, const std::string& bundle);

// Reads and parses BUNDLE/config.json (at most 8 MiB); `bytes`, where given, gets the file's
// content.
base::Result<Spec> LoadSpec(const std::string& bundle, std::string* bytes = nullptr);

// A process of its own, as `exec --process` has it in a file; `source` is its name in errors.
base::Result<Process> ParseProcessDocument(std::string_view bytes, const std::string& source);

// The parts, in files of their own.
base::Result<void> RefuseUnsupported(const base::JsonView& root);
base::Result<void> ParseProcess(const base::JsonView& view, Spec* spec);
base::Result<void> ParseLinux(const base::JsonView& view, Spec* spec);
base::Result<void> ParseResources(const base::JsonView& view, Resources* out);
base::Result<void> ParseDeviceLimits(const base::JsonView& view, Resources* out);
base::Result<void> ParseScheduling(const base::JsonView& view, Process* process);
base::Result<void> ParsePlacement(const base::JsonView& view, Linux* out);
base::Result<void> ParseHooks(const base::JsonView& view, Hooks* out);
base::Result<IdMappings> ParseIdMappings(const base::JsonView& view);

// The hooks as they stand in config.json, for documents of our own.
nlohmann::json HooksJson(const Hooks& hooks);

}  // namespace mayfly::oci
