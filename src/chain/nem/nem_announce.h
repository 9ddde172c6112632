/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_announce.h - what became of an announced transaction (nem.md 5.4).  No I/O.
 *
 * A node's reply proves nothing: it is HTTP 200 also for a failure, a failure is answered from
 * memory for ten minutes though its reason is gone, and NEUTRAL says only that the hash is known.
 * The chain decides: a block that k nodes agree on (nem_nodes.h) and that proved itself
 * (nem_follow.h) holds these very bytes, or it does not.
 */
#ifndef KURAMORI_CHAIN_NEM_ANNOUNCE_H
#define KURAMORI_CHAIN_NEM_ANNOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_follow.h"
#include "chain/nem/nem_nodes.h"
#include "chain/nem/nem_result.h"
#include "chain/nem/nem_tx.h"

enum nem_announce_state {
	NEM_ANNOUNCE_OPEN = 1,  /* no node is known to have it; refused is open too */
	NEM_ANNOUNCE_ACCEPTED,  /* a node said SUCCESS or NEUTRAL */
	NEM_ANNOUNCE_CONFIRMED, /* in an agreed block */
	NEM_ANNOUNCE_BURIED,    /* and 360 blocks above it: final */
	NEM_ANNOUNCE_EXPIRED,   /* an agreed block is beyond the deadline, it is in none: may return
				 */
	NEM_ANNOUNCE_DEAD,      /* and 360 blocks above that one: it can never confirm */
};

/* Caller's storage, about 2.5 KB, no pointers inside. */
struct nem_announce {
	uint8_t form[NEM_ANNOUNCE_BYTES_MAX]; /* signing form */
	uint32_t form_bytes;
	struct hash32 hash;
	uint32_t deadline_nem_s;
	uint32_t n;
	bool said[NEM_NODES_MAX]; /* node i gave a result, */
	enum nem_result result[NEM_NODES_MAX];
	uint64_t scanned;     /* every block to this height was given */
	uint64_t in_height;   /* 0: in none */
	uint64_t past_height; /* the first block beyond the deadline; 0: none yet */
};

/*
 * agreed_height: the agreed tip before the first announcement; blocks are counted from the one
 * above it.  tx passes nem_tx_check() (dies otherwise).  Dies unless 1 <= n <= NEM_NODES_MAX.
 * ERR_TOO_LARGE: no node would read it whole.
 */
MUST_CHECK enum err nem_announce_init(struct nem_announce *a, const struct nem_tx *tx, uint32_t n,
				      uint64_t agreed_height);

/* The bytes to sign are the same: content, never a stated hash.  False for a tx that does not pass
 * nem_tx_check(). */
bool nem_announce_is(const struct nem_announce *a, const struct nem_tx *tx);

/* Node i's reply.  hash NULL: it stated none.  ERR_MISMATCH: it speaks of another transaction. */
MUST_CHECK enum err nem_announce_result(struct nem_announce *a, uint32_t i, enum nem_result result,
					const struct hash32 *hash);

/*
 * The next agreed block, which nem_follow_offer() has taken.
 * ERR_STATE: not the one above `scanned`, so that one could be missed.  ERR_CLOCK: the transaction
 * is in it though it had expired.  ERR_ONCE: it is in a second block.  a is unchanged on error.
 */
MUST_CHECK enum err nem_announce_block(struct nem_announce *a, const struct nem_block *block);

/*
 * Blocks above the ancestor were undone; they are given again as they come.
 * ERR_STATE: the ancestor is more than 360 below what was given: a person must look.
 */
MUST_CHECK enum err nem_announce_undo(struct nem_announce *a, uint64_t ancestor_height);

/*
 * DEAD is about these bytes only: any cosigner can put an inner transaction into a new wrapper, so
 * a multisig payment is dead when its account is emptied and closed (nem.md 3.4, 6).
 */
enum nem_announce_state nem_announce_state(const struct nem_announce *a);

#endif
