#!/bin/bash
# Searches are Lucene's: its answers to the sets in tests/lucene, by the index of words and by looking at every record.

. "$(dirname "$0")/../lib.sh"
sets=$(dirname "$0")/../lucene

answers()
{
	mkdir -p "$TMP/$1"
	cp "$sets/public/accounts.tsv" "$sets/$1/queries.txt" "$TMP/$1/"
	"$B/tests/lucene/lucene_check" "$TMP/$1" > "$TMP/$1/said" 2>&1 || { cat "$TMP/$1/said"; return 1; }
}

for set in public hard; do
	check "the index and the records agree on the set $set" answers $set
	python3 "$sets/compare.py" "$sets/$set" "$TMP/$set/results.txt" || failed=$((failed + 1))
done
check "each refusal names a column" eval '! grep -qvE ": column [0-9]+: ." "$TMP/public/said"'
