#!/usr/bin/env python3
"""The verbs of OCI runtimes side by side: create, start, exec, kill, delete; many containers at once; memory.

Runs the same native container under each runtime, rounds interleaved in random order. Writes into --out:

  verbs.csv     a line per command: runtime, round, verb, ns, exit code
  parallel.csv  a line per batch: runtime, containers, ns in all, failures, what was left (cgroups, state, processes)
  memory.csv    a line per waiting init: runtime, PSS and private KiB of the init before `start`
  table.md      medians and ratios, made from the three

Needs root and a static program that can sleep and exit: the probe of the tests. On a host with hybrid cgroups
everything runs in one private mount namespace without /sys/fs/cgroup/unified, which crun needs.

Example:
  lab/plans/verbs.py --crun /opt/crun/usr/bin/crun --out results/verbs
"""

import argparse
import csv
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

VERBS = ("create", "start", "exec", "kill", "delete")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mayfly", default="build/release/bin/mayfly")
    parser.add_argument("--runc", default="runc")
    parser.add_argument("--crun", default="crun")
    parser.add_argument("--probe", default="build/release/tests/probe/probe", help="static program of the guest")
    parser.add_argument("--out", default="results/verbs")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--parallel", type=int, nargs="*", default=[100, 500], help="sizes of the batches")
    parser.add_argument("--batches", type=int, default=1, help="how often each batch is run")
    parser.add_argument("--memory", type=int, default=10, help="waiting inits to look at")
    return parser.parse_args()


def enter_namespace():
    """crun refuses a hybrid host; a private mount namespace without `unified` is v1 for all alike."""
    if os.path.ismount("/sys/fs/cgroup/unified") and "MAYFLY_LAB_IN_NAMESPACE" not in os.environ:
        os.environ["MAYFLY_LAB_IN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                              'umount /sys/fs/cgroup/unified && exec "$@"', "-", sys.executable, *sys.argv])


def make_bundle(directory, runc, probe, args):
    bundle = pathlib.Path(directory)
    for name in ("proc", "dev", "sys", "etc"):
        (bundle / "rootfs" / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(probe, bundle / "rootfs/probe")
    subprocess.run([runc, "spec", "--bundle", bundle], check=True)
    config = json.loads((bundle / "config.json").read_text())
    config["process"].update(terminal=False, args=["/probe", *args])
    # Not every machine lets a container have as much as `spec` writes.
    config["process"]["rlimits"] = [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}]
    (bundle / "config.json").write_text(json.dumps(config))
    return str(bundle)


def timed(command):
    """Nanoseconds from before posix_spawn to after the command was reaped, and its exit code."""
    null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)]
    begin = time.monotonic_ns()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=null)
    status = os.waitpid(pid, 0)[1]
    return time.monotonic_ns() - begin, os.waitstatus_to_exitcode(status)


class Runtime:
    def __init__(self, name, program, scratch):
        self.name, self.root = name, f"{scratch}/state-{name}"
        self.line = [program, "--root", self.root]

    def run(self, *args):
        return timed([*self.line, *args])

    def status(self, container):
        ran = subprocess.run([*self.line, "state", container], capture_output=True, text=True, check=False)
        return json.loads(ran.stdout) if ran.returncode == 0 else {}


def wait_stopped(runtime, container):
    while runtime.status(container).get("status") not in ("stopped", None):
        time.sleep(0.001)


def measure_verbs(runtimes, bundle, rounds, write):
    for round_number in range(-2, rounds):  # two to warm up
        for runtime in random.sample(runtimes, len(runtimes)):
            container = f"verbs-{runtime.name}-{round_number + 2}"
            commands = {"create": ["create", "--bundle", bundle, container], "start": ["start", container],
                        "exec": ["exec", container, "/probe", "exit", "0"], "kill": ["kill", container, "KILL"],
                        "delete": ["delete", container]}
            for verb in VERBS:
                took, code = runtime.run(*commands[verb])
                if round_number >= 0:
                    write(runtime.name, round_number, verb, took, code)
                if verb == "kill":
                    wait_stopped(runtime, container)


def cgroups_named(prefix):
    found = subprocess.run(["find", "/sys/fs/cgroup", "-type", "d", "-name", f"{prefix}*"], capture_output=True,
                           text=True, check=False)
    return len(found.stdout.split())


def processes_in(prefix):
    """Processes in cgroups of that name."""
    count = 0
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            count += f"/{prefix}" in pathlib.Path(f"/proc/{entry}/cgroup").read_text(encoding="ascii")
        except OSError:
            continue  # ended meanwhile
    return count


def measure_parallel(runtimes, bundle, sizes, batches, write):
    for size in sizes:
        for batch in range(batches):
            for runtime in random.sample(runtimes, len(runtimes)):
                prefix = f"par-{runtime.name}-{size}-{batch}-"
                begin = time.monotonic_ns()
                running = [subprocess.Popen([*runtime.line, "run", "--bundle", bundle, f"{prefix}{i}"],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL) for i in range(size)]
                failures = sum(process.wait() != 0 for process in running)
                took = time.monotonic_ns() - begin
                state = len(os.listdir(runtime.root)) if os.path.isdir(runtime.root) else 0
                write(runtime.name, size, batch, took, failures, cgroups_named(prefix), state, processes_in(prefix))
                for i in range(size if failures else 0):
                    runtime.run("delete", "--force", f"{prefix}{i}")


def measure_memory(runtimes, bundle, count, write):
    for runtime in runtimes:
        names = [f"mem-{runtime.name}-{i}" for i in range(count)]
        for name in names:
            runtime.run("create", "--bundle", bundle, name)
        for name in names:
            with open(f"/proc/{runtime.status(name)['pid']}/smaps_rollup", encoding="ascii") as file:
                fields = {line.split(":")[0]: line.split()[1] for line in file if line.endswith(" kB\n")}
            private = int(fields["Private_Clean"]) + int(fields["Private_Dirty"])
            write(runtime.name, name, int(fields["Pss"]), private)
        for name in names:
            runtime.run("delete", "--force", name)


def ratio(value, base):
    return f"{value / base:.2f}" if base else "-"


def table(out, runtimes):
    """Medians in milliseconds; the ratios are Mayfly's to each of the others'."""
    names = [runtime.name for runtime in runtimes]
    others = [name for name in names if name != "mayfly"]
    head = ["", *names, *(f"mayfly / {name}" for name in others)]
    lines = ["# Verbs", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]

    def row(label, values, form):
        cells = [form(values[name]) for name in names] + [ratio(values["mayfly"], values[name]) for name in others]
        lines.append(f"| {label} | {' | '.join(cells)} |")

    samples = list(csv.DictReader((out / "verbs.csv").open()))
    for verb in VERBS:
        values = {name: statistics.median(int(s["ns"]) / 1e6 for s in samples
                                          if s["runtime"] == name and s["verb"] == verb) for name in names}
        row(f"{verb}, ms", values, "{:.2f}".format)
    failed = sum(s["exit_code"] != "0" for s in samples)
    batches = list(csv.DictReader((out / "parallel.csv").open()))
    for size in sorted({int(b["containers"]) for b in batches}):
        chosen = [b for b in batches if int(b["containers"]) == size]
        row(f"{size} at once, s", {name: statistics.median(int(b["ns"]) / 1e9 for b in chosen if b["runtime"] == name)
                                   for name in names}, "{:.2f}".format)
        lost = {name: sum(int(b["failures"]) for b in chosen if b["runtime"] == name) for name in names}
        left = {name: sum(int(b[key]) for b in chosen if b["runtime"] == name
                          for key in ("cgroups_left", "state_left", "processes_left")) for name in names}
        lines.append(f"| {size} at once, failures / left behind | "
                     + " | ".join(f"{lost[name]} / {left[name]}" for name in names) + " |" + " |" * len(others))
    memory = list(csv.DictReader((out / "memory.csv").open()))
    row("PSS of a waiting init, KiB", {name: statistics.median(int(m["pss_kib"]) for m in memory
                                                               if m["runtime"] == name) for name in names},
        "{:.0f}".format)
    lines += ["", f"{len(samples)} commands, {failed} of them failed. Medians; rounds interleaved in random order."]
    (out / "table.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def main():
    options = arguments()
    if os.geteuid() != 0:
        sys.exit("verbs: containers need root: run this in a root shell")
    enter_namespace()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mayfly-verbs-") as scratch:
        programs = [("mayfly", options.mayfly), ("runc", options.runc), ("crun", options.crun)]
        runtimes = [Runtime(name, os.path.abspath(shutil.which(program)), scratch)
                    for name, program in programs if shutil.which(program)]
        sleeper = make_bundle(f"{scratch}/sleep", options.runc, options.probe, ["sleep"])
        hello = make_bundle(f"{scratch}/hello", options.runc, options.probe, ["exit", "0"])

        def writer(name, header):
            file = (out / name).open("w", newline="")
            sink = csv.writer(file, lineterminator="\n")
            sink.writerow(header)

            def write(*row):
                sink.writerow(row)
                file.flush()
            return write

        measure_verbs(runtimes, sleeper, options.rounds,
                      writer("verbs.csv", ["runtime", "round", "verb", "ns", "exit_code"]))
        measure_memory(runtimes, sleeper, options.memory, writer("memory.csv", ["runtime", "id", "pss_kib", "private_kib"]))
        measure_parallel(runtimes, hello, options.parallel, options.batches,
                         writer("parallel.csv", ["runtime", "containers", "batch", "ns", "failures", "cgroups_left",
                                                 "state_left", "processes_left"]))
    table(out, runtimes)


main()
