/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: an acknowledgement means "I judged this and hold it": nothing is acknowledged that an
 * honest signer would not have said, nothing before it is durable, nothing is forgotten by a power
 * cut. Method: each field of each document of a good attestation is altered in turn; all of them
 * must end in a freeze without acknowledgement.  Then repeats, forks, journals that went backwards,
 * and a power cut behind every single commit of an evening.
 */
#include "chain/nem/nem_fee.h"
#include "t.h"
#include "watch_rig.h"

/* Told by A as things are at hand: refused, frozen, nothing kept. */
#define REFUSED(words)                                           \
	do {                                                     \
		static struct doc_freeze f_;                     \
		unsigned acks_ = r.signer[A].acks;               \
		size_t payments_ = r.w.payments_n;               \
		(void)att_tell(A);                               \
		rig_settle();                                    \
		wait_ms(100);                                    \
		T_EQ(r.signer[A].acks, acks_);                   \
		T_EQ(r.w.payments_n, payments_);                 \
		T_EQ(r.w.control.binding, 1);                    \
		T_EQ(r.signer[A].stops, 1);                      \
		T_EQ(r.signer[B].stops, 1);                      \
		T_CHECK(handed_freeze(&f_));                     \
		T_CHECK(!f_.evacuate && f_.evidence_n == 0);     \
		if (strstr(f_.reason, words) == NULL) {          \
			printf("# reason: %s\n", f_.reason);     \
		}                                                \
		T_CHECK(strstr(f_.reason, words) != NULL);       \
		T_CHECK(strncmp(f_.reason, "record: ", 8) == 0); \
	} while (0)

/* A good payment, one change before the links are made (so that all else fits to it). */
#define ALTERED(change, words)  \
	do {                    \
		rig_up();       \
		pay_new(X(50)); \
		change;         \
		pay_link();     \
		REFUSED(words); \
	} while (0)

/* The change comes after the links: documents no longer fit together. */
#define BROKEN(change, words)   \
	do {                    \
		rig_up();       \
		pay_new(X(50)); \
		pay_link();     \
		change;         \
		REFUSED(words); \
	} while (0)

/* The attestation itself is altered, then signed. */
#define FORGED(change, words)   \
	do {                    \
		rig_up();       \
		pay_new(X(50)); \
		pay_link();     \
		att_make(A);    \
		change;         \
		REFUSED(words); \
	} while (0)

static void altered_orders(void)
{
	ALTERED(r.order.amount = xem(X(51)), "order.amount");
	ALTERED(r.order.amount = xem(X(49)), "order.amount");
	ALTERED(r.request.amount = xem(X(51)), "order.amount");
	ALTERED(doc_address(&r.order.destination, K_THIEF), "order.destination");
	ALTERED(doc_address(&r.request.destination, K_THIEF), "order.destination");
	ALTERED(r.order.message[0] = 'X', "order.message");
	ALTERED(r.order.message_n = 3, "order.message");
	ALTERED(r.order.network = 0x68, "order.network");
	ALTERED(r.order.fee_max = xem(X(4)), "policy.fee_max");
	ALTERED(r.order.fee_max = xem(1), "order.fee_max");
	ALTERED(r.order.expires_ms = r.wall - 1, "expires");
	ALTERED(r.order.request_id.b[15] ^= 1, "order.request_id");
	ALTERED((doc_address(&r.request.destination, K_TILL),
		 r.order.destination = r.request.destination),
		"order.destination");
	ALTERED((doc_address(&r.request.destination, K_BOX),
		 r.order.destination = r.request.destination),
		"order.destination");
	ALTERED(r.request_key = &r.stranger, "request.signatures");
	ALTERED(r.request_key = &r.person[2], "request.signatures");
	ALTERED(r.request_key = NULL, "request.signatures");
	/* limits of our own policy */
	ALTERED((r.request.amount = xem(X(101)), r.order.amount = xem(X(101))), "approvals");
	ALTERED((r.request.amount = xem(X(4001)), r.order.amount = xem(X(4001))),
		"policy.payment_max");
}

static void broken_links(void)
{
	BROKEN(r.order.request.b[3] ^= 1, "order.request");
	BROKEN(r.attempt.order.b[3] ^= 1, "attempt.order");
	BROKEN(r.attempt.account = r.chain[K_PURSE].public_key, "attempt.account");
	BROKEN(r.attempt.account = r.chain[K_THIEF].public_key, "attempt.account");
	BROKEN(r.attempt.fee_inner = xem(50001), "attempt.fee_inner");
	BROKEN(r.attempt.fee_outer = xem(150001), "attempt.fee_outer");
	BROKEN(r.attempt.fee_cosign = xem(149999), "attempt.fee_cosign");
	BROKEN(r.attempt.deadline_nem_s++, "attempt.deadline_nem_s");
	BROKEN((r.attempt.timestamp_nem_s += 700, r.attempt.deadline_nem_s += 700),
	       "attempt.timestamp_nem_s");
	BROKEN((r.attempt.timestamp_nem_s -= 4000, r.attempt.deadline_nem_s -= 4000),
	       "attempt.deadline_nem_s");
	BROKEN(r.request.customer[0] = 'x', "order.request");
}

static void forged_attestations(void)
{
	FORGED(r.attest_key = &r.attest[B], "not signed by that signer");
	FORGED(r.attest_key = &r.stranger, "not signed by that signer");
	FORGED(r.att.signer = DOC_SIGNER_B, "the other signer's name");
	FORGED(r.att.kind = DOC_ATTEST_WRAP, "attestation.kind");
	FORGED(r.att.subject.b[0] ^= 1, "attestation.subject");
	FORGED(r.att.subject_type = DOC_SWEEP, "documents");
	FORGED(r.att.inner_hash.b[31] ^= 1, "attestation.inner_hash");
	FORGED(r.att.data_n--, "attestation.data");
	FORGED((memcpy(r.att.data, r.pay.wrap, r.pay.wrap_n), r.att.data_n = r.pay.wrap_n),
	       "attestation.data");
	for (size_t i = 0; i < PAYMENT_COSIGN_BYTES; i += 11) {
		FORGED(r.att.data[i] ^= 1, "attestation.data");
	}
}

/* Words of people: an honest signer signs on none that does not count. */
static void bad_approvals(void)
{
#define APPROVED(change, words)               \
	do {                                  \
		rig_up();                     \
		pay_new(X(500));              \
		pay_approve(2, "approver-1"); \
		pay_link();                   \
		change;                       \
		REFUSED(words);               \
	} while (0)
	APPROVED(r.approvals = 0, "approvals");
	APPROVED(r.approval_key[0] = &r.person[3], "approval.signatures");
	APPROVED(r.approval_key[0] = &r.stranger, "approval.signatures");
	APPROVED(r.approval_key[0] = NULL, "approval.signatures");
	APPROVED(r.approval[0].subject.b[0] = 9, "approval.subject");
	APPROVED(r.approval[0].decision = DOC_DECISION_NO, "approvals");
	APPROVED((memcpy(r.approval[0].person, "officer-1", 10), r.approval_key[0] = &r.person[0]),
		 "approval.person");
	APPROVED((memcpy(r.approval[0].person, "auditor-1", 10), r.approval_key[0] = &r.person[4]),
		 "approval.person");
	APPROVED(memcpy(r.request.customer, "approver-1", 11); pay_link(), "approval.person");
	APPROVED(r.approval[0].time_ms = r.wall + 700000, "approval.time_ms");
	/* security keys: only touched, is another's, stands behind nothing */
	APPROVED(pay_prove(0, 2, 1), "assertion.authenticator_data");
	APPROVED(pay_prove(0, 3, 5), "assertion.credential");
	APPROVED((pay_prove(0, 2, 5), r.proof[0].first = true), "approval");
#undef APPROVED
	/* two words of one person are none */
	rig_up();
	pay_new(X(3000));
	pay_approve(2, "approver-1");
	pay_approve(2, "approver-1");
	r.approval[1].time_ms++;
	pay_link();
	REFUSED("approval.person");
	/* one no outweighs any yes */
	rig_up();
	pay_new(X(50));
	pay_approve(2, "approver-1");
	pay_approve(3, "approver-2");
	r.approval[1].decision = DOC_DECISION_NO;
	pay_link();
	REFUSED("approvals");
}

/* What a security key proves needs no software key, and is remembered over a restart. */
static void good_assertions(void)
{
	struct hash32 id;

	rig_up();
	pay_new(X(3000));
	pay_approve(2, "approver-1");
	pay_approve(3, "approver-2");
	r.approval_key[0] = r.approval_key[1] = NULL;
	pay_prove(0, 2, 5);
	pay_prove(1, 3, 5);
	pay_link();
	id = att_tell(A);
	rig_settle();
	T_CHECK(was_acked(A, &id));
	T_EQ(r.w.payments_n, 1);
	T_EQ(r.w.config.storage.payments[0].approvals, 2);
	rig_restart(r.batches);
	rig_connect();
	T_EQ(r.w.payments_n, 1);
	T_EQ(r.w.config.storage.payments[0].approvals, 2);
	T_EQ(r.w.control.binding, 0);
}

static void once_only(void)
{
	struct id128 first;

	/* one request, two orders */
	rig_up();
	(void)pay_whole(X(50));
	first = r.request.request_id;
	pay_new(X(50));
	r.request.request_id = first;
	r.order.request_id = first;
	pay_link();
	r.attempt.timestamp_nem_s--;
	r.attempt.deadline_nem_s--;
	{
		static struct doc_freeze f;

		(void)att_tell(A);
		rig_settle();
		T_EQ(r.signer[A].acks, 1);
		T_EQ(r.w.payments_n, 1);
		T_CHECK(handed_freeze(&f));
		T_CHECK(strstr(f.reason, "paid before") != NULL);
	}
	/* the same attempt by the same signer under a new number */
	rig_up();
	pay_new(X(50));
	pay_link();
	(void)att_tell(A);
	rig_settle();
	T_EQ(r.signer[A].acks, 1);
	(void)att_tell(A);
	rig_settle();
	T_EQ(r.signer[A].acks, 1);
	T_EQ(r.w.control.binding, 1);
	/* two orders that come to the same payment bytes */
	rig_up();
	pay_new(X(50));
	pay_link();
	(void)att_tell(A);
	rig_settle();
	pay_new(X(50));
	pay_link();
	r.attempt.timestamp_nem_s = r.att.time_ms == 0 ? 0 : r.attempt.timestamp_nem_s;
	(void)att_tell(A);
	rig_settle();
	T_EQ(r.signer[A].acks, 1);
	T_EQ(r.w.control.binding, 1);
}

/* Clocks that are apart are no crime: not acknowledged before our clocks allow it, not frozen. */
static void clocks_apart(void)
{
	struct hash32 id;
	struct nem_tx unit;

	/* within the skew, to the millisecond */
	rig_up();
	pay_new(X(50));
	pay_link();
	att_make(A);
	r.att.time_ms = r.wall + r.policy.clock_skew_ms;
	id = att_tell(A);
	rig_settle();
	T_CHECK(was_acked(A, &id));
	/* beyond it: put off, asked for again, and taken when its time has come */
	rig_up();
	pay_new(X(50));
	pay_link();
	att_make(A);
	r.att.time_ms = r.wall + r.policy.clock_skew_ms + 3000;
	id = att_tell(A);
	rig_settle();
	wait_ms(2500);
	T_EQ(r.signer[A].acks, 0);
	T_EQ(r.w.payments_n, 0);
	T_EQ(r.w.not_acked, 1);
	wait_ms(1000);
	T_CHECK(was_acked(A, &id));
	T_EQ(r.w.payments_n, 1);
	T_EQ(r.w.alarms, 0);
	T_EQ(r.w.control.binding, 0);
	/* our host's clock is 25 minutes slow, and the chain shows it */
	rig_up();
	pay_new(X(50));
	pay_link();
	att_make(A);
	mine(PUBLIC);
	feed_all();
	r.wall -= 1500000;
	id = att_tell(A);
	rig_settle();
	T_CHECK(was_acked(A, &id));
	T_EQ(r.w.control.binding, 0);
	/* what is put off explains nothing: on the chain it is a theft, within the usual time */
	rig_up();
	pay_new(X(50));
	pay_link();
	for (int s = A; s <= B; s++) {
		att_make(s);
		r.att.time_ms = r.wall + POLICY_DAY_MS;
		(void)att_tell(s);
	}
	rig_settle();
	unit = pay_unit();
	feed_given(0, &unit, 1);
	wait_ms(WATCH_SILENT_MS - 25);
	T_EQ(r.w.control.binding, 0);
	wait_ms(50);
	T_EQ(r.w.thefts, 1);
	T_EQ(r.w.control.binding, 1);
}

/* A's word on a payment of so much, as of a moment so many ms from ours. */
static struct hash32 word_of(uint64_t amount, int64_t from_now_ms, uint64_t expires_ms)
{
	pay_new(amount);
	r.order.expires_ms = expires_ms;
	pay_link();
	att_make(A);
	r.att.time_ms = r.wall + (uint64_t)from_now_ms;
	return att_tell(A);
}

/*
 * A's host was some minutes ahead, over an edge of the hours, and was set right: what it signs then
 * is judged by the moment at which it says that it does.
 */
static void clock_set_right(void)
{
	static struct doc_hours evening;
	const int64_t skew = 600000;
	struct hash32 id;
	uint64_t edge;

	rig_make();
	edge = (r.wall + 300000) / 60000;
	evening = (struct doc_hours){ 127, edge % POLICY_DAY_MINUTES, xem(X(5)), 1440 };
	rig_hours = &evening;
	rig_up();
	id = word_of(X(5), skew, r.wall + 1800000);
	rig_settle();
	T_CHECK(was_acked(A, &id));
	/* the hours, and an order that is over by the clock that was wrong */
	id = word_of(X(50), 0, r.wall + 60000);
	rig_settle();
	T_CHECK(was_acked(A, &id));
	/* as far back as two clocks can be apart that are each as far off as is allowed */
	id = word_of(X(51), 1 - skew, r.wall + 60000);
	rig_settle();
	T_CHECK(was_acked(A, &id));
	T_EQ(r.w.control.binding, 0);
	/* further back is no clock that was set right: the hours count from the newest record */
	rig_up();
	id = word_of(X(5), skew, r.wall + 1800000);
	rig_settle();
	T_CHECK(was_acked(A, &id));
	id = word_of(X(50), -skew, r.wall + 1800000);
	rig_settle();
	T_CHECK(!was_acked(A, &id));
	T_EQ(r.w.control.binding, 1);
	/* nor does a clock that is set back bring back what a window has counted */
	rig_hours = NULL;
	rig_up();
	for (unsigned i = 0; i < 10; i++) {
		id = word_of(X(98) - i, (int64_t)i * -1000, r.wall + 1800000);
		rig_settle();
		T_CHECK(was_acked(A, &id));
	}
	(void)word_of(X(98), -10000, r.wall + 1800000);
	rig_settle();
	T_EQ(r.w.control.binding, 1);
	T_EQ(r.signer[A].acks, 10);
}

/* A false attestation at hand, with A's attest key: nobody asked for what it pays. */
static struct hash32 forged_tell(uint64_t sequence)
{
	struct hash32 id;

	pay_new(X(60));
	r.request_key = &r.stranger;
	pay_link();
	att_make(A);
	r.att.sequence = sequence;
	id = att_tell(A);
	r.request_key = &r.backend;
	return id;
}

/* The number that somebody writes on a forged attestation hides no honest one behind it. */
static void poisoned_numbers(void)
{
	struct model *m = &r.signer[A];
	struct hash32 id;
	uint64_t true_sequence;

	for (int high = 0; high < 2; high++) {
		for (int twice = 0; twice < 2; twice++) {
			rig_up();
			(void)pay_whole(X(50));
			true_sequence = m->sequence;
			(void)forged_tell(true_sequence + (high != 0 ? 1000000 : 4));
			if (high == 0) {
				m->sequence = true_sequence; /* the true nonce before it */
			}
			rig_settle();
			if (twice != 0) {
				wait_ms(100);
			}
			T_EQ(r.w.control.binding, 1);
			T_EQ(r.w.payments_n, 1);
			/* and the honest signer is back: its next two come below that number */
			m->told_n = 1;
			m->sequence = true_sequence;
			m->nonce++;
			rig_settle();
			for (unsigned i = 0; i < 2; i++) {
				pay_new(X(70) + i);
				pay_link();
				att_make(A);
				r.att.sequence = true_sequence + 1 + i;
				(void)att_tell(A);
				rig_settle();
				wait_ms(100);
				T_EQ(r.w.payments_n, 2 + i);
				T_EQ(r.w.signer[A].held_sequence, true_sequence + 1 + i);
			}
			T_EQ(r.w.control.binding, 1);
		}
	}
	/* a bad one in its place in the signer's own order does not stand before the next ones */
	rig_up();
	(void)pay_whole(X(50));
	id = forged_tell(m->sequence + 3);
	pay_new(X(70));
	pay_link();
	(void)att_tell(A);
	rig_settle();
	wait_ms(200);
	T_CHECK(!was_acked(A, &id));
	T_EQ(r.w.payments_n, 2);
	T_EQ(r.w.signer[A].held_sequence, m->sequence);
	T_EQ(r.w.control.binding, 1);
	T_EQ(r.w.not_acked, 1);
	/* a good payment under a number that the signer itself does not know */
	rig_up();
	(void)pay_whole(X(50));
	true_sequence = m->sequence;
	pay_new(X(70));
	pay_link();
	att_make(A);
	r.att.sequence = true_sequence + 1000000;
	id = att_tell(A);
	m->sequence = true_sequence;
	rig_settle();
	wait_ms(100);
	T_CHECK(!was_acked(A, &id));
	T_EQ(r.w.signer[A].held_sequence, true_sequence);
	T_EQ(r.w.control.binding, 1);
}

/* Our own windows: the twenty-first payment of the tier without approvals is one too many. */
static void windows(void)
{
	rig_up();
	for (int i = 0; i < 10; i++) {
		pay_new(X(98));
		pay_link();
		(void)att_tell(A);
		rig_settle();
		rig_pass(2000);
		T_EQ(r.signer[A].acks, (unsigned)i + 1);
	}
	T_EQ(r.w.control.binding, 0);
	pay_new(X(98));
	pay_link();
	REFUSED("policy.unapproved_day_max");
	/* a day later it is free again; B's word on the same payments never counted twice */
	rig_up();
	for (int i = 0; i < 10; i++) {
		(void)pay_whole(X(98));
		rig_pass(2000);
	}
	T_EQ(r.w.payments_n, 10);
	rig_pass(POLICY_DAY_MS);
	pay_new(X(98));
	pay_link();
	pay_day();
	(void)att_tell(A);
	(void)att_tell(B);
	rig_settle();
	wait_ms(50);
	T_EQ(r.signer[A].acks, 11);
	T_EQ(r.signer[B].acks, 11);
	T_EQ(r.w.control.binding, 0);
}

/* The budget of both signers used up, and a day gone by. */
static void use_up(void)
{
	rig_up();
	for (int i = 0; i < 10; i++) {
		(void)pay_whole(X(98));
		rig_pass(2000);
	}
	T_EQ(r.signer[B].acks, 10);
	rig_pass(2 * (uint64_t)POLICY_DAY_MS);
	pay_new(X(98));
	pay_link();
}

#define DAY_REFUSED(change, words) \
	do {                       \
		use_up();          \
		pay_day();         \
		change;            \
		REFUSED(words);    \
	} while (0)

/* Without a person's word no time makes a payment of two stolen keys an explained one. */
static void days(void)
{
	use_up();
	REFUSED("policy.unapproved_day_max");
	DAY_REFUSED(r.day_key = &r.person[2], "day.signatures");
	DAY_REFUSED(r.day_key = &r.backend, "day.signatures");
	DAY_REFUSED(r.day_key = NULL, "day.signatures");
	DAY_REFUSED((r.day_key = &r.person[2],
		     (void)snprintf(r.day.person, sizeof r.day.person, "approver-1")),
		    "day.person");
	DAY_REFUSED(r.day.time_ms = r.wall + 3600000, "day.time_ms");
	/* an honest signer knows its own sum: it takes no day that names less */
	DAY_REFUSED(r.day.a_unapproved = xem(X(900)), "more left without approvals");
	DAY_REFUSED(r.day.a_sequence += 1000, "further than this signer had attested");
	/* nothing was compared: it renews nothing */
	DAY_REFUSED((r.day.a_sequence = 0, r.day.a_unapproved = xem(0)),
		    "policy.unapproved_day_max");
}

/* The auditor is person 4 of the roster, and has the security key of that number. */
static void day_by_key(uint8_t key, uint8_t flags)
{
	r.day_key = NULL;
	r.day_proof = (struct proof){ .there = true, .key = key, .flags = flags };
}

/* A day that a security key signed counts as one by a software key, also after a new start. */
static void days_by_security_key(void)
{
	uint64_t sequence;

	use_up();
	pay_day();
	day_by_key(4, 5);
	sequence = r.day.a_sequence;
	(void)att_tell(A);
	rig_settle();
	wait_ms(50);
	T_EQ(r.signer[A].acks, 11);
	T_EQ(r.w.control.binding, 0);
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	T_EQ(r.w.signer[A].budget.sequence, sequence);
	T_EQ(r.w.signer[A].budget.since, r.payments[10].outflow_micro);
	/* an officer's key for the auditor's word, nobody's, one that was not asked who touched it
	 */
	DAY_REFUSED(day_by_key(0, 5), "day.signatures");
	DAY_REFUSED(day_by_key(99, 5), "assertion.credential");
	DAY_REFUSED(day_by_key(4, 1), "assertion.authenticator_data");
	/* the right key, for a person who has no say in it */
	DAY_REFUSED(
	    (day_by_key(2, 5), (void)snprintf(r.day.person, sizeof r.day.person, "approver-1")),
	    "day.person");
}

/* Each signer draws on a budget of its own, and its day counts when it is told with its record. */
static void days_of_each_signer(void)
{
	struct doc_day day;
	struct doc_freeze f;

	use_up();
	pay_day();
	day = r.day;
	(void)att_tell(A);
	rig_settle();
	wait_ms(50);
	T_EQ(r.signer[A].acks, 11);
	/* a new start knows all that */
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	T_EQ(r.w.signer[A].budget.sequence, day.a_sequence);
	T_EQ(r.w.signer[A].budget.since, r.payments[10].outflow_micro);
	T_EQ(r.w.signer[B].budget.sequence, 0);
	/* the same day told again renews nothing more, and is no crime either */
	for (int i = 0; i < 9; i++) {
		pay_new(X(98));
		pay_link();
		r.with_day = true;
		r.day = day;
		(void)att_tell(A);
		rig_settle();
		rig_pass(2000);
	}
	T_EQ(r.w.payments_n, 20);
	T_EQ(r.w.control.binding, 0);
	rig_pass(2 * (uint64_t)POLICY_DAY_MS);
	pay_new(X(98));
	pay_link();
	r.with_day = true;
	r.day = day;
	REFUSED("policy.unapproved_day_max");
	/* B, told no day, signs beyond its own */
	use_up();
	pay_day();
	(void)att_tell(A);
	rig_settle();
	r.with_day = false;
	(void)att_tell(B);
	rig_settle();
	wait_ms(100);
	T_EQ(r.signer[A].acks, 11);
	T_EQ(r.signer[B].acks, 10);
	T_CHECK(handed_freeze(&f));
	T_CHECK(strstr(f.reason, "policy.unapproved_day_max") != NULL);
}

static void either_signer_first(void)
{
	for (int first = 0; first < 2; first++) {
		rig_up();
		pay_new(X(50));
		pay_link();
		(void)att_tell(first == 0 ? A : B);
		rig_settle();
		(void)att_tell(first == 0 ? B : A);
		rig_settle();
		T_EQ(r.w.payments_n, 1);
		T_EQ(r.signer[A].acks, 1);
		T_EQ(r.signer[B].acks, 1);
		T_EQ(r.w.control.binding, 0);
	}
	/* B wraps another payment than A cosigned */
	rig_up();
	pay_new(X(50));
	pay_link();
	(void)att_tell(A);
	rig_settle();
	r.attempt.timestamp_nem_s++;
	r.attempt.deadline_nem_s++;
	(void)att_tell(B);
	rig_settle();
	T_EQ(r.signer[B].acks, 0);
	T_EQ(r.w.control.binding, 1);
}

static void repeated_and_lost_acks(void)
{
	struct hash32 id;

	rig_up();
	pay_new(X(50));
	pay_link();
	id = att_tell(A);
	rig_settle();
	T_CHECK(was_acked(A, &id));
	T_EQ(r.signer[A].acks, 1);
	/* the link was lost, perhaps with the acknowledgement: once more with the next one */
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	link_open(CH_A, WATCH_ROLE_SIGNER_A);
	wait_ms(50);
	T_EQ(r.signer[A].acks, 2);
	wait_ms(500);
	T_EQ(r.signer[A].acks, 2);
	/* after our own restart too */
	rig_restart(r.batches);
	rig_connect();
	T_EQ(r.signer[A].acks, 3);
	T_EQ(r.w.payments_n, 1);
	T_EQ(r.w.control.binding, 0);
}

static void rewound_and_forked(void)
{
	static struct doc_freeze f;

	/* a signer that says it has less than we hold: people are told, it is locked by our word,
	 * and handed back what it lost; nobody has to lift a freeze for that */
	rig_up();
	(void)pay_whole(X(50));
	r.signer[A].sequence = 1;
	r.signer[A].nonce++;
	wait_ms(100);
	T_EQ(r.w.alarms, 1);
	T_EQ(r.w.control.binding, 0);
	T_EQ(r.signer[A].recalled_n, 1);

	/* another record at a number that we hold */
	rig_up();
	(void)pay_whole(X(50));
	pay_new(X(50));
	pay_link();
	att_make(A);
	r.att.sequence = r.w.signer[A].held_sequence;
	r.signer[A].told_n = 0;
	(void)att_tell(A);
	{
		/* it answers with it although we asked for what comes after */
		r.signer[A].told[0].sequence = r.w.signer[A].held_sequence + 1;
		rig_settle();
		wait_ms(100);
	}
	T_EQ(r.w.control.binding, 1);
	T_CHECK(handed_freeze(&f));
	T_CHECK(strstr(f.reason, "forked") != NULL);

	/* a lower number that we never saw */
	rig_up();
	(void)pay_whole(X(50));
	pay_new(X(50));
	pay_link();
	att_make(A);
	r.att.sequence = r.w.signer[A].held_sequence - 1;
	r.signer[A].told_n = 0;
	(void)att_tell(A);
	r.signer[A].told[0].sequence = r.w.signer[A].held_sequence + 1;
	rig_settle();
	wait_ms(100);
	T_EQ(r.w.control.binding, 1);
	T_CHECK(handed_freeze(&f));
	T_CHECK(strstr(f.reason, "backwards") != NULL);
}

/* Bytes from the signer's socket that are nothing at all: no crash, no acknowledgement. */
static void garbage_from_signers(void)
{
	static uint8_t keep[20000];
	struct told *t;
	size_t n;

	rig_up();
	pay_new(X(50));
	pay_link();
	r.signer[A].mute_next = true;
	(void)att_tell(A);
	t = &r.signer[A].told[0];
	n = t->n;
	memcpy(keep, t->body, n);
	r.signer[A].mute_next = false;
	for (size_t cut = 1; cut < n; cut += 37) {
		rig_make();
		rig_connect();
		memcpy(r.signer[A].told[0].body, keep, n);
		r.signer[A].told[0].n = cut;
		r.signer[A].told[0].sequence = 3;
		r.signer[A].told_n = 1;
		r.signer[A].sequence = 3;
		rig_settle();
		wait_ms(50);
		T_EQ(r.signer[A].acks, 0);
		T_EQ(r.w.payments_n, 0);
	}
	for (size_t flip = 0; flip < n; flip += 23) {
		rig_make();
		rig_connect();
		memcpy(r.signer[A].told[0].body, keep, n);
		r.signer[A].told[0].body[flip] ^= 2;
		r.signer[A].told[0].n = n;
		r.signer[A].told[0].sequence = 3;
		r.signer[A].told_n = 1;
		r.signer[A].sequence = 3;
		rig_settle();
		wait_ms(50);
		T_EQ(r.signer[A].acks, 0);
		T_EQ(r.w.payments_n, 0);
	}
}

/* A full table of ours is not the signer's crime, but it is never a silent yes either. */
static void full_tables(void)
{
	rig_up();
	for (unsigned i = 0; i < PAYMENTS; i++) {
		(void)pay_whole(X(5));
		rig_pass(1000);
	}
	T_EQ(r.w.payments_n, PAYMENTS);
	pay_new(X(5));
	pay_link();
	(void)att_tell(A);
	rig_settle();
	wait_ms(100);
	T_EQ(r.signer[A].acks, PAYMENTS);
	T_EQ(r.w.control.binding, 0);
	T_CHECK(r.w.alarms >= 1);
	T_CHECK(r.w.not_acked >= 1);
}

/* Nothing leaves for the signer before the commit that makes it true. */
static void commit_before_ack(void)
{
	bool committed = false;
	bool acked = false;
	struct event ev;
	struct queued q;

	rig_up();
	pay_new(X(50));
	pay_link();
	(void)att_tell(A);
	next_serve(A);
	T_EQ(r.queue_n, 1);
	q = r.queue[0];
	r.queue_n = 0;
	ev = (struct event){ .kind = EVENT_FRAME,
			     .channel = q.channel,
			     .role = q.role,
			     .number = q.number,
			     .request_id = q.id,
			     .body = bytes_of(q.body, q.n),
			     .wall_ms = r.wall,
			     .mono_ms = r.mono };
	effects_init(&r.out, r.store, sizeof r.store);
	watch_step(&r.w, &ev, &r.out);
	free(q.body);
	for (size_t i = 0; i < r.out.n; i++) {
		committed = committed || r.out.list[i].kind == EFFECT_COMMIT;
		if (r.out.list[i].kind == EFFECT_SEND && r.out.list[i].number == SIGNER_ACK) {
			T_CHECK(committed);
			acked = true;
		}
	}
	T_CHECK(acked);
}

/* The same for a freeze: durable, then told. */
static void commit_before_freeze(void)
{
	bool committed = false;
	unsigned puts = 0;
	struct nem_tx t;
	static uint8_t raw[NEM_TX_BYTES_MAX + 8];
	struct writer w;
	static uint8_t one[NEM_TX_BYTES_MAX];
	struct event ev;
	struct nem_inner in;

	rig_up();
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	r.signer[B].silent = true;
	t = tx_transfer(K_TILL, K_THIEF, X(5));
	in = inner_of(&t);
	t = tx_wrap(K_A, &in, NEM_FEE_MULTISIG_MICRO);
	tx_cosign(&t, K_B);
	w = writer_make(raw, sizeof raw);
	writer_u32(&w, 1);
	put_item(&w, bytes_of(one, tx_bytes(one, &t)));
	feed(0, FEED_POOL, bytes_of(raw, w.n));
	rig_pass(WATCH_SILENT_MS);
	ev = (struct event){ .kind = EVENT_TICK, .wall_ms = r.wall, .mono_ms = r.mono };
	effects_init(&r.out, r.store, sizeof r.store);
	watch_step(&r.w, &ev, &r.out);
	for (size_t i = 0; i < r.out.n; i++) {
		committed = committed || r.out.list[i].kind == EFFECT_COMMIT;
		if (r.out.list[i].kind == EFFECT_SEND && r.out.list[i].number == SIGNER_STOP_PUT) {
			T_CHECK(committed);
			puts++;
		}
	}
	T_EQ(puts, 2); /* signer B and the peer: A is away */
}

/* An evening, and a power cut behind each of its commits: the same end, never a false alarm. */
static void power_cuts(void)
{
	size_t commits;
	uint64_t wall;
	uint64_t mono;
	uint32_t now_s;

	rig_up();
	for (int i = 0; i < 4; i++) {
		struct nem_tx unit = pay_whole(X(40) + (uint64_t)i);

		T_EQ(nis_say(PUBLIC, &unit), NEM_SUCCESS);
		feed_pool(0, PUBLIC);
		mine(PUBLIC);
		feed_all();
	}
	wait_ms(100);
	T_EQ(r.w.payments_n, 4);
	T_EQ(r.w.control.binding, 0);
	commits = r.batches;
	T_CHECK(commits >= 1 + 8 + 4);
	wall = r.wall;
	mono = r.mono;
	now_s = r.now_s;
	{
		/* the whole journal is needed again for each cut */
		static uint8_t journal[JOURNAL];
		static size_t ends[BATCHES_MAX];
		size_t n = r.journal_n;

		memcpy(journal, r.journal, n);
		memcpy(ends, r.batch_end, commits * sizeof ends[0]);
		for (size_t cut = 0; cut <= commits; cut++) {
			memcpy(r.journal, journal, n);
			memcpy(r.batch_end, ends, commits * sizeof ends[0]);
			r.wall = wall;
			r.mono = mono;
			r.now_s = now_s;
			rig_restart(cut);
			rig_connect();
			feed_all();
			wait_ms(300);
			T_EQ(r.w.payments_n, 4);
			T_EQ(r.w.control.binding, 0);
			T_EQ(r.w.alarms, 0);
			T_EQ(r.w.suspects_n, 0);
			T_EQ(r.w.signer[A].held_sequence, r.signer[A].sequence);
			T_EQ(r.w.signer[B].held_sequence, r.signer[B].sequence);
		}
	}
}

/* The same with a theft: whatever was cut off, it ends frozen and evacuating. */
static void power_cuts_in_a_theft(void)
{
	static uint8_t journal[JOURNAL];
	static size_t ends[BATCHES_MAX];
	struct nem_tx t;
	struct nem_inner in;
	size_t commits;
	size_t n;
	uint64_t mono;

	rig_up();
	t = pay_whole(X(40));
	T_EQ(nis_say(PUBLIC, &t), NEM_SUCCESS);
	t = tx_transfer(K_TILL, K_THIEF, X(5));
	in = inner_of(&t);
	t = tx_wrap(K_A, &in, NEM_FEE_MULTISIG_MICRO);
	tx_cosign(&t, K_B);
	T_EQ(nis_say(PUBLIC, &t), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	wait_ms(200);
	T_CHECK(watch_evacuating(&r.w));
	commits = r.batches;
	n = r.journal_n;
	mono = r.mono;
	memcpy(journal, r.journal, n);
	memcpy(ends, r.batch_end, commits * sizeof ends[0]);
	for (size_t cut = 0; cut <= commits; cut++) {
		memcpy(r.journal, journal, n);
		memcpy(r.batch_end, ends, commits * sizeof ends[0]);
		r.mono = mono;
		rig_restart(cut);
		/* from the journal alone: whoever froze stays frozen */
		T_EQ(watch_frozen(&r.w), r.w.control.binding > 0);
		rig_connect();
		feed_all();
		wait_ms(300);
		T_EQ(r.w.control.binding, 1);
		T_CHECK(watch_evacuating(&r.w));
	}
}

/* A journal that was damaged is not lived from. */
static void damaged_journal(void)
{
	struct watch_config c;
	struct doc_fault fault;
	size_t first;

	rig_up();
	(void)pay_whole(X(40));
	first = r.batch_end[0];
	for (size_t i = 0; i < r.batch_end[1]; i += 97) {
		enum err e;

		r.journal[i] ^= 0x10;
		c = rig_config();
		T_EQ(watch_init(&r.w, &c, &fault), ERR_OK);
		e = watch_replay(&r.w, bytes_of(r.journal, first));
		if (e == ERR_OK) {
			e = watch_replay(&r.w, bytes_of(r.journal + first, r.batch_end[1] - first));
		}
		T_CHECK(e != ERR_OK);
		r.journal[i] ^= 0x10;
	}
	/* the second batch without the first */
	c = rig_config();
	T_EQ(watch_init(&r.w, &c, &fault), ERR_OK);
	T_EQ(watch_replay(&r.w, bytes_of(r.journal + first, r.batch_end[1] - first)), ERR_CORRUPT);
}

/* The bugs for ./sim are there, and off unless asked for. */
static void planted(void)
{
	struct nem_tx t;
	struct nem_inner in;

	rig_make();
	r.planted = WATCH_PLANT_ACK_BEFORE_JUDGE;
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	pay_new(X(50));
	r.request_key = &r.stranger;
	pay_link();
	(void)att_tell(A);
	rig_settle();
	T_EQ(r.signer[A].acks, 1);

	rig_make();
	r.planted = WATCH_PLANT_IGNORE_BLOCKS;
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	t = tx_transfer(K_TILL, K_THIEF, X(5));
	in = inner_of(&t);
	t = tx_wrap(K_A, &in, NEM_FEE_MULTISIG_MICRO);
	tx_cosign(&t, K_B);
	mine_given(&t, 1);
	feed_blocks(0);
	feed_blocks(1);
	wait_ms(300);
	T_EQ(r.w.control.binding, 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "orders and requests altered", altered_orders },
		{ "links between documents broken", broken_links },
		{ "attestations forged", forged_attestations },
		{ "approvals that do not count", bad_approvals },
		{ "security keys stand behind approvals", good_assertions },
		{ "once only", once_only },
		{ "clocks apart", clocks_apart },
		{ "a clock that is set right", clock_set_right },
		{ "poisoned numbers", poisoned_numbers },
		{ "our own windows", windows },
		{ "a budget that only a person renews", days },
		{ "a day by a security key", days_by_security_key },
		{ "each signer's own budget", days_of_each_signer },
		{ "either signer first", either_signer_first },
		{ "acknowledgements lost and repeated", repeated_and_lost_acks },
		{ "journals rewound and forked", rewound_and_forked },
		{ "garbage from a signer's socket", garbage_from_signers },
		{ "full tables", full_tables },
		{ "commit before acknowledgement", commit_before_ack },
		{ "commit before freeze", commit_before_freeze },
		{ "power cuts in an evening", power_cuts },
		{ "power cuts in a theft", power_cuts_in_a_theft },
		{ "a damaged journal", damaged_journal },
		{ "planted bugs", planted },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
