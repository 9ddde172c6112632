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
