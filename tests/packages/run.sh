#!/usr/bin/env bash
# The packages on an older system: run.sh BINARY, as packaging/binary.sh makes it
#
# Holds the binary to the glibc of CentOS 7. Makes deb, rpm and tarball of it, in two versions, and takes them to the oldest
# Debian that there is: the tarball's binary renews its examples there (`run --sandbox`); the rpm's scripts run, from the
# first installation to the removal; a container with its systemd is booted, and inside.sh runs in it. Nothing of it sees
# the network.
#
# Needs root, debootstrap, rpm and systemd-container; where no container boots, it says so and ends well, unless
# EVERCERT_TEST_MUST_RUN=1. EVERCERT_TEST_SUITE and EVERCERT_TEST_MIRROR name another system, from Ubuntu 16.04 on.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
binary=${1:?usage: run.sh BINARY}
suite=${EVERCERT_TEST_SUITE:-bullseye}

holds() { printf 'ok  %s\n' "$*"; }
fails() {
  echo "NOT: $*"
  exit 1
}
skip() {
  echo "skipped: $*"
  [ "${EVERCERT_TEST_MUST_RUN:-0}" = 0 ] || exit 1
  exit 0
}

needed=$("$top/packaging/glibc.sh" "$binary")
[ "$(printf '%s\n2.17\n' "$needed" | sort --version-sort | tail -n 1)" = 2.17 ] || fails "it needs glibc $needed, not 2.17"
foreign=$(readelf --wide --dynamic "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
  grep -vxE '(libc|libm|libpthread|libdl|librt|libutil|ld-linux-x86-64)\.so\.[0-9]' || true)
[ -z "$foreign" ] || fails "it needs libraries besides glibc's: $foreign"
holds "the binary needs glibc $needed, and no other library"

[ "$(id -u)" = 0 ] || skip "a container is booted by root only"
for program in debootstrap:debootstrap rpmbuild:rpm dpkg-deb:dpkg systemd-nspawn:systemd-container unshare:util-linux; do
  command -v "${program%:*}" >/dev/null || skip "${program%:*} is not installed (package ${program#*:})"
done

lower=/var/tmp/evercert-test-root-$suite
if [ ! -e "$lower/.complete" ]; then
  rm -rf "$lower"
  components=main
  [ -z "${EVERCERT_TEST_MIRROR:-}" ] || components=main,universe
  # shellcheck disable=SC2086 # no mirror is no word
  debootstrap --variant=minbase --components=$components \
    --include=systemd,systemd-sysv,dbus,ca-certificates,init-system-helpers,debconf,procps,curl,jq,rpm \
    "$suite" "$lower" ${EVERCERT_TEST_MIRROR:-} >/dev/null || skip "debootstrap gets no $suite"
  touch "$lower/.complete"
fi

work=$(mktemp -d /var/tmp/evercert-test.XXXXXX)
cleanup() {
  if mountpoint -q "$work/root"; then umount "$work/root"; fi
  if mountpoint -q "$work/changes"; then umount "$work/changes"; fi
  rm -rf "$work"
}
trap cleanup EXIT
mkdir "$work/root" "$work/changes" "$work/test"

"$top/packaging/build.sh" --binary "$binary" --out "$work/now" >/dev/null
"$top/packaging/build.sh" --binary "$binary" --out "$work/next" --version 9 deb rpm >/dev/null
(cd "$work/now" && sha256sum --quiet --check SHA256SUMS && [ "$(wc -l <SHA256SUMS)" = 3 ])
holds "there are three packages, with their checksums"
for folder in now next; do
  cp "$work/$folder"/*.deb "$work/test/$folder.deb"
  cp "$work/$folder"/*.rpm "$work/test/$folder.rpm"
done
tar -xzf "$work"/now/*.tar.gz -C "$work/test" --strip-components=1 --wildcards '*/evercert'
cp "$here"/*.sh "$work/test/"

# What CentOS 7's rpm 4.11 reads: nothing that it would have to know besides these (rpm --querytags names no others there).
unknown=$(rpm -qp --requires "$work/test/now.rpm" | grep '^rpmlib' |
  grep -vE '^rpmlib\((CompressedFileNames|FileDigests|PayloadFilesHavePrefix|PayloadIsXz)\)' || true)
[ -z "$unknown" ] || fails "the rpm needs $unknown"
holds "the rpm is made of what rpm 4.11 knows"

mount -t tmpfs -o size=2g tmpfs "$work/changes"
mkdir "$work/changes/upper" "$work/changes/work"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/changes/upper,workdir=$work/changes/work" "$work/root" ||
  skip "no overlay can be mounted here"
root=$work/root
mkdir -p "$root/test"
cp -r "$work/test/." "$root/test/"

# in_root COMMAND...: with a loopback and processes of its own.
in_root() {
  unshare --mount --net --pid --fork --kill-child sh -c \
    'ip link set lo up; mount -t proc proc "$0/proc"; exec chroot "$0" "$@"' "$root" "$@"
}
in_root /bin/bash /test/sandbox.sh
in_root /bin/bash /test/rpm.sh

rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/machine-id"
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
cat >"$root/etc/systemd/system/evercert-test.service" <<'UNIT'
[Unit]
Description=The test of the packages
Requires=basic.target
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'exec /bin/bash /test/inside.sh >/test/log 2>&1'
ExecStopPost=/bin/systemctl --no-block poweroff
TimeoutStartSec=300
UNIT
echo "booting a container of $suite"
timeout 420 systemd-nspawn --quiet --register=no --keep-unit --private-network --resolv-conf=off --timezone=off \
  --machine=evercert-older --directory="$root" --bind="$work/test:/test" --console=pipe --boot \
  systemd.unit=evercert-test.service >"$work/console" 2>&1 </dev/null || true
if [ ! -e "$work/test/log" ]; then
  tail -n 5 "$work/console"
  skip "no container boots here"
fi
cat "$work/test/log"
[ "$(cat "$work/test/result" 2>/dev/null)" = passed ] || fails "all that is said above"
