# lib_guard.sh: a guarded site, for the tests of each web server; sourced behind lib.sh. The site has
# /private/ (whoever is logged in), /staff/ (group staff), /wrong/ (a requirement that is none), and
# /app/ (a back end that shows what it got). A test starts its server in between open_site and
# try_site; $url is its address.

password='seven wild geese in a row'
site=$dir/site
navigate=(-H 'Sec-Fetch-Mode: navigate' -H 'Sec-Fetch-Site: none')
in_log() { grep -cE -- "$2" "$dir/log/$1" || true; } # NAME REGEX

open_site() { # [OPTION=VALUE...]
	mkdir -p "$site/private/folder" "$site/staff" "$site/wrong"
	echo report >"$site/private/report"
	echo index >"$site/private/folder/index.html"
	echo payroll >"$site/staff/payroll"
	echo x >"$site/wrong/x"
	chmod -R a+rX "$dir/site"
	chmod 711 "$dir" "$dir/run"
	make_conf users=file:"$dir/users" groups="$dir/groups" insecure_http=yes deadline=1s "$@"
	make_user alice "$password"
	make_user bob "$password"
	chmod o= "$dir/users"
	echo 'staff: bob' >"$dir/groups"
}
start_backend() { # SOCKET
	start backend python3 "$src/tests/guard/backend.py" "$1"
	wait_until 10 accepts "$2" || skip_all 'there is no Python for the back end'
}

# What each server must do. $refused_fetch is the status of a fetch that is not logged in.
try_strangers() {
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
	for path in /private/./report /private//report /private/folder/../report /private/%72eport; do
		get "$path" --path-as-is
		is "$status" 200 "  $path is that page"
		jar=$dir/jar.stranger get "$path" --path-as-is
		is "$status" 401 "  which a stranger does not get"
	done
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
	head -c 300000 /dev/zero | tr '\0' x >"$dir/large"
	fetch POST /app/upload --data-binary "@$dir/large" -H 'Sec-Fetch-Site: cross-site'
	like "$body" $'POST /app/upload\n' 'a POST reaches the back end, from whichever site'
	like "$body" 'body 300000' '  with its whole body'
	jar=$dir/jar.stranger post /app/x -d secret=1 -H 'Sec-Fetch-Mode: navigate'
	like "$status" '^30[23]$' 'a form that a stranger sends leads to the login'
	unlike "$body" secret '  and the back end gets nothing of it'
}
try_touch() {
	local record before
	record=$(record_of "$(session_cookie)")
	before=$(stat -c %y "$record")
	get /private/report
	is "$(stat -c %y "$record") $(set_cookies)" "$before 0" \
		'within touch_after a visit writes nothing, and sets no cookie'
}
try_end() {
	local cookie
	post /logout
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
	post /logout
	with "$cookie" get /private/report
	is "$status" 401 'after the end was answered nobody passes, whatever is under way'
	wait $loader
}
