"""The completion scripts and manual pages, in the real shells and formatters.

Usage: shells.py MAYFLY bash|zsh|fish|man

Exits with 77 and says so where the shell or formatter is not installed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile


def output(*command, **options):
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)
    if ran.returncode != 0 or ran.stderr:
        sys.exit(f"{command}: exit {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def commands(mayfly):
    """The names under "Subcommands:" of --help."""
    listed = output(mayfly, "--help").split("Subcommands:", 1)[1].split("\n\n", 1)[0]
    names = re.findall(r"^  ([a-z]+)", listed, re.MULTILINE)
    if len(names) < 10:
        sys.exit(f"--help lists only {names}")
    return names


def options(mayfly, command):
    return set(re.findall(r"--[a-z][a-z-]*", output(mayfly, command, "--help").split("Options:", 1)[1]
                          .split("\n\n", 1)[0]))


def need(program):
    if shutil.which(program) is None:
        print(f"skipped: {program} is not installed")
        sys.exit(77)


def expect(condition, text):
    if not condition:
        sys.exit(text)


def bash(mayfly, script):
    output("bash", "-n", script)

    def complete(*words):
        quoted = " ".join(f"'{word}'" for word in words)
        return output("bash", "-c", f'source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; '
                      '_mayfly; printf "%s\\n" "${COMPREPLY[@]}"').split()

    expect(set(commands(mayfly)) <= set(complete(mayfly, "")), "not every command is offered")
    expect(complete(mayfly, "--debug", "ex") == ["exec"], "ex: not exec")
    for command in commands(mayfly):
        missing = options(mayfly, command) - set(complete(mayfly, command, "-"))
        expect(not missing, f"{command}: {missing} not offered")
    expect(complete(mayfly, "list", "--format", "") == ["table", "json"], "the words of --format")
    with tempfile.TemporaryDirectory() as root:
        expect(complete(mayfly, "--root", root, "kill", "") == [], "an id where there is none")
        expect(complete("/nowhere/mayfly", "create", "--bundle", root) == [root], "a directory after --bundle")


def zsh(mayfly, script):
    output("zsh", "-n", script)
    # The function is defined and registered in a shell with the completion system.
    said = output("zsh", "-f", "-c", f"autoload -Uz compinit && compinit -D -u; source {script}; "
                  "print -r -- $_comps[mayfly]; whence -w _mayfly")
    expect(said.split("\n")[0] == "_mayfly" and "function" in said, f"not registered: {said}")
    text = open(script, encoding="utf-8").read()
    for command in commands(mayfly):
        branch = re.search(rf"\n    {command}\)\n(.*?);;", text, re.DOTALL)
        expect(branch, f"{command}: no branch")
        missing = {option for option in options(mayfly, command) if f"*{option}[" not in branch.group(1)}
        expect(not missing, f"{command}: {missing} not offered")


def fish(mayfly, script):
    output("fish", "--no-execute", script)

    def complete(line):
        # The script asks mayfly itself for the containers.
        environment = dict(os.environ, PATH=os.path.dirname(mayfly) + ":" + os.environ["PATH"])
        said = output("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'", env=environment)
        return {offered.split("\t")[0] for offered in said.splitlines()}

    expect(set(commands(mayfly)) <= complete("mayfly "), "not every command is offered")
    for command in commands(mayfly):
        missing = options(mayfly, command) - complete(f"mayfly {command} --")
        expect(not missing, f"{command}: {missing} not offered")
    expect(complete("mayfly list --format ") == {"table", "json"}, "the words of --format")


def man(mayfly):
    need("groff")
    for name in ["", *commands(mayfly)]:
        page = output(mayfly, "man", *([name] if name else []))
        # Without a warning, and with the options of --help.
        text = output("groff", "-man", "-ww", "-Tascii", "-P-cbou", input=page)
        expect("NAME" in text and "SYNOPSIS" in text and "EXAMPLE" in text, f"{name}: a section is missing")
        if name:
            plain = re.sub(r"-\n\s*", "-", text)
            missing = {option for option in options(mayfly, name) if option not in plain}
            expect(not missing, f"{name}: {missing} not in the page")
        if shutil.which("mandoc"):
            # The pages bear the version, no date.
            lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning"], input=page, capture_output=True, text=True,
                                  check=False, timeout=60).stdout
            wrong = [line for line in lint.splitlines() if "missing date" not in line]
            expect(not wrong, f"{name}: {wrong}")


def main():
    mayfly, what = sys.argv[1:]
    if what == "man":
        man(mayfly)
        return
    need(what)
    with tempfile.NamedTemporaryFile("w", suffix=f".{what}") as script:
        script.write(output(mayfly, "completion", what))
        script.flush()
        {"bash": bash, "zsh": zsh, "fish": fish}[what](mayfly, script.name)


main()
