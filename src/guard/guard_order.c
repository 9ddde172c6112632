/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_order.c - orders that are known before they are to be signed, so that their time locks run
 * (policy/known.h, docs/decisions/0019).  Knowing one frees nothing by itself: frozen and locked
 * signers learn them too.
 */
#include "guard/guard_self.h"

#include "ipc/frame.h"

/* The decoded ORDER. */
struct told {
	struct doc request_doc, order_doc;
	struct doc_request request;
	struct doc_order order;
};

static enum err told_read(const struct guard *g, struct told *t, struct bytes body,
			  struct guard_no *no)
{
	struct doc_fault fault = { "", NULL };
	struct bytes items[2];
	size_t n = 0;
	enum err e;

	if (frame_items_all(body, items, 2, &n) != ERR_OK || n != 2) {
		return guard_self_no(no, ERR_INPUT, "body", "a request and an order are expected");
	}
	e = guard_self_open(g, &t->request_doc, items[0], DOC_REQUEST, "request", no);
	if (e == ERR_OK) {
		e = guard_self_open(g, &t->order_doc, items[1], DOC_ORDER, "order", no);
	}
	if (e != ERR_OK) {
		return e;
	}
	e = doc_request_read(&t->request_doc, &t->request, &fault);
	if (e != ERR_OK) {
		return guard_self_no_fault(no, e, "request", &fault);
	}
	e = doc_order_read(&t->order_doc, &t->order, &fault);
	return e == ERR_OK ? ERR_OK : guard_self_no_fault(no, e, "order", &fault);
}

/* It is what the back end asked for, and its time is not over. */
static enum err told_judge(const struct guard *g, const struct told *t, struct policy_time *now,
			   struct guard_no *no)
{
	struct policy_question q = {
		.genesis = &g->genesis,
		.own = &g->policy_own,
		.policy = &g->policy,
		.order = &t->order,
		.request = &t->request,
		.request_doc = &t->request_doc.id,
	};
	struct policy_verdict v;

	if (!guard_self_now(g, now)) {
		return guard_self_no(no, ERR_STALE, "heartbeat",
				     "too few watchers have answered lately: without the chain's "
				     "clock no time lock can begin");
	}
	q.now = *now;
	v = policy_order(&q);
	return v.err == ERR_OK ? ERR_OK : guard_self_no_verdict(no, &v);
}

static enum err learn(struct guard *g, const struct told *t, struct guard_no *no,
		      struct effects *out)
{
	struct log_record r = { .kind = LOG_GUARD_ORDER,
				.id = guard_self_short(&t->order_doc.id),
				.ref = t->order.request_id };
	struct known_order one = { .request = r.ref,
				   .order = r.id,
				   .expires_ms = t->order.expires_ms,
				   .own_ms = g->own_ms,
				   .time_ms = g->wall_ms,
				   /* behind the acknowledgements that a batch begins with */
				   .sequence = g->chain.next_sequence + g->acks_n + g->skip };
	struct policy_time now;
	struct log_batch b;
	enum err e = told_judge(g, t, &now, no);

	if (e != ERR_OK) {
		return e;
	}
	if (!guard_self_room(g, t->order_doc.raw.n + 1024, GUARD_HEADROOM_BYTES)) {
		return guard_self_no(no, ERR_FULL, "journal",
				     "the journal is full but for freezes and sweeps");
	}
	one.chain_s = now.chain_s;
	e = known_learn(&g->known, &one);
	if (e == ERR_ONCE) {
		return guard_self_no(no, e, "order.request_id",
				     "this request has had more orders than one may have");
	}
	if (e != ERR_OK) {
		return guard_self_no(no, e, "order", "the memory of orders is full");
	}
	guard_self_begin(g, &b, out);
	guard_self_add(g, &b, &r, 0, &t->order_doc.raw);
	guard_self_commit(g, &b, out);
	return ERR_OK;
}

void guard_order_frame(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	struct told t = { .order = { .expires_ms = 0 } };
	const struct known_order *one = NULL;
	struct guard_no no;
	struct id128 order;
	enum err e = told_read(g, &t, ask->body, &no);

	if (e == ERR_OK) {
		ask->about = t.order.request_id;
		e = guard_self_backend(g, &t.request_doc, &no);
	}
	if (e == ERR_OK) {
		order = guard_self_short(&t.order_doc.id);
		one = known_find(&g->known, &t.order.request_id, &order);
	}
	if (e == ERR_OK && one == NULL) {
		e = learn(g, &t, &no, out);
		one = known_find(&g->known, &t.order.request_id, &order);
	}
	if (e != ERR_OK) {
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	guard_stop_receipt(g, ask, &t.order_doc.id, one->sequence, one->time_ms, out);
}

enum err guard_order_replay(struct guard *g, const struct log_record *r, uint64_t sequence,
			    struct bytes blob)
{
	struct doc_order order;
	struct guard_no no;
	struct id128 id;
	struct doc d;

	if (guard_self_open(g, &d, blob, DOC_ORDER, "order", &no) != ERR_OK ||
	    doc_order_read(&d, &order, NULL) != ERR_OK) {
		return ERR_CORRUPT;
	}
	id = guard_self_short(&d.id);
	if (!id128_eq(&id, &r->id) || !id128_eq(&order.request_id, &r->ref)) {
		return ERR_CORRUPT;
	}
	return known_learn(&g->known,
			   &(struct known_order){
			       .request = r->ref,
			       .order = r->id,
			       .expires_ms = order.expires_ms,
			       .own_ms = le64_get(r->debit.b),
			       .time_ms = r->time_ms,
			       .sequence = sequence,
			       .chain_s = le32_get(r->debit.b + 8),
			   }) == ERR_OK
		   ? ERR_OK
		   : ERR_CORRUPT;
}

struct policy_moment guard_order_since(const struct guard *g, const struct doc_order *order,
				       const struct hash32 *id)
{
	struct id128 name = guard_self_short(id);

	if ((g->config.planted & GUARD_PLANT_ORDER_AGE) != 0) {
		return (struct policy_moment){ .known = true, .own_ms = order->created_ms };
	}
	return known_since(&g->known, &order->request_id, &name);
}
