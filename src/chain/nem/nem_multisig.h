/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_multisig.h - who controls an account, as NIS judges it (nem.md 4): pure functions over
 * (cosigners, minimum), used by the development node, the watchers and the tests alike.
 * Sources: N:validators/transaction/MultisigCosignatoryModificationValidator.java,
 * NumCosignatoryRangeValidator.java, MultisigSignaturesPresentValidator.java,
 * MultisigTransactionSignerValidator.java, MultisigNonOperationalValidator.java.
 */
#ifndef KURAMORI_CHAIN_NEM_MULTISIG_H
#define KURAMORI_CHAIN_NEM_MULTISIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_result.h"
#include "chain/nem/nem_tx.h"

enum { NEM_MULTISIG_COSIGNERS_MAX = 32 };

/* The control of one account.  n = 0: an ordinary account, min is 0 then.  All zero is valid. */
struct nem_multisig {
	uint8_t n;                                               /* cosigners */
	uint8_t min;                                             /* raw: 0 means all must sign */
	struct nem_address cosigner[NEM_MULTISIG_COSIGNERS_MAX]; /* sorted, no duplicates */
};

/* What has to be known of other accounts.  Both functions are pure lookups. */
struct nem_multisig_lookup {
	void *context;
	/* The account has cosigners. */
	bool (*is_multisig)(void *context, const struct nem_address *account);
	/* The account is a cosigner of somebody. */
	bool (*is_cosigner)(void *context, const struct nem_address *account);
};

bool nem_multisig_is(const struct nem_multisig *m);
bool nem_multisig_has(const struct nem_multisig *m, const struct nem_address *cosigner);

/* How many must sign an ordinary payment: min, or all when min is 0; 0 for an ordinary account. */
unsigned nem_multisig_required(const struct nem_multisig *m);

/*
 * What NIS answers to this modification of `account` (whose control is m):
 * SUCCESS, 71 delete of a stranger, 75 add of a cosigner, 77 two deletes, 78 repeated entries,
 * 80 more than 32, 81 account itself or a multisig as cosigner, or account is a cosigner, 82.
 */
MUST_CHECK enum nem_result nem_multisig_judge(const struct nem_multisig *m,
					      const struct nem_address *account, uint8_t network,
					      const struct nem_modification *modification,
					      const struct nem_multisig_lookup *others);

/* Applies a modification that nem_multisig_judge() answered with SUCCESS (dies otherwise). */
void nem_multisig_apply(struct nem_multisig *m, uint8_t network,
			const struct nem_modification *modification);

/*
 * What NIS answers to a transaction that is signed by the account itself: 74 if it is multisig.
 */
MUST_CHECK enum nem_result nem_multisig_judge_plain(const struct nem_multisig *m);

/*
 * What NIS answers to a wrapper's initiator (m is the control of the inner's signer):
 * 71 if the inner's signer is no multisig account or the initiator not its cosigner.
 */
MUST_CHECK enum nem_result nem_multisig_judge_initiator(const struct nem_multisig *m,
							const struct nem_address *initiator);

/*
 * Whether a cosignature belongs to this wrapper: it names the inner's hash and account, its signer
 * is a cosigner and not the initiator.  Else 73.
 */
MUST_CHECK enum nem_result nem_multisig_judge_cosignature(const struct nem_multisig *m,
							  const struct nem_tx *wrapper,
							  const struct nem_tx *cosignature);

/*
 * The rule of blocks (nem.md 4.2): 72 if a signer is not a cosigner or signatures are missing.
 * n-of-n: exactly all but the removed; m < n: at least m, the removed not counted.
 */
MUST_CHECK enum nem_result nem_multisig_judge_signatures(const struct nem_multisig *m,
							 const struct nem_tx *wrapper);

/*
 * How many counted signatures (the initiator's included) this inner needs; the signature of a
 * cosigner whom it removes does not count.
 */
unsigned nem_multisig_signatures_needed(const struct nem_multisig *m,
					const struct nem_inner *inner);

#endif
