/* looks.js: every page of the demo, for a desk and for a phone, in light and in dark. */
'use strict';

const { look, send, SIZES } = require('./look.js');
const { Visitor, PASSWORD } = require('./visitor.js');

const TRIES = 25; // more than an address has

/* ---- how to get there: each page from the one before it */
async function useUp(visitor) {
	while (!(await visitor.heading()).startsWith('Your card is used up'))
		await visitor.page.reload();
}

async function fromAnotherDevice(visitor) {
	const other = await Visitor.arrive(visitor.site, 'another device', { userAgent: 'Firefox Linux' });

	await other.go('/login');
	await other.logIn(visitor.user);
	await other.leave();
	await visitor.go('/account');
}

async function useUpTries(visitor) {
	const headers = { 'Sec-Fetch-Site': 'same-origin' };
	let status = 0;

	for (let i = 0; i < TRIES && status !== 429; i++) {
		const form = { username: `nobody-${i}`, password: 'not my password' };

		status = (await visitor.context.request.post('/login', { headers, form })).status();
	}
	await visitor.context.clearCookies();
	await visitor.go('/login');
	await visitor.logIn(visitor.user);
}

const PAGES = {
	start: (visitor) => visitor.go('/'),
	counter: (visitor) => visitor.go('/counter'),
	card: (visitor) => visitor.go('/card'),
	'card-used-up': useUp,
	login: (visitor) => visitor.go('/login'),
	'login-refused': (visitor) => visitor.logIn(visitor.user, { password: 'not my password' }),
	'logout-stranger': (visitor) => visitor.go('/logout'),
	'error-405': (visitor) => send(visitor, '/', '/'),
	'error-403': (visitor) => send(visitor, 'about:blank', '/card'),
	user: async (visitor) => { await visitor.go('/user'); await visitor.logIn(visitor.user); },
	'start-known': (visitor) => visitor.go('/'),
	'counter-known': (visitor) => visitor.go('/counter'),
	'login-known': (visitor) => visitor.go('/login'),
	logout: (visitor) => visitor.go('/logout'),
	account: fromAnotherDevice,
	'account-problem': async (visitor) => {
		await visitor.fill({ 'Current password': PASSWORD, 'New password': PASSWORD,
			'New password once more': `${PASSWORD}!` });
		await visitor.press('button', 'Change password');
	},
	'account-question': (visitor) => visitor.openOthers(),
	'account-ended': (visitor) => visitor.press('button', 'End all others'),
	'login-later': useUpTries,
};

module.exports = async (site) => {
	const visitors = [];

	for (const size of Object.keys(SIZES)) {
		const visitor = await Visitor.arrive(site, `who looks at pages, ${size}`, SIZES[size]);

		visitors.push(Object.assign(visitor, { size, user: site.addUser(`looks-${size}`) }));
	}
	for (const [name, open] of Object.entries(PAGES))
		for (const visitor of visitors) {
			await open(visitor);
			await look(visitor, name);
		}
	for (const visitor of visitors)
		await visitor.leave('405 POST /', '403 POST /card');
};
