/* together.js: sequences in which gate and Node take turns on one session: each reads what the other
 * wrote, Node never fails, and nothing is lost, brought back or changed on the way. */
'use strict';

const assert = require('node:assert');

const { ask, cookieOf } = require('./sides.js');
const { cookies, idOf, rollerOf, steps, together: kinds } = require('./steps.js');

const CREEP = 100; // ms that originalMaxAge may lack

const again = (value) => JSON.parse(JSON.stringify(value)); // as a record holds it: no -0

/* What a step makes of a session's members, as JavaScript shows them. */
function wanted(step, before) {
	const members = structuredClone(before);
	const visit = { views: (members.views || 0) + 1 };

	switch (step.kind) {
	case 'count':
	case 'mend':
	case 'commit':
		return Object.assign(members, visit);
	case 'set':
		return Object.assign(members, { [step.name]: again(JSON.parse(step.value)) });
	case 'put':
		return Object.assign(members, step.members);
	case 'inside':
		if (members[step.name] !== null && typeof members[step.name] === 'object')
			members[step.name][step.member] = again(JSON.parse(step.value));
		return members;
	case 'unset':
		delete members[step.name];
		return members;
	case 'maxage':
		return step.mark === undefined ? members : Object.assign(members, { mark: step.mark });
	case 'clear':
		return {};
	case 'regenerate':
		return { views: 1 };
	default:
		return members;
	}
}

const writes = ['count', 'mend', 'commit', 'set', 'put', 'regenerate'];

/* Those of the members that the step did not name: gate leaves them byte for byte. */
function others(step, typed) {
	const named = [step.name, 'views', 'mark', ...Object.keys(step.members || {})];

	return Object.fromEntries(
		Object.entries(JSON.parse(typed)).filter(([name]) => !named.includes(name)));
}

function checkBody(step, answer, members, odd) {
	if (step.method === 'HEAD')
		return;
	if (['count', 'commit', 'regenerate'].includes(step.kind))
		assert.strictEqual(answer.text, `visit ${members.views}`);
	else if (['show', 'set', 'put', 'inside', 'unset', 'clear'].includes(step.kind) && !odd)
		assert.deepStrictEqual(JSON.parse(answer.text), members);
}

function checkDocument(step, side, before, after) {
	if (side === 'node' && step.kind === 'odd')
		return; // it is what it is
	assert.deepStrictEqual(after.shown, wanted(step, before?.shown || {}), 'the members');
	if (before === undefined || ['clear', 'regenerate'].includes(step.kind))
		return;
	if (side === 'gate')
		assert.deepStrictEqual(others(step, after.members), others(step, before.members),
			'what was not changed');
	if (step.kind !== 'renew')
		assert.strictEqual(after.beside, before.beside, 'the fields beside the session');
	if (before.created !== undefined && (step.kind !== 'renew' || side === 'gate'))
		assert.strictEqual(after.created, before.created, 'when the session began');
	if (step.kind === 'maxage' && step.mark !== undefined)
		assert(Math.abs((after.age || 0) - step.ms) <= CREEP, `originalMaxAge is ${after.age}`);
}

async function take(world, own, step, trace, odd) {
	if (step.event !== undefined)
		await world.stored.happen([idOf(own)], step.event, ...step.more);

	step.cookie = step.cookie === 'old secret' && own !== undefined ? step.cookie : 'own';

	const { header } = cookies[step.cookie](own, world);
	const [before] = await world.stored.read([idOf(own)]);

	if (step.kind === 'mend')
		await world.stored.happen([idOf(own)], 'hurt', step.hurt);

	const answer = await ask(world[step.side], step, header);

	Object.assign(trace, { step, sent: { header }, before, answer });
	assert.strictEqual(answer.status, 200, `status ${answer.status}`);

	const { what, value } = cookieOf(answer, world);
	const now = what === 'none' ? own : value || undefined;
	const [old, after] = await world.stored.read([idOf(own), idOf(now)]);

	if (now !== undefined)
		world.known.add(idOf(now));
	Object.assign(trace, { what, after });
	if (step.kind === 'destroy') {
		assert.strictEqual(old, undefined, 'what was destroyed');
		return now;
	}
	if (idOf(now) !== idOf(own))
		assert.strictEqual(old, undefined, 'the record of the id before');
	assert(after !== undefined || (before === undefined && !writes.includes(step.kind)), 'a record');
	if (after !== undefined)
		checkDocument(step, step.side, before, after);
	checkBody(step, answer, after?.shown || {}, odd);
	if (step.kind === 'save' && step.side === 'node' && before === undefined &&
		!world.options.uninitialized)
		world.orphans++;
	return now;
}

async function together(world, number, trace) {
	const roll = rollerOf(world.seed, number);
	let own, odd = false;

	for (const step of steps(roll, kinds)) {
		step.side = step.kind === 'odd' || roll(2) === 0 ? 'node' : 'gate';
		if (step.kind === 'mend')
			step.side = 'gate';
		if (odd && step.side === 'gate' && ['clear', 'regenerate'].includes(step.kind))
			continue; // the page empties what it sees, and that is not all
		odd = odd || step.kind === 'odd';
		trace.push({});
		own = await take(world, own, step, trace.at(-1), odd);
	}
}

module.exports = { together };
