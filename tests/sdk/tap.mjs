// SPDX-License-Identifier: Apache-2.0
// tap.mjs: what both drivers share: settings from stdin, TAP out, the node's hooks.
import assert from 'node:assert/strict';
import fs from 'node:fs';

export const settings = JSON.parse(fs.readFileSync(0, 'utf8'));
export const keys = settings.keys;
const base = `http://127.0.0.1:${settings.port}`;
let count = 0, failed = 0;

export async function check(name, run) {
	count++;
	try {
		await run();
		console.log(`ok ${count} - ${name}`);
	} catch (error) {
		failed++;
		console.log(`not ok ${count} - ${name}`);
		console.log(String(error && error.stack ? error.stack : JSON.stringify(error))
			.split('\n').map(line => `# ${line}`).join('\n'));
	}
}

export function done() {
	console.log(`1..${count}`);
	process.exit(failed === 0 ? 0 : 1);
}

export async function post(path, body) {
	const reply = await fetch(base + path, {
		method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
	});
	const text = await reply.text();
	return { status: reply.status, body: text.trim() === '' ? null : JSON.parse(text) };
}

// Two alike in one second would have one hash.
export const second = () => new Promise(resolve => setTimeout(resolve, 1100));

export async function get(path) {
	const reply = await fetch(base + path);
	return { status: reply.status, body: JSON.parse(await reply.text()) };
}

// The next block, a second later at least: the chain's time must rise.
export async function block() {
	const before = (await get('/chain/height')).body.height;
	for (let i = 0; i < 50; i++) {
		const reply = await post('/dev/blocks', { count: 1, pool: 'public' });
		if (reply.status === 200 && (await get('/chain/height')).body.height > before) {
			return;
		}
		await new Promise(resolve => setTimeout(resolve, 200));
	}
	assert.fail('no block in ten seconds');
}
