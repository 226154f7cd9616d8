# shellcheck shell=bash
# What the scripts of this test have in common.
set -eEuo pipefail
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
failed() {
  echo "failed in ${BASH_SOURCE[1]##*/}, line $1"
  if [ -d /run/systemd/system ]; then journalctl -u evercert -u 'evercert-reload@*' -n 60 --no-pager -o cat || true; fi
}
trap 'failed $LINENO' ERR

holds() { printf 'ok  %3ss  %s\n' "$SECONDS" "$*"; }
fails() { echo "NOT: $*"; false; }
# not COMMAND...: bash's own "!" would not end the script.
not() { if "$@"; then fails "did not expect: $*"; fi; }
# wait_for SECONDS WHAT COMMAND...
wait_for() {
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || fails "$what"
    sleep 0.2
  done
  holds "$what"
}
