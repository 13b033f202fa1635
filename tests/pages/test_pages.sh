#!/bin/bash
# test_pages.sh: the four pages as a browser sees them, through nginx.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

# Without this, root writes to every folder, and no store of the test would ever fail.
[ "$(id -u)" != 0 ] || [ -n "${BOUND:-}" ] || BOUND=yes exec setpriv \
	--bounding-set=-dac_override,-dac_read_search "$BASH" "${BASH_SOURCE[0]}"
need_nginx
same='Sec-Fetch-Site: same-origin'
debian=/etc/nginx/fastcgi_params

# ---- helpers
text() { # the page's, without tags and with blanks joined
	sed 's/<style.*//; /^:root/,/<\/style>/d; s/<[^>]*>/ /g' <<<"$body" | tr -s '[:space:]' ' '
}
page_says() { like "$(text)" "$1" "$2"; } # EXTENDED-REGEX NAME
title() { sed -n 's:.*<title>\(.*\)</title>.*:\1:p' <<<"$body"; }
visit() { sed -n 's:.*<h1>\(Welcome .*\)</h1>.*:\1:p' <<<"$body"; }
set_cookies() { header Set-Cookie | grep -c . || true; }
answers() { # STATUS TYPE NAME: what the last request got
	is "$status $(header Content-Type)" "$1 $2; charset=utf-8" "$3"
}
id_of() { # the session's id, from the jar
	local cookie
	cookie=$(cookie_header)
	cookie=${cookie#*=s%3A}
	echo "${cookie%%.*}"
}
second() { # PAGE [--OPTION=VALUE...]: at /second/PAGE, with options of its own
	[ -z "${pids[second]:-}" ] || stop second
	start_responder "second=$1" "${@:2}" || bail "no second $1"
}
over_tls() { # COMMAND...: through the server block that says HTTPS=on
	local plain=$url
	url=http://tls.example
	"$@" --unix-socket "$dir/run/tls.sock"
	url=$plain
}

# What every answer has. SESSION is yes where a page asked for the session.
is_safe() { # SESSION NAME
	local got line
	got=$(for line in X-Content-Type-Options X-Frame-Options Referrer-Policy \
		Cross-Origin-Opener-Policy Cross-Origin-Resource-Policy Cache-Control Vary; do
		echo "$line: $(header "$line" | paste -sd'|')"
	done)
	is "$got" "X-Content-Type-Options: nosniff
X-Frame-Options: DENY
Referrer-Policy: same-origin
Cross-Origin-Opener-Policy: same-origin
Cross-Origin-Resource-Policy: same-origin
Cache-Control: no-store
Vary: $([ "$1" = no ] || echo Cookie)" "$2: security headers"
}
# The page's style is the only one that the browser may take: $nonce.
has_nonce() { # NAME
	local policy
	policy=$(header Content-Security-Policy)
	nonce=$(grep -o 'nonce="[^"]*"' <<<"$body" | sort -u | cut -d'"' -f2)
	ok "$1: a nonce of 128 bits" grep -Eqx '[A-Za-z0-9_-]{22}' <<<"$nonce"
	is "$policy" "default-src 'none'; style-src 'nonce-$nonce'; img-src 'self'; \
form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'" \
		"$1: the policy names it and allows no script"
	unlike "$body" '<script|style=|onclick|javascript:' "$1: nothing in the page needs more"
}

# ---- pages
test_start() {
	local before first
	new_visitor
	before=$(records)
	get /
	answers 200 text/html '/'
	page_says 'Sessions that count right .*Counter .*Haircut card .*Health ' '/ names every page'
	is "$(grep -o '<h2><a href="[^"]*"' <<<"$body" | cut -d'"' -f2 | paste -sd' ')" \
		'/counter /card /user /account /private/ /app/ /health' '/ links to every page'
	is_safe yes /
	has_nonce /
	first=$nonce
	get /
	has_nonce '/ again'
	ok '/ has a new nonce each time' test "$nonce" != "$first"
	get /health
	answers 200 text/plain /health
	is "$body" ok '/health says ok'
	is_safe no /health
	is "$(header Content-Security-Policy)" "default-src 'none'; frame-ancestors 'none'" \
		'/health: its policy allows nothing'
	is "$(set_cookies)$(cookie_header)" 0 'neither sets a cookie'
	run_load -c 4 -n "$(count 1000)" "$url/"
	is "$(load_says 'status 200')" "$(count 1000)" "$(count 1000) requests of /"
	run_load -c 4 -n "$(count 1000)" "$url/health"
	is "$(load_says 'status 200')" "$(count 1000)" "$(count 1000) requests of /health"
	is "$(records)" "$before" 'make no record'
}

test_counter() {
	local before cookie
	new_visitor
	before=$(records)
	get /counter
	answers 200 text/html /counter
	is "$(visit)" 'Welcome stranger, visit 1' '/counter counts'
	page_says 'Session ends when you close the browser Store file ' 'and says when it ends, and where'
	is_safe yes /counter
	has_nonce /counter
	is "$(set_cookies)" 1 'one Set-Cookie'
	like "$(header Set-Cookie)" \
		'^connect\.sid=s%3A[A-Za-z0-9_-]{32}\.[A-Za-z0-9%]+; Path=/; HttpOnly; SameSite=Lax$' \
		'a signed id for this site, until the browser is closed'
	cookie=$(cookie_header)
	get /counter
	is "$(visit)" 'Welcome stranger, visit 2' 'it counts on'
	is "$(set_cookies)" 0 'with the same cookie'
	get /counter?visit=7
	is "$(visit)" 'Welcome stranger, visit 3' 'a query changes nothing'
	get /card
	page_says ' 90 left on your card ' 'the card is in the same session'
	is "$(set_cookies) $(records)" "0 $((before + 1))" 'all of it is one record'
	new_visitor
	get /counter -H 'Cookie: theme=dark; connect.sid=' -H "Cookie: $cookie" -H 'Cookie: last=1'
	is "$(visit) $(set_cookies)" 'Welcome stranger, visit 4 0' 'several Cookie lines are one'
	get /counter -H "Cookie: connect.sid=\"${cookie#*=}\""
	is "$(visit)" 'Welcome stranger, visit 5' 'a quoted cookie is the same'
	fetch HEAD /counter -H "Cookie: $cookie"
	is "$status $(header Content-Type) $(header Content-Length | grep -c '[1-9]')" \
		'200 text/html; charset=utf-8 1' 'HEAD: as GET'
	is "$(grep -ciE '^<!doctype|<h1>' <<<"$body")" 0 'without the page'
	new_visitor
	get /counter
	is "$(visit)" 'Welcome stranger, visit 1' 'another visitor begins anew'
	is "$(records)" $((before + 2)) 'with another record'
}

test_card() {
	local left
	new_visitor
	for left in 90 80 70 60 50 40 30 20 10; do
		get /card
		is "$status $(grep -c 'li class="used"' <<<"$body") $(text)" \
			"200 $((10 - left / 10)) $(text | sed -n "/ $left left on your card /p")" \
			"/card: $left left"
	done
	answers 200 text/html /card
	is_safe yes /card
	has_nonce /card
	get /card
	page_says 'Your card is used up This visit took the last 10, 0 left' 'the tenth visit uses it up'
	get /card
	page_says 'Your card is used up 0 left, so nothing was taken' 'after it nothing is taken'
	post /card
	is "$status $(header Location) $(set_cookies)" '303 /card 0' 'a new card: the browser is sent on'
	get /card
	page_says ' 90 left on your card You came with 100, and this visit took 10\.' 'to a new one'
	new_visitor
	post /card
	is "$status $(header Location) $(set_cookies)" '303 /card 1' 'a card for a newcomer'
	get "$(header Location)"
	page_says ' 90 left on your card ' 'begins with a visit'
}

test_methods() {
	local page method allow many_headers=() i
	for i in {1..520}; do many_headers+=(-H "X-$i: $i"); done
	new_visitor
	for page in / /health /card; do
		allow='GET, HEAD'
		[ $page != /card ] || allow+=', POST'
		for method in PUT DELETE PATCH OPTIONS; do
			fetch $method $page -H "$same"
			is "$status $(header Allow)" "405 $allow" "$method $page: 405"
		done
		is "$(title)$(grep -c 'Status 405' <<<"$body")" 'Method Not Allowed1' "$page: a page for it"
		page_says 'Open it by its link' "$page: which says what to do"
		is_safe no "$page, 405"
		fetch HEAD $page
		is "$status$(grep -ciE '^<!doctype|<h1>|^ok' <<<"$body")" 2000 "HEAD $page: no page"
	done
	post /card -d "$(head -c 70000 /dev/zero | tr '\0' x)"
	answers 413 text/html 'a body beyond body_limit: 413'
	is "$(title)" 'Content Too Large' 'with a page'
	page_says 'Go back and send less' 'that says what to do'
	like "$(grep event=request-refused "$dir/log/card")" 'path=/card status=413 address=127.0.0.1 why=.*body_limit' \
		'and the log says why'
	has_nonce 'an error page'
	is_safe no 413
	get /counter "${many_headers[@]}"
	answers 431 text/html 'too many headers: 431'
	is "$(set_cookies)" 0 'and no session'
}

# ---- whose the pages are
test_site() {
	local page
	for page in login logout; do
		second $page --site_name='Müller & Sons' '--site_logo=/logo.svg?v=2' --home=/shop \
			--insecure_http=yes
		get "/second/$page?next=/private/report?year=1"
		is "$(title | sed 's/^[^·]*· //')" 'Müller &amp; Sons' "$page: the title names the site"
		like "$body" '<a class="site" href="/shop"><img src="/logo\.svg\?v=2" alt="" height="32">Müller &amp; Sons</a>' \
			'  the header has its logo and its name, and leads home'
		unlike "$body" '<nav|Haircut|kept in the store' '  and nothing of the demo'
		has_nonce "$page, with a logo"
		[ $page != login ] || page_says 'Log in to see /private/report Name' \
			'  the form says where it leads'
	done
	fetch DELETE /second/logout -H "$same"
	like "$status $body" '^405 .*<a class="site" href="/shop">.*<a href="/shop">Back to the start page' \
		'an error page is of the site, too'
	unlike "$body" '<nav|Haircut|kept in the store' '  without the demo'
	post /second/logout
	is "$status $(header Location)" '303 /shop' 'the logout leads home'
	second logout
	get /second/logout
	like "$body" '<title>Log out</title>.*<a class="site" href="/">Home</a>' 'without a name: a link home'
	get /
	page_says 'Start Counter Haircut card .* Sessions are kept in the store “file”' \
		"the demo's pages have its navigation"
	stop second
}

# ---- cross-site requests
crosses() { # STATUS NAME CURL'S ARGUMENTS...: a POST for a new card
	fetch POST "${page:-/card}" "${@:3}"
	is "$status" "$1" "POST, $2: $1"
}
test_cross_site() {
	local before host=127.0.0.1:$port
	new_visitor
	get /counter
	before=$(records)
	crosses 403 'nobody says where from'
	answers 403 text/html 'a page says so'
	page_says 'Forbidden This request seems to come from another site' 'in words'
	is_safe no 403
	is "$(set_cookies)" 0 'and no cookie'
	crosses 303 'same-origin' -H "$same"
	crosses 303 'by hand' -H 'Sec-Fetch-Site: none'
	crosses 403 'cross-site' -H 'Sec-Fetch-Site: cross-site'
	crosses 403 'same-site' -H 'Sec-Fetch-Site: same-site'
	crosses 403 'an unknown Sec-Fetch-Site' -H 'Sec-Fetch-Site: same-origin, cross-site'
	crosses 403 'an empty Sec-Fetch-Site' -H 'Sec-Fetch-Site;'
	crosses 403 'cross-site, with our Origin' -H 'Sec-Fetch-Site: cross-site' -H "Origin: http://$host"
	crosses 303 'our Origin' -H "Origin: http://$host"
	crosses 403 'Origin null' -H 'Origin: null'
	crosses 403 'another host' -H 'Origin: http://elsewhere.example'
	crosses 403 'another port' -H "Origin: http://127.0.0.1:1$port"
	crosses 403 'no port' -H 'Origin: http://127.0.0.1'
	crosses 403 'ours in front' -H "Origin: http://$host.elsewhere.example"
	crosses 403 'ours behind' -H "Origin: http://elsewhere.example/http://$host"
	crosses 403 'ours as a user' -H "Origin: http://$host@elsewhere.example"
	crosses 403 'a path behind' -H "Origin: http://$host/"
	crosses 403 'another scheme' -H "Origin: ftp://$host"
	crosses 403 'no scheme' -H "Origin: $host"
	crosses 303 'letters of any case' -H 'Host: Gate.Example' -H 'Origin: http://gate.example' \
		-H "Cookie: $(cookie_header)"
	crosses 303 "the scheme's own port" -H 'Host: gate.example:80' \
		-H 'Origin: http://gate.example' -H "Cookie: $(cookie_header)"
	crosses 303 'our Referer alone' -H "Referer: http://$host/card"
	crosses 303 'of another page, with a query' -H "Referer: http://$host/a?b=http://elsewhere.example/"
	crosses 403 "another site's Referer" -H "Referer: http://elsewhere.example/card"
	crosses 403 'its address in ours' -H "Referer: http://elsewhere.example/http://$host/card"
	crosses 403 'ours as a user in it' -H "Referer: http://$host@elsewhere.example/card"
	crosses 403 'our Referer, but Origin: null' -H "Referer: http://$host/card" -H 'Origin: null'
	crosses 403 'our Referer, and an empty Origin' -H "Referer: http://$host/card" -H 'Origin;'
	crosses 403 'two Referers' -H "Referer: http://$host/card" -H "Referer: http://$host/card"
	crosses 403 'two Origins' -H "Origin: http://$host" -H "Origin: http://$host"
	crosses 403 'Sec-Fetch-Site twice' -H "$same" -H "$same"
	page_says 'scheme and host .* option origin' 'the page says what to check'
	is "$(records)" "$before" 'all of it on one record'
	fetch DELETE /card -H 'Sec-Fetch-Site: cross-site'
	is "$status" 403 'DELETE: refused before the page sees it'
	get /card -H 'Sec-Fetch-Site: cross-site' -H 'Origin: https://elsewhere.example'
	is "$status" 200 'GET: a link from elsewhere is welcome'

	second card --origin=https://www.example.org
	page=/second/card
	crosses 303 'option origin: that one' -H 'Origin: https://www.example.org'
	crosses 403 'option origin: not what the request says' -H "Origin: http://$host"
	crosses 403 'option origin: the other scheme' -H 'Origin: http://www.example.org'
	crosses 303 'option origin: the browser knows' -H "$same"
	if [ -r $debian ]; then
		page=/debian/card
		crosses 303 "Debian's parameters: our Origin" -H "Origin: http://$host"
		crosses 403 "Debian's parameters: another port" -H "Origin: http://127.0.0.1:1$port"
		crosses 403 "Debian's parameters: another host" -H "Origin: http://elsewhere.example:$port"
		crosses 403 "Debian's parameters: nobody says" -H 'Accept: text/html'
		get /debian/counter
		like "$(visit)" 'Welcome stranger, visit [0-9]+$' "Debian's parameters: the pages answer"
	else
		pass "Debian's parameters # SKIP there is no $debian"
	fi
	unset page
}

# ---- what an attacker sends as cookies
hostile_cookies() { # one a line; $1 is a good cookie's value
	local good=$1 id=${1#s%3A}
	id=${id%%.*}
	cat <<-END
		connect.sid
		connect.sid=
		connect.sid=;
		=$good
		; ; ;
		connect.sid==$good
		connect.sid=s
		connect.sid=s:
		connect.sid=s%3A
		connect.sid=s%3A.
		connect.sid=s%3A..
		connect.sid=s%3A.signature
		connect.sid=$id
		connect.sid=j%3A%7B%22id%22%3A%22$id%22%7D
		connect.sid=s%3A$id
		connect.sid=s%3A$id.
		connect.sid=${good%?}
		connect.sid=${good}A
		connect.sid=${good}%00
		connect.sid=${good}%0d%0aSet-Cookie:%20a=b
		connect.sid=%73%3A$id.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
		connect.sid=s%3A$id.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D
		connect.sid=s%3Ax${good#s%3A}
		connect.sid=s%3A../../etc/passwd.${good##*.}
		connect.sid=s%3A%2e%2e%2fsecret.${good##*.}
		connect.sid=s%3A.gate/sweep.${good##*.}
		connect.sid=s%3A*.${good##*.}
		connect.sid=s%3A%00$id.${good##*.}
		connect.sid=s%253A${good#s%3A}
		connect.sid=s%3a%
		connect.sid=s%3a%zz%
		connect.sid=%ff%fe%fd
		connect.sid=s%3A%c0%ae%c0%ae.x
		Connect.Sid=$good
		connect.sid =x=$good
		connect%2Esid=$good
		connect.sid[]=$good
		\$Version=1; \$connect.sid=$good
		"connect.sid=$good"
		theme=dark,connect.sid=$good
		connect.sid="${good}
		connect.sid=${good}"
		connect.sid={"\$gt":""}
		connect.sid=' OR 1=1 --
		connect.sid=<script>alert(1)</script>
		connect.sid={{gate.nonce}}
		connect.sid=%n%n%n%s%s%s
	END
	printf 'connect.sid=\001%s\n' "$good"
	printf 'connect.sid=%s\037\n' "$good"
	printf 'connect.sid=s%%3A\033[2J\b\177.x\n'
	printf 'connect.sid=\377\376\200%s\n' "$id"
	printf 'connect.sid=s%%3A%0128d.x\n' 0
	printf 'connect.sid=%020000d\n' 0
	printf '%016000d\n' 0 | sed 's/0/;=/g'
}
test_hostile() {
	local good file kept id line n=0 bad=0
	new_visitor
	get /counter
	good=$(cookie_header) id=$(id_of) file=$dir/sessions/$id.json
	good=${good#*=}
	kept=$(cat "$file")
	while IFS= read -r line; do
		n=$((n + 1))
		new_visitor
		get /counter -H "Cookie: $line"
		[ "$status $(visit) $(set_cookies)" = '200 Welcome stranger, visit 1 1' ] &&
			[ "$(id_of)" != "$id" ] && [ "$(id_of | wc -c)" = 33 ] && continue
		bad=$((bad + 1))
		diag "$status, $(visit), ${line:0:100}"
	done < <(hostile_cookies "$good")
	ok 'some fifty hostile cookies' test $n -ge 50
	is $bad 0 'each gets a page and a session of its own, and no other'
	is "$(cat "$file")" "$kept" 'the one that they reached for is as it was'
	get /counter -H "Cookie: connect.sid=$good"
	is "$(visit)" 'Welcome stranger, visit 2' 'and opens to its owner'
	is "$(find "$dir/sessions" -name '*.json' | grep -Ecv '/[A-Za-z0-9_-]{32}\.json$')" 0 \
		'nobody chose the name of a record'
}

# ---- options
test_lifetime() {
	local first last
	new_visitor
	second counter --max_age=2h
	first=$(date -u -d '+2 hours' '+%Y-%m-%d %H:%M UTC')
	get /second/counter
	last=$(date -u -d '+2 hours' '+%Y-%m-%d %H:%M UTC')
	page_says "Session ends ($first|$last) Store" 'max_age: the page tells the end'
	like "$(header Set-Cookie)" '; Max-Age=[1-9][0-9]*; Path=/; Expires=[A-Z][a-z]{2}, [0-9]{2} .* GMT; HttpOnly; SameSite=Lax$' \
		'max_age: so does the cookie'
	get /second/counter
	is "$(visit) $(set_cookies)" 'Welcome stranger, visit 2 1' 'and moves on with each change'
}

test_secrets() {
	local old new
	new_visitor
	get /counter
	old=$(cookie_header)
	make_secret "$dir/other-secret"
	cat "$dir/secret" >>"$dir/other-secret"
	second counter "--secret_file=$dir/other-secret"
	get /second/counter
	is "$(visit) $(set_cookies)" 'Welcome stranger, visit 2 1' 'an old secret opens the session'
	new=$(cookie_header)
	is "${new%%.*}$([ "$new" = "$old" ] && echo same)" "${old%%.*}" 'which is signed anew'
	get /second/counter
	is "$(visit) $(set_cookies)" 'Welcome stranger, visit 3 0' 'once'
	get /counter
	is "$(visit) $(set_cookies)" 'Welcome stranger, visit 1 1' 'who has not got that secret knows nobody'
	new_visitor
	get /second/counter -H "Cookie: $old"
	is "$(visit) $(set_cookies)" 'Welcome stranger, visit 4 1' 'and the old cookie still opens'
}

secure() { header Set-Cookie | grep -o '; Secure;' || echo plain; }
test_secure() { # with Secure a cookie stays out of the jar of plain http
	local cookie
	new_visitor
	over_tls get /counter
	is "$status $(visit) $(secure)" '200 Welcome stranger, visit 1 ; Secure;' 'TLS: a secure cookie'
	cookie=$(header Set-Cookie)
	new_visitor
	over_tls get /counter -H "Cookie: ${cookie%%;*}"
	is "$(visit)" 'Welcome stranger, visit 2' 'it comes back'
	over_tls fetch POST /card -H 'Origin: https://tls.example'
	is "$status $(secure)" '303 ; Secure;' "TLS: a form's Origin"
	new_visitor
	get /counter -H 'X-Forwarded-Proto: https'
	is "$(secure)" plain 'X-Forwarded-Proto: https: not from anybody'
	second counter --trusted_proxies=127.0.0.2,192.0.2.0/24
	new_visitor
	get /second/counter -H 'X-Forwarded-Proto: https'
	is "$(secure)" plain 'X-Forwarded-Proto: https: not from an address outside trusted_proxies'
	new_visitor
	get /proxied/second/counter
	is "$(visit) $(secure)" 'Welcome stranger, visit 1 ; Secure;' \
		'X-Forwarded-Proto: https: but from one of them'
	new_visitor
	get /proxied/counter
	is "$(visit) $(secure)" 'Welcome stranger, visit 1 plain' \
		'and to those who trust nobody it says nothing'

	second counter --cookie_name=__Host-sid --cookie_secure=yes
	new_visitor
	over_tls get /second/counter
	like "$(header Set-Cookie)" '^__Host-sid=s%3A[^;]+; Path=/; HttpOnly; Secure; SameSite=Lax$' \
		'__Host-: as browsers want it'
	cookie=$(header Set-Cookie)
	new_visitor
	over_tls get /second/counter -H "Cookie: ${cookie%%;*}"
	is "$(visit)" 'Welcome stranger, visit 2' 'it comes back'
	new_visitor
	get /second/counter
	is "$status $(set_cookies)" '200 0' 'over plain http it stays here'
	"$build/cgi-bin/counter" --config "$dir/gate.conf" --listen "unix:$dir/run/never.sock" \
		--cookie_name=__Host-sid </dev/null 2>"$dir/refused"
	is "$? $(grep -c 'event=start-failed.*cookie_name needs cookie_secure = yes' "$dir/refused")" '1 1' \
		'__Host- without cookie_secure = yes: it does not start'
}

test_memory() {
	local before
	before=$(records)
	memory=/dev/shm/gate-$(id -u)-$(printf %s "$dir/run" | sha256sum | cut -c1-16)
	second counter --store=memory:
	new_visitor
	get /second/counter
	get /second/counter
	is "$(visit)" 'Welcome stranger, visit 2' 'memory: counts'
	page_says 'Store memory ' 'memory: says so'
	stop second
	second counter --store=memory:
	get /second/counter
	is "$(visit)" 'Welcome stranger, visit 3' 'memory: outlives the program'
	is "$(records)" "$before" 'memory: makes no record elsewhere'
	is "$(stat -c '%F %a' "$memory")" 'directory 700' 'memory: only we can look'
	stop second
	rm -rf "$memory"
}

# ---- a store that can't be used for a while
health_is() { get /health; [ "$status" = "$1" ]; } # STATUS; an answer holds for a second
test_failure() {
	local page jar_before
	new_visitor
	get /counter
	get /card
	jar_before=$(cookie_header)
	chmod 0 "$dir/sessions"
	wait_until 10 health_is 503
	get /health
	answers 503 text/plain '/health without its store: 503'
	is "$body $(header Retry-After)" "the store can't be read 1" 'it says what does not work'
	for page in / /counter /card; do
		get $page
		answers 503 text/html "$page without its store: 503"
		is "$(header Retry-After) $(set_cookies)" '1 0' "$page: try again, and keep your cookie"
		page_says 'Service Unavailable .*Nothing was lost' "$page: in words"
		is_safe yes "$page, 503"
		has_nonce "$page, 503"
	done
	post /card
	is "$status $(header Retry-After) $(header Location)$(set_cookies)" '503 1 0' 'POST /card: 503, and no redirect'
	chmod 700 "$dir/sessions"
	ok 'well again: /health' wait_until 10 health_is 200
	is "$(cookie_header)" "$jar_before" 'the cookie is as it was'
	get /counter
	is "$(visit)" 'Welcome stranger, visit 2' 'well again: /counter counts on'
	get /card
	page_says ' 80 left on your card ' 'well again: /card has what it had'
	mv "$dir/sessions/$(id_of).json" "$dir/kept"
	echo '{"cookie":{"originalMaxAge":null},"views":' >"$dir/sessions/$(id_of).json"
	get /counter -H "Cookie: $jar_before"
	is "$status $(set_cookies)" '409 0' 'a corrupt record and its cookie stay as they are'
}

# ---- all of it, with connections to the programs kept and closed
memory=
trap 'code=$?; rm -rf "${memory:-$dir/none}"; (exit $code); finish' EXIT
all_tests() { # KEEPALIVE
	local name
	# a location that has a fastcgi_param of its own takes none from its server
	nginx_http="large_client_header_buffers 8 64k; server { listen unix:$dir/run/tls.sock;
$(location '= /counter' counter "$1"; location '= /card' card "$1"; location /second/ second "$1")
}"
	nginx_http=${nginx_http//fastcgi_keep_conn/fastcgi_param HTTPS on; fastcgi_keep_conn}
	nginx_server="location /proxied/ {
		rewrite ^/proxied(/.*) \$1 break;
		proxy_pass http://\$server_addr:\$server_port; proxy_bind 127.0.0.2;
		proxy_set_header X-Forwarded-Proto https;
	}"
	[ ! -r $debian ] || nginx_server+=$(for name in counter card; do
		echo "location = /debian/$name { include $debian; fastcgi_pass $name; }"
	done)
	start_nginx "keepalive=$1"
	test_start
	test_counter
	test_card
	test_methods
	test_site
	test_cross_site
	test_hostile
	test_lifetime
	test_secrets
	test_secure
	test_memory
	test_failure
	stop nginx
}

make_conf
for name in index counter card health; do start_responder $name || bail "no $name"; done
diag 'connections are kept'
all_tests yes
diag 'a connection for each request'
all_tests no
is "$(cat "$dir"/log/{index,counter,card,health} | grep -Ec 'render-failed|event=(worker|answer-broken|cookie-failed)')" 0 \
	'no program complained of itself'
done_testing
