/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The story is told forward in time with every account's balance at hand, so that nobody pays what
 * he has not: the theft, the spreading over 24 accounts, dust, sales in stretches that have
 * the published sums, and what each buyer did with his coins.
 */
#include "trace/coincheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "crypto/sha256.h"

#define XEM(n) ((uint64_t)(n)*1000000)
#define DAY_S  UINT64_C(86400)

enum {
	MIDNIGHT_S = 1516892400, /* 26 January 2018 00:00 JST */
	THIEVES = 24,
	BUYERS_AT_ONCE = 3000, /* of whom one comes again */
	CUSTOMERS = 1500,
	/* above what any seed makes */
	ACCOUNTS_MAX = 40000,
	TRANSFERS_MAX = 60000,
};

static const char *const thieves[] = {
#define THEFT(second, xem, words)
#define THIEF(address) address,
#define FIGURE(...)
#include "trace/coincheck.def"
#undef THEFT
#undef THIEF
#undef FIGURE
};

static const struct {
	uint32_t second;
	uint64_t amount;
} thefts[] = {

#define THEFT(second, xem, words) { (second), XEM(xem) },
#define THIEF(address)
#define FIGURE(...)
#include "trace/coincheck.def"
#undef THEFT
#undef THIEF
#undef FIGURE
};

static const struct coincheck_figure figures[] = {
#define THEFT(second, xem, words)
#define THIEF(address)
#define FIGURE(when, day, hour, minute, count, name, at_least, figure, source)          \
	{ (when),                                                                       \
	  MIDNIGHT_S + (day)*DAY_S + UINT64_C(3600) * (hour) + UINT64_C(60) * (minute), \
	  COINCHECK_##count,                                                            \
	  (name),                                                                       \
	  (at_least),                                                                   \
	  (figure),                                                                     \
	  (source) },
#include "trace/coincheck.def"
#undef THEFT
#undef THIEF
#undef FIGURE
};

/* Who took the coins that were sold, in parts of a thousand of all that was sold.  What is left
 * stays with the buyers. */
static const struct {
	const char *name;
	uint32_t share;
} exchanges[] = {
	{ "Bittrex", 515 }, { "Zaif", 192 },        { "YoBit", 60 },
	{ "Poloniex", 60 }, { "CoinPayments", 85 },
};

enum { ZAIF = 1 };

/* Sales by the site of 7 February 00:12 to 22 March 18:45. */
static const struct {
	uint32_t from_s, until_s; /* after the midnight of the theft */
	uint64_t amount;
	uint32_t sends;
} sales[] = {
	{ 12 * DAY_S + 720, 18 * DAY_S + 61200, XEM(19280000), 1590 },
	{ 18 * DAY_S + 61200, 34 * DAY_S, XEM(110720000), 2700 },
	{ 34 * DAY_S, 44 * DAY_S, XEM(70000000), 1600 },
	{ 44 * DAY_S, 48 * DAY_S, XEM(30000000), 900 },
	{ 48 * DAY_S, 49 * DAY_S, XEM(21500000), 700 },
	{ 49 * DAY_S, 51 * DAY_S, XEM(12000000), 300 },
	{ 51 * DAY_S, 53 * DAY_S + 67500, XEM(87366000), 1600 },
	{ 53 * DAY_S + 67500, 55 * DAY_S + 67200, UINT64_MAX, 1700 }, /* all that is left */
};

struct maker {
	struct coincheck *c;
	uint64_t *balance; /* of each account, by the transfers made so far */
	uint64_t random;
	uint64_t reached[ARRAY_LEN(exchanges)], sold;
	uint32_t thief[THIEVES], exchange[ARRAY_LEN(exchanges)];
	uint32_t buyers[BUYERS_AT_ONCE], buyers_n;
};

/* splitmix64 (Steele, Lea, Flood 2014): for shapes, not for secrets. */
static uint64_t draw(struct maker *m, uint64_t below)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15;

	CHECK(below > 0);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

/* Whole tenths of an XEM, as people choose amounts. */
static uint64_t rounded(uint64_t amount)
{
	return amount - amount % 100000;
}

/* An account; its address is `known`, or that of a hash: nobody has a key to it. */
static uint32_t account(struct maker *m, enum coincheck_part part, const char *name,
			const char *known, uint64_t opening)
{
	struct coincheck *c = m->c;
	struct coincheck_account a = {
		.name = name, .part = part, .published = known != NULL, .opening = opening
	};

	CHECK(c->accounts_n < ACCOUNTS_MAX);
	if (known != NULL) {
		CHECK(nem_address_parse(&a.address, NEM_NETWORK_MAIN,
					bytes_of(known, strlen(known)), NULL) == ERR_OK);
	} else {
		char text[64];
		struct hash32 h;
		struct key32 nobodys;
		int n =
		    snprintf(text, sizeof text, "kuramori trace demo coincheck %zu", c->accounts_n);

		sha256(&h, bytes_of(text, (size_t)n));
		memcpy(nobodys.b, h.b, sizeof nobodys.b);
		nem_address_from_key(&a.address, &nobodys, NEM_NETWORK_MAIN);
	}
	c->accounts[c->accounts_n] = a;
	m->balance[c->accounts_n] = opening;
	return (uint32_t)c->accounts_n++;
}

static void endow(struct maker *m, uint32_t who, uint64_t amount)
{
	m->c->accounts[who].opening += amount;
	m->balance[who] += amount;
}

/* A transfer `second` after midnight.  Dies if the sender has not the amount and the fee. */
static void send(struct maker *m, uint64_t second, uint32_t from, uint32_t to, uint64_t amount,
		 bool published)
{
	struct coincheck *c = m->c;
	struct coincheck_transfer t = { .time_s = MIDNIGHT_S + second,
					.from = from,
					.to = to,
					.amount = amount,
					.fee = nem_fee_transfer(amount, 0),
					.published = published };

	CHECK(c->transfers_n < TRANSFERS_MAX && m->balance[from] >= amount + t.fee);
	m->balance[from] -= amount + t.fee;
	m->balance[to] += amount;
	m->balance[c->harvester] += t.fee;
	c->transfers[c->transfers_n++] = t;
}

static void cast(struct maker *m)
{
	uint64_t stolen = 0, fees = 0;

	for (size_t i = 0; i < ARRAY_LEN(thefts); i++) {
		stolen += thefts[i].amount;
		fees += nem_fee_transfer(thefts[i].amount, 0);
	}
	m->c->victim = account(m, COINCHECK_VICTIM, "Coincheck",
			       "NC3BI3DNMR2PGEOOMP2NKXQGSAKMS7GYRKVA5CSZ", stolen + fees);
	m->c->harvester = account(m, COINCHECK_HARVESTER, "harvester of all blocks", NULL, 0);
	for (size_t i = 0; i < THIEVES; i++) {
		m->thief[i] = account(m, COINCHECK_THIEF, "thief",
				      i < ARRAY_LEN(thieves) ? thieves[i] : NULL, 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
		m->exchange[i] =
		    account(m, COINCHECK_EXCHANGE, exchanges[i].name, NULL, XEM(20000000));
	}
}

static void theft(struct maker *m)
{
	for (size_t i = 0; i < ARRAY_LEN(thefts); i++) {
		send(m, thefts[i].second, m->c->victim, m->thief[0], thefts[i].amount, true);
		m->c->transfers[m->c->transfers_n - 1].theft = true;
	}
}

/*
 * Ten moves to eight accounts from 02:57 to 03:59, a ninth account at 23:42 (contested), then on to
 * the others until the site opened.  No amount of these was published.
 */
static void spread(struct maker *m)
{
	static const uint32_t minutes[] = { 177, 181, 187, 193, 199, 206, 213, 221, 230, 239 };
	uint32_t first = m->thief[0];

	for (size_t i = 0; i < ARRAY_LEN(minutes); i++) {
		send(m, (uint64_t)minutes[i] * 60 + draw(m, 60), first, m->thief[1 + i % 8],
		     rounded(XEM(46000000) + draw(m, XEM(5000000))), false);
	}
	send(m, 23 * 3600 + 42 * 60, first, m->thief[9], XEM(9000000), false);
	/* The late thefts had come by now; two or three million were said to be left here. */
	send(m, 23 * 3600 + 50 * 60, first, m->thief[10], rounded(m->balance[first] - XEM(2500000)),
	     false);
	for (uint32_t i = 11; i < THIEVES; i++) {
		uint32_t from = m->thief[1 + i % 8];

		send(m, 3 * DAY_S + (uint64_t)(i - 11) * 40000 + draw(m, 30000), from, m->thief[i],
		     rounded(m->balance[from] / 3 + draw(m, XEM(1000000))), false);
	}
}

/* 30 January 22:33 to 23:02: fourteen transfers to nine who had written; then more dust. */
static void dust(struct maker *m)
{
	uint32_t nine[9], ico, czech;

	for (size_t i = 0; i < ARRAY_LEN(nine); i++) {
		nine[i] = account(m, COINCHECK_OTHER, "", NULL, XEM(500 + draw(m, 5000)));
	}
	for (uint32_t i = 0; i < 14; i++) {
		send(m, 4 * DAY_S + 81180 + (uint64_t)i * 130, m->thief[0], nine[i % 9],
		     i < 11 ? XEM(100) : 0, true);
	}
	for (uint32_t i = 0; i < 90; i++) {
		uint32_t bystander =
		    account(m, COINCHECK_OTHER, "", NULL, XEM(10 + draw(m, 90000)));

		send(m, 5 * DAY_S + (uint64_t)i * 600 + draw(m, 500), m->thief[0], bystander,
		     XEM(1 + draw(m, 100)), false);
		if (draw(m, 2) == 0) {
			send(m, 6 * DAY_S + draw(m, 30 * DAY_S), bystander,
			     m->exchange[draw(m, ARRAY_LEN(exchanges))],
			     rounded(m->balance[bystander] / 2), false);
		}
	}
	ico = account(m, COINCHECK_SERVICE, "an ICO in the Philippines", NULL, 0);
	czech = account(m, COINCHECK_SERVICE, "a Czech exchange service", NULL, 0);
	send(m, 6 * DAY_S + 43200, m->thief[0], ico, XEM(2000), true);
	send(m, 7 * DAY_S + 43200, m->thief[0], czech, XEM(1200), true);
}

/* Where the next sale of this size goes: who is furthest below his share, or nobody. */
static size_t exchange_for(struct maker *m, uint64_t amount)
{
	size_t best = ARRAY_LEN(exchanges);
	uint64_t most = 0;

	for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
		/* in millionths of an XEM times 1000: far below 2^64 */
		uint64_t due = (m->sold / 1000 + amount / 1000) * exchanges[i].share;
		uint64_t behind = due > m->reached[i] ? due - m->reached[i] : 0;

		/* Zaif's were many and small. */
		if (i == ZAIF && amount > XEM(60000)) {
			behind /= 4;
		}
		if (behind > most) {
			most = behind;
			best = i;
		}
	}
	return most >= amount / 2 ? best : ARRAY_LEN(exchanges);
}

/* A buyer's way to the exchange: himself, or on 5 to 10 March to Zaif by three one-time accounts.
 */
static void cash_in(struct maker *m, uint64_t second, uint32_t buyer, uint64_t amount, size_t which)
{
	uint32_t at = buyer;
	uint32_t hops =
	    which == ZAIF && second >= 38 * DAY_S && second < 43 * DAY_S && amount > XEM(20000) ? 2
												: 0;
	uint64_t fee = nem_fee_transfer(amount, 0);

	for (uint32_t i = 0; i < hops; i++) {
		uint32_t next = account(m, COINCHECK_OTHER, "", NULL, 0);

		endow(m, at, fee);
		second += 300 + draw(m, 900);
		send(m, second, at, next, amount, false);
		at = next;
	}
	endow(m, at, fee);
	second += 300 + draw(m, 3600);
	send(m, second, at, m->exchange[which], amount, false);
}

static void sell(struct maker *m, uint64_t second, uint32_t thief, uint64_t amount)
{
	bool again = m->buyers_n > 0 && draw(m, 100) < 40;
	uint32_t buyer =
	    again ? m->buyers[draw(m, m->buyers_n)] : account(m, COINCHECK_OTHER, "", NULL, 0);
	size_t which = exchange_for(m, amount);

	if (!again) {
		m->buyers[m->buyers_n < BUYERS_AT_ONCE ? m->buyers_n++ : draw(m, BUYERS_AT_ONCE)] =
		    buyer;
	}
	send(m, second, thief, buyer, amount, false);
	m->sold += amount;
	if (which < ARRAY_LEN(exchanges)) {
		m->reached[which] += amount;
		/* some mix coins of their own in */
		if (draw(m, 4) == 0) {
			uint64_t own = rounded(draw(m, amount / 10 + 100000));

			endow(m, buyer, own);
			amount += own;
		}
		cash_in(m, second, buyer, amount, which);
	}
}

/* The thief account with the most: at the end all are emptied alike. */
static uint32_t fullest(const struct maker *m)
{
	uint32_t best = m->thief[0];

	for (size_t i = 1; i < THIEVES; i++) {
		if (m->balance[m->thief[i]] > m->balance[best]) {
			best = m->thief[i];
		}
	}
	return best;
}

static void sell_all(struct maker *m)
{
	for (size_t s = 0; s < ARRAY_LEN(sales); s++) {
		bool last = s + 1 == ARRAY_LEN(sales);
		uint64_t left = sales[s].amount;
		uint64_t span = sales[s].until_s - sales[s].from_s;

		if (last) {
			left = 0;
			for (size_t i = 0; i < THIEVES; i++) {
				left += m->balance[m->thief[i]];
			}
		}
		for (uint32_t i = 0; i < sales[s].sends; i++) {
			uint32_t rest = sales[s].sends - i;
			/* from a tenth of the mean to a little below its double */
			uint64_t mean = left / rest;
			uint64_t amount = rounded(mean / 10 + draw(m, mean * 9 / 5));
			/* any of them, the fullest mostly */
			uint32_t thief = m->thief[draw(m, THIEVES)];
			uint64_t at = sales[s].from_s + span * i / sales[s].sends +
				      draw(m, span / sales[s].sends);

			if (s == 4 && i == 350) {
				amount = XEM(1300000); /* the largest */
			}
			if (rest == 1 && !last) {
				amount = left;
			}
			if (amount > XEM(1300000)) {
				amount = XEM(1300000);
			}
			if (m->balance[thief] < amount + XEM(2) || draw(m, 3) != 0) {
				thief = fullest(m);
			}
			if (m->balance[thief] < amount + XEM(2)) {
				break;
			}
			sell(m, at, thief, amount);
			left -= amount < left ? amount : left;
		}
	}
	for (size_t i = 0; i < THIEVES; i++) {
		uint64_t has = m->balance[m->thief[i]];

		/* a fee is at most 1.25 XEM, and that of the rest no more than that of all */
		if (has > XEM(2)) {
			sell(m, 55 * DAY_S + 67400 + i, m->thief[i],
			     has - nem_fee_transfer(has, 0));
		}
	}
}

/* Customers of the exchanges, who have nothing to do with it. */
static void others(struct maker *m)
{
	for (size_t i = 0; i < CUSTOMERS; i++) {
		uint32_t who = account(m, COINCHECK_OTHER, "", NULL, XEM(1000 + draw(m, 200000)));
		uint64_t second = draw(m, 50 * DAY_S);

		for (uint32_t k = 0; k < 2; k++) {
			send(m, second, who, m->exchange[draw(m, ARRAY_LEN(exchanges))],
			     rounded(m->balance[who] / 3), false);
			second += draw(m, 3 * DAY_S);
			send(m, second, m->exchange[draw(m, ARRAY_LEN(exchanges))], who,
			     XEM(10 + draw(m, 3000)), false);
			second += draw(m, DAY_S);
		}
	}
}

/* By time, and the same on every machine. */
static int by_time(const void *a, const void *b)
{
	const struct coincheck_transfer *x = a, *y = b;

	if (x->time_s != y->time_s) {
		return x->time_s < y->time_s ? -1 : 1;
	}
	if (x->from != y->from) {
		return x->from < y->from ? -1 : 1;
	}
	if (x->to != y->to) {
		return x->to < y->to ? -1 : 1;
	}
	return x->amount < y->amount ? -1 : x->amount > y->amount;
}

enum err coincheck_make(struct coincheck *out, uint64_t seed)
{
	struct maker m = { .c = out, .random = seed };

	*out = (struct coincheck){
		.accounts = calloc(ACCOUNTS_MAX, sizeof *out->accounts),
		.transfers = calloc(TRANSFERS_MAX, sizeof *out->transfers),
	};
	m.balance = calloc(ACCOUNTS_MAX, sizeof *m.balance);
	if (out->accounts == NULL || out->transfers == NULL || m.balance == NULL) {
		free(m.balance);
		return ERR_FULL;
	}
	cast(&m);
	theft(&m);
	spread(&m);
	dust(&m);
	sell_all(&m);
	others(&m);
	free(m.balance);
	qsort(out->transfers, out->transfers_n, sizeof *out->transfers, by_time);
	return ERR_OK;
}

void coincheck_free(struct coincheck *c)
{
	free(c->accounts);
	free(c->transfers);
	*c = (struct coincheck){ 0 };
}

const struct coincheck_figure *coincheck_figures(size_t *n)
{
	*n = ARRAY_LEN(figures);
	return figures;
}

static bool is_thief(const struct coincheck *c, uint32_t who)
{
	return c->accounts[who].part == COINCHECK_THIEF;
}

uint64_t coincheck_counted(const struct coincheck *c, const struct coincheck_figure *f)
{
	static bool had[ACCOUNTS_MAX];
	uint64_t stolen = 0, left = 0, sends = 0, largest = 0, today = 0, peak = 0, day = 0,
		 accounts = 0;

	CHECK(f->count != COINCHECK_REACHED);
	memset(had, 0, sizeof had);
	for (size_t i = 0; i < c->transfers_n && c->transfers[i].time_s < f->until_s; i++) {
		const struct coincheck_transfer *t = &c->transfers[i];
		bool from = is_thief(c, t->from), to = is_thief(c, t->to);

		stolen += t->theft ? t->amount : 0;
		if (to && !had[t->to]) {
			had[t->to] = true;
			accounts++;
		}
		if (!from) {
			continue;
		}
		sends++;
		if (to) {
			continue;
		}
		left += t->amount;
		if ((t->time_s - MIDNIGHT_S) / DAY_S != day) {
			day = (t->time_s - MIDNIGHT_S) / DAY_S;
			today = 0;
		}
		today += t->amount;
		peak = today > peak ? today : peak;
		largest = t->amount > largest ? t->amount : largest;
	}
	switch (f->count) {
	case COINCHECK_STOLEN:
		return stolen;
	case COINCHECK_LEFT:
		return left;
	case COINCHECK_SENDS:
		return sends;
	case COINCHECK_LARGEST:
		return largest;
	case COINCHECK_PEAK:
		return peak;
	case COINCHECK_ACCOUNTS:
		return accounts;
	case COINCHECK_REACHED:
		break;
	}
	CHECK(false);
}
