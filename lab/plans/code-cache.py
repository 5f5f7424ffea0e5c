#!/usr/bin/env python3
"""What compiled code costs: the first start of a module (it is compiled), the next ones (its code is
found), and the memory of containers that share its pages.

Runs `mayfly run` in real containers, with a cache of its own, for each engine that compiles and each
size of module; the next starts of all engines and sizes are interleaved. Then starts containers of a
module that waits for input and reads their PSS. Writes samples.csv, memory.csv and table.md to --out; what
is there of other engines and sizes stays.

Example:
  lab/plans/code-cache.py --sizes 1,10 --runs 10
"""
import argparse
import csv
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import make_module


class Bench:
    def __init__(self, arguments, work):
        self.mayfly = str(pathlib.Path(arguments.bin).resolve() / "mayfly")
        self.work = work
        self.environment = dict(os.environ, MAYFLY_CACHE_DIR=str(work / "cache"),
                                MAYFLY_CONFIG="/dev/null")
        self.root = ["--root", str(work / "state")]
        self.count = 0

    def call(self, *command, **options):
        return subprocess.run([self.mayfly, *command], env=self.environment, check=True,
                              capture_output=True, text=True, **options).stdout

    def engines(self):
        document = json.loads(self.call("engines", "--json"))
        return [e["name"] for e in document["engines"] if "aot" in e["strategies"]]

    def bundle(self, name, engine, module):
        """A bundle whose rootfs has the module; one layer of the image for all engines."""
        path = self.work / f"{name}-{engine}"
        (path / "rootfs").mkdir(parents=True)
        os.link(module, path / "rootfs" / "app.wasm")
        self.call("spec", "--bundle", str(path))
        config = json.loads((path / "config.json").read_text())
        config["process"]["args"] = ["/app.wasm"]
        config["process"]["terminal"] = False
        config["annotations"] = {"dev.mayfly.engine": engine, "dev.mayfly.strategy": "aot"}
        (path / "config.json").write_text(json.dumps(config))
        return path

    def identifier(self):
        self.count += 1
        return f"code-cache-{os.getpid()}-{self.count}"

    def start_ms(self, bundle):
        command = [self.mayfly, *self.root, "run", "--bundle", str(bundle), self.identifier()]
        begin = time.monotonic_ns()
        subprocess.run(command, env=self.environment, check=True, stdin=subprocess.DEVNULL)
        return (time.monotonic_ns() - begin) / 1e6

    def code_bytes(self):
        return sum(file.stat().st_size for file in (self.work / "cache/code").iterdir())


def pss_of(pid):
    """(PSS of the process, RSS and PSS of its compiled code), KiB."""
    whole = code_rss = code_pss = 0
    in_code = False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            in_code = "/cache/code/" in line
        elif words[0] == "Pss:":
            whole += int(words[1])
            code_pss += int(words[1]) if in_code else 0
        elif words[0] == "Rss:" and in_code:
            code_rss += int(words[1])
    return whole, code_rss, code_pss


def measure_memory(bench, bundle, containers):
    """Mean figures of one of `containers` containers that wait."""
    reader, writer = os.pipe()
    ids = []
    try:
        for _ in range(containers):
            ids.append(bench.identifier())
            subprocess.run([bench.mayfly, *bench.root, "run", "--detach", "--bundle", str(bundle),
                            ids[-1]], env=bench.environment, check=True, stdin=reader)
        time.sleep(2)
        pids = [json.loads(bench.call(*bench.root, "state", i))["pid"] for i in ids]
        figures = [pss_of(pid) for pid in pids]
        return [statistics.mean(column) for column in zip(*figures)]
    finally:
        os.close(reader)
        os.close(writer)
        for i in ids:
            bench.call(*bench.root, "delete", "--force", i)


def measure_starts(bench, arguments, samples):
    sizes = [float(size) for size in arguments.sizes.split(",")]
    bundles = []
    for size in sizes:
        module = bench.work / f"module-{size:g}.wasm"
        module.write_bytes(make_module.module(int(size * 1e6)))
        for engine in arguments.engines or bench.engines():
            before = bench.code_bytes() if (bench.work / "cache/code").exists() else 0
            bundle = bench.bundle(f"size-{size:g}", engine, module)
            time.sleep(0.1)  # a file that changed a moment ago is not known by its place
            took = bench.start_ms(bundle)
            samples.append((engine, f"{size:g}", "first", 0, round(took, 3), bench.code_bytes() - before))
            print(f"{engine} {size:g} MB: first start {took:.0f} ms", file=sys.stderr)
            bundles.append((engine, size, bundle))
    time.sleep(0.1)
    for engine, size, bundle in bundles:
        bench.start_ms(bundle)  # the code's checksum is verified once, after its writing has settled
    for run in range(arguments.runs):
        for engine, size, bundle in bundles:
            samples.append((engine, f"{size:g}", "next", run, round(bench.start_ms(bundle), 3), 0))


def merge_csv(path, heading, rows):
    """Writes the rows after those of the file that begin with two other columns; gives all as texts."""
    rows = [[str(word) for word in row] for row in rows]
    kept = []
    if path.exists():
        with open(path, newline="", encoding="utf-8") as file:
            old = list(csv.reader(file))[1:]
        new = {tuple(row[:2]) for row in rows}
        kept = [row for row in old if tuple(row[:2]) not in new]
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([heading, *kept, *rows])
    return kept + rows


def write_table(path, samples, memory):
    lines = ["| engine | module MB | code MB | first start ms | next start ms, median (min) |",
             "|---|---|---|---|---|"]
    cells = {(row[0], row[1]) for row in samples}
    for engine, size in sorted(cells, key=lambda cell: (cell[0], float(cell[1]))):
        mine = [row for row in samples if row[:2] == [engine, size]]
        first = [row for row in mine if row[2] == "first"]
        later = [float(row[4]) for row in mine if row[2] == "next"]
        lines.append(f"| {engine} | {size} | {float(first[0][5]) / 1e6:.1f} | "
                     f"{float(first[0][4]):.0f} | {statistics.median(later):.2f} "
                     f"({min(later):.2f}) |")
    lines += ["", "| engine | containers | PSS of one KiB | code RSS KiB | code PSS KiB |",
              "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |"
              for row in sorted(memory, key=lambda row: (row[0], int(row[1])))]
    path.write_text("\n".join(lines) + "\n")
    print(path.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0],
                                     epilog=__doc__[__doc__.index("Example"):],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", help="folder of mayfly")
    parser.add_argument("--out", default="results/code-cache", help="folder of the results")
    parser.add_argument("--sizes", default="1,10,100", help="of modules, in 10^6 bytes")
    parser.add_argument("--engines", nargs="*", help="all that compile, unless named")
    parser.add_argument("--runs", type=int, default=20, help="next starts of each")
    parser.add_argument("--containers", type=int, default=50, help="that share pages; 0: none are started")
    parser.add_argument("--memory-size", type=float, default=1, help="of the module that waits")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("code-cache: containers need root: run this in a root shell")
    work = pathlib.Path(tempfile.mkdtemp(prefix="mayfly-code-cache-"))
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    samples, memory = [], []
    try:
        bench = Bench(arguments, work)
        measure_starts(bench, arguments, samples)
        module = work / "wait.wasm"
        module.write_bytes(make_module.module(int(arguments.memory_size * 1e6), wait=True))
        for engine in (arguments.engines or bench.engines()) if arguments.containers else ():
            bundle = bench.bundle("wait", engine, module)
            bench.call("cache", "warm", "--engine", engine, str(module))
            for containers in (1, arguments.containers):
                figures = measure_memory(bench, bundle, containers)
                memory.append((engine, containers, *(round(f) for f in figures)))
    finally:
        samples = merge_csv(out / "samples.csv", ("engine", "module_mb", "start", "run", "total_ms",
                                                  "code_bytes"), samples)
        memory = merge_csv(out / "memory.csv", ("engine", "containers", "mean_pss_kib",
                                                "mean_code_rss_kib", "mean_code_pss_kib"), memory)
        shutil.rmtree(work)
    write_table(out / "table.md", samples, memory)


if __name__ == "__main__":
    main()
