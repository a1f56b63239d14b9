# What the test scripts share; to be sourced.  A script has a folder of its own ($TMP), its daemon (start_daemon) and the clients it
# starts there, and prints "ok NAME" or "not ok NAME" per case (check).  Only its own processes are ended, at its end.

set -u
PATH=$PATH:/usr/sbin:/sbin	# other servers' programs, which an ordinary user's path leaves out
B=$(realpath "${B:-build/release}")
TMP=$(mktemp -d /tmp/wirechief-test-XXXXXX)
CONF=$TMP/wirechief.conf
LOG=$TMP/log
export WIRECHIEF_SOCKET=$TMP/control.sock
own_pids=()
failed=0

# is_own PID: it still is a process of this script: the numbers of those that ended are given to others.
is_own()
{
	local stat

	{ read -r stat < "/proc/$1/stat"; } 2> /dev/null || return 1
	[[ ${stat##*) } == ?" $$ "* ]] || grep -qsaF "$TMP/" "/proc/$1/environ"
}

# lives PID: it has not ended.  Who has lost his parent stays a zombie where nobody waits for it.
lives()
{
	grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"
}

# It fails if a case did, or if the script itself ended before its end.
cleanup()
{
	local status=$? pid

	for pid in "${own_pids[@]}"; do
		is_own "$pid" || continue
		kill -9 "$pid" $(pgrep -P "$pid") 2>/dev/null	# its children do not all end with it
		wait "$pid" 2>/dev/null
	done
	rm -rf "$TMP"
	exit $((failed > 0 || status > 0))
}
trap cleanup EXIT

# check NAME COMMAND...: the case passes if the command does.
check()
{
	local name=$1

	shift
	if "$@"; then
		echo "ok $name"
	else
		echo "not ok $name"
		failed=$((failed + 1))
		[ ! -s "$LOG" ] || sed 's/^/# /' "$LOG" | tail -20
	fi
}

# cases COMMAND...: a program whose lines "ok" and "not ok" are cases, as tests in Python are.  It may fail by what it says only: one that
# broke off, which Python tells by the same status, says nothing of what it did not come to.
cases()
{
	local status not

	"$@" 2>&1 | tee "$TMP/cases"
	status=${PIPESTATUS[0]}
	not=$(grep -c '^not ok' "$TMP/cases")
	failed=$((failed + not))
	check "all of that was tried" [ "$status" -eq $((not > 0)) ]
}

# wait_for SECONDS COMMAND...: until it succeeds; fails when the time is over.  SECONDS are those of a machine that does nothing else:
# ten times as long is waited.
wait_for()
{
	local wait_until wait_now _

	read -r wait_now _ < /proc/uptime		# in hundredths, whatever is done to the clock
	wait_until=$((10#${wait_now/./} + $1 * 1000))
	shift
	until "$@"; do
		read -r wait_now _ < /proc/uptime
		[ $((10#${wait_now/./})) -lt $wait_until ] || return 1
		read -r -t 0.02 <> <(:) || :
	done
}

# tmux_end TMUX...: that server, and before it what runs on its terminals.  A sanitized program that a terminal's end tells to go may
# stay for ever, and busy: the SIGCONT that comes with it takes back the SIGSTOP by which its leak check waits to stop it.
tmux_end()
{
	local session

	for session in $("$@" list-panes -a -F '#{pane_pid}' 2> /dev/null); do
		pkill -9 -s "$session"
	done
	"$@" kill-server 2> /dev/null
	return 0
}

# write_conf [LINE...]: a configuration whose ports are free ones; lines of the caller's come last and win.
write_conf()
{
	{
		echo "domain = \"wirechief.test\""
		echo "state_dir = \"$TMP/state\""
		echo "listen = { \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\" }"
		echo "control { socket = \"$WIRECHIEF_SOCKET\" }"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} > "$CONF"
}

# start_daemon [LINE...]: with these lines of configuration; returns when it serves.  Sets DAEMON_PID.
start_daemon()
{
	[ $# -eq 0 ] && [ -e "$CONF" ] || write_conf "$@"
	: > "$LOG"
	"$B/wirechiefd" -c "$CONF" 2>> "$LOG" &
	DAEMON_PID=$!
	own_pids+=($DAEMON_PID)
	wait_for 10 daemon_serves && grep -q 'wirechiefd .* serves' "$LOG"
}

daemon_serves()
{
	grep -q 'wirechiefd .* serves' "$LOG" || ! kill -0 $DAEMON_PID 2>/dev/null
}

# stop_daemon: as a service manager does; its exit status.
stop_daemon()
{
	kill -TERM $DAEMON_PID
	wait $DAEMON_PID
}

# process_pid NAME: of the daemon's process keeper, sip or stream.
process_pid()
{
	local pid

	for pid in $(cat /proc/$DAEMON_PID/task/$DAEMON_PID/children); do
		[ "$(cat /proc/"$pid"/comm 2>/dev/null)" != "wc-$1" ] || echo "$pid"
	done
}

# free_port: one that nobody has now, of those that the system gives to nobody by itself; nor will another script that runs beside have
# it: each notes in its folder what it has taken.
free_port()
{
	python3 - "$TMP" <<-'P'
		import glob, random, socket, sys
		while True:
		    port = random.randrange(10000, 32000)
		    open("%s/.port-%d" % (sys.argv[1], port), "w").close()
		    if len(glob.glob("/tmp/wirechief-test-*/.port-%d" % port)) > 1:
		        continue
		    try:
		        for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
		            with socket.socket(type=kind) as s:
		                s.bind(("", port))
		    except OSError:
		        continue
		    print(port)
		    break
	P
}

# listening TRANSPORT: the port of 127.0.0.1 that the daemon has for it, once its processes know each other.
listening()
{
	local port

	has_port()	# TRANSPORT
	{
		port=$("$B/wirechief" --json status 2>/dev/null | sed -n "s/.*\\b$1:127\\.0\\.0\\.1:\\([0-9]*\\).*/\\1/p")
		[ -n "$port" ]
	}
	wait_for 10 has_port "$1"
	echo "$port"
}

# make_certificate NAME: $TMP/NAME.crt and $TMP/NAME.key, made by itself.
make_certificate()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=wirechief.test \
	    -addext subjectAltName=DNS:wirechief.test,IP:127.0.0.1 -keyout "$TMP/$1.key" -out "$TMP/$1.crt" 2>/dev/null
}
