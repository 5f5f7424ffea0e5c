//! Wasmtime's C API (re-exported whole) and the few calls that it lacks: a module from a descriptor,
//! WASI on the calling thread, and an engine whose construction can fail. `mayfly_wasmtime.h` beside
//! the plugin declares them for C++.
//!
//! Why WASI is changed at all: wasmtime-wasi drives preview 1 by a multi-threaded Tokio runtime, which
//! costs a single short-lived guest two worker threads, an epoll instance and a thread hop for each
//! file operation. Here every call of preview 1 runs to its end on the guest's thread: standard streams are plain
//! read(2) and write(2) (`stdio`), `poll_oneoff` is poll(2) (`poll`), files block where they are called.

mod component;
mod poll;
mod stdio;

pub use wasmtime_c_api::*;

use std::fs::File;
use std::mem::{align_of, forget, size_of};
use std::os::fd::FromRawFd;

use wasmtime::{Config, Engine, Linker, Module, Store};
use wasmtime_wasi::{HostMonotonicClock, I32Exit, WasiCtxBuilder};

// The C API's handles below have one field, which is private to its crate. A struct with one field of
// its own size has that field at offset 0, so a pointer to the one is a pointer to the other.
const _: () = {
    assert!(size_of::<wasm_config_t>() == size_of::<Config>());
    assert!(size_of::<wasm_engine_t>() == size_of::<Engine>());
    assert!(align_of::<wasm_engine_t>() == align_of::<Engine>());
    assert!(size_of::<wasmtime_module_t>() == size_of::<Module>());
    assert!(align_of::<wasmtime_module_t>() == align_of::<Module>());
    assert!(size_of::<wasi_config_t>() == size_of::<WasiCtxBuilder>());
    assert!(size_of::<wasmtime_store_t>() == size_of::<Store<WasmtimeStoreData>>());
    assert!(size_of::<wasmtime_linker_t>() == size_of::<Linker<WasmtimeStoreData>>());
};

/// CLOCK_MONOTONIC as every program of the host sees it, not counted from the guest's start.
struct MonotonicClock;

impl HostMonotonicClock for MonotonicClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        poll::now(libc::CLOCK_MONOTONIC).as_nanos() as u64
    }
}

fn boxed<T>(result: wasmtime::Result<T>, ok: impl FnOnce(T)) -> Option<Box<wasmtime_error_t>> {
    match result {
        Ok(value) => {
            ok(value);
            None
        }
        Err(error) => Some(Box::new(wasmtime_error_t::from(error))),
    }
}

/// wasm_engine_new_with_config, but with an error instead of an abort. Takes the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_wasmtime_engine_new(
    config: *mut wasm_config_t,
    out: &mut *mut wasm_engine_t,
) -> Option<Box<wasmtime_error_t>> {
    // SAFETY: the caller owns `config`, made by wasm_config_new; layout as asserted above.
    let config = unsafe { Box::from_raw(config.cast::<Config>()) };
    boxed(Engine::new(&config), |engine| {
        *out = Box::into_raw(Box::new(engine)).cast();
    })
}

/// A module from compiled code in a file or memfd: mapped privately, so that its unwritten pages are the
/// page cache's. Takes the descriptor: the module keeps it, or an error closes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_wasmtime_module_open(
    engine: &wasm_engine_t,
    fd: i32,
    out: &mut *mut wasmtime_module_t,
) -> Option<Box<wasmtime_error_t>> {
    // SAFETY: layout as asserted above.
    let engine = unsafe { &*(engine as *const wasm_engine_t).cast::<Engine>() };
    // SAFETY: the caller hands the descriptor over and vouches that its bytes come from this engine's
    // compiler and stay unchanged.
    let module = unsafe { Module::deserialize_open_file(engine, File::from_raw_fd(fd)) };
    boxed(module, |module| {
        *out = Box::into_raw(Box::new(module)).cast();
    })
}

/// Makes a WASI configuration run on the calling thread, with the process's descriptors 0, 1, 2 as its
/// standard streams. Before any wasi_config_preopen_dir, which copies the setting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_wasi_config_direct(config: &mut wasi_config_t) {
    // SAFETY: wasi_config_t is repr(C) around the builder; size asserted above.
    let builder = unsafe { &mut *(config as *mut wasi_config_t).cast::<WasiCtxBuilder>() };
    builder.allow_blocking_current_thread(true);
    builder.stdin(stdio::Stdio::blocking(0));
    builder.stdout(stdio::Stdio::blocking(1));
    builder.stderr(stdio::Stdio::blocking(2));
    builder.monotonic_clock(MonotonicClock);
}

/// Lets one WASI call carry more than the 128 MiB that wasmtime-wasi allows by default: such a call would
/// fail with "out of memory" where a native write(2) works. Memory stays bounded by the container's cgroup.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_wasmtime_store_allow_large_calls(store: &mut wasmtime_store_t) {
    // SAFETY: wasmtime_store_t is repr(C) around the store; size asserted above.
    let store =
        unsafe { &mut *(store as *mut wasmtime_store_t).cast::<Store<WasmtimeStoreData>>() };
    store.set_hostcall_fuel(usize::MAX);
}

/// wasmtime_linker_define_wasi with two calls of our own, `poll_oneoff` (see `poll`) and `proc_exit`, which
/// passes every exit code on where wasmtime-wasi traps from 126 up; and a Tokio context without threads
/// for the rest, which stays entered as long as the process lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_wasi_define(
    linker: &mut wasmtime_linker_t,
) -> Option<Box<wasmtime_error_t>> {
    if let Some(error) = wasmtime_linker_define_wasi(linker) {
        return Some(error);
    }
    // SAFETY: wasmtime_linker_t is repr(C) around the linker; size asserted above.
    let linker =
        unsafe { &mut *(linker as *mut wasmtime_linker_t).cast::<Linker<WasmtimeStoreData>>() };
    boxed(define_ours(linker), |()| ())
}

fn define_ours(linker: &mut Linker<WasmtimeStoreData>) -> wasmtime::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    forget(Box::leak(Box::new(runtime)).enter());
    let module = "wasi_snapshot_preview1";
    linker.allow_shadowing(true);
    linker.func_wrap(module, "poll_oneoff", poll::poll_oneoff)?;
    linker.func_wrap(module, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(I32Exit(code).into())
    })?;
    Ok(())
}
