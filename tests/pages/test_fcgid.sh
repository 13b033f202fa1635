#!/bin/bash
# test_fcgid.sh: gate's pages behind Apache's mod_fcgid, which starts them as its own user, by
# conf/apache_fcgid.conf as it stands.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/pages/lib_server.sh"
. "$src/tests/serve/lib_apache.sh"
[ -n "$apache" ] || skip_all 'Apache is not installed'
[ -e /usr/lib/apache2/modules/mod_fcgid.so ] || skip_all 'mod_fcgid is not installed'

# Copies of the programs and of all that they read, as Apache's user may have no way to the build folder.
www=$dir/www
mkdir -m 755 "$www" "$www/lib" "$dir/site"
echo open >"$dir/site/open"
for name in index auth $pages; do
	path=$(program $name)
	[ ! -e "${path%/*}/.libs/$name" ] || path=${path%/*}/.libs/$name # that is a script of libtool's
	cp "$path" "$www/$name" || bail "$name was not built"
done
cp -P "$build"/.libs/libgate.so* "$www/lib/" 2>/dev/null # none in a static build
cp -R "$src/templates" "$www/"
chmod -R a+rX "$www"
open_pages templates="$www/templates"
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$dir"/{secret,users,sessions,run}

port=$(free_port)
url=http://127.0.0.1:$port
start_apache "$url/open" alias fcgid setenvif authn_core auth_basic authz_user <<END
FcgidIPCDir $dir/run/fcgid
FcgidProcessTableFile $dir/run/fcgid.shm
FcgidInitialEnv GATE_CONFIG $dir/gate.conf
FcgidInitialEnv LD_LIBRARY_PATH $www/lib
Listen 127.0.0.1:$port
DocumentRoot $dir/site
$(sed "s:/usr/libexec/gate:$www:" "$src/conf/apache_fcgid.conf")
Alias "/checked" "$dir/site/open"
Alias "/basic" "$dir/site/open"
SetEnvIf Request_URI "^/(checked|basic)" GATE_GUARD=apache GATE_REQUIRE=user
<Location "/checked">
	FcgidAccessChecker $www/auth
	Require all granted
</Location>
<Location "/basic">
	AuthType Basic
	AuthName basic
	FcgidAuthenticator $www/auth
	Require valid-user
</Location>
END
too_large='413|500' # Apache refuses it
try_pages
try_login
try_bodies
try_cookies
try_crowd
try_away

# ---- the traps of a guard by mod_fcgid
new_visitor
get /checked -H 'Sec-Fetch-Mode: navigate'
is "$status" 401 'trap: FcgidAccessChecker makes a 401 of the way to the login'
get /basic -H 'Sec-Fetch-Mode: navigate'
like "$status $(header WWW-Authenticate)" '^401 Basic' 'trap: FcgidAuthenticator lets Apache ask for a password of its own'
log_in alice "$password"
get /checked
is "$status $body" '200 open' 'the user passes FcgidAccessChecker'
like "$headers" 'Variable-GATE_USER: alice' 'trap: which shows Variable-* to the visitor'
get /basic
is "$status" 401 'trap: and who is logged in does not pass FcgidAuthenticator'

# ---- processes
processes() { # of a program
	local exe
	for exe in /proc/[0-9]*/exe; do
		[ "$(readlink "$exe" 2>/dev/null)" != "$www/$1" ] || basename "${exe%/exe}"
	done
}
new_visitor
get /counter
first=$(processes counter)
ok 'mod_fcgid starts processes' test -n "$first"
# shellcheck disable=SC2086 # one a word
kill -KILL $first
ok 'when all of a page are killed, it is soon back' wait_until 10 counts
is "$(heading)" 'Welcome stranger, visit 2' '  with its sessions'
stop apache
none_left() { [ -z "$(for name in index auth $pages; do processes $name; done)" ]; }
ok 'with Apache all of them end' wait_until 10 none_left
done_testing
