#!/bin/bash
# test_login_throttle.sh: guesses at passwords: how many are hashed, what is answered, who gets in.
# The programs are spied upon: their clock stands still until it is moved, and each hash is counted.
# Without this, root writes to every folder, and no store of the test would ever fail.
[ "$(id -u)" != 0 ] || [ -n "${BOUND:-}" ] || BOUND=yes exec setpriv \
	--bounding-set=-dac_override,-dac_read_search "$BASH" "${BASH_SOURCE[0]}"
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

gate=$build/cgi-bin/gate
same='Sec-Fetch-Site: same-origin'
right='correct horse battery'
agent='curl/1'

# ---- helpers
networks=0
another_network() { # each has twenty failures free; $net.N is an address in it
	networks=$((networks + 1))
	net=100.$((64 + networks / 256)).$((networks % 256))
	from=$net.1
}
in_log() { cat "$dir"/log/login "$dir"/log/second 2>/dev/null | grep -c -- "$1" || true; }
begin() { # what was hashed and logged by now doesn't count
	rm -f "$spy/hashes" "$spy/hold"
	: >"$dir/log/login"
	[ ! -e "$dir/log/second" ] || : >"$dir/log/second"
}
guesses() { # N BODY PATH HEADER: so many at once, {} is the number of each
	run_load -c "$1" -n "$1" -m POST -d "$2" -H "$same" -H "$4" "$url$3"
}
guess() { # NAME [PASSWORD]: one, from an address of its own, by an unknown device
	another_network
	new_visitor
	log_in "$1" "${2:-wrong}"
}
exhaust() { # NAME: the free tries of an account
	local i
	new_visitor
	for i in {1..5}; do
		another_network
		log_in "$1" wrong
	done
}

# ---- many at once
test_parallel() {
	local refused
	make_user target "$right"
	begin
	touch "$spy/hold"
	start guessing "$load" -c 64 -n 64 -m POST -d 'username=target&password=wrong{}' -H "$same" \
		-H 'X-Forwarded-For: 192.0.2.{}' "$url/login"
	# one is at its hash; for those that wait for what becomes of it there is not even a quarter of the
	# threads of each of the two workers
	put_off() { [ "$(in_log event=login-busy)" -ge 31 ]; }
	ok '64 guesses at once from 64 addresses: most are put off before a hash is done' \
		wait_until 20 put_off
	is "$(hashes) $(in_log event=login-throttled)" '1 0' 'while some wait for theirs'
	rm "$spy/hold"
	wait "${pids[guessing]}"
	unset 'pids[guessing]'
	cp "$dir/log/guessing" "$dir/load"
	refused=$(load_says 'status 403')
	is "$(load_says 'status 503') $(hashes)" "$((64 - refused)) 5" \
		'the others get the same answer, five were hashed'
	is "$(in_log event=login-failed) $(in_log event=login-throttled)" "5 $((refused - 5))" \
		'and logged as what they are'
	guesses 64 'username=target&password=wrong{}' /login 'X-Forwarded-For: 192.0.2.{}'
	is "$(load_says 'status 403') $(hashes)" '64 5' 'none more in the same second'
	pass_time 1
	guesses 64 'username=target&password=wrong{}' /login 'X-Forwarded-For: 192.0.2.{}'
	is "$(load_says 'status 403') $(hashes)" '64 6' 'a second later one more'
	pass_time 1
	guesses 64 'username=target&password=wrong{}' /login 'X-Forwarded-For: 192.0.2.{}'
	is "$(hashes)" 6 'the next second none'
	pass_time 1
	guesses 64 'username=target&password=wrong{}' /login 'X-Forwarded-For: 192.0.2.{}'
	is "$(hashes)" 7 'after two one more, as what was refused moved no time'
	make_user clicker "$right"
	for _ in 1 2 3 4; do guess clicker; done
	another_network
	guesses 2 'username=clicker&password=correct+horse+battery' /login "X-Forwarded-For: $from"
	is "$(load_says 'status 303')" 2 'behind four failures, a right one clicked twice: both get in'
	guess clicker
	guesses 10 'username=clicker&password=correct+horse+battery' /login "X-Forwarded-For: $from"
	is "$(load_says 'status 303')" 10 'ten right ones at once, too'
	begin
	guesses 64 'username=nobody-of-that-name&password=wrong{}' /login 'X-Forwarded-For: 192.0.2.{}'
	is "$(load_says requests) $(load_says errors) $(hashes)" '64 0 5' 'a name that nobody has: just so'
}

says_that_it_waits() { # the line may be one too many, just now
	[ "$(in_log 'event=login-throttled .*why="the address has to wait"')" -ge 1 ] && return
	new_visitor
	from=198.51.100.1 log_in user1 wrong
	false
}
test_address() {
	local wait
	begin
	guesses 64 'username=user{}&password=wrong' /login 'X-Forwarded-For: 198.51.100.1'
	is "$(load_says 'status 403') $(load_says 'status 429') $(hashes)" '20 44 20' \
		'64 names from one address: twenty are hashed, the others get 429'
	ok 'which is logged' wait_until 10 says_that_it_waits
	make_user ann "$right"
	begin
	new_visitor
	from=198.51.100.1
	log_in ann "$right"
	wait=$(header Retry-After)
	is "$status $(heading) $(set_cookies) $(hashes)" '429 Log in 0 0' 'a right one from there: 429, and the form'
	page_says 'there were too many tries from your network' 'which says why'
	ok "Retry-After says when: $wait s" [ "$wait" -ge 1 -a "$wait" -le 450 ]
	from=198.51.100.2 log_in ann "$right"
	is "$status" 303 'from next door: 303'
	new_visitor
	pass_time $((wait - 1))
	log_in ann "$right"
	is "$status" 429 'a second before it is over: 429'
	pass_time 1
	log_in ann "$right"
	is "$status" 303 'then: 303'
	begin
	guesses 40 'username=user{}&password=wrong' /login 'X-Forwarded-For: 2001:db8:1:2::{}'
	is "$(load_says 'status 403') $(load_says 'status 429') $(hashes)" '20 20 20' \
		'the addresses of one IPv6 network are one'
	begin
	guesses 40 'username=user{}&password=wrong' /login 'X-Forwarded-For: 203.0.113.{}, 198.51.100.3'
	is "$(load_says 'status 429') $(hashes)" '20 20' 'what a client puts in front is not believed'
	begin
	guesses 40 'username=user{}&password=wrong' /login 'X-Forwarded-For: 203.0.113.{}, no-address-{}'
	is "$(load_says 'status 429') $(hashes)" '20 20' 'nor is what is no address'
	begin
	run_load -c 40 -n 40 -m POST -d 'username=user{}&password=wrong' -H "$same" \
		-H 'X-Forwarded-For: 203.0.113.{}' -H 'X-Forwarded-For: 198.51.100.4' "$url/login"
	is "$(load_says 'status 429') $(hashes)" '20 20' 'nor the first of two such lines'
	begin
	second --trusted_proxies=
	pass_time 900
	guesses 40 'username=user{}&password=wrong' /second/login 'X-Forwarded-For: 203.0.113.{}'
	is "$(load_says 'status 429') $(hashes)" '20 20' 'nor anything where no proxy is trusted'
	pass_time 900
	unset from
}

# Another master with a run_dir of its own, as on another host: it shares the store only.
second() { # [--OPTION=VALUE...]
	[ -z "${pids[second]:-}" ] || stop second
	spied start_responder second=login --threads=64 --run_dir="$dir/run/apart" "$@" || bail 'no second login'
}
test_together() {
	local i
	stop login # a new process may log fifty lines of an event at once
	spied start_responder login --threads=64 || bail 'no login'
	second
	make_user tom "$right"
	begin
	new_visitor
	for i in 1 2 3; do
		another_network
		log_in tom wrong
		another_network
		login=/second/login log_in tom wrong
	done
	is "$(hashes) $(grep -c event=login-failed "$dir/log/login") $(grep -c event=login-failed "$dir/log/second")" \
		'5 3 2' 'six guesses by turns at two masters: five are hashed'
	another_network
	login=/second/login log_in tom "$right"
	is "$status" 403 'the right one comes too late at one'
	log_in tom "$right"
	is "$status" 403 'and at the other'
	stop login
	spied start_responder login --threads=64 || bail 'no login'
	log_in tom "$right"
	is "$status" 403 'a program that is started again forgets nothing'
	begin
	guesses 40 'username=either{}&password=wrong' /both-logins 'X-Forwarded-For: 198.51.100.9'
	is "$(load_says 'status 403') $(load_says 'status 429') $(hashes)" '20 20 20' \
		'an address is counted by both'
	ok 'each had some' [ "$(grep -c event=login-failed "$dir/log/login")" -gt 0 -a \
		"$(grep -c event=login-failed "$dir/log/second")" -gt 0 ]
}

# Who can't be counted is not hashed.
test_store() {
	local bumps=$dir/sessions/.gate/bump
	make_user kate "$right"
	begin
	chmod 500 "$bumps"
	another_network
	log_in kate wrong
	is "$status $(header Retry-After) $(hashes)" '503 1 0' 'no counter can be made: 503, and no hash'
	log_in kate "$right"
	is "$status $(set_cookies) $(hashes)" '503 0 0' 'for the right password too'
	chmod 700 "$bumps"
	log_in kate "$right"
	is "$status" 303 'well again'
}

# ---- who is who
test_success() {
	local i statuses=
	make_user pia "$right"
	begin
	for i in {1..3}; do
		guess pia
		statuses+="$status "
		guess pia
		statuses+="$status "
		guess pia "$right"
		statuses+="$status "
	done
	is "$statuses$(hashes)" '403 403 303 403 403 303 403 403 303 9' 'a success makes failures forgotten'
	from=198.51.100.20
	begin
	for i in {1..30}; do
		new_visitor
		log_in pia "$right"
	done
	is "$status $(hashes)" '303 30' 'of the address too: thirty right ones from one'
	begin
	guesses 4 'username=pia&password=correct+horse+battery' /login 'X-Forwarded-For: 192.0.2.{}'
	is "$(load_says 'status 303')" 4 'and four at once'
	unset from
}

device() { cookie_header | tr ';' '\n' | sed -n 's/^ *gate-device=//p'; }
test_device() {
	local hers his
	make_user rosa "$right"
	make_user bill "$right"
	new_visitor; another_network; log_in bill "$right"; his=$(device)
	new_visitor; another_network; log_in rosa "$right"; hers=$(device)
	unlike "$hers" 'rosa|cm9zYQ' 'the device cookie does not say whose it is'
	post /logout
	hers=$(device)
	like "$hers$(session_cookie)" '^[A-Za-z0-9._-]{60,}$' 'a device is known after the logout'
	exhaust rosa
	guesses 64 'username=rosa&password=wrong{}' /login 'X-Forwarded-For: 192.0.2.{}'
	begin
	new_visitor
	another_network
	log_in rosa "$right"
	is "$status $(hashes)" '403 0' 'strangers keep on guessing: from an unknown device the owner is refused'
	log_in rosa "$right" -b "gate-device=$hers"
	is "$status $(hashes)" '303 1' 'from the known one she gets in'
	exhaust rosa
	new_visitor
	another_network
	log_in rosa "$right" -b "gate-device=$his"
	is "$status" 403 "another user's device helps nobody"
	log_in rosa "$right" -b "gate-device=${hers%?}x"
	is "$status" 403 'nor a forged one'
	guesses 30 'username=x{}&password=wrong' /login "X-Forwarded-For: $from"
	log_in bill "$right"
	is "$status" 429 'an address that has to wait'
	new_visitor
	log_in rosa "$right" -b "gate-device=$hers"
	is "$status" 303 'does not matter to a known device'
	begin
	new_visitor
	guesses 20 'username=rosa&password=wrong{}' /login "Cookie: gate-device=$hers"
	is "$(load_says errors) $(load_says 'status 303') $(hashes)" '0 0 5' 'a device has five free tries of its own'
	another_network
	new_visitor
	log_in bill "$right"
	is "$status" 303 'and nobody else pays for them'
	exhaust bill
	new_visitor
	login=/tls/login log_in bill "$right" -b "gate-device=$his"
	is "$status" 403 'over https anybody could have set this name'
	login=/tls/login log_in bill "$right" -b "__Host-gate-device=$his"
	is "$status" 303 'but not __Host-gate-device'
}

# One address floods her name while no hash gets done: its tries take every place that strangers have.
test_line() {
	local hers
	make_user olga "$right"
	new_visitor; another_network; log_in olga "$right"; hers=$(device)
	new_visitor
	begin
	touch "$spy/hold"
	start guessing "$load" -c 128 -n 128 -m POST -d 'username=olga&password=wrong{}' -H "$same" \
		-H 'X-Forwarded-For: 198.51.100.77' "$url/login"
	refused() { [ "$(in_log 'event=login-\(throttled\|busy\)')" -ge 10 ]; }
	ok '128 guesses at once from one address: they are refused before a hash is done' \
		wait_until 20 refused
	start olga curl -s -m 60 -o "$dir/body" -w '%{http_code}' -b "gate-device=$hers" -H "$same" \
		--data-urlencode username=olga --data-urlencode "password=$right" "$url/login"
	not_put_off() { ! wait_until 1 ended olga; }
	ok 'the owner on a known device is not put off' not_put_off
	rm "$spy/hold"
	wait "${pids[olga]}" "${pids[guessing]}"
	is "$(tail -n 1 "$dir/log/olga")" 303 'but gets in'
	unset 'pids[olga]' 'pids[guessing]'
	rm "$dir"/log/{olga,guessing}
	guesses 40 'username=x{}&password=wrong' /login 'X-Forwarded-For: 198.51.100.77'
	begin
	touch "$spy/hold"
	guesses 128 'username=olga&password=wrong{}' /login 'X-Forwarded-For: 198.51.100.77'
	is "$(load_says 'status 429') $(hashes)" '128 0' 'later none of its tries even waits for a place'
	rm "$spy/hold"
}

# A user with many devices, and the right password: an account has one place, whatever comes from it.
test_many_devices() {
	local i theirs=()
	[ -z "${pids[second]:-}" ] || stop second
	spied start_responder second=login --threads=8 --workers=1 || bail 'no second login'
	make_user fred "$right"
	make_user nina "$right"
	for i in {1..8}; do
		new_visitor; another_network; log_in fred "$right"; theirs+=("$(device)")
	done
	begin
	touch "$spy/hold"
	for i in "${!theirs[@]}"; do
		another_network
		start "fred$i" curl -s -m 60 -o /dev/null -b "gate-device=${theirs[i]}" -H "$same" \
			-H "X-Forwarded-For: $from" --data-urlencode username=fred \
			--data-urlencode "password=$right" "$url/second/login"
	done
	put_off() { [ "$(in_log event=login-busy)" -ge 5 ]; }
	ok 'eight devices of one user log in at once: those that find no place are put off' \
		wait_until 20 put_off
	another_network
	start nina curl -s -m 60 -o "$dir/body" -w '%{http_code}' -H "$same" -H "X-Forwarded-For: $from" \
		--data-urlencode username=nina --data-urlencode "password=$right" "$url/second/login"
	not_put_off() { ! wait_until 1 ended nina; }
	ok 'another user is not' not_put_off
	rm "$spy/hold"
	for i in "${!theirs[@]}"; do
		wait "${pids[fred$i]}"
		unset "pids[fred$i]"
	done
	wait "${pids[nina]}"
	unset 'pids[nina]'
	is "$(tail -n 1 "$dir/log/nina")" 303 'but gets in'
	rm "$dir"/log/{fred?,nina}
	stop second
}

# A user has as many known devices as he wants; his account has one place in the line all the same.
# One hash is held, and four may wait: two of his stand by, who give way to the four others.
login_at_once() { # WHO [COOKIE]: at the second login, its status in $dir/log/WHO
	another_network
	start "$1" curl -s -m 60 -o /dev/null -w '%{http_code}\n' ${2:+-b "$2"} -H "$same" \
		-H "X-Forwarded-For: $from" --data-urlencode "username=${1%%.*}" \
		--data-urlencode "password=$right" "$url/second/login"
}
test_giving_way() {
	local i name devices=() statuses=()
	[ -z "${pids[second]:-}" ] || stop second
	spied start_responder second=login --threads=8 --workers=1 || bail 'no second login'
	for name in hugo gina lars emil mona; do make_user $name "$right"; done
	for name in hugo{,,,,,,,,,,,} gina lars; do
		new_visitor; another_network; log_in $name "$right"
		devices+=("gate-device=$(device)")
	done
	is "$(printf '%s\n' "${devices[@]}" | sort -u | wc -l)" 14 'a user has a dozen known devices'
	begin
	touch "$spy/hold"
	for i in {0..11}; do login_at_once hugo.$i "${devices[i]}"; done
	put_off() { [ "$(in_log event=login-busy)" -ge "$1" ]; }
	ok 'he logs in on all of them at once: most are put off' wait_until 20 put_off 7
	login_at_once gina "${devices[12]}"
	login_at_once lars "${devices[13]}"
	login_at_once emil
	login_at_once mona
	ok 'two known devices and two strangers come: eleven are put off' wait_until 20 put_off 11
	rm "$spy/hold"
	for name in hugo.{0..11} gina lars emil mona; do
		wait "${pids[$name]}"
		unset "pids[$name]"
		statuses+=("$(tail -n 1 "$dir/log/$name")")
		rm "$dir/log/$name"
	done
	is "${statuses[*]: -4}" '303 303 303 303' 'which are his, as the others get in'
	is "$(printf '%s\n' "${statuses[@]}" | grep -c 303) $(hashes)" '5 5' 'and so does one of his'
	second
}

# Who has stolen a session and its device does not make tries of it.
test_logouts() {
	local i session hers devices
	make_user dora "$right"
	new_visitor; another_network; log_in dora "$right"
	hers=$(device) session=$(session_cookie)
	for i in {1..24}; do
		curl -s -o /dev/null -D "$dir/logout.$i" -b "gate-device=$hers; connect.sid=$session" -H "$same" \
			-X POST "$url/logout" &
		pids[logout$i]=$!
	done
	for i in {1..24}; do
		wait "${pids[logout$i]}"
		unset "pids[logout$i]"
	done
	devices=$(cat "$dir"/logout.* | grep -oiE '^set-cookie: gate-device=[^.;]*' | sort -u | wc -l)
	is "$devices" 1 '24 logouts of a session at once: it stays one device'
	devices=$(cat "$dir"/logout.* | grep -oiE "^set-cookie: gate-device=${hers%%.*}" | sort -u | wc -l)
	is "$devices" 1 'that it was'
}

# ---- a worker that is stopped
test_stopped() {
	local worker
	[ -z "${pids[second]:-}" ] || stop second
	spied start_responder second=login --threads=8 --workers=1 --deadline=1s || bail 'no second login'
	make_user stan "$right"
	make_user nora "$right"
	another_network
	begin
	touch "$spy/hold"
	start stan curl -s -m 60 -o /dev/null -H "$same" --data-urlencode username=stan \
		--data-urlencode "password=$right" -H 'X-Forwarded-For: 192.0.2.9' "$url/second/login"
	hashing() { [ "$(hashes)" = 1 ]; }
	ok 'a login is at its hash' wait_until 10 hashing
	worker=$(workers_of second)
	freeze "$worker"
	rm "$spy/hold"
	new_visitor
	log_in nora "$right"
	is "$status" 303 'its worker is stopped, with the only turn: others get in'
	new_visitor
	log_in stan "$right"
	is "$status" 303 'so does the same user elsewhere'
	kill -CONT "$worker"
	wait "${pids[stan]}"
	unset 'pids[stan]'
	second
}

# ---- the accounts that nobody gets into
close_account() { # NAME: a hundred failures, each as soon as it may be
	local i
	for i in {1..100}; do
		another_network
		log_in "$1" wrong
		pass_time 900
	done
}
test_closed() {
	local hers
	make_user vera "$right"
	new_visitor; another_network; log_in vera "$right"; hers=$(device)
	begin
	new_visitor
	close_account vera
	is "$(hashes)" 100 'a hundred guesses, a quarter of an hour apart: each is hashed'
	pass_time 1000000
	guess vera "$right"
	is "$status $(hashes)" '403 100' 'then the account is closed, to the right password too, for ever'
	like "$(tail -n 1 "$dir/log/login")" 'event=login-throttled( suppressed=[0-9]+)? user_tag=.*why="the account is closed: gate user unlock"' \
		'the log says so'
	log_in vera "$right" -b "gate-device=$hers"
	is "$status" 303 'but not to a known device'
	guess vera "$right"
	is "$status" 403 'which does not open it to others'
	is "$("$gate" user unlock vera --config "$dir/gate.conf")" 'vera may try again' 'gate user unlock'
	log_in vera "$right"
	is "$status" 303 'opens it'
	exhaust vera
	guess vera "$right"
	is "$status" 403 'one that only has to wait'
	"$gate" user unlock vera --config "$dir/gate.conf" >/dev/null
	log_in vera "$right"
	is "$status" 303 'is opened as well'
}

# ---- one answer for all
answer() { # WHAT PASSWORD: of a login of mallory; kept under the name, nonce and date masked
	another_network
	new_visitor
	begin
	log_in mallory "$2" -A "$agent"
	{
		echo "$headers"
		echo "$body"
	} | sed -E 's/(nonce[-=]"?)[A-Za-z0-9_-]{22}/\1NONCE/; s/^Date: .*/Date: DATE/' >"$dir/answers/$1"
	hashes >"$dir/hashed/$1"
}
a_user() { # HASH: mallory's
	sed -i '/^mallory:/d' "$dir/users"
	[ -z "$1" ] || printf 'mallory:%s\n' "$1" >>"$dir/users"
}
test_same() {
	local file reference hash n=0
	mkdir -p "$dir/answers" "$dir/hashed"
	reference=$dir/answers/unknown
	a_user ''
	answer unknown "$right"
	is "$(head -n 1 "$reference") $(<"$dir/hashed/unknown")" 'HTTP/1.1 403 Forbidden 1' \
		'a name that nobody has: 403, and one hash'
	a_user "$(cheap_hash "$right")"
	answer wrong 'wrong'
	answer 'too long' "$(printf '%0600d' 7)"
	answer empty ''
	is "$(<"$dir/hashed/wrong") $(<"$dir/hashed/too long")" '1 0' 'a wrong password: one, as well'
	for hash in '*' '!' '$1$gatesalt$ycJPhL3ZkXYBlSMWQpCpA0' '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=' \
		'$6$rounds=999999999$x$y' 'plain' '$5$' '$apr1$abcdefgh$qgwAPmFf0vDuZ9RdZHbYj.' '*0' ''; do
		n=$((n + 1))
		sed -i '/^mallory:/d' "$dir/users"
		printf 'mallory:%s\n' "$hash" >>"$dir/users"
		answer "bad hash $n" "$right"
	done
	a_user "$(cheap_hash "$right")"
	exhaust mallory
	answer throttled wrong
	answer 'throttled and right' "$right"
	is "$(<"$dir/hashed/throttled")$(<"$dir/hashed/throttled and right")" 00 'a throttled account: none'
	close_account mallory
	answer closed wrong
	answer 'closed and right' "$right"
	a_user ''
	answer 'closed and unknown' wrong
	for file in "$dir/answers"/*; do
		ok "the same answer, byte for byte: ${file##*/}" cmp "$file" "$reference"
	done
	"$gate" user unlock mallory --config "$dir/gate.conf" >"$dir/unlock" 2>&1
	a_user "$(cheap_hash "$right")"
	"$gate" user unlock mallory --config "$dir/gate.conf" >"$dir/unlock" 2>&1
	answer right "$right"
	ok 'but for the right one' [ "$(head -n 1 "$dir/answers/right")" = 'HTTP/1.1 303 See Other' ]
}

# With users of two kinds of hashes, an unknown name is as much work as one of them, always the same.
test_unknown() {
	local i name first bad=0
	cp "$dir/users" "$dir/users.kept"
	for i in {1..20}; do
		printf 'u%d:%s\nv%d:%s\n' "$i" "$(cheap_hash x 1000)" "$i" "$(cheap_hash x 2000)"
	done >"$dir/users"
	for name in stranger{1..40}; do
		begin
		another_network
		log_in "$name" x
		another_network
		log_in "$name" y
		first=$(sort -u "$spy/hashes")
		[ "$(hashes) $(wc -l <<<"$first")" = '2 1' ] || bad=$((bad + 1))
		echo "$first"
	done >"$dir/kinds"
	is $bad 0 'a name that nobody has: one hash each time, of the same kind for the same name'
	is "$(sort -u "$dir/kinds" | paste -sd' ')" '$5$rounds=1000 $5$rounds=2000' \
		'and of each kind that users have for some'
	begin
	another_network
	log_in u1 wrong
	another_network
	log_in v1 wrong
	is "$(paste -sd' ' "$spy/hashes")" '$5$rounds=1000 $5$rounds=2000' 'as for those'
	mv "$dir/users.kept" "$dir/users"
}

# ---- a flood
answers() { # PAGE
	run_load -c 4 -n 20 -T 3 "$url$1"
	is "$(load_says 'status 200') $(load_says errors)" "20 0" "$1 answers, twenty times"
}
flood() { # CORES WORKERS THREADS: right logins of 48 users while no hash gets done
	local held page
	echo "$1" >"$spy/cores"
	stop login
	spied start_responder login --workers="$2" --threads="$3" || bail 'no login'
	diag "$1 cores, $2 workers of $3 threads"
	begin
	touch "$spy/hold"
	start flood "$load" -c 48 -n 48 -m POST -d 'username=flood{}&password=correct+horse+battery' \
		-H "$same" -H 'X-Forwarded-For: 192.0.2.{}' "$url/login"
	stands() { [ "$(hashes)" -ge 1 ] && [ "$(in_log event=login-busy)" -ge 20 ]; }
	ok '48 logins at once: most are put off at once' wait_until 10 stands
	held=$(hashes)
	ok "few are hashed at a time: $held" [ "$held" -le $(($1 > 2 ? $1 - 1 : 1)) ]
	for page in /login /counter /; do answers $page; done
	ok 'all the while the flood stands' [ "$(hashes)" = "$held" ]
	new_visitor
	log_in alice "$right" -m 5
	is "$status $(header Retry-After) $(set_cookies)" '503 1 0' 'one more login: 503 and when to try again'
	is "$(heading)" 'Log in' 'with the form'
	page_says 'Too many people are logging in' 'which says why'
	rm "$spy/hold"
	wait "${pids[flood]}"
	unset 'pids[flood]'
	cp "$dir/log/flood" "$dir/load"
	rm "$dir/log/flood"
	is "$(load_says 'status 303') $(($(load_says 'status 303') + $(load_says 'status 503')))" \
		"$(hashes) 48" 'who had a turn is in, the others were put off, and nobody was hashed in vain'
}
test_flood() {
	local i
	for ((i = 1; i <= 48; i++)); do make_user flood$i "$right"; done
	flood 2 2 8
	begin
	run_load -c 2 -n 48 -m POST -d 'username=flood48&password=correct+horse+battery' -H "$same" \
		-H 'X-Forwarded-For: 192.0.2.{}' "$url/login"
	is "$(load_says 'status 303')" 48 'to be put off is no failure: there are tries left'
	flood 2 1 4
	flood 2 1 2
	flood 8 1 8
	echo 2 >"$spy/cores"
}

make_conf users="file:$dir/users" insecure_http=yes trusted_proxies=127.0.0.1 deadline=60s
make_user alice "$right"
chmod 600 "$dir/users"
nginx_http=$(echo 'upstream both-logins {'; for name in login second; do
	echo "server unix:$dir/run/$name.sock max_fails=0;"; done; echo '}')
nginx_server="$(location '= /both-logins' both-logins no | sed 's/fastcgi_pass/rewrite ^ \/login break; fastcgi_pass/')
location /tls/ { rewrite ^/tls(/.*) \$1 break; proxy_pass http://127.0.0.1:\$server_port; proxy_set_header X-Forwarded-Proto https; }"
for name in index counter logout user health; do start_responder $name || bail "no $name"; done
mkdir "$spy"
stop_clock
spied start_responder login --threads=64 || bail 'no login'
start_nginx
for name in parallel address together store success device line many_devices giving_way logouts stopped closed same unknown flood; do
	diag "$name"
	test_$name
done
done_testing
