// SPDX-License-Identifier: Apache-2.0
// nem_sdk.mjs: every call of nem-sdk 1.6.11 that a wallet makes, against kuramori-node.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { settings, keys, check, done, block, second } from './tap.mjs';

const nem = createRequire(settings.sdk + '/')('nem-sdk').default;
const { requests } = nem.com;
const endpoint = nem.model.objects.create('endpoint')('http://127.0.0.1', settings.port);
const TESTNET = nem.model.network.data.testnet.id;
const common = who => nem.model.objects.create('common')('', keys[who].private);
const XEM = 1000000;

// Prepared, signed and announced as the SDK does it; the answer must be SUCCESS.
async function send(who, kind, tx, want = 'SUCCESS') {
	const entity = nem.model.transactions.prepare(kind)(common(who), tx, TESTNET);
	return sendEntity(who, entity, want);
}

async function sendEntity(who, entity, want = 'SUCCESS') {
	const answer = await nem.model.transactions.send(common(who), entity, endpoint);
	assert.equal(answer.message, want);
	assert.equal(answer.type, 1);
	return answer;
}

const balance = async who => (await requests.account.data(endpoint, keys[who].address)).account.balance;
const owned = async (who, name) => {
	const list = (await requests.account.mosaics.owned(endpoint, keys[who].address)).data;
	const found = list.find(m => `${m.mosaicId.namespaceId}:${m.mosaicId.name}` === name);
	return found === undefined ? 0 : found.quantity;
};

function transfer(to, amount, message = '') {
	return nem.model.objects.create('transferTransaction')(keys[to].address, amount, message);
}

await check('heartbeat, time, height, last block, block by height', async () => {
	assert.deepEqual(await requests.endpoint.heartbeat(endpoint), { code: 1, type: 2, message: 'ok' });
	const time = await requests.chain.time(endpoint);
	assert.ok(Math.abs(time.receiveTimeStamp / 1000 - nem.utils.helpers.createNEMTimeStamp()) < 8);
	assert.equal((await requests.chain.height(endpoint)).height, 1);
	const first = await requests.chain.blockByHeight(endpoint, 1);
	assert.equal(first.type, -1);
	assert.deepEqual(first, await requests.chain.lastBlock(endpoint));
	assert.equal(first.transactions.length, 7);
});

let paid;
await check('a transfer with a message, from announcement to block', async () => {
	paid = await send('A', 'transferTransaction', transfer('B', 10.5, 'deposit 42'));
	const waiting = await requests.account.transactions.unconfirmed(endpoint, keys.B.address);
	assert.equal(waiting.data.length, 1);
	assert.equal(waiting.data[0].transaction.amount, 10.5 * XEM);
	await block();
	assert.equal(await balance('B'), 1000010.5 * XEM);
	const found = await requests.transaction.byHash(endpoint, paid.transactionHash.data);
	assert.equal(found.meta.height, 2);
	assert.equal(Buffer.from(found.transaction.message.payload, 'hex').toString(), 'deposit 42');
	for (const list of ['incoming', 'all']) {
		const data = (await requests.account.transactions[list](endpoint, keys.B.address)).data;
		assert.equal(data[0].meta.hash.data, paid.transactionHash.data, list);
	}
	const out = (await requests.account.transactions.outgoing(endpoint, keys.A.address)).data;
	assert.equal(out[0].transaction.type, 257);
	assert.equal((await requests.account.transactions.unconfirmed(endpoint, keys.B.address)).data.length, 0);
});

await check('what cannot be paid is answered with a code, not an error', async () => {
	await send('B', 'transferTransaction', transfer('A', 5000000), 'FAILURE_INSUFFICIENT_BALANCE');
});

await check('accounts: by address, by key, forwarded, in a batch', async () => {
	const a = await requests.account.data(endpoint, keys.A.address);
	assert.equal(a.account.publicKey, keys.A.public);
	assert.deepEqual(await requests.account.dataFromPublicKey(endpoint, keys.A.public), a);
	const batch = await requests.account.batchData(endpoint,
		[keys.A.address, keys.B.address]);
	assert.equal(batch.data.length, 2);
	assert.deepEqual(batch.data[0], a);
});

await check('an encrypted message, read by its recipient', async () => {
	const tx = transfer('B', 1, 'between us');
	tx.encryptMessage = true;
	tx.messageType = 2;
	tx.recipientPublicKey = keys.B.public;
	const answer = await send('A', 'transferTransaction', tx);
	await block();
	const { transaction } = await requests.transaction.byHash(endpoint, answer.transactionHash.data);
	assert.equal(transaction.message.type, 2);
	const plain = nem.crypto.helpers.decode(keys.B.private, keys.A.public, transaction.message.payload);
	assert.equal(Buffer.from(plain, 'hex').toString(), 'between us');
});

await check('a root namespace and one below it', async () => {
	const root = nem.model.objects.get('namespaceProvisionTransaction');
	root.namespaceName = 'alice';
	await send('A', 'namespaceProvisionTransaction', root);
	await block();
	const info = await requests.namespace.info(endpoint, 'alice');
	assert.equal(info.owner, keys.A.address);
	const sub = nem.model.objects.get('namespaceProvisionTransaction');
	sub.namespaceName = 'vouchers';
	sub.namespaceParent = { fqn: 'alice' };
	await send('A', 'namespaceProvisionTransaction', sub);
	await second();
	await send('A', 'namespaceProvisionTransaction', root, 'FAILURE_NAMESPACE_PROVISION_TOO_EARLY');
	await block();
	assert.equal((await requests.namespace.roots(endpoint)).data[0].namespace.fqn, 'alice');
	const mine = (await requests.account.namespaces.owned(endpoint, keys.A.address)).data;
	assert.deepEqual(mine.map(n => n.fqn).sort(), ['alice', 'alice.vouchers']);
});

let gold;
await check('a mosaic with a levy, its definition and supply', async () => {
	const tx = nem.model.objects.get('mosaicDefinitionTransaction');
	tx.namespaceParent = { fqn: 'alice.vouchers' };
	tx.mosaicName = 'gold';
	tx.mosaicDescription = 'with a levy';
	tx.properties = { divisibility: 2, initialSupply: 1000, supplyMutable: true, transferable: true };
	tx.levy = { mosaic: { namespaceId: 'nem', name: 'xem' }, address: keys.Z.address, feeType: 1, fee: 7 };
	await send('A', 'mosaicDefinitionTransaction', tx);
	await block();
	gold = (await requests.namespace.mosaicDefinitions(endpoint, 'alice.vouchers')).data[0].mosaic;
	assert.equal(gold.creator, keys.A.public);
	assert.equal(gold.levy.recipient, keys.Z.address);
	assert.equal((await requests.mosaic.supply(endpoint, 'alice.vouchers:gold')).supply, 1000);
	assert.equal(await owned('A', 'alice.vouchers:gold'), 100000);
	const defined = (await requests.account.mosaics.definitions(endpoint, keys.A.address)).data;
	assert.deepEqual(defined, [gold]);
	assert.equal((await requests.account.mosaics.allDefinitions(endpoint, keys.A.address)).data.length, 2);
});

await check('a transfer of mosaics: multiplied, with its levy', async () => {
	const pairs = nem.model.objects.get('mosaicDefinitionMetaDataPair');
	pairs['nem:xem'].supply = 8999999999; // the SDK leaves that to the wallet
	pairs['alice.vouchers:gold'] = { mosaicDefinition: gold, supply: 1000 };
	const tx = transfer('B', 2);
	tx.mosaics = [
		nem.model.objects.create('mosaicAttachment')('alice.vouchers', 'gold', 150),
		nem.model.objects.create('mosaicAttachment')('nem', 'xem', 3 * XEM),
	];
	const before = { a: await balance('A'), b: await balance('B'), z: await balance('Z') };
	const entity = nem.model.transactions.prepare('mosaicTransferTransaction')(common('A'), tx, pairs, TESTNET);
	await sendEntity('A', entity);
	await block();
	assert.equal(await owned('B', 'alice.vouchers:gold'), 300);
	assert.equal(await balance('B'), before.b + 6 * XEM);
	assert.equal(await balance('Z'), before.z + 7);
	assert.equal(await balance('A'), before.a - 6 * XEM - 7 - entity.fee);
});

await check('more of the mosaic', async () => {
	const tx = nem.model.objects.get('mosaicSupplyChangeTransaction');
	tx.mosaic = { namespaceId: 'alice.vouchers', name: 'gold' };
	tx.supplyType = 1;
	tx.delta = 50;
	await send('A', 'mosaicSupplyChangeTransaction', tx);
	await block();
	assert.equal((await requests.mosaic.supply(endpoint, 'alice.vouchers:gold')).supply, 1050);
	assert.equal(await owned('A', 'alice.vouchers:gold'), 100000 - 300 + 5000);
});

await check('importance lent to a remote account', async () => {
	const tx = { remoteAccount: keys.R.public, mode: 1, isMultisig: false };
	await send('X', 'importanceTransferTransaction', tx);
	await block();
	const x = await requests.account.data(endpoint, keys.X.address);
	assert.equal(x.meta.remoteStatus, 'ACTIVATING');
	assert.equal((await requests.account.forwarded(endpoint, keys.R.address)).account.address, keys.X.address);
});

await check('an account becomes 2-of-3', async () => {
	const tx = nem.model.objects.get('multisigAggregateModification');
	tx.modifications = ['A', 'B', 'C'].map(who =>
		nem.model.objects.create('multisigCosignatoryModification')(1, keys[who].public));
	tx.relativeChange = 2;
	await send('M', 'multisigAggregateModificationTransaction', tx);
	await block();
	const m = await requests.account.data(endpoint, keys.M.address);
	assert.deepEqual(m.account.multisigInfo, { cosignatoriesCount: 3, minCosignatories: 2 });
	assert.deepEqual(m.meta.cosignatories.map(c => c.address).sort(),
		['A', 'B', 'C'].map(who => keys[who].address).sort());
	const a = await requests.account.data(endpoint, keys.A.address);
	assert.equal(a.meta.cosignatoryOf[0].address, keys.M.address);
	await send('M', 'transferTransaction', transfer('B', 1), 'FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG');
});

await check('proposed, found by the cosigner, cosigned, mined', async () => {
	const tx = transfer('Y', 1000);
	tx.isMultisig = true;
	tx.multisigAccount = { publicKey: keys.M.public };
	const proposed = await send('A', 'transferTransaction', tx);
	const waiting = (await requests.account.transactions.unconfirmed(endpoint, keys.B.address)).data;
	assert.equal(waiting.length, 1);
	assert.equal(waiting[0].meta.data, proposed.innerTransactionHash.data);
	assert.equal(waiting[0].transaction.signatures.length, 0);
	const cosignature = nem.model.objects.create('signatureTransaction')(keys.M.address, waiting[0].meta.data);
	await send('B', 'signatureTransaction', cosignature);
	await block();
	assert.equal(await balance('Y'), 1001000 * XEM);
	const out = (await requests.account.transactions.outgoing(endpoint, keys.M.address)).data[0];
	assert.equal(out.transaction.type, 4100);
	assert.equal(out.meta.innerHash.data, proposed.innerTransactionHash.data);
	assert.equal(out.transaction.signatures[0].signer, keys.B.public);
	// A second cosigner is too late.
	await second();
	const late = nem.model.objects.create('signatureTransaction')(keys.M.address, waiting[0].meta.data);
	await send('C', 'signatureTransaction', late, 'FAILURE_MULTISIG_NO_MATCHING_MULTISIG');
});

await check('the SDK errors that are known (nem.md 7.4)', async () => {
	// relativeChange of ten and more is written as another number: the node sees a wrong signature
	// or other bytes, never what was meant.
	const tx = nem.model.objects.get('multisigAggregateModification');
	tx.modifications = [nem.model.objects.create('multisigCosignatoryModification')(1, keys.C.public)];
	tx.relativeChange = 16;
	const entity = nem.model.transactions.prepare('multisigAggregateModificationTransaction')(
		common('Y'), tx, TESTNET);
	const bytes = nem.utils.convert.ua2hex(nem.utils.serialization.serializeTransaction(entity));
	assert.equal(bytes.slice(-16), '040000000a000000');
});

await check('harvesting: unlocked, counted, locked', async () => {
	const status = async () => (await requests.account.data(endpoint, keys.R.address)).meta.status;
	assert.equal(await status(), 'LOCKED');
	assert.equal((await requests.account.unlockInfo(endpoint))['num-unlocked'], 0);
	await requests.account.harvesting.start(endpoint, keys.R.private);
	assert.equal((await requests.account.unlockInfo(endpoint))['num-unlocked'], 1);
	assert.equal(await status(), 'UNLOCKED');
	await requests.account.harvesting.stop(endpoint, keys.R.private);
	assert.equal(await status(), 'LOCKED');
	assert.equal((await requests.account.unlockInfo(endpoint))['num-unlocked'], 0);
	const top = (await requests.chain.lastBlock(endpoint));
	const harvester = nem.model.address.toAddress(top.signer, TESTNET);
	const blocks = (await requests.account.harvesting.blocks(endpoint, harvester)).data;
	assert.equal(blocks[0].height, top.height);
	assert.ok(blocks.every((b, i) => i === 0 || b.height < blocks[i - 1].height));
});

await check('errors of NIS reach the caller as such', async () => {
	await assert.rejects(requests.account.data(endpoint, 'NOT-AN-ADDRESS'),
		e => e.data.status === 400 && e.data.message === 'address must be valid');
	await assert.rejects(requests.transaction.byHash(endpoint, '00'.repeat(32)),
		e => e.data.message === 'Hash was not found in cache');
	await assert.rejects(requests.namespace.info(endpoint, 'nobody'), e => e.data.status === 404);
	await assert.rejects(requests.namespace.info(endpoint, 'No Body'),
		e => e.data.message === "'No Body' is not a valid namespace.");
	await assert.rejects(requests.mosaic.supply(endpoint, 'alice:lead'), e => e.data.status === 404);
	await assert.rejects(requests.chain.blockByHeight(endpoint, 99999), e => e.data.status === 404);
	const unknown = transfer('B', 1);
	unknown.mosaics = [nem.model.objects.create('mosaicAttachment')('alice', 'lead', 1)];
	const pairs = nem.model.objects.get('mosaicDefinitionMetaDataPair');
	pairs['alice:lead'] = { mosaicDefinition: { ...gold, id: { namespaceId: 'alice', name: 'lead' } }, supply: 1 };
	const entity = nem.model.transactions.prepare('mosaicTransferTransaction')(common('A'), unknown, pairs, TESTNET);
	await assert.rejects(nem.model.transactions.send(common('A'), entity, endpoint),
		e => e.data.message === "unable to find fee information for 'alice:lead'");
});

await check('an account\'s transactions, page by page, by id and by hash', async () => {
	const page = id => requests.account.transactions.all(endpoint, keys.A.address, undefined, id);
	const all = (await requests.account.transactions.all(endpoint, keys.A.address)).data;
	const ids = list => list.map(t => t.meta.id);
	assert.ok(all.length >= 3);
	assert.deepEqual(ids(all), [...ids(all)].sort((a, b) => b - a));
	// what lies below the first is the rest of the page (and, of a full one, one more)
	const below = ids((await page(all[0].meta.id)).data);
	assert.deepEqual(below.slice(0, all.length - 1), ids(all).slice(1));
	assert.ok(all.length === 25 || below.length === all.length - 1);
	const last = (await page(all[all.length - 1].meta.id)).data;
	assert.ok(all.length === 25 || last.length === 0);
	const under = (await requests.account.transactions.all(endpoint, keys.A.address,
		all[0].meta.hash.data)).data;
	assert.deepEqual(ids(under), below);
});

done();
