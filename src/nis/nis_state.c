/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/base32.h"
#include "base/check.h"

static void controls_free(struct nis_controls *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->p[i]);
	}
	free(c->p);
	*c = (struct nis_controls){ 0 };
}

struct nem_multisig *nis_state_new_control(struct nis_view *v)
{
	struct nis_controls *c = &v->controls;

	c->p = nis_map_room(c->p, &c->cap, c->n + 1, sizeof(struct nem_multisig *));
	c->p[c->n] = nis_map_alloc(sizeof(struct nem_multisig));
	return c->p[c->n++];
}

void nis_state_init(struct nis_state *s, uint8_t network)
{
	*s = (struct nis_state){ .network = network };
}

void nis_state_free(struct nis_state *s)
{
	free(s->address);
	free(s->holding);
	nis_map_free(&s->by_address);
	controls_free(&s->controls);
	free(s->names.name);
	nis_map_free(&s->names.by_key);
	free(s->mosaics.id);
	nis_map_free(&s->mosaics.by_key);
	for (size_t i = 0; i < s->definitions.n; i++) {
		free(s->definitions.p[i]);
	}
	free(s->definitions.p);
	nis_map_free(&s->definitions.by_key);
	nis_cell_free(&s->cells);
	*s = (struct nis_state){ 0 };
}

/*
 * The 25 bytes behind the address: anybody may choose them, so no two addresses may share a key.
 * The first eight are mixed with the rest (each step can be undone, so keys stay distinct), because
 * the map looks at them alone and the first is the network.
 */
static struct hash32 key_of(const struct nem_address *address)
{
	uint8_t raw[25] = { 0 };
	struct hash32 key = { { 0 } };

	CHECK(base32_get(raw, sizeof raw, nem_address_bytes(address)) == ERR_OK);
	memcpy(key.b, raw, sizeof raw);
	for (size_t i = 8; i < sizeof key.b; i += 8) {
		uint64_t mixed =
		    (le64_get(key.b) ^ le64_get(key.b + i)) * UINT64_C(0x9e3779b97f4a7c15);

		le64_put(key.b, mixed ^ (mixed >> 29));
	}
	return key;
}

uint32_t nis_state_find(const struct nis_state *s, const struct nem_address *address)
{
	struct hash32 key = key_of(address);
	uint64_t number;

	if (!nis_map_get(&s->by_address, &key, &number)) {
		return NIS_MAP_NONE;
	}
	CHECK(nem_address_eq(&s->address[number], address));
	return (uint32_t)number;
}

uint32_t nis_state_number(struct nis_state *s, const struct nem_address *address)
{
	uint32_t number = nis_state_find(s, address);
	struct hash32 key;

	if (number != NIS_MAP_NONE) {
		return number;
	}
	CHECK(s->n < NIS_MAP_NONE);
	s->address = nis_map_room(s->address, &s->cap, s->n + 1, sizeof s->address[0]);
	s->holding = nis_map_room(s->holding, &s->cap_holding, s->n + 1, sizeof s->holding[0]);
	s->address[s->n] = *address;
	s->holding[s->n] = (struct nis_holding){ 0 };
	key = key_of(address);
	nis_map_put(&s->by_address, &key, s->n);
	return (uint32_t)s->n++;
}

uint32_t nis_state_number_of_key(struct nis_state *s, const struct key32 *key)
{
	struct nem_address address;

	nem_address_from_key(&address, key, s->network);
	return nis_state_number(s, &address);
}

uint32_t nis_state_find_key(const struct nis_state *s, const struct key32 *key)
{
	struct nem_address address;

	nem_address_from_key(&address, key, s->network);
	return nis_state_find(s, &address);
}

void nis_state_view_init(struct nis_view *v, const struct nis_state *s)
{
	*v = (struct nis_view){ .state = s, .generation = 1 };
}

void nis_state_view_free(struct nis_view *v)
{
	free(v->own);
	free(v->stamp);
	free(v->touched);
	controls_free(&v->controls);
	nis_cell_free(&v->cells);
	*v = (struct nis_view){ 0 };
}

void nis_state_view_clear(struct nis_view *v)
{
	v->touched_n = 0;
	v->generation++;
	if (v->generation == 0) {
		/* 2^32 clearings: a stamp of the first would look new again. */
		memset(v->stamp, 0, v->cap_stamp * sizeof v->stamp[0]);
		v->generation = 1;
	}
	controls_free(&v->controls);
	nis_cell_free(&v->cells);
}

uint64_t nis_state_height(const struct nis_view *v)
{
	return v->state->height + 1;
}

struct nis_cell nis_state_cell(const struct nis_view *v, struct nis_cell_key key)
{
	bool changed;
	struct nis_cell cell = nis_cell_get(&v->cells, key, &changed);

	return changed ? cell : nis_cell_get(&v->state->cells, key, NULL);
}

void nis_state_set_cell(struct nis_view *v, struct nis_cell_key key, const struct nis_cell *cell)
{
	nis_cell_put(&v->cells, key, cell);
}

const struct nis_holding *nis_state_get(const struct nis_view *v, uint32_t account)
{
	static const struct nis_holding nobody;

	if (account == NIS_MAP_NONE) {
		return &nobody;
	}
	if (account < v->cap_stamp && v->stamp[account] == v->generation) {
		return &v->own[account];
	}
	CHECK(account < v->state->n);
	return &v->state->holding[account];
}

struct nis_holding *nis_state_edit(struct nis_view *v, uint32_t account)
{
	CHECK(account < v->state->n);
	if (account < v->cap_stamp && v->stamp[account] == v->generation) {
		return &v->own[account];
	}
	v->own = nis_map_room(v->own, &v->cap_own, (size_t)account + 1, sizeof v->own[0]);
	v->stamp = nis_map_room(v->stamp, &v->cap_stamp, (size_t)account + 1, sizeof v->stamp[0]);
	v->touched =
	    nis_map_room(v->touched, &v->cap_touched, v->touched_n + 1, sizeof v->touched[0]);
	v->own[account] = v->state->holding[account];
	v->stamp[account] = v->generation;
	v->touched[v->touched_n++] = account;
	return &v->own[account];
}

const struct nem_multisig *nis_state_control(const struct nis_view *v, uint32_t account)
{
	static const struct nem_multisig ordinary;
	const struct nis_holding *h = nis_state_get(v, account);

	return h->control != NULL ? h->control : &ordinary;
}

uint32_t nis_state_debtor(const struct nis_state *s, const struct nem_tx *tx)
{
	if (tx->type == NEM_COSIGNATURE) {
		return nis_state_find(s, &tx->cosignature.account);
	}
	return nis_state_find_key(s, tx->type == NEM_MULTISIG ? &tx->multisig.inner.head.signer
							      : &tx->head.signer);
}

void nis_state_commit(struct nis_state *s, struct nis_view *v, struct nis_undo *undo)
{
	struct nis_before *old = nis_map_alloc((v->touched_n + 1) * sizeof *old);
	struct nis_cell_before *cells =
	    v->cells.n > 0 ? nis_map_alloc(v->cells.n * sizeof *cells) : NULL;
	size_t n = 0;

	CHECK(v->state == s);
	for (size_t i = 0; i < v->touched_n; i++) {
		uint32_t account = v->touched[i];

		old[i] = (struct nis_before){ .account = account, .holding = s->holding[account] };
		s->holding[account] = v->own[account];
	}
	for (size_t i = 0; i < v->cells.cap; i++) {
		const struct nis_cell_slot *slot = &v->cells.slot[i];
		struct nis_cell_key key;

		if (slot->key[0] == 0) {
			continue;
		}
		key = nis_cell_key_of(slot);
		CHECK(cells != NULL); /* cells.n counts the slots in use */
		cells[n++] = (struct nis_cell_before){ .key = key,
						       .cell = nis_cell_get(&s->cells, key, NULL) };
		nis_cell_put(&s->cells, key, &slot->cell);
	}
	/* The view's control objects live on in the accounts that name them. */
	for (size_t i = 0; i < v->controls.n; i++) {
		s->controls.p = nis_map_room(s->controls.p, &s->controls.cap, s->controls.n + 1,
					     sizeof(struct nem_multisig *));
		s->controls.p[s->controls.n++] = v->controls.p[i];
	}
	v->controls.n = 0;
	*undo = (struct nis_undo){ .account = old, .n = v->touched_n, .cell = cells, .cells = n };
	nis_state_view_clear(v);
}

void nis_state_undo(struct nis_state *s, const struct nis_undo *undo)
{
	for (size_t i = undo->n; i > 0; i--) {
		s->holding[undo->account[i - 1].account] = undo->account[i - 1].holding;
	}
	for (size_t i = undo->cells; i > 0; i--) {
		nis_cell_put(&s->cells, undo->cell[i - 1].key, &undo->cell[i - 1].cell);
	}
}

void nis_state_undo_free(struct nis_undo *undo)
{
	free(undo->account);
	free(undo->cell);
	*undo = (struct nis_undo){ 0 };
}
