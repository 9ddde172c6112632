/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: es256_verify() says what others say, at the edges and everywhere else.
 *
 * Method: vectors at the edges of the rule (spellings of DER, r and s at the ends of their ranges,
 * points whose x is beyond n, sums that end at infinity, keys that are no points), with verdicts of
 * a slow implementation in Python (tests/tools/es256_reference.py); and OpenSSL's libcrypto as the
 * other side on random keys, messages and damage, for signing as well as for verifying.
 */
#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/es256.h"
#include "es256_other.h"
#include "t.h"

static const struct {
	const char *name, *key, *message, *signature;
	bool accepted;
} edges[] = {

#include "es256_edges.inc"
};

enum { RANDOM_ROUNDS = 100, DAMAGES = 8, SIGNATURE_ROOM = OTHER_SIGNATURE_ROOM };

static void edges_of_the_rule(void)
{
	size_t accepted = 0;

	for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
		uint8_t key[ES256_KEY_BYTES], message[256], signature[SIGNATURE_ROOM];
		size_t n = strlen(edges[i].message) / 2, sig_n = strlen(edges[i].signature) / 2;
		bool got;

		T_CHECK(n <= sizeof message && sig_n <= sizeof signature);
		T_CHECK(hex_get(key, sizeof key, bytes_str(edges[i].key), HEX_LOWER_ONLY) ==
			ERR_OK);
		T_CHECK(hex_get(message, n, bytes_str(edges[i].message), HEX_LOWER_ONLY) == ERR_OK);
		T_CHECK(hex_get(signature, sig_n, bytes_str(edges[i].signature), HEX_LOWER_ONLY) ==
			ERR_OK);
		got = es256_verify(key, bytes_of(message, n), bytes_of(signature, sig_n));
		if (got != edges[i].accepted) {
			printf("# %s (row %zu): we say %d\n", edges[i].name, i, got);
		}
		T_EQ(got, edges[i].accepted);
		accepted += got;
	}
	/* the table decides nothing if all its rows fall on one side */
	T_CHECK(accepted >= 40);
	T_CHECK(ARRAY_LEN(edges) - accepted >= 150);
}

/* What OpenSSL signs verifies here, and what damage makes of it is judged alike by both. */
static void libcrypto_agrees(void)
{
	size_t refused = 0;

	for (size_t round = 0; round < RANDOM_ROUNDS; round++) {
		uint8_t key[ES256_KEY_BYTES], message[300], signature[SIGNATURE_ROOM];
		void *pair = other_new(key);
		size_t n = t_below(sizeof message), sig_n;
		struct bytes text = bytes_of(message, n);

		for (size_t i = 0; i < n; i++) {
			message[i] = (uint8_t)t_random();
		}
		sig_n = other_sign(pair, message, n, signature);
		T_CHECK(es256_key_ok(key));
		T_CHECK(es256_verify(key, text, bytes_of(signature, sig_n)));
		for (size_t i = 0; i < DAMAGES; i++) {
			uint8_t damaged[SIGNATURE_ROOM];
			size_t damaged_n = sig_n - (t_below(4) == 0 ? t_below(sig_n) : 0);
			bool ours, theirs;

			memcpy(damaged, signature, sig_n);
			damaged[t_below(damaged_n)] ^= (uint8_t)(1u << t_below(8));
			ours = es256_verify(key, text, bytes_of(damaged, damaged_n));
			theirs = other_verify(pair, message, n, damaged, damaged_n);
			T_EQ(ours, theirs);
			refused += !ours;
		}
		if (n > 0) {
			message[t_below(n)] ^= (uint8_t)(1u << t_below(8));
			T_CHECK(!es256_verify(key, text, bytes_of(signature, sig_n)));
			T_CHECK(!other_verify(pair, message, n, signature, sig_n));
		}
		other_free(pair);
	}
	T_EQ(refused, RANDOM_ROUNDS * DAMAGES);
}

static void every_flipped_bit(void)
{
	uint8_t key[ES256_KEY_BYTES], signature[SIGNATURE_ROOM];
	struct bytes message = bytes_str("approved");
	void *pair = other_new(key);
	size_t n = other_sign(pair, message.p, message.n, signature);

	other_free(pair);
	for (size_t bit = 0; bit < 8 * n; bit++) {
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(!es256_verify(key, message, bytes_of(signature, n)));
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof key; bit++) {
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
		T_CHECK(!es256_key_ok(key));
		T_CHECK(!es256_verify(key, message, bytes_of(signature, n)));
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	T_CHECK(es256_verify(key, message, bytes_of(signature, n)));
}

/* The curve's smallest x, also as x + p, and points that are none. */
static void keys(void)
{
	static const struct {
		const char *key;
		bool good;
	} rows[] = {
		/* x = 5 */
		{ "0000000000000000000000000000000000000000000000000000000000000005"
		  "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc",
		  true },
		{ "ffffffff00000001000000000000000000000001000000000000000000000004"
		  "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc",
		  false },
		{ "0000000000000000000000000000000000000000000000000000000000000005"
		  "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcd",
		  false },
		{ "0000000000000000000000000000000000000000000000000000000000000000"
		  "0000000000000000000000000000000000000000000000000000000000000000",
		  false },
		{ "0000000000000000000000000000000000000000000000000000000000000000"
		  "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4",
		  true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t key[ES256_KEY_BYTES];

		T_CHECK(hex_get(key, sizeof key, bytes_str(rows[i].key), HEX_LOWER_ONLY) == ERR_OK);
		T_EQ(es256_key_ok(key), rows[i].good);
	}
}

static void der_keeps_out_on_error(void)
{
	static const uint8_t der[] = { 0x30, 0x06, 0x02, 0x01, 0x07, 0x02, 0x01, 0x09 };
	static const uint8_t zero[] = { 0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x09 };
	uint8_t out[ES256_RAW_BYTES] = { 1, 2, 3 }, was[ES256_RAW_BYTES];

	memcpy(was, out, sizeof was);
	T_EQ(es256_der_read(out, bytes_of(der, sizeof der - 1)), ERR_INPUT);
	T_EQ(es256_der_read(out, bytes_of(zero, sizeof zero)), ERR_FIELD_RANGE);
	T_EQ(es256_der_read(out, bytes_of(NULL, 0)), ERR_INPUT);
	T_MEM(out, was, sizeof was);
	T_EQ(es256_der_read(out, bytes_of(der, sizeof der)), ERR_OK);
	T_EQ(out[31], 7);
	T_EQ(out[63], 9);
	T_EQ(out[0], 0);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "edges of the rule against the reference", edges_of_the_rule },
		{ "OpenSSL says the same of random input", libcrypto_agrees },
		{ "every flipped bit is refused", every_flipped_bit },
		{ "keys that are points, and that are none", keys },
		{ "DER: what is refused writes nothing", der_keeps_out_on_error },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
