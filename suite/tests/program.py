"""Runs a program of the suite, native or as a Wasm module, with its inputs at /context.

A module needs a runner: MAYFLY_SUITE_RUNNER holds a command (split like a shell would) that is called as
`RUNNER [--dir HOSTDIR::/context] MODULE ARGS...` and passes on stdout, stderr and the exit code.
"""
import os
import pathlib
import shlex
import subprocess
import sys
from dataclasses import dataclass

SKIPPED = 77
CONTEXT = "/context"


@dataclass
class Outcome:
    exit: int
    stdout: bytes
    stderr: str


class Program:
    """`path` ending in .wasm is a module; `context` is the host directory that stands for /context."""

    def __init__(self, path, context):
        self.path = pathlib.Path(path)
        self.context = pathlib.Path(context)
        self.is_module = self.path.suffix == ".wasm"
        if not self.path.is_file():
            sys.exit(f"{self.path}: not built; run suite/build.sh")

    def command(self, args):
        if self.is_module:
            runner = shlex.split(os.environ["MAYFLY_SUITE_RUNNER"])
            mapping = ["--dir", f"{self.context}::{CONTEXT}"] if self.context.is_dir() else []
            return [*runner, *mapping, str(self.path), *args]
        # A native program is not in a container here: its arguments name the host's files.
        host = [str(self.context) + a[len(CONTEXT):] if a.startswith(CONTEXT) else a for a in args]
        return [str(self.path), *host]

    def run(self, args, stdout_path=None):
        with open(stdout_path, "wb") if stdout_path else open(os.devnull, "wb") as sink:
            done = subprocess.run(self.command(args), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  stdout=sink if stdout_path else subprocess.PIPE, check=False)
        return Outcome(done.returncode, done.stdout or b"", done.stderr.decode(errors="replace"))


def skip_without_runner(program):
    if program.is_module and not os.environ.get("MAYFLY_SUITE_RUNNER"):
        print("skipped: MAYFLY_SUITE_RUNNER names no command that runs Wasm modules (see suite/README.md)")
        sys.exit(SKIPPED)
