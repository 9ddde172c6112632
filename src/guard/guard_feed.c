/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/guard_self.h"

#include <string.h>

#include "base/check.h"
#include "crypto/sha256.h"
#include "ipc/frame.h"

enum {
	TOLD_FREE = 8, /* effects that are left to the step that attests */
};

static struct guard_nonce *nonce_current(struct guard *g)
{
	return g->nonces_made == 0 ? NULL : &g->nonces[g->nonces_made % GUARD_NONCES];
}

/* Four in the life of a heartbeat, so that one that is lost costs nothing. */
static uint64_t nonce_every_ms(const struct guard *g)
{
	uint64_t every = g->policy.heartbeat_age_ms / 4;

	return every < 10 ? 10 : every;
}

void guard_feed_nonce(struct guard *g)
{
	const struct guard_nonce *now = nonce_current(g);
	struct guard_nonce next = { .number = g->nonces_made + 1, .issued_mono_ms = g->mono_ms };
	struct sha256 s;
	uint8_t number[8];

	if (now != NULL && g->mono_ms - now->issued_mono_ms < nonce_every_ms(g)) {
		return;
	}
	le64_put(number, next.number);
	sha256_init(&s);
	sha256_update(&s, bytes_str("kuramori guard nonce v1\n"));
	sha256_update(&s, bytes_of(g->config.boot_random, sizeof g->config.boot_random));
	sha256_update(&s, bytes_of(number, sizeof number));
	sha256_final(&s, &next.nonce);
	g->nonces_made++;
	g->nonces[g->nonces_made % GUARD_NONCES] = next;
}

/* Writes the nonce document behind w and returns its view. */
static struct bytes nonce_put(struct guard *g, struct writer *w)
{
	size_t at = w->n;
	struct doc_nonce nonce = {
		.frozen = guard_frozen(g),
		.genesis = g->genesis_id,
		.head = g->chain.head,
		.sequence = guard_self_newest(g),
		.signer = g->config.signer,
		.stop_count = g->control.n,
		.stop_head = g->control.head,
	};

	CHECK(nonce_current(g) != NULL);
	nonce.nonce = nonce_current(g)->nonce;
	CHECK(doc_nonce_make(w, NULL, &nonce, NULL) == ERR_OK);
	return bytes_of(w->p + at, w->n - at);
}

/* f is answered in this step, by this. */
static struct guard_ask answered(const struct guard *g, struct guard_feed *f)
{
	f->held = false;
	f->reading = false;
	f->nonce_number = g->nonces_made;
	return (struct guard_ask){ .channel = f->channel,
				   .request_id = f->request_id,
				   .reply = MSGS_REPLY(SIGNER_NEXT) };
}

static void nonce_answer(struct guard *g, struct guard_feed *f, struct effects *out)
{
	const struct guard_ask ask = answered(g, f);
	struct writer w = writer_make(g->text, sizeof g->text);
	struct bytes item = nonce_put(g, &w);

	guard_self_answer(&ask, &item, 1, out);
}

static struct guard_feed *feed_of(struct guard *g, uint32_t channel)
{
	struct guard_feed *place = NULL;

	for (size_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		struct guard_feed *f = &g->feeds[i];

		if (f->used && f->channel == channel) {
			return f;
		}
		if (!f->used || (place == NULL && !f->held)) {
			place = f;
		}
	}
	if (place != NULL) {
		*place = (struct guard_feed){ .used = true, .channel = channel };
	}
	return place;
}

void guard_feed_next(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	struct doc_cursor cursor;
	struct doc_fault fault = { "", NULL };
	struct guard_feed *f;
	struct guard_no no;
	struct bytes item;
	struct doc d;
	size_t n = 0;
	enum err e;

	if (frame_items_all(ask->body, &item, 1, &n) != ERR_OK || n != 1) {
		(void)guard_self_no(&no, ERR_INPUT, "body", "exactly one cursor is expected");
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	e = guard_self_open(g, &d, item, DOC_CURSOR, "cursor", &no);
	if (e == ERR_OK) {
		e = doc_cursor_read(&d, &cursor, &fault);
		if (e != ERR_OK) {
			(void)guard_self_no_fault(&no, e, "cursor", &fault);
		}
	}
	if (e != ERR_OK) {
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	f = feed_of(g, ask->channel);
	if (f == NULL) {
		(void)guard_self_no(&no, ERR_BUSY, "channel", "too many channels wait already");
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	if (f->held) {
		nonce_answer(g, f, out); /* asked twice: the first is not left hanging */
	}
	f->held = true;
	f->reading = false;
	f->request_id = ask->request_id;
	f->after = cursor.after;
	f->watcher = ask->watcher;
}

void guard_feed_sync(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	struct writer w = writer_make(g->text, sizeof g->text);
	struct bytes item = nonce_put(g, &w);

	guard_self_answer(ask, &item, 1, out);
}

static enum err heartbeat_judge(struct guard *g, const struct guard_ask *ask, struct bytes item,
				struct doc_heartbeat *h, const struct guard_nonce **nonce,
				struct guard_no *no)
{
	struct doc_fault fault = { "", NULL };
	const struct doc_party *party = &g->roster.watchers[ask->watcher];
	const struct guard_watcher *w = &g->watchers[ask->watcher];
	struct doc d;
	enum err e = guard_self_open(g, &d, item, DOC_HEARTBEAT, "heartbeat", no);

	if (e != ERR_OK) {
		return e;
	}
	e = doc_heartbeat_read(&d, h, &fault);
	if (e != ERR_OK) {
		return guard_self_no_fault(no, e, "heartbeat", &fault);
	}
	if (strcmp(h->watcher, party->id) != 0) {
		return guard_self_no(no, ERR_SIGNER_UNKNOWN, "heartbeat.watcher",
				     "not the watcher whose socket this is");
	}
	if (h->signer != g->config.signer) {
		return guard_self_no(no, ERR_MISMATCH, "heartbeat.signer", "for the other signer");
	}
	if (!doc_signed_by(&d, &party->key)) {
		return guard_self_no(no, ERR_SIGNATURE, "heartbeat.signatures",
				     "not signed by that watcher");
	}
	*nonce = NULL;
	for (size_t i = 0; i < GUARD_NONCES; i++) {
		if (g->nonces[i].number != 0 && hash32_eq(&g->nonces[i].nonce, &h->nonce)) {
			*nonce = &g->nonces[i];
		}
	}
	if (*nonce == NULL || g->mono_ms - (*nonce)->issued_mono_ms > g->policy.heartbeat_age_ms) {
		return guard_self_no(no, ERR_STALE, "heartbeat.nonce",
				     "not a nonce that we gave lately");
	}
	if (w->heard && (*nonce)->number <= w->nonce_number) {
		return guard_self_no(no, ERR_ONCE, "heartbeat.nonce",
				     "this watcher has answered this nonce, or a newer one");
	}
	return ERR_OK;
}

/* What the watcher's chain says of our accounts, in micro-XEM; of others nothing is kept. */
static void take_tallies(const struct guard *g, struct guard_watcher *w,
			 const struct doc_heartbeat *h)
{
	w->records_sequence = h->records_sequence;
	for (size_t i = 0; i < h->balance_count; i++) {
		const struct doc_balance *b = &h->balances[i];

		for (size_t k = 0; k < g->genesis.hot_count; k++) {
			if (key32_eq(&g->genesis.hot[k].public_key, &b->account)) {
				w->hot[k] = (struct guard_tally){
					.known = true,
					.confirmed = money_units(&b->confirmed),
					.promised = money_units(&b->promised),
				};
			}
		}
	}
}

void guard_feed_heartbeat(struct guard *g, struct guard_ask *ask, struct effects *out)
{
	const struct guard_nonce *nonce = NULL;
	struct guard_watcher *w = &g->watchers[ask->watcher];
	struct doc_heartbeat h;
	struct guard_no no;
	struct bytes item;
	bool was_locked;
	size_t n = 0;
	enum err e;

	if (frame_items_all(ask->body, &item, 1, &n) != ERR_OK || n != 1) {
		e = guard_self_no(&no, ERR_INPUT, "body", "exactly one heartbeat is expected");
	} else {
		e = heartbeat_judge(g, ask, item, &h, &nonce, &no);
	}
	if (e != ERR_OK) {
		guard_self_refuse(g, ask, &no, out);
		return;
	}
	CHECK(nonce != NULL);
	*w = (struct guard_watcher){
		.heard = true,
		.nonce_number = nonce->number,
		.issued_mono_ms = nonce->issued_mono_ms,
		.chain_s = (uint32_t)h.chain_time_nem_s, /* in range: doc_heartbeat_read() */
		.roster_agrees = hash32_eq(&h.roster, &g->roster_id),
		.policy_agrees = hash32_eq(&h.policy, &g->policy_id),
		.stop_head = h.stop_head,
		.stop_count = h.stop_count,
	};
	take_tallies(g, w, &h);
	was_locked = g->locked;
	if (guard_recall_heard(g, (size_t)ask->watcher, &h, out)) {
		(void)guard_self_no(&no, ERR_LOCKED, "heartbeat.records_sequence",
				    "a watcher holds a record of ours that our journal lacks");
		if (was_locked || !g->locked) {
			guard_self_refuse_quietly(g, ask, &no, out);
		} else {
			guard_self_refuse(g, ask, &no, out);
		}
		return;
	}
	guard_self_answer(ask, NULL, 0, out);
	guard_sign_release(g, out);
}

/* What A said stands in A's own record. */
static bool is_told(u128 type)
{
	return type != DOC_ATTESTATION && type != DOC_SIGNATURE;
}

/* The batch that was read back, as a NEXT reply: nonce, attestation, its subject's documents. */
static enum err subject_answer(struct guard *g, struct guard_feed *f, const struct guard_payment *p,
			       struct bytes batch, struct effects *out)
{
	struct guard_ask ask;
	struct bytes items[FRAME_ITEMS_MAX];
	struct writer w = writer_make(g->text, sizeof g->text);
	struct log_view view;
	struct doc d;
	size_t n = 2;
	bool found = false;
	enum err e = log_batch_check(&view, batch);

	if (e != ERR_OK) {
		return e;
	}
	items[0] = nonce_put(g, &w);
	for (uint32_t i = 0; i < view.head.count; i++) {
		struct log_record r;
		struct bytes blob;

		e = log_view_record(&r, &view, i);
		if (e != ERR_OK) {
			return e;
		}
		if (r.kind != LOG_DOCUMENT && r.kind != LOG_GUARD_ATTEST &&
		    r.kind != LOG_GUARD_RECALL) {
			continue;
		}
		e = log_view_blob(&blob, &view, &r.link);
		if (e != ERR_OK) {
			return e;
		}
		if (r.kind != LOG_DOCUMENT) {
			/* unreached: no attestation is journalled that does not open */
			found = doc_open(&d, blob, &g->genesis_id, NULL) == ERR_OK &&
				guard_self_mark(g, &d.id) == p->attestation;
			items[1] = blob;
		} else if (is_told(r.amount)) {
			if (n == FRAME_ITEMS_MAX) {
				return ERR_CORRUPT;
			}
			items[n++] = blob;
		}
	}
	if (!found) {
		return ERR_CORRUPT;
	}
	ask = answered(g, f);
	guard_self_answer(&ask, items, n, out);
	return ERR_OK;
}

/* The same out of what is at hand. */
static struct bytes attested_body(struct guard *g, struct bytes attestation,
				  const struct doc *const *docs, size_t docs_n, struct effects *out)
{
	struct bytes items[FRAME_ITEMS_MAX];
	struct writer w = writer_make(g->text, sizeof g->text);
	size_t n = 0;

	items[n++] = nonce_put(g, &w);
	items[n++] = attestation;
	for (size_t i = 0; i < docs_n; i++) {
		if (is_told(docs[i]->type)) {
			CHECK(n < FRAME_ITEMS_MAX);
			items[n++] = docs[i]->raw;
		}
	}
	return guard_self_body(items, n, out);
}

void guard_feed_attested(struct guard *g, const struct guard_payment *p, struct bytes attestation,
			 const struct doc *const *docs, size_t docs_n, struct effects *out)
{
	struct bytes body = bytes_of(NULL, 0);

	for (size_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		struct guard_feed *f = &g->feeds[i];
		struct guard_ask ask;

		/* rules that came into force in this step may have said much */
		if (!f->held || f->reading || effects_free(out) < TOLD_FREE ||
		    guard_self_after(g, f->after) != p) {
			continue;
		}
		if (body.n == 0) {
			body = attested_body(g, attestation, docs, docs_n, out);
		}
		ask = answered(g, f);
		effects_send(out, ask.channel, ask.reply, ask.request_id, body);
	}
}

void guard_feed_reply(struct guard *g, const struct event *event, struct effects *out)
{
	g->reads_out -= g->reads_out > 0;
	for (size_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		struct guard_feed *f = &g->feeds[i];
		const struct guard_payment *p;
		enum err e;

		if (!f->used || !f->held || !f->reading || f->call != event->request_id) {
			continue;
		}
		p = guard_self_by_mark(g, f->reads);
		e = event->status;
		if (e == ERR_OK && p != NULL) {
			e = subject_answer(g, f, p, event->body, out);
		}
		if (e != ERR_OK) {
			/* our own journal does not read back: say so */
			effects_note(out, "broken journal-read sequence=%llu why=%s",
				     (unsigned long long)f->sequence, err_slug(e));
		}
		if (e != ERR_OK || p == NULL) {
			nonce_answer(g, f, out); /* the watcher asks again; or it was forgotten */
		}
		return;
	}
}

void guard_feed_closed(struct guard *g, uint32_t channel)
{
	for (size_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		if (g->feeds[i].used && g->feeds[i].channel == channel) {
			g->feeds[i] = (struct guard_feed){ 0 };
		}
	}
}

/*
 * Of the sweeps that wait for this watcher's word, though it asks for what comes behind them: the
 * next one in this round, which a new nonce begins; NULL: no more.  A signer that lost its memory
 * evacuates by lower numbers than watchers have heard from it, and k of them must hear of those,
 * too.
 */
static const struct guard_payment *unheard(const struct guard *g, struct guard_feed *f)
{
	const struct guard_payment *found = NULL;
	uint64_t from = f->nonce_number == g->nonces_made ? f->again : 0;
	bool on = from != 0 || (f->nonce_number != 0 && f->nonce_number != g->nonces_made);

	f->again = 0;
	for (size_t i = 0; on && i < GUARD_PENDING_MAX; i++) {
		const struct guard_pending *w = &g->pending[i];
		const struct guard_payment *p = w->used && w->waiting && w->sweep && w->age > from
						    ? guard_self_by_attestation(g, &w->attestation)
						    : NULL;

		if (p != NULL && (p->acked & (1u << f->watcher)) == 0 &&
		    (found == NULL || w->age < f->again)) {
			found = p;
			f->again = w->age;
		}
	}
	return found;
}

void guard_feed_serve(struct guard *g, struct effects *out)
{
	for (size_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		struct guard_feed *f = &g->feeds[i];
		const struct guard_payment *p;

		if (!f->used || !f->held || f->reading || effects_free(out) < 4 ||
		    g->reads_out == GUARD_FEEDS_MAX) {
			continue;
		}
		p = guard_self_after(g, f->after);
		if (p == NULL) {
			p = unheard(g, f);
		}
		if (p != NULL) {
			uint8_t arguments[12];

			f->reading = true;
			g->reads_out++;
			f->sequence = p->sequence;
			f->reads = p->attestation;
			f->call = ++g->calls_made;
			le64_put(arguments, p->batch_offset);
			le32_put(arguments + 8, p->batch_bytes);
			effects_call(out, GUARD_CALL_READ, f->call,
				     bytes_of(arguments, sizeof arguments));
		} else if (f->nonce_number != g->nonces_made) {
			nonce_answer(g, f, out);
		}
	}
}
