/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_pool.h - the unconfirmed transactions of one node (nem.md 4.3, 4.4, 5.4, 6;
 * N:harvesting/DefaultUnconfirmedTransactions.java, UnconfirmedTransactionsCache.java).  For the
 * files of this module only.
 */
#ifndef KURAMORI_NIS_NIS_POOL_H
#define KURAMORI_NIS_NIS_POOL_H

#include "nis/nis_chain.h"
#include "nis/nis_judge.h"

void nis_pool_init(struct nis *n, struct nis_pool *p);
void nis_pool_free(struct nis_pool *p);

/*
 * Takes a transaction or says why not; signature included.  whole: as /push/transaction, every
 * attached cosignature must be a cosigner's.  The result cache is not asked here.
 * *thrown: as nis_judge_transaction().
 */
MUST_CHECK enum nem_result nis_pool_add(struct nis *n, struct nis_pool *p, const struct nem_tx *tx,
					const struct nis_parts *parts, uint32_t now_s, bool whole,
					struct nis_thrown *thrown);

/* The remembered answer for this hash, if there is one that is younger than ten minutes. */
bool nis_pool_remembered(const struct nis_pool *p, const struct hash32 *hash, uint32_t now_s,
			 enum nem_result *code);
void nis_pool_remember(struct nis_pool *p, const struct hash32 *hash, uint32_t now_s,
		       enum nem_result code);

/*
 * Executes everything again on the state as it is now and drops what no longer fits: expired, in
 * the chain, in conflict.  After a block NIS does so in the order of fees, which is the pool's own
 * order from then on.  extra: transactions of undone blocks that come back.
 */
void nis_pool_reset(struct nis *n, struct nis_pool *p, uint32_t now_s, const struct bytes *extra,
		    size_t extra_n);
/* Drops what has expired, and what no longer fits without it; what stays keeps its order. */
void nis_pool_expire(struct nis *n, struct nis_pool *p, uint32_t now_s);

/* The entry that has a part with this hash, or NIS_MAP_NONE. */
uint32_t nis_pool_known(const struct nis_pool *p, const struct hash32 *hash);
/* The inner hash of an entry that has one. */
struct hash32 nis_pool_inner(const struct nis_pool_entry *e);

/* Numbers of the entries by fee (falling), then timestamp, then their own order; malloc'd, p->n of
 * them. */
size_t *nis_pool_order(struct nis_pool *p);

#endif
