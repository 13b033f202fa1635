#!/bin/bash
# test_guard_nginx.sh: a site guarded by nginx's auth_request, with the very snippets of conf/.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
need_nginx

open_site
# the snippets, with this test's socket and folder: nginx looks for included files beside its own
mkdir "$dir/conf"
cp "$src"/conf/gate_guard* "$src/conf/gate_params" "$dir/conf/"
sed -i "s#/run/gate/auth.sock#$dir/run/auth.sock#; s#include gate_guard#include $dir/conf/gate_guard#" \
	"$dir"/conf/gate_guard*
nginx_http="include $dir/conf/gate_guard_http;"
nginx_server="
	include $dir/conf/gate_guard_server;
	root $site;
	location /private/ { set \$gate_require user; include $dir/conf/gate_guard; }
	location ^~ /staff/ {
		set \$gate_require group:staff;
		include $dir/conf/gate_guard;
		location ~ \.txt\$ { }
		location ~ \.html\$ { set \$gate_require group:staff; }
	}
	location ~ \.txt\$ { }
	location /wrong/ { set \$gate_require everybody; include $dir/conf/gate_guard; }
	location /several/ {
		set \$gate_require \"user:carl group:staff\";
		include $dir/conf/gate_guard;
		alias $site/private/;
	}
	location /app/ {
		set \$gate_require user;
		include $dir/conf/gate_guard;
		include $dir/conf/gate_guard_proxy;
		proxy_pass http://unix:$dir/run/backend.sock:;
	}
	location /cors/ {
		set \$gate_require user;
		set \$gate_preflight pass;
		include $dir/conf/gate_guard;
		include $dir/conf/gate_guard_proxy;
		proxy_pass http://unix:$dir/run/backend.sock:;
	}
	location = /r/env {
		set \$gate_require user;
		include $dir/conf/gate_guard;
		include $dir/conf/gate_guard_fastcgi;
		include $dir/conf/gate_params;
		fastcgi_param REMOTE_USER \$remote_user;
		include $dir/conf/gate_guard_fastcgi;
		fastcgi_pass responder;
	}
	location = /app/refuses {
		set \$gate_require user;
		include $dir/conf/gate_guard;
		proxy_intercept_errors on;
		proxy_pass http://127.0.0.1:\$server_port/refuses;
	}
	location = /refuses { return 401; }
	location /app/fails { set \$gate_require user; include $dir/conf/gate_guard; return 500; }"
make_user carl "$password"
start_backend "$dir/run/backend.sock" "unix:$dir/run/backend.sock"
start_responder responder && start_responder auth && start_responder login && start_responder logout || bail 'the programs do not start'
start_nginx

try_site
log_in alice "$password"
get /several/report
is "$status $body" '200 report' 'of several requirements one suffices'
fetch POST /app/upload --data-binary "@$dir/large" -H 'Transfer-Encoding: chunked'
like "$body" 'body 300000' 'a body in chunks reaches the back end, too'
get /r/env -u root:x -H 'Remote-User: root' -H 'Remote-Groups: root'
like "$body" '"REMOTE_USER": ?"alice"' 'a FastCGI program gets the user'
like "$body" '"HTTP_REMOTE_USER": ?"alice".*"HTTP_REMOTE_GROUPS": ?"staff"' '  also as a header, with the groups'
unlike "$body" '"root"' '  and nothing that the visitor says'
get /app/fails
is "$status" 500 "the site's own 500 stays one"

get /app/refuses "${navigate[@]}"
is "$status $(header Location)" '401 ' "  and a back end's own 401"

# ---- a location within a guarded one has the guard, but not what is set there
for name in one.txt one.html; do echo payroll >"$site/staff/$name" && chmod a+r "$site/staff/$name"; done
log_in carl "$password"
get /staff/one.txt
is "$status" 403 'in a location that does not say who may pass nobody passes'
get /staff/one.html
is "$status" 403 '  nor in one that says it, who may not'
log_in bob "$password"
get /staff/one.txt
is "$status" 403 '  nobody at all'
get /staff/one.html
is "$status $body" '200 payroll' '  but who may'

# ---- connections are kept, and nothing is stored
newest_connection() { # to the guard: the kernel numbers them in rising order
	awk -v path="$dir/run/auth.sock" '$NF == path { print $7 }' /proc/net/unix | sort -n | tail -n 1
}
echo "connect.sid=$(session_cookie)" >"$dir/cookies"
run_load -c 32 -n 200 -f "$dir/cookies" "$url/private/report" # by both of nginx's workers
first=$(newest_connection)
for i in {1..20}; do get /private/report; done
is "$(newest_connection)" "$first" '20 guarded requests make no new connection to the guard'
ok 'and nothing is stored' test ! -e /nonexistent

exec 9<"$(record_of "$(session_cookie)")"
flock -x 9
get /private/report
is "$status $(header Retry-After)" '503 1' 'a 503 says when to come again'
exec 9<&-
done_testing
