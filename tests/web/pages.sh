#!/bin/bash
# The pages in a phone's browser: headless Chromium at 390 x 844 walks them and looks at each; and what a screen reader needs is in the markup.
# SHOTS=FOLDER keeps the screenshots.
. "$(dirname "$0")/../lib.sh"

here=$(realpath "$(dirname "$0")")
TOOLS=$(realpath "${TOOLS:-build/release}")
shots=${SHOTS:-$TMP/shots}
mkdir -p "$shots"
for page in "$here"/../../share/web/*.html; do
	printf '\f%s\n' "$(basename "$page" .html)"
	cat "$page"
done > "$TMP/pages"
cat > "$CONF" <<'C'
domain = "wirechief.test"
http { listen = "127.0.0.1:0" certificate = "/x" key = "/x" brand = "Northwind Telecom" colour = "#0b6e4f"
	text = "Questions? Call us at 0800 123 456, every day from 8 to 20 h." }
limits { requests_per_second = 0 }
C
mkfifo "$TMP/in"
"$TOOLS/tests/web/pages_server" "$CONF" "$TMP/pages" < "$TMP/in" > "$TMP/out" 2> "$LOG" &
own_pids+=($!)
exec 7> "$TMP/in"
wait_for 10 grep -q https: "$TMP/out" || { echo "not ok the pages are served"; cat "$LOG"; exit 1; }
url=https://127.0.0.1:$(sed -n 's/https:127.0.0.1:\([0-9]*\).*/\1/p' "$TMP/out")

driver=$(free_port)
mkdir "$TMP/home"
HOME=$TMP/home chromedriver --port="$driver" > "$TMP/driver" 2>&1 &
own_pids+=($!)
up()
{
	curl -s --max-time 5 "http://127.0.0.1:$driver/status" | grep -q '"ready":true'
}
if ! wait_for 20 up; then
	echo "not ok chromedriver starts"
	cat "$TMP/driver"
	exit 1
fi
timeout 800 python3 "$here/pages.py" "$url" "http://127.0.0.1:$driver" "$shots" "$TMP/home" || failed=$((failed + 1))
exec 7>&-
