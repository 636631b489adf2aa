#!/usr/bin/env bash
# Builds the programs of others that a cluster needs, under their published names, where no image registry is reached:
# from Go modules, Debian's packages and PyPI. The tests on a cluster use them; nobody else needs them.
# usage: tests/cluster/images/build.sh    prints the names, as the local overlay and KServe's settings have them
#   BASE=IMAGE                 Debian 12 with Python; default docker.io/library/python:3.11-slim-bookworm
#   STORAGE_INITIALIZER=IMAGE  the name that the cluster's KServe asks for
# Needs buildah, Go and root. Go keeps what it compiled, buildah its layers: a second call takes seconds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
base=${BASE:-docker.io/library/python:3.11-slim-bookworm}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CGO_ENABLED=0

tag() { # IMAGE: its tag in the local overlay
    sed -n "s|.*{name: $1, newTag: \(.*\)}|\1|p" "$here/../../../manifests/overlays/local/kustomization.yaml"
}

build() { # IMAGE FOLDER
    buildah build --quiet --layers --isolation chroot --pull=never --build-arg "BASE=$base" --tag "$1" "$2" >/dev/null
    echo "$1"
}

program() { # FOLDER PACKAGE [TAGS]: compiled into $work/FOLDER, beside its Containerfile
    mkdir -p "$work/$1"
    (cd "$here/$1" && go build -trimpath -ldflags "-s -w" -tags "${3:-}" -o "$work/$1/$1" "$2")
    cp "$here/$1/Containerfile" "$work/$1"
}

program prometheus github.com/prometheus/prometheus/cmd/prometheus remove_all_sd,enable_kubernetes_sd
program alertmanager github.com/prometheus/alertmanager/cmd/alertmanager
program versitygw github.com/versity/versitygw/cmd/versitygw
build "docker.io/prom/prometheus:$(tag prom/prometheus)" "$work/prometheus"
build "docker.io/prom/alertmanager:$(tag prom/alertmanager)" "$work/alertmanager"
build "docker.io/versity/versitygw:$(tag versity/versitygw)" "$work/versitygw"
build "docker.io/library/postgres:$(tag postgres)" "$here/postgres"
build "${STORAGE_INITIALIZER:-docker.io/kserve/storage-initializer:v0.20.0}" "$here/storage-initializer"
