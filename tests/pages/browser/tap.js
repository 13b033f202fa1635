/* tap.js: results, a line each; test_browser.sh counts them. */
'use strict';

function ok(good, name, ...details) {
	console.log(`${good ? 'ok' : 'not ok'} - ${name.replace(/\s+/g, ' ')}`);
	for (const line of good ? [] : details.join('\n').split('\n'))
		console.log(`# ${line}`);
	return good;
}

function is(got, wanted, name) {
	const [g, w] = [got, wanted].map((x) => (typeof x === 'string' ? x : JSON.stringify(x)));

	return ok(g === w, name, `   got: ${g}`, `wanted: ${w}`);
}

function like(got, pattern, name) {
	return ok(pattern.test(got), name, `   got: ${got}`, `wanted: ${pattern}`);
}

module.exports = { ok, is, like };
