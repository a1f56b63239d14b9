#!/bin/bash
# The layers point one way, and a folder is a security boundary: what each may include, and what its objects may call.
# Prints each offence as FILE:LINE.

cd "$(dirname "$0")/.." || exit 1
B=${B:-build/gcc}
bad=0

say()
{
	echo "not ok layers: $1"
	bad=1
}

# includes FOLDER REGEX: every #include of the folder's files matches.
includes()
{
	local line

	while IFS= read -r line; do
		say "$line"
	done < <(grep -nE '^#[[:space:]]*include' "$1"/*.[ch] | grep -vE "include [<\"]($2)[>\"]" || :)
}

libc='(arpa|bits|net|netinet|sys|linux)/[a-z_0-9]+\.h|[a-z_0-9]+\.h'
no='(lmdb|sodium|jansson|curses|confuse|seccomp|vterm|sndfile)\.h'
includes core "core/[a-z_0-9]+\.h|$libc"
includes db "(core|db)/[a-z_0-9]+\.h|$libc"
includes sipd "(core|sipd)/[a-z_0-9]+\.h|systemd/[a-z-]+\.h|event2/event\.h|openssl/[a-z0-9]+\.h|$libc"
includes sipd/keeper "(core|db|sipd|sipd/keeper)/[a-z_0-9]+\.h|event2/[a-z_0-9]+\.h|sofia-sip/su_md5\.h|$libc"
includes sipd/sip "(core|sipd|sipd/sip)/[a-z_0-9]+\.h|sofia-sip/[a-z_0-9]+\.h|srtp2/srtp\.h|$libc"
includes sipd/net "(core|sipd|sipd/net)/[a-z_0-9]+\.h|event2/[a-z_0-9]+\.h|openssl/[a-z0-9]+\.h|$libc"
includes sipd/stream "(core|sipd|sipd/net|sipd/stream)/[a-z_0-9]+\.h|event2/[a-z_0-9]+\.h|openssl/[a-z0-9]+\.h|$libc"
includes sipd/web "(core|sipd|sipd/net|sipd/web)/[a-z_0-9]+\.h|event2/[a-z_0-9]+\.h|openssl/[a-z0-9]+\.h|$libc"
includes tui "(core|tui)/[a-z_0-9]+\.h|$libc"

# Libraries whose headers stand in no folder.
while IFS= read -r line; do
	say "$line"
done < <(grep -nE "include <$no>" core/*.[ch] || :
	grep -nE 'include <(jansson|curses|confuse|seccomp)\.h>' db/*.[ch] sipd/net/*.[ch] sipd/stream/*.[ch] sipd/web/*.[ch] sipd/sip/*.[ch] || :
	grep -nE 'include <(lmdb|sodium|confuse|seccomp)\.h>' tui/*.[ch] || :
	grep -nE 'include <lmdb\.h>' sipd/*.[ch] sipd/*/*.[ch] || :
	grep -n 'include <event2/' sipd/*.[ch] | grep -v '^sipd/fellow\.c:' || :
	grep -n 'sofia-sip/su_md5' sipd/keeper/*.[ch] | grep -v '^sipd/keeper/digest\.c:' || :
	grep -n 'include <curses\.h>' tui/*.[ch] | grep -v '^tui/screen\.c:' || :)

# calls FOLDER REGEX: none of the folder's objects wants a symbol that matches.  Only `restore` becomes another program, the daemon's.
calls()
{
	local object symbol

	for object in "$B/$1"/*.o; do
		[ -e "$object" ] || { say "$object is not built"; return; }
		while IFS= read -r symbol; do
			say "$1/$(basename "$object" .o).c calls $symbol"
		done < <(nm -u "$object" | awk '{print $2}' | grep -E "^($2)" | grep -vxF "$([ "$object" = "$B/tui/restore.o" ] && echo execvp)" || :)
	done
}

calls core 'mdb_|crypto_|sodium_|json_|event_(base|new|add|del|free)|bufferevent_|SSL_|nta_|su_|initscr|socket$|connect$'
calls sipd/sip 'mdb_|store_|table_|seal_|crypto_(aead|box|secretbox|kdf)|json_|SSL_|execv'
calls sipd/stream 'mdb_|store_|table_|seal_|crypto_|nta_|json_|execv'
calls sipd/net 'mdb_|store_|table_|seal_|crypto_|nta_|json_|execv'
calls sipd/web 'mdb_|store_|table_|seal_|crypto_|nta_|json_|execv'
calls sipd/keeper 'nta_|tport_|SSL_|cfg_|execv'
calls tui 'mdb_|crypto_|cfg_|event_(base|new|add|del|free)|nta_|execv'

# Every header compiles alone.
cflags="-std=c11 -I. -D_GNU_SOURCE $(pkg-config --cflags sofia-sip-ua 2>/dev/null)"
for header in core/*.h db/*.h sipd/*.h sipd/*/*.h tui/*.h; do
	# shellcheck disable=SC2086
	echo "#include \"$header\"" | gcc $cflags -fsyntax-only -x c - 2>/dev/null || say "$header does not compile alone"
done

[ $bad -eq 0 ] && echo "ok layers"
exit $bad
