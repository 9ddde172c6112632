/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hd.h"

#include <sodium.h>
#include <string.h>

#include "crypto/crypto.h"

#define CURVE "ed25519-keccak seed"

static void split(struct hd_node *out, crypto_auth_hmacsha512_state *s)
{
	uint8_t mac[64];

	(void)crypto_auth_hmacsha512_final(s, mac);
	memcpy(out->key, mac, 32);
	memcpy(out->chain, mac + 32, 32);
	crypto_wipe(mac, sizeof mac);
	crypto_wipe(s, sizeof *s);
}

enum err hd_root(struct hd_node *out, struct bytes seed)
{
	crypto_auth_hmacsha512_state s;

	if (seed.n < HD_SEED_MIN || seed.n > HD_SEED_MAX) {
		return ERR_INPUT;
	}
	(void)crypto_auth_hmacsha512_init(&s, (const uint8_t *)CURVE, sizeof CURVE - 1);
	(void)crypto_auth_hmacsha512_update(&s, seed.p, seed.n);
	split(out, &s);
	return ERR_OK;
}

enum err hd_child(struct hd_node *out, const struct hd_node *parent, uint32_t index)
{
	static const uint8_t zero = 0;
	crypto_auth_hmacsha512_state s;
	uint8_t number[4];

	if (index > 0x7fffffffU) {
		return ERR_FIELD_RANGE;
	}
	number[0] = (uint8_t)(0x80U | index >> 24);
	number[1] = (uint8_t)(index >> 16);
	number[2] = (uint8_t)(index >> 8);
	number[3] = (uint8_t)index;
	(void)crypto_auth_hmacsha512_init(&s, parent->chain, sizeof parent->chain);
	(void)crypto_auth_hmacsha512_update(&s, &zero, 1);
	(void)crypto_auth_hmacsha512_update(&s, parent->key, sizeof parent->key);
	(void)crypto_auth_hmacsha512_update(&s, number, sizeof number);
	split(out, &s);
	return ERR_OK;
}

void hd_wipe(struct hd_node *node)
{
	crypto_wipe(node, sizeof *node);
}
