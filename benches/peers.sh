#!/usr/bin/env bash
# What others take for the same work on this machine, as rows of a Markdown table: `benches/peers.sh`, or as a part of
# `cargo bench`. Who is not installed is left out with a word.
#
# Each issues CERTIFICATES certificates, one run each, from Pebble, which takes every challenge and adds no pause; then looks
# at them again with none due. CPU is user and system time of the program and its children; Pebble's own is not in it.
# ACME_SH names a folder with acme.sh. The official SDK's calls go to a server that always gives the same answer.
set -euo pipefail
cd "$(dirname "$0")/.."

count=${CERTIFICATES:-10}
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

row() { printf '| %s | %s | %s |\n' "$@"; }
has() { command -v "$1" >/dev/null; }
# cpu COMMAND...: milliseconds of CPU that it and its children take.
cpu() {
  local TIMEFORMAT='%U %S' spent
  spent=$({ time "$@" >"$work/log" 2>&1 </dev/null; } 2>&1) || { tail -n 3 "$work/log" >&2; return 1; }
  awk '{ printf "%.1f", ($1 + $2) * 1000 }' <<<"$spent"
}
# measure NAME ISSUE LOOK: both functions take a domain; LOOK is called once with all of them.
measure() {
  local name=$1 issue=$2 look=$3 spent=0 one domains=()
  for n in $(seq "$count"); do
    domains+=("www$n.example.com")
    one=$(cpu "$issue" "www$n.example.com") || { row "$name" "due to installed" "failed here"; return; }
    spent=$(awk "BEGIN { print $spent + $one }")
  done
  row "$name" "due to installed" "$(awk "BEGIN { printf \"%.0f\", $spent / $count }") ms CPU a certificate"
  one=$(cpu "$look" "${domains[@]}") || { row "$name" "none due" "failed here"; return; }
  row "$name" "none due" "$(awk "BEGIN { printf \"%.1f\", $one / $count }") ms CPU a certificate"
}

echo "| peer | what | measured |"
echo "| --- | --- | --- |"

if has pebble && has openssl; then
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
    -keyout "$work/pebble.key" -out "$work/pebble.pem" 2>/dev/null
  cat >"$work/pebble.json" <<JSON
{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
 "certificate": "$work/pebble.pem", "privateKey": "$work/pebble.key", "httpPort": 5002, "tlsPort": 5001,
 "ocspResponderURL": "", "externalAccountBindingRequired": false}}
JSON
  PEBBLE_VA_ALWAYS_VALID=1 PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0 \
    pebble -config "$work/pebble.json" >/dev/null 2>&1 &
  pids+=($!)
  for _ in $(seq 100); do
    curl -sk https://127.0.0.1:14000/dir >/dev/null && break
    sleep 0.1
  done
  server=https://localhost:14000/dir
  export LEGO_CA_CERTIFICATES=$work/pebble.pem
  mkdir -p "$work/web"

  if has certbot; then
    options=(--non-interactive --config-dir "$work/certbot" --work-dir "$work/certbot" --logs-dir "$work/certbot" --no-verify-ssl)
    certbot_issue() {
      certbot certonly "${options[@]}" --server "$server" --agree-tos --register-unsafely-without-email \
        --webroot --webroot-path "$work/web" -d "$1"
    }
    certbot_look() { certbot renew "${options[@]}" --no-random-sleep-on-renew; }
    measure "certbot $(certbot --version 2>&1 | awk '{ print $2 }')" certbot_issue certbot_look
  else row certbot - "not installed"; fi

  if has lego; then
    options=(--accept-tos --email a@example.com --server "$server" --path "$work/lego" --http --http.webroot "$work/web")
    lego_issue() { lego "${options[@]}" --domains "$1" run; }
    lego_look() { for domain in "$@"; do lego "${options[@]}" --domains "$domain" renew --days 1; done; }
    measure "lego $(lego --version 2>&1 | awk '{ print $3 }')" lego_issue lego_look
    row lego "binary" "$(awk "BEGIN { printf \"%.1f\", $(stat -Lc %s "$(command -v lego)") / 1048576 }") MiB"
  else row lego - "not installed"; fi

  if has dehydrated && has curl; then
    mkdir -p "$work/dehydrated"
    printf 'CA="%s"\nCURL_OPTS="-k"\nBASEDIR="%s"\nWELLKNOWN="%s"\nRENEW_DAYS=1\n' \
      "$server" "$work/dehydrated" "$work/web" >"$work/dehydrated/config"
    dehydrated --config "$work/dehydrated/config" --register --accept-terms >/dev/null 2>&1 || true
    dehydrated_issue() { dehydrated --config "$work/dehydrated/config" -c -d "$1"; }
    dehydrated_look() { for domain in "$@"; do dehydrated --config "$work/dehydrated/config" -c -d "$domain"; done; }
    measure "dehydrated $(dehydrated --version 2>/dev/null | sed -n 's/^Dehydrated version: //p')" dehydrated_issue dehydrated_look
  else row dehydrated - "not installed"; fi

  script=${ACME_SH:-$HOME/.acme.sh}/acme.sh
  if [ -f "$script" ]; then
    options=(--home "$work/acme.sh" --server "$server" --insecure)
    mkdir -p "$work/acme.sh"
    acme_issue() { sh "$script" "${options[@]}" --issue -d "$1" -w "$work/web"; }
    acme_look() { sh "$script" "${options[@]}" --cron; }
    measure "acme.sh $(sed -n 's/^VER=//p' "$script")" acme_issue acme_look
  else row acme.sh - "not installed (ACME_SH names its folder)"; fi
else
  row Pebble - "not installed; nobody can issue"
fi

venv=${EVERCERT_VENV:-target/conformance-venv}
if [ -x "$venv/bin/python" ]; then
  spent=$("$venv/bin/python" benches/sdk.py)
  row "official SDK, Python" "a signed call" "$spent µs CPU"
else
  row "official SDK, Python" "a signed call" "not installed (tests/conformance/run.sh installs it)"
fi
