/* guarded.js: a site that nginx and gate guard: a single-page app whose session ends, two tabs, and
 * what is left behind by a logout. */
'use strict';

const { is, like, ok } = require('./tap.js');
const { Visitor } = require('./visitor.js');

const APP = '/private/app/';
const TO_APP = '/login?next=%2Fprivate%2Fapp%2F';

/* Lets the app ask its back end. Returns what was answered, without waiting for what the app does then. */
async function ask(visitor) {
	const [answer] = await Promise.all([
		visitor.page.waitForResponse((a) => a.url().endsWith('/app/who')),
		visitor.page.getByRole('button', { name: 'Ask' }).click(),
	]);

	return answer;
}

async function logOut(visitor) {
	await visitor.go('/logout');
	await visitor.press('button', 'Log out');
	is(await visitor.sees(), '/open/ Open to all', 'a logout leads to the start page of the site');
}

/* The session ends in another tab, while the app is open. */
async function app(site, name) {
	const visitor = await Visitor.arrive(site, 'who uses an app');
	const { page } = visitor;

	await visitor.go(APP);
	is(await visitor.sees(), `${TO_APP} Log in`, 'the app leads to the login');
	is((await page.locator('main').innerText()).split(/\s+/).slice(0, 5).join(' '), `Log in to see ${APP}`,
		'which says where it leads');
	await visitor.logIn(name);
	is(await visitor.sees(), `${APP} nothing yet`, 'and back');
	is((await ask(visitor)).status(), 200, 'the app asks its back end');
	await page.getByRole('heading', { name }).waitFor();
	ok(true, 'which knows who asks');

	const other = await visitor.context.newPage();

	await other.goto('/logout');
	await other.getByRole('button', { name: 'Log out' }).click();
	await other.waitForURL('**/open/');
	is(await visitor.heading(), name, 'a logout in another tab: the app does not notice');
	const arrived = page.waitForURL('**/login?*');
	const answer = await ask(visitor);

	is([answer.status(), answer.headers()['cache-control'], answer.request().redirectedFrom()],
		[401, 'no-store', null], 'until it asks: 401, which nobody keeps, and no redirect to a page');
	is(answer.headers()['www-authenticate'], undefined, 'nor a question of the browser for a password');
	await arrived;
	is(await visitor.sees(), `${TO_APP} Log in`, 'it loads itself again, which leads to the login');
	await visitor.logIn(name);
	is(await visitor.sees(), `${APP} nothing yet`, 'and back to the app');
	is((await ask(visitor)).status(), 200, 'which works as before');
	await other.goto('/private/old.html');
	is(await other.locator('h1').textContent(), 'An old page', 'and so does the other tab');
	await visitor.leave('401 GET /app/who');
}

/* The same, two tabs at the login at once: both get where they want to. */
async function tabs(site, name) {
	const visitor = await Visitor.arrive(site, 'who has two tabs');
	const second = await visitor.context.newPage();

	await visitor.go(APP);
	await second.goto('/private/old.html');
	await visitor.logIn(name);
	is(await visitor.at(), APP, 'two tabs at the login: the first one gets in');
	await second.getByLabel('Name').fill(name);
	await second.getByLabel('Password', { exact: true }).fill('seven grey geese hum along');
	await second.getByRole('button', { name: 'Log in' }).click();
	await second.waitForURL('**/private/old.html');
	is((await ask(visitor)).status(), 200, 'so does the second, and the first goes on');
	await second.goto('/login?next=/private/old.html');
	is(await second.locator('h1').textContent(), 'An old page', 'a login that is none any more leads on');
	await visitor.leave();
}

/* What a browser keeps is not shown any more: neither by Back nor by its address. */
async function left(site, browser, name, what) {
	const visitor = await Visitor.arrive({ ...site, browser }, `who leaves, ${what}`);
	const { page } = visitor;
	const load = (path) => page.evaluate(async (url) => {
		const answer = await fetch(url);

		await answer.text();
		return answer.status;
	}, path);

	await visitor.go('/private/old.html');
	await visitor.logIn(name);
	await visitor.go('/private/old.html');
	is(await visitor.heading(), 'An old page', `${what}: a page that is years old`);
	is(await load('/private/data'), 200, `${what}: and a file`);
	await visitor.go(APP);
	await logOut(visitor);
	is(await load('/private/data'), 401, `${what}: after the logout the file is not there`);
	await visitor.go('/private/old.html');
	is(await visitor.heading(), 'Log in', `${what}: nor the page, by its address`);
	await visitor.back();
	await visitor.back();
	await visitor.back();
	like(await visitor.sees(), /^\/login\?next=%2Fprivate%2Fapp%2F Log in$/, `${what}: nor by Back`);
	await visitor.back();
	is(await visitor.heading(), 'Log in', `${what}: nor further back`);
	await visitor.leave('401 GET /private/data');
}

module.exports = async (plain) => {
	const site = { ...plain, kinds: ['document', 'image', 'fetch'] };
	const name = site.addUser('guarded');
	const keeps = await site.launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });

	await app(site, name);
	await tabs(site, name);
	await left(site, site.browser, name, 'a browser that loads pages again');
	await left(site, keeps, name, 'a browser that keeps pages in memory');
};
