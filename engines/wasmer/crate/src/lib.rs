//! Wasmer behind a small C interface: `mayfly_wasmer.h` beside the plugin declares the same calls for C++.
//!
//! The engine is Wasmer's; WASI preview 1 is wasi-common's (see `wasi`). Everything runs on the caller's
//! thread; nothing here starts another one, but for the compilers.
//!
//! Errors: a call that fails returns false and writes a NUL-terminated sentence into the caller's buffer.

#[cfg(feature = "compiler")]
mod compile;
mod limit;
mod stdio;
mod wasi;

use std::ffi::{CStr, OsStr, c_char};
use std::fs::File;
use std::os::fd::FromRawFd as _;
use std::os::unix::ffi::OsStrExt as _;

use bytes::Bytes;
use cap_std::fs::Dir;
use memmap2::Mmap;
use wasmer::sys::vm::TrapCode;
use wasmer::sys::{EngineBuilder, NativeEngineExt as _};
use wasmer::{
    Engine, Extern, FunctionEnv, Instance, InstantiationError, Module, RuntimeError, Store,
};

/// A buffer of the caller's for a text.
#[repr(C)]
pub struct Text {
    text: *mut c_char,
    capacity: usize,
}

impl Text {
    /// Copies as much as fits; never in the middle of a character.
    pub fn set(&mut self, message: &str) {
        if self.capacity == 0 {
            return;
        }
        let mut end = message.len().min(self.capacity - 1);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        // SAFETY: the caller gives `capacity` writable bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(message.as_ptr(), self.text.cast(), end);
            *self.text.add(end) = 0;
        }
    }

    /// Hands a result over: true, or false with the text set.
    pub fn done<T>(&mut self, result: Result<T, String>, ok: impl FnOnce(T)) -> bool {
        match result {
            Ok(value) => {
                ok(value);
                true
            }
            Err(message) => {
                self.set(&message);
                false
            }
        }
    }
}

#[repr(C)]
pub struct Preopen {
    host_path: *const c_char,
    guest_path: *const c_char,
}

#[repr(C)]
pub struct Config {
    arguments: *const *const c_char,
    argument_count: usize,
    environment: *const *const c_char,
    environment_count: usize,
    preopens: *const Preopen,
    preopen_count: usize,
    max_memory_bytes: u64,
}

#[repr(C)]
pub struct End {
    trapped: bool,
    code: u32,
    text: Text,
}

pub struct Code {
    engine: Engine,
    module: Module,
}

pub struct Guest {
    store: Store,
    module: Module,
    env: FunctionEnv<wasi::State>,
    imports: Vec<Extern>,
}

fn open(fd: i32) -> Result<Code, String> {
    // SAFETY: the caller hands the descriptor over; it is kept open to keep its number (see the plugin ABI).
    let file = std::mem::ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
    // SAFETY: the caller vouches that the bytes come from this engine's compiler and stay unchanged.
    let bytes = unsafe { Mmap::map(&*file) }.map_err(|e| format!("map the code: {e}"))?;
    let engine: Engine = EngineBuilder::headless().engine().into();
    // SAFETY: as above.
    let module = unsafe { Module::deserialize_unchecked(&engine, Bytes::from_owner(bytes)) }
        .map_err(|e| e.to_string())?;
    Ok(Code { engine, module })
}

/// Code from a file or memfd. The descriptor stays the caller's and open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_wasmer_open(
    fd: i32,
    code: &mut *mut Code,
    error: &mut Text,
) -> bool {
    error.done(open(fd), |opened| *code = Box::into_raw(Box::new(opened)))
}

/// `count` C strings as UTF-8, which is what WASI's are.
unsafe fn strings(
    first: *const *const c_char,
    count: usize,
    what: &str,
) -> Result<Vec<String>, String> {
    (0..count)
        .map(|i| {
            // SAFETY: the caller gives `count` pointers to NUL-terminated strings.
            let text = unsafe { CStr::from_ptr(*first.add(i)) };
            text.to_str()
                .map(str::to_string)
                .map_err(|_| format!("{what} is not valid UTF-8"))
        })
        .collect()
}

unsafe fn preopened(config: &Config) -> Result<Vec<(Dir, String)>, String> {
    (0..config.preopen_count)
        .map(|i| {
            // SAFETY: the caller gives that many preopens, of NUL-terminated strings.
            let (host, guest) = unsafe {
                let preopen = &*config.preopens.add(i);
                (
                    CStr::from_ptr(preopen.host_path),
                    CStr::from_ptr(preopen.guest_path),
                )
            };
            let host = OsStr::from_bytes(host.to_bytes());
            let directory = Dir::open_ambient_dir(host, cap_std::ambient_authority())
                .map_err(|e| format!("preopen directory {}: {e}", host.display()))?;
            Ok((directory, guest.to_string_lossy().into_owned()))
        })
        .collect()
}

unsafe fn instantiate(code: &Code, config: &Config) -> Result<Guest, String> {
    // SAFETY: the caller's promises about `config` are handed on.
    let (arguments, environment, preopens) = unsafe {
        (
            strings(config.arguments, config.argument_count, "an argument")?,
            strings(
                config.environment,
                config.environment_count,
                "an environment variable",
            )?,
            preopened(config)?,
        )
    };
    let mut engine = code.engine.clone();
    if config.max_memory_bytes != 0 {
        engine.set_tunables(limit::Limit::new(config.max_memory_bytes));
    }
    let mut store = Store::new(engine);
    let env = FunctionEnv::new(
        &mut store,
        wasi::State {
            context: wasi::context(&arguments, &environment, preopens)?,
            memory: None,
        },
    );
    let imports = code
        .module
        .imports()
        .map(|import| {
            let (module, name) = (import.module(), import.name());
            (module == wasi::MODULE)
                .then(|| wasi::function(&mut store, &env, name))
                .flatten()
                .ok_or_else(|| format!("module imports {module}.{name}: not offered"))
        })
        .collect::<Result<_, _>>()?;
    Ok(Guest {
        store,
        module: code.module.clone(),
        env,
        imports,
    })
}

/// Everything that a run needs, without running anything of the guest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_wasmer_instantiate(
    code: &Code,
    config: &Config,
    guest: &mut *mut Guest,
    error: &mut Text,
) -> bool {
    // SAFETY: the caller's promises are handed on.
    error.done(unsafe { instantiate(code, config) }, |made| {
        *guest = Box::into_raw(Box::new(made));
    })
}

/// The reason in the words that Wasmtime uses, then the guest's frames from the innermost out.
fn trap_text(error: &RuntimeError) -> String {
    let mut text = match error.clone().to_trap() {
        Some(TrapCode::UnreachableCodeReached) => "wasm `unreachable` instruction executed".into(),
        Some(TrapCode::HeapMisaligned) => TrapCode::UnalignedAtomic.message().to_string(),
        _ => error.message(),
    };
    for (depth, frame) in error.trace().iter().enumerate() {
        text += &format!(
            "\n    {depth}: {:#x} - {}!{}",
            frame.module_offset(),
            frame.module_name(),
            frame.function_name().unwrap_or("<unnamed>")
        );
    }
    text
}

/// What a call of guest code came to: nothing, an exit, a trap.
fn set_end(end: &mut End, result: Result<(), RuntimeError>) {
    end.trapped = false;
    end.code = 0;
    if let Err(error) = result {
        if let Some(exit) = error.downcast_ref::<wasi::Exit>() {
            end.code = exit.0;
        } else {
            end.trapped = true;
            end.text.set(&trap_text(&error));
        }
    }
}

fn run(guest: &mut Guest, end: &mut End) -> Result<(), String> {
    let made = Instance::new_by_index(&mut guest.store, &guest.module, &guest.imports);
    let instance = match made {
        Ok(instance) => instance,
        Err(InstantiationError::Start(trap)) => {
            set_end(end, Err(trap));
            return Ok(());
        }
        Err(error) => return Err(error.to_string()),
    };
    if let Ok(memory) = instance.exports.get_memory("memory") {
        guest.env.as_mut(&mut guest.store).memory = Some(memory.clone());
    }
    let start = instance
        .exports
        .get_function("_start")
        .map_err(|_| "the module exports no function _start")?;
    let result = start.call(&mut guest.store, &[]).map(|_| ());
    set_end(end, result);
    Ok(())
}

/// The guest: its start section, then `_start`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_wasmer_run(
    guest: &mut Guest,
    end: &mut End,
    error: &mut Text,
) -> bool {
    error.done(run(guest, end), |()| ())
}

/// Frees what the calls above made; either may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_wasmer_close(code: *mut Code, guest: *mut Guest) {
    // SAFETY: both come from Box::into_raw and are given up by the caller.
    unsafe {
        if !guest.is_null() {
            drop(Box::from_raw(guest));
        }
        if !code.is_null() {
            drop(Box::from_raw(code));
        }
    }
}

const fn nul_terminated<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut i = 0;
    while i < text.len() {
        bytes[i] = text.as_bytes()[i];
        i += 1;
    }
    bytes
}

/// Wasmer's version, NUL-terminated.
#[unsafe(no_mangle)]
pub static mayfly_wasmer_version: [u8; wasmer::sys::vm::VERSION.len() + 1] =
    nul_terminated(wasmer::sys::vm::VERSION);
