/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns_names.h - names to dense numbers: who is account 5, and what came to it and left it.
 *
 * Open addressing over a hash that is keyed with a secret (SipHash-1-3), so that nobody who can
 * choose addresses can choose which ones collide.  A record fills one cache line and holds name,
 * inflow and outflow, so a known name costs two misses, which can be asked for in advance
 * (columns_names_fetch(), columns_names_guess()).  In memory only; rebuilt from the columns when a
 * store is opened.
 */
#ifndef KURAMORI_STORE_COLUMNS_NAMES_H
#define KURAMORI_STORE_COLUMNS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/* ---- numbers by tag ---- */

enum { COLUMNS_LINE = 8 };

/* Eight places, which a look-up compares at once.  64 bytes, one cache line. */
struct columns_line {
	uint32_t tag[COLUMNS_LINE]; /* high half of the hash */
	uint32_t id[COLUMNS_LINE];  /* + 1; 0: free */
};

/*
 * Numbers under the high half of a hash, which is all that is kept of it: of ids of transactions,
 * which are compared in their file, and of names, which are compared in their record.  What finds
 * its line full stands in the next one that is not.
 */
struct columns_tags {
	uint64_t seed[2];
	struct columns_line *line;
	size_t n, mask; /* lines - 1 */
};

/* ERR_FULL: no memory.  Freed once, also after an error. */
MUST_CHECK enum err columns_tags_init(struct columns_tags *t,
				      const uint8_t seed[COLUMNS_SEED_BYTES]);
void columns_tags_free(struct columns_tags *t);
/* Room for COLUMNS_NAMES_AHEAD more.  ERR_FULL: no memory. */
MUST_CHECK enum err columns_tags_reserve(struct columns_tags *t);
/* That of a name of kind COLUMNS_TRANSACTION: columns_names_hash_many() makes it, too. */
uint64_t columns_tags_hash(const struct columns_tags *t, const struct hash32 *id);

static INLINED uint32_t columns_tags_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/* The line of a tag.  Of twice as many: that one, or as many further as there were. */
static INLINED size_t columns_tags_place(uint32_t tag, size_t mask)
{
	return ((size_t)tag * 0x9e3779b97f4a7c15u >> 31) & mask;
}

/* Asks memory for the line that the next three will look at first. */
static INLINED void columns_tags_fetch(const struct columns_tags *t, uint64_t hash)
{
	FETCH(&t->line[columns_tags_place(columns_tags_tag(hash), t->mask)]);
}

/* A bit for each of eight numbers that is this one. */
static INLINED unsigned columns_line_equal(const uint32_t of[COLUMNS_LINE], uint32_t number)
{
#ifdef __SSE2__
	const __m128i sought = _mm_set1_epi32((int)number);
	const __m128i low = _mm_cmpeq_epi32(_mm_load_si128((const void *)of), sought);
	const __m128i high = _mm_cmpeq_epi32(_mm_load_si128((const void *)(of + 4)), sought);

	return (unsigned)_mm_movemask_ps(_mm_castsi128_ps(low)) |
	       (unsigned)_mm_movemask_ps(_mm_castsi128_ps(high)) << 4;
#else
	unsigned bits = 0;

	for (unsigned i = 0; i < COLUMNS_LINE; i++) {
		bits |= (of[i] == number ? 1U : 0U) << i;
	}
	return bits;
#endif
}

/* If that line is full, they look at the one behind it, too: asks for it.  Fetched before. */
static INLINED void columns_tags_fetch_more(const struct columns_tags *t, uint64_t hash)
{
	const size_t home = columns_tags_place(columns_tags_tag(hash), t->mask);
	const size_t full = columns_line_equal(t->line[home].id, 0) == 0 ? 1 : 0;

	FETCH(&t->line[(home + full) & t->mask]);
}

/* The next number with this tag: *at is the place, begun with 0.  False: no more. */
static INLINED bool columns_tags_next(const struct columns_tags *t, uint64_t hash, uint64_t *at,
				      uint32_t *number)
{
	const uint32_t tag = columns_tags_tag(hash);
	const size_t home = columns_tags_place(tag, t->mask);

	for (;;) {
		const struct columns_line *l = &t->line[(home + *at / COLUMNS_LINE) & t->mask];
		const unsigned free = columns_line_equal(l->id, 0);
		const unsigned left = ~0U << *at % COLUMNS_LINE;
		const unsigned found = columns_line_equal(l->tag, tag) & ~free & left;

		*at -= *at % COLUMNS_LINE;
		if (found != 0) {
			const unsigned i = (unsigned)__builtin_ctz(found);

			*number = l->id[i] - 1;
			*at += i + 1;
			return true;
		}
		if (free != 0) {
			return false;
		}
		*at += COLUMNS_LINE;
	}
}

/*
 * So many tags, three quarters of all places.  Just before it grows, of a hundred lines 26 are
 * full, and who seeks there what is not there looks at one line more; half as full the memory,
 * which must be zeroed and misses caches, would be twice as much.
 */
static INLINED size_t columns_tags_room(const struct columns_tags *t)
{
	return t->mask * COLUMNS_LINE / 4 * 3;
}

/* As columns_tags_add(), and the only one that finds a place if the tag's line is full. */
void columns_tags_add_far(struct columns_tags *t, uint64_t hash, uint32_t number);

/* Room was reserved. */
static INLINED void columns_tags_add(struct columns_tags *t, uint64_t hash, uint32_t number)
{
	const uint32_t tag = columns_tags_tag(hash);
	struct columns_line *l = &t->line[columns_tags_place(tag, t->mask)];
	const unsigned free = columns_line_equal(l->id, 0);

	if (free == 0 || t->n >= columns_tags_room(t)) {
		columns_tags_add_far(t, hash, number);
		return;
	}
	l->tag[__builtin_ctz(free)] = tag;
	l->id[__builtin_ctz(free)] = number + 1;
	t->n++;
}

void columns_tags_remove(struct columns_tags *t, uint64_t hash, uint32_t number);

/* ---- names ---- */

struct columns_names {
	uint64_t seed[2];
	struct columns_record *record;
	size_t n, cap;
	struct columns_tags tags;
	uint8_t *heap;
	size_t heap_n, heap_cap;
};

/* SipHash-1-3 of the kind and the name. */
uint64_t columns_names_hash(const uint64_t seed[2], struct columns_name name);
/* The same of n names, each at most COLUMNS_NAME_MAX bytes, as many at once as the processor can.
 */
void columns_names_hash_many(const uint64_t seed[2], const struct columns_name *name, size_t n,
			     uint64_t *hash);

/* ERR_FULL: no memory.  Freed once, also after an error. */
MUST_CHECK enum err columns_names_init(struct columns_names *t,
				       const uint8_t seed[COLUMNS_SEED_BYTES]);
void columns_names_free(struct columns_names *t);

/* Room for COLUMNS_NAMES_AHEAD more names.  ERR_FULL: no memory or 2^32 - 2 names. */
MUST_CHECK enum err columns_names_reserve(struct columns_names *t);

/* Asks memory for what columns_names_guess() will look at. */
static INLINED void columns_names_fetch(const struct columns_names *t, uint64_t hash)
{
	columns_tags_fetch(&t->tags, hash);
}

/*
 * Whose name it may be by its hash alone, or COLUMNS_NAMES_NONE: asks memory for his record, and
 * columns_names_add_guessed() looks there first.
 */
static INLINED uint32_t columns_names_guess(const struct columns_names *t, uint64_t hash)
{
	uint64_t at = 0;
	uint32_t id = COLUMNS_NAMES_NONE;

	if (columns_tags_next(&t->tags, hash, &at, &id)) {
		FETCH(&t->record[id]);
	}
	return id;
}

/* Its number, or COLUMNS_NAMES_NONE. */
uint32_t columns_names_find(const struct columns_names *t, struct columns_name name, uint64_t hash);

/* Its number; a new one if it is not known (*is_new).  Room was reserved. */
uint32_t columns_names_add(struct columns_names *t, struct columns_name name, uint64_t hash,
			   bool *is_new);

/* memcmp() == 0 without a call: what is compared is nearly always equal. */
static INLINED bool columns_names_same(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t differ;

	if (n < 8) {
		return memcmp(a, b, n) == 0;
	}
	/* the last eight may have been compared before */
	differ = le64_get(a + n - 8) ^ le64_get(b + n - 8);
	for (size_t i = 0; i + 8 < n; i += 8) {
		differ |= le64_get(a + i) ^ le64_get(b + i);
	}
	return differ == 0;
}

/* Whether it is the name of number id, which is there. */
static INLINED bool columns_names_is(const struct columns_names *t, uint32_t id,
				     struct columns_name name)
{
	const struct columns_record *r = &t->record[id];

	return r->n == name.n && r->kind == name.kind &&
	       columns_names_same(r->n <= COLUMNS_NAME_INLINE ? r->name
							      : t->heap + le64_get(r->name),
				  name.p, name.n);
}

/* As columns_names_add() with a guess of columns_names_guess(), after which names may have been
 * added. */
static INLINED uint32_t columns_names_add_guessed(struct columns_names *t, struct columns_name name,
						  uint64_t hash, uint32_t guess, bool *is_new)
{
	*is_new = false;
	return guess != COLUMNS_NAMES_NONE && columns_names_is(t, guess, name)
		   ? guess
		   : columns_names_add(t, name, hash, is_new);
}

/* The name of a number below n: borrowed until the next columns_names_add(). */
struct columns_name columns_names_of(const struct columns_names *t, uint32_t id);

/* Forgets all numbers from n on. */
void columns_names_cut(struct columns_names *t, size_t n);

#endif
