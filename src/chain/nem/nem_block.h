/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_block.h - blocks: encode, decode, hash, sign, verify (nem.md 2.9; C:model/Block.java).
 *
 * A block is kept as the bytes of its signed form; a struct nem_block is a view of them.  Its hash
 * is nowhere in it and is always computed.
 */
#ifndef KURAMORI_CHAIN_NEM_BLOCK_H
#define KURAMORI_CHAIN_NEM_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_tx.h"
#include "crypto/edk.h"

enum {
	NEM_BLOCK_WEIGHT_MAX = 120,   /* transactions, counting inner ones and cosignatures */
	NEM_BLOCK_NEMESIS_MAX = 1400, /* of block 1, which NIS does not limit (nem.md 1.2: 1353) */
	NEM_BLOCK_HEADER_BYTES = 168, /* signed form without transactions */
	/* Largest: 120 transfers with a full message and every mosaic (about 3.4 KB each). */
	NEM_BLOCK_BYTES_MAX = 420000,
};

enum nem_block_type { NEM_BLOCK_NORMAL = 1, NEM_BLOCK_NEMESIS = -1 };

struct nem_block_head {
	enum nem_block_type type;
	uint8_t network;
	uint32_t time_nem_s;
	uint64_t height; /* 1..2^63-1 */
	struct key32 harvester;
	struct hash32 previous;
};

/* A view: transactions borrows from the bytes that were decoded. */
struct nem_block {
	struct nem_block_head head;
	struct sig64 signature;
	uint32_t n;                /* transactions */
	unsigned weight;           /* 0..NEM_BLOCK_WEIGHT_MAX; block 1: ..NEM_BLOCK_NEMESIS_MAX */
	struct bytes transactions; /* n times u32 length and signed form */
};

/*
 * Reads a block in its signed form, all of raw, and every transaction in it (strictly, as
 * nem_tx_decode()).  Signatures are not verified.
 * ERR_INPUT (lengths), ERR_TOO_LARGE (bytes, weight), ERR_TYPE, ERR_VERSION, ERR_NETWORK,
 * ERR_FIELD_RANGE (time, height), and the errors of nem_tx_decode().  Nothing written on failure.
 */
MUST_CHECK enum err nem_block_decode(struct nem_block *out, uint8_t network, struct bytes raw);

/* Walks the transactions without copying them. */
struct nem_block_walk {
	struct reader at;
	uint32_t left;
	uint32_t index; /* of the transaction that was given last, from 0 */
};

struct nem_block_walk nem_block_walk_make(const struct nem_block *block);
/* The next transaction's signed form; false at the end. */
bool nem_block_walk_next(struct nem_block_walk *walk, struct bytes *signed_form);
/* The same, decoded: dies on bytes that nem_block_decode() had not accepted. */
bool nem_block_walk_decode(struct nem_block_walk *walk, struct nem_tx *tx);

/*
 * Builds a block step by step in the caller's buffer (NEM_BLOCK_BYTES_MAX suffices).
 *   nem_block_build_start, nem_block_build_add for each transaction, nem_block_build_sign.
 */
struct nem_block_build {
	struct writer w;
	struct nem_block_head head;
	uint32_t n;
	unsigned weight;
};

/* ERR_NETWORK, ERR_FIELD_RANGE (time, height), ERR_FULL (buffer). */
MUST_CHECK enum err nem_block_build_start(struct nem_block_build *build, uint8_t *buffer,
					  size_t buffer_bytes, const struct nem_block_head *head);
/* ERR_FULL (weight or buffer; nothing added), ERR_NETWORK, or an error of nem_tx_check(). */
MUST_CHECK enum err nem_block_build_add(struct nem_block_build *build, const struct nem_tx *tx);
/* Signs and gives the signed form (in the caller's buffer).  ERR_KEY, ERR_SIGNATURE. */
MUST_CHECK enum err nem_block_build_sign(struct nem_block_build *build,
					 const struct edk_secret *harvester,
					 struct bytes *signed_form);
/* Puts in a signature that was made elsewhere (JSON).  Not verified. */
void nem_block_build_finish(struct nem_block_build *build, const struct sig64 *signature,
			    struct bytes *signed_form);

/* Keccak-256 of the block without its signature. */
void nem_block_hash(struct hash32 *out, const struct nem_block *block);

/* The harvester's signature.  ERR_SIGNATURE. */
MUST_CHECK enum err nem_block_verify(const struct nem_block *block);
/* The harvester's and every transaction's and cosignature's.  ERR_SIGNATURE. */
MUST_CHECK enum err nem_block_verify_all(const struct nem_block *block);

#endif
