/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { RECENT = 256 };

/* Finding the address of a key takes three hashes, and one transaction asks ten times. */
struct nis_recent {
	struct {
		struct key32 key;
		uint32_t number; /* + 1; 0: nothing */
	} at[RECENT];
};

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
	s->recent = nis_map_alloc(sizeof *s->recent);
	memset(s->recent, 0, sizeof *s->recent);
}

void nis_state_free(struct nis_state *s)
{
	free(s->address);
	free(s->holding);
	free(s->key);
	free(s->recent);
	nis_index_free(&s->by_address);
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

/* All of an address: anybody may choose most of it. */
static struct nis_keys addresses(const struct nis_state *s)
{
	return (struct nis_keys){ .first = s->address,
				  .stride = sizeof s->address[0],
				  .bytes = NEM_ADDRESS_CHARS };
}

static_assert(offsetof(struct nem_address, text) == 0 && NEM_ADDRESS_CHARS % 8 == 0,
	      "an address is a key of an index");

uint32_t nis_state_find(const struct nis_state *s, const struct nem_address *address)
{
	return nis_index_find(&s->by_address, addresses(s), address->text);
}

uint32_t nis_state_number(struct nis_state *s, const struct nem_address *address)
{
	uint32_t number = nis_state_find(s, address);

	if (number != NIS_MAP_NONE) {
		return number;
	}
	s->address = nis_map_room(s->address, &s->cap, s->n + 1, sizeof s->address[0]);
	s->holding = nis_map_room(s->holding, &s->cap_holding, s->n + 1, sizeof s->holding[0]);
	s->address[s->n] = *address;
	s->holding[s->n] = (struct nis_holding){ 0 };
	nis_index_put(&s->by_address, addresses(s), (uint32_t)s->n);
	return (uint32_t)s->n++;
}

/* The place of a key among the recent ones, and whether it stands there. */
static size_t recent_place(const struct nis_state *s, const struct key32 *key, bool *is_there)
{
	size_t i = le16_get(key->b) % RECENT;

	*is_there = s->recent->at[i].number != 0 && key32_eq(&s->recent->at[i].key, key);
	return i;
}

uint32_t nis_state_number_of_key(struct nis_state *s, const struct key32 *key)
{
	uint32_t number = nis_state_find_key(s, key);
	struct nem_address address;

	if (number != NIS_MAP_NONE) {
		return number;
	}
	nem_address_from_key(&address, key, s->network);
	return nis_state_number(s, &address);
}

uint32_t nis_state_find_key(const struct nis_state *s, const struct key32 *key)
{
	struct nem_address address;
	uint32_t number;
	bool is_there;
	size_t i = recent_place(s, key, &is_there);

	if (is_there) {
		return s->recent->at[i].number - 1;
	}
	nem_address_from_key(&address, key, s->network);
	number = nis_state_find(s, &address);
	if (number != NIS_MAP_NONE) {
		s->recent->at[i].key = *key;
		s->recent->at[i].number = number + 1;
	}
	return number;
}

void nis_state_keep_key(struct nis_state *s, uint32_t account, const struct key32 *key)
{
	CHECK(account < s->n);
	s->key = nis_map_room(s->key, &s->cap_key, (size_t)account + 1, sizeof s->key[0]);
	s->key[account] = *key;
}

void nis_state_view_init(struct nis_view *v, const struct nis_state *s)
{
	*v = (struct nis_view){ .state = s };
}

void nis_state_view_free(struct nis_view *v)
{
	free(v->own);
	free(v->place);
	controls_free(&v->controls);
	nis_cell_free(&v->cells);
	*v = (struct nis_view){ 0 };
}

void nis_state_view_clear(struct nis_view *v)
{
	v->n = 0;
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

/* The holding that the view changed, or NULL. */
static struct nis_held *changed(const struct nis_view *v, uint32_t account)
{
	uint32_t at = account < v->cap_place ? v->place[account] : NIS_MAP_NONE;

	return at < v->n && v->own[at].account == account ? &v->own[at] : NULL;
}

const struct nis_holding *nis_state_get(const struct nis_view *v, uint32_t account)
{
	static const struct nis_holding nobody;
	const struct nis_held *own;

	if (account == NIS_MAP_NONE) {
		return &nobody;
	}
	own = changed(v, account);
	CHECK(account < v->state->n);
	return own != NULL ? &own->holding : &v->state->holding[account];
}

struct nis_holding *nis_state_edit(struct nis_view *v, uint32_t account)
{
	struct nis_held *own = changed(v, account);

	CHECK(account < v->state->n);
	if (own != NULL) {
		return &own->holding;
	}
	v->own = nis_map_room(v->own, &v->cap_own, v->n + 1, sizeof v->own[0]);
	v->place =
	    nis_map_room_zero(v->place, &v->cap_place, (size_t)account + 1, sizeof v->place[0]);
	v->own[v->n] =
	    (struct nis_held){ .account = account, .holding = v->state->holding[account] };
	v->place[account] = (uint32_t)v->n;
	return &v->own[v->n++].holding;
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
	struct nis_held *old = nis_map_alloc((v->n + 1) * sizeof *old);
	struct nis_cell_before *cells =
	    v->cells.n > 0 ? nis_map_alloc(v->cells.n * sizeof *cells) : NULL;
	size_t n = 0;

	CHECK(v->state == s);
	for (size_t i = 0; i < v->n; i++) {
		uint32_t account = v->own[i].account;

		old[i] = (struct nis_held){ .account = account, .holding = s->holding[account] };
		s->holding[account] = v->own[i].holding;
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
	*undo = (struct nis_undo){ .account = old, .n = v->n, .cell = cells, .cells = n };
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
