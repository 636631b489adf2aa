#!/bin/sh
# Puts mdlc's wheel, if there is one, into /opt/mdlc, and the bill of materials into /opt/mdlc/sbom.cdx.json.
# usage: finish.sh [WHEEL]; after install.sh
set -eu
[ -z "${1:-}" ] || PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 pip --quiet --python /opt/mdlc/bin/python install \
    --no-compile --no-deps --no-index --root-user-action ignore "$1"

/opt/tools/bin/cyclonedx-py environment --output-reproducible --spec-version 1.6 \
    --output-format JSON --output-file /opt/mdlc/sbom.cdx.json /opt/mdlc/bin/python
# Suites of tests that libraries ship: 24 MB in the serving image, never imported.
find /opt/mdlc/lib -type d -name tests -path '*/site-packages/*' -prune -exec rm -rf {} +
