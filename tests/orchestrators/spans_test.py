"""OpenTelemetry spans of the shim: a real containerd with OTEL_* in its environment, and a receiver that keeps what comes.

Usage: python3 spans_test.py [unittest options]     environment: MAYFLY_BUILD, MAYFLY_TEST_RUNTIME
"""

import http.server
import json
import os
import shutil
import sys
import threading
import unittest

import harness

_NAMESPACE = "mayfly-spans"
_STEPS = {"mayfly.create", "mayfly.start", "mayfly.guest", "mayfly.delete"}


class _Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class SpansTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.require("containerd", "ctr")
        cls.receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
        cls.receiver.requests = []
        threading.Thread(target=cls.receiver.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.receiver.server_close)
        cls.addClassCleanup(cls.receiver.shutdown)
        cls.sandbox = harness.Sandbox("spans")
        cls.addClassCleanup(cls.sandbox.stop)
        cls.socket = harness.start_containerd(cls.sandbox, env={
            **os.environ, "PATH": f"{harness.RUNTIME.parent}:{os.environ['PATH']}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{cls.receiver.server_port}",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=blue", "OTEL_SERVICE_NAME": "node-7"})
        cls.rootfs = cls.sandbox.directory / "rootfs"
        for name in ("dev", "proc", "sys", "tmp", "etc"):
            (cls.rootfs / name).mkdir(parents=True)
        for program in (harness.PROBE, harness.PROBE_WASM):
            shutil.copy(program, cls.rootfs / program.name)
            (cls.rootfs / program.name).chmod(0o755)

    def setUp(self):
        self.receiver.requests.clear()

    def run_container(self, name, *args, check=True):
        return harness.run(harness.find("ctr"), "--address", self.socket, "--namespace", _NAMESPACE, "run", "--rm",
                           "--runtime", "io.containerd.mayfly.v1", "--rootfs", self.rootfs, name, *args, check=check)

    def spans(self):
        """Name -> span, of the one request that comes."""
        harness.wait_until(lambda: self.receiver.requests, "spans")
        path, headers, body = self.receiver.requests[0]
        self.assertEqual(path, "/v1/traces")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["x-tenant"], "blue")
        resource = body["resourceSpans"][0]["resource"]["attributes"]
        self.assertIn({"key": "service.name", "value": {"stringValue": "node-7"}}, resource)
        return {span["name"]: span for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]}

    def check_steps(self, spans, container):
        task = spans["mayfly.task"]
        self.assertIn({"key": "container.id", "value": {"stringValue": container}}, task["attributes"])
        for name in _STEPS:
            self.assertEqual(spans[name]["parentSpanId"], task["spanId"], name)
        for name, span in spans.items():
            self.assertEqual(span["traceId"], task["traceId"], name)
            self.assertLessEqual(int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]), name)
        order = [int(spans[f"mayfly.{name}"]["endTimeUnixNano"]) for name in ("create", "guest", "delete")]
        self.assertEqual(order, sorted(order))

    def test_a_module(self):
        self.run_container("module", "/probe.wasm", "say", "hello")
        spans = self.spans()
        self.check_steps(spans, "module")
        for name in ("prepare", "spawn", "load", "restrict", "instantiate"):
            self.assertEqual(spans[f"mayfly.{name}"]["parentSpanId"], spans["mayfly.create"]["spanId"], name)

    def test_a_native_program(self):
        self.run_container("native", "/probe", "exit", "0")
        self.check_steps(self.spans(), "native")

    def test_a_container_that_cannot_be_made(self):
        failed = self.run_container("none", "/no/such", check=False)
        self.assertNotEqual(failed.returncode, 0)
        create = self.spans()["mayfly.create"]
        self.assertEqual(create["status"]["code"], 2)
        self.assertIn("/no/such", create["status"]["message"])

    def test_when_the_collector_is_away_the_container_runs(self):
        self.receiver.shutdown()
        self.receiver.socket.close()
        self.assertEqual(self.run_container("away", "/probe.wasm", "say", "on").stdout, "on\n")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
