/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the books refuse everything that would break a law, change nothing when they refuse, answer
 * a repeat as the first time, and add up whatever happens.
 * Method: each refusal by hand; all-or-none groups that break at each place; random histories
 * beside a naive oracle that keeps plain arrays, with the state hash compared after every refusal;
 * and the planted bugs, which the laws must find.
 */
#include "books/books.h"
#include "books_records.h"
#include "crypto/uuid7.h"
#include "t.h"

static struct log_record account(uint64_t id, enum books_kind kind)
{
	return (struct log_record){
		.kind = LOG_ACCOUNT, .id = id_of(id), .asset = ASSET_XEM, .amount = kind
	};
}

enum { BOX = 1, ANN = 2, BOB = 3, FLIGHT = 4, SHORT = 5, TILL = 6, OPENING = 7, YEN = 8 };

/* A box with 1,000 that Ann (600) and Bob (400) own, by way of opening; a till with nothing. */
static enum err small_books(struct books *b)
{
	struct log_record r[] = {
		account(BOX, BOOKS_BOX),
		account(ANN, BOOKS_CUSTOMER),
		account(BOB, BOOKS_CUSTOMER),
		account(FLIGHT, BOOKS_IN_FLIGHT),
		account(SHORT, BOOKS_SHORTAGE),
		account(TILL, BOOKS_TILL),
		account(OPENING, BOOKS_OPENING),
		account(YEN, BOOKS_CUSTOMER),
		move(LOG_TRANSFER, 100, BOX, OPENING, 1000),
		move(LOG_TRANSFER, 101, OPENING, ANN, 600),
		move(LOG_TRANSFER, 102, OPENING, BOB, 400),
	};
	enum err e = books_init(b);

	r[7].asset = ASSET_JPY;
	return e != ERR_OK ? e : books_apply_all(b, r, sizeof r / sizeof r[0], NULL);
}

static u128 balance(const struct books *b, uint64_t id)
{
	struct id128 i = id_of(id);

	return books_balance(b, &i);
}

static u128 available(const struct books *b, uint64_t id)
{
	struct id128 i = id_of(id);

	return books_available(b, &i);
}

static void every_refusal_changes_nothing(void)
{
	struct books b;
	struct hash32 before, after;
	const char *why = NULL;
	struct log_record no_account_kind = account(50, (enum books_kind)99);
	struct log_record no_asset = account(51, BOOKS_CUSTOMER);
	struct log_record yen_mix = move(LOG_TRANSFER, 52, ANN, YEN, 1);
	struct log_record reused = move(LOG_TRANSFER, 101, OPENING, ANN, 601);
	struct log_record foreign = move(LOG_TRANSFER, 53, ANN, BOB, 1);
	struct log_record rows[14];

	static const enum err want[14] = {
		ERR_FUNDS,  ERR_FUNDS,     ERR_CAP,       ERR_CAP,   ERR_AMOUNT,
		ERR_INPUT,  ERR_NOT_FOUND, ERR_INPUT,     ERR_ASSET, ERR_ASSET,
		ERR_EXISTS, ERR_TYPE,      ERR_NOT_FOUND, ERR_FUNDS,
	};

	foreign.kind = LOG_GUARD_STOP;
	no_asset.asset = ASSET_NONE;
	rows[0] = move(LOG_TRANSFER, 10, ANN, FLIGHT, 601); /* a customer never goes negative */
	rows[1] = move(LOG_HOLD, 11, ANN, FLIGHT, 601);
	rows[2] = move(LOG_TRANSFER, 12, SHORT, ANN, 1); /* credit without a coin (T41) */
	rows[3] = move(LOG_TRANSFER, 13, SHORT, BOB, (u128)620000 * 1000000);
	rows[4] = move(LOG_TRANSFER, 14, ANN, BOB, 0);
	rows[5] = move(LOG_TRANSFER, 15, ANN, ANN, 5);
	rows[6] = move(LOG_TRANSFER, 16, ANN, 999, 5);
	rows[7] = no_account_kind;
	rows[8] = no_asset;
	rows[9] = yen_mix;
	rows[10] = reused;
	rows[11] = foreign;
	rows[12] = settle(LOG_POST, 17, 999, 5);
	rows[13] = move(LOG_TRANSFER, 18, SHORT, BOX, 1001); /* theft of more than is there */
	T_EQ(small_books(&b), ERR_OK);
	T_EQ(books_hash(&b, &before), ERR_OK);
	for (size_t i = 0; i < 14; i++) {
		enum err e = books_apply(&b, &rows[i]);

		if (e != want[i]) {
			printf("# row %zu\n", i);
		}
		T_EQ(e, want[i]);
		T_EQ(books_hash(&b, &after), ERR_OK);
		T_CHECK(hash32_eq(&before, &after));
		T_EQ(books_validate(&b, &why), ERR_OK);
	}
	books_free(&b);
}

static void holds_bind_and_resolve_once(void)
{
	struct books b;
	const char *why = NULL;
	struct log_record hold = move(LOG_HOLD, 20, ANN, FLIGHT, 500);
	struct log_record too_much = move(LOG_TRANSFER, 21, ANN, BOB, 101);
	struct log_record rest = move(LOG_TRANSFER, 22, ANN, BOB, 100);
	struct log_record other = settle(LOG_POST, 23, 20, 501);
	struct log_record post = settle(LOG_POST, 24, 20, 500);
	struct log_record again = settle(LOG_POST, 25, 20, 500);
	struct log_record undo = settle(LOG_VOID, 26, 20, 500);

	T_EQ(small_books(&b), ERR_OK);
	T_EQ(books_apply(&b, &hold), ERR_OK);
	T_CHECK(balance(&b, ANN) == 600 && available(&b, ANN) == 100);
	T_EQ(books_apply(&b, &too_much), ERR_FUNDS);
	T_EQ(books_apply(&b, &rest), ERR_OK);
	T_EQ(books_apply(&b, &other), ERR_AMOUNT);
	T_EQ(books_apply(&b, &post), ERR_OK);
	T_CHECK(balance(&b, ANN) == 0 && balance(&b, FLIGHT) == 500);
	T_EQ(books_apply(&b, &post), ERR_OK); /* the very same record: the same answer, no effect */
	T_CHECK(balance(&b, FLIGHT) == 500);
	T_EQ(books_apply(&b, &again), ERR_STATE);
	T_EQ(books_apply(&b, &undo), ERR_STATE);
	T_EQ(books_validate(&b, &why), ERR_OK);
	books_free(&b);
}

static void a_repeat_is_the_same_and_a_change_is_an_error(void)
{
	struct books b;
	struct log_record r = move(LOG_TRANSFER, 30, ANN, BOB, 7);

	T_EQ(small_books(&b), ERR_OK);
	for (unsigned i = 0; i < 5; i++) {
		r.time_ms = i; /* a retry comes at another time and is still the same */
		T_EQ(books_apply(&b, &r), ERR_OK);
	}
	T_CHECK(balance(&b, BOB) == 407);
	r.amount = 8;
	T_EQ(books_apply(&b, &r), ERR_EXISTS);
	r.amount = 7;
	r.credit = id_of(FLIGHT);
	T_EQ(books_apply(&b, &r), ERR_EXISTS);
	T_CHECK(balance(&b, BOB) == 407);
	books_free(&b);
}

static void linked_records_stand_or_fall_together(void)
{
	for (size_t bad = 0; bad < 6; bad++) {
		struct books b;
		struct hash32 before, after;
		size_t failed = 99;
		const char *why = NULL;
		struct log_record group[6] = {
			account(60, BOOKS_CUSTOMER),
			move(LOG_HOLD, 61, ANN, FLIGHT, 50),
			settle(LOG_POST, 62, 61, 50),
			move(LOG_TRANSFER, 63, FLIGHT, TILL, 0),
			move(LOG_TRANSFER, 64, BOB, 60, 40),
			settle(LOG_VOID, 65, 61, 50),
		};

		group[3] = move(LOG_TRANSFER, 63, FLIGHT, BOX, 50);
		group[5] = move(LOG_HOLD, 65, 60, FLIGHT, 40);
		T_EQ(small_books(&b), ERR_OK);
		T_EQ(books_hash(&b, &before), ERR_OK);
		group[bad].asset = ASSET_JPY;
		if (bad == 0) {
			group[bad].amount = 77;
		}
		T_CHECK(books_apply_all(&b, group, 6, &failed) != ERR_OK);
		T_EQ(failed, bad);
		T_EQ(books_hash(&b, &after), ERR_OK);
		T_CHECK(hash32_eq(&before, &after));
		T_EQ(books_validate(&b, &why), ERR_OK);
		/* and the same group in order goes through whole, then again without effect */
		group[bad].asset = ASSET_XEM;
		if (bad == 0) {
			group[bad].amount = BOOKS_CUSTOMER;
		}
		T_EQ(books_apply_all(&b, group, 6, NULL), ERR_OK);
		T_EQ(books_apply_all(&b, group, 6, NULL), ERR_OK);
		T_CHECK(balance(&b, BOX) == 950 && balance(&b, 60) == 40 && available(&b, 60) == 0);
		T_EQ(books_validate(&b, &why), ERR_OK);
		books_free(&b);
	}
}

static void what_theft_takes_is_booked_and_closes_the_door(void)
{
	struct books b;
	struct log_record theft = move(LOG_TRANSFER, 70, SHORT, BOX, 300);
	struct log_record move_on = move(LOG_TRANSFER, 71, ANN, BOB, 5);
	struct log_record deposit = move(LOG_TRANSFER, 72, TILL, ANN, 10);
	const char *why = NULL;

	T_EQ(small_books(&b), ERR_OK);
	T_EQ(books_apply(&b, &theft), ERR_OK);
	T_EQ(books_validate(&b, &why), ERR_OK);
	T_CHECK(balance(&b, SHORT) == 300 && balance(&b, BOX) == 700);
	T_EQ(books_apply(&b, &move_on), ERR_OK);
	/* even a real deposit would leave customers owed more than is there: it waits for people */
	T_EQ(books_apply(&b, &deposit), ERR_CAP);
	books_free(&b);
}

static void amounts_at_the_edge_of_128_bits(void)
{
	struct books b;
	u128 max = ~(u128)0;
	struct log_record r[3] = { account(1, BOOKS_BOX), account(2, BOOKS_OPENING),
				   move(LOG_TRANSFER, 3, 1, 2, 0) };
	struct log_record one = move(LOG_TRANSFER, 4, 1, 2, 1);
	struct log_record held = move(LOG_HOLD, 5, 1, 2, 1);
	const char *why = NULL;

	r[2].amount = max;
	T_EQ(books_init(&b), ERR_OK);
	T_EQ(books_apply_all(&b, r, 3, NULL), ERR_OK);
	T_EQ(books_apply(&b, &one), ERR_OVERFLOW);
	T_EQ(books_apply(&b, &held), ERR_OVERFLOW);
	T_EQ(books_validate(&b, &why), ERR_OK);
	books_free(&b);
}

/* The oracle: signed balances in arrays, every rule written out a second time. */
enum { ORACLE_ACCOUNTS = 10, ORACLE_HOLDS = 4096 };

struct oracle {
	long long posted[ORACLE_ACCOUNTS]; /* normal side positive */
	long long held[ORACLE_ACCOUNTS];   /* that would lower the normal side */

	struct {
		unsigned debit, credit;
		long long amount;
		bool open;
	} holds[ORACLE_HOLDS];
};

static const enum books_kind oracle_kinds[ORACLE_ACCOUNTS] = {
	BOOKS_BOX,       BOOKS_TILL,     BOOKS_CUSTOMER, BOOKS_CUSTOMER, BOOKS_CUSTOMER,
	BOOKS_IN_FLIGHT, BOOKS_SHORTAGE, BOOKS_FEE,      BOOKS_SUSPENSE, BOOKS_HOUSE,
};

static bool oracle_debit(unsigned a)
{
	return oracle_kinds[a] == BOOKS_BOX || oracle_kinds[a] == BOOKS_TILL ||
	       oracle_kinds[a] == BOOKS_SHORTAGE || oracle_kinds[a] == BOOKS_FEE;
}

static bool oracle_limited(unsigned a)
{
	return oracle_kinds[a] != BOOKS_SHORTAGE && oracle_kinds[a] != BOOKS_FEE &&
	       oracle_kinds[a] != BOOKS_HOUSE;
}

static bool oracle_claim(unsigned a)
{
	return oracle_kinds[a] == BOOKS_CUSTOMER || oracle_kinds[a] == BOOKS_IN_FLIGHT;
}

/* T41: what raises what is owed or in flight stays within what is there. */
static bool oracle_covered(const struct oracle *o, unsigned debit, unsigned credit,
			   long long amount)
{
	long long owed = 0, reserves = 0;

	for (unsigned a = 0; a < ORACLE_ACCOUNTS; a++) {
		owed += oracle_claim(a) ? o->posted[a] : 0;
		reserves += oracle_kinds[a] == BOOKS_BOX || oracle_kinds[a] == BOOKS_TILL
				? o->posted[a]
				: 0;
	}
	if (oracle_claim(credit) && !oracle_claim(debit)) {
		bool chain = oracle_kinds[debit] == BOOKS_BOX || oracle_kinds[debit] == BOOKS_TILL;

		return owed + amount <= reserves + (chain ? amount : 0);
	}
	return true;
}

static bool oracle_allows(const struct oracle *o, unsigned debit, unsigned credit, long long amount)
{
	if (debit == credit || amount == 0) {
		return false;
	}
	if (oracle_limited(debit) && !oracle_debit(debit) &&
	    o->posted[debit] - o->held[debit] < amount) {
		return false;
	}
	if (oracle_limited(credit) && oracle_debit(credit) &&
	    o->posted[credit] - o->held[credit] < amount) {
		return false;
	}
	return oracle_covered(o, debit, credit, amount);
}

static void oracle_post(struct oracle *o, unsigned debit, unsigned credit, long long amount)
{
	o->posted[debit] += oracle_debit(debit) ? amount : -amount;
	o->posted[credit] += oracle_debit(credit) ? -amount : amount;
}

static void oracle_hold(struct oracle *o, unsigned debit, unsigned credit, long long amount)
{
	o->held[debit] += oracle_debit(debit) ? 0 : amount;
	o->held[credit] += oracle_debit(credit) ? amount : 0;
}

static void random_histories_agree_with_a_naive_oracle(void)
{
	static struct oracle o;
	struct books b;
	unsigned holds = 0, done = 0, refused = 0;
	const char *why = NULL;

	memset(&o, 0, sizeof o);
	T_EQ(books_init(&b), ERR_OK);
	for (unsigned a = 0; a < ORACLE_ACCOUNTS; a++) {
		struct log_record r = account(a + 1, oracle_kinds[a]);

		T_EQ(books_apply(&b, &r), ERR_OK);
	}
	for (unsigned step = 0; step < 60000; step++) {
		unsigned debit = (unsigned)t_below(ORACLE_ACCOUNTS),
			 credit = (unsigned)t_below(ORACLE_ACCOUNTS);
		long long amount = (long long)t_below(t_below(2) ? 5 : 2000);
		unsigned choice = (unsigned)t_below(4);
		struct log_record r;
		enum err e;
		bool want;

		if (choice >= 2 && holds > 0) {
			unsigned h = (unsigned)t_below(holds);
			bool post = choice == 2;

			amount = o.holds[h].amount - (t_below(10) == 0);
			r = settle(post ? LOG_POST : LOG_VOID, 1000000 + step, 500000 + h,
				   (u128)amount);
			want = o.holds[h].open &&
			       (post ? amount > 0 && oracle_covered(&o, o.holds[h].debit,
								    o.holds[h].credit, amount)
				     : amount == o.holds[h].amount);
			e = books_apply(&b, &r);
			T_EQ(e == ERR_OK, want);
			if (want) {
				o.holds[h].open = false;
				oracle_hold(&o, o.holds[h].debit, o.holds[h].credit,
					    -o.holds[h].amount);
				if (post) {
					oracle_post(&o, o.holds[h].debit, o.holds[h].credit,
						    amount);
				}
			}
		} else if (choice == 1 && holds < ORACLE_HOLDS) {
			r = move(LOG_HOLD, 500000 + holds, debit + 1, credit + 1, (u128)amount);
			want = oracle_allows(&o, debit, credit, amount);
			e = books_apply(&b, &r);
			T_EQ(e == ERR_OK, want);
			if (want) {
				o.holds[holds].debit = debit;
				o.holds[holds].credit = credit;
				o.holds[holds].amount = amount;
				o.holds[holds++].open = true;
				oracle_hold(&o, debit, credit, amount);
			}
		} else {
			r = move(LOG_TRANSFER, 1000000 + step, debit + 1, credit + 1, (u128)amount);
			want = oracle_allows(&o, debit, credit, amount);
			e = books_apply(&b, &r);
			T_EQ(e == ERR_OK, want);
			if (want) {
				oracle_post(&o, debit, credit, amount);
			}
		}
		done += e == ERR_OK;
		refused += e != ERR_OK;
		if (step % 500 == 0) {
			T_EQ(books_validate(&b, &why), ERR_OK);
		}
	}
	T_CHECK(done > 5000 && refused > 5000);
	for (unsigned a = 0; a < ORACLE_ACCOUNTS; a++) {
		long long want = o.posted[a] > 0 ? o.posted[a] : 0;

		T_CHECK(balance(&b, a + 1) == (u128)want);
	}
	books_free(&b);
}

static void planted_bugs_are_found_by_the_laws(void)
{
	struct log_record hold = move(LOG_HOLD, 80, ANN, FLIGHT, 500);
	struct log_record spend = move(LOG_TRANSFER, 81, ANN, BOB, 200);
	struct log_record post = settle(LOG_POST, 82, 80, 500);
	struct log_record again = settle(LOG_POST, 83, 80, 500);
	struct books b;
	const char *why = NULL;

	T_EQ(small_books(&b), ERR_OK);
	b.planted = BOOKS_PLANT_HOLD_UNCOUNTED;
	T_EQ(books_apply(&b, &hold), ERR_OK);
	T_EQ(books_apply(&b, &spend), ERR_OK);
	T_EQ(books_validate(&b, &why), ERR_CORRUPT);
	T_CHECK(why != NULL);
	books_free(&b);
	T_EQ(small_books(&b), ERR_OK);
	b.planted = BOOKS_PLANT_POST_TWICE;
	T_EQ(books_apply(&b, &hold), ERR_OK);
	T_EQ(books_apply(&b, &post), ERR_OK);
	T_EQ(books_apply(&b, &again), ERR_OK);
	T_EQ(books_validate(&b, &why), ERR_CORRUPT);
	books_free(&b);
	T_EQ(small_books(&b), ERR_OK);
	b.planted = BOOKS_PLANT_LIMIT_LOST;
	spend.amount = 601;
	T_EQ(books_apply(&b, &spend), ERR_OK);
	T_EQ(books_validate(&b, &why), ERR_CORRUPT);
	books_free(&b);
	T_EQ(small_books(&b), ERR_OK);
	b.planted = BOOKS_PLANT_PART_KEPT;
	post.amount = 100;
	T_EQ(books_apply(&b, &hold), ERR_OK);
	T_EQ(books_apply(&b, &post), ERR_OK);
	T_EQ(books_validate(&b, &why), ERR_CORRUPT);
	books_free(&b);
}

static u128 held_of(const struct books *b, uint64_t id)
{
	struct id128 i = id_of(id);
	struct books_sums sums = books_held(b, books_account(b, &i));

	return sums.debits + sums.credits;
}

/* What the hold keeps is the customer's again as soon as a part is posted. */
static void a_post_in_part_releases_the_rest(void)
{
	struct log_record hold = move(LOG_HOLD, 20, ANN, FLIGHT, 500);
	struct log_record over = settle(LOG_POST, 21, 20, 501);
	struct log_record nothing = settle(LOG_POST, 22, 20, 0);
	struct log_record part = settle(LOG_POST, 23, 20, 120);
	struct log_record rest = settle(LOG_POST, 24, 20, 380);
	struct log_record all = move(LOG_TRANSFER, 25, ANN, BOB, 480);
	struct books b;
	const char *why = NULL;

	T_EQ(small_books(&b), ERR_OK);
	T_EQ(books_apply(&b, &hold), ERR_OK);
	T_EQ(books_apply(&b, &over), ERR_AMOUNT);
	T_EQ(books_apply(&b, &nothing), ERR_AMOUNT);
	T_EQ(books_apply(&b, &part), ERR_OK);
	T_CHECK(balance(&b, ANN) == 480 && available(&b, ANN) == 480);
	T_CHECK(balance(&b, FLIGHT) == 120 && held_of(&b, ANN) == 0 && held_of(&b, FLIGHT) == 0);
	T_EQ(books_apply(&b, &rest), ERR_STATE); /* a hold is resolved once */
	T_EQ(books_apply(&b, &part), ERR_OK);
	T_EQ(books_apply(&b, &all), ERR_OK);
	T_EQ(books_validate(&b, &why), ERR_OK);
	T_CHECK(b.held_free != 0 && b.hold_free != 0); /* and nothing of it stays in memory */
	books_free(&b);
}

static struct log_record until(uint64_t id, uint64_t expires_ms, u128 amount, uint64_t time_ms)
{
	struct log_record r = move(LOG_HOLD_UNTIL, id, ANN, FLIGHT, amount);

	le64_put(r.ref.b, expires_ms);
	r.time_ms = time_ms;
	return r;
}

static enum err at(struct books *b, struct log_record r, uint64_t time_ms)
{
	r.time_ms = time_ms;
	return books_apply(b, &r);
}

/* 25 hours ahead and back: nothing is released twice, nothing comes back, nothing is posted late.
 */
static void a_hold_ends_at_its_moment_whatever_the_clock_does(void)
{
	enum { HOUR = 3600 * 1000 };

	const uint64_t noon = UINT64_C(1790000000000);
	struct log_record spoilt = until(30, noon, 5, noon - HOUR);
	struct log_record expire, early;
	struct books b;
	const char *why = NULL;

	T_EQ(small_books(&b), ERR_OK);
	spoilt.ref.b[15] = 1;
	T_EQ(books_apply(&b, &spoilt), ERR_INPUT);
	T_CHECK(books_expiring(&b) == NULL);
	T_EQ(at(&b, until(31, noon, 100, 0), noon), ERR_EXPIRED); /* not one moment */
	T_EQ(at(&b, until(31, noon, 100, 0), noon - HOUR), ERR_OK);
	T_EQ(at(&b, until(32, noon + 2 * HOUR, 200, 0), noon - HOUR), ERR_OK);
	T_EQ(at(&b, until(33, noon + HOUR, 50, 0), noon - HOUR), ERR_OK);
	T_EQ(books_expiring(&b)->expires_ms, noon);
	T_EQ(available(&b, ANN) == 250, true);
	books_expire_record(&expire, &b, books_expiring(&b));
	early = expire;
	T_EQ(at(&b, early, noon - 1), ERR_WAIT);
	T_EQ(at(&b, settle(LOG_POST, 34, 31, 100), noon), ERR_EXPIRED);
	T_EQ(at(&b, settle(LOG_POST, 35, 31, 100), noon - 1), ERR_OK);
	T_EQ(at(&b, expire, noon), ERR_STATE); /* posted: not released on top */
	/* a record 25 h ahead: the moment of 33 has passed in the books, though no EXPIRE is there
	 */
	T_EQ(at(&b, move(LOG_TRANSFER, 36, BOB, ANN, 1), noon + 25 * HOUR), ERR_OK);
	/* back again: time in the books does not go back with it */
	T_EQ(at(&b, settle(LOG_POST, 37, 33, 50), noon - 25 * HOUR), ERR_EXPIRED);
	books_expire_record(&expire, &b, books_expiring(&b));
	T_CHECK(id128_eq(&expire.ref, &(struct id128){ { 33, [15] = 1 } }));
	T_EQ(at(&b, expire, noon - 25 * HOUR), ERR_OK);
	T_EQ(at(&b, expire, noon), ERR_OK); /* the same once more: no effect */
	T_EQ(at(&b, settle(LOG_VOID, 38, 33, 50), noon), ERR_STATE);
	T_EQ(at(&b, settle(LOG_VOID, 39, 32, 200), noon - 25 * HOUR), ERR_OK);
	T_CHECK(books_expiring(&b) == NULL && balance(&b, ANN) == 501 && available(&b, ANN) == 501);
	T_CHECK(held_of(&b, ANN) == 0 && held_of(&b, FLIGHT) == 0);
	T_EQ(books_validate(&b, &why), ERR_OK);
	books_free(&b);
}

/* ledger.md A.1, id_already_failed: the retry of an hour ago does not pay what was taken for
 * failed. */
static void a_refusal_is_remembered(void)
{
	struct log_record wanted = move(LOG_TRANSFER, 40, ANN, BOB, 601);
	struct log_record other = move(LOG_TRANSFER, 40, ANN, BOB, 5);
	struct log_record more = move(LOG_TRANSFER, 41, BOB, ANN, 100);
	struct log_record again = move(LOG_TRANSFER, 42, ANN, BOB, 601);
	struct log_record refused, unwritten = { .kind = 0 }, was;
	struct books_difference d;
	struct books b, replay;
	struct hash32 before, after;
	enum err why;
	uint8_t bytes[LOG_RECORD_BYTES];

	T_EQ(small_books(&b), ERR_OK);
	T_EQ(small_books(&replay), ERR_OK);
	T_EQ(books_hash(&b, &before), ERR_OK);
	T_EQ(books_apply(&b, &wanted), ERR_FUNDS);
	T_EQ(books_refuse(&b, &wanted, ERR_FUNDS, &refused), ERR_OK);
	T_EQ(books_hash(&b, &after), ERR_OK);
	T_CHECK(hash32_eq(&before, &after));
	log_record_put(bytes, &refused);
	T_EQ(log_record_get(&refused, bytes), ERR_OK);
	T_EQ(books_refused(&was, &why, &refused), ERR_OK);
	T_CHECK(why == ERR_FUNDS && was.kind == LOG_TRANSFER && was.amount == 601);
	/* nothing to remember twice, and nothing of what another moment cannot change */
	T_EQ(books_refuse(&b, &wanted, ERR_FUNDS, &unwritten), ERR_STATE);
	T_EQ(books_refuse(&b, &again, ERR_INPUT, &unwritten), ERR_STATE);
	T_EQ(books_refuse(&b, &again, ERR_IO, &unwritten), ERR_STATE);
	T_EQ(unwritten.kind, 0);
	T_EQ(books_apply(&b, &more), ERR_OK);
	T_EQ(books_apply(&b, &wanted), ERR_FUNDS); /* now there would be enough */
	T_EQ(books_apply(&b, &other), ERR_EXISTS);
	T_CHECK(books_differ(&d, books_clash(&b), &other));
	T_CHECK(strcmp(d.field, "amount") == 0 && strcmp(d.was, "601") == 0 &&
		strcmp(d.wanted, "5") == 0);
	T_EQ(books_apply(&b, &again), ERR_OK);
	/* a replay of what was journaled knows it too */
	T_EQ(books_replay(&replay, &refused), ERR_OK);
	T_EQ(books_replay(&replay, &more), ERR_OK);
	T_EQ(books_apply(&replay, &wanted), ERR_FUNDS);
	/* REFUSED records that nobody of ours would write */
	refused.id = id_of(43);
	refused.asset = ASSET_XEM | (uint32_t)LOG_EXPIRE << 16 | (uint32_t)ERR_FUNDS << 24;
	T_EQ(books_apply(&b, &refused), ERR_INPUT);
	refused.asset = ASSET_XEM | (uint32_t)LOG_TRANSFER << 16;
	T_EQ(books_apply(&b, &refused), ERR_INPUT);
	refused.asset = ASSET_NONE | (uint32_t)LOG_TRANSFER << 16 | (uint32_t)ERR_FUNDS << 24;
	T_EQ(books_apply(&b, &refused), ERR_INPUT);
	books_free(&b);
	books_free(&replay);
}

static void a_difference_is_shown_field_by_field(void)
{
	struct log_record was = move(LOG_TRANSFER, 50, ANN, BOB, 7), r;
	struct books_difference d;
	const char *names[7] = { "kind", "asset", "debit", "credit", "amount", "ref", "link" };

	for (unsigned i = 0; i < 7; i++) {
		r = was;
		r.time_ms = 99;
		T_CHECK(!books_differ(&d, &was, &r));
		r.kind = i == 0 ? LOG_HOLD : r.kind;
		r.asset = i == 1 ? ASSET_JPY : r.asset;
		r.debit = i == 2 ? id_of(BOX) : r.debit;
		r.credit = i == 3 ? id_of(BOX) : r.credit;
		r.amount = i == 4 ? ~(u128)0 : r.amount;
		r.ref = i == 5 ? id_of(9) : r.ref;
		r.link.b[31] = i == 6 ? 0xab : 0;
		T_CHECK(books_differ(&d, &was, &r));
		T_CHECK(strcmp(d.field, names[i]) == 0 && strcmp(d.was, d.wanted) != 0);
		T_CHECK(strlen(d.wanted) > 0 && strlen(d.wanted) < BOOKS_VALUE_MAX);
		if (i == 0) {
			T_CHECK(strcmp(d.was, "transfer") == 0);
		}
		if (i == 4) {
			T_CHECK(strcmp(d.wanted, "340282366920938463463374607431768211455") == 0);
		}
	}
}

static void maximum_at(u128 most)
{
	struct log_record open[] = { account(1, BOOKS_BOX), account(2, BOOKS_OPENING),
				     account(3, BOOKS_SUSPENSE) };
	struct log_record full = move(LOG_TRANSFER, 4, 1, 3, most);
	struct log_record over = move(LOG_TRANSFER, 5, 1, 3, 1);
	struct log_record hold = move(LOG_HOLD, 6, 1, 3, 1);
	struct log_record out = move(LOG_TRANSFER, 7, 3, 2, 1);
	struct log_record lower = settle(LOG_LIMIT, 8, 3, most - 1);
	struct log_record more = settle(LOG_LIMIT, 9, 3, 0);
	struct log_record again = open[2];
	const char *why = NULL;
	struct books b;
	/* at 2^128 - 1 what does not fit comes before what may not be */
	bool edge = most == ~(u128)0;

	T_EQ(books_init(&b), ERR_OK);
	le128_put(open[2].ref.b, most);
	T_EQ(books_apply_all(&b, open, 3, NULL), ERR_OK);
	T_EQ(books_apply(&b, &open[2]), ERR_OK); /* opened once more, with the same maximum */
	T_EQ(books_apply(&b, &again), ERR_EXISTS);
	T_CHECK(le128_get(books_clash(&b)->ref.b) == most);
	full.amount = most - 1;
	T_EQ(books_apply(&b, &full), ERR_OK);
	T_EQ(books_apply(&b, &hold), ERR_OK); /* a hold fills it up */
	T_EQ(books_apply(&b, &over), edge ? ERR_OVERFLOW : ERR_LIMIT);
	T_EQ(books_apply(&b, &lower), ERR_LIMIT);
	hold = settle(LOG_VOID, 10, 6, 1);
	T_EQ(books_apply(&b, &hold), ERR_OK);
	T_EQ(books_apply(&b, &over), ERR_OK);
	T_CHECK(balance(&b, 3) == most);
	over.id = id_of(11);
	T_EQ(books_apply(&b, &over), edge ? ERR_OVERFLOW : ERR_LIMIT);
	T_EQ(books_apply(&b, &out), ERR_OK);
	T_EQ(books_apply(&b, &lower), ERR_OK);
	T_EQ(books_apply(&b, &over), edge ? ERR_OVERFLOW : ERR_LIMIT);
	T_EQ(books_apply(&b, &more), ERR_OK);
	T_EQ(books_apply(&b, &over), edge ? ERR_OVERFLOW : ERR_OK);
	T_EQ(books_apply(&b, &open[2]), ERR_OK); /* what it was opened with stays said */
	T_EQ(books_validate(&b, &why), ERR_OK);
	books_free(&b);
}

static void maxima_bind_at_every_edge(void)
{
	static const unsigned bits[] = { 53, 63, 64, 127 };

	for (size_t i = 0; i < 4; i++) {
		u128 edge = (u128)1 << bits[i];

		maximum_at(edge - 1);
		maximum_at(edge);
		maximum_at(edge + 1);
	}
	maximum_at(2);
	maximum_at(~(u128)0 - 1);
	maximum_at(~(u128)0);
}

static void a_closed_account_is_closed(void)
{
	struct log_record close = settle(LOG_CLOSE, 60, BOB, 0);
	struct log_record empty = move(LOG_TRANSFER, 61, BOB, ANN, 400);
	struct log_record hold = move(LOG_HOLD, 62, ANN, BOB, 1);
	struct log_record undo = settle(LOG_VOID, 63, 62, 1);
	struct log_record in = move(LOG_TRANSFER, 64, ANN, BOB, 1);
	struct log_record out = move(LOG_TRANSFER, 65, BOB, ANN, 1);
	struct log_record most = settle(LOG_LIMIT, 66, BOB, 5);
	struct log_record yen = settle(LOG_CLOSE, 67, ANN, 0),
			  nobody = settle(LOG_CLOSE, 68, 999, 0);
	struct log_record group[3] = { account(70, BOOKS_CUSTOMER), settle(LOG_CLOSE, 71, 70, 0),
				       move(LOG_TRANSFER, 72, ANN, 70, 1) };
	struct id128 bob = id_of(BOB);
	size_t failed = 9;
	struct books b;
	struct hash32 before, after;
	const char *why = NULL;

	T_EQ(small_books(&b), ERR_OK);
	yen.asset = ASSET_JPY;
	T_EQ(books_apply(&b, &close), ERR_STATE); /* not empty */
	T_EQ(books_apply(&b, &empty), ERR_OK);
	T_EQ(books_apply(&b, &hold), ERR_OK);
	T_EQ(books_apply(&b, &close), ERR_STATE); /* something is held for it */
	T_EQ(books_apply(&b, &undo), ERR_OK);
	T_EQ(books_apply(&b, &yen), ERR_ASSET);
	T_EQ(books_apply(&b, &nobody), ERR_NOT_FOUND);
	T_EQ(books_hash(&b, &before), ERR_OK);
	T_EQ(books_apply_all(&b, group, 3, &failed), ERR_CLOSED);
	T_EQ(failed, 2);
	T_EQ(books_hash(&b, &after), ERR_OK);
	T_CHECK(hash32_eq(&before, &after)); /* taken back: the account is not there */
	T_EQ(books_apply(&b, &close), ERR_OK);
	T_CHECK(books_account(&b, &bob)->closed);
	T_EQ(books_apply(&b, &in), ERR_CLOSED);
	T_EQ(books_apply(&b, &out), ERR_CLOSED);
	hold.id = id_of(69);
	T_EQ(books_apply(&b, &hold), ERR_CLOSED);
	T_EQ(books_apply(&b, &most), ERR_CLOSED);
	T_EQ(books_apply(&b, &close), ERR_OK); /* the same again */
	close.id = id_of(73);
	T_EQ(books_apply(&b, &close), ERR_CLOSED);
	T_EQ(books_validate(&b, &why), ERR_OK);
	books_free(&b);
}

/* T41 is judged where the group ends: what is right only together is right, and nothing else. */
static void the_reserve_rule_looks_at_the_whole_group(void)
{
	enum { HOUSE = 30 };
	struct log_record house = account(HOUSE, BOOKS_HOUSE);
	struct log_record covered[2] = { move(LOG_TRANSFER, 80, HOUSE, ANN, 50),
					 move(LOG_TRANSFER, 81, BOX, HOUSE, 50) };
	struct log_record bare[3] = { move(LOG_TRANSFER, 82, BOX, HOUSE, 50),
				      move(LOG_TRANSFER, 83, HOUSE, ANN, 50),
				      move(LOG_TRANSFER, 84, SHORT, BOX, 50) };
	struct log_record hold = move(LOG_HOLD, 85, HOUSE, ANN, 10);
	struct log_record theft = move(LOG_TRANSFER, 86, SHORT, BOX, 10);
	struct log_record post = settle(LOG_POST, 87, 85, 10);
	struct log_record back = move(LOG_TRANSFER, 88, BOX, SHORT, 10);
	struct log_record flight[4] = { move(LOG_HOLD, 89, ANN, FLIGHT, 600),
					settle(LOG_POST, 90, 89, 600),
					move(LOG_TRANSFER, 91, BOX, HOUSE, 5),
					move(LOG_TRANSFER, 92, HOUSE, BOB, 6) };
	struct books b, replay;
	size_t failed = 9;
	const char *why = NULL;

	T_EQ(small_books(&b), ERR_OK);
	T_EQ(small_books(&replay), ERR_OK);
	T_EQ(books_apply(&b, &house), ERR_OK);
	T_EQ(books_apply(&b, &covered[0]), ERR_CAP); /* alone */
	T_EQ(books_apply_all(&b, covered, 2, NULL), ERR_OK);
	/* every step of it is allowed alone, the whole is not: the coins are gone at its end */
	T_EQ(books_apply_all(&b, bare, 3, &failed), ERR_CAP);
	T_EQ(failed, 1);
	T_CHECK(balance(&b, ANN) == 650 && balance(&b, BOX) == 1050);
	/* the replay takes the group by its flag, and takes it only whole */
	covered[0].flags = LOG_FLAG_LINKED;
	T_EQ(books_replay(&replay, &house), ERR_OK);
	T_EQ(books_replay(&replay, &covered[0]), ERR_OK);
	T_EQ(books_validate(&replay, &why), ERR_CORRUPT);
	T_EQ(books_replay(&replay, &covered[1]), ERR_OK);
	T_EQ(books_validate(&replay, &why), ERR_OK);
	covered[0].flags = 0;
	covered[0].id = id_of(93);
	T_EQ(books_replay(&replay, &covered[0]), ERR_CAP);
	/* a hold was covered when it was made; posted after a theft it would not be */
	T_EQ(books_apply(&b, &hold), ERR_CAP);
	T_EQ(books_apply(&b, &back), ERR_OK);
	T_EQ(books_apply(&b, &hold), ERR_OK);
	T_EQ(books_apply(&b, &theft), ERR_OK);
	T_EQ(books_apply(&b, &post), ERR_CAP);
	T_CHECK(available(&b, BOX) == 1050 && held_of(&b, ANN) == 10);
	/* coins in flight are still owed: nobody else is credited with them */
	T_EQ(books_apply(&b, &flight[0]), ERR_OK);
	T_EQ(books_apply(&b, &flight[1]), ERR_OK);
	T_EQ(books_apply(&b, &flight[2]), ERR_OK);
	T_EQ(books_apply(&b, &flight[3]), ERR_CAP);
	flight[3].amount = 5;
	T_EQ(books_apply(&b, &flight[3]), ERR_OK);
	T_EQ(books_validate(&b, &why), ERR_OK);
	books_free(&b);
	books_free(&replay);
}

/* A chain as long as a batch, of every kind, broken at its end: not a trace. */
static void a_chain_as_long_as_a_batch_is_taken_back_whole(void)
{
	static struct log_record r[BOOKS_LINKED_MAX];
	struct log_record coins = move(LOG_TRANSFER, 103, BOX, ANN, 10000);
	struct books b;
	struct hash32 before, after;
	const char *why = NULL;
	size_t failed = 0;

	T_EQ(small_books(&b), ERR_OK);
	T_EQ(books_apply(&b, &coins), ERR_OK);
	for (uint64_t i = 0; i < BOOKS_LINKED_MAX; i += 6) {
		r[i] = account(10000 + i, BOOKS_CUSTOMER);
		le128_put(r[i].ref.b, i % 4 == 0 ? 3 : 0);
		r[i + 1] = move(LOG_HOLD, 30001 + i, ANN, 10000 + i, 2);
		r[i + 2] = i % 12 == 0 ? settle(LOG_POST, 30002 + i, 30001 + i, 1)
				       : settle(LOG_VOID, 30002 + i, 30001 + i, 2);
		r[i + 3] = settle(LOG_LIMIT, 30003 + i, 10000 + i, 7);
		r[i + 4] = i % 12 == 0 ? move(LOG_TRANSFER, 30004 + i, 10000 + i, BOB, 1)
				       : until(30004 + i, 5 + i % 97, 1, 0);
		r[i + 5] = i % 12 == 0 ? settle(LOG_CLOSE, 30005 + i, 10000 + i, 0)
				       : move(LOG_TRANSFER, 30005 + i, BOB, ANN, 1);
	}
	T_EQ(books_hash(&b, &before), ERR_OK);
	for (unsigned tries = 0; tries < 3; tries++) {
		size_t bad = tries == 0 ? BOOKS_LINKED_MAX - 1 : (size_t)t_below(BOOKS_LINKED_MAX);
		struct log_record good = r[bad];

		r[bad].asset = ASSET_NONE;
		T_EQ(books_apply_all(&b, r, BOOKS_LINKED_MAX, &failed), ERR_ASSET);
		T_EQ(failed, bad);
		r[bad] = good;
		T_EQ(books_hash(&b, &after), ERR_OK);
		T_CHECK(hash32_eq(&before, &after));
		T_EQ(books_validate(&b, &why), ERR_OK);
	}
	T_EQ(books_apply_all(&b, r, BOOKS_LINKED_MAX, NULL), ERR_OK);
	T_EQ(books_validate(&b, &why), ERR_OK);
	books_free(&b);
}

/* What asks memory ahead changes nothing, whatever stands in the records, and stays inside. */
static void asking_ahead_changes_nothing(void)
{
	struct books b;
	struct hash32 before, after;

	T_EQ(small_books(&b), ERR_OK);
	T_EQ(books_hash(&b, &before), ERR_OK);
	for (uint32_t count = 1; count <= 40; count++) {
		uint8_t *raw = malloc((size_t)count * LOG_RECORD_BYTES);
		struct log_view v = { .head.count = count,
				      .records = { raw, (size_t)count * LOG_RECORD_BYTES } };
		uint64_t applied = b.applied;

		T_CHECK(raw != NULL);
		for (size_t i = 0; i < v.records.n; i++) {
			raw[i] = (uint8_t)t_below(256);
		}
		for (uint32_t i = 0; i <= count; i++) {
			books_fetch(&b, &v, i);
		}
		books_fetch(&b, &v, UINT32_MAX);
		T_EQ(b.applied, applied);
		free(raw);
	}
	T_EQ(books_hash(&b, &after), ERR_OK);
	T_CHECK(hash32_eq(&before, &after));
	books_free(&b);
}

/* Groups and single records of one batch: each as if it were applied alone. */
static void a_batch_is_its_groups_one_after_the_other(void)
{
	enum { N = 97 };
	struct books b, alone;
	struct log_record r[N];
	enum err answers[N];
	struct hash32 x, y;
	unsigned done = 0, linked = 0;

	T_EQ(small_books(&b), ERR_OK);
	T_EQ(small_books(&alone), ERR_OK);
	for (uint64_t round = 0; round < 60; round++) {
		for (size_t i = 0; i < N; i++) {
			r[i] = move(t_below(4) == 0 ? LOG_HOLD : LOG_TRANSFER, 1000 + round * N + i,
				    1 + t_below(7), 1 + t_below(7), t_below(300));
			if (t_below(6) == 0) {
				r[i] = settle(LOG_POST, 1000 + round * N + i,
					      1000 + round * N + t_below(N), 1 + t_below(200));
			}
			r[i].flags = t_below(3) == 0 ? LOG_FLAG_LINKED : 0;
		}
		r[N - 1].flags = round % 7 == 0 ? LOG_FLAG_LINKED : 0;
		books_apply_batch(&b, r, N, answers);
		for (size_t at = 0, n; at < N; at += n) {
			size_t failed = 0;
			enum err e = ERR_INPUT;
			bool open;

			for (n = 1; at + n < N && r[at + n - 1].flags != 0; n++) {
			}
			open = r[at + n - 1].flags != 0;
			e = open ? ERR_INPUT : books_apply_all(&alone, &r[at], n, &failed);
			for (size_t i = 0; i < n; i++) {
				T_EQ(answers[at + i],
				     e == ERR_OK || open || i == failed ? e : ERR_LINKED);
				linked += answers[at + i] == ERR_LINKED;
				done += e == ERR_OK;
			}
		}
		T_EQ(books_hash(&b, &x), ERR_OK);
		T_EQ(books_hash(&alone, &y), ERR_OK);
		T_CHECK(hash32_eq(&x, &y));
	}
	T_CHECK(done > 200 && linked > 200);
	books_free(&b);
	books_free(&alone);
}

/* ---- ids: what is kept, what is looked up, what is too old ---- */

struct asked {
	const struct log_record *known;
	size_t n, questions;
	enum err broken;
	bool lies; /* answers with another id's record */
};

static enum err look(void *context, const struct id128 *id, struct log_record *out)
{
	struct asked *a = context;

	a->questions++;
	for (size_t i = 0; a->broken == ERR_OK && i < a->n; i++) {
		if (id128_eq(&a->known[i].id, id) != a->lies) {
			*out = a->known[i];
			return ERR_OK;
		}
	}
	return a->broken == ERR_OK ? ERR_NOT_FOUND : a->broken;
}

static struct log_record client(uint64_t made_ms, uint8_t n, uint64_t time_ms)
{
	struct log_record r = move(LOG_TRANSFER, 1, ANN, BOB, 1);
	uint8_t random[UUID7_RANDOM_BYTES] = { n, 1, 2, 3 };

	uuid7_make(&r.id, made_ms, random);
	r.time_ms = time_ms;
	return r;
}

static void old_ids_are_looked_up_and_very_old_ones_are_stale(void)
{
	enum { KEPT = 8, MADE = 40 };

	const uint64_t now = UINT64_C(1790000000000);
	static struct log_record past[MADE];
	struct asked asked = { past, MADE, 0, ERR_OK, false };
	struct log_record r;
	struct books b;
	size_t window = 0;

	T_EQ(books_init(&b), ERR_OK);
	books_window(&b, KEPT);
	{
		struct books made;

		T_EQ(small_books(&made), ERR_OK); /* the accounts are opened as there */
		for (size_t i = 0; i < made.account_count; i++) {
			r = (struct log_record){ .kind = LOG_ACCOUNT,
						 .asset = made.accounts[i].asset,
						 .id = made.accounts[i].id,
						 .amount = made.accounts[i].kind };
			T_EQ(books_apply(&b, &r), ERR_OK);
		}
		books_free(&made);
	}
	r = move(LOG_TRANSFER, 90, BOX, ANN, 900);
	r.time_ms = now;
	T_EQ(books_apply(&b, &r), ERR_OK);
	books_ids_from(&b, look, &asked);
	for (uint8_t i = 0; i < MADE; i++) {
		past[i] = client(now + i, i, now + i);
		T_EQ(books_apply(&b, &past[i]), ERR_OK);
	}
	/* newer than all that was let go: nobody was asked */
	T_EQ(asked.questions, 0);
	window = (size_t)(b.used_next - b.used_first);
	T_EQ(window, KEPT);
	T_CHECK(balance(&b, BOB) == MADE);
	for (uint8_t i = 0; i < MADE; i++) {
		T_EQ(books_apply(&b, &past[i]), ERR_OK); /* all repeats */
	}
	T_EQ(asked.questions, MADE - KEPT);
	T_CHECK(balance(&b, BOB) == MADE);
	r = past[3];
	r.amount = 2;
	T_EQ(books_apply(&b, &r), ERR_EXISTS);
	T_CHECK(books_clash(&b)->amount == 1);
	/* an index that fails is no answer, and one that lies is none */
	asked.broken = ERR_IO;
	T_EQ(books_apply(&b, &past[3]), ERR_IO);
	asked.broken = ERR_OK;
	asked.lies = true;
	T_EQ(books_apply(&b, &past[3]), ERR_CORRUPT);
	asked.lies = false;
	T_CHECK(balance(&b, BOB) == MADE);
	/* a name without a time is asked for once any such name was let go */
	asked.questions = 0;
	r = move(LOG_TRANSFER, 91, ANN, BOB, 1);
	T_EQ(books_apply(&b, &r), ERR_OK);
	T_EQ(asked.questions, 1);
	/* ten minutes ahead is the most, 35 days the oldest; the edges themselves are taken */
	r = client(now + MADE - 1 + BOOKS_ID_AHEAD_MS + 1, 200, now);
	T_EQ(books_apply(&b, &r), ERR_CLOCK);
	r = client(now + MADE - 1 - BOOKS_ID_AGE_MS, 201, now);
	T_EQ(books_apply(&b, &r), ERR_OK);
	r = client(now + MADE - 2 - BOOKS_ID_AGE_MS, 202, now);
	T_EQ(books_apply(&b, &r), ERR_STALE);
	/* old and known is answered as ever */
	r = past[0];
	r.time_ms = now + BOOKS_ID_AGE_MS + 1000000;
	T_EQ(books_apply(&b, &r), ERR_OK);
	r = client(now + MADE - 1 + BOOKS_ID_AHEAD_MS, 203, now);
	T_EQ(books_apply(&b, &r), ERR_OK);
	books_free(&b);
}

/* An open hold outlives the window; a resolved one is told from one that never was. */
static void holds_outlive_the_window(void)
{
	static struct log_record past[64];
	struct asked asked = { past, 0, 0, ERR_OK, false };
	struct log_record r;
	struct books b;
	size_t n = 0;

	T_EQ(books_init(&b), ERR_OK);
	books_window(&b, 1);
	books_ids_from(&b, look, &asked);
	r = account(1, BOOKS_BOX);
	T_EQ(books_apply(&b, &r), ERR_OK);
	r = account(2, BOOKS_SUSPENSE);
	T_EQ(books_apply(&b, &r), ERR_OK);
	for (uint64_t i = 0; i < 20; i++) {
		past[n++] = move(LOG_HOLD, 100 + i, 1, 2, 5);
		T_EQ(books_apply(&b, &past[n - 1]), ERR_OK);
		asked.n = n;
	}
	for (uint64_t i = 0; i < 20; i++) {
		past[n++] = settle(i % 2 == 0 ? LOG_POST : LOG_VOID, 200 + i, 100 + i, 5);
		T_EQ(books_apply(&b, &past[n - 1]), ERR_OK);
		asked.n = n;
	}
	T_EQ(b.hold_index.count, 0);
	r = settle(LOG_POST, 300, 103, 5);
	T_EQ(books_apply(&b, &r), ERR_STATE);
	r = settle(LOG_POST, 301, 203, 5); /* not a hold */
	T_EQ(books_apply(&b, &r), ERR_NOT_FOUND);
	r = settle(LOG_POST, 302, 999, 5);
	T_EQ(books_apply(&b, &r), ERR_NOT_FOUND);
	books_free(&b);
}

/* Flat in transfers: rows and slots stop growing however many records pass. */
static void memory_does_not_grow_with_transfers(void)
{
	struct books b;
	struct log_record r;
	size_t used = 0, slots = 0, holds = 0, held = 0;

	T_EQ(books_init(&b), ERR_OK);
	books_window(&b, 1000);
	r = account(1, BOOKS_BOX);
	T_EQ(books_apply(&b, &r), ERR_OK);
	r = account(2, BOOKS_SUSPENSE);
	T_EQ(books_apply(&b, &r), ERR_OK);
	for (uint64_t i = 0; i < 200000; i++) {
		r = move(LOG_TRANSFER, 1000 + 3 * i, 1, 2, 1);
		T_EQ(books_apply(&b, &r), ERR_OK);
		r = move(LOG_HOLD, 1001 + 3 * i, 1, 2, 1);
		T_EQ(books_apply(&b, &r), ERR_OK);
		r = settle(LOG_POST, 1002 + 3 * i, 1001 + 3 * i, 1);
		T_EQ(books_apply(&b, &r), ERR_OK);
		if (i == 10000) {
			used = b.used_cap;
			slots = b.used_index.mask + b.hold_index.mask;
			holds = b.hold_cap;
			held = b.held_cap;
		}
	}
	T_EQ(b.used_cap, used);
	T_EQ(b.used_index.mask + b.hold_index.mask, slots);
	T_EQ(b.hold_cap, holds);
	T_EQ(b.held_cap, held);
	T_EQ(sizeof(struct books_account), 64);
	T_EQ(sizeof(struct log_record), 128);
	books_free(&b);
}

static void account_names_are_stable_and_distinct(void)
{
	struct id128 a, b, c, d;

	books_account_id(&a, BOOKS_CUSTOMER, ASSET_XEM, bytes_str("c-1"));
	books_account_id(&b, BOOKS_CUSTOMER, ASSET_XEM, bytes_str("c-2"));
	books_account_id(&c, BOOKS_CUSTOMER, ASSET_JPY, bytes_str("c-1"));
	books_account_id(&d, BOOKS_HOUSE, ASSET_XEM, bytes_str("c-1"));
	T_CHECK(!id128_eq(&a, &b) && !id128_eq(&a, &c) && !id128_eq(&a, &d));
	T_EQ(a.b[6] >> 4, 8);
	T_EQ(a.b[8] >> 6, 2);
}

/* Yen: an asset of its own, whose reserve is the bank's account and nothing of the chain. */
static void yen_stands_on_the_bank(void)
{
	enum { BANK = 20, HOUSE = 21, CARL = 22, SALES = 23, SALES_YEN = 24, FLIGHT_YEN = 25 };
	struct books b;
	struct log_record open[] = { account(BANK, BOOKS_BANK), account(HOUSE, BOOKS_HOUSE),
				     account(CARL, BOOKS_CUSTOMER),
				     account(SALES_YEN, BOOKS_CONVERSION),
				     account(FLIGHT_YEN, BOOKS_IN_FLIGHT) };
	struct log_record sales = account(SALES, BOOKS_CONVERSION);
	struct log_record paid_in = move(LOG_TRANSFER, 200, BANK, HOUSE, 1000);
	/* Ann's 600 XEM are bought for 500 yen: two legs that stand or fall together */
	struct log_record trade[2] = { move(LOG_TRANSFER, 201, ANN, SALES, 600),
				       move(LOG_TRANSFER, 202, SALES_YEN, CARL, 1001) };
	struct log_record out[3] = { move(LOG_HOLD, 203, CARL, FLIGHT_YEN, 400),
				     settle(LOG_POST, 204, 203, 400),
				     move(LOG_TRANSFER, 205, FLIGHT_YEN, BANK, 400) };
	struct log_record over = move(LOG_TRANSFER, 206, BANK, HOUSE, 1);
	const char *why = NULL;
	size_t failed = 9;

	T_EQ(small_books(&b), ERR_OK);
	for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
		open[i].asset = ASSET_JPY;
		T_EQ(books_apply(&b, &open[i]), ERR_OK);
	}
	T_EQ(books_apply(&b, &sales), ERR_OK);
	paid_in.asset = trade[1].asset = over.asset = ASSET_JPY;
	/* the chain's 1,000 XEM are no reserve for a single yen */
	T_EQ(books_apply_all(&b, trade, 2, &failed), ERR_CAP);
	T_EQ(failed, 1);
	T_EQ(books_apply(&b, &paid_in), ERR_OK);
	T_EQ(books_apply_all(&b, trade, 2, &failed), ERR_CAP); /* one yen too much */
	T_CHECK(balance(&b, ANN) == 600 && balance(&b, CARL) == 0);
	trade[1].amount = 500;
	T_EQ(books_apply_all(&b, trade, 2, NULL), ERR_OK);
	T_CHECK(balance(&b, ANN) == 0 && balance(&b, CARL) == 500 && balance(&b, SALES) == 600);
	for (size_t i = 0; i < 3; i++) {
		out[i].asset = ASSET_JPY;
		T_EQ(books_apply(&b, &out[i]), ERR_OK);
	}
	T_CHECK(balance(&b, BANK) == 600 && balance(&b, CARL) == 100);
	T_EQ(books_validate(&b, &why), ERR_OK);
	over.debit = id_of(HOUSE); /* the bank pays more than it has */
	over.credit = id_of(BANK);
	over.amount = 601;
	T_EQ(books_apply(&b, &over), ERR_FUNDS);
	books_free(&b);
}

/* docs/books.md's chart row by row: what people read is what the code does. */
static const char *chart_path;

static void the_chart_is_what_the_page_says(void)
{
	FILE *f = fopen(chart_path, "re");
	char line[512], name[32], side[16], limited[16], reserve[16], who[64];
	unsigned rows = 0, kind;

	T_CHECK(f != NULL);
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		if (sscanf(line,
			   "| %31[a-z-] | %u | %15[a-z] | %15[a-z-] | %15[a-z-] | %63[a-z ] |",
			   name, &kind, side, limited, reserve, who) != 6) {
			continue;
		}
		rows++;
		T_CHECK(books_kind_name(kind) != NULL && strcmp(books_kind_name(kind), name) == 0);
		T_EQ(books_kind_debit(kind), strcmp(side, "debit") == 0);
		T_EQ(books_kind_limited(kind), strcmp(limited, "limited") == 0);
		T_EQ(books_kind_reserve(kind), strcmp(reserve, "reserve") == 0);
		T_EQ(books_kind_may(kind, BOOKS_BY_CHAIN), strstr(who, "chain") != NULL);
		T_EQ(books_kind_may(kind, BOOKS_BY_CLIENT), strstr(who, "client") != NULL);
		T_EQ(books_kind_may(kind, BOOKS_BY_OPERATOR), strstr(who, "operator") != NULL);
	}
	T_EQ(rows, BOOKS_KINDS - 1);
	T_CHECK(books_kind_name(0) == NULL && books_kind_name(BOOKS_KINDS) == NULL);
	if (f != NULL) {
		(void)fclose(f);
	}
}

int main(int argc, char **argv)
{
	chart_path = argc > 1 ? argv[1] : "docs/books.md"; /* by hand: from the root */
	static const struct t_case cases[] = {
		{ "every refusal changes nothing", every_refusal_changes_nothing },
		{ "holds bind and resolve once", holds_bind_and_resolve_once },
		{ "a repeat is the same, a change is an error",
		  a_repeat_is_the_same_and_a_change_is_an_error },
		{ "linked records stand or fall together", linked_records_stand_or_fall_together },
		{ "what theft takes is booked and closes the door",
		  what_theft_takes_is_booked_and_closes_the_door },
		{ "amounts at the edge of 128 bits", amounts_at_the_edge_of_128_bits },
		{ "random histories agree with a naive oracle",
		  random_histories_agree_with_a_naive_oracle },
		{ "planted bugs are found by the laws", planted_bugs_are_found_by_the_laws },
		{ "yen stands on the bank", yen_stands_on_the_bank },
		{ "the chart is what the page says", the_chart_is_what_the_page_says },
		{ "a post in part releases the rest", a_post_in_part_releases_the_rest },
		{ "a hold ends at its moment whatever the clock does",
		  a_hold_ends_at_its_moment_whatever_the_clock_does },
		{ "a refusal is remembered", a_refusal_is_remembered },
		{ "a difference is shown field by field", a_difference_is_shown_field_by_field },
		{ "maxima bind at every edge", maxima_bind_at_every_edge },
		{ "a closed account is closed", a_closed_account_is_closed },
		{ "the reserve rule looks at the whole group",
		  the_reserve_rule_looks_at_the_whole_group },
		{ "a chain as long as a batch is taken back whole",
		  a_chain_as_long_as_a_batch_is_taken_back_whole },
		{ "asking ahead changes nothing", asking_ahead_changes_nothing },
		{ "a batch is its groups, one after the other",
		  a_batch_is_its_groups_one_after_the_other },
		{ "old ids are looked up and very old ones are stale",
		  old_ids_are_looked_up_and_very_old_ones_are_stale },
		{ "holds outlive the window", holds_outlive_the_window },
		{ "memory does not grow with transfers", memory_does_not_grow_with_transfers },
		{ "account names are stable and distinct", account_names_are_stable_and_distinct },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
