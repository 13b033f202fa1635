#!/bin/bash
# test_errors.sh: the error pages of web servers, by the very files of conf/, in front of a guarded site: status,
# page and header lines that the visitor gets. try_errors is the same for each server; what only one can do
# stands behind it: nginx's limit_req, its own 500 and its 413.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
. "$src/tests/serve/lib_apache.sh"
command -v curl >/dev/null || skip_all 'curl is not installed'

open_site site_name='Tools & Toys'
guard=$(free_port)  # Apache's
nobody=$(free_port) # a back end that is away
start_guards() {
	start_responder auth || bail 'the guard does not start'
	chmod 666 "$dir"/run/*.sock
	start tcp "$(program auth)" --config "$dir/gate.conf" --listen "127.0.0.1:$guard"
	wait_until 10 accepts "127.0.0.1:$guard" || bail 'the guard of Apache does not start'
}
start_responder login || bail 'the login does not start'
start_guards
(umask 077 && "$build/cgi-bin/gate" error-pages "$dir/errors" --config "$dir/gate.conf" >"$dir/log/gate") ||
	bail 'gate error-pages fails'
conf() { # FILE...: of conf/, with the paths of this test
	local file
	for file; do
		sed "s|/run/gate/|$dir/run/|; s|/usr/share/gate/errors|$dir/errors|; s|127.0.0.1:900/|127.0.0.1:$guard/|
			s|/etc/lighttpd/|$dir/|; s|/etc/apache2/|$dir/|; s|^#magnet|magnet|; s|include gate_|include $dir/gate_|" \
			"$src/conf/$file" >"$dir/$file"
	done
}

# ---- what a visitor gets
shows() { # STATUS HEADING NAME: the last answer is gate's page of that status
	local name
	is "$status $(heading)" "$1 $2" "$3"
	like "$body" "<title>$2 · Tools &amp; Toys</title>.*<p class=\"soft\">Status $1</p>" "  in gate's look"
	unlike "$body" '<script|\{\{|nonce=""' '  with nothing that a policy forbids'
	# lighttpd adds what the guarded place says to its own pages, too
	is "$(for name in X-Content-Type-Options Referrer-Policy Cache-Control; do
		header $name
	done | grep -vx "$([ "$server" = lighttpd ] && echo 'private, no-cache')" | paste -sd' ')" \
		'nosniff same-origin no-store' '  its header lines are those of a page'
	like "$(header Content-Security-Policy)" \
		"^default-src 'none'; style-src '(unsafe-inline|nonce-[^']*)'; img-src 'self'; .*frame-ancestors 'none'\$" \
		'  its policy allows its style sheet, and no script'
	like "$(header Content-Type)" '^text/html(; *charset=utf-8)?$' '  its type is HTML, in no other charset than its own'
}
says_again() { is "$(header Retry-After)" "$([ "$status" != 503 ] || echo 1)" '  a 503 says when to come again'; }
declare -A heading_of=([500]='Internal Server Error' [502]='Bad Gateway' [503]='Service Unavailable')

try_errors() { # STATUS OF A BACK END THAT IS AWAY, OF A GUARD THAT IS
	local path
	new_visitor
	get /nowhere
	shows 404 'Not Found' "$server: what is not there"
	fetch HEAD /nowhere
	is "$status $(wc -c <"$dir/body")" "404 $(wc -c <"$dir/headers")" '  HEAD: the same without the page'
	get /nowhere -H 'Accept: application/json'
	is "$status" 404 '  a fetch gets the status'
	get /nowhere -H 'Range: bytes=0-9' -H 'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT' -H 'If-None-Match: *'
	is "$status" 404 '  so does who asks for a part, or has it'
	get /closed/x
	shows 403 Forbidden "what is closed to all"
	like "$body" 'This page is not for you\.' '  with its text'
	for path in /gate_errors/404.html /gate_guard_errors/404.html /gate_errors/ /gate_errors/nowhere; do
		get $path
		like "$status" '^40[34]$' "nobody gets $path by itself"
	done
	get /gone/x
	shows "$1" "${heading_of[$1]}" 'a back end that is away'
	says_again
	post /gone/x -d a=1
	shows "$1" "${heading_of[$1]}" '  also for a POST'

	log_in alice "$password"
	get /staff/payroll
	shows 403 Forbidden 'who may not pass'
	like "$body" 'You are logged in, but this page is not for you\.' '  with the text that says so'
	fetch HEAD /staff/payroll
	is "$status" 403 '  HEAD: the status'
	post /staff/payroll -d a=1
	shows 403 Forbidden '  also for a POST'
	get /private/nowhere
	shows 404 'Not Found' 'what is not there, in a guarded place'
	get /app/x
	shows "$1" "${heading_of[$1]}" 'a guarded back end that is away'
	get /private/report
	is "$status $body" '200 report' 'all else is as it was'

	exec 9<"$(record_of "$(session_cookie)")"
	flock -x 9 # whoever reads the record waits until the deadline
	get /private/report "${navigate[@]}"
	shows 503 'Service Unavailable' 'the store is away'
	says_again
	exec 9<&-
	stop auth
	stop tcp
	get /private/report "${navigate[@]}"
	shows "$2" "${heading_of[$2]}" 'the guard is away'
	says_again
	start_guards
}

# ---- each server
try_nginx() {
	nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || { skip 'nginx is not installed'; return; }
	conf gate_errors gate_errors_page gate_guard gate_guard_answer gate_guard_http gate_guard_params \
		gate_guard_proxy gate_guard_server
	nginx_http="include $dir/gate_guard_http;
	limit_req_zone \$binary_remote_addr zone=few:1m rate=1r/m;
	limit_req_status 429;"
	nginx_server="
		include $dir/gate_errors;
		include $dir/gate_guard_server;
		root $site;
		location /closed/ { deny all; }
		location /gone/ { proxy_pass http://127.0.0.1:$nobody; }
		location /private/ { include $dir/gate_guard; }
		location /staff/ { auth_request /gate_guard/group:staff; include $dir/gate_guard_answer; }
		location /app/ {
			include $dir/gate_guard;
			include $dir/gate_guard_proxy;
			proxy_pass http://127.0.0.1:$nobody;
		}
		location /few/ { limit_req zone=few; }
		location /private/few/ { limit_req zone=few; include $dir/gate_guard; }
		location /fails { return 500; }
		location /private/fails { include $dir/gate_guard; return 500; }
		location /small/ { client_max_body_size 1k; proxy_pass http://127.0.0.1:$nobody; }"
	start_nginx
	try_errors 502 503
	get /few/x
	get /few/x
	shows 429 'Too Many Requests' 'too many requests'
	log_in alice "$password"
	get /private/few/x
	shows 429 'Too Many Requests' '  in a guarded place'
	for path in /fails /private/fails; do
		get $path
		is "$status $(heading)" '500 Internal Server Error' "$path: a 500 of the site's own stays one"
	done
	post /small/x -d "$(head -c 2000 /dev/zero | tr '\0' x)"
	shows 413 'Content Too Large' 'a body that is too large'
	stop nginx
}

try_apache() { with_apache apache_guard.conf 500 authnz_fcgi; }
try_apache_socket() {
	if find /usr/lib -path '*/lua/5.*/socket/unix.so' | grep -q .; then
		conf apache_guard.lua
		chmod 644 "$dir/apache_guard.lua"
		with_apache apache_guard_socket.conf 503 lua
	else
		skip 'lua-socket is not installed'
	fi
}
with_apache() { # FILE STATUS MODULE: the guard's, and without it
	[ -n "$apache" ] || { skip 'Apache is not installed'; return; }
	port=$(free_port) url=http://127.0.0.1:$port
	conf apache_errors.conf "$1"
	mkdir -p "$site/closed"
	start_apache "$url/open" "$3" authn_core proxy_http headers setenvif macro alias dir <<-END
		Listen 127.0.0.1:$port
		DocumentRoot $site
		<Directory $site>
			Require all granted
		</Directory>
		<Directory $site/closed>
			Require all denied
		</Directory>
		Alias /open $site/private/report
		Include $dir/apache_errors.conf
		Include $dir/$1
		ProxyPassMatch "^/login\$" "unix:$dir/run/login.sock|fcgi://gate-login/"
		ProxyPass "/gone" "http://127.0.0.1:$nobody/gone" retry=0
		ProxyPass "/app" "http://127.0.0.1:$nobody/app" retry=0
		<Location "/private">
			Use GateGuard user
		</Location>
		<Location "/staff">
			Use GateGuard group:staff
		</Location>
		<Location "/app">
			Use GateGuard user
		</Location>
	END
	try_errors 503 "$2"
	stop apache
}

try_lighttpd() {
	local lighttpd
	lighttpd=$(PATH=$PATH:/usr/sbin command -v lighttpd) || { skip 'lighttpd is not installed'; return; }
	[ -e /usr/lib/lighttpd/mod_magnet.so ] || { skip 'lighttpd-modules-lua is not installed'; return; }
	port=$(free_port) url=http://127.0.0.1:$port
	conf lighttpd.conf lighttpd_guard.conf lighttpd_guarded.conf lighttpd_errors.conf lighttpd_errors.lua
	guarded() { # PATH REQUIREMENT [MORE]
		printf '$HTTP["url"] =~ "^/%s/" {\nvar.gate_require = "%s"\ninclude "%s"\n%s\n}\n' \
			"$1" "$2" "$dir/lighttpd_guarded.conf" "${3:-}"
	}
	proxy="proxy.server = (\"\" => ((\"host\" => \"127.0.0.1\", \"port\" => $nobody)))"
	cat >"$dir/site.conf" <<-END
		server.port = $port
		server.bind = "127.0.0.1"
		server.document-root = "$site"
		server.errorlog = "$dir/log/lighttpd-errors"
		server.modules = ("mod_access", "mod_proxy", "mod_magnet")
		include "$dir/lighttpd_guard.conf"
		include "$dir/lighttpd.conf"
		include "$dir/lighttpd_errors.conf"
		\$HTTP["url"] =~ "^/closed/" { url.access-deny = ("") }
		\$HTTP["url"] =~ "^/gone/" { $proxy }
		$(guarded private user)
		$(guarded staff group:staff)
		$(guarded app user "$proxy")
	END
	start lighttpd "$lighttpd" -D -f "$dir/site.conf"
	wait_until 10 accepts "127.0.0.1:$port" || bail 'lighttpd does not start'
	try_errors 503 503
	stop lighttpd
}

try_caddy() {
	local caddy
	caddy=$(command -v caddy) || { skip 'caddy is not installed'; return; }
	port=$(free_port) url=http://127.0.0.1:$port
	conf caddy.conf Caddyfile.guard Caddyfile.errors
	guarded() { # NAME REQUIREMENT DIRECTIVE
		printf 'handle /%s/* {\nroute {\nimport gate_guard %s\n%s\n}\n}\n' "$1" "$2" "$3"
	}
	cat >"$dir/Caddyfile" <<-END
		{
			admin off
			auto_https off
		}
		import $dir/caddy.conf
		import $dir/Caddyfile.guard
		import $dir/Caddyfile.errors
		http://:$port {
			bind 127.0.0.1
			root * $site
			import gate_errors
			reverse_proxy /login unix/$dir/run/login.sock {
				import gate_transport
			}
			error /closed/* 403
			reverse_proxy /gone/* 127.0.0.1:$nobody
			$(guarded private user file_server)
			$(guarded staff group:staff file_server)
			$(guarded app user "reverse_proxy 127.0.0.1:$nobody")
			file_server
		}
	END
	HOME=$dir XDG_DATA_HOME=$dir start caddy "$caddy" run --config "$dir/Caddyfile" --adapter caddyfile
	wait_until 20 accepts "127.0.0.1:$port" || bail 'caddy does not start'
	try_errors 502 502
	stop caddy
}

for server in nginx apache apache_socket lighttpd caddy; do
	try_$server
done
done_testing
