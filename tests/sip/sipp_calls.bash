# Calls by sipp, to be sourced after lib.sh: accounts, phones that register and then play a scenario, and who calls them.

sipp_here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")

# calls_daemon [LINE...]: one that has no limits in the way.
calls_daemon()
{
	server=127.0.0.1:$(free_port)
	start_daemon "listen = { \"udp:$server\" }" "auth { algorithms = { \"MD5\" } }" "limits { requests_per_second = 0 }" \
	    "calls { per_account = 0 }" "$@" &&
	    "$B/wirechief" group add calls > /dev/null && calls_account caller
}

calls_account()
{
	echo "secretsecret" | "$B/wirechief" account add "$1" group=calls qualify=no password=- > /dev/null
}

# calls_who NAME: what sipp's -inf file says of it.
calls_who()
{
	printf '%s;[authentication username=%s password=secretsecret]' "$1" "$1"
}

# calls_sipp NAME OPTION...: sipp, what it says in $TMP/NAME-screen and $TMP/NAME-errors.
calls_sipp()
{
	local name=$1

	shift
	cd "$TMP" && exec sipp "$@" -i 127.0.0.1 -nostdin -trace_err -error_file "$name-errors" -timeout_error "$server" > "$name-screen" 2>&1
}

# calls_hears PORT: somebody takes datagrams there.
calls_hears()
{
	grep -q " 0100007F:$(printf %04X "$1") " /proc/net/udp
}

# calls_phone NAME ACCOUNT CALLS WORD...: registers, and takes so many calls; waits only until it can.  Adds it to calls_pids.
calls_phone()
{
	local name=$1 account=$2 calls=$3 port

	shift 3
	port=$(free_port)
	printf 'SEQUENTIAL\n%s;wirechief.test\n' "$(calls_who "$account")" > "$TMP/$name-registers"
	(calls_sipp "$name-register" -sf "$sipp_here/register.xml" -p "$port" -inf "$name-registers" -m 1 -timeout 100s) || return 1
	python3 "$sipp_here/sipp_call.py" "$name" "$@" > "$TMP/$name.xml" || return 1
	(calls_sipp "$name" -sf "$name.xml" -p "$port" -m "$calls" -trace_counts -timeout "${calls_timeout:-120}s") &
	own_pids+=($!)
	calls_pids+=($!)
	wait_for 10 calls_hears "$port"
}

# calls_caller NAME ACCOUNT CALLS RATE WORD...: its end is that of its last call.
calls_caller()
{
	local name=$1 account=$2 calls=$3 rate=$4

	shift 4
	printf 'SEQUENTIAL\n%s;%s\n' "$(calls_who caller)" "$account" > "$TMP/$name-calls"
	python3 "$sipp_here/sipp_call.py" "$name" "$@" > "$TMP/$name.xml" || return 1
	(calls_sipp "$name" -sf "$name.xml" -p "$(free_port)" -inf "$name-calls" -m "$calls" -r "$rate" -l 10000 -trace_counts -timeout "${calls_timeout:-120}s")
}

# calls_between NAME CALLS RATE CALLER PHONE...: all of them end as their scenarios say.  Each argument's words are one side's.
calls_between()
{
	local name=$1 calls=$2 rate=$3 caller=$4 n=0 before=$failed pid words
	local calls_pids=()

	shift 4
	check "$name: its account is made" calls_account "$name"
	for words in "$@"; do
		n=$((n + 1))
		check "$name: phone $n registers" calls_phone "$name-$n" "$name" "$calls" $words
	done
	check "$name: the caller's $calls calls end as they should" calls_caller "$name" "$name" "$calls" "$rate" $caller
	n=0
	for pid in "${calls_pids[@]}"; do
		n=$((n + 1))
		check "$name: and those of phone $n" wait "$pid"
	done
	[ "$failed" -eq "$before" ] || calls_excuse "$name" $n
}

# calls_excuse NAME PHONES: what sipp said of calls that failed.
calls_excuse()
{
	local file

	for file in "$TMP/$1-errors" $(eval "echo $TMP/$1-{1..$2}-errors"); do
		[ ! -s "$file" ] || sed 's/^/# /' "$file" | head -20
	done
}

# calls_again NAME: how often messages came or went again, in all that its sipp counted.
calls_again()
{
	python3 - "$TMP" "$1" <<-'P'
		import csv, glob, sys
		for name in glob.glob(sys.argv[1] + "/" + sys.argv[2] + "_*_counts.csv"):
		    rows = list(csv.reader(open(name), delimiter=";"))
		    print(sum(int(v or 0) for k, v in zip(rows[0], rows[-1]) if k.endswith("Retrans")))
	P
}
