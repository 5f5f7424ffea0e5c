#!/usr/bin/env bash
# The private containerd: the containerd program of this machine with its own store, state, socket and
# configuration. Whatever containerd the host runs is never asked, changed or stopped.
set -euo pipefail
# shellcheck source=tools/setup/steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

private_store=$MAYFLY_STATE/containerd      # images, snapshots, records: lasts
private_run=$MAYFLY_RUN/containerd          # socket, pid file, state of running containers
private_root=$private_store/root
private_socket=$private_run/containerd.sock
pid_file=$private_run/pid
log_file=$private_store/containerd.log
default_namespace=mayfly-lab
daemon_group=mayfly-daemon-$(basename "$MAYFLY_RUN")

containerd_usage() {
  cat <<HELP
Usage: ./dev containerd COMMAND [ARGUMENT]

The private containerd: store $private_store, socket $private_socket.

  start                   start it and wait until it answers
  stop                    end its containers, stop it, unmount what it mounted
  status                  running or not, socket, version, images; exit code 3 if it does not run
  socket                  print the socket's path
  import [NAMESPACE]      import the images of build/images whose digest is not there yet ($default_namespace)
  save TAR                stop, save the whole store to TAR (and a list of it to TAR.list), start
  restore TAR             stop, put the store back to what it was at save, start and wait until it answers

Environment: MAYFLY_STATE (/var/lib/mayfly-dev), MAYFLY_RUN (/run/mayfly-dev); MAYFLY_NO_UNIFIED=1: at start,
hide a v2 cgroup mount beside v1 ones from it and its containers, as crun needs it.

Examples:
  ./dev containerd start
  ctr --address \$(./dev containerd socket) --namespace $default_namespace images ls
  ./dev containerd save /var/tmp/pristine.tar && ./dev containerd restore /var/tmp/pristine.tar
HELP
}

ctr_private() { timeout "${ctr_timeout:-30}" ctr --address "$private_socket" "$@"; }

# running_pid: the pid of our daemon; false if it does not run. A pid that now belongs to another program does
# not count, nor does a dead process that nobody has waited for yet: ours has our configuration file on its
# command line.
running_pid() {
  local pid
  [[ -r $pid_file ]] && pid=$(<"$pid_file") && [[ -n $pid && -r /proc/$pid/cmdline ]] || return 1
  tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF "$private_store/config.toml" || return 1
  printf '%s' "$pid"
}

# Sources: containerd docs/man/containerd-config.toml.5.md, version 2. oom_score 0 leaves the value as it is,
# which also works where it may not be lowered. The opt plugin would otherwise make /opt/containerd.
write_config() {
  cat >"$private_store/config.toml" <<TOML
version = 2
root = "$private_root"
state = "$private_run/state"
oom_score = 0
disabled_plugins = [
  "io.containerd.grpc.v1.cri",
  "io.containerd.internal.v1.tracing",
  "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
  address = "$private_socket"

[ttrpc]
  address = "$private_socket.ttrpc"

[plugins."io.containerd.internal.v1.opt"]
  path = "$private_store/opt"
TOML
}

wait_ready() { # PID
  local deadline=$((SECONDS + 30))
  until [[ -S $private_socket ]] && ctr_timeout=5 ctr_private version >/dev/null 2>&1; do
    if ! kill -0 "$1" 2>/dev/null; then
      tail -n 20 "$log_file" >&2
      die "the private containerd ended while starting: see $log_file"
    fi
    ((SECONDS < deadline)) || die "the private containerd does not answer on $private_socket after 30 s: see $log_file"
    sleep 0.05
  done
}

# own_cgroup: accounts of CPU time and reading of its own for the daemon with its shims, where v1 has them.
own_cgroup() {
  local controller directory
  for controller in cpuacct blkio; do
    [[ -e /sys/fs/cgroup/$controller/cgroup.procs ]] || continue
    directory=/sys/fs/cgroup/$controller/$daemon_group
    { mkdir -p "$directory" && echo "$BASHPID" >"$directory/cgroup.procs"; } 2>/dev/null || true
  done
}

start_containerd() {
  local pid
  if pid=$(running_pid); then return; fi
  ((EUID == 0)) || die 'containerd needs root: run this with sudo or in a root shell'
  need containerd 'run ./dev setup'
  need ctr 'run ./dev setup'
  mkdir -p "$private_store" "$private_run"
  chmod 711 "$private_store" "$private_run"
  remove_leftovers
  write_config
  # Its own session and working directory, and no descriptor of ours, so that it outlives this program. Its
  # shims come from this tree's build first; the phase clock's file is written to only while it is there.
  local -a alone=()
  # crun refuses a host with v1 controllers and a v2 mount: here that mount is hidden from all alike.
  if [[ -n ${MAYFLY_NO_UNIFIED:-} ]] && mountpoint -q /sys/fs/cgroup/unified; then
    # shellcheck disable=SC2016
    alone=(unshare --mount --propagation private sh -c 'umount /sys/fs/cgroup/unified && exec "$@"' sh)
  fi
  (
    cd /
    own_cgroup
    export MAYFLY_PHASES=$private_run/phases PATH=$MAYFLY_TREE/build/release/bin:$PATH
    exec "${alone[@]}" setsid containerd --config "$private_store/config.toml" </dev/null >>"$log_file" 2>&1
  ) &
  pid=$!
  disown "$pid"
  printf '%s\n' "$pid" >"$pid_file"
  wait_ready "$pid"
}

# end_tasks: kills and deletes the running containers of every namespace, through the daemon.
end_tasks() {
  local namespace task
  for namespace in $(ctr_private namespaces ls -q 2>/dev/null); do
    for task in $(ctr_private -n "$namespace" tasks ls -q 2>/dev/null); do
      ctr_private -n "$namespace" tasks kill -s SIGKILL "$task" >/dev/null 2>&1 || true
      ctr_private -n "$namespace" tasks rm -f "$task" >/dev/null 2>&1 || true
    done
  done
}

# our_shims: pids of shims that were started for our socket: it is a whole argument of theirs.
our_shims() {
  local file
  while read -r file; do
    if [[ $(cat "${file%cmdline}comm" 2>/dev/null) == containerd-shim* ]]; then basename "${file%/cmdline}"; fi
  done < <(grep -slzxF -e "$private_socket" /proc/[0-9]*/cmdline)
}

# remove_leftovers: what a killed daemon leaves: shims with their sockets, mounts below our state, the socket.
remove_leftovers() {
  local pid mount address
  for pid in $(our_shims); do kill -KILL "$pid" 2>/dev/null || true; done
  while read -r address; do
    rm -f "${address#unix://}"
  done < <(find "$private_run/state" -name address -exec cat {} + -exec echo \; 2>/dev/null)
  # Deepest first: the order of mounting, backwards.
  while read -r mount; do
    umount "$mount" 2>/dev/null || umount -l "$mount"
  done < <(awk -v a="$private_run/" -v b="$private_store/" 'index($5, a) == 1 || index($5, b) == 1 {print $5}' \
    /proc/self/mountinfo | tac)
  rmdir /sys/fs/cgroup/{cpuacct,blkio}/"$daemon_group" 2>/dev/null || true
  rm -rf "$private_run/state" "$private_socket" "$private_socket.ttrpc" "$pid_file"
}

stop_containerd() {
  local pid deadline
  if pid=$(running_pid); then
    end_tasks
    kill -TERM "$pid"
    deadline=$((SECONDS + 10))
    while running_pid >/dev/null && ((SECONDS < deadline)); do sleep 0.02; done
    if running_pid >/dev/null; then kill -KILL "$pid"; fi
    while running_pid >/dev/null; do sleep 0.02; done
  fi
  if [[ -d $private_run ]]; then remove_leftovers; fi
}

show_status() {
  local pid
  if ! pid=$(running_pid); then
    say "containerd: not running (start it: ./dev containerd start)"
    return 3
  fi
  say "containerd: running, pid $pid, socket $private_socket, $(ctr_private version | awk '/Server/ {s = 1} s && /Version/ {print $2}')"
  local namespace
  for namespace in $(ctr_private namespaces ls -q); do
    say "  $namespace: $(ctr_private -n "$namespace" images ls -q | wc -l) images, $(ctr_private -n "$namespace" tasks ls -q | wc -l) tasks"
  done
}

# import_images: an image whose name is there with the same digest is left alone.
import_images() { # NAMESPACE
  local namespace=$1 present count=0 total=0 name digest archive table=$MAYFLY_TREE/build/images/images.tsv
  [[ -r $table ]] || die 'no images are built: run ./dev images'
  running_pid >/dev/null || die 'the private containerd does not run: run ./dev containerd start'
  present=$(ctr_private -n "$namespace" images ls | awk 'NR > 1 {print $1, $3}')
  while IFS=$'\t' read -r name digest archive; do
    total=$((total + 1))
    if grep -qxF "$name $digest" <<<"$present"; then continue; fi
    ctr_timeout=300 ctr_private -n "$namespace" images import "$MAYFLY_TREE/build/images/$archive"
    count=$((count + 1))
  done <"$table"
  say "imported $count of $total images into $namespace"
}

containerd_socket() { say "$private_socket"; }

setup_containerd() {
  start_containerd
  run_step import 'private containerd' import_images "$default_namespace"
}

# store_list: every path of the store with what tells whether it changed: type, and for all but directories
# size, time of change to the content, link target. Sorted, NUL-separated.
store_list() {
  find "$private_root" -mindepth 1 \( -type d -printf '%P\td\0' -o -printf '%P\t%y %s %T@ %l\0' \) | LC_ALL=C sort -z
}

save_store() { # TAR
  stop_containerd
  tar --create --file "$1.new" --directory "$private_root" --format posix --numeric-owner \
    --xattrs --xattrs-include='*' .
  store_list >"$1.list"
  mv "$1.new" "$1"
  start_containerd
}

# restore_store puts back what differs and removes what is new, so that it costs what a run changed and not
# what the store holds: removing thousands of files takes half a minute on some disks.
restore_store() { # TAR
  local now changed=()
  [[ -r $1 && -r $1.list ]] || die "$1 or $1.list cannot be read: make them with ./dev containerd save $1"
  stop_containerd
  now=$(mktemp)
  mkdir -p "$private_root"
  store_list >"$now"
  # What is there now but was not, or was not like this, goes; the deepest path first.
  while IFS= read -r -d '' changed; do
    if [[ -d $private_root/${changed%%$'\t'*} && ! -L $private_root/${changed%%$'\t'*} ]]; then
      rmdir "$private_root/${changed%%$'\t'*}"
    else
      rm -f "$private_root/${changed%%$'\t'*}"
    fi
  done < <(LC_ALL=C comm -z -13 "$1.list" "$now" | tac -s '')
  mapfile -d '' -t changed < <(LC_ALL=C comm -z -23 "$1.list" "$now")
  rm -f "$now"
  if ((${#changed[@]} > 0)); then
    printf './%s\0' "${changed[@]%%$'\t'*}" |
      tar --extract --file "$1" --directory "$private_root" --numeric-owner --same-owner --same-permissions \
        --xattrs --xattrs-include='*' --no-recursion --null --files-from -
  fi
  start_containerd
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  case ${1:-} in
    start) start_containerd && show_status ;;
    stop) stop_containerd && say 'containerd: stopped' ;;
    status) show_status ;;
    socket) containerd_socket ;;
    import) import_images "${2:-$default_namespace}" ;;
    save | restore)
      [[ -n ${2:-} ]] || die "containerd $1: name the tar file: ./dev containerd $1 TAR"
      "$1_store" "$(realpath -m "$2")"
      ;;
    -h | --help) containerd_usage ;;
    *)
      containerd_usage >&2
      exit 2
      ;;
  esac
fi
