/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open.c - opening the books: the coins on chain against the claims of customers.
 *
 * begin   every account of ours with its balance as of the newest block: debit it, credit opening
 * claims  every customer: debit opening, credit the customer; an account and its balance are one
 * end     what is left over goes to the house; the opening account is zero again
 *
 * All ids follow from names, so that an opening that was cut short is begun again and ends the
 * same.
 */
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "payout/inner.h"

static void account_open(struct payout *p, const struct id128 *id, uint32_t kind)
{
	struct log_record r = {
		.kind = LOG_ACCOUNT, .id = *id, .asset = ASSET_XEM, .amount = kind
	};

	CHECK(payout_book(p, &r) == ERR_OK);
}

static u128 coins(const struct payout *p)
{
	u128 sum = 0;

	for (size_t i = 0; i < p->own_n; i++) {
		sum += p->own[i].balance;
	}
	return sum;
}

static void put_amount(char out[MONEY_TEXT_MAX], u128 amount)
{
	struct money m = money_of(ASSET_XEM, amount);

	money_put(out, &m);
}

static bool covered(struct payout *p, u128 claims, u128 have)
{
	char a[MONEY_TEXT_MAX], b[MONEY_TEXT_MAX];

	if (claims <= have) {
		return true;
	}
	put_amount(a, claims);
	put_amount(b, have);
	answer_refuse(p, ERR_FUNDS, "claims", "claims are %s, the coins on chain %s micro-XEM", a,
		      b);
	return false;
}

void open_begin(struct payout *p, u128 claims, struct effects *out)
{
	struct log_record height = { .kind = LOG_CHAIN_HEIGHT, .amount = p->top };
	const struct nem_follow_at *at;

	if (!p->synced) {
		answer_refuse(p, ERR_UNREACHABLE, "", "the chain has not been read yet");
		return;
	}
	p->claims = claims;
	if (p->open_height != 0) {
		if (covered(p, claims,
			    p->books.totals.owed[ASSET_XEM] +
				books_balance(&p->books, &p->opening)) ||
		    p->opened) {
			answer_text(p, "state", p->opened ? "open" : "opening");
		}
		return;
	}
	at = nem_follow_find(p->follow, p->top);
	if (at == NULL) {
		answer_refuse(p, ERR_STATE, "", "the newest block is not known");
		return;
	}
	if (!covered(p, claims, coins(p))) {
		return;
	}
	account_open(p, &p->in_flight, BOOKS_IN_FLIGHT);
	account_open(p, &p->fee, BOOKS_FEE);
	account_open(p, &p->shortage, BOOKS_SHORTAGE);
	account_open(p, &p->opening, BOOKS_OPENING);
	account_open(p, &p->suspense, BOOKS_SUSPENSE);
	account_open(p, &p->house, BOOKS_HOUSE);
	for (size_t i = 0; i < p->own_n; i++) {
		const struct inner_own *o = &p->own[i];
		struct log_record r = { .kind = LOG_TRANSFER,
					.asset = ASSET_XEM,
					.debit = o->id,
					.credit = p->opening,
					.amount = o->balance };

		account_open(p, &o->id, o->kind);
		if (o->balance > 0) {
			r.id = payout_name("opening coins v1", nem_address_bytes(&o->address),
					   bytes_of(NULL, 0));
			CHECK(payout_book(p, &r) == ERR_OK);
		}
	}
	p->open_height = p->top;
	p->high = p->top;
	p->open_block = height.link = at->hash;
	height.id = payout_name("opening v1", bytes_str("begin"), bytes_of(NULL, 0));
	payout_record(p, &height, bytes_of(NULL, 0));
	effects_note(out, "info books-opening height=%llu accounts=%zu", (unsigned long long)p->top,
		     p->own_n);
	answer_text(p, "state", "opening");
}

static enum err claim(struct payout *p, struct bytes name, u128 amount)
{
	struct log_record r[2] = {
		{ .kind = LOG_ACCOUNT, .asset = ASSET_XEM, .amount = BOOKS_CUSTOMER },
		{ .kind = LOG_TRANSFER, .asset = ASSET_XEM, .amount = amount },
	};
	const struct books_account *a;

	books_account_id(&r[0].id, BOOKS_CUSTOMER, ASSET_XEM, name);
	r[1].id = payout_name("opening claim v1", name, bytes_of(NULL, 0));
	r[1].debit = p->opening;
	r[1].credit = r[0].id;
	a = books_account(&p->books, &r[0].id);
	if (a != NULL && amount == 0) {
		return a->credits == 0 || p->opened ? ERR_OK : ERR_EXISTS;
	}
	if (a != NULL) {
		/* here before: the books say whether with this amount */
		size_t before = p->books.applied;
		enum err e = a->credits == 0 ? ERR_EXISTS : books_apply(&p->books, &r[1]);

		CHECK(e != ERR_OK || p->books.applied == before);
		return e;
	}
	if (p->opened) {
		return ERR_STATE;
	}
	return payout_book_all(p, r, amount == 0 ? 1 : 2);
}

void open_claims(struct payout *p, struct bytes rows, struct effects *out)
{
	struct reader r = reader_make(rows);
	uint32_t n = reader_u32(&r);

	(void)out;
	if (p->open_height == 0) {
		answer_refuse(p, ERR_STATE, "", "the opening has not begun");
		return;
	}
	if (n > PAYOUT_CLAIMS_MAX) {
		answer_refuse(p, ERR_TOO_LARGE, "claims", "at most %d at once", PAYOUT_CLAIMS_MAX);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct bytes name = reader_bytes(&r, reader_u32(&r));
		struct bytes amount = reader_bytes(&r, 16);
		enum err e = ERR_INPUT;

		if (!r.bad && doc_name_ok(name)) {
			e = claim(p, name, le128_get(amount.p));
		}
		if (e != ERR_OK) {
			answer_refuse(p, e, "customer", "%.*s: %s",
				      (int)(name.n > DOC_NAME_MAX ? DOC_NAME_MAX : name.n),
				      name.n == 0 ? "" : (const char *)name.p,
				      e == ERR_EXISTS ? N_("has another opening balance already")
				      : e == ERR_STATE
					  ? N_("the books are open without this customer")
					  : err_words(e));
			return;
		}
	}
	if (!reader_done(&r)) {
		answer_refuse(p, ERR_INPUT, "claims", "not well formed");
		return;
	}
	answer_text(p, "state", p->opened ? "open" : "opening");
}

void open_end(struct payout *p, struct effects *out)
{
	struct log_record height = { .kind = LOG_CHAIN_HEIGHT, .amount = p->open_height };
	struct log_record r = { .kind = LOG_TRANSFER, .asset = ASSET_XEM };
	char a[MONEY_TEXT_MAX], b[MONEY_TEXT_MAX];

	if (p->opened) {
		answer_text(p, "state", "open");
		return;
	}
	if (p->open_height == 0) {
		answer_refuse(p, ERR_STATE, "", "the opening has not begun");
		return;
	}
	if (p->books.totals.owed[ASSET_XEM] != p->claims) {
		put_amount(a, p->claims);
		put_amount(b, p->books.totals.owed[ASSET_XEM]);
		answer_refuse(p, ERR_MISMATCH, "claims",
			      "%s announced, %s booked: a customer twice?", a, b);
		return;
	}
	r.amount = books_balance(&p->books, &p->opening);
	if (r.amount > 0) {
		r.id = payout_name("opening surplus v1", bytes_of(NULL, 0), bytes_of(NULL, 0));
		r.debit = p->opening;
		r.credit = p->house;
		CHECK(payout_book(p, &r) == ERR_OK);
	}
	CHECK(books_balance(&p->books, &p->opening) == 0);
	height.link = p->open_block;
	height.id = payout_name("opening v1", bytes_str("end"), bytes_of(NULL, 0));
	payout_record(p, &height, bytes_of(NULL, 0));
	p->opened = true;
	put_amount(a, p->books.totals.owed[ASSET_XEM]);
	put_amount(b, r.amount);
	effects_note(out, "info books-open accounts=%zu owed=%s house=%s", p->books.account_count,
		     a, b);
	answer_text(p, "state", "open");
}
