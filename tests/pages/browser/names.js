/* names.js: names in any script, and such as look like markup, are shown as they are. */
'use strict';

const { is } = require('./tap.js');
const { Visitor } = require('./visitor.js');

const NAMES = ['张三', "O'Brien", '<b>', '"><i>&amp;{{gate.store}}', 'Ðorđe Ćirić', 'ليلى', '😀',
	'm'.repeat(255)];

async function everywhere(visitor, name) {
	const short = name.length > 30 ? `${name.length} letters` : name;
	const { page } = visitor;
	const shown = [];

	await visitor.go('/login');
	await visitor.logIn(name);
	for (const path of ['/', '/user', '/counter', '/account', '/login', '/logout']) {
		await visitor.go(path);
		shown.push(await visitor.heading());
	}
	is(shown, [`Welcome ${name}`, `Welcome ${name}`, `Welcome ${name}, visit 1`,
		`Your account, ${name}`, `You are logged in as ${name}`, `Log out, ${name}?`],
	`${short}: shown as it is`);
	is(await page.locator('main b, main i').count(), 0, `${short}: no markup`);
	await visitor.go('/account');
	is(await page.locator('[autocomplete=username]').inputValue(), name,
		`${short}: the form that the password manager reads has it`);
	is(await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth), 0,
		`${short}: fits a phone`);
	await page.screenshot({ path: visitor.site.shot(`name-${NAMES.indexOf(name)}`), caret: 'initial' });
	await visitor.go('/logout');
	await visitor.press('button', 'Log out');
}

module.exports = async (site) => {
	const visitor = await Visitor.arrive(site, 'all kinds of names',
		{ viewport: { width: 360, height: 740 } });

	for (const name of NAMES)
		await everywhere(visitor, site.addUser(name));
	await visitor.go('/login');
	await visitor.logIn('"><script>alert(1)</script>', { password: 'whatever it is' });
	is(await visitor.page.getByLabel('Name').inputValue(), '"><script>alert(1)</script>',
		'a name that nobody has is kept as it is');
	await visitor.leave();
};
