/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/guard_self.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_tx.h"
#include "ipc/frame.h"

/* What was judged under them: the watchers' words, places and acknowledgements. */
struct before {
	struct hash32 roster_id, policy_id;
	bool frozen, locked;
	uint16_t grants_over;
	size_t struck_n;
	size_t watcher_count;
	struct doc_party watchers[DOC_WATCHERS_MAX];
};

static struct before before_make(const struct guard *g)
{
	struct before b = { .roster_id = g->roster_id,
			    .policy_id = g->policy_id,
			    .frozen = guard_frozen(g),
			    .locked = guard_locked(g),
			    .grants_over = g->control.grants_over,
			    .struck_n = g->control.struck_n,
			    .watcher_count = g->roster.watcher_count };

	memcpy(b.watchers, g->roster.watchers, sizeof b.watchers);
	return b;
}

static bool same_watchers(const struct guard *g, const struct before *b)
{
	bool same = g->roster.watcher_count == b->watcher_count;

	for (size_t i = 0; same && i < b->watcher_count; i++) {
		same = strcmp(g->roster.watchers[i].id, b->watchers[i].id) == 0 &&
		       key32_eq(&g->roster.watchers[i].key, &b->watchers[i].key);
	}
	return same;
}

/* Acknowledgements stand for watchers by their place: each moves with its watcher, or goes. */
static uint8_t acked_now(const struct guard *g, const struct before *b, uint8_t acked)
{
	uint8_t now = 0;

	for (size_t i = 0; i < b->watcher_count; i++) {
		for (size_t k = 0; (acked & (1u << i)) != 0 && k < g->roster.watcher_count; k++) {
			const struct doc_party *w = &g->roster.watchers[k];

			if (strcmp(w->id, b->watchers[i].id) == 0 &&
			    key32_eq(&w->key, &b->watchers[i].key)) {
				now |= (uint8_t)(1u << k);
			}
		}
	}
	return now;
}

/* True if roster, policy or who counts has changed; alike when it happens and in a replay. */
static bool follow(struct guard *g, const struct before *b)
{
	bool same = same_watchers(g, b) || (g->config.planted & GUARD_PLANT_ACKS_STAY) != 0;

	for (size_t i = 0; !same && i < g->payments_n; i++) {
		struct guard_payment *p = &g->config.storage.payments[i];

		p->acked = acked_now(g, b, p->acked);
	}
	if (same && b->struck_n == g->control.struck_n && hash32_eq(&b->roster_id, &g->roster_id) &&
	    hash32_eq(&b->policy_id, &g->policy_id)) {
		return false;
	}
	/* what they said was said under other rules */
	memset(g->watchers, 0, sizeof g->watchers);
	guard_recall_begin(g);
	return true;
}

/* What follows for those who wait for a signature. */
static void react(struct guard *g, const struct before *b, struct effects *out)
{
	if (follow(g, b)) {
		if ((g->config.planted & GUARD_PLANT_RULES_LATE) == 0) {
			guard_sign_rules(g, out);
		}
		effects_note(out, "unusual rules roster=%llu policy=%llu",
			     (unsigned long long)g->roster.number,
			     (unsigned long long)g->policy.number);
	}
	if (b->grants_over != g->control.grants_over) {
		guard_sign_rules(g, out);
	}
	if (guard_frozen(g) || guard_locked(g)) {
		/* the nonce names the stop head: watchers answer anew */
		guard_sign_freeze(g, out);
	}
	if (b->frozen && !guard_frozen(g)) {
		effects_note(out, "unusual resumed");
	}
	if (!b->locked && guard_locked(g)) {
		effects_note(out, "broken forked: two successors of one roster or policy");
	}
}

/* What fills the journal last: freezes; before them what lifts and rules. */
static bool has_room(const struct guard *g, const struct doc *d, const struct control_news *news)
{
	const uint64_t counts = news->proofs.n * (uint64_t)LOG_RECORD_BYTES;

	return d->type == DOC_FREEZE ||
	       guard_self_room(g, d->raw.n + counts + 1024, GUARD_HEADROOM_BYTES / 4);
}

/*
 * What starts again or rules obeys the counts of security keys.  What only stops does not wait for
 * them: who has a copy of an officer's key must not be able to count ahead, so that the officer's
 * own freeze is refused (docs/decisions/0030).
 */
static struct policy_verdict judge_counts(const struct guard *g, const struct doc *d,
					  const struct control_news *news)
{
	if (d->type == DOC_FREEZE || d->type == DOC_CANCEL) {
		return (struct policy_verdict){ .err = ERR_OK };
	}
	return proofs_count(&news->proofs, &g->counters);
}

/* Names the document before the field. */
static enum err no_verdict(struct guard_no *no, const struct doc *d, const struct policy_verdict *v)
{
	char field[DOC_FIELD_MAX + 1];

	(void)guard_self_no_verdict(no, v);
	memcpy(field, no->field, sizeof field);
	(void)snprintf(no->field, sizeof no->field, "%s%s%.40s", doc_type_name(d->type),
		       field[0] == '\0' ? "" : ".", field);
	return v->err;
}

enum err guard_stop_take(struct guard *g, const struct doc *d, struct control_news *news,
			 struct guard_no *no, struct effects *out)
{
	struct log_record r = { .kind = LOG_GUARD_STOP,
				.id = guard_self_short(&d->id),
				.amount = (u128)d->type };
	struct policy_verdict v = control_check(&g->control, d, news);
	struct before before;
	struct policy_time now;
	struct log_batch b;
	uint64_t sequence;

	if (v.err != ERR_OK) {
		return no_verdict(no, d, &v);
	}
	if (news->known) {
		return ERR_OK;
	}
	v = judge_counts(g, d, news);
	if (v.err != ERR_OK) {
		return no_verdict(no, d, &v);
	}
	if (!has_room(g, d, news)) {
		return guard_self_no(no, ERR_FULL, "journal",
				     "the journal is full but for freezes and sweeps");
	}
	before = before_make(g);
	(void)guard_self_now(g, &now);
	guard_self_begin(g, &b, out);
	sequence = guard_self_sequence(g, &b);
	guard_self_add(g, &b, &r, 0, &d->raw);
	guard_self_counts(g, &b, &news->proofs);
	news->at = g->journal_used + log_batch_newest_blob(&b);
	guard_self_commit(g, &b, out);
	if (d->type == DOC_FREEZE) {
		effects_note(out, "broken frozen issuer=%s evidence_bytes=%zu", news->issuer,
			     g->control.news.freeze.evidence_n);
	} else {
		effects_note(out, "%s control type=%s waits=%d forks=%d",
			     news->recovery ? "broken" : "unusual",
			     control_type_name(d->type, news->recovery), news->loosens,
			     news->forks);
	}
	(void)control_take(&g->control, d, news, sequence, g->wall_ms, &now);
	react(g, &before, out);
	if (d->type == DOC_CANCEL) {
		guard_sign_said_no(g, out);
	}
	return ERR_OK;
}

static struct policy_time record_time(const struct log_record *r)
{
	return (struct policy_time){ .own_ms = le64_get(r->debit.b),
				     .chain_s = le32_get(r->debit.b + 8) };
}

enum err guard_stop_replay(struct guard *g, const struct log_record *r,
			   const struct guard_place *place, struct bytes blob)
{
	const struct policy_time then = record_time(r);
	struct before before = before_make(g);
	struct control_news news;
	struct policy_verdict v;
	struct doc d;

	if (doc_open(&d, blob, &g->genesis_id, NULL) != ERR_OK || !control_is(d.type)) {
		return ERR_CORRUPT;
	}
	if (d.type == DOC_RESUME && (g->config.planted & GUARD_PLANT_FORGET_RESUME) != 0) {
		return ERR_OK;
	}
	v = control_check(&g->control, &d, &news);
	if (v.err != ERR_OK || news.known) {
		return v.err == ERR_FULL ? ERR_FULL : ERR_CORRUPT;
	}
	news.at = place->blob_at;
	(void)control_take(&g->control, &d, &news, place->sequence, r->time_ms, &then);
	(void)follow(g, &before);
	return ERR_OK;
}

enum err guard_stop_replay_rules(struct guard *g, const struct log_record *r)
{
	const struct policy_time then = record_time(r);
	struct before before = before_make(g);

	if ((g->config.planted & GUARD_PLANT_FORGET_RULES) != 0) {
		return ERR_OK;
	}
	if (!control_activate(&g->control, &r->id, r->time_ms, &then)) {
		return ERR_CORRUPT;
	}
	(void)follow(g, &before);
	return ERR_OK;
}

/* For people: a grant runs, or is over. */
static void note_grant(const struct guard *g, const struct id128 *name, struct effects *out)
{
	for (size_t i = 0; i < g->control.n; i++) {
		const struct control_entry *e = &g->control.entries[i];
		struct id128 id = guard_self_short(&e->id);

		if (e->type == DOC_GRANT && id128_eq(&id, name)) {
			effects_note(out, "unusual grant state=\"%s\"",
				     control_state_name(e->state));
		}
	}
}

/* What waits and does not read back stays outside likewise; said once. */
static bool reads_back(struct guard *g, const struct control_entry *e, struct effects *out)
{
	const struct control_storage *s = &g->control.storage;
	bool reads = s->read == NULL || control_copy(&g->control, e, s->room).n > 0;

	if (!reads && !g->unread) {
		effects_note(out, "broken journal-read sequence=%llu why=document",
			     (unsigned long long)e->sequence);
	}
	g->unread = !reads;
	return reads;
}

void guard_stop_due(struct guard *g, struct effects *out)
{
	struct policy_time now;
	const struct control_entry *e;

	(void)guard_self_now(g, &now);
	e = control_due(&g->control, &now);
	/* without room for the record it does not come into force: the old rules are stricter */
	if (e != NULL && guard_self_room(g, 1024, GUARD_HEADROOM_BYTES / 4) &&
	    reads_back(g, e, out)) {
		struct log_record r = { .kind = LOG_GUARD_RULES, .id = guard_self_short(&e->id) };
		struct before before = before_make(g);
		struct log_batch b;

		guard_self_begin(g, &b, out);
		guard_self_add(g, &b, &r, 0, NULL);
		guard_self_commit(g, &b, out);
		CHECK(control_activate(&g->control, &r.id, g->wall_ms, &now));
		note_grant(g, &r.id, out);
		react(g, &before, out);
	}
}

void guard_stop_receipt(struct guard *g, const struct guard_ask *ask, const struct hash32 *id,
			uint64_t sequence, uint64_t time_ms, struct effects *out)
{
	struct doc_receipt receipt = {
		.document = *id,
		.genesis = g->genesis_id,
		.sequence = sequence,
		.time_ms = time_ms,
	};
	struct writer w = writer_make(g->text, sizeof g->text);
	struct bytes item;

	receipt.holder[0] = g->config.signer == DOC_SIGNER_A ? 'a' : 'b';
	CHECK(doc_receipt_make(&w, NULL, &receipt, g->config.attest_secret) == ERR_OK);
	item = bytes_of(w.p, w.n);
	guard_self_answer(ask, &item, 1, out);
}

void guard_stop_put(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	struct doc_fault fault = { "", NULL };
	const struct control_entry *kept;
	struct control_news news;
	struct guard_no no;
	struct bytes item;
	struct doc d;
	size_t n = 0;
	enum err e;

	if (frame_items_all(ask->body, &item, 1, &n) != ERR_OK || n != 1) {
		(void)guard_self_no(&no, ERR_INPUT, "body",
				    "exactly one document that stops, starts or rules is expected");
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	if (guard_closing_is(g, item)) {
		guard_closing_put(g, ask, item, out);
		return;
	}
	e = doc_open(&d, item, &g->genesis_id, &fault);
	if (e != ERR_OK) {
		(void)guard_self_no_open(g, &no, e, "document", &fault, &d);
	} else {
		e = guard_stop_take(g, &d, &news, &no, out);
	}
	if (e != ERR_OK) {
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	kept = control_find(&g->control, &d.id);
	CHECK(kept != NULL);
	guard_stop_receipt(g, ask, &kept->id, kept->sequence, kept->time_ms, out);
}

void guard_stop_get(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	const struct control *c = &g->control;
	size_t first = c->n;
	size_t bytes = 0;
	size_t lost = 0;
	uint8_t *body;
	size_t n = 0;

	/* the newest that fit, in the order in which they came */
	for (size_t kept = 0; first > 0; first--) {
		const struct control_entry *e = &c->entries[first - 1];
		size_t more = e->n == 0 ? 0 : FRAME_ITEM_HEADER_BYTES + e->n;

		kept += e->n > 0;
		if (kept > FRAME_ITEMS_MAX || bytes + more > FRAME_BODY_MAX) {
			break;
		}
		bytes += more;
	}
	body = effects_take(out, bytes);
	for (size_t i = first; i < c->n; i++) {
		const struct control_entry *e = &c->entries[i];
		struct bytes raw = control_copy(c, e, body + n + FRAME_ITEM_HEADER_BYTES);

		if (raw.n > 0) {
			le32_put(body + n, (uint32_t)raw.n);
			n += FRAME_ITEM_HEADER_BYTES + raw.n;
		}
		lost += e->n > 0 && raw.n == 0;
	}
	effects_give_back(out, bytes - n);
	effects_send(out, ask->channel, ask->reply, ask->request_id, bytes_of(body, n));
	if (lost > 0) {
		effects_note(out, "broken journal-read documents=%zu", lost);
	}
}

static bool is_ours(const struct guard *g, const struct key32 *key)
{
	return key32_eq(key, &g->roster.signers[DOC_SIGNER_A].chain_key) ||
	       key32_eq(key, &g->roster.signers[DOC_SIGNER_B].chain_key);
}

static bool is_hot(const struct guard *g, const struct key32 *key)
{
	for (size_t i = 0; i < g->genesis.hot_count; i++) {
		if (key32_eq(&g->genesis.hot[i].public_key, key)) {
			return true;
		}
	}
	return false;
}

/* Every part of ours carries the times of the attempt, as the inner transaction does. */
static bool times_are_ours(const struct nem_header *part, const struct nem_header *inner)
{
	return part->time_nem_s == inner->time_nem_s &&
	       part->deadline_nem_s == inner->deadline_nem_s;
}

/*
 * What we attested appears on chain only in one form: B's wrapper at the minimum fee with A's
 * cosignature alone, at its minimum fee, and the times of the attempt (contract: "explained on
 * chain").  So an inner of ours fixes every byte: a wrapper of another second shows that somebody
 * else has B's key, and watchers call it a theft for that.
 */
static bool form_is_ours(const struct guard *g, const struct nem_tx *tx)
{
	const struct nem_multisig_body *m = &tx->multisig;
	const struct nem_attached *c = &m->cosignature[0];

	return key32_eq(&tx->head.signer, &g->roster.signers[DOC_SIGNER_B].chain_key) &&
	       m->n == 1 && key32_eq(&c->head.signer, &g->roster.signers[DOC_SIGNER_A].chain_key) &&
	       tx->head.fee_micro == NEM_FEE_MULTISIG_MICRO &&
	       c->head.fee_micro == NEM_FEE_COSIGNATURE_MICRO &&
	       times_are_ours(&tx->head, &m->inner.head) &&
	       times_are_ours(&c->head, &m->inner.head);
}

enum err guard_stop_theft(const struct guard *g, struct bytes evidence, struct guard_no *no)
{
	struct nem_tx tx;
	struct hash32 inner;
	size_t ours;
	enum err e;

	if (evidence.n == 0) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence", "there is none");
	}
	e = nem_tx_decode(&tx, (uint8_t)g->genesis.chain_network, evidence, NEM_SIGNED);
	if (e != ERR_OK) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence",
				     "not a transaction in its verifiable form");
	}
	if (tx.type != NEM_MULTISIG || !is_hot(g, &tx.multisig.inner.head.signer)) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence",
				     "not a transaction of one of our hot accounts");
	}
	if (nem_tx_verify(&tx) != ERR_OK) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence",
				     "a signature does not verify");
	}
	/*
	 * Hot accounts are 2-of-3 {A, B, recovery}: the initiator and one more complete it.  The
	 * recovery key stands in no document, so one of ours must be among them: a stranger's two
	 * keys show nothing.
	 */
	ours = is_ours(g, &tx.head.signer);
	for (size_t i = 0; i < tx.multisig.n; i++) {
		ours += is_ours(g, &tx.multisig.cosignature[i].head.signer);
	}
	if (tx.multisig.n == 0 || ours == 0) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence",
				     "incomplete: it cannot take anything");
	}
	nem_tx_hash_inner(&inner, &tx.multisig.inner);
	if (guard_self_by_inner(g, &inner) != NULL && form_is_ours(g, &tx)) {
		return guard_self_no(no, ERR_EVIDENCE, "freeze.evidence",
				     "this is a payment that we signed ourselves");
	}
	return ERR_OK;
}
