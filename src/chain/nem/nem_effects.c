/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_effects.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_fee.h"

static_assert(NEM_MODIFICATIONS_MAX + 1 + NEM_COSIGNATURES_MAX + 2 + 1 <= (int)CHAIN_EFFECTS_MAX,
	      "control changes, threshold, fees, and one movement or consent");
static_assert(2 * NEM_MOSAICS_MAX <= (int)CHAIN_TOKENS_MAX &&
		  2 * NEM_MOSAICS_MAX + NEM_COSIGNATURES_MAX + 2 <= (int)CHAIN_EFFECTS_MAX,
	      "every mosaic and its levy");
static_assert((int)NEM_MOSAIC_ID_MAX <= (int)CHAIN_TOKEN_MAX, "the name of a mosaic fits");
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
	if (tx->type == NEM_COSIGNATURE) {
		*out = tx->cosignature.account;
	} else {
		nem_address_from_key(out,
				     tx->type == NEM_MULTISIG ? &tx->multisig.inner.head.signer
							      : &tx->head.signer,
				     tx->head.network);
	}
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

/* What a list is made with. */
struct making {
	struct chain_effects *out;
	const struct nem_effects_assets *assets;
	bool unknown_levies; /* are listed as such, not refused */
};

/* The name's place among the tokens. */
static uint8_t token_of(struct chain_effects *out, const char *name)
{
	for (size_t i = 0; i < out->tokens; i++) {
		if (strcmp(out->token[i].name, name) == 0) {
			return (uint8_t)i;
		}
	}
	CHECK(out->tokens < CHAIN_TOKENS_MAX && strlen(name) <= CHAIN_TOKEN_MAX);
	memcpy(out->token[out->tokens].name, name, strlen(name) + 1);
	return (uint8_t)out->tokens++;
}

static struct chain_effect *add_token(struct chain_effects *out, enum chain_effect_kind kind,
				      const struct nem_mosaic_id *id, uint64_t quantity)
{
	char name[NEM_MOSAIC_ID_MAX + 1];
	struct chain_effect *e = add(out, kind);

	nem_mosaic_id_put(name, id);
	e->token = token_of(out, name);
	e->quantity = quantity;
	return e;
}

/* So much of any mosaic to somebody: nem:xem is XEM. */
static enum err add_quantity(struct chain_effects *out, const struct nem_mosaic_id *id,
			     uint64_t quantity, const struct nem_address *recipient)
{
	struct chain_address to;

	nem_effects_address(&to, recipient);
	if (nem_mosaic_is_xem(id)) {
		return add_amount(out, CHAIN_MOVE, &to, quantity);
	}
	if (quantity > NEM_QUANTITY_MAX) {
		return ERR_AMOUNT;
	}
	add_token(out, CHAIN_TOKEN_MOVE, id, quantity)->to = to;
	return ERR_OK;
}

static enum err add_levy(const struct making *m, const struct nem_mosaic_id *id, uint64_t moved)
{
	struct nem_levy levy;
	uint64_t due;

	memset(&levy, 0, sizeof levy);
	if (m->assets == NULL || !m->assets->levy(m->assets->context, id, &levy)) {
		if (!m->unknown_levies) {
			return ERR_ASSET;
		}
		add_token(m->out, CHAIN_LEVY_UNKNOWN, id, 0);
		return ERR_OK;
	}
	if (levy.type == NEM_LEVY_NONE) {
		return ERR_OK;
	}
	if (nem_levy_due(&due, &levy, moved) != ERR_OK) {
		return ERR_AMOUNT;
	}
	return add_quantity(m->out, &levy.mosaic, due, &levy.recipient);
}

static enum err add_transfer(const struct making *m, const struct nem_transfer *t)
{
	enum err e = ERR_OK;

	if (t->mosaics == 0) {
		return add_quantity(m->out, &nem_mosaic_xem, t->amount_micro, &t->recipient);
	}
	for (unsigned i = 0; e == ERR_OK && i < t->mosaics; i++) {
		const struct nem_mosaic *mosaic = &t->mosaic[i];
		uint64_t moved;

		if (nem_mosaic_moved(&moved, t->amount_micro, mosaic->quantity) != ERR_OK) {
			return ERR_AMOUNT;
		}
		e = add_quantity(m->out, &mosaic->id, moved, &t->recipient);
		if (e == ERR_OK && !nem_mosaic_is_xem(&mosaic->id)) {
			e = add_levy(m, &mosaic->id, moved);
		}
	}
	return e;
}

static enum err add_provision(struct chain_effects *out, const struct nem_provision *p)
{
	struct nem_namespace name;
	enum err e = nem_namespace_join(&name, &p->parent, bytes_str(p->part));

	if (e == ERR_OK) {
		e = add_quantity(out, &nem_mosaic_xem, p->rental_fee_micro, &p->sink);
	}
	if (e == ERR_OK) {
		struct chain_effect *effect = add(out, CHAIN_NAME);

		effect->token = token_of(out, name.text);
	}
	return e;
}

static enum err add_definition(struct chain_effects *out, const struct nem_definition *d)
{
	const struct nem_mosaic_definition *m = &d->mosaic;
	struct chain_effect *effect;
	enum err e = add_quantity(out, &nem_mosaic_xem, d->creation_fee_micro, &d->sink);

	if (e != ERR_OK) {
		return e;
	}
	effect = add_token(out, CHAIN_TOKEN_DEFINE, &m->id, m->properties.initial_supply);
	if (m->levy.type != NEM_LEVY_NONE) {
		nem_effects_address(&effect->to, &m->levy.recipient);
	}
	return ERR_OK;
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

static enum err add_body(const struct making *m, enum nem_type type, uint8_t network,
			 const union nem_body *body)
{
	switch (type) {
	case NEM_TRANSFER:
		return add_transfer(m, &body->transfer);
	case NEM_IMPORTANCE:
		address_of_key(&add(m->out, body->importance.mode == NEM_IMPORTANCE_ACTIVATE
						? CHAIN_DELEGATE
						: CHAIN_UNDELEGATE)
				    ->to,
			       &body->importance.remote, network);
		return ERR_OK;
	case NEM_MODIFICATION:
		add_modification(m->out, &body->modification, network);
		return ERR_OK;
	case NEM_NAMESPACE:
		return add_provision(m->out, &body->provision);
	case NEM_DEFINITION:
		return add_definition(m->out, &body->definition);
	case NEM_SUPPLY:
		add_token(m->out,
			  body->supply.type == NEM_SUPPLY_CREATE ? CHAIN_TOKEN_MINT
								 : CHAIN_TOKEN_BURN,
			  &body->supply.mosaic, body->supply.delta);
		return ERR_OK;
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		break;
	}
	return ERR_TYPE;
}

static enum err add_all(const struct making *m, const struct nem_tx *tx)
{
	const struct nem_multisig_body *multisig = tx->type == NEM_MULTISIG ? &tx->multisig : NULL;
	enum err e = ERR_OK;

	if (multisig != NULL) {
		e = add_body(m, multisig->inner.type, tx->head.network, &multisig->inner.body);
		if (e == ERR_OK) {
			e = add_amount(m->out, CHAIN_FEE, NULL, multisig->inner.head.fee_micro);
		}
	} else if (tx->type != NEM_COSIGNATURE) {
		e = add_body(m, tx->type, tx->head.network, &tx->body);
	}
	if (e == ERR_OK) {
		e = add_amount(m->out, CHAIN_FEE, NULL, tx->head.fee_micro);
	}
	for (unsigned i = 0; e == ERR_OK && multisig != NULL && i < multisig->n; i++) {
		e = add_amount(m->out, CHAIN_FEE, NULL, multisig->cosignature[i].head.fee_micro);
	}
	return e;
}

static enum err list(struct chain_effects *out, const struct nem_tx *tx,
		     const struct nem_effects_assets *assets, bool unknown_levies)
{
	struct chain_effects all;
	struct making m = { .out = &all, .assets = assets, .unknown_levies = unknown_levies };
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
	e = add_all(&m, tx);
	if (e != ERR_OK) {
		return e;
	}
	if (tx->type == NEM_COSIGNATURE) {
		add(&all, CHAIN_CONSENT)->to = all.initiator;
	}
	*out = all;
	return ERR_OK;
}

enum err nem_effects_list_with(struct chain_effects *out, const struct nem_tx *tx,
			       const struct nem_effects_assets *assets)
{
	return list(out, tx, assets, false);
}

enum err nem_effects_list(struct chain_effects *out, const struct nem_tx *tx)
{
	return list(out, tx, NULL, false);
}

enum err nem_effects_list_seen(struct chain_effects *out, const struct nem_tx *tx)
{
	return list(out, tx, NULL, true);
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
