#!/usr/bin/env bash
# Runs the tests that are built, by label, and reports: what was skipped and why, and a closing count.
set -euo pipefail
# shellcheck source=tools/setup/steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

# The labels of each build whose tests must run. One that runs no test fails the whole, so that a test
# program that drops out of the build is noticed. This is the one place that lists them.
labels_release=(unit golden lint root engine containerd conformance orchestrators)
labels_asan=(unit root)
labels_suite=(unit golden)
labels_fuzz=(fuzz)

# run_labels BUILD LABEL...: one ctest run; its results go to build/BUILD/tests.xml. A failing test does not
# end this program here: the report does, after every build has had its turn.
run_labels() {
  local build=$1 pattern
  shift
  pattern="^($(IFS='|' && printf '%s' "$*"))\$"
  say
  say "== tests of build/$build: $*"
  ctest --test-dir "$MAYFLY_TREE/build/$build" --label-regex "$pattern" --label-exclude '^slow$' \
    --parallel "$MAYFLY_JOBS" --timeout 600 --output-on-failure --no-label-summary \
    --output-junit "$MAYFLY_TREE/build/$build/tests.xml" || true
}

report() {
  PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$MAYFLY_TREE/tools/setup/test_report.py" "$MAYFLY_TREE/build" \
    "release=${labels_release[*]}" "asan=${labels_asan[*]}" "suite=${labels_suite[*]}" "fuzz=${labels_fuzz[*]}"
}

run_tests() {
  export MAYFLY_SUITE_RUNNER=$MAYFLY_TREE/tools/run-module
  rm -f "$MAYFLY_TREE"/build/*/tests.xml
  run_labels release "${labels_release[@]}"
  run_labels asan "${labels_asan[@]}"
  run_labels suite "${labels_suite[@]}"
  run_labels fuzz "${labels_fuzz[@]}"
  report
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then run_tests; fi
