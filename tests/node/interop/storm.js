/* storm.js: node storm.js URL FOLDER N: N requests of every kind at both sides at once, a few of
 * them always on the same session. Nothing may fail, and every record there is can be read. */
'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { crowd, main } = require('./visitor.js');

const paths = [
	'/r/count', '/r/count', '/r/count', '/r/show', '/r/set?name=a&value=1', '/r/unset?name=a',
	'/r/maxage?ms=900000', '/r/maxage?ms=0', '/r/renew-count', '/r/destroy',
	'/node/count', '/node/count', '/node/count', '/node/show', '/node/set?name=b&value=1',
	'/node/unset?name=b', '/node/maxage?ms=800000', '/node/maxage?ms=0', '/node/renew',
	'/node/regenerate', '/node/destroy',
];

const next = (roll) => paths[roll(paths.length)];

main(async (url, folder, n) => {
	const watcher = new Worker(path.join(__dirname, 'watch.js'), { workerData: { folder } });

	await crowd(url, { sessions: 4, hands: 3, left: Number(n), next });
	watcher.postMessage('stop');

	const found = await new Promise((resolve) => watcher.once('message', resolve));

	assert.deepStrictEqual(found.faults.slice(0, 3), [], 'a record could not be read');
});
