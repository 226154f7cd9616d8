#!/usr/bin/env bash
# The screen of `evercert status` in the READMEs, taken anew: status.sh BINARY [FOLDER]
#
# Starts a sandbox with certificates in several states, made by its management port and by verbs beside it, and puts what
# `status` shows between the markers of README.md and README.zh-CN.md in FOLDER (this repository). Needs curl and jq.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
binary=$(realpath "${1:?usage: status.sh BINARY [FOLDER]}")
folder=$(realpath "${2:-$here}")

last=例子.中国 of_last='' paused=blog.example.net
# shellcheck source=tests/page/states.sh
. "$here/tests/page/states.sh"

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
