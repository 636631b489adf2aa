#!/usr/bin/env bash
# Installs what some tests need beside Python: Chromium opens pages; Prometheus and Alertmanager run
# rules and alerts; PostgreSQL holds ledgers and logs. Only as root, on Debian or Ubuntu; elsewhere
# those tests are skipped and say why.
set -euo pipefail
wanted=()
need() { command -v "$1" >/dev/null || wanted+=("${@:2}"); }
need chromium chromium fonts-dejavu-core
need promtool prometheus
need amtool prometheus-alertmanager
need pgrep procps
[ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || wanted+=(postgresql)
[ ${#wanted[@]} = 0 ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "not root on Debian or Ubuntu: tests that need ${wanted[*]} are skipped"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# Packages start a service of their own when they are installed; tests start theirs.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
trap 'rm -f /usr/sbin/policy-rc.d' EXIT
apt-get update -qq
apt-get install -qq --no-install-recommends "${wanted[@]}" >/dev/null
