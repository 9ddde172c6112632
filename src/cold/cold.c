/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold.h"

#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "cold/cold_recovery.h"
#include "cold/cold_self.h"
#include "crypto/crypto.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "policy/counters.h"
#include "policy/proofs.h"
#include "policy/verdict.h"

/* ---- whom this machine believes ------------------------------------------------------------ */

/* As many officers of r as its governance says stand behind d. */
static struct policy_verdict quorum(const struct doc *d, const struct doc_roster *r)
{
	struct proofs proofs;
	struct policy_verdict v = proofs_judge(&proofs, d, COUNTERS_NO_TIME, r);
	uint64_t n = 0;

	if (v.err != ERR_OK) {
		return v;
	}
	for (size_t i = 0; i < r->people_count; i++) {
		n += (r->people[i].roles & DOC_ROLE_OFFICER) != 0 &&
		     proofs_by(&proofs, d, &r->people[i]);
	}
	return at_least(ERR_APPROVALS, "signatures",
			N_("fewer officers signed it than the roster's governance"), n,
			r->governance);
}

/* Who signs a successor of the newest roster: its officers, or its holders. */
static struct policy_verdict signed_next(const struct cold_rules *rules, const struct doc *d,
					 const struct doc_roster *next)
{
	return next->recovery ? cold_recovered(rules, d, next) : quorum(d, &rules->roster);
}

static struct policy_verdict open_roster(struct cold_rules *out, struct bytes raw, bool first)
{
	static const char field[] = "roster";
	struct doc_roster next;
	struct doc_fault fault;
	struct policy_verdict v = allowed;
	struct hash32 zero;
	struct doc d;
	enum err e = doc_open(&d, raw, &out->genesis_id, &fault);

	if (e == ERR_OK) {
		e = doc_roster_read(&d, &next, &fault);
	}
	if (e != ERR_OK) {
		return refuse(e, field, fault.why);
	}
	if (first) {
		doc_zero_id(&zero, &d);
		if (!hash32_eq(&zero, &out->genesis.roster)) {
			return refuse(ERR_MISMATCH, field,
				      "not the first roster, which genesis names");
		}
	} else {
		if (next.number != out->roster.number + 1 ||
		    !hash32_eq(&next.previous, &out->roster_id)) {
			return refuse(ERR_MISMATCH, field,
				      "not the successor of the roster before it");
		}
		v = signed_next(out, &d, &next);
	}
	if (v.err == ERR_OK) {
		out->roster = next;
		out->roster_id = d.id;
	}
	return v;
}

struct policy_verdict cold_holding_open(struct cold_rules *rules, struct bytes raw)
{
	struct doc_fault fault;
	struct doc d;
	enum err e = doc_open(&d, raw, &rules->genesis_id, &fault);

	if (e == ERR_OK) {
		e = doc_holding_read(&d, &rules->holding, &fault);
	}
	if (e != ERR_OK) {
		return refuse(e, "holding", fault.why);
	}
	rules->holding_id = d.id;
	return quorum(&d, &rules->roster);
}

struct policy_verdict cold_rosters_open(struct cold_rules *out, struct bytes genesis,
					const struct bytes *rosters, size_t n)
{
	struct policy_verdict v = allowed;
	struct doc_fault fault;
	struct doc d;
	enum err e = doc_open(&d, genesis, NULL, &fault);

	CHECK(n >= 1 && n <= COLD_ROSTERS_MAX);
	if (e == ERR_OK) {
		e = doc_genesis_read(&d, &out->genesis, &fault);
	}
	if (e != ERR_OK) {
		return refuse(e, "genesis", fault.why);
	}
	out->genesis_id = d.id;
	out->network = (uint8_t)out->genesis.chain_network;
	if (!nem_network_known(out->network)) {
		return refuse(ERR_NETWORK, "genesis", "a network of NEM that is not known here");
	}
	for (size_t i = 0; v.err == ERR_OK && i < n; i++) {
		v = open_roster(out, rosters[i], i == 0);
	}
	return v;
}

struct policy_verdict cold_rules_open(struct cold_rules *out, struct bytes genesis,
				      const struct bytes *rosters, size_t n, struct bytes holding)
{
	struct policy_verdict v = cold_rosters_open(out, genesis, rosters, n);

	return v.err == ERR_OK ? cold_holding_open(out, holding) : v;
}

/* ---- keys ---------------------------------------------------------------------------------- */

void cold_secrets_make(struct cold_secrets *out, const uint8_t key[COLD_KEY_BYTES],
		       const uint8_t token[COLD_TOKEN_BYTES])
{
	struct bytes sealed = bytes_of(key, COLD_KEY_BYTES);
	struct key32 attest_public;
	struct hash32 derived;

	edk_secret_from_nem(&out->chain, key);
	hmac_sha256(&derived, sealed, bytes_str("kuramori cold attest v1"));
	ed25519_keypair(&attest_public, out->attest, derived.b);
	hmac_sha256(&derived, sealed, bytes_str("kuramori cold journal v1"));
	memcpy(out->journal.b, derived.b, sizeof out->journal.b);
	memcpy(out->token, token, sizeof out->token);
	memset(out->fresh, 0, sizeof out->fresh);
	crypto_wipe(&derived, sizeof derived);
}

void cold_secrets_attest(struct key32 *out, const struct cold_secrets *secrets)
{
	memcpy(out->b, secrets->attest + 32, sizeof out->b);
}

/* ---- memory -------------------------------------------------------------------------------- */

bool cold_micro(uint64_t *out, const struct money *m)
{
	return money_u64(out, m) == ERR_OK && *out <= NEM_SUPPLY_MICRO;
}

const struct cold_box *cold_box_of(const struct cold *c, const struct key32 *account)
{
	for (size_t i = 0; i < c->box_count; i++) {
		if (key32_eq(&c->boxes[i].account, account)) {
			return &c->boxes[i];
		}
	}
	return NULL;
}

const struct doc_holder *cold_holder(const struct doc_holding *h, const struct key32 *key)
{
	for (size_t i = 0; i < h->holder_count; i++) {
		if (key32_eq(&h->holders[i].key, key)) {
			return &h->holders[i];
		}
	}
	return NULL;
}

void cold_learn(struct cold *c, const struct doc_refill *refill, const struct hash32 *id,
		uint64_t total_micro, uint64_t wall_ms, uint64_t chain_s)
{
	size_t at = 0;

	while (at < c->box_count && !key32_eq(&c->boxes[at].account, &refill->account)) {
		at++;
	}
	/* only boxes of genesis are signed for, and it has no more */
	CHECK(at < COLD_BOXES_MAX);
	c->box_count += at == c->box_count;
	c->boxes[at] = (struct cold_box){
		.account = refill->account,
		.refill = *id,
		.deadline_nem_s = refill->deadline_nem_s,
		.total_micro = total_micro,
		.wall_ms = wall_ms,
		.chain_s = chain_s,
	};
	c->answers++;
}

uint64_t cold_spent(const struct cold *c, const struct cold_rules *rules, uint64_t now_ms,
		    uint64_t chain_s, const struct key32 *without)
{
	uint64_t window = rules->holding.window_ms;
	uint64_t sum = 0;

	for (size_t i = 0; i < c->box_count; i++) {
		const struct cold_box *b = &c->boxes[i];
		bool over = now_ms >= b->wall_ms && now_ms - b->wall_ms >= window &&
			    chain_s >= b->chain_s && (chain_s - b->chain_s) * 1000 >= window;

		/* what frees waits for the slower of two clocks (design.md 3) */
		if (!over && (without == NULL || !key32_eq(&b->account, without))) {
			sum += b->total_micro; /* COLD_BOXES_MAX times all the XEM there are */
		}
	}
	return sum;
}

/* ---- journal ------------------------------------------------------------------------------- */

enum err cold_begin(struct cold *c, const struct cold_secrets *secrets,
		    const struct hash32 *genesis_id, uint64_t now_ms,
		    const struct cold_journal *journal, uint8_t *buffer)
{
	struct log_record r = { .kind = LOG_GENESIS, .time_ms = now_ms, .link = *genesis_id };
	struct log_batch b;
	struct bytes sealed;
	enum err e;

	CHECK(!c->begun && !c->broken);
	log_chain_init(&c->chain);
	id128_named(&r.id, genesis_id);
	memcpy(r.debit.b, secrets->chain.public_key.b, 16);
	memcpy(r.credit.b, secrets->chain.public_key.b + 16, 16);
	log_batch_begin(&b, buffer, COLD_BATCH_BYTES);
	CHECK(log_batch_add_record(&b, &r) == ERR_OK);
	log_batch_seal(&sealed, &b, &c->chain, &secrets->journal);
	e = journal->append(journal->context, sealed);
	if (e != ERR_OK) {
		c->broken = true;
		return e;
	}
	c->begun = true;
	c->genesis_id = *genesis_id;
	c->key = secrets->chain.public_key;
	c->last_ms = now_ms;
	return ERR_OK;
}

static enum err replay_first(struct cold *c, const struct log_record *r, const struct key32 *mine)
{
	if (r->kind != LOG_GENESIS) {
		return ERR_CORRUPT;
	}
	memcpy(c->key.b, r->debit.b, 16);
	memcpy(c->key.b + 16, r->credit.b, 16);
	if (!key32_eq(&c->key, mine)) {
		return ERR_KEY;
	}
	c->genesis_id = r->link;
	c->begun = true;
	return ERR_OK;
}

/* The refill is the blob up to its first line feed; the tallies behind it are for people. */
static enum err replay_answer(struct cold *c, const struct log_record *r, struct bytes blob)
{
	const uint8_t *end = memchr(blob.p, '\n', blob.n);
	struct doc_refill refill;
	struct doc d;

	if (end == NULL ||
	    doc_open(&d, bytes_of(blob.p, (size_t)(end - blob.p)), &c->genesis_id, NULL) !=
		ERR_OK ||
	    doc_refill_read(&d, &refill, NULL) != ERR_OK) {
		return ERR_CORRUPT;
	}
	c->roster_number = le64_get(r->debit.b);
	c->holding_number = le64_get(r->debit.b + 8);
	cold_learn(c, &refill, &d.id, (uint64_t)r->amount, r->time_ms, le64_get(r->credit.b));
	return ERR_OK;
}

enum err cold_replay(struct cold *c, const struct cold_secrets *secrets, struct bytes batch)
{
	struct log_record r;
	struct log_view v;
	struct bytes blob;
	enum err e;

	if (!c->begun) {
		log_chain_init(&c->chain);
	}
	e = log_batch_open(&v, &c->chain, batch, &secrets->journal);
	if (e != ERR_OK) {
		return e;
	}
	/* one record a batch: each decision is durable by itself */
	CHECK(log_view_record(&r, &v, 0) == ERR_OK);
	if (v.head.count != 1) {
		return ERR_CORRUPT;
	}
	if (!c->begun) {
		e = replay_first(c, &r, &secrets->chain.public_key);
	} else if (r.kind == LOG_COLD_RESTORED) {
		c->restored_ms = r.time_ms > c->restored_ms ? r.time_ms : c->restored_ms;
		c->roster_number = le64_get(r.debit.b);
		c->holding_number = le64_get(r.debit.b + 8);
		c->answers = le64_get(r.credit.b) > c->answers ? le64_get(r.credit.b) : c->answers;
	} else if ((r.kind != LOG_COLD_ANSWER && r.kind != LOG_COLD_HOLDING) ||
		   log_view_blob(&blob, &v, &r.link) != ERR_OK) {
		e = ERR_CORRUPT;
	} else if (r.kind == LOG_COLD_HOLDING) {
		c->roster_number = le64_get(r.debit.b);
		e = cold_hold_replay(c, &r, blob);
	} else {
		e = replay_answer(c, &r, blob);
	}
	if (e == ERR_OK) {
		c->last_ms = r.time_ms > c->last_ms ? r.time_ms : c->last_ms;
	}
	return e;
}
