/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_feed.c - what signers are asked for: records (NEXT), the newest number (SYNC); their
 * nonces, and the heartbeats that tell them how the world looks from here.  Next: watch_chain.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "ipc/frame.h"
#include "watch/watch_self.h"

enum {
	ASK_PAUSE_MS = 20,    /* between two NEXT when an answer brought nothing new */
	REFUSED_MS = 1000,    /* and when it was refused: by rules that have no such watcher */
	ACKS_AGAIN_MS = 5000, /* to one who does not know what it attested, or our key */
};

/* ---- nonces -------------------------------------------------------------------------------- */

void watch_feed_nonce(struct watch *w, int signer, const struct doc_nonce *nonce,
		      struct effects *out)
{
	static const char *const names[DOC_SIGNERS] = { "A", "B" };
	struct watch_signer *k = &w->signer[signer];

	k->newest = nonce->sequence;
	if (k->cursor > nonce->sequence) {
		/* Somebody showed us numbers that it never gave: on from what is held. */
		k->cursor = k->rewound ? 0 : k->held_sequence;
	}
	k->peek = k->peek > nonce->sequence ? 0 : k->peek;
	if (nonce->sequence < k->held_sequence && !k->rewound) {
		char words[200];

		k->rewound = true;
		/* What it has signed since it began again is looked for from the beginning. */
		k->cursor = 0;
		k->peek = 0;
		k->newest = nonce->sequence;
		(void)snprintf(words, sizeof words,
			       "signer %s says its newest attestation is %llu; we hold %llu: its "
			       "journal was rewound",
			       names[signer], (unsigned long long)nonce->sequence,
			       (unsigned long long)k->held_sequence);
		/* No freeze: it is locked by our heartbeat until it has back what it lost. */
		watch_self_alarm(w, WATCH_CRIME_RECORD, &k->held_id, NULL, words, out);
	}
	k->differs =
	    nonce->stop_count != w->control.n || !hash32_eq(&nonce->stop_head, &w->control.head);
	if (!k->has_nonce || !hash32_eq(&k->nonce, &nonce->nonce)) {
		k->want_heartbeat = true;
		k->want_nonce = nonce->nonce;
		if (k->rewound) {
			watch_recall_wanted(k);
		}
	}
}

static void heartbeat_send(struct watch *w, int signer, const struct watch_node *best,
			   struct effects *out)
{
	static struct doc_heartbeat h;
	struct watch_signer *k = &w->signer[signer];
	/*
	 * P7: a signer that lost its memory may have signed sweeps since, with higher numbers than
	 * all that we hold of it.  So it is asked first on each link for its newest payment: those
	 * are a chain, and who has the last of them has them all.  But one whose own number is
	 * below that of our newest is shown that one: k words on the payment alone would let it
	 * sign the next one by a number that was given before.
	 */
	bool payment = !k->paid_shown && k->paid_sequence != 0 && k->newest >= k->held_sequence;
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
	h.records_head = payment ? k->paid_head : k->held_head;
	h.records_sequence = payment ? k->paid_sequence : k->held_sequence;
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

static bool refusal_read(const struct watch *w, struct bytes body, struct doc_refusal *f)
{
	struct frame_items it = frame_items_make(body);
	struct bytes item;
	struct doc d;

	return frame_items_next(&it, &item) && doc_open(&d, item, &w->genesis_id, NULL) == ERR_OK &&
	       d.type == DOC_REFUSAL && doc_refusal_read(&d, f, NULL) == ERR_OK;
}

static bool refused_as(const struct watch *w, struct bytes body, enum err e)
{
	struct doc_refusal f;

	return refusal_read(w, body, &f) && strcmp(f.code, err_slug(e)) == 0;
}

static bool refusal_noted(struct watch *w, int signer, struct bytes body, const char *what,
			  struct effects *out)
{
	struct doc_refusal f;

	if (!refusal_read(w, body, &f)) {
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
	k->next_refused = refusal_noted(w, signer, event->body, "next", out);
	if (k->next_refused || !nonce_read(w, signer, event->body, &nonce, &rest)) {
		return;
	}
	news = rest.n > 0 || !k->has_nonce || !hash32_eq(&k->nonce, &nonce.nonce);
	watch_feed_nonce(w, signer, &nonce, out);
	if (rest.n > 0) {
		uint64_t before = k->cursor + k->peek;

		watch_record_take(w, (unsigned)signer, rest, out);
		news = k->cursor + k->peek > before;
	}
	if (news) {
		k->progress_mono_ms = rest.n > 0 ? w->mono_ms : k->progress_mono_ms;
		k->asked_mono_ms = 0;
	}
}

/*
 * It does not know its own attestation: when it has it back, our word on it counts for it.  Or not
 * our key yet: when the roster that has it is in force there, too.
 */
static void ack_later(struct watch *w, unsigned signer, uint64_t sequence)
{
	struct watch_signer *k = &w->signer[signer];
	bool found = watch_order_unheard(w, signer, sequence);

	for (size_t i = 0; i < k->recent_n; i++) {
		if (k->recent[i].sequence == sequence) {
			k->recent[i].acked = false;
			found = true;
		}
	}
	if (found) {
		k->acks_mono_ms = w->mono_ms + ACKS_AGAIN_MS;
	}
}

void watch_feed_reply(struct watch *w, int signer, const struct event *event, struct effects *out)
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
			watch_feed_nonce(w, signer, &nonce, out);
		}
		return;
	case MSGS_REPLY(SIGNER_ACK):
		if (refused_as(w, event->body, ERR_NOT_FOUND)) {
			ack_later(w, (unsigned)signer, event->request_id);
			return;
		}
		if (refusal_noted(w, signer, event->body, "ack", out)) {
			if (refused_as(w, event->body, ERR_SIGNATURE) ||
			    refused_as(w, event->body, ERR_SIGNER_UNKNOWN)) {
				ack_later(w, (unsigned)signer, event->request_id);
			}
			return;
		}
		for (size_t i = 0; i < k->recent_n; i++) {
			if (k->recent[i].sequence == event->request_id) {
				k->recent[i].acked = true;
			}
		}
		watch_order_heard(w, (unsigned)signer, event->request_id);
		return;
	case MSGS_REPLY(SIGNER_HEARTBEAT):
		if (refused_as(w, event->body, ERR_LOCKED)) {
			watch_recall_wanted(k); /* it lacks what we hold */
		} else if (!refusal_noted(w, signer, event->body, "heartbeat", out)) {
			k->paid_shown = true;
		}
		return;
	}
}

/* ---- asking -------------------------------------------------------------------------------- */

static void next_send(struct watch *w, struct watch_signer *k, struct effects *out)
{
	struct doc_cursor cursor = { .after = k->peek > k->cursor ? k->peek : k->cursor,
				     .genesis = w->genesis_id };
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

void watch_feed_pump(struct watch *w, struct effects *out)
{
	const struct watch_node *best = watch_self_best(w);
	/* our word counts for nobody until then; what is to be said is said when it does */
	bool stands = watch_stands(w);

	for (int s = 0; s < DOC_SIGNERS; s++) {
		struct watch_signer *k = &w->signer[s];
		bool pause =
		    k->asked_mono_ms != 0 &&
		    w->mono_ms - k->asked_mono_ms < (k->next_refused ? REFUSED_MS : ASK_PAUSE_MS);

		if (!k->up) {
			continue;
		}
		if (k->peek != 0 && watch_later_room(w, (unsigned)s, k->peek_needs)) {
			k->peek = 0; /* back to what found no room */
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
		watch_recall_pump(w, (unsigned)s, out);
		if (stands && k->want_heartbeat && best != NULL && effects_free(out) > 8 &&
		    w->dest[s].closing_next == w->genesis.hot_count) {
			heartbeat_send(w, s, best, out);
		}
		for (size_t i = 0; stands && i < k->recent_n && effects_free(out) > 16; i++) {
			if (!k->recent[i].acked && w->mono_ms >= k->acks_mono_ms) {
				watch_record_ack_send(w, k, &k->recent[i], out);
			}
		}
	}
}
