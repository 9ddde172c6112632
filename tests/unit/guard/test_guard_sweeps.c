/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a sweep is signed for those who may ask for it, in its own form and within their shares,
 * and its answer goes to who waits for it.
 * Method: one thing wrong at a time, beside the same thing right; several watchers at once.
 */
#include "guard_edges.h"

static struct doc_sweep sweep;

static void sweep_make(const struct key32 *account, uint64_t balance)
{
	struct money m = xem(balance);
	uint32_t now = 0;

	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	CHECK(attempt_sweep_make(&sweep, &r.genesis, &r.policy, &r.genesis_id, account, &m, now) ==
	      ERR_OK);
}

/* An officer's word that the money must move. */
static struct bytes evacuate(unsigned officer, uint8_t number)
{
	static uint8_t raw[8][16384];
	static unsigned at;
	struct doc_freeze f = rig_freeze(officer == 0 ? "officer-1" : "officer-2", number);

	f.evacuate = true;
	f.time_ms = NOW;
	return rig_freeze_raw(raw[at++ % 8], &f, &r.person[officer]);
}

static struct bytes sweep_item(void)
{
	static uint8_t raw[4096];
	struct writer w = writer_make(raw, sizeof raw);

	CHECK(doc_sweep_make(&w, NULL, &sweep, NULL) == ERR_OK);
	return bytes_of(w.p, w.n);
}

/* The sweep at hand on the word of two officers, at a watcher's asking; a: A's part, or NULL. */
static uint64_t sweep_ask(int s, unsigned watcher, const struct rig_sent *a)
{
	struct bytes items[5] = { sweep_item(), evacuate(0, 1), evacuate(1, 1) };
	size_t n = 3;

	if (a != NULL) {
		items[n++] = rig_item(a, 0);
		items[n++] = rig_item(a, 1);
	}
	return items_to(s, WATCHER + watcher, SIGNER_SWEEP, items, n);
}

static void sweep_forms(void)
{
	static uint8_t large[GUARD_SIGN_BYTES_MAX + 1];
	struct bytes items[8];
	uint64_t a, b;

	start();
	sweep_make(&r.till.public_key, X(5000));
#define SWEPT(s, n, code, field) REFUSED(items_to(s, WATCHER, SIGNER_SWEEP, items, n), code, field)
	REFUSED(rig_frame(A, WATCHER, SIGNER_SWEEP, nothing), "bad-input", "body");
	REFUSED(rig_frame(A, WATCHER, SIGNER_SWEEP, bytes_str("nonsense")), "bad-input", "body");
	REFUSED(rig_frame(A, WATCHER, SIGNER_SWEEP, bytes_of(large, sizeof large)), "too-large",
		"body");
	items[0] = sweep_item();
	for (uint8_t i = 0; i < 5; i++) {
		items[1 + i] = evacuate(0, i);
	}
	SWEPT(A, 6, "bad-input", "body");
	items[0] = hollow_of(DOC_SWEEP);
	SWEPT(A, 2, "field-missing", "sweep.account");
	SWEPT(B, 4, "field-missing", "sweep.account");
	items[0] = hollow_of(DOC_ACK);
	SWEPT(A, 2, "unknown-type", "sweep");
	items[0] = sweep_item();
	items[1] = hollow_of(DOC_FREEZE);
	SWEPT(A, 2, "field-missing", "freeze.evacuate");
	items[1] = hollow_of(DOC_ACK);
	SWEPT(A, 2, "unknown-type", "freeze");
	/* B: without A's part nothing, not even the freezes, is taken */
	items[1] = evacuate(0, 1);
	items[2] = evacuate(1, 1);
	items[3] = hollow_of(DOC_ATTESTATION);
	items[4] = items[3];
	SWEPT(B, 5, "field-missing", "attestation.data");
	T_CHECK(!guard_frozen(&r.g[A]) && !guard_frozen(&r.g[B]));
	/* A's part of another move */
	a = sweep_ask(A, 0, NULL);
	rig_acks(A);
	T_CHECK(rig_signed(a));
	sweep_make(&r.till.public_key, X(5001));
	REFUSED(sweep_ask(B, 0, rig_answer(a)), "mismatch", "attestation.subject");
	T_EQ(r.g[B].payments_n, 0);
	T_CHECK(guard_frozen(&r.g[B])); /* but the officers' word stands */
	sweep_make(&r.till.public_key, X(5000));
	b = sweep_ask(B, 0, rig_answer(a));
	rig_acks(B);
	T_CHECK(rig_signed(b));
	/* a journal that is full even for sweeps; and for their acknowledgements */
	sweep_make(&r.till.public_key, X(70));
	left(GUARD_HEADROOM_BYTES / 2);
	REFUSED(sweep_ask(A, 0, NULL), "full", "journal");
	left(GUARD_HEADROOM_BYTES);
	a = sweep_ask(A, 0, NULL);
	T_STR(rig_code(a), "");
	{
		struct hash32 id = rig_newest(A);

		left(GUARD_HEADROOM_BYTES / 4);
		REFUSED(rig_ack(A, 0, &id), "full", "journal");
		left(GUARD_HEADROOM_BYTES / 2); /* where no payment's would be taken */
		T_STR(rig_code(rig_ack(A, 0, &id)), "");
	}
#undef SWEPT
}

static bool told_of(uint64_t id, const struct hash32 *attestation)
{
	struct doc d;

	return rig_answers(id) == 1 &&
	       rig_type(rig_item(rig_answer(id), 1), &d) == DOC_ATTESTATION &&
	       hash32_eq(&d.id, attestation);
}

/*
 * A signer that lost its memory evacuates by lower numbers than a watcher has heard from it: each
 * nonce tells it the sweeps that wait for its word, one after the other.
 */
static void unheard_sweeps(void)
{
	const uint64_t heard = 1000000;
	struct hash32 first, second;
	struct event closed = { .kind = EVENT_CLOSED, .channel = WATCHER };
	uint64_t id;

	start();
	/* no payment is told again: numbers of those that go back are a crime */
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	T_CHECK(nonce_alone(next_on(A, WATCHER + 1, heard)));
	id = next_on(A, WATCHER + 1, heard);
	rig_tick(A, 1001);
	T_CHECK(nonce_alone(id));
	sweep_make(&r.till.public_key, X(5000));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	first = rig_newest(A);
	sweep_make(&r.till.public_key, X(4000));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	second = rig_newest(A);
	/* a new link has its nonce first */
	T_CHECK(nonce_alone(next_on(A, WATCHER + 2, heard)));
	id = next_on(A, WATCHER + 1, heard);
	T_EQ(rig_answers(id), 0);
	rig_tick(A, 1001);
	T_CHECK(told_of(id, &first));
	id = next_on(A, WATCHER + 1, heard);
	T_CHECK(told_of(id, &second));
	/* all, once for this nonce */
	id = next_on(A, WATCHER + 1, heard);
	T_EQ(rig_answers(id), 0);
	T_STR(rig_code(rig_ack(A, 0, &first)), "");
	T_EQ(rig_answers(id), 0);
	rig_tick(A, 1001);
	T_CHECK(told_of(id, &second));
	T_EQ(rig_answers(next_on(A, WATCHER + 1, heard)), 0);
	T_STR(rig_code(rig_ack(A, 0, &second)), "");
	id = next_on(A, WATCHER + 1, heard);
	rig_tick(A, 1001);
	T_CHECK(nonce_alone(id));
	/* what k have said is let out, and waits for nobody */
	T_STR(rig_code(rig_ack(A, 1, &second)), "");
	T_STR(rig_code(rig_ack(A, 1, &first)), "");
	T_EQ(r.g[A].signatures_released, 2);
	id = next_on(A, WATCHER + 1, heard);
	rig_tick(A, 1001);
	T_CHECK(nonce_alone(id));
	/* in their order wherever they stand: the third has the place of the first */
	sweep_make(&r.till.public_key, X(3000));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	first = rig_newest(A);
	sweep_make(&r.till.public_key, X(2000));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	second = rig_newest(A);
	T_STR(rig_code(rig_ack(A, 0, &first)), "");
	T_STR(rig_code(rig_ack(A, 1, &first)), "");
	/* who waits for what is behind it is not told of it */
	id = next_on(A, WATCHER + 1, heard);
	sweep_make(&r.till.public_key, X(1000));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	first = rig_newest(A);
	T_EQ(rig_answers(id), 0);
	rig_tick(A, 1001);
	T_CHECK(told_of(id, &second));
	T_CHECK(told_of(next_on(A, WATCHER + 1, heard), &first));
	/* who asked for them is gone, and asks again when he is back */
	rig_event(A, &closed);
	id = next_on(A, WATCHER + 1, heard);
	rig_tick(A, 1001);
	T_CHECK(nonce_alone(id));
}

/* An officer who says it twice beside another is still two officers. */
static void three_words(void)
{
	struct bytes items[4];

	start();
	sweep_make(&r.till.public_key, X(5000));
	items[0] = sweep_item();
	items[1] = evacuate(0, 1);
	items[2] = evacuate(1, 1);
	items[3] = evacuate(1, 2);
	T_STR(rig_code(items_to(A, WATCHER, SIGNER_SWEEP, items, 4)), "");
	T_EQ(r.g[A].payments_n, 1);
}

/* One watcher that asks for much leaves places and shares to the others. */
static void shares(void)
{
	const struct key32 *accounts[3];
	const size_t all = GUARD_SWEEPS_MAX / 3;
	uint64_t id = 0, ages;

	start();
	accounts[0] = &r.till.public_key;
	accounts[1] = &r.purse.public_key;
	accounts[2] = &r.next_till.public_key;
	for (unsigned i = 0; i < GUARD_PENDING_EACH; i++) {
		sweep_make(accounts[i % 3], X(5000) + i);
		T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	}
	sweep_make(accounts[0], X(6000));
	REFUSED(sweep_ask(A, 0, NULL), "busy", "");
	T_STR(rig_code(sweep_ask(A, 1, NULL)), "");
	T_EQ(r.g[A].sweeps_n, GUARD_PENDING_EACH + 1);
	/* who hangs up waits for nothing, and has all his places again */
	hang_up(A, WATCHER);
	ages = r.g[A].ages;
	sweep_make(accounts[0], X(6001));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	T_EQ(r.g[A].ages, ages + 1);
	/* his share of all, though no account's is used up */
	for (unsigned i = 0; r.g[A].sweeps_n < all + 1 && i < 2 * all; i++) {
		sweep_make(accounts[i % 3], X(7000) + i);
		id = sweep_ask(A, 0, NULL);
		T_STR(rig_code(id), "");
		rig_acks(A);
		T_CHECK(rig_signed(id));
	}
	sweep_make(accounts[0], X(9000));
	REFUSED(sweep_ask(A, 0, NULL), "full", "sweep.account");
	T_EQ(r.g[A].sweeps_n, all + 1);
	id = sweep_ask(A, 1, NULL);
	T_STR(rig_code(id), "");
	/* the whole table's share, as a roster with other watchers may have used it */
	r.g[A].sweeps_n = GUARD_SWEEPS_MAX;
	sweep_make(accounts[0], X(9001));
	REFUSED(sweep_ask(A, 1, NULL), "full", "sweep.account");
}

/* A payment to the till's own spare box may be, byte for byte, the move of a whole balance. */
static void move_that_was_paid(void)
{
	uint32_t now = 0;
	uint64_t id;

	rig_make();
	r.policy.destination_kinds |= DOC_TO_BOX;
	rig_documents_write();
	r.journal_n[A] = 0;
	rig_guard(A);
	rig_well(A);
	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	sweep_make(&r.till.public_key, X(50));
	rig_withdrawal(X(50), 0, 1);
	r.request.amount = r.order.amount = sweep.amount;
	r.request.destination = r.order.destination = sweep.destination;
	r.request.message_n = r.order.message_n = 0;
	CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 1, &r.till.public_key,
			   now) == ERR_OK);
	id = rig_sign();
	T_STR(rig_code(id), "");
	rig_acks(A);
	T_CHECK(rig_signed(id));
	REFUSED(sweep_ask(A, 0, NULL), "already-used", "sweep.timestamp_nem_s");
	T_EQ(r.g[A].payments_n, 1);
	T_EQ(r.g[A].sweeps_n, 0);
	/* a second later it is another */
	rig_tick(A, 1000);
	sweep_make(&r.till.public_key, X(50));
	T_STR(rig_code(sweep_ask(A, 0, NULL)), "");
	T_EQ(r.g[A].sweeps_n, 1);
}

/* An account ends: what waits of others, and a sweep that waits, go on. */
static void ends_alone(void)
{
	uint64_t payment, other;

	start();
	rig_withdrawal(X(50), 0, 1);
	payment = rig_sign();
	rig_withdrawal(X(60), 0, 2);
	r.attempt.account = r.next_till.public_key;
	other = rig_sign();
	T_EQ(r.g[A].payments_n, 2);
	/* the purse is closed: neither has anything to do with it */
	close_account(A, &r.purse.public_key);
	T_EQ(rig_answers(payment) + rig_answers(other), 0);
	close_account(A, &r.till.public_key);
	REFUSED(payment, "policy", "attempt.account");
	T_EQ(rig_answers(other), 0);
	rig_acks(A);
	T_CHECK(rig_signed(other));
	/* a sweep waits while another account ends */
	sweep_make(&r.till.public_key, X(5000));
	payment = sweep_ask(A, 0, NULL);
	close_account(A, &r.next_till.public_key);
	T_EQ(rig_answers(payment), 0);
	rig_acks(A);
	T_CHECK(rig_signed(payment));
}

/* A frame with this very number, as its asker chose it. */
static void frame_as(uint32_t channel, uint16_t role, uint64_t id, uint16_t number,
		     const struct bytes *items, size_t n)
{
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);
	struct event ev = { .kind = EVENT_FRAME,
			    .channel = channel,
			    .role = role,
			    .number = number,
			    .request_id = id,
			    .body = rig_body(&w, items, n) };

	rig_event(A, &ev);
}

/* How many answers of this number went to this channel; *last: the newest. */
static size_t told(uint32_t channel, uint64_t id, const struct rig_sent **last)
{
	size_t n = 0;

	for (size_t i = 0; i < r.sent_n; i++) {
		if (r.sent[i].channel == channel && r.sent[i].request_id == id) {
			*last = &r.sent[i];
			n++;
		}
	}
	return n;
}

/* While it waits: the last asker has the answer, each other one is told, nobody is told twice. */
static void asked_elsewhere(void)
{
	enum { NUMBER = 7000000 }; /* of no other frame */
	static struct rig_bodies b;
	const struct rig_sent *last = NULL;
	struct bytes items[3];
	uint64_t first, second;
	struct doc d;

	start();
	/* the same number on the same channel: one question, one answer */
	rig_withdrawal(X(50), 0, 1);
	rig_encode(&b);
	first = rig_send(A, &b);
	frame_as(SERVER, ROLE_SERVER, first, SIGNER_SIGN, b.items, b.n);
	T_EQ(rig_answers(first), 0);
	T_EQ(r.g[A].payments_n, 1);
	rig_acks(A);
	T_EQ(rig_answers(first), 1);
	T_CHECK(rig_signed(first));
	/* another watcher asks for the same move */
	sweep_make(&r.till.public_key, X(5000));
	first = sweep_ask(A, 0, NULL);
	T_EQ(rig_answers(first), 0);
	second = sweep_ask(A, 1, NULL);
	REFUSED(first, "busy", "");
	T_EQ(rig_answers(second), 0);
	rig_acks(A);
	T_CHECK(rig_signed(second));
	T_EQ(rig_answers(first), 1);
	/* under the number that the first one chose: numbers are each channel's own */
	sweep_make(&r.till.public_key, X(5001));
	items[0] = sweep_item();
	items[1] = evacuate(0, 1);
	items[2] = evacuate(1, 1);
	frame_as(WATCHER, GUARD_ROLE_WATCHER(0), NUMBER, SIGNER_SWEEP, items, 3);
	frame_as(WATCHER + 1, GUARD_ROLE_WATCHER(1), NUMBER, SIGNER_SWEEP, items, 3);
	T_EQ(r.g[A].payments_n, 3);
	T_EQ(told(WATCHER + 1, NUMBER, &last), 0);
	T_EQ(told(WATCHER, NUMBER, &last), 1);
	T_EQ(rig_type(rig_item(last, 0), &d), DOC_REFUSAL);
	rig_acks(A);
	T_EQ(told(WATCHER, NUMBER, &last), 1);
	T_EQ(told(WATCHER + 1, NUMBER, &last), 1);
	T_EQ(rig_type(rig_item(last, 1), &d), DOC_SIGNATURE);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "sweeps in every wrong form", sweep_forms },
		{ "three words of two officers", three_words },
		{ "sweeps that a watcher has not heard of", unheard_sweeps },
		{ "shares of watchers", shares },
		{ "a move that was paid before", move_that_was_paid },
		{ "an account ends alone", ends_alone },
		{ "asked again elsewhere, or under the same number", asked_elsewhere },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
