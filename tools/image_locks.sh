#!/usr/bin/env bash
# Resolves images/locks/*.lock again, at the versions of requirements.lock wherever it has the package.
# Options go to every `uv pip compile`, so `tools/image_locks.sh --upgrade` works.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)
pinned=$(mktemp)
trap 'rm -f "$pinned"' EXIT

compile() { # OUTPUT INPUT...
    local output=images/locks/$1
    shift
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-header --no-annotate -o "$output" "$@" "${more[@]}"
    echo "$output: $(grep -cE '^[a-z0-9]' "$output") packages"
}

more=("$@")
compile build.lock images/build/requirements.in
more=(-c requirements.lock "$@")
steps=(pyproject.toml --extra kubernetes --extra postgres --extra s3)
compile steps.lock "${steps[@]}"
compile steps-deep.lock "${steps[@]}" --extra deep
compile steps-gpu.lock "${steps[@]}" --extra deep images/build/gpu.in
serving=(images/serving/requirements.in --overrides images/serving/unused.txt)
compile serving.lock "${serving[@]}"
compile serving-deep.lock "${serving[@]}" images/serving/tensorflow.in
compile serving-gpu.lock "${serving[@]}" images/build/gpu.in
# The server has bounds of its own (pyarrow, for one); only its release is the client's.
grep -oE '^mlflow-skinny==[^ ]+' requirements.lock | sed 's/-skinny//' >"$pinned"
more=(-c "$pinned" "$@")
compile mlflow.lock images/mlflow/requirements.in
