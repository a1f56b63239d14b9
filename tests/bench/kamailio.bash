# Kamailio for the measurements; to be sourced after tests/lib.sh.

# kamailio_start NAME PORT CHILDREN OPTION...: sets its first process in kamailio_NAME.
kamailio_start()
{
	local name=$1 port=$2 children=$3

	shift 3
	mkdir -p "$TMP/kamailio-$name"
	kamailio -DD -E -x fm -X fm -m 1024 -M 64 -f tests/bench/kamailio.cfg -A CHILDREN="$children" -A KPORT="$port" "$@" \
	    -Y "$TMP/kamailio-$name" -P "$TMP/kamailio-$name/pid" > "$TMP/kamailio-$name/log" 2>&1 &
	printf -v "kamailio_$name" '%s' $!
	own_pids+=($!)
	wait_for 10 udp_open "$port" || { echo "kamailio $name does not start:"; tail -5 "$TMP/kamailio-$name/log"; return 1; }
}

udp_open()
{
	ss -Hlnu "sport = :$1" | grep -q .
}
