#!/usr/bin/env bash
# The screen of `evercert status` in the READMEs, taken anew: status.sh BINARY [FOLDER]
#
# Starts a sandbox with certificates in several states, made by its management port and by verbs beside it, and puts what
# `status` shows between the markers of README.md and README.zh-CN.md in FOLDER (this repository). Needs curl and jq.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
binary=$(realpath "${1:?usage: status.sh BINARY [FOLDER]}")
folder=$(realpath "${2:-$here}")

work=$(mktemp -d)
sandbox=
cleanup() {
  [ -z "$sandbox" ] || kill "$sandbox"
  wait
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

names=(example.com www.example.com shop.example.com api.example.com docs.example.com blog.example.net 例子.中国)
{
  for name in "${names[@]}"; do
    printf '[[certificates]]\ndomain = "%s"\n' "$name"
  done
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
all_renewed() { [ "$(grep -c certificate.renewed log)" -ge ${#names[@]} ]; }
until_done all_renewed
port=$(grep -o 'management port is http://[0-9.:]*' log | grep -o 'http.*')
tell() { curl --fail --silent --show-error "$port/$1" --data "$2" >answer; }

# One is refused for its own input, one is with the CA, one is paused.
tell faults '{"action": "ApplyCertificate", "kind": "error", "code": "InvalidParameterValue", "message": "an odd name", "names": "shop.example.com"}'
tell limits '{"issue_after_seconds": 86400}'
verb renew --force --no-wait docs.example.com shop.example.com >answer
verb pause blog.example.net >answer
is_so() { verb status --json "$1" | jq --exit-status --arg state "$2" '.[0].state == $state'; }
until_done is_so docs.example.com pending
until_done is_so shop.example.com parked

# What stands between the markers of this file becomes what `status` shows in this language.
put() {
  local file=$1 language=$2
  COLUMNS=80 verb --lang "$language" status >screen
  awk -v screen=screen '
    /<!-- status: begin/ { print; print "```text"; while ((getline line < screen) > 0) print line; print "```"; kept = 1 }
    /<!-- status: end/ { kept = 0 }
    !kept { print }
  ' "$file" >"$work/page"
  cat "$work/page" >"$file"
  cat screen
}
put "$folder/README.md" en
put "$folder/README.zh-CN.md" zh
