#!/bin/bash
# test_mount.sh: all pages under /auth, beside a page outside of it, behind servers that pass the path on,
# that rewrite it, and that take /auth away from it: links, redirects, notes and error pages stay there.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

alice='correct horse battery'
browser=(-H 'Accept: text/html,application/xhtml+xml,*/*;q=0.8')
same='Sec-Fetch-Site: same-origin'

# ---- the ways to the pages: each a server at a socket of its own
places() { # PREFIX: the pages, the responder and the second program below it
	local name
	location "= $1/" index yes
	for name in $pages second; do location "= $1/$name" "$name" yes; done
	location "$1/r/" responder yes
}
server() { # NAME, with what is read
	echo "server { listen unix:$dir/run/$1.sock;"
	cat
	echo '}'
}
proxy_to() { # NAME: takes /auth away for it; what lies outside goes to `back` as it is
	cat <<-END
		proxy_set_header Host \$http_host;
		location /auth/ { proxy_pass http://unix:$dir/run/$1.sock:/; }
		location / { proxy_pass http://unix:$dir/run/back.sock; }
	END
}
servers() {
	{ places /auth; location '= /counter' counter yes; } | server passed
	{ echo 'location /auth/ { rewrite ^/auth(/.*)$ $1 last; }'; places ''; } | server rewritten
	places '' | server back
	proxy_to back | server stripped
	places '' | sed 's:gate_params;:& fastcgi_param GATE_STRIPPED yes;:' | server told_back
	proxy_to told_back | server told
}
declare -A what=([passed]='a server that passes the path on' [rewritten]='nginx, which rewrites it'
	[stripped]='a proxy that takes /auth away' [told]='such a proxy, and GATE_STRIPPED')

# ---- a visitor who takes $way
see() { get "$1" "${there[@]}" "${@:2}"; } # PATH [CURL'S ARGUMENTS...]
send() { post "$1" "${there[@]}" "${@:2}"; }
take() { way=$1 there=(--unix-socket "$dir/run/$1.sock"); }
follow() { # to where the last answer sent the browser
	local to
	to=$(header Location)
	[[ $to != ./* ]] || to=/auth/${to#./}
	see "$to" "${browser[@]}"
}
links() { grep -oE '(href|action)="[^"]*"' <<<"$body" | cut -d'"' -f2 | sort -u; }
strays() { links | grep -vE '^(|/auth/[a-z]*|\./[a-z]*)$' | paste -sd' '; } # what leads elsewhere
stays() { # STATUS NAME: the last page, whose links are kept in $dir/links
	links >>"$dir/links"
	is "$status $(strays)" "$1 " "$2: no link leads out of /auth"
	like "$(links | paste -sd' ')" '(^| )/auth/( |$)' '  and one leads to the start page'
}
leads() { is "$status $(header Location)" "$1" "$2"; } # "STATUS LOCATION" NAME

# ---- each way
test_strangers() {
	local page
	new_visitor
	for page in '' counter card login logout; do
		see "/auth/$page"
		stays 200 "a stranger at /auth/$page"
	done
	for page in user account; do
		see "/auth/$page"
		leads "302 /auth/login?next=/auth/$page" "/auth/$page leads to the login, which leads back"
	done
}
test_login() {
	new_visitor
	login='/auth/login?next=/auth/user' log_in alice wrong "${there[@]}" "${browser[@]}"
	like "$status $(header Location)" '^303 \./login\?next=/auth/user&note=[^&]+$' \
		'a wrong password: back to the form'
	follow
	stays 200 'the form with a note'
	page_says 'fit together' '  which is read'
	login='/auth/login?next=/auth/user' log_in alice "$alice" "${there[@]}" "${browser[@]}"
	like "$status $(header Location)" '^303 \./login\?next=/auth/user&note=[^&]+$' \
		'the right one: to the form, to see whether the cookie comes'
	like "$(header Set-Cookie | grep ^connect)" '; Path=/(;|$)' '  it is for the whole site'
	follow
	leads '302 /auth/user' 'and to the page'
	follow
	is "$status $(heading)" '200 Welcome alice' '  that is there'
	login=/auth/login log_in alice "$alice" "${there[@]}"
	leads '303 /auth/' 'without next'
	login='/auth/login?next=/counter' log_in alice "$alice" "${there[@]}"
	leads '303 /counter' 'next may lie outside'
	follow
	like "$status $(heading)" '^200 Welcome alice, visit [0-9]+$' '  where the session is the same'
	stays 200 '  a page outside'
	login='/auth/login?next=/auth/logout' log_in alice "$alice" "${there[@]}"
	leads '303 /auth/' 'next is not the logout'
}
test_users() {
	local page
	for page in '' counter card login logout user account; do
		see "/auth/$page"
		stays 200 "a user at /auth/$page"
	done
	send /auth/card
	leads '303 /auth/card' 'a new card'
	send /auth/card
	leads '303 /auth/card?new=yes' '  a double click'
	send /auth/account -d 'current=wrong&new=vexing+ochre+tundra+88&again=vexing+ochre+tundra+88' \
		"${browser[@]}"
	like "$status $(header Location)" '^303 \./account\?note=[^&]+$' 'a wrong password at the account'
	follow
	stays 200 '  the account with a note'
	like "$body" 'class="problem" role="alert"' '  which is read'
	send /auth/account -d others=yes
	leads '303 /auth/account' 'the end of all other sessions'
	see '/auth/r/redirect?to=/shop?a=b'
	leads '302 /shop?a=b' "a handler's path is the site's"
	see '/auth/r/redirect?to=~/card'
	leads '302 /auth/card' "  unless it says that it is gate's"
	see '/auth/login?next=/auth/card'
	leads '302 /auth/card' 'who is logged in is led on'
	see '/auth/login?next=/auth/card'
	stays 200 '  but not in a circle'
	send /auth/logout
	leads '303 /auth/' 'the logout leads to the start page'
	follow
	is "$status $(heading)" '200 Sessions that count right' '  which is there'
	see /auth/user
	leads '302 /auth/login?next=/auth/user' '  and nobody is logged in'
}
test_errors() {
	new_visitor
	fetch PUT /auth/login -H "$same" "${there[@]}"
	stays 405 'a method that is not allowed'
	fetch POST /auth/account -H 'Sec-Fetch-Site: cross-site' -d others=yes "${there[@]}"
	stays 403 'a form of another site'
	is "$(links | grep '^\.')" ./account '  leads to the page itself'
	fetch POST /auth/ -H 'Sec-Fetch-Site: cross-site' -d a=b "${there[@]}"
	stays 403 'one to the start page'
	is "$(links | grep '^\.')" ./ '  leads to it'
	send /auth/login -d a=b
	stays 400 'a form without its fields'
	send /auth/login -d @"$dir/large"
	stays 413 'one that is too large'
	see '/auth/r/render?template=nosuch.html'
	stays 500 'a page that fails'
	see /auth/nosuch
	is "$status" 404 'a page that does not exist'
}
test_way() {
	take "$1"
	diag "through ${what[$1]}"
	: >"$dir/links"
	test_strangers
	test_login
	test_users
	test_errors
	is "$(grep '^/auth' "$dir/links" | sort -u | paste -sd' ')" \
		'/auth/ /auth/account /auth/card /auth/counter /auth/health /auth/login /auth/logout /auth/user' \
		"through ${what[$1]}: all of its links"
	see /auth/health
	is "$status $body" '200 ok' 'the one to /auth/health leads there'
}

# ---- what needs the path that the browser sees
visits() { # twice at /auth/second
	new_visitor
	see /auth/second
	see /auth/second
	is "$status $(heading)" "200 Welcome stranger, visit $1" "cookie_path = /auth: ${what[$way]}"
}
test_cookie_path() {
	start_responder second=counter --cookie_path=/auth --workers=1 || bail 'no second'
	take stripped
	visits 1
	like "$(grep outside-cookie-path "$dir/log/second")" 'path=/second .*GATE_STRIPPED' \
		'  does not know the path, and the log says what to do'
	is "$(grep -c cookie-path-narrow "$dir/log/second")" 0 "gate's pages lie under that path"
	for way in passed rewritten told; do
		take $way
		visits 2
		like "$(cat "$jar")" $'\t/auth\t' '  whose cookie is for /auth'
	done
	stop second
	start_responder second=counter --cookie_path=/login --workers=1
	is "$(grep -c 'cookie-path-narrow .*cookie_path=/login mount=/auth ' "$dir/log/second")" 1 \
		'cookie_path = /login: none of them does'
	stop second
}
test_reload() {
	start_responder second=counter --cookie_same_site=strict || bail 'no second'
	for way in passed rewritten stripped told; do
		take $way
		new_visitor
		see /auth/second -H 'Sec-Fetch-Site: cross-site' -H 'Sec-Fetch-Mode: navigate'
		is "$status $(header Refresh)" '200 0;url=./second' \
			"a page loads itself again: ${what[$way]}"
		stays 200 '  the page that says so'
	done
	stop second
}

# ---- a reload of the options
reloaded() { [ "$(grep -c event=reloaded "$dir/log/login")" -ge 3 ]; } # master and workers
test_option() {
	make_conf users="file:$dir/users" insecure_http=yes mount=/gate home=/gate/
	signal login HUP
	ok 'SIGHUP: another mount' wait_until 20 reloaded
	new_visitor
	get /login
	is "$(links | grep -c '^/gate/') $(links | grep -c '^/auth')" '1 0' '  is where all links lead'
	ok 'a mount that is none: the program does not start' \
		not "$build/cgi-bin/login" --config "$dir/gate.conf" --mount=/auth/
	like "$(<"$dir/ok.out")" 'mount: .*is not of the form /NAME' '  and says why'
}

make_user alice "$alice"
head -c 70000 /dev/zero | tr '\0' x >"$dir/large"
make_conf users="file:$dir/users" insecure_http=yes mount=/auth home=/auth/
for page in index $pages responder; do start_responder "$page" || bail "$page does not start"; done
nginx_http=$(servers)
start_nginx
for name in passed rewritten stripped told; do test_way $name; done
test_cookie_path
test_reload
test_option
done_testing
