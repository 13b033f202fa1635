#!/bin/bash
# test_command_check_web.sh: gate check --nginx, --apache, --lighttpd, --caddy: what it sees in a
# configuration, each trap in one that has it and not in one that has it not, and what it can't read.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"

gate=$(program gate)
[ -x "$gate" ] || bail "$gate was not built"
unset "${!GATE_@}"
cd "$dir" || exit 1
umask 022
make_conf
chmod 600 secret gate.conf
newline=$'\n'

check() { # ARGUMENT...: leaves $out, $err and $code
	code=0
	"$gate" check --config gate.conf "$@" >"$dir/out" 2>"$dir/err" || code=$?
	out=$(<"$dir/out") err=$(<"$dir/err")
}
says() { # LEVEL FILE:LINE TEXT: there is such a finding, which begins so
	[[ $newline$out == *"$newline$1: $2: $3"* ]]
}
line_of() { # EXTENDED-REGEX FILE: the number of the first line that it matches
	grep -nE -m 1 -e "$1" "$2" | cut -d: -f1
}

# ---- the real servers: they take what is right, and their output can be checked
PATH=$PATH:/usr/sbin
apache_conf() { # FILE: includes it, with the modules that it needs
	local name
	printf '%s\n' "ServerRoot $dir" 'ServerName localhost' "PidFile $dir/run/apache.pid" "ErrorLog $dir/errors"
	for name in mpm_event authz_core authz_host authn_core authnz_fcgi proxy proxy_fcgi proxy_http headers \
		setenvif macro alias remoteip info; do
		echo "LoadModule ${name}_module /usr/lib/apache2/modules/mod_$name.so"
	done
	echo "Include $1"
}
is_installed() { # PROGRAM: else says so
	command -v "$1" >/dev/null || { skip "$1 is not installed"; return 1; }
}
takes() { # SERVER FILE: the real one finds no fault with it
	local name="$1: the server takes $2 as it stands"
	case $1 in
	nginx)
		is_installed nginx || return 0
		mkdir -p run/nginx
		ok "$name" nginx -t -e errors -p "$dir" -c "$dir/$2"
		;;
	apache)
		is_installed apache2 || return 0
		apache_conf "$dir/$2" >whole.conf
		ok "$name" apache2 -t -f "$dir/whole.conf"
		;;
	lighttpd)
		is_installed lighttpd || return 0
		printf 'server.document-root = "%s"\ninclude "%s"\n' "$dir" "$dir/$2" >whole.conf
		ok "$name" lighttpd -tt -f "$dir/whole.conf"
		;;
	caddy)
		is_installed caddy || return 0
		ok "$name" env HOME="$dir" XDG_DATA_HOME="$dir" caddy validate --adapter caddyfile --config "$dir/$2"
		;;
	esac
}

# The configuration that is right: $server's, in $right. Nothing may be found in it.
begin() { # SERVER FILE
	takes "$1" "$2"
	server=$1 right=$2
	check "--$server" "$right"
	is "$code $(tail -n 1 out)" '0 all is well' "$server: nothing is wrong"
	unlike "$out" '(^|'"$newline"')(error|warning):' "$server: no warning either"
	clean=$out
}
# has ID LEVEL SED PATTERN [OPTION...]: changed by SED it has the trap, at the first line that PATTERN
# matches then. What is right has it not.
has() {
	local id=$1 level=$2 change=$3 pattern=$4 line
	shift 4
	unlike "$clean" " $id: " "$id: not where it is not"
	sed -E -e "$change" "$right" >bad
	line=$(line_of "$pattern" bad)
	check "--$server" bad "$@"
	if says "$level" "bad:${line:-?}" "$id: "; then
		pass "$id: at its line"
	else
		fail "$id: at its line"
		diag "wanted: $level: bad:${line:-?}: $id:"
		diag "$out"
	fi
	is "$code" "$([[ $newline$out == *"${newline}error: "* ]] && echo 1 || echo 0)" '  status'
}
has_not() { # ID SED NAME [OPTION...]: not in what looks like the trap
	local id=$1 change=$2 name=$3
	shift 3
	sed -E -e "$change" "$right" >bad
	check "--$server" bad "$@"
	unlike "$out" " $id: " "$id: not $name"
}

# ---- the files that come with gate
check --nginx "$src/conf/nginx.conf"
is "$code $(tail -n 1 out)" '0 all is well' 'conf/nginx.conf has no trap'
is "$(grep -c "^note: .*/nginx.conf:[0-9]*: /[a-z]* is gate's" out)" 8 '  and all its pages are seen'
ok '  with place, name and socket' says note \
	"$src/conf/nginx.conf:$(line_of 'fastcgi_pass gate_counter' "$src/conf/nginx.conf")" \
	"/counter is gate's counter, unix:run/counter.sock"
check --lighttpd "$src/conf/lighttpd.conf"
is "$code $(tail -n 1 out)" '0 all is well' 'conf/lighttpd.conf has no trap'
is "$(grep -c "^note: .*/lighttpd.conf:[0-9]*: /[a-z]* is gate's" out)" 8 '  and all its pages are seen'
check --apache "$src/conf/apache.conf"
is "$code $(tail -n 1 out)" '0 all is well' 'conf/apache.conf has no trap'
is "$(grep -c "^note: .*/apache.conf:[0-9]*: /[a-z]* is gate's" out)" 8 '  and all its pages are seen'
check --apache "$src/conf/apache_fcgid.conf"
is "$code $(tail -n 1 out)" '0 all is well' 'conf/apache_fcgid.conf has no trap'
is "$(grep -c "^note: .*/apache_fcgid.conf:[0-9]*: /[a-z]* is gate's" out)" 8 '  and all its pages are seen'
printf 'import %s\nexample.org {\n\timport gate_pages\n}\n' "$src/conf/caddy.conf" >Caddyfile
check --caddy Caddyfile
is "$code $(tail -n 1 out)" '0 all is well' 'conf/caddy.conf has no trap'
is "$(grep -c "^note: .*/caddy.conf:[0-9]*: /[a-z]* is gate's" out)" 8 '  and all its pages are seen'
check --nginx "$src/conf/nginx.conf" "--lighttpd=$src/conf/lighttpd.conf"
is "$code $(grep -c "is gate's counter" out)" '0 2' 'several files at once'

# ---- nginx
guarded='auth_request /_gate;
			auth_request_set $gate_cookie $upstream_http_set_cookie;
			auth_request_set $gate_cache $upstream_http_cache_control;
			auth_request_set $gate_location $upstream_http_location;
			auth_request_set $gate_user $upstream_http_remote_user;
			add_header Set-Cookie $gate_cookie always;
			add_header Cache-Control $gate_cache always;
			add_header X-Site one;
			error_page 401 = @login;
			error_page 500 =503 /503.html;'
cat >nginx.conf <<END
events { } pid $dir/run/nginx.pid;
http {
	add_header X-Site one; # all of it
	client_body_temp_path $dir/run/nginx/body;
	fastcgi_temp_path $dir/run/nginx/fastcgi;
	proxy_temp_path $dir/run/nginx/proxy;
	scgi_temp_path $dir/run/nginx/scgi;
	uwsgi_temp_path $dir/run/nginx/uwsgi;
	upstream gate_login {
		server unix:$dir/run/login.sock;
		keepalive 32;
	}
	upstream gate_auth {
		server unix:$dir/run/auth.sock;
		keepalive 32;
	}
	server {
		listen 127.0.0.1:8080;
$(<"$src/conf/gate_params")
		fastcgi_keep_conn on;
		fastcgi_buffer_size 16k; fastcgi_buffers 8 16k;
		location = /login {
			fastcgi_pass gate_login;
		}
		location = /_gate {
			internal;
$(sed -e 's/REQUEST_METHOD .*/REQUEST_METHOD GET;/' -e 's/CONTENT_LENGTH .*/CONTENT_LENGTH "";/' "$src/conf/gate_params")
			fastcgi_param GATE_METHOD \$request_method;
			fastcgi_param GATE_GUARD nginx;
			fastcgi_param GATE_REQUIRE group:staff;
			fastcgi_pass_request_body off;
			fastcgi_store /dev/null/answer;
			fastcgi_pass gate_auth;
		}
		location /private/ {
			$guarded
		}
		location /app/ {
			$guarded
			proxy_set_header Remote-User \$gate_user;
			proxy_set_header Remote-Groups "";
			proxy_set_header Remote-Name "";
			proxy_set_header Remote-Email "";
			proxy_pass http://127.0.0.1:9999;
		}
		location /php/ {
			$guarded
			fastcgi_param REQUEST_METHOD \$request_method;
			fastcgi_param REMOTE_USER \$gate_user;
			fastcgi_param HTTP_REMOTE_USER \$gate_user;
			fastcgi_param HTTP_REMOTE_GROUPS "";
			fastcgi_param HTTP_REMOTE_NAME "";
			fastcgi_param HTTP_REMOTE_EMAIL "";
			fastcgi_pass 127.0.0.1:9998;
		}
		location @login {
			add_header Set-Cookie \$gate_cookie always;
			return 302 \$gate_location;
		}
	}
}
END
begin nginx nginx.conf
ok 'nginx: the guard is seen' says note "nginx.conf:$(line_of 'fastcgi_pass gate_auth' nginx.conf)" \
	"/_gate is gate's guard, unix:$dir/run/auth.sock"
ok 'nginx: what it guards is seen' says note "nginx.conf:$(line_of 'auth_request /_gate' nginx.conf)" \
	'/private/ is guarded'
unlike "$out" ':9998' 'nginx: another FastCGI program is none of gate'"'"'s'

has nginx-prefix warning 's|location = /login|location /login|' 'fastcgi_pass gate_login'
has nginx-prefix warning 's|location = /login|location ~ ^/login|' 'fastcgi_pass gate_login'
has_not nginx-prefix 's|location = /login|location ~ ^/login$|' 'for a regular expression of one path'
has nginx-params-none error 's|fastcgi_pass gate_login|fastcgi_param X y; &|' 'fastcgi_param X y'
has nginx-params-twice error 's|fastcgi_keep_conn on|fastcgi_param REMOTE_ADDR ::1; &|' 'REMOTE_ADDR ::1'
has nginx-host warning 's|fastcgi_keep_conn on|fastcgi_param HTTP_HOST $host; &|' 'HTTP_HOST'
has_not nginx-host 's|fastcgi_keep_conn on|fastcgi_param HTTP_HOST $host; &|' 'with an origin' \
	--origin=http://localhost
has_not nginx-host 's|fastcgi_keep_conn on|fastcgi_param HTTP_HOST $http_host; &|' 'with the port'
has nginx-remote-user warning 's|fastcgi_keep_conn on|fastcgi_param REMOTE_USER $remote_user; &|' \
	'REMOTE_USER .remote_user'
has nginx-proxy-header warning '/HTTP_PROXY/d' 'fastcgi_pass gate_login'
has nginx-peer warning 's|listen|set_real_ip_from 127.0.0.2; &|; /GATE_PEER/d' 'fastcgi_pass gate_login'
has_not nginx-peer 's|listen|set_real_ip_from 127.0.0.2; &|' 'with GATE_PEER'
has nginx-real-ip error 's|listen|set_real_ip_from 0.0.0.0/0; &|' 'set_real_ip_from'
has_not nginx-real-ip 's|listen|set_real_ip_from 10.0.0.0/8; &|' 'for a network'
has nginx-unix warning "s|listen|listen unix:$dir/front.sock; &|" 'listen unix'
has_not nginx-unix "s|listen|listen unix:$dir/front.sock; &|" 'if it is trusted' --trusted_proxies=unix
has nginx-http3 warning 's|listen|listen 8443 quic; &|' 'listen 8443'
has_not nginx-http3 's|listen|listen 8443 quic; &|' 'with an origin' --origin=http://localhost
has nginx-underscores error 's|listen|underscores_in_headers on; &|' 'underscores_in_headers'
has nginx-underscores error 's|listen|ignore_invalid_headers off; &|' 'ignore_invalid_headers'
has nginx-keep warning '/fastcgi_keep_conn/d' 'fastcgi_pass gate_login'
has nginx-keep warning '/keepalive 32/d' 'fastcgi_pass gate_login'
has nginx-idle warning 's|keepalive 32;|& keepalive_timeout 2m;|' 'keepalive_timeout'
has_not nginx-idle 's|keepalive 32;|& keepalive_timeout 60s;|' 'as long as nginx says itself'
has nginx-buffer warning 's|fastcgi_buffer_size 16k|fastcgi_buffer_size 4k|' 'fastcgi_buffer_size'
has nginx-buffer warning '/fastcgi_buffer_size/d' 'fastcgi_pass gate_login'
has nginx-request-buffering warning 's|fastcgi_keep_conn on|fastcgi_request_buffering off; &|' \
	'fastcgi_request_buffering'
has nginx-header-buffers warning 's|listen|large_client_header_buffers 4 32k; &|' 'large_client'
has_not nginx-header-buffers 's|listen|large_client_header_buffers 8 8k; &|' 'for as much as gate reads'
has nginx-cache error 's|fastcgi_keep_conn on|fastcgi_cache zone; &|' 'fastcgi_cache'
has nginx-cache error "s|fastcgi_keep_conn on|fastcgi_store $dir/missing/page; &|" 'missing/page'
has nginx-next-decoded error 's|return 302 .*;|return 302 /login?next=$uri;|' 'return 302'
has nginx-next note 's|return 302 .*;|return 302 /login?next=$request_uri;|' 'return 302'
has mount warning 's|location = /login|location = /app/login|' 'fastcgi_pass gate_login'

has nginx-guard-missing error 's|auth_request /_gate|auth_request /_other|' 'auth_request /_other'
has nginx-guard-page error 's|auth_request /_gate|auth_request /login|' 'auth_request /login'
has nginx-guard-internal warning '/internal;/d' 'location = /_gate'
has nginx-guard-params error 's|REQUEST_METHOD GET|REQUEST_METHOD $request_method|' 'location = /_gate'
has nginx-guard-params error 's|CONTENT_LENGTH ""|CONTENT_LENGTH $content_length|' 'location = /_gate'
has nginx-guard-params error '/GATE_METHOD/d' 'location = /_gate'
has nginx-guard-body warning '/fastcgi_pass_request_body/d' 'location = /_gate'
has nginx-guard-store warning '/fastcgi_store/d' 'location = /_gate'
has nginx-guard-store-path error "s|fastcgi_store .*;|fastcgi_store $dir/answer;|" 'fastcgi_store'
has nginx-guard-store-path error "s|fastcgi_store .*;|fastcgi_store $dir/missing/answer;|" 'fastcgi_store'
has nginx-guard-store-path error 's|fastcgi_store .*;|fastcgi_store /missing$uri;|' 'fastcgi_store'
has nginx-guard-store-path error 's|fastcgi_store .*;|fastcgi_store on;|' 'fastcgi_store'
has nginx-guard-set error 's|GATE_REQUIRE group:staff|GATE_REQUIRE $who|; s|auth_request /_gate|set $who user; &|' \
	'GATE_REQUIRE .who'
has_not nginx-guard-set 's|location = /_gate|location ^~ /_gate/|; s|auth_request /_gate|&/user|; s|GATE_REQUIRE group:staff|GATE_REQUIRE $fastcgi_path_info|' \
	'if it stands in the path'
has nginx-guard-cookie warning '/auth_request_set .gate_cookie/d' 'auth_request /_gate'
has nginx-guard-cookie warning '/add_header Set-Cookie/d' 'auth_request /_gate'
has nginx-guard-cookie warning 's|(Set-Cookie .gate_cookie) always|\1|' 'add_header Set-Cookie'
has nginx-guard-cache-control warning '/Cache-Control/d' 'auth_request /_gate'
has nginx-guard-cache-control warning 's|Cache-Control .gate_cache always|Cache-Control public|' 'Cache-Control public'
has nginx-guard-cache-control warning 's|Cache-Control .gate_cache|Cache-Control $other|' 'Cache-Control .other'
has_not nginx-guard-cache-control 's|Cache-Control .gate_cache|Cache-Control "private, no-store"|' 'for what no cache keeps'
has_not nginx-guard-cache-control 's|Cache-Control .gate_cache|Cache-Control $mine|; s|^http \{|& map $host $mine { default no-store; }|' \
	'for a map of the site'"'"'s own'
has nginx-login-cookie warning '/location @login/,/\}/{/Set-Cookie/d}' 'location @login'
has_not nginx-login-cookie '/location @login/,/\}/{/Set-Cookie/d}; s|error_page 401 = @login|error_page 401 = /login|' \
	'where a page of gate answers'
has nginx-add-header warning '/X-Site one;$/d' 'add_header Set-Cookie'
like "$out" 'hides X-Site \(bad:3\)' '  which names the line that it hides'
has nginx-add-header warning 's|location /app/ \{|location /private/more { add_header Only this; } &|; s|listen|auth_request /_gate; add_header Set-Cookie $c; &|' \
	'add_header Only'
has nginx-guard-login warning '/error_page 401/d' 'auth_request /_gate'
has nginx-guard-away warning '/error_page 500/d' 'auth_request /_gate'
has nginx-satisfy warning 's|listen|satisfy any; &|' 'satisfy'
has nginx-guard-regex warning 's|location /app/|location ~* \\.(png\|css)$ { }\n&|' 'location ~'
has nginx-guard-regex warning 's|location /app/|location ~ ^/private/.*\\.css { }\n&|' 'location ~'
has nginx-guard-regex warning 's|location /app/|location ~ ^/p { }\n&|' 'location ~'
has_not nginx-guard-regex 's|location /app/|location ~ ^/open/.*\\.css { }\n&|' 'for other paths'
has_not nginx-guard-regex 's|location /(private\|app\|php)/|location ^~ /\1/|; s|location = /login|location ~ css { }\n&|' 'with ^~'
has nginx-guard-try-files warning 's|location /app/|location / { try_files $uri $uri/index.html =404; }\n&|' 'try_files'
has_not nginx-guard-try-files 's|location /app/|location / { try_files $uri $uri/ /index.html; }\n&|' 'for the folder'
has nginx-guard-include warning 's|listen|ssi on; &|' 'ssi on'
has_not nginx-guard-include 's|listen|ssi off; &|' 'where it is off'
has nginx-guard-return warning 's|location /private/ \{|&\n return 200 x;|' 'return 200'
has nginx-identity error '/proxy_set_header Remote-Email/d' 'proxy_pass'
like "$out" 'proxy_pass without Remote-Email: ' '  which names the header'
has nginx-identity error '/HTTP_REMOTE_GROUPS/d' 'fastcgi_pass 127'
has_not nginx-identity '/proxy_set_header Remote-Email/d; s|^(.*location /app/.*)|\1 auth_request off;|; /auth_request \/_gate/d' \
	'where nothing is guarded'
has nginx-identity-sent error 's|Remote-User .gate_user|Remote-User $http_remote_user|' 'Remote-User .http_remote_user'
has nginx-guard-remote-user error 's|param REMOTE_USER .gate_user|param REMOTE_USER $remote_user|' \
	'REMOTE_USER .remote_user'
has nginx-guard-remote-user error 's|fastcgi_pass 127|fastcgi_param REMOTE_USER $remote_user;\n&|' 'REMOTE_USER .remote_user'
has_not nginx-guard-remote-user 's|fastcgi_pass 127|fastcgi_param REMOTE_USER $remote_user; fastcgi_param REMOTE_USER $gate_user;\n&|' \
	'if it stands between two of the guard'
has guard-mode error '/GATE_GUARD/d' 'auth_request /_gate'
has guard-mode error 's|GATE_GUARD nginx|GATE_GUARD apache|' 'auth_request /_gate'
has guard-require error 's|group:staff|staff|' 'auth_request /_gate'
has guard-require error 's|group:staff|group:|' 'auth_request /_gate'
has guard-require error 's|location = /_gate|location ^~ /_gate/|; s|auth_request /_gate|&/nobody|; s|GATE_REQUIRE group:staff|GATE_REQUIRE $fastcgi_path_info|' \
	'auth_request /_gate'
for word in user user:alice,bob '"user:alice group:staff"'; do
	has_not guard-require "s|group:staff|$word|" "for $word"
done
has guard-session note 's|group:staff|session|' 'auth_request /_gate'
has guard-session note 's|group:staff|user,session|' 'auth_request /_gate'
has_not guard-session 's|group:staff|user:session|' 'for a user of that name'
has guard-cookie-path error '' 'auth_request /_gate' --cookie_path=/app
has_not guard-cookie-path '/location .app/,/^	.}/d; /location .php/,/^	.}/d' 'for what lies under it' \
	--cookie_path=/private

# a trap in many places: the first are named, and the others counted
{
	printf 'http {\n\tserver {\n'
	for i in {1..20}; do printf '\t\tset_real_ip_from %s.0.0.0/0;\n' "$i"; done
	printf '\t\tlocation = /%s { fastcgi_pass unix:/run/gate/%s.sock; }\n' login login logout logout
	printf '\t}\n}\n'
} >many.conf
check --nginx many.conf
is "$(grep -c ':[0-9]*: nginx-real-ip: ' out) $(grep 'nginx-real-ip: the' out)" \
	'16 error: many.conf: nginx-real-ip: the same is true of 4 more places' 'a trap in many places'

# ---- Apache
# a port that only root can take; there is none where every user may take any
free=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 1024)
safe=$((free > 901 ? 901 : free > 1 ? free - 1 : 901))
{
	cat <<END
Listen 8080
RemoteIPHeader X-Forwarded-For
ProxyFCGISetEnvIf "true" GATE_PEER "%{CONN_REMOTE_ADDR}"
<LocationMatch "^/login\$">
	ProxyPassMatch "unix:$dir/run/login.sock|fcgi://gate-login/" enablereuse=on ttl=60 retry=0
</LocationMatch>
ProxyPassMatch "^/logout\$" "unix:$dir/run/logout.sock|fcgi://gate-logout/" enablereuse=on retry=0
AuthnzFcgiDefineProvider authnz gate fcgi://127.0.0.1:$safe/
SetEnvIf Request_URI "^" GATE_GUARD=apache
<Location "/private">
	AuthType FCGI
	AuthName gate
	SetEnvIf Request_URI "^" GATE_REQUIRE=group:staff
	AuthnzFcgiCheckAuthnProvider gate Authoritative On RequireBasicAuth Off UserExpr "%{reqenv:GATE_USER}"
	Require gate
END
	for name in User Groups Name Email; do
		echo "	RequestHeader set Remote-$name %{GATE_$name}e"
		echo "	RequestHeader unset Remote_$name"
	done
	cat <<END
	ProxyPass "http://127.0.0.1:9999/"
</Location>
END
} >apache.conf
begin apache apache.conf
ok 'Apache: a page is seen' says note "apache.conf:$(line_of login.sock apache.conf)" \
	"/login is gate's login, unix:$dir/run/login.sock"
ok 'Apache: what is guarded is seen' says note \
	"apache.conf:$(line_of CheckAuthnProvider apache.conf)" '/private is guarded'

has apache-prefix warning 's|ProxyPassMatch "\^/logout\$"|ProxyPass "/logout"|' 'logout.sock'
has apache-prefix warning 's|LocationMatch "\^/login\$"|Location "/login"|; s|/LocationMatch|/Location|' 'login.sock'
has apache-location-match error 's|ProxyPassMatch "unix|ProxyPass "unix|' 'login.sock'
has apache-location-match error 's|ProxyPassMatch "unix|ProxyPass "unix|; s|LocationMatch "|Location ~ "|; s|/LocationMatch|/Location|' \
	'login.sock'
has_not apache-location-match 's|ProxyPassMatch "unix|ProxyPass "unix|; s|"\^/login.*"|"^/logi[n]$"|' 'for what looks like a pattern'
has apache-worker error 's|fcgi://gate-logout/|fcgi://gate-login/|' 'logout.sock'
has apache-reuse note 's|enablereuse=on ttl=60||' 'login.sock'
has apache-idle warning 's|ttl=60|ttl=120|' 'login.sock'
block='1s|$|\n<Proxy "fcgi://gate-logout/">\nProxySet max=9\n</Proxy>|'
has apache-proxy-block warning "$block; s|ProxyPassMatch .\^/logout.*. \"|ProxyPass \"/logout\" \"|" 'logout.sock'
has_not apache-proxy-block "$block" 'for ProxyPassMatch, which has a worker of its own'
has_not apache-proxy-block "${block/ProxySet/#}; s|ProxyPassMatch .\^/logout.*. \"|ProxyPass \"/logout\" \"|" 'for an empty <Proxy>'
has_not apache-proxy-block "$block; s|ProxyPassMatch .\^/logout.*. \"|ProxyPass \"/logout\" \"|; s|(fcgi://gate-logout/\") enable.*|\1|" \
	'if all is set there'
has apache-peer warning '/ProxyFCGISetEnvIf/d' 'login.sock'
has_not apache-peer '/ProxyFCGISetEnvIf/d; /RemoteIPHeader/d' 'without mod_remoteip'
has apache-pass-auth note '1s|$|\nCGIPassAuth On|' 'CGIPassAuth'
has apache-field-size warning '1s|$|\nLimitRequestFieldSize 65536|' 'LimitRequestFieldSize'
has apache-fcgid note '1s|$|\nScriptAliasMatch "^/user$" /usr/libexec/gate/user\nScriptAliasMatch "^/card$" /usr/libexec/gate/card|' \
	'ScriptAlias'
is "$(grep -c apache-fcgid: out)" 1 '  once for all pages'
has apache-fcgid-length warning \
	'1s|$|\nFcgidMaxRequestLen 1000\nScriptAliasMatch "^/user$" /usr/libexec/gate/user|' 'FcgidMaxRequestLen'
has mount warning 's|\^/logout\$|^/app/logout$|' 'logout.sock'

has apache-provider-host error "s|127.0.0.1:$safe|192.0.2.1:$safe|" 'DefineProvider'
has apache-provider-port warning "s|127.0.0.1:$safe|127.0.0.1:9001|" 'DefineProvider'
has apache-provider-missing error 's|CheckAuthnProvider gate|CheckAuthnProvider other|' 'CheckAuthnProvider'
has apache-require error '/Require gate/d' 'CheckAuthnProvider'
has apache-require error 's|Require gate|Require all granted|' 'Require all'
has apache-require error 's|Require gate|<RequireAny>\nRequire all granted\n&\n</RequireAny>|' 'Require all'
has apache-require error 's|Require gate|<RequireAll>\nRequire all granted\n</RequireAll>\n&|' 'Require all'
has apache-require error 's|Require gate|<Limit GET>\n&\n</Limit>|' '<Limit'
has apache-require error 's|Require gate|&\n<LimitExcept GET>\n&\n</LimitExcept>|' '<Limit'
has_not apache-require 's|Require gate|<RequireAll>\n&\nRequire not ip 192.0.2.1\n</RequireAll>|' 'in <RequireAll>'
has_not apache-require 's|Require gate|<RequireAll>\nRequire all granted\n&\n</RequireAll>|' 'if the guard must agree'
has_not apache-require 's|Require gate|&\n<RequireNone>\nRequire all granted\n</RequireNone>|' 'for what only refuses'
has apache-satisfy error '1s|$|\nSatisfy Any|' 'Satisfy Any'
has_not apache-satisfy '1s|$|\nSatisfy Any|; s|Require gate|&\nSatisfy All|' 'if the place says All'
has apache-basic warning 's|RequireBasicAuth Off|RequireBasicAuth On|' 'CheckAuthnProvider'
has apache-access-checker warning \
	's|AuthnzFcgiCheckAuthnProvider .*|FcgidAccessChecker /usr/libexec/gate/auth|' 'FcgidAccessChecker'
has apache-authenticator error '1s|$|\nFcgidAuthenticator /usr/libexec/gate/auth|' 'FcgidAuthenticator'
has apache-setenv error 's|SetEnvIf Request_URI "\^" GATE_GUARD=apache|SetEnv GATE_GUARD apache|' \
	'CheckAuthnProvider'
has apache-identity error '/set Remote-Email/d' '"http://'
like "$out" 'without Remote-Email: ' '  which names the header'
has apache-underscore warning '/unset Remote_Email/d' '"http://'
has guard-mode error 's|GATE_GUARD=apache|GATE_GUARD=nginx|' 'CheckAuthnProvider'
has guard-require error 's|group:staff|staff|' 'CheckAuthnProvider'
has guard-session note 's|group:staff|session|' 'CheckAuthnProvider'
has guard-cookie-path error '' 'CheckAuthnProvider' --cookie_path=/app
check --apache "$src/conf/apache_guard.conf"
unlike "$out" '(error|warning): [^ ]*: (guard|apache)-' 'conf/apache_guard.conf has no trap'
check --apache - <<END
<Location "/app">
	$(sed -n '/<Macro/,/<\/Macro/p' "$src/conf/apache_guard_socket.conf" |
		sed '/Macro/d; /IfModule/d; s|\$require|group:staff|')
	Require all granted
	ProxyPass "http://127.0.0.1:9999/"
</Location>
END
like "$out" '/app is guarded' 'conf/apache_guard_socket.conf: what is guarded is seen'
unlike "$out" ' (guard|apache)-' '  and no trap'

# ---- lighttpd
spellings() { # HEADER: each with - _ or . in the place of its dashes, but the header itself
	local name=$1 all=("${1%%-*}") more=() rest=${1#*-} part sign begin
	while :; do
		part=${rest%%-*} more=()
		for begin in "${all[@]}"; do
			for sign in - _ .; do more+=("$begin$sign$part"); done
		done
		all=("${more[@]}")
		[ "$rest" != "$part" ] || break
		rest=${rest#*-}
	done
	printf '%s\n' "${all[@]}" | grep -vxF -e "$name"
}
{
	echo 'server.modules += ("mod_setenv", "mod_fastcgi")'
	echo 'setenv.set-request-header = ('
	for name in X-Forwarded-For X-Forwarded-Proto Sec-Fetch-Site; do spellings $name; done |
		sed 's/.*/	"&" => "",/'
	for name in User Groups Name Email; do
		for sign in - _ . '!' '#' '$' % '&' "'" '*' + ^ '`' '|' '~'; do
			printf '\t"Remote%s%s" => "",\n' "$sign" $name
		done
	done
	cat <<END
	"Proxy" => ""
)
\$HTTP["url"] =~ "^/login\$" {
	fastcgi.server = ("/" => (("socket" => "$dir/run/login.sock", "check-local" => "disable", "disable-time" => 0)))
}
END
} >lighttpd.conf
begin lighttpd lighttpd.conf
ok 'lighttpd: a page is seen' says note "lighttpd.conf:$(line_of login.sock lighttpd.conf)" \
	"/login is gate's login, unix:$dir/run/login.sock"
has lighttpd-prefix warning 's|"\^/login\$"|"^/login"|' 'login.sock'
has lighttpd-prefix warning 's|^.HTTP.*|global {|; s|"/" =>|"/login" =>|' 'login.sock'
has_not lighttpd-prefix 's|=~ "\^/login\$"|== "/login"|' 'for one path'
has lighttpd-check-local error 's|, "check-local" => "disable"||' 'login.sock'
has lighttpd-disable-time note 's|, "disable-time" => 0||' 'login.sock'
has lighttpd-disable-time note 's|"disable-time" => 0|"disable-time" => 5|' 'disable-time'
has lighttpd-modules error 's|"mod_setenv", ||' 'login.sock'
has lighttpd-modules error 's|, "mod_fastcgi"||' 'login.sock'
has lighttpd-spellings warning '/"X_Forwarded\.For"/d' 'login.sock'
like "$out" '/login gets X_Forwarded\.For: ' '  which names the spelling'
has lighttpd-spellings warning 's|^	fastcgi|	setenv.set-request-header = ("A" => "")\n&|' 'login.sock'
has_not lighttpd-spellings 's|^	fastcgi|	setenv.set-request-header += ("A" => "")\n&|' 'if a block adds one'
has lighttpd-responder error 's|login|auth|g' 'auth.sock'
has mount warning 's|\^/login|^/app/login|' 'login.sock'
unlike "$clean" lighttpd-guard-cookie 'lighttpd-guard-cookie: not without a guard'
cat >>lighttpd.conf <<END
\$HTTP["url"] =~ "^/private/" {
	setenv.add-environment = ("GATE_GUARD" => "lighttpd", "GATE_REQUIRE" => "group:staff")
	fastcgi.server = ("/private/" => (("socket" => "$dir/run/auth.sock", "mode" => "authorizer", "check-local" => "disable", "disable-time" => 0)))
}
END
begin lighttpd lighttpd.conf
ok 'lighttpd-guard-cookie: with a guard' says note "lighttpd.conf:$(line_of auth.sock lighttpd.conf)" \
	'lighttpd-guard-cookie: '
ok 'lighttpd: what is guarded is seen' says note "lighttpd.conf:$(line_of auth.sock lighttpd.conf)" \
	'/private/ is guarded'
has lighttpd-identity error '/"Remote_User"/d' 'auth.sock'
has lighttpd-identity error '/"Remote-User"/d' 'auth.sock'
has lighttpd-identity error '/"Remote!User"/d' 'auth.sock'
later() { # WHAT: puts it behind the guarded block
	sed 's/[\\&|]/\\&/g; s/^/$s|$|\\n/; s/$/|/' <<<"$1"
}
has lighttpd-later error "$(later '$HTTP["url"] =~ "\.php$" { fastcgi.server = ("x" => ((1))) }')" 'php'
has lighttpd-later error "$(later '$HTTP["host"] == "b" { setenv.set-request-header = ("A" => "") }')" '"b"'
has lighttpd-later error "$(later '$HTTP["url"] =~ "^/private/more" { fastcgi.server = ("x" => ((1))) }')" 'more'
has_not lighttpd-later "$(later '$HTTP["url"] =~ "^/open/" { fastcgi.server = ("x" => ((1))) }')" 'for other paths'
has_not lighttpd-later "$(later '$HTTP["url"] =~ "^/private/more/" { fastcgi.server = ("/" => (("socket" => "/run/gate/auth.sock", "mode" => "authorizer"))) }')" \
	'if it asks the guard, too'
has_not lighttpd-later "$(later '$HTTP["url"] =~ "^/$" { fastcgi.server = ("x" => ((1))) }')" 'for one other path'
has lighttpd-docroot warning 's|"mode" => "authorizer"|&, "docroot" => "/srv"|' 'auth.sock'
has lighttpd-order error 's|"mod_setenv"|&, "mod_proxy"|' 'mod_proxy'
has lighttpd-order error 's|^server.mod|server.modules = ("mod_status")\n&|' 'mod_status'
has_not lighttpd-order 's|^server.modules .*|server.modules = ("mod_proxy")\nserver.modules := ("mod_setenv", "mod_fastcgi") + server.modules|' \
	'if a later line moves it to the front'
check --lighttpd - --run_dir=/run/gate <<END
server.modules = ("mod_proxy")
include "$src/conf/lighttpd_guard.conf"
include "$src/conf/lighttpd.conf"
\$HTTP["url"] =~ "^/app/" {
	var.gate_require = "user"
	include "$src/conf/lighttpd_guarded.conf"
	proxy.server = ("" => (("host" => "127.0.0.1", "port" => 9999)))
	magnet.attract-raw-url-to = ("$src/conf/lighttpd_guard.lua")
}
END
like "$out" '/app/ is guarded' 'conf/lighttpd_guarded.conf: what is guarded is seen'
unlike "$out" '(error|warning): [^ ]*: (lighttpd|guard)-' '  and no trap'
has guard-mode error 's|"GATE_GUARD" => "lighttpd", ||' 'auth.sock'
has guard-require error 's|group:staff|staff|' 'auth.sock'
has guard-session note 's|group:staff|session|' 'auth.sock'
has guard-cookie-path error '' 'auth.sock' --cookie_path=/app

# ---- caddy
cat >Caddyfile <<END
(gate) {
	reverse_proxy {args.0} unix/$dir/run/login.sock {
		transport fastcgi
		header_up -*_*
	}
}
example.org {
	header -Status
	import gate /login
	route /private/* {
		request_header -Remote-*
		request_header -Remote_*
		forward_auth unix/$dir/run/auth.sock {
			uri /auth
			header_up -*_*
			transport fastcgi {
				env GATE_GUARD forward
				env GATE_REQUIRE group:staff
			}
			copy_headers Remote-User Remote-Groups Remote-Name Remote-Email
		}
		reverse_proxy 127.0.0.1:9999
	}
}
END
begin caddy Caddyfile
ok 'caddy: a page is seen, in a snippet' says note "Caddyfile:$(line_of login.sock Caddyfile)" \
	"/login is gate's login, unix/$dir/run/login.sock"
ok 'caddy: what is guarded is seen' says note "Caddyfile:$(line_of forward_auth Caddyfile)" \
	'/private/ is guarded'
ok 'caddy-guard-cookie: with forward_auth' says note "Caddyfile:$(line_of forward_auth Caddyfile)" \
	'caddy-guard-cookie: '
has caddy-prefix warning 's|import gate /login|import gate /login*|' 'login.sock'
has caddy-prefix warning 's|import gate /login|@l path /login*\n&|; s|import gate /login$|import gate @l|' 'login.sock'
has_not caddy-prefix 's|import gate /login|@l path /login\n&|; s|import gate /login$|import gate @l|' 'for one path'
has caddy-transport error '3s|transport fastcgi|transport http|' 'login.sock'
has_not caddy-prefix 's|\{args\.0\}|{args[0]}|' 'for an argument as newer caddies write it'
has caddy-php error 's|reverse_proxy .args|php_fastcgi {args|' 'login.sock'
has caddy-spellings warning '/header_up/d' 'login.sock'
has caddy-spellings warning '9,$s|header_up.*||' 'forward_auth'
has caddy-spellings warning 's|header_up -.*|header_up -X_*|' 'login.sock'
has caddy-spellings warning '/uri/,/transport/{/header_up/d}' 'forward_auth'
has_not caddy-spellings '/header_up/d; s|import gate /login|request_header -*_*\n&|' 'if the site drops them'
has caddy-status note '/header -Status/d' 'login.sock'
has caddy-identity error '/request_header -Remote-/d; s| Remote-Email||' 'forward_auth'
has_not caddy-identity 's| Remote-Email||' 'if a route removes it first'
has caddy-copied warning 's|Remote-Email|& X-Other|' 'copy_headers'
has caddy-order error 's|route /private|handle /private|' 'request_header -Remote-'
has caddy-order error '/request_header -Remote-/d; s|^.*9999|		request_header -Remote-User\n&|' \
	'request_header -Remote-User'
has caddy-underscore warning '/-Remote_/d' 'forward_auth'
check --caddy - --run_dir=/run/gate <<END
import $src/conf/Caddyfile.guard
example.org {
	handle /app/* {
		route {
			import gate_guard user
			reverse_proxy 127.0.0.1:9999
		}
	}
}
END
like "$out" '/app/ is guarded' 'conf/Caddyfile.guard: what is guarded is seen'
unlike "$out" '(error|warning|note): [^ ]*: (caddy|guard)-' '  and no trap'
has mount warning 's|import gate /login|import gate /app/login|' 'login.sock'
has guard-mode error '/GATE_GUARD/d' 'forward_auth'
has guard-require error 's|group:staff|staff|' 'forward_auth'
has guard-session note 's|group:staff|session|' 'forward_auth'
has guard-cookie-path error '' 'forward_auth' --cookie_path=/app

# ---- what other programs print: the same as of the files themselves, with the same files and lines
mkdir sites
has_trap() { # LEVEL FILE:LINE ID: in $out
	ok "  with file and line" says "$1" "$2" "$3: "
}
if is_installed nginx; then
	cp nginx.conf dumped.conf
	sed -i 's|^	server {|	include sites/*.conf;\n&|' dumped.conf
	printf 'upstream gate_card { server unix:/run/gate/card.sock; }\nserver {\n\tlisten 127.0.0.1:8081;\n\t%s\n}\n' \
		'location /card { fastcgi_pass gate_card; }' >sites/one.conf
	ok 'nginx -T prints the configuration' nginx -T -e errors -p "$dir/" -c dumped.conf
	cp ok.out dump
	check --nginx "$dir/dumped.conf"
	direct=$(grep -v '^all is well' out)
	check --nginx - <dump
	is "$(grep -v '^all is well' out)" "$direct" '  in which the same is found as in the files'
	has_trap warning "$dir/sites/one.conf:4" nginx-prefix
	sed 's|include sites/|include other/|' dump >bad
	check --nginx bad
	unlike "$out" 'sites/one.conf' '  what it includes nowhere is not read'
fi
if is_installed apache2; then
	printf '%s\n' "Include $src/conf/apache_guard.conf" "Include $dir/sites/one.apache" >dumped.conf
	printf '%s\n' '<Location "/private">' '	Use GateGuard group:staff' '</Location>' '<Location "/app">' \
		'	Use GateGuard nobody' '	ProxyPass "http://127.0.0.1:9999/"' '</Location>' \
		'ProxyPass "/login" "unix:/run/gate/login.sock|fcgi://gate-login/"' >sites/one.apache
	apache_conf "$dir/dumped.conf" >whole.conf
	ok 'apache2 -t -D DUMP_CONFIG prints the configuration' apache2 -t -D DUMP_CONFIG -f "$dir/whole.conf"
	cp ok.out dump
	check --apache - <dump
	has_trap warning "$dir/sites/one.apache:8" apache-prefix
	has_trap error "$dir/sites/one.apache:5" guard-require
	ok '  also what stands in a macro' says note "$dir/sites/one.apache:2" '/private is guarded'
	is "$(grep -cE '^(error|warning): ' out)" 2 '  and no other trap'
	unlike "$out" 'is not expanded' '  in which macros are expanded'
	check --apache whole.conf
	ok '  which the file itself does not show' says note "$dir/sites/one.apache:2" 'the macro GateGuard is not expanded'
fi

# ---- the guard'"'"'s files, as README says to use them
example() { # LANGUAGE: that of README
	sed -n '/^## A guard for any site/,/^## /p' "$src/README.md" | sed -n "/^\`\`\`$1/,/^\`\`\`\$/{/^\`\`\`/d;p}"
}
is_right() { # SERVER FILE COUNT: so many places are guarded in it, and there is no trap
	check "--$1" "$2" --run_dir=/run/gate
	is "$(grep -E '^(error|warning): ' out | grep -v 'warning: run_dir: ')" '' "$2 has no trap"
	is "$(grep -c ' is guarded$' out)" "$3" '  and what it guards is seen'
}
mkdir readme
cp "$src"/conf/gate_[a-z]* readme/
{
	echo "pid $dir/run/nginx.pid; events { } http {"
	grep _temp_path nginx.conf
	example nginx | sed 's/^server {/&\n\tlisten 127.0.0.1:8080;/'
	echo '}'
} >readme/nginx.conf
takes nginx readme/nginx.conf
is_right nginx readme/nginx.conf "$(example nginx | grep -cE 'include gate_guard;|auth_request ')"
{
	head -n 6 readme/nginx.conf
	cat <<-END
		include gate_guard_http;
		include gate_guard_forward;
		server {
			listen 127.0.0.1:8080;
			include gate_guard_server;
			location ~ \.php\$ {
				include gate_guard;
				include gate_guard_fastcgi;
				fastcgi_pass unix:/run/php.sock;
			}
		}
		}
	END
} >readme/others.conf
takes nginx readme/others.conf
is_right nginx readme/others.conf 1
example apache | sed "s|/etc/apache2/|$src/conf/|" >readme/apache.conf
takes apache readme/apache.conf
if is_installed apache2; then
	apache2 -t -D DUMP_CONFIG -f "$dir/whole.conf" >dump 2>errors
	is_right apache dump "$(example apache | grep -c 'Use GateGuard')"
fi

# ---- what is included
mkdir more more/deep
printf 'server {\n\tlocation /login { fastcgi_pass unix:/run/gate/login.sock; }\n}\n' >more/one.conf
printf 'http {\n\tinclude more/*.conf;\n\tinclude none/*.conf;\n}\n' >main.conf
check --nginx main.conf
ok 'nginx: include' says warning more/one.conf:2 'nginx-prefix: '
unlike "$out" 'none/' '  a pattern that matches nothing is none'
printf 'http {\n\tinclude missing.conf;\n}\n' >main.conf
check --nginx main.conf
ok 'nginx: a missing file is an error' says error main.conf:2 'missing.conf can'"'"'t be read: '
is "$code" 1 '  status'
printf 'http {\n\tinclude more/*;\n\tinclude main.conf;\n}\n' >main.conf
check --nginx main.conf
ok 'nginx: a folder is an error' says error main.conf:2 'more/deep can'"'"'t be read: '
ok 'nginx: a file that includes itself is one, and ends' says error main.conf:3 'main.conf includes itself'
printf 'ProxyPass "/logout" "unix:${D}/logout.sock|fcgi://gate-logout/"\n' >more/deep/two.conf
printf 'Define D /run/gate\n<IfModule x>\nInclude more/deep\n</IfModule>\nIncludeOptional none/*\nInclude none/*\n' >main.conf
check --apache main.conf
ok 'Apache: Include of a folder, Define' says note more/deep/two.conf:1 \
	"/logout is gate's logout, unix:/run/gate/logout.sock"
ok '  Include must find something' says error main.conf:6 'none/* is not there to be read'
unlike "$out" 'main.conf:5' '  IncludeOptional need not'
printf 'var.d = "/run/gate"\nfastcgi.server = ("/login" => (("socket" => var.d + "/login.sock")))\n' >more/three.conf
printf 'include "more/" + "three.conf"\ninclude_shell "echo x"\n' >main.conf
check --lighttpd main.conf
ok 'lighttpd: include, variables' says error more/three.conf:2 'lighttpd-check-local: '
ok 'lighttpd: include_shell is not run, and named' says note main.conf:2 \
	'the output of include_shell is not checked: echo x'
printf 'example.org\nimport more/*.caddy\n' >main.conf
printf 'reverse_proxy /login* unix//run/gate/login.sock {\n}\n' >more/four.caddy
check --caddy main.conf
ok 'caddy: import, a site without braces' says error more/four.caddy:1 'caddy-transport: '
printf '(a) {\n\timport b\n}\n(b) {\n\timport a\n}\nx {\n\timport a\n}\n' >main.conf
check --caddy main.conf
like "$out" 'error: main.conf:[25]: import [ab]: imports are nested too deeply' \
	'caddy: snippets that import each other end'

# ---- what can't be read
broken() { # SERVER LINE TEXT MESSAGE
	printf "$3" >main.conf
	check "--$1" main.conf
	if says error "main.conf:$2" "$4"; then pass "$1: $4"; else
		fail "$1: $4"
		diag "$out"
	fi
	is "$code" 1 '  status'
}
broken nginx 1 'http {\n' 'this block has no end'
broken nginx 2 'a b;\n}\n' 'this brace closes nothing'
broken nginx 2 '\nuser x' 'this directive has no semicolon'
broken nginx 1 'a "b;\n' 'this quote has no end'
broken nginx 1 'http {\0}\n' 'this is no text: it holds a zero byte'
broken nginx 1 "$(printf 'a {%.0s' {1..40})\n" 'blocks are nested too deeply to check'
broken apache 1 '<Location />\nA b\n' 'the section <location> has no end'
broken apache 2 '<Location />\n</Directory>\n' 'this closes another section than is open'
broken apache 1 '<Location /\n' 'this section has no > at its end'
broken lighttpd 1 'a = ("b"' 'this list has no end'
broken lighttpd 1 'a = "b' 'this string has no end'
broken lighttpd 1 '$HTTP["url"] == "x" {\n' 'this block has no end'
broken lighttpd 1 'a b\n' 'here a value should be set'
broken caddy 1 'x {\n' 'this block has no end'
broken caddy 2 'x\n}\n' 'this brace closes nothing'
broken caddy 1 'x "y\n' 'this quote has no end'
check --nginx missing.conf
ok 'a main file that is missing' says error missing.conf "can't be read: "
unlike "$out" 'no page of gate' '  is not one without pages'
printf 'http { server { listen 80; } }\n' >main.conf
check --nginx main.conf
ok 'a file without a page of gate'"'"'s' says warning main.conf "no page of gate's is in it"
is "$code" 0 '  is a warning'
printf 'http { server { location = /\033[1m { fastcgi_pass unix:/run/gate/login.sock; } } }\n' >main.conf
check --nginx main.conf
unlike "$out" $'\033' 'no name acts on the terminal'

# ---- all of them
ids=$(sed -nE 's/^ *\{"([a-z0-9-]+)", GATE_CHECK_.*/\1/p' "$src"/cgi-bin/gate_check/*.c | sort)
ok 'there are traps' [ "$(wc -l <<<"$ids")" -gt 70 ]
is "$(for id in $ids; do grep -qxF ".It Cm $id" "$src/cgi-bin/gate.8" || echo "$id"; done)" '' \
	'gate(8) has each trap'
is "$(for id in $ids; do grep -qE "^(has |ok .)$id( |:)" "$src/tests/command/test_command_check_web.sh" || echo "$id"; done)" '' \
	'and here is a case of each'

# ---- the command line
check --nginx
is "$code $(head -n 1 err)" \
	'2 gate: gate check takes --nginx, --apache, --lighttpd and --caddy with a FILE each, at most 8 of them' \
	'an option without its file: usage'
check --nginx=
is "$code" 2 '  or with none behind ='
check --nginx a --nginx a --nginx a --nginx a --nginx a --nginx a --nginx a --nginx a --nginx a
is "$code" 2 '  or too many files'
done_testing
