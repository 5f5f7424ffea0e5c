;; Ends in its start section with 9; _start would trap.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $first (call $exit (i32.const 9)))
  (start $first)
  (func (export "_start") unreachable))
