#!/usr/bin/env bash
# Builds the suite, native and Wasm, and tests it.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: suite/build.sh [--test [LABEL]] [--jobs N]

Builds the programs into build/suite/{native-static,native-dynamic,wasm} and their input files into
build/suite/data.

  --test [LABEL]  run the tests as well: unit, golden or slow; without a label all but slow
  --jobs N        parallel jobs (default: number of processors)

The tests of Wasm modules need a runner: MAYFLY_SUITE_RUNNER, a command that is called as
RUNNER [--dir HOSTDIR::/context] MODULE ARGS... Without it they are skipped.
USAGE
}

fail() {
  echo "suite/build.sh: $*" >&2
  exit 1
}

main() {
  local test=no label='' jobs tool
  jobs=$(nproc)
  while (($# > 0)); do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --test)
        test=yes
        if [[ ${2:-} =~ ^(unit|golden|slow)$ ]]; then label=$2 && shift; fi
        ;;
      --jobs) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "--jobs needs a number"; jobs=$2 && shift ;;
      *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  for tool in cmake ninja clang++-19 wasm-ld-19 python3; do
    command -v "$tool" >/dev/null || fail "$tool is missing; install cmake ninja-build clang-19 lld-19 python3"
  done

  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  [[ -e build/suite/build.ninja ]] || cmake -S suite -B build/suite -G Ninja
  cmake --build build/suite --parallel "$jobs"
  [[ $test == yes ]] || return 0
  local -a selection=(--label-exclude '^slow$')
  [[ -z $label ]] || selection=(--label-regex "^$label\$")
  [[ $label != golden ]] || selection+=(--label-exclude '^slow$')
  ctest --test-dir build/suite --parallel "$jobs" --output-on-failure --no-tests=error "${selection[@]}"
}

main "$@"
