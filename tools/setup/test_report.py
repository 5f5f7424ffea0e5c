"""Sums up what ctest ran: skips with their reasons, a count for each label, a closing line.

Usage: python3 test_report.py BUILD_FOLDER BUILD=LABEL,LABEL... ...

Reads BUILD_FOLDER/BUILD/tests.xml (ctest --output-junit). Exit code 1 if a test failed, if a result is
missing, or if one of the labels named ran no test. The last line is "N passed, N failed, N skipped".
"""

import collections
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

_OUTCOME = {"run": "passed", "fail": "failed", "notrun": "skipped", "disabled": "skipped"}


def labels_of(build):
    """Test name -> its labels, as ctest knows them."""
    text = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"],
                          capture_output=True, text=True, check=True).stdout
    labels = {}
    for test in json.loads(text)["tests"]:
        values = [p["value"] for p in test.get("properties", []) if p["name"] == "LABELS"]
        labels[test["name"]] = values[0] if values else []
    return labels


def outcome_of(case):
    """passed, failed or skipped. A test whose program is not there counts as failed, not as skipped."""
    outcome = _OUTCOME.get(case.get("status"), "failed")
    if outcome == "skipped" and not re.match("SKIP_", skip_message(case)):
        return "failed"
    return outcome


def skip_message(case):
    skipped = case.find("skipped")
    return "" if skipped is None else skipped.get("message", "")


def reason_of(case):
    """Why a test was skipped: what GoogleTest or the test itself printed."""
    output = case.findtext("system-out") or ""
    found = re.search(r": Skipped\n(.*?)\n(?:\n|\[)", output, re.DOTALL)
    if found:
        return " ".join(found[1].split())
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed no reason"


def read_build(folder, build, wanted, totals, problems, skips):
    results = os.path.join(folder, build, "tests.xml")
    if not os.path.exists(results):
        problems.append(f"build/{build}: ctest left no results")
        return
    labels = labels_of(os.path.join(folder, build))
    by_label = collections.defaultdict(collections.Counter)
    for case in xml.parse(results).getroot().iter("testcase"):
        name, outcome = case.get("name"), outcome_of(case)
        totals[outcome] += 1
        for label in labels.get(name, []):
            by_label[label][outcome] += 1
        if outcome == "skipped":
            skips[reason_of(case)].append(f"{build}: {name}")
        elif outcome == "failed":
            problems.append(f"build/{build}: {name} failed {skip_message(case)}".rstrip())
    for label in wanted:
        counts = by_label[label]
        print(f"  {build + ' ' + label:<22} {counts['passed']:5} passed {counts['failed']:5} failed "
              f"{counts['skipped']:5} skipped")
        if counts["passed"] + counts["failed"] == 0:
            problems.append(f"build/{build}: label {label} ran no test")


def main():
    folder, *builds = sys.argv[1:]
    totals, problems, skips = collections.Counter(), [], collections.defaultdict(list)
    print("\n== test report")
    for argument in builds:
        build, _, wanted = argument.partition("=")
        read_build(folder, build, wanted.split(), totals, problems, skips)
    for reason, names in skips.items():
        print(f"  skipped ({len(names)}): {reason}\n    " + "\n    ".join(names))
    for problem in problems:
        print(f"  PROBLEM {problem}")
    print(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped", flush=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
