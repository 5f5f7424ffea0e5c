// What WasmEdge's WASI offers: all of preview 1, and its own sockets and epoll beside it.
#pragma once

#include <array>

#include "../shared/preview1.h"

namespace mayfly_wasmedge {

inline constexpr auto kImports = mayfly_plugin::Preview1And(std::to_array<const char*>({
    "wasi_snapshot_preview1.epoll_oneoff",
    "wasi_snapshot_preview1.sock_accept_v2",
    "wasi_snapshot_preview1.sock_bind",
    "wasi_snapshot_preview1.sock_bind_v2",
    "wasi_snapshot_preview1.sock_connect",
    "wasi_snapshot_preview1.sock_connect_v2",
    "wasi_snapshot_preview1.sock_getaddrinfo",
    "wasi_snapshot_preview1.sock_getlocaladdr",
    "wasi_snapshot_preview1.sock_getlocaladdr_v2",
    "wasi_snapshot_preview1.sock_getpeeraddr",
    "wasi_snapshot_preview1.sock_getpeeraddr_v2",
    "wasi_snapshot_preview1.sock_getsockopt",
    "wasi_snapshot_preview1.sock_listen",
    "wasi_snapshot_preview1.sock_listen_v2",
    "wasi_snapshot_preview1.sock_open",
    "wasi_snapshot_preview1.sock_open_v2",
    "wasi_snapshot_preview1.sock_recv_from",
    "wasi_snapshot_preview1.sock_recv_from_v2",
    "wasi_snapshot_preview1.sock_recv_v2",
    "wasi_snapshot_preview1.sock_send_to",
    "wasi_snapshot_preview1.sock_send_to_v2",
    "wasi_snapshot_preview1.sock_send_v2",
    "wasi_snapshot_preview1.sock_setsockopt",
}));

}  // namespace mayfly_wasmedge
