/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: each rule of docs/nem-wallets.md is needed, and suffices, by the rules of NIS.
 * Method: for each a wallet that does not know the rule is robbed on the development node's rules;
 * then the same thief meets transactions made by our own code (src/policy), and goes empty-handed.
 * The thief has one key of three, what was published, and blocks of his own.
 */
#include "nis_kit.h"

#include "base/attr.h"
#include "chain/nem/nem_time.h"
#include "doc/types.h"
#include "policy/attempt.h"
#include "policy/payment.h"

enum {
	SPARE = Y, /* the till's successor, the purse's spare box */
	SHOP = X,  /* pays in, and is a customer */
	THIEF = Z, /* makes blocks */
};

#define MILLION ((uint64_t)1000000 * XEM)

/* ---- our own wallet, as src/policy has it ---- */

static struct doc_genesis genesis;
static struct doc_policy policy;
static const struct hash32 genesis_id = { { 1 } };

static void address_text(struct doc_address *out, unsigned who)
{
	struct nem_address a = address_of(who);

	memset(out, 0, sizeof *out);
	memcpy(out->text, a.text, NEM_ADDRESS_CHARS);
}

static void ours_open(void)
{
	memset(&genesis, 0, sizeof genesis);
	memset(&policy, 0, sizeof policy);
	genesis.chain_network = NEM_NETWORK_TEST;
	genesis.hot_count = 1;
	genesis.hot[0].kind = DOC_HOT_TILL;
	genesis.hot[0].public_key = key_of(M).public_key;
	address_text(&genesis.hot[0].spare, SPARE);
	policy.attempt_life_s = HOUR;
}

/* A world in which M is 2-of-3 {A, B, R}. */
static bool world_ours(struct world *w)
{
	static const unsigned abr[] = { A, B, R };

	ours_open();
	return world_open(w) && convert(w, M, abr, 3, 2);
}

static struct policy_time time_of(const struct world *w)
{
	return (struct policy_time){ .wall_ms = nem_time_to_unix_ms(w->now), .chain_s = w->now };
}

/* Signed by A and B: the unit as blocks have it. */
static bool ours_unit(struct nem_tx *out, const struct payment *pay)
{
	struct edk_secret a = key_of(A), b = key_of(B);
	struct sig64 by_a, by_b;
	uint8_t raw[PAYMENT_UNIT_MAX];
	size_t n = 0;

	edk_sign(&by_a, &a, payment_cosign(pay));
	edk_sign(&by_b, &b, payment_wrap(pay));
	return payment_unit(raw, sizeof raw, &n, pay, &by_a, &by_b) == ERR_OK &&
	       nem_tx_decode(out, NEM_NETWORK_TEST, bytes_of(raw, n), NEM_SIGNED) == ERR_OK;
}

/* The whole move of M as it stands now. */
static bool ours_move(const struct world *w, struct nem_tx *out)
{
	struct money all = money_of(ASSET_XEM, balance(w, M));
	struct key32 a = key_of(A).public_key, b = key_of(B).public_key;
	struct policy_time now = time_of(w);
	struct doc_sweep doc;
	struct payment pay;

	return attempt_sweep_make(&doc, &genesis, &policy, &genesis_id, &genesis.hot[0].public_key,
				  &all, w->now) == ERR_OK &&
	       attempt_sweep_check(&genesis, &policy, &doc, &now).err == ERR_OK &&
	       payment_make_sweep(&pay, NEM_NETWORK_TEST, &a, &b, &doc) == ERR_OK &&
	       ours_unit(out, &pay);
}

static void ours_order(struct doc_order *o, unsigned to, uint64_t amount)
{
	memset(o, 0, sizeof *o);
	o->amount = money_of(ASSET_XEM, amount);
	o->asset = ASSET_XEM;
	o->network = NEM_NETWORK_TEST;
	address_text(&o->destination, to);
}

/* A withdrawal from M, timed at this second. */
static bool ours_pay(const struct world *w, struct nem_tx *out, unsigned to, uint64_t amount,
		     uint32_t second)
{
	static const struct hash32 order_id = { { 2 } };
	struct key32 a = key_of(A).public_key, b = key_of(B).public_key;
	struct policy_time now = time_of(w);
	struct doc_attempt attempt;
	struct doc_order order;
	struct payment pay;

	ours_order(&order, to, amount);
	return attempt_make(&attempt, &policy, &order, &order_id, 1, &genesis.hot[0].public_key,
			    second) == ERR_OK &&
	       attempt_check(&genesis, &policy, &order, &order_id, &attempt, 0, &now).err ==
		   ERR_OK &&
	       payment_make(&pay, NEM_NETWORK_TEST, &a, &b, &order, &attempt) == ERR_OK &&
	       ours_unit(out, &pay);
}

/* ---- a wallet that knows no rule, and the thief ---- */

/* B wraps, A cosigns: complete. */
static struct nem_tx naive(const struct nem_tx *inner, unsigned wrapper, unsigned cosigner,
			   uint32_t now)
{
	struct nem_tx tx = wrap(wrapper, inner, now);
	struct nem_tx co = cosignature(cosigner, &tx, now);

	if (!sign(&tx, wrapper) || !sign(&co, cosigner) || nem_tx_attach(&tx, &co) != ERR_OK) {
		abort();
	}
	return tx;
}

/* The inner and the cosignatures of `from` under a fresh wrapper of his. */
static struct nem_tx rewrapped(const struct nem_tx *from, unsigned thief, uint64_t fee,
			       uint32_t now)
{
	struct nem_tx tx = *from;

	tx.head.signer = key_of(thief).public_key;
	tx.head.time_nem_s = now;
	tx.head.deadline_nem_s = now + HOUR;
	tx.head.fee_micro = fee;
	if (!sign(&tx, thief)) {
		abort();
	}
	return tx;
}

/* With the fee that leaves nothing. */
static struct nem_tx drain(const struct world *w, const struct nem_tx *from, unsigned thief)
{
	uint64_t least = from->multisig.inner.transfer.amount_micro +
			 from->multisig.inner.head.fee_micro +
			 from->multisig.cosignature[0].head.fee_micro;

	return rewrapped(from, thief, balance(w, M) > least ? balance(w, M) - least : MILLION,
			 w->now);
}

static bool mined(struct world *w, const struct nem_tx *unit)
{
	return push(w, PUBLIC, unit) == NEM_SUCCESS && mine(w, PUBLIC) && seen(w, unit) > 0;
}

/* ---- the pairs ---- */

static void whole_moves(void)
{
	struct world w;
	struct nem_tx inner, unit, rogue;

	/* naive: from the purse what the till needs, the rest stays */
	T_CHECK(world_ours(&w));
	inner = transfer(M, SPARE, 400000 * (uint64_t)XEM, w.now);
	unit = naive(&inner, B, A, w.now);
	rogue = drain(&w, &unit, R);
	T_EQ(given(&w, &rogue, 1, THIEF), NEM_SUCCESS);
	T_EQ(balance(&w, M), 0);
	T_CHECK(balance(&w, THIEF) > MILLION + 599990 * (uint64_t)XEM);
	WORLD_CLOSE(&w);

	/* ours: all of it, now and after the nodes have forgotten */
	T_CHECK(world_ours(&w));
	T_CHECK(ours_move(&w, &unit));
	rogue = rewrapped(&unit, R, NEM_FEE_MULTISIG_MICRO + 1, w.now);
	T_EQ(given(&w, &rogue, 1, THIEF), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_CHECK(mined(&w, &unit));
	T_EQ(balance(&w, M), 0);
	T_CHECK(balance(&w, SPARE) > 2 * MILLION - 3 * XEM);
	w.now += NIS_RETENTION_S;
	T_CHECK(mine(&w, PUBLIC));
	rogue = rewrapped(&unit, R, NEM_FEE_MULTISIG_MICRO, w.now);
	T_EQ(given(&w, &rogue, 1, THIEF), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_EQ(balance(&w, THIEF), MILLION);
	WORLD_CLOSE(&w);
}

static void who_wraps(void)
{
	const uint64_t more = NEM_FEE_COSIGNATURE_MAX_MICRO - NEM_FEE_COSIGNATURE_MICRO;
	struct world w;
	struct nem_tx inner, unit, rogue, co;
	uint64_t before;

	/* naive: A, nearest to the server, proposes, and B's cosignature is there for all */
	T_CHECK(world_ours(&w));
	inner = transfer(M, SHOP, 10 * XEM, w.now);
	unit = naive(&inner, A, B, w.now);
	rogue = drain(&w, &unit, A);
	T_EQ(given(&w, &rogue, 1, THIEF), NEM_SUCCESS);
	T_EQ(balance(&w, M), 0);
	WORLD_CLOSE(&w);

	/* ours: of B there is a wrapper, which is of no use under another */
	T_CHECK(world_ours(&w));
	T_CHECK(ours_pay(&w, &unit, SHOP, 10 * XEM, w.now));
	rogue = unit;
	rogue.multisig.n = 0;
	rogue = rewrapped(&rogue, A, NEM_FEE_MULTISIG_MICRO, w.now);
	T_EQ(given(&w, &rogue, 1, THIEF), NEM_FAILURE_MULTISIG_INVALID_COSIGNERS);
	/* What is left to A: the fee of its own cosignature. */
	before = balance(&w, M);
	rogue = unit;
	rogue.multisig.n = 0;
	co = cosignature(A, &rogue, w.now);
	co.head.fee_micro = NEM_FEE_COSIGNATURE_MAX_MICRO;
	T_CHECK(sign(&co, A));
	T_EQ(nem_tx_attach(&rogue, &co), ERR_OK);
	T_EQ(given(&w, &rogue, 1, THIEF), NEM_SUCCESS);
	T_EQ(before - balance(&w, M), 10 * XEM + NEM_FEE_UNIT_MICRO + NEM_FEE_MULTISIG_MICRO +
					  NEM_FEE_COSIGNATURE_MICRO + more);
	WORLD_CLOSE(&w);
}

static void exact_fees(void)
{
	static const struct hash32 order_id = { { 2 } };
	struct world w;
	struct nem_tx inner, unit;
	struct doc_attempt attempt;
	struct doc_order order;
	struct policy_time now;

	/* naive: whoever says what is to be signed says the fee, too */
	T_CHECK(world_ours(&w));
	inner = transfer(M, SHOP, 10 * XEM, w.now);
	unit = naive(&inner, B, A, w.now);
	unit.head.fee_micro = 900000 * (uint64_t)XEM;
	T_CHECK(sign(&unit, B));
	T_CHECK(mined(&w, &unit));
	T_CHECK(balance(&w, M) < 100000 * (uint64_t)XEM);
	WORLD_CLOSE(&w);

	/* ours: not one micro-XEM more than nodes ask, in none of the three */
	T_CHECK(world_ours(&w));
	ours_order(&order, SHOP, 10 * XEM);
	now = time_of(&w);
	for (unsigned i = 0; i < 3; i++) {
		struct money *fee[] = { &attempt.fee_inner, &attempt.fee_outer,
					&attempt.fee_cosign };

		T_EQ(attempt_make(&attempt, &policy, &order, &order_id, 1,
				  &genesis.hot[0].public_key, w.now),
		     ERR_OK);
		T_EQ(attempt_check(&genesis, &policy, &order, &order_id, &attempt, 0, &now).err,
		     ERR_OK);
		*fee[i] = money_of(ASSET_XEM, money_units(fee[i]) + 1);
		T_EQ(attempt_check(&genesis, &policy, &order, &order_id, &attempt, 0, &now).err,
		     ERR_MISMATCH);
	}
	WORLD_CLOSE(&w);
}

static void deadlines_of_cosignatures(void)
{
	struct world w;
	struct nem_tx inner, unit, co;
	uint32_t deadline;

	/* naive: a cosignature that ends early takes the whole payment with it */
	T_CHECK(world_ours(&w));
	inner = transfer(M, SHOP, 10 * XEM, w.now);
	unit = wrap(B, &inner, w.now);
	co = cosignature(A, &unit, w.now);
	co.head.deadline_nem_s = w.now + 30;
	T_CHECK(sign(&unit, B) && sign(&co, A));
	T_EQ(nem_tx_attach(&unit, &co), ERR_OK);
	T_EQ(push(&w, PUBLIC, &unit), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(seen(&w, &unit), 0);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	WORLD_CLOSE(&w);

	/* ours: one deadline, and good until its last second */
	T_CHECK(world_ours(&w));
	T_CHECK(ours_pay(&w, &unit, SHOP, 10 * XEM, w.now));
	deadline = unit.head.deadline_nem_s;
	T_EQ(unit.multisig.inner.head.deadline_nem_s, deadline);
	T_EQ(unit.multisig.cosignature[0].head.deadline_nem_s, deadline);
	T_EQ(push(&w, PUBLIC, &unit), NEM_SUCCESS);
	T_EQ(nis_mine(w.n, PUBLIC, deadline), ERR_OK);
	T_EQ(seen(&w, &unit), 1);
	WORLD_CLOSE(&w);
}

static void distinct_payouts(void)
{
	struct world w;
	struct nem_tx inner, one, two;

	/* naive: two equal withdrawals in one second; the books say twice, the chain once */
	T_CHECK(world_ours(&w));
	inner = transfer(M, SHOP, 10 * XEM, w.now);
	one = naive(&inner, B, A, w.now);
	inner = transfer(M, SHOP, 10 * XEM, w.now);
	two = naive(&inner, B, A, w.now);
	T_EQ(push(&w, PUBLIC, &one), NEM_SUCCESS);
	T_EQ(push(&w, PUBLIC, &two), NEM_NEUTRAL);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(balance(&w, SHOP), MILLION + 10 * XEM);
	WORLD_CLOSE(&w);

	/* ours: each has a second of its own */
	T_CHECK(world_ours(&w));
	T_CHECK(ours_pay(&w, &one, SHOP, 10 * XEM, w.now));
	T_CHECK(ours_pay(&w, &two, SHOP, 10 * XEM, w.now - 1));
	T_EQ(push(&w, PUBLIC, &one), NEM_SUCCESS);
	T_EQ(push(&w, PUBLIC, &two), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(balance(&w, SHOP), MILLION + 20 * XEM);
	WORLD_CLOSE(&w);
}

static void two_of_two(void)
{
	static const unsigned ab[] = { A, B }, three[] = { A, B, R };
	struct world w;
	struct nem_tx inner, rogue;
	uint64_t amount, fee;

	/* naive: two keys, both needed; either of them owns it all */
	T_CHECK(world_open(&w));
	T_CHECK(convert(&w, M, ab, 2, 2));
	inner = modification(M, -1, w.now);
	entry(&inner, NEM_DELETE, A);
	rogue = wrap(B, &inner, w.now);
	T_CHECK(sign(&rogue, B));
	T_EQ(given(&w, &rogue, 1, THIEF), NEM_SUCCESS);
	T_EQ(nem_fee_empty_account(&amount, &fee, balance(&w, M), 0, 0, 0), ERR_OK);
	inner = transfer(M, THIEF, amount, w.now);
	inner.head.fee_micro = fee;
	rogue = wrap(B, &inner, w.now);
	T_CHECK(sign(&rogue, B));
	T_EQ(given(&w, &rogue, 1, HARVESTER), NEM_SUCCESS);
	T_EQ(balance(&w, M), 0);
	T_CHECK(balance(&w, THIEF) > 2 * MILLION - 5 * XEM);
	WORLD_CLOSE(&w);

	/* ours: 2-of-3, where no key removes another alone */
	T_CHECK(world_ours(&w));
	for (unsigned thief = 0; thief < 3; thief++) {
		for (unsigned victim = 0; victim < 3; victim++) {
			for (int change = -1; thief != victim && change <= 0; change++) {
				inner = modification(M, change, w.now);
				entry(&inner, NEM_DELETE, three[victim]);
				rogue = wrap(three[thief], &inner, w.now);
				T_CHECK(sign(&rogue, three[thief]));
				T_EQ(given(&w, &rogue, 1, THIEF),
				     NEM_FAILURE_MULTISIG_INVALID_COSIGNERS);
			}
		}
	}
	WORLD_CLOSE(&w);
}

static void one_alive_in_a_purse(void)
{
	struct world w;
	struct nem_tx inner, whole, small, rogue;

	/* naive: beside the whole move a small payment was signed, and given up */
	T_CHECK(world_ours(&w));
	T_CHECK(ours_move(&w, &whole));
	inner = transfer(M, SHOP, XEM, w.now);
	small = naive(&inner, B, A, w.now);
	rogue = drain(&w, &small, R);
	T_EQ(given(&w, &rogue, 1, THIEF), NEM_SUCCESS);
	T_EQ(push(&w, PUBLIC, &whole), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_CHECK(balance(&w, THIEF) > 2 * MILLION - 3 * XEM);
	WORLD_CLOSE(&w);

	/* ours: signed again a minute later it is a whole move again; neither leaves a rest */
	T_CHECK(world_ours(&w));
	T_CHECK(ours_move(&w, &whole));
	w.now += 30;
	T_CHECK(ours_move(&w, &small));
	for (unsigned i = 0; i < 2; i++) {
		rogue = rewrapped(i == 0 ? &whole : &small, R, NEM_FEE_MULTISIG_MICRO + 1, w.now);
		T_EQ(given(&w, &rogue, 1, THIEF), NEM_FAILURE_INSUFFICIENT_BALANCE);
	}
	T_CHECK(mined(&w, &small));
	T_EQ(push(&w, PUBLIC, &whole), NEM_FAILURE_INSUFFICIENT_BALANCE);
	WORLD_CLOSE(&w);
}

/* What is more than the till holds cannot be mined now, but stays good for ever. */
static void within_the_till(void)
{
	const uint64_t part = 400000 * (uint64_t)XEM;
	struct world w;
	struct nem_tx inner, unit[3], rogue;

	/* naive: the third is given up, paid from elsewhere, and the till is filled again */
	T_CHECK(world_ours(&w));
	for (unsigned i = 0; i < 3; i++) {
		inner = transfer(M, T, part, w.now - i);
		unit[i] = naive(&inner, B, A, w.now);
		T_EQ(push(&w, PUBLIC, &unit[i]),
		     i < 2 ? NEM_SUCCESS : NEM_FAILURE_INSUFFICIENT_BALANCE);
	}
	T_CHECK(mine(&w, PUBLIC));
	w.now = unit[2].head.deadline_nem_s + HOUR;
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(say(&w, transfer(SHOP, T, part, w.now), SHOP), NEM_SUCCESS);
	T_EQ(say(&w, transfer(SPARE, M, part, w.now), SPARE), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(balance(&w, T), 3 * part + 100 * XEM);
	rogue = drain(&w, &unit[2], R);
	T_EQ(given(&w, &rogue, 1, THIEF), NEM_SUCCESS);
	T_EQ(balance(&w, T), 4 * part + 100 * XEM); /* paid twice */
	T_EQ(balance(&w, M), 0);
	WORLD_CLOSE(&w);

	/* ours: two are signed, which the till covers: a block takes both, and nothing is left over
	 */
	T_CHECK(world_ours(&w));
	for (unsigned i = 0; i < 2; i++) {
		T_CHECK(ours_pay(&w, &unit[i], T, part, w.now - i));
		T_EQ(push(&w, PUBLIC, &unit[i]), NEM_SUCCESS);
	}
	T_CHECK(mine(&w, PUBLIC));
	T_EQ(balance(&w, T), 2 * part + 100 * XEM);
	w.now = unit[0].head.deadline_nem_s + HOUR;
	T_CHECK(mine(&w, PUBLIC));
	for (unsigned i = 0; i < 2; i++) {
		rogue = rewrapped(&unit[i], R, NEM_FEE_MULTISIG_MICRO, w.now);
		/* nothing is left to pay it: NIS asks for that before it asks for repeats */
		T_EQ(given(&w, &rogue, 1, THIEF), NEM_FAILURE_INSUFFICIENT_BALANCE);
	}
	WORLD_CLOSE(&w);
}

/* A paid till, 37 hours later. */
static bool paid_and_forgotten(struct world *w, struct nem_tx *unit)
{
	return world_ours(w) && ours_pay(w, unit, SHOP, 10 * XEM, w->now) && mined(w, unit);
}

static void later(struct world *w)
{
	w->now += NIS_RETENTION_S + HOUR;
	if (!mine(w, PUBLIC)) {
		abort();
	}
}

static void closed_tills(void)
{
	struct world w;
	struct nem_tx unit, closing, rogue;

	/* naive: the till stays open */
	T_CHECK(paid_and_forgotten(&w, &unit));
	later(&w);
	rogue = drain(&w, &unit, R);
	T_EQ(given(&w, &rogue, 1, THIEF), NEM_SUCCESS);
	T_EQ(balance(&w, M), 0);
	T_EQ(balance(&w, SHOP), MILLION + 20 * XEM);
	WORLD_CLOSE(&w);

	/* ours: its rest goes whole into the successor, for which nothing old was signed */
	T_CHECK(paid_and_forgotten(&w, &unit));
	T_CHECK(ours_move(&w, &closing));
	T_CHECK(mined(&w, &closing));
	T_EQ(balance(&w, M), 0);
	later(&w);
	for (unsigned i = 0; i < 2; i++) {
		rogue = rewrapped(i == 0 ? &unit : &closing, R, NEM_FEE_MULTISIG_MICRO, w.now);
		T_EQ(given(&w, &rogue, 1, THIEF), NEM_FAILURE_INSUFFICIENT_BALANCE);
	}
	T_CHECK(balance(&w, SPARE) > 2 * MILLION - 20 * XEM);

	/* naive again: the closed one is funded once more, a year later or a day */
	T_EQ(say(&w, transfer(SPARE, M, 500000 * (uint64_t)XEM, w.now), SPARE), NEM_SUCCESS);
	T_CHECK(mine(&w, PUBLIC));
	rogue = drain(&w, &unit, R);
	T_EQ(given(&w, &rogue, 1, THIEF), NEM_SUCCESS);
	T_EQ(balance(&w, M), 0);
	WORLD_CLOSE(&w);
}

/* Whoever made the account, or its key's maker, has its own key: it counts until it cannot come
 * back. */
static void funded_late_enough(void)
{
	enum { NEW = T }; /* has 100 XEM, for its conversion */

	static const unsigned abr[] = { A, B, R };
	struct world w;
	struct nem_tx txs[2];
	uint64_t before;

	/* naive: converted, and funded in the next block; both are undone */
	T_CHECK(world_open(&w));
	before = nis_height(w.n);
	T_CHECK(convert(&w, NEW, abr, 3, 2));
	txs[0] = transfer(SHOP, NEW, 500000 * (uint64_t)XEM, w.now);
	T_CHECK(sign(&txs[0], SHOP));
	T_CHECK(mined(&w, &txs[0]));
	txs[1] = transfer(NEW, THIEF, 500000 * (uint64_t)XEM, w.now);
	T_CHECK(sign(&txs[1], NEW));
	T_EQ(given(&w, &txs[1], 1, THIEF), NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG);
	T_EQ(nis_roll_back(w.n, before, w.now), ERR_OK);
	T_EQ(given(&w, txs, 2, THIEF), NEM_SUCCESS); /* another branch */
	T_CHECK(balance(&w, NEW) < 100 * XEM);
	T_CHECK(balance(&w, THIEF) > MILLION + 500000 * (uint64_t)XEM);
	WORLD_CLOSE(&w);

	/* ours: funded when no node undoes the conversion any more */
	T_CHECK(world_open(&w));
	before = nis_height(w.n);
	T_CHECK(convert(&w, NEW, abr, 3, 2));
	for (unsigned i = 0; i < NIS_UNDO_MAX; i++) {
		T_CHECK(mine(&w, CLEAN));
	}
	txs[0] = transfer(SHOP, NEW, 500000 * (uint64_t)XEM, w.now);
	T_CHECK(sign(&txs[0], SHOP));
	T_CHECK(mined(&w, &txs[0]));
	T_EQ(nis_roll_back(w.n, before, w.now), ERR_STATE);
	T_EQ(nis_roll_back(w.n, before + 2, w.now), ERR_OK); /* as far as it goes */
	txs[1] = transfer(NEW, THIEF, XEM, w.now);
	T_CHECK(sign(&txs[1], NEW));
	T_EQ(given(&w, txs, 2, THIEF), NEM_FAILURE_TRANSACTION_NOT_ALLOWED_FOR_MULTISIG);
	WORLD_CLOSE(&w);
}

static void jammed_pools(void)
{
	struct world w;
	struct nem_tx inner, unit, rogue;

	/* naive: one node; R's proposal, never to be completed, holds the money there */
	T_CHECK(world_ours(&w));
	inner = transfer(M, THIEF, 999000 * (uint64_t)XEM, w.now);
	rogue = wrap(R, &inner, w.now);
	T_EQ(say(&w, rogue, R), NEM_SUCCESS);
	inner = transfer(M, SHOP, 10000 * (uint64_t)XEM, w.now);
	unit = naive(&inner, B, A, w.now);
	T_EQ(push(&w, PUBLIC, &unit), NEM_FAILURE_INSUFFICIENT_BALANCE);

	/* ours: complete, to a clean node that harvests; then the jam has no ground any more */
	T_CHECK(ours_pay(&w, &unit, SHOP, 10000 * (uint64_t)XEM, w.now));
	T_EQ(push(&w, PUBLIC, &unit), NEM_FAILURE_INSUFFICIENT_BALANCE);
	T_EQ(push(&w, CLEAN, &unit), NEM_SUCCESS);
	T_CHECK(mine(&w, CLEAN));
	T_EQ(seen(&w, &unit), 1);
	T_EQ(nis_pool_count(w.n, PUBLIC), 0);
	WORLD_CLOSE(&w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "whole moves, to the micro-XEM", whole_moves },
		{ "A cosigns and B wraps", who_wraps },
		{ "exact fees", exact_fees },
		{ "deadlines of cosignatures", deadlines_of_cosignatures },
		{ "distinct payouts", distinct_payouts },
		{ "no 2-of-2", two_of_two },
		{ "one payment alive in a purse", one_alive_in_a_purse },
		{ "many in a till, within its balance", within_the_till },
		{ "tills are closed, and never funded again", closed_tills },
		{ "funded 360 blocks after the conversion", funded_late_enough },
		{ "jammed pools", jammed_pools },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
