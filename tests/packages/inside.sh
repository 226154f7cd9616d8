# shellcheck shell=bash
# Runs in the booted container: deb and rpm under an older systemd.
# shellcheck source=tests/packages/common.sh
. /test/common.sh
version=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
# stand_in NAME: the service's stand-in, as a unit of this name.
stand_in() { systemd-run -q --unit="$1" /test/evercert sandbox --listen 127.0.0.1:8401 --manage 127.0.0.1:8402 --issue-after 1s; }
live() { readlink "/var/lib/evercert/live/$1"; }
main_pid() { systemctl show -p MainPID evercert | cut -d= -f2; }
again() {
  local now
  now=$(main_pid)
  systemctl is-active -q evercert && [ "$now" != 0 ] && [ "$now" != "$before" ]
}
config() {
  {
    printf '[schedule]\npoll = "1s"\njitter = "0s"\n[accounts.default]\nendpoint = "http://127.0.0.1:8401"\n'
    printf 'secret_id_file = "/etc/evercert/secret_id"\nsecret_key_file = "/etc/evercert/secret_key"\n'
    for domain in "$@"; do printf '[[certificates]]\ndomain = "%s"\n' "$domain"; done
  } >/etc/evercert/config.toml
  chown root:evercert /etc/evercert/config.toml
  chmod 640 /etc/evercert/config.toml
}
# What systemd says of the units, without what an older one passes over.
complaints() {
  journalctl -b --no-pager -o cat _PID=1 | grep evercert | grep -v zzz-kernel.conf | grep -E 'evercert[^ ]*(service|path|timer|conf):[0-9]+' |
    grep -vE "Unknown (lvalue|key name) '[A-Za-z]+' in section|to parse protect system value, ignoring: strict" |
    grep -vE "(Failed to parse system call|Unknown system call group), ignoring: (landlock_[a-z_]+|@(system-service|privileged|resources))$" || true
}

# service KIND: the service as the package has it, with keys in files, from its start to an upgrade.
service() {
  [ "$(stat -c '%a %U' /var/lib/evercert)" = "711 evercert" ]
  install -m 640 -g evercert /dev/stdin /etc/evercert/secret_id <<<AKIDSANDBOX
  install -m 640 -g evercert /dev/stdin /etc/evercert/secret_key <<<SANDBOXKEY
  config wgc.red
  evercert check
  systemctl start evercert
  wait_for 30 "$1: systemd $version starts the service, which installs a certificate with keys from files" live wgc.red
  [ "$(ps -o user= -p "$(main_pid)")" = evercert ] && [ "$(stat -c '%a %U' /var/lib/evercert/evercert.db)" = "600 evercert" ]
  config wgc.red shop.example.com
  systemctl reload evercert
  wait_for 30 "$1: a reload takes up a new domain" live shop.example.com
  [ -z "$(complaints)" ] || fails "systemd said: $(complaints)"
  holds "$1: the units load without an error"
}

stand_in for-deb
dpkg -i --force-depends /test/now.deb
not systemctl is-active -q evercert
service deb
# The path unit notes what it saw: a look that finds nothing new reloads nothing.
mkdir -p /run/counted
cat >/etc/systemd/system/counted@.service <<'UNIT'
[Service]
ExecStart=/bin/sleep 1d
ExecReload=/bin/sh -c 'echo reload >>/run/counted/%i'
UNIT
mkdir -p /etc/systemd/system/evercert-reload@wgc.red.service.d
printf '[Service]\nEnvironment=RELOAD=counted@path.service\n' >/etc/systemd/system/evercert-reload@wgc.red.service.d/server.conf
systemctl daemon-reload
systemctl start counted@path.service counted@target.service
systemctl enable evercert-reload@wgc.red.path
systemctl start evercert-reload@wgc.red.path
reloads() { [ "$(wc -l <"/run/counted/$1")" = "$2" ]; }
wait_for 30 "the path unit reloads a server for what it has not seen yet" reloads path 1
systemctl start evercert-reload@wgc.red.service
systemctl start evercert-reload@wgc.red.service
reloads path 1
holds "and not again without a change"
evercert renew --force wgc.red
wait_for 40 "it reloads it for a renewal" reloads path 2

# What an older systemd passes over is said.
mkdir -p /etc/systemd/system/evercert.service.d
printf '[Service]\nLoadCredential=default.secret_key:/etc/evercert/secret_key\n' >/etc/systemd/system/evercert.service.d/keys.conf
says() {
  # doctor ends with 1 where something fails.
  evercert doctor --offline >/tmp/doctor || true
  evercert check >/tmp/check
  grep -q "LoadCredential= of the unit" /tmp/doctor && grep -q "LoadCredential= of the unit" /tmp/check
}
if [ "$version" -lt 247 ]; then says; else not says; fi
holds "doctor and check know that systemd $version $([ "$version" -lt 247 ] && echo "knows no LoadCredential=" || echo "knows LoadCredential=")"
rm -r /etc/systemd/system/evercert.service.d

# As root, with the drop-in for targets, on a kernel that has none of what came after 3.10 (CentOS 7) and could be used here.
mkdir -p /etc/nginx
mkdir -p /etc/systemd/system/evercert.service.d
cat >/etc/systemd/system/evercert.service.d/zzz-kernel.conf <<'UNIT'
[Service]
SystemCallFilter=
SystemCallFilter=~statx getrandom renameat2 copy_file_range clone3 openat2 faccessat2 pidfd_open close_range memfd_create execveat
SystemCallFilter=~landlock_create_ruleset
SystemCallErrorNumber=ENOSYS
UNIT
install -D /usr/share/doc/evercert/examples/targets.conf /etc/systemd/system/evercert.service.d/targets.conf
printf '[[certificates.install]]\nformat = "pem"\ncert = "/etc/nginx/shop.crt"\nkey = "/etc/nginx/shop.key"\nowner = "daemon"\nreload = ["systemctl", "reload", "counted@target"]\n' \
  >>/etc/evercert/config.toml
systemctl daemon-reload
systemctl restart evercert
wait_for 30 "targets.conf lets it write a target and reload its server" reloads target 1
[ "$(stat -c %U /etc/nginx/shop.key)" = daemon ]
grep -q '^Seccomp:.*2' "/proc/$(main_pid)/status"
holds "and what a kernel of CentOS 7 does not have is done another way"
rm -r /etc/systemd/system/evercert.service.d
[ "$version" -ge 235 ] || chown -R evercert:evercert /var/lib/evercert
config wgc.red shop.example.com
systemctl daemon-reload
systemctl restart evercert

before=$(main_pid)
dpkg -i --force-depends /test/next.deb
wait_for 30 "deb: an upgrade restarts the running daemon" again
dpkg -r evercert
not systemctl is-active -q evercert-reload@wgc.red.path
[ -z "$(find /etc/systemd/system/*.wants -name 'evercert*')" ] && [ -e /var/lib/evercert/evercert.db ]
echo "evercert evercert/delete-state boolean true" | debconf-set-selections
dpkg -P evercert
[ ! -e /var/lib/evercert ] && [ ! -e /usr/lib/systemd/system/evercert.service.d ]
holds "deb: nothing that was enabled is left by a removal, nor anything by a purge that was told to"

rm -rf /etc/evercert
userdel evercert
systemctl stop for-deb
stand_in for-rpm
force=
if rpm --help | grep -q -- --force-debian; then force=--force-debian; fi
rpm --nodeps $force -i /test/now.rpm
not systemctl is-active -q evercert
service rpm
before=$(main_pid)
rpm --nodeps $force -U /test/next.rpm
wait_for 30 "rpm: an upgrade restarts the running daemon" again
rpm --nodeps $force -e evercert
not systemctl is-active -q evercert
[ -e /var/lib/evercert/live/wgc.red/privkey.pem ]
holds "rpm: a removal stops it, and keeps what it has"
echo passed >/test/result
