/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the harmful properties of NEM's multisig are all there (nem.md 2.8, 3.4, 4.4), blocks and
 * rollbacks keep every invariant, and what a colluding harvester may do is exactly what NIS lets
 * him do.
 * Method: as test_nis_rules.c; blocks also made directly from given transactions, foreign blocks
 * damaged bit by bit, chains undone and mined again, a random walk with the invariants after each
 * step.
 */
#include "chain/nem/nem_block.h"
#include "nis_kit.h"

/* A complete payment: M to `to`, A wraps, B cosigned. */
static struct nem_tx payment(struct world *w, unsigned to, uint64_t amount, struct nem_tx *co)
{
	struct nem_tx inner = transfer(M, to, amount, w->now);
	struct nem_tx pay = wrap(A, &inner, w->now);

	*co = cosignature(B, &pay, w->now);
	if (!sign(&pay, A) || !sign(co, B) || nem_tx_attach(&pay, co) != ERR_OK) {
		pay.type = NEM_TRANSFER; /* nothing will take it */
	}
	return pay;
}

static void nemesis_is_deterministic(void)
{
	struct world a, b;
	struct nis_block x, y;
	struct nis_config c = world_config();

	T_CHECK(world_open(&a));
	c.harvester[0]++;
	T_CHECK(world_open_with(&b, &c));
	T_EQ(nis_height(a.n), 1);
	x = nis_top(a.n);
	y = nis_top(b.n);
	T_MEM(x.hash.b, y.hash.b, 32);
	T_EQ(x.fees, 0);
	T_EQ(x.transactions, WHO_N - 1);
	T_CHECK(mine(&a, PUBLIC));
	T_CHECK(mine(&b, PUBLIC));
	x = nis_top(a.n);
	y = nis_top(b.n);
	T_CHECK(!hash32_eq(&x.hash, &y.hash));
	WORLD_CLOSE(&a);
	WORLD_CLOSE(&b);
}

static void configurations_that_are_refused(void)
{
	struct nis_config c = world_config();
	struct nis_grant g[2] = { { address_of(A), 1 }, { address_of(B), 1 } };
	struct nis_nemesis nemesis = { .time_s = START, .grants = g, .n = 2 };
	struct nis *n = NULL;

	T_EQ(crypto_init(), ERR_OK);
	memset(nemesis.key, NEMESIS, 32);
	c.network = 0x99;
	T_EQ(nis_open(&n, &c, &nemesis), ERR_NETWORK);
	c.network = NEM_NETWORK_TEST;
	c.pools = 0;
	T_EQ(nis_open(&n, &c, &nemesis), ERR_FIELD_RANGE);
	c.pools = NIS_POOLS_MAX + 1;
	T_EQ(nis_open(&n, &c, &nemesis), ERR_FIELD_RANGE);
	c.pools = 1;
	c.undo_blocks = NIS_UNDO_MAX + 1;
	T_EQ(nis_open(&n, &c, &nemesis), ERR_FIELD_RANGE);
	c.undo_blocks = 0;
	g[0].amount = 0;
	T_EQ(nis_open(&n, &c, &nemesis), ERR_FIELD_RANGE);
	g[0].amount = NEM_SUPPLY_MICRO;
	T_EQ(nis_open(&n, &c, &nemesis), ERR_OVERFLOW);
	g[0].amount = UINT64_MAX;
	T_EQ(nis_open(&n, &c, &nemesis), ERR_OVERFLOW);
	g[0].amount = NEM_SUPPLY_MICRO - 1;
	memset(c.harvester, NEMESIS, 32);
	T_EQ(nis_open(&n, &c, &nemesis), ERR_KEY);
	memset(c.harvester, HARVESTER, 32);
	c.network = NEM_NETWORK_MAIN;
	T_EQ(nis_open(&n, &c, &nemesis), ERR_ADDRESS);
	c.network = NEM_NETWORK_TEST;
	nemesis.n = NEM_BLOCK_NEMESIS_MAX + 1;
	T_EQ(nis_open(&n, &c, &nemesis), ERR_FULL);
	nemesis.n = 2;
	T_EQ(nis_open(&n, &c, &nemesis), ERR_OK);
	T_CHECK(nis_validate(n) == NULL);
	nis_close(n);
	nis_close(NULL);
}

/* nem.md 2.8, box, case 1: the initiator chooses the fee. */
static void fee_drain_by_the_initiator(void)
{
	struct world w;
	struct nem_tx inner, pay;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = transfer(M, X, 10 * XEM, w.now);
	pay = wrap(A, &inner, w.now);
	pay.head.fee_micro = 900000 * (uint64_t)XEM;
	T_EQ(say(&w, pay, A), NEM_SUCCESS);
	T_EQ(say(&w, cosignature(B, &pay, w.now), B), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &pay), 1);
	T_CHECK(balance(&w, M) < 100000 * (uint64_t)XEM);
	T_CHECK(balance(&w, HARVESTER) >= 900000 * (uint64_t)XEM);
	WORLD_CLOSE(&w);
}

/* Case 2: a third cosigner wraps the same inner at a node that does not know the honest wrapper. */
static void fee_drain_by_another_cosigner(void)
{
	struct world w;
	struct nem_tx inner, honest, rogue, co;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = transfer(M, X, 10 * XEM, w.now);
	honest = wrap(A, &inner, w.now);
	co = cosignature(B, &honest, w.now);
	rogue = wrap(C, &inner, w.now);
	rogue.head.fee_micro = 900000 * (uint64_t)XEM;
	T_CHECK(sign(&honest, A) && sign(&rogue, C) && sign(&co, B));
	T_EQ(announce(&w, CLEAN, &rogue), NEM_SUCCESS);
	T_EQ(announce(&w, CLEAN, &co), NEM_SUCCESS);
	T_EQ(announce(&w, PUBLIC, &honest), NEM_SUCCESS);
	T_CHECK(mine(&w, CLEAN));
	T_EQ(seen(&w, &rogue), 1);
	T_EQ(seen_inner(&w, &honest), 1);
	T_EQ(seen(&w, &honest), 0);
	T_EQ(announce(&w, CLEAN, &honest), NEM_NEUTRAL);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	T_CHECK(balance(&w, M) < 100000 * (uint64_t)XEM);
	WORLD_CLOSE(&w);
}

/* Case 3: the pool that knows the honest wrapper says NEUTRAL; a block with the other is valid. */
static void fee_drain_by_a_colluding_harvester(void)
{
	struct world w;
	struct nem_tx inner, honest, rogue, co;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = transfer(M, X, 10 * XEM, w.now);
	honest = wrap(A, &inner, w.now);
	co = cosignature(B, &honest, w.now);
	rogue = wrap(C, &inner, w.now);
	rogue.head.fee_micro = 900000 * (uint64_t)XEM;
	T_CHECK(sign(&honest, A) && sign(&rogue, C) && sign(&co, B));
	T_EQ(announce(&w, PUBLIC, &honest), NEM_SUCCESS);
	T_EQ(announce(&w, PUBLIC, &co), NEM_SUCCESS);
	T_EQ(announce(&w, PUBLIC, &rogue), NEM_NEUTRAL);
	T_EQ(given(&w, &rogue, 1, Z), NEM_FAILURE_MULTISIG_INVALID_COSIGNERS);
	T_EQ(nem_tx_attach(&rogue, &co), ERR_OK);
	T_EQ(given(&w, &rogue, 1, Z), NEM_SUCCESS);
	T_CHECK(balance(&w, Z) >= 1900000 * (uint64_t)XEM); /* the attacker collects the fee */
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	WORLD_CLOSE(&w);
}

/* nem.md 4.4. */
static void jamming_by_amount(void)
{
	struct world w;
	struct nem_tx rogue, inner, honest;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = transfer(M, T, 990000 * (uint64_t)XEM, w.now);
	rogue = wrap(A, &inner, w.now);
	T_EQ(say(&w, rogue, A), NEM_SUCCESS);
	inner = transfer(M, X, 100000 * (uint64_t)XEM, w.now);
	honest = wrap(B, &inner, w.now);
	T_CHECK(sign(&honest, B));
	T_EQ(announce(&w, PUBLIC, &honest), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_EQ(balance(&w, M) / XEM, 1000000 - 1); /* confirmed: nothing shows */
	T_EQ(announce(&w, CLEAN, &honest), NEM_SUCCESS);
	/* It stays jammed over blocks, until the proposal's deadline. */
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(announce(&w, PUBLIC, &honest), NEM_FAILURE_INSUFFICIENT_BALANCE);
	w.now = rogue.head.deadline_nem_s;
	nis_expire(w.n, w.now);
	T_EQ(nis_pool_count(w.n, PUBLIC), 1);
	w.now++;
	nis_expire(w.n, w.now);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	inner = transfer(M, X, 100000 * (uint64_t)XEM, w.now);
	T_EQ(say(&w, wrap(B, &inner, w.now), B), NEM_SUCCESS);
	WORLD_CLOSE(&w);
}

static void jamming_by_removal(void)
{
	struct world w;
	struct nem_tx inner, honest, pay;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = modification(M, 0, w.now);
	entry(&inner, NEM_DELETE, B);
	T_EQ(say(&w, wrap(A, &inner, w.now), A), NEM_SUCCESS);
	pay = transfer(M, X, XEM, w.now);
	honest = wrap(B, &pay, w.now);
	T_CHECK(sign(&honest, B));
	T_EQ(announce(&w, PUBLIC, &honest), NEM_FAILURE_MULTISIG_NOT_A_COSIGNER);
	T_EQ(announce(&w, CLEAN, &honest), NEM_SUCCESS);
	T_EQ(nis_pool_count(w.n, PUBLIC), 1);
	nis_drop_pool(w.n, PUBLIC);
	T_EQ(announce(&w, PUBLIC, &honest), NEM_SUCCESS);
	WORLD_CLOSE(&w);
}

/* nem.md 2.8, "expiry trap". */
static void a_short_lived_cosignature_kills(void)
{
	static const unsigned abc[] = { A, B, C };
	struct world w;
	struct nem_tx inner, pay, co;

	T_CHECK(world_open(&w));
	T_CHECK(convert(&w, M, abc, 3, 3));
	inner = transfer(M, X, XEM, w.now);
	pay = wrap(A, &inner, w.now);
	T_EQ(say(&w, pay, A), NEM_SUCCESS);
	co = cosignature(B, &pay, w.now);
	co.head.deadline_nem_s = w.now + 60;
	T_EQ(say(&w, co, B), NEM_SUCCESS);
	w.now += 60;
	nis_expire(w.n, w.now);
	T_EQ(nis_pool_count(w.n, PUBLIC), 1);
	w.now += 30;
	nis_expire(w.n, w.now);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	T_EQ(say(&w, cosignature(C, &pay, w.now), C), NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG);
	WORLD_CLOSE(&w);
}

/* nem.md 3.4: blocks ask the wrapper's deadline alone. */
static void an_expired_inner_lives_in_a_fresh_wrapper(void)
{
	struct world w;
	struct nem_tx inner, old, fresh, co;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = transfer(M, X, XEM, w.now);
	old = wrap(A, &inner, w.now);
	co = cosignature(B, &old, w.now);
	T_CHECK(sign(&old, A) && sign(&co, B));
	w.now += 2 * 86400;
	T_EQ(announce(&w, PUBLIC, &old), NEM_FAILURE_PAST_DEADLINE);
	T_EQ(nem_tx_attach(&old, &co), ERR_OK);
	T_EQ(given(&w, &old, 1, Z), NEM_FAILURE_PAST_DEADLINE);
	fresh = wrap(A, &inner, w.now);
	T_CHECK(sign(&fresh, A));
	T_EQ(nem_tx_attach(&fresh, &co), ERR_OK);
	T_EQ(push(&w, PUBLIC, &fresh), NEM_FAILURE_PAST_DEADLINE); /* a pool still asks */
	T_EQ(given(&w, &fresh, 1, Z), NEM_SUCCESS);
	T_EQ(seen_inner(&w, &fresh), 1);
	WORLD_CLOSE(&w);
}

static void a_mined_inner_lives_again_after_the_retention(void)
{
	struct world w;
	struct nem_tx pay, again, co;
	uint64_t before;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	pay = payment(&w, X, 10 * XEM, &co);
	T_EQ(push(&w, PUBLIC, &pay), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen_inner(&w, &pay), 1);
	before = balance(&w, M);
	/* As long as it is remembered, no block may repeat it. */
	again = pay;
	again.head.time_nem_s = w.now;
	again.head.deadline_nem_s = w.now + HOUR;
	T_CHECK(sign(&again, A));
	T_EQ(given(&w, &again, 1, Z), NEM_NEUTRAL);
	/* The top block is exactly 36 h after the inner's timestamp: still remembered. */
	w.now = pay.multisig.inner.head.time_nem_s + NIS_RETENTION_S - 60;
	T_CHECK(mine(&w, PUBLIC));
	again.head.time_nem_s = w.now;
	again.head.deadline_nem_s = w.now + HOUR;
	T_CHECK(sign(&again, A));
	T_EQ(given(&w, &again, 1, Z), NEM_NEUTRAL);
	w.now -= 60;
	w.now = nis_top(w.n).time_s + 1 - 60;
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(given(&w, &again, 1, Z), NEM_SUCCESS);
	T_EQ(seen_inner(&w, &pay), 2);
	T_CHECK(balance(&w, M) < before);
	WORLD_CLOSE(&w);
}

static void retention_is_a_switch(void)
{
	struct world w;
	struct nem_tx pay, again, co;
	struct hash32 hash;
	struct nis_entry e;

	T_CHECK(world_open(&w));
	nis_set_retention(w.n, 0, w.now);
	T_CHECK(convert_m(&w));
	pay = payment(&w, X, 10 * XEM, &co);
	T_EQ(push(&w, PUBLIC, &pay), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	w.now += 30 * 86400;
	T_CHECK(mine(&w, PUBLIC));
	nem_tx_hash(&hash, &pay);
	T_CHECK(nis_find(w.n, &hash, &e));
	again = pay;
	again.head.time_nem_s = w.now;
	again.head.deadline_nem_s = w.now + HOUR;
	T_CHECK(sign(&again, A));
	T_EQ(given(&w, &again, 1, Z), NEM_NEUTRAL);
	nis_set_retention(w.n, NIS_RETENTION_S, w.now);
	T_CHECK(!nis_find(w.n, &hash, &e));
	T_EQ(given(&w, &again, 1, Z), NEM_SUCCESS);
	WORLD_CLOSE(&w);
}

/* A pool took again what was forgotten; then it is remembered: no block may be spoilt by it. */
static void retention_raised_over_a_full_pool(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	nis_set_retention(w.n, 60, w.now);
	tx = transfer(A, X, XEM, w.now);
	tx.head.deadline_nem_s = w.now + 10 * HOUR;
	T_CHECK(sign(&tx, A));
	T_EQ(announce(&w, PUBLIC, &tx), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	w.now += HOUR;
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(announce(&w, PUBLIC, &tx), NEM_SUCCESS);
	nis_set_retention(w.n, NIS_RETENTION_S, w.now);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &tx), 1);
	WORLD_CLOSE(&w);
}

static void the_planted_bug_is_one(void)
{
	struct nis_config c = world_config();
	struct world w;
	struct nem_tx pay, again, co;

	c.planted = NIS_PLANT_SKIP_DUPLICATE;
	T_CHECK(world_open_with(&w, &c));
	T_CHECK(convert_m(&w));
	pay = payment(&w, X, 10 * XEM, &co);
	T_EQ(push(&w, PUBLIC, &pay), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	again = pay;
	again.head.time_nem_s = w.now;
	again.head.deadline_nem_s = w.now + HOUR;
	T_CHECK(sign(&again, A));
	T_EQ(given(&w, &again, 1, Z), NEM_SUCCESS);
	T_EQ(seen_inner(&w, &pay), 2);
	WORLD_CLOSE(&w);
}

static void pushing_whole_units(void)
{
	struct world w;
	struct nem_tx pay, bad, co, foreign;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	pay = payment(&w, X, 10 * XEM, &co);
	bad = pay;
	bad.signature.b[3] ^= 1;
	T_EQ(push(&w, CLEAN, &bad), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	bad = pay;
	bad.multisig.cosignature[0].signature.b[3] ^= 1;
	T_EQ(push(&w, CLEAN, &bad), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	bad = pay;
	bad.multisig.n = 0;
	foreign = cosignature(X, &pay, w.now);
	T_CHECK(sign(&foreign, X));
	T_EQ(nem_tx_attach(&bad, &foreign), ERR_OK);
	T_EQ(push(&w, CLEAN, &bad), NEM_FAILURE_MULTISIG_INVALID_COSIGNERS);
	bad = pay;
	bad.multisig.n = 0;
	co.head.fee_micro--;
	T_CHECK(sign(&co, B));
	T_EQ(nem_tx_attach(&bad, &co), ERR_OK);
	T_EQ(push(&w, CLEAN, &bad), NEM_FAILURE_INSUFFICIENT_FEE);
	T_EQ(nis_pool_count(w.n, CLEAN), 0);
	T_EQ(push(&w, CLEAN, &pay), NEM_SUCCESS);
	T_EQ(push(&w, CLEAN, &pay), NEM_NEUTRAL);
	T_CHECK(mine(&w, CLEAN));
	T_EQ(seen(&w, &pay), 1);
	T_EQ(push(&w, PUBLIC, &pay), NEM_NEUTRAL);
	WORLD_CLOSE(&w);
}

static void results_are_cached_ten_minutes(void)
{
	struct nis_config c = world_config();
	struct world w;
	struct nem_tx inner, pay, co, poisoned;

	c.result_cache = true;
	T_CHECK(world_open_with(&w, &c));
	T_CHECK(convert_m(&w));
	inner = transfer(M, X, XEM, w.now);
	pay = wrap(A, &inner, w.now);
	co = cosignature(B, &pay, w.now);
	T_CHECK(sign(&pay, A) && sign(&co, B));
	T_EQ(announce(&w, PUBLIC, &co), NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG);
	T_EQ(announce(&w, PUBLIC, &pay), NEM_SUCCESS);
	T_EQ(announce(&w, PUBLIC, &co), NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG);
	T_EQ(announce(&w, PUBLIC, &pay), NEM_NEUTRAL);
	T_EQ(announce(&w, CLEAN, &pay), NEM_SUCCESS); /* each pool its own cache */
	T_EQ(announce(&w, CLEAN, &co), NEM_SUCCESS);
	/* Poisoning: the hash ignores the signature. */
	poisoned = transfer(X, Y, XEM, w.now);
	T_EQ(announce(&w, PUBLIC, &poisoned), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	T_CHECK(sign(&poisoned, X));
	T_EQ(announce(&w, PUBLIC, &poisoned), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	w.now += NIS_RESULT_CACHE_S - 1;
	T_EQ(announce(&w, PUBLIC, &poisoned), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	w.now++;
	T_EQ(announce(&w, PUBLIC, &poisoned), NEM_SUCCESS);
	T_EQ(announce(&w, PUBLIC, &co), NEM_SUCCESS);
	nis_set_result_cache(w.n, false);
	T_EQ(announce(&w, PUBLIC, &pay), NEM_NEUTRAL);
	WORLD_CLOSE(&w);
}

/* Thousands of answers are forgotten in one go, and none of them too early or too late. */
static void many_results_are_cached_ten_minutes(void)
{
	enum { OLD = 3000, YOUNG = 3000 };
	struct nis_config c = world_config();
	uint32_t start;
	struct world w;
	struct nem_tx tx;

	c.result_cache = true;
	T_CHECK(world_open_with(&w, &c));
	start = w.now;
	for (unsigned i = 0; i < OLD + YOUNG; i++) {
		w.now = i < OLD ? start : start + 400;
		tx = transfer(X, Y, i + 1, start); /* not signed */
		T_EQ(announce(&w, PUBLIC, &tx), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	}
	for (unsigned i = 0; i < OLD + YOUNG; i += 500) {
		tx = transfer(X, Y, i + 1, start);
		w.now = start + 599;
		T_EQ(say(&w, tx, X), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	}
	w.now = start + 600;
	for (unsigned i = 0; i < OLD; i += 500) {
		T_EQ(say(&w, transfer(X, Y, i + 1, start), X), NEM_SUCCESS);
	}
	/* New answers until the old ones are thrown out; what is young stays. */
	for (unsigned i = 0; i < 3 * OLD; i++) {
		tx = transfer(X, Z, i + 1, start);
		T_EQ(announce(&w, PUBLIC, &tx), NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	}
	w.now = start + 999;
	for (unsigned i = OLD; i < OLD + YOUNG; i += 500) {
		T_EQ(say(&w, transfer(X, Y, i + 1, start), X),
		     NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE);
	}
	w.now = start + 1000;
	for (unsigned i = OLD; i < OLD + YOUNG; i += 500) {
		T_EQ(say(&w, transfer(X, Y, i + 1, start), X), NEM_SUCCESS);
	}
	WORLD_CLOSE(&w);
}

static void conflicts_are_dropped_after_a_block(void)
{
	struct world w;
	struct nem_tx one, two;

	T_CHECK(world_open(&w));
	one = transfer(T, X, 90 * XEM, w.now);
	two = transfer(T, Y, 90 * XEM, w.now);
	T_CHECK(sign(&one, T) && sign(&two, T));
	T_EQ(announce(&w, PUBLIC, &one), NEM_SUCCESS);
	T_EQ(announce(&w, CLEAN, &two), NEM_SUCCESS);
	T_CHECK(mine(&w, CLEAN));
	T_EQ(seen(&w, &two), 1);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	T_EQ(announce(&w, PUBLIC, &one), NEM_FAILURE_INSUFFICIENT_BALANCE);
	WORLD_CLOSE(&w);
}

static void blocks_hold_120_counting_everything(void)
{
	struct world w;
	struct nis_block top;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	for (unsigned i = 0; i < 41; i++) {
		struct nem_tx co;
		struct nem_tx pay = payment(&w, X, (1 + (uint64_t)i) * XEM, &co);

		T_EQ(push(&w, PUBLIC, &pay), NEM_SUCCESS);
	}
	T_CHECK(mine(&w, PUBLIC));
	top = nis_top(w.n);
	T_EQ(top.transactions, 40);
	T_EQ(top.all_transactions, 120);
	T_EQ(nis_pool_count(w.n, PUBLIC), 1);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	WORLD_CLOSE(&w);
}

static void fee_order(void)
{
	struct world w;
	struct nem_tx tx[3];
	struct nis_entry e;

	T_CHECK(world_open(&w));
	for (unsigned i = 0; i < 3; i++) {
		tx[i] = transfer(A + i, X, XEM, w.now - i);
		tx[i].head.fee_micro += i == 1 ? 1 : 0;
		T_EQ(say(&w, tx[i], A + i), NEM_SUCCESS);
	}
	T_CHECK(mine(&w, PUBLIC));
	for (unsigned i = 0; i < 3; i++) {
		static const unsigned expected[] = { 1, 2, 0 }; /* fee, then the older */
		struct hash32 h;

		nem_tx_hash(&h, &tx[expected[i]]);
		T_CHECK(nis_entry_at(w.n, 2, i, &e));
		T_MEM(e.hash.b, h.b, 32);
	}
	T_CHECK(!nis_entry_at(w.n, 2, 3, &e));
	T_CHECK(!nis_entry_at(w.n, 0, 0, &e));
	T_CHECK(!nis_entry_at(w.n, 3, 0, &e));
	WORLD_CLOSE(&w);
}

static void a_transaction_waits_for_a_later_second(void)
{
	struct world w;
	struct nem_tx tx;

	T_CHECK(world_open(&w));
	tx = transfer(A, X, XEM, w.now);
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	T_EQ(nis_mine(w.n, PUBLIC, w.now), ERR_OK);
	T_EQ(seen(&w, &tx), 0);
	T_EQ(nis_mine(w.n, PUBLIC, w.now), ERR_FIELD_RANGE); /* the time must rise */
	T_EQ(nis_mine(w.n, PUBLIC, w.now + 1), ERR_OK);
	T_EQ(seen(&w, &tx), 1);
	/* At its deadline it may be mined, a second later it is gone. */
	tx = transfer(A, X, XEM, w.now + 2);
	tx.head.deadline_nem_s = w.now + 10;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	T_EQ(nis_mine(w.n, PUBLIC, w.now + 10), ERR_OK);
	T_EQ(seen(&w, &tx), 1);
	tx.transfer.amount_micro++;
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	T_EQ(nis_mine(w.n, PUBLIC, w.now + 11), ERR_OK);
	T_EQ(seen(&w, &tx), 0);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	WORLD_CLOSE(&w);
}

/* What a harvester may not do, even one who colludes. */
static void given_blocks_that_are_refused(void)
{
	struct world w;
	struct nem_tx pay, bad, co, two[2];
	struct bytes views[121];
	struct edk_secret z = key_of(Z);
	uint8_t raw[NEM_TX_BYTES_MAX];
	struct writer out = writer_make(raw, sizeof raw);
	enum nem_result code = NEM_SUCCESS;
	uint64_t height;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	pay = payment(&w, X, 10 * XEM, &co);
	height = nis_height(w.n);
	T_EQ(given(&w, &co, 1, Z), NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG);
	T_EQ(given(&w, &pay, 1, NEMESIS), NEM_FAILURE_CANNOT_HARVEST_FROM_BLOCKED_ACCOUNT);
	T_EQ(given(&w, &pay, 1, A), NEM_FAILURE_SELF_SIGNED_TRANSACTION);
	bad = pay;
	bad.signature.b[0] ^= 1;
	T_EQ(given(&w, &bad, 1, Z), NEM_FAILURE_TRANSACTION_UNVERIFIABLE);
	bad = pay;
	bad.multisig.cosignature[0].signature.b[0] ^= 1;
	T_EQ(given(&w, &bad, 1, Z), NEM_FAILURE_TRANSACTION_UNVERIFIABLE);
	bad = pay;
	bad.multisig.n = 0;
	T_EQ(given(&w, &bad, 1, Z), NEM_FAILURE_MULTISIG_INVALID_COSIGNERS);
	two[0] = two[1] = pay;
	T_EQ(given(&w, two, 2, Z), NEM_FAILURE_TRANSACTION_DUPLICATE_IN_CHAIN);
	two[1].head.fee_micro++; /* another wrapper, the same inner */
	T_CHECK(sign(&two[1], A));
	T_EQ(given(&w, two, 2, Z), NEM_FAILURE_TRANSACTION_DUPLICATE_IN_CHAIN);
	two[0] = transfer(T, X, 60 * XEM, w.now);
	two[1] = transfer(T, Y, 60 * XEM, w.now);
	T_CHECK(sign(&two[0], T) && sign(&two[1], T));
	T_EQ(given(&w, two, 2, Z), NEM_FAILURE_INSUFFICIENT_BALANCE);
	nem_tx_encode(&out, &two[0], NEM_SIGNED);
	for (unsigned i = 0; i < 121; i++) {
		views[i] = bytes_of(raw, out.n);
	}
	T_EQ(nis_mine_given(w.n, views, 121, w.now + 60, &z, &code), ERR_OK);
	T_EQ(code, NEM_FAILURE_TOO_MANY_TRANSACTIONS);
	T_EQ(nis_mine_given(w.n, views, 1, nis_top(w.n).time_s, &z, &code), ERR_FIELD_RANGE);
	views[0].n--;
	T_EQ(nis_mine_given(w.n, views, 1, w.now + 60, &z, &code), ERR_INPUT);
	T_EQ(nis_height(w.n), height);
	T_EQ(given(&w, two, 1, Z), NEM_SUCCESS);
	WORLD_CLOSE(&w);
}

static void foreign_blocks_are_judged(void)
{
	struct world here, there;
	struct nem_tx pay, co;
	struct nis_block b;
	enum nem_result code;
	uint8_t raw[4096];
	unsigned taken = 0;

	T_CHECK(world_open(&here) && world_open(&there));
	T_CHECK(convert_m(&here));
	b = nis_top(here.n);
	T_EQ(nis_accept(there.n, b.verifiable, here.now, &code), ERR_OK);
	T_EQ(code, NEM_SUCCESS);
	there.now = here.now;
	pay = payment(&here, X, 10 * XEM, &co);
	T_EQ(push(&here, PUBLIC, &pay), NEM_SUCCESS);
	T_CHECK(mine(&here, PUBLIC));
	b = nis_top(here.n);
	T_CHECK(b.verifiable.n < sizeof raw);
	memcpy(raw, b.verifiable.p, b.verifiable.n);
	for (size_t n = 0; n < b.verifiable.n; n++) {
		T_CHECK(nis_accept(there.n, bytes_of(raw, n), here.now, &code) != ERR_OK);
	}
	for (size_t i = 0; i < b.verifiable.n; i++) {
		raw[i] ^= 0x10;
		taken +=
		    nis_accept(there.n, bytes_of(raw, b.verifiable.n), here.now, &code) == ERR_OK &&
		    code == NEM_SUCCESS;
		raw[i] ^= 0x10;
	}
	T_EQ(taken, 0);
	T_EQ(nis_height(there.n), 2);
	T_EQ(nis_accept(there.n, b.verifiable, here.now - 11, &code), ERR_OK);
	T_EQ(code, NEM_FAILURE_TIMESTAMP_TOO_FAR_IN_FUTURE);
	T_EQ(nis_accept(there.n, b.verifiable, here.now - 10, &code), ERR_OK);
	T_EQ(code, NEM_SUCCESS);
	T_EQ(nis_accept(there.n, b.verifiable, here.now, &code), ERR_OK);
	T_EQ(code, NEM_FAILURE_BLOCK_UNEXPECTED_HEIGHT);
	T_EQ(balance(&there, X), balance(&here, X));
	WORLD_CLOSE(&here);
	WORLD_CLOSE(&there);
}

static void rollback_and_mine_differently(void)
{
	struct world w;
	struct nem_tx tx, pay, co;
	struct hash32 first, again;
	struct nis_entry entry;
	struct nem_address x = address_of(X);
	uint64_t id;

	T_CHECK(world_open(&w));
	tx = transfer(A, X, 7 * XEM, w.now);
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_CHECK(convert_m(&w));
	pay = payment(&w, X, 10 * XEM, &co);
	T_EQ(push(&w, PUBLIC, &pay), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	first = nis_top(w.n).hash;
	T_EQ(nis_transfers(w.n, &x, NIS_INCOMING, 0, &entry, 1), 1);
	id = entry.id;
	T_EQ(nis_roll_back(w.n, 0, w.now), ERR_FIELD_RANGE);
	T_EQ(nis_roll_back(w.n, 5, w.now), ERR_FIELD_RANGE);
	T_EQ(nis_roll_back(w.n, 4, w.now), ERR_OK); /* nothing to undo */
	T_EQ(nis_roll_back(w.n, 1, w.now), ERR_OK);
	T_EQ(nis_height(w.n), 1);
	T_EQ(balance(&w, X), 1000000 * (uint64_t)XEM);
	T_EQ(balance(&w, HARVESTER), 0);
	T_EQ(seen(&w, &tx), 0);
	T_EQ(nis_transfers(w.n, &x, NIS_INCOMING, 0, &entry, 1), 1);
	T_EQ(entry.height, 1); /* the grant of the first block */
	/* The payment needs the conversion, which its pool executed before it. */
	T_EQ(nis_pool_count(w.n, PUBLIC), nis_pool_count(w.n, CLEAN));
	T_CHECK(nis_pool_count(w.n, PUBLIC) >= 2);
	T_CHECK(mine(&w, CLEAN));
	T_CHECK(mine(&w, CLEAN));
	T_EQ(seen(&w, &tx), 1);
	if (seen(&w, &pay) == 0) {
		T_EQ(push(&w, PUBLIC, &pay), NEM_SUCCESS);
		T_CHECK(mine(&w, PUBLIC));
	}
	T_EQ(seen(&w, &pay), 1);
	again = nis_top(w.n).hash;
	T_CHECK(!hash32_eq(&first, &again));
	T_EQ(balance(&w, X), 1000017 * (uint64_t)XEM);
	T_EQ(nis_transfers(w.n, &x, NIS_INCOMING, 0, &entry, 1), 1);
	T_CHECK(entry.id > id);
	WORLD_CLOSE(&w);
}

static void a_rollback_remembers_what_was_forgotten(void)
{
	struct world w;
	struct nem_tx pay, again, co;

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	pay = payment(&w, X, 10 * XEM, &co);
	T_EQ(push(&w, PUBLIC, &pay), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	w.now += NIS_RETENTION_S;
	T_CHECK(mine(&w, PUBLIC));
	again = pay;
	again.head.time_nem_s = w.now;
	again.head.deadline_nem_s = w.now + HOUR;
	T_CHECK(sign(&again, A));
	T_EQ(given(&w, &again, 1, Z), NEM_SUCCESS);
	T_EQ(nis_roll_back(w.n, 4, w.now), ERR_OK);
	T_EQ(seen_inner(&w, &pay), 1);
	T_EQ(nis_roll_back(w.n, 3, w.now), ERR_OK);
	T_EQ(given(&w, &again, 1, Z), NEM_NEUTRAL);
	WORLD_CLOSE(&w);
}

static void rollback_reaches_360_blocks(void)
{
	struct world w;

	T_CHECK(world_open(&w));
	for (unsigned i = 0; i < 365; i++) {
		T_CHECK(mine(&w, PUBLIC));
	}
	T_EQ(nis_roll_back(w.n, 366 - 361, w.now), ERR_STATE);
	T_EQ(nis_height(w.n), 366);
	T_EQ(nis_roll_back(w.n, 366 - 360, w.now), ERR_OK);
	T_EQ(nis_height(w.n), 6);
	T_EQ(nis_roll_back(w.n, 5, w.now), ERR_STATE);
	T_CHECK(mine(&w, PUBLIC));
	WORLD_CLOSE(&w);
}

static void transfer_lists(void)
{
	struct world w;
	struct nem_tx pay, co;
	struct nis_entry e[8];
	struct hash32 hash;
	struct nem_address a = address_of(A), c = address_of(C), m = address_of(M),
			   x = address_of(X), b = address_of(B);

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	pay = payment(&w, X, 10 * XEM, &co);
	T_EQ(push(&w, PUBLIC, &pay), NEM_SUCCESS);
	T_EQ(say(&w, transfer(A, A, XEM, w.now), A), NEM_SUCCESS); /* to oneself: once in "all" */
	T_CHECK(mine(&w, PUBLIC));
	nem_tx_hash(&hash, &pay);
	/* The wrapper: outgoing for the account and every cosigner, who signed or not. */
	T_EQ(nis_transfers(w.n, &m, NIS_OUTGOING, 0, e, 8), 2);
	T_MEM(e[0].hash.b, hash.b, 32);
	T_EQ(nis_transfers(w.n, &c, NIS_OUTGOING, 0, e, 8), 1);
	T_EQ(nis_transfers(w.n, &b, NIS_OUTGOING, 0, e, 8), 1);
	T_EQ(nis_transfers(w.n, &x, NIS_INCOMING, 0, e, 8), 2);
	T_MEM(e[0].hash.b, hash.b, 32);
	T_CHECK(e[0].has_inner && e[0].height == 3);
	T_EQ(nis_transfers(w.n, &x, NIS_INCOMING, e[0].id, e, 8), 1);
	T_EQ(nis_transfers(w.n, &x, NIS_OUTGOING, 0, e, 8), 0);
	/* Nemesis grant, named by the conversion, the wrapper, the transfer to itself. */
	T_EQ(nis_transfers(w.n, &a, NIS_ALL, 0, e, 8), 4);
	T_EQ(nis_transfers(w.n, &a, NIS_INCOMING, 0, e, 8), 3);
	T_EQ(nis_transfers(w.n, &a, NIS_OUTGOING, 0, e, 8), 2);
	T_EQ(nis_transfers(w.n, &a, NIS_ALL, 0, e, 2), 2);
	T_CHECK(e[0].id > e[1].id);
	T_CHECK(nis_find(w.n, &hash, e));
	T_CHECK(!nis_find(w.n, &e[0].inner, e));
	WORLD_CLOSE(&w);
}

static void pools_show_what_concerns_an_account(void)
{
	struct world w;
	struct nem_tx inner;
	struct nem_address m = address_of(M), c = address_of(C), x = address_of(X),
			   y = address_of(Y);
	uint8_t body[8192];
	struct writer out = writer_make(body, sizeof body);

	T_CHECK(world_open(&w));
	T_CHECK(convert_m(&w));
	inner = transfer(M, X, XEM, w.now);
	T_EQ(say(&w, wrap(A, &inner, w.now), A), NEM_SUCCESS);
	T_CHECK(nis_pool_concerns(w.n, PUBLIC, 0, &m));
	T_CHECK(nis_pool_concerns(w.n, PUBLIC, 0, &c));
	T_CHECK(nis_pool_concerns(w.n, PUBLIC, 0, &x));
	T_CHECK(!nis_pool_concerns(w.n, PUBLIC, 0, &y));
	nis_feed_pool(w.n, PUBLIC, &out);
	T_CHECK(!out.bad);
	T_EQ(out.n, nis_feed_pool_bytes(w.n, PUBLIC));
	T_EQ(le32_get(body), 1);
	T_EQ(le32_get(body + 4), out.n - 8);
	WORLD_CLOSE(&w);
}

/* nem.md 6: exactly 120 of an account without importance, then a small number by fee. */
static void spam_filter(void)
{
	struct nis_config c = world_config();
	struct world w;
	struct nem_tx tx;

	c.spam_filter = true;
	T_CHECK(world_open_with(&w, &c));
	for (unsigned i = 0; i < 120; i++) {
		T_EQ(say(&w, transfer(A, X, XEM + i, w.now), A), NEM_SUCCESS);
	}
	T_EQ(say(&w, transfer(A, X, 2 * XEM, w.now), A), NEM_FAILURE_TRANSACTION_CACHE_TOO_FULL);
	/* trunc(0.00005 * e^-0.3 * 100 * 1080) = 4 for another account at this size; then 3.98. */
	for (unsigned i = 0; i < 4; i++) {
		T_EQ(say(&w, transfer(B, X, XEM + i, w.now), B),
		     i < 3 ? NEM_SUCCESS : NEM_FAILURE_TRANSACTION_CACHE_TOO_FULL);
	}
	tx = transfer(A, X, 2 * XEM, w.now);
	tx.head.fee_micro = 10 * XEM; /* 0.01: hundreds */
	T_EQ(say(&w, tx, A), NEM_SUCCESS);
	WORLD_CLOSE(&w);
}

/* Everything at random; what must hold holds after each step. */
static void random_walk(void)
{
	struct world w;
	static const unsigned abc[] = { A, B, C };
	struct nem_tx pay[16];
	unsigned pays = 0, mined = 0;

	T_CHECK(world_open(&w));
	T_CHECK(convert(&w, M, abc, 3, 2));
	for (unsigned step = 0; step < 400; step++) {
		const char *wrong;

		switch (t_below(8)) {
		case 0:
		case 1: {
			struct nem_tx co;

			pay[pays % 16] =
			    payment(&w, X + (unsigned)t_below(3), t_below(200000) * XEM, &co);
			if (t_below(3) == 0) {
				pay[pays % 16].multisig.n = 0;
			}
			(void)push(&w, (unsigned)t_below(2), &pay[pays % 16]);
			pays++;
			break;
		}
		case 2: {
			unsigned from = A + (unsigned)t_below(WHO_N - A);

			(void)say(&w,
				  transfer(from, A + (unsigned)t_below(WHO_N - A),
					   t_below(300000) * XEM, w.now - (uint32_t)t_below(60)),
				  from);
			break;
		}
		case 3:
			if (pays > 0) {
				const struct nem_tx *p = &pay[t_below(pays < 16 ? pays : 16)];
				unsigned who = abc[t_below(3)];

				(void)say(&w, cosignature(who, p, w.now), who);
			}
			break;
		case 4:
			if (pays > 0) {
				struct nem_tx again = pay[t_below(pays < 16 ? pays : 16)];

				again.head.time_nem_s = w.now;
				again.head.deadline_nem_s = w.now + HOUR;
				again.head.fee_micro += t_below(1000) * XEM;
				(void)sign(&again, A);
				(void)given(&w, &again, 1, Z);
			}
			break;
		case 5:
		case 6:
			T_CHECK(mine(&w, (unsigned)t_below(2)));
			mined++;
			break;
		case 7:
			if (t_below(4) == 0) {
				uint64_t height = nis_height(w.n);
				uint64_t back = t_below(height < 8 ? height : 8);

				T_EQ(nis_roll_back(w.n, height - back, w.now), ERR_OK);
			} else if (t_below(8) == 0) {
				w.now += 86400;
				nis_expire(w.n, w.now);
			}
			break;
		}
		wrong = nis_validate(w.n);
		T_STR(wrong != NULL ? wrong : "", "");
	}
	T_CHECK(mined > 10 && pays > 10);
	WORLD_CLOSE(&w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the nemesis block is deterministic", nemesis_is_deterministic },
		{ "configurations that are refused", configurations_that_are_refused },
		{ "fee drain by the initiator", fee_drain_by_the_initiator },
		{ "fee drain by another cosigner", fee_drain_by_another_cosigner },
		{ "fee drain by a colluding harvester", fee_drain_by_a_colluding_harvester },
		{ "jamming by amount", jamming_by_amount },
		{ "jamming by removal", jamming_by_removal },
		{ "a short-lived cosignature kills", a_short_lived_cosignature_kills },
		{ "an expired inner lives in a fresh wrapper",
		  an_expired_inner_lives_in_a_fresh_wrapper },
		{ "a mined inner lives again after the retention",
		  a_mined_inner_lives_again_after_the_retention },
		{ "the retention is a switch", retention_is_a_switch },
		{ "the retention raised over a full pool", retention_raised_over_a_full_pool },
		{ "the planted bug is one", the_planted_bug_is_one },
		{ "whole units", pushing_whole_units },
		{ "results are cached ten minutes", results_are_cached_ten_minutes },
		{ "many results are cached ten minutes", many_results_are_cached_ten_minutes },
		{ "conflicts are dropped after a block", conflicts_are_dropped_after_a_block },
		{ "120 in a block, counting everything", blocks_hold_120_counting_everything },
		{ "fee order", fee_order },
		{ "seconds of a block", a_transaction_waits_for_a_later_second },
		{ "given blocks that are refused", given_blocks_that_are_refused },
		{ "foreign blocks are judged", foreign_blocks_are_judged },
		{ "rollback, and mined differently", rollback_and_mine_differently },
		{ "a rollback remembers", a_rollback_remembers_what_was_forgotten },
		{ "a rollback reaches 360 blocks", rollback_reaches_360_blocks },
		{ "transfer lists", transfer_lists },
		{ "what concerns an account", pools_show_what_concerns_an_account },
		{ "the spam filter", spam_filter },
		{ "a random walk", random_walk },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
