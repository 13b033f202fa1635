#!/bin/bash
# test_mongodb_access.sh: TLS and SCRAM by the URI. The right ones work; what is wrong is said, with
# the option's name and what to do, in the log and by gate check, and no password is ever shown.
. "${top_srcdir:-$(dirname "$0")/../../..}/tests/lib.sh"
. "$src/tests/lib_mongodb.sh"

need_nginx
need_mongodb
command -v openssl >/dev/null || skip_all 'openssl is not installed'

# ---- certificates: `right` and `elsewhere` are signed by `ours`, `foreign` by `theirs`
pem=$dir/pem
mkdir "$pem"
key() { echo -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$pem/$1.key"; }
make_authority() { # NAME
	# shellcheck disable=SC2046 # words
	openssl req -x509 $(key "$1") -days 2 -subj "/CN=$1" -out "$pem/$1.pem"
}
make_certificate() { # NAME AUTHORITY HOST
	# shellcheck disable=SC2046 # words
	openssl req $(key "$1") -subj "/CN=$1" -out "$pem/$1.csr" &&
		openssl x509 -req -in "$pem/$1.csr" -CA "$pem/$2.pem" -CAkey "$pem/$2.key" \
			-CAcreateserial -days 2 -extfile <(echo "subjectAltName=$3") -out "$pem/$1.pem"
}
make_certificates() {
	make_authority ours && make_authority theirs && make_certificate right ours IP:127.0.0.1 &&
		make_certificate elsewhere ours DNS:example.org &&
		make_certificate foreign theirs IP:127.0.0.1
}
make_certificates 2>"$dir/log/openssl" || bail 'openssl makes no certificates'
restart() { # ARGUMENT...: the same server, spoken to in another way
	end_server TERM
	server_again "$@"
}
with_certificate() { restart --tls "$pem/$1.pem" "$pem/$1.key"; } # NAME

# ---- what a URI does, as the store's and as the users'
gate() { "$build/cgi-bin/gate" "$@" --config "$dir/gate.conf" 2>&1; }
patience=1s # a failure is told when it is over
conf() { # STORE USERS
	make_conf store="$1" users="$2" insecure_http=yes connect_timeout=$patience select_timeout=$patience \
		socket_timeout=30s
	chmod 600 "$dir/gate.conf"
}
works() { # NAME URI
	conf "$2" "$2"
	make_indexes "$2" 2>/dev/null
	new_visitor
	like "$(gate check)" '(no errors|all is well)$' "$1: gate check finds no error"
	start_responder responder || bail 'the responder does not start'
	get /r/count
	get /r/count
	is "$status $body" '200 visit 2' "$1: the store works"
	stop responder
	is "$(in_log responder level=error)" 0 "$1: the log holds no error"
	rm "$dir/log/responder"
	is "$(gate user add anna --stdin <<<"$user_password" >/dev/null; gate user list | grep -c ^anna)" 1 \
		"$1: the users work"
	gate user remove anna >/dev/null
}
says_so() { grep -Eq "$1" "$dir/log/responder"; } # REGEX
ask() { # all at once, as each waits for the server
	gate check >"$dir/check" &
	gate session count >"$dir/count" &
	gate user list >"$dir/list" &
	wait
}
# The programs start, as a server may get well: the sweeper is the first to ask and to tell.
fails() { # NAME URI REGEX
	local said
	conf "$2" "$2"
	start operator ask
	start_responder responder || bail 'the responder does not start'
	stop operator CONT 60
	said=$(<"$dir/check")
	like "$said" "error: store mongodb://$at/[a-z]*: [^"$'\n'"]*$3" "$1: gate check says it of store"
	like "$said" "error: users mongodb://$at/[a-z]*: [^"$'\n'"]*$3" "$1: and of users"
	unlike "$said" '(all is well|no errors)$' "$1: and doesn't call it good"
	ok "$1: the log says it at the start, unasked" wait_until 20 says_so "store mongodb://.*$3"
	get /r/count
	is "$status $(header set-cookie)" '503 ' "$1: a page answers 503"
	stop responder
	hides "$1" "$said $(cat "$dir/count" "$dir/list" "$dir/log/responder")"
	rm "$dir/log/responder"
}
refuses() { # NAME URI REGEX: the programs don't even start
	local which said
	for which in store users; do
		[ $which = store ] && conf "$2" '' || conf "file:$dir/sessions" "$2"
		said=$(gate check)
		like "$said" "error: $which mongodb: [^"$'\n'"]*$3" "$1: gate check says it of $which"
		"$build/tests/helpers/responder" --config "$dir/gate.conf" --listen "unix:$dir/run/none.sock" \
			--workers 0 </dev/null >"$dir/said" 2>&1
		is $? 1 "$1: status 1"
		like "$(cat "$dir/said")" "event=start-failed .*$which mongodb: .*$3" "$1: and why"
		hides "$1" "$said $(cat "$dir/said")"
	done
}
hides() { # NAME TEXT
	unlike "$2" "hunter2|$password|${password//\//%2F}" "$1: and shows no password"
}

password='s3cr3t/p:ss' # of the database's user
user_password=$(head -c 12 /dev/urandom | base64)
start_nginx
start_server

# ---- what needs no server
at_anna=anna:hunter2@$at
refuses 'no database' "mongodb://$at_anna/" 'names no database'
refuses 'no database, with options' "mongodb://$at_anna/?authSource=admin" 'names no database'
refuses 'w=0' "mongodb://$at_anna/app?w=0" 'w=0'
refuses 'an option misspelled' "mongodb://$at_anna/app?tsl=true" 'an option of the URI: tsl'
refuses 'a password with a slash' "mongodb://anna:hunter2/x@$at/app" 'with %XX for what is special'

# ---- another set of servers
fails 'a replica set of another name' "mongodb://$at/app?replicaSet=wrong" 'fits the URI .tls, replicaSet.'

# ---- user and password
send_to "mongodb://$at/admin" '{"createUser": "anna", "pwd": "'"$password"'",
	"roles": [{"role": "readWrite", "db": "app"}]}' >/dev/null || bail 'there is no user'
send_to "mongodb://$at/admin" '{"createUser": "rita", "pwd": "'"$password"'",
	"roles": [{"role": "read", "db": "app"}]}' >/dev/null || bail 'there is no second user'
restart --auth
anna=anna:s3cr3t%2Fp%3Ass@$at
works 'a user with the right password' "mongodb://$anna/app?authSource=admin"
fails 'a wrong password' "mongodb://$at_anna/app?authSource=admin" 'check user, password and authSource'
fails 'an unknown user' "mongodb://ben:hunter2@$at/app?authSource=admin" 'check user, password and'
fails 'a user of another database' "mongodb://$anna/app" 'check user, password and authSource'
fails 'no user' "mongodb://$at/app" 'name a user in the URI who may read and write'

# ---- a user who may read and not write: every new session is a 503, and so is /health
conf "mongodb://rita:s3cr3t%2Fp%3Ass@$at/app?authSource=admin" ''
start_responder responder || bail 'the responder does not start'
start_responder health || bail 'health does not start'
get /r/count
is "$status" 503 'who may only read: no session can be made'
get /health
is "$status $body" "503 the store can't be written" 'and /health says so'
like "$(grep event=store-down "$dir/log/health")" \
	'why="the store can.t be written" error="store mongodb://.*name a user in the URI who may read and write' \
	'and the log why'
stop responder
stop health
rm "$dir/log/responder"

# ---- TLS
with_certificate right
ours=tls=true\&tlsCAFile=$pem/ours.pem
works 'TLS' "mongodb://$at/app?$ours"
fails 'an authority that did not sign it' "mongodb://$at/app?tls=true&tlsCAFile=$pem/theirs.pem" \
	'tlsCAFile must hold who signed it'
patience=4s # with all the authorities of the system to read
fails 'no authority at all' "mongodb://$at/app?tls=true" 'tlsCAFile must hold who signed it'
patience=1s
refuses 'an authority that is not there' "mongodb://$at/app?tls=true&tlsCAFile=$pem/none.pem" \
	"tlsCAFile $pem/none.pem: No such file"
conf "mongodb://$at/app?$ours&tlsCertificateKeyFile=$pem/right.pem" ''
like "$(gate check)" 'error: store mongodb://.*check tlsCAFile and tlsCertificateKeyFile of the URI' \
	'a certificate of its own without a key: gate check says it'

# ---- a file that can't be read for a moment: what has served once goes on, and tries again
visits() { get /r/count; [ "$status" = 200 ]; }
failures() { [ "$(in_log responder 'event=worker-failed.*tlsCAFile .*No such file')" -ge "$1" ]; }
workers() { [ "$(workers_of responder | wc -l)" = "$1" ]; } # so many are there
conf "mongodb://$at/app?$ours" ''
start_responder responder --workers=2 || bail 'the responder does not start'
new_visitor
ok 'two workers, and a store with an authority' visits
mv "$pem/ours.pem" "$pem/away"
begin=$(date +%s%N)
# shellcheck disable=SC2046 # words
set -- $(workers_of responder)
kill -KILL "$1"
ok 'a worker is killed, and the authority is away: others are tried' wait_until 30 failures 3
ok 'once a second each' [ $(($(date +%s%N) - begin)) -gt 1900000000 ]
is "$(workers_of responder | grep -cx "$2")" 1 'the other worker is still there'
get /r/nothing
is "$status" 200 'and answers'
kill -KILL "$2"
ok 'it is killed too: the master goes on trying' wait_until 30 failures 6
ok 'and lives' running responder
mv "$pem/away" "$pem/ours.pem"
ok 'the authority is back: so are two workers' wait_until 30 workers 2
ok 'and they answer' wait_until 30 visits
stop responder
is $? 0 'SIGTERM: status 0'
like "$(grep event=worker-died "$dir/log/responder")" 'status=78 next="another one is started"' \
	'the log said what comes next'
rm "$dir/log/responder"

with_certificate foreign
fails "somebody else's certificate" "mongodb://$at/app?$ours" 'tlsCAFile must hold who signed it'
with_certificate elsewhere
fails "another host's certificate" "mongodb://$at/app?$ours" 'the certificate is for another host'

# ---- one reason after another: the second isn't hidden by the first
end_server TERM
conf "mongodb://$at/app?$ours" ''
start_responder responder || bail 'the responder does not start'
ok 'no server: the log says it' wait_until 20 says_so 'event=sweep-failed'
unlike "$(cat "$dir/log/responder")" tlsCAFile 'and nothing of certificates'
server_again --tls "$pem/foreign.pem" "$pem/foreign.key"
ok "then one with somebody else's certificate: it says that" \
	wait_until 30 says_so 'event=sweep-failed.*tlsCAFile must hold who signed it'
stop responder
end_server TERM
done_testing
