#!/bin/bash
# test_guard_forward.sh: the server of conf/gate_guard_forward, which other proxies ask, with the very requests that
# they send. Recorded from:
#	Traefik       pkg/middlewares/auth/forward.go, writeHeader: GET of the address, all headers of the visitor but
#	              those of the connection, X-Forwarded-For, -Method, -Proto, -Host, -Uri set by Traefik
#	Envoy         the reference of ext_authz's HttpService: method and path of the visitor behind path_prefix, Host,
#	              Content-Length: 0, and allowed_headers
#	Gateway API   GEP-1494, HTTPAuthConfig: like Envoy; Authorization, too
# test_guard_haproxy.sh, test_guard_traefik.sh and test_guard_envoy.sh have the real ones.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
. "$src/tests/guard/lib_forward.sh"

open_site trusted_proxies=127.0.0.1
start_forward
site_url=$url
log_in alice "$password"
cookie=connect.sid=$(session_cookie)
url=http://$forward
jar=$dir/jar.none

browser=(-H 'Accept: text/html,application/xhtml+xml' -H 'Sec-Fetch-Mode: navigate' -H 'User-Agent: Browser/1.0')
by_traefik() { # METHOD URI [CURL'S ARGUMENTS...]
	get "${word:-/user}" -H "X-Forwarded-Method: $1" -H "X-Forwarded-Uri: $2" -H 'X-Forwarded-Proto: http' \
		-H 'X-Forwarded-Host: site.example:8000' -H 'X-Forwarded-For: 192.0.2.7' \
		-H 'X-Forwarded-Port: 8000' -H 'X-Forwarded-Server: front' -H 'Accept-Encoding: gzip' "${@:3}"
}
by_envoy() { # METHOD URI [CURL'S ARGUMENTS...]
	fetch "$1" "${word:-/user}$2" --path-as-is -H 'Host: site.example:8000' -H 'Content-Length: 0' \
		-H 'X-Forwarded-For: 192.0.2.7' -H 'X-Forwarded-Proto: http' -H 'X-Envoy-Internal: true' "${@:3}"
}
by_gateway() { by_envoy "$@" -H 'Authorization: Basic YTpi'; }

# ---- what each of them gets
for proxy in traefik envoy gateway; do
	by_$proxy GET '/private/report?a=1' "${browser[@]}"
	is "$status $(header Location)" '302 /login?next=%2Fprivate%2Freport%3Fa%3D1' \
		"$proxy: a browser is sent to the login, and back with the query"
	is "$(header Cache-Control)" no-store '  and nobody keeps that answer'
	by_$proxy POST /app/form "${browser[@]}"
	is "$status $(header Location)" '303 /login?next=%2Fapp%2Fform' '  after a POST by 303'
	by_$proxy GET /private/report -H 'Sec-Fetch-Mode: cors'
	is "$status $(header WWW-Authenticate)" '401 ' '  a fetch gets 401'
	by_$proxy GET /private/report "${browser[@]}" -H "Cookie: $cookie"
	is "$status $body" '200 ' '  the user passes: 200 without a body'
	is "$(header Remote-User) $(header Remote-Groups)" 'alice ' '  with the name'
	is "$(grep -c '^Remote-[UGNE]' <<<"$headers")" 4 '  and all four lines, as they replace what a visitor sent'
	word=/staff by_$proxy GET /staff/payroll -H "Cookie: $cookie"
	is "$status" 403 '  who is not in the group gets 403'
	word=/other by_$proxy GET /private/report -H "Cookie: $cookie"
	is "$status" 403 '  a word that stands nowhere refuses everybody'
done
like "$(<"$dir/log/auth")" 'event=guard-refused user=alice require=group:staff url=/staff/payroll method=GET address=192.0.2.7' \
	'the log has path, method and address of the visitor, and not those of the proxy'
is "$(in_log auth event=guard-misconfigured)" 3 '  and of each word that stands nowhere'

# ---- the word is the proxy's, whatever a visitor asks for
alice=(-H "Cookie: $cookie")
word=/staff by_envoy GET /../user/report "${alice[@]}"
is "$status" 403 'dots do not make another word of it'
word=/staff by_envoy GET /%2e%2e/user/report "${alice[@]}"
is "$status" 403 '  nor encoded ones'
word=/staff by_envoy GET //user/report "${alice[@]}"
is "$status" 403 '  nor slashes'
word=/user by_envoy GET /../staff/payroll "${alice[@]}"
is "$status" 200 '  nor do they make a stricter one'
for path in /USER/x /user%2fx /user. //user/x '/user?x' /users/x /./user/x / ; do
	get "$path" --path-as-is "${alice[@]}" -H 'X-Forwarded-Uri: /x' -H 'X-Forwarded-Method: GET'
	is "$status" 403 "$path is no word"
done
by_envoy GET /../../x "${alice[@]}"
is "$status" 400 'what leads above the root is refused'

# ---- what a visitor may say
by_envoy GET /private/report "${browser[@]}" -H 'X-Forwarded-Uri: /evil' -H 'X-Original-Url: /evil'
is "$(header Location)" '/login?next=%2Fprivate%2Freport' \
	"Envoy: a visitor's X-Forwarded-Uri does not change the way back"
by_traefik GET /private/report "${browser[@]}" -H 'X_Forwarded_Uri: /evil' -H 'X-Original-Url: /evil'
is "$(header Location)" '/login?next=%2Fprivate%2Freport' 'Traefik: nor does another spelling of it'
get /user "${browser[@]}" -H 'X-Original-Url: /evil'
is "$status $(header Location)" '302 /login' 'without X-Forwarded-Uri there is no way back'
by_traefik GET //evil.example/x "${browser[@]}"
is "$(header Location)" /login 'nor for what is no path of the site'
for proxy in traefik envoy gateway; do
	word=/cors by_$proxy OPTIONS /cors/x "${preflight[@]}"
	is "$status $(header Remote-User)" '200 ' "$proxy: where it may, a preflight passes, with no user"
	by_$proxy OPTIONS /app/x "${preflight[@]}"
	is "$status" 401 '  elsewhere it does not'
	word=/cors by_$proxy GET /cors/x "${preflight[@]}" -H 'X_Forwarded_Method: OPTIONS' -H 'Gate-Method: OPTIONS' \
		-H 'X-Http-Method-Override: OPTIONS'
	is "$status" 401 '  nor does a GET that says to be one'
done
word=/cors by_envoy GET /cors/x "${preflight[@]}" -H 'X-Forwarded-Method: OPTIONS'
is "$status" 401 "Envoy: X-Forwarded-Method does not count"
post /user -d secret=1 "${alice[@]}"
is "$status" 413 'a body is refused, unread'
before=$(stat -c %y "$(record_of "${cookie#*=}")")
by_traefik GET /private/report "${alice[@]}"
is "$(stat -c %y "$(record_of "${cookie#*=}")") $(set_cookies)" "$before 0" \
	'within touch_after a visit writes nothing, and sets no cookie'

# ---- a cookie that is due, and a guard that is away
is_private_served() { [ "$(curl -s -o "$dir/served" -w '%{http_code}' "http://$forward/user")" = 401 ]; }
promote_secret
for proxy in traefik envoy gateway; do
	new_visitor
	by_$proxy GET /private/report "${alice[@]}"
	is "$status $(set_cookies)" '200 1' "$proxy: a cookie that is due comes with the 200"
	is "$(header Cache-Control)" 'private, no-store' '  in an answer that no cache may keep'
done
stop_guard
by_traefik GET /private/report "${alice[@]}"
is "$status $(header Retry-After)" '503 5' 'the guard does not run: 503'
is "$(header Cache-Control)" no-store '  which nobody keeps'
done_testing
