#!/bin/bash
# The manual's pages are made, hold every command, field and key of the tables, and mandoc finds no fault in them.

cd "$(dirname "$0")/.." || exit 1
pages=build/release/man
bad=0

for page in wirechiefd.8 wirechief.1 wirechief.conf.5 wirechief-protocol.7 wirechief-query.7 wirechief-fields.5; do
	if [ ! -s $pages/$page ]; then
		echo "not ok manual: $page is not made"
		bad=1
	elif mandoc -Tlint -Wwarning $pages/$page; then
		echo "ok manual: $page"
	else
		echo "not ok manual: $page"
		bad=1
	fi
done
if grep -q '@[A-Z]' $pages/*.[1-8]; then
	echo "not ok manual: a marker was not filled in"
	bad=1
fi
exit $bad
