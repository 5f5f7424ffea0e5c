#!/usr/bin/env python3
"""Compares aes with its oracle: every length of a last block, several seeds, the digest of --quiet."""
import argparse
import hashlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from oracle import expected_output  # noqa: E402
from program import Program, skip_without_runner  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = parser.parse_args()
    program = Program(options.program, options.data / "aes")
    skip_without_runner(program)
    failures = 0
    for length in [*range(34), 255, 256, 1000]:
        seed, iterations = 1000 + length, 1 + length % 3
        wanted = expected_output(length, iterations, seed=seed)
        args = ["--seed", str(seed), str(length), str(iterations)]
        if program.run(args).stdout != wanted:
            failures += 1
            print(f"FAIL aes {' '.join(args)}")
        if length % 8 == 0 and program.run(["--quiet", *args]).stdout.decode() != hashlib.sha256(wanted).hexdigest() + "\n":
            failures += 1
            print(f"FAIL aes --quiet {' '.join(args)}")
    print(f"{failures} differences from the oracle")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
