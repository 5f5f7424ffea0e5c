"""clang-tidy 19 over every translation unit of a build, with the clean results remembered.

Usage: tidy.py BUILD_FOLDER...

A unit is looked at again only if something it is made of has changed: its command, its sources and headers,
.clang-tidy, or clang-tidy itself. What a unit is made of is taken from the build (ninja's record of
dependencies), so a warm run starts no compiler. Only units without a finding are remembered, in
$MAYFLY_CACHE/tidy, so a finding shows at every run.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import tree

_PROGRAM = "clang-tidy-19"


def units(build):
    """(source, object, command) of each source of the tree that the build compiles, each source once."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        database = json.load(file)
    seen = set()
    for item in database:
        source = os.path.realpath(os.path.join(item["directory"], item["file"]))
        inside = source.startswith(tree.ROOT + "/") and not source.startswith(os.path.join(tree.ROOT, "build") + "/")
        # CMake names the object in a field of its own from 3.28 on.
        target = item.get("output") or re.search(r" -o (\S+)", item["command"])[1]
        if inside and source not in seen and os.path.isfile(source):
            seen.add(source)
            # The place of the tree is no part of a command: another clone knows what this one found.
            yield (source, os.path.relpath(os.path.join(item["directory"], target), build),
                   item["command"].replace(tree.ROOT, "."))


def dependencies(build):
    """Object -> every file that it was made of, as ninja recorded it."""
    text = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    table, current = {}, None
    for line in text.splitlines():
        found = re.match(r"^(\S.*): #deps \d+", line)
        if found:
            current = table.setdefault(found[1], [])
        elif line.startswith("    ") and current is not None:
            current.append(os.path.join(build, line.strip()))
    return table


class Fingerprints:
    """The identity of files: content inside the tree, size and time outside. Each file is read once."""

    def __init__(self):
        self.known = {}

    def of(self, path):
        if path not in self.known:
            path_real = os.path.realpath(path)
            if path_real.startswith(tree.ROOT + "/"):
                with open(path_real, "rb") as file:
                    self.known[path] = hashlib.sha256(file.read()).hexdigest()
            else:
                status = os.stat(path_real)
                self.known[path] = f"{path_real} {status.st_size} {status.st_mtime_ns}"
        return self.known[path]


def cache_folder():
    for base in (os.environ.get("MAYFLY_CACHE", "/var/cache/mayfly"),
                 os.path.join(os.path.expanduser("~"), ".cache", "mayfly")):
        folder = os.path.join(base, "tidy")
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def examine(source, build):
    """The findings of clang-tidy in one unit, empty if there are none."""
    ran = subprocess.run([_PROGRAM, "--quiet", "-p", build, "--extra-arg=-Wno-unknown-warning-option",
                          "--extra-arg=-Wno-ignored-optimization-argument", source],
                         capture_output=True, text=True, check=False)
    return "" if ran.returncode == 0 else (ran.stdout.strip() or ran.stderr.strip() or f"exit code {ran.returncode}")


def to_do(build, folder, common, prints):
    """(source, build, stamp) of the units that are not known to be clean; and how many units there are."""
    made_of, work, count = dependencies(build), [], 0
    for source, target, command in units(build):
        count += 1
        stamp = None
        if folder and target in made_of:
            try:
                parts = [common, command, prints.of(source), *(prints.of(path) for path in made_of[target])]
                stamp = os.path.join(folder, hashlib.sha256("\n".join(parts).encode()).hexdigest())
            except OSError:
                pass  # a file it was made of is gone: look at it anew, remember nothing
        if stamp is None or not os.path.exists(stamp):
            work.append((source, build, stamp))
    return work, count


def main():
    if shutil.which(_PROGRAM) is None or shutil.which("ninja") is None:
        print(f"skipped: {_PROGRAM} or ninja is not installed (./dev setup packages)")
        sys.exit(77)
    common = tree.read(".clang-tidy") + subprocess.run([_PROGRAM, "--version"], capture_output=True, text=True,
                                                       check=True).stdout
    folder, prints, work, total = cache_folder(), Fingerprints(), [], 0
    for build in (os.path.realpath(each) for each in sys.argv[1:]):
        if os.path.exists(os.path.join(build, "compile_commands.json")):
            more, count = to_do(build, folder, common, prints)
            work, total = work + more, total + count
    problems = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for (source, _, stamp), found in zip(work, pool.map(lambda each: examine(each[0], each[1]), work)):
            if found:
                problems.append(f"{os.path.relpath(source, tree.ROOT)}:\n{found}")
            elif stamp:
                with open(stamp, "w", encoding="utf-8"):
                    pass
    print(f"{len(work)} of {total} units looked at, the rest were known to be clean")
    tree.finish(problems, total)


main()
