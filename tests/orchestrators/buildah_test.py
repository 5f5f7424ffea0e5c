"""`buildah run` with mayfly: the steps of a build run in its containers.

Usage: python3 buildah_test.py [unittest options]     environment: MAYFLY_BUILD, MAYFLY_TEST_RUNTIME
"""

import sys
import unittest

import harness


class BuildahTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require("buildah")
        cls.sandbox = harness.Sandbox("buildah")
        cls.addClassCleanup(cls.stop)
        cls.directory = cls.sandbox.directory
        cls.cli = (harness.find("buildah"), "--root", cls.directory / "storage", "--runroot", cls.directory / "run",
                   "--storage-driver", "vfs")
        cls.container = harness.run(*cls.cli, "from", "scratch").stdout.strip()
        cls.buildah("add", cls.container, harness.native_rootfs(cls.directory / "native.tar"), "/")

    @classmethod
    def buildah(cls, *arguments, **options):
        return harness.run(*cls.cli, *arguments, **options)

    @classmethod
    def stop(cls):
        cls.buildah("rm", "--all", check=False)
        left = cls.sandbox.stop()
        if left:
            raise AssertionError("left behind: " + "; ".join(left))

    def run_step(self, *command, **options):
        return self.buildah("run", "--runtime", harness.RUNTIME, "--isolation", "oci", "--network", "none",
                            self.container, "--", *command, **options)

    def test_a_step_changes_the_image(self):
        self.assertEqual(self.run_step("sh", "-c", "echo made >/made; cat /made").stdout, "made\n")
        self.assertEqual(self.run_step("cat", "/made").stdout, "made\n")

    def test_a_step_that_fails(self):
        self.assertEqual(self.run_step("sh", "-c", "exit 9", check=False).returncode, 9)

    def test_a_wasm_step(self):
        self.buildah("copy", self.container, harness.PROBE_WASM, "/probe.wasm")
        self.assertEqual(self.run_step("/probe.wasm", "say", "from a module").stdout, "from a module\n")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
