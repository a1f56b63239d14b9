# A test in Python that kills the daemon's processes and has the daemon started again; to be sourced after tests/lib.sh.

# drive PROGRAM [ARGUMENT...]: runs it beside the daemon.  Its "ok" and "not ok" lines are cases, a line "start?" has the daemon started
# again; it is told the supervisor's process id, at first too.
drive()
{
	local line driven_in driven_out pid before=$failed

	coproc driven { exec python3 "$@"; }
	pid=$driven_PID
	own_pids+=($pid)
	exec {driven_out}<&"${driven[0]}" {driven_in}>&"${driven[1]}"
	echo $DAEMON_PID >&"$driven_in"
	while read -r -u "$driven_out" line; do
		case $line in
		'start?')
			wait $DAEMON_PID 2> /dev/null
			start_daemon || echo "# not started: $(tail -1 "$LOG")"
			echo $DAEMON_PID >&"$driven_in"
			;;
		'not ok'*)
			echo "$line"
			failed=$((failed + 1))
			;;
		*) echo "$line" ;;
		esac
	done
	exec {driven_out}<&- {driven_in}>&-
	wait $pid || [ $failed -gt $before ] || check "$(basename "$1") comes to its end" false
}
