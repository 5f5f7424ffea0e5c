//! WASI preview 1 for Wasmer: the functions of wasi-common, which Wasmtime's project keeps for its LTS line,
//! called on the guest's thread.
//!
//! Wasmer's own implementation (wasmer-wasix) is not used: it keeps a tree of inodes in the process, runs
//! files on Tokio's thread pool, copies files to rename them across directories, makes no links and times
//! files in whole seconds. README.md has the figures.

use std::ffi::c_char;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cap_std::fs::Dir;
use wasi_common::clocks::WasiMonotonicOffsetClock;
use wasi_common::snapshots::preview_1::wasi_snapshot_preview1 as preview1;
use wasi_common::sync::{clocks, dir, random_ctx, sched_ctx};
use wasi_common::{Table, WasiClocks, WasiCtx};
use wasmer::{Extern, Function, FunctionEnv, FunctionEnvMut, Memory, Store};
use wiggle::GuestMemory;

use crate::stdio::Stdio;

pub const MODULE: &str = "wasi_snapshot_preview1";

/// What the functions of one instance work on.
pub struct State {
    pub context: WasiCtx,
    pub memory: Option<Memory>, // after instantiation
}

/// Ends the guest: proc_exit.
#[derive(Debug)]
pub struct Exit(pub u32);

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "exit status {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// Ends the guest: an error that is not an errno.
#[derive(Debug)]
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// The monotonic clock as every program of the host sees it: counted from its own zero, not the guest's start.
fn monotonic_clock() -> WasiMonotonicOffsetClock {
    let mut clock =
        WasiMonotonicOffsetClock::new(clocks::MonotonicClock::new(cap_std::ambient_authority()));
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a valid timespec; the clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    let since_zero = Duration::new(now.tv_sec as u64, now.tv_nsec as u32);
    if let Some(zero) = clock.creation_time.checked_sub(since_zero) {
        clock.creation_time = zero;
    }
    clock
}

/// A guest's context: arguments, environment, preopened directories, the process's standard streams.
pub fn context(
    arguments: &[String],
    environment: &[String],
    preopens: Vec<(Dir, String)>,
) -> Result<WasiCtx, String> {
    let clocks = WasiClocks {
        system: Some(Box::new(clocks::SystemClock::new(
            cap_std::ambient_authority(),
        ))),
        monotonic: Some(monotonic_clock()),
    };
    let mut context = WasiCtx::new(random_ctx(), clocks, sched_ctx(), Table::new());
    for argument in arguments {
        context.push_arg(argument).map_err(|e| e.to_string())?;
    }
    for entry in environment {
        // Not a variable: native programs cannot look it up either.
        if let Some((name, value)) = entry.split_once('=') {
            context.push_env(name, value).map_err(|e| e.to_string())?;
        }
    }
    context.set_stdin(Box::new(Stdio(0)));
    context.set_stdout(Box::new(Stdio(1)));
    context.set_stderr(Box::new(Stdio(2)));
    for (directory, guest_path) in preopens {
        let directory = Box::new(dir::Dir::from_cap_std(directory));
        context
            .push_preopened_dir(directory, guest_path)
            .map_err(|e| e.to_string())?;
    }
    Ok(context)
}

/// The result of a future that never waits: all of wasi-common's synchronous implementation is such.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("wasi-common's synchronous calls do not wait"),
    }
}

/// The errno of preview 1 for an error of the kernel's that wasi-common has no errno for and would trap by.
fn errno(error: &wiggle::anyhow::Error) -> Option<i32> {
    let cause = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<io::Error>())?;
    Some(match cause.raw_os_error().unwrap_or(libc::EIO) {
        libc::EROFS => 69,
        libc::EXDEV => 75,
        libc::ETXTBSY => 74,
        libc::ETIMEDOUT => 73,
        libc::ESTALE => 72,
        libc::ENXIO => 60,
        libc::ENOTTY => 59,
        libc::ENOSYS => 52,
        libc::ENOLCK => 46,
        libc::ENODEV => 43,
        libc::EDEADLK => 16,
        _ => 29, // EIO
    })
}

/// Runs one call on the instance's memory.
fn call(
    mut env: FunctionEnvMut<'_, State>,
    body: impl FnOnce(&mut WasiCtx, &mut GuestMemory<'_>) -> wiggle::anyhow::Result<i32>,
) -> Result<i32, Failure> {
    let (state, store) = env.data_and_store_mut();
    let Some(memory) = &state.memory else {
        return Err(Failure(
            "a call of WASI, but the module exports no memory named \"memory\"".to_string(),
        ));
    };
    let view = memory.view(&store);
    // SAFETY: one thread runs, and nothing else of the store is touched until the call ends.
    let mut memory = GuestMemory::Unshared(unsafe { view.data_unchecked_mut() });
    body(&mut state.context, &mut memory)
        .or_else(|error| errno(&error).ok_or_else(|| Failure(format!("{error:#}"))))
}

#[repr(transparent)]
pub struct Names([*const c_char; COUNT]);

// SAFETY: pointers to constants.
unsafe impl Sync for Names {}

macro_rules! functions {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        const COUNT: usize = [$(stringify!($name)),*].len() + 2;

        /// What instances get, "module.name" each, NULL-terminated.
        #[unsafe(no_mangle)]
        pub static mayfly_wasmer_imports: Names = Names([
            $(concat!("wasi_snapshot_preview1.", stringify!($name), "\0").as_ptr().cast(),)*
            c"wasi_snapshot_preview1.proc_exit".as_ptr(),
            std::ptr::null(),
        ]);

        /// One function of WASI; None for a name that is none.
        pub fn function(store: &mut Store, env: &FunctionEnv<State>, name: &str) -> Option<Extern> {
            Some(match name {
                $(stringify!($name) => Function::new_typed_with_env(
                    store,
                    env,
                    |env: FunctionEnvMut<State>, $($argument: $kind),*| -> Result<i32, Failure> {
                        call(env, |context, memory| {
                            ready(preview1::$name(context, memory, $($argument),*))
                        })
                    },
                ),)*
                // wasi-common's own traps from 126 up.
                "proc_exit" => Function::new_typed_with_env(
                    store,
                    env,
                    |_env: FunctionEnvMut<State>, code: i32| -> Result<(), Exit> {
                        Err(Exit(code as u32))
                    },
                ),
                _ => return None,
            }
            .into())
        }
    };
}

functions! {
    args_get(a: i32, b: i32);
    args_sizes_get(a: i32, b: i32);
    clock_res_get(a: i32, b: i32);
    clock_time_get(a: i32, b: i64, c: i32);
    environ_get(a: i32, b: i32);
    environ_sizes_get(a: i32, b: i32);
    fd_advise(a: i32, b: i64, c: i64, d: i32);
    fd_allocate(a: i32, b: i64, c: i64);
    fd_close(a: i32);
    fd_datasync(a: i32);
    fd_fdstat_get(a: i32, b: i32);
    fd_fdstat_set_flags(a: i32, b: i32);
    fd_fdstat_set_rights(a: i32, b: i64, c: i64);
    fd_filestat_get(a: i32, b: i32);
    fd_filestat_set_size(a: i32, b: i64);
    fd_filestat_set_times(a: i32, b: i64, c: i64, d: i32);
    fd_pread(a: i32, b: i32, c: i32, d: i64, e: i32);
    fd_prestat_dir_name(a: i32, b: i32, c: i32);
    fd_prestat_get(a: i32, b: i32);
    fd_pwrite(a: i32, b: i32, c: i32, d: i64, e: i32);
    fd_read(a: i32, b: i32, c: i32, d: i32);
    fd_readdir(a: i32, b: i32, c: i32, d: i64, e: i32);
    fd_renumber(a: i32, b: i32);
    fd_seek(a: i32, b: i64, c: i32, d: i32);
    fd_sync(a: i32);
    fd_tell(a: i32, b: i32);
    fd_write(a: i32, b: i32, c: i32, d: i32);
    path_create_directory(a: i32, b: i32, c: i32);
    path_filestat_get(a: i32, b: i32, c: i32, d: i32, e: i32);
    path_filestat_set_times(a: i32, b: i32, c: i32, d: i32, e: i64, f: i64, g: i32);
    path_link(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32);
    path_open(a: i32, b: i32, c: i32, d: i32, e: i32, f: i64, g: i64, h: i32, i: i32);
    path_readlink(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32);
    path_remove_directory(a: i32, b: i32, c: i32);
    path_rename(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32);
    path_symlink(a: i32, b: i32, c: i32, d: i32, e: i32);
    path_unlink_file(a: i32, b: i32, c: i32);
    poll_oneoff(a: i32, b: i32, c: i32, d: i32);
    proc_raise(a: i32);
    random_get(a: i32, b: i32);
    sched_yield();
    sock_accept(a: i32, b: i32, c: i32);
    sock_recv(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32);
    sock_send(a: i32, b: i32, c: i32, d: i32, e: i32);
    sock_shutdown(a: i32, b: i32);
}
