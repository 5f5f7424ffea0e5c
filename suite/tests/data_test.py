#!/usr/bin/env python3
"""suite-data refuses bad arguments and notices files that are missing or not as recorded."""
import pathlib
import subprocess
import sys
import tempfile


def run(*args):
    done = subprocess.run([sys.argv[1], *map(str, args)], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def main():
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "data"
        assert run(data)[0] == 0
        assert run("--check", data) == (0, "")
        corpus = data / "fuzzysearch" / "corpus.txt"
        corpus.write_bytes(corpus.read_bytes()[:-1] + b"x")
        code, text = run("--check", data)
        assert code == 1 and "fuzzysearch/corpus.txt" in text, text
        corpus.unlink()
        code, text = run("--check", data)
        assert code == 1 and "corpus.txt: No such file" in text, text
        assert run("/dev/null/data")[0] == 1
    for bad in ([], ["--what"], ["a", "b"], ["--check", "a", "b"]):
        code, text = run(*bad)
        assert code == 2 and "usage" in text, (bad, text)
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
