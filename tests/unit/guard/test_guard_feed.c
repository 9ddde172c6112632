/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what watchers are told stays true when channels, room or the disk fail: nobody is told
 * something else, twice, or in another's name.
 * Method: polls at their limits; a disk that gives back other bytes, late, or not at all.
 */
#include "guard_edges.h"

/* Asked again after a restart: an attestation is what our journal gives back, or it is not. */
static void attested_before(void)
{
	static uint8_t whole[RIG_JOURNAL];
	struct guard_payment rows[2];
	struct log_batch_head head;
	uint64_t first, again;
	size_t blob;

	start();
	rig_withdrawal(X(5), 0, 2);
	(void)rig_sign();
	rig_withdrawal(X(50), 0, 1);
	first = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(first));
	rig_restart(A);
	rig_well(A);
	T_EQ(r.g[A].payments_n, 2);
	memcpy(whole, r.journal[A], r.journal_n[A]);
	memcpy(rows, r.payments[A], sizeof rows);
	CHECK(log_batch_head_get(&head, whole + rows[1].batch_offset) == ERR_OK);
	blob = rows[1].batch_offset + LOG_BATCH_HEAD_BYTES + (size_t)head.count * LOG_RECORD_BYTES;
#define GONE(change, code)                               \
	do {                                             \
		const size_t journal_n = r.journal_n[A]; \
		change;                                  \
		again = rig_sign();                      \
		r.unreadable = false;                    \
		memcpy(r.journal[A], whole, journal_n);  \
		r.journal_n[A] = journal_n;              \
		r.payments[A][1] = rows[1];              \
		REFUSED(again, code, "attempt");         \
		T_EQ(r.g[A].payments_n, 2);              \
	} while (0)
	GONE(r.unreadable = true, "io");
	/* no batch begins there */
	GONE(r.journal[A][rows[1].batch_offset] ^= 1, "corrupt");
	GONE(r.payments[A][1].batch_offset = r.journal_n[A] - LOG_BATCH_HEAD_BYTES, "corrupt");
	/* longer than any; shorter; another byte; the disk ends in front of it, or within */
	GONE(le32_put(r.journal[A] + blob, UINT32_MAX), "corrupt");
	GONE(le32_put(r.journal[A] + blob, 1), "bad-input");
	GONE(r.journal[A][blob + 4] ^= 1, "bad-input");
	GONE(r.journal_n[A] = blob, "io");
	GONE(r.journal_n[A] = blob + 40, "io");
	/* the other one: it is not this payment's; and if it were, it is of other bytes */
	GONE(r.payments[A][1].batch_offset = rows[0].batch_offset, "corrupt");
	GONE((r.payments[A][1].batch_offset = rows[0].batch_offset,
	      r.payments[A][1].attestation = rows[0].attestation),
	     "corrupt");
#undef GONE
	again = rig_sign();
	T_EQ(rig_answers(again), 0);
	rig_acks(A); /* the restart has forgotten them */
	T_CHECK(rig_signed(again));
	T_EQ(rig_answer(again)->n, rig_answer(first)->n);
	T_MEM(rig_answer(again)->body, rig_answer(first)->body, rig_answer(first)->n);
}

/* What waits for watchers has a place for the longest attestation that there can be. */
static void longest_attestation(void)
{
	uint8_t raw[GUARD_ATTESTATION_BYTES];
	struct writer w = writer_make(raw, sizeof raw);
	struct doc_attestation t;

	rig_make();
	t = (struct doc_attestation){ .data_n = PAYMENT_WRAP_MAX,
				      .genesis = r.genesis_id,
				      .kind = DOC_ATTEST_COSIGN,
				      .signer = DOC_SIGNER_B,
				      .subject_type = DOC_ATTEMPT,
				      .sequence = JSON_INT_MAX,
				      .time_ms = JSON_INT_MAX };
	T_EQ(doc_attestation_make(&w, NULL, &t, r.attest[B].secret), ERR_OK);
	T_CHECK(w.n > sizeof raw / 2);
}

/* A row that by chance has the mark of another document: it is found, and not signed for. */
static void marks_alone(void)
{
	static struct rig_bodies b;
	uint64_t first, other;

	start();
	rig_withdrawal(X(50), 0, 1);
	first = rig_sign();
	r.attempt.timestamp_nem_s++;
	rig_encode(&b);
	T_CHECK(r.payments[A][0].subject != guard_self_mark(&r.g[A], &r.attempt_id));
	REFUSED(rig_sign(), "already-used", "order.request_id");
	r.payments[A][0].subject = guard_self_mark(&r.g[A], &r.attempt_id);
	/* while the first still waits, and when its attestation stands in the journal alone */
	other = rig_sign();
	REFUSED(other, "corrupt", "attempt");
	rig_acks(A);
	T_CHECK(rig_signed(first));
	other = rig_sign();
	REFUSED(other, "corrupt", "attempt");
	T_EQ(r.g[A].signatures_released, 1);
	T_EQ(r.g[A].payments_n, 1);
}

/* More channels than places: who only asked before gives way, who waits does not. */
static void many_channels(void)
{
	enum { FIRST = 100 };
	struct event closed = { .kind = EVENT_CLOSED };
	uint64_t held[GUARD_FEEDS_MAX];

	start();
	REFUSED(rig_frame(A, WATCHER, SIGNER_NEXT, one_item(hollow_of(DOC_CURSOR))),
		"field-missing", "cursor.after");
	REFUSED(rig_frame(A, WATCHER, SIGNER_NEXT, one_item(hollow_of(DOC_ACK))), "unknown-type",
		"cursor");
	REFUSED(rig_frame(A, WATCHER, SIGNER_NEXT, nothing), "bad-input", "body");
	REFUSED(rig_frame(A, WATCHER, SIGNER_HEARTBEAT, nothing), "bad-input", "body");
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		T_CHECK(nonce_alone(next_on(A, FIRST + i, 0)));
	}
	/* nobody waits: a new channel takes the place of one that was served */
	T_CHECK(nonce_alone(next_on(A, FIRST + GUARD_FEEDS_MAX, 0)));
	/* now all wait */
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		uint32_t channel = r.g[A].feeds[i].channel;

		held[i] = next_on(A, channel, 0);
		T_EQ(rig_answers(held[i]), 0);
	}
	REFUSED(next_on(A, 99, 0), "busy", "channel");
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		T_EQ(rig_answers(held[i]), 0);
	}
	/* one goes away: its place is free, and it is not answered any more */
	closed.channel = r.g[A].feeds[3].channel;
	rig_event(A, &closed);
	T_CHECK(nonce_alone(next_on(A, 99, 0)));
	rig_tick(A, 1001);
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		T_EQ(rig_answers(held[i]), i == 3 ? 0 : 1);
	}
}

/* The same with this kind in its first record. */
static struct bytes with_kind(struct bytes sealed, uint16_t kind)
{
	struct log_batch_head head;
	struct sha256 h;

	le16_put(batch_bytes + LOG_BATCH_HEAD_BYTES, kind);
	CHECK(log_batch_head_get(&head, batch_bytes) == ERR_OK);
	sha256_init(&h);
	sha256_update(&h, bytes_of(batch_bytes, 28));
	sha256_update(&h, bytes_of(batch_bytes + 32, 64));
	sha256_update(
	    &h, bytes_of(batch_bytes + LOG_BATCH_HEAD_BYTES, sealed.n - LOG_BATCH_HEAD_BYTES));
	sha256_final(&h, &head.hash);
	log_batch_head_put(batch_bytes, &head);
	return sealed;
}

/* What the disk gives back is judged: a watcher is never told something else. */
static void bad_disk(void)
{
	static uint8_t copy[65536];
	struct log_record rec = { .kind = LOG_DOCUMENT, .amount = DOC_ORDER };
	struct bytes good, other, blob = bytes_str("x");
	uint64_t id, call;

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	rig_withdrawal(X(51), 0, 2);
	(void)rig_sign();
	good = batch_of(A, 0);
	other = batch_of(A, 1);
#define READ(status, given, words)                     \
	do {                                           \
		id = slow_next(A, WATCHER, 0);         \
		call = asked();                        \
		T_CHECK(call != 0);                    \
		T_EQ(rig_answers(id), 0);              \
		disk_says(A, call, status, given);     \
		T_CHECK(nonce_alone(id));              \
		T_CHECK(noted("broken journal-read")); \
		T_CHECK(noted(words));                 \
	} while (0)
	READ(ERR_IO, nothing, "why=io");
	READ(ERR_OK, nothing, "why=corrupt");
	READ(ERR_OK, bytes_of(good.p, good.n - 1), "why=corrupt");
	CHECK(good.n <= sizeof copy);
	memcpy(copy, good.p, good.n);
	copy[good.n / 2] ^= 1;
	READ(ERR_OK, bytes_of(copy, good.n), "why=corrupt");
	/* the batch of another payment; one with no attestation at all */
	READ(ERR_OK, other, "why=corrupt");
	begin();
	add(rec, &blob);
	READ(ERR_OK, made_batch(), "why=corrupt");
	/* a document that is not there; a record of no kind that we know */
	begin();
	add(rec, NULL);
	READ(ERR_OK, made_batch(), "why=not-found");
	begin();
	add(rec, &blob);
	READ(ERR_OK, with_kind(made_batch(), 0x7777), "why=unknown-type");
	/* more documents than one answer holds */
	begin();
	for (unsigned i = 0; i < FRAME_ITEMS_MAX; i++) {
		uint8_t byte = (uint8_t)i;

		blob = bytes_of(&byte, 1);
		add(rec, &blob);
	}
	READ(ERR_OK, made_batch(), "why=corrupt");
#undef READ
	/* and the right one at last */
	id = slow_next(A, WATCHER, 0);
	disk_says(A, asked(), ERR_OK, good);
	T_CHECK(subject_told(id));
	T_CHECK(!noted("broken"));
	T_EQ(r.g[A].reads_out, 0);
}

/* Answers of the disk find the poll that they belong to, or nobody. */
static void late_disk(void)
{
	struct event closed = { .kind = EVENT_CLOSED, .channel = WATCHER };
	uint64_t served, idle, first, second, third;
	uint64_t call_first, call_second, call_third;

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	served = next_on(A, WATCHER + 1, 0); /* a place that waits for nothing */
	T_CHECK(subject_told(served));
	(void)next_on(A, WATCHER + 2, r.payments[A][0].sequence);
	idle = next_on(A, WATCHER + 2, r.payments[A][0].sequence); /* waits, reads nothing */
	T_EQ(rig_answers(idle), 0);
	first = slow_next(A, 50, 0);
	call_first = asked();
	second = slow_next(A, 51, 0);
	call_second = asked();
	T_CHECK(call_first != 0 && call_second != 0 && call_first != call_second);
	T_EQ(r.g[A].reads_out, 2);
	/* a call that nobody made; then the second before the first */
	disk_says(A, 4711, ERR_OK, batch_of(A, 0));
	T_EQ(r.out.n, 0);
	T_EQ(r.g[A].reads_out, 1);
	disk_says(A, call_second, ERR_OK, batch_of(A, 0));
	T_CHECK(subject_told(second));
	T_EQ(rig_answers(first), 0);
	/* the first asks again while its read is under way: answered, and read anew */
	third = slow_next(A, 50, 0);
	call_third = asked();
	T_CHECK(nonce_alone(first));
	T_CHECK(call_third != 0 && call_third != call_first);
	disk_says(A, call_first, ERR_OK, batch_of(A, 0)); /* too late */
	T_EQ(rig_answers(third), 0);
	disk_says(A, call_third, ERR_OK, batch_of(A, 0));
	T_CHECK(subject_told(third));
	T_EQ(rig_answers(idle), 0);
	/* one that went away while the disk was busy is answered by nobody */
	first = slow_next(A, WATCHER, 0);
	call_first = asked();
	slow_event(A, &closed);
	disk_says(A, call_first, ERR_OK, batch_of(A, 0));
	T_EQ(rig_answers(first), 0);
}

/* So many reads at once and not one more: channels that come and go do not flood the disk. */
static void busy_disk(void)
{
	uint64_t calls[GUARD_FEEDS_MAX], id;
	struct event closed = { .kind = EVENT_CLOSED };

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		(void)slow_next(A, 100 + i, 0);
		calls[i] = asked();
		T_CHECK(calls[i] != 0);
	}
	T_EQ(r.g[A].reads_out, GUARD_FEEDS_MAX);
	closed.channel = 100;
	slow_event(A, &closed);
	id = slow_next(A, 200, 0);
	T_EQ(asked(), 0);
	T_EQ(rig_answers(id), 0);
	disk_says(A, calls[0], ERR_OK, batch_of(A, 0)); /* of the one that went away */
	T_CHECK(asked() != 0);
	T_EQ(r.g[A].reads_out, GUARD_FEEDS_MAX);
	disk_says(A, asked(), ERR_OK, batch_of(A, 0));
	T_CHECK(subject_told(id));
}

/* One step that has very much to say leaves some polls to the next. */
static void much_to_say(void)
{
	struct doc_freeze f = { 0 };
	uint64_t held[GUARD_FEEDS_MAX], signs[GUARD_PENDING_MAX];
	uint64_t newest, stop;
	size_t told = 0;

	start();
	for (uint8_t i = 0; i < GUARD_PENDING_MAX; i++) {
		rig_withdrawal(X(1) + i, 0, i);
		signs[i] = rig_sign();
		T_EQ(rig_answers(signs[i]), 0);
	}
	newest = guard_self_newest(&r.g[A]);
	for (uint32_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		(void)next_on(A, 100 + i, newest);
		held[i] = next_on(A, 100 + i, newest);
		T_EQ(rig_answers(held[i]), 0);
	}
	r.mono += 1001;
	r.wall += 1001;
	f = rig_freeze("officer-1", 1);
	stop = rig_stop(A, STOPPER, &f, &r.person[0]);
	T_STR(rig_code(stop), "");
	T_EQ(rig_answers(stop), 1);
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		T_STR(rig_code(signs[i]), "frozen"); /* all of them, whatever else fits */
	}
	for (size_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		told += rig_answers(held[i]);
	}
	T_CHECK(told > 0 && told < GUARD_FEEDS_MAX);
	rig_tick(A, 1);
	for (size_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		T_CHECK(nonce_alone(held[i]));
	}
}

/* B's feed names what is its own: A's attestation and signature stand in its journal only. */
static void feed_of_b(void)
{
	uint64_t a, id, held;
	struct doc d;

	start();
	rig_withdrawal(X(50), 0, 1);
	a = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(a));
	(void)next_on(B, WATCHER + 1, 0);
	held = next_on(B, WATCHER + 1, 0);
	T_EQ(rig_answers(held), 0);
	(void)rig_sign_b(rig_answer(a));
	T_EQ(r.g[B].payments_n, 1);
	id = next_on(B, WATCHER, 0);
	T_CHECK(subject_told(id));
	for (size_t i = 2; rig_item(rig_answer(id), i).n > 0; i++) {
		enum doc_type type = rig_type(rig_item(rig_answer(id), i), &d);

		T_CHECK(type == DOC_ATTEMPT || type == DOC_ORDER || type == DOC_REQUEST);
		T_CHECK(i < 5);
	}
	/* who waited was told the same, in the step that attested */
	for (size_t i = 1; i <= 5; i++) {
		T_CHECK(bytes_eq(rig_item(rig_answer(held), i), rig_item(rig_answer(id), i)));
	}
}

/* Who has no room in the step that attests is told in the next one. */
static void told_later(void)
{
	const struct guard_payment *p;
	uint64_t held;
	size_t n;

	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	p = r.g[A].config.storage.payments;
	(void)next_on(A, WATCHER, p->sequence);
	held = next_on(A, WATCHER, p->sequence);
	T_EQ(rig_answers(held), 0);
	/* as if it had waited for this one */
	for (size_t i = 0; i < GUARD_FEEDS_MAX; i++) {
		r.g[A].feeds[i].after = 0;
	}
	effects_init(&r.out, r.store, sizeof r.store);
	while (effects_free(&r.out) > 4) {
		effects_note(&r.out, "info much to say");
	}
	n = r.out.n;
	guard_feed_attested(&r.g[A], p, bytes_str("what it attested"), NULL, 0, &r.out);
	T_EQ(r.out.n, n);
	T_EQ(rig_answers(held), 0);
	rig_tick(A, 1);
	T_CHECK(subject_told(held));
}

/* What a heartbeat says in another form than a watcher writes. */
static void odd_heartbeats(void)
{
	uint64_t before;

	start();
	before = r.g[A].watchers[0].nonce_number;
	rig_tick(A, 1001);
	REFUSED(rig_frame(A, WATCHER, SIGNER_HEARTBEAT, one_item(hollow_of(DOC_HEARTBEAT))),
		"field-missing", "heartbeat.balances");
	REFUSED(rig_frame(A, WATCHER, SIGNER_HEARTBEAT, one_item(hollow_of(DOC_ACK))),
		"unknown-type", "heartbeat");
	T_EQ(r.g[A].watchers[0].nonce_number, before);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "asked again for what our journal does not give back", attested_before },
		{ "another document of the same mark", marks_alone },
		{ "the longest attestation", longest_attestation },
		{ "more channels than places", many_channels },
		{ "a disk that gives back something else", bad_disk },
		{ "a disk that answers late", late_disk },
		{ "a disk that is busy", busy_disk },
		{ "a step that has much to say", much_to_say },
		{ "B's feed", feed_of_b },
		{ "told when there is room", told_later },
		{ "heartbeats in another form", odd_heartbeats },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
