#!/usr/bin/env python3
"""whatlang once more, written straight from its specification: slow, plain, and sharing nothing with the C++
but the tables. Prints what `whatlang TEXT` must print.

    ./oracle.py TEXT
"""
import pathlib
import re
import sys
from collections import Counter

HERE = pathlib.Path(__file__).resolve().parent
UNDECIDED = {"Latin", "Cyrillic", "Arabic", "Devanagari", "Hebrew"}


def read_tables():
    """Script ranges, only languages of scripts, languages with alphabets, profiles: from the headers' text."""
    scripts = (HERE / "scripts.h").read_text(encoding="utf-8")
    ranges = [(int(a, 16), int(b, 16), s) for a, b, s in
              re.findall(r"\{(0x\w+), (0x\w+), Script::k(\w+)\}", scripts)]
    only = dict(re.findall(r'case Script::k(\w+):\s+return "([^"]+)"', scripts))
    only["Hiragana"] = only["Katakana"] = "日本語"
    languages = re.findall(r'\{"(\w{3})",\s*"([^"]+)",\s*Script::k(\w+),\s*((?:"[^"]*"\s*)+)\}',
                           (HERE / "languages.h").read_text(encoding="utf-8"))
    profiles = {}
    for code, body in re.findall(r'\{"(\w{3})",\n((?: +"[^"\n]*"\n?)+)\}',
                                 (HERE / "profiles.h").read_text(encoding="utf-8")):
        letters = "".join(re.findall(r'"([^"]*)"', body))
        profiles[code] = [letters[i:i + 3] for i in range(0, len(letters), 3)]
    assert len(ranges) > 60 and len(only) == 19 and len(languages) == 50 and len(profiles) == 50
    assert all(len(p) == 300 for p in profiles.values())
    return ranges, only, languages, profiles


RANGES, ONLY, LANGUAGES, PROFILES = read_tables()


def is_stop(c):
    return ord(c) <= 0x40 or 0x5B <= ord(c) <= 0x60 or 0x7B <= ord(c) <= 0x7E


def script_of(c):
    return next((s for first, last, s in RANGES if first <= ord(c) <= last), None)


def trigram_places(text):
    shown = [" " if is_stop(c) else c for c in text] + [" "]
    count, before = Counter(), " "
    for middle, after in zip(shown, shown[1:]):
        if not (middle == " " and " " in (before, after)):
            count[before + middle + after] += 1
        before = middle
    order = sorted(count, key=lambda t: (count[t], [ord(c) for c in t]), reverse=True)[:600]
    return {t: i for i, t in enumerate(order)}


def trigram_score(places, profile):
    used = len(places)
    distance = sum(abs(places[t] - i) if t in places else 300 for i, t in enumerate(profile))
    if used < 300:
        distance -= (300 - used) * 300
    distance = min(max(distance, 0), 90000)
    return (300 * used - distance) / (300 * used)


def scores(script, text):
    """(score, name) of each language of the script, in the order of the table."""
    letters = [c for c in text if not is_stop(c)]
    has_alphabet = script in ("Latin", "Cyrillic")
    count = len(letters) if has_alphabet else 1
    places = trigram_places(text)
    weight = min(max(2 / 3 - count / 300, 1 / 3), 2 / 3)
    for code, name, of, alphabet in LANGUAGES:
        if of != script:
            continue
        members = set(alphabet.replace("\\u0307", "\u0307")) - {'"', " ", "\n"}
        share = max(0, 2 * sum(c in members for c in letters) - count) / count if has_alphabet else 1.0
        yield share * weight + trigram_score(places, PROFILES[code]) * (1 - weight), name


def detect(text):
    """The name, or None."""
    count = Counter(s for s in (script_of(c) for c in text if not is_stop(c)) if s)
    if not count:
        return None
    order = list(dict.fromkeys(s for _, _, s in RANGES))
    script = max(order, key=lambda s: count[s])
    if script == "Mandarin":
        kana = count["Hiragana"] + count["Katakana"]
        return "日本語" if kana / (kana + count["Mandarin"]) > 0.05 else "普通话"
    if script not in UNDECIDED:
        return ONLY[script]
    best = (-1.0, None)
    for score, name in scores(script, text.lower()):
        if score > best[0]:
            best = (score, name)
    return best[1]


if __name__ == "__main__":
    print(detect(sys.argv[1]))
