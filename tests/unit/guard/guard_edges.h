/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard_edges.h - what the tests of the guard's edges share: documents that say nothing, frames of
 * one item, a disk that answers when the test says so, batches by hand; for tests over guard_rig.h.
 */
#ifndef KURAMORI_TESTS_GUARD_EDGES_H
#define KURAMORI_TESTS_GUARD_EDGES_H

#include "guard_said.h"
#include "t.h"

static const struct bytes nothing = { NULL, 0 };

/* Both signers have their watchers' words. */
static inline void start(void)
{
	rig_make();
	rig_well(A);
	rig_well(B);
}

/* The body of a frame of one item. */
static inline struct bytes one_item(struct bytes item)
{
	static uint8_t body[20000];
	struct writer w = writer_make(body, sizeof body);

	return rig_body(&w, &item, 1);
}

/* A frame of these items; its number. */
static inline uint64_t items_to(int s, uint32_t channel, uint16_t number, const struct bytes *items,
				size_t n)
{
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);

	return rig_frame(s, channel, number, rig_body(&w, items, n));
}

/* An officer closes this account. */
static inline void close_account(int s, const struct key32 *account)
{
	struct doc_closing c = { .account = *account,
				 .genesis = r.genesis_id,
				 .issuer = "officer-1",
				 .reason = "used up" };
	uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	struct bytes item;

	CHECK(doc_closing_make(&w, NULL, &c, r.person[0].secret) == ERR_OK);
	item = bytes_of(w.p, w.n);
	(void)items_to(s, STOPPER, SIGNER_STOP_PUT, &item, 1);
}

static inline void hang_up(int s, uint32_t channel)
{
	struct event closed = { .kind = EVENT_CLOSED, .channel = channel };

	rig_event(s, &closed);
}

/* So many bytes are left. */
static inline void left(uint64_t bytes)
{
	r.g[A].config.journal_bytes = r.g[A].journal_used + bytes;
}

/* ---- the watchers' feed, and the disk behind it ---- */

/* A frame of the first watcher, on this channel. */
static inline struct event frame_event(uint32_t channel, uint16_t number, struct bytes body)
{
	return (struct event){ .kind = EVENT_FRAME,
			       .channel = channel,
			       .role = GUARD_ROLE_WATCHER(0),
			       .number = number,
			       .request_id = ++r.ids,
			       .body = body };
}

/* The body of a NEXT behind this record. */
static inline struct bytes cursor(uint64_t after)
{
	static uint8_t raw[1024];
	struct doc_cursor c = { .after = after, .genesis = r.genesis_id };
	struct writer w = writer_make(raw, sizeof raw);

	CHECK(doc_cursor_make(&w, NULL, &c, NULL) == ERR_OK);
	return one_item(bytes_of(w.p, w.n));
}

/* The first watcher holds a NEXT on this channel; reads are answered at once. */
static inline uint64_t next_on(int s, uint32_t channel, uint64_t after)
{
	struct event ev = frame_event(channel, SIGNER_NEXT, cursor(after));

	rig_event(s, &ev);
	return ev.request_id;
}

/* As rig_event(), but the disk does not answer. */
static inline void slow_event(int s, struct event *ev)
{
	ev->wall_ms = r.wall;
	ev->mono_ms = r.mono;
	effects_init(&r.out, r.store, sizeof r.store);
	rig_stale_room();
	guard_step(&r.g[s], ev, &r.out);
	rig_run(s);
}

/* As next_on(), but the disk does not answer. */
static inline uint64_t slow_next(int s, uint32_t channel, uint64_t after)
{
	struct event ev = frame_event(channel, SIGNER_NEXT, cursor(after));

	slow_event(s, &ev);
	return ev.request_id;
}

/* The tag of the read that the last step has asked for; 0 none. */
static inline uint64_t asked(void)
{
	for (size_t i = 0; i < r.out.n; i++) {
		if (r.out.list[i].kind == EFFECT_CALL) {
			return r.out.list[i].request_id;
		}
	}
	return 0;
}

/* The disk answers this read, and nothing else that the step asks. */
static inline void disk_says(int s, uint64_t call, enum err status, struct bytes body)
{
	struct event ev = { .kind = EVENT_REPLY,
			    .number = GUARD_CALL_READ,
			    .request_id = call,
			    .status = status,
			    .body = body };

	slow_event(s, &ev);
}

/* The batch of a payment, as it stands in the journal. */
static inline struct bytes batch_of(int s, size_t payment)
{
	const struct guard_payment *p = &r.payments[s][payment];

	return bytes_of(r.journal[s] + p->batch_offset, p->batch_bytes);
}

/* This request was answered once, by the nonce and nothing else. */
static inline bool nonce_alone(uint64_t id)
{
	struct doc d;

	return rig_answers(id) == 1 && rig_type(rig_item(rig_answer(id), 0), &d) == DOC_NONCE &&
	       rig_item(rig_answer(id), 1).n == 0;
}

/* It was answered once, by an attestation behind the nonce. */
static inline bool subject_told(uint64_t id)
{
	struct doc d;

	return rig_answers(id) == 1 && rig_type(rig_item(rig_answer(id), 1), &d) == DOC_ATTESTATION;
}

/* Does the last step say this in a line of its log? */
static inline bool noted(const char *words)
{
	for (size_t i = 0; i < r.out.n; i++) {
		const struct effect *e = &r.out.list[i];

		if (e->kind == EFFECT_NOTE && memmem(e->body.p, e->body.n, words, strlen(words))) {
			return true;
		}
	}
	return false;
}

/* ---- batches by hand ---- */

static uint8_t batch_bytes[65536];
static struct log_batch batch;

/* An empty batch. */
static inline void begin(void)
{
	log_batch_begin(&batch, batch_bytes, sizeof batch_bytes);
}

/* A record of this kind, at the time at which the guard at hand began. */
static inline struct log_record record(uint16_t kind)
{
	struct log_record rec = { .kind = kind };

	le64_put(rec.debit.b, r.g[A].own_base_ms);
	return rec;
}

/* One more record, with a blob unless NULL. */
static inline void add(struct log_record rec, const struct bytes *blob)
{
	CHECK((blob == NULL ? log_batch_add_record(&batch, &rec)
			    : log_batch_add_blob(&batch, &rec, *blob)) == ERR_OK);
}

/* It sealed, behind all that the guard has read: only the contents are at fault. */
static inline struct bytes made_batch(void)
{
	struct log_chain at = r.g[A].chain;
	struct bytes sealed;

	log_batch_seal(&sealed, &batch, &at, &r.log_secret);
	return sealed;
}

#endif
