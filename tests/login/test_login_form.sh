#!/bin/bash
# test_login_form.sh: the forms of login and account as browsers get them: what is refused comes back by
# a redirect with a note, so that Back and Reload send nothing again; and browsers of a terminal log in.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

gate=$build/cgi-bin/gate
alice='correct horse battery'
bob='staple of the day, bob'

# ---- helpers
rounds=0
another_address() { # each of them has twenty failures free
	rounds=$((rounds + 1))
	from=198.51.100.$rounds
}
second() { # PAGE [--OPTION=VALUE...]: at /second/PAGE, with options of its own
	[ -z "${pids[second]:-}" ] || stop second
	start_responder "second=$1" "${@:2}" || bail "no second $1"
}
changes() { # STATUS WHAT CURRENT NEW [AGAIN]
	post /account --data-urlencode "current=$3" --data-urlencode "new=$4" \
		--data-urlencode "again=${5-$4}" "${browser[@]}"
	is "$status" "$1" "$2: $1"
}

# ---- as a browser gets it: by redirects, so that Back and Reload send nothing again
browser=(-H 'Accept: text/html,application/xhtml+xml,*/*;q=0.8')
follow() { # to where the last answer sent it
	local to
	to=$(header Location)
	get "/${to#./}" "${browser[@]}" "$@"
}
test_refused_form() {
	local before tab1 tab2 plain
	new_visitor
	another_address
	before=$(records)
	login='/login?next=/user' log_in '"alice" & <b>' wrong "${browser[@]}" -d remember=yes
	is "$status $(set_cookies)" '303 0' 'a browser with a wrong password is sent back: no cookie'
	like "$(header Location)" '^\./login\?next=/user&note=[A-Za-z0-9_-]+$' 'to the form, and next goes along'
	unlike "$headers$body" 'alice|wrong|refused|%22' 'neither name nor reason stand in the address'
	is "$(header Retry-After)" '' 'at once'
	tab1=$(header Location)
	follow
	is "$status $(heading) $(set_cookies)" '200 Log in 0' 'there is the form'
	page_says 'fit together' 'which says why'
	like "$body" 'value="&quot;alice&quot; &amp; &lt;b&gt;"' 'the name need not be typed again'
	like "$body" 'id="remember"[^>]* checked' 'the tick is still there'
	is "$(records)" "$before" 'there is no record of it'
	log_in bob wrong "${browser[@]}"
	tab2=$(header Location)
	follow
	like "$body" 'value="bob"' 'another tab shows its own'
	unlike "$body" 'id="remember"[^>]* checked' 'and no tick where there was none'
	get "/${tab1#./}" "${browser[@]}"
	like "$body" 'value="&quot;alice&quot; &amp; &lt;b&gt;"' 'and the first one, loaded again, its own'
	get "/${tab2#./}" -H 'Sec-Fetch-Site: cross-site'
	unlike "$body" 'value="bob"|fit together' "a link of another site's can not make the form say anything"
	get "/login?note=${tab2#*note=}x"
	unlike "$body" 'value="bob"|fit together' 'nor a note that somebody changed'
	get "/account?note=${tab2#*note=}"
	unlike "$body" 'bob|fit together' 'nor that of another page'
	login="/${tab1#./}" log_in alice wrong "${browser[@]}"
	like "$(header Location)" '^\./login\?next=/user&note=[A-Za-z0-9_-]+$' 'the next try leaves the note out'
	login="/${tab1#./}" log_in alice "$alice" -b connect.sid=x "${browser[@]}"
	is "$status $(header Location)" '303 /user' 'and leads to next when it is right'
	new_visitor
	login="/login?next=/$(printf '%03000d' 0)" log_in alice wrong "${browser[@]}"
	is "$status $(heading)" '403 Log in' 'where the address is too long for that: at once'
	another_address
	for ((i = 0; i < 21; i++)); do log_in "nobody-$i" wrong "${browser[@]}"; done
	is "$status $(header Retry-After)" '303 ' 'too many tries: the same way'
	follow
	page_says 'too many tries from your network' 'and the form says so'
	log_in alice wrong
	like "$status $(header Retry-After)" '^429 [0-9]+$' 'a program gets the status'
}
test_blanks() {
	local name
	for name in ' bob' 'bob ' $'\t bob  '; do
		new_visitor
		another_address
		log_in "$name" "$bob"
		is "$status $(who)" '303 bob' "\"$name\" is bob"
	done
	log_in 'b ob' "$bob"
	is "$status" 403 'a blank inside makes another name'
	log_in '  ' "$bob"
	is "$status" 403 'and blanks alone make none'
}
test_cookieless() {
	new_visitor
	another_address
	login='/login?next=/card' log_in alice "$alice" "${browser[@]}"
	like "$status $(header Location)" '^303 \./login\?next=/card&note=' \
		'who showed no cookie yet comes back here'
	follow
	is "$status $(header Location)" '302 /card' 'and with it goes on to next'
	get /card
	login='/login?next=/card' log_in alice "$alice" "${browser[@]}"
	is "$status $(header Location)" '303 /card' 'whoever showed one goes on at once'
	new_visitor
	login='/login?next=/card' log_in alice "$alice" "${browser[@]}" -d remember=yes
	new_visitor
	follow
	is "$status $(heading)" '200 Log in' 'without cookies: the form'
	page_says 'were right, but your browser did not show this site' 'which says what is wrong'
	like "$body" 'value="alice".*' 'with the name'
	second login --cookie_path=/counter
	new_visitor
	login='/second/login?next=/counter' log_in alice "$alice" "${browser[@]}"
	is "$status $(header Location)" '303 /counter' \
		'where the cookie is for another path nobody can tell: on at once'
	new_visitor
	login="/login?next=/$(printf '%02000d' 0)" log_in alice "$alice" "${browser[@]}"
	is "$status $(heading) $(set_cookies)" '200 You are logged in as alice 2' \
		'where the address is too long for a note: at once'
	like "$(text)" 'Go on to /0{119}… If you are asked to log in again' 'with a link on'
}
in_lynx() { # PATH [CURL'S ARGUMENTS...]: logs in as a browser that says only where it comes from
	another_address
	fetch POST "$1" -d username=alice --data-urlencode "password=$alice" -H "X-Forwarded-For: $from" \
		-H "Accept: ${accept:-text/html, text/*;q=0.5}" -H "Referer: $url/login" "${@:2}"
}
test_noteless() { # no note can tell them of cookies
	new_visitor
	in_lynx '/login?next=%2Fcaf%25C3%25A9%2F%253Cb%253E%3Fa=%3Cb%3E%26c'
	is "$status $(heading) $(set_cookies)" '200 You are logged in as alice 2' \
		'who takes no note, and showed no cookie, gets a page'
	page_says 'Go on to /café/%3Cb%3E If you are asked to log in again there, your browser did not show' \
		'  which says what may be wrong'
	like "$body" '<a href="/caf%C3%A9/%3Cb%3E\?a=&lt;b&gt;&amp;c">' '  and leads on'
	get /user
	is "$(heading)" 'Welcome alice' '  with the cookie to the page'
	in_lynx /login
	is "$status $(header Location)" '303 /' 'who showed one is led on at once'
	new_visitor
	in_lynx '/login?other=yes'
	page_says 'Go on to the start page If you' 'without next the link leads home'
	like "$body" '<a href="/">Go on' '  which it does'
	unlike "$body" 'name="password"|<a href="/account">' '  and nowhere else'
	new_visitor
	accept='*/*' in_lynx /login
	is "$status $(header Location)" '303 /' 'a program is led on, too'
	get '/login?next=/user'
	unlike "$(text)" 'cookie' 'the form says nothing of cookies to who comes first'
}
test_led_on() {
	local other
	new_visitor
	log_in alice "$alice"
	get '/login?next=%2Fcounter%3Fa%3D1'
	is "$status $(header Location)" '302 /counter?a=1' 'who is logged in already is led on'
	get '/login?next=/card'
	is "$status $(heading)" '200 You are logged in as alice' 'once in ten seconds'
	page_says 'The page /card sent you here although you are logged in\..*not for alice' 'the page says what is wrong'
	like "$body" '<a href="/card">' 'and leads on'
	like "$body" '<input type="hidden" name="next" value="/card">' 'also somebody else'
	page_says 'Log in as somebody else' 'who may log in'
	get '/login?other=yes&next=%2Fcard'
	is "$status $(heading)" '200 Log in' 'by a form'
	login='/login?other=yes&next=%2Fcard' log_in bob "$bob" "${browser[@]}"
	is "$status $(header Location) $(who)" '303 /card bob' 'to the page'
	get '/login?next=/user'
	is "$status $(header Location)" '302 /user' 'that one is led on'
	other=$(record_of "$(session_cookie)")
	sed -i 's/"led":[0-9]*/"led":1000000000/' "$other"
	get '/login?next=/user'
	is "$status $(header Location)" '302 /user' 'long ago does not count'
	sed -i 's/"led":[0-9]*/"led":-9223372036854775808/' "$other"
	get '/login?next=/user'
	is "$status $(header Location)" '302 /user' 'nor does what nobody wrote'
	for other in //elsewhere.example /logout /login %2F%2Felsewhere.example; do
		get "/login?next=$other"
		is "$status $(heading)" '200 You are logged in as bob' "next=$other: nowhere"
		unlike "$body" 'elsewhere|href="/logout"' 'and no link there'
	done
}
test_account_form() {
	local new='vexing ochre tundra 88' before
	new_visitor
	another_address
	log_in carol "$alice"
	get /account
	like "$body" '<input type="text" name="user" autocomplete="username" value="carol" hidden>' \
		'password managers see whose password it is'
	changes 303 'a wrong password' wrong "$new"
	like "$(header Location)" '^\./account\?note=[A-Za-z0-9_-]+$' 'in a browser: back to the page'
	follow
	is "$status" 200 'which is there'
	page_says 'The current password is not right' 'and says so'
	like "$body" 'id="current"[^>]* aria-describedby="problem" autofocus' 'the focus is at that'
	before=$(<"$dir/users")
	changes 303 'two that differ' "$alice" "$new" "$new."
	follow
	page_says 'two new passwords differ' 'the page says so'
	like "$body" 'id="new"[^>]* aria-describedby="problem rule" autofocus' 'the focus is at the new one'
	unlike "$body" 'id="current"[^>]* autofocus' 'and nowhere else'
	changes 303 'one that is too short' "$alice" short
	follow
	like "$body" 'id="new"[^>]* aria-describedby="problem rule" autofocus' 'the focus is there, too'
	is "$(<"$dir/users")" "$before" 'nothing was changed'
	changes 303 'a good one' "$alice" "$new"
	is "$(header Location)" /account 'is taken'
	fetch HEAD /account
	get /account
	page_says 'Your password is changed' 'HEAD takes away nothing of what is said'
	get /account
	unlike "$body" 'is changed' 'it is said once'
	unlike "$body" 'End all others' 'nowhere else is there anything to end'
	before=$jar jar=$dir/jar.there
	log_in carol "$new"
	jar=$before
	get /account
	like "$body" 'End all others' 'only where there are others'
	post /account -d others=yes
	get /account
	page_says 'Done: you are logged out everywhere else' 'what it did is said'
	unlike "$body" 'End all others' 'and it is gone'
	get /account
	unlike "$body" 'Done' 'once'
	new_visitor
	changes 303 'a change by nobody' "$alice" "$new" "$new."
	follow
	is "$status $(header Location)" '302 /login?next=/account' 'leads to the login'
}

# ---- the answer to a login got lost: the browser still has the cookie from before it
lose_login() { # $lost is then the cookie whose session has a new id
	new_visitor
	get /counter
	get /card
	lost=$(session_cookie)
	another_address
	with "$lost" log_in alice "$alice"
	is "$status $([ -e "$(record_of "$lost")" ] || echo gone)" '303 gone' 'a login whose answer got lost'
}
leads_on() { # NAME: a 409 that says so, and how to go on
	is "$status $(set_cookies)" '409 0' "$1: 409, and no cookie"
	page_says 'renewed, while this was under way, so nothing was changed.* Load again Log in' \
		'  it says that nothing was changed'
	like "$body" '<a href="">Load again</a>.*' '  and offers to load it again'
	like "$body" '<p><a href="/login">Log in</a></p>' '  or to log in'
	unlike "$(text)" 'visit [0-9]|left on your card|Get a new card' '  what was not saved is not shown as done'
}
test_lost_answer() {
	local before page
	lose_login
	before=$(records)
	for page in counter card; do
		with "$lost" get /$page
		leads_on "GET /$page"
		with "$lost" get /$page
		is "$status" 409 '  also the next time'
	done
	with "$lost" post /card
	leads_on 'POST /card'
	with "$lost" get /
	is "$status $(set_cookies)" '200 0' 'the start page, which changes nothing, is there'
	like "$body" 'href="/login">Log in</a></li><li><a href="/logout">Log out</a>' '  and leads in and out'
	for page in user account; do
		with "$lost" get /$page
		is "$status $(header Location) $(set_cookies)" "302 /login?next=/$page 0" "/$page leads to the login"
	done
	with "$lost" post /account -d 'current=x&new=a&again=a'
	is "$status $(header Location) $(set_cookies)" '303 /login?next=/account 0' 'so does a change of the password'
	with "$lost" post /account -d others=yes
	is "$status $(header Location) $(set_cookies)" '303 /login?next=/account 0' 'and the end of all others'
	is "$(records)" "$before" 'no record was made'
	with "$lost" get '/login?next=/counter'
	is "$status $(heading) $(set_cookies)" '200 Log in 0' 'the login is there'
	new_visitor
	login='/login?next=/counter' log_in alice "$alice" -b "connect.sid=$lost"
	is "$status $(header Location) $(who)" '303 /counter alice' 'and works at once'
	get /counter
	is "$(heading)" 'Welcome alice, visit 1' 'the counter counts'
	post /card
	is "$status" 303 'and a new card is one'
	lose_login
	with "$lost" post /logout
	is "$status $(header Location)" '303 /' 'a logout, of a session that is gone, is done'
	unlike "$(header Set-Cookie)" 'connect\.sid' '  and takes no fresh cookie away'
	with "$lost" get /logout
	is "$status" 200 'the page that asks for it is there'
	lose_login
	rm -f "$dir"/sessions/.gate/bump/*
	with "$lost" get /counter
	is "$status $(heading)" '200 Welcome stranger, visit 1' 'after a minute the session is a new one'
}

# ---- the way out, and in, on every page
test_every_page() {
	local out='>Log out</(button|a)>' page
	new_visitor
	another_address
	log_in bob "$bob"
	for page in / /counter /card /user /account /login /logout '/login?other=yes' '/login?next=/user'; do
		get "$page" -L
		like "$status $body" "^200 .*$out" "$page: one may log out"
		unlike "$body" 'href="/login"' '  and is in'
	done
	fetch PUT /user -H 'Sec-Fetch-Site: same-origin'
	like "$status $body" '^405 .*<a href="/login">Log in</a>.*<a href="/logout">Log out</a>' \
		'an error that asked for no session: whoever shows a cookie may do both'
	fetch POST /card -H 'Sec-Fetch-Site: cross-site'
	like "$status $body" '^403 .*<a href="/logout">Log out</a>' 'a request that is refused, too'
	post /account -d nothing=x
	like "$status $body" "^400 .*$out" 'an error behind the look at the session: as on a page'
	new_visitor
	for page in / /counter /login /logout; do
		get "$page"
		unlike "$body" 'Log out</button>|href="/logout"' "a stranger, $page: no way out"
	done
	new_visitor
	fetch PUT /user -H 'Sec-Fetch-Site: same-origin'
	unlike "$body" 'href="/logout"' 'nor on an error'
}

# ---- browsers of a terminal, which say neither Sec-Fetch-Site nor Origin
in_terminal() { # COMMAND: with the keys of stdin; $shown is what it showed, without what moves the cursor
	shown=$(TERM=vt100 HOME=$dir timeout 60 script -qec "$1" /dev/null 2>&1 |
		sed 's/\x1b[[(][0-9;?]*[a-zA-Z0-9]/ /g' | tr -s '[:space:][:cntrl:]' ' ')
}
lynx_keys() { # WORD...: as its log of keys has them
	local word letter
	for word; do
		case $word in
		TAB) echo 'key <tab>' ;;
		ENTER) echo 'key ^J' ;;
		*) while IFS= read -rn 1 letter; do
				[ -n "$letter" ] && echo "key ${letter/ /<space>}"
			done <<<"$word" ;;
		esac
	done
}
# The fields stand behind one link: name, password, the tick, the button.
form=(TAB alice TAB "$alice" TAB TAB ENTER)
go_on=(TAB ENTER) # behind the same link on the page after the first login
test_lynx() {
	command -v lynx >/dev/null || { skip 'lynx is not installed'; return; }
	printf '%s:0\n' INFOSECS MESSAGESECS ALERTSECS >"$dir/lynx.cfg" # it rests behind each message
	lynx_keys "${form[@]}" "${go_on[@]}" Q >"$dir/keys"
	in_terminal "lynx -cfg=$dir/lynx.cfg -accept_all_cookies -cmd_script=$dir/keys $url/login" </dev/null
	like "$shown" 'You are logged in as alice .*Welcome alice .*Each page here is' 'lynx logs in'
	lynx_keys "${form[@]}" TAB ENTER "${form[@]}" "${go_on[@]}" Q >"$dir/keys"
	in_terminal "lynx -cfg=$dir/lynx.cfg -accept_all_cookies -cmd_script=$dir/keys $url/user" </dev/null
	like "$shown" 'another site.*Open the page itself' 'by an address with a query it is refused'
	like "$shown" 'Welcome alice .*Each page here is' 'with a link by which it logs in'
	echo SET_COOKIES:FALSE >>"$dir/lynx.cfg"
	lynx_keys "${form[@]}" "${go_on[@]}" Q >"$dir/keys"
	in_terminal "lynx -cfg=$dir/lynx.cfg -cmd_script=$dir/keys $url/login" </dev/null
	like "$shown" 'You are logged in as alice .*Allow cookies for this site' 'lynx without cookies is told of them'
}
test_w3m() {
	local next
	command -v w3m >/dev/null || { skip 'w3m is not installed'; return; }
	for next in '' '?next=/card'; do
		printf '\t\ralice\r\t\r%s\r\t\t\r\t\rQ' "$alice" >"$dir/keys"
		in_terminal "w3m -cookie -o accept_cookie=1 $url/login$next" <"$dir/keys"
		like "$shown" "Viewing <$([ -n "$next" ] && echo Haircut || echo Start)" "w3m logs in: /login$next"
	done
}

conf=("users=file:$dir/users" insecure_http=yes trusted_proxies=127.0.0.1 deadline=60s)
make_conf "${conf[@]}"
make_user alice "$alice"
make_user bob "$bob"
make_user carol "$alice"
chmod 600 "$dir/users"
for name in index counter card logout user login account; do start_responder $name || bail "no $name"; done
start_nginx
for name in refused_form blanks cookieless noteless led_on account_form lost_answer every_page lynx w3m; do
	diag "$name"
	test_$name
done
is "$(cat "$dir"/log/* | grep -Ec 'render-failed|level=error')" 0 'no program complained of itself'
done_testing
