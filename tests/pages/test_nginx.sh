#!/bin/bash
# test_nginx.sh: gate's pages behind nginx, by conf/nginx.conf as it stands, and the traps of nginx that it
# avoids.
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

# ---- the traps. What nginx tells a program, a bare one writes to $dir/told.
cat >"$dir/told.py" <<'END'
import socket, sys

def pairs(data):
    while data:
        sizes = []
        for _ in range(2):
            size = 4 if data[0] & 128 else 1
            sizes.append(int.from_bytes(data[:size], 'big') & 0x7fffffff)
            data = data[size:]
        yield data[:sizes[0]] + b'=' + data[sizes[0]:sum(sizes)] + b'\n'
        data = data[sum(sizes):]

server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
while True:
    client, _ = server.accept()
    stream, params = client.makefile('rb'), b''
    while len(header := stream.read(8)) == 8:
        content = stream.read(int.from_bytes(header[4:6], 'big') + header[6])
        content = content[:len(content) - header[6]]
        if header[1] == 4 and not content:
            break
        params += content if header[1] == 4 else b''
    with open(sys.argv[2], 'wb') as out:
        out.writelines(pairs(params))
    stream.close()
    client.close()
END
start told python3 "$dir/told.py" "$dir/run/told.sock" "$dir/told"
wait_until 10 test -S "$dir/run/told.sock" || bail 'there is no Python'
told() { # PATH [CURL'S ARGUMENTS...]: what the program at that path is told, without its own parameters
	rm -f "$dir/told"
	get "$@"
	cat "$dir/told"
}
place() { # PATH SOCKET MORE
	echo "location = $1 { include gate_params; $3 fastcgi_pass unix:run/$2.sock; }"
}
serve <<-END
	daemon off; pid run/nginx.pid; events { }
	http {
		access_log off; client_body_temp_path run/body; fastcgi_temp_path run/fastcgi;
		proxy_temp_path run/proxy; scgi_temp_path run/scgi; uwsgi_temp_path run/uwsgi;
		server {
			listen 127.0.0.1:8080;
			$(place /health health '')
			$(place /right told '')
			location = /told { fastcgi_param REMOTE_USER \$remote_user; fastcgi_pass unix:run/told.sock; }
			$(place /twice told 'fastcgi_param REMOTE_ADDR ::1;')
			$(place /login login 'fastcgi_param HTTP_HOST $host;')
			$(place /right/login login '')
			$(place /r/long-header responder 'fastcgi_buffer_size 4k;')
			location /decoded/ { return 302 /login?next=\$uri; }
			location /raw/ { return 302 /login?next=\$request_uri; }
		}
	}
END
evil=(-u eve:secret -H 'Proxy: http://evil.example')
like "$(told /told "${evil[@]}")" 'HTTP_PROXY=http://evil' 'trap: a visitor sets HTTP_PROXY'
like "$(told /told "${evil[@]}")" 'REMOTE_USER=eve' 'trap: REMOTE_USER is a name that nobody has checked'
unlike "$(told /right "${evil[@]}")" 'HTTP_PROXY=h|REMOTE_USER' '  with gate_params both are not there'
is "$(told /twice | grep -c ^REMOTE_ADDR=)" 2 'trap: a parameter that stands twice is sent twice'
is "$(grep -m 1 ^REMOTE_ADDR= "$dir/told")" REMOTE_ADDR=127.0.0.1 '  and the first one is that of the list'
elsewhere=(-H 'Host: localhost:99' -H 'Origin: http://localhost:99') # as behind a port that is handed on
fetch POST /login -d username=alice -d "password=$password" "${elsewhere[@]}"
is "$status" 403 'trap: without the port of Host a form is one of another site'
fetch POST /right/login -d username=alice -d "password=$password" "${elsewhere[@]}"
is "$status" 303 '  and with it not'
get '/r/long-header?bytes=5000'
is "$status" 502 'trap: header lines that do not fit into fastcgi_buffer_size are a 502'
get '/decoded/%0d%0aX-Evil:%20yes'
is "$(header X-Evil)" yes 'trap: a decoded path in a redirect puts a header into the answer'
get '/raw/%0d%0aX-Evil:%20yes'
is "$(header X-Evil)" '' '  and $request_uri does not'
stop nginx
done_testing
