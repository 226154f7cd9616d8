#!/usr/bin/env bash
# Makes the packages, in target/packages: deb, rpm and tarball, all of one binary, with SHA256SUMS.
#
#   packaging/build.sh [--binary FILE] [--version VERSION] [--out FOLDER] [deb | rpm | tarball]...
#
# Without --binary it is the one that is released, made by binary.sh; without a kind of package it is all three. The same
# tree and the same binary give the same packages: order, owners and times are fixed (SOURCE_DATE_EPOCH, else the time of
# the last commit). Needs dpkg-deb for the deb and rpmbuild for the rpm (Debian has both).
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)

binary=
version=
out=$top/target/packages
kinds=()
while [ $# -gt 0 ]; do
  case $1 in
  --binary)
    binary=$(realpath "$2")
    shift
    ;;
  --out)
    out=$(realpath --canonicalize-missing "$2")
    shift
    ;;
  --version)
    version=$2
    shift
    ;;
  deb | rpm | tarball) kinds+=("$1") ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
  esac
  shift
done
cd "$top"
[ ${#kinds[@]} -gt 0 ] || kinds=(deb rpm tarball)
[ -n "$binary" ] || binary=$(packaging/binary.sh)
[ -n "$version" ] || version=$("$binary" --version | awk '{ print $2 }')
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
machine=$(uname -m)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

# put MODE FILE... FOLDER/ or put MODE FILE PATH, below the tree of the package.
put() {
  local mode=$1 to=${!#}
  local files=("${@:2:$#-2}")
  case $to in
  */) install -D --mode "$mode" --target-directory "$tree/$to" "${files[@]}" ;;
  *) install -D --mode "$mode" "${files[@]}" "$tree/$to" ;;
  esac
}

# A file of packaging/ in which each line "@FILE@" is replaced by what packaging/FILE says, comments left out.
filled() {
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^@([a-z./-]+)@$ ]]; then grep -v '^#' "packaging/${BASH_REMATCH[1]}"; else printf '%s\n' "$line"; fi
  done <"$1"
}

# What deb and rpm have in common: all_files TREE. Completions of zsh have a place of their own in each.
all_files() {
  tree=$1
  put 755 "$binary" usr/bin/evercert
  # The released binary has no symbols; a debug build is a tenth of its size without.
  strip "$tree/usr/bin/evercert"
  put 644 systemd/evercert.service systemd/evercert-reload@.* usr/lib/systemd/system/
  put 644 systemd/tmpfiles.conf usr/lib/tmpfiles.d/evercert.conf
  put 644 systemd/evercert.service.d/zz-older-systemd.conf usr/share/evercert/
  put 644 systemd/evercert.service.d/targets.conf config.example.toml usr/share/doc/evercert/examples/
  put 644 README.md README.zh-CN.md usr/share/doc/evercert/
  local page
  while IFS= read -r page; do
    put 644 "$page" "usr/share/doc/evercert/$page"
  done < <(find docs -type f)
  put 644 packaging/man/*.1 usr/share/man/man1/
  gzip --no-name -9 "$tree"/usr/share/man/man1/*
  put 644 packaging/completions/evercert.bash usr/share/bash-completion/completions/evercert
  put 644 packaging/completions/evercert.fish usr/share/fish/vendor_completions.d/
}

make_deb() {
  all_files "$work/deb"
  put 644 packaging/completions/_evercert usr/share/zsh/vendor-completions/
  put 644 packaging/debian/lintian-overrides usr/share/lintian/overrides/evercert
  put 644 packaging/debian/copyright usr/share/doc/evercert/
  put 644 packaging/debian/changelog usr/share/doc/evercert/changelog.Debian
  gzip --no-name -9 "$tree/usr/share/doc/evercert/changelog.Debian"
  local size glibc architecture script
  size=$(du -k --apparent-size --summarize "$tree" | cut -f1)
  glibc=$(packaging/glibc.sh "$tree/usr/bin/evercert")
  architecture=$(dpkg --print-architecture)
  (cd "$tree" && find . -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$work/md5sums"
  put 644 "$work/md5sums" DEBIAN/md5sums
  put 644 packaging/debian/templates DEBIAN/templates
  for script in postinst prerm postrm; do
    filled "packaging/debian/$script" >"$work/script"
    put 755 "$work/script" "DEBIAN/$script"
  done
  sed "s/@VERSION@/$version-1/; s/@ARCHITECTURE@/$architecture/; s/@SIZE@/$size/; s/@GLIBC@/$glibc/" \
    packaging/debian/control >"$tree/DEBIAN/control"
  chmod -R u=rwX,go=rX "$tree"
  dpkg-deb --root-owner-group -Zxz --build "$tree" "$out/evercert_$version-1_$architecture.deb" >/dev/null
}

make_rpm() {
  all_files "$work/rpm"
  put 644 packaging/completions/_evercert usr/share/zsh/site-functions/
  put 644 LICENSE-APACHE LICENSE-MIT usr/share/licenses/evercert/
  install --directory "$tree/etc/evercert"
  chmod -R u=rwX,go=rX "$tree"
  filled packaging/rpm/evercert.spec >"$work/evercert.spec"
  rpmbuild -bb --quiet --target "$machine" --buildroot "$work/rpm-root" --define "_topdir $work/topdir" \
    --define "tree $tree" --define "package_version $version" "$work/evercert.spec" >/dev/null
  cp "$work"/topdir/RPMS/*/*.rpm "$out/"
}

make_tarball() {
  local name=evercert-$version-$machine-linux-gnu
  tree=$work/$name
  put 755 "$binary" evercert
  put 644 README.md README.zh-CN.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT config.example.toml ./
  cp -r docs systemd packaging/man packaging/completions "$tree/"
  chmod -R u=rwX,go=rX "$tree"
  tar --create --directory "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    --format=gnu "$name" | gzip --no-name -9 >"$out/$name.tar.gz"
}

for kind in "${kinds[@]}"; do "make_$kind"; done
(cd "$out" && find . -maxdepth 1 -name 'evercert[-_]*' -printf '%P\0' | sort -z | xargs -0 sha256sum >SHA256SUMS)
cat "$out/SHA256SUMS"
