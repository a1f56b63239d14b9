#!/bin/bash
# F11: a backup taken under load, restored into another state folder, is one state that there was, with all that had been acknowledged.
# What ends a backup or a restore before its end leaves nothing half done; and neither overwrites what it was not told to.

. "$(dirname "$0")/../lib.sh"

W=$B/wirechief
here=$(realpath "$(dirname "$0")")
more=("auth { algorithms = { \"MD5\" } }" "queue { per_account = 100000 }" "limits { requests_per_second = 0 auth_failures = 0 }")

said()		# STATUS WORDS COMMAND...: that status, and those words
{
	local status=$1 words=$2

	shift 2
	"$@" > "$TMP/said" 2>&1
	[ $? = "$status" ] && grep -qF -- "$words" "$TMP/said" && return 0
	sed 's/^/# /' "$TMP/said"
	return 1
}

check "the daemon starts" start_daemon "${more[@]}"
"$W" group add g > "$TMP/out"
for user in from0 from1 to0 to1 edited0 edited1 edited2; do
	echo "secret-of-$user" | "$W" account add $user group=g password=- > "$TMP/out"
done
python3 "$here/../accounts.py" "$WIRECHIEF_SOCKET" 0 2000 secretsecret > "$TMP/out"
mkdir "$TMP/backups"
cases python3 "$here/backup.py" load "127.0.0.1:$(listening udp)" "$W" "$TMP/backups"

# What must not be there.
in_folder()
{
	[ "$(ls -A "$TMP/folder")" = "$1" ] && ! ls "$TMP/state/store" | grep -q tmp && return 0
	ls -lA "$TMP/folder" "$TMP/state/store" | sed 's/^/# /'
	return 1
}

held()		# HOW STATUS WORDS: a backup that is held when it has begun, ended like that, and let go on
{
	python3 "$here/backup.py" held "$W" "$TMP/folder/b" "$1" "$(process_pid keeper)" "$2" "$3"
}

serves_all()
{
	"$W" status > /dev/null 2>&1 && [ -n "$(listening udp)" ]
}

mkdir "$TMP/folder"
check "Ctrl-C ends a backup" held INT 130 "cancelled, nothing was written"
check "and leaves nothing" in_folder ""
check "SIGTERM ends it" held TERM 130 "cancelled, nothing was written"
check "and leaves nothing, either" in_folder ""
check "it ends when the keeper is killed" held keeper 3 "nothing was written"
check "and leaves nothing, either" in_folder ""
check "the keeper comes back" wait_for 10 serves_all
# A program that takes nothing keeps no old pages of the store: what is changed meanwhile uses them again.
check "edits, 600 of them" python3 "$here/backup.py" edits "$WIRECHIEF_SOCKET" 600
size=$(stat -c %s "$TMP/state/store/data.mdb")
check "as many while a backup stands still" python3 "$here/backup.py" stalled "$W" "$TMP/folder/b" "$WIRECHIEF_SOCKET" 600
grown=$(($(stat -c %s "$TMP/state/store/data.mdb") - size))
echo "# the store grew by $grown of $size bytes meanwhile"
check "the store grows little meanwhile" [ $grown -lt $((size / 4)) ]
check "and nothing is left" in_folder ""
check "kill -9 of the program ends it" held KILL -9 ""
check "and leaves no file of that name" [ ! -e "$TMP/folder/b" ]
rm -f "$TMP"/folder/b.*
check "a backup is taken at once" said 0 "written to" "$W" backup "$TMP/folder/b"
cp -p "$TMP/folder/b" "$TMP/first"
check "it is not replaced unasked" said 1 "exists; name another file, or say --yes" "$W" backup "$TMP/folder/b"
check "but stays as it was" cmp "$TMP/folder/b" "$TMP/first"
check "with --yes it is replaced" said 0 "written to" "$W" backup "$TMP/folder/b" --yes
check "by another" [ "$(cmp -s "$TMP/folder/b" "$TMP/first"; echo $?)" = 1 ]
check "and nothing else is there" in_folder b
check "into no folder it is not taken" said 1 "No such file" "$W" backup "$TMP/nowhere/b"
check "nor over a folder" said 1 "is not a file" "$W" backup "$TMP/folder" --yes
stream()
{
	"$W" backup - 2> "$TMP/said" > "$TMP/streamed" && [ "$(tail -c 64 "$TMP/streamed" | head -c 16)" = wirechief-backup ]
}
check "to standard output it is taken, too" stream
check "each that was taken is an event" [ "$("$W" --json event list | grep -c 'backup of the store taken')" -ge 6 ]

check "restore is refused while the daemon serves" said 1 "in use by process" "$W" restore "$TMP/folder/b" --config "$CONF" --yes
check "the daemon stops" stop_daemon

for n in 0 1 2; do
	second=$TMP/second-$n
	mkdir -m 700 "$second" && cp -p "$TMP/state/master.key" "$second"
	export WIRECHIEF_SOCKET=$second.sock CONF=$second.conf
	write_conf "${more[@]}" "state_dir = \"$second\""
	check "backup $n is restored" said 0 "restored from" "$W" restore "$TMP/backups/backup-$n" --config "$CONF"
	check "a daemon starts with it" start_daemon
	cases python3 "$here/backup.py" compare "$W" "$TMP/backups" $n
	check "it stops" stop_daemon
done

# Root restores what another user's daemon will read.
if [ "$(id -u)" = 0 ]; then
	theirs=$TMP/theirs
	mkdir -m 700 "$theirs" && cp -p "$TMP/state/master.key" "$theirs" && chown -R daemon:daemon "$theirs"
	sed "s,^state_dir.*,state_dir = \"$theirs\"," "$CONF" > "$TMP/theirs.conf"
	check "root restores it for another user" said 0 "restored from" "$W" restore "$TMP/backups/backup-0" --config "$TMP/theirs.conf"
	check "once more, over it" said 0 "restored from standard input" "$W" restore - --yes --config "$TMP/theirs.conf" < "$TMP/backups/backup-1"
	check "all is that user's, and for nobody else" [ -z "$(find "$theirs" ! -user daemon -o ! -group daemon -o -perm /077)" ]
else
	echo "skip a restore for another user (needs root)"
fi

# What is wrong with a file is told before anything is touched.
unchanged()
{
	find "$second/store" -type f ! -name owner -exec sha256sum {} + | sort > "$TMP/now"
	[ -e "$TMP/was" ] || cp "$TMP/now" "$TMP/was"
	cmp "$TMP/was" "$TMP/now" && [ ! -e "$second/store/restore.tmp" ]
}
b=$TMP/backups/backup-2
unchanged
check "an existing store is kept without --yes" said 1 "--yes" "$W" restore "$b" --config "$CONF"
head -c -1000 "$b" > "$TMP/bad"
check "a file that is cut short is refused" said 1 "cut short" "$W" restore "$TMP/bad" --config "$CONF" --yes
head -c 65536 "$b" > "$TMP/bad"
check "also at the end of a page" said 1 "damaged" "$W" restore "$TMP/bad" --config "$CONF" --yes
python3 -c 'import sys; d = bytearray(open(sys.argv[1], "rb").read()); d[len(d) // 2] ^= 1; open(sys.argv[2], "wb").write(d)' "$b" "$TMP/bad"
check "so is one with a wrong bit" said 1 "damaged" "$W" restore "$TMP/bad" --config "$CONF" --yes
head -c 100000 /dev/urandom > "$TMP/bad"
check "and what is no backup at all" said 1 "not a backup" "$W" restore "$TMP/bad" --config "$CONF" --yes
mv "$second/master.key" "$TMP/key"
check "without the master key nothing is restored" said 1 "master.key: is not there" "$W" restore "$b" --config "$CONF" --yes
head -c 32 /dev/urandom > "$second/master.key"
check "with another one neither" said 1 "another master.key" "$W" restore "$b" --config "$CONF" --yes
check "nothing was touched" unchanged
check "nor does a daemon start with it" said 1 "not the key that this store" timeout 60 "$B/wirechiefd" -c "$CONF"
mv -f "$TMP/key" "$second/master.key"

# kill -9 while it restores: the old store or the new one, never another thing.
owner_of()
{
	"$W" --json account show edited0 | sed -n 's/.*"owner":"\(Edit [0-9]*\)".*/\1/p'
}
whole()
{
	start_daemon && [[ " ${known[*]} " == *" $(owner_of | tr ' ' _) "* ]] && "$W" verify > "$TMP/said" 2>&1 && stop_daemon &&
	    [ ! -e "$second/store/restore.tmp" ] && return 0
	ls -lR "$second/store" | sed "s/^/# /"
	return 1
}
known=()
for n in 2 0; do
	"$W" restore "$TMP/backups/backup-$n" --config "$CONF" --yes 2> "$TMP/said"
	start_daemon
	known+=("$(owner_of | tr ' ' _)")
	stop_daemon
done
check "two backups differ" [ "${known[0]}" != "${known[1]}" ]
for round in 1 2 3 4 5 6; do
	"$W" restore "$TMP/backups/backup-$((round % 2 * 2))" --config "$CONF" --yes 2> "$TMP/said" &
	client=$!
	read -r -t "0.$(printf %03d $((RANDOM % 150)))" <> <(:)	# the random moment
	kill -9 $client 2> /dev/null
	wait $client 2> /dev/null
	check "killed while it restores ($([ -s "$TMP/said" ] && echo "after its end" || echo "before its end")): there is a whole store" whole
done
kept=$(find "$second/store" -name 'data-*.mdb' | sort | head -1)
check "a store that was replaced can be put back" said 0 "restored from $kept" "$W" restore "$kept" --config "$CONF" --yes
check "and serves" whole
