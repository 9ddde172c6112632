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
#include "crypto/sha256.h"
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

/* ---- two sides ----------------------------------------------------------------------------- */

static uint8_t two[2][SEAL_PAIR_SECRET];
static uint8_t chance[SEAL_PAIR_RANDOM];

static enum err pair(uint8_t file[SEAL_PAIR_BYTES], const char *a, const char *b)
{
	const struct seal_side side[2] = { { two[0], bytes_str(a) }, { two[1], bytes_str(b) } };

	return seal_pair_close(file, side, &cheap, chance);
}

static enum err pair_open(uint8_t out[SEAL_PAIR_SECRET], const uint8_t *file, size_t n,
			  const char *passphrase)
{
	return seal_pair_open(out, bytes_of(file, n), bytes_str(passphrase));
}

/* Each passphrase opens its own secret, whichever side stands first. */
static void each_side_opens(void)
{
	uint8_t file[SEAL_PAIR_BYTES], out[SEAL_PAIR_SECRET];

	for (uint8_t first = 0; first < 2; first++) {
		chance[SEAL_PAIR_RANDOM - 1] = (uint8_t)(0xfe + first);
		T_EQ(pair(file, "one", "two"), ERR_OK);
		T_EQ(pair_open(out, file, sizeof file, "one"), ERR_OK);
		T_MEM(out, two[0], sizeof out);
		T_EQ(pair_open(out, file, sizeof file, "two"), ERR_OK);
		T_MEM(out, two[1], sizeof out);
		T_EQ(pair_open(out, file, sizeof file, "three"), ERR_INPUT);
		T_EQ(pair_open(out, file, sizeof file, ""), ERR_INPUT);
		T_MEM(out, two[1], sizeof out);
		T_CHECK(memmem(file, sizeof file, two[0], 8) == NULL);
		T_CHECK(memmem(file, sizeof file, two[1], 8) == NULL);
	}
}

/* The format as the header states it, opened without seal.c; which side is first is a bit. */
static void pair_is_as_documented(void)
{
	uint8_t file[SEAL_PAIR_BYTES], key[32], plain[104];
	struct hash32 whole;

	for (size_t first = 0; first < 2; first++) {
		chance[SEAL_PAIR_RANDOM - 1] = (uint8_t)first;
		T_EQ(pair(file, "one", "two"), ERR_OK);
		T_MEM(file, "KURAPAIR", 8);
		T_EQ(le32_get(file + 8), 1);
		T_EQ(le32_get(file + 12), cheap.ops);
		T_EQ(le32_get(file + 16), cheap.mem_kib);
		T_MEM(file + 20, chance, 16);
		T_MEM(file + 36, chance + 16, 24);
		T_MEM(file + 180, chance + 40, 24);
		for (size_t which = 0; which < 2; which++) {
			const uint8_t *at = file + 36 + 144 * (first ^ which);

			T_CHECK(crypto_pwhash(key, 32, which == 0 ? "one" : "two", 3, file + 20, 1,
					      8u * 1024 * 1024, crypto_pwhash_ALG_ARGON2ID13) == 0);
			T_CHECK(crypto_aead_xchacha20poly1305_ietf_decrypt(
				    plain, NULL, NULL, at + 24, 104 + 16, file, 36, at, key) == 0);
			T_MEM(plain, two[which], SEAL_PAIR_SECRET);
			T_MEM(plain + 72, chance + 64, 32);
		}
		hmac_sha256(&whole, bytes_of(chance + 64, 32), bytes_of(file, 324));
		T_MEM(file + 324, whole.b, 32);
	}
}

/*
 * A byte of one side is both's: who comes to the file without a passphrase, and spoils a side,
 * would else find the holder at work with the other one, who does not know that his second one is
 * gone.
 */
static void pair_altered(void)
{
	uint8_t file[SEAL_PAIR_BYTES], bent[SEAL_PAIR_BYTES], out[SEAL_PAIR_SECRET];

	chance[SEAL_PAIR_RANDOM - 1] = 0;
	T_EQ(pair(file, "one", "two"), ERR_OK);
	for (size_t i = 0; i < SEAL_PAIR_BYTES; i += i < 36 || i >= 308 ? 1 : 7) {
		memcpy(bent, file, sizeof bent);
		bent[i] ^= (uint8_t)(1u << t_below(8));
		T_EQ(pair_open(out, bent, sizeof bent, "one"), ERR_INPUT);
		T_EQ(pair_open(out, bent, sizeof bent, "two"), ERR_INPUT);
	}
	for (size_t n = 0; n < SEAL_PAIR_BYTES; n += 13) {
		T_EQ(pair_open(out, file, n, "one"), ERR_INPUT);
	}
	/* sides swapped, one of them twice, one of another file of the same key */
	memcpy(bent, file, sizeof bent);
	memcpy(bent + 36, file + 180, 144);
	T_EQ(pair_open(out, bent, sizeof bent, "one"), ERR_INPUT);
	T_EQ(pair_open(out, bent, sizeof bent, "two"), ERR_INPUT);
	memcpy(bent + 180, file + 36, 144);
	T_EQ(pair_open(out, bent, sizeof bent, "one"), ERR_INPUT);
	T_EQ(pair_open(out, bent, sizeof bent, "two"), ERR_INPUT);
	chance[64] ^= 1;
	T_EQ(pair(bent, "one", "two"), ERR_OK);
	memcpy(bent + 180, file + 180, 144);
	T_EQ(pair_open(out, bent, sizeof bent, "one"), ERR_INPUT);
	T_EQ(pair_open(out, bent, sizeof bent, "two"), ERR_INPUT);
	T_EQ(pair_open(out, file, sizeof file, "two"), ERR_OK);
}

static void pair_limits(void)
{
	static const struct seal_cost bad = { 0, SEAL_MEM_KIB_MIN };
	static char longest[SEAL_PASSPHRASE_MAX + 2];
	const struct seal_side side[2] = { { two[0], bytes_str("one") },
					   { two[1], bytes_str("two") } };
	uint8_t file[SEAL_PAIR_BYTES], before[SEAL_PAIR_BYTES], out[SEAL_PAIR_SECRET];

	memset(longest, 'x', SEAL_PASSPHRASE_MAX + 1);
	memset(file, 0xee, sizeof file);
	memset(before, 0xee, sizeof before);
	T_EQ(pair(file, "", "two"), ERR_INPUT);
	T_EQ(pair(file, "one", ""), ERR_INPUT);
	T_EQ(pair(file, longest, "two"), ERR_INPUT);
	T_EQ(pair(file, "one", longest), ERR_INPUT);
	T_EQ(pair(file, "one", "one"), ERR_MISMATCH);
	T_EQ(seal_pair_close(file, side, &bad, chance), ERR_FIELD_RANGE);
	T_MEM(file, before, sizeof file);
	T_EQ(pair(file, "one", "two"), ERR_OK);
	le32_put(file + 12, SEAL_OPS_MAX + 1);
	T_EQ(pair_open(out, file, sizeof file, "one"), ERR_INPUT);
	le32_put(file + 12, SEAL_OPS_MIN);
	le32_put(file + 8, 2);
	T_EQ(pair_open(out, file, sizeof file, "one"), ERR_INPUT);
	/* neither format is the other */
	T_CHECK(close_with(file, 32, "one"));
	T_EQ(pair_open(out, file, sizeof file, "one"), ERR_INPUT);
}

/*
 * All three answers cost one Argon2id and two tries.  A measure, with much room for a slow machine:
 * an Argon2id more or less would be twice or nothing.
 */
static void pair_takes_its_time(void)
{
	static const char *const typed[] = { "one", "two", "wrong" };
	uint8_t file[SEAL_PAIR_BYTES], out[SEAL_PAIR_SECRET];
	clock_t least[ARRAY_LEN(typed)] = { 0 };

	T_EQ(pair(file, "one", "two"), ERR_OK);
	for (int round = 0; round < 9; round++) {
		for (size_t i = 0; i < ARRAY_LEN(typed); i++) {
			clock_t start = clock();

			(void)!pair_open(out, file, sizeof file, typed[i]);
			start = clock() - start;
			least[i] = round == 0 || start < least[i] ? start : least[i];
		}
	}
	printf("# least of nine, us: %ld %ld %ld\n", (long)least[0], (long)least[1],
	       (long)least[2]);
	for (size_t i = 1; i < ARRAY_LEN(typed); i++) {
		T_CHECK(least[i] < 2 * least[0] && least[0] < 2 * least[i]);
	}
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
		{ "two sides: each opens", each_side_opens },
		{ "two sides: the format is as documented", pair_is_as_documented },
		{ "two sides: altered", pair_altered },
		{ "two sides: limits", pair_limits },
		{ "two sides: the same work", pair_takes_its_time },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	for (size_t i = 0; i < sizeof secret; i++) {
		secret[i] = (uint8_t)(0x80 + 3 * i);
	}
	for (size_t i = 0; i < sizeof two[0]; i++) {
		two[0][i] = (uint8_t)(0x11 + 5 * i);
		two[1][i] = (uint8_t)(0x93 + 7 * i);
	}
	for (size_t i = 0; i < sizeof chance; i++) {
		chance[i] = (uint8_t)(0x31 + 11 * i);
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
