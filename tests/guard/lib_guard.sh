# lib_guard.sh: a guarded site, for the tests of each web server; sourced behind lib.sh. The site has
# /private/ (whoever is logged in), /staff/ (group staff), /wrong/ (a requirement that is none), /polled/
# (GATE_TOUCH no), /app/ (a back end that shows what it got), and /cors/ (the same back end, which takes
# preflights). A test starts its server in between open_site and try_site; $url is its address.
#
# The matrix: try_site runs these rows, each a function try_ROW, on each server. A test that can't run a
# row says so, with the reason, in cannot[ROW], and what is true there instead stands in the test itself.
#
#	row          nginx  Apache  lighttpd  caddy  HAProxy  Traefik  Envoy
#	strangers    x      x       x         x      x        x        x
#	user         x      x       x         x      x        x        x
#	backend      x      x       x         x      x        x        x      lighttpd: with mod_magnet
#	preflight    x      x       x         x      x        x        x
#	caches       x      x       x         x      x        -        x      lighttpd, Envoy: in their own words, $kept
#	touch        x      x       x         x      x        x        x
#	renewal      x      x       -         x      x        -        x      lost there: the next page of gate sends it
#	end          x      x       x         x      x        x        x
#	killed       x      x       x         x      x        x        x
#	away         x      x       x         x      x        x        x
#
# Apache runs them twice, by mod_authnz_fcgi and by mod_lua.
rows='strangers user backend preflight caches touch renewal end killed away'
declare -A cannot=()

password='seven wild geese in a row'
site=$dir/site
navigate=(-H 'Sec-Fetch-Mode: navigate' -H 'Sec-Fetch-Site: none')
in_log() { grep -cE -- "$2" "$dir/log/$1" || true; } # NAME REGEX

open_site() { # [OPTION=VALUE...]
	mkdir -p "$site/private/folder" "$site/staff" "$site/wrong" "$site/polled"
	echo report >"$site/private/report"
	echo index >"$site/private/folder/index.html"
	echo payroll >"$site/staff/payroll"
	echo x >"$site/wrong/x"
	echo news >"$site/polled/news"
	chmod -R a+rX "$dir/site"
	chmod 711 "$dir" "$dir/run"
	make_conf users=file:"$dir/users" groups="$dir/groups" insecure_http=yes deadline=1s trace=yes "$@"
	make_user alice "$password"
	make_user bob "$password"
	chmod o= "$dir/users"
	echo 'staff: bob' >"$dir/groups"
}
start_backend() { # SOCKET
	start backend python3 "$src/tests/guard/backend.py" "$1"
	wait_until 10 accepts "$2" || skip_all 'there is no Python for the back end'
}

try_site() {
	local row
	for row in $rows; do
		if [ -n "${cannot[$row]:-}" ]; then
			diag "row $row is not run here: ${cannot[$row]}"
		else
			try_"$row"
		fi
	done
}

# A test whose guard is not started like this has functions of its own; lets_in: who may open the sockets.
stop_guard() { stop auth; }
start_guard() { start_responder auth && lets_in; }
lets_in() { chmod 666 "$dir"/run/*.sock; }

# try_stopped STATUS: the guard hangs. The test has made the server's patience short, by $hurry.
hurry='s/\(read.timeout\(" =>\)*\) 15/\1 3/' # still longer than the guard's deadline
try_stopped() {
	log_in bob "$password"
	freeze $(workers_of auth)
	get /private/report
	is "$status" "$1" 'the guard hangs: nobody passes, and nobody waits for long'
	unlike "$body" report '  and the page is not shown'
	kill -CONT $(workers_of auth)
	wait_until 10 is_private_served
	get /private/report
	is "$status $body" '200 report' '  and it is back'
}

# try_late_cookie: on a server that loses a cookie of the guard, one that is due comes with gate's next page.
try_late_cookie() {
	local before
	before=$(session_cookie)
	promote_secret
	get /private/report
	is "$status $(set_cookies)" '200 0' 'a cookie that is due does not come with a guarded answer'
	get /login
	is "$(set_cookies)" 1 '  but with the next page of gate'
	ok '  with the signature of the new secret' [ "$(session_cookie)" != "$before" ]
	get /private/report
	is "$status" 200 '  and the guard takes it'
}
# try_foreign_proxy: what holds of a proxy that asks by HTTP, through gate_guard_forward; alice is logged in.
try_foreign_proxy() {
	get /app/who -H 'REMOTE-NAME: root' -H 'remote_groups: root' -H 'Remote_email: root' \
		-H 'Remote.User: root' -H 'remote.groups: root' -H 'Remote.Name: root' -H 'Remote.Email: root'
	unlike "$body" root 'no spelling of the four headers reaches the back end from a visitor'
	jar=$dir/jar.stranger get /private/report "${navigate[@]}" -H 'X-Forwarded-Uri: /evil' -H 'X_Forwarded_Uri: /evil' \
		-H 'X-Original-Url: /evil'
	is "$(header Location)" '/login?next=%2Fprivate%2Freport' "a visitor's X-Forwarded-Uri does not change the way back"
	log_in carl wrong -H 'X-Forwarded-For: 192.0.2.66'
	unlike "$(<"$dir/log/login")" 192.0.2.66 "a visitor's X-Forwarded-For does not change their address"
	freeze $(workers_of auth)
	get /private/report
	is "$status" 503 'the guard hangs: nobody passes'
	kill -CONT $(workers_of auth)
}

# ---- the rows: what each server must do
try_strangers() {
	new_visitor
	get /private/report "${navigate[@]}"
	is "$status $(header Location)" '302 /login?next=%2Fprivate%2Freport' 'a browser is sent to the login'
	like "$(header Cache-Control)" '^no-store' '  and nobody keeps that answer'
	get '/private/report?a=1&b=%C3%A4' "${navigate[@]}"
	is "$(header Location)" '/login?next=%2Fprivate%2Freport%3Fa%3D1%26b%3D%25C3%25A4' '  with the query'
	get /private/report -H 'Accept: text/html,*/*'
	is "$status" 302 'so is an old one'
	get /private/report -H 'Sec-Fetch-Mode: cors'
	is "$status $(header WWW-Authenticate)" '401 ' 'a fetch gets 401, without a question for a password'
	like "$(header Cache-Control)" '^no-store' '  which nobody keeps'
	get /private/report
	is "$status" 401 'curl gets 401'
	get /private/report -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
		-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
	is "$status" 401 'a WebSocket gets 401'
	fetch HEAD /private/report "${navigate[@]}"
	is "$status" 302 'HEAD is sent to the login'
	is "$(records)" 0 'no stranger leaves a record'
}
try_user() {
	log_in alice "$password" -d next=/private/report?a=1
	is "$status $(header Location)" '303 /private/report?a=1' 'the login leads back to the page with its query'
	get /private/report "${navigate[@]}"
	is "$status $body" '200 report' 'the user gets the page'
	unlike "$headers" 'Content-Security-Policy|X-Frame-Options|Remote-User|GATE_USER' \
		'  without a header line of the guard'
	fetch HEAD /private/report
	is "$status" 200 '  HEAD, too'
	for path in /private/./report /private//report /private/folder/../report /private/%72eport //private/report \
		/%70rivate/report /x/../private/report /x/%2e%2e/private/report; do
		get "$path" --path-as-is
		is "$status" 200 "  $path is that page"
		jar=$dir/jar.stranger get "$path" --path-as-is
		is "$status" 401 "  which a stranger does not get"
	done
	for path in /private%2freport /PRIVATE/report /private/%2e%2e%2fprivate/report '/private\report' \
		'/private;x/report' /x/..%2fprivate/report; do
		jar=$dir/jar.stranger get "$path" --path-as-is
		unlike "$body" 'report' "  $path leads no stranger around the guard"
	done
	jar=$dir/jar.stranger get /private/report "${navigate[@]}" -H 'Host: elsewhere.example:99'
	is "$(header Location)" '/login?next=%2Fprivate%2Freport' 'a host with a port: the way to the login has none'
	get /private/folder/
	is "$status $body" '200 index' 'an index, for which some servers ask twice'
	get /staff/payroll "${navigate[@]}"
	is "$status" 403 'who is not in the group gets 403, and no redirect'
	like "$(<"$dir/log/auth")" 'event=guard-refused user=alice require=group:staff url=/staff/payroll' \
		'  the log says who, what for, and what was required'
	sed -i 's/bob/bob alice/' "$dir/groups"
	get /staff/payroll
	is "$status $body" '200 payroll' 'a change of the groups counts at once'
	get /wrong/x
	is "$status" 403 'a requirement that nobody understands refuses everybody'
	is "$(in_log auth event=guard-misconfigured)" 1 '  and the log says so'
}
try_backend() {
	get /app/who?x=1
	like "$body" $'GET /app/who\\?x=1\n' 'the back end gets the request'
	like "$body" $'Remote-User: alice\r?\n' '  with the user'
	like "$body" $'Remote-Groups: staff\r?\n' '  and the groups'
	get /app/who -H 'Remote-User: root' -H 'Remote_User: root' -H 'remote-user: root' \
		-H 'Remote-Groups: admins' -H 'Remote-Email: root@example.org'
	like "$body" $'Remote-User: alice\r?\n' 'a visitor who says to be somebody else is not'
	unlike "$body" 'root|admins' '  in no spelling'
	get /app/who -H 'Connection: close, Remote-User' -H 'connection: remote-groups,Remote-Name'
	like "$body" $'Remote-User: alice\r?\n' '  nor nobody, by saying that the name counts for one hop only'
	like "$body" $'Remote-Groups: staff\r?\n' '  nor without groups'
	is "$(curl -s -m 30 -b "connect.sid=$(session_cookie)" -o "$dir/first" "$url/app/who" \
		--next -s -m 30 -o "$dir/second" -w '%{http_code} %{num_connects}' "$url/app/who")" '401 0' \
		'a stranger on the same connection is nobody'
	head -c 300000 /dev/zero | tr '\0' x >"$dir/large"
	fetch POST /app/upload --data-binary "@$dir/large" -H 'Sec-Fetch-Site: cross-site'
	like "$body" $'POST /app/upload\n' 'a POST reaches the back end, from whichever site'
	like "$body" 'body 300000' '  with its whole body'
	jar=$dir/jar.stranger post /app/x -d secret=1 -H 'Sec-Fetch-Mode: navigate'
	like "$status" '^30[23]$' 'a form that a stranger sends leads to the login'
	unlike "$body" secret '  and the back end gets nothing of it'
}
# With GATE_REQUIRE session, and REMOTE_USER in X-Name, at /app/open; and gate's page counter, which makes sessions
# of strangers.
try_strangers_session() { # A-STRANGER'S-REMOTE_USER
	new_visitor
	get /app/open
	is "$status" 401 'session: who has none does not pass'
	get /counter
	get /app/open -H 'Remote-User: root'
	like "$status $body" '^200 GET /app/open' '  a stranger who has one passes'
	unlike "$body" $'Remote-User: [^\r\n]' '  with no user'
	like "$body" $'X-Name: '"$1"$'\r?\n' "  for whom REMOTE_USER is \"$1\""
	log_in alice "$password"
	get /app/open
	like "$body" $'Remote-User: alice\r?\n' '  a user passes with their name'
	like "$body" $'X-Name: alice\r?\n' '  which is in REMOTE_USER, too'
}
preflight=(-H 'Origin: https://other.example' -H 'Access-Control-Request-Method: PUT')
try_preflight() {
	local jar=$dir/jar.stranger statuses=
	fetch OPTIONS /cors/x "${preflight[@]}"
	like "$status $body" '^200 OPTIONS /cors/x' 'where it may, a preflight reaches the back end'
	unlike "$body" $'Remote-User: [^\r\n]' '  with no user'
	fetch OPTIONS /cors/x -H 'Origin: https://other.example'
	is "$status" 401 '  other OPTIONS do not'
	get /cors/x "${preflight[@]}" -H 'X-Forwarded-Method: OPTIONS' -H 'Gate-Method: OPTIONS'
	is "$status" 401 '  nor does a GET that says to be one'
	for _ in {1..10}; do # caddy would take the one or the other, by chance
		get /cors/x "${preflight[@]}" -H 'X_Forwarded_Method: OPTIONS' -H 'Gate_Method: OPTIONS'
		statuses+="$status "
	done
	unlike "$statuses" '200' '  in no spelling'
	fetch OPTIONS /app/x "${preflight[@]}"
	is "$status" 401 'elsewhere a preflight does not'
}
# What a cache may do with a file, a page, and what the back end lets it keep.
kept=('private, no-cache' 'private, no-store' 'max-age=60')
try_caches() {
	get /private/report
	is "$(header Cache-Control)" "${kept[0]}" 'no cache on the way keeps a guarded file, and the browser asks again'
	get /private/report "${navigate[@]}"
	is "$(header Cache-Control)" "${kept[1]}" '  a page'
	get /app/cached
	is "$(header Cache-Control)" "${kept[2]}" '  unless the site says what caches may do'
}
touches() { in_log auth 'event=session .*did=touch'; } # how often the guard wrote
# The session was last used an hour ago.
age_session() {
	sed -i "s/\"__lastAccess\":[0-9]*/\"__lastAccess\":$((($(date +%s) - 3600) * 1000))/" \
		"$(record_of "$(session_cookie)")"
}
try_touch() {
	local record before
	record=$(record_of "$(session_cookie)")
	get /private/report
	before=$(stat -c %y "$record")
	get /private/report
	is "$(stat -c %y "$record") $(set_cookies)" "$before 0" \
		'within touch_after a visit writes nothing, and sets no cookie'
	age_session
	before=$(stat -c '%y %i' "$record") content=$(<"$record")
	get /polled/news
	is "$status $body $(stat -c '%y %i' "$record")" "200 news $before" 'what is polled prolongs no session'
	is "$(<"$record")" "$content" '  its record is as it was'
	before=$(touches)
	get /private/folder/
	is "$status $(($(touches) - before))" '200 1' \
		'other visits do, once, even of an index for which the server asks twice'
	ok '  the record says so' [ "$(last_access "$record")" -gt $((($(date +%s) - 60) * 1000)) ]
}
last_access() { grep -oE '"__lastAccess":[0-9]+' "$1" | cut -d : -f 2; } # RECORD
# All programs sign with a new secret, and still take the cookie of the old one.
promote_secret() {
	local name
	"$build/cgi-bin/gate" secret --file "$dir/secret" --append >/dev/null 2>&1 &&
		"$build/cgi-bin/gate" secret --file "$dir/secret" --promote >/dev/null 2>&1 || bail 'no new secret'
	for name in login logout; do stop $name && start_responder $name || bail "$name does not start"; done
	stop_guard
	start_guard && lets_in || bail 'the guard does not start again'
	wait_until 10 is_private_served || true # lighttpd answers 503 for a while
}
is_private_served() { [ "$(curl -s -o "$dir/served" -w '%{http_code}' "$url/private/report")" = 401 ]; }
try_renewal() {
	local before
	before=$(session_cookie)
	promote_secret
	get /private/report
	is "$status $body $(set_cookies)" '200 report 1' 'a cookie that is due reaches the browser'
	like "$(header Cache-Control)" 'private, no-store' '  in an answer that no cache may keep'
	is "$(id_in "$(session_cookie)")" "$(id_in "$before")" '  it is of the same session'
	ok '  with the signature of the new secret' [ "$(session_cookie)" != "$before" ]
	get /app/who
	like "$status $(set_cookies) $body" $'^200 0 .*Remote-User: alice\r?\n' \
		'  with it the visitor goes on, and gets no other'
}
try_end() {
	local cookie
	# with a length: lighttpd refuses a POST that has none
	post /logout -d ''
	get /private/report "${navigate[@]}"
	is "$status" 302 'after the logout the page is closed again'
	log_in bob "$password"
	get /private/report
	is "$status" 200 'another one logs in'
	exec 9<"$(record_of "$(session_cookie)")"
	flock -x 9 # whoever reads the record waits until the deadline
	get /private/report "${navigate[@]}"
	is "$status" 503 'the store does not answer: 503'
	exec 9<&-
	get /private/report
	is "$status" 200 '  then all is as before'
	cookie=$(session_cookie)
	echo "connect.sid=$cookie" >"$dir/cookies"
	run_load -c 32 -n "$(count 1000)" -f "$dir/cookies" "$url/private/report" &
	local loader=$!
	post /logout -d ''
	"$load" -c 32 -n "$(count 1000)" -f "$dir/cookies" "$url/private/report" >"$dir/ended" 2>&1
	is "$(grep -o '^status [1-4][0-9]*' "$dir/ended")" 'status 401' \
		'after the end was answered nobody passes, whatever is under way'
	wait $loader
}
try_killed() {
	local pid
	log_in bob "$password"
	for pid in $(workers_of auth); do kill -KILL "$pid"; done
	jar=$dir/jar.stranger get /private/report
	unlike "$body" report 'the guard'\''s workers were killed: no stranger passes'
	wait_until 10 is_private_served
	get /private/report
	is "$status $body" '200 report' '  new ones let the user in'
}
try_away() {
	log_in bob "$password"
	stop_guard
	get /private/report "${navigate[@]}"
	is "$status" "${away:-503}" 'the guard does not run: nobody passes'
	start_guard
	wait_until 10 is_private_served
	get /private/report
	is "$status" 200 '  and it is back'
}
