#!/bin/bash
# test_cookies.sh: what becomes of our cookie, and of the session behind it, over nginx: among many
# others, with several sessions in one browser, with one that can't be read, and withheld.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

alice='plum violet rowboat' bob='nine quiet otters'

# nginx hands on up to 64 KiB in all, whatever its own limits say; more:
# tests/session/test_session_cookies.c. HTTP/2 without TLS, as curl asks for it; $h2 is its
# address.
h2_server() {
	local name
	echo "server { listen 127.0.0.1:$h2_port http2; large_client_header_buffers 64 32k;"
	for name in $pages; do location "= /$name" "$name" yes; done
	echo '}'
}
user() { # NAME PASSWORD: $cookie is then the value of the session's cookie
	new_visitor
	log_in "$1" "$2" "${@:3}"
	cookie=$(session_cookie)
}
ours() { header Set-Cookie | grep -c '^connect\.sid=' || true; }
others() { # COUNT BYTES: -H arguments for that many cookies of that size, in $args
	local value i
	value=$(head -c "$2" /dev/zero | tr '\0' x)
	args=()
	for ((i = 0; i < $1; i++)); do args+=(-H "Cookie: other$i=$value"); done
}
many() { # METHOD PATH: over HTTP/2, with $cookie behind $args, and without the jar
	local url=$h2
	rm -f "$dir/no-jar"
	jar=$dir/no-jar fetch "$1" "$2" --http2-prior-knowledge \
		-H 'Sec-Fetch-Site: same-origin' "${args[@]}" -H "Cookie: connect.sid=$cookie"
}
state() { sha256sum "$dir"/sessions/*.json; } # of all records
logged() { cat "$dir"/log/* | grep -c "event=$1" || true; }

# ---- among others
test_many_others() {
	local before page
	user alice "$alice"
	others 6 3000
	before=$(state)
	many GET /user
	like "$(heading)" 'Welcome alice' 'six cookies of 3 KB in front of ours: it is found'
	is "$(ours)" 0 '  and not replaced'
	others 10 6000
	many GET /user
	like "$(heading)" 'Welcome alice' '60 KB of them: it is found'
	args=(-H "Cookie: $(printf 'a%d=; ' {1..1024})")
	for page in user counter account logout; do
		many GET "/$page"
		is "$status $(ours)" '431 0' "over 1024 pairs: /$page answers 431"
	done
	page_says 'Delete this site' '  and says what to do'
	many POST /logout
	is "$status $(ours)" '431 0' '  so does a logout'
	many GET /health
	is "$status" 200 '  a page that does not ask for its session works'
	is "$(state)" "$before" 'no record was made, changed or removed'
	like "$(logged cookies-too-large)" '^[1-9]' 'the log tells'
	args=(-H "Cookie: $(printf 'connect.sid=s%%3Ax%d.bad; ' {1..1000})")
	many GET /user
	like "$(heading)" 'Welcome alice' 'a thousand worthless cookies of our name hide nothing'
}

# ---- what can't be read
spoil() { # NAME: how the record of $cookie is spoilt
	local record
	record=$(record_of "$cookie")
	case $1 in
	'over 1 MiB') head -c 1200000 /dev/zero | tr '\0' ' ' >>"$record" ;;
	malformed) echo '{"cookie":' >"$record" ;;
	'a symbolic link') mv "$record" "$dir/elsewhere" && ln -sf "$dir/elsewhere" "$record" ;;
	esac
}
test_unreadable() { # NAME
	local old
	user alice "$alice"
	spoil "$1"
	old=$(record_of "$cookie")
	get /user
	is "$status $(ours)" '302 0' "$1: nobody is logged in, the cookie stays"
	get /counter
	is "$status $(ours)" '409 0' '  a page that would change it answers 409'
	page_says 'Log in to begin a new one' '  and says what to do'
	ok '  the record stays' test -e "$old"
	get /login
	page_says 'Log in, and only the new session stays.*delete this site' '  the login form says what it will do'
	log_in alice "$alice"
	is "$status $(ours) $(who)" '303 1 alice' '  and does it'
	ok '  the old record is gone' not test -e "$old"
	user alice "$alice"
	spoil "$1"
	old=$(record_of "$cookie")
	get /logout
	like "$body" 'method="post"' '  the page for logging out has its button'
	post /logout
	is "$status $(session_cookie)" '303 ' '  a logout clears the cookie'
	ok '  and ends the session' not test -e "$old"
	get /counter
	is "$status $(heading)" '200 Welcome stranger, visit 1' '  and then one begins anew'
}

# ---- several sessions in one browser
test_several() {
	local one two before
	user bob "$bob"; two=$cookie
	user alice "$alice"; one=$cookie
	before=$(state)
	new_visitor
	get /counter -H "Cookie: connect.sid=$one; connect.sid=$two"
	is "$status $(ours)" '409 0' 'cookies of two users: no page changes either session'
	get /user -H "Cookie: connect.sid=$two; connect.sid=$one"
	is "$status $(ours)" '302 0' '  and nobody is logged in'
	is "$(state)" "$before" '  both stay as they are'
	log_in alice "$alice" -H "Cookie: connect.sid=$two; connect.sid=$one"
	is "$status $(ours)" '303 1' 'a login among them'
	cookie=$(session_cookie)
	ok '  ends the planted one' not test -e "$(record_of "$two")"
	ok '  and the old one of the same user' not test -e "$(record_of "$one")"
	new_visitor
	get /user -H "Cookie: connect.sid=$two; connect.sid=$cookie"
	like "$(heading)" 'Welcome alice' '  and counts beside the dead cookie'
	user bob "$bob"; two=$cookie
	user alice "$alice"; one=$cookie
	new_visitor
	post /logout -H "Cookie: connect.sid=$one; connect.sid=$two"
	is "$status $(test -e "$(record_of "$one")" || test -e "$(record_of "$two")" || echo gone)" \
		'303 gone' 'a logout ends both'
	user alice "$alice"; one=$cookie
	user alice "$alice"; two=$cookie
	new_visitor
	post /account -d others=yes -H "Cookie: connect.sid=$one; connect.sid=$two"
	is "$(for cookie in "$one" "$two"; do test -e "$(record_of "$cookie")" && echo there; done)" \
		there '"End all others" ends the other one of this browser'
}
test_too_many() {
	local all='' i
	for i in {1..17}; do
		new_visitor
		get /counter
		all+="connect.sid=$(session_cookie); "
	done
	new_visitor
	log_in alice "$alice" -H "Cookie: ${all%; }"
	is "$status $(ours)" '409 0' 'a login among seventeen sessions: its cookie would be one of too many'
	page_says 'too many sessions here.* Log out' '  the page says what to do'
	post /logout -H "Cookie: ${all%; }"
	is "$status" 303 '  as to log out'
	all=${all#*; } # one is cleared
	log_in alice "$alice" -H "Cookie: ${all%; }"
	is "$status $(ours)" '409 0' '  beside sixteen it might be'
	all=${all#*; }
	log_in alice "$alice" -H "Cookie: ${all%; }"
	is "$status $(ours)" '303 1' 'a login beside fifteen'
	cookie=$(session_cookie)
	new_visitor
	get /user -H "Cookie: ${all%; }; connect.sid=$cookie"
	like "$(heading)" 'Welcome alice' '  counts at the next request'
}
test_cleared() {
	start_responder second=logout --cookie_domain=example.org --cookie_path=/second
	user alice "$alice"
	post /second/logout
	is "$(header Set-Cookie | grep '^connect' | sed 's/; Expires.*//' | sort)" \
'connect.sid=; Max-Age=0; Domain=example.org; Path=/
connect.sid=; Max-Age=0; Domain=example.org; Path=/second
connect.sid=; Max-Age=0; Path=/
connect.sid=; Max-Age=0; Path=/second' 'a logout clears our cookie wherever it may be'
	stop second
}

# ---- a path that no page lies under
said() { grep -c "event=$1 .*cookie_path=$2 " "$dir/log/second" || true; }
test_narrow_path() {
	: >"$dir/log/second"
	start_responder second=counter --cookie_path=/app --workers=1
	is "$(said cookie-path-narrow /app)" 1 'a cookie_path that none of our pages lies under: said at the start'
	new_visitor
	for i in 1 2 3; do get /second/counter; done
	is "$(heading) $(ours)" 'Welcome stranger, visit 1 0' '  a page outside sees no session'
	is "$(said outside-cookie-path /app)" 1 '  which is logged, once'
	stop second
	: >"$dir/log/second"
	start_responder second=counter --cookie_path=/second/counter --workers=1
	get /second/counter
	get /second/count
	is "$(said outside-cookie-path /second/counter)" 0 'a program that has pages under it says nothing of others'
	stop second
	: >"$dir/log/second"
	start_responder second=counter --cookie_path=/acc
	is "$(said cookie-path-narrow /acc)" 0 'nor is anything said where one of our pages lies under it'
	stop second
}

# ---- the cookie lives as long as the record
test_touched() {
	local record
	user alice "$alice" -d remember=yes
	record=$(record_of "$cookie")
	get /user
	is "$(ours)" 0 'just touched: no cookie'
	sed -i 's/"__lastAccess":[0-9]*/"__lastAccess":'"$(date -d '-2 days' +%s000)/" "$record"
	get /user
	like "$(header Set-Cookie | grep ^connect)" "; Expires=.*$(date -ud '+30 days' '+%d %b %Y')" \
		'a visit two days later: the cookie lives for 30 days from now, as the record does'
}

# ---- withheld
test_strict() {
	local navigate=(-H 'Sec-Fetch-Site: cross-site' -H 'Sec-Fetch-Mode: navigate')
	local before
	start_responder second=counter --cookie_same_site=strict
	new_visitor
	get /second/counter
	before=$(state)
	new_visitor
	get /second/counter "${navigate[@]}"
	is "$status $(header Refresh) $(set_cookies) $(heading)" '200 0;url=./counter 0 One moment' \
		'a link from another site, the Strict cookie is withheld: the page loads itself again'
	is "$(state)" "$before" '  nothing is stored'
	get /second/counter -H 'Sec-Fetch-Site: same-origin' -H 'Sec-Fetch-Mode: navigate'
	is "$status $(heading)" '200 Welcome stranger, visit 1' '  which is judged'
	get /second/counter "${navigate[@]}"
	is "$status $(heading)" '200 Welcome stranger, visit 2' '  as is who sends the cookie'
	new_visitor
	before=$(state)
	get /second/counter -e http://elsewhere.example/
	is "$status $(header Refresh) $(set_cookies) $(heading)" '200 0;url=./counter 0 One moment' \
		'from a browser without Sec-Fetch-Site, as over plain http: by its Referer'
	is "$(state)" "$before" '  nothing is stored'
	get /second/counter -e "$url/second/counter"
	is "$status $(heading)" '200 Welcome stranger, visit 1' '  and the second request is judged'
	stop second
	start_responder second=user --cookie_same_site=strict
	new_visitor
	get /second/user "${navigate[@]}"
	is "$status $(header Location) $(header Refresh)" '200  0;url=./user' 'a guarded page does not send to the login yet'
	stop second
}

make_user alice "$alice"
make_user bob "$bob"
chmod 600 "$dir/users"
make_conf "users=file:$dir/users" insecure_http=yes trusted_proxies=127.0.0.1
for page in $pages; do start_responder "$page" || bail "$page does not start"; done
h2_port=$(free_port)
h2=http://127.0.0.1:$h2_port
nginx_http=$(h2_server)
start_nginx
test_many_others
for how in 'over 1 MiB' malformed 'a symbolic link'; do test_unreadable "$how"; done
test_several
test_too_many
test_cleared
test_narrow_path
test_touched
test_strict
is "$(grep -hE 'level=error' "$dir"/log/* | head -n 3)" '' 'no program met an error'
done_testing
