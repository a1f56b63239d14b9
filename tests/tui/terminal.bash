# A terminal that the test scripts look at as a person does: tmux, with no one's configuration; to be sourced after tests/lib.sh.

n_terminals=0
tmux=()

terminal_end()
{
	[ ${#tmux[@]} = 0 ] || tmux_end "${tmux[@]}"
	tmux=()
}

terminals_end()
{
	local status=$?

	terminal_end
	(exit $status)
	cleanup
}
trap terminals_end EXIT

# terminal COLS ROWS LOCALE COMMAND: it runs on a new terminal of that size, which stays when it has ended.
terminal()
{
	terminal_end
	tmux=(tmux -S "$TMP/tmux-$((++n_terminals))" -f /dev/null)
	"${tmux[@]}" new-session -d -x "$1" -y "$2" "LC_ALL=$3 WIRECHIEF_SOCKET=$WIRECHIEF_SOCKET $4; read -r" \; set -g status off
}

screen()
{
	"${tmux[@]}" capture-pane -p -t 0 2> /dev/null
}

on_screen()	# WORDS
{
	screen | grep -qF -- "$1"
}

shown()		# WORDS: within some time
{
	wait_for "${2:-10}" on_screen "$1" && return 0
	echo "# not shown: $1"
	screen | sed 's/^/# /'
	return 1
}

type_key()	# KEY...: by tmux's names
{
	"${tmux[@]}" send-keys -t 0 "$@"
}

type_text()
{
	"${tmux[@]}" send-keys -t 0 -l -- "$1"
}
