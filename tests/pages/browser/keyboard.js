/* keyboard.js: all of it without a mouse. */
'use strict';

const { is, like, ok } = require('./tap.js');
const { Visitor, PASSWORD } = require('./visitor.js');

const REACHABLE = 'a[href], button, input:not([type=hidden], [hidden])';
const TABS = 60; // more than any page has

/* What has the focus, and whether one sees that. */
function focused(page) {
	return page.evaluate((reachable) => {
		const element = document.activeElement;
		const style = getComputedStyle(element);

		return {
			at: [...document.querySelectorAll(reachable)].indexOf(element),
			text: (element.labels?.[0] ?? element).textContent,
			visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
		};
	}, REACHABLE);
}

async function order(visitor, path) {
	const { page } = visitor;
	const stops = [];
	const unseen = [];

	await visitor.go(path);
	const wanted = await page.locator(REACHABLE).count();

	for (let i = 0; i < TABS && stops.length < wanted; i++) {
		await page.keyboard.press('Tab');
		const { at, text, visible } = await focused(page);

		if (at >= 0)
			stops.push(at);
		if (at >= 0 && !visible)
			unseen.push(text);
	}
	const last = stops.at(-1);

	stops.push(...stops.splice(0, stops.indexOf(0))); // a page may begin at a field
	is(stops, [...Array(wanted).keys()], `${path}: Tab reaches everything, in the order of the page`);
	is(unseen, [], `${path}: one sees where one is`);
	await page.keyboard.press('Shift+Tab');
	ok((await focused(page)).at !== last, `${path}: and can go back`);
}

async function tabTo(visitor, text) {
	for (let i = 0; i < TABS; i++) {
		if ((await focused(visitor.page)).text === text)
			return;
		await visitor.page.keyboard.press('Tab');
	}
	throw new Error(`Tab never reaches "${text}" at ${visitor.at()}`);
}

/* To something, and a key there; KEY may lead to another page. */
async function use(visitor, text, key = 'Enter') {
	await tabTo(visitor, text);
	await visitor.follow(() => visitor.page.keyboard.press(key));
}

async function type(visitor, text, words) {
	await tabTo(visitor, text);
	await visitor.page.keyboard.type(words);
}

async function walk(visitor, name) {
	const { keyboard } = visitor.page;

	await visitor.go('/');
	await use(visitor, 'Haircut card');
	await use(visitor, 'Visit again');
	is(await visitor.heading(), '80 left on your card', 'Enter follows a link');
	await use(visitor, 'Get a new card', 'Space');
	is(await visitor.heading(), '90 left on your card', 'the space bar presses a button');
	await use(visitor, 'Log in');
	await type(visitor, 'Name', name);
	await type(visitor, 'Password', 'not my password');
	await visitor.follow(() => keyboard.press('Enter'));
	like(await visitor.alert(), /don’t fit together/, 'Enter sends the form');
	await keyboard.type(PASSWORD);
	await tabTo(visitor, 'Stay logged in on this device');
	await keyboard.press('Space');
	ok(await visitor.page.getByLabel('Stay logged in').isChecked(), 'the space bar makes the tick');
	await use(visitor, 'Log in');
	is(await visitor.sees(), `/ Welcome ${name}`, 'after a wrong password the focus is where it helps');
}

async function account(visitor) {
	await use(visitor, 'Your account');
	await type(visitor, 'Current password', PASSWORD);
	await type(visitor, 'New password', 'nine quiet otters juggle');
	await type(visitor, 'New password once more', 'nine quiet otters juggle');
	await use(visitor, 'Change password');
	is(await visitor.at(), '/account', 'the password is changed');
	await use(visitor, 'Log out');
	is(await visitor.sees(), '/ Sessions that count right', 'logged out');
}

module.exports = async (site) => {
	const name = site.addUser('dora');
	const visitor = await Visitor.arrive(site, 'who has a keyboard');

	for (const path of ['/', '/counter', '/card', '/login', '/logout'])
		await order(visitor, path);
	await visitor.context.clearCookies();
	await walk(visitor, name);
	for (const path of ['/user', '/account', '/login', '/logout'])
		await order(visitor, path);
	await account(visitor);
	await visitor.leave();
};
