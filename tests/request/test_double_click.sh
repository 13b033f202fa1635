#!/bin/bash
# test_double_click.sh: each of two equal submits is sent while the other one is under way, or behind it with
# the cookie from before it or with the new one; both end as one, on files and on MongoDB.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"
need_nginx

same='Sec-Fetch-Site: same-origin'
old='correct horse battery'
new='vexing ochre tundra 88'
gate=$build/cgi-bin/gate
export SPY_FOLDER=$spy

# ---- helpers
user_count() { "$gate" session count --user "$1" --config "$dir/gate.conf" 2>>"$dir/log/gate"; }
in_log() { cat "$dir/log/$1" | grep -cE "$2" || true; } # PROGRAM REGEX
# submit NAME PATH [CURL'S ARGUMENTS...]: with the cookies of $jar as they are; what comes is in
# $dir/NAME.status, .head, .jar and .body.
submit() {
	cp "$jar" "$dir/$1.jar"
	curl -s -m 60 -X POST -b "$dir/$1.jar" -c "$dir/$1.jar" -D "$dir/$1.head" -o "$dir/$1.body" \
		-w '%{http_code} %{redirect_url}' -H "$same" "${@:3}" "$url$2" >"$dir/$1.status"
}
statuses() { # without the address
	cat "$dir/one.status" <(echo) "$dir/two.status" <(echo) | sed "s#$url##"
}
# twice WAY PATH [CURL'S ARGUMENTS...]. At once: the first one's hash is held until both are there.
twice() {
	local first
	case $1 in
	'at once')
		submit one "${@:2}" &
		first=$!
		submit two "${@:2}"
		wait $first
		;;
	'behind the first, with its cookie from before')
		submit one "${@:2}"
		submit two "${@:2}"
		;;
	'behind the first, with its new cookie')
		submit one "${@:2}"
		cp "$dir/one.jar" "$jar"
		submit two "${@:2}"
		;;
	esac
}
ways=('at once' 'behind the first, with its cookie from before' 'behind the first, with its new cookie')
users=0
arrive() { # a user of its own, $name, with two sessions: $there and that of the jar
	users=$((users + 1))
	name=user$store$users
	printf '%s:%s\n' "$name" "$hash" >>"$dir/users"
	new_visitor
	log_in $name "$old"
	there=$(session_cookie)
	new_visitor
	get /counter
	log_in $name "$old"
	: >"$dir/log/account"
}
# browser_with NAME COMMAND...: who got that answer last
browser_with() {
	local jar=$dir/$1.jar
	"${@:2}"
}
page_of() { browser_with "$1" get /account; text; } # the message is shown once
handles() { grep -o 'name="session" value="[^"]*"' <<<"$body" | cut -d'"' -f4; }

# ---- a new password
password_form=(--data-urlencode "new=$new" --data-urlencode "again=$new")
test_password() {
	local way
	for way in "${ways[@]}"; do
		arrive
		twice "$way" /account -d "user=$name" --data-urlencode "current=$old" "${password_form[@]}"
		is "$(statuses)" $'303 /account\n303 /account' "a new password, twice $way: both lead back"
		is "$(in_log account event=password-changed) $(in_log account 'event=(password-refused|login-failed)')" '1 0' \
			'... it is changed once, nothing failed'
		is "$(user_count $name)" 1 '... one session is left'
		is "$(browser_with one who) $(browser_with two who) $(with "$there" who)" "$name $name nobody" \
			'... either answer leaves the browser in, the other device is out'
		like "$(page_of two)" 'Your password is changed, and your other sessions have ended' '... the page says so'
		browser_with two get /counter
		is "$(heading)" "Welcome $name, visit 2" '... the data is there'
		new_visitor
		log_in $name "$new"
		is "$(who)" $name '... the new password is the right one'
	done
	arrive
	submit one /account -d "user=$name" --data-urlencode "current=$old" "${password_form[@]}"
	submit two /account -d "user=$name&x=y" --data-urlencode "current=$old" "${password_form[@]}"
	is "$(statuses)" $'303 /account\n303 /login?next=/account' 'another form with the old cookie: to the login'
	is "$(grep -c Set-Cookie "$dir/two.head")" 0 '... without a cookie'
	submit two /account --data-urlencode "user=$name" --data-urlencode "current=$old" "${password_form[@]}"
	stop_clock
	pass_time 11
	submit two /account -d "user=$name" --data-urlencode "current=$old" "${password_form[@]}"
	is "$(cat "$dir/two.status" | sed "s#$url##")$(grep -c Set-Cookie "$dir/two.head")" '303 /login?next=/account0' \
		'after 10 s the same: to the login, without a cookie'
	rm "$spy/clock"
}

# ---- the end of sessions
ends() { # WHAT WAY MESSAGE FORM
	twice "$2" /account -d "$4"
	is "$(statuses)" $'303 /account\n303 /account' "$1, twice $2: both lead back"
	is "$(user_count $name) $(browser_with two who) $(with "$there" who)" "1 $name nobody" '... it has ended'
	is "$(in_log account event=session-ended)" 1 '... once'
	like "$(page_of two)" "$3" '... the page says so'
	unlike "$(page_of two)" "$3" '... once'
}
test_end() {
	local way
	for way in "${ways[@]::2}"; do
		arrive
		get /account
		ends 'the end of a session' "$way" 'Done: you are logged out there' "session=$(handles | tail -n 1)"
		arrive
		ends 'the end of all others' "$way" 'Done: you are logged out everywhere else' others=yes
		arrive
		get /account
		twice "$way" /account -d "session=$(handles | head -n 1)"
		is "$(statuses)" $'303 /\n303 /' "the end of this one, twice $way: both lead to the start page"
		is "$(browser_with two who) $(with "$there" who)" "nobody $name" '... one is out here'
		arrive
		twice "$way" /logout
		is "$(statuses)" $'303 /\n303 /' "a logout, twice $way: both lead to the start page"
		is "$(browser_with two who) $(with "$there" who)" "nobody $name" '... one is out'
	done
}

# ---- wrong passwords
test_wrong() {
	local way i
	for way in "${ways[@]::2}"; do
		arrive
		twice "$way" /account -d "user=$name&current=wrong" "${password_form[@]}"
		is "$(statuses)" $'422 \n422 ' "a wrong current password, twice $way: 422"
		is "$(in_log account event=password-refused)" 1 '... one failure'
		for i in 1 2 3; do
			submit one /account -d "user=$name&current=wrong$i" "${password_form[@]}"
		done
		submit one /account -d "user=$name" --data-urlencode "current=$old" "${password_form[@]}"
		like "$(cat "$dir/one.status")" '^303' '... which counts once: behind three more the right one is tried'
		arrive
		: >"$dir/log/login"
		new_visitor
		get /counter
		twice "$way" /login -d "username=$name&password=wrong"
		is "$(statuses)" $'403 \n403 ' "a wrong password at the login, twice $way: 403"
		ok '... the same answer, byte for byte' cmp <(sed 's/nonce="[^"]*"//' "$dir/one.body") \
			<(sed 's/nonce="[^"]*"//' "$dir/two.body")
		is "$(in_log login event=login-failed)" 1 '... one failure'
		for i in 1 2 3; do log_in $name "wrong$i"; done
		log_in $name "$old"
		is "$status" 303 '... which counts once'
	done
}

# ---- a new card
test_card() {
	local i many bad=0
	many=$(count 1000)
	new_visitor
	for ((i = 0; i < many; i++)); do
		get /card
		get /card
		: >"$dir/log/card"
		submit one /card -d "pair=$i" &
		submit two /card -d "pair=$i"
		wait $!
		get /card
		[ "$(statuses | sort | tr '\n' ' ') $(heading)" = '303 /card 303 /card?new=yes  90 left on your card' ] ||
			{ bad=$((bad + 1)); diag "$(statuses) $(heading)"; }
		[ "$(grep -c ' did=update .*result=done' "$dir/log/card")" = 2 ] ||
			{ bad=$((bad + 1)); diag "$(<"$dir/log/card")"; }
	done
	is $bad 0 "$many pairs for a new card: one is made of each, and a visit follows"
	submit two /card -d "pair=$((i - 1))"
	get '/card?new=yes'
	is "$(heading)" '90 left on your card' 'where the second one leads to the visit of the first is shown'
	get /card
	is "$(heading)" '80 left on your card' 'a retry behind visits gives none back'
	post /card -d another=one
	get /card
	is "$(heading)" '90 left on your card' 'another form is another card'
}

start_all() { # OPTION=VALUE...
	local page
	make_conf users="file:$dir/users" insecure_http=yes trusted_proxies=127.0.0.1 trace=yes \
		"${patient[@]}" "$@"
	for page in login logout counter card user account; do
		spied start_responder $page || bail "no $page"
	done
}
stop_all() { for page in login logout counter card user account; do stop $page; done; }
all() {
	local part
	for part in password end wrong card; do
		diag "$store: $part"
		from=192.0.2.$((RANDOM % 200 + 1))
		test_$part
	done
	unset from
}

hash=$(cheap_hash "$old" 100000) # takes a while, so that both are there at once
(umask 077 && : >"$dir/users")
start_nginx
store=file
start_all
all
stop_all
if grep -q '^#define HAVE_MONGODB' "$build/config.h" &&
	uri=$("$src/tests/mongodb-server" --parent $$ 2>"$dir/log/mongodb"); then
	store=mongodb
	start_all store="$(database double)"
	all
	stop_all
else
	pass 'the same on MongoDB # SKIP there is no server'
fi
is "$(cat "$dir"/log/* | grep -cE 'level=error')" 0 'no program met an error'
done_testing
