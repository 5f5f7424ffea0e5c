"""OCI image archives that come out the same, byte for byte, whenever their content is the same.

The idea: a layer is a tar of sorted entries with one fixed time, compressed without a name or a time;
everything else is JSON with sorted keys. An archive is an OCI image layout in one tar file.

Sources: OCI image-spec 1.1: layer.md, config.md, manifest.md, image-layout.md.
Units: sizes in bytes.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass

TIME = 1_700_000_000  # seconds since 1970, of every file and image; the value carries no meaning
CREATED = "2023-11-14T22:13:20Z"  # the same moment


@dataclass(frozen=True)
class Layer:
    """A compressed layer on disk."""

    path: str
    digest: str  # of the compressed file
    diff_id: str  # of the tar inside
    compressed_bytes: int
    unpacked_bytes: int  # sum of the sizes of its regular files

    def save_as(self, directory):
        with open(os.path.join(directory, "layer.json"), "w", encoding="utf-8") as file:
            json.dump({**self.__dict__, "path": os.path.basename(self.path)}, file, sort_keys=True, indent=1)

    @staticmethod
    def load_from(directory):
        with open(os.path.join(directory, "layer.json"), encoding="utf-8") as file:
            fields = json.load(file)
        return Layer(**{**fields, "path": os.path.join(directory, fields["path"])})


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class _Counter(io.RawIOBase):
    """Passes bytes on and keeps their digest and number."""

    def __init__(self, target):
        super().__init__()
        self.target, self.hash, self.size = target, hashlib.sha256(), 0

    def writable(self):
        return True

    def write(self, data):
        self.hash.update(data)
        self.size += len(data)
        self.target.write(data)
        return len(data)

    @property
    def digest(self):
        return "sha256:" + self.hash.hexdigest()


def entry(name, kind=tarfile.REGTYPE, mode=0o755, uid=0, gid=0, data=b"", link=""):
    """One tar entry with its content: (TarInfo, bytes)."""
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.uid, info.gid, info.linkname = kind, mode, uid, gid, link
    info.size = len(data)
    return info, data


def write_layer(path, entries):
    """Writes entries as a compressed layer. entries: (TarInfo, content bytes or a function that gives them)."""
    unpacked = 0
    with open(path + ".new", "wb") as file:
        compressed = _Counter(file)
        with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=compressed, mtime=0) as packed:
            plain = _Counter(packed)
            with tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                for info, content in sorted(entries, key=lambda e: e[0].name):
                    data = content() if callable(content) else content
                    info.mtime, info.uname, info.gname, info.pax_headers = TIME, "", "", {}
                    tar.addfile(info, io.BytesIO(data))
                    unpacked += info.size if info.isreg() else 0
    os.rename(path + ".new", path)
    return Layer(path, compressed.digest, plain.digest, compressed.size, unpacked)


def _json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def write_archive(path, name, layers, entrypoint):
    """Writes an image called name (with its tag) to the tar at path; returns the manifest's digest."""
    config = _json({
        "architecture": "amd64", "os": "linux", "created": CREATED,
        "config": {
            "Entrypoint": entrypoint,
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
    })
    manifest = _json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                   "digest": sha256(config), "size": len(config)},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                    "digest": layer.digest, "size": layer.compressed_bytes} for layer in layers],
    })
    index = _json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": sha256(manifest), "size": len(manifest),
            "platform": {"architecture": "amd64", "os": "linux"},
            # The first names the image for containerd, the second (a tag) for tools that follow the spec.
            "annotations": {"io.containerd.image.name": name,
                            "org.opencontainers.image.ref.name": name.rsplit(":", 1)[1]},
        }],
    })
    files = {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": index}
    for blob in (config, manifest):
        files[_blob_path(sha256(blob))] = blob
    with tarfile.open(path + ".new", mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file_name, data in sorted(files.items()):
            info, _ = entry(file_name, mode=0o644, data=data)
            info.mtime = TIME
            tar.addfile(info, io.BytesIO(data))
        for layer in sorted(set(layers), key=lambda each: each.digest):
            info, _ = entry(_blob_path(layer.digest), mode=0o644)
            info.size, info.mtime = layer.compressed_bytes, TIME
            with open(layer.path, "rb") as blob:
                tar.addfile(info, blob)
    os.rename(path + ".new", path)
    return sha256(manifest)


def _blob_path(digest):
    return "blobs/" + digest.replace(":", "/")
