#!/usr/bin/env python3
"""Packs images twice, into two folders, and compares their digests; looks into the artifact form.

Images on a base are compared for one function, if a base is in the cache: the base is the same file both times.
"""
import importlib.util
import json
import os
import pathlib
import sys
import tarfile
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tools/images"))
_SPEC = importlib.util.spec_from_file_location("images_main", TREE / "tools/images/__main__.py")
images_main = importlib.util.module_from_spec(_SPEC)
sys.modules["images_main"] = images_main
_SPEC.loader.exec_module(images_main)
import bases  # noqa: E402
import oci_archive  # noqa: E402


def cached_bases():
    """The bases in the cache; none is made here."""
    made, bases._make = bases._make, lambda *_: (_ for _ in ()).throw(bases.BaseError("no base is in the cache"))
    try:
        return bases.ensure(os.environ.get("MAYFLY_CACHE", "/var/cache/mayfly"))
    except bases.BaseError as error:
        print(f"images on a base are left out: {error}")
        return {}
    finally:
        bases._make = made


def pack(image, base):
    with tempfile.TemporaryDirectory(prefix="images-test-") as out:
        os.mkdir(os.path.join(out, "layers"))
        digest = images_main.pack(out, image, base)[0]
        with tarfile.open(os.path.join(out, image.archive)) as archive:
            blobs = {m.name: archive.extractfile(m).read() for m in archive.getmembers()} if image.is_artifact else {}
        with open(os.path.join(out, image.archive), "rb") as file:
            return digest, oci_archive.sha256(file.read()), blobs


def check_artifact(image, blobs):
    def blob(descriptor):
        data = blobs["blobs/" + descriptor["digest"].replace(":", "/")]
        assert oci_archive.sha256(data) == descriptor["digest"] and len(data) == descriptor["size"], image.name
        return data

    index = json.loads(blobs["index.json"])
    manifest = json.loads(blob(index["manifests"][0]))
    config = json.loads(blob(manifest["config"]))
    (layer,) = manifest["layers"]
    assert manifest["config"]["mediaType"] == "application/vnd.wasm.config.v0+json"
    assert layer["mediaType"] == "application/wasm" and blob(layer) == pathlib.Path(image.program).read_bytes()
    assert (config["os"], config["architecture"], config["layerDigests"]) == ("wasip1", "wasm", [layer["digest"]])
    assert index["manifests"][0]["platform"] == {"os": "wasip1", "architecture": "wasm"}


def main():
    layers, compared, functions_on_base = cached_bases(), 0, set()
    for image in images_main.images_of(str(TREE)):
        if image.base:
            functions_on_base.add(image.function)
            if not layers or len(functions_on_base) > 1:
                continue
        first, second = (pack(image, layers[image.base] if image.base else None) for _ in range(2))
        assert first == second, f"{image.name}: two packings differ: {first[0]} and {second[0]}"
        if image.is_artifact:
            check_artifact(image, first[2])
        compared += 1
    assert compared >= 3
    print(f"{compared} images are the same when packed again")


if __name__ == "__main__":
    sys.exit(main())
