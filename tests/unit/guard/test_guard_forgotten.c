/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a signer forgets payments for their age alone, and what it has forgotten neither locks it
 * nor leaves it.
 * Method: a table that is full, and then days that pass; watchers and disk that come back to it.
 */
#include "guard_edges.h"

enum { PLACES = GUARD_PAYMENTS_MIN - GUARD_PAYMENTS_MIN / GUARD_SWEEPS_SHARE };

/* All places for payments taken. */
static void filled(void)
{
	rig_make();
	r.payments_cap = GUARD_PAYMENTS_MIN;
	rig_restart(A);
	rig_well(A);
	for (uint8_t i = 0; i < PLACES; i++) {
		rig_withdrawal(X(1) + i, 0, i);
		(void)rig_sign();
		rig_acks(A);
	}
	CHECK(r.g[A].payments_n == PLACES);
}

static void days_pass(void)
{
	rig_tick(A, (POLICY_REQUEST_DAYS + 2) * (uint64_t)POLICY_DAY_MS);
	rig_well(A);
}

static const char *beat_with_records(uint64_t sequence)
{
	struct doc_heartbeat h;

	rig_tick(A, 1001);
	h = rig_heartbeat(A, 0);
	h.records_sequence = sequence;
	return rig_code(rig_beat_as(A, WATCHER, &h, &r.watcher[0]));
}

/* A watcher that stayed behind holds what we have forgotten: no lock.  But not in between. */
static void forgotten_records(void)
{
	uint64_t old;

	filled();
	old = r.payments[A][3].sequence;
	days_pass();
	for (uint8_t i = 0; i < 2; i++) {
		rig_withdrawal(X(2) + i, 0, (uint8_t)(100 + i));
		T_STR(rig_code(rig_sign()), "");
	}
	T_EQ(r.g[A].payments_n, 2);
	T_STR(beat_with_records(old), "");
	T_CHECK(!guard_locked(&r.g[A]));
	T_STR(beat_with_records(r.payments[A][0].sequence + 1), "locked");
	T_CHECK(guard_locked(&r.g[A]));
	/* and it stays so, whatever is said later */
	T_STR(beat_with_records(r.payments[A][0].sequence + 1), "locked");
	T_STR(beat_with_records(0), "");
	T_CHECK(guard_locked(&r.g[A]));
}

/* Forgotten while the disk was busy with it. */
static void forgotten_read(void)
{
	static uint8_t copy[65536];
	uint64_t id, call;
	size_t n;

	filled();
	n = batch_of(A, 0).n;
	CHECK(n <= sizeof copy);
	memcpy(copy, batch_of(A, 0).p, n);
	days_pass();
	id = slow_next(A, WATCHER, 0);
	call = asked();
	rig_withdrawal(X(2), 0, 100);
	(void)rig_sign();
	T_EQ(r.g[A].payments_n, 1);
	T_EQ(rig_answers(id), 0);
	disk_says(A, call, ERR_OK, bytes_of(copy, n));
	T_CHECK(nonce_alone(id));
	T_CHECK(!noted("broken")); /* nothing is */
	/* asked again, the feed goes on with what is there */
	T_CHECK(subject_told(next_on(A, WATCHER, 0)));
}

/* Only the old makes room, by our own clock; a clock of 1970 forgets nothing. */
static void what_is_forgotten(void)
{
	struct guard *g = &r.g[A];
	uint64_t kept;
	uint64_t own;

	filled();
	T_CHECK(guard_self_by_sequence(g, 0) == NULL);
	T_CHECK(guard_self_by_sequence(g, guard_self_newest(g) + 1) == NULL);
	T_CHECK(guard_self_by_sequence(g, guard_self_newest(g)) == &r.payments[A][PLACES - 1]);
	T_CHECK(!guard_self_payment_room(g, 5, false));
	T_CHECK(guard_self_payment_room(g, 5, true)); /* the sweeps' own part */
	T_CHECK(!guard_self_payment_room(g, g->own_ms, false));
	/* the last of them is younger than the others */
	own = g->own_ms + (POLICY_REQUEST_DAYS + 2) * (uint64_t)POLICY_DAY_MS;
	uuid7_make(&r.payments[A][PLACES - 1].request_id, own - 1000,
		   (const uint8_t[UUID7_RANDOM_BYTES]){ 0 });
	/* and a sweep counts by the time of its attestation */
	r.payments[A][0].sweep = true;
	r.payments[A][0].sweep_ms = own - 1000;
	kept = r.payments[A][PLACES - 1].attestation;
	T_CHECK(guard_self_payment_room(g, own, false));
	T_CHECK(guard_self_payment_new(g, own, false) == &r.payments[A][2]);
	T_CHECK(g->forgot);
	T_CHECK(r.payments[A][0].sweep);
	T_EQ(r.payments[A][1].attestation, kept);
	/* once more, and forgotten it stays */
	own += (POLICY_REQUEST_DAYS + 2) * (uint64_t)POLICY_DAY_MS;
	while (g->payments_n < PLACES) {
		T_CHECK(guard_self_payment_new(g, own, false) != NULL);
	}
	T_CHECK(guard_self_payment_new(g, own, false) == &r.payments[A][0]);
	T_CHECK(g->forgot);
}

/* What waits for 36 days and is forgotten meanwhile is never released. */
static void waited_too_long(void)
{
	struct doc_freeze f = { 0 };
	uint64_t id, other;

	filled();
	rig_tick(A, 1); /* writes the words of watchers */
	rig_restart(A);
	rig_well(A);
	id = rig_sign(); /* the last again: acknowledged, so given at once */
	T_CHECK(rig_signed(id));
	r.payments[A][PLACES - 1].acked = 0;
	id = rig_sign();
	T_EQ(rig_answers(id), 0);
	days_pass();
	rig_withdrawal(X(2), 0, 100);
	other = rig_sign();
	T_EQ(r.g[A].payments_n, 1);
	rig_acks(A);
	T_CHECK(rig_signed(other));
	T_EQ(rig_answers(id), 0);
	/* nor does the end of its account find it; a freeze does */
	close_account(A, &r.till.public_key);
	T_EQ(rig_answers(id), 0);
	f = rig_freeze("officer-1", 1);
	(void)rig_stop(A, STOPPER, &f, &r.person[0]);
	REFUSED(id, "frozen", "");
	T_EQ(r.g[A].signatures_released, 2);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a watcher that holds what was forgotten", forgotten_records },
		{ "forgotten while it was read", forgotten_read },
		{ "what is forgotten", what_is_forgotten },
		{ "waited for so long that it was forgotten", waited_too_long },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
