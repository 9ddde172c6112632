/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.c - time locks: orders are told to both signers and every watcher when they are fixed, since
 * each counts from when it was told (docs/decisions/0019); and until when a lock holds, as their
 * receipts have it.
 *
 * What is kept is in memory only: after a restart all are told again and give the same receipts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_time.h"
#include "ipc/frame.h"
#include "ipc/msgs.h"
#include "payout/inner.h"
#include "payout/reason.h"

enum {
	LOCK_STEP_MAX = 8,      /* orders told in one step */
	LOCK_ANSWER_MS = 30000, /* who says nothing so long is told again */
	LOCK_PAUSE_MS = 5000,   /* and who refused after this */
	EFFECTS_KEPT = 16,
};

#define LOCK_TAG (UINT64_C(1) << 60)

static_assert((int)SIGNER_ORDER == (int)WATCHER_ORDER, "one number for both");
static_assert(INNER_LINKS <= 32, "a bit for every link");

/* How long signers must have known it by the policy in force; 0: no lock. */
static uint64_t delay_of(const struct payout *p, const struct inner_withdrawal *w)
{
	const struct money amount = money_of(ASSET_XEM, w->amount);
	const struct doc_tier *tier;

	return policy_tier_find(&tier, &p->policy, &amount) == ERR_OK ? tier->delay_ms : 0;
}

void lock_forget(struct inner_withdrawal *w)
{
	free(w->lock);
	w->lock = NULL;
}

static bool is_told(const struct inner_withdrawal *w)
{
	return w->state == PAYOUT_APPROVING || w->state == PAYOUT_APPROVED ||
	       w->state == PAYOUT_AUTHORISED || w->state == PAYOUT_FROZEN;
}

static void tell(struct payout *p, struct inner_withdrawal *w, uint32_t link, struct effects *out)
{
	const struct inner_doc *docs[2] = { payout_doc(w, DOC_REQUEST, 0),
					    payout_doc(w, DOC_ORDER, 0) };
	size_t n = FRAME_ITEM_HEADER_BYTES * ARRAY_LEN(docs) + docs[0]->n + docs[1]->n;
	struct writer body = writer_make(effects_take(out, n), n);

	for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
		writer_u32(&body, (uint32_t)docs[i]->n);
		writer_bytes(&body, bytes_of(docs[i]->p, docs[i]->n));
	}
	CHECK(!body.bad);
	effects_send(out, link + 1, SIGNER_ORDER, LOCK_TAG | payout_index(p, w),
		     bytes_of(body.p, body.n));
	w->lock->sent |= 1u << link;
	w->lock->sent_mono_ms = p->mono_ms;
}

/* Everybody who has not given a receipt and can be reached.  True if somebody was told. */
static bool tell_all(struct payout *p, struct inner_withdrawal *w, struct effects *out)
{
	bool told = false;

	if (w->lock == NULL) {
		w->lock = calloc(1, sizeof *w->lock);
		CHECK(w->lock != NULL);
	}
	if (p->mono_ms >= w->lock->sent_mono_ms + LOCK_ANSWER_MS) {
		w->lock->sent = 0;
	}
	for (uint32_t i = 0; i < 2 + p->roster.watcher_count; i++) {
		if (p->link_up[i] && ((w->lock->sent | w->lock->held) >> i & 1) == 0 &&
		    p->mono_ms >= w->lock->retry_mono_ms && effects_free(out) > EFFECTS_KEPT &&
		    effects_room(out) > FRAME_BODY_MAX && payout_have_docs(out, p, w)) {
			tell(p, w, i, out);
			told = true;
		}
	}
	return told;
}

void lock_send(struct payout *p, struct effects *out)
{
	unsigned told = 0;

	/* tiers wait no shorter the higher they are */
	if (p->policy.approval_tiers[p->policy.tier_count - 1].delay_ms == 0) {
		return;
	}
	for (size_t i = 0; i < p->open_n && told < LOCK_STEP_MAX; i++) {
		struct inner_withdrawal *w = &p->all[p->open[i]];

		if (is_told(w) && delay_of(p, w) > 0) {
			told += tell_all(p, w, out);
		}
	}
}

void lock_link(struct payout *p, uint32_t channel)
{
	for (size_t i = 0; i < p->open_n; i++) {
		struct inner_lock *lock = p->all[p->open[i]].lock;

		if (lock != NULL) {
			lock->sent &= ~(1u << (channel - 1));
		}
	}
}

/* The k-th earliest of the watchers' moments: from then k of them acknowledge. */
static uint64_t watchers_since(const struct payout *p, const struct inner_lock *lock)
{
	uint64_t times[DOC_WATCHERS_MAX] = { 0 };
	size_t needed = (size_t)p->roster.watchers_needed;
	size_t n = 0;

	for (uint32_t i = 0; i < p->roster.watcher_count; i++) {
		size_t at = n;

		if ((lock->held >> (2 + i) & 1) == 0) {
			continue;
		}
		while (at > 0 && times[at - 1] > lock->since_ms[2 + i]) {
			times[at] = times[at - 1];
			at--;
		}
		times[at] = lock->since_ms[2 + i];
		n++;
	}
	return n < needed ? LOCK_NOT_BEGUN : times[needed - 1];
}

uint64_t lock_until(const struct payout *p, const struct inner_withdrawal *w)
{
	const struct inner_lock *lock = w->lock;
	uint64_t delay_ms = delay_of(p, w);
	uint64_t since;

	if (delay_ms == 0) {
		return 0;
	}
	if (lock == NULL || (lock->held & 3) != 3) {
		return LOCK_NOT_BEGUN;
	}
	since = watchers_since(p, lock);
	if (since == LOCK_NOT_BEGUN) {
		return LOCK_NOT_BEGUN;
	}
	for (uint32_t i = 0; i < 2; i++) {
		since = lock->since_ms[i] > since ? lock->since_ms[i] : since;
	}
	return since + delay_ms;
}

bool lock_is_over(const struct payout *p, struct inner_withdrawal *w)
{
	uint64_t until_ms = lock_until(p, w);

	if (p->config.planted == PAYOUT_PLANT_NO_LOCK) {
		return true;
	}
	/* theirs is the slower of two clocks, so ours is too */
	if (p->wall_ms >= until_ms &&
	    (until_ms == 0 || nem_time_to_unix_ms(p->top_time) >= until_ms)) {
		return true;
	}
	(void)snprintf(w->reason, sizeof w->reason, "%s",
		       until_ms == LOCK_NOT_BEGUN ? REASON_LOCK_NOT_BEGUN : REASON_LOCK);
	return false;
}

/* A holder's word that it knows the order, signed by it. */
static bool receipt_read(const struct payout *p, const struct inner_withdrawal *w, uint32_t channel,
			 const struct doc *d, uint64_t *time_ms)
{
	const struct key32 *key = channel < PAYOUT_CHANNEL_WATCHER
				      ? &p->roster.signers[channel - 1].attest_key
				      : &p->roster.watchers[channel - PAYOUT_CHANNEL_WATCHER].key;
	struct doc_receipt r;

	if (d->type != DOC_RECEIPT || doc_receipt_read(d, &r, NULL) != ERR_OK ||
	    !hash32_eq(&r.document, &w->order_doc) || !doc_signed_by(d, key)) {
		return false;
	}
	*time_ms = r.time_ms;
	return true;
}

void lock_reply(struct payout *p, uint32_t channel, uint64_t tag, struct bytes body,
		struct effects *out)
{
	uint64_t index = tag & ~LOCK_TAG;
	struct inner_withdrawal *w;
	struct doc_refusal no;
	struct bytes item;
	struct doc d;
	uint64_t time_ms;
	size_t n;

	if (channel < 1 || channel > 2 + p->roster.watcher_count || (tag & LOCK_TAG) == 0 ||
	    index >= p->all_n || p->all[index].lock == NULL) {
		return;
	}
	w = &p->all[index];
	if (frame_items_all(body, &item, 1, &n) != ERR_OK || n != 1 ||
	    doc_open(&d, item, &p->genesis_id, NULL) != ERR_OK) {
		p->counters[COUNT_REPLIES_BAD]++;
		return;
	}
	if (receipt_read(p, w, channel, &d, &time_ms)) {
		w->lock->held |= 1u << (channel - 1);
		/* a clock there that is ahead of ours must not make us wait for it */
		w->lock->since_ms[channel - 1] = time_ms < p->wall_ms ? time_ms : p->wall_ms;
		return;
	}
	w->lock->sent &= ~(1u << (channel - 1));
	w->lock->retry_mono_ms = p->mono_ms + LOCK_PAUSE_MS;
	if (d.type == DOC_REFUSAL && doc_refusal_read(&d, &no, NULL) == ERR_OK) {
		(void)snprintf(p->link_words[channel - 1], sizeof p->link_words[0],
			       "order: %.40s: %.80s (%.40s)", no.code, no.detail, no.field);
		effects_note(out, "unusual order-refused link=%u why=\"%s\"", channel,
			     p->link_words[channel - 1]);
	}
}
