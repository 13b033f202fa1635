#!/bin/bash
# test_mongodb_node.sh: gate and connect-mongo write to the same sessions at once, on a MongoDB server
# whose every command passes a ledger: none of Node's writes is overwritten unseen, and each conflict
# is in gate's log.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"

interop=$src/tests/node/interop
need_nginx
need_mongodb
need_node "$interop"
start_server

says_ready() { grep -q ready "$dir/log/$1"; }
ledger_says() { sed -n "s/.*\b$1 \([0-9]*\).*/\1/p" "$dir/log/ledger" | head -n 1; }
# Each run of a handler beyond the first was a conflict: nobody waits for a turn here, as each gate
# answers one request at a time, and the two know nothing of each other.
runs_again() {
	sed -n 's/.* event=session .* runs=\([0-9]*\) .*/\1/p' "$dir/log/responder" "$dir/log/second" |
		awk '{ n += $1 - 1 } END { print n + 0 }'
}
storm() { # FORM TOUCH-AFTER
	local with="payload = $1, touch_after = $2" flags=() gate_port node_port
	gate_port=$(free_port)
	node_port=$(free_port)
	start ledger node "$interop/ledger.js" "$server_port" "$gate_port" "$node_port"
	wait_until 20 says_ready ledger || bail 'the ledger does not start'
	at=127.0.0.1:$server_port settled=storm_$1_$2
	make_conf store="mongodb://127.0.0.1:$gate_port/$settled?directConnection=true" payload="$1" \
		touch_after="$2s" workers=1 threads=1 trace=yes "${patient[@]}"
	start_responder responder || bail 'the responder does not start'
	settle "$settled"
	start_responder second=responder --run_dir="$dir/run/apart" ||
		bail 'the second responder does not start'
	[ "$1" = string ] || flags=(--document)
	start node node "$interop/peer.js" --listen "$dir/run/node.sock" --secret-file "$dir/secret" \
		--mongodb "mongodb://127.0.0.1:$node_port/$settled?directConnection=true" \
		--touch-after "$2" "${flags[@]}"
	wait_until 30 accepts_or_ended node
	ok "$with: $requests requests of all kinds at once, each answered by 200" \
		node "$interop/mixed.js" "$url" "$requests"
	stop node
	is $? 0 "$with: the Node process lived to its end"
	# what gate destroyed while Node had it loaded
	is "$(grep -v -e '^ready$' -e 'Unable to find the session to touch' "$dir/log/node" | head -n 3)" '' \
		'and met no other error than a session that had gone'
	stop second
	is $? 0 'gate lives'
	stop responder
	is $? 0 'and so does the other'
	stop ledger
	diag "$(grep -v ready "$dir/log/ledger")"
	is "$(ledger_says wrong)" 0 "$with: no write of Node's is overwritten unseen"
	ok 'though Node wrote between the read and the write of gate' [ "$(ledger_says between)" -gt 0 ]
	is "$(runs_again)" "$(ledger_says conflicts)" 'and the log counts each conflict'
	is "$(grep -chE 'event=(session-busy|session-unreadable|store-failed)' \
		"$dir/log/responder" "$dir/log/second" | paste -sd' ')" '0 0' 'nothing failed'
	rm "$dir"/log/{responder,second,node,ledger}
}

requests=$(count 5000)
nginx_server="location /node/ { proxy_pass http://unix:$dir/run/node.sock:/; proxy_http_version 1.1; }"
start_nginx
for form in string document; do
	storm $form 0
	storm $form 86400
done
end_server TERM
done_testing
