#!/bin/bash
# test_interop_login.sh: one login for gate's pages, behind nginx, and for a Node program on a port
# of its own, both on one folder: with the name at username, and with the real passport.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

interop=$src/tests/node/interop
password='canary: seven wild geese'

need_nginx
need_node "$interop"

# ---- both sides
is_ready() { grep -q '^port ' "$dir/log/node" || ended node; }
start_node() { # [--passport]
	start node node "$interop/login.js" --sessions "$dir/sessions" --secret-file "$dir/secret" "$@"
	wait_until 30 is_ready
	running node || bail "Node does not start: $(tail -n 3 "$dir/log/node")"
	node_url=http://127.0.0.1:$(sed -n 's/^port //p' "$dir/log/node")
}
at_node() { # PAGE [CURL'S ARGUMENTS...]
	local url=$node_url
	get "/$1" --get "${@:2}"
}
browser() { jar=$dir/jar-$1; } # NAME: the one that sends what follows
here() { # BROWSER USER: a new visitor, who logs in at gate
	browser "$1"
	new_visitor
	log_in "$2" "$password"
}
there() { # BROWSER NAME, as JSON: at Node
	browser "$1"
	new_visitor
	at_node login --data-urlencode "name=$2"
}
set_here() { get /r/set --get --data-urlencode "name=$1" --data-urlencode "value=$2"; } # MEMBER JSON
set_there() { at_node set --data-urlencode "name=$1" --data-urlencode "value=$2"; }
anew() { rm -f "$dir"/sessions/*.json "$dir"/jar-*; }

# ---- what they say
gate_says() { # NAME, or nobody; TEST
	local wanted="Welcome $1"
	[ "$1" != nobody ] || wanted='Sessions that count right'
	get /
	is "$status $(heading)" "200 $wanted" "$2"
}
node_says() { # NAME as JSON, or nobody; TEST
	at_node who
	is "$status $body" "200 $1" "$2"
}
devices() { # that /account lists; * is this one
	get /account
	sed -n 's: *<span.*this one.*</span>:*:; s:</*bdi>::g; s:.*<h3>\(.*\)</h3>.*:\1:p' <<<"$body" | sort | paste -sd,
}
node_handles() { # on the page just seen, of sessions that began at Node
	sed -n 's:.*value="\([^"]*\)" aria-label="End the session. Unknown.*:\1:p' <<<"$body"
}
ids() { for name; do (browser "$name"; id_in "$(session_cookie)"); done | sort; } # BROWSER...
listed() { # NAME: the ids that an operator sees
	"$(program gate)" session list --user "$1" --config "$dir/gate.conf" | cut -f 1 | sort
}
record() { record_of "$(session_cookie)"; }
member() { # EXPRESSION over r, the record: as JSON, as Node reads it
	[ -e "$(record)" ] || { echo 'no record'; return; }
	node -p "const r = JSON.parse(fs.readFileSync('$(record)', 'utf8')); JSON.stringify($1)"
}

# ---- the name: at $at of the session, which is or is in its member $outer
value_of() { # NAME as JSON: what the member then is
	[ "$outer" = "$at" ] && echo "$1" || echo "{\"user\":$1}"
}
names() { member "[r.${at/./?.}, r.gate.user]"; } # where Node looks, and gate's copy

test_from_gate() {
	local old
	here one alice
	is "$status $(header Location)" '303 /' "$at: alice logs in at gate"
	is "$(names)" '["alice","alice"]' '  her name stands where Node looks'
	node_says '"alice"' '  Node sees her'
	set_there colour '"red"'
	is "$(names) $(member r.colour)" '["alice","alice"] "red"' '  Node writes, and leaves her name'
	gate_says alice '  gate still knows her'
	browser two
	new_visitor
	set_there colour '"blue"'
	old=$(cookie_header)
	node_says nobody '  a session that Node began is nobody’s'
	log_in alice "$password"
	node_says '"alice"' '  until she logs in there'
	is "$(member r.colour)" '"blue"' '  with what was in it'
	new_visitor
	at_node who -H "Cookie: $old"
	is "$status $body" '200 nobody' '  the id from before opens nothing'
}

test_from_node() {
	here one alice
	there two '"alice"'
	node_says '"alice"' "$at: alice logs in at Node"
	browser one
	is "$(devices)" 'curl*' '  her list has it only when gate has seen it'
	browser two
	gate_says alice '  gate greets her'
	is "$(names) $(member 'typeof r.gate.created')" '["alice","alice"] "number"' \
		'  and notes her, and since when'
	get /user
	is "$status $(heading)" '200 Welcome alice' '  the guarded page opens'
	is "$(devices)" 'Unknown device*,curl' '  her list has it, and the one made here'
	browser one
	is "$(devices)" 'Unknown device,curl*' '  seen from there too'
	is "$(listed alice)" "$(ids one two)" '  gate session list --user has both'
	there three '"zoe 张三"'
	gate_says 'zoe 张三' '  one whom the users file does not know is logged in too'
	get /user
	is "$status $(heading)" '200 Welcome zoe 张三' '  on the guarded page'
	is "$(listed 'zoe 张三')" "$(ids three)" '  and in the list'
	post /account --data-urlencode "current=$password" -d 'new=five+tame+ducklings' \
		-d 'again=five+tame+ducklings'
	is "$status $(grep -c 'be changed here: ask the administrator' <<<"$body")" '422 1' \
		'  but has no password to change'
}

test_end() {
	here one alice
	for name in two three four; do
		there $name '"alice"'
		gate_says alice "$at: alice at Node, in browser $name"
	done
	there five '"bob"'
	gate_says bob '  and bob'
	browser one
	devices >/dev/null
	is "$(get /account; node_handles | grep -c .)" 3 '  her list has three from Node'
	get /account
	post /account -d "session=$(node_handles | head -n 1)"
	is "$status $(header Location)" '303 /account' '  she ends one'
	is "$(devices) $(records)" 'Unknown device,Unknown device,curl* 4' '  that is gone'
	post /account -d others=yes
	is "$status $(devices)" '303 curl*' '  and all others'
	for name in two three four; do
		browser $name
		node_says nobody "  Node sees nobody in browser $name"
		gate_says nobody '  nor does gate'
	done
	browser five
	node_says '"bob"' '  bob stays'
	browser one
	node_says '"alice"' '  and she, where she is'
	there two '"alice"'
	gate_says alice '  the other way round'
	post /account -d others=yes
	browser one
	node_says nobody '  a session from Node ends one of gate’s'
}

test_logout() {
	here one alice
	post /logout
	is "$status $(cookie_header | grep -c connect.sid) $(records)" '303 0 0' "$at: logout at gate"
	here one alice
	old=$(cookie_header)
	post /logout
	get / -H "Cookie: $old"
	is "$(heading)" 'Sessions that count right' '  the cookie opens nothing here'
	at_node who -H "Cookie: $old"
	is "$body" nobody '  nor there'
	there one '"alice"'
	gate_says alice '  after a login at Node too'
	post /logout
	node_says nobody '  she is logged out there'
	is "$(records)" 0 '  and the record is gone'
	for side in here there; do
		[ $side = here ] && here one alice || there one '"alice"'
		gate_says alice "  a login $side"
		old=$(record)
		at_node logout
		is "$status $body" '200 logout' '  logout at Node'
		ok '  its record is gone' test ! -e "$old"
		gate_says nobody '  gate knows nobody'
		get /user
		is "$status $(header Location)" '302 /login?next=/user' '  the guarded page sends to the login'
		is "$(listed alice)" '' '  nothing is listed'
	done
}

# A program of Node's that puts another name into the session, under the same id.
test_change() {
	here one alice
	here two bob
	browser one
	set_there "$outer" "$(value_of '"bob"')"
	gate_says bob "$at: Node makes bob of alice"
	is "$(names)" '["bob","bob"]' '  gate follows'
	is "$(listed alice) $(listed bob)" " $(ids one two)" '  and so do the lists'
	is "$(devices)" 'Unknown device*,curl' '  what gate knew of alice’s login is not bob’s'
	browser two
	post /account -d others=yes
	browser one
	node_says nobody '  bob ends it'
	here one alice
	set_there "$outer" "$(value_of null)"
	gate_says nobody '  Node takes her name away: nobody'
	is "$(names) $(listed alice)" '[null,null] ' '  in the record and the lists'
	here one alice
	log_in bob "$password"
	node_says '"bob"' '  bob logs in at gate where alice was'
	there one '"alice"'
	set_there colour '"red"'
	log_in bob "$password"
	node_says '"bob"' '  or where Node had her'
	is "$(names) $(member 'r.colour ?? null')" '["bob","bob"] null' '  and gets nothing of hers'
}

test_names() {
	local value
	there one 42
	gate_says 42 "$at: an integer is a name"
	is "$(names) $(listed 42)" "[42,\"42\"] $(ids one)" '  it stays one, and is listed'
	here two 42
	node_says '"42"' '  a login here writes text'
	is "$(devices)" 'Unknown device,curl*' '  both are one user’s'
	is "$(listed 42)" "$(ids one two)" '  in both lists'
	for value in 1.5 true '{"name":"alice"}' '["alice"]' '""' '"a\u0000b"' '"\ud800"' null; do
		there one '"alice"'
		set_there "$outer" "$(value_of "$value")"
		gate_says nobody "  $value is nobody"
		set_here colour '"red"'
		is "$status $(member "[r.${at/./?.}, r.colour]")" \
			"200 $(node -p "JSON.stringify([JSON.parse(process.argv[1]), 'red'])" "$value")" \
			'  and a page may write beside it'
	done
}

# A page of ours may read the name, no more.
refused() { # MEMBER VALUE TEST: the record and the cookie stay as they were
	local before
	before=$(cat "$dir"/sessions/*.json 2>/dev/null)
	set_here "$1" "$2"
	is "$status $(header Set-Cookie)" '500 ' "$3: 500"
	is "$(cat "$dir"/sessions/*.json 2>/dev/null)" "$before" '  nothing was written'
}
test_writing() {
	local value
	for value in '"alice"' '"bob"' 42 true 1.5 '["bob"]' '{"user":"bob"}' '"a\u0000b"'; do
		anew
		browser one
		refused "$outer" "$(value_of "$value")" "$at: a page writes $value for a newcomer"
		node_says nobody '  at Node he is nobody'
		set_here colour '"red"'
		refused "$outer" "$(value_of "$value")" '  for one who is not logged in'
		node_says nobody '  at Node he is nobody'
		[ "$value" != '"alice"' ] || continue
		here one alice
		refused "$outer" "$(value_of "$value")" '  for alice'
		node_says '"alice"' '  she stays at Node'
	done
	gate_says alice '  and at gate'
	get "/r/unset?name=$outer"
	is "$status $(names)" '500 ["alice","alice"]' '  a page takes her name away: 500'
	get /r/clear
	is "$status $(names)" '500 ["alice","alice"]' '  all there is: 500'
	like "$(grep event=session-refused "$dir/log/responder" | tail -n 1)" \
		"session member $at says who is logged in" '  the log names the member'
	set_here colour '"red"'
	is "$status $(names)" '200 ["alice","alice"]' '  beside it pages may write'
	there one '"alice"'
	refused "$outer" "$(value_of '"bob"')" '  a login from Node that gate has not seen'
	node_says '"alice"' '  stays hers'
}

# Whoever got hold of a secret can make no use of it when nobody is logged in any more.
test_kill_all() {
	here one alice
	there two '"alice"'
	is "$("$(program gate)" session kill --all --config "$dir/gate.conf") $(records)" \
		'2 sessions are gone 0' "$at: gate session kill --all ends what gate has not seen, too"
	for name in one two; do
		browser $name
		node_says nobody '  Node sees nobody'
		gate_says nobody '  nor does gate'
	done
	set_here colour '"red"'
	like "$(grep event=session-unknown "$dir/log/responder" | tail -n 1)" \
		'session=[0-9a-f]{12} why=' '  a new session takes its place, and the log says so'
}

# What Node keeps beside the name, and jansson can't hold: no page sees the member, nor changes it.
test_beside() {
	local same='{"user":"alice","half":"\ud800"}'
	there one '"alice"'
	set_there passport "$same"
	gate_says alice "$at: in a member that C can't read the name counts too"
	set_here colour '"red"'
	is "$status $(grep -cF "\"passport\":$same" "$(record)")" '200 1' '  a page may write beside it'
	refused passport '{"user":"bob"}' '  but not in its place'
	get /user
	is "$status $(heading)" '200 Welcome alice' '  the guarded page opens'
	post /logout
	node_says nobody '  until she logs out'
}

# ---- what both share
for name in alice bob 42; do make_user $name "$password"; done
chmod 600 "$dir/users"
started=()
start_here() {
	make_conf users="file:$dir/users" insecure_http=yes file_sync=yes user_member="$at"
	for name in "${started[@]}"; do stop "$name"; done
	started=(responder index login logout user account)
	for name in "${started[@]}"; do start_responder "$name" || bail "$name does not start"; done
}
stop_node() {
	stop node
	is $? 0 "$at: Node lived to its end"
	is "$(grep -v '^port ' "$dir/log/node")" '' '  it met no error'
	rm "$dir/log/node"
}

for at in username passport.user; do
	outer=${at%.*}
	start_here
	[ -n "${url:-}" ] || start_nginx
	[ $at = username ] && start_node || start_node --passport
	for test in from_gate from_node end logout change names writing kill_all; do
		anew
		test_$test
	done
	[ $at = username ] || { anew; test_beside; }
	stop_node
done

usual='started|stopped|environment-unknown|session-(refused|ended|unknown)|login|logout|log-suppressed'
usual+='|password-(unchangeable|refused)'
is "$(cat "$dir"/log/{responder,index,login,logout,user,account} |
	grep -vE "event=($usual)( |\$)" | sort -u | head -n 3)" '' 'gate: no error'
done_testing
