# Kannel, and the fake SMSC that it comes with; to be sourced after tests/lib.sh.

fakesmsc=/usr/lib/kannel/test/fakesmsc
K=$TMP/kannel

kannel_is_here()
{
	[ -x $fakesmsc ] && [ -x /usr/sbin/bearerbox ] && [ -x /usr/sbin/smsbox ]
}

kannel_listens()	# PORT
{
	[ -n "$(ss -Hltn "sport = :$1")" ]
}

# What is sent before all its parts have found each other is queued, and the gateway says so.
kannel_is_whole()	# ADMIN PORT
{
	curl -s --max-time 30 "http://127.0.0.1:$1/status.txt?password=none" > "$K/status" && grep -q 'fake.*(online ' "$K/status" &&
	    grep -q 'smsbox:.*(on-line ' "$K/status"
}

# kannel_start: bearerbox, smsbox and the SMSC, which prints what would be sent into $K/fakesmsc.  Sets KANNEL, the port of sendsms, whose
# user and password are wirechief and kannel-secret.  The driver of the fake SMSC listens at all addresses, whatever it is told; it lets
# nobody in but us.
kannel_start()
{
	local admin boxes smsc

	mkdir "$K"
	admin=$(free_port)
	boxes=$(free_port)
	smsc=$(free_port)
	KANNEL=$(free_port)
	cat > "$K/kannel.conf" <<-C
		group = core
		admin-port = $admin
		admin-interface = 127.0.0.1
		admin-password = none
		smsbox-port = $boxes
		smsbox-interface = 127.0.0.1
		log-file = $K/bearerbox.log

		group = smsc
		smsc = fake
		smsc-id = fake
		port = $smsc
		connect-allow-ip = 127.0.0.1

		group = smsbox
		bearerbox-host = 127.0.0.1
		sendsms-port = $KANNEL
		sendsms-interface = 127.0.0.1
		log-file = $K/smsbox.log

		group = sendsms-user
		username = wirechief
		password = kannel-secret
		concatenation = true
		max-messages = 9
		default-sender = 4400

		group = sms-service
		keyword = default
		text = ""
	C
	/usr/sbin/bearerbox "$K/kannel.conf" > "$K/out" 2>&1 &
	own_pids+=($!)
	wait_for 10 kannel_listens "$boxes" && wait_for 10 kannel_listens "$smsc" || return 1
	/usr/sbin/smsbox "$K/kannel.conf" >> "$K/out" 2>&1 &
	own_pids+=($!)
	mkfifo "$K/silence"
	$fakesmsc -H 127.0.0.1 -r "$smsc" <> "$K/silence" > "$K/fakesmsc" 2>&1 &
	own_pids+=($!)
	wait_for 10 kannel_listens "$KANNEL" && wait_for 10 kannel_is_whole "$admin"
}

# kannel_received NUMBER: all texts that the SMSC got for it, the parts of a long one put together.
kannel_received()
{
	python3 -c 'import re, sys, urllib.parse
whole = ""
for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
	m = re.search(r"Got message \d+: <(\S+) (\S+) (?:udh (\S+) )?(text|data|ucs-2) (.*)>$", line)
	if m and m[2] == sys.argv[2]:
		raw = urllib.parse.unquote_to_bytes(m[5].replace("+", " "))
		whole += m[5] if m[4] == "text" else raw.decode("utf-16-be")
print(whole)' "$K/fakesmsc" "$1"
}
