#!/bin/bash
# test_browser.sh: the pages in a real browser: tests/pages/browser/run.js goes through them in
# Chromium. The screenshots stay in the build folder, in tests/pages/browser-shots/pages.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/pages/lib_browser.sh"
need_nginx
need_browser

make_conf "users=file:$dir/users" insecure_http=yes
(umask 077 && : >"$dir/users")
for page in index counter card health login logout user account; do
	start_responder "$page" || bail "$page does not start"
done
start_responder second=counter --cookie_same_site=strict || bail 'second does not start'
start_nginx
browse 420 pages ${BROWSER_PARTS:-} # seconds; it takes about two minutes
ok 'there are screenshots of all pages' test "$(find "$build/tests/pages/browser-shots/pages" \
	-name '*-dark-phone.png' | wc -l)" -ge 15
done_testing
