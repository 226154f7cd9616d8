#!/usr/bin/env bash
# The package under a real systemd: run.sh BINARY, or run.sh PACKAGE.deb
#
# Boots a container of systemd-nspawn's, whose changes are thrown away, and runs inside.sh in it: the package is installed,
# started against the stand-in, reloaded, given a bad config, killed, upgraded and purged; servers are reloaded by the
# path unit and by targets.
#
# With a BINARY (a debug build does) the package is made of it by packaging/build.sh, and the container sees this
# machine's own system below an overlay: up in seconds, nothing is fetched. With a PACKAGE.deb it is a small Debian that
# debootstrap makes once. Either sees nothing of the network but its own loopback.
# With EVERCERT_TEST_STEPS=month EVERCERT_TEST_SECONDS=4500 it is two months in an hour instead (EVERCERT_MONTH_MINUTES): the
# wall clock moves a day in each minute, in which the daemon is killed once. That needs the package faketime.
# Needs root and systemd-container; where no container boots, it says so and ends well, unless EVERCERT_TEST_MUST_RUN=1.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
subject=${1:?usage: run.sh BINARY, or run.sh PACKAGE.deb}

skip() {
  echo "skipped: $*"
  [ "${EVERCERT_TEST_MUST_RUN:-0}" = 0 ] || exit 1
  exit 0
}
need() {
  command -v "$1" >/dev/null || skip "$1 is not installed (package $2)"
}
[ "$(id -u)" = 0 ] || skip "a container is booted by root only"
need systemd-nspawn systemd-container
need dpkg-deb dpkg

work=$(mktemp -d /var/tmp/evercert-test.XXXXXX)
cleanup() {
  if mountpoint -q "$work/root"; then umount "$work/root"; fi
  if mountpoint -q "$work/changes"; then umount "$work/changes"; fi
  rm -rf "$work"
}
trap cleanup EXIT
mkdir "$work/root" "$work/changes" "$work/test"

case $subject in
*.deb)
  need debootstrap debootstrap
  lower=${EVERCERT_TEST_ROOT:-/var/tmp/evercert-test-root}
  if [ ! -e "$lower/.complete" ]; then
    rm -rf "$lower"
    debootstrap --variant=minbase \
      --include=systemd,systemd-sysv,dbus,ca-certificates,init-system-helpers,debconf,procps,nginx-light,haproxy,curl,openssl,jq \
      "${EVERCERT_TEST_SUITE:-bookworm}" "$lower" >/dev/null
    touch "$lower/.complete"
  fi
  cp "$subject" "$work/test/evercert.deb"
  # The same package under a higher version, for the upgrade.
  dpkg-deb -R "$subject" "$work/next"
  sed -i 's/^Version: .*/&+next/' "$work/next/DEBIAN/control"
  dpkg-deb -Znone -b "$work/next" "$work/test/evercert-next.deb" >/dev/null
  cp "${2:-$work/next/usr/bin/evercert}" "$work/test/stand-in"
  rm -rf "$work/next"
  ;;
*)
  for program in strip:binutils nginx:nginx-light haproxy:haproxy curl:curl jq:jq; do
    need "${program%:*}" "${program#*:}"
  done
  [ -x /lib/systemd/systemd ] && [ -x /sbin/init ] || skip "this machine has no systemd to boot (package systemd-sysv)"
  lower=/
  build() { "$here/../../packaging/build.sh" --binary "$subject" --out "$work/$1" "${@:2}" deb >/dev/null; }
  build now
  build next --version 9
  cp "$work"/now/*.deb "$work/test/evercert.deb"
  cp "$work"/next/*.deb "$work/test/evercert-next.deb"
  cp "$subject" "$work/test/stand-in"
  ;;
esac
cp "$here/inside.sh" "$work/test/"
cp -r "$here/${EVERCERT_TEST_STEPS:-steps}" "$work/test/steps"
limit=${EVERCERT_TEST_SECONDS:-300}

mount -t tmpfs -o size=2g tmpfs "$work/changes"
mkdir "$work/changes/upper" "$work/changes/work"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/changes/upper,workdir=$work/changes/work" "$work/root" ||
  skip "no overlay can be mounted here"

# What differs from the machine below: a name of its own, no policy against starting services, no wait for a network.
root=$work/root
rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/machine-id" "$root/var/lib/man-db/auto-update"
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
for unit in systemd-networkd-wait-online NetworkManager-wait-online ifupdown-wait-online systemd-timesyncd; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
done
rm -rf "$root/etc/evercert" "$root/var/lib/evercert" "$root"/etc/systemd/system/evercert*
# What to do once it is up.
cat >"$root/etc/systemd/system/evercert-test.service" <<UNIT
[Unit]
Description=The test of the package
Requires=basic.target dbus.service
After=basic.target dbus.service
[Service]
Type=oneshot
StandardOutput=file:/test/log
StandardError=inherit
ExecStart=/bin/bash /test/inside.sh
ExecStopPost=/bin/systemctl --no-block poweroff
TimeoutStartSec=$limit
Environment=EVERCERT_MONTH_MINUTES=${EVERCERT_MONTH_MINUTES:-60}
UNIT

# Landlock's version 2 or newer (Linux 5.19), asked of the kernel; the container's own filter lets it through.
landlock='import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))'
if [ "$(python3 -c "$landlock" 2>/dev/null || echo 0)" -ge 2 ]; then touch "$work/test/has-landlock"; fi

echo "booting a container above $lower"
timeout $((limit + 120)) systemd-nspawn --quiet --register=no --keep-unit --private-network --resolv-conf=off --timezone=off \
  --system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self" \
  --machine=evercert-test --directory="$root" --bind="$work/test:/test" --console=pipe --boot \
  systemd.unit=evercert-test.service >"$work/console" 2>&1 </dev/null || true
if [ ! -e "$work/test/log" ]; then
  tail -n 5 "$work/console"
  skip "no container boots here"
fi
cat "$work/test/log"
if [ "$(cat "$work/test/result" 2>/dev/null)" != passed ]; then
  echo "FAILED"
  exit 1
fi
