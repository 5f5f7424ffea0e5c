#!/usr/bin/env bash
# Apache ECharts, whose minified script is built into the lab's HTML report: one file of its npm package, pinned by
# version and by the package's digest, published under $MAYFLY_CACHE/echarts-VERSION. A version is changed here: its
# digest is what `npm view echarts@VERSION dist.integrity` says.
#
# echarts.sh          fetches it if it is not there
# echarts.sh where    prints the script's path and fetches nothing
set -euo pipefail
# shellcheck source=tools/setup/steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

echarts_version=6.1.0
echarts_integrity=sha512-q0yaFPggC9FUdsWH4blavRWFmxdrIodbkoKNAjJudAI6CA9gNPxHtV2RcZNEepZVlk4yvBYkOkbk6HIVpIyHZA==

echarts_where() { printf '%s/echarts-%s/echarts.min.js' "$MAYFLY_CACHE" "$echarts_version"; }

fetch_echarts() {
  local published work integrity
  published=$(dirname "$(echarts_where)")
  work=$published.new
  rm -rf "$work"
  mkdir -p "$work"
  cd "$work"
  npm pack --silent "echarts@$echarts_version" >name
  integrity=sha512-$(openssl dgst -sha512 -binary "$(cat name)" | base64 -w 0)
  [[ $integrity == "$echarts_integrity" ]] ||
    die "echarts@$echarts_version has the digest $integrity instead of $echarts_integrity: it is not used"
  tar -xzf "$(cat name)" --strip-components 2 package/dist/echarts.min.js
  tar -xzf "$(cat name)" --strip-components 1 package/LICENSE package/NOTICE
  rm -f name ./*.tgz
  rm -rf "$published"
  mv "$work" "$published"
}

# Without npm the set-up goes on: everything but report.html is made.
setup_echarts() {
  if [[ -e $(echarts_where) ]]; then
    done_step 'ECharts' 'there'
  elif ! command -v npm >/dev/null; then
    done_step 'ECharts' 'not fetched: npm is not installed; reports have no HTML page'
  else
    mkdir -p "$MAYFLY_CACHE"
    run_step echarts 'ECharts' fetch_echarts
  fi
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  case ${1:-} in
    '') setup_echarts ;;
    where) echarts_where && printf '\n' ;;
    *) die 'echarts.sh: say where, or nothing' ;;
  esac
fi
