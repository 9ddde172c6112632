/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_judge.c - is what a signer says it signed what an honest one would have signed
 * (watch_judge.h)?  Next: watch_record.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_time.h"
#include "ipc/frame.h"
#include "policy/attempt.h"
#include "watch/watch_judge.h"

static enum verdict bad(struct why *why, const char *field, const char *words)
{
	why->field = field;
	(void)snprintf(why->words, sizeof why->words, "%s", words);
	return BAD;
}

enum verdict watch_judge_unable(struct why *why, const char *field, const char *words)
{
	(void)bad(why, field, words);
	return UNABLE;
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
	if (d.type == DOC_PRICE) {
		return prices_add(&r->said, &d, NULL) == ERR_OK
			   ? GOOD
			   : bad(why, "price", "malformed, or more than there can be");
	}
	if (d.type == DOC_DAY) {
		if (r->has_day || doc_day_read(&d, &r->day, NULL) != ERR_OK) {
			return bad(why, "day", r->has_day ? twice : "malformed");
		}
		r->has_day = true;
		r->day_doc = d;
		return GOOD;
	}
	if (d.type == DOC_FREEZE && r->freezes_n < WATCH_JUDGE_FREEZES_MAX) {
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
enum verdict watch_judge_read(struct watch *w, struct record *r, const struct bytes *items,
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
bool watch_judge_rules(struct watch *w, struct record *r, uint64_t t_ms)
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

bool watch_judge_build(const struct watch *w, struct record *r)
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

uint64_t watch_judge_grace_ms(const struct watch *w)
{
	uint64_t half = w->policy.clock_skew_ms / 2;

	return half < WATCH_GRACE_MS ? half / 1000 * 1000 : WATCH_GRACE_MS;
}

/* The time at which the signer says that it signed; its records never go back in time. */
uint64_t watch_judge_ms(const struct watch *w, unsigned signer, const struct record *r)
{
	uint64_t t = r->attestation.time_ms;

	return t > w->signer[signer].held_time_ms ? t : w->signer[signer].held_time_ms;
}

/*
 * The same for what hangs on a moment (times of the week, what has expired), not on what was before
 * it: there the word itself counts, though the host's clock was set back since the last record.  An
 * honest signer signs only within clock_skew_ms of the chain, so it cannot be further back than
 * twice that.
 */
static uint64_t moment_ms(const struct watch *w, unsigned signer, const struct record *r)
{
	uint64_t t = r->attestation.time_ms;

	return t + 2 * w->policy.clock_skew_ms > watch_judge_ms(w, signer, r)
		   ? t
		   : watch_judge_ms(w, signer, r);
}

uint32_t watch_judge_chain_s(uint64_t wall_ms)
{
	uint32_t s = 0;

	return nem_time_from_unix_ms(&s, wall_ms) == ERR_OK ? s : 0;
}

uint64_t watch_judge_micro(const struct money *m)
{
	uint64_t v = 0;

	return money_u64(&v, m) == ERR_OK ? v : UINT64_MAX;
}

/*
 * P7: a signer that lost its journal counts from the beginning.  It is locked, and so signs nothing
 * but sweeps; those must be held and acknowledged under its lower numbers, or nothing of the other
 * signer's could be completed.  They may arrive when it has caught up already (decision 31), so no
 * number of a sweep is a crime: where it goes and on what evidence is judged as ever.
 */
static bool begins_again(const struct doc_attestation *t)
{
	return t->subject_type == DOC_SWEEP;
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

/*
 * A payment that does not follow the newest one that we hold of this signer, although we hold the
 * one that it does follow: somebody else signs with its keys, or another copy of its journal lives.
 * What follows a record that we do not hold shows nothing.
 */
static bool is_forked(const struct watch *w, unsigned signer, const struct doc_attestation *t)
{
	const struct watch_signer *k = &w->signer[signer];

	/* what was put off before it is no news */
	if (t->subject_type != DOC_ATTEMPT || hash32_is_zero(&t->previous) ||
	    hash32_eq(&t->previous, &k->paid_id) || t->sequence <= k->paid_sequence) {
		return false;
	}
	for (size_t i = 0; i < w->payments_n; i++) {
		const struct watch_payment *p = &w->config.storage.payments[i];

		if (!p->sweep && hash32_eq(&p->attestation[signer], &t->previous)) {
			return true;
		}
	}
	return false;
}

static enum verdict judge_who(struct watch *w, unsigned signer, struct record *r, struct why *why)
{
	const struct doc_attestation *t = &r->attestation;
	const struct watch_signer *k = &w->signer[signer];
	/* its number was good when it was put off; those behind it have been taken since */
	bool again = watch_later_find(w, signer, &r->doc.id) != NULL;

	if (t->signer != (enum doc_signer)signer) {
		return bad(why, "attestation.signer", "the other signer's name");
	}
	if (!doc_signed_by(&r->doc, &w->roster.signers[signer].attest_key)) {
		return bad(why, "attestation.signatures", "not signed by that signer");
	}
	for (size_t i = 0; !begins_again(t) && i < k->recent_n; i++) {
		if (k->recent[i].sequence == t->sequence &&
		    !hash32_eq(&k->recent[i].id, &r->doc.id)) {
			return bad(why, "attestation.sequence",
				   "another record stands at this number: the journal was forked");
		}
	}
	if (t->sequence <= k->held_sequence && !again && !begins_again(t)) {
		return bad(why, "attestation.sequence", "the numbers went backwards");
	}
	if (is_forked(w, signer, t)) {
		return bad(why, "attestation.previous",
			   "another payment follows the one that this follows: the journal was "
			   "forked");
	}
	if (t->sequence > k->newest && !again) {
		return bad(why, "attestation.sequence", "beyond what its own nonce names");
	}
	if (t->kind != (signer == DOC_SIGNER_A ? DOC_ATTEST_COSIGN : DOC_ATTEST_WRAP)) {
		return bad(why, "attestation.kind", "not what this signer signs");
	}
	if (from_the_future(w, t->time_ms)) {
		(void)bad(why, "attestation.time_ms", "signed in the future of our clocks");
		r->future = true;
		return LATER;
	}
	return GOOD;
}

static enum verdict judge_data(const struct watch *w, unsigned signer, struct record *r,
			       struct why *why)
{
	const struct doc_attestation *t = &r->attestation;
	struct bytes data = bytes_of(t->data, t->data_n);

	if (!watch_judge_build(w, r)) {
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

static enum verdict judge_attempt(const struct watch *w, unsigned signer, struct record *r,
				  struct why *why)
{
	uint64_t skew_s = r->policy->clock_skew_ms / 1000;
	uint64_t t_ms = moment_ms(w, signer, r);
	uint32_t t_s = watch_judge_chain_s(t_ms);
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

/* The signer's word of it is old, or we have waited for as long: nothing is held back by us. */
static bool is_old(struct watch *w, unsigned signer, const struct record *r)
{
	return (w->wall_ms > r->attestation.time_ms &&
		w->wall_ms - r->attestation.time_ms > WATCH_EXCLUSION_OLD_MS) ||
	       watch_later_old(w, signer, &r->doc.id);
}

/* Officers have lifted the freeze that one of the signers asked for instead of this attempt. */
static bool is_lifted(struct watch *w, const struct record *r)
{
	unsigned number = (unsigned)r->attempt.number;
	struct hash32 id[DOC_SIGNERS];

	for (unsigned s = 0; s < DOC_SIGNERS; s++) {
		exclusion_freeze_id(&id[s], (enum doc_signer)s, &r->order, &r->order_doc.id,
				    number);
	}
	return control_lifted(&w->control, &id[DOC_SIGNER_A]) ||
	       control_lifted(&w->control, &id[DOC_SIGNER_B]);
}

/*
 * A later attempt: k watchers say that all earlier ones are dead, our own memory of the order has
 * no others, and our own chain does not say otherwise.  It may be behind that of others: then this
 * is asked for again, until the record is so old that what our word could hold back has happened.
 */
static enum verdict judge_earlier(struct watch *w, struct record *r, struct why *why)
{
	const struct exclusion_question q = { .genesis = &w->genesis,
					      .roster = r->roster,
					      .order = &r->order,
					      .order_id = &r->order_doc.id,
					      .needed = (unsigned)r->roster->watchers_needed };
	const struct watch_payment *known = watch_self_by_request(w, &r->order.request_id);
	struct policy_verdict v = exclusion_check(&r->set, &q, &r->attempt);
	bool old = is_old(w, r->attestation.signer, r);
	enum verdict result = GOOD;

	if (v.err != ERR_OK) {
		why->field = v.field;
		policy_words(why->words, &v);
		return BAD;
	}
	/* it is not its own predecessor, when it was put off and is judged again */
	if (known != NULL && !hash32_eq(&known->subject, &r->attestation.subject) &&
	    (known->number > r->set.earlier_n ||
	     !hash32_eq(&known->subject, &r->set.earlier[known->number - 1].doc.id))) {
		return bad(why, "order.request_id", "this request was paid before");
	}
	/* the signer may have heard of the resume before us, but not long before */
	if (r->set.earlier_n >= EXCLUSION_FREE && !is_lifted(w, r)) {
		(void)bad(why, "attempt.number", "officers have not lifted what it asked for");
		return watch_later_old(w, r->attestation.signer, &r->doc.id) ? BAD : LATER;
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

/* What the policy's history has of it. */
struct policy_entry watch_judge_entry(const struct watch_payment *p)
{
	return (struct policy_entry){ .own_ms = p->entry_own_ms,
				      .outflow = p->outflow_micro,
				      .chain_s = p->entry_chain_s,
				      .approvals = p->approvals,
				      .yen = prices_yen(p->entry_price, p->outflow_micro),
				      .price = p->entry_price };
}

/* What this signer attested without approvals behind this number, as far as we hold it. */
static u128 unapproved_after(const struct watch *w, unsigned signer, uint64_t sequence)
{
	u128 sum = 0;

	for (size_t i = 0; i < w->payments_n; i++) {
		const struct watch_payment *p = &w->config.storage.payments[i];

		if (p->sequence[signer] > sequence && (p->unapproved >> signer & 1) != 0) {
			sum += p->outflow_micro;
		}
	}
	return sum;
}

/* The budget with this record's day, if it has one that renews. */
struct day_budget watch_judge_budget(const struct watch *w, unsigned signer, const struct record *r)
{
	struct day_budget b = w->signer[signer].budget;
	struct day_point p;

	if (r->has_day) {
		p = day_point_of(&r->day, (enum doc_signer)signer);
		if (day_renews(&b, &p)) {
			day_take(&b, &p, unapproved_after(w, signer, p.sequence));
		}
	}
	return b;
}

/*
 * A day that this signer let count.  It knows all that it attested, and we hold nothing else: what
 * it took for the sum up to there cannot be less than what we count.
 */
static enum verdict judge_day(const struct watch *w, unsigned signer, const struct record *r,
			      uint64_t t_ms, struct why *why)
{
	const struct day_budget *b = &w->signer[signer].budget;
	struct day_point p;
	struct policy_verdict v;
	struct proofs proofs;

	if (!r->has_day) {
		return GOOD;
	}
	p = day_point_of(&r->day, (enum doc_signer)signer);
	v = day_judge(&r->day_doc, &r->day, r->roster, t_ms + r->policy->clock_skew_ms, &proofs);
	if (v.err != ERR_OK) {
		why->field = v.field;
		policy_words(why->words, &v);
		return BAD;
	}
	if (p.sequence >= r->attestation.sequence) {
		return bad(why, "day", "compared further than this signer had attested");
	}
	if (p.unapproved < b->ever - unapproved_after(w, signer, p.sequence)) {
		return bad(why, "day", "more left without approvals than was compared");
	}
	return GOOD;
}

/* Without approvals no more than the budget, by this signer's own count. */
static enum verdict judge_budget(const struct watch *w, unsigned signer, const struct record *r,
				 struct why *why)
{
	u128 outflow =
	    (u128)watch_judge_micro(&r->order.amount) + watch_judge_micro(&r->attempt.fee_inner) +
	    watch_judge_micro(&r->attempt.fee_outer) + watch_judge_micro(&r->attempt.fee_cosign);
	struct policy_verdict v =
	    policy_budget(r->policy, watch_judge_budget(w, signer, r).since, outflow);

	if (r->yes == 0 && v.err != ERR_OK) {
		why->field = v.field;
		policy_words(why->words, &v);
		return BAD;
	}
	return GOOD;
}

/* What this record was counted at; 0: its policy has no cap in yen. */
uint64_t watch_judge_price(const struct record *r)
{
	return r->policy->yen_count == 0 ? 0 : prices_highest(&r->said);
}

/*
 * Which source said each price.  The signer judged their age when it signed; if its clock has gone
 * back since its last record, this one is judged at that later time, and its prices move with it.
 */
static enum verdict judge_sources(const struct watch *w, unsigned signer, struct record *r,
				  struct policy_price prices[DOC_SOURCES_MAX], struct why *why)
{
	uint64_t later_ms = watch_judge_ms(w, signer, r) - moment_ms(w, signer, r);
	struct policy_verdict v = prices_judge(&r->said, r->roster, prices);

	if (v.err != ERR_OK) {
		why->field = v.field;
		policy_words(why->words, &v);
		return BAD;
	}
	for (size_t i = 0; i < r->said.n; i++) {
		prices[i].time_ms += later_ms;
	}
	return GOOD;
}

/*
 * The moment as long before t_ms as it is before now: windows and ends are judged as of when it was
 * signed, a wait by our own clocks as of today, so that what we heard of late is waited for.
 */
static struct policy_moment waited(const struct watch *w, struct policy_moment m, uint64_t t_ms)
{
	struct policy_time now = watch_self_now(w);
	uint64_t own_ms = now.own_ms > m.own_ms ? now.own_ms - m.own_ms : 0;
	uint32_t chain_s = now.chain_s > m.chain_s ? now.chain_s - m.chain_s : 0;
	uint32_t t_s = watch_judge_chain_s(t_ms);

	m.own_ms = t_ms > own_ms ? t_ms - own_ms : 0;
	m.chain_s = t_s > chain_s ? t_s - chain_s : 0;
	return m;
}

/* Since when the destination is listed. */
static struct policy_moment listed(const struct watch *w, const struct record *r, uint64_t t_ms)
{
	struct policy_moment m = control_listed(&w->control, &r->order.destination);

	/* the rules of then may have listed it; since when, is not kept of who is gone from there
	 */
	if (!m.known && r->policy != &w->policy) {
		return (struct policy_moment){ .known = true, .always = true };
	}
	return waited(w, m, t_ms);
}

/*
 * Refused.  If only because by our clocks something has not waited for long enough (a destination,
 * a grant), the signer's may be ahead of ours, or we heard of it later: officers have signed it all
 * the same.  And a signer whose stop log is not ours may know a grant that we do not know yet.
 */
static enum verdict judge_wait(struct watch *w, unsigned signer, struct record *r,
			       struct policy_question *q, const struct policy_verdict *first)
{
	static struct doc_grant grants[CONTROL_GRANTS_KEPT];
	const struct control_grants_ask ask = { .to = &r->order.destination,
						.at = &q->now,
						.late_ms = r->policy->clock_skew_ms,
						.waiting = true };
	bool unlisted = strcmp(first->field, "policy.unlisted_max") == 0;

	if (first->err != ERR_WAIT && !unlisted) {
		return BAD;
	}
	q->listed.always = q->listed.known;
	q->grants = grants;
	q->grants_n = control_grants(&w->control, &ask, grants);
	if (policy_judge(q).err == ERR_OK) {
		r->behind = !is_old(w, signer, r);
		return r->behind ? LATER : GOOD;
	}
	return unlisted && r->policy->grant_life_max_ms > 0 && w->signer[signer].differs &&
		       !is_old(w, signer, r)
		   ? LATER
		   : BAD;
}

static enum verdict judge_order(struct watch *w, unsigned signer, struct record *r,
				const struct policy_price *prices, uint64_t t_ms, struct why *why)
{
	static struct doc_grant grants[CONTROL_GRANTS_KEPT];
	/* each signer holds a price to the last one that it used itself */
	struct policy_history history = w->history;
	const struct watch_payment *known = watch_self_by_request(w, &r->order.request_id);
	const struct policy_entry dead =
	    known != NULL ? watch_judge_entry(known) : (struct policy_entry){ 0 };
	struct policy_question q = {
		.genesis = &w->genesis,
		.own = &w->policy_own,
		.policy = r->policy,
		.order = &r->order,
		.request = &r->request,
		.request_doc = &r->request_doc.id,
		.history = &history,
		.dead = &dead,
		.dead_n = known != NULL,
		/* the time lock is judged apart, by our own clocks: watch_order.c */
		.order_known = { .known = true },
		.prices = prices,
		.prices_n = r->said.n,
		.prices_needed = r->roster->prices_needed,
		.grants = grants,
		.listed = listed(w, r, t_ms),
		.now = { .own_ms = t_ms, .wall_ms = t_ms, .chain_s = watch_judge_chain_s(t_ms) },
		.said_ms = moment_ms(w, signer, r),
		.approvals = r->yes,
		.veto = r->veto,
	};
	const struct control_grants_ask ask = { .to = &r->order.destination,
						.at = &q.now,
						.late_ms = r->policy->clock_skew_ms };
	struct policy_verdict v;

	history.price = w->signer[signer].price;
	q.grants_n = control_grants(&w->control, &ask, grants);
	v = policy_judge(&q);
	if (v.err == ERR_OK) {
		return GOOD;
	}
	why->field = v.field;
	policy_words(why->words, &v);
	return v.err == ERR_FULL ? UNABLE : judge_wait(w, signer, r, &q, &v);
}

static enum verdict judge_payment(struct watch *w, unsigned signer, struct record *r,
				  struct why *why)
{
	uint64_t t_ms = watch_judge_ms(w, signer, r);
	const struct watch_payment *p = NULL;
	struct policy_price prices[DOC_SOURCES_MAX];
	bool backend = false;
	struct why rest = { "", "" };
	struct why other = { "", "" };
	enum verdict v, wait, earlier;

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
	if (v == GOOD) {
		v = judge_day(w, signer, r, t_ms, why);
	}
	if (v == GOOD) {
		v = judge_sources(w, signer, r, prices, why);
	}
	if (v != GOOD) {
		return v;
	}
	if (watch_stop_defied(w, signer, &r->order_doc.id, &r->order.request,
			      r->attestation.sequence)) {
		return bad(why, "approvals", "signed behind its own receipt of a person's no");
	}
	if (watch_judge_build(w, r)) {
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
		v = judge_budget(w, signer, r, why);
		return v == GOOD ? judge_data(w, signer, r, why) : v;
	}
	earlier = judge_earlier(w, r, why);
	if (earlier == BAD) {
		return BAD;
	}
	/* What is put off for our own chain's sake is good in everything else, or it is no such
	 * thing. */
	wait = judge_order(w, signer, r, prices, t_ms, &rest);
	if (wait != GOOD && wait != LATER) {
		*why = rest;
		return wait;
	}
	v = judge_budget(w, signer, r, &other);
	if (v == GOOD) {
		v = judge_attempt(w, signer, r, &other);
	}
	if (v == GOOD) {
		v = judge_data(w, signer, r, &other);
	}
	if (v != GOOD) {
		*why = other;
		return v;
	}
	if (wait == LATER) {
		*why = rest;
		return LATER;
	}
	r->behind = earlier == LATER;
	return earlier;
}

static enum verdict judge_sweep(struct watch *w, unsigned signer, struct record *r, struct why *why)
{
	uint64_t t_ms = watch_judge_ms(w, signer, r);
	struct policy_time at = { .own_ms = t_ms,
				  .wall_ms = t_ms,
				  .chain_s = watch_judge_chain_s(t_ms) };
	const struct watch_node *best = watch_self_best(w);
	struct policy_verdict v;

	if (!r->has_sweep || r->has_attempt || r->has_order || r->has_request || r->has_day ||
	    r->people.n > 0 || r->said.n > 0) {
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
	uint64_t skew_ms = w->policy.clock_skew_ms;
	uint64_t roster_ms = ended_ms(w, DOC_ROSTER, &t->roster);
	uint64_t policy_ms = ended_ms(w, DOC_POLICY, &t->policy);
	uint64_t ended = roster_ms < policy_ms ? roster_ms : policy_ms;
	bool found = watch_judge_rules(w, r, watch_judge_ms(w, signer, r));

	if (t->subject_type == DOC_SWEEP && (!found || ended == 0)) {
		/* what brings coins home does not wait for agreement on limits */
		r->roster = &w->roster;
		r->policy = &w->policy;
		return GOOD;
	}
	if (!found || ended == 0) {
		/* came into force while we were away, perhaps: others say so */
		watch_stop_ask(w, &t->roster);
		watch_stop_ask(w, &t->policy);
		(void)bad(why, roster_ms == 0 ? "attestation.roster" : "attestation.policy",
			  unknown);
		r->unruled = true;
		return watch_later_old(w, signer, &r->doc.id) ? BAD : LATER;
	}
	if (t->subject_type != DOC_SWEEP && ended != UINT64_MAX && t->time_ms > ended + skew_ms) {
		return bad(why, roster_ms < policy_ms ? "attestation.roster" : "attestation.policy",
			   "signed by rules that were over");
	}
	return GOOD;
}

enum verdict watch_judge_record(struct watch *w, unsigned signer, struct record *r, struct why *why)
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
	/* what is put off only for what is not to be seen here yet is kept as a payment */
	if (v != GOOD && !(v == LATER && r->behind)) {
		return v;
	}
	known = watch_self_by_inner(w, &r->payment.inner_hash);
	if (known != NULL && !hash32_eq(&known->subject, &r->attestation.subject)) {
		return bad(why, "attestation.inner_hash", "another order has this payment");
	}
	if (known != NULL && known->sequence[signer] != 0 && !known->sweep) {
		return bad(why, "attestation.subject", "attested by this signer before");
	}
	if (known == NULL && w->payments_n == w->config.storage.payments_cap) {
		return watch_judge_unable(why, "payments", "our table of payments is full");
	}
	return v;
}

/* ---- once more ----------------------------------------------------------------------------- */

/*
 * Only what was not to be seen here is asked again; all else was judged when it was put off.  What
 * officers have signed and by our clocks was too early is good in the end.
 */
enum verdict watch_judge_behind(struct watch *w, unsigned signer, struct record *r, struct why *why)
{
	struct policy_price prices[DOC_SOURCES_MAX];
	struct why ignored;
	enum verdict v = judge_earlier(w, r, why);

	if (v != GOOD || is_old(w, signer, r)) {
		return v;
	}
	return judge_sources(w, signer, r, prices, &ignored) == GOOD &&
		       judge_order(w, signer, r, prices, watch_judge_ms(w, signer, r), &ignored) ==
			   GOOD
		   ? GOOD
		   : LATER;
}
