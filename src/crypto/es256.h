/* SPDX-License-Identifier: Apache-2.0 */
/*
 * es256.h - verifies ES256: ECDSA on P-256 over SHA-256 (FIPS 186-4), the signatures of most
 * security keys.  BearSSL's curve; the reader of DER is ours.  Nothing here signs, so nothing here
 * is secret; no allocation.  A library of its own (dep_es256).
 */
#ifndef KURAMORI_CRYPTO_ES256_H
#define KURAMORI_CRYPTO_ES256_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	ES256_KEY_BYTES = 64,     /* x and y, 32 bytes each, big-endian */
	ES256_RAW_BYTES = 64,     /* r and s, likewise */
	ES256_DER_BYTES_MAX = 72, /* SEQUENCE of two INTEGERs of at most 33 bytes */
};

/* The point lies on the curve; infinity has no such spelling. */
bool es256_key_ok(const uint8_t key[ES256_KEY_BYTES]);

/*
 * Reads SEQUENCE { INTEGER r, INTEGER s } in DER: each length in its one spelling, no needless
 * zero, nothing negative, nothing behind.  ERR_INPUT: not that; ERR_FIELD_RANGE: r or s is not in
 * 1..n-1.  out is untouched on error.
 */
MUST_CHECK enum err es256_der_read(uint8_t out[ES256_RAW_BYTES], struct bytes der);

/*
 * True if the signature, in DER, is this key's over this message.  Both s and n - s verify: devices
 * give either, and what a signature stands for is never named by its bytes.
 */
bool es256_verify(const uint8_t key[ES256_KEY_BYTES], struct bytes message, struct bytes der);

#endif
