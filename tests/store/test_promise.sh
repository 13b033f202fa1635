#!/bin/bash
# test_promise.sh: a request is a transaction on its session. No number is shown twice, none that
# was shown is lost, and no session comes back, whoever else is at work and whoever is killed.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

need_nginx
races=$build/tests/helpers/races
scratch=$dir/scratch
mkdir "$scratch"

new_session() { # a record without views; $cookie
	new_visitor
	get '/r/set?name=started&value=true'
	cookie=$(cookie_header)
}
views_of() { # COOKIE: what its record says
	local id=${1#*=s%3A}
	sed -n 's/.*"views":\([0-9]*\).*/\1/p' "$dir/sessions/${id%%.*}.json"
}
time_of_load() { diag "$1: $(load_says seconds) s, the slowest answer $(load_says max_us) us"; }
left_aside() { find "$dir/sessions/.gate/tmp" -type f; }

one_session() { # PATH TOTAL NAME
	new_session
	run_load -c 32 -n "$2" -T 120 -u 'visit ' -C "$cookie" "$url$1"
	time_of_load "$3"
	each_once "$2" "$3: every answer is 200, each of 1…$2 is shown once"
	is "$(views_of "$cookie")" "$2" "$3: the record says $2"
}

# 40 connections, two a session. Which got how many visits is their own business.
twenty_sessions() { # PATH TOTAL NAME
	local i said='' kept='' line
	for ((i = 0; i < 20; i++)); do
		new_session
		echo "$cookie"
	done >"$dir/cookies"
	run_load -c 40 -n "$2" -T 120 -u 'visit ' -f "$dir/cookies" "$url$1"
	time_of_load "$3"
	is "$(load_says 'status 200') $(load_says errors) $(load_says distinct)" "$2 0 $2" \
		"$3: $2 answers, all of them 200 and no two alike"
	is "$(grep -c '^line .* numbers \([0-9]*\) distinct \1 min 1 max \1 duplicates 0$' "$dir/load")" \
		20 "$3: each session shows each of its numbers once"
	while read -r line; do kept+=" $(views_of "$line")"; done <"$dir/cookies"
	said=$(sed -n 's/^line .* max \([0-9]*\) .*/ \1/p' "$dir/load" | tr -d '\n')
	is "$kept" "$said" "$3: the records say the last of them"
}

# As fast as the master starts them again, any but the last one, at no moment in particular. The
# requests are POSTs: when a GET gets no answer, nginx asks again on its own account.
kill_workers() {
	local all
	exec {never}<> <(:)
	while pause "0.0$((RANDOM % 90 + 10))"; do
		mapfile -t all < <(workers_of responder)
		[ "${#all[@]}" -gt 1 ] || continue
		kill -KILL "${all[RANDOM % ${#all[@]}]}" && echo killed
	done
}
killed_workers() { # TOTAL NAME
	local shown views
	until [ -s "$dir/log/killer" ]; do # a fast machine may be done before the first one
		new_session
		start killer kill_workers
		run_load -c 32 -n "$1" -T 120 -u 'visit ' -C "$cookie" -m POST -d '' \
			-H 'Sec-Fetch-Site: same-origin' "$url/r/count"
		stop killer
	done
	time_of_load "$2"
	shown=$(load_says 'status 200') views=$(views_of "$cookie")
	diag "$(wc -l <"$dir/log/killer") workers killed, $shown of $1 requests answered 200"
	rm "$dir/log/killer"
	is "$(load_says numbers) $(load_says distinct)" "$shown $shown" "$2: no number is shown twice"
	ok "$2: no number that was shown is lost" test "$views" -ge "$(load_says max)"
	ok "$2: no request counts twice" test "$views" -le "$1"
}

race() { # KIND COUNT B-PREFIX NAME: at least 100, so that both orders come
	local before said bad=0
	set -- "$1" $(($2 < 100 ? 100 : $2)) "$3" "$4"
	before=$(records)
	"$races" "$1" "$2" 3 "$dir/sessions" "$scratch" "$url" /r/ "$3" >"$dir/races" || bad=1
	result $bad "$4: $2 races"
	diag "$(cat "$dir/races")"
	read -r -a said < <(tail -n 1 "$dir/races")
	[ "$1" = destroy ] && said=${said[7]} || said=${said[1]}
	is "$(records)" $((before + said)) "$4: no record is left that nobody knows"
}
all_races() { # COUNT B-PREFIX NAME
	race destroy "$1" "$2" "$3, a save against destroy"
	race renew "$1" "$2" "$3, a save against renew"
	race renewals $(($1 / 5)) "$2" "$3, renew against renew"
}

# All of it at TOTAL visits, and a tenth as many races of a save.
promise() { # TOTAL FILE_SYNC
	local total=$1 with="file_sync = $2"
	# the promise holds at any pace: a machine that is busy elsewhere is no failure
	make_conf workers=4 threads=4 deadline=60s file_sync="$2"
	start_responder responder || bail 'the responder does not start'
	start_responder second=responder || bail 'the second responder does not start'
	one_session /r/count "$total" "$with, one session"
	twenty_sessions /r/count "$total" "$with, 20 sessions"
	one_session /both/count "$total" "$with, two masters"
	all_races $((total / 40)) /second/ "$with, two masters"

	stop second
	start_responder second=responder --run_dir="$dir/run/apart" ||
		bail 'the second responder does not start'
	one_session /both/count $((total / 5)) "$with, no common queue"
	all_races $((total / 40)) /second/ "$with, no common queue"
	is "$(left_aside)" '' "$with: nothing is left aside"

	killed_workers "$total" "$with, workers are killed"
	stop second
	stop responder
	rm -rf "$dir"/sessions/*.json
}

# With the deadline as it comes: everybody gets a turn within it.
in_time() { # TOTAL
	make_conf workers=4 threads=4
	start_responder responder || bail 'the responder does not start'
	one_session /r/count "$1" 'the default deadline, one session'
	stop responder
	rm -rf "$dir"/sessions/*.json
}

start_nginx
in_time "$(count 100000)"
promise "$(count 100000)" no
promise "$(count 10000)" yes
done_testing
