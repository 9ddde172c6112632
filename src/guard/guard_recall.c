/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_recall.c - what our journal lacks of our own records (P7): who shows it, until when that
 * locks, and how it is taken back (docs/decisions/0031-catching-up.md).
 *
 * A heartbeat names the newest record of ours that its watcher holds.  If our journal has no such
 * record we are locked at once, on its word alone; but a word is no showing.  What shows a record
 * is the attestation with our own signature, which RECALL brings with the documents that it names
 * by their ids.  Payments are a chain, each attestation naming the one before it, so none can be
 * left out; a sweep belongs to no chain, counts nothing and may come in any order.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "guard/guard_self.h"
#include "ipc/frame.h"
#include "policy/approvals.h"
#include "policy/prices.h"

enum {
	/* heartbeats' lives in which whoever claims a record has to hand it back */
	CLAIM_LIVES = 4,
	/* A NEXT reply has all of them, with a nonce in front.  What we told watchers, and they
	 * hand back, is never more: an attestation and the documents of one SIGN. */
	RECALL_ITEMS_MAX = FRAME_ITEMS_MAX - 1,
	RECALL_BYTES_MAX = FRAME_ITEM_HEADER_BYTES + GUARD_ATTESTATION_BYTES + GUARD_SIGN_BYTES_MAX,
	NONCE_BYTES = 2 * 1024, /* more than any nonce of ours, with its header */
};

static_assert((int)RECALL_BYTES_MAX + (int)NONCE_BYTES <= (int)FRAME_BODY_MAX, "a NEXT reply");

/* No journal has so many records; a number above it could not be followed by ours. */
static const uint64_t SEQUENCE_MAX = UINT64_C(1) << 52;

/* The decoded RECALL. */
struct recalled {
	struct doc attestation_doc;
	struct doc_attestation t;
	struct doc docs[RECALL_ITEMS_MAX];
	size_t n;
	const struct doc *request_doc, *order_doc, *attempt_doc,
	    *sweep_doc; /* among docs, or NULL */
	const struct doc *day_doc, *closing_doc;
	struct doc_request request;
	struct doc_order order;
	struct doc_attempt attempt;
	struct doc_sweep sweep;
	struct doc_day day;
	struct proofs day_proofs;
	struct approvals_set people;
	struct prices_set said;
	struct payment pay;
	uint8_t hot;
	/* what a payment counts */
	struct policy_entry entry;
	u128 since;
	bool renews;
	struct doc_roster old; /* of then, if it is another than that in force */
};

/* ---- what watchers say --------------------------------------------------------------------- */

/* Is this a record of ours, or one that was forgotten for its age? */
static bool has(const struct guard *g, uint64_t sequence, const struct hash32 *head)
{
	const struct guard_payment *end = g->config.storage.payments + g->payments_n;
	const struct guard_payment *p = guard_self_by_sequence(g, sequence);

	/* a sweep that was signed while we were locked may have taken a number twice */
	for (; p != NULL && p < end && p->sequence == sequence; p++) {
		if (p->head == guard_self_mark(g, head)) {
			return true;
		}
	}
	return sequence <= g->forgot_sequence;
}

bool guard_recall_claims(const struct guard *g, size_t watcher)
{
	return g->recall[watcher].claims;
}

/* Claims that turned out to be true have been answered. */
static void claims_look(struct guard *g)
{
	for (size_t i = 0; i < g->roster.watcher_count; i++) {
		struct guard_recall *k = &g->recall[i];

		if (k->claims && has(g, k->sequence, &k->head)) {
			k->claims = false;
			k->since_mono_ms = 0;
		}
	}
}

static bool holds(const struct guard *g, const struct guard_recall *k)
{
	return k->claims && !k->aside &&
	       g->mono_ms - k->since_mono_ms <= CLAIM_LIVES * g->policy.heartbeat_age_ms;
}

/* Locks, or unlocks, by all that was said and shown so far. */
static void look(struct guard *g, struct effects *out)
{
	size_t agree = 0;
	bool locked = g->twin;

	claims_look(g);
	if (g->shown && guard_self_by_attestation(g, &g->shown_id) != NULL) {
		g->shown = false;
	}
	locked = locked || g->shown;
	for (size_t i = 0; i < g->roster.watcher_count; i++) {
		struct guard_recall *k = &g->recall[i];

		if (k->claims && !k->aside && !holds(g, k)) {
			k->aside = true;
			effects_note(out, "broken claim watcher=%s sequence=%llu: not handed back",
				     g->roster.watchers[i].id, (unsigned long long)k->sequence);
		}
		locked = locked || holds(g, k);
		agree += guard_self_fresh(g, &g->watchers[i]) && !k->claims;
	}
	if (locked && !g->locked) {
		char words[POLICY_WORDS_MAX];

		g->locked = true;
		guard_recall_words(g, words);
		effects_note(out, "broken locked %s", words);
		guard_sign_freeze(g, out);
	}
	if (locked || agree < g->roster.watchers_needed) {
		return;
	}
	g->complete = true;
	if (g->locked) {
		g->locked = false;
		effects_note(out, "unusual unlocked recalled=%zu sequence=%llu", g->recalled,
			     (unsigned long long)guard_self_newest(g));
	}
}

void guard_recall_begin(struct guard *g)
{
	for (size_t i = 0; i < DOC_WATCHERS_MAX; i++) {
		g->recall[i] = (struct guard_recall){ .after = g->last_sequence };
	}
}

bool guard_recall_heard(struct guard *g, size_t watcher, const struct doc_heartbeat *h,
			struct effects *out)
{
	struct guard_recall *k = &g->recall[watcher];
	bool lacks = h->records_sequence != 0 && !has(g, h->records_sequence, &h->records_head);

	if (lacks) {
		k->since_mono_ms = k->since_mono_ms == 0 ? g->mono_ms : k->since_mono_ms;
		k->claims = true;
		k->sequence = h->records_sequence;
		k->head = h->records_head;
		/* it has to be among what it is asked for */
		k->after = k->after < k->sequence ? k->after : k->sequence - 1;
	} else if (k->aside) {
		/* what it said before was nothing, and this is what we have: a watcher like others,
		 * whose next claim is believed no longer than this one was */
		k->claims = false;
	}
	look(g, out);
	return lacks;
}

void guard_recall_words(const struct guard *g, char words[POLICY_WORDS_MAX])
{
	if (g->twin) {
		(void)snprintf(words, POLICY_WORDS_MAX,
			       "record %llu is signed by us and does not follow what this journal "
			       "has: two of this signer were at work",
			       (unsigned long long)g->shown_sequence);
		return;
	}
	if (g->shown) {
		(void)snprintf(words, POLICY_WORDS_MAX,
			       "our own record %llu was shown, and one before it is lacking",
			       (unsigned long long)g->shown_sequence);
		return;
	}
	for (size_t i = 0; i < g->roster.watcher_count; i++) {
		if (holds(g, &g->recall[i])) {
			(void)snprintf(words, POLICY_WORDS_MAX,
				       "%.32s holds record %llu of ours that our journal lacks",
				       g->roster.watchers[i].id,
				       (unsigned long long)g->recall[i].sequence);
			return;
		}
	}
	(void)snprintf(words, POLICY_WORDS_MAX,
		       "too few watchers show that our journal lacks nothing");
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Of these there is one; NULL: as many as there are. */
static const struct doc **place_of(struct recalled *r, enum doc_type type)
{
	return type == DOC_REQUEST   ? &r->request_doc
	       : type == DOC_ORDER   ? &r->order_doc
	       : type == DOC_ATTEMPT ? &r->attempt_doc
	       : type == DOC_SWEEP   ? &r->sweep_doc
	       : type == DOC_DAY     ? &r->day_doc
	       : type == DOC_CLOSING ? &r->closing_doc
				     : NULL;
}

static enum err read_fields(struct recalled *r, const struct doc *d, struct doc_fault *fault)
{
	if (d->type == DOC_REQUEST) {
		return doc_request_read(d, &r->request, fault);
	}
	if (d->type == DOC_ORDER) {
		return doc_order_read(d, &r->order, fault);
	}
	if (d->type == DOC_ATTEMPT) {
		return doc_attempt_read(d, &r->attempt, fault);
	}
	if (d->type == DOC_SWEEP) {
		return doc_sweep_read(d, &r->sweep, fault);
	}
	if (d->type == DOC_DAY) {
		return doc_day_read(d, &r->day, fault);
	}
	if (d->type == DOC_APPROVAL || d->type == DOC_ASSERTION) {
		return approvals_add(&r->people, d, fault);
	}
	if (d->type == DOC_PRICE) {
		return prices_add(&r->said, d, fault);
	}
	/* a stop comes by its own road, and a proof was judged then; nothing else was ever kept */
	return d->type == DOC_CLOSING || d->type == DOC_FREEZE || d->type == DOC_EXCLUSION
		   ? ERR_OK
		   : ERR_TYPE;
}

static enum err read_one(const struct guard *g, struct recalled *r, struct bytes item,
			 struct guard_no *no)
{
	struct doc_fault fault = { "", NULL };
	struct doc *d = &r->docs[r->n];
	const struct doc **place;
	enum err e = doc_open(d, item, &g->genesis_id, &fault);

	if (e != ERR_OK) {
		return guard_self_no_open(g, no, e, "document", &fault, d);
	}
	place = place_of(r, d->type);
	if (place != NULL && *place != NULL && d->type != DOC_ATTEMPT) {
		return guard_self_no(no, ERR_INPUT, doc_type_name(d->type),
				     "two documents of one kind");
	}
	/* of attempts the first is what was attested, the others are those before it */
	if (place == NULL || *place == NULL) {
		e = read_fields(r, d, &fault);
		if (e != ERR_OK) {
			return guard_self_no_fault(no, e, doc_type_name(d->type), &fault);
		}
	}
	if (place != NULL && *place == NULL) {
		*place = d;
	}
	r->n++;
	return ERR_OK;
}

/* Whoever brings it: it is our own word, or it is nothing. */
static enum err read_attestation(const struct guard *g, struct recalled *r, struct bytes item,
				 struct guard_no *no)
{
	struct doc_fault fault = { "", NULL };
	const struct doc_signer_entry *own = &g->roster.signers[g->config.signer];
	enum err e =
	    guard_self_open(g, &r->attestation_doc, item, DOC_ATTESTATION, "attestation", no);

	if (e != ERR_OK) {
		return e;
	}
	if (r->attestation_doc.raw.n > GUARD_ATTESTATION_BYTES) {
		/* strangers' signatures are no part of its id: we could not read it back */
		return guard_self_no(no, ERR_TOO_LARGE, "attestation",
				     "longer than any of ours: others have signed it too");
	}
	e = doc_attestation_read(&r->attestation_doc, &r->t, &fault);
	if (e != ERR_OK) {
		return guard_self_no_fault(no, e, "attestation", &fault);
	}
	if (r->t.signer != g->config.signer) {
		return guard_self_no(no, ERR_MISMATCH, "attestation.signer",
				     "the other signer's record");
	}
	if (!doc_signed_by(&r->attestation_doc, &own->attest_key)) {
		return guard_self_no(no, ERR_SIGNATURE, "attestation.signatures",
				     "not signed by us");
	}
	return r->t.sequence > 0 && r->t.sequence <= SEQUENCE_MAX
		   ? ERR_OK
		   : guard_self_no(no, ERR_FIELD_RANGE, "attestation.sequence",
				   "a number that no journal of ours has reached");
}

static enum err read(const struct guard *g, struct recalled *r, const struct bytes *items, size_t n,
		     struct guard_no *no)
{
	enum err e;

	r->n = 0;
	r->request_doc = r->order_doc = r->attempt_doc = r->sweep_doc = NULL;
	r->day_doc = r->closing_doc = NULL;
	r->people.n = r->said.n = 0;
	e = read_attestation(g, r, items[0], no);
	for (size_t i = 1; e == ERR_OK && i < n; i++) {
		e = read_one(g, r, items[i], no);
	}
	return e;
}

/* ---- what it is ---------------------------------------------------------------------------- */

static bool subject_is(const struct recalled *r, enum doc_type type, const struct doc *d)
{
	return r->t.subject_type == type && d != NULL && hash32_eq(&d->id, &r->t.subject);
}

/* The documents are those that we attested: each is named by the id of the one before it. */
static enum err build(const struct guard *g, struct recalled *r, struct guard_no *no)
{
	const struct key32 *a = &g->roster.signers[DOC_SIGNER_A].chain_key;
	const struct key32 *b = &g->roster.signers[DOC_SIGNER_B].chain_key;
	uint8_t network = (uint8_t)g->genesis.chain_network;
	const struct key32 *account;
	size_t hot = 0;
	enum err e = ERR_MISMATCH;

	if (subject_is(r, DOC_SWEEP, r->sweep_doc)) {
		e = payment_make_sweep(&r->pay, network, a, b, &r->sweep);
	} else if (subject_is(r, DOC_ATTEMPT, r->attempt_doc) && r->order_doc != NULL &&
		   r->request_doc != NULL && hash32_eq(&r->attempt.order, &r->order_doc->id) &&
		   hash32_eq(&r->order.request, &r->request_doc->id)) {
		e = payment_make(&r->pay, network, a, b, &r->order, &r->attempt);
	}
	account = r->t.subject_type == DOC_SWEEP ? &r->sweep.account : &r->attempt.account;
	while (hot < g->genesis.hot_count && !key32_eq(&g->genesis.hot[hot].public_key, account)) {
		hot++;
	}
	if (e != ERR_OK || hot == g->genesis.hot_count ||
	    !hash32_eq(&r->pay.inner_hash, &r->t.inner_hash) ||
	    !bytes_eq(bytes_of(r->t.data, r->t.data_n), guard_sign_data(g, &r->pay))) {
		return guard_self_no(no, ERR_MISMATCH, "attestation.subject",
				     "the documents beside it are not those that we attested");
	}
	r->hot = (uint8_t)hot;
	return ERR_OK;
}

/* The roster by which it was judged; NULL: it is not kept here. */
static const struct doc_roster *roster_then(struct guard *g, struct recalled *r,
					    struct effects *out)
{
	const struct hash32 *id = &r->t.roster;
	const struct control_entry *e = control_find(&g->control, id);
	struct bytes raw;
	uint8_t *room;
	struct doc d;

	if (hash32_eq(id, &g->roster_id)) {
		return &g->roster;
	}
	if (e == NULL || e->type != DOC_ROSTER) {
		return NULL;
	}
	/* the scratch room has what is judged */
	room = effects_take(out, e->n);
	raw = control_copy(&g->control, e, room);
	/* it was read when it was taken */
	CHECK(raw.n == 0 || (doc_open(&d, raw, &g->genesis_id, NULL) == ERR_OK &&
			     doc_roster_read(&d, &r->old, NULL) == ERR_OK));
	effects_give_back(out, e->n);
	return raw.n == 0 ? NULL : &r->old;
}

/* People who said yes to it, by their own signatures; what does not prove that counts for nobody.
 */
static unsigned people_count(struct recalled *r, const struct doc_roster *roster, uint64_t until_ms)
{
	const struct approvals_question q = { .roster = roster,
					      .subject_type = DOC_ORDER,
					      .subject = &r->order_doc->id,
					      .initiator = r->request.customer,
					      .roles = DOC_ROLE_APPROVER,
					      .until_ms = until_ms };
	struct approvals_count count;

	if (roster == NULL || approvals_judge(&r->people, &q, &count).err != ERR_OK) {
		r->people.n = 0;
		return 0;
	}
	return count.yes;
}

/*
 * What it was counted at.  Prices are in no document that the attestation names: with too few of
 * them, or with others than those of its time, it counts as more yen than any cap.
 */
static uint64_t price_count(const struct guard *g, const struct recalled *r,
			    const struct doc_roster *roster)
{
	struct policy_price prices[DOC_SOURCES_MAX];
	uint64_t age_ms = g->policy.yen[0].age_max_ms + g->policy.clock_skew_ms;
	bool good = roster != NULL && r->said.n > 0 && r->said.n >= roster->prices_needed &&
		    prices_judge(&r->said, roster, prices).err == ERR_OK &&
		    prices_highest(&r->said) != 0;

	if (g->policy.yen_count == 0) {
		return good ? prices_highest(&r->said) : 0;
	}
	for (size_t i = 0; good && i < r->said.n; i++) {
		good = prices[i].time_ms + age_ms >= r->t.time_ms &&
		       prices[i].time_ms <= r->t.time_ms + g->policy.clock_skew_ms;
	}
	return good ? prices_highest(&r->said) : UINT64_MAX;
}

/*
 * Counted as if it were signed now, by both clocks: of what was before we know no time that
 * somebody else could not have chosen.
 */
static void count(struct guard *g, struct recalled *r, struct effects *out)
{
	const struct doc_roster *roster = roster_then(g, r, out);
	uint64_t until_ms = r->t.time_ms + g->policy.clock_skew_ms;
	struct policy_fees fees;
	struct policy_time now;
	struct guard_no no;

	/* payment_make() has carried the same amount */
	CHECK(policy_fees(&fees, &r->order.amount, r->order.message_n) == ERR_OK);
	(void)guard_self_now(g, &now);
	r->entry = (struct policy_entry){ .own_ms = now.own_ms,
					  .chain_s = now.chain_s,
					  .outflow = money_units(&r->order.amount) + fees.total };
	r->entry.price = price_count(g, r, roster);
	r->entry.yen = prices_yen(r->entry.price, r->entry.outflow);
	r->entry.approvals = people_count(r, roster, until_ms);
	r->since = g->budget.since;
	r->renews = false;
	if (r->day_doc != NULL && guard_day_judge(g, r->day_doc, &r->day, &r->day_proofs, &r->since,
						  &r->renews, &no) != ERR_OK) {
		r->renews = false;
	}
}

/* ---- taking -------------------------------------------------------------------------------- */

/* Where rules stand that were in force here; false: they never were. */
static bool place_find(const struct guard *g, enum doc_type type, const struct hash32 *id,
		       uint16_t *place)
{
	bool roster = type == DOC_ROSTER;

	*place = 0;
	if (!control_ruled(&g->control, type, id)) {
		return false;
	}
	while (!hash32_eq(roster ? control_roster_id(&g->control, *place)
				 : control_policy_id(&g->control, *place),
			  id)) {
		++*place;
	}
	return true;
}

/*
 * The table's row, alike when it is taken and in a replay; NULL: there is no room.  id: of the
 * attestation t.
 */
static struct guard_payment *row(struct guard *g, const struct guard_payment *what,
				 const struct doc_attestation *t, const struct hash32 *id,
				 uint64_t own_ms)
{
	struct guard_payment *p = guard_self_payment_new(g, own_ms, what->sweep && !what->closed);
	bool known;

	if (p == NULL) {
		return NULL;
	}
	*p = *what;
	p->attestation = guard_self_mark(g, id);
	p->inner_hash = guard_self_mark(g, &t->inner_hash);
	p->subject = guard_self_mark(g, &t->subject);
	p->head = guard_self_mark(g, &t->head);
	p->sequence = t->sequence;
	if (p->sweep) {
		p->sweep_ms = t->time_ms;
	}
	known = guard_self_program(g, &t->program, &p->program) == ERR_OK;
	known = place_find(g, DOC_ROSTER, &t->roster, &p->roster) && known;
	known = place_find(g, DOC_POLICY, &t->policy, &p->policy) && known;
	p->strange = !known;
	p->grants_over = UINT16_MAX; /* it is judged again before it is signed again */
	p = guard_self_payment_sort(g);
	if (p->sweep) {
		g->sweeps_n++;
		g->closed_sweeps_n += p->closed;
	} else {
		g->last = *id;
		g->last_sequence = p->sequence;
	}
	g->recalled++;
	if (p->sequence > g->recalled_sequence) {
		g->recalled_sequence = p->sequence;
	}
	return p;
}

/* So that whatever we write next has a higher number than this record of ours. */
static void skip_to(struct guard *g, uint64_t sequence, uint64_t own)
{
	if (sequence > own && sequence - own > g->skip) {
		g->skip = sequence - own;
	}
}

static enum err room(const struct guard *g, bool sweep, struct guard_no *no)
{
	const uint64_t keep = sweep ? GUARD_HEADROOM_BYTES / 2 : GUARD_HEADROOM_BYTES;

	if (!guard_self_payment_room(g, g->own_ms, sweep)) {
		return guard_self_no(no, ERR_FULL, "payments", "the memory of payments is full");
	}
	if (!guard_self_room(g, (uint64_t)2 * FRAME_BODY_MAX, keep)) {
		return guard_self_no(no, ERR_FULL, "journal",
				     "the journal is full but for freezes and sweeps");
	}
	return ERR_OK;
}

static enum err count_take(struct guard *g, struct recalled *r, struct guard_no *no)
{
	const struct guard_payment *before =
	    r->attempt.number > 1 ? guard_self_by_request(g, &r->order.request_id) : NULL;
	enum err e = policy_history_add(&g->history, &r->entry);

	if (e != ERR_OK) {
		return guard_self_no(no, e, "payments", "the memory of a day's payments is full");
	}
	/* it was signed only because the attempt before it was dead */
	if (before != NULL) {
		const struct policy_entry dead = guard_sign_entry(before);

		policy_history_forget(&g->history, &dead);
	}
	if (r->renews) {
		guard_day_take(g, &r->day, r->since);
	}
	if (r->entry.approvals == 0) {
		day_count(&g->budget, r->entry.outflow);
	}
	return ERR_OK;
}

/* What security keys have counted up to serves nothing else. */
static void add_counts(struct guard *g, struct log_batch *b, const struct recalled *r)
{
	for (size_t i = 0; i < r->people.n; i++) {
		if (r->people.one[i].proved) {
			guard_self_count(g, b, &r->people.one[i].seen);
		}
	}
	if (r->renews) {
		guard_self_counts(g, b, &r->day_proofs);
	}
}

/* One batch, durable before it counts: its documents, its reservation, and that it was recalled. */
static enum err take(struct guard *g, struct recalled *r, struct guard_no *no, struct effects *out)
{
	bool sweep = r->t.subject_type == DOC_SWEEP;
	struct guard_payment what = { .sweep = sweep,
				      /* it counts apart, and in nobody's share */
				      .closed = sweep && r->closing_doc != NULL,
				      .hot = r->hot,
				      .batch_offset = g->journal_used };
	struct log_record record = { .kind = LOG_GUARD_RECALL, .amount = r->t.sequence };
	struct guard_payment *p;
	struct log_batch b;
	uint64_t own;
	enum err e = room(g, sweep && !what.closed, no);

	if (e == ERR_OK && !sweep) {
		count(g, r, out);
		e = count_take(g, r, no);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (!sweep) {
		what.request_id = r->order.request_id;
		what.number = (uint8_t)r->attempt.number;
		guard_sign_entry_set(&what, &r->entry);
	}
	guard_self_begin(g, &b, out);
	for (size_t i = 0; i < r->n; i++) {
		/* a day that renews nothing is no ground for anything */
		if (&r->docs[i] != r->day_doc || r->renews) {
			guard_sign_add_document(g, &b, &r->docs[i], &what.request_id);
		}
	}
	if (!sweep) {
		add_counts(g, &b, r);
		guard_sign_add_reserve(g, &b, &what, &r->t.subject);
	}
	record.id = what.request_id;
	record.ref = guard_self_short(&r->t.subject);
	record.credit.b[0] = what.hot;
	record.credit.b[2] = what.closed;
	record.credit.b[3] = what.number > 1 ? what.number : 0;
	own = g->chain.next_sequence + log_batch_count(&b);
	guard_self_add(g, &b, &record, what.approvals, &r->attestation_doc.raw);
	guard_self_commit(g, &b, out);
	what.batch_bytes = (g->journal_used - what.batch_offset) & UINT32_C(0xffffff);
	p = row(g, &what, &r->t, &r->attestation_doc.id, g->own_ms);
	CHECK(p != NULL);
	skip_to(g, r->t.sequence, own);
	effects_note(out, "unusual recalled sequence=%llu what=%s", (unsigned long long)p->sequence,
		     sweep ? "sweep" : "payment");
	return ERR_OK;
}

enum err guard_recall_replay(struct guard *g, const struct log_record *r,
			     const struct guard_place *place, struct bytes blob,
			     const struct log_record *reserve)
{
	struct guard_payment what = { .sweep = reserve == NULL,
				      .closed = r->credit.b[2] == 1,
				      .hot = r->credit.b[0],
				      .request_id = r->id,
				      .batch_offset = place->offset,
				      .batch_bytes = place->batch->bytes & UINT32_C(0xffffff) };
	struct doc_attestation t;
	struct doc d;
	enum err e;

	if (doc_open(&d, blob, &g->genesis_id, NULL) != ERR_OK || d.type != DOC_ATTESTATION ||
	    doc_attestation_read(&d, &t, NULL) != ERR_OK ||
	    !doc_names_key(&d, &g->roster.signers[g->config.signer].attest_key) ||
	    t.signer != g->config.signer || r->amount != t.sequence || t.sequence > SEQUENCE_MAX ||
	    what.hot >= g->genesis.hot_count || (t.subject_type == DOC_SWEEP) != what.sweep ||
	    (!what.sweep && !hash32_eq(&t.previous, &g->last) &&
	     (g->config.planted & GUARD_PLANT_RECALL_GAP) == 0)) { /* unreached: ./sim plants */
		return ERR_CORRUPT;
	}
	if (reserve != NULL) {
		what.number = guard_self_number(r);
		e = guard_sign_replay_reserve(g, r, reserve, &what);
		if (e != ERR_OK) {
			return e;
		}
	}
	if (row(g, &what, &t, &d.id, le64_get(r->debit.b)) == NULL) {
		return ERR_FULL;
	}
	skip_to(g, t.sequence, place->sequence - g->skip);
	return ERR_OK;
}

/* ---- frames -------------------------------------------------------------------------------- */

/* Nothing that anybody hands back can make one history of two. */
static enum err twin(struct guard *g, const struct recalled *r, struct guard_no *no,
		     struct effects *out)
{
	char words[POLICY_WORDS_MAX];

	if (!g->twin) {
		g->twin = true;
		g->shown_sequence = r->t.sequence;
		look(g, out);
	}
	guard_recall_words(g, words);
	return guard_self_no(no, ERR_LOCKED, "attestation.previous", words);
}

/* It is ours, and our journal lacks it. */
static void shown(struct guard *g, const struct recalled *r)
{
	if (!g->shown || r->t.sequence > g->shown_sequence) {
		g->shown = true;
		g->shown_id = r->attestation_doc.id;
		g->shown_sequence = r->t.sequence;
	}
}

/*
 * It was signed since k watchers have shown us that we lack nothing, and not by us; or it stands in
 * a place that we have filled.
 */
static bool is_other_history(const struct guard *g, const struct doc_attestation *t)
{
	const struct guard_payment *before = guard_self_by_attestation(g, &t->previous);

	if (hash32_eq(&t->previous, &g->last)) {
		return g->complete && t->time_ms > g->start_wall_ms;
	}
	return before != NULL || hash32_is_zero(&t->previous) || t->sequence <= g->last_sequence;
}

/* A payment: does it follow what we have? */
static enum err follows(struct guard *g, const struct recalled *r, struct guard_no *no,
			struct effects *out)
{
	if (is_other_history(g, &r->t)) {
		return twin(g, r, no, out);
	}
	shown(g, r);
	look(g, out);
	return hash32_eq(&r->t.previous, &g->last) ||
		       (g->config.planted & GUARD_PLANT_RECALL_GAP) != 0 /* unreached: as above */
		   ? ERR_OK
		   : guard_self_no(no, ERR_STATE, "attestation.previous",
				   "a record before this one is lacking");
}

static enum err judge(struct guard *g, struct guard_ask *ask, const struct bytes *items, size_t n,
		      struct guard_no *no, struct effects *out)
{
	struct recalled *r = guard_self_scratch(sizeof *r);
	struct guard_recall *k = &g->recall[ask->watcher];
	enum err e;

	/* a record of a sweep counts nothing, and leaves those fields alone; nobody waits here */
	memset(r, 0, sizeof *r);
	e = read(g, r, items, n, no);
	if (e != ERR_OK) {
		return e;
	}
	if (guard_self_by_attestation(g, &r->attestation_doc.id) == NULL &&
	    r->t.sequence > g->forgot_sequence) {
		if (r->t.subject_type == DOC_ATTEMPT) {
			e = follows(g, r, no, out);
		}
		if (e == ERR_OK) {
			e = build(g, r, no);
		}
		if (e == ERR_OK) {
			e = take(g, r, no, out);
		}
		if (e != ERR_OK) {
			return e;
		}
		k->since_mono_ms = k->claims ? g->mono_ms : 0;
		k->aside = false;
		look(g, out);
	}
	k->after = k->after < r->t.sequence ? r->t.sequence : k->after;
	return ERR_OK;
}

void guard_recall_frame(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	struct doc_cursor cursor = { .genesis = g->genesis_id };
	struct writer w = writer_make(g->text, sizeof g->text);
	struct bytes items[RECALL_ITEMS_MAX];
	struct guard_no no;
	struct bytes item;
	size_t n = 0;
	enum err e = frame_items_all(ask->body, items, ARRAY_LEN(items), &n);

	if (ask->body.n > RECALL_BYTES_MAX) {
		e = guard_self_no(&no, ERR_TOO_LARGE, "body",
				  "more documents than stand beside one attestation");
	} else if (e != ERR_OK) {
		(void)guard_self_no(&no, e, "body", "an attestation and its documents, or nothing");
	} else if (n > 0) {
		e = judge(g, ask, items, n, &no, out);
	}
	if (e != ERR_OK) {
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	cursor.after = g->recall[ask->watcher].after;
	CHECK(doc_cursor_make(&w, NULL, &cursor, NULL) == ERR_OK);
	item = bytes_of(w.p, w.n);
	guard_self_answer(ask, &item, 1, out);
}
