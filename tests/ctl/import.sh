#!/bin/bash
# Import and export of accounts (product A9): what goes out comes back in; all rows or none, each fault with its line; a keeper that is
# killed before the commit leaves nothing, after it everything.

. "$(dirname "$0")/../lib.sh"

W=$B/wirechief
export WIRECHIEF_SOCKET
check "the daemon starts" start_daemon
"$W" group add sales > /dev/null
"$W" group add ops > /dev/null

# is FILE TEXT: the text stands in the file; the file is shown if not.
is()
{
	grep -qF -- "$2" "$1" || { sed 's/^/# /' "$1" | head -20; return 1; }
}

# import STATUS ARGUMENT...: ends with it; $TMP/out and $TMP/err are what it said.
import()
{
	local want=$1 status

	shift
	timeout 300 "$W" "$@" > "$TMP/out" 2> "$TMP/err"
	status=$?
	[ $status -eq "$want" ] || { echo "# status $status"; sed 's/^/# /' "$TMP/err"; return 1; }
}

quiet()
{
	"$@" > /dev/null 2>&1
}

# The accounts without what the daemon sets, one a line.
all()
{
	"$W" --json account export | jq -Sc 'del(.status_at, .created_at, .updated_at)'
}

accounts()
{
	"$W" --json status | jq .accounts
}

# has_accounts N
has_accounts()
{
	[ "$(accounts 2> /dev/null)" = "$1" ]
}

# -- CSV as people write it
printf '\xef\xbb\xbfgroup,username,owner,password,description\r\nsales,alice,"Rossi, ""A.""",random,"line one\r\nline two"\r\n\r\nops,bob,,secret enough,\r\nops,,,,\r\n' \
    > "$TMP/a.csv"
check "a file with BOM, CR LF, quotes and lines inside them" import 0 account import "$TMP/a.csv"
check "what was done is told" is "$TMP/err" "3 added, 0 changed, 0 as they were"
check "a made password is told once, with a tab" grep -qP '^alice\t[a-z0-9]{16}$' "$TMP/out"
check "a made name is told" grep -qP '^[0-9]{8}\t$' "$TMP/out"
check "quotes are read" test "$("$W" --json account show alice | jq -r .owner)" = 'Rossi, "A."'
check "a password in clear is nowhere in the store" bash -c "! grep -rqa 'secret enough' '$TMP/state'"
check "each account has its event, with the operator" bash -c "'$W' event list | grep -q 'account bob: made in group ops.*$(id -un)'"

# -- Out and in again
"$W" account set alice description=$'\e[31mred\n"q",;\t\\u{41} \u202Eabc' "owner==1+1" caller_id= > /dev/null
"$W" account add 'c;d' group=ops caller_id=+390612345 caller_id_2=0612 qualify=500 permit=10.0.0.0/8,192.0.2.1 deny=0.0.0.0/0.0.0.0 > /dev/null
all > "$TMP/before"
"$W" account export > "$TMP/e.csv"
"$W" --json account export > "$TMP/e.json"
check "an export has no byte that drives a terminal" bash -c "! grep -qaP '[\x00-\x09\x0b-\x1f\x7f]|\xe2\x80[\xaa-\xae]' '$TMP/e.csv' '$TMP/e.json'"
check "nor a cell that a spreadsheet takes for a formula" bash -c "! grep -qE '(^|,)\"?[=@]' '$TMP/e.csv'"
check "a number stays a number" grep -qE ',\+390612345,0612,' "$TMP/e.csv"
check "put back as CSV it changes nothing" import 0 account import "$TMP/e.csv"
check "so it says" is "$TMP/err" "0 added, 0 changed, 4 as they were"
check "put back as JSON it changes nothing" import 0 --json account import "$TMP/e.json"
check "so it says in JSON" is "$TMP/out" '"added":0,"changed":0,"same":4'
for name in $("$W" --json account export | jq -r .username); do
	"$W" account delete "$name" --yes > /dev/null
done
check "all are deleted" has_accounts 0
check "an export of nothing is a header" test "$("$W" account export | wc -l)" = 1
check "and can be put back" bash -c "'$W' account export | '$W' account import - 2> '$TMP/err'"
check "CSV from standard input makes them again" bash -c "'$W' account import - < '$TMP/e.csv' 2> /dev/null"
all > "$TMP/after"
check "the same as they were" cmp "$TMP/before" "$TMP/after"

# -- jq
check "what jq changed is put back" bash -c "'$W' --json account export | jq '.description = \"by jq\" | .max_contacts += 1' | '$W' account import - 2> '$TMP/err'"
check "all of it" is "$TMP/err" "0 added, 4 changed, 0 as they were"
check "as it was changed" test "$("$W" --json account export | jq -r '[.description, .max_contacts] | @csv' | sort -u)" = '"by jq",11'
check "an array of them too" bash -c "'$W' --json account export | jq -s 'map(.description = null)' | '$W' account import - 2> '$TMP/err'"
check "all of that" is "$TMP/err" "4 changed"
check "a part of them by --query" test "$("$W" account export --query bob | wc -l)" = 2

# -- Faults
cat > "$TMP/bad.csv" <<'CSV'
username,caller_id,group,email,password
new1,+391,sales,,
bob,,nowhere,,
new2,+391,sales,no-address,
new1,,sales,,
new3,+390612345,sales,,short
"new4,+1
CSV
check "a file with faults is refused" import 1 account import "$TMP/bad.csv"
check "a group that is not there" is "$TMP/err" "bad.csv:3: group: no group nowhere"
check "a number twice in the file" is "$TMP/err" "bad.csv:4: caller_id: the same as in line 2"
check "another fault of the same row" is "$TMP/err" "bad.csv:4: email: not an address"
check "a name twice in the file" is "$TMP/err" "bad.csv:5: username: the same as in line 2"
check "a number that another has" is "$TMP/err" "bad.csv:6: caller_id: +390612345 belongs to account c;d"
check "a quote that is not closed" is "$TMP/err" "bad.csv:7: a quote that is opened here is not closed"
check "how many there are" is "$TMP/err" "6 faults, nothing was changed"
check "and nothing was changed" test "$(accounts)" = 4
check "nor is any name taken" wait_for 60 quiet "$W" account add new1 group=sales
"$W" account delete new1 --yes > /dev/null
printf 'username,onwer\nx,y\n' > "$TMP/bad.csv"
check "a column that is no field" import 1 account import "$TMP/bad.csv"
check "is told with the one that was meant" is "$TMP/err" "bad.csv:1: onwer: the first line must name fields, and this is none; did you mean 'owner'?"
printf 'username;group\nx;sales\n' > "$TMP/bad.csv"
check "semicolons" import 1 account import "$TMP/bad.csv"
check "are told of" is "$TMP/err" "must be separated by commas"
{ echo username,group; for i in $(seq 250); do echo "a b$i,sales"; done; } > "$TMP/bad.csv"
check "faults without end" import 1 account import "$TMP/bad.csv"
check "are told up to 100" test "$(grep -c 'username: only' "$TMP/err")" = 100
check "and then counted" is "$TMP/err" "and 150 more"
printf '{"username":"x","group":"sales"}\n{"username":"y",\n"group":}\n{"username":"z"}\nnonsense\n' > "$TMP/bad.json"
check "faults of JSON" import 1 account import "$TMP/bad.json"
check "have their lines" is "$TMP/err" "bad.json:3: not JSON"
check "each" is "$TMP/err" "bad.json:4: group: may not be empty"
check "also what is no object" is "$TMP/err" "bad.json:5: not a JSON object"
: > "$TMP/bad.csv"
check "an empty file" import 1 account import "$TMP/bad.csv"
check "a file that is not there" import 1 account import "$TMP/none.csv"
check "a folder" import 1 account import "$TMP"

# -- Another operator meanwhile.  The import has sent its rows and waits for more.
mkfifo "$TMP/fifo"
exec 9<> "$TMP/fifo"
"$W" account import "$TMP/fifo" > "$TMP/held.out" 2> "$TMP/held.err" &
held=$!
own_pids+=($held)
{ echo username,group,caller_id; for i in $(seq 400); do echo "held$i,sales,+3955$i"; done; } >&9
# taken NAME: asked in a way that never makes an account.
taken()
{
	! "$W" account add "$1" group=ops password=- <<< short > "$TMP/out" 2> "$TMP/err" && grep -q 'is being imported' "$TMP/err"
}
check "a name that is being imported is taken" wait_for 60 taken held1
check "a number too" import 1 account add other group=ops caller_id=+39551
check "and says why" is "$TMP/err" "+39551 is being imported"
check "its group can't be deleted" import 1 group delete sales
check "a second import is refused" import 1 account import "$TMP/e.csv"
check "and says why" is "$TMP/err" "another import is under way, by $(id -un)"
kill -INT $held
wait $held
check "Ctrl-C cancels" test $? = 130
check "and says so" is "$TMP/held.err" "cancelled, nothing was changed"
exec 9>&-
check "then the name is free" wait_for 60 quiet "$W" account add held2 group=ops
"$W" account delete held2 --yes > /dev/null
check "nothing else is left" has_accounts 4
check "a terminal is shown how far it is" bash -c "script -qec \"'$W' account import '$TMP/e.csv'\" /dev/null < /dev/null | grep -q 'checking  *\['"

# -- Killed.  rows_then STEP: sends 5000 rows, commits if told so, and kills the keeper in the midst of it.
rows_then()
{
	python3 - "$WIRECHIEF_SOCKET" "$(process_pid keeper)" "$1" <<'PYTHON'
import json, os, signal, socket, sys
path, pid, step = sys.argv[1], int(sys.argv[2]), sys.argv[3]
s = socket.socket(socket.AF_UNIX)
s.connect(path)
f = s.makefile("rw")
f.readline()
def ask(id, **more):
    f.write(json.dumps(dict(id=id, do="account import", **more)) + "\n")
    f.flush()
    while True:
        line = json.loads(f.readline())
        assert "error" not in line, line
        if line["id"] == id:
            return line
ask(1, step="begin")
for part in range(50):
    rows = [dict(line=i, set=dict(username="k%d" % i, group="sales", caller_id="+3977%d" % i, password="secret-%d" % i))
        for i in range(part * 100, part * 100 + 100)]
    assert not ask(2 + part, step="rows", rows=rows)["ok"]["faults"]
if step == "commit":
    ask(100, step="commit")
os.kill(pid, signal.SIGKILL)
PYTHON
}
again()
{
	"$W" status > /dev/null 2>&1
}
check "killed before the commit" rows_then rows
check "the keeper is started again" wait_for 60 again
check "and nothing of the import is there" wait_for 60 quiet "$W" account add k1 group=ops
"$W" account delete k1 --yes > /dev/null
check "nothing at all" has_accounts 4
check "killed after the commit" rows_then commit
check "the keeper is started again" wait_for 60 again
check "and goes on until all is there" wait_for 120 has_accounts 5004
check "with counts that agree" test "$("$W" --json group show sales | jq .accounts)" = "$((5000 + $("$W" --json account list --group sales | jq -r .username | grep -vc '^k[0-9]')))"
told_as_done()
{
	"$W" event list | grep -q 'import of accounts: all is applied, rows: 5000'
}
check "that is told" wait_for 60 told_as_done
check "indexes agree with records" quiet "$W" verify

# -- Many at once
python3 -c 'print("username,group,owner,caller_id,password")
for i in range(5000): print(f"m{i},ops,Owner {i},+3988{i:06},secret-{i}")' > "$TMP/many.csv"
check "5000 in one" import 0 account import "$TMP/many.csv"
check "all of them" is "$TMP/err" "5000 added"
check "they are there" has_accounts 10004
check "exported, put back, nothing changes" bash -c "'$W' account export | '$W' account import - 2> '$TMP/err'"
check "of 10004" is "$TMP/err" "0 added, 0 changed, 10004 as they were"
check "indexes agree with records" quiet "$W" verify
check "the chain of events is unbroken" quiet "$W" event verify
exec 9<> "$TMP/fifo"
"$W" account import - < "$TMP/fifo" > /dev/null 2> "$TMP/held.err" &
held=$!
own_pids+=($held)
{ echo username,group; for i in $(seq 400); do echo "late$i,sales"; done; } >&9
check "a client that waits for rows" wait_for 60 taken late1
check "the daemon ends well under it" stop_daemon
wait $held
check "hears it at once" test $? = 3
check "and says what became of its rows" is "$TMP/held.err" "nothing was changed"
