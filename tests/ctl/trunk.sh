#!/bin/bash
# SIP trunks from the command line, through the daemon and over its restart: made, changed, refused, deleted, and no secret anywhere.
. "$(dirname "$0")/../lib.sh"
W=$B/wirechief

says()	# STATUS WORDS COMMAND...
{
	"$W" "${@:3}" > "$TMP/said" 2>&1
	[ $? = "$1" ] && grep -qF -- "$2" "$TMP/said" && return 0
	sed 's/^/# /' "$TMP/said"
	return 1
}

told()	# how many events say so
{
	[ "$("$W" --json event list | grep -cF -- "$2")" -ge "$1" ]
}

check "start" start_daemon
check "none yet" eval '[ -z "$("$W" --json trunk list)" ]'
check "one by address" says 0 '198.51.100.7' trunk add Backup host=198.51.100.7 qualify=no number=+390699990001
echo "s3cret-of-ours" > "$TMP/password"
check "one that registers" eval 'says 0 "\"register\":true" --json trunk add "Carrier A" host=sip.a.example port=5061 transport=TLS encryption=yes \
    register=yes username=rm-0017 password=- prefixes=+39,00 < "$TMP/password"'
check "a list" says 0 'sip.a.example' trunk list
check "sorted by name" eval '[ "$("$W" --json trunk list | sed "s/.*\"name\":\"\([^\"]*\).*/\1/" | tr "\n" ,)" = "Backup,Carrier A," ]'
check "what is not probed says so" says 0 '"status":"UNMONITORED"' --json trunk show Backup
check "a query" says 0 '"name":"Backup"' --json trunk list --query 'host:198.51*'
check "a name is unique" says 1 "name: there is a trunk of that name already" trunk add Backup host=h
check "a host is needed" says 1 "host: may not be empty" trunk add other
check "a port is a field" says 1 "host: not an address; a port goes into the field port" trunk add other host=sip.example.com:5060
check "encryption takes TLS" says 1 "encryption: needs transport TLS" trunk set Backup encryption=yes
check "registration takes a username" says 1 "register: needs a username" trunk set Backup register=yes
check "a password is of a username" eval 'says 1 "password: is of the username, and there is none" trunk set Backup password=- < "$TMP/password"'
check "a password is no argument" says 2 "a password is never an argument: use password=-" trunk set "Carrier A" password=abc
check "nor made here" says 2 "a password is never an argument" trunk set "Carrier A" password=random
check "a prefix is digits" says 1 "prefixes: 'x'" trunk set Backup prefixes=39,x
check "a mistyped name" says 1 "trunk Bakup: not found; did you mean 'Backup'?" trunk show Bakup
check "a mistyped field" says 2 "did you mean 'priority'?" trunk set Backup prioritty=3
check "what is true now is not set" says 1 "status: set by the server alone" trunk set Backup status=OK
check "it is disabled" says 0 '"status":"DISABLED"' --json trunk disable Backup
check "and enabled" says 0 '"enabled":true' --json trunk enable Backup
check "a new name" says 0 '"name":"Reserve"' --json trunk set Backup name=Reserve
check "the old one is free" says 1 "not found" trunk show Backup
check "counted" says 0 '"trunks":2' --json status
check "a deletion asks" says 1 "trunk Reserve is not deleted: there is no terminal to ask at; say --yes" trunk delete Reserve
port=$(free_port)
check "a test of one that is not saved" says 1 "+ resolve   127.0.0.1:$port" trunk test host=127.0.0.1 port=$port
check "where nobody is" grep -q "^! OPTIONS" "$TMP/said"
check "of one as it would be" says 1 "+ resolve   127.0.0.2:$port" trunk test Reserve host=127.0.0.2 port=$port
check "is one of what could be saved" says 1 "encryption: needs transport TLS" trunk test host=sip.example.com encryption=yes
check "and saves nothing" eval 'says 0 "198.51.100.7" trunk show Reserve && says 0 "\"trunks\":2" --json status'
check "the indexes agree" says 0 Checked verify
check "no secret in what is told" eval '! { "$W" --json trunk list; "$W" trunk show "Carrier A"; "$W" --json event list; cat "$LOG"; } | grep -q s3cret'
check "nor in the store" eval '! grep -rqaF s3cret-of-ours "$TMP/state"'
check "the daemon stops" stop_daemon
check "nor then" eval '! grep -rqaF s3cret-of-ours "$TMP/state"'
check "start again" start_daemon
check "all is there" says 0 '"username":"rm-0017"' --json trunk show "Carrier A"
check "deleted" says 0 '' trunk delete Reserve --yes
check "it is gone" says 1 "not found" trunk show Reserve
check "each change was told" eval 'told 1 "trunk Backup: made, host" && told 1 "enabled yes -> no" && told 1 "trunk Reserve: deleted" && told 1 "password set"'
check "a viewer's list of commands has them" says 0 "trunk disable ID" --help trunk
check "the daemon ends well" stop_daemon
