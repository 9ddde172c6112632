/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.h - a secret of up to 64 bytes under a passphrase, as a file of fixed size.
 *
 * Argon2id (RFC 9106, one lane) makes the key; XChaCha20-Poly1305 seals the secret with the whole
 * header as associated data.  Little endian:
 *
 *   offset size
 *        0    8  magic "KURASEAL"
 *        8    4  version, 1
 *       12    4  Argon2id passes
 *       16    4  Argon2id memory in KiB
 *       20   16  salt
 *       36   24  nonce
 *       60   68  sealed: length of the secret (4), secret, zeros up to 64
 *      128   16  tag
 *
 * The length of the secret does not show.  Argon2id allocates its memory and wipes and frees it
 * again: the signer calls seal_open() before its sandbox.
 */
#ifndef KURAMORI_CRYPTO_SEAL_H
#define KURAMORI_CRYPTO_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	SEAL_BYTES = 144,
	SEAL_SECRET_MAX = 64,
	SEAL_SALT_BYTES = 16,
	SEAL_NONCE_BYTES = 24,
	SEAL_VERSION = 1,
	SEAL_PASSPHRASE_MAX = 1024,
	SEAL_OPS_MIN = 1,
	SEAL_OPS_MAX = 10,
	SEAL_MEM_KIB_MIN = 8 * 1024,   /* 8 MiB */
	SEAL_MEM_KIB_MAX = 256 * 1024, /* 256 MiB */
};

/* What guessing one passphrase costs.  Stored in the file and bounded again on reading. */
struct seal_cost {
	uint32_t ops;     /* passes over the memory, SEAL_OPS_MIN..SEAL_OPS_MAX */
	uint32_t mem_kib; /* SEAL_MEM_KIB_MIN..SEAL_MEM_KIB_MAX */
};

/*
 * Seals secret (1..SEAL_SECRET_MAX bytes) under passphrase (1..SEAL_PASSPHRASE_MAX bytes).
 * salt and nonce: fresh random bytes, never used before.  Blocks while Argon2id runs (a second and
 * more at high cost).  crypto_init() comes first.
 * ERR_INPUT: a length out of range.  ERR_FIELD_RANGE: a cost out of range.  ERR_FULL: no memory
 * for Argon2id.  out is written only on ERR_OK.
 */
MUST_CHECK enum err seal_close(uint8_t out[SEAL_BYTES], struct bytes secret,
			       struct bytes passphrase, const struct seal_cost *cost,
			       const uint8_t salt[SEAL_SALT_BYTES],
			       const uint8_t nonce[SEAL_NONCE_BYTES]);

/*
 * Opens what seal_close() made: writes the secret to out, zeros behind it, and its length to
 * *out_n. The caller wipes out. ERR_INPUT: wrong size, magic, version, cost, or passphrase, or an
 * altered byte (not told apart). ERR_FULL: no memory for Argon2id.  out and *out_n are written only
 * on ERR_OK.
 */
MUST_CHECK enum err seal_open(uint8_t out[SEAL_SECRET_MAX], size_t *out_n, struct bytes file,
			      struct bytes passphrase);

/*
 * Two secrets of SEAL_PAIR_SECRET bytes, each under a passphrase of its own, in one file.  Whoever
 * knows one passphrase learns nothing of the other side, not even whether anybody knows its
 * passphrase: the file has always two sides, in an order that random bytes decide, and a side that
 * nobody is to open is one whose passphrase was random and is forgotten (docs/decisions/0040).
 * Either side opens only with the whole file as it was made: a random key that both sides hold
 * binds them, so nobody without a passphrase can spoil one side and leave the other one at work.
 *
 *   offset size
 *        0    8  magic "KURAPAIR"
 *        8    4  version, 1
 *       12    4  Argon2id passes
 *       16    4  Argon2id memory in KiB
 *       20   16  salt, of both sides
 *       36   24  nonce of the first side
 *       60  104  its secret and the key that binds (32), sealed
 *      164   16  tag
 *      180  144  the second side likewise
 *      324   32  HMAC-SHA-256 of all that stands before, under the key that binds
 */
enum {
	SEAL_PAIR_SECRET = 72,
	SEAL_PAIR_BIND = 32,
	SEAL_PAIR_BYTES = 356,
	SEAL_PAIR_RANDOM = SEAL_SALT_BYTES + 2 * SEAL_NONCE_BYTES + SEAL_PAIR_BIND + 1,
};

struct seal_side {
	const uint8_t *secret; /* SEAL_PAIR_SECRET bytes */
	struct bytes passphrase;
};

/*
 * Seals both.  random: fresh bytes, never used before.  Argon2id runs twice, whatever the
 * passphrases are.  As seal_close(); ERR_MISMATCH too: twice the same passphrase.
 */
MUST_CHECK enum err seal_pair_close(uint8_t out[SEAL_PAIR_BYTES], const struct seal_side side[2],
				    const struct seal_cost *cost,
				    const uint8_t random[SEAL_PAIR_RANDOM]);

/*
 * Opens the side of this passphrase: Argon2id once, then both sides are tried, and which one it was
 * neither shows in time nor is told.  As seal_open().
 */
MUST_CHECK enum err seal_pair_open(uint8_t out[SEAL_PAIR_SECRET], struct bytes file,
				   struct bytes passphrase);

#endif
