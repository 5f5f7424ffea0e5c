#!/usr/bin/env python3
"""Writes an assembly file that stands in for the LLVM library which libwasmedge is linked with.

    llvm_stand_in.py LIBWASMEDGE LIBLLVM OUTPUT.s OUTPUT.map

The stand-in defines every symbol that LIBWASMEDGE takes from LIBLLVM, with its type, size and version.
Functions call mayfly_llvm_called; destructors, which static objects of LIBWASMEDGE run at exit, return;
objects are zero. The run plugin is linked with it: it never compiles, and loading the real library is
most of what a start of WasmEdge costs. README.md says more.
"""
import re
import subprocess
import sys


def dynamic_symbols(path):
    """Rows (type, size, is_defined, name, version) of a library's dynamic symbol table."""
    text = subprocess.run(["readelf", "--dyn-syms", "--wide", path], check=True, capture_output=True,
                          text=True, env={"LC_ALL": "C"}).stdout
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 8 and re.fullmatch(r"\d+:", fields[0]):
            name, _, version = fields[7].partition("@")
            yield fields[3], int(fields[2], 0), fields[6] != "UND", name, version.lstrip("@")


def soname(path):
    text = subprocess.run(["readelf", "--dynamic", path], check=True, capture_output=True, text=True,
                          env={"LC_ALL": "C"}).stdout
    return re.search(r"SONAME.*\[(.*)\]", text)[1]


def wanted_symbols(wasmedge, llvm):
    """What wasmedge takes from llvm: rows (type, size, name, version)."""
    defined = {(name, version): (kind, size)
               for kind, size, is_defined, name, version in dynamic_symbols(llvm) if is_defined}
    for _, _, is_defined, name, version in dynamic_symbols(wasmedge):
        if not is_defined and (name, version) in defined:
            kind, size = defined[name, version]
            yield kind, size, name, version


def write_assembly(rows, out):
    """One label of the right type for each symbol; the functions share one body."""
    functions = [name for kind, _, name, _ in rows if kind in ("FUNC", "IFUNC", "NOTYPE")]
    out.write('\t.section .note.GNU-stack,"",@progbits\n\t.text\n')
    destructors = [name for name in functions if re.fullmatch(r"_ZN.*D[012]Ev|_ZN4llvm17deallocate_buffer.*|LLVM.*Dispose.*", name)]
    others = [name for name in functions if name not in destructors]
    for names, body in ((destructors, "ret"), (others, "jmp mayfly_llvm_called")):
        for name in names:
            out.write(f"\t.globl {name}\n\t.type {name}, @function\n{name}:\n")
        out.write(f"\t{body}\n")
    for section, kinds in ((".bss", ("OBJECT",)), ('.section .tbss,"awT",@nobits', ("TLS",))):
        objects = [(size, name) for kind, size, name, _ in rows if kind in kinds]
        if objects:
            out.write(f"\t{section}\n")
        for size, name in objects:
            kind = "@tls_object" if "TLS" in kinds else "@object"
            out.write(f"\t.balign 16\n\t.globl {name}\n\t.type {name}, {kind}\n\t.size {name}, {size}\n"
                      f"{name}:\n\t.zero {max(size, 1)}\n")


def write_versions(rows, out):
    for version in sorted({version for *_, version in rows}):
        out.write(f"{version} {{\n  global:\n")
        for *_, name, of in rows:
            if of == version:
                out.write(f"    {name};\n")
        out.write("};\n")
    out.write("MAYFLY { local: *; };\n")


def main():
    wasmedge, llvm, assembly, version_map = sys.argv[1:]
    rows = list(wanted_symbols(wasmedge, llvm))
    if not rows:
        sys.exit(f"{wasmedge} takes nothing from {llvm}")
    with open(assembly, "w", encoding="utf-8") as out:
        write_assembly(rows, out)
    with open(version_map, "w", encoding="utf-8") as out:
        write_versions(rows, out)
    print(soname(llvm))


if __name__ == "__main__":
    main()
