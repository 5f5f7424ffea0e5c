"""OCI archives of a Wasm module as an artifact: the module itself is the one layer, neither packed nor compressed.

Units: sizes in bytes. Sources: CNCF TAG Runtime, "Wasm OCI Artifact layout" (2024); OCI image-spec 1.1, image-layout.md.
containerd's client cannot unpack such a layer; tools and shims that know the form fetch it as it is.
"""

import io
import json
import os
import tarfile

import oci_archive

_PLATFORM = {"architecture": "wasm", "os": "wasip1"}


def _json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _descriptor(media_type, data):
    return {"mediaType": media_type, "digest": oci_archive.sha256(data), "size": len(data)}


def write_archive(path, name, module):
    """Writes the artifact called name (with its tag) to the tar at path; returns the manifest's digest."""
    config = _json({**_PLATFORM, "created": oci_archive.CREATED, "layerDigests": [oci_archive.sha256(module)]})
    manifest = _json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _descriptor("application/vnd.wasm.config.v0+json", config),
        "layers": [_descriptor("application/wasm", module)],
    })
    index = _json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            **_descriptor("application/vnd.oci.image.manifest.v1+json", manifest), "platform": _PLATFORM,
            "annotations": {"io.containerd.image.name": name,
                            "org.opencontainers.image.ref.name": name.rsplit(":", 1)[1]},
        }],
    })
    files = {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": index}
    for blob in (config, manifest, module):
        files["blobs/" + oci_archive.sha256(blob).replace(":", "/")] = blob
    with tarfile.open(path + ".new", mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file_name, data in sorted(files.items()):
            info, _ = oci_archive.entry(file_name, mode=0o644, data=data)
            info.mtime = oci_archive.TIME
            tar.addfile(info, io.BytesIO(data))
    os.rename(path + ".new", path)
    return oci_archive.sha256(manifest)
