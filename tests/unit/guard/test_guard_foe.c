/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: whoever may speak to a signer cannot bring it down, cannot use up what others need, and
 * cannot carry a payment past a stop (P5, P7, P8).
 * Method: every place of a table taken by one party, then the same asked by another; bursts on one
 * channel; a stop that reaches the watchers first.  A failed CHECK would end this program.
 */
#include "t.h"

#include "chain/nem/nem_tx.h"
#include "guard_said.h"

static void start(void)
{
	rig_make();
	rig_well(A);
	rig_well(B);
}

/* A freeze that meets a full waiting room is kept, receipted, and answers everybody. */
static void freeze_in_a_full_house(void)
{
	uint64_t asked[GUARD_PENDING_MAX];
	struct doc_freeze f;
	struct doc d;
	uint64_t id;

	start();
	for (uint8_t i = 0; i < GUARD_PENDING_MAX; i++) {
		rig_withdrawal(X(1) + i, 0, i);
		asked[i] = rig_sign();
		T_EQ(rig_answers(asked[i]), 0);
	}
	/* watchers wait too, all that there may be */
	for (uint32_t w = 0; w < 3; w++) {
		struct doc_cursor c = { .after = 1u << 30, .genesis = r.genesis_id };
		uint8_t raw[512];
		uint8_t body[520];
		struct writer t = writer_make(raw, sizeof raw);
		struct writer b = writer_make(body, sizeof body);
		struct bytes item;

		CHECK(doc_cursor_make(&t, NULL, &c, NULL) == ERR_OK);
		item = bytes_of(t.p, t.n);
		(void)rig_frame(A, WATCHER + w, SIGNER_NEXT, rig_body(&b, &item, 1));
	}
	rig_tick(A, 60000); /* every refusal may be journalled again */
	f = rig_freeze("officer-1", 1);
	id = rig_stop(A, STOPPER, &f, &r.person[0]);
	T_EQ(rig_type(rig_item(rig_answer(id), 0), &d), DOC_RECEIPT);
	for (size_t i = 0; i < GUARD_PENDING_MAX; i++) {
		T_EQ(rig_answers(asked[i]), 1);
		T_STR(rig_code(asked[i]), "frozen");
	}
	rig_restart(A);
	T_CHECK(guard_frozen(&r.g[A]));
}

static struct bytes cursor_body(uint8_t body[520], uint64_t after)
{
	struct doc_cursor c = { .after = after, .genesis = r.genesis_id };
	uint8_t raw[512];
	struct writer t = writer_make(raw, sizeof raw);
	struct writer b = writer_make(body, 520);
	struct bytes item;

	CHECK(doc_cursor_make(&t, NULL, &c, NULL) == ERR_OK);
	item = bytes_of(t.p, t.n);
	return rig_body(&b, &item, 1);
}

/* NEXT of one watcher on a channel of its own choice. */
static uint64_t next_on(uint32_t channel, unsigned watcher, uint64_t after)
{
	uint8_t body[520];
	struct event ev = { .kind = EVENT_FRAME,
			    .channel = channel,
			    .role = GUARD_ROLE_WATCHER(watcher),
			    .number = SIGNER_NEXT,
			    .request_id = ++r.ids,
			    .body = cursor_body(body, after) };

	rig_event(A, &ev);
	return ev.request_id;
}

/* A burst on one channel never asks the disk for more than there are places. */
static void burst_of_next(void)
{
	size_t reads = 0;
	uint64_t tags[4 * GUARD_FEEDS_MAX] = { 0 };
	struct doc d;
	uint64_t last = 0;

	start();
	rig_withdrawal(X(5), 0, 1);
	(void)rig_sign();
	for (uint32_t i = 0; i < 4 * GUARD_FEEDS_MAX; i++) {
		uint8_t body[520];
		struct event ev = { .kind = EVENT_FRAME,
				    .channel = WATCHER,
				    .role = GUARD_ROLE_WATCHER(0),
				    .number = SIGNER_NEXT,
				    .request_id = ++r.ids,
				    .wall_ms = r.wall,
				    .mono_ms = r.mono,
				    .body = cursor_body(body, 0) };

		/* the disk has not answered yet: not through rig_event() */
		effects_init(&r.out, r.store, sizeof r.store);
		rig_stale_room();
		guard_step(&r.g[A], &ev, &r.out);
		last = ev.request_id;
		for (size_t k = 0; k < r.out.n; k++) {
			if (r.out.list[k].kind == EFFECT_CALL) {
				tags[reads++] = r.out.list[k].request_id;
			}
		}
		if (i % 8 == 7) { /* and the channel is opened anew now and then */
			struct event gone = { .kind = EVENT_CLOSED,
					      .channel = WATCHER,
					      .wall_ms = r.wall,
					      .mono_ms = r.mono };

			effects_init(&r.out, r.store, sizeof r.store);
			guard_step(&r.g[A], &gone, &r.out);
		}
	}
	T_CHECK(reads >= 1);
	T_CHECK(reads <= GUARD_FEEDS_MAX);
	/* the answers come, late; then everybody is served again */
	for (size_t i = 0; i < reads; i++) {
		struct event reply = { .kind = EVENT_REPLY,
				       .number = GUARD_CALL_READ,
				       .request_id = tags[i],
				       .status = ERR_IO };

		rig_event(A, &reply);
	}
	last = next_on(WATCHER + 1, 1, 0);
	T_EQ(rig_type(rig_item(rig_answer(last), 1), &d), DOC_ATTESTATION);
}

/* A transaction of the till to a stranger by both hot keys, as evidence. */
static struct doc_freeze theft(uint8_t number)
{
	struct doc_freeze f = rig_freeze("watcher-1", number);
	struct writer w = writer_make(f.evidence, sizeof f.evidence);
	struct nem_tx tx;
	struct nem_tx cosign;
	struct nem_address thief;
	uint32_t now = 0;

	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	nem_address_from_key(&thief, &r.stranger.key, 0x98);
	memset(&tx, 0, sizeof tx);
	tx.type = NEM_MULTISIG;
	tx.head = (struct nem_header){ 0x98, 1, now, now + 3600, 150000, r.chain[B].public_key };
	tx.multisig.inner.type = NEM_TRANSFER;
	tx.multisig.inner.head =
	    (struct nem_header){ 0x98, 1, now, now + 3600, 50000, r.till.public_key };
	tx.multisig.inner.transfer.recipient = thief;
	tx.multisig.inner.transfer.amount_micro = X(10);
	CHECK(nem_tx_sign(&tx, &r.chain[B]) == ERR_OK);
	memset(&cosign, 0, sizeof cosign);
	cosign.type = NEM_COSIGNATURE;
	cosign.head =
	    (struct nem_header){ 0x98, 1, now, now + 3600, 150000, r.chain[A].public_key };
	nem_tx_hash_inner(&cosign.cosignature.inner_hash, &tx.multisig.inner);
	nem_address_from_key(&cosign.cosignature.account, &r.till.public_key, 0x98);
	CHECK(nem_tx_sign(&cosign, &r.chain[A]) == ERR_OK);
	CHECK(nem_tx_attach(&tx, &cosign) == ERR_OK);
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	CHECK(!w.bad);
	f.evidence_n = w.n;
	f.evacuate = true;
	return f;
}

static uint64_t sweep_by(unsigned watcher, uint64_t balance, const struct doc_freeze *f)
{
	static uint8_t raws[2][16384];
	static uint8_t body[65536];
	struct writer w = writer_make(raws[0], sizeof raws[0]);
	struct writer b = writer_make(body, sizeof body);
	struct money m = xem(balance);
	struct doc_sweep sweep;
	struct bytes items[2];
	uint32_t now = 0;

	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	CHECK(attempt_sweep_make(&sweep, &r.genesis, &r.policy, &r.genesis_id, &r.till.public_key,
				 &m, now) == ERR_OK);
	CHECK(doc_sweep_make(&w, NULL, &sweep, NULL) == ERR_OK);
	items[0] = bytes_of(w.p, w.n);
	items[1] = rig_freeze_raw(raws[1], f, &r.watcher[0]);
	return rig_frame(A, WATCHER + watcher, SIGNER_SWEEP, rig_body(&b, items, 2));
}

/* Payments never take the places of sweeps. */
static void full_of_payments(void)
{
	struct doc_freeze f;
	uint64_t id;
	unsigned refused = 0;

	rig_make();
	r.payments_cap = GUARD_PAYMENTS_MIN;
	rig_restart(A);
	rig_well(A);
	for (uint8_t i = 0; i < GUARD_PAYMENTS_MIN; i++) {
		rig_withdrawal(X(1) + i, 0, i);
		id = rig_sign();
		if (rig_refusal(id) != NULL) {
			T_STR(rig_code(id), "full");
			refused++;
			continue;
		}
		rig_acks(A);
		T_CHECK(rig_signed(id));
	}
	T_CHECK(refused > 0);
	f = theft(1);
	id = sweep_by(0, X(5000), &f);
	T_STR(rig_code(id), "");
	rig_acks(A);
	T_CHECK(rig_signed(id));
	rig_restart(A);
	T_EQ(r.g[A].sweeps_n, 1);
}

/* One watcher that asks for ever smaller moves does not use up what the others may ask for. */
static void endless_sweeps(void)
{
	struct doc_freeze f;
	uint64_t id = 0;
	unsigned signed_for = 0;

	start();
	f = theft(1);
	for (unsigned i = 0; i < GUARD_SWEEPS_EACH_MAX + 8; i++) {
		id = sweep_by(0, X(100) + i, &f);
		if (rig_refusal(id) == NULL) {
			rig_acks(A);
			signed_for++;
		}
	}
	T_EQ(signed_for, GUARD_SWEEPS_EACH_MAX);
	REFUSED(id, "full", "sweep.account");
	/* also when the signer begins again */
	rig_restart(A);
	REFUSED(sweep_by(0, X(99), &f), "full", "sweep.account");
	id = sweep_by(1, X(5000), &f);
	T_STR(rig_code(id), "");
	rig_acks(A);
	T_CHECK(rig_signed(id));
}

/* Waiting sweeps of one watcher leave room for those of the others. */
static void waiting_sweeps(void)
{
	struct doc_freeze f;
	uint64_t id;

	start();
	f = theft(1);
	for (unsigned i = 0; i < GUARD_PENDING_MAX + 2; i++) {
		(void)sweep_by(0, X(100) + i, &f);
	}
	id = sweep_by(1, X(5000), &f);
	T_STR(rig_code(id), "");
	rig_acks(A);
	T_CHECK(rig_signed(id));
}

/* Between reserve and release a watcher shows a stop that we lack: nothing leaves. */
static void stop_elsewhere(void)
{
	struct doc_heartbeat h;
	struct hash32 waiting;
	uint64_t id;

	start();
	rig_withdrawal(X(50), 0, 1);
	id = rig_sign();
	waiting = rig_newest(A);
	(void)rig_ack(A, 0, &waiting);
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 0);
	h.stop_count = 1;
	h.stop_head.b[0] = 1;
	T_STR(rig_code(rig_beat_as(A, WATCHER, &h, &r.watcher[0])), "");
	(void)rig_ack(A, 1, &waiting);
	T_EQ(rig_answers(id), 0);
	T_EQ(r.g[A].signatures_released, 0);
	/* nor while too few are well */
	rig_tick(A, 60000);
	(void)rig_ack(A, 2, &waiting);
	T_EQ(rig_answers(id), 0);
	/* it was an error there: all agree again, and what waits is released */
	rig_well(A);
	T_CHECK(rig_signed(id));
	T_EQ(rig_answers(id), 1);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a freeze while every place waits", freeze_in_a_full_house },
		{ "a burst of NEXT", burst_of_next },
		{ "a table full of payments still evacuates", full_of_payments },
		{ "sweeps without end by one watcher", endless_sweeps },
		{ "waiting sweeps of one watcher", waiting_sweeps },
		{ "a stop that the watchers have first", stop_elsewhere },
	};

	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
