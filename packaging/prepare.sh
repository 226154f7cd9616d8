# shellcheck shell=sh
# In the scripts of deb and rpm, once the files and the user are there. Starts nothing, overwrites nothing of the operator's.
#
# systemd makes these two only from 235 on. A folder that is there keeps its owner: it is root's where the daemon is.
mkdir -p /etc/evercert
[ -d /var/lib/evercert ] || install -d -m 0711 -o evercert -g evercert /var/lib/evercert
# Before 239 systemd does not know the unit's set of system calls, and would let the daemon make none.
overrides=/usr/lib/systemd/system/evercert.service.d
systemd=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
if [ "${systemd:-239}" -lt 239 ]; then
    mkdir -p $overrides
    install -m 644 /usr/share/evercert/zz-older-systemd.conf $overrides/
else
    rm -f $overrides/zz-older-systemd.conf
    rmdir $overrides 2>/dev/null || true
fi
# The mode of the config.
systemd-tmpfiles --create evercert.conf || true
