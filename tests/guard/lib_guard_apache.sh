# lib_guard_apache.sh: the guarded site behind Apache; sourced behind lib_guard.sh.

# apache_site FILE: Apache's configuration of the site, guarded by that file of conf/, which stands in $dir. The
# site is open by `Satisfy Any`, which must not open the guard.
apache_site() {
	cat <<-END
		Listen 127.0.0.1:$port
		DocumentRoot $site
		DirectoryIndex index.html
		<Directory $site>
			Require all granted
			Satisfy Any
		</Directory>
		Alias /open $site/private/report
		ProxyPassMatch "^/login\$" "unix:$dir/run/login.sock|fcgi://gate-login/"
		ProxyPassMatch "^/logout\$" "unix:$dir/run/logout.sock|fcgi://gate-logout/"
		ProxyPassMatch "^/counter\$" "unix:$dir/run/counter.sock|fcgi://gate-counter/"
		ProxyPass "/app" "http://127.0.0.1:$backend/app"
		ProxyPass "/cors" "http://127.0.0.1:$backend/cors"
		Include $dir/$1
		<Location "/private">
			Use GateGuard user
		</Location>
		<Location "/polled">
			Use GateGuard user
			SetEnvIf Request_URI "^" GATE_TOUCH=no
		</Location>
		<Location "/staff">
			Use GateGuard group:staff
		</Location>
		<Location "/wrong">
			Use GateGuard everybody
		</Location>
		<Location "/app">
			Use GateGuard user
		</Location>
		<Location "/cors">
			Use GateGuard user
			SetEnvIf Request_URI "^" GATE_PREFLIGHT=pass
		</Location>
	END
}
