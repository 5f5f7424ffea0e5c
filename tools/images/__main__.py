"""Packs the functions of the suite as OCI images.

Usage: python3 tools/images all|bases [--cache DIR] [--tree DIR]

  bases   makes the image bases only (they are kept in the cache)
  all     writes build/images/*.tar (OCI archives for `ctr images import`), images.tsv (name, digest,
          archive) and sizes.csv

An image is written anew only if what it is made of has changed; the same input gives the same digest.
The images are listed in suite/images.toml.
"""

import argparse
import csv
import hashlib
import os
import sys
import tomllib

import bases
import oci_archive

_KINDS = {  # kind of image -> (folder of the program under build/suite, base)
    "wasm": ("wasm", None),
    "scratch": ("native-static", None),
    "distroless": ("native-dynamic", "distroless"),
    "debian": ("native-dynamic", "debian"),
}


def main():
    parser = argparse.ArgumentParser(prog="tools/images", description="packs the functions as OCI images")
    parser.add_argument("what", choices=["all", "bases"])
    parser.add_argument("--cache", default=os.environ.get("MAYFLY_CACHE", "/var/cache/mayfly"))
    parser.add_argument("--tree", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    arguments = parser.parse_args()
    try:
        layers = bases.ensure(arguments.cache)
        if arguments.what == "all":
            pack_all(os.path.realpath(arguments.tree), layers)
    except (bases.BaseError, OSError, KeyError, tomllib.TOMLDecodeError) as error:
        what = f"suite/images.toml: no {error}" if isinstance(error, KeyError) else error
        print(f"mayfly: images: {what}", file=sys.stderr)
        return 1
    return 0


def images_of(tree):
    """The images that suite/images.toml lists, as (name, kind, function, program, entrypoint)."""
    with open(os.path.join(tree, "suite/images.toml"), "rb") as file:
        table = tomllib.load(file)
    for function in table["functions"]:
        for kind in table["kinds"]:
            folder, _ = _KINDS[kind]
            program = function + (".wasm" if kind == "wasm" else "")
            yield (f"{table['registry']}/{function}:{kind}", kind, function,
                   os.path.join(tree, "build/suite", folder, program), "/" + program)


def pack_all(tree, base_layers):
    out = os.path.join(tree, "build/images")
    os.makedirs(os.path.join(out, "layers"), exist_ok=True)
    rows, written, archives = [], 0, set()
    for name, kind, function, program, entrypoint in images_of(tree):
        base = _KINDS[kind][1]
        archive = f"{function}-{kind}.tar"
        digest, layers, new = pack(out, archive, name, program, entrypoint, base_layers[base] if base else None)
        written += new
        archives.add(archive)
        rows.append((name, digest, archive, kind, function, layers))
    for stale in set(entry for entry in os.listdir(out) if entry.endswith(".tar")) - archives:
        os.remove(os.path.join(out, stale))
    write_tables(out, rows)
    print(f"{written} of {len(rows)} images written, the rest are as before", flush=True)


def pack(out, archive, name, program, entrypoint, base):
    """Writes one image unless the archive there is made of the same things; returns (digest, layers, written)."""
    with open(program, "rb") as file:
        data = file.read()
    stem = os.path.join(out, "layers", archive.removesuffix(".tar"))
    own = oci_archive.write_layer(stem + ".tar.gz", [oci_archive.entry(entrypoint[1:], data=data)])
    layers = [own] if base is None else [base, own]
    with open(oci_archive.__file__, "rb") as writer:
        made_of = hashlib.sha256(repr((name, entrypoint, [layer.digest for layer in layers])).encode()
                                 + writer.read()).hexdigest()
    path = os.path.join(out, archive)
    if os.path.exists(path) and os.path.exists(stem + ".made-of"):
        with open(stem + ".made-of", encoding="utf-8") as file:
            known, digest = file.read().split()
        if known == made_of:
            return digest, layers, False
    digest = oci_archive.write_archive(path, name, layers, [entrypoint])
    with open(stem + ".made-of", "w", encoding="utf-8") as file:
        file.write(f"{made_of} {digest}\n")
    return digest, layers, True


def write_tables(out, rows):
    with open(os.path.join(out, "images.tsv"), "w", encoding="utf-8") as file:
        for name, digest, archive, *_ in rows:
            file.write(f"{name}\t{digest}\t{archive}\n")
    with open(os.path.join(out, "sizes.csv"), "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["image", "function", "kind", "layers", "compressed_bytes", "unpacked_bytes", "digest"])
        for name, digest, _, kind, function, layers in rows:
            table.writerow([name, function, kind, len(layers), sum(layer.compressed_bytes for layer in layers),
                            sum(layer.unpacked_bytes for layer in layers), digest])


if __name__ == "__main__":
    sys.exit(main())
