/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_chain.h - what a chain is made of.  For the files of this module only.
 */
#ifndef KURAMORI_NIS_NIS_CHAIN_H
#define KURAMORI_NIS_NIS_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain/nem/nem_block.h"
#include "chain/nem/nem_tx.h"
#include "nis/nis.h"
#include "nis/nis_judge.h"
#include "nis/nis_map.h"
#include "nis/nis_score.h"
#include "nis/nis_state.h"

/* One root transaction that waits in a pool. */
struct nis_pool_entry {
	struct hash32 hash;
	uint8_t *bytes; /* verifiable form, ours; of a multisig its inner hash behind it */
	uint64_t fee;   /* its own */
	uint32_t bytes_n;
	uint32_t timestamp_s;
	uint32_t deadline_s;       /* the earliest of all its parts */
	uint32_t outer_deadline_s; /* its own */
	uint32_t debtor;
	bool has_inner;
};

/* A remembered answer (nem.md 5.4.2): code in the low, time in the high half. */
struct nis_pool {
	struct nis_pool_entry *entry; /* in order of arrival */
	size_t n, cap;
	struct nis_index by_hash; /* entries */
	struct nis_map parts;     /* entries by the hashes of inner transactions and cosignatures */
	struct nis_map results;
	size_t results_purge; /* forget the old ones when there are that many */
	size_t multisigs;     /* entries that are multisig */
	uint32_t earliest_s;  /* the least deadline of all entries; UINT32_MAX if there are none */
	struct nis_view view;
	uint64_t version;
};

/* A hash that stands in the chain; the same hash may stand there again (nem.md 3.4). */
struct nis_record {
	struct hash32 hash;
	uint32_t timestamp_s; /* of that part: what retention counts from */
	uint32_t row;         /* the root transaction that it came with */
	uint32_t before;      /* an earlier record of the same hash, or NIS_MAP_NONE */
};

/* A confirmed root transaction. */
struct nis_row {
	uint64_t id;
	uint32_t height;
	uint32_t offset, bytes_n; /* in the bytes of its block */
	uint32_t record; /* of its own hash; those of its parts follow, the inner's first */
};

enum {
	NIS_POSTING_IN = 1,
	NIS_POSTING_OUT = 2,
	NIS_POSTING_ALL = 3,
	NIS_POSTING_ACCOUNT_MAX = (1 << 30) - 1,
};

/* A row concerns an account; a chain from the newest to the oldest. */
struct nis_posting {
	uint32_t row;
	uint32_t before; /* or NIS_MAP_NONE */
	uint32_t account : 30;
	uint32_t flags : 2;
};

struct nis_link {
	uint8_t *bytes;
	size_t bytes_n;
	struct hash32 hash;
	uint32_t time_s;
	struct key32 harvester;
	uint32_t beneficiary; /* account */
	uint64_t fees;
	uint64_t difficulty;
	u128 score;               /* of the chain up to here */
	struct hash32 generation; /* what decides who may make the next block */
	unsigned transactions, weight;
	size_t first_row, first_record, first_posting;
	struct nis_undo undo; /* account NULL when it can no longer be undone */
};

struct nis {
	uint8_t network;
	unsigned pools;
	uint32_t retention_s, undo_blocks;
	bool result_cache, spam_filter;
	bool must_hit;
	unsigned planted;
	struct edk_secret harvester;
	struct key32 nemesis;
	uint32_t nemesis_account;
	uint64_t harvest_xem; /* what all accounts that may harvest have together, confirmed */
	struct nis_state state;
	struct nis_view scratch; /* of the block that is being judged */
	struct nis_link *link;   /* block of height h is link[h - 1] */
	size_t link_n, cap_link;
	struct nis_row *row;
	size_t row_n, cap_row;
	struct nis_record *record;
	size_t record_n, cap_record;
	struct nis_index record_of; /* hash to its newest record */
	struct nis_posting *posting;
	size_t posting_n, cap_posting;
	uint32_t *head; /* by account: newest posting + 1, 0 none */
	size_t cap_head;
	uint64_t next_id;
	struct nis_pool pool[NIS_POOLS_MAX];
	uint8_t *buffer; /* NEM_BLOCK_BYTES_MAX, for making blocks */
};

/* True if the hash stands in the chain and is not forgotten yet (nem.md 5.4.3, 6). */
bool nis_chain_retained(const struct nis *n, const struct hash32 *hash);
/* The newest record of a hash anywhere in the chain, or NIS_MAP_NONE. */
uint32_t nis_chain_record(const struct nis *n, const struct hash32 *hash);
/* The inner hash of a row that is a multisig, else NULL. */
const struct hash32 *nis_chain_inner(const struct nis *n, size_t row);

/* Hashes of a transaction's parts: its own, its inner's, its cosignatures'. */
struct nis_parts {
	struct hash32 hash[2 + NEM_COSIGNATURES_MAX];
	uint32_t timestamp_s[2 + NEM_COSIGNATURES_MAX];
	unsigned n;
	bool has_inner; /* hash[1] is the inner's */
};

void nis_chain_parts(struct nis_parts *out, const struct nem_tx *tx);

/*
 * Judges a decoded block (nem.md 6; N:BlockChainValidator.java,
 * N:validators/BlockValidatorFactory.java) and appends it if the answer is SUCCESS.  made_here: its
 * signatures are our own doing or were verified when they came into the pool.
 */
MUST_CHECK enum nem_result nis_chain_judge(struct nis *n, const struct nem_block *block,
					   struct bytes verifiable, uint32_t now_s, bool made_here);

/*
 * Appends a block that was judged, or block 1, whose execution stands in n->scratch.  What older
 * blocks need to be undone stays until nis_chain_settle().
 */
void nis_chain_append(struct nis *n, const struct nem_block *block, struct bytes verifiable,
		      uint64_t fees);

/* Forgets how to undo what is more than n->undo_blocks deep. */
void nis_chain_settle(struct nis *n);

/* Of the block after `height`, 1 <= height <= the top's. */
uint64_t nis_chain_difficulty(const struct nis *n, uint64_t height);

/*
 * What an account weighs in n->harvest_xem: its confirmed balance in whole XEM if that is enough to
 * harvest (nem.md 6), else 0.  The nemesis account weighs nothing: it may not harvest.
 */
uint64_t nis_chain_harvest_xem(const struct nis *n, uint32_t account,
			       const struct nis_holding *holding);

/* The share of NIS_IMPORTANCE_WHOLE that this account has at the top; NIS_MAP_NONE has none. */
uint64_t nis_chain_importance(const struct nis *n, uint32_t account);

/*
 * The remote links let this key harvest the next block
 * (N:validators/block/EligibleSignerBlockValidator.java), after what n->scratch has executed of it.
 */
bool nis_chain_may_harvest(const struct nis *n, const struct key32 *harvester);

/* Undoes the top block, which must still have what it needs for that. */
void nis_chain_undo(struct nis *n);

/*
 * All that NIS asks of one transaction that is to follow in a block what n->scratch has executed:
 * everything of nis_chain_judge() but signatures, duplicates and what concerns the block as a
 * whole.
 */
MUST_CHECK enum nem_result nis_chain_fits(struct nis *n, const struct nem_tx *tx, uint32_t now_s);

/*
 * N:validators/block/NoSelfSignedTransactionsBlockValidator.java: the harvester of the next block,
 * or who lends him his importance, signed it; what he has cosigned he may take.
 */
bool nis_chain_signed_by(const struct nis *n, const struct nem_tx *tx,
			 const struct key32 *harvester);

/*
 * The signatures of tx and of what is attached to it are good.  NIS rebuilds what it reads, with
 * the fee 0 if the nemesis account is the signer (C:model/Transaction.java): with another fee
 * nothing of that account verifies.
 */
bool nis_chain_verifies(const struct nis *n, const struct nem_tx *tx);

/*
 * Who gets the fees of a block that this key signs at this height: the account that lends the key
 * its importance, else its own.  NIS_MAP_NONE if that was never heard of.
 */
uint32_t nis_chain_beneficiary(const struct nis *n, const struct key32 *harvester, uint64_t height);

/* The transaction of a pool entry or row, decoded; dies if its bytes are not what was stored. */
void nis_chain_decode(const struct nis *n, struct bytes verifiable, struct nem_tx *out);

#endif
