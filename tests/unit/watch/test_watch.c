/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: nothing leaves an own account without the watcher either having judged it or stopping
 * everything; and what is in order, late or rolled back never stops anything.
 * Method: a real chain (src/nis) is fed to watch_step(); signers, people and thieves are played
 * with their real keys (watch_rig.h).  Every theft is first announced to the real pool or mined, so
 * that only what NIS takes is called a theft; every honest case must end without a single freeze.
 */
#include "chain/nem/nem_fee.h"
#include "passkey_kit.h"
#include "watch/watch_self.h"
#include "watch_rig.h"
#include "watch_said.h"

static struct nem_tx stolen(enum who initiator, enum who second, uint64_t amount)
{
	struct nem_tx t = tx_transfer(K_TILL, K_THIEF, amount);
	struct nem_inner in = inner_of(&t);
	struct nem_tx w = tx_wrap(initiator, &in, NEM_FEE_MULTISIG_MICRO);

	if (second != 0) {
		tx_cosign(&w, second);
	}
	return w;
}

/* ---- honest -------------------------------------------------------------------------------- */

static void starts_quiet(void)
{
	uint64_t confirmed = 0;
	uint64_t remaining = 0;
	struct nem_address till;
	struct nis_account account;

	rig_up();
	QUIET();
	T_CHECK(r.signer[A].heartbeats >= 1);
	T_CHECK(r.signer[B].heartbeats >= 1);
	T_EQ(r.signer[A].heartbeat.height, nis_height(r.nis));
	T_EQ(r.signer[A].heartbeat.balance_count, 2);
	T_EQ(r.signer[A].heartbeat.records_sequence, 0);
	till = address_of(K_TILL);
	nis_account(r.nis, &till, &account);
	T_CHECK(watch_balance(&r.w, 0, &till, &confirmed, &remaining));
	T_EQ(confirmed, account.balance);
	T_EQ(remaining, account.balance);
	till = address_of(K_THIEF);
	T_CHECK(!watch_balance(&r.w, 0, &till, &confirmed, &remaining));
}

static void no_heartbeat_without_chain(void)
{
	rig_make();
	rig_connect();
	T_EQ(r.signer[A].heartbeats, 0);
	feed_all();
	T_EQ(r.signer[A].heartbeats, 1);
	/* the nodes are gone: a new nonce is not answered before one is back */
	feed(0, FEED_DOWN, bytes_str("gone"));
	feed(1, FEED_DOWN, bytes_str("gone"));
	r.signer[A].nonce++;
	wait_ms(100);
	T_EQ(r.signer[A].heartbeats, 1);
	feed(1, FEED_UP, bytes_of(NULL, 0));
	feed_blocks(1);
	T_EQ(r.signer[A].heartbeats, 2);
	QUIET();
}

static void ordinary_payment(void)
{
	struct nem_tx unit;
	const struct watch_payment *p;

	rig_up();
	unit = pay_whole(X(50));
	T_EQ(r.signer[A].acks, 1);
	T_EQ(r.signer[B].acks, 1);
	T_EQ(r.w.payments_n, 1);
	T_EQ(nis_say(PUBLIC, &unit), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	wait_ms(2500);
	QUIET();
	mine(PUBLIC);
	feed_all();
	wait_ms(2500);
	QUIET();
	p = watch_payment_find(&r.w, &r.pay.inner_hash);
	T_CHECK(p != NULL);
	T_EQ(p->seen[0], nis_height(r.nis));
	T_EQ(p->seen[1], nis_height(r.nis));
	/* the pool of a slow node still shows it */
	feed_given(0, &unit, 1);
	wait_ms(2500);
	QUIET();
	/* the heartbeat tells each signer its own newest record */
	r.signer[A].nonce++;
	r.signer[B].nonce++;
	wait_ms(50);
	T_EQ(r.signer[A].heartbeat.records_sequence, r.signer[A].sequence);
	T_EQ(r.signer[B].heartbeat.records_sequence, r.signer[B].sequence);
	T_EQ(r.signer[A].heartbeat.records_head.b[0], r.signer[A].sequence);
}

/* What the newest heartbeat to this signer says of the till. */
static uint64_t promised(int signer)
{
	const struct doc_heartbeat *h = &r.signer[signer].heartbeat;
	const struct key32 *till = &r.chain[K_TILL].public_key;
	uint64_t found = UINT64_MAX;

	r.signer[signer].nonce++;
	wait_ms(50);
	for (size_t i = 0; i < h->balance_count; i++) {
		if (key32_eq(&h->balances[i].account, till) &&
		    money_u64(&found, &h->balances[i].promised) != ERR_OK) {
			return UINT64_MAX;
		}
	}
	return found;
}

/* docs/nem-wallets.md: what each signer has attested for a till and no block holds. */
static void promises(void)
{
	const uint64_t fees = 400000;
	struct nem_tx first, second;
	uint64_t height;

	rig_up();
	T_EQ(promised(A), 0);
	first = pay_whole(X(50));
	T_EQ(promised(A), X(50) + fees);
	T_EQ(promised(B), X(50) + fees);
	second = pay_whole(X(30));
	T_EQ(promised(A), X(80) + 2 * fees);
	height = nis_height(r.nis);
	T_EQ(nis_say(PUBLIC, &first), NEM_SUCCESS);
	T_EQ(promised(A), X(80) + 2 * fees); /* a pool is no block */
	mine(PUBLIC);
	feed_all();
	T_EQ(promised(A), X(30) + fees);
	T_EQ(promised(B), X(30) + fees);
	/* undone, it is promised again */
	T_CHECK(nis_roll_back(r.nis, height, r.now_s) == ERR_OK);
	for (unsigned i = 0; i < 2; i++) {
		feed_undo(i, height);
	}
	T_EQ(promised(A), X(80) + 2 * fees);
	T_EQ(nis_say(PUBLIC, &second), NEM_SUCCESS);
	mine(PUBLIC);
	feed_all();
	T_EQ(promised(A), 0);
	T_EQ(promised(B), 0);
	QUIET();
}

static void approved_payments(void)
{
	rig_up();
	pay_new(X(500));
	pay_approve(2, "approver-1");
	pay_link();
	(void)att_tell(A);
	rig_settle();
	T_EQ(r.signer[A].acks, 1);
	pay_new(X(3000));
	pay_approve(2, "approver-1");
	pay_approve(3, "approver-2");
	pay_link();
	(void)att_tell(A);
	rig_settle();
	T_EQ(r.signer[A].acks, 2);
	QUIET();
}

/* Who was away fetches first and judges by the time of signing. */
static void lagging_watcher(void)
{
	struct nem_tx units[4];
	size_t batches;

	rig_up();
	batches = r.batches;
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	link_close(CH_B, WATCH_ROLE_SIGNER_B);
	for (size_t i = 0; i < 4; i++) {
		pay_new(X(50));
		pay_link();
		(void)att_tell(A);
		(void)att_tell(B);
		units[i] = pay_unit();
		T_EQ(nis_say(PUBLIC, &units[i]), NEM_SUCCESS);
		rig_pass(1000);
	}
	mine(PUBLIC);
	T_EQ(r.w.payments_n, 0);
	/* a whole day later: orders and attempts have long expired */
	rig_pass(25 * 3600 * (uint64_t)1000);
	rig_restart(batches);
	/* the chain first, signers not yet: nothing is cried before they had their time */
	feed_all();
	wait_ms(1000);
	T_EQ(r.w.control.binding, 0);
	T_EQ(r.w.suspects_n, 4);
	rig_connect();
	wait_ms(200);
	T_EQ(r.w.payments_n, 4);
	T_EQ(r.signer[A].acks, 4);
	T_EQ(r.signer[B].acks, 4);
	QUIET();
	T_CHECK(watch_payment_find(&r.w, &r.pay.inner_hash)->seen[0] == nis_height(r.nis));
}

/* The pool is faster than the signer's word: SYNC says that something is missing. */
static void pool_before_attestation(void)
{
	struct nem_tx unit;

	rig_up();
	r.signer[A].mute_next = true;
	r.signer[B].mute_next = true;
	pay_new(X(50));
	pay_link();
	(void)att_tell(A);
	(void)att_tell(B);
	unit = pay_unit();
	T_EQ(nis_say(PUBLIC, &unit), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	wait_ms(500);
	T_EQ(r.w.control.binding, 0);
	T_EQ(r.w.suspects_n, 1);
	r.signer[A].mute_next = false;
	r.signer[B].mute_next = false;
	wait_ms(500);
	T_EQ(r.w.payments_n, 1);
	QUIET();
}

static void incoming_is_fine(void)
{
	struct nem_tx tx;

	rig_up();
	tx = tx_transfer(K_CUSTOMER, K_TILL, X(5));
	tx_sign(&tx, K_CUSTOMER);
	T_EQ(nis_say(PUBLIC, &tx), NEM_SUCCESS);
	tx = tx_transfer(K_THIEF, K_BOX, X(1));
	tx_sign(&tx, K_THIEF);
	T_EQ(nis_say(PUBLIC, &tx), NEM_SUCCESS);
	/* somebody makes our till a cosigner of his account: harmless, and not our word */
	tx = tx_transfer(K_HOLDER0, K_PURSE, 1);
	tx_sign(&tx, K_HOLDER0);
	T_EQ(nis_say(PUBLIC, &tx), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	mine(PUBLIC);
	feed_all();
	wait_ms(2500);
	QUIET();
}

static void rollback_and_again(void)
{
	struct nem_tx unit;
	uint64_t height;
	uint64_t before = 0;
	uint64_t after = 0;
	uint64_t rest;
	struct nem_address till = address_of(K_TILL);

	rig_up();
	till = address_of(K_TILL);
	T_CHECK(watch_balance(&r.w, 0, &till, &before, &rest));
	unit = pay_whole(X(50));
	T_EQ(nis_say(PUBLIC, &unit), NEM_SUCCESS);
	height = nis_height(r.nis);
	mine(PUBLIC);
	mine(PUBLIC);
	feed_all();
	T_CHECK(nis_roll_back(r.nis, height, r.now_s) == ERR_OK);
	for (unsigned i = 0; i < 2; i++) {
		feed_undo(i, height);
		feed_pool(i, i);
	}
	T_EQ(watch_height(&r.w, 0), height);
	T_CHECK(watch_balance(&r.w, 0, &till, &after, &rest));
	T_EQ(after, before);
	T_EQ(watch_payment_find(&r.w, &r.pay.inner_hash)->seen[0], 0);
	mine(CLEAN); /* another block, the payment is not in it */
	mine(PUBLIC);
	feed_all();
	wait_ms(2500);
	QUIET();
	T_CHECK(watch_payment_find(&r.w, &r.pay.inner_hash)->seen[0] > height);
	T_CHECK(watch_balance(&r.w, 0, &till, &after, &rest));
	T_CHECK(after < before);
}

/* A rollback that nobody told: the new blocks say it. */
static void rollback_untold(void)
{
	struct nem_tx unit;
	uint64_t height;

	rig_up();
	unit = pay_whole(X(50));
	height = nis_height(r.nis);
	T_EQ(nis_say(PUBLIC, &unit), NEM_SUCCESS);
	mine(PUBLIC);
	feed_all();
	T_CHECK(nis_roll_back(r.nis, height, r.now_s) == ERR_OK);
	mine(PUBLIC);
	mine(PUBLIC);
	r.fed[0] = height;
	r.fed[1] = height;
	feed_all();
	wait_ms(2500);
	QUIET();
	T_EQ(watch_height(&r.w, 0), height + 2);
}

/* A stranger can put anything under our hash: who did not sign does not matter. */
static void poisoned_announcements(void)
{
	struct nem_tx tx;
	struct nem_tx units[6];
	uint64_t garbage;

	rig_up();
	units[0] = stolen(K_A, 0, X(10));
	units[0].signature.b[7] ^= 1;                  /* initiator's signature is wrong */
	units[1] = stolen(K_THIEF, 0, X(10));          /* a stranger proposes */
	units[2] = tx_transfer(K_TILL, K_THIEF, X(1)); /* nobody signed at all */
	units[3] = units[2];
	memset(units[3].signature.b, 0x11, 64);
	units[4] = stolen(K_THIEF, K_HOLDER0, X(10)); /* two strangers */
	tx = pay_whole(X(50));
	units[5] = tx;
	units[5].signature.b[0] ^= 0x80; /* our payment's hash, a wrong signature */
	feed_given(0, units, ARRAY_LEN(units));
	wait_ms(2500);
	QUIET();
	T_CHECK(r.w.garbage >= 4);
	/* an honest unit with rubbish attached is still the honest unit */
	units[0] = tx;
	tx_cosign(&units[0], K_THIEF);
	feed_given(0, units, 1);
	wait_ms(2500);
	QUIET();
	/* what verified once is no word for the same with another bit, in signature or content */
	garbage = r.w.garbage;
	units[0] = tx;
	units[0].signature.b[40] ^= 1;
	units[1] = tx;
	units[1].head.fee_micro++;
	feed_given(0, units, 2);
	wait_ms(2500);
	QUIET();
	T_CHECK(r.w.garbage >= garbage + 2);
	/* only the wrapper of B, as it may be announced before the cosignature */
	units[0] = tx;
	units[0].multisig.n = 0;
	feed_given(0, units, 1);
	wait_ms(2500);
	QUIET();
	/* A's honest cosignature under a stranger's wrapper of the same inner */
	units[0] = tx_wrap(K_THIEF, &tx.multisig.inner, X(900));
	units[0].multisig.cosignature[0] = tx.multisig.cosignature[0];
	units[0].multisig.n = 1;
	feed_given(0, units, 1);
	wait_ms(2500);
	QUIET();
}

/* ---- thefts -------------------------------------------------------------------------------- */

static void theft_in_pool(void)
{
	static struct doc_freeze f;
	struct nem_tx t;
	uint64_t seen;

	rig_up();
	t = stolen(K_A, K_B, X(10));
	T_EQ(nis_say(PUBLIC, &t), NEM_SUCCESS);
	seen = r.wall;
	feed_pool(0, PUBLIC);
	/* both signers answer at once: no waiting */
	STOPPED("theft: unexplained", true, true);
	T_CHECK(handed_freeze(&f));
	T_EQ(f.time_ms, seen);
	T_CHECK(strstr(f.reason, "hot-key-A+hot-key-B") != NULL);
	T_CHECK(strstr(f.reason, address_of(K_TILL).text) != NULL);
	T_CHECK(strstr(f.reason, "leaves=") != NULL);
	T_EQ(r.w.thefts, 1);
	T_EQ(r.w.freeze_wall_ms, seen);
	/* seen again, at the other node, and mined: one theft, one freeze */
	feed_pool(0, PUBLIC);
	feed_given(1, &t, 1);
	mine(PUBLIC);
	feed_all();
	wait_ms(300);
	T_EQ(r.w.thefts, 1);
	T_EQ(r.w.control.binding, 1);
}

static void theft_in_block_only(void)
{
	struct nem_tx t;

	rig_up();
	t = stolen(K_B, K_A, X(99000));
	mine_given(&t, 1);
	feed_blocks(1);
	STOPPED("theft", true, true);
}

static void theft_by_recovery_key(void)
{
	struct nem_tx t;

	rig_up();
	t = stolen(K_R, K_B, X(10));
	T_EQ(nis_say(CLEAN, &t), NEM_SUCCESS);
	feed_pool(1, CLEAN);
	STOPPED("theft", true, true);
}

static void theft_from_box(void)
{
	struct nem_tx t = { 0 };
	struct nem_inner in;
	struct nem_tx w;

	rig_up();
	t = tx_transfer(K_BOX, K_THIEF, X(500));
	in = inner_of(&t);
	w = tx_wrap(K_HOLDER0, &in, NEM_FEE_MULTISIG_MICRO);
	tx_cosign(&w, K_HOLDER0 + 1);
	tx_cosign(&w, K_HOLDER0 + 2);
	T_EQ(nis_say(PUBLIC, &w), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	/* stopped; sweeping hot accounts would not help and is not asked for */
	STOPPED("theft", true, false);
	/* a theft from a till after that still evacuates */
	w = stolen(K_A, K_B, X(1));
	feed_given(0, &w, 1);
	T_EQ(r.w.control.binding, 2);
	T_CHECK(watch_evacuating(&r.w));
}

static void box_proposal(void)
{
	struct nem_tx t;
	struct nem_inner in;
	struct nem_tx w;

	rig_up();
	t = tx_transfer(K_BOX, K_THIEF, X(500));
	in = inner_of(&t);
	w = tx_wrap(K_HOLDER0, &in, NEM_FEE_MULTISIG_MICRO);
	tx_cosign(&w, K_HOLDER0 + 1);
	T_EQ(nis_say(PUBLIC, &w), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	STOPPED("proposal", true, false);
}

static void proposals_freeze_only(void)
{
	static const enum who keys[] = { K_A, K_B, K_R };

	static const char *const names[] = { "hot-key-A", "hot-key-B", "keys=T" };

	for (size_t i = 0; i < 3; i++) {
		struct nem_tx t;

		rig_up();
		t = stolen(keys[i], 0, X(10));
		T_EQ(nis_say(PUBLIC, &t), NEM_SUCCESS);
		feed_pool(0, PUBLIC);
		STOPPED("proposal: unexplained", true, false);
		STOPPED(names[i], true, false);
		/* completed later: now it is a theft */
		tx_cosign(&t, keys[(i + 1) % 3]);
		feed_given(0, &t, 1);
		T_EQ(r.w.control.binding, 2);
		T_CHECK(watch_evacuating(&r.w));
	}
}

/* One cosignature of ours on something nobody ordered, under whatever wrapper. */
static void stray_cosignature(void)
{
	struct nem_tx t;
	struct nem_tx real;
	struct nem_tx lone;

	rig_up();
	real = stolen(K_B, K_A, X(10));
	t = tx_wrap(K_THIEF, &real.multisig.inner, X(1));
	t.multisig.cosignature[0] = real.multisig.cosignature[0];
	t.multisig.n = 1;
	feed_given(0, &t, 1);
	STOPPED("hot-key-A", true, false);

	rig_up();
	nem_tx_from_attached(&lone, &real.multisig.cosignature[0]);
	feed_given(0, &lone, 1);
	STOPPED("hot-key-A", true, false);
}

/* nem.md 2.8: the innocent payment, wrapped again with the balance as fee. */
static void fee_drain(void)
{
	struct nem_tx unit;
	struct nem_tx t;

	rig_up();
	unit = pay_whole(X(50));
	t = tx_wrap(K_B, &unit.multisig.inner, X(99000));
	t.multisig.cosignature[0] = unit.multisig.cosignature[0];
	t.multisig.n = 1;
	T_EQ(nis_say(PUBLIC, &t), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	STOPPED("known payment in another form", true, true);
	/* mined: the order is settled all the same */
	mine(PUBLIC);
	feed_all();
	wait_ms(300);
	T_EQ(r.w.control.binding, 1);

	/* by the third key, with A's cosignature, straight into a block */
	rig_up();
	unit = pay_whole(X(50));
	t = tx_wrap(K_R, &unit.multisig.inner, X(99000));
	t.multisig.cosignature[0] = unit.multisig.cosignature[0];
	t.multisig.n = 1;
	mine_given(&t, 1);
	feed_all();
	STOPPED("known payment in another form", true, true);
}

/* Everything that an honest unit says beyond its inner transaction, altered with stolen keys. */
static void altered_units(void)
{
	struct nem_tx unit;
	struct nem_tx t;
	struct nem_tx c;

	/* outer fee one unit higher */
	rig_up();
	unit = pay_whole(X(50));
	t = unit;
	t.head.fee_micro++;
	tx_sign(&t, K_B);
	feed_given(0, &t, 1);
	STOPPED("another form", true, true);

	/* deadline of the wrapper */
	rig_up();
	unit = pay_whole(X(50));
	t = unit;
	t.head.deadline_nem_s--;
	tx_sign(&t, K_B);
	feed_given(0, &t, 1);
	STOPPED("another form", true, true);

	/* fee of the cosignature */
	rig_up();
	unit = pay_whole(X(50));
	t = unit;
	t.multisig.n = 0;
	nem_tx_from_attached(&c, &unit.multisig.cosignature[0]);
	c.head.fee_micro = X(1000);
	tx_sign(&c, K_A);
	T_CHECK(nem_tx_attach(&t, &c) == ERR_OK);
	feed_given(0, &t, 1);
	STOPPED("another form", true, true);

	/* one cosigner more */
	rig_up();
	unit = pay_whole(X(50));
	t = unit;
	tx_cosign(&t, K_R);
	feed_given(0, &t, 1);
	STOPPED("another form", true, true);

	/* initiator and cosigner exchanged */
	rig_up();
	unit = pay_whole(X(50));
	t = tx_wrap(K_A, &unit.multisig.inner, NEM_FEE_MULTISIG_MICRO);
	tx_cosign(&t, K_B);
	feed_given(0, &t, 1);
	STOPPED("another form", true, true);

	/* attested by A alone, complete all the same: B's key is stolen */
	rig_up();
	pay_new(X(50));
	pay_link();
	(void)att_tell(A);
	rig_settle();
	unit = pay_unit();
	feed_given(0, &unit, 1);
	STOPPED("only one signer attested", true, true);
}

/* One sight a chain: the same unit in a second block, and another wrapper of what was mined. */
static void second_sight(void)
{
	struct nem_tx unit;
	struct nem_tx t;

	rig_up();
	unit = pay_whole(X(50));
	T_EQ(nis_say(PUBLIC, &unit), NEM_SUCCESS);
	mine(PUBLIC);
	feed_all();
	wait_ms(300);
	QUIET();
	t = unit;
	t.head.deadline_nem_s = r.now_s + 3000;
	tx_sign(&t, K_B);
	feed_given(0, &t, 1);
	STOPPED("another form", true, true);

	rig_up();
	unit = pay_whole(X(50));
	T_EQ(nis_say(PUBLIC, &unit), NEM_SUCCESS);
	mine(PUBLIC);
	feed_all();
	wait_ms(300);
	QUIET();
	nis_set_retention(r.nis, 1, r.now_s); /* the node has forgotten its hash (nem.md 3.4) */
	rig_pass(100000);
	mine_given(&unit, 1);
	feed_all();
	wait_ms(300);
	T_EQ(r.w.control.binding, 1);
	T_CHECK(r.w.thefts == 1);
}

static void change_of_control(void)
{
	static const enum who thief[] = { K_THIEF };
	struct nem_tx m;
	struct nem_inner in;
	struct nem_tx w;

	rig_up();
	m = tx_modify(K_TILL, -1, thief, 1);
	in = inner_of(&m);
	w = tx_wrap(K_A, &in, NEM_FEE_MULTISIG_MICRO);
	tx_cosign(&w, K_B);
	T_EQ(nis_say(PUBLIC, &w), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	STOPPED("change of control", true, true);

	/* incomplete */
	rig_up();
	m = tx_modify(K_TILL, 0, thief, 1);
	in = inner_of(&m);
	w = tx_wrap(K_B, &in, NEM_FEE_MULTISIG_MICRO);
	T_EQ(nis_say(PUBLIC, &w), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	STOPPED("proposal: change of control", true, false);

	/* in a block; what the thief does next with the account he took is a theft as well */
	rig_up();
	m = tx_modify(K_PURSE, -1, thief, 1);
	in = inner_of(&m);
	w = tx_wrap(K_A, &in, NEM_FEE_MULTISIG_MICRO);
	tx_cosign(&w, K_B);
	mine_given(&w, 1);
	feed_all();
	STOPPED("change of control", true, true);
	m = tx_transfer(K_PURSE, K_THIEF, X(40000));
	in = inner_of(&m);
	w = tx_wrap(K_THIEF, &in, NEM_FEE_MULTISIG_MICRO);
	T_EQ(nis_say(PUBLIC, &w), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	T_EQ(r.w.thefts, 2);
}

/* The key that the account had before it was shared. */
static void dead_key(void)
{
	struct nem_tx t;

	rig_up();
	t = tx_transfer(K_TILL, K_THIEF, X(5));
	tx_sign(&t, K_TILL);
	T_EQ(nis_say(PUBLIC, &t), NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG);
	feed_given(0, &t, 1);
	STOPPED("dead key", true, false);
}

/* ---- the barrier --------------------------------------------------------------------------- */

static void barrier_closed_signers(void)
{
	struct nem_tx t;

	rig_up();
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	link_close(CH_B, WATCH_ROLE_SIGNER_B);
	t = stolen(K_A, K_B, X(10));
	feed_given(0, &t, 1);
	tick(WATCH_SILENT_MS - 1);
	T_EQ(r.w.control.binding, 0);
	tick(1);
	T_EQ(r.w.control.binding, 1);
	T_EQ(r.peer.stops, 1);
	/* when they are back they are told at once */
	rig_connect();
	T_EQ(r.signer[A].stops, 1);
	T_EQ(r.signer[B].stops, 1);
}

static void barrier_silent_signers(void)
{
	struct nem_tx t;

	rig_up();
	r.signer[A].silent = true;
	r.signer[B].silent = true;
	t = stolen(K_A, K_B, X(10));
	feed_given(0, &t, 1);
	wait_ms(WATCH_SILENT_MS - 25);
	T_EQ(r.w.control.binding, 0);
	wait_ms(50);
	T_EQ(r.w.control.binding, 1);
}

/* Whichever signer the thief kills or hangs: the other knows nothing of it, and that is enough. */
static void barrier_one_knows_nothing(void)
{
	struct nem_tx t;

	for (int gone = A; gone <= B; gone++) {
		for (int how = 0; how < 2; how++) {
			rig_up();
			if (how == 0) {
				link_close(gone == A ? CH_A : CH_B, role_of(gone));
			} else {
				r.signer[gone].silent = true;
			}
			t = stolen(K_B, K_A, X(10));
			feed_given(0, &t, 1);
			T_EQ(r.w.control.binding, 1);
			T_EQ(r.w.thefts, 1);
			T_CHECK(watch_evacuating(&r.w));
		}
	}
}

/* One signer's word on a payment is known and good; the other is cut off before we had its own. */
static void barrier_half_known(void)
{
	struct nem_tx unit;

	for (int gone = A; gone <= B; gone++) {
		for (int back = 0; back < 2; back++) {
			rig_up();
			pay_new(X(50));
			pay_link();
			(void)att_tell(1 - gone);
			rig_settle();
			link_close(gone == A ? CH_A : CH_B, role_of(gone));
			(void)att_tell(gone);
			unit = pay_unit();
			T_EQ(nis_say(PUBLIC, &unit), NEM_SUCCESS);
			feed_pool(0, PUBLIC);
			tick(WATCH_START_MS - 1);
			T_EQ(r.w.control.binding, 0);
			T_EQ(r.w.suspects_n, 1);
			if (back == 0) {
				/* nobody makes us wait longer than that */
				tick(1);
				T_EQ(r.w.control.binding, 1);
				continue;
			}
			link_open(gone == A ? CH_A : CH_B, role_of(gone));
			wait_ms(50);
			T_EQ(r.w.suspects_n, 0);
			QUIET();
			mine(PUBLIC);
			feed_all();
			wait_ms(50);
			QUIET();
		}
	}
}

/* The same payment in a form that neither signer ever gives: no word of theirs is waited for. */
static void barrier_another_form(void)
{
	struct nem_tx t;
	struct nem_tx unit;

	rig_up();
	pay_new(X(50));
	pay_link();
	(void)att_tell(A);
	rig_settle();
	link_close(CH_B, WATCH_ROLE_SIGNER_B);
	unit = pay_unit();
	t = unit;
	t.head.fee_micro += X(1);
	tx_sign(&t, K_B);
	feed_given(0, &t, 1);
	T_EQ(r.w.control.binding, 1);
	T_EQ(r.w.thefts, 1);
}

/* A question that was lost with the link is asked again on the next one. */
static void barrier_lost_question(void)
{
	struct nem_tx t;

	rig_up();
	r.signer[A].silent = true;
	r.signer[B].silent = true;
	t = stolen(K_B, K_A, X(10));
	feed_given(0, &t, 1);
	wait_ms(100);
	T_EQ(r.w.control.binding, 0);
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	r.signer[A].silent = false;
	link_open(CH_A, WATCH_ROLE_SIGNER_A);
	T_EQ(r.w.control.binding, 1);
}

/* SYNC names attestations that NEXT never delivers: waited for as long as a silent signer. */
static void barrier_never_drained(void)
{
	struct nem_tx t;

	rig_up();
	r.signer[A].sequence = 1000;
	r.signer[B].sequence = 1000;
	t = stolen(K_A, K_B, X(10));
	feed_given(0, &t, 1);
	wait_ms(WATCH_SILENT_MS - 25);
	T_EQ(r.w.control.binding, 0);
	wait_ms(50);
	T_EQ(r.w.control.binding, 1);
}

static void many_suspects(void)
{
	static struct nem_tx t[WATCH_SUSPECTS_MAX + 8];

	rig_up();
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		t[i] = stolen(K_A, 0, X(1) + i);
	}
	r.signer[A].silent = true;
	r.signer[B].silent = true;
	feed_given(0, t, ARRAY_LEN(t));
	/* more than can wait: stopped at once */
	T_EQ(r.w.suspects_n, WATCH_SUSPECTS_MAX);
	T_EQ(r.w.control.binding, 1);
	wait_ms(WATCH_SILENT_MS + 2000);
	T_EQ(r.w.suspects_n, 0);
	T_EQ(r.w.control.binding, 1);
	T_CHECK(r.w.alarms >= WATCH_SUSPECTS_MAX);
}

/* ---- nodes that lie ------------------------------------------------------------------------ */

static void lying_nodes(void)
{
	struct nis_block b;
	uint8_t raw[NEM_BLOCK_BYTES_MAX];

	/* another block 1 */
	rig_make();
	rig_connect();
	T_CHECK(nis_block_at(r.nis, 1, &b));
	memcpy(raw, b.verifiable.p, b.verifiable.n);
	raw[8] ^= 1;
	feed(0, FEED_BLOCK, bytes_of(raw, b.verifiable.n));
	T_CHECK(r.w.node[0].lying);
	T_EQ(r.w.alarms, 1);
	T_EQ(r.w.control.binding, 0);
	T_EQ(r.signer[A].heartbeats, 0);
	feed_blocks(0);
	T_EQ(watch_height(&r.w, 0), 0);

	/* every byte of a block altered: never taken, never a theft */
	rig_make();
	rig_connect();
	feed_blocks(1);
	T_CHECK(nis_block_at(r.nis, 2, &b));
	for (size_t i = 0; i < b.verifiable.n; i += 7) {
		memcpy(raw, b.verifiable.p, b.verifiable.n);
		raw[i] ^= 0x40;
		r.w.node[0].lying = false;
		r.w.node[0].height = 0;
		r.fed[0] = 0;
		T_CHECK(nis_block_at(r.nis, 1, &b));
		feed(0, FEED_BLOCK, b.verifiable);
		T_CHECK(nis_block_at(r.nis, 2, &b));
		feed(0, FEED_BLOCK, bytes_of(raw, b.verifiable.n));
		T_EQ(watch_height(&r.w, 0), 1);
		T_EQ(r.w.control.binding, 0);
	}
	/* a block that is missing is waited for */
	rig_make();
	rig_connect();
	T_CHECK(nis_block_at(r.nis, 1, &b));
	feed(0, FEED_BLOCK, b.verifiable);
	T_CHECK(nis_block_at(r.nis, 3, &b));
	feed(0, FEED_BLOCK, b.verifiable);
	T_EQ(watch_height(&r.w, 0), 1);
	T_CHECK(!r.w.node[0].synced);
	r.fed[0] = 1;
	feed_blocks(0);
	T_EQ(watch_height(&r.w, 0), nis_height(r.nis));
	QUIET();
	/* pools cut at every length */
	{
		static uint8_t pool[4096];
		struct nem_tx t = stolen(K_A, K_B, X(10));
		struct writer w = writer_make(pool, sizeof pool);
		uint8_t one[NEM_TX_BYTES_MAX];

		writer_u32(&w, 1);
		put_item(&w, bytes_of(one, tx_bytes(one, &t)));
		for (size_t i = 0; i < w.n; i++) {
			feed(0, FEED_POOL, bytes_of(pool, i));
			T_EQ(r.w.control.binding, 0);
			T_EQ(r.w.suspects_n, 0);
		}
	}
}

/* A block with what NIS cannot have accepted shows a lying node, not a theft. */
static void impossible_blocks(void)
{
	static uint8_t raw[NEM_BLOCK_BYTES_MAX];
	struct nem_block_build build;
	struct nem_block_head head = { .type = NEM_BLOCK_NORMAL, .network = 0x98 };
	struct nis_block top;
	struct nem_tx t[3];
	struct bytes block;

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		rig_up();
		t[0] = stolen(K_A, 0, X(10));       /* incomplete */
		t[1] = stolen(K_THIEF, 0, X(10));   /* by a stranger */
		t[2] = stolen(K_A, K_B, X(200000)); /* more than there is */
		top = nis_top(r.nis);
		head.time_nem_s = top.time_s + 60;
		head.height = top.height + 1;
		head.harvester = r.chain[K_THIEF].public_key;
		head.previous = top.hash;
		T_CHECK(nem_block_build_start(&build, raw, sizeof raw, &head) == ERR_OK);
		T_CHECK(nem_block_build_add(&build, &t[i]) == ERR_OK);
		T_CHECK(nem_block_build_sign(&build, &r.chain[K_THIEF], &block) == ERR_OK);
		feed(0, FEED_BLOCK, block);
		wait_ms(300);
		T_CHECK(r.w.node[0].lying);
		/* but what is validly signed is signed, whoever shows it */
		T_EQ(r.w.control.binding, i == 1 ? 0 : 1);
		T_EQ(watch_evacuating(&r.w), i == 2);
	}
}

/* ---- stops --------------------------------------------------------------------------------- */

static void stop_put_and_get(void)
{
	static const char checks[] = "\"name\":\"signature_checks\",\"value\":\"4711\"";
	static uint8_t raw[16384];
	size_t n;
	struct bytes item;
	const struct queued *q;

	rig_up();
	n = freeze_made(raw, sizeof raw, "officer-1", &r.person[0], false, bytes_of(NULL, 0), 1);
	item = bytes_of(raw, n);
	q = ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1);
	T_EQ(reply_type(q), DOC_RECEIPT);
	T_EQ(r.w.control.binding, 1);
	T_CHECK(watch_frozen(&r.w));
	T_CHECK(!watch_evacuating(&r.w));
	T_EQ(r.signer[A].stops, 1);
	T_EQ(r.signer[B].stops, 1);
	T_EQ(r.peer.stops, 1);
	/* again: a receipt, nothing new */
	q = ask(ROLE_SERVER, WATCHER_STOP_PUT, &item, 1);
	T_EQ(reply_type(q), DOC_RECEIPT);
	T_EQ(r.w.control.binding, 1);
	T_EQ(r.signer[A].stops, 1);
	q = ask(ROLE_PEER, WATCHER_STOP_GET, NULL, 0);
	T_EQ(reply_type(q), DOC_FREEZE);
	watch_signature_checks(&r.w, 4711);
	q = ask(ROLE_SERVER, WATCHER_STATUS, NULL, 0);
	T_EQ(reply_type(q), DOC_STATUS);
	T_CHECK(memmem(q->body, q->n, checks, strlen(checks)) != NULL);
	/* the heartbeat names it */
	r.signer[A].nonce++;
	wait_ms(50);
	T_EQ(r.signer[A].heartbeat.stop_count, 1);
	T_CHECK(hash32_eq(&r.signer[A].heartbeat.stop_head, &r.w.control.head));
	/* and a restart remembers it */
	rig_restart(r.batches);
	T_EQ(r.w.control.binding, 1);
	T_CHECK(watch_frozen(&r.w));
}

static void bad_stops(void)
{
	static uint8_t raw[16384];
	struct bytes items[2];
	size_t n;

	rig_up();
#define REFUSED(issuer, k)                                                                 \
	do {                                                                               \
		n = freeze_made(raw, sizeof raw, issuer, k, false, bytes_of(NULL, 0), 9);  \
		items[0] = bytes_of(raw, n);                                               \
		T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, items, 1)), DOC_REFUSAL); \
		T_EQ(r.w.control.binding, 0);                                              \
	} while (0)
	REFUSED("officer-1", &r.person[1]);
	REFUSED("officer-1", &r.stranger);
	REFUSED("officer-1", NULL);
	REFUSED("approver-1", &r.person[2]);
	REFUSED("auditor-1", &r.person[4]);
	REFUSED("nobody", &r.person[0]);
	REFUSED("backend", &r.backend);
	REFUSED("w2", &r.watcher[2]);
#undef REFUSED
	n = freeze_made(raw, sizeof raw, "officer-1", &r.person[0], false, bytes_of(NULL, 0), 1);
	items[0] = bytes_of(raw, n);
	items[1] = items[0];
	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, items, 2)), DOC_REFUSAL);
	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, NULL, 0)), DOC_REFUSAL);
	for (size_t i = 0; i < n; i += 3) {
		uint8_t keep = raw[i];

		raw[i] ^= 1;
		T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, items, 1)), DOC_REFUSAL);
		raw[i] = keep;
		items[1] = bytes_of(raw, i);
		T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, items + 1, 1)), DOC_REFUSAL);
		replies_forget();
	}
	T_EQ(r.w.control.binding, 0);
	T_EQ(r.signer[A].stops, 0);
	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, items, 1)), DOC_RECEIPT);
}

/* One issuer cannot use up the table for others. */
static void too_many_stops(void)
{
	static uint8_t raw[16384];
	struct bytes item;
	size_t n;

	rig_up();
	for (uint8_t i = 0; i < CONTROL_BIND_EACH_MAX; i++) {
		n = freeze_made(raw, sizeof raw, "officer-1", &r.person[0], true, bytes_of(NULL, 0),
				i);
		item = bytes_of(raw, n);
		T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	}
	n = freeze_made(raw, sizeof raw, "officer-1", &r.person[0], true, bytes_of(NULL, 0), 99);
	item = bytes_of(raw, n);
	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)), DOC_REFUSAL);
	T_EQ(r.w.control.binding, CONTROL_BIND_EACH_MAX);
	/* eight words of one officer are one word */
	T_CHECK(!watch_evacuating(&r.w));
	n = freeze_made(raw, sizeof raw, "officer-2", &r.person[1], true, bytes_of(NULL, 0), 1);
	item = bytes_of(raw, n);
	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	T_CHECK(watch_evacuating(&r.w));
}

/* What an issuer has said before cannot keep him from asking for evacuation. */
static void last_place(void)
{
	enum { ISSUERS = 3, ORDINARY = CONTROL_BIND_EACH_MAX - 1 };

	static const char *const names[ISSUERS] = { "w2", "officer-1", "officer-2" };
	static uint8_t raw[16384];
	const struct key *keys[ISSUERS];
	struct bytes item;

	rig_up();
	keys[0] = &r.watcher[1];
	keys[1] = &r.person[0];
	keys[2] = &r.person[1];
#define PUT(k, evacuate, nonce)                                                         \
	(item = bytes_of(raw, freeze_made(raw, sizeof raw, names[k], keys[k], evacuate, \
					  bytes_of(NULL, 0), nonce)),                   \
	 ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1))
	for (size_t k = 0; k < ISSUERS; k++) {
		for (uint8_t i = 0; i < ORDINARY; i++) {
			T_EQ(reply_type(PUT(k, false, i)), DOC_RECEIPT);
		}
		T_STR(refused_as(PUT(k, false, 100)), "full");
		replies_forget();
	}
	T_EQ(r.w.control.binding, ISSUERS * ORDINARY);
	rig_restart(r.batches);
	rig_connect();
	T_EQ(r.w.control.binding, ISSUERS * ORDINARY);
	for (size_t k = 0; k < ISSUERS; k++) {
		T_STR(refused_as(PUT(k, false, 101)), "full");
		/* nor does a journal hold what would not have been taken */
		T_EQ(watch_stop_replay(&r.w, &(struct log_record){ .time_ms = r.wall }, 1000, item),
		     ERR_FULL);
		T_CHECK(!watch_evacuating(&r.w));
		T_EQ(reply_type(PUT(k, true, 101)), DOC_RECEIPT);
		T_STR(refused_as(PUT(k, true, 102)), "full");
		T_STR(refused_as(PUT(k, false, 103)), "full");
		T_EQ(r.w.control.binding, ISSUERS * ORDINARY + k + 1);
		replies_forget();
	}
	/* both officers' words, in their last places, move it; and a restart reads them back */
	T_CHECK(watch_evacuating(&r.w));
	rig_restart(r.batches);
	T_EQ(r.w.control.binding, ISSUERS * CONTROL_BIND_EACH_MAX);
	T_CHECK(watch_evacuating(&r.w));
#undef PUT
}

/* A signer whose nonce names other stops is handed everything again, but not in a storm. */
static void withheld_stop(void)
{
	static uint8_t raw[16384];
	struct bytes item;
	size_t n;
	unsigned before;

	rig_up();
	n = freeze_made(raw, sizeof raw, "officer-1", &r.person[0], false, bytes_of(NULL, 0), 1);
	item = bytes_of(raw, n);
	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	T_EQ(r.signer[A].stops, 1);
	r.signer[A].agrees = false; /* it has forgotten, or never had it */
	before = r.signer[A].stop_gets;
	for (int i = 0; i < 40; i++) {
		r.signer[A].nonce++;
		tick(25);
	}
	T_CHECK(r.signer[A].stops >= 2);
	T_CHECK(r.signer[A].stops <= 5);
	T_CHECK(r.signer[A].stop_gets > before);
	T_EQ(r.signer[B].stops, 1);
}

/* Evidence of others is believed only as far as it proves itself. */
static void evidence_of_others(void)
{
	static uint8_t raw[16384];
	static uint8_t tx[NEM_TX_BYTES_MAX];
	struct nem_tx t;
	struct bytes item;
	size_t n;

#define GIVEN(bad_tx, evac)                                                                      \
	do {                                                                                     \
		t = (bad_tx);                                                                    \
		n = tx_bytes(tx, &t);                                                            \
		n = freeze_made(raw, sizeof raw, "w2", &r.watcher[1], true, bytes_of(tx, n), 1); \
		item = bytes_of(raw, n);                                                         \
		T_EQ(reply_type(ask(ROLE_PEER, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);       \
		T_CHECK(watch_frozen(&r.w));                                                     \
		T_EQ(watch_evacuating(&r.w), evac);                                              \
	} while (0)
	rig_up();
	GIVEN(stolen(K_A, K_B, X(10)), true);
	rig_up();
	GIVEN(stolen(K_A, 0, X(10)), false);
	rig_up();
	GIVEN(stolen(K_THIEF, K_HOLDER0, X(10)), false);
	rig_up();
	t = stolen(K_A, K_B, X(10));
	t.signature.b[0] ^= 1;
	GIVEN(t, false);
	rig_up();
	GIVEN(pay_whole(X(50)), false); /* an honest payment is no evidence */
	/* before any chain is known genesis says who controls the till */
	rig_make();
	GIVEN(stolen(K_A, K_B, X(10)), true);
	rig_make();
	GIVEN(stolen(K_THIEF, K_HOLDER0, X(10)), false);
#undef GIVEN
}

/* ---- evacuation ---------------------------------------------------------------------------- */

static void evacuates(void)
{
	struct nem_tx t;
	struct nem_address till;
	struct nem_address purse;
	struct nis_account account;

	rig_up();
	r.push = true;
	t = stolen(K_A, K_B, X(10));
	T_EQ(nis_say(PUBLIC, &t), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	wait_ms(100);
	T_EQ(r.w.control.binding, 1);
	/* till whole, till's rest beside the thief's, purse: both signers, both nodes */
	T_EQ(r.signer[A].sweeps, 3);
	T_EQ(r.signer[B].sweeps, 3);
	T_EQ(r.announced, 6);
	mine(CLEAN);
	feed_all();
	wait_ms(200);
	mine(PUBLIC);
	feed_all();
	wait_ms(200);
	till = address_of(K_TILL);
	purse = address_of(K_PURSE);
	nis_account(r.nis, &till, &account);
	T_EQ(account.balance, 0);
	nis_account(r.nis, &purse, &account);
	T_EQ(account.balance, 0);
	till = address_of(K_SPARE0);
	nis_account(r.nis, &till, &account);
	T_CHECK(account.balance > X(99990));
	/* the sweeps themselves are explained */
	T_EQ(r.w.thefts, 1);
	T_EQ(r.w.control.binding, 1);
	/* what comes in later goes the same way */
	t = tx_transfer(K_CUSTOMER, K_TILL, X(100));
	tx_sign(&t, K_CUSTOMER);
	T_EQ(nis_say(CLEAN, &t), NEM_SUCCESS);
	mine(CLEAN);
	feed_all();
	wait_ms(200);
	mine(CLEAN);
	feed_all();
	wait_ms(200);
	till = address_of(K_TILL);
	nis_account(r.nis, &till, &account);
	T_EQ(account.balance, 0);
	T_EQ(r.w.control.binding, 1);
}

static void no_evacuation_without_grounds(void)
{
	static uint8_t raw[16384];
	struct bytes item;
	size_t n;

	rig_up();
	r.push = true;
	n = freeze_made(raw, sizeof raw, "officer-1", &r.person[0], true, bytes_of(NULL, 0), 1);
	item = bytes_of(raw, n);
	(void)ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1);
	mine(CLEAN);
	feed_all();
	wait_ms(1000);
	T_EQ(r.signer[A].sweeps, 0);
	T_EQ(r.announced, 0);
	/* the second officer */
	n = freeze_made(raw, sizeof raw, "officer-2", &r.person[1], true, bytes_of(NULL, 0), 2);
	item = bytes_of(raw, n);
	(void)ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1);
	wait_ms(200);
	T_EQ(r.signer[A].sweeps, 2);
	T_EQ(r.signer[B].sweeps, 2);
	T_EQ(r.announced, 4);
}

/* Sweeps that no freeze justifies are no explanation: not acknowledged. */
static void sweep_without_freeze(void)
{
	struct money balance = xem(X(1000));

	rig_up();
	r.is_sweep = true;
	r.with_freeze = false;
	r.attest_key = NULL;
	T_CHECK(attempt_sweep_make(&r.sweep, &r.genesis, &r.policy, &r.genesis_id,
				   &r.chain[K_TILL].public_key, &balance, r.now_s) == ERR_OK);
	(void)att_tell(A);
	rig_settle();
	T_EQ(r.signer[A].acks, 0);
	STOPPED("no freeze shows a theft", false, false);
}

/* ---- start --------------------------------------------------------------------------------- */

static void bad_starts(void)
{
	struct watch_config c;
	struct doc_fault fault = { "", "" };

	rig_make();
#define STARTS(change, want)                              \
	do {                                              \
		c = rig_config();                         \
		change;                                   \
		T_EQ(watch_init(&r.w, &c, &fault), want); \
	} while (0)
	STARTS((void)0, ERR_OK);
	STARTS(c.network = 0x68, ERR_NETWORK);
	STARTS(c.watcher[1] = '9', ERR_MISMATCH);
	STARTS(c.freeze_secret = r.watcher[1].secret, ERR_KEY);
	STARTS(c.nodes = 0, ERR_FIELD_RANGE);
	STARTS(c.nodes = WATCH_NODES_MAX + 1, ERR_FIELD_RANGE);
	STARTS(c.node_clean = 2, ERR_FIELD_RANGE);
	STARTS(c.storage.payments_cap = 1, ERR_FIELD_RANGE);
	STARTS(c.storage.index_cap = 4 * PAYMENTS - 1, ERR_FIELD_RANGE);
	STARTS(c.storage.undo_cap = 1, ERR_FIELD_RANGE);
	STARTS(c.roster = c.policy, ERR_TYPE);
	STARTS(c.genesis = c.policy, ERR_GENESIS);
	STARTS(c.genesis.n--, ERR_INPUT);
	passkey_point(&r.roster.people[0].passkeys[0], false);
	r.roster_n = made(r.roster_raw, sizeof r.roster_raw, NULL, DOC_ROSTER, &r.roster, NULL);
	STARTS((void)0, ERR_KEY);
#undef STARTS
	/* the journal of another watcher */
	rig_make();
	c = rig_config();
	(void)snprintf(c.watcher, sizeof c.watcher, "w2");
	c.freeze_secret = r.watcher[1].secret;
	T_EQ(watch_init(&r.w, &c, &fault), ERR_OK);
	T_EQ(watch_replay(&r.w, bytes_of(r.journal, r.batch_end[0])), ERR_GENESIS);
}

static void caught_up(void)
{
	rig_make();
	T_CHECK(!watch_caught_up(&r.w, r.mono));
	T_CHECK(!watch_caught_up(&r.w, r.mono + WATCH_START_MS - 1));
	T_CHECK(watch_caught_up(&r.w, r.mono + WATCH_START_MS));
	rig_connect();
	T_CHECK(watch_caught_up(&r.w, r.mono));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a quiet start: heartbeats with the chain's own figures", starts_quiet },
		{ "no heartbeat without a node", no_heartbeat_without_chain },
		{ "an ordinary payment", ordinary_payment },
		{ "what is promised of a till", promises },
		{ "payments with approvals", approved_payments },
		{ "a watcher that was away for a day", lagging_watcher },
		{ "the pool is faster than the signers", pool_before_attestation },
		{ "what comes in is fine", incoming_is_fine },
		{ "a rollback, and mined again", rollback_and_again },
		{ "a rollback that nobody told", rollback_untold },
		{ "poisoned announcements are no theft", poisoned_announcements },
		{ "theft in the pool", theft_in_pool },
		{ "theft in a block only", theft_in_block_only },
		{ "theft with the recovery key", theft_by_recovery_key },
		{ "theft from a box", theft_from_box },
		{ "a proposal from a box", box_proposal },
		{ "incomplete proposals freeze and name the key", proposals_freeze_only },
		{ "a stray cosignature", stray_cosignature },
		{ "fee drain by re-wrapping", fee_drain },
		{ "every alteration of an honest unit", altered_units },
		{ "a second sight of a payment", second_sight },
		{ "change of control", change_of_control },
		{ "an account's own key after its conversion", dead_key },
		{ "barrier: closed signers count after their time", barrier_closed_signers },
		{ "barrier: silent signers count after their time", barrier_silent_signers },
		{ "barrier: one who knows nothing is enough", barrier_one_knows_nothing },
		{ "barrier: half known, the other cut off", barrier_half_known },
		{ "barrier: a form that nobody signs", barrier_another_form },
		{ "barrier: a question lost with the link", barrier_lost_question },
		{ "barrier: named but never delivered", barrier_never_drained },
		{ "more suspects than places", many_suspects },
		{ "nodes that lie", lying_nodes },
		{ "blocks that cannot be", impossible_blocks },
		{ "a stop: receipt, hand-over, restart", stop_put_and_get },
		{ "bad stops", bad_stops },
		{ "too many stops of one issuer", too_many_stops },
		{ "an issuer's last place is for an evacuation", last_place },
		{ "a signer that lacks a stop", withheld_stop },
		{ "evidence of others", evidence_of_others },
		{ "evacuation to the last micro-XEM", evacuates },
		{ "no evacuation without grounds", no_evacuation_without_grounds },
		{ "a sweep without freeze", sweep_without_freeze },
		{ "bad starts", bad_starts },
		{ "caught up", caught_up },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
