#!/usr/bin/env python3
"""Checks the Wasm modules of a directory: they import wasi_snapshot_preview1 only, are stripped and small."""
import pathlib
import statistics
import sys

MEDIAN_LIMIT_BYTES = 100 * 1024
IMPORT_SECTION = 2
CUSTOM_SECTION = 0
DESCRIPTOR_FUNCTION = 0


class Reader:
    """The few parts of the binary format needed here (WebAssembly 1.0, section 5)."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def number(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def bytes(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def name(self):
        return self.bytes(self.number()).decode()


def sections(data):
    if data[:8] != b"\0asm\x01\0\0\0":
        raise ValueError("not a Wasm module")
    reader = Reader(data)
    reader.at = 8
    while reader.at < len(data):
        kind = reader.number()
        yield kind, Reader(reader.bytes(reader.number()))


def problems_of(data):
    for kind, body in sections(data):
        if kind == CUSTOM_SECTION:
            name = body.name()
            if name == "name" or name.startswith(".debug"):
                yield f"has a section {name}: not stripped"
        if kind == IMPORT_SECTION:
            for _ in range(body.number()):
                module, field, descriptor = body.name(), body.name(), body.number()
                if module != "wasi_snapshot_preview1" or descriptor != DESCRIPTOR_FUNCTION:
                    yield f"imports {module}.{field}"
                body.number()


def main():
    modules = sorted(pathlib.Path(sys.argv[1]).glob("*.wasm"))
    if not modules:
        sys.exit(f"{sys.argv[1]}: no modules")
    failed = False
    for module in modules:
        data = module.read_bytes()
        found = list(problems_of(data))
        print(f"{len(data):8} bytes  {module.name}  {'; '.join(found) or 'ok'}")
        failed = failed or bool(found)
    median = statistics.median(m.stat().st_size for m in modules)
    print(f"{median:8.0f} bytes  median, at most {MEDIAN_LIMIT_BYTES}")
    return 1 if failed or median > MEDIAN_LIMIT_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
