/* visitor.js: somebody with a browser window and cookies of their own, and what goes wrong there. */
'use strict';

const { is } = require('./tap.js');

const PATIENCE = 20000; // ms; also for sanitizers on a busy machine
const DAY = 86400;      // s
const PASSWORD = 'seven grey geese hum along';

class Visitor {
	/* OPTIONS are those of Playwright's newContext. */
	static async arrive(site, name, options = {}) {
		const visitor = new Visitor();

		visitor.context = await site.browser.newContext({ baseURL: site.url, ...options });
		visitor.context.setDefaultTimeout(PATIENCE);
		Object.assign(visitor, { site, name, touch: options.hasTouch, mishaps: [] });
		visitor.context.on('page', (page) => visitor.watch(page));
		visitor.page = await visitor.context.newPage();
		site.visitors.add(visitor);
		return visitor;
	}

	/* All that a page of ours has no reason to do. That a document's status is 400 or more is told
	 * twice; the console's copy has no path. */
	watch(page) {
		const note = (...words) => this.mishaps.push(words.join(' '));

		page.on('console', (message) => {
			if (/^(error|warning)$/.test(message.type()) &&
			    !message.text().startsWith('Failed to load resource: the server responded'))
				note(message.type(), message.text());
		});
		page.on('pageerror', (error) => note('script', error.message));
		page.on('requestfailed', (r) => note('failed', r.url(), r.failure().errorText));
		page.on('request', (r) => {
			if (!this.site.kinds.includes(r.resourceType()) || !r.url().startsWith(this.site.url))
				note(r.resourceType(), r.url());
		});
		page.on('response', (answer) => {
			const { pathname } = new URL(answer.url());

			if (answer.status() >= 400)
				note(answer.status(), answer.request().method(), pathname);
		});
	}

	/* Closes the window. What went wrong must be what the part expected, in that order. */
	async leave(...expected) {
		this.site.visitors.delete(this);
		await this.context.close();
		is(this.mishaps, expected,
			`${this.name}: no error, no violation of the policy, no request that failed`);
	}

	async go(path) {
		return this.page.goto(path);
	}

	/* A button or a link, by its name, that leads to a page; who has a touch screen taps. */
	async press(role, name) {
		const what = this.page.getByRole(role, { name, exact: true }).first();

		await this.follow(() => (this.touch ? what.tap() : what.click()));
	}

	/* Playwright's own goBack waits for a load, which a page out of memory does not have. */
	async back() {
		const session = await this.context.newCDPSession(this.page);
		const { currentIndex, entries } = await session.send('Page.getNavigationHistory');

		await session.send('Page.enable');
		const arrived = new Promise((resolve) => session.once('Page.frameNavigated', resolve));
		await session.send('Page.navigateToHistoryEntry', { entryId: entries[currentIndex - 1].id });
		await arrived;
		await session.detach();
	}

	/* At the account: what ends all other sessions is behind a question. */
	async openOthers() {
		const question = this.page.locator('summary');

		await (this.touch ? question.tap() : question.click());
	}

	async endOthers() {
		await this.openOthers();
		await this.press('button', 'End all others');
	}

	async follow(action) {
		await Promise.all([this.page.waitForNavigation(), action()]);
	}

	async fill(fields) {
		for (const [label, text] of Object.entries(fields))
			await this.page.getByLabel(label, { exact: true }).fill(text);
	}

	/* At the login form, where that is. */
	async logIn(name, { password = PASSWORD, stay = false } = {}) {
		await this.fill({ Name: name, Password: password });
		if (stay)
			await this.page.getByLabel('Stay logged in').check();
		await this.press('button', 'Log in');
	}

	/* Without the note of a page to itself. */
	at() {
		return this.page.url().slice(this.site.url.length).replace(/[?&]note=[\w-]+$/, '');
	}

	async heading() {
		return (await this.page.locator('h1').textContent()).trim();
	}

	/* Where the window is, and what it shows there. */
	async sees() {
		return `${this.at()} ${await this.heading()}`;
	}

	async alert() {
		return this.page.getByRole('alert').textContent();
	}

	async cookie(name = 'connect.sid') {
		return (await this.context.cookies()).find((cookie) => cookie.name === name);
	}

	/* What guards the cookie, and how long it lives. */
	async flags(name) {
		const { path, httpOnly, secure, sameSite, expires } = await this.cookie(name);
		const age = expires < 0 ? 'with the browser'
			: `${Math.round((expires - Date.now() / 1000) / DAY)} days`;

		return [path, httpOnly && 'HttpOnly', secure && 'Secure', sameSite, age]
			.filter(Boolean).join(' ');
	}
}

module.exports = { Visitor, PASSWORD };
