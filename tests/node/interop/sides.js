/* sides.js: asks gate or Node, and reads what the answer does to the cookie. */
'use strict';

const assert = require('node:assert');
const http = require('node:http');

const { idOf, signed } = require('./steps.js');

/* Lets go of idle connections long before a server does: no request meets a closed one. */
const agent = new http.Agent({ keepAlive: true, maxSockets: 32, timeout: 1000 });

function ask(target, { method, path }, cookie) {
	const headers = cookie === undefined ? {} : { cookie };
	const options = {
		...target, method, path: target.folder + path, headers, agent, timeout: 60000,
	};

	return new Promise((resolve, reject) => {
		const request = http.request(options, (answer) => {
			let text = '';

			answer.setEncoding('utf8');
			answer.on('data', (piece) => text += piece);
			answer.on('end', () => resolve(
				{ status: answer.statusCode, text, lines: answer.headers['set-cookie'] || [] }));
		});

		request.on('timeout', () => request.destroy(new Error(`${path}: no answer`)));
		request.on('error', reject);
		request.end();
	});
}

/* What an answer does to our cookie; `value` is the new one. */
function cookieOf(answer, world) {
	const lines = answer.lines.filter((line) => line.startsWith('connect.sid='));

	assert(lines.length <= 1, `Set-Cookie came ${lines.length} times`);
	if (lines.length === 0)
		return { what: 'none' };

	const [, value, rest] = /^connect\.sid=([^;]*); (.*)$/.exec(lines[0]);
	const [, expires] = /(?:^|; )Expires=([^;]*)/.exec(rest) || [];
	const [beside, age] = /Max-Age=([1-9][0-9]*); /.exec(rest) || ['', undefined];
	const end = expires === undefined ? null : Date.parse(expires);

	if (value !== '')
		assert.strictEqual(value, signed(idOf(value), world.secrets[0]), 'the signature');
	if (age !== undefined)
		assert(Math.abs(Date.now() + age * 1000 - end) < 60000, `Max-Age=${age}; Expires=${expires}`);
	return {
		what: value === '' ? 'cleared' : 'set', value,
		attributes: rest.replace(beside, '').split('; ')
			.filter((one) => !one.startsWith('Expires=')).join('; '),
		expires: end, aged: age !== undefined,
	};
}

module.exports = { agent, ask, cookieOf };
