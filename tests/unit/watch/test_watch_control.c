/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a watcher forgets nothing that it has called, and cries no second time for what officers
 * have resumed after; it judges each record by the rules that were in force when it was signed, and
 * hands everything that stops, starts and rules to both signers (P5, P13).
 * Method: a real chain with thefts in its blocks; resumes written before and after them; restarts
 * that read the whole chain again; attestations under rules of yesterday, of tomorrow and of
 * nobody.
 */
#include "paper.h"
#include "watch_rig.h"

#define ONE  1u /* officer-1 */
#define BOTH 3u /* the governance of the rig's roster */

static struct paper p1, p2;

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

static enum doc_type put(const struct paper *p)
{
	struct bytes item = bytes_of(p->raw, p->n);

	return reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1));
}

/* Lifts everything that binds here. */
static void resume(struct paper *p, uint64_t time_ms, unsigned by)
{
	struct doc_resume x = { .genesis = r.genesis_id,
				.initiator = "officer-1",
				.nonce = { (uint8_t)++r.ids },
				.scope = DOC_SCOPE_ALL,
				.time_ms = time_ms };

	for (size_t i = 0; i < r.w.control.n; i++) {
		const struct control_entry *e = &r.w.control.entries[r.w.control.sorted[i]];

		if (e->state == CONTROL_BINDS) {
			x.freezes[x.lift_count++].id = e->id;
		}
	}
	paper(p, DOC_RESUME, &x, by);
}

static void policy(struct paper *p, uint64_t payment_max)
{
	struct doc_policy next = r.policy;

	next.number++;
	next.previous = r.policy_id;
	next.payment_max = xem(payment_max);
	next.unlisted_max = xem(payment_max);
	paper(p, DOC_POLICY, &next, BOTH);
}

/* Two keys take from the till, in a block. */
static void theft(uint64_t amount)
{
	struct nem_tx t = tx_transfer(K_TILL, K_THIEF, amount);
	struct nem_inner in = inner_of(&t);
	struct nem_tx w = tx_wrap(K_A, &in, NEM_FEE_MULTISIG_MICRO);

	tx_cosign(&w, K_B);
	mine_given(&w, 1);
	feed_all();
	wait_ms(2000);
}

static void restart(void)
{
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	wait_ms(2000);
}

static void resume_ends_it(void)
{
	rig_up();
	theft(X(10));
	T_EQ(r.w.control.binding, 1);
	T_CHECK(watch_evacuating(&r.w));
	rig_pass(1000);
	resume(&p1, r.wall, ONE);
	T_EQ(put(&p1), DOC_REFUSAL);
	T_CHECK(watch_evacuating(&r.w));
	resume(&p1, r.wall, BOTH);
	T_EQ(put(&p1), DOC_RECEIPT);
	T_EQ(r.w.control.binding, 0);
	T_CHECK(!watch_frozen(&r.w) && !watch_evacuating(&r.w));
	wait_ms(1000);
	/* both signers and the other watcher have it */
	T_EQ(r.signer[A].stop_n, p1.n);
	T_MEM(r.signer[A].stop_raw, p1.raw, p1.n);
	T_MEM(r.signer[B].stop_raw, p1.raw, p1.n);
	T_MEM(r.peer.stop_raw, p1.raw, p1.n);
	/* the chain is read again from its first block: what was lived through is not called again
	 */
	restart();
	T_EQ(r.w.control.binding, 0);
	T_CHECK(!watch_frozen(&r.w) && !watch_evacuating(&r.w));
	restart();
	T_CHECK(!watch_frozen(&r.w));
	/* another theft is another theft */
	theft(X(11));
	T_EQ(r.w.control.binding, 1);
	T_CHECK(watch_evacuating(&r.w));
	/* the old resume does not touch it */
	T_EQ(put(&p1), DOC_RECEIPT);
	T_EQ(r.w.control.binding, 1);
	restart();
	T_EQ(r.w.control.binding, 1);
	T_CHECK(watch_evacuating(&r.w));
}

/* What came after the resume was written is not what its officers looked at. */
static void written_before(void)
{
	uint64_t written;

	rig_up();
	theft(X(10));
	written = r.wall;
	resume(&p1, written, BOTH);
	rig_pass(1000);
	theft(X(11)); /* an alarm: one freeze says enough */
	T_EQ(r.w.control.binding, 1);
	T_EQ(put(&p1), DOC_RECEIPT);
	T_EQ(r.w.control.binding, 1);
	T_CHECK(watch_frozen(&r.w));
	T_EQ(r.w.control.entries[0].state, CONTROL_LIFTED);
	restart();
	T_CHECK(watch_frozen(&r.w));
	resume(&p2, r.wall, BOTH);
	T_EQ(put(&p2), DOC_RECEIPT);
	T_CHECK(!watch_frozen(&r.w));
	restart();
	T_CHECK(!watch_frozen(&r.w));
}

/* A lifted freeze comes back from a signer, a peer or a person: nothing. */
static void lifted_comes_back(void)
{
	static uint8_t raw[16384];
	struct bytes item;
	struct hash32 id;
	size_t n;

	rig_up();
	n = freeze_made(raw, sizeof raw, "officer-1", &r.person[0], false, bytes_of(NULL, 0), 1);
	item = bytes_of(raw, n);
	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	/* who holds a freeze acknowledges nothing */
	pay_new(X(50));
	pay_link();
	id = att_tell(A);
	rig_settle();
	wait_ms(100);
	T_CHECK(!was_acked(A, &id));
	resume(&p1, r.wall, BOTH);
	T_EQ(put(&p1), DOC_RECEIPT);
	T_EQ(reply_type(ask(ROLE_PEER, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	T_EQ(reply_type(ask(ROLE_SERVER, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	T_CHECK(!watch_frozen(&r.w));
	restart();
	T_EQ(reply_type(ask(ROLE_PEER, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	T_CHECK(!watch_frozen(&r.w));
	(void)pay_whole(X(51));
	T_CHECK(r.w.acks >= 2);
}

/* ---- by which rules ------------------------------------------------------------------------- */

static void rules_of_then(void)
{
	struct hash32 old = { { 0 } };
	struct hash32 id;

	rig_up();
	old = r.policy_id;
	policy(&p1, X(40));
	T_EQ(put(&p1), DOC_RECEIPT);
	T_EQ(r.w.policy.number, 2);
	T_MEM(&r.w.policy_id, &p1.id, 32);
	/* signed under the old one when it was over there already, or not yet: the clocks allow
	 * that */
	pay_new(X(50));
	pay_link();
	id = att_tell(A);
	rig_settle();
	wait_ms(100);
	T_CHECK(was_acked(A, &id));
	T_CHECK(!watch_frozen(&r.w));
	/* by the new one it is too much */
	r.policy_id = p1.id;
	pay_new(X(50));
	pay_link();
	id = att_tell(A);
	rig_settle();
	wait_ms(100);
	T_CHECK(!was_acked(A, &id));
	T_CHECK(watch_frozen(&r.w));
	/* long after it was over nothing is signed by it any more */
	rig_up();
	policy(&p1, X(40));
	T_EQ(put(&p1), DOC_RECEIPT);
	r.policy_id = old;
	rig_pass(r.policy.clock_skew_ms + 60000);
	mine(PUBLIC);
	mine(CLEAN);
	feed_all();
	pay_new(X(20));
	pay_link();
	id = att_tell(A);
	rig_settle();
	wait_ms(100);
	T_CHECK(!was_acked(A, &id));
	T_CHECK(watch_frozen(&r.w));
}

static void rules_of_nobody(void)
{
	struct hash32 id;

	rig_up();
	pay_new(X(20));
	pay_link();
	r.policy_id.b[0] ^= 1;
	id = att_tell(A);
	rig_settle();
	wait_ms(200);
	T_CHECK(!was_acked(A, &id));
	T_CHECK(!watch_frozen(&r.w)); /* the signer may be ahead of us */
	T_EQ(r.w.not_acked, 1);
	/* not for ever */
	rig_pass(WATCH_EXCLUSION_OLD_MS);
	wait_ms(200);
	T_CHECK(watch_frozen(&r.w));
}

static void waits_and_is_cancelled(void)
{
	struct doc_cancel x = { .genesis = r.genesis_id, .person = "approver-2" };
	struct hash32 id;

	rig_up();
	policy(&p1, X(4500));
	T_EQ(put(&p1), DOC_RECEIPT);
	T_EQ(r.w.policy.number, 1);
	wait_ms(500);
	T_MEM(r.signer[A].stop_raw, p1.raw, p1.n);
	/* a signer that is ahead of us is not called a thief, one that does not wait gets no word
	 */
	r.policy_id = p1.id;
	r.approvals = 0;
	pay_new(X(20));
	pay_link();
	id = att_tell(A);
	rig_settle();
	wait_ms(100);
	T_CHECK(!was_acked(A, &id) && !watch_frozen(&r.w));
	x.genesis = r.genesis_id;
	x.document = p1.id;
	paper(&p2, DOC_CANCEL, &x, ONE);
	T_EQ(put(&p2), DOC_REFUSAL);
	paper(&p2, DOC_CANCEL, &x, 1u << 3);
	T_EQ(put(&p2), DOC_RECEIPT);
	rig_pass(2 * r.policy.loosening_ms);
	mine(PUBLIC);
	mine(CLEAN);
	feed_all();
	wait_ms(200);
	T_EQ(r.w.policy.number, 1);
	restart();
	T_EQ(r.w.policy.number, 1);
	/* and the signer that went on by what was cancelled has been stopped since */
	T_EQ(r.w.control.n, 3);
	T_EQ(r.w.control.binding, 1);
}

static void comes_into_force(void)
{
	rig_up();
	policy(&p1, X(4500));
	T_EQ(put(&p1), DOC_RECEIPT);
	/* the host's clock alone */
	rig_pass(2 * r.policy.loosening_ms);
	wait_ms(100);
	T_EQ(r.w.policy.number, 1);
	mine(PUBLIC);
	mine(CLEAN);
	feed_all();
	wait_ms(200);
	T_EQ(r.w.policy.number, 2);
	T_MEM(&r.signer[A].heartbeat.roster, &r.roster_id, 32);
	restart();
	T_EQ(r.w.policy.number, 2);
	/* a record of before is judged by what was in force before */
	T_CHECK(hash32_eq(control_policy_id(&r.w.control, 0), &r.policy_id));
	T_CHECK(r.w.control.first_policy_end_ms > 0);
}

static void forks(void)
{
	struct hash32 id;

	rig_up();
	policy(&p1, X(40));
	policy(&p2, X(41));
	T_EQ(put(&p1), DOC_RECEIPT);
	T_EQ(put(&p2), DOC_RECEIPT);
	T_CHECK(watch_frozen(&r.w));
	T_EQ(r.w.control.binding, 0);
	pay_new(X(20));
	pay_link();
	id = att_tell(A);
	rig_settle();
	wait_ms(100);
	T_CHECK(!was_acked(A, &id));
	restart();
	T_CHECK(watch_frozen(&r.w));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a resume ends it, once", resume_ends_it },
		{ "written before the theft", written_before },
		{ "a lifted freeze comes back", lifted_comes_back },
		{ "the rules of then", rules_of_then },
		{ "the rules of nobody", rules_of_nobody },
		{ "what waits is cancelled", waits_and_is_cancelled },
		{ "what has waited comes into force", comes_into_force },
		{ "a fork stops", forks },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
