#!/usr/bin/env bash
# Builds the images with docker, podman or buildah; `make images` calls it.
# usage: tools/images.sh [NAME...]     names: steps steps-deep steps-gpu serving serving-deep serving-gpu mlflow
#   default: steps serving mlflow
#   ENGINE=docker|podman|buildah   the first that is installed
#   REPOSITORY=example/team        put before the names; TAG: the version and the commit
#   BASE=IMAGE  PULL=always|never  ENGINE_OPTIONS="..." go to the engine (buildah in a container: --isolation chroot)
#   An index of your own: pip's configuration (PIP_CONFIG_FILE, or the user's or the machine's pip.conf) and
#   PIP_CERT or SSL_CERT_FILE go into the build as secrets, which no layer keeps.
# Writes dist/images/NAME.cdx.json, the bill of materials of each.
set -euo pipefail
cd "$(dirname "$0")/.."

names=("$@")
[ ${#names[@]} -gt 0 ] || names=(steps serving mlflow)
engine=${ENGINE:-}
for name in docker podman buildah; do
    [ -z "$engine" ] && command -v "$name" >/dev/null && engine=$name
done
if [ -z "$engine" ]; then
    echo "error: no docker, podman or buildah found; install one" >&2
    exit 1
fi

version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
# The time of the commit, not of the build: the same commit gives the same image.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH=$epoch
changed=$([ -z "$(git status --porcelain 2>/dev/null)" ] || echo "-changed")
tag=${TAG:-$version-${revision:0:12}$changed}
created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$epoch" +%Y-%m-%dT%H:%M:%SZ)
base=${BASE:-python:3.11-slim-bookworm}

secrets=$(mktemp -d)
trap 'rm -rf "$secrets"' EXIT
: >"$secrets/pip.conf"
: >"$secrets/ca.crt"
for file in "${PIP_CONFIG_FILE:-}" "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf" /etc/pip.conf; do
    if [ -n "$file" ] && [ -s "$file" ]; then
        # A certificate named there is not in the build; its content comes as a secret of its own.
        grep -vE '^ *(cert|find-links|no-index) *=' "$file" >"$secrets/pip.conf" || true
        break
    fi
done
for name in index-url:PIP_INDEX_URL extra-index-url:PIP_EXTRA_INDEX_URL; do
    variable=${name#*:}
    [ -z "${!variable:-}" ] || printf '[global]\n%s = %s\n' "${name%%:*}" "${!variable}" >>"$secrets/pip.conf"
done
certificate=${PIP_CERT:-${SSL_CERT_FILE:-}}
[ -z "$certificate" ] || cp "$certificate" "$secrets/ca.crt"

title() {
    case $1 in
    steps*) echo "mdlc: pipeline steps, trigger and command line" ;;
    serving*) echo "mdlc: the predictor" ;;
    mlflow) echo "MLflow for mdlc" ;;
    esac
}

build() { # NAME
    local name=$1 room=${1%%-*} image=${REPOSITORY:+$REPOSITORY/}mdlc-$1:$tag
    local options=(--file "images/$room/Containerfile" --tag "$image"
        --build-arg "BASE=$base" --build-arg "SOURCE_DATE_EPOCH=$epoch"
        --secret "id=pip.conf,src=$secrets/pip.conf" --secret "id=ca.crt,src=$secrets/ca.crt"
        --label "org.opencontainers.image.title=$(title "$name")"
        --label "org.opencontainers.image.version=$version"
        --label "org.opencontainers.image.revision=$revision"
        --label "org.opencontainers.image.created=$created"
        --label "org.opencontainers.image.licenses=Apache-2.0"
        --label "org.opencontainers.image.base.name=$base")
    [ "$room" = mlflow ] || options+=(--build-arg "LOCK=$name.lock")
    case ${PULL:-} in
    never) [ "$engine" = docker ] || options+=(--pull=never) ;;
    always) options+=(--pull) ;;
    esac
    # shellcheck disable=SC2206 # several options in one variable
    options+=(${ENGINE_OPTIONS:-})
    case $engine in
    docker) DOCKER_BUILDKIT=1 docker build "${options[@]}" . ;;
    podman) podman build --timestamp "$epoch" --format docker "${options[@]}" . ;;
    buildah) buildah build --timestamp "$epoch" --format docker --layers "${options[@]}" . ;;
    *) echo "error: ENGINE is $engine, not docker, podman or buildah" >&2 && exit 1 ;;
    esac
    bill "$image" "dist/images/mdlc-$name.cdx.json"
    echo "$image"
}

bill() { # IMAGE FILE
    local container mounted
    mkdir -p "$(dirname "$2")"
    if [ "$engine" = buildah ]; then
        container=$(buildah from --pull=never "$1")
        mounted=$(buildah mount "$container")
        cp "$mounted/opt/mdlc/sbom.cdx.json" "$2"
        buildah rm "$container" >/dev/null
    else
        container=$("$engine" create "$1")
        "$engine" cp "$container:/opt/mdlc/sbom.cdx.json" "$2"
        "$engine" rm "$container" >/dev/null
    fi
}

for name in "${names[@]}"; do
    case $name in
    steps | steps-deep | steps-gpu | serving | serving-deep | serving-gpu | mlflow) ;;
    *)
        echo "error: no image is named $name; see the head of tools/images.sh" >&2
        exit 2
        ;;
    esac
done
for name in "${names[@]}"; do build "$name"; done
