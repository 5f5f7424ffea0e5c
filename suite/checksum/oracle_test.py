#!/usr/bin/env python3
"""Compares checksum with hashlib on files of every length around the ends of blocks and reads."""
import argparse
import hashlib
import pathlib
import random
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from program import Program, skip_without_runner  # noqa: E402

LENGTHS = [1, 55, 56, 57, 63, 64, 65, 111, 112, 113, 119, 120, 127, 128, 129, 32767, 32768, 32769, 100000]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = parser.parse_args()
    program = Program(options.program, options.data / "checksum")
    skip_without_runner(program)
    failures = 0
    rng = random.Random(20240229)
    with tempfile.TemporaryDirectory() as folder:
        program.context = pathlib.Path(folder)
        for length in LENGTHS:
            data = rng.randbytes(length)
            (program.context / "file").write_bytes(data)
            wanted = "".join(f"\t{label}: {hashlib.new(name, data).hexdigest()}\t/context/file\n" for label, name in
                             (("MD5", "md5"), ("SHA256", "sha256"), ("SHA512", "sha512")))
            if program.run(["/context/file"]).stdout.decode() != wanted:
                failures += 1
                print(f"FAIL checksum of {length} bytes")
    print(f"{failures} differences from hashlib")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
