/* document.js: node document.js URL ID [EXPRESSION]: prints what the expression makes of the
 * document d of a session, as JSON; null: there is none.
 *	node document.js URL - EXPRESSION: of the collection c, awaited. */
'use strict';

const { MongoClient } = require('mongodb');

async function main(url, id, expression = 'd') {
	const client = await MongoClient.connect(url);

	try {
		const c = client.db().collection('sessions');
		const d = id === '-' ? undefined : await c.findOne({ _id: id });
		const make = new Function('c', 'd', `return ${expression};`);

		console.log(JSON.stringify(d === null ? null : await make(c, d)));
	} finally {
		await client.close();
	}
}

main(...process.argv.slice(2)).catch((error) => {
	console.error(error.message);
	process.exit(1);
});
