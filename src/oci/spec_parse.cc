#include "oci/spec_parse.h"

#include <sys/mount.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/path.h"
#include "oci/mount_options.h"

namespace mayfly::oci {

using base::ErrorKind;
using base::JsonView;
using base::Result;

namespace {

constexpr size_t kMaxConfigBytes = 8U << 20;

std::string Absolute(const std::string& path, const std::string& bundle) {
  return path.starts_with('/') ? path : bundle + "/" + path;
}

Result<void> ParseVersion(const JsonView& root, Spec* spec) {
  const JsonView version = root["ociVersion"];
  MAYFLY_ASSIGN(const auto text, version.String());
  if (!text) {
    return version.Fail("missing");
  }
  if (!text->starts_with("1.")) {
    return version.Fail(fmt::format("version {} is not supported, only 1.x", *text),
                        ErrorKind::kUnsupported);
  }
  spec->oci_version = *text;
  return {};
}

Result<void> ParseRoot(const JsonView& root, Spec* spec) {
  const JsonView path = root["path"];
  MAYFLY_ASSIGN(const auto text, path.String());
  if (!text || text->empty()) {
    return path.Fail("missing");
  }
  spec->rootfs = Absolute(*text, spec->bundle);
  MAYFLY_ASSIGN(const auto read_only, root["readonly"].Bool());
  spec->rootfs_readonly = read_only.value_or(false);
  return {};
}

Result<Mount> ParseMount(const JsonView& view, const std::string& bundle) {
  Mount mount;
  MAYFLY_ASSIGN(auto destination, view["destination"].String());
  if (!destination || destination->empty()) {
    return view["destination"].Fail("missing");
  }
  // The spec wants an absolute path; a relative one means "from the root", as runc takes it.
  mount.destination = base::CleanAbsolute(*destination);
  MAYFLY_ASSIGN(const auto type, view["type"].String());
  mount.type = type.value_or("");
  MAYFLY_ASSIGN(const auto source, view["source"].String());
  mount.source = source.value_or("");
  MAYFLY_ASSIGN(mount.options, view["options"].Strings());
  MAYFLY_ASSIGN(mount.id_mappings, ParseIdMappings(view));
  if (mount.type == "bind" && mount.options.empty()) {
    mount.flags = MS_BIND | MS_REC;
  }
  ApplyMountOptions(&mount);
  if (mount.type == "bind") {
    mount.flags |= MS_BIND;
    if (mount.source.empty()) {
      return view["source"].Fail("missing for a bind mount");
    }
    mount.source = Absolute(mount.source, bundle);
  } else if (mount.type.empty()) {
    return view["type"].Fail("missing for a mount that is not a bind mount");
  }
  if (mount.id_map == IdMap::kNone && !mount.id_mappings.empty()) {
    mount.id_map = IdMap::kTop;
  }
  if (mount.id_map != IdMap::kNone && mount.type != "bind") {
    return view["options"].Fail("only bind mounts can be id-mapped", ErrorKind::kUnsupported);
  }
  return mount;
}

Result<void> ParseMounts(const JsonView& mounts, Spec* spec) {
  MAYFLY_ASSIGN(const auto items, mounts.Items());
  for (const JsonView& item : items) {
    MAYFLY_ASSIGN(auto mount, ParseMount(item, spec->bundle));
    spec->mounts.push_back(std::move(mount));
  }
  return {};
}

Result<void> ParseAnnotations(const JsonView& annotations, Spec* spec) {
  MAYFLY_ASSIGN(const auto members, annotations.Members());
  for (const auto& [key, value] : members) {
    MAYFLY_ASSIGN(const auto text, value.String());
    if (key.empty() || !text) {
      return value.Fail("expected a string under a key that is not empty");
    }
    spec->annotations[key] = *text;
  }
  return {};
}

// An id-mapped mount without maps of its own takes the container's.
Result<void> CheckIdMaps(const JsonView& mounts, const Spec& spec) {
  if (spec.FindNamespace(NamespaceType::kUser) != nullptr) {
    return {};
  }
  MAYFLY_ASSIGN(const auto items, mounts.Items());
  for (size_t i = 0; i < spec.mounts.size(); ++i) {
    if (spec.mounts[i].id_map != IdMap::kNone && spec.mounts[i].id_mappings.empty()) {
      return items[i].Fail("an id-mapped mount needs uidMappings or a user namespace");
    }
  }
  return {};
}

// Names that only make sense in a UTS namespace of the container's own.
Result<void> ParseNames(const JsonView& root, Spec* spec) {
  MAYFLY_ASSIGN(const auto hostname, root["hostname"].String());
  MAYFLY_ASSIGN(const auto domainname, root["domainname"].String());
  spec->hostname = hostname.value_or("");
  spec->domainname = domainname.value_or("");
  if (spec->FindNamespace(NamespaceType::kUts) == nullptr) {
    if (!spec->hostname.empty()) {
      return root["hostname"].Fail("needs a uts namespace in linux.namespaces");
    }
    if (!spec->domainname.empty()) {
      return root["domainname"].Fail("needs a uts namespace in linux.namespaces");
    }
  }
  return {};
}

}  // namespace

Result<Spec> ParseSpec(std::string_view bytes, const std::string& bundle) {
  MAYFLY_ASSIGN(const nlohmann::json document, base::ParseJson(bytes, "config.json"));
  const JsonView root(document, "config.json");
  if (!document.is_object()) {
    return root.Fail("expected an object");
  }
  Spec spec;
  spec.bundle = bundle;
  MAYFLY_TRY(ParseVersion(root, &spec));
  MAYFLY_TRY(RefuseUnsupported(root));
  MAYFLY_TRY(ParseRoot(root["root"], &spec));
  spec.has_process = root["process"].present();
  if (spec.has_process) {
    MAYFLY_TRY(ParseProcess(root["process"], &spec));
  }
  MAYFLY_TRY(ParseMounts(root["mounts"], &spec));
  MAYFLY_TRY(ParseLinux(root["linux"], &spec));
  MAYFLY_TRY(CheckIdMaps(root["mounts"], spec));
  MAYFLY_TRY(ParseNames(root, &spec));
  MAYFLY_TRY(ParseHooks(root["hooks"], &spec.hooks));
  MAYFLY_TRY(ParseAnnotations(root["annotations"], &spec));
  return spec;
}

Result<Process> ParseProcessDocument(std::string_view bytes, const std::string& source) {
  nlohmann::json document;
  MAYFLY_ASSIGN(document["process"], base::ParseJson(bytes, source));
  const JsonView root(document, source);
  if (!document["process"].is_object()) {
    return root.Fail("expected an object");
  }
  MAYFLY_TRY(RefuseUnsupported(root));
  Spec spec;
  MAYFLY_TRY(ParseProcess(root["process"], &spec));
  return spec.process;
}

Result<Spec> LoadSpec(const std::string& bundle, std::string* bytes) {
  MAYFLY_ASSIGN(std::string text, base::ReadFile(bundle + "/config.json", kMaxConfigBytes));
  auto spec = ParseSpec(text, bundle);
  if (!spec) {
    return std::unexpected(std::move(spec).error().Wrap(bundle));
  }
  if (bytes != nullptr) {
    *bytes = std::move(text);
  }
  return spec;
}

}  // namespace mayfly::oci
