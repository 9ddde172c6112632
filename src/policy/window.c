/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.c - what left in the last hour and day (policy.h).
 *
 * Entries stand in the order of their own time, and no entry's chain time is below that of the one
 * before it: a chain that went back for a moment only makes the later one count longer.  So those
 * that have left a window are the first ones, and a sum over a window is one search and one
 * difference of sums from the first entry on.  Those are kept for every POLICY_BLOCK entries, in
 * the members `share` of these; what stands behind the last such place is added up when asked.
 */
#include <string.h>

#include "policy/policy.h"

void policy_history_init(struct policy_history *h, struct policy_kept *entries, size_t cap)
{
	*h = (struct policy_history){ .entries = entries, .cap = cap };
}

/* Out of the window only when BOTH clocks say so; a clock that went back says no. */
bool policy_has_left(uint64_t own_ms, uint32_t chain_s, const struct policy_time *now,
		     uint64_t window_ms)
{
	uint64_t own_age = now->own_ms >= own_ms ? now->own_ms - own_ms : 0;
	uint64_t chain_age = now->chain_s >= chain_s ? now->chain_s - chain_s : 0;

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
		const struct policy_kept *e = &h->entries[middle];

		if (policy_has_left(e->own_ms, e->chain_s, now, window_ms)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* The sums of a block stand in its entries, two of them each. */
enum { SUM_ALL = 0, SUM_UNAPPROVED = 2, SUM_YEN = 4 };

static_assert(POLICY_BLOCK >= SUM_YEN + 2, "three sums have a place in every block");

static u128 share_get(const struct policy_kept *block, size_t at)
{
	return (u128)block[at + 1].share << 64 | block[at].share;
}

static void share_put(struct policy_kept *block, size_t at, u128 sum)
{
	block[at].share = (uint64_t)sum;
	block[at + 1].share = (uint64_t)(sum >> 64);
}

/* Of all entries of the first so many blocks, which are full. */
static struct policy_sums block_sums(const struct policy_history *h, size_t blocks)
{
	const struct policy_kept *last = h->entries;

	if (blocks == 0) {
		return (struct policy_sums){ 0 };
	}
	last += (blocks - 1) * POLICY_BLOCK;
	return (struct policy_sums){ .all = share_get(last, SUM_ALL),
				     .unapproved = share_get(last, SUM_UNAPPROVED),
				     .yen = share_get(last, SUM_YEN) };
}

static void count(struct policy_sums *sums, const struct policy_kept *e)
{
	sums->all += e->outflow;
	sums->unapproved += e->approvals == 0 ? e->outflow : 0;
	sums->yen += e->yen;
}

/* Of all entries before this one. */
static struct policy_sums sums_before(const struct policy_history *h, size_t at)
{
	size_t blocks = at / POLICY_BLOCK;
	struct policy_sums sums = block_sums(h, blocks);

	for (size_t i = blocks * POLICY_BLOCK; i < at; i++) {
		count(&sums, &h->entries[i]);
	}
	return sums;
}

/* Sums and chain times from this entry on. */
static void add_up(struct policy_history *h, size_t from)
{
	struct policy_sums sums = sums_before(h, from);
	uint32_t chain_s = from > 0 ? h->entries[from - 1].chain_s : 0;

	for (size_t i = from; i < h->n; i++) {
		struct policy_kept *e = &h->entries[i];

		count(&sums, e);
		chain_s = e->chain_s > chain_s ? e->chain_s : chain_s;
		e->chain_s = chain_s;
		if (i % POLICY_BLOCK == POLICY_BLOCK - 1) {
			struct policy_kept *block = e - (POLICY_BLOCK - 1);

			share_put(block, SUM_ALL, sums.all);
			share_put(block, SUM_UNAPPROVED, sums.unapproved);
			share_put(block, SUM_YEN, sums.yen);
		}
	}
	h->sums = sums;
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
	h->entries[at] = (struct policy_kept){ .own_ms = entry->own_ms,
					       .yen = entry->yen,
					       .outflow = entry->outflow,
					       .chain_s = entry->chain_s,
					       .approvals = entry->approvals };
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
		const struct policy_kept *e = &h->entries[i];

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
	const struct policy_sums before = sums_before(h, gone);

	return (struct policy_sums){ .all = h->sums.all - before.all,
				     .unapproved = h->sums.unapproved - before.unapproved,
				     .yen = h->sums.yen - before.yen };
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
