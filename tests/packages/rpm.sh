# shellcheck shell=bash
# The rpm's scripts, from the first installation to the removal.
# shellcheck source=tests/packages/common.sh
. /test/common.sh
# Debian's rpm wants it to be said that this is meant; it has no database of packages to look for dependencies in.
force=
if rpm --help | grep -q -- --force-debian; then force=--force-debian; fi
erpm() { rpm --nodeps $force "$@" 2> >(grep -v 'Alien\|assuming' >&2 || true); }

erpm -i /test/now.rpm >/tmp/said
[ "$(wc -l </tmp/said)" = 2 ] && grep -q 'evercert init' /tmp/said
holds "an installation by $(rpm --version) says in two lines what comes next"
[ "$(getent passwd evercert | cut -d: -f6,7)" = /var/lib/evercert:/usr/sbin/nologin ]
[ "$(stat -c '%a %U:%G' /var/lib/evercert)" = "711 evercert:evercert" ]
[ "$(stat -c '%a %U:%G' /etc/evercert)" = "755 root:root" ] && [ ! -e /etc/evercert/config.toml ]
[ -z "$(find /etc/systemd/system -name 'evercert*' ! -name evercert-test.service)" ]
holds "user and folders are there; nothing is enabled, no config is written"
for file in /usr/lib/systemd/system/evercert{,-reload@}.service /usr/share/man/man1/evercert{,-run}.1.gz \
  /usr/share/bash-completion/completions/evercert /usr/share/zsh/site-functions/_evercert \
  /usr/share/licenses/evercert/LICENSE-MIT /usr/share/doc/evercert/docs/zh-CN/README.md; do
  [ "$(stat -c '%a %U' "$file")" = "644 root" ]
done
evercert --version
rpm -V --nodeps evercert
holds "its files are what the package says"

install -m 640 -g evercert /dev/stdin /etc/evercert/config.toml <<<'# mine'
install -m 640 -g evercert /dev/stdin /etc/evercert/secret_key <<<'SECRET'
install -m 600 -o evercert /dev/stdin /var/lib/evercert/evercert.db <<<'record'
systemctl enable evercert.service evercert-reload@shop.example.com.path 2>/dev/null
# As somebody may have it: an upgrade gives it its mode back.
chmod 644 /etc/evercert/config.toml
erpm -U /test/next.rpm >/tmp/said
[ ! -s /tmp/said ] && [ "$(rpm -q --qf '%{version}' evercert)" = 9 ]
[ "$(cat /etc/evercert/config.toml)" = '# mine' ] && [ "$(stat -c '%a %U:%G' /etc/evercert/config.toml)" = "640 root:evercert" ]
[ -z "$(find /etc/evercert -name '*.rpm*')" ]
[ -L /etc/systemd/system/multi-user.target.wants/evercert.service ]
holds "an upgrade keeps the edited config, and what is enabled"

erpm -e evercert
left=$(find / -xdev -path /proc -prune -o -path /test -prune -o -name '*evercert*' ! -name 'evercert-test*' -print | sort | xargs)
[ "$left" = "/etc/evercert /var/lib/evercert /var/lib/evercert/evercert.db" ] || fails "left: $left"
[ "$(cat /etc/evercert/config.toml /etc/evercert/secret_key | xargs)" = '# mine SECRET' ]
holds "a removal leaves config and record, and nothing that is enabled"
erpm -i /test/now.rpm >/tmp/said
[ ! -s /tmp/said ] && [ "$(cat /etc/evercert/config.toml)" = '# mine' ]
holds "they are taken up by the next installation"
rm -r /etc/evercert/* /var/lib/evercert/*
erpm -e evercert
[ ! -e /etc/evercert ] && [ ! -e /var/lib/evercert ] && [ ! -e /usr/share/evercert ] && [ ! -e /usr/share/doc/evercert ]
holds "and where there is neither, nothing is left"
