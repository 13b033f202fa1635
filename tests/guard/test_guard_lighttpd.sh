#!/bin/bash
# test_guard_lighttpd.sh: a site guarded by lighttpd's FastCGI authorizer, with the very files of conf/.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
lighttpd=$(PATH=$PATH:/usr/sbin command -v lighttpd) || skip_all 'lighttpd is not installed'
command -v curl >/dev/null || skip_all 'curl is not installed'
[ -e /usr/lib/lighttpd/mod_magnet.so ] ||
	skip_all 'mod_magnet is not installed: apt-get install lighttpd-modules-lua'

open_site
mkdir "$site/cgi"
printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"; env | sort\n' >"$site/cgi/environment"
chmod -R a+rX,u+x "$site/cgi"
start_responder auth && start_responder login && start_responder logout || bail 'the programs do not start'
backend=$(free_port)
start_backend "127.0.0.1:$backend" "127.0.0.1:$backend"
for name in lighttpd lighttpd_guard lighttpd_guarded; do
	sed "$hurry; s:/run/gate/:$dir/run/:" "$src/conf/$name.conf" >"$dir/$name.conf"
done
guarded() { # PATH REQUIREMENT [MORE]
	printf '$HTTP["url"] =~ "^/%s/" {\nvar.gate_require = "%s"\ninclude "%s"\n%s\n}\n' \
		"$1" "$2" "$dir/lighttpd_guarded.conf" "${3:-}"
}
proxy="proxy.server = (\"\" => ((\"host\" => \"127.0.0.1\", \"port\" => $backend)))"
magnet="magnet.attract-raw-url-to = (\"$src/conf/lighttpd_guard.lua\")"
# A site like many: it names its modules first, mod_proxy among them, and includes gate's files then.
lighttpd_conf() {
	cat <<-END
		server.port = $port
		server.bind = "127.0.0.1"
		server.document-root = "$site"
		server.errorlog = "$dir/log/lighttpd-errors"
		index-file.names = ("index.html")
		server.modules = ("mod_proxy", "mod_cgi", "mod_alias", "mod_magnet", "mod_setenv")
		include "$dir/lighttpd_guard.conf"
		include "$dir/lighttpd.conf"
		fastcgi.server = (".page" => (("socket" => "$dir/run/login.sock", "check-local" => "disable")))
		alias.url = ("/alias/" => "$site/private/")
		$(guarded private user)
		$(guarded alias user)
		$(guarded polled user 'setenv.set-environment += ("GATE_TOUCH" => "no")')
		$(guarded staff group:staff)
		$(guarded wrong everybody)
		$(guarded cgi user 'cgi.assign = ("" => "")')
		$(guarded app user "$proxy$nl$magnet")
		$(guarded plain user "$proxy")
		$(guarded docroot user "$proxy" | sed "s|lighttpd_guarded.conf|docroot.conf|")
		$(guarded cors user "$proxy$nl$magnet$nl"'setenv.set-environment += ("GATE_PREFLIGHT" => "pass")')
	END
}
sed "s|\"mode\" => |\"docroot\" => \"$site\", &|" "$dir/lighttpd_guarded.conf" >"$dir/docroot.conf"
nl='
'
port=$(free_port)
url=http://127.0.0.1:$port
lighttpd_conf >"$dir/site.conf"
start lighttpd "$lighttpd" -D -f "$dir/site.conf"
wait_until 10 accepts "127.0.0.1:$port" || bail 'lighttpd does not start'

cannot[renewal]='lighttpd loses the Set-Cookie of an authorizer that answers 200'
kept=('private, no-cache' 'private, no-cache' $'max-age=60\nprivate, no-cache') # it is added to each answer
try_site

# ---- what is lighttpd's own
log_in alice "$password"
get /alias/report
is "$status $body" '200 report' 'an alias can be guarded'
jar=$dir/jar.stranger get /alias/report
is "$status" 401 '  a stranger gets nothing of it'
get /cgi/environment -H 'Remote-User: root' -H 'Remote_User: root' -H 'Remote.User: root' -H 'Gate-User: root'
like "$body" $'\nGATE_USER=alice\n' 'a program gets the user in its environment'
like "$body" $'\nGATE_GROUPS=staff\n' '  and the groups'
like "$body" $'\nREMOTE_USER=alice\n' '  and REMOTE_USER'
unlike "$body" 'HTTP_REMOTE_USER' '  and nothing that looks like it from the visitor'
for sign in '-' _ . '!' '#' '$' % '&' "'" '*' + ^ '`' '|' '~'; do
	get /cgi/environment -H "Remote${sign}User: root" -H "remote${sign}groups: root" -H "Remote${sign}Name: root" \
		-H "Remote${sign}Email: root"
	unlike "$body" 'HTTP_REMOTE|=root' "  neither with the sign $sign"
done
echo source >"$site/private/x.page" && chmod a+r "$site/private/x.page"
get /private/x.page
like "$status $body" '^200 .*<h1>' 'a FastCGI program of the site runs in a guarded place'
jar=$dir/jar.stranger get /private/x.page
is "$status" 401 '  which a stranger does not get'
get /plain/who -H 'Remote-User: root' -H 'Remote_User: root' -H 'Remote.Groups: root'
like "$status" 200 'without mod_magnet a back end is guarded, too'
unlike "$body" 'Remote|root' '  and gets no user, from nobody'
get /app/who -H 'Remote!User: root' -H 'REMOTE~NAME: root'
unlike "$body" root 'with mod_magnet no spelling at all reaches the back end'
get /docroot/who
is "$status" 404 'trap: a docroot makes lighttpd pass over proxy.server'
try_late_cookie

# ---- the order of the modules decides who answers
stop lighttpd
sed '/lighttpd_guard.conf/d' "$dir/site.conf" >"$dir/late.conf"
start lighttpd "$lighttpd" -D -f "$dir/late.conf"
wait_until 10 accepts "127.0.0.1:$port" || bail 'lighttpd does not start again'
jar=$dir/jar.stranger get /plain/who
is "$status" 200 'without lighttpd_guard.conf mod_proxy answers first, and nobody asks the guard'
try_stopped 504
done_testing
