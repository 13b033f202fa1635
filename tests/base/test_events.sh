#!/bin/bash
# test_events.sh: what the programs log of logins and sessions: one line an event, which every reader
# of logfmt can read, and in which nothing stands that should stay unknown.
# Without this, root writes to every folder, and no store of the test would ever fail.
[ "$(id -u)" != 0 ] || [ -n "${BOUND:-}" ] || BOUND=yes exec setpriv \
	--bounding-set=-dac_override,-dac_read_search "$BASH" "${BASH_SOURCE[0]}"
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx

gate=$build/cgi-bin/gate
same='Sec-Fetch-Site: same-origin'
right='canary-right flamingo 41' # no log may hold one of these
new='canary-new pelican 42'
wrong='canary-wrong heron 43'
tag='[0-9a-f]{12}'
programs=(index counter card login logout user account health responder second)

# ---- helpers
networks=0
another_network() {
	networks=$((networks + 1))
	from=100.$((64 + networks / 250)).$((networks % 250)).1
}
declare -A read_to=()
begin() { # what is in the logs by now doesn't count
	local name
	for name in "${programs[@]}"; do
		read_to[$name]=$(wc -l <"$dir/log/$name" 2>/dev/null || echo 0)
	done
}
said() { # PROGRAM: what it has logged since then, but for the time
	tail -n "+$((read_to[$1] + 1))" "$dir/log/$1" | sed 's/^time=[^ ]* //'
}
logs() { # PROGRAM REGEX NAME: it has logged that one line, and nothing else
	like "$(said "$1")" "^$2\$" "$3"
	begin
}
logs_also() { like "$(said "$1")" "$2" "$3"; begin; } # among others
secret_words() { printf '%s\n' "$@" >>"$dir/canaries"; }
remember() { # the cookies of the browser
	local device
	device=$(cookie_header | tr ';' '\n' | sed -n 's/^ *gate-device=//p')
	secret_words "$(session_cookie)" "$(id_in "$(session_cookie)")"
	[ -z "$device" ] || secret_words "$device"
}
enter() { # NAME [PASSWORD [CURL'S ARGUMENTS...]]: a login in a new browser
	new_visitor
	another_network
	log_in "$1" "${2-$right}" "${@:3}"
	remember
}
# Every pair of each line, decoded, as NAME<TAB>VALUE; dies of a line that is no logfmt.
read_logfmt() {
	perl -CO -e 'no warnings;
		while (my $line = <STDIN>) {
			chomp $line;
			my $text = $line;
			utf8::decode($text) or die "not UTF-8: $line\n";
			my (%seen, @keys);
			pos($text) = 0;
			while ($text =~ /\G(?:^|(?<!^) )([a-z_]+)=(?:"((?:[^"\\\x00-\x1f\x7f-\x9f]|\\["\\n]|\\u[0-9a-f]{4})*)"|([^ "=\\\x00-\x1f\x7f-\x9f]+))/gc) {
				my ($key, $value) = ($1, defined $2 ? $2 : $3);
				die "twice: $text\n" if $seen{$key}++;
				push @keys, $key;
				$value =~ s/\\u(d[89ab]..)\\u(d[c-f]..)/chr(0x10000 + ((hex($1) & 0x3ff) << 10) + (hex($2) & 0x3ff))/ge;
				$value =~ s/\\(u([0-9a-f]{4})|n|(.))/defined $2 ? chr hex $2 : defined $3 ? $3 : "\n"/ge;
				print "$key\t$value\n";
			}
			die "no logfmt: $text\n" unless pos($text) == length $text;
			die "no event: $text\n" unless "@keys[0..2]" eq "time level event";
		}'
}

# ---- logins
test_logins() {
	local unknown=canary-unknown-name first
	secret_words "$right" "$new" "$wrong" $unknown "$(cat "$dir/secret")"
	secret_words $(cut -d: -f2 "$dir/users/list")
	begin
	enter alice
	logs login "level=info event=login user=alice address=$from" 'a login'
	post /logout
	logs logout "level=info event=logout user=alice address=127\.0\.0\.1" 'a logout'
	post /logout
	logs logout '' 'a logout of nobody: nothing'
	enter alice "$wrong"
	logs login "level=warn event=login-failed user=alice user_tag=$tag address=$from" 'a wrong password'
	enter $unknown "$wrong"
	first=$(said login)
	logs login "level=warn event=login-failed user_tag=$tag address=$from" \
		'a name that nobody has: a tag, since people type passwords there'
	enter $unknown "$wrong"
	is "$(said login | grep -o 'user_tag=[^ ]*')" "$(grep -o 'user_tag=[^ ]*' <<<"$first")" \
		'the same one for the same name'
	begin
	enter "$right" alice
	unlike "$(said login)" "$(grep -o 'user_tag=[^ ]*' <<<"$first")" 'another for another'
	logs login "level=warn event=login-failed user_tag=$tag address=$from" 'name and password the wrong way round'
	get /login
	post /login -d username=alice
	logs login '' 'a form without a password: nothing'
	post /login -d "username=alice&password=canary-form%zz"
	logs login 'level=warn event=form-malformed path=/login' 'a form that is none'
}

test_throttled() {
	local i first
	for i in {1..5}; do enter bob "$wrong"; done
	first=$(grep -o 'user_tag=[^ ]*' <<<"$(said login)" | sort -u)
	begin
	enter bob
	is "$(said login | grep -o 'user_tag=[^ ]*')" "$first" 'who asks too often is not looked for: the tag of the failures before'
	logs login "level=warn event=login-throttled user_tag=$tag address=$from why=\"the account has to wait\"" \
		'an account has to wait'
	for i in {1..5}; do enter canary-unknown-too "$wrong"; done
	begin
	enter canary-unknown-too "$wrong"
	logs login "level=warn event=login-throttled user_tag=$tag address=$from why=\"the account has to wait\"" \
		'so has a name that nobody has'
	another_network
	for i in {1..20}; do log_in "canary-many-$i" "$wrong"; done
	begin
	log_in alice "$right"
	logs login "level=warn event=login-throttled user_tag=$tag address=$from why=\"the address has to wait\"" \
		'an address has to wait'
	touch "$spy/hold"
	start flood "$load" -c 8 -n 8 -m POST -d 'username=canary-nobody{}&password=x' -H "$same" \
		-H 'X-Forwarded-For: 192.0.2.{}' "$url/second/login"
	full() { [ "$(grep -c event=login-busy "$dir/log/second")" -ge 5 ]; }
	wait_until 20 full
	begin
	login=/second/login enter alice "$right" -m 5
	logs second "level=warn event=login-busy user=alice user_tag=$tag address=$from why=\"no turn to hash\"" \
		'there is no turn to hash'
	rm "$spy/hold"
	wait "${pids[flood]}"
	unset 'pids[flood]'
}

# ---- sessions
test_sessions() {
	local one two three hidden
	begin
	fetch POST /login -H 'Sec-Fetch-Site: cross-site' -d "username=alice&password=${right// /+}"
	logs login 'level=warn event=cross-site-refused path=/login method=POST address=127\.0\.0\.1 why="the browser says that another site sent it"' \
		'a form of another site'
	fetch POST /account -H 'Origin: http://canary-origin.example' -d a=b
	logs account 'level=warn event=cross-site-refused path=/account method=POST address=127\.0\.0\.1 why="its Origin is not this site: .* the option origin"' \
		'by its Origin'
	for i in 1 2; do enter carol; done
	enter carol
	one=$(session_cookie)
	get /account
	begin
	post /account -d "session=$(grep -o 'name="session" value="[^"]*"' <<<"$body" | cut -d'"' -f4 | tail -n 1)"
	logs account "level=info event=session-ended user=carol session=$tag address=127\.0\.0\.1 why=\"by its user\"" \
		'one ends another session'
	post /account -d others=yes
	logs account "level=info event=session-ended user=carol session=$tag address=127\.0\.0\.1 why=\"all others, by its user\"" \
		'one ends all others'
	post /account --data-urlencode "current=$wrong" --data-urlencode "new=$new" --data-urlencode "again=$new"
	logs account 'level=warn event=password-refused user=carol user_tag='$tag' address=127\.0\.0\.1 why="The current password is not right, or there were too many tries\."' \
		'a password is not changed'
	post /account --data-urlencode "current=$right" -d 'new=canary-short&again=canary-short'
	logs account '' 'nor to a bad one, which nobody tried to guess by: nothing'
	post /account --data-urlencode "current=$right" --data-urlencode "new=$new" --data-urlencode "again=$new"
	remember
	logs account 'level=info event=password-changed user=carol address=127\.0\.0\.1' 'a password is changed'
	secret_words "$(sed -n 's/^carol://p' "$dir/users/list")"
	chmod 500 "$dir/users"
	post /account --data-urlencode "current=$new" --data-urlencode "new=$right" --data-urlencode "again=$right"
	chmod 700 "$dir/users"
	logs_also account "level=error event=password-unchangeable user=carol error=\"[^\"]*$dir/users/list" \
		"a password can't be changed, and where"
	page_says "Passwords can't be changed here: ask the administrator|Passwords can&#39;t be" 'which the page says too'

	enter alice
	one=$(session_cookie)
	enter dave
	two=$(session_cookie)
	begin
	rm -f "$jar"
	get /user -H "Cookie: connect.sid=$one; connect.sid=$two"
	is "$status" 302 'cookies of two users: nobody is logged in'
	logs user 'level=warn event=cookies-of-several-users path=/user cookie=connect\.sid session=[0-9a-f]{12} why="nobody is logged in.*"' 'which is logged'
	"$gate" session kill "$one" --config "$dir/gate.conf" >"$dir/out"
	with "$one" get /counter
	logs counter "level=info event=session-unknown session=$tag why=\"it expired or was ended; a new one takes its place\"" \
		'a signed cookie whose session is gone'
	cp "$dir/secret" "$dir/old-secret"
	make_secret "$dir/secret.new"
	cat "$dir/old-secret" >>"$dir/secret.new"
	secret_words "$(head -n 1 "$dir/secret.new")"
	second counter --secret_file="$dir/secret.new"
	begin
	with "$two" get /second/counter
	logs second "level=info event=cookie-signed-anew session=$tag why=\"an old secret had signed it\"" \
		'a cookie that an old secret signed'
	secret_words "$(header Set-Cookie | sed 's/;.*//; s/.*=//')"
	hidden='{"cookie":{"originalMaxAge":null},"canary-member":"canary-data"'
	echo "$hidden" >"$(record_of "$two")"
	with "$two" get /counter
	logs_also counter "level=warn event=session-malformed store=$dir/sessions file=.{8}\\.\\.\\. error=" \
		'a record that is none, by the beginning of its id'
	new_visitor
	get '/r/set?name=canary-member&value=%22canary-value%22'
	get '/r/set?name=__proto__&value=%22canary-value%22'
	remember
	logs responder 'level=error event=session-refused path=/r/set error="session member __proto__ has a name that Node drops"' \
		'a session that can not be stored'
	get /counter -H 'Cookie: connect.sid=canary-cookie' -H 'Authorization: Basic canary-authorization' \
		-H 'Referer: http://127.0.0.1/canary-referer' -A canary-agent
	logs counter '' 'a cookie that is none: nothing'
	get '/user?canary-query=1'
	get '/login?next=/canary-next'
	login='/login?next=/canary-next' enter alice
	second login --max_sessions=1
	begin
	login=/second/login enter alice
	logs_also second "event=session-ended user=alice session=$tag address=$from why=max_sessions" \
		'one session too many'
}

# ---- what does not work
health_is() { get /health; [ "$status" = "$1" ]; } # STATUS; an answer holds for a second
test_failures() {
	local before
	second login --users=
	begin
	login=/second/login enter alice
	logs_also second 'level=warn event=login-impossible error="option users names no file with users"' \
		'nobody can log in'
	enter alice
	chmod 0 "$dir/sessions"
	begin
	get /counter
	logs counter "level=error event=store-failed path=/counter error=\"store file:$dir/sessions[^\"]*\"" \
		'the store fails'
	wait_until 10 health_is 503
	logs health "level=error event=store-down why=\"the store can't be read\" error=\"[^\"]*\"" 'it is down'
	chmod 700 "$dir/sessions"
	mv "$dir/users/list" "$dir/users/away"
	begin
	enter alice
	logs login "level=error event=store-failed path=/login error=\"users file:$dir/users/list: it is not there: gate user add makes it\"" \
		'the users are not there'
	mv "$dir/users/away" "$dir/users/list"
	begin
	echo 'canary-line-without-colon' >>"$dir/users/list"
	printf 'canary\001line:x\n' >>"$dir/users/list"
	chmod 644 "$dir/users/list"
	enter alice
	logs_also login "level=warn event=users-line-skipped file=$dir/users/list line=[0-9]+ error=\"has no colon\"" \
		'a line that is no user, by its number'
	like "$(tail -n 20 "$dir/log/login")" "event=users-exposed file=$dir/users/list" 'a file that others can read'
	sed -i '/canary/d' "$dir/users/list"
	chmod 600 "$dir/users/list"
	before=$(grep -c event=reloaded "$dir/log/login")
	signal login HUP
	reloaded() { [ "$(grep -c event=reloaded "$dir/log/login")" -ge $((before + 3)) ]; }
	ok 'options are read again' wait_until 20 reloaded
	echo 'nonsense = yes' >>"$dir/gate.conf"
	signal login HUP
	failed() { grep -q event=reload-failed "$dir/log/login"; }
	ok 'or can not be' wait_until 20 failed
	like "$(grep event=reload-failed "$dir/log/login")" 'level=error .*kept="the old configuration"' 'and it says what holds'
	sed -i /nonsense/d "$dir/gate.conf"
}

# ---- names that break readers of logs
nasty() { # each ended by a NUL
	perl -MJSON::PP -CO -ne 'no warnings;
		print JSON::PP->new->utf8->allow_nonref->decode($_), "\0"' "$src/tests/base/nasty_names.jsonl"
}
fresh_limits() { # a new process may log fifty lines of an event at once
	stop login
	spied start_responder login || bail 'no login'
}
test_nasty() {
	local name n=0 users=0 bad=0 file=$dir/users/list
	while IFS= read -r -d '' name; do
		[ $((n % 40)) != 0 ] || fresh_limits
		n=$((n + 1))
		begin
		enter "$name" "$wrong"
		[[ $(said login) =~ ^level=warn\ event=login-failed\ user_tag=$tag\ address=$from$ ]] ||
			{ bad=$((bad + 1)); diag "$status $(said login) $name"; }
	done < <(nasty)
	is $bad 0 "$n nasty names that nobody has: a line each, and nothing of the name"
	ok 'some hundred' [ $n -ge 100 ]
	bad=0
	while IFS= read -r -d '' name; do
		"$gate" user remove "$name" --config "$dir/gate.conf" >"$dir/out" 2>&1 # is it a name at all?
		grep -q 'there is no user' "$dir/out" || continue
		printf '%s:%s\n' "$name" "$(cheap_hash "$right")" >>"$file"
		users=$((users + 1))
		begin
		enter "$name"
		[ "$(said login | wc -l)" = 1 ] && said login | sed 's/^/time=x /' | read_logfmt >"$dir/pairs" 2>"$dir/why" &&
			[ "$(sed -n '3,4p' "$dir/pairs")" = "event	login
user	$name" ] || { bad=$((bad + 1)); diag "$status $(said login) $(cat "$dir/why")"; }
	done < <(nasty)
	is $bad 0 "$users nasty names that users have: a line each, from which the name can be read"
	ok 'most of them' [ $users -ge 80 ]
	bad=0
	for name in '/r/"a=b"' '/r/a\"b' '/r/x=y' '/r/%22%0aevent=forged' '/r/é' '/r/\u000a'; do
		begin
		fetch POST / --request-target "$name" -H 'Sec-Fetch-Site: cross-site'
		[ "$(said responder | sed 's/^/time=x /' | read_logfmt | sed -n 's/^path	//p')" = "$name" ] ||
			{ bad=$((bad + 1)); diag "$(said responder)"; }
	done
	is $bad 0 'paths as well'
}

# A log line has room for so much of a path, and whatever its length for what stands behind it.
test_long_paths() {
	local length answers='' before path
	before=$(workers_of responder | sort)
	begin
	for length in {4000..4030} 4094 4095 4096 4097 7000; do
		printf -v path "/r/%0$((length - 3))d" 0
		fetch POST / --request-target "$path" -H 'Sec-Fetch-Site: cross-site'
		answers+=" $status"
	done
	is "$(tr ' ' '\n' <<<"${answers# }" | sort | uniq -c | tr -s ' ')" ' 36 403' \
		'cross-site POSTs with paths of 4000 to 7000 bytes: each is answered'
	is "$(said responder | grep -c '^level=warn event=cross-site-refused path=/r/0\{400,\}… method=POST address=127.0.0.1 why="[^"]*"$')" 36 \
		'and logged, in a line each, whose end is there'
	is "$(workers_of responder | sort)" "$before" 'and no worker died of it'
}

# ---- the whole run
test_all() {
	local name
	for name in "${programs[@]}"; do
		[ -s "$dir/log/$name" ] || continue
		ok "$name: every line of its log is logfmt" eval "read_logfmt <'$dir/log/$name' >'$dir/pairs'"
	done
	sort -u "$dir/canaries" | grep -v '^.\{0,7\}$' >"$dir/canaries.all"
	ok "$(wc -l <"$dir/canaries.all") passwords, hashes, secrets, cookies and ids are known" \
		[ "$(wc -l <"$dir/canaries.all")" -gt 100 ]
	cd "$dir/log" || return
	is "$(grep -lF -f "$dir/canaries.all" "${programs[@]}" 2>/dev/null)" '' 'no log holds one of them'
	is "$(grep -li canary "${programs[@]}" 2>/dev/null)" '' 'nor anything else that was typed or sent'
	is "$(grep -hoE '(session|user_tag)=[^ ]*' "${programs[@]}" 2>/dev/null | grep -Evx "(session|user_tag)=$tag")" '' \
		'what is tagged is tagged with twelve digits'
	find "$dir/sessions" -maxdepth 1 -name '*.json' -printf '%f\n' | cut -c 1-12 |
		sed 's/^/session=/' >"$dir/beginnings"
	is "$(grep -lF -f "$dir/beginnings" "${programs[@]}" 2>/dev/null)" '' "which are no session's own"
	is "$(grep -hoE 'event=(render-failed|answer-broken|cookie-failed|worker-[a-z]*)' "${programs[@]}" 2>/dev/null)" '' \
		'no program complained of itself'
}

second() { # PAGE [--OPTION=VALUE...]
	[ -z "${pids[second]:-}" ] || stop second
	spied start_responder "second=$1" "${@:2}" || bail "no second $1"
}
mkdir -m 700 "$dir/users"
make_conf users="file:$dir/users/list" insecure_http=yes trusted_proxies=127.0.0.1 deadline=60s
for name in alice bob carol dave; do
	printf '%s:%s\n' $name "$(cheap_hash "$right")" >>"$dir/users/list"
done
chmod 600 "$dir/users/list"
for name in index counter card logout user account health responder; do
	start_responder $name || bail "no $name"
done
spied start_responder login || bail 'no login'
second login --workers=1 --threads=4
start_nginx
for name in logins throttled sessions failures nasty long_paths; do
	diag "$name"
	test_$name
done
for name in "${!pids[@]}"; do stop "$name"; done
test_all
done_testing
