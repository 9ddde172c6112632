/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns_feed.h - rows of files into a column store: rows of one height become a block, a block
 * that is there already is compared and not appended again, everything that is appended is
 * committed now and then, and a row that cannot be leaves the store as it was before its block.
 *
 * A block's hash in the store is the SHA-256 of its rows, so "ingest again" finds out whether the
 * file still says the same.
 */
#ifndef KURAMORI_STORE_COLUMNS_FEED_H
#define KURAMORI_STORE_COLUMNS_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "ingest/transfer.h"
#include "store/columns.h"

enum { COLUMNS_FEED_COMMIT = 1 << 21 }; /* events between two commits */

struct columns_feed_counts {
	uint64_t rows;   /* taken, with those that were there */
	uint64_t known;  /* of blocks that the store had */
	uint64_t zeros;  /* amounts of 0: they move nothing and are left out */
	uint64_t selves; /* from an account to itself: they stand in the store */
	uint64_t blocks; /* appended */
};

struct columns_feed;

/* c outlives it.  ERR_FULL: no memory.  Freed once. */
MUST_CHECK enum err columns_feed_new(struct columns_feed **out, struct columns *c);
void columns_feed_free(struct columns_feed *f);

/*
 * One row.  Heights and times must not go back.  line: for *bad_line.
 * ERR_FIELD_RANGE: height or time goes back; ERR_EXISTS: a transaction's id or a leg's index again;
 * ERR_MISMATCH: the store has other rows at this height; ERR_FUNDS, ERR_OVERFLOW, ERR_LIMIT:
 * columns_append(); ERR_NOT_FOUND: spends an output that nobody made; ERR_AMOUNT: a transaction
 * gives more than it takes; ERR_STATE: a block with fees and no coinbase; ERR_CORRUPT, ERR_IO,
 * ERR_FULL.  *fault says what, *bad_line which row (of a block: maybe an earlier one).  Everything
 * before that row's block is committed then, and the feed must be freed.
 */
MUST_CHECK enum err columns_feed_transfer(struct columns_feed *f, const struct ingest_transfer *t,
					  uint64_t line, uint64_t *bad_line,
					  struct columns_fault *fault);
MUST_CHECK enum err columns_feed_utxo(struct columns_feed *f, const struct ingest_utxo_tx *t,
				      uint64_t line, uint64_t *bad_line,
				      struct columns_fault *fault);
/* The last block, and a commit. */
MUST_CHECK enum err columns_feed_end(struct columns_feed *f, uint64_t *bad_line,
				     struct columns_fault *fault);

const struct columns_feed_counts *columns_feed_counts(const struct columns_feed *f);

#endif
