/* SPDX-License-Identifier: Apache-2.0 */
#include "store/columns_cold.h"

#include <stdlib.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/check.h"
#include "store/columns_head.h"

static const uint8_t magic[16] = "kuramori cold";

enum {
	VERSION = 1,
	HEAD = 56,
	INDEX_ROW = 16,
	HEAD_END = 8,
	ARRAY_HEAD = 4,
	PAD = 8, /* zeros behind an array, so that 8 bytes may be read anywhere in it */
	TENS = 15,
	PARTS_MAX = 2 * COLUMNS_COLD_SEGMENT_MAX / COLUMNS_COLD_PART,
	PAGES_MAX = COLUMNS_COLD_SEGMENT_MAX / COLUMNS_COLD_PAGE,
};

enum array_kind { PLAIN = 0, TEN = 1, SAME = 2 };

static const uint64_t ten_to[TENS + 1] = {
	1u,
	10u,
	100u,
	1000u,
	10000u,
	100000u,
	1000000u,
	10000000u,
	100000000u,
	1000000000u,
	10000000000u,
	100000000000u,
	1000000000000u,
	10000000000000u,
	100000000000000u,
	1000000000000000u,
};

/* 0 of 0, else the place of the highest bit, from 1. */
static INLINED unsigned length_of(uint64_t v)
{
	return v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v);
}

/* ---- writing ---- */

struct packer {
	uint8_t *p;
	size_t n, cap;
	unsigned bits; /* used of the last byte; 0: it is full */
	bool failed;
};

static bool more(struct packer *w, size_t n)
{
	if (w->n + n + 16 > w->cap) {
		size_t cap = 2 * (w->n + n + 16);
		uint8_t *p = realloc(w->p, cap);

		if (p == NULL) {
			w->failed = true;
			return false;
		}
		w->p = p;
		w->cap = cap;
	}
	return true;
}

static void put_bytes(struct packer *w, const void *p, size_t n)
{
	if (more(w, n)) {
		memcpy(w->p + w->n, p, n);
		w->n += n;
		w->bits = 0;
	}
}

static void put_u32(struct packer *w, uint32_t v)
{
	uint8_t b[4];

	le32_put(b, v);
	put_bytes(w, b, sizeof b);
}

/* n bits, lowest first; 0 to 64. */
static void put_bits(struct packer *w, uint64_t v, unsigned n)
{
	if (!more(w, 9)) {
		return;
	}
	while (n > 0) {
		unsigned free_bits = w->bits == 0 ? 8 : 8 - w->bits;
		unsigned some = n < free_bits ? n : free_bits;
		uint8_t part = (uint8_t)(v & ((1U << some) - 1));

		if (w->bits == 0) {
			w->p[w->n++] = 0;
		}
		w->p[w->n - 1] |= (uint8_t)(part << w->bits);
		w->bits = (w->bits + some) % 8;
		v >>= some;
		n -= some;
	}
}

static void put_array(struct packer *w, const uint64_t *v, size_t n)
{
	unsigned least = 64, most = 0, width;
	uint8_t head[ARRAY_HEAD] = { PLAIN };

	for (size_t i = 0; i < n; i++) {
		unsigned length = length_of(v[i]);

		least = length < least ? length : least;
		most = length > most ? length : most;
	}
	width = length_of(most - least);
	head[0] = width == 0 && most <= 1 ? SAME : PLAIN;
	head[1] = (uint8_t)least;
	head[2] = (uint8_t)width;
	put_bytes(w, head, sizeof head);
	if (head[0] == PLAIN) {
		for (size_t i = 0; i < n; i++) {
			put_bits(w, length_of(v[i]) - least, width);
		}
		w->bits = 0;
		for (size_t i = 0; i < n; i++) {
			unsigned length = length_of(v[i]);

			put_bits(w, v[i], length > 0 ? length - 1 : 0);
		}
	}
	head[0] = head[1] = head[2] = 0;
	put_bytes(w, head, sizeof head);
	put_bytes(w, head, sizeof head);
}

/* The shorter of the two ways: amounts that people typed end in zeros. */
static void put_amounts(struct packer *w, const uint64_t *v, size_t n)
{
	const size_t begin = w->n;
	static const uint8_t head[ARRAY_HEAD] = { TEN };
	uint64_t *short_form = malloc(n * sizeof *short_form);
	uint8_t *tens = malloc(n);
	size_t plain;

	put_array(w, v, n);
	plain = w->n - begin;
	if (short_form == NULL || tens == NULL || w->failed) {
		w->failed = true;
	} else {
		const size_t again = w->n;

		for (size_t i = 0; i < n; i++) {
			short_form[i] = v[i];
			tens[i] = 0;
			while (tens[i] < TENS && short_form[i] % 10 == 0 && short_form[i] > 0) {
				short_form[i] /= 10;
				tens[i]++;
			}
		}
		put_bytes(w, head, sizeof head);
		for (size_t i = 0; i < n; i++) {
			put_bits(w, tens[i], 4);
		}
		w->bits = 0;
		put_array(w, short_form, n);
		if (!w->failed && w->n - again < plain) {
			memmove(w->p + begin, w->p + again, w->n - again);
			w->n = begin + (w->n - again);
		} else {
			w->n = again;
		}
		w->bits = 0;
	}
	free(short_form);
	free(tens);
}

/* Who moved in a segment, and what he had before it. */
struct dictionary {
	uint32_t *rank; /* of each account of the chain, + 1; 0: not in the segment */
	uint32_t *id;   /* by rank */
	uint64_t *in, *balance;
	uint8_t *sends, *seen; /* by rank */
	uint32_t n;
};

static void dictionary_free(struct dictionary *d)
{
	free(d->rank);
	free(d->id);
	free(d->in);
	free(d->balance);
	free(d->sends);
	free(d->seen);
}

static enum err number(struct dictionary *d, const struct trace_columns *c, size_t first, size_t n)
{
	uint32_t at[33] = { 0 }, all = 0;

	d->rank = calloc(c->accounts_n, sizeof d->rank[0]);
	if (d->rank == NULL) {
		return ERR_FULL;
	}
	for (size_t i = first; i < first + n; i++) {
		if (c->from[i] >= c->accounts_n || c->to[i] >= c->accounts_n) {
			return ERR_CORRUPT;
		}
		d->rank[c->from[i]]++;
		d->rank[c->to[i]]++;
	}
	for (size_t a = 0; a < c->accounts_n; a++) {
		at[length_of(d->rank[a])]++;
	}
	/* from here on: where the accounts of each length begin, the longest first */
	for (unsigned k = 32; k > 0; k--) {
		uint32_t some = at[k];

		at[k] = all;
		all += some;
	}
	d->n = all;
	d->id = malloc(all * sizeof d->id[0]);
	d->in = calloc(all, sizeof d->in[0]);
	d->balance = calloc(all, sizeof d->balance[0]);
	d->sends = calloc(all, 1);
	d->seen = calloc(all, 1);
	if (d->id == NULL || d->in == NULL || d->balance == NULL || d->sends == NULL ||
	    d->seen == NULL) {
		return ERR_FULL;
	}
	for (size_t a = 0; a < c->accounts_n; a++) {
		if (d->rank[a] != 0) {
			uint32_t rank = at[length_of(d->rank[a])]++;

			d->id[rank] = (uint32_t)a;
			d->rank[a] = rank + 1;
		}
	}
	return ERR_OK;
}

/* What each had before: the first event that names him says it. */
static void opening(struct dictionary *d, const struct trace_columns *c, size_t first, size_t n,
		    uint64_t *issued)
{
	uint64_t *received = d->balance; /* in the segment, until the first sending */

	for (size_t i = first; i < first + n; i++) {
		uint32_t f = d->rank[c->from[i]] - 1, t = d->rank[c->to[i]] - 1;

		if (c->from[i] == TRACE_ISSUANCE) {
			*issued = d->seen[f] ? *issued : c->out[i];
		} else if (!d->sends[f]) {
			uint64_t in = c->balance[i] + c->out[i] - received[f];

			d->in[f] = in;
			received[f] = in - c->out[i]; /* the balance from now on */
			d->sends[f] = 1;
		}
		d->seen[f] = 1;
		if (!d->seen[t]) {
			d->in[t] = c->in[i];
			d->seen[t] = 1;
		}
		if (!d->sends[t]) {
			received[t] += c->amount[i];
		}
	}
	for (uint32_t i = 0; i < d->n; i++) {
		d->balance[i] = d->sends[i] ? d->balance[i] : 0;
	}
}

static void put_part(struct packer *w, const struct dictionary *d, uint32_t at, uint32_t n,
		     uint64_t *room)
{
	uint32_t last = UINT32_MAX;

	for (uint32_t i = 0; i < n; i++) {
		/* goes back where the next power of two begins: then it wraps around */
		room[i] = d->id[at + i] - last - 1;
		last = d->id[at + i];
	}
	for (uint32_t i = 0; i < n; i++) {
		room[i] &= UINT32_MAX;
	}
	put_array(w, room, n);
	put_array(w, d->in + at, n);
	put_array(w, d->balance + at, n);
}

static void put_page(struct packer *w, const struct dictionary *d, const struct trace_columns *c,
		     size_t at, size_t n, uint64_t *room)
{
	put_u32(w, c->tx[at]);
	for (size_t i = 0; i < n; i++) {
		room[i] = d->rank[c->from[at + i]] - 1;
	}
	put_array(w, room, n);
	for (size_t i = 0; i < n; i++) {
		room[i] = d->rank[c->to[at + i]] - 1;
	}
	put_array(w, room, n);
	put_amounts(w, c->amount + at, n);
	room[0] = 1;
	for (size_t i = 1; i < n; i++) {
		room[i] = c->tx[at + i] - c->tx[at + i - 1];
	}
	put_array(w, room, n);
}

static void end_page(struct packer *w, size_t begin, size_t row)
{
	if (!w->failed) {
		le64_put(w->p + row, w->n);
		le32_put(w->p + row + 8,
			 columns_head_check(0, bytes_of(w->p + begin, w->n - begin)));
	}
}

enum err columns_cold_encode(uint8_t **out, size_t *bytes, const struct trace_columns *c,
			     size_t first, size_t n)
{
	struct dictionary d = { NULL, NULL, NULL, NULL, NULL, NULL, 0 };
	struct packer w = { NULL, 0, 0, 0, false };
	uint64_t issued = 0, *room = malloc(COLUMNS_COLD_PART * sizeof *room);
	uint32_t parts, pages = (uint32_t)((n + COLUMNS_COLD_PAGE - 1) / COLUMNS_COLD_PAGE);
	size_t index;
	enum err e;

	CHECK(n > 0 && n <= COLUMNS_COLD_SEGMENT_MAX && first <= c->n && n <= c->n - first);
	e = room != NULL ? number(&d, c, first, n) : ERR_FULL;
	if (e == ERR_OK) {
		opening(&d, c, first, n, &issued);
		parts = (d.n + COLUMNS_COLD_PART - 1) / COLUMNS_COLD_PART;
		index = HEAD + (size_t)(parts + pages) * INDEX_ROW;
		if (more(&w, index + HEAD_END + n * 16)) {
			CHECK(w.p != NULL);
			memset(w.p, 0, index + HEAD_END);
			memcpy(w.p, magic, sizeof magic);
			le32_put(w.p + 16, VERSION);
			le32_put(w.p + 20, parts);
			le32_put(w.p + 24, pages);
			le32_put(w.p + 28, (uint32_t)n);
			le64_put(w.p + 32, first);
			le64_put(w.p + 40, issued);
			le32_put(w.p + 48, d.n);
			w.n = index + HEAD_END;
		}
		for (uint32_t i = 0; i < parts && !w.failed; i++) {
			uint32_t at = i * COLUMNS_COLD_PART, some = d.n - at;
			size_t begin = w.n;

			put_part(&w, &d, at, some < COLUMNS_COLD_PART ? some : COLUMNS_COLD_PART,
				 room);
			end_page(&w, begin, HEAD + (size_t)i * INDEX_ROW);
		}
		for (uint32_t i = 0; i < pages && !w.failed; i++) {
			size_t at = (size_t)i * COLUMNS_COLD_PAGE, some = n - at, begin = w.n;

			put_page(&w, &d, c, first + at,
				 some < COLUMNS_COLD_PAGE ? some : COLUMNS_COLD_PAGE, room);
			end_page(&w, begin, HEAD + (size_t)(parts + i) * INDEX_ROW);
		}
		if (!w.failed) {
			le32_put(w.p + index, columns_head_check(0, bytes_of(w.p, index)));
		}
		e = w.failed ? ERR_FULL : ERR_OK;
	}
	dictionary_free(&d);
	free(room);
	if (e != ERR_OK) {
		free(w.p);
		return e;
	}
	*out = w.p;
	*bytes = w.n;
	return ERR_OK;
}

/* ---- reading ---- */

static INLINED uint64_t bits_at(const uint8_t *p, uint64_t at, unsigned n)
{
	const unsigned shift = (unsigned)(at & 7);
	uint64_t v = le64_get(p + (at >> 3)) >> shift;

	if (n + shift > 64) {
		v |= (uint64_t)p[(at >> 3) + 8] << (64 - shift);
	}
	return n == 64 ? v : v & ((UINT64_C(1) << n) - 1);
}

/* The lengths of n numbers, each above least in width bits. */
static void lengths_of(uint8_t *lengths, const uint8_t *p, size_t n, unsigned least, unsigned width)
{
	const unsigned mask = (1U << width) - 1;
	size_t i = 0;

	/* eight of them are whole bytes */
	for (; i + 8 <= n; i += 8) {
		const uint64_t some = le64_get(p + i / 8 * width);

		for (unsigned k = 0; k < 8; k++) {
			lengths[i + k] = (uint8_t)(least + ((unsigned)(some >> k * width) & mask));
		}
	}
	for (; i < n; i++) {
		lengths[i] = (uint8_t)(least + bits_at(p, (uint64_t)i * width, width));
	}
}

/* The greatest of n lengths; and the bits below the highest of all numbers together. */
static unsigned lengths_sum(uint64_t *bits, const uint8_t *lengths, size_t n)
{
	unsigned most = 0;
	size_t i = 0;

	*bits = 0;
#ifdef __SSE2__
	{
		const __m128i none = _mm_setzero_si128(), one = _mm_set1_epi8(1);
		__m128i top = none, all = none, numbers = none;
		uint64_t sum[2], highest[2];
		uint8_t each[16];

		for (; i + 16 <= n; i += 16) {
			const __m128i some =
			    _mm_loadu_si128((const __m128i *)(const void *)(lengths + i));

			top = _mm_max_epu8(top, some);
			all = _mm_add_epi64(all, _mm_sad_epu8(some, none));
			numbers =
			    _mm_add_epi64(numbers, _mm_sad_epu8(_mm_min_epu8(some, one), none));
		}
		_mm_storeu_si128((__m128i *)(void *)each, top);
		_mm_storeu_si128((__m128i *)(void *)sum, all);
		_mm_storeu_si128((__m128i *)(void *)highest, numbers);
		for (size_t k = 0; k < sizeof each; k++) {
			most = each[k] > most ? each[k] : most;
		}
		*bits = sum[0] + sum[1] - highest[0] - highest[1];
	}
#endif
	for (; i < n; i++) {
		most = lengths[i] > most ? lengths[i] : most;
		*bits += lengths[i] - (unsigned)(lengths[i] > 0);
	}
	return most;
}

/* The numbers of these lengths, the greatest of which is most, from this bit of p on; returns the
 * bit behind them. */
static uint64_t numbers_of(uint64_t *v, const uint8_t *lengths, size_t n, const uint8_t *p,
			   uint64_t at, unsigned most)
{
	enum { ONE_LOAD = 57 }; /* bits below the highest and in front of them: 64 */

	for (size_t i = 0; i < n && most <= ONE_LOAD; i++) {
		const unsigned some = lengths[i] != 0;
		const uint64_t high = (uint64_t)1 << lengths[i] >> 1;
		const uint64_t low = le64_get(p + (at >> 3)) >> (at & 7);

		v[i] = (low & (high - some)) | high;
		at += lengths[i] - some;
	}
	for (size_t i = 0; i < n && most > ONE_LOAD; i++) {
		const unsigned below = lengths[i] == 0 ? 0 : lengths[i] - 1U;

		v[i] = bits_at(p, at, below) | (uint64_t)(lengths[i] != 0) << below;
		at += below;
	}
	return at;
}

/*
 * n numbers of the array that *in begins with; *in then begins behind it.  False: they are not
 * there.  lengths: room for n.
 */
static bool get_lengths(struct bytes *in, uint64_t *v, uint8_t *lengths, size_t n)
{
	unsigned kind, least, width, most;
	uint64_t at, bits, lengths_n;
	const uint8_t *p;

	if (in->n < ARRAY_HEAD + PAD) {
		return false;
	}
	kind = in->p[0];
	least = in->p[1];
	width = in->p[2];
	p = in->p + ARRAY_HEAD;
	if (in->p[3] != 0 || least > 64 || width > 7 || (kind != PLAIN && kind != SAME) ||
	    (kind == SAME && (least > 1 || width != 0))) {
		return false;
	}
	if (kind == SAME) {
		for (size_t i = 0; i < n; i++) {
			v[i] = least;
		}
		*in = bytes_of(p + PAD, in->n - ARRAY_HEAD - PAD);
		return true;
	}
	lengths_n = ((uint64_t)n * width + 7) / 8;
	if (in->n - ARRAY_HEAD - PAD < lengths_n) {
		return false;
	}
	lengths_of(lengths, p, n, least, width);
	most = lengths_sum(&bits, lengths, n);
	if (most > 64) {
		return false;
	}
	if (in->n - ARRAY_HEAD - PAD - lengths_n < (bits + 7) / 8) {
		return false;
	}
	at = numbers_of(v, lengths, n, p, lengths_n * 8, most);
	lengths_n = (at + 7) / 8 + PAD;
	*in = bytes_of(p + lengths_n, in->n - ARRAY_HEAD - lengths_n);
	return true;
}

static bool get_array(struct bytes *in, uint64_t *v, uint8_t *lengths, size_t n)
{
	const size_t tens_n = (n * 4 + 7) / 8;
	const uint8_t *tens;

	if (in->n < ARRAY_HEAD || in->p[0] != TEN) {
		return get_lengths(in, v, lengths, n);
	}
	if (in->p[1] != 0 || in->p[2] != 0 || in->p[3] != 0 || in->n - ARRAY_HEAD < tens_n) {
		return false;
	}
	tens = in->p + ARRAY_HEAD;
	*in = bytes_of(tens + tens_n, in->n - ARRAY_HEAD - tens_n);
	if (!get_lengths(in, v, lengths, n)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		/* beyond 64 bits: some other number, which the recount finds */
		v[i] *= ten_to[tens[i / 2] >> i % 2 * 4 & 15];
	}
	return true;
}

static uint64_t end_of(const struct columns_cold *s, uint32_t page)
{
	return page == 0 ? HEAD + (uint64_t)(s->parts + s->pages) * INDEX_ROW + HEAD_END
			 : le64_get(s->file.p + HEAD + (size_t)(page - 1) * INDEX_ROW);
}

/* Page 0 of the file is its head. */
static enum err damaged(const struct columns_cold *s, uint32_t page,
			struct columns_cold_fault *fault)
{
	*fault = (struct columns_cold_fault){ page, page == 0 ? 0 : end_of(s, page - 1),
					      end_of(s, page) };
	return ERR_CORRUPT;
}

/* The bytes of a page of the file, from 1. */
static enum err bytes_of_page(const struct columns_cold *s, uint32_t page, bool check,
			      struct bytes *out, struct columns_cold_fault *fault)
{
	const uint64_t begin = end_of(s, page - 1), end = end_of(s, page);

	*out = bytes_of(s->file.p + begin, (size_t)(end - begin));
	return check && columns_head_check(0, *out) !=
			    le32_get(s->file.p + HEAD + (size_t)(page - 1) * INDEX_ROW + 8)
		   ? damaged(s, page, fault)
		   : ERR_OK;
}

static enum err read_head(struct columns_cold *s, bool check, struct columns_cold_fault *fault)
{
	const uint8_t *p = s->file.p;
	uint64_t last;

	*fault = (struct columns_cold_fault){ 0, 0, s->file.n };
	if (s->file.n < HEAD || memcmp(p, magic, sizeof magic) != 0) {
		return ERR_CORRUPT;
	}
	s->parts = le32_get(p + 20);
	s->pages = le32_get(p + 24);
	s->events = le32_get(p + 28);
	s->first = le64_get(p + 32);
	s->issued = le64_get(p + 40);
	s->accounts = le32_get(p + 48);
	if (s->parts > PARTS_MAX || s->pages > PAGES_MAX || end_of(s, 0) > s->file.n) {
		return ERR_CORRUPT;
	}
	fault->end = end_of(s, 0);
	if (check && (columns_head_check(0, bytes_of(p, (size_t)fault->end - HEAD_END)) !=
			  le32_get(p + fault->end - HEAD_END) ||
		      le32_get(p + fault->end - HEAD_END + 4) != 0)) {
		return ERR_CORRUPT;
	}
	if (le32_get(p + 16) != VERSION) {
		return ERR_VERSION;
	}
	if (s->events == 0 ||
	    s->pages != (s->events + (uint64_t)COLUMNS_COLD_PAGE - 1) / COLUMNS_COLD_PAGE ||
	    s->accounts > 2 * (uint64_t)COLUMNS_COLD_SEGMENT_MAX ||
	    s->parts != (s->accounts + (uint64_t)COLUMNS_COLD_PART - 1) / COLUMNS_COLD_PART) {
		return ERR_CORRUPT;
	}
	last = end_of(s, 0);
	for (uint32_t i = 1; i <= s->parts + s->pages; i++) {
		if (end_of(s, i) < last) {
			return ERR_CORRUPT;
		}
		last = end_of(s, i);
	}
	/* a file that is too long is damaged as one that is too short */
	if (last != s->file.n) {
		*fault = (struct columns_cold_fault){ s->parts + s->pages,
						      end_of(s, s->parts + s->pages - 1), last };
		return ERR_CORRUPT;
	}
	return ERR_OK;
}

static enum err read_part(struct columns_cold *s, uint32_t part, size_t accounts_n, bool check,
			  uint64_t *room, uint8_t *lengths, struct columns_cold_fault *fault)
{
	const uint32_t at = part * COLUMNS_COLD_PART, left = s->accounts - at;
	const uint32_t n = left < COLUMNS_COLD_PART ? left : COLUMNS_COLD_PART;
	uint32_t last = UINT32_MAX;
	struct bytes in;
	enum err e = bytes_of_page(s, part + 1, check, &in, fault);

	if (e != ERR_OK) {
		return e;
	}
	if (!get_array(&in, room, lengths, n)) {
		return damaged(s, part + 1, fault);
	}
	for (uint32_t i = 0; i < n; i++) {
		last += (uint32_t)room[i] + 1;
		if (last >= accounts_n) {
			return damaged(s, part + 1, fault);
		}
		s->id[at + i] = last;
	}
	if (!get_array(&in, room, lengths, n)) {
		return damaged(s, part + 1, fault);
	}
	for (uint32_t i = 0; i < n; i++) {
		s->sums[at + i].in = room[i];
	}
	if (!get_array(&in, room, lengths, n) || in.n != 0) {
		return damaged(s, part + 1, fault);
	}
	for (uint32_t i = 0; i < n; i++) {
		struct columns_cold_sums *x = &s->sums[at + i];

		if (room[i] > x->in) {
			return damaged(s, part + 1, fault);
		}
		x->out = s->id[at + i] == TRACE_ISSUANCE ? s->issued : x->in - room[i];
	}
	return ERR_OK;
}

enum err columns_cold_open(struct columns_cold *s, struct bytes file, size_t accounts_n, bool check,
			   struct columns_cold_fault *fault)
{
	uint64_t *room = NULL;
	uint8_t *lengths = NULL;
	enum err e;

	memset(s, 0, sizeof *s);
	s->file = file;
	e = read_head(s, check, fault);
	if (e != ERR_OK) {
		return e;
	}
	s->id = malloc((size_t)s->accounts * sizeof s->id[0] + 1);
	s->sums = malloc((size_t)s->accounts * sizeof s->sums[0] + 1);
	room = malloc(COLUMNS_COLD_PART * sizeof *room);
	lengths = malloc(COLUMNS_COLD_PART);
	if (s->id == NULL || s->sums == NULL || room == NULL || lengths == NULL) {
		e = ERR_FULL;
	}
	for (uint32_t i = 0; e == ERR_OK && i < s->parts; i++) {
		e = read_part(s, i, accounts_n, check, room, lengths, fault);
	}
	free(room);
	free(lengths);
	return e;
}

enum err columns_cold_look(struct columns_cold *s, struct bytes file, bool check,
			   struct columns_cold_fault *fault)
{
	memset(s, 0, sizeof *s);
	s->file = file;
	return read_head(s, check, fault);
}

void columns_cold_close(struct columns_cold *s)
{
	free(s->id);
	free(s->sums);
	s->id = NULL;
	s->sums = NULL;
}

size_t columns_cold_page_events(const struct columns_cold *s, uint32_t page)
{
	CHECK(page < s->pages);
	return page + 1 < s->pages ? (size_t)COLUMNS_COLD_PAGE
				   : s->events - (size_t)page * COLUMNS_COLD_PAGE;
}

enum err columns_cold_tx(const struct columns_cold *s, uint32_t page, bool check, uint32_t *tx,
			 struct columns_cold_fault *fault)
{
	const uint32_t place = 1 + s->parts + page;
	struct bytes in;
	enum err e;

	CHECK(page < s->pages);
	e = bytes_of_page(s, place, check, &in, fault);
	if (e == ERR_OK && in.n < 4) {
		e = damaged(s, place, fault);
	}
	if (e == ERR_OK) {
		*tx = le32_get(in.p);
	}
	return e;
}

/* One page as numbers of this segment's accounts. */
struct page {
	uint64_t room[COLUMNS_COLD_PAGE];
	uint32_t from[COLUMNS_COLD_PAGE], to[COLUMNS_COLD_PAGE];
	uint8_t lengths[COLUMNS_COLD_PAGE];
};

static bool get_accounts(struct bytes *in, struct page *p, uint32_t *out, size_t n, uint32_t below)
{
	uint64_t most = 0;

	if (!get_array(in, p->room, p->lengths, n)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		out[i] = (uint32_t)p->room[i];
		most = p->room[i] > most ? p->room[i] : most;
	}
	return most < below;
}

static enum err read_page(const struct columns_cold *s, uint32_t page, bool check, struct page *p,
			  const struct columns_cold_rows *rows, struct columns_cold_fault *fault)
{
	const size_t n = columns_cold_page_events(s, page);
	const uint32_t place = 1 + s->parts + page;
	struct bytes in;
	uint32_t tx;
	enum err e = bytes_of_page(s, place, check, &in, fault);

	if (e != ERR_OK) {
		return e;
	}
	if (in.n < 4) {
		return damaged(s, place, fault);
	}
	tx = le32_get(in.p);
	in = bytes_of(in.p + 4, in.n - 4);
	if (!get_accounts(&in, p, p->from, n, s->accounts) ||
	    !get_accounts(&in, p, p->to, n, s->accounts) ||
	    !get_array(&in, rows->amount, p->lengths, n) ||
	    !get_array(&in, p->room, p->lengths, n) || in.n != 0) {
		return damaged(s, place, fault);
	}
	rows->tx[0] = tx;
	for (size_t i = 1; i < n; i++) {
		tx += (uint32_t)p->room[i];
		rows->tx[i] = tx;
	}
	return ERR_OK;
}

enum err columns_cold_page(const struct columns_cold *s, uint32_t page, bool check,
			   const struct columns_cold_rows *rows, struct columns_cold_fault *fault)
{
	const size_t n = columns_cold_page_events(s, page);
	struct page *p = malloc(sizeof *p);
	enum err e = p != NULL ? read_page(s, page, check, p, rows, fault) : ERR_FULL;

	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		rows->from[i] = s->id[p->from[i]];
		rows->to[i] = s->id[p->to[i]];
	}
	free(p);
	return e;
}

enum err columns_cold_next(struct columns_cold *s, bool check, const struct columns_cold_rows *rows,
			   struct columns_cold_fault *fault)
{
	enum { AHEAD = 16 };

	struct page *p;
	size_t n;
	bool bad = false;
	enum err e;

	if (s->next == s->pages) {
		return ERR_NOT_FOUND;
	}
	n = columns_cold_page_events(s, s->next);
	p = malloc(sizeof *p);
	e = p != NULL ? read_page(s, s->next, check, p, rows, fault) : ERR_FULL;
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		struct columns_cold_sums *f = &s->sums[p->from[i]], *t = &s->sums[p->to[i]];
		const uint64_t amount = rows->amount[i];
		const uint32_t from = s->id[p->from[i]];

		if (i + AHEAD < n) {
			FETCH(&s->sums[p->from[i + AHEAD]]);
			FETCH(&s->sums[p->to[i + AHEAD]]);
		}
		rows->from[i] = from;
		rows->to[i] = s->id[p->to[i]];
		rows->balance[i] = from == TRACE_ISSUANCE ? 0 : f->in - f->out;
		rows->out[i] = f->out;
		rows->in[i] = t->in;
		bad |= from != TRACE_ISSUANCE && amount > f->in - f->out;
		f->out += amount;
		t->in += amount;
		bad |= t->in < amount || f->out < amount;
	}
	if (bad) {
		e = damaged(s, 1 + s->parts + s->next, fault);
	}
	free(p);
	s->next += e == ERR_OK ? 1 : 0;
	return e;
}
