/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: memory cannot be rewound (P7), and a signer whose memory was has it back without people:
 * from what it signed itself, all of it, counted, once; and from nothing else.
 * Method: a watcher of this test keeps what the feed gave; journals are put back to earlier bytes.
 */
#include <stdlib.h>

#include "guard/guard_self.h"
#include "guard_said.h"
#include "t.h"

enum { KEPT_MAX = 64 };

/* What watchers hold of each signer: the bodies of RECALL. */
static struct kept {
	uint64_t sequence;
	struct hash32 head;
	size_t n;
	uint8_t body[24 * 1024];
} kept[2][KEPT_MAX];

static size_t kept_n[2];

/* A disk of earlier. */
static uint8_t old_bytes[2][RIG_JOURNAL];
static size_t old_n[2];

static void start(void)
{
	rig_make();
	rig_well(A);
	rig_well(B);
	kept_n[A] = kept_n[B] = 0;
}

/* A watcher takes all that the feed gives behind what it holds. */
static void collect(int s)
{
	uint8_t raw[1024];
	uint8_t body[1100];

	for (;;) {
		struct doc_cursor cursor = { .genesis = r.genesis_id };
		struct writer w = writer_make(raw, sizeof raw);
		struct writer b = writer_make(body, sizeof body);
		struct kept *k = &kept[s][kept_n[s]];
		struct doc_attestation t;
		struct bytes item;
		struct doc d;
		uint64_t id;

		cursor.after = kept_n[s] == 0 ? 0 : kept[s][kept_n[s] - 1].sequence;
		CHECK(doc_cursor_make(&w, NULL, &cursor, NULL) == ERR_OK);
		item = bytes_of(w.p, w.n);
		id = rig_frame(s, WATCHER + 2, SIGNER_NEXT, rig_body(&b, &item, 1));
		if (rig_answer(id) == NULL || rig_item(rig_answer(id), 1).n == 0) {
			return;
		}
		CHECK(kept_n[s] < KEPT_MAX);
		item = rig_item(rig_answer(id), 0);
		k->n = rig_answer(id)->n - 4 - item.n;
		CHECK(k->n <= sizeof k->body);
		memcpy(k->body, rig_answer(id)->body + 4 + item.n, k->n);
		CHECK(rig_type(rig_item(rig_answer(id), 1), &d) == DOC_ATTESTATION);
		CHECK(doc_attestation_read(&d, &t, NULL) == ERR_OK);
		k->sequence = t.sequence;
		k->head = t.head;
		kept_n[s]++;
	}
}

static void save(int s)
{
	memcpy(old_bytes[s], r.journal[s], r.journal_n[s]);
	old_n[s] = r.journal_n[s];
}

static void put_back(int s)
{
	memcpy(r.journal[s], old_bytes[s], old_n[s]);
	r.journal_n[s] = old_n[s];
	rig_restart(s);
	rig_tick(s, 1001);
}

/* A heartbeat that shows the record in this place; none: a watcher that holds nothing. */
static uint64_t beat(int s, unsigned watcher, int place)
{
	struct doc_heartbeat h = rig_heartbeat(s, watcher);

	if (place >= 0) {
		h.records_sequence = kept[s][place].sequence;
		h.records_head = kept[s][place].head;
	}
	return rig_beat_as(s, WATCHER + watcher, &h, &r.watcher[watcher]);
}

static uint64_t beat_newest(int s, unsigned watcher)
{
	return beat(s, watcher, (int)kept_n[s] - 1);
}

static void beats(int s, uint64_t ms)
{
	rig_tick(s, ms);
	for (unsigned i = 0; i < 3; i++) {
		(void)beat_newest(s, i);
	}
}

static uint64_t hand_raw(int s, unsigned watcher, const void *p, size_t n)
{
	return rig_frame(s, WATCHER + watcher, SIGNER_RECALL, bytes_of(p, n));
}

static uint64_t hand(int s, unsigned watcher, size_t place)
{
	return hand_raw(s, watcher, kept[s][place].body, kept[s][place].n);
}

/* What it answers: behind which number it wants more; UINT64_MAX: it refused. */
static uint64_t cursor_of(uint64_t id)
{
	struct doc_cursor c;
	struct doc d;

	return rig_type(rig_item(rig_answer(id), 0), &d) == DOC_CURSOR &&
		       doc_cursor_read(&d, &c, NULL) == ERR_OK
		   ? c.after
		   : UINT64_MAX;
}

/* As an honest watcher does: asks what is lacking, and hands it over until nothing is. */
static unsigned hand_all(int s, unsigned watcher)
{
	uint64_t after = cursor_of(hand_raw(s, watcher, "", 0));
	unsigned handed = 0;

	for (size_t i = 0; i < kept_n[s]; i++) {
		if (kept[s][i].sequence > after) {
			after = cursor_of(hand(s, watcher, i));
			CHECK(after == kept[s][i].sequence);
			handed++;
		}
	}
	return handed;
}

/* Pays and lets the watchers acknowledge; the answer. */
static uint64_t pay(uint64_t micro, size_t approvals, uint8_t number)
{
	uint64_t id;

	rig_withdrawal(micro, approvals, number);
	id = rig_sign();
	rig_acks(A);
	if (!rig_signed(id)) {
		fprintf(stderr, "# not signed: %s %s\n", rig_code(id), rig_field(id));
		CHECK(false);
	}
	collect(A);
	return id;
}

static u128 spent(int s)
{
	return guard_spent(&r.g[s], POLICY_DAY_MS, false);
}

/* ---- what comes back ----------------------------------------------------------------------- */

static void by_one(void)
{
	static struct rig_bodies b;
	struct doc_attestation t;
	struct doc d;
	uint64_t id, newest;
	u128 before;
	size_t journal_n;

	start();
	(void)pay(X(40), 0, 1);
	save(A);
	(void)pay(X(50), 0, 2);
	rig_encode(&b);
	before = spent(A);
	newest = kept[A][1].sequence;
	put_back(A);
	T_CHECK(!guard_locked(&r.g[A]));
	REFUSED(beat_newest(A, 0), "locked", "heartbeat.records_sequence");
	T_CHECK(guard_locked(&r.g[A]));
	(void)beat(A, 1, 0);
	(void)beat(A, 2, 0);
	/* two show what it has, one shows that this is not all */
	T_CHECK(guard_locked(&r.g[A]));
	REFUSED(rig_send(A, &b), "locked", "");
	journal_n = r.journal_n[A];
	T_EQ(hand_all(A, 0), 1);
	T_CHECK(r.journal_n[A] > journal_n); /* durable before it counts */
	T_EQ(r.g[A].recalled, 1);
	T_CHECK(spent(A) == before);
	/* what the two showed is what it has, and the third's word has come true */
	T_CHECK(!guard_locked(&r.g[A]));
	beats(A, 1001);
	T_CHECK(!guard_locked(&r.g[A]));
	/* a watcher that was away gets it from the feed as any other */
	kept_n[A] = 1;
	{
		const struct kept was = kept[A][1];

		collect(A);
		T_EQ(kept_n[A], 2);
		T_EQ(kept[A][1].n, was.n);
		T_CHECK(memcmp(kept[A][1].body, was.body, was.n) == 0);
	}
	/* the same attempt is the same bytes, when the watchers have said so again */
	id = rig_send(A, &b);
	T_EQ(rig_answers(id), 0);
	rig_acks(A);
	T_CHECK(rig_signed(id));
	T_EQ(rig_type(rig_item(rig_answer(id), 0), &d), DOC_ATTESTATION);
	T_EQ(doc_attestation_read(&d, &t, NULL), ERR_OK);
	T_EQ(t.sequence, newest);
	/* another attempt of the order is none */
	r.attempt.timestamp_nem_s++;
	REFUSED(rig_sign(), "already-used", "order.request_id");
	/* the next one follows it, with a higher number than whatever was shown */
	T_EQ(kept_n[A], 2);
	(void)pay(X(60), 0, 3);
	T_EQ(kept_n[A], 3);
	T_CHECK(kept[A][2].sequence > newest);
	/* a second start comes to the same */
	before = spent(A);
	rig_restart(A);
	T_EQ(r.g[A].recalled, 1);
	T_EQ(r.g[A].last_sequence, kept[A][2].sequence);
	T_CHECK(spent(A) == before);
	rig_tick(A, 1001);
	beats(A, 1001);
	T_CHECK(!guard_locked(&r.g[A]));
	/* who has the disk of before must be told again, and of the newest too */
	put_back(A);
	(void)beat_newest(A, 2);
	T_EQ(hand_all(A, 2), 2);
	beats(A, 1001);
	T_CHECK(!guard_locked(&r.g[A]) && r.g[A].recalled == 2);
}

/* The limits hold across it: what was signed before counts, and as if it were signed now. */
static void limits_hold(void)
{
	uint64_t far;

	start();
	save(A);
	for (uint8_t i = 0; i < 9; i++) {
		(void)pay(X(99) + i, 0, i); /* 99.5 with fees; 1,000 a day without approvals */
	}
	(void)pay(X(900), 1, 20);
	T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, true) > X(891));
	/* a little less than a day later, by everybody's clocks */
	far = POLICY_DAY_MS - 120000;
	rig_tick(A, far);
	put_back(A);
	(void)beat_newest(A, 1);
	T_EQ(hand_all(A, 1), 10);
	beats(A, 1001);
	T_CHECK(!guard_locked(&r.g[A]));
	/* people's words were judged again: theirs is no payment without approvals */
	T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, true) > X(891));
	T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, true) < X(900));
	T_CHECK(spent(A) > X(1791));
	rig_withdrawal(X(99), 0, 30);
	T_STR(rig_code(rig_sign()), "");
	rig_withdrawal(X(99), 0, 31);
	REFUSED(rig_sign(), "over-cap", "policy.unapproved_day_max");
	/* the day from when they were signed is over; from when they were recalled it is not */
	rig_tick(A, 600000);
	beats(A, 1001);
	rig_withdrawal(X(99), 0, 32);
	REFUSED(rig_sign(), "over-cap", "policy.unapproved_day_max");
	/* it begins with what both clocks agree on, and survives a start */
	rig_restart(A);
	rig_tick(A, 1001);
	beats(A, 1001);
	rig_withdrawal(X(99), 0, 33);
	REFUSED(rig_sign(), "over-cap", "policy.unapproved_day_max");
	rig_tick(A, POLICY_DAY_MS);
	beats(A, 1001);
	T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, true) == 0);
}

/* The disk is lost wholly; genesis was entered again. */
static void from_nothing(void)
{
	static struct rig_bodies b;
	uint64_t id;

	start();
	old_n[A] = 0;
	for (uint8_t i = 0; i < 5; i++) {
		id = pay(X(50) + i, 0, i);
	}
	rig_encode(&b);
	b.items[b.n++] = rig_item(rig_answer(id), 0);
	b.items[b.n++] = rig_item(rig_answer(id), 1);
	id = rig_send(B, &b);
	rig_acks(B);
	T_CHECK(rig_signed(id));
	collect(B);
	old_n[B] = 0;
	/* both at once */
	put_back(A);
	put_back(B);
	T_EQ(r.g[A].payments_n, 0);
	(void)beat_newest(A, 0);
	(void)beat_newest(B, 0);
	T_CHECK(guard_locked(&r.g[A]) && guard_locked(&r.g[B]));
	/* one watcher alone is not enough to say that this was all */
	T_EQ(hand_all(A, 0), 5);
	T_EQ(hand_all(B, 0), 1);
	T_CHECK(guard_locked(&r.g[A]) && guard_locked(&r.g[B]));
	(void)beat_newest(A, 1);
	(void)beat_newest(B, 2);
	T_CHECK(!guard_locked(&r.g[A]) && !guard_locked(&r.g[B]));
	beats(A, 1001);
	beats(B, 1001);
	REFUSED(rig_send(A, &(struct rig_bodies){ .n = 0 }), "bad-input", "body");
	r.attempt.timestamp_nem_s++;
	REFUSED(rig_sign(), "already-used", "order.request_id");
	/* B signs again what it signed: the same bytes */
	id = rig_send(B, &b);
	rig_acks(B);
	T_CHECK(rig_signed(id));
	id = pay(X(70), 0, 9);
	rig_encode(&b);
	b.items[b.n++] = rig_item(rig_answer(id), 0);
	b.items[b.n++] = rig_item(rig_answer(id), 1);
	id = rig_send(B, &b);
	rig_acks(B);
	T_CHECK(rig_signed(id));
}

/* ---- what does not ------------------------------------------------------------------------- */

static struct bytes items_of(const struct kept *k, struct bytes items[FRAME_ITEMS_MAX], size_t *n)
{
	CHECK(frame_items_all(bytes_of(k->body, k->n), items, FRAME_ITEMS_MAX, n) == ERR_OK);
	return items[0];
}

static uint64_t hand_items(int s, unsigned watcher, const struct bytes *items, size_t n)
{
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);
	struct bytes all = rig_body(&w, items, n);

	return hand_raw(s, watcher, all.p, all.n);
}

static struct doc_attestation attestation(size_t place)
{
	struct bytes items[FRAME_ITEMS_MAX];
	struct doc_attestation t;
	struct doc d;
	size_t n;

	CHECK(doc_open(&d, items_of(&kept[A][place], items, &n), &r.genesis_id, NULL) == ERR_OK);
	CHECK(doc_attestation_read(&d, &t, NULL) == ERR_OK);
	return t;
}

/* The first record with another attestation, signed by this key. */
static uint64_t hand_altered(const struct doc_attestation *t, const uint8_t *secret)
{
	static uint8_t raw[8192];
	struct bytes items[FRAME_ITEMS_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	size_t n;

	(void)items_of(&kept[A][0], items, &n);
	CHECK(doc_attestation_make(&w, NULL, t, secret) == ERR_OK);
	items[0] = bytes_of(w.p, w.n);
	return hand_items(A, 0, items, n);
}

/* A hostile watcher, with everything that it has ever seen and every key but ours. */
static void forged(void)
{
	struct bytes items[FRAME_ITEMS_MAX];
	struct doc_attestation t;
	uint8_t many[4 * 80] = { 0 };
	size_t commits, n;
	u128 before;

	start();
	save(A);
	(void)pay(X(40), 0, 1);
	(void)pay(X(50), 0, 2);
	put_back(A);
	rig_well(A); /* nobody says anything yet */
	before = spent(A);
	r.g[A].complete = false;
	commits = r.g[A].payments_n;
	t = attestation(0);
	t.sequence += 1;
	REFUSED(hand_altered(&t, r.attest[B].secret), "bad-signature", "attestation.signatures");
	t = attestation(0);
	t.time_ms += 1;
	REFUSED(hand_altered(&t, NULL), "bad-signature", "attestation.signatures");
	t = attestation(0);
	t.signer = DOC_SIGNER_B;
	REFUSED(hand_altered(&t, r.attest[A].secret), "mismatch", "attestation.signer");
	t.signer = DOC_SIGNER_B;
	REFUSED(hand_altered(&t, r.attest[B].secret), "mismatch", "attestation.signer");
	REFUSED(hand_raw(A, 0, "xyz", 3), "bad-input", "body");
	REFUSED(hand_raw(A, 0, many, sizeof many), "bad-input", "body");
	T_STR(rig_code(hand_raw(A, 0, many, 4)), "bad-input");
	(void)items_of(&kept[A][0], items, &n);
	items[0] = items[1];
	REFUSED(hand_items(A, 0, items, n), "unknown-type", "attestation");
	T_CHECK(!guard_locked(&r.g[A])); /* none of this is a showing */
	T_EQ(r.g[A].payments_n, commits);
	T_CHECK(spent(A) == before);
	t = attestation(0);
	t.sequence = (UINT64_C(1) << 52) + 1;
	REFUSED(hand_altered(&t, r.attest[A].secret), "field-range", "attestation.sequence");
	T_CHECK(!guard_locked(&r.g[A]));

	/* our own attestation beside other documents: it is shown, so it locks, and is not taken */
	{
		struct bytes other[FRAME_ITEMS_MAX];
		size_t other_n;

		(void)items_of(&kept[A][1], other, &other_n);
		for (size_t i = 1; i < 4; i++) {
			(void)items_of(&kept[A][0], items, &n);
			items[i] = other[i];
			REFUSED(hand_items(A, 0, items, n), "mismatch", "attestation.subject");
			(void)items_of(&kept[A][0], items, &n);
			items[i] = items[n - 1];
			REFUSED(hand_items(A, 0, items, n - 1), "mismatch", "attestation.subject");
		}
		(void)items_of(&kept[A][0], items, &n);
		REFUSED(hand_items(A, 0, items, 1), "mismatch", "attestation.subject");
		T_EQ(n, 4);
		items[4] = items[2];
		REFUSED(hand_items(A, 0, items, 5), "bad-input", "order");
		items[4] = bytes_str("{}");
		T_CHECK(strcmp(rig_code(hand_items(A, 0, items, 5)), "") != 0);
		items[4] = items[0];
		REFUSED(hand_items(A, 0, items, 5), "unknown-type", "attestation");
	}
	T_CHECK(guard_locked(&r.g[A]));
	T_EQ(r.g[A].payments_n, commits);
	T_CHECK(spent(A) == before);
	/* whatever heartbeats say, as long as the record is not here */
	rig_well(A);
	T_CHECK(guard_locked(&r.g[A]));
	rig_withdrawal(X(50), 0, 3);
	REFUSED(rig_sign(), "locked", "");
	T_EQ(hand_all(A, 1), 2);
	T_CHECK(!guard_locked(&r.g[A]));
	beats(A, 1001);
	T_CHECK(!guard_locked(&r.g[A]));
}

/* One that leaves out the middle, and one that is shown first. */
static void gap(void)
{
	size_t commits;

	start();
	save(A);
	for (uint8_t i = 0; i < 4; i++) {
		(void)pay(X(50) + i, 0, i);
	}
	put_back(A);
	T_EQ(cursor_of(hand_raw(A, 0, "", 0)), 0);
	commits = r.commits;
	REFUSED(hand(A, 0, 3), "wrong-state", "attestation.previous");
	T_CHECK(guard_locked(&r.g[A])); /* it is shown: no heartbeat is needed for that */
	T_CHECK(cursor_of(hand(A, 0, 0)) != UINT64_MAX);
	REFUSED(hand(A, 0, 2), "wrong-state", "attestation.previous");
	T_CHECK(r.commits > commits);
	T_EQ(r.g[A].recalled, 1);
	/* all three say that they hold what it has now: it does not believe that this is all */
	for (unsigned i = 0; i < 3; i++) {
		(void)beat(A, i, 0);
	}
	T_CHECK(guard_locked(&r.g[A]));
	/* another one has what the first left out; it is asked from the beginning */
	T_EQ(cursor_of(hand_raw(A, 1, "", 0)), 0);
	T_EQ(hand_all(A, 1), 4);
	T_EQ(r.g[A].recalled, 4);
	beats(A, 1001);
	T_CHECK(!guard_locked(&r.g[A]));
	/* what is handed back again changes nothing */
	commits = r.commits;
	for (size_t i = 0; i < 4; i++) {
		T_CHECK(cursor_of(hand(A, 2, i)) != UINT64_MAX);
	}
	T_EQ(r.commits, commits);
	T_EQ(r.g[A].recalled, 4);
	T_CHECK(!guard_locked(&r.g[A]));
}

/* Two histories of one key: no order of events makes one of them. */
static void twins(void)
{
	uint64_t id;

	/* a second instance that lives: it signs what the first never sees */
	start();
	save(A);
	(void)pay(X(50), 0, 1);
	put_back(A);
	for (unsigned i = 0; i < 3; i++) {
		(void)beat(A, i, -1); /* nobody shows it */
	}
	T_CHECK(!guard_locked(&r.g[A]));
	rig_withdrawal(X(60), 0, 2);
	id = rig_sign();
	T_EQ(rig_answers(id), 0);
	REFUSED(hand(A, 2, 0), "locked", "attestation.previous");
	T_CHECK(guard_locked(&r.g[A]));
	REFUSED(id, "locked", ""); /* what waited does not leave */
	rig_acks(A);
	T_EQ(rig_answers(id), 1);
	for (uint64_t i = 0; i < 20; i++) {
		rig_tick(A, 1001);
		for (unsigned k = 0; k < 3; k++) {
			(void)beat(A, k, -1);
		}
	}
	T_CHECK(guard_locked(&r.g[A])); /* for people */
	REFUSED(hand(A, 1, 0), "locked", "attestation.previous");
	/* nor after a start: its own payment stands where the other does */
	rig_restart(A);
	rig_tick(A, 1001);
	(void)beat_newest(A, 0);
	T_CHECK(guard_locked(&r.g[A]));
	REFUSED(hand(A, 0, 0), "locked", "attestation.previous");
	T_CHECK(guard_locked(&r.g[A]));

	/* one that was signed before our start, and that only one watcher holds: the others had
	 * spoken first, and it is taken all the same */
	start();
	save(A);
	(void)pay(X(50), 0, 1);
	put_back(A);
	(void)beat(A, 0, -1);
	(void)beat(A, 1, -1);
	T_CHECK(r.g[A].complete);
	(void)beat_newest(A, 2);
	T_CHECK(guard_locked(&r.g[A]));
	T_EQ(hand_all(A, 2), 1);
	T_CHECK(!guard_locked(&r.g[A]));

	/* a second instance that is started, has it back, and signs; then the first hears of it */
	start();
	(void)pay(X(50), 0, 1);
	save(A); /* the first one's memory */
	old_n[B] = 0;
	put_back(A);
	beats(A, 1);
	T_CHECK(!guard_locked(&r.g[A]) && r.g[A].complete);
	rig_withdrawal(X(60), 0, 2);
	id = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(id));
	collect(A);
	{
		/* the first goes on: complete since its start, it has signed nothing since */
		r.wall -= 5000;
		memcpy(r.journal[A], old_bytes[A], old_n[A]);
		r.journal_n[A] = old_n[A];
		kept_n[A] = 1;
		rig_restart(A);
		rig_tick(A, 1001);
		beats(A, 1);
		T_CHECK(r.g[A].complete);
		kept_n[A] = 2;
		(void)beat_newest(A, 1);
		rig_tick(A, 1001);
		REFUSED(beat_newest(A, 1), "locked", "heartbeat.records_sequence");
		REFUSED(hand(A, 1, 1), "locked", "attestation.previous");
		T_CHECK(r.g[A].twin && guard_locked(&r.g[A]));
	}
	beats(A, 1001);
	T_CHECK(guard_locked(&r.g[A]));
	/* people have stopped the other one and start this one again: it follows, once */
	rig_restart(A);
	rig_tick(A, 1001);
	(void)beat_newest(A, 0);
	T_EQ(hand_all(A, 0), 1);
	beats(A, 1001);
	T_CHECK(!guard_locked(&r.g[A]));
}

/* ---- what is only said --------------------------------------------------------------------- */

static uint64_t lie(unsigned watcher, uint64_t sequence, uint8_t head)
{
	struct doc_heartbeat h = rig_heartbeat(A, watcher);

	h.records_sequence = sequence;
	h.records_head.b[0] = head;
	return rig_beat_as(A, WATCHER + watcher, &h, &r.watcher[watcher]);
}

static void claims(void)
{
	start();
	save(A);
	(void)pay(X(50), 0, 1);
	/* a head that never was: locked, as long as it may still be shown */
	rig_tick(A, 1001);
	(void)beat_newest(A, 0);
	(void)beat_newest(A, 1);
	REFUSED(lie(2, 1000000, 9), "locked", "heartbeat.records_sequence");
	T_CHECK(guard_locked(&r.g[A]));
	for (unsigned i = 0; i < 15; i++) {
		rig_tick(A, 1001);
		(void)beat_newest(A, 0);
		(void)beat_newest(A, 1);
		/* it says something else each time, and now and then what is true */
		(void)(i % 3 == 2 ? beat_newest(A, 2) : lie(2, 1000000 + i, (uint8_t)i));
		T_CHECK(guard_locked(&r.g[A]));
	}
	rig_tick(A, 1001);
	(void)beat_newest(A, 0);
	(void)beat_newest(A, 1);
	rig_tick(A, 1001);
	(void)beat_newest(A, 0);
	(void)beat_newest(A, 1);
	T_CHECK(!guard_locked(&r.g[A]));
	/* it does not get another time for the same */
	(void)lie(2, 2000000, 1);
	T_CHECK(!guard_locked(&r.g[A]));
	(void)pay(X(60), 0, 2);
	/* but its word counts for nothing: one of two others less, and nothing is signed */
	rig_tick(A, 4001);
	(void)beat_newest(A, 0);
	(void)lie(2, 2000001, 1);
	rig_withdrawal(X(70), 0, 3);
	REFUSED(rig_sign(), "stale", "heartbeat");
	/* what it says and we have is as good as anybody's */
	rig_tick(A, 1001);
	(void)beat_newest(A, 0);
	(void)beat_newest(A, 2);
	(void)pay(X(70), 0, 3);

	/* two of them lie: one honest watcher unlocks nothing */
	start();
	(void)pay(X(50), 0, 1);
	for (unsigned i = 0; i < 40; i++) {
		rig_tick(A, 1001);
		(void)beat_newest(A, 0);
		(void)lie(1, 5000, 1);
		(void)lie(2, 5000, 1);
		T_CHECK(guard_locked(&r.g[A]));
	}

	/* an honest one that is slow: each record that it hands back gives it time again */
	start();
	save(A);
	for (uint8_t i = 0; i < 4; i++) {
		(void)pay(X(50) + i, 0, i);
	}
	put_back(A);
	for (size_t i = 0; i < 4; i++) {
		for (unsigned k = 0; k < 12; k++) {
			rig_tick(A, 1001);
			(void)beat_newest(A, 2);
			(void)beat(A, 0, (int)i - 1);
			(void)beat(A, 1, (int)i - 1);
			T_CHECK(guard_locked(&r.g[A]));
		}
		T_EQ(cursor_of(hand(A, 2, i)), kept[A][i].sequence);
	}
	beats(A, 1001);
	T_CHECK(!guard_locked(&r.g[A]));
}

/* ---- what our own key may have signed ------------------------------------------------------ */

/* An own record of whatever is at hand, as a watcher would have kept it. */
static struct own {
	struct doc_attestation t;
	struct bytes documents[24];
	size_t n;
	const struct doc_sweep *sweep;
} own;

static uint8_t own_raw[8][4096];

/* The payment at hand, its people and prices; more may be added behind. */
static void own_payment(void)
{
	static struct rig_bodies b;
	struct payment pay;

	rig_encode(&b);
	CHECK(payment_make(&pay, 0x98, &r.chain[A].public_key, &r.chain[B].public_key, &r.order,
			   &r.attempt) == ERR_OK);
	own = (struct own){ .t = { .data_n = pay.cosign_n,
				   .genesis = r.genesis_id,
				   .head = { { 1, (uint8_t)r.ids } },
				   .inner_hash = pay.inner_hash,
				   .kind = DOC_ATTEST_COSIGN,
				   .policy = r.policy_id,
				   .previous = r.g[A].last,
				   .program = { { 0x99 } },
				   .roster = r.roster_id,
				   .sequence = r.g[A].last_sequence + 40,
				   .signer = DOC_SIGNER_A,
				   .subject = r.attempt_id,
				   .subject_type = DOC_ATTEMPT,
				   .time_ms = r.wall } };
	memcpy(own.t.data, pay.cosign, pay.cosign_n);
	own.documents[own.n++] = b.items[2];
	own.documents[own.n++] = b.items[1];
	own.documents[own.n++] = b.items[0];
	for (size_t i = 3; i < b.n; i++) {
		own.documents[own.n++] = b.items[i];
	}
}

static void own_sweep(uint64_t balance, const struct key32 *account)
{
	static struct doc_sweep sweep;
	struct money m = xem(balance);
	struct payment pay;
	struct writer w = writer_make(own_raw[0], sizeof own_raw[0]);
	uint32_t now = 0;

	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	CHECK(attempt_sweep_make(&sweep, &r.genesis, &r.policy, &r.genesis_id, account, &m, now) ==
	      ERR_OK);
	CHECK(payment_make_sweep(&pay, 0x98, &r.chain[A].public_key, &r.chain[B].public_key,
				 &sweep) == ERR_OK);
	own = (struct own){ .t = { .data_n = pay.cosign_n,
				   .genesis = r.genesis_id,
				   .head = { { 2, (uint8_t)r.ids } },
				   .inner_hash = pay.inner_hash,
				   .kind = DOC_ATTEST_COSIGN,
				   .policy = r.policy_id,
				   .program = { { 0x99 } },
				   .roster = r.roster_id,
				   .sequence = guard_self_newest(&r.g[A]) + 7,
				   .signer = DOC_SIGNER_A,
				   .subject_type = DOC_SWEEP,
				   .time_ms = r.wall } };
	memcpy(own.t.data, pay.cosign, pay.cosign_n);
	CHECK(doc_sweep_make(&w, &own.t.subject, &sweep, NULL) == ERR_OK);
	own.documents[own.n++] = bytes_of(w.p, w.n);
}

static uint64_t own_hand(void)
{
	struct writer w = writer_make(own_raw[7], sizeof own_raw[7]);
	struct bytes items[25];

	CHECK(doc_attestation_make(&w, NULL, &own.t, r.attest[A].secret) == ERR_OK);
	items[0] = bytes_of(w.p, w.n);
	memcpy(items + 1, own.documents, own.n * sizeof own.documents[0]);
	return hand_items(A, 1, items, own.n + 1);
}

#define TAKEN(id) T_EQ(cursor_of(id), own.t.sequence)

static void lacking(void)
{
	start();
	old_n[A] = 0;
	put_back(A);
}

static void sweeps(void)
{
	struct bytes own_closing;
	struct doc_closing c;
	struct writer w;
	size_t before;

	lacking();
	/* in any order, before and after payments, also of those that came later */
	own_sweep(X(5000), &r.till.public_key);
	own.t.sequence = 90;
	TAKEN(own_hand());
	T_EQ(r.g[A].sweeps_n, 1);
	T_CHECK(!guard_locked(&r.g[A])); /* nobody has to lock for what excludes nothing */
	own_sweep(X(4000), &r.till.public_key);
	own.t.sequence = 30;
	own.t.previous.b[0] = 9; /* whatever it says */
	T_CHECK(cursor_of(own_hand()) == 90);
	T_EQ(r.g[A].sweeps_n, 2);
	T_EQ(r.payments[A][0].sequence, 30);
	T_EQ(guard_self_newest(&r.g[A]), 90);
	/* at a number that is taken; each head is known then */
	own_sweep(X(3000), &r.purse.public_key);
	own.t.sequence = 30;
	T_CHECK(cursor_of(own_hand()) == 90);
	T_EQ(r.g[A].sweeps_n, 3);
	for (unsigned i = 0; i < 2; i++) {
		struct doc_heartbeat h = rig_heartbeat(A, i);

		h.records_sequence = 30;
		h.records_head = rig_attested(A, i).t.head;
		T_STR(rig_code(rig_beat_as(A, WATCHER + i, &h, &r.watcher[i])), "");
	}
	{
		struct doc_heartbeat h = rig_heartbeat(A, 2);

		h.records_sequence = 30;
		h.records_head.b[0] = 0x77;
		T_STR(rig_code(rig_beat_as(A, WATCHER + 2, &h, &r.watcher[2])), "locked");
	}
	/* of a closed account: apart from the others */
	own_sweep(X(2000), &r.next_till.public_key);
	c = (struct doc_closing){ .account = r.next_till.public_key,
				  .genesis = r.genesis_id,
				  .issuer = "officer-1",
				  .reason = "used up",
				  .time_ms = r.wall };
	w = writer_make(own_raw[1], sizeof own_raw[1]);
	CHECK(doc_closing_make(&w, NULL, &c, r.person[0].secret) == ERR_OK);
	own_closing = bytes_of(w.p, w.n);
	own.documents[own.n++] = own_closing;
	TAKEN(own_hand());
	T_EQ(r.g[A].closed_sweeps_n, 1);
	/* with the freezes that were its ground: they come by their own road */
	own_sweep(X(1500), &r.till.public_key);
	{
		static uint8_t raw[16384];
		struct doc_freeze f = rig_freeze("officer-1", 1);

		own.documents[own.n++] = rig_freeze_raw(raw, &f, &r.person[0]);
		own.documents[own.n] = own.documents[own.n - 1];
		own.n++;
	}
	TAKEN(own_hand());
	T_CHECK(!guard_frozen(&r.g[A]));
	/* two sweeps in one, a payment's documents beside a sweep, none at all */
	own_sweep(X(1000), &r.till.public_key);
	own.documents[own.n++] = own.documents[0];
	REFUSED(own_hand(), "bad-input", "sweep");
	own.n = 0;
	REFUSED(own_hand(), "mismatch", "attestation.subject");
	own_sweep(X(1000), &r.till.public_key);
	own.t.subject_type = DOC_ATTEMPT;
	own.t.previous = r.g[A].last;
	own.t.time_ms = 0; /* before our start */
	REFUSED(own_hand(), "mismatch", "attestation.subject");
	/* one that it signed before its memory was whole, under a number below what came back: the
	 * watchers never hear of that, so it is attested once more, and then it is acknowledged */
	rig_well(A);
	own_sweep(X(777), &r.next_till.public_key);
	{
		struct bytes items[2] = { own.documents[0], own_closing };
		uint8_t body[8192];
		struct writer at = writer_make(body, sizeof body);
		struct bytes all = rig_body(&at, items, 2);
		uint64_t id = rig_frame(A, WATCHER, SIGNER_SWEEP, all);
		uint64_t number = guard_self_newest(&r.g[A]);
		size_t n = r.g[A].payments_n;

		T_EQ(rig_answers(id), 0);
		/* again, before anything comes back: the same attestation */
		id = rig_frame(A, WATCHER, SIGNER_SWEEP, all);
		T_EQ(r.g[A].payments_n, n);
		own_sweep(X(888), &r.till.public_key);
		own.t.sequence = number + 50;
		TAKEN(own_hand());
		id = rig_frame(A, WATCHER, SIGNER_SWEEP, all);
		T_EQ(r.g[A].payments_n, n + 2);
		T_CHECK(guard_self_newest(&r.g[A]) > number + 50);
		rig_acks(A);
		T_CHECK(rig_signed(id));
		/* acknowledged: it is the one from now on */
		id = rig_frame(A, WATCHER, SIGNER_SWEEP, all);
		T_EQ(r.g[A].payments_n, n + 2);
		T_CHECK(rig_signed(id));
	}
	/* the same after a start */
	before = r.g[A].payments_n;
	rig_restart(A);
	T_EQ(r.g[A].payments_n, before);
	T_EQ(r.g[A].sweeps_n, 8);
	T_EQ(r.g[A].closed_sweeps_n, 3);
	T_EQ(r.payments[A][0].sequence, 30);
	T_CHECK(r.g[A].skip > 0);
}

static void not_ours_to_pay(void)
{
	lacking();
	/* an account that genesis does not name; another inner hash; a number twice as high */
	rig_withdrawal(X(50), 0, 1);
	r.attempt.account = r.stranger.key;
	own_payment();
	REFUSED(own_hand(), "mismatch", "attestation.subject");
	rig_withdrawal(X(50), 0, 1);
	own_payment();
	own.t.inner_hash.b[0] ^= 1;
	REFUSED(own_hand(), "mismatch", "attestation.subject");
	own_payment();
	own.t.data[100] ^= 1;
	REFUSED(own_hand(), "mismatch", "attestation.subject");
	own_payment();
	own.t.sequence = 0;
	REFUSED(own_hand(), "field-range", "attestation.sequence");
	T_EQ(r.g[A].recalled, 0);
	/* a document whose fields are wrong names the field */
	own_payment();
	own.documents[own.n++] =
	    bytes_str("{\"body\":{},\"signatures\":[],\"type\":\"order\",\"v\":1}");
	T_CHECK(rig_refusal(own_hand()) != NULL);
	own_payment();
	TAKEN(own_hand());
	T_EQ(r.g[A].recalled, 1);
	/* the account in another place of genesis */
	rig_withdrawal(X(50), 0, 2);
	r.attempt.account = r.next_till.public_key;
	own_payment();
	TAKEN(own_hand());
	T_EQ(r.payments[A][1].hot, 2);
	/* one that follows what is followed already */
	rig_withdrawal(X(50), 0, 4);
	own_payment();
	own.t.previous = rig_attested(A, 0).id;
	REFUSED(own_hand(), "locked", "attestation.previous");
	/* a low number that follows nothing we know is of another history */
	rig_withdrawal(X(50), 0, 3);
	own_payment();
	own.t.previous.b[0] ^= 1;
	own.t.sequence = r.g[A].last_sequence - 1;
	REFUSED(own_hand(), "locked", "attestation.previous");
	/* a low number that comes after a higher one: the journal's own numbers have passed it */
	T_CHECK(r.g[A].skip > 0);
}

/* Attested by a program, a roster or a policy that this journal does not know. */
static void strange(void)
{
	static struct rig_bodies b;
	uint64_t id;

	for (unsigned i = 0; i < 3; i++) {
		lacking();
		rig_withdrawal(X(50), 1, 1);
		own_payment();
		rig_encode(&b);
		(i == 0 ? &own.t.roster : i == 1 ? &own.t.policy : &own.t.program)->b[0] ^= 1;
		TAKEN(own_hand());
		beats(A, 1001);
		/* whose people nobody knows any more, counts as nobody's */
		T_EQ(r.payments[A][0].approvals, i == 0 ? 0 : 1);
		T_EQ(r.payments[A][0].strange, i < 2);
		id = rig_send(A, &b);
		if (i < 2) {
			REFUSED(id, "stale", "attempt");
		} else {
			T_EQ(rig_answers(id), 0); /* a program is remembered */
			rig_acks(A);
			T_CHECK(rig_signed(id));
		}
	}
	/* more programs than are remembered: half of the table is for our own */
	lacking();
	for (uint8_t i = 0; i < GUARD_PROGRAMS_MAX / 2 + 1; i++) {
		rig_withdrawal(X(5) + i, 0, i);
		own_payment();
		own.t.program.b[1] = i;
		TAKEN(own_hand());
	}
	T_EQ(r.g[A].programs_n, GUARD_PROGRAMS_MAX / 2);
	T_CHECK(r.payments[A][r.g[A].payments_n - 1].strange);
	rig_restart(A);
	T_EQ(r.g[A].programs_n, GUARD_PROGRAMS_MAX / 2);
	T_CHECK(r.payments[A][r.g[A].payments_n - 1].strange);
	T_CHECK(!r.payments[A][0].strange);
}

/* Rules that came into force here, wait here, or are kept no more. */
static void rules(void)
{
	static struct paper p, later;
	static struct doc_roster roster;
	const uint8_t *officers[2];
	uint8_t body[16400];
	struct doc_policy next;
	struct writer b;
	struct bytes item;

	lacking();
	officers[0] = r.person[0].secret;
	officers[1] = r.person[1].secret;
	next = r.policy;
	next.number = 2;
	next.previous = r.policy_id;
	next.payment_max = xem(X(3000));
	paper_make(&p, DOC_POLICY, &next, &r.genesis_id, officers, 2);
	item = bytes_of(p.raw, p.n);
	b = writer_make(body, sizeof body);
	T_STR(rig_code(rig_frame(A, STOPPER, SIGNER_STOP_PUT, rig_body(&b, &item, 1))), "");
	T_CHECK(hash32_eq(&r.g[A].policy_id, &p.id));
	roster = r.roster;
	roster.number = 2;
	roster.previous = r.roster_id;
	rig_party(&roster.watchers[2], "watcher-3", &r.stranger);
	paper_make(&later, DOC_ROSTER, &roster, &r.genesis_id, officers, 2);
	item = bytes_of(later.raw, later.n);
	b = writer_make(body, sizeof body);
	T_STR(rig_code(rig_frame(A, STOPPER, SIGNER_STOP_PUT, rig_body(&b, &item, 1))), "");
	T_CHECK(hash32_eq(&r.g[A].roster_id, &r.roster_id)); /* it waits */
	for (unsigned i = 0; i < 5; i++) {
		rig_withdrawal(X(50), 1, (uint8_t)i);
		r.attempt.timestamp_nem_s += i;
		own_payment();
		own.t.policy = i == 0 ? p.id : r.policy_id;
		own.t.roster = i == 2 || i == 4 ? later.id : i == 3 ? p.id : r.roster_id;
		if (i == 4) {
			control_find(&r.g[A].control, &later.id)->n = 0;
		}
		TAKEN(own_hand());
		T_EQ(r.payments[A][i].policy, i == 0 ? 1 : 0);
		T_EQ(r.payments[A][i].strange, i > 1);
		/* people count by the roster that it names, as long as that can be read */
		T_EQ(r.payments[A][i].approvals, i < 3 ? 1 : 0);
	}
}

/* A no, a stranger's yes: it was judged then, and proves nothing now. */
static void people(void)
{
	lacking();
	rig_withdrawal(X(50), 2, 1);
	r.approval_key[1] = &r.stranger;
	own_payment();
	TAKEN(own_hand());
	T_EQ(r.payments[A][0].approvals, 0);
	rig_withdrawal(X(50), 2, 2);
	own_payment();
	TAKEN(own_hand());
	T_EQ(r.payments[A][1].approvals, 2);
	/* an assertion that stands behind no approval: nobody can have kept that */
	rig_withdrawal(X(50), 1, 3);
	r.proof[0] = (struct rig_proof){ true, 2, 5, 9 };
	own_payment();
	T_EQ(own.n, 5);
	own.documents[own.n++] = own.documents[4];
	T_CHECK(rig_refusal(own_hand()) != NULL);
}

/* What a security key had counted up to is known again. */
static void security_keys(void)
{
	rig_make_as(true);
	kept_n[A] = 0;
	old_n[A] = 0;
	put_back(A);
	rig_withdrawal(X(500), 1, 1);
	r.approval_key[0] = NULL;
	r.proof[0] = (struct rig_proof){ true, 2, 5, 9 };
	own_payment();
	TAKEN(own_hand());
	T_EQ(r.payments[A][0].approvals, 1);
	rig_restart(A);
	rig_well(A);
	rig_withdrawal(X(500), 1, 2);
	r.approval_key[0] = NULL;
	r.proof[0] = (struct rig_proof){ true, 2, 5, 9 };
	T_STR(rig_code(rig_sign()), "already-used");
}

/* A later attempt takes the place of the one before it, as when it was signed. */
static void later_attempt(void)
{
	lacking();
	rig_withdrawal(X(50), 1, 1);
	own_payment();
	TAKEN(own_hand());
	CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 2, &r.next_till.public_key,
			   (uint32_t)r.attempt.timestamp_nem_s + 5) == ERR_OK);
	own_payment();
	/* the first attempt, and what watchers said of it: kept, not looked at */
	own.documents[own.n++] = own.documents[0];
	own.documents[own.n++] = hollow_of(DOC_EXCLUSION);
	TAKEN(own_hand());
	T_EQ(r.payments[A][1].number, 2);
	T_CHECK(spent(A) > X(50) && spent(A) < X(60));
	rig_restart(A);
	rig_tick(A, 1);
	T_EQ(r.payments[A][1].number, 2);
	T_CHECK(spent(A) > X(50) && spent(A) < X(60));
}

/* A day that stood beside it renews the budget, if it is of our journal. */
static void days(void)
{
	struct doc_day day;
	struct writer w;

	for (unsigned i = 0; i < 2; i++) {
		lacking();
		rig_withdrawal(X(50), 0, 1);
		own_payment();
		TAKEN(own_hand());
		day = (struct doc_day){ .a_sequence = r.g[A].last_sequence,
					.a_unapproved = xem((uint64_t)r.g[A].budget.ever + i),
					.b_sequence = 1,
					.b_unapproved = xem(0),
					.genesis = r.genesis_id,
					.person = "auditor-1",
					.time_ms = r.wall };
		rig_withdrawal(X(60), 0, 2);
		own_payment();
		w = writer_make(own_raw[1], sizeof own_raw[1]);
		CHECK(doc_day_make(&w, NULL, &day, r.person[4].secret) == ERR_OK);
		own.documents[own.n++] = bytes_of(w.p, w.n);
		TAKEN(own_hand());
		T_CHECK((r.g[A].budget.since > X(100)) == (i == 1));
		rig_restart(A);
		T_CHECK((r.g[A].budget.since > X(100)) == (i == 1));
		T_CHECK(r.g[A].budget.ever > X(110));
	}
}

static u128 yen(void)
{
	const struct policy_time now = { .own_ms = r.g[A].own_ms };

	return policy_history_yen(&r.g[A].history, &now, POLICY_DAY_MS);
}

/* Prices are in nothing that the attestation names: who leaves them out gains nothing. */
static void prices(void)
{
	rig_yen = (struct doc_yen){ .age_max_ms = 60000,
				    .day_max = UINT64_C(1000000),
				    .hour_max = UINT64_C(1000000),
				    .jump_max_bp = 1000 };
	lacking();
	rig_withdrawal(X(50), 0, 1);
	rig_prices("80");
	own_payment();
	TAKEN(own_hand());
	T_CHECK(yen() >= 4000 && yen() < 4200);
	/* none; one; those of another source; old ones; ones from later */
	for (unsigned i = 0; i < 5; i++) {
		u128 before = yen();

		rig_withdrawal(X(50) + i, 0, (uint8_t)(2 + i));
		rig_prices("80");
		r.prices = i == 0 ? 0 : i == 1 ? 1 : 2;
		r.price_key[0] = i == 2 ? &r.stranger : r.price_key[0];
		r.price[0].time_ms -= i == 3 ? 10 * 60000 + 60001 : 0;
		r.price[1].time_ms += i == 4 ? 10 * 60000 + 1 : 0;
		own_payment();
		TAKEN(own_hand());
		T_CHECK(yen() > before + 1000000);
	}
	/* too many of them */
	rig_withdrawal(X(50), 0, 9);
	rig_prices("80");
	own_payment();
	for (size_t i = 0; i < DOC_SOURCES_MAX; i++) {
		own.documents[own.n++] = own.documents[3];
	}
	T_CHECK(rig_refusal(own_hand()) != NULL);
	rig_restart(A);
	rig_tick(A, 1);
	T_CHECK(yen() > 5000000);
	memset(&rig_yen, 0, sizeof rig_yen);

	/* prices where there is no cap in yen: those that prove something are remembered */
	lacking();
	rig_withdrawal(X(50), 0, 1);
	rig_prices("80");
	own_payment();
	TAKEN(own_hand());
	T_EQ(r.payments[A][0].entry_price, 0);
	r.prices = 0;

	/* sources of prices, and a policy that counts no yen any more */
	rig_yen = (struct doc_yen){
		.age_max_ms = 60000, .day_max = 1, .hour_max = 1, .jump_max_bp = 1000
	};
	lacking();
	r.g[A].policy.yen_count = 0;
	rig_withdrawal(X(50), 0, 1);
	rig_prices("80");
	own_payment();
	TAKEN(own_hand());
	T_CHECK(r.payments[A][0].entry_price != 0);
	/* a rate that nobody can count with */
	rig_withdrawal(X(50), 0, 2);
	rig_prices("99999999999999999999");
	own_payment();
	TAKEN(own_hand());
	T_EQ(r.payments[A][1].entry_price, 0);
	memset(&rig_yen, 0, sizeof rig_yen);
	r.prices = 0;
}

/* No room: it stays locked and says so. */
static void no_room(void)
{
	uint8_t n = 0;
	uint64_t id = 0;

	start();
	r.payments_cap = GUARD_PAYMENTS_MIN;
	old_n[A] = 0;
	put_back(A);
	for (; n < GUARD_PAYMENTS_MIN; n++) {
		rig_withdrawal(X(5) + n, 0, n);
		own_payment();
		id = own_hand();
		if (rig_refusal(id) != NULL) {
			break;
		}
	}
	REFUSED(id, "full", "payments");
	T_EQ(n, GUARD_PAYMENTS_MIN - GUARD_PAYMENTS_MIN / GUARD_SWEEPS_SHARE);
	rig_well(A);
	T_CHECK(guard_locked(&r.g[A]));
	/* the evacuation still has its part of the table */
	own_sweep(X(5000), &r.till.public_key);
	TAKEN(own_hand());
	r.payments_cap = 0;

	start();
	old_n[A] = 0;
	r.journal_bytes = GUARD_HEADROOM_BYTES + 200 * 1024;
	put_back(A);
	id = 0;
	for (n = 0; n < 40; n++) {
		rig_withdrawal(X(5) + n, 0, n);
		own_payment();
		id = own_hand();
		if (rig_refusal(id) != NULL) {
			break;
		}
	}
	REFUSED(id, "full", "journal");
	T_CHECK(guard_locked(&r.g[A]));
	own_sweep(X(5000), &r.till.public_key);
	TAKEN(own_hand());
	r.journal_bytes = 0;

	/* the table of a day's payments */
	start();
	old_n[A] = 0;
	put_back(A);
	r.g[A].history.cap = 1;
	rig_withdrawal(X(5), 0, 1);
	own_payment();
	TAKEN(own_hand());
	rig_withdrawal(X(6), 0, 2);
	own_payment();
	REFUSED(own_hand(), "full", "payments");
	T_CHECK(guard_locked(&r.g[A]));
	T_EQ(r.g[A].recalled, 1);
}

/* What was forgotten for its age is no news, and makes no fork. */
static void forgotten(void)
{
	lacking();
	rig_withdrawal(X(5), 0, 1);
	own_payment();
	TAKEN(own_hand());
	r.g[A].forgot_sequence = 5000;
	rig_withdrawal(X(6), 0, 2);
	own_payment();
	own.t.sequence = 4999;
	TAKEN(own_hand());
	T_EQ(r.g[A].recalled, 1);
	beats(A, 1001);
	T_CHECK(!guard_locked(&r.g[A]));
}

static void hollow(void)
{
	struct bytes item;

	lacking();
	item = hollow_of(DOC_ATTESTATION);
	REFUSED(hand_items(A, 0, &item, 1), "field-missing", "attestation.data");
	T_CHECK(!guard_locked(&r.g[A]));
}

/* ---- the journal --------------------------------------------------------------------------- */

/* A GUARD_RECALL record by hand behind what is on A's disk; its reservation before it, or none. */
static enum err replay_by_hand(struct log_record record, bool reserve, struct bytes blob)
{
	static uint8_t bytes[64 * 1024];
	struct log_record before = {
		.kind = LOG_GUARD_RESERVE, .asset = ASSET_XEM, .amount = X(5), .time_ms = r.wall
	};
	struct guard_config c = rig_config(A);
	struct log_batch_head head;
	struct doc_fault fault;
	struct log_batch b;
	struct bytes sealed;
	size_t at = 0;

	CHECK(guard_init(&r.g[A], &c, &fault) == ERR_OK);
	while (at < old_n[A]) {
		CHECK(log_batch_head_get(&head, old_bytes[A] + at) == ERR_OK);
		CHECK(guard_replay(&r.g[A], bytes_of(old_bytes[A] + at, head.bytes)) == ERR_OK);
		at += head.bytes;
	}
	record.kind = LOG_GUARD_RECALL;
	record.time_ms = r.wall;
	le64_put(record.debit.b, r.g[A].own_base_ms);
	le64_put(before.debit.b, r.g[A].own_base_ms);
	{
		struct log_chain chain = r.g[A].chain;

		log_batch_begin(&b, bytes, sizeof bytes);
		if (reserve) {
			CHECK(log_batch_add_record(&b, &before) == ERR_OK);
		}
		CHECK(log_batch_add_blob(&b, &record, blob) == ERR_OK);
		log_batch_seal(&sealed, &b, &chain, &r.log_secret);
	}
	return guard_replay(&r.g[A], sealed);
}

static enum err by_hand(const struct log_record *record, bool reserve)
{
	struct writer w = writer_make(own_raw[7], sizeof own_raw[7]);

	CHECK(doc_attestation_make(&w, NULL, &own.t, r.attest[A].secret) == ERR_OK);
	return replay_by_hand(*record, reserve, bytes_of(w.p, w.n));
}

static void journals(void)
{
	struct log_record good = { .amount = 0 };
	struct log_record bad;

	start();
	save(A);
	rig_withdrawal(X(50), 0, 1);
	own_payment();
	good.amount = own.t.sequence;
	T_EQ(by_hand(&good, true), ERR_OK);
	T_EQ(r.g[A].last_sequence, own.t.sequence);
	T_EQ(r.payments[A][0].number, 1);
	T_EQ(replay_by_hand(good, true, bytes_str("{}")), ERR_CORRUPT);
	T_EQ(replay_by_hand(good, true, bytes_of(r.roster_raw, r.roster_n)), ERR_CORRUPT);
	T_EQ(by_hand(&good, false), ERR_CORRUPT); /* a payment that counts nothing */
	bad = good;
	bad.amount++;
	T_EQ(by_hand(&bad, true), ERR_CORRUPT);
	bad = good;
	bad.credit.b[0] = 3;
	T_EQ(by_hand(&bad, true), ERR_CORRUPT);
	own.t.previous.b[0] ^= 1;
	T_EQ(by_hand(&good, true), ERR_CORRUPT);
	own.t.previous.b[0] ^= 1;
	own.t.signer = DOC_SIGNER_B;
	T_EQ(by_hand(&good, true), ERR_CORRUPT);
	own.t.signer = DOC_SIGNER_A;
	bad = good;
	bad.amount = own.t.sequence = (UINT64_C(1) << 52) + 1;
	T_EQ(by_hand(&bad, true), ERR_CORRUPT);
	own.t.sequence = (uint64_t)good.amount;
	own.t.subject_type = DOC_SWEEP;
	T_EQ(by_hand(&good, true), ERR_CORRUPT); /* a sweep that counts */
	T_EQ(by_hand(&good, false), ERR_OK);
	T_EQ(r.g[A].sweeps_n, 1);
	own.t.subject_type = DOC_ATTEMPT;
	T_EQ(replay_by_hand(good, true, hollow_of(DOC_ATTESTATION)), ERR_CORRUPT);
}

/* Another start with smaller tables than what was recalled needs. */
static void smaller_tables(void)
{
	struct guard_config c;
	struct log_batch_head head;
	struct doc_fault fault;

	lacking();
	for (uint8_t i = 0; i < GUARD_PAYMENTS_MIN + 2; i++) {
		rig_withdrawal(X(5) + i, 0, i);
		own_payment();
		TAKEN(own_hand());
	}
	for (unsigned i = 0; i < 2; i++) {
		enum err e = ERR_OK;
		size_t at = 0;

		c = rig_config(A);
		if (i == 0) {
			c.storage.payments_cap = GUARD_PAYMENTS_MIN;
		} else {
			c.storage.entries_cap = GUARD_PAYMENTS_MIN;
		}
		T_EQ(guard_init(&r.g[A], &c, &fault), ERR_OK);
		while (e == ERR_OK && at < r.journal_n[A]) {
			CHECK(log_batch_head_get(&head, r.journal[A] + at) == ERR_OK);
			e = guard_replay(&r.g[A], bytes_of(r.journal[A] + at, head.bytes));
			at += head.bytes;
		}
		T_EQ(e, ERR_FULL);
	}
}

/* A recalled record whose attestation names another's key, or none. */
static void signed_by_others(void)
{
	const struct rig_key *const keys[] = { &r.attest[B], &r.stranger, NULL, &r.attest[A] };
	struct log_record rec = { .amount = 0 };

	start();
	save(A);
	rig_withdrawal(X(50), 0, 1);
	own_payment();
	rec.amount = own.t.sequence;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct writer w = writer_make(own_raw[7], sizeof own_raw[7]);
		bool ours = keys[i] == &r.attest[A];

		CHECK(doc_attestation_make(&w, NULL, &own.t,
					   keys[i] == NULL ? NULL : keys[i]->secret) == ERR_OK);
		T_EQ(replay_by_hand(rec, true, bytes_of(w.p, w.n)), ours ? ERR_OK : ERR_CORRUPT);
		T_EQ(r.g[A].recalled, ours);
	}
}

/* A sweep with a lower number than what came back: what k watchers hold is not attested again. */
static void acknowledged_sweep(void)
{
	struct doc_closing c;
	struct bytes items[2], all;
	uint8_t body[8192];
	struct writer at, w;
	uint64_t first, id;
	size_t n;

	for (unsigned acks = 1; acks <= 2; acks++) {
		bool held = acks == 2; /* of k = 2 */
		struct hash32 attestation;

		lacking();
		rig_well(A);
		c = (struct doc_closing){ .account = r.next_till.public_key,
					  .genesis = r.genesis_id,
					  .issuer = "officer-1",
					  .reason = "used up",
					  .time_ms = r.wall };
		w = writer_make(own_raw[1], sizeof own_raw[1]);
		CHECK(doc_closing_make(&w, NULL, &c, r.person[0].secret) == ERR_OK);
		own_sweep(X(777), &r.next_till.public_key);
		items[0] = own.documents[0];
		items[1] = bytes_of(w.p, w.n);
		at = writer_make(body, sizeof body);
		all = rig_body(&at, items, 2);
		first = rig_frame(A, WATCHER, SIGNER_SWEEP, all);
		attestation = rig_newest(A);
		for (unsigned i = 0; i < acks; i++) {
			(void)rig_ack(A, i, &attestation);
		}
		T_EQ(rig_signed(first), held);
		own_sweep(X(888), &r.till.public_key);
		own.t.sequence = guard_self_newest(&r.g[A]) + 50;
		TAKEN(own_hand());
		n = r.g[A].payments_n;
		id = rig_frame(A, WATCHER, SIGNER_SWEEP, all);
		T_EQ(r.g[A].payments_n, held ? n : n + 1);
		T_EQ(rig_signed(id), held);
		if (held) {
			T_EQ(rig_answer(id)->n, rig_answer(first)->n);
			T_MEM(rig_answer(id)->body, rig_answer(first)->body, rig_answer(id)->n);
		}
		/* the journal says the same after a start */
		rig_tick(A, 1);
		rig_restart(A);
		rig_well(A);
		n = r.g[A].payments_n;
		id = rig_frame(A, WATCHER, SIGNER_SWEEP, all);
		T_EQ(r.g[A].payments_n, n);
		T_EQ(rig_signed(id), held);
	}
}

/* Receipts of orders are numbered as all others are: above what came back, also after a start. */
static void receipts_of_orders(void)
{
	static struct rig_bodies b;
	static uint8_t body[16384];
	struct writer w = writer_make(body, sizeof body);
	struct doc_receipt receipt;
	struct bytes raw;
	struct doc d;
	uint64_t first, again;

	lacking();
	rig_withdrawal(X(50), 0, 1);
	own_payment();
	TAKEN(own_hand());
	T_CHECK(r.g[A].skip > 0);
	rig_withdrawal(X(60), 0, 2);
	rig_encode(&b);
	raw = rig_body(&w, b.items, 2);
	rig_well(A);
	first = rig_frame(A, SERVER, SIGNER_ORDER, raw);
	T_EQ(rig_type(rig_item(rig_answer(first), 0), &d), DOC_RECEIPT);
	T_EQ(doc_receipt_read(&d, &receipt, NULL), ERR_OK);
	T_CHECK(receipt.sequence > own.t.sequence);
	rig_restart(A);
	rig_well(A);
	again = rig_frame(A, SERVER, SIGNER_ORDER, raw);
	T_EQ(rig_answer(again)->n, rig_answer(first)->n);
	T_MEM(rig_answer(again)->body, rig_answer(first)->body, rig_answer(first)->n);
}

/* A document that anybody can write and that is no ground for anything: a freeze nobody signed. */
static struct bytes padding(uint8_t raw[16384], uint8_t number, size_t evidence)
{
	struct doc_freeze f = rig_freeze("nobody", number);

	f.evidence_n = evidence;
	return rig_freeze_raw(raw, &f, NULL);
}

/* What record 0 was handed over with, and as many more documents; n bytes at least if they can. */
static struct bytes padded(size_t count, size_t n)
{
	static uint8_t body[FRAME_BODY_MAX];
	struct writer w = writer_make(body, sizeof body);
	uint8_t raw[16384];

	writer_bytes(&w, bytes_of(kept[A][0].body, kept[A][0].n));
	for (size_t i = 0; i < count && w.n < n; i++) {
		size_t evidence = DOC_EVIDENCE_MAX;
		struct bytes one = padding(raw, (uint8_t)i, n == SIZE_MAX ? 0 : evidence);

		while (one.n + FRAME_ITEM_HEADER_BYTES > sizeof body - w.n && evidence > 64) {
			evidence -= 64;
			one = padding(raw, (uint8_t)i, evidence);
		}
		writer_u32(&w, (uint32_t)one.n);
		writer_bytes(&w, one);
	}
	CHECK(!w.bad);
	return bytes_of(w.p, w.n);
}

static size_t items_n(struct bytes body)
{
	struct bytes items[FRAME_ITEMS_MAX];
	size_t n = 0;

	CHECK(frame_items_all(body, items, FRAME_ITEMS_MAX, &n) == ERR_OK);
	return n;
}

/*
 * A watcher hands back what is ours with so much beside it that no reply to a NEXT would hold it:
 * not taken, or every watcher's next question would end us, again after each start.
 */
static void more_than_a_reply(void)
{
	struct bytes body;
	size_t few;

	for (unsigned many = 0; many < 2; many++) {
		start();
		save(A);
		(void)pay(X(50), 0, 2);
		put_back(A);
		REFUSED(beat_newest(A, 0), "locked", "heartbeat.records_sequence");
		few = items_n(bytes_of(kept[A][0].body, kept[A][0].n));
		body = many == 1 ? padded(FRAME_ITEMS_MAX - few, SIZE_MAX)
				 : padded(FRAME_ITEMS_MAX - few, FRAME_BODY_MAX - 300);
		T_CHECK(many == 1 ? items_n(body) == FRAME_ITEMS_MAX
				  : body.n > FRAME_BODY_MAX - 300);
		REFUSED(hand_raw(A, 1, body.p, body.n), many == 1 ? "bad-input" : "too-large",
			"body");
		T_EQ(r.g[A].payments_n, 0);
		/* the same without all that */
		T_EQ(hand_all(A, 0), 1);
		kept_n[A] = 0;
		collect(A);
		T_EQ(kept_n[A], 1);
	}
}

/*
 * Strangers' signatures are no part of a document's id.  Who hands back our attestation with as
 * many as there is place for must not make it one that our journal cannot give back any more.
 */
static void strangers_signatures(void)
{
	static struct rig_bodies b;
	static uint8_t raw[2][16 * 1024];
	static uint8_t body[FRAME_BODY_MAX];
	struct bytes items[FRAME_ITEMS_MAX];
	struct writer w;
	uint32_t chain_s = 0;
	size_t n = 0;
	struct doc d;
	uint64_t id;

	start();
	save(B);
	rig_withdrawal(X(50), 0, 1);
	r.request.message_n = r.order.message_n = DOC_MESSAGE_MAX;
	memset(r.request.message, 'm', DOC_MESSAGE_MAX);
	memset(r.order.message, 'm', DOC_MESSAGE_MAX);
	CHECK(nem_time_from_unix_ms(&chain_s, r.wall) == ERR_OK &&
	      attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 1, &r.till.public_key,
			   chain_s) == ERR_OK);
	id = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(id));
	rig_encode(&b);
	b.items[b.n++] = rig_item(rig_answer(id), 0);
	b.items[b.n++] = rig_item(rig_answer(id), 1);
	(void)rig_send(B, &b);
	collect(B);
	T_EQ(kept_n[B], 1);
	put_back(B);
	/* seven more */
	(void)items_of(&kept[B][0], items, &n);
	for (uint8_t i = 0; i < DOC_SIGNATURES_MAX - 1; i++) {
		struct rig_key stranger;
		struct doc_seal seal;

		CHECK(doc_open(&d, items[0], &r.genesis_id, NULL) == ERR_OK);
		rig_key(&stranger, (uint8_t)(200 + i));
		doc_sign(&seal, &d.id, stranger.secret);
		w = writer_make(raw[i % 2], sizeof raw[0]);
		CHECK(doc_add_seal(&w, &d, &seal) == ERR_OK);
		items[0] = bytes_of(w.p, w.n);
	}
	T_CHECK(items[0].n > GUARD_ATTESTATION_BYTES);
	w = writer_make(body, sizeof body);
	REFUSED(rig_frame(B, WATCHER + 1, SIGNER_RECALL, rig_body(&w, items, n)), "too-large",
		"attestation");
	T_EQ(hand_all(B, 0), 1);
	beats(B, 1001);
	id = rig_send(B, &b);
	rig_acks(B);
	T_CHECK(rig_signed(id));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "rewound by one payment", by_one },
		{ "limits hold across it", limits_hold },
		{ "from nothing, both at once", from_nothing },
		{ "forged, foreign, incomplete", forged },
		{ "a gap", gap },
		{ "two histories of one key", twins },
		{ "what is only said", claims },
		{ "sweeps in any order", sweeps },
		{ "own records that are none", not_ours_to_pay },
		{ "rules and programs of before", strange },
		{ "rules that changed since", rules },
		{ "people of before", people },
		{ "counts of security keys", security_keys },
		{ "a later attempt", later_attempt },
		{ "a day of before", days },
		{ "prices of before", prices },
		{ "no room", no_room },
		{ "what was forgotten", forgotten },
		{ "an attestation of nothing", hollow },
		{ "a journal that no signer wrote", journals },
		{ "smaller tables", smaller_tables },
		{ "signed by others", signed_by_others },
		{ "a sweep that watchers acknowledged", acknowledged_sweep },
		{ "receipts of orders", receipts_of_orders },
		{ "more than a reply holds", more_than_a_reply },
		{ "signatures of strangers", strangers_signatures },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
