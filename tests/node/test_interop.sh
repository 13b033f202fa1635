#!/bin/bash
# test_interop.sh: gate and the real express-session with session-file-store on one folder of
# records, both running, behind one nginx: /r/ is ours, /node/ is theirs.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/node/lib_interop.sh"

peer=(--sessions "$dir/sessions")
record() { echo "$dir/sessions/${1:-$(sid)}.json"; }
member() {
	node -p "const r = JSON.parse(fs.readFileSync('$(record)', 'utf8')); JSON.stringify($1)"
}
is_there() { [ -e "$(record "$1")" ]; }
also() {
	[ "$1" != begun ] || is "$(stat -c %a "$(record)")" 600 'nobody else may read what gate wrote'
}

(umask 077 && echo "ключ-鍵-$(head -c 24 /dev/urandom | base64)" >"$dir/secret")
make_conf file_sync=yes ttl=${ttl}s
nginx_server="$(peer_location node) $(peer_location node2)"
start_responder responder || bail 'the responder does not start'
start_peer node || bail "the Node peer does not start: $(tail -n 3 "$dir/log/node")"
start_nginx

goes_on
by_turns r node ''
start_responder second=responder --max_age=30m --rolling=yes
start_peer node2 --cookie '{"maxAge":1800000}' --rolling
by_turns second node2 'rolling, '
lifetimes

# Both sides agree when a record is over. Nobody waits: its last access is put back instead.
put_back() { # MILLISECONDS
	node -e "const r = JSON.parse(fs.readFileSync('$(record)', 'utf8')); r.__lastAccess -= $1;
		fs.writeFileSync('$(record)', JSON.stringify(r))"
}
for sides in 'r node' 'node r'; do
	read -r first second <<<"$sides"
	for lifetime in 900000 ${ttl}000; do
		new_visitor
		get "/$first/count"
		[ $lifetime != 900000 ] || get "/$first/maxage?ms=$lifetime"
		put_back $((lifetime - 30000))
		visit "$second" 2 "$second: half a minute before $lifetime ms are over it lives"
		put_back $((lifetime + 30000))
		visit "$second" 1 "$second: half a minute after it does not"
	done
done

ends
overlaps
# the other way round Node's write replaces ours: it can't be prevented, but nothing breaks
shared
rm -f "$dir/ready" "$dir/go"
start slow curl -s -m 30 -b "$jar" -o "$dir/answer" "$url/node/slow?ready=$dir/ready&go=$dir/go"
wait_until 10 test -e "$dir/ready"
visit r 3 'gate counts while Node works on what it loaded'
touch "$dir/go"
stop slow CONT
is "$? $(cat "$dir/answer")" '0 visit 3' 'Node overwrites it'
visit r 4 'and the session goes on'

# ---- what gate did not change stays as it was, byte for byte
rest() { # of the record: all but what a write of `ours` by gate may change
	sed -E 's/"expires":"[^"]*"/"expires":"-"/; s/"__lastAccess":[0-9]{13}/"__lastAccess":-/
		s/,"gate":\{"created":[0-9]+\}//; s/,"ours":[^,}]*//' "$(record)"
}
untouched() { # NAME
	local before shown
	get /node/show
	before=$(rest) shown=$body
	get '/r/set?name=ours&value=1'
	is "$status $(rest)" "200 $before" "$1: gate adds a member, the others keep their bytes"
	get '/r/set?name=ours&value=%22x%22'
	is "$status $(rest)" "200 $before" "$1: and changes it"
	like "$(cat "$(record)")" '"ours":"x"' "$1: it is there"
	get /node/unset?name=ours
	is "$status $body" "200 $shown" "$1: Node shows what it showed before"
}
for age in 0 900000; do
	new_visitor
	get /node/odd
	get "/node/maxage?ms=$age"
	untouched "what Node may write, maxAge $age"
done
get /r/show
is "$(node -p 'const s = JSON.parse(process.argv[1]); JSON.stringify([s.tenth, s.third === 1 / 3,
	s.huge, s.beyond, s[""], s.date, s.bytes, s["张三"], s.nul, "lone" in s, "nul\0name" in s])' \
	"$body")" \
	'[0.1,true,1e+21,9007199254740994,"a name without a letter","1970-01-01T00:00:00.000Z",'\
'{"type":"Buffer","data":[0,255]},"李四 😀","a\u0000b",false,false]' \
	'gate shows all of it that jansson can hold'
get '/r/set?name=wider&value=1'
is "$status $(member '[r.wider, r.wide]')" '200 [1,9223372036854776000]' \
	'a hidden member can be replaced, and its neighbours stay'

new_visitor
get /r/count
same='"minus":-0,"exp":1E+2,"text":"\u00e9\/\u2028","list":[ 1 , 2 ],"infinite":1e400,'
same+='"big":123456789012345678901234567890,"\u00e9\ud800":{"a":1,"a":2},"cookie":{ '
same+='"expires" : null,"originalMaxAge":null,"path":"/","x":[ 0 ]},"gate":{"x": 0.10 ,"created":'"$(date +%s%3N)}"
printf '%s' "{ \"one\" : 1.0 ,$same, \"__lastAccess\":$(date +%s%3N)} " >"$(record)"
get '/r/set?name=ours&value=1'
is "$status $(sed -E 's/("__lastAccess":)[0-9]{13}/\1-/' "$(record)")" \
	"200 {\"one\":1.0,$same,\"__lastAccess\":-,\"ours\":1}" \
	'what no JSON.stringify would write stays too'
visit node 1 'and Node reads it'
visit r 2 'and gate what Node made of it'

# ---- numbers: what JSON.parse and JSON.stringify keep, gate keeps, also where it writes them anew
node "$interop/numbers.js" 2000 "$(date +%j)" >"$dir/numbers"
new_visitor
get /r/count
printf '{"cookie":{"originalMaxAge":null,"expires":null,"path":"/"},"n":{"list":%s},"__lastAccess":%s}' \
	"$(cat "$dir/numbers")" "$(date +%s%3N)" >"$(record)"
get '/r/inside?name=n&member=more&value=1'
member r.n.list >"$dir/list" # no pipe: of more than it holds, Node reads a part
is "$status $(member r.n.more) $(node "$interop/numbers.js" check "$dir/numbers" "$dir/list")" \
	"200 1 $(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).length' "$dir/numbers") kept" \
	'a change beside numbers: each of them is what it was'
ok 'as JavaScript writes them' grep -qFf "$dir/numbers" "$(record)"
visit node 1 'and Node goes on'
for value in 9007199254740994 1152921504606846976 -1152921504606847000; do
	get "/r/set?name=big&value=$value"
	is "$status $(grep -o '"big":[^,}]*' "$(record)")" "200 \"big\":$value" "$value: a handler may set it"
done
get '/r/set?name=big&value=1152921504606846977'
is "$status $(member r.big)" '500 -1152921504606847000' 'an integer that no double holds is refused'

# ---- secrets
for name in old new both other; do make_secret "$dir/$name"; done
cat "$dir/new" "$dir/old" >"$dir/both"
stop second; stop_peer node2
start_responder second=responder --secret_file="$dir/both"
start_peer node2 --secret-file "$dir/old"
new_visitor
visit node2 1 'Node signs a cookie with the old secret'
old=$(cookie_header)
stop_peer node2
visit second 2 'gate, which knows both, takes it'
is "$(cookies_set)" 1 'and signs it anew'
unlike "$(cookie_header)" "${old##*.}" 'with another signature'
start_peer node2 --secret-file "$dir/new"
visit node2 3 'Node, which knows only the new one, takes that'
dead node2 "$old" 'but not the first'
dead r "$old" 'nor does a gate that knows neither'
stop second
start_responder second=responder --secret_file="$dir/old"
stop_peer node2
start_peer node2 --secret-file "$dir/both"
new_visitor
visit second 1 'gate signs with the old secret'
visit node2 2 'Node, which knows both, takes it'
visit second 3 'and the session goes on'
stop second

# ---- attributes of the cookie: the same from either side, in the record and in Set-Cookie
stop_peer node2
start_responder second=responder --cookie_secure=yes --cookie_same_site=none \
	--cookie_priority=high --cookie_partitioned=yes --cookie_domain=.example.org \
	--cookie_http_only=no --max_age=30m --rolling=yes --trusted_proxies=127.0.0.1
start_peer node2 --rolling --proxy --cookie '{"maxAge":1800000,"secure":true,"sameSite":"none",
	"priority":"high","partitioned":true,"domain":".example.org","httpOnly":false}'
attributes() { # SIDE [COOKIE]: of what it sets; $old is then the cookie, $file its record
	get "/$1/count" -H 'X-Forwarded-Proto: https' -H "Cookie: ${2:-}"
	old=$(header set-cookie | cut -d ';' -f 1)
	file=$dir/sessions/$(sed 's/.*s%3A\([^.]*\)\..*/\1/' <<<"$old").json
	header set-cookie | sed 's/^[^;]*; //; s/Expires=[^;]*/Expires=-/; s/Max-Age=1[78][0-9][0-9]; /Max-Age; /'
}
wanted() { # SIDE: gate's Max-Age stands beside Expires
	[ "$1" = node2 ] || printf 'Max-Age; '
	echo 'Domain=.example.org; Path=/; Expires=-; Secure; Partitioned; Priority=High; SameSite=None'
}
kept='{"originalMaxAge":-,"partitioned":true,"priority":"high","expires":-,"secure":true,'
kept+='"httpOnly":false,"domain":".example.org","path":"/","sameSite":"none"}'
for sides in 'second node2' 'node2 second'; do
	read -r first second <<<"$sides"
	new_visitor
	attributes "$first" >"$dir/first"
	is "$status $body $(cat "$dir/first")" "200 visit 1 $(wanted "$first")" "$first sets all attributes"
	is "$(sed -E 's/.*"cookie":(\{[^}]*\}).*/\1/
		s/("originalMaxAge":|"expires":)[^,]*/\1-/g' "$file")" "$kept" 'the record names them'
	attributes "$second" "$old" >"$dir/second"
	is "$status $body $(cat "$dir/second")" "200 visit 2 $(wanted "$second")" "$second sets the same"
	get /r/count -H "Cookie: $old"
	is "$status" 200 'a gate without them takes the record'
done
stop second; stop_peer node2

# ---- both at once
races=$(count 500)
ok "$races members by Node while gate counts: none is lost" script race "$dir/sessions" "$races"
storm=$(count 3000)
ok "$storm requests of all kinds at both sides" script storm "$dir/sessions" "$storm"

# ---- the same requests to either side alone
requests=$(count 200)
for options in 'no no 0' 'no no 3600000' 'no yes 0' 'yes yes 3600000'; do
	read -r rolling uninitialized age <<<"$options"
	flags=()
	[ "$rolling" = no ] || flags+=(--rolling)
	[ "$uninitialized" = no ] || flags+=(--save-uninitialized)
	[ "$age" = 0 ] && lifetime=null || lifetime=$age
	start_peer node2 "${flags[@]}" --cookie "{\"maxAge\":$lifetime,\"sameSite\":\"lax\"}"
	start_responder second=responder --touch_after=0 --rolling="$rolling" \
		--save_uninitialized="$uninitialized" --max_age="${age}ms"
	ok "$requests requests, rolling $rolling, save_uninitialized $uninitialized, max_age $age" \
		script table "$dir/sessions" "$requests" "$rolling" "$uninitialized" "$age"
	stop second
	stop_peer node2
done

# ---- nobody was hurt
stop_peer node -e '^failed: .*: ENOENT: ' # a touch of what another request destroyed
# the last ones are what the table's requests ask for
usual='started|stopped|environment-unknown|session-(refused|unknown|ended)|change-refused|cookie-signed-anew|log-suppressed'
is "$(grep -vhE "event=($usual)( |\$)" "$dir"/log/{responder,second} | sort -u | head -n 3)" '' \
	'gate: no error either'
done_testing
