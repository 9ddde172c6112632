/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_asset.h - namespaces, mosaics, holdings of mosaics, and remote links, read from a view and
 * changed in it (N:cache/DefaultNamespaceCache.java, N:state/Mosaics.java, RemoteLinks.java).
 *
 * A root keeps what is under it as long as its owner renews it: its *line*.  When somebody else
 * takes it over a new line begins, and the subs, mosaics and holdings of the old one are gone.  A
 * mosaic that is defined anew with other properties or levy is born again: old holdings are gone.
 */
#ifndef KURAMORI_NIS_NIS_ASSET_H
#define KURAMORI_NIS_NIS_ASSET_H

#include <stdbool.h>
#include <stdint.h>

#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_mosaic.h"
#include "chain/nem/nem_tx.h"
#include "nis/nis_state.h"

enum {
	NIS_NAMESPACE_LIFE = 525600, /* blocks: about a year */
	NIS_NAMESPACE_GRACE = 43200, /* before and after the end: only the last owner renews */
	NIS_LINK_DELAY = 360,        /* blocks until a remote link works (nem.md 6) */
};

/* ---- numbers of names ---- */

/* NIS_MAP_NONE if it was never heard of. */
uint32_t nis_asset_find_name(const struct nis_state *s, const struct nem_namespace *name);
uint32_t nis_asset_find_mosaic(const struct nis_state *s, const struct nem_mosaic_id *id);
/* A new number if it was never heard of. */
uint32_t nis_asset_name(struct nis_state *s, const struct nem_namespace *name);
uint32_t nis_asset_number(struct nis_state *s, const struct nem_mosaic_id *id);

/* ---- namespaces ---- */

struct nis_root {
	uint32_t owner;
	uint64_t height; /* of its last provision: everything under it lives from there */
	uint64_t line;   /* 1, 2, ... */
};

/* The last root of this name, also an expired one.  False: there was none. */
bool nis_asset_root(const struct nis_view *v, const struct nem_namespace *name,
		    struct nis_root *out);
/* The namespace itself is there, also an expired one: *out is its root. */
bool nis_asset_namespace(const struct nis_view *v, const struct nem_namespace *name,
			 struct nis_root *out);
/* It is there and has not expired at this height. */
bool nis_asset_active(const struct nis_view *v, const struct nem_namespace *name, uint64_t height);

/* ---- mosaics ---- */

struct nis_mosaic {
	uint32_t number;
	const struct nem_mosaic_definition *definition;
	uint64_t supply; /* whole units */
	uint64_t birth;
};

/* A mosaic that somebody defined under the present line; nem:xem is none.  False: no such one. */
bool nis_asset_mosaic(const struct nis_view *v, const struct nem_mosaic_id *id,
		      struct nis_mosaic *out);
bool nis_asset_mosaic_at(const struct nis_view *v, uint32_t number, struct nis_mosaic *out);
/* Smallest units.  account may be NIS_MAP_NONE: 0. */
uint64_t nis_asset_quantity(const struct nis_view *v, uint32_t account,
			    const struct nis_mosaic *mosaic);
/* Equal properties and levy: a new definition is then only a new description. */
bool nis_asset_same_terms(const struct nem_mosaic_definition *a,
			  const struct nem_mosaic_definition *b);
/* For nem_fee_minimum_of(): context is a const struct nis_view. */
bool nis_asset_fee_lookup(void *view, const struct nem_mosaic_id *id, struct nem_fee_mosaic *out);
/* The account holds some of a mosaic that exists. */
bool nis_asset_holds_any(const struct nis_view *v, uint32_t account);
/* The account is the last owner of some root. */
bool nis_asset_owns_any(const struct nis_view *v, uint32_t account);

/* ---- remote links (nem.md 5.2, 6) ---- */

enum nis_remote_status {
	NIS_REMOTE_NOT_SET,
	NIS_REMOTE_OWNER_ACTIVATING,
	NIS_REMOTE_OWNER_ACTIVE,
	NIS_REMOTE_OWNER_DEACTIVATING,
	NIS_REMOTE_OWNER_INACTIVE,
	NIS_REMOTE_ACTIVATING,
	NIS_REMOTE_ACTIVE,
	NIS_REMOTE_DEACTIVATING,
	NIS_REMOTE_INACTIVE,
};

/* The last link that an account took part in.  exists false: none; the rest is zero then. */
struct nis_remote {
	bool exists;
	bool is_remote; /* it harvests for the partner; else the partner harvests for it */
	uint32_t partner;
	uint64_t height;
	enum nem_importance_mode mode;
};

struct nis_remote nis_asset_remote(const struct nis_view *v, uint32_t account);
enum nis_remote_status nis_asset_remote_status(const struct nis_remote *link, uint64_t height);

/* ---- changes; what was judged cannot fail ---- */

void nis_asset_provision(struct nis_view *v, struct nis_state *s, uint32_t owner,
			 const struct nem_provision *provision);
void nis_asset_define(struct nis_view *v, struct nis_state *s, uint32_t creator,
		      const struct nem_mosaic_definition *definition);
void nis_asset_change_supply(struct nis_view *v, uint32_t creator,
			     const struct nem_supply_change *change);
/* Takes from one account and gives to another, maybe itself. */
void nis_asset_move(struct nis_view *v, uint32_t mosaic, uint32_t from, uint32_t to,
		    uint64_t quantity);
void nis_asset_delegate(struct nis_view *v, struct nis_state *s, uint32_t owner,
			const struct nem_importance *importance);

#endif
