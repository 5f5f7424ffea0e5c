;; Reads at the end of the address space, past any guard that is smaller than it.
(module
  (memory (export "memory") 1 1)
  (func (export "_start") (drop (i64.load offset=0xfffffff0 (i32.const -1)))))
