/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - the Merkle tree of RFC 6962 section 2.1 over journal records, with salted leaves.
 *
 * leaf = SHA-256(0x00 || salt || record), node = SHA-256(0x01 || left || right), the empty tree is
 * SHA-256 of nothing.  salt = HMAC-SHA256(journal secret, sequence as u64 little-endian): nothing
 * to store, and who destroys the secret has made all published leaves mute (design.md 6).
 */
#ifndef KURAMORI_LOG_TREE_H
#define KURAMORI_LOG_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/sha256.h"
#include "log/record.h"

enum {
	LOG_TREE_LEVELS = 64,
	LOG_TREE_PROOF_MAX = 65, /* hashes of a consistency proof: one a level and one to start */
};

/* 32 random bytes per journal.  A secret: whoever holds one wipes it. */
struct log_secret {
	uint8_t b[32];
};

void log_secret_wipe(struct log_secret *s);

/* The compact range [0, size): node[k] is valid where bit k of size is set. */
struct log_tree {
	uint64_t size;
	struct hash32 node[LOG_TREE_LEVELS];
};

struct log_proof {
	size_t n;
	struct hash32 hash[LOG_TREE_PROOF_MAX];
};

/* Gives the leaf hash at index.  Any error ends the generation and is handed through. */
typedef enum err (*log_tree_leaf_at)(void *context, uint64_t index, struct hash32 *out);

/* SHA-256(0x00 || data): a leaf of any tree of RFC 6962. */
void log_tree_leaf(struct hash32 *out, struct bytes data);

/* The secret made ready to salt many records; wipe it (crypto_wipe). */
void log_tree_salt_key(struct hmac_sha256_key *out, const struct log_secret *secret);

/* The salt of the record with this sequence number (first record of a journal: 0). */
void log_tree_salt(struct hash32 *out, struct hmac_sha256_key *key, uint64_t sequence);

/* The leaf of a record under its salt: what a receipt discloses, and what its reader recomputes. */
void log_tree_salted_leaf(struct hash32 *out, const struct hash32 *salt,
			  const uint8_t record[LOG_RECORD_BYTES]);

void log_tree_init(struct log_tree *t);

/* Appends one leaf hash.  Dies at 2^63 leaves. */
void log_tree_append(struct log_tree *t, const struct hash32 *leaf);

/*
 * Appends the salted leaves of count records of LOG_RECORD_BYTES that stand one after another, the
 * first of which has this sequence number.
 */
void log_tree_extend(struct log_tree *t, const uint8_t *records, size_t count, uint64_t first,
		     const struct log_secret *secret);

/* The root over all leaves so far. */
void log_tree_root(struct hash32 *out, const struct log_tree *t);

/*
 * The inclusion proof of leaf index in the tree of the first size leaves (RFC 6962 2.1.1).  Asks
 * for each other leaf once, so O(size) calls.  ERR_INPUT if index >= size; else what leaf_at
 * returned.
 */
MUST_CHECK enum err log_tree_prove_inclusion(struct log_proof *out, uint64_t index, uint64_t size,
					     log_tree_leaf_at leaf_at, void *context);

/*
 * The consistency proof between the trees of the first old_size and the first new_size leaves
 * (RFC 6962 2.1.2); empty for equal sizes.  ERR_INPUT if old_size is 0 or above new_size.
 */
MUST_CHECK enum err log_tree_prove_consistency(struct log_proof *out, uint64_t old_size,
					       uint64_t new_size, log_tree_leaf_at leaf_at,
					       void *context);

/*
 * Verify (RFC 9162 2.1.3.2 and 2.1.4.2).  ERR_OK only for the exact proof: too long, too short,
 * other hashes, index >= size, old_size 0 or above new_size are all ERR_CORRUPT.
 */
MUST_CHECK enum err log_tree_verify_inclusion(const struct log_proof *proof, uint64_t index,
					      uint64_t size, const struct hash32 *leaf,
					      const struct hash32 *root);
MUST_CHECK enum err log_tree_verify_consistency(const struct log_proof *proof, uint64_t old_size,
						uint64_t new_size, const struct hash32 *old_root,
						const struct hash32 *new_root);

#endif
