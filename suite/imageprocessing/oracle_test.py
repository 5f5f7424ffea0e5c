#!/usr/bin/env python3
"""Decodes the PNG files that imageprocessing writes, here from the format's description, and compares the pixels
with digests of the original's; for JPEG with the result of the same image as PNG, within a tolerance.

The original's decoders and this one's agree on PNG and BMP to the bit, on JPEG to a few levels.
"""
import argparse
import hashlib
import pathlib
import shutil
import struct
import sys
import tempfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from program import Program, skip_without_runner  # noqa: E402

SIDE = 800
DIGESTS = {
    "pattern-100.png": "46981bd9c3080aeacfb32361f6f3820e9abf7d624e1c8ff66e67e94aac5b5a1b",
    "pattern-640.png": "aa66668365b3c56dd0556118119e4741782f6ccd52d4b28aee212f5c22fab3f4",
    "pattern-640.bmp": "aa66668365b3c56dd0556118119e4741782f6ccd52d4b28aee212f5c22fab3f4",
    "pattern-1920.png": "e03d8191b2be03e17fa19b557eb390f0c208784492d80f140da946239366b407",
}
JPEG_TOLERANCE = 12.0  # mean difference of a colour, in levels; quality 90 and a pattern of hard edges


def paeth(left, up, corner):
    p = left + up - corner
    return min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2]


def unfilter(kind, line, before):
    """One row of RGBA bytes; PNG specification, section 9."""
    row = bytearray(line)
    for i, byte in enumerate(line):
        left = row[i - 4] if i >= 4 else 0
        corner = before[i - 4] if i >= 4 else 0
        guess = (0, left, before[i], (left + before[i]) // 2, 0)[kind] if kind < 4 else paeth(left, before[i], corner)
        row[i] = (byte + guess) & 255
    return row


def pixels_of(png):
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, header = 8, b"", None
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        body = png[at + 8:at + 8 + size]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", png, at + 8 + size)[0], kind
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        data += body if kind == b"IDAT" else b""
        at += 12 + size
    assert header == (SIDE, SIDE, 8, 6, 0, 0, 0), header
    lines = zlib.decompress(data)
    stride = 4 * SIDE
    before, rows = bytearray(stride), []
    for y in range(SIDE):
        start = y * (stride + 1)
        before = unfilter(lines[start], lines[start + 1:start + 1 + stride], before)
        rows.append(before)
    return b"".join(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = parser.parse_args()

    problems, pixels = [], {}
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        context = pathlib.Path(folder)
        program = Program(options.program, context)
        skip_without_runner(program)
        for name in (*DIGESTS, "pattern-640.jpg"):
            shutil.copyfile(options.data / "imageprocessing" / name, context / name)
            found = program.run([f"/context/{name}"])
            if found.exit != 0:
                sys.exit(f"{name}: exit {found.exit}: {found.stderr}")
            pixels[name] = pixels_of((context / f"{name}-output.png").read_bytes())
    for name, digest in DIGESTS.items():
        if hashlib.sha256(pixels[name]).hexdigest() != digest:
            problems.append(f"{name}: other pixels than the original's")
    alphas = pixels["pattern-640.png"][3::4]
    counts = (alphas.count(0), SIDE * SIDE - alphas.count(0) - alphas.count(255), alphas.count(255))
    if counts != (108112, 2804, 529084):
        problems.append(f"transparent, partly transparent, opaque: {counts}")
    jpeg, png = pixels["pattern-640.jpg"], pixels["pattern-640.png"]
    difference = sum(abs(a - b) for a, b in zip(jpeg, png)) / (3 * (SIDE * SIDE - counts[0]))
    print(f"JPEG differs from PNG by {difference:.2f} levels on average")
    if jpeg[3::4] != alphas or not 0 < difference < JPEG_TOLERANCE:
        problems.append("JPEG: too far from the same image as PNG")
    for problem in problems:
        print(problem)
    print("as the oracle says" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
