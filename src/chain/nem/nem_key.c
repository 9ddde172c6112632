/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_key.h"

#include "base/hex.h"
#include "chain/nem/nem_network.h"
#include "crypto/crypto.h"
#include "crypto/edk.h"
#include "crypto/hd.h"

enum { DIGITS = 2 * NEM_KEY_BYTES, PURPOSE = 44, COIN_MAIN = 43, COIN_TEST = 1 };

enum err nem_key_parse(uint8_t out[NEM_KEY_BYTES], struct bytes text)
{
	if (text.n == DIGITS + 2 && text.p[0] == '0' && text.p[1] == '0') {
		text = bytes_of(text.p + 2, DIGITS);
	}
	return hex_get(out, NEM_KEY_BYTES, text, HEX_ANY_CASE) == ERR_OK ? ERR_OK : ERR_KEY;
}

enum err nem_key_derive(uint8_t out[NEM_KEY_BYTES], struct bytes seed, uint8_t network,
			uint32_t account)
{
	const uint32_t coin = network == NEM_NETWORK_MAIN ? COIN_MAIN : COIN_TEST;
	const uint32_t path[] = { PURPOSE, coin, account, 0, 0 };
	struct hd_node node;
	enum err e;

	if (network != NEM_NETWORK_MAIN && network != NEM_NETWORK_TEST) {
		return ERR_NETWORK;
	}
	e = hd_root(&node, seed);
	if (e != ERR_OK) {
		return e;
	}
	for (size_t i = 0; i < ARRAY_LEN(path) && e == ERR_OK; i++) {
		e = hd_child(&node, &node, path[i]);
	}
	/* The node's bytes are the hash's input, and NEM reverses what it prints. */
	for (size_t i = 0; i < NEM_KEY_BYTES && e == ERR_OK; i++) {
		out[i] = node.key[NEM_KEY_BYTES - 1 - i];
	}
	hd_wipe(&node);
	return e;
}

void nem_key_public(struct key32 *public_key, struct nem_address *address,
		    const uint8_t key[NEM_KEY_BYTES], uint8_t network)
{
	struct edk_secret secret;

	edk_secret_from_nem(&secret, key);
	*public_key = secret.public_key;
	edk_secret_wipe(&secret);
	nem_address_from_key(address, public_key, network);
}
