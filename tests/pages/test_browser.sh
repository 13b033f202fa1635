#!/bin/bash
# test_browser.sh: the pages in a real browser: tests/pages/browser/run.js goes through them in
# Chromium. The screenshots stay in the build folder, in tests/pages/browser-shots.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

browser=$src/tests/pages/browser
shots=$build/tests/pages/browser-shots
limit=420 # seconds; it takes about two minutes

CHROMIUM=$(command -v chromium) || skip_all 'chromium is not installed'
need_nginx
need_node "$browser"
export CHROMIUM

# What Chromium writes beside its pages goes with the test's folder.
export TMPDIR=$dir HOME=$dir XDG_CONFIG_HOME=$dir/config XDG_CACHE_HOME=$dir/cache

make_conf "users=file:$dir/users" insecure_http=yes
(umask 077 && : >"$dir/users")
for page in index counter card health login logout user account; do
	start_responder "$page" || bail "$page does not start"
done
start_responder second=counter --cookie_same_site=strict || bail 'second does not start'
start_nginx
rm -rf "$shots" && mkdir -p "$shots" || bail "$shots can't be made"
diag "screenshots: $shots"

# node says what it found as lines of TAP without numbers, and "end".
start browser node "$browser/run.js" "$url" "$shots" "$(program gate)" "$dir/gate.conf" ${BROWSER_PARTS:-}
wait_until $limit ended browser || diag "it takes more than $limit s"
stop browser
while IFS= read -r line; do
	case $line in
	'ok - '*) pass "${line#ok - }" ;;
	'not ok - '*) fail "${line#not ok - }" ;;
	'#'*) echo "$line" ;;
	esac
done <"$dir/log/browser"
is "$(tail -n 1 "$dir/log/browser")" end 'the browser saw all parts'
is "$(grep -hE 'level=error' "$dir"/log/* | head -n 3)" '' 'no program met an error'
ok 'there are screenshots of all pages' test "$(find "$shots" -name '*-dark-phone.png' | wc -l)" -ge 15
done_testing
