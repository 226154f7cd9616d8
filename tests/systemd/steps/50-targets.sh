# Targets with the drop-in, as docs/delivery.md has it: nginx and haproxy as Debian ships them, and a file of root's.
mkdir -p /etc/nginx/ssl /etc/haproxy/certs
placeholder() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj "/CN=$1" -keyout "$2" -out "$3" 2>/dev/null
}
placeholder wgc.red /etc/nginx/ssl/wgc.red.key /etc/nginx/ssl/wgc.red.crt
placeholder shop.example.com /tmp/key /tmp/crt
cat /tmp/crt /tmp/key >/etc/haproxy/certs/shop.example.com.pem
cat >/etc/nginx/conf.d/test.conf <<'CONF'
server {
  listen 127.0.0.1:8443 ssl;
  server_name wgc.red;
  ssl_certificate /etc/nginx/ssl/wgc.red.crt;
  ssl_certificate_key /etc/nginx/ssl/wgc.red.key;
  access_log /var/log/nginx/wgc.red.log;
}
CONF
cat >>/etc/haproxy/haproxy.cfg <<'CONF'

frontend tls
  bind 127.0.0.1:8444 ssl crt /etc/haproxy/certs/
  default_backend none
backend none
CONF
# As on a new machine: what the servers keep is not there before they ran once.
rm -rf /var/lib/nginx/* /var/log/nginx/*
systemctl restart nginx haproxy

config <<'CONFIG'
[[certificates]]
domain = "wgc.red"
verify = "127.0.0.1:8443"
[[certificates.install]]
format = "pem"
cert = "/etc/nginx/ssl/wgc.red.crt"
key = "/etc/nginx/ssl/wgc.red.key"
check = ["nginx", "-t"]
reload = ["systemctl", "try-reload-or-restart", "nginx"]
[[certificates]]
domain = "shop.example.com"
verify = "127.0.0.1:8444"
[[certificates.install]]
format = "combined"
file = "/etc/haproxy/certs/shop.example.com.pem"
check = ["haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg"]
reload = ["systemctl", "try-reload-or-restart", "haproxy"]
[[certificates]]
domain = "root.example.com"
[[certificates.install]]
format = "pem"
cert = "/etc/ssl/private/root.example.com.crt"
key = "/etc/ssl/private/root.example.com.key"
owner = "root"
group = "root"
mode = "0600"
[certificates.hooks]
deploy = [["/opt/test/steal"]]
CONFIG
evercert check | grep -q targets.conf
holds "check names the drop-in"
install -D /usr/share/doc/evercert/examples/targets.conf /etc/systemd/system/evercert.service.d/targets.conf
systemctl daemon-reload
systemctl restart evercert
wait_for 30 "nginx gets the certificate, checked by nginx -t in the unit's sandbox" serves 8443 wgc.red
wait_for 60 "haproxy gets its own, checked by haproxy -c" serves 8444 shop.example.com
wait_for 30 "a target of root's is written" test -e /etc/ssl/private/root.example.com.key
[ "$(stat -c '%a %U' /etc/ssl/private/root.example.com.key)" = "600 root" ]
# A second time, when the servers' logs and pid files are there.
evercert renew --force wgc.red shop.example.com
wait_for 60 "and again at the next renewal" serves 8443 wgc.red
wait_until 60 "haproxy too" serves 8444 shop.example.com
not said certificate.rolled_back
holds "nothing was rolled back"
if [ -e /test/has-landlock ]; then
  only_harmless root
  holds "a command can't read the credentials with the drop-in either"
fi

evercert doctor --offline --json >/tmp/findings || true
checks() { jq -e "[.[] | select(.finding | contains(\"check\")) | select(.level == \"fails\")] | length $1" /tmp/findings; }
checks "== 0" >/dev/null
# A log where the unit may not write: seen by doctor, before a renewal fails.
mkdir -p /srv/logs
sed -i 's#/var/log/nginx/wgc.red.log#/srv/logs/wgc.red.log#' /etc/nginx/conf.d/test.conf
nginx -t 2>/dev/null
evercert doctor --offline --json >/tmp/findings || true
checks "== 1" >/dev/null
grep -q 'Read-only file system' /tmp/findings
holds "doctor runs each check in the unit's own sandbox, and says what it can't write there"
rm -rf /srv/logs /etc/nginx/conf.d/test.conf
systemctl stop nginx haproxy

rm /etc/systemd/system/evercert.service.d/targets.conf
config_of wgc.red shop.example.com
systemctl daemon-reload
systemctl restart evercert
[ "$(ps -o user= -p "$(main_pid)")" = evercert ]
