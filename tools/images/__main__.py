"""Packs the functions of the suite as OCI images.

Usage: python3 tools/images all|bases [--cache DIR] [--tree DIR]

  bases   makes the image bases only (they are kept in the cache)
  all     writes build/images/*.tar (OCI archives), images.tsv (name, digest, archive) of those that
          `ctr images import` takes, artifacts.tsv of the others, and sizes.csv of all

An image is written anew only if what it is made of has changed; the same input gives the same digest.
The images are listed in suite/images.toml.
"""

import argparse
import csv
import hashlib
import os
import sys
import tomllib
from dataclasses import dataclass

import bases
import oci_archive
import wasm_artifact

_BASES = {"scratch": None, "distroless-cc": "distroless", "debian": "debian"}  # in images.toml -> in bases.py
_PLATFORM = "linux/amd64"
_ARTIFACT = "artifact"  # what stands for a base where the image is no file system, but the module as it is


@dataclass(frozen=True)
class Image:
    """One image to pack: its name with the tag, what lies in it, and the base below (None: nothing).

    An artifact has no file system, so neither base nor entrypoint.
    """

    name: str
    kind: str
    function: str
    program: str
    entrypoint: list
    base: str | None
    is_artifact: bool

    @property
    def archive(self):
        return f"{self.function}-{self.kind}.tar"


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
    """The images that suite/images.toml lists, each an Image."""
    with open(os.path.join(tree, "suite/images.toml"), "rb") as file:
        table = tomllib.load(file)
    if table["platform"] != _PLATFORM:
        raise bases.BaseError(f"suite/images.toml: platform {table['platform']}: only {_PLATFORM} is known")
    for function in table["functions"]:
        for kind in table["kinds"]:
            how = table["kind"][kind]
            yield Image(f"{table['registry']}/{function}:{kind}", kind, function,
                        os.path.join(tree, how["program"].format(name=function)),
                        [word.format(name=function) for word in how.get("entrypoint", [])],
                        None if how["base"] == _ARTIFACT else _BASES[how["base"]], how["base"] == _ARTIFACT)


def pack_all(tree, base_layers):
    out = os.path.join(tree, "build/images")
    os.makedirs(os.path.join(out, "layers"), exist_ok=True)
    rows, written = [], 0
    for image in images_of(tree):
        digest, layers, new = pack(out, image, base_layers[image.base] if image.base else None)
        written += new
        rows.append((image, digest, layers))
    known = {image.archive for image, _, _ in rows}
    for stale in [name for name in os.listdir(out) if name.endswith(".tar") and name not in known]:
        os.remove(os.path.join(out, stale))
    write_tables(out, rows)
    print(f"{written} of {len(rows)} images written, the rest are as before", flush=True)


def pack(out, image, base):
    """Writes one image unless the archive there is made of the same things; returns (digest, layers, written)."""
    with open(image.program, "rb") as file:
        data = file.read()
    if image.is_artifact:
        return pack_artifact(out, image, data)
    stem = os.path.join(out, "layers", f"{image.function}-{image.kind}")
    program = oci_archive.entry(image.entrypoint[0].lstrip("/"), data=data)
    own = oci_archive.write_layer(stem + ".tar.gz", [program])
    layers = [own] if base is None else [base, own]
    with open(oci_archive.__file__, "rb") as writer:
        made_of = hashlib.sha256(repr((image.name, image.entrypoint, [layer.digest for layer in layers])).encode()
                                 + writer.read()).hexdigest()
    path = os.path.join(out, image.archive)
    if os.path.exists(path) and os.path.exists(stem + ".made-of"):
        with open(stem + ".made-of", encoding="utf-8") as file:
            known, digest = file.read().split()
        if known == made_of:
            return digest, layers, False
    digest = oci_archive.write_archive(path, image.name, layers, image.entrypoint)
    with open(stem + ".made-of", "w", encoding="utf-8") as file:
        file.write(f"{made_of} {digest}\n")
    return digest, layers, True


def pack_artifact(out, image, data):
    path = os.path.join(out, image.archive)
    digest = wasm_artifact.write_archive(path, image.name, data)
    return digest, [oci_archive.Layer(path, oci_archive.sha256(data), oci_archive.sha256(data), len(data), len(data))], True


def write_tables(out, rows):
    for table, artifacts in (("images.tsv", False), ("artifacts.tsv", True)):
        with open(os.path.join(out, table), "w", encoding="utf-8") as file:
            for image, digest, _ in rows:
                if image.is_artifact == artifacts:
                    file.write(f"{image.name}\t{digest}\t{image.archive}\n")
    with open(os.path.join(out, "sizes.csv"), "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["image", "function", "kind", "layers", "compressed_bytes", "unpacked_bytes", "digest"])
        for image, digest, layers in rows:
            table.writerow([image.name, image.function, image.kind, len(layers),
                            sum(layer.compressed_bytes for layer in layers),
                            sum(layer.unpacked_bytes for layer in layers), digest])


if __name__ == "__main__":
    sys.exit(main())
