/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exclude.c - an attempt whose till was closed: watchers are asked whether it is dead, and what k
 * of them say ends it (policy/exclusion.h, docs/decisions/0009).  The withdrawal is approved again
 * then, and sign.c makes its next attempt, from another till.
 *
 * What is kept in memory only are words that were not enough yet; watchers give them again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ipc/frame.h"
#include "ipc/msgs.h"
#include "payout/inner.h"
#include "payout/reason.h"

enum {
	EXCLUDE_EACH_MS = 2000,   /* between two questions about the same attempt */
	EXCLUDE_STEP_MAX = 4,     /* attempts asked about in one step */
	EXCLUDE_BYTES_MAX = 2048, /* of a statement that is kept */
	EFFECTS_KEPT = 16,
};

#define EXCLUDE_TAG (UINT64_C(1) << 61)

static_assert(PAYOUT_ALL_MAX <= 1 << 24, "an index fits beside the tag");

bool exclude_till_closed(const struct payout *p, const struct inner_withdrawal *w)
{
	for (size_t i = 0; i < p->genesis.hot_count; i++) {
		if (key32_eq(&p->genesis.hot[i].public_key, &w->till)) {
			return p->closings[i].closed && w->attempts > 0;
		}
	}
	return false;
}

void exclude_forget(struct inner_withdrawal *w)
{
	for (size_t i = 0; w->said != NULL && i < DOC_WATCHERS_MAX; i++) {
		free(w->said->raw[i]);
	}
	free(w->said);
	w->said = NULL;
}

/* Its newest attempt may live, and can only end by the chain's rules. */
static bool is_asked_for(const struct payout *p, const struct inner_withdrawal *w)
{
	return w->attempts > w->dead && exclude_till_closed(p, w) &&
	       (w->state == PAYOUT_APPROVED || state_live(w->state));
}

/*
 * Not before our own chain shows the till empty and the attempt's time over: watchers would say no.
 * They alone decide.
 */
static bool is_ripe(const struct payout *p, const struct inner_withdrawal *w)
{
	for (size_t i = 0; i < p->genesis.hot_count; i++) {
		if (key32_eq(&p->genesis.hot[i].public_key, &w->till)) {
			return p->top_time > w->attempt_time + p->policy.attempt_life_s &&
			       exclusion_is_empty(p->own[i].balance);
		}
	}
	return false;
}

static void ask(struct payout *p, struct inner_withdrawal *w, struct effects *out)
{
	const struct inner_doc *docs[2] = { payout_doc(w, DOC_ORDER, 0),
					    payout_doc(w, DOC_ATTEMPT, 0) };
	size_t n = FRAME_ITEM_HEADER_BYTES * ARRAY_LEN(docs) + docs[0]->n + docs[1]->n;

	for (uint32_t i = 0; i < p->roster.watcher_count; i++) {
		uint32_t channel = PAYOUT_CHANNEL_WATCHER + i;
		struct writer body;

		if (!p->link_up[channel - 1] || (w->said != NULL && w->said->raw[i] != NULL) ||
		    effects_free(out) <= EFFECTS_KEPT || effects_room(out) < FRAME_BODY_MAX) {
			continue;
		}
		body = writer_make(effects_take(out, n), n);
		for (size_t k = 0; k < ARRAY_LEN(docs); k++) {
			writer_u32(&body, (uint32_t)docs[k]->n);
			writer_bytes(&body, bytes_of(docs[k]->p, docs[k]->n));
		}
		CHECK(!body.bad);
		effects_send(out, channel, WATCHER_EXCLUDE, EXCLUDE_TAG | payout_index(p, w),
			     bytes_of(body.p, body.n));
	}
}

void exclude_send(struct payout *p, struct effects *out)
{
	unsigned asked = 0;

	if (!p->synced || withdraw_frozen(p)) {
		return;
	}
	for (size_t i = 0; i < p->open_n && asked < EXCLUDE_STEP_MAX; i++) {
		struct inner_withdrawal *w = &p->all[p->open[i]];

		if (!is_asked_for(p, w) || p->mono_ms < w->exclude_mono_ms || !is_ripe(p, w)) {
			continue;
		}
		if (effects_free(out) <= EFFECTS_KEPT || effects_room(out) < FRAME_BODY_MAX) {
			return; /* the next step goes on */
		}
		w->exclude_mono_ms = p->mono_ms + EXCLUDE_EACH_MS;
		if (payout_have_docs(out, p, w)) {
			ask(p, w, out);
			asked++;
		}
	}
}

/* k watchers have spoken: their words, and that the attempt is dead, in one commit. */
static void exclude(struct payout *p, struct inner_withdrawal *w, struct effects *out)
{
	char who[INNER_WHO_MAX] = "watchers";
	char why[64];

	if (w->docs_n + p->roster.watchers_needed > INNER_DOCS_MAX) {
		exclude_forget(w);
		effects_note(out, "broken exclusion why=\"more documents than are kept of one\"");
		return;
	}
	for (size_t i = 0, kept = 0; i < p->roster.watcher_count; i++) {
		if (w->said->raw[i] == NULL || kept == p->roster.watchers_needed) {
			continue;
		}
		payout_keep(p, w, DOC_EXCLUSION, 0, bytes_of(w->said->raw[i], w->said->raw_n[i]),
			    true);
		(void)strncat(who, " ", sizeof who - strlen(who) - 1);
		(void)strncat(who, p->roster.watchers[i].id, sizeof who - strlen(who) - 1);
		kept++;
	}
	exclude_forget(w);
	(void)snprintf(why, sizeof why, REASON_ATTEMPT_DEAD, w->attempts);
	CHECK(payout_move_state(p, w, w->state, PAYOUT_EXCLUDE, who, why) == ERR_OK);
	w->tag = 0;
	w->retry_mono_ms = 0;
	w->pause_ms = 0;
	payout_note(p, out, "attempt-dead", w);
}

/* A statement, believed only as far as it holds; NULL: it does, else why not. */
static const char *judge(const struct payout *p, const struct inner_withdrawal *w, size_t watcher,
			 struct bytes raw)
{
	static struct exclusion_statement s;
	static struct exclusion_earlier earlier;
	struct doc_order order;
	const struct exclusion_question q = { .genesis = &p->genesis,
					      .roster = &p->roster,
					      .order = &order,
					      .order_id = &w->order_doc,
					      .needed = (unsigned)p->roster.watchers_needed };
	struct policy_verdict v;
	struct doc d;
	size_t who = 0;

	if (raw.n > EXCLUDE_BYTES_MAX || doc_open(&s.doc, raw, &p->genesis_id, NULL) != ERR_OK ||
	    s.doc.type != DOC_EXCLUSION || doc_exclusion_read(&s.doc, &s.says, NULL) != ERR_OK) {
		return "not an exclusion";
	}
	payout_open_doc(p, &d, payout_doc(w, DOC_ORDER, 0));
	CHECK(doc_order_read(&d, &order, NULL) == ERR_OK);
	payout_open_doc(p, &earlier.doc, payout_doc(w, DOC_ATTEMPT, 0));
	CHECK(doc_attempt_read(&earlier.doc, &earlier.attempt, NULL) == ERR_OK);
	CHECK(exclusion_payment(&earlier, &q).err == ERR_OK);
	v = exclusion_statement_check(&q, &earlier, &s, &who);
	if (v.err != ERR_OK) {
		return v.words;
	}
	return who == watcher ? NULL : "another watcher's word";
}

static void refused(struct payout *p, struct inner_withdrawal *w, uint32_t channel,
		    struct bytes raw)
{
	struct doc_refusal r;
	struct doc d;

	if (doc_open(&d, raw, &p->genesis_id, NULL) == ERR_OK && d.type == DOC_REFUSAL &&
	    doc_refusal_read(&d, &r, NULL) == ERR_OK) {
		(void)snprintf(w->reason, sizeof w->reason, REASON_TILL_CLOSED,
			       p->roster.watchers[channel - PAYOUT_CHANNEL_WATCHER].id, r.detail);
	}
}

void exclude_reply(struct payout *p, uint32_t channel, uint64_t tag, struct bytes body,
		   struct effects *out)
{
	uint64_t index = tag & ~EXCLUDE_TAG;
	struct inner_withdrawal *w;
	struct bytes item;
	const char *why;
	size_t watcher, have = 0, n;
	struct doc d;

	if (channel < PAYOUT_CHANNEL_WATCHER || channel > 2 + p->roster.watcher_count ||
	    (tag & EXCLUDE_TAG) == 0 || index >= p->all_n ||
	    frame_items_all(body, &item, 1, &n) != ERR_OK || n != 1) {
		p->counters[COUNT_REPLIES_BAD]++;
		return;
	}
	w = &p->all[index];
	watcher = channel - PAYOUT_CHANNEL_WATCHER;
	if (!is_asked_for(p, w) || withdraw_frozen(p) || payout_doc(w, DOC_ATTEMPT, 0)->p == NULL ||
	    payout_doc(w, DOC_ORDER, 0)->p == NULL) {
		return; /* late: what counts is in the journal */
	}
	if (doc_open(&d, item, &p->genesis_id, NULL) == ERR_OK && d.type == DOC_REFUSAL) {
		refused(p, w, channel, item);
		return;
	}
	why = judge(p, w, watcher, item);
	if (why != NULL) {
		p->counters[COUNT_REPLIES_BAD]++;
		effects_note(out, "broken watcher-answer watcher=%s why=\"%s\"",
			     p->roster.watchers[watcher].id, why);
		return;
	}
	if (w->said == NULL) {
		w->said = calloc(1, sizeof *w->said);
		CHECK(w->said != NULL);
	}
	if (w->said->raw[watcher] == NULL) {
		w->said->raw[watcher] = malloc(item.n);
		CHECK(w->said->raw[watcher] != NULL);
		memcpy(w->said->raw[watcher], item.p, item.n);
		w->said->raw_n[watcher] = item.n;
	}
	for (size_t i = 0; i < p->roster.watcher_count; i++) {
		have += w->said->raw[i] != NULL;
	}
	if (have >= p->roster.watchers_needed) {
		exclude(p, w, out);
	}
}
