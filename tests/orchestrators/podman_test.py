"""Podman with mayfly as its runtime: storage, state and temporary files of its own.

Usage: python3 podman_test.py [unittest options]     environment: MAYFLY_BUILD, MAYFLY_TEST_RUNTIME
"""

import json
import os
import sys
import unittest

import engine_cases
import harness

_CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
oom_score_adj = 0
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "mayfly"
[engine.runtimes]
mayfly = ["{runtime}"]
"""
_POD = """
apiVersion: v1
kind: Pod
metadata:
  name: together
  annotations:
    io.podman.annotations.infra.name: together-infra
spec:
  hostNetwork: true
  restartPolicy: Never
  containers:
  - name: native
    image: {native}
    command: ["/bin/sh", "-c", "echo native; /bin/sleep 60"]
    volumeMounts:
    - {{name: data, mountPath: /data}}
  - name: wasm
    image: {wasm}
    args: ["read", "/data/in"]
    volumeMounts:
    - {{name: data, mountPath: /data}}
  volumes:
  - name: data
    hostPath: {{path: {data}, type: Directory}}
"""


class PodmanTest(engine_cases.EngineCases, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require("podman", "conmon", "catatonit")
        cls.sandbox = harness.Sandbox("podman")
        cls.addClassCleanup(cls.stop)
        cls.directory = cls.sandbox.directory
        config = cls.directory / "containers.conf"
        config.write_text(_CONTAINERS_CONF.format(runtime=harness.RUNTIME))
        # Podman reads these from its environment only.
        os.environ["CONTAINERS_CONF"] = str(config)
        cls.addClassCleanup(os.environ.pop, "CONTAINERS_CONF")
        cls.cli = (harness.find("podman"), "--root", cls.directory / "storage", "--runroot", cls.directory / "run",
                   "--tmpdir", cls.directory / "tmp", "--storage-driver", "overlay")
        for image, rootfs, change in (
                (engine_cases.NATIVE, harness.native_rootfs(cls.directory / "native.tar"), 'CMD ["/bin/sh"]'),
                (engine_cases.WASM, harness.wasm_rootfs(cls.directory / "wasm.tar"), 'ENTRYPOINT ["/probe.wasm"]')):
            harness.run(*cls.cli, "import", "--change", change, rootfs, image)

    @classmethod
    def stop(cls):
        harness.run(*cls.cli, "rm", "--all", "--force", "--time", "0", check=False)
        left = cls.sandbox.stop()
        if left:
            raise AssertionError("left behind: " + "; ".join(left))

    def check_out_of_memory(self, container):
        """conmon looks for the event where a pure cgroup v1 or v2 host has it, not on a hybrid one."""

    def check_health(self, container):
        """Podman leaves the clock of health checks to systemd, which need not run."""
        self.engine("healthcheck", "run", container, check=False)

    def test_kube_play_native_beside_wasm(self):
        data = self.directory / "kube-data"
        data.mkdir()
        (data / "in").write_text("from a volume")
        pod = self.directory / "pod.yaml"
        pod.write_text(_POD.format(native=engine_cases.NATIVE, wasm=engine_cases.WASM, data=data))
        self.engine("kube", "play", pod)
        self.addCleanup(self.engine, "kube", "down", pod, check=False)
        self.wait_for_log("together-native", "native")
        self.assertEqual(self.engine("wait", "together-wasm").stdout.strip(), "0")
        self.assertEqual(self.engine("logs", "together-wasm").stdout, "from a volume")

    def test_the_runtime_is_mayfly(self):
        info = json.loads(self.engine("info", "--format", "json").stdout)
        self.assertEqual(info["host"]["ociRuntime"]["name"], "mayfly")
        self.assertIn("mayfly", info["host"]["ociRuntime"]["version"])


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
