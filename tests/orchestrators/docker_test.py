"""Docker with mayfly as an added runtime: a real dockerd, started privately.

Usage: python3 docker_test.py [unittest options]     environment: MAYFLY_BUILD, MAYFLY_TEST_RUNTIME,
MAYFLY_TEST_DOCKERD (another dockerd), MAYFLY_TEST_DEFAULT_RUNTIME (io.containerd.mayfly.v1: by the shim, Docker 23 and newer)
"""

import os
import sys
import unittest

import engine_cases
import harness


class DockerTest(engine_cases.EngineCases, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require("dockerd", "docker", "containerd", "nsenter", "ip")
        cls.sandbox = harness.Sandbox("docker")
        cls.addClassCleanup(cls.stop)
        cls.directory = cls.sandbox.directory
        address = harness.start_dockerd(cls.sandbox, "--default-runtime", os.environ.get("MAYFLY_TEST_DEFAULT_RUNTIME", "mayfly"))
        cls.cli = (harness.find("docker"), "--host", address)
        for image, rootfs, change in (
                (engine_cases.NATIVE, harness.native_rootfs(cls.directory / "native.tar"), 'CMD ["/bin/sh"]'),
                (engine_cases.WASM, harness.wasm_rootfs(cls.directory / "wasm.tar"), 'ENTRYPOINT ["/probe.wasm"]')):
            harness.run(*cls.cli, "import", "--change", change, rootfs, image)

    @classmethod
    def stop(cls):
        left = cls.sandbox.stop()
        if left:
            raise AssertionError("left behind: " + "; ".join(left))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
