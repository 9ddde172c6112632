/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_network.h - the networks of NEM (nem.md 1.2; C:model/NetworkInfos.java).
 *
 * The network byte is the only chain id that NEM has: what is signed for a private network with
 * byte 0x98 is valid on the public test network too (nem.md 2.2).  Throw-away keys in development.
 */
#ifndef KURAMORI_CHAIN_NEM_NETWORK_H
#define KURAMORI_CHAIN_NEM_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	NEM_NETWORK_MAIN = 0x68,
	NEM_NETWORK_TEST = 0x98,
	NEM_NETWORK_MIJIN = 0x60,
};

/* True for the three bytes above. */
bool nem_network_known(uint8_t network);

/* "mainnet", "testnet", "mijin"; NULL for another byte.  Static storage. */
const char *nem_network_name(uint8_t network);

/*
 * Hash of block 1 of the main network (nem.md 1.2); NULL for all others: test networks are begun
 * anew.  Static storage.
 */
const struct hash32 *nem_network_block1(uint8_t network);

/*
 * Who signed the nemesis block; NULL for the test network, which was begun anew, and unknown bytes.
 * Static storage.
 */
const struct key32 *nem_network_nemesis(uint8_t network);

/*
 * The 32-bit version field: entity version in the low byte, network in the high one.  In JSON it
 * is written as a signed integer: (int32_t)nem_network_version(...).
 */
uint32_t nem_network_version(uint8_t network, uint8_t entity_version);

/*
 * Splits a version field.  ERR_FIELD_RANGE if one of the middle bytes is not zero or the entity
 * version is zero; the network byte is not judged here.
 */
MUST_CHECK enum err nem_network_split(uint8_t *network, uint8_t *entity_version, uint32_t version);

#endif
