//! The compilers: Cranelift, whose code is fast, and Singlepass, which is done in one pass over the module.

use std::num::NonZero;

use bytes::Bytes;
use wasmer::sys::{Cranelift, CraneliftOptLevel, EngineBuilder, Features, Singlepass, Target};
use wasmer::{Engine, Module};

use crate::Text;

#[repr(C)]
pub struct Compiled {
    data: *const u8,
    size: usize,
    owner: *mut Bytes,
}

fn engine(singlepass: bool, one_thread: bool) -> Engine {
    let one = NonZero::<usize>::MIN;
    let builder = if singlepass {
        let mut compiler = Singlepass::new();
        if one_thread {
            compiler.num_threads(one);
        }
        EngineBuilder::new(compiler)
    } else {
        let mut compiler = Cranelift::new();
        compiler.opt_level(CraneliftOptLevel::Speed);
        if one_thread {
            compiler.num_threads(one);
        }
        EngineBuilder::new(compiler)
    };
    builder
        .set_target(Some(Target::default()))
        .set_features(Some(Features::default()))
        .engine()
        .into()
}

/// Compiles a module to code that mayfly_wasmer_open takes; freed by mayfly_wasmer_release(owner).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_wasmer_compile(
    module: *const u8,
    module_size: usize,
    singlepass: bool,
    one_thread: bool,
    code: &mut Compiled,
    error: &mut Text,
) -> bool {
    // SAFETY: the caller gives `module_size` readable bytes.
    let bytes = unsafe { std::slice::from_raw_parts(module, module_size) };
    let compiled = Module::from_binary(&engine(singlepass, one_thread), bytes)
        .map_err(|e| e.to_string())
        .and_then(|module| module.serialize().map_err(|e| e.to_string()));
    error.done(compiled, |bytes| {
        code.data = bytes.as_ptr();
        code.size = bytes.len();
        code.owner = Box::into_raw(Box::new(bytes));
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mayfly_wasmer_release(owner: *mut Bytes) {
    // SAFETY: it comes from Box::into_raw above and is given up by the caller.
    drop(unsafe { Box::from_raw(owner) });
}
