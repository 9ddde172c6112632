/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refund.h - the arithmetic of a refund and the rows of its plan (design.md 5.5, incident.md 1.5,
 * attacks.md T47).  No I/O, no floating point.
 *
 * Each customer lost an amount of one asset and is paid, in whole units of the currency,
 *
 *   paid = lost x rate, rounded half up:    88.549 yen for one XEM, lost in micro-XEM:
 *   paid = floor((lost x 88549 + 10^9 / 2) / 10^9)
 *
 * The rule is that of the law for paying a debt in yen (fractions below 50 sen are dropped, others
 * count as one yen): neither side gains by it, and a total is never computed by itself: it is the
 * sum of what customers are paid.  How far it is from lost x rate is shown exactly.
 *
 * The file of rows, whose SHA-256 stands in the plan, is text with exactly one spelling:
 *
 *   kuramori refund rows v1 SALT          SALT: 64 hex digits, random, of this plan alone
 *   customer,lost,paid
 *   c000001,12345678,1093                 customers strictly rising in byte order, lost above 0
 *
 * Every line ends with LF.  Row i is leaf i of an RFC 6962 tree:
 *
 *   row salt = HMAC-SHA256(SALT, customer)
 *   leaf     = SHA-256(0x00 || "kuramori refund row v1" LF hex(row salt) LF customer "," lost ","
 *                      paid LF)
 *
 * so that a proof of one row tells nothing of its neighbours to whoever guesses them.
 */
#ifndef KURAMORI_BOOKS_REFUND_H
#define KURAMORI_BOOKS_REFUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/money.h"
#include "crypto/sha256.h"
#include "doc/types.h"
#include "log/tree.h"

enum {
	REFUND_LINE_MAX = 256,  /* bytes of any line of the file, its LF counted */
	REFUND_NUMBER_MAX = 96, /* text of an exact number */
	REFUND_UNIT_DIGITS = 6, /* an XEM is 10^6 smallest units (nem.md 1) */
};

/* paid / lost as a fraction of whole numbers. */
struct refund_rate {
	u128 numerator, denominator;
};

struct refund_row {
	struct bytes customer; /* a view into the line */
	u128 lost, paid;
};

/* What rows add up to, while they are read.  Members are for refund.c and for showing. */
struct refund_sum {
	struct refund_rate rate;
	struct sha256 text; /* over the bytes so far */
	struct log_tree tree;
	struct hash32 salt;
	uint64_t lines;
	uint64_t customers;
	u128 lost, paid;
	char last[DOC_NAME_MAX + 1];
};

/*
 * rate: of the currency's unit for one whole unit of the asset, as in a plan.
 * ERR_AMOUNT (not a decimal_parse() number, or zero), ERR_OVERFLOW (more digits than can be
 * computed with).
 */
MUST_CHECK enum err refund_rate_read(struct refund_rate *out, struct bytes rate);

/* What is paid for `lost`.  ERR_OVERFLOW: the product has more than 128 bits; *paid stands. */
MUST_CHECK enum err refund_due(u128 *paid, const struct refund_rate *rate, u128 lost);

/*
 * lost x rate without rounding, and paid less that: exact decimals, shortest, as "46603339585.49",
 * "-0.49", "0", "+12.5".  ERR_OVERFLOW: out stands.
 */
MUST_CHECK enum err refund_exact_put(char out[REFUND_NUMBER_MAX], const struct refund_rate *rate,
				     u128 lost);
MUST_CHECK enum err refund_distance_put(char out[REFUND_NUMBER_MAX], const struct refund_rate *rate,
					u128 lost, u128 paid);

/* The first two lines; one row.  out.bad if there is no room. */
void refund_head_put(struct writer *out, const struct hash32 *salt);
void refund_row_put(struct writer *out, const struct refund_row *row);

/* The salt of a row, and its leaf: what is disclosed to its customer, and what he recomputes. */
void refund_salt(struct hash32 *out, const struct hash32 *salt, struct bytes customer);
void refund_leaf(struct hash32 *out, const struct hash32 *row_salt, const struct refund_row *row);

void refund_sum_init(struct refund_sum *s, const struct refund_rate *rate);

/* Called for every row in order; leaf: its hash.  An error ends the reading and is handed through.
 */
typedef enum err (*refund_on_row)(void *ctx, const struct refund_row *row,
				  const struct hash32 *leaf);

/*
 * The next bytes of the file, whole lines of it; on_row may be NULL.  ERR_INPUT (form, order, a
 * customer twice), ERR_AMOUNT, ERR_OVERFLOW, ERR_MISMATCH (paid is not what the rate gives).
 * *fault names the line.  Not to be used after an error.
 */
MUST_CHECK enum err refund_sum_read(struct refund_sum *s, struct bytes text, refund_on_row on_row,
				    void *ctx, struct doc_fault *fault);

/*
 * The next row of text that refund_sum_read() took before, head or not; *text stands behind it.
 * False at the end.
 */
bool refund_next(struct refund_row *row, struct bytes *text);

/*
 * The whole file was read: is it what the plan says?  ERR_MISMATCH with the plan's field in *fault:
 * rows, customers, lost, paid or root.
 */
MUST_CHECK enum err refund_sum_judge(const struct refund_sum *s, const struct doc_plan *plan,
				     struct doc_fault *fault);

#endif
