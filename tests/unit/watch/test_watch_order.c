/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a watcher acknowledges what has a time lock only when the lock is over by its own clocks,
 * and calls nobody a thief because the server told it of an order late, or never
 * (docs/decisions/0019).  Method: the whole watcher on a real chain (watch_rig.h) under a policy
 * with a lock of five minutes; orders told in time, late, never, twice, altered; one clock set; a
 * restart between.
 */
#include "base/check.h"
#include "ipc/frame.h"
#include "t.h"
#include "watch_rig.h"

enum { LOCK_MS = 300000 };

static struct hash32 said[2];

static void start(void)
{
	rig_lock_ms = LOCK_MS;
	rig_up();
}

/* 500 XEM, which one person and the lock must allow. */
static void pay_locked(void)
{
	pay_new(X(500));
	pay_link();
	pay_approve(2, "approver-1");
}

static const struct queued *tell_items(uint16_t role, const struct bytes *items, size_t n)
{
	return ask(role, WATCHER_ORDER, items, n);
}

static const struct queued *tell_as(const struct key *backend)
{
	static uint8_t raw[2][8192];
	struct bytes items[2];

	items[0] =
	    bytes_of(raw[0], made(raw[0], sizeof raw[0], NULL, DOC_REQUEST, &r.request, backend));
	items[1] = bytes_of(raw[1], made(raw[1], sizeof raw[1], NULL, DOC_ORDER, &r.order, NULL));
	return tell_items(ROLE_SERVER, items, 2);
}

/* The moment in its receipt; 0: refused. */
static uint64_t told(void)
{
	const struct queued *q = tell_as(&r.backend);
	struct doc_receipt got = { .time_ms = 0 };
	struct bytes item;
	struct doc d;
	size_t n = 0;

	CHECK(frame_items_all(bytes_of(q->body, q->n), &item, 1, &n) == ERR_OK && n == 1);
	CHECK(doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK);
	if (d.type == DOC_RECEIPT && doc_signed_by(&d, &r.watcher[0].key)) {
		CHECK(doc_receipt_read(&d, &got, NULL) == ERR_OK);
	}
	replies_forget();
	return got.time_ms;
}

/* Refused by this field. */
static bool no(const struct queued *q, const char *field)
{
	struct doc_refusal f = { .field = "" };
	struct bytes item;
	struct doc d;
	size_t n = 0;
	bool as_wanted;

	CHECK(frame_items_all(bytes_of(q->body, q->n), &item, 1, &n) == ERR_OK && n == 1);
	CHECK(doc_open(&d, item, &r.genesis_id, NULL) == ERR_OK);
	as_wanted = d.type == DOC_REFUSAL && doc_refusal_read(&d, &f, NULL) == ERR_OK &&
		    strcmp(f.field, field) == 0;
	if (!as_wanted) {
		printf("# refused by: %s\n", f.field);
	}
	replies_forget();
	return as_wanted;
}

/* Both clocks. */
static void pass(uint64_t ms)
{
	rig_pass(ms);
	mine(CLEAN);
	feed_all();
	wait_ms(50);
}

/* An attempt of this moment, as signer s attests it; true: acknowledged. */
static bool attested(int s)
{
	said[s] = att_tell(s);
	rig_settle();
	wait_ms(100);
	return was_acked(s, &said[s]);
}

/* It was no crime. */
static bool well(void)
{
	return r.w.control.binding == 0 && r.w.alarms == 0 && r.w.thefts == 0;
}

static void told_in_time(void)
{
	uint64_t first;
	size_t batches;

	start();
	pay_locked();
	first = told();
	T_EQ(first, r.wall);
	batches = r.batches;
	pass(60000);
	T_EQ(told(), first);
	T_EQ(r.batches, batches);
	pass(LOCK_MS - 60000);
	pay_link();
	T_CHECK(attested(A));
	T_CHECK(attested(B));
	T_CHECK(well());
}

static void told_late(void)
{
	start();
	pay_locked();
	T_CHECK(told() != 0);
	pass(LOCK_MS / 2);
	pay_link();
	T_CHECK(!attested(A));
	T_CHECK(!attested(B));
	T_EQ(r.w.not_acked, 2);
	/* others go on meanwhile */
	(void)pay_whole(X(50));
	T_EQ(r.w.acks, 2);
	T_CHECK(!was_acked(A, &said[A]));
	pass(LOCK_MS / 2);
	T_CHECK(was_acked(A, &said[A]));
	T_CHECK(was_acked(B, &said[B]));
	T_EQ(r.w.acks, 4);
	T_CHECK(well());
}

/* Who was never told counts from when a signer spoke of it. */
static void never_told(void)
{
	uint64_t since;

	start();
	pay_locked();
	T_CHECK(!attested(A));
	since = r.wall;
	T_EQ(r.w.orders.n, 1);
	pass(LOCK_MS / 2);
	T_CHECK(!was_acked(A, &said[A]));
	/* told now, it is the same moment still */
	T_CHECK(told() <= since);
	pass(LOCK_MS / 2);
	T_CHECK(was_acked(A, &said[A]));
	T_CHECK(well());
}

/* Others had it in time, acknowledged, and it is on the chain before our lock is over. */
static void seen_early(void)
{
	struct nem_tx unit;

	start();
	pay_locked();
	T_CHECK(!attested(A));
	T_CHECK(!attested(B));
	unit = pay_unit();
	mine_given(&unit, 1);
	feed_all();
	wait_ms(3000);
	T_CHECK(well());
	T_CHECK(!was_acked(A, &said[A]));
	pass(LOCK_MS);
	T_CHECK(was_acked(A, &said[A]));
	T_CHECK(well());
}

static void restarted(void)
{
	start();
	pay_locked();
	T_CHECK(told() != 0);
	pass(LOCK_MS / 2);
	pay_link();
	T_CHECK(!attested(A));
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	wait_ms(500);
	T_EQ(r.w.orders.n, 1);
	T_EQ(r.w.early_n, 1);
	T_CHECK(!was_acked(A, &said[A]));
	T_CHECK(!attested(B));
	pass(LOCK_MS / 2);
	T_CHECK(was_acked(A, &said[A]));
	T_CHECK(was_acked(B, &said[B]));
	T_EQ(r.w.early_n, 0);
	T_CHECK(well());
}

enum { MANY = WATCH_RECENT + 6 };

/* More of them than are remembered as recent, and the lock is over while nobody listens. */
static void many(struct hash32 id[MANY])
{
	start();
	for (size_t i = 0; i < MANY; i++) {
		pay_new(X(101) + i); /* else all would be one payment */
		pay_link();
		pay_approve(2, "approver-1");
		T_CHECK(!attested(A));
		id[i] = said[A];
	}
	T_EQ(r.w.early_n, MANY);
	link_close(CH_A, role_of(A));
	pass(LOCK_MS);
	for (size_t i = 0; i < MANY; i++) {
		T_CHECK(!was_acked(A, &id[i]));
	}
}

static void many_heard(const struct hash32 id[MANY])
{
	for (size_t i = 0; i < MANY; i++) {
		T_CHECK(was_acked(A, &id[i]));
	}
	T_EQ(r.w.acks, MANY);
	T_EQ(r.w.early_n, 0);
	T_CHECK(well());
}

static void many_told_again(void)
{
	static struct hash32 id[MANY];

	many(id);
	/* said, and nobody knows whether it was heard */
	r.signer[A].acks_refused = ERR_NOT_FOUND;
	link_open(CH_A, role_of(A));
	wait_ms(500);
	link_close(CH_A, role_of(A));
	r.signer[A].acks_refused = ERR_OK;
	link_open(CH_A, role_of(A));
	wait_ms(500);
	many_heard(id);
}

/* A signer that lacks what it attested, or does not have our key yet, hears it on the same link. */
static void many_not_yet(void)
{
	static const enum err why[] = { ERR_NOT_FOUND, ERR_SIGNATURE, ERR_SIGNER_UNKNOWN };
	static struct hash32 id[MANY];

	for (size_t k = 0; k < ARRAY_LEN(why); k++) {
		many(id);
		r.signer[A].acks_refused = why[k];
		link_open(CH_A, role_of(A));
		wait_ms(500);
		T_EQ(r.w.early_n, MANY);
		r.signer[A].acks_refused = ERR_OK;
		wait_ms(20000);
		many_heard(id);
	}
}

/*
 * All places are taken by payments that nothing can be done for any more, though no lock of theirs
 * is over.  Copies of one: as many payments would be a test of minutes.
 */
static void places(void)
{
	start();
	pay_locked();
	T_CHECK(!attested(A));
	T_EQ(r.w.early_n, 1);
	r.w.early[0].delay_ms = UINT64_MAX;
	for (size_t i = 1; i < WATCH_EARLY_MAX; i++) {
		r.w.early[i] = r.w.early[0];
	}
	r.w.early_n = WATCH_EARLY_MAX;
	/* those that may still be paid keep their places */
	pay_new(X(501));
	pay_link();
	pay_approve(2, "approver-1");
	T_CHECK(!attested(A));
	pass(2 * LOCK_MS);
	T_CHECK(!was_acked(A, &said[A]));
	T_EQ(r.w.early_n, WATCH_EARLY_MAX);
	pass(4 * 3600000);
	pay_locked();
	T_CHECK(!attested(A));
	T_EQ(r.w.early_n, WATCH_EARLY_MAX);
	pass(2 * LOCK_MS);
	T_CHECK(was_acked(A, &said[A]));
	T_EQ(r.w.early_n, WATCH_EARLY_MAX - 1);
	T_CHECK(well());
}

/* A journal that ends anywhere knows the order later, never earlier. */
static void cut_short(void)
{
	size_t before;
	uint64_t first;

	start();
	before = r.batches;
	pay_locked();
	first = told();
	T_EQ(r.batches, before + 1);
	rig_restart(before + 1);
	rig_connect();
	feed_all();
	T_EQ(told(), first);
	rig_restart(before);
	rig_connect();
	feed_all();
	T_CHECK(told() > first);
}

static void one_clock(void)
{
	start();
	pay_locked();
	T_CHECK(told() != 0);
	T_CHECK(!attested(A));
	/* the host's clock jumps by 25 hours; the chain's does not */
	r.wall += 25 * UINT64_C(3600000);
	wait_ms(500);
	T_CHECK(!was_acked(A, &said[A]));
	r.wall -= 25 * UINT64_C(3600000);
	/* and back, so that what it knew lies in its future */
	r.wall -= LOCK_MS;
	wait_ms(500);
	T_CHECK(!was_acked(A, &said[A]));
	r.wall += LOCK_MS;
	pass(LOCK_MS);
	T_CHECK(was_acked(A, &said[A]));
	T_CHECK(well());
}

/* Who holds a freeze acknowledges nothing, also what has waited long enough. */
static void frozen(void)
{
	static uint8_t raw[16384];
	struct bytes item;

	start();
	pay_locked();
	T_CHECK(!attested(A));
	item = bytes_of(raw, freeze_made(raw, sizeof raw, "officer-1", &r.person[0], false,
					 bytes_of(NULL, 0), 1));
	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	replies_forget();
	pass(LOCK_MS);
	T_CHECK(!was_acked(A, &said[A]));
	T_EQ(r.w.early_n, 1);
}

static void nonsense(void)
{
	static uint8_t raw[3][8192];
	struct bytes items[3];

	start();
	pay_locked();
	for (size_t i = 0; i < 3; i++) {
		items[i] = bytes_of(
		    raw[i], i == 1 ? made(raw[i], sizeof raw[i], NULL, DOC_ORDER, &r.order, NULL)
				   : made(raw[i], sizeof raw[i], NULL, DOC_REQUEST, &r.request,
					  &r.backend));
	}
	T_CHECK(no(tell_items(ROLE_SERVER, items, 1), "body"));
	T_CHECK(no(tell_items(ROLE_SERVER, items, 3), "body"));
	T_CHECK(no(tell_items(ROLE_SERVER, items + 1, 2), "request"));
	items[1] = items[0];
	T_CHECK(no(tell_items(ROLE_SERVER, items, 2), "order"));
	T_CHECK(no(tell_as(NULL), "request.signatures"));
	T_CHECK(no(tell_as(&r.person[0]), "request.signatures"));
	r.order.amount = xem(X(499));
	T_CHECK(no(tell_as(&r.backend), "order.amount"));
	r.order.amount = xem(X(500));
	r.order.created_ms -= 1000000;
	r.order.expires_ms = r.wall - 1;
	T_CHECK(no(tell_as(&r.backend), "order.expires_ms"));
	T_EQ(r.w.orders.n, 0);
	/* no chain, no second clock */
	rig_restart(r.batches);
	rig_connect();
	pay_locked();
	T_EQ(told(), 0);
	T_CHECK(!attested(A));
	T_EQ(r.w.orders.n, 0);
	T_CHECK(well());
}

static void full(void)
{
	start();
	for (unsigned i = 0; i < WATCH_ORDERS_MAX; i++) {
		pay_locked();
		T_CHECK(told() != 0);
	}
	pay_locked();
	T_CHECK(no(tell_as(&r.backend), "order"));
	/* it is kept all the same, and never acknowledged by us */
	T_CHECK(!attested(A));
	pass(LOCK_MS);
	T_CHECK(!was_acked(A, &said[A]));
	T_CHECK(well());
}

static void forged(void)
{
	static uint8_t order_raw[8192], raw[16384];
	struct log_record rec = { .kind = LOG_WATCH_ORDER };
	struct hash32 id;
	size_t n;

	start();
	pay_locked();
	n = made(order_raw, sizeof order_raw, &id, DOC_ORDER, &r.order, NULL);
	memcpy(rec.id.b, id.b, sizeof rec.id.b);
	rec.ref = r.order.request_id;
	for (int i = 0; i < 4; i++) {
		struct watch_config c = rig_config();
		struct bytes blob = bytes_of(order_raw, n);
		struct log_chain chain;
		struct bytes sealed;
		struct log_batch b;
		size_t at = 0;

		CHECK(watch_init(&r.w, &c, NULL) == ERR_OK);
		for (size_t k = 0; k < r.batches; k++) {
			CHECK(watch_replay(&r.w, bytes_of(r.journal + at, r.batch_end[k] - at)) ==
			      ERR_OK);
			at = r.batch_end[k];
		}
		if (i == 1) {
			blob = bytes_str("no order");
		}
		rec.id.b[0] ^= i == 2;
		rec.ref.b[0] ^= i == 3;
		chain = r.w.chain;
		log_batch_begin(&b, raw, sizeof raw);
		CHECK(log_batch_add_blob(&b, &rec, blob) == ERR_OK);
		log_batch_seal(&sealed, &b, &chain, &r.log_secret);
		T_EQ(watch_replay(&r.w, sealed), i == 0 ? ERR_OK : ERR_CORRUPT);
		rec.id.b[0] ^= i == 2;
		rec.ref.b[0] ^= i == 3;
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "told in time", told_in_time },
		{ "told late", told_late },
		{ "never told", never_told },
		{ "on the chain before the lock is over here", seen_early },
		{ "a restart in between", restarted },
		{ "more words than are remembered, and a link that is down", many_told_again },
		{ "more words than are remembered, and a signer that cannot take them yet",
		  many_not_yet },
		{ "all places taken by what is past", places },
		{ "a journal that ends early", cut_short },
		{ "one clock ends no lock", one_clock },
		{ "frozen", frozen },
		{ "nonsense", nonsense },
		{ "full", full },
		{ "journals that no watcher wrote", forged },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
