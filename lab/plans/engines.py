#!/usr/bin/env python3
"""`mayfly run` with every engine and strategy that is installed, beside runc, crun and crun's own handler.

Makes bundles by `mayfly-lab bundles`, one more for each engine and strategy, and the plan of an interleaved
comparison, then runs it twice: OUT/tight (no pause) and OUT/paced (one start a second). With --wasmedge, crun's
handler is measured twice: interpreting, and with a module that its compiler made.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Example:\n  lab/plans/engines.py --crun crun --out results/engines")
    parser.add_argument("--bin", default="build/release/bin", help="folder of mayfly and mayfly-lab")
    parser.add_argument("--suite", default="build/suite", help="folder of the built functions")
    parser.add_argument("--runc", default="runc")
    parser.add_argument("--crun", default="crun", help="one with +WASM is also measured with its handler")
    parser.add_argument("--wasmedge", help="WasmEdge's CLI, to compile the module for crun's handler")
    parser.add_argument("--runs", default="40")
    parser.add_argument("--out", default="results/engines")
    return parser.parse_args()


def ways(mayfly):
    """(engine, strategy) of each that is installed; "auto" is no way of its own."""
    listed = json.loads(subprocess.run([mayfly, "engines", "--json"], capture_output=True, text=True, check=True).stdout)
    for engine in listed["engines"] if isinstance(listed, dict) else listed:
        for strategy in engine["strategies"]:
            yield engine["name"], strategy


def copy_bundle(source, target, annotations):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    path = os.path.join(target, "config.json")
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    config["annotations"] = annotations
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)


def command(name, strategy, runtime, bundle):
    return "\n".join([
        "[[command]]", f'name = "{name}"', 'function = "hello"', f'strategy = "{strategy}"',
        f'argv = ["{runtime}", "run", "--bundle", "{{dir}}/{bundle}", "{{id}}"]',
        f'cleanup = ["{runtime}", "delete", "--force", "{{id}}"]', 'expected_exit = 0', 'expected_stdout = ""', ""])


def main():
    args = arguments()
    if os.path.ismount("/sys/fs/cgroup/unified"):  # crun refuses a host with hybrid cgroups
        inside = 'umount /sys/fs/cgroup/unified && exec "$@"'
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "sh", "-c", inside, "-",
                              sys.executable, *sys.argv])
    mayfly = os.path.abspath(os.path.join(args.bin, "mayfly"))
    lab = os.path.join(args.bin, "mayfly-lab")
    crun = shutil.which(args.crun) or sys.exit(f"engines.py: {args.crun}: not found")
    bundles = os.path.join(args.out, "bundles")
    os.makedirs(args.out, exist_ok=True)
    shutil.rmtree(bundles, ignore_errors=True)
    handler = "+WASM" in subprocess.run([crun, "--version"], capture_output=True, text=True, check=True).stdout
    subprocess.run([lab, "bundles", "--out", bundles, "--native", f"{args.suite}/native-static/noop",
                    "--wasm", f"{args.suite}/wasm/noop.wasm", "--crun-wasm", crun, "--mayfly", mayfly],
                   check=True, stdout=subprocess.DEVNULL)
    baselines = ["crun-native", "runc-native"]
    rows = [command("runc-native", "native", shutil.which(args.runc) or args.runc, "native"),
            command("crun-native", "native", crun, "native"), command("mayfly-native", "native", mayfly, "native")]
    if handler:
        baselines.append("crun-wasmedge-interpreter")
        rows.append(command("crun-wasmedge-interpreter", "interpreter", crun, "wasm-crun"))
    if handler and args.wasmedge:
        baselines.append("crun-wasmedge-aot")
        copy = os.path.join(bundles, "wasm-crun-aot")
        shutil.copytree(os.path.join(bundles, "wasm-crun"), copy, symlinks=True)
        module = next(os.path.join(root, name) for root, _, names in os.walk(copy) for name in names
                      if name.endswith(".wasm"))
        subprocess.run([args.wasmedge, "compile", module, module + ".aot.wasm"], check=True, stdout=subprocess.DEVNULL)
        os.replace(module + ".aot.wasm", module)
        rows.append(command("crun-wasmedge-aot", "aot", crun, "wasm-crun-aot"))
    for engine, strategy in ways(mayfly):
        bundle = f"{engine}-{strategy}"
        copy_bundle(os.path.join(bundles, "wasm-aot"), os.path.join(bundles, bundle),
                    {"dev.mayfly.engine": engine, "dev.mayfly.strategy": strategy})
        rows.append(command("mayfly-" + bundle, strategy, mayfly, bundle))
    plan = os.path.join(bundles, "engines.toml")
    with open(plan, "w", encoding="utf-8") as file:
        file.write('title = "A module that does nothing: engines, strategies, runtimes"\n')
        file.write(f"runs = {args.runs}\nbaselines = {json.dumps(baselines)}\n\n" + "\n".join(rows))
    for name, more in (("tight", []), ("paced", ["--pause", "1000"])):
        subprocess.run([lab, "run-compare", plan, "--runs", args.runs, "--out", os.path.join(args.out, name), *more],
                       check=True)


if __name__ == "__main__":
    main()
