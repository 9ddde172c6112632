/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_message.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "crypto/aes256.h"
#include "crypto/crypto.h"
#include "crypto/keccak.h"

enum {
	SALT_BYTES = 32,
	OLD_HEAD = SALT_BYTES + AES256_BLOCK_BYTES,
	NEW_HEAD = AES256_GCM_TAG_BYTES + AES256_GCM_IV_BYTES,
};

static void old_key(uint8_t key[AES256_KEY_BYTES], const uint8_t shared[32],
		    const uint8_t salt[SALT_BYTES])
{
	uint8_t mixed[32];
	struct hash32 h;

	for (size_t i = 0; i < sizeof mixed; i++) {
		mixed[i] = shared[i] ^ salt[i];
	}
	keccak256(&h, bytes_of(mixed, sizeof mixed));
	memcpy(key, h.b, AES256_KEY_BYTES);
	crypto_wipe(mixed, sizeof mixed);
	crypto_wipe(&h, sizeof h);
}

/* HKDF (RFC 5869) with a salt of zeros and one block of output. */
static void new_key(uint8_t key[AES256_KEY_BYTES], const uint8_t shared[32])
{
	static const uint8_t salt[32] = { 0 },
			     info[] = { 'n', 'e', 'm', '-', 'n', 'i', 's', '1', 1 };
	uint8_t extracted[32];

	(void)crypto_auth_hmacsha256(extracted, shared, 32, salt);
	(void)crypto_auth_hmacsha256(key, info, sizeof info, extracted);
	crypto_wipe(extracted, sizeof extracted);
}

enum err nem_message_encrypt(uint8_t payload[NEM_MESSAGE_MAX], size_t *n, enum nem_cipher cipher,
			     const struct edk_secret *secret, const struct key32 *other,
			     struct bytes plain, const uint8_t random[NEM_MESSAGE_RANDOM_BYTES])
{
	const bool is_new = cipher == NEM_CIPHER_NEW;
	uint8_t shared[32], key[AES256_KEY_BYTES];
	enum err e;

	CHECK(is_new || cipher == NEM_CIPHER_OLD);
	if (plain.n == 0) {
		return ERR_INPUT;
	}
	if (plain.n > (is_new ? (size_t)NEM_MESSAGE_NEW_MAX : (size_t)NEM_MESSAGE_OLD_MAX)) {
		return ERR_TOO_LARGE;
	}
	e = edk_shared(shared, secret, other);
	if (e != ERR_OK) {
		return e;
	}
	if (is_new) {
		new_key(key, shared);
		memcpy(payload + AES256_GCM_TAG_BYTES, random, AES256_GCM_IV_BYTES);
		memcpy(payload + NEW_HEAD, plain.p, plain.n);
		aes256_gcm_encrypt(payload, payload + NEW_HEAD, plain.n, key, random);
		*n = NEW_HEAD + plain.n;
	} else {
		old_key(key, shared, random);
		memcpy(payload, random, OLD_HEAD);
		aes256_cbc_encrypt(payload + OLD_HEAD, key, random + SALT_BYTES, plain);
		*n = OLD_HEAD + aes256_cbc_bytes(plain.n);
	}
	crypto_wipe(shared, sizeof shared);
	crypto_wipe(key, sizeof key);
	return ERR_OK;
}

static enum err decrypt_new(uint8_t *plain, size_t *n, const uint8_t shared[32],
			    struct bytes payload)
{
	uint8_t key[AES256_KEY_BYTES];
	enum err e;

	if (payload.n <= NEW_HEAD) {
		return ERR_INPUT;
	}
	new_key(key, shared);
	memcpy(plain, payload.p + NEW_HEAD, payload.n - NEW_HEAD);
	e = aes256_gcm_decrypt(plain, payload.n - NEW_HEAD, payload.p, key,
			       payload.p + AES256_GCM_TAG_BYTES);
	crypto_wipe(key, sizeof key);
	if (e == ERR_OK) {
		*n = payload.n - NEW_HEAD;
	}
	return e;
}

static enum err decrypt_old(uint8_t *plain, size_t *n, const uint8_t shared[32],
			    struct bytes payload)
{
	uint8_t key[AES256_KEY_BYTES];
	enum err e;

	if (payload.n < OLD_HEAD) {
		return ERR_INPUT;
	}
	old_key(key, shared, payload.p);
	e = aes256_cbc_decrypt(plain, n, key, payload.p + SALT_BYTES,
			       bytes_of(payload.p + OLD_HEAD, payload.n - OLD_HEAD));
	crypto_wipe(key, sizeof key);
	return e;
}

enum err nem_message_decrypt(uint8_t plain[NEM_MESSAGE_MAX], size_t *n, enum nem_cipher *cipher,
			     const struct edk_secret *secret, const struct key32 *other,
			     struct bytes payload)
{
	uint8_t shared[32];
	enum err e;

	if (payload.n <= NEW_HEAD || payload.n > NEM_MESSAGE_MAX) {
		return ERR_INPUT;
	}
	e = edk_shared(shared, secret, other);
	if (e != ERR_OK) {
		return e;
	}
	e = decrypt_new(plain, n, shared, payload);
	if (e == ERR_OK) {
		*cipher = NEM_CIPHER_NEW;
	} else {
		e = decrypt_old(plain, n, shared, payload);
		if (e == ERR_OK) {
			*cipher = NEM_CIPHER_OLD;
		}
	}
	crypto_wipe(shared, sizeof shared);
	/* Of no length for the old one it is still a new one that does not fit. */
	return e == ERR_INPUT ? ERR_KEY : e;
}
