#!/bin/sh
# Makes /opt/tools (setuptools, cyclonedx-py) and, if SOURCE is given, the wheel of mdlc in /opt/wheel.
# usage: tools.sh LOCK [SOURCE]
set -eu
lock=$1
source=${2:-}

# An index or a certificate of one's own comes as secrets, which no layer keeps.
[ -s /run/secrets/pip.conf ] && export PIP_CONFIG_FILE=/run/secrets/pip.conf
[ -s /run/secrets/ca.crt ] && export PIP_CERT=/run/secrets/ca.crt
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

if [ ! -x /opt/tools/bin/cyclonedx-py ]; then
    python3 -m venv --without-pip /opt/tools
    pip --quiet --python /opt/tools/bin/python install --no-deps --require-hashes \
        --only-binary :all: -r "$lock"
fi
[ -n "$source" ] || exit 0
pip --quiet --python /opt/tools/bin/python wheel --no-deps --no-build-isolation \
    --wheel-dir /opt/wheel "$source"
