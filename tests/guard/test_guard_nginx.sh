#!/bin/bash
# test_guard_nginx.sh: a site guarded by nginx's auth_request, with the very snippets of conf/.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
. "$src/tests/guard/lib_guard_nginx.sh"
need_nginx

open_site
guard_snippets
sed 's/GATE_GUARD nginx/GATE_GUARD forward/; s/GATE_REQUIRE .*/GATE_REQUIRE user;/' "$dir/conf/gate_guard_params" >"$dir/conf/redirects"
nginx_server="
	include $dir/conf/gate_guard_server;
	root $site;
	location /private/ { include $dir/conf/gate_guard; }
	location /polled/ { set \$gate_touch no; include $dir/conf/gate_guard; }
	location /staff/ {
		auth_request /gate_guard/group:staff;
		include $dir/conf/gate_guard_answer;
		location ~ \\.txt\$ { add_header X-Inner yes; }
	}
	location /moved/ { set \$gate_preflight pass; include $dir/conf/gate_guard; rewrite ^/moved(.*) \$1 last; }
	location /tried/ { include $dir/conf/gate_guard; try_files \$uri.html /staff/payroll; }
	location /wrong/ { auth_request /gate_guard/everybody; include $dir/conf/gate_guard_answer; }
	location /several/ {
		auth_request \"/gate_guard/user:carl group:staff\";
		include $dir/conf/gate_guard_answer;
		alias $site/private/;
	}
	location /app/ {
		include $dir/conf/gate_guard;
		include $dir/conf/gate_guard_proxy;
		proxy_pass http://unix:$dir/run/backend.sock:;
	}
	location /cors/ {
		set \$gate_preflight pass;
		include $dir/conf/gate_guard;
		include $dir/conf/gate_guard_proxy;
		proxy_pass http://unix:$dir/run/backend.sock:;
	}
	location /app/fails { include $dir/conf/gate_guard; return 500; }
	location /app/asks { include $dir/conf/gate_guard; proxy_pass http://unix:$dir/run/backend.sock:; proxy_intercept_errors on; }
	location = /r/count { include $dir/conf/gate_params; fastcgi_pass unix:$dir/run/responder.sock; }
	location /redirect/ {
		auth_request /redirects;
		alias $site/private/;
	}
	location = /redirects {
		internal;
		include $dir/conf/redirects;
		fastcgi_pass gate_guard;
		fastcgi_pass_request_body off;
	}
	location /lost/ {
		auth_request /gate_guard/user;
		auth_request_set \$gate_cookie \$upstream_http_set_cookie;
		add_header Set-Cookie \$gate_cookie always;
		error_page 401 = @lost;
		alias $site/private/;
	}
	location @lost { return 401; }
	location = /r/env {
		include $dir/conf/gate_guard;
		include $dir/conf/gate_guard_fastcgi;
		fastcgi_pass unix:$dir/run/responder.sock;
	}"
start_backend "$dir/run/backend.sock" "unix:$dir/run/backend.sock"
start_responder auth && start_responder login && start_responder logout && start_responder responder || bail 'the programs do not start'
start_nginx

try_site
log_in alice "$password"
get /several/report
is "$status $body" '200 report' 'of several requirements one suffices'
fetch POST /app/upload --data-binary "@$dir/large" -H 'Transfer-Encoding: chunked'
like "$body" 'body 300000' 'a body in chunks reaches the back end, too'
get /app/fails
is "$status" 500 "the site's own 500 stays one"
get /app/asks "${navigate[@]}"
is "$status $(header Location)" '401 ' "the site's own 401 stays one"
get /r/env --user root:x -H 'Remote-User: root' -H 'Remote-Groups: root' -H 'Remote-Name: root' -H 'Remote-Email: root'
like "$body" '"REMOTE_USER": ?"alice"' 'a FastCGI program gets the user'
like "$body" '"HTTP_REMOTE_USER": ?"alice"' '  in both names'
like "$body" '"HTTP_REMOTE_GROUPS": ?"staff"' '  and the groups'
unlike "$body" '"REMOTE[A-Z_]*": ?"root"' '  and nothing from the visitor'

# ---- a requirement holds in inner locations, and after internal redirects
echo inner >"$site/staff/inner.txt"
echo 'staff: bob' >"$dir/groups"
get /staff/inner.txt
is "$status" 403 'an inner location has the requirement of the one around it'
get /tried/x
is "$status" 403 'try_files leads nobody into what is not theirs'
get /moved/staff/payroll
is "$status" 403 'nor does a rewrite'
echo 'staff: bob alice' >"$dir/groups"
get /staff/inner.txt
is "$status $body" '200 inner' '  and who meets it passes'
get /tried/x
is "$status $body" '200 payroll' '  there, too'

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
try_stopped 503

# ---- the traps
jar=$dir/jar.stranger get /redirect/report "${navigate[@]}"
is "$status" 500 'trap: nginx makes a 500 of a guard that redirects'
new_visitor
get /r/count
promote_secret
stranger=$(session_cookie)
get /private/report
is "$status $(set_cookies)" '401 1' 'a cookie that is due comes with the 401, too'
with "$stranger" get /lost/report
is "$status $(set_cookies)" '401 0' 'trap: an error_page without add_header of its own drops it'
done_testing
