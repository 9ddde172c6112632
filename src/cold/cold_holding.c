/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_holding.h"

#include <string.h>

#include "base/check.h"
#include "base/words.h"
#include "chain/nem/nem_time.h"
#include "cold/cold_drill.h"
#include "cold/cold_recovery.h"
#include "cold/cold_restore.h"
#include "cold/cold_self.h"
#include "policy/verdict.h"

/* ---- what it changes ----------------------------------------------------------------------- */

/* The same person by the same two keys. */
static bool names(const struct doc_holding *h, const struct doc_holder *who)
{
	const struct doc_holder *same = cold_holder(h, &who->key);

	/* what is registered of him (cold_mark.h) is the officers' matter, who ask him */
	return same != NULL && key32_eq(&same->attest_key, &who->attest_key) &&
	       strcmp(same->id, who->id) == 0;
}

unsigned cold_holding_loosens(const struct doc_holding *old, const struct doc_holding *next)
{
	unsigned what = 0;

	for (size_t i = 0; i < next->holder_count; i++) {
		what |= names(old, &next->holders[i]) ? 0 : COLD_LOOSENS_HOLDERS;
	}
	what |= money_cmp(&next->limit, &old->limit) > 0 ? COLD_LOOSENS_LIMIT : 0;
	what |= next->window_ms < old->window_ms ? COLD_LOOSENS_WINDOW : 0;
	what |= money_cmp(&next->residue_max, &old->residue_max) > 0 ? COLD_LOOSENS_RESIDUE : 0;
	what |= next->tally_age_ms > old->tally_age_ms ? COLD_LOOSENS_TALLY_AGE : 0;
	return what;
}

static struct policy_verdict successor(const struct doc_holding *next,
				       const struct doc_holding *old, const struct hash32 *old_id)
{
	if (next->number != old->number + 1 || !hash32_eq(&next->previous, old_id)) {
		return refuse(ERR_MISMATCH, "holding",
			      "not the successor of the holding before it");
	}
	return allowed;
}

static bool attests(const struct doc_holding *h, const struct key32 *key)
{
	for (size_t i = 0; i < h->holder_count; i++) {
		if (key32_eq(&h->holders[i].attest_key, key)) {
			return true;
		}
	}
	return false;
}

struct policy_verdict cold_holding_follows(const struct cold_rules *next, struct bytes raw,
					   const struct doc_holding *old,
					   const struct hash32 *old_id)
{
	struct policy_verdict v = successor(&next->holding, old, old_id);
	uint64_t n = 0;
	struct doc d;

	/* else who is retired here could still recover the roster */
	for (size_t i = 0; v.err == ERR_OK && i < old->holder_count; i++) {
		if (!attests(&next->holding, &old->holders[i].attest_key) &&
		    cold_recovers(&next->roster, &old->holders[i].attest_key) != NULL) {
			v = refuse(ERR_STATE, "holding",
				   "who goes from it still stands among the roster's holders: the "
				   "next roster first");
		}
	}
	if (v.err != ERR_OK || cold_holding_loosens(old, &next->holding) == 0) {
		return v;
	}
	CHECK(doc_open(&d, raw, &next->genesis_id, NULL) == ERR_OK);
	for (size_t i = 0; i < old->holder_count; i++) {
		n += doc_signed_by(&d, &old->holders[i].attest_key);
	}
	return at_least(ERR_APPROVALS, "signatures",
			N_("it loosens, and fewer holders of the holding before it signed it than "
			   "a recovery needs"),
			n, next->genesis.recovery.needed);
}

/* ---- who is retired ------------------------------------------------------------------------ */

static const struct doc_holder *retired_find(const struct cold_retired *r, const struct key32 *key)
{
	for (size_t i = 0; i < r->n; i++) {
		if (key32_eq(&r->list[i].key, key)) {
			return &r->list[i];
		}
	}
	return NULL;
}

enum err cold_retire(struct cold_retired *r, const struct doc_holding *old,
		     const struct doc_holding *next)
{
	for (size_t i = 0; i < old->holder_count; i++) {
		const struct doc_holder *h = &old->holders[i];

		if (cold_holder(next, &h->key) != NULL || retired_find(r, &h->key) != NULL) {
			continue;
		}
		if (r->n == COLD_RETIRED_MAX) {
			return ERR_FULL;
		}
		r->list[r->n++] = *h;
	}
	return ERR_OK;
}

const struct doc_holder *cold_known(const struct cold_rules *rules, const struct key32 *key,
				    bool *retired)
{
	const struct doc_holder *h = cold_holder(&rules->holding, key);

	if (h == NULL) {
		h = retired_find(&rules->retired, key);
		*retired = *retired || h != NULL;
	}
	return h;
}

void cold_rules_know(struct cold_rules *rules, const struct cold *c)
{
	rules->retired = c->retired;
}

/* ---- what this machine has taken ----------------------------------------------------------- */

uint64_t cold_take_from(const struct cold *c, const struct doc_holding *next, uint64_t now_ms)
{
	uint64_t from = 0;

	if (!c->held) {
		return 0;
	}
	if (cold_holding_loosens(&c->holding, next) != 0) {
		from = now_ms + c->holding.window_ms;
	}
	/* what takes away from a holding that waits is no way around its wait */
	return from > c->holding_from_ms ? from : c->holding_from_ms;
}

/* A holding took effect in the journal: replay and cold_take() end here alike. */
static void hold(struct cold *c, const struct doc_holding *next, const struct hash32 *id,
		 uint64_t from_ms)
{
	/* cold_take() writes none that finds no room */
	CHECK(!c->held || cold_retire(&c->retired, &c->holding, next) == ERR_OK);
	c->held = true;
	c->holding = *next;
	c->holding_id = *id;
	c->holding_from_ms = from_ms;
}

enum err cold_hold_replay(struct cold *c, const struct log_record *r, struct bytes blob)
{
	struct doc_holding next;
	struct doc d;

	if (doc_open(&d, blob, &c->genesis_id, NULL) != ERR_OK ||
	    doc_holding_read(&d, &next, NULL) != ERR_OK) {
		return ERR_CORRUPT;
	}
	hold(c, &next, &d.id, le64_get(r->credit.b));
	return ERR_OK;
}

static struct policy_verdict take_judge(const struct cold *c, const struct cold_rules *rules,
					struct bytes raw, uint64_t now_ms)
{
	struct policy_verdict v = cold_restore_judge(c, rules, now_ms);

	if (v.err != ERR_OK) {
		return v;
	}
	if (!c->held) {
		return c->holding_number == 0 || rules->holding.number == c->holding_number
			   ? allowed
			   : refuse(ERR_MISMATCH, "holding",
				    "this key has signed under an earlier one: take that one "
				    "first");
	}
	if (hash32_eq(&c->holding_id, &rules->holding_id)) {
		return refuse(ERR_ONCE, "holding", "this machine has taken it before");
	}
	return cold_holding_follows(rules, raw, &c->holding, &c->holding_id);
}

struct policy_verdict cold_take(struct cold *c, const struct cold_secrets *secrets,
				const struct cold_rules *rules, struct bytes raw, uint64_t now_ms,
				const struct cold_journal *journal, uint8_t *buffer)
{
	static struct cold_retired room; /* of what is only tried */
	struct log_record r = { .kind = LOG_COLD_HOLDING, .time_ms = now_ms };
	struct policy_verdict v = take_judge(c, rules, raw, now_ms);
	uint64_t from_ms = cold_take_from(c, &rules->holding, now_ms);
	struct log_batch b;
	struct bytes sealed;
	enum err e;

	if (v.err != ERR_OK) {
		return v;
	}
	room = c->retired;
	if (c->held && cold_retire(&room, &c->holding, &rules->holding) != ERR_OK) {
		return refuse(ERR_FULL, "holding", "more retired holders than are kept here");
	}
	id128_named(&r.id, &rules->holding_id);
	le64_put(r.debit.b, rules->roster.number);
	le64_put(r.debit.b + 8, rules->holding.number);
	le64_put(r.credit.b, from_ms);
	log_batch_begin(&b, buffer, COLD_BATCH_BYTES);
	CHECK(log_batch_add_blob(&b, &r, raw) == ERR_OK);
	log_batch_seal(&sealed, &b, &c->chain, &secrets->journal);
	e = journal->append(journal->context, sealed);
	if (e != ERR_OK) {
		c->broken = true;
		return refuse(e, "journal", N_("the journal could not be written"));
	}
	c->last_ms = now_ms;
	c->roster_number = rules->roster.number;
	hold(c, &rules->holding, &rules->holding_id, from_ms);
	return allowed;
}

struct policy_verdict cold_held_judge(const struct cold *c, const struct cold_rules *rules,
				      uint64_t now_ms)
{
	uint64_t number = rules->holding.number;

	if (!c->held) {
		return number == 1
			   ? allowed
			   : refuse(ERR_STATE, "holding",
				    "this machine has not taken this holding: `take` it first");
	}
	if (number > c->holding.number) {
		return refuse(ERR_STATE, "holding",
			      "this machine has not taken this holding: `take` it first");
	}
	if (number < c->holding.number) {
		/* the predecessor of one that waits; what ends obeys the faster clock: ours */
		return hash32_eq(&rules->holding_id, &c->holding.previous) &&
			       now_ms < c->holding_from_ms
			   ? allowed
			   : refuse(ERR_STATE, "holding",
				    "this machine has taken a newer holding, which binds now");
	}
	if (!hash32_eq(&rules->holding_id, &c->holding_id)) {
		return refuse(ERR_MISMATCH, "holding",
			      "not the holding of this number that this machine has taken");
	}
	return now_ms >= c->holding_from_ms
		   ? allowed
		   : refuse(ERR_WAIT, "holding",
			    "taken here, and it does not bind yet: the holding before it rules "
			    "until the moment that `journal` shows");
}

struct policy_verdict cold_judge_held_chain(const struct cold *c, const struct cold_rules *rules,
					    uint64_t chain_s)
{
	if (!c->held || !hash32_eq(&rules->holding_id, &c->holding_id) ||
	    nem_time_to_unix_ms((uint32_t)chain_s) >= c->holding_from_ms) {
		return allowed;
	}
	return refuse(ERR_WAIT, "holding",
		      "taken here, and by the watchers' chain it does not bind yet");
}

/* ---- a holder's word ----------------------------------------------------------------------- */

struct policy_verdict cold_successor_open(const struct cold_rules *rules, struct bytes raw,
					  struct doc_holding *next, struct hash32 *id)
{
	struct doc_fault fault;
	struct doc d;
	enum err e = doc_open(&d, raw, &rules->genesis_id, &fault);

	if (e == ERR_OK) {
		e = doc_holding_read(&d, next, &fault);
	}
	if (e != ERR_OK) {
		return refuse(e, "holding", fault.why);
	}
	*id = d.id;
	return successor(next, &rules->holding, &rules->holding_id);
}

struct policy_verdict cold_signature_add(struct writer *out, const struct cold_rules *rules,
					 const struct cold_secrets *secrets, struct bytes raw)
{
	struct doc_seal seal;
	struct doc d;
	enum err e;

	CHECK(doc_open(&d, raw, &rules->genesis_id, NULL) == ERR_OK);
	doc_sign(&seal, &d.id, secrets->attest);
	e = doc_add_seal(out, &d, &seal);
	return e == ERR_OK ? allowed
			   : refuse(e, "signatures", "there is no room for one more signature");
}

struct policy_verdict cold_endorse(struct writer *out, const struct cold *c,
				   const struct cold_rules *rules,
				   const struct cold_secrets *secrets, struct bytes raw,
				   uint64_t now_ms)
{
	struct policy_verdict v = cold_restore_judge(c, rules, now_ms);
	struct doc_holding next;
	struct hash32 id;

	if (v.err == ERR_OK) {
		v = cold_held_judge(c, rules, now_ms);
	}
	if (v.err == ERR_OK) {
		v = cold_successor_open(rules, raw, &next, &id);
	}
	if (v.err != ERR_OK) {
		return v;
	}
	if (cold_drill_holder(rules, secrets) == NULL) {
		return refuse(ERR_SIGNER_UNKNOWN, "holder", "the holding does not name this key");
	}
	return cold_signature_add(out, rules, secrets, raw);
}
