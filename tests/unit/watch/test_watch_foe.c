/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: two stolen signers cannot make a watcher call a theft explained; a stop that watchers hold
 * is not undone by their own acknowledgements (P5); a signer whose memory was rewound still
 * evacuates (P7); a flood does not hide a theft.
 * Method: attestations by the true keys whose documents do not belong together; links that come
 * back after a freeze; a signer that begins again from nothing; a pool with more than can wait.
 */
#include "chain/nem/nem_fee.h"
#include "t.h"
#include "watch_rig.h"

static struct nem_tx stolen(enum who initiator, enum who cosigner, uint64_t amount)
{
	struct nem_tx t = tx_transfer(K_TILL, K_THIEF, amount);
	struct nem_inner inner = inner_of(&t);
	struct nem_tx w = tx_wrap(initiator, &inner, NEM_FEE_MULTISIG_MICRO);

	tx_sign(&w, initiator);
	if (cosigner != 0) {
		tx_cosign(&w, cosigner);
	}
	return w;
}

/* Both signers vouch for a payment to the thief behind an attempt that was judged long ago. */
static void borrowed_attempt(void)
{
	static struct doc_freeze f;
	struct nem_tx unit;

	for (int first = A; first <= B; first++) {
		rig_up();
		(void)pay_whole(X(50));
		T_EQ(r.w.payments_n, 1);
		doc_address(&r.order.destination, K_THIEF);
		r.order.amount = xem(X(90000));
		(void)att_tell(first);
		(void)att_tell(1 - first);
		rig_settle();
		wait_ms(100);
		T_EQ(r.signer[A].acks, 1);
		T_EQ(r.signer[B].acks, 1);
		T_EQ(r.w.payments_n, 1);
		T_EQ(r.w.control.binding, 1);
		T_CHECK(handed_freeze(&f));
		T_CHECK(strncmp(f.reason, "record: ", 8) == 0);
		/* and when it comes to the chain it is a theft */
		att_make(A);
		unit = pay_unit();
		feed_given(0, &unit, 1);
		wait_ms(100);
		T_EQ(r.w.thefts, 1);
		T_CHECK(watch_evacuating(&r.w));
	}
}

/* The request of another payment behind a true order of the same id. */
static void borrowed_request(void)
{
	rig_up();
	pay_new(X(50));
	pay_link();
	(void)att_tell(A);
	rig_settle();
	T_EQ(r.signer[A].acks, 1);
	r.request.amount = xem(X(1));
	(void)att_tell(B);
	rig_settle();
	wait_ms(100);
	T_EQ(r.signer[B].acks, 0);
	T_EQ(r.w.control.binding, 1);
}

static void officer_stops(void)
{
	static uint8_t raw[16384];
	struct bytes item = { raw, freeze_made(raw, sizeof raw, "officer-1", &r.person[0], false,
					       bytes_of(NULL, 0), 7) };

	T_EQ(reply_type(ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1)), DOC_RECEIPT);
	T_CHECK(watch_frozen(&r.w));
}

/*
 * P5: who holds a freeze acknowledges no payment any more, neither a new one nor, when a link comes
 * back, one from before; but he keeps what he judged: it may have been released on others' word.
 */
static void frozen_acknowledges_nothing(void)
{
	struct hash32 before;
	struct hash32 after;
	struct nem_tx unit;
	unsigned acks;

	rig_up();
	pay_new(X(50));
	pay_link();
	before = att_tell(A);
	(void)att_tell(B);
	rig_settle();
	T_CHECK(was_acked(A, &before));
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	officer_stops();
	acks = r.signer[A].acks;
	link_open(CH_A, WATCH_ROLE_SIGNER_A);
	wait_ms(100);
	T_EQ(r.signer[A].acks, acks);
	unit = pay_unit();
	pay_new(X(60));
	pay_link();
	after = att_tell(A);
	rig_settle();
	wait_ms(100);
	T_CHECK(!was_acked(A, &after));
	T_EQ(r.w.payments_n, 2);
	/* both are known: on the chain neither is a theft */
	mine_given(&unit, 1);
	feed_blocks(0);
	wait_ms(100);
	T_EQ(r.w.thefts, 0);
	T_EQ(r.w.control.binding, 1);
	/* and so after a restart */
	acks = r.signer[A].acks;
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	wait_ms(300);
	T_EQ(r.signer[A].acks, acks);
	T_EQ(r.w.thefts, 0);
	T_EQ(r.w.payments_n, 2);
}

/* P7: locked means frozen, and frozen still evacuates. */
static void rewound_evacuates(void)
{
	struct nem_tx t;
	unsigned acks;
	uint64_t held;

	rig_up();
	for (unsigned i = 0; i < 3; i++) {
		(void)pay_whole(X(50) + i);
	}
	held = r.w.signer[A].held_sequence;
	/* A's journal is gone; it begins from nothing */
	r.signer[A].told_n = 0;
	r.signer[A].sequence = 0;
	r.signer[A].nonce++;
	wait_ms(100);
	T_EQ(r.w.control.binding, 0);
	acks = r.signer[A].acks;
	/* payments of such a signer are not acknowledged, and stop everything */
	pay_new(X(70));
	pay_link();
	(void)att_tell(A);
	r.signer[A].nonce++;
	rig_settle();
	wait_ms(100);
	T_EQ(r.signer[A].acks, acks);
	T_EQ(r.w.control.binding, 1);
	/* the theft, and the sweeps: acknowledged by A's new, lower numbers */
	t = stolen(K_A, K_B, X(10));
	feed_given(0, &t, 1);
	wait_ms(WATCH_SILENT_MS + 1500);
	T_EQ(r.w.thefts, 1);
	T_CHECK(watch_evacuating(&r.w));
	T_CHECK(r.signer[A].sweeps >= 2);
	T_CHECK(r.signer[A].sequence < held + 20);
	T_CHECK(r.signer[A].acks >= acks + 2);
	/* what it had lost is shown in every heartbeat as before */
	T_CHECK(r.w.signer[A].held_sequence >= held);
	acks = r.signer[A].acks;
	/* a restart reads such a journal back */
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	wait_ms(300);
	T_CHECK(watch_evacuating(&r.w));
	T_CHECK(r.w.signer[A].held_sequence >= held);
}

/* More proposals than can wait, and behind them, in the same answer of the node, the theft. */
static void theft_behind_a_flood(void)
{
	static struct nem_tx t[WATCH_SUSPECTS_MAX + 80];

	rig_up();
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		t[i] = stolen(K_A, 0, X(1) + i);
	}
	t[ARRAY_LEN(t) - 1] = stolen(K_A, K_B, X(2));
	r.signer[A].silent = true;
	r.signer[B].silent = true;
	feed_given(0, t, ARRAY_LEN(t));
	wait_ms(WATCH_SILENT_MS + 3000);
	T_EQ(r.w.thefts, 1);
	T_CHECK(watch_evacuating(&r.w));
}

/*
 * A theft that evidence cannot show (an honest unit mined twice: all its signatures are ours) takes
 * the place of no later one: the first that does show what happened still evacuates.
 */
static void decoy_first(void)
{
	struct nem_tx unit;
	struct nem_tx t;

	for (int restart = 0; restart < 2; restart++) {
		rig_up();
		unit = pay_whole(X(50));
		T_EQ(nis_say(PUBLIC, &unit), NEM_SUCCESS);
		mine(PUBLIC);
		feed_all();
		nis_set_retention(r.nis, 1, r.now_s);
		rig_pass(100000);
		mine_given(&unit, 1);
		feed_all();
		wait_ms(300);
		T_EQ(r.w.thefts, 1);
		T_EQ(r.w.control.binding, 1);
		T_CHECK(!watch_evacuating(&r.w));
		if (restart == 1) {
			rig_restart(r.batches);
			rig_connect();
			feed_all();
			wait_ms(300);
		}
		t = stolen(K_A, K_B, X(10));
		feed_given(0, &t, 1);
		wait_ms(300);
		T_CHECK(watch_evacuating(&r.w));
		T_CHECK(r.signer[A].sweeps >= 2);
	}
}

/*
 * Small moves that somebody else had A sign, one after the other: acknowledged, for the freeze
 * allows them, but they do not push our own whole ones aside.
 */
static void small_moves(void)
{
	struct nem_tx t;
	unsigned own;
	unsigned acks;

	rig_up();
	t = stolen(K_A, K_B, X(10));
	feed_given(0, &t, 1);
	wait_ms(100);
	T_CHECK(watch_evacuating(&r.w));
	own = r.signer[A].sweeps;
	acks = r.signer[A].acks;
	T_CHECK(own >= 2);
	for (unsigned i = 0; i < 40; i++) {
		struct money balance = xem(X(5) + i);

		r.is_sweep = true;
		r.with_freeze = false;
		r.attest_key = NULL;
		r.att_made = false;
		T_CHECK(attempt_sweep_make(&r.sweep, &r.genesis, &r.policy, &r.genesis_id,
					   &r.chain[K_TILL].public_key, &balance,
					   r.now_s) == ERR_OK);
		(void)att_tell(A);
		rig_settle();
		if (r.signer[A].swept_n + 2 > ARRAY_LEN(r.signer[A].swept)) {
			break; /* it asked for too many: the check below says so */
		}
	}
	wait_ms(100);
	T_CHECK(r.signer[A].acks >= acks + 8);
	T_CHECK(r.signer[A].sweeps <= own + 2);
	for (size_t i = 0, whole = 0; i < WATCH_SWEEPS_MAX; i++) {
		whole += r.w.sweeps[i].state == WATCH_SWEEP_READY &&
			 r.w.sweeps[i].spends_micro >= X(40000);
		T_CHECK(i + 1 < WATCH_SWEEPS_MAX || whole >= 2);
	}
}

static bool shown(const struct nem_tx *tx)
{
	static uint8_t one[NEM_TX_BYTES_MAX];
	static struct doc_freeze f;

	return handed_freeze(&f) && f.evacuate &&
	       bytes_eq(bytes_of(f.evidence, f.evidence_n), bytes_of(one, tx_bytes(one, tx)));
}

/*
 * A first freeze whose evidence was a payment of ours, which B's late word explains: it moves no
 * signer, and so the real theft is shown beside it, whether it comes after that word or before.
 */
static void theft_behind_a_false_alarm(void)
{
	struct nem_tx unit;
	struct nem_tx t;

	for (int before = 0; before < 2; before++) {
		rig_up();
		pay_new(X(50));
		pay_link();
		(void)att_tell(A);
		rig_settle();
		link_close(CH_B, WATCH_ROLE_SIGNER_B);
		(void)att_tell(B);
		unit = pay_unit();
		t = stolen(K_A, K_B, X(10));
		r.signer[A].refuses = true;
		feed_given(0, &unit, 1);
		tick(WATCH_START_MS);
		T_EQ(r.w.control.binding, 1);
		T_CHECK(shown(&unit));
		if (before != 0) {
			r.signer[A].refuses = false;
			r.w.stops[0].refused = false;
			feed_given(0, &t, 1);
			wait_ms(100);
			T_EQ(r.w.control.binding, 1);
		}
		link_open(CH_B, WATCH_ROLE_SIGNER_B);
		wait_ms(100);
		if (before == 0) {
			T_EQ(r.w.control.binding, 1);
			r.signer[A].refuses = false;
			feed_given(0, &t, 1);
			wait_ms(100);
		}
		T_EQ(r.w.control.binding, 2);
		T_CHECK(shown(&t));
		wait_ms(2000);
		T_EQ(r.w.control.binding, 2);
		T_CHECK(r.signer[B].sweeps > 0);
	}
}

/* Signers that see no theft in anything: each theft is shown, as many as a watcher may issue. */
static void evidence_refused(void)
{
	struct nem_tx t;

	rig_up();
	r.signer[A].refuses = true;
	for (unsigned i = 1; i <= CONTROL_BIND_EACH_MAX + 4; i++) {
		t = stolen(K_A, K_B, X(10) + i);
		feed_given(0, &t, 1);
		wait_ms(1200);
		T_EQ(r.w.control.binding, i < CONTROL_BIND_EACH_MAX ? i : CONTROL_BIND_EACH_MAX);
		T_CHECK(i > CONTROL_BIND_EACH_MAX || shown(&t));
	}
	/* a restart reads them back and adds none */
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	wait_ms(1200);
	T_EQ(r.w.control.binding, CONTROL_BIND_EACH_MAX);
	/* one that is seen is enough */
	rig_up();
	for (unsigned i = 1; i <= 3; i++) {
		t = stolen(K_A, K_B, X(10) + i);
		feed_given(0, &t, 1);
		wait_ms(1200);
		T_EQ(r.w.control.binding, 1);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "an attempt that was judged for another order", borrowed_attempt },
		{ "a request that was judged for another order", borrowed_request },
		{ "a frozen watcher acknowledges no payment", frozen_acknowledges_nothing },
		{ "a rewound signer evacuates", rewound_evacuates },
		{ "a decoy first", decoy_first },
		{ "small moves of somebody else", small_moves },
		{ "a theft behind a false alarm", theft_behind_a_false_alarm },
		{ "evidence that signers refuse", evidence_refused },
		{ "a theft behind a flood", theft_behind_a_flood },
	};

	return rig_end(t_main(cases, ARRAY_LEN(cases), argc, argv));
}
