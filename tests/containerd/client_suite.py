"""containerd's own client integration tests through shims: builds them, runs them, compares test by test.

Usage: python3 client_suite.py [--runtime TYPE]... [--bin DIR] [--test NAME]... [--known FILE] [--json FILE]
                               [--keep-output DIR]

The tests, a containerd and its shim for runc come from the Go module proxy (client-suite/go.mod pins them) and
are built once under $MAYFLY_CACHE (/var/cache/mayfly). A run has mount, network and process namespaces of its own,
with /var/lib and /run of its own and a registry for the images that the tests name. The first runtime is judged:
a test that does not pass under it must be in --known with its reason, or the exit status is 1; so is it when
processes or cgroups are left.

Exit status: 0 as expected, 1 not, 2 usage, 77 skipped (the reason is printed).

Examples:
  python3 client_suite.py --runtime io.containerd.mayfly.v1 --runtime io.containerd.runc.v2 --known known.toml
  python3 client_suite.py --test TestContainerExec --test TestContainerPids
"""

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import tomllib

import registry

_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "support"))
import go_module  # noqa: E402 pylint: disable=wrong-import-position

_SUITE = _HERE / "client-suite"
_MODULE = "github.com/containerd/containerd/v2"
_MAYFLY = "io.containerd.mayfly.v1"
_PLATFORMS = ("linux/amd64", "linux/arm64/v8", "linux/s390x", "linux/ppc64le")
_HOSTS = ("ghcr.io", "registry.k8s.io")
_CGROUPS = pathlib.Path("/sys/fs/cgroup")
_TIMEOUT_S = 600
CONFIG = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]}
OWN_NAMESPACES = ("unshare", "--mount", "--propagation", "private", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")


def build_suite(builder, directory):
    """client.test, containerd and its shim for runc."""
    for program in ("containerd", "containerd-shim-runc-v2"):
        builder.run("build", "-o", f"{directory}/", f"{_MODULE}/cmd/{program}")
    builder.run("test", "-c", "-o", f"{directory}/client.test", f"{_MODULE}/integration/client")


def base_layer():
    """This machine's busybox with the users of its image."""
    busybox = pathlib.Path("/bin/busybox")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    users = [("root", 0), ("daemon", 1), ("bin", 2), ("sys", 3), ("www-data", 33), ("backup", 34), ("nobody", 65534)]
    entries = [(f"{name}/", None, 0o755) for name in ("bin", "etc", "proc", "sys", "dev", "root", "home", "run", "usr", "usr/bin")]
    entries += [("tmp/", None, 0o1777), ("bin/busybox", busybox.read_bytes(), 0o755)]
    entries += [(f"bin/{applet}", "busybox", 0o777) for applet in applets if applet != "busybox"]
    entries += [("etc/passwd", "".join(f"{n}:x:{i}:{i}::/:/bin/sh\n" for n, i in users).encode(), 0o644),
                ("etc/group", "".join(f"{n}:x:{i}:\n" for n, i in users).encode(), 0o644)]
    # A nc that ends at SIGTERM also as the first process of its PID namespace, as the tests' own image has it.
    nc = b'#!/bin/busybox sh\nbusybox nc "$@" & listener=$!\ntrap "kill $listener; exit 143" TERM\nwait $listener\n'
    entries = [entry for entry in entries if entry[0] != "bin/nc"] + [("bin/nc", nc, 0o755)]
    return registry.layer(entries)


def images():
    """The images that the tests name."""
    base = base_layer()
    # TestUserNamespaces asks by bash whether the owner's change keeps a file's set-user-ID bit.
    owned = registry.layer([("bin/bash", b'#!/bin/sh\nexec /bin/sh "$@"\n', 0o755), ("usr/bin/passwd", b"passwd\n", 0o4755)])
    made = registry.Registry()
    made.add_image("containerd/busybox", "1.36", [base], _PLATFORMS, CONFIG)
    made.add_image("e2e-test-images/busybox", "1.29-2", [base], _PLATFORMS, CONFIG)
    volumes = [registry.layer([("test_dir/", None, 0o755), (f"test_dir/file{i}", b"test\n", 0o644)]) for i in range(3)]
    made.add_image("containerd/volume-copy-up", "2.2", [base, *volumes], _PLATFORMS, CONFIG)
    made.add_image("containerd/volume-ownership", "2.1", [base, owned], _PLATFORMS, CONFIG)
    for tag in ("3.10.1", "3.6"):
        made.add_image("pause", tag, [registry.layer([("pause", tag.encode() * 2000, 0o755)])], _PLATFORMS)
    made.add_image("containerd/windows/nanoserver", "1809", [], ("windows/amd64",))
    return made


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def prepare_namespaces(directory, names=_HOSTS):
    """Of the namespaces that this process has of its own: the names of registries, directories for what stays."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    hosts = directory / "hosts"
    hosts.write_text("".join(f"127.0.0.1 {host}\n" for host in ("localhost", *names)))
    mount("--bind", hosts, "/etc/hosts")
    mount("--bind", directory, "/var/lib")
    mount("-t", "tmpfs", "tmpfs", "/run")


def parse(text):
    """Result by name, of whole tests; and what was printed by those that failed."""
    results = {name: (result.lower(), float(seconds)) for result, name, seconds in
               re.findall(r"^--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)", text, re.MULTILINE)}
    begun = re.findall(r"^=== RUN +(Test\w+)$", text, re.MULTILINE)
    for name in begun:
        results.setdefault(name, ("unfinished", 0.0))
    return results


def processes():
    """The processes of this PID namespace that are not this one's."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in (1, os.getpid()):
            with contextlib.suppress(OSError):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return {pid: line for pid, line in found.items() if line}


def cgroups():
    """The tests' namespace is "testing", and its name that of the cgroup that holds all of theirs."""
    return sorted((path for pattern in ("testing", "*/testing") for top in _CGROUPS.glob(pattern)
                   for path in [top, *top.rglob("*/")] if path.is_dir()), reverse=True)


def clean_up():
    """Ends and removes what tests left; what that was, cgroups that hold others or are empty parents left out."""
    time.sleep(1)
    left = [f"process {pid}: {line}" for pid, line in processes().items()]
    for pid in processes():
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    left += [f"cgroup {path}" for path in cgroups() if path.name != "testing"]
    time.sleep(0.2)
    for path in cgroups():
        with contextlib.suppress(OSError):
            path.rmdir()
    return left


def run_inside(suite, arguments):
    """One runtime's run, in namespaces that were made for it. Prints a JSON object."""
    with tempfile.TemporaryDirectory(prefix="mayfly-client-suite-") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        prepare_namespaces(directory)
        store = images()
        certificate = store.serve(_HOSTS, directory)
        command = [suite / "client.test", "-test.root", "-no-criu", "-test.v", "-test.parallel", "2", f"-test.timeout={_TIMEOUT_S // 2}s"]
        if arguments.test:
            command += ["-test.run", f"^({'|'.join(arguments.test)})$"]
        # RUNC_FLAVOR: what needs runc itself (a wrapper that holds its calls up) is skipped for others.
        flavour = "runc" if "runc" in arguments.runtime[0] else "mayfly"
        environment = {**os.environ, "TEST_RUNTIME": arguments.runtime[0], "RUNC_FLAVOR": flavour, "SSL_CERT_FILE": str(certificate),
                       "PATH": f"{suite}:{arguments.bin}:{os.environ['PATH']}"}
        for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            environment.pop(proxy, None)
        begin = time.monotonic()
        result = subprocess.run(list(map(str, command)), env=environment, cwd=directory, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False)
        seconds = time.monotonic() - begin
        if arguments.keep_output:
            (arguments.keep_output / f"{arguments.runtime[0]}.txt").write_text(result.stdout)
        store.stop()
        left = clean_up()
        # "/" is shared with nothing: lazily, since a tmpfs of a run that failed may still be held.
        for point in ("/run", "/var/lib", "/etc/hosts"):
            subprocess.run(["umount", "--recursive", "--lazy", point], check=False)
    outcome = {"status": result.returncode, "seconds": round(seconds, 1), "tests": parse(result.stdout), "left": left}
    if not outcome["tests"]:
        outcome["end"] = result.stdout[-2000:]
    arguments.inside.write_text(json.dumps(outcome))


def run_runtime(runtime, arguments):
    with tempfile.NamedTemporaryFile(prefix="mayfly-client-suite-", suffix=".json") as out:
        command = [*OWN_NAMESPACES, sys.executable, "-B", __file__, "--inside", out.name, "--runtime", runtime, "--bin", arguments.bin]
        command += [word for test in arguments.test or [] for word in ("--test", test)]
        command += ["--keep-output", arguments.keep_output] if arguments.keep_output else []
        subprocess.run(list(map(str, command)), check=True, timeout=_TIMEOUT_S + 60)
        return json.load(out)


def judge(runtime, outcome, known, partly):
    problems = [f"left behind: {line}" for line in outcome["left"]]
    if not outcome["tests"]:
        problems.append(f"no test ran (status {outcome['status']}): {outcome['end']}")
    for name, (result, _) in sorted(outcome["tests"].items()):
        if result == "pass" and name in known:
            print(f"note: {name} is listed as known and passes: {known[name]}")
        elif result != "pass" and name in known:
            print(f"known: {name}: {result}: {known[name]}")
        elif result != "pass":
            problems.append(f"{name}: {result}")
    if not partly:
        problems += [f"{name}: listed as known, and not one of the tests" for name in known if name not in outcome["tests"]]
    return [f"{runtime}: {problem}" for problem in problems]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runtime", action="append", help=f"type of a runtime ({_MAYFLY}); may be given again")
    parser.add_argument("--bin", default=_HERE.parents[1] / "build/release/bin", type=pathlib.Path, help="where Mayfly's shim is")
    parser.add_argument("--test", action="append", help="only this test; may be given again")
    parser.add_argument("--known", help="file of tests that do not pass, with the reason")
    parser.add_argument("--json", help="write all outcomes there")
    parser.add_argument("--keep-output", type=pathlib.Path, help="keep what the tests printed there")
    parser.add_argument("--inside", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    builder = go_module.Builder("client suite", _SUITE)
    if os.geteuid() != 0:
        builder.skip("containers need root")
    suite = builder.published("client-suite", build_suite)
    if arguments.inside:
        run_inside(suite, arguments)
        return 0
    arguments.runtime = arguments.runtime or [_MAYFLY]
    arguments.bin = arguments.bin.resolve()
    if _MAYFLY in arguments.runtime and not (arguments.bin / "containerd-shim-mayfly-v1").exists():
        parser.error(f"{arguments.bin}: no containerd-shim-mayfly-v1")
    if arguments.keep_output:
        arguments.keep_output = arguments.keep_output.resolve()
        arguments.keep_output.mkdir(parents=True, exist_ok=True)
    with open(suite.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests' cgroups have one name for all runs
        outcomes = {runtime: run_runtime(runtime, arguments) for runtime in arguments.runtime}
    names = sorted({name for outcome in outcomes.values() for name in outcome["tests"]})
    for name in names:
        cells = [outcome["tests"].get(name, ("absent", 0))[0] for outcome in outcomes.values()]
        print(f"{name:56}" + "".join(f"{cell:12}" for cell in cells).rstrip())
    for runtime, outcome in outcomes.items():
        counts = {kind: sum(result == kind for result, _ in outcome["tests"].values()) for kind in ("pass", "fail", "skip", "unfinished")}
        print(f"{runtime}: {', '.join(f'{count} {kind}' for kind, count in counts.items())}; "
              f"{len(outcome['left'])} left behind; {outcome['seconds']} s")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(outcomes, indent=1) + "\n")
    known = tomllib.loads(pathlib.Path(arguments.known).read_text())["known"] if arguments.known else {}
    runtime = arguments.runtime[0]
    problems = judge(runtime, outcomes[runtime], known, bool(arguments.test))
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
