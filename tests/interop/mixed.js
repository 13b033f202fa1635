/* mixed.js: node mixed.js URL N: N requests to two gates that know nothing of each other and to Node,
 * several of them always on the same session. Each must be answered by 200. */
'use strict';

const assert = require('node:assert');
const { Visitor, dice, main } = require('./visitor.js');

const SESSIONS = 2, HANDS = 4; // so many requests of a session are under way
const paths = [
	'/r/count', '/r/slow?ms=5', '/r/set?name=a&value=1', '/r/unset?name=a', '/r/show',
	'/second/count', '/second/slow?ms=5', '/second/set?name=a&value=2', '/second/unset?name=b',
	'/node/count', '/node/set?name=b&value=1', '/node/unset?name=b', '/node/show',
	'/node/count', '/node/set?name=c&value=3', '/node/maxage?ms=800000&mark=1',
];
const seldom = ['/r/renew-count', '/r/destroy', '/r/maxage?ms=900000', '/second/renew', '/second/maxage?ms=0',
	'/node/renew', '/node/regenerate', '/node/destroy'];

async function work(visitor, roll, state) {
	while (state.left-- > 0) {
		const what = roll(20) === 0 ? seldom[roll(seldom.length)] : paths[roll(paths.length)];
		const { status, text } = await visitor.get(what);

		assert.strictEqual(status, 200, `${what}: ${text}`);
	}
}

main(async (url, n) => {
	const state = { left: Number(n) };
	const hands = [];

	for (let i = 0; i < SESSIONS; i++) {
		const visitor = new Visitor(url);

		for (let j = 0; j < HANDS; j++)
			hands.push(work(visitor, dice(1 + i * HANDS + j), state));
	}
	await Promise.all(hands);
});
