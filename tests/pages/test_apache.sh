#!/bin/bash
# test_apache.sh: gate's pages behind Apache's mod_proxy_fcgi, by conf/apache.conf as it stands, and the
# traps of Apache that it avoids.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/pages/lib_server.sh"
. "$src/tests/serve/lib_apache.sh"
[ -n "$apache" ] || skip_all 'Apache is not installed'

open_pages
start_pages
open_front

# serve [MODULE...]: with the pages of stdin. One process of Apache's serves all, as each knows for itself
# which connections it keeps, and which pages it has given up.
serve() {
	local given
	given=$(cat)
	start_apache "$url/open" "$@" <<-END
		ServerLimit 1
		StartServers 1
		ThreadsPerChild 32
		MaxRequestWorkers 32
		MinSpareThreads 1
		MaxSpareThreads 32
		Listen 127.0.0.1:$port
		DocumentRoot $dir/site
		ProxyPassMatch "^/r/" "unix:$dir/run/responder.sock|fcgi://gate-r/"
		${more:-}
		$given
	END
}

serve < <(snippet apache.conf)
try_pages
try_login
try_bodies
try_cookies
try_crowd
try_away
try_keeping yes 'enablereuse=on: twenty requests make no new connection'
try_restart

# ---- what gate is told
get /r/env -u eve:secret
unlike "$body" 'ZXZl|eve' 'a name and a password in the request stay in Apache'
get /r/env -H 'X_Test: a' -H 'X.Test: b' -H 'Sec_Fetch_Site: none' -H 'X_Forwarded_Proto: https'
unlike "$body" 'HTTP_X_TEST|HTTP_SEC_FETCH_SITE|HTTP_X_FORWARDED_PROTO' \
	'Apache drops headers with other signs than dashes'
stop apache

# ---- connections that are closed each time
serve < <(snippet apache.conf | sed 's/enablereuse=on ttl=60/enablereuse=off/')
try_keeping no 'enablereuse=off: each request makes a connection'
try_crowd
try_restart
stop apache

# ---- mod_remoteip hides the peer, and the snippet names it
more="RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 127.0.0.2 127.0.0.3"
by_proxy() { # ADDRESS PATH: a visitor of 203.0.113.7 who came by https to a proxy of that address
	new_visitor
	get "$2" --interface "$1" -H 'X-Forwarded-For: 203.0.113.7' -H 'X-Forwarded-Proto: https'
}
secure() { header Set-Cookie | grep -o '; Secure' || echo plain; }
serve remoteip < <(snippet apache.conf)
by_proxy 127.0.0.2 /counter
is "$status $(secure)" '200 ; Secure' 'mod_remoteip: the https of a proxy that gate trusts is believed'
by_proxy 127.0.0.3 /counter
is "$status $(secure)" '200 plain' '  that of another one is not'
by_proxy 127.0.0.2 /r/env
like "$body" '"REMOTE_ADDR": ?"203\.0\.113\.7"' '  and the address is the visitor'"'"'s'
stop apache
serve remoteip < <(snippet apache.conf | sed /GATE_PEER/d)
by_proxy 127.0.0.2 /counter
is "$status $(secure)" '200 plain' 'trap: without GATE_PEER no proxy is believed'
stop apache

# ---- the traps
more=
serve < <(snippet apache.conf | sed 's|fcgi://gate-[a-z]*/|fcgi://localhost/|')
get /card
is "$status $(heading)" '200 Sessions that count right' 'trap: with one host for all, the first page answers for all'
stop apache
serve <<-END
	ProxyPass "/login" "unix:$dir/run/login.sock|fcgi://gate-login/"
	<LocationMatch "^/user\$">
		ProxyPass "unix:$dir/run/user.sock|fcgi://gate-user/"
	</LocationMatch>
END
get /login/x
is "$status $(heading)" '200 Log in' 'trap: ProxyPass serves longer paths, too'
get /user
is "$status" 404 'trap: ProxyPass in a LocationMatch serves nothing'
stop apache
more='<Location "/r/">
CGIPassAuth On
</Location>'
serve < <(snippet apache.conf)
get /r/env -u eve:secret
like "$body" 'HTTP_AUTHORIZATION' 'trap: CGIPassAuth On hands on names and passwords'
new_visitor
log_in alice "$password"
get /counter
like "$(header Transfer-Encoding) $(header Content-Length)" '^chunked $' \
	'Apache since 2.4.59 says no length of what a program answers, and sends it in chunks'
pad=$(head -c 6000 /dev/zero | tr '\0' x)
long=(-H "Cookie: a=$pad" -H "Cookie: b=$pad" -H "Cookie: c=$pad")
is "$(who -H "Cookie: a=$pad")" alice 'a second Cookie line of 6 KB: the visitor is known'
is "$(who "${long[@]}")" 'status 400' 'three, which are over 8190 bytes together: Apache refuses them'
stop apache
more='LimitRequestFieldSize 65536'
serve < <(snippet apache.conf)
is "$(who "${long[@]}")" nobody 'trap: with LimitRequestFieldSize Apache takes them, and hands on no cookie'
stop apache
more=
serve <<-END
	<Proxy "unix:$dir/run/health.sock|fcgi://gate-health/">
		ProxySet max=32
	</Proxy>
	ProxyPass "/health" "unix:$dir/run/health.sock|fcgi://gate-health/" enablereuse=on ttl=60
END
try_keeping no 'trap: ProxySet in a <Proxy> of the same worker makes Apache ignore enablereuse'
stop apache
for name in index $pages responder; do
	stop $name
	is $? 0 "$name ends with status 0"
done
done_testing
