#!/usr/bin/env python3
"""Compares whatlang with its oracle on made-up texts of every script: words of profiles, mixtures, random letters."""
import argparse
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from oracle import LANGUAGES, PROFILES, RANGES, detect  # noqa: E402
from program import Program, skip_without_runner  # noqa: E402


def letters_of(rng, script):
    first, last, _ = rng.choice([r for r in RANGES if r[2] == script])
    return chr(rng.randint(first, last))


def texts(count):
    rng = random.Random(20240303)
    scripts = sorted({s for _, _, s in RANGES})
    for code, _, _, _ in LANGUAGES:
        yield "".join(rng.choice(PROFILES[code][:120]) for _ in range(60))
    for script in scripts:
        yield " ".join("".join(letters_of(rng, script) for _ in range(5)) for _ in range(4))
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 8)):
            code = rng.choice(LANGUAGES)[0]
            script = rng.choice(scripts)
            parts.append(rng.choice([
                "".join(rng.choice(PROFILES[code]) for _ in range(rng.randint(1, 40))).title(),
                "".join(letters_of(rng, script) for _ in range(rng.randint(1, 9))),
                str(rng.randint(0, 99999)), "!? -- ", "İIıΣς\u0307"]))
        yield " ".join(parts)
    yield "".join(rng.choice(PROFILES["eng"]) for _ in range(20000))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    options = parser.parse_args()

    program = Program(options.program, options.data / "whatlang")
    skip_without_runner(program)
    failures = compared = 0
    # A module takes most of a second to start.
    for text in texts(40 if program.is_module else 400):
        compared += 1
        wanted = detect(text)
        found = program.run([text])
        shown = found.stdout.decode().removesuffix("\n") if found.exit == 0 else None
        if shown != wanted or found.exit not in (0, 1):
            failures += 1
            print(f"FAIL {text[:60]!r}: {shown} (exit {found.exit}), not {wanted} {found.stderr}")
    print(f"{compared - failures} of {compared} texts as the oracle says")
    return 1 if failures or compared < 90 else 0


if __name__ == "__main__":
    sys.exit(main())
