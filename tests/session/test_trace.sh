#!/bin/bash
# test_trace.sh: with trace = yes each run of a handler says what became of its session, and why.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

# Without this, root writes to every folder, and no store of the test would ever fail.
[ "$(id -u)" != 0 ] || [ -n "${BOUND:-}" ] || BOUND=yes exec setpriv \
	--bounding-set=-dac_override,-dac_read_search "$BASH" "${BASH_SOURCE[0]}"
need_nginx

# ---- helpers
read_to=0 log=$dir/log/responder
begin() { # [LOG]: what is in it by now doesn't count
	log=$dir/log/${1:-responder}
	read_to=$(wc -l <"$log")
}
# The trace since then, but for time, level and event. A line of it is written before the answer.
traced() {
	tail -n "+$((read_to + 1))" "$log" | sed -n 's/^time=[^ ]* level=info event=session //p' |
		sed -E 's/ session=[0-9a-f]{12} / session=TAG /; s/ touched_ago=[0-9]+ms / touched_ago=N /'
}
tag_of() { tail -n 1 "$log" | sed -n 's/.* session=\([0-9a-f]*\) .*/\1/p'; }
ago_of() { tail -n 1 "$log" | sed -n 's/.* touched_ago=\([0-9]*\)ms .*/\1/p'; }
# says NAME PATH FIELDS: getting PATH logs this one line
says() {
	get "$2" "${@:4}"
	is "$(traced)" "path=${2%%\?*} $3" "$1"
	begin "${log##*/}"
}
sends() { # SET, CLEARED or NONE: what the last answer did to our cookie
	local line kind=none
	line=$(header Set-Cookie)
	[ -z "$line" ] || kind=set
	[[ $line != connect.sid=\;* ]] || kind=cleared
	is "$kind" "$1" "... and the cookie: $1"
}
id_of() { # the session's id, from the jar
	local cookie
	cookie=$(cookie_header)
	cookie=${cookie#*=s%3A}
	echo "${cookie%%.*}"
}
remember() { # what no log may show: the whole id, and the cookie
	local cookie
	cookie=$(cookie_header)
	printf '%s\n' "${cookie#*=}" "$(id_of)" >>"$dir/canaries"
}
age() { # MS: the session was touched that much earlier
	local file now
	file=$dir/sessions/$(id_of).json
	now=$(grep -o '"__lastAccess":[0-9]*' "$file" | cut -d: -f2)
	sed -i "s/\"__lastAccess\":$now/\"__lastAccess\":$((now - $1))/" "$file"
}
second() { # [--OPTION=VALUE...]: another responder, whose trace is looked at from here on
	[ -z "${pids[second]:-}" ] || stop second
	start_responder second=responder "$@" || bail 'no second responder'
	begin second
}

make_conf trace=yes
start_responder responder || bail 'no responder'
start_nginx
begin

# ---- what was loaded, and what became of it
nothing='cookie=kept why_cookie="nothing was stored" result=done'
has_it='cookie=kept why_cookie="the browser has it" result=done'
says 'not asked for' /r/nothing \
	'state="not asked for" did=nothing why="not loaded" cookie=kept why_cookie="not loaded" result=done'
says 'new, untouched' /r/read "state=new did=nothing why=\"new and empty\" $nothing"
sends none
is "$(records)" 0 '... and no record'
says 'new, changed and changed back' /r/undo "state=new did=nothing why=\"new and empty\" $nothing"
says 'new, destroyed' /r/destroy \
	"state=new did=nothing why=\"destroyed, there was no record\" $nothing"
says 'new, changed' /r/count \
	'session=TAG state=new did=create why="new and changed" cookie=set why_cookie=new result=done'
sends set
remember
tag=$(tag_of)
says 'loaded, unchanged, the first return' /r/read \
	"session=TAG state=loaded touched_ago=N did=touch why=\"the first return\" $has_it"
says 'loaded, unchanged, within touch_after' /r/read \
	"session=TAG state=loaded touched_ago=N did=nothing why=\"unchanged and touched just now\" $has_it"
sends none
is "$(tag_of)" "$tag" '... and the same session has the same tag'
says 'loaded, changed and changed back' /r/undo \
	"session=TAG state=loaded touched_ago=N did=nothing why=\"unchanged and touched just now\" $has_it"
says 'loaded, changed' /r/count \
	"session=TAG state=loaded touched_ago=N did=update why=changed $has_it"
sends none
age 61000
says 'loaded, unchanged, after touch_after' /r/read \
	"session=TAG state=loaded touched_ago=N did=touch why=\"touch_after is over\" $has_it"
ok '... and the time is that of the record as it was loaded' test "$(ago_of)" -ge 61000
says '... whereupon it is within again' /r/read \
	"session=TAG state=loaded touched_ago=N did=nothing why=\"unchanged and touched just now\" $has_it"
ok '... and was touched just now' test "$(ago_of)" -lt 61000
says 'a lifetime of its own' '/r/maxage?ms=600000' \
	"session=TAG state=loaded touched_ago=N did=update why=\"its lifetime changed\" cookie=set why_cookie=\"its expiry moved\" result=done"
sends set
says '... which a change moves on' /r/count \
	"session=TAG state=loaded touched_ago=N did=update why=changed cookie=set why_cookie=\"its expiry moved\" result=done"
sends set
says 'no page of that name: thrown away' '/r/render?template=nosuch.html' \
	"session=TAG state=loaded touched_ago=N did=nothing why=\"not committed\" cookie=kept why_cookie=\"the answer is thrown away\" result=\"no page\""
is "$status" 500 '... with 500'

says "a name that Node drops: can't be stored" '/r/set?name=__proto__&value=1' \
	"session=TAG state=loaded touched_ago=N did=nothing why=\"it can't be stored\" cookie=kept why_cookie=\"the answer is thrown away\" result=failed error=\"session member __proto__ has a name that Node drops\""
is "$status" 500 '... with 500'

# ---- renewed, gone, destroyed
old=$(cookie_header)
says 'renewed' /r/renew \
	'session=TAG state=loaded touched_ago=N did=renew why=renewed cookie=set why_cookie=renewed result=done'
sends set
remember
new=$(tag_of)
ok '... and the tag is another one' test "$new" != "$tag"
kept=$(cookie_header)
new_visitor
says 'gone: renewed a moment ago' /r/count \
	'state=gone did=nothing why="its record went, or was renewed by another request" cookie=kept why_cookie="the browser may have a newer one" result=refused' \
	-H "Cookie: $old"
sends none
says 'the new one' /r/count \
	'session=TAG state=loaded touched_ago=N did=update why=changed cookie=set why_cookie="its expiry moved" result=done' \
	-H "Cookie: $kept"
is "$(tag_of)" "$new" '... has the tag that the renewal told'
says 'destroyed' /r/destroy \
	'session=TAG state=loaded touched_ago=N did=destroy why=destroyed cookie=cleared why_cookie=destroyed result=done' \
	-H "Cookie: $kept"
sends cleared
says 'destroyed again' /r/destroy \
	'state=new did=nothing why="destroyed, there was no record" cookie=cleared why_cookie=destroyed result=done' \
	-H "Cookie: $kept"
sends cleared
says 'a cookie without a record' /r/read "state=new did=nothing why=\"new and empty\" $nothing" \
	-H "Cookie: $kept"
says 'a cookie that nobody signed' /r/read "state=new did=nothing why=\"new and empty\" $nothing" \
	-H "Cookie: connect.sid=s%3AyR8rSsV2v4n6zB3cR0q5c7Xw1mPjT9aK.forged"

# ---- conflicts: one line, of the last run
while_waiting() { # THEN COMMAND...: a slow request loads, the command runs, and the slow one goes on
	local then=$1
	shift
	rm -f "$dir/ready" "$dir/go"
	begin
	start slow curl -s -m 20 -o /dev/null -H "Cookie: $(cookie_header)" \
		"$url/r/slowfile?ready=$dir/ready&go=$dir/go&then=$then"
	wait_until 10 [ -e "$dir/ready" ]
	"$@"
	touch "$dir/go"
	wait "${pids[slow]}"
	unset 'pids[slow]'
}
updated="session=TAG state=loaded touched_ago=N did=update why=changed"
new_visitor
get /r/count
remember
while_waiting count get /r/count
is "$(traced)" "path=/r/count $updated $has_it
path=/r/slowfile runs=2 $updated $has_it" 'a conflict: two runs'
while_waiting count get /r/destroy
is "$(traced)" "path=/r/destroy session=TAG state=loaded touched_ago=N did=destroy why=destroyed \
cookie=cleared why_cookie=destroyed result=done
path=/r/slowfile runs=2 state=gone did=nothing why=\"its record went, or was renewed by another request\" \
cookie=kept why_cookie=\"the browser may have a newer one\" result=refused" \
	'destroyed by another request: a conflict, then gone'
new_visitor
get /r/count
remember
while_waiting renew get /r/count
is "$(traced)" "path=/r/count $updated $has_it
path=/r/slowfile runs=2 session=TAG state=loaded touched_ago=N did=renew why=renewed cookie=set \
why_cookie=renewed result=done" 'a renewal in a conflict'

# ---- options
new_visitor
get /r/count
remember
get /r/read
second --rolling=yes
says 'rolling' /second/read \
	'session=TAG state=loaded touched_ago=N did=nothing why="unchanged and touched just now" cookie=set why_cookie=rolling result=done'
sends set
second --resave=yes
says 'resave' /second/read "session=TAG state=loaded touched_ago=N did=rewrite why=resave $has_it"
second --touch_after=0
says 'touch_after = 0' /second/read \
	"session=TAG state=loaded touched_ago=N did=touch why=\"touch_after is over\" $has_it"
make_secret "$dir/new-secret"
cat "$dir/secret" >>"$dir/new-secret"
second "--secret_file=$dir/new-secret"
says 'signed with an old secret' /second/read \
	'session=TAG state=loaded touched_ago=N did=nothing why="unchanged and touched just now" cookie=set why_cookie="it was signed with an old secret" result=done'
sends set
remember
says '... and with the new one now' /second/read \
	"session=TAG state=loaded touched_ago=N did=nothing why=\"unchanged and touched just now\" $has_it"
new_visitor
second --cookie_secure=yes
says 'a secure cookie over plain http' /second/count \
	'session=TAG state=new did=create why="new and changed" cookie=kept why_cookie="withheld: cookie_secure over plain http" result=done'
sends none
second --cookie_path=/elsewhere
says 'outside cookie_path' /second/count \
	'state=outside did=nothing why="the path is not under cookie_path" cookie=kept why_cookie="the path is not under cookie_path" result=done'
sends none
second --save_uninitialized=yes
says 'save_uninitialized' /second/read \
	'session=TAG state=new did=create why=save_uninitialized cookie=set why_cookie=new result=done'
sends set
remember
second --trace=no
get /second/count
is "$(traced)" '' 'trace = no: nothing'

# ---- a store that fails
new_visitor
get /r/count
remember
begin
failure="error=\"store file:$dir/sessions: a record can't be"
lost='cookie=kept why_cookie="the answer is thrown away" result=failed'
chmod 500 "$dir/sessions/.gate/tmp"
says 'a record that can not be renewed' /r/renew \
	"session=TAG state=loaded touched_ago=N did=renew why=renewed $lost $failure made: Permission denied\""
is "$status" 503 '... with 503'
sends none
jar=$dir/other
says 'a record that can not be made' /r/count \
	"session=TAG state=new did=create why=\"new and changed\" $lost $failure made: Permission denied\""
is "$status" 503 '... with 503'
sends none
jar=$dir/jar
chmod 700 "$dir/sessions/.gate/tmp"
chmod 0 "$dir/sessions"
says 'a record that can not be read' /r/count \
	"state=failed did=nothing why=\"not loaded\" $lost $failure read: Permission denied\""
is "$status" 503 '... with 503'
sends none
chmod 700 "$dir/sessions"
get /r/count
is "$status $body" '200 visit 2' 'and well again'

# ---- no log tells what would let its reader in
sort -u "$dir/secret" "$dir/new-secret" >>"$dir/canaries"
sort -uo "$dir/canaries" "$dir/canaries"
is "$(wc -l <"$dir/canaries")" 17 'seven sessions, one of them signed twice, and two secrets'
ok '... would be found where they stand' grep -qFf "$dir/canaries" "$jar"
is "$(grep -rhoFf "$dir/canaries" "$dir/log")" '' 'no log shows an id, a cookie or a secret'
done_testing
