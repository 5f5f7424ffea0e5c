//! Components of the world wasi:cli/command (WASI preview 2), for `wasmtime-component.so`.
//!
//! A guest runs on the caller's thread, on a stack of its own, inside a Tokio runtime of that one thread:
//! unlike preview 1, preview 2 has sockets and timers that are waited for together. Only name lookup
//! starts a thread. Nothing of this file is linked into `wasmtime.so`.

use std::ffi::{CStr, OsStr, c_char};
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, Runtime};
use wasmtime::component::{self, Linker, ResourceTable};
use wasmtime::{Engine, Result, Store, StoreLimits, StoreLimitsBuilder, bail, format_err};
use wasmtime_c_api::{wasm_engine_t, wasmtime_error_t};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxView, WasiView};

use crate::stdio::Stdio;
use crate::{MonotonicClock, boxed};

#[repr(C)]
pub struct Preopen {
    host_path: *const c_char,
    guest_path: *const c_char,
    read_only: bool,
}

#[repr(C)]
pub struct GuestConfig {
    arguments: *const *const c_char,
    argument_count: usize,
    environment: *const *const c_char, // "NAME=value"
    environment_count: usize,
    preopens: *const Preopen,
    preopen_count: usize,
    max_memory_bytes: u64, // 0: no limit
}

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

pub struct Component {
    command: CommandPre<State>,
}

pub struct Guest {
    command: CommandPre<State>,
    store: Store<State>,
    runtime: Runtime,
}

/// Opens a file anew by its descriptor, so that the new descriptor has the old one's number: it is the only
/// one that Mayfly keeps open, and Wasmtime maps data from it when memories are made.
fn reopen(
    fd: OwnedFd,
    open: impl FnOnce(&str) -> Result<component::Component>,
) -> Result<component::Component> {
    let number = fd.as_raw_fd();
    let copy = fd.try_clone()?;
    drop(fd);
    // Fill every number below, so that the next open gets this one. One thread runs.
    let mut below = Vec::new();
    loop {
        let filler = copy.try_clone()?;
        if filler.as_raw_fd() >= number {
            break;
        }
        below.push(filler);
    }
    open(&format!("/proc/self/fd/{}", copy.as_raw_fd()))
}

/// A component from compiled code in a file or memfd. Mapped where the host's /proc can be seen, so that its
/// pages are shared; copied in a container's view, where code comes from a memfd of its own anyway.
fn load(engine: &Engine, fd: OwnedFd) -> Result<component::Component> {
    if std::path::Path::new("/proc/self/fd").exists() {
        // SAFETY: the caller vouches that the bytes come from this engine's compiler and stay unchanged.
        return reopen(fd, |path| unsafe {
            component::Component::deserialize_file(engine, path)
        });
    }
    let mut bytes = Vec::new();
    let mut file = File::from(fd);
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    std::mem::forget(file); // keeps its number
    // SAFETY: as above.
    unsafe { component::Component::deserialize(engine, &bytes) }
}

fn open(engine: &Engine, fd: OwnedFd) -> Result<Component> {
    let component = load(engine, fd)?;
    let mut linker = Linker::<State>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let command = CommandPre::new(linker.instantiate_pre(&component)?)?;
    Ok(Component { command })
}

/// A component whose imports are all offered and which exports wasi:cli/run. Takes the descriptor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_component_open(
    engine: &wasm_engine_t,
    fd: i32,
    out: &mut *mut Component,
) -> Option<Box<wasmtime_error_t>> {
    // SAFETY: layout as asserted in lib.rs; the caller hands the descriptor over.
    let (engine, fd) = unsafe {
        let engine = &*(engine as *const wasm_engine_t).cast::<Engine>();
        (engine, OwnedFd::from_raw_fd(fd))
    };
    boxed(open(engine, fd), |component| {
        *out = Box::into_raw(Box::new(component));
    })
}

unsafe fn text<'a>(pointer: *const c_char, what: &str) -> Result<&'a str> {
    // SAFETY: the caller gives a NUL-terminated string that outlives the call.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str()
        .map_err(|_| format_err!("{what} is not valid UTF-8"))
}

unsafe fn wasi(config: &GuestConfig) -> Result<WasiCtx> {
    let mut builder = WasiCtx::builder();
    builder
        .allow_blocking_current_thread(true)
        .stdin(Stdio::waiting(0))
        .stdout(Stdio::waiting(1))
        .stderr(Stdio::waiting(2))
        .monotonic_clock(MonotonicClock)
        // The container's network namespace is what confines them.
        .inherit_network()
        .allow_tcp(true)
        .allow_udp(true)
        .allow_ip_name_lookup(true);
    // SAFETY: the caller gives that many strings and preopens.
    unsafe {
        for i in 0..config.argument_count {
            builder.arg(text(*config.arguments.add(i), "an argument")?);
        }
        for i in 0..config.environment_count {
            let entry = text(*config.environment.add(i), "an environment variable")?;
            // Not a variable: native programs cannot look it up either.
            if let Some((name, value)) = entry.split_once('=') {
                builder.env(name, value);
                if name == "PWD" {
                    builder.initial_cwd(value);
                }
            }
        }
        for i in 0..config.preopen_count {
            let preopen = &*config.preopens.add(i);
            let host = OsStr::from_bytes(CStr::from_ptr(preopen.host_path).to_bytes());
            let permissions = if preopen.read_only {
                FsPerms::ReadOnly
            } else {
                FsPerms::ReadWrite
            };
            let guest = text(preopen.guest_path, "a preopen's path")?;
            if let Err(error) = builder.preopened_dir(host, guest, permissions) {
                bail!("preopen directory {}: {error:#}", host.display());
            }
        }
    }
    Ok(builder.build())
}

unsafe fn instantiate(component: &Component, config: &GuestConfig) -> Result<Guest> {
    let mut limits = StoreLimitsBuilder::new();
    if config.max_memory_bytes != 0 {
        limits = limits.memory_size(usize::try_from(config.max_memory_bytes)?);
    }
    let state = State {
        // SAFETY: the caller's promises are handed on.
        wasi: unsafe { wasi(config)? },
        table: ResourceTable::new(),
        limits: limits.build(),
    };
    let mut store = Store::new(component.command.instance_pre().engine(), state);
    store.limiter(|state| &mut state.limits);
    store.set_hostcall_fuel(usize::MAX);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    Ok(Guest {
        command: component.command.clone(),
        store,
        runtime,
    })
}

/// Everything that a run needs, without running anything of the guest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_component_instantiate(
    component: &Component,
    config: &GuestConfig,
    out: &mut *mut Guest,
) -> Option<Box<wasmtime_error_t>> {
    // SAFETY: the caller's promises are handed on.
    boxed(unsafe { instantiate(component, config) }, |guest| {
        *out = Box::into_raw(Box::new(guest));
    })
}

/// The guest, core start sections included. An error holds its exit status or its trap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_component_run(guest: &mut Guest) -> Option<Box<wasmtime_error_t>> {
    let Guest {
        command,
        store,
        runtime,
    } = guest;
    let result = runtime.block_on(async {
        let instance = command.instantiate_async(&mut *store).await?;
        match instance.wasi_cli_run().call_run(&mut *store).await? {
            Ok(()) => Ok(()),
            Err(()) => Err(I32Exit(1).into()),
        }
    });
    boxed(result, |()| ())
}

/// Frees what the calls above made; either may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_component_close(component: *mut Component, guest: *mut Guest) {
    // SAFETY: both come from Box::into_raw and are given up by the caller.
    unsafe {
        if !guest.is_null() {
            drop(Box::from_raw(guest));
        }
        if !component.is_null() {
            drop(Box::from_raw(component));
        }
    }
}

/// Waits until a descriptor can be read; at once for one that cannot be waited for, such as a file.
pub async fn readable(fd: i32) -> io::Result<()> {
    let mut entry = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one valid entry.
    if unsafe { libc::poll(&mut entry, 1, 0) } != 0 {
        return Ok(());
    }
    // SAFETY: the number is open, as poll(2) has found; it stays so while a guest waits for it.
    let registered = unsafe {
        let borrowed = BorrowedFd::borrow_raw(fd);
        AsyncFd::register_with_interest(borrowed, Interest::READABLE)?
    };
    registered.readable().await?.retain_ready();
    Ok(())
}

/// Compiles a component to code that mayfly_component_open takes.
#[cfg(feature = "compiler")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_component_compile(
    engine: &wasm_engine_t,
    bytes: *const u8,
    size: usize,
    out: &mut wasmtime_c_api::wasm_byte_vec_t,
) -> Option<Box<wasmtime_error_t>> {
    // SAFETY: layout as asserted in lib.rs; the caller gives `size` readable bytes.
    let (engine, bytes) = unsafe {
        (
            &*(engine as *const wasm_engine_t).cast::<Engine>(),
            std::slice::from_raw_parts(bytes, size),
        )
    };
    boxed(engine.precompile_component(bytes), |code| {
        out.set_buffer(code)
    })
}
