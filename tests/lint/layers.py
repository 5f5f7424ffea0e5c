"""Every #include against the edges of cmake/layers.txt.

src/FOLDER and lab include their own folder and what their line allows; plugins under engines/ include the
plugin ABI and the vendor's headers, nothing of ours; the suite includes itself and the standard library;
include/mayfly stands alone.
"""

import os
import re

import tree

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
_ABI = "mayfly/engine_plugin.h"


def edges():
    table = {}
    for line in tree.read("cmake/layers.txt").splitlines():
        found = re.match(r"^([a-z]+):(.*)$", line)
        if found:
            table[found[1]] = set(found[2].split())
    return table


def layer_of(name):
    parts = name.split("/")
    return parts[1] if parts[0] == "src" else parts[0]


def problem_of(name, quote, include, table):
    """Why this include may not be there, or None."""
    layer, first = layer_of(name), include.split("/")[0]
    if include == _ABI:
        return None if layer in ("engine", "engines", "tests", "fuzz") else "only engine and engines use the plugin ABI"
    if name.startswith("include/"):
        return None if include in ("stddef.h", "stdint.h") else "the ABI header includes only stddef.h and stdint.h"
    if layer in ("tests", "fuzz"):
        return None
    is_layer = first in table and "/" in include and first != layer
    if is_layer and first not in table.get(layer, set()):
        return f"{layer} may not use {first} (cmake/layers.txt)"
    if quote == '"' and name.startswith("src/"):
        if not os.path.isfile(os.path.join(tree.ROOT, "src", include)):
            return "not a file of src/: name the layer's folder and the file"
    if quote == '"' and layer == "suite":
        here = os.path.dirname(name)
        if not any(os.path.isfile(os.path.join(tree.ROOT, at, include)) for at in (here, "suite", "suite/support")):
            return "the suite includes itself and the standard library only"
    return None


def main():
    table, problems, checked = edges(), [], 0
    for name in tree.files(".h", ".cc", ".c"):
        text = tree.read(name)
        for found in _INCLUDE.finditer(text):
            checked += 1
            problem = problem_of(name, found[1], found[2], table)
            if problem:
                line = text.count("\n", 0, found.start()) + 1
                problems.append(f"{name}:{line}: {found[2]}: {problem}")
    tree.finish(problems, checked)


main()
