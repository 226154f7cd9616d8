#!/usr/bin/env bash
# The picture of the status page in the READMEs, taken anew: screenshot.sh BINARY [PICTURE]
#
# Starts a sandbox with certificates in several states, made by its management port and by verbs beside it, and has
# Chromium take the page as it is. Needs curl, jq and chromium.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
binary=$(realpath "${1:?usage: screenshot.sh BINARY [PICTURE]}")
picture=$(realpath -m "${2:-$here/docs/images/status-page.png}")

work=$(mktemp -d)
sandbox=
cleanup() {
  [ -z "$sandbox" ] || kill "$sandbox"
  wait
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

{
  for name in example.com www.example.com shop.example.com api.example.com docs.example.com blog.example.net mail.example.net; do
    printf '[[certificates]]\ndomain = "%s"\n' "$name"
  done
  printf '[[certificates.cloud]]\nresources = ["clb"]\n'
} >config.toml
chmod 600 config.toml
"$binary" --config config.toml run --sandbox 2>log &
sandbox=$!

left=$work/evercert-sandbox/config.toml
verb() { "$binary" --config "$left" "$@"; }
# Tries until it works.
until_done() {
  for _ in $(seq 120); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.5
  done
  echo "in vain: $*" >&2
  cat log >&2
  exit 1
}
all_renewed() { [ "$(grep -c certificate.renewed log)" -ge 7 ]; }
until_done all_renewed
port=$(grep -o 'management port is http://[0-9.:]*' log | grep -o 'http.*')
tell() { curl --fail --silent --show-error "$port/$1" --data "$2" >"$work/answer"; }

# One waits for its operator, one for the CA, one is paused.
tell faults '{"action": "ApplyCertificate", "kind": "error", "code": "InvalidParameterValue", "names": "shop.example.com"}'
tell limits '{"issue_after_seconds": 86400}'
verb renew --force --no-wait docs.example.com shop.example.com >answer
verb pause mail.example.net >answer
is_so() { verb status --json "$1" | jq --exit-status --arg state "$2" '.[0].state == $state'; }
until_done is_so docs.example.com pending
until_done is_so shop.example.com parked

page=$(sed -n 's/^listen = "\(.*\)"/\1/p' "$left")
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking \
  --user-data-dir="$work/profile" --window-size=1000,840 --virtual-time-budget=2000 \
  --screenshot="$work/page.png" "http://$page/" >chromium.log 2>&1
[ "$(stat -c %s page.png)" -lt 150000 ] || { echo "page.png has $(stat -c %s page.png) bytes, more than 150000" >&2; exit 1; }
mkdir -p "$(dirname "$picture")"
install -m 644 page.png "$picture"
echo "$picture"
