"""Every path that a Markdown file names exists.

Looked at are the targets of links and, in `code`, words that look like a file of this tree: they start with
one of its folders, or are a bare source file name. Names with a placeholder (capitals only, <x>, $x, *) and
what is built (build/, results/) are left out.
"""

import itertools
import os
import re

import tree

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_BARE = re.compile(r"[\w.-]+\.(h|cc|md|py|sh|rs|cmake|wat)")
_PLACEHOLDER = re.compile(r"[<>*$…]|(?<![A-Za-z.])[A-Z]{3,}(?![A-Za-z.])|\bX\b")
_BUILT = ("build/", "results/")


def braces(word):
    """src/{a,b}/c names two paths."""
    parts = re.split(r"\{([^{}]*)\}", word)
    choices = [part.split(",") if number % 2 else [part] for number, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]


def exists(path, places):
    path = path.rstrip("/")
    return any(os.path.exists(os.path.join(tree.ROOT, place, path)) for place in places)


def paths_of(text, tops):
    """The words of a document that name a path: (offset, path)."""
    for found in _LINK.finditer(text):
        if not re.match(r"[a-z]+:|#", found[1]):
            yield found.start(), found[1].split("#")[0]
    for found in _CODE.finditer(text):
        for word in found[1].split():
            word = re.sub(r"(:\d+)?[,;.:)]*$", "", word).removeprefix("./")
            if word.startswith(_BUILT) or _PLACEHOLDER.search(word):
                continue
            if word.split("/")[0] in tops and "/" in word or _BARE.fullmatch(word):
                yield from ((found.start(), path) for path in braces(word))


def main():
    names = tree.files()
    tops = {name.split("/")[0] for name in names if "/" in name}
    known = {os.path.basename(name) for name in names}
    problems, checked = [], 0
    for name in (each for each in names if each.endswith(".md")):
        raw = tree.read(name)
        text = _FENCE.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), raw)
        for offset, path in paths_of(text, tops):
            checked += 1
            places = [os.path.dirname(name), "", "src", "include"]
            if not exists(path, places) and not (path in known and "/" not in path):
                problems.append(f"{name}:{text.count(chr(10), 0, offset) + 1}: no {path} in the tree")
    tree.finish(problems, max(checked, 1))


main()
