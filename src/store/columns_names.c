/* SPDX-License-Identifier: Apache-2.0 */
#include "store/columns_names.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "base/pages.h"

static_assert(sizeof(struct columns_record) == 64, "one cache line");

enum { RECORDS_FIRST = 1 << 10, SLOTS_FIRST = 1 << 12, HEAP_FIRST = 1 << 16 };

/* ---- SipHash-1-3 (Aumasson and Bernstein 2012; one round a word, three at the end) ---- */

static INLINED uint64_t turned(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static INLINED void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = turned(v[1], 13) ^ v[0];
	v[0] = turned(v[0], 32);
	v[2] += v[3];
	v[3] = turned(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = turned(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = turned(v[1], 17) ^ v[2];
	v[2] = turned(v[2], 32);
}

static INLINED uint64_t sip(const uint64_t seed[2], const uint8_t *p, size_t n, uint8_t kind)
{
	uint64_t v[4] = { seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
			  seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u };
	uint64_t last = (uint64_t)n << 56;
	size_t i = 0;

	v[1] ^= kind;
	for (; i + 8 <= n; i += 8) {
		uint64_t m = le64_get(p + i);

		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	for (unsigned shift = 0; i < n; i++, shift += 8) {
		last |= (uint64_t)p[i] << shift;
	}
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t columns_names_hash(const uint64_t seed[2], struct columns_name name)
{
	return sip(seed, name.p, name.n, name.kind);
}

static void seed_set(uint64_t out[2], const uint8_t seed[COLUMNS_SEED_BYTES])
{
	out[0] = le64_get(seed);
	out[1] = le64_get(seed + 8);
}

/* ---- slots ---- */

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

static void put_slot(struct columns_slot *slot, size_t mask, uint64_t hash, uint32_t id)
{
	size_t i = hash & mask;

	while (slot[i].id != 0) {
		i = (i + 1) & mask;
	}
	slot[i] = (struct columns_slot){ tag_of(hash), id + 1 };
}

/*
 * Takes slot i away and moves up what was pushed behind it (Knuth 6.4, algorithm R).  home: where a
 * slot's hash would put it.
 */
static void close_gap(struct columns_slot *slot, size_t mask, size_t i,
		      size_t (*home)(const void *ctx, struct columns_slot s), const void *ctx)
{
	for (size_t j = (i + 1) & mask; slot[j].id != 0; j = (j + 1) & mask) {
		size_t h = home(ctx, slot[j]);

		/* h lies not between i (not counted) and j: the slot may move up */
		if (((j - h) & mask) >= ((j - i) & mask)) {
			slot[i] = slot[j];
			i = j;
		}
	}
	slot[i] = (struct columns_slot){ 0, 0 };
}

/* ---- names ---- */

enum err columns_names_init(struct columns_names *t, const uint8_t seed[COLUMNS_SEED_BYTES])
{
	memset(t, 0, sizeof *t);
	seed_set(t->seed, seed);
	t->record = pages_take(RECORDS_FIRST * sizeof t->record[0]);
	t->slot = pages_take(SLOTS_FIRST * sizeof t->slot[0]);
	t->heap = pages_take(HEAP_FIRST);
	t->cap = RECORDS_FIRST;
	t->mask = SLOTS_FIRST - 1;
	t->heap_cap = HEAP_FIRST;
	return t->record != NULL && t->slot != NULL && t->heap != NULL ? ERR_OK : ERR_FULL;
}

void columns_names_free(struct columns_names *t)
{
	pages_give(t->record, t->cap * sizeof t->record[0]);
	pages_give(t->slot, (t->mask + 1) * sizeof t->slot[0]);
	pages_give(t->heap, t->heap_cap);
	memset(t, 0, sizeof *t);
}

struct columns_name columns_names_of(const struct columns_names *t, uint32_t id)
{
	const struct columns_record *r = &t->record[id];

	CHECK(id < t->n);
	return (struct columns_name){ r->n <= COLUMNS_NAME_INLINE ? r->name
								  : t->heap + le64_get(r->name),
				      r->n, r->kind };
}

static enum err grow_slots(struct columns_names *t)
{
	size_t slots = (t->mask + 1) * 2;
	struct columns_slot *slot = pages_take(slots * sizeof slot[0]);

	if (slot == NULL) {
		return ERR_FULL;
	}
	for (size_t i = 0; i < t->n; i++) {
		put_slot(slot, slots - 1,
			 columns_names_hash(t->seed, columns_names_of(t, (uint32_t)i)),
			 (uint32_t)i);
	}
	pages_give(t->slot, (t->mask + 1) * sizeof t->slot[0]);
	t->slot = slot;
	t->mask = slots - 1;
	return ERR_OK;
}

enum err columns_names_reserve(struct columns_names *t)
{
	enum { HEAP_AHEAD = COLUMNS_NAMES_AHEAD * COLUMNS_NAME_MAX };

	if (t->n + COLUMNS_NAMES_AHEAD >= UINT32_MAX - 1) {
		return ERR_FULL;
	}
	if (t->n + COLUMNS_NAMES_AHEAD > t->cap) {
		void *p = pages_more(t->record, t->cap * sizeof t->record[0],
				     2 * t->cap * sizeof t->record[0]);

		if (p == NULL) {
			return ERR_FULL;
		}
		t->record = p;
		t->cap *= 2;
	}
	if (t->heap_n + HEAP_AHEAD > t->heap_cap) {
		void *p = pages_more(t->heap, t->heap_cap, 2 * t->heap_cap);

		if (p == NULL) {
			return ERR_FULL;
		}
		t->heap = p;
		t->heap_cap *= 2;
	}
	/* at most half full: two tries for a name that is there, a little more for one that is not
	 */
	return (t->n + COLUMNS_NAMES_AHEAD) * 2 > t->mask ? grow_slots(t) : ERR_OK;
}

static bool is_name(const struct columns_names *t, uint32_t id, struct columns_name name)
{
	const struct columns_record *r = &t->record[id];

	if (r->n != name.n || r->kind != name.kind) {
		return false;
	}
	return memcmp(r->n <= COLUMNS_NAME_INLINE ? r->name : t->heap + le64_get(r->name), name.p,
		      name.n) == 0;
}

uint32_t columns_names_find(const struct columns_names *t, struct columns_name name, uint64_t hash)
{
	for (size_t i = hash & t->mask; t->slot[i].id != 0; i = (i + 1) & t->mask) {
		if (t->slot[i].tag == tag_of(hash) && is_name(t, t->slot[i].id - 1, name)) {
			return t->slot[i].id - 1;
		}
	}
	return COLUMNS_NAMES_NONE;
}

uint32_t columns_names_add(struct columns_names *t, struct columns_name name, uint64_t hash,
			   bool *is_new)
{
	uint32_t id = columns_names_find(t, name, hash);
	struct columns_record *r;

	*is_new = id == COLUMNS_NAMES_NONE;
	if (!*is_new) {
		return id;
	}
	CHECK(t->n < t->cap && name.n > 0 && name.n <= COLUMNS_NAME_MAX);
	id = (uint32_t)t->n++;
	r = &t->record[id];
	memset(r, 0, sizeof *r);
	r->kind = name.kind;
	r->n = name.n;
	if (name.n <= COLUMNS_NAME_INLINE) {
		memcpy(r->name, name.p, name.n);
	} else {
		CHECK(t->heap_n + name.n <= t->heap_cap);
		le64_put(r->name, t->heap_n);
		memcpy(t->heap + t->heap_n, name.p, name.n);
		t->heap_n += name.n;
	}
	put_slot(t->slot, t->mask, hash, id);
	return id;
}

static size_t name_home(const void *ctx, struct columns_slot s)
{
	const struct columns_names *t = ctx;

	return columns_names_hash(t->seed, columns_names_of(t, s.id - 1)) & t->mask;
}

void columns_names_cut(struct columns_names *t, size_t n)
{
	while (t->n > n) {
		uint32_t id = (uint32_t)t->n - 1;
		struct columns_name name = columns_names_of(t, id);
		size_t i = columns_names_hash(t->seed, name) & t->mask;

		while (t->slot[i].id != id + 1) {
			CHECK(t->slot[i].id != 0);
			i = (i + 1) & t->mask;
		}
		close_gap(t->slot, t->mask, i, name_home, t);
		t->heap_n -= name.n <= COLUMNS_NAME_INLINE ? 0 : name.n;
		t->n--;
	}
}

/* ---- tags ---- */

enum err columns_tags_init(struct columns_tags *t, const uint8_t seed[COLUMNS_SEED_BYTES])
{
	memset(t, 0, sizeof *t);
	seed_set(t->seed, seed);
	t->slot = pages_take(SLOTS_FIRST * sizeof t->slot[0]);
	t->mask = SLOTS_FIRST - 1;
	return t->slot != NULL ? ERR_OK : ERR_FULL;
}

void columns_tags_free(struct columns_tags *t)
{
	pages_give(t->slot, (t->mask + 1) * sizeof t->slot[0]);
	memset(t, 0, sizeof *t);
}

uint64_t columns_tags_hash(const struct columns_tags *t, const struct hash32 *id)
{
	return sip(t->seed, id->b, sizeof id->b, COLUMNS_TRANSACTION);
}

/* Only tags are kept, so a slot's place must follow from its tag, however many slots there are. */
static size_t tag_place(uint32_t tag, size_t mask)
{
	return ((size_t)tag * 0x9e3779b97f4a7c15u >> 31) & mask;
}

static void put_tag(struct columns_slot *slot, size_t mask, uint32_t tag, uint32_t number)
{
	size_t i = tag_place(tag, mask);

	while (slot[i].id != 0) {
		i = (i + 1) & mask;
	}
	slot[i] = (struct columns_slot){ tag, number + 1 };
}

enum err columns_tags_reserve(struct columns_tags *t)
{
	size_t slots = (t->mask + 1) * 2;
	struct columns_slot *slot;

	if ((t->n + COLUMNS_NAMES_AHEAD) * 2 <= t->mask) {
		return ERR_OK;
	}
	slot = pages_take(slots * sizeof slot[0]);
	if (slot == NULL) {
		return ERR_FULL;
	}
	for (size_t i = 0; i <= t->mask; i++) {
		if (t->slot[i].id != 0) {
			put_tag(slot, slots - 1, t->slot[i].tag, t->slot[i].id - 1);
		}
	}
	pages_give(t->slot, (t->mask + 1) * sizeof t->slot[0]);
	t->slot = slot;
	t->mask = slots - 1;
	return ERR_OK;
}

void columns_tags_fetch(const struct columns_tags *t, uint64_t hash)
{
	FETCH(&t->slot[tag_place(tag_of(hash), t->mask)]);
}

void columns_tags_add(struct columns_tags *t, uint64_t hash, uint32_t number)
{
	CHECK(t->n * 2 <= t->mask);
	put_tag(t->slot, t->mask, tag_of(hash), number);
	t->n++;
}

bool columns_tags_next(const struct columns_tags *t, uint64_t hash, uint64_t *at, uint32_t *number)
{
	for (size_t i = (tag_place(tag_of(hash), t->mask) + *at) & t->mask; t->slot[i].id != 0;
	     i = (i + 1) & t->mask) {
		(*at)++;
		if (t->slot[i].tag == tag_of(hash)) {
			*number = t->slot[i].id - 1;
			return true;
		}
	}
	return false;
}

static size_t tag_home(const void *ctx, struct columns_slot s)
{
	const struct columns_tags *t = ctx;

	return tag_place(s.tag, t->mask);
}

void columns_tags_remove(struct columns_tags *t, uint64_t hash, uint32_t number)
{
	size_t i = tag_place(tag_of(hash), t->mask);

	while (t->slot[i].id != number + 1 || t->slot[i].tag != tag_of(hash)) {
		CHECK(t->slot[i].id != 0);
		i = (i + 1) & t->mask;
	}
	close_gap(t->slot, t->mask, i, tag_home, t);
	t->n--;
}
