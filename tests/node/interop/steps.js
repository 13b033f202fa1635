/* steps.js: random steps of a visitor: what happens to the documents meanwhile, which cookies are
 * sent, and what is asked for. */
'use strict';

const crypto = require('node:crypto');

const { dice } = require('./visitor.js');

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/* Sequence `number` of a seed is always the same, and not like its neighbours. */
function rollerOf(seed, number) {
	const roll = dice(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));

	for (let i = 0; i < 3; i++)
		roll(2);
	return roll;
}

/* One of [how often, ...what]. */
function pick(roll, choices) {
	let at = roll(choices.reduce((sum, [often]) => sum + often, 0));

	return choices.find(([often]) => (at -= often) < 0).slice(1);
}

/* ---- what is asked for */

const names = ['a', 'b', 'c', '', '7', '10', '张三', 'na\u00efve "x"\n', 'cookies', 'gate.user',
	'$x', '.', 'a.b', 'user', 'mark', 'when', 'price'];
const values = ['1', '1.0', '-0', '0.1', '-1.5e-7', '1e21', '5e-324', '1.7976931348623157e308',
	'2147483647', '2147483648', '-2147483648', '9007199254740992', 'null', 'true', '""',
	'"李四 😀"', '"a\\u0000\\n\\u001f\\u2028/"', '"\\ud83d\\ude00"', '[]', '{}', '[[],[{}],[[1]]]',
	'{"cookie":{"id":[1,{"":null}],"expires":"never"}}', '{"10":1,"2":2}',
	'{"$set":{"a.b":1},"":[0.5,"x"]}'];
/* What a login sets. In order of their names: MongoDB adds members of one update in that order. */
const logins = [{ loggedIn: true, roles: ['admin', 'Редактор'], username: 'Łukasz' },
	{ cart: [{ id: 7, price: 0.1 }], flash: {}, passport: { user: 42 } },
	{ __v: 0, _csrf: 'x/y+z==', lang: 'de-DE', returnTo: '/a?b=c&d=é' }];
const deep = '['.repeat(33) + ']'.repeat(33);
const ages = [0, 15 * MINUTE, HOUR, 20 * HOUR, 60 * DAY];

/* What another program may have left as a cookie: Node would exit, or fail. */
const hurts = [{ originalMaxAge: '60000', expires: null }, { originalMaxAge: true, expires: null },
	{ originalMaxAge: {}, expires: '' }, { originalMaxAge: [1], expires: 'never' },
	{ originalMaxAge: null, expires: 5 }, { originalMaxAge: 60000, expires: 'tomorrow' },
	{ originalMaxAge: false, expires: false, path: '/' }, {}];

const quote = encodeURIComponent;
const setting = (name, value) => `set?name=${quote(name)}&value=${quote(value)}`;

/* By how often they come: each answers the path, and what else is to know. */
const kinds = [
	[8, 'count', () => ({ path: 'count' })],
	[7, 'show', () => ({ path: 'show' })],
	[9, 'set', (roll) => {
		const name = names[roll(names.length)], value = values[roll(values.length)];

		return { path: setting(name, value), name, value };
	}],
	[4, 'put', (roll) => {
		const members = logins[roll(logins.length)];

		return { path: `put?members=${quote(JSON.stringify(members))}`, members };
	}],
	[3, 'inside', (roll) => {
		const name = ['types', 'types', 'flash', 'passport'][roll(4)];
		const value = values[roll(values.length)];
		const member = ['', 'a', 'user', 'dates', '$x', 'a.b'][roll(6)];

		return {
			path: `inside?name=${name}&member=${quote(member)}&value=${quote(value)}`,
			name, member, value,
		};
	}],
	[4, 'unset', (roll) => {
		const name = names[roll(names.length)];

		return { path: `unset?name=${quote(name)}`, name };
	}],
	[1, 'clear', () => ({ path: 'clear' })],
	[2, 'undo', () => ({ path: 'undo' })],
	[5, 'maxage', (roll) => {
		const ms = ages[roll(ages.length)], mark = roll(2) === 0 ? undefined : String(roll(1e6));

		return { path: `maxage?ms=${ms}${mark === undefined ? '' : `&mark=${mark}`}`, ms, mark };
	}],
	[2, 'renew', () => ({ path: 'renew' })],
	[2, 'regenerate', () => ({ path: 'regenerate' })],
	[2, 'destroy', () => ({ path: 'destroy' })],
	[2, 'nothing', () => ({ path: 'nothing' })],
	[2, 'save', () => ({ path: 'save' })],
	[4, 'commit', () => ({ path: 'commit' })],
	[1, 'refused', (roll) => ({
		path: [setting('constructor', '1'), setting('a', '9007199254740993'), setting('a', deep),
			setting('gate', '{}'), setting('__lastAccess', '1')][roll(5)],
	})],
];
const together = [...kinds.filter(([, kind]) => kind !== 'refused'),
	[3, 'odd', () => ({ path: 'odd' })],
	[2, 'mend', (roll) => ({ path: 'count', hurt: hurts[roll(hurts.length)] })]];

/* ---- what happens to the documents before */

const events = [
	[45],
	[2, 'age', 2 * MINUTE], [6, 'age', 8 * MINUTE], [3, 'age', 20 * MINUTE], [3, 'age', 3 * HOUR],
	[3, 'age', 25 * HOUR], [3, 'age', 13 * DAY], [1, 'age', -20 * MINUTE],
	[1, 'expire'], [1, 'undated', null], [1, 'undated', '2099-01-01T00:00:00.000Z'],
	[1, 'endless'], [1, 'untouched'], [1, 'lend'], [5, 'enrich'], [1, 'beside'],
];

/* ---- which cookies are sent */

const forged = `s%3A${'x'.repeat(32)}.${'A'.repeat(43)}`;
const plain = (value) => decodeURIComponent(value);
const tampered = (value) => value.replace(/%3A./, (start) => start === '%3Aq' ? '%3Ar' : '%3Aq');

const sign = (id, secret) =>
	crypto.createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
const signed = (id, secret) => `s%3A${id}.${quote(sign(id, secret))}`;

/* The id that a cookie's value holds. */
const idOf = (value) => value === undefined ? undefined : /^s%3A([^.]*)\./.exec(value)[1];

/* Each answers, of the visitor's own cookie, the header and what of it counts: `sees` is the cookie
 * that opens a session; `sent`: there is one that looks like ours. What Node is sent instead of the
 * header stands in `node`, and why. */
const cookies = [
	[60, 'own', (own) =>
		own === undefined ? {} : { header: `connect.sid=${own}`, sees: own, sent: true }],
	[2, 'none', () => ({})],
	[1, 'forged', () => ({ header: `connect.sid=${forged}`, sent: true })],
	[1, 'unknown', (own, { secrets }) =>
		({ header: `connect.sid=${signed('y'.repeat(32), secrets[0])}`, sent: true })],
	[1, 'tampered', (own) => ({ header: `connect.sid=${tampered(own)}`, sent: true })],
	[3, 'old secret', (own, { secrets }) => ({
		header: `connect.sid=${signed(idOf(own), secrets[1])}`, sees: own, sent: true, old: true,
	})],
	[1, 'unsigned', (own) => ({ header: `connect.sid=${idOf(own)}` })],
	[1, 'quoted', (own) => ({ header: `connect.sid="${own}"`, sees: own, sent: true })],
	[1, 'plain', (own) => ({ header: `connect.sid=${plain(own)}`, sees: own, sent: true })],
	[1, 'lower case', (own) =>
		({ header: `connect.sid=${own.replace('%3A', '%3a')}`, sees: own, sent: true })],
	[1, 'upper case', (own) => ({ header: `connect.sid=${own.replace('s%3A', 'S%3A')}` })],
	[1, 'a bad escape', (own) => ({ header: `connect.sid=${own}%zz` })],
	[1, 'padded', (own) => ({ header: `connect.sid=${own}=`, sent: true })],
	[1, 'of another name', (own) => ({ header: `Connect.Sid=${own}; connect.sid2=${own}` })],
	[2, 'between junk', (own) => ({
		header: `a; ; =x; theme="dark; b=%zz; __proto__=1;\tconnect.sid\t=  ${own} ; \u00fcn\u00ef=1`,
		sees: own, sent: true,
	})],
	[1, 'without blanks', (own) => ({ header: `a=b;connect.sid=${own};c=d`, sees: own, sent: true })],
	[1, 'a comma', (own) => ({ header: `connect.sid=${own},b=1`, sent: true })],
	[1, 'good, forged', (own) => ({
		header: `connect.sid=${own}; connect.sid=${forged}`, sees: own, sent: true,
	})],
	[1, 'forged, good', (own) => ({
		header: `connect.sid=${forged}; connect.sid=${own}`, sees: own, sent: true,
		node: `connect.sid=${own}`, why: 'good behind bad',
	})],
	[1, 'empty, good', (own) => ({
		header: `connect.sid=; connect.sid=${own}`, sees: own, sent: true,
		node: `connect.sid=${own}`, why: 'good behind bad',
	})],
	[1, 'older, newer', (own, { other }) => ({
		header: `connect.sid=${own}; connect.sid=${other}`, sees: other, sent: true,
		node: `connect.sid=${other}`, why: 'the newer of two',
	})],
	[6, 'previous', (own, { previous }) =>
		({ header: `connect.sid=${previous}`, sees: previous, sent: true })],
];

/* These need no cookie of one's own. */
const alone = ['none', 'forged', 'unknown'];

function step(roll, choices) {
	const [kind, make] = pick(roll, choices);
	const [event, ...more] = pick(roll, events);
	const [cookie] = pick(roll, cookies);

	const method = roll(25) === 0 ? 'HEAD' : 'GET';

	return { kind, event, more, cookie, method, ...make(roll) };
}

function steps(roll, choices) {
	return Array.from({ length: 3 + roll(10) }, () => step(roll, choices));
}

module.exports = {
	DAY, alone, idOf, kinds, rollerOf, signed, steps, together,
	cookies: Object.fromEntries(cookies.map(([, name, make]) => [name, make])),
};
