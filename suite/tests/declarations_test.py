#!/usr/bin/env python3
"""suite.toml and images.toml agree with each other, with the folders and with the input files."""
import hashlib
import pathlib
import sys
import tomllib

SUITE_KEYS = {"name", "category", "stresses", "args", "writes", "sizes", "input", "golden"}
SIZES = ("x10", "x100", "large")
CATEGORIES = {"floor", "micro", "real-world"}


def main():
    folder, data, functions = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    images = tomllib.loads((folder / "images.toml").read_text())
    assert images["functions"] == functions, "images.toml and CMakeLists.txt name different functions"
    assert images["kinds"] == ["wasm", "artifact", "scratch", "distroless", "debian"]
    declared = {path.parent.name for path in folder.glob("*/suite.toml")}
    assert declared == set(functions), f"folders with suite.toml: {sorted(declared)}"
    for function in functions:
        suite = tomllib.loads((folder / function / "suite.toml").read_text())
        assert set(suite) <= SUITE_KEYS, f"{function}: {set(suite) - SUITE_KEYS}"
        assert suite["name"] == function and suite["category"] in CATEGORIES
        assert (folder / function / "README.md").is_file()
        names = [case["name"] for case in suite["golden"]]
        assert len(names) == len(set(names)), f"{function}: two golden cases of one name"
        default = suite["golden"][0]
        assert default["name"] == "paper" and default["args"] == suite["args"] and default["exit"] == 0
        for size, args in suite.get("sizes", {}).items():
            assert size in SIZES, f"{function}: size {size}"
            assert any(case["args"] == args for case in suite["golden"]), f"{function}: no golden case for size {size}"
        for file in suite.get("input", []):
            content = (data / function / file["path"]).read_bytes()
            assert len(content) == file["bytes"], f"{function}: {file['path']} has {len(content)} bytes"
            assert hashlib.sha256(content).hexdigest() == file["sha256"], f"{function}: {file['path']}"
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
