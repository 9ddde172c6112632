/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a signer tries an order once more only when it knows by itself that all earlier attempts
 * are dead (P3, P6; attacks T12, T16; docs/decisions/0009). Method: a second attempt that is
 * signed, and everything that it needs taken away, one at a time; then what a restart, a repetition
 * and the windows make of it.
 */
#include "t.h"

#include "chain/nem/nem_time.h"
#include "guard_rig.h"
#include "policy/exclusion.h"

#define REFUSED(id, code, field)                \
	do {                                    \
		uint64_t id_ = (id);            \
		T_STR(rig_code(id_), (code));   \
		T_STR(rig_field(id_), (field)); \
	} while (0)

enum { PAY = 50 };

static struct doc_attempt first;
static struct hash32 first_id;
static uint8_t first_raw[2048];
static size_t first_n;
static struct rig_bodies bodies;

static void close_till(int s, const struct key32 *account)
{
	struct doc_closing c = { .account = *account,
				 .genesis = r.genesis_id,
				 .issuer = "officer-1",
				 .reason = "used up" };
	uint8_t raw[2048], body[4096];
	struct writer w = writer_make(raw, sizeof raw), b = writer_make(body, sizeof body);
	struct bytes item;

	CHECK(doc_closing_make(&w, NULL, &c, r.person[0].secret) == ERR_OK);
	item = bytes_of(w.p, w.n);
	(void)rig_frame(s, STOPPER, SIGNER_STOP_PUT, rig_body(&b, &item, 1));
}

/* Two signers at work, one payment signed by A (and not by B).  by_key: a larger one, which a
 * security key approved. */
static void signed_once_as(bool by_key)
{
	struct writer w = writer_make(first_raw, sizeof first_raw);

	rig_make();
	rig_well(A);
	rig_well(B);
	rig_withdrawal(by_key ? X(10 * PAY) : X(PAY), by_key, 1);
	if (by_key) {
		r.approval_key[0] = NULL;
		r.proof[0] =
		    (struct rig_proof){ .there = true, .key = 2, .flags = 5, .counter = 7 };
	}
	(void)rig_sign();
	rig_acks(A);
	first = r.attempt;
	first_id = r.attempt_id;
	CHECK(doc_attempt_make(&w, NULL, &first, NULL) == ERR_OK);
	first_n = w.n;
}

static void signed_once(void)
{
	signed_once_as(false);
}

/* The till is closed and empty, its attempt's time over; the next attempt from the next till. */
static void buried(void)
{
	uint32_t chain_s = 0;

	close_till(A, &r.till.public_key);
	close_till(B, &r.till.public_key);
	r.till_micro = 10;
	rig_well(A);
	rig_well(B);
	CHECK(nem_time_from_unix_ms(&chain_s, r.wall) == ERR_OK);
	CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 2, &r.next_till.public_key,
			   chain_s) == ERR_OK);
}

static struct doc_exclusion truth(unsigned watcher)
{
	const struct exclusion_question q = { .genesis = &r.genesis,
					      .roster = &r.roster,
					      .order = &r.order,
					      .order_id = &r.order_id };
	struct exclusion_earlier e = { .attempt = first };
	struct doc_exclusion x = { .account = first.account,
				   .attempt = first_id,
				   .final_height = 10,
				   .final_time_nem_s = first.deadline_nem_s + 1,
				   .genesis = r.genesis_id,
				   .height = 10 + EXCLUSION_DEPTH,
				   .largest = xem(10),
				   .residue = xem(10) };

	CHECK(exclusion_payment(&e, &q).err == ERR_OK);
	x.inner_hash = e.inner_hash;
	(void)snprintf(x.watcher, sizeof x.watcher, "watcher-%u", watcher + 1);
	return x;
}

static void add(struct bytes raw)
{
	bodies.items[bodies.n++] = raw;
}

static void add_word(const struct doc_exclusion *x, unsigned signer)
{
	static uint8_t raw[4][2048];
	static unsigned at;
	struct writer w = writer_make(raw[at % 4], sizeof raw[0]);

	at++;
	CHECK(doc_exclusion_make(&w, NULL, x, r.watcher[signer].secret) == ERR_OK);
	add(bytes_of(w.p, w.n));
}

/* The documents of the second attempt, with the words of so many watchers. */
static void second(unsigned words)
{
	rig_encode(&bodies);
	add(bytes_of(first_raw, first_n));
	for (unsigned i = 0; i < words; i++) {
		struct doc_exclusion x = truth(i);

		add_word(&x, i);
	}
}

static bool taken(uint64_t id)
{
	return rig_answers(id) == 0; /* it waits for acknowledgements */
}

static void a_second_attempt(void)
{
	struct doc_attempt later;
	uint64_t id;
	u128 before;

	signed_once();
	before = guard_spent(&r.g[A], POLICY_DAY_MS, false);
	T_CHECK(before > X(PAY));
	buried();
	for (unsigned words = 0; words < 2; words++) {
		second(words);
		REFUSED(rig_send(A, &bodies), "waiting", "exclusion.watcher");
	}
	second(2);
	id = rig_send(A, &bodies);
	T_CHECK(taken(id));
	rig_acks(A);
	T_CHECK(rig_signed(id));
	/* the order counts once */
	T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, false) == before);
	/* B, which never saw the first, by the same proof */
	second(2);
	add(rig_item(rig_answer(id), 0));
	add(rig_item(rig_answer(id), 1));
	id = rig_send(B, &bodies);
	T_CHECK(taken(id));
	rig_acks(B);
	T_CHECK(rig_signed(id));
	/* the same again: the same bytes, before and after a restart; and the first is dead for
	 * ever */
	later = r.attempt;
	for (unsigned again = 0; again < 2; again++) {
		rig_well(A);
		second(2);
		T_CHECK(rig_signed(rig_send(A, &bodies)));
		r.attempt = first;
		r.keep_links = true;
		rig_encode(&bodies);
		REFUSED(rig_send(A, &bodies), "policy", "attempt.account");
		first.account = r.next_till.public_key;
		r.attempt = first;
		rig_encode(&bodies);
		REFUSED(rig_send(A, &bodies), "already-used", "order.request_id");
		first.account = r.till.public_key;
		r.keep_links = false;
		r.attempt = later;
		T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, false) == before);
		rig_restart(A);
	}
}

/* One thing is missing. */
/* The person is not asked again: the count of the key serves the approval, not the attempt. */
static void approved_by_a_key(void)
{
	uint64_t id;

	signed_once_as(true);
	T_EQ(r.g[A].payments_n, 1);
	T_EQ(r.g[A].counters.uses_n, 1);
	buried();
	second(2);
	id = rig_send(A, &bodies);
	T_CHECK(taken(id));
	rig_acks(A);
	T_CHECK(rig_signed(id));
	T_EQ(r.g[A].counters.uses_n, 1);
	rig_restart(A);
	T_EQ(r.g[A].counters.uses_n, 1);
}

static void what_it_needs(void)
{
	struct doc_exclusion x;

	/* its own journal: the closing */
	signed_once();
	r.till_micro = 10;
	rig_well(A);
	CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 2, &r.next_till.public_key,
			   (uint32_t)first.timestamp_nem_s) == ERR_OK);
	second(2);
	REFUSED(rig_send(A, &bodies), "wrong-state", "earlier.account");
	close_till(A, &r.till.public_key);
	second(2);
	T_CHECK(taken(rig_send(A, &bodies)));

	/* its own journal: the first attempt.  Of another order of the same content nothing is
	 * known. */
	signed_once();
	buried();
	r.order.created_ms++;
	rig_encode(&bodies);
	first.order = r.order_id;
	{
		struct writer w = writer_make(first_raw, sizeof first_raw);

		CHECK(doc_attempt_make(&w, &first_id, &first, NULL) == ERR_OK);
	}
	second(2);
	REFUSED(rig_send(A, &bodies), "already-used", "earlier.number");

	/* heartbeats: a stranger has filled the till again */
	signed_once();
	buried();
	r.till_micro = X(PAY + 10);
	rig_well(A);
	second(2);
	REFUSED(rig_send(A, &bodies), "insufficient-funds", "earlier.account");
	r.till_micro = X(PAY - 10); /* too little for the payment */
	rig_well(A);
	second(2);
	T_CHECK(taken(rig_send(A, &bodies)));

	/* one watcher who speaks twice, or for another; words about another attempt */
	signed_once();
	buried();
	second(1);
	x = truth(0);
	x.time_ms = 7;
	add_word(&x, 0);
	REFUSED(rig_send(A, &bodies), "already-used", "exclusion.watcher");
	second(1);
	x = truth(1);
	add_word(&x, 0);
	REFUSED(rig_send(A, &bodies), "bad-signature", "exclusion.signatures");
	second(1);
	x = truth(1);
	x.attempt.b[3] ^= 1;
	add_word(&x, 1);
	REFUSED(rig_send(A, &bodies), "mismatch", "exclusion.attempt");

	/* a number left out; the same till */
	r.attempt.number = 3;
	second(2);
	REFUSED(rig_send(A, &bodies), "wrong-state", "attempt.number");
	r.attempt.number = 2;
	r.attempt.account = r.till.public_key;
	second(2);
	REFUSED(rig_send(A, &bodies), "policy", "attempt.account");
}

/* Two second attempts in parallel: one is signed. */
static void only_one(void)
{
	uint64_t id;

	signed_once();
	buried();
	second(2);
	id = rig_send(A, &bodies);
	T_CHECK(taken(id));
	r.attempt.timestamp_nem_s--;
	r.attempt.deadline_nem_s--;
	second(2);
	REFUSED(rig_send(A, &bodies), "already-used", "order.request_id");
	/* and a freeze stops the one that waits */
	{
		struct doc_freeze f = rig_freeze("officer-1", 1);

		(void)rig_stop(A, STOPPER, &f, &r.person[0]);
	}
	T_STR(rig_code(id), "frozen");
}

/* One good heartbeat each, but for what the first till and the next hold. */
static void beats(unsigned watchers, uint64_t till, uint64_t next_till)
{
	rig_tick(A, 5000); /* nobody's older word is fresh any more */
	for (unsigned i = 0; i < watchers; i++) {
		struct doc_heartbeat h = rig_heartbeat(A, i);

		h.balances[0].confirmed = xem(till);
		h.balances[1].confirmed = xem(next_till);
		(void)rig_beat_as(A, WATCHER + i, &h, &r.watcher[i]);
	}
}

/* A move of the closed next till, so that the table of payments holds a sweep. */
static void sweep_next_till(void)
{
	struct doc_closing c = { .account = r.next_till.public_key,
				 .genesis = r.genesis_id,
				 .issuer = "officer-1",
				 .reason = "used up" };
	struct money balance = xem(X(5000));
	struct doc_sweep sweep;
	uint8_t raw[2][4096], body[8192];
	struct writer w = writer_make(raw[0], sizeof raw[0]);
	struct writer v = writer_make(raw[1], sizeof raw[1]);
	struct writer b = writer_make(body, sizeof body);
	struct bytes items[2];
	uint32_t now = 0;

	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	CHECK(attempt_sweep_make(&sweep, &r.genesis, &r.policy, &r.genesis_id, &c.account, &balance,
				 now) == ERR_OK);
	CHECK(doc_sweep_make(&w, NULL, &sweep, NULL) == ERR_OK);
	CHECK(doc_closing_make(&v, NULL, &c, r.person[0].secret) == ERR_OK);
	items[0] = bytes_of(w.p, w.n);
	items[1] = bytes_of(v.p, v.n);
	(void)rig_frame(A, WATCHER, SIGNER_SWEEP, rig_body(&b, items, 2));
}

/*
 * The first attempt from the second till, another order and a sweep between them; the watchers'
 * words of the tills as they come.
 */
static void the_other_till(void)
{
	struct writer w = writer_make(first_raw, sizeof first_raw);
	uint32_t chain_s = 0;

	rig_make();
	rig_well(A);
	rig_withdrawal(X(60), 0, 2);
	T_STR(rig_code(rig_sign()), "");
	rig_withdrawal(X(PAY), 0, 1);
	r.attempt.account = r.next_till.public_key;
	T_STR(rig_code(rig_sign()), "");
	first = r.attempt;
	first_id = r.attempt_id;
	CHECK(doc_attempt_make(&w, NULL, &first, NULL) == ERR_OK);
	first_n = w.n;
	sweep_next_till();
	T_EQ(r.g[A].payments_n, 3);
	T_CHECK(r.payments[A][2].sweep && r.g[A].closings[2].closed);
	CHECK(nem_time_from_unix_ms(&chain_s, r.wall) == ERR_OK);
	CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 2, &r.till.public_key,
			   chain_s) == ERR_OK);
	/* a till that is full, by two of three; by one of two who speak at all */
	beats(3, X(1000), X(PAY + 1));
	second(2);
	REFUSED(rig_send(A, &bodies), "insufficient-funds", "earlier.account");
	beats(1, X(1000), 10);
	second(2);
	REFUSED(rig_send(A, &bodies), "stale", "heartbeat");
	/* one watcher does not speak of that till: two are not left */
	beats(1, X(1000), 10);
	{
		struct doc_heartbeat h = rig_heartbeat(A, 1);

		h.balance_count = 1;
		(void)rig_beat_as(A, WATCHER + 1, &h, &r.watcher[1]);
	}
	second(2);
	REFUSED(rig_send(A, &bodies), "insufficient-funds", "earlier.account");
	T_EQ(r.g[A].payments_n, 3);
	/* two of three suffice, the third is silent */
	beats(2, X(1000), 10);
	second(2);
	T_CHECK(taken(rig_send(A, &bodies)));
	T_EQ(r.g[A].payments_n, 4);
	T_EQ(r.payments[A][3].number, 2);
}

/* A speaks first: an attempt that it never signed cannot be dead, it was none of ours. */
static void never_signed(void)
{
	struct writer w = writer_make(first_raw, sizeof first_raw);

	rig_make();
	rig_well(A);
	rig_well(B);
	rig_withdrawal(X(PAY), 0, 1);
	rig_encode(&bodies);
	first = r.attempt;
	first_id = r.attempt_id;
	CHECK(doc_attempt_make(&w, NULL, &first, NULL) == ERR_OK);
	first_n = w.n;
	buried();
	second(2);
	REFUSED(rig_send(A, &bodies), "not-found", "earlier.number");
	T_EQ(r.g[A].payments_n, 0);
}

/* The bug that ./sim must find is one: with it planted no proof is asked for. */
static void planted(void)
{
	signed_once();
	buried();
	second(0);
	REFUSED(rig_send(A, &bodies), "waiting", "exclusion.watcher");
	r.planted = GUARD_PLANT_NO_EXCLUSION;
	rig_restart(A);
	rig_well(A);
	second(0);
	T_CHECK(taken(rig_send(A, &bodies)));
	T_EQ(r.g[A].payments_n, 2);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a second attempt, counted once, and never the first again", a_second_attempt },
		{ "a second attempt of what a security key approved", approved_by_a_key },
		{ "what a second attempt needs", what_it_needs },
		{ "two second attempts at once are one", only_one },
		{ "the other till, beside a sweep and another order", the_other_till },
		{ "an attempt that A never signed", never_signed },
		{ "no exclusion, planted", planted },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
