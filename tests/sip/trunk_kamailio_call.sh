#!/bin/bash
# Calls through a Kamailio as the provider, which demands a password of each: out to a phone behind it and in from there, what refuses them,
# and what goes that way because another trunk says 503 or nothing at all; over UDP, then over TCP.

. "$(dirname "$0")/../lib.sh"
W=$B/wirechief
here=$(dirname "$0")
modules=$(dirname "$(find /usr/lib -path "*/kamailio/modules/kex.so" -print -quit)")

provider_start()
{
	cat > "$TMP/cfg" <<-K
		#!KAMAILIO
		debug=0
		log_stderror=yes
		children=2
		tcp_children=1
		tcp_source_ipv4=127.0.0.2
		dns=no
		rev_dns=no
		auto_aliases=no
		alias="provider.example"
		listen=udp:127.0.0.2:$provider_port
		listen=tcp:127.0.0.2:$provider_port
		mpath="$modules/"
		loadmodule "kex.so"
		loadmodule "sl.so"
		loadmodule "tm.so"
		loadmodule "rr.so"
		loadmodule "pv.so"
		loadmodule "textops.so"
		loadmodule "siputils.so"
		loadmodule "usrloc.so"
		loadmodule "registrar.so"
		loadmodule "auth.so"
		loadmodule "ctl.so"
		modparam("ctl", "binrpc", "unix:$TMP/ctl")
		modparam("usrloc", "use_domain", 0)
		modparam("auth", "qop", "auth")
		modparam("auth", "nonce_count", 1)
		modparam("rr", "enable_full_lr", 1)
		request_route {
			if (is_method("OPTIONS")) {
				sl_send_reply("200", "Alive");
				exit;
			}
			if (is_method("REGISTER")) {
				save("location");
				exit;
			}
			if (is_method("CANCEL")) {
				if (t_check_trans()) t_relay();
				exit;
			}
			if (has_totag()) {
				if (loose_route() || (is_method("ACK") && t_check_trans())) t_relay();
				else if (!is_method("ACK")) sl_send_reply("481", "No Such Dialog");
				exit;
			}
			t_check_trans();
			if (!is_method("INVITE")) {
				sl_send_reply("405", "Method Not Allowed");
				exit;
			}
			if (\$sp == $port || \$proto == "tcp") {
				if (!pv_proxy_authenticate("provider.example", "secret of the trunk", "0")) {
					proxy_challenge("provider.example", "1");
					exit;
				}
				consume_credentials();
				\$rU = "phone";
				if (!lookup("location")) {
					sl_send_reply("404", "Not Found");
					exit;
				}
			} else {
				\$rd = "wirechief.test";
				\$du = "sip:127.0.0.1:$port;transport=$1";
			}
			record_route();
			t_relay();
		}
	K
	kamailio -f "$TMP/cfg" -DD -E -m 32 -M 8 -Y "$TMP" -w "$TMP" > "$TMP/provider.log" 2>&1 &
	provider_pid=$!
	wait_for 10 eval "kamcmd -s unix:$TMP/ctl core.uptime > /dev/null 2>&1"
}

provider_end()	# with its children, whom nobody else would end
{
	[ -z "${provider_pid:-}" ] || { kill -TERM "$provider_pid" && wait "$provider_pid"; }
	provider_pid=
}
trap 'status=$?; provider_end; (exit $status); cleanup' EXIT

none_left()
{
	[ -z "$("$W" --json call list)" ]
}

calls_over()	# TRANSPORT
{
	rm -rf "$TMP/state"
	port=$(free_port)
	provider_port=$(free_port)
	check "$1: the provider starts" provider_start "$1"
	check "$1: the daemon starts" start_daemon "listen = { \"udp:127.0.0.1:$port\", \"tcp:127.0.0.1:$port\" }" "auth { algorithms = { \"MD5\" } }" \
	    "limits { requests_per_second = 0 }" "calls { per_account = 0 }" "qualify { interval = 5 retry = 1 lagged_ms = 8000 timeout = 16 }"
	"$W" group add demo prefixes=+44 > /dev/null
	echo "a secret of its own" | "$W" account add alice group=demo caller_id=+390001 password=- > /dev/null
	echo "secret of the trunk" | "$W" trunk add kamailio host=127.0.0.2 port="$provider_port" transport="${1^^}" username=wirechief password=- \
	    prefixes=+44 > /dev/null
	cases python3 "$here/trunk_kamailio_call.py" "127.0.0.1:$port" "127.0.0.2:$provider_port" "$W"
	[ $failed -eq 0 ] || tail -20 "$TMP/provider.log" | sed 's/^/# /'
	check "no call is left" wait_for 5 none_left
	check "no password is in a log" eval '! grep -q "secret of" "$LOG"'
	check "the store is whole" "$W" verify
	check "it stops" stop_daemon
	provider_end
}

calls_over udp
calls_over tcp
