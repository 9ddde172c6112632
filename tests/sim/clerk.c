/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clerk.c - the books on their own: random records against a model that does it the slow way, among
 * them ones that the server never writes (a hold posted again, more than there is).
 */
#include <string.h>

#include "sim/sim.h"

enum { ACCOUNTS = 5, HOLDS = 12, RECORDS = 60, TILL = 0, SUSPENSE = 1, FLIGHT = 2, C1 = 3, C2 = 4 };

struct model {
	struct books books;
	struct id128 account[ACCOUNTS];
	int64_t posted[ACCOUNTS]; /* on the account's normal side */
	int64_t out[ACCOUNTS];    /* held against it */

	struct {
		struct id128 id;
		unsigned debit, credit;
		int64_t amount;
		bool open;
	} hold[HOLDS];

	size_t holds;
};

static struct id128 fresh_id(struct sim *s)
{
	struct id128 id;
	uint8_t random[UUID7_RANDOM_BYTES];

	fate_bytes(&s->fate, random, sizeof random);
	uuid7_make(&id, SIM_START_MS, random);
	return id;
}

static enum err apply(struct sim *s, struct model *m, struct log_record *r)
{
	r->asset = ASSET_XEM;
	r->time_ms = SIM_START_MS;
	if (r->kind != LOG_ACCOUNT) {
		r->id = fresh_id(s);
	}
	return books_apply(&m->books, r);
}

static void open_accounts(struct sim *s, struct model *m)
{
	static const uint32_t kinds[ACCOUNTS] = { BOOKS_TILL, BOOKS_SUSPENSE, BOOKS_IN_FLIGHT,
						  BOOKS_CUSTOMER, BOOKS_CUSTOMER };

	for (unsigned i = 0; i < ACCOUNTS; i++) {
		struct log_record r = { .kind = LOG_ACCOUNT, .amount = kinds[i] };
		uint8_t name = (uint8_t)('a' + i);

		books_account_id(&m->account[i], kinds[i], ASSET_XEM, bytes_of(&name, 1));
		r.id = m->account[i];
		CHECK(apply(s, m, &r) == ERR_OK);
	}
}

/* debit and credit are indices; the model's rule: who gives may not give more than he has. */
static void move(struct sim *s, struct model *m, uint16_t kind, unsigned debit, unsigned credit,
		 int64_t amount)
{
	struct log_record r = { .kind = kind,
				.debit = m->account[debit],
				.credit = m->account[credit],
				.amount = (u128)amount };
	bool customer = debit == C1 || debit == C2;
	bool allowed = !customer || m->posted[debit] - m->out[debit] >= amount;
	enum err e = apply(s, m, &r);

	if (customer && (e == ERR_OK) != allowed) {
		sim_broken(s, "P1",
			   "the books %s %lld from a customer who has %lld of which %lld "
			   "are held",
			   e == ERR_OK ? "take" : "refuse", (long long)amount,
			   (long long)m->posted[debit], (long long)m->out[debit]);
		return;
	}
	if (e != ERR_OK) {
		return;
	}
	if (kind == LOG_HOLD) {
		m->out[debit] += amount;
		m->hold[m->holds].id = r.id;
		m->hold[m->holds].debit = debit;
		m->hold[m->holds].credit = credit;
		m->hold[m->holds].amount = amount;
		m->hold[m->holds++].open = true;
		return;
	}
	m->posted[debit] += debit == TILL ? amount : -amount;
	m->posted[credit] += credit == TILL ? -amount : amount;
}

static void end_hold(struct sim *s, struct model *m, size_t i, uint16_t kind)
{
	struct log_record r = { .kind = kind, .ref = m->hold[i].id };
	enum err e;

	r.amount = (u128)m->hold[i].amount;
	e = apply(s, m, &r);
	if ((e == ERR_OK) != m->hold[i].open) {
		sim_broken(s, "P1", "a hold that is %s can be %s",
			   m->hold[i].open ? "open" : "ended already",
			   e == ERR_OK ? "ended" : "ended by nobody");
		return;
	}
	if (e != ERR_OK) {
		return;
	}
	m->hold[i].open = false;
	m->out[m->hold[i].debit] -= m->hold[i].amount;
	if (kind == LOG_POST) {
		m->posted[m->hold[i].debit] -= m->hold[i].amount;
		m->posted[m->hold[i].credit] += m->hold[i].amount;
	}
}

static void compare(struct sim *s, struct model *m)
{
	const char *why = "";

	if (books_validate(&m->books, &why) != ERR_OK) {
		sim_broken(s, "P1", "the books alone: %s", why);
		return;
	}
	for (unsigned i = C1; i <= C2; i++) {
		if (books_balance(&m->books, &m->account[i]) != (u128)m->posted[i] ||
		    books_available(&m->books, &m->account[i]) !=
			(u128)(m->posted[i] - m->out[i])) {
			sim_broken(s, "P1", "the books and the slow model differ in a customer");
			return;
		}
	}
}

void clerk_run(struct sim *s)
{
	static struct model m;

	memset(&m, 0, sizeof m);
	CHECK(books_init(&m.books) == ERR_OK);
	m.books.planted = s->options.plants.books;
	open_accounts(s, &m);
	move(s, &m, LOG_TRANSFER, TILL, SUSPENSE, 1000);
	move(s, &m, LOG_TRANSFER, SUSPENSE, C1, 300);
	move(s, &m, LOG_TRANSFER, SUSPENSE, C2, 100);
	for (unsigned i = 0; i < RECORDS && !s->failed; i++) {
		unsigned who = C1 + (unsigned)fate_below(&s->fate, 2);
		int64_t amount = (int64_t)fate_range(&s->fate, 1, 120);

		switch (fate_below(&s->fate, 5)) {
		case 0:
			move(s, &m, LOG_TRANSFER, who, who == C1 ? C2 : C1, amount);
			break;
		case 1:
			if (m.holds < HOLDS) {
				move(s, &m, LOG_HOLD, who, FLIGHT, amount);
			}
			break;
		case 2:
			move(s, &m, LOG_TRANSFER, who, SUSPENSE, amount);
			break;
		default:
			if (m.holds > 0) {
				size_t which = (size_t)fate_below(&s->fate, m.holds);

				end_hold(s, &m, which,
					 fate_permille(&s->fate, 600) ? LOG_POST : LOG_VOID);
			}
			break;
		}
		compare(s, &m);
	}
	books_free(&m.books);
}
