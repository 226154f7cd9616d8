#!/usr/bin/env bash
# Prints the version of glibc that a binary needs, which is the highest version of a symbol that it names: glibc.sh BINARY
set -euo pipefail
readelf --wide --version-info "${1:?usage: glibc.sh BINARY}" | grep -oE 'Name: GLIBC_[0-9.]+' | sed 's/.*_//' |
  sort --version-sort | tail -n 1 | grep .
