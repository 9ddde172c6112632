/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keccak.h"

#include <string.h>

#include "base/check.h"
#include "crypto/crypto.h"

/* The bit that ends the message in Keccak as it was submitted; FIPS 202 has 0x06 here. */
enum { PADDING_FIRST = 0x01, PADDING_LAST = 0x80 };

static void init(struct keccak *k, size_t rate)
{
	memset(k, 0, sizeof *k);
	k->rate = rate;
}

void keccak256_init(struct keccak *k)
{
	init(k, KECCAK256_RATE);
}

void keccak512_init(struct keccak *k)
{
	init(k, KECCAK512_RATE);
}

static void absorb(struct keccak *k, const uint8_t *block)
{
	for (size_t i = 0; i < k->rate / 8; i++) {
		k->state.a[i] ^= le64_get(block + 8 * i);
	}
	sha3_permute(&k->state);
}

void keccak_update(struct keccak *k, struct bytes in)
{
	CHECK(k->rate != 0 && k->used < k->rate);
	if (in.n == 0) {
		return;
	}
	if (k->used > 0) {
		size_t room = k->rate - k->used;
		size_t take = in.n < room ? in.n : room;

		memcpy(k->block + k->used, in.p, take);
		k->used += take;
		in.p += take;
		in.n -= take;
		if (k->used < k->rate) {
			return;
		}
		absorb(k, k->block);
		k->used = 0;
	}
	while (in.n >= k->rate) {
		absorb(k, in.p);
		in.p += k->rate;
		in.n -= k->rate;
	}
	if (in.n > 0) {
		memcpy(k->block, in.p, in.n);
		k->used = in.n;
	}
}

/* Both digests are shorter than their rate: one squeeze is enough. */
static void final(struct keccak *k, uint8_t *out, size_t out_n, size_t rate)
{
	CHECK(k->rate == rate && k->used < rate);
	memset(k->block + k->used, 0, rate - k->used);
	k->block[k->used] = PADDING_FIRST;
	k->block[rate - 1] |= PADDING_LAST;
	absorb(k, k->block);
	for (size_t i = 0; i < out_n / 8; i++) {
		le64_put(out + 8 * i, k->state.a[i]);
	}
	crypto_wipe(k, sizeof *k);
}

void keccak256_final(struct keccak *k, struct hash32 *out)
{
	final(k, out->b, KECCAK256_BYTES, KECCAK256_RATE);
}

void keccak512_final(struct keccak *k, uint8_t out[KECCAK512_BYTES])
{
	final(k, out, KECCAK512_BYTES, KECCAK512_RATE);
}

void keccak256(struct hash32 *out, struct bytes in)
{
	struct keccak k;

	keccak256_init(&k);
	keccak_update(&k, in);
	keccak256_final(&k, out);
}

void keccak512(uint8_t out[KECCAK512_BYTES], struct bytes in)
{
	struct keccak k;

	keccak512_init(&k);
	keccak_update(&k, in);
	keccak512_final(&k, out);
}
