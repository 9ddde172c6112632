/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decimal.h - decimal numbers as they stand in documents: rates.
 */
#ifndef KURAMORI_BASE_DECIMAL_H
#define KURAMORI_BASE_DECIMAL_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

/* A decimal number of documents: units / 10^scale. */
struct decimal {
	u128 units;
	uint32_t scale; /* digits behind the point */
};

/*
 * "88.549", "1", "0.5": digits, or digits, a point and digits; no sign, no leading zero before
 * another digit, no trailing zero behind the point, so that one number has one spelling.
 * ERR_AMOUNT (form), ERR_OVERFLOW (more than 38 digits).  *out on ERR_OK only.
 */
MUST_CHECK enum err decimal_parse(struct decimal *out, struct bytes text);

#endif
