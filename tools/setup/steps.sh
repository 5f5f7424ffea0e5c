# shellcheck shell=bash
# What every script of this folder shares: the paths, messages, and steps that may take long.
# Sourced, never run. A step writes to a log file of its own under build/logs; on a terminal one line
# shows its time and last words, elsewhere a plain line comes every 15 seconds.
set -euo pipefail

MAYFLY_TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
MAYFLY_CACHE=${MAYFLY_CACHE:-/var/cache/mayfly}      # built engines, image bases: keyed by content
MAYFLY_STATE=${MAYFLY_STATE:-/var/lib/mayfly-dev}    # the private containerd's store
MAYFLY_RUN=${MAYFLY_RUN:-/run/mayfly-dev}            # its socket and run-time state
MAYFLY_LOGS=$MAYFLY_TREE/build/logs
MAYFLY_JOBS=${MAYFLY_JOBS:-$(nproc)}
export MAYFLY_TREE MAYFLY_CACHE MAYFLY_STATE MAYFLY_RUN MAYFLY_LOGS MAYFLY_JOBS

say() { printf '%s\n' "$*"; }

die() {
  printf 'mayfly: %s\n' "$*" >&2
  exit 1
}

# need PROGRAM WHAT_TO_DO: ends with one sentence when PROGRAM is not on PATH.
need() {
  command -v "$1" >/dev/null || die "$1 is not installed: $2"
}

format_seconds() {
  if (($1 < 60)); then printf '%d s' "$1"; else printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); fi
}

# done_step TITLE TEXT: the line of a step that ended or had nothing to do.
done_step() {
  if [[ -t 1 ]]; then printf '\r\033[K'; fi
  printf '  %-26s %s\n' "$1" "$2"
}

last_words() {
  tail -c 400 "$1" 2>/dev/null | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-"$2" || true
}

show_failure() {  # TITLE LOG CODE SECONDS
  done_step "$1" "failed after $(format_seconds "$4") with exit code $3"
  {
    printf 'mayfly: step "%s" failed; its last lines:\n' "$1"
    tail -n 20 "$2" | sed 's/^/    /'
    printf 'mayfly: the whole log: %s\n' "$2"
  } >&2
}

# begin_step NAME COMMAND [ARG...]: starts COMMAND (a program or a function) in the background, in a process
# group of its own, with its output in build/logs/NAME.log. finish_step waits for it. Neither may stand in
# a condition (bash would switch `set -e` off inside COMMAND).
declare -A step_pid=() step_begin=()
begin_step() {
  local name=$1
  shift
  mkdir -p "$MAYFLY_LOGS"
  step_begin[$name]=$SECONDS
  set -m
  (
    set +m
    "$@"
  ) >"$MAYFLY_LOGS/$name.log" 2>&1 </dev/null &
  step_pid[$name]=$!
  set +m
}

stop_steps() {
  local name
  for name in "${!step_pid[@]}"; do kill -TERM -- "-${step_pid[$name]}" 2>/dev/null || true; done
}
trap 'stop_steps; exit 130' INT
trap 'stop_steps; exit 143' TERM

# finish_step NAME TITLE: shows progress until the step ends; ends the program with the log's end if it failed.
finish_step() {
  local name=$1 title=$2 pid=${step_pid[$1]} begin=${step_begin[$1]} code=0 elapsed next=15 shown=-1
  local log=$MAYFLY_LOGS/$name.log columns=${COLUMNS:-100}
  while kill -0 "$pid" 2>/dev/null; do
    elapsed=$((SECONDS - begin))
    if [[ -t 1 ]]; then
      if ((elapsed != shown)); then
        printf '\r\033[K  %-26s %s  %s' "$title" "$(format_seconds $elapsed)" "$(last_words "$log" $((columns - 44)))"
        shown=$elapsed
      fi
    elif ((elapsed >= next)); then
      printf '  %-26s %s  %s\n' "$title ..." "$(format_seconds $elapsed)" "$(last_words "$log" 80)"
      next=$((elapsed + 15))
    fi
    sleep 0.2
  done
  wait "$pid" || code=$?
  unset "step_pid[$name]"
  elapsed=$((SECONDS - begin))
  if ((code != 0)); then
    show_failure "$title" "$log" "$code" "$elapsed"
    stop_steps
    exit 1
  fi
  done_step "$title" "done in $(format_seconds $elapsed)"
}

# run_step NAME TITLE COMMAND [ARG...]: one step from begin to end.
run_step() {
  local name=$1 title=$2
  shift 2
  begin_step "$name" "$@"
  finish_step "$name" "$title"
}

# hold_lock NAME, release_lock: between them, no other set-up works on the same part of the cache.
hold_lock() {
  mkdir -p "$MAYFLY_CACHE/locks"
  exec {step_lock}>"$MAYFLY_CACHE/locks/$1"
  if ! flock -n "$step_lock"; then
    say "  waiting for another set-up of $1 to end"
    flock "$step_lock"
  fi
}
release_lock() { exec {step_lock}>&-; }

# content_key FILE...: a short name for the content of files (and of what is on standard input).
content_key() {
  { sha256sum "$@" | cut -d ' ' -f 1; cat; } | sha256sum | cut -c 1-16
}
