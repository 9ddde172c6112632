/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_network.h"

#include <stddef.h>

bool nem_network_known(uint8_t network)
{
	return nem_network_name(network) != NULL;
}

const char *nem_network_name(uint8_t network)
{
	switch (network) {
	case NEM_NETWORK_MAIN:
		return "mainnet";
	case NEM_NETWORK_TEST:
		return "testnet";
	case NEM_NETWORK_MIJIN:
		return "mijin";
	}
	return NULL;
}

/* C:model/NetworkInfos.java */
static const struct key32 nemesis_main = { { 0x8d, 0x07, 0xf9, 0x0f, 0xb4, 0xbb, 0xe7, 0x71,
					     0x5f, 0xa3, 0x27, 0xc9, 0x26, 0x77, 0x01, 0x66,
					     0xa1, 0x1b, 0xe2, 0xe4, 0x94, 0xa9, 0x70, 0x60,
					     0x5f, 0x2e, 0x12, 0x55, 0x7f, 0x66, 0xc9, 0xb9 } };
static const struct key32 nemesis_mijin = { { 0x57, 0xb4, 0x83, 0x2d, 0x92, 0x32, 0xee, 0x41,
					      0x0e, 0x93, 0xd5, 0x95, 0x20, 0x7c, 0xff, 0xc2,
					      0xb9, 0xe9, 0xc5, 0x00, 0x24, 0x72, 0xc4, 0xb0,
					      0xbb, 0x3b, 0xb1, 0x0a, 0x4c, 0xe1, 0x52, 0xe3 } };

const struct key32 *nem_network_nemesis(uint8_t network)
{
	switch (network) {
	case NEM_NETWORK_MAIN:
		return &nemesis_main;
	case NEM_NETWORK_MIJIN:
		return &nemesis_mijin;
	}
	return NULL;
}

/* The hash of its block as the reference computes it. */
static const struct hash32 block1_main = { { 0x43, 0x8c, 0xf6, 0x37, 0x5d, 0xab, 0x5a, 0x0d,
					     0x32, 0xf9, 0xb7, 0xbf, 0x15, 0x1d, 0x45, 0x39,
					     0xe0, 0x0a, 0x59, 0x0f, 0x7c, 0x02, 0x2d, 0x55,
					     0x72, 0xc7, 0xd4, 0x18, 0x15, 0xa2, 0x4b, 0xe4 } };

const struct hash32 *nem_network_block1(uint8_t network)
{
	return network == NEM_NETWORK_MAIN ? &block1_main : NULL;
}

uint32_t nem_network_version(uint8_t network, uint8_t entity_version)
{
	return (uint32_t)network << 24 | entity_version;
}

enum err nem_network_split(uint8_t *network, uint8_t *entity_version, uint32_t version)
{
	if ((version & 0x00ffff00u) != 0 || (version & 0xffu) == 0) {
		return ERR_FIELD_RANGE;
	}
	*network = (uint8_t)(version >> 24);
	*entity_version = (uint8_t)(version & 0xffu);
	return ERR_OK;
}
