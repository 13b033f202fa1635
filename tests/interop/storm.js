/* storm.js: node storm.js URL FOLDER N: N requests of every kind at both sides at once, a few of
 * them always on the same session. Nothing may fail, and every record there is can be read. */
'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { Visitor, dice, main } = require('./visitor.js');

const SESSIONS = 4, HANDS = 3; // so many requests of a session are under way
const paths = [
	'/r/count', '/r/count', '/r/count', '/r/show', '/r/set?name=a&value=1', '/r/unset?name=a',
	'/r/maxage?ms=900000', '/r/maxage?ms=0', '/r/renew-count', '/r/destroy',
	'/node/count', '/node/count', '/node/count', '/node/show', '/node/set?name=b&value=1',
	'/node/unset?name=b', '/node/maxage?ms=800000', '/node/maxage?ms=0', '/node/renew',
	'/node/regenerate', '/node/destroy',
];

/* As a browser's tabs do, the hands of a session share its cookie. */
async function work(visitor, roll, state) {
	while (state.left-- > 0) {
		const what = paths[roll(paths.length)];
		const { status, text } = await visitor.get(what);

		assert.strictEqual(status, 200, `${what}: ${text}`);
	}
}

main(async (url, folder, n) => {
	const state = { left: Number(n) };
	const watcher = new Worker(path.join(__dirname, 'watch.js'), { workerData: { folder } });
	const hands = [];

	for (let i = 0; i < SESSIONS; i++) {
		const visitor = new Visitor(url);

		for (let j = 0; j < HANDS; j++)
			hands.push(work(visitor, dice(1 + i * HANDS + j), state));
	}
	await Promise.all(hands);
	watcher.postMessage('stop');

	const found = await new Promise((resolve) => watcher.once('message', resolve));

	assert.deepStrictEqual(found.faults.slice(0, 3), [], 'a record could not be read');
});
