/* stored.js: documents of connect-mongo, read into one form that can be compared, and changed as
 * time or other programs would. */
'use strict';

const assert = require('node:assert');
const { MongoClient, BSON } = require('mongodb');

const { Binary, Code, Decimal128, EJSON, Long, MaxKey, MinKey, ObjectId, Timestamp, UUID } = BSON;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/* With the types, and in the order, that they have. */
const typed = (value) => EJSON.stringify(value, { relaxed: false });

/* As the driver gives it to Node. */
const plain = (members) => BSON.deserialize(BSON.serialize(members));

const isNone = (value) => value === undefined || value === null || value === false;

/* What must hold lest Node answers 500, or exits (node-formats.md, 0). */
function checkCookie(cookie, isText) {
	const { originalMaxAge: age, expires } = cookie;

	assert(cookie !== null && typeof cookie === 'object', 'there is no cookie');
	assert(isNone(age) || typeof age.valueOf() === 'number', `originalMaxAge is ${age}`);
	assert(isNone(expires) || (isText ? ISO.test(expires) : expires instanceof Date),
		`cookie.expires is ${expires}`);
}

/* A document in the form that is compared. undefined: it has expired, as there is none. */
function read(document) {
	const { _id, session, expires, lastModified, ...beside } = document;
	const isText = typeof session === 'string';
	const payload = isText ? JSON.parse(session) : session;
	const { cookie, gate, ...members } = payload;

	if (expires !== undefined && !(expires > new Date()))
		return undefined;
	checkCookie(cookie, isText);

	const { originalMaxAge, expires: until, ...attributes } = cookie;
	const { __lastAccess, ...visible } = members;

	return {
		isText,
		canonical: !isText || JSON.stringify(payload) === session || undefined,
		exact: isText ? /"exact":\[.*?\]/.exec(session)?.[0] : undefined,
		attributes: typed(attributes),
		age: isNone(originalMaxAge) ? null : Number(originalMaxAge),
		until: isNone(until) ? null : new Date(until).getTime(),
		members: typed(members),
		shown: isText ? visible : JSON.parse(JSON.stringify(plain(visible))),
		created: gate === undefined ? undefined : Number(gate.created),
		expires: expires?.getTime(),
		touched: lastModified?.getTime(),
		beside: typed(beside),
	};
}

/* ---- what happens to documents: each answers an update of the driver's */

function age(document, ms) {
	const earlier = (date) => new Date(date.getTime() - ms);
	const $set = {};

	if (document.expires !== undefined)
		$set.expires = earlier(document.expires);
	if (document.lastModified !== undefined)
		$set.lastModified = earlier(document.lastModified);
	if (ms < 0)
		return { $set }; // who wrote last has a clock that is ahead
	if (typeof document.session === 'string') {
		$set.session = document.session
			.replace(/("expires":")(\d{4}-\d\d-[^"]+)/,
				(_, name, date) => name + earlier(new Date(date)).toISOString())
			.replace(/("gate":\{"created":)(\d+)/, (_, name, date) => name + (date - ms));
		return { $set };
	}
	if (!isNone(document.session.cookie.expires))
		$set['session.cookie.expires'] = earlier(document.session.cookie.expires);
	if (document.session.gate !== undefined)
		$set['session.gate.created'] = Number(document.session.gate.created) - ms;
	return { $set };
}

/* Its cookie's attributes, as if the options had been others when it was made. */
function lend(document) {
	return typeof document.session === 'string'
		? { $set: { session: document.session.replace('"sameSite":"lax"', '"sameSite":"strict"') } }
		: { $set: { 'session.cookie.sameSite': 'strict' } };
}

/* What JSON has not; as text, what JavaScript would write otherwise. */
function enrich(document) {
	if (typeof document.session === 'string')
		return {
			$set: {
				session: document.session.replace(/(,"exact":\[.*?\])?\}$/,
					() => ',"exact":[0.10,1e2,"\\u0041\\/"]}'),
			},
		};
	return {
		$set: {
			'session.when': new Date(86400000), 'session.long': Long.fromNumber(424242),
			'session.price': Decimal128.fromString('1.10'),
			'session.types': {
				bytes: new Binary(Buffer.from('\0\xff', 'latin1')), code: new Code('x', { y: 1 }),
				dates: [new Date(0), new Date(-1), new Date(253402300799999)], function: new Code('x'),
				high: new MaxKey(), huge: Long.fromString('-9007199254740993'), low: new MinKey(),
				nan: NaN, infinite: -Infinity, none: null, pattern: /^a/i,
				object: new ObjectId('0123456789abcdef01234567'), '': { '': [[], {}, 1.5] },
				time: new Timestamp({ t: 4294967295, i: 1 }),
				uuid: new UUID('01234567-89ab-cdef-0123-456789abcdef'),
			},
		},
	};
}

/* What Node would exit or fail on, or could not read. */
function hurt(document, cookie) {
	return typeof document.session === 'string'
		? { $set: { session: JSON.stringify({ ...JSON.parse(document.session), cookie }) } }
		: { $set: { 'session.cookie': cookie } };
}

const events = {
	age, lend, enrich, hurt,
	expire: () => ({ $set: { expires: new Date(Date.now() - 1000) } }),
	endless: () => ({ $unset: { expires: '' } }),
	undated: (_, expires) => ({ $set: { expires } }), // to Node it has expired
	untouched: () => ({ $unset: { lastModified: '' } }),
	beside: () => ({ $set: { theirs: new Date(5), user_agent: { is: ['theirs'] } } }),
};

class Stored {
	constructor(client) {
		this.client = client;
		this.collection = client.db().collection('sessions');
	}

	static async open(url) {
		return new Stored(await MongoClient.connect(url));
	}

	async close() {
		await this.client.db().dropDatabase();
		await this.client.close();
	}

	find(ids) {
		const named = ids.filter((id) => id !== undefined);

		return this.collection.find({ _id: { $in: named } }, { promoteValues: false }).toArray();
	}

	/* Of each id what read() makes of its document, or undefined. */
	async read(ids) {
		const documents = new Map((await this.find(ids)).map((one) => [one._id, one]));

		return ids.map((id) => documents.has(id) ? read(documents.get(id)) : undefined);
	}

	async happen(ids, event, ...more) {
		const alive = (document) => read(document) !== undefined;

		for (const document of (await this.find(ids)).filter(alive))
			await this.collection.updateOne({ _id: document._id }, events[event](document, ...more));
	}

	/* Both sides go on from one state. */
	async copy(from, to) {
		const [{ _id, ...rest }] = await this.find([from]);

		await this.collection.replaceOne({ _id: to }, rest);
	}

	/* What is there under ids that nobody was told: how many of ours, and how many of Node's. */
	async orphans(known) {
		const all = await this.collection.find({}, { promoteValues: false }).toArray();
		const unknown = all.filter(({ _id }) => !known.has(_id));
		const ours = unknown.filter((document) => read(document)?.created !== undefined);

		return { gate: ours.length, node: unknown.length - ours.length };
	}
}

module.exports = { Stored, typed };
