#!/usr/bin/env bash
# Builds: the project by its CMake presets, and the functions of the suite.
#
# build.sh project [PRESET]   build/PRESET (release), with the published Wasmtime
# build.sh suite              build/suite: the functions, native and Wasm
set -euo pipefail
# shellcheck source=tools/setup/steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=tools/setup/engines.sh
source "$MAYFLY_TREE/tools/setup/engines.sh"

# The place of a clone is no part of ccache's key, so that a fresh clone on a used machine compiles nothing anew.
export CCACHE_BASEDIR=$MAYFLY_TREE CCACHE_NOHASHDIR=1

# configured FILE VARIABLE VALUE: was the build configured with this value already?
configured() { [[ -e $(dirname "$1")/build.ninja ]] && grep -q "^$2:[A-Z]*=$3\$" "$1"; }

build_preset() { # PRESET WASMTIME_DIRECTORY
  cd "$MAYFLY_TREE"
  if ! configured "build/$1/CMakeCache.txt" MAYFLY_WASMTIME_DIR "$2"; then
    cmake --preset "$1" -DMAYFLY_WASMTIME_DIR="$2"
  fi
  cmake --build "build/$1" --parallel "$MAYFLY_JOBS"
}

setup_project() { # [PRESET]
  local preset=${1:-release} wasmtime
  need cmake 'run ./dev setup'
  wasmtime=$(wasmtime_where)
  [[ -d $wasmtime ]] || die "Wasmtime is not built for this crate and Rust: run ./dev setup"
  run_step "build-$preset" "Mayfly ($preset)" build_preset "$preset" "$wasmtime"
}

build_suite() {
  cd "$MAYFLY_TREE"
  if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
  [[ -e build/suite/build.ninja ]] || cmake -S suite -B build/suite -G Ninja
  cmake --build build/suite --parallel "$MAYFLY_JOBS"
}

setup_suite() {
  need clang++-19 'run ./dev setup'
  run_step build-suite 'functions' build_suite
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  case ${1:-} in
    project) setup_project "${2:-release}" ;;
    suite) setup_suite ;;
    *) die 'build.sh: say project [PRESET] or suite' ;;
  esac
fi
