/* look.js: a page, for a desk and for a phone, in light and in dark: what axe-core says, whether it
 * fits, and screenshots to be looked at. */
'use strict';

const axe = require('axe-core').source;
const { is } = require('./tap.js');

const SIZES = {
	desk: { viewport: { width: 1280, height: 800 } },
	phone: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true,
		deviceScaleFactor: 2 },
};
const SCHEMES = ['light', 'dark'];
const NARROW = 320; // CSS pixels, what WCAG 1.4.10 asks for
const FINGER = 44;
const TARGETS = 'button:not(details:not([open]) *), nav a, .site, summary, .choice label, ' +
	'input:not([hidden], [type=hidden], [type=checkbox])';

/* A form at FROM that none of our pages has. */
async function send(visitor, from, action) {
	await visitor.go(from);
	await visitor.page.evaluate((to) => {
		const form = Object.assign(document.createElement('form'), { method: 'post', action: to });

		form.innerHTML = '<button>Send</button>';
		document.body.append(form);
	}, visitor.site.url + action);
	await visitor.press('button', 'Send');
}

/* Playwright evaluates inside the page, where our policy forbids it; the debugger may. */
async function violations(page) {
	const session = await page.context().newCDPSession(page);
	const { result } = await session.send('Runtime.evaluate', {
		awaitPromise: true,
		expression: `${axe}; axe.run({ preload: false, rules: { 'target-size': { enabled: true } } })
			.then(({ violations, incomplete }) => [...violations, ...incomplete].map((rule) =>
				rule.id + ': ' + rule.nodes.map((node) => node.html).join(' ')).join('; '))`,
	});

	await session.detach();
	return result.value;
}

/* How far the page is wider than the window, at its own width and at NARROW. */
async function overflow(page, { width, height }, shot) {
	const by = (wanted) => page.evaluate((w) => document.scrollingElement.scrollWidth - w, wanted);
	const found = [await by(width)];

	await page.setViewportSize({ width: NARROW, height });
	found.push(await by(NARROW));
	await page.screenshot({ path: shot, fullPage: true, caret: 'initial' });
	await page.setViewportSize({ width, height });
	return found;
}

function smallTargets(page) {
	return page.locator(TARGETS).evaluateAll((all, finger) => all
		.filter((e) => e.getBoundingClientRect().height < finger)
		.map((e) => `${e.outerHTML.slice(0, 60)}: ${e.getBoundingClientRect().height}`), FINGER);
}

/* "dark" where light letters stand on dark ground, "light" for the other way round. */
function scheme(page) {
	return page.evaluate(() => {
		const light = (color) => color.match(/\d+/g).slice(0, 3).every((part) => part > 200);
		const dark = (color) => color.match(/\d+/g).slice(0, 3).every((part) => part < 70);
		const { color, backgroundColor } = getComputedStyle(document.body);

		if (light(color) && dark(backgroundColor))
			return 'dark';
		return dark(color) && light(backgroundColor) ? 'light' : `${color} on ${backgroundColor}`;
	});
}

async function look(visitor, name) {
	const { page, size } = visitor;

	for (const wanted of SCHEMES) {
		const title = `${name}, ${wanted}, ${size}`;

		await page.emulateMedia({ colorScheme: wanted });
		is(await violations(page), '', `${title}: axe finds nothing`);
		is(await scheme(page), wanted, `${title}: its colours`);
		await page.screenshot({ path: visitor.site.shot(`${name}-${wanted}-${size}`), fullPage: true,
			caret: 'initial' }); // without the caret Playwright would add a style, which our policy forbids
	}
	is(await page.locator('script, [style]').count(), 0, `${name}, ${size}: no scripts, no styles inline`);
	if (size === 'phone') {
		is(await overflow(page, SIZES.phone.viewport,
			visitor.site.shot(`${name}-narrow`)), [0, 0], `${name}, phone: nothing is cut off`);
		is(await smallTargets(page), [], `${name}, phone: all there is to press is ${FINGER} pixels high`);
	}
}

module.exports = { look, send, SIZES };
