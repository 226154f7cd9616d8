# shellcheck shell=bash
# The tarball's binary, as a newcomer starts it.
# shellcheck source=tests/packages/common.sh
. /test/common.sh
mkdir /tmp/newcomer
cd /tmp/newcomer
/test/evercert run --sandbox >log 2>&1 &
daemon=$!
renewed() { grep -q certificate.renewed log; }
wait_for 60 "the tarball's binary renews a certificate with $(ldd --version | sed -n '1s/.*) /glibc /p')" renewed || {
  tail -n 20 log
  false
}
kill -TERM $daemon
wait $daemon
cd /
rm -r /tmp/newcomer
