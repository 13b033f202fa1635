/* next.js: where the login leads to, for many hostile values of `next`, as a browser understands it.
 *	node next.js URL NAME PASSWORD [FOLDER with one more value in each file]
 * Each goes through a login of its own, raw, encoded once and encoded twice in the query, and as a field
 * of the form; what the WHATWG parser makes of Location must stay on the site. */
'use strict';

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const [url, name, password, folder] = process.argv.slice(2);
const site = new URL(url);
const LANES = 2; // few enough for each to get its turn at hashing
const ENOUGH = 500; // that must have been answered by the login itself

// ---- the values: bytes as latin1 characters, since not all of them are UTF-8
const bytes = (text) => Buffer.from(text, 'utf8').toString('latin1');

const good = ['/', '/a', '/a/', '/a/b', '/a?b=c&d=e', '/?next=/b', '/#top', '/a#b', '/a//b', '/a/../b',
	'/.', '/..', '/a;b=c', '/a:b', '/@b', '/a@b.example', '/:80', '/?u=https://example.com/',
	'/#//evil.example', '/?//evil.example', '/%2f%2fevil.example', '/%5cevil.example',
	'/%0d%0aSet-Cookie:%20a=b', '/%00', '/%', '/%zz', '/~a', '/!$&\'()*+,;=', '/[1]', '/a|b', '/"a"',
	'/<b>', '/ë', '/€', '/😀', '/／host.example', '/http://evil.example', '/javascript:alert(1)', '/-',
	'/a&next=//evil.example', '/a?next=/b&next=/c', '/user?a=1&b=2', '/loginx', '/login/a', '/a/login', '/a/logout/',
	'/' + 'a'.repeat(2047)].map(bytes);
const HOME = '/'; // where a login leads without next
const defaulted = ['', '/login', '/logout', '/login?a=b', '/logout#x', '/login?next=/user',
	'/' + 'a'.repeat(2048), 'user', './user', '../user', '?a', '#a'].map(bytes);
const heads = ['//', '///', '////', '/\\', '/\\/', '/\\\\', '\\', '\\\\', '\\/', '\\//', 'http:', 'http:/',
	'http://', 'https:', 'https://', 'https:///', 'HTTPS://', 'hTTp://', 'http:\\\\', 'https:\\', 'ftp://',
	'ws://', 'file:///', 'javascript:', 'JavaScript://', 'data:text/html,', 'vbscript:', 'blob:https://',
	'view-source:http://', 'mailto:', ' ', ' //', ' /', '\t//', '\n//', '\r//', '\v//', '\f//', '/\t/',
	'/\n/', '/\r/', '/\r\n/', '/ /', '/\t\\', '/\n\\', '/ \\', '\t/\t/', '/a\n//', '/a\r\nLocation: //',
	'/a\\..\\//', '/\\\t/', './/', '..//', '?//', '#//', '@', ':', ';//', '%2f%2f', '%2f/', '%5c%5c',
	'%09//', '%0a//', '\x01//', '\x7f//', '/\x7f/', '/\x01/', '"//', '\'//', '<//', '%2F%2f', '/%09/',
	'/%2f/', '/.//', '/..//', '/;//', '/.\\', '/%5c/', '//%0d%0a', '/\u2028//', '/\u3000//', '\u00a0//',
	'\u0085//', '/\u0085/', '\u3000//', '\u2028//', '\ufeff//', '／／', '/／', '⁄⁄'].map(bytes)
	.concat(['/\xc0\xaf', '/\xff/', '/\xe0\x80\xaf', '/\xed\xa0\x80/', '/\xf8\x88\x80\x80\x80/']);
const tails = ['evil.example', 'evil.example/%2e%2e', 'user@evil.example', 'evil.example:80/a',
	'evil.example\\@' + site.host, '[::1]/', '2130706433', 'evil。example', site.host + '.evil.example',
	'@evil.example', 'evil.example?' + site.host, 'evil.example#' + site.host].map(bytes);

const hostile = [];
for (const head of heads)
	for (const tail of tails)
		hostile.push(head + tail);
if (folder)
	for (const file of fs.readdirSync(folder))
		hostile.push(fs.readFileSync(path.join(folder, file)).toString('latin1'));

// ---- the login, byte for byte
const encode = (text) => text.replace(/[^A-Za-z0-9]/g,
	(c) => '%' + c.charCodeAt(0).toString(16).padStart(2, '0'));
const credentials = 'username=' + encode(bytes(name)) + '&password=' + encode(bytes(password));

function logIn(target, body) {
	const request = `POST ${target} HTTP/1.1\r\nHost: ${site.host}\r\nConnection: close\r\n` +
		'Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
		`Content-Length: ${body.length}\r\n\r\n${body}`;
	return new Promise((resolve, reject) => {
		const socket = net.connect(site.port, site.hostname);
		let answer = '';

		socket.setEncoding('latin1');
		socket.on('error', reject);
		socket.on('data', (data) => { answer += data; });
		socket.on('end', () => resolve(answer.split('\r\n\r\n')[0].split('\r\n')));
		socket.write(request, 'latin1');
	});
}

// ---- the verdict
const ours = (location) => {
	for (const base of [site.href, site.href.replace('http:', 'https:')]) {
		const from = new URL('/login?next=x', base);
		if (!URL.canParse(location, from) || new URL(location, from).origin !== from.origin)
			return false;
	}
	return /^\/(?![/\\])[\x21-\x7e]*$/.test(location) && !location.includes('\\');
};
const sent = (target) => target.replace(/[\x80-\xff]/g,
	(c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());

let reached = 0;
let turnedAway = 0; // by the web server, or as a malformed form
const wrong = [];

function judge(how, next, head, wanted) {
	const status = Number(head[0].split(' ')[1]);
	const locations = head.filter((line) => /^location:/i.test(line)).map((line) => line.slice(10));
	const complain = (what) => wrong.push(`${how} ${JSON.stringify(next)}: ${what} ${locations}`);

	if (status === 400 || status === 414 || status === 505) {
		turnedAway++;
		if (locations.length > 0 || wanted !== null)
			complain(`status ${status}`);
		return;
	}
	reached++;
	if (status !== 303 || locations.length !== 1)
		complain(`status ${status}`);
	else if (!ours(locations[0]))
		complain('leads elsewhere:');
	else if (wanted !== null && locations[0] !== wanted)
		complain(`not to ${wanted}:`);
}

// In a query a fragment is never sent, blanks and controls are no request, and '&' ends the value.
const tries = [];
const inQuery = (how, next, value, wanted) =>
	tries.push(async () => judge(how, next, await logIn('/login?next=' + value, credentials), wanted));
const add = (next, wanted) => {
	if (!/[\0-\x20\x7f]/.test(next))
		inQuery('query', next, next, next.includes('#') || wanted === null ? null
			: wanted.split('&')[0]);
	inQuery('query, encoded', next, encode(next), next.startsWith('/') ? wanted : HOME);
	inQuery('query, encoded twice', next, encode(encode(next)), HOME);
	tries.push(async () => judge('form', next,
		await logIn('/login', credentials + '&next=' + encode(next)), wanted));
	tries.push(async () => judge('form, encoded twice', next,
		await logIn('/login', credentials + '&next=' + encode(encode(next))), HOME));
};
good.forEach((next) => add(next, sent(next)));
defaulted.forEach((next) => add(next, HOME));
hostile.forEach((next) => add(next, null));
for (const [query, wanted] of [['a=b&next=/x&c=d', '/x'], ['anext=/x', HOME], ['next', HOME],
	['Next=/x', HOME], ['a=/next=/x', HOME], ['next=/x&next=//evil.example', '/x'],
	['next=//evil.example&next=/x', HOME], ['next=%2Fcounter%3Fa%3D1', '/counter?a=1'],
	['next=%2fcounter%3fa%3d1%26b%3d2', '/counter?a=1&b=2'], ['next=/counter%3Fa%3D1', '/counter%3Fa%3D1'],
	['next=%2Fa+b', '/a+b'], ['next=%2Fa%20b', HOME], ['next=%2Fa%2', HOME], ['next=%2', HOME]])
	tries.push(async () => judge('query', query, await logIn('/login?' + query, credentials), wanted));

(async () => {
	const lanes = Array.from({ length: LANES }, async () => {
		while (tries.length > 0)
			await tries.pop()();
	});
	await Promise.all(lanes);
	wrong.slice(0, 20).forEach((line) => console.log(line));
	console.log(`${reached} values of next stay on the site, ${turnedAway} are turned away, ` +
		`${wrong.length} are wrong`);
	process.exitCode = wrong.length > 0 || reached < ENOUGH ? 1 : 0;
})();
