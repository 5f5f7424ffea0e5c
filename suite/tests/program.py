"""Runs a program of the suite, native or as a Wasm module, with a directory of the host at /context.

A module needs a runner: MAYFLY_SUITE_RUNNER holds a command (split like a shell would) that is called as
`RUNNER [--dir HOSTDIR::/context] MODULE ARGS...` and passes on stdout, stderr and the exit code. Where a test
asks for an engine, the words before the module begin with `--engine NAME --strategy NAME`.

A native program runs in a root of its own (a mount namespace with the host's /usr and /context, no
capabilities), so that it sees the same paths and the same rights as a guest.
"""
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass

SKIPPED = 77
CONTEXT = "/context"

# $1: the directory for /context or nothing, $2: the program, the rest: its arguments. All mounts go with the namespace.
_NATIVE_ROOT = r"""
set -e
context=$1 program=$2; shift 2
mount -t tmpfs none /mnt
mkdir /mnt/usr /mnt/proc /mnt/dev /mnt/context /mnt/tmp
mount --rbind /usr /mnt/usr
for link in bin lib lib64 sbin; do [ ! -L /$link ] || ln -s usr/$link /mnt/$link; done
[ -z "$context" ] || mount --bind "$context" /mnt/context
: >/mnt/program
mount --bind "$program" /mnt/program
exec chroot /mnt /usr/bin/setpriv --bounding-set=-all --inh-caps=-all -- /program "$@"
"""


@dataclass
class Outcome:
    exit: int
    stdout: bytes
    stderr: str


def namespace_command():
    """What runs a command in a mount namespace of its own."""
    return ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]


class Program:
    """`path` ending in .wasm is a module; `context` is the host directory that stands for /context."""

    def __init__(self, path, context, engine=None):
        self.engine = engine  # (name, strategy), or None for the runner's own choice
        self.path = pathlib.Path(path)
        self.context = pathlib.Path(context)
        self.is_module = self.path.suffix == ".wasm"
        if not self.path.is_file():
            sys.exit(f"{self.path}: not built; run suite/build.sh")

    def command(self, args):
        if self.is_module:
            runner = shlex.split(os.environ["MAYFLY_SUITE_RUNNER"])
            mapping = ["--dir", f"{self.context}::{CONTEXT}"] if self.context.is_dir() else []
            if self.engine:
                runner += ["--engine", self.engine[0], "--strategy", self.engine[1]]
            return [*runner, *mapping, str(self.path), *args]
        context = str(self.context.resolve()) if self.context.is_dir() else ""
        return [*namespace_command(), "sh", "-c", _NATIVE_ROOT, "sh", context, str(self.path.resolve()), *args]

    def run(self, args, stdout_path=None):
        with open(stdout_path, "wb") if stdout_path else open(os.devnull, "wb") as sink:
            done = subprocess.run([os.fsencode(word) for word in self.command(args)], stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, stdout=sink if stdout_path else subprocess.PIPE, check=False)
        return Outcome(done.returncode, done.stdout or b"", done.stderr.decode(errors="replace"))


def skip_without_runner(program):
    if program.is_module:
        if not os.environ.get("MAYFLY_SUITE_RUNNER"):
            print("skipped: MAYFLY_SUITE_RUNNER names no command that runs Wasm modules (see suite/README.md)")
            sys.exit(SKIPPED)
        if program.engine:
            noop = Program(program.path.with_name("noop.wasm"), "/nonexistent", program.engine).run([])
            # Only what is not part of this build is left out; an engine that fails is a failure.
            if noop.exit != 0 and ("is not there" in noop.stderr or "has no strategy" in noop.stderr):
                print(f"skipped: {noop.stderr.strip()}")
                sys.exit(SKIPPED)
        return
    if not shutil.which("setpriv") or subprocess.run([*namespace_command(), "true"], check=False).returncode != 0:
        print("skipped: native programs run in a mount namespace: needs unshare, setpriv, and root or user namespaces")
        sys.exit(SKIPPED)
