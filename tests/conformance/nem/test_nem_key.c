/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: words and private keys lead to the accounts other NEM wallets would open.
 *
 * Method: the HD vectors of the NEM project; the example of nem.md 1.3; texts that are no key.
 */
#include "base/hex.h"
#include "chain/nem/nem_key.h"
#include "chain/nem/nem_network.h"
#include "crypto/bip39.h"
#include "crypto/crypto.h"
#include "t.h"

static const struct {
	const char *text, *passphrase, *seed;
	uint8_t network;
	uint32_t account;
	const char *public_key;
} rows[] = {

#include "nem_hd.inc"
};

static void vectors(void)
{
	T_EQ(ARRAY_LEN(rows), 144);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t seed[64], want_seed[64], want[32], key[32];
		struct key32 got;
		struct nem_address address;

		T_EQ(hex_get(want_seed, 64, bytes_str(rows[i].seed), HEX_LOWER_ONLY), ERR_OK);
		T_EQ(hex_get(want, 32, bytes_str(rows[i].public_key), HEX_LOWER_ONLY), ERR_OK);
		T_EQ(bip39_seed(seed, bytes_str(rows[i].text), bytes_str(rows[i].passphrase)),
		     ERR_OK);
		T_MEM(seed, want_seed, 64);
		T_EQ(nem_key_derive(key, bytes_of(seed, 64), rows[i].network, rows[i].account),
		     ERR_OK);
		nem_key_public(&got, &address, key, rows[i].network);
		T_MEM(got.b, want, 32);
		T_EQ(nem_address_network(&address), rows[i].network);
	}
}

#define KEY "575DBB3062267EFF57C970A336EBBC8FBCFE12C5BD3ED7BC11EB0481D7704CED"

static void texts(void)
{
	static const char *const bad[] = { "",         "00",     "01" KEY, "0" KEY, KEY "00",
					   "0000" KEY, "0x" KEY, " " KEY,  KEY "\n" };
	uint8_t key[32], before[32], seed[64] = { 0 };
	struct key32 public_key;
	struct nem_address address;

	T_EQ(nem_key_parse(key, bytes_str(KEY)), ERR_OK);
	nem_key_public(&public_key, &address, key, NEM_NETWORK_MAIN);
	T_STR(address.text, "NDD2CT6LQLIYQ56KIXI3ENTM6EK3D44P5JFXJ4R4");
	memcpy(before, key, 32);
	memset(key, 0, 32);
	T_EQ(nem_key_parse(key, bytes_str("00" KEY)), ERR_OK);
	T_MEM(key, before, 32);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_EQ(nem_key_parse(key, bytes_str(bad[i])), ERR_KEY);
	}
	T_EQ(nem_key_derive(key, bytes_of(seed, 64), 0x60, 0), ERR_NETWORK);
	T_EQ(nem_key_derive(key, bytes_of(seed, 64), NEM_NETWORK_TEST, 0x80000000U),
	     ERR_FIELD_RANGE);
	T_EQ(nem_key_derive(key, bytes_of(seed, 15), NEM_NETWORK_TEST, 0), ERR_INPUT);
	T_MEM(key, before, 32);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = { { "vectors", vectors }, { "texts", texts } };

	return crypto_init() == ERR_OK ? t_main(cases, ARRAY_LEN(cases), argc, argv) : 1;
}
