# The service as it is shipped, with keys that systemd holds.
systemd-run -q --unit=stand-in /test/stand-in sandbox --listen 127.0.0.1:8401 --manage 127.0.0.1:8402 --issue-after 1s
mkdir -p /etc/evercert /etc/systemd/system/evercert.service.d
install -m 600 /dev/stdin /etc/evercert/secret_id <<<AKIDSANDBOX
install -m 600 /dev/stdin /etc/evercert/secret_key <<<SANDBOXKEY
cat >/etc/systemd/system/evercert.service.d/credentials.conf <<'UNIT'
[Service]
LoadCredential=default.secret_id:/etc/evercert/secret_id
LoadCredential=default.secret_key:/etc/evercert/secret_key
UNIT
config_of wgc.red
systemctl daemon-reload
systemctl start evercert
holds "start waits for readiness"
wait_for 30 "the certificate is installed, with keys that systemd holds for the service alone" live wgc.red
[ "$(ps -o user= -p "$(main_pid)")" = evercert ]
[ "$(stat -c %a /var/lib/evercert/evercert.db)" = 600 ]
holds "it runs as its own user, and its database is its own"
[ "$(stat -c %U "/proc/$(main_pid)/mem")" != evercert ]
holds "what it holds in memory can't be read by its own user, nor dumped"
descriptors=$(awk '/Max open files/ { print $4 }' "/proc/$(main_pid)/limits")
[ "$descriptors" -ge 16384 ]
holds "it may open $descriptors files"
wait_for 10 "the journal has the event as a field" said certificate.installed
journalctl -u evercert -o json --no-pager | grep certificate.installed | tail -n 1 | cut -c1-400
key_in_journal() { journalctl -u evercert --no-pager | grep -q SANDBOXKEY; }
not key_in_journal
holds "no key is in the journal"

config_of wgc.red shop.example.com
systemctl reload evercert
wait_for 30 "a reload takes up a new domain" live shop.example.com

echo 'domian = "typo.example.com"' >>/etc/evercert/config.toml
not systemctl reload evercert
systemctl is-active -q evercert
wait_for 15 "a bad config fails the reload, is said, and the daemon goes on" said config.rejected
config_of wgc.red shop.example.com
systemctl reload evercert

before=$(main_pid)
sed -i 's/^RestartSec=.*/RestartSec=1s/' /usr/lib/systemd/system/evercert.service
systemctl daemon-reload
kill -9 "$before"
again() {
  local now
  now=$(main_pid)
  systemctl is-active -q evercert && [ "$now" != 0 ] && [ "$now" != "$before" ]
}
wait_for 30 "killed, it is up again" again
evercert renew
[ "$(orders wgc.red)" = 1 ] && [ "$(orders shop.example.com)" = 1 ]
holds "and nothing was ordered twice"
evercert status
