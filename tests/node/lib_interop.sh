# lib_interop.sh: what the tests of gate beside Node on the same sessions share, behind lib.sh: /r/ is
# ours, /node/ is theirs. The store's test says:
#	peer           an array: the arguments that tell peer.js of the store
#	member JS      JSON of an expression over r, the browser's record as Node reads it
#	is_there ID    whether the store has that record
#	also WHEN      what is to be seen in the store: begun, aged MS, renewed
# and may set $with, what the names of tests begin with, and $marks, where a change of the lifetime
# alone would not be written by Node.
interop=$src/tests/node/interop
ttl=1209600
with='' marks=''

need_nginx
need_node "$interop"

# ---- both sides
start_peer() { # NAME [ARGUMENT...]: listens on $dir/run/NAME.sock
	local name=$1
	shift
	start "$name" node "$interop/peer.js" --listen "$dir/run/$name.sock" "${peer[@]}" \
		--secret-file "$dir/secret" --ttl $ttl "$@"
	wait_until 30 accepts_or_ended "$name"
	running "$name" && accepts "unix:$dir/run/$name.sock"
}
stop_peer() { # NAME [GREP'S ARGUMENTS...]: it must not have died, nor said anything unexpected
	stop "$1"
	is $? 0 "$1: the Node process lived to its end"
	is "$(grep -v -e '^ready$' "${@:2}" "$dir/log/$1")" '' "$1: it met no error"
	rm "$dir/log/$1"
}
peer_location() { # NAME: forwards /NAME/PAGE as /PAGE
	echo "location /$1/ { proxy_pass http://unix:$dir/run/$1.sock:/; proxy_http_version 1.1; }"
}
script() { node "$interop/$1.js" "$url" "${@:2}"; }
sid() { cookie_header | sed -n 's/.*connect\.sid=s%3A\([^.]*\)\..*/\1/p'; }
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
gone() { # NAME
	! is_there "$id"
	result $? "$1"
}

# ---- a session goes on where the other side left it
goes_on() {
	local sides first second
	for sides in 'r node' 'node r'; do
		read -r first second <<<"$sides"
		new_visitor
		visit "$first" 1 "$with$first begins a session"
		is "$(cookies_set)" 1 "$first sets the cookie"
		old=$(sid)
		visit "$second" 2 "$second goes on with it"
		is "$(cookies_set)" 0 "$second leaves the cookie alone"
		visit "$first" 3 "$first sees what $second wrote"
		is "$(sid)" "$old" 'under one id'
		is "$(member '[r.cookie.originalMaxAge, r.cookie.expires]')" '[null,null]' \
			'which ends with the browser'
		also begun
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
	is "$(get /node/length; echo "$body")" 'length 2' 'Node counts the records that there are'
}
by_turns() { # OURS THEIRS NAME
	local visits
	visits=$(count 500)
	ok "$visits visits by turns, $3begun by gate" script turns "$visits" "$1" "$2"
	ok "$visits visits by turns, $3begun by Node" script turns "$visits" "$2" "$1"
}

lifetimes() {
	local sides first second now
	for sides in 'r node' 'node r'; do
		read -r first second <<<"$sides"
		now=$(date +%s%3N)
		new_visitor
		visit "$first" 1 "$with$first begins a session that ends with the browser"
		get "/$first/maxage?ms=900000${marks:+&mark=1}"
		get /node/cookie
		like "$body" '"originalMaxAge":(900000|899999),.*"expires":"20' \
			"a quarter of an hour by $first: Node sees it"
		get /r/expires
		near "${body#expires }" $((now + 900000)) 'gate too'
		visit "$second" 2 "$second goes on with it"
		like "$(header set-cookie)" '^connect\.sid=.*; Expires=[A-Z]' 'and tells the browser when'
		near "$(member 'new Date(r.cookie.expires).getTime()')" $((now + 900000)) 'and in the record'
		also aged $((now + 900000))
		get "/$second/maxage?ms=0${marks:+&mark=2}"
		is "$(member '[r.cookie.originalMaxAge, r.cookie.expires]')" '[null,null]' \
			"with the browser again, says $second"
		visit "$first" 3 "$first goes on with it"
		unlike "$headers" 'Expires=' 'and knows no expiry'
		get /r/expires
		is "$body" 'expires 0' 'nor does gate'
	done
}

# ---- the end of a session
ends() {
	local sides first second
	for sides in 'r node' 'node r'; do
		read -r first second <<<"$sides"
		shared
		get "/$first/destroy"
		is "$status $body" '200 destroy 0' "$with$first destroys it"
		gone 'its record is gone'
		dead "$first" "$old" "$first: its cookie opens nothing"
		dead "$second" "$old" "$second: its cookie opens nothing"
		get "/$second/count" -H "Cookie: $old"
		is "$status $body" '200 visit 1' "$second begins anew"
		is "$(header set-cookie | grep -c 'connect\.sid=s%3A')" 1 'with a new cookie'
		gone 'and nothing came back'

		shared
		get "/$first/renew"
		is "$status $(cookies_set)" '200 1' "$first renews it"
		gone 'the old record is gone'
		visit "$second" 3 "$second goes on under the new id, with the data"
		also renewed
		visit "$first" 4 "and so does $first"
		dead "$second" "$old" "$second: the old cookie opens nothing"
	done
	shared
	get /node/regenerate
	is "$status $body" '200 visit 1' 'Node regenerates it: a new id, and no data'
	gone 'the old record is gone'
	visit r 2 'gate goes on under the new id'
	dead r "$old" 'gate: the old cookie opens nothing'
}

# ---- requests that overlap: gate works on what it loaded, and Node is faster
overlap() { # PAGE-OF-GATE PAGE-OF-NODE...: gate answers $answer
	rm -f "$dir/ready" "$dir/go"
	start slow curl -s -m 30 -b "$jar" -c "$dir/slow-jar" -o "$dir/answer" \
		"$url/r/slowfile?ready=$dir/ready&go=$dir/go&then=$1"
	wait_until 10 test -e "$dir/ready"
	shift
	for page; do get "/node/$page"; done
	touch "$dir/go"
	stop slow CONT
	is "$? $(answered)" "0 $answer" "gate answers: $answer"
}
answered() { # its body, or the heading of a page
	grep -o '<h1>[^<]*' "$dir/answer" || cat "$dir/answer"
}
overlaps() {
	shared
	answer='views 4' overlap count 'set?name=m1&value=1' count 'set?name=m2&value=2'
	is "$(member '[r.views, r.m1, r.m2]')" '[4,1,2]' \
		"${with}gate counts on top of what Node wrote meanwhile"
	shared
	answer='views 2' overlap renew 'set?name=m1&value=1'
	mv "$dir/slow-jar" "$jar"
	get /node/show
	is "$body" '{"views":2,"m1":1}' 'and takes it along to a new id'
	shared
	answer='<h1>Conflict' overlap count destroy
	gone 'what Node destroys meanwhile, gate does not bring back'
	is "$(grep -c 'connect\.sid' "$dir/slow-jar")" 1 'and it sets no other cookie'
	shared
	answer='<h1>Conflict' overlap count regenerate
	gone 'nor what Node regenerates'
	visit node 2 "whose new cookie is still the browser's"
}
