#!/usr/bin/env python3
"""Runs every golden case of one function's suite.toml and compares exit code, bytes and digest of stdout."""
import argparse
import hashlib
import pathlib
import sys
import tomllib

from program import Program, skip_without_runner

KEYS = {"name", "args", "exit", "stdout_bytes", "stdout_sha256", "stderr", "stdout_to", "varies", "slow"}


def check_case(program, case):
    """The differences between what the case says and what the program does, as text."""
    unknown = set(case) - KEYS
    if unknown:
        return [f"unknown key {', '.join(sorted(unknown))}"]
    outcome = program.run(case["args"], case.get("stdout_to"))
    problems = []

    def expect(what, wanted, found):
        if wanted != found:
            problems.append(f"{what} is {found}, not {wanted}")

    expect("exit code", case["exit"], outcome.exit)
    if case.get("varies"):
        # Random by intent: two runs must differ.
        if not outcome.stdout or program.run(case["args"]).stdout == outcome.stdout:
            problems.append("stdout of two runs is equal or empty")
    elif "stdout_to" not in case:
        expect("stdout length", case["stdout_bytes"], len(outcome.stdout))
        expect("stdout sha256", case["stdout_sha256"], hashlib.sha256(outcome.stdout).hexdigest())
    if case["exit"] == 0:
        expect("stderr", "", outcome.stderr)
    elif case["stderr"] not in outcome.stderr:
        problems.append(f"stderr is {outcome.stderr!r}, without {case['stderr']!r}")
    if problems and outcome.stderr:
        problems.append(f"stderr: {outcome.stderr.strip()}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--function", type=pathlib.Path, required=True, help="folder with suite.toml")
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="what suite-data wrote")
    parser.add_argument("--slow", action="store_true", help="the cases marked slow instead of the others")
    options = parser.parse_args()

    suite = tomllib.loads((options.function / "suite.toml").read_text())
    program = Program(options.program, options.data / suite["name"])
    skip_without_runner(program)
    cases = [c for c in suite["golden"] if c.get("slow", False) == options.slow]
    if not cases:
        sys.exit(f"{suite['name']}: no golden case to run")
    failed = 0
    for case in cases:
        problems = check_case(program, case)
        failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok':4} {suite['name']} {case['name']}")
        for problem in problems:
            print(f"     {problem}")
    print(f"{len(cases) - failed} of {len(cases)} as recorded")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
