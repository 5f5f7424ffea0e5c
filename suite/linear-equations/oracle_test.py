#!/usr/bin/env python3
"""Compares linear-equations with the same elimination in Python, cell by cell, for small systems."""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from program import Program, skip_without_runner  # noqa: E402
from reference import ih12, matrix_text, sm64  # noqa: E402


def solve(n, seed):
    """Each value on its own, in the order in which the specification adds to it."""
    draws = sm64(seed)
    a = [[ih12(draws) for _ in range(n)] for _ in range(n)]
    b = [ih12(draws) for _ in range(n)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(a[i][k]))  # the first of equal ones
        a[k], a[pivot], b[k], b[pivot] = a[pivot], a[k], b[pivot], b[k]
        reciprocal = 1 / a[k][k]
        for i in range(k + 1, n):
            a[i][k] *= reciprocal
            for j in range(k + 1, n):
                a[i][j] += -a[i][k] * a[k][j]
    for i in range(n):
        for k in range(i):
            b[i] += -a[i][k] * b[k]
    for i in reversed(range(n)):
        for k in range(i + 1, n):
            b[i] += -a[i][k] * b[k]
        b[i] *= 1 / a[i][i]
    return b


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = parser.parse_args()
    program = Program(options.program, options.data / "linear-equations")
    skip_without_runner(program)
    failures = 0
    for n in [*range(1, 20), 33, 64, 65]:
        if program.run(["--seed", str(n + 7), str(n)]).stdout != matrix_text([[x] for x in solve(n, n + 7)]):
            failures += 1
            print(f"FAIL linear-equations of order {n}")
    print(f"{failures} differences from the oracle")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
