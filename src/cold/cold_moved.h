/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_moved.h - what the bytes of a move do, read from nothing but the bytes.
 *
 * The one form that a cold machine signs: a multisig wrapper around a transfer of XEM without
 * message, and its cosignatures (nem.md 2.2-2.4).  It shares nothing with what wrote them
 * (chain/nem/nem_wire.c): what a person is shown does not lean on the builder of what he signs.
 */
#ifndef KURAMORI_COLD_COLD_MOVED_H
#define KURAMORI_COLD_COLD_MOVED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

enum { COLD_MOVED_COSIGNERS_MAX = 32, COLD_MOVED_ADDRESS = 40 };

struct cold_moved {
	struct key32 account; /* which pays everything */
	char to[COLD_MOVED_ADDRESS + 1];
	uint64_t amount_micro;
	unsigned fees; /* in micro-XEM: of the transfer, of its wrapper, of each cosignature */
	uint64_t fee_micro[2 + COLD_MOVED_COSIGNERS_MAX];
};

/*
 * Reads all of `unit`, the signed form, as such a move on this network.  False: it is anything else
 * or cut short; *out is half filled then.  Neither signatures, hashes nor the address's checksum
 * are looked at.
 */
MUST_CHECK bool cold_moved_read(struct cold_moved *out, uint8_t network, struct bytes unit);

#endif
