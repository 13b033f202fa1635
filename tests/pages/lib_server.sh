# lib_server.sh: gate's pages behind a web server, for the test of each of them; sourced behind lib.sh. A
# test starts its server, by the very file of conf/, in between open_pages and try_pages; $port and $url
# are its address. Which server is tried for what:
#
#                        nginx   Apache   mod_fcgid   lighttpd   caddy
#   try_pages              x       x          x           x        x     each page, and no longer path
#   try_login              x       x          x           x        x     login, account, logout
#   try_bodies             x       x          x           x        x     HEAD, methods, uploads, chunks
#   try_cookies            x       x          x           x        x     several Cookie lines, a cookie once
#   try_crowd              x       x          x           x        x     each visit counts once
#   try_away               x       x          x           x        x     the store is away for a while
#   try_keeping           yes    yes, no      -          no       no     are connections to gate kept?
#   try_restart            x       x          -           x        x     a page starts again under load
#
# mod_fcgid starts the programs itself, so it has no connections and no restarts of ours.
password='seven wild geese in a row'
same='Sec-Fetch-Site: same-origin'
chunked='Transfer-Encoding: chunked'

open_pages() { # [OPTION=VALUE...]: the users, and gate.conf
	chmod 711 "$dir" "$dir/run" # the server's user may be another one
	make_user alice "$password"
	make_conf users="file:$dir/users" insecure_http=yes socket_mode=0666 deadline=2s \
		trusted_proxies=127.0.0.2 "$@"
}
start_pages() {
	local name
	for name in index $pages responder; do start_responder $name || bail "no $name"; done
}
open_front() { # the server's address, and a file that it serves by itself
	port=$(free_port)
	url=http://127.0.0.1:$port
	mkdir -m 755 "$dir/site"
	echo open >"$dir/site/open"
}
snippet() { # NAME: that of conf/, with the sockets of this test
	sed "s:/run/gate/:$dir/run/:" "$src/conf/$1"
}
answers() { [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "$1")" = 200 ]; } # URL

# ---- each page
page_is() { # PATH HEADING
	get "$1"
	is "$status $(heading)" "200 $2" "$1 is the page of that path"
}
try_pages() {
	local name path
	new_visitor
	page_is / 'Sessions that count right'
	page_is /counter 'Welcome stranger, visit 1'
	is "$(for name in X-Content-Type-Options X-Frame-Options Referrer-Policy Cache-Control Vary; do
		header "$name"
	done | paste -sd' ')" 'nosniff DENY same-origin no-store Cookie' '  with its header lines, each once'
	unlike "$headers" $'\n[Ss]tatus:' '  and without one that is meant for the server'
	page_is '/counter?visit=7' 'Welcome stranger, visit 2'
	page_is /card '90 left on your card'
	page_is /login 'Log in'
	page_is /%6cogin 'Log in'
	page_is /logout 'You are not logged in'
	get /health
	is "$status $body" '200 ok' '/health is the page of that path'
	for name in user account; do
		get "/$name"
		is "$status $(header Location)" "302 /login?next=/$name" "/$name leads to the login, and back"
	done
	for path in /login/ /login/x /loginx /login.html /x/login /counter/x /health/x /nowhere; do
		get "$path"
		is "$status" 404 "$path is no page"
		unlike "$body" 'Log in|stranger|^ok' '  and no program of gate answers it'
	done
}

# ---- who is logged in
try_login() {
	local cookie
	new_visitor
	log_in alice 'eight wild geese'
	is "$status $(who)" '403 nobody' 'a wrong password: 403'
	login='/login?next=/account' log_in alice "$password"
	is "$status $(header Location) $(set_cookies)" '303 /account 2' \
		'a login leads where it should, with the cookies of session and device'
	cookie=$(session_cookie)
	page_is /account 'Your account, alice'
	page_is / 'Welcome alice'
	page_is /user 'Welcome alice'
	page_is /logout 'Log out, alice?'
	jar=$dir/jar.other log_in alice "$password"
	post /account -d others=1
	is "$status $(header Location)" '303 /account' 'the account ends other sessions'
	is "$(jar=$dir/jar.other who) $(who)" 'nobody alice' '  and only those'
	fetch POST /logout -d '' -H 'Sec-Fetch-Site: cross-site'
	is "$status $(who)" '403 alice' 'another site can log nobody out'
	fetch POST /logout -d '' -H "Origin: $url"
	is "$status $(header Location)" '303 /' 'a logout, from a browser that says only the Origin'
	is "$(who) $(with "$cookie" who)" 'nobody nobody' '  nobody is logged in, whoever kept the cookie'
}

# ---- requests with and without bodies. $too_large is the status of a body that the server may refuse itself.
is_refused() { # STATUS NAME: the last request, and the next one is answered
	like "$status" "^($1)\$" "$2"
	get /health
	is "$status $body" '200 ok' '  and the next request is answered'
}
try_bodies() {
	local page
	new_visitor
	for page in '' counter card login logout health; do
		fetch HEAD "/$page"
		is "$status $(grep -ciE '^<!doctype|<h1>|^ok' <<<"$body")" '200 0' "HEAD /$page: without the page"
	done
	fetch DELETE /card -H "$same"
	is "$status $(header Allow)" '405 GET, HEAD, POST' 'DELETE: 405'
	post /login -F username=alice -F "password=$password"
	is_refused 400 'a multipart upload: 400'
	head -c 70000 /dev/zero | tr '\0' x >"$dir/large"
	post /card --data-binary "@$dir/large"
	is "$(heading)" 'Content Too Large' 'a body beyond body_limit: a page says so'
	is_refused 413 '  with 413'
	post /card --data-binary "@$dir/large" -H "$chunked"
	is_refused 413 'such a body in chunks: 413'
	head -c 5000000 /dev/zero | tr '\0' x >"$dir/huge"
	post /card --data-binary "@$dir/huge"
	is_refused "${too_large:-413}" 'five million bytes are refused'
	log_in alice "$password" -H "$chunked"
	is "$status $(who)" '303 alice' 'a short form in chunks'
	new_visitor
	log_in alice "$password" -H "$chunked" -d "more=$(head -c 20000 "$dir/large")"
	is "$status $(who)" '303 alice' 'a long one'
}

try_cookies() {
	local cookie order
	new_visitor
	log_in alice "$password"
	cookie=connect.sid=$(session_cookie)
	new_visitor
	for order in first last; do
		[ $order = first ] && set -- "$cookie" a=1 || set -- a=1 "$cookie"
		get /user -H "Cookie: $1" -H "Cookie: $2"
		is "$status $(heading)" '200 Welcome alice' "two Cookie lines, ours $order: it is read"
	done
	get /user -H "Cookie: a=1; $cookie; b=2"
	is "$status $(set_cookies)" '200 0' 'a cookie among others, which is not sent again'
}

# ---- many at once
crowd() { # FIRST LOAD'S-ARGUMENTS... NAME: visits of one session, from that number on
	local first=$1 many last
	many=$(count 1000) last=$((first + many - 1))
	run_load -c 16 -n "$many" -T 60 -u 'visit ' -C "connect.sid=$(session_cookie)" \
		"${@:2:$#-2}" "$url/counter"
	is "$(load_says 'status 200') $(load_says errors) $(grep ^numbers "$dir/load")" \
		"$many 0 numbers $many distinct $many min $first max $last duplicates 0" "${*: -1}"
}
try_crowd() {
	new_visitor
	get /counter
	crowd 2 'sixteen browsers with one session: each visit counts once'
	crowd $(($(count 1000) + 2)) -k no 'the same, each time by a new connection'
}

try_away() {
	new_visitor
	log_in alice "$password"
	exec 9<"$(record_of "$(session_cookie)")"
	flock -x 9 # whoever reads the record waits until the deadline
	get /user
	is "$status $(header Retry-After) $(set_cookies)" '503 1 0' 'the store does not answer: 503, and the cookie stays'
	is "$(heading)" 'Service Unavailable' '  with the page of gate'
	exec 9<&-
	is "$(who)" alice '  then all is as before'
}

# ---- connections from the server to gate
connection() { # to /health, the one that is there: the kernel numbers them
	awk -v path="$dir/run/health.sock" '$NF == path && $6 == "03" { print $7 }' /proc/net/unix |
		sort -n | tail -n 1
}
ask() { # over $wire, a connection that one process of the server serves
	local line
	printf 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n' >&"$wire"
	while read -rt 10 -u "$wire" line; do [ "${line%$'\r'}" != ok ] || return 0; done
	return 1
}
try_keeping() { # yes|no NAME
	local wire first kept=no i
	exec {wire}<>"/dev/tcp/127.0.0.1/$port"
	ask
	first=$(connection)
	for i in {1..20}; do ask || kept=lost; done
	[ -z "$first" ] || [ "$kept $(connection)" != "no $first" ] || kept=yes
	exec {wire}<&-
	is "$kept" "$1" "$2"
}

# ---- a page that starts again
under_way() { # all eight have a session: nginx limits who has none
	[ "$(find "$dir/sessions" -maxdepth 1 -name '*.json' -newer "$dir/before" \
		-exec grep -El '"views":([2-9]|[1-9][0-9])' {} + | wc -l)" -ge 8 ]
}
counts() { get /counter && [ "$status" = 200 ]; }
try_restart() { # [wait]: the server needs a while until it asks again
	local visits
	new_visitor
	get /counter
	rm -f "$dir/log/loader"
	: >"$dir/before"
	start loader "$load" -c 8 -t 120 -s "$url/counter"
	ok 'a load' wait_until 20 under_way
	stop counter
	is $? 0 'a page stops under load: status 0'
	get /counter
	like "$status" '^50[234]$' '  then the server says so'
	start_responder counter || bail 'the counter does not start again'
	if [ "${1:-}" = wait ]; then
		ok '  and soon it is back' wait_until 10 counts
	else
		ok '  and at once it is back' counts
	fi
	visits=$(heading)
	stop loader TERM 60
	cp "$dir/log/loader" "$dir/load"
	is "${visits% *}" 'Welcome stranger, visit' '  with its page'
	is "$(load_says errors) $(($(load_says requests) - $(load_says 'status 200') - \
		$(load_says 'status 502') - $(load_says 'status 503') - $(load_says 'status 504')))" '0 0' \
		'  all others got their page, or a status that says to come again'
}
