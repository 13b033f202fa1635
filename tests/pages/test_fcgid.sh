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
for name in index $pages; do
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
start_apache "$url/open" alias fcgid <<END
FcgidIPCDir $dir/run/fcgid
FcgidProcessTableFile $dir/run/fcgid.shm
FcgidInitialEnv GATE_CONFIG $dir/gate.conf
FcgidInitialEnv LD_LIBRARY_PATH $www/lib
Listen 127.0.0.1:$port
DocumentRoot $dir/site
$(sed "s:/usr/libexec/gate:$www:" "$src/conf/apache_fcgid.conf")
END
too_large='413|500' # Apache refuses it
try_pages
try_login
try_bodies
try_cookies
try_crowd
try_away

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
none_left() { [ -z "$(for name in index $pages; do processes $name; done)" ]; }
ok 'with Apache all of them end' wait_until 10 none_left
done_testing
