#!/usr/bin/env bash
# The pictures of the status page in the READMEs, in English and in Chinese, taken anew: screenshot.sh BINARY [FOLDER]
#
# Starts a sandbox with certificates in several states, made by its management port and by verbs beside it, and has
# Chromium take the page as it is. Needs curl, jq, chromium, and a font with Chinese (fonts-noto-cjk).
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
binary=$(realpath "${1:?usage: screenshot.sh BINARY [FOLDER]}")
folder=$(realpath -m "${2:-$here/docs/images}")
fc-list :lang=zh | grep --quiet . || { echo "no font has Chinese (Debian package fonts-noto-cjk)" >&2; exit 1; }

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
mkdir -p "$folder"
take() { # LANGUAGE NAME
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking \
    --user-data-dir="$work/profile" --window-size=1120,800 --virtual-time-budget=2000 \
    --screenshot="$work/$2" "http://$page/?lang=$1" >chromium.log 2>&1
  [ "$(stat -c %s "$2")" -lt 180000 ] || { echo "$2 has $(stat -c %s "$2") bytes, more than 180000" >&2; exit 1; }
  install -m 644 "$2" "$folder/$2"
  echo "$folder/$2"
}
take en status-page.png
take zh status-page.zh-CN.png
