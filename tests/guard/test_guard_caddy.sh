#!/bin/bash
# test_guard_caddy.sh: a site guarded by caddy's reverse_proxy, with the very snippet of conf/.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
. "$src/tests/guard/lib_guard.sh"
caddy=$(command -v caddy) || skip_all 'caddy is not installed'
command -v curl >/dev/null || skip_all 'curl is not installed'

open_site trusted_proxies=127.0.0.1
start_responder auth && start_responder login && start_responder logout || bail 'the programs do not start'
backend=$(free_port)
start_backend "127.0.0.1:$backend" "127.0.0.1:$backend"
port=$(free_port)
url=http://127.0.0.1:$port
sed "$hurry; s:unix//run/gate/:unix/$dir/run/:" "$src/conf/Caddyfile.guard" >"$dir/Caddyfile.guard"
page() { # NAME
	printf 'handle /%s {\nreverse_proxy unix/%s {\ntransport fastcgi\nheader_down -Status\n}\n}\n' \
		"$1" "$dir/run/$1.sock"
}
guarded() { # NAME REQUIREMENT DIRECTIVE [DIRECTIVE BEFORE]
	printf 'handle /%s* {\nroute {\n%s\nimport gate_guard %s\n%s\n}\n}\n' "$1" "${4:-}" "$2" "$3"
}
forward_auth() {
	cat <<-END
		forward_auth unix/$dir/run/auth.sock {
			uri /auth
			transport fastcgi {
				env GATE_GUARD forward
				env GATE_REQUIRE user
			}
			copy_headers Remote-User Remote-Groups Remote-Name Remote-Email X-Other
		}
	END
}
cat >"$dir/Caddyfile" <<-END
	{
		admin off
		auto_https off
	}
	import $dir/Caddyfile.guard
	http://:$port {
		bind 127.0.0.1
		root * $site
		@longer path *.longer-than-private
		route {
		$(page login)
		handle /forward/* {
			route {
				$(forward_auth)
				reverse_proxy 127.0.0.1:$backend
			}
		}
		handle /late/* {
			request_header -Remote-*
			$(forward_auth)
			reverse_proxy 127.0.0.1:$backend
		}
		$(page logout)
		$(guarded private user file_server)
		$(guarded polled user file_server 'vars gate_touch no')
		$(guarded staff group:staff file_server)
		$(guarded wrong everybody file_server)
		$(guarded app user "reverse_proxy 127.0.0.1:$backend")
		handle_path /under/* {
			route {
				import gate_guard user
				root * $site/private
				file_server
			}
		}
		$(guarded cors user "reverse_proxy 127.0.0.1:$backend" 'vars gate_preflight pass')
		handle @longer {
			file_server
		}
		handle {
			try_files {path} {path}/index.html
			file_server
		}
		}
	}
	END
HOME=$dir XDG_DATA_HOME=$dir start caddy "$caddy" run --config "$dir/Caddyfile" --adapter caddyfile
wait_until 20 accepts "127.0.0.1:$port" || bail 'caddy does not start'

away=502 # caddy's own answer when nobody listens
try_site

# ---- what is caddy's own
for name in index.html x.longer-than-private; do echo report >"$site/private/$name"; done
chmod a+r "$site"/private/*
for path in /private /private/x.longer-than-private; do
	jar=$dir/jar.stranger get "$path"
	is "$status" 401 "no other handle answers $path"
done
log_in alice "$password"
get /app/who -H 'Remote.User: root' -H 'Remote_Groups: root' -H 'REMOTE-NAME: root' -H 'Remote-Extra: root'
unlike "$body" root 'no header whose name begins with Remote reaches the back end from a visitor'
like "$body" $'Remote-Name: \r?\n' '  one that the guard knows nothing for is empty'
jar=$dir/jar.stranger get /private/report "${navigate[@]}" -H 'X-Forwarded-Uri: /evil' \
	-H 'X-Original-Url: /evil'
is "$(header Location)" '/login?next=%2Fprivate%2Freport' \
	"a visitor's X-Forwarded-Uri does not change the way back"
jar=$dir/jar.stranger get /private/report "${navigate[@]}" -H 'X_Forwarded_Uri: /evil' -H 'X_Original_Url: /evil'
is "$(header Location)" '/login?next=%2Fprivate%2Freport' '  nor does X_Forwarded_Uri'
for i in {1..10}; do # by chance the one or the other, without header_up -*_*
	jar=$dir/jar.stranger fetch GET /cors/x "${preflight[@]}" -H 'X_Forwarded_Method: OPTIONS'
	[ "$status" = 401 ] || break
done
is "$status" 401 'X_Forwarded_Method makes no preflight of a GET'
echo 'staff: bob' >"$dir/groups"
get /staff/payroll?x -H 'X_Forwarded_For: 192.0.2.66' -H 'X-Forwarded-For: 192.0.2.67'
like "$status $(<"$dir/log/auth")" '^403 .*url="?/staff/payroll\?x"? method=GET address=127\.0\.0\.1 ' \
	'X_Forwarded_For does not change the address in the log'
jar=$dir/jar.stranger get '/under/report?a=1' "${navigate[@]}"
is "$(header Location)" '/login?next=%2Funder%2Freport%3Fa%3D1' 'behind handle_path the way back is whole'
get /under/report
is "$status $body" '200 report' '  and the user gets the page'
is "$(header Status)" '' 'no header Status reaches the visitor'
jar=$dir/jar.stranger get /PRIVATE/report
is "$status" 401 'upper case does not lead around the guard'
try_stopped 504

# ---- the traps of forward_auth
new_visitor
log_in bob "$password"
get /forward/who -H 'Remote-User: root'
like "$status $body" $'^200 .*\nRemote-User: bob\r?\n' 'forward_auth guards, too'
like "$body" 'X-Other: \{http\.reverse_proxy\.header\.X-Other\}' \
	'trap: a header that the guard does not send is copied as a literal'
get /forward/who -H 'Remote_User: root'
# Debian 13's caddy drops names with underscores itself
[[ $body =~ $'\nRemote_User: root' ]] && diag 'trap: Remote_User passes copy_headers'
get /late/who
unlike "$body" $'\nRemote-User: bob' 'trap: outside of a route request_header takes away what the guard said'
promote_secret
get /forward/who
is "$status $(set_cookies)" '200 0' 'trap: forward_auth loses the cookie that is due'
get /private/report
is "$status $(set_cookies)" '200 1' '  which the snippet hands on'
done_testing
