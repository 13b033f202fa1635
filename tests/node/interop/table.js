/* table.js: node table.js URL FOLDER N ROLLING SAVE_UNINITIALIZED MAX_AGE: the same N requests to
 * Node (/node2/) and to gate (/second/), each with a session of its own. Status, Set-Cookie, body
 * and record must be the same, but for the differences that are meant. */
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { Visitor, dice, main } = require('./visitor.js');

const SHORTER = 100; // ms that Node's originalMaxAge may lack: it creeps down with every touch
const LATER = 5000;  // ms between the two sides' requests

const names = ['a', 'b', 'c', '', '7', '10', '张三', 'na\u00efve "x"\n', 'cookies', 'gate.user'];
const values = ['1', '1.0', '-0', '0.1', '1e21', '5e-324', '9007199254740992', 'null', 'true', '""',
	'"李四 😀"', '"a\\u0000\\n\\u001f"', '[]', '{}', '{"cookie":{"id":[1,{"":null}]}}',
	'{"10":1,"2":2}'];
const deep = '['.repeat(33) + ']'.repeat(33);

/* By how often they come; each answers the path of a request. */
const kinds = [
	[8, 'count', () => 'count'],
	[5, 'show', () => 'show'],
	[8, 'set', (roll) => setting(names[roll(names.length)], values[roll(values.length)])],
	[5, 'unset', (roll) => `unset?name=${encodeURIComponent(names[roll(names.length)])}`],
	[3, 'maxage', (roll) => `maxage?ms=${[0, 900000, 1800000][roll(3)]}`],
	[2, 'renew', () => 'renew'],
	[2, 'destroy', () => 'destroy'],
	[3, 'nothing', () => 'nothing'],
	[1, 'refused', (roll) => [setting('constructor', '1'), setting('a', '9007199254740993'),
		setting('a', deep)][roll(3)]],
];

function setting(name, value) {
	return `set?name=${encodeURIComponent(name)}&value=${encodeURIComponent(value)}`;
}

function pick(roll) {
	let at = roll(kinds.reduce((sum, [often]) => sum + often, 0));
	const [, kind, make] = kinds.find(([often]) => (at -= often) < 0);

	return { kind, path: make(roll) };
}

/* The intended differences: when they show, and what gate does instead of what Node did. After one
 * with `fresh` the two sessions differ, so both visitors start anew. */
const differences = [
	{
		why: 'lazy: a page that does not ask for the session leaves it and the cookie alone',
		when: ({ kind }) => kind === 'nothing',
		instead: ({ before }) => ({ cookie: 'none', record: before }),
		fresh: true,
	},
	{
		why: 'destroy clears the cookie: with Node the browser keeps a dead one',
		when: ({ kind }) => kind === 'destroy',
		instead: ({ sent }) => ({ cookie: sent ? 'cleared' : 'none' }),
	},
	{
		why: 'a changed lifetime counts as modified, so the browser hears of it',
		when: ({ kind, before, after }) => kind === 'maxage' && before !== undefined &&
			before.cookie.originalMaxAge !== after.cookie.originalMaxAge,
		instead: () => ({ cookie: 'set' }),
	},
	{
		why: 'an untouched new session is not stored by a renewal either',
		when: ({ kind, before, uninitialized }) =>
			kind === 'renew' && before === undefined && !uninitialized,
		instead: () => ({ cookie: 'none', record: undefined }),
		fresh: true,
	},
	{
		why: 'a renewal keeps the lifetime that was set for this session: Node begins anew',
		when: ({ kind, before, lifetime }) =>
			kind === 'renew' && before !== undefined && before.cookie.originalMaxAge !== lifetime,
		instead: ({ before, after }) =>
			({ record: { ...before, cookie: { ...before.cookie, expires: after.cookie.expires } } }),
		fresh: true,
	},
	{
		why: 'what Node would drop or change, and what is too deep, is refused',
		when: ({ kind }) => kind === 'refused',
		instead: ({ before }) => ({ status: 500, cookie: 'none', record: before }),
		fresh: true,
	},
	{
		why: 'a touch of a session whose cookie has an age prolongs the cookie, too',
		when: ({ kind, before, after }) => !['nothing', 'destroy'].includes(kind) &&
			before?.cookie.originalMaxAge && after?.cookie.originalMaxAge,
		instead: () => ({ cookie: 'set' }),
	},
];

/* What a visitor's record says, without what is known to differ. */
function read(folder, visitor) {
	const file = path.join(folder, `${visitor.id}.json`);

	if (!fs.existsSync(file))
		return undefined;

	const { cookie, gate, __lastAccess, ...members } = JSON.parse(fs.readFileSync(file, 'utf8'));

	assert.strictEqual(typeof __lastAccess, 'number');
	return { cookie, members: JSON.stringify(members) };
}

function sameCookie(ours, nodes) {
	const apart = nodes.originalMaxAge - ours.originalMaxAge;

	assert.deepStrictEqual(Object.keys(ours), Object.keys(nodes));
	assert.deepStrictEqual({ ...ours, originalMaxAge: 0, expires: 0 },
		{ ...nodes, originalMaxAge: 0, expires: 0 });
	assert.strictEqual(typeof ours.originalMaxAge, typeof nodes.originalMaxAge);
	assert(Math.abs(apart) <= SHORTER, `originalMaxAge is ${apart} apart`);
	assert.strictEqual(typeof ours.expires, typeof nodes.expires);
	assert(Math.abs(Date.parse(ours.expires || 0) - Date.parse(nodes.expires || 0)) < LATER);
}

/* JSON as JavaScript reads it: the order of members counts, how numbers are written does not. */
function compare(kind, ours, nodes) {
	const form = (text) => JSON.stringify(JSON.parse(text));

	assert.strictEqual(ours.status, nodes.status, 'status');
	assert.strictEqual(ours.cookie, nodes.cookie, 'Set-Cookie');
	if (['show', 'set', 'unset'].includes(kind))
		assert.strictEqual(form(ours.text), form(nodes.text), 'body');
	else if (kind === 'count')
		assert.strictEqual(ours.text, nodes.text, 'body');
	assert.strictEqual(ours.record?.members, nodes.record?.members, 'record');
	if (ours.record !== undefined)
		sameCookie(ours.record.cookie, nodes.record.cookie);
}

async function request(visitor, side, folder, step) {
	const answer = await visitor.get(`/${side}/${step.path}`);

	return { ...answer, record: read(folder, visitor) };
}

main(async (url, folder, n, rolling, uninitialized, age) => {
	const roll = dice(Number(age) + 2 * (rolling === 'yes') + (uninitialized === 'yes'));
	const met = new Map();
	let gate = new Visitor(url), node = new Visitor(url);

	for (let i = 0; i < n; i++) {
		const step = pick(roll);
		const seen = {
			...step, before: read(folder, gate), sent: gate.cookie !== undefined,
			uninitialized: uninitialized === 'yes', lifetime: Number(age) || null,
		};
		const ours = await request(gate, 'second', folder, step);
		let nodes = await request(node, 'node2', folder, step);
		seen.after = ours.record;

		const difference = differences.find(({ when }) => when(seen));

		if (difference !== undefined) {
			nodes = { ...nodes, ...difference.instead(seen) };
			met.set(difference, true);
		}
		try {
			compare(step.kind, ours, nodes);
		} catch (error) {
			console.error(`request ${i}, ${step.path}: gate ${JSON.stringify(ours)}`);
			console.error(`Node, but for what is meant: ${JSON.stringify(nodes)}`);
			throw error;
		}
		if (difference?.fresh) {
			gate = new Visitor(url);
			node = new Visitor(url);
		}
	}
	for (const { why } of met.keys())
		console.log(`met: ${why}`);
});
