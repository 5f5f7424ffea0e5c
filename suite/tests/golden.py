#!/usr/bin/env python3
"""Runs every golden case of one function's suite.toml: exit code, stdout, stderr, and the files it leaves.

A function that writes files gets a copy of its inputs for each case; a file that the case does not declare is
an error, so every failing case also shows that nothing half written is left.
"""
import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib

from program import CONTEXT, Program, namespace_command, skip_without_runner

# Of a case; the last row prepares what the program meets: arguments that are too long to write down or no
# UTF-8, inputs it may not read, a /context with room for so many bytes.
KEYS = {"name", "args", "exit", "stdout_bytes", "stdout_sha256", "stderr", "stdout_to", "varies", "slow",
        "file", "long_arg", "raw_arg", "unreadable", "room_bytes"}
NOTHING = hashlib.sha256(b"").hexdigest()


def arguments_of(case):
    args = list(case["args"])
    if "long_arg" in case:
        args.append("9" * case["long_arg"])
    if "raw_arg" in case:
        args.append(os.fsdecode(bytes.fromhex(case["raw_arg"])))
    return args


class Folder:
    """A context of one case's own: the inputs that the case names, and afterwards what the program left there."""

    def __init__(self, data, case, args, beside):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="context-", dir=beside))
        self.is_full = "room_bytes" in case
        if self.is_full:  # main() has made sure that this mount is nobody else's
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={case['room_bytes']}", "none", self.path], check=True)
        named = [a[len(CONTEXT) + 1:].split("/")[0] for a in args if a.startswith(CONTEXT + "/")]
        for name in {*named, *(name.split("/")[0] for name in case.get("unreadable", []))}:
            source = data / name
            if source.is_dir():
                shutil.copytree(source, self.path / name, symlinks=True)
            elif source.is_file():
                shutil.copyfile(source, self.path / name)
        self.inputs = self.files()
        for name in case.get("unreadable", []):
            (self.path / name).chmod(0)

    def files(self):
        return {str(p.relative_to(self.path)) for p in self.path.rglob("*")}

    def remove(self):
        if self.is_full:
            subprocess.run(["umount", self.path], check=True)
        shutil.rmtree(self.path)


def file_problems(folder, case):
    declared = {file["path"]: file for file in case.get("file", [])}
    for name in sorted(folder.files() - folder.inputs - set(declared)):
        yield f"left {name}"
    for name in sorted(folder.inputs - folder.files()):
        yield f"removed {name}"
    for name, file in declared.items():
        path = folder.path / name
        content = path.read_bytes() if path.is_file() else None
        if content is None:
            yield f"no file {name}"
        elif (len(content), hashlib.sha256(content).hexdigest()) != (file["bytes"], file["sha256"]):
            yield f"{name} has {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}"


def check_case(program, case, args):
    """The differences between what the case says and what the program does, as text."""
    unknown = set(case) - KEYS
    if unknown:
        return [f"unknown key {', '.join(sorted(unknown))}"]
    outcome = program.run(args, case.get("stdout_to"))
    problems = []

    def expect(what, wanted, found):
        if wanted != found:
            problems.append(f"{what} is {found}, not {wanted}")

    expect("exit code", case["exit"], outcome.exit)
    if case.get("varies"):
        # Random by intent: two runs must differ.
        if not outcome.stdout or program.run(args).stdout == outcome.stdout:
            problems.append("stdout of two runs is equal or empty")
    elif "stdout_to" not in case:
        # A case that fails says nothing on stdout, unless it is declared.
        expect("stdout length", case["stdout_bytes"] if case["exit"] == 0 else case.get("stdout_bytes", 0),
               len(outcome.stdout))
        expect("stdout sha256", case["stdout_sha256"] if case["exit"] == 0 else case.get("stdout_sha256", NOTHING),
               hashlib.sha256(outcome.stdout).hexdigest())
    if case["exit"] == 0:
        expect("stderr", "", outcome.stderr)
    elif case["stderr"] not in outcome.stderr:
        problems.append(f"stderr is {outcome.stderr!r}, without {case['stderr']!r}")
    if problems and outcome.stderr:
        problems.append(f"stderr: {outcome.stderr.strip()}")
    return problems


def run_case(program, case, suite, data):
    args = arguments_of(case)
    if not suite.get("writes", False) and not {"unreadable", "room_bytes", "file"} & set(case):
        return check_case(program, case, args)
    folder = Folder(data, case, args, data.parent.parent)
    try:
        program.context = folder.path
        return check_case(program, case, args) + list(file_problems(folder, case))
    finally:
        program.context = data
        folder.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--function", type=pathlib.Path, required=True, help="folder with suite.toml")
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="what suite-data wrote")
    parser.add_argument("--engine", type=lambda text: tuple(text.split(":")), help="NAME:STRATEGY, for modules")
    parser.add_argument("--slow", action="store_true", help="the cases marked slow instead of the others")
    options = parser.parse_args()

    suite = tomllib.loads((options.function / "suite.toml").read_text())
    program = Program(options.program, options.data / suite["name"], options.engine)
    skip_without_runner(program)
    if any("room_bytes" in case for case in suite["golden"]) and "MAYFLY_SUITE_IN_NAMESPACE" not in os.environ:
        # A full disk is a small file system of our own, mounted where nobody else sees it.
        os.environ["MAYFLY_SUITE_IN_NAMESPACE"] = "1"
        os.execvp("unshare", [*namespace_command(), sys.executable, "-B", *sys.argv])
    cases = [c for c in suite["golden"] if c.get("slow", False) == options.slow]
    if not cases:
        sys.exit(f"{suite['name']}: no golden case to run")
    failed = 0
    for case in cases:
        if "raw_arg" in case and program.is_module:
            print(f"skip {suite['name']} {case['name']}: the JSON of a container's configuration cannot hold it")
            continue
        problems = run_case(program, case, suite, options.data / suite["name"])
        failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok':4} {suite['name']} {case['name']}")
        for problem in problems:
            print(f"     {problem}")
    print(f"{failed} of {len(cases)} not as recorded")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
