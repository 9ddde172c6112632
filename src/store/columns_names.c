/* SPDX-License-Identifier: Apache-2.0 */
#include "store/columns_names.h"

#include <assert.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/attr.h"
#include "base/check.h"
#include "base/pages.h"

static_assert(sizeof(struct columns_record) == 64 && sizeof(struct columns_line) == 64,
	      "one cache line");

enum { RECORDS_FIRST = 1 << 10, LINES_FIRST = 1 << 9, HEAP_FIRST = 1 << 16 };

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

/* The last word of a message: what does not fill one, and how long it was. */
static INLINED uint64_t last_word(const uint8_t *p, size_t n)
{
	const unsigned rest = n % 8;
	uint64_t last = (uint64_t)n << 56;

	if (n >= 8) {
		/* the last eight bytes without those that were in words before */
		return rest == 0 ? last : last | le64_get(p + n - 8) >> 8 * (8 - rest);
	}
	for (unsigned i = 0; i < n; i++) {
		last |= (uint64_t)p[i] << 8 * i;
	}
	return last;
}

static const uint64_t sip_begin[4] = { 0x736f6d6570736575u, 0x646f72616e646f6du,
				       0x6c7967656e657261u, 0x7465646279746573u };

static INLINED uint64_t sip(const uint64_t seed[2], const uint8_t *p, size_t n, uint8_t kind)
{
	uint64_t v[4] = { seed[0] ^ sip_begin[0], seed[1] ^ sip_begin[1], seed[0] ^ sip_begin[2],
			  seed[1] ^ sip_begin[3] };
	const uint64_t last = last_word(p, n);
	size_t i = 0;

	v[1] ^= kind;
	for (; i + 8 <= n; i += 8) {
		uint64_t m = le64_get(p + i);

		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
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

#ifdef __x86_64__

enum { LANES = 8, WORDS = COLUMNS_NAME_MAX / 8 + 1 };

/* Eight messages beside each other: word by word, in each a lane for one. */
struct lanes {
	uint64_t word[WORDS][LANES];
	uint64_t words[LANES]; /* of each message, the last one counted */
	uint64_t kind[LANES];
};

static INLINED void lane_put(struct lanes *l, size_t lane, struct columns_name name)
{
	const size_t whole = name.n / 8;

	for (size_t i = 0; i < whole; i++) {
		l->word[i][lane] = le64_get(name.p + 8 * i);
	}
	l->word[whole][lane] = last_word(name.p, name.n);
	l->words[lane] = whole + 1;
	l->kind[lane] = name.kind;
}

static WIDE_CODE("avx512f") INLINED void sip_round_wide(__m512i v[4])
{
	v[0] = _mm512_add_epi64(v[0], v[1]);
	v[1] = _mm512_xor_si512(_mm512_rol_epi64(v[1], 13), v[0]);
	v[0] = _mm512_rol_epi64(v[0], 32);
	v[2] = _mm512_add_epi64(v[2], v[3]);
	v[3] = _mm512_xor_si512(_mm512_rol_epi64(v[3], 16), v[2]);
	v[0] = _mm512_add_epi64(v[0], v[3]);
	v[3] = _mm512_xor_si512(_mm512_rol_epi64(v[3], 21), v[0]);
	v[2] = _mm512_add_epi64(v[2], v[1]);
	v[1] = _mm512_xor_si512(_mm512_rol_epi64(v[1], 17), v[2]);
	v[2] = _mm512_rol_epi64(v[2], 32);
}

static WIDE_CODE("avx512f") INLINED void sip_end_wide(__m512i v[4], uint64_t hash[LANES])
{
	v[2] = _mm512_xor_si512(v[2], _mm512_set1_epi64(0xff));
	sip_round_wide(v);
	sip_round_wide(v);
	sip_round_wide(v);
	_mm512_storeu_si512(
	    hash, _mm512_xor_si512(_mm512_xor_si512(v[0], v[1]), _mm512_xor_si512(v[2], v[3])));
}

static WIDE_CODE("avx512f") void sip_wide(const uint64_t seed[2], const struct lanes *l,
					  uint64_t hash[LANES])
{
	const __m512i words = _mm512_loadu_si512(l->words);
	uint64_t most = (uint64_t)_mm512_reduce_max_epu64(words);
	__m512i v[4];

	for (unsigned i = 0; i < 4; i++) {
		v[i] = _mm512_set1_epi64((long long)(seed[i & 1] ^ sip_begin[i]));
	}
	v[1] = _mm512_xor_si512(v[1], _mm512_loadu_si512(l->kind));
	for (uint64_t i = 0; i < most; i++) {
		/* who has no word any more stays as he is */
		const __mmask8 on = _mm512_cmpgt_epu64_mask(words, _mm512_set1_epi64((long long)i));
		const __m512i m = _mm512_maskz_loadu_epi64(on, l->word[i]);
		__m512i w[4] = { v[0], v[1], v[2], _mm512_xor_si512(v[3], m) };

		sip_round_wide(w);
		w[0] = _mm512_xor_si512(w[0], m);
		/* not in a loop, which a compiler may leave one, with all eight in memory */
		v[0] = _mm512_mask_mov_epi64(v[0], on, w[0]);
		v[1] = _mm512_mask_mov_epi64(v[1], on, w[1]);
		v[2] = _mm512_mask_mov_epi64(v[2], on, w[2]);
		v[3] = _mm512_mask_mov_epi64(v[3], on, w[3]);
	}
	sip_end_wide(v, hash);
}

/*
 * The same of eight names of one length of at least eight bytes, read from where they lie.  False:
 * they are no such names.
 */
static WIDE_CODE("avx512f") bool sip_even(const uint64_t seed[2], const struct columns_name *name,
					  uint64_t hash[LANES])
{
	static_assert(sizeof *name == 16 && offsetof(struct columns_name, n) == 8 &&
			  offsetof(struct columns_name, kind) == 9,
		      "a name is a place and a word");
	const __m512i low = _mm512_loadu_si512(name), high = _mm512_loadu_si512(name + 4);
	const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
	const __m512i odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
	const __m512i byte = _mm512_set1_epi64(0xff);
	const __m512i words = _mm512_permutex2var_epi64(low, odd, high);
	const uint64_t n = name->n, length = n << 56;
	__m512i place = _mm512_permutex2var_epi64(low, even, high);
	__m512i last = _mm512_set1_epi64((long long)length), v[4];

	if (n < 8 || _mm512_cmpneq_epi64_mask(_mm512_and_si512(words, byte),
					      _mm512_set1_epi64((long long)n)) != 0) {
		return false;
	}
	if (n % 8 != 0) {
		/* as last_word() */
		const __m512i end = _mm512_i64gather_epi64(
		    _mm512_add_epi64(place, _mm512_set1_epi64((long long)n - 8)), NULL, 1);

		last = _mm512_or_si512(
		    last, _mm512_srl_epi64(end, _mm_cvtsi32_si128(8 * (8 - (int)(n % 8)))));
	}
	for (unsigned i = 0; i < 4; i++) {
		v[i] = _mm512_set1_epi64((long long)(seed[i & 1] ^ sip_begin[i]));
	}
	v[1] = _mm512_xor_si512(v[1], _mm512_and_si512(_mm512_srli_epi64(words, 8), byte));
	for (uint64_t i = 0; i + 8 <= n; i += 8) {
		const __m512i m = _mm512_i64gather_epi64(place, NULL, 1);

		place = _mm512_add_epi64(place, _mm512_set1_epi64(8));
		v[3] = _mm512_xor_si512(v[3], m);
		sip_round_wide(v);
		v[0] = _mm512_xor_si512(v[0], m);
	}
	v[3] = _mm512_xor_si512(v[3], last);
	sip_round_wide(v);
	v[0] = _mm512_xor_si512(v[0], last);
	sip_end_wide(v, hash);
	return true;
}

static bool wide(void)
{
	static int known = -1;

	if (known < 0) {
		known = __builtin_cpu_supports("avx512f") ? 1 : 0;
	}
	return known == 1;
}

/* Those that fill all lanes; says how many. */
static size_t hash_wide(const uint64_t seed[2], const struct columns_name *name, size_t n,
			uint64_t *hash)
{
	enum { AT_ONCE = 6 };

	/* laid out well before they are read: a load waits for the smaller stores that it covers */
	struct lanes l[AT_ONCE];
	size_t i = 0;

	while (wide() && i + LANES <= n) {
		const size_t left = (n - i) / LANES, sets = left < AT_ONCE ? left : AT_ONCE;

		if (sip_even(seed, name + i, hash + i)) {
			i += LANES;
			continue;
		}
		for (size_t k = 0; k < sets * LANES; k++) {
			lane_put(&l[k / LANES], k % LANES, name[i + k]);
		}
		for (size_t k = 0; k < sets; k++) {
			sip_wide(seed, &l[k], hash + i + k * LANES);
		}
		i += sets * LANES;
	}
	return i;
}

#else

static size_t hash_wide(const uint64_t seed[2], const struct columns_name *name, size_t n,
			uint64_t *hash)
{
	(void)seed;
	(void)name;
	(void)n;
	(void)hash;
	return 0;
}

#endif

void columns_names_hash_many(const uint64_t seed[2], const struct columns_name *name, size_t n,
			     uint64_t *hash)
{
	for (size_t i = hash_wide(seed, name, n, hash); i < n; i++) {
		hash[i] = columns_names_hash(seed, name[i]);
	}
}

/* ---- tags ---- */

static void seed_set(uint64_t out[2], const uint8_t seed[COLUMNS_SEED_BYTES])
{
	out[0] = le64_get(seed);
	out[1] = le64_get(seed + 8);
}

enum err columns_tags_init(struct columns_tags *t, const uint8_t seed[COLUMNS_SEED_BYTES])
{
	memset(t, 0, sizeof *t);
	seed_set(t->seed, seed);
	t->line = pages_take(LINES_FIRST * sizeof t->line[0]);
	t->mask = LINES_FIRST - 1;
	return t->line != NULL ? ERR_OK : ERR_FULL;
}

void columns_tags_free(struct columns_tags *t)
{
	pages_give(t->line, (t->mask + 1) * sizeof t->line[0]);
	memset(t, 0, sizeof *t);
}

uint64_t columns_tags_hash(const struct columns_tags *t, const struct hash32 *id)
{
	return sip(t->seed, id->b, sizeof id->b, COLUMNS_TRANSACTION);
}

static INLINED void put_tag(struct columns_tags *t, uint32_t tag, uint32_t id)
{
	size_t i = columns_tags_place(tag, t->mask);
	unsigned free, k;

	while ((free = columns_line_equal(t->line[i].id, 0)) == 0) {
		i = (i + 1) & t->mask;
	}
	k = (unsigned)__builtin_ctz(free);
	t->line[i].tag[k] = tag;
	t->line[i].id[k] = id;
}

/*
 * The tags of a line into the two that stand for it among twice as many, if all are its own, as
 * nearly always: without a branch for each.  False: one only found room there.
 */
static INLINED bool split(struct columns_tags *t, size_t i, size_t old)
{
	struct columns_line *low = &t->line[i], *high = &t->line[i + old], into[2];
	unsigned n[2] = { 0, 0 };
	size_t far = 0;

	memset(into, 0, sizeof into);
	for (unsigned k = 0; k < COLUMNS_LINE; k++) {
		const uint32_t id = low->id[k], tag = low->tag[k];
		const size_t place = columns_tags_place(tag, t->mask);
		const unsigned up = (place & old) != 0, in = id != 0;

		far |= in * ((place ^ i) & (old - 1));
		/* a free place is written over by the next that is none */
		into[up].tag[n[up]] = tag;
		into[up].id[n[up]] = id;
		n[up] += in;
	}
	if (far != 0) {
		return false;
	}
	CHECK(columns_line_equal(high->id, 0) == (1U << COLUMNS_LINE) - 1);
	*low = into[0];
	*high = into[1];
	return true;
}

/*
 * Twice as many lines, in the same memory.  Each is emptied and its tags put in again, in order,
 * from behind one that is not full on.  A tag of line k then stands in line k, in line k + old, or
 * in one that comes before it on its way: of those two, each takes only tags from line k, which has
 * no more than both have places, and the lines before them on the way are emptied already, as none
 * has a way through the one that is not full.  So line k + old is empty when k's turn comes.
 */
static enum err more_lines(struct columns_tags *t)
{
	const size_t old = t->mask + 1, bytes = old * sizeof t->line[0];
	struct columns_line *line = pages_more(t->line, bytes, 2 * bytes);
	size_t first = 0;

	if (line == NULL) {
		return ERR_FULL;
	}
	t->line = line;
	t->mask = 2 * old - 1;
	while (columns_line_equal(line[first].id, 0) == 0) {
		first++;
	}
	for (size_t k = 1; k <= old; k++) {
		const size_t i = (first + k) & (old - 1);
		const struct columns_line moved = line[i];

		if (split(t, i, old)) {
			continue;
		}
		memset(&line[i], 0, sizeof line[i]);
		for (unsigned n = 0; n < COLUMNS_LINE; n++) {
			if (moved.id[n] != 0) {
				put_tag(t, moved.tag[n], moved.id[n]);
			}
		}
	}
	return ERR_OK;
}

enum err columns_tags_reserve(struct columns_tags *t)
{
	return t->n + COLUMNS_NAMES_AHEAD > columns_tags_room(t) ? more_lines(t) : ERR_OK;
}

void columns_tags_add_far(struct columns_tags *t, uint64_t hash, uint32_t number)
{
	CHECK(t->n < columns_tags_room(t));
	put_tag(t, columns_tags_tag(hash), number + 1);
	t->n++;
}

/* A place of line j from which a tag may move to line i: its own line lies not behind i. */
static unsigned may_move(const struct columns_tags *t, size_t i, size_t j)
{
	const struct columns_line *l = &t->line[j];

	for (unsigned k = 0; k < COLUMNS_LINE; k++) {
		size_t home = columns_tags_place(l->tag[k], t->mask);

		if (l->id[k] != 0 && ((j - home) & t->mask) >= ((j - i) & t->mask)) {
			return k;
		}
	}
	return COLUMNS_LINE;
}

/*
 * Frees place k of line i, and moves up what found it, or a line behind it, full (Knuth 6.4,
 * algorithm R, by lines).
 */
static void close_gap(struct columns_tags *t, size_t i, unsigned k)
{
	bool was_full = columns_line_equal(t->line[i].id, 0) == 0;

	for (size_t j = (i + 1) & t->mask; was_full; j = (j + 1) & t->mask) {
		unsigned from = may_move(t, i, j);

		was_full = columns_line_equal(t->line[j].id, 0) == 0;
		if (from < COLUMNS_LINE) {
			t->line[i].tag[k] = t->line[j].tag[from];
			t->line[i].id[k] = t->line[j].id[from];
			i = j;
			k = from;
		}
	}
	t->line[i].tag[k] = t->line[i].id[k] = 0;
}

void columns_tags_remove(struct columns_tags *t, uint64_t hash, uint32_t number)
{
	const uint32_t tag = columns_tags_tag(hash);
	size_t i = columns_tags_place(tag, t->mask);

	for (;; i = (i + 1) & t->mask) {
		const unsigned here = columns_line_equal(t->line[i].id, number + 1) &
				      columns_line_equal(t->line[i].tag, tag);

		if (here != 0) {
			close_gap(t, i, (unsigned)__builtin_ctz(here));
			t->n--;
			return;
		}
		CHECK(columns_line_equal(t->line[i].id, 0) == 0);
	}
}

/* ---- names ---- */

enum err columns_names_init(struct columns_names *t, const uint8_t seed[COLUMNS_SEED_BYTES])
{
	memset(t, 0, sizeof *t);
	seed_set(t->seed, seed);
	t->record = pages_take(RECORDS_FIRST * sizeof t->record[0]);
	t->heap = pages_take(HEAP_FIRST);
	t->cap = RECORDS_FIRST;
	t->heap_cap = HEAP_FIRST;
	return columns_tags_init(&t->tags, seed) == ERR_OK && t->record != NULL && t->heap != NULL
		   ? ERR_OK
		   : ERR_FULL;
}

void columns_names_free(struct columns_names *t)
{
	pages_give(t->record, t->cap * sizeof t->record[0]);
	columns_tags_free(&t->tags);
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
	return columns_tags_reserve(&t->tags);
}

uint32_t columns_names_find(const struct columns_names *t, struct columns_name name, uint64_t hash)
{
	uint64_t at = 0;
	uint32_t id = 0;

	while (columns_tags_next(&t->tags, hash, &at, &id)) {
		if (columns_names_is(t, id, name)) {
			return id;
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
	columns_tags_add(&t->tags, hash, id);
	return id;
}

void columns_names_cut(struct columns_names *t, size_t n)
{
	while (t->n > n) {
		uint32_t id = (uint32_t)t->n - 1;
		struct columns_name name = columns_names_of(t, id);

		columns_tags_remove(&t->tags, columns_names_hash(t->seed, name), id);
		t->heap_n -= name.n <= COLUMNS_NAME_INLINE ? 0 : name.n;
		t->n--;
	}
}
