"""A registry of images made here, for programs that pull by fixed names: read-only, over TLS, from memory.

Sources: OCI distribution specification 1.1 (pull), OCI image specification 1.1 (index, manifest, config, layer).
"""

import gzip
import hashlib
import http.server
import io
import json
import pathlib
import ssl
import subprocess
import tarfile
import threading

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def layer(entries):
    """A tar archive of (name, content, mode): a directory where the content is None, a link where it is a str."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content, mode in entries:
            info = tarfile.TarInfo(name)
            info.mode = mode
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return out.getvalue()


class Registry:
    """What is served, by repository and tag or digest. Blobs are found under every repository's name."""

    def __init__(self):
        self._content = {}  # digest: (media type, bytes)
        self._tags = {}  # (repository, tag): digest
        self._server = None

    def _add(self, media_type, data):
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self._content[digest] = (media_type, data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def add_image(self, repository, tag, layers, platforms, config=None):
        """An index with one manifest for each platform ("os/architecture[/variant]"), all of the same layers and one
        more that names image and platform, so that no two images share it."""
        manifests = []
        for platform in platforms:
            keys = dict(zip(("os", "architecture", "variant"), platform.split("/")))
            tars = [*layers, layer([(".image", f"{repository}:{tag} {platform}\n".encode(), 0o644)])]
            blobs = [self._add(_LAYER, gzip.compress(tar, mtime=0)) for tar in tars]
            diff_ids = [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]
            image = {**keys, "config": config or {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
            manifest = {"schemaVersion": 2, "mediaType": _MANIFEST,
                        "config": self._add(_CONFIG, json.dumps(image).encode()), "layers": blobs}
            manifests.append({**self._add(_MANIFEST, json.dumps(manifest).encode()), "platform": keys})
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests}
        self._tags[repository, tag] = self._add(_INDEX, json.dumps(index).encode())["digest"]

    def add_tag(self, repository, tag, like):
        """One more tag for the image that has the tag `like`."""
        self._tags[repository, tag] = self._tags[repository, like]

    def find(self, path):
        """Media type, content and digest of what a path names, or None."""
        parts = path.partition("?")[0].removeprefix("/v2/").rsplit("/", 2)
        if len(parts) != 3 or parts[1] not in ("manifests", "blobs"):
            return None
        digest = self._tags.get((parts[0], parts[2]), parts[2])
        return (*self._content[digest], digest) if digest in self._content else None

    def serve(self, hosts, directory, port=443):
        """Serves on 127.0.0.1 in a thread of its own; the path of the certificate that a client has to trust."""
        certificate, key = pathlib.Path(directory, "registry.pem"), pathlib.Path(directory, "registry.key")
        names = ",".join(f"DNS:{host}" for host in hosts)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=registry of a test", "-addext", f"subjectAltName={names}",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return certificate

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def _handler(registry):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            self._answer(body=False)

        def do_GET(self):
            self._answer(body=True)

        def _answer(self, body):
            found = registry.find(self.path)
            if self.path == "/v2/":
                found = ("application/json", b"{}", "")
            media_type, data, digest = found or ("text/plain", b"not found\n", "")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(data)))
            if digest:
                self.send_header("Docker-Content-Digest", digest)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, format, *args):
            pass

    return Handler
