#!/usr/bin/env bash
# Images: packs the built functions as suite/images.toml says into OCI archives under build/images,
# with the sizes in build/images/sizes.csv.
#
# images.sh bases   only makes the image bases (a download, at the first time)
# images.sh         all of it
set -euo pipefail
# shellcheck source=tools/setup/steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

images_program() { PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$MAYFLY_TREE/tools/images" "$@"; }

setup_bases() { run_step image-bases 'image bases' images_program bases; }

setup_images() { run_step images 'images' images_program all; }

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  case ${1:-} in
    bases) setup_bases ;;
    '') setup_images ;;
    *) die 'images.sh: say nothing or bases' ;;
  esac
fi
