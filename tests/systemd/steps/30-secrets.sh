# Secrets: from commands, and in a config that the package keeps readable for the daemon's group alone.
# steal OF WHOM: a deploy hook that looks for the key wherever it can, and tells where it found it.
mkdir -p /opt/test
cat >/opt/test/steal <<'HOOK'
#!/bin/sh
out=/var/lib/evercert/stolen
id -un >"$out"
for place in /run/credentials/evercert.service /var/run/credentials/evercert.service \
  /proc/self/root/run/credentials/evercert.service /proc/$PPID/root/run/credentials/evercert.service; do
  cat "$place"/default.secret_key >>"$out" 2>/dev/null
done
cat /proc/$PPID/environ /proc/$PPID/mem >>"$out" 2>/dev/null
head -n 1 /etc/os-release >>"$out"
env >>"$out"
HOOK
chmod 755 /opt/test/steal
config <<'CONFIG'
[[certificates]]
domain = "wgc.red"
[certificates.hooks]
deploy = [["/opt/test/steal"]]
CONFIG
systemctl reload evercert
stolen=/var/lib/evercert/stolen
# only_harmless USER: the hook ran to its end as this user, and found no key.
only_harmless() {
  wait_until 30 "the hook ran" grep -q EVERCERT_DOMAIN $stolen
  [ "$(head -n 1 $stolen)" = "$1" ]
  grep -q PRETTY_NAME $stolen
  not grep -q SANDBOXKEY $stolen
  rm $stolen
}
if [ -e /test/has-landlock ]; then
  only_harmless evercert
  holds "a command reads what it needs, and not the SecretKey that systemd holds"
else
  echo "skipped: this kernel has no Landlock, so commands can read the SecretKey"
fi

# A config with a secret in it, as the package's tmpfiles leaves it at the next boot.
rm /etc/systemd/system/evercert.service.d/credentials.conf
{
  printf '[accounts.default]\nendpoint = "http://127.0.0.1:8401"\nsecret_id = "AKIDSANDBOX"\nsecret_key = "SANDBOXKEY"\n'
  printf '[schedule]\npoll = "1s"\njitter = "0s"\n[[certificates]]\ndomain = "wgc.red"\n[[certificates]]\ndomain = "inline.example.com"\n'
} >/etc/evercert/config.toml
for start in "root:root 600" "evercert:evercert 600" "root:evercert 640"; do
  chown "${start% *}" /etc/evercert/config.toml
  chmod "${start#* }" /etc/evercert/config.toml
  # What systemd-tmpfiles-setup.service runs at every boot, and what an upgrade does.
  systemd-tmpfiles --create --remove --boot --exclude-prefix=/dev 2>/dev/null || true
  systemd-tmpfiles --create evercert.conf
  [ "$(stat -c '%a %U:%G' /etc/evercert/config.toml)" = "640 root:evercert" ]
  evercert check
  systemctl daemon-reload
  systemctl restart evercert
  systemctl reload evercert
done
wait_for 30 "a config with a secret in it is good after a boot and an upgrade, for root and for the daemon" live inline.example.com
adduser --quiet --system stranger >/dev/null 2>&1 || useradd --system stranger
gpasswd -a stranger evercert >/dev/null
not evercert check
gpasswd -d stranger evercert >/dev/null
chmod 644 /etc/evercert/config.toml
not evercert check
chgrp daemon /etc/evercert/config.toml
chmod 640 /etc/evercert/config.toml
not evercert check
holds "and refused where somebody else can read it"
cat >/etc/systemd/system/evercert.service.d/credentials.conf <<'UNIT'
[Service]
LoadCredential=default.secret_id:/etc/evercert/secret_id
LoadCredential=default.secret_key:/etc/evercert/secret_key
UNIT
config_of wgc.red shop.example.com
systemctl daemon-reload
systemctl restart evercert
