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

last=mail.example.net of_last=$'[[certificates.cloud]]\nresources = ["clb"]' paused=mail.example.net
# shellcheck source=tests/page/states.sh
. "$here/tests/page/states.sh"

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
