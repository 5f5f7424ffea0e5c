// The functions of WASI preview 1, all of which every engine of this tree offers, for the list of
// imports that a plugin states (mayfly_engine.imports).
//
// Sources: the WASI repository, legacy/preview1/docs.md.
#pragma once

#include <array>
#include <cstddef>

namespace mayfly_plugin {

inline constexpr std::array kPreview1 = {
    "wasi_snapshot_preview1.args_get",
    "wasi_snapshot_preview1.args_sizes_get",
    "wasi_snapshot_preview1.clock_res_get",
    "wasi_snapshot_preview1.clock_time_get",
    "wasi_snapshot_preview1.environ_get",
    "wasi_snapshot_preview1.environ_sizes_get",
    "wasi_snapshot_preview1.fd_advise",
    "wasi_snapshot_preview1.fd_allocate",
    "wasi_snapshot_preview1.fd_close",
    "wasi_snapshot_preview1.fd_datasync",
    "wasi_snapshot_preview1.fd_fdstat_get",
    "wasi_snapshot_preview1.fd_fdstat_set_flags",
    "wasi_snapshot_preview1.fd_fdstat_set_rights",
    "wasi_snapshot_preview1.fd_filestat_get",
    "wasi_snapshot_preview1.fd_filestat_set_size",
    "wasi_snapshot_preview1.fd_filestat_set_times",
    "wasi_snapshot_preview1.fd_pread",
    "wasi_snapshot_preview1.fd_prestat_dir_name",
    "wasi_snapshot_preview1.fd_prestat_get",
    "wasi_snapshot_preview1.fd_pwrite",
    "wasi_snapshot_preview1.fd_read",
    "wasi_snapshot_preview1.fd_readdir",
    "wasi_snapshot_preview1.fd_renumber",
    "wasi_snapshot_preview1.fd_seek",
    "wasi_snapshot_preview1.fd_sync",
    "wasi_snapshot_preview1.fd_tell",
    "wasi_snapshot_preview1.fd_write",
    "wasi_snapshot_preview1.path_create_directory",
    "wasi_snapshot_preview1.path_filestat_get",
    "wasi_snapshot_preview1.path_filestat_set_times",
    "wasi_snapshot_preview1.path_link",
    "wasi_snapshot_preview1.path_open",
    "wasi_snapshot_preview1.path_readlink",
    "wasi_snapshot_preview1.path_remove_directory",
    "wasi_snapshot_preview1.path_rename",
    "wasi_snapshot_preview1.path_symlink",
    "wasi_snapshot_preview1.path_unlink_file",
    "wasi_snapshot_preview1.poll_oneoff",
    "wasi_snapshot_preview1.proc_exit",
    "wasi_snapshot_preview1.proc_raise",
    "wasi_snapshot_preview1.random_get",
    "wasi_snapshot_preview1.sched_yield",
    "wasi_snapshot_preview1.sock_accept",
    "wasi_snapshot_preview1.sock_recv",
    "wasi_snapshot_preview1.sock_send",
    "wasi_snapshot_preview1.sock_shutdown",
};

// Preview 1 and what an engine has beside it, ended by a null pointer as the ABI wants it.
template <size_t Own>
constexpr auto Preview1And(const std::array<const char*, Own>& own) {
  std::array<const char*, kPreview1.size() + Own + 1> all{};
  size_t at = 0;
  for (const char* name : kPreview1) {
    all[at++] = name;
  }
  for (const char* name : own) {
    all[at++] = name;
  }
  return all;
}

}  // namespace mayfly_plugin
