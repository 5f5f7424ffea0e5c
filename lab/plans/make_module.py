#!/usr/bin/env python3
"""Makes a WebAssembly module of a given size, for measuring compilers and caches.

The module is many functions of straight-line and branching integer code with loads and stores, as a
compiler of C++ emits them; each can be reached, and each begins differently, so that no engine can
fold them. `_start` calls a few hundred of them, with an argument that makes each return at once. With
--wait it calls all of them, so that nearly every page of the code is used, and then blocks in a read
of standard input.

The same size gives the same bytes.
"""
import argparse
import random

GROUP = 256  # functions that one calling function calls
BODIES = 64  # different bodies; constants make each function's own


def leb(value):
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        if value == 0:
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def const(value):
    """i32.const in five bytes, whatever the value: 30 bits, so that the sign is never set."""
    return b"\x41" + bytes(((value >> (7 * i)) & 0x7F) | (0x80 if i < 4 else 0) for i in range(5))


def section(number, content):
    return bytes([number]) + leb(len(content)) + content


def vector(items):
    return leb(len(items)) + b"".join(items)


def name(text):
    return leb(len(text)) + text.encode()


MARK = const(0x2AAAAAAA)  # stands for a constant that differs from function to function


def body(rng, statements):
    """Locals 0 (the argument) to 7. A zero argument returns at once."""
    code = bytearray()
    code += b"\x20\x00\x45\x04\x40" + MARK + b"\x0f\x0b"  # if (!a) return MARK
    binary = [b"\x6a", b"\x6b", b"\x6c", b"\x71", b"\x72", b"\x73", b"\x74", b"\x76"]
    for _ in range(statements):
        a, b, c = (rng.randrange(8) for _ in range(3))
        kind = rng.randrange(5)
        if kind == 0:  # a load
            code += bytes([0x20, b]) + const(0xFFF8) + b"\x71\x28\x02" + leb(rng.randrange(64))
        elif kind == 1:  # a store
            code += bytes([0x20, b]) + const(0xFFF8) + b"\x71" + bytes([0x20, c])
            code += b"\x36\x02" + leb(rng.randrange(64)) + bytes([0x20, c])
        elif kind == 2:  # a branch
            code += bytes([0x20, b, 0x20, c, 0x48, 0x04, 0x7F, 0x20, b]) + MARK
            code += rng.choice(binary) + b"\x05" + bytes([0x20, c]) + b"\x0b"
        else:  # arithmetic
            code += bytes([0x20, b]) + MARK + rng.choice(binary) + bytes([0x20, c])
            code += rng.choice(binary)
        code += bytes([0x21, a])
    code += b"\x20\x01\x0b"
    return leb(1) + leb(7) + b"\x7f" + bytes(code)


def module(size_bytes, wait=False):
    rng = random.Random(1)
    bodies = [body(rng, 90 + rng.randrange(60)) for _ in range(BODIES)]
    functions, total = [], 0
    while total < size_bytes - 4096:
        text = bodies[len(functions) % BODIES]
        text = text.replace(MARK, const((len(functions) * 2654435761) & 0x1FFFFFFF))
        functions.append(leb(len(text)) + text)
        total += len(functions[-1]) + 8
    first = 1  # after the imported function
    groups = []
    for begin in range(0, len(functions), GROUP):
        end = min(begin + GROUP, len(functions))
        calls = b"".join(const(0) + b"\x10" + leb(first + i) + b"\x1a" for i in range(begin, end))
        groups.append(b"\x00" + calls + b"\x0b")
    called = range(len(groups) if wait else 1)
    start = b"\x00" + b"".join(b"\x10" + leb(first + len(functions) + i) for i in called)
    if wait:  # iovec at 0: {64, 1}; fd_read(0, iovec, 1, 16)
        start += const(0) + const(64) + b"\x36\x02\x00" + const(4) + const(1) + b"\x36\x02\x00"
        start += const(0) + const(0) + const(1) + const(16) + b"\x10\x00\x1a"
    start += b"\x0b"
    types = [b"\x60\x04\x7f\x7f\x7f\x7f\x01\x7f", b"\x60\x01\x7f\x01\x7f", b"\x60\x00\x00"]
    kinds = [leb(1)] * len(functions) + [leb(2)] * (len(groups) + 1)
    code = functions + [leb(len(text)) + text for text in groups + [start]]
    exports = [name("memory") + b"\x02\x00", name("_start") + b"\x00" + leb(len(kinds))]
    return b"".join([
        b"\0asm\1\0\0\0",
        section(1, vector(types)),
        section(2, vector([name("wasi_snapshot_preview1") + name("fd_read") + b"\x00\x00"])),
        section(3, vector(kinds)),
        section(5, vector([b"\x00\x02"])),
        section(7, vector(exports)),
        section(10, vector(code)),
    ])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("megabytes", type=float, help="size of the module, in 10^6 bytes")
    parser.add_argument("output", help="the file to write")
    parser.add_argument("--wait", action="store_true", help="use all code, end with standard input")
    arguments = parser.parse_args()
    with open(arguments.output, "wb") as file:
        file.write(module(int(arguments.megabytes * 1e6), arguments.wait))


if __name__ == "__main__":
    main()
