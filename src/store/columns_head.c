/* SPDX-License-Identifier: Apache-2.0 */
#include "store/columns_head.h"

#include <string.h>
#include <zlib.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/check.h"

static const char magic[16] = { 'k', 'u', 'r', 'a', 'm', 'o', 'r', 'i',
				' ', 'c', 'o', 'l', 'u', 'm', 'n', 's' };

enum { CHECK_AT = COLUMNS_HEAD_SLOT_BYTES - 4, WIDTH_MAX = 4096 };

#ifdef __x86_64__

/*
 * The same CRC by carry-less multiplication: four 16-byte lanes are folded over 64 bytes at a time,
 * then into one, then reduced (Gopal and others, "Fast CRC Computation for Generic Polynomials
 * Using PCLMULQDQ", Intel 2009; the constants are x^n mod P of the reflected CRC-32).  zlib alone
 * would take half of an ingest's time.
 */
__attribute__((target("pclmul,sse4.1"))) static uint32_t fold(uint32_t state, const uint8_t *p,
							      size_t n)
{
	const __m128i k12 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
	const __m128i k34 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
	const __m128i k5 = _mm_set_epi64x(0, 0x0163cd6124);
	const __m128i poly = _mm_set_epi64x(0x01f7011641, 0x01db710641);
	const __m128i low32 = _mm_setr_epi32(-1, 0, -1, 0);
	__m128i x[4], t;

	for (int i = 0; i < 4; i++) {
		x[i] = _mm_loadu_si128((const void *)(p + (ptrdiff_t)16 * i));
	}
	x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128((int)state));
	for (p += 64, n -= 64; n >= 64; p += 64, n -= 64) {
		for (int i = 0; i < 4; i++) {
			t = _mm_clmulepi64_si128(x[i], k12, 0x00);
			x[i] = _mm_clmulepi64_si128(x[i], k12, 0x11);
			x[i] =
			    _mm_xor_si128(_mm_xor_si128(x[i], t),
					  _mm_loadu_si128((const void *)(p + (ptrdiff_t)16 * i)));
		}
	}
	for (int i = 1; i < 4; i++) {
		t = _mm_clmulepi64_si128(x[0], k34, 0x00);
		x[0] = _mm_clmulepi64_si128(x[0], k34, 0x11);
		x[0] = _mm_xor_si128(_mm_xor_si128(x[0], t), x[i]);
	}
	for (; n >= 16; p += 16, n -= 16) {
		t = _mm_clmulepi64_si128(x[0], k34, 0x00);
		x[0] = _mm_clmulepi64_si128(x[0], k34, 0x11);
		x[0] = _mm_xor_si128(_mm_xor_si128(x[0], t), _mm_loadu_si128((const void *)p));
	}
	/* 128 bits to 64, 64 to 32 by Barrett's reduction */
	t = _mm_clmulepi64_si128(x[0], k34, 0x10);
	x[0] = _mm_xor_si128(_mm_srli_si128(x[0], 8), t);
	t = _mm_srli_si128(x[0], 4);
	x[0] = _mm_clmulepi64_si128(_mm_and_si128(x[0], low32), k5, 0x00);
	x[0] = _mm_xor_si128(x[0], t);
	t = _mm_clmulepi64_si128(_mm_and_si128(x[0], low32), poly, 0x10);
	t = _mm_clmulepi64_si128(_mm_and_si128(t, low32), poly, 0x00);
	return (uint32_t)_mm_extract_epi32(_mm_xor_si128(x[0], t), 1);
}

uint32_t columns_head_check(uint32_t check, struct bytes more)
{
	if (more.n >= 64 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) {
		size_t whole = more.n & ~(size_t)15;

		check = ~fold(~check, more.p, whole);
		more = bytes_of(more.p + whole, more.n - whole);
	}
	return more.n == 0 ? check : (uint32_t)crc32_z(check, more.p, more.n);
}

#else

uint32_t columns_head_check(uint32_t check, struct bytes more)
{
	return more.n == 0 ? check : (uint32_t)crc32_z(check, more.p, more.n);
}

#endif

static bool sane(const struct columns_head *h)
{
	if (h->columns == 0 || h->columns > COLUMNS_HEAD_MAX || h->generation == 0) {
		return false;
	}
	for (uint32_t i = 0; i < h->columns; i++) {
		const struct columns_extent *x = &h->column[i];

		if (x->width == 0 || x->width > WIDTH_MAX || x->bytes % x->width != 0 ||
		    x->bytes > INT64_MAX || (x->bytes == 0 && x->check != 0)) {
			return false;
		}
	}
	return true;
}

void columns_head_encode(uint8_t out[COLUMNS_HEAD_SLOT_BYTES], const struct columns_head *head)
{
	struct writer w = writer_make(out, COLUMNS_HEAD_SLOT_BYTES);

	CHECK(sane(head));
	memset(out, 0, COLUMNS_HEAD_SLOT_BYTES);
	writer_bytes(&w, bytes_of(magic, sizeof magic));
	writer_u32(&w, COLUMNS_HEAD_VERSION);
	writer_u32(&w, head->kind);
	writer_u64(&w, head->generation);
	writer_u64(&w, head->undos);
	writer_u32(&w, head->source);
	writer_u32(&w, head->network);
	writer_u32(&w, head->columns);
	writer_u32(&w, 0);
	for (uint32_t i = 0; i < head->columns; i++) {
		writer_u64(&w, head->column[i].bytes);
		writer_u32(&w, head->column[i].check);
		writer_u32(&w, head->column[i].width);
	}
	CHECK(!w.bad);
	le32_put(out + CHECK_AT, columns_head_check(0, bytes_of(out, CHECK_AT)));
}

enum err columns_head_decode(struct columns_head *out, enum columns_head_kind kind,
			     struct bytes slot)
{
	struct reader r = reader_make(slot);
	struct columns_head h;
	uint32_t version;

	if (slot.n != COLUMNS_HEAD_SLOT_BYTES ||
	    !bytes_eq(reader_bytes(&r, sizeof magic), bytes_of(magic, sizeof magic)) ||
	    le32_get(slot.p + CHECK_AT) != columns_head_check(0, bytes_of(slot.p, CHECK_AT))) {
		return ERR_INPUT;
	}
	version = reader_u32(&r);
	if (version != COLUMNS_HEAD_VERSION) {
		return ERR_VERSION;
	}
	memset(&h, 0, sizeof h);
	if (reader_u32(&r) != (uint32_t)kind) {
		return ERR_INPUT;
	}
	h.kind = kind;
	h.generation = reader_u64(&r);
	h.undos = reader_u64(&r);
	h.source = reader_u32(&r);
	h.network = reader_u32(&r);
	h.columns = reader_u32(&r);
	(void)reader_u32(&r);
	for (uint32_t i = 0; i < h.columns && i < COLUMNS_HEAD_MAX; i++) {
		h.column[i].bytes = reader_u64(&r);
		h.column[i].check = reader_u32(&r);
		h.column[i].width = reader_u32(&r);
	}
	if (!sane(&h)) {
		return ERR_FIELD_RANGE;
	}
	*out = h;
	return ERR_OK;
}

enum err columns_head_choose(struct columns_head *out, unsigned *slot, enum columns_head_kind kind,
			     struct bytes file, uint64_t most)
{
	struct columns_head best;
	bool found = false;

	memset(&best, 0, sizeof best);
	for (unsigned i = 0; i < 2; i++) {
		size_t at = (size_t)i * COLUMNS_HEAD_SLOT_BYTES;
		struct columns_head h;
		enum err e;

		if (file.n < at + COLUMNS_HEAD_SLOT_BYTES) {
			break;
		}
		e = columns_head_decode(&h, kind, bytes_of(file.p + at, COLUMNS_HEAD_SLOT_BYTES));
		if (e == ERR_VERSION) {
			return e;
		}
		if (e == ERR_OK && h.generation <= most &&
		    (!found || h.generation > best.generation)) {
			best = h;
			*slot = i;
			found = true;
		}
	}
	if (!found) {
		return ERR_NOT_FOUND;
	}
	*out = best;
	return ERR_OK;
}
