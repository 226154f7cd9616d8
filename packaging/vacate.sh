# shellcheck shell=sh
# In the scripts of deb and rpm, after the files are removed: what the scripts made and nobody else needs.
rm -f /usr/lib/systemd/system/evercert.service.d/zz-older-systemd.conf
rmdir /usr/lib/systemd/system/evercert.service.d /run/evercert-reload 2>/dev/null || true
# Only where nothing is in them: keys, certificates, the record and the config are kept.
rmdir /var/lib/evercert /etc/evercert 2>/dev/null || true
