// SPDX-License-Identifier: Apache-2.0
// symbol_sdk.mjs: symbol-sdk 3.3.2 builds and signs NEM transactions (it has no REST client for NEM);
// they go to kuramori-node by HTTP and are looked up by the hash that the SDK computed.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { settings, keys, check, done, get, post, block } from './tap.mjs';

const require = createRequire(settings.sdk + '/');
const main = pathToFileURL(require.resolve('symbol-sdk')).href;
const { PrivateKey } = await import(main);
const { NemFacade } = await import(new URL('./nem/index.js', main).href);

const facade = new NemFacade('testnet');
const account = who => facade.createAccount(new PrivateKey(keys[who].private));
const now = () => facade.now().timestamp;

// Built from the SDK's untyped description, signed, announced; the answer and the hash compared.
async function announce(who, descriptor, want = 'SUCCESS') {
	const time = now();
	const transaction = facade.transactionFactory.create({
		signerPublicKey: keys[who].public.toUpperCase(), timestamp: time, deadline: time + 3600n, ...descriptor,
	});
	const signature = account(who).signTransaction(transaction);
	const body = JSON.parse(facade.transactionFactory.static.attachSignature(transaction, signature));
	const reply = await post('/transaction/announce', body);
	assert.equal(reply.status, 200, JSON.stringify(reply.body));
	assert.equal(reply.body.message, want);
	const hash = facade.hashTransaction(transaction).toString().toLowerCase();
	assert.equal(reply.body.transactionHash.data, hash);
	return { hash, transaction };
}

async function mined(hash) {
	await block();
	const found = await get(`/transaction/get?hash=${hash}`);
	assert.equal(found.status, 200);
	return found.body.transaction;
}

await check('a key gives the same account', async () => {
	for (const who of Object.keys(keys)) {
		assert.equal(account(who).publicKey.toString().toLowerCase(), keys[who].public);
		assert.equal(account(who).address.toString(), keys[who].address);
	}
});

await check('transfer of version 1 with a message', async () => {
	const { hash } = await announce('A', {
		type: 'transfer_transaction_v1', fee: 100000n, recipientAddress: keys.B.address, amount: 1500000n,
		message: { messageType: 'plain', message: 'deposit 42' },
	});
	assert.equal((await mined(hash)).amount, 1500000);
});

await check('transfer of version 2', async () => {
	const { hash } = await announce('A', {
		type: 'transfer_transaction_v2', fee: 50000n, recipientAddress: keys.B.address, amount: 3000000n,
	});
	assert.deepEqual((await mined(hash)).mosaics, []);
});

await check('namespace, mosaic definition, supply change, transfer of the mosaic', async () => {
	await mined((await announce('A', {
		type: 'namespace_registration_transaction_v1', fee: 150000n,
		rentalFeeSink: 'TAMESPACEWH4MKFMBCVFERDPOOP4FK7MTDJEYP35', rentalFee: 100000000n, name: 'alice',
	})).hash);
	await mined((await announce('A', {
		type: 'mosaic_definition_transaction_v1', fee: 150000n,
		rentalFeeSink: 'TBMOSAICOD4F54EE5CDMR23CCBGOAM2XSJBR5OLC', rentalFee: 10000000n,
		mosaicDefinition: {
			ownerPublicKey: keys.A.public.toUpperCase(),
			id: { namespaceId: { name: 'alice' }, name: 'gold' }, description: 'gold',
			properties: [
				{ property: { name: 'divisibility', value: '0' } },
				{ property: { name: 'initialSupply', value: '1000' } },
				{ property: { name: 'supplyMutable', value: 'true' } },
				{ property: { name: 'transferable', value: 'true' } },
			],
		},
	})).hash);
	await mined((await announce('A', {
		type: 'mosaic_supply_change_transaction_v1', fee: 150000n,
		mosaicId: { namespaceId: { name: 'alice' }, name: 'gold' }, action: 'increase', delta: 100n,
	})).hash);
	const { hash } = await announce('A', {
		type: 'transfer_transaction_v2', fee: 100000n, recipientAddress: keys.B.address, amount: 1000000n,
		mosaics: [{ mosaic: { mosaicId: { namespaceId: { name: 'alice' }, name: 'gold' }, amount: 7n } }],
	});
	assert.equal((await mined(hash)).mosaics[0].quantity, 7);
	const owned = (await get(`/account/mosaic/owned?address=${keys.B.address}`)).body.data;
	assert.equal(owned[1].quantity, 7);
	assert.equal((await get('/mosaic/supply?mosaicId=alice:gold')).body.supply, 1100);
});

await check('importance transfer', async () => {
	const { hash } = await announce('X', {
		type: 'account_key_link_transaction_v1', fee: 150000n, linkAction: 'link',
		remotePublicKey: keys.R.public.toUpperCase(),
	});
	assert.equal((await mined(hash)).remoteAccount, keys.R.public);
});

await check('conversion, proposal and cosignature', async () => {
	const cosigners = ['A', 'B', 'C'].map(who => ({ who, address: keys[who].address }));
	await mined((await announce('M', {
		type: 'multisig_account_modification_transaction_v2', fee: 500000n, minApprovalDelta: 2,
		modifications: cosigners.map(c => ({
			modification: { modificationType: 'add_cosignatory', cosignatoryPublicKey: keys[c.who].public.toUpperCase() },
		})),
	})).hash);
	const time = now();
	const inner = facade.transactionFactory.create({
		type: 'transfer_transaction_v1', signerPublicKey: keys.M.public.toUpperCase(), fee: 50000n,
		timestamp: time, deadline: time + 3600n, recipientAddress: keys.Y.address, amount: 5000000n,
	});
	const { hash } = await announce('A', {
		type: 'multisig_transaction_v1', fee: 150000n,
		innerTransaction: facade.transactionFactory.static.toNonVerifiableTransaction(inner),
	});
	const innerHash = facade.hashTransaction(inner).toString();
	await announce('B', {
		type: 'cosignature_v1', fee: 150000n, otherTransactionHash: innerHash, multisigAccountAddress: keys.M.address,
	});
	const found = await mined(hash);
	assert.equal(found.otherTrans.amount, 5000000);
	assert.equal(found.signatures[0].otherHash.data, innerHash.toLowerCase());
});

await check('its modifications out of order are refused, as by NIS', async () => {
	// Two keys whose order by hash is not the order of their addresses (nem.md 2.6).
	const [first, second] = ['e0bfe9248f5fe2bf02a305ce32d5ef3dfd41a5020b13d29e9f5973f28f0158a2',
		'5fc9c462983575b48dd2a2f0c801382fe351c8877e47533ce3fbdc69737300b4'];
	await announce('Z', {
		type: 'multisig_account_modification_transaction_v2', fee: 500000n, minApprovalDelta: 1,
		modifications: [first, second].map(key => ({
			modification: { modificationType: 'add_cosignatory', cosignatoryPublicKey: key.toUpperCase() },
		})),
	}, 'FAILURE_SIGNATURE_NOT_VERIFIABLE');
});

done();
