/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: freeze wins (P5), evacuation needs proof and goes home only, a rewound memory locks (P7).
 * Method: freezes by everybody who may and may not, before, during and after a payment; sweeps with
 * every kind of evidence that is none; heartbeats that name records which the journal lacks.
 */
#include "crypto/ed25519.h"
#include "doc/document.h"
#include "t.h"

#include "chain/nem/nem_tx.h"
#include "guard/guard_self.h"
#include "guard_said.h"
#include "policy/payment.h"

static void start(void)
{
	rig_make();
	rig_well(A);
	rig_well(B);
}

static bool receipted(uint64_t id, struct doc_receipt *receipt, int s)
{
	struct doc d;

	return rig_type(rig_item(rig_answer(id), 0), &d) == DOC_RECEIPT &&
	       doc_receipt_read(&d, receipt, NULL) == ERR_OK && doc_signed_by(&d, &r.attest[s].key);
}

static void who_may_stop(void)
{
	struct doc_receipt receipt;
	struct doc_freeze f;
	uint64_t id;

	start();
	f = rig_freeze("approver-1", 1);
	REFUSED(rig_stop(A, STOPPER, &f, &r.person[2]), "unknown-signer", "freeze.issuer");
	f = rig_freeze("auditor-1", 1);
	REFUSED(rig_stop(A, STOPPER, &f, &r.person[4]), "unknown-signer", "freeze.issuer");
	f = rig_freeze("backend", 1);
	REFUSED(rig_stop(A, STOPPER, &f, &r.backend), "unknown-signer", "freeze.issuer");
	f = rig_freeze("officer-1", 1);
	REFUSED(rig_stop(A, STOPPER, &f, NULL), "not-signed", "freeze.signatures");
	REFUSED(rig_stop(A, STOPPER, &f, &r.person[1]), "bad-signature", "freeze.signatures");
	REFUSED(rig_stop(A, STOPPER, &f, &r.watcher[0]), "bad-signature", "freeze.signatures");
	T_STR(rig_code(rig_frame(A, STOPPER, SIGNER_STOP_PUT, bytes_str("nonsense"))), "bad-input");
	T_CHECK(!guard_frozen(&r.g[A]));
	/* one officer is enough, over any socket, the server's too */
	id = rig_stop(A, SERVER, &f, &r.person[0]);
	T_CHECK(guard_frozen(&r.g[A]));
	T_CHECK(receipted(id, &receipt, A));
	T_STR(receipt.holder, "a");
	/* again: the same bytes, nothing new */
	{
		unsigned commits = r.commits;
		uint64_t again = rig_stop(A, WATCHER, &f, &r.person[0]);

		T_EQ(rig_answer(again)->n, rig_answer(id)->n);
		T_MEM(rig_answer(again)->body, rig_answer(id)->body, rig_answer(id)->n);
		T_EQ(r.commits, commits);
	}
	/* and one watcher */
	T_CHECK(!guard_frozen(&r.g[B]));
	f = rig_freeze("watcher-2", 2);
	id = rig_stop(B, STOPPER, &f, &r.watcher[1]);
	T_CHECK(guard_frozen(&r.g[B]) && receipted(id, &receipt, B));
	id = rig_frame(B, SERVER, SIGNER_STOP_GET, (struct bytes){ NULL, 0 });
	{
		struct doc d;

		T_EQ(rig_type(rig_item(rig_answer(id), 0), &d), DOC_FREEZE);
		T_CHECK(hash32_eq(&d.id, &receipt.document));
		T_EQ(rig_item(rig_answer(id), 1).n, 0);
	}
	/* it outlives the process */
	rig_restart(B);
	T_CHECK(guard_frozen(&r.g[B]));
	id = rig_stop(B, STOPPER, &f, &r.watcher[1]);
	{
		struct doc_receipt after;

		T_CHECK(receipted(id, &after, B));
		T_EQ(after.sequence, receipt.sequence);
		T_EQ(after.time_ms, receipt.time_ms);
	}
}

/* Nobody fills the table for others. */
static void many_freezes(void)
{
	struct doc_freeze f;
	unsigned full = 0;

	start();
	for (uint8_t i = 0; i < 20; i++) {
		f = rig_freeze("watcher-1", i);
		full += strcmp(rig_code(rig_stop(A, WATCHER, &f, &r.watcher[0])), "full") == 0;
	}
	/* its last place is for an evacuation */
	T_EQ(full, 20 - (CONTROL_BIND_EACH_MAX - 1));
	f = rig_freeze("watcher-2", 1);
	T_STR(rig_code(rig_stop(A, WATCHER + 1, &f, &r.watcher[1])), "");
	T_CHECK(guard_frozen(&r.g[A]));
	rig_restart(A);
	T_EQ(r.g[A].control.binding, CONTROL_BIND_EACH_MAX);
}

static void freeze_stops_payments(void)
{
	struct doc_freeze f = { 0 };
	struct hash32 waiting;
	uint64_t sign;
	uint64_t released;

	start();
	/* one released before, one that waits for its acknowledgements */
	rig_withdrawal(X(50), 0, 1);
	released = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(released));
	rig_withdrawal(X(60), 0, 2);
	sign = rig_sign();
	waiting = rig_newest(A);
	(void)rig_ack(A, 0, &waiting);
	T_EQ(rig_answers(sign), 0);
	f = rig_freeze("officer-2", 1);
	(void)rig_stop(A, STOPPER, &f, &r.person[1]);
	REFUSED(sign, "frozen", "");
	/* the missing acknowledgement comes too late */
	(void)rig_ack(A, 1, &waiting);
	(void)rig_ack(A, 2, &waiting);
	T_EQ(rig_answers(sign), 1);
	REFUSED(rig_sign(), "frozen", "");
	rig_well(A);
	REFUSED(rig_sign(), "frozen", "");
	/* what was released is not given again either */
	rig_withdrawal(X(50), 0, 1);
	REFUSED(rig_sign(), "frozen", "");
	rig_restart(A);
	rig_well(A);
	REFUSED(rig_sign(), "frozen", "");
	T_EQ(r.g[A].signatures_released, 0);
}

/* A transaction of the till to a thief, initiated and cosigned by whom we like. */
static size_t evidence(uint8_t *out, size_t cap, const struct edk_secret *initiator,
		       const struct edk_secret *cosigner, const struct key32 *account,
		       uint64_t outer_fee)
{
	struct nem_tx tx;
	struct nem_tx cosign;
	struct nem_address thief;
	struct writer w = writer_make(out, cap);
	uint32_t now = 0;

	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	nem_address_from_key(&thief, &r.stranger.key, 0x98);
	memset(&tx, 0, sizeof tx);
	tx.type = NEM_MULTISIG;
	tx.head = (struct nem_header){ 0x98, 1, now, now + 3600, outer_fee, initiator->public_key };
	tx.multisig.inner.type = NEM_TRANSFER;
	tx.multisig.inner.head = (struct nem_header){ 0x98, 1, now, now + 3600, 50000, *account };
	tx.multisig.inner.transfer.recipient = thief;
	tx.multisig.inner.transfer.amount_micro = X(10);
	CHECK(nem_tx_sign(&tx, initiator) == ERR_OK);
	if (cosigner != NULL) {
		memset(&cosign, 0, sizeof cosign);
		cosign.type = NEM_COSIGNATURE;
		cosign.head =
		    (struct nem_header){ 0x98, 1, now, now + 3600, 150000, cosigner->public_key };
		nem_tx_hash_inner(&cosign.cosignature.inner_hash, &tx.multisig.inner);
		nem_address_from_key(&cosign.cosignature.account, account, 0x98);
		CHECK(nem_tx_sign(&cosign, cosigner) == ERR_OK);
		CHECK(nem_tx_attach(&tx, &cosign) == ERR_OK);
	}
	nem_tx_encode(&w, &tx, NEM_SIGNED);
	CHECK(!w.bad);
	return w.n;
}

static struct doc_sweep sweep;
static struct hash32 sweep_id;

static void sweep_make(uint64_t balance)
{
	struct money m = xem(balance);
	uint32_t now = 0;

	CHECK(nem_time_from_unix_ms(&now, r.wall) == ERR_OK);
	CHECK(attempt_sweep_make(&sweep, &r.genesis, &r.policy, &r.genesis_id, &r.till.public_key,
				 &m, now) == ERR_OK);
}

struct ground {
	struct doc_freeze f;
	const struct rig_key *key;
};

static uint64_t sweep_send(int s, unsigned watcher, const struct ground *grounds, size_t n,
			   const struct rig_sent *a)
{
	static uint8_t raws[6][16384];
	static uint8_t body[65536];
	struct writer w = writer_make(raws[5], sizeof raws[5]);
	struct writer b = writer_make(body, sizeof body);
	struct bytes items[10];
	size_t k = 0;

	CHECK(doc_sweep_make(&w, &sweep_id, &sweep, NULL) == ERR_OK);
	items[k++] = bytes_of(w.p, w.n);
	for (size_t i = 0; i < n; i++) {
		items[k++] = rig_freeze_raw(raws[i], &grounds[i].f, grounds[i].key);
	}
	if (a != NULL) {
		items[k++] = rig_item(a, 0);
		items[k++] = rig_item(a, 1);
	}
	return rig_frame(s, WATCHER + watcher, SIGNER_SWEEP, rig_body(&b, items, k));
}

static struct ground theft_ground(const struct edk_secret *initiator,
				  const struct edk_secret *cosigner)
{
	struct ground g = { .f = rig_freeze("watcher-1", 1), .key = &r.watcher[0] };

	g.f.evidence_n = evidence(g.f.evidence, sizeof g.f.evidence, initiator, cosigner,
				  &r.till.public_key, 150000);
	return g;
}

static void what_is_no_evidence(void)
{
	struct edk_secret stranger;
	struct edk_secret other;
	uint8_t seed[32] = { 91 };
	struct ground g;
	uint64_t sign;

	start();
	edk_secret_make(&stranger, seed);
	seed[0] = 92;
	edk_secret_make(&other, seed);
	sweep_make(X(5000));
#define NOT_THEFT(what)                                                                   \
	do {                                                                              \
		what;                                                                     \
		REFUSED(sweep_send(A, 0, &g, 1, NULL), "no-evidence", "freeze.evidence"); \
		g.f.nonce[1]++;                                                           \
	} while (0)
	rig_make();
	rig_well(A);
	sweep_make(X(5000));
	NOT_THEFT((g = theft_ground(&r.chain[A], NULL), g.f.evidence_n = 0));
	NOT_THEFT(g = theft_ground(&r.chain[A], NULL)); /* incomplete: one key takes nothing */
	NOT_THEFT(g = theft_ground(&stranger, &other)); /* strangers' keys show nothing */
	NOT_THEFT((g = theft_ground(&r.chain[A], &r.chain[B]), g.f.evidence[200] ^= 1));
	NOT_THEFT((g = theft_ground(&r.chain[A], &r.chain[B]), g.f.evidence_n--));
	rig_make(); /* few freezes of one issuer are kept: a new table */
	rig_well(A);
	sweep_make(X(5000));
	/* somebody else's account */
	NOT_THEFT((g = theft_ground(&r.chain[A], &r.chain[B]),
		   g.f.evidence_n = evidence(g.f.evidence, sizeof g.f.evidence, &r.chain[A],
					     &r.chain[B], &other.public_key, 150000)));
	/* rubbish */
	NOT_THEFT((g = theft_ground(&r.chain[A], &r.chain[B]), memset(g.f.evidence, 0xee, 64)));
	/* and a freeze by nobody is not even a freeze */
	g = theft_ground(&r.chain[A], &r.chain[B]);
	g.key = &r.stranger;
	REFUSED(sweep_send(A, 0, &g, 1, NULL), "bad-signature", "freeze.signatures");
	T_EQ(r.g[A].payments_n, 0);

	/* our own payment, shown as theft */
	rig_make();
	rig_well(A);
	rig_well(B);
	rig_withdrawal(X(50), 0, 1);
	sign = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(sign));
	{
		struct payment p;
		struct doc_signature sig_a;
		struct sig64 sig_b;
		struct doc d;
		size_t n = 0;

		T_EQ(rig_type(rig_item(rig_answer(sign), 1), &d), DOC_SIGNATURE);
		T_EQ(doc_signature_read(&d, &sig_a, NULL), ERR_OK);
		T_EQ(payment_make(&p, 0x98, &r.chain[A].public_key, &r.chain[B].public_key,
				  &r.order, &r.attempt),
		     ERR_OK);
		edk_sign(&sig_b, &r.chain[B], payment_wrap(&p));
		g = (struct ground){ .f = rig_freeze("watcher-1", 1), .key = &r.watcher[0] };
		T_EQ(payment_unit(g.f.evidence, sizeof g.f.evidence, &n, &p, &sig_a.signature,
				  &sig_b),
		     ERR_OK);
		g.f.evidence_n = n;
		sweep_make(X(5000));
		REFUSED(sweep_send(A, 0, &g, 1, NULL), "no-evidence", "freeze.evidence");
		/*
		 * The same inner in a wrapper that burns the balance is theft (nem.md 2.8), and so
		 * is one of another second or deadline: B signed no such wrapper.
		 */
		for (unsigned i = 0; i < 3; i++) {
			struct nem_tx tx;
			struct writer w;

			T_EQ(payment_unit(g.f.evidence, sizeof g.f.evidence, &n, &p,
					  &sig_a.signature, &sig_b),
			     ERR_OK);
			T_EQ(nem_tx_decode(&tx, 0x98, bytes_of(g.f.evidence, n), NEM_SIGNED),
			     ERR_OK);
			tx.head.fee_micro = i == 0 ? X(4000) : tx.head.fee_micro;
			tx.head.time_nem_s += i == 1;
			tx.head.deadline_nem_s += i == 2;
			T_EQ(nem_tx_sign(&tx, &r.chain[B]), ERR_OK);
			w = writer_make(g.f.evidence, sizeof g.f.evidence);
			nem_tx_encode(&w, &tx, NEM_SIGNED);
			g.f.evidence_n = w.n;
			g.f.nonce[2]++;
			sweep_make(X(5000 + i));
			T_STR(rig_code(sweep_send(A, 0, &g, 1, NULL)), "");
			T_EQ(r.g[A].payments_n, 2 + i);
		}
	}
#undef NOT_THEFT
}

static void cosign(struct nem_tx *tx, const struct edk_secret *by, uint64_t fee, uint32_t later,
		   uint32_t longer)
{
	const struct nem_header *inner = &tx->multisig.inner.head;
	struct nem_tx c;

	memset(&c, 0, sizeof c);
	c.type = NEM_COSIGNATURE;
	c.head = (struct nem_header){
		0x98,          1, inner->time_nem_s + later, inner->deadline_nem_s + longer, fee,
		by->public_key
	};
	nem_tx_hash_inner(&c.cosignature.inner_hash, &tx->multisig.inner);
	nem_address_from_key(&c.cosignature.account, &inner->signer, 0x98);
	CHECK(nem_tx_sign(&c, by) == ERR_OK);
	CHECK(nem_tx_attach(tx, &c) == ERR_OK);
}

/*
 * The inner transaction of a payment of ours in any other form than the one we sign shows that
 * somebody uses our keys; and it counts even where no more freezes of its sender are kept.
 */
static void ours_in_another_form(void)
{
	enum { OURS, NOT_A, TWO, FEE, TIME, DEADLINE, TURNED, FORMS };

	struct edk_secret recovery;
	const uint8_t seed[32] = { 93 };
	struct payment p;
	struct ground g[2];
	struct guard_no no;
	uint64_t sign;

	start();
	edk_secret_make(&recovery, seed);
	rig_withdrawal(X(50), 0, 1);
	sign = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(sign));
	T_EQ(payment_make(&p, 0x98, &r.chain[A].public_key, &r.chain[B].public_key, &r.order,
			  &r.attempt),
	     ERR_OK);
	g[0] = (struct ground){ .f = rig_freeze("watcher-1", 1), .key = &r.watcher[0] };
	for (unsigned form = OURS; form < 2 * FORMS; form++) {
		const struct edk_secret *initiator =
		    form % FORMS == TURNED ? &r.chain[A] : &r.chain[B];
		struct writer w = writer_make(g[0].f.evidence, sizeof g[0].f.evidence);
		struct nem_tx tx;

		/* unsigned as yet, so that the same inner can be wrapped anew */
		T_EQ(nem_tx_decode(&tx, 0x98, payment_wrap(&p), NEM_SIGNING), ERR_OK);
		tx.head.signer = initiator->public_key;
		T_EQ(nem_tx_sign(&tx, initiator), ERR_OK);
		switch (form % FORMS) {
		case NOT_A:
			cosign(&tx, &recovery, 150000, 0, 0);
			break;
		case TURNED:
			cosign(&tx, &r.chain[B], 150000, 0, 0);
			break;
		default:
			cosign(&tx, &r.chain[A], form % FORMS == FEE ? 150001 : 150000,
			       form % FORMS == TIME, form % FORMS == DEADLINE);
		}
		if (form % FORMS == TWO) {
			cosign(&tx, &recovery, 150000, 0, 0);
		}
		nem_tx_encode(&w, &tx, NEM_SIGNED);
		g[0].f.evidence_n = w.n;
		g[0].f.nonce[1] = (uint8_t)form;
		sweep_make(X(5000) + form);
		if (form % FORMS == OURS) {
			size_t before = r.g[A].payments_n;

			REFUSED(sweep_send(A, 0, g, 1, NULL), "no-evidence", "freeze.evidence");
			T_EQ(r.g[A].payments_n, before);
		} else {
			T_STR(rig_code(sweep_send(A, 0, g, 1, NULL)), "");
			rig_acks(A);
		}
	}
	T_EQ(r.g[A].sweeps_n, 2 * (FORMS - 1));
	/* two pieces of evidence are no less than one */
	g[1] = g[0];
	g[1].f.nonce[2] = 1;
	sweep_make(X(6000));
	T_STR(rig_code(sweep_send(A, 0, g, 2, NULL)), "");
	T_EQ(guard_stop_theft(&r.g[A], (struct bytes){ NULL, 0 }, &no), ERR_EVIDENCE);
	T_STR(no.field, "freeze.evidence");
}

/* Transactions that read and take nothing: a plain one of a stranger's, and forged ones. */
static void takes_nothing(void)
{
	struct ground g;
	struct nem_tx good;
	struct nem_tx tx;
	struct writer w;

	start();
	g = theft_ground(&r.chain[A], &r.chain[B]);
	T_EQ(nem_tx_decode(&good, 0x98, bytes_of(g.f.evidence, g.f.evidence_n), NEM_SIGNED),
	     ERR_OK);
	for (unsigned i = 0; i < 4; i++) {
		tx = good;
		if (i == 0) {
			memset(&tx, 0, sizeof tx);
			tx.type = NEM_TRANSFER;
			tx.head = good.head;
			tx.transfer = good.multisig.inner.transfer;
			T_EQ(nem_tx_sign(&tx, &r.chain[A]), ERR_OK);
		}
		tx.signature.b[3] ^= i == 1;
		tx.multisig.cosignature[0].signature.b[3] ^= i == 2;
		w = writer_make(g.f.evidence, sizeof g.f.evidence);
		nem_tx_encode(&w, &tx, NEM_SIGNED);
		g.f.evidence_n = w.n;
		g.f.nonce[1]++;
		sweep_make(X(5000));
		if (i < 3) {
			REFUSED(sweep_send(A, 0, &g, 1, NULL), "no-evidence", "freeze.evidence");
			T_EQ(r.g[A].payments_n, 0);
		} else {
			T_STR(rig_code(sweep_send(A, 0, &g, 1, NULL)), ""); /* unaltered */
		}
	}
}

/* Theft by A and B's keys: both signers sweep, after acknowledgements, home, whole. */
static void evacuation(void)
{
	struct ground g;
	struct payment p;
	struct doc_signature sa;
	struct doc_signature sb;
	struct doc d;
	uint8_t unit[PAYMENT_UNIT_MAX];
	size_t n = 0;
	uint64_t a;
	uint64_t again;
	uint64_t b;

	start();
	g = theft_ground(&r.chain[A], &r.chain[B]);
	sweep_make(X(5000));
	a = sweep_send(A, 0, &g, 1, NULL);
	T_CHECK(guard_frozen(&r.g[A])); /* the sweep's freeze is a freeze */
	T_EQ(rig_answers(a), 0);
	rig_acks(A);
	T_CHECK(rig_signed(a));
	again = sweep_send(A, 1, &g, 1, NULL);
	T_MEM(rig_answer(again)->body, rig_answer(a)->body, rig_answer(a)->n);
	/* B without A's part; then with it */
	REFUSED(sweep_send(B, 0, &g, 1, NULL), "bad-input", "body");
	b = sweep_send(B, 0, &g, 1, rig_answer(a));
	T_EQ(rig_answers(b), 0);
	rig_acks(B);
	T_CHECK(rig_signed(b));
	T_EQ(rig_type(rig_item(rig_answer(a), 1), &d), DOC_SIGNATURE);
	T_EQ(doc_signature_read(&d, &sa, NULL), ERR_OK);
	T_EQ(rig_type(rig_item(rig_answer(b), 1), &d), DOC_SIGNATURE);
	T_EQ(doc_signature_read(&d, &sb, NULL), ERR_OK);
	T_EQ(payment_make_sweep(&p, 0x98, &r.chain[A].public_key, &r.chain[B].public_key, &sweep),
	     ERR_OK);
	T_EQ(payment_unit(unit, sizeof unit, &n, &p, &sa.signature, &sb.signature), ERR_OK);

#define SWEPT(change, code, field)                                   \
	do {                                                         \
		sweep_make(X(6000));                                 \
		change;                                              \
		REFUSED(sweep_send(A, 0, &g, 1, NULL), code, field); \
	} while (0)
	SWEPT(rig_address(&sweep.destination, &r.stranger.key), "policy", "sweep.destination");
	SWEPT(sweep.destination = r.genesis.spares[1], "policy", "sweep.destination");
	SWEPT(sweep.account = r.stranger.key, "policy", "sweep.account");
	SWEPT(sweep.amount = xem(X(20000)), "mismatch", "sweep.fee_inner");
	SWEPT(sweep.fee_inner = xem(X(5)), "mismatch", "sweep.fee_inner");
	SWEPT(sweep.fee_outer = xem(X(5000)), "mismatch", "sweep.fee_outer");
	SWEPT(sweep.fee_cosign = xem(0), "mismatch", "sweep.fee_cosign");
	SWEPT(sweep.deadline_nem_s++, "mismatch", "sweep.deadline_nem_s");
	SWEPT((sweep.timestamp_nem_s += 60, sweep.deadline_nem_s += 60), "clock",
	      "sweep.timestamp_nem_s");
	/* no grounds at all; a payment of a customer is not one */
	sweep_make(X(6000));
	REFUSED(sweep_send(A, 0, &g, 0, NULL), "bad-input", "body");
	T_EQ(r.g[A].sweeps_n, 1);

	/* what arrives later is swept again, also by a signer that was restarted and hears nobody
	 */
	rig_restart(A);
	sweep_make(X(70));
	a = sweep_send(A, 0, &g, 1, NULL);
	T_STR(rig_code(a), "");
	rig_acks(A);
	T_CHECK(rig_signed(a));
	/* but not for ever */
	for (unsigned i = 0; i < GUARD_SWEEPS_EACH_MAX + 5; i++) {
		sweep_make(X(100 + i));
		a = sweep_send(A, 0, &g, 1, NULL);
		if (rig_refusal(a) != NULL) {
			break;
		}
		rig_acks(A);
	}
	REFUSED(a, "full", "sweep.account");
	T_EQ(r.g[A].sweeps_n, GUARD_SWEEPS_EACH_MAX);
#undef SWEPT
}

static void two_officers(void)
{
	struct ground g[2];
	uint64_t a;

	start();
	sweep_make(X(5000));
	g[0] = (struct ground){ .f = rig_freeze("officer-1", 1), .key = &r.person[0] };
	g[1] = (struct ground){ .f = rig_freeze("officer-2", 1), .key = &r.person[1] };
	REFUSED(sweep_send(A, 0, g, 2, NULL), "no-evidence", "freeze.evidence");
	g[0].f.evacuate = true;
	REFUSED(sweep_send(A, 0, g, 2, NULL), "no-evidence", "freeze.evidence");
	REFUSED(sweep_send(A, 0, g, 1, NULL), "no-evidence", "freeze.evidence");
	/* one officer's word twice is one word */
	g[1] = g[0];
	g[1].f.nonce[5] = 9;
	REFUSED(sweep_send(A, 0, g, 2, NULL), "no-evidence", "freeze.evidence");
	/* an officer and a watcher are not two officers */
	g[1] = (struct ground){ .f = rig_freeze("watcher-1", 7), .key = &r.watcher[0] };
	g[1].f.evacuate = true;
	REFUSED(sweep_send(A, 0, g, 2, NULL), "no-evidence", "freeze.evidence");
	g[1] = (struct ground){ .f = rig_freeze("officer-2", 2), .key = &r.person[1] };
	g[1].f.evacuate = true;
	a = sweep_send(A, 0, g, 2, NULL);
	T_STR(rig_code(a), "");
	rig_acks(A);
	T_CHECK(rig_signed(a));
}

/* What an issuer has said before cannot keep him from asking for evacuation. */
static void last_place(void)
{
	enum { ISSUERS = 3, ORDINARY = CONTROL_BIND_EACH_MAX - 1 };

	static const char *const names[ISSUERS] = { "officer-1", "officer-2", "watcher-1" };
	const struct rig_key *keys[ISSUERS];
	static uint8_t raw[16384];
	struct ground g[2];
	struct doc_receipt receipt;
	struct doc_freeze f;
	uint64_t id;

	start();
	keys[0] = &r.person[0];
	keys[1] = &r.person[1];
	keys[2] = &r.watcher[0];
	for (size_t k = 0; k < ISSUERS; k++) {
		for (uint8_t i = 0; i < ORDINARY; i++) {
			f = rig_freeze(names[k], i);
			T_CHECK(receipted(rig_stop(A, STOPPER, &f, keys[k]), &receipt, A));
		}
		f = rig_freeze(names[k], 100);
		REFUSED(rig_stop(A, STOPPER, &f, keys[k]), "full", "freeze");
	}
	T_EQ(r.g[A].control.binding, ISSUERS * ORDINARY);
	rig_restart(A);
	T_EQ(r.g[A].control.binding, ISSUERS * ORDINARY);
	for (size_t k = 0; k < ISSUERS; k++) {
		f = rig_freeze(names[k], 101);
		REFUSED(rig_stop(A, STOPPER, &f, keys[k]), "full", "freeze");
		/* nor does a journal hold what would not have been taken */
		T_EQ(guard_stop_replay(&r.g[A], &(struct log_record){ .time_ms = r.wall },
				       &(struct guard_place){ .sequence = 1000 },
				       rig_freeze_raw(raw, &f, keys[k])),
		     ERR_FULL);
		f.evacuate = true;
		T_CHECK(receipted(rig_stop(A, STOPPER, &f, keys[k]), &receipt, A));
		f.nonce[1] = 1;
		REFUSED(rig_stop(A, STOPPER, &f, keys[k]), "full", "freeze");
		f.evacuate = false;
		REFUSED(rig_stop(A, STOPPER, &f, keys[k]), "full", "freeze");
	}
	rig_restart(A);
	T_EQ(r.g[A].control.binding, ISSUERS * CONTROL_BIND_EACH_MAX);
	/* both officers' words are held, in their last places, and they move it */
	rig_well(A);
	sweep_make(X(5000));
	for (size_t k = 0; k < 2; k++) {
		g[k] = (struct ground){ .f = rig_freeze(names[k], 101), .key = keys[k] };
		g[k].f.time_ms = f.time_ms;
		g[k].f.evacuate = true;
	}
	id = sweep_send(A, 0, g, 2, NULL);
	T_STR(rig_code(id), "");
	rig_acks(A);
	T_CHECK(rig_signed(id));
	T_EQ(r.g[A].control.binding, ISSUERS * CONTROL_BIND_EACH_MAX);

	/* an evacuation that came first takes a place as any other: the last is still for one */
	start();
	f = rig_freeze("officer-1", 0);
	f.evacuate = true;
	T_CHECK(receipted(rig_stop(A, STOPPER, &f, keys[0]), &receipt, A));
	for (uint8_t i = 1; i <= ORDINARY; i++) {
		f = rig_freeze("officer-1", i);
		T_STR(rig_code(rig_stop(A, STOPPER, &f, keys[0])), i < ORDINARY ? "" : "full");
	}
	f.evacuate = true;
	T_CHECK(receipted(rig_stop(A, STOPPER, &f, keys[0]), &receipt, A));
	rig_restart(A);
	T_EQ(r.g[A].control.binding, CONTROL_BIND_EACH_MAX);
}

/* ---- closing ---- */

static struct bytes closing_raw(uint8_t raw[2048], const struct key32 *account, const char *issuer,
				const struct rig_key *key, uint64_t time_ms)
{
	struct doc_closing c = { .account = *account,
				 .genesis = r.genesis_id,
				 .reason = "used up",
				 .time_ms = time_ms };
	struct writer w = writer_make(raw, 2048);

	(void)snprintf(c.issuer, sizeof c.issuer, "%s", issuer);
	CHECK(doc_closing_make(&w, NULL, &c, key == NULL ? NULL : key->secret) == ERR_OK);
	return bytes_of(w.p, w.n);
}

static uint64_t put_raw(int s, struct bytes item)
{
	static uint8_t body[4096];
	struct writer b = writer_make(body, sizeof body);

	return rig_frame(s, STOPPER, SIGNER_STOP_PUT, rig_body(&b, &item, 1));
}

static uint64_t close_put(int s, const struct key32 *account, const char *issuer,
			  const struct rig_key *key)
{
	uint8_t raw[2048];

	return put_raw(s, closing_raw(raw, account, issuer, key, 77));
}

static uint64_t sweep_closed(int s, const struct key32 *account, const struct rig_sent *a)
{
	static uint8_t raw[2048], sweep_raw[4096], body[65536];
	struct writer w = writer_make(sweep_raw, sizeof sweep_raw);
	struct writer b = writer_make(body, sizeof body);
	struct bytes items[4];
	size_t n = 0;

	CHECK(doc_sweep_make(&w, &sweep_id, &sweep, NULL) == ERR_OK);
	items[n++] = bytes_of(w.p, w.n);
	items[n++] = closing_raw(raw, account, "officer-1", &r.person[0], 77);
	if (a != NULL) {
		items[n++] = rig_item(a, 0);
		items[n++] = rig_item(a, 1);
	}
	return rig_frame(s, WATCHER, SIGNER_SWEEP, rig_body(&b, items, n));
}

static void who_may_close(void)
{
	const struct key32 *till = &r.till.public_key;
	struct doc_receipt receipt;
	uint8_t raw[2048];
	uint64_t id;

	start();
	REFUSED(close_put(A, till, "approver-1", &r.person[2]), "unknown-signer", "closing.issuer");
	REFUSED(close_put(A, till, "watcher-1", &r.watcher[0]), "unknown-signer", "closing.issuer");
	REFUSED(close_put(A, till, "nobody", &r.person[0]), "unknown-signer", "closing.issuer");
	REFUSED(close_put(A, till, "officer-1", NULL), "not-signed", "closing.signatures");
	REFUSED(close_put(A, till, "officer-1", &r.person[1]), "bad-signature",
		"closing.signatures");
	REFUSED(close_put(A, &r.stranger.key, "officer-1", &r.person[0]), "policy",
		"closing.account");
	T_CHECK(!r.g[A].closings[0].closed && !r.g[A].closings[1].closed);
	id = close_put(A, till, "officer-1", &r.person[0]);
	T_CHECK(receipted(id, &receipt, A));
	T_CHECK(!guard_frozen(&r.g[A]));
	/* again the same; another document closes nothing that is closed; and for ever */
	T_CHECK(receipted(close_put(A, till, "officer-1", &r.person[0]), &receipt, A));
	T_EQ(receipt.sequence, r.g[A].closings[0].sequence);
	REFUSED(put_raw(A, closing_raw(raw, till, "officer-2", &r.person[1], 1)), "already-used",
		"closing.account");
	rig_restart(A);
	T_CHECK(receipted(close_put(A, till, "officer-1", &r.person[0]), &receipt, A));
	T_EQ(guard_closing_replay(&r.g[A], 1, 1,
				  closing_raw(raw, till, "officer-2", &r.person[1], 1)),
	     ERR_CORRUPT);
	T_EQ(guard_closing_replay(&r.g[A], 1, 1,
				  closing_raw(raw, &r.purse.public_key, "officer-1", NULL, 1)),
	     ERR_CORRUPT);
}

/* Before, while and after it signs: no payment of a closed account leaves. */
static void closed_pays_no_more(void)
{
	const struct key32 *till = &r.till.public_key;
	struct rig_bodies b;
	uint64_t first, waiting;

	start();
	rig_withdrawal(X(50), 0, 1);
	first = rig_sign();
	rig_acks(A);
	T_CHECK(rig_signed(first));
	rig_encode(&b);
	T_CHECK(rig_signed(rig_send(A, &b))); /* the same again */
	rig_withdrawal(X(60), 0, 2);
	waiting = rig_sign();
	T_EQ(rig_answers(waiting), 0);
	T_STR(rig_code(close_put(A, till, "officer-1", &r.person[0])), "");
	REFUSED(waiting, "policy", "attempt.account");
	rig_acks(A);
	T_EQ(rig_answers(waiting), 1);
	REFUSED(rig_send(A, &b), "policy", "attempt.account"); /* nor what was signed before */
	rig_withdrawal(X(70), 0, 3);
	REFUSED(rig_sign(), "policy", "attempt.account");
	rig_restart(A);
	rig_well(A);
	REFUSED(rig_sign(), "policy", "attempt.account");
	/* The other account goes on. */
	rig_withdrawal(X(80), 0, 4);
	T_STR(rig_code(close_put(B, &r.purse.public_key, "officer-1", &r.person[0])), "");
	T_CHECK(!guard_closing_closed(&r.g[B], till));
}

/* A closed account is emptied whole to its own spare box, without a freeze; no other is. */
static void closed_is_emptied(void)
{
	const struct key32 *till = &r.till.public_key;
	uint64_t a, b;

	start();
	sweep_make(X(5000));
	REFUSED(sweep_closed(A, &r.purse.public_key, NULL), "mismatch", "closing.account");
	REFUSED(sweep_send(A, 0, NULL, 0, NULL), "bad-input", "body");
	a = sweep_closed(A, till, NULL);
	T_CHECK(!guard_frozen(&r.g[A]));
	T_CHECK(guard_closing_closed(&r.g[A], till)); /* it came with the sweep */
	T_CHECK(!guard_closing_closed(&r.g[A], &r.purse.public_key));
	T_EQ(rig_answers(a), 0); /* not before watchers hold it */
	rig_acks(A);
	T_CHECK(rig_signed(a));
	b = sweep_closed(B, till, rig_answer(a));
	rig_acks(B);
	T_CHECK(rig_signed(b));
	sweep_make(X(6000));
	rig_address(&sweep.destination, &r.stranger.key);
	REFUSED(sweep_closed(A, till, NULL), "policy", "sweep.destination");
	/* what arrives later goes the same way, after a restart too */
	rig_restart(A);
	rig_well(A);
	sweep_make(X(70));
	a = sweep_closed(A, till, NULL);
	rig_acks(A);
	T_CHECK(rig_signed(a));
}

/*
 * Anybody can send coins to a closed account, again and again, and each time it is emptied: that
 * uses up its own share of moves, and nothing of what an evacuation needs.
 */
static void closed_and_flooded(void)
{
	const struct key32 *till = &r.till.public_key;
	struct ground g;
	uint64_t id = 0;

	start();
	for (unsigned i = 0; i <= GUARD_CLOSED_EACH_MAX; i++) {
		sweep_make(X(70 + i));
		id = sweep_closed(A, till, NULL);
		if (i < GUARD_CLOSED_EACH_MAX) {
			rig_acks(A);
			T_CHECK(rig_signed(id));
		}
	}
	REFUSED(id, "full", "sweep.account");
	rig_restart(A);
	rig_well(A);
	sweep_make(X(99));
	REFUSED(sweep_closed(A, till, NULL), "full", "sweep.account");
	T_EQ(r.g[A].closed_sweeps_n, GUARD_CLOSED_EACH_MAX);
	/* then a theft: the same account is moved as often as without all that */
	g = theft_ground(&r.chain[A], &r.chain[B]);
	for (unsigned i = 0; i <= GUARD_SWEEPS_EACH_MAX; i++) {
		sweep_make(X(5000 + i));
		id = sweep_send(A, 0, &g, 1, NULL);
		if (i < GUARD_SWEEPS_EACH_MAX) {
			rig_acks(A);
			T_CHECK(rig_signed(id));
		}
	}
	REFUSED(id, "full", "sweep.account");
	T_EQ(r.g[A].sweeps_n, GUARD_SWEEPS_EACH_MAX + GUARD_CLOSED_EACH_MAX);
}

/* What no watcher would keep or acknowledge must not enter a signer's journal. */
static void fat_closing(void)
{
	static uint8_t raw[2][8192], sweep_raw[4096], body[65536];
	struct doc_closing c = { .account = r.till.public_key, .time_ms = 1 };
	struct writer w = writer_make(raw[0], sizeof raw[0]);
	struct writer sw, b = writer_make(body, sizeof body);
	struct bytes items[2];
	uint64_t id;
	struct doc d;
	size_t n;

	start();
	c.account = r.till.public_key;
	c.genesis = r.genesis_id;
	(void)snprintf(c.issuer, sizeof c.issuer, "officer-1");
	memset(c.reason, 'x', DOC_REASON_MAX);
	CHECK(doc_closing_make(&w, NULL, &c, r.person[0].secret) == ERR_OK);
	n = w.n;
	for (uint8_t i = 0; i < 7; i++) {
		struct writer out = writer_make(raw[(i + 1) % 2], sizeof raw[0]);
		uint8_t seed[32], secret[DOC_SECRET_BYTES];
		struct key32 key;
		struct doc_seal seal;

		memset(seed, 100 + i, sizeof seed);
		ed25519_keypair(&key, secret, seed);
		T_EQ(doc_open(&d, bytes_of(raw[i % 2], n), &r.genesis_id, NULL), ERR_OK);
		doc_sign(&seal, &d.id, secret);
		T_EQ(doc_add_seal(&out, &d, &seal), ERR_OK);
		n = out.n;
	}
	sweep_make(X(5000));
	sw = writer_make(sweep_raw, sizeof sweep_raw);
	CHECK(doc_sweep_make(&sw, &sweep_id, &sweep, NULL) == ERR_OK);
	items[0] = bytes_of(sw.p, sw.n);
	items[1] = bytes_of(raw[1], n);
	id = rig_frame(A, WATCHER, SIGNER_SWEEP, rig_body(&b, items, 2));
	T_EQ(rig_answers(id), 1); /* a refusal, not an attestation on the way to the watchers */
	T_CHECK(!guard_closing_closed(&r.g[A], &r.till.public_key));
}

/* P7 */
static void rewound(void)
{
	struct doc_heartbeat h;
	struct ground g;
	struct hash32 newest;
	struct hash32 head;
	uint64_t sequence;
	uint64_t id;
	uint8_t before[16384];
	size_t before_n;

	start();
	before_n = r.journal_n[A];
	T_CHECK(before_n <= sizeof before);
	memcpy(before, r.journal[A], before_n);
	rig_withdrawal(X(50), 0, 1);
	id = rig_sign();
	newest = rig_newest(A);
	sequence = r.payments[A][0].sequence;
	head = rig_attested(A, 0).t.head;
	rig_acks(A);
	T_CHECK(rig_signed(id) && !hash32_is_zero(&newest));
	/* what we have is no lock */
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 0);
	h.records_sequence = sequence;
	h.records_head = head;
	T_STR(rig_code(rig_beat_as(A, WATCHER, &h, &r.watcher[0])), "");
	T_CHECK(!guard_locked(&r.g[A]));
	/* yesterday's disk */
	memcpy(r.journal[A], before, before_n);
	r.journal_n[A] = before_n;
	rig_restart(A);
	rig_tick(A, 1001);
	(void)rig_beat(A, 1);
	(void)rig_beat(A, 2);
	h = rig_heartbeat(A, 0);
	h.records_sequence = sequence;
	h.records_head = head;
	REFUSED(rig_beat_as(A, WATCHER, &h, &r.watcher[0]), "locked", "heartbeat.records_sequence");
	T_CHECK(guard_locked(&r.g[A]));
	rig_withdrawal(X(50), 0, 2);
	REFUSED(rig_sign(), "locked", "");
	/* locked is frozen: it still evacuates */
	g = theft_ground(&r.chain[A], &r.chain[B]);
	sweep_make(X(5000));
	id = sweep_send(A, 0, &g, 1, NULL);
	T_STR(rig_code(id), "");
	rig_acks(A);
	T_CHECK(rig_signed(id));

	/* the same sequence with another head, and a sequence in between */
	start();
	rig_withdrawal(X(50), 0, 1);
	(void)rig_sign();
	sequence = r.payments[A][0].sequence;
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 0);
	h.records_sequence = sequence;
	h.records_head.b[0] = 9;
	REFUSED(rig_beat_as(A, WATCHER, &h, &r.watcher[0]), "locked", "heartbeat.records_sequence");
	start();
	rig_withdrawal(X(50), 0, 1);
	id = rig_sign();
	T_EQ(rig_answers(id), 0);
	rig_tick(A, 1001);
	h = rig_heartbeat(A, 0);
	h.records_sequence = r.payments[A][0].sequence - 1;
	REFUSED(rig_beat_as(A, WATCHER, &h, &r.watcher[0]), "locked", "heartbeat.records_sequence");
	/* what waited is refused, and stays so */
	REFUSED(id, "locked", "");
	rig_acks(A);
	T_EQ(rig_answers(id), 1);
}

/* Long polls: at once when there is news, held otherwise, documents in full. */
static void feed(void)
{
	uint8_t raw[1024];
	uint8_t body[1100];
	struct doc_cursor cursor = { .genesis = r.genesis_id };
	struct doc_attestation t;
	struct writer w;
	struct writer b;
	struct bytes item;
	struct doc d;
	uint64_t first;
	uint64_t held;
	uint64_t other;
	uint64_t sign;
	size_t told = 0;

#define NEXT(channel, after_)                                                                   \
	(w = writer_make(raw, sizeof raw), b = writer_make(body, sizeof body),                  \
	 cursor.genesis = r.genesis_id, cursor.after = (after_),                                \
	 item = doc_cursor_make(&w, NULL, &cursor, NULL) == ERR_OK ? bytes_of(w.p, w.n)         \
								   : (struct bytes){ NULL, 0 }, \
	 rig_frame(A, channel, SIGNER_NEXT, rig_body(&b, &item, 1)))
	start();
	first = NEXT(WATCHER, 0);
	T_EQ(rig_answers(first), 1); /* the nonce, at once */
	T_EQ(rig_type(rig_item(rig_answer(first), 0), &d), DOC_NONCE);
	held = NEXT(WATCHER, 0);
	rig_tick(A, 100);
	T_EQ(rig_answers(held), 0);
	(void)NEXT(WATCHER + 1, 0);
	other = NEXT(WATCHER + 1, 0);
	T_EQ(rig_answers(other), 0);
	rig_withdrawal(X(500), 1, 1);
	sign = rig_sign();
	T_EQ(rig_answers(sign), 0);
	/* told in the step that attests, all the same and behind the commit: nothing is read back
	 */
	T_EQ(r.out.n, 3);
	T_EQ(r.out.list[0].kind, EFFECT_COMMIT);
	for (size_t i = 1; i < r.out.n; i++) {
		told += r.out.list[i].kind == EFFECT_SEND &&
			bytes_eq(r.out.list[i].body, r.out.list[1].body);
	}
	T_EQ(told, 2);
	T_EQ(rig_answers(other), 1);
	T_EQ(rig_answers(held), 1);
	/* who asks later is told the same, out of the journal */
	first = NEXT(WATCHER + 2, 0);
	T_EQ(rig_answers(first), 1);
	for (size_t i = 1; i <= 6; i++) {
		T_CHECK(bytes_eq(rig_item(rig_answer(first), i), rig_item(rig_answer(held), i)));
	}
	T_EQ(rig_type(rig_item(rig_answer(held), 0), &d), DOC_NONCE);
	T_EQ(rig_type(rig_item(rig_answer(held), 1), &d), DOC_ATTESTATION);
	T_EQ(doc_attestation_read(&d, &t, NULL), ERR_OK);
	T_EQ(t.sequence, r.payments[A][0].sequence);
	T_EQ(rig_type(rig_item(rig_answer(held), 2), &d), DOC_ATTEMPT);
	T_CHECK(hash32_eq(&d.id, &r.attempt_id));
	T_EQ(rig_type(rig_item(rig_answer(held), 3), &d), DOC_ORDER);
	T_EQ(rig_type(rig_item(rig_answer(held), 4), &d), DOC_REQUEST);
	T_EQ(rig_type(rig_item(rig_answer(held), 5), &d), DOC_APPROVAL);
	T_EQ(rig_item(rig_answer(held), 6).n, 0);
	/* behind it: held until the nonce changes */
	held = NEXT(WATCHER, t.sequence);
	T_EQ(rig_answers(held), 0);
	rig_tick(A, 1001);
	T_EQ(rig_answers(held), 1);
	T_EQ(rig_type(rig_item(rig_answer(held), 0), &d), DOC_NONCE);
	T_EQ(rig_item(rig_answer(held), 1).n, 0);
	/* a watcher that comes late gets everything in order, after a restart too */
	rig_withdrawal(X(501), 1, 2);
	(void)rig_sign();
	rig_restart(A);
	first = NEXT(WATCHER + 2, 0);
	T_EQ(rig_type(rig_item(rig_answer(first), 1), &d), DOC_ATTESTATION);
	T_EQ(doc_attestation_read(&d, &t, NULL), ERR_OK);
	T_EQ(t.sequence, r.payments[A][0].sequence);
	first = NEXT(WATCHER + 2, t.sequence);
	T_EQ(rig_type(rig_item(rig_answer(first), 1), &d), DOC_ATTESTATION);
	T_EQ(doc_attestation_read(&d, &t, NULL), ERR_OK);
	T_EQ(t.sequence, r.payments[A][1].sequence);
	/* bad cursors; asked twice on one channel; too many channels */
	T_STR(rig_code(rig_frame(A, WATCHER, SIGNER_NEXT, bytes_str("x"))), "bad-input");
	first = NEXT(WATCHER, t.sequence);
	held = NEXT(WATCHER, t.sequence);
	sign = NEXT(WATCHER, t.sequence);
	T_EQ(rig_answers(held), 1);
	T_EQ(rig_answers(sign), 0);
	{
		struct event closed = { .kind = EVENT_CLOSED, .channel = WATCHER };

		rig_event(A, &closed);
		rig_tick(A, 2000);
		T_EQ(rig_answers(sign), 0);
	}
#undef NEXT
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "who may stop, and the receipt", who_may_stop },
		{ "nobody fills the table of stops for others", many_freezes },
		{ "a freeze stops what waits and what was released", freeze_stops_payments },
		{ "what is no evidence of a theft", what_is_no_evidence },
		{ "ours in another form is a theft", ours_in_another_form },
		{ "transactions that take nothing", takes_nothing },
		{ "evacuation", evacuation },
		{ "the word of two officers", two_officers },
		{ "an issuer's last place is for an evacuation", last_place },
		{ "who may close an account", who_may_close },
		{ "a closed account pays no more", closed_pays_no_more },
		{ "a closed account is emptied home", closed_is_emptied },
		{ "a closed account that is flooded with coins", closed_and_flooded },
		{ "a fat closing", fat_closing },
		{ "a rewound journal locks", rewound },
		{ "the watchers' feed", feed },
	};
	int result = t_main(cases, ARRAY_LEN(cases), argc, argv);

	rig_forget();
	return result;
}
