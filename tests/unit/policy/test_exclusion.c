/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: an order is tried once more only when all its earlier attempts are dead (P3; decision 9).
 * Method: a proof that holds, then each of its facts made false, one at a time; quorums of liars.
 */
#include "t.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/edk.h"
#include "policy/attempt.h"
#include "policy/exclusion.h"
#include "policy_world.h"

enum { WATCHERS = 3, NEEDED = 2, HEIGHT = 2000, RAW = 2048 };

static struct world w;
static struct doc_roster roster;
static uint8_t secret[WATCHERS][ED25519_SECRET_BYTES];
static struct exclusion_set set;
static struct exclusion_question q;
static struct doc_attempt next;
static uint8_t raw[EXCLUSION_EARLIER_MAX + EXCLUSION_STATEMENTS_MAX][RAW];
static size_t raws;

static void watcher_key(unsigned i)
{
	uint8_t seed[ED25519_SEED_BYTES] = { (uint8_t)(i + 1) };

	ed25519_keypair(&roster.watchers[i].key, secret[i], seed);
	(void)snprintf(roster.watchers[i].id, sizeof roster.watchers[i].id, "w%u", i + 1);
}

static struct key32 till(unsigned i)
{
	struct key32 k = w.genesis.hot[0].public_key;

	k.b[0] ^= (uint8_t)i;
	return k;
}

/* One attempt more that came before. */
static void earlier(unsigned number, unsigned of)
{
	struct writer out = writer_make(raw[raws++], RAW);
	struct key32 account = till(of);
	struct doc_attempt a;
	struct doc d;

	CHECK(attempt_make(&a, &w.policy, &w.order, &w.order_id, number, &account,
			   w.q.now.chain_s) == ERR_OK);
	CHECK(doc_attempt_make(&out, NULL, &a, NULL) == ERR_OK);
	CHECK(doc_open(&d, bytes_of(out.p, out.n), &w.order.genesis, NULL) == ERR_OK);
	T_EQ(exclusion_add_earlier(&set, &d, NULL), ERR_OK);
}

static struct doc_exclusion truth(unsigned of, unsigned watcher)
{
	struct exclusion_earlier *e = &set.earlier[of];
	struct doc_exclusion x = { .account = e->attempt.account,
				   .attempt = e->doc.id,
				   .final_height = HEIGHT - EXCLUSION_DEPTH,
				   .final_time_nem_s = e->attempt.deadline_nem_s + 1,
				   .genesis = w.order.genesis,
				   .height = HEIGHT,
				   .largest = money_of(ASSET_XEM, 349999),
				   .residue = money_of(ASSET_XEM, 10),
				   .time_ms = 1 };

	CHECK(exclusion_payment(e, &q).err == ERR_OK);
	x.inner_hash = e->inner_hash;
	(void)snprintf(x.watcher, sizeof x.watcher, "w%u", watcher + 1);
	return x;
}

static void says(const struct doc_exclusion *x, unsigned signer)
{
	struct writer out = writer_make(raw[raws++], RAW);
	struct doc d;

	CHECK(doc_exclusion_make(&out, NULL, x, secret[signer]) == ERR_OK);
	CHECK(doc_open(&d, bytes_of(out.p, out.n), &w.order.genesis, NULL) == ERR_OK);
	T_EQ(exclusion_add_statement(&set, &d, NULL), ERR_OK);
}

/* Attempt 2 from another till, attempt 1 before it; nothing said yet. */
static void fresh(void)
{
	struct key32 account;

	world_make(&w);
	memset(&set, 0, sizeof set);
	memset(w.order.genesis.b, 0xcc, sizeof w.order.genesis.b);
	raws = 0;
	w.genesis.hot_count = 4;
	for (unsigned i = 1; i < 4; i++) {
		w.genesis.hot[i] = w.genesis.hot[0];
		w.genesis.hot[i].public_key = till(i);
	}
	roster = (struct doc_roster){ .watcher_count = WATCHERS, .watchers_needed = NEEDED };
	for (unsigned i = 0; i < WATCHERS; i++) {
		watcher_key(i);
	}
	for (unsigned i = 0; i < DOC_SIGNERS; i++) {
		struct edk_secret key;
		uint8_t seed[32] = { (uint8_t)(0x40 + i) };

		edk_secret_make(&key, seed);
		roster.signers[i].chain_key = key.public_key;
	}
	q = (struct exclusion_question){ .genesis = &w.genesis,
					 .roster = &roster,
					 .order = &w.order,
					 .order_id = &w.order_id,
					 .needed = NEEDED };
	account = till(1);
	CHECK(attempt_make(&next, &w.policy, &w.order, &w.order_id, 2, &account, w.q.now.chain_s) ==
	      ERR_OK);
	earlier(1, 0);
}

static enum err judge(void)
{
	return exclusion_check(&set, &q, &next).err;
}

static void a_proof_holds(void)
{
	struct doc_exclusion x;
	unsigned said = 0;

	fresh();
	for (unsigned i = 0; i < WATCHERS; i++) {
		T_EQ(judge(), said >= NEEDED ? ERR_OK : ERR_WAIT);
		x = truth(0, i);
		says(&x, i);
		said++;
	}
	T_EQ(judge(), ERR_OK);
	T_CHECK(set.earlier[0].outflow > money_units(&w.order.amount));
	/* and number 1 needs none, and takes none */
	memset(&set, 0, sizeof set);
	next.number = 1;
	T_EQ(judge(), ERR_OK);
	says(&x, 0);
	T_EQ(judge(), ERR_MISMATCH);
}

/* One lie in the second statement of two; what comes out. */
#define LIE(change, want)               \
	do {                            \
		struct doc_exclusion x; \
		unsigned by = 1;        \
                                        \
		fresh();                \
		x = truth(0, 0);        \
		says(&x, 0);            \
		x = truth(0, 1);        \
		change;                 \
		says(&x, by);           \
		T_EQ(judge(), want);    \
	} while (0)

static void every_fact_counts(void)
{
	uint64_t needs;

	LIE((void)0, ERR_OK);
	LIE(x.attempt.b[0] ^= 1, ERR_MISMATCH);
	LIE(x.inner_hash.b[0] ^= 1, ERR_MISMATCH);
	LIE(x.account = till(1), ERR_MISMATCH);
	LIE(x.final_height++, ERR_STATE);
	LIE(x.height--, ERR_STATE);
	LIE(x.height = x.final_height - 1, ERR_STATE);
	LIE(x.final_time_nem_s--, ERR_EXPIRED);
	LIE(x.residue = money_of(ASSET_XEM, 350001), ERR_FUNDS);
	LIE(x.residue = money_of(ASSET_XEM, (u128)1 << 64), ERR_FUNDS);
	LIE(x.largest = money_of(ASSET_XEM, (u128)1 << 64), ERR_FUNDS);
	LIE(x.largest = money_of(ASSET_XEM, 9), ERR_FUNDS); /* less than the residue */
	needs = (uint64_t)set.earlier[0].outflow;
	LIE(x.largest = money_of(ASSET_XEM, needs - 1), ERR_OK);
	LIE(x.largest = money_of(ASSET_XEM, needs), ERR_FUNDS);
	LIE(x.watcher[1] = '1', ERR_SIGNATURE); /* in another's name */
	LIE(x.watcher[1] = '9', ERR_SIGNER_UNKNOWN);
	LIE(by = 2, ERR_SIGNATURE);
	LIE((x = truth(0, 0), by = 0), ERR_ONCE); /* one watcher twice is one */
}

static void the_line_of_attempts(void)
{
	struct doc_exclusion x;

	/* a number too many, a number too few */
	fresh();
	next.number = 3;
	T_EQ(judge(), ERR_STATE);
	fresh();
	next.number = 1;
	T_EQ(judge(), ERR_STATE);
	/* the same till again */
	fresh();
	next.account = till(0);
	T_EQ(judge(), ERR_POLICY);
	/* of another order */
	fresh();
	w.order_id.b[0] ^= 1;
	T_EQ(judge(), ERR_MISMATCH);
	/* from an account that is no till */
	fresh();
	w.genesis.hot[0].kind = DOC_HOT_PURSE;
	T_EQ(judge(), ERR_POLICY);
	/* attempt 3: statements about the first do not speak for the second */
	fresh();
	next.number = 3;
	next.account = till(2);
	earlier(2, 1);
	for (unsigned i = 0; i < NEEDED; i++) {
		x = truth(0, i);
		says(&x, i);
	}
	T_EQ(judge(), ERR_WAIT);
	x = truth(1, 0);
	says(&x, 0);
	T_EQ(judge(), ERR_WAIT);
	x = truth(1, 2);
	says(&x, 2);
	T_EQ(judge(), ERR_OK);
	/* the two in the wrong order, or from one till */
	set.earlier[0].attempt.number = 2;
	T_EQ(judge(), ERR_STATE);
	set.earlier[0].attempt.number = 1;
	set.earlier[1].attempt.account = till(0);
	T_EQ(judge(), ERR_POLICY);
}

static void what_does_not_belong(void)
{
	struct doc_exclusion x;
	struct doc_fault fault;
	struct writer out;
	struct doc_attempt a;
	struct doc_ack ack = { .genesis = { { 0 } }, .watcher = "w1" };
	struct doc d;

	/* full, and of another type: the set stays as it was */
	fresh();
	while (set.earlier_n < EXCLUSION_EARLIER_MAX) {
		earlier((unsigned)set.earlier_n + 1, (unsigned)set.earlier_n);
	}
	d = set.earlier[0].doc;
	T_EQ(exclusion_add_earlier(&set, &d, &fault), ERR_FULL);
	fresh();
	x = truth(0, 0);
	says(&x, 0);
	d = set.statements[0].doc;
	T_EQ(exclusion_add_earlier(&set, &d, &fault), ERR_TYPE);
	T_EQ(set.earlier_n, 1);
	while (set.statements_n < EXCLUSION_STATEMENTS_MAX) {
		T_EQ(exclusion_add_statement(&set, &d, &fault), ERR_OK);
	}
	T_EQ(exclusion_add_statement(&set, &d, &fault), ERR_FULL);
	fresh();
	memcpy(ack.genesis.b, w.order.genesis.b, sizeof ack.genesis.b);
	out = writer_make(raw[raws++], RAW);
	CHECK(doc_ack_make(&out, NULL, &ack, NULL) == ERR_OK);
	CHECK(doc_open(&d, bytes_of(out.p, out.n), &w.order.genesis, NULL) == ERR_OK);
	T_EQ(exclusion_add_statement(&set, &d, &fault), ERR_TYPE);
	T_EQ(set.statements_n, 0);
	/* an earlier attempt that the chain cannot carry, or of an amount that it has not */
	fresh();
	a = set.earlier[0].attempt;
	set.earlier[0].attempt.fee_inner = money_of(ASSET_JPY, 1);
	T_EQ(judge(), ERR_MISMATCH);
	set.earlier[0].attempt = a;
	w.order.amount = xem(9000000000000000 + 1);
	T_EQ(judge(), ERR_MISMATCH);
	/* asked for alone, about another attempt */
	fresh();
	x = truth(0, 0);
	says(&x, 0);
	{
		size_t watcher = 77;

		T_EQ(exclusion_statement_check(&q, &set.earlier[0], &set.statements[0], &watcher)
			 .err,
		     ERR_OK);
		T_EQ(watcher, 0);
		set.statements[0].says.attempt.b[0] ^= 1;
		T_EQ(exclusion_statement_check(&q, &set.earlier[0], &set.statements[0], &watcher)
			 .err,
		     ERR_MISMATCH);
	}
	/* nobody signed it */
	fresh();
	x = truth(0, 1);
	out = writer_make(raw[raws++], RAW);
	CHECK(doc_exclusion_make(&out, NULL, &x, NULL) == ERR_OK);
	CHECK(doc_open(&d, bytes_of(out.p, out.n), &w.order.genesis, NULL) == ERR_OK);
	T_EQ(exclusion_add_statement(&set, &d, NULL), ERR_OK);
	T_EQ(judge(), ERR_UNSIGNED);
	/* amounts that no till holds, or of another asset */
	fresh();
	x = truth(0, 0);
	says(&x, 0);
	set.statements[0].says.residue = money_of(ASSET_JPY, 0);
	T_EQ(judge(), ERR_FUNDS);
	set.statements[0].says = x;
	set.statements[0].says.largest = money_of(ASSET_JPY, 10);
	T_EQ(judge(), ERR_FUNDS);
}

static void what_is_empty(void)
{
	T_CHECK(exclusion_is_empty(0));
	T_CHECK(exclusion_is_empty(350000));  /* three fees of a whole move, and nothing to move */
	T_CHECK(!exclusion_is_empty(350001)); /* one micro-XEM can go */
}

/* The order counts once: the dead attempt makes room for the next, and for nothing else. */
static void windows(void)
{
	struct policy_entry old = { .own_ms = w.q.now.own_ms,
				    .outflow = money_units(&w.policy.hour_max),
				    .chain_s = w.q.now.chain_s,
				    .approvals = 3 };
	struct policy_entry none = old;

	world_make(&w);
	w.q.approvals = 3;
	T_EQ(policy_judge(&w.q).err, ERR_OK);
	old.own_ms = w.q.now.own_ms;
	old.chain_s = w.q.now.chain_s;
	CHECK(policy_history_add(&w.history, &old) == ERR_OK);
	T_EQ(policy_judge(&w.q).err, ERR_CAP);
	w.q.dead = &old;
	w.q.dead_n = 1;
	T_EQ(policy_judge(&w.q).err, ERR_OK);
	/* nothing more than it held */
	CHECK(policy_history_add(&w.history, &old) == ERR_OK);
	T_EQ(policy_judge(&w.q).err, ERR_CAP);
	/* forgotten once, whatever is asked for twice */
	none = old;
	none.outflow++;
	policy_history_forget(&w.history, &none);
	T_EQ(w.history.n, 2);
	policy_history_forget(&w.history, &old);
	T_EQ(w.history.n, 1);
	T_EQ(policy_judge(&w.q).err, ERR_OK);
	policy_history_forget(&w.history, &old);
	policy_history_forget(&w.history, &old);
	T_EQ(w.history.n, 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "k watchers are a proof, k - 1 are none", a_proof_holds },
		{ "every fact of a statement counts", every_fact_counts },
		{ "all earlier attempts, in their order, each from its own till",
		  the_line_of_attempts },
		{ "what does not belong there", what_does_not_belong },
		{ "what an empty till may hold", what_is_empty },
		{ "the order counts once in the windows", windows },
	};

	CHECK(crypto_init() == ERR_OK);
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
