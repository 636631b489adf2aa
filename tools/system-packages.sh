#!/usr/bin/env bash
# Installs what some tests need beside Python: Chromium opens the report. Only as root, on Debian or
# Ubuntu; elsewhere those tests are skipped and say why.
set -euo pipefail
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "not root on Debian or Ubuntu: tests that need Chromium are skipped"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
