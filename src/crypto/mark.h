/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mark.h - a short stand-in for a hash in a table: SipHash-2-4 (Aumasson and Bernstein 2012, as in
 * libsodium) under a secret key.
 *
 * Equal hashes have equal marks: who is not found by his mark is not there.  Different ones have
 * the same mark once in 2^64; who does not know the key cannot look for them, as he could for
 * hashes of which only the first bytes are kept (2^32 trials for 8 of them, 2^64 for 16).
 */
#ifndef KURAMORI_CRYPTO_MARK_H
#define KURAMORI_CRYPTO_MARK_H

#include <stdint.h>

#include "base/bytes.h"

enum { MARK_KEY_BYTES = 16 };

/* key: secret and of this process alone, never written anywhere. */
uint64_t mark(const uint8_t key[MARK_KEY_BYTES], const struct hash32 *h);

#endif
