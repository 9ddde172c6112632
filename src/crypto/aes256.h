/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aes256.h - AES with 256-bit keys, CBC with PKCS #7 and GCM: only for NEM's messages
 * (chain/nem/nem_message.h).  BearSSL's "ct64": constant time without help of the processor.  A
 * library of its own (dep_aes), so that only who reads messages links it.
 */
#ifndef KURAMORI_CRYPTO_AES256_H
#define KURAMORI_CRYPTO_AES256_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	AES256_KEY_BYTES = 32,
	AES256_BLOCK_BYTES = 16,
	AES256_GCM_IV_BYTES = 12,
	AES256_GCM_TAG_BYTES = 16,
};

/*
 * CBC with PKCS #7 padding (RFC 5652, 6.3).  Writes aes256_cbc_bytes(plain.n) bytes.  out and
 * plain may not overlap.
 */
void aes256_cbc_encrypt(uint8_t *out, const uint8_t key[AES256_KEY_BYTES],
			const uint8_t iv[AES256_BLOCK_BYTES], struct bytes plain);
size_t aes256_cbc_bytes(size_t plain_bytes);

/*
 * out: at least cipher.n bytes, not overlapping cipher.  *n (the plain bytes) is written only on
 * ERR_OK; out is wiped otherwise.  What the padding is is found without branching on it.
 * ERR_INPUT: empty, not whole blocks.  ERR_KEY: no padding: another key, or altered.
 * There is no other check: with a wrong key one text in about 256 passes.
 */
MUST_CHECK enum err aes256_cbc_decrypt(uint8_t *out, size_t *n, const uint8_t key[AES256_KEY_BYTES],
				       const uint8_t iv[AES256_BLOCK_BYTES], struct bytes cipher);

/* GCM (NIST SP 800-38D) without associated data.  text is encrypted in place. */
void aes256_gcm_encrypt(uint8_t tag[AES256_GCM_TAG_BYTES], uint8_t *text, size_t n,
			const uint8_t key[AES256_KEY_BYTES], const uint8_t iv[AES256_GCM_IV_BYTES]);

/* In place; text is wiped unless ERR_OK.  ERR_KEY: the tag is wrong: another key, or altered. */
MUST_CHECK enum err aes256_gcm_decrypt(uint8_t *text, size_t n,
				       const uint8_t tag[AES256_GCM_TAG_BYTES],
				       const uint8_t key[AES256_KEY_BYTES],
				       const uint8_t iv[AES256_GCM_IV_BYTES]);

#endif
