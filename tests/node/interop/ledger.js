/* ledger.js: node ledger.js SERVER'S-PORT GATE'S-PORT NODE'S-PORT: stands between a MongoDB server
 * and its clients, lets one write to the sessions at a time pass, and looks at the record before and
 * after it. What gate writes must be conditional on what it had read, and must be done if and only
 * if that is what stands there. Prints `ready`, and at SIGTERM what it has seen and, a line each,
 * what was wrong. */
'use strict';

const net = require('node:net');
const { deserialize, serialize } = require('bson');
const { MongoClient } = require('mongodb');

const [serverPort, gatePort, nodePort] = process.argv.slice(2).map(Number);
const WRITES = ['insert', 'update', 'delete'];
const EXACT = { promoteValues: false, promoteBuffers: false, bsonRegExp: true };
const own = new MongoClient(`mongodb://127.0.0.1:${serverPort}/?directConnection=true`);
const seen = { gate: 0, node: 0, conflicts: 0, between: 0, wrong: [] };
const writers = new Map(); // who wrote a session last
let turn = Promise.resolve();

/* ---- messages */

/* Calls take with each whole message. */
function messages(socket, take) {
	let buffer = Buffer.alloc(0);

	socket.on('data', (bytes) => {
		buffer = Buffer.concat([buffer, bytes]);
		while (buffer.length >= 16 && buffer.length >= buffer.readInt32LE(0)) {
			take(buffer.subarray(0, buffer.readInt32LE(0)));
			buffer = buffer.subarray(buffer.readInt32LE(0));
		}
	});
}

/* The command of an OP_MSG, with the documents that stand apart; undefined: it is something else. */
function commandOf(message) {
	if (message.readInt32LE(12) !== 2013)
		return undefined;

	const end = message.length - (message.readUInt32LE(16) & 1 ? 4 : 0);
	let command, lists = {}, at = 20;

	while (at < end) {
		const kind = message[at++], size = message.readInt32LE(at);

		if (kind === 0) {
			command = deserialize(message.subarray(at, at + size), EXACT);
		} else {
			let document = message.indexOf(0, at + 4) + 1;
			const list = lists[message.toString('utf8', at + 4, document - 1)] = [];

			while (document < at + size) {
				const length = message.readInt32LE(document);

				list.push(deserialize(message.subarray(document, document + length), EXACT));
				document += length;
			}
		}
		at += size;
	}
	return { ...command, ...lists };
}

/* ---- what is written */

const bytes = (value) => serialize({ value }).toString('hex');
const wrong = (what, id) => seen.wrong.push(`${what}: ${String(id).slice(0, 8)}`);
const stored = (command, id) =>
	own.db(String(command.$db)).collection('sessions').findOne({ _id: id }, EXACT);

/* What a record must be for a Node program to survive it. */
function check(id, record) {
	try {
		const { session } = record;
		const payload = typeof session === 'string' ? JSON.parse(session) : session;

		if (typeof payload.cookie !== 'object' || payload.cookie === null)
			wrong('a record without a cookie', id);
	} catch (error) {
		wrong(`a record that can not be read, ${error.message}`, id);
	}
}

/* The one record that a command is about; the drivers here send no more at once. */
function aim({ insert, update, documents, updates, deletes }) {
	const { q = {}, u = {}, upsert = false } = insert !== undefined ? { q: documents[0] }
		: update !== undefined ? updates[0] : deletes[0];
	const names = [...Object.keys(u.$set || {}), ...Object.keys(u.$unset || {})];

	return { id: q._id, condition: insert === undefined ? q.session : undefined, upsert,
		far: q.expires?.$gt > new Date(Date.now() + 3600000) && String(names) === 'expires',
		touch: update !== undefined && !names.some((name) => name.startsWith('session')) };
}

/* A write of gate's: was it done if and only if that stood there which it had read? */
function judge(command, { id, condition, upsert, touch, far }, before, done) {
	if (condition === undefined) {
		if (upsert || (command.update !== undefined && !far)) // a sweep ends what lies far ahead
			wrong('gate wrote without a condition', id);
		return;
	}

	const stands = before !== null && bytes(before.session) === bytes(condition.$eq);

	if (done && !stands)
		wrong('gate wrote over what it had not read', id);
	if (!done && stands)
		wrong('what gate had read stood there, and it was refused', id);
	if (done || touch)
		return;
	seen.conflicts++;
	if (writers.get(id) === 'node')
		seen.between++;
}

async function enter(who, command, before, reply) {
	const target = aim(command), done = Number(reply.n) > 0;
	const after = await stored(command, target.id);

	seen[who]++;
	if (who === 'gate')
		judge(command, target, before, done);
	if (after !== null)
		check(target.id, after);
	if (done && !target.touch)
		writers.set(target.id, who);
}

/* ---- connections */

function isWrite(command) {
	const name = command && WRITES.find((one) => one in command);

	return name !== undefined && command[name] === 'sessions';
}

function serve(who, client) {
	const server = net.connect(serverPort, '127.0.0.1');
	let heard; // who waits for the answer to a write

	const reply = () => new Promise((resolve) => {
		heard = resolve;
		if (server.destroyed)
			resolve(undefined);
	});

	/* The answer leaves when all of it is in the books. */
	async function exchange(message, command) {
		const before = await stored(command, aim(command).id);

		server.write(message);

		const answer = await reply();

		heard = undefined;
		if (answer === undefined)
			return;
		await enter(who, command, before, commandOf(answer));
		client.write(answer);
	}

	messages(client, (message) => {
		const command = commandOf(message);

		if (isWrite(command))
			turn = turn.then(() => exchange(message, command));
		else
			server.write(message);
	});
	messages(server, (message) => heard !== undefined ? heard(message) : client.write(message));
	for (const [one, other] of [[client, server], [server, client]]) {
		one.on('error', () => {});
		one.on('close', () => {
			other.destroy();
			if (heard !== undefined)
				heard(undefined);
		});
	}
}

net.createServer((client) => serve('gate', client)).listen(gatePort, '127.0.0.1');
net.createServer((client) => serve('node', client)).listen(nodePort, '127.0.0.1', () =>
	console.log('ready'));

process.on('SIGTERM', () => {
	const { gate, node, conflicts, between, wrong } = seen;

	console.log(`gate ${gate} node ${node} conflicts ${conflicts} between ${between} wrong ${wrong.length}`);
	wrong.slice(0, 10).forEach((line) => console.log(line));
	process.exit(0);
});
