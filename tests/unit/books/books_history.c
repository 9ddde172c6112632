/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.c - makes histories for the model in tests/kit/ledger.py and says what the books made of
 * them.
 *
 *   books_history random SEED GROUPS PLANT     a random history: transfers, holds, posts in part,
 * voids, moments, closings, maxima, repeats, other content, linked groups, clocks that jump by 25
 * hours books_history all DEPTH PLANT           every history of up to DEPTH operations on two
 * accounts
 *
 * Standard output, little-endian, one item after the other:
 *
 *   'G' u16 n, u16 err, u16 failed (65535: none), u64 first moment, u64 digest, n records
 *   'R' u16 why, u8 taken, u64 digest, the record, the REFUSED record (zeros if not taken)
 *   'P' and 'O': keep what is now, go back to what was kept last
 *   'E' hash of the books
 *
 * The digest is over every account and open hold, so that the model sees every balance at every
 * moment.  Three books run side by side: with a small window whose older ids are found in the
 * history, with all ids in memory, and a replay of what was journaled, with the small window and
 * without finding anything; all must give the same answers (the program dies otherwise).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "books/books.h"
#include "crypto/uuid7.h"

enum {
	ACCOUNTS_MAX = 48,
	HOLDS_MAX = 64,
	GROUP_MAX = 6,
	WINDOW = 200,
	HOUR_MS = 3600 * 1000,
};

struct world {
	struct books b, all, replay;
	struct log_record *journal; /* what was applied or refused, in order */
	size_t journal_n, journal_cap;
	uint32_t *by_id; /* open addressing: journal index + 1 */
	size_t by_id_n;
	uint64_t rng;
	uint64_t clock_ms;
	struct id128 accounts[ACCOUNTS_MAX];
	size_t account_n;
	struct id128 holds[HOLDS_MAX]; /* the newest */
	size_t hold_n;
	bool planted; /* then only the first of the books: the model is to notice */
};

static uint64_t mixed(uint64_t n)
{
	n += 0x9e3779b97f4a7c15u;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9u;
	n = (n ^ n >> 27) * 0x94d049bb133111ebu;
	return n ^ n >> 31;
}

static uint64_t dice(struct world *w, uint64_t below)
{
	w->rng = mixed(w->rng);
	return w->rng % below;
}

static uint64_t weigh(u128 v, uint64_t low, uint64_t high)
{
	return (uint64_t)v * low + (uint64_t)(v >> 64) * high;
}

static uint64_t digest(const struct books *b)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < b->account_count; i++) {
		const struct books_account *a = &b->accounts[i];
		struct books_sums held = books_held(b, a);
		const u128 field[5] = { a->debits, a->credits, held.debits, held.credits,
					books_most(b, a) };

		for (size_t f = 0; f < 5; f++) {
			sum += weigh(field[f], mixed(i * 32 + 2 * f) | 1,
				     mixed(i * 32 + 2 * f + 1) | 1);
		}
		sum += (a->closed ? 2u : 1u) * (mixed(i * 32 + 10) | 1);
	}
	for (size_t i = 0; i < b->hold_count; i++) {
		const struct books_hold *h = &b->holds[i];

		if (h->open) {
			sum += (le64_get(h->id.b) | 1) *
			       (weigh(h->amount, 1, 11) + 3 * (uint64_t)h->debit +
				5 * (uint64_t)h->credit + 7 * h->expires_ms);
		}
	}
	return sum;
}

static void put(const void *p, size_t n)
{
	CHECK(fwrite(p, 1, n, stdout) == n);
}

static void put_record(const struct log_record *r)
{
	uint8_t bytes[LOG_RECORD_BYTES];

	log_record_put(bytes, r);
	put(bytes, sizeof bytes);
}

static void put_number(uint64_t v, size_t n)
{
	uint8_t bytes[8];

	le64_put(bytes, v);
	put(bytes, n);
}

/* ---- the journal, and the index of ids that a shell would have ---- */

static size_t id_slot(const struct world *w, const struct id128 *id)
{
	size_t at = (size_t)mixed(le64_get(id->b) ^ le64_get(id->b + 8) * 3) & (w->by_id_n - 1);

	while (w->by_id[at] != 0 && !id128_eq(&w->journal[w->by_id[at] - 1].id, id)) {
		at = (at + 1) & (w->by_id_n - 1);
	}
	return at;
}

static enum err find(void *context, const struct id128 *id, struct log_record *out)
{
	const struct world *w = context;
	size_t at = id_slot(w, id);

	if (w->by_id[at] == 0) {
		return ERR_NOT_FOUND;
	}
	*out = w->journal[w->by_id[at] - 1];
	return ERR_OK;
}

static void journal(struct world *w, const struct log_record *r)
{
	CHECK(w->journal_n < w->journal_cap);
	w->journal[w->journal_n++] = *r;
	if (books_names_id(r->kind)) {
		w->by_id[id_slot(w, &r->id)] = (uint32_t)w->journal_n;
	}
}

/* ---- what happens, three times ---- */

/* The books that keep all ids take everything by books_apply_batch(). */
static bool the_same_by_batch(struct books *b, const struct log_record *r, size_t n, enum err want,
			      size_t failed)
{
	struct log_record linked[GROUP_MAX];
	enum err answers[GROUP_MAX];

	for (size_t i = 0; i < n; i++) {
		linked[i] = r[i];
		linked[i].flags = i + 1 < n ? LOG_FLAG_LINKED : 0;
	}
	books_apply_batch(b, linked, n, answers);
	for (size_t i = 0; i < n; i++) {
		if (answers[i] != (want == ERR_OK || i == failed ? want : ERR_LINKED)) {
			return false;
		}
	}
	return true;
}

static void group(struct world *w, const struct log_record *r, size_t n)
{
	size_t before = w->b.applied, failed = 65535;
	const struct books_hold *first;
	enum err e = books_apply_all(&w->b, r, n, &failed);

	CHECK(w->planted || the_same_by_batch(&w->all, r, n, e, failed));
	if (w->planted) {
		for (size_t i = 0; e == ERR_OK && w->b.applied != before && i < n; i++) {
			journal(w, &r[i]);
		}
	} else if (e == ERR_OK && w->b.applied != before) {
		/* as kuramorid's journal has it: the new ones only */
		for (size_t i = 0; i < n; i++) {
			size_t was = w->replay.applied;

			CHECK(n > 1 || books_apply(&w->replay, &r[i]) == ERR_OK);
			if (n == 1 && w->replay.applied != was) {
				journal(w, &r[i]);
			}
		}
		if (n > 1) {
			struct log_record fresh[GROUP_MAX];
			size_t k = 0;

			for (size_t i = 0; i < n; i++) {
				const struct log_record *x = &r[i];
				struct log_record known;

				if (x->kind == LOG_ACCOUNT
					? books_account(&w->replay, &x->id) == NULL
					: find(w, &x->id, &known) == ERR_NOT_FOUND) {
					fresh[k++] = *x;
				}
			}
			CHECK(k > 0 && books_apply_all(&w->replay, fresh, k, NULL) == ERR_OK);
			for (size_t i = 0; i < k; i++) {
				journal(w, &fresh[i]);
			}
		}
	}
	first = books_expiring(&w->b);
	put("G", 1);
	put_number(n, 2);
	put_number((uint64_t)e, 2);
	put_number(failed, 2);
	put_number(first == NULL ? 0 : first->expires_ms, 8);
	put_number(digest(&w->b), 8);
	for (size_t i = 0; i < n; i++) {
		put_record(&r[i]);
	}
	if (e != ERR_OK && failed < n && dice(w, 2) == 0) {
		static const uint8_t zeros[LOG_RECORD_BYTES];
		struct log_record refused, again;
		enum err kept = books_refuse(&w->b, &r[failed], e, &refused);

		CHECK(w->planted || kept == books_refuse(&w->all, &r[failed], e, &again));
		put("R", 1);
		put_number((uint64_t)e, 2);
		put_number(kept == ERR_OK, 1);
		put_number(digest(&w->b), 8);
		put_record(&r[failed]);
		if (kept == ERR_OK) {
			CHECK(w->planted || books_apply(&w->replay, &refused) == ERR_OK);
			journal(w, &refused);
			put_record(&refused);
		} else {
			put(zeros, sizeof zeros);
		}
	}
}

static void begin(struct world *w, uint64_t seed, size_t records, unsigned plant)
{
	uint64_t keys[2] = { mixed(seed), mixed(seed + 1) };

	memset(w, 0, sizeof *w);
	w->rng = seed;
	w->clock_ms = UINT64_C(1790000000000);
	w->journal_cap = records;
	w->by_id_n = 1024;
	while (w->by_id_n < 2 * records) {
		w->by_id_n *= 2;
	}
	w->journal = calloc(records, sizeof *w->journal);
	w->by_id = calloc(w->by_id_n, sizeof *w->by_id);
	CHECK(w->journal != NULL && w->by_id != NULL);
	CHECK(books_init(&w->b) == ERR_OK && books_init(&w->all) == ERR_OK &&
	      books_init(&w->replay) == ERR_OK);
	books_window(&w->b, WINDOW);
	books_seed(&w->b, keys);
	books_ids_from(&w->b, find, w);
	books_window(&w->replay, WINDOW);
	w->b.planted = plant;
	w->planted = plant != 0;
}

static void end(struct world *w)
{
	struct hash32 h[3];

	CHECK(books_hash(&w->b, &h[0]) == ERR_OK && books_hash(&w->all, &h[1]) == ERR_OK &&
	      books_hash(&w->replay, &h[2]) == ERR_OK);
	CHECK(w->planted || (hash32_eq(&h[0], &h[1]) && hash32_eq(&h[0], &h[2])));
	put("E", 1);
	put(h[0].b, sizeof h[0].b);
	books_free(&w->b);
	books_free(&w->all);
	books_free(&w->replay);
	free(w->journal);
	free(w->by_id);
}

/* ---- random histories ---- */

static struct id128 new_id(struct world *w)
{
	struct id128 id;
	uint8_t random[UUID7_RANDOM_BYTES];
	uint64_t ms = w->clock_ms;

	for (size_t i = 0; i < sizeof random; i++) {
		random[i] = (uint8_t)dice(w, 256);
	}
	switch (dice(w, 40)) {
	case 0:
		ms += dice(w, 2 * BOOKS_ID_AHEAD_MS);
		break;
	case 1:
		ms -= dice(w, BOOKS_ID_AGE_MS + 2 * HOUR_MS);
		break;
	case 2: { /* a name without a time */
		for (size_t i = 0; i < sizeof id.b; i++) {
			id.b[i] = (uint8_t)dice(w, 256);
		}
		id.b[6] = 0x80;
		return id;
	}
	default:
		ms -= dice(w, 3000);
		break;
	}
	uuid7_make(&id, ms, random);
	return id;
}

static struct id128 some_account(struct world *w)
{
	static const struct id128 nobody = { { 9, 9, 9 } };

	return dice(w, 200) == 0 ? nobody : w->accounts[dice(w, w->account_n)];
}

static struct id128 some_hold(struct world *w)
{
	static const struct id128 nothing = { { 8, 8, 8 } };

	if (w->hold_n == 0 || w->b.hold_count == 0 || dice(w, 100) == 0) {
		return nothing;
	}
	if (dice(w, 2) == 0) {
		/* any that is open, so that there are never very many */
		const struct books_hold *h = &w->b.holds[dice(w, w->b.hold_count)];

		if (h->open) {
			return h->id;
		}
	}
	/* else a new one, which may have ended */
	return w->holds[(w->hold_n - 1 - dice(w, w->hold_n < 12 ? w->hold_n : 12)) % HOLDS_MAX];
}

static u128 edge(struct world *w)
{
	static const unsigned bits[5] = { 53, 63, 64, 127, 128 };
	unsigned n = bits[dice(w, 5)];
	u128 v = n == 128 ? 0 : (u128)1 << n;

	return v - 1 + dice(w, 3); /* one below, at, one above; 2^128: 2^128 - 1, 0 and 1 */
}

static u128 some_amount(struct world *w, uint32_t asset)
{
	if (asset == ASSET_JPY && dice(w, 2) == 0) {
		return edge(w);
	}
	return dice(w, dice(w, 2) == 0 ? 6 : 3000);
}

static void open_one(struct world *w, uint32_t kind, uint32_t asset)
{
	struct log_record r = { .kind = LOG_ACCOUNT, .asset = asset, .amount = kind };
	uint8_t name[2] = { (uint8_t)w->account_n, 1 };

	if (w->account_n == ACCOUNTS_MAX) {
		return;
	}
	r.time_ms = w->clock_ms;
	books_account_id(&r.id, kind, asset, bytes_of(name, sizeof name));
	if (dice(w, 4) == 0) {
		le128_put(r.ref.b, asset == ASSET_JPY ? edge(w) : 1 + dice(w, 4000));
	}
	w->accounts[w->account_n++] = r.id;
	group(w, &r, 1);
}

static struct log_record one(struct world *w)
{
	struct log_record r = { .kind = LOG_TRANSFER, .id = new_id(w), .time_ms = w->clock_ms };
	const struct books_account *a;
	const struct books_hold *h;
	uint64_t which = dice(w, 100);

	if (w->journal_n > 0 && which < 8) {
		/* again what was there before; every third time with one field changed */
		r = w->journal[dice(w, 2) == 0 || w->journal_n < 300
				   ? dice(w, w->journal_n)
				   : w->journal_n - 1 - dice(w, 300)];
		r.time_ms = w->clock_ms;
		switch (dice(w, 24)) {
		case 0:
			r.amount++;
			break;
		case 1:
			r.asset ^= 3;
			break;
		case 2:
			r.link.b[3] ^= 1;
			break;
		case 3:
			r.ref.b[1] ^= 1;
			break;
		case 4:
			r.debit = r.credit;
			break;
		case 5:
			r.kind = (uint16_t)(1 + dice(w, 10));
			break;
		default:
			break;
		}
		return r;
	}
	r.debit = some_account(w);
	a = books_account(&w->b, &r.debit);
	r.asset = a == NULL ? ASSET_XEM : a->asset;
	for (unsigned tries = 0; tries < 8; tries++) {
		const struct books_account *c;

		r.credit = some_account(w);
		if (dice(w, 6) == 0) {
			r.credit = w->accounts[0]; /* the first customer, for the reserve rule */
		}
		c = books_account(&w->b, &r.credit);
		if (c != NULL && c->asset == r.asset) {
			break;
		}
	}
	r.amount = some_amount(w, r.asset);
	if (which < 60) {
		return r;
	}
	if (which < 76) {
		r.kind = which < 68 ? LOG_HOLD : LOG_HOLD_UNTIL;
		if (r.kind == LOG_HOLD_UNTIL) {
			le64_put(r.ref.b, w->clock_ms + dice(w, 40000) - dice(w, 10) * 200);
		}
		w->holds[w->hold_n++ % HOLDS_MAX] = r.id;
		return r;
	}
	if (which < 95) {
		r.ref = some_hold(w);
		h = books_hold(&w->b, &r.ref);
		r.debit = r.credit = (struct id128){ { 0 } };
		r.kind = which < 86 ? LOG_POST : which < 91 ? LOG_VOID : LOG_EXPIRE;
		if (h != NULL) {
			r.asset = w->b.accounts[h->debit].asset;
			r.amount = h->amount;
			if (dice(w, 3) == 0) {
				r.amount = dice(w, 4) == 0 ? h->amount + 1
							   : (u128)dice(w, 1u << 20) % h->amount;
			}
		}
		if (r.kind == LOG_EXPIRE && books_expiring(&w->b) != NULL && dice(w, 2) == 0) {
			books_expire_record(&r, &w->b, books_expiring(&w->b));
			r.time_ms = w->clock_ms;
		}
		return r;
	}
	r.kind = dice(w, 3) == 0 ? LOG_CLOSE : LOG_LIMIT;
	r.ref = r.debit;
	r.amount = r.kind == LOG_CLOSE || dice(w, 3) == 0 ? 0 : r.amount;
	r.debit = r.credit = (struct id128){ { 0 } };
	return r;
}

static void tick(struct world *w)
{
	w->clock_ms += dice(w, 50);
	switch (dice(w, 4000)) {
	case 0:
		w->clock_ms += UINT64_C(25) * HOUR_MS;
		break;
	case 1:
		w->clock_ms -= UINT64_C(25) * HOUR_MS;
		break;
	default:
		break;
	}
}

static void random_history(uint64_t seed, size_t groups, unsigned plant)
{
	static struct world w;
	const char *why = NULL;

	begin(&w, seed, groups * 2 * GROUP_MAX / 3 + 1000, plant);
	for (uint32_t kind = 1; kind < BOOKS_KINDS; kind++) {
		open_one(&w, kind, ASSET_XEM);
		open_one(&w, kind, ASSET_JPY);
	}
	for (size_t i = 0; i < groups && w.journal_n + GROUP_MAX + 1 < w.journal_cap; i++) {
		struct log_record r[GROUP_MAX];
		size_t n = dice(&w, 5) == 0 ? 1 + dice(&w, GROUP_MAX) : 1;

		tick(&w);
		if (dice(&w, 3000) == 0) {
			open_one(&w, 1 + (uint32_t)dice(&w, BOOKS_KINDS - 1),
				 1 + (uint32_t)dice(&w, 2));
		}
		for (size_t k = 0; k < n; k++) {
			r[k] = one(&w);
		}
		group(&w, r, n);
		CHECK(plant != 0 || i % 5000 != 0 || books_validate(&w.b, &why) == ERR_OK);
	}
	end(&w);
}

/* ---- every history ---- */

enum { OPERATIONS = 14 };

static struct id128 small_id(unsigned n)
{
	struct id128 id = { { 0 } };

	id.b[0] = (uint8_t)n;
	id.b[15] = 1;
	return id;
}

/* The records of operation `what` as the at-th of a history; 0: it cannot be made here. */
static size_t operation(struct log_record out[2], unsigned what, unsigned at,
			const struct log_record *last)
{
	const struct id128 ann = small_id(2), bob = small_id(3);
	struct log_record r = { .kind = LOG_TRANSFER, .asset = ASSET_XEM, .time_ms = 1000 + at };
	/* the hold that was made first, and the one that was made next */
	const struct id128 hold = small_id(100), other = small_id(101);

	r.id = small_id(20 + at);
	out[0] = r;
	switch (what) {
	case 0: /* Ann has 3 */
	case 1:
		out[0].debit = what == 0 ? ann : bob;
		out[0].credit = what == 0 ? bob : ann;
		out[0].amount = 2;
		return 1;
	case 2:
	case 3:
		out[0].kind = what == 2 ? LOG_HOLD : LOG_HOLD_UNTIL;
		out[0].id = what == 2 ? hold : other;
		out[0].debit = ann;
		out[0].credit = bob;
		out[0].amount = 2;
		if (what == 3) {
			le64_put(out[0].ref.b, 1002);
		}
		return 1;
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
		out[0].kind = what == 6 ? LOG_VOID : what == 8 ? LOG_EXPIRE : LOG_POST;
		out[0].ref = what <= 6 ? hold : other;
		out[0].amount = what == 5 ? 1 : 2;
		return 1;
	case 9:
		out[0].kind = LOG_CLOSE;
		out[0].ref = bob;
		return 1;
	case 10:
		out[0].kind = LOG_LIMIT;
		out[0].ref = bob;
		out[0].amount = 3;
		return 1;
	case 11: /* the one before, again */
		out[0] = *last;
		out[0].time_ms = 1000 + at;
		return last->kind == 0 ? 0 : 1;
	case 12: /* its id with other content */
		out[0] = *last;
		out[0].amount++;
		return last->kind == 0 ? 0 : 1;
	default: /* linked: Bob gives what the first gives him */
		out[0].debit = ann;
		out[0].credit = bob;
		out[0].amount = 1;
		out[1] = out[0];
		out[1].id = small_id(60 + at);
		out[1].debit = bob;
		out[1].credit = ann;
		out[1].amount = 2;
		return 2;
	}
}

static void ground(struct books *b, unsigned plant, size_t window, struct world *w)
{
	struct log_record r[4] = {
		{ .kind = LOG_ACCOUNT, .asset = ASSET_XEM, .id = small_id(1), .amount = BOOKS_BOX },
		{ .kind = LOG_ACCOUNT, .asset = ASSET_XEM, .id = small_id(2) },
		{ .kind = LOG_ACCOUNT, .asset = ASSET_XEM, .id = small_id(3) },
		{ .kind = LOG_TRANSFER, .asset = ASSET_XEM, .id = small_id(4), .amount = 3 },
	};

	r[1].amount = r[2].amount = BOOKS_CUSTOMER;
	r[3].debit = small_id(1);
	r[3].credit = small_id(2);
	if (w != NULL) {
		for (size_t i = 0; i < 4; i++) {
			group(w, &r[i], 1);
		}
		return;
	}
	CHECK(books_init(b) == ERR_OK);
	if (window != 0) {
		books_window(b, window);
	}
	b->planted = plant;
	for (size_t i = 0; i < 4; i++) {
		CHECK(books_apply(b, &r[i]) == ERR_OK);
	}
}

struct path {
	struct log_record r[16][2];
	size_t n[16];
	unsigned depth, plant;
};

/* The record that a history's ids were used by: its journal, in which the books look. */
static enum err find_in_path(void *context, const struct id128 *id, struct log_record *out)
{
	const struct books *all = context;

	for (uint64_t i = all->used_first; i < all->used_next; i++) {
		if (id128_eq(&all->used[i].id, id)) {
			*out = all->used[i];
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}

static void every(struct path *p, unsigned at)
{
	static const struct log_record none;

	for (unsigned what = 0; at < p->depth && what < OPERATIONS; what++) {
		const struct log_record *last = at == 0 ? &none : &p->r[at - 1][0];
		struct books b, all;
		size_t failed = 65535;
		const struct books_hold *first;
		const char *why = NULL;
		enum err e = ERR_OK;

		p->n[at] = operation(p->r[at], what, at, last);
		if (p->n[at] == 0) {
			continue;
		}
		ground(&b, p->plant, 2, NULL);
		ground(&all, p->plant, 0, NULL);
		books_ids_from(&b, find_in_path, &all);
		for (unsigned i = 0; i <= at; i++) {
			enum err e_all;

			failed = 65535;
			e = books_apply_all(&b, p->r[i], p->n[i], &failed);
			e_all = books_apply_all(&all, p->r[i], p->n[i], NULL);
			CHECK(p->plant != 0 || e == e_all);
		}
		CHECK(p->plant != 0 || books_validate(&b, &why) == ERR_OK);
		first = books_expiring(&b);
		put("PG", 2);
		put_number(p->n[at], 2);
		put_number((uint64_t)e, 2);
		put_number(failed, 2);
		put_number(first == NULL ? 0 : first->expires_ms, 8);
		put_number(digest(&b), 8);
		for (size_t i = 0; i < p->n[at]; i++) {
			put_record(&p->r[at][i]);
		}
		books_free(&b);
		books_free(&all);
		every(p, at + 1);
		put("O", 1);
	}
}

int main(int argc, char **argv)
{
	static char buffer[1 << 16];

	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	if (argc == 5 && strcmp(argv[1], "random") == 0) {
		random_history(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10),
			       (unsigned)strtoul(argv[4], NULL, 10));
	} else if (argc == 4 && strcmp(argv[1], "all") == 0) {
		static struct world w;
		static struct path p;

		p.depth = (unsigned)strtoul(argv[2], NULL, 10);
		p.plant = (unsigned)strtoul(argv[3], NULL, 10);
		CHECK(p.depth < 16);
		begin(&w, 1, 100, p.plant);
		ground(NULL, 0, 0, &w);
		every(&p, 0);
		end(&w);
	} else {
		(void)fprintf(stderr, "books_history random SEED GROUPS PLANT | all DEPTH PLANT\n");
		return 2;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
