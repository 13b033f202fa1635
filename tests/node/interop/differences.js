/* differences.js: the intended differences, one line each: why, when it shows, and what gate does
 * instead of what Node did. Nothing else is tolerated, and each must show at least once.
 *
 * A line sees the step, the configuration (`options`), `before` and `theirs` (the records as gate and
 * Node found them, undefined: none), `sent` (a cookie that looks like ours), `old` (signed with the
 * second secret), `renewed` (the id was, lately), `now`, and `expected`: what Node did, and the lines
 * before made of it. It never sees what gate did. `apart`: the two sides' records differ then, so
 * Node goes on from a copy of ours. The last two, which have a name, are met by cookies in steps.js:
 * Node is sent only the one that gate is to choose.
 *
 * What no sequence of requests here can show is in tests/session/test_session_table.c: a conflict of
 * resave is ignored; `unset` does not exist; a new record's cookie holds no `auto`. */
'use strict';

const { DAY } = require('./steps.js');

const CREEP = 100; // ms that Node's originalMaxAge may lack: two looks at the clock for each touch
const LEFT_ALONE = 60000;
const ABSOLUTE = 30 * DAY;
const FIRST = 3600000;

const none = { what: 'none' };
const end = (age, now) => age ? now + age : null;
const lifetime = (record, options) => record.age || options.ttl;

const sameAge = (a, b) => a === b || (a !== null && b !== null && Math.abs(a - b) <= CREEP);

function set(age, { options, now }, fresh = false) {
	return { what: 'set', attributes: options.attributes, expires: end(age, now), fresh };
}

/* The record after a touch, which leaves the payload alone. */
function touched(record, { options, now }) {
	return {
		...record,
		expires: now + lifetime(record, options),
		touched: options.touchAfter > 0 ? now : record.touched,
	};
}

function written(record, s) {
	return { ...touched(record, s), until: end(record.age, s.now) };
}

function touchIsDue(record, { options, now }) {
	return record.touched === undefined || record.touched > now + LEFT_ALONE ||
		now - record.touched >= Math.min(options.touchAfter, lifetime(record, options) / 10);
}

function change({ expected }, changes) {
	return { document: { ...expected.document, ...changes } };
}

const differences = [
	{
		why: 'save() of what did not change: gate touches at most, Node writes, twice with touchAfter',
		when: ({ kind, before }) => kind === 'save' && before !== undefined,
		instead: (s) => ({
			cookie: s.options.rolling ? set(s.before.age, s) : none,
			document: s.options.resave ? written(s.before, s)
				: touchIsDue(s.before, s) ? touched(s.before, s) : s.before,
		}),
		apart: true,
	},
	{
		why: 'save() before the end of a request: gate writes the new end into the payload, too',
		when: ({ kind, before, expected: { document } }) =>
			kind === 'commit' && before !== undefined && document !== undefined,
		instead: (s) => change(s, { until: end(s.expected.document.age, s.now) }),
		apart: true,
	},
	{
		why: 'resave of what did not change: Node takes its own lastModified for a change',
		when: ({ options, before, theirs, expected: { cookie, document } }) => options.resave &&
			before !== undefined && !cookie.fresh &&
			JSON.stringify(document?.shown) === JSON.stringify(theirs?.shown),
		instead: () => ({ cookie: none }),
	},
	{
		why: 'a changed lifetime counts as modified: it is stored, and the browser hears of it',
		when: ({ kind, ms, before }) =>
			kind === 'maxage' && before !== undefined && !sameAge(before.age, ms || null),
		instead: (s) => ({
			cookie: set(s.ms, s),
			document: s.mark !== undefined ? s.expected.document
				: written({ ...s.before, age: s.ms || null }, s),
		}),
		apart: true,
	},
	{
		why: "a renewal keeps the record's lifetime and cookie: Node begins with the options'",
		when: ({ kind, before, expected: { document } }) =>
			['renew', 'regenerate'].includes(kind) && before !== undefined && document !== undefined,
		instead: (s) => ({
			cookie: { ...s.expected.cookie, expires: end(s.before.age, s.now) },
			...change(s, {
				attributes: s.before.attributes, age: s.before.age,
				until: end(s.before.age, s.now), expires: s.now + lifetime(s.before, s.options),
			}),
		}),
		apart: true,
	},
	{
		why: 'a renewal alone does not store an untouched new session either',
		when: ({ kind, before, options }) =>
			kind === 'renew' && before === undefined && !options.uninitialized,
		instead: () => ({ cookie: none, document: undefined }),
		apart: true,
	},
	{
		why: 'touch_after is at most a tenth of the lifetime, lest who is active is logged out',
		when: (s) => s.before?.touched !== undefined && touchIsDue(s.before, s) &&
			s.expected.document !== undefined &&
			s.now - s.expected.document.touched > LEFT_ALONE,
		instead: (s) => ({ document: touched(s.expected.document, s) }),
		apart: true,
	},
	{
		why: 'a touch that lies over a minute ahead is of a clock that was: it counts as none',
		when: ({ before, now, expected: { document } }) => before?.touched > now + LEFT_ALONE &&
			document?.touched > now + LEFT_ALONE,
		instead: (s) => ({ document: touched(s.expected.document, s) }),
		apart: true,
	},
	{
		why: 'a record without lastModified begins to be throttled with its first touch',
		when: ({ before, options, expected: { document } }) => options.touchAfter > 0 &&
			before !== undefined && document !== undefined && document.touched === undefined,
		instead: (s) => change(s, { touched: s.now }),
		apart: true,
	},
	{
		why: 'a touch of a session whose cookie has an age prolongs the cookie, too',
		when: (s) => !s.options.resave && !s.renewed && s.before?.age && touchIsDue(s.before, s) &&
			s.expected.document !== undefined && s.expected.cookie.what === 'none',
		instead: (s) => ({ cookie: set(s.before.age, s) }),
	},
	{
		why: 'a cookie that an old secret signed is signed anew',
		when: ({ old, before, expected: { cookie, document } }) =>
			old && before !== undefined && document !== undefined && cookie.what === 'none',
		instead: (s) => ({ cookie: set(s.expected.document.age, s) }),
	},
	{
		why: 'Max-Age stands beside Expires: how long it is until then, whatever a clock says',
		when: ({ expected: { cookie } }) => cookie.what === 'set' && cookie.expires !== null,
		instead: ({ expected: { cookie } }) => ({ cookie: { ...cookie, aged: true } }),
	},
	{
		why: "Set-Cookie takes the attributes of the options, not the record's",
		when: ({ expected: { cookie } }) => cookie.what === 'set',
		instead: ({ options, expected: { cookie } }) =>
			({ cookie: { ...cookie, attributes: options.attributes } }),
	},
	{
		why: 'a session ends at last 30 days after it began',
		when: ({ expected: { document } }) => document !== undefined,
		instead: (s) => {
			const last = (s.before?.created ?? s.now) + ABSOLUTE;
			const { cookie, document } = s.expected;
			const clamp = (time, was) => time > last && time !== was ? last : time;

			return {
				cookie: { ...cookie, expires: clamp(cookie.expires) },
				document: {
					...document, expires: clamp(document.expires, s.before?.expires),
					until: clamp(document.until, s.before?.until),
				},
			};
		},
		apart: true,
	},
	{
		why: 'a stranger\'s new record ends after first_ttl, and is touched at the first return, by Node too',
		when: ({ before, options, expected: { document } }) => before === undefined &&
			document !== undefined && lifetime(document, options) > FIRST,
		instead: (s) => change(s, {
			expires: Math.min(s.expected.document.expires, s.now + FIRST), touched: undefined,
		}),
		apart: true,
	},
	{
		why: 'destroy clears the cookie: with Node the browser keeps a dead one',
		when: ({ kind, sent, renewed }) => kind === 'destroy' && sent && !renewed,
		instead: ({ options }) => ({
			cookie: { what: 'cleared', attributes: `Max-Age=0; ${options.attributes}`, expires: 0 },
		}),
		apart: true,
	},
	{
		why: 'who comes with an id that was just renewed has a newer cookie: it is not replaced, and a ' +
			'change is refused',
		when: ({ renewed }) => renewed,
		instead: ({ kind, expected }) => ({
			...(['refused', 'maxage', 'renew'].includes(kind) ||
				Object.keys(expected.document?.shown ?? {}).length > 0 ?
				{ status: 409, body: '' } : {}),
			cookie: none, document: undefined,
		}),
		apart: true,
	},
	{
		why: 'what Node would drop or change, and what is too deep, is refused',
		when: ({ kind, renewed }) => kind === 'refused' && !renewed,
		instead: ({ before }) => ({ status: 500, body: '', cookie: none, document: before }),
		apart: true,
	},
	{
		why: 'lazy: a page that does not ask for the session leaves it and the cookie alone',
		when: ({ kind }) => kind === 'nothing',
		instead: ({ before }) => ({ cookie: none, document: before }),
		apart: true,
	},
	{
		why: 'gate writes down when a session began, in its member gate',
		when: ({ expected: { document } }) => document !== undefined,
		instead: (s) => change(s, { created: s.before?.created ?? s.now }),
	},
	{
		why: 'JavaScript moves names that are integers to the front, gate leaves them in their place',
		when: ({ expected: { document } }) => document !== undefined && document.isText &&
			/"(0|[1-9]\d*)":/.test(document.members),
		instead: (s) => change(s, { canonical: undefined }),
	},
	{
		why: 'jansson knows no -0: as BSON it is an integer, 0',
		when: ({ expected: { document } }) => document !== undefined,
		instead: (s) => change(s, {
			members: s.expected.document.members
				.replaceAll('{"$numberDouble":"-0.0"}', '{"$numberInt":"0"}'),
		}),
	},
	{
		why: "what did not change keeps its BSON: Node's driver makes another of a 64-bit integer",
		when: ({ before, expected: { document } }) => before !== undefined && !before.isText &&
			document !== undefined && before.members.includes('"long":{"$numberLong"'),
		instead: (s) => change(s, {
			members: s.expected.document.members
				.replace('"long":{"$numberInt"', '"long":{"$numberLong"'),
		}),
		apart: true,
	},
	{
		why: 'what did not change keeps its text: Node writes all of it anew',
		when: ({ before, expected: { document } }) =>
			before?.exact !== undefined && document?.exact !== undefined,
		instead: (s) => change(s, { exact: s.before.exact, canonical: undefined }),
		apart: true,
	},
	{
		why: 'of several cookies of our name a good one counts: for Node the first, if bad, too',
		name: 'good behind bad',
	},
	{
		why: 'of several sessions the newest counts: for Node the first',
		name: 'the newer of two',
	},
];

module.exports = { CREEP, differences };
