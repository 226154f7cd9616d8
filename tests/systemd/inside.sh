#!/usr/bin/env bash
# Runs inside the container that run.sh boots. Every step says what it holds.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
trap 'echo "failed in line $LINENO"; journalctl -u evercert -n 40 --no-pager -o cat || true; echo failed >/test/result' ERR

holds() { printf 'ok  %s\n' "$*"; }
# not COMMAND...: bash's own "!" would not end the script.
not() { if "$@"; then fails "did not expect: $*"; fi; }
fails() { echo "NOT: $*"; false; }
# wait_for SECONDS WHAT COMMAND...
wait_for() {
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || fails "$what"
    sleep 0.3
  done
  holds "$what"
}
said() { journalctl -u evercert -o json --no-pager | grep -q "$1"; }
live() { readlink "/var/lib/evercert/live/$1"; }
state() { curl -sf http://127.0.0.1:8402/state; }
orders() { state | jq "[.certificates[] | select(.domain == \"$1\")] | length"; }

dpkg -i /test/evercert.deb
not systemctl is-active -q evercert
not systemctl is-enabled -q evercert
[ ! -e /etc/evercert/config.toml ]
holds "an installation starts nothing, enables nothing and writes no config"
man_page=/usr/share/man/man1/evercert.1.gz
[ -e $man_page ] && [ -e /usr/share/bash-completion/completions/evercert ]
evercert --version

systemd-analyze verify /usr/lib/systemd/system/evercert.service /usr/lib/systemd/system/evercert-reload@.service
exposure=$(systemd-analyze security --no-pager evercert.service | sed -n 's/.*Overall exposure level for evercert.service: \([0-9.]*\).*/\1/p')
awk "BEGIN { exit !($exposure <= 1.5) }"
holds "the unit is sound, its exposure is $exposure"

systemd-run -q --unit=stand-in evercert sandbox --listen 127.0.0.1:8401 --manage 127.0.0.1:8402 --issue-after 1s
mkdir -p /etc/evercert /etc/systemd/system/evercert.service.d
install -m 600 /dev/stdin /etc/evercert/secret_id <<<AKIDSANDBOX
install -m 600 /dev/stdin /etc/evercert/secret_key <<<SANDBOXKEY
cat >/etc/systemd/system/evercert.service.d/credentials.conf <<'UNIT'
[Service]
LoadCredential=default.secret_id:/etc/evercert/secret_id
LoadCredential=default.secret_key:/etc/evercert/secret_key
UNIT
write_config() {
  {
    printf '[schedule]\npoll = "1s"\njitter = "0s"\n[accounts.default]\nendpoint = "http://127.0.0.1:8401"\n'
    for domain in "$@"; do printf '[[certificates]]\ndomain = "%s"\n' "$domain"; done
  } >/etc/evercert/config.toml
  chown root:evercert /etc/evercert/config.toml
  chmod 640 /etc/evercert/config.toml
}
write_config wgc.red
systemctl daemon-reload
systemctl start evercert
holds "start waits for readiness"
wait_for 30 "the certificate is installed, with keys that systemd holds for the service alone" live wgc.red
[ "$(ps -o user= -p "$(systemctl show -P MainPID evercert)")" = evercert ]
[ "$(stat -c %a /var/lib/evercert/evercert.db)" = 600 ]
holds "it runs as its own user, and its database is its own"
[ "$(stat -c %U "/proc/$(systemctl show -P MainPID evercert)/mem")" != evercert ]
holds "what it holds in memory can't be read by its own user, nor dumped"
wait_for 10 "the journal has the event as a field" said certificate.installed
journalctl -u evercert -o json --no-pager | grep certificate.installed | tail -n 1 | cut -c1-400
key_in_journal() { journalctl -u evercert --no-pager | grep -q SANDBOXKEY; }
not key_in_journal
holds "no key is in the journal"

write_config wgc.red shop.example.com
systemctl reload evercert
wait_for 30 "a reload takes up a new domain" live shop.example.com

write_config wgc.red shop.example.com
echo 'domian = "typo.example.com"' >>/etc/evercert/config.toml
not systemctl reload evercert
systemctl is-active -q evercert
wait_for 15 "a bad config fails the reload, is said, and the daemon goes on" said config.rejected
write_config wgc.red shop.example.com
systemctl reload evercert

before=$(systemctl show -P MainPID evercert)
sed -i 's/^RestartSec=.*/RestartSec=1s/' /usr/lib/systemd/system/evercert.service
systemctl daemon-reload
kill -9 "$before"
again() {
  local now
  now=$(systemctl show -P MainPID evercert)
  systemctl is-active -q evercert && [ "$now" != 0 ] && [ "$now" != "$before" ]
}
wait_for 30 "killed, it is up again" again
evercert renew
[ "$(orders wgc.red)" = 1 ] && [ "$(orders shop.example.com)" = 1 ]
holds "and nothing was ordered twice"
evercert status

# A server reloaded by the path unit, without any right of Evercert's.
cat >/etc/nginx/conf.d/test.conf <<'CONF'
server {
  listen 127.0.0.1:8443 ssl;
  server_name wgc.red;
  ssl_certificate /var/lib/evercert/live/wgc.red/fullchain.pem;
  ssl_certificate_key /var/lib/evercert/live/wgc.red/privkey.pem;
}
CONF
systemctl restart nginx
systemctl enable -q --now evercert-reload@wgc.red.path
served() { openssl s_client -connect 127.0.0.1:8443 -servername wgc.red </dev/null 2>/dev/null | openssl x509 -noout -fingerprint; }
old=$(served)
evercert renew --force wgc.red
changed() { [ "$(served)" != "$old" ]; }
wait_for 20 "the path unit reloads nginx, which serves the new certificate" changed

before=$(systemctl show -P MainPID evercert)
cp /etc/evercert/config.toml /tmp/config.before
dpkg -i /test/evercert-next.deb
wait_for 30 "an upgrade restarts the running daemon" again
cmp /etc/evercert/config.toml /tmp/config.before
holds "and leaves the config alone"

systemctl stop evercert
[ "$(systemctl show -P Result evercert)" = success ]
holds "it stops by itself when asked"
dpkg -r evercert
[ -e /var/lib/evercert/evercert.db ]
dpkg -P evercert
[ -e /var/lib/evercert/live/wgc.red/privkey.pem ]
holds "a purge that can't ask keeps keys, certificates and record"
dpkg -i /test/evercert.deb
echo "evercert evercert/delete-state boolean true" | debconf-set-selections
dpkg -P evercert
[ ! -e /var/lib/evercert ] && [ -e /etc/evercert/config.toml ]
holds "a purge that was told to deletes them"
trap - ERR
echo passed >/test/result
