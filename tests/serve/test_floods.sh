#!/bin/bash
# test_floods.sh: log lines that come in thousands, and a standard error that nobody reads: neither stops
# a request, a signal or the disk.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
need_nginx
responder=$build/tests/helpers/responder
log=$dir/log/responder
nginx_server=$(location /closing/ responder no)
make_conf workers=1 threads=8
start_nginx

# Fifty at once, and ten a second, of a process. What it leaves out the next line says, or, when none
# comes, one of its own.
most_of_a_second() { grep -oE "^time=[^.]*.*event=$1 " "$log" | cut -c 1-24 | sort | uniq -c | awk '$1 > n { n = $1 } END { print n + 0 }'; }
sum_suppressed() { sed -nE "s/.*event=($1 suppressed|log-suppressed lines)=([0-9]*) .*/\2/p" "$log" | awk '{ n += $1 } END { print n + 0 }'; }
told() { grep -c "event=$1 " "$log"; }
next_second() { local now=$SECONDS; wait_until 5 eval "[ \$SECONDS -gt $((now + 1)) ]"; }

all_told() { [ $(($(told "$1") + $(sum_suppressed "$1"))) = "$2" ]; } # EVENT NUMBER
floods() { # EVENT PATH LOAD'S-ARGUMENTS...: 500 requests, one more, one line each
	local event=$1 path=$2
	shift 2
	: >"$log"
	run_load -c 16 -n 500 "$@" "$url$path"
	ok "$event: 500 times in a row, some lines" [ "$(told "$event")" -ge 10 ]
	ok "no more than fifty at once" [ "$(most_of_a_second "$event")" -le 65 ]
	ok 'soon it is said how many there were more' wait_until 10 all_told "$event" 500
	"$load" -c 1 -n 1 "$@" "$url$path" >"$dir/load"
	ok 'and the next line comes' wait_until 10 all_told "$event" 501
}

start_responder responder --body_limit=1000 || bail 'no responder'
floods cross-site-refused /r/nothing -m POST -d a=1
floods form-malformed /r/form -m POST -d 'a=%ff' -H 'Sec-Fetch-Site: same-origin'
floods request-refused /closing/nothing -m POST -d "$(printf '%02000d' 0)" -H 'Sec-Fetch-Site: same-origin'

# A path of 4 KiB takes no room from what stands behind it.
: >"$log"
next_second
get "/r/$(printf '%04000d' 0)?x" -X POST
like "$(cat "$log")" 'event=cross-site-refused( suppressed=[0-9]+)? path=/r/0{400,}[^ ]* method=POST address=127.0.0.1 why="[^"]+"$' \
	'a long path is cut, and what stands behind it is there'
stop responder

# No descriptor is left: the connections that are there are served, the others wait.
: >"$log"
start_responder responder || bail 'no responder'
worker=$(workers_of responder)
prlimit --pid "$worker" --nofile=$(($(find "/proc/$worker/fd" -mindepth 1 | wc -l) + 2))
"$load" -c 100 -t 3 -T 20 "$url/closing/slow?ms=100" >"$dir/load"
ok 'there were no descriptors left' [ "$(told accept-failed)" -ge 1 ]
ok 'which is said a few times a second' [ "$(most_of_a_second accept-failed)" -le 65 ]
stop responder
is $? 0 'and it ends'

# ---- nobody reads

start_unread() { # ARGUMENTS of the responder: its standard error is a pipe, whose reader is fd $reader
	rm -f "$dir/fifo"
	mkfifo "$dir/fifo"
	exec {reader}<>"$dir/fifo"
	"$responder" --config "$dir/gate.conf" --listen "unix:$dir/run/responder.sock" --trace=yes "$@" \
		</dev/null 2>"$dir/fifo" {reader}<&- {never}<&- &
	pids[responder]=$!
	wait_until 10 accepts "unix:$dir/run/responder.sock"
}
drain() { timeout 1 cat <&"$reader" >>"$dir/read"; true; }
says_dropped() { drain; grep -q 'event=log-dropped lines=' "$dir/read"; }

for workers in 2 0; do
	start_unread --workers=$workers
	run_load -c 16 -n 2000 "$url/closing/nothing"
	is "$(load_says 'status 200')" 2000 "workers = $workers, a pipe that nobody reads: all are answered"
	stop responder TERM 9
	is $? 0 'SIGTERM ends it'
	drain
	exec {reader}<&-
done

: >"$dir/read"
start_unread
run_load -c 16 -n 2000 "$url/closing/nothing"
ok 'when somebody reads, it is said what was dropped' wait_until 20 says_dropped
unlike "$(grep -v '^time=[^ ]* level=[a-z]* event=[^ ]*' "$dir/read")" . 'and each line is whole'
stop responder
drain
like "$(tail -n 1 "$dir/read")" 'event=stopped' 'and the last one comes'
exec {reader}<&-

# A file, and no room on the disk: gate's files are small, the log has no room at all.
"$responder" --config "$dir/gate.conf" --listen "unix:$dir/run/responder.sock" --trace=yes \
	</dev/null 2>/dev/full {never}<&- &
pids[responder]=$!
wait_until 10 accepts "unix:$dir/run/responder.sock"
run_load -c 16 -n 200 "$url/closing/nothing"
is "$(load_says 'status 200')" 200 'a log on a full disk: all are answered'
stop responder
is $? 0 'and SIGTERM ends it'
done_testing
