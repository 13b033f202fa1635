# demo_servers.sh: what the demo's web servers get: the files of conf/, but for the paths, and what includes them;
# scripts/demo sources it. Each has the pages, error pages in their look, /private/, a guarded folder, and
# /app/, a guarded back end, which gets what the browser sent as Remote-User as X-Remote-User.

modules=/usr/lib/apache2/modules

need_for_server() {
	case $server in
	apache) need apache2-bin command -v apache2 ;;
	lighttpd)
		need lighttpd command -v lighttpd
		need lighttpd-modules-lua test -e /usr/lib/lighttpd/mod_magnet.so
		;;
	caddy) need caddy command -v caddy ;;
	esac
}

# copies FILE...: of conf/, with the demo's paths.
copies() {
	for file; do
		sed -e "s:/run/gate/:$demo/run/:; s:/usr/share/gate/errors:$demo/errors:; s:/etc/lighttpd/:$demo/:" \
			-e "s/127\.0\.0\.1:8080/127.0.0.1:$port/; s/127\.0\.0\.1:900/127.0.0.1:$guard_port/" \
			-e 's/^#magnet\./magnet./' "$root/conf/$file" >"$demo/$file"
	done
}

write_site() {
	mkdir -p "$demo/site/private"
	cat >"$demo/site/private/index.html" <<'END'
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>A guarded folder</title>
</head>
<body>
<h1>A guarded folder</h1>
<p>This is a plain file. The web server asks gate’s guard before it shows it, and you are logged in.</p>
<p><a href="/">Back to the start page</a></p>
</body>
</html>
END
	chmod 755 "$demo/site" "$demo/site/private" # the server may be another user
	chmod 644 "$demo/site/private/index.html"
}

write_server_conf() {
	printf '%s\n' "$port" >"$demo/port"
	write_site
	"write_$server"
}

write_nginx() {
	copies gate_params gate_errors gate_errors_page gate_guard gate_guard_answer gate_guard_http \
		gate_guard_params gate_guard_proxy gate_guard_server nginx.conf
	sed -i "s/^\tlimit_req_status.*/&\n\tinclude gate_guard_http;/; s/^\t\tinclude gate_errors;/&\n\t\tinclude demo_server;/" \
		"$demo/nginx.conf"
	cat >"$demo/demo_server" <<END
include gate_guard_server;
location /private/ {
	include gate_guard;
	root $demo/site;
	default_type text/html;
}
location /app/ {
	include gate_guard;
	include gate_guard_proxy;
	proxy_set_header X-Remote-User \$http_remote_user;
	proxy_pass http://unix:$demo/app.sock:;
}
END
}

write_apache() {
	copies apache.conf apache_guard.conf apache_errors.conf
	{
		for module in mpm_event authz_core authn_core alias authnz_fcgi dir headers macro mime proxy \
			proxy_fcgi proxy_http setenvif; do
			echo "LoadModule ${module}_module $modules/mod_$module.so"
		done
		! is_others || printf '%s\n' 'User www-data' 'Group www-data'
		cat <<END
ServerRoot $demo
ServerName localhost
Listen 127.0.0.1:$port
PidFile run/apache.pid
DefaultRuntimeDir run
ErrorLog logs/apache.log
DocumentRoot $demo/site
DirectoryIndex index.html
TypesConfig /dev/null
AddType text/html .html
Include $demo/apache_errors.conf
Include $demo/apache.conf
Include $demo/apache_guard.conf
ProxyPass "/app/" "unix:$demo/app.sock|http://localhost/app/"
<Location "/private/">
	Use GateGuard user
</Location>
<Location "/app/">
	RequestHeader set X-Remote-User "expr=%{req_novary:Remote-User}"
	Use GateGuard user
</Location>
END
	} >"$demo/server.conf"
}

write_lighttpd() {
	copies lighttpd.conf lighttpd_guard.conf lighttpd_guard.lua lighttpd_guarded.conf \
		lighttpd_errors.conf lighttpd_errors.lua
	# it runs before the guard was asked, and after it
	cat >"$demo/demo_app.lua" <<'END'
if not lighty.r.req_env["GATE_USER"] then
	lighty.r.req_header["X-Remote-User"] = lighty.r.req_header["Remote-User"] or ""
end
return 0
END
	cat >"$demo/server.conf" <<END
server.port = $port
server.bind = "127.0.0.1"
server.document-root = "$demo/site"
server.modules = ("mod_proxy")
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html")
include "lighttpd_guard.conf"
include "lighttpd.conf"
include "lighttpd_errors.conf"
# in front of mod_setenv, which takes away what the browser sent; it answers nothing by itself
server.modules := ("mod_magnet") + server.modules
\$HTTP["url"] =~ "^/private/" {
	var.gate_require = "user"
	include "lighttpd_guarded.conf"
}
\$HTTP["url"] =~ "^/app/" {
	var.gate_require = "user"
	include "lighttpd_guarded.conf"
	magnet.attract-raw-url-to = ("$demo/demo_app.lua", "$demo/lighttpd_guard.lua")
	proxy.server = ("" => (("socket" => "$demo/app.sock")))
}
END
}

write_caddy() {
	copies caddy.conf Caddyfile.guard Caddyfile.errors
	cat >"$demo/server.conf" <<END
{
	admin off
}
import caddy.conf
import Caddyfile.guard
import Caddyfile.errors
http://:$port {
	bind 127.0.0.1
	import gate_pages
	import gate_errors
	root * $demo/site
	handle /private/* {
		route {
			import gate_guard user
			file_server
		}
	}
	handle /app/* {
		route {
			request_header X-Remote-User {http.request.header.Remote-User}
			import gate_guard user
			reverse_proxy unix/$demo/app.sock
		}
	}
	file_server
}
END
}

start_server() {
	case $server in
	nginx)
		set -- nginx -e logs/nginx.log -p "$demo/" -c nginx.conf
		# root's nginx would give its workers to another user, who can't open our sockets
		[ "$(id -u)" -ne 0 ] || set -- "$@" -g 'user root;'
		;;
	apache) set -- apache2 -f "$demo/server.conf" -DFOREGROUND ;;
	lighttpd) set -- lighttpd -D -f "$demo/server.conf" ;;
	caddy)
		set -- env HOME="$demo" XDG_CONFIG_HOME="$demo/caddy" XDG_DATA_HOME="$demo/caddy" \
			caddy run --config "$demo/server.conf" --adapter caddyfile
		;;
	esac
	start "$server" "$demo" "$@"
}
