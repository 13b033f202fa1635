# lib_forward.sh: the server of conf/gate_guard_forward, by which other proxies ask the guard, and what stands
# behind such a proxy; sourced behind lib_guard.sh. The tests' words are those of the file, and cors.

# Starts guard, pages, back end, and an nginx with $forward (HOST:PORT, to ask the guard), $origin (gate's pages) and
# $app (the site's files and its back end, which gets every header that a proxy lets through).
start_forward() {
	forward=127.0.0.1:$(free_port)
	app=127.0.0.1:$(free_port)
	# two words more, beside the file's own
	sed -e "s#unix:/run/gate/#unix:$dir/run/#; s#127\.0\.0\.1:9080#$forward#; s#/api(#/cors(#; s#/poll(#/polled(#; s#read_timeout 10s#read_timeout 2s#" \
		-e 's#^.*"~^/user.*$#&\n"~^/cors(/|$)" user;\n"~^/polled(/|$)" user;#' "$src/conf/gate_guard_forward" >"$dir/gate_guard_forward"
	nginx_http="
		include $dir/gate_guard_forward;
		server {
			listen $app;
			underscores_in_headers on;
			ignore_invalid_headers off;
			root $site;
			location /app/ { proxy_pass http://unix:$dir/run/backend.sock:; }
			location /cors/ { proxy_pass http://unix:$dir/run/backend.sock:; }
		}"
	start_backend "$dir/run/backend.sock" "unix:$dir/run/backend.sock"
	start_responder auth && start_responder login && start_responder logout || bail 'the programs do not start'
	start_nginx
	origin=127.0.0.1:$port
	wait_until 10 accepts "$forward" || bail 'the server of gate_guard_forward does not start'
}
# The very files, with the test's own addresses.
with_addresses() { sed "s#127\.0\.0\.1:9080#$forward#; s#127\.0\.0\.1:8080#$origin#; s#127\.0\.0\.1:3000#$app#"; }
