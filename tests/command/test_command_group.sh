#!/bin/bash
# test_command_group.sh: `gate group`: its jobs, its warnings, the file that it leaves.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

gate=$(program gate)
[ -x "$gate" ] || bail "$gate was not built"
unset "${!GATE_@}"
cd "$dir" || exit 1
umask 022

group() { # ARGUMENT...: leaves $out, $err and $code
	code=0
	"$gate" group "$@" --config gate.conf >"$dir/out" 2>"$dir/err" </dev/null || code=$?
	out=$(<"$dir/out") err=$(<"$dir/err")
}
mode() { stat -c %a "$1"; }

make_conf groups="$dir/groups"

# ---- the command line
for words in '' fly add remove 'add staff' 'remove staff' 'add --config gate.conf' \
	'add staff --config gate.conf' 'add staff -c gate.conf' 'list staff'; do
	code=0
	# shellcheck disable=SC2086
	"$gate" group $words >"$dir/out" 2>"$dir/err" </dev/null || code=$?
	case $words in
	'list staff') is "$code" 1 "group $words: a word too many" ;;
	*) is "$code $(sed -n '1s/ group .*//p; 3s/:.*//p' err | tr '\n' ' ')" '2 gate: gate usage ' "group $words: usage" ;;
	esac
done
is "$([ -e groups ] || echo none)" none '  and nothing was made'
make_conf
group list
is "$code $out" '1 ' 'without the option groups: a failure'
like "$err" '^gate: no groups: say groups = FILE in gate.conf' '  that says what to do'
make_conf groups="$dir/groups"
group list
like "$code $err" "^1 gate: groups $dir/groups: No such file" 'a file that is not there'
group remove staff alice
like "$code $err" "^1 gate: groups $dir/groups: it is not there: gate group add makes it$" \
	'  from which nobody can be removed'
is "$([ -e groups ] || echo none)" none '  and none is made'

# ---- add
(umask 0; "$gate" group add staff alice bob --config gate.conf >out 2>err)
is "$(<out)" 'alice is in staff
bob is in staff' 'add'
is "$(mode groups) $(<groups)" '600 staff: alice bob' '  makes the file, for its owner only'
[ "$(id -u)" != 0 ] || like "$(<err)" "next: make the user that gate runs as the owner of $dir/groups" \
	'  and, to root, says what is next'
printf '# ours\n\nstaff: alice\r\nodd line\nadmins: root' >groups
chmod 644 groups
[ "$(id -u)" != 0 ] || chown 12:34 groups
owner=$(stat -c %u:%g groups)
group add staff alice bob
is "$code $out" '0 alice is in staff already
bob is in staff' 'add: one is there already'
is "$(<groups)" $'# ours\n\nstaff: alice bob\r\nodd line\nadmins: root' \
	'  and all else stays byte for byte'
is "$(mode groups) $(stat -c %u:%g groups)" "644 $owner" '  mode and owner, too'
inode=$(stat -c %i groups)
group add staff alice
is "$code $out $(stat -c %i groups)" "0 alice is in staff already $inode" \
	'  and if there is nothing to change the file stays'
group add Ärzte -dash
is "$code $(tail -n 1 groups)" '0 Ärzte: -dash' 'add: a new group, a name that begins with a dash'
before=$(<groups)
for name in '' 'a:b' 'a,b' '#a' ' a' $'a\nb' $'a\e[2J' $'a\xff' "$(head -c 256 /dev/zero | tr '\0' n)"; do
	group add "$name" alice
	like "$code $err" '^1 gate: the group.s name (is|holds|begins)' 'a name that no group can have'
done
for name in '' 'a:b' '#a' 'a b' $'a\nb' $'a\xff'; do
	group add staff zoe "$name"
	like "$code $err" '^1 gate: the user.s name (is|holds|begins)' 'a name that no user of a group can have'
done
is "$(<groups)" "$before" '  and none of them is added, nor who stood beside them'

# ---- users that nobody knows
make_user alice 'canary: seven wild geese'
chmod 600 users
make_conf groups="$dir/groups" users="file:$dir/users"
group add staff alice zoe
is "$code $err" '0 gate: warning: there is no user zoe: gate user add' 'a user who is not known: a warning'
like "$(<groups)" 'staff: alice bob zoe' '  and the name is added'
group remove staff zoe
is "$code $err" '0 ' '  none if such a name is removed'
mv users users.away
group add staff zoe
like "$code $err" '^0 gate: warning: it was not checked who is a user: users file:.* it is not there' \
	'users that can not be read: a warning'
mv users.away users

# ---- list
group list
is "$code $out" '0 admins: root
staff: alice bob zoe
Ärzte: -dash' 'list: groups and users, sorted'
like "$err" 'event=groups-line-skipped .*line=4' '  and a line that is none, by its number'

# ---- remove
group remove staff alice carl
like "$code $err" '^1 gate: carl is not in staff: nobody was removed' 'remove: one who is not there'
like "$(<groups)" 'staff: alice bob zoe' '  so nobody goes'
group remove staff alice zoe
is "$code $out" '0 alice is no longer in staff
zoe is no longer in staff' 'remove'
is "$(<groups)" $'# ours\n\nstaff: bob\r\nodd line\nadmins: root\nÄrzte: -dash' \
	'  and all else stays byte for byte'
group remove staff bob
is "$code $(<groups)" $'0 # ours\n\nodd line\nadmins: root\nÄrzte: -dash' '  the last one takes the line'
group remove staff bob
like "$code $err" '^1 gate: bob is not in staff' '  and may not be said again'

# ---- at once: no change is lost
: >groups
names=$(seq -f user%g 1 "$(count 200)")
echo "$names" | xargs -P 8 -I NAME "$gate" group add crowd NAME --config gate.conf >out 2>err
is "$(tail -n 1 groups | tr ' ' '\n' | grep -c user)" "$(count 200)" 'changes at once: none is lost'
is "$(find . -name '.gate-new-*')" '' '  and nothing is left beside the file'

# ---- links, rights
mkdir real && mv groups real/groups && ln -s real/groups groups
group add staff bob
is "$code $(readlink groups) $(tail -n 1 real/groups) $(ls -A real)" '0 real/groups staff: bob groups' \
	'a link stays a link'
rm groups && mv real/groups groups && rmdir real
group add staff carol --groups="$dir/missing/groups"
like "$code $err" "^1 gate: $dir/missing/groups can.t be made: .*missing/: No such file" \
	'a folder that is not there'
let_other_user_run "$gate"
if [ $can_be_other ] && [ "$(id -u)" = 0 ]; then
	as_root() { # ARGUMENT...
		code=0
		"$gate" group "$@" --config= --groups="$away/groups" >"$dir/out" 2>"$dir/err" || code=$?
		err=$(<"$dir/err")
	}
	as_root add staff alice
	is "$code $err $(stat -c '%u %a' "$away/groups")" "0  $other 600" \
		'as root: a new file is the owner'\''s of its folder'
	# who owns the folder must not make root change what root alone may change
	printf 'root: x\n' >"$dir/precious" && chmod 600 "$dir/precious"
	rm "$away/groups" && as_user ln -s "$dir/precious" "$away/groups"
	as_root add staff alice
	is "$code $(<"$dir/precious")" '1 root: x' '  nor does root follow a link out of it'
fi
done_testing
