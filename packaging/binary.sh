#!/usr/bin/env bash
# Makes target/x86_64-unknown-linux-gnu/PROFILE/evercert, the binary that is released: linked by zig against glibc 2.17, it
# starts on everything from CentOS 7 on. Prints its path.
#
#   packaging/binary.sh [CARGO ARGUMENTS...]
#
# Needs Rust and python3 with venv; zig and cargo-zigbuild are fetched from PyPI, once, in the versions and with the
# checksums of zig.txt.
set -euo pipefail
cd "$(dirname "$0")/.."

target=x86_64-unknown-linux-gnu
tools=target/zig/$(sha256sum packaging/zig.txt | cut -c1-12)
if [ ! -e "$tools/.complete" ]; then
  rm -rf "$tools"
  python3 -m venv "$tools" >&2
  "$tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
    --requirement packaging/zig.txt >&2
  touch "$tools/.complete"
fi

# Found by cargo as a subcommand; it finds zig in its own Python.
PATH=$PWD/$tools/bin:$PATH cargo zigbuild --release --locked --bin evercert --target $target.2.17 "$@" >&2
echo "target/$target/release/evercert"
