// poll_oneoff of WASI preview 1 on ppoll(2), in place of WasmEdge's own.
//
// WasmEdge's uses epoll, which takes no regular files: it then waits without end for the event that
// it has set aside. Here files and directories are always ready, as poll(2) has them; everything
// else, sockets included, is asked of the kernel. Clocks that expire while waiting are reported
// together.
//
// Sources: WASI preview 1, witx/typenames.witx (subscription, event); ppoll(2).
#pragma once

#include <wasmedge/wasmedge.h>

namespace mayfly_wasmedge {

// Makes the WASI instance's poll_oneoff this one. The instance must outlive every guest that it is
// given to.
void ReplacePoll(WasmEdge_ModuleInstanceContext* wasi);

}  // namespace mayfly_wasmedge
