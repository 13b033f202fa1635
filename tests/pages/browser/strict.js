/* strict.js: links from another site, where the session's cookie is Strict: /second/ is a counter with
 * such cookies, and localhost another site than 127.0.0.1. */
'use strict';

const { is } = require('./tap.js');

const PATIENCE = 20000; // ms

/* Follows a link on a page of the other site. What is seen at last, and by how many requests. */
async function follow(site, page, to) {
	const requests = [];
	const note = (request) => requests.push(request.headers()['sec-fetch-site']);

	await page.goto(site.url.replace('127.0.0.1', 'localhost'));
	await page.evaluate((href) => {
		const link = document.createElement('a');

		link.href = href;
		link.textContent = 'over there';
		document.body.append(link);
	}, `${site.url}${to}`);
	page.on('request', note);
	await page.getByText('over there').click();
	await page.getByText(', visit ').waitFor({ timeout: PATIENCE });
	page.off('request', note);
	return `${await page.locator('h1').textContent()}, by ${requests.length} requests, ` +
		page.url().slice(site.url.length);
}

module.exports = async (site) => {
	const context = await site.browser.newContext({ baseURL: site.url });
	const page = await context.newPage();
	const heading = () => page.locator('h1').textContent();

	is(await follow(site, page, '/second/counter?a=b'),
		'Welcome stranger, visit 1, by 2 requests, /second/counter?a=b',
		'Strict: who follows a link and has no cookie gets a session at the second request');
	const { value } = (await context.cookies())[0];

	await page.goto('/second/counter');
	is(await heading(), 'Welcome stranger, visit 2', '  which goes on');
	is(await follow(site, page, '/second/counter'),
		'Welcome stranger, visit 3, by 2 requests, /second/counter',
		'  also by a link from another site, which the cookie does not come with');
	is(await follow(site, page, '/second/counter?c#part'),
		'Welcome stranger, visit 4, by 2 requests, /second/counter?c',
		'  to a part of a page, which would be a jump inside the page that loads itself again');
	is((await context.cookies()).map((cookie) => cookie.value), [value], '  the cookie is the same');
	await page.reload();
	is(await heading(), 'Welcome stranger, visit 5', '  and a reload counts');
	await context.close();
};
