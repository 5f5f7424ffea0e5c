#!/usr/bin/env python3
"""Runs the check of libc/string.cc as a module: its functions against plain loops."""
import sys

from program import Program, skip_without_runner


def main():
    program = Program(sys.argv[1], "/nonexistent")
    skip_without_runner(program)
    found = program.run([])
    print(found.stdout.decode(), found.stderr, sep="", end="")
    return 0 if found.exit == 0 and found.stdout.endswith(b" checks agree\n") else 1


if __name__ == "__main__":
    sys.exit(main())
