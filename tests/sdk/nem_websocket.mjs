// SPDX-License-Identifier: Apache-2.0
// nem_websocket.mjs: every call of nem-sdk's own WebSocket connector (nem.com.websockets) against
// kuramori-node: what is subscribed to arrives, and says what the REST interface says.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { settings, keys, check, done, block, post, get } from './tap.mjs';

const nem = createRequire(settings.sdk + '/')('nem-sdk').default;
const { requests, websockets } = nem.com;
const endpoint = nem.model.objects.create('endpoint')('http://127.0.0.1', settings.port);
const pushed = nem.model.objects.create('endpoint')('http://127.0.0.1', settings.websocket);
const TESTNET = nem.model.network.data.testnet.id;
const common = who => nem.model.objects.create('common')('', keys[who].private);
const XEM = 1000000;
const UNCONFIRMED_HEIGHT = 2 ** 53 - 1;

// What arrived on each channel, and who waits for the next of it.
const inbox = new Map(), waiting = new Map();
const put = name => message => {
	const next = (waiting.get(name) ?? []).shift();
	if (next !== undefined) {
		next(message);
	} else {
		inbox.set(name, [...(inbox.get(name) ?? []), message]);
	}
};
const take = name => new Promise((resolve, reject) => {
	const there = inbox.get(name) ?? [];
	if (there.length > 0) {
		resolve(there.shift());
		return;
	}
	const timer = setTimeout(() => reject(new Error(`nothing on ${name} in ten seconds`)), 10000);
	waiting.set(name, [...(waiting.get(name) ?? []), message => {
		clearTimeout(timer);
		resolve(message);
	}]);
});

async function send(who, kind, tx) {
	const entity = nem.model.transactions.prepare(kind)(common(who), tx, TESTNET);
	const answer = await nem.model.transactions.send(common(who), entity, endpoint);
	assert.equal(answer.message, 'SUCCESS');
	return answer;
}

const transfer = (to, amount) => nem.model.objects.create('transferTransaction')(keys[to].address, amount, '');

// As people write addresses: the connector takes the hyphens out.
const connector = websockets.connector.create(pushed, keys.A.address.replace(/(.{6})/g, '$1-'));

await check('connects', async () => {
	assert.equal(await connector.connect(), true);
	assert.equal(connector.stompClient.connected, true);
	assert.equal(connector.socket.transport, 'websocket');
});

await check('everything is subscribed to', async () => {
	const { account, chain, errors } = websockets.subscribe;
	chain.height(connector, put('height'));
	chain.blocks(connector, put('blocks'));
	errors(connector, put('errors'));
	account.data(connector, put('account'));
	account.transactions.recent(connector, put('recent'));
	account.transactions.confirmed(connector, put('confirmed'));
	account.transactions.unconfirmed(connector, put('unconfirmed'));
	account.mosaics.owned(connector, put('mosaics'));
	account.mosaics.definitions(connector, put('definitions'));
	account.namespaces.owned(connector, put('namespaces'));
	account.transactions.confirmed(connector, put('confirmed B'), keys.B.address);
	websockets.requests.account.data(connector, keys.B.address);
});

await check('account data', async () => {
	websockets.requests.account.data(connector);
	assert.deepEqual(await take('account'), await requests.account.data(endpoint, keys.A.address));
});

await check('a transfer: unconfirmed, then the height, the block, confirmed, the balance', async () => {
	const answer = await send('A', 'transferTransaction', transfer('B', 3));
	const unconfirmed = await take('unconfirmed');
	assert.deepEqual(unconfirmed.meta, { innerHash: {}, id: 0, height: UNCONFIRMED_HEIGHT,
		hash: answer.transactionHash });
	assert.equal(unconfirmed.transaction.amount, 3 * XEM);
	await block();
	const { height } = await take('height');
	assert.equal(height, (await requests.chain.height(endpoint)).height);
	assert.deepEqual(await take('blocks'), await requests.chain.blockByHeight(endpoint, height));
	const confirmed = await take('confirmed');
	assert.deepEqual(confirmed, { ...unconfirmed, meta: { ...unconfirmed.meta, height } });
	assert.deepEqual(await take('confirmed B'), confirmed);
	assert.deepEqual(await take('account'), await requests.account.data(endpoint, keys.A.address));
});

await check('recent transactions', async () => {
	websockets.requests.account.transactions.recent(connector);
	assert.deepEqual(await take('recent'), await requests.account.transactions.all(endpoint, keys.A.address));
});

await check('namespaces, mosaics and their definitions: by a block and when asked', async () => {
	const root = nem.model.objects.get('namespaceProvisionTransaction');
	root.namespaceName = 'pushed';
	await send('A', 'namespaceProvisionTransaction', root);
	await block();
	const namespace = await requests.namespace.info(endpoint, 'pushed');
	assert.deepEqual(await take('namespaces'), namespace);
	const tx = nem.model.objects.get('mosaicDefinitionTransaction');
	tx.namespaceParent = { fqn: 'pushed' };
	tx.mosaicName = 'lead';
	tx.mosaicDescription = 'pushed lead';
	tx.properties = { divisibility: 0, initialSupply: 9, supplyMutable: true, transferable: true };
	await send('A', 'mosaicDefinitionTransaction', tx);
	await block();
	const { data: owned } = await requests.account.mosaics.owned(endpoint, keys.A.address);
	const { data: defined } = await requests.account.mosaics.allDefinitions(endpoint, keys.A.address);
	const expect = async () => {
		for (const mosaic of owned) {
			assert.deepEqual(await take('mosaics'), mosaic);
		}
		for (const mosaicDefinition of defined) {
			const { supply } = mosaicDefinition.id.name === 'xem' ? { supply: 8999999999 }
				: await requests.mosaic.supply(endpoint, 'pushed:lead');
			assert.deepEqual(await take('definitions'), { mosaicDefinition, supply });
		}
	};
	assert.equal(owned.length, 2);
	await expect();
	websockets.requests.account.mosaics.owned(connector);
	websockets.requests.account.mosaics.definitions(connector);
	websockets.requests.account.namespaces.owned(connector);
	await expect();
	assert.deepEqual(await take('namespaces'), namespace);
});

await check('after a rollback lower heights come again', async () => {
	const { height } = await requests.chain.height(endpoint);
	inbox.set('height', []);
	assert.equal((await post('/dev/rollback', { blocks: 1 })).status, 200);
	await block();
	assert.deepEqual(await take('height'), { height });
	assert.equal((await get('/chain/height')).body.height, height);
});

await check('an error for what is no address', async () => {
	websockets.requests.account.data(connector, 'NOT-AN-ADDRESS');
	const error = await take('errors');
	assert.equal(error.message, 'address must be valid');
	assert.equal(error.status, 400);
});

await check('disconnects, connects again, closes', async () => {
	await new Promise(resolve => connector.stompClient.disconnect(resolve));
	assert.equal(connector.stompClient.connected, false);
	const again = websockets.connector.create(pushed, keys.B.address);
	assert.equal(await again.connect(), true);
	const { socket } = again;
	again.close();
	const end = await new Promise(resolve => { socket.onclose = resolve; });
	assert.deepEqual([end.code, end.wasClean], [1000, true]);
});

await check('a port where nobody listens is an error', async () => {
	const nowhere = nem.model.objects.create('endpoint')('http://127.0.0.1', settings.port);
	await assert.rejects(websockets.connector.create(nowhere, keys.A.address).connect(),
		reason => reason === 'Connection failed!');
});

done();
