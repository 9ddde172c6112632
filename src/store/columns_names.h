/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns_names.h - names to dense numbers: who is account 5, and what came to it and left it.
 *
 * Open addressing over a hash that is keyed with a secret (SipHash-1-3), so that nobody who can
 * choose addresses can choose which ones collide.  A record fills one cache line and holds name,
 * inflow and outflow, so a known name costs two misses, which columns_names_fetch() can ask for in
 * advance.  In memory only; rebuilt from the columns when a store is opened.
 */
#ifndef KURAMORI_STORE_COLUMNS_NAMES_H
#define KURAMORI_STORE_COLUMNS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	COLUMNS_NAME_MAX = 63, /* bytes of a name */
	COLUMNS_NAME_INLINE = 46,
	COLUMNS_SEED_BYTES = 16,
	COLUMNS_NAMES_AHEAD = 256, /* names that may be added after one columns_names_reserve() */
};

#define COLUMNS_NAMES_NONE UINT32_MAX

/* What a name is.  Stored; two names of different kinds are different. */
enum columns_kind {
	COLUMNS_ADDRESS = 0,     /* the text of an address */
	COLUMNS_OUTPOINT = 1,    /* 32 bytes of a transaction's id, u32 index of the output */
	COLUMNS_TRANSACTION = 2, /* 32 bytes of a transaction's id */
	COLUMNS_SPECIAL = 3,     /* text: "issuance", "destroyed", "fees" */
};

struct columns_name {
	const uint8_t *p; /* borrowed */
	uint8_t n;        /* 1..COLUMNS_NAME_MAX */
	uint8_t kind;     /* enum columns_kind */
};

/* 64 bytes, one cache line. */
struct columns_record {
	uint64_t in, out; /* all that ever came and left */
	uint8_t kind, n;
	/* The name; if it is longer than COLUMNS_NAME_INLINE: 8 bytes where it lies in the heap */
	uint8_t name[COLUMNS_NAME_INLINE];
};

struct columns_slot {
	uint32_t tag; /* high half of the hash */
	uint32_t id;  /* + 1; 0: free */
};

struct columns_names {
	uint64_t seed[2];
	struct columns_record *record;
	size_t n, cap;
	struct columns_slot *slot;
	size_t mask; /* slots - 1 */
	uint8_t *heap;
	size_t heap_n, heap_cap;
};

/* SipHash-1-3 of the kind and the name. */
uint64_t columns_names_hash(const uint64_t seed[2], struct columns_name name);

/* ERR_FULL: no memory.  Freed once, also after an error. */
MUST_CHECK enum err columns_names_init(struct columns_names *t,
				       const uint8_t seed[COLUMNS_SEED_BYTES]);
void columns_names_free(struct columns_names *t);

/* Room for COLUMNS_NAMES_AHEAD more names.  ERR_FULL: no memory or 2^32 - 2 names. */
MUST_CHECK enum err columns_names_reserve(struct columns_names *t);

/* Asks memory for what columns_names_find() will look at: first the slot, then the record. */
static INLINED void columns_names_fetch_slot(const struct columns_names *t, uint64_t hash)
{
	FETCH(&t->slot[hash & t->mask]);
}

static INLINED void columns_names_fetch_record(const struct columns_names *t, uint64_t hash)
{
	const struct columns_slot *s = &t->slot[hash & t->mask];

	if (s->id != 0) {
		FETCH(&t->record[s->id - 1]);
	}
}

/* Its number, or COLUMNS_NAMES_NONE. */
uint32_t columns_names_find(const struct columns_names *t, struct columns_name name, uint64_t hash);

/* Its number; a new one if it is not known (*is_new).  Room was reserved. */
uint32_t columns_names_add(struct columns_names *t, struct columns_name name, uint64_t hash,
			   bool *is_new);

/* The name of a number below n: borrowed until the next columns_names_add(). */
struct columns_name columns_names_of(const struct columns_names *t, uint32_t id);

/* Forgets all numbers from n on. */
void columns_names_cut(struct columns_names *t, size_t n);

/* ---- tags of ids of transactions: the same table without records ---- */

struct columns_tags {
	uint64_t seed[2];
	struct columns_slot *slot;
	size_t n, mask;
};

MUST_CHECK enum err columns_tags_init(struct columns_tags *t,
				      const uint8_t seed[COLUMNS_SEED_BYTES]);
void columns_tags_free(struct columns_tags *t);
MUST_CHECK enum err columns_tags_reserve(struct columns_tags *t);
uint64_t columns_tags_hash(const struct columns_tags *t, const struct hash32 *id);

/* Asks memory for the slot that the next three will look at first. */
void columns_tags_fetch(const struct columns_tags *t, uint64_t hash);
void columns_tags_add(struct columns_tags *t, uint64_t hash, uint32_t number);
/* The next number with this tag: *at is the place, begun with the hash.  False: no more. */
bool columns_tags_next(const struct columns_tags *t, uint64_t hash, uint64_t *at, uint32_t *number);
void columns_tags_remove(struct columns_tags *t, uint64_t hash, uint32_t number);

#endif
