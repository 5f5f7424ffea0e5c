"""Daemons started privately, images made here, and commands with an end: what the orchestrators' tests share.

Nothing of the host's Docker, Podman or containerd is touched: every program gets its own root, state and
socket in one temporary directory, and what it leaves is looked for when it has stopped.
"""

import contextlib
import io
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
import unittest

_TREE = pathlib.Path(__file__).resolve().parents[2]
_BUILD = pathlib.Path(os.environ.get("MAYFLY_BUILD", _TREE / "build/release"))
RUNTIME = pathlib.Path(os.environ.get("MAYFLY_TEST_RUNTIME", _BUILD / "bin/mayfly"))
PROBE = _BUILD / "tests/probe/probe"
PROBE_WASM = _BUILD / "tests/probe/probe.wasm"
_CGROUPS = pathlib.Path("/sys/fs/cgroup")
_BUSYBOX = pathlib.Path("/usr/bin/busybox") if pathlib.Path("/usr/bin/busybox").exists() else pathlib.Path("/bin/busybox")


def require(*programs):
    """Skips the test unless it is root and all programs are there."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("daemons and containers need root")
    for program in programs:
        if not find(program):
            raise unittest.SkipTest(f"no {program}: ./dev setup installs it")
    for file in (RUNTIME, PROBE, PROBE_WASM):
        if not file.exists():
            raise unittest.SkipTest(f"{file.name} is not built")


def find(program):
    """The one in MAYFLY_TEST_PROGRAM (its name in capitals), or the distribution's, before one in /usr/local."""
    named = os.environ.get(f"MAYFLY_TEST_{str(program).upper()}")
    if named:
        return named
    return shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") or shutil.which(program)


def run(*command, timeout=60, check=True, text=None, **options):
    """Runs a command to its end; on a wrong exit the failure says all that it printed."""
    result = subprocess.run([str(c) for c in command], input=text, stdin=None if text is not None else subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout,
                            errors="replace", check=False, **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\nexit code {result.returncode}\n"
                             f"stdout: {result.stdout}\nstderr: {result.stderr}")
    return result


def wait_until(condition, what, seconds=20.0):
    """Polls until `condition()` is true; its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)
    return value


def _add(archive, name, source=None, mode=0o755, directory=False, link=None):
    info = tarfile.TarInfo(name)
    info.mode = mode
    if directory:
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
    elif link:
        info.type, info.linkname = tarfile.SYMTYPE, link
        archive.addfile(info)
    else:
        data = source if isinstance(source, bytes) else pathlib.Path(source).read_bytes()
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))


def native_rootfs(path):
    """A root file system with busybox and the probe, as a tar file."""
    applets = run(_BUSYBOX, "--list").stdout.split()
    with tarfile.open(path, "w") as archive:
        for name in ("bin", "etc", "proc", "sys", "dev", "tmp", "root", "var"):
            _add(archive, name, directory=True, mode=0o1777 if name == "tmp" else 0o755)
        _add(archive, "bin/busybox", _BUSYBOX)
        for applet in applets:
            if applet != "busybox":
                _add(archive, f"bin/{applet}", link="busybox")
        _add(archive, "probe", PROBE)
        _add(archive, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000::/tmp:/bin/sh\n", 0o644)
        _add(archive, "etc/group", b"root:x:0:\nguest:x:1000:\n", 0o644)
    return path


def wasm_rootfs(path):
    """A root file system with one module and an empty directory, as a tar file."""
    with tarfile.open(path, "w") as archive:
        _add(archive, "probe.wasm", PROBE_WASM)
        _add(archive, "tmp", directory=True, mode=0o1777)
    return path


class Sandbox:
    """A temporary directory, the processes started in it, and a look for what they left."""

    def __init__(self, name):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"mayfly-{name}-"))
        self.directory.chmod(0o755)
        self._daemons = []
        self._logs = {}

    def start(self, name, *command, **options):
        log = open(self.directory / f"{name}.log", "wb")
        process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
        self._daemons.append((name, process))
        self._logs[name] = log
        return process

    def kill(self, name):
        """Ends the daemon of this name that was started last, without a chance to clean up."""
        process = [process for known, process in self._daemons if known == name][-1]
        process.kill()
        process.wait()

    def log(self, name, lines=20):
        text = (self.directory / f"{name}.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def stop(self):
        """Stops the daemons, last started first, and removes the directory. Returns what was left behind."""
        for _, process in reversed(self._daemons):
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()
                process.wait()
        for log in self._logs.values():
            log.close()
        left = self._leftovers()
        self._unmount()
        for cgroup in [*_CGROUPS.glob("*/docker"), *_CGROUPS.glob("*/libpod_parent")]:
            with contextlib.suppress(OSError):  # another daemon's is in use
                cgroup.rmdir()
        shutil.rmtree(self.directory, ignore_errors=True)
        return left

    def _mounts(self):
        lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
        points = [line.split()[4] for line in lines]
        return [p for p in points if p.startswith(str(self.directory) + "/")]

    def _leftovers(self):
        left = [f"process {pid}: {line}" for pid, line in self._processes()]
        return left

    def _processes(self):
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if str(self.directory) in line:
                    yield int(entry.name), line

    def _unmount(self):
        for pid, _ in self._processes():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for point in sorted(self._mounts(), reverse=True):
            run("umount", "--lazy", point, check=False)


def start_containerd(sandbox, command_prefix=(), **options):
    """A containerd without CRI; its socket. `options` are those of the process."""
    root = sandbox.directory
    config = root / "containerd.toml"
    config.write_text(f'''version = 2
root = "{root}/containerd-root"
state = "{root}/containerd-state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{root}/containerd.sock"
''')
    sandbox.start("containerd", *command_prefix, find("containerd"), "--config", config, "--log-level", "warn", **options)
    socket = root / "containerd.sock"
    wait_until(socket.exists, "containerd's socket")
    return socket


def start_dockerd(sandbox, *options):
    """A dockerd in a network namespace of its own, with mayfly as an added runtime; its address."""
    alone = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    # A shim of ours is found beside the runtime.
    socket = start_containerd(sandbox, alone, env={**os.environ, "PATH": f"{RUNTIME.parent}:{os.environ['PATH']}"})
    root = sandbox.directory
    address = f"unix://{root}/docker.sock"
    daemon = sandbox.start(
        "dockerd", "nsenter", f"--net=/proc/{sandbox._daemons[0][1].pid}/ns/net", find("dockerd"),
        "--data-root", root / "docker", "--exec-root", root / "docker-exec", "--pidfile", root / "docker.pid",
        "--host", address, "--containerd", socket, "--bridge=none", "--iptables=false", "--ip6tables=false",
        "--exec-opt", "native.cgroupdriver=cgroupfs", "--add-runtime", f"mayfly={RUNTIME}", "--log-level", "warn",
        "--config-file", _empty_config(root), *options)

    def ready():
        if daemon.poll() is not None:
            raise AssertionError(f"dockerd ended:\n{sandbox.log('dockerd')}")
        return run(find("docker"), "--host", address, "version", check=False).returncode == 0
    wait_until(ready, "dockerd's answer", 60)
    return address


def _empty_config(root):
    path = root / "daemon.json"
    path.write_text("{}")
    return path


def words(text):
    return re.findall(r"\S+", text)
