/* double.js: each button pressed twice ends as pressed once: both at once, while the first one's answer is
 * on its way, and while the page behind it is. */
'use strict';

const http = require('node:http');
const { is, like } = require('./tap.js');
const { Visitor, PASSWORD } = require('./visitor.js');

const NEW = 'nine quiet otters juggle';

/* In front of the site: holds the next answer to METHOD back, until let go. What it is asked for goes on
 * as it came, so that both sides believe to talk to each other. */
class Gatekeeper {
	async open(url) {
		const { hostname, port } = new URL(url);

		this.server = http.createServer((from, to) => {
			const onward = http.request({ hostname, port, path: from.url, method: from.method,
				headers: from.headers }, async (answer) => {
				if (from.method === this.method)
					await this.hold();
				to.writeHead(answer.statusCode, answer.rawHeaders);
				answer.pipe(to);
			});

			onward.on('error', () => to.destroy());
			from.pipe(onward);
		});
		await new Promise((ready) => this.server.listen(0, '127.0.0.1', ready));
		return `http://127.0.0.1:${this.server.address().port}`;
	}

	/* The promise is kept when an answer to METHOD has come and is held. */
	catch(method) {
		this.method = method;
		return new Promise((caught) => { this.caught = caught; });
	}

	hold() {
		this.method = null;
		this.caught();
		return new Promise((release) => { this.release = release; });
	}

	close() {
		this.server.closeAllConnections();
		this.server.close();
	}
}

const WAYS = {
	'at once': async (press) => press(2),
	'before the answer is there': async (press, keeper) => held(press, keeper, 'POST'),
	'before the next page is there': async (press, keeper) => held(press, keeper, 'GET'),
};

async function held(press, keeper, method) {
	const caught = keeper.catch(method);

	await press(1);
	await caught;
	await press(1);
}

/* The mouse, which waits for nothing. The page has gone when its mark has. */
async function pressTwice(visitor, keeper, name, way) {
	const button = visitor.page.getByRole('button', { name }).first();

	await button.scrollIntoViewIfNeeded();
	const { x, y, width, height } = await button.boundingBox();

	await visitor.page.evaluate(() => { window.stays = true; });
	await WAYS[way]((clickCount) => visitor.page.mouse.click(x + width / 2, y + height / 2,
		{ clickCount }), keeper);
	await visitor.page.waitForFunction(() => !window.stays && document.readyState === 'complete');
	if (keeper.release)
		keeper.release();
	keeper.release = null;
}

async function says(visitor) {
	return (await visitor.page.getByRole('status').textContent()).trim();
}

const tiles = (visitor) => visitor.page.locator('.tiles h3').count();

/* Each: what comes before, the button, and what is to be seen then. */
const BUTTONS = {
	'Change password': {
		async before(visitor) {
			for (const [label, text] of [['Current password', PASSWORD], ['New password', NEW],
				['New password once more', NEW]])
				await visitor.page.getByLabel(label, { exact: true }).pressSequentially(text);
		},
		async after(visitor, name, what, there) {
			is(await visitor.sees(), `/account Your account, ${name}`, `${what}: still logged in`);
			like(await says(visitor), /password is changed/, '... the page says that it is changed');
			is(await tiles(visitor), 1, '... one session is left');
			await visitor.go('/counter');
			is(await visitor.heading(), `Welcome ${name}, visit 2`, '... with what was in it');
			await there.go('/user');
			is(await there.at(), '/login?next=/user', '... the other device is out');
			await there.logIn(name, { password: NEW });
			is(await there.sees(), `/user Welcome ${name}`, '... and in with the new one');
		},
	},
	'End the session: ': {
		async before(visitor) {
			await visitor.page.evaluate(() => document.querySelector('.tiles li').remove());
		},
		async after(visitor, name, what) {
			is(await visitor.sees(), `/account Your account, ${name}`, `${what}: still logged in`);
			is(await says(visitor), 'Done: you are logged out there.', '... and out there');
			is(await tiles(visitor), 1, '... one session is left');
		},
	},
	'End all others': {
		async before(visitor) { await visitor.openOthers(); },
		async after(visitor, name, what) {
			is(await visitor.sees(), `/account Your account, ${name}`, `${what}: still logged in`);
			is(await says(visitor), 'Done: you are logged out everywhere else.', '... and out there');
			is(await tiles(visitor), 1, '... one session is left');
		},
		ways: ['at once'],
	},
	'End the session: this one': {
		button: 'Log out',
		async before() {},
		async after(visitor, name, what) {
			is(await visitor.at(), '/', `${what}: at the start page`);
			await visitor.go('/user');
			is(await visitor.at(), '/login?next=/user', '... and out');
		},
	},
	'Change password: a wrong one': {
		button: 'Change password',
		async before(visitor) {
			for (const [label, text] of [['Current password', 'not my password'],
				['New password', NEW], ['New password once more', NEW]])
				await visitor.page.getByLabel(label, { exact: true }).pressSequentially(text);
		},
		async after(visitor, name, what) {
			is(await visitor.sees(), `/account Your account, ${name}`, `${what}: still logged in`);
			like(await visitor.alert(), /current password is not right/, '... the page says so');
		},
		ways: ['at once'],
	},
	'Get a new card': {
		async before(visitor) {
			await visitor.go('/card');
			await visitor.go('/card');
		},
		async after(visitor, name, what) {
			is(await visitor.heading(), '90 left on your card', `${what}: one new card, one visit`);
			await visitor.press('link', 'Visit again');
			is(await visitor.heading(), '80 left on your card', '... the next visit is one');
		},
	},
	'Log out': {
		ways: ['before the next page is there'],
		async before(visitor) { await visitor.go('/user'); },
		async after(visitor, name, what) {
			is(await visitor.at(), '/', `${what}: at the start page`);
			await visitor.go('/user');
			is(await visitor.at(), '/login?next=/user', '... and out');
		},
	},
	'Log in': {
		async before(visitor, name) {
			await visitor.context.clearCookies();
			await visitor.go('/login?next=/user');
			await visitor.fill({ Name: name, Password: PASSWORD });
		},
		async after(visitor, name, what) {
			is(await visitor.sees(), `/user Welcome ${name}`, `${what}: in`);
		},
		ways: ['at once'],
	},
	'Log in: a wrong one': {
		button: 'Log in',
		async before(visitor, name) {
			await visitor.context.clearCookies();
			await visitor.go('/login?next=/user');
			await visitor.fill({ Name: name, Password: 'not my password' });
		},
		async after(visitor, name, what) {
			like(await visitor.alert(), /don’t fit together/, `${what}: the page says so`);
			is(await visitor.at(), '/login?next=/user', '... at the form');
		},
		ways: ['at once'],
	},
};

/* What Chromium gives up, it says so; the rest must be as it should. */
async function leave(visitor) {
	visitor.mishaps = visitor.mishaps.filter((what) => !/ERR_ABORTED|^4\d\d POST/.test(what));
	await visitor.leave();
}

module.exports = async (site) => {
	const keeper = new Gatekeeper();
	const url = await keeper.open(site.url);
	let users = 0;

	for (const [what, { button = what, before, after, ways = Object.keys(WAYS) }] of
		Object.entries(BUTTONS))
		for (const way of ways) {
			const name = site.addUser(`double${users += 1}`);
			const there = after.length > 3 || /^End/.test(what)
				? await Visitor.arrive(site, 'the other device') : null;
			const visitor = await Visitor.arrive({ ...site, url, visitors: site.visitors },
				`${what} ${way}`);

			await visitor.go('/counter');
			for (const each of [there, visitor].filter(Boolean)) {
				await each.go('/login?next=/account');
				await each.logIn(name);
			}
			await before(visitor, name);
			await pressTwice(visitor, keeper, button, way);
			await after(visitor, name, `${what}, twice ${way}`, there);
			await leave(visitor);
			if (there)
				await leave(there);
		}
	keeper.close();
};
