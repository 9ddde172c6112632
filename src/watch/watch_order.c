/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_order.c - orders that are known before they are to be signed, and acknowledgements that
 * wait until a time lock is over by our own clocks (policy/known.h, docs/decisions/0019).
 *
 * A signer counts from when it was told, we from when we were: that both were told at once is the
 * server's doing, whom nobody believes.  So what is early here is no crime of the signer.  It is
 * kept, explains what is seen on the chain, and is acknowledged later.
 */
#include <stdio.h>

#include "base/check.h"
#include "ipc/frame.h"
#include "watch/watch_self.h"

/* The decoded ORDER. */
struct told {
	struct doc request_doc, order_doc;
	struct doc_request request;
	struct doc_order order;
};

/* Why not; field and words are static, or of the verdict. */
struct no {
	enum err err;
	const char *field;
	char words[POLICY_WORDS_MAX];
};

static enum err no_say(struct no *no, enum err e, const char *field, const char *words)
{
	no->err = e;
	no->field = field;
	(void)snprintf(no->words, sizeof no->words, "%s", words);
	return e;
}

static enum err told_read(const struct watch *w, struct told *t, struct bytes body, struct no *no)
{
	struct bytes items[2];
	size_t n = 0;

	if (frame_items_all(body, items, 2, &n) != ERR_OK || n != 2) {
		return no_say(no, ERR_INPUT, "body", "a request and an order are expected");
	}
	if (doc_open(&t->request_doc, items[0], &w->genesis_id, NULL) != ERR_OK ||
	    t->request_doc.type != DOC_REQUEST ||
	    doc_request_read(&t->request_doc, &t->request, NULL) != ERR_OK) {
		return no_say(no, ERR_INPUT, "request", "not a request of this genesis");
	}
	if (doc_open(&t->order_doc, items[1], &w->genesis_id, NULL) != ERR_OK ||
	    t->order_doc.type != DOC_ORDER ||
	    doc_order_read(&t->order_doc, &t->order, NULL) != ERR_OK) {
		return no_say(no, ERR_INPUT, "order", "not an order of this genesis");
	}
	for (size_t i = 0; i < w->roster.backend_count; i++) {
		if (doc_signed_by(&t->request_doc, &w->roster.backends[i].key)) {
			return ERR_OK;
		}
	}
	return no_say(no, ERR_SIGNATURE, "request.signatures",
		      "no back end of the roster signed it");
}

/* It is what the back end asked for, and its time is not over. */
static enum err told_judge(const struct watch *w, const struct told *t, struct no *no)
{
	const struct policy_question q = {
		.genesis = &w->genesis,
		.own = &w->policy_own,
		.policy = &w->policy,
		.order = &t->order,
		.request = &t->request,
		.request_doc = &t->request_doc.id,
		.now = watch_self_now(w),
	};
	struct policy_verdict v = policy_order(&q);

	if (q.now.chain_s == 0) {
		return no_say(no, ERR_STALE, "nodes",
			      "no node tells us the chain: without its clock no time lock begins");
	}
	if (v.err != ERR_OK) {
		no->err = v.err;
		no->field = v.field;
		policy_words(no->words, &v);
	}
	return v.err;
}

/* Known from now on, durably.  ERR_ONCE, ERR_FULL, ERR_STALE: no chain tells the time. */
static enum err learn(struct watch *w, const struct doc *d, const struct doc_order *order,
		      struct effects *out)
{
	const struct policy_time now = watch_self_now(w);
	struct log_record r = { .kind = LOG_WATCH_ORDER,
				.id = watch_self_short(&d->id),
				.ref = order->request_id };
	const struct known_order one = { .request = r.ref,
					 .order = r.id,
					 .expires_ms = order->expires_ms,
					 .own_ms = now.own_ms,
					 .time_ms = w->wall_ms,
					 .sequence = w->chain.next_sequence,
					 .chain_s = now.chain_s };
	struct log_batch b;
	enum err e = now.chain_s == 0 ? ERR_STALE : known_learn(&w->orders, &one);

	if (e != ERR_OK) {
		return e;
	}
	le32_put(r.debit.b, now.chain_s);
	watch_self_begin(w, &b);
	CHECK(watch_self_add(w, &b, &r, &d->raw) == ERR_OK);
	watch_self_commit(w, &b, out);
	return ERR_OK;
}

void watch_order_told(struct watch *w, const struct event *event, struct effects *out)
{
	static struct told t; /* large */
	const struct known_order *one = NULL;
	struct no no;
	struct id128 order;
	enum err e = told_read(w, &t, event->body, &no);

	if (e == ERR_OK) {
		order = watch_self_short(&t.order_doc.id);
		one = known_find(&w->orders, &t.order.request_id, &order);
	}
	if (e == ERR_OK && one == NULL) {
		e = told_judge(w, &t, &no);
		if (e == ERR_OK) {
			e = learn(w, &t.order_doc, &t.order, out);
			(void)no_say(&no, e, "order", "the memory of orders is full");
		}
		one = known_find(&w->orders, &t.order.request_id, &order);
	}
	if (e != ERR_OK) {
		watch_self_refuse(w, event, no.err, no.field, no.words, out);
		return;
	}
	watch_stop_receipt(w, event, &t.order_doc.id, one->sequence, one->time_ms, out);
}

enum err watch_order_replay(struct watch *w, const struct log_record *r, uint64_t sequence,
			    struct bytes blob)
{
	struct known_order one = { .request = r->ref,
				   .order = r->id,
				   .own_ms = r->time_ms,
				   .time_ms = r->time_ms,
				   .sequence = sequence,
				   .chain_s = le32_get(r->debit.b) };
	struct doc_order order;
	struct id128 id;
	struct doc d;

	if (doc_open(&d, blob, &w->genesis_id, NULL) != ERR_OK || d.type != DOC_ORDER ||
	    doc_order_read(&d, &order, NULL) != ERR_OK) {
		return ERR_CORRUPT;
	}
	id = watch_self_short(&d.id);
	if (!id128_eq(&id, &r->id) || !id128_eq(&order.request_id, &r->ref)) {
		return ERR_CORRUPT;
	}
	one.expires_ms = order.expires_ms;
	return known_learn(&w->orders, &one) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

/* ---- acknowledgements that wait ------------------------------------------------------------ */

static bool is_over(const struct watch *w, const struct id128 *request, const struct id128 *order,
		    uint64_t delay_ms)
{
	const struct policy_moment m = known_since(&w->orders, request, order);
	const struct policy_time now = watch_self_now(w);

	return policy_since_ms(&m, &now) >= delay_ms;
}

bool watch_order_waits(struct watch *w, const struct doc *d, const struct doc_order *order,
		       const struct doc_policy *policy, struct effects *out)
{
	const struct doc_tier *tier;
	struct id128 id = watch_self_short(&d->id);

	if (policy_tier_find(&tier, policy, &order->amount) != ERR_OK || tier->delay_ms == 0) {
		return false;
	}
	if (known_find(&w->orders, &order->request_id, &id) == NULL) {
		/* the server told the signer and not us: it counts from now, or, with no room,
		 * never */
		(void)!learn(w, d, order, out);
	}
	return !is_over(w, &order->request_id, &id, tier->delay_ms);
}

/* No word on it is of use any more: it is in a block or never will be. */
static bool is_past(const struct watch *w, const struct watch_early *one, uint32_t now_nem_s)
{
	const struct watch_payment *p = &w->config.storage.payments[one->payment];

	return p->settled || p->dead || p->deadline_nem_s < now_nem_s;
}

/*
 * Room for one more: the oldest that is past, which some never leave otherwise (an order that was
 * never known here has no lock that ends), and all of a journal that is read again.  If there is
 * none, the oldest whose lock is over, whatever signer has not answered.
 */
static void make_room(struct watch *w, uint32_t now_nem_s)
{
	size_t at = 0;

	while (at < w->early_n && !is_past(w, &w->early[at], now_nem_s)) {
		at++;
	}
	for (size_t i = 0; at == w->early_n && i < w->early_n; i++) {
		at = w->early[i].over ? i : at;
	}
	if (at < w->early_n) {
		w->early_n--;
		memmove(w->early + at, w->early + at + 1, (w->early_n - at) * sizeof w->early[0]);
	}
}

void watch_order_hold(struct watch *w, struct watch_payment *p, const struct hash32 *id,
		      const struct doc_order *order, const struct doc_policy *policy)
{
	const struct doc_tier *tier;

	p->early = true;
	if (w->early_n == WATCH_EARLY_MAX) {
		make_room(w, p->entry_chain_s);
	}
	if (w->early_n == WATCH_EARLY_MAX ||
	    policy_tier_find(&tier, policy, &order->amount) != ERR_OK) {
		return; /* it explains what is seen, and is never acknowledged by us */
	}
	w->early[w->early_n++] = (struct watch_early){
		.payment = (uint32_t)(p - w->config.storage.payments),
		.order = *id,
		.request = order->request,
		.delay_ms = tier->delay_ms,
	};
}

/* The lock is over; false: it gets no word, or gets it with what is put off. */
static bool over_now(struct watch *w, struct watch_early *one, struct watch_payment *p)
{
	p->early = false;
	one->over = true;
	for (int s = 0; s < DOC_SIGNERS; s++) {
		if (p->sequence[s] != 0) {
			one->owed |= (uint8_t)(1u << s);
		}
	}
	if (p->dead || p->late) {
		return false;
	}
	w->acks += (uint64_t)__builtin_popcount(one->owed);
	return true;
}

void watch_order_pump(struct watch *w, struct effects *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->early_n; i++) {
		struct watch_early one = w->early[i];
		struct watch_payment *p = &w->config.storage.payments[one.payment];
		const struct id128 order = watch_self_short(&one.order);

		if (watch_frozen(w) || effects_free(out) <= 16 ||
		    (!one.over && !is_over(w, &p->request_id, &order, one.delay_ms))) {
			w->early[kept++] = one;
			continue;
		}
		if (!one.over && !over_now(w, &one, p)) {
			continue;
		}
		if (p->dead || control_said_no(&w->control, &one.order, &one.request)) {
			continue; /* never for good */
		}
		watch_record_ack_owed(w, &one, out);
		if (one.owed != 0) {
			w->early[kept++] = one;
		}
	}
	w->early_n = kept;
}

void watch_order_opened(struct watch *w, unsigned signer)
{
	for (size_t i = 0; i < w->early_n; i++) {
		w->early[i].said &= (uint8_t) ~(1u << signer);
	}
}

bool watch_order_unheard(struct watch *w, unsigned signer, uint64_t sequence)
{
	bool found = false;

	for (size_t i = 0; i < w->early_n; i++) {
		struct watch_early *one = &w->early[i];

		if (one->over &&
		    w->config.storage.payments[one->payment].sequence[signer] == sequence) {
			one->said &= (uint8_t) ~(1u << signer);
			one->again |= (uint8_t)(1u << signer);
			found = true;
		}
	}
	return found;
}

void watch_order_heard(struct watch *w, unsigned signer, uint64_t sequence)
{
	for (size_t i = 0; i < w->early_n; i++) {
		struct watch_early *one = &w->early[i];

		if (one->over &&
		    w->config.storage.payments[one->payment].sequence[signer] == sequence) {
			one->owed &= (uint8_t) ~(1u << signer);
		}
	}
}
