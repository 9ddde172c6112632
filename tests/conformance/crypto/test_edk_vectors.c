/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: our signatures, keys and verdicts are those of NIS.
 *
 * Method: key pairs published by the NEM project; transactions signed by the real NIS core; and
 * some five hundred signatures at the edges of the rule (mixed and small orders, other spellings of
 * keys and of R, S at and beyond its range) with verdicts of a slow implementation in Python that
 * shares nothing with ours (tests/tools/edk_reference.py).
 */
#include "base/hex.h"
#include "crypto/crypto.h"
#include "crypto/edk.h"
#include "crypto/keccak.h"
#include "t.h"

static const struct {
	const char *secret, *public_key;
} keys[] = {

#include "nem_keys.inc"
};

static const struct {
	const char *name, *secret, *public_key, *data, *hash, *signature;
} signatures[] = {

#include "nem_signatures.inc"
};

static const struct {
	const char *name, *public_key, *message, *signature;
	bool accepted;
} edges[] = {

#include "edk_edges.inc"
};

static bool unhex(uint8_t *out, size_t n, const char *text)
{
	return hex_get(out, n, bytes_str(text), HEX_LOWER_ONLY) == ERR_OK;
}

static void key_pairs(void)
{
	T_EQ(ARRAY_LEN(keys), 200);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		uint8_t printed[32], public_key[32];
		struct edk_secret secret;

		T_CHECK(unhex(printed, 32, keys[i].secret));
		T_CHECK(unhex(public_key, 32, keys[i].public_key));
		edk_secret_from_nem(&secret, printed);
		T_MEM(secret.public_key.b, public_key, 32);
		/* the other order of bytes is another key: the quirk of nem.md 1.1 step 1 */
		edk_secret_make(&secret, printed);
		T_CHECK(memcmp(secret.public_key.b, public_key, 32) != 0);
	}
}

/* Private keys shorter than 32 bytes are padded at the big-endian front (nem.md 1.1). */
static void short_private_keys(void)
{
	uint8_t printed[32] = { 0 }, want[32];
	struct edk_secret secret;

	printed[31] = 1;
	T_CHECK(
	    unhex(want, 32, "d656155b48d4e71e4c59ec6faeb5eb4f214de8bc3c65d5bf6a3d9931b4e5acf2"));
	edk_secret_from_nem(&secret, printed);
	T_MEM(secret.public_key.b, want, 32);
	printed[31] = 0;
	printed[0] = 1;
	T_CHECK(
	    unhex(want, 32, "250c836b6dac3b720f5416f9e56e76607268e2764e997a7ce63f4e33e11ef74b"));
	edk_secret_from_nem(&secret, printed);
	T_MEM(secret.public_key.b, want, 32);
}

static void nis_signatures(void)
{
	T_CHECK(ARRAY_LEN(signatures) >= 15);
	for (size_t i = 0; i < ARRAY_LEN(signatures); i++) {
		uint8_t printed[32], public_key[32], data[2048], want[64], hash[32];
		size_t n = strlen(signatures[i].data) / 2;
		struct bytes message = bytes_of(data, n);
		struct edk_secret secret;
		struct sig64 got;

		T_CHECK(n <= sizeof data);
		T_CHECK(unhex(printed, 32, signatures[i].secret));
		T_CHECK(unhex(public_key, 32, signatures[i].public_key));
		T_CHECK(n == 0 || unhex(data, n, signatures[i].data));
		T_CHECK(unhex(want, 64, signatures[i].signature));
		edk_secret_from_nem(&secret, printed);
		T_MEM(secret.public_key.b, public_key, 32);
		edk_sign(&got, &secret, message);
		T_MEM(got.b, want, 64);
		T_CHECK(edk_verify_vartime(&secret.public_key, message, &got));
		if (signatures[i].hash[0] != '\0') {
			struct hash32 h;

			T_CHECK(unhex(hash, 32, signatures[i].hash));
			keccak256(&h, message);
			T_MEM(h.b, hash, 32);
		}
		/* the same signature over a neighbour of the message */
		if (n > 0) {
			data[t_below(n)] ^= (uint8_t)(1u << t_below(8));
			T_CHECK(!edk_verify_vartime(&secret.public_key, message, &got));
			T_CHECK(
			    !edk_verify_vartime(&secret.public_key, bytes_of(data, n - 1), &got));
		}
		edk_secret_wipe(&secret);
	}
}

static void edges_of_the_rule(void)
{
	size_t accepted = 0;

	for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
		uint8_t message[256];
		size_t n = strlen(edges[i].message) / 2;
		struct key32 public_key;
		struct sig64 signature;
		bool got;

		T_CHECK(n <= sizeof message);
		T_CHECK(unhex(public_key.b, 32, edges[i].public_key));
		T_CHECK(n == 0 || unhex(message, n, edges[i].message));
		T_CHECK(unhex(signature.b, 64, edges[i].signature));
		got = edk_verify_vartime(&public_key, bytes_of(message, n), &signature);
		if (got != edges[i].accepted) {
			printf("# %s (row %zu): we say %d\n", edges[i].name, i, got);
		}
		T_EQ(got, edges[i].accepted);
		accepted += got;
	}
	/* the table decides nothing if all its rows fall on one side */
	T_CHECK(accepted >= 80);
	T_CHECK(ARRAY_LEN(edges) - accepted >= 300);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "key pairs of the NEM project", key_pairs },
		{ "short private keys", short_private_keys },
		{ "signatures of NIS", nis_signatures },
		{ "edges of the rule against the reference", edges_of_the_rule },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
