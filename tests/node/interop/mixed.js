/* mixed.js: node mixed.js URL N: N requests to two gates that know nothing of each other and to Node,
 * several of them always on the same session. Each must be answered by 200. */
'use strict';

const { crowd, main } = require('./visitor.js');

const paths = [
	'/r/count', '/r/slow?ms=5', '/r/set?name=a&value=1', '/r/unset?name=a', '/r/show',
	'/second/count', '/second/slow?ms=5', '/second/set?name=a&value=2', '/second/unset?name=b',
	'/node/count', '/node/set?name=b&value=1', '/node/unset?name=b', '/node/show',
	'/node/count', '/node/set?name=c&value=3', '/node/maxage?ms=800000&mark=1',
];
const seldom = ['/r/renew-count', '/r/destroy', '/r/maxage?ms=900000', '/second/renew', '/second/maxage?ms=0',
	'/node/renew', '/node/regenerate', '/node/destroy'];

const next = (roll) => roll(20) === 0 ? seldom[roll(seldom.length)] : paths[roll(paths.length)];

main((url, n) => crowd(url, { sessions: 2, hands: 4, left: Number(n), next }));
