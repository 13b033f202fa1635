#!/bin/bash
# test_login_race.sh: logins that run at once with other requests of their browser, with each other,
# and with whoever kills the programs that work on them.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

gate=$build/cgi-bin/gate
same='Sec-Fetch-Site: same-origin'
right='correct horse battery'

anonymous() { # records of nobody
	find "$dir/sessions" -maxdepth 1 -name '*.json' -exec grep -L '"user":"' {} + | wc -l
}
malformed() { # records that are no JSON
	find "$dir/sessions" -maxdepth 1 -name '*.json' -exec perl -MJSON::PP -0777 -ne \
		'eval { decode_json($_) } or print "$ARGV\n"' {} +
}
user_count() { "$gate" session count --user "$1" --config "$dir/gate.conf"; }
# NAME: those that live; of one that is marked as ended only its removal was cut off. An empty mark is
# none yet: whoever was to write it was killed.
records_of() {
	local file mark many=0
	while read -r file; do
		mark=$(basename "$file" .json | sed 's/^/ended:/' | tr -d '\n' | sha256sum)
		[ -s "$dir/sessions/.gate/bump/${mark%% *}" ] || many=$((many + 1))
	done < <(find "$dir/sessions" -maxdepth 1 -name '*.json' -exec grep -l "\"user\":\"$1\"" {} +)
	echo $many
}
forget() { rm -rf "$dir"/sessions/*.json "$dir"/sessions/.gate/user/*; }

# ---- two tabs
race() { # NAME ROUNDS WHAT
	local bad=0
	"$build/tests/helpers/tabs" "$1" "$2" "$url" alice bob "${right// /+}" >"$dir/tabs" || bad=1
	result $bad "$3: $2 rounds"
	diag "$(cat "$dir/tabs")"
}
race_in() { # the same, and nobody's session is left over
	race "$@"
	is "$(anonymous)" 0 '  and no session of nobody is left'
	forget
}
began_again() { cat "$dir/log/login" "$dir/log/counter" | grep -q ' runs=[2-9] .* result=done'; }
test_tabs() {
	local many tries=0
	many=$(count 200)
	race_in double-click "$many" 'a double-clicked login'
	race_in first-double-click "$many" "one of who was never here before"
	race_in again-double-click "$many" 'one of who is logged in'
	race_in two-tabs "$many" 'a login in each of two tabs'
	race_in two-users "$many" 'logins of two users in two tabs'
	race_in counter "$many" 'a login and a page that changes the session'
	race_in card "$many" 'a login and a form that changes the session'
	race_in user "$many" 'a login and the guarded page'
	race_in form "$many" 'a login and the form'
	race_in again-counter "$many" 'a further login and a page that changes the session'
	until began_again || [ $((++tries)) -gt 100 ]; do
		race_in again-counter "$many" 'such a one, until a request had to begin again'
	done
	ok 'these were races: requests had to begin again' began_again
	race logout-counter "$many" 'a logout and a page that changes the session'
	race logout-card "$many" 'a logout and a form that changes the session'
	race logout-twice "$many" 'a double-clicked logout'
	is "$(records_of alice) $(malformed)" '0 ' 'after the logouts no session of the user is left'
	forget
}

# ---- one's own other sessions
# One of two logins at once may be the last; that one's browser must stay logged in.
test_max_sessions() {
	local i many lost=0 most=0 n
	stop login
	start_responder login --max_sessions=1 || bail 'no login'
	many=$(count 200)
	for ((i = 0; i < many; i++)); do
		run_load -c 4 -n 4 -m POST -d "username=carol&password=${right// /+}" -H "$same" "$url/login"
		n=$(user_count carol)
		[ "$n" -ge 1 ] || lost=$((lost + 1))
		[ "$n" -le "$most" ] || most=$n
	done
	is $lost 0 "max_sessions = 1, four logins at once, $many times: one of them stays"
	is $most 1 'and only one'
	stop login
	start_responder login || bail 'no login'
	forget
}

# Whoever knew the old password must be out, even who logs in while it is changed.
test_password_change() {
	local i many old new next kept bad=0
	many=$(count 50)
	old=$right
	make_user dora "$old"
	for ((i = 0; i < many; i++)); do
		new="$i vexing ochre tundra"
		new_visitor
		log_in dora "$old"
		curl -s -o "$dir/changed" -w '%{http_code}' -b "$jar" -c "$jar" -H "$same" \
			--data-urlencode "current=$old" -d "new=${new// /+}&again=${new// /+}" "$url/account" \
			>"$dir/change" &
		next=$!
		run_load -c 4 -n 4 -m GET -C "$(cookie_header)" "$url/counter"
		wait $next
		[ "$(<"$dir/change") $(who)" = '303 dora' ] || { bad=$((bad + 1)); diag "$(<"$dir/change") $(who)"; }
		kept=$(session_cookie)
		[ "$(with "$kept" who) $(user_count dora)" = 'dora 1' ] || bad=$((bad + 1))
		old=$new
	done
	is $bad 0 "a new password while pages load, $many times: this session goes on, under its new id"
	forget
}

# ---- killed
kill_workers() { # of the login, at no moment in particular
	local all
	exec {never}<> <(:)
	while pause "0.0$((RANDOM % 90 + 10))"; do
		mapfile -t all < <(workers_of login)
		[ "${#all[@]}" -gt 1 ] || continue
		kill -KILL "${all[RANDOM % ${#all[@]}]}" && echo killed
	done
}
test_killed() {
	local i many users=16 bad=0
	many=$(count 1500)
	for ((i = 1; i <= users; i++)); do make_user "killed$i" "$right"; done
	start killer kill_workers
	while [ ! -s "$dir/log/killer" ]; do
		run_load -c $users -n "$many" -s -T 60 -m POST -d "username=killed{}&password=${right// /+}" \
			-H "$same" -H 'X-Forwarded-For: 192.0.2.{}' "$url/login"
	done
	stop killer
	diag "$(wc -l <"$dir/log/killer") workers were killed: $(paste -sd' ' "$dir/load")"
	ok 'workers were killed' [ -s "$dir/log/killer" ]
	rm "$dir/log/killer"
	ok 'logins went on' [ "$(load_says 'status 303')" -gt 0 ]
	is $(($(load_says requests) - $(load_says 'status 303') - $(load_says 'status 502') - \
		$(load_says 'status 403') - $(load_says 'status 429'))) 0 \
		'each was a login, or got no answer, or had to wait for those that got none'
	is "$(malformed)" '' 'each record is whole'
	is "$(anonymous)" 0 'and has its user'
	for ((i = 1; i <= users; i++)); do
		[ "$(user_count "killed$i")" = "$(records_of "killed$i")" ] || bad=$((bad + 1))
	done
	is $bad 0 'the index knows each of them'
	bad=0
	for ((i = 1; i <= users; i++)); do
		"$gate" user unlock "killed$i" --config "$dir/gate.conf" >"$dir/unlocked"
		new_visitor
		get /counter
		from=203.0.113.$i log_in "killed$i" "$right"
		[ "$status $(who)" = "303 killed$i" ] || bad=$((bad + 1))
	done
	is $bad 0 'and everybody logs in'
	forget
}

both_work() { [ "$(workers_of login | wc -l)" = 2 ]; }
# The browser of a login that got no answer still has its old cookie, whose record may have gone.
test_repeated() {
	local i many workers request answered=0 bad=0
	many=$(count 30)
	# a hash that takes a while, which most of those who kill come into
	printf 'dick:%s\n' "$(cheap_hash "$right" 200000)" >>"$dir/users"
	for ((i = 0; i < many; i++)); do
		new_visitor
		get /counter
		wait_until 10 both_work
		mapfile -t workers < <(workers_of login)
		# of an address of its own: a try that got no answer counts as a failure
		curl -s -m 30 -o "$dir/answer" -w '%{http_code}' -b "$jar" -c "$jar" -H "$same" \
			-H "X-Forwarded-For: 203.0.113.$i" \
			-d "username=dick&password=${right// /+}" "$url/login" >"$dir/status" &
		request=$!
		pause "0.$((RANDOM % 2))$((RANDOM % 10))"
		kill -KILL "${workers[@]}"
		wait $request
		if [ "$(<"$dir/status")" = 303 ]; then
			answered=$((answered + 1))
		else
			from=203.0.113.$i log_in dick "$right"
			# nginx may not know yet that a connection which it keeps is a dead worker's
			[ "$status" != 502 ] || from=203.0.113.$i log_in dick "$right"
			[ "$status" = 303 ] || { bad=$((bad + 1)); diag "$status $(text)"; }
		fi
		[ "$(who)" = dick ] || bad=$((bad + 1))
	done
	is $bad 0 "a login whose worker is killed, $many times, $answered of them too late: done or repeated"
	forget
}

make_conf users="file:$dir/users" insecure_http=yes trusted_proxies=127.0.0.1 deadline=60s threads=64 trace=yes
for name in alice bob carol; do make_user $name "$right"; done
chmod 600 "$dir/users"
for name in login logout counter card user account; do start_responder $name || bail "no $name"; done
start_nginx
for name in tabs max_sessions password_change killed repeated; do
	diag "$name"
	test_$name
done
is "$(cat "$dir"/log/* | grep -Ec 'event=(render-failed|answer-broken|cookie-failed|store-failed|session-busy)')" 0 \
	'no program complained of itself'
done_testing
