;; Assembled without checks: the body leaves a value that its type does not have.
(module
  (memory (export "memory") 1)
  (func (export "_start") (i32.const 1)))
