"""Opens a report in headless Chromium and says what is wrong with it.

Usage: browser.py LAB [--shots DIR] [--folder RESULTS]

LAB is mayfly-lab. Without --folder the fixture of make_fixture.py is reported on. Checked at desktop and phone width,
light and dark: no error and no warning on the console, nothing loaded from anywhere, no horizontal overflow, every
chart draws, has a name and a table, tables sort, downloads have content. --shots keeps pictures of the page, in pieces from top to bottom.
Exit codes: 0 fine; 1 something is wrong; 77 skipped, with the reason.
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

VIEWS = (("desktop-light", 1280, 900, "light"), ("desktop-dark", 1280, 900, "dark"), ("phone-light", 390, 844, "light"),
         ("phone-dark", 390, 844, "dark"))
SHOT_HEIGHT = 1800
# Draws everything, then counts.
DRAW = """(() => {
  for (const figure of figures) if (figure.spec.chart && !figure.chart) figure.draw();
  return figures.filter((figure) => figure.spec.chart).map((figure) => ({id: figure.spec.id,
    shapes: figure.body.querySelectorAll('svg path, svg text').length,
    named: Boolean(figure.body.querySelector('[role=img]')?.getAttribute('aria-label'))}));
})()"""
OVERFLOW = """(() => {
  const wide = [...document.querySelectorAll('body *')].filter((node) => !node.closest('.scroll, nav, svg, .skip') &&
    node.getBoundingClientRect().right > innerWidth + 1).map((node) => node.tagName + '#' + node.id + '.' + node.className);
  return {scroll: document.documentElement.scrollWidth, width: innerWidth, wide: wide.slice(0, 5)};
})()"""
TABLES = """(() => {
  const bad = [];
  for (const figure of figures) {
    const mode = figure.mode;
    figure.show('table');
    const heads = [...figure.body.querySelectorAll('thead button')];
    const before = figure.body.querySelectorAll('tbody tr').length;
    heads.at(-1).click();
    if (figure.body.querySelectorAll('th[aria-sort]').length !== 1) bad.push(figure.spec.id + ': does not sort');
    if (figure.body.querySelectorAll('tbody tr').length !== before) bad.push(figure.spec.id + ': sorting loses rows');
    if (csvOf(figure.spec.columns, figure.rows()).split('\\n').length !== before + 2) bad.push(figure.spec.id + ': CSV has other rows');
    for (const cell of figure.body.querySelectorAll('tbody td, tbody th')) {
      if (/NaN|undefined|Infinity|\\[object/.test(cell.textContent)) { bad.push(figure.spec.id + ': ' + cell.textContent); break; }
    }
    if (mode === 'chart') figure.show('chart');
    if (mode === 'chart' && !/^<svg[^]*<\\/svg>$/.test(decodeURIComponent(figure.chart.getDataURL({type: 'svg'}).split(',').slice(1).join(','))))
      bad.push(figure.spec.id + ': no SVG');
  }
  return bad;
})()"""


class Browser:
    """Chromium driven through --remote-debugging-pipe: JSON messages on descriptors 3 and 4, each ended by a zero byte."""

    def __init__(self, program, profile):
        to_read, self.write_fd = os.pipe()
        self.read_fd, to_write = os.pipe()

        def pipes():  # in the child: Chromium reads commands from 3 and writes to 4
            first, second = os.dup(to_read), os.dup(to_write)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--hide-scrollbars", f"--user-data-dir={profile}", "--remote-debugging-pipe",
             "about:blank"], preexec_fn=pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.buffer, self.count, self.events, self.session = b"", 0, [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def receive(self):
        while b"\0" not in self.buffer:
            chunk = os.read(self.read_fd, 1 << 20)
            if not chunk:
                raise RuntimeError("chromium ended")
            self.buffer += chunk
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_fd, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", "exception"))
        return answer["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())

    def complaints(self):
        for event in self.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                yield "exception: " + details.get("exception", {}).get("description", details["text"])
            elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
                yield f"console {parameters['type']}: " + " ".join(str(a.get("value")) for a in parameters["args"])
            elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                yield "log: " + parameters["entry"]["text"]
            elif method == "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if not url.startswith(("file:", "data:", "blob:", "about:")):
                    yield "a request to " + url

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
        except (RuntimeError, OSError):
            pass
        self.process.wait(timeout=20)


def check_view(browser, url, view, shots):
    name, width, height, scheme = view
    browser.events.clear()
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(url)
    problems = []
    if browser.run("document.documentElement.dataset.ready") != "yes":
        problems.append("the page's script did not reach its end")
        return problems + list(browser.complaints())
    for chart in browser.run(DRAW):
        if chart["shapes"] < 5:
            problems.append(f"chart {chart['id']} has {chart['shapes']} shapes")
        if not chart["named"]:
            problems.append(f"chart {chart['id']} has no name")
    overflow = browser.run(OVERFLOW)
    if overflow["scroll"] > overflow["width"] or overflow["width"] != width or overflow["wide"]:
        problems.append(f"horizontal overflow: {overflow}")
    if shots:
        size = browser.call("Page.getLayoutMetrics")["cssContentSize"]
        for part, top in enumerate(range(0, int(size["height"]), SHOT_HEIGHT)):
            picture = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip={
                "x": 0, "y": top, "width": width, "height": min(SHOT_HEIGHT, size["height"] - top), "scale": 1})
            (shots / f"{name}-{part:02}.png").write_bytes(base64.b64decode(picture["data"]))
    problems += browser.run(TABLES)
    browser.run("document.getElementById('theme').click()")
    return problems + list(browser.complaints())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("lab")
    parser.add_argument("--shots", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path)
    arguments = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        print("skipped: no chromium on PATH (apt install chromium)")
        return 77
    with tempfile.TemporaryDirectory(prefix="mayfly-report-") as place:
        folder = arguments.folder
        if not folder:
            folder = pathlib.Path(place) / "fixture"
            subprocess.run([sys.executable, "-B", str(pathlib.Path(__file__).parent / "make_fixture.py"), str(folder)], check=True)
        page = pathlib.Path(place) / "report.html"
        made = subprocess.run([arguments.lab, "report", str(folder), "--html", str(page)], capture_output=True, text=True)
        if made.returncode != 0:
            print(made.stderr.strip())
            return 77 if "no ECharts" in made.stderr else 1
        if arguments.shots:
            arguments.shots.mkdir(parents=True, exist_ok=True)
        browser = Browser(program, place + "/profile")
        problems = []
        try:
            for view in VIEWS:
                problems += [f"{view[0]}: {problem}" for problem in check_view(browser, page.as_uri(), view, arguments.shots)]
        finally:
            browser.close()
    print("\n".join(problems) or f"{len(VIEWS)} views, nothing wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
