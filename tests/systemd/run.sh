#!/usr/bin/env bash
# The Debian package under a real systemd: run.sh PACKAGE.deb
#
# Boots a small Debian in a container of systemd-nspawn's, whose changes are thrown away, and runs inside.sh in it: the
# package is installed, started against the stand-in, reloaded, given a bad config, killed, upgraded and purged.
# Needs root, debootstrap and systemd-container; where it can't run, it says so and ends well.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
package=${1:?usage: run.sh PACKAGE.deb}
root=${EVERCERT_TEST_ROOT:-/var/tmp/evercert-test-root}

skip() {
  echo "skipped: $*"
  exit 0
}
[ "$(id -u)" = 0 ] || skip "a container is booted by root only"
for program in debootstrap systemd-nspawn dpkg-deb; do
  command -v "$program" >/dev/null || skip "$program is not installed (packages debootstrap, systemd-container)"
done

if [ ! -e "$root/.complete" ]; then
  rm -rf "$root"
  debootstrap --variant=minbase \
    --include=systemd,systemd-sysv,dbus,ca-certificates,init-system-helpers,debconf,procps,nginx-light,curl,openssl,jq \
    "${EVERCERT_TEST_SUITE:-bookworm}" "$root" >/dev/null
  touch "$root/.complete"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$package" "$work/evercert.deb"
cp "$here/inside.sh" "$work/"
# The same package under a higher version, for the upgrade.
dpkg-deb -R "$package" "$work/next"
sed -i 's/^Version: .*/&+next/' "$work/next/DEBIAN/control"
dpkg-deb -b "$work/next" "$work/evercert-next.deb" >/dev/null
rm -rf "$work/next"

# The one thing that is changed in the folder itself: what to do once it is up.
cat >"$root/etc/systemd/system/evercert-test.service" <<'UNIT'
[Unit]
Description=The test of the package
After=multi-user.target
[Service]
Type=oneshot
StandardOutput=file:/test/log
StandardError=inherit
ExecStart=/bin/bash /test/inside.sh
ExecStopPost=/bin/systemctl --no-block poweroff
TimeoutStartSec=300
[Install]
WantedBy=default.target
UNIT
mkdir -p "$root/etc/systemd/system/default.target.wants"
ln -sf ../evercert-test.service "$root/etc/systemd/system/default.target.wants/"

echo "booting a container from $root"
timeout 420 systemd-nspawn --quiet --register=no --keep-unit --volatile=overlay --directory="$root" \
  --bind="$work:/test" --console=pipe -b >"$work/console" 2>&1 || true
if [ ! -e "$work/log" ]; then
  tail -n 5 "$work/console"
  skip "the container did not boot here"
fi
cat "$work/log"
if [ "$(cat "$work/result" 2>/dev/null)" != passed ]; then
  echo "FAILED"
  exit 1
fi
