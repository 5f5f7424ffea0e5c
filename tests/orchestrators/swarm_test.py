"""Docker Swarm with mayfly as dockerd's default runtime: services of Wasm and native images.

Usage: python3 swarm_test.py [unittest options]     environment: MAYFLY_BUILD, MAYFLY_TEST_RUNTIME
"""

import sys
import unittest

import engine_cases
import harness

_REPLICAS = 10


class SwarmTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require("dockerd", "docker", "containerd", "nsenter", "ip")
        cls.sandbox = harness.Sandbox("swarm")
        cls.addClassCleanup(cls.stop)
        address = harness.start_dockerd(cls.sandbox, "--default-runtime", "mayfly")
        cls.cli = (harness.find("docker"), "--host", address)
        cls.docker("import", "--change", 'ENTRYPOINT ["/probe.wasm"]',
                   harness.wasm_rootfs(cls.sandbox.directory / "wasm.tar"), engine_cases.WASM)
        cls.docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1")

    @classmethod
    def docker(cls, *arguments, **options):
        return harness.run(*cls.cli, *arguments, **options)

    @classmethod
    def stop(cls):
        cls.docker("swarm", "leave", "--force", check=False)
        left = cls.sandbox.stop()
        if left:
            raise AssertionError("left behind: " + "; ".join(left))

    def running(self, service):
        states = self.docker("service", "ps", "--filter", "desired-state=running", "--format", "{{.CurrentState}}",
                             service).stdout.splitlines()
        return sum(state.startswith("Running") for state in states)

    def test_a_wasm_service_with_replicas(self):
        self.docker("service", "create", "--detach", "--name", "functions", "--network", "host", "--no-resolve-image",
                    "--stop-grace-period", "5s", "--replicas", "3", engine_cases.WASM, "sleep")
        self.addCleanup(self.docker, "service", "rm", "functions", check=False)
        harness.wait_until(lambda: self.running("functions") == 3, "3 replicas", 60)
        self.docker("service", "scale", "--detach", f"functions={_REPLICAS}")
        harness.wait_until(lambda: self.running("functions") == _REPLICAS, f"{_REPLICAS} replicas", 60)
        containers = self.docker("ps", "--quiet", "--filter", "name=functions").stdout.split()
        self.assertEqual(len(containers), _REPLICAS)
        for container in containers:
            runtime = self.docker("inspect", "--format", "{{.HostConfig.Runtime}}", container).stdout.strip()
            self.assertEqual(runtime, "mayfly")
            harness.wait_until(lambda c=container: self.docker("logs", c).stdout == "ready\n", "ready in the log")

    def test_a_replica_that_ends_is_started_anew(self):
        self.docker("service", "create", "--detach", "--name", "brittle", "--network", "host", "--no-resolve-image",
                    "--restart-delay", "100ms", engine_cases.WASM, "sleep")
        self.addCleanup(self.docker, "service", "rm", "brittle", check=False)
        harness.wait_until(lambda: self.running("brittle") == 1, "1 replica", 60)
        (first,) = self.docker("ps", "--quiet", "--filter", "name=brittle").stdout.split()
        self.docker("kill", first)
        harness.wait_until(lambda: self.docker("ps", "--quiet", "--filter", "name=brittle").stdout.split() not in ([], [first]),
                           "a new replica", 60)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
