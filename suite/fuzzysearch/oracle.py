#!/usr/bin/env python3
"""fuzzysearch once more, written straight from its specification: slow, plain, and sharing nothing with
fuzzysearch.cc. Prints what `fuzzysearch FILE QUERY` must print.

    ./oracle.py FILE QUERY
"""
import re
import sys

# The property White_Space; str.split() would also cut at U+001C to U+001F.
WHITE_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


def tokenise(line):
    return [token for token in WHITE_SPACE.split(line.lower()) if token]


def jaro_winkler(a, b):
    la, lb = len(a), len(b)
    if la == 0 and lb == 0:
        jaro = 1.0
    elif la == 0 or lb == 0:
        jaro = 0.0
    elif la == 1 and lb == 1:
        jaro = 1.0 if a == b else 0.0
    else:
        window = max(la, lb) // 2 - 1
        used = [False] * lb
        m = t = last = 0
        for i in range(la):
            for j in range(lb):
                if abs(i - j) <= window and not used[j] and a[i] == b[j]:
                    used[j] = True
                    m += 1
                    if j < last:
                        t += 1
                    last = j
                    break
        jaro = 0.0 if m == 0 else (1 / 3) * ((m / la + m / lb) + (m - t) / m)
    p = 0
    while p < min(la, lb) and a[p] == b[p]:
        p += 1
    return min(1.0, jaro + (0.1 * p * (1.0 - jaro)))


def search(data, query):
    """Ids of the lines found; ValueError if the text is not UTF-8."""
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    lines_of = {}
    for number, line in enumerate(lines):
        for token in tokenise(line.removesuffix(b"\r").decode("utf-8")):
            lines_of.setdefault(token, []).append(number)
    score_of_token = {}
    for word in tokenise(query):
        for token in lines_of:
            score = jaro_winkler(token, word)
            if score > 0.8:
                score_of_token[token] = score
    score_of_line = {}
    for token, score in score_of_token.items():
        for number in lines_of[token]:
            score_of_line[number] = score_of_line.get(number, 0.0) + score
    by_score = sorted(score_of_line, key=lambda number: -score_of_line[number])
    return sorted(by_score)


def expected_output(data, query):
    return ("[" + ", ".join(str(number) for number in search(data, query)) + "]\n").encode()


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        sys.stdout.buffer.write(expected_output(file.read(), sys.argv[2]))
