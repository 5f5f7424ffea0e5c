;; For the toy plugin: fd_write, then proc_exit(7), with the few instructions that it knows.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "hello from a toy\n")
  (func $say (param $at i32) (param $size i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $size))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))
  (func (export "_start")
    (call $say (i32.const 64) (i32.const 17))
    ;; 17 bytes were written: 17 - 10
    (call $proc_exit (i32.add (i32.load (i32.const 16)) (i32.const -10)))))
