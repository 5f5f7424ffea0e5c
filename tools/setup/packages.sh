#!/usr/bin/env bash
# Debian packages: installs those that are missing, and only those.
# Nothing is removed, no service is started, and a container program from elsewhere is kept. On Debian 12 nothing
# is replaced either, but for WasmEdge, whose package is trixie's: with it come trixie's libc6, libstdc++6 and
# what depends on them in the same version.
#
# packages.sh [base|wasmedge|tests]...   base if none is named
set -euo pipefail
# shellcheck source=tools/setup/steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=tools/setup/host.sh
source "$MAYFLY_TREE/tools/setup/host.sh"

packages_base=(
  git ca-certificates curl python3 # the tree, the Rust installer, the image builder and the lint
  g++ cmake ninja-build ccache     # the project; a fresh clone on a used machine builds in a minute
  clang-19 lld-19 llvm-19          # the functions, native and Wasm; fuzz targets
  clang-format-19 clang-tidy-19    # the lint
  wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32
  libclang-rt-19-dev               # clang's sanitizers and libFuzzer
  nlohmann-json3-dev libcli11-dev libfmt-dev libtomlplusplus-dev libssl-dev
  libprotobuf-dev protobuf-compiler # the shim's messages
  libcurl4-openssl-dev             # mayfly-otlp sends spans
  libseccomp-dev libsystemd-dev    # seccomp filters; the systemd cgroup driver
  libgtest-dev libboost-math-dev   # tests; the lab's statistics
  libstb-dev                       # the functions' image codecs and deflate
  libmpfr-dev python3-mpmath       # the functions' sines are compared with MPFR's; their tables come from mpmath
  wabt                             # text modules of the tests
  containerd runc                  # the private containerd and the runtime to compare with
  mmdebstrap                       # image bases
  npm                              # fetches ECharts for the lab's report
)
packages_wasmedge=(libwasmedge-dev)
packages_tests=(
  golang-go                        # builds the conformance suite
  crun                             # a runtime to compare with
  docker.io podman catatonit buildah busybox-static iproute2 containernetworking-plugins # orchestrators, which the tests start privately
  chromium                         # opens the lab's report
  strace zsh fish mandoc           # calls to kill a command at; shells and a reader for completion and man pages
)

# A container program that is there already is used, whatever package it came from.
declare -A program_of=([containerd]=containerd [runc]=runc [crun]=crun [golang-go]=go
  [docker.io]=dockerd [podman]=podman [buildah]=buildah [npm]=npm)

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

missing_packages() { # PACKAGE...
  local package program
  for package in "$@"; do
    program=${program_of[$package]:-}
    if is_installed "$package" || { [[ -n $program ]] && command -v "$program" >/dev/null; }; then continue; fi
    printf '%s\n' "$package"
  done
}

has_candidate() {
  local candidate
  candidate=$(LC_ALL=C apt-cache policy "$1" | sed -n 's/^  Candidate: //p')
  [[ -n $candidate && $candidate != '(none)' ]]
}

update_index() {
  LC_ALL=C apt-get update 2>&1 | tee "$MAYFLY_LOGS/apt-update.txt" || true
  grep -qE '^(Hit|Get):' "$MAYFLY_LOGS/apt-update.txt" ||
    die "no package index could be read: check the network connection, a proxy in /etc/apt/apt.conf.d, and the sources in /etc/apt"
}

# add_trixie: on Debian 12, the next release as a source for what only it has. Priority 100: below everything
# of this release, so that no other package comes from it unless one that is asked for needs it.
add_trixie() {
  local mirror
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
  cat >/etc/apt/preferences.d/mayfly-trixie <<PIN
Package: *
Pin: release n=trixie
Pin-Priority: 100
PIN
  cat >/etc/apt/sources.list.d/mayfly-trixie.sources <<SOURCE
Types: deb
URIs: ${mirror:-http://deb.debian.org/debian}
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCE
  update_index
}

require_candidates() {
  local package absent=()
  for package in "$@"; do has_candidate "$package" || absent+=("$package"); done
  if ((${#absent[@]} > 0)) && [[ $(debian_release) == bookworm && ! -e /etc/apt/sources.list.d/mayfly-trixie.sources ]]; then
    add_trixie
    absent=()
    for package in "$@"; do has_candidate "$package" || absent+=("$package"); done
  fi
  ((${#absent[@]} == 0)) ||
    die "no package source has ${absent[*]}: see that /etc/apt lists Debian's main archive for $(debian_release)"
}

# --force-unsafe-io: dpkg does not wait for the disk after each of some 20,000 files (dpkg(1)).
# While packages are installed, policy-rc.d keeps every service from being started (exit code 101 means
# "forbidden", invoke-rc.d(8)); one that is there already is left alone.
install_quietly() { # PACKAGE...
  local policy=/usr/sbin/policy-rc.d code=0 own_policy=no release=()
  # With -t, what a package of trixie needs comes from there, too.
  if [[ " $* " == *' libwasmedge-dev '* && $(debian_release) == bookworm ]]; then release=(-t trixie); fi
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    own_policy=yes
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends --no-remove \
    -o Dpkg::Options::=--force-unsafe-io -o Dpkg::Options::=--force-confold "${release[@]}" "$@" || code=$?
  [[ $own_policy == no ]] || rm -f "$policy"
  return "$code"
}

install_packages() {
  local new_containerd=no code=0
  update_index
  require_candidates "$@"
  if [[ " $* " == *' containerd '* ]]; then new_containerd=yes; fi
  install_quietly "$@" || code=$?
  ((code == 0)) ||
    die "apt-get could not install the packages (see above): free the package lock, or remove what conflicts, and run this again"
  # The tests use a containerd of their own; the one of the package stays off at the next boot, too.
  if [[ $new_containerd == yes && -d /run/systemd/system ]]; then systemctl disable containerd.service || true; fi
}

# install_missing WHAT PACKAGE...: one step.
install_missing() {
  local what=$1 missing
  shift
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    done_step "Debian packages ($what)" 'all there'
    return
  fi
  need apt-get 'the set-up needs apt'
  mkdir -p "$MAYFLY_LOGS"
  run_step "packages-$what" "Debian packages ($what: ${#missing[@]})" install_packages "${missing[@]}"
}

setup_packages() { # [base|wasmedge|tests]...
  local kind
  check_host
  for kind in "${@:-base}"; do
    case $kind in
      base) install_missing base "${packages_base[@]}" ;;
      wasmedge) install_missing wasmedge "${packages_wasmedge[@]}" ;;
      tests) install_missing tests "${packages_tests[@]}" ;;
      *) die "packages.sh: unknown kind $kind: say base, wasmedge or tests" ;;
    esac
  done
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then setup_packages "$@"; fi
