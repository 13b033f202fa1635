/* peer.js: the Node side: express, express-session and session-file-store, a page a name.
 *	node peer.js --listen PATH|PORT --secret-file FILE [--sessions FOLDER] [--ttl SECONDS]
 *	    [--cookie JSON] [--rolling] [--resave] [--save-uninitialized] [--proxy]
 *	    [--mongodb URL [--document] [--touch-after SECONDS]]
 * --mongodb: connect-mongo. Without it and --sessions: express-session's MemoryStore. */
'use strict';

const fs = require('node:fs');
const { parseArgs } = require('node:util');
const express = require('express');
const session = require('express-session');
const FileStore = require('session-file-store')(session);

const { values: options } = parseArgs({
	options: {
		listen: { type: 'string' },
		sessions: { type: 'string' },
		'secret-file': { type: 'string' },
		ttl: { type: 'string', default: '1209600' },
		cookie: { type: 'string', default: '{}' },
		rolling: { type: 'boolean', default: false },
		resave: { type: 'boolean', default: false },
		'save-uninitialized': { type: 'boolean', default: false },
		proxy: { type: 'boolean' },
		mongodb: { type: 'string' },
		document: { type: 'boolean', default: false },
		'touch-after': { type: 'string', default: '0' },
	},
});

function openStore() {
	if (options.mongodb !== undefined)
		return require('connect-mongo').MongoStore.create({
			mongoUrl: options.mongodb, ttl: Number(options.ttl),
			stringify: !options.document, touchAfter: Number(options['touch-after']) });
	if (options.sessions === undefined)
		return new session.MemoryStore();
	/* Never a second try: a record of ours is there, and whole, whenever Node looks. */
	return new FileStore({
		path: options.sessions, ttl: Number(options.ttl), retries: 0, reapInterval: -1 });
}

const store = openStore();
const app = express();

app.use(session({
	store,
	secret: fs.readFileSync(options['secret-file'], 'utf8').split('\n').filter((line) => line),
	cookie: JSON.parse(options.cookie),
	rolling: options.rolling,
	resave: options.resave,
	saveUninitialized: options['save-uninitialized'],
	proxy: options.proxy,
}));

/* What gate's handlers see too. */
function members(all) {
	const { cookie, __lastAccess, lastModified, gate, ...rest } = all;

	return rest;
}

function visit(req) {
	req.session.views = (req.session.views || 0) + 1;
	return `visit ${req.session.views}`;
}

function page(name, handler) {
	app.get(`/${name}`, (req, res, next) => {
		res.type('text');
		handler(req, res, next);
	});
}

page('count', (req, res) => res.send(visit(req)));
page('nothing', (req, res) => res.send('nothing'));
page('show', (req, res) => res.json(members(req.session)));
page('cookie', (req, res) => res.json(req.session.cookie));

page('set', (req, res) => {
	req.session[req.query.name] = JSON.parse(req.query.value);
	res.json(members(req.session));
});

page('unset', (req, res) => {
	delete req.session[req.query.name];
	res.json(members(req.session));
});

page('inside', (req, res) => {
	const object = req.session[req.query.name];

	if (object !== null && typeof object === 'object')
		object[req.query.member] = JSON.parse(req.query.value);
	res.json(members(req.session));
});

page('put', (req, res) => {
	Object.assign(req.session, JSON.parse(req.query.members));
	res.json(members(req.session));
});

page('clear', (req, res) => {
	Object.keys(members(req.session)).forEach((name) => delete req.session[name]);
	res.json(members(req.session));
});

/* Changes the session and takes it back. */
page('undo', (req, res) => {
	const { views } = req.session;

	visit(req);
	req.session.views = views;
	if (views === undefined)
		delete req.session.views;
	res.json(members(req.session));
});

page('save', (req, res, next) => {
	req.session.save((error) => error ? next(error) : res.send('commit 0'));
});

page('commit', (req, res, next) => {
	const text = visit(req);

	req.session.save((error) => error ? next(error) : res.send(text));
});

/* What programs put into sessions, and what nobody should. */
page('odd', (req, res) => {
	Object.assign(req.session, {
		tenth: 0.1, third: 1 / 3, huge: 1e21, tiny: 5e-324, most: Number.MAX_VALUE,
		minus: -0, safe: 2 ** 53, beyond: 2 ** 53 + 2, wide: 2 ** 63, wider: 12345678901234567890,
		nan: NaN, nothing: null, yes: true, dropped: undefined,
		date: new Date(0), bytes: Buffer.from('\0\xff', 'latin1'), map: new Map([[1, 2]]),
		deep: { cookie: { cookie: [{ gate: 1, id: 2, __lastAccess: 3 }] } },
		empty: { '': { '': [[], {}] } },
		'': 'a name without a letter', 7: 'seven', 10: 'ten', '-1': 'minus one', '01': 1,
		'张三': '李四 😀', 'na\u00efve "name"\n': 'quo"te \\ / \u2028 \u007f \t',
		lone: 'a\ud800b', 'lone \udc00': 1, nul: 'a\0b', 'nul\0name': 2,
		__lastAccess: 1, lastModified: 'yesterday', 'gate.user': 'nobody', Cookie: 'not it',
	});
	if (options.mongodb !== undefined)
		delete req.session.lastModified; // connect-mongo's touch would fail on it
	if (options.document)
		['map', 'nul\0name'].forEach((name) => delete req.session[name]); // no BSON
	res.send('odd');
});

page('login', (req, res) => {
	req.session.username = req.query.name;
	res.send(`welcome ${req.query.name}`);
});

page('maxage', (req, res) => {
	const ms = Number(req.query.ms);

	req.session.cookie.maxAge = ms === 0 ? null : ms;
	if (req.query.mark !== undefined)
		req.session.mark = req.query.mark; // connect-mongo saves no cookie that changed alone
	res.send(`maxage ${ms}`);
});

page('destroy', (req, res, next) => {
	req.session.destroy((error) => error ? next(error) : res.send('destroy 0'));
});

page('regenerate', (req, res, next) => {
	req.session.regenerate((error) => error ? next(error) : res.send(visit(req)));
});

/* gate_session_renew as Node programs write it. */
page('renew', (req, res, next) => {
	const all = members(req.session);

	req.session.regenerate((error) => {
		Object.assign(req.session, all);
		return error ? next(error) : res.send('renew 0');
	});
});

/* ?ready=FILE&go=FILE: loads, makes `ready`, and counts and saves when there is `go`. */
page('slow', (req, res) => {
	const look = () => fs.existsSync(req.query.go) ? res.send(visit(req)) : setTimeout(look, 1);

	fs.writeFileSync(req.query.ready, '');
	look();
});

page('length', (req, res, next) => {
	store.length((error, length) => error ? next(error) : res.send(`length ${length}`));
});

/* express-session may come here when the answer has left. */
app.use((error, req, res, next) => {
	console.error(`failed: ${req.path}: ${error.message}`);
	if (!res.headersSent)
		res.status(500).send('failed');
});

const server = app.listen(options.listen, (error) => {
	if (error)
		throw error;
	console.log('ready');
});

process.on('SIGTERM', () => {
	server.close();
	server.closeIdleConnections();
	if (options.mongodb !== undefined)
		store.close();
});
