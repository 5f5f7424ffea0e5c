#!/usr/bin/env bash
# Rust 1.95 or newer, for the engines. A cargo that is new enough is used as it is; else rustup adds a
# toolchain beside what is there; else rustup is installed.
set -euo pipefail
# shellcheck source=tools/setup/steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

rust_least=1.95.0

# new_enough COMMAND...: does "COMMAND --version" name a version of at least rust_least?
new_enough() {
  local version
  version=$("$@" --version 2>/dev/null | cut -d ' ' -f 2) || return 1
  [[ -n $version && $(printf '%s\n%s\n' "$rust_least" "$version" | sort -V | head -n 1) == "$rust_least" ]]
}

# use_rust: puts a cargo that is new enough on PATH for this shell; false if there is none.
use_rust() {
  local home=${CARGO_HOME:-$HOME/.cargo}
  if new_enough cargo && new_enough rustc; then return 0; fi
  PATH=$home/bin:$PATH
  if new_enough cargo && new_enough rustc; then return 0; fi
  # Asked by its list, since some versions of rustup install a toolchain that is only named.
  if rustup toolchain list 2>/dev/null | grep -q "^$rust_least-"; then
    export RUSTUP_TOOLCHAIN=$rust_least
    return 0
  fi
  return 1
}

# The installer program that the official script would fetch, checked against the sum beside it.
fetch_rustup() {
  local from=https://static.rust-lang.org/rustup/dist/x86_64-unknown-linux-gnu/rustup-init directory
  directory=$(mktemp -d)
  if ! curl --proto =https --tlsv1.2 -sSf --retry 3 -o "$directory/rustup-init" "$from" ||
    ! curl --proto =https --tlsv1.2 -sSf --retry 3 -o "$directory/sum" "$from.sha256"; then
    die "rustup could not be fetched: check the network connection, or install Rust $rust_least or newer by hand so that cargo is on PATH"
  fi
  [[ $(cut -d ' ' -f 1 "$directory/sum") == $(sha256sum "$directory/rustup-init" | cut -d ' ' -f 1) ]] ||
    die 'the fetched rustup does not match its checksum: run this again'
  chmod 755 "$directory/rustup-init"
  "$directory/rustup-init" -y --no-modify-path --profile minimal --default-toolchain none
  rm -r "$directory"
}

install_rust() {
  PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
  if ! command -v rustup >/dev/null; then
    if [[ -n $(apt-cache policy rustup 2>/dev/null | sed -n '/Candidate: [^(]/p') ]]; then
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends --no-remove rustup
    else
      fetch_rustup
    fi
  fi
  rustup toolchain install "$rust_least" --profile minimal --no-self-update ||
    die "rustup could not install Rust $rust_least: check the network connection, or install Rust $rust_least or newer by hand so that cargo is on PATH"
}

setup_rust() {
  if use_rust; then
    done_step Rust "$(cargo --version | cut -d ' ' -f 2)"
    return
  fi
  need curl 'run tools/setup/packages.sh first'
  run_step rust "Rust $rust_least" install_rust
  use_rust || die "Rust $rust_least was installed but cargo does not run: see $MAYFLY_LOGS/rust.log"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then setup_rust; fi
