/* SPDX-License-Identifier: Apache-2.0 */
/* trace_tally.h - how much reached which labelled exchange or service, day by day. */
#ifndef KURAMORI_BIN_TRACE_TALLY_H
#define KURAMORI_BIN_TRACE_TALLY_H

#include "trace_run.h"

enum { TRACE_TALLY_DAY_S = 86400, TRACE_TALLY_DAY_MAX = 16, TRACE_TALLY_NOBODY = -1 };

/* Accounts with one label of one category: one exchange, however many addresses it has. */
struct trace_tally_group {
	const char *label, *category;
	uint64_t first_s; /* when the first came, by whatever rule; UINT64_MAX: none */
};

/* What came to a group from outside of it on one day (UTC) under one policy. */
struct trace_tally_row {
	size_t group;
	uint64_t day; /* days since 1970 */
	unsigned policy;
	uint64_t units;
	uint64_t transfers;
};

struct trace_tally {
	struct trace_tally_group *groups; /* by label, category */
	size_t groups_n;
	int64_t *group_of;            /* of each of r->accounts; TRACE_TALLY_NOBODY */
	struct trace_tally_row *rows; /* by group, policy, day */
	size_t rows_n;
};

/* Freed by trace_tally_free(). */
void trace_tally_make(struct trace_tally *t, const struct trace_run *r);
void trace_tally_free(struct trace_tally *t);

/* The first row of a group under a policy or a later one; all rows of a group are neighbours, so a
 * label a payment costs no look at all rows each. */
size_t trace_tally_first(const struct trace_tally *t, size_t group, unsigned policy);

/* Of one group under one policy, all days: *transfers of them. */
uint64_t trace_tally_sum(const struct trace_tally *t, size_t group, unsigned policy,
			 uint64_t *transfers);

/* "2018-01-26". */
void trace_tally_day(char out[TRACE_TALLY_DAY_MAX], uint64_t day);

#endif
