/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign.c - from an approved order to a unit on the chain: the one attempt, signer A, signer B, the
 * announcement; and freezes to everybody who has to hold them.
 *
 * What is sent is always what the journal holds already: sign_advance() decides before the commit,
 * sign_send() speaks after it.  PREPARE alone goes ahead of it, for it lets no signature out.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chain/feed.h"
#include "chain/nem/nem_time.h"
#include "crypto/uuid7.h"
#include "doc/types.h"
#include "ipc/frame.h"
#include "ipc/msgs.h"
#include "payout/inner.h"
#include "payout/reason.h"
#include "policy/attempt.h"
#include "policy/payment.h"

enum {
	ATTEMPT_LAG_S = 60,  /* an attempt is at most this much younger than the newest block */
	ATTEMPT_TRIES = 120, /* seconds to look back for a name that is free */
	ANSWER_MS = 30000,   /* a signer that says nothing so long is asked again */
	PAUSE_MIN_MS = 250,
	PAUSE_MAX_MS = 30000,
	ANNOUNCE_MS = 10000, /* between two announcements of the same unit */
	STEP_MAX = 8,        /* new attempts, and questions, in one step */
	EFFECTS_KEPT = 8,    /* places left for notes */
	DOC_TEXT = 4096,
};

#define STOP_TAG    (UINT64_C(1) << 63)
#define CLOSING_TAG (UINT64_C(1) << 62)

/* --- the attempt --- */

/* No signer gives its word any more for what its till had to pay: it waits, and takes no place. */
static bool is_cut_off(const struct payout *p, const struct inner_withdrawal *w)
{
	return (w->state == PAYOUT_APPROVED || w->state == PAYOUT_AUTHORISED) &&
	       exclude_till_closed(p, w);
}

static bool in_flight(const struct payout *p, const struct inner_withdrawal *w)
{
	return ((w->state == PAYOUT_APPROVED && w->attempts > w->dead) || state_live(w->state)) &&
	       !is_cut_off(p, w);
}

/* Counted again and found short of approvals: it takes no place, but A may have signed it. */
static bool may_fly(const struct payout *p, const struct inner_withdrawal *w)
{
	return in_flight(p, w) || (w->state == PAYOUT_APPROVING && w->attempts > w->dead);
}

/* What leaves this till by attempts that are in no block yet. */
static u128 promised(const struct payout *p, const struct key32 *till)
{
	u128 sum = 0;

	for (size_t i = 0; i < p->open_n; i++) {
		const struct inner_withdrawal *w = &p->all[p->open[i]];

		if (may_fly(p, w) && key32_eq(&w->till, till)) {
			sum += w->amount + w->fee;
		}
	}
	return sum;
}

static const struct key32 *till_for(const struct payout *p, u128 total)
{
	for (size_t i = 0; i < p->genesis.hot_count; i++) {
		const struct doc_hot *hot = &p->genesis.hot[i];

		/* own[] begins with the hot accounts, in this order */
		if (hot->kind == DOC_HOT_TILL && !p->closings[i].closed &&
		    promised(p, &hot->public_key) + total <= p->own[i].balance) {
			return &hot->public_key;
		}
	}
	return NULL;
}

static bool name_taken(const struct payout *p, const struct hash32 *inner_hash)
{
	struct id128 key = map_key(inner_hash);
	uint32_t index;

	return map_get(&p->by_payment, &key, &index);
}

/*
 * Two payments of the same content in the same second would be one and the same to the chain
 * (nem.md 2.2), so each takes a second of its own, looking back from now.
 */
static bool free_second(const struct payout *p, struct doc_attempt *a, const struct doc_order *o,
			const struct hash32 *order_id, unsigned number, const struct key32 *till)
{
	struct payment pay;
	uint32_t now_s;

	if (nem_time_from_unix_ms(&now_s, p->wall_ms) != ERR_OK) {
		return false;
	}
	if (now_s > p->top_time + ATTEMPT_LAG_S) {
		now_s = p->top_time + ATTEMPT_LAG_S;
	}
	for (uint32_t back = 0; back < ATTEMPT_TRIES && back < now_s; back++) {
		if (attempt_make(a, &p->policy, o, order_id, number, till, now_s - back) !=
			ERR_OK ||
		    payment_make(&pay, (uint8_t)p->genesis.chain_network,
				 &p->roster.signers[0].chain_key, &p->roster.signers[1].chain_key,
				 o, a) != ERR_OK) {
			return false;
		}
		if (!name_taken(p, &pay.inner_hash)) {
			return true;
		}
	}
	return false;
}

static void fix_attempt(struct payout *p, struct inner_withdrawal *w, struct effects *out)
{
	const struct key32 *till = till_for(p, w->amount + w->fee);
	struct doc_attempt a;
	struct doc_order o;
	struct doc d;
	uint8_t text[DOC_TEXT];
	struct writer envelope = writer_make(text, sizeof text);

	if (w->dead >= DOC_ATTEMPTS_MAX) {
		(void)snprintf(w->reason, sizeof w->reason, REASON_DEAD, DOC_ATTEMPTS_MAX);
		return;
	}
	if (follow_short(p, &w->account)) {
		(void)snprintf(w->reason, sizeof w->reason, REASON_UNDONE);
		return;
	}
	if (!lock_is_over(p, w)) {
		return;
	}
	if (till == NULL) {
		(void)snprintf(w->reason, sizeof w->reason, REASON_TILL);
		return;
	}
	if (!payout_have_docs(out, p, w)) {
		return; /* it was settled once: its documents are read back first */
	}
	payout_open_doc(p, &d, payout_doc(w, DOC_ORDER, 0));
	CHECK(doc_order_read(&d, &o, NULL) == ERR_OK);
	if (!free_second(p, &a, &o, &w->order_doc, w->dead + 1, till)) {
		(void)snprintf(w->reason, sizeof w->reason, REASON_SECOND);
		return;
	}
	CHECK(doc_attempt_make(&envelope, NULL, &a, NULL) == ERR_OK);
	payout_keep(p, w, DOC_ATTEMPT, 0, bytes_of(text, envelope.n), true);
	payout_open_doc(p, &d, payout_doc(w, DOC_ATTEMPT, 0));
	CHECK(withdraw_learn(p, w, &d) == ERR_OK);
	w->reason[0] = '\0';
	w->retry_mono_ms = 0;
	w->pause_ms = 0;
	w->tag = 0;
	w->planted_new = false;
	payout_note(p, out, "attempt", w);
}

void sign_advance(struct payout *p, struct effects *out)
{
	char words[INNER_REASON_MAX];
	size_t flying = 0;
	unsigned made = 0;
	bool ready;

	if (!p->synced || withdraw_frozen(p) || !p->link_up[PAYOUT_CHANNEL_A - 1]) {
		return;
	}
	for (size_t i = 0; i < p->open_n; i++) {
		flying += in_flight(p, &p->all[p->open[i]]);
	}
	ready = prices_ready(p, words);
	for (size_t i = 0; i < p->open_n && flying < p->config.in_flight && made < STEP_MAX; i++) {
		struct inner_withdrawal *w = &p->all[p->open[i]];

		if (p->config.planted == PAYOUT_PLANT_NO_EXCLUSION && w->state == PAYOUT_APPROVED &&
		    w->attempts > w->dead && exclude_till_closed(p, w) &&
		    w->attempts < DOC_ATTEMPTS_MAX) {
			w->dead = w->attempts;
		}
		if (w->state == PAYOUT_APPROVED && (w->attempts == w->dead || w->planted_new) &&
		    withdraw_counted(w) && p->wall_ms < w->expires_ms) {
			unsigned before = w->attempts;

			/* its time begins when it is made, so not before it can be signed */
			if (!ready) {
				memcpy(w->reason, words, sizeof w->reason);
				continue;
			}
			fix_attempt(p, w, out);
			made += w->attempts != before;
			flying += w->attempts != before;
		}
	}
}

/* --- asking --- */

static void put_item(struct writer *w, const struct inner_doc *d)
{
	CHECK(d != NULL && d->p != NULL);
	writer_u32(w, (uint32_t)d->n);
	writer_bytes(w, bytes_of(d->p, d->n));
}

/* The body of SIGN and of PREPARE, in the store. */
static struct bytes question(struct payout *p, const struct inner_withdrawal *w, uint32_t channel,
			     struct effects *out)
{
	uint8_t *body = effects_take(out, FRAME_BODY_MAX);
	struct writer items = writer_make(body, FRAME_BODY_MAX);
	const struct bytes day =
	    daily_for(p, w, channel == PAYOUT_CHANNEL_A ? DOC_SIGNER_A : DOC_SIGNER_B);
	struct bytes prices[DOC_SOURCES_MAX];
	size_t n;

	put_item(&items, payout_doc(w, DOC_REQUEST, 0));
	put_item(&items, payout_doc(w, DOC_ORDER, 0));
	put_item(&items, payout_doc(w, DOC_ATTEMPT, 0));
	for (uint32_t i = 0; i < w->docs_n; i++) {
		const struct inner_doc *d = &w->docs[i];

		/* of a later attempt also those before it, and what watchers say of them; an
		 * assertion was kept right behind its approval */
		if (((d->type == DOC_APPROVAL || d->type == DOC_ASSERTION) && !d->stale) ||
		    d->type == DOC_EXCLUSION ||
		    (d->type == DOC_ATTEMPT && d != payout_doc(w, DOC_ATTEMPT, 0))) {
			put_item(&items, d);
		}
	}
	if (day.n > 0) {
		writer_u32(&items, (uint32_t)day.n);
		writer_bytes(&items, day);
	}
	n = prices_chosen(p, prices);
	for (size_t i = 0; i < n; i++) {
		writer_u32(&items, (uint32_t)prices[i].n);
		writer_bytes(&items, prices[i]);
	}
	if (channel == PAYOUT_CHANNEL_B) {
		put_item(&items, payout_doc(w, DOC_ATTESTATION, DOC_SIGNER_A));
		put_item(&items, payout_doc(w, DOC_SIGNATURE, DOC_SIGNER_A));
	}
	/* request, order, attempt, attestation are a few KB; decisions and prices are limited */
	CHECK(!items.bad);
	effects_give_back(out, FRAME_BODY_MAX - items.n);
	return bytes_of(body, items.n);
}

static void ask(struct payout *p, struct inner_withdrawal *w, uint32_t channel, struct effects *out)
{
	const struct bytes body = question(p, w, channel, out);

	w->tag = ++p->tags;
	w->wants_price = false;
	w->asked_mono_ms = p->mono_ms;
	effects_send(out, channel, SIGNER_SIGN, w->tag, body);
}

/*
 * B judges, journals and is acknowledged while A's word is made durable here, and lets nothing out
 * before SIGN, which stands behind that commit (decision 34).  It is only for speed: lost or
 * refused, SIGN says it all again.
 */
static void prepare(struct payout *p, const struct inner_withdrawal *w, struct effects *out)
{
	char words[INNER_REASON_MAX];

	if (p->link_up[PAYOUT_CHANNEL_B - 1] && prices_ready(p, words)) {
		const struct bytes body = question(p, w, PAYOUT_CHANNEL_B, out);

		effects_send(out, PAYOUT_CHANNEL_B, SIGNER_PREPARE, ++p->tags, body);
	}
}

static void wait_longer(struct payout *p, struct inner_withdrawal *w)
{
	w->pause_ms = w->pause_ms == 0 ? PAUSE_MIN_MS : w->pause_ms * 2;
	if (w->pause_ms > PAUSE_MAX_MS) {
		w->pause_ms = PAUSE_MAX_MS;
	}
	w->retry_mono_ms = p->mono_ms + w->pause_ms;
	w->tag = 0;
}

static void announce(struct payout *p, struct inner_withdrawal *w, struct effects *out)
{
	const struct inner_doc *unit = payout_doc(w, INNER_DOC_UNIT, 0);

	if (unit == NULL || (w->announce_mono_ms != 0 && p->mono_ms < w->announce_mono_ms)) {
		return;
	}
	w->announce_mono_ms = p->mono_ms + ANNOUNCE_MS;
	if (unit->p == NULL) {
		(void)payout_load(out, p, w, unit);
		w->announce_mono_ms = p->mono_ms + 1;
		return;
	}
	for (uint32_t node = 0; node < p->config.nodes; node++) {
		uint8_t *body;

		if ((w->pool_seen >> node & 1) != 0 || effects_free(out) <= EFFECTS_KEPT) {
			continue;
		}
		body = effects_take(out, 4 + unit->n);
		le32_put(body, node);
		memcpy(body + 4, unit->p, unit->n);
		effects_call(out, CALL_ANNOUNCE, payout_index(p, w), bytes_of(body, 4 + unit->n));
	}
}

static void send_stop(struct inner_stop *s, uint64_t tag, uint32_t link, struct effects *out)
{
	uint8_t *body;

	if (((s->held | s->sent) >> link & 1) != 0 || effects_free(out) <= EFFECTS_KEPT ||
	    effects_room(out) < FRAME_BODY_MAX) {
		return;
	}
	body = effects_take(out, 4 + s->n);
	le32_put(body, (uint32_t)s->n);
	memcpy(body + 4, s->p, s->n);
	/* SIGNER_STOP_PUT and WATCHER_STOP_PUT are the same number */
	effects_send(out, link + 1, SIGNER_STOP_PUT, tag, bytes_of(body, 4 + s->n));
	s->sent |= 1u << link;
}

static void send_stops(struct payout *p, struct effects *out)
{
	for (uint32_t link = 0; link < 2 + p->roster.watcher_count; link++) {
		for (size_t i = 0; p->link_up[link] && i < p->stops_n; i++) {
			/* who has the resume knows the name of what it lifts */
			if (!control_lifted(&p->control, &p->stops[i].id)) {
				send_stop(&p->stops[i], STOP_TAG | i, link, out);
			}
		}
		for (size_t i = 0; p->link_up[link] && i < p->genesis.hot_count; i++) {
			if (p->closings[i].closed) {
				send_stop(&p->closings[i].doc, CLOSING_TAG | i, link, out);
			}
		}
	}
}

static_assert((int)SIGNER_STOP_PUT == (int)WATCHER_STOP_PUT, "one number for both");

void sign_send(struct payout *p, struct effects *out)
{
	char words[INNER_REASON_MAX];
	bool ready = prices_ready(p, words);
	unsigned asked = 0;

	send_stops(p, out);
	for (size_t i = 0; i < p->open_n; i++) {
		struct inner_withdrawal *w = &p->all[p->open[i]];
		uint32_t channel =
		    w->state == PAYOUT_AUTHORISED ? PAYOUT_CHANNEL_B : PAYOUT_CHANNEL_A;

		if (effects_free(out) <= (size_t)2 * EFFECTS_KEPT ||
		    effects_room(out) < (size_t)2 * FRAME_BODY_MAX) {
			return; /* the next step goes on */
		}
		if (w->state == PAYOUT_ANNOUNCED) {
			announce(p, w, out);
			continue;
		}
		if (!(w->state == PAYOUT_APPROVED && w->attempts > w->dead && !w->planted_new) &&
		    w->state != PAYOUT_AUTHORISED) {
			continue;
		}
		if (!withdraw_counted(w)) {
			continue; /* B too takes none of what counts no more */
		}
		if (w->tag != 0 && p->mono_ms >= w->asked_mono_ms + ANSWER_MS) {
			(void)snprintf(w->reason, sizeof w->reason, REASON_SILENT,
				       channel == PAYOUT_CHANNEL_A ? "a" : "b");
			wait_longer(p, w);
		}
		if (w->tag == 0 && p->link_up[channel - 1] && p->mono_ms >= w->retry_mono_ms &&
		    asked < STEP_MAX) {
			if (!ready) {
				memcpy(w->reason, words, sizeof w->reason);
				continue;
			}
			ask(p, w, channel, out);
			asked++;
		}
	}
}

void sign_link(struct payout *p, uint32_t channel, bool up)
{
	if (channel < 1 || channel > 2 + p->roster.watcher_count) {
		return;
	}
	p->link_up[channel - 1] = up;
	lock_link(p, channel);
	for (size_t i = 0; i < p->stops_n; i++) {
		p->stops[i].sent &= ~(1u << (channel - 1));
	}
	for (size_t i = 0; i < p->genesis.hot_count; i++) {
		p->closings[i].doc.sent &= ~(1u << (channel - 1));
	}
	if (channel > PAYOUT_CHANNEL_B) {
		return;
	}
	for (size_t i = 0; i < p->open_n; i++) {
		struct inner_withdrawal *w = &p->all[p->open[i]];

		if ((w->state == PAYOUT_AUTHORISED) == (channel == PAYOUT_CHANNEL_B)) {
			w->tag = 0; /* what was asked there is unanswered for good */
			w->retry_mono_ms = 0;
			w->pause_ms = 0;
		}
	}
}

/* --- answers --- */

static struct inner_withdrawal *asked_by(struct payout *p, uint64_t tag)
{
	for (size_t i = 0; tag != 0 && i < p->open_n; i++) {
		if (p->all[p->open[i]].tag == tag) {
			return &p->all[p->open[i]];
		}
	}
	return NULL;
}

static void payment_of(const struct payout *p, const struct inner_withdrawal *w,
		       struct payment *out)
{
	struct doc_attempt a;
	struct doc_order o;
	struct doc d;

	payout_open_doc(p, &d, payout_doc(w, DOC_ORDER, 0));
	CHECK(doc_order_read(&d, &o, NULL) == ERR_OK);
	payout_open_doc(p, &d, payout_doc(w, DOC_ATTEMPT, 0));
	CHECK(doc_attempt_read(&d, &a, NULL) == ERR_OK);
	CHECK(payment_make(out, (uint8_t)p->genesis.chain_network, &p->roster.signers[0].chain_key,
			   &p->roster.signers[1].chain_key, &o, &a) == ERR_OK);
}

/* A signer's answer, believed only as far as it verifies.  NULL: it does, else why not. */
static const char *judge_answer(const struct payout *p, enum doc_signer signer,
				const struct doc_attestation *att, const struct doc *att_doc,
				const struct payment *pay, struct bytes signature_raw,
				struct sig64 *signature)
{
	struct bytes expected = signer == DOC_SIGNER_A ? payment_cosign(pay) : payment_wrap(pay);
	struct doc_signature s;
	struct doc d;

	if (!doc_signed_by(att_doc, &p->roster.signers[signer].attest_key)) {
		return N_("the attestation is not signed by this signer");
	}
	if (att->signer != signer ||
	    att->kind != (signer == DOC_SIGNER_A ? DOC_ATTEST_COSIGN : DOC_ATTEST_WRAP)) {
		return N_("the attestation is of another signer or kind");
	}
	if (!hash32_eq(&att->inner_hash, &pay->inner_hash) ||
	    !bytes_eq(bytes_of(att->data, att->data_n), expected)) {
		return N_("the attestation names other bytes");
	}
	if (doc_open(&d, signature_raw, &p->genesis_id, NULL) != ERR_OK ||
	    d.type != DOC_SIGNATURE || doc_signature_read(&d, &s, NULL) != ERR_OK ||
	    !hash32_eq(&s.attestation, &att_doc->id)) {
		return N_("the signature belongs to another attestation");
	}
	if (signer == DOC_SIGNER_A ? !payment_cosign_signed(pay, &s.signature)
				   : !payment_wrap_signed(pay, &s.signature)) {
		return N_("the signature does not verify");
	}
	*signature = s.signature;
	return NULL;
}

/* Both signatures are here: the unit, journalled before it is announced. */
static void complete(struct payout *p, struct inner_withdrawal *w, const struct payment *pay,
		     const struct sig64 *b)
{
	struct doc_signature s;
	struct doc d;
	uint8_t unit[PAYMENT_UNIT_MAX];
	char why[64];
	size_t n;

	payout_open_doc(p, &d, payout_doc(w, DOC_SIGNATURE, DOC_SIGNER_A));
	CHECK(doc_signature_read(&d, &s, NULL) == ERR_OK);
	CHECK(payment_unit(unit, sizeof unit, &n, pay, &s.signature, b) == ERR_OK);
	payout_keep(p, w, INNER_DOC_UNIT, 0, bytes_of(unit, n), true);
	(void)snprintf(why, sizeof why, REASON_COMPLETE, w->attempts);
	CHECK(payout_move_state(p, w, PAYOUT_AUTHORISED, PAYOUT_WRAP, "signer b", why) == ERR_OK);
	w->announce_mono_ms = 0;
	w->pool_seen = 0;
}

static void signed_reply(struct payout *p, enum doc_signer signer, const struct bytes *items,
			 struct effects *out)
{
	struct doc_attestation att;
	struct doc d;
	struct inner_withdrawal *w;
	struct payment pay;
	struct sig64 signature;
	struct id128 key;
	uint32_t index;
	char words[64];
	const char *why;

	if (doc_open(&d, items[0], &p->genesis_id, NULL) != ERR_OK || d.type != DOC_ATTESTATION ||
	    doc_attestation_read(&d, &att, NULL) != ERR_OK || att.subject_type != DOC_ATTEMPT) {
		p->counters[COUNT_REPLIES_BAD]++;
		effects_note(out, "unusual signer-answer signer=%c why=malformed", "ab"[signer]);
		return;
	}
	key = map_key(&att.subject);
	if (!map_get(&p->by_attempt, &key, &index) ||
	    !hash32_eq(&p->all[index].attempt_doc, &att.subject)) {
		p->counters[COUNT_REPLIES_BAD]++;
		effects_note(out, "unusual signer-answer signer=%c why=unknown-attempt",
			     "ab"[signer]);
		return;
	}
	w = &p->all[index];
	if (w->state != (signer == DOC_SIGNER_A ? PAYOUT_APPROVED : PAYOUT_AUTHORISED) ||
	    w->attempts == w->dead) {
		return; /* late or twice: what counts is in the journal */
	}
	payment_of(p, w, &pay);
	why = judge_answer(p, signer, &att, &d, &pay, items[1], &signature);
	if (why != NULL) {
		p->counters[COUNT_REPLIES_BAD]++;
		(void)snprintf(w->reason, sizeof w->reason, REASON_BAD_ANSWER, "ab"[signer], why);
		effects_note(out, "broken signer-answer signer=%c why=\"%s\"", "ab"[signer], why);
		wait_longer(p, w);
		return;
	}
	payout_keep(p, w, DOC_ATTESTATION, signer, items[0], true);
	payout_keep(p, w, DOC_SIGNATURE, signer, items[1], true);
	if (signer == DOC_SIGNER_A) {
		(void)snprintf(words, sizeof words, REASON_COSIGNED, w->attempts);
		CHECK(payout_move_state(p, w, PAYOUT_APPROVED, PAYOUT_COSIGN, "signer a", words) ==
		      ERR_OK);
		prepare(p, w, out);
	} else {
		complete(p, w, &pay, &signature);
	}
	w->tag = 0;
	w->retry_mono_ms = 0;
	w->pause_ms = 0;
	payout_note(p, out, "signed", w);
}

static void refused_reply(struct payout *p, uint32_t channel, uint64_t tag, struct bytes raw,
			  struct effects *out)
{
	struct inner_withdrawal *w = asked_by(p, tag);
	struct doc_refusal r = { .field = "" };
	struct doc d;
	char id[UUID7_TEXT_MAX] = "";
	char text[INNER_REASON_MAX];
	bool known = doc_open(&d, raw, &p->genesis_id, NULL) == ERR_OK && d.type == DOC_REFUSAL &&
		     doc_refusal_read(&d, &r, NULL) == ERR_OK;

	if (!known) {
		p->counters[COUNT_REPLIES_BAD]++;
		(void)snprintf(text, sizeof text, REASON_NO_DOCUMENT);
	} else {
		(void)snprintf(text, sizeof text, REASON_REFUSAL,
			       channel == PAYOUT_CHANNEL_A ? "a" : "b", r.code, r.detail, r.field);
	}
	(void)snprintf(p->link_words[channel - 1], sizeof p->link_words[0], "%s", text);
	if (known) {
		daily_refused(p, channel == PAYOUT_CHANNEL_A ? DOC_SIGNER_A : DOC_SIGNER_B, r.field,
			      out);
	}
	if (w == NULL) {
		return;
	}
	uuid7_put(id, &w->id);
	if (strcmp(w->reason, text) != 0) {
		effects_note(out, "unusual signer-refused id=%s state=%s why=\"%s\"", id,
			     state_name(w->state), text);
	}
	/*
	 * A refusal carries no signature, so it proves nothing and ends nothing: the withdrawal
	 * waits where it is, and time (its order's, before a key has spoken) ends it.
	 */
	(void)snprintf(w->reason, sizeof w->reason, "%s", text);
	wait_longer(p, w);
	w->wants_price = strncmp(r.field, "price", strlen("price")) == 0;
}

static void receipt_reply(struct payout *p, uint32_t channel, uint64_t tag, struct bytes body,
			  struct effects *out)
{
	const struct key32 *key;
	struct bytes item;
	struct doc_receipt r;
	struct doc d;
	size_t n;

	if (frame_items_all(body, &item, 1, &n) != ERR_OK || n != 1 ||
	    doc_open(&d, item, &p->genesis_id, NULL) != ERR_OK || d.type != DOC_RECEIPT ||
	    doc_receipt_read(&d, &r, NULL) != ERR_OK) {
		return;
	}
	key = channel < PAYOUT_CHANNEL_WATCHER
		  ? &p->roster.signers[channel - 1].attest_key
		  : &p->roster.watchers[channel - PAYOUT_CHANNEL_WATCHER].key;
	for (size_t i = 0; i < p->stops_n; i++) {
		if ((STOP_TAG | i) == tag && hash32_eq(&r.document, &p->stops[i].id) &&
		    doc_signed_by(&d, key)) {
			p->stops[i].held |= 1u << (channel - 1);
			effects_note(out, "info stop-held holder=%s", r.holder);
		}
	}
	for (size_t i = 0; i < p->genesis.hot_count; i++) {
		struct inner_stop *s = &p->closings[i].doc;

		if ((CLOSING_TAG | i) == tag && hash32_eq(&r.document, &s->id) &&
		    doc_signed_by(&d, key)) {
			s->held |= 1u << (channel - 1);
			effects_note(out, "info closing-held holder=%s", r.holder);
		}
	}
}

void sign_reply(struct payout *p, uint32_t channel, uint16_t number, uint64_t tag,
		struct bytes body, struct effects *out)
{
	struct bytes items[2];
	size_t n;

	if (channel < 1 || channel > 2 + p->roster.watcher_count) {
		return;
	}
	if (number == MSGS_REPLY(SIGNER_STOP_PUT)) {
		receipt_reply(p, channel, tag, body, out);
		return;
	}
	if (number != MSGS_REPLY(SIGNER_SIGN) || channel > PAYOUT_CHANNEL_B) {
		return;
	}
	if (frame_items_all(body, items, 2, &n) != ERR_OK || n == 0) {
		p->counters[COUNT_REPLIES_BAD]++;
		return;
	}
	if (n == 2) {
		signed_reply(p, channel == PAYOUT_CHANNEL_A ? DOC_SIGNER_A : DOC_SIGNER_B, items,
			     out);
	} else {
		refused_reply(p, channel, tag, items[0], out);
	}
}
