# Two months in an hour: the daemon under the shipped unit, its wall clock and the service's a day further each minute, and
# killed once in each. Every third minute a name more is added by an edit of the config. At the end each name has its
# certificate and no order was made twice; and what the daemon takes has not grown.
library=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null | head -n 1)
[ -n "$library" ] || fails "libfaketime is not installed (package faketime)"
minutes=${EVERCERT_MONTH_MINUTES:-60}
dpkg -i /test/evercert.deb
mkdir -p /etc/evercert /etc/systemd/system/evercert.service.d
echo "+0" >/etc/evercert/clock
chmod 755 /etc/evercert
chmod 644 /etc/evercert/clock
# The wall clock alone: what sleeps and what watches go by the monotonic one.
faked=(LD_PRELOAD="$library" FAKETIME_TIMESTAMP_FILE=/etc/evercert/clock FAKETIME_CACHE_DURATION=1
  FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DISABLE_SHM=1 NO_FAKE_STAT=1)
systemd-run -q --unit=stand-in "${faked[@]/#/--setenv=}" /test/stand-in sandbox --listen 127.0.0.1:8401 --manage 127.0.0.1:8402 \
  --issue-after 5s --age 1080h
install -m 600 /dev/stdin /etc/evercert/secret_id <<<AKIDSANDBOX
install -m 600 /dev/stdin /etc/evercert/secret_key <<<SANDBOXKEY
{
  printf '[Service]\nLoadCredential=default.secret_id:/etc/evercert/secret_id\nLoadCredential=default.secret_key:/etc/evercert/secret_key\n'
  printf 'RestartSec=1s\n'
  printf 'Environment=%s\n' "${faked[@]}"
} >/etc/systemd/system/evercert.service.d/month.conf
names=()
for number in 1 2 3 4 5 6 7 8 9 10; do names+=("m$number.example$number.com"); done
config_of "${names[@]}"
systemctl daemon-reload
systemctl start evercert
has_all() { for name in "${names[@]}"; do live "$name" || return 1; done; }
wait_for 60 "ten certificates are installed" has_all
# What the daemon takes: resident KiB, descriptors; files and KiB of its state folder.
takes() {
  local pid
  pid=$(main_pid)
  printf '%s %s %s %s\n' "$(awk '/VmRSS/ { print $2 }' "/proc/$pid/status")" "$(find "/proc/$pid/fd" -mindepth 1 | wc -l)" \
    "$(find /var/lib/evercert -type f | wc -l)" "$(du -sk /var/lib/evercert | cut -f1)"
}
kills=0
for ((minute = 1; minute <= minutes; minute++)); do
  echo "+$((minute * 86400))" >/etc/evercert/clock
  if ((minute % 3 == 0)); then
    number=$((${#names[@]} + 1))
    names+=("m$number.example$number.com")
    config_of "${names[@]}"
  fi
  before=$((RANDOM % 40 + 5))
  sleep "$before"
  if ((minute % 5 == 0)); then echo "day $minute: $(takes) (KiB resident, descriptors, files, KiB on disk)"; fi
  if systemctl kill -s KILL evercert; then kills=$((kills + 1)); fi
  sleep $((60 - before))
done
wait_for 120 "every name has its certificate after $kills kills" has_all
sleep 30
state >/test/state.json
now=$(jq -r .now /test/state.json)
for name in "${names[@]}"; do
  # Orders of a name lie a renewal apart, and what is live has not ended.
  jq -r --arg name "$name" '[.certificates[] | select(.domain == $name) | .inserted] | sort | .[]' /test/state.json >/test/inserted
  last=0
  while read -r at; do
    second=$(date -ud "$at" +%s)
    ((second - last > 10 * 86400)) || fails "$name was ordered twice: $(tr '\n' ' ' </test/inserted)"
    last=$second
  done </test/inserted
  end=$(openssl x509 -noout -enddate -in "/var/lib/evercert/live/$name/fullchain.pem" | cut -d= -f2)
  (($(date -ud "$end" +%s) > $(date -ud "$now" +%s))) || fails "$name ended at $end, and it is $now"
done
holds "no order was made twice: $(jq '.certificates | length' /test/state.json) orders for ${#names[@]} names, and none has ended at $now"
holds "at the end: $(takes) (KiB resident, descriptors, files, KiB on disk)"
