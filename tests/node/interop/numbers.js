/* numbers.js: node numbers.js [COUNT [SEED]]: prints `numbers` of a session, as JSON.stringify writes
 * them: those at the ends of what there is, and COUNT random ones of each kind.
 *	node numbers.js check FILE AFTER: is what JSON.stringify wrote into FILE still there, in the JSON of
 * the file AFTER? Says how many are, or which one is not. */
'use strict';

const fs = require('node:fs');

const { dice } = require('./visitor.js');

const bits = new DataView(new ArrayBuffer(8));

function neighbours(number) {
	bits.setFloat64(0, number);

	const at = bits.getBigUint64(0);

	return [-1n, 0n, 1n].map((step) => {
		bits.setBigUint64(0, at + step);
		return bits.getFloat64(0);
	});
}

function numbers(count, seed) {
	const roll = dice(seed), list = [0, 5e-324, Number.MAX_VALUE, 1e21, 999999999999999900000];
	const word = () => roll(2 ** 16) * 2 ** 16 + roll(2 ** 16);

	for (let power = 1; power < 1024; power++)
		list.push(...neighbours(2 ** power));
	for (let power = -30; power < 30; power++)
		list.push(...neighbours(Number(`1e${power}`)));
	for (let i = 0; i < count; i++) {
		bits.setUint32(0, word());
		bits.setUint32(4, word());
		list.push(bits.getFloat64(0)); // any
		list.push(Number(BigInt.asIntN(64, bits.getBigInt64(0)) >> BigInt(roll(11)))); // 53 to 64 bits
		list.push((2 ** 63 + word() * 2 ** 31) * (1 + roll(100))); // on to 1e21
		list.push(Number(`${word()}e${roll(40) - 20}`)); // few digits
	}
	return list.filter(Number.isFinite).map((number) => roll(2) === 0 || number === 0 ? number : -number);
}

function check(file, after) {
	const wanted = JSON.parse(fs.readFileSync(file, 'utf8'));
	const got = JSON.parse(fs.readFileSync(after, 'utf8'));
	const wrong = wanted.findIndex((number, i) => !Object.is(number, got[i]));

	console.log(wrong < 0 && wanted.length === got.length ? `${wanted.length} kept`
		: `${wanted[wrong]} became ${got[wrong]}`);
}

if (process.argv[2] === 'check')
	check(process.argv[3], process.argv[4]);
else
	console.log(JSON.stringify(numbers(Number(process.argv[2] || 1000), Number(process.argv[3] || 1))));
