#!/bin/bash
# test_nginx.sh: gate's pages behind nginx, by conf/nginx.conf as it stands.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/pages/lib_server.sh"
need_nginx

open_pages
start_pages
port=$(free_port)
url=http://127.0.0.1:$port
mkdir "$dir/logs"
cp "$src"/conf/{gate_params,gate_errors} "$dir/"
sed "s|/usr/share/gate/errors|$build/errors|" "$src/conf/gate_errors_page" >"$dir/gate_errors_page"

serve() { # the configuration of stdin
	sed "s/127\.0\.0\.1:8080/127.0.0.1:$port/" >"$dir/nginx.conf"
	# root's nginx would give its workers to another user, who can't make its folders
	[ "$(id -u)" != 0 ] || set -- -g 'user root;'
	start nginx env -C "$dir" "$nginx" -e logs/nginx.log -p "$dir/" -c nginx.conf "$@"
	wait_until 10 answers "$url/health" || bail 'nginx does not start'
}
serve <"$src/conf/nginx.conf"
try_pages
try_login
try_bodies
try_cookies
try_crowd
try_away
try_keeping yes 'keepalive: twenty requests make no new connection'
try_restart
stop nginx
serve < <(sed 's/fastcgi_keep_conn on/fastcgi_keep_conn off/' "$src/conf/nginx.conf")
try_keeping no 'fastcgi_keep_conn off: each request makes a connection'
try_restart
stop nginx
done_testing
