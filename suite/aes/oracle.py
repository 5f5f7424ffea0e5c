"""An independent aes: the cipher byte by byte as FIPS 197 describes it, without tables for whole columns."""
import base64
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from reference import sm64  # noqa: E402

KEY = bytes.fromhex("a1f6258c877d5fcd8964484538bfc92c")
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def times(a, b):
    """Product in GF(2^8)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def substitute(x):
    inverse = next((y for y in range(256) if times(x, y) == 1), 0)
    result = 0x63
    for shift in range(5):
        result ^= (inverse << shift | inverse >> (8 - shift)) & 0xFF
    return result


BOX = [substitute(x) for x in range(256)]
TWICE = [times(x, 2) for x in range(256)]


def expand(key):
    words = [list(key[i:i + 4]) for i in range(0, 16, 4)]
    constant = 1
    for i in range(4, 44):
        word = list(words[-1])
        if i % 4 == 0:
            word = [BOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = times(constant, 2)
        words.append([a ^ b for a, b in zip(words[-4], word)])
    return [sum(words[i:i + 4], []) for i in range(0, 44, 4)]


def encrypt_block(keys, block):
    state = [a ^ b for a, b in zip(block, keys[0])]
    for number, key in enumerate(keys[1:], 1):
        state = [BOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]  # substitute and shift rows
        if number < 10:
            mixed = []
            for c in range(0, 16, 4):
                column = state[c:c + 4]
                every = column[0] ^ column[1] ^ column[2] ^ column[3]
                mixed += [column[r] ^ every ^ TWICE[column[r] ^ column[(r + 1) % 4]] for r in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


def cfb(keys, iv, message):
    cipher, feedback = b"", iv
    for at in range(0, len(message), 16):
        part = message[at:at + 16]
        feedback = bytes(a ^ b for a, b in zip(part, encrypt_block(keys, feedback)))
        cipher += feedback
    return cipher


def expected_output(length, iterations, seed=1, iv=None):
    draws = sm64(seed)
    message = "".join(LETTERS[next(draws) % 52] for _ in range(length)).encode()
    keys = expand(KEY)
    out = [b"\tCLEAR TEXT MESSAGE:" + message + b"\n\n\n"]
    for _ in range(iterations):
        used = iv or b"".join(next(draws).to_bytes(8, "little") for _ in range(2))
        text = base64.b64encode(used + cfb(keys, used, message)).rstrip(b"=")
        out.append(b"\tENCRYPTED: " + text + b"\n\tDECRYPTED: " + message + b"\n\n")
    return b"".join(out)
