#!/usr/bin/env bash
# Runs inside the container that run.sh boots: one step after the other. Every step says what it holds.
set -eEuo pipefail
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
failed() {
  echo "failed in ${BASH_SOURCE[1]##*/}, line $1"
  journalctl -u evercert -u nginx -u haproxy -u 'evercert-reload@*' -n 60 --no-pager -o cat || true
  echo failed >/test/result
}
trap 'failed $LINENO' ERR

holds() { printf 'ok  %3ss  %s\n' "$SECONDS" "$*"; }
# not COMMAND...: bash's own "!" would not end the script.
not() { if "$@"; then fails "did not expect: $*"; fi; }
fails() { echo "NOT: $*"; false; }
# wait_until SECONDS WHAT COMMAND...: says nothing where it holds.
wait_until() {
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || fails "$what"
    sleep 0.2
  done
}
# wait_for SECONDS WHAT COMMAND...
wait_for() {
  wait_until "$@"
  holds "$2"
}
said() { journalctl -u evercert -o json --no-pager | grep -q "$1"; }
live() { readlink "/var/lib/evercert/live/$1"; }
state() { curl -sf http://127.0.0.1:8402/state; }
orders() { state | jq "[.certificates[] | select(.domain == \"$1\")] | length"; }
main_pid() { systemctl show -P MainPID evercert; }
# What a TLS client gets: served PORT NAME.
served() {
  openssl s_client -connect "127.0.0.1:$1" -servername "$2" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint
}
installed() { openssl x509 -noout -fingerprint -in "/var/lib/evercert/live/$1/fullchain.pem"; }
serves() { [ "$(served "$1" "$2")" = "$(installed "$2")" ]; }
# Writes the config: the start of it, then what comes on standard input.
config() {
  {
    printf '[schedule]\npoll = "1s"\njitter = "0s"\n[accounts.default]\nendpoint = "http://127.0.0.1:8401"\n'
    cat
  } >/etc/evercert/config.toml
  chown root:evercert /etc/evercert/config.toml
  chmod 640 /etc/evercert/config.toml
}
# config_of DOMAIN...: nothing but these.
config_of() {
  for domain in "$@"; do printf '[[certificates]]\ndomain = "%s"\n' "$domain"; done | config
}

for step in /test/steps/*.sh; do
  # shellcheck source=/dev/null
  . "$step"
done
trap - ERR
echo passed >/test/result
