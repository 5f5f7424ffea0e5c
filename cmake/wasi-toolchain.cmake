# Cross compilation of guests to WebAssembly: clang 19, wasi-libc and libc++ as Debian packages them.
#   cmake -DCMAKE_TOOLCHAIN_FILE=cmake/wasi-toolchain.cmake ...
# Modules import wasi_snapshot_preview1 and nothing else; SIMD (128 bit) is used, exceptions are not.
# Packages: clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32

# CMake 3.25 has no platform file for WASI; Generic is its name for "no operating system known".
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_FLAGS_INIT "-msimd128 -fno-exceptions")
set(CMAKE_C_FLAGS_INIT "-msimd128")
# The stack lies below the data, so that an overflow traps instead of overwriting data.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--stack-first")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(WASI TRUE)
