/* race.js: node race.js URL FOLDER N: Node adds N members to a session, one after the other, while
 * gate counts visits of it without a pause. Node's write may undo our count; ours must never undo
 * Node's, so every one of its members must be there in the end.
 * gate finds out that Node was faster only when it has put its file in Node's place, and puts
 * Node's back at once. So that Node never reads in that instant, it waits, after each write, for
 * the counts that were under way. */
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { Visitor, main } = require('./visitor.js');

const CONNECTIONS = 3;

async function count(url, cookie, state, i) {
	const visitor = new Visitor(url);

	for (visitor.cookie = cookie; !state.done; state.counted++) {
		state.underWay[i] = visitor.get('/r/count');

		const { status, text } = await state.underWay[i];

		assert.strictEqual(status, 200, `gate: ${text}`);
		assert.match(text, /^visit [1-9][0-9]*$/);
	}
}

async function add(url, cookie, n, state) {
	const visitor = new Visitor(url);

	visitor.cookie = cookie;
	try {
		for (let i = 1; i <= n; i++) {
			const answer = await visitor.get(`/node/set?name=m${i}&value=${i}`);

			assert.strictEqual(answer.status, 200, `Node: ${answer.text}`);
			await Promise.all(state.underWay);
		}
	} finally {
		state.done = true;
	}
}

main(async (url, folder, n) => {
	const visitor = new Visitor(url);
	const state = { done: false, counted: 0, underWay: [] };

	await visitor.get('/r/count');

	const watcher = new Worker(path.join(__dirname, 'watch.js'),
		{ workerData: { folder, id: visitor.id } });
	const racers = [add(url, visitor.cookie, n, state)];

	for (let i = 0; i < CONNECTIONS; i++)
		racers.push(count(url, visitor.cookie, state, i));
	await Promise.all(racers);
	watcher.postMessage('stop');

	const found = await new Promise((resolve) => watcher.once('message', resolve));
	const record = JSON.parse(fs.readFileSync(path.join(folder, `${visitor.id}.json`), 'utf8'));
	const lost = [];

	for (let i = 1; i <= n; i++)
		if (record[`m${i}`] !== i)
			lost.push(i);
	console.log(`${n} by Node, ${state.counted} by gate; views ${record.views}`);
	assert.deepStrictEqual(found.faults.slice(0, 3), [], 'the record could not be read');
	assert.deepStrictEqual(lost, [], 'what Node wrote is gone');
	assert(record.views >= 1 && record.views <= state.counted + 1, `views ${record.views}`);
});
