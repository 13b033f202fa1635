/* site.js: login, account, logout and errors as pages of a site that has a name, a logo and a home. */
'use strict';

const { look, send, SIZES } = require('./look.js');
const { is, like, ok } = require('./tap.js');
const { Visitor, PASSWORD } = require('./visitor.js');

const SITE = 'בדיקה <script>alert(1)</script> & "friends" of a rather long name';
const HOSTILE = '/<b>&amp;\u202egpj%00<script>'; // U+202E turns what follows around
const CARD = [390, 450]; // CSS pixels
const DEVICES = 100;     // that a user may have
const AGENTS = ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
	'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1',
	'Mozilla/5.0 (Linux; Android 15; SM-X910) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36',
	'<img src=x onerror=alert(1)> a program with quite a long name '.repeat(3), 'curl/8.14.1'];

async function devices(visitor) {
	const headers = { 'Sec-Fetch-Site': 'same-origin', Cookie: '' };
	const form = { username: visitor.user, password: PASSWORD };
	const api = await visitor.site.request();

	for (let i = 1; i < DEVICES; i++)
		await api.post('/login', { form, maxRedirects: 0,
			headers: { ...headers, 'User-Agent': AGENTS[i % AGENTS.length] } });
	await api.dispose();
	await visitor.go('/account');
	is(await visitor.page.locator('.devices li').count(), DEVICES, 'a hundred devices are listed');
	is(await visitor.page.locator('.devices svg').count(), DEVICES, '  each with an icon');
	is(await visitor.page.locator('.devices li').first().getByRole('button').innerText(), 'Log out',
		'  this one first, which is logged out');
	is(await visitor.page.locator('main img').count(), 0, '  what a device calls itself is no markup');
}

const PAGES = {
	login: (visitor) => visitor.go('/private/report'),
	'login-long': (visitor) => visitor.go(`/login?next=/${'long/'.repeat(400)}`),
	'login-letters': (visitor) => visitor.go('/private/%D7%93%D7%95%D7%97/r%C3%A9sum%C3%A9'),
	'login-hostile': (visitor) => visitor.go(`/login?next=${encodeURIComponent(HOSTILE)}`),
	'login-refused': async (visitor) => {
		await visitor.go('/private/report');
		await visitor.logIn(visitor.user, { password: 'not my password' });
	},
	'login-fresh': async (visitor) => { // too long for a note of whether the browser keeps cookies
		await visitor.go(`/login?next=/${'long/'.repeat(400)}`);
		await visitor.logIn(visitor.user);
		is(await visitor.page.getByRole('link', { name: 'Go on to' }).getAttribute('href'),
			`/${'long/'.repeat(400)}`, 'a long address: the page after the login leads on');
	},
	'logout-stranger': async (visitor) => {
		await visitor.context.clearCookies();
		await visitor.go('/logout');
	},
	'error-403': (visitor) => send(visitor, 'about:blank', '/login'),
	'login-known': async (visitor) => {
		await visitor.go('/private/report');
		await visitor.logIn(visitor.user);
		await visitor.go('/login');
	},
	'login-circle': async (visitor) => {
		await visitor.go('/login?next=/private/report');
		await visitor.go(`/login?next=/private/${'circle/'.repeat(30)}`);
	},
	logout: (visitor) => visitor.go('/logout'),
	account: (visitor) => visitor.go('/account'),
	'account-hundred': devices,
	'account-question': (visitor) => visitor.openOthers(),
};

/* What the page says of where the login leads. */
const LEADS = {
	login: 'Log in to see /private/report',
	'login-long': `Log in to see /${'long/'.repeat(24).slice(0, 119)}…`,
	'login-letters': 'Log in to see /private/דוח/résumé',
	'login-hostile': 'Log in to see /<b>&amp;%E2%80%AEgpj%00<script>',
	'login-refused': 'Log in to see /private/report',
};

async function belongs(visitor, name) {
	const { page } = visitor;
	const home = page.locator('header a');

	is([await home.innerText(), await home.getAttribute('href')], [SITE, '/open/'],
		`${name}, ${visitor.size}: the site's name leads home`);
	like(await page.title(), / · בדיקה <script>alert\(1\)<\/script> & "friends"/, '  it is in the title');
	ok(await page.locator('header img').evaluate((logo) => logo.naturalWidth > 0), '  its logo is there');
	is(await page.locator('nav, footer').count(), 0, '  nothing of the demo is');
	if (LEADS[name] !== undefined)
		is((await page.locator('h1, .leads').allInnerTexts()).join(' '), LEADS[name],
			'  the page says where it leads');
}

/* A card in the middle. */
async function isCard(visitor, name) {
	const { x, width } = await visitor.page.locator('main').boundingBox();
	const right = visitor.page.viewportSize().width - x - width;

	ok(width >= CARD[0] && width <= CARD[1] && Math.abs(x - right) <= 1,
		`${name}: a card in the middle`, `${x} left, ${width} wide, ${right} right`);
}

module.exports = async (plain) => {
	const site = { ...plain, kinds: ['document', 'image'] };

	for (const size of Object.keys(SIZES)) {
		const visitor = await Visitor.arrive(site, `who sees a site, ${size}`, SIZES[size]);

		Object.assign(visitor, { size, user: `crowd-${'of-many-'.repeat(size === 'phone' ? 20 : 1)}` });
		for (const [name, open] of Object.entries(PAGES)) {
			await open(visitor);
			await belongs(visitor, name);
			if (size === 'desk' && /^log|^error/.test(name))
				await isCard(visitor, name);
			await look(visitor, name);
		}
		await visitor.leave('403 POST /login');
	}
};
