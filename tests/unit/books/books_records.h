/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books_records.h - records of the books in XEM, by small numbers instead of ids.
 */
#ifndef KURAMORI_TESTS_BOOKS_RECORDS_H
#define KURAMORI_TESTS_BOOKS_RECORDS_H

#include "base/money.h"
#include "log/record.h"

static inline struct id128 id_of(uint64_t n)
{
	struct id128 id = { { 0 } };

	le64_put(id.b, n);
	id.b[15] = 1;
	return id;
}

/* A transfer or a hold of this id between two accounts. */
static inline struct log_record move(enum log_kind kind, uint64_t id, uint64_t debit,
				     uint64_t credit, u128 amount)
{
	return (struct log_record){ .kind = (uint16_t)kind,
				    .id = id_of(id),
				    .asset = ASSET_XEM,
				    .debit = id_of(debit),
				    .credit = id_of(credit),
				    .amount = amount };
}

/* The posting of a hold, or its voiding. */
static inline struct log_record settle(enum log_kind kind, uint64_t id, uint64_t hold, u128 amount)
{
	return (struct log_record){ .kind = (uint16_t)kind,
				    .id = id_of(id),
				    .asset = ASSET_XEM,
				    .ref = id_of(hold),
				    .amount = amount };
}

#endif
