/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_execute.h"

#include "base/check.h"
#include "chain/nem/nem_multisig.h"
#include "nis/nis_asset.h"

/* ---- the steps ---- */

/* What a list of steps is made with. */
struct making {
	struct nis_flow *out;
	const struct nis_view *view;
	struct nis_state *numbers; /* or NULL */
};

static uint32_t number(const struct making *m, const struct nem_address *address)
{
	return m->numbers != NULL ? nis_state_number(m->numbers, address)
				  : nis_state_find(m->view->state, address);
}

static uint32_t number_of_key(const struct making *m, const struct key32 *key)
{
	return m->numbers != NULL ? nis_state_number_of_key(m->numbers, key)
				  : nis_state_find_key(m->view->state, key);
}

static void add(const struct making *m, uint32_t from, uint32_t to, uint32_t mosaic,
		uint64_t quantity)
{
	CHECK(m->out->n < NIS_FLOW_MAX);
	m->out->step[m->out->n++] = (struct nis_flow_step){
		.from = from, .to = to, .mosaic = mosaic, .quantity = quantity
	};
}

static void add_fee(const struct making *m, uint32_t from, uint64_t micro)
{
	add(m, from, NIS_MAP_NONE, NIS_MAP_NONE, micro);
	m->out->step[m->out->n - 1].is_fee = true;
}

static uint32_t number_of_mosaic(const struct making *m, const struct nem_mosaic_id *id)
{
	struct nis_mosaic mosaic;

	if (nem_mosaic_is_xem(id)) {
		return NIS_MAP_NONE;
	}
	return nis_asset_mosaic(m->view, id, &mosaic) ? mosaic.number : NIS_FLOW_NOTHING;
}

/* The levy of what was moved, from the sender on top (nem.md 2.5). */
static enum err add_levy(const struct making *m, uint32_t from, const struct nem_levy *levy,
			 uint64_t moved)
{
	uint64_t due;

	if (levy->type == NEM_LEVY_NONE) {
		return ERR_OK;
	}
	if (nem_levy_due(&due, levy, moved) != ERR_OK) {
		return ERR_OVERFLOW;
	}
	if (due > 0) {
		add(m, from, number(m, &levy->recipient), number_of_mosaic(m, &levy->mosaic), due);
	}
	return ERR_OK;
}

/* Of one mosaic, with its levy. */
static enum err add_mosaic(const struct making *m, uint32_t from, uint32_t to,
			   const struct nem_mosaic_id *id, uint64_t moved)
{
	struct nis_mosaic mosaic;

	if (nem_mosaic_is_xem(id) || !nis_asset_mosaic(m->view, id, &mosaic)) {
		add(m, from, to, number_of_mosaic(m, id), moved);
		return ERR_OK;
	}
	add(m, from, to, mosaic.number, moved);
	return add_levy(m, from, &mosaic.definition->levy, moved);
}

/* nem:xem first, whatever its place in the list is. */
static enum err add_transfer(const struct making *m, uint32_t from, const struct nem_transfer *t)
{
	uint32_t to = number(m, &t->recipient);
	enum err e = ERR_OK;

	if (t->mosaics == 0) {
		add(m, from, to, NIS_MAP_NONE, t->amount_micro);
	}
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; e == ERR_OK && i < t->mosaics; i++) {
			const struct nem_mosaic *mosaic = &t->mosaic[i];
			uint64_t moved;

			if (nem_mosaic_is_xem(&mosaic->id) != (pass == 0)) {
				continue;
			}
			e = nem_mosaic_moved(&moved, t->amount_micro, mosaic->quantity);
			if (e == ERR_OK) {
				e = add_mosaic(m, from, to, &mosaic->id, moved);
			}
		}
	}
	return e;
}

static enum err add_body(const struct making *m, enum nem_type type, uint32_t from,
			 const union nem_body *body)
{
	switch (type) {
	case NEM_TRANSFER:
		return add_transfer(m, from, &body->transfer);
	case NEM_NAMESPACE:
		add(m, from, number(m, &body->provision.sink), NIS_MAP_NONE,
		    body->provision.rental_fee_micro);
		return ERR_OK;
	case NEM_DEFINITION:
		add(m, from, number(m, &body->definition.sink), NIS_MAP_NONE,
		    body->definition.creation_fee_micro);
		return ERR_OK;
	case NEM_IMPORTANCE:
	case NEM_MODIFICATION:
	case NEM_SUPPLY:
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		break;
	}
	return ERR_OK;
}

enum err nis_execute_flow(struct nis_flow *out, const struct nis_view *v, struct nis_state *numbers,
			  const struct nem_tx *tx)
{
	struct making m = { .out = out, .view = v, .numbers = numbers };
	const struct nem_multisig_body *multisig = tx->type == NEM_MULTISIG ? &tx->multisig : NULL;
	uint32_t debtor = multisig != NULL ? number_of_key(&m, &multisig->inner.head.signer)
			  : tx->type == NEM_COSIGNATURE ? number(&m, &tx->cosignature.account)
							: number_of_key(&m, &tx->head.signer);
	enum err e;

	out->n = 0;
	for (unsigned i = 0; multisig != NULL && i < multisig->n; i++) {
		add_fee(&m, debtor, multisig->cosignature[i].head.fee_micro);
	}
	if (multisig != NULL) {
		e = add_body(&m, multisig->inner.type, debtor, &multisig->inner.body);
		if (e == ERR_OK) {
			add_fee(&m, debtor, multisig->inner.head.fee_micro);
		}
	} else {
		e = add_body(&m, tx->type, debtor, &tx->body);
	}
	if (e == ERR_OK) {
		add_fee(&m, debtor, tx->head.fee_micro);
	}
	return e;
}

/* ---- carrying out ---- */

static void learn_key(struct nis_view *v, struct nis_state *s, const struct key32 *key)
{
	uint32_t account = nis_state_number_of_key(s, key);

	if (!nis_state_get(v, account)->key_known) {
		struct nis_holding *h = nis_state_edit(v, account);

		h->key_known = true;
		nis_state_keep_key(s, account, key);
	}
}

static void take(struct nis_view *v, uint32_t account, uint64_t amount)
{
	struct nis_holding *h = nis_state_edit(v, account);

	CHECK(h->balance >= amount);
	h->balance -= amount;
}

static void give(struct nis_view *v, uint32_t account, uint64_t amount)
{
	struct nis_holding *h = nis_state_edit(v, account);

	CHECK(!__builtin_add_overflow(h->balance, amount, &h->balance));
}

static void change_control(struct nis_view *v, struct nis_state *s, const struct key32 *of,
			   const struct nem_modification *modification)
{
	uint32_t account = nis_state_number_of_key(s, of);
	struct nem_multisig *control = nis_state_new_control(v);

	*control = *nis_state_control(v, account);
	nem_multisig_apply(control, s->network, modification);
	nis_state_edit(v, account)->control = control->n > 0 ? control : NULL;
	for (unsigned i = 0; i < modification->n; i++) {
		const struct nem_modification_entry *e = &modification->entry[i];
		uint32_t cosigner = nis_state_number_of_key(s, &e->cosigner);
		struct nis_holding *h;

		learn_key(v, s, &e->cosigner);
		h = nis_state_edit(v, cosigner);
		switch (e->type) {
		case NEM_ADD:
			h->cosigner_of++;
			break;
		case NEM_DELETE:
			CHECK(h->cosigner_of > 0);
			h->cosigner_of--;
			break;
		}
	}
}

static void apply(struct nis_view *v, struct nis_state *s, enum nem_type type,
		  const struct key32 *signer, const union nem_body *body)
{
	uint32_t account = nis_state_number_of_key(s, signer);

	switch (type) {
	case NEM_MODIFICATION:
		change_control(v, s, signer, &body->modification);
		return;
	case NEM_IMPORTANCE:
		learn_key(v, s, &body->importance.remote);
		nis_asset_delegate(v, s, account, &body->importance);
		return;
	case NEM_NAMESPACE:
		nis_asset_provision(v, s, account, &body->provision);
		return;
	case NEM_DEFINITION:
		nis_asset_define(v, s, account, &body->definition.mosaic);
		return;
	case NEM_SUPPLY:
		nis_asset_change_supply(v, account, &body->supply);
		return;
	case NEM_TRANSFER: /* all that it does is value */
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		return;
	}
}

uint64_t nis_execute(struct nis_view *v, struct nis_state *s, const struct nem_tx *tx)
{
	struct nis_flow flow;
	uint64_t fees = 0;

	CHECK(nis_execute_flow(&flow, v, s, tx) == ERR_OK);
	learn_key(v, s, &tx->head.signer);
	for (unsigned i = 0; i < flow.n; i++) {
		const struct nis_flow_step *f = &flow.step[i];

		if (f->mosaic != NIS_MAP_NONE) {
			nis_asset_move(v, f->mosaic, f->from, f->to, f->quantity);
			continue;
		}
		take(v, f->from, f->quantity);
		if (f->is_fee) {
			CHECK(!__builtin_add_overflow(fees, f->quantity, &fees));
		} else {
			give(v, f->to, f->quantity);
		}
	}
	if (tx->type == NEM_MULTISIG) {
		const struct nem_inner *inner = &tx->multisig.inner;

		learn_key(v, s, &inner->head.signer);
		for (unsigned i = 0; i < tx->multisig.n; i++) {
			learn_key(v, s, &tx->multisig.cosignature[i].head.signer);
		}
		apply(v, s, inner->type, &inner->head.signer, &inner->body);
	} else {
		apply(v, s, tx->type, &tx->head.signer, &tx->body);
	}
	return fees;
}
