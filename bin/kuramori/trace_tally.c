/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of what came to labelled accounts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "trace_tally.h"

static void *room(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	CHECK(p != NULL);
	return p;
}

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static int by_label(const void *a, const void *b)
{
	const struct trace_tally_group *x = a, *y = b;
	int order = strcmp(x->label, y->label);

	return order != 0 ? order : strcmp(x->category, y->category);
}

static int by_row(const void *a, const void *b)
{
	const struct trace_tally_row *x = a, *y = b;

	if (x->group != y->group) {
		return x->group < y->group ? -1 : 1;
	}
	if (x->policy != y->policy) {
		return x->policy < y->policy ? -1 : 1;
	}
	return x->day < y->day ? -1 : x->day > y->day;
}

static void make_groups(struct trace_tally *t, const struct trace_run *r)
{
	size_t distinct = 0;

	t->groups = room(r->accounts_n, sizeof *t->groups);
	t->group_of = room(r->accounts_n, sizeof *t->group_of);
	for (size_t i = 0; i < r->accounts_n; i++) {
		const struct trace_label *l = r->accounts[i].label;

		if (l != NULL) {
			t->groups[t->groups_n++] =
			    (struct trace_tally_group){ l->label, l->category, UINT64_MAX };
		}
	}
	qsort(t->groups, t->groups_n, sizeof *t->groups, by_label);
	for (size_t i = 0; i < t->groups_n; i++) {
		if (distinct == 0 || by_label(&t->groups[distinct - 1], &t->groups[i]) != 0) {
			t->groups[distinct++] = t->groups[i];
		}
	}
	t->groups_n = distinct;
	for (size_t i = 0; i < r->accounts_n; i++) {
		const struct trace_label *l = r->accounts[i].label;
		const struct trace_tally_group *found = NULL;

		if (l != NULL && distinct > 0) {
			struct trace_tally_group key = { l->label, l->category, 0 };

			found = bsearch(&key, t->groups, distinct, sizeof key, by_label);
		}
		t->group_of[i] = found == NULL ? TRACE_TALLY_NOBODY : found - t->groups;
	}
}

/* It came to the account: it did not fall below a floor on the way. */
static bool arrived(uint8_t kind)
{
	return kind == TRACE_MOVED || kind == TRACE_ABSORBED || kind == TRACE_STOPPED;
}

static void add_event(struct trace_tally *t, const struct trace_run *r, size_t k, size_t *cap)
{
	size_t event = r->events[k];
	int64_t to = t->group_of[trace_run_place(r, r->c.to[event])];
	int64_t from = t->group_of[trace_run_place(r, r->c.from[event])];
	uint64_t time_s;

	if (to == TRACE_TALLY_NOBODY || to == from) {
		return;
	}
	time_s = trace_run_block(r, event)->time_s;
	for (unsigned p = 0; p < r->n; p++) {
		const struct trace_run_move *m = trace_run_move(r, k, p);

		if (!arrived(m->kind)) {
			continue;
		}
		if (t->rows_n == *cap) {
			*cap = *cap == 0 ? 256 : 2 * *cap;
			t->rows = realloc(t->rows, *cap * sizeof *t->rows);
			CHECK(t->rows != NULL);
		}
		t->rows[t->rows_n++] =
		    (struct trace_tally_row){ (size_t)to, time_s / TRACE_TALLY_DAY_S, p, m->units,
					      1 };
		if (time_s < t->groups[to].first_s) {
			t->groups[to].first_s = time_s;
		}
	}
}

void trace_tally_make(struct trace_tally *t, const struct trace_run *r)
{
	size_t cap = 0, n = 0;

	*t = (struct trace_tally){ .groups_n = 0 };
	make_groups(t, r);
	for (size_t k = 0; k < r->events_n; k++) {
		add_event(t, r, k, &cap);
	}
	if (t->rows_n > 0) {
		qsort(t->rows, t->rows_n, sizeof *t->rows, by_row);
	}
	for (size_t i = 0; i < t->rows_n; i++) {
		if (n > 0 && by_row(&t->rows[n - 1], &t->rows[i]) == 0) {
			t->rows[n - 1].units = more(t->rows[n - 1].units, t->rows[i].units);
			t->rows[n - 1].transfers++;
		} else {
			t->rows[n++] = t->rows[i];
		}
	}
	t->rows_n = n;
}

void trace_tally_free(struct trace_tally *t)
{
	free(t->groups);
	free(t->group_of);
	free(t->rows);
	*t = (struct trace_tally){ .groups_n = 0 };
}

size_t trace_tally_first(const struct trace_tally *t, size_t group, unsigned policy)
{
	const struct trace_tally_row key = { .group = group, .policy = policy };
	size_t low = 0, high = t->rows_n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (by_row(&t->rows[middle], &key) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

uint64_t trace_tally_sum(const struct trace_tally *t, size_t group, unsigned policy,
			 uint64_t *transfers)
{
	uint64_t sum = 0;

	*transfers = 0;
	for (size_t i = trace_tally_first(t, group, policy);
	     i < t->rows_n && t->rows[i].group == group && t->rows[i].policy == policy; i++) {
		sum = more(sum, t->rows[i].units);
		*transfers += t->rows[i].transfers;
	}
	return sum;
}

void trace_tally_day(char out[TRACE_TALLY_DAY_MAX], uint64_t day)
{
	time_t t = (time_t)(day * TRACE_TALLY_DAY_S);
	struct tm tm;

	if (day > UINT32_MAX || gmtime_r(&t, &tm) == NULL ||
	    strftime(out, TRACE_TALLY_DAY_MAX, "%Y-%m-%d", &tm) == 0) {
		(void)snprintf(out, TRACE_TALLY_DAY_MAX, "%" PRIu64, day % 100000000);
	}
}
