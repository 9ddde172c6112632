/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_address.h - NEM addresses (nem.md 1.2; C:model/Address.java): base32 of network byte,
 * RIPEMD-160 of Keccak-256 of the public key, and four bytes of Keccak-256 as checksum.
 */
#ifndef KURAMORI_CHAIN_NEM_ADDRESS_H
#define KURAMORI_CHAIN_NEM_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum { NEM_ADDRESS_CHARS = 40 };

/* 40 characters of A-Z2-7 and a NUL: always a valid address of its network, or all zero (none). */
struct nem_address {
	char text[NEM_ADDRESS_CHARS + 1];
};

/* The address of a public key.  Any 32 bytes have one. */
void nem_address_from_key(struct nem_address *out, const struct key32 *public_key, uint8_t network);

/*
 * An address in its one spelling: 40 characters, upper case, no hyphens, of this network.
 * ERR_ADDRESS: empty, length, hyphens, lower case, a character outside base32, checksum.
 * ERR_NETWORK: a valid address of another network, or a network byte that is not known.
 * *why (may be NULL) names the reason in words, each reason its own; static storage; untouched on
 * ERR_OK.
 */
MUST_CHECK enum err nem_address_parse(struct nem_address *out, uint8_t network, struct bytes text,
				      const char **why);

/* The address in a struct that somebody else filled in: ERR_ADDRESS, ERR_NETWORK, as above. */
MUST_CHECK enum err nem_address_check(const struct nem_address *a, uint8_t network);

/*
 * What a person typed or pasted: hyphens and blanks removed, lower case raised, then as above.
 * Never used on what arrives from a program.  Errors as nem_address_parse().
 */
MUST_CHECK enum err nem_address_normalise(struct nem_address *out, uint8_t network,
					  struct bytes text, const char **why);

/* The network byte of a valid address. */
uint8_t nem_address_network(const struct nem_address *a);

bool nem_address_eq(const struct nem_address *a, const struct nem_address *b);
/* Order of the printed strings (ASCII): the canonical order of NIS (nem.md 2.6). */
int nem_address_cmp(const struct nem_address *a, const struct nem_address *b);
struct bytes nem_address_bytes(const struct nem_address *a);

#endif
