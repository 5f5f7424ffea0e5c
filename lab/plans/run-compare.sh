#!/usr/bin/env bash
# `mayfly run` against `runc run` and `crun run`, native and Wasm, in a tight loop and once a second.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: lab/plans/run-compare.sh [--bin DIR] [--out DIR] [--runs N] [--runc PROGRAM] [--crun PROGRAM] [--crun-wasm PROGRAM]

Makes the bundles, then runs the comparison twice: OUT/tight (no pause) and OUT/paced (one start a second).
A runtime that is not on PATH is left out, with a word. Needs root and the built suite (suite/build.sh).

  --bin DIR        folder of mayfly and mayfly-lab      (build/release/bin)
  --out DIR        folder of the results                (results/run-compare)
  --runs N         measured runs per command            (40)
  --runc PROGRAM   runc                                 (runc)
  --crun PROGRAM   crun                                 (crun)
  --crun-wasm P    a crun with a Wasm handler           (crun, if `crun --version` names one)

On a host with hybrid cgroups the whole comparison runs in one private mount namespace without the mount
/sys/fs/cgroup/unified, which crun needs.

Examples:
  lab/plans/run-compare.sh
  lab/plans/run-compare.sh --runs 100 --out results/runtimes
USAGE
}

die() {
  printf 'run-compare: %s\n' "$*" >&2
  exit 1
}

bin=build/release/bin
out=results/run-compare
runs=40
runc=runc
crun=crun
crun_wasm=
while (($# > 0)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --bin | --out | --runs | --runc | --crun | --crun-wasm)
      (($# > 1)) || die "$1 needs a value"
      case $1 in
        --bin) bin=$2 ;;
        --out) out=$2 ;;
        --runs) runs=$2 ;;
        --runc) runc=$2 ;;
        --crun) crun=$2 ;;
        --crun-wasm) crun_wasm=$2 ;;
      esac
      shift
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
  shift
done

((EUID == 0)) || die 'containers need root: run this in a root shell'
[[ -x $bin/mayfly-lab ]] || die "$bin/mayfly-lab is not built: run ./dev build"

# Enter the namespace once, for everything: no command is wrapped, so none is timed with a wrapper.
if [[ -z ${MAYFLY_LAB_IN_NAMESPACE:-} ]] && mountpoint -q /sys/fs/cgroup/unified; then
  export MAYFLY_LAB_IN_NAMESPACE=1
  exec unshare --mount --propagation private "$BASH" -c 'umount /sys/fs/cgroup/unified && exec "$@"' - \
    "$BASH" "$0" --bin "$bin" --out "$out" --runs "$runs" --runc "$runc" --crun "$crun" \
    ${crun_wasm:+--crun-wasm "$crun_wasm"}
fi

runtimes=()
add_runtime() { # OPTION PROGRAM
  if command -v "$2" >/dev/null; then
    runtimes+=("$1" "$2")
  else
    printf 'run-compare: %s is not there and is left out\n' "$2" >&2
  fi
}
if [[ -z $crun_wasm ]] && command -v "$crun" >/dev/null && "$crun" --version | grep -q '+WASM'; then
  crun_wasm=$crun
fi
add_runtime --runc "$runc"
add_runtime --crun "$crun"
if [[ -n $crun_wasm ]]; then add_runtime --crun-wasm "$crun_wasm"; fi
add_runtime --mayfly "$bin/mayfly"

plan=$("$bin/mayfly-lab" bundles --out "$out/bundles" "${runtimes[@]}")
code=0
"$bin/mayfly-lab" run-compare "$plan" --runs "$runs" --out "$out/tight" || code=$?
"$bin/mayfly-lab" run-compare "$plan" --runs "$runs" --pause 1000 --out "$out/paced" || code=$?
exit "$code"
