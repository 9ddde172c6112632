/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_judge.h - NIS's validators for one transaction, in NIS's order (nem.md 7.2.2;
 * N:validators/TransactionValidatorFactory.java,
 * transaction/ChildAwareSingleTransactionValidator.java): all of them on the wrapper, then all on
 * each attached cosignature and on the inner transaction; the first failure is the answer.
 *
 * Not here: signatures, duplicates, the spam filter and the match of a cosignature (pool), and what
 * concerns a block as a whole.
 */
#ifndef KURAMORI_NIS_NIS_JUDGE_H
#define KURAMORI_NIS_NIS_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "chain/nem/nem_result.h"
#include "chain/nem/nem_tx.h"
#include "nis/nis_state.h"

/*
 * A pool judges every part's deadline against its clock and takes what still lacks cosignatures; a
 * block takes only what is complete, and is asked about deadlines as a whole (nem.md 3.4).
 */
enum nis_judge_place { NIS_JUDGE_POOL, NIS_JUDGE_BLOCK };

struct nis_judge {
	const struct nis_state *state; /* for numbers only */
	const struct nis_view *view;
	const struct key32 *nemesis;
	enum nis_judge_place place;
	uint32_t now_s; /* the node's clock: timestamps lie at most 10 s after it */
};

/* NIS ended with an exception in the place of a code (nem.md 5.4.1).  All zero: it did not. */
struct nis_thrown {
	const char *why;                     /* static words */
	const struct nem_mosaic_id *unknown; /* if that is it: the mosaic that nobody defined */
};

/* *thrown (may be NULL) is always written; if it has words, the result is FAILURE_UNKNOWN. */
MUST_CHECK enum nem_result nis_judge_transaction(const struct nis_judge *j, const struct nem_tx *tx,
						 struct nis_thrown *thrown);

/* ---- nis_judge_asset.c: the validators of single types; signer is the account's number ---- */

MUST_CHECK enum nem_result nis_judge_importance(const struct nis_judge *j, uint32_t signer,
						const struct nem_importance *importance);
MUST_CHECK enum nem_result nis_judge_provision(const struct nis_judge *j, uint32_t signer,
					       const struct nem_provision *provision);
MUST_CHECK enum nem_result nis_judge_definition(const struct nis_judge *j, uint32_t signer,
						const struct nem_definition *definition);
MUST_CHECK enum nem_result nis_judge_supply(const struct nis_judge *j, const struct key32 *signer,
					    const struct nem_supply_change *change);
MUST_CHECK enum nem_result nis_judge_bag(const struct nis_judge *j, const struct key32 *signer,
					 const struct nem_transfer *transfer);

#endif
