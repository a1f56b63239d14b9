#!/bin/bash
# Kamailio as the provider: it demands a registration with digest, MD5 or SHA-256, over UDP and TCP, for a short time; it dies and comes back.

. "$(dirname "$0")/../lib.sh"
W=$B/wirechief
modules=$(dirname "$(find /usr/lib -path '*/kamailio/modules/kex.so' -print -quit)")

# provider NAME ALGORITHM: starts one at the port $NAME_port; its process is in $NAME_pid.
provider()
{
	local name=$1 port=${1}_port pid=${1}_pid

	mkdir -p "$TMP/$name"
	cat > "$TMP/$name/cfg" <<-K
		#!KAMAILIO
		debug=0
		log_stderror=yes
		children=1
		tcp_children=1
		dns=no
		rev_dns=no
		auto_aliases=no
		alias="provider.example"
		listen=udp:127.0.0.1:${!port}
		listen=tcp:127.0.0.1:${!port}
		mpath="$modules/"
		loadmodule "kex.so"
		loadmodule "sl.so"
		loadmodule "pv.so"
		loadmodule "textops.so"
		loadmodule "siputils.so"
		loadmodule "usrloc.so"
		loadmodule "registrar.so"
		loadmodule "auth.so"
		loadmodule "ctl.so"
		modparam("ctl", "binrpc", "unix:$TMP/$name/ctl")
		modparam("registrar", "max_expires", 25)
		modparam("usrloc", "use_domain", 0)
		modparam("auth", "qop", "auth")
		modparam("auth", "nonce_count", 1)
		modparam("auth", "algorithm", "$2")
		request_route {
			if (is_method("OPTIONS")) {
				sl_send_reply("200", "Alive");
				exit;
			}
			if (!is_method("REGISTER")) {
				sl_send_reply("405", "Method Not Allowed");
				exit;
			}
			if (!pv_www_authenticate("provider.example", "secret of the trunk", "0")) {
				www_challenge("provider.example", "1");
				exit;
			}
			if (!save("location")) {
				sl_reply_error();
			}
			exit;
		}
	K
	rm -f "$TMP/$name/ctl"
	kamailio -f "$TMP/$name/cfg" -DD -E -m 32 -M 8 -Y "$TMP/$name" -w "$TMP/$name" >> "$TMP/$name/log" 2>&1 &
	printf -v "$pid" %s $!
	wait_for 10 eval "contacts $name > /dev/null"
}

contacts()	# NAME: what it has registered, as it says itself
{
	kamcmd -s "unix:$TMP/$1/ctl" ul.dump 2> /dev/null
}

has()	# NAME URI: it is registered there
{
	contacts "$1" | grep -qF "$2"
}

shows()	# TRUNK WORDS
{
	"$W" --json trunk show "$1" > "$TMP/said" 2> /dev/null && grep -qF -- "$2" "$TMP/said"
}

expires_after()	# TRUNK TIME
{
	[[ $("$W" --json trunk show "$1" 2> /dev/null | sed 's/.*"registration_expires":"\([^"]*\).*/\1/') > $2 ]]
}

provider_end()	# NAME: with its children, whom nobody else would end
{
	local pid=${1}_pid

	[ -n "${!pid:-}" ] || return 0
	kill -TERM "${!pid}" && wait "${!pid}"
	printf -v "$pid" %s ""
}
trap 'status=$?; provider_end md5; provider_end sha; (exit $status); cleanup' EXIT

port=$(free_port)
tcp=$(free_port)
md5_port=$(free_port)
sha_port=$(free_port)
check "a provider with MD5" provider md5 MD5
check "a provider with SHA-256" provider sha SHA-256
check "the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:$port\", \"tcp:127.0.0.1:$tcp\" }" "qualify { interval = 5 retry = 1 lagged_ms = 8000 timeout = 16 }" \
    "log { debug = { \"trunk\" } }"
for name in md5 sha; do
	provider_port=${name}_port
	for transport in UDP TCP; do
		echo "secret of the trunk" | "$W" trunk add $name-$transport host=127.0.0.1 port=${!provider_port} transport=$transport username=$transport \
		    password=- register=yes > /dev/null
	done
done
for name in md5 sha; do
	for transport in UDP TCP; do
		check "$name over $transport: OK" wait_for 10 shows $name-$transport '"status":"OK"'
	done
	check "$name: it has our contacts, at the ports where we are heard" wait_for 5 eval "has $name sip:UDP@127.0.0.1:$port && has $name sip:TCP@127.0.0.1:$tcp"
	check "$name: its realm is known" shows $name-UDP '"realm":"provider.example"'
done
until=$(sed 's/.*"registration_expires":"\([^"]*\).*/\1/' "$TMP/said")
check "it is refreshed before it ends" wait_for 12 expires_after sha-UDP "$until"
check "and was never lost meanwhile" eval '! "$W" event list --query module:trunk | grep -q "sha-.*UNREGISTERED"'
check "a test passes, step by step" eval '"$W" trunk test sha-TCP > "$TMP/said" && grep -q "^+ REGISTER *200 OK" "$TMP/said"'
check "and leaves the contact as it was" has sha "sip:TCP@127.0.0.1:$tcp"
for process in sip stream keeper; do
	"$W" --json trunk show sha-TCP > "$TMP/said"
	until=$(sed 's/.*"registration_expires":"\([^"]*\).*/\1/' "$TMP/said")
	kill -9 "$(process_pid $process)"
	check "the process $process dies: all goes on by itself" wait_for 20 eval "expires_after sha-TCP '$until' && expires_after sha-UDP '$until' &&
	    shows sha-TCP '\"status\":\"OK\"' && shows sha-UDP '\"status\":\"OK\"'"
done
provider_end md5
check "it dies: UNREACHABLE" wait_for 20 eval "shows md5-UDP '\"status\":\"UNREACHABLE\"' && shows md5-TCP '\"status\":\"UNREACHABLE\"'"
check "it comes back" provider md5 MD5
check "and is used again" wait_for 45 eval "shows md5-UDP '\"status\":\"OK\"' && shows md5-TCP '\"status\":\"OK\"'"
check "a wrong password" eval 'echo another | "$W" trunk set sha-UDP password=- > /dev/null && wait_for 10 shows sha-UDP "\"status\":\"REJECTED\""'
"$W" trunk disable sha-TCP > /dev/null
check "disabled: its contact is taken away" wait_for 5 eval 'contacts sha > /dev/null && ! has sha sip:TCP@'
check "no password is in a log" eval '! grep -q "secret of" "$LOG"'
