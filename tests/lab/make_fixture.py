"""Makes a results folder with everything that a report can show: a fixture for tests, never a measurement.

Usage: make_fixture.py OUT [--rows N]

The figures follow from a fixed seed: three engines, containers, sizes, phases, density, throughput, image sizes,
a cell with two modes, one that drifts, one that failed, and names and notes that would break a careless page.
"""

import argparse
import json
import pathlib
import random

FUNCTIONS = ("noop", "prime-numbers", "n-body", "matmul", "whatlang", "aes")
WORK_MS = {"noop": 0, "prime-numbers": 1, "n-body": 2, "matmul": 60, "whatlang": 3, "aes": 8}
PHASES = ("client", "containerd", "shim", "create", "load", "instantiate", "guest", "drain", "teardown")
SHARES = (0.12, 0.2, 0.15, 0.12, 0.05, 0.03, 0.13, 0.05, 0.15)
# name: engine, strategy, image, start in ms, factor of the work
ENVIRONMENTS = {
    "runc-distroless": ("", "native", "distroless", 95, 1.0),
    "runc-debian": ("", "native", "debian", 108, 1.0),
    "runc-scratch": ("", "native", "scratch", 90, 1.0),
    "mayfly-scratch": ("", "native", "scratch", 44, 1.0),
    "mayfly-wasmtime-aot": ("wasmtime", "aot", "wasm", 46, 1.6),
    "mayfly-wasmtime-jit": ("wasmtime", "jit", "wasm", 95, 1.6),
    "mayfly-wasmedge-aot": ("wasmedge", "aot", "wasm", 58, 1.4),
    "mayfly-wasmer-aot": ("wasmer", "aot", "wasm", 52, 1.7),
    "mayfly-wasmer-jit": ("wasmer", "jit", "wasm", 120, 1.7),
    "crun-wasmedge-aot": ("wasmedge", "aot", "wasm", 99, 1.4),
}
SAMPLE_COLUMNS = (
    "run block order warm_up function environment image strategy start_unix_ns total_ns user_us sys_us max_rss_kib "
    "exit_code stdout_bytes stdout_sha256 ok note size").split() + [f"phase_{name}_ns" for name in PHASES] + [
    "peak_memory_kib", "pss_kib", "cpu_us", "read_bytes"]


def quoted(field):
    text = str(field)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def write_csv(path, header, rows):
    path.write_text("".join(",".join(map(quoted, row)) + "\n" for row in [header, *rows]))


def sample(draw, run, block, order, function, size, environment):
    engine, strategy, image, start, factor = ENVIRONMENTS[environment]
    work = WORK_MS[function] * factor * {"parity": 1, "x10": 10, "x100": 100}[size]
    total = (start + work) * draw.lognormvariate(0, 0.05)
    if function == "matmul" and environment == "runc-debian" and draw.random() < 0.36:
        total += 2000
    if function == "n-body" and environment == "mayfly-wasmtime-aot" and block > 20:
        total *= 1.5
    failed = function == "aes" and environment == "mayfly-wasmer-aot" and block % 9 == 3
    note = 'exit code 1 instead of 0: <b>"trap"</b>, </script> & so on' if failed else ""
    spread = [work if name == "guest" else share * start for name, share in zip(PHASES, SHARES)]
    phases = [round(part * draw.uniform(0.9, 1.0) * 1e6) for part in spread]
    return [run, block, order, int(block == 0), function, environment, f"mayfly.dev/suite/{function}:{image}", strategy,
            1_700_000_000_000_000_000 + run * 200_000_000, round(total * 1e6), 20000, 15000, 41000, int(failed), 0,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", int(not failed), note, size, *phases,
            round(9000 + start * 90), round(4000 + start * 50), round(total * 400), 400000 if image == "debian" else 90000]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=2500, help="about so many runs")
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    draw = random.Random(8)
    cells = [(function, size, environment) for function in FUNCTIONS for environment in ENVIRONMENTS
             for size in ("parity", "x10", "x100") if size == "parity" or function in ("matmul", "n-body")]
    rows = []
    for block in range(max(8, arguments.rows // len(cells)) + 1):
        order = cells[:]
        draw.shuffle(order)
        for position, cell in enumerate(order):
            rows.append(sample(draw, len(rows), block, position, *cell))
    write_csv(out / "samples.csv", SAMPLE_COLUMNS, rows)
    write_csv(out / "density.csv",
              ["environment", "image", "containers", "pss_per_container_kib", "memory_used_kib", "start_ms", "end_reason"],
              [[name, image, held, round(300 + 18 * start + 900 / held), round(held * (400 + 20 * start)), start + held // 20,
                "memory" if held == 1000 else ""]
               for name, (_, _, image, start, _) in ENVIRONMENTS.items() for held in (1, 10, 50, 100, 500, 1000)])
    write_csv(out / "throughput.csv", ["environment", "image", "concurrency", "repeat", "finished", "failed", "elapsed_ns"],
              [[name, image, many, repeat, 200, 0, round(200 / (min(many, 4) * 1000 / start) * draw.uniform(0.9, 1.1) * 1e9)]
               for name, (_, _, image, start, _) in ENVIRONMENTS.items() for many in (1, 2, 5, 10, 50, 100) for repeat in range(3)])
    sizes = {"distroless": 10_600_000, "debian": 53_600_000, "scratch": 420_000, "wasm": 70_000}
    write_csv(out / "images.csv",
              ["function", "environment", "reference", "compressed_bytes", "unpacked_bytes", "module_bytes", "pull_ms", "unpack_ms"],
              [[function, name, f"mayfly.dev/suite/{function}:{image}", sizes[image] + len(function) * 1000,
                sizes[image] * 3, sizes[image] if image == "wasm" else "", sizes[image] // 50_000 + 3, sizes[image] // 30_000 + 2]
               for function in FUNCTIONS for name, (_, _, image, _, _) in ENVIRONMENTS.items()])
    (out / "plan.json").write_text(json.dumps({
        "format": "mayfly-lab-plan/1", "title": "A fixture, not a measurement", "protocol": "running containerd", "seed": 8,
        "runs": 25, "warm_up_blocks": 1, "pause_ms": 0, "timeout_ms": 60000, "sync": False, "ready": [], "preset": "fixture",
        "baselines": ["runc-distroless"], "programs": {}, "files": [], "list_images": [], "source_directory": "",
        "cells": [{"function": function, "environment": environment, "image": f"mayfly.dev/suite/{function}:{image}",
                   "strategy": strategy, "engine": engine, "size": "parity", "argv": ["ctr", "run", "--rm", function], "env": {},
                   "prepare": [], "cleanup": [], "expected": {"exit_code": 0}}
                  for function in FUNCTIONS for environment, (engine, strategy, image, _, _) in ENVIRONMENTS.items()]}) + "\n")
    (out / "machine.json").write_text(json.dumps({"format": "mayfly-lab-machine/1", "sessions": [{
        "started": "2026-01-02T03:04:05Z", "ended": None, "command_line": ["mayfly-lab", "</script><script>throw 1</script>"],
        "lab_version": "0.1.0", "git_revision": None, "host": {"kernel": "Linux 6.1", "cpus": 2},
        "programs": {"mayfly": {"path": "build/release/bin/mayfly", "version": "mayfly 0.1.0", "sha256": "00" * 32}},
        "files": {}, "images": {}}]}) + "\n")


if __name__ == "__main__":
    main()
