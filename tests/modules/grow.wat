;; Grows its memory to all that 32 bits address and touches the last page.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (if (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (then unreachable))
    (i32.store8 (i32.const 0xffffffff) (i32.const 1))))
