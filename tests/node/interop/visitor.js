/* visitor.js: a browser with one cookie, for the tests that send too many requests for curl. */
'use strict';

const assert = require('node:assert');

const OURS = /^connect\.sid=/;
const CLEARED = /^connect\.sid=;/;

class Visitor {
	constructor(url) {
		this.url = url;
		this.cookie = undefined;
	}

	/* { status, text, cookie: what became of ours: none, set or cleared } */
	async get(path) {
		const headers = this.cookie === undefined ? {} : { cookie: this.cookie };
		const answer = await fetch(this.url + path, { headers, redirect: 'manual' });
		const text = await answer.text();
		const line = answer.headers.getSetCookie().find((one) => OURS.test(one));
		let cookie = 'none';

		if (line !== undefined) {
			cookie = CLEARED.test(line) ? 'cleared' : 'set';
			this.cookie = cookie === 'set' ? line.split(';')[0] : undefined;
		}
		return { status: answer.status, text, cookie };
	}

	get id() {
		const [, id] = /^connect\.sid=s%3A([^.]*)\./.exec(this.cookie || '') || [];

		return id;
	}
}

/* The same numbers on every run: 0 to n - 1. */
function dice(seed) {
	let state = seed;

	return (n) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor(state / 2 ** 32 * n);
	};
}

/* As a browser's tabs do, the hands of a session share its cookie. All of them send `left` requests,
 * each to where next(roll) says; each must be answered by 200. */
async function crowd(url, { sessions, hands, left, next }) {
	async function work(visitor, roll) {
		while (left-- > 0) {
			const what = next(roll);
			const { status, text } = await visitor.get(what);

			if (status === 409 && !what.startsWith('/node/'))
				continue; // another hand renewed or ended the session meanwhile
			assert.strictEqual(status, 200, `${what}: ${text}`);
		}
	}
	const all = [];

	for (let i = 0; i < sessions; i++) {
		const visitor = new Visitor(url);

		for (let j = 0; j < hands; j++)
			all.push(work(visitor, dice(1 + i * hands + j)));
	}
	await Promise.all(all);
}

function main(run) {
	run(...process.argv.slice(2)).catch((error) => {
		console.error(error.message);
		process.exit(1);
	});
}

module.exports = { Visitor, crowd, dice, main };
