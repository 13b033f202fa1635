#!/bin/bash
# test_command.sh: the gate command: secrets, options, what check finds, sessions.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

gate=$(program gate)
[ -x "$gate" ] || bail "$gate was not built"
unset "${!GATE_@}"
cd "$dir" || exit 1
umask 022

run() { # ARGUMENT...: leaves $out, $err and $code
	code=0
	"$gate" "$@" >"$dir/out" 2>"$dir/err" || code=$?
	out=$(<"$dir/out") err=$(<"$dir/err")
}
sum() { cksum <"$1"; }
mode() { stat -c %a "$1"; }
secrets() { grep -cv -e '^#' -e '^$' "$1"; }
now() { date +%s%3N; }

let_other_user_run "$gate"
run_as_user() {
	code=0
	as_user "$away/gate" "$@" >"$dir/out" 2>"$dir/err" || code=$?
	out=$(<"$dir/out") err=$(<"$dir/err")
}

# ---- the command line
run
is "$code $out" '2 ' 'without a command: usage, status 2'
is "$(head -n 3 err)" $'gate: a command is missing\n\nusage: gate secret [--file FILE] [--append | --promote]' \
	'  on standard error, behind what is wrong'
run fly
is "$code $out $(head -n 1 err)" '2  gate: there is no command fly' 'an unknown command: usage, status 2'
run --help
is "$code $err" '0 ' '--help succeeds'
like "$out" '^usage: .*gate session' '  on standard output'
run --version
is "$code $out" '0 gate 0.1.0' '--version'
run session fly
is "$code $(head -n 1 err)" '2 gate: gate session needs list, count, show, kill, sweep or copy, not fly' \
	'session: an unknown job'
run session show
is "$code $(head -n 1 err)" '2 gate: gate session show needs an id' 'session show needs an id'
run session show --config gate.conf
is "$code $(head -n 1 err)" '2 gate: gate session show needs the id before --config' '  and takes no option for one'
for words in 'count --user' 'list --user --config gate.conf' 'kill --config gate.conf --user' 'count --user='; do
	# shellcheck disable=SC2086 # words
	run session $words
	is "$code $(head -n 1 err)" "2 gate: gate session ${words%% *} needs a name behind --user" "session $words"
done
run session kill --user bob --all
is "$code $(head -n 1 err)" '2 gate: gate session kill needs --user NAME or --all, not both' 'session kill of one, or of all'
if [ -w /dev/full ]; then
	code=0
	"$gate" --version >/dev/full 2>"$dir/err" || code=$?
	is "$code" 1 'output that can not be written is a failure'
fi

# ---- gate secret
(umask 0; "$gate" secret --file one >"$dir/out" 2>"$dir/err")
is "$(mode one)" 600 'secret makes a file that only its owner can read'
like "$(<one)" '^[0-9a-f]{64}$' '  of 32 bytes in hex'
unlike "$(<out)$(<err)" '[0-9a-f]{32}' '  does not show it'
like "$(<err)" "next: say secret_file = $dir/one" '  and says what to do next'
is "$(<out)" '' '  on standard error: `gate secret >>FILE` must not fill a file with sentences'
before=$(sum one)
run secret --file one
is "$code $(sum one)" "1 $before" 'secret replaces no file'
like "$err" 'one is there already: --append' '  and says why'
ln -s nowhere dangling
run secret --file=dangling
is "$code $(readlink dangling) $([ -e nowhere ] || echo none)" '1 nowhere none' \
	'  nor what a link points to'
run secret --file missing/one
is "$code" 1 'secret in a folder that is not there fails'
run secret --file -
like "$code $out$err" '^0 [0-9a-f]{64}$' 'secret --file - prints one'
is "$([ -e - ] || echo none)" none '  and makes no file'
first=$out
run secret --file -
unlike "$out" "$first" '  a fresh one each time'

chmod 640 one
[ "$(id -u)" != 0 ] || chown 12:34 one
owner=$(stat -c %u:%g one)
old=$(<one)
run secret --file one --append
is "$code $out $(secrets one) $(head -n 1 one)" "0  2 $old" '--append adds a secret at the end'
is "$(mode one) $(stat -c %u:%g one)" "640 $owner" '  keeps mode and owner'
like "$err" 'verifies and does not sign yet.*SIGHUP.*--promote' '  says what to do next'
unlike "$out$err" '[0-9a-f]{32}' '  shows none'
new=$(tail -n 1 one)
run secret --file one --promote
is "$code $out $(<one)" "0  $new
$old" '--promote moves the last to the front'
is "$(mode one) $(stat -c %u:%g one)" "640 $owner" '  keeps mode and owner'
like "$err" 'signs now.*SIGHUP' '  says what to do next'
unlike "$out$err" '[0-9a-f]{32}' '  shows none'
run secret --file one --append
run secret --file one --append
before=$(sum one)
run secret --file one --append
is "$code $(sum one) $(secrets one)" "1 $before 4" '--append refuses a fifth'
is "$(find . -name '.gate*')" '' 'nothing is left beside it'

printf '# ours\n\nAAAA\n# between\n  BBBB\nCCCC' >two
run secret --file two --promote
is "$(<two)" '# ours

CCCC
AAAA
# between
  BBBB' '--promote leaves comments where they are'
printf '# ours\nAAAA' >two
before=$(sum two)
run secret --file two --promote
is "$code $(sum two)" "1 $before" '--promote needs a second secret'
like "$err" 'no second secret' '  and says so'
run secret --file two --append
is "$(head -n 2 two) $(secrets two)" '# ours
AAAA 2' '--append ends a line that was not'
# files as editors leave them
mark=$'\xef\xbb\xbf' cr=$'\r'
printf "$mark# ours\r\nAAAA" >two
run secret --file two --append
is "$code $(head -n 2 two) $(sed 1,2d two | sed 's/[0-9a-f]\{64\}/new/')" "0 $mark# ours$cr
AAAA$cr new$cr" '--append keeps a byte-order mark, and ends lines as they end there'
like "$err" 'holds 2 secrets;' '  a comment behind a mark is no secret'
printf "$mark" >two
run secret --file two --append
is "$code $(sed 's/[0-9a-f]\{64\}/new/' two)" "0 ${mark}new" '--append to a mark alone'
like "$err" 'holds a new secret' '  which is no secret'
printf "${mark}AAAA\r\nBBBB" >two
run secret --file two --promote
is "$code $(<two)" "0 ${mark}BBBB$cr
AAAA$cr" '--promote leaves the mark at the beginning'
printf "${mark}# ours\r\nAAAA\r\n" >two
run secret --file two --promote
is "$code" 1 '--promote: a comment behind a mark is no second secret'
printf 'A\0B\n' >two
run secret --file two --append
is "$code" 1 'a file with a NUL byte is left alone'
run secret --file "$dir" --append
is "$code" 1 'a folder is no file of secrets'
run secret --file missing --append
is "$code $([ -e missing ] || echo none)" '1 none' '--append makes no file'
run secret --append --promote --file one
is "$code" 2 '--append and --promote exclude each other'
run secret --file one --config gate.conf
is "$code" 2 '--file needs no options'
run secret --file - --promote
is "$code" 1 '--file - has nothing to promote'

mkdir real && printf 'AAAA\nBBBB\n' >real/three && ln -s real/three link && touch real/.gate-secret.new
run secret --file link --promote
is "$code $(readlink link) $(head -n 1 real/three) $(ls -A real)" '0 real/three BBBB three' \
	'a link stays a link, and what a killed run left behind goes'

printf 'AAAA\n' >many
for i in 1 2 3 4 5 6; do
	"$gate" secret --file many --append >/dev/null 2>&1 &
	appends[i]=$!
done
failed=0
for i in 1 2 3 4 5 6; do wait "${appends[i]}" || failed=$((failed + 1)); done
is "$(secrets many) $failed" '4 3' 'six at once: each adds a secret or is refused'

run secret --secret_file=
is "$code" 1 'without a file named anywhere: a failure'
like "$err" 'secret_file = FILE' '  that says what to do'
make_conf
rm secret
run secret --config gate.conf
is "$code $(mode secret)" '0 600' 'the default is the secret_file of gate.conf'
if [ $can_be_other ]; then
	as_user cp /dev/null "$away/secret" && chmod 600 "$away/secret"
	echo AAAA >"$away/secret"
	chmod 555 "$away"
	run_as_user secret --file "$away/secret" --append
	is "$code $(<"$away/secret")" '1 AAAA' 'a folder that is write-protected: the file stays as it is'
	like "$err" 'Permission denied' '  and it says why'
	run_as_user secret --file "$away/new"
	is "$code $([ -e "$away/new" ] || echo none)" '1 none' '  or is not made'
	chmod 755 "$away"
fi

# ---- gate config
make_conf trace=yes
run config --config gate.conf --ttl 7d
is "$code $err" '0 ' 'config succeeds'
like "$out" "(^|
)trace = yes +# gate.conf:[0-9]+(
|$)" '  says file and line'
like "$out" 'ttl = 7d +# argv' '  an argument'
like "$out" 'cookie_path = / +# default' '  a default'
is "$(GATE_RESAVE=yes "$gate" config --config gate.conf | grep '^resave')" \
	"$(printf '%-48s # GATE_RESAVE' 'resave = yes')" '  a variable of the environment'
is "$(grep -c '^[a-z_]* =.* # ' out)" "$(wc -l <out)" '  one option a line'
make_conf secret_file= secret=bT3kQ9zLw7Rf2Hn5Yc8Vd1Xj6Mg4Ps0a
run config --config gate.conf
like "$out" 'secret = \(hidden\)' 'config hides a secret'
unlike "$out$err" 'abcdefgh' '  everywhere'
make_conf ttl=60d
run config --config gate.conf
like "$out" 'ttl = 60d.*cut to 30d by absolute_timeout' 'config shows what absolute_timeout cuts'
make_conf threads=many
run config --config gate.conf
is "$code $out" '1 ' 'config fails where an option is bad'
like "$err" '^gate: .*gate.conf:[0-9]+.*threads' '  and says file and line'
run config --config missing.conf
is "$code" 1 '  and where the file is missing'

# ---- gate check
healthy() { # OPTION=VALUE...: a gate that has nothing wrong but that
	chmod 700 sessions run
	make_conf "$@"
	chmod 600 secret gate.conf
	run check --config gate.conf
}
finds() { # LEVEL REGEX NAME: exactly one finding
	like "$out" "^$1: $2[^
]*(
no errors)?$" "$3"
	is "$code" "$([ "$1" = error ] && echo 1 || echo 0)" '  status'
}
healthy
is "$code $out $err" '0 all is well ' 'check finds nothing wrong'
is "$(records)" 0 '  and leaves no record behind'
chmod 644 secret
run check --config gate.conf
finds error 'secret_file has mode 0644, run: chmod' 'check: a secret that others can read'
chmod 600 secret
chmod 666 gate.conf
run check --config gate.conf
finds error "config: gate.conf has mode 0666, others can change it: chmod 0644" \
	'check: a gate.conf that others can change'
healthy secret_file= secret=bT3kQ9zLw7Rf2Hn5Yc8Vd1Xj6Mg4Ps0a
is "$out" 'all is well' 'check: a secret in gate.conf'
chmod 644 gate.conf
run check --config gate.conf
finds error 'config: gate.conf has mode 0644, others can read it: chmod 0640' \
	'check: a secret in a gate.conf that others can read'
unlike "$out$err" bT3kQ9zLw '  is not shown'
healthy secret_file=
finds error 'no secret: make one' 'check: no secret'
healthy secret_file="$dir/missing"
finds error 'secret_file .*missing: No such file' 'check: a secret_file that is missing'
healthy secret_file= 'secret="keyboard cat"'
finds error 'secret number 1 is shorter than 32 bytes: make one with `gate secret`' 'check: a sample secret'
unlike "$out$err" 'keyboard' '  is not shown'
healthy secret_file= 'secret="keyboard cat"' allow_weak_secret=yes
finds warning 'secret number 1 is shorter than 32 bytes' 'check: the same, but allowed'
healthy secret_file= 'secret="keyboard cat keyboard cat keyboard cat"'
finds error 'secret number 1 can be guessed: .*: make one with `gate secret`' 'check: a long one'
unlike "$out$err" 'keyboard' '  is not shown'
healthy secret_file= secret=short
finds error 'secret number 1 is shorter than 32 bytes' 'check: a weak secret'
healthy secret_file=
run check --config gate.conf --secret bT3kQ9zLw7Rf2Hn5Yc8Vd1Xj6Mg4Ps0a
finds warning 'secret: everybody can see the arguments' 'check: a secret in the arguments'

healthy
chmod 777 sessions
run check --config gate.conf
finds error 'store: .*sessions has mode 0777, others can change it: chmod 0700' \
	'check: a store that others can change'
chmod 755 sessions
run check --config gate.conf
finds warning 'store: .*sessions has mode 0755, others can read it: chmod 0700' \
	'check: a store that others can list'
chmod 700 sessions
mkdir -m 777 open && mkdir -m 700 open/sessions
healthy store="file:$dir/open/sessions"
finds error 'store: everybody can put something else in the place of .*open/sessions' \
	'check: a store in a folder that others can change'
healthy store="file:$dir/missing"
finds warning 'store: .*missing is not there yet' 'check: a store that is still to be made'
is "$([ -e missing ] || echo none)" none '  is not made'
healthy store="file:$dir/missing/sessions"
finds error 'store: .*can.t be made: install -d -m 700' 'check: a store that can not be made'
healthy store=foo:bar
finds error 'store foo: is unknown' 'check: an unknown store'
healthy store=file:
finds error 'store file: has no path' 'check: a store without a path'
healthy store=memory: run_dir="$dir/run"
is "$out" 'all is well' 'check: memory:'
chmod 777 run
run check --config gate.conf
finds error 'run_dir: .*run has mode 0777' 'check: a run_dir that others can change'
rm -rf "/dev/shm/gate-$(id -u)-$(printf %s "$dir/run" | sha256sum | cut -c 1-16)"
healthy run_dir="$dir/missing"
finds warning 'run_dir: .*missing is not there yet' 'check: a run_dir that is still to be made'
touch plain
healthy run_dir="$dir/plain"
finds error 'run_dir: .*Not a directory' 'check: a run_dir that is none'

healthy
record='{"cookie":{"originalMaxAge":null,"expires":null,"path":"/"},"views":1,"__lastAccess":'
echo -n "$record$(now)}" >sessions/node1.json
chmod 600 sessions/node1.json
run check --config gate.conf
finds warning 'store: 1 of 1 records in .*file_sync = yes' 'check: a folder that Node seems to share'
run check --config gate.conf --file_sync yes
is "$out" 'all is well' '  with file_sync = yes'
chmod 644 sessions/node1.json
run check --config gate.conf --file_sync yes
finds warning 'store: others have rights on 1 records' 'check: a record that others can read'
printf '%-256s' "$record$(now)}" >sessions/ours1.json
rm sessions/node1.json
chmod 600 sessions/ours1.json
run check --config gate.conf
is "$out" 'all is well' 'check: a record of our own'
printf '%-512s' '{"cookie":{"path":"/"},"gate":{"created":1,"user":"anna"},"__lastAccess":'"$(now)}" >sessions/ours2.json
chmod 600 sessions/ours2.json
run check --config gate.conf --user_member username
finds warning 'user_member: in 1 records of .*sessions somebody is logged in, but not at username' \
	'check: another user_member logs everybody out'
rm sessions/ours2.json
echo '{"name":"app","version":"1.0.0"}' >sessions/package.json
echo '{"a":1}' >sessions/tsconfig.base.json
echo 'call the printer' >sessions/notes.txt
chmod 600 sessions/*
run check --config gate.conf
is "$(head -n 1 <<<"$out" | sed 's/[^ ]*sessions/DIR/; s/([^)]*)/(NAME)/')" \
	'note: store: 3 files in DIR are no sessions (NAME): gate leaves them where they are' \
	'check: files that are no sessions are counted'
touch -d '2 years ago' sessions/package.json sessions/tsconfig.base.json sessions/notes.txt
run session sweep --config gate.conf
is "$out $(ls sessions | tr '\n' ' ')" '0 removed notes.txt ours1.json package.json tsconfig.base.json ' \
	'  and the sweep leaves them'
for i in {1..10001}; do : >"sessions/note$i"; done
run check --config gate.conf
like "$out" 'note: store: only the first 10000 files in .*sessions were looked at' \
	'check: of very many files the first, and it says so'
find sessions -maxdepth 1 -type f -delete

# ---- gate check: the users
users=$dir/users
weak='old:$apr1$saltsalt$'$(head -c 22 /dev/zero | tr '\0' a)
healthy users="file:$users"
finds error "users file:$users: it is not there: gate user add makes it" 'check: no file of users'
is "$([ -e "$users" ] || echo none)" none '  is not made'
(umask 077 && : >"$users")
run check --config gate.conf
finds warning "users: file:$users holds none: gate user add NAME" 'check: no users'
"$gate" user add alice --stdin --config gate.conf <<<'seven wild geese in a row' >/dev/null 2>&1
run check --config gate.conf
is "$code $out $err" '0 all is well ' 'check: a user'
healthy users="file:$users" origin=https://example.org
like "$code $out" '^0 note: origin is https, and trusted_proxies is empty: .*all is well$' 'check: who says https?'
healthy users="file:$users" origin=https://example.org trusted_proxies=unix
is "$code $out" '0 all is well' 'check: a proxy over a unix socket'
healthy users="file:$users"
chmod 644 "$users"
run check --config gate.conf
finds error 'users: .*users has mode 0644, others can read it: chmod 0640' \
	'check: users that others can read'
chmod 602 "$users"
run check --config gate.conf
finds error 'users: .*users has mode 0602, others can change it: chmod 0600' \
	'check: users that others can change'
chmod 660 "$users"
run check --config gate.conf
finds warning 'users: .*users has mode 0660, others can change it: chmod 0640' \
	'check: users that a group can change'
chmod 600 "$users"
cp -p "$users" open/users
healthy users="file:$dir/open/users"
finds error 'users: everybody can put something else in the place of .*open/users' \
	'check: users in a folder that others can change'
ln -s open/users linked
healthy users="file:$dir/linked"
finds error 'users: everybody can put something else in the place of .*open/users' \
	'check: the same behind a link'
echo "$weak" >>"$users"
healthy users="file:$users"
finds warning 'users: old needs a new password: the hash is weak .apr1.: .*allow_weak_hashes' \
	'check: a weak hash'
healthy users="file:$users" allow_weak_hashes=yes
finds warning 'users: old needs a new password: the hash is weak, whoever' '  that is allowed'
printf '%s\n' 'plain:secretly' 'two words' >>"$users"
healthy users="file:$users" allow_weak_hashes=yes
is "$code $out" "0 warning: users: old needs a new password: the hash is weak, whoever gets the file will guess it
warning: users: plain needs a new password: the hash is of no known kind
warning: users: 1 lines of file:$users hold no user, see the log: correct or remove them
no errors" 'check: hashes and lines that nobody can log in by'
unlike "$out$err" 'secretly|two|apr1[$]' '  which are not shown'
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "u$i:none"; done >"$users"
healthy users="file:$users"
is "$(grep -c '^warning: users: u[0-9]* needs' out) $(grep -c 'users: 2 more need a new' out)" '10 1' \
	'check: of many the first, and their number'
echo 'staff: u1' >groups
chmod 646 groups
healthy groups="$dir/groups"
finds error 'groups: .*groups has mode 0646, others can change it: chmod 0644 ' 'check: groups that everybody can change'
chmod 644 groups
healthy groups="$dir/groups"
unlike "$out" groups '  that others can read is fine'
mkdir -m 777 -p open && cp -p groups open/groups
healthy groups="$dir/open/groups"
finds error 'groups: everybody can put something else in the place of .*open/groups' \
	'check: groups in a folder that others can change'
healthy users=ldap://somewhere
finds error 'users ldap: is of no known kind' 'check: an unknown kind of users'

healthy templates="$dir/missing"
finds error 'templates: .*missing is not there' 'check: a folder of templates that is missing'
mkdir templates
printf '{{#a}}' >templates/broken.html
healthy templates="$dir/templates"
finds error '.*broken.html:1' 'check: a broken template'
printf '{{> head }}{{>tail}}' >templates/broken.html
touch templates/{tail,error}.html
healthy templates="$dir/templates"
finds warning 'templates: broken.html includes head.html, which is not there' \
	'check: a partial that is missing'
touch templates/head.html
rm templates/error.html
healthy templates="$dir/templates"
finds warning 'templates: .*no error.html' 'check: no page for errors'

healthy listen="unix:$dir/run/none.sock"
finds warning 'listen: nobody answers at unix:.*none.sock' 'check: a socket where nobody answers'
healthy listen="unix:$dir/missing/a.sock"
finds error 'listen: no socket can be made at .*missing/a.sock' 'check: a socket without a folder'
healthy listen="unix:$dir/plain"
finds error 'listen: .*plain is no socket' 'check: a socket that is none'
healthy listen="127.0.0.1:$(free_port)"
finds warning 'listen: nobody answers at 127.0.0.1' 'check: a port where nobody answers'

leave_socket() { # PATH MODE: as a program that was killed leaves it
	perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => shift, Listen => 1) or die "$!"' "$1" &&
		chmod "$2" "$1"
}
leave_socket "$dir/run/left.sock" 666 || bail 'perl makes no socket'
healthy
finds error 'listen: nobody answers at .*run/left.sock: .*: start its program' \
	'check: a socket in run_dir that nobody listens at any more'
healthy listen="unix:$dir/run/left.sock"
finds warning 'listen: nobody answers at unix:.*left.sock' '  the one of listen is said once'
rm "$dir/run/left.sock"

if [ -x "$(program counter)" ]; then
	make_conf
	start_responder counter || bail 'counter does not start'
	chmod 666 "$dir/run/counter.sock" # also for who may run a web server here
	healthy listen="unix:$dir/run/counter.sock"
	is "$out" 'all is well' 'check: a socket where a program answers'
	is "$(grep -c 'event=' "$dir/log/counter")" "$(grep -c 'event=\(started\|environment\)' "$dir/log/counter")" \
		'  which it says nothing of, and the store does not hear of'
	freeze $(pgrep -P "$(pid_of counter)") "$(pid_of counter)"
	healthy listen="unix:$dir/run/counter.sock" deadline=1s
	like "$code $out" '^1 error: listen: .*counter.sock takes requests and does not answer' 'check: a program that hangs'
	kill -CONT $(pgrep -P "$(pid_of counter)") "$(pid_of counter)"
	healthy run_dir="$dir/run"
	is "$out" 'all is well' 'check: sockets in run_dir'
	for web in www-data nginx apache http caddy ''; do
		[ "$web" != "$(id -un)" ] && getent passwd "$web" >/dev/null && break
	done
	if [ "$web" ]; then
		chmod 660 "$dir/run/counter.sock"
		[ "$(id -u)" != 0 ] || chgrp 65533 "$dir/run/counter.sock"
		healthy
		finds warning "listen: user $web can.t open .*counter.sock: .*: name its group in socket_group" \
			'check: a socket that no web server can open'
	else
		diag 'there is no user of a web server'
	fi
	if [ "$(id -u)" = 0 ] && getent group daemon >/dev/null; then
		healthy run_dir="$dir/run" socket_group=daemon
		finds error 'listen: .*counter.sock belongs to group [0-9]* and not to daemon' 'check: the group of a socket'
	fi
	stop counter
fi

healthy trusted_proxies=0.0.0.0/0
finds error 'trusted_proxies: 0.0.0.0/0 believes everybody' 'check: proxies that are everybody'
healthy max_age=60d
finds warning 'max_age is longer than absolute_timeout' 'check: lifetimes that clash'
healthy cookie_secure=yes origin=http://example.org
finds error 'cookie_secure = yes, but origin is http' 'check: a cookie that no browser sends'
healthy cookie_secure=no origin=https://example.org
finds warning 'cookie_secure = no, but origin is https' 'check: a cookie that leaks'
healthy cookie_http_only=no
finds warning 'cookie_http_only = no' 'check: a cookie that scripts see'
healthy auto_remove=disabled
finds warning 'auto_remove = disabled' 'check: nobody sweeps'
healthy socket_group=no-such-group
finds error 'socket_group: there is no group' 'check: an unknown group'
healthy threads=0
finds error '.*threads' 'check: a bad option'
healthy threads=4 secret_file= cookie_http_only=no
is "$(grep -c '^[ew][a-z]*: ' out) $code" '2 1' 'check: every finding has its line'

if [ $can_be_other ]; then
	mkdir -p "$away/sessions" "$away/run"
	"$gate" secret --file "$away/key" 2>/dev/null
	printf '%s\n' "secret_file = $away/key" "store = file:$away/sessions" "run_dir = $away/run" \
		"templates = $away" >"$away/gate.conf"
	touch "$away/error.html" "$away/sessions/x.json"
	[ "$(id -u)" != 0 ] || chown -R $other:$other "$away"
	chmod 700 "$away/sessions" "$away/run"
	chmod 600 "$away/sessions/x.json"
	run_as_user check --config "$away/gate.conf"
	is "$code $out" '0 all is well' 'check as a plain user'
	rm -rf "$away/sessions/.gate"
	chmod 500 "$away/sessions"
	run_as_user check --config "$away/gate.conf"
	finds error 'store .*Permission denied' 'check: a store that is write-protected'
	chmod 700 "$away/sessions"
	rm -f "$away/run/queue"
	chmod 500 "$away/run"
	run_as_user check --config "$away/gate.conf"
	finds error 'run_dir: .*Permission denied' 'check: a run_dir that is write-protected'
	chmod 700 "$away/run"
	chmod 400 "$away/sessions/x.json"
	run_as_user check --config "$away/gate.conf"
	finds error 'store: 1 records in .* can.t be opened' 'check: a record that is write-protected'
	chmod 600 "$away/sessions/x.json"
	as_user perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => shift, Listen => 1)' "$away/run/shut.sock"
	chmod 000 "$away/run/shut.sock"
	run_as_user check --config "$away/gate.conf"
	like "$code $out" '^1 .*error: listen: .*shut.sock can.t be reached: Permission denied' \
		'check: a socket that can not be opened'
	rm "$away/run/shut.sock"
	chmod 000 "$away/key"
	run_as_user check --config "$away/gate.conf"
	finds error 'secret_file .*Permission denied' 'check: a secret that can not be read'
	chmod 600 "$away/key"
	as_user "$away/gate" user add alice --stdin --config= --users="file:$away/users" \
		--store="file:$away/sessions" <<<'seven wild geese in a row' >/dev/null
	run_as_user check --config "$away/gate.conf" --users "file:$away/users"
	is "$code $out" '0 all is well' 'check as a plain user: users'
	chmod 400 "$away/users"
	run_as_user check --config "$away/gate.conf" --users "file:$away/users"
	finds warning "users: user $other can.t change .*users, so passwords can.t be changed" \
		'check: users that are write-protected'
	chmod 000 "$away/users"
	run_as_user check --config "$away/gate.conf" --users "file:$away/users"
	like "$out" '(^|
)error: users file:.*users: Permission denied' 'check: users that can not be read'
	chmod 600 "$away/users"
fi
if [ $can_be_other ] && [ "$(id -u)" = 0 ]; then
	rm -rf "$away/sessions/.gate" "$away/run/queue"
	run check --config "$away/gate.conf"
	is "$code $out" '0 all is well' 'check as root'
	run session count --config "$away/gate.conf"
	is "$code $out" '0 0' '  and session as root'
	is "$(find "$away/sessions" "$away/run" ! -user $other)" '' '  leave nothing that is not the owner'\''s'
	chown 0:0 "$away/key"
	run check --config "$away/gate.conf"
	finds error "secret_file: user $other, as whom the programs run, can.t read" \
		'check as root: a secret that the programs can not read'
	chown $other:$other "$away/key"
	chown "0:$other" "$away/users" && chmod 640 "$away/users"
	run check --config "$away/gate.conf" --users "file:$away/users"
	finds warning "users: user $other can.t change .*users" \
		'check as root: users that the programs can only read'
	chmod 600 "$away/users"
	run check --config "$away/gate.conf" --users "file:$away/users"
	like "$code $out" '^1 .*users file:.*users: Permission denied' '  or not even that'
fi

# ---- gate session
make_conf
rm -f sessions/*.json
t=$(now)
put() { printf '%s' "$2" >"sessions/$1.json"; chmod 600 "sessions/$1.json"; } # ID JSON
cookie='"cookie":{"originalMaxAge":null,"expires":null,"path":"/"}'
put alive "{$cookie,\"views\":0.1,\"big\":99999999999999999999,\"list\":[1,{},[]],\"__lastAccess\":$t}"
put named "{$cookie,\"gate\":{\"user\":\"eve\\u202e\\u001b[2J\\n\",\"created\":$((t - 1000))},\"__lastAccess\":$t}"
put -dash "{$cookie,\"text\":\"\\\"\\\\}, \\u009b\",\"__lastAccess\":$t}"
put dead "{$cookie,\"__lastAccess\":1000}"
put ancient "{$cookie,\"gate\":{\"created\":1000},\"__lastAccess\":$t}"
put broken '{"cookie":'
session() { run session "$@" --config gate.conf; }

session count
is "$code $out" '0 3' 'session count: the live ones'
run session count --config gate.conf --user bob
is "$code $out$err" '0 0' '  --user stands anywhere'
run session list --config gate.conf --user=bob --store "file:$dir/sessions"
is "$code $out$err" '0 ' '  or between options'
run session kill --config gate.conf --user bob
is "$code $out" '0 0 sessions are gone' '  for kill, too'
session list
is "$code $(cut -f 1 out | LC_ALL=C sort | tr '\n' ' ')" '0 -dash alive named ' 'session list: the same'
iso() { date -u -d "@${1%???}.${1: -3}" +%Y-%m-%dT%H:%M:%S.%3NZ; }
is "$(grep ^alive out)" "$(printf 'alive\t-\t-\t%s\t%s\t%s' "$(iso "$t")" \
	"$(iso $((t + 14 * 86400000)))" "$(wc -c <sessions/alive.json)")" \
	'  id, user, created, last seen, end, size'
unlike "$(grep ^named out)" $'\e|\xe2\x80\xae' '  a name does nothing to the terminal'
session show alive
is "$code $out" "0 {
  \"cookie\": {
    \"originalMaxAge\": null,
    \"expires\": null,
    \"path\": \"/\"
  },
  \"views\": 0.1,
  \"big\": 99999999999999999999,
  \"list\": [
    1,
    {},
    []
  ],
  \"__lastAccess\": $t
}" 'session show: the record, its numbers as they are'
session show -dash
like "$code $out" '^0 .*"text": "\\"\\\\\}, \\u009b"' '  strings as they are'
session show dead
is "$code $out" '1 ' 'session show: one that has expired'
session show none
like "$code $err" '^1 gate: there is no live session none$' '  none of that id'
session show ../alive
is "$code" 1 '  no id at all'
like "$err" 'neither a session.s id nor a cookie.s value' '  which it says'

sign() { # ID
	printf '%s.%s' "$1" "$(printf %s "$1" | openssl dgst -sha256 -hmac "$(<secret)" -binary |
		base64 | tr -d '=')"
}
if command -v openssl >/dev/null; then
	session show "s:$(sign alive)"
	like "$code $out" '^0 .*"views": 0.1' 'session show: a whole cookie'
	session show "s%3A$(sign alive | sed 's,/,%2F,g; s,+,%2B,g')"
	like "$code $out" '^0 .*"views": 0.1' '  as browsers send it'
	forged=$(sign alive)
	session show "s:${forged/alive/named}"
	like "$code $err" '^1 .*none of our secrets made the signature' '  not one that was forged'
fi
session kill alive
is "$code $(ls sessions | grep -c alive)" '0 0' 'session kill removes the record'
session kill alive
like "$code $err" '^1 gate: there is no session alive$' '  once'
session sweep
is "$code $out $(ls sessions | tr '\n' ' ')" '0 2 removed -dash.json broken.json named.json ' \
	'session sweep removes what has expired'
put dead "{$cookie,\"__lastAccess\":1000}"
mkdir -m 700 moved
run session list --config gate.conf
LC_ALL=C sort out >before
run session copy "file:$dir/sessions" --config gate.conf --store "file:$dir/moved"
is "$code $out" '0 2 sessions copied, 0 were there already' 'session copy takes over what lives'
run session list --config gate.conf --store "file:$dir/moved"
is "$code $(LC_ALL=C sort out)" "0 $(<before)" '  with all that is known of it'
run session copy "file:$dir/sessions" --config gate.conf --store "file:$dir/moved"
is "$code $out" '0 0 sessions copied, 2 were there already' '  once'
run session copy --config gate.conf
is "$code $(head -n 1 err)" '2 gate: gate session copy needs the store to copy from, as file:/some/folder' \
	'  from a store that is named'
run session copy "file:$dir/nowhere" --config gate.conf --store "file:$dir/moved"
is "$code $out" '1 ' '  that is there, or nothing was copied'
like "$err" "^gate: store file:$dir/nowhere: No such file" '  and it says why'
mkdir -m 700 crowd
for i in {1..1001}; do printf '{%s,"__lastAccess":%s}' "$cookie" "$(now)" >"crowd/s$i.json"; done
on_terminal() { # WORD...: gate session with standard error on a terminal; what that shows is in terminal
	script -qec "$gate session $* --config gate.conf >'$dir/counted'" /dev/null >"$dir/terminal" </dev/null
}
mkdir -m 700 crowd.copy
for words in "count --store file:$dir/crowd" "list --store file:$dir/crowd" \
	"copy file:$dir/crowd --store file:$dir/crowd.copy" "kill --all --store file:$dir/crowd.copy"; do
	on_terminal "$words"
	like "$(cat terminal)" '1000 sessions so far' "session ${words%% *}, of many, tells a terminal how far it is"
	case $words in
	count*) is "$(cat counted)" 1001 '  and counts them' ;;
	list*) is "$(wc -l <counted)" 1001 '  and lists them' ;;
	copy*) is "$(cat counted)" '1001 sessions copied, 0 were there already' '  and copies them' ;;
	kill*) is "$(cat counted)" '1001 sessions are gone' '  and ends them' ;;
	esac
done
on_terminal "sweep --store file:$dir/crowd"
like "$(cat terminal)" 'sweeping for 0 s so far' 'session sweep tells a terminal how long it takes'
is "$(cat counted)" '0 removed' '  and what came of it'
run session count --config gate.conf --store "file:$dir/crowd"
is "$out $err" '1001 ' 'nobody else is told'
run session sweep --config gate.conf --store "file:$dir/crowd"
is "$out $err" '0 removed ' '  of a sweep, too'
rm -r crowd crowd.copy
rm -r moved
session sweep
is "$code $out" '0 1 removed' 'session sweep: also right after another one'
put dead "{$cookie,\"__lastAccess\":1000}"
run session sweep --config gate.conf --auto_remove disabled
is "$code $out" '0 1 removed' '  also where the programs may not'
for job in list count sweep; do
	run session $job --config gate.conf --store "file:$dir/missing"
	is "$code $out $([ -e missing ] || echo none)" '1  none' "session $job makes no store"
done
run session list --config missing.conf
is "$code" 1 'session needs its options'
like "$err" '^gate: .*missing.conf' '  and says so'

# ---- the MongoDB driver is not there before an option names MongoDB; it would leave a file in /dev/shm, which
# the command, having become the store's owner, may not remove
leaves_nothing() {
	local command=0
	(exec env -u MONGOC_DISABLE_SHM "$gate" session count --config= --store="file:$dir/owned/sessions" \
		--secret=bT3kQ9zLw7Rf2Hn5Yc8Vd1Xj6Mg4Ps0a) >/dev/null 2>&1 &
	pids[count]=$!
	wait "${pids[count]}" || command=$?
	[ $command = 0 ] && [ ! -e "/dev/shm/mongoc-${pids[count]}" ]
}
mkdir -p "$dir/owned/sessions"
[ "$(id -u)" != 0 ] || chown -R "$other" "$dir/owned"
ok 'a command on a store of somebody else leaves no file in /dev/shm' leaves_nothing
unset 'pids[count]'
has_driver() { cat /proc/{$(pid_of "$1"),$(workers_of "$1" | paste -sd,)}/maps | grep -q libmongoc; }
if grep -q '^#define HAVE_MONGODB' "$build/config.h"; then
	make_conf workers=1
	start_responder counter || bail 'the counter does not start'
	ok 'a page whose sessions are files has no MongoDB driver in memory' not has_driver counter
	stop counter
fi
done_testing
