/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no payload brings the reader of encrypted messages down, and none makes it write more than
 * there was to read.
 * Method: the bytes are read as a message between two fixed accounts, from a buffer of exactly
 * their size; and they are encrypted as text in both generations, which must read back.
 */
#include "fuzz_main.h"

#include "chain/nem/nem_message.h"
#include "crypto/crypto.h"

static struct edk_secret us, them;

static void init(void)
{
	uint8_t seed[EDK_SEED_BYTES] = { 1 };

	FUZZ_CHECK(crypto_init() == ERR_OK);
	edk_secret_make(&us, seed);
	seed[0] = 2;
	edk_secret_make(&them, seed);
}

static void run(const uint8_t *p, size_t n)
{
	static const uint8_t random[NEM_MESSAGE_RANDOM_BYTES] = { 3 };
	uint8_t plain[NEM_MESSAGE_MAX], payload[NEM_MESSAGE_MAX];
	enum nem_cipher cipher = NEM_CIPHER_OLD;
	size_t got = 0, m = 0;
	enum err e =
	    nem_message_decrypt(plain, &got, &cipher, &us, &them.public_key, bytes_of(p, n));

	FUZZ_CHECK(e == ERR_OK || e == ERR_INPUT || e == ERR_KEY);
	FUZZ_CHECK(e != ERR_OK || got < n);
	for (int c = NEM_CIPHER_OLD; c <= NEM_CIPHER_NEW; c++) {
		e = nem_message_encrypt(payload, &m, (enum nem_cipher)c, &us, &them.public_key,
					bytes_of(p, n), random);
		if (e != ERR_OK) {
			FUZZ_CHECK(e == ERR_INPUT || e == ERR_TOO_LARGE);
			continue;
		}
		FUZZ_CHECK(nem_message_decrypt(plain, &got, &cipher, &them, &us.public_key,
					       bytes_of(payload, m)) == ERR_OK);
		FUZZ_CHECK(cipher == (enum nem_cipher)c &&
			   bytes_eq(bytes_of(plain, got), bytes_of(p, n)));
	}
}
