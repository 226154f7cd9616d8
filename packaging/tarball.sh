#!/usr/bin/env bash
# Makes target/tarball/evercert-VERSION-TARGET.tar.gz and SHA256SUMS: the release binary and all that belongs to it.
# The same tree and the same binary give the same archive: order, owners and times are fixed (SOURCE_DATE_EPOCH, else the
# time of the last commit).
#
#   packaging/tarball.sh [BINARY]      BINARY: target/release/evercert, which is built where it is not given
set -euo pipefail
cd "$(dirname "$0")/.."

binary=${1:-target/release/evercert}
[ $# -gt 0 ] || cargo build --release --locked
version=$("$binary" --version | awk '{ print $2 }')
target=$(rustc -vV | sed -n 's/^host: //p')
name=evercert-$version-$target
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

out=target/tarball
rm -rf "$out"
mkdir -p "$out/$name"
install -m 755 "$binary" "$out/$name/evercert"
cp README.md README.zh-CN.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT config.example.toml "$out/$name/"
cp -r docs systemd "$out/$name/"
cp -r packaging/man packaging/completions "$out/$name/"
chmod -R u=rwX,go=rX "$out/$name"

tar --create --directory "$out" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" --format=gnu "$name" |
  gzip --no-name -9 >"$out/$name.tar.gz"
rm -rf "${out:?}/$name"
(cd "$out" && sha256sum -- *.tar.gz >SHA256SUMS)
cat "$out/SHA256SUMS"
