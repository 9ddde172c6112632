/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256_two.c - two hashes side by side.
 *
 * The processor's SHA instructions wait for each other: a round needs the one before.  Two messages
 * fill each other's gaps, so that both take little longer than one.  Where the processor has no
 * such instructions the hashes are made one after the other.
 */
#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"
#include "crypto/sha256.h"

enum {
	BLOCK = 64,
	STATE = 8, /* words */
};

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define SHA_TARGET __attribute__((target("sha,sse4.1,ssse3")))

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

static bool has_instructions(void)
{
	unsigned a = 0, b = 0, c = 0, d = 0;

	if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSSE3) == 0 || (c & bit_SSE4_1) == 0) {
		return false;
	}
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

/* Asked once: in a virtual machine the question alone takes as long as ten hashes. */
static bool is_fast(void)
{
	static atomic_int known; /* 0 not asked, 1 no, 2 yes; whoever asks finds the same */
	int k = atomic_load_explicit(&known, memory_order_relaxed);

	if (k == 0) {
		k = has_instructions() ? 2 : 1;
		atomic_store_explicit(&known, k, memory_order_relaxed);
	}
	return k == 2;
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

#else

static bool is_fast(void)
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

static_assert(SHA256_TWO_MAX + 9 <= SHA256_TWO_ROOM, "padding fits");

void sha256_two(struct hash32 *a, struct hash32 *b, uint8_t x[SHA256_TWO_ROOM],
		uint8_t y[SHA256_TWO_ROOM], size_t n)
{
	CHECK(n <= SHA256_TWO_MAX);
	if (!is_fast()) {
		sha256(a, bytes_of(x, n));
		sha256(b, bytes_of(y, n));
		return;
	}
	two_from(a, b, first_state, 0, x, y, n);
}

/* The state behind the key's block, each of its bytes changed by one of RFC 2104's pads. */
static void keyed(uint32_t out[STATE], const uint8_t key[32], uint8_t change)
{
	uint8_t block[BLOCK];
	uint32_t twin[STATE];

	memset(block, change, sizeof block);
	for (size_t i = 0; i < 32; i++) {
		block[i] = key[i] ^ change;
	}
	memcpy(out, first_state, sizeof first_state);
	memcpy(twin, first_state, sizeof first_state);
	two_blocks(out, twin, block, block, 1);
	crypto_wipe(block, sizeof block);
	crypto_wipe(twin, sizeof twin);
}

void hmac_sha256_two_ready(struct hmac_sha256_two_key *k, const uint8_t key[32])
{
	memcpy(k->key, key, sizeof k->key);
	if (is_fast()) {
		keyed(k->inner, key, 0x36);
		keyed(k->outer, key, 0x5c);
	}
}

void hmac_sha256_two(struct hash32 *a, struct hash32 *b, const struct hmac_sha256_two_key *k,
		     const uint8_t x[8], const uint8_t y[8])
{
	uint8_t p[BLOCK], q[BLOCK];

	if (!is_fast()) {
		hmac_sha256(a, bytes_of(k->key, sizeof k->key), bytes_of(x, 8));
		hmac_sha256(b, bytes_of(k->key, sizeof k->key), bytes_of(y, 8));
		return;
	}
	memcpy(p, x, 8);
	memcpy(q, y, 8);
	two_from(a, b, k->inner, BLOCK, p, q, 8);
	memcpy(p, a->b, sizeof a->b);
	memcpy(q, b->b, sizeof b->b);
	two_from(a, b, k->outer, BLOCK, p, q, sizeof a->b);
}
