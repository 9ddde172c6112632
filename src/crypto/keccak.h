/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keccak.h - Keccak-256 and Keccak-512 with the original padding (byte 0x01), as NEM uses them
 * (nem.md 1.1, 1.2).  Not SHA-3: FIPS 202 pads with 0x06 and gives other digests.
 *
 * A sponge of our own over the permutation of nettle.  Constant time in the data (not its length).
 */
#ifndef KURAMORI_CRYPTO_KECCAK_H
#define KURAMORI_CRYPTO_KECCAK_H

#include <stddef.h>
#include <stdint.h>

#include <nettle/sha3.h>

#include "base/bytes.h"

enum {
	KECCAK256_BYTES = 32,
	KECCAK512_BYTES = 64,
	KECCAK256_RATE = 136, /* bytes of one block */
	KECCAK512_RATE = 72,
	KECCAK_RATE_MAX = KECCAK256_RATE,
};

/* A running hash.  Holds what it was fed: wipe it with crypto_wipe() if that was secret. */
struct keccak {
	struct sha3_state state;
	uint8_t block[KECCAK_RATE_MAX];
	size_t used; /* bytes in block, 0 <= used < rate */
	size_t rate;
};

void keccak256_init(struct keccak *k);
void keccak512_init(struct keccak *k);

/* Any number of calls; in may be empty. */
void keccak_update(struct keccak *k, struct bytes in);

/*
 * Ends the hash and writes its digest; *k is wiped and needs an init before the next use.
 * Dies if *k was begun by the init of the other size.
 */
void keccak256_final(struct keccak *k, struct hash32 *out);
void keccak512_final(struct keccak *k, uint8_t out[KECCAK512_BYTES]);

/* One-shot forms; they leave nothing of the input behind. */
void keccak256(struct hash32 *out, struct bytes in);
void keccak512(uint8_t out[KECCAK512_BYTES], struct bytes in);

#endif
