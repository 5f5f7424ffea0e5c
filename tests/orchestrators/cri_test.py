"""Pods through the CRI, as a kubelet asks for them: a containerd with CRI, started privately, whose handler is Mayfly's shim.

Usage: python3 cri_test.py [unittest options]     environment: MAYFLY_BUILD, MAYFLY_TEST_RUNTIME, MAYFLY_TEST_CONTAINERD,
MAYFLY_TEST_CTR, MAYFLY_TEST_HANDLER (runc: the same cases with runc's shim, native ones only)

crictl is built from the Go module proxy (cri-tools/go.mod pins it), once. Its version cannot attach; critest.py does.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

import harness
import image_forms

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cri  # noqa: E402 pylint: disable=wrong-import-position
import go_module  # noqa: E402 pylint: disable=wrong-import-position

_HERE = pathlib.Path(__file__).resolve().parent
_HANDLER = os.environ.get("MAYFLY_TEST_HANDLER", "mayfly")
_NATIVE, _WASM, _PAUSE, _SERVER = (f"localhost/{name}:test" for name in ("native", "wasm", "pause", "server"))
_SOCKETS = harness.RUNTIME.parents[1] / "tests/modules/sockets.wasm"
_CGROUP = f"/mayfly-cri-{os.getpid()}"


def build_crictl(builder, directory):
    builder.run("build", "-o", f"{directory}/", "github.com/kubernetes-sigs/cri-tools/cmd/crictl", CGO_ENABLED="0")


def write_image(path, reference, tar, entrypoint):
    """An archive with one layer for linux/amd64."""
    config = image_forms.image_config(("linux", "amd64"), tar.read_bytes(), {"Entrypoint": entrypoint})
    image_forms.write_archive(path, reference, (("linux", "amd64"), image_forms.CONFIG, config, image_forms.LAYER,
                                                image_forms.compress(tar.read_bytes())))


class CriTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require("containerd", "ctr", "nsenter", "ip")
        if not pathlib.Path("/usr/lib/cni/ptp").exists():
            raise unittest.SkipTest("no /usr/lib/cni/ptp: ./dev setup installs containernetworking-plugins")
        cls.crictl = go_module.Builder("cri", _HERE / "cri-tools", mode="mod").published("cri-tools", build_crictl) / "crictl"
        cls.sandbox = harness.Sandbox("cri")
        cls.addClassCleanup(cls.stop)
        root = cls.directory = cls.sandbox.directory
        config = cri.configure(root, _PAUSE, "mayfly")
        daemon = cls.sandbox.start(
            "containerd", "unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", harness.find("containerd"), "--config",
            config, "--log-level", "warn",
            env={**os.environ, "PATH": f"{harness.RUNTIME.parent}:{os.environ['PATH']}"})
        cls.socket = root / "containerd.sock"
        cls.inside = ("nsenter", f"--net=/proc/{daemon.pid}/ns/net")
        harness.wait_until(cls.socket.exists, "containerd's socket")
        native = harness.native_rootfs(root / "native.tar")
        for reference, tar, entrypoint in ((_NATIVE, native, ["/bin/sh"]), (_PAUSE, native, ["/bin/sleep", "1000000"]),
                                           (_WASM, harness.wasm_rootfs(root / "wasm.tar"), ["/probe.wasm"])):
            write_image(root / "image.tar", reference, tar, entrypoint)
            harness.run(harness.find("ctr"), "--address", cls.socket, "--namespace", "k8s.io", "image", "import", root / "image.tar")
        harness.wait_until(lambda: cls.cri("info", check=False).returncode == 0, "the CRI's answer")

    @classmethod
    def stop(cls):
        with contextlib.suppress(AssertionError):
            for pod in cls.cri("pods", "--quiet", check=False).stdout.split():
                cls.cri("rmp", "--force", pod, check=False)
        left = cls.sandbox.stop()
        left += [f"cgroup {path}" for path in pathlib.Path("/sys/fs/cgroup").glob(f"*{_CGROUP}/*/")]
        for path in pathlib.Path("/sys/fs/cgroup").glob(f"*{_CGROUP}"):
            with contextlib.suppress(OSError):
                path.rmdir()
        if left:
            raise AssertionError("left behind: " + "; ".join(left))

    @classmethod
    def line(cls, *arguments):
        return [*cls.inside, cls.crictl, "--runtime-endpoint", f"unix://{cls.socket}", "--timeout", "30s", *arguments]

    @classmethod
    def cri(cls, *arguments, **options):
        return harness.run(*cls.line(*arguments), **options)

    def file(self, name, content):
        path = self.directory / name
        path.write_text(json.dumps(content))
        return path

    def pod(self, name):
        """A pod that runs; its id."""
        self.pod_file = self.file(f"{name}.json", {
            "metadata": {"name": name, "namespace": "test", "uid": name, "attempt": 1}, "log_directory": str(self.directory / "logs" / name),
            "linux": {"cgroup_parent": _CGROUP}})
        pod = self.cri("runp", "--runtime", _HANDLER, self.pod_file).stdout.strip()
        self.addCleanup(self.cri, "rmp", "--force", pod, check=False)
        return pod

    def container(self, pod, name, image, *args, attempt=0, command=None, **more):
        """A container of the pod that was started; its id."""
        config = {"metadata": {"name": name, "attempt": attempt}, "image": {"image": image}, "args": list(args),
                  "log_path": f"{name}.{attempt}.log", "linux": {}, **more}
        if command:
            config["command"] = command
        container = self.cri("create", "--no-pull", pod, self.file(f"{name}.json", config), self.pod_file).stdout.strip()
        self.cri("start", container)
        return container

    def status(self, container):
        return json.loads(self.cri("inspect", container).stdout)["status"]

    def wait_for_state(self, container, state):
        return harness.wait_until(lambda: (s := self.status(container))["state"] == state and s, f"{container[:12]} {state}")

    def wait_for_log(self, container, text):
        harness.wait_until(lambda: text in self.cri("logs", container).stdout, f"{text!r} in the log")

    # A module where Mayfly is the handler.
    def guest(self, pod, name, *args, **more):
        if _HANDLER == "mayfly":
            return self.container(pod, name, _WASM, *args, **more)
        return self.container(pod, name, _NATIVE, *args, command=["/probe"], **more)

    def test_a_module_beside_a_native_container(self):
        pod = self.pod("together")
        module = self.guest(pod, "module", "sleep")
        native = self.container(pod, "native", _NATIVE, "-c", "echo native; exec sleep 60")
        self.wait_for_log(module, "ready")
        self.wait_for_log(native, "native")
        states = {c["id"]: c["state"] for c in json.loads(self.cri("ps", "--pod", pod, "--output", "json").stdout)["containers"]}
        self.assertEqual(states, {module: "CONTAINER_RUNNING", native: "CONTAINER_RUNNING"})
        self.assertEqual(self.cri("exec", "--sync", native, "echo", "inside").stdout.strip(), "inside")
        failed = self.cri("exec", "--sync", native, "sh", "-c", "echo wrong >&2; exit 7", check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("7", failed.stderr)
        self.assertEqual(self.cri("exec", "--interactive", native, "cat", text="through\n").stdout, "through\n")

    def test_an_exit_code_and_its_log(self):
        pod = self.pod("ends")
        for number, name in ((0, "good"), (42, "bad")):
            container = self.guest(pod, name, "exit", str(number))
            status = self.wait_for_state(container, "CONTAINER_EXITED")
            self.assertEqual(status["exitCode"], number)
            self.assertEqual(status["reason"], "Completed" if number == 0 else "Error")
        said = self.guest(pod, "says", "say", "one line")
        self.wait_for_state(said, "CONTAINER_EXITED")
        self.assertEqual(self.cri("logs", said).stdout, "one line\n")
        log = (self.directory / "logs/ends/says.0.log").read_text()
        self.assertRegex(log, r"^\S+Z stdout F one line\n$")

    def test_a_container_is_made_again(self):
        pod = self.pod("again")
        for attempt in range(3):
            container = self.guest(pod, "worker", "exit", "1", attempt=attempt)
            self.assertEqual(self.wait_for_state(container, "CONTAINER_EXITED")["exitCode"], 1)
            self.cri("rm", container)
        last = self.guest(pod, "worker", "sleep", attempt=3)
        self.wait_for_log(last, "ready")

    def test_stop_waits_and_then_kills(self):
        pod = self.pod("stops")
        patient = self.container(pod, "patient", _NATIVE, "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done")
        self.wait_for_log(patient, "deaf")
        begin = time.monotonic()
        self.cri("stop", "--timeout", "1", patient)
        self.assertGreater(time.monotonic() - begin, 1)
        self.assertEqual(self.wait_for_state(patient, "CONTAINER_EXITED")["exitCode"], 137)
        module = self.guest(pod, "module", "sleep")
        self.wait_for_log(module, "ready")
        begin = time.monotonic()
        self.cri("stop", "--timeout", "10", module)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(self.wait_for_state(module, "CONTAINER_EXITED")["exitCode"], 143)

    def test_stopping_the_pod_ends_all(self):
        pod = self.pod("all")
        containers = [self.guest(pod, "module", "sleep"), self.container(pod, "native", _NATIVE, "-c", "exec sleep 60")]
        self.cri("stopp", pod)
        for container in containers:
            self.wait_for_state(container, "CONTAINER_EXITED")
        self.assertEqual(json.loads(self.cri("inspectp", pod).stdout)["status"]["state"], "SANDBOX_NOTREADY")
        self.cri("rmp", pod)
        self.assertNotIn(pod, self.cri("pods", "--quiet", "--no-trunc").stdout)

    def test_a_terminal(self):
        pod = self.pod("terminal")
        native = self.container(pod, "shell", _NATIVE, "-c", "tty; exec sleep 60", tty=True)
        self.wait_for_log(native, "/dev/pts/0")

    def test_port_forward(self):
        pod = self.pod("ports")
        server = self.container(pod, "server", _NATIVE, "-c", "mkdir /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www")
        self.assertIsNotNone(server)
        client = subprocess.Popen([str(a) for a in self.line("port-forward", pod, "18080:8080")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)

        def fetched():
            return harness.run(*self.inside, "busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:18080/", check=False).stdout == "hello\n"
        harness.wait_until(fetched, "the page through the forwarded port")

    def test_localhost_is_the_pods(self):
        pod = self.pod("localhost")
        self.container(pod, "server", _NATIVE, "-c", "mkdir /www; echo beside > /www/index.html; exec httpd -f -p 8080 -h /www")
        client = self.container(pod, "client", _NATIVE, "-c",
                                "until wget -q -O - http://127.0.0.1:8080/; do sleep 0.1; done; wget -q -O - http://$(hostname -i):8080/")
        status = self.wait_for_state(client, "CONTAINER_EXITED")
        self.assertEqual(status["exitCode"], 0)
        self.assertEqual(self.cri("logs", client).stdout, "beside\nbeside\n")

    def test_a_module_serves_its_sidecar(self):
        if _HANDLER != "mayfly" or not _SOCKETS.exists() or not (harness.RUNTIME.parents[1] / "lib/mayfly/engines/wasmedge.so").exists():
            self.skipTest("no WasmEdge plugin, whose sockets the module needs")
        tar = self.directory / "server.tar"
        image_forms.write_tar(tar, "server.wasm", _SOCKETS.read_bytes())
        write_image(self.directory / "image.tar", _SERVER, tar, ["/server.wasm"])
        harness.run(harness.find("ctr"), "--address", self.socket, "--namespace", "k8s.io", "image", "import", self.directory / "image.tar")
        pod = self.pod("serves")
        server = self.container(pod, "server", _SERVER, "serve", annotations={"dev.mayfly.engine": "wasmedge"})
        harness.wait_until(lambda: self.cri("logs", server).stdout.strip(), "the port that the module serves")
        port = self.cri("logs", server).stdout.split()[0]
        answer = self.container(pod, "client", _NATIVE, "-c", f"printf hello | nc 127.0.0.1 {port}")
        self.assertEqual(self.wait_for_state(answer, "CONTAINER_EXITED")["exitCode"], 0)
        self.assertEqual(self.cri("logs", answer).stdout.strip(), "HELLO")
        self.assertEqual(self.wait_for_state(server, "CONTAINER_EXITED")["exitCode"], 0)

    def test_stats(self):
        pod = self.pod("stats")
        module = self.guest(pod, "module", "sleep")
        self.wait_for_log(module, "ready")
        stats = json.loads(self.cri("stats", "--output", "json", module).stdout)["stats"][0]
        self.assertGreater(int(stats["memory"]["workingSetBytes"]["value"]), 0)
        self.assertIn("usageCoreNanoSeconds", stats["cpu"])
        of_pods = json.loads(self.cri("statsp", "--output", "json", "--id", pod).stdout)["stats"][0]
        self.assertEqual(of_pods["attributes"]["id"], pod)

    def test_limits_of_the_container(self):
        pod = self.pod("limits")
        guest = self.guest(pod, "limited", "alloc", "300", linux={"resources": {"memory_limit_in_bytes": 64 << 20}})
        status = self.wait_for_state(guest, "CONTAINER_EXITED")
        self.assertEqual((status["exitCode"], status["reason"]), (137, "OOMKilled"))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
