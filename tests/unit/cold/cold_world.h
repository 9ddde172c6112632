/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_world.h - a genesis with one box of 3-of-5, its holders, officers, watchers, and a refill
 * that may be signed.  Holders 0 and 1 cosign, holder 2 wraps.  A test bends one thing, has it
 * sealed again, and asks.
 */
#ifndef KURAMORI_TESTS_COLD_WORLD_H
#define KURAMORI_TESTS_COLD_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_time.h"
#include "cold/cold.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"

#define NOW UINT64_C(1516924800000) /* 2018-01-26 00:00 UTC */
#define BOX UINT64_C(5000000000000) /* five million XEM */
#define DAY UINT64_C(86400000)

enum { WORLD_HOLDERS = 5, WORLD_BATCHES = 16, WORLD_RAW = 20000 };

struct world_raw {
	uint8_t p[WORLD_RAW];
	size_t n;
};

static struct world {
	uint8_t officer[2][DOC_SECRET_BYTES];
	uint8_t watcher[3][DOC_SECRET_BYTES];
	struct cold_secrets holder[WORLD_HOLDERS];
	struct doc_genesis genesis;
	struct hash32 genesis_id;
	struct doc_roster roster[2]; /* the second: a successor */
	struct hash32 roster_id[2];
	struct doc_holding holding;
	struct doc_refill refill;
	struct doc_tally tally[3];
	struct world_raw genesis_raw, roster_raw[2], holding_raw, refill_raw, tally_raw[3],
	    answer_raw[4];
	struct bytes tallies[COLD_TALLIES_MAX + 1], answers[4];
	struct cold_rules rules;
	struct cold cold;
	struct cold_question q;
	struct cold_plan plan;
	/* the journal */
	uint8_t batch[WORLD_BATCHES][COLD_BATCH_BYTES / 8];
	size_t batch_n[WORLD_BATCHES];
	size_t batches;
	enum err append; /* what the journal answers */
	uint8_t buffer[COLD_BATCH_BYTES];
} world;

static inline struct money xem(u128 micro)
{
	return money_of(ASSET_XEM, micro);
}

static inline void world_secret(uint8_t out[DOC_SECRET_BYTES], struct key32 *key, uint8_t n)
{
	uint8_t seed[ED25519_SEED_BYTES];

	memset(seed, n, sizeof seed);
	ed25519_keypair(key, out, seed);
}

static inline void world_address(struct doc_address *out, const struct key32 *key)
{
	struct nem_address a;

	nem_address_from_key(&a, key, 0x98);
	memcpy(out->text, a.text, sizeof out->text);
}

static inline struct key32 world_key(uint8_t n)
{
	struct key32 k;

	memset(k.b, n, sizeof k.b);
	return k;
}

static inline struct bytes raw_of(const struct world_raw *raw)
{
	return bytes_of(raw->p, raw->n);
}

/* Seals a document, with as many of these signatures. */
static inline void world_seal(struct world_raw *raw, struct hash32 *id, enum doc_type type,
			      const void *in, uint8_t (*secrets)[DOC_SECRET_BYTES], size_t n)
{
	static uint8_t more[WORLD_RAW];
	struct writer w = writer_make(raw->p, sizeof raw->p);
	struct doc_seal seal;
	struct doc d;

	CHECK(doc_make(&w, id, type, in, n > 0 ? secrets[0] : NULL, NULL) == ERR_OK);
	raw->n = w.n;
	for (size_t i = 1; i < n; i++) {
		struct hash32 under = world.genesis_id;

		CHECK(doc_open(&d, bytes_of(raw->p, raw->n), &under, NULL) == ERR_OK);
		doc_sign(&seal, &d.id, secrets[i]);
		w = writer_make(more, sizeof more);
		CHECK(doc_add_seal(&w, &d, &seal) == ERR_OK);
		memcpy(raw->p, more, w.n);
		raw->n = w.n;
	}
}

static inline void world_roster(void)
{
	struct doc_roster *r = &world.roster[0];

	memset(r, 0, sizeof *r);
	r->governance = 2;
	r->number = 1;
	r->people_count = 3;
	(void)snprintf(r->people[0].id, sizeof r->people[0].id, "aiko");
	(void)snprintf(r->people[1].id, sizeof r->people[1].id, "ren");
	(void)snprintf(r->people[2].id, sizeof r->people[2].id, "holder-0");
	for (uint8_t i = 0; i < 2; i++) {
		world_secret(world.officer[i], &r->people[i].key, (uint8_t)(1 + i));
		r->people[i].roles = DOC_ROLE_OFFICER;
	}
	r->people[2].key = world_key(201);
	r->people[2].roles = DOC_ROLE_APPROVER;
	r->software_approvals = true;
	r->signer_count = 2;
	for (uint8_t i = 0; i < 2; i++) {
		r->signers[i].id = (enum doc_signer)i;
		r->signers[i].attest_key = world_key((uint8_t)(202 + i));
		r->signers[i].chain_key = world_key((uint8_t)(204 + i));
	}
	r->watcher_count = 3;
	r->watchers_needed = 2;
	for (uint8_t i = 0; i < 3; i++) {
		(void)snprintf(r->watchers[i].id, sizeof r->watchers[i].id, "w%u", i + 1u);
		world_secret(world.watcher[i], &r->watchers[i].key, (uint8_t)(11 + i));
	}
}

static inline void world_genesis(void)
{
	struct doc_genesis *g = &world.genesis;
	struct key32 key;

	memset(g, 0, sizeof *g);
	g->chain = DOC_CHAIN_NEM;
	g->chain_network = 0x98;
	g->recovery.holders = 5;
	g->recovery.needed = 3;
	g->box_count = 2;
	for (uint8_t i = 0; i < 2; i++) {
		key = world_key((uint8_t)(50 + i));
		world_address(&g->boxes[i], &key);
	}
	g->spare_count = 3;
	for (uint8_t i = 0; i < 3; i++) {
		key = world_key((uint8_t)(101 + i));
		world_address(&g->spares[i], &key);
	}
	g->hot_count = 3;
	for (uint8_t i = 0; i < 3; i++) {
		g->hot[i].kind = i == 0 ? DOC_HOT_TILL : DOC_HOT_PURSE;
		g->hot[i].public_key = world_key((uint8_t)(1 + i));
		g->hot[i].spare = g->spares[i];
	}
}

/* Genesis names its first roster as it is under the zero genesis. */
static inline void world_found(void)
{
	static struct world_raw scratch;

	memset(&world.roster[0].genesis, 0, sizeof world.roster[0].genesis);
	memset(&world.genesis_id, 0, sizeof world.genesis_id);
	world_seal(&scratch, &world.genesis.roster, DOC_ROSTER, &world.roster[0], NULL, 0);
	world_seal(&world.genesis_raw, &world.genesis_id, DOC_GENESIS, &world.genesis, NULL, 0);
	world.roster[0].genesis = world.genesis_id;
	world_seal(&world.roster_raw[0], &world.roster_id[0], DOC_ROSTER, &world.roster[0], NULL,
		   0);
	world.roster[1] = world.roster[0];
	world.roster[1].number = 2;
	world.roster[1].previous = world.roster_id[0];
	world_seal(&world.roster_raw[1], &world.roster_id[1], DOC_ROSTER, &world.roster[1],
		   world.officer, 2);
}

static inline void world_holding(void)
{
	struct doc_holding *h = &world.holding;

	memset(h, 0, sizeof *h);
	h->genesis = world.genesis_id;
	h->holder_count = WORLD_HOLDERS;
	for (uint8_t i = 0; i < WORLD_HOLDERS; i++) {
		uint8_t key[COLD_KEY_BYTES], token[COLD_TOKEN_BYTES];

		memset(key, 0x40 + i, sizeof key);
		memset(token, 0x90 + i, sizeof token);
		cold_secrets_make(&world.holder[i], key, token);
		h->holders[i].key = world.holder[i].chain.public_key;
		cold_secrets_attest(&h->holders[i].attest_key, &world.holder[i]);
		(void)snprintf(h->holders[i].id, sizeof h->holders[i].id, "holder-%u", i);
	}
	h->limit = xem(2 * BOX);
	h->number = 1;
	h->residue_max = xem(5000000);
	h->tally_age_ms = DAY;
	h->window_ms = 7 * DAY;
}

static inline int world_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct doc_cosigner));
}

/* A whole move of this balance by these people. */
static inline void world_amounts(uint64_t balance)
{
	uint64_t amount, fee;

	CHECK(nem_fee_empty_account(&amount, &fee, balance, 0,
				    (unsigned)world.refill.cosigner_count,
				    NEM_FEE_COSIGNATURE_MICRO) == ERR_OK);
	world.refill.amount = xem(amount);
	world.refill.fee_inner = xem(fee);
}

static inline void world_refill(void)
{
	struct doc_refill *r = &world.refill;
	uint32_t now_s;

	memset(r, 0, sizeof *r);
	CHECK(nem_time_from_unix_ms(&now_s, NOW) == ERR_OK);
	r->account = world_key(50);
	r->cosigner_count = 2;
	for (size_t i = 0; i < 2; i++) {
		r->cosigners[i].key = world.holding.holders[i].key;
	}
	qsort(r->cosigners, 2, sizeof r->cosigners[0], world_order);
	r->timestamp_nem_s = now_s;
	r->deadline_nem_s = now_s + 86400;
	world_address(&r->destination, &world.genesis.hot[1].public_key);
	r->fee_cosign = xem(NEM_FEE_COSIGNATURE_MICRO);
	r->fee_outer = xem(NEM_FEE_MULTISIG_MICRO);
	r->genesis = world.genesis_id;
	r->initiator = world.holding.holders[2].key;
	(void)snprintf(r->proposer, sizeof r->proposer, "aiko");
	r->time_ms = NOW;
	world_amounts(BOX);
}

static inline void world_tally(size_t i)
{
	struct doc_tally *t = &world.tally[i];
	uint32_t now_s;

	memset(t, 0, sizeof *t);
	CHECK(nem_time_from_unix_ms(&now_s, NOW - 60000) == ERR_OK);
	t->genesis = world.genesis_id;
	t->account_count = 2;
	t->accounts[0].account = world_key(51);
	t->accounts[0].needed = 1;
	t->accounts[0].cosigner_count = 1;
	t->accounts[0].balance = t->accounts[0].received = t->accounts[0].spent = xem(0);
	t->accounts[1].account = world_key(50);
	t->accounts[1].balance = t->accounts[1].received = xem(BOX);
	t->accounts[1].spent = xem(0);
	t->accounts[1].needed = 3;
	t->accounts[1].cosigner_count = WORLD_HOLDERS;
	for (size_t k = 0; k < WORLD_HOLDERS; k++) {
		t->accounts[1].cosigners[k].key = world.holding.holders[k].key;
	}
	qsort(t->accounts[1].cosigners, WORLD_HOLDERS, sizeof t->accounts[1].cosigners[0],
	      world_order);
	memset(t->block.b, 0x77, sizeof t->block.b);
	t->height = 1400000;
	t->chain_time_nem_s = now_s;
	t->final_time_nem_s = now_s - 21600;
	t->time_ms = NOW - 60000;
	(void)snprintf(t->watcher, sizeof t->watcher, "w%zu", i + 1);
}

/* Seals refill and tallies again, by who must. */
static inline void world_again(void)
{
	world_seal(&world.refill_raw, NULL, DOC_REFILL, &world.refill, NULL, 0);
	world.q.refill = bytes_of(world.refill_raw.p, world.refill_raw.n);
	for (size_t i = 0; i < 3; i++) {
		world_seal(&world.tally_raw[i], NULL, DOC_TALLY, &world.tally[i], &world.watcher[i],
			   1);
		world.tallies[i] = bytes_of(world.tally_raw[i].p, world.tally_raw[i].n);
	}
}

static inline struct policy_verdict world_rules(size_t rosters)
{
	const struct bytes raw[] = {
		bytes_of(world.roster_raw[0].p, world.roster_raw[0].n),
		bytes_of(world.roster_raw[1].p, world.roster_raw[1].n),
	};

	return cold_rules_open(&world.rules, bytes_of(world.genesis_raw.p, world.genesis_raw.n),
			       raw, rosters, bytes_of(world.holding_raw.p, world.holding_raw.n));
}

/* Seals the holding again and believes it. */
static inline void world_believe(void)
{
	world_seal(&world.holding_raw, NULL, DOC_HOLDING, &world.holding, world.officer, 2);
	CHECK(world_rules(1).err == ERR_OK);
}

static inline enum err world_append(void *context, struct bytes batch)
{
	(void)context;
	if (world.append == ERR_OK) {
		CHECK(world.batches < WORLD_BATCHES && batch.n <= sizeof world.batch[0]);
		memcpy(world.batch[world.batches], batch.p, batch.n);
		world.batch_n[world.batches++] = batch.n;
	}
	return world.append;
}

static const struct cold_journal world_journal = { NULL, world_append };

/* Holder i sits down at his own machine. */
static inline void world_sit(size_t i)
{
	memset(&world.cold, 0, sizeof world.cold);
	world.batches = 0;
	world.append = ERR_OK;
	CHECK(cold_begin(&world.cold, &world.holder[i], &world.genesis_id, NOW - 1000,
			 &world_journal, world.buffer) == ERR_OK);
	world.q.key = &world.holder[i].chain.public_key;
}

static inline void world_make(void)
{
	memset(&world, 0, sizeof world);
	world_roster();
	world_genesis();
	world_found();
	world_holding();
	world_believe();
	world_refill();
	for (size_t i = 0; i < 3; i++) {
		world_tally(i);
	}
	world.q.rules = &world.rules;
	world.q.tallies = world.tallies;
	world.q.tally_count = 3;
	world.q.answers = world.answers;
	world.q.now_ms = NOW;
	world_again();
	world_sit(0);
}

static inline struct policy_verdict world_judge(void)
{
	return cold_judge(&world.plan, &world.cold, &world.q);
}

static inline struct policy_verdict world_ask(void)
{
	world_again();
	return world_judge();
}

/* Random bytes of the kernel, as it were. */
static inline void world_fresh(size_t i)
{
	static uint8_t count;

	memset(world.holder[i].fresh, ++count, sizeof world.holder[i].fresh);
	world.holder[i].fresh[0] = 1;
}

/* Holder i says yes to what he sees; his answer goes to place `at`. */
static inline enum err world_sign(size_t i, size_t at, uint64_t now_ms)
{
	struct writer w = writer_make(world.answer_raw[at].p, sizeof world.answer_raw[at].p);
	enum err e;

	world_fresh(i);
	e = cold_sign(&w, &world.cold, &world.plan, &world.rules, &world.holder[i],
		      bytes_str(world.plan.words), now_ms, &world_journal, world.buffer);

	world.answer_raw[at].n = w.n;
	world.answers[at] = bytes_of(world.answer_raw[at].p, w.n);
	return e;
}

#endif
