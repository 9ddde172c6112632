/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aes256.h"

#include <bearssl.h>
#include <string.h>

#include "crypto/crypto.h"

size_t aes256_cbc_bytes(size_t plain_bytes)
{
	return (plain_bytes / AES256_BLOCK_BYTES + 1) * AES256_BLOCK_BYTES;
}

void aes256_cbc_encrypt(uint8_t *out, const uint8_t key[AES256_KEY_BYTES],
			const uint8_t iv[AES256_BLOCK_BYTES], struct bytes plain)
{
	const size_t n = aes256_cbc_bytes(plain.n);
	br_aes_ct64_cbcenc_keys k;
	uint8_t chain[AES256_BLOCK_BYTES];

	if (plain.n > 0) {
		memcpy(out, plain.p, plain.n);
	}
	memset(out + plain.n, (int)(n - plain.n), n - plain.n);
	memcpy(chain, iv, sizeof chain);
	br_aes_ct64_cbcenc_init(&k, key, AES256_KEY_BYTES);
	br_aes_ct64_cbcenc_run(&k, chain, out, n);
	crypto_wipe(&k, sizeof k);
}

/*
 * The one place where a verdict over secret bytes becomes a branch.  Never inlined, so that the
 * constant-time gate excuses this branch and nothing around it; volatile, so that it is a branch,
 * and the gate sees a verdict instead of secret bytes behind it.
 */
static __attribute__((noinline)) enum err verdict(uint32_t wrong)
{
	volatile enum err e = ERR_OK;

	if (wrong != 0) {
		e = ERR_KEY;
	}
	return e;
}

/* All ones if a < b, for numbers below 2^31. */
static uint32_t below(uint32_t a, uint32_t b)
{
	return 0 - ((a - b) >> 31);
}

enum err aes256_cbc_decrypt(uint8_t *out, size_t *n, const uint8_t key[AES256_KEY_BYTES],
			    const uint8_t iv[AES256_BLOCK_BYTES], struct bytes cipher)
{
	br_aes_ct64_cbcdec_keys k;
	uint8_t chain[AES256_BLOCK_BYTES];
	uint32_t padding, wrong;
	enum err e;

	if (cipher.n == 0 || cipher.n % AES256_BLOCK_BYTES != 0) {
		return ERR_INPUT;
	}
	memcpy(out, cipher.p, cipher.n);
	memcpy(chain, iv, sizeof chain);
	br_aes_ct64_cbcdec_init(&k, key, AES256_KEY_BYTES);
	br_aes_ct64_cbcdec_run(&k, chain, out, cipher.n);
	crypto_wipe(&k, sizeof k);
	/* 1..16 bytes, each of which says how many they are. */
	padding = out[cipher.n - 1];
	wrong = below(padding, 1) | below(AES256_BLOCK_BYTES, padding);
	for (uint32_t i = 0; i < AES256_BLOCK_BYTES; i++) {
		wrong |= below(i, padding) & (out[cipher.n - 1 - i] ^ padding);
	}
	e = verdict(wrong);
	if (e != ERR_OK) {
		crypto_wipe(out, cipher.n);
		return e;
	}
	*n = cipher.n - padding;
	return ERR_OK;
}

static void gcm(br_gcm_context *gcm, br_aes_ct64_ctr_keys *k, int encrypt, uint8_t *text, size_t n,
		const uint8_t *key, const uint8_t *iv)
{
	br_aes_ct64_ctr_init(k, key, AES256_KEY_BYTES);
	br_gcm_init(gcm, &k->vtable, br_ghash_ctmul64);
	br_gcm_reset(gcm, iv, AES256_GCM_IV_BYTES);
	br_gcm_flip(gcm);
	br_gcm_run(gcm, encrypt, text, n);
}

void aes256_gcm_encrypt(uint8_t tag[AES256_GCM_TAG_BYTES], uint8_t *text, size_t n,
			const uint8_t key[AES256_KEY_BYTES], const uint8_t iv[AES256_GCM_IV_BYTES])
{
	br_aes_ct64_ctr_keys k;
	br_gcm_context context;

	gcm(&context, &k, 1, text, n, key, iv);
	br_gcm_get_tag(&context, tag);
	crypto_wipe(&context, sizeof context);
	crypto_wipe(&k, sizeof k);
}

enum err aes256_gcm_decrypt(uint8_t *text, size_t n, const uint8_t tag[AES256_GCM_TAG_BYTES],
			    const uint8_t key[AES256_KEY_BYTES],
			    const uint8_t iv[AES256_GCM_IV_BYTES])
{
	br_aes_ct64_ctr_keys k;
	br_gcm_context context;
	enum err e;

	gcm(&context, &k, 0, text, n, key, iv);
	e = verdict(1 ^ br_gcm_check_tag(&context, tag));
	crypto_wipe(&context, sizeof context);
	crypto_wipe(&k, sizeof k);
	if (e != ERR_OK) {
		crypto_wipe(text, n);
	}
	return e;
}
