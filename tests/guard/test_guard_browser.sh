#!/bin/bash
# test_guard_browser.sh: a guarded site in Chromium, by nginx and the very snippets of conf/: a
# single-page app whose session ends, two tabs, Back after a logout, and the site's own look.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
. "$src/tests/guard/lib_guard_nginx.sh"
. "$src/tests/pages/lib_browser.sh"
need_nginx
need_browser

# in Hebrew, and with what must not count as markup
open_site home=/open/ site_logo=/open/logo.svg \
	'site_name=בדיקה <script>alert(1)</script> & "friends" of a rather long name'
mkdir -p "$site/open" "$site/private/app"
echo '<!doctype html><html lang="en"><title>Open</title><h1>Open to all</h1>' >"$site/open/index.html"
echo '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="32"><rect width="96" height="32"/></svg>' \
	>"$site/open/logo.svg"
cat >"$site/private/app/index.html" <<-'END'
	<!doctype html>
	<html lang="en">
	<title>App</title>
	<h1>nothing yet</h1>
	<button>Ask</button>
	<script>
		document.querySelector('button').onclick = async () => {
			const answer = await fetch('/app/who');

			if (answer.status === 401)
				location.reload(); // the guard leads to the login and back
			else
				document.querySelector('h1').textContent =
					(await answer.text()).match(/^Remote-User: (.*)$/m)[1];
		};
	</script>
END
echo '<!doctype html><html lang="en"><title>Old</title><h1>An old page</h1>' >"$site/private/old.html"
# a browser may take what is so old for fresh, if nobody says otherwise
find "$site/private" -type f -exec touch -d 2020-01-01 {} +
echo data >"$site/private/data"
chmod -R a+rX "$site"
for name in crowd-of-many- "crowd-$(printf 'of-many-%.0s' {1..20})"; do
	make_user "$name" 'seven grey geese hum along'
done
guard_snippets
nginx_server="
	include $dir/conf/gate_guard_server;
	root $site;
	types { text/html html; image/svg+xml svg; }
	location /open/ { }
	location /private/ { include $dir/conf/gate_guard; }
	location /app/ {
		include $dir/conf/gate_guard;
		include $dir/conf/gate_guard_proxy;
		proxy_pass http://unix:$dir/run/backend.sock:;
	}"
start_backend "$dir/run/backend.sock" "unix:$dir/run/backend.sock"
for page in auth login logout account; do start_responder $page || bail "$page does not start"; done
start_nginx
browse 420 guard guarded site # seconds; it takes about a minute
done_testing
