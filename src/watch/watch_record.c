/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_record.c - what signers say they signed: judged (watch_judge.c), journalled, put off,
 * acknowledged.  Next: watch_feed.c, which fetches it.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "ipc/frame.h"
#include "watch/watch_judge.h"

enum { AGAIN_PAUSE_MS = 20 }; /* between two looks at what is put off */

/* ---- keeping ------------------------------------------------------------------------------- */

/* Room for one more: the oldest goes, one that has our word if there is any. */
static void forget_recent(struct watch_signer *k)
{
	size_t at = 0;

	while (at < k->recent_n && !k->recent[at].acked) {
		at++;
	}
	at = at < k->recent_n ? at : 0;
	k->recent_n--;
	memmove(k->recent + at, k->recent + at + 1, (k->recent_n - at) * sizeof k->recent[0]);
}

static void remember(struct watch_signer *k, const struct record *r, uint32_t payment)
{
	if (k->recent_n == WATCH_RECENT) {
		forget_recent(k);
	}
	k->recent[k->recent_n++] =
	    (struct watch_recent){ .id = r->doc.id,
				   .sequence = r->attestation.sequence,
				   .order = r->order_doc.id,
				   .request = r->order.request,
				   .payment = payment,
				   .sweep = r->attestation.subject_type == DOC_SWEEP };
	if ((r->taken & WATCH_TAKEN_PAST) != 0) {
		return; /* those before it are still to come */
	}
	if (r->attestation.time_ms > k->held_time_ms) {
		k->held_time_ms = r->attestation.time_ms;
	}
	/* The newest that was ever held is what heartbeats show, whatever a rewound one says. */
	if (r->attestation.sequence > k->held_sequence) {
		k->held_sequence = r->attestation.sequence;
		k->held_head = r->attestation.head;
		k->held_id = r->doc.id;
	}
	if (r->attestation.subject_type == DOC_ATTEMPT &&
	    r->attestation.sequence > k->paid_sequence) {
		k->paid_sequence = r->attestation.sequence;
		k->paid_head = r->attestation.head;
		k->paid_id = r->doc.id;
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

/*
 * The other signer counted it at another price.  Each keeps its sums by its own prices; ours must
 * not be above those of either, or an honest signer would seem to have passed a cap.
 */
static enum err count_lower(struct watch *w, struct watch_payment *p, uint64_t price)
{
	struct policy_entry entry = watch_judge_entry(p);

	if (p->dead || price >= p->entry_price) {
		return ERR_OK; /* a dead one counts no more, or will not */
	}
	policy_history_forget(&w->history, &entry);
	p->entry_price = price;
	entry = watch_judge_entry(p);
	return policy_history_add(&w->history, &entry);
}

/* This signer's day, if there is one, and then its payment without approvals. */
static void count_budget(struct watch *w, unsigned signer, const struct record *r,
			 struct watch_payment *p)
{
	struct day_budget *b = &w->signer[signer].budget;

	*b = watch_judge_budget(w, signer, r);
	if (r->yes == 0 && p->sequence[signer] == 0) {
		p->unapproved |= (uint8_t)(1u << signer);
		day_count(b, p->outflow_micro);
	}
}

/* The tables' part, used alike when an attestation is judged good and when it is replayed. */
static enum err keep(struct watch *w, unsigned signer, struct record *r)
{
	struct watch_payment *p = watch_self_by_inner(w, &r->payment.inner_hash);
	uint64_t t_ms = watch_judge_ms(w, signer, r);
	struct watch_payment fresh;
	struct nem_address account;
	int own;

	if (p == NULL) {
		bool sweep = r->attestation.subject_type == DOC_SWEEP;
		const struct money *amount = sweep ? &r->sweep.amount : &r->order.amount;
		uint64_t fees = sweep ? watch_judge_micro(&r->sweep.fee_inner) +
					    watch_judge_micro(&r->sweep.fee_outer) +
					    watch_judge_micro(&r->sweep.fee_cosign)
				      : watch_judge_micro(&r->attempt.fee_inner) +
					    watch_judge_micro(&r->attempt.fee_outer) +
					    watch_judge_micro(&r->attempt.fee_cosign);

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
		fresh.amount_micro = watch_judge_micro(amount);
		fresh.outflow_micro = fresh.amount_micro + fees;
		fresh.own = (uint8_t)own;
		fresh.deadline_nem_s =
		    (uint32_t)(sweep ? r->sweep.deadline_nem_s : r->attempt.deadline_nem_s);
		fresh.sweep = sweep;
		if (!sweep) {
			struct watch_payment *before =
			    watch_self_by_request(w, &r->order.request_id);
			struct policy_entry entry;

			/* an order counts once: its dead attempts have made room */
			if (before != NULL) {
				const struct policy_entry dead = watch_judge_entry(before);

				policy_history_forget(&w->history, &dead);
			}
			fresh.request_id = r->order.request_id;
			fresh.entry_own_ms = t_ms - watch_judge_grace_ms(w);
			fresh.entry_chain_s = watch_judge_chain_s(fresh.entry_own_ms);
			fresh.entry_price = watch_judge_price(r);
			fresh.approvals = r->yes;
			entry = watch_judge_entry(&fresh);
			fresh.number = (uint8_t)r->attempt.number;
			if (policy_history_add(&w->history, &entry) != ERR_OK) {
				return ERR_FULL;
			}
		}
		p = watch_self_keep(w, &fresh);
		if (p == NULL) {
			return ERR_FULL;
		}
		p->late = (r->taken & WATCH_TAKEN_BEHIND) != 0;
		if (!p->late) {
			bury(w, r);
		}
		if ((r->taken & WATCH_TAKEN_EARLY) != 0) {
			watch_order_hold(w, p, &r->order_doc.id, &r->order, r->policy);
		}
	} else if (!p->sweep && count_lower(w, p, watch_judge_price(r)) != ERR_OK) {
		return ERR_FULL;
	}
	if (!p->sweep && watch_judge_price(r) != 0) {
		w->signer[signer].price = (struct policy_last_price){
			.price = watch_judge_price(r),
			.own_ms = t_ms - watch_judge_grace_ms(w),
			.chain_s = watch_judge_chain_s(t_ms - watch_judge_grace_ms(w)),
		};
	}
	for (unsigned i = 0; !p->sweep && p->sequence[signer] == 0 && i < w->config.nodes; i++) {
		w->node[i].promised[signer][p->own] += p->seen[i] == 0 ? p->outflow_micro : 0;
	}
	if (!p->sweep) {
		count_budget(w, signer, r, p);
	}
	/* a sweep that a signer without memory signed again: the first is what it has to get back
	 */
	if (p->sequence[signer] < r->attestation.sequence) {
		p->sequence[signer] = r->attestation.sequence;
		p->batch_n[signer] = 0;
	}
	p->attestation[signer] = r->doc.id;
	remember(&w->signer[signer], r, 1 + (uint32_t)(p - w->config.storage.payments));
	return ERR_OK;
}

/* What is put off, with its place among the payments if it has one. */
static void later_keep(struct watch *w, unsigned signer, const struct record *r,
		       const struct bytes *items, size_t n)
{
	const struct watch_payment *p = watch_self_by_inner(w, &r->payment.inner_hash);
	bool kept = (r->taken & WATCH_TAKEN_BEHIND) != 0;
	const struct watch_later one = {
		.id = r->doc.id,
		.inner_hash = r->attestation.inner_hash,
		.sequence = r->attestation.sequence,
		.mono_ms = w->mono_ms,
		.payment = kept ? 1 + (uint32_t)(p - w->config.storage.payments) : 0,
		.rules = r->unruled,
	};

	watch_later_keep(w, signer, &one, items, n);
	if (w->signer[signer].cursor < r->attestation.sequence) {
		w->signer[signer].cursor = r->attestation.sequence;
	}
}

/* What was judged before it was written: rules, payment, people. */
static bool read_again(struct watch *w, unsigned signer, struct record *r)
{
	if ((!watch_judge_rules(w, r, watch_judge_ms(w, signer, r)) &&
	     r->attestation.subject_type != DOC_SWEEP) ||
	    !watch_judge_build(w, r)) {
		return false;
	}
	/* who they are was judged */
	for (size_t i = 0; i < r->people.n; i++) {
		r->yes += r->people.one[i].said.decision == DOC_DECISION_YES;
	}
	return true;
}

/* Where it is read back: the batch of these bytes at this offset. */
static void place(struct watch *w, unsigned signer, const struct record *r, uint64_t at,
		  uint32_t bytes)
{
	struct watch_payment *p = watch_self_by_inner(w, &r->attestation.inner_hash);
	struct watch_later *one = watch_later_find(w, signer, &r->doc.id);

	if (p != NULL && p->sequence[signer] == r->attestation.sequence &&
	    p->batch_n[signer] == 0) {
		p->batch_at[signer] = at;
		p->batch_n[signer] = bytes;
	}
	if (one != NULL) {
		one->batch_at = at;
		one->batch_n = bytes;
	}
}

enum err watch_record_replay(struct watch *w, unsigned signer, unsigned taken,
			     const struct bytes *items, size_t n, uint32_t batch)
{
	static struct record r;
	bool whole = (taken & WATCH_TAKEN_WHOLE) != 0;
	size_t bytes = 0;
	struct why why;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n; i++) {
		bytes += FRAME_ITEM_HEADER_BYTES + items[i].n;
	}
	if (watch_judge_read(w, &r, items, n, &why) != GOOD ||
	    r.attestation.signer != (enum doc_signer)signer ||
	    (r.attestation.sequence <= w->signer[signer].held_sequence &&
	     r.attestation.subject_type != DOC_SWEEP) ||
	    ((taken & (WATCH_TAKEN_WHOLE | WATCH_TAKEN_BEHIND)) != 0 &&
	     !watch_later_room(w, signer, bytes)) ||
	    (!whole && !read_again(w, signer, &r))) {
		return ERR_CORRUPT;
	}
	r.taken = taken;
	if (!whole) {
		e = keep(w, signer, &r);
	}
	if (e == ERR_OK && (taken & (WATCH_TAKEN_WHOLE | WATCH_TAKEN_BEHIND)) != 0) {
		later_keep(w, signer, &r, items, n);
	}
	if (e == ERR_OK) {
		place(w, signer, &r, w->journal_used, batch);
	}
	return e;
}

/*
 * Over: what was put off is good and counts from now on as taken says, or it is not.  Used alike
 * when it is judged and when that is replayed; r was read again.
 */
static enum err later_end(struct watch *w, unsigned signer, struct record *r, bool good,
			  struct watch_later *one)
{
	enum err e = ERR_OK;

	if (one->payment != 0) {
		struct watch_payment *p = &w->config.storage.payments[one->payment - 1];

		p->late = false;
		p->dead = p->dead || !good;
		if (good) {
			bury(w, r);
		}
	} else if (good) {
		e = keep(w, signer, r);
	}
	if (e != ERR_OK) {
		return e;
	}
	one = watch_later_find(w, signer, &r->doc.id);
	CHECK(one != NULL);
	place(w, signer, r, one->batch_at, one->batch_n);
	if (good && one->payment == 0 && (r->taken & WATCH_TAKEN_BEHIND) != 0) {
		const struct watch_payment *p = watch_self_by_inner(w, &r->payment.inner_hash);

		/* judged now, and put off once more: for less than before */
		one->payment = 1 + (uint32_t)(p - w->config.storage.payments);
		one->mono_ms = w->mono_ms;
		return ERR_OK;
	}
	watch_later_drop(w, signer, one);
	return ERR_OK;
}

enum err watch_record_replay_later(struct watch *w, const struct log_record *rec)
{
	static struct record r;
	struct bytes items[FRAME_ITEMS_MAX];
	unsigned signer = rec->debit.b[0];
	struct watch_later *one;
	struct why why;
	bool good = rec->debit.b[1] == 1;

	if (signer >= DOC_SIGNERS || rec->debit.b[1] < 1 || rec->debit.b[1] > 2 ||
	    rec->debit.b[2] > (WATCH_TAKEN_EARLY | WATCH_TAKEN_BEHIND)) {
		return ERR_CORRUPT;
	}
	one = watch_later_named(w, signer, &rec->id);
	if (one == NULL ||
	    watch_judge_read(w, &r, items, watch_later_items(w, signer, one, items), &why) !=
		GOOD ||
	    (good && !read_again(w, signer, &r))) {
		return ERR_CORRUPT;
	}
	r.taken = rec->debit.b[2];
	return later_end(w, signer, &r, good, one);
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
	attest.debit.b[1] = (uint8_t)r->taken;
	return watch_self_add(w, b, &attest, &items[0]);
}

/* What was put off is over; its documents stand in the journal already. */
static void over_fill(struct watch *w, struct log_batch *b, unsigned signer, const struct record *r,
		      bool good)
{
	struct log_record over = { .kind = LOG_WATCH_LATER,
				   .id = watch_self_short(&r->doc.id),
				   .amount = r->attestation.sequence };

	over.debit.b[0] = (uint8_t)signer;
	over.debit.b[1] = good ? 1 : 2;
	over.debit.b[2] = good ? (uint8_t)r->taken : 0;
	watch_self_begin(w, b);
	CHECK(watch_self_add(w, b, &over, NULL) == ERR_OK);
}

static const struct watch_payment *payment_of(const struct watch *w, const struct watch_recent *one)
{
	return one->payment == 0 ? NULL : &w->config.storage.payments[one->payment - 1];
}

/* Its payment is kept and not acknowledged yet. */
static bool is_waiting(const struct watch *w, const struct watch_recent *one)
{
	const struct watch_payment *p = payment_of(w, one);

	return p != NULL && (p->early || p->late);
}

/*
 * It gets no word for good: a person's no is never taken back, and what was judged bad after it was
 * put off, or has a later attempt in its place, stays dead.
 */
static bool is_over(const struct watch *w, const struct watch_recent *one)
{
	const struct watch_payment *p = payment_of(w, one);

	return (p != NULL && p->dead) ||
	       (!one->sweep && control_said_no(&w->control, &one->order, &one->request));
}

void watch_record_ack_send(struct watch *w, struct watch_signer *k, struct watch_recent *one,
			   struct effects *out)
{
	struct doc_ack ack = { .attestation = one->id,
			       .genesis = w->genesis_id,
			       .time_ms = w->wall_ms };
	struct writer text = writer_make(w->text, sizeof w->text);
	struct bytes item;

	/*
	 * P5: an acknowledgement releases a signature.  Who holds a freeze gives none for a
	 * payment, and who holds a person's no none for that one, so that a stop which the signer
	 * has not heard of yet binds it all the same.
	 */
	if ((!one->sweep && watch_frozen(w)) || is_waiting(w, one) || !watch_stands(w)) {
		return;
	}
	one->acked = true;
	if (is_over(w, one)) {
		return;
	}
	(void)snprintf(ack.watcher, sizeof ack.watcher, "%s", w->config.watcher);
	CHECK(doc_ack_make(&text, NULL, &ack, w->config.freeze_secret) == ERR_OK);
	item = bytes_of(text.p, text.n);
	watch_self_send(w, k->channel, SIGNER_ACK, one->sequence, &item, 1, out);
}

/* The same, of what may be remembered as recent or not: then this is said now or not at all. */
static void say(struct watch *w, struct watch_signer *k, struct watch_recent *one,
		struct effects *out)
{
	for (size_t i = 0; i < k->recent_n; i++) {
		if (hash32_eq(&k->recent[i].id, &one->id)) {
			k->recent[i].acked = false;
			one = &k->recent[i];
		}
	}
	watch_record_ack_send(w, k, one, out);
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

/* How a payment that was judged is taken: what waits here already, the other word waits with. */
static void taken_find(struct watch *w, struct record *r, bool behind, struct effects *out)
{
	const struct watch_payment *p = watch_self_by_inner(w, &r->payment.inner_hash);
	bool early =
	    p != NULL ? p->early : watch_order_waits(w, &r->order_doc, &r->order, r->policy, out);

	r->taken |= early ? WATCH_TAKEN_EARLY : 0;
	r->taken |= behind ? WATCH_TAKEN_BEHIND : 0;
}

static void later_note(struct watch *w, unsigned signer, const struct record *r,
		       const struct why *why, struct effects *out)
{
	w->not_acked++;
	effects_note(out, "unusual put_off signer=%c sequence=%llu field=%s words=\"%s\"",
		     "ab"[signer], (unsigned long long)r -> attestation.sequence, why->field,
		     why->words);
}

/*
 * No crime: one of the clocks is wrong, or our chain or rules are behind those of others.  It is
 * kept and journalled, nothing behind it waits, and it is judged again until they agree.  What was
 * not judged is told twice before it counts, as in step_over().
 */
static void put_off(struct watch *w, unsigned signer, struct record *r, const struct bytes *items,
		    size_t n, const struct why *why, struct effects *out)
{
	struct watch_signer *k = &w->signer[signer];
	struct log_batch b;
	size_t bytes = 0;
	uint64_t before;

	for (size_t i = 0; i < n; i++) {
		bytes += FRAME_ITEM_HEADER_BYTES + items[i].n;
	}
	if ((r->taken & WATCH_TAKEN_PAST) != 0) {
		return; /* it comes again in its turn */
	}
	if (!watch_later_room(w, signer, bytes)) {
		if (k->peek == 0) {
			later_note(w, signer, r, why, out);
		}
		k->peek = r->attestation.sequence;
		k->peek_needs = bytes;
		return;
	}
	if (!hash32_eq(&k->later_id, &r->doc.id)) {
		k->later_id = r->doc.id;
		return;
	}
	if (r->behind) {
		taken_find(w, r, true, out);
	} else {
		r->taken |= WATCH_TAKEN_WHOLE;
	}
	if (batch_fill(w, &b, signer, r, items, n) != ERR_OK ||
	    (r->behind && keep(w, signer, r) != ERR_OK)) {
		struct why no = { "journal", "no room to put it off" };

		if (step_over(w, signer, r)) {
			refuse_record(w, signer, r, UNABLE, &no, out);
		}
		return;
	}
	before = w->journal_used;
	watch_self_commit(w, &b, out);
	later_keep(w, signer, r, items, n);
	place(w, signer, r, before, (uint32_t)(w->journal_used - before));
	later_note(w, signer, r, why, out);
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

/* On with what comes behind this number, which was taken, or is left for its turn. */
static void passed(struct watch_signer *k, uint64_t sequence)
{
	uint64_t *up_to = k->peek != 0 ? &k->peek : &k->cursor;

	if (*up_to < sequence && (k->peek == 0 || sequence <= k->newest)) {
		*up_to = sequence;
	}
}

/* For watch_recent: where the payment of this record stands. */
static uint32_t place_of(const struct watch *w, const struct record *r)
{
	const struct watch_payment *p = watch_self_by_inner(w, &r->attestation.inner_hash);

	return p == NULL ? 0 : 1 + (uint32_t)(p - w->config.storage.payments);
}

/* Durable; what follows from what is judged good. */
static void follow_up(struct watch *w, unsigned signer, const struct record *r,
		      struct watch_recent *one, struct effects *out)
{
	struct watch_signer *k = &w->signer[signer];
	bool waits = is_waiting(w, one);

	w->acks += !waits;
	w->not_acked += waits;
	if ((r->taken & WATCH_TAKEN_EARLY) != 0) {
		effects_note(
		    out, "unusual early signer=%c sequence=%llu: the time lock is not over here",
		    "ab"[signer], (unsigned long long)r -> attestation.sequence);
	}
	if (k->up) {
		watch_record_ack_send(w, k, one, out);
	}
	for (size_t i = 0; i < r->freezes_n; i++) {
		watch_stop_offer(w, r->freezes[i], out);
	}
	if (r->closing.n > 0) {
		watch_closing_offer(w, r->closing, out);
	}
	if (r->attestation.subject_type == DOC_SWEEP) {
		watch_sweep_adopt(w, r->sweep_doc.raw);
	} else if (w->control.binding > 0) {
		watch_stop_weigh(w, out); /* it may explain what a freeze of ours shows */
	}
}

/* The documents are there and were not judged before, or told again after they were refused. */
static void judge_new(struct watch *w, unsigned signer, struct record *r, const struct bytes *items,
		      size_t n, struct effects *out)
{
	struct watch_signer *k = &w->signer[signer];
	struct why why = { "", "" };
	struct log_batch b;
	enum verdict v;
	uint64_t before;

	v = (w->config.planted & WATCH_PLANT_ACK_BEFORE_JUDGE) != 0 && watch_judge_build(w, r) &&
		    watch_judge_rules(w, r, watch_judge_ms(w, signer, r)) &&
		    watch_self_by_inner(w, &r->payment.inner_hash) == NULL &&
		    watch_self_by_request(w, &r->order.request_id) == NULL
		? GOOD
		: watch_judge_record(w, signer, r, &why);
	if (v == LATER) {
		put_off(w, signer, r, items, n, &why, out);
		return;
	}
	if (v == GOOD && r->has_order) {
		taken_find(w, r, false, out);
	}
	if (v == GOOD && batch_fill(w, &b, signer, r, items, n) != ERR_OK) {
		v = watch_judge_unable(&why, "journal", "does not fit into a batch");
	}
	if (v == GOOD && keep(w, signer, r) != ERR_OK) {
		v = watch_judge_unable(&why, "payments", "no room to remember it");
	}
	if (v == GOOD) {
		/* Durable first: an acknowledgement says "I judged this and hold it". */
		before = w->journal_used;
		watch_self_commit(w, &b, out);
		place(w, signer, r, before, (uint32_t)(w->journal_used - before));
		follow_up(w, signer, r, &k->recent[k->recent_n - 1], out);
	} else if (k->peek != 0 || step_over(w, signer, r)) {
		refuse_record(w, signer, r, v, &why, out);
	}
}

/* An attestation with its documents arrived.  body: the items behind the nonce. */
void watch_record_take(struct watch *w, unsigned signer, struct bytes body, struct effects *out)
{
	static struct record r;
	struct watch_signer *k = &w->signer[signer];
	struct bytes items[FRAME_ITEMS_MAX];
	struct why why = { "", "" };
	size_t n = 0;

	if (frame_items_all(body, items, FRAME_ITEMS_MAX, &n) != ERR_OK) {
		n = 0;
	}
	if (watch_judge_read(w, &r, items, n, &why) != GOOD) {
		if (step_over(w, signer, &r)) {
			refuse_record(w, signer, &r, BAD, &why, out);
		}
		return;
	}
	if (known_good(w, signer, &r)) {
		struct watch_recent again = {
			.id = r.doc.id,
			.sequence = r.attestation.sequence,
			.payment = place_of(w, &r),
			.order = r.order_doc.id,
			.request = r.order.request,
			.sweep = r.attestation.subject_type == DOC_SWEEP,
		};

		/* Told again: the signer did not hear our acknowledgement. */
		passed(k, r.attestation.sequence);
		say(w, k, &again, out);
		return;
	}
	if (watch_later_find(w, signer, &r.doc.id) != NULL) {
		passed(k, r.attestation.sequence);
		return;
	}
	if (k->peek != 0 && r.attestation.subject_type != DOC_SWEEP) {
		passed(k, r.attestation.sequence); /* it comes again in its turn */
		return;
	}
	r.taken = k->peek != 0 ? WATCH_TAKEN_PAST : 0;
	judge_new(w, signer, &r, items, n, out);
	if (k->peek != 0) {
		passed(k, r.attestation.sequence);
	}
}

/* One record that is put off. */
static void again(struct watch *w, unsigned signer, struct watch_later *one, struct effects *out)
{
	static struct record r;
	static uint8_t copy[FRAME_BODY_MAX]; /* it outlives its place in the table */
	struct watch_signer *k = &w->signer[signer];
	struct bytes items[FRAME_ITEMS_MAX];
	struct why why = { "", "" };
	uint32_t payment = one->payment;
	struct log_batch b;
	enum verdict v;
	size_t n = 0;

	CHECK(one->n <= sizeof copy);
	memcpy(copy, k->later_bytes + one->at, one->n);
	CHECK(frame_items_all(bytes_of(copy, one->n), items, FRAME_ITEMS_MAX, &n) == ERR_OK);
	CHECK(watch_judge_read(w, &r, items, n, &why) == GOOD);
	if (payment != 0) {
		CHECK(read_again(w, signer, &r));
		v = watch_judge_behind(w, signer, &r, &why);
	} else {
		v = watch_judge_record(w, signer, &r, &why);
	}
	if (v == LATER && r.future && k->peek != 0 && watch_later_old(w, signer, &r.doc.id)) {
		v = UNABLE; /* a clock is wrong for longer than anything else may wait: no room */
	}
	one->rules = r.unruled;
	if (v == LATER && !(payment == 0 && r.behind)) {
		return;
	}
	if (payment == 0 && (v == GOOD || v == LATER) && r.has_order) {
		taken_find(w, &r, v == LATER, out);
	}
	if (v == BAD || v == UNABLE) {
		/* the crime first: cut off in between, it is judged and called again */
		refuse_record(w, signer, &r, v, &why, out);
	} else if (payment != 0) {
		/* the word first: cut off in between, it is given again */
		struct watch_payment *p = &w->config.storage.payments[payment - 1];
		struct watch_early both = { .payment = payment - 1,
					    .order = r.order_doc.id,
					    .request = r.order.request };

		p->late = false;
		if (!p->early && !p->dead) {
			watch_record_ack(w, &both, out);
		}
	}
	over_fill(w, &b, signer, &r, v == GOOD || v == LATER);
	if (later_end(w, signer, &r, v == GOOD || v == LATER, one) != ERR_OK) {
		v = watch_judge_unable(&why, "payments", "no room to remember it");
		refuse_record(w, signer, &r, v, &why, out);
		over_fill(w, &b, signer, &r, false);
		CHECK(later_end(w, signer, &r, false, one) == ERR_OK);
	}
	watch_self_commit(w, &b, out);
	if (payment == 0 && (v == GOOD || v == LATER)) {
		follow_up(w, signer, &r, &k->recent[k->recent_n - 1], out);
	}
}

void watch_record_again(struct watch *w, struct effects *out)
{
	for (unsigned s = 0; s < DOC_SIGNERS; s++) {
		struct watch_signer *k = &w->signer[s];

		if (k->later_n == 0 || w->mono_ms - k->later_mono_ms < AGAIN_PAUSE_MS ||
		    effects_free(out) <= 32) {
			continue;
		}
		k->later_mono_ms = w->mono_ms;
		k->later_next = k->later_next < k->later_n ? k->later_next : 0;
		again(w, s, &k->later[k->later_next++], out);
	}
}

void watch_record_ack(struct watch *w, const struct watch_early *early, struct effects *out)
{
	const struct watch_payment *p = &w->config.storage.payments[early->payment];

	for (unsigned i = 0; i < DOC_SIGNERS; i++) {
		struct watch_recent one = { .id = p->attestation[i],
					    .sequence = p->sequence[i],
					    .order = early->order,
					    .request = early->request };

		if (one.sequence != 0) {
			w->acks++;
			if (w->signer[i].up) {
				say(w, &w->signer[i], &one, out);
			}
		}
	}
}

void watch_record_ack_owed(struct watch *w, struct watch_early *early, struct effects *out)
{
	const struct watch_payment *p = &w->config.storage.payments[early->payment];

	for (unsigned i = 0; i < DOC_SIGNERS && watch_stands(w); i++) {
		struct watch_recent one = { .id = p->attestation[i],
					    .sequence = p->sequence[i],
					    .order = early->order,
					    .request = early->request };
		uint8_t bit = (uint8_t)(1u << i);

		if ((early->owed & bit) != 0 && (early->said & bit) == 0 && w->signer[i].up &&
		    ((early->again & bit) == 0 || w->mono_ms >= w->signer[i].acks_mono_ms)) {
			early->said |= bit;
			say(w, &w->signer[i], &one, out);
		}
	}
}
