#!/bin/bash
# test_interop_mongodb.sh: gate and the real express-session with connect-mongo on one collection,
# both running, behind one nginx: /r/ is ours, /node/ is theirs.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"
. "$src/tests/node/lib_interop.sh"
need_database
marks=yes

document() { node "$interop/document.js" "$db" "${2:-$(sid)}" "$1"; } # EXPRESSION [ID]
# As Node reads the payload, in either form.
member() { document "(r => $1)(typeof d.session === 'string' ? JSON.parse(d.session) : d.session)"; }
is_there() { [ "$(document d "$1")" != null ]; }
also() {
	case $1 in
	begun)
		is "$(document 'typeof d.session')" "\"$type\"" "the payload is a $type"
		near "$(document 'd.expires.getTime()')" $(($(date +%s%3N) + ttl * 1000)) \
			'and the document lives ttl'
		;;
	aged) near "$(document 'd.expires.getTime()')" "$2" 'and the document' ;;
	renewed) is "$(document 'typeof d.session')" "\"$type\"" 'in the same form' ;;
	esac
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
			is "$status" 200 "${with}gate sets $value beside what Node may write, maxAge $age"
		done
		get /node/unset?name=ours
		is "$body" "$before" 'Node shows what it showed before'
		is "$(document 'd.theirs')" '"1970-01-01T00:00:00.005Z"' 'its own field is there'
	done
}

# Each number that Node can store is the same when gate has written its member anew.
numbers() {
	new_visitor
	get /node/count
	node "$interop/numbers.js" 500 "$(date +%j)" >"$dir/numbers"
	document 'c.findOne({_id: "'"$(sid)"'"}).then((d) => {
		const n = {list: JSON.parse(process.getBuiltinModule("fs").readFileSync("'"$dir/numbers"'", "utf8"))};
		const session = typeof d.session === "string"
			? JSON.stringify({...JSON.parse(d.session), n}) : {...d.session, n};

		return c.updateOne({_id: d._id}, {$set: {session}});
	})' - >/dev/null
	get '/r/inside?name=n&member=more&value=1'
	member r.n.list >"$dir/list" # no pipe: of more than it holds, Node reads a part
	is "$status $(member r.n.more) $(node "$interop/numbers.js" check "$dir/numbers" "$dir/list")" \
		"200 1 $(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).length' "$dir/numbers") kept" \
		"${with}a change beside numbers: each of them is what it was"
	get '/r/set?name=n&value=1'
	is "$status" 200 'and another value takes their place'
	get '/r/set?name=n&value=1e19'
	get '/r/set?name=other&value=1'
	is "$status $(member r.n)" '200 10000000000000000000' 'a wide one is set, and stays'
}

all() { # FORM TYPE TOUCH-AFTER
	with="payload = $1, touch_after = $3: " type=$2 db=$(database "${1}_$3")
	make_indexes "$db"
	peer=(--mongodb "$db")
	make_conf store="$db" payload="$1" ttl=${ttl}s touch_after="$3" "${patient[@]}"
	start_responder responder || bail 'the responder does not start'
	local flags=()
	[ "$1" = string ] || flags=(--document)
	start_peer node --touch-after "$3" "${flags[@]}" ||
		bail "the Node peer does not start: $(tail -n 3 "$dir/log/node")"
	goes_on
	by_turns r node ''
	lifetimes
	ends
	overlaps
	odd
	numbers
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
usual='started|stopped|environment-unknown|session-(unknown|ended)|change-refused|log-suppressed'
is "$(grep -vhE "event=($usual)( |\$)" "$dir"/log/responder | sort -u | head -n 3)" '' \
	'gate: no error'
done_testing
