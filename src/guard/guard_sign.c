/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/guard_self.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "crypto/ed25519.h"
#include "ipc/frame.h"
#include "policy/approvals.h"
#include "policy/attempt.h"
#include "policy/prices.h"

enum {
	SWEEP_FREEZES_MAX = 4,
	SIGN_ITEMS_MAX = 3 + 2 * APPROVALS_MAX + EXCLUSION_EARLIER_MAX + EXCLUSION_STATEMENTS_MAX +
			 DOC_SOURCES_MAX + 1 + 2, /* a day; A's two */
	RESERVE_PRICE = 8, /* in a reservation's credit: the price of its yen */
};

/* A's part, which B takes and A does not. */
struct other {
	struct doc attestation_doc;
	struct doc signature_doc;
	struct doc_attestation attestation;
	struct doc_signature signature;
};

/* The decoded SIGN, in the scratch room: sign_begin() and those who read write all of it. */
struct sign {
	struct doc docs[SIGN_ITEMS_MAX];
	size_t n; /* request, order, attempt, then those of people and set */
	struct doc_request request;
	struct doc_order order;
	struct doc_attempt attempt;
	struct approvals_set people;
	struct exclusion_set set;
	struct prices_set said;                      /* prices, */
	struct policy_price prices[DOC_SOURCES_MAX]; /* by sources that sign_prices() has found */
	const struct doc *day_doc;                   /* among docs; NULL: there is none */
	struct doc_day day;
	struct proofs day_proofs;
	bool renews; /* the day has an effect */
	struct other other;
	unsigned yes;
	bool veto;
	struct doc_grant grants[CONTROL_GRANTS_KEPT]; /* to the destination */
};

static bool is_b(const struct guard *g)
{
	return g->config.signer == DOC_SIGNER_B;
}

/* Opens and reads one item of the type that belongs in its place. */

#define READER(lower, UPPER)                                                                  \
	static enum err read_##lower(const struct guard *g, struct doc *d, struct bytes item, \
				     struct doc_##lower *into, struct guard_no *no)           \
	{                                                                                     \
		struct doc_fault fault = { "", NULL };                                        \
		enum err e = guard_self_open(g, d, item, DOC_##UPPER, #lower, no);            \
                                                                                              \
		if (e != ERR_OK) {                                                            \
			return e;                                                             \
		}                                                                             \
		e = doc_##lower##_read(d, into, &fault);                                      \
		return e == ERR_OK ? ERR_OK : guard_self_no_fault(no, e, #lower, &fault);     \
	}

READER(request, REQUEST)
READER(order, ORDER)
READER(attempt, ATTEMPT)
READER(attestation, ATTESTATION)
READER(signature, SIGNATURE)
READER(sweep, SWEEP)
READER(freeze, FREEZE)
READER(ack, ACK)

/* The last two items of what B gets. */
static enum err other_read(const struct guard *g, struct other *o, struct bytes attestation,
			   struct bytes signature, struct guard_no *no)
{
	enum err e = read_attestation(g, &o->attestation_doc, attestation, &o->attestation, no);

	return e != ERR_OK ? e : read_signature(g, &o->signature_doc, signature, &o->signature, no);
}

/* What may stand behind the attempt, in any order. */
static enum err read_beside(const struct guard *g, struct sign *s, struct bytes item,
			    struct guard_no *no)
{
	struct doc_fault fault = { "", NULL };
	struct doc *d = &s->docs[s->n];
	enum err e = doc_open(d, item, &g->genesis_id, &fault);

	if (e == ERR_OK && d->type == DOC_ATTEMPT) {
		e = exclusion_add_earlier(&s->set, d, &fault);
		return e == ERR_OK ? ERR_OK : guard_self_no_fault(no, e, "earlier", &fault);
	}
	if (e == ERR_OK && d->type == DOC_EXCLUSION) {
		e = exclusion_add_statement(&s->set, d, &fault);
		return e == ERR_OK ? ERR_OK : guard_self_no_fault(no, e, "exclusion", &fault);
	}
	if (e == ERR_OK && d->type == DOC_PRICE) {
		e = prices_add(&s->said, d, &fault);
		return e == ERR_OK ? ERR_OK : guard_self_no_fault(no, e, "price", &fault);
	}
	if (e == ERR_OK && d->type == DOC_DAY) {
		if (s->day_doc != NULL) {
			return guard_self_no(no, ERR_INPUT, "day", "one day is enough");
		}
		e = doc_day_read(d, &s->day, &fault);
		s->day_doc = d;
		return e == ERR_OK ? ERR_OK : guard_self_no_fault(no, e, "day", &fault);
	}
	if (e != ERR_OK || d->type != DOC_ASSERTION) {
		e = guard_self_open(g, d, item, DOC_APPROVAL, "approval", no);
		if (e != ERR_OK) {
			return e;
		}
	}
	e = approvals_add(&s->people, d, &fault);
	if (e == ERR_FULL) {
		return guard_self_no(no, ERR_INPUT, "body", "more approvals than one order has");
	}
	if (e == ERR_STATE) {
		return guard_self_no(no, ERR_INPUT, "assertion",
				     "one assertion stands right behind its own approval");
	}
	return e == ERR_OK ? ERR_OK : guard_self_no_fault(no, e, "approval", &fault);
}

/* Nothing read yet, whatever a payment before it left in the room. */
static void sign_begin(struct sign *s)
{
	s->n = 0;
	s->people.n = 0;
	s->set.earlier_n = s->set.statements_n = 0;
	s->said.n = 0;
	s->day_doc = NULL;
	s->day_proofs.n = 0;
	s->renews = false;
	s->yes = 0;
	s->veto = false;
}

/* Form: everything decodes, in its place, before anything is judged. */
static enum err sign_read(const struct guard *g, struct sign *s, struct bytes body,
			  struct guard_no *no)
{
	struct bytes items[SIGN_ITEMS_MAX];
	size_t n = 0;
	size_t tail = is_b(g) ? 2 : 0;
	enum err e;

	sign_begin(s);
	if (body.n > GUARD_SIGN_BYTES_MAX) {
		return guard_self_no(no, ERR_TOO_LARGE, "body",
				     "more documents than one payment needs");
	}
	if (frame_items_all(body, items, SIGN_ITEMS_MAX, &n) != ERR_OK || n < 3 + tail ||
	    n > SIGN_ITEMS_MAX - 2 + tail) {
		return guard_self_no(no, ERR_INPUT, "body",
				     is_b(g)
					 ? "request, order, attempt, approvals, A's attestation "
					   "and signature are expected"
					 : "request, order, attempt and approvals are expected");
	}
	e = read_request(g, &s->docs[0], items[0], &s->request, no);
	if (e == ERR_OK) {
		e = read_order(g, &s->docs[1], items[1], &s->order, no);
	}
	if (e == ERR_OK) {
		e = read_attempt(g, &s->docs[2], items[2], &s->attempt, no);
	}
	s->n = 3;
	for (size_t i = 3; e == ERR_OK && i < n - tail; i++) {
		e = read_beside(g, s, items[i], no);
		s->n += e == ERR_OK;
	}
	if (e == ERR_OK && tail > 0) {
		e = other_read(g, &s->other, items[n - 2], items[n - 1], no);
	}
	return e;
}

/* Who signed what: the back end the request, each person his own word on this very order. */
static enum err sign_people(const struct guard *g, struct sign *s, struct guard_no *no)
{
	const struct approvals_question q = {
		.roster = &g->roster,
		.subject_type = DOC_ORDER,
		.subject = &s->docs[1].id,
		.initiator = s->request.customer,
		.roles = DOC_ROLE_APPROVER,
		.until_ms = g->wall_ms + g->policy.clock_skew_ms,
		.counters = &g->counters,
	};
	struct approvals_count count;
	struct policy_verdict v;
	enum err e = guard_self_backend(g, &s->docs[0], no);

	if (e != ERR_OK) {
		return e;
	}
	v = approvals_judge(&s->people, &q, &count);
	if (v.err != ERR_OK) {
		return guard_self_no_verdict(no, &v);
	}
	s->yes = count.yes;
	s->veto = count.veto || control_said_no(&g->control, &s->docs[1].id, &s->docs[0].id);
	return ERR_OK;
}

/* Which price source of the roster said each price. */
static enum err sign_prices(const struct guard *g, struct sign *s, struct guard_no *no)
{
	struct policy_verdict v = prices_judge(&s->said, &g->roster, s->prices);

	return v.err == ERR_OK ? ERR_OK : guard_self_no_verdict(no, &v);
}

/* B: A has attested exactly this payment, and signed exactly the cosignature that we rebuild. */
static enum err other_judge(const struct guard *g, const struct other *o, const struct payment *p,
			    const struct hash32 *subject, enum doc_type subject_type,
			    struct guard_no *no)
{
	const struct doc_signer_entry *a = &g->roster.signers[DOC_SIGNER_A];
	const struct doc_attestation *t = &o->attestation;
	static const char words[] = "A attested something else";
	static const char strange[] = "A judged by rules that were never in force here";

	if (!doc_signed_by(&o->attestation_doc, &a->attest_key)) {
		return guard_self_no(no, ERR_SIGNATURE, "attestation.signatures",
				     "not signed by signer A");
	}
	if (t->signer != DOC_SIGNER_A) {
		return guard_self_no(no, ERR_MISMATCH, "attestation.signer", words);
	}
	if (t->kind != DOC_ATTEST_COSIGN) {
		return guard_self_no(no, ERR_MISMATCH, "attestation.kind", words);
	}
	if (t->subject_type != subject_type || !hash32_eq(&t->subject, subject)) {
		return guard_self_no(no, ERR_MISMATCH, "attestation.subject", words);
	}
	if (!hash32_eq(&t->inner_hash, &p->inner_hash)) {
		return guard_self_no(no, ERR_MISMATCH, "attestation.inner_hash", words);
	}
	/* an evacuation waits for nobody's rules */
	if (subject_type == DOC_ATTEMPT && !control_ruled(&g->control, DOC_ROSTER, &t->roster)) {
		return guard_self_no(no, ERR_STALE, "attestation.roster", strange);
	}
	if (subject_type == DOC_ATTEMPT && !control_ruled(&g->control, DOC_POLICY, &t->policy)) {
		return guard_self_no(no, ERR_STALE, "attestation.policy", strange);
	}
	if (!bytes_eq(bytes_of(t->data, t->data_n), payment_cosign(p))) {
		return guard_self_no(no, ERR_MISMATCH, "attestation.data", words);
	}
	if (!hash32_eq(&o->signature.attestation, &o->attestation_doc.id)) {
		return guard_self_no(no, ERR_MISMATCH, "signature.attestation",
				     "the signature belongs to another attestation");
	}
	if (!payment_cosign_signed(p, &o->signature.signature)) {
		return guard_self_no(no, ERR_SIGNATURE, "signature.signature",
				     "A's signature does not verify over the cosignature");
	}
	return ERR_OK;
}

/* What we sign: A the cosignature, B the wrapper. */
struct bytes guard_sign_data(const struct guard *g, const struct payment *p)
{
	return is_b(g) ? payment_wrap(p) : payment_cosign(p);
}

/* The attestation of a payment that is signed for now, of this subject.  Returns its length. */
static uint32_t attest(const struct guard *g, const struct guard_payment *p,
		       const struct payment *pay, const struct hash32 *subject,
		       uint8_t raw[GUARD_ATTESTATION_BYTES], struct hash32 *id)
{
	struct bytes data = guard_sign_data(g, pay);
	struct doc_attestation t = {
		.data_n = data.n,
		.genesis = g->genesis_id,
		.head = g->chain.head,
		.inner_hash = pay->inner_hash,
		.kind = is_b(g) ? DOC_ATTEST_WRAP : DOC_ATTEST_COSIGN,
		.policy = *control_policy_id(&g->control, p->policy),
		.previous = g->last,
		.program = g->programs[p->program],
		.roster = *control_roster_id(&g->control, p->roster),
		.sequence = p->sequence,
		.signer = g->config.signer,
		.subject = *subject,
		.subject_type = p->sweep ? DOC_SWEEP : DOC_ATTEMPT,
		.time_ms = g->wall_ms,
	};
	struct writer w = writer_make(raw, GUARD_ATTESTATION_BYTES);

	static_assert((int)PAYMENT_WRAP_MAX <= (int)DOC_DATA_MAX,
		      "an attestation holds what is signed");
	memcpy(t.data, data.p, data.n);
	CHECK(doc_attestation_make(&w, id, &t, g->config.attest_secret) == ERR_OK);
	return (uint32_t)w.n;
}

/* The signature exists from here on: k watchers hold the attestation, or a planted bug. */
static void release(struct guard *g, struct guard_pending *w, struct effects *out)
{
	const struct guard_ask ask = { .channel = w->channel,
				       .request_id = w->request_id,
				       .reply = w->number };
	struct doc_signature signature = { .attestation = w->attestation,
					   .genesis = g->genesis_id };
	struct writer text = writer_make(g->text, sizeof g->text);
	struct bytes data = bytes_of(w->data, w->data_n);
	struct bytes items[2];

	edk_sign(&signature.signature, g->config.chain_secret, data);
	/* a fault while signing could give the key away: what does not verify never leaves */
	CHECK(edk_verify_vartime(&g->config.chain_secret->public_key, data, &signature.signature));
	CHECK(doc_signature_make(&text, NULL, &signature, NULL) == ERR_OK);
	items[0] = bytes_of(w->raw, w->raw_n);
	items[1] = bytes_of(text.p, text.n);
	guard_self_answer(&ask, items, 2, out);
	g->signatures_released++;
	w->used = false;
}

static struct guard_pending *pending_of(struct guard *g, const struct guard_payment *p)
{
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		if (g->pending[i].used &&
		    guard_self_mark(g, &g->pending[i].attestation) == p->attestation) {
			return &g->pending[i];
		}
	}
	return NULL;
}

/*
 * A free place, or that of the oldest for which nobody waits any more; NULL: busy.  watcher: who
 * asks, or -1.  One watcher whose sweeps wait must not keep the others from theirs.
 */
static struct guard_pending *pending_new(struct guard *g, int watcher)
{
	struct guard_pending *oldest = NULL;
	size_t each = 0;

	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		const struct guard_pending *w = &g->pending[i];

		each += watcher >= 0 && w->used && w->waiting && w->watcher == watcher;
	}
	if (each >= GUARD_PENDING_EACH) {
		return NULL;
	}
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		struct guard_pending *w = &g->pending[i];

		if (!w->used) {
			return w;
		}
		if (!w->waiting && (oldest == NULL || w->age < oldest->age)) {
			oldest = w;
		}
	}
	return oldest;
}

/*
 * All but the attestation, its envelope w->raw and its id, which the caller has made or read.  s:
 * NULL of a sweep, which nobody's no stops.
 */
static void pending_fill(struct guard *g, struct guard_pending *w, const struct hash32 *subject,
			 const struct payment *pay, const struct sign *s,
			 const struct guard_ask *ask)
{
	struct bytes data = guard_sign_data(g, pay);

	w->used = true;
	w->waiting = !ask->prepare;
	w->prepared = ask->prepare;
	if (ask->prepare) {
		sha256(&w->asked, ask->body);
	}
	w->watcher = ask->watcher;
	w->channel = ask->channel;
	w->request_id = ask->request_id;
	w->number = ask->reply;
	w->sweep = s == NULL;
	w->order = s == NULL ? *subject : s->docs[1].id;
	w->request = s == NULL ? *subject : s->order.request;
	w->subject = *subject;
	w->age = ++g->ages;
	CHECK(data.n <= sizeof w->data);
	memcpy(w->data, data.p, data.n);
	w->data_n = (uint32_t)data.n;
}

/*
 * The attestation as it stands in our journal: the blob of its batch's last record, which stands
 * first.  It says what is signed.  ERR_IO, or another error of what is read back: it is not there
 * any more.  ERR_CORRUPT also: it is of another subject, of which the table has but marks.
 */
static enum err attested_read(const struct guard *g, const struct guard_payment *p,
			      const struct payment *pay, const struct hash32 *subject,
			      uint8_t raw[GUARD_ATTESTATION_BYTES], uint32_t *n, struct hash32 *id)
{
	const struct guard_storage *s = &g->config.storage;
	uint8_t head[LOG_BATCH_HEAD_BYTES];
	uint8_t length[4];
	struct log_batch_head h;
	struct doc_attestation t;
	struct guard_no no;
	struct doc d;
	uint64_t at = p->batch_offset + sizeof head;
	enum err e = s->read(s->ctx, head, sizeof head, p->batch_offset);

	if (e == ERR_OK) {
		e = log_batch_head_get(&h, head);
	}
	if (e == ERR_OK) {
		at += (uint64_t)h.count * LOG_RECORD_BYTES;
		e = s->read(s->ctx, length, sizeof length, at);
	}
	if (e != ERR_OK) {
		return e;
	}
	*n = le32_get(length);
	if (*n > GUARD_ATTESTATION_BYTES) {
		return ERR_CORRUPT;
	}
	e = s->read(s->ctx, raw, *n, at + sizeof length);
	if (e == ERR_OK) {
		e = read_attestation(g, &d, bytes_of(raw, *n), &t, &no);
	}
	if (e == ERR_OK &&
	    (guard_self_mark(g, &d.id) != p->attestation || !hash32_eq(&t.subject, subject) ||
	     /* unreached: one id, so one content, which was compared when it was taken */
	     !bytes_eq(bytes_of(t.data, t.data_n), guard_sign_data(g, pay)))) {
		e = ERR_CORRUPT;
	}
	*id = d.id;
	return e;
}

/* Attested before: the same bytes again, now or when k watchers have acknowledged. */
static enum err resume(struct guard *g, const struct guard_payment *p, const struct payment *pay,
		       const struct hash32 *subject, const struct sign *s,
		       const struct guard_ask *ask, struct guard_no *no, struct effects *out)
{
	struct guard_pending *w = pending_of(g, p);
	uint8_t raw[GUARD_ATTESTATION_BYTES];
	uint32_t raw_n = 0;
	struct hash32 id;
	enum err e;

	if (w != NULL && !hash32_eq(&w->subject, subject)) {
		/* once in 2^64, and nobody can look for it: the key of marks is secret */
		return guard_self_no(no, ERR_CORRUPT, "attempt", "attested for another document");
	}
	if (p->strange) {
		/* its attestation names rules or a program that our journal has lost */
		return guard_self_no(no, ERR_STALE, "attempt",
				     "signed before our memory was lost, by rules that we do not "
				     "know: not signed again");
	}
	if (w != NULL && w->waiting &&
	    (w->channel != ask->channel || w->request_id != ask->request_id)) {
		const struct guard_ask before = { .channel = w->channel,
						  .request_id = w->request_id,
						  .reply = w->number };
		struct guard_no superseded;

		(void)guard_self_no(&superseded, ERR_BUSY, "", "asked again elsewhere");
		guard_self_refuse(g, &before, &superseded, out);
	}
	if (w == NULL) {
		w = pending_new(g, ask->watcher);
		if (w == NULL) {
			return guard_self_no(no, ERR_BUSY, "",
					     "too many signatures wait for watchers");
		}
		e = attested_read(g, p, pay, subject, raw, &raw_n, &id);
		if (e != ERR_OK) {
			return guard_self_no(no, e, "attempt",
					     "our journal does not give back what it attested");
		}
		memcpy(w->raw, raw, raw_n);
		w->raw_n = raw_n;
		w->attestation = id;
	}
	pending_fill(g, w, subject, pay, s, ask);
	if (guard_self_quorum(g, p->acked)) {
		release(g, w, out);
	}
	return ERR_OK;
}

void guard_sign_add_document(struct guard *g, struct log_batch *b, const struct doc *d,
			     const struct id128 *about)
{
	struct log_record r = { .kind = LOG_DOCUMENT,
				.id = guard_self_short(&d->id),
				.ref = *about,
				.amount = (u128)d->type };

	guard_self_add(g, b, &r, 0, &d->raw);
}

/* What one new attestation is made of. */
struct fresh {
	const struct payment *pay;
	const struct key32 *account;
	struct id128 request_id; /* zero: a sweep */
	struct hash32 subject;
	bool sweep;
	bool closed; /* a sweep because its account was closed */
	const struct doc *docs[SIGN_ITEMS_MAX + 2];
	size_t docs_n;
	const struct sign *sign;   /* NULL: a sweep */
	u128 since;                /* of a payment with a day that renews: guard_day_judge() */
	struct policy_entry entry; /* what a payment counts */
	unsigned number;           /* of the attempt */
	bool replaces;             /* the order's last attempt, which is dead, counts no more */
	struct policy_entry dead;  /* its entry */
};

/* Counts of security keys that stand behind this payment serve nothing else from here on. */
static void add_counts(struct guard *g, struct log_batch *b, const struct sign *s)
{
	for (size_t i = 0; i < s->people.n; i++) {
		if (s->people.one[i].proved) {
			guard_self_count(g, b, &s->people.one[i].seen);
		}
	}
	if (s->renews) {
		guard_self_counts(g, b, &s->day_proofs);
	}
}

void guard_sign_add_reserve(struct guard *g, struct log_batch *b, const struct guard_payment *p,
			    const struct hash32 *subject)
{
	struct log_record reserve = { .kind = LOG_GUARD_RESERVE,
				      .asset = ASSET_XEM,
				      .id = p->request_id,
				      .ref = guard_self_short(subject),
				      .amount = guard_self_outflow(p) };

	reserve.credit.b[0] = p->hot;
	le64_put(reserve.credit.b + RESERVE_PRICE, p->entry_price);
	guard_self_add(g, b, &reserve, p->approvals, NULL);
}

/*
 * Reserve and attest: one batch, durable before anything else happens.  Room in the tables was
 * checked by the caller.
 */
static void commit(struct guard *g, const struct fresh *f, const struct guard_ask *ask,
		   struct effects *out)
{
	/* what is kept for evacuations is not for closed accounts */
	struct guard_payment *p = guard_self_payment_new(g, g->own_ms, f->sweep && !f->closed);
	struct guard_pending *w = pending_new(g, ask->watcher);
	struct log_record r = { .kind = LOG_GUARD_ATTEST,
				.id = f->request_id,
				.ref = guard_self_short(&f->subject) };
	struct log_batch b;
	struct bytes blob;

	CHECK(p != NULL && w != NULL);
	guard_self_begin(g, &b, out);
	for (size_t i = 0; i < f->docs_n; i++) {
		guard_sign_add_document(g, &b, f->docs[i], &f->request_id);
	}
	if (f->sign != NULL) {
		add_counts(g, &b, f->sign);
	}
	p->hot = guard_self_hot(g, f->account);
	p->request_id = f->request_id;
	if (!f->sweep) {
		guard_sign_entry_set(p, &f->entry);
		guard_sign_add_reserve(g, &b, p, &f->subject);
		if (f->replaces) {
			policy_history_forget(&g->history, &f->dead);
		}
		CHECK(policy_history_add(&g->history, &f->entry) == ERR_OK);
		if (f->sign->renews) {
			guard_day_take(g, &f->sign->day, f->since);
		}
		if (f->entry.approvals == 0) {
			day_count(&g->budget, f->entry.outflow);
		}
	} else {
		p->sweep_ms = g->wall_ms;
		g->sweeps_n++;
		g->closed_sweeps_n += f->closed;
	}
	p->inner_hash = guard_self_mark(g, &f->pay->inner_hash);
	p->subject = guard_self_mark(g, &f->subject);
	p->head = guard_self_mark(g, &g->chain.head);
	p->sequence = guard_self_sequence(g, &b);
	p->number = (uint8_t)f->number;
	p->batch_offset = g->journal_used;
	p->sweep = f->sweep;
	p->closed = f->closed;
	p->program = g->program_now;
	p->roster = g->control.roster_place;
	p->policy = g->control.policy_place;
	p->grants_over = g->control.grants_over;
	p->asker = f->sweep ? (uint8_t)(ask->watcher + 1) : 0;
	w->raw_n = attest(g, p, f->pay, &f->subject, w->raw, &w->attestation);
	p->attestation = guard_self_mark(g, &w->attestation);
	blob = bytes_of(w->raw, w->raw_n);
	r.credit.b[0] = p->hot;
	r.credit.b[1] = p->asker;
	r.credit.b[2] = p->closed;
	r.credit.b[3] = f->number > 1 ? p->number : 0;
	guard_self_add(g, &b, &r, f->entry.approvals, &blob);
	guard_self_commit(g, &b, out);
	p->batch_bytes = (g->journal_used - p->batch_offset) & UINT32_C(0xffffff);
	static_assert((int)SIGN_ITEMS_MAX <= (int)FRAME_ITEMS_MAX,
		      "nonce and attestation, and all documents but A's two");
	guard_feed_attested(g, p, blob, f->docs, f->docs_n, out);
	if (!p->sweep) {
		g->last = w->attestation;
		g->last_sequence = p->sequence;
	}
	pending_fill(g, w, &f->subject, f->pay, f->sign, ask);
	if (ask->prepare) {
		guard_self_answer(ask, NULL, 0, out);
	} else if ((g->config.planted & GUARD_PLANT_NO_ACK_WAIT) != 0) {
		release(g, w, out);
	}
}

/* Freeze and lock stop everything but evacuation. */
static enum err may_pay(const struct guard *g, struct guard_no *no)
{
	if (guard_frozen(g)) {
		return guard_self_no(no, ERR_FROZEN, "", "a freeze is in force");
	}
	if (g->control.forked > 0) {
		return guard_self_no(no, ERR_LOCKED, "",
				     "two successors of one roster or policy were signed");
	}
	if (g->locked) {
		char words[POLICY_WORDS_MAX];

		guard_recall_words(g, words);
		return guard_self_no(no, ERR_LOCKED, "", words);
	}
	return guard_self_well(g, no);
}

static bool is_covered_by(const struct guard *g, const struct guard_watcher *w, uint8_t hot,
			  u128 outflow)
{
	const struct guard_tally *t = &w->hot[hot];
	u128 gone;

	if (!t->known || __builtin_add_overflow(t->promised, outflow, &gone)) {
		return false;
	}
	/* what it has not heard of yet when it counted */
	for (size_t i = g->payments_n; i > 0 && gone <= t->confirmed; i--) {
		const struct guard_payment *p = &g->config.storage.payments[i - 1];

		if (p->sequence <= w->records_sequence) {
			break;
		}
		if (p->hot == hot && __builtin_add_overflow(gone, guard_self_outflow(p), &gone)) {
			return false;
		}
	}
	return gone <= t->confirmed;
}

/*
 * design.md 7: all that was signed for a till and is in no block stays within its balance, fees
 * included.  What could not be mined now stays good for as long as the account has money, and would
 * come when the till is filled again.  k fresh watchers must say so, each by its own chain.
 */
static enum err till_covers(const struct guard *g, const struct key32 *account, u128 outflow,
			    struct guard_no *no)
{
	uint8_t hot = guard_self_hot(g, account);
	unsigned yes = 0;

	for (size_t i = 0; i < g->roster.watcher_count; i++) {
		const struct guard_watcher *w = &g->watchers[i];

		yes += guard_self_fresh(g, w) && is_covered_by(g, w, hot, outflow);
	}
	return yes >= g->roster.watchers_needed
		   ? ERR_OK
		   : guard_self_no(no, ERR_FUNDS, "attempt.account",
				   "the till does not cover this and what is alive in it");
}

static enum err tables_have_room(struct guard *g, const struct guard_ask *ask, bool sweep,
				 struct guard_no *no)
{
	const uint64_t batch_bytes = (uint64_t)2 * GUARD_SIGN_BYTES_MAX;
	const uint64_t keep = sweep ? GUARD_HEADROOM_BYTES / 2 : GUARD_HEADROOM_BYTES;

	if (!guard_self_payment_room(g, g->own_ms, sweep)) {
		return guard_self_no(no, ERR_FULL, "payments", "the memory of payments is full");
	}
	if (!guard_self_room(g, batch_bytes, keep)) {
		return guard_self_no(no, ERR_FULL, "journal",
				     "the journal is full but for freezes and sweeps");
	}
	if (pending_new(g, ask->watcher) == NULL) {
		return guard_self_no(no, ERR_BUSY, "", "too many signatures wait for watchers");
	}
	return ERR_OK;
}

/*
 * The request's newest attempt is answered again.  The documents need no second judgement: their
 * ids are those that were judged.
 */
static enum err sign_again(struct guard *g, const struct sign *s, const struct guard_payment *p,
			   const struct guard_ask *ask, struct guard_no *no, struct effects *out)
{
	struct payment pay;

	if (!hash32_eq(&s->attempt.order, &s->docs[1].id) ||
	    !hash32_eq(&s->order.request, &s->docs[0].id)) {
		return guard_self_no(no, ERR_MISMATCH, "attempt.order",
				     "request, order and attempt do not belong together");
	}
	CHECK(payment_make(&pay, (uint8_t)g->genesis.chain_network,
			   &g->roster.signers[DOC_SIGNER_A].chain_key,
			   &g->roster.signers[DOC_SIGNER_B].chain_key, &s->order,
			   &s->attempt) == ERR_OK);
	return resume(g, p, &pay, &s->docs[2].id, s, ask, no, out);
}

struct policy_entry guard_sign_entry(const struct guard_payment *p)
{
	u128 outflow = guard_self_outflow(p);

	return (struct policy_entry){ .own_ms = p->entry_own_ms,
				      .outflow = outflow,
				      .chain_s = p->entry_chain_s,
				      .approvals = p->approvals,
				      .yen = prices_yen(p->entry_price, outflow),
				      .price = p->entry_price };
}

void guard_sign_entry_set(struct guard_payment *p, const struct policy_entry *entry)
{
	guard_self_outflow_set(p, entry->outflow);
	p->entry_own_ms = entry->own_ms;
	p->entry_chain_s = entry->chain_s;
	p->entry_price = entry->price;
	static_assert(APPROVALS_MAX <= UINT8_MAX, "as many as there can be");
	p->approvals = (uint8_t)entry->approvals;
}

/* What else the judge knows of the destination: since when it is listed, what is granted to it. */
static void question_destination(const struct guard *g, struct sign *s, struct policy_question *q)
{
	const struct control_grants_ask ask = { .to = &q->order->destination, .at = &q->now };

	q->listed = control_listed(&g->control, ask.to);
	q->grants = s->grants;
	q->grants_n = control_grants(&g->control, &ask, s->grants);
}

/* What is asked of the policy, but for people, time, earlier attempts and what follows of time. */
static struct policy_question question_of(const struct guard *g, const struct sign *s)
{
	return (struct policy_question){
		.genesis = &g->genesis,
		.own = &g->policy_own,
		.policy = &g->policy,
		.order = &s->order,
		.request = &s->request,
		.request_doc = &s->docs[0].id,
		.history = &g->history,
		.prices = s->prices,
		.prices_n = s->said.n,
		.prices_needed = g->roster.prices_needed,
		.unapproved_since =
		    /* unreached: ./sim plants */
		(g->config.planted & GUARD_PLANT_NO_BUDGET) != 0 ? 0 : g->budget.since,
		.order_known = guard_order_since(g, &s->order, &s->docs[1].id),
	};
}

/*
 * What was attested by other rules than those in force is judged again before it may leave: the
 * rules of the moment of signing count, and it was not signed yet, or anew.  So do prices: those of
 * then are stale, and what it counts in yen was reserved at them.
 */
static enum err rules_allow(const struct guard *g, struct sign *s, const struct guard_payment *p,
			    struct guard_no *no)
{
	const struct policy_entry own = guard_sign_entry(p);
	struct policy_question q = question_of(g, s);
	struct policy_verdict v;

	if (p->roster == g->control.roster_place && p->policy == g->control.policy_place &&
	    p->grants_over == g->control.grants_over) {
		return ERR_OK;
	}
	q.dead = &own; /* it is not to be counted twice */
	q.dead_n = 1;
	if (p->approvals == 0 && p->sequence > g->budget.sequence) {
		q.unapproved_since -= guard_self_outflow(p);
	}
	q.approvals = s->yes;
	q.veto = s->veto;
	CHECK(guard_self_now(g, &q.now));
	question_destination(g, s, &q);
	v = policy_judge(&q);
	if (v.err == ERR_OK) {
		v = attempt_check(&g->genesis, &g->policy, &s->order, &s->docs[1].id, &s->attempt,
				  (size_t)s->attempt.number - 1, &q.now);
	}
	return v.err == ERR_OK ? ERR_OK : guard_self_no_verdict(no, &v);
}

static enum err sign_judge(struct guard *g, struct sign *s, struct guard_ask *ask,
			   struct guard_no *no, struct effects *out)
{
	struct policy_question q;
	struct fresh fresh = { .sweep = false };
	const struct guard_payment *known;
	struct policy_verdict v;
	struct payment pay;
	size_t earlier;
	enum err e = sign_read(g, s, ask->body, no);

	if (e != ERR_OK) {
		return e;
	}
	q = question_of(g, s);
	ask->about = s->order.request_id;
	e = may_pay(g, no);
	if (e == ERR_OK) {
		e = sign_people(g, s, no);
	}
	if (e == ERR_OK) {
		e = sign_prices(g, s, no);
	}
	if (e != ERR_OK) {
		return e;
	}
	q = question_of(g, s);
	if (guard_closing_closed(g, &s->attempt.account)) {
		return guard_self_no(no, ERR_POLICY, "attempt.account",
				     "this account is closed: it pays no more");
	}
	if (!id128_eq(&s->order.request_id, &s->request.request_id)) {
		return guard_self_no(no, ERR_MISMATCH, "order.request_id",
				     "order and request differ");
	}
	known = guard_self_by_request(g, &s->order.request_id);
	/* asked again, too: what was attested and has not left never leaves */
	if (known != NULL && s->veto) {
		return guard_self_no(no, ERR_VETO, "approvals", "a person said no");
	}
	if (known != NULL && known->subject == guard_self_mark(g, &s->docs[2].id)) {
		if (ask->prepare) {
			guard_self_answer(ask, NULL, 0, out);
			return ERR_OK;
		}
		e = rules_allow(g, s, known, no);
		return e == ERR_OK ? sign_again(g, s, known, ask, no, out) : e;
	}
	if (known != NULL && s->attempt.number <= known->number) {
		return guard_self_no(no, ERR_ONCE, "order.request_id",
				     "this request was signed for in another attempt");
	}
	e = guard_exclusion_judge(g, &s->set, &s->order, &s->docs[1].id, &s->attempt, no);
	if (e != ERR_OK) {
		return e;
	}
	earlier = (size_t)s->attempt.number - 1; /* all of them dead */
	if (known != NULL) {
		fresh.replaces = true;
		fresh.dead = guard_sign_entry(known);
		q.dead = &fresh.dead;
		q.dead_n = 1;
	}
	if (s->day_doc != NULL) {
		e = guard_day_judge(g, s->day_doc, &s->day, &s->day_proofs, &q.unapproved_since,
				    &s->renews, no);
		if (e != ERR_OK) {
			return e;
		}
	}
	/* may_pay() found k fresh heartbeats: there is a chain clock */
	CHECK(guard_self_now(g, &q.now));
	question_destination(g, s, &q);
	q.approvals = s->yes;
	q.veto = s->veto;
	v = policy_judge(&q);
	if (v.err == ERR_OK) {
		v = attempt_check(&g->genesis, &g->policy, &s->order, &s->docs[1].id, &s->attempt,
				  earlier, &q.now);
	}
	if (v.err != ERR_OK) {
		return guard_self_no_verdict(no, &v);
	}
	e = payment_make(&pay, (uint8_t)g->genesis.chain_network,
			 &g->roster.signers[DOC_SIGNER_A].chain_key,
			 &g->roster.signers[DOC_SIGNER_B].chain_key, &s->order, &s->attempt);
	/* unreached: what policy_judge() and attempt_check() let through the chain carries */
	if (e != ERR_OK) {
		/* unreached: as above */
		return guard_self_no(no, e, "order", "the chain cannot carry this payment");
	}
	if (guard_self_by_inner(g, &pay.inner_hash) != NULL) {
		return guard_self_no(no, ERR_ONCE, "attempt.timestamp_nem_s",
				     "another order has exactly this payment; take another second");
	}
	if (is_b(g)) {
		e = other_judge(g, &s->other, &pay, &s->docs[2].id, DOC_ATTEMPT, no);
		if (e != ERR_OK) {
			return e;
		}
	}
	e = guard_exclusion_freeze(g, &s->order, &s->docs[1].id, (unsigned)s->attempt.number, no,
				   out);
	if (e != ERR_OK) {
		return e;
	}
	fresh.entry = policy_entry_of(&q);
	e = till_covers(g, &s->attempt.account, fresh.entry.outflow, no);
	if (e == ERR_OK) {
		e = tables_have_room(g, ask, false, no);
	}
	if (e != ERR_OK) {
		return e;
	}
	fresh.pay = &pay;
	fresh.account = &s->attempt.account;
	fresh.request_id = s->order.request_id;
	fresh.subject = s->docs[2].id;
	/* in the order in which a NEXT reply gives them: attempt, order, request, approvals */
	fresh.docs[fresh.docs_n++] = &s->docs[2];
	fresh.docs[fresh.docs_n++] = &s->docs[1];
	fresh.docs[fresh.docs_n++] = &s->docs[0];
	for (size_t i = 3; i < s->n; i++) {
		/* a day that renews nothing is no ground for anything */
		if (&s->docs[i] != s->day_doc || s->renews) {
			fresh.docs[fresh.docs_n++] = &s->docs[i];
		}
	}
	fresh.since = q.unapproved_since;
	if (is_b(g)) {
		fresh.docs[fresh.docs_n++] = &s->other.attestation_doc;
		fresh.docs[fresh.docs_n++] = &s->other.signature_doc;
	}
	fresh.sign = s;
	fresh.number = (unsigned)s->attempt.number;
	commit(g, &fresh, ask, out);
	return ERR_OK;
}

/*
 * What PREPARE left of exactly this body, if nobody has asked for it yet; or NULL.  Each signature
 * in it was checked then, and whatever speaks against it since has taken it away: a freeze, a lock,
 * a no, a closing, other rules, the end of a grant (guard_sign_freeze() and those behind it).
 */
static struct guard_pending *prepared_of(struct guard *g, struct bytes body)
{
	struct guard_pending *found = NULL;
	struct hash32 name;

	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		struct guard_pending *w = &g->pending[i];

		if (!w->used || !w->prepared || w->waiting) {
			continue;
		}
		sha256(&name, body);
		found = hash32_eq(&w->asked, &name) ? w : found;
	}
	return found;
}

void guard_sign_frame(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	struct guard_pending *w = ask->prepare ? NULL : prepared_of(g, ask->body);
	struct guard_no no;

	if (w != NULL && may_pay(g, &no) == ERR_OK) {
		w->waiting = true;
		w->channel = ask->channel;
		w->request_id = ask->request_id;
		w->number = ask->reply;
		guard_sign_release(g, out);
		return;
	}
	if (sign_judge(g, guard_self_scratch(sizeof(struct sign)), ask, &no, out) != ERR_OK) {
		guard_self_refuse(g, ask, &no, out);
	}
}

/* Evidence that we verify ourselves, or two officers' word. */
static enum err sweep_grounds(struct guard *g, const struct bytes *items, size_t n,
			      struct doc docs[SWEEP_FREEZES_MAX], struct guard_no *no,
			      struct effects *out)
{
	struct doc_freeze f = { .evidence_n = 0 };
	char first[DOC_NAME_MAX + 1] = "";
	bool theft = false;
	bool officers = false;
	struct guard_no why;

	(void)guard_self_no(&why, ERR_EVIDENCE, "freeze.evidence",
			    "neither evidence of a theft nor the word of two officers");
	for (size_t i = 0; i < n; i++) {
		struct control_news news = { .officer = false };
		enum err e = read_freeze(g, &docs[i], items[i], &f, no);

		if (e == ERR_OK) {
			e = guard_stop_take(g, &docs[i], &news, no, out);
		}
		if (e == ERR_OK && control_lifted(&g->control, &docs[i].id)) {
			return guard_self_no(no, ERR_STATE, "freeze",
					     "a resume has lifted it: it is no ground any more");
		}
		/* full: it is not kept, but its issuer was checked and its evidence counts */
		if (e != ERR_OK && e != ERR_FULL) {
			return e;
		}
		if (news.officer && f.evacuate) {
			officers = officers || (first[0] != '\0' && strcmp(first, f.issuer) != 0);
			memcpy(first, f.issuer, sizeof first);
		}
		if (f.evidence_n > 0) {
			theft = theft || guard_stop_theft(g, bytes_of(f.evidence, f.evidence_n),
							  &why) == ERR_OK;
		}
	}
	if (!theft && !officers) {
		*no = why;
		return why.err;
	}
	return ERR_OK;
}

/*
 * Each watcher has its own share, of all and of each account: one that asks for a thousand small
 * moves does not use up the whole one that the others will ask for.  Closed accounts have shares of
 * their own: whoever sends them coins must not use up what an evacuation needs.
 */
static bool has_share(const struct guard *g, int watcher, const struct key32 *account, bool closed)
{
	size_t all = 0;
	size_t each = 0;

	for (size_t i = 0; i < g->payments_n; i++) {
		const struct guard_payment *p = &g->config.storage.payments[i];
		bool theirs = p->sweep && p->closed == closed && p->asker == (uint8_t)(watcher + 1);

		all += theirs;
		each += theirs && key32_eq(&g->genesis.hot[p->hot].public_key, account);
	}
	if (closed) {
		return each < GUARD_CLOSED_EACH_MAX;
	}
	return g->sweeps_n - g->closed_sweeps_n < GUARD_SWEEPS_MAX &&
	       each < GUARD_SWEEPS_EACH_MAX && all < GUARD_SWEEPS_MAX / g->roster.watcher_count;
}

/* Why it may be moved: what everything may be moved for, or that this account is closed. */
static enum err move_grounds(struct guard *g, const struct bytes *items, size_t n,
			     const struct key32 *account, struct doc docs[SWEEP_FREEZES_MAX],
			     struct guard_no *no, struct effects *out)
{
	size_t hot = 0;

	return n == 1 && guard_closing_is(g, items[0])
		   ? guard_closing_take(g, items[0], account, &docs[0], &hot, no, out)
		   : sweep_grounds(g, items, n, docs, no, out);
}

/*
 * It was attested before our memory was whole, under a number below what came back since: watchers
 * that read our feed behind that never hear of it.  So it is attested once more.
 */
static bool is_buried(const struct guard *g, const struct guard_payment *p)
{
	return p->sequence < g->recalled_sequence && !guard_self_quorum(g, p->acked);
}

static enum err sweep_judge(struct guard *g, struct guard_ask *ask, struct guard_no *no,
			    struct effects *out)
{
	struct other other = { .attestation = { .sequence = 0 } };
	struct bytes items[1 + SWEEP_FREEZES_MAX + 2];
	struct doc freezes[SWEEP_FREEZES_MAX];
	struct doc d;
	struct doc_sweep sweep;
	struct policy_time now;
	struct policy_verdict v;
	struct fresh fresh = { .sweep = true };
	bool closed;
	const struct guard_payment *known;
	struct payment pay;
	size_t tail = is_b(g) ? 2 : 0;
	size_t n = 0;
	size_t freezes_n;
	enum err e;

	if (ask->body.n > GUARD_SIGN_BYTES_MAX) {
		return guard_self_no(no, ERR_TOO_LARGE, "body",
				     "more documents than a sweep needs");
	}
	if (frame_items_all(ask->body, items, ARRAY_LEN(items), &n) != ERR_OK || n < 2 + tail ||
	    n > 1 + SWEEP_FREEZES_MAX + tail) {
		return guard_self_no(no, ERR_INPUT, "body",
				     is_b(g)
					 ? "a sweep, freezes, A's attestation and signature are "
					   "expected"
					 : "a sweep and freezes are expected");
	}
	freezes_n = n - 1 - tail;
	closed = freezes_n == 1 && guard_closing_is(g, items[1]);
	e = read_sweep(g, &d, items[0], &sweep, no);
	if (e == ERR_OK && tail > 0) {
		e = other_read(g, &other, items[n - 2], items[n - 1], no);
	}
	if (e == ERR_OK) {
		e = move_grounds(g, items + 1, freezes_n, &sweep.account, freezes, no, out);
	}
	if (e != ERR_OK) {
		return e;
	}
	known = guard_self_by_subject(g, &d.id);
	if (known == NULL) {
		(void)guard_self_now(g, &now);
		v = attempt_sweep_check(&g->genesis, &g->policy, &sweep, &now);
		if (v.err != ERR_OK) {
			return guard_self_no_verdict(no, &v);
		}
	}
	e = payment_make_sweep(&pay, (uint8_t)g->genesis.chain_network,
			       &g->roster.signers[DOC_SIGNER_A].chain_key,
			       &g->roster.signers[DOC_SIGNER_B].chain_key, &sweep);
	/* unreached: what attempt_sweep_check() lets through the chain carries */
	if (e != ERR_OK) {
		/* unreached: as above */
		return guard_self_no(no, e, "sweep", "the chain cannot carry this sweep");
	}
	if (known != NULL && !is_buried(g, known)) {
		return resume(g, known, &pay, &d.id, NULL, ask, no, out);
	}
	if (known == NULL && guard_self_by_inner(g, &pay.inner_hash) != NULL) {
		return guard_self_no(no, ERR_ONCE, "sweep.timestamp_nem_s",
				     "exactly this move was signed before");
	}
	if (!has_share(g, ask->watcher, &sweep.account, closed)) {
		return guard_self_no(no, ERR_FULL, "sweep.account",
				     "too many sweeps were signed already");
	}
	if (is_b(g)) {
		e = other_judge(g, &other, &pay, &d.id, DOC_SWEEP, no);
		if (e != ERR_OK) {
			return e;
		}
	}
	e = tables_have_room(g, ask, !closed, no);
	if (e != ERR_OK) {
		return e;
	}
	fresh.closed = closed;
	fresh.pay = &pay;
	fresh.account = &sweep.account;
	fresh.subject = d.id;
	fresh.docs[fresh.docs_n++] = &d;
	for (size_t i = 0; i < freezes_n; i++) {
		fresh.docs[fresh.docs_n++] = &freezes[i];
	}
	if (is_b(g)) {
		fresh.docs[fresh.docs_n++] = &other.attestation_doc;
		fresh.docs[fresh.docs_n++] = &other.signature_doc;
	}
	commit(g, &fresh, ask, out);
	return ERR_OK;
}

void guard_sign_sweep(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	struct guard_no no;

	if (sweep_judge(g, ask, &no, out) != ERR_OK) {
		guard_self_refuse(g, ask, &no, out);
	}
}

/*
 * Opens an ack and finds whose it is.  *watcher: index in the roster.  signed_by: doc_signed_by(),
 * or doc_names_key() for our own journal (decision 27).
 */
static enum err ack_read(const struct guard *g, struct bytes item, struct doc *d,
			 struct doc_ack *ack, size_t *watcher,
			 bool (*signed_by)(const struct doc *, const struct key32 *),
			 struct guard_no *no)
{
	enum err e = read_ack(g, d, item, ack, no);

	if (e != ERR_OK) {
		return e;
	}
	for (size_t i = 0; i < g->roster.watcher_count; i++) {
		if (strcmp(g->roster.watchers[i].id, ack->watcher) != 0) {
			continue;
		}
		if (!signed_by(d, &g->roster.watchers[i].key)) {
			return guard_self_no(no, ERR_SIGNATURE, "ack.signatures",
					     "not signed by that watcher");
		}
		*watcher = i;
		return ERR_OK;
	}
	return guard_self_no(no, ERR_SIGNER_UNKNOWN, "ack.watcher", "not a watcher of the roster");
}

void guard_sign_ack(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	struct guard_payment *p = NULL;
	struct guard_no no;
	struct doc_ack ack;
	struct bytes item;
	struct doc d = { .raw = bytes_of(NULL, 0) };
	size_t watcher = 0;
	size_t n = 0;
	enum err e;

	if (frame_items_all(ask->body, &item, 1, &n) != ERR_OK || n != 1) {
		e = guard_self_no(&no, ERR_INPUT, "body", "exactly one ack is expected");
	} else {
		e = ack_read(g, item, &d, &ack, &watcher, doc_signed_by, &no);
	}
	if (e == ERR_OK && (int)watcher != ask->watcher) {
		e = guard_self_no(&no, ERR_SIGNER_UNKNOWN, "ack.watcher",
				  "not the watcher whose socket this is");
	}
	if (e == ERR_OK) {
		p = guard_self_by_attestation(g, &ack.attestation);
		if (p == NULL) {
			(void)guard_self_no(&no, ERR_NOT_FOUND, "ack.attestation",
					    "not an attestation of ours");
		}
	}
	if (p == NULL) {
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	/* one word of each watcher counts; what k have said needs no more records */
	if ((p->acked & (1u << watcher)) != 0 || guard_self_quorum(g, p->acked)) {
		guard_self_answer(ask, NULL, 0, out);
		return;
	}
	/* what acknowledges payments must not use up what freezes and sweeps need */
	if (!guard_self_room(g, d.raw.n + 1024,
			     p->sweep ? GUARD_HEADROOM_BYTES / 4 : GUARD_HEADROOM_BYTES / 2)) {
		(void)guard_self_no(&no, ERR_FULL, "journal",
				    "the journal is full but for freezes and sweeps");
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	guard_self_keep_ack(g, &ack.attestation, watcher, d.raw, out);
	p->acked |= (uint8_t)(1u << watcher);
	guard_self_answer(ask, NULL, 0, out);
	guard_sign_release(g, out);
}

void guard_sign_release(struct guard *g, struct effects *out)
{
	struct guard_no no;
	/* what k held when it was signed for, some may have been told to stop since */
	bool may = may_pay(g, &no) == ERR_OK;

	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		struct guard_pending *w = &g->pending[i];
		const struct guard_payment *p;

		/* unreached: so little room; who releases has said three things at most before */
		if (!w->used || !w->waiting || !(w->sweep || may) || effects_free(out) < 8) {
			continue;
		}
		p = guard_self_by_attestation(g, &w->attestation);
		if (p == NULL || !guard_self_quorum(g, p->acked)) {
			continue;
		}
		/* guard_sign_freeze() emptied the places of payments; this holds if that ever
		 * changes */
		CHECK(w->sweep || (!guard_frozen(g) && !guard_locked(g)));
		release(g, w, out);
	}
}

/* Its signature is not released: who waits for it is told why. */
static void drop(struct guard *g, struct guard_pending *w, enum err why, const char *field,
		 const char *words, struct effects *out)
{
	const struct guard_ask ask = { .channel = w->channel,
				       .request_id = w->request_id,
				       .reply = w->number };
	struct guard_no no;

	w->used = false;
	if (w->waiting) {
		(void)guard_self_no(&no, why, field, words);
		guard_self_refuse(g, &ask, &no, out);
	}
}

void guard_sign_freeze(struct guard *g, struct effects *out)
{
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		struct guard_pending *w = &g->pending[i];

		if (w->used && !w->sweep) {
			drop(g, w, guard_locked(g) ? ERR_LOCKED : ERR_FROZEN, "",
			     "stopped before its signature was released", out);
		}
	}
}

void guard_sign_rules(struct guard *g, struct effects *out)
{
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		struct guard_pending *w = &g->pending[i];

		if (w->used && !w->sweep) {
			drop(g, w, ERR_STALE, "policy",
			     "roster or policy changed before its signature was released", out);
		}
	}
}

void guard_sign_said_no(struct guard *g, struct effects *out)
{
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		struct guard_pending *w = &g->pending[i];

		if (w->used && !w->sweep && control_said_no(&g->control, &w->order, &w->request)) {
			drop(g, w, ERR_VETO, "approvals",
			     "a person said no before its signature was released", out);
		}
	}
}

void guard_sign_account_closed(struct guard *g, uint8_t hot, struct effects *out)
{
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		struct guard_pending *w = &g->pending[i];
		const struct guard_payment *p;

		if (!w->used || w->sweep) {
			continue;
		}
		p = guard_self_by_attestation(g, &w->attestation);
		if (p != NULL && p->hot == hot) {
			drop(g, w, ERR_POLICY, "attempt.account",
			     "the account was closed before its signature was released", out);
		}
	}
}

void guard_sign_closed(struct guard *g, uint32_t channel)
{
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		if (g->pending[i].used && g->pending[i].channel == channel) {
			g->pending[i].waiting = false;
		}
	}
}

enum err guard_sign_replay_passkey(struct guard *g, const struct log_record *r)
{
	const struct counters_seen seen = { .key = r->ref,
					    .approval = r->id,
					    .time_ms = le64_get(r->credit.b),
					    .counter = (uint32_t)r->amount };

	if (r->amount == 0 || r->amount > UINT32_MAX) {
		return ERR_CORRUPT;
	}
	counters_learn(&g->counters, &seen, &g->roster);
	return ERR_OK;
}

/* What it was counted at; 0: there was no cap in yen. */
static uint64_t reserve_price(const struct guard *g, const struct log_record *reserve)
{
	return (g->config.planted & GUARD_PLANT_FORGET_PRICE) != 0
		   ? 0
		   : le64_get(reserve->credit.b + RESERVE_PRICE);
}

enum err guard_sign_replay_reserve(struct guard *g, const struct log_record *r,
				   const struct log_record *reserve, struct guard_payment *p)
{
	const struct guard_payment *before =
	    p->number > 1 ? guard_self_by_request(g, &r->id) : NULL;
	struct policy_entry entry;
	enum err e;

	if (reserve->amount >= POLICY_OUTFLOW_MAX ||
	    le32_get(reserve->debit.b + 12) > APPROVALS_MAX) {
		return ERR_CORRUPT;
	}
	entry = (struct policy_entry){ .own_ms = le64_get(reserve->debit.b),
				       .outflow = reserve->amount,
				       .chain_s = le32_get(reserve->debit.b + 8),
				       .approvals = le32_get(reserve->debit.b + 12),
				       .price = reserve_price(g, reserve) };
	entry.yen = prices_yen(entry.price, entry.outflow);
	guard_sign_entry_set(p, &entry);
	if (before != NULL) {
		const struct policy_entry dead = guard_sign_entry(before);

		policy_history_forget(&g->history, &dead);
	}
	e = policy_history_add(&g->history, &entry);
	if (e == ERR_OK && entry.approvals == 0) {
		day_count(&g->budget, entry.outflow);
	}
	return e;
}

enum err guard_sign_replay_attest(struct guard *g, const struct log_record *r,
				  const struct guard_place *place, struct bytes blob,
				  const struct log_record *reserve)
{
	struct guard_payment what = { .closed = r->credit.b[2] == 1 };
	struct guard_payment *p;
	struct doc_attestation t;
	struct guard_no no;
	struct doc d;
	size_t program = 0;

	if (read_attestation(g, &d, blob, &t, &no) != ERR_OK ||
	    !hash32_eq(&t.roster, &g->roster_id) || !hash32_eq(&t.policy, &g->policy_id) ||
	    !doc_names_key(&d, &g->roster.signers[g->config.signer].attest_key) ||
	    t.signer != g->config.signer || t.sequence != place->sequence ||
	    !hash32_eq(&t.head, &place->batch->previous) || !hash32_eq(&t.previous, &g->last) ||
	    r->credit.b[0] >= g->genesis.hot_count ||
	    (t.subject_type == DOC_ATTEMPT) != (reserve != NULL)) {
		return ERR_CORRUPT;
	}
	while (program < g->programs_n && !hash32_eq(&g->programs[program], &t.program)) {
		program++;
	}
	if (program == g->programs_n) {
		return ERR_CORRUPT;
	}
	if (reserve == NULL) {
		g->sweeps_n++;
		g->closed_sweeps_n += what.closed;
	} else {
		enum err e;

		what.number = guard_self_number(r);
		e = guard_sign_replay_reserve(g, r, reserve, &what);
		if (e != ERR_OK) {
			return e;
		}
	}
	p = guard_self_payment_new(g, le64_get(r->debit.b), reserve == NULL && !what.closed);
	if (p == NULL) {
		return ERR_FULL;
	}
	*p = what;
	p->request_id = r->id;
	if ((g->config.planted & GUARD_PLANT_FORGET_ON_REPLAY) != 0) {
		memset(&p->request_id, 0, sizeof p->request_id);
	}
	p->inner_hash = guard_self_mark(g, &t.inner_hash);
	p->subject = guard_self_mark(g, &t.subject);
	p->attestation = guard_self_mark(g, &d.id);
	p->head = guard_self_mark(g, &t.head);
	p->sequence = place->sequence;
	p->batch_offset = place->offset;
	p->batch_bytes = place->batch->bytes & UINT32_C(0xffffff);
	p->program = (uint8_t)program;
	p->roster = g->control.roster_place;
	p->policy = g->control.policy_place;
	p->grants_over = g->control.grants_over;
	p->sweep = t.subject_type == DOC_SWEEP;
	p->hot = r->credit.b[0];
	p->asker = r->credit.b[1];
	if (p->sweep) {
		p->sweep_ms = t.time_ms;
	} else {
		g->last = d.id;
		g->last_sequence = p->sequence;
	}
	return ERR_OK;
}

enum err guard_sign_replay_ack(struct guard *g, struct bytes blob)
{
	struct guard_payment *p;
	struct doc_ack ack;
	struct guard_no no;
	struct doc d;
	size_t watcher = 0;

	if (ack_read(g, blob, &d, &ack, &watcher, doc_names_key, &no) != ERR_OK) {
		return ERR_CORRUPT;
	}
	p = guard_self_by_attestation(g, &ack.attestation);
	if (p == NULL) {
		/* forgotten for its age since */
		return g->forgot ? ERR_OK : ERR_CORRUPT;
	}
	p->acked |= (uint8_t)(1u << watcher);
	return ERR_OK;
}
