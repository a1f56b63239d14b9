#!/bin/bash
# Provisioning profiles from the command line, through the daemon and over its restart.
. "$(dirname "$0")/../lib.sh"
W=$B/wirechief

says()	# STATUS WORDS COMMAND...
{
	"$W" "${@:3}" > "$TMP/said" 2>&1
	[ $? = "$1" ] && grep -qF -- "$2" "$TMP/said" && return 0
	sed 's/^/# /' "$TMP/said"
	return 1
}

check "start" start_daemon
check "a group and accounts" eval '"$W" group add sales && "$W" account add alice group=sales && "$W" account add bob group=sales' > "$TMP/made"
check "none yet" eval '[ -z "$("$W" --json profile list)" ]'
check "a profile" says 0 'https://example.com/i' profile add standard kind=baresip install_url=https://example.com/i parameters=$'audio=alsa\nvideo=none'
check "its kind is a known one" says 1 "kind: must be linphone, baresip or text" profile add other kind=snom
check "its address is one" says 1 "install_url: must be an http or https address" profile set standard install_url=example.com
check "its parameters are lines of key=value" says 1 "parameters: line 2: must be key=value" profile set standard parameters=$'a=b\nc'
check "its name is its own" says 1 "there is a profile of that name already" profile add standard
check "JSON" says 0 '{"name":"standard","kind":"baresip","install_url":"https://example.com/i","parameters":"audio=alsa\nvideo=none"}' \
    --json profile show standard
check "a query" says 0 '"name":"standard"' --json profile list --query 'kind:baresip AND name:stand*'
check "an account has no unknown one" says 1 "profile: no profile standart; did you mean 'standard'?" account set alice profile=standart
check "an account has it" says 0 '"profile":"standard"' --json account set alice profile=standard
check "a group has it" says 0 '"profile":"standard"' --json group set sales profile=standard
check "it is used: it stays" says 1 "profile standard: is used by 1 group (sales) and 1 account (alice): give them another first" \
    profile delete standard
check "it is renamed" says 0 '"name":"Standard"' --json profile set standard name=Standard
check "where it is used, too" says 0 '"profile":"Standard"' --json account show alice
check "search by it" says 0 '"username":"alice"' --json account list --query profile:Standard
check "export names it" says 0 ',Standard,' account export
"$W" account export > "$TMP/export.csv"
check "and can be put back" says 0 '' account import "$TMP/export.csv"
check "an import names an unknown one" eval 'printf "username,group,profile\ncarlo,sales,nix\n" > "$TMP/bad.csv"; says 1 "no profile nix" account import "$TMP/bad.csv"'
check "an import gives one" eval 'printf "username,group,profile\ncarlo,sales,Standard\n" > "$TMP/good.csv"; says 0 "" account import "$TMP/good.csv"'
check "it has it" says 0 '"profile":"Standard"' --json account show carlo
check "the indexes agree" says 0 Checked verify
stop_daemon
check "start again" start_daemon
check "all is there" says 0 '"profile":"Standard"' --json account show alice
"$W" account set alice profile= > /dev/null
"$W" account delete carlo --yes > /dev/null
"$W" group set sales profile= > /dev/null
check "not used: it goes" says 0 '' profile delete Standard
check "it is gone" says 1 "not found" profile show Standard
check "each change was told" eval '[ "$("$W" --json event list --query "subject:standard" | wc -l)" -ge 3 ]'
check "the daemon ends well" stop_daemon
