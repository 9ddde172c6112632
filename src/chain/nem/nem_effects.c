/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_effects.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_fee.h"

static_assert(NEM_MODIFICATIONS_MAX + 1 + NEM_COSIGNATURES_MAX + 2 + 1 <= (int)CHAIN_EFFECTS_MAX,
	      "control changes, threshold, fees, and one movement or consent");
static_assert((int)NEM_ADDRESS_CHARS <= (int)CHAIN_ADDRESS_MAX, "a NEM address fits");

void nem_effects_address(struct chain_address *out, const struct nem_address *a)
{
	memset(out, 0, sizeof *out);
	memcpy(out->text, a->text, NEM_ADDRESS_CHARS);
}

static void address_of_key(struct chain_address *out, const struct key32 *key, uint8_t network)
{
	struct nem_address a;

	nem_address_from_key(&a, key, network);
	nem_effects_address(out, &a);
}

void nem_effects_account(struct nem_address *out, const struct nem_tx *tx)
{
	switch (tx->type) {
	case NEM_TRANSFER:
	case NEM_MODIFICATION:
		nem_address_from_key(out, &tx->head.signer, tx->head.network);
		return;
	case NEM_COSIGNATURE:
		*out = tx->cosignature.account;
		return;
	case NEM_MULTISIG:
		nem_address_from_key(out, &tx->multisig.inner.head.signer, tx->head.network);
		return;
	}
	CHECK(false); /* a transaction type without an account */
}

static struct chain_effect *add(struct chain_effects *out, enum chain_effect_kind kind)
{
	struct chain_effect *e;

	CHECK(out->n < CHAIN_EFFECTS_MAX);
	e = &out->effect[out->n++];
	memset(e, 0, sizeof *e);
	e->kind = kind;
	e->from = out->account;
	e->amount = money_zero(ASSET_XEM);
	return e;
}

/* More than exists cannot move: such a number is a trick on somebody's arithmetic. */
static enum err add_amount(struct chain_effects *out, enum chain_effect_kind kind,
			   const struct chain_address *to, uint64_t micro)
{
	struct chain_effect *e;

	if (micro > NEM_SUPPLY_MICRO) {
		return ERR_AMOUNT;
	}
	e = add(out, kind);
	e->amount = money_of(ASSET_XEM, micro);
	if (to != NULL) {
		e->to = *to;
	}
	return ERR_OK;
}

static enum err add_transfer(struct chain_effects *out, const struct nem_transfer *t)
{
	struct chain_address to;

	nem_effects_address(&to, &t->recipient);
	return add_amount(out, CHAIN_MOVE, &to, t->amount_micro);
}

static void add_modification(struct chain_effects *out, const struct nem_modification *m,
			     uint8_t network)
{
	for (unsigned i = 0; i < m->n; i++) {
		struct chain_effect *e =
		    add(out, m->entry[i].type == NEM_ADD ? CHAIN_HOLDER_ADD : CHAIN_HOLDER_REMOVE);

		address_of_key(&e->to, &m->entry[i].cosigner, network);
	}
	if (m->has_change) {
		add(out, CHAIN_THRESHOLD)->change = m->change;
	}
}

static enum err add_multisig(struct chain_effects *out, const struct nem_multisig_body *m)
{
	enum err e = ERR_OK;

	if (m->inner.type == NEM_TRANSFER) {
		e = add_transfer(out, &m->inner.transfer);
	} else {
		add_modification(out, &m->inner.modification, m->inner.head.network);
	}
	return e == ERR_OK ? add_amount(out, CHAIN_FEE, NULL, m->inner.head.fee_micro) : e;
}

static enum err add_body(struct chain_effects *out, const struct nem_tx *tx)
{
	switch (tx->type) {
	case NEM_TRANSFER:
		return add_transfer(out, &tx->transfer);
	case NEM_MODIFICATION:
		add_modification(out, &tx->modification, tx->head.network);
		return ERR_OK;
	case NEM_MULTISIG:
		return add_multisig(out, &tx->multisig);
	case NEM_COSIGNATURE:
		return ERR_OK;
	}
	return ERR_TYPE;
}

enum err nem_effects_list(struct chain_effects *out, const struct nem_tx *tx)
{
	struct chain_effects all;
	struct nem_address account;
	enum err e = nem_tx_check(tx);

	if (e != ERR_OK) {
		return e;
	}
	memset(&all, 0, sizeof all);
	nem_effects_account(&account, tx);
	nem_effects_address(&all.account, &account);
	address_of_key(&all.initiator, &tx->head.signer, tx->head.network);
	nem_tx_hash(&all.unit, tx);
	nem_tx_payment_hash(&all.payment, tx);
	e = add_body(&all, tx);
	if (e == ERR_OK) {
		e = add_amount(&all, CHAIN_FEE, NULL, tx->head.fee_micro);
	}
	for (unsigned i = 0; e == ERR_OK && tx->type == NEM_MULTISIG && i < tx->multisig.n; i++) {
		e = add_amount(&all, CHAIN_FEE, NULL, tx->multisig.cosignature[i].head.fee_micro);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (tx->type == NEM_COSIGNATURE) {
		add(&all, CHAIN_CONSENT)->to = all.initiator;
	}
	*out = all;
	return ERR_OK;
}

static enum err chain_address_parse(struct chain_address *out, uint8_t network, struct bytes text,
				    const char **why)
{
	struct nem_address a;
	enum err e = nem_address_parse(&a, network, text, why);

	if (e == ERR_OK) {
		nem_effects_address(out, &a);
	}
	return e;
}

static enum err chain_effects_of(struct chain_effects *out, uint8_t network, struct bytes raw,
				 bool is_signed_form)
{
	struct nem_tx tx;
	enum err e = nem_tx_decode(&tx, network, raw, is_signed_form ? NEM_SIGNED : NEM_SIGNING);

	return e == ERR_OK ? nem_effects_list(out, &tx) : e;
}

const struct chain nem_effects_chain = {
	.name = "nem",
	.asset = ASSET_XEM,
	.address_parse = chain_address_parse,
	.effects = chain_effects_of,
};
