/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_recall.c - a signer's own records, handed back to it when its journal has lost them (P7,
 * docs/decisions/0031-catching-up.md).
 *
 * It says behind which number it wants them; each is read back out of our own journal as it was
 * acknowledged: the attestation and its documents.  What it takes of that it decides by its own
 * signature.  One at a time: it syncs each before it asks for the next.
 */
#include <string.h>

#include "ipc/frame.h"
#include "watch/watch_self.h"

enum { RECALL_PAUSE_MS = 20 };

void watch_recall_wanted(struct watch_signer *k)
{
	k->recall.wanted = true;
}

void watch_recall_closed(struct watch_signer *k)
{
	k->recall = (struct watch_recall){ .wanted = false };
}

void watch_recall_pump(struct watch *w, unsigned signer, struct effects *out)
{
	struct watch_signer *k = &w->signer[signer];
	struct watch_recall *c = &k->recall;

	if (!c->wanted || c->asked || c->call != 0 ||
	    (c->asked_mono_ms != 0 && w->mono_ms - c->asked_mono_ms < RECALL_PAUSE_MS) ||
	    effects_free(out) <= 8) {
		return;
	}
	c->wanted = false;
	c->asked = true;
	c->asked_mono_ms = w->mono_ms;
	watch_self_send(w, k->channel, SIGNER_RECALL, ++w->requests_made, NULL, 0, out);
}

/* The first attestation of this signer behind that number which our journal holds, or NULL. */
static const struct watch_payment *first_after(const struct watch *w, unsigned signer,
					       uint64_t after)
{
	const bool last = (w->config.planted & WATCH_PLANT_RECALL_LAST) != 0;
	const struct watch_payment *first = NULL;

	for (size_t i = 0; i < w->payments_n; i++) {
		const struct watch_payment *p = &w->config.storage.payments[i];

		if (p->sequence[signer] > after &&
		    (first == NULL || (p->sequence[signer] < first->sequence[signer]) != last)) {
			first = p;
		}
	}
	return first;
}

/* It has asked for nothing more that we hold; does it say that itself, too? */
static void caught_up(struct watch *w, unsigned signer, struct effects *out)
{
	struct watch_signer *k = &w->signer[signer];

	if (!k->rewound || k->newest < k->held_sequence) {
		return;
	}
	k->rewound = false;
	k->cursor = k->held_sequence;
	k->acks_mono_ms = 0;
	effects_note(out, "unusual caught_up signer=%c sequence=%llu", "ab"[signer],
		     (unsigned long long)k -> newest);
}

void watch_recall_reply(struct watch *w, unsigned signer, struct bytes body, struct effects *out)
{
	struct watch_recall *c = &w->signer[signer].recall;
	const struct watch_payment *p;
	struct doc_cursor cursor;
	uint8_t arguments[12];
	struct bytes item;
	struct doc d;
	size_t n = 0;

	c->asked = false;
	/* a refusal: its next heartbeat shows whether it still lacks something */
	if (frame_items_all(body, &item, 1, &n) != ERR_OK || n != 1 ||
	    doc_open(&d, item, &w->genesis_id, NULL) != ERR_OK || d.type != DOC_CURSOR ||
	    doc_cursor_read(&d, &cursor, NULL) != ERR_OK) {
		return;
	}
	p = first_after(w, signer, cursor.after);
	if (p == NULL) {
		caught_up(w, signer, out);
		return;
	}
	c->call = ++w->requests_made;
	le64_put(arguments, p->batch_at[signer]);
	le32_put(arguments + 8, p->batch_n[signer]);
	effects_call(out, WATCH_CALL_READ, c->call, bytes_of(arguments, sizeof arguments));
}

/* The attestation first, as a signer takes it; 0: this is no batch that we wrote for one. */
static size_t items_of(struct bytes batch, struct bytes items[FRAME_ITEMS_MAX])
{
	struct log_view view;
	bool found = false;
	size_t n = 1;

	if (log_batch_check(&view, batch) != ERR_OK) {
		return 0;
	}
	for (uint32_t i = 0; i < view.head.count; i++) {
		struct log_record r;
		struct bytes blob;

		if (log_view_record(&r, &view, i) != ERR_OK ||
		    (r.kind != LOG_DOCUMENT && r.kind != LOG_WATCH_ATTEST) ||
		    log_view_blob(&blob, &view, &r.link) != ERR_OK) {
			return 0;
		}
		if (r.kind == LOG_WATCH_ATTEST) {
			items[0] = blob;
			found = true;
		} else if (n < FRAME_ITEMS_MAX) {
			items[n++] = blob;
		}
	}
	return found ? n : 0;
}

void watch_recall_read(struct watch *w, const struct event *event, struct effects *out)
{
	struct bytes items[FRAME_ITEMS_MAX];

	for (unsigned s = 0; s < DOC_SIGNERS; s++) {
		struct watch_signer *k = &w->signer[s];
		size_t n;

		if (k->recall.call == 0 || k->recall.call != event->request_id) {
			continue;
		}
		k->recall.call = 0;
		n = event->status == ERR_OK ? items_of(event->body, items) : 0;
		if (n == 0) {
			effects_note(
			    out, "broken journal-read signer=%c why=%s", "ab"[s],
			    err_slug(event->status == ERR_OK ? ERR_CORRUPT : event->status));
			return;
		}
		k->recall.asked = true;
		watch_self_send(w, k->channel, SIGNER_RECALL, ++w->requests_made, items, n, out);
		return;
	}
}
