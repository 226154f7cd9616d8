# shellcheck shell=sh
# In the scripts of deb and rpm: the daemon's user. Not by systemd-sysusers, which CentOS 7 and Ubuntu 16.04 don't have.
getent group evercert >/dev/null || groupadd --system evercert
getent passwd evercert >/dev/null ||
    useradd --system --gid evercert --home-dir /var/lib/evercert --no-create-home --shell /usr/sbin/nologin --comment Evercert evercert
