"""critest, the CRI's validation specs, with Mayfly's shim as the handler, and with runc's: builds it, runs it, compares spec by spec.

Usage: python3 critest.py [--handler NAME]... [--bin DIR] [--containerd FILE] [--known FILE] [--json FILE] [--keep-output DIR]

critest comes from the Go module proxy (cri-tools/go.mod pins it) and is built once under $MAYFLY_CACHE. A run has mount, network and process
namespaces of its own, a containerd with CRI, and a registry that serves images of the names that the specs ask for, made of
this machine's static busybox. The first handler is judged: a spec that another passes must pass, and so must any that is not in --known.

Exit status: 0 as expected, 1 not, 2 usage, 77 skipped (the reason is printed).

Example:
  python3 critest.py --handler mayfly --handler runc --known critest.toml
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import tomllib

_HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE.parent / "support"), str(_HERE.parent / "containerd")]
import client_suite  # noqa: E402 pylint: disable=wrong-import-position
import cri  # noqa: E402 pylint: disable=wrong-import-position
import go_module  # noqa: E402 pylint: disable=wrong-import-position
import registry  # noqa: E402 pylint: disable=wrong-import-position

_PLATFORM = ("linux/amd64",)
_HOSTS = ("registry.k8s.io", "gcr.io")
_STAGING = "k8s-staging-cri-tools"
_TIMEOUT_S = 600
_SERVER = """#!/bin/sh
# Its own name stays that of the script, which the specs look for.
mkdir -p /var/run /www
echo $$ > /var/run/{name}.pid
echo "{says}"
echo "Welcome to {name}" > /www/index.html
trap 'kill $server; exit 0' TERM INT QUIT
busybox httpd -f -p {port} -h /www & server=$!
wait $server
"""


def build_critest(builder, directory):
    builder.run("test", "-c", "-o", f"{directory}/critest", "github.com/kubernetes-sigs/cri-tools/cmd/critest", CGO_ENABLED="0")


def images():
    made = client_suite.images()
    base = client_suite.base_layer()

    def add(repository, tag, config=None, files=()):
        layers = [base] + ([registry.layer(list(files))] if files else [])
        made.add_image(repository, tag, layers, _PLATFORM, {**client_suite.CONFIG, **(config or {})})

    def server(name, port, says=""):
        return [(f"usr/bin/{name}", _SERVER.format(name=name, port=port, says=says).encode(), 0o755)]
    add("e2e-test-images/nginx", "1.14-2", {"Cmd": ["/usr/bin/nginx"]}, server("nginx", 80))
    add("e2e-test-images/httpd", "2.4.39-4", {"Cmd": ["/usr/bin/httpd"]}, server("httpd", 80, "Command line: 'httpd -D FOREGROUND'"))
    add(f"{_STAGING}/hostnet-nginx-amd64", "latest", {"Cmd": ["/usr/bin/nginx"]}, server("nginx", 12003))
    add("pause", "critest", {"Cmd": ["sleep", "1000000"]})
    for name, user in (("uid", "1002"), ("username", "www-data"), ("uid-group", "1003:users"), ("username-group", "www-data:100")):
        add(f"{_STAGING}/test-image-user-{name}", "latest", {"User": user})
    groups = [("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\ndefault-user:x:1000:1000::/home:/bin/sh\n", 0o644),
              ("etc/group", b"root:x:0:\ndefault-user:x:1000:\ngroup-defined-in-image:x:50000:default-user\n", 0o644)]
    add(f"{_STAGING}/test-image-predefined-group", "latest", {"User": "1000"}, groups)
    for name, tag in (("latest", "latest"), ("tag", "test"), ("tag", "all"), ("1", "latest"), ("2", "latest"), ("3", "latest"), ("tags", "1")):
        add(f"{_STAGING}/test-image-{name}", tag)
    for tag in ("2", "3"):
        made.add_tag(f"{_STAGING}/test-image-tags", tag, "1")
    return made


def parse(report):
    """Spec -> "passed", "failed", … of those that ran or were to run."""
    specs = json.loads(report.read_text())[0]["SpecReports"] if report.exists() else []
    return {" ".join([*(spec["ContainerHierarchyTexts"] or []), spec["LeafNodeText"]]): spec["State"]
            for spec in specs if spec["LeafNodeType"] == "It" and spec["State"] not in ("skipped", "pending")}


def run_inside(critest, arguments):
    handler = arguments.handler[0]
    with tempfile.TemporaryDirectory(prefix="mayfly-critest-") as name:
        root = pathlib.Path(name)
        root.chmod(0o755)
        client_suite.prepare_namespaces(root, _HOSTS)
        store = images()
        certificate = store.serve(_HOSTS, root)
        config = cri.configure(root, "registry.k8s.io/pause:critest", handler)
        path = f"{arguments.bin}:{arguments.containerd.parent}:{os.environ['PATH']}"
        environment = {**os.environ, "SSL_CERT_FILE": str(certificate), "PATH": path}
        for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            environment.pop(proxy, None)
        with open(root / "containerd.log", "w", encoding="utf-8") as log:
            daemon = subprocess.Popen([arguments.containerd, "--config", config], env=environment, stdout=log, stderr=log)
        while not (root / "containerd.sock").exists() and daemon.poll() is None:
            time.sleep(0.1)
        endpoint = f"unix://{root}/containerd.sock"
        command = [critest, "--runtime-endpoint", endpoint, "--image-endpoint", endpoint, "--runtime-handler", handler,
                   "--ginkgo.json-report", root / "report.json", "--ginkgo.no-color"]
        begin = time.monotonic()
        result = subprocess.run(list(map(str, command)), env=environment, cwd=root, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False)
        outcome = {"seconds": round(time.monotonic() - begin, 1), "specs": parse(root / "report.json")}
        if not outcome["specs"]:
            outcome["end"] = result.stdout[-2000:] + (root / "containerd.log").read_text(errors="replace")[-2000:]
        if arguments.keep_output:
            (arguments.keep_output / f"{handler}.txt").write_text(result.stdout)
            (arguments.keep_output / f"{handler}.containerd.txt").write_text((root / "containerd.log").read_text(errors="replace"))
        daemon.terminate()
        daemon.wait()
        store.stop()
        client_suite.clean_up()
        for point in ("/run", "/var/lib", "/etc/hosts"):
            subprocess.run(["umount", "--recursive", "--lazy", point], check=False)
    arguments.inside.write_text(json.dumps(outcome))


def run_handler(handler, arguments):
    with tempfile.NamedTemporaryFile(prefix="mayfly-critest-", suffix=".json") as out:
        command = [*client_suite.OWN_NAMESPACES, sys.executable, "-B", __file__, "--inside", out.name, "--handler", handler, "--bin", arguments.bin,
                   "--containerd", arguments.containerd]
        command += ["--keep-output", arguments.keep_output] if arguments.keep_output else []
        subprocess.run(list(map(str, command)), check=True, timeout=_TIMEOUT_S + 60)
        return json.load(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--handler", action="append", choices=("mayfly", "runc"), help="a runtime handler (mayfly); may be given again")
    parser.add_argument("--bin", default=_HERE.parents[1] / "build/release/bin", type=pathlib.Path, help="where Mayfly's shim is")
    parser.add_argument("--containerd", default=pathlib.Path("/usr/bin/containerd"), type=pathlib.Path, help="the containerd")
    parser.add_argument("--known", type=pathlib.Path, help="file of specs that do not pass, with the reason")
    parser.add_argument("--json", type=pathlib.Path, help="write all outcomes there")
    parser.add_argument("--keep-output", type=pathlib.Path, help="keep what was printed there")
    parser.add_argument("--inside", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    builder = go_module.Builder("critest", _HERE / "cri-tools", mode="mod")
    if os.geteuid() != 0:
        builder.skip("containers need root")
    critest = builder.published("critest", build_critest) / "critest"
    if arguments.inside:
        run_inside(critest, arguments)
        return 0
    arguments.handler = arguments.handler or ["mayfly"]
    arguments.bin = arguments.bin.resolve()
    if arguments.keep_output:
        arguments.keep_output = arguments.keep_output.resolve()
        arguments.keep_output.mkdir(parents=True, exist_ok=True)
    outcomes = {handler: run_handler(handler, arguments) for handler in arguments.handler}
    names = sorted({name for outcome in outcomes.values() for name in outcome["specs"]})
    for name in names:
        states = [outcome["specs"].get(name, "absent") for outcome in outcomes.values()]
        if set(states) != {"passed"}:
            print(f"{name}: {', '.join(states)}")
    for handler, outcome in outcomes.items():
        passed = sum(state == "passed" for state in outcome["specs"].values())
        print(f"{handler}: {passed} of {len(outcome['specs'])} specs that ran passed; {outcome['seconds']} s{outcome.get('end', '')}")
    if arguments.json:
        arguments.json.write_text(json.dumps(outcomes, indent=1) + "\n")
    known = tomllib.loads(arguments.known.read_text())["known"] if arguments.known else {}
    judged, *others = (outcome["specs"] for outcome in outcomes.values())
    wrong = [name for name, state in judged.items()
             if state != "passed" and (name not in known or any(other.get(name) == "passed" for other in others))]
    for name in wrong:
        print(f"FAILED: {name}")
    return 1 if wrong or not judged else 0


if __name__ == "__main__":
    sys.exit(main())
