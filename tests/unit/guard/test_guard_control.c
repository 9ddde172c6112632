/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: stopping takes one, starting again a quorum that names what it lifts (P5); what tightens is
 * in force at once, what loosens waits and one person cancels it (P13); struck keys count no more.
 * Method: a real signer is told freezes, resumes, cancels, rosters and policies by everybody who
 * may and may not, between the steps of a payment; it is killed behind every effect and started
 * again; watchers that hold other documents than it does answer its nonces.
 */
#include "paper.h"
#include "t.h"

#include "guard/guard_self.h"
#include "guard_said.h"

#define NOBODY 0u
#define ONE    1u /* officer-1 */
#define BOTH   3u /* officer-1, officer-2: the governance of the rig's roster */

static struct paper p1, p2, p3;

/* Signed by these people of the rig: a bit each. */
static void paper(struct paper *p, enum doc_type type, const void *in, unsigned by)
{
	const uint8_t *secrets[5];
	size_t n = 0;

	for (size_t i = 0; i < 5; i++) {
		if ((by >> i & 1) != 0) {
			secrets[n++] = r.person[i].secret;
		}
	}
	paper_make(p, type, in, &r.genesis_id, secrets, n);
}

static uint64_t put(int s, uint32_t channel, const struct paper *p)
{
	static uint8_t body[16400];
	struct writer b = writer_make(body, sizeof body);
	struct bytes item = bytes_of(p->raw, p->n);

	return rig_frame(s, channel, SIGNER_STOP_PUT, rig_body(&b, &item, 1));
}

static bool receipted(uint64_t id, const struct paper *p)
{
	struct doc_receipt receipt;
	struct doc d;

	return rig_type(rig_item(rig_answer(id), 0), &d) == DOC_RECEIPT &&
	       doc_receipt_read(&d, &receipt, NULL) == ERR_OK &&
	       hash32_eq(&receipt.document, &p->id) &&
	       (doc_signed_by(&d, &r.attest[A].key) || doc_signed_by(&d, &r.attest[B].key));
}

#define TAKEN(s, p) T_CHECK(receipted(put((s), STOPPER, (p)), (p)))

static void freeze(struct paper *p, uint8_t nonce)
{
	struct doc_freeze f = rig_freeze("officer-1", nonce);

	paper(p, DOC_FREEZE, &f, ONE);
}

static struct doc_resume resume_of(const struct hash32 *id)
{
	struct doc_resume x = { .genesis = r.genesis_id,
				.initiator = "officer-1",
				.nonce = { (uint8_t)++r.ids },
				.scope = DOC_SCOPE_ALL };

	if (id != NULL) {
		x.lift_count = 1;
		x.freezes[0].id = *id;
	}
	return x;
}

static void resume(struct paper *p, const struct hash32 *id, unsigned by)
{
	struct doc_resume x = resume_of(id);

	paper(p, DOC_RESUME, &x, by);
}

static void strike(struct paper *p, const struct key32 *key)
{
	struct doc_resume x = resume_of(NULL);

	x.struck_count = 1;
	x.struck[0].key_n = 32;
	memcpy(x.struck[0].key, key->b, 32);
	paper(p, DOC_RESUME, &x, BOTH);
}

static void cancel(struct paper *p, const struct hash32 *id)
{
	struct doc_cancel x = { .document = *id, .genesis = r.genesis_id, .person = "approver-1" };

	paper(p, DOC_CANCEL, &x, 1u << 2);
}

/* What follows the rig's policy; the rig itself goes on with the old one until it is adopted. */
static struct doc_policy next;

static void policy(struct paper *p, uint64_t payment_max, unsigned by)
{
	next = r.policy;
	next.number++;
	next.previous = r.policy_id;
	next.payment_max = xem(payment_max);
	next.unlisted_max = xem(payment_max);
	paper(p, DOC_POLICY, &next, by);
}

static void adopt(const struct paper *p)
{
	r.policy = next;
	r.policy_id = p->id;
}

static void start(void)
{
	rig_make();
	rig_well(A);
	rig_well(B);
}

static bool pays(uint64_t micro, size_t approvals, uint8_t number)
{
	uint64_t id;

	rig_well(A);
	rig_withdrawal(micro, approvals, number);
	id = rig_sign();
	if (rig_code(id)[0] != '\0') {
		return false;
	}
	rig_acks(A);
	return rig_signed(id);
}

/* ---- freeze and resume ---------------------------------------------------------------------- */

static void resume_lifts(void)
{
	uint64_t id;

	start();
	T_CHECK(pays(X(10), 0, 1));
	freeze(&p1, 1);
	freeze(&p2, 2);
	TAKEN(A, &p1);
	TAKEN(A, &p2);
	T_CHECK(guard_frozen(&r.g[A]));
	resume(&p3, &p1.id, NOBODY);
	REFUSED(put(A, STOPPER, &p3), "not-signed", "resume.signatures");
	resume(&p3, &p1.id, ONE);
	REFUSED(put(A, STOPPER, &p3), "approvals-missing", "resume.signatures");
	/* approvers and the auditor are no officers */
	resume(&p3, &p1.id, ONE | 1u << 2 | 1u << 3 | 1u << 4);
	REFUSED(put(A, STOPPER, &p3), "approvals-missing", "resume.signatures");
	resume(&p3, &p1.id, BOTH);
	TAKEN(A, &p3);
	/* the one that was not named still binds */
	T_CHECK(guard_frozen(&r.g[A]));
	T_CHECK(!pays(X(10), 0, 2));
	resume(&p3, &p2.id, BOTH);
	TAKEN(A, &p3);
	T_CHECK(!guard_frozen(&r.g[A]));
	T_CHECK(pays(X(10), 0, 3));
	/* lifted is lifted */
	TAKEN(A, &p1);
	TAKEN(A, &p2);
	T_CHECK(!guard_frozen(&r.g[A]));
	T_CHECK(pays(X(10), 0, 4));
	/* a newer one binds, and old resumes do not touch it */
	freeze(&p2, 9);
	TAKEN(A, &p2);
	TAKEN(A, &p3);
	T_CHECK(guard_frozen(&r.g[A]));
	rig_restart(A);
	T_CHECK(guard_frozen(&r.g[A]));
	TAKEN(A, &p3);
	T_CHECK(guard_frozen(&r.g[A]));
	rig_well(A);
	rig_withdrawal(X(10), 0, 5);
	id = rig_sign();
	T_STR(rig_code(id), "frozen");
	/* over the server's socket and a watcher's it counts alike */
	resume(&p3, &p2.id, BOTH);
	T_CHECK(receipted(put(A, SERVER, &p3), &p3));
	T_CHECK(!guard_frozen(&r.g[A]));
	rig_restart(A);
	T_CHECK(!guard_frozen(&r.g[A]));
	TAKEN(A, &p1);
	TAKEN(A, &p2);
	T_CHECK(!guard_frozen(&r.g[A]));
	T_CHECK(pays(X(10), 0, 6));
}

/* A freeze drops what waits; a resume does not bring it back by itself, but asked again it leaves.
 */
static void resumed_in_the_middle(void)
{
	uint64_t id;

	start();
	rig_withdrawal(X(10), 0, 1);
	id = rig_sign();
	T_STR(rig_code(id), "");
	freeze(&p1, 1);
	TAKEN(A, &p1);
	REFUSED(id, "frozen", "");
	resume(&p2, &p1.id, BOTH);
	TAKEN(A, &p2);
	T_EQ(r.g[A].signatures_released, 0);
	rig_acks(A);
	T_EQ(r.g[A].signatures_released, 0);
	rig_well(A);
	id = rig_sign();
	T_CHECK(rig_signed(id));
	T_EQ(r.g[A].signatures_released, 1);
}

/* The head names everything: who was not told differs, and then nothing is signed. */
static void who_was_not_told(void)
{
	struct doc_heartbeat h;
	uint64_t id;

	start();
	freeze(&p1, 1);
	resume(&p2, &p1.id, BOTH);
	TAKEN(A, &p1);
	TAKEN(A, &p2);
	T_CHECK(!guard_frozen(&r.g[A]));
	/* one watcher does not have the resume: it is still frozen there, so here */
	rig_well(A);
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 0);
	h.stop_count = 1;
	memcpy(&h.stop_head, &p1.id, 32);
	T_STR(rig_code(rig_beat_as(A, WATCHER, &h, &r.watcher[0])), "");
	rig_withdrawal(X(10), 0, 1);
	REFUSED(rig_sign(), "stale", "heartbeat.stop_head");
	rig_well(A);
	/* one has a cancel, a tightening or a roster that was dropped on its way to us */
	rig_withdrawal(X(10), 0, 2);
	id = rig_sign();
	T_STR(rig_code(id), "");
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 2);
	h.stop_count++;
	h.stop_head.b[0] ^= 1;
	T_STR(rig_code(rig_beat_as(A, WATCHER + 2, &h, &r.watcher[2])), "");
	/* what was attested before that heartbeat does not leave after it */
	rig_acks(A);
	T_CHECK(rig_answer(id) == NULL);
	T_EQ(r.g[A].signatures_released, 0);
	/* nor by a policy that k watchers do not live under */
	rig_well(A);
	for (unsigned i = 0; i < 2; i++) {
		rig_tick(A, 1001);
		h = rig_heartbeat(A, i);
		h.policy.b[0] ^= 1;
		T_STR(rig_code(rig_beat_as(A, WATCHER + i, &h, &r.watcher[i])), "");
	}
	rig_withdrawal(X(10), 0, 3);
	REFUSED(rig_sign(), "stale", "heartbeat.policy");
}

/* A lifted freeze is no ground for an evacuation. */
static void lifted_is_no_ground(void)
{
	static uint8_t raw[4096];
	static uint8_t body[65536];
	struct writer w = writer_make(raw, sizeof raw);
	struct writer b = writer_make(body, sizeof body);
	struct money balance = xem(X(5000));
	struct doc_freeze f;
	struct doc_sweep sweep;
	struct bytes items[3];
	uint32_t chain_s = 0;

	start();
	f = rig_freeze("officer-1", 1);
	f.evacuate = true;
	paper(&p1, DOC_FREEZE, &f, ONE);
	f = rig_freeze("officer-2", 2);
	f.evacuate = true;
	paper(&p2, DOC_FREEZE, &f, 2u);
	TAKEN(A, &p1);
	resume(&p3, &p1.id, BOTH);
	TAKEN(A, &p3);
	rig_well(A);
	CHECK(nem_time_from_unix_ms(&chain_s, r.wall) == ERR_OK);
	CHECK(attempt_sweep_make(&sweep, &r.genesis, &r.policy, &r.genesis_id, &r.till.public_key,
				 &balance, chain_s) == ERR_OK);
	CHECK(doc_sweep_make(&w, NULL, &sweep, NULL) == ERR_OK);
	items[0] = bytes_of(w.p, w.n);
	items[1] = bytes_of(p1.raw, p1.n);
	items[2] = bytes_of(p2.raw, p2.n);
	REFUSED(rig_frame(A, WATCHER, SIGNER_SWEEP, rig_body(&b, items, 3)), "wrong-state",
		"freeze");
	T_EQ(r.g[A].sweeps_n, 0);
}

/* T09: keys that were struck count nowhere, whoever brings what they signed, and when. */
static void struck_keys(void)
{
	const struct hash32 nothing = { { 5 } };
	uint64_t id;

	start();
	/* the approver */
	T_CHECK(pays(X(500), 1, 1));
	rig_well(A);
	rig_withdrawal(X(500), 1, 2);
	id = rig_sign();
	T_STR(rig_code(id), "");
	strike(&p1, &r.person[2].key);
	TAKEN(A, &p1);
	/* what was under way with his word does not leave */
	REFUSED(id, "stale", "policy");
	rig_acks(A);
	T_EQ(r.g[A].signatures_released, 1);
	rig_well(A);
	REFUSED(rig_sign(), "bad-signature", "approval.signatures");
	T_CHECK(!pays(X(500), 1, 3));
	cancel(&p2, &nothing);
	REFUSED(put(A, STOPPER, &p2), "bad-signature", "cancel.signatures");
	/* the back end */
	T_CHECK(pays(X(10), 0, 4));
	strike(&p1, &r.backend.key);
	TAKEN(A, &p1);
	rig_well(A);
	rig_withdrawal(X(10), 0, 5);
	REFUSED(rig_sign(), "bad-signature", "request.signatures");
	rig_restart(A);
	rig_well(A);
	rig_withdrawal(X(10), 0, 6);
	REFUSED(rig_sign(), "bad-signature", "request.signatures");
	/* an officer's: his freezes stop nothing, his name under a policy is none */
	start();
	strike(&p1, &r.person[1].key);
	REFUSED(put(A, STOPPER, &p1), "approvals-missing", "resume.signatures");
}

/* Of three watchers one is struck: its word and its acknowledgement are nobody's. */
static void struck_watcher(void)
{
	uint64_t id;
	struct hash32 newest;

	start();
	rig_withdrawal(X(10), 0, 1);
	id = rig_sign();
	T_STR(rig_code(id), "");
	newest = rig_newest(A);
	(void)rig_ack(A, 0, &newest);
	strike(&p1, &r.watcher[0].key);
	TAKEN(A, &p1);
	REFUSED(id, "stale", "policy");
	T_EQ(r.payments[A][0].acked, 0);
	rig_tick(A, 1001);
	T_STR(rig_code(rig_beat(A, 0)), "bad-signature");
	T_STR(rig_code(rig_beat(A, 1)), "");
	T_STR(rig_code(rig_beat(A, 2)), "");
	id = rig_sign();
	T_STR(rig_code(id), "");
	T_STR(rig_code(rig_ack(A, 0, &newest)), "bad-signature");
	(void)rig_ack(A, 1, &newest);
	T_CHECK(!rig_signed(id));
	(void)rig_ack(A, 2, &newest);
	T_CHECK(rig_signed(id));
	rig_tick(A, 1); /* writes the words of watchers */
	rig_restart(A);
	T_EQ(r.payments[A][0].acked, 6);
}

/* ---- succession ------------------------------------------------------------------------------ */

static void tightens_at_once(void)
{
	uint64_t id;
	uint64_t small;

	start();
	rig_withdrawal(X(3000), 2, 1);
	id = rig_sign();
	T_STR(rig_code(id), "");
	policy(&p1, X(50), ONE);
	REFUSED(put(A, STOPPER, &p1), "approvals-missing", "policy.signatures");
	policy(&p1, X(50), BOTH);
	TAKEN(A, &p1);
	T_EQ(r.g[A].policy.number, 2);
	/* attested under the old one, not out yet: judged again, and refused */
	REFUSED(id, "stale", "policy");
	rig_acks(A);
	T_EQ(r.g[A].signatures_released, 0);
	rig_well(A); /* the rig's watchers still live under the old one */
	REFUSED(rig_sign(), "stale", "heartbeat.policy");
	adopt(&p1);
	rig_well(A);
	T_STR(rig_code(rig_sign()), "over-cap");
	T_CHECK(pays(X(49), 0, 2));
	T_CHECK(!pays(X(51), 0, 3));
	rig_restart(A);
	T_EQ(r.g[A].policy.number, 2);
	T_CHECK(!pays(X(51), 0, 4));
	/* one that the new policy allows leaves by the bytes that were attested */
	rig_well(A);
	rig_withdrawal(X(20), 0, 5);
	small = rig_sign();
	policy(&p2, X(40), BOTH);
	TAKEN(A, &p2);
	REFUSED(small, "stale", "policy");
	adopt(&p2);
	rig_well(A);
	small = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(small));
	{
		struct doc_attestation t;
		struct doc d;

		CHECK(rig_type(rig_item(rig_answer(small), 0), &d) == DOC_ATTESTATION);
		CHECK(doc_attestation_read(&d, &t, NULL) == ERR_OK);
		T_MEM(&t.policy, &p1.id, 32);
		T_MEM(&t.roster, &r.roster_id, 32);
	}
}

static void beats(int s, uint64_t until_ms)
{
	uint64_t end = r.wall + until_ms;

	while (r.wall < end) {
		uint64_t left = end - r.wall;

		rig_tick(s, left > 1000000 ? 1000000 : left);
		for (unsigned i = 0; i < 2; i++) {
			(void)rig_beat(s, i);
		}
		rig_tick(s, 0);
	}
}

static bool status_says(int s, const char *name, const char *words)
{
	static struct doc_status status;
	struct doc d;
	uint64_t id = rig_frame(s, STOPPER, SIGNER_STATUS, bytes_of(NULL, 0));

	CHECK(rig_type(rig_item(rig_answer(id), 0), &d) == DOC_STATUS &&
	      doc_status_read(&d, &status, NULL) == ERR_OK);
	for (size_t i = 0; i < status.detail_count; i++) {
		if (strcmp(status.detail[i].name, name) == 0) {
			return strstr(status.detail[i].value, words) != NULL;
		}
	}
	return false;
}

static void loosens_late(void)
{
	uint64_t wait;

	start();
	wait = r.policy.loosening_ms;
	T_CHECK(status_says(A, "waiting", "none"));
	policy(&p1, X(4500), BOTH);
	TAKEN(A, &p1);
	T_EQ(r.g[A].policy.number, 1);
	T_CHECK(status_says(A, "waiting", "policy 2 "));
	T_CHECK(status_says(A, "rules", "roster 1 policy 1"));
	T_CHECK(!pays(X(4100), 2, 1));
	/* the host's clock alone */
	rig_tick(A, 0);
	r.mono += 2 * wait;
	rig_tick(A, 0);
	T_EQ(r.g[A].policy.number, 1);
	/* and time that the signer did not live through, or has no record of */
	start();
	policy(&p1, X(4500), BOTH);
	TAKEN(A, &p1);
	beats(A, wait / 2);
	r.wall += 2 * wait;
	rig_restart(A);
	beats(A, wait - 60000);
	T_EQ(r.g[A].policy.number, 1);
	beats(A, 120000);
	T_EQ(r.g[A].policy.number, 2);
	T_CHECK(status_says(A, "waiting", "none"));
	adopt(&p1);
	T_CHECK(pays(X(4100), 2, 2));
	rig_restart(A);
	T_EQ(r.g[A].policy.number, 2);
	T_CHECK(pays(X(4100), 2, 3));
	T_CHECK(!pays(X(4600), 2, 4));
}

static void one_cancels(void)
{
	start();
	policy(&p1, X(4500), BOTH);
	TAKEN(A, &p1);
	cancel(&p2, &p1.id);
	TAKEN(A, &p2);
	T_CHECK(status_says(A, "waiting", "none"));
	beats(A, 2 * r.policy.loosening_ms);
	T_EQ(r.g[A].policy.number, 1);
	TAKEN(A, &p1);
	rig_restart(A);
	beats(A, 2 * r.policy.loosening_ms);
	T_EQ(r.g[A].policy.number, 1);
	T_CHECK(!pays(X(4100), 2, 1));
	T_CHECK(pays(X(3900), 2, 2));
}

/* ---- for a while, after a while -------------------------------------------------------------- */

/* As start(), under a first policy by which strangers get 50 and grants may last three hours. */
static void start_strict(void)
{
	rig_make();
	r.policy.unlisted_max = xem(X(50));
	r.policy.destination_cooling_ms = 7200000;
	r.policy.grant_life_max_ms = 3 * 3600000;
	rig_documents_write();
	for (int s = A; s <= B; s++) {
		r.journal_n[s] = 0; /* never started */
		rig_guard(s);
	}
	rig_well(A);
	rig_well(B);
}

/* To the rig's customer, from now on for so long. */
static void grant(struct paper *p, uint64_t up_to, uint64_t life_ms, unsigned by)
{
	struct doc_grant g = { .from_ms = r.wall,
			       .genesis = r.genesis_id,
			       .reason = "a new office",
			       .until_ms = r.wall + life_ms,
			       .up_to = xem(up_to) };

	rig_withdrawal(X(1), 0, 200);
	g.destination = r.request.destination;
	paper(p, DOC_GRANT, &g, by);
}

static void grants_wait_and_end(void)
{
	const uint64_t hour = 3600000;

	start_strict();
	T_CHECK(!pays(X(60), 0, 1));
	grant(&p1, X(80), 3 * hour, ONE);
	REFUSED(put(A, STOPPER, &p1), "approvals-missing", "grant.signatures");
	grant(&p1, X(80), 3 * hour, BOTH);
	TAKEN(A, &p1);
	T_CHECK(status_says(A, "waiting", "grant "));
	T_CHECK(!pays(X(60), 0, 2));
	beats(A, hour - 120000);
	T_CHECK(!pays(X(60), 0, 3));
	beats(A, 180000);
	T_CHECK(status_says(A, "waiting", " runs, "));
	T_CHECK(pays(X(60), 0, 4));
	T_CHECK(!pays(X(81), 0, 5));
	rig_restart(A);
	T_CHECK(pays(X(60), 0, 6));
	/* over; a host clock set back, a restart and the same document again bring nothing back */
	beats(A, 2 * hour);
	T_CHECK(status_says(A, "waiting", "none"));
	T_CHECK(!pays(X(60), 0, 7));
	r.wall -= 300000;
	rig_restart(A);
	TAKEN(A, &p1);
	T_CHECK(status_says(A, "waiting", "none"));
	T_CHECK(!pays(X(60), 0, 8));
	T_CHECK(pays(X(40), 0, 9));
}

/* Each is told of when it begins and when it ends, and the other is not told of with it. */
static void grants_are_told_of(void)
{
	const uint64_t hour = 3600000;

	start_strict();
	grant(&p1, X(80), 3 * hour, BOTH);
	TAKEN(A, &p1);
	beats(A, hour / 2);
	grant(&p2, X(70), 3 * hour, BOTH);
	TAKEN(A, &p2);
	r.heed = "unusual grant state=\"in force\"";
	beats(A, hour / 2 - 120000);
	T_EQ(r.heeded, 0);
	beats(A, 180000);
	T_EQ(r.heeded, 1);
	beats(A, hour / 2);
	T_EQ(r.heeded, 2);
	/* a start tells nobody again */
	rig_restart(A);
	T_EQ(r.heeded, 2);
	r.heed = "unusual grant state=\"past\"";
	r.heeded = 0;
	beats(A, 3 * hour / 2);
	T_EQ(r.heeded, 1);
	beats(A, hour / 2 + 60000);
	T_EQ(r.heeded, 2);
}

/* Down for an hour, its own clock has waited when the grant has long ended: it never runs. */
static void grants_over_before_they_run(void)
{
	const uint64_t hour = 3600000;
	const struct control_entry *e = &r.g[A].control.entries[0];

	start_strict();
	grant(&p1, X(80), 3 * hour / 2, BOTH);
	TAKEN(A, &p1);
	r.wall += hour;
	rig_restart(A);
	beats(A, hour - 120000);
	T_EQ(e->state, CONTROL_WAITS);
	rig_tick(A, 180000);
	(void)rig_beat(A, 0);
	(void)rig_beat(A, 1);
	T_EQ(e->state, CONTROL_WAITS);
	rig_tick(A, 0);
	T_EQ(e->state, CONTROL_PAST);
	T_CHECK(status_says(A, "waiting", "none"));
	T_CHECK(!pays(X(60), 0, 1));
	/* nor after a restart with a clock that was set back */
	r.wall -= hour;
	rig_restart(A);
	T_EQ(e->state, CONTROL_PAST);
	TAKEN(A, &p1);
	T_CHECK(status_says(A, "waiting", "none"));
}

/* Longer than the policy allows: known everywhere, and raises nothing. */
static void grants_too_long(void)
{
	start_strict();
	grant(&p1, X(80), 3 * 3600000 + 1, BOTH);
	TAKEN(A, &p1);
	beats(A, 3600000 + 60000);
	T_CHECK(status_says(A, "waiting", " runs, "));
	T_CHECK(!pays(X(60), 0, 1));
}

static void grants_are_cancelled(void)
{
	uint64_t id;

	/* while it waits */
	start_strict();
	grant(&p1, X(80), 3 * 3600000, BOTH);
	TAKEN(A, &p1);
	cancel(&p2, &p1.id);
	TAKEN(A, &p2);
	beats(A, 3600000 + 60000);
	T_CHECK(!pays(X(60), 0, 1));
	/* while it runs: what was attested under it and has not left is judged again */
	start_strict();
	grant(&p1, X(80), 3 * 3600000, BOTH);
	TAKEN(A, &p1);
	beats(A, 3600000 + 60000);
	rig_well(A);
	rig_withdrawal(X(60), 0, 2);
	id = rig_sign();
	T_STR(rig_code(id), "");
	cancel(&p2, &p1.id);
	TAKEN(A, &p2);
	REFUSED(id, "stale", "policy");
	rig_acks(A);
	T_EQ(r.g[A].signatures_released, 0);
	rig_well(A);
	REFUSED(rig_sign(), "over-cap", "policy.unlisted_max");
	rig_restart(A);
	rig_well(A);
	REFUSED(rig_sign(), "over-cap", "policy.unlisted_max");
	T_CHECK(pays(X(40), 0, 3));
}

static void listed_since(void)
{
	const uint64_t hour = 3600000;

	start_strict();
	rig_withdrawal(X(1), 0, 200);
	policy(&p1, X(4000), BOTH);
	next.unlisted_max = r.policy.unlisted_max;
	next.destination_count = 1;
	next.destinations[0].address = r.request.destination;
	(void)snprintf(next.destinations[0].name, sizeof next.destinations[0].name, "office");
	paper(&p1, DOC_POLICY, &next, BOTH);
	TAKEN(A, &p1);
	beats(A, hour + 60000);
	T_EQ(r.g[A].policy.number, 2);
	adopt(&p1);
	rig_well(A);
	rig_withdrawal(X(60), 0, 1);
	REFUSED(rig_sign(), "waiting", "policy.destination_cooling_ms");
	/* the host's clock alone brings nothing forward, nor does a restart; a tighter policy that
	 * lists it too takes nothing back */
	beats(A, hour);
	policy(&p2, X(3999), BOTH);
	next.unlisted_max = r.policy.unlisted_max;
	paper(&p2, DOC_POLICY, &next, BOTH);
	TAKEN(A, &p2);
	T_EQ(r.g[A].policy.number, 3);
	adopt(&p2);
	rig_restart(A);
	T_CHECK(!pays(X(60), 0, 2));
	beats(A, hour - 120000);
	T_CHECK(!pays(X(60), 0, 3));
	beats(A, 180000);
	T_CHECK(pays(X(60), 0, 4));
	rig_restart(A);
	T_CHECK(pays(X(60), 0, 5));
}

/* The order at hand, of the same request, as a server makes it anew: another id. */
static void order_anew(void)
{
	r.order.expires_ms++;
}

/* A person's no that the server did not bring: the order is never signed, whoever asks, and when.
 */
static void a_no(void)
{
	static struct rig_bodies b;
	uint64_t id;

	start();
	/* before the order is asked for: by its id, then by its request's */
	rig_withdrawal(X(10), 0, 1);
	rig_encode(&b);
	cancel(&p1, &r.order_id);
	TAKEN(A, &p1);
	rig_well(A);
	REFUSED(rig_sign(), "approval-denied", "approvals");
	/* the same request by another order is another order */
	order_anew();
	id = rig_sign();
	T_STR(rig_code(id), "");
	rig_withdrawal(X(500), 1, 2);
	rig_encode(&b);
	cancel(&p1, &r.request_id);
	TAKEN(A, &p1);
	rig_well(A);
	REFUSED(rig_sign(), "approval-denied", "approvals");
	order_anew();
	REFUSED(rig_sign(), "approval-denied", "approvals");
	/* while it waits for watchers: it never leaves, asked again or acknowledged late */
	rig_withdrawal(X(10), 0, 3);
	id = rig_sign();
	T_STR(rig_code(id), "");
	cancel(&p1, &r.order_id);
	T_CHECK(receipted(put(A, WATCHER + 1, &p1), &p1));
	REFUSED(id, "approval-denied", "approvals");
	rig_acks(A);
	rig_well(A);
	REFUSED(rig_sign(), "approval-denied", "approvals");
	rig_restart(A);
	rig_well(A);
	REFUSED(rig_sign(), "approval-denied", "approvals");
	T_EQ(r.g[A].signatures_released, 0);
	/* what nobody said no to is paid; and B hears it for himself */
	T_CHECK(pays(X(10), 0, 4));
	rig_withdrawal(X(11), 0, 5);
	id = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(id));
	cancel(&p1, &r.order_id);
	TAKEN(B, &p1);
	rig_well(B);
	REFUSED(rig_sign_b(rig_answer(id)), "approval-denied", "approvals");
}

/* Who has said no as often as he may does not keep others from it, nor anybody from a freeze. */
static void noes_have_room(void)
{
	struct doc_cancel x;

	start();
	for (unsigned i = 0; i <= CONTROL_IDLE_EACH_MAX; i++) {
		struct hash32 id = { { 7, (uint8_t)i, (uint8_t)(i >> 8) } };

		cancel(&p1, &id);
		if (i < CONTROL_IDLE_EACH_MAX) {
			TAKEN(A, &p1);
		}
	}
	REFUSED(put(A, STOPPER, &p1), "full", "cancel.document");
	x = (struct doc_cancel){ .genesis = r.genesis_id, .person = "approver-2" };
	paper(&p1, DOC_CANCEL, &x, 1u << 3);
	TAKEN(A, &p1);
	freeze(&p1, 1);
	TAKEN(A, &p1);
	T_CHECK(guard_frozen(&r.g[A]));
}

static void forks_lock(void)
{
	start();
	policy(&p1, X(50), BOTH);
	policy(&p2, X(60), BOTH);
	TAKEN(A, &p1);
	TAKEN(A, &p2);
	T_CHECK(guard_locked(&r.g[A]) && !guard_frozen(&r.g[A]));
	adopt(&p1);
	next.payment_max = xem(X(50));
	r.policy = next;
	r.policy_id = p1.id;
	rig_well(A);
	rig_withdrawal(X(10), 0, 1);
	REFUSED(rig_sign(), "locked", "");
	rig_restart(A);
	T_CHECK(guard_locked(&r.g[A]));
	cancel(&p3, &p2.id);
	TAKEN(A, &p3);
	T_CHECK(guard_locked(&r.g[A]));
	resume(&p3, &p2.id, ONE);
	REFUSED(put(A, STOPPER, &p3), "approvals-missing", "resume.signatures");
	resume(&p3, &p2.id, BOTH);
	TAKEN(A, &p3);
	T_CHECK(!guard_locked(&r.g[A]));
	T_CHECK(pays(X(10), 0, 2));
}

/* A roster without the first watcher: acknowledgements and words move with the others. */
static void watchers_move(void)
{
	struct doc_roster x;
	struct hash32 newest;
	uint64_t id;

	start();
	rig_withdrawal(X(10), 0, 1);
	id = rig_sign();
	newest = rig_newest(A);
	(void)rig_ack(A, 2, &newest);
	T_EQ(r.payments[A][0].acked, 4);
	x = r.roster;
	x.number = 2;
	x.previous = r.roster_id;
	x.watchers[0] = x.watchers[1];
	x.watchers[1] = x.watchers[2];
	x.watcher_count = 2;
	paper(&p1, DOC_ROSTER, &x, BOTH);
	TAKEN(A, &p1);
	/* fewer eyes are no safer: that waits */
	T_EQ(r.g[A].roster.number, 1);
	beats(A, r.policy.loosening_ms + 60000);
	T_EQ(r.g[A].roster.number, 2);
	REFUSED(id, "stale", "policy");
	T_EQ(r.payments[A][0].acked, 2);
	rig_restart(A);
	T_EQ(r.payments[A][0].acked, 2);
	T_EQ(r.g[A].roster.watcher_count, 2);
	T_STR(rig_code(rig_frame(A, WATCHER + 2, SIGNER_SYNC, bytes_of(NULL, 0))),
	      "not-for-this-path");
}

/* Cold holders name other people: that waits, and then the lost officers are no more. */
static void holders_recover(void)
{
	const uint8_t *secrets[3];
	struct doc_roster x;

	rig_make();
	r.roster.holder_count = 3;
	for (size_t i = 0; i < 3; i++) {
		secrets[i] = r.source[i].secret;
		(void)snprintf(r.roster.holders[i].id, sizeof r.roster.holders[i].id, "holder-%zu",
			       i);
		r.roster.holders[i].key = r.source[i].key;
	}
	rig_documents_write();
	for (int s = A; s <= B; s++) {
		r.journal_n[s] = 0; /* never started */
		rig_guard(s);
	}
	rig_well(A);
	x = r.roster;
	x.number = 2;
	x.previous = r.roster_id;
	x.recovery = true;
	x.people[0].key = r.stranger.key;
	paper_make(&p1, DOC_ROSTER, &x, &r.genesis_id, secrets, 2);
	REFUSED(put(A, STOPPER, &p1), "approvals-missing", "roster.signatures");
	paper(&p1, DOC_ROSTER, &x, BOTH);
	REFUSED(put(A, STOPPER, &p1), "approvals-missing", "roster.signatures");
	paper_make(&p1, DOC_ROSTER, &x, &r.genesis_id, secrets, 3);
	TAKEN(A, &p1);
	T_EQ(r.g[A].roster.number, 1);
	T_CHECK(pays(X(10), 0, 1));
	beats(A, r.policy.loosening_ms + 60000);
	T_EQ(r.g[A].roster.number, 2);
	rig_restart(A);
	T_EQ(r.g[A].roster.number, 2);
	T_CHECK(key32_eq(&r.g[A].roster.people[0].key, &r.stranger.key));
}

/* ---- room and crashes ------------------------------------------------------------------------ */

/* A full journal takes freezes when it takes nothing that lifts them. */
static void full_journal(void)
{
	start();
	r.journal_bytes = r.journal_n[A] + GUARD_HEADROOM_BYTES / 4;
	rig_restart(A);
	freeze(&p1, 1);
	TAKEN(A, &p1);
	resume(&p2, &p1.id, BOTH);
	REFUSED(put(A, STOPPER, &p2), "full", "journal");
	policy(&p3, X(50), BOTH);
	REFUSED(put(A, STOPPER, &p3), "full", "journal");
	T_CHECK(guard_frozen(&r.g[A]));
	T_EQ(r.g[A].policy.number, 1);
	rig_restart(A);
	T_CHECK(guard_frozen(&r.g[A]));
}

/*
 * Killed behind each effect of taking each of them: afterwards it holds the document, or was never
 * heard of it; a receipt or a signature never comes from one that does not.
 */
static void killed(void)
{
	for (int fuse = 0; fuse < 6; fuse++) {
		for (int what = 0; what < 4; what++) {
			uint64_t id;
			size_t n;
			bool held;

			start();
			rig_withdrawal(X(10), 0, 1);
			(void)rig_sign();
			freeze(&p1, 1);
			resume(&p2, &p1.id, BOTH);
			policy(&p3, X(50), BOTH);
			if (what == 1 || what == 2) {
				TAKEN(A, &p1);
			}
			r.fuse = fuse;
			n = r.g[A].control.n;
			id = put(A, STOPPER,
				 what == 0   ? &p1
				 : what == 1 ? &p2
				 : what == 2 ? &p3
					     : &p3);
			held = rig_answer(id) != NULL;
			rig_restart(A);
			T_CHECK(!held || r.g[A].control.n == n + 1);
			T_CHECK(r.g[A].control.n == n || r.g[A].control.n == n + 1);
			T_EQ(guard_frozen(&r.g[A]), what == 0   ? r.g[A].control.n == 1
						    : what == 1 ? r.g[A].control.n == 1
								: what == 2);
			T_EQ(r.g[A].policy.number, what >= 2 && r.g[A].control.n > n ? 2 : 1);
			T_EQ(r.g[A].signatures_released, 0);
		}
	}
}

/* Others' nonsense in the place of a control document. */
static void nonsense(void)
{
	struct doc_ack ack = { .genesis = r.genesis_id, .watcher = "watcher-1" };

	start();
	ack.genesis = r.genesis_id;
	paper(&p1, DOC_ACK, &ack, ONE);
	REFUSED(put(A, STOPPER, &p1), "unknown-type", "ack.type");
	freeze(&p1, 1);
	for (size_t cut = 1; cut < p1.n; cut += 7) {
		struct paper less = p1;

		less.n -= cut;
		T_CHECK(!receipted(put(A, STOPPER, &less), &p1));
	}
	resume(&p2, &p1.id, BOTH);
	for (size_t i = 0; i < p2.n; i++) {
		struct paper other = p2;

		other.raw[i] ^= 1;
		T_CHECK(!receipted(put(A, STOPPER, &other), &p2));
	}
	T_EQ(r.g[A].control.n, 0);
	/* a journal with a document that could not have been taken is not ours */
	T_EQ(guard_stop_replay(&r.g[A], &(struct log_record){ .time_ms = r.wall },
			       &(struct guard_place){ .sequence = 1000 },
			       bytes_of(p1.raw, p1.n - 1)),
	     ERR_CORRUPT);
	resume(&p2, &p1.id, ONE);
	T_EQ(guard_stop_replay(&r.g[A], &(struct log_record){ .time_ms = r.wall },
			       &(struct guard_place){ .sequence = 1000 }, bytes_of(p2.raw, p2.n)),
	     ERR_CORRUPT);
	T_EQ(guard_stop_replay_rules(&r.g[A], &(struct log_record){ .time_ms = r.wall }),
	     ERR_CORRUPT);
}

/* What was attested under an older roster is judged by the one in force before it leaves again. */
static void signed_under_another_roster(void)
{
	struct doc_roster x;
	uint64_t id;

	start();
	T_CHECK(pays(X(10), 0, 1));
	x = r.roster;
	x.number = 2;
	x.previous = r.roster_id;
	x.people_count--; /* the auditor leaves */
	paper(&p1, DOC_ROSTER, &x, BOTH);
	TAKEN(A, &p1);
	T_EQ(r.g[A].roster.number, 2);
	r.roster_id = p1.id;
	rig_well(A);
	id = rig_sign();
	T_CHECK(rig_signed(id));
	T_EQ(r.g[A].payments_n, 1);
	T_EQ(r.payments[A][0].roster, 0);
	T_EQ(r.g[A].signatures_released, 2);
}

/* B takes A's word under rules that were in force once, and not under those that wait. */
static void a_judged_by_other_rules(void)
{
	uint64_t a;
	uint64_t b;

	start();
	rig_well(B);
	rig_withdrawal(X(20), 0, 1);
	a = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(a));
	policy(&p1, X(30), BOTH);
	TAKEN(B, &p1);
	T_EQ(r.g[B].policy.number, 2);
	adopt(&p1);
	rig_well(B);
	b = rig_sign_b(rig_answer(a));
	T_STR(rig_code(b), "");
	rig_acks(B);
	T_CHECK(rig_signed(b));
	/* A lives under a policy already that B has not heard of */
	policy(&p2, X(25), BOTH);
	TAKEN(A, &p1);
	TAKEN(A, &p2);
	T_EQ(r.g[A].policy.number, 3);
	adopt(&p2);
	rig_well(A);
	rig_withdrawal(X(21), 0, 2);
	a = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(a));
	r.policy_id = p1.id; /* B's watchers, as B */
	rig_well(B);
	REFUSED(rig_sign_b(rig_answer(a)), "stale", "attestation.policy");
	TAKEN(B, &p2);
	r.policy_id = p2.id;
	rig_well(B);
	b = rig_sign_b(rig_answer(a));
	rig_acks(B);
	T_CHECK(rig_signed(b));
}

/* Another name, or another key under a name that stays, is another watcher. */
static void watchers_replaced(void)
{
	for (unsigned what = 0; what < 2; what++) {
		struct doc_roster x;
		struct hash32 newest;

		start();
		rig_withdrawal(X(10), 0, 1);
		(void)rig_sign();
		newest = rig_newest(A);
		(void)rig_ack(A, 1, &newest);
		T_EQ(r.payments[A][0].acked, 2);
		x = r.roster;
		x.number = 2;
		x.previous = r.roster_id;
		if (what == 0) {
			(void)snprintf(x.watchers[1].id, sizeof x.watchers[1].id, "watcher-2b");
		} else {
			x.watchers[1].key = r.stranger.key;
		}
		paper(&p1, DOC_ROSTER, &x, BOTH);
		TAKEN(A, &p1);
		beats(A, r.policy.loosening_ms + 60000);
		T_EQ(r.g[A].roster.number, 2);
		T_EQ(r.payments[A][0].acked, 0);
		rig_restart(A);
		T_EQ(r.payments[A][0].acked, 0);
	}
}

/* New rules drop the payments that wait; an evacuation goes on. */
static void rules_and_a_sweep(void)
{
	static uint8_t raw[4096];
	static uint8_t body[65536];
	struct writer w = writer_make(raw, sizeof raw);
	struct writer b = writer_make(body, sizeof body);
	struct money balance = xem(X(5000));
	struct doc_freeze f;
	struct doc_sweep sweep;
	struct bytes items[3];
	struct hash32 subject;
	uint32_t chain_s = 0;
	uint64_t id;

	start();
	f = rig_freeze("officer-1", 1);
	f.evacuate = true;
	paper(&p1, DOC_FREEZE, &f, ONE);
	f = rig_freeze("officer-2", 2);
	f.evacuate = true;
	paper(&p2, DOC_FREEZE, &f, 2u);
	CHECK(nem_time_from_unix_ms(&chain_s, r.wall) == ERR_OK);
	CHECK(attempt_sweep_make(&sweep, &r.genesis, &r.policy, &r.genesis_id, &r.till.public_key,
				 &balance, chain_s) == ERR_OK);
	CHECK(doc_sweep_make(&w, NULL, &sweep, NULL) == ERR_OK);
	items[0] = bytes_of(w.p, w.n);
	items[1] = bytes_of(p1.raw, p1.n);
	items[2] = bytes_of(p2.raw, p2.n);
	id = rig_frame(A, WATCHER, SIGNER_SWEEP, rig_body(&b, items, 3));
	T_EQ(rig_answers(id), 0);
	policy(&p3, X(50), BOTH);
	TAKEN(A, &p3);
	T_EQ(r.g[A].policy.number, 2);
	T_EQ(rig_answers(id), 0);
	/* nor does anybody's no stop what brings coins home */
	subject = rig_attested(A, 0).t.subject;
	cancel(&p3, &subject);
	TAKEN(A, &p3);
	T_EQ(rig_answers(id), 0);
	rig_acks(A);
	T_CHECK(rig_signed(id));
}

/* The bug that ./sim must find is one: with it planted a restart forgets what was lifted. */
static void planted(void)
{
	start();
	freeze(&p1, 1);
	resume(&p2, &p1.id, BOTH);
	TAKEN(A, &p1);
	TAKEN(A, &p2);
	rig_restart(A);
	T_CHECK(!guard_frozen(&r.g[A]));
	r.planted = GUARD_PLANT_FORGET_RESUME;
	rig_restart(A);
	T_CHECK(guard_frozen(&r.g[A]));
}

/* Those that the walk of test_guard_explore.c must find, of a roster with other watchers. */
static void planted_rotation(void)
{
	struct hash32 newest;
	struct doc_roster x;
	uint64_t id;

	start();
	r.planted = GUARD_PLANT_ACKS_STAY | GUARD_PLANT_RULES_LATE;
	rig_restart(A);
	rig_well(A);
	rig_withdrawal(X(10), 0, 1);
	id = rig_sign();
	newest = rig_newest(A);
	(void)rig_ack(A, 2, &newest);
	x = r.roster;
	x.number = 2;
	x.previous = r.roster_id;
	x.watchers[2].key = r.stranger.key;
	paper(&p1, DOC_ROSTER, &x, BOTH);
	TAKEN(A, &p1);
	beats(A, r.policy.loosening_ms + 60000);
	T_EQ(r.g[A].roster.number, 2);
	T_EQ(rig_answers(id), 0);
	T_EQ(r.payments[A][0].acked, 4);
	r.planted = GUARD_PLANT_FORGET_RULES;
	rig_restart(A);
	T_EQ(r.g[A].roster.number, 1);
	r.planted = 0;
	rig_restart(A);
	T_EQ(r.g[A].roster.number, 2);
	T_EQ(r.payments[A][0].acked, 0);
}

/* Without room for the record that says so, nothing looser comes into force. */
static void no_room_for_rules(void)
{
	start();
	policy(&p1, X(4500), BOTH);
	TAKEN(A, &p1);
	r.g[A].config.journal_bytes = r.g[A].journal_used + GUARD_HEADROOM_BYTES / 4;
	beats(A, r.policy.loosening_ms + 60000);
	T_EQ(r.g[A].policy.number, 1);
	r.g[A].config.journal_bytes = 0;
	beats(A, 60000);
	T_EQ(r.g[A].policy.number, 2);
}

/* The answer to this STOP_GET is the newest n documents that are kept, in their order; fewer: 0. */
static size_t told(uint64_t id)
{
	const struct rig_sent *sent = rig_answer(id);
	const struct control *c = &r.g[A].control;
	size_t n = 0;
	size_t at = c->n;
	struct doc d;

	while (n < FRAME_ITEMS_MAX && rig_item(sent, n).n > 0) {
		n++;
	}
	for (size_t i = n; i-- > 0;) {
		do {
			if (at-- == 0) {
				return 0;
			}
		} while (c->entries[at].n == 0);
		if ((unsigned)rig_type(rig_item(sent, i), &d) == 0 ||
		    !hash32_eq(&d.id, &c->entries[at].id)) {
			return 0;
		}
	}
	return n;
}

static uint64_t get(void)
{
	return rig_frame(A, STOPPER, SIGNER_STOP_GET, bytes_of(NULL, 0));
}

/* One answer holds so many documents and so many bytes: the newest. */
static void what_is_told(void)
{
	static const char *const people[] = { "officer-1", "officer-2", "approver-1",
					      "approver-2" };

	enum { RESUMES = 8 };
	struct doc_freeze f;
	char name[16];

	start();
	/* an id that a resume named, and whose freeze never came, has no bytes to tell */
	for (uint8_t i = 1; i <= RESUMES; i++) {
		freeze(&p1, (uint8_t)(100 - i));
		resume(&p2, &p1.id, BOTH);
		TAKEN(A, &p2);
		T_EQ(r.g[A].control.n, (size_t)2 * i);
		T_EQ(told(get()), i);
	}
	/* more documents than items: cancels, then freezes of all who may */
	for (uint8_t i = 0; i < 8; i++) {
		for (unsigned k = 0; k < 4; k++) {
			struct doc_cancel x = { .document = { { 9, i, (uint8_t)k } } };

			x.genesis = r.genesis_id;
			(void)snprintf(x.person, sizeof x.person, "%s", people[k]);
			paper(&p3, DOC_CANCEL, &x, 1u << k);
			TAKEN(A, &p3);
		}
	}
	T_EQ(told(get()), RESUMES + 4 * 8);
	for (uint8_t i = 0; i < CONTROL_BIND_EACH_MAX - 1; i++) {
		for (unsigned k = 0; k < 2; k++) {
			f = rig_freeze(people[k], i);
			paper(&p3, DOC_FREEZE, &f, 1u << k);
			TAKEN(A, &p3);
		}
		for (unsigned k = 0; k < 3; k++) {
			(void)snprintf(name, sizeof name, "watcher-%u", k + 1);
			f = rig_freeze(name, i);
			T_STR(rig_code(rig_stop(A, STOPPER, &f, &r.watcher[k])), "");
		}
	}
	T_CHECK(r.g[A].control.n > FRAME_ITEMS_MAX + 1);
	T_EQ(told(get()), FRAME_ITEMS_MAX);
	/* more bytes than one answer */
	start();
	for (uint8_t i = 0; i < CONTROL_BIND_EACH_MAX - 1; i++) {
		for (unsigned k = 0; k < 2; k++) {
			f = rig_freeze(people[k], i);
			f.evidence_n = sizeof f.evidence;
			paper(&p3, DOC_FREEZE, &f, 1u << k);
			TAKEN(A, &p3);
		}
	}
	{
		size_t n = told(get());

		T_CHECK(n >= FRAME_BODY_MAX / sizeof p3.raw && n < r.g[A].control.n);
		T_CHECK((n + 1) * (FRAME_ITEM_HEADER_BYTES + p3.n) > FRAME_BODY_MAX);
	}
}

/* Documents stand in the journal alone: whoever changes them there changes nothing here. */
static void journal_tampered(void)
{
	const struct control_entry *e;
	uint8_t *byte;
	uint64_t wait;

	start();
	wait = r.policy.loosening_ms;
	freeze(&p2, 1);
	TAKEN(A, &p2);
	policy(&p1, X(4500), BOTH);
	TAKEN(A, &p1);
	resume(&p3, &p2.id, BOTH);
	TAKEN(A, &p3);
	T_EQ(told(get()), 2);
	e = control_find(&r.g[A].control, &p1.id);
	T_CHECK(bytes_eq(bytes_of(r.journal[A] + e->at, e->n), bytes_of(p1.raw, p1.n)));
	/* another document, of the same length and as well signed */
	policy(&p2, X(4501), BOTH);
	CHECK(p2.n == p1.n);
	memcpy(r.journal[A] + e->at, p2.raw, p2.n);
	T_EQ(told(get()), 1);
	r.heed = "broken journal-read";
	r.heeded = 0;
	beats(A, wait + 120000);
	T_EQ(r.g[A].policy.number, 1);
	T_CHECK(status_says(A, "waiting", "policy 2 "));
	/* said once, however often it is looked at */
	T_EQ(r.heeded, 1);
	/* no byte of it may be another */
	memcpy(r.journal[A] + e->at, p1.raw, p1.n);
	byte = r.journal[A] + e->at + p1.n / 3;
	*byte ^= 1;
	beats(A, 60000);
	T_EQ(r.g[A].policy.number, 1);
	*byte ^= 1;
	/* a disk that gives nothing back: what stops and what is signed do not need it */
	r.unreadable = true;
	T_EQ(told(get()), 0);
	{
		const struct policy_time now = { .own_ms = r.wall, .wall_ms = r.wall };
		const struct id128 name = guard_self_short(&p1.id);

		T_CHECK(!control_activate(&r.g[A].control, &name, r.wall, &now));
	}
	beats(A, 60000);
	T_EQ(r.g[A].policy.number, 1);
	T_CHECK(pays(X(10), 0, 1));
	freeze(&p3, 2);
	TAKEN(A, &p3);
	T_CHECK(guard_frozen(&r.g[A]));
	T_CHECK(!pays(X(10), 0, 2));
	/* it comes back: so does what waited */
	r.unreadable = false;
	T_EQ(told(get()), 3);
	beats(A, 60000);
	T_EQ(r.g[A].policy.number, 2);
	T_CHECK(money_units(&r.g[A].policy.payment_max) == X(4500));
	rig_restart(A);
	T_EQ(r.g[A].policy.number, 2);
	T_CHECK(guard_frozen(&r.g[A]));
	T_EQ(told(get()), 3);
}

/* The same rules where the documents are kept in memory. */
static void documents_in_memory(void)
{
	uint64_t wait;

	rig_make();
	r.remembers = true;
	rig_restart(A);
	rig_restart(B);
	rig_well(A);
	rig_well(B);
	wait = r.policy.loosening_ms;
	freeze(&p2, 1);
	TAKEN(A, &p2);
	policy(&p1, X(4500), BOTH);
	TAKEN(A, &p1);
	/* nothing is read back */
	r.unreadable = true;
	T_EQ(told(get()), 2);
	beats(A, wait + 120000);
	T_EQ(r.g[A].policy.number, 2);
	T_EQ(told(get()), 2);
	rig_restart(A);
	T_EQ(r.g[A].policy.number, 2);
	T_CHECK(guard_frozen(&r.g[A]));
	T_EQ(told(get()), 2);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a resume lifts what it names", resume_lifts },
		{ "a payment through freeze and resume", resumed_in_the_middle },
		{ "who was not told differs", who_was_not_told },
		{ "a lifted freeze is no ground", lifted_is_no_ground },
		{ "struck keys count nowhere", struck_keys },
		{ "a watcher is struck", struck_watcher },
		{ "what tightens is in force at once", tightens_at_once },
		{ "what loosens waits", loosens_late },
		{ "one person cancels", one_cancels },
		{ "grants wait, run and end", grants_wait_and_end },
		{ "grants are told of", grants_are_told_of },
		{ "grants that are over before they run", grants_over_before_they_run },
		{ "grants that are too long", grants_too_long },
		{ "one person ends a grant", grants_are_cancelled },
		{ "listed for long enough", listed_since },
		{ "a person's no that the server did not bring", a_no },
		{ "a person who says no too often", noes_have_room },
		{ "a fork locks", forks_lock },
		{ "watchers change places", watchers_move },
		{ "cold holders recover a lost quorum", holders_recover },
		{ "a full journal still takes freezes", full_journal },
		{ "killed behind every effect", killed },
		{ "nonsense", nonsense },
		{ "signed under another roster", signed_under_another_roster },
		{ "what A judged by other rules", a_judged_by_other_rules },
		{ "watchers replaced", watchers_replaced },
		{ "new rules and a sweep", rules_and_a_sweep },
		{ "a forgotten resume, planted", planted },
		{ "planted bugs of a rotation", planted_rotation },
		{ "no room for new rules", no_room_for_rules },
		{ "what is told of many documents", what_is_told },
		{ "documents that changed in the journal", journal_tampered },
		{ "documents in memory", documents_in_memory },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
