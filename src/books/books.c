/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books.c - a record, or a group of linked ones, is judged and applied.
 *
 * A group is applied record by record; each step leaves one entry of undo, and the first that is
 * refused takes the ones before it back in reverse order.
 */
#include "books/books.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "books/inner.h"
#include "crypto/sha256.h"

enum {
	NONE = -1,
	LINE = 64,        /* bytes that the processor fetches at a time */
	FETCH_SLOTS = 12, /* records ahead: far enough to be here, near enough to be still here */
	FETCH_ROWS = 6,
};

static_assert(sizeof(struct books_account) == LINE, "an account is one line");

struct books_undo {
	uint16_t kind;          /* of the record */
	uint32_t at;            /* its place in the group */
	uint32_t debit, credit; /* accounts of a transfer or post */
	uint32_t account;       /* that was closed, or given a limit */
	uint32_t limit;         /* its limit row before */
	u128 amount;            /* transferred or posted; the maximum before LIMIT */
	struct books_hold hold; /* that was put, or as it was before it was resolved */
};

static int64_t account_find(const struct books *b, const struct id128 *id)
{
	uint32_t tag = ids_tag(b, id), row;
	size_t at = index_start(&b->account_index, tag);

	while (index_next(&b->account_index, tag, &at, &row)) {
		if (id128_eq(&b->accounts[row].id, id)) {
			return row;
		}
	}
	return NONE;
}

static int64_t hold_find(const struct books *b, const struct id128 *id)
{
	uint32_t tag = ids_tag(b, id), row;
	size_t at = index_start(&b->hold_index, tag);

	while (index_next(&b->hold_index, tag, &at, &row)) {
		if (id128_eq(&b->holds[row].id, id)) {
			return row;
		}
	}
	return NONE;
}

enum err books_init(struct books *b)
{
	memset(b, 0, sizeof *b);
	if (index_init(&b->account_index) != ERR_OK || index_init(&b->hold_index) != ERR_OK ||
	    index_init(&b->used_index) != ERR_OK) {
		books_free(b);
		return ERR_FULL;
	}
	return ERR_OK;
}

void books_free(struct books *b)
{
	free(b->accounts_memory);
	free(b->held);
	free(b->limits);
	free(b->holds);
	free(b->queue);
	free(b->used);
	free(b->verdicts);
	free(b->undo);
	index_free(&b->account_index);
	index_free(&b->hold_index);
	index_free(&b->used_index);
	memset(b, 0, sizeof *b);
}

void books_window(struct books *b, size_t window)
{
	CHECK(b->applied == 0 && window > 0 && window < UINT32_MAX / 2);
	b->window = window;
}

void books_seed(struct books *b, const uint64_t seed[2])
{
	CHECK(b->applied == 0);
	b->seed[0] = seed[0];
	b->seed[1] = seed[1];
}

void books_ids_from(struct books *b, books_find find, void *context)
{
	b->find = find;
	b->find_context = context;
}

/* Room for `need` rows, a quarter more when it must move. */
static enum err grow(void **rows, size_t *cap, size_t need, size_t row_bytes)
{
	size_t wanted = need + need / 4 + 64;
	void *p;

	if (need <= *cap) {
		return ERR_OK;
	}
	p = realloc(*rows, wanted * row_bytes);
	if (p == NULL) {
		return ERR_FULL;
	}
	*rows = p;
	*cap = wanted;
	return ERR_OK;
}

/* The same for accounts, each of which then fills one line of the cache and lies across no two. */
static enum err grow_accounts(struct books *b, size_t need)
{
	size_t wanted = need + need / 4 + 64, was = 0, is;
	uint8_t *p;

	if (need <= b->account_cap) {
		return ERR_OK;
	}
	if (b->accounts != NULL) {
		was = (size_t)((uint8_t *)b->accounts - (uint8_t *)b->accounts_memory);
	}
	p = realloc(b->accounts_memory, wanted * sizeof *b->accounts + LINE - 1);
	if (p == NULL) {
		return ERR_FULL;
	}
	is = -(uintptr_t)p % LINE;
	if (is != was) {
		memmove(p + is, p + was, b->account_count * sizeof *b->accounts);
	}
	b->accounts_memory = p;
	b->accounts = (struct books_account *)(void *)(p + is);
	b->account_cap = wanted;
	return ERR_OK;
}

/* Room for n more records of any kind: afterwards nothing on the way can run out of memory. */
static enum err reserve(struct books *b, size_t n)
{
	if (grow_accounts(b, b->account_count + n) != ERR_OK ||
	    grow((void **)&b->held, &b->held_cap, b->held_count + 2 * n, sizeof *b->held) !=
		ERR_OK ||
	    grow((void **)&b->limits, &b->limit_cap, b->limit_count + n, sizeof *b->limits) !=
		ERR_OK ||
	    grow((void **)&b->holds, &b->hold_cap, b->hold_count + n, sizeof *b->holds) != ERR_OK ||
	    grow((void **)&b->queue, &b->queue_cap, b->queue_count + n, sizeof *b->queue) !=
		ERR_OK ||
	    grow((void **)&b->undo, &b->undo_cap, n, sizeof *b->undo) != ERR_OK ||
	    index_reserve(&b->account_index, n) != ERR_OK ||
	    index_reserve(&b->hold_index, n) != ERR_OK) {
		return ERR_FULL;
	}
	return ids_reserve(b, n);
}

static u128 surplus(const struct books_account *a)
{
	u128 have = chart[a->kind].debit ? a->debits : a->credits;
	u128 gone = chart[a->kind].debit ? a->credits : a->debits;

	return have > gone ? have - gone : 0;
}

/* ---- what is held of an account ---- */

struct books_sums books_held(const struct books *b, const struct books_account *a)
{
	return a->held == 0 ? (struct books_sums){ 0, 0 } : b->held[a->held - 1];
}

/* Free rows are chained: a free row's debits is the next one + 1. */
static void held_add(struct books *b, struct books_account *a, u128 debits, u128 credits)
{
	if (a->held == 0) {
		if (b->held_free != 0) {
			a->held = (uint32_t)b->held_free;
			b->held_free = (size_t)b->held[a->held - 1].debits;
		} else {
			CHECK(b->held_count < b->held_cap);
			a->held = (uint32_t)++b->held_count;
		}
		b->held[a->held - 1] = (struct books_sums){ 0, 0 };
	}
	b->held[a->held - 1].debits += debits;
	b->held[a->held - 1].credits += credits;
}

static void held_sub(struct books *b, struct books_account *a, u128 debits, u128 credits)
{
	struct books_sums *row;

	CHECK(a->held != 0);
	row = &b->held[a->held - 1];
	row->debits -= debits;
	row->credits -= credits;
	if (row->debits == 0 && row->credits == 0) {
		row->debits = b->held_free;
		b->held_free = a->held;
		a->held = 0;
	}
}

/* ---- the holds that expire: a heap, the earliest at its top ---- */

static void queue_set(struct books *b, size_t at, uint32_t row)
{
	b->queue[at] = row;
	b->holds[row].queue_at = (uint32_t)at + 1;
}

static uint64_t queue_ms(const struct books *b, size_t at)
{
	return b->holds[b->queue[at]].expires_ms;
}

/* Puts row where it belongs, from the place `at` that is free. */
static void queue_settle(struct books *b, size_t at, uint32_t row)
{
	uint64_t ms = b->holds[row].expires_ms;

	while (at > 0 && queue_ms(b, (at - 1) / 2) > ms) {
		queue_set(b, at, b->queue[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < b->queue_count && queue_ms(b, child + 1) < queue_ms(b, child)) {
			child++;
		}
		if (child >= b->queue_count || queue_ms(b, child) >= ms) {
			break;
		}
		queue_set(b, at, b->queue[child]);
		at = child;
	}
	queue_set(b, at, row);
}

static void queue_remove(struct books *b, const struct books_hold *h)
{
	size_t at = h->queue_at - 1;
	uint32_t last = b->queue[--b->queue_count];

	if (at < b->queue_count) {
		queue_settle(b, at, last);
	}
}

/* ---- rows of holds ---- */

/* Adds an open hold; reserve() has made room. */
static void hold_put(struct books *b, const struct books_hold *h)
{
	uint32_t row;

	if (b->hold_free != 0) {
		row = (uint32_t)b->hold_free - 1;
		b->hold_free = b->holds[row].debit;
	} else {
		CHECK(b->hold_count < b->hold_cap);
		row = (uint32_t)b->hold_count++;
	}
	b->holds[row] = *h;
	index_add(&b->hold_index, ids_tag(b, &h->id), row);
	if (h->expires_ms != 0) {
		b->queue_count++;
		queue_settle(b, b->queue_count - 1, row);
	}
	held_add(b, &b->accounts[h->debit], h->amount, 0);
	held_add(b, &b->accounts[h->credit], 0, h->amount);
}

/* Takes an open hold out, with `release` of what is held for it. */
static void hold_end(struct books *b, uint32_t row, u128 release)
{
	struct books_hold *h = &b->holds[row];

	held_sub(b, &b->accounts[h->debit], release, 0);
	held_sub(b, &b->accounts[h->credit], 0, release);
	if (h->queue_at != 0) {
		queue_remove(b, h);
	}
	index_remove(&b->hold_index, ids_tag(b, &h->id), row);
	*h = (struct books_hold){ .debit = (uint32_t)b->hold_free };
	b->hold_free = (size_t)row + 1;
}

/* ---- what is judged ---- */

static u128 available(const struct books *b, const struct books_account *a)
{
	struct books_sums sums = books_held(b, a);
	u128 left = surplus(a);
	u128 held = chart[a->kind].debit ? sums.credits : sums.debits;

	return left > held ? left - held : 0;
}

/* What taking `amount` from the account's normal side needs: that it is there, holds counted. */
static enum err take_allowed(const struct books *b, const struct books_account *a, bool debit_side,
			     u128 amount)
{
	if (!chart[a->kind].limited || chart[a->kind].debit == debit_side ||
	    b->planted == BOOKS_PLANT_LIMIT_LOST) {
		return ERR_OK;
	}
	if (b->planted == BOOKS_PLANT_HOLD_UNCOUNTED) {
		return amount <= surplus(a) ? ERR_OK : ERR_FUNDS;
	}
	return amount <= available(b, a) ? ERR_OK : ERR_FUNDS;
}

u128 books_most(const struct books *b, const struct books_account *a)
{
	return a->limit == 0 ? 0 : b->limits[a->limit - 1].most;
}

/*
 * Whether `more` on its normal side leaves the account at or below `most`, what is held for it
 * counted, what is held of it not gone: so no order of posts and voids can bring it above.  posted
 * + held + more fits (pair_check()).
 */
static bool most_allows(const struct books *b, const struct books_account *a, u128 most, u128 more)
{
	bool debit = chart[a->kind].debit;
	struct books_sums sums = books_held(b, a);
	u128 have = debit ? a->debits + sums.debits : a->credits + sums.credits;
	u128 gone = debit ? a->credits : a->debits;

	have += more;
	return most == 0 || have <= most || have - most <= gone;
}

static bool owed_kind(const struct books_account *a)
{
	return a->kind == BOOKS_CUSTOMER || a->kind == BOOKS_IN_FLIGHT;
}

/* What customers are owed and what is in flight, together: what the reserves must cover. */
static bool claims_of(u128 *out, const u128 owed[BOOKS_ASSETS], const u128 in_flight[BOOKS_ASSETS],
		      uint32_t asset)
{
	return !__builtin_add_overflow(owed[asset], in_flight[asset], out);
}

/* T41 for a hold: one that could not be posted now, alone, is not taken. */
static enum err hold_covered(const struct books *b, const struct books_account *debit,
			     const struct books_account *credit, u128 amount)
{
	u128 claims, reserves = b->totals.reserves[credit->asset];

	if (!owed_kind(credit) || owed_kind(debit)) {
		return ERR_OK;
	}
	if (!claims_of(&claims, b->totals.owed, b->totals.in_flight, credit->asset) ||
	    __builtin_add_overflow(claims, amount, &claims) ||
	    (chart[debit->kind].reserve && __builtin_add_overflow(reserves, amount, &reserves))) {
		return ERR_OVERFLOW;
	}
	return claims <= reserves ? ERR_OK : ERR_CAP;
}

u128 books_headroom(const struct books *b, uint32_t asset)
{
	u128 claims, reserves;

	CHECK(asset < BOOKS_ASSETS);
	reserves = b->totals.reserves[asset];
	if (!claims_of(&claims, b->totals.owed, b->totals.in_flight, asset) || claims > reserves) {
		return 0;
	}
	return reserves - claims;
}

/*
 * T41 for a group, after its last record: the claims are no higher than before it, or no higher
 * than the reserves.  What theft took is no reason to refuse what raises nothing.
 */
static enum err group_covered(const struct books *b, const struct books_totals *before,
			      uint32_t *asset)
{
	for (uint32_t a = ASSET_XEM; a < BOOKS_ASSETS; a++) {
		u128 was, now;

		*asset = a;
		if (!claims_of(&now, b->totals.owed, b->totals.in_flight, a)) {
			return ERR_OVERFLOW;
		}
		if (now > b->totals.reserves[a] &&
		    (!claims_of(&was, before->owed, before->in_flight, a) || now > was)) {
			return ERR_CAP;
		}
	}
	return ERR_OK;
}

/* By the record alone: what no state of the books could make right. */
static enum err form_check(const struct log_record *r)
{
	if (!books_takes(r->kind)) {
		return ERR_TYPE;
	}
	if (r->kind == LOG_REFUSED) {
		return ERR_OK; /* books_refused() knows its form */
	}
	if (r->asset == ASSET_NONE || r->asset >= BOOKS_ASSETS) {
		return ERR_ASSET;
	}
	switch ((enum log_kind)r->kind) {
	case LOG_ACCOUNT:
		return r->amount < BOOKS_KINDS && chart_known((uint32_t)r->amount) ? ERR_OK
										   : ERR_INPUT;
	case LOG_TRANSFER:
	case LOG_HOLD:
	case LOG_HOLD_UNTIL:
		if (id128_eq(&r->debit, &r->credit)) {
			return ERR_INPUT;
		}
		if (r->kind == LOG_HOLD_UNTIL &&
		    (le64_get(r->ref.b) == 0 || le64_get(r->ref.b + 8) != 0)) {
			return ERR_INPUT;
		}
		return r->amount == 0 ? ERR_AMOUNT : ERR_OK;
	case LOG_POST:
	case LOG_VOID:
	case LOG_EXPIRE:
		return r->amount == 0 ? ERR_AMOUNT : ERR_OK;
	default:
		return ERR_OK;
	}
}

static enum err pair_check(const struct books *b, const struct log_record *r, int64_t *debit,
			   int64_t *credit)
{
	const struct books_account *d, *c;
	u128 sum;

	*debit = account_find(b, &r->debit);
	*credit = account_find(b, &r->credit);
	if (*debit == NONE || *credit == NONE) {
		return ERR_NOT_FOUND;
	}
	d = &b->accounts[*debit];
	c = &b->accounts[*credit];
	if (d->asset != r->asset || c->asset != r->asset) {
		return ERR_ASSET;
	}
	if (d->closed || c->closed) {
		return ERR_CLOSED;
	}
	/* posted + held must fit on each side, so that a later post cannot overflow */
	if (__builtin_add_overflow(d->debits, books_held(b, d).debits, &sum) ||
	    __builtin_add_overflow(sum, r->amount, &sum) ||
	    __builtin_add_overflow(c->credits, books_held(b, c).credits, &sum) ||
	    __builtin_add_overflow(sum, r->amount, &sum)) {
		return ERR_OVERFLOW;
	}
	if (take_allowed(b, d, true, r->amount) != ERR_OK ||
	    take_allowed(b, c, false, r->amount) != ERR_OK) {
		return ERR_FUNDS;
	}
	if ((chart[d->kind].debit && !most_allows(b, d, books_most(b, d), r->amount)) ||
	    (!chart[c->kind].debit && !most_allows(b, c, books_most(b, c), r->amount))) {
		return ERR_LIMIT;
	}
	return ERR_OK;
}

/* ---- what is applied ---- */

static struct books_undo *step(struct books *b, const struct log_record *r, size_t at)
{
	struct books_undo *u = &b->undo[b->undo_count++];

	CHECK(b->undo_count <= b->undo_cap);
	u->kind = r->kind;
	u->at = (uint32_t)at;
	return u;
}

/*
 * The running totals behind the reserve rule after `amount` was posted.  Limited accounts never go
 * past zero, so no total can; the caller puts all of them back when it refuses.
 */
static enum err totals_move(struct books *b, const struct books_account *debit,
			    const struct books_account *credit, u128 amount)
{
	uint32_t asset = debit->asset;
	u128 *owed = &b->totals.owed[asset], *flight = &b->totals.in_flight[asset],
	     *reserves = &b->totals.reserves[asset];

	*owed -= debit->kind == BOOKS_CUSTOMER ? amount : 0;
	*flight -= debit->kind == BOOKS_IN_FLIGHT ? amount : 0;
	*reserves -= chart[credit->kind].reserve ? amount : 0;
	if ((credit->kind == BOOKS_CUSTOMER && __builtin_add_overflow(*owed, amount, owed)) ||
	    (credit->kind == BOOKS_IN_FLIGHT && __builtin_add_overflow(*flight, amount, flight)) ||
	    (chart[debit->kind].reserve && __builtin_add_overflow(*reserves, amount, reserves))) {
		return ERR_OVERFLOW;
	}
	return ERR_OK;
}

static enum err post(struct books *b, const struct log_record *r, size_t at, uint32_t debit,
		     uint32_t credit, const struct books_hold *hold)
{
	enum err e = totals_move(b, &b->accounts[debit], &b->accounts[credit], r->amount);
	struct books_undo *u;

	if (e != ERR_OK) {
		return e;
	}
	b->accounts[debit].debits += r->amount;
	b->accounts[credit].credits += r->amount;
	u = step(b, r, at);
	u->debit = debit;
	u->credit = credit;
	u->amount = r->amount;
	if (hold != NULL) {
		u->hold = *hold;
	}
	return ERR_OK;
}

static u128 most_of(const struct log_record *r)
{
	return le128_get(r->ref.b);
}

/* Gives the account a maximum; its row is new if it has none. */
static void limit_set(struct books *b, struct books_account *a, u128 most)
{
	if (a->limit == 0) {
		CHECK(b->limit_count < b->limit_cap);
		b->limits[b->limit_count++] = (struct books_limit){ 0, 0 };
		a->limit = (uint32_t)b->limit_count;
	}
	b->limits[a->limit - 1].most = most;
}

/* What ACCOUNT said when it was opened, for whoever says it again. */
static struct log_record opening_of(const struct books *b, const struct books_account *a)
{
	struct log_record r = {
		.kind = LOG_ACCOUNT, .asset = a->asset, .id = a->id, .amount = a->kind
	};

	le128_put(r.ref.b, a->limit == 0 ? 0 : b->limits[a->limit - 1].opened);
	return r;
}

/*
 * Accounts are their own memory of having been opened, in a name space of their own: an entry in
 * the window for each of 260,000 would push out everything else.
 */
static enum err open_account(struct books *b, const struct log_record *r, size_t at)
{
	int64_t index = account_find(b, &r->id);
	struct books_account *a;

	if (index != NONE) {
		a = &b->accounts[index];
		b->clash = opening_of(b, a);
		return a->kind == r->amount && a->asset == r->asset &&
			       most_of(r) == most_of(&b->clash)
			   ? ERR_OK
			   : ERR_EXISTS;
	}
	a = &b->accounts[b->account_count];
	*a = (struct books_account){ .id = r->id,
				     .asset = (uint16_t)r->asset,
				     .kind = (uint16_t)r->amount };
	index_add(&b->account_index, ids_tag(b, &a->id), (uint32_t)b->account_count);
	b->account_count++;
	if (most_of(r) != 0) {
		limit_set(b, a, most_of(r));
		b->limits[a->limit - 1].opened = most_of(r);
	}
	(void)step(b, r, at);
	return ERR_OK;
}

static enum err transfer(struct books *b, const struct log_record *r, size_t at)
{
	int64_t debit, credit;
	enum err e = pair_check(b, r, &debit, &credit);

	return e != ERR_OK ? e : post(b, r, at, (uint32_t)debit, (uint32_t)credit, NULL);
}

static enum err hold(struct books *b, const struct log_record *r, size_t at, uint64_t now_ms)
{
	int64_t debit, credit;
	struct books_hold h = { .id = r->id, .amount = r->amount, .open = true };
	enum err e = pair_check(b, r, &debit, &credit);

	if (e == ERR_OK) {
		e = hold_covered(b, &b->accounts[debit], &b->accounts[credit], r->amount);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (r->kind == LOG_HOLD_UNTIL) {
		h.expires_ms = le64_get(r->ref.b);
		if (h.expires_ms <= now_ms) {
			return ERR_EXPIRED;
		}
	}
	h.debit = (uint32_t)debit;
	h.credit = (uint32_t)credit;
	hold_put(b, &h);
	step(b, r, at)->hold = h;
	return ERR_OK;
}

/* No open hold has this id: because it is resolved, or because there never was one. */
static enum err hold_gone(const struct books *b, const struct id128 *id)
{
	struct log_record was;
	enum err verdict, e = ids_find(b, id, &was, &verdict);

	if (e != ERR_OK) {
		return e;
	}
	return verdict == ERR_OK && (was.kind == LOG_HOLD || was.kind == LOG_HOLD_UNTIL)
		   ? ERR_STATE
		   : ERR_NOT_FOUND;
}

/* The planted bug: what was held is released, the hold stays to be posted again. */
static void planted_keep(struct books *b, uint32_t row)
{
	struct books_hold *h = &b->holds[row];

	if (h->open) {
		held_sub(b, &b->accounts[h->debit], h->amount, 0);
		held_sub(b, &b->accounts[h->credit], 0, h->amount);
		h->open = false;
	}
}

static enum err resolve(struct books *b, const struct log_record *r, size_t at, uint64_t now_ms)
{
	int64_t row = hold_find(b, &r->ref);
	struct books_hold h;
	bool late;

	if (row == NONE) {
		return hold_gone(b, &r->ref);
	}
	h = b->holds[row];
	if (!h.open && r->kind != LOG_POST) {
		return ERR_STATE; /* kept by the planted bug */
	}
	late = h.expires_ms != 0 && h.expires_ms <= now_ms;
	if (r->asset != b->accounts[h.debit].asset) {
		return ERR_ASSET;
	}
	if (r->kind == LOG_POST ? r->amount > h.amount : r->amount != h.amount) {
		return ERR_AMOUNT;
	}
	if (r->kind == LOG_POST && late) {
		return ERR_EXPIRED;
	}
	if (r->kind == LOG_EXPIRE && !late) {
		return ERR_WAIT;
	}
	if (r->kind == LOG_POST) {
		enum err e = post(b, r, at, h.debit, h.credit, &h);

		if (e != ERR_OK) {
			return e;
		}
	} else {
		step(b, r, at)->hold = h;
	}
	if (b->planted == BOOKS_PLANT_POST_TWICE && r->kind == LOG_POST) {
		planted_keep(b, (uint32_t)row);
		return ERR_OK;
	}
	hold_end(b, (uint32_t)row,
		 b->planted == BOOKS_PLANT_PART_KEPT && r->kind == LOG_POST ? r->amount : h.amount);
	return ERR_OK;
}

static enum err close_or_limit(struct books *b, const struct log_record *r, size_t at)
{
	int64_t index = account_find(b, &r->ref);
	struct books_account *a;
	struct books_undo *u;

	if (index == NONE) {
		return ERR_NOT_FOUND;
	}
	a = &b->accounts[index];
	if (a->asset != r->asset) {
		return ERR_ASSET;
	}
	if (a->closed) {
		return ERR_CLOSED;
	}
	if (r->kind == LOG_CLOSE && (a->debits != a->credits || a->held != 0)) {
		return ERR_STATE;
	}
	if (r->kind == LOG_LIMIT && !most_allows(b, a, r->amount, 0)) {
		return ERR_LIMIT;
	}
	u = step(b, r, at);
	u->account = (uint32_t)index;
	u->limit = a->limit;
	if (r->kind == LOG_CLOSE) {
		a->closed = true;
	} else {
		u->amount = books_most(b, a);
		limit_set(b, a, r->amount);
	}
	return ERR_OK;
}

/* One record of a group.  A repetition leaves no step. */
static enum err apply(struct books *b, const struct log_record *r, size_t at)
{
	uint64_t now_ms = r->time_ms > b->totals.now_ms ? r->time_ms : b->totals.now_ms;
	struct log_record was, content = *r;
	enum err verdict = ERR_OK, known, e = form_check(r);
	size_t before = b->undo_count;

	if (e == ERR_OK && r->kind == LOG_REFUSED) {
		e = books_refused(&content, &verdict, r);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (r->kind != LOG_ACCOUNT) {
		enum err said;

		known = ids_find(b, &r->id, &was, &said);
		if (known == ERR_OK) {
			if (ids_same(&was, &content) &&
			    (r->kind != LOG_REFUSED || said == verdict)) {
				return r->kind == LOG_REFUSED ? ERR_OK : said;
			}
			b->clash = was;
			return ERR_EXISTS;
		}
		e = known == ERR_NOT_FOUND ? ids_fresh(&r->id, now_ms) : known;
		if (e != ERR_OK) {
			return e;
		}
	}
	switch ((enum log_kind)r->kind) {
	case LOG_ACCOUNT:
		e = open_account(b, r, at);
		break;
	case LOG_TRANSFER:
		e = transfer(b, r, at);
		break;
	case LOG_HOLD:
	case LOG_HOLD_UNTIL:
		e = hold(b, r, at, now_ms);
		break;
	case LOG_POST:
	case LOG_VOID:
	case LOG_EXPIRE:
		e = resolve(b, r, at, now_ms);
		break;
	case LOG_CLOSE:
	case LOG_LIMIT:
		e = close_or_limit(b, r, at);
		break;
	case LOG_REFUSED:
		(void)step(b, r, at);
		break;
	default:
		return ERR_TYPE;
	}
	if (e != ERR_OK || b->undo_count == before) {
		return e;
	}
	if (r->kind != LOG_ACCOUNT) {
		ids_add(b, &content, verdict);
	}
	b->applied++;
	b->totals.now_ms = now_ms;
	return ERR_OK;
}

/* Takes back the step that was done last.  The totals are put back by who calls. */
static void take_back(struct books *b)
{
	const struct books_undo *u = &b->undo[--b->undo_count];
	struct books_account *a;

	b->applied--;
	if (u->kind != LOG_ACCOUNT) {
		ids_take_back(b);
	}
	switch ((enum log_kind)u->kind) {
	case LOG_ACCOUNT:
		a = &b->accounts[--b->account_count];
		b->limit_count -= a->limit != 0;
		index_remove(&b->account_index, ids_tag(b, &a->id), (uint32_t)b->account_count);
		return;
	case LOG_TRANSFER:
	case LOG_POST:
		b->accounts[u->debit].debits -= u->amount;
		b->accounts[u->credit].credits -= u->amount;
		if (u->kind == LOG_POST) {
			hold_put(b, &u->hold);
		}
		return;
	case LOG_HOLD:
	case LOG_HOLD_UNTIL:
		hold_end(b, (uint32_t)hold_find(b, &u->hold.id), u->hold.amount);
		return;
	case LOG_VOID:
	case LOG_EXPIRE:
		hold_put(b, &u->hold);
		return;
	case LOG_CLOSE:
		b->accounts[u->account].closed = false;
		return;
	case LOG_LIMIT:
		a = &b->accounts[u->account];
		b->limits[a->limit - 1].most = u->amount;
		b->limit_count -= a->limit != u->limit;
		a->limit = u->limit;
		return;
	default:
		return; /* REFUSED: the window alone */
	}
}

/* The last record of the group that raised what is owed in this asset: it is the one refused. */
static size_t raised_by(const struct books *b, uint32_t asset)
{
	for (size_t i = b->undo_count; i > 0; i--) {
		const struct books_undo *u = &b->undo[i - 1];

		if ((u->kind == LOG_TRANSFER || u->kind == LOG_POST) &&
		    b->accounts[u->credit].asset == asset && owed_kind(&b->accounts[u->credit]) &&
		    !owed_kind(&b->accounts[u->debit])) {
			return u->at;
		}
	}
	CHECK(b->planted != BOOKS_PLANT_NONE); /* a total below zero */
	return 0;
}

/* Brings the slots of what a record names near the processor. */
static INLINED void fetch_slots(const struct books *b, const struct id128 *id,
				const struct id128 *debit, const struct id128 *credit)
{
	const struct index *accounts = &b->account_index, *used = &b->used_index;

	index_fetch(accounts, ids_tag(b, debit));
	index_fetch(accounts, ids_tag(b, credit));
	index_fetch(used, ids_tag(b, id));
}

/* ... and the account itself, by slots that are here by now. */
static INLINED void fetch_account(const struct books *b, const struct id128 *id)
{
	uint32_t tag = ids_tag(b, id), row;
	size_t at = index_start(&b->account_index, tag);

	if (index_next(&b->account_index, tag, &at, &row)) {
		FETCH(&b->accounts[row]);
	}
}

/*
 * Judges and applies n linked records.  After them stand `more` others that come next: memory is
 * what this waits for, so it asks for what they need a few records ahead.
 */
static enum err apply_group(struct books *b, const struct log_record *r, size_t n, size_t more,
			    size_t *failed)
{
	enum err e = reserve(b, n);
	const struct books_totals before = b->totals;
	uint32_t asset;
	size_t at = 0;

	*failed = 0;
	if (e != ERR_OK) {
		return e;
	}
	b->undo_count = 0;
	while (e == ERR_OK && at < n) {
		if (at + FETCH_SLOTS < n + more) {
			const struct log_record *far = &r[at + FETCH_SLOTS];

			fetch_slots(b, &far->id, &far->debit, &far->credit);
			fetch_account(b, &r[at + FETCH_ROWS].debit);
			fetch_account(b, &r[at + FETCH_ROWS].credit);
			ids_fetch_leaving(b, FETCH_ROWS);
		}
		e = apply(b, &r[at], at);
		at += e == ERR_OK;
	}
	if (e == ERR_OK) {
		e = group_covered(b, &before, &asset);
		at = e == ERR_OK ? 0 : raised_by(b, asset);
	}
	if (e != ERR_OK) {
		while (b->undo_count > 0) {
			take_back(b);
		}
		b->totals = before;
		*failed = at;
		return e;
	}
	ids_let_go(b);
	return ERR_OK;
}

enum err books_apply_all(struct books *b, const struct log_record *r, size_t n, size_t *failed)
{
	size_t at;
	enum err e;

	CHECK(n > 0 && n <= BOOKS_LINKED_MAX && !b->linked);
	e = apply_group(b, r, n, 0, &at);
	if (e != ERR_OK && failed != NULL) {
		*failed = at;
	}
	return e;
}

enum err books_apply(struct books *b, const struct log_record *r)
{
	return books_apply_all(b, r, 1, NULL);
}

void books_apply_batch(struct books *b, const struct log_record *r, size_t n, enum err *answers)
{
	size_t at = 0;

	CHECK(!b->linked);
	while (at < n) {
		size_t group = 1, failed = 0;
		enum err e, others = ERR_LINKED;

		while (at + group < n && (r[at + group - 1].flags & LOG_FLAG_LINKED) != 0) {
			group++;
		}
		if ((r[at + group - 1].flags & LOG_FLAG_LINKED) != 0) {
			e = others = ERR_INPUT;
		} else if (group > BOOKS_LINKED_MAX) {
			e = others = ERR_TOO_LARGE;
		} else {
			e = apply_group(b, &r[at], group, n - at - group, &failed);
		}
		for (size_t i = 0; i < group; i++) {
			answers[at + i] = e == ERR_OK || i == failed ? e : others;
		}
		at += group;
	}
}

void books_fetch_id(const struct books *b, const struct id128 *id)
{
	index_fetch(&b->used_index, ids_tag(b, id));
}

void books_fetch_slot(const struct books *b, const struct id128 *account)
{
	index_fetch(&b->account_index, ids_tag(b, account));
}

void books_fetch_account(const struct books *b, const struct id128 *account)
{
	fetch_account(b, account);
}

void books_fetch(const struct books *b, const struct log_view *v, uint32_t i)
{
	struct id128 id, debit, credit;

	if (v->head.count <= FETCH_SLOTS || i >= v->head.count - FETCH_SLOTS) {
		return;
	}
	log_record_names(&id, &debit, &credit,
			 v->records.p + (size_t)(i + FETCH_SLOTS) * LOG_RECORD_BYTES);
	fetch_slots(b, &id, &debit, &credit);
	log_record_names(&id, &debit, &credit,
			 v->records.p + (size_t)(i + FETCH_ROWS) * LOG_RECORD_BYTES);
	fetch_account(b, &debit);
	fetch_account(b, &credit);
	ids_fetch_leaving(b, FETCH_ROWS);
}

enum err books_replay(struct books *b, const struct log_record *r)
{
	enum err e = reserve(b, 1);
	uint32_t asset;

	if (e != ERR_OK) {
		return e;
	}
	if (!b->linked) {
		b->group_before = b->totals;
	}
	b->undo_count = 0;
	e = apply(b, r, 0);
	b->linked = (r->flags & LOG_FLAG_LINKED) != 0;
	if (e == ERR_OK && !b->linked) {
		e = group_covered(b, &b->group_before, &asset);
		ids_let_go(b);
	}
	return e;
}

/* ---- refusals that are remembered ---- */

/* Answers that another moment could change. */
static bool state_decides(uint32_t why)
{
	return why == ERR_NOT_FOUND || why == ERR_ASSET || why == ERR_CLOSED || why == ERR_AMOUNT ||
	       why == ERR_FUNDS || why == ERR_LIMIT || why == ERR_CAP || why == ERR_STATE ||
	       why == ERR_EXPIRED || why == ERR_OVERFLOW;
}

/* EXPIRE is kuramorid's own and comes again until its moment is there. */
static bool refusable(const struct log_record *r, uint32_t why)
{
	return r->kind != LOG_ACCOUNT && r->kind != LOG_EXPIRE && r->kind != LOG_REFUSED &&
	       form_check(r) == ERR_OK && state_decides(why);
}

enum err books_refused(struct log_record *out, enum err *why, const struct log_record *refused)
{
	struct log_record r = *refused;
	uint32_t reason = refused->asset >> 24;

	if (refused->kind != LOG_REFUSED) {
		return ERR_INPUT;
	}
	r.kind = (uint16_t)(refused->asset >> 16 & 0xff);
	r.asset = refused->asset & 0xffff;
	if (!refusable(&r, reason)) {
		return ERR_INPUT;
	}
	*out = r;
	*why = (enum err)reason;
	return ERR_OK;
}

enum err books_refuse(struct books *b, const struct log_record *r, enum err why,
		      struct log_record *out)
{
	struct log_record refused = *r;
	size_t before = b->applied;
	enum err e;

	if (!refusable(r, (uint32_t)why)) {
		return ERR_STATE;
	}
	refused.flags = 0;
	refused.kind = LOG_REFUSED;
	refused.asset |= (uint32_t)r->kind << 16 | (uint32_t)why << 24;
	e = books_apply(b, &refused);
	if (e != ERR_OK || b->applied == before) {
		/* its id is known, or is no id to remember */
		return e == ERR_FULL ? e : ERR_STATE;
	}
	*out = refused;
	return ERR_OK;
}

/* ---- reading ---- */

const struct books_account *books_account(const struct books *b, const struct id128 *id)
{
	int64_t index = account_find(b, id);

	return index == NONE ? NULL : &b->accounts[index];
}

const struct books_hold *books_hold(const struct books *b, const struct id128 *id)
{
	int64_t row = hold_find(b, id);

	return row == NONE ? NULL : &b->holds[row];
}

const struct books_hold *books_expiring(const struct books *b)
{
	return b->queue_count == 0 ? NULL : &b->holds[b->queue[0]];
}

void books_expire_record(struct log_record *out, const struct books *b, const struct books_hold *h)
{
	static const char label[] = "kuramori expire v1\n";
	struct sha256 s;
	struct hash32 digest;

	sha256_init(&s);
	sha256_update(&s, bytes_str(label));
	sha256_update(&s, bytes_of(h->id.b, sizeof h->id.b));
	sha256_final(&s, &digest);
	*out = (struct log_record){ .kind = LOG_EXPIRE,
				    .asset = b->accounts[h->debit].asset,
				    .ref = h->id,
				    .amount = h->amount };
	id128_named(&out->id, &digest);
}

u128 books_available(const struct books *b, const struct id128 *id)
{
	const struct books_account *a = books_account(b, id);

	return a == NULL ? 0 : available(b, a);
}

u128 books_balance(const struct books *b, const struct id128 *id)
{
	const struct books_account *a = books_account(b, id);

	return a == NULL ? 0 : surplus(a);
}
