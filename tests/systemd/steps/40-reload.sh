# Servers reloaded by the path unit, without any right of Evercert's.
cat >/etc/nginx/conf.d/test.conf <<'CONF'
server {
  listen 127.0.0.1:8443 ssl;
  server_name wgc.red;
  ssl_certificate /var/lib/evercert/live/wgc.red/fullchain.pem;
  ssl_certificate_key /var/lib/evercert/live/wgc.red/privkey.pem;
}
CONF
systemctl restart nginx
systemctl enable -q --now evercert-reload@wgc.red.path
systemctl is-active -q evercert-reload@wgc.red.timer
old=$(served 8443 wgc.red)
evercert renew --force wgc.red
changed() { [ "$(served 8443 wgc.red)" != "$old" ]; }
wait_for 20 "the path unit reloads nginx, which serves the new certificate" changed

# A server that takes a while to reload, and notes what it then serves.
mkdir -p /run/slow
cat >/etc/systemd/system/slow@.service <<'UNIT'
[Service]
ExecStart=/bin/sh -c 'readlink /var/lib/evercert/live/%i >/run/slow/%i; exec sleep infinity'
ExecReload=/bin/sh -c 'readlink /var/lib/evercert/live/%i >/run/slow/%i; sleep 0.0$$(shuf -i 0-9 -n 1)'
UNIT
watch_over() {
  mkdir -p "/etc/systemd/system/evercert-reload@$1.service.d"
  printf '[Service]\nEnvironment=RELOAD=slow@%s.service\n' "$1" >"/etc/systemd/system/evercert-reload@$1.service.d/server.conf"
}
swap() {
  ln -s "../archive/$1/$2" "/var/lib/evercert/live/.$1.next"
  mv -T "/var/lib/evercert/live/.$1.next" "/var/lib/evercert/live/$1"
}
watch_over a.example
watch_over b.example
systemctl daemon-reload
systemctl start evercert-reload@a.example.path evercert-reload@b.example.path
looked() { [ "$(systemctl show -P InactiveEnterTimestampMonotonic evercert-reload@a.example.service)" != 0 ]; }
wait_until 30 "a look without a link" looked
[ "$(systemctl show -P Result evercert-reload@a.example.service)" = success ]
holds "a link that is not there yet is no failure"

swap a.example 0
swap b.example 0
systemctl start slow@a.example slow@b.example
both_serve() {
  for name in a.example b.example; do
    [ "$(cat /run/slow/$name)" = "$(live $name)" ] || return 1
  done
}
version=0
for _ in $(seq 20); do
  for _ in $(seq 16); do
    version=$((version + 1))
    if ((RANDOM % 2)); then swap a.example $version; else swap b.example $version; fi
    sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
  done
  wait_until 40 "the last of $version swaps was followed by a reload" both_serve
done
holds "of $version swaps of two neighbours 0 to 99 ms apart, the last is always followed by a reload"

systemctl stop slow@a.example
swap a.example stopped
noted() { grep -q stopped /run/evercert-reload/a.example; }
wait_until 40 "a change while the server is stopped is noted" noted
not systemctl is-active -q slow@a.example
holds "a server that its operator stopped stays so"
systemctl start slow@a.example
wait_until 10 "a server reads what is there when it starts" both_serve
# A reload that fails is tried again, without a change.
printf '[Service]\nExecReload=\nExecReload=/bin/sh -c "test -e /run/slow/mended && readlink /var/lib/evercert/live/%%i >/run/slow/%%i"\n' |
  install -D -m 644 /dev/stdin /etc/systemd/system/slow@b.example.service.d/fails.conf
systemctl daemon-reload
swap b.example failed
failed_once() { [ "$(systemctl show -P Result evercert-reload@b.example.service)" != success ]; }
wait_until 40 "a failed reload is a failure of its unit" failed_once
touch /run/slow/mended
wait_for 40 "a reload that failed is tried again by itself" both_serve
systemctl stop evercert-reload@a.example.path evercert-reload@b.example.path slow@a.example slow@b.example
not systemctl is-active -q evercert-reload@a.example.timer
holds "the timer ends with the path unit"
rm /var/lib/evercert/live/a.example /var/lib/evercert/live/b.example
systemctl disable -q --now evercert-reload@wgc.red.path
