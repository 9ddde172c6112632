/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no type of transaction that NEM has beside plain transfers takes anything out of an own
 * account unseen, looks like a payment of ours, or counts as coins that came in (T10, T15, T44).
 * Method: the same real chain and real keys as test_watch.c.  Thieves who hold both hot keys use
 * every other type, and a payment of ours with mosaics added; strangers send mosaics that multiply
 * to nothing.
 */
#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "crypto/crypto.h"
#include "t.h"
#include "watch/watch_self.h"
#include "watch_rig.h"

static void put_mosaic(struct nem_transfer *t, const char *id, uint64_t quantity)
{
	struct nem_mosaic *m = &t->mosaic[t->mosaics++];

	CHECK(nem_mosaic_id_parse(&m->id, bytes_str(id), NULL) == ERR_OK);
	m->quantity = quantity;
}

/* Signed by both hot keys: complete. */
static struct nem_tx complete(const struct nem_inner *inner)
{
	struct nem_tx w = tx_wrap(K_B, inner, NEM_FEE_MULTISIG_MICRO);

	tx_cosign(&w, K_A);
	return w;
}

/* Stopped with the evidence, and evacuating: what a theft of hot coins has to lead to. */
static void stopped(const char *words)
{
	static struct doc_freeze f;

	T_EQ(r.w.control.binding, 1);
	T_EQ(r.w.thefts, 1);
	T_CHECK(handed_freeze(&f));
	if (strstr(f.reason, words) == NULL) {
		printf("# reason: %s\n", f.reason);
	}
	T_CHECK(strstr(f.reason, words) != NULL);
	T_CHECK(f.evidence_n > 0 && f.evacuate);
	T_CHECK(watch_evacuating(&r.w));
}

static void head_of(struct nem_inner *in, enum nem_type type, uint8_t version, uint64_t fee)
{
	struct nem_tx tx;

	tx_head(&tx, type, K_TILL);
	memset(in, 0, sizeof *in);
	in->type = type;
	in->head = tx.head;
	in->head.version = version;
	in->head.fee_micro = fee;
}

/* Coins as a mosaic: what leaves is the product, not the multiplier. */
static void theft_as_mosaic(void)
{
	struct nem_inner in;
	struct nem_tx t;

	rig_up();
	head_of(&in, NEM_TRANSFER, 2, X(2));
	in.transfer.recipient = address_of(K_THIEF);
	in.transfer.amount_micro = X(1);
	put_mosaic(&in.transfer, "nem:xem", X(90));
	t = complete(&in);
	T_EQ(nis_say(PUBLIC, &t), NEM_SUCCESS);
	feed_pool(0, PUBLIC);
	/* 90, and fees of 2, 0.15 and 0.15 */
	stopped("leaves=92300000 ");
}

/* The very payment that was ordered, in version 2, with a mosaic that changes what moves. */
static void payment_with_mosaics(void)
{
	static const char *const id[] = { NULL, "nem:xem", "fake:xem" };

	for (size_t i = 0; i < 3 && !t_failed; i++) {
		struct nem_tx unit;
		struct nem_inner in;
		struct nem_tx t;
		struct hash32 ours;
		struct hash32 theirs;

		rig_up();
		unit = pay_whole(X(50));
		in = unit.multisig.inner;
		in.head.version = 2;
		if (id[i] != NULL) {
			put_mosaic(&in.transfer, id[i], X(1000));
		}
		nem_tx_hash_inner(&ours, &unit.multisig.inner);
		nem_tx_hash_inner(&theirs, &in);
		T_CHECK(!hash32_eq(&ours, &theirs));
		/* With the wrapper and the cosignature otherwise exactly as they were ordered. */
		t = unit;
		t.multisig.n = 0;
		t.multisig.inner = in;
		tx_sign(&t, K_B);
		tx_cosign(&t, K_A);
		feed_given(0, &t, 1);
		stopped("theft: unexplained");
	}
}

/* What an honest A cosigned does not carry over to other bytes. */
static void cosignature_of_the_true_one(void)
{
	struct nem_tx unit;
	struct nem_tx t;

	rig_up();
	unit = pay_whole(X(50));
	t = unit;
	t.multisig.inner.head.version = 2;
	put_mosaic(&t.multisig.inner.transfer, "nem:xem", X(1000));
	/* no node takes it: it names another inner */
	T_EQ(nem_tx_check(&t), ERR_MISMATCH);
	t.multisig.n = 0;
	tx_sign(&t, K_B);
	feed_given(0, &t, 1);
	wait_ms(300);
	/* B's key alone put it together: a proposal, which freezes */
	T_EQ(r.w.control.binding, 1);
	T_EQ(r.w.thefts, 0);
}

static void every_other_type(void)
{
	static const enum nem_type types[] = { NEM_IMPORTANCE, NEM_NAMESPACE, NEM_DEFINITION,
					       NEM_SUPPLY };

	for (size_t i = 0; i < 4 && !t_failed; i++) {
		struct nem_inner in;
		struct nem_tx t;

		rig_up();
		head_of(&in, types[i], 1, NEM_FEE_OTHER_MICRO);
		if (types[i] == NEM_IMPORTANCE) {
			in.importance.mode = NEM_IMPORTANCE_ACTIVATE;
			in.importance.remote = r.chain[K_THIEF].public_key;
		} else if (types[i] == NEM_NAMESPACE) {
			nem_address_from_key(&in.provision.sink, &nem_sink_namespace_key, 0x98);
			in.provision.rental_fee_micro = X(100);
			memcpy(in.provision.part, "alice", 6);
		} else if (types[i] == NEM_DEFINITION) {
			in.definition.mosaic.creator = r.chain[K_TILL].public_key;
			CHECK(nem_mosaic_id_parse(&in.definition.mosaic.id, bytes_str("alice:g"),
						  NULL) == ERR_OK);
			in.definition.mosaic.description_bytes = 1;
			in.definition.mosaic.description[0] = 'd';
			in.definition.sink = address_of(K_THIEF);
			in.definition.creation_fee_micro = X(9000);
		} else {
			CHECK(nem_mosaic_id_parse(&in.supply.mosaic, bytes_str("alice:g"), NULL) ==
			      ERR_OK);
			in.supply.type = NEM_SUPPLY_CREATE;
			in.supply.delta = 1;
		}
		t = complete(&in);
		feed_given(0, &t, 1);
		stopped(types[i] == NEM_DEFINITION  ? "leaves=9000450000 "
			: types[i] == NEM_NAMESPACE ? "leaves=100450000 "
						    : "leaves=450000 ");
	}
}

/* As many bytes as a transfer can have: the evidence still fits, so that the coins are saved. */
static void fattest_theft(void)
{
	struct nem_inner in;
	struct nem_tx t;
	char id[NEM_MOSAIC_ID_MAX + 1];

	rig_up();
	head_of(&in, NEM_TRANSFER, 2, X(20));
	in.transfer.recipient = address_of(K_THIEF);
	in.transfer.amount_micro = X(1);
	in.transfer.message_type = NEM_MESSAGE_PLAIN;
	in.transfer.message_bytes = NEM_MESSAGE_MAX;
	memset(in.transfer.message, 'x', NEM_MESSAGE_MAX);
	for (int i = 0; i < NEM_MOSAICS_MAX; i++) {
		(void)snprintf(id, sizeof id, "%016d.%064d.%046d:%032d", i, i, i, i);
		put_mosaic(&in.transfer, id, 1);
	}
	t = complete(&in);
	tx_cosign(&t, K_R);
	feed_given(0, &t, 1);
	stopped("theft: unexplained");
}

/* ---- coming in ------------------------------------------------------------------------------ */

static int till(void)
{
	struct nem_address a = address_of(K_TILL);

	return watch_self_own(&r.w, &a);
}

static void says(struct nem_tx *tx, enum who who)
{
	tx->head.fee_micro = X(2);
	tx_sign(tx, who);
	T_EQ(nis_say(PUBLIC, tx), NEM_SUCCESS);
	mine(PUBLIC);
}

/* T44: "1.0 XEM" with a mosaic is nothing; with nem:xem it is the product. */
static void mosaics_come_in(void)
{
	static const struct {
		const char *id;
		uint64_t quantity, comes;
	} rows[] = { { "robber:tag", 1, 0 },
		     { "robber:tag", 500, 0 },
		     { "nem:xem", 7, 14 },
		     { "nem:xem", X(3), X(6) } };
	struct nem_tx tx;
	uint64_t before;

	rig_up();
	tx_head(&tx, NEM_NAMESPACE, K_CUSTOMER);
	nem_address_from_key(&tx.provision.sink, &nem_sink_namespace_key, 0x98);
	tx.provision.rental_fee_micro = NEM_FEE_RENTAL_ROOT_MICRO;
	memcpy(tx.provision.part, "robber", 7);
	says(&tx, K_CUSTOMER);
	tx_head(&tx, NEM_DEFINITION, K_CUSTOMER);
	tx.definition.mosaic.creator = r.chain[K_CUSTOMER].public_key;
	CHECK(nem_mosaic_id_parse(&tx.definition.mosaic.id, bytes_str("robber:tag"), NULL) ==
	      ERR_OK);
	tx.definition.mosaic.description_bytes = 1;
	tx.definition.mosaic.description[0] = 'd';
	tx.definition.mosaic.properties =
	    (struct nem_mosaic_properties){ .initial_supply = 100000, .transferable = true };
	tx.definition.mosaic.levy.type = NEM_LEVY_NONE;
	nem_address_from_key(&tx.definition.sink, &nem_sink_mosaic_key, 0x98);
	tx.definition.creation_fee_micro = NEM_FEE_CREATION_MICRO;
	says(&tx, K_CUSTOMER);
	feed_all();
	wait_ms(100);
	for (size_t i = 0; i < ARRAY_LEN(rows) && !t_failed; i++) {
		before = r.w.node[0].balance[till()];
		tx = tx_transfer(K_CUSTOMER, K_TILL, X(2));
		tx.head.version = 2;
		put_mosaic(&tx.transfer, rows[i].id, rows[i].quantity);
		says(&tx, K_CUSTOMER);
		feed_all();
		wait_ms(300);
		T_EQ(r.w.node[0].balance[till()], before + rows[i].comes);
		T_EQ(r.w.control.binding, 0);
		T_EQ(r.w.alarms, 0);
		T_EQ(r.w.suspects_n, 0);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a theft as a mosaic", theft_as_mosaic },
		{ "our payment with mosaics", payment_with_mosaics },
		{ "a cosignature of the true one", cosignature_of_the_true_one },
		{ "every other type", every_other_type },
		{ "the fattest theft", fattest_theft },
		{ "mosaics that come in", mosaics_come_in },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return rig_end(t_main(cases, sizeof cases / sizeof cases[0], argc, argv));
}
