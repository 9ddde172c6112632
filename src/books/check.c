/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - every law from the raw rows, and one hash that says whether two books are the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "books/inner.h"
#include "crypto/sha256.h"

enum err books_validate(const struct books *b, const char **why)
{
	u128 debits[BOOKS_ASSETS] = { 0 }, credits[BOOKS_ASSETS] = { 0 };
	u128 debits_held[BOOKS_ASSETS] = { 0 }, credits_held[BOOKS_ASSETS] = { 0 };
	u128 owed[BOOKS_ASSETS] = { 0 }, in_flight[BOOKS_ASSETS] = { 0 };
	u128 reserves[BOOKS_ASSETS] = { 0 };
	size_t expiring = 0;
	/* what the open holds add up to, by row of held; row 0: accounts that have none */
	struct books_sums *held = calloc(b->held_count + 1, sizeof *held);
	enum err e = ERR_CORRUPT;

	*why = N_("no memory to check with");
	if (held == NULL) {
		return ERR_FULL;
	}
	*why = N_("a group of linked records is cut off");
	if (b->linked) {
		goto out;
	}
	for (size_t i = 0; i < b->hold_count; i++) {
		if (b->holds[i].open) {
			held[b->accounts[b->holds[i].debit].held].debits += b->holds[i].amount;
			held[b->accounts[b->holds[i].credit].held].credits += b->holds[i].amount;
			expiring += b->holds[i].expires_ms != 0;
		}
	}
	*why = N_("the holds that expire are not in the order of their moments");
	if (expiring != b->queue_count) {
		goto out;
	}
	for (size_t i = 0; i < b->queue_count; i++) {
		const struct books_hold *h = &b->holds[b->queue[i]];

		if (!h->open || h->queue_at != i + 1 ||
		    b->holds[b->queue[i == 0 ? 0 : (i - 1) / 2]].expires_ms > h->expires_ms) {
			goto out;
		}
	}
	for (size_t i = 0; i < b->account_count; i++) {
		const struct books_account *a = &b->accounts[i];
		bool debit = chart[a->kind].debit;
		u128 have = debit ? a->debits : a->credits, gone = debit ? a->credits : a->debits;
		struct books_sums sums = books_held(b, a);
		u128 promised = debit ? sums.credits : sums.debits;

		*why = N_("an account's held sums are not those of its open holds");
		if (held[a->held].debits != sums.debits || held[a->held].credits != sums.credits) {
			goto out;
		}
		*why = N_("an account that may not is below zero, holds counted");
		if (chart[a->kind].limited && (gone > have || promised > have - gone)) {
			goto out;
		}
		*why = N_("an account holds more than its maximum");
		if (books_most(b, a) != 0 && have > gone && have - gone > books_most(b, a)) {
			goto out;
		}
		*why = N_("a closed account is not empty");
		if (a->closed && (a->debits != a->credits || a->held != 0)) {
			goto out;
		}
		debits[a->asset] += a->debits;
		credits[a->asset] += a->credits;
		debits_held[a->asset] += sums.debits;
		credits_held[a->asset] += sums.credits;
		owed[a->asset] += a->kind == BOOKS_CUSTOMER ? have - gone : 0;
		in_flight[a->asset] += a->kind == BOOKS_IN_FLIGHT ? have - gone : 0;
		reserves[a->asset] += chart[a->kind].reserve ? have - gone : 0;
	}
	for (size_t i = 0; i < BOOKS_ASSETS; i++) {
		*why = N_("the sum of all accounts is not zero");
		if (debits[i] != credits[i]) {
			goto out;
		}
		*why = N_("the sum of all holds is not zero");
		if (debits_held[i] != credits_held[i]) {
			goto out;
		}
		*why = N_("a running total differs from its accounts");
		if (owed[i] != b->totals.owed[i] || in_flight[i] != b->totals.in_flight[i] ||
		    reserves[i] != b->totals.reserves[i]) {
			goto out;
		}
	}
	*why = NULL;
	e = ERR_OK;
out:
	free(held);
	return e;
}

/* Which of two rows, given by their place, has the smaller id; every row begins with its id. */
static int by_id(const void *a, const void *b, size_t row_bytes, const void *rows)
{
	struct id128 x, y;

	memcpy(&x, (const uint8_t *)rows + *(const uint32_t *)a * row_bytes, sizeof x);
	memcpy(&y, (const uint8_t *)rows + *(const uint32_t *)b * row_bytes, sizeof y);
	for (size_t i = 0; i < sizeof x.b; i++) {
		if (x.b[i] != y.b[i]) {
			return x.b[i] < y.b[i] ? -1 : 1;
		}
	}
	return 0;
}

static int by_account(const void *a, const void *b, void *rows)
{
	return by_id(a, b, sizeof(struct books_account), rows);
}

static int by_hold(const void *a, const void *b, void *rows)
{
	return by_id(a, b, sizeof(struct books_hold), rows);
}

/* The places of n rows in order of id: 4 bytes a row, not a copy of the books.  NULL: no memory. */
static uint32_t *order_of(void *rows, size_t n, int (*compare)(const void *, const void *, void *))
{
	uint32_t *order = calloc(n + 1, sizeof *order);

	if (order == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		order[i] = (uint32_t)i;
	}
	if (n > 0) {
		qsort_r(order, n, sizeof *order, compare, rows);
	}
	return order;
}

static void hash_number(struct sha256 *s, u128 v)
{
	uint8_t bytes[16];

	le128_put(bytes, v);
	sha256_update(s, bytes_of(bytes, sizeof bytes));
}

enum err books_hash(const struct books *b, struct hash32 *out)
{
	uint32_t *accounts = order_of(b->accounts, b->account_count, by_account);
	uint32_t *holds = order_of(b->holds, b->hold_count, by_hold);
	struct sha256 s;
	enum err e = ERR_FULL;

	if (accounts == NULL || holds == NULL) {
		goto out;
	}
	sha256_init(&s);
	for (size_t i = 0; i < b->account_count; i++) {
		const struct books_account *a = &b->accounts[accounts[i]];
		struct books_sums sums = books_held(b, a);

		sha256_update(&s, bytes_of(a->id.b, sizeof a->id.b));
		hash_number(&s, a->asset);
		hash_number(&s, a->kind);
		hash_number(&s, a->debits);
		hash_number(&s, a->credits);
		hash_number(&s, sums.debits);
		hash_number(&s, sums.credits);
		hash_number(&s, books_most(b, a));
		hash_number(&s, a->closed);
	}
	for (size_t i = 0; i < b->hold_count; i++) {
		const struct books_hold *h = &b->holds[holds[i]];

		if (h->open) {
			sha256_update(&s, bytes_of(h->id.b, sizeof h->id.b));
			sha256_update(&s, bytes_of(b->accounts[h->debit].id.b, 16));
			sha256_update(&s, bytes_of(b->accounts[h->credit].id.b, 16));
			hash_number(&s, h->amount);
			hash_number(&s, h->expires_ms);
		}
	}
	sha256_final(&s, out);
	e = ERR_OK;
out:
	free(accounts);
	free(holds);
	return e;
}
