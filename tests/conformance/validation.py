"""The OCI runtime-tools validation suite against runtimes: builds it, runs it, compares.

Usage: python3 validation.py [--runtime PATH]... [--program NAME]... [--known FILE] [--json FILE] [--keep-output DIR]

Each of the suite's programs runs in a directory of its own and speaks TAP. A program is clean when it ends
with status 0, reports no "not ok" and hides no error: those with the plan 1..0 report a failure only as a
YAML "error" (https://testanything.org), which is counted here.

With --known, a program that is not clean under the first runtime must be listed in that file with its
reason; any other makes the exit status 1. The suite is built once for each content of runtime-tools/go.sum
and Go version, under $MAYFLY_CACHE (/var/cache/mayfly).

Exit status: 0 as expected, 1 not, 2 usage, 77 skipped (the reason is printed).

Examples:
  python3 validation.py --runtime build/release/bin/mayfly --known tests/conformance/known.toml
  python3 validation.py --runtime build/release/bin/mayfly --runtime /usr/sbin/runc --program kill
"""

import argparse
import concurrent.futures
import contextlib
import ctypes
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

try:
    import tomllib
except ImportError:  # Python 3.10 and older
    tomllib = None

_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))
import go_module  # noqa: E402 pylint: disable=wrong-import-position

_MODULE = "github.com/opencontainers/runtime-tools"
_CGROUPS = pathlib.Path("/sys/fs/cgroup")
_CLONE_NEWNS = 0x00020000  # unshare(2)
_TIMEOUT_S = 60
# Arguments: what prepares the namespace, then the program. Containers that it leaves go by the runtime's own
# `delete --force`, so that one program's fault stays its own.
_IN_NAMESPACE = """
eval "$1"; shift
"$@"; status=$?
for entry in "$0"/state/*; do
  if [ -d "$entry" ]; then "$0/runtime" delete --force "${entry##*/}" >/dev/null 2>&1; fi
done
exit $status
"""


@dataclasses.dataclass
class Outcome:
    """What one program said of one runtime."""
    ok: int = 0
    not_ok: int = 0
    skipped: int = 0
    hidden: int = 0  # errors of a program that plans no tests
    status: int = 0
    seconds: float = 0.0
    failures: list = dataclasses.field(default_factory=list)

    @property
    def clean(self):
        return self.status == 0 and self.not_ok == 0 and self.hidden == 0

    def cell(self):
        if self.clean:
            return "clean" if self.ok or not self.skipped else "clean (skips all)"
        parts = [(self.not_ok, "not ok"), (self.hidden, "hidden"), (int(self.status != 0), f"status {self.status}")]
        return ", ".join(text if text.startswith("status") else f"{count} {text}" for count, text in parts if count)


def build_suite(builder, directory):
    """The programs, runtimetest and the root file system."""
    module = json.loads(builder.run("mod", "download", "-json", f"{_MODULE}@v0.9.0"))["Dir"]
    builder.run("build", "-o", f"{directory}/", f"{_MODULE}/validation/...")
    builder.run("build", "-o", f"{directory}/runtimetest", f"{_MODULE}/cmd/runtimetest", CGO_ENABLED="0")
    shutil.copy(f"{module}/rootfs-amd64.tar.gz", directory)


def programs_of(suite):
    return sorted(p.name for p in suite.iterdir() if p.name not in ("runtimetest", "rootfs-amd64.tar.gz"))


def parse_tap(text, outcome):
    for line in text.splitlines():
        if re.match(r"ok \d", line):
            if "# SKIP" in line.upper():
                outcome.skipped += 1
            else:
                outcome.ok += 1
        elif re.match(r"not ok \d", line):
            outcome.not_ok += 1
            outcome.failures.append(line)
    if re.search(r"^1\.\.0\b", text, re.MULTILINE):
        hidden = re.findall(r'^\s*"error":\s*(.*?),?$', text, re.MULTILINE)
        outcome.hidden += len(hidden)
        outcome.failures += hidden


def absent_hierarchies():
    """Controllers of cgroup v1 that the kernel has, the suite tests and nobody mounted."""
    if not (_CGROUPS / "memory").is_dir():
        return []
    rows = [line.split() for line in pathlib.Path("/proc/cgroups").read_text().splitlines()[1:]]
    return [name for name, _, _, enabled in rows
            if name in ("hugetlb", "net_cls", "net_prio") and enabled == "1" and not (_CGROUPS / name).exists()]


def before_program(runtime):
    """Shell commands for a program's mount namespace. crun does not take a hybrid cgroup host."""
    hybrid = (_CGROUPS / "unified/cgroup.procs").exists()
    return f"umount {_CGROUPS}/unified" if hybrid and os.path.basename(runtime) == "crun" else ":"


def children_of(hierarchy):
    """The cgroups below a mount point, the deepest first."""
    return sorted((p for p in hierarchy.rglob("*/") if p.is_dir()), reverse=True)


def cgroups_in(controller):
    """How many cgroups the kernel keeps for a controller: removed ones, too, until it has let go of them."""
    rows = [line.split() for line in pathlib.Path("/proc/cgroups").read_text().splitlines()[1:]]
    return next(int(count) for name, _, count, _ in rows if name == controller)


def remove_children(hierarchy):
    """Ends what runs in the cgroups of a hierarchy that only this run uses, and removes them. A hierarchy outlives
    its last mount while a cgroup is in it, a removed one included until the kernel has let go of it, and then every
    process of the host has a line for it."""
    end = time.monotonic() + 10
    while ((left := children_of(hierarchy)) or cgroups_in(hierarchy.name) > 1) and time.monotonic() < end:
        for cgroup in left:
            with contextlib.suppress(OSError):
                for pid in (cgroup / "cgroup.procs").read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
            with contextlib.suppress(OSError):
                cgroup.rmdir()
        time.sleep(0.01)
    return [f"cgroup {path}" for path in left]


def still_attached(names):
    """Those of the controllers that /proc/self/cgroup still has a line for, after some time to go."""
    end = time.monotonic() + 10
    while True:
        lines = pathlib.Path("/proc/self/cgroup").read_text().splitlines()
        left = [f"hierarchy {line}" for line in lines if set(line.split(":")[1].split(",")) & set(names)]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.1)


def mount_hierarchy(directory):
    end = time.monotonic() + 10
    # Busy while an earlier mount's hierarchy goes.
    while (made := subprocess.run(["mount", "-t", "cgroup", "-o", directory.name, directory.name, directory], check=False,
                                  capture_output=True, text=True)).returncode != 0:
        if time.monotonic() > end:
            sys.exit(f"validation: {made.stderr.strip()}")
        time.sleep(0.1)


@contextlib.contextmanager
def own_mounts():
    """A mount namespace for the whole run, with the hierarchies that are absent from the host; all gone afterwards,
    or the run fails and says what stays."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        sys.exit(f"validation: unshare: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    made = []
    try:
        for name in absent_hierarchies():
            directory = _CGROUPS / name
            directory.mkdir()
            made.append(directory)
            mount_hierarchy(directory)
        yield
    finally:
        left = []
        for directory in sorted(_CGROUPS.glob("*/testdir/**/"), reverse=True):
            with contextlib.suppress(OSError):
                directory.rmdir()
        for directory in made:
            if os.path.ismount(directory):
                left += remove_children(directory)
                subprocess.run(["umount", directory], check=False)
            with contextlib.suppress(OSError):
                directory.rmdir()
        left += still_attached([d.name for d in made])
        if left:
            sys.exit(f"validation: left behind: {'; '.join(left)}")


def wrapper_for(runtime, directory):
    """A program that runs `runtime` on a state directory of its own. crun does not take a hybrid cgroup host."""
    path = directory / "runtime"
    command = f'exec {runtime} --root {directory}/state "$@"'
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
    return path


def run_program(suite, program, runtime, keep):
    with tempfile.TemporaryDirectory(prefix="mayfly-validation-") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        for file in ("runtimetest", "rootfs-amd64.tar.gz"):
            shutil.copy(suite / file, directory / file)
        environment = {**os.environ, "RUNTIME": str(wrapper_for(runtime, directory)), "TMPDIR": name}
        # A mount namespace of its own: a runtime that mounts in its caller's (runc does in linux_ns_path_type)
        # leaves nothing behind.
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _IN_NAMESPACE, name,
                   before_program(runtime), "timeout", "--kill-after=5", str(_TIMEOUT_S), str(suite / program)]
        begin = time.monotonic()
        result = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        outcome = Outcome(status=result.returncode, seconds=round(time.monotonic() - begin, 2))
        parse_tap(result.stdout, outcome)
        if not outcome.clean:
            outcome.failures += result.stderr.strip().splitlines()[-3:]
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{os.path.basename(runtime)}-{program}.txt").write_text(
                f"{result.stdout}\n--- stderr\n{result.stderr}")
        return outcome


def known_reasons(path, skip):
    if not path:
        return None
    if tomllib is None:
        skip("Python 3.11 or newer is needed to read the list of known failures")
    with open(path, "rb") as file:
        return tomllib.load(file)["known"]


def print_table(programs, runtimes, results):
    width = max(len(p) for p in programs) + 2
    names = [os.path.basename(r) for r in runtimes]
    print(f"{'program':{width}}" + "".join(f"{n:28}" for n in names))
    for program in programs:
        print(f"{program:{width}}" + "".join(f"{results[r][program].cell():28}" for r in runtimes).rstrip())
    for runtime, name in zip(runtimes, names):
        outcomes = results[runtime].values()
        print(f"{name}: {sum(o.clean for o in outcomes)} of {len(programs)} programs clean; "
              f"{sum(o.ok for o in outcomes)} ok, {sum(o.not_ok for o in outcomes)} not ok, "
              f"{sum(o.skipped for o in outcomes)} skipped, {sum(o.hidden for o in outcomes)} hidden errors, "
              f"{sum(o.status != 0 for o in outcomes)} ended with a status other than 0")


def judge(runtime, programs, outcomes, known):
    """Problems of the first runtime, against the list of known ones."""
    problems = []
    for program in programs:
        outcome = outcomes[program]
        if outcome.clean and program in known:
            print(f"note: {program} is listed as known and is clean: {known[program]}")
        if not outcome.clean and program not in known:
            detail = "".join(f"\n    {line}" for line in outcome.failures[:12])
            problems.append(f"{os.path.basename(runtime)}: {program}: {outcome.cell()}{detail}")
        if not outcome.clean and program in known:
            print(f"known: {program}: {outcome.cell()}: {known[program]}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runtime", action="append", help="path of a runtime; may be given again")
    parser.add_argument("--program", action="append", help="only this program; may be given again")
    parser.add_argument("--known", help="file of programs that are not clean, with the reason")
    parser.add_argument("--json", help="write all outcomes there")
    parser.add_argument("--keep-output", type=pathlib.Path, help="keep what the programs printed there")
    arguments = parser.parse_args()
    suite_builder = go_module.Builder("validation", _HERE / "runtime-tools", mode="mod")
    if os.geteuid() != 0:
        suite_builder.skip("containers need root")
    runtimes = [os.path.abspath(r) for r in arguments.runtime or [shutil.which("mayfly") or ""]]
    for runtime in runtimes:
        if not os.access(runtime, os.X_OK):
            parser.error(f"{runtime or 'mayfly'}: no such program")
    known = known_reasons(arguments.known, suite_builder.skip)
    suite = suite_builder.published("runtime-tools", build_suite)
    programs = programs_of(suite)
    unknown = set(arguments.program or []) - set(programs)
    if unknown:
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    programs = arguments.program or programs

    results = {}
    with own_mounts():
        for runtime in runtimes:
            results[runtime] = run_all(suite, programs, runtime, arguments.keep_output)
        print_table(programs, runtimes, results)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({r: {p: dataclasses.asdict(o) for p, o in results[r].items()} for r in runtimes}, file, indent=1)
    problems = judge(runtimes[0], programs, results[runtimes[0]], known) if known is not None else []
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


def run_all(suite, programs, runtime, keep):
    """Programs that share a cgroup path run one after the other, the others on all processors."""
    alone = [p for p in programs if "cgroups" in p]
    outcomes = {p: run_program(suite, p, runtime, keep) for p in alone}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        others = [p for p in programs if p not in outcomes]
        outcomes.update(zip(others, pool.map(lambda p: run_program(suite, p, runtime, keep), others)))
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
