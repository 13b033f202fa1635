/* login.js: to a guarded page by way of the login, what that does to the cookies, and out again. */
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { is, like, ok } = require('./tap.js');
const { Visitor } = require('./visitor.js');

async function refused(visitor, name) {
	const { page } = visitor;

	await visitor.go('/user');
	is(await visitor.sees(), '/login?next=/user Log in', 'a guarded page sends strangers to the login');
	await visitor.logIn(name, { password: 'seven grey geese hum alone' });
	is(await visitor.sees(), '/login?next=/user Log in', 'a wrong password: the form again');
	like(page.url(), /\/login\?next=\/user&note=[\w-]+$/, 'with a note that nobody can read');
	like(await visitor.alert(), /don’t fit together/, 'with an alert');
	ok(!(await page.getByLabel('Stay logged in').isChecked()), 'without a tick, as it was');
	is(await page.getByLabel('Name').inputValue(), name, 'the name is kept');
	is(await page.getByLabel('Password').inputValue(), '', 'the password is not');
	is(await page.evaluate(() => document.activeElement.id), 'password',
		'which is where one can type at once');
	is(await page.getByLabel('Password').getAttribute('aria-describedby'),
		await page.getByRole('alert').getAttribute('id'), 'and hears why');
	await visitor.go('/user');
	is(await visitor.sees(), '/login?next=/user Log in', 'the guarded page stays shut');
}

async function accepted(visitor, name) {
	const before = await visitor.cookie();

	await visitor.logIn(name);
	is(await visitor.sees(), `/user Welcome ${name}`, 'the right one leads to the guarded page');
	ok((await visitor.cookie()).value !== before.value, 'the session has a new id');
	is(await visitor.flags('connect.sid'), '/ HttpOnly Lax with the browser',
		'without the tick its cookie ends with the browser');
	is(await visitor.flags('gate-device'), '/ HttpOnly Lax 180 days',
		'the device is remembered, out of scripts\' and other sites\' reach');
	is((await visitor.context.cookies()).length, 2, 'there are no other cookies');
	await visitor.go('/');
	is(await visitor.heading(), `Welcome ${name}`, 'the start page greets by name');
	is(await visitor.page.locator('nav a').allTextContents(),
		['Start', 'Counter', 'Haircut card', 'Your page', 'Your account'],
		'the navigation has what is one\'s own');
	await visitor.press('link', 'Counter');
	is(await visitor.heading(), `Welcome ${name}, visit 3`,
		'so does the counter, which went on from before the login');
	await visitor.go('/login');
	is(await visitor.heading(), `You are logged in as ${name}`, 'the login says who one is');
}

async function out(visitor) {
	const before = await visitor.cookie();

	await visitor.go('/logout');
	like(await visitor.heading(), /^Log out, /, 'a link to the logout only asks');
	await visitor.go('/user');
	await visitor.press('button', 'Log out');
	is(await visitor.sees(), '/ Sessions that count right', 'the button leads out');
	is(await visitor.cookie(), undefined, 'the cookie is gone');
	await visitor.page.goBack();
	is(await visitor.sees(), '/login?next=/user Log in', 'the way back leads to the login');
	await visitor.context.addCookies([before]);
	await visitor.go('/user');
	is(await visitor.at(), '/login?next=/user', 'whoever kept the cookie has nothing');
	await visitor.context.clearCookies({ name: 'connect.sid' });
	await visitor.go('/counter');
	is(await visitor.heading(), 'Welcome stranger, visit 1', 'the session is another one');
}

async function stay(visitor, name) {
	await visitor.go('/login');
	await visitor.logIn(name, { stay: true });
	is(await visitor.sees(), `/ Welcome ${name}`, 'with the tick: in');
	is(await visitor.flags('connect.sid'), '/ HttpOnly Lax 30 days',
		'the cookie outlives the browser, for 30 days');
	await visitor.go('/user');
	like(await visitor.page.locator('dl').innerText(), /\d{4}-\d\d-\d\d \d\d:\d\d UTC/,
		'and the page says until when');
	await visitor.press('button', 'Log out');
}

/* From what was refused, and from behind it: nothing is sent again, which Chromium would ask about. */
async function back(site, name) {
	const visitor = await Visitor.arrive(site, 'who goes back from a refused login');
	const { page } = visitor;
	const posts = [];

	page.on('request', (request) => {
		if (request.method() === 'POST')
			posts.push(request.url());
	});
	await visitor.go('/');
	await visitor.go('/login?next=/card');
	await visitor.logIn(name, { password: 'not my password', stay: true });
	ok(await page.getByLabel('Stay logged in').isChecked(), 'the tick survives a refusal');
	await page.reload();
	like(await visitor.alert(), /don’t fit together/, 'loaded again it says the same');
	is(await page.getByLabel('Name').inputValue(), name, 'and has the name');
	await visitor.logIn(`  ${name} `, { password: 'not my password' });
	await page.goBack();
	ok(await page.getByLabel('Stay logged in').isChecked(), 'back to the first refusal');
	await page.goBack();
	is(await visitor.sees(), '/login?next=/card Log in', 'back to the form');
	await page.goForward();
	await page.goForward();
	is(await visitor.heading(), 'Log in', 'and forward again');
	is(await visitor.context.cookies(), [], 'no cookie, so no record');
	await visitor.logIn(`  ${name} `, { stay: true });
	is(await visitor.at(), '/card', 'blanks around the name are none of it');
	await page.goBack();
	is(await visitor.at(), '/card', 'back: who is in is led on');
	is(await visitor.heading(), '80 left on your card', 'by a visit');
	await page.goBack();
	like(await visitor.sees(), /^\/login\?next=\/card You are logged in as /, 'once');
	is(posts.length, 3, 'and nothing was sent twice');
	await visitor.leave();
}

/* A profile that takes no cookies: the form says so, instead of coming again without a word. */
async function cookieless(site, name) {
	const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'cookieless-'));

	fs.mkdirSync(path.join(profile, 'Default'));
	fs.writeFileSync(path.join(profile, 'Default', 'Preferences'), JSON.stringify({
		profile: { default_content_setting_values: { cookies: 2 } } }));
	const visitor = await Visitor.arrive({ ...site, visitors: site.visitors,
		browser: await site.profile(profile) }, 'whose browser takes no cookies');

	await visitor.go('/user');
	await visitor.logIn(name);
	is(await visitor.sees(), '/login?next=/user Log in', 'without cookies nobody gets in');
	like(await visitor.alert(), /did not show this site’s cookie/, 'and the form says why');
	is(await visitor.page.getByLabel('Name').inputValue(), name, 'with the name');
	await visitor.leave();
}

/* Where the login leads to is asked for by a query that anybody can write. */
async function elsewhere(visitor, name) {
	for (const next of ['https://elsewhere.example/', '//elsewhere.example', '/\\elsewhere.example',
		'javascript:alert(1)']) {
		await visitor.go(`/login?next=${next}`);
		await visitor.logIn(name);
		is(await visitor.sees(), `/ Welcome ${name}`, `?next=${next}: leads to nowhere else`);
		await visitor.press('button', 'Log out');
	}
	await visitor.go('/login?next=/card');
	await visitor.logIn(name);
	is(await visitor.at(), '/card', '?next=/card: leads to the card');
}

module.exports = async (site) => {
	const name = site.addUser('alice');
	const visitor = await Visitor.arrive(site, 'alice');

	await visitor.go('/counter');
	await visitor.go('/counter');
	await refused(visitor, name);
	await accepted(visitor, name);
	await out(visitor);
	await stay(visitor, name);
	await elsewhere(visitor, name);
	await visitor.leave();
	await back(site, name);
	await cookieless(site, name);
};
