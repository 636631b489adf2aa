#!/usr/bin/env bash
# Makes .venv with the locked dependencies and mdlc itself. Safe to repeat; does nothing when it is
# up to date. Needs Python 3.11 to 3.13, no root.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv/.mdlc-stamp
wanted=$(cat requirements.lock pyproject.toml tools/setup.sh | sha256sum | cut -d' ' -f1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

python=""
for name in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
    if command -v "$name" >/dev/null && "$name" -c \
        'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    echo "error: no Python 3.11, 3.12 or 3.13 found; install one, or name it: make PYTHON=/path/to/python" >&2
    exit 1
fi

if [ ! -x .venv/bin/python ]; then
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$(command -v "$python")" .venv
    elif ! "$python" -m venv .venv 2>/dev/null; then
        rm -rf .venv
        echo "error: $python has no venv module; install it (Debian, Ubuntu: apt-get install python3-venv)" >&2
        exit 1
    fi
fi

echo "installing the locked dependencies into .venv (3 GB, most of it TensorFlow; a few minutes)"
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
    uv=.venv/bin/uv
fi
"$uv" pip install --quiet --python .venv/bin/python --require-hashes --compile-bytecode \
    -r requirements.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --editable .
# Python may be told not to write bytecode as it goes; start-up would then cost seconds. The rooms
# are links in src, which compileall does not follow.
.venv/bin/python -m compileall -q src components pipelines serving monitoring tests || true
echo "$wanted" >"$stamp"
