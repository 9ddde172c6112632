/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a signer tries an order once more only when it knows by itself that all earlier attempts
 * are dead (P3, P6; attacks T12, T16; docs/decisions/0009). Method: a second attempt that is
 * signed, and everything that it needs taken away, one at a time; then what a restart, a repetition
 * and the windows make of it.
 */
#include "t.h"

#include "chain/nem/nem_time.h"
#include "guard/guard_self.h"
#include "guard_said.h"
#include "paper.h"
#include "policy/exclusion.h"

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
	if (r.g[A].payments_n > 0) { /* caps in yen without prices: nothing was signed */
		rig_acks(A);
	}
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

/* What a watcher says of this attempt, whose till is empty and whose time is over. */
static struct doc_exclusion truth_of(const struct doc_attempt *dead, const struct hash32 *id,
				     unsigned watcher)
{
	const struct doc_attempt kept = first;
	const struct hash32 kept_id = first_id;
	struct doc_exclusion x;

	first = *dead;
	first_id = *id;
	x = truth(watcher);
	first = kept;
	first_id = kept_id;
	return x;
}

static struct doc_attempt dead2;
static struct hash32 dead2_id;
static uint8_t dead2_raw[2048];
static size_t dead2_n;

/* The documents of the third attempt: both earlier ones, and two watchers' words of each. */
static void third(void)
{
	static uint8_t raw[4][2048];
	size_t at = 0;

	rig_encode(&bodies);
	add(bytes_of(first_raw, first_n));
	add(bytes_of(dead2_raw, dead2_n));
	for (unsigned k = 0; k < 4; k++) {
		const bool of_first = k < 2;
		struct doc_exclusion x =
		    truth_of(of_first ? &first : &dead2, of_first ? &first_id : &dead2_id, k % 2);
		struct writer w = writer_make(raw[at], sizeof raw[at]);

		CHECK(doc_exclusion_make(&w, NULL, &x, r.watcher[k % 2].secret) == ERR_OK);
		add(bytes_of(raw[at++], w.n));
	}
}

/* Two attempts of one order are dead: the first was signed by A, and the second. */
static void twice_dead(void)
{
	struct writer w = writer_make(dead2_raw, sizeof dead2_raw);
	uint32_t chain_s = 0;

	rig_three_tills = true;
	signed_once();
	rig_three_tills = false;
	buried();
	second(2);
	(void)rig_send(A, &bodies);
	rig_acks(A);
	T_EQ(r.g[A].payments_n, 2);
	dead2 = r.attempt;
	dead2_id = r.attempt_id;
	CHECK(doc_attempt_make(&w, NULL, &dead2, NULL) == ERR_OK);
	dead2_n = w.n;
	close_till(A, &r.next_till.public_key);
	close_till(B, &r.next_till.public_key);
	r.next_micro = 10;
	rig_three_tills = true;
	rig_well(A);
	CHECK(nem_time_from_unix_ms(&chain_s, r.wall) == ERR_OK);
	CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 3, &r.last_till.public_key,
			   chain_s) == ERR_OK);
}

static void stop_put(int s, enum doc_type type, const void *in, unsigned by, struct hash32 *id)
{
	static uint8_t body[16400];
	static struct paper p;
	const uint8_t *secrets[2] = { r.person[0].secret, r.person[1].secret };
	struct writer b = writer_make(body, sizeof body);
	struct bytes item;

	paper_make(&p, type, in, &r.genesis_id, secrets, by);
	item = bytes_of(p.raw, p.n);
	*id = p.id;
	T_STR(rig_code(rig_frame(s, STOPPER, SIGNER_STOP_PUT, rig_body(&b, &item, 1))), "");
}

static void officers_look_at(int s, const struct hash32 *freeze)
{
	struct doc_resume x = { .genesis = r.genesis_id,
				.initiator = "officer-1",
				.nonce = { (uint8_t)++r.ids },
				.lift_count = 1,
				.freezes = { { *freeze } },
				.scope = DOC_SCOPE_ALL };
	struct hash32 id;

	stop_put(s, DOC_RESUME, &x, 2, &id);
}

/* Two officers lift the freeze that A asked for. */
static void officers_look(int s)
{
	for (size_t i = 0; i < r.g[A].control.n; i++) {
		if (r.g[A].control.entries[i].type == DOC_FREEZE) {
			officers_look_at(s, &r.g[A].control.entries[i].id);
			return;
		}
	}
}

/* T12, T16: who is asked for a third attempt asks for a freeze, by freezing: once, and for all. */
static void a_third_attempt(void)
{
	const struct control_entry *e;
	struct doc_freeze f;
	static uint8_t raw[DOC_BYTES_MAX];
	struct bytes item;
	struct doc d;
	uint64_t id;
	size_t stops;

	twice_dead();
	/* with a proof too few it is only refused: nobody stops us for nothing */
	third();
	bodies.n--;
	REFUSED(rig_send(A, &bodies), "waiting", "exclusion.watcher");
	T_CHECK(!guard_frozen(&r.g[A]));
	r.order.fee_max = xem(1);
	third();
	T_CHECK(rig_code(rig_send(A, &bodies))[0] != '\0');
	T_CHECK(!guard_frozen(&r.g[A]));
	r.order.fee_max = xem(X(2));
	third();
	REFUSED(rig_send(A, &bodies), "frozen", "attempt.number");
	T_CHECK(guard_frozen(&r.g[A]));
	T_EQ(r.g[A].payments_n, 2);
	/* its word is a document that it signed, which watchers fetch, and officers read */
	stops = r.g[A].control.n;
	e = &r.g[A].control.entries[stops - 1];
	item = control_copy(&r.g[A].control, e, raw);
	T_CHECK(doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK);
	T_CHECK(doc_freeze_read(&d, &f, NULL) == ERR_OK && doc_signed_by(&d, &r.attest[A].key));
	T_STR(f.issuer, "a");
	T_CHECK(strstr(f.reason, "2 attempts are dead") != NULL && !f.evacuate && !e->officer);
	/* told to B, it binds there too; and over a restart */
	{
		static uint8_t body[16400];
		struct writer b = writer_make(body, sizeof body);

		T_STR(rig_code(rig_frame(B, WATCHER, SIGNER_STOP_PUT, rig_body(&b, &item, 1))), "");
		T_CHECK(guard_frozen(&r.g[B]));
	}
	rig_restart(A);
	T_CHECK(guard_frozen(&r.g[A]));
	rig_well(A);
	third();
	REFUSED(rig_send(A, &bodies), "frozen", "");
	T_EQ(r.g[A].control.n, stops);
	/* officers have looked: it is signed, and asking again does not freeze again */
	officers_look(A);
	officers_look(B);
	T_CHECK(!guard_frozen(&r.g[A]));
	for (unsigned again = 0; again < 2; again++) {
		rig_well(A);
		third();
		id = rig_send(A, &bodies);
		T_CHECK(again == 1 || taken(id));
		rig_acks(A);
		T_CHECK(rig_signed(id));
		T_CHECK(!guard_frozen(&r.g[A]));
		T_EQ(r.g[A].control.n, stops + 1);
		rig_restart(A);
	}
	rig_well(B);
	third();
	add(rig_item(rig_answer(id), 0));
	add(rig_item(rig_answer(id), 1));
	T_CHECK(taken(rig_send(B, &bodies)));
	T_CHECK(!guard_frozen(&r.g[B]));
	rig_three_tills = false;
}

/* B alone, when A has not stopped: a hostile A signed the third, and B still asks. */
static void b_asks_too(void)
{
	uint64_t id;

	twice_dead();
	third();
	REFUSED(rig_send(A, &bodies), "frozen", "attempt.number");
	officers_look(A);
	rig_well(A);
	third();
	id = rig_send(A, &bodies);
	rig_acks(A);
	T_CHECK(rig_signed(id));
	rig_well(B);
	third();
	add(rig_item(rig_answer(id), 0));
	add(rig_item(rig_answer(id), 1));
	/* it was never told of A's freeze, nor that it was lifted */
	REFUSED(rig_send(B, &bodies), "frozen", "attempt.number");
	T_CHECK(guard_frozen(&r.g[B]));
	T_STR(r.g[B].control.entries[r.g[B].control.n - 1].issuer, "b");
	/* its own, once lifted, is as good as A's */
	officers_look_at(B, &r.g[B].control.entries[r.g[B].control.n - 1].id);
	rig_well(B);
	third();
	add(rig_item(rig_answer(id), 0));
	add(rig_item(rig_answer(id), 1));
	T_CHECK(taken(rig_send(B, &bodies)));
	rig_three_tills = false;
}

/* In yen it counts once, too: at the price of the attempt that lives. */
static void a_second_attempt_in_yen(void)
{
	const u128 once = 5040; /* 50.4 XEM */
	struct policy_time now;
	uint64_t id;

	rig_yen = (struct doc_yen){
		.age_max_ms = 60000, .day_max = 6000, .hour_max = 6000, .jump_max_bp = 500
	};
	signed_once();
	rig_yen.age_max_ms = 0;
	T_EQ(r.g[A].payments_n, 0); /* no prices */
	rig_prices("100");
	(void)rig_sign();
	rig_acks(A);
	(void)guard_self_now(&r.g[A], &now);
	T_CHECK(policy_history_yen(&r.g[A].history, &now, POLICY_DAY_MS) == once);
	buried();
	for (unsigned again = 0; again < 2; again++) {
		rig_well(A);
		second(2);
		id = rig_send(A, &bodies);
		T_CHECK(again == 1 || taken(id));
		rig_acks(A);
		T_CHECK(rig_signed(id));
		(void)guard_self_now(&r.g[A], &now);
		T_CHECK(policy_history_yen(&r.g[A].history, &now, POLICY_DAY_MS) == once);
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
		{ "a second attempt is counted once in yen", a_second_attempt_in_yen },
		{ "a third attempt asks for a freeze", a_third_attempt },
		{ "and so does B by itself", b_asks_too },
		{ "a second attempt of what a security key approved", approved_by_a_key },
		{ "what a second attempt needs", what_it_needs },
		{ "two second attempts at once are one", only_one },
		{ "the other till, beside a sweep and another order", the_other_till },
		{ "an attempt that A never signed", never_signed },
		{ "no exclusion, planted", planted },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
