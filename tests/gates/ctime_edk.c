/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no branch and no address depends on a secret in edk_secret_make(), edk_sign(),
 * edk_shared(), hd_root(), hd_child(), and reading and writing messages of both generations.
 *
 * Method: run under valgrind with the secret marked undefined: memcheck then reports every jump and
 * every address computed from it.  The gate runs it as it is (no report but the suppressed ones),
 * and with "leak" and "leak-message", which branch on a secret on purpose and must be reported.
 */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "chain/nem/nem_message.h"
#include "crypto/crypto.h"
#include "crypto/edk.h"
#include "crypto/hd.h"

/* Both generations, from the account of `secret` to itself: what counts is the arithmetic. */
static bool messages(const struct edk_secret *secret, bool leak)
{
	static const uint8_t random[NEM_MESSAGE_RANDOM_BYTES] = { 1 };
	uint8_t text[40], payload[NEM_MESSAGE_MAX], plain[NEM_MESSAGE_MAX];

	for (int c = NEM_CIPHER_OLD; c <= NEM_CIPHER_NEW; c++) {
		enum nem_cipher cipher;
		size_t n = 0;

		memset(text, 0x17, sizeof text);
		VALGRIND_MAKE_MEM_UNDEFINED(text, sizeof text);
		if (nem_message_encrypt(payload, &n, (enum nem_cipher)c, secret,
					&secret->public_key, bytes_of(text, sizeof text),
					random) != ERR_OK) {
			return false;
		}
		VALGRIND_MAKE_MEM_DEFINED(payload, n);
		if (nem_message_decrypt(plain, &n, &cipher, secret, &secret->public_key,
					bytes_of(payload, n)) != ERR_OK) {
			return false;
		}
		if (leak && plain[3] == 0x11) {
			(void)puts("# one in 256");
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	const bool leak = argc > 1 && strcmp(argv[1], "leak") == 0;
	uint8_t seed[32], message[144];
	const bool leak_message = argc > 1 && strcmp(argv[1], "leak-message") == 0;
	struct hd_node node;
	struct edk_secret secret;
	struct sig64 sig;

	if (crypto_init() != ERR_OK || !RUNNING_ON_VALGRIND) {
		(void)fprintf(stderr, "this runs under valgrind only\n");
		return 2;
	}
	memset(seed, 0x5a, sizeof seed);
	memset(message, 0xc3, sizeof message);
	VALGRIND_MAKE_MEM_UNDEFINED(seed, sizeof seed);
	edk_secret_from_nem(&secret, seed);
	/* the public key and the signature are for everybody */
	VALGRIND_MAKE_MEM_DEFINED(&secret.public_key, sizeof secret.public_key);
	edk_sign(&sig, &secret, bytes_of(message, sizeof message));
	VALGRIND_MAKE_MEM_DEFINED(&sig, sizeof sig);
	if (leak && secret.prefix[0] == 0x11) {
		(void)puts("# one in 256");
	}
	if (!edk_verify_vartime(&secret.public_key, bytes_of(message, sizeof message), &sig)) {
		return 3;
	}
	if (!messages(&secret, leak_message)) {
		return 5;
	}
	if (hd_root(&node, bytes_of(seed, sizeof seed)) != ERR_OK ||
	    hd_child(&node, &node, 44) != ERR_OK) {
		return 4;
	}
	edk_secret_make(&secret, node.key);
	hd_wipe(&node);
	edk_secret_wipe(&secret);
	return 0;
}
