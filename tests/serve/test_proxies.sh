#!/bin/bash
# test_proxies.sh: whose address it is, and whether https is believed, behind proxies that speak http to
# nginx, Apache and lighttpd, over TCP and a unix socket, with and without realip and mod_remoteip.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/serve/lib_apache.sh"
need_nginx

visitor=203.0.113.7
password='correct horse battery'
make_user alice "$password"

# ---- what is expected, of a login at that path
lines() { wc -l <"$dir/log/$1"; }
logs_since() { tail -n "+$(($2 + 1))" "$dir/log/$1"; } # NAME LINE
# enters PROGRAM PATH ADDRESS NAME [CURL'S ARGUMENTS...]: alice gets in, seen at that address
enters() {
	local program=$1 path=$2 address=$3 name=$4 before
	shift 4
	before=$(lines "$program")
	new_visitor
	login=$path log_in alice "$password" "$@"
	is "$status" 303 "$name: a login by https"
	like "$(logs_since "$program" "$before")" "event=login user=alice address=\"?$address\"?( |$)" \
		"$name: the visitor's address"
}
# stays_out PROGRAM PATH PATTERN NAME [CURL'S ARGUMENTS...]: no login, and the log says why
stays_out() {
	local program=$1 path=$2 pattern=$3 name=$4 before
	shift 4
	before=$(lines "$program")
	new_visitor
	login=$path log_in alice "$password" "$@"
	is "$status" 403 "$name: no login"
	like "$(logs_since "$program" "$before" | grep password-refused)" "$pattern" "$name: why"
}

# ---- nginx behind nginx
# place PATTERN SOCKET MORE…
place() {
	echo "location $1 { include $src/conf/gate_params; fastcgi_pass unix:$dir/run/$2.sock; ${*:3} }"
}
# front NAME TO [MORE]: a proxy
front() {
	cat <<-END
		location /$1/ {
			rewrite ^/$1(/.*) \$1 break; proxy_pass $2; ${3:-}
			proxy_set_header X-Forwarded-For $visitor; proxy_set_header X-Forwarded-Proto https;
		}
	END
}
realip='real_ip_header X-Forwarded-For; set_real_ip_from 127.0.0.2; set_real_ip_from unix:;'
grep -v GATE_PEER "$src/conf/gate_params" >"$dir/old_params"
backs() {
	place '= /plain' login
	place '= /realip' login "$realip"
	place '= /strict' strict "$realip"
	place '= /unixonly' socket "$realip"
	place '= /unixplain' socket
	place '= /old' strict "$realip" | sed "s:$src/conf/gate_params:$dir/old_params:"
}
nginx_http="server { listen unix:$dir/run/back.sock; $(backs) }"
nginx_server="$(backs) $(front tcp 'http://127.0.0.1:$server_port' 'proxy_bind 127.0.0.2;') $(front unix "http://unix:$dir/run/back.sock")"
make_conf users="file:$dir/users" trusted_proxies='127.0.0.2, 127.0.0.3'
start_responder login || bail 'no login'
start_responder index || bail 'no index'
start_responder strict=login --trusted_proxies=192.0.2.1 || bail 'no strict'
start_responder socket=login --trusted_proxies=unix || bail 'no socket'
start_nginx

enters login /tcp/plain $visitor 'nginx behind a proxy'
enters login /tcp/realip $visitor 'nginx with realip'
enters login /tcp/realip $visitor 'nginx with realip, and a header of the visitor' -H 'X-Forwarded-For: 198.51.100.1' \
	-H 'Gate-Peer: 198.51.100.1' -H 'Gate_Peer: 198.51.100.1'
enters socket /unix/unixplain $visitor 'nginx behind a unix socket'
enters socket /unix/unixonly $visitor 'nginx with realip behind a unix socket'
stays_out strict /tcp/strict 'peer=127.0.0.2 .*forwarded_proto=https .*trusted_proxies does not name this peer' \
	'a proxy that is not named'
stays_out strict /tcp/old "address=$visitor peer=$visitor .*GATE_PEER" 'realip without GATE_PEER'
stays_out login /unix/plain 'peer=unix: .*trusted_proxies does not name' 'a unix socket that is not named'
stays_out socket /tcp/unixonly 'peer=127.0.0.2 .*trusted_proxies' 'TCP where only a unix socket is named'
stays_out login /plain 'peer=127.0.0.1 .*nothing says https' 'a visitor without a proxy'
stays_out login /plain 'peer=127.0.0.1 .*forwarded_proto=https .*trusted_proxies' 'a visitor who says https' \
	-H 'X-Forwarded-Proto: https' -H 'GATE_PEER: 127.0.0.2' -H 'Gate-Peer: 127.0.0.2'
twice=(-H 'X-Forwarded-Proto: https' -H 'X-Forwarded-Proto: https')
# nginx from 1.23 on makes a list of the two
stays_out login /plain 'came twice|forwarded_proto="https, http" why=.*several values' 'https said twice' -H 'X-Forwarded-Proto: https' -H 'X-Forwarded-Proto: http' --interface 127.0.0.3
enters login /plain 198.51.100.9 'two lines of X-Forwarded-For are one list' --interface 127.0.0.3 \
	-H 'X-Forwarded-For: 198.51.100.8' -H 'X-Forwarded-For: 198.51.100.9' -H 'X-Forwarded-Proto: https'
new_visitor
fetch POST /realip -H 'Sec-Fetch-Site: same-origin' -H 'Sec-Fetch-Site: same-origin' -d a=b
is "$status" 403 'Sec-Fetch-Site twice: refused'

# ---- Apache: mod_proxy_fcgi, mod_remoteip
answers() { [ "$(curl -s -o /dev/null -w '%{http_code}' "$1")" = 200 ]; } # URL
by_proxy=(--interface 127.0.0.2 -H 'X-Forwarded-Proto: https' -H "X-Forwarded-For: $visitor")
test_apache() {
	local url remoteip_port=$(free_port) plain_port=$(free_port)
	url=http://127.0.0.1:$remoteip_port
	start_apache "$url/login" remoteip <<-END
		Listen 127.0.0.1:$plain_port
		Listen 127.0.0.1:$remoteip_port
		ProxyFCGISetEnvIf "true" GATE_PEER "%{CONN_REMOTE_ADDR}"
		ProxyPass "/login" "unix:$dir/run/login.sock|fcgi://gate-login/"
		ProxyPass "/strict" "unix:$dir/run/strict.sock|fcgi://gate-strict/"
		<VirtualHost 127.0.0.1:$remoteip_port>
			RemoteIPHeader X-Forwarded-For
			RemoteIPInternalProxy 127.0.0.2 127.0.0.3
		</VirtualHost>
		<VirtualHost 127.0.0.1:$plain_port>
		</VirtualHost>
	END
	enters login /login $visitor 'Apache with mod_remoteip' "${by_proxy[@]}"
	stays_out strict /strict "address=$visitor peer=127.0.0.2 .*does not name this peer" \
		'Apache with mod_remoteip and a proxy that is not named' "${by_proxy[@]}"
	stays_out login /login 'peer=127.0.0.1 .*does not name this peer' \
		'Apache with mod_remoteip and a visitor who says https' -H 'X-Forwarded-Proto: https' \
		-H 'X-Forwarded-For: 127.0.0.2' -H 'GATE_PEER: 127.0.0.2' -H 'Gate-Peer: 127.0.0.2'
	url=http://127.0.0.1:$plain_port
	enters login /login $visitor 'Apache' "${by_proxy[@]}"
	enters login /login $visitor 'Apache drops other spellings' "${by_proxy[@]}" \
		-H 'X_Forwarded_For: 198.51.100.1' -H 'X.Forwarded.For: 198.51.100.2'
	url=http://127.0.0.1:$plain_port
	new_visitor
	log_in alice "$password" "${by_proxy[@]}"
	line=$(header Set-Cookie | sed -n 's/^\(connect\.sid=[^;]*\).*/\1/p')
	for order in first last; do # Apache joins them by a comma
		new_visitor
		[ $order = first ] && set -- "$line" a=1 || set -- a=1 "$line"
		get /login "${by_proxy[@]}" -H "Cookie: $1" -H "Cookie: $2"
		page_says 'You are logged in as alice' "Apache, two Cookie lines, ours $order: it is read"
	done
	stop apache
}
if [ -n "$apache" ]; then
	test_apache
else
	skip 'Apache is not installed'
fi

# ---- lighttpd, which hands on any spelling
lighttpd_conf() {
	echo "server.port = $lighttpd_port"
	echo 'server.bind = "127.0.0.1"'
	echo "server.document-root = \"$dir/nginx\""
	sed "s:/run/gate/:$dir/run/:" "$src/conf/lighttpd.conf" | if [ "$1" = bare ]; then
		sed '/^setenv.set-request-header/,/^)/d'
	else cat; fi
}
start_lighttpd() { # bare: without the lines that remove other spellings
	lighttpd_conf "${1:-}" >"$dir/lighttpd.conf"
	start lighttpd "$lighttpd" -D -f "$dir/lighttpd.conf"
	wait_until 10 answers "http://127.0.0.1:$lighttpd_port/login" || bail 'lighttpd does not start'
}
test_lighttpd() {
	local url lighttpd_port=$(free_port) before
	url=http://127.0.0.1:$lighttpd_port
	start_lighttpd
	enters login /login $visitor 'lighttpd behind a proxy' "${by_proxy[@]}"
	enters login /login $visitor 'lighttpd drops other spellings' -H 'X_Forwarded_For: 198.51.100.1' \
		-H 'x.forwarded.for: 198.51.100.2' -H 'X_FORWARDED-PROTO: http' "${by_proxy[@]}" \
		-H 'X-Forwarded_For: 198.51.100.3' -H 'X_Forwarded.For: 198.51.100.4' -H 'Sec_Fetch_Site: none'
	get / "${by_proxy[@]}"
	is "$status $(heading)" '200 Welcome alice' 'lighttpd has the start page, to which a login and a logout lead'
	before=$(lines login)
	enters login /login 127.0.0.2 'lighttpd with a spelling that is not in its list' \
		-H 'X!Forwarded!For: 198.51.100.1' "${by_proxy[@]}"
	like "$(logs_since login "$before")" 'event=forwarded-for-refused .*came twice' 'and the log says so'
	stop lighttpd
	start_lighttpd bare
	enters login /login 127.0.0.2 'lighttpd as it comes, and a visitor who forges his address' \
		-H 'X_Forwarded_For: 198.51.100.1' "${by_proxy[@]}"
	stays_out login /login 'came twice' 'lighttpd as it comes, and https said twice' \
		-H 'X_Forwarded_Proto: https' "${by_proxy[@]}"
	fetch POST /login -H 'Sec_Fetch_Site: same-origin' -H 'Sec-Fetch-Site: cross-site' -d a=b
	is "$status" 403 'lighttpd as it comes: Sec-Fetch-Site twice is refused'
	fetch POST /login -H 'Sec_Fetch_Site: same-origin' -H 'Sec-Fetch-Site: same-origin' -d a=b
	is "$status" 403 'whatever they say'
	stop lighttpd
}
if lighttpd=$(PATH=$PATH:/usr/sbin command -v lighttpd); then
	test_lighttpd
else
	skip 'lighttpd is not installed'
fi
stop nginx
done_testing
