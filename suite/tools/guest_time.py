#!/usr/bin/env python3
"""User time of the suite's functions as Wasm guests against native, all as containers of `mayfly run`.

Usage: guest_time.py --out DIR [--functions A,B] [--sizes paper,x10,x100,large] [--runs N] [--sides A,B]
       guest_time.py --out DIR --report

Each function and size runs N times (10) on every side, in a random order: `native` (clang -O3, static), `march`
(the same with -march=native) and ENGINE-STRATEGY, a module with compiled code from the cache where there is
one. Exit code and stdout of every run are compared with suite.toml. What is recorded is the user and system time
of the whole process tree; the table takes off the median of noop on the same side, so what is left is the
program's. Samples are appended to DIR/samples.csv, so a measurement can be made in pieces; DIR/table.md is made
from them. Needs root, build/release, build/suite and its target native-march.

Example: suite/tools/guest_time.py --out results/guest-time --functions noop,aes,matmul --sizes paper,x10
"""
import argparse
import csv
import hashlib
import json
import math
import os
import pathlib
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib

TREE = pathlib.Path(__file__).resolve().parents[2]
SUITE = TREE / "build/suite"
MAYFLY = TREE / "build/release/bin/mayfly"
NATIVE = {"native": "native-static", "march": "native-march"}
SIZES = ["paper", "x10", "x100", "large"]
COLUMNS = ["function", "size", "side", "run", "user_s", "system_s", "wall_s"]
# Below this the split of a short run into user and system time says little: it is counted in ticks.
RESOLUTION_S = 0.020


def declarations():
    names = sorted(path.parent.name for path in (TREE / "suite").glob("*/suite.toml"))
    return {name: tomllib.loads((TREE / "suite" / name / "suite.toml").read_text()) for name in names}


class Bundle:
    """A container of one side of a function; its arguments can be set anew for each size."""

    def __init__(self, folder, function, suite, side):
        self.path = folder / f"{function}-{side}"
        (self.path / "rootfs/context").mkdir(parents=True)
        is_module = side not in NATIVE
        source = SUITE / "wasm" / f"{function}.wasm" if is_module else SUITE / NATIVE[side] / function
        self.program = "/" + source.name
        shutil.copy(source, self.path / "rootfs" / source.name)
        self.annotations = {}
        if is_module:
            engine, strategy = side.rsplit("-", 1)
            self.annotations = {"dev.mayfly.engine": engine, "dev.mayfly.strategy": strategy}
        data = SUITE / "data" / function
        if suite.get("writes"):
            if data.is_dir():
                shutil.copytree(data, self.path / "rootfs/context", dirs_exist_ok=True)
            data = None
        self.data = data if data and data.is_dir() else None

    def run(self, args, stdout):
        """One run: (exit code, user, system, wall seconds)."""
        config = {
            "ociVersion": "1.0.2", "annotations": self.annotations, "root": {"path": "rootfs"},
            "process": {"user": {"uid": 0, "gid": 0}, "args": [self.program, *args], "cwd": "/", "env": ["PATH=/"]},
            "mounts": [{"destination": "/context", "type": "bind", "source": str(self.data),
                        "options": ["rbind", "ro"]}] if self.data else [],
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")]},
        }
        (self.path / "config.json").write_text(json.dumps(config))
        name = f"guest-time-{os.getpid()}"
        command = [str(MAYFLY), "--root", str(self.path / "state"), "run", "--bundle", str(self.path), name]
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, usage.ru_utime, usage.ru_stime, wall


def golden_of(suite, args):
    return next(case for case in suite["golden"] if case["args"] == args)


def measure(options, suites):
    cells = []
    with tempfile.TemporaryDirectory(prefix="guest-time-", dir="/dev/shm") as folder:
        for function in options.functions:
            sizes = {"paper": suites[function]["args"], **suites[function].get("sizes", {})}
            for side in options.sides:
                bundle = Bundle(pathlib.Path(folder), function, suites[function], side)
                cells += [(function, size, side, bundle, sizes[size]) for size in options.sizes if size in sizes]
        order = random.Random(1)
        samples = options.out / "samples.csv"
        is_new = not samples.exists()
        with samples.open("a", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            if is_new:
                table.writerow(COLUMNS)
            for run in range(options.runs + 1):
                order.shuffle(cells)
                for function, size, side, bundle, args in cells:
                    with tempfile.TemporaryFile(dir=folder) as stdout:
                        code, user, system, wall = bundle.run(args, stdout)
                        stdout.seek(0)
                        digest = hashlib.file_digest(stdout, "sha256").hexdigest()
                    case = golden_of(suites[function], args)
                    if code != case["exit"] or digest != case["stdout_sha256"]:
                        sys.exit(f"{function} {size} on {side}: exit {code}, stdout {digest}: not as recorded")
                    if run > 0:  # the first fills the cache of compiled code and the page cache
                        table.writerow([function, size, side, run, f"{user:.6f}", f"{system:.6f}", f"{wall:.6f}"])
                file.flush()


def read_samples(out):
    times = {}
    with (out / "samples.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            times.setdefault((row["function"], row["size"], row["side"]), []).append(float(row["user_s"]))
    return times


def table_of(times):
    """Markdown: user milliseconds without noop's, minimum and median, and the ratio of medians to native."""
    sides = sorted({side for _, _, side in times}, key=lambda s: (s not in NATIVE, s == "march", s))
    floor = {side: statistics.median(times.get(("noop", "paper", side), [0.0])) for side in sides}
    lines = ["| function | size | n | " + " | ".join(f"{s} min / median ms" for s in sides)
             + " | " + " | ".join(f"{s} / native" for s in sides if s != "native") + " |",
             "|---|---|---|" + "---|" * (2 * len(sides) - 1)]
    ratios = {}
    for function, size in sorted({key[:2] for key in times}, key=lambda key: (key[0], SIZES.index(key[1]))):
        runs = {side: [t - floor[side] for t in times.get((function, size, side), [])] for side in sides}
        cells = [f"{max(min(r), 0) * 1e3:.1f} / {max(statistics.median(r), 0) * 1e3:.1f}" if r else "" for r in runs.values()]
        native = statistics.median(runs["native"]) if runs["native"] else 0
        for side in sides:
            if side == "native":
                continue
            known = runs[side] and native >= RESOLUTION_S
            ratio = statistics.median(runs[side]) / native if known else None
            cells.append(f"{ratio:.2f}" if known else "")
            if known:
                ratios.setdefault((side, size), []).append(ratio)
                ratios.setdefault((side, "all"), []).append(ratio)
        count = max(len(r) for r in runs.values())
        lines.append(f"| {function} | {size} | {count} | " + " | ".join(cells) + " |")
    lines += ["", f"A ratio is given where native takes {RESOLUTION_S * 1e3:.0f} ms or more. Geometric means of the ratios:", "",
              "| side | sizes | functions | geometric mean |", "|---|---|---|---|"]
    for (side, size), values in sorted(ratios.items(), key=lambda item: (item[0][0], (SIZES + ["all"]).index(item[0][1]))):
        mean = math.exp(statistics.fmean(map(math.log, values)))
        lines.append(f"| {side} | {size} | {len(values)} | {mean:.2f} |")
    return lines, floor


def report(out):
    times = read_samples(out)
    lines, floor = table_of(times)
    machine = json.loads((out / "machine.json").read_text())
    head = ["# User time of guests against native", "",
            "Made by `suite/tools/guest_time.py --report` from samples.csv. User time of the whole `mayfly run`, less the median of "
            "noop on the same side: " + ", ".join(f"{side} {value * 1e3:.1f} ms" for side, value in floor.items()) + ".", "",
            f"Machine: {machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}; {machine['compiler']}.", ""]
    (out / "table.md").write_text("\n".join(head + lines) + "\n")
    print("\n".join(lines))


def machine_record():
    cpu = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    compiler = subprocess.run(["clang++-19", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return {"cpu": cpu, "cpus": os.cpu_count(), "kernel": platform.release(), "compiler": compiler}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--functions", type=lambda text: text.split(","))
    parser.add_argument("--sizes", type=lambda text: text.split(","), default=SIZES)
    parser.add_argument("--sides", type=lambda text: text.split(","), default=["native", "march", "wasmtime-aot"])
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    if options.report:
        report(options.out)
        return
    suites = declarations()
    options.functions = options.functions or list(suites)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "machine.json").write_text(json.dumps(machine_record(), indent=1) + "\n")
    measure(options, suites)


if __name__ == "__main__":
    main()
