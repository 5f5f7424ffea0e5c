#!/usr/bin/env bash
# The engines: builds the crate engines/wasmtime/crate twice, without and with the compiler, and publishes
# the two libraries and the vendor's headers under $MAYFLY_CACHE/engines/wasmtime-KEY. KEY stands for the
# crate's files and the Rust version, so that a change of either builds anew and nothing else does.
#
#   wasmtime-KEY/lib/libmayfly_wasmtime_{run,compiler}.a
#   wasmtime-KEY/include-{run,compiler}/     wasmtime.h and the rest, conf.h as the build's features make it
#
# engines.sh         builds what is missing
# engines.sh where   prints that directory and builds nothing
set -euo pipefail
# shellcheck source=tools/setup/steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=tools/setup/rust.sh
source "$MAYFLY_TREE/tools/setup/rust.sh"

MAYFLY_WASMTIME_CRATE=${MAYFLY_WASMTIME_CRATE:-$MAYFLY_TREE/engines/wasmtime/crate}
wasmtime_layout=1 # of the published directory; a change of its shape takes the next number

# wasmtime_where: the published directory of the crate as it is now.
wasmtime_where() {
  local crate=$MAYFLY_WASMTIME_CRATE
  [[ -r $crate/Cargo.lock ]] || die "$crate/Cargo.lock is not there: the tree is not whole, clone it anew"
  use_rust || die "no Rust $rust_least or newer: run ./dev setup"
  local files
  mapfile -t files < <(find "$crate/Cargo.toml" "$crate/Cargo.lock" "$crate/src" -type f | LC_ALL=C sort)
  printf '%s/engines/wasmtime-%s' "$MAYFLY_CACHE" \
    "$({ rustc --version; printf '%s\n' "$wasmtime_layout"; } | content_key "${files[@]}")"
}

# vendor_headers KIND CARGO_ARGUMENT...: the vendor's headers with conf.h as the features of this build make it.
vendor_headers() {
  local kind=$1 directory features
  shift
  read -r directory features < <(cargo metadata --format-version 1 --locked \
    --manifest-path "$MAYFLY_WASMTIME_CRATE/Cargo.toml" "$@" | /usr/bin/python3 -c '
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

# build_variant KIND CARGO_ARGUMENT...: one build of the crate. Both variants share the target directory, since
# most of what they are made of is the same.
build_variant() {
  local kind=$1
  shift
  printf '\n== the %s variant\n' "$kind"
  CARGO_TARGET_DIR=$PWD/target cargo build --release --locked -j "$MAYFLY_JOBS" \
    --manifest-path "$MAYFLY_WASMTIME_CRATE/Cargo.toml" "$@"
  cp target/release/libmayfly_wasmtime.a "lib/libmayfly_wasmtime_$kind.a"
  vendor_headers "$kind" "$@"
}

# The target directory takes 2 GB and goes when the build is published; somebody who works on the crate keeps
# it with MAYFLY_KEEP_TARGET=1, so that a change builds in seconds. A build that was stopped goes on from it.
build_wasmtime() { # PUBLISHED_DIRECTORY
  local published=$1 work=$MAYFLY_CACHE/engines/wasmtime-target
  rm -rf "$MAYFLY_CACHE"/engines/wasmtime-*.new # what a stopped build left; the lock is ours
  mkdir -p "$work" "$published.new/lib"
  ln -sfn "$work" "$published.new/target"
  cd "$published.new"
  build_variant compiler --features compiler
  build_variant run
  rm target
  rustc --version >rust-version
  mv "$published.new" "$published"
  if [[ -z ${MAYFLY_KEEP_TARGET:-} ]]; then rm -rf "$work"; fi
}

# begin_wasmtime starts the build in the background where one is needed; finish_wasmtime waits for it.
begin_wasmtime() {
  local published
  hold_lock wasmtime
  published=$(wasmtime_where)
  use_rust
  if [[ ! -d $published ]]; then begin_step engines build_wasmtime "$published"; fi
}

finish_wasmtime() {
  if [[ -n ${step_pid[engines]:-} ]]; then
    finish_step engines 'Wasmtime'
  else
    done_step 'Wasmtime' "built ($(basename "$(wasmtime_where)"))"
  fi
  release_lock
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  case ${1:-} in
    '')
      begin_wasmtime
      finish_wasmtime
      ;;
    where) wasmtime_where && echo ;;
    *) die "engines.sh: unknown argument $1: say nothing or where" ;;
  esac
fi
