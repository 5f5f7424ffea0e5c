"""The systemd cgroup driver with a real systemd: pid 1 of namespaces of its own, with a bus, on this host's cgroups.

Usage: python3 systemd_test.py [unittest options]     environment: MAYFLY_BUILD, MAYFLY_TEST_RUNTIME

Twice: with cgroup v1 controllers beside the unified tree (hybrid), where the host has them, and with the unified
tree alone, where limits are tried of whatever controllers it has.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

import harness

_SYSTEMD = "/lib/systemd/systemd"
_CGROUPS = pathlib.Path("/sys/fs/cgroup")
_UNITS = {
    "test.target": "[Unit]\nDefaultDependencies=no\nRequires=dbus.socket\nWants=dbus.service\n",
    "dbus.socket": "[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=/run/dbus/system_bus_socket\n",
    "dbus.service": "[Unit]\nDefaultDependencies=no\nRequires=dbus.socket\n[Service]\nExecStart=/usr/bin/dbus-daemon "
                    "--system --address=systemd: --nofork --nopidfile --systemd-activation\n",
}
# In the new namespaces, as root of its own cgroups: $1 the directory, $2 the hierarchies of v1 (none: unified alone).
_BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs run /run
mount -t tmpfs cgroups "$1/cgroups"
if [ -n "$2" ]; then
  for name in $2; do mkdir "$1/cgroups/$name"; mount -t cgroup -o "$name" "$name" "$1/cgroups/$name"; done
  mkdir "$1/cgroups/systemd" "$1/cgroups/unified"
  mount -t cgroup -o none,name=systemd systemd "$1/cgroups/systemd"
  mount -t cgroup2 unified "$1/cgroups/unified"
else
  mount -t cgroup2 unified "$1/cgroups"
fi
umount --recursive --lazy /sys/fs/cgroup
mount --move "$1/cgroups" /sys/fs/cgroup
mount -t proc proc /proc
export container=mayfly-test SYSTEMD_UNIT_PATH="$1/units:/run/systemd/transient:/run/systemd/system.control"
exec /lib/systemd/systemd --system --unit=test.target --log-target=console --show-status=no
"""


def v1_controllers():
    names = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")
    return [n for n in names if (_CGROUPS / n / "cgroup.procs").exists()]


class Machine:
    """A systemd in a cgroup of its own in every hierarchy, which are its root."""

    def __init__(self, sandbox, controllers):
        self.group = f"mayfly-systemd-{os.getpid()}-{len(controllers)}"
        self.directory = sandbox.directory / f"machine{len(controllers)}"
        (self.directory / "units").mkdir(parents=True)
        (self.directory / "cgroups").mkdir()
        for name, text in _UNITS.items():
            (self.directory / "units" / name).write_text(text)
        self.groups = []
        self.process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--cgroup", "sh", "-c", _BOOT, "sh",
             str(self.directory), " ".join(controllers)], stdin=subprocess.DEVNULL, preexec_fn=self.enter,
            stdout=open(self.directory / "log", "wb"), stderr=subprocess.STDOUT)
        self.pid = harness.wait_until(self.find, "systemd as pid 1")
        harness.wait_until(lambda: self.run("busctl", "status", "org.freedesktop.systemd1", check=False).returncode == 0,
                           "systemd on its bus", 30)

    def roots(self):
        return [p.parent for p in [_CGROUPS / "cgroup.procs", *_CGROUPS.glob("*/cgroup.procs")] if p.exists()]

    def enter(self):
        for root in self.roots():
            group = root / self.group
            group.mkdir()
            for file in ("cpuset.cpus", "cpuset.mems"):
                if root.name == "cpuset":
                    (group / file).write_text((root / file).read_text())
            (group / "cgroup.procs").write_text("0")

    def find(self):
        if self.process.poll() is not None:
            raise AssertionError(f"systemd ended:\n{(self.directory / 'log').read_text(errors='replace')}")
        for child in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            if os.readlink(f"/proc/{child}/exe").endswith("systemd/systemd"):
                return int(child)
        return None

    def run(self, *command, **options):
        return harness.run("nsenter", f"--target={self.pid}", "--pid", "--mount", "--cgroup", *command, **options)

    def show(self, unit, *names):
        lines = self.run("systemctl", "show", unit, *(f"--property={n}" for n in names)).stdout.splitlines()
        return dict(line.split("=", 1) for line in lines)

    def stop(self):
        """What is left of it in the host's hierarchies is removed; returns what could not be."""
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait()
        left = []
        for root in self.roots():
            end = time.monotonic() + 5
            while (root / self.group).exists() and time.monotonic() < end:
                for group in sorted((root / self.group).glob("**/"), reverse=True):
                    try:
                        group.rmdir()
                    except OSError:
                        time.sleep(0.01)
            if (root / self.group).exists():
                left.append(str(root / self.group))
        return left


class DriverCases:
    """A mixin: `machine` and `root`, where the cgroups are inside."""

    @classmethod
    def setUpClass(cls):
        harness.require("systemctl", "busctl", "dbus-daemon", "nsenter", "unshare")
        if not pathlib.Path(_SYSTEMD).exists():
            raise unittest.SkipTest("no systemd")
        cls.check_host()
        cls.sandbox = harness.Sandbox("systemd")
        cls.addClassCleanup(cls.stop)
        rootfs = cls.sandbox.directory / "bundle/rootfs"
        (rootfs / "bin").mkdir(parents=True)
        shutil.copy("/bin/busybox", rootfs / "bin/busybox")
        cls.machine = None
        cls.machine = Machine(cls.sandbox, cls.controllers())

    @classmethod
    def stop(cls):
        left = cls.machine.stop() if cls.machine else []
        left += cls.sandbox.stop()
        if left:
            raise AssertionError("left behind: " + "; ".join(left))

    def mayfly(self, *arguments, **options):
        return self.machine.run(harness.RUNTIME, "--root", self.sandbox.directory / "state", *arguments, **options)

    def create(self, name, cgroups_path, resources, *command):
        bundle = self.sandbox.directory / "bundle"
        (bundle / "config.json").unlink(missing_ok=True)
        self.mayfly("spec", "--bundle", bundle)
        config = json.loads((bundle / "config.json").read_text())
        config["process"].update(terminal=False, args=list(command or ("/bin/busybox", "sleep", "100")))
        config["linux"]["cgroupsPath"] = cgroups_path
        config["linux"]["resources"] = {"devices": [{"allow": False, "access": "rwm"}], **resources}
        (bundle / "config.json").write_text(json.dumps(config))
        self.addCleanup(self.mayfly, "delete", "--force", name, check=False)
        # Files for its output: a pipe would stay open until the container's end.
        with open(self.sandbox.directory / "output", "w+", encoding="utf-8") as output:
            command = ["nsenter", f"--target={self.machine.pid}", "--pid", "--mount", "--cgroup", str(harness.RUNTIME),
                       "--root", str(self.sandbox.directory / "state"), "--systemd-cgroup", "create", "--bundle", str(bundle),
                       name]
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=60, check=False)
            output.seek(0)
            return status.returncode, output.read()

    def limit_of(self, controller, unit_path, file):
        directory = f"/sys/fs/cgroup/{controller}/" if self.controllers() else "/sys/fs/cgroup/"
        return self.machine.run("cat", f"{directory}{unit_path}/{file}").stdout.strip()

    def test_a_scope_in_a_slice(self):
        self.assertEqual(self.create("c1", "mfl-test.slice:mayfly:c1", {}), (0, ""))
        self.mayfly("start", "c1")
        place = "/mfl.slice/mfl-test.slice/mayfly-c1.scope"
        shown = self.machine.show("mayfly-c1.scope", "ActiveState", "Slice", "Delegate", "ControlGroup", "CollectMode")
        self.assertEqual(shown, {"ActiveState": "active", "Slice": "mfl-test.slice", "Delegate": "yes",
                                 "ControlGroup": place, "CollectMode": "inactive-or-failed"})
        self.assertEqual(len(self.mayfly("ps", "--format", "json", "c1").stdout.split(",")), 1)
        self.assertIn(f"::{place}", self.mayfly("exec", "c1", "/bin/busybox", "cat", "/proc/1/cgroup").stdout.replace(
            "::/\n", f"::{place}\n"))
        # What systemd keeps of it outlives a reload.
        self.machine.run("systemctl", "daemon-reload")
        self.assertEqual(self.mayfly("exec", "c1", "/bin/busybox", "echo", "in").stdout, "in\n")
        self.mayfly("delete", "--force", "c1")
        self.assertEqual(self.machine.show("mayfly-c1.scope", "LoadState"), {"LoadState": "not-found"})
        self.assertEqual(self.machine.run("find", "/sys/fs/cgroup", "-name", "*mayfly-c1*").stdout, "")

    def test_the_default_place(self):
        self.assertEqual(self.create("c2", "", {}), (0, ""))
        shown = self.machine.show("mayfly-c2.scope", "Slice", "ActiveState")
        self.assertEqual(shown, {"Slice": "system.slice", "ActiveState": "active"})

    def test_a_container_that_ends_leaves_no_unit(self):
        self.assertEqual(self.create("c3", "", {}, "/bin/busybox", "false"), (0, ""))
        self.mayfly("start", "c3")
        harness.wait_until(lambda: '"stopped"' in self.mayfly("state", "c3").stdout, "its end")
        self.mayfly("delete", "c3")
        self.assertEqual(self.machine.show("mayfly-c3.scope", "LoadState"), {"LoadState": "not-found"})

    def test_a_name_in_use(self):
        self.assertEqual(self.create("c4", "system.slice:mayfly:same", {}), (0, ""))
        status, output = self.create("c5", "system.slice:mayfly:same", {})
        self.assertEqual(status, 1)
        self.assertIn("mayfly-same.scope", output)
        self.assertIn('"created"', self.mayfly("state", "c4").stdout)

    def test_a_failed_start_leaves_nothing(self):
        status, _ = self.create("c6", "", {}, "/no/such/program")
        self.assertEqual(status, 1)
        self.assertEqual(self.machine.show("mayfly-c6.scope", "LoadState"), {"LoadState": "not-found"})

    def test_paths_of_the_other_driver_are_refused(self):
        status, output = self.create("c7", "/a/b", {})
        self.assertEqual(status, 1)
        self.assertIn("needs the form SLICE:PREFIX:NAME", output)


class HybridTest(DriverCases, unittest.TestCase):
    @classmethod
    def check_host(cls):
        if not v1_controllers():
            raise unittest.SkipTest("this host has no cgroup v1 controllers")

    @classmethod
    def controllers(cls):
        return v1_controllers()

    def test_limits_and_updates(self):
        resources = {"memory": {"limit": 50 << 20}, "pids": {"limit": 17}, "cpu": {"quota": 25000, "period": 50000}}
        self.assertEqual(self.create("l1", "a.slice:mayfly:l1", resources), (0, ""))
        names = ("MemoryLimit", "TasksMax", "CPUQuotaPerSecUSec", "DevicePolicy")
        self.assertEqual(self.machine.show("mayfly-l1.scope", *names), {
            "MemoryLimit": str(50 << 20), "TasksMax": "17", "CPUQuotaPerSecUSec": "500ms", "DevicePolicy": "strict"})
        place = "a.slice/mayfly-l1.scope"
        self.assertEqual(self.limit_of("memory", place, "memory.limit_in_bytes"), str(50 << 20))
        self.assertEqual(self.limit_of("cpu", place, "cpu.cfs_quota_us"), "25000")
        devices = sorted(self.limit_of("devices", place, "devices.list").splitlines())
        self.mayfly("update", "--memory", str(60 << 20), "--pids-limit", "19", "l1")
        self.assertEqual(self.machine.show("mayfly-l1.scope", "MemoryLimit", "TasksMax"),
                         {"MemoryLimit": str(60 << 20), "TasksMax": "19"})
        # systemd has written its files anew, by the device rules, too.
        self.machine.run("systemctl", "daemon-reload")
        self.assertEqual(self.limit_of("memory", place, "memory.limit_in_bytes"), str(60 << 20))
        self.assertEqual(self.limit_of("pids", place, "pids.max"), "19")
        self.assertEqual(sorted(self.limit_of("devices", place, "devices.list").splitlines()), devices)
        self.assertNotIn("a *:* rwm", devices)


class UnifiedTest(DriverCases, unittest.TestCase):
    @classmethod
    def check_host(cls):
        """Any host with cgroup v2 mounted has what this needs."""

    @classmethod
    def controllers(cls):
        return []

    def test_limits_and_updates(self):
        available = self.machine.run("cat", "/sys/fs/cgroup/cgroup.controllers").stdout.split()
        if "pids" not in available:
            status, output = self.create("l2", "", {"pids": {"limit": 17}})
            self.assertEqual(status, 1)
            self.assertIn("linux.resources.pids.limit: the pids controller is not available", output)
            return
        self.assertEqual(self.create("l2", "", {"pids": {"limit": 17}}), (0, ""))
        self.assertEqual(self.limit_of("pids", "system.slice/mayfly-l2.scope", "pids.max"), "17")
        self.mayfly("update", "--pids-limit", "19", "l2")
        self.assertEqual(self.machine.show("mayfly-l2.scope", "TasksMax"), {"TasksMax": "19"})


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
