#!/bin/bash
# test_lighttpd.sh: gate's pages behind lighttpd, by conf/lighttpd.conf as it stands, and the traps of lighttpd
# that it avoids. What it does with other spellings of a header, serve/test_proxies.sh tests.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/pages/lib_server.sh"
lighttpd=$(PATH=$PATH:/usr/sbin command -v lighttpd) || skip_all 'lighttpd is not installed'

open_pages
start_pages
open_front

serve() { # the configuration of stdin
	{
		echo "server.port = $port"
		echo 'server.bind = "127.0.0.1"'
		echo "server.document-root = \"$dir/site\""
		echo "server.upload-dirs = (\"$dir/nginx\")"
		cat
	} >"$dir/lighttpd.conf"
	start lighttpd "$lighttpd" -D -f "$dir/lighttpd.conf"
	wait_until 10 answers "$url/open" || bail 'lighttpd does not start'
}
show() { # PATTERN OPTION: the responder, at what the pattern of a URL matches
	echo "\$HTTP[\"url\"] =~ \"$1\" {"
	echo "	fastcgi.server = (\"/\" => ((\"socket\" => \"$dir/run/responder.sock\"$2)))"
	echo '}'
}

serve < <(snippet lighttpd.conf; show '^/r/' ', "check-local" => "disable"')
try_pages
try_login
try_bodies
try_cookies
try_crowd
try_away
try_keeping no 'lighttpd makes a connection for each request'
try_restart wait
get /r/env -H 'X_Forwarded_Proto: https' -H 'Sec_Fetch_Site: none'
is "$status" 200 'another program'
unlike "$body" 'HTTP_X_FORWARDED_PROTO|HTTP_SEC_FETCH_SITE' '  which gets no other spelling of a header that counts'
stop lighttpd

# ---- the traps
serve < <(
	echo 'server.modules += ("mod_fastcgi")'
	echo "fastcgi.server = (\"/login\" => ((\"socket\" => \"$dir/run/login.sock\", \"check-local\" => \"disable\")))"
	show '^/r/' ''
)
get /login/x
is "$status $(heading)" '200 Log in' 'trap: a prefix matches longer paths, too'
get /loginx
is "$status $(heading)" '200 Log in' '  and longer names'
get /r/env
is "$status" 404 'trap: without check-local => disable lighttpd looks for a file'
stop lighttpd
for name in index $pages responder; do
	stop $name
	is $? 0 "$name ends with status 0"
done
done_testing
