# backend.py SOCKET: the back end of a guarded site, for tests: answers with method, path, headers and
# the length of the body; 401 for a path that ends in /asks. SOCKET is a path, or HOST:PORT.
import http.server
import socketserver
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        # some proxies write every name in lower case
        headers = ''.join(f'{name.title()}: {value}\n' for name, value in self.headers.items())
        text = f'{self.command} {self.path}\n{headers}body {len(body)}\n'.encode()
        self.send_response(401 if self.path.endswith('/asks') else 200)
        self.send_header('Content-Length', str(len(text)))
        if 'cached' in self.path:
            self.send_header('Cache-Control', 'max-age=60')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_HEAD = do_OPTIONS = answer

    def log_message(self, *args):
        pass


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        return super().get_request()[0], ('unix', 0)


where = sys.argv[1]
if where.startswith('/'):
    UnixServer(where, Handler).serve_forever()
host, port = where.rsplit(':', 1)
http.server.ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
