#!/bin/sh
# Holds the sandbox against something nobody here wrote: the official Python SDK.
#
#   tests/conformance/run.sh BINARY
#
# BINARY is started as `BINARY sandbox --listen 127.0.0.1:0 --manage 127.0.0.1:0`. The last line of the output is
# `N passed, M failed`; the exit code is 0 only when nothing failed.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 BINARY" >&2
    exit 2
fi
binary=$1
here=$(cd "$(dirname "$0")" && pwd)
venv=${EVERCERT_VENV:-target/conformance-venv}
python=${PYTHON:-python3}

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "python3 cannot make virtual environments here: install python3-venv (Debian: apt install python3-venv)" >&2
    exit 1
fi
# The environment is made anew when the pins change.
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi

log=$(mktemp)
pid=
stop() {
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    rm -f "$log"
}
trap stop EXIT
trap 'exit 130' INT TERM

"$binary" sandbox --listen 127.0.0.1:0 --manage 127.0.0.1:0 >"$log" &
pid=$!
tries=0
while ! grep -q '^management http' "$log"; do
    tries=$((tries + 1))
    if ! kill -0 "$pid" 2>/dev/null || [ "$tries" -gt 300 ]; then
        echo "the sandbox did not say where it listens; its output was:" >&2
        cat "$log" >&2
        exit 1
    fi
    sleep 0.1
done
api=$(sed -n 's|^listening http://||p' "$log")
manage=$(sed -n 's|^management http://||p' "$log")

status=0
"$venv/bin/python" "$here/conformance.py" "$api" "$manage" || status=$?
exit "$status"
