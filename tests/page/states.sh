# For the scripts beside it: a sandbox in a folder of its own, with certificates in several states, made by its management
# port and by verbs beside it.
#
# Takes `binary`; `last`, the name of the last certificate; `of_last`, more lines of its entry; `paused`, the name that is
# paused. Leaves `work`, `left` (the config) and `verb`; the sandbox ends with the script.
# shellcheck shell=bash disable=SC2154

work=$(mktemp -d)
sandbox=
cleanup() {
  [ -z "$sandbox" ] || kill "$sandbox"
  wait
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

names=(example.com www.example.com shop.example.com api.example.com docs.example.com blog.example.net "$last")
{
  for name in "${names[@]}"; do
    printf '[[certificates]]\ndomain = "%s"\n' "$name"
  done
  printf '%s\n' "$of_last"
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
tell() { curl --fail --silent --show-error "$port/$1" --data "$2" >"$work/answer"; }

# One is refused for its own input, one is with the CA, one is paused.
tell faults '{"action": "ApplyCertificate", "kind": "error", "code": "InvalidParameterValue", "message": "an odd name", "names": "shop.example.com"}'
tell limits '{"issue_after_seconds": 86400}'
verb renew --force --no-wait docs.example.com shop.example.com >answer
verb pause "$paused" >answer
is_so() { verb status --json "$1" | jq --exit-status --arg state "$2" '.[0].state == $state'; }
until_done is_so docs.example.com pending
until_done is_so shop.example.com parked
