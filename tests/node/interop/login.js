/* login.js: a Node program whose users log in at itself, kept where gate looks for them too.
 *	node login.js --sessions FOLDER --secret-file FILE [--passport]
 * The name stands at req.session.username; with --passport at passport.user, where the real passport
 * writes and reads it. Listens on a port that the kernel gives, and says which. */
'use strict';

const fs = require('node:fs');
const { parseArgs } = require('node:util');
const express = require('express');
const session = require('express-session');
const passport = require('passport');
const FileStore = require('session-file-store')(session);

const { values: options } = parseArgs({
	options: {
		sessions: { type: 'string' },
		'secret-file': { type: 'string' },
		passport: { type: 'boolean', default: false },
	},
});

const app = express();

app.use(session({
	store: new FileStore({ path: options.sessions, retries: 0, reapInterval: -1, ttl: 1209600 }),
	secret: fs.readFileSync(options['secret-file'], 'utf8').split('\n').filter((line) => line),
	resave: false,
	saveUninitialized: false,
}));

const plain = {
	login(req, name, done) {
		req.session.regenerate((error) => {
			req.session.username = name;
			done(error);
		});
	},
	logout: (req, done) => req.session.destroy(done),
	user: (req) => req.session.username,
};

const passports = {
	login: (req, name, done) => req.login({ name }, done),
	logout: (req, done) => req.logout(done),
	user: (req) => req.user?.name,
};

const users = options.passport ? passports : plain;

if (options.passport) {
	passport.serializeUser((user, done) => done(null, user.name));
	passport.deserializeUser((name, done) => done(null, { name }));
	app.use(passport.initialize());
	app.use(passport.session());
}

function page(name, handler) {
	app.get(`/${name}`, (req, res, next) => {
		res.type('text');
		handler(req, res, (error) => error ? next(error) : res.send(name));
	});
}

/* As most programs ask: whatever is not falsy is somebody. */
page('who', (req, res) => res.send(users.user(req) ? JSON.stringify(users.user(req)) : 'nobody'));

page('login', (req, res, done) => users.login(req, JSON.parse(req.query.name), done));
page('logout', (req, res, done) => users.logout(req, done));

page('set', (req, res, done) => {
	req.session[req.query.name] = JSON.parse(req.query.value);
	done();
});

app.use((error, req, res, next) => {
	console.error(`failed: ${req.path}: ${error.message}`);
	if (!res.headersSent)
		res.status(500).send('failed');
});

const server = app.listen(0, '127.0.0.1', (error) => {
	if (error)
		throw error;
	console.log(`port ${server.address().port}`);
});

process.on('SIGTERM', () => {
	server.close();
	server.closeIdleConnections();
});
