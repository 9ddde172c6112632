/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a signer signs what has a time lock only when it has known the order itself for as long, by
 * the slower of its clocks, whatever the server says, withholds, repeats or backdates and whatever
 * one clock does (docs/decisions/0019; P6, T10, T13).  Method: two signers over disks in memory,
 * orders told at every wrong time, clocks set one by one, killed behind every effect, full tables.
 */
#include "t.h"

#include "chain/nem/nem_time.h"
#include "guard/guard_self.h"
#include "guard_said.h"

enum {
	LOCK_MS = 600000,
	HOUR_MS = 3600 * 1000,
};

/* Payments above 100 XEM need one person and wait ten minutes. */
static void start(void)
{
	rig_make();
	r.policy.approval_tiers[1].delay_ms = LOCK_MS;
	r.policy.approval_tiers[2].delay_ms = LOCK_MS;
	rig_documents_write();
	for (int s = A; s <= B; s++) {
		r.journal_n[s] = 0; /* never started */
		rig_guard(s);
		rig_well(s);
	}
}

/* A locked order, and what its attempt would be now. */
static void locked(uint8_t number)
{
	rig_withdrawal(X(500), 1, number);
}

static void attempt_now(void)
{
	uint32_t now = 0;

	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	CHECK(attempt_make(&r.attempt, &r.policy, &r.order, &r.order_id, 1, &r.till.public_key,
			   now) == ERR_OK);
}

static uint64_t tell_items(int s, uint32_t channel, const struct bytes *items, size_t n)
{
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);

	return rig_frame(s, channel, SIGNER_ORDER, rig_body(&w, items, n));
}

/* ORDER with the documents at hand. */
static uint64_t tell(int s)
{
	static struct rig_bodies b;

	rig_encode(&b);
	return tell_items(s, SERVER, b.items, 2);
}

/* The receipt that answered, signed by this signer; else its time is zero. */
static struct doc_receipt receipt(int s, uint64_t id)
{
	struct doc_receipt got = { .time_ms = 0 };
	struct doc d;

	if (rig_type(rig_item(rig_answer(id), 0), &d) == DOC_RECEIPT) {
		CHECK(doc_receipt_read(&d, &got, NULL) == ERR_OK);
		got.time_ms *= doc_signed_by(&d, &r.attest[s].key);
	}
	return got;
}

static bool told(int s)
{
	struct doc_receipt got = receipt(s, tell(s));

	return got.time_ms != 0 && hash32_eq(&got.document, &r.order_id);
}

/* By all clocks; heartbeats stay fresh. */
static void pass(uint64_t ms)
{
	r.wall += ms - 1001;
	r.mono += ms - 1001;
	rig_well(A);
	(void)rig_beat(B, 0);
	for (unsigned i = 0; i < 3; i++) {
		rig_tick(B, 0);
		(void)rig_beat(B, i);
	}
}

static uint64_t sign(void)
{
	attempt_now();
	return rig_sign();
}

static bool signs(void)
{
	uint64_t id = sign();

	if (r.g[A].payments_n > 0) {
		rig_acks(A);
	}
	return rig_signed(id);
}

static void lock_runs(void)
{
	const struct rig_sent *a;
	uint64_t id;

	start();
	locked(1);
	REFUSED(sign(), "waiting", "policy.approval_tiers");
	T_CHECK(told(A));
	REFUSED(sign(), "waiting", "policy.approval_tiers");
	pass(LOCK_MS - 2000);
	REFUSED(sign(), "waiting", "policy.approval_tiers");
	pass(2000);
	id = sign();
	T_STR(rig_code(id), "");
	rig_acks(A);
	T_CHECK(rig_signed(id));
	/* B counts for itself: it was never told */
	a = rig_answer(id);
	REFUSED(rig_sign_b(a), "waiting", "policy.approval_tiers");
	T_CHECK(told(B));
	REFUSED(rig_sign_b(a), "waiting", "policy.approval_tiers");
	pass(LOCK_MS);
	id = rig_sign_b(a);
	T_STR(rig_code(id), "");
	rig_acks(B);
	T_CHECK(rig_signed(id));
}

/* What has no lock needs nobody to know it. */
static void no_lock(void)
{
	start();
	rig_withdrawal(X(50), 0, 1);
	T_CHECK(signs());
}

static void told_again(void)
{
	struct doc_receipt first;
	struct doc_receipt again;
	size_t journal;

	start();
	locked(1);
	first = receipt(A, tell(A));
	T_EQ(first.time_ms, r.wall);
	T_STR(first.holder, "a");
	journal = r.journal_n[A];
	pass(LOCK_MS - 1500);
	for (int i = 0; i < 20; i++) {
		again = receipt(A, tell(A));
		T_MEM(&again, &first, sizeof first);
	}
	T_EQ(r.journal_n[A], journal); /* and nothing is written for it */
	pass(1600);
	T_CHECK(signs());
}

/* An order that says it is an hour old is as young as the moment in which it came. */
static void backdated(void)
{
	start();
	locked(1);
	r.order.created_ms -= HOUR_MS / 2;
	r.request.time_ms -= HOUR_MS / 2;
	T_CHECK(told(A));
	REFUSED(sign(), "waiting", "policy.approval_tiers");
}

/* Another order of the same request, also back and forth, begins its own time. */
static void exchanged(void)
{
	start();
	locked(1);
	T_CHECK(told(A));
	pass(LOCK_MS);
	r.order.expires_ms -= 1;
	REFUSED(sign(), "waiting", "policy.approval_tiers");
	T_CHECK(told(A));
	REFUSED(sign(), "waiting", "policy.approval_tiers");
	r.order.expires_ms += 1;
	REFUSED(sign(), "waiting", "policy.approval_tiers"); /* forgotten */
	T_CHECK(told(A));
	r.order.expires_ms -= 1;
	T_CHECK(told(A));
	r.order.expires_ms -= 1;
	REFUSED(tell(A), "already-used", "order.request_id");
	r.order.expires_ms += 1;
	pass(LOCK_MS);
	T_CHECK(signs());
}

/* No single clock ends a lock: the host's set forward by 25 hours, the chain's by an hour. */
static void clocks(void)
{
	const uint64_t step = 25 * (uint64_t)HOUR_MS;

	start();
	locked(1);
	T_CHECK(told(A));
	r.wall += step;
	rig_tick(A, 0);
	REFUSED(sign(), "clock", "policy.clock_skew_ms");
	r.wall -= step;
	/* the chain runs away from the host as far as the policy lets it */
	r.wall += 590000;
	rig_well(A);
	r.wall -= 590000;
	REFUSED(sign(), "waiting", "policy.approval_tiers");
	/* the host's clock runs on, the chain stands still */
	r.wall += 590000;
	r.mono += 590000;
	for (unsigned i = 0; i < 3; i++) {
		struct doc_heartbeat h;

		rig_tick(A, 1001);
		h = rig_heartbeat(A, i);
		h.chain_time_nem_s -= 590;
		(void)rig_beat_as(A, WATCHER + i, &h, &r.watcher[i]);
	}
	REFUSED(rig_sign(), "waiting", "policy.approval_tiers");
	/* a restart under a clock that is set forward: time while off does not count */
	rig_restart(A);
	rig_well(A);
	REFUSED(sign(), "waiting", "policy.approval_tiers");
	pass(LOCK_MS);
	T_CHECK(signs());
}

static void without_heartbeats(void)
{
	start();
	locked(1);
	rig_tick(A, 60000);
	REFUSED(tell(A), "stale", "heartbeat");
	T_EQ(r.g[A].known.n, 0);
	rig_well(A);
	T_CHECK(told(A));
	/* who knows it says so at any time */
	rig_tick(A, 60000);
	T_CHECK(told(A));
}

static void nonsense(void)
{
	static struct rig_bodies b;
	struct bytes items[3];

	start();
	locked(1);
	rig_encode(&b);
	items[0] = b.items[0];
	items[1] = b.items[1];
	items[2] = b.items[2];
	REFUSED(tell_items(A, WATCHER, items, 2), "not-for-this-path", "");
	REFUSED(tell_items(A, STOPPER, items, 2), "not-for-this-path", "");
	REFUSED(tell_items(A, SERVER, items, 0), "bad-input", "body");
	REFUSED(tell_items(A, SERVER, items, 1), "bad-input", "body");
	REFUSED(tell_items(A, SERVER, items, 3), "bad-input", "body");
	REFUSED(tell_items(A, SERVER, items + 1, 2), "unknown-type", "request");
	items[1] = items[0];
	REFUSED(tell_items(A, SERVER, items, 2), "unknown-type", "order");
	r.request_key = NULL;
	REFUSED(tell(A), "not-signed", "request.signatures");
	r.request_key = &r.stranger;
	REFUSED(tell(A), "bad-signature", "request.signatures");
	r.request_key = &r.person[0]; /* an officer is no back end */
	REFUSED(tell(A), "bad-signature", "request.signatures");
	r.request_key = &r.backend;
	r.order.amount = xem(X(499));
	REFUSED(tell(A), "mismatch", "order.amount");
	locked(1);
	r.order.expires_ms = r.wall;
	r.order.created_ms = r.wall - 1000;
	REFUSED(tell(A), "expired", "order.expires_ms");
	locked(1);
	T_EQ(r.g[A].known.n, 0);
	T_CHECK(told(A));
}

/* Documents that decode as others, or not at all. */
static void malformed(void)
{
	static struct rig_bodies b;
	static uint8_t bad[8192];
	struct bytes items[2];
	char *at;

	start();
	locked(1);
	for (size_t i = 0; i < 2; i++) {
		rig_encode(&b);
		items[0] = b.items[0];
		items[1] = b.items[1];
		memcpy(bad, items[i].p, items[i].n);
		bad[items[i].n] = '\0';
		/* another number of the same length that no document of this type may have */
		at = strstr((char *)bad, "\"asset\":\"nem:xem\"");
		CHECK(at != NULL);
		memcpy(at, "\"asset\":\"nem:xxx\"", 17);
		items[i].p = bad;
		T_CHECK(rig_refusal(tell_items(A, SERVER, items, 2)) != NULL);
	}
	T_EQ(r.g[A].known.n, 0);
}

static void frozen(void)
{
	struct doc_freeze f;

	start();
	locked(1);
	f = rig_freeze("officer-1", 1);
	T_STR(rig_code(rig_stop(A, STOPPER, &f, &r.person[0])), "");
	T_CHECK(told(A));
	REFUSED(sign(), "frozen", "");
}

static void full(void)
{
	start();
	for (unsigned i = 0; i < GUARD_ORDERS_MAX; i++) {
		locked((uint8_t)i);
		r.request.request_id.b[15] = (uint8_t)(i >> 8);
		r.order.request_id = r.request.request_id;
		T_CHECK(told(A));
		rig_forget();
	}
	locked(1);
	r.request.request_id.b[14] = 9;
	r.order.request_id = r.request.request_id;
	REFUSED(tell(A), "full", "order");
	/* and what stands in the journal is read back */
	rig_restart(A);
	rig_well(A);
	T_EQ(r.g[A].known.n, GUARD_ORDERS_MAX);
	REFUSED(tell(A), "full", "order");
	/* a day after their end there is room again */
	pass((uint64_t)25 * HOUR_MS);
	locked(2);
	T_CHECK(told(A));
	T_EQ(r.g[A].known.n, 1);
	/* what a freeze needs of the journal is not theirs */
	r.g[A].config.journal_bytes = r.g[A].journal_used + GUARD_HEADROOM_BYTES;
	locked(3);
	REFUSED(tell(A), "full", "journal");
}

/* Killed behind every effect: what was receipted is known, and nothing is known since earlier. */
static void killed(void)
{
	bool done = false;

	for (int fuse = 0; !done; fuse++) {
		struct doc_receipt got;
		uint64_t id;

		start();
		locked(1);
		r.fuse = fuse;
		id = tell(A);
		done = !r.dead;
		got = receipt(A, id);
		rig_restart(A);
		rig_well(A);
		if (got.time_ms != 0) {
			struct doc_receipt again = receipt(A, tell(A));

			T_EQ(r.g[A].known.n, 1);
			T_MEM(&again, &got, sizeof got);
		}
		REFUSED(sign(), "waiting", "policy.approval_tiers");
		T_CHECK(told(A));
		pass(LOCK_MS - 4000);
		REFUSED(sign(), "waiting", "policy.approval_tiers");
		pass(4000);
		T_CHECK(signs());
	}
}

/* ---- journals that no signer wrote ---- */

static enum err replayed(const struct log_record *rec, const struct bytes *blob)
{
	static uint8_t bytes[65536];
	struct guard_config c = rig_config(A);
	struct log_batch_head head;
	struct doc_fault fault;
	struct log_record one = *rec;
	struct log_batch b;
	struct log_chain chain;
	struct bytes sealed;
	size_t at = 0;

	CHECK(guard_init(&r.g[A], &c, &fault) == ERR_OK);
	while (at < r.journal_n[A]) {
		CHECK(log_batch_head_get(&head, r.journal[A] + at) == ERR_OK);
		CHECK(guard_replay(&r.g[A], bytes_of(r.journal[A] + at, head.bytes)) == ERR_OK);
		at += head.bytes;
	}
	le64_put(one.debit.b, r.g[A].own_base_ms);
	log_batch_begin(&b, bytes, sizeof bytes);
	CHECK((blob == NULL ? log_batch_add_record(&b, &one)
			    : log_batch_add_blob(&b, &one, *blob)) == ERR_OK);
	chain = r.g[A].chain;
	log_batch_seal(&sealed, &b, &chain, &r.log_secret);
	return guard_replay(&r.g[A], sealed);
}

static void forged(void)
{
	static struct rig_bodies b;
	static uint8_t bad[8192];
	struct log_record rec = { .kind = LOG_GUARD_ORDER };
	struct bytes item;

	start();
	locked(1);
	rig_encode(&b);
	rec.id = guard_self_short(&r.order_id);
	rec.ref = r.order.request_id;
	T_EQ(replayed(&rec, NULL), ERR_CORRUPT);
	T_EQ(replayed(&rec, &b.items[0]), ERR_CORRUPT);
	rec.id.b[3] ^= 1;
	T_EQ(replayed(&rec, &b.items[1]), ERR_CORRUPT);
	rec.id.b[3] ^= 1;
	rec.ref.b[3] ^= 1;
	T_EQ(replayed(&rec, &b.items[1]), ERR_CORRUPT);
	rec.ref.b[3] ^= 1;
	T_EQ(replayed(&rec, &b.items[1]), ERR_OK);
	T_EQ(r.g[A].known.n, 1);
	/* an order that says nothing that an order says */
	memcpy(bad, b.items[1].p, b.items[1].n);
	bad[b.items[1].n] = '\0';
	memcpy(strstr((char *)bad, "\"asset\":\"nem:xem\""), "\"asset\":\"nem:xxx\"", 17);
	item = bytes_of(bad, b.items[1].n);
	T_EQ(replayed(&rec, &item), ERR_CORRUPT);
	/* more orders of one request than it could learn */
	rig_restart(A);
	rig_well(A);
	for (unsigned i = 0; i <= KNOWN_CHANGES_MAX; i++) {
		r.order.expires_ms--;
		T_CHECK(told(A));
	}
	r.order.expires_ms--;
	rig_encode(&b);
	rec.id = guard_self_short(&r.order_id);
	T_EQ(replayed(&rec, &b.items[1]), ERR_CORRUPT);
}

/* A bug that ./sim has to find as well: the order's own word of its age. */
static void planted(void)
{
	start();
	r.g[A].config.planted = GUARD_PLANT_ORDER_AGE;
	locked(1);
	r.order.created_ms -= HOUR_MS / 2;
	r.request.time_ms -= HOUR_MS / 2;
	T_CHECK(signs());
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "each signer waits by itself", lock_runs },
		{ "no lock", no_lock },
		{ "told again", told_again },
		{ "backdated", backdated },
		{ "another order of the same request", exchanged },
		{ "one clock ends no lock", clocks },
		{ "without heartbeats", without_heartbeats },
		{ "nonsense", nonsense },
		{ "malformed", malformed },
		{ "frozen", frozen },
		{ "full", full },
		{ "killed behind every effect", killed },
		{ "journals that no signer wrote", forged },
		{ "believed, planted", planted },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
