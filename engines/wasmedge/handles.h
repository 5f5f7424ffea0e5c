// Owners of the objects of WasmEdge's C API, its results as text, and the engine's settings.
//
// Ownership: std::unique_ptr with the API's own delete function. Nothing here throws.
// Sources: wasmedge/wasmedge.h of WasmEdge 0.14.
#pragma once

#include <wasmedge/wasmedge.h>

#include <memory>
#include <string>

#include "plugin_support.h"

namespace mayfly_wasmedge {

using mayfly_plugin::CopyText;
using mayfly_plugin::Deleter;
using mayfly_plugin::Fail;

using ConfigHandle = std::unique_ptr<WasmEdge_ConfigureContext, Deleter<WasmEdge_ConfigureDelete>>;
using LoaderHandle = std::unique_ptr<WasmEdge_LoaderContext, Deleter<WasmEdge_LoaderDelete>>;
using ValidatorHandle =
    std::unique_ptr<WasmEdge_ValidatorContext, Deleter<WasmEdge_ValidatorDelete>>;
using CompilerHandle = std::unique_ptr<WasmEdge_CompilerContext, Deleter<WasmEdge_CompilerDelete>>;
using ModuleHandle = std::unique_ptr<WasmEdge_ASTModuleContext, Deleter<WasmEdge_ASTModuleDelete>>;
using StoreHandle = std::unique_ptr<WasmEdge_StoreContext, Deleter<WasmEdge_StoreDelete>>;
using ExecutorHandle = std::unique_ptr<WasmEdge_ExecutorContext, Deleter<WasmEdge_ExecutorDelete>>;
using InstanceHandle =
    std::unique_ptr<WasmEdge_ModuleInstanceContext, Deleter<WasmEdge_ModuleInstanceDelete>>;

// The engine's settings, the same for compiling and running.
inline ConfigHandle MakeConfig(bool interpret) {
  ConfigHandle config(WasmEdge_ConfigureCreate());
  for (const WasmEdge_Proposal proposal :
       {WasmEdge_Proposal_TailCall, WasmEdge_Proposal_ExtendedConst, WasmEdge_Proposal_Threads}) {
    WasmEdge_ConfigureAddProposal(config.get(), proposal);
  }
  WasmEdge_ConfigureSetForceInterpreter(config.get(), interpret);
  return config;
}

inline std::string Message(WasmEdge_Result result) { return WasmEdge_ResultGetMessage(result); }

}  // namespace mayfly_wasmedge
