/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_asset.h"

#include <string.h>

#include "base/check.h"
#include "crypto/keccak.h"

/* ---- numbers of names ---- */

static struct hash32 key_of_name(const struct nem_namespace *name)
{
	struct hash32 key;

	keccak256(&key, nem_namespace_bytes(name));
	return key;
}

static struct hash32 key_of_mosaic(const struct nem_mosaic_id *id)
{
	char text[NEM_MOSAIC_ID_MAX + 1];
	struct hash32 key;

	nem_mosaic_id_put(text, id);
	keccak256(&key, bytes_str(text));
	return key;
}

static uint32_t find(const struct nis_map *map, const struct hash32 *key)
{
	uint64_t number;

	return nis_map_get(map, key, &number) ? (uint32_t)number : NIS_MAP_NONE;
}

uint32_t nis_asset_find_name(const struct nis_state *s, const struct nem_namespace *name)
{
	struct hash32 key = key_of_name(name);

	return find(&s->names.by_key, &key);
}

uint32_t nis_asset_find_mosaic(const struct nis_state *s, const struct nem_mosaic_id *id)
{
	struct hash32 key = key_of_mosaic(id);

	return find(&s->mosaics.by_key, &key);
}

uint32_t nis_asset_name(struct nis_state *s, const struct nem_namespace *name)
{
	struct nis_names *t = &s->names;
	struct hash32 key = key_of_name(name);
	uint32_t number = find(&t->by_key, &key);

	if (number != NIS_MAP_NONE) {
		return number;
	}
	CHECK(t->n < NIS_MAP_NONE);
	t->name = nis_map_room(t->name, &t->cap, t->n + 1, sizeof t->name[0]);
	t->name[t->n] = *name;
	nis_map_put(&t->by_key, &key, t->n);
	return (uint32_t)t->n++;
}

uint32_t nis_asset_number(struct nis_state *s, const struct nem_mosaic_id *id)
{
	struct nis_mosaics *t = &s->mosaics;
	struct hash32 key = key_of_mosaic(id);
	uint32_t number = find(&t->by_key, &key);

	if (number != NIS_MAP_NONE) {
		return number;
	}
	CHECK(t->n < NIS_MAP_NONE);
	t->id = nis_map_room(t->id, &t->cap, t->n + 1, sizeof t->id[0]);
	t->id[t->n] = *id;
	nis_map_put(&t->by_key, &key, t->n);
	return (uint32_t)t->n++;
}

/* ---- cells ---- */

static struct nis_cell get(const struct nis_view *v, enum nis_cell_kind kind, uint32_t a,
			   uint32_t b)
{
	struct nis_cell_key key = { kind, a, b };

	return nis_state_cell(v, key);
}

static void put(struct nis_view *v, enum nis_cell_kind kind, uint32_t a, uint32_t b,
		struct nis_cell cell)
{
	struct nis_cell_key key = { kind, a, b };

	nis_state_set_cell(v, key, &cell);
}

/* ---- namespaces ---- */

bool nis_asset_root(const struct nis_view *v, const struct nem_namespace *name,
		    struct nis_root *out)
{
	struct nem_namespace root;
	uint32_t number;
	struct nis_cell c;

	nem_namespace_root(&root, name);
	number = nis_asset_find_name(v->state, &root);
	if (number == NIS_MAP_NONE) {
		return false;
	}
	c = get(v, NIS_CELL_ROOT, number, 0);
	if (c.v[0] == 0) {
		return false;
	}
	*out =
	    (struct nis_root){ .owner = (uint32_t)(c.v[0] - 1), .height = c.v[1], .line = c.v[2] };
	return true;
}

bool nis_asset_namespace(const struct nis_view *v, const struct nem_namespace *name,
			 struct nis_root *out)
{
	struct nis_root root;
	uint32_t number;

	if (!nis_asset_root(v, name, &root)) {
		return false;
	}
	if (nem_namespace_levels(name) > 1) {
		number = nis_asset_find_name(v->state, name);
		if (number == NIS_MAP_NONE ||
		    get(v, NIS_CELL_SUB, number, 0).v[0] != root.line + 1) {
			return false;
		}
	}
	*out = root;
	return true;
}

bool nis_asset_active(const struct nis_view *v, const struct nem_namespace *name, uint64_t height)
{
	struct nis_root root;

	return nis_asset_namespace(v, name, &root) && height >= root.height &&
	       height < root.height + NIS_NAMESPACE_LIFE;
}

void nis_asset_provision(struct nis_view *v, struct nis_state *s, uint32_t owner,
			 const struct nem_provision *provision)
{
	struct nem_namespace name;
	struct nis_root root = { .owner = NIS_MAP_NONE };
	bool had = false;

	CHECK(nem_namespace_join(&name, &provision->parent, bytes_str(provision->part)) == ERR_OK);
	had = nis_asset_root(v, &name, &root);
	if (nem_namespace_levels(&name) > 1) {
		CHECK(had);
		put(v, NIS_CELL_SUB, nis_asset_name(s, &name), 0,
		    (struct nis_cell){ { root.line + 1 } });
		return;
	}
	if (!had || root.owner != owner) {
		root.line++;
	}
	put(v, NIS_CELL_ROOT, nis_asset_name(s, &name), 0,
	    (struct nis_cell){ { (uint64_t)owner + 1, nis_state_height(v), root.line } });
}

bool nis_asset_owns_any(const struct nis_view *v, uint32_t account)
{
	for (uint32_t i = 0; account != NIS_MAP_NONE && i < v->state->names.n; i++) {
		if (get(v, NIS_CELL_ROOT, i, 0).v[0] == (uint64_t)account + 1) {
			return true;
		}
	}
	return false;
}

/* ---- mosaics ---- */

bool nis_asset_mosaic_at(const struct nis_view *v, uint32_t number, struct nis_mosaic *out)
{
	struct nis_root root;
	struct nis_cell c;

	if (number >= v->state->mosaics.n) {
		return false;
	}
	c = get(v, NIS_CELL_MOSAIC, number, 0);
	if (c.v[0] == 0 || !nis_asset_namespace(v, &v->state->mosaics.id[number].space, &root) ||
	    c.v[2] >> 32 != root.line) {
		return false;
	}
	*out = (struct nis_mosaic){ .number = number,
				    .definition = v->state->definitions.p[c.v[0] - 1],
				    .supply = c.v[1],
				    .birth = c.v[2] };
	return true;
}

bool nis_asset_mosaic(const struct nis_view *v, const struct nem_mosaic_id *id,
		      struct nis_mosaic *out)
{
	uint32_t number = nis_asset_find_mosaic(v->state, id);

	return number != NIS_MAP_NONE && nis_asset_mosaic_at(v, number, out);
}

uint64_t nis_asset_quantity(const struct nis_view *v, uint32_t account,
			    const struct nis_mosaic *mosaic)
{
	struct nis_cell c;

	if (account == NIS_MAP_NONE) {
		return 0;
	}
	c = get(v, NIS_CELL_HELD, account, mosaic->number);
	return c.v[1] == mosaic->birth ? c.v[0] : 0;
}

static void set_quantity(struct nis_view *v, uint32_t account, const struct nis_mosaic *mosaic,
			 uint64_t quantity)
{
	put(v, NIS_CELL_HELD, account, mosaic->number,
	    (struct nis_cell){ { quantity, mosaic->birth } });
}

bool nis_asset_fee_lookup(void *view, const struct nem_mosaic_id *id, struct nem_fee_mosaic *out)
{
	struct nis_mosaic m;

	if (!nis_asset_mosaic(view, id, &m)) {
		return false;
	}
	*out = (struct nem_fee_mosaic){ .supply = m.supply,
					.divisibility = m.definition->properties.divisibility };
	return true;
}

bool nis_asset_holds_any(const struct nis_view *v, uint32_t account)
{
	for (uint32_t i = 0; account != NIS_MAP_NONE && i < v->state->mosaics.n; i++) {
		struct nis_mosaic m;

		if (nis_asset_mosaic_at(v, i, &m) && nis_asset_quantity(v, account, &m) > 0) {
			return true;
		}
	}
	return false;
}

/* Equal definitions share one copy: pools execute the same transaction over and over. */
static uint64_t definition_number(struct nis_state *s, const struct nem_mosaic_definition *d)
{
	struct nis_definitions *t = &s->definitions;
	char id[NEM_MOSAIC_ID_MAX + 1];
	char levy[NEM_MOSAIC_ID_MAX + 1];
	uint8_t numbers[24] = { 0 };
	struct nem_mosaic_definition *copy;
	struct keccak k;
	struct hash32 key;
	uint64_t number;

	nem_mosaic_id_put(id, &d->id);
	nem_mosaic_id_put(levy, &d->levy.mosaic);
	le64_put(numbers, d->properties.initial_supply);
	le64_put(numbers + 8, d->levy.fee);
	numbers[16] = d->properties.divisibility;
	numbers[17] = d->properties.supply_mutable;
	numbers[18] = d->properties.transferable;
	numbers[19] = (uint8_t)d->levy.type;
	keccak256_init(&k);
	keccak_update(&k, bytes_of(d->creator.b, sizeof d->creator.b));
	keccak_update(&k, bytes_of(numbers, sizeof numbers));
	keccak_update(&k, bytes_of(d->levy.recipient.text, sizeof d->levy.recipient.text));
	keccak_update(&k, bytes_of(id, strlen(id) + 1));
	keccak_update(&k, bytes_of(levy, strlen(levy) + 1));
	keccak_update(&k, bytes_of(d->description, d->description_bytes));
	keccak256_final(&k, &key);
	if (nis_map_get(&t->by_key, &key, &number)) {
		return number;
	}
	copy = nis_map_alloc(sizeof *copy);
	*copy = *d;
	t->p = nis_map_room(t->p, &t->cap, t->n + 1, sizeof(struct nem_mosaic_definition *));
	t->p[t->n] = copy;
	nis_map_put(&t->by_key, &key, t->n);
	return t->n++;
}

static bool levy_eq(const struct nem_levy *a, const struct nem_levy *b)
{
	return a->type == b->type && a->fee == b->fee &&
	       nem_address_eq(&a->recipient, &b->recipient) &&
	       nem_mosaic_id_eq(&a->mosaic, &b->mosaic);
}

bool nis_asset_same_terms(const struct nem_mosaic_definition *a,
			  const struct nem_mosaic_definition *b)
{
	const struct nem_mosaic_properties *p = &a->properties;
	const struct nem_mosaic_properties *q = &b->properties;

	return p->divisibility == q->divisibility && p->initial_supply == q->initial_supply &&
	       p->supply_mutable == q->supply_mutable && p->transferable == q->transferable &&
	       levy_eq(&a->levy, &b->levy);
}

void nis_asset_define(struct nis_view *v, struct nis_state *s, uint32_t creator,
		      const struct nem_mosaic_definition *definition)
{
	uint32_t number = nis_asset_number(s, &definition->id);
	uint64_t stored = definition_number(s, definition);
	struct nis_root root;
	struct nis_mosaic m;
	uint64_t era = 1;
	uint64_t units;

	CHECK(nis_asset_namespace(v, &definition->id.space, &root));
	if (nis_asset_mosaic_at(v, number, &m)) {
		if (nis_asset_same_terms(m.definition, definition)) {
			put(v, NIS_CELL_MOSAIC, number, 0,
			    (struct nis_cell){ { stored + 1, m.supply, m.birth } });
			return;
		}
		era = (m.birth & UINT32_MAX) + 1;
	}
	m = (struct nis_mosaic){ .number = number,
				 .supply = definition->properties.initial_supply,
				 .birth = root.line << 32 | era };
	put(v, NIS_CELL_MOSAIC, number, 0, (struct nis_cell){ { stored + 1, m.supply, m.birth } });
	CHECK(nem_mosaic_units(&units, m.supply, definition->properties.divisibility) == ERR_OK);
	set_quantity(v, creator, &m, units);
}

void nis_asset_change_supply(struct nis_view *v, uint32_t creator,
			     const struct nem_supply_change *change)
{
	struct nis_mosaic m;
	uint64_t units;
	uint64_t held;

	CHECK(nis_asset_mosaic(v, &change->mosaic, &m));
	CHECK(nem_mosaic_units(&units, change->delta, m.definition->properties.divisibility) ==
	      ERR_OK);
	held = nis_asset_quantity(v, creator, &m);
	if (change->type == NEM_SUPPLY_CREATE) {
		m.supply += change->delta;
		held += units;
	} else {
		CHECK(m.supply >= change->delta && held >= units);
		m.supply -= change->delta;
		held -= units;
	}
	put(v, NIS_CELL_MOSAIC, m.number, 0,
	    (struct nis_cell){ { get(v, NIS_CELL_MOSAIC, m.number, 0).v[0], m.supply, m.birth } });
	set_quantity(v, creator, &m, held);
}

void nis_asset_move(struct nis_view *v, uint32_t mosaic, uint32_t from, uint32_t to,
		    uint64_t quantity)
{
	struct nis_mosaic m;
	uint64_t held;

	CHECK(nis_asset_mosaic_at(v, mosaic, &m));
	held = nis_asset_quantity(v, from, &m);
	CHECK(held >= quantity);
	set_quantity(v, from, &m, held - quantity);
	set_quantity(v, to, &m, nis_asset_quantity(v, to, &m) + quantity);
}

/* ---- remote links ---- */

struct nis_remote nis_asset_remote(const struct nis_view *v, uint32_t account)
{
	struct nis_remote link = { .exists = false };
	struct nis_cell c;

	if (account == NIS_MAP_NONE) {
		return link;
	}
	c = get(v, NIS_CELL_LINK, account, 0);
	if (c.v[0] == 0) {
		return link;
	}
	return (struct nis_remote){ .exists = true,
				    .partner = (uint32_t)(c.v[0] - 1),
				    .height = c.v[1],
				    .mode = (enum nem_importance_mode)c.v[2],
				    .is_remote = c.v[3] != 0 };
}

enum nis_remote_status nis_asset_remote_status(const struct nis_remote *link, uint64_t height)
{
	bool is_new = height < link->height + NIS_LINK_DELAY;

	if (!link->exists) {
		return NIS_REMOTE_NOT_SET;
	}
	if (link->mode == NEM_IMPORTANCE_ACTIVATE) {
		if (link->is_remote) {
			return is_new ? NIS_REMOTE_ACTIVATING : NIS_REMOTE_ACTIVE;
		}
		return is_new ? NIS_REMOTE_OWNER_ACTIVATING : NIS_REMOTE_OWNER_ACTIVE;
	}
	if (link->is_remote) {
		return is_new ? NIS_REMOTE_DEACTIVATING : NIS_REMOTE_INACTIVE;
	}
	return is_new ? NIS_REMOTE_OWNER_DEACTIVATING : NIS_REMOTE_OWNER_INACTIVE;
}

void nis_asset_delegate(struct nis_view *v, struct nis_state *s, uint32_t owner,
			const struct nem_importance *importance)
{
	/* A deactivation ends the link that there is, whatever key it names (N:RemoteObserver). */
	uint32_t remote = importance->mode == NEM_IMPORTANCE_ACTIVATE
			      ? nis_state_number_of_key(s, &importance->remote)
			      : nis_asset_remote(v, owner).partner;
	uint64_t height = nis_state_height(v);

	put(v, NIS_CELL_LINK, owner, 0,
	    (struct nis_cell){ { (uint64_t)remote + 1, height, importance->mode, 0 } });
	put(v, NIS_CELL_LINK, remote, 0,
	    (struct nis_cell){ { (uint64_t)owner + 1, height, importance->mode, 1 } });
}
