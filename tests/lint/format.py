"""Every C and C++ source is as clang-format 19 writes it. With --fix, it is made so."""

import os
import shutil
import subprocess
import sys

import tree

_PROGRAM = "clang-format-19"


def main():
    if shutil.which(_PROGRAM) is None:
        print(f"skipped: {_PROGRAM} is not installed (./dev setup packages)")
        sys.exit(77)
    names = [name for name in tree.files(".h", ".cc", ".c") if not tree.is_generated(tree.read(name))]
    action = ["-i"] if "--fix" in sys.argv[1:] else ["--dry-run", "-Werror", "--ferror-limit=1"]
    ran = subprocess.run([_PROGRAM, *action, *(os.path.join(tree.ROOT, name) for name in names)],
                         capture_output=True, text=True, check=False)
    wrong = sorted({line.split(":")[0] for line in ran.stderr.splitlines() if "clang-format-violations" in line})
    problems = [f"{os.path.relpath(path, tree.ROOT)}: not formatted: run ./dev lint --fix" for path in wrong]
    if ran.returncode != 0 and not problems:
        problems.append(ran.stderr.strip())
    tree.finish(problems, len(names))


main()
