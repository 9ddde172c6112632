/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a sealed secret opens with its passphrase and its own bytes only, and a file cannot make us
 * compute or allocate beyond the limits.
 * Method: round trips of every length; every byte of the file altered; every truncation; every
 * limit and one beyond; the format's bytes read here by libsodium's functions alone.
 */
#include <sodium.h>
#include <time.h>

#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "t.h"

static const struct seal_cost cheap = { SEAL_OPS_MIN, SEAL_MEM_KIB_MIN };
static const uint8_t salt[SEAL_SALT_BYTES] = { 1, 2, 3 };
static const uint8_t nonce[SEAL_NONCE_BYTES] = { 4, 5, 6 };
static uint8_t secret[SEAL_SECRET_MAX + 1];

static bool close_with(uint8_t file[SEAL_BYTES], size_t n, const char *passphrase)
{
	return seal_close(file, bytes_of(secret, n), bytes_str(passphrase), &cheap, salt, nonce) ==
	       ERR_OK;
}

static void round_trips(void)
{
	static const size_t lengths[] = { 1, 2, 31, 32, 33, 63, 64 };
	static const uint8_t zero[SEAL_SECRET_MAX];

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		const size_t n = lengths[i];
		uint8_t file[SEAL_BYTES], out[SEAL_SECRET_MAX];
		size_t out_n = 999;

		T_CHECK(close_with(file, n, "correct horse"));
		memset(out, 0xee, sizeof out);
		T_EQ(seal_open(out, &out_n, bytes_of(file, SEAL_BYTES), bytes_str("correct horse")),
		     ERR_OK);
		T_EQ(out_n, n);
		T_MEM(out, secret, n);
		T_MEM(out + n, zero, SEAL_SECRET_MAX - n);
		/* the secret itself stands nowhere in the file */
		if (n >= 4) {
			T_CHECK(memmem(file, SEAL_BYTES, secret, 4) == NULL);
		}
	}
}

/* The format as the header states it, opened without seal.c. */
static void format_is_as_documented(void)
{
	uint8_t file[SEAL_BYTES], key[32], plain[68];

	T_CHECK(close_with(file, 32, "pass"));
	T_MEM(file, "KURASEAL", 8);
	T_EQ(le32_get(file + 8), 1);
	T_EQ(le32_get(file + 12), cheap.ops);
	T_EQ(le32_get(file + 16), cheap.mem_kib);
	T_MEM(file + 20, salt, 16);
	T_MEM(file + 36, nonce, 24);
	T_CHECK(crypto_pwhash(key, 32, "pass", 4, file + 20, 1, 8u * 1024 * 1024,
			      crypto_pwhash_ALG_ARGON2ID13) == 0);
	T_CHECK(crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, file + 60, 84, file,
							   60, file + 36, key) == 0);
	T_EQ(le32_get(plain), 32);
	T_MEM(plain + 4, secret, 32);
}

static void every_altered_byte(void)
{
	uint8_t file[SEAL_BYTES], out[SEAL_SECRET_MAX], before[SEAL_SECRET_MAX];
	size_t n = 77;

	memset(out, 0xee, sizeof out);
	memset(before, 0xee, sizeof before);
	T_CHECK(close_with(file, 32, "pass"));
	for (size_t i = 0; i < SEAL_BYTES; i++) {
		file[i] ^= (uint8_t)(1u << t_below(8));
		T_EQ(seal_open(out, &n, bytes_of(file, SEAL_BYTES), bytes_str("pass")), ERR_INPUT);
		T_MEM(out, before, sizeof out);
		T_EQ(n, 77);
		T_CHECK(close_with(file, 32, "pass"));
	}
}

static void every_truncation(void)
{
	uint8_t file[SEAL_BYTES + 1] = { 0 }, out[SEAL_SECRET_MAX];
	size_t n = 0;

	T_CHECK(close_with(file, 32, "pass"));
	for (size_t i = 0; i <= SEAL_BYTES + 1; i++) {
		if (i != SEAL_BYTES) {
			T_EQ(
			    seal_open(out, &n, bytes_of(i > 0 ? file : NULL, i), bytes_str("pass")),
			    ERR_INPUT);
		}
	}
}

static void wrong_passphrases(void)
{
	static const char *const wrong[] = { "", "Pass", "pas", "passs", "pass ", " pass", "PASS" };
	static char longest[SEAL_PASSPHRASE_MAX + 2];
	uint8_t file[SEAL_BYTES], out[SEAL_SECRET_MAX];
	size_t n = 0;

	T_CHECK(close_with(file, 32, "pass"));
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		T_EQ(seal_open(out, &n, bytes_of(file, SEAL_BYTES), bytes_str(wrong[i])),
		     ERR_INPUT);
	}
	/* a NUL is a character like others */
	T_EQ(seal_open(out, &n, bytes_of(file, SEAL_BYTES), bytes_of("pass\0", 5)), ERR_INPUT);
	memset(longest, 'x', SEAL_PASSPHRASE_MAX);
	T_CHECK(close_with(file, 32, longest));
	T_EQ(seal_open(out, &n, bytes_of(file, SEAL_BYTES), bytes_str(longest)), ERR_OK);
	longest[SEAL_PASSPHRASE_MAX] = 'x';
	T_CHECK(!close_with(file, 32, longest));
	T_EQ(seal_open(out, &n, bytes_of(file, SEAL_BYTES), bytes_str(longest)), ERR_INPUT);
}

static void limits_on_closing(void)
{
	static const struct seal_cost bad[] = {
		{ 0, SEAL_MEM_KIB_MIN },
		{ SEAL_OPS_MAX + 1, SEAL_MEM_KIB_MIN },
		{ UINT32_MAX, SEAL_MEM_KIB_MIN },
		{ 1, SEAL_MEM_KIB_MIN - 1 },
		{ 1, SEAL_MEM_KIB_MAX + 1 },
		{ 1, 0 },
		{ 1, UINT32_MAX },
	};
	uint8_t file[SEAL_BYTES], before[SEAL_BYTES];

	memset(file, 0xee, sizeof file);
	memset(before, 0xee, sizeof before);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_EQ(
		    seal_close(file, bytes_of(secret, 32), bytes_str("pass"), &bad[i], salt, nonce),
		    ERR_FIELD_RANGE);
	}
	T_EQ(seal_close(file, bytes_of(secret, 0), bytes_str("pass"), &cheap, salt, nonce),
	     ERR_INPUT);
	T_EQ(seal_close(file, bytes_of(secret, 65), bytes_str("pass"), &cheap, salt, nonce),
	     ERR_INPUT);
	T_EQ(seal_close(file, bytes_of(secret, 32), bytes_str(""), &cheap, salt, nonce), ERR_INPUT);
	T_MEM(file, before, sizeof file);
}

/* Refused before any work: a file that asks for hours or for all memory costs us nothing. */
static void limits_on_opening(void)
{
	static const uint32_t ops[] = { 0, SEAL_OPS_MAX + 1, 1000000, UINT32_MAX };
	static const uint32_t mem[] = { 0, SEAL_MEM_KIB_MIN - 1, SEAL_MEM_KIB_MAX + 1, UINT32_MAX };
	uint8_t file[SEAL_BYTES], out[SEAL_SECRET_MAX];
	size_t n = 0;
	clock_t start;

	T_CHECK(close_with(file, 32, "pass"));
	start = clock();
	for (int round = 0; round < 1000; round++) {
		for (size_t i = 0; i < 4; i++) {
			le32_put(file + 12, ops[i]);
			le32_put(file + 16, SEAL_MEM_KIB_MIN);
			T_EQ(seal_open(out, &n, bytes_of(file, SEAL_BYTES), bytes_str("pass")),
			     ERR_INPUT);
			le32_put(file + 12, 1);
			le32_put(file + 16, mem[i]);
			T_EQ(seal_open(out, &n, bytes_of(file, SEAL_BYTES), bytes_str("pass")),
			     ERR_INPUT);
		}
	}
	/* 8,000 refusals; one derivation alone takes milliseconds */
	T_CHECK(clock() - start < 2 * CLOCKS_PER_SEC);
	/* a cost that is allowed but not the file's own gives another key */
	le32_put(file + 12, 2);
	le32_put(file + 16, SEAL_MEM_KIB_MIN);
	T_EQ(seal_open(out, &n, bytes_of(file, SEAL_BYTES), bytes_str("pass")), ERR_INPUT);
}

/* Whoever knows the passphrase may still not make us read beyond the secret. */
static void sealed_nonsense(void)
{
	static const uint32_t lengths[] = { 0, 65, 1000, UINT32_MAX };
	uint8_t file[SEAL_BYTES], key[32], plain[68] = { 0 }, out[SEAL_SECRET_MAX];
	size_t n = 5;

	T_CHECK(close_with(file, 32, "pass"));
	T_CHECK(crypto_pwhash(key, 32, "pass", 4, file + 20, 1, 8u * 1024 * 1024,
			      crypto_pwhash_ALG_ARGON2ID13) == 0);
	for (size_t i = 0; i < ARRAY_LEN(lengths) + 1; i++) {
		if (i < ARRAY_LEN(lengths)) {
			le32_put(plain, lengths[i]);
		} else {
			le32_put(plain, 32);
			plain[4 + 32] = 1; /* not zero behind the secret */
		}
		T_CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(file + 60, NULL, plain, 68, file,
								   60, NULL, file + 36, key) == 0);
		T_EQ(seal_open(out, &n, bytes_of(file, SEAL_BYTES), bytes_str("pass")), ERR_INPUT);
		T_EQ(n, 5);
	}
	plain[4 + 32] = 0;
	T_CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(file + 60, NULL, plain, 68, file, 60,
							   NULL, file + 36, key) == 0);
	T_EQ(seal_open(out, &n, bytes_of(file, SEAL_BYTES), bytes_str("pass")), ERR_OK);
	T_EQ(n, 32);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "round trips", round_trips },
		{ "the format is as documented", format_is_as_documented },
		{ "every altered byte", every_altered_byte },
		{ "every truncation", every_truncation },
		{ "wrong passphrases", wrong_passphrases },
		{ "limits on closing", limits_on_closing },
		{ "limits on opening, before any work", limits_on_opening },
		{ "sealed nonsense", sealed_nonsense },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	for (size_t i = 0; i < sizeof secret; i++) {
		secret[i] = (uint8_t)(0x80 + 3 * i);
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
