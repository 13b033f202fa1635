#!/bin/bash
# test_interop_mongodb.sh: gate and the real express-session with connect-mongo on one collection,
# both running, behind one nginx: /r/ is ours, /node/ is theirs.
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"

interop=$src/tests/interop
ttl=1209600

command -v node >/dev/null || skip_all 'node is not installed'
command -v npm >/dev/null || skip_all 'npm is not installed'
need_nginx
modules=$(sh "$src/tests/npm.sh" "$interop" 2>"$dir/log/npm") ||
	skip_all "npm can't install the pinned packages: $(tail -n 1 "$dir/log/npm")"
export NODE_PATH=$modules/node_modules
uri=$("$src/tests/mongodb-server" --parent $$ 2>"$dir/log/mongodb") ||
	skip_all "there is no MongoDB server: $(cat "$dir/log/mongodb")"
grep -q '^#define HAVE_MONGODB' "$build/config.h" || skip_all 'built without MongoDB'
[[ $uri == *\?* ]] && options=?${uri#*\?} || options=
database=${uri%%\?*}
database=${database%/}/gate_test_$$_

start_peer() { # NAME [ARGUMENT...]: listens on $dir/run/NAME.sock
	local name=$1
	shift
	start "$name" node "$interop/peer.js" --listen "$dir/run/$name.sock" --mongodb "$db" \
		--secret-file "$dir/secret" --ttl $ttl "$@"
	wait_until 30 accepts_or_ended "$name"
	running "$name" && accepts "unix:$dir/run/$name.sock"
}
stop_peer() { # NAME: it must not have died, nor said anything
	stop "$1"
	is $? 0 "$1: the Node process lived to its end"
	is "$(grep -v -e '^ready$' "$dir/log/$1")" '' "$1: it met no error"
	rm "$dir/log/$1"
}
peer_location() { # NAME: forwards /NAME/PAGE as /PAGE
	echo "location /$1/ { proxy_pass http://unix:$dir/run/$1.sock:/; proxy_http_version 1.1; }"
}
script() { node "$interop/$1.js" "$url" "${@:2}"; }
sid() { cookie_header | sed -n 's/.*connect\.sid=s%3A\([^.]*\)\..*/\1/p'; }
document() { node "$interop/document.js" "$db" "${2:-$(sid)}" "$1"; } # EXPRESSION [ID]
# As Node reads the payload, in either form.
member() { document "(r => $1)(typeof d.session === 'string' ? JSON.parse(d.session) : d.session)"; }
near() { # GOT WANTED NAME: times at most 15 seconds apart
	local apart=$(($1 - $2))
	[ ${apart#-} -le 15000 ]
	result $? "$3" || diag "$1 is not near $2"
}
cookies_set() { header set-cookie | grep -c '^connect\.sid='; }
visit() { # SIDE N NAME
	get "/$1/count"
	is "$status $body" "200 visit $2" "$3"
}
dead() { # SIDE COOKIE NAME: opens nothing
	new_visitor
	get "/$1/show" -H "Cookie: $2"
	is "$status $body" '200 {}' "$3"
}
shared() { # a session that both have written; $old and $id are its cookie and id
	new_visitor
	visit r 1 'a session'
	visit node 2 'of both'
	old=$(cookie_header) id=$(sid)
}
gone() { is "$(document d "$id")" null "$1"; } # NAME

# ---- each of these in both forms
goes_on() {
	for sides in 'r node' 'node r'; do
		read -r first second <<<"$sides"
		new_visitor
		visit "$first" 1 "$with: $first begins a session"
		is "$(cookies_set)" 1 "$first sets the cookie"
		old=$(sid)
		visit "$second" 2 "$second goes on with it"
		is "$(cookies_set)" 0 "$second leaves the cookie alone"
		visit "$first" 3 "$first sees what $second wrote"
		is "$(sid)" "$old" 'under one id'
		is "$(member 'r.cookie.expires')" null 'which ends with the browser'
		is "$(document 'typeof d.session')" "\"$type\"" "the payload is a $type"
		near "$(document 'd.expires.getTime()')" $(($(date +%s%3N) + ttl * 1000)) \
			'and the document lives ttl'
		get /node/login --get --data-urlencode 'name=张三'
		get /r/show
		is "$body" '{"views":3,"username":"张三"}' 'a name that Node set is seen by gate'
		get /r/set --get --data-urlencode 'name=città' --data-urlencode 'value="Zürich 😀"'
		get /node/show
		is "$body" '{"views":3,"username":"张三","città":"Zürich 😀"}' 'and the other way round'
		get /r/unset?name=username
		get /node/unset --get --data-urlencode 'name=città'
		get /r/show
		is "$body" '{"views":3}' 'what either side removes is gone'
	done
	is "$(get /node/length; echo "$body")" 'length 2' 'Node counts the documents that there are'
	visits=$(count 500)
	ok "$visits visits by turns, begun by gate" script turns "$visits" r node
	ok "$visits visits by turns, begun by Node" script turns "$visits" node r
}

lifetimes() {
	for sides in 'r node' 'node r'; do
		read -r first second <<<"$sides"
		now=$(date +%s%3N)
		new_visitor
		visit "$first" 1 "$with: $first begins a session that ends with the browser"
		get "/$first/maxage?ms=900000&mark=1"
		get /node/cookie
		like "$body" '"originalMaxAge":(900000|899999),' "$first: a quarter of an hour"
		get /r/expires
		near "${body#expires }" $((now + 900000)) 'gate says when it ends'
		visit "$second" 2 "$second goes on with it"
		like "$(header set-cookie)" '^connect\.sid=.*; Expires=[A-Z]' 'and tells the browser when'
		near "$(document 'd.expires.getTime()')" $((now + 900000)) 'and the document'
		near "$(member 'new Date(r.cookie.expires).getTime()')" $((now + 900000)) 'in the payload too'
		get "/$second/maxage?ms=0&mark=2"
		is "$(member '[r.cookie.originalMaxAge, r.cookie.expires]')" '[null,null]' \
			"with the browser again, says $second"
		visit "$first" 3 "$first goes on with it"
		unlike "$headers" 'Expires=' 'and knows no expiry'
	done
}

ends() {
	for sides in 'r node' 'node r'; do
		read -r first second <<<"$sides"
		shared
		get "/$first/destroy"
		is "$status $body" '200 destroy 0' "$with: $first destroys it"
		gone 'its document is gone'
		dead "$first" "$old" "$first: its cookie opens nothing"
		dead "$second" "$old" "$second: its cookie opens nothing"
		get "/$second/count" -H "Cookie: $old"
		is "$status $body" '200 visit 1' "$second begins anew"
		gone 'and nothing came back'

		shared
		get "/$first/renew"
		is "$status $(cookies_set)" '200 1' "$first renews it"
		gone 'the old document is gone'
		visit "$second" 3 "$second goes on under the new id, with the data"
		is "$(document 'typeof d.session')" "\"$type\"" 'in the same form'
		visit "$first" 4 "and so does $first"
		dead "$second" "$old" "$second: the old cookie opens nothing"
	done
	shared
	get /node/regenerate
	is "$status $body" '200 visit 1' 'Node regenerates it: a new id, and no data'
	gone 'the old document is gone'
	visit r 2 'gate goes on under the new id'
	dead r "$old" 'gate: the old cookie opens nothing'
}

# Requests that overlap: gate works on what it loaded, and Node is faster.
overlap() { # PAGE-OF-GATE PAGE-OF-NODE...: what gate answers is in $dir/answer
	rm -f "$dir/ready" "$dir/go"
	start slow curl -s -m 30 -b "$jar" -c "$dir/slow-jar" -o "$dir/answer" \
		"$url/r/slowfile?ready=$dir/ready&go=$dir/go&then=$1"
	wait_until 10 test -e "$dir/ready"
	shift
	for page; do get "/node/$page"; done
	touch "$dir/go"
	stop slow CONT
	is "$? $(cat "$dir/answer")" "0 $answer" "gate answers: $answer"
}
overlaps() {
	shared
	answer='views 4' overlap count 'set?name=m1&value=1' count 'set?name=m2&value=2'
	is "$(member '[r.views, r.m1, r.m2]')" '[4,1,2]' \
		"$with: gate counts on top of what Node wrote meanwhile"
	shared
	answer='views 2' overlap renew 'set?name=m1&value=1'
	mv "$dir/slow-jar" "$jar"
	get /node/show
	is "$body" '{"views":2,"m1":1}' 'and takes it along to a new id'
	shared
	answer='views 1' overlap count destroy
	gone 'what Node destroys meanwhile, gate does not bring back'
	shared
	answer='views 1' overlap count regenerate
	gone 'nor what Node regenerates'
	visit node 2 "whose new cookie is still the browser's"
}

# What gate did not change stays as it was, and what Node wrote beside the payload.
odd() {
	local before
	for age in 0 900000; do
		new_visitor
		get /node/odd
		get "/node/maxage?ms=$age"
		document 'c.updateOne({_id: "'"$(sid)"'"}, {$set: {theirs: new Date(5)}})' - >/dev/null
		before=$(get /node/show; echo "$body")
		for value in 1 '%22x%22' %7B%22a%22:%5B1%5D%7D; do
			get "/r/set?name=ours&value=$value"
			is "$status" 200 "$with: gate sets $value beside what Node may write, maxAge $age"
		done
		get /node/unset?name=ours
		is "$body" "$before" 'Node shows what it showed before'
		is "$(document 'd.theirs')" '"1970-01-01T00:00:00.005Z"' 'its own field is there'
	done
}

all() { # FORM TYPE TOUCH-AFTER
	with="payload = $1, touch_after = $3" type=$2 db=$database${1}_$3$options
	make_conf store="$db" payload="$1" ttl=${ttl}s touch_after="$3"
	start_responder responder || bail 'the responder does not start'
	local flags=()
	[ "$1" = string ] || flags=(--document)
	start_peer node --touch-after "$3" "${flags[@]}" ||
		bail "the Node peer does not start: $(tail -n 3 "$dir/log/node")"
	goes_on
	lifetimes
	ends
	overlaps
	odd
	document 'c.drop()' - >/dev/null
	stop_peer node
	stop responder
}

(umask 077 && echo "ключ-鍵-$(head -c 24 /dev/urandom | base64)" >"$dir/secret")
nginx_server=$(peer_location node)
start_nginx
all string string 0
all string string 86400
all document object 0
all document object 86400
usual='started|stopped|environment-unknown|session-unknown'
is "$(grep -vhE "event=($usual)( |\$)" "$dir"/log/responder | sort -u | head -n 3)" '' \
	'gate: no error'
done_testing
