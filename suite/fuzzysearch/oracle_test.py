#!/usr/bin/env python3
"""Compares fuzzysearch with its oracle: on the input files, on every lower-case mapping, on random text."""
import argparse
import pathlib
import random
import sys
import tempfile
import unicodedata

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from oracle import expected_output  # noqa: E402
from program import Program, skip_without_runner  # noqa: E402

CASES = [
    ("hamlet.txt", "Hamlet"),
    ("hamlet.txt", "king queen"),
    ("hamlet.txt", "HAUE, lord; the"),
    ("corpus.txt", "Hamlet king"),
    ("vocabulary.txt", "hamlets"),
    ("unicode.txt", "école οδυσσευς"),
]


def every_mapping():
    """(text, query) pairs: a line for each code point with a lower case, searched for by that lower case."""
    # Words of one letter match only if they are equal.
    upper = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF and chr(c).lower() != chr(c)]
    assert len(upper) > 1300
    text = "\n".join(upper)
    for start in range(0, len(upper), 200):
        yield text, " ".join(c.lower() for c in upper[start:start + 200])


def random_texts(count):
    rng = random.Random(20240229)
    letters = list("abcXYZ éÉßẞΣσςΑαİıǅͅ'.:\u00ad\u0301\u2003\u3000\x1c\x85\r") + ["Σ"] * 6 + [" "] * 4 + ["\n"] * 4
    everything = [chr(c) for c in range(0x20, 0x110000) if unicodedata.category(chr(c)) not in ("Cs", "Cn")]
    for i in range(count):
        pool = letters if i % 2 else letters * 20 + rng.sample(everything, 300)
        text = "".join(rng.choice(pool) for _ in range(2000))
        words = text.split()
        yield text, " ".join(rng.sample(words, 3)).replace("\0", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = parser.parse_args()

    program = Program(options.program, options.data / "fuzzysearch")
    skip_without_runner(program)
    failures = compared = 0

    def compare(label, data, name, query):
        nonlocal failures, compared
        outcome = program.run([f"/context/{name}", query])
        wanted = expected_output(data, query)
        compared += 1
        if outcome.exit != 0 or outcome.stdout != wanted:
            failures += 1
            print(f"FAIL {label}, query {query!r}: exit {outcome.exit}, {outcome.stdout[:200]!r}, "
                  f"not {wanted[:200]!r} {outcome.stderr}")

    for name, query in CASES:
        compare(name, (program.context / name).read_bytes(), name, query)
    with tempfile.TemporaryDirectory() as folder:
        program.context = pathlib.Path(folder)
        for label, texts in (("mapping", every_mapping()), ("random", random_texts(60))):
            for text, query in texts:
                data = text.encode()
                (program.context / "text").write_bytes(data)
                compare(label, data, "text", query)
    print(f"{compared - failures} of {compared} as the oracle says")
    return 1 if failures or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
