/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_exclusion.c - calling an attempt dead (policy/exclusion.h, docs/decisions/0009): only by
 * what our own chain, pools and journal show, and journalled before it is said.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "ipc/frame.h"
#include "watch/watch_self.h"

/* We go by what this node shows. */
static bool is_seen(const struct watch_node *n)
{
	return n->up && n->synced && !n->lying;
}

/* What one node's chain says of its till; the errors of watch_exclusion_look(). */
static enum err look_at(const struct watch *w, unsigned node, size_t own, uint64_t deadline_nem_s,
			u128 outflow, struct doc_exclusion *says, const char **words)
{
	const struct watch_node *n = &w->node[node];
	const bool early = (w->config.planted & WATCH_PLANT_EXCLUDE_EARLY) != 0;
	const bool careless = (w->config.planted & WATCH_PLANT_EXCLUDE_POOL) != 0;
	const struct nem_follow_at *at;
	uint64_t final_height;
	uint64_t residue;
	uint64_t largest;

	*words = "a node has not shown its pool yet";
	if (!n->pool_told) {
		return ERR_WAIT;
	}
	*words = "no block is final yet, or what the till held is not known so far back";
	if (n->height <= EXCLUSION_DEPTH) {
		return ERR_WAIT;
	}
	final_height = n->height - EXCLUSION_DEPTH;
	at = nem_follow_find(&n->follow, final_height);
	if (at == NULL || n->lost_below > final_height) {
		return ERR_WAIT;
	}
	*words = "at the newest final block it could still be mined";
	if ((early ? n->time_nem_s : at->time_nem_s) <= deadline_nem_s && !careless) {
		return ERR_WAIT;
	}
	residue = watch_self_held(w, n, own, early ? n->height : final_height, &largest);
	*words = "its till was not empty at the newest final block, or has been filled again since";
	if (!exclusion_is_empty(residue) || largest >= outflow) {
		return ERR_FUNDS;
	}
	says->block = n->hash;
	says->final_height = final_height;
	says->final_time_nem_s = early ? n->time_nem_s : at->time_nem_s;
	says->height = n->height;
	says->largest = money_of(ASSET_XEM, largest);
	says->residue = money_of(ASSET_XEM, residue);
	return ERR_OK;
}

enum err watch_exclusion_look(const struct watch *w, const struct key32 *account,
			      const struct hash32 *inner_hash, uint64_t deadline_nem_s,
			      u128 outflow, struct doc_exclusion *says, const char **words)
{
	const struct watch_payment *p = watch_self_by_inner(w, inner_hash);
	const struct watch_node *best = watch_self_best(w);
	const struct watch_closing *closing;
	struct nem_address address;
	int own;

	nem_address_from_key(&address, account, (uint8_t)w->genesis.chain_network);
	own = watch_self_own(w, &address);
	*words = "no hot account of the genesis document";
	if (own < 0 || w->own[own].kind != WATCH_HOT) {
		return ERR_POLICY;
	}
	*words = "it stands in a block";
	for (unsigned i = 0; i < w->config.nodes; i++) {
		if (is_seen(&w->node[i]) && p != NULL && p->seen[i] != 0) {
			return ERR_ONCE; /* whatever else is missing to call it dead */
		}
	}
	closing = &w->closings[w->own[own].hot];
	*words = "its till is not closed";
	if (!closing->closed) {
		return ERR_STATE;
	}
	*words = "a pool has shown it lately";
	if (p != NULL && p->pooled_mono_ms != 0 &&
	    w->mono_ms - p->pooled_mono_ms < WATCH_POOL_QUIET_MS &&
	    (w->config.planted & WATCH_PLANT_EXCLUDE_POOL) == 0) {
		return ERR_WAIT;
	}
	*words = "no node shows its chain";
	if (best == NULL) {
		return ERR_UNREACHABLE;
	}
	memset(says, 0, sizeof *says);
	/* every node that we can see must say the same; the best one last: it is the one we name */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < w->config.nodes; i++) {
			const struct watch_node *n = &w->node[i];
			enum err e;

			if (!is_seen(n) || (n == best) != (pass == 1)) {
				continue;
			}
			e = look_at(w, i, (size_t)own, deadline_nem_s, outflow, says, words);
			if (e != ERR_OK) {
				return e;
			}
		}
	}
	says->account = *account;
	says->closing = closing->id;
	says->genesis = w->genesis_id;
	says->inner_hash = *inner_hash;
	says->time_ms = w->wall_ms;
	(void)snprintf(says->watcher, sizeof says->watcher, "%s", w->config.watcher);
	*words = "";
	return ERR_OK;
}

static struct watch_exclusion *said(struct watch *w, const struct hash32 *attempt)
{
	for (size_t i = 0; i < WATCH_EXCLUSIONS_MAX; i++) {
		struct watch_exclusion *x = &w->exclusions[i];

		if (x->n > 0 && hash32_eq(&x->attempt, attempt)) {
			return x;
		}
	}
	return NULL;
}

static struct watch_exclusion *remember(struct watch *w, const struct hash32 *attempt,
					struct bytes raw)
{
	struct watch_exclusion *x = &w->exclusions[w->exclusions_at++ % WATCH_EXCLUSIONS_MAX];

	CHECK(raw.n <= sizeof x->raw);
	x->attempt = *attempt;
	x->n = (uint32_t)raw.n;
	memcpy(x->raw, raw.p, raw.n);
	return x;
}

/* What was asked about, and why not. */
struct asked {
	struct doc order_doc, attempt_doc;
	struct doc_order order;
	struct exclusion_earlier earlier;
	const char *field, *words;
};

/* [order, attempt] of a payment that was judged good here. */
static enum err read(const struct watch *w, struct bytes body, struct asked *a,
		     struct watch_payment **p)
{
	const struct exclusion_question q = { .genesis = &w->genesis,
					      .roster = &w->roster,
					      .order = &a->order,
					      .order_id = &a->order_doc.id };
	struct policy_verdict v;
	struct bytes items[2];
	size_t n = 0;

	a->field = "body";
	a->words = "an order and one attempt at it are expected";
	if (frame_items_all(body, items, 2, &n) != ERR_OK || n != 2 ||
	    doc_open(&a->order_doc, items[0], &w->genesis_id, NULL) != ERR_OK ||
	    a->order_doc.type != DOC_ORDER ||
	    doc_order_read(&a->order_doc, &a->order, NULL) != ERR_OK ||
	    doc_open(&a->attempt_doc, items[1], &w->genesis_id, NULL) != ERR_OK ||
	    a->attempt_doc.type != DOC_ATTEMPT ||
	    doc_attempt_read(&a->attempt_doc, &a->earlier.attempt, NULL) != ERR_OK ||
	    !hash32_eq(&a->earlier.attempt.order, &a->order_doc.id)) {
		return ERR_INPUT;
	}
	a->earlier.doc = a->attempt_doc;
	v = exclusion_payment(&a->earlier, &q);
	if (v.err != ERR_OK) {
		return ERR_INPUT;
	}
	*p = watch_self_by_inner(w, &a->earlier.inner_hash);
	a->field = "attempt";
	a->words = "no signer has told us of this attempt";
	return *p != NULL && hash32_eq(&(*p)->subject, &a->attempt_doc.id) ? ERR_OK : ERR_NOT_FOUND;
}

/* Journalled, then given; from here on it explains nothing. */
static struct watch_exclusion *say(struct watch *w, struct watch_payment *p,
				   struct doc_exclusion *says, struct effects *out)
{
	struct writer text = writer_make(w->text, sizeof w->text);
	struct log_record r = { .kind = LOG_WATCH_EXCLUSION,
				.id = watch_self_short(&says->attempt) };
	struct watch_exclusion *x;
	struct bytes raw;
	struct log_batch b;

	CHECK(doc_exclusion_make(&text, NULL, says, w->config.freeze_secret) == ERR_OK);
	raw = bytes_of(text.p, text.n);
	r.debit.b[0] = p->own;
	watch_self_begin(w, &b);
	CHECK(watch_self_add(w, &b, &r, &raw) == ERR_OK);
	watch_self_commit(w, &b, out);
	x = remember(w, &says->attempt, raw);
	p->dead = true;
	p->said = true;
	effects_note(out, "unusual attempt_dead account=%s final=%llu height=%llu",
		     w->own[p->own].address.text, (unsigned long long)says->final_height,
		     (unsigned long long)says->height);
	return x;
}

void watch_exclusion_asked(struct watch *w, const struct event *event, struct effects *out)
{
	static struct asked a;
	struct doc_exclusion says;
	struct watch_exclusion *x;
	struct watch_payment *p = NULL;
	struct bytes item;
	enum err e;

	if ((event->role & ROLE_SERVER) == 0) {
		watch_self_refuse(w, event, ERR_CAPABILITY, "", "not on this socket", out);
		return;
	}
	e = read(w, event->body, &a, &p);
	if (e == ERR_OK && watch_frozen(w)) {
		a.field = "";
		a.words = "a freeze is in force: nothing is tried again";
		e = ERR_FROZEN;
	}
	if (e == ERR_OK) {
		a.field = "attempt";
		e = watch_exclusion_look(w, &a.earlier.attempt.account, &a.earlier.inner_hash,
					 a.earlier.attempt.deadline_nem_s, a.earlier.outflow, &says,
					 &a.words);
	}
	if (e != ERR_OK) {
		watch_self_refuse(w, event, e, a.field, a.words, out);
		return;
	}
	says.attempt = a.attempt_doc.id;
	x = said(w, &says.attempt);
	if (x == NULL && p->said) {
		/* nobody fills our journal by asking in turn */
		watch_self_refuse(w, event, ERR_FULL, "attempt",
				  "said before, and kept in the journal only", out);
		return;
	}
	if (x == NULL) {
		x = say(w, p, &says, out);
	}
	item = bytes_of(x->raw, x->n);
	watch_self_send(w, event->channel, MSGS_REPLY(event->number), event->request_id, &item, 1,
			out);
}

enum err watch_exclusion_replay(struct watch *w, const struct log_record *r, struct bytes blob)
{
	struct doc_exclusion says;
	struct watch_payment *p;
	struct doc d;

	if (doc_open(&d, blob, &w->genesis_id, NULL) != ERR_OK || d.type != DOC_EXCLUSION ||
	    doc_exclusion_read(&d, &says, NULL) != ERR_OK || !doc_signed_by(&d, &w->own_key) ||
	    d.raw.n > sizeof w->exclusions[0].raw) {
		return ERR_CORRUPT;
	}
	p = watch_self_by_inner(w, &says.inner_hash);
	if (p == NULL || p->own != r->debit.b[0]) {
		return ERR_CORRUPT; /* only of what was judged before */
	}
	p->dead = true;
	p->said = true;
	(void)remember(w, &says.attempt, blob);
	return ERR_OK;
}
