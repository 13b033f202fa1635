// peer.js: the counter page on express-session, for the benchmark's comparison.
// node peer.js SOCKET memory|FOLDER|mongodb://HOST/DATABASE SECRET-FILE BYTES
const fs = require('fs');
const express = require('express');
const session = require('express-session');

const [socket, where, secretFile, bytes] = process.argv.slice(2);
const app = express();
const options = {
	secret: fs.readFileSync(secretFile, 'utf8').trim(),
	resave: false,
	saveUninitialized: false,
};

if (where.startsWith('mongodb:')) {
	const { MongoStore } = require('connect-mongo');
	options.store = MongoStore.create({ mongoUrl: where, touchAfter: 60 });
} else if (where !== 'memory') {
	const FileStore = require('session-file-store')(session);
	options.store = new FileStore({ path: where, logFn() {}, ttl: 1209600, reapInterval: -1 });
}
const page = 'x'.repeat(Number(bytes));
app.disable('x-powered-by');
app.set('etag', false);
app.use(session(options));
app.get('/count', (req, res) => {
	req.session.views = (req.session.views || 0) + 1;
	res.send(`<h1>Welcome stranger, visit ${req.session.views}</h1>${page}`);
});
app.get('/read', (req, res) => {
	res.send(`<h1>Welcome stranger, visit ${req.session.views}</h1>${page}`);
});
app.listen(socket);
