#!/bin/bash
# test_login.sh: the login as a browser sees it: form, guarded page, logout, account.
# Without this, root reads every file, and no user of the test would ever be out of reach.
[ "$(id -u)" != 0 ] || [ -n "${BOUND:-}" ] || BOUND=yes exec setpriv \
	--bounding-set=-dac_override,-dac_read_search "$BASH" "${BASH_SOURCE[0]}"
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

gate=$build/cgi-bin/gate
same='Sec-Fetch-Site: same-origin'
alice='correct horse battery'
bob='staple of the day, bob'

# ---- helpers
rounds=0
another_address() { # each of them has twenty failures free
	rounds=$((rounds + 1))
	from=198.51.$((100 + rounds / 256)).$((rounds % 256))
}
second() { # PAGE [--OPTION=VALUE...]: at /second/PAGE, with options of its own
	[ -z "${pids[second]:-}" ] || stop second
	start_responder "second=$1" "${@:2}" || bail "no second $1"
}
logged() { grep -c -- "$1" "$dir"/log/login "$dir"/log/second 2>/dev/null | awk -F: '{ n += $2 } END { print n }'; }
member() { # COOKIE'S-VALUE NAME: what stands behind that name in the record
	grep -o "\"$2\":\(\"[^\"]*\"\|[^,}]*\)" "$(record_of "$1")" | head -n 1 | cut -d: -f2-
}
handles() { # of the sessions that the account page shows
	grep -o 'name="session" value="[^"]*"' <<<"$body" | cut -d'"' -f4
}
escaped() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g; s/'\''/\&#39;/g' <<<"$1"; }

# ---- the form
test_form() {
	local before side method
	new_visitor
	before=$(records) side=$(find "$dir/sessions/.gate" -type f | wc -l)
	get /login
	is "$status $(header Content-Type)" '200 text/html; charset=utf-8' 'the form'
	page_says 'Log in Name Password Stay logged in on this device .*Log in ' 'says what it wants'
	like "$body" '<form method="post">' 'it posts to its own address'
	like "$body" 'name="username" autocomplete="username"' 'password managers know the name'
	like "$body" 'name="password" type="password" autocomplete="current-password"' 'and the password'
	unlike "$body" 'pattern=|onpaste|<script' 'and nothing is in their way'
	is "$(set_cookies)" 0 'no cookie'
	fetch HEAD /login
	is "$status $(header Content-Length | grep -c '[1-9]') $(grep -c '<' <<<"$body")" '200 1 0' \
		'HEAD: without the page'
	run_load -c 16 -n "$(count 100000)" "$url/login"
	is "$(load_says 'status 200') $(load_says set_cookies) $(load_says errors)" \
		"$(count 100000) 0 0" "$(count 100000) times without a cookie: none is set"
	run_load -c 16 -n "$(count 10000)" -C 'connect.sid=s%3Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.no' "$url/login"
	is "$(load_says 'status 200') $(load_says set_cookies)" "$(count 10000) 0" 'nor to who has a bad one'
	is "$(records) $(find "$dir/sessions/.gate" -type f | wc -l)" "$before $side" \
		'no record is made, and no counter'
	for method in PUT DELETE PATCH OPTIONS; do
		fetch $method /login -H "$same"
		is "$status $(header Allow)" '405 GET, HEAD, POST' "$method: 405"
	done
}

# Only a urlencoded body, and each field once.
test_fields() {
	local name before
	new_visitor
	before=$(records)
	name=username=alice\&password=${alice// /+}
	is "$(post /login -d "$name"; echo "$status")" 303 'a body with a name and a password'
	for name in "username=alice" "password=${alice// /+}" "" "username=alice&$name" \
		"$name&password=x" "$name&username=bob" "$name&username=alice" "$name&%zz" \
		"$name&a=%00" "$name&a=%ff" "user=alice&pass=${alice// /+}" \
		"$name$(printf '&a%d=' {1..70})"; do
		new_visitor
		post /login -d "$name"
		is "$status $(set_cookies)" '400 0' "400: ${name:0:60}"
	done
	name=username=alice\&password=${alice// /+}
	post "/login?$name"
	is "$status" 400 'a name and a password in the query: 400'
	post "/login?$name" -d username=alice
	is "$status" 400 'one of them in the query: 400'
	get "/login?$name"
	is "$status $(set_cookies)" '200 0' 'GET: the form'
	is "$(heading) $(who)" 'Log in nobody' 'and nobody is logged in'
	fetch GET /login -H "$same" -d "$name"
	is "$status $(set_cookies) $(who)" '200 0 nobody' 'GET with a body: neither'
	post /login -F username=alice -F "password=$alice"
	is "$status" 400 'multipart: 400'
	post /login -H 'Content-Type: application/json' -d "{\"username\":\"alice\",\"password\":\"$alice\"}"
	is "$status" 400 'JSON: 400'
	post "/login?$name" -d "username=bob&password=x"
	is "$status $(who)" '403 nobody' 'the query says nothing of them'
	post /login -d "$name$(printf '&a=%070000d' 0)"
	is "$status $(set_cookies)" '413 0' 'a body of 70 000 bytes: 413'
	is "$(records)" $((before + 1)) 'only the first made a record'
}

# Each byte of a password counts.
test_passwords() {
	local long=${bob}1234567890123456789012345678901234567890123456789012345678901234567890
	local most
	most=$(printf '%0511d' 7)
	make_user long "$long"
	make_user most "$most"
	make_user blank " $alice "
	printf 'bcrypt:%s\n' "$(perl -e 'print crypt("7" x 72, q($2b$04$abcdefghijklmnopqrstuu))')" >>"$dir/users"
	make_user Ωμέγα2 'Päss wörter ‮ genügen 密码'
	tries() { # STATUS NAME PASSWORD WHAT
		new_visitor
		another_address
		log_in "$2" "$3"
		is "$status" "$1" "$4: $1"
	}
	make_user pat "$alice"
	tries 303 pat "$alice" 'the right password'
	tries 403 pat "$alice " 'with a blank behind it'
	tries 403 pat " $alice" 'with a blank in front'
	tries 403 pat "${alice^^}" 'in capitals'
	tries 403 Pat "$alice" 'the name with a capital'
	tries 403 pat '' 'an empty password'
	tries 403 '' "$alice" 'an empty name'
	tries 303 bcrypt "$(printf '7%.0s' {1..72})" 'with bcrypt 72 bytes'
	tries 403 bcrypt "$(printf '7%.0s' {1..73})" 'which it takes for one with more behind them'
	tries 303 blank " $alice " 'blanks belong to it'
	tries 403 blank "$alice" 'and may not be left out'
	tries 303 long "$long" "${#long} bytes"
	tries 403 long "${long%?}" 'without the last'
	tries 303 most "$most" '511 bytes'
	tries 403 most "${most}0" 'a byte too many'
	tries 303 Ωμέγα2 'Päss wörter ‮ genügen 密码' 'any script'
	tries 403 Ωμέγα2 'Pass worter ‮ genugen 密码' 'byte for byte'
	tries 403 "$(printf '%0256d' 7)" "$alice" 'a name of 256 bytes'
	tries 403 $'p\nat' "$alice" 'a name with a newline'
}

# ---- there and back
test_guard() {
	local old new
	new_visitor
	another_address
	get /user
	is "$status $(header Location) $(set_cookies)" '302 /login?next=/user 0' \
		'/user without a login: to the login'
	get "$(header Location)"
	is "$status $(heading)" '200 Log in' 'which is the form'
	get /counter
	is "$(heading)" 'Welcome stranger, visit 1' 'the counter does not know who it is'
	get /
	is "$(heading)" 'Sessions that count right' 'nor does the start page'
	old=$(session_cookie)
	log_in alice wrong
	is "$status $(set_cookies) $(heading)" '403 0 Log in' 'a wrong password: 403 and the form'
	like "$body" 'name="username".*value="alice"' 'the name need not be typed again'
	unlike "$body" 'value="wrong"' 'the password must be'
	is "$(who)" nobody 'nobody is logged in'
	login=/login?next=/user log_in alice "$alice"
	is "$status $(header Location)" '303 /user' 'the right one: and back'
	get "$(header Location)"
	is "$status $(heading)" '200 Welcome alice' 'to a greeting'
	new=$(session_cookie)
	ok 'the session has a new id' [ "$(id_in "$old")" != "$(id_in "$new")" ]
	is "$(member "$new" user) $([ -e "$(record_of "$old")" ] || echo gone)" '"alice" gone' \
		'a record with the name, and no other'
	get /counter
	is "$(heading)" 'Welcome alice, visit 2' 'what was in it stays, and the counter greets'
	get /
	is "$(heading)" 'Welcome alice' 'so does the start page'
	like "$body" 'href="/account"' 'which leads to the account'
	fetch HEAD /user
	is "$status" 200 'HEAD /user'
	new_visitor
	fetch HEAD /user
	is "$status $(header Location)" '302 /login?next=/user' 'without a login'
	is "$(with "$old" who)" nobody 'the old id is worth nothing'
	with "$old" get /counter
	is "$(heading) $(set_cookies)" 'Conflict 0' 'and shows nothing'
	is "$(with "$new" who)" alice 'the new one opens'
	post /user -d a=b
	is "$status $(header Allow)" '405 GET, HEAD' 'POST /user: 405'
}

test_login_page() { # of who is logged in
	local first
	new_visitor
	log_in alice "$alice"
	is "$status $(header Location)" '303 /' 'without next: home'
	first=$(session_cookie)
	get /login
	is "$(heading)" 'You are logged in as alice' 'who is logged in sees so'
	like "$body" '<form method="post" action="/logout">' 'and may log out'
	get /counter
	log_in alice "$alice"
	is "$status" 303 'and may log in once more'
	ok 'with a new id' [ "$(session_cookie)" != "$first" ]
	get /counter
	is "$(heading)" 'Welcome alice, visit 2' 'and the same data'
	is "$(replay "$first")" ' 4 302' 'the id before is gone, for every worker'
	new_visitor
	log_in alice "$alice" -b "connect.sid=$first"
	is "$status $(who)" '303 alice' 'but its browser, where it got no answer, may log in'
	get /counter
	is "$(heading)" 'Welcome alice, visit 1' 'to a session with nothing in it'
	another_address
	log_in bob wrong
	is "$status $(heading) $(who)" '403 Log in alice' "a wrong try as another: the form, still oneself"
	log_in bob "$bob"
	is "$status $(who)" '303 bob' 'a right one: the other'
	get /counter
	is "$(heading)" 'Welcome bob, visit 1' 'whose session begins empty'
}

test_fixation() {
	local planted
	new_visitor
	get /counter
	planted=$(session_cookie)
	log_in alice "$alice"
	is "$(who)" alice 'a victim logs in with a cookie that was planted'
	is "$(with "$planted" who)" nobody 'who planted it gets nothing of it'
	new_visitor
	log_in alice "$alice" -b 'connect.sid=s%3Amy-own-id-my-own-id-my-own-id-00.AAAA'
	unlike "$(session_cookie)" my-own-id 'nobody chooses an id'
	for planted in "?connect.sid=$planted" "?sid=$planted" ";jsessionid=$planted"; do
		new_visitor
		get "/user$planted"
		is "$([ "$status" = 200 ] || echo no)" no "no id is taken from a path: ${planted:0:16}"
	done
}

# ---- the way out
replay() { # COOKIE'S-VALUE: at all four at once; what they say
	local i
	for i in 1 2 3 4; do
		curl -s -m 30 -o "$dir/replay$i" -w '%{http_code}\n' -b "connect.sid=$1" "$url/w$i/user" \
			>"$dir/replied$i" &
	done
	wait -- $(jobs -pr | grep -vxF "$(printf '%s\n' "${pids[@]}")")
	cat "$dir"/replied? | sort | uniq -c | tr -s ' '
}
test_logout() {
	local old many before
	new_visitor
	log_in alice "$alice"
	get /logout
	is "$status $(heading) $(set_cookies)" '200 Log out, alice? 0' 'GET /logout asks'
	is "$(who)" alice 'and does nothing'
	fetch HEAD /logout
	is "$status $(who)" '200 alice' 'HEAD neither'
	old=$(session_cookie)
	is "$(replay "$old")" ' 4 200' 'four workers know the session'
	post /logout
	is "$status $(header Location)" '303 /' 'POST /logout: to the start page'
	is "$(replay "$old")" ' 4 302' 'its old cookie is refused by all four at once'
	like "$(header Set-Cookie | grep ^connect)" '^connect\.sid=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax$' \
		'the cookie is cleared'
	is "$(header Clear-Site-Data)" '' 'nothing else is asked of the browser'
	is "$(session_cookie)$([ -e "$(record_of "$old")" ] || echo gone)" gone 'record and cookie are gone'
	is "$(who)" nobody 'nobody is logged in'
	with "$old" get /counter
	is "$(heading)" 'Welcome stranger, visit 1' 'the old cookie begins a session of its own'
	unlike "$(header Set-Cookie)" "$(id_in "$old")" 'with an id of its own'
	new_visitor
	before=$(records)
	post /logout
	is "$status $(set_cookies) $(records)" "303 0 $before" 'a logout of nobody: the same way, no cookie'
	get /logout
	is "$status $(heading)" '200 You are not logged in' 'GET /logout of nobody'
	many=$(count 100)
	for ((i = 0; i < many; i++)); do
		new_visitor
		log_in alice "$alice"
		old=$(session_cookie)
		post /logout
		replay "$old"
	done | sort | uniq -c >"$dir/logouts"
	is "$(tr -s ' ' <"$dir/logouts")" " $many 4 302" "$many times: never a moment late"
}

# ---- the account page
test_sessions() {
	local here there other
	new_visitor
	log_in carol "$alice" -A 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'
	there=$(session_cookie)
	new_visitor
	log_in carol "$alice" -A 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1'
	other=$(session_cookie)
	new_visitor
	get /account
	is "$status $(header Location)" '302 /login?next=/account' '/account is guarded'
	from=203.0.113.77
	log_in carol "$alice" -A 'Mozilla/5.0 (Windows NT 10.0) Chrome/129.0 Safari/537.36 Edg/129.0'
	here=$(session_cookie)
	get /account
	is "$(grep -o '<h3>.*</h3>' <<<"$body" | sed 's/<[^>]*>//g')" "Edge on Windows this one
Safari on iPhone
Firefox on Linux" '/account shows where one is logged in, this one first'
	page_says 'from 203\.0\.113\.77' 'and from where'
	page_says 'this one last seen just now \( 20[0-9: -]+UTC \) logged in since 20[0-9: -]+UTC , from 203\.0\.113\.77 Log out Safari on iPhone last seen ' \
		'how long ago and when each was last seen; this one may log out'
	is "$(grep -o '<svg' <<<"$body" | wc -l)" 3 'each has an icon'
	like "$body" '<details>.*<button class="quiet" name="others" value="yes">End all others</button></form>.*</details>' \
		'the end of all others is behind a question'
	unlike "$body" "$(id_in "$here")|$(id_in "$there")|$(id_in "$other")" 'but no id'
	post /account -d "session=$(handles | tail -n 1)"
	is "$status $(header Location)" '303 /account' 'one of them is ended'
	is "$(with "$there" who) $(with "$other" who) $(who)" 'nobody carol carol' 'that one'
	get /account
	page_says 'Done: you are logged out there' 'which the page says'
	get /account
	unlike "$body" 'Done:' 'once'
	post /account -d "session=$(printf '%043d' 0)"
	is "$status $(who)" '303 carol' 'a handle of nothing ends nothing'
	get /account
	page_says 'had ended already' 'which the page says, too'
	get '/account?done=password'
	unlike "$body" 'is changed' 'a link can not make it say anything'
	post /account -d "session=$(id_in "$other")"
	is "$(with "$other" who)" carol 'an id is no handle'
	get /account
	other=$(handles | tail -n 1)
	new_visitor
	log_in bob "$bob"
	post /account -d "session=$other"
	post /account -d others=yes
	is "$(with "$here" who) $(who)" 'carol bob' "nobody ends another user's"
	with "$here" post /account -d others=yes
	is "$status $(with "$here" get /account; handles | wc -l)" '303 1' 'all others at once'
	is "$(with "$here" who)" carol 'but for this one'
	with "$here" get /account
	with "$here" post /account -d "session=$(handles)"
	is "$status $(header Location) $(with "$here" who)" '303 / nobody' 'to end this one is a logout'
	unset from
}

changes() { # STATUS WHAT CURRENT NEW [AGAIN]
	post /account --data-urlencode "current=$3" --data-urlencode "new=$4" \
		--data-urlencode "again=${5-$4}"
	is "$status" "$1" "$2: $1"
}
test_password_change() {
	local here there emoji=😀🦆🐌🌵🍇🎲🚲🛶🪁🧭🔔🥁🦉🐙🌋 new='vexing ochre tundra 88' before
	make_user dave "$alice"
	for i in {1..6}; do
		new_visitor
		log_in dave "$alice"
	done
	new_visitor
	post /account -d "current=$alice&new=$new&again=$new"
	is "$status $(header Location)" '303 /login?next=/account' 'a new password for nobody: to the login'
	log_in dave "$alice"
	there=$(session_cookie)
	new_visitor
	log_in dave "$alice"
	get /counter
	here=$(session_cookie)
	before=$(<"$dir/users")
	changes 422 'a wrong current password' "$bob" "$new"
	page_says 'The current password is not right, or there were too many tries' 'it says so'
	changes 422 'two different new ones' "$alice" "$new" "$new."
	page_says 'The two new passwords differ' 'it says so'
	changes 422 '14 characters' "$alice" 'fourteen chars'
	page_says 'The new password is shorter than 15 characters' 'it says so'
	changes 422 'one that everybody guesses' "$alice" passwordpassword
	changes 422 '512 bytes' "$alice" "$(printf '%0512d' 7)"
	changes 422 '14 characters of four bytes' "$alice" "$(printf '😀%.0s' {1..14})"
	post /account --data-urlencode "current=$alice"
	is "$status" 400 'without a new one: 400'
	is "$(<"$dir/users")" "$before" 'nothing is changed'
	is "$(session_cookie) $(who) $(with "$there" who)" "$here dave dave" 'nor is any session'
	changes 303 'a good one' "$alice" "$new"
	is "$(header Location)" '/account' 'and back to the account'
	ok 'under a new id' [ "$(session_cookie)" != "$here" ]
	is "$(who) $(with "$here" who) $(with "$there" who)" 'dave nobody nobody' \
		'this session goes on, the others and the id before are gone'
	is "$(replay "$here")$(replay "$there")" ' 4 302 4 302' 'for every worker'
	is "$("$gate" session count --user dave --config "$dir/gate.conf")" 1 'all of them'
	get /counter
	is "$(heading)" 'Welcome dave, visit 2' 'with its data'
	get '/account'
	page_says 'Your password is changed, and your other sessions have ended' 'the page says what was done'
	like "$(grep ^dave: "$dir/users")" '^dave:\$y\$' 'the hash is yescrypt now'
	is "$(grep -vE '^(dave:|# gate: )' "$dir/users")" "$(grep -vE '^(dave:|# gate: )' <<<"$before")" "the other users' are as they were"
	new_visitor
	another_address
	log_in dave "$alice"
	is "$status" 403 'the old password is refused'
	log_in dave "$new"
	is "$status $(who)" '303 dave' 'the new one is taken'
	changes 303 '15 characters of four bytes' "$new" "$emoji"
	new_visitor
	log_in dave "$emoji"
	is "$(who)" dave 'and taken'
}

# ---- where it leads
test_next() {
	local tool
	tool=$("$src/tests/tool" node) || { pass 'where next leads # SKIP there is no Node'; return; }
	"$tool/node" "$src/tests/login/next.js" "$url" alice "$alice" "$src/tests/fuzz/corpus/next" >"$dir/next" 2>&1
	result $? "$(tail -n 1 "$dir/next")"
	diag "$(cat "$dir/next")"
}

# Whoever logs in again and again without logging out keeps the newest: max_sessions is 100.
test_many_sessions() {
	is "$("$gate" session count --user alice --config "$dir/gate.conf")" 100 \
		'after thousands of logins alice has a hundred sessions'
	new_visitor
	log_in alice "$alice"
	get /account
	is "$status $(handles | wc -l)" '200 100' 'the account page shows them'
	like "$body" 'this one</span></h3>' 'and says which is this one'
	post /account -d others=yes
	is "$status $("$gate" session count --user alice --config "$dir/gate.conf")" '303 1' \
		'and ends all others'
}

# ---- from another site
forms() { # the body of each form, a line; / stands for its page
	cat <<-END
		/login username=alice&password=${alice// /+}
		/login?next=/user username=alice&password=${alice// /+}&remember=yes
		/logout
		/card
		/account session=$(printf '%043d' 0)
		/account others=yes
		/account current=${alice// /+}&new=${bob// /+}&again=${bob// /+}
	END
}
test_cross_site() {
	local page data site origin kept file refused=0 wrong args other before logged
	local ours=http://127.0.0.1:$port
	new_visitor
	log_in alice "$alice"
	other=$(session_cookie)
	new_visitor
	log_in alice "$alice"
	get /card
	kept=$(session_cookie) file=$(record_of "$(session_cookie)") before=$(<"$dir/users")
	cp "$file" "$dir/kept"
	: >"$spy/hashes"
	while read -r page data; do
		wrong=0
		for site in '' same-site cross-site 'same-origin, cross-site' SAME-ORIGIN x; do
			for origin in '' null "$ours" http://elsewhere.example "http://127.0.0.1:1$port" \
				"https://127.0.0.1:$port.example" "$ours.example" http://localhost:"$port"; do
				[ -z "$site" ] && [ "$origin" = "$ours" ] && continue
				args=(-d "$data")
				[ -z "$site" ] || args+=(-H "Sec-Fetch-Site: $site")
				[ -z "$origin" ] || args+=(-H "Origin: $origin")
				with "$kept" fetch POST "$page" "${args[@]}"
				refused=$((refused + 1))
				[ "$status $(set_cookies)" = '403 0' ] &&
					[[ $body = *'seems to come from another site'* ]] && continue
				wrong=$((wrong + 1))
				diag "$page $status, Sec-Fetch-Site: $site, Origin: $origin"
			done
		done
		is $wrong 0 "POST $page ${data%%=*}: refused from everywhere else"
	done < <(forms)
	is "$(with "$kept" who) $(with "$other" who)" 'alice alice' 'nobody was logged out'
	is "$(hashes)" 0 'no password was looked at'
	is "$(<"$dir/users")" "$before" 'or changed'
	ok 'the record is as it was' cmp "$file" "$dir/kept"
	logged=$(cat "$dir"/log/{login,logout,card,account} | grep -c 'event=cross-site-refused')
	ok "that is logged: $logged of $refused, as far as one event may fill the log" \
		[ "$logged" -ge 150 -a "$logged" -le $refused ]
	new_visitor
	for site in 'Sec-Fetch-Site: same-origin' 'Sec-Fetch-Site: none' "Origin: $ours"; do
		while read -r page data; do
			case $page in /account | /logout) log_in alice "$alice" ;; esac
			fetch POST "$page" -d "${data/new=${bob// /+}/new=short}" -H "$site"
			like "$status" '^(303|422)$' "$page ${data%%=*}, $site: welcome"
		done < <(forms)
	done
}

# ---- over https only
test_https() {
	local refused='Forbidden Passwords are only taken over https\.'
	new_visitor
	another_address
	second login --insecure_http=no
	login=/second/login log_in alice "$alice"
	is "$status $(set_cookies)" '403 0' 'without insecure_http a login over http: 403'
	page_says "$refused" 'and the page says why'
	get /second/login
	page_says 'only taken over https' 'the form does not ask for one'
	unlike "$body" 'type="password"' 'it is not there'
	login=/second/login log_in alice "$alice" -H 'X-Forwarded-Proto: https'
	is "$status $(set_cookies)" '303 2' 'a proxy that is trusted may say https'
	login=/tls/second/login log_in alice "$alice"
	is "$status $(header Set-Cookie | grep -c '; Secure;')" '303 2' 'over https: two secure cookies'
	like "$(header Set-Cookie)" '__Host-gate-device=[A-Za-z0-9._-]+; Max-Age=[1-9][0-9]*; Path=/; Expires=[^;]*; HttpOnly; Secure; SameSite=Lax' \
		'that of the device is bound to this host'
	second login --insecure_http=no --trusted_proxies=
	new_visitor
	login=/second/login log_in alice "$alice" -H 'X-Forwarded-Proto: https'
	is "$status $(set_cookies)" '403 0' 'strangers may not say https'
	second login
	new_visitor
	login=/second/login log_in alice "$alice"
	like "$(header Set-Cookie)" '^gate-device=[A-Za-z0-9._-]+; Max-Age=[1-9][0-9]*; Path=/; Expires=[^;]*; HttpOnly; SameSite=Lax' \
		"with insecure_http, the device's cookie is plain"
	new_visitor
	log_in alice "$alice"
	second account --insecure_http=no
	get /second/account
	unlike "$body" 'type="password"' 'the account page does not ask for one either'
	post /second/account -d "current=x&new=${bob// /+}&again=${bob// /+}"
	is "$status" 403 'nor is a password changed over http'
	page_says "$refused" 'and the page says why'
}

# ---- what stays in memory: nothing of a password, right or wrong
in_memory() { # PID TEXT: how often the process has it
	perl -e '
		my ($pid, $text, $found) = (@ARGV, 0);
		open my $maps, "<", "/proc/$pid/maps" or die;
		open my $memory, "<", "/proc/$pid/mem" or die;
		for (<$maps>) {
			next unless /^([0-9a-f]+)-([0-9a-f]+) rw/;
			my ($from, $size) = (hex $1, hex($2) - hex $1);
			seek $memory, $from, 0;
			read($memory, my $bytes, $size) or next;
			$found++ while $bytes =~ /\Q$text/g;
		}
		print "$found\n"' "$@"
}
test_wiped() {
	local pid found=0 names=0
	# only root may look into a process that is not dumpable
	[ "$(id -u)" = 0 ] || return 0
	new_visitor
	another_address
	make_user wiper "wiped+quartz+lantern+$$"
	log_in wiper "wrong+quartz+lantern+$$"
	is "$status" 403 'a wrong password'
	log_in wiper "wiped+quartz+lantern+$$"
	is "$status" 303 'a right one'
	for pid in $(workers_of login); do
		names=$((names + $(in_memory "$pid" "username")))
		found=$((found + $(in_memory "$pid" "quartz%2Blantern%2B$$") + $(in_memory "$pid" "quartz+lantern+$$")))
	done
	is $found 0 'the program has neither any more'
	ok 'though it was looked for in the right places' [ $names -gt 0 ]
}

# ---- remembered, and how many
test_remember() {
	local first last day
	new_visitor
	log_in alice "$alice"
	unlike "$(header Set-Cookie | grep ^connect)" Expires 'without the tick: until the browser is closed'
	is "$(member "$(session_cookie)" originalMaxAge)" null 'says the record too'
	get /user
	page_says 'Session ends when you close the browser' 'and the page'
	first=$(date -u -d '+30 days' '+%a, %d %b %Y') day=$(date -u -d '+30 days' +%F)
	log_in alice "$alice" -d remember=yes
	last=$(date -u -d '+30 days' '+%a, %d %b %Y')
	like "$(header Set-Cookie | grep ^connect)" "; Expires=($first|$last)" 'with it: for thirty days'
	is "$(member "$(session_cookie)" originalMaxAge)" 2592000000 'says the record too'
	get /user
	page_says "Session ends ($day|$(date -u -d '+30 days' +%F))" 'and the page'
	log_in alice "$alice"
	unlike "$(header Set-Cookie | grep ^connect)" Expires 'until the next login without it'
	second login --remember_age=2h
	first=$(date -u -d '+2 hours' '+%a, %d %b %Y %H')
	login=/second/login log_in alice "$alice" -d remember=yes
	last=$(date -u -d '+2 hours' '+%a, %d %b %Y %H')
	like "$(header Set-Cookie | grep ^connect)" "; Expires=($first|$last)" 'remember_age says for how long'
}

test_max_sessions() {
	local one two three old now
	make_user erin "$alice"
	second login --max_sessions=2
	enter() { # NAME: a login in another browser; its cookie
		new_visitor
		login=/second/login log_in "$1" "$alice"
		session_cookie
	}
	one=$(enter erin)
	two=$(enter erin)
	old=$(enter carol)
	three=$(enter erin)
	is "$(with "$one" who) $(with "$two" who) $(with "$three" who)" \
		'nobody erin erin' 'max_sessions: the oldest is ended'
	is "$(with "$old" who)" carol "nobody else's is"
	like "$(grep event=session-ended "$dir/log/second")" 'user=erin session=[0-9a-f]{12} .*why=max_sessions' \
		'the log says so'
	now=$(date +%s000)
	sed -i -E "s/\"expires\":\"[^\"]*\"/\"expires\":\"2020-01-01T00:00:00.000Z\"/; s/\"__lastAccess\":[0-9]*/\"__lastAccess\":$((now - 2000000000))/" \
		"$(record_of "$three")"
	is "$(with "$three" who)" nobody 'one of them expires'
	one=$(enter erin)
	is "$(with "$two" who) $(with "$one" who)" 'erin erin' \
		'what has expired takes nobody'\''s place'
	stop second
	second login --max_sessions=1
	new_visitor
	login=/second/login log_in erin "$alice"
	one=$(session_cookie)
	login=/second/login log_in erin "$alice"
	two=$(session_cookie)
	is "$(with "$one" who) $(who)" 'nobody erin' 'a login on top of a login is still one'
}

test_command() {
	local one two bobs
	new_visitor; log_in frank "$alice"; one=$(session_cookie)
	new_visitor; log_in frank "$alice"; two=$(session_cookie)
	new_visitor; log_in bob "$bob"; bobs=$(session_cookie)
	is "$("$gate" session list --user frank --config "$dir/gate.conf" | cut -f 1,2 | sort)" \
		"$(printf '%s\tfrank\n' "$(id_in "$one")" "$(id_in "$two")" | sort)" 'gate session list --user'
	is "$("$gate" session count --user frank --config "$dir/gate.conf")" 2 'gate session count --user'
	is "$("$gate" session list --user nobody --config "$dir/gate.conf")" '' 'of a user without any'
	is "$("$gate" session kill "$(id_in "$one")" --config "$dir/gate.conf")" "$(id_in "$one") is gone" \
		'gate session kill of one'
	is "$(with "$one" who) $(with "$two" who)" 'nobody frank' 'ends that one'
	is "$("$gate" session kill --user frank --config "$dir/gate.conf")" '1 sessions are gone' \
		'gate session kill --user'
	is "$(with "$two" who) $(with "$bobs" who)" 'nobody bob' "ends that user's"
	new_visitor; log_in frank "$alice"
	"$gate" user remove frank --config "$dir/gate.conf" >"$dir/removed"
	is "$(cat "$dir/removed")" 'frank is gone
1 sessions of frank ended' 'gate user remove ends them too'
	is "$(who)" nobody 'who is gone is logged out'
	log_in frank "$alice"
	is "$status" 403 'and does not come back'
}

# ---- names
shows() { # NAME: what each page makes of it, wrong or not
	local name=$1 html page
	html=$(escaped "$1")
	new_visitor
	get /counter
	another_address
	log_in "$name" wrong
	[[ $status = 403 && $body = *"required value=\"$html\""* ]] || { diag "the form: $status $name"; return 1; }
	log_in "$name" "$alice"
	[ "$status" = 303 ] || { diag "not logged in: $status $name"; return 1; }
	get /counter
	is_heading "Welcome $html, visit 2" || return 1
	for page in "/ Welcome $html" "/user Welcome $html" "/account Your account, $html" \
		"/logout Log out, $html?" "/login You are logged in as $html"; do
		get "${page%% *}"
		is_heading "${page#* }" || return 1
	done
	get /account
	[[ $body = *"autocomplete=\"username\" value=\"$html\""* ]]
}
is_heading() { [ "$(heading)" = "$1" ] || { diag "got $(heading), wanted $1"; return 1; }; }
test_names() {
	local name names=("张三" "O'Brien" '<b>' '"><script>alert(1)</script>' 'a&b' '&lt;b&gt;' "a'b\"c<d>&"
		'100%' '%41%zz' 'a+b' 'a b' ' inner  blanks '  '{{gate.nonce}}' '{{{gate}}}' '{{>head}}' 'Ωμέγα'
		'علي' 'नमस्ते' '🦆🐌' $'\xc3\xa9' $'e\xcc\x81' 'ı' 'ß' '\' 'a\u0041' '/../' 'a;b=c' '__proto__' 'null' '0'
		"$(printf 'n%.0s' {1..255})" "$(printf '张%.0s' {1..85})" "$(printf '<%.0s' {1..255})")
	for name in "${names[@]}"; do
		name=$(sed 's/^ *//; s/ *$//' <<<"$name")
		make_user "$name" "$alice"
		ok "${name:0:40} (${#name} bytes)" shows "$name"
		is "$("$gate" session list --user "$name" --config "$dir/gate.conf" | wc -l)" 1 \
			'  is found by it'
	done
	new_visitor
	post /login -d "username=a+b&password=${alice// /+}"
	is "$(who)" 'a b' 'in a form + is a blank'
	new_visitor
	post /login -d "username=a%2bb&password=${alice// /+}"
	is "$(who)" 'a+b' 'and %2b a plus'
	new_visitor
	post /login -d "username=%31%30%30%25&password=${alice// /+}"
	is "$(who)" '100%' 'escapes are decoded once'
}

# ---- users that change, go and come back
test_users() {
	local status_then
	new_visitor
	log_in bob "$bob"
	mv "$dir/users" "$dir/users.away"
	get /login
	is "$status $(who)" '200 bob' 'without the file of users: pages and sessions are as they were'
	new_visitor
	another_address
	for i in {1..7}; do
		log_in alice "$alice"
		status_then=$status
	done
	is "$status_then $(header Retry-After) $(set_cookies)" '503 1 0' 'a login is put off: 503'
	page_says 'Service Unavailable .*Nothing was lost' 'in words'
	log_in 'who is not there' "$alice"
	is "$status" 503 'for all alike'
	mv "$dir/users.away" "$dir/users"
	log_in alice "$alice"
	is "$status $(who)" '303 alice' 'when it is back, so is the login; no try was counted'
	chmod 0 "$dir/users"
	if [ ! -r "$dir/users" ]; then
		log_in alice "$alice"
		is "$status" 503 'a file that may not be read: 503'
	fi
	chmod 600 "$dir/users"
	make_user late "$alice"
	log_in late "$alice"
	is "$status $(who)" '303 late' 'a user who is added may log in at once'
	sed -i '/^late:/d' "$dir/users"
	another_address
	log_in late "$alice"
	is "$status" 403 'one who is taken away may not'
}

reloads() { [ "$(grep -c "event=$1" "$dir/log/login")" -ge "$2" ]; }
test_reload() {
	local alices before
	new_visitor
	log_in alice "$alice"
	alices=$(session_cookie) before=$(grep -c event=reloaded "$dir/log/login")
	printf 'zoe:%s\n' "$(cheap_hash "$alice")" >"$dir/users2"
	make_conf "${conf[@]}" "users=file:$dir/users2"
	signal login HUP
	ok 'SIGHUP: other users' wait_until 20 reloads reloaded $((before + 3))
	is "$(who)" alice 'a session goes on'
	new_visitor
	another_address
	log_in zoe "$alice"
	is "$status $(who)" '303 zoe' 'a new user logs in'
	log_in alice "$alice"
	is "$status" 403 'an old one does not'
	make_conf "${conf[@]}" "users=file:$dir/nosuch"
	signal login HUP
	ok 'SIGHUP: no such file' wait_until 20 reloads reload-failed 1
	log_in zoe "$alice"
	is "$status" 303 'the users stay'
	make_conf "${conf[@]}"
	signal login HUP
	ok 'SIGHUP: the first ones' wait_until 20 reloads reloaded $((before + 6))
	is "$(with "$alices" who)" alice 'the session is still there'
	new_visitor
	log_in alice "$alice"
	is "$status $(who)" '303 alice' 'and a login as well'
	stop login
	make_conf "${conf[@]}" users=
	start_responder login || bail 'no login'
	log_in alice "$alice"
	is "$status $(set_cookies)" '403 0' 'without the option users nobody logs in'
	is "$(who)" alice 'but who was logged in stays so'
}

conf=("users=file:$dir/users" insecure_http=yes trusted_proxies=127.0.0.1 deadline=60s
	threads=8)
make_conf "${conf[@]}"
make_user alice "$alice"
make_user bob "$bob"
make_user frank "$alice"
make_user carol "$alice"
chmod 600 "$dir/users"
for name in index counter card logout user health; do start_responder $name || bail "no $name"; done
for name in login account; do spied start_responder $name || bail "no $name"; done
for i in 1 2 3 4; do start_responder user$i=user --workers=1 || bail "no user$i"; done
nginx_http=$(for i in 1 2 3 4; do upstream user$i yes user$i; done)
nginx_server="$(for i in 1 2 3 4; do location "/w$i/" user$i yes; done)
location /tls/ { rewrite ^/tls(/.*) \$1 break; proxy_pass http://127.0.0.1:PORT; proxy_set_header X-Forwarded-Proto https; }"
nginx_server=${nginx_server//PORT/\$server_port}
start_nginx
for name in form fields passwords guard login_page fixation logout sessions password_change next \
	many_sessions cross_site https wiped remember max_sessions command names users reload; do
	diag "$name"
	test_$name
done
is "$(cat "$dir"/log/* | grep -Ec 'render-failed|event=(worker|answer-broken|cookie-failed|store-failed.*record)')" 0 \
	'no program complained of itself'
done_testing
