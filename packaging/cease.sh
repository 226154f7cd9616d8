# shellcheck shell=sh
# In the scripts of deb and rpm, before the files are removed: nothing of the package runs or is enabled afterwards.
for unit in evercert.service $(cd /etc/systemd/system && find . -path './*.wants/evercert-reload@*' | sed 's|.*/||'); do
    systemctl disable "$unit" >/dev/null 2>&1 || true
done
if [ -d /run/systemd/system ]; then
    systemctl stop evercert.service 'evercert-reload@*' || true
fi
