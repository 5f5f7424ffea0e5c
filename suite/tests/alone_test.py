#!/usr/bin/env python3
"""One function by itself: its folder and what it shares are copied out of the tree, a single call of clang makes the
module, as README.md says, and the module passes the function's golden cases under the runner.

Usage: alone_test.py SUITE NAME DATA
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

SHARED = ("support", "libm", "libc")


def build(folder, name):
    """The call of README.md "One function alone"."""
    sources = [p for p in (folder / name).glob("*.cc") if not p.name.endswith("_test.cc")]
    libraries = [folder / "libm/trig.cc", folder / "libm/libc_names.cc", folder / "libc/string.cc"]
    module = folder / f"{name}.wasm"
    subprocess.run(["clang++-19", "--target=wasm32-wasi", "-std=c++23", "-O3", "-msimd128", "-fno-exceptions",
                    "-ffp-contract=off", "-I", folder, "-isystem", "/usr/include/stb", "-Wl,--stack-first", "-s",
                    "-o", module, *sources, *libraries], check=True)
    return module


def main():
    suite, name, data = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    with tempfile.TemporaryDirectory(prefix="alone-") as directory:
        folder = pathlib.Path(directory)
        for each in (name, *SHARED):
            shutil.copytree(suite / each, folder / each)
        module = build(folder, name)
        ran = subprocess.run([sys.executable, "-B", suite / "tests/golden.py", "--function", folder / name,
                              "--program", module, "--data", data], check=False)
    sys.exit(ran.returncode)


if __name__ == "__main__":
    main()
