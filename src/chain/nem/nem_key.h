/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_key.h - a NEM private key as people hold it: hexadecimal, or derived from words
 * (nem.md 1.1, 1.3).  The bytes are in printed order; edk_secret_from_nem() takes them so.
 */
#ifndef KURAMORI_CHAIN_NEM_KEY_H
#define KURAMORI_CHAIN_NEM_KEY_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_address.h"

enum { NEM_KEY_BYTES = 32 };

/*
 * Reads 64 hexadecimal digits of either case, or 66 that begin with 00 (the sign byte Java prints
 * before a large integer).  Reading digits is not constant time.  The caller wipes out.
 * ERR_KEY: anything else; out untouched.
 */
MUST_CHECK enum err nem_key_parse(uint8_t out[NEM_KEY_BYTES], struct bytes text);

/*
 * The key at m/44'/coin'/account'/0'/0' of a seed (16..64 bytes): coin 43 on mainnet, 1 on testnet.
 * The caller wipes out.
 * ERR_NETWORK: another network.  ERR_INPUT: the seed's length.  ERR_FIELD_RANGE: account of 2^31
 * or more.  out is written only on ERR_OK.
 */
MUST_CHECK enum err nem_key_derive(uint8_t out[NEM_KEY_BYTES], struct bytes seed, uint8_t network,
				   uint32_t account);

/* What may be shown of a key: its public key and its address on the network. */
void nem_key_public(struct key32 *public_key, struct nem_address *address,
		    const uint8_t key[NEM_KEY_BYTES], uint8_t network);

#endif
