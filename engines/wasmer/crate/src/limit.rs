//! Wasmer's own tunables with one addition: no linear memory grows beyond a number of pages.

use std::ptr::NonNull;

use wasmer::sys::vm::{VMMemory, VMMemoryDefinition, VMTable, VMTableDefinition};
use wasmer::sys::{BaseTunables, Tunables};
use wasmer::{MemoryError, MemoryStyle, MemoryType, Pages, TableStyle, TableType};

pub struct Limit {
    base: BaseTunables,
    pages: Pages,
}

impl Limit {
    pub fn new(bytes: u64) -> Self {
        let pages = (bytes / wasmer::WASM_PAGE_SIZE as u64).min(Pages::max_value().0.into());
        Self {
            base: BaseTunables::new(),
            pages: Pages(pages as u32),
        }
    }

    fn limited(&self, wanted: &MemoryType) -> Result<MemoryType, MemoryError> {
        if wanted.minimum > self.pages {
            return Err(MemoryError::Generic(format!(
                "a memory of {} pages is above the limit of {} pages",
                wanted.minimum.0, self.pages.0
            )));
        }
        let mut limited = *wanted;
        limited.maximum = Some(wanted.maximum.map_or(self.pages, |m| m.min(self.pages)));
        Ok(limited)
    }
}

impl Tunables for Limit {
    fn memory_style(&self, memory: &MemoryType) -> MemoryStyle {
        self.base.memory_style(memory)
    }

    fn table_style(&self, table: &TableType) -> TableStyle {
        self.base.table_style(table)
    }

    fn create_host_memory(
        &self,
        memory: &MemoryType,
        style: &MemoryStyle,
    ) -> Result<VMMemory, MemoryError> {
        self.base.create_host_memory(&self.limited(memory)?, style)
    }

    unsafe fn create_vm_memory(
        &self,
        memory: &MemoryType,
        style: &MemoryStyle,
        definition: NonNull<VMMemoryDefinition>,
    ) -> Result<VMMemory, MemoryError> {
        let limited = self.limited(memory)?;
        // SAFETY: the caller's promises are handed on.
        unsafe { self.base.create_vm_memory(&limited, style, definition) }
    }

    fn create_host_table(&self, table: &TableType, style: &TableStyle) -> Result<VMTable, String> {
        self.base.create_host_table(table, style)
    }

    unsafe fn create_vm_table(
        &self,
        table: &TableType,
        style: &TableStyle,
        definition: NonNull<VMTableDefinition>,
    ) -> Result<VMTable, String> {
        // SAFETY: the caller's promises are handed on.
        unsafe { self.base.create_vm_table(table, style, definition) }
    }
}
