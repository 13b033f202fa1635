/* visits.js: what a stranger finds: start page, counter in one tab and in two, haircut card. */
'use strict';

const { is, ok } = require('./tap.js');
const { Visitor } = require('./visitor.js');

async function startPage(visitor) {
	const { page } = visitor;
	const links = async (where) => page.locator(`${where} a`)
		.evaluateAll((all) => all.map((a) => `${a.textContent} ${a.getAttribute('href')}`));

	await visitor.go('/');
	is(await page.title(), 'Start · gate', 'the start page has a title');
	is(await links('nav'), ['Start /', 'Counter /counter', 'Haircut card /card', 'Log in /login'],
		'its navigation names the pages for everybody');
	is(await links('main'), ['Counter /counter', 'Haircut card /card', 'A guarded page /user',
		'Your account /account', 'A guarded folder /private/', 'A guarded back end /app/', 'Health /health'],
	'its list says what there is');
	is(await visitor.context.cookies(), [], 'it sets no cookie');
	for (const link of [...await links('nav'), ...await links('main')]) {
		if (/\/(private|app)\/$/.test(link)) // the guard's own tests try these
			continue;
		const answer = await visitor.go(link.replace(/^.* /, ''));

		is(answer.status(), 200, `${link}: leads to a page`);
	}
}

async function counter(visitor) {
	const visits = async () => visitor.heading();

	await visitor.go('/counter');
	is(await visits(), 'Welcome stranger, visit 1', 'the counter begins');
	is(await visitor.flags('connect.sid'), '/ HttpOnly Lax with the browser',
		"the session's cookie is out of scripts' and other sites' reach, and ends with the browser");
	is((await visitor.context.cookies()).length, 1, 'it is the only one');
	await visitor.press('link', 'Visit again');
	is(await visits(), 'Welcome stranger, visit 2', 'it counts on');
	await visitor.page.reload();
	is(await visits(), 'Welcome stranger, visit 3', 'a reload is a visit');
	await visitor.press('link', 'Counter');
	is(await visits(), 'Welcome stranger, visit 4', 'so is the link in the navigation');
}

async function twoTabs(visitor) {
	const tabs = [visitor.page, await visitor.context.newPage()];
	const number = async (tab) => Number((await tab.locator('h1').textContent()).match(/\d+/)[0]);
	const seen = [];

	await tabs[1].goto('/counter');
	is(await number(tabs[1]), 5, 'a second tab is in the same session');
	await tabs[0].reload();
	is(await number(tabs[0]), 6, 'and the first one sees its visit');
	for (let round = 0; round < 5; round++) {
		await Promise.all(tabs.map((tab) => tab.reload()));
		seen.push(...await Promise.all(tabs.map(number)));
	}
	is(seen.sort((a, b) => a - b), [7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
		'both at once, five times: no visit is lost, none counts twice');
	await tabs[1].close();
}

async function card(visitor) {
	const { page } = visitor;
	const used = () => page.locator('.boxes .used').count();

	for (let left = 90; left >= 10; left -= 10) {
		await (left === 90 ? visitor.go('/card') : visitor.press('link', 'Visit again'));
		is(`${await visitor.heading()}, ${await used()} used`,
			`${left} left on your card, ${10 - left / 10} used`, `the card: ${left} left`);
	}
	await page.reload();
	is(`${await visitor.heading()}, ${await used()} used`, 'Your card is used up, 10 used',
		'the tenth visit uses it up');
	ok(await page.getByText('took the last 10, 0 left').isVisible(), 'and is paid for');
	await page.reload();
	ok(await page.getByText('nothing was taken').isVisible(), 'the eleventh is not');
	await visitor.press('button', 'Get a new card');
	is(`${await visitor.sees()}, ${await used()} used`, '/card 90 left on your card, 1 used',
		'a new card begins with a visit');
	await page.reload();
	is(await visitor.heading(), '80 left on your card', 'a reload pays once, and asks for no new card');
}

module.exports = async (site) => {
	const visitor = await Visitor.arrive(site, 'a stranger');

	await startPage(visitor);
	await visitor.context.clearCookies();
	await counter(visitor);
	await twoTabs(visitor);
	await visitor.context.clearCookies();
	await card(visitor);
	await visitor.leave();
};
