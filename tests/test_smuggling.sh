#!/bin/bash
# test_smuggling.sh: no body that a browser sends becomes a request of its own, on any way out.
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need_nginx

first=7300 last=7900 # libfcgi's buffer ends within these bytes of a body
same='Sec-Fetch-Site: same-origin'
nginx_http=$(upstream third yes third)
nginx_server=$(location /third/ third yes)
make_conf trace=yes
start_responder responder || bail 'no responder'
start_responder second=responder --body_limit=4k || bail 'no second'
start_responder third=responder "--store=file:$dir/broken" || bail 'no third'
start_nginx

seen() { cat "$dir"/log/{responder,second,third} | grep -c "event=$1.*path=$2"; }
all_workers() { workers_of responder; workers_of second; workers_of third; }

# smuggle STATUS PATH [HEADER]: a forged request at each offset of a body that is answered so
smuggle() {
	local got part=/${2#/}
	part=/${part:1:$(($(expr index "${part:1}" /) - 1))}
	got=$("$build/tests/smuggle" "$port" $first $last "$2" "$part/query?name=" "${@:3}" | paste -sd' ')
	is "$got" "status $1 $((last - first + 1)) failed 0 wrong 0" \
		"$1 at $2: every post and the request behind it are answered right"
}

curl -s "$url/r/forged" >/dev/null
is "$(seen session /r/forged)" 1 'a request of that path would be seen'
rm -rf "$dir/broken" && touch "$dir/broken"
workers=$(all_workers)

smuggle 413 /second/echo "$same"
smuggle 403 /r/echo
smuggle 403 /r/count 'Origin: https://elsewhere.example'
smuggle 404 /r/nosuch "$same"
smuggle 405 '/r/status?code=405' "$same"
smuggle 500 '/r/status?code=9999' "$same"
smuggle 503 /third/count "$same"
smuggle 303 '/r/redirect?to=/r/nothing' "$same"
smuggle 200 /r/nothing "$same"
smuggle 200 /r/empty "$same"
smuggle 200 /r/echo "$same"

is "$(seen session /r/forged)" 1 'and none was seen'
is "$(all_workers)" "$workers" 'every worker lives'
stop nginx
for name in responder second third; do
	stop $name
	is $? 0 "$name ends with status 0"
done
done_testing
