#!/usr/bin/env bash
# Writes every lock file anew from pyproject.toml: the whole project's, and one per image and for the demo.
# Usage: lock.sh UV   (UV: the path of the uv program; `make lock` installs one)
set -euo pipefail
uv=$1
cd "$(dirname "$0")/../.."

compile() {
  "$uv" pip compile "$@" --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-header --no-annotate --quiet
}

compile pyproject.toml --extra dev --output-file requirements.lock
for extra in profile-api scoring training registry demo; do
  # Constrained by the project's lock: nothing ever runs versions that the tests have not seen.
  compile pyproject.toml --extra "$extra" --constraint requirements.lock \
    --output-file "infra/requirements/$extra.lock"
done
printf 'hatchling>=1.27\neditables>=0.5\n' | compile - --constraint requirements.lock --output-file infra/requirements/build.lock
