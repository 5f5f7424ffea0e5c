#!/usr/bin/env python3
"""Compares archives with ones put together here from the format's description, and reads them with zipfile.

The tree has what a golden case cannot declare: links, names with quotes, line ends and bytes that are not UTF-8.
"""
import argparse
import io
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from program import Program, skip_without_runner  # noqa: E402

NAMES = ["plain", "with blank", 'quote"d', "back\\slash", "line\nend", "tab\there", "bell\x07", "ünï", "日本"]


def flags_of(name):
    try:
        return 0 if name.isascii() else bool(name.decode()) * 0x0800
    except UnicodeDecodeError:
        return 0


def stored_archive(entries):
    """entries: (name, content), name as bytes, content None for a directory."""
    body, directory = b"", b""
    for name, content in entries:
        if content is None:
            name += b"/"
        data = content or b""
        fields = struct.pack("<HHHHHIIIHH", 20, flags_of(name), 0, 0, 0x21, zlib.crc32(data), len(data), len(data),
                             len(name), 0)
        mode = 0o40755 if content is None else 0o100755
        directory += (b"PK\1\2" + struct.pack("<H", 0x032E) + fields +
                      struct.pack("<HHHII", 0, 0, 0, mode << 16, len(body)) + name)
        body += b"PK\3\4" + fields + name + data
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + b"PK\5\6" + end


def walk(folder, prefix=b""):
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                yield prefix + name, file.read()
        else:
            yield prefix + name, None
            if os.path.isdir(path) and not os.path.islink(path):
                yield from walk(path, prefix + name + b"/")


def make_tree(root):
    for i, name in enumerate(NAMES):
        (root / name).write_bytes(os.urandom(100) + bytes(1000 * i))
    deep = root / "deep"
    for i in range(60):
        deep = deep / f"d{i}"
    deep.mkdir(parents=True)
    (deep / "leaf").write_bytes(b"leaf")
    (root / "deep" / "d1.txt").write_bytes(b"")  # beside d0, "d0/" and what is in it comes first
    os.symlink("plain", root / "link-to-file")
    os.symlink("deep", root / "link-to-directory")
    os.symlink("nowhere", root / "broken-link")
    os.mkfifo(root / "pipe")


def check(program, context, method, tree, problems):
    found = program.run(["--method", method, "/context/tree", "/context/out.zip"])
    if found.exit != 0:
        problems.append(f"{method}: exit {found.exit}: {found.stderr}")
        return
    archive = (context / "out.zip").read_bytes()
    expected = list(walk(os.fsencode(tree)))
    if method == "store" and archive != stored_archive(expected):
        problems.append(f"{method}: not the bytes expected")
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        if opened.testzip() is not None or len(opened.infolist()) != len(expected):
            problems.append(f"{method}: zipfile finds it damaged")
        for info, (name, content) in zip(opened.infolist(), expected):
            if info.is_dir() != (content is None) or (content is not None and opened.read(info) != content):
                problems.append(f"{method}: {name}: other content")
        if method == "deflate" and len(archive) > sum(len(c or b"") for _, c in expected):
            problems.append("deflate: nothing was compressed")
    lines = found.stdout.decode()
    for wanted in (r'"quote\"d"', r'"back\\slash"', r'"line\nend"', r'"tab\there"', r'"bell\u{7}"', '"ünï"'):
        if f" as {wanted} ..." not in lines:
            problems.append(f"{method}: no line for {wanted}")


def unpack_with_unzip(context, tree, problems):
    if shutil.which("unzip") is None:
        print("unzip is not there: not compared with it")
        return
    folder = context / "unpacked"
    subprocess.run(["unzip", "-q", "-o", context / "out.zip", "-d", folder], check=False, stdout=subprocess.DEVNULL)
    for name in ("plain", "ünï", "deep/d1.txt"):
        if (folder / name).read_bytes() != (tree / name).read_bytes():
            problems.append(f"unzip: {name} differs")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = parser.parse_args()

    problems = []
    with tempfile.TemporaryDirectory(prefix="zip-") as folder:
        context = pathlib.Path(folder)
        tree = context / "tree"
        tree.mkdir()
        make_tree(tree)
        program = Program(options.program, context)
        skip_without_runner(program)
        check(program, context, "store", tree, problems)
        check(program, context, "deflate", tree, problems)
        unpack_with_unzip(context, tree, problems)
        # The archive in the tree that it is made of is left out.
        found = program.run(["/context/tree", "/context/tree/self.zip"])
        with zipfile.ZipFile(tree / "self.zip") as opened:
            if found.exit != 0 or any(i.filename == "self.zip" for i in opened.infolist()):
                problems.append("the archive holds itself")
        (tree / "self.zip").unlink()
        if not program.is_module:  # no engine passes a name on that is not UTF-8
            with open(os.fsencode(tree) + b"/\xff\xfe", "wb") as file:
                file.write(b"x")
            check(program, context, "store", tree, problems)
    for problem in problems:
        print(problem)
    print("as the oracle says" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
