/* run.js: node run.js URL SHOTS GATE CONF [PART...]: the parts of the browser test, in this order, on
 * the site at URL. GATE is the gate command, CONF its gate.conf, SHOTS a folder for screenshots. */
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { chromium, request: playwright } = require('playwright-core');
const { ok } = require('./tap.js');
const { PASSWORD } = require('./visitor.js');

// looks comes last: it uses up what the address has of login tries
const PARTS = ['visits', 'login', 'names', 'back', 'devices', 'password', 'double', 'keyboard', 'plain',
	'strict', 'looks'];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync',
	'--disable-background-networking', '--disable-component-update'];

const [url, shots, gate, conf, ...chosen] = process.argv.slice(2);

const site = {
	url,
	visitors: new Set(),
	kinds: ['document'], // what its pages have reason to load
	browsers: [],
	shot: (name) => path.join(shots, `${name}.png`),
	/* Each part has users of its own, so that none feels the failed tries of another. */
	addUser(name) {
		const { status, stderr } = spawnSync(gate, ['user', 'add', name, '--stdin', '--config', conf],
			{ input: PASSWORD, encoding: 'utf8' });

		if (status !== 0)
			throw new Error(`gate user add ${name}: ${stderr}`);
		return name;
	},
	/* What has a window by the profile in that folder. */
	async profile(folder) {
		const context = await chromium.launchPersistentContext(folder, {
			executablePath: process.env.CHROMIUM, args: FLAGS, baseURL: url });

		return { newContext: () => context };
	},
	/* For requests without a browser. */
	request() {
		return playwright.newContext({ baseURL: url });
	},
	async launch(options = {}) {
		const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS,
			...options });

		this.browsers.push(browser);
		return browser;
	},
};

async function run(part) {
	try {
		await require(`./${part}.js`)(site);
	} catch (error) {
		ok(false, `${part}: goes on to its end`, error.stack);
	}
	for (const visitor of site.visitors) { // only a part that broke off leaves some
		await visitor.page.screenshot({ path: site.shot(`broken-${part}`), caret: 'initial' })
			.catch(() => {});
		await visitor.context.close();
	}
	site.visitors.clear();
}

(async () => {
	site.browser = await site.launch();
	console.log(`# Chromium ${site.browser.version()}`);
	for (const part of chosen.length > 0 ? chosen : PARTS) {
		const start = Date.now();

		await run(part);
		console.log(`# ${part}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
	}
	for (const browser of site.browsers)
		await browser.close();
	console.log('end');
})();
