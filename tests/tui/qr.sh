#!/bin/bash
# The link of an account as a QR code, on the console and the command line: what a person's phone would see on the screen, with its colours,
# is turned into an image and read by zbarimg.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/terminal.bash"
here=$(realpath "$(dirname "$0")")
W=$B/wirechief
export TZ=UTC
link()		# the one that stands on the screen
{
	screen | tr -d '\n' | grep -oE 'https://[A-Za-z0-9.:-]*/a/[A-Za-z0-9_-]{24}' | tail -1
}

# reads LINK FILE [--light]: zbarimg reads exactly that link off the screen in that file.
reads()
{
	[ -n "$1" ] && "$here/screen_image.py" ${3:+"$3"} < "$2" > "$TMP/screen.pgm" && [ "$(zbarimg -q --raw "$TMP/screen.pgm" 2> /dev/null)" = "$1" ] && return 0
	sed 's/^/# /' "$2" > "$TMP/unread"
	return 1
}

reads_screen()	# [--light]
{
	"${tmux[@]}" capture-pane -p -e -N -t 0 > "$TMP/captured"
	reads "$(link)" "$TMP/captured" "$@"
}

# the_code COLS ROWS LOCALE WAYS: alice's, on the console.
the_code()
{
	terminal "$1" "$2" "$3" "${4:-} $W"
	shown LIVE && type_key 3 && shown ">   alice" && type_key Q && shown "Make a link for the phone of alice?" &&
	    shown "wirechief account link alice --qr" && type_key y && wait_for 10 eval '[ -n "$(link)" ]'
}

make_certificate web
mkdir "$TMP/pages"
for page in install activate activated error; do
	echo "$page" > "$TMP/pages/$page.html"
done
check "start" start_daemon "http { listen = \"127.0.0.1:0\" public_url = \"https://pbx.example.com:8443\" templates = \"$TMP/pages\" certificate = \"$TMP/web.crt\" key = \"$TMP/web.key\" }"
"$W" profile add sales kind=linphone > /dev/null
"$W" group add Sales profile=sales > /dev/null
"$W" account add alice group=Sales creation=wizard > /dev/null

check "Q on an account" the_code 80 24 C.UTF-8
check "its place" shown "Accounts > Activation QR > alice"
check "how long it is good" shown "alice: good for 71:5"
check "its account's status" shown "Last status: Created"
check "a reader reads it off a dark screen" reads_screen
check "and off a light one" reads_screen --light
old=$(link)
type_key z
check "the countdown goes on" eval 'now=$(screen | grep -o "71:5[0-9]:[0-9]*") && wait_for 5 eval "! on_screen \"$now\""'
type_key Escape
check "Esc leaves" shown "Accounts"
check "it is not shown any more" wait_for 10 eval '! on_screen https://'

check "on its details, without colours" the_code 100 40 C.UTF-8 NO_COLOR=1
check "read, on a dark screen" reads_screen
check "it is another link" eval '[ "$(link)" != "$old" ]'

check "without UTF-8 the screen must be larger" the_code 80 24 C
check "it says how large, and has the link as text" eval 'shown "The QR code needs a terminal of 75x4" && shown "this one is 80x24" && [ -n "$(link)" ]'
"${tmux[@]}" resize-window -t 0 -x 100 -y 50
check "it grows to its size" shown "good for"
check "then it can be read" wait_for 10 reads_screen
check "and off a light screen" reads_screen --light
check "without UTF-8 and colours" the_code 100 50 C "TERM=vt100"
check "read" wait_for 10 reads_screen
check "a small terminal" the_code 60 15 C.UTF-8
check "says what it needs" eval 'shown "The QR code needs a terminal of 38x2" && shown "this one is 60x15"'

check "on the command line" eval 'terminal 80 24 C.UTF-8 "$W account link alice --qr" && shown "good until"'
check "read off a dark screen" reads_screen
check "and off a light one" reads_screen --light
check "without UTF-8" eval 'terminal 100 50 C "$W account link alice --qr" && shown "good until"'
check "read off a dark screen" reads_screen
check "and off a light one" reads_screen --light
check "a terminal that is too small for it" eval 'terminal 60 15 C.UTF-8 "$W account link alice --qr" && shown "needs a terminal of 37x2" && [ -n "$(link)" ]'
for locale in C.UTF-8 C; do
	LC_ALL=$locale "$W" account link alice --qr > "$TMP/printed"
	sed 's/#/\xe2\x96\x88/g' "$TMP/printed" > "$TMP/blocks"	# of a # nothing else is inked
	check "into a file with $locale: no colours" eval '! grep -q "$(printf "\033")" "$TMP/printed"'
	check "read" reads "$(grep -o 'https://.*' "$TMP/printed")" "$TMP/blocks"
done
check "JSON has no picture" eval '[ "$("$W" --json account link alice --qr | jq -r .link | grep -cx "https://.*")" = 1 ]'
check "the daemon ends well" stop_daemon
