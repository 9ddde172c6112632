/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a watcher forgets nothing that it has called, and cries no second time for what officers
 * have resumed after; it judges each record by the rules that were in force when it was signed, and
 * hands everything that stops, starts and rules to both signers (P5, P13).
 * Method: a real chain with thefts in its blocks; resumes written before and after them; restarts
 * that read the whole chain again; attestations under rules of yesterday, of tomorrow and of
 * nobody.
 */
#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "ipc/frame.h"
#include "paper.h"
#include "t.h"
#include "watch_rig.h"

#define ONE  1u /* officer-1 */
#define BOTH 3u /* the governance of the rig's roster */

enum { WORDS_MS = 1500 }; /* long enough to ask the other watchers once more */

static struct paper p1, p2, p3;

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

/* The last item of what another watcher is answered. */
static enum doc_type asks_word(const struct paper *p)
{
	struct bytes item = bytes_of(p->raw, p->n);
	const struct queued *q = ask(ROLE_PEER, WATCHER_STOP_PUT, &item, 1);
	struct bytes items[2];
	struct doc_maturity said;
	struct doc d;
	size_t n = 0;

	CHECK(frame_items_all(bytes_of(q->body, q->n), items, 2, &n) == ERR_OK && n > 0);
	CHECK(doc_open(&d, items[n - 1], &r.genesis_id, NULL) == ERR_OK);
	if (d.type == DOC_MATURITY) {
		CHECK(doc_maturity_read(&d, &said, NULL) == ERR_OK);
		CHECK(hash32_eq(&said.document, &p->id) && strcmp(said.watcher, "w1") == 0);
		CHECK(doc_signed_by(&d, &r.watcher[0].key));
	}
	return d.type;
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

static struct hash32 attests(int signer, uint64_t amount)
{
	struct hash32 id;

	pay_new(amount);
	pay_link();
	id = att_tell(signer);
	rig_settle();
	return id;
}

static void freeze(uint8_t *raw, size_t cap, uint8_t nonce)
{
	struct bytes item = { raw, freeze_made(raw, cap, "officer-1", &r.person[0], false,
					       bytes_of(NULL, 0), nonce) };

	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	T_CHECK(watch_frozen(&r.w));
}

/*
 * What no word was given on because a freeze was held gets it when that is lifted, on the same
 * link: the signer has told it, and does not tell it again.
 */
static void acknowledged_when_lifted(void)
{
	static uint8_t raw[2][16384];
	struct doc_cancel x = { .person = "approver-2" };
	struct hash32 before, a, b, refused;

	rig_up();
	before = attests(A, X(50));
	T_CHECK(was_acked(A, &before));
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	r.signer[A].acks = 0;
	freeze(raw[0], sizeof raw[0], 1);
	resume(&p1, r.wall, BOTH);
	link_open(CH_A, WATCH_ROLE_SIGNER_A);
	a = attests(A, X(51));
	b = attests(B, X(52));
	refused = attests(A, X(53));
	x.genesis = r.genesis_id;
	x.document = r.attempt.order;
	paper(&p3, DOC_CANCEL, &x, 1u << 3);
	T_EQ(put(&p3), DOC_RECEIPT);
	wait_ms(200);
	T_EQ(r.signer[A].acks + r.signer[B].acks, 0);
	/* another freeze binds still */
	freeze(raw[1], sizeof raw[1], 2);
	T_EQ(put(&p1), DOC_RECEIPT);
	wait_ms(200);
	T_CHECK(watch_frozen(&r.w));
	T_EQ(r.signer[A].acks + r.signer[B].acks, 0);
	resume(&p2, r.wall, BOTH);
	T_EQ(put(&p2), DOC_RECEIPT);
	T_CHECK(!watch_frozen(&r.w));
	wait_ms(2000);
	T_CHECK(was_acked(A, &before) && was_acked(A, &a) && was_acked(B, &b));
	/* each once, and what a person said no to never, on a new link neither */
	T_EQ(r.signer[A].acks, 2);
	T_EQ(r.signer[B].acks, 1);
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	link_open(CH_A, WATCH_ROLE_SIGNER_A);
	wait_ms(200);
	T_EQ(r.signer[A].acks, 4);
	T_CHECK(!was_acked(A, &refused));
}

/* A signer that refuses our word for now gets it again; one that is full is not asked to try. */
static void acknowledged_again(void)
{
	static const struct {
		enum err refused;
		bool again;
	} all[] = { { ERR_NOT_FOUND, true },
		    { ERR_SIGNATURE, true },
		    { ERR_SIGNER_UNKNOWN, true },
		    { ERR_FULL, false } };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct hash32 id;

		rig_up();
		r.signer[A].acks_refused = all[i].refused;
		id = attests(A, X(50));
		wait_ms(200);
		r.signer[A].acks_refused = ERR_OK;
		wait_ms(6000);
		T_CHECK(was_acked(A, &id) == all[i].again);
		T_EQ(r.signer[A].acks, all[i].again);
	}
}

/* Sweeps push payments that nobody may have our word on yet out of no memory. */
static void unsaid_is_kept(void)
{
	static uint8_t raw[16384];
	struct hash32 waits;
	struct watch_signer *k = &r.w.signer[A];

	rig_up();
	freeze(raw, sizeof raw, 1);
	waits = attests(A, X(50));
	T_EQ(k->recent_n, 1);
	/* as if the others were of an evacuation: acknowledged at once */
	while (k->recent_n < WATCH_RECENT) {
		k->recent[k->recent_n] = k->recent[0];
		k->recent[k->recent_n].id.b[0] ^= (uint8_t)k->recent_n;
		k->recent[k->recent_n++].acked = true;
	}
	(void)attests(A, X(51));
	T_EQ(k->recent_n, WATCH_RECENT);
	resume(&p1, r.wall, BOTH);
	T_EQ(put(&p1), DOC_RECEIPT);
	wait_ms(200);
	T_CHECK(was_acked(A, &waits));
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

/* A no to the payment at hand, by its order or its request. */
static void say_no(bool request)
{
	struct doc_cancel x = { .genesis = r.genesis_id, .person = "approver-2" };
	static uint8_t scratch[16384];

	(void)made(scratch, sizeof scratch, &x.document, DOC_ORDER, &r.order, NULL);
	x.document = request ? r.order.request : x.document;
	paper(&p2, DOC_CANCEL, &x, 1u << 3);
	T_EQ(put(&p2), DOC_RECEIPT);
	wait_ms(500);
	T_MEM(r.signer[A].stop_raw, p2.raw, p2.n);
	T_MEM(r.signer[B].stop_raw, p2.raw, p2.n);
	T_MEM(r.peer.stop_raw, p2.raw, p2.n);
}

/* Who holds a person's no gives no word that would release the payment, now and after a start. */
static void no_is_not_acked(void)
{
	struct hash32 id;

	for (unsigned request = 0; request < 2; request++) {
		rig_up();
		pay_new(X(20));
		pay_link();
		/* its receipt says that it signed first */
		r.receipt_sequence = 1000;
		say_no(request == 1);
		id = att_tell(A);
		rig_settle();
		wait_ms(100);
		T_CHECK(!was_acked(A, &id));
		T_CHECK(!watch_frozen(&r.w));
		T_EQ(r.w.payments_n, 1); /* known all the same: it may have left before */
		restart();
		T_CHECK(!was_acked(A, &id));
		T_CHECK(!watch_frozen(&r.w));
		/* it stops nothing else */
		pay_new(X(21));
		pay_link();
		id = att_tell(A);
		rig_settle();
		wait_ms(100);
		T_CHECK(was_acked(A, &id));
	}
}

/* A signer that signs behind its own receipt of the no is not honest; before, it could not know. */
static void no_is_defied(void)
{
	struct hash32 id;

	for (unsigned s = 0; s < 2; s++) {
		rig_up();
		pay_new(X(20));
		pay_link();
		say_no(s == 0);
		id = att_tell((int)s);
		rig_settle();
		wait_ms(100);
		T_CHECK(!was_acked((int)s, &id));
		T_CHECK(watch_frozen(&r.w));
		T_EQ(r.w.control.binding, 1);
	}
}

/* ---- for a while, after a while -------------------------------------------------------------- */

static void up_strict(void)
{
	rig_strict = true;
	rig_up();
	rig_strict = false;
}

/* Time by all clocks. */
static void live(uint64_t ms)
{
	rig_pass(ms);
	mine(PUBLIC);
	mine(CLEAN);
	feed_all();
	wait_ms(200);
}

/* To the rig's customer, from two seconds ago on for so long; signed by its officers, told here.
 */
static void grant(uint64_t life_ms)
{
	struct doc_grant g = { .from_ms = r.wall - 2000,
			       .genesis = r.genesis_id,
			       .reason = "a new office",
			       .until_ms = r.wall - 2000 + life_ms,
			       .up_to = xem(X(80)) };

	doc_address(&g.destination, K_CUSTOMER);
	paper(&p1, DOC_GRANT, &g, BOTH);
	T_EQ(put(&p1), DOC_RECEIPT);
	wait_ms(200);
}

/* A payment that strangers may not get, attested now; false: not acknowledged. */
static bool pays(uint64_t amount)
{
	struct hash32 id;

	pay_new(amount);
	pay_link();
	id = att_tell(A);
	rig_settle();
	wait_ms(200);
	return was_acked(A, &id);
}

static bool acked_late(uint64_t acks)
{
	wait_ms(200);
	return r.w.acks == acks && !watch_frozen(&r.w);
}

static void grants_of_then(void)
{
	struct doc_cancel x = { .genesis = r.genesis_id, .person = "approver-2" };

	up_strict();
	grant(10800000);
	live(3660000);
	T_CHECK(pays(X(60)));
	T_CHECK(!watch_frozen(&r.w));
	restart();
	T_CHECK(pays(X(61)));
	/* more than it carries */
	T_CHECK(!pays(X(81)));
	T_CHECK(watch_frozen(&r.w));
	/* ended by one person: the signer may not have heard of it yet, but soon must have */
	up_strict();
	grant(10800000);
	live(3660000);
	x.genesis = r.genesis_id;
	x.document = p1.id;
	paper(&p2, DOC_CANCEL, &x, 1u << 3);
	T_EQ(put(&p2), DOC_RECEIPT);
	live(r.policy.clock_skew_ms / 2);
	T_CHECK(pays(X(60)));
	restart();
	live(r.policy.clock_skew_ms / 2 + 60000);
	T_CHECK(!watch_frozen(&r.w));
	T_CHECK(!pays(X(61)));
	T_CHECK(watch_frozen(&r.w));
	/* over by its own date: the host's clock set back brings nothing back */
	up_strict();
	grant(5400000);
	live(3660000);
	live(1800000);
	T_EQ(control_find(&r.w.control, &p1.id)->state, CONTROL_PAST);
	T_CHECK(!pays(X(60)));
	T_CHECK(watch_frozen(&r.w));
}

/* The signer heard of it first: its word is waited for, and then taken; its payment is no theft. */
static void grants_heard_late(void)
{
	struct nem_tx unit;

	up_strict();
	grant(10800000);
	T_CHECK(!pays(X(60)));
	T_CHECK(!watch_frozen(&r.w));
	T_EQ(r.w.not_acked, 1);
	(void)att_tell(B);
	rig_settle();
	unit = pay_unit();
	mine_given(&unit, 1);
	feed_all();
	wait_ms(2000);
	T_CHECK(!watch_frozen(&r.w));
	live(WATCH_EXCLUSION_OLD_MS);
	T_CHECK(acked_late(2));
	/* by our own clocks it runs before that */
	up_strict();
	grant(10800000);
	live(3600000 - 120000);
	T_CHECK(!pays(X(60)));
	live(180000);
	T_CHECK(acked_late(1));
	/* what is wrong otherwise is no better for it */
	up_strict();
	grant(10800000);
	T_CHECK(!pays(X(81)));
	T_CHECK(watch_frozen(&r.w));
}

static void grants_of_nobody(void)
{
	up_strict();
	T_CHECK(!pays(X(60)));
	T_CHECK(watch_frozen(&r.w));
	/* the signer knows more than we do: perhaps that */
	up_strict();
	r.signer[A].agrees = false;
	r.signer[A].stop_count = 7;
	r.signer[A].nonce++;
	wait_ms(200);
	T_CHECK(!pays(X(60)));
	T_CHECK(!watch_frozen(&r.w));
	live(WATCH_EXCLUSION_OLD_MS);
	wait_ms(200);
	T_CHECK(watch_frozen(&r.w));
	/* where there are no grants there is nothing to wait for */
	rig_up();
	policy(&p1, X(50));
	T_EQ(put(&p1), DOC_RECEIPT);
	r.policy_id = p1.id;
	r.signer[A].agrees = false;
	r.signer[A].stop_count = 7;
	r.signer[A].nonce++;
	wait_ms(200);
	T_CHECK(!pays(X(51)));
	T_CHECK(watch_frozen(&r.w));
}

static void lists(struct paper *p, bool listed)
{
	struct doc_policy next = r.policy;

	next.number = r.w.policy.number + 1;
	next.previous = r.w.policy_id;
	next.payment_max = xem(X(4000) - next.number);
	if (listed) {
		next.destination_count = 1;
		doc_address(&next.destinations[0].address, K_CUSTOMER);
		(void)snprintf(next.destinations[0].name, sizeof next.destinations[0].name,
			       "office");
	}
	paper(p, DOC_POLICY, &next, BOTH);
}

static void listed_since(void)
{
	struct hash32 old = { { 0 } };

	up_strict();
	lists(&p1, true);
	T_EQ(put(&p1), DOC_RECEIPT);
	live(3660000);
	T_EQ(r.w.policy.number, 2);
	r.policy_id = p1.id;
	/* the signer's two hours may be over before ours */
	live(7200000 - 180000);
	T_CHECK(!pays(X(60)));
	T_CHECK(!watch_frozen(&r.w));
	restart();
	T_CHECK(!watch_frozen(&r.w));
	live(240000);
	T_CHECK(acked_late(1));
	T_CHECK(pays(X(61)));
	/* gone from the list: what was signed before, by the rules of then, is no crime */
	old = r.policy_id;
	lists(&p2, false);
	T_EQ(put(&p2), DOC_RECEIPT);
	T_EQ(r.w.policy.number, 3);
	T_CHECK(pays(X(62)));
	T_MEM(&r.policy_id, &old, 32);
	r.policy_id = p2.id;
	T_CHECK(!watch_frozen(&r.w));
	T_CHECK(!pays(X(63)));
	T_CHECK(watch_frozen(&r.w));
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

/* ---- what waited while we were away --------------------------------------------------------- */

/* A payment that both signers made by the policy in p1. */
static struct hash32 by_p1(uint64_t amount)
{
	struct hash32 id, old = r.policy_id;

	r.policy_id = p1.id;
	pay_new(amount);
	pay_link();
	(void)att_tell(B);
	id = att_tell(A);
	r.policy_id = old;
	return id;
}

/*
 * The policy waits here, for we heard of it late; the signers sign by it, and their payment is on
 * the chain.  The other watcher's word makes it ours, also when that comes after the record.
 */
static void matured_while_away(void)
{
	struct nem_tx unit;
	struct hash32 id;
	size_t batches;

	for (unsigned late = 0; late < 2; late++) {
		rig_up();
		policy(&p1, X(4500));
		rig_matured = late == 0;
		T_EQ(put(&p1), DOC_RECEIPT);
		id = by_p1(X(20));
		unit = pay_unit();
		rig_settle();
		if (late == 1) {
			wait_ms(300);
			T_EQ(r.w.policy.number, 1);
			T_EQ(r.w.signer[A].later_n, 1);
			rig_matured = true;
			feed_given(0, &unit, 1); /* seen before we know better */
		}
		wait_ms(WORDS_MS);
		T_EQ(r.w.policy.number, 2);
		T_MEM(&r.w.policy_id, &p1.id, 32);
		T_CHECK(was_acked(A, &id));
		T_EQ(r.w.signer[A].later_n, 0);
		T_EQ(r.w.thefts, 0);
		/* durable, and told once however often it is asked */
		batches = r.batches;
		link_close(CH_PEER, WATCH_ROLE_PEER);
		link_open(CH_PEER, WATCH_ROLE_PEER);
		wait_ms(WORDS_MS);
		T_EQ(r.batches, batches);
		restart();
		T_EQ(r.w.policy.number, 2);
		T_CHECK(!watch_frozen(&r.w));
		/* hearsay is not handed on */
		T_EQ(asks_word(&p1), DOC_RECEIPT);
	}
	rig_matured = false;
}

/* Down when it was announced and when it came into force: it reads no chain before it knows. */
static void started_behind(void)
{
	struct hash32 id;

	rig_up();
	policy(&p1, X(4500));
	id = by_p1(X(20));
	rig_restart(r.batches);
	link_open(CH_A, WATCH_ROLE_SIGNER_A);
	link_open(CH_B, WATCH_ROLE_SIGNER_B);
	wait_ms(200);
	T_EQ(r.w.signer[A].later_n, 1);
	T_CHECK(!watch_caught_up(&r.w, r.mono));
	T_EQ(put(&p1), DOC_RECEIPT);
	wait_ms(200);
	T_CHECK(!watch_caught_up(&r.w, r.mono));
	rig_matured = true;
	link_open(CH_PEER, WATCH_ROLE_PEER);
	wait_ms(WORDS_MS);
	rig_matured = false;
	T_CHECK(watch_caught_up(&r.w, r.mono));
	T_CHECK(was_acked(A, &id));
	/* not for ever: a watcher that cannot know watches all the same */
	rig_up();
	policy(&p1, X(4500));
	id = by_p1(X(20));
	rig_restart(r.batches);
	rig_connect();
	T_CHECK(!watch_caught_up(&r.w, r.mono));
	wait_ms(WATCH_START_MS);
	T_CHECK(watch_caught_up(&r.w, r.mono));
	T_CHECK(!was_acked(A, &id));
}

/* Words that are none: of us, of strangers, of other documents, signed by others. */
static void words_of_nobody(void)
{
	for (unsigned row = 0; row < 6; row++) {
		rig_up();
		policy(&p1, X(4500));
		rig_matured = true;
		memset(&rig_word, 0, sizeof rig_word);
		rig_word_key = NULL;
		switch (row) {
		case 0:
			(void)snprintf(rig_word.watcher, sizeof rig_word.watcher, "w1");
			rig_word_key = &r.watcher[0];
			break;
		case 1:
			(void)snprintf(rig_word.watcher, sizeof rig_word.watcher, "w9");
			break;
		case 2:
			(void)snprintf(rig_word.watcher, sizeof rig_word.watcher, "w3");
			break; /* w2's key */
		case 3:
			rig_word.document.b[0] = 1;
			break;
		case 4:
			rig_word_key = &r.person[0];
			break;
		default:
			rig_word_key = &r.attest[A];
			break;
		}
		T_EQ(put(&p1), DOC_RECEIPT);
		(void)by_p1(X(20));
		rig_settle();
		wait_ms(WORDS_MS);
		T_EQ(r.w.policy.number, 1);
		T_EQ(r.w.signer[A].later_n, 1);
		/* and after its time it is the crime that it was */
		rig_pass(WATCH_EXCLUSION_OLD_MS);
		wait_ms(300);
		T_EQ(r.w.policy.number, 1);
		T_CHECK(watch_frozen(&r.w));
	}
	rig_matured = false;
	memset(&rig_word, 0, sizeof rig_word);
	rig_word_key = NULL;
}

/* One person's cancel that we hold is stronger than any word of others. */
static void a_word_on_what_was_cancelled(void)
{
	struct doc_cancel x = { .person = "approver-2" };

	rig_up();
	policy(&p1, X(4500));
	T_EQ(put(&p1), DOC_RECEIPT);
	x.genesis = r.genesis_id;
	x.document = p1.id;
	paper(&p2, DOC_CANCEL, &x, 1u << 3);
	T_EQ(put(&p2), DOC_RECEIPT);
	rig_matured = true;
	link_close(CH_PEER, WATCH_ROLE_PEER);
	link_open(CH_PEER, WATCH_ROLE_PEER);
	(void)by_p1(X(20));
	rig_settle();
	wait_ms(WORDS_MS);
	rig_matured = false;
	T_EQ(r.w.policy.number, 1);
	rig_pass(WATCH_EXCLUSION_OLD_MS);
	wait_ms(300);
	T_EQ(r.w.policy.number, 1);
	T_CHECK(watch_frozen(&r.w));
}

/* As many others as make k with us; here three are needed. */
static void as_many_words_as_it_takes(void)
{
	rig_up();
	r.w.roster.watchers_needed = 3;
	policy(&p1, X(4500));
	rig_matured = true;
	T_EQ(put(&p1), DOC_RECEIPT);
	wait_ms(WORDS_MS);
	T_EQ(r.w.policy.number, 1);
	(void)snprintf(rig_word.watcher, sizeof rig_word.watcher, "w3");
	rig_word_key = &r.watcher[2];
	link_close(CH_PEER, WATCH_ROLE_PEER);
	link_open(CH_PEER, WATCH_ROLE_PEER);
	wait_ms(WORDS_MS);
	T_EQ(r.w.policy.number, 2);
	rig_matured = false;
	memset(&rig_word, 0, sizeof rig_word);
	rig_word_key = NULL;
}

/* A recovery, beside which a roster of officers waits, and the other watcher's word on it. */
static void held_up(void)
{
	const uint8_t *holder = r.source[0].secret;
	struct doc_roster next;

	rig_up();
	r.w.roster.holder_count = 1;
	party(&r.w.roster.holders[0], "holder-1", &r.source[0]);
	r.w.control.rules.recovery_needed = 1;
	next = r.w.roster;
	next.number++;
	next.previous = r.w.roster_id;
	next.governance = 1;
	paper(&p1, DOC_ROSTER, &next, BOTH);
	next.governance = 2;
	next.recovery = true;
	next.people_count--;
	paper_make(&p2, DOC_ROSTER, &next, &r.genesis_id, &holder, 1);
	T_EQ(put(&p1), DOC_RECEIPT);
	rig_word.document = p2.id;
	rig_matured = true;
	T_EQ(put(&p2), DOC_RECEIPT);
	wait_ms(WORDS_MS);
	T_EQ(r.w.roster.number, 1);
}

/* What is held up here comes into force by the words of as many others as say yes to a payment. */
static void a_word_on_what_is_held_up(void)
{
	struct doc_cancel x = { .person = "approver-2" };

	held_up();
	(void)snprintf(rig_word.watcher, sizeof rig_word.watcher, "w3");
	rig_word_key = &r.watcher[2];
	link_close(CH_PEER, WATCH_ROLE_PEER);
	link_open(CH_PEER, WATCH_ROLE_PEER);
	wait_ms(WORDS_MS);
	T_EQ(r.w.roster.number, 2);
	T_MEM(&r.w.roster_id, &p2.id, 32);
	rig_matured = false;
	memset(&rig_word, 0, sizeof rig_word);
	rig_word_key = NULL;
	/* what held it up is cancelled: one word suffices */
	held_up();
	x.genesis = r.genesis_id;
	x.document = p1.id;
	paper(&p3, DOC_CANCEL, &x, 1u << 3);
	T_EQ(put(&p3), DOC_RECEIPT);
	wait_ms(WORDS_MS);
	T_EQ(r.w.roster.number, 2);
	T_MEM(&r.w.roster_id, &p2.id, 32);
	rig_matured = false;
	memset(&rig_word, 0, sizeof rig_word);
}

/* What came into force here by our own clocks we say to other watchers, and to nobody else. */
static void our_own_word(void)
{
	rig_up();
	policy(&p1, X(4500));
	T_EQ(put(&p1), DOC_RECEIPT);
	T_EQ(asks_word(&p1), DOC_RECEIPT); /* it waits */
	live(2 * r.policy.loosening_ms);
	T_EQ(r.w.policy.number, 2);
	T_EQ(asks_word(&p1), DOC_MATURITY);
	restart();
	T_EQ(asks_word(&p1), DOC_MATURITY);
	T_EQ(put(&p1), DOC_RECEIPT); /* on the stop road: one document */
	/* what tightens has not waited: everybody had it at once */
	r.policy_id = p1.id;
	r.policy.number = 2;
	policy(&p2, X(40));
	T_EQ(put(&p2), DOC_RECEIPT);
	T_EQ(r.w.policy.number, 3);
	T_EQ(asks_word(&p2), DOC_RECEIPT);
	T_EQ(asks_word(&p1), DOC_MATURITY); /* past, and it was in force all the same */
}

/* ---- a watcher's key changes ---------------------------------------------------------------- */

/* Roster 2: this key is that of the watcher in this place. */
static void roster_with(struct paper *p, size_t place, const struct key *k, unsigned by)
{
	struct doc_roster next = r.roster;

	next.number++;
	next.previous = r.roster_id;
	next.watchers[place].key = k->key;
	paper(p, DOC_ROSTER, &next, by);
}

static void other_word(size_t watcher)
{
	(void)snprintf(rig_word.watcher, sizeof rig_word.watcher, "w%zu", watcher + 1);
	rig_word_key = &r.watcher[watcher];
	link_close(CH_PEER, WATCH_ROLE_PEER);
	link_open(CH_PEER, WATCH_ROLE_PEER);
	wait_ms(WORDS_MS);
}

/* The machine with w1's new key and no journal, which was given the roster of p1. */
static void joins(void)
{
	r.watcher[0] = r.stranger;
	rig_joined = bytes_of(p1.raw, p1.n);
	rig_restart(0);
	r.signer[A].heartbeats = r.signer[A].acks = 0;
	rig_connect();
	feed_all();
}

static void words_over(void)
{
	rig_joined = bytes_of(NULL, 0);
	rig_matured = false;
	memset(&rig_word, 0, sizeof rig_word);
	rig_word_key = NULL;
}

/* It says nothing until k others have made the roster its own; then all that it has to say. */
static void a_new_key_joins(void)
{
	struct hash32 id;

	rig_up();
	roster_with(&p1, 0, &r.stranger, BOTH);
	joins();
	T_CHECK(!watch_stands(&r.w));
	T_EQ(put(&p1), DOC_RECEIPT);
	pay_new(X(20));
	pay_link();
	id = att_tell(A);
	rig_settle();
	wait_ms(WORDS_MS);
	T_EQ(r.w.payments_n, 1); /* judged */
	T_EQ(r.signer[A].heartbeats, 0);
	T_EQ(r.signer[A].acks, 0);
	/* we are none of the k: one word is not enough, and said twice not either */
	rig_matured = true;
	other_word(1);
	other_word(1);
	T_EQ(r.w.roster.number, 1);
	other_word(2);
	T_EQ(r.w.roster.number, 2);
	T_CHECK(watch_stands(&r.w));
	wait_ms(200);
	T_CHECK(r.signer[A].heartbeats > 0);
	T_MEM(&r.signer[A].heartbeat.roster, &p1.id, 32);
	T_CHECK(was_acked(A, &id));
	restart();
	T_CHECK(watch_stands(&r.w));
	T_EQ(watch_replaced(&r.w, NULL), ERR_OK);
	words_over();
}

/* Alone it waits as long as everybody did, by its own clocks. */
static void a_new_key_alone(void)
{
	rig_up();
	roster_with(&p1, 0, &r.stranger, BOTH);
	joins();
	T_EQ(put(&p1), DOC_RECEIPT);
	T_CHECK(!watch_stands(&r.w));
	live(2 * r.policy.loosening_ms);
	T_CHECK(watch_stands(&r.w));
	T_CHECK(r.signer[A].heartbeats > 0);
	words_over();
}

/* What nobody with a right to it signed lets a program start, and makes no watcher of it. */
static void a_joined_roster_of_nobody(void)
{
	rig_up();
	roster_with(&p1, 0, &r.stranger, ONE);
	joins();
	T_EQ(put(&p1), DOC_REFUSAL);
	rig_matured = true;
	other_word(1);
	other_word(2);
	live(2 * r.policy.loosening_ms);
	T_EQ(r.w.roster.number, 1);
	T_CHECK(!watch_stands(&r.w));
	/* a theft is an alarm and no freeze of ours */
	theft(X(10));
	T_EQ(r.w.control.binding, 0);
	T_CHECK(r.w.alarms > 0);
	T_EQ(r.signer[A].heartbeats, 0);
	words_over();
}

static void a_replaced_key(void)
{
	struct doc_fault fault = { "", "" };
	struct doc_roster later;

	rig_up();
	roster_with(&p1, 0, &r.stranger, BOTH);
	T_EQ(put(&p1), DOC_RECEIPT);
	T_CHECK(watch_stands(&r.w));
	restart();
	T_EQ(watch_replaced(&r.w, &fault), ERR_OK); /* until the roster is in force */
	live(2 * r.policy.loosening_ms);
	T_EQ(r.w.roster.number, 2);
	T_CHECK(!watch_stands(&r.w));
	r.signer[A].heartbeats = 0;
	wait_ms(3000);
	T_EQ(r.signer[A].heartbeats, 0);
	T_EQ(watch_replaced(&r.w, &fault), ERR_KEY);
	T_STR(fault.field, "roster.watchers");
	/* what was given is for who stands in no first roster; a later one says it all the same */
	restart();
	T_EQ(watch_replaced(&r.w, &fault), ERR_KEY);
	later = r.roster;
	later.number = 2;
	later.previous = r.roster_id;
	paper(&p2, DOC_ROSTER, &later, BOTH);
	rig_joined = bytes_of(p2.raw, p2.n);
	restart();
	T_EQ(watch_replaced(&r.w, &fault), ERR_KEY);
	later.number = 3;
	later.previous = p1.id;
	paper(&p2, DOC_ROSTER, &later, BOTH);
	rig_joined = bytes_of(p2.raw, p2.n);
	restart();
	T_EQ(watch_replaced(&r.w, &fault), ERR_OK);
	T_CHECK(!watch_stands(&r.w));
	words_over();
}

/* Struck it stands nowhere, whatever roster names it. */
static void a_struck_key(void)
{
	struct doc_fault fault = { "", "" };
	struct doc_resume x = { .genesis = r.genesis_id,
				.initiator = "officer-1",
				.nonce = { 7 },
				.scope = DOC_SCOPE_ALL };

	rig_up();
	x.genesis = r.genesis_id;
	x.time_ms = r.wall;
	x.struck_count = 1;
	x.struck[0].key_n = sizeof r.watcher[0].key.b;
	memcpy(x.struck[0].key, r.watcher[0].key.b, sizeof r.watcher[0].key.b);
	paper(&p1, DOC_RESUME, &x, BOTH);
	T_EQ(put(&p1), DOC_RECEIPT);
	T_CHECK(!watch_stands(&r.w));
	restart();
	T_EQ(watch_replaced(&r.w, &fault), ERR_KEY);
}

static void joined_rosters_that_are_none(void)
{
	struct doc_fault fault = { "", "" };
	struct watch_config c;

	rig_up();
	roster_with(&p1, 0, &r.stranger, BOTH);
	roster_with(&p2, 1, &r.stranger, BOTH);
	c = rig_config();
	c.freeze_secret = r.stranger.secret;
	T_EQ(watch_init(&r.w, &c, &fault), ERR_KEY);
	T_CHECK(strstr(fault.why, "joined_roster_file") != NULL);
	c.joined = bytes_of(p2.raw, p2.n); /* another watcher's */
	T_EQ(watch_init(&r.w, &c, &fault), ERR_KEY);
	T_STR(fault.field, "joined_roster.watchers");
	c.joined = bytes_of(p1.raw, p1.n);
	T_EQ(watch_init(&r.w, &c, &fault), ERR_OK);
	(void)snprintf(c.watcher, sizeof c.watcher, "w9");
	T_EQ(watch_init(&r.w, &c, &fault), ERR_KEY);
	c.joined = c.policy;
	T_EQ(watch_init(&r.w, &c, &fault), ERR_TYPE);
	c.joined = bytes_of(p1.raw, p1.n - 1);
	T_EQ(watch_init(&r.w, &c, &fault), ERR_INPUT);
}

/* A signer that has no such watcher yet is not asked without a pause. */
static void refused_by_a_signer(void)
{
	const struct effect next = { .number = SIGNER_NEXT };

	rig_up();
	r.signer[A].mute_next = true;
	wait_ms(200);
	T_CHECK(r.w.signer[A].next_out);
	r.signer[A].held = false;
	refusal_give(A, &next, ERR_CAPABILITY, "");
	rig_settle();
	wait_ms(500);
	T_CHECK(!r.w.signer[A].next_out);
	wait_ms(700);
	T_CHECK(r.w.signer[A].next_out);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a resume ends it, once", resume_ends_it },
		{ "written before the theft", written_before },
		{ "a lifted freeze comes back", lifted_comes_back },
		{ "what a freeze kept from its word", acknowledged_when_lifted },
		{ "a word that was refused for now", acknowledged_again },
		{ "what has no word yet is remembered", unsaid_is_kept },
		{ "the rules of then", rules_of_then },
		{ "the rules of nobody", rules_of_nobody },
		{ "what waits is cancelled", waits_and_is_cancelled },
		{ "a person's no holds the word back", no_is_not_acked },
		{ "a person's no is defied", no_is_defied },
		{ "grants of then", grants_of_then },
		{ "grants that were heard of late", grants_heard_late },
		{ "grants of nobody", grants_of_nobody },
		{ "listed for long enough", listed_since },
		{ "what has waited comes into force", comes_into_force },
		{ "what matured while we were away", matured_while_away },
		{ "a new key joins", a_new_key_joins },
		{ "a new key alone", a_new_key_alone },
		{ "a joined roster of nobody", a_joined_roster_of_nobody },
		{ "a replaced key", a_replaced_key },
		{ "a struck key", a_struck_key },
		{ "joined rosters that are none", joined_rosters_that_are_none },
		{ "refused by a signer", refused_by_a_signer },
		{ "started behind", started_behind },
		{ "words of nobody", words_of_nobody },
		{ "a word on what was cancelled", a_word_on_what_was_cancelled },
		{ "as many words as it takes", as_many_words_as_it_takes },
		{ "a word on what is held up", a_word_on_what_is_held_up },
		{ "our own word", our_own_word },
		{ "a fork stops", forks },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
