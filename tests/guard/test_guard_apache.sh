#!/bin/bash
# test_guard_apache.sh: a site guarded by Apache's mod_authnz_fcgi, with the very snippet of conf/.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
. "$src/tests/guard/lib_guard_apache.sh"
. "$src/tests/serve/lib_apache.sh"
[ -n "$apache" ] || skip_all 'Apache is not installed'

open_site
guard=$(free_port)
port=$(free_port)
url=http://127.0.0.1:$port
sed "s/127\.0\.0\.1:900/127.0.0.1:$guard/" "$src/conf/apache_guard.conf" >"$dir/apache_guard.conf"
start_guard() {
	start auth "$(program auth)" --config "$dir/gate.conf" --listen "127.0.0.1:$guard"
	wait_until 10 accepts "127.0.0.1:$guard"
}
start_guard || bail 'the guard does not start'
start_responder login && start_responder logout && start_responder counter || bail 'the pages do not start'
backend=$(free_port)
start_backend "127.0.0.1:$backend" "127.0.0.1:$backend"
start_apache "$url/open" authn_core access_compat authnz_fcgi proxy_http headers env setenvif macro alias dir include mime filter cache cache_disk \
	<<-END
	LimitRequestFieldSize 65536
	$(apache_site apache_guard.conf)
	<Directory $site>
		Options +Includes
	</Directory>
	CacheRoot $dir/cache
	CacheEnable disk /
	CacheHeader on
	TypesConfig /dev/null
	AddType text/html .shtml
	AddOutputFilter INCLUDES .shtml
	# a section of its own: without one Apache would not ask for the index again
	<Location "/private/folder/index.html">
		ForceType text/plain
	</Location>
	AliasMatch "^/(setenv|limit|any|all)/report\$" "$site/private/report"
	<Location "/setenv">
		Use GateGuard user
		SetEnvIf Request_URI "^" !GATE_GUARD
		SetEnv GATE_GUARD apache
	</Location>
	<Macro OwnRules>
		SetEnvIf Request_URI "^" GATE_GUARD=apache GATE_REQUIRE=user
		AuthType gate
		AuthName gate
		AuthnzFcgiCheckAuthnProvider gate Authoritative On RequireBasicAuth Off UserExpr "%{reqenv:GATE_USER}"
		Satisfy All
	</Macro>
	<Location "/limit">
		Use OwnRules
		<Limit GET>
			Require gate
		</Limit>
	</Location>
	<Location "/any">
		Use OwnRules
		<RequireAny>
			Require all granted
			Require gate
		</RequireAny>
	</Location>
	<Location "/all">
		Use OwnRules
		<RequireAll>
			Require all granted
			Require gate
		</RequireAll>
	</Location>
	<Location "/app/open">
		Use GateGuard session
		RequestHeader set X-Name "expr=%{REMOTE_USER}"
	</Location>
END
printf '<!--#include virtual="/staff/payroll" -->' >"$site/private/outer.shtml"
cp "$site/private/outer.shtml" "$site/staff/outer.shtml"
cp "$site/private/outer.shtml" "$site/outer.shtml"
chmod a+r "$site"/{private,staff,.}/outer.shtml
mkdir -m 777 "$dir/cache"
touch -d '2 years ago' "$site/private/report" # which makes it fresh for a day
away=500 # mod_authnz_fcgi has no other answer
kept[2]='max-age=60, private' # mod_cache must not keep it
try_site

# ---- what is Apache's own
log_in bob "$password"
for _ in 1 2; do get /private/report; done
is "$status $body $(header Cache-Control)" '200 report private, no-cache' 'who may pass gets the page'
like "$(header X-Cache)" MISS '  which Apache'\''s cache does not keep'
jar=$dir/jar.stranger get /private/report
is "$status" 401 '  so a stranger does not get it from there'
get /staff/outer.shtml
like "$body" payroll 'a page includes another of its own place'
echo 'staff: alice' >"$dir/groups"
get /private/outer.shtml
like "$status" 200 'a page of a place for all users'
unlike "$body" payroll '  includes nothing of a place for a group that the user is not in'
echo 'staff: bob' >"$dir/groups"
get /private/outer.shtml
unlike "$body" payroll '  nor if the user is in it, as the guard was asked for the outer page'
get /outer.shtml
unlike "$body" payroll 'nor does a page that is not guarded'
try_strangers_session ":"

# ---- what is Apache's own
echo 'touch_after = 0' >>"$dir/gate.conf" # each visit writes
stop_guard
start_guard || bail 'the guard does not start again'
log_in alice "$password"
before=$(touches) asked=$(in_log auth event=session)
get /private/folder/
is "$status $(($(touches) - before))" '200 1' 'Apache asks again for an index, as INCLUDED: that writes nothing'
ok '  it does ask' [ $(($(in_log auth event=session) - asked)) -ge 2 ]

# ---- the traps
pad=$(head -c 6000 /dev/zero | tr '\0' x)
get /private/report -H "Cookie: a=$pad"
is "$status" 200 'a second Cookie line of 6 KB: the visitor is known'
get /private/report -H "Cookie: a=$pad" -H "Cookie: b=$pad" -H "Cookie: c=$pad"
is "$status" 401 'trap: with LimitRequestFieldSize mod_authnz_fcgi hands on no cookie over 16 KB'
get /setenv/report
is "$status" 403 'trap: SetEnv comes after the guard was asked, which refuses everybody'
jar=$dir/jar.stranger get /limit/report
is "$status" 401 'a method that <Limit> names asks the guard'
jar=$dir/jar.stranger fetch POST /limit/report -d ''
unlike "$status" '^(302|401|403)$' 'trap: another one does not'
jar=$dir/jar.stranger get /any/report
is "$status $body" '200 report' 'trap: nor does any with <RequireAny> and Require all granted'
jar=$dir/jar.stranger get /all/report
is "$status" 401 '  <RequireAll> does'
promote_secret
get /private/folder/
is "$status $body $(set_cookies)" '200 index 1' 'an index, for which Apache asks twice, brings a due cookie once'
sed "s#fcgi://127.0.0.1:$guard/#unix:$dir/run/auth.sock#" "$dir/apache_guard.conf" >"$dir/socket.conf"
sed "s#^Include .*#Include $dir/socket.conf#" "$dir/apache.conf" >"$dir/unix.conf"
ok 'trap: mod_authnz_fcgi takes no unix socket' not "$apache" -t -f "$dir/unix.conf"
like "$(<"$dir/ok.out")" 'invalid form' '  Apache says so'
done_testing
