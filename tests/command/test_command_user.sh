#!/bin/bash
# test_command_user.sh: `gate user`: its jobs, its prompt on a terminal, the file that it leaves.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

gate=$(program gate)
[ -x "$gate" ] || bail "$gate was not built"
unset "${!GATE_@}"
cd "$dir" || exit 1
umask 022

first='canary: seven wild geese' # passwords, of which no message may hold one
second='canary; nine tame ducks'

said() { # takes up what was said, which is searched for passwords and hashes at the end
	out=$(<"$dir/out") err=$(<"$dir/err")
	cat "$dir/out" "$dir/err" >>"$dir/all"
}
user() { # ARGUMENT...: leaves $out, $err and $code
	code=0
	"$gate" user "$@" --config gate.conf >"$dir/out" 2>"$dir/err" </dev/null || code=$?
	said
}
type_in() { # TEXT ARGUMENT...: the same with TEXT, as printf writes it, on standard input
	local text=$1
	shift
	code=0
	# shellcheck disable=SC2059
	printf "$text" | "$gate" user "$@" --config gate.conf >"$dir/out" 2>"$dir/err" || code=$?
	said
}
mode() { stat -c %a "$1"; }
hash_of() { sed -n "s/^$1:\([^:]*\).*/\1/p" "${2:-users}"; }
# perl's crypt is the one of libcrypt
fits() { perl -e 'exit(crypt($ARGV[1], $ARGV[0]) ne $ARGV[0])' "$(hash_of "$1")" "$2"; }

make_conf users="file:$dir/users"

# ---- the command line
for words in '' fly add password remove unlock 'add --stdin' 'list alice' 'add alice bob' \
	'remove alice --stdin' 'list --hash' 'remove -c gate.conf' 'add --config gate.conf'; do
	code=0
	# shellcheck disable=SC2086
	"$gate" user $words >"$dir/out" 2>"$dir/err" </dev/null || code=$?
	case $words in
	'list alice' | 'add alice bob') is "$code" 1 "user $words: a word too many" ;;
	*) is "$code $(sed -n '1s/ user .*//p; 3s/:.*//p' err | tr '\n' ' ')" '2 gate: gate usage ' "user $words: usage" ;;
	esac
done
is "$([ -e users ] || echo none)" none '  and nothing was made'
make_conf
user list
is "$code $out" '1 ' 'without the option users: a failure'
like "$err" '^gate: no users: say users = file:PATH in gate.conf' '  that says what to do'
make_conf users=ldap://somewhere
user list
like "$code $err" '^1 gate: users ldap: is of no known kind' 'an unknown kind of users'
make_conf users="file:$dir/users"
user list
like "$code $err" "^1 gate: users file:$dir/users: it is not there: gate user add makes it$" \
	'a file that is not there'
for job in password remove unlock; do
	user $job alice
	is "$code $([ -e users ] || echo none)" '1 none' "  which user $job does not make"
done

# ---- add
(umask 0; printf '%s\n' "$first" | "$gate" user add alice --stdin --config gate.conf >out 2>err)
said
is "$(mode users) $(wc -l <users)" '600 1' 'add makes the file, for its owner only'
is "$(hash_of alice | cut -c 1-5)" '$y$jA' '  with a yescrypt hash'
ok '  of the password' fits alice "$first"
is "$out" 'alice may log in' '  and says so'
[ "$(id -u)" != 0 ] || like "$err" "next: make the user that gate runs as the owner of $dir/users" \
	'  and, to root, what is next'
before=$(<users)
type_in "$second" add alice --stdin
is "$code $(<users)" "1 $before" 'add: one who is there already stays as he is'
like "$err" 'there is a user alice already: gate user password' '  which it says'

type_in "$first" add bob --stdin
ok 'a password without a newline' fits bob "$first"
type_in "$first\\r\\n" add carol --stdin
ok '  with carriage return and newline' fits carol "$first"
mark='\xef\xbb\xbf' # as some shells put before what they pipe
type_in "$mark$first\\r\\n" add grace --stdin
ok '  behind a byte-order mark' fits grace "$first"
type_in "$mark$mark$first" add heidi --stdin
ok '  of two marks the second belongs to it' fits heidi $'\xef\xbb\xbf'"$first"
for name in grace heidi; do user remove $name; done
type_in "$mark" add grace --stdin
like "$code $err" '^1 gate: there was no password to read' '  a mark alone is no password'
type_in "  $first \\n" add dave --stdin
ok '  with blanks at its ends' fits dave "  $first "
printf '%s\n%s\n' "$first" "$second" | {
	"$gate" user add erin --stdin --config gate.conf
	"$gate" user add frank --stdin --config gate.conf
} >out 2>err
said
ok 'one line is read' fits erin "$first"
ok '  and the next one left to whoever reads next' fits frank "$second"
is "$(grep -vc '^# gate: ' users)" 6 '  six users by now'

people() { grep -v '^# gate: ' "${1:-users}"; } # the file, but for when sessions ended
before=$(people)
refused() { # TEXT REGEX NAME
	type_in "$1" add zoe --stdin
	like "$code $err" "^1 gate: $2" "$3"
	is "$(people)" "$before" '  is not added'
}
refused '' 'there was no password to read' 'standard input without a byte'
refused '\n' 'the password ' 'an empty line'
refused 'short\n' 'the password is shorter than 15 characters' 'a short password'
refused 'passwordpassword\n' 'the password ' 'one that is easy to guess'
refused "$(head -c 512 /dev/zero | tr '\0' x)\\n" 'the password is longer than 511 bytes' \
	'512 bytes'
refused "$(head -c 100000 /dev/zero | tr '\0' x)" 'the password is longer than 511 bytes' \
	'100 000 bytes'
refused "$first"'\0 and more\n' 'the password holds a NUL byte' 'a NUL byte'
refused '\377\376\375\374 canary seven wild\n' 'the password ' 'what is not UTF-8'
long=$(head -c 400 /dev/urandom | base64 -w 0 | head -c 511)
type_in "${long//\\/}\\n" add longest --stdin
is "$code" 0 '511 bytes'
ok '  are taken whole' fits longest "$long"
user remove longest

for name in '' 'a:b' '#a' ' a' 'a ' $'a\nb' $'a\e[2J' $'a\xff' "$(head -c 256 /dev/zero | tr '\0' n)"; do
	type_in "$first" add "$name" --stdin
	like "$code $err" '^1 gate: the user.s name (is|holds|begins)' 'a name that can be none'
	is "$(people)" "$before" '  is not added'
done
type_in "$first" add -dash --stdin
is "$code $(tail -n 1 users | cut -c 1-9)" '0 -dash:$y$' 'a name may begin with a dash'
user remove -dash
type_in "$first" add 'Jürgen Weiß' --stdin
is "$code" 0 '  and hold what is not ASCII'
user remove 'Jürgen Weiß'
is "$(people)" "$before" '  and of who is removed only the time is left'
is "$(grep -cE '^# gate: (-dash|Jürgen Weiß) ended [0-9]{13}$' users)" 2 '  on a line that is a comment to others'

# ---- password
printf '# ours\n\nbob:%s:Bob, of sales\r\nold:$1$x$y\n' "$(hash_of bob)" >users
chmod 640 users
[ "$(id -u)" != 0 ] || chown 12:34 users
owner=$(stat -c %u:%g users)
type_in "$second" password bob --stdin
is "$code $out" '0 bob has a new password' 'password'
ok '  makes a new hash' fits bob "$second"
is "$(people | sed "s/^bob:[^:]*/bob:HASH/")" "$(printf '# ours\n\nbob:HASH:Bob, of sales\r\nold:$1$x$y')" \
	'  and all else stays byte for byte'
is "$(mode users) $(stat -c %u:%g users)" "640 $owner" '  mode and owner, too'
type_in "$first" password nobody --stdin
like "$code $err" '^1 gate: there is no user nobody$' 'password of nobody'
type_in "bob bob bob bob bob" password bob --stdin
like "$code $err" '^1 gate: the password ' '  one that is easy to guess from the name'
ok '  and the old one stays' fits bob "$second"

# ---- hashes from elsewhere
sha='$6$rounds=100000$saltsalt$'$(head -c 86 /dev/zero | tr '\0' a)
type_in "$sha\\n" add guest --stdin --hash
is "$code $(hash_of guest)" "0 $sha" '--hash: as it is'
type_in "$(hash_of bob)\\r\\n" password guest --hash --stdin
is "$code $(hash_of guest)" "0 $(hash_of bob)" '  also for password'
apr1='$apr1$saltsalt$'$(head -c 22 /dev/zero | tr '\0' a)
type_in "$apr1" add weak --stdin --hash
like "$code $err" '^1 gate: the hash is weak' '  not a weak one'
type_in "$apr1" add weak --stdin --hash --allow_weak_hashes=yes
is "$code $(hash_of weak)" "0 $apr1" '  unless that is allowed'
type_in "$first" add other --stdin --hash
like "$code $err" '^1 gate: the hash is of no known kind' '  no password'
type_in '' add other --stdin --hash
like "$code $err" '^1 gate: there was no hash to read' '  nothing'
type_in "$(hash_of bob):x" add other --stdin --hash
is "$code" 1 '  nothing that would break the line'

# ---- list
printf 'alice:%s\n# no user\nguest:%s:x\nweak:%s\nold:$1$x$y\nplain:secret\nb c:$2y$%s\n' \
	"$(hash_of bob)" "$sha" "$apr1" "$(printf '05$'; head -c 53 /dev/zero | tr '\0' a)" >users
chmod 600 users
user list
is "$code $out" "0 alice	yescrypt
guest	sha512-crypt
weak	apr1	refused
old	unknown	refused
plain	unknown	refused
b c	bcrypt" 'list: names, kinds, and who can not log in'
user list --allow_weak_hashes yes
like "$out" 'weak	apr1	weak' '  a weak hash that is allowed'
printf 'secretly broken\nalice:%s\n' "$(hash_of alice)" >users
user list
is "$code $out" "0 alice	yescrypt" 'list: a line that is no user'
is "$(grep -c 'event=users-line-skipped.* line=1 error="has no colon"' err) $(grep -c secretly err)" \
	'1 0' '  is logged by its number'
: >users
user list
is "$code $out" '0 ' 'list: nobody'
if [ -w /dev/full ]; then
	type_in "$first" add alice --stdin
	code=0
	"$gate" user list --config gate.conf >/dev/full 2>err || code=$?
	is "$code" 1 'output that can not be written is a failure'
fi

# ---- remove
printf 'alice:$y$1\nbob:$y$2\nalice:$y$3\n' >users
user remove alice
is "$code $out $(people)" '0 alice is gone bob:$y$2' 'remove takes every line of the user'
user remove alice
is "$code $out $(people)" '0 alice is gone bob:$y$2' '  and may be said again'
user remove nobody
like "$code $err" '^1 gate: there is no user nobody$' '  of who was there'
user remove bob
is "$code $(mode users) $(people)" '0 600 ' '  and leaves nobody'

# ---- what the store holds of a user: failed tries and sessions
sha256() { printf %s "$1" | sha256sum | cut -c 1-64; }
bump=sessions/.gate/bump/$(sha256 "login:account:$(sha256 alice)")
now=$(date +%s%3N)
hold() { # failed tries of alice, two sessions of hers, one of bob's; as a program leaves them
	local id name index
	mkdir -p -m 700 sessions/.gate/bump
	printf '%-20s %-20s %-20s\n' 100 $((now + 86400000)) "$now" >"$bump"
	for id in a1:alice a2:alice b1:bob; do
		name=${id#*:} id=${id%:*}
		printf '{"cookie":{"originalMaxAge":null},"gate":{"user":"%s","created":%s},"__lastAccess":%s}' \
			"$name" "$now" "$now" >"sessions/$id.json"
		index=sessions/.gate/user/$(sha256 "$name")
		mkdir -p -m 700 "$index" && : >"$index/$id"
	done
	chmod 600 sessions/*.json "$bump"
	[ -e "$bump" ] || echo 'no counter'
}
held() { (cd sessions && echo *.json "$([ ! -e "../$bump" ] || echo closed)"); }
hold
is "$(held)" 'a1.json a2.json b1.json closed' 'a user with failed tries and sessions'
type_in "$first" add alice --stdin
is "$code $(held)" '0 b1.json ' 'add begins without them'
like "$out" '2 sessions of alice ended' '  which it says'
hold
user unlock alice
is "$code $out $(held)" '0 alice may try again a1.json a2.json b1.json ' \
	'unlock forgets the tries and leaves the sessions'
hold
echo garbage >"$bump"
user unlock alice
is "$code $out $(held)" '0 alice may try again a1.json a2.json b1.json ' \
	'  and a counter that can not be read'
user unlock nobody
like "$code $err" '^1 gate: there is no user nobody$' '  of users that there are'
hold
type_in "$second" password alice --stdin
is "$code $(held)" '0 b1.json ' 'password forgets the tries and ends the sessions'
hold
user remove alice
is "$code $(held)" '0 b1.json ' 'and so does remove'
hold
user remove alice
is "$code $(held)" '0 b1.json ' '  said again it does what a first one was cut off before'
like "$out" '2 sessions of alice ended' '  and says so'
hold
user remove nobody
is "$code $(held)" '1 a1.json a2.json b1.json closed' '  of nobody it does nothing'
rm -f sessions/a?.json "$bump"
mv sessions away
type_in "$first" add alice --stdin
is "$code $([ -e sessions ] || echo none)" '0 none' 'without a store there is nothing to forget'
user unlock alice
is "$code $([ -e sessions ] || echo none)" '1 none' '  or to unlock, and none is made'
touch sessions
type_in "$second" password alice --stdin
is "$code" 1 'a store that fails'
ok '  leaves the new password' fits alice "$second"
like "$err" 'the users are changed; what the store holds of alice is not' '  and says so'
rm sessions && mv away sessions

# ---- links, folders, rights
mkdir real && mv users real/users && ln -s real/users users
type_in "$first" add bob --stdin
is "$code $(readlink users) $(people real/users | wc -l) $(ls -A real)" '0 real/users 2 users' \
	'a link stays a link'
rm users && mv real/users users && rmdir real
type_in "$first" add carol --stdin --users="file:$dir/missing/users"
like "$code $err" "^1 gate: $dir/missing/users can.t be made: .*missing/: No such file" \
	'a folder that is not there'
let_other_user_run "$gate"
user_as() { # TEXT ARGUMENT...
	local text=$1
	shift
	code=0
	printf '%s\n' "$text" | as_user "$away/gate" user "$@" --config= \
		--users="file:$away/users" --store="file:$away/sessions" >"$dir/out" 2>"$dir/err" || code=$?
	said
}
if [ $can_be_other ]; then
	user_as "$first" add alice --stdin
	is "$code $err $(stat -c '%u %a' "$away/users")" "0  $other 600" 'as a plain user'
	before=$(<"$away/users")
	as_user chmod 500 "$away"
	user_as "$second" password alice --stdin
	like "$code $err" "^1 gate: users file:$away/users can.t be changed: Permission denied" \
		'a folder that is write-protected'
	is "$(<"$away/users") $(ls -A "$away")" "$before gate
users" '  keeps what it holds'
	as_user chmod 700 "$away"
	mv "$away/users" "$dir/users.away"
	as_user chmod 500 "$away"
	user_as "$second" add alice --stdin
	like "$code $err" '^1 gate: .*can.t be made: .*Permission denied' '  and gets no new file'
	as_user chmod 700 "$away"
	mv "$dir/users.away" "$away/users"
	as_user chmod 000 "$away/users"
	user_as "" list
	like "$code $err" '^1 gate: users .*: Permission denied' 'a file that can not be read'
	as_user chmod 600 "$away/users"
fi
if [ $can_be_other ] && [ "$(id -u)" = 0 ]; then
	as_root() { # TEXT ARGUMENT...
		local text=$1
		shift
		code=0
		printf '%s\n' "$text" | "$gate" user "$@" --config= --users="file:$away/users" \
			--store="file:$away/sessions" >"$dir/out" 2>"$dir/err" || code=$?
		said
	}
	as_root "$second" password alice --stdin
	is "$code $(stat -c '%u %a' "$away/users")" "0 $other 600" 'as root: the owner stays'
	rm "$away/users"
	as_root "$second" add alice --stdin
	is "$code $err $(stat -c '%u %a' "$away/users")" "0  $other 600" \
		'  and a new file is the owner'\''s of its folder'
	# who owns the folder must not make root change what root alone may change
	printf 'root:x:0:0\n' >"$dir/precious" && chmod 600 "$dir/precious"
	rm "$away/users" && as_user ln -s "$dir/precious" "$away/users"
	as_root "$second" add alice --stdin
	is "$code $(<"$dir/precious")" '1 root:x:0:0' '  nor does root follow a link out of it'
	rm "$away/users"
	as_user ln -s "$dir/made" "$away/users"
	as_root "$second" add alice --stdin
	is "$code $([ -e "$dir/made" ] || echo none)" '1 none' '  nor make a file where that points'
	rm "$away/users"
	mkdir -m 700 "$away/sessions" && chown $other:$other "$away/sessions"
	cp users "$dir/rootusers" && chmod 600 "$dir/rootusers"
	printf '%s\n' "$second" | "$gate" user password alice --stdin --config= \
		--users="file:$dir/rootusers" --store="file:$away/sessions" >out 2>err
	said
	is "$(stat -c %u "$dir/rootusers") $(find "$away/sessions" ! -user $other)" '0 ' \
		'root'\''s own file stays root'\''s, and the store its owner'\''s'
fi

# ---- several at once
: >users && chmod 600 users
for i in 1 2 3 4 5 6 7 8; do
	"$gate" user add "user$i" --stdin --config gate.conf <<<"$first" >>all 2>&1 &
	adds[i]=$!
done
failed=0
for i in 1 2 3 4 5 6 7 8; do wait "${adds[i]}" || failed=$((failed + 1)); done
user list
is "$failed $(cut -f 1 out | sort | tr '\n' ' ')" \
	'0 user1 user2 user3 user4 user5 user6 user7 user8 ' 'eight at once: each is there'
is "$(find . -name '.gate-users*')" '' '  and nothing is left beside the file'
for i in 1 2 3; do
	"$gate" user add same --stdin --config gate.conf <<<"$first" >>all 2>&1 &
	adds[i]=$!
done
failed=0
for i in 1 2 3; do wait "${adds[i]}" || failed=$((failed + 1)); done
is "$failed $(grep -c ^same: users)" '2 1' 'three of one name: one is'
user remove same

# ---- the terminal
setsid --wait "$gate" user add tty --config gate.conf <<<"$first" >out 2>err
said
like "$err" '^gate: there is no terminal to ask at: say --stdin$' 'without a terminal'
cat >terminal.py <<'END'
"""terminal.py TRANSCRIPT STEP... -- COMMAND...: runs it as the foreground job of a terminal.

Steps: see TEXT, type TEXT (\n, \x03: as in Python), signal NAME, stopped, echo, end. What they
found is printed as words: the echo as "on" or "off", the end as "exit N" or "signal N"."""
import os, select, signal, sys, termios

transcript, *words = sys.argv[1:]
split = words.index("--")
steps, command = words[:split], words[split + 1:]
master, slave = os.openpty()
status_in, status_out = os.pipe()
signal.alarm(60)  # of a test that hangs


def run_job():
    """A shell of one job: says when it stops and ends."""
    os.setsid()
    import fcntl
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(slave, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        null = os.open("/dev/null", os.O_RDONLY)  # the terminal is asked, not standard input
        os.dup2(null, 0), os.dup2(slave, 1), os.dup2(slave, 2)
        os.execvp(command[0], command)
    os.write(status_out, b"job %d\n" % job)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.write(status_out, b"stopped\n")
        else:
            kind = (b"exit %d\n" % os.WEXITSTATUS(status) if os.WIFEXITED(status)
                    else b"signal %d\n" % os.WTERMSIG(status))
            os.write(status_out, kind)
            os._exit(0)


if os.fork() == 0:
    run_job()
os.close(status_out)
shown = said = ""
lines = os.fdopen(status_in, "rb", 0)
job = int(lines.readline().split()[1])


def look():
    """Takes up what comes next: of the terminal, or of the job's state."""
    global shown, said
    ready, _, _ = select.select([master, lines], [], [])
    if master in ready:
        text = os.read(master, 4096).decode()
        shown += text
        with open(transcript, "a") as file:
            file.write(text)
    elif lines in ready:
        said += lines.readline().decode()


found = []
steps = iter(steps)
for step in steps:
    if step == "see":
        wanted = next(steps)
        while wanted not in shown and "exit" not in said and "signal" not in said:
            look()
        if wanted not in shown:
            found.append("unseen")
            break
        shown = shown[shown.index(wanted) + len(wanted):]
    elif step == "type":
        os.write(master, next(steps).encode().decode("unicode_escape").encode("latin-1"))
    elif step == "signal":
        os.kill(job, getattr(signal, "SIG" + next(steps)))
    elif step == "stopped":
        while "stopped" not in said:
            look()
        said = said.replace("stopped\n", "")
        found.append("stopped")
    elif step == "echo":
        found.append("on" if termios.tcgetattr(slave)[3] & termios.ECHO else "off")
    elif step == "end":
        while "exit" not in said and "signal" not in said:
            look()
        found.append(said.strip())
print(*found)
END
at_terminal() { # STEP... -- ARGUMENT...: leaves $found and $typed, the terminal's text
	local steps=()
	while [ "$1" != -- ]; do steps+=("$1") && shift; done
	shift
	rm -f typed
	found=$(python3 terminal.py typed "${steps[@]}" -- "$gate" user "$@" --config gate.conf 2>&1)
	typed=$(tr -d '\r' <typed)
	cat typed >>all
}
if ! command -v python3 >/dev/null; then
	[ "${CI:-}" != true ] || fail 'python3 is there'
	diag 'python3 is not installed: nobody is asked at a terminal'
else
	at_terminal see 'new password of tina: ' echo type "$first\\n" see 'once more: ' echo \
		type "$first\\n" end echo -- add tina
	is "$found" 'off off exit 0 on' 'add asks twice, without echo, and gives the echo back'
	ok '  for the password' fits tina "$first"
	is "$typed" 'new password of tina: 
once more: 
tina may log in' '  which nobody sees'
	at_terminal see 'new password of tina: ' type "$second\\n" see 'once more: ' \
		type "$second\\n" end -- password tina
	ok 'password does, too' fits tina "$second"
	before=$(<users)
	at_terminal see 'tina: ' type "$first\\n" see 'once more: ' type "$second\\n" end echo -- password tina
	is "$found $(<users)" "exit 1 on $before" 'two different ones change nothing'
	like "$typed" 'these were two different passwords' '  which it says'
	at_terminal see 'tina: ' type 'short\n' end echo -- password tina
	is "$found" 'exit 1 on' 'one that is refused'
	unlike "$typed" 'once more' '  is not asked for again'
	at_terminal see 'tina: ' type '\x04' end echo -- password tina
	is "$found" 'exit 1 on' 'the end of input'
	like "$typed" 'there was no password to read' '  which it says'
	at_terminal see 'tina: ' type 'canary\x03' end echo -- password tina
	is "$found" 'signal 2 on' 'an interrupt gives the echo back'
	at_terminal see 'tina: ' type "$first\\n" see 'once more: ' echo type 'x\x1c' end echo -- password tina
	is "$found" 'off signal 3 on' '  at the second prompt, and quit'
	at_terminal see 'tina: ' signal TERM end echo -- password tina
	is "$found" 'signal 15 on' '  SIGTERM'
	at_terminal see 'tina: ' signal HUP end echo -- password tina
	is "$found" 'signal 1 on' '  SIGHUP'
	is "$(<users)" "$before" '  and nothing is changed'
	at_terminal see 'tina: ' echo type 'canary\x1a' stopped echo signal CONT see 'tina: ' echo \
		type "$first\\n" see 'once more: ' type "$first\\n" end echo -- password tina
	is "$found" 'off stopped on off exit 0 on' 'stopped, it gives the echo back, and goes on asking'
	ok '  for the whole password' fits tina "$first"
	at_terminal see 'hash of theo: ' echo type "$(hash_of tina)\\n" end echo -- add theo --hash
	is "$found $(hash_of theo)" "off exit 0 on $(hash_of tina)" 'a ready hash is asked for once'
	at_terminal end -- add tina
	is "$found" 'exit 1' 'one who is there already is said before anything is asked'
	unlike "$typed" 'password of' '  indeed'
fi

is "$(grep -ac -e canary -e 'geese' -e 'ducks' all)" 0 'no message ever held a password'
is "$(grep -ac -e '\$y\$j' -e '\$6\$rounds' -e 'apr1\$' all)" 0 '  or a hash'
done_testing
