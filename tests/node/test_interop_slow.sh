#!/bin/bash
# test_interop_slow.sh: slow requests at the real express-session, on session-file-store and on
# connect-mongo: what gate ended while they ran, and they write back at their end, stays dead.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"
. "$src/tests/node/lib_interop.sh"

right='correct horse battery' gate=$(program gate)
old=$right

# ---- both sides
browser() { jar=$dir/jar-$1; } # NAME: the one that sends what follows
here() { # BROWSER: anna logs in at gate
	browser "$1"
	new_visitor
	log_in anna "$right"
	[ "$status" = 303 ] || bail "the login: $status"
}
slow() { # BROWSER: its request at Node has loaded the session, and waits; $stolen and $id are it
	rm -f "$dir/ready" "$dir/go"
	browser "$1"
	stolen=$(session_cookie) id=$(id_in "$(session_cookie)")
	start slow curl -s -m 60 -H "Cookie: connect.sid=$stolen" -o "$dir/answer" \
		"$url/node/slow?ready=$dir/ready&go=$dir/go"
	wait_until 20 test -e "$dir/ready" || bail 'the slow request does not come to Node'
}
write_back() { # it ends, and Node writes what it loaded
	touch "$dir/go"
	stop slow CONT
	is "$? $(cat "$dir/answer")" '0 visit 1' '  a slow request at Node writes it back'
	ok '  the record is there again' there
}
session() { "$gate" session "$@" --config "$dir/gate.conf"; }
listed() { session list "$@" | cut -f 1 | grep -cFx -- "$id"; }
with_stolen() { # PAGE
	browser thief
	new_visitor
	get "$1" -H "Cookie: connect.sid=$stolen"
}
dead() { # at gate, in all lists, and then for Node too
	is "$(listed) $(listed --user anna)" '0 0' '  no list has it'
	with_stolen /user
	is "$status $(header Location)" '302 /login?next=/user' '  the guarded page knows nobody'
	with_stolen /r/show
	is "$status $body" '200 {}' '  no page shows what was in it'
	with_stolen /node/show
	is "$status $body" '200 {}' '  and then it has gone for Node too'
	is "$(listed) $(listed --user anna)" '0 0' '  no list has it again'
}

# A thief who knows the password has a session of his own, and a slow request under way at Node.
test_password() {
	local next="$1 vexing ochre tundra"
	here owner
	here thief
	slow thief
	browser owner
	post /account --data-urlencode "current=$right" --data-urlencode "new=$next" \
		--data-urlencode "again=$next"
	is "$status $(header Location)" '303 /account' "$with: the owner changes the password"
	right=$next
	write_back
	is "$(session count --user anna)" 1 '  one session is counted'
	browser owner
	get /account
	is "$(grep -c '<h3>' <<<"$body")" 1 '  the owner sees one'
	is "$(session kill --user anna)" '1 sessions are gone' '  which is all that there is to kill'
	dead
}
end_by() { # WAY: the thief's session
	case $1 in
	End)
		here owner
		get /account
		post /account --data-urlencode "session=$(sed -n \
			's:.*name="session" value="\([^"]*\)".*:\1:p' <<<"$body" | tail -n 1)"
		;;
	'End all others')
		here owner
		post /account -d others=yes
		;;
	'gate session kill') session kill "$id" >/dev/null ;;
	'gate session kill --user') session kill --user anna >/dev/null ;;
	logout) browser thief; post /logout ;;
	max_sessions) for i in 1 2 3; do here "owner$i"; done ;;
	'a new login') browser thief; log_in anna "$right" ;;
	esac
}
test_ends() {
	local way
	for way in End 'End all others' 'gate session kill' 'gate session kill --user' logout \
		max_sessions 'a new login'; do
		session kill --all >/dev/null
		here thief
		slow thief
		end_by "$way"
		ok "$with: $way ends it" not there
		write_back
		dead
	done
}
# Two slow requests, and a logout at Node between them.
test_destroyed() {
	here thief
	slow thief
	start slower curl -s -m 60 -H "Cookie: connect.sid=$stolen" -o "$dir/slower" \
		"$url/node/slow?ready=$dir/ready2&go=$dir/go2"
	wait_until 20 test -e "$dir/ready2" || bail 'the slower request does not come to Node'
	session kill "$id" >/dev/null
	write_back
	with_stolen /node/destroy
	ok "$with: a logout at Node takes away what was written back" not there
	touch "$dir/go2"
	stop slower CONT
	is "$? $(cat "$dir/slower")" '0 visit 1' '  a slower request writes it back once more'
	ok '  it is there again' there
	dead
	rm "$dir/ready2" "$dir/go2"
}

# A backup of the store, put back when no id is remembered any more.
test_restored() {
	local way before
	for way in 'a new password' 'End all others' 'gate session kill --user' 'gate user password' \
		'gate user remove'; do
		here owner
		here thief
		stolen=$(session_cookie) id=$(id_in "$(session_cookie)")
		back_up
		browser owner
		case $way in
		'a new password')
			before=$right right="$((++changes)) vexing ochre tundra"
			post /account --data-urlencode "current=$before" \
				--data-urlencode "new=$right" --data-urlencode "again=$right"
			is "$status" 303 '  which is changed'
			;;
		'gate user password') "$gate" user password anna --stdin --config "$dir/gate.conf" \
			<<<"$right" >/dev/null ;;
		'gate user remove')
			"$gate" user remove anna --config "$dir/gate.conf" >/dev/null
			"$gate" user add anna --stdin --config "$dir/gate.conf" <<<"$right" >/dev/null
			;;
		*) end_by_owner "$way" ;;
		esac
		ok "$with: $way ends it" not there
		restore
		ok '  a backup is put back' there
		with_stolen /user
		is "$status $(header Location)" '302 /login?next=/user' '  the guarded page knows nobody'
		with_stolen /counter
		unlike "$body" anna '  no page does'
		here owner
		is "$(who)" anna '  a new login counts'
	done
}
# The whole record put back, as it was, while its id is remembered.
test_put_back() {
	local way
	for way in End 'gate session kill' logout max_sessions; do
		session kill --all >/dev/null
		here thief
		stolen=$(session_cookie) id=$(id_in "$(session_cookie)")
		back_up
		end_by "$way"
		ok "$with: $way ends it" not there
		let_time_pass
		put_back
		ok '  all of it is put back' there
		with_stolen /user
		is "$status $(header Location)" '302 /login?next=/user' '  the guarded page knows nobody'
		ok '  it has gone again' not there
		with_stolen /counter
		unlike "$body" anna '  no page knows her'
		browser thief
	done
}
# One that can't be read is ended by `kill --all` as any other: somebody may make it readable again.
test_unreadable() {
	here thief
	stolen=$(session_cookie) id=$(id_in "$(session_cookie)")
	back_up
	spoil
	is "$(session kill --all 2>/dev/null) $(session count 2>/dev/null)" '1 sessions are gone 0' \
		"$with: kill --all ends what can't be read, too"
	ok '  it has gone' not there
	let_time_pass
	put_back
	with_stolen /user
	is "$status $(header Location)" '302 /login?next=/user' '  readable again it is dead'
}
end_by_owner() { # WAY
	[ "$1" = 'gate session kill --user' ] && session kill --user anna >/dev/null && return
	post /account -d others=yes
}

# A login that Node made: in all lists as soon as gate has seen it.
test_nodes_login() {
	browser node
	new_visitor
	get '/node/put' --get --data-urlencode 'members={"gate":{"user":"anna"}}'
	stolen=$(session_cookie) id=$(id_in "$(session_cookie)")
	is "$(listed --user anna)" 0 "$with: a login that Node made is in no list of anna's"
	is "$(who)" anna '  gate takes it for hers'
	is "$(listed --user anna)" 1 '  and puts it into her list at once'
	session kill --user anna >/dev/null
	is "$(who)" nobody '  from where it is ended as any other'
}

all() { # STORE PEER'S-ARGUMENTS...
	make_conf users="file:$dir/users" "${conf[@]}" insecure_http=yes ttl=${ttl}s max_sessions=3
	for name in responder login logout user account; do
		start_responder $name "${patient[@]/#/--}" || bail "$name does not start"
	done
	start_peer node "$@" || bail "the Node peer does not start: $(tail -n 3 "$dir/log/node")"
	test_password "$((++changes))"
	test_ends
	test_destroyed
	test_restored
	test_put_back
	session kill --all >/dev/null
	test_unreadable
	test_nodes_login
	stop_peer node
	for name in responder login logout user account; do stop $name; done
}

make_secret
make_user anna "$right"
chmod 600 "$dir/users"
changes=0
nginx_server=$(peer_location node)
start_nginx

with='session-file-store' peer=(--sessions "$dir/sessions") conf=(file_sync=yes)
there() { [ -e "$dir/sessions/$id.json" ]; }
back_up() { cp -p "$dir/sessions/$id.json" "$dir/backup"; }
spoil() { head -c 1200000 /dev/zero | tr '\0' ' ' >>"$dir/sessions/$id.json"; }
put_back() { cp -p "$dir/backup" "$dir/sessions/$id.json"; }
restore() { put_back; rm -f "$dir"/sessions/.gate/bump/*; }
let_time_pass() { :; } # a file that is in no list is dead at once
all
if grep -q '^#define HAVE_MONGODB' "$build/config.h"; then
	need_database
	there() { [ "$(node "$interop/document.js" "$db" "$id" d)" != null ]; }
	back_up() {
		node "$interop/document.js" "$db" - 'c.deleteOne({_id: "backup"})' >/dev/null
		node "$interop/document.js" "$db" "$id" 'c.insertOne({_id: "backup", kept: d})' >/dev/null
	}
	spoil() { node "$interop/document.js" "$db" "$id" 'c.updateOne({_id: d._id}, {$set: {session: "{torn"}})' >/dev/null; }
	put_back() { node "$interop/document.js" "$db" backup 'c.insertOne(d.kept)' >/dev/null; }
	let_time_pass() { # since the end: who ends a session just now has set the mark, too
		send_to "$db" "{\"update\": \"sessions_counters\", \"updates\": [{\"q\": {\"times\": {\"\$exists\": true}},
			\"multi\": true, \"u\": {\"\$set\": {\"times\": [{\"\$date\": {\"\$numberLong\": \"$(($(date +%s%3N) - 60000))\"}}]}}}]}" >/dev/null
	}
	restore() {
		put_back
		send_to "$db" '{"drop": "sessions_counters"}' >/dev/null
	}
	for form in string document; do
		db=$(database $form) with="connect-mongo, $form"
		make_indexes "$db"
		conf=(store="$db" payload=$form touch_after=0) peer=(--mongodb "$db")
		[ $form = string ] || peer+=(--document)
		[ $form = string ] || {
			conf+=(users="$db") with+=', users too'
			"$gate" user add anna --stdin --config= --users="$db" --store="$db" \
				--run_dir="$dir/run" <<<"$right" >/dev/null || bail 'no user can be made'
		}
		all
		node "$interop/document.js" "$db" - 'c.drop()' >/dev/null
	done
fi
done_testing
