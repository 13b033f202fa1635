#!/bin/bash
# test_headers.sh: the header lines of each page with each status, as tests/pages/golden/PAGE-
# STATUS has them. UPDATE=yes writes those files anew: read the difference before it is committed.
# Without this, root writes to every folder, and no store of the test would ever fail.
[ "$(id -u)" != 0 ] || [ -n "${BOUND:-}" ] || BOUND=yes exec setpriv \
	--bounding-set=-dac_override,-dac_read_search "$BASH" "${BASH_SOURCE[0]}"
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

golden=$src/tests/pages/golden
same='Sec-Fetch-Site: same-origin'
right='correct horse battery'
new='vexing ochre tundra 88'
version=$(sed -n 's/#define GATE_VERSION "\(.*\)"/\1/p' "$src/lib/gate.h")
: >"$dir/used"

# ---- helpers
# But for what nginx adds and what is never twice the same.
masked() {
	sed -E -e '/^(Server|Date|Connection|Keep-Alive):/d' -e '/^$/d' \
		-e 's/nonce-[A-Za-z0-9_-]{22}/nonce-NONCE/' -e 's/^(Content-Length): [1-9][0-9]*/\1: N/' \
		-e 's/=s%3A[A-Za-z0-9_-]{32}\.[A-Za-z0-9%]{43,80};/=s%3AID.SIGNATURE;/' \
		-e 's/gate-device=[A-Za-z0-9._-]{60,};/gate-device=DEVICE;/' \
		-e 's/(; Expires=)[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} 2[0-9]{3} [0-9:]{8} GMT/\1DATE/' \
		-e 's/(; Max-Age=)[1-9][0-9]*/\1N/' \
		-e 's/^(Retry-After): ([2-9]|[1-9][0-9]{1,2})$/\1: SECONDS/' <<<"$headers"
}
golden() { # NAME: the last answer has these header lines, and says nothing that it should not
	echo "$1" >>"$dir/used"
	[ -z "${UPDATE:-}" ] || masked >"$golden/$1"
	masked >"$dir/masked"
	ok "$1" diff -u "$golden/$1" "$dir/masked"
	like "$1" "^[a-z]+-$status" '  is of this status'
	is "$(sed -n 's/^Server: //p' <<<"$headers" | grep -v '^nginx/')" '' '  no other server has a name'
	unlike "$body" "${version//./\\.}|[Nn]ginx|[Ff]ast[Cc][Gg][Ii]|jansson|/tmp/|\.html?|\.sock|errno" \
		'  the page says nothing of what is behind it'
}
page() { # NAME METHOD PATH [CURL'S ARGUMENTS...]
	fetch "${@:2}" -H "$same"
	golden "$1"
}
second() { # PAGE [--OPTION=VALUE...]: at /second/PAGE, with options of its own
	[ -z "${pids[second]:-}" ] || stop second
	spied start_responder "second=$1" "${@:2}" || bail "no second $1"
}
visitor() { new_visitor; get /counter; }
user() { new_visitor; log_in alice "$right"; }

# ---- as it should be
test_pages() {
	local name
	new_visitor
	page index-200 GET /
	page counter-200-new GET /counter
	page counter-200 GET /counter
	new_visitor
	page card-200-new GET /card
	page card-200 GET /card
	page card-303 POST /card
	page login-200 GET /login
	page logout-200 GET /logout
	page user-302 GET /user
	page account-302 GET /account
	page account-303-login POST /account -d others=yes
	page health-200 GET /health
	user
	page index-200-user GET /
	page login-200-user GET /login
	page logout-200-user GET /logout
	page user-200 GET /user
	page account-200 GET /account
	page account-303 POST /account -d others=yes
	page account-303-password POST /account --data-urlencode "current=$right" \
		--data-urlencode "new=$new" --data-urlencode "again=$new"
	page account-303-this POST /account -d "session=$(get /account; grep -o 'name="session" value="[^"]*"' <<<"$body" | head -n 1 | cut -d'"' -f4)"
	new_visitor
	page login-303 POST /login -d "username=bob&password=${right// /+}"
	page logout-303 POST /logout
	new_visitor
	page logout-303-nobody POST /logout
	page login-303-remember POST /login -d "username=bob&password=${right// /+}&remember=yes"
	new_visitor
	page login-303-https POST /tls/login -d "username=bob&password=${right// /+}"
	for name in index counter card login logout user account health; do
		user_again
		fetch HEAD "/${name#index}"
		masked >"$dir/masked"
		case $name in index | login | logout) name+=-200-user ;; *) name+=-200 ;; esac
		ok "HEAD: ${name%%-*}, as GET" diff -u "$golden/$name" "$dir/masked"
	done
}
user_again() { new_visitor; log_in bob "$right"; get /counter; get /card; }

# ---- as it should not be
test_refused() {
	local name big i from
	big=$(head -c 70000 /dev/zero | tr '\0' x)
	new_visitor
	for name in index card login logout user account health; do
		page "$name-405" DELETE "/${name#index}"
	done
	for name in index counter card login logout user account; do
		fetch POST "/${name#index}" -H 'Sec-Fetch-Site: cross-site' -d a=b
		golden "$name-403-cross-site"
		page "$name-413" POST "/${name#index}" -d "$big"
	done
	page login-400 POST /login -d username=alice
	page login-403 POST /login -d 'username=alice&password=wrong'
	second login --insecure_http=no
	page login-403-http POST /second/login -d 'username=alice&password=wrong'
	from=198.51.100.1
	for i in {1..20}; do log_in nobody$i wrong; done
	page login-429 POST /login -d 'username=alice&password=wrong' -H "X-Forwarded-For: $from"
	new_visitor
	log_in bob "$right" -H 'X-Forwarded-For: 192.0.2.1'
	page account-400 POST /account -d a=b
	page account-422 POST /account -d 'current=x&new=y&again=z'
	with "$(session_cookie)" page account-429 POST /account -H "X-Forwarded-For: $from" \
		-d "current=wrong&new=${new// /+}&again=${new// /+}"
	for name in counter card; do
		page "$name-431" GET "/$name" -H "Cookie: $(printf 'a=; %.0s' {1..1025})"
	done
	page login-431 POST /login -d 'username=alice&password=wrong' -H "Cookie: $(printf 'a=; %.0s' {1..1025})"
	echo '{' >"$(record_of "$(session_cookie)")"
	page counter-409 GET /counter
	page login-200-unclear GET /login
	page logout-303-unclear POST /logout
	second counter --cookie_same_site=strict
	new_visitor
	fetch GET /second/counter -H 'Sec-Fetch-Site: cross-site' -H 'Sec-Fetch-Mode: navigate'
	golden counter-200-reload
	page responder-404 GET /r/nosuch
	page responder-431 GET /r/nothing $(printf -- '-HX-%d:1 ' {1..520})
}

# ---- what does not work
test_broken() {
	local name
	user_again
	mkdir "$dir/templates"
	cp "$src"/templates/{error,foot,narrow,site,style}.html "$dir/templates/"
	for name in index counter card login logout user account; do
		second $name "--templates=$dir/templates"
		page "$name-500" GET "/second/${name#index}"
	done
	stop second
	chmod 0 "$dir/sessions"
	for name in index counter card login logout user account health; do
		page "$name-503" GET "/${name#index}"
	done
	page login-503-post POST /login -d "username=bob&password=${right// /+}"
	page logout-503-post POST /logout
	page card-503-post POST /card
	page account-503-post POST /account -d others=yes
	chmod 700 "$dir/sessions"
	mv "$dir/users" "$dir/users.away"
	page login-503-users POST /login -d "username=bob&password=${right// /+}"
	mv "$dir/users.away" "$dir/users"
	test_busy
}
test_busy() { # one hash is done, some wait for it, and all places are taken
	spied start_responder second=login --workers=1 --deadline=60s || bail 'no second login'
	: >"$dir/log/second"
	touch "$spy/hold"
	start flood "$load" -c 8 -n 8 -m POST -d 'username=nobody{}&password=x' -H "$same" \
		-H 'X-Forwarded-For: 192.0.2.{}' "$url/second/login"
	full() { [ "$(grep -c event=login-busy "$dir/log/second")" -ge 5 ]; }
	wait_until 20 full
	page login-503-busy POST /second/login -d 'username=carol&password=x' -m 5
	rm "$spy/hold"
	wait "${pids[flood]}"
	unset 'pids[flood]'
}

make_conf users="file:$dir/users" insecure_http=yes trusted_proxies=127.0.0.1
for name in alice bob carol; do make_user $name "$right"; done
chmod 600 "$dir/users"
nginx_server="location /tls/ { rewrite ^/tls(/.*) \$1 break; proxy_pass http://127.0.0.1:\$server_port; proxy_set_header X-Forwarded-Proto https; }"
nginx_http='large_client_header_buffers 8 64k;'
for name in index counter card login logout user account health responder; do
	start_responder $name || bail "no $name"
done
start_nginx
test_pages
test_refused
test_broken
is "$(ls "$golden" | sort)" "$(sort "$dir/used")" 'every file in tests/pages/golden was looked at, once'
done_testing
