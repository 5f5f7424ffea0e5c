"""Rules for the text of files.

Usage: text.py sizes|blanks|places

  sizes   at most 500 lines in a source that is no test, 40 in the README of a folder of src/
  blanks  no blank at a line's end, no tab in C++ and Python, one newline at a file's end
  places  no path of somebody's own machine
"""

import re
import sys

import tree

_LINES, _README_LINES = 500, 40
_SOURCES = (".h", ".cc", ".c", ".rs", ".py", ".sh", ".cmake")
# Written in pieces, since this file is looked at as well.
_PLACES = re.compile("/" + r"work/|/tmp/" + r"bash|/home/[a-z]+/|bash_" + "jobs")


def is_test(name):
    return name.startswith("tests/") or "_test." in name or "/tests/" in name


def sizes():
    checked, problems = 0, []
    for name in tree.files():
        text = tree.read(name)
        limit = 0
        if name.endswith(_SOURCES) and not is_test(name) and not tree.is_generated(text) or name == "dev":
            limit = _LINES
        elif re.fullmatch(r"src/[^/]+/README\.md", name):
            limit = _README_LINES
        if limit:
            checked += 1
            lines = text.count("\n")
            if lines > limit:
                problems.append(f"{name}: {lines} lines, at most {limit}: split it where a reader would look")
    return problems, checked


def blanks():
    checked, problems = 0, []
    for name in tree.files(*_SOURCES, ".md", ".txt", ".toml", ".json", ".yaml", "dev", ".ci/run"):
        if re.search(r"(^|/)(testdata|golden|corpus|goldens)/|expected\.|/input", name):
            continue  # kept byte for byte
        text = tree.read(name)
        checked += 1
        for number, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip() and not name.endswith(".md"):
                problems.append(f"{name}:{number}: blank at the end of the line")
            if "\t" in line and name.endswith((".h", ".cc", ".c", ".py", ".rs")):
                problems.append(f"{name}:{number}: tab")
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            problems.append(f"{name}: not exactly one newline at the end")
    return problems, checked


def places():
    checked, problems = 0, []
    for name in tree.files():
        text = tree.read(name)
        checked += 1
        for number, line in enumerate(text.splitlines(), 1):
            found = _PLACES.search(line)
            if found:
                problems.append(f"{name}:{number}: names a place of one machine: {found[0]}")
    return problems, checked


tree.finish(*{"sizes": sizes, "blanks": blanks, "places": places}[sys.argv[1]]())
