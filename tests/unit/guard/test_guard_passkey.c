/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a signer takes a security key's word for an approval, that of its owner, for this very
 * order, once (T20, T34); what it saw of counts it still knows after a restart.
 * Method: guard_step() for A and B (guard_rig.h) under a roster that takes software keys, and one
 * that does not.  Proofs that are of another kind are broken in tests/conformance/webauthn and
 * tests/unit/policy/test_approvals.c.
 */
#include "t.h"

#include "guard/guard_self.h"
#include "guard_said.h"
#include "policy/approvals.h"

enum { APPROVER_1 = 2, APPROVER_2 = 3, TOUCHED = 1, VERIFIED = 5, COUNTED = 41 };

static uint8_t number;

static void start(bool passkeys_only)
{
	rig_make_as(passkeys_only);
	rig_well(A);
	rig_well(B);
	number = 0;
}

/* The next withdrawal, approved by keys alone. */
static void approved_by_keys(uint64_t micro, size_t approvals, uint32_t counter)
{
	rig_withdrawal(micro, approvals, ++number);
	for (size_t i = 0; i < approvals; i++) {
		r.approval_key[i] = NULL;
		r.proof[i] = (struct rig_proof){ .there = true,
						 .key = (uint8_t)(APPROVER_1 + i),
						 .flags = VERIFIED,
						 .counter = counter };
	}
}

static void both_signers_take_it(void)
{
	for (int only = 0; only < 2; only++) {
		uint64_t a, b;

		start(only == 1);
		approved_by_keys(X(2000), 2, COUNTED);
		a = rig_sign();
		rig_acks(A);
		T_CHECK(rig_signed(a));
		b = rig_sign_b(rig_answer(a));
		rig_acks(B);
		T_CHECK(rig_signed(b));
		T_CHECK(guard_spent(&r.g[B], POLICY_DAY_MS, true) == 0);
		T_EQ(r.g[A].counters.uses_n, 2);
		T_EQ(r.g[B].counters.uses_n, 2);
	}
}

static void one_fault_each(void)
{
#define FAULT(change, code, field)                \
	do {                                      \
		approved_by_keys(X(500), 1, 7);   \
		change;                           \
		REFUSED(rig_sign(), code, field); \
	} while (0)
	start(false);
	FAULT(r.proof[0].flags = TOUCHED, "policy", "assertion.authenticator_data");
	FAULT(r.proof[0].flags = 4, "policy", "assertion.authenticator_data");
	FAULT(r.proof[0].key = APPROVER_2, "unknown-signer", "assertion.credential");
	FAULT(r.proof[0].key = 0, "unknown-signer", "assertion.credential");
	FAULT(r.proof[0].key = 99, "unknown-signer", "assertion.credential");
	FAULT(r.proof[0].there = false, "not-signed", "approval.signatures");
	FAULT(memcpy(r.request.customer, "approver-1", 11), "policy", "approval.person");
	FAULT((memcpy(r.approval[0].person, "officer-1", 10), r.proof[0].key = 0), "unknown-signer",
	      "approval.person");
	FAULT(r.approval[0].time_ms = r.wall + 600001, "clock", "approval.time_ms");
	FAULT(r.approval[0].decision = DOC_DECISION_NO, "approval-denied", "approvals");
	/* a right software signature does not make up for a wrong proof */
	FAULT((r.approval_key[0] = &r.person[APPROVER_1], r.proof[0].flags = TOUCHED), "policy",
	      "assertion.authenticator_data");
	/* one person, by key and by software, for two votes */
	approved_by_keys(X(2000), 2, 7);
	memcpy(r.approval[1].person, "approver-1", 11);
	r.proof[1].there = false;
	r.approval_key[1] = &r.person[APPROVER_1];
	REFUSED(rig_sign(), "already-used", "approval.person");
	/* one key for two people */
	approved_by_keys(X(2000), 2, 7);
	r.proof[1].key = APPROVER_1;
	REFUSED(rig_sign(), "unknown-signer", "assertion.credential");
	start(true);
	FAULT((r.approval_key[0] = &r.person[APPROVER_1], r.proof[0].there = false), "policy",
	      "approval.signatures");
	FAULT(r.proof[0].there = false, "not-signed", "approval.signatures");
	T_EQ(r.g[A].payments_n, 0);
	T_EQ(r.g[A].counters.uses_n, 0); /* what was refused used no count */
#undef FAULT
}

/* An assertion that was taken from somewhere else. */
static void taken_from_elsewhere(void)
{
	static struct rig_bodies before, after;

	start(false);
	approved_by_keys(X(500), 1, 7);
	rig_encode(&before);
	approved_by_keys(X(500), 1, 8);
	rig_encode(&after);
	after.items[4] = before.items[4];
	REFUSED(rig_send(A, &after), "mismatch", "assertion.approval");
	/* with its approval: that is for another order */
	after.items[3] = before.items[3];
	REFUSED(rig_send(A, &after), "mismatch", "approval.subject");
}

static void out_of_its_place(void)
{
	static struct rig_bodies b;
	struct bytes kept;

	start(false);
	approved_by_keys(X(2000), 2, 7);
	rig_encode(&b);
	T_EQ(b.n, 7);
	/* in front of its approval */
	kept = b.items[3];
	b.items[3] = b.items[4];
	b.items[4] = kept;
	REFUSED(rig_send(A, &b), "bad-input", "assertion");
	/* twice */
	rig_encode(&b);
	b.items[5] = b.items[4];
	REFUSED(rig_send(A, &b), "bad-input", "assertion");
	/* behind the other's */
	rig_encode(&b);
	kept = b.items[4];
	b.items[4] = b.items[6];
	b.items[6] = kept;
	REFUSED(rig_send(A, &b), "mismatch", "assertion.approval");
	/* all approvals, then all assertions */
	rig_encode(&b);
	kept = b.items[4];
	b.items[4] = b.items[5];
	b.items[5] = kept;
	REFUSED(rig_send(A, &b), "bad-input", "assertion");
	/* more approvals than one order has */
	rig_encode(&b);
	b.items[4] = b.items[5];
	for (b.n = 5; b.n < 3 + APPROVALS_MAX + 1; b.n++) {
		b.items[b.n] = b.items[3];
	}
	REFUSED(rig_send(A, &b), "bad-input", "body");
	/* in the order's place */
	rig_encode(&b);
	b.items[1] = b.items[4];
	REFUSED(rig_send(A, &b), "unknown-type", "order");
	T_EQ(r.g[A].payments_n, 0);
}

/* As above, but of this moment and time of approval; signed for, or its refusal. */
static const char *sign_at(uint32_t counter, uint64_t approved_ms)
{
	uint64_t id;

	approved_by_keys(X(200), 1, counter);
	r.approval[0].time_ms = approved_ms;
	/* payments of one moment are told apart by their times */
	r.attempt.timestamp_nem_s -= 20u * number;
	r.attempt.deadline_nem_s -= 20u * number;
	id = rig_sign();
	rig_acks(A);
	return rig_signed(id) ? "signed" : rig_code(id);
}

static void counts_go_up(void)
{
	start(false);
	T_STR(sign_at(COUNTED, r.wall), "signed");
	T_STR(sign_at(COUNTED, r.wall), "already-used"); /* another order, the same count */
	T_STR(sign_at(COUNTED - 1, r.wall + 1), "stale");
	T_STR(sign_at(0, r.wall + 1), "stale");
	T_STR(sign_at(COUNTED + 1, r.wall - 1), "stale");
	T_STR(sign_at(COUNTED + 2, r.wall + 2), "signed");
	/* approved between the two, and only now complete */
	T_STR(sign_at(COUNTED + 1, r.wall + 1), "signed");
	T_EQ(r.g[A].payments_n, 3);
	T_EQ(r.g[A].counters.uses_n, 3);
}

/* Asked again, the same approval stands behind the same payment. */
static void asked_again(void)
{
	uint64_t id;

	start(false);
	T_STR(sign_at(COUNTED, r.wall), "signed");
	id = rig_sign();
	T_CHECK(rig_signed(id));
	T_EQ(r.g[A].counters.uses_n, 1);
}

static void counts_outlive_a_restart(void)
{
	start(true);
	T_STR(sign_at(COUNTED, r.wall), "signed");
	rig_restart(A);
	rig_well(A);
	T_EQ(r.g[A].counters.uses_n, 1);
	T_STR(sign_at(COUNTED, r.wall), "already-used");
	T_STR(sign_at(COUNTED - 1, r.wall + 1), "stale");
	T_STR(sign_at(COUNTED + 1, r.wall + 1), "signed");
}

/* Platform passkeys count nothing: the challenge alone binds, and nothing is journalled. */
static void keys_without_counters(void)
{
	start(true);
	T_STR(sign_at(0, r.wall), "signed");
	T_STR(sign_at(0, r.wall + 1), "signed");
	T_EQ(r.g[A].counters.uses_n, 0);
	rig_restart(A);
	rig_well(A);
	T_STR(sign_at(0, r.wall + 2), "signed");
}

/* Counts that a journal cannot hold, as no signer wrote them. */
static void records_that_no_signer_writes(void)
{
	struct log_record record = { .kind = LOG_GUARD_PASSKEY };

	start(true);
	T_EQ(guard_sign_replay_passkey(&r.g[A], &record), ERR_CORRUPT);
	record.amount = (u128)UINT32_MAX + 1;
	T_EQ(guard_sign_replay_passkey(&r.g[A], &record), ERR_CORRUPT);
	T_EQ(r.g[A].counters.uses_n, 0);
	record.amount = UINT32_MAX;
	T_EQ(guard_sign_replay_passkey(&r.g[A], &record), ERR_OK);
	T_EQ(r.g[A].counters.uses_n, 1);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "both signers take a security key's word", both_signers_take_it },
		{ "one fault each", one_fault_each },
		{ "an assertion taken from elsewhere", taken_from_elsewhere },
		{ "an assertion out of its place", out_of_its_place },
		{ "counts serve once and go up", counts_go_up },
		{ "asked again", asked_again },
		{ "counts outlive a restart", counts_outlive_a_restart },
		{ "keys without counters", keys_without_counters },
		{ "records that no signer writes", records_that_no_signer_writes },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
