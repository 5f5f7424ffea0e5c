#!/usr/bin/env bash
# The engines that are built from crates: Wasmtime, and Wasmer when it is asked for. Each has its crate in
# engines/NAME/crate, which is built twice, without and with the compiler; what comes out is published under
# $MAYFLY_CACHE/engines/NAME-KEY. KEY stands for the crate's files and the Rust version, so that a change of
# either builds anew and nothing else does. With "all" comes tools/componentize, which the tests make components by.
#
#   NAME-KEY/lib/libmayfly_NAME_{run,compiler}.a
#   wasmtime-KEY/include-{run,compiler}/     wasmtime.h and the rest, conf.h as the build's features make it
#   componentize-KEY/bin/componentize, share/sockets.wasm (a guest of the tests; absent where rustc has no wasm32-wasip2)
#
# engines.sh [NAME...|all]   builds what is missing (of Wasmtime, if no name is given)
# engines.sh where [NAME]    prints that directory and builds nothing
set -euo pipefail
# shellcheck source=tools/setup/steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=tools/setup/rust.sh
source "$MAYFLY_TREE/tools/setup/rust.sh"

crate_engines=(wasmtime wasmer componentize)
crate_layout=1 # of the published directories; a change of their shape takes the next number

# engine_names NAME...: the names, with "all" spelled out.
engine_names() {
  local name
  for name in "${@:-wasmtime}"; do
    case $name in
      all) printf '%s\n' "${crate_engines[@]}" ;;
      wasmtime | wasmer | componentize) printf '%s\n' "$name" ;;
      *) die "no engine $name is built from a crate: say ${crate_engines[*]} or all" ;;
    esac
  done
}

crate_of() { # NAME
  if [[ $1 == componentize ]]; then
    printf '%s' "$MAYFLY_TREE/tools/componentize"
    return
  fi
  local override=MAYFLY_${1^^}_CRATE
  printf '%s' "${!override:-$MAYFLY_TREE/engines/$1/crate}"
}

# engine_where NAME: the published directory of the crate as it is now, built or not.
engine_where() {
  local crate files
  crate=$(crate_of "$1")
  [[ -r $crate/Cargo.lock ]] || die "$crate/Cargo.lock is not there: the tree is not whole, clone it anew"
  use_rust || die "no Rust $rust_least or newer: run ./dev setup"
  mapfile -t files < <(find "$crate/Cargo.toml" "$crate/Cargo.lock" "$crate/src" "$crate"/guest[s] -type f 2>/dev/null | LC_ALL=C sort)
  printf '%s/engines/%s-%s' "$MAYFLY_CACHE" "$1" \
    "$({ rustc --version; printf '%s\n' "$crate_layout"; } | content_key "${files[@]}")"
}

# vendor_headers KIND CARGO_ARGUMENT...: Wasmtime's headers with conf.h as the features of this build make it.
vendor_headers() {
  local kind=$1 directory features
  shift
  read -r directory features < <(cargo metadata --format-version 1 --locked \
    --manifest-path "$(crate_of wasmtime)/Cargo.toml" "$@" | /usr/bin/python3 -c '
import json, os, sys
meta = json.load(sys.stdin)
package = next(p for p in meta["packages"] if p["name"] == "wasmtime-c-api-impl")
node = next(n for n in meta["resolve"]["nodes"] if n["id"] == package["id"])
print(os.path.dirname(package["manifest_path"]), ",".join(node["features"]))')
  cp -r "$directory/include" "include-$kind"
  FEATURES=$features /usr/bin/python3 - "include-$kind/wasmtime/conf.h" <<'PYTHON'
import os, re, sys
enabled = {"WASMTIME_FEATURE_" + f.upper().replace("-", "_") for f in os.environ["FEATURES"].split(",")}
text = open(sys.argv[1] + ".in").read()
text = re.sub(r"#cmakedefine (\w+)",
              lambda m: f"#define {m[1]}" if m[1] in enabled else f"/* #undef {m[1]} */", text)
open(sys.argv[1], "w").write(text)
os.remove(sys.argv[1] + ".in")
PYTHON
}

# build_variant NAME KIND CARGO_ARGUMENT...: one build of a crate. Both variants share the target directory, since
# most of what they are made of is the same.
build_variant() {
  local name=$1 kind=$2
  shift 2
  printf '\n== %s: the %s variant\n' "$name" "$kind"
  CARGO_TARGET_DIR=$PWD/target cargo build --release --locked -j "$MAYFLY_JOBS" \
    --manifest-path "$(crate_of "$name")/Cargo.toml" "$@"
  cp "target/release/libmayfly_$name.a" "lib/libmayfly_${name}_$kind.a"
  if [[ $name == wasmtime ]]; then vendor_headers "$kind" "$@"; fi
}

# build_component_guests DIRECTORY: guests in Rust, whose standard library has the sockets of WASI 0.2.
build_component_guests() {
  local source name
  mkdir share
  if ! rustup target add wasm32-wasip2; then
    printf 'rustup added no target wasm32-wasip2: the tests of sockets in components will be skipped\n'
    return
  fi
  for source in "$1"/*.rs; do
    name=$(basename "$source" .rs)
    rustc --edition 2024 --target wasm32-wasip2 -C opt-level=2 -C strip=symbols \
      --remap-path-prefix "$1=guests" "$source" -o "share/$name.wasm"
  done
}

# The target directory takes 2 GB and goes when the build is published; somebody who works on a crate keeps
# it with MAYFLY_KEEP_TARGET=1, so that a change builds in seconds. A build that was stopped goes on from it.
build_engine() { # NAME PUBLISHED_DIRECTORY
  local name=$1 published=$2 work=$MAYFLY_CACHE/engines/$1-target
  rm -rf "$MAYFLY_CACHE/engines/$name"-*.new # what a stopped build left; the lock is ours
  mkdir -p "$work" "$published.new/lib" "$published.new/bin"
  ln -sfn "$work" "$published.new/target"
  cd "$published.new"
  if [[ $name == componentize ]]; then
    CARGO_TARGET_DIR=$PWD/target cargo build --release --locked -j "$MAYFLY_JOBS" \
      --manifest-path "$(crate_of "$name")/Cargo.toml"
    cp target/release/componentize bin/
    build_component_guests "$(crate_of componentize)/guests"
  else
    build_variant "$name" compiler --features compiler
    build_variant "$name" run
  fi
  rm target
  rustc --version >rust-version
  mv "$published.new" "$published"
  if [[ -z ${MAYFLY_KEEP_TARGET:-} ]]; then rm -rf "$work"; fi
}

build_engines() { # NAME...
  local name published
  for name in "$@"; do
    published=$(engine_where "$name")
    [[ -d $published ]] || build_engine "$name" "$published"
  done
}

# begin_engines NAME... starts the build of those that are missing in the background; finish_engines waits for it.
declare -a engines_wanted=()
begin_engines() {
  local name missing=()
  hold_lock engines
  mapfile -t engines_wanted < <(engine_names "$@")
  use_rust || die "no Rust $rust_least or newer: run ./dev setup"
  for name in "${engines_wanted[@]}"; do
    [[ -d $(engine_where "$name") ]] || missing+=("$name")
  done
  if ((${#missing[@]} > 0)); then begin_step engines build_engines "${missing[@]}"; fi
}

finish_engines() {
  if [[ -n ${step_pid[engines]:-} ]]; then
    finish_step engines "engines: ${engines_wanted[*]}"
  else
    done_step "engines: ${engines_wanted[*]}" 'built'
  fi
  release_lock
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  if [[ ${1:-} == where ]]; then
    engine_where "${2:-wasmtime}" && echo
  else
    begin_engines "$@"
    finish_engines
  fi
fi
