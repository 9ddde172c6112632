/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_state.h - accounts, and views of them: the confirmed state, and copies on write over it in
 * which pools and half-judged blocks execute transactions (nem.md 4.4).
 *
 * Addresses get a number when they are first heard of and keep it.  A view holds only the accounts
 * that it changed; nis_state_commit() writes them into the confirmed state and says what was there
 * before, which is all that a rollback needs.
 */
#ifndef KURAMORI_NIS_NIS_STATE_H
#define KURAMORI_NIS_NIS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_multisig.h"
#include "chain/nem/nem_tx.h"
#include "nis/nis_cell.h"
#include "nis/nis_map.h"

/* What changes of an account.  control is shared and never written after it was made. */
struct nis_holding {
	uint64_t balance;
	uint64_t harvested;
	const struct nem_multisig *control; /* NULL: an ordinary account */
	uint32_t cosigner_of;               /* number of accounts */
	bool key_known;                     /* nis_state.key has it */
};

/* The holding of one account. */
struct nis_held {
	uint32_t account;
	struct nis_holding holding;
};

struct nis_recent;

/* Control objects, freed together. */
struct nis_controls {
	struct nem_multisig **p;
	size_t n, cap;
};

/* Names that were ever heard of, by number. */
struct nis_names {
	struct nem_namespace *name;
	size_t n, cap;
	struct nis_map by_key;
};

struct nis_mosaics {
	struct nem_mosaic_id *id;
	size_t n, cap;
	struct nis_map by_key;
};

/* Definitions that were ever executed, each once, never changed. */
struct nis_definitions {
	struct nem_mosaic_definition **p;
	size_t n, cap;
	struct nis_map by_key;
};

struct nis_state {
	uint8_t network;
	uint64_t height; /* of the confirmed chain: views execute for the block after it */
	struct nem_address *address; /* by number */
	struct nis_holding *holding; /* confirmed, by number */
	struct key32 *key;           /* by number, of accounts whose key some holding knows */
	size_t n, cap, cap_holding, cap_key;
	struct nis_index by_address;
	struct nis_recent *recent; /* numbers of the public keys that were asked for last */
	struct nis_controls controls;
	struct nis_names names;
	struct nis_mosaics mosaics;
	struct nis_definitions definitions;
	struct nis_cells cells; /* confirmed: what nis_asset.h reads */
};

struct nis_view {
	const struct nis_state *state;
	struct nis_held *own; /* in the order of the first change */
	size_t n, cap_own;
	uint32_t *place; /* by account: where in own, if that is the account's there */
	size_t cap_place;
	struct nis_controls controls;
	struct nis_cells cells;
};

struct nis_cell_before {
	struct nis_cell_key key;
	struct nis_cell cell;
};

/* All that a block changed, as it was before.  All zero: nothing. */
struct nis_undo {
	struct nis_held *account;
	size_t n;
	struct nis_cell_before *cell;
	size_t cells;
};

void nis_state_init(struct nis_state *s, uint8_t network);
void nis_state_free(struct nis_state *s);
/* The number of an address; a new one with an empty account if it was never heard of. */
uint32_t nis_state_number(struct nis_state *s, const struct nem_address *address);
/* The same without adding: NIS_MAP_NONE if it was never heard of. */
uint32_t nis_state_find(const struct nis_state *s, const struct nem_address *address);
uint32_t nis_state_number_of_key(struct nis_state *s, const struct key32 *key);
uint32_t nis_state_find_key(const struct nis_state *s, const struct key32 *key);
/* Keeps the public key of an account, which is the same for ever: it hashes to the address. */
void nis_state_keep_key(struct nis_state *s, uint32_t account, const struct key32 *key);

void nis_state_view_init(struct nis_view *v, const struct nis_state *s);
void nis_state_view_free(struct nis_view *v);
/* Forgets every change. */
void nis_state_view_clear(struct nis_view *v);
/* NIS_MAP_NONE has an empty account: judging strangers' bytes adds nothing to memory. */
const struct nis_holding *nis_state_get(const struct nis_view *v, uint32_t account);
/* The same to be changed; valid until the next one is asked for. */
struct nis_holding *nis_state_edit(struct nis_view *v, uint32_t account);
/* The height that a view executes for. */
uint64_t nis_state_height(const struct nis_view *v);
struct nis_cell nis_state_cell(const struct nis_view *v, struct nis_cell_key key);
void nis_state_set_cell(struct nis_view *v, struct nis_cell_key key, const struct nis_cell *cell);
/* Room for a control that belongs to the view, and to the state once it is committed. */
struct nem_multisig *nis_state_new_control(struct nis_view *v);
/* The control of an account; one that is all zero for an ordinary account. */
const struct nem_multisig *nis_state_control(const struct nis_view *v, uint32_t account);

/*
 * Who pays: the multisig account for multisigs and cosignatures, else the signer.  NIS_MAP_NONE if
 * that account was never heard of.
 */
uint32_t nis_state_debtor(const struct nis_state *s, const struct nem_tx *tx);

/*
 * Writes the view into the confirmed state it stands on and clears it.  *undo: what was there
 * before; nis_state_undo_free() ends it.
 */
void nis_state_commit(struct nis_state *s, struct nis_view *v, struct nis_undo *undo);
/* Writes back what was there before.  The height is the caller's. */
void nis_state_undo(struct nis_state *s, const struct nis_undo *undo);
void nis_state_undo_free(struct nis_undo *undo);

#endif
