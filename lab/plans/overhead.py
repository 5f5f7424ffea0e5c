#!/usr/bin/env python3
"""What the lab adds to the runs that it measures: `ctr run` of noop alone and by the lab, in turns.

Alone: posix_spawn of the very command of the lab's plan, output to a pipe that is read, nothing else running.
By the lab: `mayfly-lab run`, which also listens to containerd's events, has Mayfly write its phases, and reads
the accounts of the cgroups between runs. Rounds of either are in random order. Writes into --out:

  overhead.csv  a line per run: environment, way (alone, lab), round, ns
  table.md      medians, quartiles, and the difference with its 95 % bootstrap interval over rounds

Needs root and the private containerd with the suite's images: ./dev containerd start && ./dev containerd import.

Example:
  lab/plans/overhead.py --rounds 10 --runs 10 --out results/overhead
"""

import argparse
import csv
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", default="build/release/bin/mayfly-lab")
    parser.add_argument("--containerd", default="/run/mayfly-dev/containerd/containerd.sock")
    parser.add_argument("--environments", default="runc-scratch,mayfly-scratch,mayfly-wasm-aot")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=10, help="of each environment in each round")
    parser.add_argument("--out", default="results/overhead")
    return parser.parse_args()


def lab_command(options, *more):
    return [os.path.abspath(options.lab), "run", "quick", "--containerd", options.containerd, "--functions", "noop",
            "--environments", options.environments, "--runs", str(options.runs), "--warm-up", "0", *more]


def run_alone(command):
    """Nanoseconds from before posix_spawn to after the command was reaped; its output is read meanwhile."""
    reading, writing = os.pipe()
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, writing, 1),
               (os.POSIX_SPAWN_DUP2, writing, 2)]
    begin = time.monotonic_ns()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    os.close(writing)
    while os.read(reading, 65536):
        pass
    status = os.waitpid(pid, 0)[1]
    took = time.monotonic_ns() - begin
    os.close(reading)
    if status != 0:
        sys.exit(f"overhead: exit status {status}: {' '.join(command)}")
    return took


def round_alone(cells, runs, number):
    for index in range(runs):
        for cell in random.sample(cells, len(cells)):
            name = f"overhead-{os.getpid()}-{number}-{index}-{cell['environment']}"
            yield cell["environment"], run_alone([word.replace("{id}", name) for word in cell["argv"]])


def round_by_lab(options, seed):
    with tempfile.TemporaryDirectory(prefix="mayfly-overhead-") as scratch:
        out = f"{scratch}/out"
        subprocess.run(lab_command(options, "--seed", str(seed), "--out", out), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(f"{out}/samples.csv", encoding="utf-8") as file:
            for sample in csv.DictReader(file):
                yield sample["environment"], int(sample["total_ns"])


def interval(rows, environment, rounds):
    """Of the difference of medians, lab less alone: whole rounds are drawn again, 2000 times."""
    by_round = {(way, number): [row[3] for row in rows if row[:3] == (environment, way, number)]
                for way in ("alone", "lab") for number in range(rounds)}

    def median(way, numbers):
        return statistics.median([ns for number in numbers for ns in by_round[way, number]])

    chance = random.Random(1)
    drawn = sorted(median("lab", chance.choices(range(rounds), k=rounds))
                   - median("alone", chance.choices(range(rounds), k=rounds)) for _ in range(2000))
    return drawn[49], drawn[1949]


def table(rows, environments, rounds):
    lines = ["| environment | alone, median ms (quartiles) | by the lab, median ms (quartiles) | difference, ms "
             "(95 % interval) |", "|---|---|---|---|"]
    for environment in environments:
        cells, medians = [], []
        for way in ("alone", "lab"):
            times = [row[3] / 1e6 for row in rows if row[:2] == (environment, way)]
            low, middle, high = statistics.quantiles(times, n=4)
            medians.append(middle)
            cells.append(f"{middle:.1f} ({low:.1f} to {high:.1f}), n {len(times)}")
        low, high = interval(rows, environment, rounds)
        lines.append(f"| {environment} | {cells[0]} | {cells[1]} | {medians[1] - medians[0]:+.1f} "
                     f"({low / 1e6:+.1f} to {high / 1e6:+.1f}) |")
    return "\n".join(lines) + "\n"


def main():
    options = arguments()
    shown = subprocess.run(lab_command(options, "--dry-run", "--json"), check=True, capture_output=True, text=True)
    cells = json.loads(shown.stdout)["cells"]
    for cell in cells:
        run_alone([word.replace("{id}", f"overhead-{os.getpid()}-warm-{cell['environment']}") for word in cell["argv"]])
    rows = []
    for number in range(options.rounds):
        for way in random.sample(["alone", "lab"], 2):
            done = round_alone(cells, options.runs, number) if way == "alone" else round_by_lab(options, number + 1)
            rows += [(environment, way, number, ns) for environment, ns in done]
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with (out / "overhead.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["environment", "way", "round", "ns"])
        writer.writerows(rows)
    text = table(rows, [cell["environment"] for cell in cells], options.rounds)
    (out / "table.md").write_text(text, encoding="utf-8")
    print(text, end="")


main()
