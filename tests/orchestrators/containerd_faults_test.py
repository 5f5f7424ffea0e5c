"""Mayfly's shim when containerd, the guest or the disk misbehave: a real containerd, started privately.

Usage: python3 containerd_faults_test.py [unittest options]     environment: MAYFLY_BUILD, MAYFLY_TEST_RUNTIME
"""

import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

import harness

_NAMESPACE = "mayfly-faults"
_STATE = pathlib.Path("/run/containerd/mayfly") / _NAMESPACE
_HELD = 50       # containers over which containerd dies
_AT_ONCE = int(os.environ.get("MAYFLY_TEST_AT_ONCE", "100"))  # started by as many clients together


def shims_of(socket):
    """(pid, resident KiB) of the shims that serve this containerd."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes()
            if b"containerd-shim-mayfly-v1" in line and os.fsencode(socket) in line:
                status = (entry / "status").read_text()
                found.append((int(entry.name), int(status.split("VmRSS:")[1].split()[0])))
        except (OSError, IndexError):
            continue
    return found


class ContainerdFaultsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require("containerd", "ctr")
        cls.sandbox = harness.Sandbox("faults")
        cls.addClassCleanup(cls.stop)
        cls.directory = cls.sandbox.directory
        cls.environment = {**os.environ, "PATH": f"{harness.RUNTIME.parent}:{os.environ['PATH']}"}
        cls.socket = harness.start_containerd(cls.sandbox, env=cls.environment)
        cls.rootfs = cls.directory / "rootfs"
        for name in ("dev", "proc", "sys", "tmp", "etc"):
            (cls.rootfs / name).mkdir(parents=True)
        for program in (harness.PROBE, harness.PROBE_WASM):
            shutil.copy(program, cls.rootfs / program.name)
            (cls.rootfs / program.name).chmod(0o755)

    @classmethod
    def stop(cls):
        left = cls.sandbox.stop()
        left += [f"state {path}" for path in (_STATE.iterdir() if _STATE.exists() else [])]
        left += [f"cgroup {path}" for path in pathlib.Path("/sys/fs/cgroup").glob(f"*/{_NAMESPACE}/*/")]
        # The namespace's own, which every shim leaves for the next container.
        for path in [_STATE, *pathlib.Path("/sys/fs/cgroup").glob(f"*/{_NAMESPACE}")]:
            with contextlib.suppress(OSError):
                path.rmdir()
        if left:
            raise AssertionError("left behind: " + "; ".join(left))

    def setUp(self):
        self.addCleanup(self.remove_all)

    def ctr_line(self, *args):
        return [harness.find("ctr"), "--address", self.socket, "--namespace", _NAMESPACE, *args]

    def ctr(self, *args, **options):
        return harness.run(*self.ctr_line(*args), **options)

    def run_line(self, name, *args, flags=()):
        return self.ctr_line("run", "--runtime", "io.containerd.mayfly.v1", *flags, "--rootfs", self.rootfs, name, *args)

    def tasks(self):
        """Name -> (pid, status)."""
        lines = self.ctr("task", "ls").stdout.splitlines()[1:]
        return {name: (int(pid), status) for name, pid, status in map(str.split, lines)}

    def remove_all(self):
        for name in self.tasks():
            self.ctr("task", "rm", "--force", name, check=False)
        for name in self.ctr("container", "ls", "--quiet").stdout.split():
            self.ctr("container", "rm", name, check=False)
        harness.wait_until(lambda: not shims_of(self.socket), "the shims' end")

    def launch(self, names, program):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: harness.run(*self.run_line(name, program, "sleep", flags=["--detach"])), names))

    @contextlib.contextmanager
    def events(self):
        """The lines of containerd's events, as they come; a containerd that is away is asked again."""
        seen, stopping = [], threading.Event()

        def follow():
            while not stopping.is_set():
                with subprocess.Popen([str(a) for a in self.ctr_line("events")], stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, text=True) as client:
                    clients.append(client)
                    for line in client.stdout:
                        seen.append(line)
        clients = []
        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        try:
            yield seen
        finally:
            stopping.set()
            clients[-1].kill()
            follower.join(5)

    def start_containerd_again(self):
        harness.start_containerd(self.sandbox, env=self.environment)
        harness.wait_until(lambda: self.ctr("version", check=False).returncode == 0, "containerd's answer")

    def test_containerd_is_killed_over_many_containers(self):
        names = [f"held{i}" for i in range(_HELD)]
        self.launch(names[::2], "/probe")
        self.launch(names[1::2], "/probe.wasm")
        before = self.tasks()
        self.sandbox.kill("containerd")
        self.start_containerd_again()
        self.assertEqual(self.tasks(), before)
        self.assertEqual({status for _, status in before.values()}, {"RUNNING"})
        self.assertEqual(self.ctr("task", "exec", "--exec-id", "e", "held0", "/probe", "exit", "7", check=False).returncode, 7)
        os.kill(before["held1"][0], signal.SIGKILL)
        harness.wait_until(lambda: self.tasks()["held1"][1] == "STOPPED", "the end of held1 after the restart")

    def test_a_guest_that_ends_while_containerd_is_away_is_told_later(self):
        self.launch(["away"], "/probe")
        pid, _ = self.tasks()["away"]
        self.sandbox.kill("containerd")
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
        # The event that waited comes within moments of containerd's start: the client asks from before it.
        with self.events() as seen:
            self.start_containerd_again()
            harness.wait_until(lambda: any("/tasks/exit" in line and "away" in line for line in seen), "the event /tasks/exit")
        # containerd 1.7 and newer removes a task without a process when it starts.
        harness.wait_until(lambda: self.tasks().get("away", (0, "STOPPED"))[1] == "STOPPED", "the end of the guest")
        if "away" in self.tasks():
            removed = self.ctr("task", "rm", "away", check=False)
            self.assertIn("exit code 137", removed.stderr)

    def test_many_at_once(self):
        def one(number):
            program = "/probe.wasm" if number % 2 else "/probe"
            return harness.run(*self.run_line(f"once{number}", program, "say", f"n{number}", flags=["--rm"]),
                               check=False, timeout=300)
        with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
            results = list(pool.map(one, range(_AT_ONCE)))
        wrong = [(i, r.returncode, r.stderr) for i, r in enumerate(results)
                 if r.returncode != 0 or r.stdout != f"n{i}\n"]
        self.assertEqual(wrong, [])
        self.assertEqual(self.tasks(), {})

    def test_a_reader_that_never_reads(self):
        for number, program in enumerate(("/probe", "/probe.wasm")):
            with self.subTest(program):
                name = f"reader{number}"
                client = subprocess.Popen([str(a) for a in self.run_line(name, program, "output", "1000000000")],
                                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                try:
                    harness.wait_until(lambda name=name: self.tasks().get(name, (0, ""))[1] == "RUNNING", "the guest")
                    time.sleep(1)
                    # A module's init is a fork of the shim and has its command line.
                    guest = self.tasks()[name][0]
                    resident = [kib for pid, kib in shims_of(self.socket) if pid != guest]
                    self.assertEqual(len(resident), 1)
                    self.assertLess(resident[0], 32 * 1024)
                    self.assertEqual(self.tasks()[name][1], "RUNNING", "a guest whose output nobody takes waits")
                    self.ctr("task", "kill", "--signal", "SIGKILL", name)
                    harness.wait_until(lambda name=name: self.tasks()[name][1] == "STOPPED", "the guest's end")
                finally:
                    client.kill()
                    client.communicate()
                self.remove_all()

    def test_much_output_arrives_whole(self):
        client = subprocess.Popen([str(a) for a in self.run_line("whole", "/probe", "output", "1000000000", flags=["--rm"])],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        total = 0
        while piece := client.stdout.read(1 << 20):
            total += len(piece)
        self.assertEqual((client.wait(), total), (0, 1_000_000_000))

    def test_the_disk_of_the_log_is_full(self):
        disk = self.directory / "disk"
        disk.mkdir()
        harness.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk)
        self.addCleanup(harness.run, "umount", disk)
        ran = harness.run(*self.run_line("full", "/probe", "output", "1000000",
                                         flags=["--detach", "--log-uri", f"file://{disk}/log"]), check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        harness.wait_until(lambda: self.tasks()["full"][1] == "STOPPED", "the guest's end")
        self.assertLessEqual((disk / "log").stat().st_size, 65536)

    def test_the_end_of_input_reaches_the_guest(self):
        for number, program in enumerate(("/probe", "/probe.wasm")):
            with self.subTest(program):
                client = subprocess.Popen([str(a) for a in self.run_line(f"input{number}", program, "cat", flags=["--rm"])],
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                self.addCleanup(client.kill)
                client.stdin.write("some input\n")
                client.stdin.flush()
                # ctr loses an end of input that comes before its task is there, with every shim.
                harness.wait_until(lambda n=number: self.tasks().get(f"input{n}", (0, ""))[1] == "RUNNING", "the guest")
                time.sleep(0.5)
                self.assertEqual(client.communicate(timeout=30)[0], "some input\n")
                self.assertEqual(client.returncode, 0)

    def test_out_of_memory_is_an_event(self):
        with self.events() as seen:
            time.sleep(0.3)
            ran = harness.run(*self.run_line("oom", "/probe", "alloc", "300",
                                             flags=["--rm", "--memory-limit", str(64 << 20)]), check=False)
            self.assertEqual(ran.returncode, 137)
            harness.wait_until(lambda: any("/tasks/oom" in line for line in seen), "the event /tasks/oom")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
