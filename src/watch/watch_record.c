/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_record.c - what signers say they signed: fetched, judged, journalled, acknowledged; and the
 * heartbeats that tell them how the world looks from here.  Next: watch_chain.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_time.h"
#include "ipc/frame.h"
#include "policy/approvals.h"
#include "policy/attempt.h"
#include "watch/watch_self.h"

enum {
	FREEZES_MAX = 16,
	ASK_PAUSE_MS = 20, /* between two NEXT when an answer brought nothing new */
};

/* What came behind the nonce: an attestation and the documents of its subject. */
struct record {
	struct doc doc;
	struct doc_attestation attestation;
	bool has_attempt, has_order, has_request, has_sweep;
	struct doc attempt_doc, order_doc, request_doc, sweep_doc;
	struct doc_attempt attempt;
	struct doc_order order;
	struct doc_request request;
	struct doc_sweep sweep;
	struct exclusion_set set; /* of a later attempt */
	struct approvals_set people;
	struct bytes freezes[FREEZES_MAX];
	struct bytes closing; /* of a sweep; empty: there is none */
	size_t freezes_n;
	const struct doc_roster *roster; /* by which it is judged */
	const struct doc_policy *policy;
	unsigned yes;
	bool veto;
	struct payment payment;
	bool behind; /* LATER, and only because our own chain does not show yet what others saw */
};

enum verdict {
	GOOD,
	BAD,    /* an honest signer never says this: alarm and freeze */
	UNABLE, /* a limit of ours: not acknowledged, alarm, no freeze */
	LATER,  /* our clocks or chains do not agree yet: not acknowledged, asked for again */
};

/* Words of the verdict; static, or in the caller's buffer. */
struct why {
	const char *field;
	char words[POLICY_WORDS_MAX];
};

static enum verdict bad(struct why *why, const char *field, const char *words)
{
	why->field = field;
	(void)snprintf(why->words, sizeof why->words, "%s", words);
	return BAD;
}

/* ---- reading ------------------------------------------------------------------------------- */

static enum verdict read_one(struct watch *w, struct record *r, struct bytes item, struct why *why)
{
	static const char twice[] = "two documents of one kind";
	struct doc d;

	if (doc_open(&d, item, &w->genesis_id, NULL) != ERR_OK) {
		return bad(why, "documents", "not a document of this genesis");
	}
	if (d.type == DOC_ATTEMPT && r->has_attempt) {
		/* the first is what was attested; the others are those before it */
		return exclusion_add_earlier(&r->set, &d, NULL) == ERR_OK
			   ? GOOD
			   : bad(why, "earlier", "malformed, or more than there can be");
	}
	if (d.type == DOC_EXCLUSION) {
		return exclusion_add_statement(&r->set, &d, NULL) == ERR_OK
			   ? GOOD
			   : bad(why, "exclusion", "malformed, or more than there can be");
	}
	if (d.type == DOC_ATTEMPT) {
		if (doc_attempt_read(&d, &r->attempt, NULL) != ERR_OK) {
			return bad(why, "attempt", "malformed");
		}
		r->has_attempt = true;
		r->attempt_doc = d;
		return GOOD;
	}
	if (d.type == DOC_ORDER) {
		if (r->has_order || doc_order_read(&d, &r->order, NULL) != ERR_OK) {
			return bad(why, "order", r->has_order ? twice : "malformed");
		}
		r->has_order = true;
		r->order_doc = d;
		return GOOD;
	}
	if (d.type == DOC_REQUEST) {
		if (r->has_request || doc_request_read(&d, &r->request, NULL) != ERR_OK) {
			return bad(why, "request", r->has_request ? twice : "malformed");
		}
		r->has_request = true;
		r->request_doc = d;
		return GOOD;
	}
	if (d.type == DOC_SWEEP) {
		if (r->has_sweep || doc_sweep_read(&d, &r->sweep, NULL) != ERR_OK) {
			return bad(why, "sweep", r->has_sweep ? twice : "malformed");
		}
		r->has_sweep = true;
		r->sweep_doc = d;
		return GOOD;
	}
	if (d.type == DOC_APPROVAL || d.type == DOC_ASSERTION) {
		return approvals_add(&r->people, &d, NULL) == ERR_OK
			   ? GOOD
			   : bad(why, "approval",
				 "malformed, out of place, or more than there can be");
	}
	if (d.type == DOC_FREEZE && r->freezes_n < FREEZES_MAX) {
		r->freezes[r->freezes_n++] = item;
		return GOOD;
	}
	if (d.type == DOC_CLOSING && r->closing.n == 0) {
		r->closing = item;
		return GOOD;
	}
	return bad(why, "documents", "a document that does not belong here");
}

/* items: the attestation, then the documents of its subject. */
static enum verdict read_record(struct watch *w, struct record *r, const struct bytes *items,
				size_t n, struct why *why)
{
	enum verdict v = GOOD;

	memset(r, 0, sizeof *r);
	if (n == 0 || doc_open(&r->doc, items[0], &w->genesis_id, NULL) != ERR_OK ||
	    r->doc.type != DOC_ATTESTATION ||
	    doc_attestation_read(&r->doc, &r->attestation, NULL) != ERR_OK) {
		return bad(why, "attestation", "not an attestation of this genesis");
	}
	for (size_t i = 1; v == GOOD && i < n; i++) {
		v = read_one(w, r, items[i], why);
	}
	return v;
}

/* ---- by which rules ------------------------------------------------------------------------ */

/* A roster or policy that was in force and is no more, until when; NULL: not known here. */
static const struct control_entry *past(struct watch *w, enum doc_type type,
					const struct hash32 *id)
{
	const struct control_entry *e = control_find(&w->control, id);

	return e != NULL && e->type == type && e->state == CONTROL_PAST ? e : NULL;
}

/* The roster as it was signed; keys that were struck later were good when this was signed. */
static const struct doc_roster *roster_of(struct watch *w, const struct hash32 *id)
{
	static struct doc_roster old;
	const struct control_entry *e = control_find(&w->control, id);
	struct doc d;

	if (hash32_eq(id, control_roster_id(&w->control, 0))) {
		return &w->first_roster;
	}
	return e != NULL && e->type == DOC_ROSTER &&
		       doc_open(&d, control_raw(&w->control, e), &w->genesis_id, NULL) == ERR_OK &&
		       doc_roster_read(&d, &old, NULL) == ERR_OK
		   ? &old
		   : NULL;
}

static const struct doc_policy *policy_of(struct watch *w, const struct hash32 *id)
{
	static struct doc_policy old;
	const struct control_entry *e = control_find(&w->control, id);
	struct doc d;

	if (hash32_eq(id, control_policy_id(&w->control, 0))) {
		return &w->first_policy;
	}
	return e != NULL && e->type == DOC_POLICY &&
		       doc_open(&d, control_raw(&w->control, e), &w->genesis_id, NULL) == ERR_OK &&
		       doc_policy_read(&d, &old, NULL) == ERR_OK
		   ? &old
		   : NULL;
}

/* When this one ended; UINT64_MAX: it is in force; 0: it never was. */
static uint64_t ended_ms(struct watch *w, enum doc_type type, const struct hash32 *id)
{
	bool roster = type == DOC_ROSTER;
	const struct hash32 *first =
	    roster ? control_roster_id(&w->control, 0) : control_policy_id(&w->control, 0);
	const struct control_entry *e = past(w, type, id);

	if (hash32_eq(id, roster ? &w->roster_id : &w->policy_id)) {
		return UINT64_MAX;
	}
	if (hash32_eq(id, first)) {
		return roster ? w->control.first_roster_end_ms : w->control.first_policy_end_ms;
	}
	return e == NULL ? 0 : e->since_ms;
}

/* Ours, or those that it names; false: one of them is not known here. */
static bool rules_find(struct watch *w, struct record *r, uint64_t t_ms)
{
	const struct doc_attestation *t = &r->attestation;
	bool now = hash32_eq(&t->roster, &w->roster_id);
	/* it may have been signed before a key was struck */
	bool whole =
	    w->control.struck_ms != 0 && t_ms <= w->control.struck_ms + w->policy.clock_skew_ms;

	r->roster = now && !whole ? &w->roster : roster_of(w, &t->roster);
	r->policy = hash32_eq(&t->policy, &w->policy_id) ? &w->policy : policy_of(w, &t->policy);
	return r->roster != NULL && r->policy != NULL;
}

static bool build(const struct watch *w, struct record *r)
{
	const struct key32 *a = &w->roster.signers[DOC_SIGNER_A].chain_key;
	const struct key32 *b = &w->roster.signers[DOC_SIGNER_B].chain_key;
	uint8_t network = (uint8_t)w->genesis.chain_network;

	if (r->attestation.subject_type == DOC_SWEEP) {
		return r->has_sweep &&
		       payment_make_sweep(&r->payment, network, a, b, &r->sweep) == ERR_OK;
	}
	return r->has_attempt && r->has_order &&
	       payment_make(&r->payment, network, a, b, &r->order, &r->attempt) == ERR_OK;
}

/* ---- judging ------------------------------------------------------------------------------- */

static uint64_t grace_ms(const struct watch *w)
{
	uint64_t half = w->policy.clock_skew_ms / 2;

	return half < WATCH_GRACE_MS ? half / 1000 * 1000 : WATCH_GRACE_MS;
}

/* The time at which the signer says that it signed; its records never go back in time. */
static uint64_t record_ms(const struct watch *w, unsigned signer, const struct record *r)
{
	uint64_t t = r->attestation.time_ms;

	return t > w->signer[signer].held_time_ms ? t : w->signer[signer].held_time_ms;
}

static uint32_t chain_of(uint64_t wall_ms)
{
	uint32_t s = 0;

	return nem_time_from_unix_ms(&s, wall_ms) == ERR_OK ? s : 0;
}

static uint64_t micro(const struct money *m)
{
	uint64_t v = 0;

	return money_u64(&v, m) == ERR_OK ? v : UINT64_MAX;
}

/*
 * P7: a signer that lost its journal counts from the beginning.  It is locked, and so signs nothing
 * but sweeps; those must be held and acknowledged under its lower numbers, or nothing of the other
 * signer's could be completed.
 */
static bool begins_again(const struct watch_signer *k, const struct doc_attestation *t)
{
	return k->rewound && t->subject_type == DOC_SWEEP;
}

/*
 * Later than any clock of ours allows: our host's, which may be wrong itself, and the chain's, from
 * which no honest signer is further away than the policy says (it signs nothing then).
 */
static bool from_the_future(const struct watch *w, uint64_t t_ms)
{
	uint64_t now_ms = w->wall_ms;

	for (unsigned i = 0; i < w->config.nodes; i++) {
		const struct watch_node *n = &w->node[i];
		uint64_t chain_ms = nem_time_to_unix_ms(n->time_nem_s);

		if (n->height > 0 && !n->lying && chain_ms > now_ms) {
			now_ms = chain_ms;
		}
	}
	return t_ms > now_ms + w->policy.clock_skew_ms;
}

static enum verdict judge_who(const struct watch *w, unsigned signer, const struct record *r,
			      struct why *why)
{
	const struct doc_attestation *t = &r->attestation;
	const struct watch_signer *k = &w->signer[signer];

	if (t->signer != (enum doc_signer)signer) {
		return bad(why, "attestation.signer", "the other signer's name");
	}
	if (!doc_signed_by(&r->doc, &w->roster.signers[signer].attest_key)) {
		return bad(why, "attestation.signatures", "not signed by that signer");
	}
	for (size_t i = 0; !begins_again(k, t) && i < k->recent_n; i++) {
		if (k->recent[i].sequence == t->sequence &&
		    !hash32_eq(&k->recent[i].id, &r->doc.id)) {
			return bad(why, "attestation.sequence",
				   "another record stands at this number: the journal was forked");
		}
	}
	if (t->sequence <= k->held_sequence && !begins_again(k, t)) {
		return bad(why, "attestation.sequence", "the numbers went backwards");
	}
	if (t->sequence > k->newest) {
		return bad(why, "attestation.sequence", "beyond what its own nonce names");
	}
	if (t->kind != (signer == DOC_SIGNER_A ? DOC_ATTEST_COSIGN : DOC_ATTEST_WRAP)) {
		return bad(why, "attestation.kind", "not what this signer signs");
	}
	if (from_the_future(w, t->time_ms)) {
		(void)bad(why, "attestation.time_ms", "signed in the future of our clocks");
		return LATER;
	}
	return GOOD;
}

static enum verdict judge_data(const struct watch *w, unsigned signer, struct record *r,
			       struct why *why)
{
	const struct doc_attestation *t = &r->attestation;
	struct bytes data = bytes_of(t->data, t->data_n);

	if (!build(w, r)) {
		return bad(why, "attempt", "the chain cannot carry this");
	}
	if (!hash32_eq(&t->inner_hash, &r->payment.inner_hash)) {
		return bad(why, "attestation.inner_hash",
			   "not the payment that the documents give");
	}
	if (!bytes_eq(data, signer == DOC_SIGNER_A ? payment_cosign(&r->payment)
						   : payment_wrap(&r->payment))) {
		return bad(why, "attestation.data", "not the bytes that the documents give");
	}
	return GOOD;
}

static enum verdict judge_attempt(const struct watch *w, struct record *r, uint64_t t_ms,
				  struct why *why)
{
	uint64_t skew_s = r->policy->clock_skew_ms / 1000;
	uint32_t t_s = chain_of(t_ms);
	struct policy_time at = { .own_ms = t_ms, .wall_ms = t_ms, .chain_s = t_s };
	struct policy_verdict v;

	if (r->attempt.timestamp_nem_s > t_s + skew_s + POLICY_CHAIN_AHEAD_S) {
		return bad(why, "attempt.timestamp_nem_s", "ahead of the time of its attestation");
	}
	/* Within the skew that the policy allows the signer's chain clock may have been ahead. */
	if (r->attempt.timestamp_nem_s > at.chain_s) {
		at.chain_s = (uint32_t)r->attempt.timestamp_nem_s;
	}
	/* judge_earlier() has seen that all earlier ones are dead */
	v = attempt_check(&w->genesis, r->policy, &r->order, &r->order_doc.id, &r->attempt,
			  r->set.earlier_n, &at);
	if (v.err != ERR_OK) {
		why->field = v.field;
		policy_words(why->words, &v);
		return BAD;
	}
	return GOOD;
}

/*
 * A later attempt: k watchers say that all earlier ones are dead, our own memory of the order has
 * no others, and our own chain does not say otherwise.  It may be behind that of others: then this
 * is asked for again, until the record is so old that what our word could hold back has happened.
 */
static enum verdict judge_earlier(const struct watch *w, struct record *r, struct why *why)
{
	const struct exclusion_question q = { .genesis = &w->genesis,
					      .roster = r->roster,
					      .order = &r->order,
					      .order_id = &r->order_doc.id,
					      .needed = (unsigned)r->roster->watchers_needed };
	const struct watch_payment *known = watch_self_by_request(w, &r->order.request_id);
	struct policy_verdict v = exclusion_check(&r->set, &q, &r->attempt);
	bool old = w->wall_ms > r->attestation.time_ms &&
		   w->wall_ms - r->attestation.time_ms > WATCH_EXCLUSION_OLD_MS;
	enum verdict result = GOOD;

	if (v.err != ERR_OK) {
		why->field = v.field;
		policy_words(why->words, &v);
		return BAD;
	}
	if (known != NULL &&
	    (known->number > r->set.earlier_n ||
	     !hash32_eq(&known->subject, &r->set.earlier[known->number - 1].doc.id))) {
		return bad(why, "order.request_id", "this request was paid before");
	}
	for (size_t i = 0; result != BAD && i < r->set.earlier_n; i++) {
		const struct exclusion_earlier *one = &r->set.earlier[i];
		struct doc_exclusion says;
		const char *words;
		enum err e =
		    watch_exclusion_look(w, &one->attempt.account, &one->inner_hash,
					 one->attempt.deadline_nem_s, one->outflow, &says, &words);

		if (e == ERR_OK || (old && e != ERR_ONCE)) {
			continue;
		}
		(void)bad(why, "exclusion", words);
		result = e == ERR_ONCE ? BAD : LATER;
	}
	return result;
}

/*
 * Yes and no of people, counted as the signer had to.  Counts of their security keys are between
 * them and the signers, which see all of them in one order.
 */
static enum verdict judge_people(struct record *r, uint64_t t_ms, struct why *why)
{
	const struct approvals_question q = { .roster = r->roster,
					      .subject_type = DOC_ORDER,
					      .subject = &r->order_doc.id,
					      .initiator = r->request.customer,
					      .roles = DOC_ROLE_APPROVER,
					      .until_ms = t_ms + r->policy->clock_skew_ms };
	struct approvals_count count;
	struct policy_verdict v = approvals_judge(&r->people, &q, &count);

	if (v.err != ERR_OK) {
		why->field = v.field;
		policy_words(why->words, &v);
		return BAD;
	}
	r->yes = count.yes;
	r->veto = count.veto;
	return GOOD;
}

static struct policy_entry entry_of(const struct watch_payment *p)
{
	return (struct policy_entry){ .own_ms = p->entry_own_ms,
				      .outflow = p->outflow_micro,
				      .chain_s = p->entry_chain_s,
				      .approvals = p->approvals };
}

static enum verdict judge_order(const struct watch *w, struct record *r, uint64_t t_ms,
				struct why *why)
{
	const struct watch_payment *known = watch_self_by_request(w, &r->order.request_id);
	const struct policy_entry dead =
	    known != NULL ? entry_of(known) : (struct policy_entry){ 0 };
	struct policy_question q = {
		.genesis = &w->genesis,
		.own = &w->policy_own,
		.policy = r->policy,
		.order = &r->order,
		.request = &r->request,
		.request_doc = &r->request_doc.id,
		.history = &w->history,
		.dead = &dead,
		.dead_n = known != NULL,
		.now = { .own_ms = t_ms, .wall_ms = t_ms, .chain_s = chain_of(t_ms) },
		.approvals = r->yes,
		.veto = r->veto,
	};
	struct policy_verdict v = policy_judge(&q);

	if (v.err != ERR_OK) {
		why->field = v.field;
		policy_words(why->words, &v);
		return v.err == ERR_FULL ? UNABLE : BAD;
	}
	return GOOD;
}

static enum verdict judge_payment(struct watch *w, unsigned signer, struct record *r,
				  struct why *why)
{
	uint64_t t_ms = record_ms(w, signer, r);
	const struct watch_payment *p = NULL;
	bool backend = false;
	struct why rest = { "", "" };
	enum verdict v, earlier;

	if (!r->has_attempt || !r->has_order || !r->has_request || r->has_sweep ||
	    r->closing.n > 0 || r->freezes_n > 0) {
		return bad(why, "documents", "attempt, order and request are expected");
	}
	if (!hash32_eq(&r->attestation.subject, &r->attempt_doc.id)) {
		return bad(why, "attestation.subject", "names another attempt");
	}
	for (size_t i = 0; i < r->roster->backend_count; i++) {
		backend = backend || doc_signed_by(&r->request_doc, &r->roster->backends[i].key);
	}
	if (!backend) {
		return bad(why, "request.signatures", "no back end of the roster signed it");
	}
	v = judge_people(r, t_ms, why);
	if (v != GOOD) {
		return v;
	}
	if (build(w, r)) {
		p = watch_self_by_inner(w, &r->payment.inner_hash);
	}
	if (p != NULL && id128_eq(&p->request_id, &r->order.request_id) &&
	    hash32_eq(&p->subject, &r->attestation.subject)) {
		/*
		 * The other signer's word on a payment that was judged when the first spoke.  The
		 * attempt is the same; that the order and the request beside it are too, is to be
		 * seen.
		 */
		if (!hash32_eq(&r->attempt.order, &r->order_doc.id)) {
			return bad(why, "attempt.order", "the attempt is for another order");
		}
		if (!hash32_eq(&r->order.request, &r->request_doc.id)) {
			return bad(why, "order.request", "the order names another request");
		}
		return judge_data(w, signer, r, why);
	}
	earlier = judge_earlier(w, r, why);
	if (earlier == BAD) {
		return BAD;
	}
	/* What is put off for our own chain's sake is good in everything else, or it is no such
	 * thing. */
	v = judge_order(w, r, t_ms, &rest);
	if (v == GOOD) {
		v = judge_attempt(w, r, t_ms, &rest);
	}
	if (v == GOOD) {
		v = judge_data(w, signer, r, &rest);
	}
	if (v != GOOD) {
		*why = rest;
		return v;
	}
	r->behind = earlier == LATER;
	return earlier;
}

static enum verdict judge_sweep(struct watch *w, unsigned signer, struct record *r, struct why *why)
{
	uint64_t t_ms = record_ms(w, signer, r);
	struct policy_time at = { .own_ms = t_ms, .wall_ms = t_ms, .chain_s = chain_of(t_ms) };
	const struct watch_node *best = watch_self_best(w);
	struct policy_verdict v;

	if (!r->has_sweep || r->has_attempt || r->has_order || r->has_request || r->people.n > 0) {
		return bad(why, "documents", "a sweep and its freezes are expected");
	}
	if (!hash32_eq(&r->attestation.subject, &r->sweep_doc.id)) {
		return bad(why, "attestation.subject", "names another sweep");
	}
	/*
	 * The signer went by the chain's clock (guard: a slow clock of its own stops payments,
	 * never what brings coins home), so ours may vouch for it too.
	 */
	if (r->sweep.timestamp_nem_s > at.chain_s &&
	    (r->sweep.timestamp_nem_s <= at.chain_s + r->policy->clock_skew_ms / 1000 ||
	     (best != NULL && r->sweep.timestamp_nem_s <= best->time_nem_s))) {
		at.chain_s = (uint32_t)r->sweep.timestamp_nem_s;
	}
	v = attempt_sweep_check(&w->genesis, r->policy, &r->sweep, &at);
	if (v.err != ERR_OK) {
		why->field = v.field;
		policy_words(why->words, &v);
		return BAD;
	}
	if (r->closing.n > 0 && !watch_closing_covers(w, r->closing, &r->sweep.account)) {
		return bad(why, "closing", "not an officer's closing of this account");
	}
	if (r->closing.n == 0 && !watch_stop_allows(w, r->freezes, r->freezes_n, t_ms)) {
		return bad(why, "freeze", "no freeze shows a theft or the word of two officers");
	}
	return judge_data(w, signer, r, why);
}

/*
 * Signed by rules that were in force then.  Not known here, or still waiting here: the signer may
 * be ahead of us by what two clocks may differ; that is asked for again, not for ever.
 */
static enum verdict judge_rules(struct watch *w, unsigned signer, struct record *r, struct why *why)
{
	static const char unknown[] = "rules that are not in force here";
	const struct doc_attestation *t = &r->attestation;
	const struct watch_signer *k = &w->signer[signer];
	uint64_t skew_ms = w->policy.clock_skew_ms;
	uint64_t roster_ms = ended_ms(w, DOC_ROSTER, &t->roster);
	uint64_t policy_ms = ended_ms(w, DOC_POLICY, &t->policy);
	uint64_t ended = roster_ms < policy_ms ? roster_ms : policy_ms;
	bool found = rules_find(w, r, record_ms(w, signer, r));

	if (t->subject_type == DOC_SWEEP && (!found || ended == 0)) {
		/* what brings coins home does not wait for agreement on limits */
		r->roster = &w->roster;
		r->policy = &w->policy;
		return GOOD;
	}
	if (!found || ended == 0) {
		(void)bad(why, roster_ms == 0 ? "attestation.roster" : "attestation.policy",
			  unknown);
		return hash32_eq(&k->later_id, &r->doc.id) &&
			       w->mono_ms - k->later_mono_ms > WATCH_EXCLUSION_OLD_MS
			   ? BAD
			   : LATER;
	}
	if (t->subject_type != DOC_SWEEP && ended != UINT64_MAX && t->time_ms > ended + skew_ms) {
		return bad(why, roster_ms < policy_ms ? "attestation.roster" : "attestation.policy",
			   "signed by rules that were over");
	}
	return GOOD;
}

static enum verdict judge(struct watch *w, unsigned signer, struct record *r, struct why *why)
{
	const struct watch_payment *known;
	enum verdict v = judge_who(w, signer, r, why);

	if (v == GOOD) {
		v = judge_rules(w, signer, r, why);
	}
	if (v != GOOD) {
		return v;
	}
	if (r->attestation.subject_type == DOC_SWEEP) {
		v = judge_sweep(w, signer, r, why);
	} else if (r->attestation.subject_type == DOC_ATTEMPT) {
		v = judge_payment(w, signer, r, why);
	} else {
		v = bad(why, "attestation.subject_type", "neither an attempt nor a sweep");
	}
	if (v != GOOD) {
		return v;
	}
	known = watch_self_by_inner(w, &r->payment.inner_hash);
	if (known != NULL && !hash32_eq(&known->subject, &r->attestation.subject)) {
		return bad(why, "attestation.inner_hash", "another order has this payment");
	}
	if (known != NULL && known->sequence[signer] != 0 &&
	    !begins_again(&w->signer[signer], &r->attestation)) {
		return bad(why, "attestation.subject", "attested by this signer before");
	}
	if (known == NULL && w->payments_n == w->config.storage.payments_cap) {
		why->field = "payments";
		(void)snprintf(why->words, sizeof why->words, "our table of payments is full");
		return UNABLE;
	}
	return GOOD;
}

/* ---- keeping ------------------------------------------------------------------------------- */

static void remember(struct watch_signer *k, const struct record *r, bool acked)
{
	if (k->recent_n == WATCH_RECENT) {
		memmove(k->recent, k->recent + 1, (WATCH_RECENT - 1) * sizeof k->recent[0]);
		k->recent_n--;
	}
	k->recent[k->recent_n++] =
	    (struct watch_recent){ .id = r->doc.id,
				   .sequence = r->attestation.sequence,
				   .acked = acked,
				   .sweep = r->attestation.subject_type == DOC_SWEEP };
	/* The newest that was ever held is what heartbeats show, whatever a rewound one says. */
	if (r->attestation.sequence > k->held_sequence) {
		k->held_sequence = r->attestation.sequence;
		k->held_head = r->attestation.head;
		k->held_id = r->doc.id;
	}
	if (r->attestation.time_ms > k->held_time_ms) {
		k->held_time_ms = r->attestation.time_ms;
	}
	if (k->cursor < r->attestation.sequence) {
		k->cursor = r->attestation.sequence;
	}
}

/* A later attempt was judged good: those before it explain nothing any more. */
static void bury(struct watch *w, struct record *r)
{
	const struct exclusion_question q = { .genesis = &w->genesis,
					      .roster = &w->roster,
					      .order = &r->order,
					      .order_id = &r->order_doc.id };

	for (size_t i = 0; i < r->set.earlier_n; i++) {
		struct watch_payment *p;

		if (exclusion_payment(&r->set.earlier[i], &q).err != ERR_OK) {
			continue;
		}
		p = watch_self_by_inner(w, &r->set.earlier[i].inner_hash);
		if (p != NULL) {
			p->dead = true;
		}
	}
}

/* The tables' part, used alike when an attestation is judged good and when it is replayed. */
static enum err keep(struct watch *w, unsigned signer, struct record *r)
{
	struct watch_payment *p = watch_self_by_inner(w, &r->payment.inner_hash);
	uint64_t t_ms = record_ms(w, signer, r);
	struct watch_payment fresh;
	struct nem_address account;
	int own;

	if (p == NULL) {
		bool sweep = r->attestation.subject_type == DOC_SWEEP;
		const struct money *amount = sweep ? &r->sweep.amount : &r->order.amount;
		uint64_t fees = sweep
				    ? micro(&r->sweep.fee_inner) + micro(&r->sweep.fee_outer) +
					  micro(&r->sweep.fee_cosign)
				    : micro(&r->attempt.fee_inner) + micro(&r->attempt.fee_outer) +
					  micro(&r->attempt.fee_cosign);

		nem_address_from_key(&account, &r->payment.account,
				     (uint8_t)w->genesis.chain_network);
		own = watch_self_own(w, &account);
		if (own < 0) {
			return ERR_CORRUPT; /* judged: only accounts of genesis pay */
		}
		memset(&fresh, 0, sizeof fresh);
		fresh.inner_hash = r->payment.inner_hash;
		fresh.wrap_hash = r->payment.wrap_hash;
		fresh.cosign_hash = r->payment.cosign_hash;
		fresh.subject = r->attestation.subject;
		fresh.amount_micro = micro(amount);
		fresh.outflow_micro = fresh.amount_micro + fees;
		fresh.own = (uint8_t)own;
		fresh.deadline_nem_s =
		    (uint32_t)(sweep ? r->sweep.deadline_nem_s : r->attempt.deadline_nem_s);
		fresh.sweep = sweep;
		if (!sweep) {
			struct policy_entry entry = {
				.own_ms = t_ms - grace_ms(w),
				.outflow = fresh.outflow_micro,
				.chain_s = chain_of(t_ms - grace_ms(w)),
				.approvals = r->yes,
			};

			struct watch_payment *before =
			    watch_self_by_request(w, &r->order.request_id);

			/* an order counts once: its dead attempts have made room */
			if (before != NULL) {
				const struct policy_entry dead = entry_of(before);

				policy_history_forget(&w->history, &dead);
			}
			fresh.request_id = r->order.request_id;
			fresh.entry_own_ms = entry.own_ms;
			fresh.entry_chain_s = entry.chain_s;
			fresh.approvals = r->yes;
			fresh.number = (uint8_t)r->attempt.number;
			if (policy_history_add(&w->history, &entry) != ERR_OK) {
				return ERR_FULL;
			}
		}
		p = watch_self_keep(w, &fresh);
		if (p == NULL) {
			return ERR_FULL;
		}
		bury(w, r);
	}
	for (unsigned i = 0; !p->sweep && p->sequence[signer] == 0 && i < w->config.nodes; i++) {
		w->node[i].promised[signer][p->own] += p->seen[i] == 0 ? p->outflow_micro : 0;
	}
	p->sequence[signer] = r->attestation.sequence;
	p->attestation[signer] = r->doc.id;
	remember(&w->signer[signer], r, false);
	return ERR_OK;
}

enum err watch_record_replay(struct watch *w, unsigned signer, const struct bytes *items, size_t n)
{
	static struct record r;
	struct why why;

	if (read_record(w, &r, items, n, &why) != GOOD ||
	    (!rules_find(w, &r, record_ms(w, signer, &r)) &&
	     r.attestation.subject_type != DOC_SWEEP) ||
	    r.attestation.signer != (enum doc_signer)signer ||
	    (r.attestation.sequence <= w->signer[signer].held_sequence &&
	     r.attestation.subject_type != DOC_SWEEP) ||
	    !build(w, &r)) {
		return ERR_CORRUPT;
	}
	/* who they are was judged before it was written */
	for (size_t i = 0; i < r.people.n; i++) {
		r.yes += r.people.one[i].said.decision == DOC_DECISION_YES;
	}
	return keep(w, signer, &r);
}

/* One batch: every document, then the attestation that they belong to. */
static enum err batch_fill(struct watch *w, struct log_batch *b, unsigned signer,
			   const struct record *r, const struct bytes *items, size_t n)
{
	struct log_record attest = { .kind = LOG_WATCH_ATTEST,
				     .id = watch_self_short(&r->doc.id),
				     .ref = r->order.request_id,
				     .amount = r->attestation.sequence };

	watch_self_begin(w, b);
	for (size_t i = 1; i < n; i++) {
		struct log_record document = { .kind = LOG_DOCUMENT, .ref = r->order.request_id };
		struct doc d;
		enum err e;

		CHECK(doc_open(&d, items[i], &w->genesis_id, NULL) == ERR_OK);
		document.id = watch_self_short(&d.id);
		document.amount = (u128)d.type;
		e = watch_self_add(w, b, &document, &items[i]);
		if (e != ERR_OK) {
			return e;
		}
	}
	attest.debit.b[0] = (uint8_t)signer;
	return watch_self_add(w, b, &attest, &items[0]);
}

static void ack_send(struct watch *w, struct watch_signer *k, const struct watch_recent *one,
		     struct effects *out)
{
	struct doc_ack ack = { .attestation = one->id,
			       .genesis = w->genesis_id,
			       .time_ms = w->wall_ms };
	struct writer text = writer_make(w->text, sizeof w->text);
	struct bytes item;

	/*
	 * P5: an acknowledgement releases a signature.  Who holds a freeze gives none for a
	 * payment, so that a stop which the signer has not heard of yet binds it all the same.
	 */
	if (watch_frozen(w) && !one->sweep) {
		return;
	}
	(void)snprintf(ack.watcher, sizeof ack.watcher, "%s", w->config.watcher);
	CHECK(doc_ack_make(&text, NULL, &ack, w->config.freeze_secret) == ERR_OK);
	item = bytes_of(text.p, text.n);
	watch_self_send(w, k->channel, SIGNER_ACK, one->sequence, &item, 1, out);
}

static void refuse_record(struct watch *w, unsigned signer, const struct record *r, enum verdict v,
			  const struct why *why, struct effects *out)
{
	static const char *const names[DOC_SIGNERS] = { "A", "B" };
	char words[400];

	w->not_acked++;
	(void)snprintf(words, sizeof words, "signer %s, attestation %llu: %s: %s", names[signer],
		       (unsigned long long)r->attestation.sequence, why->field, why->words);
	if (v == UNABLE) {
		watch_self_alarm(w, WATCH_CRIME_RECORD, &r->doc.id, NULL, words, out);
		return;
	}
	watch_stop_issue(w, WATCH_CRIME_RECORD, false, bytes_of(NULL, 0), &r->doc.id, &r->doc.id,
			 words, out);
}

/*
 * No crime: one of the clocks is wrong, or our chain is behind that of others.  It is asked for
 * again until they agree, and what it stands for is no payment that we know meanwhile.
 */
static void put_off(struct watch *w, unsigned signer, const struct record *r, const struct why *why,
		    struct effects *out)
{
	struct watch_signer *k = &w->signer[signer];

	if (hash32_eq(&k->later_id, &r->doc.id)) {
		return;
	}
	k->later_id = r->doc.id;
	k->later_mono_ms = w->mono_ms;
	memset(&k->later_payment, 0, sizeof k->later_payment);
	if (r->behind) {
		k->later_payment = r->payment.inner_hash;
	}
	w->not_acked++;
	effects_note(out, "unusual put_off signer=%c sequence=%llu field=%s words=\"%s\"",
		     "ab"[signer], (unsigned long long)r -> attestation.sequence, why->field,
		     why->words);
}

/*
 * Past a bad attestation, so that those behind it are heard.  Whoever has the attest key may put
 * any number on it: it counts only if the signer's nonce reaches that far, and it says so again
 * when it is asked again for what comes after the last good one.  False: told before.
 */
static bool step_over(struct watch *w, unsigned signer, const struct record *r)
{
	struct watch_signer *k = &w->signer[signer];
	uint64_t sequence = r->attestation.sequence;

	if (hash32_is_zero(&r->doc.id) ||
	    !doc_signed_by(&r->doc, &w->roster.signers[signer].attest_key)) {
		return true;
	}
	if (!hash32_eq(&k->bad_id, &r->doc.id)) {
		k->bad_id = r->doc.id;
		return true;
	}
	if (sequence > k->cursor && sequence <= k->newest) {
		k->cursor = sequence;
	}
	return false;
}

/* This very attestation was judged and kept before. */
static bool known_good(const struct watch *w, unsigned signer, const struct record *r)
{
	const struct watch_signer *k = &w->signer[signer];
	const struct watch_payment *p = watch_self_by_inner(w, &r->attestation.inner_hash);

	if (p != NULL && hash32_eq(&p->attestation[signer], &r->doc.id)) {
		return true;
	}
	for (size_t i = 0; i < k->recent_n; i++) {
		if (hash32_eq(&k->recent[i].id, &r->doc.id)) {
			return true;
		}
	}
	return false;
}

/* An attestation with its documents arrived.  body: the items behind the nonce. */
static void take(struct watch *w, unsigned signer, struct bytes body, struct effects *out)
{
	static struct record r;
	struct watch_signer *k = &w->signer[signer];
	struct bytes items[FRAME_ITEMS_MAX];
	struct why why = { "", "" };
	struct log_batch b;
	enum verdict v;
	size_t n = 0;

	if (frame_items_all(body, items, FRAME_ITEMS_MAX, &n) != ERR_OK) {
		n = 0;
	}
	v = read_record(w, &r, items, n, &why);
	if (v == GOOD && known_good(w, signer, &r)) {
		const struct watch_recent again = {
			.id = r.doc.id,
			.sequence = r.attestation.sequence,
			.sweep = r.attestation.subject_type == DOC_SWEEP,
		};

		/* Told again: the signer did not hear our acknowledgement. */
		if (k->cursor < r.attestation.sequence) {
			k->cursor = r.attestation.sequence;
		}
		ack_send(w, k, &again, out);
		return;
	}
	if (v == GOOD) {
		v = (w->config.planted & WATCH_PLANT_ACK_BEFORE_JUDGE) != 0 && build(w, &r) &&
			    watch_self_by_inner(w, &r.payment.inner_hash) == NULL &&
			    watch_self_by_request(w, &r.order.request_id) == NULL
			? GOOD
			: judge(w, signer, &r, &why);
	}
	if (v == GOOD) {
		if (batch_fill(w, &b, signer, &r, items, n) != ERR_OK) {
			why.field = "journal";
			(void)snprintf(why.words, sizeof why.words, "does not fit into a batch");
			v = UNABLE;
		}
	}
	if (v == GOOD && keep(w, signer, &r) != ERR_OK) {
		why.field = "payments";
		(void)snprintf(why.words, sizeof why.words, "no room to remember it");
		v = UNABLE;
	}
	if (v == LATER) {
		put_off(w, signer, &r, &why, out);
		return;
	}
	if (hash32_eq(&k->later_id, &r.doc.id)) {
		memset(&k->later_payment, 0, sizeof k->later_payment); /* judged */
	}
	if (v != GOOD) {
		if (step_over(w, signer, &r)) {
			refuse_record(w, signer, &r, v, &why, out);
		}
		return;
	}
	/* Durable first: an acknowledgement says "I judged this and hold it". */
	watch_self_commit(w, &b, out);
	w->acks++;
	k->recent[k->recent_n - 1].acked = true; /* sent; with the next link once more */
	ack_send(w, k, &k->recent[k->recent_n - 1], out);
	for (size_t i = 0; i < r.freezes_n; i++) {
		watch_stop_offer(w, r.freezes[i], out);
	}
	if (r.closing.n > 0) {
		watch_closing_offer(w, r.closing, out);
	}
	if (r.attestation.subject_type == DOC_SWEEP) {
		watch_sweep_adopt(w, r.sweep_doc.raw);
	} else if (w->control.binding > 0) {
		watch_stop_weigh(w, out); /* it may explain what a freeze of ours shows */
	}
}

/* ---- nonces -------------------------------------------------------------------------------- */

void watch_record_nonce(struct watch *w, int signer, const struct doc_nonce *nonce,
			struct effects *out)
{
	static const char *const names[DOC_SIGNERS] = { "A", "B" };
	struct watch_signer *k = &w->signer[signer];

	k->newest = nonce->sequence;
	if (k->cursor > nonce->sequence) {
		/* Somebody showed us numbers that it never gave: on from what is held. */
		k->cursor = k->rewound ? 0 : k->held_sequence;
	}
	if (nonce->sequence < k->held_sequence && !k->rewound) {
		char words[200];

		k->rewound = true;
		/* What it has signed since it began again is looked for from the beginning. */
		k->cursor = 0;
		k->newest = nonce->sequence;
		(void)snprintf(words, sizeof words,
			       "signer %s says its newest attestation is %llu; we hold %llu: its "
			       "journal was rewound",
			       names[signer], (unsigned long long)nonce->sequence,
			       (unsigned long long)k->held_sequence);
		watch_stop_issue(w, WATCH_CRIME_RECORD, false, bytes_of(NULL, 0), &k->held_id,
				 &k->held_id, words, out);
	}
	k->differs =
	    nonce->stop_count != w->control.n || !hash32_eq(&nonce->stop_head, &w->control.head);
	if (!k->has_nonce || !hash32_eq(&k->nonce, &nonce->nonce)) {
		k->want_heartbeat = true;
		k->want_nonce = nonce->nonce;
	}
}

static void heartbeat_send(struct watch *w, int signer, const struct watch_node *best,
			   struct effects *out)
{
	static struct doc_heartbeat h;
	struct watch_signer *k = &w->signer[signer];
	const struct watch_node *clean = &w->node[w->config.node_clean];
	const struct watch_node *pool = clean->up && clean->synced && !clean->lying ? clean : best;
	struct writer text = writer_make(w->text, sizeof w->text);
	struct bytes item;

	memset(&h, 0, sizeof h);
	for (size_t i = 0; i < w->own_n && h.balance_count < DOC_BALANCES_MAX; i++) {
		if (w->own[i].kind == WATCH_HOT) {
			h.balances[h.balance_count++] = (struct doc_balance){
				.account = w->genesis.hot[w->own[i].hot].public_key,
				.confirmed = money_of(ASSET_XEM, best->balance[i]),
				.promised = money_of(ASSET_XEM, best->promised[signer][i]),
				.remaining = money_of(ASSET_XEM, watch_self_remaining(pool, i)),
			};
		}
	}
	h.block = best->hash;
	h.chain_time_nem_s = best->time_nem_s;
	h.genesis = w->genesis_id;
	h.height = best->height;
	h.nonce = k->want_nonce;
	h.policy = w->policy_id;
	h.records_head = k->held_head;
	h.records_sequence = k->held_sequence;
	h.roster = w->roster_id;
	h.signer = (enum doc_signer)signer;
	h.stop_count = w->control.n;
	h.stop_head = w->control.head;
	(void)snprintf(h.watcher, sizeof h.watcher, "%s", w->config.watcher);
	CHECK(doc_heartbeat_make(&text, NULL, &h, w->config.freeze_secret) == ERR_OK);
	item = bytes_of(text.p, text.n);
	k->has_nonce = true;
	k->nonce = k->want_nonce;
	k->want_heartbeat = false;
	watch_self_send(w, k->channel, SIGNER_HEARTBEAT, ++w->requests_made, &item, 1, out);
}

/* ---- replies ------------------------------------------------------------------------------- */

static bool refusal_noted(struct watch *w, int signer, struct bytes body, const char *what,
			  struct effects *out)
{
	struct frame_items it = frame_items_make(body);
	struct bytes item;
	struct doc d;
	struct doc_refusal f;

	if (!frame_items_next(&it, &item) || doc_open(&d, item, &w->genesis_id, NULL) != ERR_OK ||
	    d.type != DOC_REFUSAL || doc_refusal_read(&d, &f, NULL) != ERR_OK) {
		return false;
	}
	effects_note(out, "unusual refused signer=%c what=%s why=%s field=%s", "ab"[signer], what,
		     f.code, f.field);
	return true;
}

/* The nonce at the front of a reply, and what stands behind it. */
static bool nonce_read(const struct watch *w, int signer, struct bytes body,
		       struct doc_nonce *nonce, struct bytes *rest)
{
	struct frame_items it = frame_items_make(body);
	struct bytes item;
	struct doc d;

	if (!frame_items_next(&it, &item) || doc_open(&d, item, &w->genesis_id, NULL) != ERR_OK ||
	    d.type != DOC_NONCE || doc_nonce_read(&d, nonce, NULL) != ERR_OK ||
	    nonce->signer != (enum doc_signer)signer) {
		return false;
	}
	*rest = bytes_of(body.p + FRAME_ITEM_HEADER_BYTES + item.n,
			 body.n - FRAME_ITEM_HEADER_BYTES - item.n);
	return true;
}

static void next_reply(struct watch *w, int signer, const struct event *event, struct effects *out)
{
	struct watch_signer *k = &w->signer[signer];
	struct doc_nonce nonce;
	struct bytes rest;
	bool news;

	k->next_out = false;
	/* Not before a pause, unless this reply brings something: nobody makes us spin. */
	k->asked_mono_ms = w->mono_ms;
	if (refusal_noted(w, signer, event->body, "next", out) ||
	    !nonce_read(w, signer, event->body, &nonce, &rest)) {
		return;
	}
	news = rest.n > 0 || !k->has_nonce || !hash32_eq(&k->nonce, &nonce.nonce);
	watch_record_nonce(w, signer, &nonce, out);
	if (rest.n > 0) {
		uint64_t before = k->cursor;

		take(w, (unsigned)signer, rest, out);
		news = k->cursor > before;
	}
	if (news) {
		k->progress_mono_ms = rest.n > 0 ? w->mono_ms : k->progress_mono_ms;
		k->asked_mono_ms = 0;
	}
}

void watch_record_next(struct watch *w, int signer, const struct event *event, struct effects *out)
{
	struct watch_signer *k = &w->signer[signer];
	struct doc_nonce nonce;
	struct bytes rest;

	switch (event->number) {
	case MSGS_REPLY(SIGNER_NEXT):
		next_reply(w, signer, event, out);
		return;
	case MSGS_REPLY(SIGNER_SYNC):
		k->sync_out = false;
		if (nonce_read(w, signer, event->body, &nonce, &rest)) {
			k->sync_done = k->sync_sent;
			k->progress_mono_ms = w->mono_ms;
			watch_record_nonce(w, signer, &nonce, out);
		}
		return;
	case MSGS_REPLY(SIGNER_ACK):
		if (refusal_noted(w, signer, event->body, "ack", out)) {
			return;
		}
		for (size_t i = 0; i < k->recent_n; i++) {
			if (k->recent[i].sequence == event->request_id) {
				k->recent[i].acked = true;
			}
		}
		return;
	case MSGS_REPLY(SIGNER_HEARTBEAT):
		(void)refusal_noted(w, signer, event->body, "heartbeat", out);
		return;
	}
}

/* ---- asking -------------------------------------------------------------------------------- */

static void next_send(struct watch *w, struct watch_signer *k, struct effects *out)
{
	struct doc_cursor cursor = { .after = k->cursor, .genesis = w->genesis_id };
	struct writer text = writer_make(w->text, sizeof w->text);
	struct bytes item;

	CHECK(doc_cursor_make(&text, NULL, &cursor, NULL) == ERR_OK);
	item = bytes_of(text.p, text.n);
	k->next_out = true;
	watch_self_send(w, k->channel, SIGNER_NEXT, ++w->requests_made, &item, 1, out);
}

/* Somebody waits for a SYNC that has not been sent yet, or we never asked for one. */
static bool sync_wanted(const struct watch *w, int signer)
{
	const struct watch_signer *k = &w->signer[signer];

	if (k->sync_sent == 0) {
		return true;
	}
	for (size_t i = 0; i < w->suspects_n; i++) {
		if (w->suspects[i].need[signer] > k->sync_sent) {
			return true;
		}
	}
	return false;
}

void watch_record_pump(struct watch *w, struct effects *out)
{
	const struct watch_node *best = watch_self_best(w);

	for (int s = 0; s < DOC_SIGNERS; s++) {
		struct watch_signer *k = &w->signer[s];
		bool pause = k->asked_mono_ms != 0 && w->mono_ms - k->asked_mono_ms < ASK_PAUSE_MS;

		if (!k->up) {
			continue;
		}
		if (!k->sync_out && sync_wanted(w, s) && effects_free(out) > 8) {
			k->sync_sent++;
			k->sync_out = true;
			watch_self_send(w, k->channel, SIGNER_SYNC, ++w->requests_made, NULL, 0,
					out);
		}
		if (!k->next_out && !pause && effects_free(out) > 8) {
			next_send(w, k, out);
		}
		if (k->want_heartbeat && best != NULL && effects_free(out) > 8) {
			heartbeat_send(w, s, best, out);
		}
		for (size_t i = 0; i < k->recent_n && effects_free(out) > 16; i++) {
			if (!k->recent[i].acked) {
				/* Once for each link: the reply, or the next opening, settles it.
				 */
				k->recent[i].acked = true;
				ack_send(w, k, &k->recent[i], out);
			}
		}
	}
}
