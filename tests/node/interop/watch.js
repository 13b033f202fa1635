/* watch.js: a thread that reads records all the time while others write them. Posts
 * { reads, faults }: what it found when it is told to stop.
 * workerData: { folder, id }; without id every record of the folder, where records may also go. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { parentPort, workerData } = require('node:worker_threads');

const READS = 10; // of one record in a row: more would only take the processor away
const { folder, id } = workerData;
const found = { reads: 0, faults: [] };
let stopping = false;

function look(name) {
	let text;

	try {
		text = fs.readFileSync(path.join(folder, name), 'utf8');
		found.reads++;
		if (typeof JSON.parse(text).cookie !== 'object')
			throw new Error('no cookie');
	} catch (error) {
		if (error.code !== 'ENOENT' || id !== undefined)
			found.faults.push(`${error.message}: ${text}`);
	}
}

function round() {
	const names = id !== undefined
		? Array(READS).fill(`${id}.json`)
		: fs.readdirSync(folder).filter((name) => name.endsWith('.json'));

	names.forEach(look);
	if (stopping)
		parentPort.postMessage(found);
	else
		setTimeout(round, 1);
}

parentPort.once('message', () => { stopping = true; });
round();
