/* devices.js: one user on several devices: each sees all of them, and can end them. */
'use strict';

const { is, ok } = require('./tap.js');
const { Visitor } = require('./visitor.js');

const AGENTS = {
	'Firefox on Linux': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
	'Safari on iPhone': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 ' +
		'(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
	'Edge on Windows': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like ' +
		'Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
	'<b>Robot</b> & "friends"': '<b>Robot</b> & "friends"',
};

async function logIn(site, name, device) {
	const visitor = await Visitor.arrive(site, device, { userAgent: AGENTS[device] });

	await visitor.go('/login?next=/account');
	await visitor.logIn(name);
	return visitor;
}

async function devices(visitor) {
	await visitor.go('/account');
	return (await visitor.page.locator('.devices h3').allInnerTexts()).join(', ');
}

/* It is still logged in, or at its next page it is not. */
async function sees(visitor, wanted, name) {
	await visitor.go('/user');
	is(await visitor.sees(), wanted === 'login' ? '/login?next=/user Log in' : `/user Welcome ${wanted}`,
		name);
}

async function end(visitor, device) {
	const tile = visitor.page.locator('.tiles li').filter({ hasText: device });

	await visitor.follow(() => tile.getByRole('button').click());
}

module.exports = async (site) => {
	const name = site.addUser('bob');
	const other = site.addUser('barbara');
	const all = [];

	for (const device of Object.keys(AGENTS))
		all.push(await logIn(site, name, device));
	const [firefox, iphone, edge, robot] = all;
	const barbara = await logIn(site, other, 'Firefox on Linux');

	is(await devices(iphone),
		'Safari on iPhone this one, <b>Robot</b> & "friends", Edge on Windows, Firefox on Linux',
		'all devices are listed, this one and then the latest first');
	is(await iphone.page.locator('main b').count(), 0, 'what a device calls itself is no markup');
	is((await iphone.page.locator('.tiles').innerText()).match(/from 127\.0\.0\.1/g).length, 4,
		'each with its address');
	is(await devices(barbara), 'Firefox on Linux this one', "another user's are not");
	is(await iphone.page.getByRole('button', { name: 'End the session: Edge on Windows' }).count(), 1,
		'each button says which one it ends');

	await devices(iphone);
	await end(iphone, 'Edge on Windows');
	is(await iphone.at(), '/account', 'one is ended');
	ok(await iphone.page.getByRole('status').isVisible(), 'the page says so');
	await sees(edge, 'login', 'the next page there is the login');
	await sees(robot, name, 'the others go on');
	await edge.page.goBack();
	is(await edge.heading(), 'Log in', 'there is no way back');

	is(await devices(firefox), 'Firefox on Linux this one, Safari on iPhone, <b>Robot</b> & "friends"',
		'it is listed no more');
	await firefox.endOthers();
	is(await devices(firefox), 'Firefox on Linux this one', 'all others are ended');
	await sees(iphone, 'login', 'one is out');
	await sees(robot, 'login', 'and so is the other');
	await sees(barbara, other, 'another user is not');

	await devices(firefox);
	await end(firefox, 'Firefox on Linux');
	is(await firefox.sees(), '/ Sessions that count right', 'to end the own session is to log out');
	await sees(firefox, 'login', 'of all pages');
	for (const visitor of [...all, barbara])
		await visitor.leave();
};
