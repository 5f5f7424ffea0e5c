#!/usr/bin/env bash
# Builds: the project by its CMake presets, and the functions of the suite.
#
# build.sh project [PRESET]   build/PRESET (release), with the engines that are published
# build.sh suite              build/suite: the functions, native and Wasm
set -euo pipefail
# shellcheck source=tools/setup/steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=tools/setup/engines.sh
source "$MAYFLY_TREE/tools/setup/engines.sh"
# shellcheck source=tools/setup/echarts.sh
source "$MAYFLY_TREE/tools/setup/echarts.sh"

# The place of a clone is no part of ccache's key, so that a fresh clone on a used machine compiles nothing anew.
export CCACHE_BASEDIR=$MAYFLY_TREE CCACHE_NOHASHDIR=1

# configured FILE VARIABLE VALUE: was the build configured with this value already?
configured() { [[ -e $(dirname "$1")/build.ninja ]] && grep -q "^$2:[A-Z]*=$3\$" "$1"; }

build_preset() { # PRESET CMAKE_ARGUMENT...
  local preset=$1 argument same=yes
  shift
  cd "$MAYFLY_TREE"
  for argument in "$@"; do
    argument=${argument#-D}
    configured "build/$preset/CMakeCache.txt" "${argument%%=*}" "${argument#*=}" || same=no
  done
  if [[ $same == no ]]; then cmake --preset "$preset" "$@"; fi
  cmake --build "build/$preset" --parallel "$MAYFLY_JOBS"
}

# wasmedge_version: of the installed package, or nothing. A change configures the build anew.
wasmedge_version() { dpkg-query -W -f '${Version}' libwasmedge-dev 2>/dev/null || true; }

# What was asked for once is published and is built into every preset from then on.
setup_project() { # [PRESET]
  local preset=${1:-release} wasmtime wasmer componentize echarts
  need cmake 'run ./dev setup'
  wasmtime=$(engine_where wasmtime)
  [[ -d $wasmtime ]] || die "Wasmtime is not built for this crate and Rust: run ./dev setup"
  wasmer=$(engine_where wasmer)
  [[ -d $wasmer ]] || wasmer=
  componentize=$(engine_where componentize)/bin/componentize
  [[ -x $componentize ]] || componentize=
  echarts=$(echarts_where)
  [[ -e $echarts ]] || echarts=
  run_step "build-$preset" "Mayfly ($preset)" build_preset "$preset" \
    -DMAYFLY_WASMTIME_DIR="$wasmtime" -DMAYFLY_WASMER_DIR="$wasmer" \
    -DMAYFLY_COMPONENTIZE="$componentize" -DMAYFLY_ECHARTS="$echarts" -DMAYFLY_WASMEDGE_VERSION="$(wasmedge_version)"
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
