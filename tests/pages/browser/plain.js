/* plain.js: all of it in a browser that runs no scripts. */
'use strict';

const { is, like } = require('./tap.js');
const { Visitor, PASSWORD } = require('./visitor.js');

const NEW = 'nine quiet otters juggle';

module.exports = async (site) => {
	const name = site.addUser('eve');
	const visitor = await Visitor.arrive(site, 'who runs no scripts', { javaScriptEnabled: false });
	const other = await Visitor.arrive(site, 'another device');

	await visitor.go('/');
	await visitor.press('link', 'Counter');
	await visitor.press('link', 'Visit again');
	is(await visitor.heading(), 'Welcome stranger, visit 2', 'without scripts: the counter');
	await visitor.press('link', 'Haircut card');
	await visitor.press('link', 'Visit again');
	await visitor.press('button', 'Get a new card');
	is(await visitor.sees(), '/card 90 left on your card', 'without scripts: a new card');
	await visitor.go('/account');
	await visitor.logIn(name, { password: 'not my password' });
	like(await visitor.alert(), /don’t fit together/, 'without scripts: a wrong password');
	await visitor.logIn(name, { stay: true });
	is(await visitor.sees(), `/account Your account, ${name}`,
		'without scripts: the login, and back');
	await visitor.fill({ 'Current password': PASSWORD, 'New password': NEW,
		'New password once more': NEW });
	await visitor.press('button', 'Change password');
	is(await visitor.at(), '/account', 'without scripts: another password');
	await other.go('/login');
	await other.logIn(name, { password: NEW });
	await visitor.go('/account');
	await visitor.endOthers();
	is(await visitor.at(), '/account', 'without scripts: the end of other sessions');
	await visitor.press('button', 'Log out');
	is(await visitor.sees(), '/ Sessions that count right', 'without scripts: the logout');
	await other.leave();
	await visitor.leave();
};
