#!/bin/bash
# test_store_full.sh: strangers fill the store: users go on, strangers get 503 and no cookie, /health
# says so; and when there is room again all go on.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx
[ "$(id -u)" = 0 ] || skip_all 'only root can mount a disk'
if [ -z "${GATE_OWN_MOUNTS:-}" ]; then # which nobody else sees, and which go with this process
	unshare -m true 2>/dev/null || skip_all 'no mounts of its own: unshare is refused'
	GATE_OWN_MOUNTS=yes unshare -m bash "$0"
	exit
fi
mount -t tmpfs -o size=16m,mode=700 tmpfs "$dir/sessions" || bail 'no tmpfs'
make_user alice 'the first password of alice'
make_user bob "$(echo the password of bob)"
make_conf users="file:$dir/users" insecure_http=yes store_reserve=1m workers=1
for name in responder counter login logout user account health; do
	start_responder $name || bail "no $name"
done
start_nginx

health_is() { get /health; [ "$status" = "$1" ]; }
free_kib() { df -k --output=avail "$dir/sessions" | tail -n 1 | tr -d ' '; }
fill() { fallocate -l $(($(free_kib) - 512))K "$dir/sessions/filler" && wait_until 10 health_is 503; }
as() { jar=$dir/jar.$1; } # VISITOR
refused() { # NAME
	is "$status $(header Retry-After) $(set_cookies)" '503 1 0' "$1: 503, and no cookie"
}

as guest
get /r/count
get /r/count
as alice
log_in alice 'the first password of alice'
get /r/count
cp "$jar" "$dir/jar.alice-elsewhere"
as alice-twice
log_in alice 'the first password of alice'

fill || bail 'the disk does not get full'
is "$body" 'the store is almost full: new visitors are refused' '/health answers 503 and says why'
like "$(grep event=store-down "$dir/log/health" | tail -n 1)" 'error="store file:.*store_reserve' 'the log has the reason'
as stranger
answers_with() { new_visitor; get "$1"; [ "$status" = "$2" ]; } # a look holds for a second
ok 'within a second a stranger is refused' wait_until 10 answers_with /r/count 503
wait_until 10 answers_with /counter 503
before=$(records)
get /r/count
refused 'a stranger'
get /counter
refused 'a stranger at /counter'
page_says 'Log in, or try again later' 'the page says what a stranger can do'
is "$(records)" "$before" 'no record was made'
like "$(grep -c 'event=store-failed .*store_reserve.*make room' "$dir/log/responder")" '^[1-9]' \
	'the log says why, and what to do'
as guest
get /r/count
refused 'a stranger who was here before, and would change something'
get /r/show
is "$status" 200 'who only looks may'
as alice
get /r/count
is "$status $body" '200 visit 2' 'who is logged in goes on'
as bob
log_in bob 'the password of bob'
is "$status" 303 'a login works'
is "$(who)" bob 'and holds'
bumps() { find "$dir/sessions/.gate/bump" -type f | wc -l; }
fallocate -l $(($(free_kib) - 200))K "$dir/sessions/filler2"
try() { new_visitor; log_in nobody wrong; }
tries_end() { try; [ "$status" = 503 ]; }
as stranger
ok 'when very little is left a stranger may not even try a password' wait_until 10 tries_end
before=$(bumps)
for i in {1..20}; do try; done
is "$status $(bumps)" "503 $before" '  whose counters would take it'
as bob
log_in bob 'the password of bob'
is "$status $(who)" '303 bob' '  a known device may'
rm "$dir/sessions/filler2"
as alice
post /account -d others=yes
is "$status" 303 '"end all others" works'
as alice-twice
is "$(who)" nobody 'and ends the other one'
as alice
post /account --data-urlencode 'current=the first password of alice' \
	--data-urlencode 'new=vexing ochre tundra 88' --data-urlencode 'again=vexing ochre tundra 88'
is "$status" 303 'a new password is taken'
is "$(who)" alice 'and she stays'
get /logout
post /logout
is "$status $(who)" '303 nobody' 'logout works'

rm "$dir/sessions/filler"
ok 'room again: /health is well' wait_until 10 health_is 200
as stranger
wait_until 10 answers_with /r/count 200
as guest
get /r/count
is "$status $body" '200 visit 3' 'who was refused goes on where he was'
as newcomer
get /r/count
is "$status $(set_cookies)" '200 1' 'and a stranger is taken in'

# ---- there is room, but hardly an inode: 1 % of 5000 are kept
mkdir "$dir/few"
mount -t tmpfs -o size=64m,nr_inodes=5000,mode=700 tmpfs "$dir/few" || bail 'no second tmpfs'
stop login
for name in second=responder login; do
	start_responder $name --store="file:$dir/few" || bail "no $name on the second tmpfs"
done
left() { df --output=iavail "$dir/few" | tail -n 1 | tr -d ' '; }
as alice
get /login
log_in alice 'vexing ochre tundra 88'
get /second/count
is "$status $body" '200 visit 1' 'a store with few inodes'
for ((i = $(left); i > 40; i--)); do : >"$dir/few/filler$i"; done
no_inodes() {
	answers_with /second/count 503 && grep -q 'event=store-failed .*store_reserve.*make room' "$dir/log/second"
}
as stranger
ok 'when few are left a stranger is refused' wait_until 10 no_inodes
before=$(left)
new_visitor
get /second/count
refused 'a stranger without an inode'
is "$(left)" "$before" '  who takes none'
as alice
get /second/count
is "$status $body" '200 visit 2' 'who is logged in goes on'
rm "$dir/few"/filler*
as stranger
ok 'inodes again: a stranger is taken in' wait_until 10 answers_with /second/count 200
stop second
stop login
umount -l "$dir/few"
done_testing
