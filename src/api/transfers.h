/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfers.h - POST /v1/transfers: its body into the entries of API_TRANSFERS, and the results of
 * PAYOUT_CALL_SETTLED into its answer.
 *
 * The body is one JSON object in the one spelling of doc/json.h (keys in byte order, no white
 * space):
 *
 *   {"transfers":[ENTRY,...]}                  1 to PAYOUT_TRANSFERS_MAX entries
 *
 *   {"amount","asset","credit","debit","id","kind":"transfer" or "hold"}
 *   a hold with "until_ms" (a number, Unix milliseconds) ends by itself at that moment
 *   {"amount","asset","id","kind":"post","ref"}    {..."kind":"void","ref"}
 *   {"account","asset","kind":"account"}       opens it; KIND:NAME alone
 *   {"account","asset","id","kind":"close"}    it is empty, and nothing is posted to it any more
 *   {"account","amount","asset","id","kind":"limit"}   the most that it may hold; "0": any
 *
 * and "linked":true in those that stand or fall with the next one.  An account is named by its UUID
 * or as KIND:NAME ("customer:alice").  Amounts are decimal strings of smallest units.  Nothing is
 * repaired and nothing guessed: an entry that is not exactly so makes the whole request refused.
 */
#ifndef KURAMORI_API_TRANSFERS_H
#define KURAMORI_API_TRANSFERS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	TRANSFERS_BODY_MAX = 4 * 1024 * 1024,
	TRANSFERS_FIELD_MAX = 48,
};

/* What is wrong: "transfers[17].amount", and static words. */
struct transfers_fault {
	char field[TRANSFERS_FIELD_MAX];
	const char *why;
};

/*
 * Writes the entries (payout/payout.h) and says how many.  ERR_INPUT, ERR_NOT_CANONICAL: not JSON,
 * or not in its one spelling.  ERR_FIELD_MISSING, ERR_FIELD_UNKNOWN, ERR_FIELD_TYPE,
 * ERR_FIELD_RANGE, ERR_AMOUNT, ERR_OVERFLOW, ERR_ASSET, ERR_TYPE: a field.  ERR_TOO_LARGE: more
 * entries than are allowed.  What was written then is to be thrown away.
 */
MUST_CHECK enum err transfers_read(struct writer *out, uint32_t *n, struct bytes body,
				   struct transfers_fault *fault);

/*
 * The answer's body:
 * {"transfers":[{"id","result":"done"|"repeated"|"refused","code","field","was"}...]} in the order
 * of the entries; code (a slug of base/err.def) and field only where refused, was where an id was
 * used before with other content: what that field was. results: n of PAYOUT_SETTLED_BYTES; more or
 * less dies.  out->bad if it does not fit TRANSFERS_ANSWER_BYTES(n).
 */
#define TRANSFERS_ANSWER_BYTES(n) (64 + (size_t)(n)*224)
void transfers_answer(struct writer *out, uint32_t n, struct bytes results);

#endif
