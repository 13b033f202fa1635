#!/bin/bash
# test_mongodb_promise.sh: the pages on a MongoDB server: each visit counts once, no session that has
# ended comes back, and what was shown outlives kill -9 of the server.
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"

need_nginx
need_mongodb
start_server --sync
races=$build/tests/helpers/races
mkdir "$dir/scratch"
gate() { "$build/cgi-bin/gate" "$@" --config "$dir/gate.conf" 2>>"$dir/log/gate"; }

# ---- the counter, and sessions that have ended
exact() { # TOTAL NAME PATH
	new_session
	run_load -c 32 -n "$1" -T 120 -u 'visit ' -C "$cookie" "$url$3"
	diag "$2: $(load_says seconds) s, the slowest answer $(load_says max_us) us"
	each_once "$1" "$2: every answer is 200, each of 1…$1 is shown once"
	is "$(views)" "$1" "$2: the session says $1"
}
# Whoever comes too late makes a session of its own at most: nobody revives one.
race() { # KIND COUNT NAME: at least 100, so that both orders come
	local before said bad=0 count=$(($2 < 100 ? 100 : $2))
	before=$(gate session count)
	"$races" "$1" "$count" 5 - "$dir/scratch" "$url" /r/ /both/ >"$dir/races" || bad=1
	result $bad "$3: $count races"
	diag "$(cat "$dir/races")"
	read -r -a said < <(tail -n 1 "$dir/races")
	[ "$1" = destroy ] && said=${said[7]} || said=${said[1]}
	is "$(gate session count)" $((before + said)) "$3: no record is left that nobody knows"
}
start_nginx
for form in string document; do
	make_conf store="mongodb://$at/$form?w=majority&journal=true" \
		payload=$form workers=4 threads=4 "${patient[@]}"
	start_responder responder || bail 'the responder does not start'
	settle $form
	is "$(ls "/proc/$(pid_of responder)/task" | wc -l)" 1 \
		"payload = $form: who forks has no other thread, whose locks a worker would find taken"
	start_responder second=responder --run_dir="$dir/run/apart" ||
		bail 'the second responder does not start'
	exact "$(count 20000)" "payload = $form" /r/count
	exact "$(count 2000)" "payload = $form, two hosts" /both/count
	stop second
	stop responder
done

# As in memory: what a kill would lose is no matter here, and the races are many.
end_server TERM
server_again
for form in string document; do
	make_conf store="mongodb://$at/races_$form" payload=$form workers=2 \
		threads=8 "${patient[@]}"
	start_responder responder || bail 'the responder does not start'
	settle races_$form
	start_responder second=responder --run_dir="$dir/run/apart" ||
		bail 'the second responder does not start'
	race destroy "$(count 10000)" "payload = $form, a save against a logout"
	race renew "$(count 1000)" "payload = $form, a save against a new id"
	race renewals "$(count 500)" "payload = $form, two new ids"
	stop second
	stop responder
done
end_server TERM
server_again --sync

# ---- killed under load: what was shown stands
make_conf store="mongodb://$at/kills?w=majority&journal=true" workers=2 threads=4
start_responder responder || bail 'the responder does not start'
settle kills
last=0 shown=0
kills=$(count 20)
kill_server() {
	local i
	jar=$dir/jar.killer
	exec {never}<> <(:)
	for ((i = 0; i < kills; i++)); do
		wait_until 20 answers && echo answered
		pause "0.$((RANDOM % 50 + 30))"
		end_server KILL
		server_again --sync
	done
	wait_until 20 answers && echo answered
}
start killer kill_server
while running killer; do
	run_load -c 8 -n 200 -T 120 -u 'visit ' -C "$cookie" -m POST -d '' \
		-H 'Sec-Fetch-Site: same-origin' "$url/r/count"
	[ "$(load_says numbers)" = "$(load_says distinct)" ] || fail 'a number is shown twice'
	[ "$(load_says errors)" = 0 ] || fail 'a request is not answered'
	shown=$((shown + $(load_says 'status 200')))
	[ "$(load_says numbers)" = 0 ] || {
		[ "$(load_says min)" -gt "$last" ] || fail "$(load_says min) is shown, after $last was"
		last=$(load_says max)
	}
done
wait "${pids[killer]}"
unset 'pids[killer]'
is "$(grep -c answered "$dir/log/killer")" $((kills + 1)) "$kills kills under load: it goes on each time"
diag "$shown visits were shown"
wait_until 20 answers # from a worker whose breaker is closed
number=${body#visit }
ok "no visit that was shown is lost: $number comes after $last" test "$number" -gt "$last"
stop responder
is $? 0 'gate lives'

# ---- the login, with the users in MongoDB too
password=$(head -c 12 /dev/urandom | base64)
make_conf store="mongodb://$at/login" users="mongodb://$at/login" insecure_http=yes "${patient[@]}"
gate user add anna --stdin <<<"$password" >/dev/null
is "$? $(gate user list | grep -c anna)" '0 1' 'gate user add: a user in MongoDB'
for name in login logout user account; do
	start_responder $name || bail "$name does not start"
done
one() { jar=$dir/jar.one "$@"; }
two() { jar=$dir/jar.two "$@"; }
one log_in anna 'wrong'
is "$status" 403 'a wrong password: 403'
one log_in anna "$password"
is "$status $(one who)" '303 anna' 'the right one: logged in'
two log_in anna "$password"
is "$status $(two who)" '303 anna' 'and in another browser'
is "$(gate session count --user anna)" 2 'gate session finds both by the user'
gate session kill --user anna >/dev/null
is "$(one who) $(two who)" 'nobody nobody' 'and ends them'
one log_in anna "$password"
one post /logout
is "$(one who) $(gate session count)" 'nobody 0' 'a logout leaves nothing'

# an old hash is made anew by a login
hash_of() { send_to "mongodb://$at/login" "{\"find\": \"gate_users\", \"filter\": {\"_id\": \"$1\"}}" |
	sed -n 's/.*"password" : "\([^"]*\)".*/\1/p'; }
# sha512crypt, 5000 rounds; the password is "an old password"
old='$6$abcdefgh$wnle8EoqL1Sx8KOq37kGYz.NJTY16luV1mfVKJI4rc16W1aJVaL.L9MtlM/1GW3FAz3HPO0.5RjcUjfQLwF0b.'
gate user add ben --stdin --hash <<<"$old" >/dev/null
is "$(hash_of ben)" "$old" 'a user with an old hash'
one log_in ben 'a wrong one'
is "$status $(hash_of ben)" "403 $old" 'a wrong password leaves it'
(one log_in ben 'an old password'; echo "$status" >"$dir/one.status") &
two log_in ben 'an old password'
wait $!
is "$(cat "$dir/one.status") $(one who) $status $(two who)" '303 ben 303 ben' 'two logins at once, both good'
like "$(hash_of ben)" '^\$y\$' 'and the hash is a new one'
is "$(in_log login event=hash-renewed)" 1 'the log says so, once'
one log_in ben 'an old password'
is "$status $(one who)" '303 ben' 'of the same password'
for name in login logout user account; do stop $name; done

end_server KILL
done_testing
