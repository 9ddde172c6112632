/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256_many.c - many hashes side by side.
 *
 * The processor's SHA instructions wait for each other: a round needs the one before.  Two messages
 * fill each other's gaps, so that both take little longer than one.  Where vectors of 512 bits are
 * there, sixteen messages at once are faster still.  Where neither is, the hashes are made one
 * after the other.
 */
#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/attr.h"
#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"

enum {
	BLOCK = 64,
	STATE = 8, /* words */
	SIXTEEN = 16,
};

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define SHA_TARGET  __attribute__((target("sha,sse4.1,ssse3")))
#define WIDE_TARGET WIDE_CODE("avx512f,avx512bw")

/* FIPS 180-4, 4.2.2. */
static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2
};

static bool has_sha(void)
{
	unsigned a = 0, b = 0, c = 0, d = 0;

	if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSSE3) == 0 || (c & bit_SSE4_1) == 0) {
		return false;
	}
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

enum means {
	MEANS_UNKNOWN,
	MEANS_NONE,
	MEANS_SHA = 2,
	MEANS_WIDE = 4,
};

/* Asked once: in a virtual machine the question alone takes as long as ten hashes. */
static int means(void)
{
	static atomic_int known; /* whoever asks finds the same */
	int k = atomic_load_explicit(&known, memory_order_relaxed);

	if (k == MEANS_UNKNOWN) {
		k = MEANS_NONE | (has_sha() ? MEANS_SHA : 0) |
		    (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
			 ? MEANS_WIDE
			 : 0);
		atomic_store_explicit(&known, k, memory_order_relaxed);
	}
	return k;
}

static bool has_two(void)
{
	return (means() & MEANS_SHA) != 0;
}

static bool has_sixteen(void)
{
	return (means() & MEANS_WIDE) != 0;
}

/* A state as the instructions want it: ABEF and CDGH. */
struct lane {
	__m128i abef, cdgh;
	__m128i w[4]; /* the message schedule's last 16 words */
};

SHA_TARGET static inline void lane_load(struct lane *l, const uint32_t s[STATE])
{
	__m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)s);
	__m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)(s + 4));
	__m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
	__m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);

	l->abef = _mm_alignr_epi8(cdab, efgh, 8);
	l->cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
}

SHA_TARGET static inline void lane_store(uint32_t s[STATE], const struct lane *l)
{
	__m128i feba = _mm_shuffle_epi32(l->abef, 0x1b);
	__m128i dchg = _mm_shuffle_epi32(l->cdgh, 0xb1);

	_mm_storeu_si128((__m128i *)(void *)s, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(s + 4), _mm_alignr_epi8(dchg, feba, 8));
}

SHA_TARGET static inline void lane_block(struct lane *l, const uint8_t *p)
{
	const __m128i turn = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

	for (int i = 0; i < 4; i++) {
		const void *at = p + (ptrdiff_t)i * 16;

		l->w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)at), turn);
	}
}

/* Four rounds: number 4i to 4i + 3, and the schedule's words 16 further on. */
SHA_TARGET static inline void lane_rounds(struct lane *l, unsigned i)
{
	const void *k = &constants[(size_t)4 * i];
	__m128i now = l->w[i % 4], last = l->w[(i + 3) % 4];
	__m128i m = _mm_add_epi32(now, _mm_loadu_si128((const __m128i *)k));

	l->cdgh = _mm_sha256rnds2_epu32(l->cdgh, l->abef, m);
	l->abef = _mm_sha256rnds2_epu32(l->abef, l->cdgh, _mm_shuffle_epi32(m, 0x0e));
	if (i < 12) {
		__m128i w = _mm_sha256msg1_epu32(now, l->w[(i + 1) % 4]);

		w = _mm_add_epi32(w, _mm_alignr_epi8(last, l->w[(i + 2) % 4], 4));
		l->w[i % 4] = _mm_sha256msg2_epu32(w, last);
	}
}

SHA_TARGET static void two_blocks(uint32_t a[STATE], uint32_t b[STATE], const uint8_t *x,
				  const uint8_t *y, size_t blocks)
{
	struct lane l, k;

	lane_load(&l, a);
	lane_load(&k, b);
	for (; blocks > 0; blocks--, x += BLOCK, y += BLOCK) {
		__m128i l0 = l.abef, l1 = l.cdgh, k0 = k.abef, k1 = k.cdgh;

		lane_block(&l, x);
		lane_block(&k, y);
#define BOTH(i)               \
	lane_rounds(&l, (i)); \
	lane_rounds(&k, (i))
		BOTH(0);
		BOTH(1);
		BOTH(2);
		BOTH(3);
		BOTH(4);
		BOTH(5);
		BOTH(6);
		BOTH(7);
		BOTH(8);
		BOTH(9);
		BOTH(10);
		BOTH(11);
		BOTH(12);
		BOTH(13);
		BOTH(14);
		BOTH(15);
#undef BOTH
		l.abef = _mm_add_epi32(l.abef, l0);
		l.cdgh = _mm_add_epi32(l.cdgh, l1);
		k.abef = _mm_add_epi32(k.abef, k0);
		k.cdgh = _mm_add_epi32(k.cdgh, k1);
	}
	lane_store(a, &l);
	lane_store(b, &k);
}

SHA_TARGET static void one_blocks(uint32_t a[STATE], const uint8_t *x, size_t blocks)
{
	struct lane l;

	lane_load(&l, a);
	for (; blocks > 0; blocks--, x += BLOCK) {
		__m128i l0 = l.abef, l1 = l.cdgh;

		lane_block(&l, x);
#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			lane_rounds(&l, i);
		}
		l.abef = _mm_add_epi32(l.abef, l0);
		l.cdgh = _mm_add_epi32(l.cdgh, l1);
	}
	lane_store(a, &l);
}

/* ---- sixteen: word i of all messages in one vector ---- */

/* Turns the bytes of each word round: big-endian in memory, little-endian here. */
WIDE_TARGET static INLINED __m512i wide_turned(__m512i v)
{
	return _mm512_shuffle_epi8(
	    v, _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203)));
}

/* Word i of 16 blocks, the first at p and each `stride` bytes behind the one before, in w[i]. */
WIDE_TARGET static INLINED void wide_load(__m512i w[16], const uint8_t *p, size_t stride)
{
	__m512i a[16], b[16];

	for (size_t i = 0; i < 16; i++) {
		a[i] = wide_turned(_mm512_loadu_si512(p + i * stride));
	}
	for (size_t i = 0; i < 16; i += 2) {
		b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
		b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
	}
	for (size_t i = 0; i < 16; i += 4) {
		a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
		a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
		a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
		a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
	}
	/* a[4g + i] has words i, i + 4, i + 8, i + 12 of the blocks 4g to 4g + 3 */
	for (size_t i = 0; i < 4; i++) {
		__m512i even_low = _mm512_shuffle_i32x4(a[i], a[4 + i], 0x88);
		__m512i even_high = _mm512_shuffle_i32x4(a[8 + i], a[12 + i], 0x88);
		__m512i odd_low = _mm512_shuffle_i32x4(a[i], a[4 + i], 0xdd);
		__m512i odd_high = _mm512_shuffle_i32x4(a[8 + i], a[12 + i], 0xdd);

		w[i] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
		w[4 + i] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
		w[8 + i] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
		w[12 + i] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
	}
}

/* The way back for 8 words: sixteen digests. */
WIDE_TARGET static INLINED void wide_store(struct hash32 out[SIXTEEN], const __m512i s[STATE])
{
	for (size_t half = 0; half < 2; half++) {
		__m512i a[4], b[4];

		for (size_t i = 0; i < 4; i++) {
			a[i] = wide_turned(s[4 * half + i]);
		}
		b[0] = _mm512_unpacklo_epi32(a[0], a[1]);
		b[1] = _mm512_unpackhi_epi32(a[0], a[1]);
		b[2] = _mm512_unpacklo_epi32(a[2], a[3]);
		b[3] = _mm512_unpackhi_epi32(a[2], a[3]);
		a[0] = _mm512_unpacklo_epi64(b[0], b[2]);
		a[1] = _mm512_unpackhi_epi64(b[0], b[2]);
		a[2] = _mm512_unpacklo_epi64(b[1], b[3]);
		a[3] = _mm512_unpackhi_epi64(b[1], b[3]);
		for (size_t i = 0; i < 4; i++) {
			uint8_t *p = out[i].b + 16 * half;
			const size_t four = 4 * sizeof out[0];

			_mm_storeu_si128((__m128i *)(void *)p, _mm512_extracti32x4_epi32(a[i], 0));
			_mm_storeu_si128((__m128i *)(void *)(p + four),
					 _mm512_extracti32x4_epi32(a[i], 1));
			_mm_storeu_si128((__m128i *)(void *)(p + 2 * four),
					 _mm512_extracti32x4_epi32(a[i], 2));
			_mm_storeu_si128((__m128i *)(void *)(p + 3 * four),
					 _mm512_extracti32x4_epi32(a[i], 3));
		}
	}
}

WIDE_TARGET static INLINED __m512i wide_sum(__m512i a, __m512i b, __m512i c)
{
	return _mm512_add_epi32(_mm512_add_epi32(a, b), c);
}

WIDE_TARGET static INLINED __m512i wide_xor(__m512i a, __m512i b, __m512i c)
{
	return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}

/* FIPS 180-4, 6.2.2: one round; kw is the constant and the word of the schedule. */
WIDE_TARGET static INLINED void wide_round(__m512i a, __m512i b, __m512i c, __m512i *d, __m512i e,
					   __m512i f, __m512i g, __m512i *h, __m512i kw)
{
	__m512i sum1 =
	    wide_xor(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25));
	__m512i sum0 =
	    wide_xor(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22));
	__m512i choice = _mm512_ternarylogic_epi32(e, f, g, 0xca);
	__m512i majority = _mm512_ternarylogic_epi32(a, b, c, 0xe8);
	__m512i t = wide_sum(_mm512_add_epi32(*h, kw), sum1, choice);

	*d = _mm512_add_epi32(*d, t);
	*h = wide_sum(t, sum0, majority);
}

/* The word of the schedule 16 rounds further on, in place. */
WIDE_TARGET static INLINED void wide_schedule(__m512i w[16], size_t i)
{
	__m512i x = w[(i + 1) % 16], y = w[(i + 14) % 16];
	__m512i s0 =
	    wide_xor(_mm512_ror_epi32(x, 7), _mm512_ror_epi32(x, 18), _mm512_srli_epi32(x, 3));
	__m512i s1 =
	    wide_xor(_mm512_ror_epi32(y, 17), _mm512_ror_epi32(y, 19), _mm512_srli_epi32(y, 10));

	w[i] = wide_sum(_mm512_add_epi32(w[i], w[(i + 9) % 16]), s0, s1);
}

/* From one state for all: the blocks of sixteen messages, each `stride` bytes behind the last. */
WIDE_TARGET static void sixteen_blocks(struct hash32 out[SIXTEEN], const uint32_t from[STATE],
				       const uint8_t *p, size_t stride, size_t blocks)
{
	__m512i s[STATE];

	for (size_t i = 0; i < STATE; i++) {
		s[i] = _mm512_set1_epi32((int)from[i]);
	}
	for (; blocks > 0; blocks--, p += BLOCK) {
		__m512i a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6],
			h = s[7], w[16];

		wide_load(w, p, stride);
		for (size_t i = 0; i < 64; i += 16) {
			const uint32_t *k = constants + i;

#define KW(j) _mm512_add_epi32(w[j], _mm512_set1_epi32((int)k[j]))
#define EIGHT(j)                                           \
	wide_round(a, b, c, &d, e, f, g, &h, KW((j)));     \
	wide_round(h, a, b, &c, d, e, f, &g, KW((j) + 1)); \
	wide_round(g, h, a, &b, c, d, e, &f, KW((j) + 2)); \
	wide_round(f, g, h, &a, b, c, d, &e, KW((j) + 3)); \
	wide_round(e, f, g, &h, a, b, c, &d, KW((j) + 4)); \
	wide_round(d, e, f, &g, h, a, b, &c, KW((j) + 5)); \
	wide_round(c, d, e, &f, g, h, a, &b, KW((j) + 6)); \
	wide_round(b, c, d, &e, f, g, h, &a, KW((j) + 7))
			EIGHT(0);
			EIGHT(8);
#undef EIGHT
#undef KW
			if (i < 48) {
#pragma GCC unroll 16
				for (size_t j = 0; j < 16; j++) {
					wide_schedule(w, j);
				}
			}
		}
		s[0] = _mm512_add_epi32(s[0], a);
		s[1] = _mm512_add_epi32(s[1], b);
		s[2] = _mm512_add_epi32(s[2], c);
		s[3] = _mm512_add_epi32(s[3], d);
		s[4] = _mm512_add_epi32(s[4], e);
		s[5] = _mm512_add_epi32(s[5], f);
		s[6] = _mm512_add_epi32(s[6], g);
		s[7] = _mm512_add_epi32(s[7], h);
	}
	wide_store(out, s);
}

#else

static bool has_two(void)
{
	return false;
}

static bool has_sixteen(void)
{
	return false;
}

static void two_blocks(uint32_t a[STATE], uint32_t b[STATE], const uint8_t *x, const uint8_t *y,
		       size_t blocks)
{
	(void)a;
	(void)b;
	(void)x;
	(void)y;
	(void)blocks;
	CHECK(false);
}

static void one_blocks(uint32_t a[STATE], const uint8_t *x, size_t blocks)
{
	(void)a;
	(void)x;
	(void)blocks;
	CHECK(false);
}

static void sixteen_blocks(struct hash32 out[SIXTEEN], const uint32_t from[STATE], const uint8_t *p,
			   size_t stride, size_t blocks)
{
	(void)out;
	(void)from;
	(void)p;
	(void)stride;
	(void)blocks;
	CHECK(false);
}

#endif

/* FIPS 180-4, 5.3.3. */
static const uint32_t first_state[STATE] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

/* The padding behind n message bytes, `before` of which were hashed; gives the blocks in all. */
static size_t pad(uint8_t *p, size_t n, size_t before)
{
	size_t blocks = (n + 9 + BLOCK - 1) / BLOCK;
	uint64_t bits = (uint64_t)(before + n) * 8;

	memset(p + n, 0, blocks * BLOCK - n);
	p[n] = 0x80;
	for (unsigned i = 0; i < 8; i++) {
		p[blocks * BLOCK - 1 - i] = (uint8_t)(bits >> 8 * i);
	}
	return blocks;
}

static void put_state(struct hash32 *out, const uint32_t s[STATE])
{
	for (size_t i = 0; i < STATE; i++) {
		out->b[4 * i] = (uint8_t)(s[i] >> 24);
		out->b[4 * i + 1] = (uint8_t)(s[i] >> 16);
		out->b[4 * i + 2] = (uint8_t)(s[i] >> 8);
		out->b[4 * i + 3] = (uint8_t)s[i];
	}
}

/* From a state that `before` bytes have made; the messages stand in buffers with room to pad. */
static void two_from(struct hash32 *a, struct hash32 *b, const uint32_t from[STATE], size_t before,
		     uint8_t *x, uint8_t *y, size_t n)
{
	uint32_t s[2][STATE];
	size_t blocks = pad(x, n, before);

	CHECK(pad(y, n, before) == blocks);
	memcpy(s[0], from, sizeof s[0]);
	memcpy(s[1], from, sizeof s[1]);
	two_blocks(s[0], s[1], x, y, blocks);
	put_state(a, s[0]);
	put_state(b, s[1]);
}

static void one_padded(struct hash32 *out, uint8_t *x, size_t n)
{
	uint32_t s[STATE];

	memcpy(s, first_state, sizeof s);
	one_blocks(s, x, pad(x, n, 0));
	put_state(out, s);
}

static_assert(SHA256_MANY_MAX + 9 <= SHA256_MANY_ROOM, "padding fits");

void sha256_many(struct hash32 *out, uint8_t (*in)[SHA256_MANY_ROOM], size_t count, size_t n)
{
	CHECK(n <= SHA256_MANY_MAX);
	while (count > 0) {
		size_t done = 1;

		if (count >= SIXTEEN && has_sixteen()) {
			size_t blocks = 0;

			for (size_t i = 0; i < SIXTEEN; i++) {
				blocks = pad(in[i], n, 0);
			}
			sixteen_blocks(out, first_state, in[0], sizeof in[0], blocks);
			done = SIXTEEN;
		} else if (count >= 2 && has_two()) {
			two_from(&out[0], &out[1], first_state, 0, in[0], in[1], n);
			done = 2;
		} else if (has_two()) {
			one_padded(out, in[0], n);
		} else {
			sha256(out, bytes_of(in[0], n));
		}
		out += done;
		in += done;
		count -= done;
	}
}

/* ---- messages of any lengths ---- */

/* One message on its way: its next blocks, and behind them what is left of its two pieces. */
struct course {
	uint32_t s[STATE];
	const uint8_t *p;
	size_t blocks;
	struct bytes head, rest;
	size_t n;                /* bytes of the message that have become blocks */
	uint8_t edge[2 * BLOCK]; /* a block from both pieces, or the end and its padding */
	bool padded;
	struct hash32 *out; /* NULL: no message */
};

/* Up to a block of bytes from the front of *piece; gives how many. */
static size_t take(uint8_t *to, size_t room, struct bytes *piece)
{
	size_t n = piece->n < room ? piece->n : room;

	if (n > 0) {
		memcpy(to, piece->p, n);
		*piece = bytes_of(piece->p + n, piece->n - n);
	}
	return n;
}

/* Makes the next blocks ready; false: there are no more. */
static bool course_next(struct course *c)
{
	struct bytes *piece = c->head.n > 0 ? &c->head : &c->rest;
	size_t n;

	if (c->padded) {
		return false;
	}
	if (piece->n >= BLOCK) {
		c->p = piece->p;
		c->blocks = piece->n / BLOCK;
		n = c->blocks * BLOCK;
		*piece = bytes_of(piece->p + n, piece->n - n);
	} else {
		n = take(c->edge, BLOCK, &c->head);
		n += take(c->edge + n, BLOCK - n, &c->rest);
		c->padded = n < BLOCK;
		c->p = c->edge;
		c->blocks = c->padded ? pad(c->edge, n, c->n) : 1;
	}
	c->n += n;
	return true;
}

static void course_begin(struct course *c, struct hash32 *out, const struct sha256_message *m)
{
	memcpy(c->s, first_state, sizeof first_state);
	c->head = m->head;
	c->rest = m->rest;
	c->n = 0;
	c->padded = false;
	c->out = out;
	CHECK(course_next(c)); /* at least its padding */
}

/* So many blocks were hashed; behind the last the digest is written. */
static void course_pass(struct course *c, size_t blocks)
{
	c->p += blocks * BLOCK;
	c->blocks -= blocks;
	if (c->blocks == 0 && !course_next(c)) {
		put_state(c->out, c->s);
		c->out = NULL;
	}
}

/* Both a step further, or that one which has a message. */
static void courses_step(struct course *a, struct course *b)
{
	size_t blocks;

	if (a->out == NULL || b->out == NULL) {
		struct course *c = a->out != NULL ? a : b;

		one_blocks(c->s, c->p, c->blocks);
		course_pass(c, c->blocks);
		return;
	}
	blocks = a->blocks < b->blocks ? a->blocks : b->blocks;
	two_blocks(a->s, b->s, a->p, b->p, blocks);
	course_pass(a, blocks);
	course_pass(b, blocks);
}

static void one_after_the_other(struct hash32 *out, const struct sha256_message *in, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct sha256 s;

		sha256_init(&s);
		sha256_update(&s, in[i].head);
		sha256_update(&s, in[i].rest);
		sha256_final(&s, &out[i]);
	}
}

void sha256_each(struct hash32 *out, const struct sha256_message *in, size_t count)
{
	struct course c[2];
	size_t begun = 0;

	if (!has_two()) {
		one_after_the_other(out, in, count);
		return;
	}
	c[0].out = c[1].out = NULL;
	while (begun < count || c[0].out != NULL || c[1].out != NULL) {
		for (size_t i = 0; i < 2; i++) {
			if (c[i].out == NULL && begun < count) {
				course_begin(&c[i], &out[begun], &in[begun]);
				begun++;
			}
		}
		courses_step(&c[0], &c[1]);
	}
}

/* The key's block, each of its bytes changed by one of RFC 2104's pads. */
static void pad_key(uint8_t block[BLOCK], const uint8_t key[32], uint8_t change)
{
	memset(block, change, BLOCK);
	for (size_t i = 0; i < 32; i++) {
		block[i] = key[i] ^ change;
	}
}

void hmac_sha256_many_ready(struct hmac_sha256_many_key *k, const uint8_t key[32])
{
	memcpy(k->key, key, sizeof k->key);
	if (has_two()) {
		uint8_t inner[BLOCK], outer[BLOCK];

		pad_key(inner, key, 0x36);
		pad_key(outer, key, 0x5c);
		memcpy(k->inner, first_state, sizeof first_state);
		memcpy(k->outer, first_state, sizeof first_state);
		two_blocks(k->inner, k->outer, inner, outer, 1);
		crypto_wipe(inner, sizeof inner);
		crypto_wipe(outer, sizeof outer);
	}
}

/* A second hash of what the first gave: the outer one of RFC 2104. */
static void hmac_sixteen(struct hash32 out[SIXTEEN], const struct hmac_sha256_many_key *k,
			 const uint8_t (*in)[8])
{
	uint8_t p[SIXTEEN][BLOCK];

	for (size_t i = 0; i < SIXTEEN; i++) {
		memcpy(p[i], in[i], sizeof in[i]);
		(void)pad(p[i], sizeof in[i], BLOCK);
	}
	sixteen_blocks(out, k->inner, p[0], BLOCK, 1);
	for (size_t i = 0; i < SIXTEEN; i++) {
		memcpy(p[i], out[i].b, sizeof out[i].b);
		(void)pad(p[i], sizeof out[i].b, BLOCK);
	}
	sixteen_blocks(out, k->outer, p[0], BLOCK, 1);
}

static void hmac_two(struct hash32 *a, struct hash32 *b, const struct hmac_sha256_many_key *k,
		     const uint8_t x[8], const uint8_t y[8])
{
	uint8_t p[BLOCK], q[BLOCK];

	memcpy(p, x, 8);
	memcpy(q, y, 8);
	two_from(a, b, k->inner, BLOCK, p, q, 8);
	memcpy(p, a->b, sizeof a->b);
	memcpy(q, b->b, sizeof b->b);
	two_from(a, b, k->outer, BLOCK, p, q, sizeof a->b);
}

void hmac_sha256_many(struct hash32 *out, const struct hmac_sha256_many_key *k,
		      const uint8_t (*in)[8], size_t count)
{
	while (count > 0) {
		size_t done = 1;

		/* the states behind the key are there where two at once can be made */
		if (count >= SIXTEEN && has_sixteen() && has_two()) {
			hmac_sixteen(out, k, in);
			done = SIXTEEN;
		} else if (count >= 2 && has_two()) {
			hmac_two(&out[0], &out[1], k, in[0], in[1]);
			done = 2;
		} else if (has_two()) {
			struct hash32 twin;

			hmac_two(out, &twin, k, in[0], in[0]);
		} else {
			hmac_sha256(out, bytes_of(k->key, sizeof k->key), bytes_of(in[0], 8));
		}
		out += done;
		in += done;
		count -= done;
	}
}
