;; Calls itself without end.
(module
  (memory (export "memory") 1)
  (func $again (param i32) (result i32)
    (i32.add (call $again (local.get 0)) (call $again (local.get 0))))
  (func (export "_start") (drop (call $again (i32.const 1)))))
