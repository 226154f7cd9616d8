# An upgrade, a stop, a removal.
before=$(main_pid)
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
