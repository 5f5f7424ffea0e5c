#include "engine/workload_factory.h"

#include "engine/entrypoint.h"
#include "engine/node_config.h"
#include "engine/plugin_host.h"
#include "engine/select.h"
#include "engine/wasm_workload.h"

namespace mayfly::engine {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

using WorkloadPtr = std::unique_ptr<container::Workload>;

Result<WorkloadPtr> Make(const container::PrepareContext& context,
                         const container::WorkloadFactory& native) {
  const oci::Spec& spec = context.spec;
  MAYFLY_ASSIGN(auto entrypoint, FindEntrypoint(spec, context.rootfs_fd));
  if (entrypoint &&
      (entrypoint->content == Content::kElf || entrypoint->content == Content::kScript)) {
    return native(context);  // whatever annotations say; the usual native container ends here
  }
  MAYFLY_ASSIGN(NodeConfig node, LoadNodeConfig());
  const PluginHost plugins(node.plugins_dir);
  MAYFLY_ASSIGN(Selection selection,
                Select(spec.annotations, entrypoint ? &*entrypoint : nullptr, node,
                       [&plugins](const std::string& engine) { return plugins.Has(engine); }));
  if (!selection.wasm) {
    return native(context);
  }
  if (!entrypoint) {
    return Fail(ErrorKind::kNotFound,
                "process.args: \"{}\": no such module in the container, which is WebAssembly by {}",
                spec.process.args.empty() ? "" : spec.process.args.front(), selection.reason);
  }
  MAYFLY_ASSIGN(selection.max_memory_bytes, MaxMemoryBytes(spec.annotations, spec.linux.resources));
  return std::make_unique<WasmWorkload>(spec.process, std::move(*entrypoint), std::move(selection),
                                        std::move(node));
}

}  // namespace

container::WorkloadFactory MakeWorkloadFactory(container::WorkloadFactory native) {
  return [native = std::move(native)](const container::PrepareContext& context) {
    return Make(context, native);
  };
}

}  // namespace mayfly::engine
