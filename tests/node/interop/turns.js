/* turns.js: node turns.js URL N FIRST SECOND: N visits of one session, /FIRST/count and
 * /SECOND/count by turns: each must see at once what the other wrote. */
'use strict';

const assert = require('node:assert');
const { Visitor, main } = require('./visitor.js');

main(async (url, n, ...sides) => {
	const visitor = new Visitor(url);
	let id;

	for (let i = 1; i <= n; i++) {
		const side = sides[(i - 1) % 2];
		const { status, text } = await visitor.get(`/${side}/count`);

		assert.strictEqual(`${status} ${text}`, `200 visit ${i}`, `visit ${i}, by ${side}`);
		id = id || visitor.id;
		assert.strictEqual(visitor.id, id, `visit ${i}, by ${side}: the id changed`);
	}
});
