/* back.js: the back button after a logout. Chromium may keep whole pages in memory, even such as are
 * not to be stored, and shows them again without a request; Playwright switches that off. */
'use strict';

const { is } = require('./tap.js');
const { Visitor } = require('./visitor.js');

async function logIn(visitor, name) {
	await visitor.go('/user');
	await visitor.logIn(name);
}

async function shows(visitor, name) {
	await visitor.back();
	is(await visitor.sees(), '/login?next=/user Log in', name);
}

/* Whom a Node program logged in has no device of ours, whose cookie could be renewed at logout. */
async function withoutDevice(site, browser, name) {
	const one = await Visitor.arrive({ ...site, browser }, 'the one who logs in');
	const visitor = await Visitor.arrive({ ...site, browser }, 'who has the session only');

	await logIn(one, name);
	await visitor.context.addCookies([await one.cookie()]);
	await visitor.go('/account');
	await visitor.go('/user');
	await visitor.press('button', 'Log out');
	await shows(visitor, 'back without the cookie of a device: the login');
	await visitor.back();
	is(await visitor.sees(), '/login?next=/account Log in', 'and further back: the login');
	await one.leave();
	await visitor.leave();
}

/* The session had ended already when its user pressed the button. */
async function ended(site, browser, name) {
	const here = await Visitor.arrive({ ...site, browser }, 'whose session was ended');
	const there = await Visitor.arrive({ ...site, browser }, 'who ended it');

	await logIn(here, name);
	await logIn(there, name);
	await there.go('/account');
	await there.endOthers();
	await here.press('button', 'Log out');
	await shows(here, 'back after a logout out of a session that was over: the login');
	await logIn(here, name);
	await here.go('/account');
	await here.go('/logout');
	await there.go('/account');
	await there.endOthers();
	await here.press('button', 'Log out');
	await here.back();
	await here.back();
	is(await here.sees(), '/login?next=/account Log in', 'and further back: the login');
	await there.leave();
	await here.leave();
}

module.exports = async (site) => {
	const name = site.addUser('back');
	const browser = await site.launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
	const visitor = await Visitor.arrive({ ...site, browser }, 'who goes back');

	await visitor.go('/counter');
	await visitor.press('link', 'Visit again');
	await visitor.press('link', 'Haircut card');
	await visitor.back();
	is(await visitor.heading(), 'Welcome stranger, visit 2', 'this browser keeps pages in memory');
	await logIn(visitor, name);
	await visitor.press('button', 'Log out');
	await shows(visitor, 'back to the page that one came to by logging in: the login');
	await logIn(visitor, name);
	await visitor.go('/account');
	await visitor.go('/user');
	await visitor.press('button', 'Log out');
	await shows(visitor, 'back to a page that one went to later: the login');
	await logIn(visitor, name);
	await visitor.go('/logout');
	await visitor.press('button', 'Log out');
	await visitor.back();
	is(await visitor.sees(), '/logout You are not logged in', 'back to the question: nobody is logged in');
	await shows(visitor, 'and to the page before it: the login');
	await visitor.leave();
	await withoutDevice(site, browser, name);
	await ended(site, browser, name);
};
