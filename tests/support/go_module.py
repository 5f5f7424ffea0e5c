"""Programs of Go modules that tests run: built once from the module proxy and kept under $MAYFLY_CACHE.

A directory with go.mod and go.sum pins them. What is built is published whole under a name that their content and
the compiler's version make, so that a run finds all of it or nothing, and two runs at once do not disturb each other.
"""

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
_PROXY_AWAY = r"dial tcp|no such host|connection refused|i/o timeout|requires go >="


class Builder:
    """Go commands in a directory with go.mod; `who` begins what is said, `mode` is go's -mod."""

    def __init__(self, who, directory, mode="readonly"):
        self.who = who
        self.directory = pathlib.Path(directory)
        self.mode = mode
        self.go = next((path for path in ("/usr/local/go/bin/go", shutil.which("go") or "", "/usr/lib/go/bin/go")
                        if path and os.access(path, os.X_OK)), None)

    def skip(self, reason):
        print(f"{self.who}: skipped: {reason}")
        sys.exit(SKIPPED)

    def run(self, *arguments, **environment):
        result = subprocess.run([self.go, *arguments], cwd=self.directory, capture_output=True, text=True, check=False,
                                env={**os.environ, "GOFLAGS": f"-mod={self.mode} -buildvcs=false", **environment})
        if result.returncode != 0:
            if re.search(_PROXY_AWAY, result.stderr):
                self.skip(f"the Go module proxy cannot be reached: {result.stderr.strip().splitlines()[-1]}")
            sys.exit(f"{self.who}: go {' '.join(arguments)}: {result.stderr.strip()}")
        return result.stdout

    def published(self, name, build):
        """The directory of what `build(builder, directory)` puts there, built if it is not there."""
        if not self.go:
            self.skip("no Go compiler: install golang-go (./dev setup does)")
        version = subprocess.run([self.go, "version"], capture_output=True, text=True, check=True).stdout
        digest = hashlib.sha256(version.encode())
        for pin in ("go.mod", "go.sum"):
            digest.update((self.directory / pin).read_bytes())
        cache = pathlib.Path(os.environ.get("MAYFLY_CACHE", "/var/cache/mayfly"))
        target = cache / f"{name}-{digest.hexdigest()[:16]}"
        if target.exists():
            return target
        cache.mkdir(parents=True, exist_ok=True)
        with open(f"{target}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                print(f"{self.who}: building into {target}", flush=True)
                work = tempfile.mkdtemp(prefix=f"{name}-", suffix=".new", dir=cache)
                try:
                    os.chmod(work, 0o755)
                    build(self, work)
                    os.rename(work, target)
                finally:
                    shutil.rmtree(work, ignore_errors=True)
        return target
