#!/bin/bash
# test_guard_nginx.sh: sites guarded by nginx's auth_request, with the very snippets of conf/: a folder of
# files, and a back end that shows the headers it got.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

password='seven wild geese in a row'
site=$dir/site
mkdir -p "$site/private/folder" "$site/staff"
echo report >"$site/private/report"
echo index >"$site/private/folder/index.html"
echo payroll >"$site/staff/payroll"
# the snippets, with this test's socket
mkdir "$dir/conf"
cp "$src"/conf/gate_guard* "$src/conf/gate_params" "$dir/conf/"
sed -i "s#/run/gate/auth.sock#$dir/run/auth.sock#" "$dir/conf/gate_guard_http"
for snippet in "$dir"/conf/gate_guard*; do # nginx looks for included files beside its own configuration
	sed -i "s#include gate_guard#include $dir/conf/gate_guard#" "$snippet"
done
nginx_http="include $dir/conf/gate_guard_http;"
nginx_server="
	include $dir/conf/gate_guard_server;
	root $site;
	location /private/ { include $dir/conf/gate_guard; }
	location /staff/ { set \$gate_require group:staff; include $dir/conf/gate_guard; }
	location /wrong/ { set \$gate_require everybody; include $dir/conf/gate_guard; }
	location /still/ { set \$gate_touch no; include $dir/conf/gate_guard; alias $site/private/; }
	location /app/ {
		include $dir/conf/gate_guard;
		include $dir/conf/gate_guard_proxy;
		proxy_pass http://unix:$dir/run/backend.sock:;
	}
	location /several/ { set \$gate_require \"user:carl group:staff\"; include $dir/conf/gate_guard; alias $site/private/; }
	location /app/fails { include $dir/conf/gate_guard; return 500; }"

# ---- the back end: shows method, path, headers and body
cat >"$dir/backend.py" <<-'END'
	import http.server, socketserver, sys, os
	class Handler(http.server.BaseHTTPRequestHandler):
	    protocol_version = 'HTTP/1.1'
	    def answer(self):
	        length = int(self.headers.get('Content-Length') or 0)
	        body = self.rfile.read(length)
	        text = self.command + ' ' + self.path + '\n' + str(self.headers) + 'body ' + str(len(body)) + '\n'
	        data = text.encode()
	        self.send_response(200)
	        self.send_header('Content-Length', str(len(data)))
	        self.end_headers()
	        if self.command != 'HEAD':
	            self.wfile.write(data)
	    do_GET = do_POST = do_PUT = do_HEAD = do_OPTIONS = answer
	    def log_message(self, *args): pass
	    def address_string(self): return 'unix'
	class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
	    daemon_threads = True
	    def get_request(self):
	        request, _ = super().get_request()
	        return request, ('unix', 0)
	Server(sys.argv[1], Handler).serve_forever()
END
start backend python3 "$dir/backend.py" "$dir/run/backend.sock"
wait_until 10 test -S "$dir/run/backend.sock" || skip_all 'there is no Python for the back end'

make_conf users=file:"$dir/users" groups="$dir/groups" insecure_http=yes deadline=1s
make_user alice "$password"
make_user bob "$password"
chmod o= "$dir/users"
echo 'staff: bob' >"$dir/groups"
start_responder auth && start_responder login && start_responder logout || bail 'the programs do not start'
start_nginx

navigate=(-H 'Sec-Fetch-Mode: navigate' -H 'Sec-Fetch-Site: none')
in_log() { grep -cE -- "$2" "$dir/log/$1" || true; } # NAME REGEX

# ---- strangers
new_visitor
get /private/report "${navigate[@]}"
is "$status $(header Location)" '302 /login?next=%2Fprivate%2Freport' 'a browser is sent to the login'
is "$(header Cache-Control)" no-store '  and nobody keeps that answer'
get '/private/report?a=1&b=%C3%A4' "${navigate[@]}"
is "$(header Location)" '/login?next=%2Fprivate%2Freport%3Fa%3D1%26b%3D%25C3%25A4' '  with the query'
get /private/report -H 'Accept: text/html,*/*'
is "$status" 302 'so is an old one'
get /private/report -H 'Sec-Fetch-Mode: cors'
is "$status $(header WWW-Authenticate)" '401 ' 'a fetch gets 401, without a question for a password'
is "$(header Cache-Control)" no-store '  which nobody keeps'
get /private/report
is "$status" 401 'curl gets 401'
get /private/report -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
	-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
is "$status" 401 'a WebSocket gets 401'
fetch HEAD /private/report "${navigate[@]}"
is "$status" 302 'HEAD is sent to the login'
post /app/x -d secret=1 -H 'Sec-Fetch-Mode: navigate'
is "$status" 302 'a form that is sent is, too'
unlike "$(cat "$dir"/log/backend 2>/dev/null)$body" 'secret' '  and the back end gets nothing of it'
is "$(records)" 0 'no stranger leaves a record'

# ---- a user
log_in alice "$password" -d next=/private/report?a=1
is "$status $(header Location)" '303 /private/report?a=1' 'the login leads back to the page with its query'
get /private/report "${navigate[@]}"
is "$status $body" '200 report' 'the user gets the page'
fetch HEAD /private/report
is "$status" 200 '  HEAD, too'
for path in /private/./report /private//report /private/folder/../report /private/%72eport; do
	get "$path" --path-as-is
	is "$status" 200 "  $path is that page"
	jar=$dir/jar.stranger get "$path" --path-as-is
	is "$status" 401 "  which a stranger does not get"
done
get /private/folder/
is "$status $body" '200 index' 'an index, for which nginx asks twice'
get /staff/payroll "${navigate[@]}"
is "$status" 403 'who is not in the group gets 403, and no redirect'
like "$(<"$dir/log/auth")" 'event=guard-refused user=alice require=group:staff url=/staff/payroll' \
	'  the log says who, what for, and what was required'
sed -i 's/bob/bob alice/' "$dir/groups"
get /staff/payroll
is "$status $body" '200 payroll' 'a change of the groups counts at once'
get /several/report
is "$status $body" '200 report' 'of several requirements one suffices'
get /wrong/x
is "$status" 403 'a requirement that nobody understands refuses everybody'
is "$(in_log auth event=guard-misconfigured)" 1 '  and the log says so'

# ---- the back end
get /app/who?x=1
like "$body" $'GET /app/who\\?x=1\n' 'the back end gets the request'
like "$body" $'Remote-User: alice\r?\n' '  with the user'
like "$body" $'Remote-Groups: staff\r?\n' '  and the groups'
get /app/who -H 'Remote-User: root' -H 'Remote_User: root' -H 'remote-user: root' -H 'Remote-Groups: admins' \
	-H 'Remote-Email: root@example.org'
like "$body" $'Remote-User: alice\r?\n' 'a visitor who says to be somebody else is not'
unlike "$body" 'root|admins' '  in no spelling'
head -c 300000 /dev/zero | tr '\0' x >"$dir/large"
fetch POST /app/upload --data-binary "@$dir/large" -H 'Sec-Fetch-Site: cross-site'
like "$body" $'POST /app/upload\n' 'a POST reaches the back end, from whichever site'
like "$body" 'body 300000' '  with its whole body'
fetch POST /app/upload --data-binary "@$dir/large" -H 'Transfer-Encoding: chunked'
like "$body" 'body 300000' '  also in chunks'
get /app/fails
is "$status" 500 "the site's own 500 stays one"

# ---- touch and cookie
record=$(record_of "$(session_cookie)")
before=$(stat -c %y "$record")
get /private/report
is "$(stat -c %y "$record") $(set_cookies)" "$before 0" 'within touch_after a visit writes nothing, and sets no cookie'

# ---- connections are kept, and nothing is stored
newest_connection() { # to the guard: the kernel numbers them in rising order
	awk -v path="$dir/run/auth.sock" '$NF == path { print $7 }' /proc/net/unix | sort -n | tail -n 1
}
first=$(newest_connection)
for i in {1..20}; do get /private/report; done
is "$(newest_connection)" "$first" '20 guarded requests make no new connection to the guard'
is "$(find / -maxdepth 1 -name nonexistent | wc -l)" 0 'and nothing is stored'

# ---- the end of a session
post /logout
get /private/report "${navigate[@]}"
is "$status" 302 'after the logout the page is closed again'
with "$(session_cookie)" get /private/report
is "$status" 401 '  also for who kept the cookie'

# ---- the guard away, the store away
log_in bob "$password"
get /private/report
is "$status" 200 'bob is in'
exec 9<"$(record_of "$(session_cookie)")"
flock -x 9 # whoever reads the record waits until the deadline
get /private/report "${navigate[@]}"
is "$status $(header Retry-After)" '503 1' 'the store does not answer: 503, and when to come again'
exec 9<&-
get /private/report
is "$status" 200 '  then all is as before'
stop auth
get /private/report "${navigate[@]}"
is "$status" 503 'the guard does not run: 503, and nobody passes'
start_responder auth
get /private/report
is "$status" 200 '  and it is back'

# ---- 1 000 at once while the session is ended: none passes after the end was answered
cookie=$(session_cookie)
echo "connect.sid=$cookie" >"$dir/cookies"
run_load -c 32 -n "$(count 1000)" -f "$dir/cookies" "$url/private/report" &
loader=$!
post /logout
with "$cookie" get /private/report
is "$status" 401 'after the end was answered nobody passes, whatever is under way'
wait $loader
done_testing
