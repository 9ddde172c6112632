/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no branch and no address depends on a secret in edk_secret_make(), edk_sign(),
 * edk_shared(), hd_root(), hd_child(), reading and writing messages of both generations, sealing a
 * secret and opening it, BIP39's words, whose lengths do not show either, and the cards of
 * SLIP-0039: made, written, read, combined and verified.
 *
 * Method: run under valgrind with the secret marked undefined: memcheck then reports every jump and
 * every address computed from it.  The gate runs it as it is (no report but the suppressed ones),
 * and with "leak", "leak-message", "leak-seal", "leak-words" and "leak-shares", which branch on a
 * secret on purpose and must be reported.  Of Argon2id the second half reads memory at places that
 * follow from the passphrase: that is the algorithm (RFC 9106, 3.4.1.3), and ctime_edk.supp excuses
 * it.
 */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "chain/nem/nem_message.h"
#include "crypto/bip39.h"
#include "crypto/crypto.h"
#include "crypto/edk.h"
#include "crypto/hd.h"
#include "crypto/seal.h"
#include "shares/shares.h"

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

/* What a signer is unlocked by: passphrase, key and secret are unknown. */
static bool sealing(bool leak)
{
	static const uint8_t salt[SEAL_SALT_BYTES] = { 1 }, nonce[SEAL_NONCE_BYTES] = { 2 };
	const struct seal_cost cost = { SEAL_OPS_MIN, SEAL_MEM_KIB_MIN };
	uint8_t secret[32], passphrase[24], file[SEAL_BYTES], out[SEAL_SECRET_MAX];
	size_t n = 0;

	memset(secret, 0x3c, sizeof secret);
	memset(passphrase, 'p', sizeof passphrase);
	VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof secret);
	VALGRIND_MAKE_MEM_UNDEFINED(passphrase, sizeof passphrase);
	if (seal_close(file, bytes_of(secret, sizeof secret),
		       bytes_of(passphrase, sizeof passphrase), &cost, salt, nonce) != ERR_OK) {
		return false;
	}
	VALGRIND_MAKE_MEM_DEFINED(file, sizeof file);
	if (seal_open(out, &n, bytes_of(file, sizeof file),
		      bytes_of(passphrase, sizeof passphrase)) != ERR_OK) {
		return false;
	}
	if (leak && out[3] == 0x11) {
		(void)puts("# one in 256");
	}
	return true;
}

/* What a holder opens his key by: passphrases, secrets, and which side is whose are unknown. */
static bool sealing_two_sides(void)
{
	const struct seal_cost cost = { SEAL_OPS_MIN, SEAL_MEM_KIB_MIN };
	uint8_t secret[2][SEAL_PAIR_SECRET], passphrase[2][24], random[SEAL_PAIR_RANDOM] = { 1 };
	uint8_t file[SEAL_PAIR_BYTES], out[SEAL_PAIR_SECRET];
	const struct seal_side side[2] = {
		{ secret[0], bytes_of(passphrase[0], sizeof passphrase[0]) },
		{ secret[1], bytes_of(passphrase[1], sizeof passphrase[1]) },
	};

	memset(secret, 0x3c, sizeof secret);
	memset(passphrase[0], 'p', sizeof passphrase[0]);
	memset(passphrase[1], 'q', sizeof passphrase[1]);
	VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof secret);
	VALGRIND_MAKE_MEM_UNDEFINED(passphrase, sizeof passphrase);
	if (seal_pair_close(file, side, &cost, random) != ERR_OK) {
		return false;
	}
	VALGRIND_MAKE_MEM_DEFINED(file, sizeof file);
	for (size_t i = 0; i < 2; i++) {
		if (seal_pair_open(out, bytes_of(file, sizeof file), side[i].passphrase) !=
		    ERR_OK) {
			return false;
		}
	}
	return true;
}

/* Neither the words nor their lengths are known. */
static bool words(bool leak)
{
	uint8_t entropy[32], again[BIP39_ENTROPY_MAX], seed[BIP39_SEED_BYTES];
	char text[BIP39_TEXT_BYTES];
	size_t length;
	size_t n = 0;

	for (size_t i = 0; i < sizeof entropy; i++) {
		entropy[i] = (uint8_t)(i * 37 + 11);
	}
	if (bip39_text(text, bytes_of(entropy, sizeof entropy)) != ERR_OK) {
		return false;
	}
	length = strlen(text); /* of this very text: that it shows is said in bip39.h */
	VALGRIND_MAKE_MEM_UNDEFINED(entropy, sizeof entropy);
	if (bip39_text(text, bytes_of(entropy, sizeof entropy)) != ERR_OK) {
		return false;
	}
	if (bip39_entropy(again, &n, bytes_of(text, length)) != ERR_OK || n != sizeof entropy) {
		return false;
	}
	if (bip39_seed(seed, bytes_of(text, length), bytes_str("")) != ERR_OK) {
		return false;
	}
	if (leak && text[4] == ' ') {
		(void)puts("# a word of four letters");
	}
	return true;
}

/*
 * Neither the secret nor the passphrase, nor what the cards hold, nor their words are known; the
 * heads of the cards are.
 */
static bool cards(bool leak)
{
	const struct shares_plan plan = { .group_threshold = 2,
					  .group_count = 2,
					  .groups = { { 1, 1 }, { 2, 3 } } };
	static struct share made[4], chosen[3];
	static char text[SHARES_TEXT_BYTES];
	uint8_t secret[16], random[2 + 12 + 12], passphrase[9], out[SHARES_SECRET_MAX];
	struct shares_fault fault;
	struct hash32 mark;
	size_t length[4];
	size_t n = 0;

	for (int run = 0; run < 2; run++) {
		memset(secret, 0x6d, sizeof secret);
		memset(random, 0x2e, sizeof random);
		memset(passphrase, 'q', sizeof passphrase);
		if (run == 1) {
			VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof secret);
			VALGRIND_MAKE_MEM_UNDEFINED(random, sizeof random);
			VALGRIND_MAKE_MEM_UNDEFINED(passphrase, sizeof passphrase);
		}
		if (shares_split(made, &plan, bytes_of(secret, sizeof secret),
				 bytes_of(passphrase, sizeof passphrase),
				 bytes_of(random, sizeof random)) != ERR_OK) {
			return false;
		}
		for (size_t i = 0; i < 4; i++) {
			VALGRIND_MAKE_MEM_DEFINED(&made[i].id, sizeof made[i].id);
			shares_text(text, &made[i]);
			/* of these very texts: that it shows is said in shares.h */
			length[i] = run == 0 ? strlen(text) : length[i];
			if (i < 3 &&
			    shares_read(&chosen[i], bytes_of(text, length[i]), &fault) != ERR_OK) {
				return false;
			}
		}
	}
	if (leak && text[60] == ' ') {
		(void)puts("# a word ends there");
	}
	text[0] = (char)(text[0] ^ 1); /* what is said of a wrong word may show, not the words */
	if (shares_read(&made[3], bytes_of(text, length[3]), &fault) == ERR_OK) {
		return false;
	}
	shares_mark(&mark, bytes_of(secret, sizeof secret));
	VALGRIND_MAKE_MEM_DEFINED(&mark, sizeof mark);
	return shares_combine(out, &n, chosen, 3, bytes_of(passphrase, sizeof passphrase),
			      &fault) == ERR_OK &&
	       n == sizeof secret &&
	       shares_verify(&mark, chosen, 3, bytes_of(passphrase, sizeof passphrase), &fault) ==
		   ERR_OK;
}

int main(int argc, char **argv)
{
	const bool leak = argc > 1 && strcmp(argv[1], "leak") == 0;
	uint8_t seed[32], message[144];
	const bool leak_message = argc > 1 && strcmp(argv[1], "leak-message") == 0;
	const bool leak_seal = argc > 1 && strcmp(argv[1], "leak-seal") == 0;
	const bool leak_words = argc > 1 && strcmp(argv[1], "leak-words") == 0;
	const bool leak_shares = argc > 1 && strcmp(argv[1], "leak-shares") == 0;
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
	if (!sealing(leak_seal) || !sealing_two_sides()) {
		return 6;
	}
	if (!words(leak_words)) {
		return 7;
	}
	if (!cards(leak_shares)) {
		return 8;
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
