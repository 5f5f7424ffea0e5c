"""The suite's common definitions again, for oracles: generator, deviates, number and matrix text."""
from decimal import Decimal

MASK = 2**64 - 1


def sm64(seed):
    """The draws of SM64(seed)."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        yield z ^ z >> 31


def ih12(draws):
    total = 0.0
    for _ in range(12):
        total += (next(draws) >> 11) * 2.0**-53
    return total - 6.0


def shortest(value):
    """Fewest digits that give the same double; an exponent below 1e-4 and from 1e6 on."""
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    digits = "".join(map(str, digits)).lstrip("0") or "0"
    stripped = digits.rstrip("0") or "0"
    exponent += len(digits) - len(stripped)
    first = exponent + len(stripped) - 1 if stripped != "0" else 0
    minus = "-" if sign else ""
    if first < -4 or first >= 6:
        point = "." + stripped[1:] if len(stripped) > 1 else ""
        return f"{minus}{stripped[0]}{point}e{'-' if first < 0 else '+'}{abs(first):02}"
    if first < 0:
        return f"{minus}0.{'0' * (-first - 1)}{stripped}"
    if len(stripped) <= first + 1:
        return minus + stripped.ljust(first + 1, "0")
    return f"{minus}{stripped[:first + 1]}.{stripped[first + 1:]}"


def matrix_text(rows):
    cells = [[shortest(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = []
    for i, row in enumerate(cells):
        left, right = "[]" if len(cells) == 1 else "⎡⎤" if i == 0 else "⎣⎦" if i == len(cells) - 1 else "⎢⎥"
        lines.append(left + "  ".join(c.rjust(w) for c, w in zip(row, widths)) + right + "\n")
    return "".join(lines).encode()
