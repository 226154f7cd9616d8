# The package, as it is after its installation.
dpkg -i /test/evercert.deb
not systemctl is-active -q evercert
not systemctl is-enabled -q evercert
[ ! -e /etc/evercert/config.toml ]
holds "an installation starts nothing, enables nothing and writes no config"
man_page=/usr/share/man/man1/evercert.1.gz
[ -e $man_page ] && [ -e /usr/share/bash-completion/completions/evercert ]
evercert --version

units=/usr/lib/systemd/system
systemd-analyze verify $units/evercert.service "$units/evercert-reload@.service" "$units/evercert-reload@.timer"
exposure=$(systemd-analyze security --no-pager evercert.service | sed -n 's/.*Overall exposure level for evercert.service: \([0-9.]*\).*/\1/p')
awk "BEGIN { exit !($exposure <= 1.5) }"
holds "the unit is sound, its exposure is $exposure"
