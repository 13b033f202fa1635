/* differential.js: the same random sequences of requests to gate and to Node, on one collection:
 *	node differential.js MONGODB NGINX RUN-FOLDER SECRET-FILE SEQUENCES TOGETHER SEED/ONLY
 *	    CONFIGURATION...
 * SEQUENCES of them drive both with a session each, and after every step all that can be seen of
 * them must be the same, but for what differences.js lists. In TOGETHER others both take turns on one
 * session. ONLY: the number of the one sequence to run, or -. A CONFIGURATION is
 * "NAME FORM TOUCH-AFTER MAX-AGE [FLAG...]", in seconds; gate is at NGINX/NAME/, Node listens at
 * RUN-FOLDER/node-NAME.sock, and their database is NAME's of MONGODB, in which % stands for it. */
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');

const { main } = require('./visitor.js');
const { agent, ask, cookieOf } = require('./sides.js');
const { Stored } = require('./stored.js');
const { CREEP, differences } = require('./differences.js');
const { DAY, alone, cookies, idOf, kinds, rollerOf, steps } = require('./steps.js');
const { together } = require('./together.js');

const LANES = 12;
const CLOCK = 10000; // ms between the two sides' looks at it
const FAILURES_SHOWN = 3;
const FIRST_TOGETHER = 1000000;

/* ---- what is compared */

const asJson = ['show', 'set', 'put', 'inside', 'unset', 'clear', 'undo'];
const asText = ['count', 'regenerate', 'commit', 'nothing'];

/* How a number is written does not count, nor how JavaScript orders names. */
function bodyOf({ kind, method }, { status, text }) {
	if (status !== 200 || method === 'HEAD')
		return '';
	if (asJson.includes(kind))
		return JSON.stringify(JSON.parse(text));
	return asText.includes(kind) ? text : '';
}

function near(ours, nodes, what, most = CLOCK) {
	const apart = Math.abs(ours - nodes);

	assert(ours === nodes || (ours !== null && nodes !== null && apart <= most),
		`${what}: ${ours}, Node ${nodes}`);
}

function sameDocument(ours, nodes) {
	if (ours === undefined || nodes === undefined)
		return assert.strictEqual(ours, nodes, 'the document');
	['expires', 'touched', 'until', 'created'].forEach((name) => near(ours[name], nodes[name], name));
	near(ours.age, nodes.age, 'originalMaxAge', CREEP);
	['isText', 'members', 'exact', 'attributes', 'beside'].forEach((name) =>
		assert.strictEqual(ours[name], nodes[name], name));
	if (nodes.canonical !== undefined)
		assert(ours.canonical, 'the text is not as JavaScript would write it');
}

function same(ours, nodes) {
	assert.strictEqual(ours.status, nodes.status, 'status');
	assert.strictEqual(ours.body, nodes.body, 'body');
	near(ours.cookie.expires, nodes.cookie.expires, "the cookie's Expires");
	['what', 'attributes', 'fresh'].forEach((name) =>
		assert.strictEqual(ours.cookie[name], nodes.cookie[name], `Set-Cookie: ${name}`));
	assert.strictEqual(Boolean(ours.cookie.aged), Boolean(nodes.cookie.aged), 'Set-Cookie: Max-Age');
	sameDocument(ours.document, nodes.document);
	assert.deepStrictEqual(ours.left, nodes.left, 'what became of the documents before');
}

/* ---- one step */

/* What gate is meant to have done where Node did `expected`; the lines that say so are counted. */
function intend(seen, expected, used) {
	let apart = false;

	for (const line of differences) {
		if (line.when === undefined || !line.when({ ...seen, expected }))
			continue;

		const intended = { ...expected, ...line.instead({ ...seen, expected }) };

		try {
			same(intended, expected);
			if (intended.document?.canonical === expected.document?.canonical)
				continue; // as Node does
		} catch {
			/* the line has something to say */
		}
		expected = intended;
		used.set(line, (used.get(line) || 0) + 1);
		apart = apart || line.apart === true;
	}
	return { expected, apart };
}

/* Another session of both sides, begun after the visitor's. */
async function newerVisitor(world, visitor) {
	const [own] = await world.stored.read([idOf(visitor.gate)]);

	while (own !== undefined && Date.now() <= own.created)
		await new Promise(setImmediate);

	const [ours, nodes] = await Promise.all(
		[world.gate, world.node].map((side) => ask(side, { path: 'count' })));
	const other = { gate: cookieOf(ours, world).value, node: cookieOf(nodes, world).value };

	[other.gate, other.node].forEach((value) => world.known.add(idOf(value)));
	return other;
}

/* What each side is sent; who has no cookie can send none of his own. */
async function prepare(world, visitor, step) {
	const able = alone.includes(step.cookie) ||
		(visitor.gate !== undefined && visitor.node !== undefined &&
			(step.cookie !== 'previous' || visitor.previous !== undefined));
	const cookie = able ? step.cookie : 'own';
	const other = cookie === 'older, newer' ? await newerVisitor(world, visitor) : {};
	const make = (side) => cookies[cookie](visitor[side],
		{ secrets: world.secrets, other: other[side], previous: visitor.previous?.[side] });
	const sent = { gate: make('gate'), node: make('node') };

	sent.node.header = sent.node.node || sent.node.header;
	sent.renewed = cookie === 'previous' && visitor.previous.how === 'renewed';
	return sent;
}

/* What one side did. */
async function outcome(world, step, own, sent, answer, before) {
	const cookie = cookieOf(answer, world);
	const ids = [idOf(sent.sees), idOf(own), cookie.value ? idOf(cookie.value) : undefined];
	const fresh = cookie.what === 'set' && ids[2] !== ids[0];
	const [seen, mine, made] = await world.stored.read(ids);

	ids.forEach((id) => id !== undefined && world.known.add(id));
	if (ids[1] !== ids[0])
		assert.deepStrictEqual(mine, before.mine, "the document of the visitor's own cookie changed");
	return {
		status: answer.status, body: bodyOf(step, answer),
		cookie: { ...cookie, fresh: cookie.what === 'set' ? fresh : undefined },
		document: fresh ? made : seen,
		left: fresh && seen !== undefined ? 'there' : 'gone',
	};
}

/* What the browser has then. */
function next(own, sent, { cookie }) {
	if (cookie.what === 'none')
		return sent.why === 'the newer of two' ? sent.sees : own;
	return cookie.value || undefined;
}

async function take(world, visitor, step, used, trace) {
	if (step.event !== undefined)
		await world.stored.happen([idOf(visitor.gate), idOf(visitor.node)], step.event, ...step.more);

	const sent = await prepare(world, visitor, step);
	const [ours, theirs, mine, nodesMine] = await world.stored.read(
		[sent.gate.sees, sent.node.sees, visitor.gate, visitor.node].map(idOf));
	const now = Date.now();
	const answers = await Promise.all([ask(world.gate, step, sent.gate.header),
		ask(world.node, step, sent.node.header)]);

	Object.assign(trace, { step, sent, before: ours, answers });
	assert.strictEqual(answers[1].status, 200, "Node's status");

	// gate's destroy ends all sessions that the request shows, the older one too
	const ends = step.kind === 'destroy' && sent.gate.why === 'the newer of two';
	const gate = await outcome(world, step, visitor.gate, sent.gate, answers[0],
		{ mine: ends ? undefined : mine });
	const node = await outcome(world, step, visitor.node, sent.node, answers[1], { mine: nodesMine });
	const seen = {
		...step, options: world.options, before: ours, theirs, now,
		sent: sent.gate.sent, old: sent.gate.old, renewed: sent.renewed,
	};
	const { expected, apart } = intend(seen, node, used);

	Object.assign(trace, { gate, node, expected });
	same(gate, expected);
	if (sent.gate.why !== undefined) {
		const line = differences.find(({ name }) => name === sent.gate.why);

		used.set(line, (used.get(line) || 0) + 1);
	}
	if (step.kind === 'save' && ours === undefined && !world.options.uninitialized)
		world.orphans++; // Node's save() stores what nobody has a cookie for
	return settle(world, visitor, step, { sent, gate, node, apart, before: ours });
}

/* The visitor of the next step: where the two sides are apart, both go on from ours, or anew. */
async function settle(world, visitor, step, { sent, gate, node, apart, before }) {
	const after = {
		gate: next(visitor.gate, sent.gate, gate), node: next(visitor.node, sent.node, node),
		previous: visitor.previous,
	};
	const how = { renew: 'renewed', regenerate: 'renewed', destroy: 'destroyed' }[step.kind];

	if (how !== undefined && before !== undefined)
		after.previous = { gate: sent.gate.sees, node: sent.node.sees, how };
	if (!apart)
		return after;
	if (sent.renewed)
		return {};

	const [ours, nodes] = [idOf(after.gate), idOf(after.node)];
	const [there, here] = await world.stored.read([ours, nodes]);

	if (there !== undefined && here !== undefined)
		await world.stored.copy(ours, nodes);
	else if (there !== here)
		return {};
	return after;
}

/* ---- sequences */

async function apart(world, number, trace, used) {
	const roll = rollerOf(world.seed, number);
	let visitor = {};

	for (const step of steps(roll, kinds)) {
		trace.push({});
		visitor = await take(world, visitor, step, used, trace.at(-1));
	}
}

function describe(trace) {
	const line = ({ step = {} }, i) => [i, step.event || '', step.more || '', step.side || '',
		step.method, `/${step.path}`, 'with', step.cookie].join(' ');
	const { step, ...rest } = trace.at(-1) || {};

	return [...trace.map(line), ...Object.entries(rest).map(
		([name, value]) => `   ${name}: ${JSON.stringify(value)}`)];
}

async function lane(worlds, numbers, run, state) {
	for (let number = numbers.pop(); number !== undefined; number = numbers.pop()) {
		const trace = [];
		const world = worlds[number % worlds.length];

		try {
			await run(world, number, trace, state.used);
			state.steps += trace.length;
		} catch (error) {
			if (state.failed++ < FAILURES_SHOWN)
				console.log([`sequence ${world.seed}/${number} (${world.options.name}): ${error.message}`,
					...describe(trace)].join('\n').replace(/^/gm, '# '));
		}
	}
}

async function runAll(what, worlds, numbers, run) {
	const state = { used: new Map(), steps: 0, failed: 0 };
	const count = numbers.length;

	await Promise.all(Array.from({ length: LANES }, () => lane(worlds, numbers, run, state)));
	console.log(`${state.failed === 0 ? 'ok' : 'not ok'} - ` +
		`${count} sequences${what}, ${state.steps} steps, ${state.failed} failed`);
	return state;
}

/* ---- the configurations */

function optionsOf(text) {
	const [name, form, touchAfter, age, ...flags] = text.split(' ');
	const attributes = flags.includes('attributes')
		? 'Path=/; Priority=High; SameSite=Lax' : 'Path=/; HttpOnly; SameSite=Lax';

	return {
		name, form, attributes, ttl: 14 * DAY, touchAfter: touchAfter * 1000,
		age: age === '0' ? null : age * 1000, rolling: flags.includes('rolling'),
		resave: flags.includes('resave'), uninitialized: flags.includes('uninitialized'),
	};
}

async function openWorld(text, { mongodb, nginx, folder, secrets, seed }) {
	const options = optionsOf(text);
	const { hostname, port } = new URL(nginx);

	return {
		options, secrets, seed,
		stored: await Stored.open(mongodb.replace('%', options.name)),
		gate: { host: hostname, port, folder: `/${options.name}/` },
		node: { socketPath: `${folder}/node-${options.name}.sock`, folder: '/' },
		known: new Set(), orphans: 0,
	};
}

/* Documents that no browser has a cookie for: gate makes none. */
async function countOrphans(world) {
	const { gate, node } = await world.stored.orphans(world.known);

	console.log(`${gate === 0 && node === world.orphans ? 'ok' : 'not ok'} - ` +
		`${world.options.name}: gate left ${gate} documents to nobody, ` +
		`Node one for each save() of nothing (${world.orphans}, found ${node})`);
	await world.stored.close();
}

main(async (mongodb, nginx, folder, secret, count, more, which, ...configurations) => {
	const [seed, only] = which.split('/');
	const secrets = fs.readFileSync(secret, 'utf8').split('\n').filter((line) => line);
	const common = { mongodb, nginx, folder, secrets, seed: Number(seed) };
	const worlds = await Promise.all(configurations.map((text) => openWorld(text, common)));
	const numbers = (from, n) => only === '-'
		? Array.from({ length: n }, (_, i) => from + i).reverse()
		: [Number(only)].filter((i) => (i >= FIRST_TOGETHER) === (from === FIRST_TOGETHER));

	const { used } = await runAll(' apart', worlds, numbers(0, Number(count)), apart);
	await runAll(' together', worlds, numbers(FIRST_TOGETHER, Number(more)), together);
	await Promise.all(worlds.map(countOrphans));
	differences.forEach((line) => console.log(`met ${used.get(line) || 0} ${line.why}`));
	agent.destroy();
});
