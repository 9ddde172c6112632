/* SPDX-License-Identifier: Apache-2.0 */
#include "books/books.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/sha256.h"

enum {
	ASSETS = 3, /* ASSET_NONE, ASSET_XEM, ASSET_JPY */
	SLOTS_FIRST = 1024,
	NONE = -1,
};

/* The chart (docs/books.md). */
static const struct {
	const char *name;
	bool debit;    /* the normal side */
	bool on_chain; /* coins on a chain */
	bool reserve;  /* customers' credit stands on it */
	bool limited;  /* may not go past zero */
	unsigned who;  /* enum books_poster, or-ed */
} kinds[BOOKS_KINDS] = {
	[BOOKS_CUSTOMER] = { "customer", false, false, false, true,
			     BOOKS_BY_CHAIN | BOOKS_BY_CLIENT | BOOKS_BY_OPERATOR },
	[BOOKS_BOX] = { "box", true, true, true, true, BOOKS_BY_CHAIN },
	[BOOKS_PURSE] = { "purse", true, true, true, true, BOOKS_BY_CHAIN },
	[BOOKS_TILL] = { "till", true, true, true, true, BOOKS_BY_CHAIN },
	[BOOKS_DEPOSIT] = { "deposit", true, true, true, true, BOOKS_BY_CHAIN },
	[BOOKS_SPARE] = { "spare", true, true, true, true, BOOKS_BY_CHAIN },
	[BOOKS_IN_FLIGHT] = { "in-flight", false, false, false, true,
			      BOOKS_BY_CHAIN | BOOKS_BY_OPERATOR },
	[BOOKS_FEE] = { "fee", true, false, false, false, BOOKS_BY_CHAIN | BOOKS_BY_OPERATOR },
	[BOOKS_SHORTAGE] = { "shortage", true, false, false, false,
			     BOOKS_BY_CHAIN | BOOKS_BY_OPERATOR },
	[BOOKS_OPENING] = { "opening", false, false, false, true, BOOKS_BY_CHAIN },
	[BOOKS_SUSPENSE] = { "suspense", false, false, false, true,
			     BOOKS_BY_CHAIN | BOOKS_BY_OPERATOR },
	[BOOKS_HOUSE] = { "house", false, false, false, false, BOOKS_BY_CHAIN | BOOKS_BY_OPERATOR },
	[BOOKS_BANK] = { "bank", true, false, true, true, BOOKS_BY_OPERATOR },
	[BOOKS_FEE_INCOME] = { "fee-income", false, false, false, true,
			       BOOKS_BY_CLIENT | BOOKS_BY_OPERATOR },
	[BOOKS_CONVERSION] = { "conversion", false, false, false, false,
			       BOOKS_BY_CLIENT | BOOKS_BY_OPERATOR },
};

static bool kind_known(uint32_t kind)
{
	return kind < ARRAY_LEN(kinds) && kinds[kind].name != NULL;
}

bool books_kind_on_chain(uint32_t kind)
{
	return kind_known(kind) && kinds[kind].on_chain;
}

bool books_kind_reserve(uint32_t kind)
{
	return kind_known(kind) && kinds[kind].reserve;
}

bool books_kind_limited(uint32_t kind)
{
	return kind_known(kind) && kinds[kind].limited;
}

bool books_kind_may(uint32_t kind, enum books_poster who)
{
	return kind_known(kind) && (kinds[kind].who & (unsigned)who) != 0;
}

bool books_kind_debit(uint32_t kind)
{
	return kind_known(kind) && kinds[kind].debit;
}

const char *books_kind_name(uint32_t kind)
{
	return kind_known(kind) ? kinds[kind].name : NULL;
}

void books_account_id(struct id128 *out, uint32_t kind, uint32_t asset, struct bytes name)
{
	static const char label[] = "kuramori account v1\n";
	struct sha256 s;
	struct hash32 h;
	uint8_t numbers[8];

	le32_put(numbers, kind);
	le32_put(numbers + 4, asset);
	sha256_init(&s);
	sha256_update(&s, bytes_str(label));
	sha256_update(&s, bytes_of(numbers, sizeof numbers));
	sha256_update(&s, name);
	sha256_final(&s, &h);
	memcpy(out->b, h.b, sizeof out->b);
	out->b[6] = (uint8_t)((out->b[6] & 0x0f) | 0x80);
	out->b[8] = (uint8_t)((out->b[8] & 0x3f) | 0x80);
}

/*
 * Where an id starts in a table of 2^n slots.  Ids are UUIDs made by clients: the product mixes
 * their time bits, so that a run of ids of one millisecond does not fall on one place.
 */
static uint64_t mix(const struct id128 *id)
{
	uint64_t x = le64_get(id->b) ^ (le64_get(id->b + 8) * 0x9e3779b97f4a7c15u);

	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	return x;
}

static size_t slot_of(const struct id128 *id, size_t slots)
{
	return (size_t)mix(id) & (slots - 1);
}

static int64_t account_find(const struct books *b, const struct id128 *id)
{
	for (size_t i = slot_of(id, b->account_slot_count);;
	     i = (i + 1) & (b->account_slot_count - 1)) {
		uint32_t index = b->account_slots[i];

		if (index == 0) {
			return NONE;
		}
		if (id128_eq(&b->accounts[index - 1].id, id)) {
			return (int64_t)index - 1;
		}
	}
}

static int64_t hold_find(const struct books *b, const struct id128 *id)
{
	for (size_t i = slot_of(id, b->hold_slot_count);; i = (i + 1) & (b->hold_slot_count - 1)) {
		uint32_t index = b->hold_slots[i];

		if (index == 0) {
			return NONE;
		}
		if (id128_eq(&b->holds[index - 1].id, id)) {
			return (int64_t)index - 1;
		}
	}
}

static bool used_empty(const struct books_used *u)
{
	static const struct id128 zero;

	return u->digest == 0 && id128_eq(&u->id, &zero);
}

/* This table is the largest, so it grows in smaller steps than by doubling: any number of slots. */
static struct books_used *used_slot(const struct books *b, const struct id128 *id)
{
	size_t i = (size_t)(((u128)(mix(id) * 0x9e3779b97f4a7c15u) * b->used_slot_count) >> 64);

	while (!used_empty(&b->used[i]) && !id128_eq(&b->used[i].id, id)) {
		i = i + 1 == b->used_slot_count ? 0 : i + 1;
	}
	return &b->used[i];
}

static void slot_insert(uint32_t *slots, size_t count, const struct id128 *id, uint32_t index)
{
	size_t i = slot_of(id, count);

	while (slots[i] != 0) {
		i = (i + 1) & (count - 1);
	}
	slots[i] = index + 1;
}

enum err books_init(struct books *b)
{
	memset(b, 0, sizeof *b);
	b->account_slot_count = b->hold_slot_count = b->used_slot_count = SLOTS_FIRST;
	b->account_slots = calloc(SLOTS_FIRST, sizeof *b->account_slots);
	b->hold_slots = calloc(SLOTS_FIRST, sizeof *b->hold_slots);
	b->used = calloc(SLOTS_FIRST, sizeof *b->used);
	if (b->account_slots == NULL || b->hold_slots == NULL || b->used == NULL) {
		books_free(b);
		return ERR_FULL;
	}
	return ERR_OK;
}

void books_free(struct books *b)
{
	free(b->accounts);
	free(b->account_slots);
	free(b->held);
	free(b->holds);
	free(b->hold_slots);
	free(b->used);
	memset(b, 0, sizeof *b);
}

/* Doubles a table of indices until `entries` fill at most three quarters of it. */
static enum err slots_grow(uint32_t **slots, size_t *count, size_t entries, const void *rows,
			   size_t row_bytes, size_t rows_now)
{
	size_t wanted = *count;
	uint32_t *p;

	while (entries * 4 > wanted * 3) {
		wanted *= 2;
	}
	if (wanted == *count) {
		return ERR_OK;
	}
	p = calloc(wanted, sizeof *p);
	if (p == NULL) {
		return ERR_FULL;
	}
	for (size_t i = 0; i < rows_now; i++) {
		struct id128 id;

		/* every row begins with its id */
		memcpy(&id, (const uint8_t *)rows + i * row_bytes, sizeof id);
		slot_insert(p, wanted, &id, (uint32_t)i);
	}
	free(*slots);
	*slots = p;
	*count = wanted;
	return ERR_OK;
}

static enum err used_grow(struct books *b, size_t entries)
{
	size_t wanted = b->used_slot_count, old_count = b->used_slot_count;
	struct books_used *old = b->used;
	struct books_used *p;

	if (entries * 4 <= wanted * 3) {
		return ERR_OK;
	}
	wanted = entries + entries / 5 * 3 + SLOTS_FIRST;
	p = calloc(wanted, sizeof *p);
	if (p == NULL) {
		return ERR_FULL;
	}
	b->used = p;
	b->used_slot_count = wanted;
	for (size_t i = 0; i < old_count; i++) {
		if (!used_empty(&old[i])) {
			*used_slot(b, &old[i].id) = old[i];
		}
	}
	free(old);
	return ERR_OK;
}

/*
 * Room for n more records of any kind: afterwards nothing on the way can run out of memory, and no
 * table is rebuilt, so that what a group inserted can be taken out again in reverse order.
 */
static enum err reserve(struct books *b, size_t n)
{
	if (b->account_count + n > b->account_cap) {
		size_t cap = b->account_count + n + b->account_count / 4 + 64;
		struct books_account *p = realloc(b->accounts, cap * sizeof *p);

		if (p == NULL) {
			return ERR_FULL;
		}
		b->accounts = p;
		b->account_cap = cap;
	}
	if (b->held_count + 2 * n > b->held_cap) {
		size_t cap = b->held_count + 2 * n + b->held_count / 2 + 64;
		struct books_sums *p = realloc(b->held, cap * sizeof *p);

		if (p == NULL) {
			return ERR_FULL;
		}
		b->held = p;
		b->held_cap = cap;
	}
	if (b->hold_count + n > b->hold_cap) {
		size_t cap = b->hold_count + n + b->hold_count / 2 + 64;
		struct books_hold *p = realloc(b->holds, cap * sizeof *p);

		if (p == NULL) {
			return ERR_FULL;
		}
		b->holds = p;
		b->hold_cap = cap;
	}
	if (slots_grow(&b->account_slots, &b->account_slot_count, b->account_count + n, b->accounts,
		       sizeof *b->accounts, b->account_count) != ERR_OK ||
	    slots_grow(&b->hold_slots, &b->hold_slot_count, b->hold_count + n, b->holds,
		       sizeof *b->holds, b->hold_count) != ERR_OK) {
		return ERR_FULL;
	}
	return used_grow(b, b->used_count + n);
}

/* Content without time: a retry of the same thing at another moment is the same thing. */
static uint64_t digest_of(const struct log_record *r)
{
	struct log_record content = *r;
	uint8_t bytes[LOG_RECORD_BYTES];
	struct hash32 h;
	uint64_t d;

	content.time_ms = 0;
	log_record_put(bytes, &content);
	sha256(&h, bytes_of(bytes, sizeof bytes));
	d = le64_get(h.b);
	return d == 0 ? 1 : d; /* zero marks an empty slot */
}

static u128 surplus(const struct books_account *a)
{
	u128 have = kinds[a->kind].debit ? a->debits : a->credits;
	u128 gone = kinds[a->kind].debit ? a->credits : a->debits;

	return have > gone ? have - gone : 0;
}

struct books_sums books_held(const struct books *b, const struct books_account *a)
{
	return a->held == 0 ? (struct books_sums){ 0, 0 } : b->held[a->held - 1];
}

/* To change; reserve() has made room for a new row. */
static struct books_sums *held_of(struct books *b, struct books_account *a)
{
	if (a->held == 0) {
		CHECK(b->held_count < b->held_cap);
		b->held[b->held_count++] = (struct books_sums){ 0, 0 };
		a->held = (uint32_t)b->held_count;
	}
	return &b->held[a->held - 1];
}

static u128 available(const struct books *b, const struct books_account *a)
{
	struct books_sums sums = books_held(b, a);
	u128 left = surplus(a);
	u128 held = kinds[a->kind].debit ? sums.credits : sums.debits;

	return left > held ? left - held : 0;
}

/* What taking `amount` from the account's normal side needs: that it is there, holds counted. */
static enum err take_allowed(const struct books *b, const struct books_account *a, bool debit_side,
			     u128 amount)
{
	if (!kinds[a->kind].limited || kinds[a->kind].debit == debit_side) {
		return ERR_OK;
	}
	if (b->planted == BOOKS_PLANT_HOLD_UNCOUNTED) {
		return amount <= surplus(a) ? ERR_OK : ERR_FUNDS;
	}
	return amount <= available(b, a) ? ERR_OK : ERR_FUNDS;
}

/*
 * The running totals behind the reserve rule after `amount` moved.  Customers are owed credits less
 * debits; chain accounts hold debits less credits.  Limited accounts never go past zero, so neither
 * total can.
 */
static void totals_move(struct books *b, const struct books_account *debit,
			const struct books_account *credit, u128 amount)
{
	if (debit->kind == BOOKS_CUSTOMER) {
		b->owed[debit->asset] -= amount;
	}
	if (credit->kind == BOOKS_CUSTOMER) {
		b->owed[credit->asset] += amount;
	}
	if (kinds[debit->kind].reserve) {
		b->reserves[debit->asset] += amount;
	}
	if (kinds[credit->kind].reserve) {
		b->reserves[credit->asset] -= amount;
	}
}

/*
 * T41.  In flight is what customers no longer own and the till still holds, so the chain accounts'
 * own sum already contains it: owed + in flight <= reserves is the stricter form of the rule, and
 * the one that is kept.
 */
static enum err reserve_rule(const struct books *b, const struct books_account *debit,
			     const struct books_account *credit, u128 amount)
{
	u128 owed, reserves;

	if (credit->kind != BOOKS_CUSTOMER || debit->kind == BOOKS_CUSTOMER) {
		return ERR_OK;
	}
	if (__builtin_add_overflow(b->owed[credit->asset], amount, &owed)) {
		return ERR_OVERFLOW;
	}
	reserves = b->reserves[credit->asset];
	if (kinds[debit->kind].reserve && __builtin_add_overflow(reserves, amount, &reserves)) {
		return ERR_OVERFLOW;
	}
	return owed <= reserves ? ERR_OK : ERR_CAP;
}

static enum err pair_check(const struct books *b, const struct log_record *r, int64_t *debit,
			   int64_t *credit)
{
	const struct books_account *d, *c;
	u128 sum;

	if (id128_eq(&r->debit, &r->credit)) {
		return ERR_INPUT;
	}
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
	if (r->amount == 0) {
		return ERR_AMOUNT;
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
	return reserve_rule(b, d, c, r->amount);
}

/*
 * Accounts are their own memory of having been opened, in a name space of their own: an entry in
 * `used` for each of 260,000 would double the memory of the books.
 */
static enum err open_account(struct books *b, const struct log_record *r, bool *fresh)
{
	int64_t index = account_find(b, &r->id);
	struct books_account *a;

	if (index != NONE) {
		a = &b->accounts[index];
		*fresh = false;
		return a->kind == r->amount && a->asset == r->asset ? ERR_OK : ERR_EXISTS;
	}
	if (r->amount == 0 || r->amount >= ARRAY_LEN(kinds) || !kind_known((uint32_t)r->amount)) {
		return ERR_INPUT;
	}
	if (r->asset == ASSET_NONE || r->asset >= ASSETS) {
		return ERR_ASSET;
	}
	a = &b->accounts[b->account_count];
	*a = (struct books_account){ .id = r->id,
				     .asset = (uint16_t)r->asset,
				     .kind = (uint16_t)r->amount };
	slot_insert(b->account_slots, b->account_slot_count, &a->id, (uint32_t)b->account_count);
	b->account_count++;
	b->applied++;
	*fresh = true;
	return ERR_OK;
}

static enum err transfer(struct books *b, const struct log_record *r)
{
	int64_t debit, credit;
	enum err e = pair_check(b, r, &debit, &credit);

	if (e != ERR_OK) {
		return e;
	}
	b->accounts[debit].debits += r->amount;
	b->accounts[credit].credits += r->amount;
	totals_move(b, &b->accounts[debit], &b->accounts[credit], r->amount);
	return ERR_OK;
}

static enum err hold(struct books *b, const struct log_record *r)
{
	int64_t debit, credit;
	enum err e = pair_check(b, r, &debit, &credit);

	if (e != ERR_OK) {
		return e;
	}
	held_of(b, &b->accounts[debit])->debits += r->amount;
	held_of(b, &b->accounts[credit])->credits += r->amount;
	b->holds[b->hold_count] = (struct books_hold){
		.id = r->id,
		.debit = (uint32_t)debit,
		.credit = (uint32_t)credit,
		.amount = r->amount,
		.open = true,
	};
	slot_insert(b->hold_slots, b->hold_slot_count, &r->id, (uint32_t)b->hold_count);
	b->hold_count++;
	return ERR_OK;
}

static enum err resolve(struct books *b, const struct log_record *r)
{
	int64_t index = hold_find(b, &r->ref);
	struct books_hold *h;
	struct books_account *debit, *credit;
	bool held;

	if (index == NONE) {
		return ERR_NOT_FOUND;
	}
	h = &b->holds[index];
	held = h->open;
	if (!held && !(b->planted == BOOKS_PLANT_POST_TWICE && r->kind == LOG_POST)) {
		return ERR_STATE;
	}
	debit = &b->accounts[h->debit];
	credit = &b->accounts[h->credit];
	if (r->asset != debit->asset) {
		return ERR_ASSET;
	}
	if (r->amount != h->amount) {
		return ERR_AMOUNT;
	}
	if (held) {
		held_of(b, debit)->debits -= h->amount;
		held_of(b, credit)->credits -= h->amount;
		h->open = false;
	}
	if (r->kind == LOG_POST) {
		debit->debits += h->amount;
		credit->credits += h->amount;
		totals_move(b, debit, credit, h->amount);
	}
	return ERR_OK;
}

/* fresh: false if the very same record had been applied before, so that nothing changed. */
static enum err apply(struct books *b, const struct log_record *r, bool *fresh)
{
	struct books_used *used;
	uint64_t digest;
	enum err e = ERR_TYPE;

	if (r->kind == LOG_ACCOUNT) {
		return open_account(b, r, fresh);
	}
	digest = digest_of(r);
	used = used_slot(b, &r->id);
	if (!used_empty(used)) {
		*fresh = false;
		return used->digest == digest ? ERR_OK : ERR_EXISTS;
	}
	if (r->kind == LOG_TRANSFER) {
		e = transfer(b, r);
	} else if (r->kind == LOG_HOLD) {
		e = hold(b, r);
	} else if (r->kind == LOG_POST || r->kind == LOG_VOID) {
		e = resolve(b, r);
	}
	if (e != ERR_OK) {
		return e;
	}
	used->id = r->id;
	used->digest = digest;
	b->used_count++;
	b->applied++;
	*fresh = true;
	return ERR_OK;
}

/* Takes back the record that was applied last. */
static void unapply(struct books *b, const struct log_record *r)
{
	b->applied--;
	if (r->kind == LOG_ACCOUNT) {
		size_t i = slot_of(&r->id, b->account_slot_count);

		while (b->account_slots[i] != b->account_count) {
			i = (i + 1) & (b->account_slot_count - 1);
		}
		b->account_slots[i] = 0;
		b->account_count--;
		return;
	}
	if (r->kind == LOG_TRANSFER) {
		struct books_account *debit = &b->accounts[account_find(b, &r->debit)];
		struct books_account *credit = &b->accounts[account_find(b, &r->credit)];

		debit->debits -= r->amount;
		credit->credits -= r->amount;
		totals_move(b, credit, debit, r->amount);
	} else if (r->kind == LOG_HOLD) {
		size_t i = slot_of(&r->id, b->hold_slot_count);
		const struct books_hold *h = &b->holds[b->hold_count - 1];

		held_of(b, &b->accounts[h->debit])->debits -= h->amount;
		held_of(b, &b->accounts[h->credit])->credits -= h->amount;
		while (b->hold_slots[i] != b->hold_count) {
			i = (i + 1) & (b->hold_slot_count - 1);
		}
		b->hold_slots[i] = 0;
		b->hold_count--;
	} else {
		struct books_hold *h = &b->holds[hold_find(b, &r->ref)];
		struct books_account *debit = &b->accounts[h->debit],
				     *credit = &b->accounts[h->credit];

		h->open = true;
		held_of(b, debit)->debits += h->amount;
		held_of(b, credit)->credits += h->amount;
		if (r->kind == LOG_POST) {
			debit->debits -= h->amount;
			credit->credits -= h->amount;
			totals_move(b, credit, debit, h->amount);
		}
	}
	*used_slot(b, &r->id) = (struct books_used){ 0 };
	b->used_count--;
}

enum err books_apply_all(struct books *b, const struct log_record *r, size_t n, size_t *failed)
{
	bool fresh[BOOKS_LINKED_MAX];
	enum err e;

	CHECK(n > 0 && n <= BOOKS_LINKED_MAX);
	e = reserve(b, n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		e = apply(b, &r[i], &fresh[i]);
		if (e == ERR_OK) {
			continue;
		}
		for (size_t k = i; k > 0; k--) {
			if (fresh[k - 1]) {
				unapply(b, &r[k - 1]);
			}
		}
		if (failed != NULL) {
			*failed = i;
		}
	}
	return e;
}

enum err books_apply(struct books *b, const struct log_record *r)
{
	return books_apply_all(b, r, 1, NULL);
}

const struct books_hold *books_hold_at(const struct books *b, const struct id128 *id)
{
	int64_t index = hold_find(b, id);

	return index == NONE ? NULL : &b->holds[index];
}

bool books_known(const struct books *b, const struct id128 *id)
{
	return !used_empty(used_slot(b, id));
}

const struct books_account *books_account(const struct books *b, const struct id128 *id)
{
	int64_t index = account_find(b, id);

	return index == NONE ? NULL : &b->accounts[index];
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

enum err books_validate(const struct books *b, const char **why)
{
	u128 debits[ASSETS] = { 0 }, credits[ASSETS] = { 0 };
	u128 debits_held[ASSETS] = { 0 }, credits_held[ASSETS] = { 0 };
	u128 owed[ASSETS] = { 0 }, reserves[ASSETS] = { 0 };
	/* what the open holds add up to, by row of held; row 0: accounts that have none */
	struct books_sums *held = calloc(b->held_count + 1, sizeof *held);
	enum err e = ERR_CORRUPT;

	*why = "no memory to check with";
	if (held == NULL) {
		return ERR_FULL;
	}
	for (size_t i = 0; i < b->hold_count; i++) {
		if (b->holds[i].open) {
			held[b->accounts[b->holds[i].debit].held].debits += b->holds[i].amount;
			held[b->accounts[b->holds[i].credit].held].credits += b->holds[i].amount;
		}
	}
	for (size_t i = 0; i < b->account_count; i++) {
		const struct books_account *a = &b->accounts[i];
		bool debit = kinds[a->kind].debit;
		u128 have = debit ? a->debits : a->credits, gone = debit ? a->credits : a->debits;
		struct books_sums sums = books_held(b, a);
		u128 promised = debit ? sums.credits : sums.debits;

		*why = "an account's held sums are not those of its open holds";
		if (held[a->held].debits != sums.debits || held[a->held].credits != sums.credits) {
			goto out;
		}
		*why = "an account that may not is below zero, holds counted";
		if (kinds[a->kind].limited && (gone > have || promised > have - gone)) {
			goto out;
		}
		debits[a->asset] += a->debits;
		credits[a->asset] += a->credits;
		debits_held[a->asset] += sums.debits;
		credits_held[a->asset] += sums.credits;
		owed[a->asset] += a->kind == BOOKS_CUSTOMER ? have - gone : 0;
		reserves[a->asset] += kinds[a->kind].reserve ? have - gone : 0;
	}
	for (size_t i = 0; i < ASSETS; i++) {
		*why = "the sum of all accounts is not zero";
		if (debits[i] != credits[i]) {
			goto out;
		}
		*why = "the sum of all holds is not zero";
		if (debits_held[i] != credits_held[i]) {
			goto out;
		}
		*why = "a running total differs from its accounts";
		if (owed[i] != b->owed[i] || reserves[i] != b->reserves[i]) {
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
	}
	for (size_t i = 0; i < b->hold_count; i++) {
		const struct books_hold *h = &b->holds[holds[i]];

		if (h->open) {
			sha256_update(&s, bytes_of(h->id.b, sizeof h->id.b));
			sha256_update(&s, bytes_of(b->accounts[h->debit].id.b, 16));
			sha256_update(&s, bytes_of(b->accounts[h->credit].id.b, 16));
			hash_number(&s, h->amount);
		}
	}
	sha256_final(&s, out);
	e = ERR_OK;
out:
	free(accounts);
	free(holds);
	return e;
}
