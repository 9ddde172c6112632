/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/nem_legs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_effects.h"
#include "chain/nem/nem_fee.h"

enum { LINK_DELAY = 360, SLOTS_FIRST = 1024 };

/* The last root of a name, and how often it changed hands (nem.md 3.5). */
struct root {
	struct nem_namespace name;
	struct nem_address owner;
	uint64_t line;
};

struct mosaic {
	struct nem_mosaic_id id;
	struct nem_mosaic_properties properties;
	struct nem_levy levy;
	struct nem_address creator;
	uint64_t line; /* of its root when it was defined */
	char asset[INGEST_NEM_ASSET_MAX + 1];
};

/* Who harvests for whom (nem.md 6): of each end of a link its last one. */
struct link {
	struct nem_address account, partner;
	bool is_remote;
	uint64_t height;
	enum nem_importance_mode mode;
};

/* A table of rows by a text: the names are few (a rental costs 100 XEM), so a plain hash will do;
 * the worst that grinding could do is a longer walk, at that price per name. */
struct table {
	size_t n, cap, row_bytes;
	uint8_t *rows;
	uint32_t *slot; /* row + 1 */
	size_t slots;
};

struct ingest_nem {
	uint8_t network;
	struct table roots, mosaics, links;
};

/* ---- tables: a row begins with its key, a text ---- */

static uint64_t hash_text(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *text != '\0'; text++) {
		h = (h ^ (uint8_t)*text) * 0x100000001b3u;
	}
	return h ^ h >> 29;
}

static uint8_t *row_at(const struct table *t, size_t i)
{
	return t->rows + i * t->row_bytes;
}

/* key_of: the text of a row. */
typedef void key_of(char out[NEM_MOSAIC_ID_MAX + 1], const void *row);

static void root_key(char out[NEM_MOSAIC_ID_MAX + 1], const void *row)
{
	(void)snprintf(out, NEM_MOSAIC_ID_MAX + 1, "%s", ((const struct root *)row)->name.text);
}

static void mosaic_key(char out[NEM_MOSAIC_ID_MAX + 1], const void *row)
{
	nem_mosaic_id_put(out, &((const struct mosaic *)row)->id);
}

static void link_key(char out[NEM_MOSAIC_ID_MAX + 1], const void *row)
{
	(void)snprintf(out, NEM_MOSAIC_ID_MAX + 1, "%s", ((const struct link *)row)->account.text);
}

static void *find(const struct table *t, key_of *key, const char *text)
{
	char other[NEM_MOSAIC_ID_MAX + 1];

	if (t->slots == 0) {
		return NULL;
	}
	for (size_t i = hash_text(text) & (t->slots - 1); t->slot[i] != 0;
	     i = (i + 1) & (t->slots - 1)) {
		key(other, row_at(t, t->slot[i] - 1));
		if (strcmp(other, text) == 0) {
			return row_at(t, t->slot[i] - 1);
		}
	}
	return NULL;
}

static void put_slot(struct table *t, key_of *key, size_t row)
{
	char text[NEM_MOSAIC_ID_MAX + 1];
	size_t i;

	key(text, row_at(t, row));
	for (i = hash_text(text) & (t->slots - 1); t->slot[i] != 0; i = (i + 1) & (t->slots - 1)) {
	}
	t->slot[i] = (uint32_t)row + 1;
}

/* A copy of *row behind the others; NULL: no memory. */
static void *append(struct table *t, key_of *key, const void *row)
{
	if (t->n == t->cap) {
		size_t cap = t->cap == 0 ? 64 : 2 * t->cap;
		uint8_t *rows = realloc(t->rows, cap * t->row_bytes);

		if (rows == NULL) {
			return NULL;
		}
		t->rows = rows;
		t->cap = cap;
	}
	if (2 * (t->n + 1) > t->slots) {
		size_t slots = t->slots == 0 ? SLOTS_FIRST : 2 * t->slots;
		uint32_t *slot = calloc(slots, sizeof *slot);

		if (slot == NULL) {
			return NULL;
		}
		free(t->slot);
		t->slot = slot;
		t->slots = slots;
		for (size_t i = 0; i < t->n; i++) {
			put_slot(t, key, i);
		}
	}
	memcpy(row_at(t, t->n), row, t->row_bytes);
	put_slot(t, key, t->n);
	return row_at(t, t->n++);
}

enum err ingest_nem_new(struct ingest_nem **out, uint8_t network)
{
	struct ingest_nem *n = calloc(1, sizeof *n);

	if (n == NULL) {
		return ERR_FULL;
	}
	n->network = network;
	n->roots.row_bytes = sizeof(struct root);
	n->mosaics.row_bytes = sizeof(struct mosaic);
	n->links.row_bytes = sizeof(struct link);
	*out = n;
	return ERR_OK;
}

static void table_free(struct table *t)
{
	free(t->rows);
	free(t->slot);
}

void ingest_nem_free(struct ingest_nem *n)
{
	if (n == NULL) {
		return;
	}
	table_free(&n->roots);
	table_free(&n->mosaics);
	table_free(&n->links);
	free(n);
}

/* ---- namespaces, mosaics, links ---- */

static struct root *root_of(const struct ingest_nem *n, const struct nem_namespace *space)
{
	struct nem_namespace root;

	nem_namespace_root(&root, space);
	return find(&n->roots, root_key, root.text);
}

/* As it is now, under the present owner of its root; NULL: there is none. */
static struct mosaic *mosaic_of(const struct ingest_nem *n, const struct nem_mosaic_id *id)
{
	char text[NEM_MOSAIC_ID_MAX + 1];
	const struct root *root = root_of(n, &id->space);
	struct mosaic *m;

	nem_mosaic_id_put(text, id);
	m = find(&n->mosaics, mosaic_key, text);
	return m != NULL && root != NULL && m->line == root->line ? m : NULL;
}

static enum err provide(struct ingest_nem *n, const struct nem_address *owner,
			const struct nem_provision *p)
{
	struct root row;
	struct root *root;

	memset(&row, 0, sizeof row);
	if (nem_namespace_join(&row.name, &p->parent, bytes_str(p->part)) != ERR_OK) {
		return ERR_STATE;
	}
	if (nem_namespace_levels(&row.name) > 1) {
		return ERR_OK; /* lives and dies with its root */
	}
	root = find(&n->roots, root_key, row.name.text);
	if (root == NULL) {
		row.owner = *owner;
		row.line = 1;
		return append(&n->roots, root_key, &row) != NULL ? ERR_OK : ERR_FULL;
	}
	root->line += nem_address_eq(&root->owner, owner) ? 0 : 1;
	root->owner = *owner;
	return ERR_OK;
}

static bool same_terms(const struct mosaic *m, const struct nem_mosaic_definition *d)
{
	const struct nem_mosaic_properties *p = &m->properties, *q = &d->properties;

	return p->divisibility == q->divisibility && p->initial_supply == q->initial_supply &&
	       p->supply_mutable == q->supply_mutable && p->transferable == q->transferable &&
	       m->levy.type == d->levy.type &&
	       (m->levy.type == NEM_LEVY_NONE ||
		(nem_address_eq(&m->levy.recipient, &d->levy.recipient) &&
		 nem_mosaic_id_eq(&m->levy.mosaic, &d->levy.mosaic) && m->levy.fee == d->levy.fee));
}

/* *made (may be NULL): the smallest units that came into being, 0 if only the description is new.
 */
static enum err define(struct ingest_nem *n, const struct nem_address *creator,
		       const struct nem_mosaic_definition *d, uint64_t height, uint64_t *made,
		       const struct mosaic **out)
{
	const struct root *root = root_of(n, &d->id.space);
	struct mosaic row, *m = mosaic_of(n, &d->id);
	char text[NEM_MOSAIC_ID_MAX + 1];
	struct mosaic *old;
	uint64_t units;

	*made = 0;
	*out = m;
	if (root == NULL || nem_mosaic_units(&units, d->properties.initial_supply,
					     d->properties.divisibility) != ERR_OK) {
		return ERR_STATE;
	}
	if (m != NULL && same_terms(m, d)) {
		return ERR_OK;
	}
	memset(&row, 0, sizeof row);
	nem_mosaic_id_put(text, &d->id);
	old = find(&n->mosaics, mosaic_key, text);
	row.id = d->id;
	row.properties = d->properties;
	row.levy = d->levy;
	row.creator = *creator;
	row.line = root->line;
	if (old == NULL) {
		(void)snprintf(row.asset, sizeof row.asset, "%s", text);
		m = append(&n->mosaics, mosaic_key, &row);
	} else {
		(void)snprintf(row.asset, sizeof row.asset, "%s@%" PRIu64, text, height);
		*old = row;
		m = old;
	}
	*made = units;
	*out = m;
	return m != NULL ? ERR_OK : ERR_FULL;
}

static enum err set_link(struct ingest_nem *n, const struct link *link)
{
	struct link *old = find(&n->links, link_key, link->account.text);

	if (old != NULL) {
		*old = *link;
		return ERR_OK;
	}
	return append(&n->links, link_key, link) != NULL ? ERR_OK : ERR_FULL;
}

static enum err delegate(struct ingest_nem *n, const struct nem_address *owner,
			 const struct nem_importance *i, uint64_t height)
{
	struct link a = { .account = *owner, .height = height, .mode = i->mode }, b;
	const struct link *old = find(&n->links, link_key, owner->text);
	enum err e;

	/* a deactivation ends the link that there is, whatever key it names (N:RemoteObserver) */
	if (i->mode == NEM_IMPORTANCE_ACTIVATE || old == NULL) {
		nem_address_from_key(&a.partner, &i->remote, n->network);
	} else {
		a.partner = old->partner;
	}
	b = a;
	b.account = a.partner;
	b.partner = *owner;
	b.is_remote = true;
	e = set_link(n, &a);
	return e == ERR_OK ? set_link(n, &b) : e;
}

static void beneficiary(const struct ingest_nem *n, const struct nem_block *block,
			struct nem_address *out)
{
	const struct link *l;
	bool is_new;

	nem_address_from_key(out, &block->head.harvester, n->network);
	l = find(&n->links, link_key, out->text);
	if (l == NULL || !l->is_remote) {
		return;
	}
	is_new = block->head.height < l->height + LINK_DELAY;
	/* active, or not yet ended: both take 360 blocks */
	if (is_new == (l->mode == NEM_IMPORTANCE_DEACTIVATE)) {
		*out = l->partner;
	}
}

/* ---- facts ---- */

static bool is_fact(enum nem_type type)
{
	return type == NEM_IMPORTANCE || type == NEM_NAMESPACE || type == NEM_DEFINITION;
}

static enum nem_type type_of(const struct nem_tx *tx)
{
	return tx->type == NEM_MULTISIG ? tx->multisig.inner.type : tx->type;
}

bool ingest_nem_is_fact(const struct nem_block *block)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct nem_tx tx;

	while (nem_block_walk_decode(&walk, &tx)) {
		if (is_fact(type_of(&tx))) {
			return true;
		}
	}
	return false;
}

static enum err learn(struct ingest_nem *n, const struct nem_tx *tx, uint64_t height,
		      uint64_t *made, const struct mosaic **mosaic)
{
	const union nem_body *body =
	    tx->type == NEM_MULTISIG ? &tx->multisig.inner.body : &tx->body;
	struct nem_address who;

	*made = 0;
	nem_effects_account(&who, tx);
	switch (type_of(tx)) {
	case NEM_IMPORTANCE:
		return delegate(n, &who, &body->importance, height);
	case NEM_NAMESPACE:
		return provide(n, &who, &body->provision);
	case NEM_DEFINITION:
		return define(n, &who, &body->definition.mosaic, height, made, mosaic);
	case NEM_TRANSFER:
	case NEM_MODIFICATION:
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
	case NEM_SUPPLY:
		break;
	}
	return ERR_OK;
}

enum err ingest_nem_fact(struct ingest_nem *n, const struct nem_block *block)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	const struct mosaic *mosaic;
	struct nem_tx tx;
	uint64_t made;
	enum err e = ERR_OK;

	while (e == ERR_OK && nem_block_walk_decode(&walk, &tx)) {
		e = learn(n, &tx, block->head.height, &made, &mosaic);
	}
	return e;
}

/* ---- legs ---- */

struct walking {
	struct ingest_nem *n;
	const struct nem_block *block;
	enum err (*emit)(void *ctx, const struct ingest_nem_leg *leg);
	void *ctx;
	struct ingest_nem_leg leg; /* from and tx are set */
	uint64_t fees;
};

static enum err give(struct walking *w, enum ingest_nem_end end, const struct nem_address *to,
		     const char *asset, uint64_t amount)
{
	if (amount == 0) {
		return ERR_OK;
	}
	w->leg.to_end = end;
	if (to != NULL) {
		w->leg.to = *to;
	}
	w->leg.asset = asset;
	w->leg.amount = amount;
	return w->emit(w->ctx, &w->leg);
}

static enum err give_fee(struct walking *w, uint64_t micro)
{
	if (micro > NEM_SUPPLY_MICRO) {
		return ERR_AMOUNT;
	}
	w->fees += micro;
	return give(w, INGEST_NEM_FEES, NULL, "nem:xem", micro);
}

static enum err give_quantity(struct walking *w, const struct nem_mosaic_id *id,
			      const struct nem_address *to, uint64_t quantity)
{
	const struct mosaic *m;

	if (nem_mosaic_is_xem(id)) {
		return give(w, INGEST_NEM_ACCOUNT, to, "nem:xem", quantity);
	}
	m = mosaic_of(w->n, id);
	return m != NULL ? give(w, INGEST_NEM_ACCOUNT, to, m->asset, quantity) : ERR_ASSET;
}

static enum err give_mosaic(struct walking *w, const struct nem_mosaic *mosaic,
			    const struct nem_transfer *t)
{
	const struct mosaic *m = mosaic_of(w->n, &mosaic->id);
	uint64_t moved, due = 0;
	enum err e = nem_mosaic_moved(&moved, t->amount_micro, mosaic->quantity);

	if (e == ERR_OK) {
		e = give_quantity(w, &mosaic->id, &t->recipient, moved);
	}
	if (e != ERR_OK || nem_mosaic_is_xem(&mosaic->id) || m->levy.type == NEM_LEVY_NONE) {
		return e;
	}
	e = nem_levy_due(&due, &m->levy, moved);
	return e == ERR_OK && due > 0 ? give_quantity(w, &m->levy.mosaic, &m->levy.recipient, due)
				      : e;
}

static enum err give_transfer(struct walking *w, const struct nem_transfer *t)
{
	enum err e = ERR_OK;

	if (t->mosaics == 0) {
		return give(w, INGEST_NEM_ACCOUNT, &t->recipient, "nem:xem", t->amount_micro);
	}
	/* nem:xem first, whatever its place in the list is */
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; e == ERR_OK && i < t->mosaics; i++) {
			if (nem_mosaic_is_xem(&t->mosaic[i].id) == (pass == 0)) {
				e = give_mosaic(w, &t->mosaic[i], t);
			}
		}
	}
	return e;
}

static enum err make_units(struct walking *w, const struct nem_address *creator, const char *asset,
			   uint64_t units)
{
	enum err e;

	w->leg.from_end = INGEST_NEM_MADE;
	e = give(w, INGEST_NEM_ACCOUNT, creator, asset, units);
	w->leg.from_end = INGEST_NEM_ACCOUNT;
	return e;
}

static enum err change_supply(struct walking *w, const struct nem_supply_change *s)
{
	const struct mosaic *m = mosaic_of(w->n, &s->mosaic);
	uint64_t units;

	if (m == NULL) {
		return ERR_ASSET;
	}
	if (nem_mosaic_units(&units, s->delta, m->properties.divisibility) != ERR_OK) {
		return ERR_AMOUNT;
	}
	return s->type == NEM_SUPPLY_CREATE ? make_units(w, &w->leg.from, m->asset, units)
					    : give(w, INGEST_NEM_GONE, NULL, m->asset, units);
}

static enum err give_body(struct walking *w, enum nem_type type, const union nem_body *body)
{
	switch (type) {
	case NEM_TRANSFER:
		return give_transfer(w, &body->transfer);
	case NEM_NAMESPACE:
		return give(w, INGEST_NEM_ACCOUNT, &body->provision.sink, "nem:xem",
			    body->provision.rental_fee_micro);
	case NEM_DEFINITION:
		return give(w, INGEST_NEM_ACCOUNT, &body->definition.sink, "nem:xem",
			    body->definition.creation_fee_micro);
	case NEM_SUPPLY:
		return change_supply(w, &body->supply);
	case NEM_IMPORTANCE:
	case NEM_MODIFICATION:
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		break;
	}
	return ERR_OK;
}

static enum err give_tx(struct walking *w, const struct nem_tx *tx)
{
	const struct nem_multisig_body *multisig = tx->type == NEM_MULTISIG ? &tx->multisig : NULL;
	const struct mosaic *mosaic = NULL;
	uint64_t made = 0;
	enum err e = ERR_OK;

	w->leg.from_end = INGEST_NEM_ACCOUNT;
	nem_effects_account(&w->leg.from, tx);
	nem_tx_hash(&w->leg.tx, tx);
	for (unsigned i = 0; e == ERR_OK && multisig != NULL && i < multisig->n; i++) {
		e = give_fee(w, multisig->cosignature[i].head.fee_micro);
	}
	if (e == ERR_OK) {
		e = multisig != NULL ? give_body(w, multisig->inner.type, &multisig->inner.body)
				     : give_body(w, tx->type, &tx->body);
	}
	if (e == ERR_OK && multisig != NULL) {
		e = give_fee(w, multisig->inner.head.fee_micro);
	}
	if (e == ERR_OK) {
		e = give_fee(w, tx->head.fee_micro);
	}
	/* NIS tells its observers of names and mosaics after the value has moved */
	if (e == ERR_OK) {
		e = learn(w->n, tx, w->block->head.height, &made, &mosaic);
	}
	return e == ERR_OK && made > 0 ? make_units(w, &w->leg.from, mosaic->asset, made) : e;
}

enum err ingest_nem_block(struct ingest_nem *n, const struct nem_block *block,
			  enum err (*emit)(void *ctx, const struct ingest_nem_leg *leg), void *ctx,
			  struct nem_address *harvester)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct walking w = { .n = n, .block = block, .emit = emit, .ctx = ctx };
	struct nem_tx tx;
	enum err e = ERR_OK;

	if (block->head.type == NEM_BLOCK_NEMESIS) {
		/* its signer has all the coins there are before he gives them out (N:NemesisBlock)
		 */
		nem_address_from_key(&w.leg.from, &block->head.harvester, n->network);
		nem_block_hash(&w.leg.tx, block);
		e = make_units(&w, &w.leg.from, "nem:xem", NEM_SUPPLY_MICRO);
	}
	while (e == ERR_OK && nem_block_walk_decode(&walk, &tx)) {
		e = give_tx(&w, &tx);
	}
	beneficiary(n, block, harvester);
	if (e == ERR_OK && w.fees > 0) {
		w.leg.from_end = INGEST_NEM_FEES;
		nem_block_hash(&w.leg.tx, block);
		e = give(&w, INGEST_NEM_ACCOUNT, harvester, "nem:xem", w.fees);
	}
	return e;
}

const char *ingest_nem_asset(const struct ingest_nem *n, const struct nem_mosaic_id *id)
{
	const struct mosaic *m = mosaic_of(n, id);

	return m != NULL ? m->asset : NULL;
}
