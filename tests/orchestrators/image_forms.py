"""Which client takes a module in which form of an image: makes each form, gives it to each client, runs it.

Usage: python3 image_forms.py     environment: MAYFLY_BUILD, MAYFLY_TEST_RUNTIME, MAYFLY_TEST_DOCKERD, MAYFLY_TEST_CTR,
MAYFLY_TEST_CONTAINERD (other programs)

Prints a table in Markdown. "runs" was seen to print what the module prints; else what the client said, shortened.
"""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

import harness

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
_SAID = "seen"


def _tar(name, data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), 0o755
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def write_tar(path, name, data):
    path.write_bytes(_tar(name, data))


def compress(tar):
    return gzip.compress(tar, mtime=0)


def image_config(platform, layer, process=None):
    """The config of an image with one layer, given uncompressed."""
    os_name, architecture = platform
    diff = "sha256:" + hashlib.sha256(layer).hexdigest()
    return json.dumps({"os": os_name, "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": [diff]},
                       "config": process or {"Entrypoint": ["/probe.wasm"], "Cmd": ["say", _SAID]}}).encode()


def forms():
    """Name -> (platform, config media type, config, layer media type, layer)."""
    module = harness.PROBE_WASM.read_bytes()
    tar = _tar("probe.wasm", module)
    layer = compress(tar)
    raw = "sha256:" + hashlib.sha256(module).hexdigest()
    linux, wasi = ("linux", "amd64"), ("wasip1", "wasm")
    cncf = json.dumps({"created": "2026-01-01T00:00:00Z", "architecture": "wasm", "os": "wasip1", "layerDigests": [raw]}).encode()
    return {
        "file in a layer, linux/amd64": (linux, CONFIG, image_config(linux, tar), LAYER, layer),
        "file in a layer, wasip1/wasm": (wasi, CONFIG, image_config(wasi, tar), LAYER, layer),
        "CNCF Wasm artifact (application/wasm)": (wasi, "application/vnd.wasm.config.v0+json", cncf, "application/wasm", module),
        "vnd.bytecodealliance.wasm.component.layer.v0+wasm":
            (wasi, CONFIG, image_config(wasi, module), "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm", module),
        "vnd.wasm.content.layer.v1+wasm":
            (wasi, CONFIG, image_config(wasi, module), "application/vnd.wasm.content.layer.v1+wasm", module),
    }


def write_archive(path, reference, form):
    """An OCI layout as a tar file, with what Docker reads beside."""
    platform, config_type, config, layer_type, layer = form

    def descriptor(kind, data, **more):
        return {"mediaType": kind, "digest": "sha256:" + hashlib.sha256(data).hexdigest(), "size": len(data), **more}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                           "config": descriptor(config_type, config), "layers": [descriptor(layer_type, layer)]}).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [descriptor(
        "application/vnd.oci.image.manifest.v1+json", manifest, platform={"os": platform[0], "architecture": platform[1]},
        annotations={"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference.rpartition(":")[2]})]}).encode()
    names = ["blobs/sha256/" + hashlib.sha256(data).hexdigest() for data in (config, layer)]
    docker = json.dumps([{"Config": names[0], "Layers": names[1:], "RepoTags": [reference]}]).encode()  # docker load before 25
    with tarfile.open(path, "w") as archive:
        for name, data in (("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", index), ("manifest.json", docker), *(
                ("blobs/sha256/" + hashlib.sha256(data).hexdigest(), data) for data in (config, layer, manifest))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def said(step, result):
    words = (result.stderr or result.stdout).strip().splitlines() or [f"exit code {result.returncode}"]
    return f"{step}: {words[-1][-150:]}".replace("|", "/")


def attempt(*steps):
    """Runs (name, command)s; "runs", or what the first that failed said."""
    for name, command in steps:
        result = harness.run(*command, check=False)
        if result.returncode != 0:
            return said(name, result)
    return "runs" if _SAID in result.stdout else said("run", result)


def with_ctr(socket, archive, reference, platform):
    ctr = (harness.find("ctr"), "--address", socket, "--namespace", "forms")
    kind = "/".join(platform)
    return attempt(("import", (*ctr, "image", "import", "--platform", kind, archive)),
                   ("run", (*ctr, "run", "--rm", "--platform", kind, "--runtime", "io.containerd.mayfly.v1", reference, "forms")))


def with_docker(address, archive, reference, platform):
    docker = (harness.find("docker"), "--host", address)
    return attempt(("load", (*docker, "load", "--input", archive)),
                   ("run", (*docker, "run", "--rm", "--network", "none", "--platform", "/".join(platform), reference)))


def with_podman(directory, archive, platform):
    podman = (harness.find("podman"), "--root", directory / "podman", "--runroot", directory / "podman-run", "--runtime", harness.RUNTIME,
              "--cgroup-manager", "cgroupfs", "--storage-driver", "vfs")
    pulled = harness.run(*podman, "pull", "--quiet", "--os", platform[0], "--arch", platform[1], f"oci-archive:{archive}", check=False)
    if pulled.returncode != 0:
        return said("pull", pulled)
    return attempt(("run", (*podman, "run", "--rm", "--network", "none", "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096",
                            pulled.stdout.strip())))


def main():
    harness.require("containerd", "ctr", "dockerd", "docker", "podman")
    sandbox = harness.Sandbox("forms")
    rows = {}
    try:
        address = harness.start_dockerd(sandbox, "--default-runtime", os.environ.get("MAYFLY_TEST_DEFAULT_RUNTIME", "mayfly"))
        socket = sandbox.directory / "containerd.sock"
        for number, (name, form) in enumerate(forms().items()):
            archive, reference = sandbox.directory / f"{number}.tar", f"localhost/forms:{number}"
            write_archive(archive, reference, form)
            rows[name] = (with_ctr(socket, archive, reference, form[0]), with_docker(address, archive, reference, form[0]),
                          with_podman(sandbox.directory, archive, form[0]))
    finally:
        left = sandbox.stop()
    print("| form | ctr | Docker | Podman |\n|---|---|---|---|")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")
    if left:
        sys.exit("left behind: " + "; ".join(left))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
