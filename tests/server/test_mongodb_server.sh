#!/bin/bash
# test_mongodb_server.sh: tests/mongodb-server where nobody reaps what has ended, as the first process
# of many a container: a zombie is no server that runs.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

server=$src/tests/mongodb-server
mkdir "$dir/server"

# sleep is no shell: it never asks for the child that it had before it became sleep
mkfifo "$dir/go"
start careless sh -c 'read -r _ <"$2" & echo $! >"$1"; exec sleep 60' sh "$dir/zombie" "$dir/go"
sleeps() { [ "$(cat "/proc/$(pid_of careless)/comm" 2>/dev/null)" = sleep ]; }
is_zombie() { grep -q '^[0-9]* (sh) Z ' "/proc/$(<"$dir/zombie")/stat"; }
wait_until 10 sleeps || bail 'it does not become sleep'
echo >"$dir/go"
wait_until 10 is_zombie || bail 'there is no zombie'
cp "$dir/zombie" "$dir/server/pid"
ok '--stop does not wait for a zombie' timeout 10 "$server" --stop "$dir/server"
ok 'it was one all the while' is_zombie

uri=$("$server" --parent "$(<"$dir/zombie")" 2>"$dir/log/mongodb")
case $? in
0) ;;
77) diag 'there is no MongoDB server to try more with' && done_testing ;;
*) bail 'no server starts' ;;
esac
at=${uri#mongodb://} at=${at%/}
ok 'nor does a server outlive one that had asked for it' wait_until 20 not accepts "$at"
stop careless
done_testing
