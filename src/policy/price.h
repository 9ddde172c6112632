/* SPDX-License-Identifier: Apache-2.0 */
/*
 * price.h - what a payment is worth in yen, by the words of several price sources
 * (docs/decisions/0017).  For src/policy only.
 */
#ifndef KURAMORI_POLICY_PRICE_H
#define KURAMORI_POLICY_PRICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "policy/policy.h"

struct price_worth {
	uint64_t price; /* nano-yen for one whole coin, rounded up */
	uint64_t yen;   /* whole yen, rounded up */
};

/*
 * The decimal text of a price document as nano-yen, rounded up.  ERR_AMOUNT not above zero; the
 * errors of decimal_parse(); ERR_OVERFLOW.
 */
MUST_CHECK enum err price_nano(uint64_t *out, const char *rate);

/* a and b are apart by at most bp of base. */
bool price_near(uint64_t a, uint64_t b, uint64_t base, uint64_t bp);

/*
 * Every price of the question must be fresh, of another source than the others, and near the others
 * and the last one that was used; as many as are needed; the highest counts.  Whoever chooses
 * among honest prices can so choose only between near ones, and adding a false one refuses.
 * q->policy has a cap in yen.  *out only when allowed.
 */
struct policy_verdict price_judge(struct price_worth *out, const struct policy_question *q,
				  u128 outflow);

#endif
