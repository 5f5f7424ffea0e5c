"""What people do with a container engine's CLI, for Docker and Podman alike: their commands are the same."""

import json
import os
import pathlib
import pty
import re
import select
import time

from harness import run, wait_until

NATIVE = "localhost/mayfly-native:test"
WASM = "localhost/mayfly-wasm:test"
_CAP_CHOWN = 0  # capabilities(7)


class EngineCases:
    """A mixin of unittest.TestCase. The class that has it gives `cli`, the engine's command as a tuple."""

    cli = ()
    run_options = ("--network", "none")

    # -- helpers

    def engine(self, *arguments, **options):
        # conmon leaves a file "oom" in its working directory.
        return run(*self.cli, *arguments, cwd=self.directory, **options)

    def start(self, *arguments):
        """A detached container; its id."""
        container = self.engine("run", "--detach", *self.run_options, *arguments).stdout.strip()
        self.addCleanup(self.engine, "rm", "--force", container, check=False)
        return container

    def once(self, *arguments, **options):
        return self.engine("run", "--rm", *self.run_options, *arguments, **options)

    def inspect(self, container, form):
        return self.engine("inspect", "--format", form, container).stdout.strip()

    def wait_for_log(self, container, text):
        wait_until(lambda: text in self.engine("logs", container).stdout, f"{text!r} in the log")

    # -- native images

    def test_run_output_and_exit_code(self):
        result = self.once(NATIVE, "sh", "-c", "echo out; echo err >&2; exit 3", check=False)
        self.assertEqual((result.stdout, result.stderr, result.returncode), ("out\n", "err\n", 3))

    def test_run_reads_standard_input(self):
        self.assertEqual(self.once("--interactive", NATIVE, "cat", text="a\nb\n").stdout, "a\nb\n")

    def test_a_program_that_is_not_there(self):
        result = self.once(NATIVE, "/no/such/program", check=False)
        self.assertEqual(result.returncode, 127, result.stderr)
        self.assertIn("/no/such/program", result.stderr)

    def test_a_file_that_cannot_be_executed(self):
        result = self.once(NATIVE, "/etc/passwd", check=False)
        self.assertEqual(result.returncode, 126, result.stderr)

    def test_exec(self):
        container = self.start(NATIVE, "sleep", "60")
        result = self.engine("exec", "--env", "A=b c", "--workdir", "/tmp", "--user", "1000:1000", container,
                             "sh", "-c", 'echo "$A $PWD $(id -u):$(id -g)"; exit 5', check=False)
        self.assertEqual((result.stdout, result.returncode), ("b c /tmp 1000:1000\n", 5), result.stderr)
        self.assertEqual(self.engine("exec", "--interactive", container, "cat", text="in").stdout, "in")

    def test_exec_with_a_terminal(self):
        container = self.start(NATIVE, "sleep", "60")
        output, status = on_terminal([*self.cli, "exec", "-it", container, "sh", "-c",
                                      f"test -t 0 && test -t 1 && {until_sized()}; exit 7"])
        self.assertIn("33 111", output)
        self.assertEqual(status, 7, output)

    def test_run_with_a_terminal(self):
        output, status = on_terminal([*self.cli, "run", "--rm", "-it", *self.run_options, NATIVE, "sh", "-c",
                                      f"test -t 0 && tty && {until_sized()}; exit 4"])
        self.assertIn("33 111", output)
        self.assertEqual(status, 4, output)

    def test_logs_and_stop(self):
        container = self.start(NATIVE, "sh", "-c", "trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 0.1; done")
        self.wait_for_log(container, "hello")
        begin = time.monotonic()
        self.engine("stop", "--time", "10", container)
        self.assertLess(time.monotonic() - begin, 8)
        self.assertEqual(self.engine("logs", container).stdout, "hello\nbye\n")
        self.assertEqual(self.inspect(container, "{{.State.ExitCode}}"), "0")

    def test_stop_kills_what_ignores_the_signal(self):
        container = self.start(NATIVE, "/probe", "stubborn")
        self.wait_for_log(container, "ready")
        self.engine("stop", "--time", "1", container)
        self.assertEqual(self.inspect(container, "{{.State.ExitCode}}"), "137")

    def test_kill_with_a_signal(self):
        container = self.start(NATIVE, "/probe", "catch")
        self.wait_for_log(container, "ready")
        self.engine("kill", "--signal", "USR1", container)
        self.assertEqual(self.engine("wait", container).stdout.strip(), "10")

    def test_restart(self):
        container = self.start(NATIVE, "sh", "-c", "echo up; sleep 60")
        self.wait_for_log(container, "up")
        self.engine("restart", "--time", "1", container)
        wait_until(lambda: self.engine("logs", container).stdout == "up\nup\n", "the second start")
        self.assertEqual(self.inspect(container, "{{.State.Running}}"), "true")

    def test_restart_policy(self):
        container = self.start("--restart", "on-failure:2", NATIVE, "sh", "-c", "echo try; exit 1")
        wait_until(lambda: self.engine("logs", container).stdout == "try\n" * 3, "three tries")

    def test_pause(self):
        container = self.start(NATIVE, "sleep", "60")
        self.engine("pause", container)
        self.assertEqual(self.inspect(container, "{{.State.Status}}"), "paused")
        self.engine("unpause", container)
        self.assertEqual(self.inspect(container, "{{.State.Status}}"), "running")

    def test_top(self):
        container = self.start(NATIVE, "sleep", "61")
        self.assertIn("sleep 61", self.engine("top", container).stdout)

    def test_stats(self):
        container = self.start("--memory", "64m", NATIVE, "sleep", "60")
        line = self.engine("stats", "--no-stream", "--format", "{{.MemUsage}} {{.PIDs}}", container).stdout
        self.assertRegex(line, r"[1-9][\d.]*[kKM]i?B / (64|67)")
        self.assertRegex(line, r" 1$")

    def test_update(self):
        container = self.start("--memory", "64m", NATIVE, "sleep", "60")
        self.engine("update", "--memory", "128m", "--memory-swap", "-1", container)
        self.assertEqual(self.engine("exec", container, "cat", memory_limit_file()).stdout.strip(), str(128 << 20))

    def test_cp(self):
        container = self.start(NATIVE, "sleep", "60")
        local = self.directory / "copied"
        local.write_text("text")
        self.engine("cp", local, f"{container}:/tmp/there")
        self.assertEqual(self.engine("exec", container, "cat", "/tmp/there").stdout, "text")
        self.engine("cp", f"{container}:/etc/passwd", self.directory / "passwd")
        self.assertIn("guest:", (self.directory / "passwd").read_text())

    def test_healthcheck(self):
        container = self.start("--health-cmd", "test -e /tmp/healthy", "--health-interval", "1s",
                               "--health-retries", "1", NATIVE, "sleep", "60")
        self.engine("exec", container, "touch", "/tmp/healthy")

        def healthy():
            self.check_health(container)
            return self.inspect(container, "{{.State.Health.Status}}") == "healthy"
        wait_until(healthy, "a healthy container", 30)

    def check_out_of_memory(self, container):
        wait_until(lambda: self.inspect(container, "{{.State.OOMKilled}}") == "true", "OOMKilled", 5)

    def check_health(self, container):
        """Docker's daemon runs the checks by itself."""

    def test_two_containers_share_namespaces(self):
        first = self.start("--ipc", "shareable", NATIVE, "sh", "-c", "mkfifo /tmp/x; nc -l -p 8080 -e echo shared")
        shared = ("--network", f"container:{first}", "--pid", f"container:{first}", "--ipc", f"container:{first}")
        wait_until(lambda: "shared" in self.engine("run", "--rm", *shared, NATIVE, "sh", "-c",
                                                   "nc 127.0.0.1 8080 </dev/null", check=False).stdout,
                   "an answer over the shared loopback")

    def test_init(self):
        output = self.once("--init", NATIVE, "sh", "-c", "tr '\\0' ' ' </proc/1/cmdline").stdout
        self.assertIn("init", output)

    def test_read_only_and_tmpfs(self):
        output = self.once("--read-only", "--tmpfs", "/scratch:size=1m,mode=1777", NATIVE, "sh", "-c",
                           "touch /x 2>&1; touch /scratch/x && df -k /scratch | tail -1").stdout
        self.assertIn("Read-only file system", output)
        self.assertRegex(output, r"\b1024\b")

    def test_volumes(self):
        shared = self.directory / "volume"
        shared.mkdir()
        (shared / "in").write_text("from the host")
        output = self.once("--volume", f"{shared}:/v", "--volume", f"{shared}:/ro:ro", NATIVE, "sh", "-c",
                           "cat /v/in; echo back >/v/out; touch /ro/x 2>&1; true").stdout
        self.assertIn("from the host", output)
        self.assertIn("Read-only file system", output)
        self.assertEqual((shared / "out").read_text(), "back\n")

    def test_user(self):
        self.assertEqual(self.once("--user", "guest", NATIVE, "id", "-u").stdout, "1000\n")
        self.assertEqual(self.once("--user", "12:34", "--group-add", "56", NATIVE, "id", "-G").stdout, "34 56\n")

    def test_capabilities_dropped(self):
        report = json.loads(self.once("--cap-drop", "ALL", "--cap-add", "CHOWN", NATIVE, "/probe", "report",
                                      "capabilities").stdout)
        self.assertEqual(report["capabilities"]["effective"], [_CAP_CHOWN])

    def test_memory_limit(self):
        output = self.once("--memory", "48m", "--memory-swap", "48m", NATIVE, "cat", memory_limit_file()).stdout
        self.assertEqual(output.strip(), str(48 << 20))

    def test_out_of_memory(self):
        container = self.start("--memory", "16m", "--memory-swap", "16m", NATIVE, "/probe", "alloc", "64")
        self.assertEqual(self.engine("wait", container).stdout.strip(), "137")
        self.check_out_of_memory(container)

    def test_cpus_and_pids_limits(self):
        output = self.once("--cpus", "0.5", "--pids-limit", "7", NATIVE, "sh", "-c", limits_script()).stdout
        self.assertEqual(output.split(), ["50000", "100000", "7"])

    def test_seccomp_profile(self):
        profile = self.directory / "seccomp.json"
        profile.write_text(json.dumps({
            "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}))
        output = self.once("--security-opt", f"seccomp={profile}", NATIVE, "sh", "-c", "mkdir /tmp/x 2>&1; true").stdout
        self.assertIn("Operation not permitted", output)
        self.assertEqual(self.once(NATIVE, "grep", "Seccomp:", "/proc/self/status").stdout.split()[-1], "2")
        unconfined = self.once("--security-opt", "seccomp=unconfined", NATIVE, "grep", "Seccomp:", "/proc/self/status")
        self.assertEqual(unconfined.stdout.split()[-1], "0")

    def test_masked_and_read_only_paths(self):
        output = self.once(NATIVE, "sh", "-c", "cat /proc/timer_list | wc -c; echo 1 >/proc/sys/kernel/panic", check=False)
        self.assertEqual(output.stdout, "0\n")
        self.assertIn("Read-only file system", output.stderr)

    def test_hostname_and_sysctl(self):
        output = self.once("--hostname", "here", "--sysctl", "net.ipv4.ip_unprivileged_port_start=99", NATIVE, "sh", "-c",
                           "hostname; cat /proc/sys/net/ipv4/ip_unprivileged_port_start").stdout
        self.assertEqual(output.split(), ["here", "99"])

    def test_device_and_ulimit(self):
        output = self.once("--device", "/dev/null:/dev/nothing", "--ulimit", "nofile=123:123",
                           "--ulimit", "nproc=4096:4096", NATIVE, "sh", "-c",
                           "ls -l /dev/nothing; ulimit -n").stdout
        self.assertRegex(output, r"(?s)^c.*/dev/nothing\n123\n$")

    def test_many_lines_arrive(self):
        output = self.once(NATIVE, "seq", "1", "200000").stdout
        self.assertEqual(len(output.splitlines()), 200000)

    # -- Wasm images

    def test_wasm_output_arguments_and_environment(self):
        result = self.once("--env", "A=b c", WASM, "report", "argv", "env", "cwd")
        report = json.loads(result.stdout)
        self.assertEqual(report["argv"][1:], ["report", "argv", "env", "cwd"])
        self.assertIn("A=b c", report["env"])

    def test_wasm_exit_codes(self):
        for code in (0, 1, 42, 255):
            self.assertEqual(self.once(WASM, "exit", str(code), check=False).returncode, code)
        result = self.once(WASM, "trap", check=False)
        self.assertEqual(result.returncode, 134)
        self.assertIn("mayfly: trap:", result.stderr)

    def test_wasm_logs_and_stop(self):
        container = self.start(WASM, "sleep")
        self.wait_for_log(container, "ready")
        begin = time.monotonic()
        self.engine("stop", "--time", "10", container)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(self.inspect(container, "{{.State.ExitCode}}"), "143")

    def test_wasm_volumes(self):
        shared = self.directory / "wasm-volume"
        shared.mkdir()
        (shared / "in").write_text("from the host")
        self.assertEqual(self.once("--volume", f"{shared}:/v:ro", WASM, "read", "/v/in").stdout, "from the host")
        self.once("--volume", f"{shared}:/v", WASM, "write", "/v/out", "back")
        self.assertEqual((shared / "out").read_text(), "back")

    def test_wasm_under_limits_and_a_dropped_user(self):
        result = self.once("--memory", "64m", "--cpus", "0.5", "--pids-limit", "20", "--cap-drop", "ALL", "--user", "1000",
                           "--read-only", WASM, "say", "hello")
        self.assertEqual(result.stdout, "hello\n")

    def test_wasm_and_native_share_a_network(self):
        first = self.start(NATIVE, "sleep", "60")
        result = self.engine("run", "--rm", "--network", f"container:{first}", WASM, "say", "beside")
        self.assertEqual(result.stdout, "beside\n")

    def test_native_exec_into_wasm(self):
        container = self.start("--volume", f"{self.directory}:/tools:ro", WASM, "sleep")
        self.wait_for_log(container, "ready")
        (self.directory / "busybox").write_bytes(pathlib.Path("/bin/busybox").read_bytes())
        os.chmod(self.directory / "busybox", 0o755)
        output = self.engine("exec", container, "/tools/busybox", "echo", "inside").stdout
        self.assertEqual(output, "inside\n")

    def test_nothing_is_left_of_a_removed_container(self):
        container = self.start(NATIVE, "sleep", "60")
        self.engine("rm", "--force", container)
        left = [str(p) for p in pathlib.Path("/sys/fs/cgroup").glob(f"*/**/*{container}*")]
        self.assertEqual(left, [])


def until_sized():
    """Shell: a client sets the terminal's size a moment after the start; busybox's stty fails with status 0 till then."""
    return 'until size=$(stty size 2>/dev/null) && test -n "$size"; do sleep 0.1; done; echo $size'


def memory_limit_file():
    v1 = pathlib.Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")
    return "/sys/fs/cgroup/memory/memory.limit_in_bytes" if v1.exists() else "/sys/fs/cgroup/memory.max"


def limits_script():
    if pathlib.Path("/sys/fs/cgroup/pids").exists():
        return "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us /sys/fs/cgroup/pids/pids.max"
    return "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max"


def on_terminal(command, seconds=30):
    """Runs a command on a terminal of 33 rows and 111 columns; what it showed, and its exit code."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("sh", ["sh", "-c", 'stty rows 33 cols 111; exec "$@"', "sh", *map(str, command)])
    output = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                chunk = os.read(terminal, 65536)
            except OSError:
                break
            if not chunk:
                break
            output += chunk
    else:
        os.kill(pid, 9)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return re.sub(r"\r", "", output.decode(errors="replace")), os.waitstatus_to_exitcode(status)
