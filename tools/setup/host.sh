# shellcheck shell=bash
# Is this a machine that the set-up knows? Sourced, never run.

# check_host: ends with a sentence that says what to do on anything but Debian 12 or 13, x86-64, as root.
check_host() {
  local id='' version=''
  [[ $(uname -m) == x86_64 ]] || die "this machine is $(uname -m), the set-up builds for x86-64: run it on an x86-64 machine"
  if [[ -r /etc/os-release ]]; then
    # shellcheck disable=SC1091
    id=$(. /etc/os-release && printf '%s' "${ID:-}")
    # shellcheck disable=SC1091
    version=$(. /etc/os-release && printf '%s' "${VERSION_ID:-}")
  fi
  [[ $id == debian && ($version == 12 || $version == 13) ]] ||
    die "this system is ${id:-unknown} ${version:-(no version)}, the set-up knows Debian 12 and 13: use one of them, or install what tools/setup/packages.sh lists by hand and run cmake --preset release"
  ((EUID == 0)) || die "the set-up installs packages and the tests make namespaces, both need root: run it with sudo or in a root shell"
}

# debian_release: the code name of this Debian.
debian_release() {
  # shellcheck disable=SC1091
  (. /etc/os-release && printf '%s' "${VERSION_CODENAME:?}")
}
