/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: messages of both generations are those of the other NEM wallets, both ways; whatever was
 * altered or is somebody else's is refused where the format can tell.
 *
 * Method: all cipher vectors of the NEM project, decrypted, and encrypted again from their salt and
 * IV; random messages of every length between two accounts; every byte of a new message altered,
 * every cut of both; keys of small and mixed order.
 */
#include <string.h>

#include "base/attr.h"
#include "base/hex.h"
#include "chain/nem/nem_key.h"
#include "chain/nem/nem_message.h"
#include "crypto/crypto.h"
#include "t.h"

static const struct {
	enum nem_cipher cipher;
	const char *private_key, *other, *payload, *clear;
} rows[] = {

#include "nem_messages.inc"
};

static size_t from_hex(uint8_t *out, const char *text)
{
	const size_t n = strlen(text) / 2;

	return hex_get(out, n, bytes_str(text), HEX_LOWER_ONLY) == ERR_OK ? n : 0;
}

static void make_secret(struct edk_secret *out, uint8_t number)
{
	uint8_t seed[32] = { 0x33 };

	seed[31] = number;
	edk_secret_make(out, seed);
}

static void vectors(void)
{
	size_t old = 0;

	T_EQ(ARRAY_LEN(rows), 1000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t key[32], payload[NEM_MESSAGE_MAX], clear[NEM_MESSAGE_MAX];
		uint8_t plain[NEM_MESSAGE_MAX], again[NEM_MESSAGE_MAX];
		uint8_t random[NEM_MESSAGE_RANDOM_BYTES] = { 0 };
		size_t payload_n = from_hex(payload, rows[i].payload);
		size_t clear_n = from_hex(clear, rows[i].clear), n = 0;
		enum nem_cipher cipher = 0;
		struct edk_secret secret;
		struct key32 other;

		T_CHECK(payload_n > 0 && clear_n > 0);
		T_EQ(from_hex(key, rows[i].private_key), 32);
		T_EQ(from_hex(other.b, rows[i].other), 32);
		edk_secret_from_nem(&secret, key);
		T_EQ(nem_message_decrypt(plain, &n, &cipher, &secret, &other,
					 bytes_of(payload, payload_n)),
		     ERR_OK);
		T_EQ(cipher, rows[i].cipher);
		T_EQ(n, clear_n);
		T_MEM(plain, clear, clear_n);
		if (cipher == NEM_CIPHER_OLD) {
			memcpy(random, payload, 48);
			old++;
		} else {
			memcpy(random, payload + 16, 12);
		}
		T_EQ(nem_message_encrypt(again, &n, cipher, &secret, &other,
					 bytes_of(clear, clear_n), random),
		     ERR_OK);
		T_EQ(n, payload_n);
		T_MEM(again, payload, n);
	}
	T_EQ(old, 500);
}

static void both_ways(void)
{
	struct edk_secret a, b;
	uint8_t text[NEM_MESSAGE_MAX], payload[NEM_MESSAGE_MAX], plain[NEM_MESSAGE_MAX];
	uint8_t random[NEM_MESSAGE_RANDOM_BYTES];

	make_secret(&a, 1);
	make_secret(&b, 2);
	for (size_t i = 0; i < sizeof text; i++) {
		text[i] = (uint8_t)(i * 7 + 1);
	}
	for (int c = NEM_CIPHER_OLD; c <= NEM_CIPHER_NEW; c++) {
		size_t most = c == NEM_CIPHER_NEW ? NEM_MESSAGE_NEW_MAX : NEM_MESSAGE_OLD_MAX;
		enum nem_cipher cipher = 0;
		size_t n = 77, m = 0;

		for (size_t length = 1; length <= most; length += length < 70 ? 1 : 61) {
			memset(random, (int)length, sizeof random);
			T_EQ(nem_message_encrypt(payload, &n, (enum nem_cipher)c, &a, &b.public_key,
						 bytes_of(text, length), random),
			     ERR_OK);
			T_EQ(nem_message_decrypt(plain, &m, &cipher, &b, &a.public_key,
						 bytes_of(payload, n)),
			     ERR_OK);
			T_CHECK(m == length && cipher == (enum nem_cipher)c);
			T_MEM(plain, text, length);
		}
		T_EQ(nem_message_encrypt(payload, &n, (enum nem_cipher)c, &a, &b.public_key,
					 bytes_of(text, most), random),
		     ERR_OK);
		T_EQ(n, NEM_MESSAGE_MAX);
		n = 77;
		T_EQ(nem_message_encrypt(payload, &n, (enum nem_cipher)c, &a, &b.public_key,
					 bytes_of(text, most + 1), random),
		     ERR_TOO_LARGE);
		T_EQ(nem_message_encrypt(payload, &n, (enum nem_cipher)c, &a, &b.public_key,
					 bytes_of(text, 0), random),
		     ERR_INPUT);
		T_EQ(n, 77);
	}
}

static void altered(void)
{
	struct edk_secret a, b, stranger;
	const uint8_t random[NEM_MESSAGE_RANDOM_BYTES] = { 9 };
	uint8_t payload[NEM_MESSAGE_MAX + 1] = { 0 }, plain[NEM_MESSAGE_MAX];
	static const uint8_t zero[NEM_MESSAGE_MAX];
	enum nem_cipher cipher = NEM_CIPHER_OLD;
	size_t n = 0, m = 5;

	make_secret(&a, 1);
	make_secret(&b, 2);
	make_secret(&stranger, 3);
	T_EQ(nem_message_encrypt(payload, &n, NEM_CIPHER_NEW, &a, &b.public_key,
				 bytes_str("a text of twenty..."), random),
	     ERR_OK);
	/* 47 bytes: too short for the old generation, so nothing but the tag can pass them. */
	T_EQ(n, 47);
	for (size_t i = 0; i < n * 8; i++) {
		payload[i / 8] = (uint8_t)(payload[i / 8] ^ 1U << i % 8);
		memset(plain, 0xaa, sizeof plain);
		T_EQ(nem_message_decrypt(plain, &m, &cipher, &b, &a.public_key,
					 bytes_of(payload, n)),
		     ERR_KEY);
		T_MEM(plain, zero, n - 28);
		payload[i / 8] = (uint8_t)(payload[i / 8] ^ 1U << i % 8);
	}
	for (size_t i = 0; i < n; i++) {
		T_EQ(nem_message_decrypt(plain, &m, &cipher, &b, &a.public_key,
					 bytes_of(payload, i)),
		     i <= 28 ? ERR_INPUT : ERR_KEY);
	}
	T_EQ(
	    nem_message_decrypt(plain, &m, &cipher, &stranger, &a.public_key, bytes_of(payload, n)),
	    ERR_KEY);
	T_EQ(
	    nem_message_decrypt(plain, &m, &cipher, &b, &stranger.public_key, bytes_of(payload, n)),
	    ERR_KEY);
	T_EQ(nem_message_decrypt(plain, &m, &cipher, &b, &a.public_key,
				 bytes_of(payload, NEM_MESSAGE_MAX + 1)),
	     ERR_INPUT);
	T_CHECK(m == 5 && cipher == NEM_CIPHER_OLD);
}

/* The old one has only its padding: of many strangers' attempts some pass, and most do not. */
static void strangers_and_the_old_one(void)
{
	struct edk_secret a, b;
	const uint8_t random[NEM_MESSAGE_RANDOM_BYTES] = { 9 };
	uint8_t payload[NEM_MESSAGE_MAX], plain[NEM_MESSAGE_MAX];
	enum nem_cipher cipher;
	size_t n = 0, m, passed = 0;

	make_secret(&a, 1);
	make_secret(&b, 2);
	T_EQ(nem_message_encrypt(payload, &n, NEM_CIPHER_OLD, &a, &b.public_key,
				 bytes_str("for b alone"), random),
	     ERR_OK);
	for (unsigned i = 3; i < 256; i++) {
		struct edk_secret stranger;

		make_secret(&stranger, (uint8_t)i);
		passed += nem_message_decrypt(plain, &m, &cipher, &stranger, &a.public_key,
					      bytes_of(payload, n)) == ERR_OK;
	}
	T_CHECK(passed < 20);
	for (size_t cut = 29; cut < n; cut++) {
		T_EQ(nem_message_decrypt(plain, &m, &cipher, &b, &a.public_key,
					 bytes_of(payload, cut)),
		     ERR_KEY);
	}
}

static void keys_without_a_secret(void)
{
	struct edk_secret a;
	const uint8_t random[NEM_MESSAGE_RANDOM_BYTES] = { 9 };
	uint8_t payload[NEM_MESSAGE_MAX];
	size_t n;
	static const uint8_t small[][32] = {
		{ 0 },
		{ 1 },
		{ 2 }, /* no point */
		{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f }, /* order 2 */
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
		  0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
		  0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a }, /* order 8 */
	};

	make_secret(&a, 1);
	for (size_t i = 0; i < ARRAY_LEN(small); i++) {
		struct key32 other;

		memcpy(other.b, small[i], 32);
		T_EQ(nem_message_encrypt(payload, &n, NEM_CIPHER_NEW, &a, &other, bytes_str("x"),
					 random),
		     ERR_KEY);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "every cipher vector, decrypted and made again", vectors },
		{ "both accounts read every length", both_ways },
		{ "every altered bit of a new message is refused", altered },
		{ "the old one: padding only", strangers_and_the_old_one },
		{ "no secret with a key outside the subgroup", keys_without_a_secret },
	};

	return crypto_init() == ERR_OK ? t_main(cases, ARRAY_LEN(cases), argc, argv) : 1;
}
