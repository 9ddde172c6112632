/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/labels.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/attr.h"
#include "base/check.h"
#include "crypto/sha256.h"

/* Texts lie in one heap, NUL-terminated, by their place. */
struct tag {
	size_t address, label, category, source;
	uint32_t list;
	uint32_t next; /* place + 1 of the next tag of the same address */
	uint8_t address_n, confidence;
};

struct list {
	size_t title;
	struct hash32 hash;
};

struct slot {
	uint32_t check; /* high half of the hash */
	uint32_t tag;   /* + 1; 0: free */
};

/* For the length, and for two words of up to four pieces of an address. */
enum { SECRETS = 1 + 2 * 4 };

static_assert(INGEST_NAME_MAX <= 64, "pieces of an address");

struct labels {
	uint64_t secret[SECRETS];
	struct tag *tag;
	size_t n, cap;
	struct list *list;
	size_t lists, lists_cap;
	char *heap;
	size_t heap_n, heap_cap;
	bool sealed;
	struct slot *slot;
	uint64_t *filter;
	size_t mask, filter_mask;
};

enum { HEAP_FIRST = 1 << 16, ROWS_FIRST = 256 };

static INLINED uint64_t load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* Two words, each under a secret one, into a product of 128 bits. */
static INLINED u128 product(const uint64_t secret[2], const uint8_t *p)
{
	return (u128)(load(p) + secret[0]) * (load(p + 8) + secret[1]);
}

/*
 * The sum of such products, which no two addresses share more often than chance has it, whoever
 * chose them without the secret words (NH of UMAC: Black and others, CRYPTO 1999); both halves
 * together.
 */
static INLINED uint64_t hash_of(const struct labels *l, const uint8_t *p, size_t n)
{
	u128 sum = (u128)l->secret[0] * (n + 1);

	if (n >= 16) {
		sum += n > 16 ? product(l->secret + 1, p) : 0;
		sum += n > 32 ? product(l->secret + 3, p + 16) : 0;
		sum += n > 48 ? product(l->secret + 5, p + 32) : 0;
		/* the last 16 bytes, which may overlap those before */
		sum += product(l->secret + SECRETS - 2, p + n - 16);
	} else {
		uint8_t block[16] = { 0 };

		if (n > 0) {
			memcpy(block, p, n);
		}
		sum += product(l->secret + SECRETS - 2, block);
	}
	return (uint64_t)sum ^ (uint64_t)(sum >> 64);
}

enum err labels_new(struct labels **out, const uint8_t seed[LABELS_SEED_BYTES])
{
	struct labels *l = calloc(1, sizeof *l);
	struct hash32 more;

	if (l == NULL || (l->heap = malloc(HEAP_FIRST)) == NULL) {
		free(l);
		return ERR_FULL;
	}
	l->heap_cap = HEAP_FIRST;
	sha256(&more, bytes_of(seed, LABELS_SEED_BYTES));
	for (unsigned i = 0; i < SECRETS; i++) {
		if (i % 4 == 0) {
			sha256(&more, bytes_of(more.b, sizeof more.b));
		}
		l->secret[i] = le64_get(more.b + (size_t)8 * (i % 4));
	}
	*out = l;
	return ERR_OK;
}

void labels_free(struct labels *l)
{
	if (l == NULL) {
		return;
	}
	free(l->tag);
	free(l->list);
	free(l->heap);
	free(l->slot);
	free(l->filter);
	free(l);
}

static enum err keep(struct labels *l, struct bytes text, size_t *place)
{
	if (l->heap_n + text.n + 1 > l->heap_cap) {
		char *more = realloc(l->heap, 2 * (l->heap_cap + text.n));

		if (more == NULL) {
			return ERR_FULL;
		}
		l->heap = more;
		l->heap_cap = 2 * (l->heap_cap + text.n);
	}
	*place = l->heap_n;
	if (text.n > 0) {
		memcpy(l->heap + l->heap_n, text.p, text.n);
	}
	l->heap[l->heap_n + text.n] = '\0';
	l->heap_n += text.n + 1;
	return ERR_OK;
}

enum err labels_list(struct labels *l, struct bytes title, const struct hash32 *hash, size_t *list)
{
	struct list row = { 0, *hash };
	enum err e;

	if (l->lists == l->lists_cap) {
		size_t cap = l->lists_cap == 0 ? ROWS_FIRST : 2 * l->lists_cap;
		struct list *more = realloc(l->list, cap * sizeof more[0]);

		if (more == NULL) {
			return ERR_FULL;
		}
		l->list = more;
		l->lists_cap = cap;
	}
	e = keep(l, title, &row.title);
	if (e == ERR_OK) {
		*list = l->lists;
		l->list[l->lists++] = row;
	}
	return e;
}

enum err labels_add(struct labels *l, const struct label_new *tag, size_t list)
{
	struct tag t = { .list = (uint32_t)list,
			 .address_n = (uint8_t)tag->address.n,
			 .confidence = tag->confidence };
	enum err e = l->n < LABELS_MAX ? ERR_OK : ERR_FULL;

	CHECK(!l->sealed && list < l->lists && tag->address.n <= INGEST_NAME_MAX);
	if (e == ERR_OK && l->n == l->cap) {
		size_t cap = l->cap == 0 ? ROWS_FIRST : 2 * l->cap;
		struct tag *more = realloc(l->tag, cap * sizeof more[0]);

		if (more == NULL) {
			return ERR_FULL;
		}
		l->tag = more;
		l->cap = cap;
	}
	if (e == ERR_OK) {
		e = keep(l, tag->address, &t.address);
	}
	if (e == ERR_OK) {
		e = keep(l, tag->label, &t.label);
	}
	if (e == ERR_OK) {
		e = keep(l, tag->category, &t.category);
	}
	if (e == ERR_OK) {
		e = keep(l, tag->source, &t.source);
	}
	if (e == ERR_OK) {
		l->tag[l->n++] = t;
	}
	return e;
}

void labels_cut(struct labels *l, size_t tags, size_t lists)
{
	CHECK(!l->sealed && tags <= l->n && lists <= l->lists);
	/* a list's title comes before its tags */
	l->heap_n = lists < l->lists ? l->list[lists].title
		    : tags < l->n    ? l->tag[tags].address
				     : l->heap_n;
	l->n = tags;
	l->lists = lists;
}

size_t labels_lists(const struct labels *l)
{
	return l->lists;
}

bool labels_sealed(const struct labels *l)
{
	return l->sealed;
}

size_t labels_n(const struct labels *l)
{
	return l->n;
}

void labels_at(const struct labels *l, size_t place, struct label *out)
{
	const struct tag *t = &l->tag[place];

	CHECK(place < l->n);
	*out = (struct label){ .address = l->heap + t->address,
			       .label = l->heap + t->label,
			       .category = l->heap + t->category,
			       .source = l->heap + t->source,
			       .list = l->heap + l->list[t->list].title,
			       .list_hash = l->list[t->list].hash,
			       .confidence = t->confidence };
}

/* ---- asking ---- */

/* A shift by a number that is not known is three steps of many processors, this is one. */
#define BIT(i)     UINT64_C(1) << (i)
#define BITS_4(i)  BIT(i), BIT((i) + 1), BIT((i) + 2), BIT((i) + 3)
#define BITS_16(i) BITS_4(i), BITS_4((i) + 4), BITS_4((i) + 8), BITS_4((i) + 12)
static const uint64_t bit[64] = { BITS_16(0), BITS_16(16), BITS_16(32), BITS_16(48) };

/* Four bits of one word: the rest of the hash is the word's place. */
static INLINED uint64_t bits_of(uint64_t hash)
{
	return bit[hash >> 58] | bit[hash >> 52 & 63] | bit[hash >> 46 & 63] | bit[hash >> 40 & 63];
}

static bool is_address(const struct labels *l, const struct tag *t, struct bytes address)
{
	return t->address_n == address.n &&
	       bytes_eq(bytes_of(l->heap + t->address, t->address_n), address);
}

static size_t find_slot(const struct labels *l, struct bytes address, uint64_t hash)
{
	size_t i = hash & l->mask;

	for (; l->slot[i].tag != 0; i = (i + 1) & l->mask) {
		if (l->slot[i].check == (uint32_t)(hash >> 32) &&
		    is_address(l, &l->tag[l->slot[i].tag - 1], address)) {
			break;
		}
	}
	return i;
}

/*
 * Places in the order in which they are put before each other in the chains of their addresses:
 * by rising confidence, of equal ones the last read first.  By counting, so that a list of a
 * million tags of one address takes no longer than any other.  NULL: no memory.
 */
static uint32_t *order_of(const struct labels *l)
{
	size_t at[LABELS_CONFIDENCE_MAX + 2] = { 0 };
	uint32_t *order = malloc((l->n + 1) * sizeof *order);

	if (order == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < l->n; i++) {
		at[l->tag[i].confidence + 1]++;
	}
	for (size_t k = 1; k < ARRAY_LEN(at); k++) {
		at[k] += at[k - 1];
	}
	for (size_t i = l->n; i > 0; i--) {
		order[at[l->tag[i - 1].confidence]++] = (uint32_t)(i - 1);
	}
	return order;
}

enum err labels_seal(struct labels *l)
{
	size_t slots = 64, words = 64;
	uint32_t *order = order_of(l);

	CHECK(!l->sealed);
	while (slots < 2 * l->n) {
		slots *= 2;
	}
	/* 16 to 32 bits an address: under 1 in 200 gets through for nothing */
	while (words < l->n / 4) {
		words *= 2;
	}
	l->slot = calloc(slots, sizeof l->slot[0]);
	l->filter = calloc(words, sizeof l->filter[0]);
	if (l->slot == NULL || l->filter == NULL || order == NULL) {
		free(order);
		return ERR_FULL;
	}
	l->mask = slots - 1;
	l->filter_mask = words - 1;
	for (size_t i = 0; i < l->n; i++) {
		struct tag *t = &l->tag[order[i]];
		struct bytes address = bytes_of(l->heap + t->address, t->address_n);
		uint64_t hash = hash_of(l, address.p, address.n);
		struct slot *s = &l->slot[find_slot(l, address, hash)];

		s->check = (uint32_t)(hash >> 32);
		t->next = s->tag;
		s->tag = order[i] + 1;
		l->filter[hash & l->filter_mask] |= bits_of(hash);
	}
	free(order);
	l->sealed = true;
	return ERR_OK;
}

size_t labels_find_exact(const struct labels *l, struct bytes address)
{
	uint64_t hash = hash_of(l, address.p, address.n);

	CHECK(l->sealed);
	return (size_t)l->slot[find_slot(l, address, hash)].tag - 1;
}

/* Apart, as it is seldom come to: who is asked about has no label. */
static __attribute__((noinline)) size_t find_hashed(const struct labels *l, struct bytes address,
						    uint64_t hash)
{
	return (size_t)l->slot[find_slot(l, address, hash)].tag - 1;
}

static INLINED bool may_have(const struct labels *l, uint64_t hash)
{
	const uint64_t bits = bits_of(hash);

	return (l->filter[hash & l->filter_mask] & bits) == bits;
}

size_t labels_find(const struct labels *l, struct bytes address)
{
	const uint64_t hash = hash_of(l, address.p, address.n);

	CHECK(l->sealed);
	return may_have(l, hash) ? find_hashed(l, address, hash) : SIZE_MAX;
}

#ifdef __x86_64__

enum { LANES = 8 };

static bool wide(void)
{
	return __builtin_cpu_supports("avx512f");
}

/* may_have() of eight at once: a bit for each. */
static WIDE_CODE("avx512f") unsigned may_have_wide(const struct labels *l,
						   const uint64_t hash[LANES])
{
	const __m512i h = _mm512_loadu_si512(hash), one = _mm512_set1_epi64(1);
	const __m512i place = _mm512_and_si512(h, _mm512_set1_epi64((long long)l->filter_mask));
	const __m512i word = _mm512_i64gather_epi64(place, (const void *)l->filter, 8);
	/* to turn a one takes the low six bits of how far */
	const __m512i bits =
	    _mm512_or_si512(_mm512_or_si512(_mm512_rolv_epi64(one, _mm512_srli_epi64(h, 58)),
					    _mm512_rolv_epi64(one, _mm512_srli_epi64(h, 52))),
			    _mm512_or_si512(_mm512_rolv_epi64(one, _mm512_srli_epi64(h, 46)),
					    _mm512_rolv_epi64(one, _mm512_srli_epi64(h, 40))));

	return _mm512_cmpeq_epi64_mask(_mm512_and_si512(word, bits), bits);
}

#else

enum { LANES = 1 };

static bool wide(void)
{
	return false;
}

static unsigned may_have_wide(const struct labels *l, const uint64_t hash[LANES])
{
	return may_have(l, hash[0]) ? 1 : 0;
}

#endif

/* LANES of them, of which these may have a label. */
static INLINED void find_some(const struct labels *l, const struct bytes *address,
			      const uint64_t *hash, unsigned may, size_t *place)
{
	for (unsigned k = 0; k < LANES; k++) {
		place[k] = SIZE_MAX;
	}
	for (; may != 0; may &= may - 1) {
		const unsigned k = (unsigned)__builtin_ctz(may);

		place[k] = find_hashed(l, address[k], hash[k]);
	}
}

void labels_find_many(const struct labels *l, const struct bytes *address, size_t n, size_t *place)
{
	enum { AT_ONCE = 64 };

	const bool lanes = wide();

	CHECK(l->sealed);
	for (size_t i = 0; i < n; i += AT_ONCE) {
		const size_t some = n - i < AT_ONCE ? n - i : AT_ONCE;
		uint64_t hash[AT_ONCE];
		size_t k = 0;

		for (; k < some; k++) {
			hash[k] = hash_of(l, address[i + k].p, address[i + k].n);
			FETCH(&l->filter[hash[k] & l->filter_mask]);
		}
		for (k = 0; lanes && k + LANES <= some; k += LANES) {
			find_some(l, address + i + k, hash + k, may_have_wide(l, hash + k),
				  place + i + k);
		}
		for (; k < some; k++) {
			place[i + k] = may_have(l, hash[k])
					   ? find_hashed(l, address[i + k], hash[k])
					   : SIZE_MAX;
		}
	}
}

size_t labels_next(const struct labels *l, size_t place)
{
	CHECK(place < l->n);
	return (size_t)l->tag[place].next - 1;
}
