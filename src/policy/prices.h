/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prices.h - the prices that were handed in beside an order, and who of the roster's price sources
 * said each of them.  Used alike by both signers, by every watcher and by the server; whether they
 * are fresh, enough and near each other is policy_judge()'s (docs/decisions/0017, 0021).
 */
#ifndef KURAMORI_POLICY_PRICES_H
#define KURAMORI_POLICY_PRICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "doc/document.h"
#include "doc/types.h"
#include "policy/policy.h"

struct prices_set {
	size_t n;

	struct prices_one {
		struct doc doc; /* views the bytes that it was opened from */
		struct doc_price said;
	} one[DOC_SOURCES_MAX];
};

/*
 * One more, opened by the caller.  ERR_FULL more than a roster has sources; ERR_TYPE another
 * document; the errors of doc_price_read(), with fault.  The set is unchanged on error.
 */
MUST_CHECK enum err prices_add(struct prices_set *set, const struct doc *d,
			       struct doc_fault *fault);

/*
 * Each is of a source of this roster (ERR_SIGNER_UNKNOWN) and signed by it (ERR_UNSIGNED,
 * ERR_SIGNATURE), with the field named.  out[0 .. set->n) is what a policy_question takes, on
 * ERR_OK only; its texts lie in the set.
 */
struct policy_verdict prices_judge(const struct prices_set *set, const struct doc_roster *roster,
				   struct policy_price out[DOC_SOURCES_MAX]);

/*
 * Who hands prices in chooses: the most of them that are near each other, so that no lonely one
 * refuses the rest; of several such choices the one with the highest.  chosen[i]: set->one[i]
 * belongs to it.  Returns how many.
 */
size_t prices_agree(const struct prices_set *set, uint64_t jump_max_bp,
		    bool chosen[DOC_SOURCES_MAX]);

/*
 * What a payment is counted at when these prices were judged good: the highest, nano-yen for one
 * whole coin, rounded up.  0: there is none that can be counted with.
 */
uint64_t prices_highest(const struct prices_set *set);

/*
 * Whole yen, rounded up, of this outflow (micro-XEM) at a price in nano-yen for one whole coin.
 * UINT64_MAX: more than can be counted.
 */
uint64_t prices_yen(uint64_t price, u128 outflow);

#endif
