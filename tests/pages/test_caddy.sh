#!/bin/bash
# test_caddy.sh: gate's pages behind caddy, by conf/caddy.conf as it stands, and the traps of caddy that it
# avoids.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/pages/lib_server.sh"
caddy=$(command -v caddy) || skip_all 'caddy is not installed'

open_pages
start_pages
open_front

serve() { # with the snippets of stdin, and what $site has in place of the pages
	cat >"$dir/caddy.conf"
	cat >"$dir/Caddyfile" <<-END
		{
			admin off
		}
		import caddy.conf
		http://:$port {
			bind 127.0.0.1
			${site:-import gate_pages}
			reverse_proxy /r/* unix/$dir/run/responder.sock {
				import gate_transport
			}
			root * $dir/site
			file_server
		}
	END
	start caddy env HOME="$dir" XDG_CONFIG_HOME="$dir/caddy" XDG_DATA_HOME="$dir/caddy" \
		"$caddy" run --config "$dir/Caddyfile" --adapter caddyfile
	wait_until 20 answers "$url/open" || bail 'caddy does not start'
}

serve < <(snippet caddy.conf)
try_pages
try_login
try_bodies
try_cookies
try_crowd
try_away
try_keeping no 'caddy makes a connection for each request'
try_restart
spellings=(-H 'X_Test: a' -H 'Sec_Fetch_Site: none' -H 'X_Forwarded_Proto: https' -H 'X-Forwarded-Proto: https')
get /r/env "${spellings[@]}"
is "$status" 200 'another program'
unlike "$body" 'HTTP_X_TEST|HTTP_SEC_FETCH_SITE|https' \
	'  which gets no other spelling of a header, and of https no word but caddy'"'"'s own'
stop caddy

# ---- the traps
site="reverse_proxy /login* unix/$dir/run/login.sock {
	import gate_transport
}" serve < <(snippet caddy.conf | sed '/header_/d')
get /login
like "$headers" $'\n[Ss]tatus: 200' 'trap: without header_down visitors see Status'
get /login/x
is "$status $(heading)" '200 Log in' 'trap: a path with * matches longer paths, too'
get /r/env "${spellings[@]}"
# Debian 13's caddy drops names with underscores itself
[[ $body =~ HTTP_X_TEST ]] && diag 'trap: without header_up X_Test arrives as X-Test would'
stop caddy
site="php_fastcgi /health unix/$dir/run/health.sock" serve < <(snippet caddy.conf)
get /health
unlike "$body" '^ok$' 'trap: php_fastcgi calls index.php, and not the page'
stop caddy
for name in index $pages responder; do
	stop $name
	is $? 0 "$name ends with status 0"
done
done_testing
