/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a signer whose journal lacks what we hold of it is handed back its own records (P7): all of
 * them, in order, as they were acknowledged, out of our journal and after our own start too; who
 * lacks nothing is handed nothing; a closing is never forgotten by a signer that we talk to.
 * Method: a model of the signer that asks behind a number, refuses, loses its link, or lies; a disk
 * that does not read.
 */
#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "t.h"
#include "watch_rig.h"

static struct hash32 told[2][8];

/* Three payments, told by both signers and acknowledged. */
static void start(void)
{
	rig_up();
	for (size_t i = 0; i < 3; i++) {
		pay_new(X(50) + i);
		pay_link();
		told[A][i] = att_tell(A);
		told[B][i] = att_tell(B);
		rig_settle();
		wait_ms(50);
	}
	T_EQ(r.signer[A].acks, 3);
	T_EQ(r.signer[A].recalls, 0);
}

/* Its next nonce makes us answer with a heartbeat. */
static void nonce(int s)
{
	r.signer[s].nonce++;
	rig_settle();
	wait_ms(100);
}

static void handed_back(int s, size_t first, size_t n)
{
	struct model *m = &r.signer[s];

	T_EQ(m->recalled_n, n);
	for (size_t i = 0; i < n; i++) {
		T_CHECK(hash32_eq(&m->recalled[i], &told[s][first + i]));
	}
	T_EQ(m->recalled_documents, 3); /* attempt, order, request */
}

static void in_order(void)
{
	struct model *a = &r.signer[A];

	start();
	nonce(A);
	T_EQ(a->recalls, 0); /* it lacks nothing */
	a->lacks = true;
	a->recall_after = a->told[0].sequence;
	nonce(A);
	handed_back(A, 1, 2);
	/* it is asked again with each heartbeat, and there is nothing more */
	nonce(A);
	handed_back(A, 1, 2);
	a->lacks = false;
	nonce(A);
	nonce(A);
	T_EQ(r.signer[B].recalls, 0);
	/* after our own start the same; then from the beginning */
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	a->lacks = true;
	a->recall_after = 0;
	a->recalled_n = 0;
	nonce(A);
	handed_back(A, 0, 3);
	T_EQ(r.w.control.binding, 0);
	T_EQ(r.w.alarms, 0);
}

/*
 * A signer that lost its memory signs sweeps before it hears anybody: its newest number is above
 * all that we hold.  On a new link it is asked for its newest payment until it has that.
 */
static void sweeps_hide_nothing(void)
{
	struct model *a = &r.signer[A];
	const struct watch_signer *k = &r.w.signer[A];
	struct nem_tx t, taken;
	struct nem_inner inner;

	start();
	nonce(A);
	t = tx_transfer(K_TILL, K_THIEF, X(1000));
	inner = inner_of(&t);
	taken = tx_wrap(K_A, &inner, NEM_FEE_MULTISIG_MICRO);
	tx_cosign(&taken, K_B);
	feed_given(0, &taken, 1);
	wait_ms(WATCH_BARRIER_MS + 500);
	T_CHECK(watch_evacuating(&r.w));
	T_CHECK(k->held_sequence > k->paid_sequence);
	nonce(A);
	T_EQ(a->heartbeat.records_sequence, k->held_sequence);
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	a->lacks = true;
	a->recall_after = a->told[1].sequence;
	a->recalled_n = 0;
	link_open(CH_A, WATCH_ROLE_SIGNER_A);
	for (unsigned i = 0; i < 3; i++) {
		nonce(A);
		T_EQ(a->heartbeat.records_sequence, k->paid_sequence);
		T_MEM(a->heartbeat.records_head.b, k->paid_head.b, sizeof k->paid_head.b);
	}
	T_CHECK(a->recalled_n > 1 && hash32_eq(&a->recalled[0], &told[A][2]));
	a->lacks = false;
	nonce(A);
	nonce(A);
	T_EQ(a->heartbeat.records_sequence, k->held_sequence);
	/* the same after our own start */
	a->lacks = true;
	rig_restart(r.batches);
	rig_connect();
	feed_all();
	nonce(A);
	T_EQ(a->heartbeat.records_sequence, k->paid_sequence);
	T_MEM(a->heartbeat.records_head.b, k->paid_head.b, sizeof k->paid_head.b);
	a->lacks = false;
	nonce(A);
	nonce(A);
	T_EQ(a->heartbeat.records_sequence, k->held_sequence);
}

/*
 * A signer that lost a sweep and no payment says so by its own number, which is below the sweep's.
 * It must be shown the sweep first: k words on its newest payment would let it sign the next one at
 * once, by a number that we have passed, which is a crime.
 */
static void lost_sweep(void)
{
	struct model *a = &r.signer[A];
	const struct watch_signer *k = &r.w.signer[A];
	struct nem_tx t, taken;
	struct nem_inner inner;
	uint64_t newest;

	start();
	nonce(A);
	t = tx_transfer(K_TILL, K_THIEF, X(1000));
	inner = inner_of(&t);
	taken = tx_wrap(K_A, &inner, NEM_FEE_MULTISIG_MICRO);
	tx_cosign(&taken, K_B);
	feed_given(0, &taken, 1);
	wait_ms(WATCH_BARRIER_MS + 500);
	T_CHECK(k->held_sequence > k->paid_sequence);
	nonce(A);
	newest = a->sequence;
	for (unsigned again = 0; again < 2; again++) {
		link_close(CH_A, WATCH_ROLE_SIGNER_A);
		a->sequence = k->paid_sequence;
		a->recall_after = a->sequence;
		a->recalled_n = 0;
		link_open(CH_A, WATCH_ROLE_SIGNER_A);
		for (unsigned i = 0; i < 3; i++) {
			nonce(A);
			T_EQ(a->heartbeat.records_sequence, k->held_sequence);
			T_MEM(a->heartbeat.records_head.b, k->held_head.b, sizeof k->held_head.b);
		}
		T_CHECK(a->recalled_n > 0);
		/* it has it back: nothing hides a payment */
		a->sequence = newest;
		a->recall_after = newest;
		link_close(CH_A, WATCH_ROLE_SIGNER_A);
		a->heartbeat.records_sequence = 0;
		a->lacks = true;
		link_open(CH_A, WATCH_ROLE_SIGNER_A);
		nonce(A);
		T_EQ(a->heartbeat.records_sequence, k->paid_sequence);
		a->lacks = false;
		nonce(A);
		nonce(A);
		T_EQ(a->heartbeat.records_sequence, k->held_sequence);
	}
}

/* Its own nonce says that it has less than we hold. */
static void rewound(void)
{
	struct model *a = &r.signer[A];
	uint64_t newest;
	unsigned acks;

	start();
	newest = a->sequence;
	a->sequence = a->told[1].sequence;
	a->recall_after = a->sequence;
	nonce(A);
	T_EQ(r.w.alarms, 1);
	T_CHECK(r.w.signer[A].rewound);
	handed_back(A, 2, 1);
	T_EQ(r.w.control.binding, 0);
	/* not before it says itself that it has it */
	nonce(A);
	T_CHECK(r.w.signer[A].rewound);
	a->sequence = newest;
	nonce(A);
	nonce(A);
	T_CHECK(!r.w.signer[A].rewound);
	T_EQ(r.w.alarms, 1);
	acks = a->acks;
	/* it goes on */
	pay_new(X(60));
	pay_link();
	(void)att_tell(A);
	rig_settle();
	wait_ms(100);
	T_EQ(a->acks, acks + 1);
	T_EQ(r.w.control.binding, 0);
}

/* What it does not take is not handed over faster than heartbeats ask for it. */
static void refused(void)
{
	struct model *a = &r.signer[A];

	start();
	a->lacks = a->forgets = true;
	nonce(A);
	T_EQ(a->recalled_n, 1);
	T_EQ(a->recalls, 2);
	wait_ms(2000);
	T_EQ(a->recalls, 2);
	nonce(A);
	T_EQ(a->recalled_n, 2);
	a->forgets = false;
	a->recalled_n = 0;
	nonce(A);
	handed_back(A, 0, 3);
}

static void disk_fails(void)
{
	struct model *a = &r.signer[A];

	start();
	a->lacks = true;
	r.read_fails = ERR_IO;
	nonce(A);
	T_EQ(r.reads_done, 1);
	T_EQ(a->recalled_n, 0);
	/* bytes that are no batch, and a batch of something else */
	r.read_fails = ERR_OK;
	{
		uint64_t at = r.w.config.storage.payments[0].batch_at[A];
		uint32_t n = r.w.config.storage.payments[0].batch_n[A];

		r.w.config.storage.payments[0].batch_n[A] = n - 1;
		nonce(A);
		r.w.config.storage.payments[0].batch_at[A] = 0;
		r.w.config.storage.payments[0].batch_n[A] = (uint32_t)r.batch_end[0];
		nonce(A);
		T_EQ(r.reads_done, 3);
		T_EQ(a->recalled_n, 0);
		r.w.config.storage.payments[0].batch_at[A] = at;
		r.w.config.storage.payments[0].batch_n[A] = n;
	}
	nonce(A);
	handed_back(A, 0, 3);
	/* an answer that nobody waits for */
	{
		struct event ev = { .kind = EVENT_REPLY,
				    .number = WATCH_CALL_READ,
				    .request_id = 12345 };

		rig_event(&ev);
		ev.number = 77;
		rig_event(&ev);
		T_EQ(a->recalled_n, 3);
	}
}

/* The link goes while the disk is busy: its answer is for nobody. */
static void link_lost(void)
{
	struct model *a = &r.signer[A];
	struct event ev = { .kind = EVENT_REPLY, .number = WATCH_CALL_READ };
	unsigned recalls;

	start();
	a->lacks = true;
	r.signer[A].nonce++;
	/* by hand: until the read is under way */
	for (unsigned i = 0; i < 40 && r.w.signer[A].recall.call == 0; i++) {
		a->silent = a->recalls == 1;
		tick(25);
	}
	a->silent = false;
	recalls = a->recalls;
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	link_open(CH_A, WATCH_ROLE_SIGNER_A);
	T_EQ(r.w.signer[A].recall.call, 0);
	ev.request_id = 1;
	rig_event(&ev);
	T_EQ(a->recalls, recalls);
	a->recalled_n = 0;
	a->recall_after = 0;
	nonce(A);
	nonce(A);
	handed_back(A, 0, 3);
}

/* Garbage and wrong documents in place of a cursor. */
static void no_cursor(void)
{
	static uint8_t body[2048];
	struct model *a = &r.signer[A];
	struct doc_ack other = { .genesis = r.genesis_id, .watcher = "w1" };
	uint8_t raw[1024];
	struct writer w;
	struct writer b;

	start();
	a->lacks = true;
	enqueue(CH_A, WATCH_ROLE_SIGNER_A, SIGNER_RECALL + 1, 1, bytes_str("xx"));
	enqueue(CH_A, WATCH_ROLE_SIGNER_A, SIGNER_RECALL + 1, 1, bytes_of(NULL, 0));
	b = writer_make(body, sizeof body);
	put_item(&b, bytes_str("{}"));
	enqueue(CH_A, WATCH_ROLE_SIGNER_A, SIGNER_RECALL + 1, 1, bytes_of(body, b.n));
	other.genesis = r.genesis_id;
	w = writer_make(raw, sizeof raw);
	b = writer_make(body, sizeof body);
	CHECK(doc_ack_make(&w, NULL, &other, NULL) == ERR_OK);
	put_item(&b, bytes_of(raw, w.n));
	enqueue(CH_A, WATCH_ROLE_SIGNER_A, SIGNER_RECALL + 1, 1, bytes_of(body, b.n));
	rig_settle();
	T_EQ(a->recalled_n, 0);
	nonce(A);
	handed_back(A, 0, 3);
}

/* A payment that follows one which is followed already. */
static void forked(void)
{
	static struct doc_freeze f;
	uint64_t sequence;

	rig_up();
	for (size_t i = 0; i < 3; i++) {
		pay_new(X(50) + i);
		pay_link();
		att_make(A);
		r.att.previous = i == 0 ? (struct hash32){ { 0 } } : told[A][i - 1];
		told[A][i] = att_tell(A);
		rig_settle();
		wait_ms(50);
	}
	T_EQ(r.signer[A].acks, 3);
	/* what follows a record that we do not hold shows nothing */
	pay_new(X(60));
	pay_link();
	att_make(A);
	r.att.previous = (struct hash32){ { 7 } };
	told[A][3] = att_tell(A);
	rig_settle();
	wait_ms(50);
	T_EQ(r.signer[A].acks, 4);
	T_EQ(r.w.control.binding, 0);
	/* another copy of its journal lives: it is at the second one */
	pay_new(X(70));
	pay_link();
	att_make(A);
	r.att.previous = told[A][1];
	sequence = r.w.signer[A].held_sequence;
	(void)att_tell(A);
	rig_settle();
	wait_ms(100);
	T_EQ(r.signer[A].acks, 4);
	T_EQ(r.w.signer[A].held_sequence, sequence);
	T_EQ(r.w.control.binding, 1);
	T_CHECK(handed_freeze(&f));
	T_CHECK(strstr(f.reason, "another payment follows") != NULL);
}

/* It has forgotten an account's closing with all else: before our first heartbeat it has it back.
 */
static void closings_first(void)
{
	static uint8_t raw[2048];
	struct doc_closing c = { .account = r.chain[K_TILL].public_key,
				 .genesis = r.genesis_id,
				 .issuer = "officer-1",
				 .reason = "used up",
				 .time_ms = r.wall };
	struct bytes item;
	struct doc d;
	unsigned stops;

	rig_up();
	c.account = r.chain[K_TILL].public_key;
	c.genesis = r.genesis_id;
	c.time_ms = r.wall;
	item = bytes_of(raw, made(raw, sizeof raw, NULL, DOC_CLOSING, &c, &r.person[0]));
	(void)ask(ROLE_STOP, WATCHER_STOP_PUT, &item, 1);
	T_EQ(watch_accounts_closed(&r.w), 1);
	stops = r.signer[A].stops;
	link_close(CH_A, WATCH_ROLE_SIGNER_A);
	r.signer[A].heartbeats = 0;
	{
		struct event ev = { .kind = EVENT_OPENED,
				    .channel = CH_A,
				    .role = WATCH_ROLE_SIGNER_A };

		r.signer[A].nonce++;
		rig_one(&ev);
		T_EQ(r.signer[A].stops, stops + 1);
		T_EQ(r.signer[A].heartbeats, 0);
	}
	T_CHECK(doc_open(&d, bytes_of(r.signer[A].stop_raw, r.signer[A].stop_n), &r.genesis_id,
			 NULL) == ERR_OK &&
		d.type == DOC_CLOSING);
	rig_settle();
	wait_ms(100);
	T_CHECK(r.signer[A].heartbeats > 0);
	T_EQ(r.signer[A].stops, stops + 1);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "in order, with the documents", in_order },
		{ "a rewound signer is handed back what it lost", rewound },
		{ "sweeps hide nothing", sweeps_hide_nothing },
		{ "a signer that lost a sweep alone", lost_sweep },
		{ "a signer that takes nothing", refused },
		{ "a disk that does not read", disk_fails },
		{ "a link that is lost meanwhile", link_lost },
		{ "what is no cursor", no_cursor },
		{ "two payments that follow one", forked },
		{ "closings before heartbeats", closings_first },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
