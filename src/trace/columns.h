/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns.h - what moved on one chain in one asset, as columns, and who held how much before.
 *
 * An event moves units from one account to another.  Beside the amount stand three numbers that
 * depend on the chain alone: the sender's balance before, all that ever left the sender before, and
 * all that ever came to the receiver before.  With them an event whose sender holds no stolen coin
 * changes nothing in any tracing rule and need not be looked at (docs/trace.md, "Clean sender").
 *
 * For every account, always: balance = all in - all out.  Accounts are dense numbers below
 * accounts_n that the caller gives; two are reserved.
 *
 * UTXO chains: each outpoint is an account and each transaction is an account, which its inputs
 * fill in order and its outputs empty in order, the fee last, to the account of the block's
 * coinbase transaction.  Coinbases are filled by ISSUANCE first, then by the fees.
 */
#ifndef KURAMORI_TRACE_COLUMNS_H
#define KURAMORI_TRACE_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

enum {
	/* Where coins come from: genesis, coinbase, a supply change up.  Never receives. */
	TRACE_ISSUANCE = 0,
	/* Where coins end: a supply change down, fees that nobody gets.  Never sends. */
	TRACE_DESTROYED = 1,
	TRACE_ACCOUNTS_RESERVED = 2,
};

/* Events, blocks and accounts are counted in 32 bits; none of them reaches this number. */
#define TRACE_COUNT_MAX UINT32_MAX

/*
 * A view: borrowed from a builder or a store.  Each array has n entries; amounts are smallest units
 * of one asset.  Event i moves amount[i] > 0 from from[i] to to[i]; self-transfers are events.
 */
struct trace_columns {
	size_t n;
	const uint32_t *from;
	const uint32_t *to;
	const uint64_t *amount;
	const uint64_t
	    *balance;        /* of the sender before the event; 0 and not looked at for ISSUANCE */
	const uint64_t *out; /* all that had left the sender before the event */
	const uint64_t *in;  /* all that had come to the receiver before the event */
	const uint32_t *tx;  /* the transaction that the event is a leg of; legs are neighbours */
	size_t accounts_n;   /* every from and to is below; at least TRACE_ACCOUNTS_RESERVED */
};

/* Blocks in order: block k has the events from its first up to, not with, the next block's. */
struct trace_block {
	uint64_t height; /* rises from block to block, not always by one */
	uint64_t time_s; /* the chain's own seconds; may step back where the chain allows it */
	uint64_t first;  /* index of its first event; may equal the next block's (no events) */
};

/* Columns in memory that grow at the end: for tests, for following a node, for ingest. */
struct trace_columns_builder {
	uint32_t *from, *to, *tx;
	uint64_t *amount, *balance, *out, *in;
	size_t n, cap;
	struct trace_block *blocks;
	size_t blocks_n, blocks_cap;
	uint64_t *total_in, *total_out; /* of each account, after the last event */
	size_t accounts_n, accounts_cap;
};

/*
 * An empty builder with the two reserved accounts; the caller frees it once.  A zeroed one may be
 * freed too.  ERR_FULL: no memory.
 */
MUST_CHECK enum err trace_columns_builder_init(struct trace_columns_builder *b);
void trace_columns_builder_free(struct trace_columns_builder *b);

/*
 * Makes accounts 0 .. n-1 known, with nothing; fewer than are known already changes nothing.
 * ERR_OVERFLOW: above TRACE_COUNT_MAX.  ERR_FULL: no memory.  Unchanged on error.
 */
MUST_CHECK enum err trace_columns_builder_accounts(struct trace_columns_builder *b, size_t n);

/*
 * Begins a block.  ERR_INPUT: height not above the last block's.  ERR_OVERFLOW: too many blocks.
 * ERR_FULL: no memory.  Unchanged on error.
 */
MUST_CHECK enum err trace_columns_builder_block(struct trace_columns_builder *b, uint64_t height,
						uint64_t time_s);

/*
 * Appends one event to the last block.  Unchanged on error:
 *   ERR_STATE      no block has begun
 *   ERR_NOT_FOUND  an account that is not known
 *   ERR_TYPE       to ISSUANCE, or from DESTROYED
 *   ERR_AMOUNT     zero
 *   ERR_FUNDS      more than the sender holds (not asked of ISSUANCE)
 *   ERR_OVERFLOW   all in or all out of an account beyond 64 bits, or too many events
 *   ERR_FULL       no memory
 */
MUST_CHECK enum err trace_columns_builder_event(struct trace_columns_builder *b, uint32_t from,
						uint32_t to, uint64_t amount, uint32_t tx);

/*
 * Takes back the last block with its events (a rollback of the chain).  Accounts stay known.
 * ERR_STATE: there is none.
 */
MUST_CHECK enum err trace_columns_builder_undo_block(struct trace_columns_builder *b);

/* The columns as they are now.  The view dies with the next append and with the builder. */
struct trace_columns trace_columns_builder_view(const struct trace_columns_builder *b);

/* What the account holds after the last event.  Dies on an unknown account. */
uint64_t trace_columns_builder_balance(const struct trace_columns_builder *b, uint32_t account);

/* What stands in the account before event `index`, and how it got there. */
struct trace_account {
	uint64_t in;      /* all that had come */
	uint64_t out;     /* all that had left */
	uint64_t balance; /* in - out */
};

/*
 * An account just before event `index` (c->n: after the last), read from the columns by looking
 * back for its last inflow and outflow: as long as the account was idle, at worst the whole
 * column.  Dies on index > c->n or an unknown account.
 */
struct trace_account trace_columns_account(const struct trace_columns *c, uint32_t account,
					   size_t index);

#endif
