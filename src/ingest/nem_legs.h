/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_legs.h - every movement of value in a NEM block, in the order of NIS (trace.md A.1;
 * C:model/Transaction.java, N:chain/BlockExecutor.java): for each transaction the fees of its
 * cosignatures, what it moves (nem:xem first, each mosaic followed by its levy), the inner fee, the
 * outer fee; and when the block is done all its fees to who made it.
 *
 * Until then fees lie with the special account "fees", as NIS gives them to the harvester after the
 * block's last transaction: he cannot spend them inside of the block, and they are traced like any
 * coin.  A multisig account pays everything.
 *
 * A mosaic that is born anew (its namespace got another owner, or its terms changed) is another
 * asset: "space:name@HEIGHT"; what was held of the old one stays where it lay.
 *
 * What a block means depends on earlier ones: definitions, rentals, delegations.  The blocks that
 * have such are *facts*, which the caller keeps and feeds in again (ingest_nem_fact()) when it goes
 * on later or after blocks were taken back.
 *
 * No I/O.  Allocates.
 */
#ifndef KURAMORI_INGEST_NEM_LEGS_H
#define KURAMORI_INGEST_NEM_LEGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_block.h"

enum { INGEST_NEM_ASSET_MAX = NEM_MOSAIC_ID_MAX + 1 + 20 };

enum ingest_nem_end {
	INGEST_NEM_ACCOUNT, /* the address beside it */
	INGEST_NEM_MADE,    /* of a sender: newly made */
	INGEST_NEM_GONE,    /* of a receiver: destroyed */
	INGEST_NEM_FEES,    /* the fees of this block */
};

struct ingest_nem_leg {
	enum ingest_nem_end from_end, to_end;
	struct nem_address from, to;
	uint64_t amount;   /* > 0, smallest units */
	const char *asset; /* "nem:xem", ...; borrowed during the call */
	struct hash32 tx;  /* of the outermost transaction; of fees to the harvester: the block's */
};

struct ingest_nem;

/* ERR_FULL: no memory. */
MUST_CHECK enum err ingest_nem_new(struct ingest_nem **out, uint8_t network);
void ingest_nem_free(struct ingest_nem *n);

/* True if a block has something that later blocks depend on. */
bool ingest_nem_is_fact(const struct nem_block *block);
/* A block of which only what later ones depend on is taken.  ERR_FULL; ERR_STATE: it cannot stand
 * behind those before it. */
MUST_CHECK enum err ingest_nem_fact(struct ingest_nem *n, const struct nem_block *block);

/*
 * All legs of a block, in order; emit may refuse one with an error, which is then returned.  The
 * block was decoded by nem_block_decode() and passed nem_follow_offer().  harvester: who got the
 * fees (the block's signer, or who lent it the importance).
 * ERR_ASSET: a mosaic that nobody defined; ERR_OVERFLOW, ERR_AMOUNT: amounts that no node takes;
 * ERR_FULL; ERR_STATE.  *n is as after the block only on ERR_OK; on error it must be made anew.
 */
MUST_CHECK enum err ingest_nem_block(struct ingest_nem *n, const struct nem_block *block,
				     enum err (*emit)(void *ctx, const struct ingest_nem_leg *leg),
				     void *ctx, struct nem_address *harvester);

/* The asset that this mosaic is now; NULL: nobody has defined it, or not under the present owner of
 * its namespace.  Borrowed until the next block. */
const char *ingest_nem_asset(const struct ingest_nem *n, const struct nem_mosaic_id *id);

#endif
