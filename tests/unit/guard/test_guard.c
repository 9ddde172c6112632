/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a signer signs what was properly ordered, once, after k watchers know; and refuses every
 * alteration of it by name (T03, T11, T13, T22; issue 2, B.2).
 * Method: guard_step() for A and B over a disk in memory (guard_rig.h).  One good withdrawal; then
 * each field of request, order, attempt, approval, attestation, signature, heartbeat and ack
 * altered alone.  No signature may be in any answer that is not asked for.
 */
#include "t.h"

#include "guard_said.h"
#include "policy/payment.h"

static void start(void)
{
	rig_make();
	rig_well(A);
	rig_well(B);
}

/* A, then B; the unit verifies and is complete. */
static void good_payment(void)
{
	struct doc_attestation at;
	struct doc_signature sa;
	struct doc_signature sb;
	struct payment p;
	struct hash32 id;
	struct doc d;
	uint64_t a;
	uint64_t b;
	uint64_t ack;
	uint8_t unit[PAYMENT_UNIT_MAX];
	size_t n;

	start();
	rig_withdrawal(X(2000), 2, 1);
	a = rig_sign();
	T_EQ(rig_answers(a), 0); /* withheld */
	id = rig_newest(A);
	ack = rig_ack(A, 0, &id);
	T_EQ(rig_answers(ack), 1);
	T_EQ(rig_answer(ack)->n, 0);
	T_EQ(rig_answers(a), 0); /* one is not enough */
	(void)rig_ack(A, 1, &id);
	T_EQ(rig_answers(a), 1);
	T_CHECK(rig_signed(a));
	(void)rig_ack(A, 2, &id);
	T_EQ(rig_answers(a), 1);
	T_EQ(rig_type(rig_item(rig_answer(a), 0), &d), DOC_ATTESTATION);
	T_EQ(doc_attestation_read(&d, &at, NULL), ERR_OK);
	T_CHECK(doc_signed_by(&d, &r.attest[A].key));
	T_CHECK(hash32_eq(&at.subject, &r.attempt_id));
	T_EQ(at.kind, DOC_ATTEST_COSIGN);
	T_EQ(at.program.b[0], 0x99);
	T_EQ(rig_type(rig_item(rig_answer(a), 1), &d), DOC_SIGNATURE);
	T_EQ(doc_signature_read(&d, &sa, NULL), ERR_OK);

	b = rig_sign_b(rig_answer(a));
	T_EQ(rig_answers(b), 0);
	rig_acks(B);
	T_CHECK(rig_signed(b));
	T_EQ(rig_type(rig_item(rig_answer(b), 1), &d), DOC_SIGNATURE);
	T_EQ(doc_signature_read(&d, &sb, NULL), ERR_OK);
	T_EQ(payment_make(&p, 0x98, &r.chain[A].public_key, &r.chain[B].public_key, &r.order,
			  &r.attempt),
	     ERR_OK);
	T_EQ(payment_unit(unit, sizeof unit, &n, &p, &sa.signature, &sb.signature), ERR_OK);
	T_CHECK(hash32_eq(&at.inner_hash, &p.inner_hash));
	T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, false) == X(2000) + 400000);
	T_CHECK(guard_spent(&r.g[B], POLICY_DAY_MS, false) == X(2000) + 400000);
	T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, true) == 0);
}

/* Each field of request and order altered after the fact. */
static void altered(void)
{
	uint64_t n = 0;

#define ALTERED(change, code, field)                    \
	do {                                            \
		rig_withdrawal(X(50), 0, (uint8_t)++n); \
		change;                                 \
		REFUSED(rig_sign(), code, field);       \
	} while (0)
	start();
	ALTERED(r.order.amount = xem(X(51)), "mismatch", "order.amount");
	ALTERED(r.request.amount = xem(X(49)), "mismatch", "order.amount");
	ALTERED(rig_address(&r.order.destination, &r.stranger.key), "mismatch",
		"order.destination");
	ALTERED(r.order.message[0] = 'H', "mismatch", "order.message");
	ALTERED(r.order.message_n = 4, "mismatch", "order.message");
	ALTERED(r.order.request_id.b[15] ^= 1, "mismatch", "order.request_id");
	ALTERED(r.order.network = 0x68, "wrong-network", "order.network");
	ALTERED(r.order.fee_max = xem(X(3) + 1), "over-cap", "policy.fee_max");
	ALTERED(r.order.fee_max = xem(399999), "over-cap", "order.fee_max");
	ALTERED((r.order.created_ms -= 10, r.order.expires_ms = r.wall), "expired",
		"order.expires_ms");
	ALTERED(r.order.expires_ms = r.wall + 3600001, "over-cap", "order.expires_ms");
	ALTERED(r.order.created_ms = r.wall + 600001 + (r.order.expires_ms += 900000) * 0, "clock",
		"order.created_ms");
	ALTERED(r.request.time_ms = r.wall + 600001, "clock", "request.time_ms");
	/* the order names another request; the attempt another order */
	ALTERED((r.keep_links = true, r.order.request.b[0] = 9), "mismatch", "order.request");
	ALTERED(r.attempt.account = r.purse.public_key, "policy", "attempt.account");
	ALTERED(r.attempt.account = r.stranger.key, "policy", "attempt.account");
	ALTERED(r.attempt.fee_inner = xem(100001), "mismatch", "attempt.fee_inner");
	ALTERED(r.attempt.fee_outer = xem(X(999)), "mismatch", "attempt.fee_outer");
	ALTERED(r.attempt.fee_cosign = xem(150001), "mismatch", "attempt.fee_cosign");
	ALTERED(r.attempt.deadline_nem_s++, "mismatch", "attempt.deadline_nem_s");
	ALTERED((r.attempt.timestamp_nem_s += 11, r.attempt.deadline_nem_s += 11), "clock",
		"attempt.timestamp_nem_s");
	ALTERED((r.attempt.timestamp_nem_s -= 3600, r.attempt.deadline_nem_s -= 3600), "expired",
		"attempt.deadline_nem_s");
	/* who signed the request */
	ALTERED(r.request_key = NULL, "not-signed", "request.signatures");
	ALTERED(r.request_key = &r.stranger, "bad-signature", "request.signatures");
	ALTERED(r.request_key = &r.person[0], "bad-signature", "request.signatures");
	/* T03: everything at once, with all approvals */
	n++;
	rig_withdrawal(X(523000000), 2, (uint8_t)n);
	REFUSED(rig_sign(), "over-cap", "policy.payment_max");
	T_EQ(r.g[A].payments_n, 0);
	T_EQ(r.g[A].signatures_released, 0);
#undef ALTERED
}

/* order and attempt that do not belong together */
static void foreign_attempt(void)
{
	static struct rig_bodies b;
	static struct rig_bodies other;

	start();
	rig_withdrawal(X(60), 0, 9);
	rig_encode(&other);
	rig_withdrawal(X(50), 0, 8);
	rig_encode(&b);
	b.items[2] = other.items[2];
	REFUSED(rig_send(A, &b), "mismatch", "attempt.order");
	b.items[2] = b.items[1];
	REFUSED(rig_send(A, &b), "unknown-type", "attempt");
	b.items[1] = other.items[1];
	REFUSED(rig_send(A, &b), "unknown-type", "attempt");
	T_EQ(r.g[A].payments_n, 0);
}

static void approvals(void)
{
	uint8_t n = 0;

#define APPROVED(micro, count, change, code, field) \
	do {                                        \
		rig_withdrawal(micro, count, ++n);  \
		change;                             \
		REFUSED(rig_sign(), code, field);   \
	} while (0)
	start();
	APPROVED(X(500), 0, (void)0, "approvals-missing", "approvals");
	APPROVED(X(2000), 1, (void)0, "approvals-missing", "approvals");
	APPROVED(X(500), 1, r.approval_key[0] = NULL, "not-signed", "approval.signatures");
	APPROVED(X(500), 1, r.approval_key[0] = &r.stranger, "bad-signature",
		 "approval.signatures");
	APPROVED(X(500), 1, r.approval_key[0] = &r.person[3], "bad-signature",
		 "approval.signatures");
	/* a person without this role; nobody at all */
	APPROVED(X(500), 1,
		 (memcpy(r.approval[0].person, "officer-1", 10), r.approval_key[0] = &r.person[0]),
		 "unknown-signer", "approval.person");
	APPROVED(X(500), 1,
		 (memcpy(r.approval[0].person, "auditor-1", 10), r.approval_key[0] = &r.person[4]),
		 "unknown-signer", "approval.person");
	APPROVED(X(500), 1, memcpy(r.approval[0].person, "mallory", 8), "unknown-signer",
		 "approval.person");
	/* one person twice */
	APPROVED(X(2000), 2,
		 (memcpy(r.approval[1].person, "approver-1", 11), r.approval_key[1] = &r.person[2]),
		 "already-used", "approval.person");
	/* his own request */
	APPROVED(X(500), 1, memcpy(r.request.customer, "approver-1", 11), "policy",
		 "approval.person");
	APPROVED(X(500), 1, r.approval[0].time_ms = r.wall + 600001, "clock", "approval.time_ms");
	/* a no outweighs every yes, also where nobody was asked */
	APPROVED(X(2000), 2, r.approval[1].decision = DOC_DECISION_NO, "approval-denied",
		 "approvals");
	APPROVED(X(50), 1, r.approval[0].decision = DOC_DECISION_NO, "approval-denied",
		 "approvals");
	/* an approval for another order: sign one, then alter the order (T13) */
	rig_withdrawal(X(500), 1, ++n);
	{
		static struct rig_bodies before;
		static struct rig_bodies after;

		rig_encode(&before);
		rig_address(&r.request.destination, &r.stranger.key);
		r.order.destination = r.request.destination;
		rig_encode(&after);
		after.items[3] = before.items[3];
		REFUSED(rig_send(A, &after), "mismatch", "approval.subject");
	}
	T_EQ(r.g[A].payments_n, 0);
	T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, false) == 0);
#undef APPROVED
}

static void form(void)
{
	static struct rig_bodies b;
	static uint8_t body[65536];
	struct writer w;
	struct bytes whole;
	size_t got = 0;

	start();
	rig_withdrawal(X(500), 1, 1);
	rig_encode(&b);
	w = writer_make(body, sizeof body);
	whole = rig_body(&w, b.items, b.n);
	/* cut at every seventh byte, and one byte more */
	for (size_t n = 0; n < whole.n; n += 7) {
		uint64_t id = rig_frame(A, SERVER, SIGNER_SIGN, bytes_of(body, n));

		T_CHECK(rig_refusal(id) != NULL);
	}
	body[whole.n] = 0;
	T_STR(rig_code(rig_frame(A, SERVER, SIGNER_SIGN, bytes_of(body, whole.n + 1))),
	      "bad-input");
	/* one bit flipped: refused, or a byte that decides nothing was found */
	for (size_t i = 0; i < whole.n; i += 5) {
		uint64_t id;

		body[i] ^= 1;
		id = rig_frame(A, SERVER, SIGNER_SIGN, bytes_of(body, whole.n));
		body[i] ^= 1;
		T_CHECK(rig_refusal(id) != NULL);
		got++;
	}
	T_CHECK(got > 200);
	b.n = 2;
	REFUSED(rig_send(A, &b), "bad-input", "body");
	/* A takes nothing of another signer */
	b.n = 4;
	b.items[4] = b.items[0];
	b.n = 5;
	REFUSED(rig_send(A, &b), "unknown-type", "approval");
	memset(body, 0, sizeof body);
	REFUSED(rig_frame(A, SERVER, SIGNER_SIGN, bytes_of(body, GUARD_SIGN_BYTES_MAX + 1)),
		"too-large", "body");
	T_EQ(r.g[A].payments_n, 0);
}

static void once(void)
{
	uint64_t first;
	uint64_t again;
	struct hash32 id;

	start();
	rig_withdrawal(X(50), 0, 1);
	first = rig_sign();
	T_EQ(r.g[A].payments_n, 1);
	/* asked again while it waits: one attestation, and the first asker is told */
	again = rig_sign();
	T_EQ(r.g[A].payments_n, 1);
	T_STR(rig_code(first), "busy");
	rig_acks(A);
	T_CHECK(rig_signed(again));
	T_EQ(rig_answers(first), 1);
	/* asked again afterwards: the same bytes at once */
	first = rig_sign();
	T_CHECK(rig_signed(first));
	T_EQ(rig_answer(first)->n, rig_answer(again)->n);
	T_MEM(rig_answer(first)->body, rig_answer(again)->body, rig_answer(again)->n);
	T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, false) == X(50) + 400000);

	/* a second attempt for the same order */
	r.attempt.timestamp_nem_s++;
	r.attempt.deadline_nem_s++;
	REFUSED(rig_sign(), "already-used", "order.request_id");
	/* a second order for the same request */
	r.attempt.timestamp_nem_s--;
	r.attempt.deadline_nem_s--;
	r.order.expires_ms++;
	REFUSED(rig_sign(), "already-used", "order.request_id");
	/* the same payment under another request: the inner hash is taken */
	{
		struct doc_attempt same = r.attempt;

		rig_withdrawal(X(50), 0, 2);
		r.attempt.timestamp_nem_s = same.timestamp_nem_s;
		r.attempt.deadline_nem_s = same.deadline_nem_s;
		REFUSED(rig_sign(), "already-used", "attempt.timestamp_nem_s");
		r.attempt.timestamp_nem_s++;
		r.attempt.deadline_nem_s++;
		again = rig_sign();
		T_STR(rig_code(again), "");
		T_EQ(r.g[A].payments_n, 2);
	}
	id = rig_newest(A);
	T_CHECK(!hash32_is_zero(&id));
	T_CHECK(guard_spent(&r.g[A], POLICY_DAY_MS, true) == 2 * (X(50) + 400000));
}

static void windows(void)
{
	uint8_t n = 0;
	uint64_t id = 0;
	unsigned count = 0;

	start();
	/* the budget without approvals: 1,000 XEM a day, 99.6 + 0.4 each */
	for (unsigned i = 0; i < 12; i++) {
		rig_well(A);
		rig_withdrawal(X(100) - 400000, 0, ++n);
		id = rig_sign();
		if (rig_refusal(id) != NULL) {
			break;
		}
		rig_acks(A);
		T_CHECK(rig_signed(id));
		count++;
	}
	T_EQ(count, 10);
	REFUSED(id, "over-cap", "policy.unapproved_day_max");
	/* an approved one goes on, up to the hour: 10,000 less 1,000 */
	rig_well(A);
	rig_withdrawal(X(4000), 2, ++n);
	(void)rig_sign();
	rig_withdrawal(X(4000), 2, ++n);
	r.attempt.timestamp_nem_s++;
	r.attempt.deadline_nem_s++;
	(void)rig_sign();
	T_EQ(r.g[A].payments_n, 12);
	rig_withdrawal(X(1000) - 800000 - 400000 + 1, 2, ++n);
	REFUSED(rig_sign(), "over-cap", "policy.hour_max");
	rig_withdrawal(X(1000) - 800000 - 400000, 2, ++n);
	(void)rig_sign();
	T_EQ(r.g[A].payments_n, 13);
	T_CHECK(guard_spent(&r.g[A], POLICY_HOUR_MS, false) == X(10000));
	/* the wall clock set forward frees nothing: the chain does not follow */
	r.wall += POLICY_HOUR_MS + 1000;
	rig_withdrawal(X(500), 1, ++n);
	REFUSED(rig_sign(), "clock", "policy.clock_skew_ms");
	/* watchers that lie about the chain alone free nothing either */
	r.wall += 0;
	rig_well(A);
	rig_withdrawal(X(500), 1, ++n);
	REFUSED(rig_sign(), "over-cap", "policy.hour_max");
	/* both clocks: own time passes too */
	rig_tick(A, POLICY_HOUR_MS);
	rig_well(A);
	rig_withdrawal(X(500), 1, ++n);
	id = rig_sign();
	T_STR(rig_code(id), "");
	T_EQ(r.g[A].payments_n, 14);
}

static void b_checks_a(void)
{
	static struct rig_bodies b;
	struct doc_attestation good;
	struct doc_signature sig;
	struct rig_sent *a;
	struct doc d;
	uint8_t raw_t[8192];
	uint8_t raw_s[8192];
	struct hash32 id;
	uint64_t sign;

#define GIVEN(change, key, code, field)                                          \
	do {                                                                     \
		struct doc_attestation t = good;                                 \
		struct doc_signature s = sig;                                    \
		struct writer wt = writer_make(raw_t, sizeof raw_t);             \
		struct writer ws = writer_make(raw_s, sizeof raw_s);             \
		change;                                                          \
		T_EQ(doc_attestation_make(&wt, &id, &t, (key)->secret), ERR_OK); \
		s.attestation = id;                                              \
		T_EQ(doc_signature_make(&ws, NULL, &s, NULL), ERR_OK);           \
		rig_encode(&b);                                                  \
		b.items[b.n++] = bytes_of(wt.p, wt.n);                           \
		b.items[b.n++] = bytes_of(ws.p, ws.n);                           \
		REFUSED(rig_send(B, &b), code, field);                           \
	} while (0)
	start();
	rig_withdrawal(X(500), 1, 1);
	sign = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(sign));
	a = &r.sent[rig_answer(sign) - r.sent];
	T_EQ(rig_type(rig_item(a, 0), &d), DOC_ATTESTATION);
	T_EQ(doc_attestation_read(&d, &good, NULL), ERR_OK);
	T_EQ(rig_type(rig_item(a, 1), &d), DOC_SIGNATURE);
	T_EQ(doc_signature_read(&d, &sig, NULL), ERR_OK);

	GIVEN((void)0, &r.stranger, "bad-signature", "attestation.signatures");
	GIVEN((void)0, &r.attest[B], "bad-signature", "attestation.signatures");
	GIVEN(t.signer = DOC_SIGNER_B, &r.attest[A], "mismatch", "attestation.signer");
	GIVEN(t.kind = DOC_ATTEST_WRAP, &r.attest[A], "mismatch", "attestation.kind");
	GIVEN(t.subject.b[0] ^= 1, &r.attest[A], "mismatch", "attestation.subject");
	GIVEN(t.subject_type = DOC_SWEEP, &r.attest[A], "mismatch", "attestation.subject");
	GIVEN(t.inner_hash.b[0] ^= 1, &r.attest[A], "mismatch", "attestation.inner_hash");
	/* judged by rules that never were */
	GIVEN(t.policy.b[0] ^= 1, &r.attest[A], "stale", "attestation.policy");
	GIVEN(t.roster.b[0] ^= 1, &r.attest[A], "stale", "attestation.roster");
	GIVEN(t.policy = r.roster_id, &r.attest[A], "stale", "attestation.policy");
	GIVEN(t.data[100] ^= 1, &r.attest[A], "mismatch", "attestation.data");
	GIVEN(t.data_n--, &r.attest[A], "mismatch", "attestation.data");
	for (unsigned bit = 0; bit < 512; bit += 61) {
		GIVEN(s.signature.b[bit / 8] ^= (uint8_t)(1u << (bit % 8)), &r.attest[A],
		      "bad-signature", "signature.signature");
	}
	/* without A's part, or with the parts of another payment */
	rig_encode(&b);
	REFUSED(rig_send(B, &b), "bad-input", "body");
	rig_withdrawal(X(501), 1, 2);
	REFUSED(rig_sign_b(a), "mismatch", "attestation.subject");
	/* the signature names another attestation */
	rig_withdrawal(X(500), 1, 1);
	T_EQ(r.g[B].payments_n, 0);
#undef GIVEN
}

static void heartbeats(void)
{
	struct doc_heartbeat h;
	struct doc_heartbeat old;
	uint64_t id;

	rig_make();
	rig_withdrawal(X(50), 0, 1);
	REFUSED(rig_sign(), "stale", "heartbeat"); /* a fresh start has heard nobody */
	(void)rig_beat(A, 0);
	REFUSED(rig_sign(), "stale", "heartbeat"); /* one of two */
	/* the same watcher again is still one */
	rig_tick(A, 1001);
	(void)rig_beat(A, 0);
	REFUSED(rig_sign(), "stale", "heartbeat");

#define BEATEN(change, channel, key, code, field)                       \
	do {                                                            \
		h = rig_heartbeat(A, 1);                                \
		change;                                                 \
		REFUSED(rig_beat_as(A, channel, &h, key), code, field); \
	} while (0)
	BEATEN((void)0, WATCHER + 1, NULL, "bad-signature", "heartbeat.signatures");
	BEATEN((void)0, WATCHER + 1, &r.stranger, "bad-signature", "heartbeat.signatures");
	BEATEN((void)0, WATCHER + 1, &r.watcher[0], "bad-signature", "heartbeat.signatures");
	BEATEN((void)0, WATCHER + 2, &r.watcher[1], "unknown-signer", "heartbeat.watcher");
	BEATEN(memcpy(h.watcher, "watcher-9", 10), WATCHER + 1, &r.watcher[1], "unknown-signer",
	       "heartbeat.watcher");
	BEATEN(h.signer = DOC_SIGNER_B, WATCHER + 1, &r.watcher[1], "mismatch", "heartbeat.signer");
	BEATEN(h.nonce.b[0] ^= 1, WATCHER + 1, &r.watcher[1], "stale", "heartbeat.nonce");
	BEATEN(memset(&h.nonce, 0, 32), WATCHER + 1, &r.watcher[1], "stale", "heartbeat.nonce");
	T_STR(rig_code(rig_frame(A, WATCHER + 1, SIGNER_HEARTBEAT, bytes_str("rubbish"))),
	      "bad-input");
	/* a channel that is no watcher's socket at all */
	T_STR(rig_code(rig_frame(A, SERVER, SIGNER_HEARTBEAT, (struct bytes){ NULL, 0 })),
	      "not-for-this-path");
	rig_withdrawal(X(50), 0, 1);
	REFUSED(rig_sign(), "stale", "heartbeat");

	/* disagreeing about roster, policy, stops */
	h = rig_heartbeat(A, 1);
	h.roster.b[0] ^= 1;
	(void)rig_beat_as(A, WATCHER + 1, &h, &r.watcher[1]);
	REFUSED(rig_sign(), "stale", "heartbeat.policy");
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 1);
	h.policy.b[31] ^= 1;
	(void)rig_beat_as(A, WATCHER + 1, &h, &r.watcher[1]);
	REFUSED(rig_sign(), "stale", "heartbeat.policy");
	/* one watcher that knows a stop which we do not is enough to wait (a withheld freeze) */
	rig_well(A);
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 2);
	h.stop_count = 1;
	h.stop_head.b[0] = 7;
	(void)rig_beat_as(A, WATCHER + 2, &h, &r.watcher[2]);
	REFUSED(rig_sign(), "stale", "heartbeat.stop_head");

	/* replays: the same again, an older one after a newer one, one that has become old */
	rig_well(A);
	rig_tick(A, 1001);
	old = rig_heartbeat(A, 1);
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 1);
	T_STR(rig_code(rig_beat_as(A, WATCHER + 1, &h, &r.watcher[1])), "");
	REFUSED(rig_beat_as(A, WATCHER + 1, &h, &r.watcher[1]), "already-used", "heartbeat.nonce");
	REFUSED(rig_beat_as(A, WATCHER + 1, &old, &r.watcher[1]), "already-used",
		"heartbeat.nonce");
	h = rig_heartbeat(A, 0);
	rig_tick(A, 4001);
	REFUSED(rig_beat_as(A, WATCHER + 0, &h, &r.watcher[0]), "stale", "heartbeat.nonce");
	/* good once, stale later, to the millisecond */
	rig_tick(A, 1001);
	(void)rig_beat(A, 0);
	(void)rig_beat(A, 1);
	rig_tick(A, 4000);
	rig_withdrawal(X(50), 0, 3);
	id = rig_sign();
	T_STR(rig_code(id), "");
	T_EQ(r.g[A].payments_n, 1);
	rig_tick(A, 1);
	rig_withdrawal(X(50), 0, 4);
	REFUSED(rig_sign(), "stale", "heartbeat");
#undef BEATEN
}

/* One heartbeat with these figures of the till; records: how many of ours the watcher holds. */
static void tally(unsigned watcher, uint64_t confirmed, uint64_t promised, uint64_t records)
{
	struct doc_heartbeat h = rig_heartbeat(A, watcher);

	h.balances[0].confirmed = xem(confirmed);
	h.balances[0].promised = xem(promised);
	h.records_sequence = records;
	if (records != 0) {
		h.records_head = rig_attested(A, r.g[A].payments_n - 1).t.head;
	}
	(void)rig_beat_as(A, WATCHER + watcher, &h, &r.watcher[watcher]);
}

static void tallies(uint64_t confirmed, uint64_t promised, uint64_t records)
{
	rig_tick(A, 1001);
	for (unsigned i = 0; i < 3; i++) {
		tally(i, confirmed, promised, records);
	}
}

/* docs/nem-wallets.md: what is alive in a till stays within its balance, fees included. */
static void within_the_till(void)
{
	const uint64_t fees = 400000;
	struct doc_heartbeat h;
	uint64_t records;

	rig_make();
	tallies(X(110) + 2 * fees - 1, 0, 0);
	rig_withdrawal(X(60), 0, 1);
	T_STR(rig_code(rig_sign()), "");
	/* nobody has told of the first yet: the signer itself remembers it */
	rig_withdrawal(X(50), 0, 2);
	REFUSED(rig_sign(), "insufficient-funds", "attempt.account");
	tallies(X(110) + 2 * fees, 0, 0);
	T_STR(rig_code(rig_sign()), "");
	/* the watchers hold both, and no block does */
	records = r.payments[A][1].sequence;
	tallies(X(110) + 3 * fees + 3999, X(110) + 2 * fees, records);
	rig_withdrawal(4000, 0, 3); /* the least that fee_bp_max lets anybody pay for */
	REFUSED(rig_sign(), "insufficient-funds", "attempt.account");
	/* the same after a restart, in which nobody has told anything yet */
	rig_restart(A);
	tallies(X(110) + 2 * fees, 0, 0);
	REFUSED(rig_sign(), "insufficient-funds", "attempt.account");
	/* one is mined: its coins are gone, and so is the promise */
	tallies(X(50) + fees, X(50) + fees, records);
	REFUSED(rig_sign(), "insufficient-funds", "attempt.account");
	/* one watcher that knows better, in either direction, changes nothing */
	rig_tick(A, 1001);
	tally(0, X(1000), 0, records);
	tally(1, X(50) + fees, X(50) + fees, records);
	tally(2, X(50) + fees, X(50) + fees, records);
	REFUSED(rig_sign(), "insufficient-funds", "attempt.account");
	rig_tick(A, 1001);
	tally(0, 0, X(1000), records);
	tally(1, X(1000), 0, records);
	h = rig_heartbeat(A, 2);
	h.balance_count = 0; /* says nothing of the till: no word for it */
	(void)rig_beat_as(A, WATCHER + 2, &h, &r.watcher[2]);
	REFUSED(rig_sign(), "insufficient-funds", "attempt.account");
	rig_tick(A, 1001);
	tally(0, 0, X(1000), records);
	tally(1, X(1000), 0, records);
	h = rig_heartbeat(A, 2);
	h.balances[0].account = r.purse.public_key; /* another account's coins */
	(void)rig_beat_as(A, WATCHER + 2, &h, &r.watcher[2]);
	REFUSED(rig_sign(), "insufficient-funds", "attempt.account");
	/* figures at the end of what numbers hold */
	rig_tick(A, 1001);
	for (unsigned i = 0; i < 3; i++) {
		h = rig_heartbeat(A, i);
		h.balances[0].confirmed = money_of(ASSET_XEM, ~(u128)0);
		h.balances[0].promised = money_of(ASSET_XEM, ~(u128)0);
		(void)rig_beat_as(A, WATCHER + i, &h, &r.watcher[i]);
	}
	REFUSED(rig_sign(), "insufficient-funds", "attempt.account");
	tallies(X(50) + 3 * fees, X(50) + fees, records);
	T_STR(rig_code(rig_sign()), "");
	T_EQ(r.g[A].payments_n, 3);
}

/* The lower of two chain times counts. */
static void chain_clock(void)
{
	struct doc_heartbeat h;

	rig_make();
	(void)rig_beat(A, 0);
	h = rig_heartbeat(A, 1);
	h.chain_time_nem_s += 500000;
	(void)rig_beat_as(A, WATCHER + 1, &h, &r.watcher[1]);
	rig_withdrawal(X(50), 0, 1);
	T_STR(rig_code(rig_sign()), "");
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 1);
	h.chain_time_nem_s -= 700;
	(void)rig_beat_as(A, WATCHER + 1, &h, &r.watcher[1]);
	rig_withdrawal(X(50), 0, 2);
	REFUSED(rig_sign(), "clock", "policy.clock_skew_ms");
}

static void acks(void)
{
	struct hash32 id;
	struct hash32 other = { { 5 } };
	uint64_t sign;
	unsigned commits;

	start();
	rig_withdrawal(X(50), 0, 1);
	sign = rig_sign();
	id = rig_newest(A);
	REFUSED(rig_ack_as(A, WATCHER, "watcher-1", &id, NULL), "bad-signature", "ack.signatures");
	REFUSED(rig_ack_as(A, WATCHER, "watcher-1", &id, &r.stranger), "bad-signature",
		"ack.signatures");
	REFUSED(rig_ack_as(A, WATCHER, "watcher-1", &id, &r.watcher[1]), "bad-signature",
		"ack.signatures");
	REFUSED(rig_ack_as(A, WATCHER + 1, "watcher-1", &id, &r.watcher[0]), "unknown-signer",
		"ack.watcher");
	REFUSED(rig_ack_as(A, WATCHER, "nobody", &id, &r.stranger), "unknown-signer",
		"ack.watcher");
	REFUSED(rig_ack_as(A, WATCHER, "officer-1", &id, &r.person[0]), "unknown-signer",
		"ack.watcher");
	REFUSED(rig_ack(A, 0, &other), "not-found", "ack.attestation");
	REFUSED(rig_ack_as(A, SERVER, "watcher-1", &id, &r.watcher[0]), "not-for-this-path", "");
	T_EQ(rig_answers(sign), 0);
	/* the same watcher twice is one */
	T_STR(rig_code(rig_ack(A, 0, &id)), "");
	commits = r.commits;
	T_STR(rig_code(rig_ack(A, 0, &id)), "");
	T_STR(rig_code(rig_ack(A, 0, &id)), "");
	T_EQ(r.commits, commits);
	T_EQ(rig_answers(sign), 0);
	(void)rig_ack(A, 2, &id);
	T_CHECK(rig_signed(sign));
}

static void roles(void)
{
	static const uint16_t server_only[] = { SIGNER_SIGN, SIGNER_PREPARE };
	static const uint16_t watcher_only[] = { SIGNER_NEXT, SIGNER_HEARTBEAT, SIGNER_ACK,
						 SIGNER_SYNC, SIGNER_SWEEP,     SIGNER_RECALL };
	struct bytes none = { NULL, 0 };

	start();
	for (size_t i = 0; i < ARRAY_LEN(server_only); i++) {
		T_STR(rig_code(rig_frame(A, WATCHER, server_only[i], none)), "not-for-this-path");
		T_STR(rig_code(rig_frame(A, STOPPER, server_only[i], none)), "not-for-this-path");
	}
	for (size_t i = 0; i < ARRAY_LEN(watcher_only); i++) {
		T_STR(rig_code(rig_frame(A, SERVER, watcher_only[i], none)), "not-for-this-path");
		T_STR(rig_code(rig_frame(A, STOPPER, watcher_only[i], none)), "not-for-this-path");
		/* a watcher's socket that belongs to nobody on the roster */
		T_STR(rig_code(rig_frame(A, WATCHER + 3, watcher_only[i], none)),
		      "not-for-this-path");
	}
	/* T33: whatever the number, nothing signs bytes */
	for (unsigned number = 0; number < 65536; number += 2) {
		if (number == SIGNER_STATUS || number == SIGNER_STOP_GET) {
			continue;
		}
		rig_forget();
		T_CHECK(rig_refusal(rig_frame(A, SERVER, (uint16_t)number, none)) != NULL);
	}
	T_EQ(r.g[A].signatures_released, 0);
	T_CHECK(r.g[A].refused_unlogged > 30000); /* and the journal is not filled by it */
	T_CHECK(r.journal_n[A] < 200000);
}

/* What was refused stands in the journal with its reason, and outlives the process. */
static void refusals_are_kept(void)
{
	static const char want[] = "policy.payment_max: more than one payment may carry";
	bool found = false;

	start();
	rig_withdrawal(X(5000), 2, 1);
	REFUSED(rig_sign(), "over-cap", "policy.payment_max");
	T_CHECK(r.out.n > 0 && r.out.list[0].kind == EFFECT_COMMIT);
	for (size_t i = 0; i + sizeof want < r.journal_n[A]; i++) {
		found = found || memcmp(r.journal[A] + i, want, sizeof want - 1) == 0;
	}
	T_CHECK(found);
	rig_restart(A);
	T_EQ(r.g[A].payments_n, 0);
}

/* A full table refuses; 36 days later, by both clocks, there is room again. */
static void full_tables(void)
{
	/* a quarter of the table is for sweeps */
	const uint8_t places = GUARD_PAYMENTS_MIN - GUARD_PAYMENTS_MIN / GUARD_SWEEPS_SHARE;
	uint64_t id = 0;

	rig_make();
	r.payments_cap = GUARD_PAYMENTS_MIN;
	rig_restart(A);
	rig_well(A);
	for (uint8_t i = 0; i < places; i++) {
		rig_withdrawal(X(1) + i, 0, i);
		id = rig_sign();
		T_STR(rig_code(id), "");
		rig_acks(A);
		T_CHECK(rig_signed(id));
	}
	rig_withdrawal(X(1), 0, 100);
	r.attempt.timestamp_nem_s++;
	r.attempt.deadline_nem_s++;
	REFUSED(rig_sign(), "full", "payments");
	rig_restart(A);
	rig_well(A);
	REFUSED(rig_sign(), "full", "payments");
	T_EQ(r.g[A].payments_n, places);
	rig_tick(A, 36 * (uint64_t)POLICY_DAY_MS - 60000);
	rig_well(A);
	rig_withdrawal(X(2), 0, 101);
	REFUSED(rig_sign(), "full", "payments");
	rig_tick(A, 120000);
	rig_well(A);
	rig_withdrawal(X(2), 0, 102);
	id = rig_sign();
	T_STR(rig_code(id), "");
	T_EQ(r.g[A].payments_n, 1);
	/* and what was forgotten is too old to be asked for again */
	r.request.time_ms = NOW;
	uuid7_make(&r.request.request_id, NOW, (const uint8_t[UUID7_RANDOM_BYTES]){ 0, 3 });
	r.order.request_id = r.request.request_id;
	REFUSED(rig_sign(), "stale", "order.request_id");
	rig_restart(A);
	T_EQ(r.g[A].payments_n, 1);
}

/* More payments that wait for watchers than there are places: told to come later, nothing kept. */
static void busy(void)
{
	uint64_t last = 0;

	start();
	for (uint8_t i = 0; i < GUARD_PENDING_MAX; i++) {
		rig_withdrawal(X(1) + i, 0, i);
		T_STR(rig_code(rig_sign()), "");
	}
	rig_withdrawal(X(1), 0, 99);
	r.attempt.timestamp_nem_s++;
	r.attempt.deadline_nem_s++;
	REFUSED(rig_sign(), "busy", "");
	T_EQ(r.g[A].payments_n, GUARD_PENDING_MAX);
	/* one is acknowledged: a place is free */
	rig_acks(A);
	last = rig_sign();
	T_STR(rig_code(last), "");
	/* an asker that went away leaves his place to others */
	{
		struct event closed = { .kind = EVENT_CLOSED, .channel = SERVER };

		rig_event(A, &closed);
	}
	rig_withdrawal(X(2), 0, 98);
	T_STR(rig_code(rig_sign()), "");
	T_EQ(r.g[A].payments_n, GUARD_PENDING_MAX + 2);
}

/* As start(), for a signer whose first policy is r.policy after a change. */
static void start_under(void (*change)(struct doc_policy *p))
{
	rig_make();
	change(&r.policy);
	rig_documents_write();
	for (int s = A; s <= B; s++) {
		r.journal_n[s] = 0; /* never started */
		rig_guard(s);
	}
	rig_well(A);
	rig_well(B);
}

static void no_strangers(struct doc_policy *p)
{
	p->unlisted_max = xem(X(60));
}

static void only_ours(struct doc_policy *p)
{
	p->destination_kinds = DOC_TO_BOX | DOC_TO_PURSE;
}

/* NOW is a Friday, 00:00 UTC. */
static void closed_on_fridays(struct doc_policy *p)
{
	p->hours_count = 1;
	p->hours[0] = (struct doc_hours){ 1 << 4, 0, xem(X(40)), 1440 };
}

static void dear_fees(struct doc_policy *p)
{
	p->fee_bp_max = 50;
}

static void time_locks(struct doc_policy *p)
{
	p->approval_tiers[1].delay_ms = 1000;
	p->approval_tiers[2].delay_ms = 1000;
}

static void listed_and_cooling(struct doc_policy *p)
{
	static const struct key32 customer = { { 0x55 } };

	p->unlisted_max = xem(X(60));
	p->destination_count = 1;
	rig_address(&p->destinations[0].address, &customer);
	(void)snprintf(p->destinations[0].name, sizeof p->destinations[0].name, "customer");
}

static void cooling_too(struct doc_policy *p)
{
	listed_and_cooling(p);
	p->destination_cooling_ms = 1;
}

static void caps_in_yen(struct doc_policy *p)
{
	p->yen_count = 1;
	p->yen[0] = (struct doc_yen){ 60000, 1000000, 1000000, 100 };
}

/* T29: what a signer is not told counts against the payment, whoever approved. */
static void policy_2(void)
{
	static const struct {
		void (*change)(struct doc_policy *p);
		uint64_t micro;
		size_t approvals;
		const char *code;
		const char *field;
	} rows[] = {
		{ no_strangers, X(60), 0, "", "" },
		{ no_strangers, X(60) + 1, 0, "over-cap", "policy.unlisted_max" },
		{ only_ours, X(50), 2, "policy", "order.destination" },
		{ closed_on_fridays, X(40), 0, "", "" },
		{ closed_on_fridays, X(40) + 1, 2, "over-cap", "policy.hours" },
		{ dear_fees, X(80), 0, "", "" },
		{ dear_fees, X(80) - 1, 0, "over-cap", "policy.fee_bp_max" },
		{ time_locks, X(100), 0, "", "" },
		{ time_locks, X(100) + 1, 2, "waiting", "policy.approval_tiers" },
		{ listed_and_cooling, X(90), 0, "", "" },
		{ cooling_too, X(60), 0, "", "" },
		/* the first policy was entered by hand at each machine: listed from the beginning
		 */
		{ cooling_too, X(60) + 1, 0, "", "" },
		{ caps_in_yen, X(50), 2, "policy", "roster.prices_needed" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t id;

		start_under(rows[i].change);
		rig_withdrawal(rows[i].micro, rows[i].approvals, 1);
		id = rig_sign();
		if (rows[i].code[0] != '\0') {
			REFUSED(id, rows[i].code, rows[i].field);
			T_EQ(r.g[A].payments_n, 0);
			continue;
		}
		T_EQ(rig_answers(id), 0); /* attested: waits for watchers */
		rig_acks(A);
		T_CHECK(rig_signed(id));
	}
}

/* PREPARE with the documents at hand; a: A's answer, for B. */
static uint64_t prepare(int s, const struct rig_sent *a)
{
	static struct rig_bodies b;
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);

	rig_encode(&b);
	if (a != NULL) {
		b.items[b.n++] = rig_item(a, 0);
		b.items[b.n++] = rig_item(a, 1);
	}
	return rig_frame(s, SERVER, SIGNER_PREPARE, rig_body(&w, b.items, b.n));
}

/* A's whole answer to the withdrawal at hand. */
static const struct rig_sent *signed_by_a(void)
{
	uint64_t id = rig_sign();

	rig_acks(A);
	CHECK(rig_signed(id));
	return rig_answer(id);
}

/* The answer to a PREPARE that was taken: nothing, behind the sync of what it says. */
static void is_prepared(uint64_t id)
{
	T_EQ(rig_answers(id), 1);
	T_CHECK(rig_answer(id) != NULL && rig_answer(id)->number == MSGS_REPLY(SIGNER_PREPARE) &&
		rig_answer(id)->n == 0);
}

/* Prepared, and acknowledged by all: nothing leaves before SIGN, and then nothing is waited for. */
static void prepared_then_asked(void)
{
	const struct rig_sent *a;
	struct hash32 newest;
	size_t commits;
	uint64_t id;

	start();
	rig_withdrawal(X(50), 0, 1);
	a = signed_by_a();
	commits = r.commits;
	id = prepare(B, a);
	T_EQ(r.out.list[0].kind, EFFECT_COMMIT);
	is_prepared(id);
	T_EQ(r.commits, commits + 1);
	T_EQ(r.g[B].payments_n, 1);
	newest = rig_newest(B);
	for (unsigned i = 0; i < 3; i++) {
		(void)rig_ack(B, i, &newest);
	}
	rig_tick(B, 50); /* which writes them */
	T_EQ(r.g[B].signatures_released, 0);
	commits = r.commits;
	is_prepared(prepare(B, a)); /* again: it is there */
	T_EQ(r.g[B].signatures_released, 0);
	id = rig_sign_b(a);
	T_CHECK(rig_signed(id));
	T_EQ(r.commits, commits);
	T_EQ(r.g[B].payments_n, 1);
	T_CHECK(guard_self_mark(&r.g[B], &newest) == r.payments[B][0].attestation);
	T_EQ(r.g[B].signatures_released, 1);
}

/*
 * The very bytes of a PREPARE are not judged twice, any others are; and nothing is owed to a
 * PREPARE when heartbeats are over.
 */
static void prepared_in_other_bytes(void)
{
	static struct rig_bodies b;
	static uint8_t body[65536];
	struct writer w = writer_make(body, sizeof body);
	const struct rig_sent *a;
	uint64_t checks, id, again;
	struct bytes whole;

	start();
	rig_withdrawal(X(50), 0, 1);
	a = signed_by_a();
	rig_encode(&b);
	b.items[b.n++] = rig_item(a, 0);
	b.items[b.n++] = rig_item(a, 1);
	whole = rig_body(&w, b.items, b.n);
	is_prepared(rig_frame(B, SERVER, SIGNER_PREPARE, whole));
	checks = crypto_checks();
	id = rig_frame(B, SERVER, SIGNER_SIGN, whole);
	T_EQ(rig_answers(id), 0);
	T_EQ(crypto_checks(), checks);
	/* asked again: the older question is over, the newer one waits */
	again = rig_frame(B, SERVER, SIGNER_SIGN, whole);
	T_EQ(rig_answers(id), 1);
	T_EQ(rig_answers(again), 0);
	id = again;
	/* asked again elsewhere: who asked first is told, as without */
	T_EQ(rig_answers(rig_frame(B, SERVER + 1000, SIGNER_SIGN, whole)), 1);
	T_EQ(rig_answers(id), 0);
	rig_acks(B);
	T_CHECK(rig_signed(id));

	rig_withdrawal(X(51), 0, 2);
	a = signed_by_a();
	is_prepared(prepare(B, a));
	r.request_key = &r.stranger; /* the same order, and a request that nobody signed */
	REFUSED(rig_sign_b(a), "bad-signature", "request.signatures");
	r.request_key = &r.backend;
	rig_acks(B);
	rig_tick(B, r.policy.heartbeat_age_ms + 1);
	REFUSED(rig_sign_b(a), "stale", "heartbeat");
	T_EQ(r.g[B].signatures_released, 1);
	rig_well(B);
	T_CHECK(rig_signed(rig_sign_b(a)));
}

/* Asked while the watchers have not said it yet: as without. */
static void prepared_and_waiting(void)
{
	const struct rig_sent *a;
	struct hash32 newest;
	uint64_t id;

	start();
	rig_withdrawal(X(50), 0, 1);
	a = signed_by_a();
	is_prepared(prepare(B, a));
	newest = rig_newest(B);
	(void)rig_ack(B, 0, &newest);
	id = rig_sign_b(a);
	T_EQ(rig_answers(id), 0);
	is_prepared(prepare(B, a)); /* takes nobody's place who waits */
	(void)rig_ack(B, 2, &newest);
	T_CHECK(rig_signed(id));
	T_EQ(r.g[B].signatures_released, 1);
	/* and A, too, lets nothing out for it */
	rig_withdrawal(X(51), 0, 2);
	is_prepared(prepare(A, NULL));
	rig_acks(A);
	T_EQ(r.g[A].signatures_released, 1);
	T_CHECK(rig_signed(rig_sign()));
}

/* Killed in between, asked elsewhere, stopped: what was prepared is no way around anything. */
static void prepared_is_no_way_around(void)
{
	struct doc_freeze f;
	const struct rig_sent *a;
	uint64_t id;

	start();
	rig_withdrawal(X(50), 0, 1);
	a = signed_by_a();
	is_prepared(prepare(B, a));
	rig_restart(B);
	rig_well(B);
	id = rig_sign_b(a);
	T_EQ(rig_answers(id), 0); /* what k said is not known any more: they say it again */
	rig_acks(B);
	T_CHECK(rig_signed(id));
	T_EQ(r.g[B].payments_n, 1);

	/* what SIGN is refused for PREPARE is, and the same request has no second attempt */
	rig_well(A);
	r.attempt.timestamp_nem_s--;
	r.attempt.deadline_nem_s--;
	REFUSED(prepare(A, NULL), "already-used", "order.request_id");
	rig_withdrawal(X(60), 0, 2);
	REFUSED(prepare(B, a), "mismatch", "attestation.subject");
	rig_withdrawal(X(5000), 2, 3);
	REFUSED(prepare(A, NULL), "over-cap", "policy.payment_max");
	T_EQ(r.g[B].payments_n, 1);

	rig_withdrawal(X(61), 0, 4);
	a = signed_by_a();
	is_prepared(prepare(B, a));
	rig_acks(B);
	f = rig_freeze("officer-1", 1);
	(void)rig_stop(B, STOPPER, &f, &r.person[0]);
	REFUSED(rig_sign_b(a), "frozen", "");
	REFUSED(prepare(B, a), "frozen", "");
	T_EQ(r.g[B].signatures_released, 1);
}

static const uint8_t *room(void)
{
	return guard_self_scratch(GUARD_SCRATCH_BYTES);
}

/* How much of the room the last frame has left alone. */
static size_t left_alone(void)
{
	size_t n = 0;

	for (size_t i = 0; i < GUARD_SCRATCH_BYTES; i++) {
		n += room()[i] == RIG_STALE_BYTE;
	}
	return n;
}

static bool stands_in_room(const void *secret, size_t n)
{
	return memmem(room(), GUARD_SCRATCH_BYTES, secret, n) != NULL;
}

/* No byte sequence of a key of this signer, but its public half, which documents name. */
static bool keys_stand_in_room(int s)
{
	struct guard_config c = rig_config(s);

	return stands_in_room(c.attest_secret, 32) || stands_in_room(c.chain_secret->scalar, 32) ||
	       stands_in_room(c.chain_secret->prefix, 32) ||
	       stands_in_room(c.log_secret->b, sizeof c.log_secret->b);
}

/*
 * What a frame is read into: a payment pays for what it uses of it only, and no key ever stands
 * there.  What stands there before is RIG_STALE_BYTE in all tests of the guard but the walk.
 */
static void scratch(void)
{
	const struct rig_sent *a;
	struct rig_bodies b;
	struct writer w;
	static uint8_t body[65536];
	uint64_t id;

	start();
	rig_withdrawal(X(50), 0, 1);
	id = rig_sign();
	T_CHECK(left_alone() > GUARD_SCRATCH_BYTES / 2 && left_alone() < GUARD_SCRATCH_BYTES);
	T_CHECK(stands_in_room(&r.attempt_id, sizeof r.attempt_id)); /* the search finds things */
	T_CHECK(!keys_stand_in_room(A));
	rig_acks(A);
	T_CHECK(rig_signed(id));
	T_CHECK(!keys_stand_in_room(A));
	a = rig_answer(id);
	is_prepared(prepare(B, a));
	T_CHECK(left_alone() < GUARD_SCRATCH_BYTES && !keys_stand_in_room(B));
	rig_acks(B);
	/* nothing is read of what was prepared in the same bytes */
	rig_encode(&b);
	b.items[b.n++] = rig_item(a, 0);
	b.items[b.n++] = rig_item(a, 1);
	w = writer_make(body, sizeof body);
	id = rig_frame(B, SERVER, SIGNER_SIGN, rig_body(&w, b.items, b.n));
	T_CHECK(rig_signed(id));
	T_EQ(left_alone(), GUARD_SCRATCH_BYTES);
}

static void status(void)
{
	static struct doc_status s;
	struct doc d;
	uint64_t id;
	size_t seen = 0;

	start();
	guard_fact(&r.g[A], "memory", "1234");
	guard_fact(&r.g[A], "memory", "5678");
	id = rig_frame(A, SERVER, SIGNER_STATUS, (struct bytes){ NULL, 0 });
	T_EQ(rig_type(rig_item(rig_answer(id), 0), &d), DOC_STATUS);
	T_EQ(doc_status_read(&d, &s, NULL), ERR_OK);
	for (size_t i = 0; i < s.detail_count; i++) {
		if (strcmp(s.detail[i].name, "memory") == 0) {
			T_STR(s.detail[i].value, "5678");
			seen++;
		}
		if (strcmp(s.detail[i].name, "signs") == 0) {
			T_STR(s.detail[i].value, "ready");
			seen++;
		}
	}
	T_EQ(seen, 2);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a payment by A and B", good_payment },
		{ "every altered field is refused by name", altered },
		{ "attempts of other orders", foreign_attempt },
		{ "approvals: forged, foreign, twice, vetoed", approvals },
		{ "malformed bodies", form },
		{ "once only", once },
		{ "windows", windows },
		{ "B believes nothing of A's", b_checks_a },
		{ "heartbeats: absent, stale, replayed, disagreeing", heartbeats },
		{ "what is alive in a till stays within its balance", within_the_till },
		{ "the chain's clock is the lower median", chain_clock },
		{ "acknowledgements: forged, borrowed, repeated", acks },
		{ "no message on the wrong socket, no number that signs bytes", roles },
		{ "refusals are kept", refusals_are_kept },
		{ "full tables refuse, old names make room", full_tables },
		{ "too many at once", busy },
		{ "policy 2: what is not told counts against the payment", policy_2 },
		{ "prepared: nothing leaves before it is asked for", prepared_then_asked },
		{ "prepared in other bytes is judged", prepared_in_other_bytes },
		{ "prepared, asked for before it is acknowledged", prepared_and_waiting },
		{ "prepared is no way around anything", prepared_is_no_way_around },
		{ "what a frame is read into", scratch },
		{ "status", status },
	};

	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
