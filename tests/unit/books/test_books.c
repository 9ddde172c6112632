/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the books refuse everything that would break a law, change nothing when they refuse, answer
 * a repeat as the first time, and add up whatever happens.
 * Method: each refusal by hand; all-or-none groups that break at each place; random histories
 * beside a naive oracle that keeps plain arrays, with the state hash compared after every refusal;
 * and the planted bugs, which the laws must find.
 */
#include "books/books.h"
#include "t.h"

static struct id128 id_of(uint64_t n)
{
	struct id128 id = { { 0 } };

	le64_put(id.b, n);
	id.b[15] = 1;
	return id;
}

static struct log_record account(uint64_t id, enum books_kind kind)
{
	return (struct log_record){
		.kind = LOG_ACCOUNT, .id = id_of(id), .asset = ASSET_XEM, .amount = kind
	};
}

static struct log_record move(enum log_kind kind, uint64_t id, uint64_t debit, uint64_t credit,
			      u128 amount)
{
	return (struct log_record){ .kind = (uint16_t)kind,
				    .id = id_of(id),
				    .asset = ASSET_XEM,
				    .debit = id_of(debit),
				    .credit = id_of(credit),
				    .amount = amount };
}

static struct log_record settle(enum log_kind kind, uint64_t id, uint64_t hold, u128 amount)
{
	return (struct log_record){ .kind = (uint16_t)kind,
				    .id = id_of(id),
				    .asset = ASSET_XEM,
				    .ref = id_of(hold),
				    .amount = amount };
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
	struct log_record other = settle(LOG_POST, 23, 20, 499);
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

static bool oracle_allows(const struct oracle *o, unsigned debit, unsigned credit, long long amount)
{
	long long owed = 0, reserves = 0;

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
	for (unsigned a = 0; a < ORACLE_ACCOUNTS; a++) {
		owed += oracle_kinds[a] == BOOKS_CUSTOMER ? o->posted[a] : 0;
		reserves += oracle_kinds[a] == BOOKS_BOX || oracle_kinds[a] == BOOKS_TILL
				? o->posted[a]
				: 0;
	}
	if (oracle_kinds[credit] == BOOKS_CUSTOMER && oracle_kinds[debit] != BOOKS_CUSTOMER) {
		bool chain = oracle_kinds[debit] == BOOKS_BOX || oracle_kinds[debit] == BOOKS_TILL;

		return owed + amount <= reserves + (chain ? amount : 0);
	}
	return true;
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
			want = o.holds[h].open && amount == o.holds[h].amount;
			e = books_apply(&b, &r);
			T_EQ(e == ERR_OK, want);
			if (want) {
				o.holds[h].open = false;
				oracle_hold(&o, o.holds[h].debit, o.holds[h].credit, -amount);
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
	chart_path = argc > 1 ? argv[1] : "";
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
		{ "account names are stable and distinct", account_names_are_stable_and_distinct },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
