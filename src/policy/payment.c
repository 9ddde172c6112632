/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/payment.h"

#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_time.h"
#include "chain/nem/nem_tx.h"
#include "chain/nem/nem_verified.h"
#include "crypto/keccak.h"
#include "doc/types.h"

/* What an attempt and a sweep have in common. */
struct plan {
	const struct key32 *account;
	const struct doc_address *destination;
	const struct money *amount;
	const struct money *fee_inner;
	const struct money *fee_outer;
	const struct money *fee_cosign;
	const uint8_t *message;
	size_t message_n;
	uint64_t timestamp_nem_s;
	uint64_t deadline_nem_s;
};

static enum err micro_of(uint64_t *out, const struct money *m)
{
	if (money_asset(m) != ASSET_XEM || money_u64(out, m) != ERR_OK ||
	    *out > (uint64_t)INT64_MAX) {
		return ERR_FIELD_RANGE;
	}
	return ERR_OK;
}

static struct nem_header header_of(uint8_t network, const struct plan *plan, uint64_t fee_micro,
				   const struct key32 *signer)
{
	return (struct nem_header){
		.network = network,
		.version = 1,
		.time_nem_s = (uint32_t)plan->timestamp_nem_s,
		.deadline_nem_s = (uint32_t)plan->deadline_nem_s,
		.fee_micro = fee_micro,
		.signer = *signer,
	};
}

static enum err inner_build(struct nem_inner *out, uint8_t network, const struct plan *plan)
{
	struct nem_transfer *t = &out->transfer;
	uint64_t fee;
	enum err e;

	memset(out, 0, sizeof *out);
	if (plan->timestamp_nem_s > NEM_TIME_MAX_S || plan->deadline_nem_s > NEM_TIME_MAX_S ||
	    plan->message_n > NEM_MESSAGE_MAX || micro_of(&fee, plan->fee_inner) != ERR_OK ||
	    micro_of(&t->amount_micro, plan->amount) != ERR_OK) {
		return ERR_FIELD_RANGE;
	}
	e = nem_address_parse(&t->recipient, network, bytes_str(plan->destination->text), NULL);
	if (e != ERR_OK) {
		return e;
	}
	if (plan->message_n > 0) {
		t->message_type = NEM_MESSAGE_PLAIN;
		t->message_bytes = (uint16_t)plan->message_n;
		memcpy(t->message, plan->message, plan->message_n);
	}
	out->type = NEM_TRANSFER;
	out->head = header_of(network, plan, fee, plan->account);
	nem_tx_canonicalise_inner(out);
	return ERR_OK;
}

/* Encodes a checked transaction for signing.  The sizes are ours: not fitting is a bug. */
static size_t encode(uint8_t *out, size_t cap, const struct nem_tx *tx)
{
	struct writer w = writer_make(out, cap);

	nem_tx_encode(&w, tx, NEM_SIGNING);
	CHECK(!w.bad);
	return w.n;
}

static enum err build(struct payment *out, uint8_t network, const struct key32 *a_key,
		      const struct key32 *b_key, const struct plan *plan)
{
	struct nem_inner inner;
	struct nem_tx tx;
	struct payment p;
	struct writer w;
	struct nem_address account;
	uint64_t fee_outer;
	uint64_t fee_cosign;
	enum err e;

	if (micro_of(&fee_outer, plan->fee_outer) != ERR_OK ||
	    micro_of(&fee_cosign, plan->fee_cosign) != ERR_OK) {
		return ERR_FIELD_RANGE;
	}
	e = inner_build(&inner, network, plan);
	if (e != ERR_OK) {
		return e;
	}
	nem_address_from_key(&account, plan->account, network);
	memset(&p, 0, sizeof p);
	p.account = *plan->account;
	p.cosigner = *a_key;
	p.wrapper = *b_key;

	memset(&tx, 0, sizeof tx);
	tx.type = NEM_MULTISIG;
	tx.head = header_of(network, plan, fee_outer, b_key);
	tx.multisig.inner = inner;
	e = nem_tx_check(&tx);
	/* unreached: what is above has checked all that this looks at */
	if (e != ERR_OK) {
		return e; /* unreached: as above */
	}
	p.wrap_n = encode(p.wrap, sizeof p.wrap, &tx);
	nem_tx_hash(&p.wrap_hash, &tx);

	w = writer_make(p.inner, sizeof p.inner);
	nem_tx_encode_inner(&w, &inner);
	CHECK(!w.bad);
	p.inner_n = w.n;
	nem_tx_hash_inner(&p.inner_hash, &inner);

	memset(&tx, 0, sizeof tx);
	tx.type = NEM_COSIGNATURE;
	tx.head = header_of(network, plan, fee_cosign, a_key);
	tx.cosignature.inner_hash = p.inner_hash;
	tx.cosignature.account = account;
	e = nem_tx_check(&tx);
	/* unreached: what is above has checked all that this looks at */
	if (e != ERR_OK) {
		return e; /* unreached: as above */
	}
	p.cosign_n = encode(p.cosign, sizeof p.cosign, &tx);
	nem_tx_hash(&p.cosign_hash, &tx);
	*out = p;
	return ERR_OK;
}

enum err payment_make(struct payment *out, uint8_t network, const struct key32 *a_key,
		      const struct key32 *b_key, const struct doc_order *order,
		      const struct doc_attempt *attempt)
{
	const struct plan plan = {
		.account = &attempt->account,
		.destination = &order->destination,
		.amount = &order->amount,
		.fee_inner = &attempt->fee_inner,
		.fee_outer = &attempt->fee_outer,
		.fee_cosign = &attempt->fee_cosign,
		.message = order->message,
		.message_n = order->message_n,
		.timestamp_nem_s = attempt->timestamp_nem_s,
		.deadline_nem_s = attempt->deadline_nem_s,
	};

	return build(out, network, a_key, b_key, &plan);
}

enum err payment_make_sweep(struct payment *out, uint8_t network, const struct key32 *a_key,
			    const struct key32 *b_key, const struct doc_sweep *sweep)
{
	const struct plan plan = {
		.account = &sweep->account,
		.destination = &sweep->destination,
		.amount = &sweep->amount,
		.fee_inner = &sweep->fee_inner,
		.fee_outer = &sweep->fee_outer,
		.fee_cosign = &sweep->fee_cosign,
		.timestamp_nem_s = sweep->timestamp_nem_s,
		.deadline_nem_s = sweep->deadline_nem_s,
	};

	return build(out, network, a_key, b_key, &plan);
}

struct bytes payment_cosign(const struct payment *p)
{
	return bytes_of(p->cosign, p->cosign_n);
}

struct bytes payment_wrap(const struct payment *p)
{
	return bytes_of(p->wrap, p->wrap_n);
}

bool payment_cosign_signed(const struct payment *p, const struct sig64 *a)
{
	return nem_verified(&p->cosigner, payment_cosign(p), a);
}

bool payment_wrap_signed(const struct payment *p, const struct sig64 *b)
{
	return nem_verified(&p->wrapper, payment_wrap(p), b);
}

enum err payment_unit(uint8_t *out, size_t cap, size_t *n, const struct payment *p,
		      const struct sig64 *a, const struct sig64 *b)
{
	struct nem_tx unit;
	struct nem_tx cosignature;
	struct writer w = writer_make(out, cap);
	uint8_t network;

	if (!payment_cosign_signed(p, a) || !payment_wrap_signed(p, b)) {
		return ERR_SIGNATURE;
	}
	/* The network byte is the highest of the version field (nem.md 2.2). */
	CHECK(p->wrap_n > 8);
	network = p->wrap[7];
	/* what was encoded here decodes again */
	CHECK(nem_tx_decode(&unit, network, payment_wrap(p), NEM_SIGNING) == ERR_OK);
	CHECK(nem_tx_decode(&cosignature, network, payment_cosign(p), NEM_SIGNING) == ERR_OK);
	unit.signature = *b;
	cosignature.signature = *a;
	CHECK(nem_tx_attach(&unit, &cosignature) == ERR_OK);
	nem_tx_encode(&w, &unit, NEM_SIGNED);
	if (w.bad) {
		return ERR_FULL;
	}
	*n = w.n;
	return ERR_OK;
}
