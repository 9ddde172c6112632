/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.c - what left in the last hour and day (policy.h).
 *
 * Entries stand in the order of their own time, and no entry's chain time is below that of the one
 * before it: a chain that went back for a moment only makes the later one count longer.  So those
 * that have left a window are the first ones, and each entry carries the sums up to itself: a sum
 * over a window is one search and one difference.
 */
#include <string.h>

#include "policy/policy.h"

void policy_history_init(struct policy_history *h, struct policy_entry *entries, size_t cap)
{
	*h = (struct policy_history){ .entries = entries, .cap = cap };
}

/* Out of the window only when BOTH clocks say so; a clock that went back says no. */
bool policy_has_left(const struct policy_entry *e, const struct policy_time *now,
		     uint64_t window_ms)
{
	uint64_t own_age = now->own_ms >= e->own_ms ? now->own_ms - e->own_ms : 0;
	uint64_t chain_age = now->chain_s >= e->chain_s ? now->chain_s - e->chain_s : 0;

	return own_age >= window_ms && chain_age >= window_ms / 1000;
}

/* How many have left: all before the first that has not. */
static size_t leaving(const struct policy_history *h, const struct policy_time *now,
		      uint64_t window_ms)
{
	size_t low = 0;
	size_t high = h->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (policy_has_left(&h->entries[middle], now, window_ms)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* Sums and chain times from this entry on. */
static void add_up(struct policy_history *h, size_t from)
{
	struct policy_sums sums = { 0 };
	uint32_t chain_s = 0;

	if (from > 0) {
		sums = h->entries[from - 1].sums;
		chain_s = h->entries[from - 1].chain_s;
	}
	for (size_t i = from; i < h->n; i++) {
		struct policy_entry *e = &h->entries[i];

		sums.all += e->outflow;
		sums.unapproved += e->approvals == 0 ? e->outflow : 0;
		sums.yen += e->yen;
		chain_s = e->chain_s > chain_s ? e->chain_s : chain_s;
		e->sums = sums;
		e->chain_s = chain_s;
	}
}

enum err policy_history_add(struct policy_history *h, const struct policy_entry *entry)
{
	const struct policy_time now = { .own_ms = entry->own_ms, .chain_s = entry->chain_s };
	size_t at;

	if (entry->outflow > POLICY_OUTFLOW_MAX) {
		return ERR_OVERFLOW;
	}
	if (h->n == h->cap) {
		size_t gone = leaving(h, &now, POLICY_DAY_MS);

		if (gone == 0) {
			return ERR_FULL;
		}
		h->n -= gone;
		memmove(h->entries, h->entries + gone, h->n * sizeof h->entries[0]);
		add_up(h, 0);
	}
	at = h->n;
	while (at > 0 && h->entries[at - 1].own_ms > entry->own_ms) {
		h->entries[at] = h->entries[at - 1];
		at--;
	}
	h->entries[at] = *entry;
	h->n++;
	add_up(h, at);
	if (entry->price != 0) {
		h->price = (struct policy_last_price){ .price = entry->price,
						       .own_ms = entry->own_ms,
						       .chain_s = entry->chain_s };
	}
	return ERR_OK;
}

void policy_history_forget(struct policy_history *h, const struct policy_entry *entry)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct policy_entry *e = &h->entries[i];

		if (e->own_ms == entry->own_ms && e->outflow == entry->outflow &&
		    e->approvals == entry->approvals && e->yen == entry->yen) {
			h->n--;
			memmove(&h->entries[i], &h->entries[i + 1],
				(h->n - i) * sizeof h->entries[0]);
			add_up(h, i);
			return;
		}
	}
}

bool policy_history_has_room(const struct policy_history *h, const struct policy_time *now)
{
	return h->n < h->cap || leaving(h, now, POLICY_DAY_MS) > 0;
}

static struct policy_sums sums_of(const struct policy_history *h, const struct policy_time *now,
				  uint64_t window_ms)
{
	size_t gone = leaving(h, now, window_ms);
	struct policy_sums sums = { 0 };

	if (h->n > gone) {
		sums = h->entries[h->n - 1].sums;
	}
	if (h->n > gone && gone > 0) {
		const struct policy_sums *before = &h->entries[gone - 1].sums;

		sums.all -= before->all;
		sums.unapproved -= before->unapproved;
		sums.yen -= before->yen;
	}
	return sums;
}

u128 policy_history_sum(const struct policy_history *h, const struct policy_time *now,
			uint64_t window_ms, bool unapproved_only)
{
	struct policy_sums sums = sums_of(h, now, window_ms);

	return unapproved_only ? sums.unapproved : sums.all;
}

u128 policy_history_yen(const struct policy_history *h, const struct policy_time *now,
			uint64_t window_ms)
{
	return sums_of(h, now, window_ms).yen;
}
