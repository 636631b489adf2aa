#!/bin/sh
# Makes the virtual environment /opt/mdlc from a lock file; runs in a build stage, before the source is there, so that a
# changed source leaves the layer as it is.
# usage: install.sh LOCK; then finish.sh
set -eu
lock=$1

# An index or a certificate of one's own comes as secrets, which no layer keeps.
[ -s /run/secrets/pip.conf ] && export PIP_CONFIG_FILE=/run/secrets/pip.conf
[ -s /run/secrets/ca.crt ] && export PIP_CERT=/run/secrets/ca.crt
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

python3 -m venv --without-pip /opt/mdlc
# The lock is whole, so nothing is resolved; only wheels, so nothing of others is run. Except for what is published
# as source alone: it is built with our own setuptools.
sources=kfp-server-api
awk -v names="$sources" 'BEGIN { split(names, list, " "); for (i in list) source[list[i]] = 1 }
    /^[A-Za-z0-9]/ { split($0, part, "=="); into = part[1] in source ? "/tmp/sources.lock" : "/tmp/wheels.lock" }
    { print > into }' "$lock"
pip --quiet --python /opt/mdlc/bin/python install --no-compile --no-deps --require-hashes \
    --only-binary :all: -r /tmp/wheels.lock
if [ -s /tmp/sources.lock ]; then
    pip --quiet --python /opt/tools/bin/python wheel --no-deps --no-build-isolation --require-hashes \
        --wheel-dir /tmp/sources -r /tmp/sources.lock
    pip --quiet --python /opt/mdlc/bin/python install --no-compile --no-deps /tmp/sources/*.whl
fi
