/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_samples.h - one transaction of every type and form, built by hand, plain and wrapped.
 */
#ifndef KURAMORI_NEM_SAMPLES_H
#define KURAMORI_NEM_SAMPLES_H

#include <stdlib.h>
#include <string.h>

#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tx.h"
#include "crypto/edk.h"

enum nem_sample {
	SAMPLE_TRANSFER,
	SAMPLE_MESSAGE,
	SAMPLE_MOSAICS,
	SAMPLE_IMPORTANCE,
	SAMPLE_MODIFICATION_1,
	SAMPLE_MODIFICATION_2,
	SAMPLE_MODIFICATION_BARE,
	SAMPLE_ROOT,
	SAMPLE_SUB,
	SAMPLE_DEFINITION,
	SAMPLE_LEVY,
	SAMPLE_SUPPLY,
	SAMPLES_PLAIN, /* how many */
};

enum { SAMPLE_NETWORK = NEM_NETWORK_TEST, SAMPLE_TIME = 300000000 };

static inline struct edk_secret sample_secret(uint8_t seed)
{
	uint8_t raw[32] = { seed, 0x51 };
	struct edk_secret s;

	edk_secret_from_nem(&s, raw);
	return s;
}

static inline struct key32 sample_key(uint8_t seed)
{
	return sample_secret(seed).public_key;
}

static inline struct nem_address sample_address(uint8_t seed)
{
	struct key32 key = sample_key(seed);
	struct nem_address a;

	nem_address_from_key(&a, &key, SAMPLE_NETWORK);
	return a;
}

static inline struct nem_address sample_sink(const struct key32 *key)
{
	struct nem_address a;

	nem_address_from_key(&a, key, SAMPLE_NETWORK);
	return a;
}

static inline struct nem_mosaic_id sample_id(const char *text)
{
	struct nem_mosaic_id id;

	if (nem_mosaic_id_parse(&id, bytes_str(text), NULL) != ERR_OK) {
		abort();
	}
	return id;
}

static inline struct nem_header sample_head(uint8_t signer, uint8_t version, uint64_t fee)
{
	return (struct nem_header){ .network = SAMPLE_NETWORK,
				    .version = version,
				    .time_nem_s = SAMPLE_TIME,
				    .deadline_nem_s = SAMPLE_TIME + 3600,
				    .fee_micro = fee,
				    .signer = sample_key(signer) };
}

static inline void sample_transfer(union nem_body *b, enum nem_sample which)
{
	struct nem_transfer *t = &b->transfer;

	t->recipient = sample_address(2);
	t->amount_micro = 3000000;
	if (which == SAMPLE_MESSAGE) {
		t->message_type = NEM_MESSAGE_PLAIN;
		t->message_bytes = 10;
		memcpy(t->message, "deposit 42", 10);
	}
	if (which == SAMPLE_MOSAICS) {
		t->mosaics = 3;
		t->mosaic[0].id = sample_id("a.b:c");
		t->mosaic[0].quantity = 1;
		t->mosaic[1].id = sample_id("alice.vouchers:silver coin");
		t->mosaic[1].quantity = 7;
		t->mosaic[2].id = nem_mosaic_xem;
		t->mosaic[2].quantity = 1500000;
	}
}

static inline void sample_modification(union nem_body *b, enum nem_sample which)
{
	struct nem_modification *m = &b->modification;

	m->n = 2;
	m->entry[0].type = NEM_ADD;
	m->entry[0].cosigner = sample_key(3);
	m->entry[1].type = which == SAMPLE_MODIFICATION_2 ? NEM_DELETE : NEM_ADD;
	m->entry[1].cosigner = sample_key(4);
	if (which == SAMPLE_MODIFICATION_2) {
		m->has_change = true;
		m->change = -1;
	}
}

static inline void sample_definition(union nem_body *b, const struct key32 *signer, bool levy)
{
	struct nem_definition *d = &b->definition;

	d->mosaic.creator = *signer;
	d->mosaic.id = sample_id("alice:gold");
	d->mosaic.description_bytes = 4;
	memcpy(d->mosaic.description, "gold", 4);
	d->mosaic.properties = (struct nem_mosaic_properties){ .divisibility = 3,
							       .initial_supply = 1000,
							       .supply_mutable = levy,
							       .transferable = !levy };
	d->sink = sample_sink(&nem_sink_mosaic_key);
	d->creation_fee_micro = NEM_FEE_CREATION_MICRO;
	if (levy) {
		d->mosaic.levy.type = NEM_LEVY_ABSOLUTE;
		d->mosaic.levy.recipient = sample_address(5);
		d->mosaic.levy.mosaic = nem_mosaic_xem;
		d->mosaic.levy.fee = 10;
	}
}

/* Signed by the key of seed `signer` if it stands alone. */
static inline enum nem_type sample_body(union nem_body *b, struct nem_header *h,
					enum nem_sample which, uint8_t signer)
{
	memset(b, 0, sizeof *b);
	*h = sample_head(signer, 1, NEM_FEE_OTHER_MICRO);
	switch (which) {
	case SAMPLE_MOSAICS:
		h->version = 2;
		sample_transfer(b, which);
		return NEM_TRANSFER;
	case SAMPLE_TRANSFER:
	case SAMPLE_MESSAGE:
		sample_transfer(b, which);
		return NEM_TRANSFER;
	case SAMPLE_IMPORTANCE:
		b->importance.mode = NEM_IMPORTANCE_ACTIVATE;
		b->importance.remote = sample_key(6);
		return NEM_IMPORTANCE;
	case SAMPLE_MODIFICATION_2:
	case SAMPLE_MODIFICATION_BARE:
	case SAMPLE_MODIFICATION_1:
		h->version = which == SAMPLE_MODIFICATION_1 ? 1 : 2;
		h->fee_micro = NEM_FEE_MODIFICATION_MICRO;
		sample_modification(b, which);
		return NEM_MODIFICATION;
	case SAMPLE_ROOT:
	case SAMPLE_SUB:
		b->provision.sink = sample_sink(&nem_sink_namespace_key);
		b->provision.rental_fee_micro =
		    which == SAMPLE_ROOT ? NEM_FEE_RENTAL_ROOT_MICRO : NEM_FEE_RENTAL_SUB_MICRO;
		memcpy(b->provision.part, "vouchers", 9);
		if (which == SAMPLE_SUB) {
			memcpy(b->provision.parent.text, "alice", 6);
		}
		return NEM_NAMESPACE;
	case SAMPLE_DEFINITION:
	case SAMPLE_LEVY:
		sample_definition(b, &h->signer, which == SAMPLE_LEVY);
		return NEM_DEFINITION;
	case SAMPLE_SUPPLY:
		b->supply.mosaic = sample_id("alice:gold");
		b->supply.type = NEM_SUPPLY_CREATE;
		b->supply.delta = 100;
		return NEM_SUPPLY;
	case SAMPLES_PLAIN:
		break;
	}
	abort();
}

static inline void sample_sign(struct nem_tx *tx, uint8_t seed)
{
	struct edk_secret s = sample_secret(seed);

	nem_tx_canonicalise(tx);
	if (nem_tx_sign(tx, &s) != ERR_OK) {
		abort();
	}
}

/* Plain, signed by seed 1. */
static inline void sample_plain(struct nem_tx *tx, enum nem_sample which)
{
	memset(tx, 0, sizeof *tx);
	tx->type = sample_body(&tx->body, &tx->head, which, 1);
	sample_sign(tx, 1);
}

/* In a wrapper of account seed 1, initiated by seed 3 and cosigned by seed 4. */
static inline void sample_wrapped(struct nem_tx *tx, enum nem_sample which)
{
	static struct nem_tx consent;

	memset(tx, 0, sizeof *tx);
	tx->type = NEM_MULTISIG;
	tx->head = sample_head(3, 1, NEM_FEE_MULTISIG_MICRO);
	tx->multisig.inner.type =
	    sample_body(&tx->multisig.inner.body, &tx->multisig.inner.head, which, 1);
	sample_sign(tx, 3);
	memset(&consent, 0, sizeof consent);
	consent.type = NEM_COSIGNATURE;
	consent.head = sample_head(4, 1, NEM_FEE_COSIGNATURE_MICRO);
	nem_tx_hash_inner(&consent.cosignature.inner_hash, &tx->multisig.inner);
	consent.cosignature.account = sample_address(1);
	sample_sign(&consent, 4);
	if (nem_tx_attach(tx, &consent) != ERR_OK) {
		abort();
	}
}

/* Lone, by seed 4. */
static inline void sample_cosignature(struct nem_tx *tx)
{
	static struct nem_tx wrapper;

	sample_wrapped(&wrapper, SAMPLE_TRANSFER);
	nem_tx_from_attached(tx, &wrapper.multisig.cosignature[0]);
}

#endif
