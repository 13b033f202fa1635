/* password.js: how one changes one's password, and what is refused. */
'use strict';

const { is, like, ok } = require('./tap.js');
const { Visitor, PASSWORD } = require('./visitor.js');

const NEW = 'nine quiet otters juggle';

/* As typed: what is put into a field in one go is never too short. */
async function type(visitor, [current, fresh, again]) {
	for (const [label, text] of [['Current password', current], ['New password', fresh],
		['New password once more', again]])
		await visitor.page.getByLabel(label, { exact: true }).pressSequentially(text);
}

/* UNCHECKED: not by the browser either, so that it is up to us. */
async function change(visitor, words, unchecked = false) {
	await visitor.go('/account');
	await type(visitor, words);
	if (unchecked)
		await visitor.page.evaluate(() => {
			for (const form of document.forms)
				form.noValidate = true;
		});
	await visitor.press('button', 'Change password');
}

async function refused(visitor) {
	for (const [words, text, name, focus] of [
		[['not my password', NEW, NEW], /current password is not right/, 'a wrong current password',
			'current'],
		[[PASSWORD, 'too short', 'too short'], /shorter than 15 characters/, 'a short one', 'new'],
		[[PASSWORD, 'password12345678', 'password12345678'], /too easy to guess/, 'an easy one', 'new'],
		[[PASSWORD, NEW, `${NEW}!`], /two new passwords differ/, 'two that differ', 'new'],
	]) {
		await change(visitor, words, true);
		like(await visitor.alert(), text, `${name}: the page says why it is refused`);
		is(await visitor.page.evaluate(() => document.activeElement.id), focus,
			`${name}: the focus is where it is to be mended`);
		is(await visitor.page.locator('input[type=password]').evaluateAll(
			(all) => all.map((input) => input.value).join('')), '', `${name}: and holds no password`);
	}
}

async function short(visitor) {
	await visitor.go('/account');
	await type(visitor, [PASSWORD, 'too short', 'too short']);
	await visitor.page.getByRole('button', { name: 'Change password' }).click();
	is(await visitor.page.locator('input:invalid').evaluateAll((all) => all.map((i) => i.id)),
		['new', 'again'], 'a short one: the browser says so before anything is sent');
	is(await visitor.page.getByRole('alert').count(), 0, 'indeed');
}

async function changed(visitor, other, name) {
	const before = await visitor.cookie();

	await change(visitor, [PASSWORD, NEW, NEW]);
	is(await visitor.sees(), `/account Your account, ${name}`, 'a good one is taken');
	like(await visitor.page.getByRole('status').textContent(), /password is changed/, 'the page says so');
	ok((await visitor.cookie()).value !== before.value, 'the session has a new id');
	is(await visitor.page.locator('.tiles h3').count(), 1, 'and is the only one');
	await other.go('/user');
	is(await other.at(), '/login?next=/user', 'the other device is out');
	await other.logIn(name);
	like(await other.alert(), /don’t fit together/, 'the old password is none any more');
	await other.logIn(name, { password: NEW });
	is(await other.sees(), `/user Welcome ${name}`, 'the new one is');
}

module.exports = async (site) => {
	const name = site.addUser('carol');
	const visitor = await Visitor.arrive(site, 'carol');
	const other = await Visitor.arrive(site, 'her other device');

	for (const each of [visitor, other]) {
		await each.go('/login?next=/account');
		await each.logIn(name);
	}
	await short(visitor);
	await refused(visitor);
	await changed(visitor, other, name);
	await visitor.leave();
	await other.leave();
};
