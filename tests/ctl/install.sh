#!/bin/bash
# What `make install` puts where, with which rights, and whether systemd understands the unit.
. "$(dirname "$0")/../lib.sh"

root=$TMP/root
install_there()
{
	env -u B -u VARIANT make -s -C "$(dirname "$0")/../.." install DESTDIR="$root" PREFIX=/usr/local > "$LOG" 2>&1
}

mode()
{
	[ "$(stat -c %a "$root$2")" = "$1" ]
}

umask 022
check "make install, into a folder" install_there
for file in 755:/usr/local/sbin/wirechiefd 755:/usr/local/bin/wirechief 644:/usr/local/share/man/man8/wirechiefd.8 \
    644:/usr/local/share/wirechief/web/head.html 644:/usr/local/share/wirechief/prompts/en/disabled.wav \
    644:/usr/local/share/bash-completion/completions/wirechief 644:/lib/systemd/system/wirechiefd.service \
    644:/usr/lib/sysusers.d/wirechief.conf; do
	check "${file#*:}" mode "${file%%:*}" "${file#*:}"
done
check "the configuration is right" [ "$("$root/usr/local/sbin/wirechiefd" -t -c "$root/etc/wirechief/wirechief.conf")" = \
    "$root/etc/wirechief/wirechief.conf: ok" ]
echo 'domain = "mine.test"' > "$root/etc/wirechief/wirechief.conf"
chmod 600 "$root/etc/wirechief/wirechief.conf"
check "make install again" install_there
check "leaves the configuration" grep -qx 'domain = "mine.test"' "$root/etc/wirechief/wirechief.conf"
check "and its rights" mode 600 /etc/wirechief/wirechief.conf

# understood UNIT: systemd finds no fault in it.
understood()
{
	timeout 120 systemd-analyze verify --man=no "$1" > "$LOG" 2>&1 && ! grep -q "${1##*/}" "$LOG"
}

printf '[Unit]\nWants=network-online.target\n[Service]\nExecStart=/bin/true\n' > "$TMP/plain.service"
if ! understood "$TMP/plain.service"; then
	echo "skip the unit: systemd-analyze verify is not to be had here"
	exit
fi
printf '[Service]\nExecStart=/bin/true\nTimeoutStop=1\n' > "$TMP/wrong.service"
check "systemd finds a fault in another unit" eval '! understood "$TMP/wrong.service"'
sed "s,/usr/local/sbin,$root&," "$root/lib/systemd/system/wirechiefd.service" > "$TMP/wirechiefd.service"
check "and none in ours" understood "$TMP/wirechiefd.service"
