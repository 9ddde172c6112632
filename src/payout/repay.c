/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repay.c - the run of an approved refund plan.
 *
 * begin   the plan is approved, and it is one of this journal
 * rows    the file of rows, piece by piece: each row's customer is known and was owed that much
 * check   the rows are the plan's, and everything is there for all who are still to be paid; only
 *         then the run is recorded as begun
 * pay     so many rows: for each, linked, what he lost against shortage and the yen from the house
 *
 * A customer who has moved his coins since the moment of the plan is refunded what he still has of
 * them and no more: nobody is paid for what he has taken out, and no account is debited below what
 * is free of it.  What he received since is his and not touched.
 *
 * Every id follows from the plan and the customer, so a run that was cut off anywhere is begun
 * again and ends with the same books: who was paid is known by the transfer that took his claim.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "payout/inner.h"

enum { PAID_TOGETHER = 8 }; /* rows whose accounts are asked for at a time */

struct inner_repay {
	uint32_t ruling;
	struct doc_plan plan;
	struct refund_sum sum;
	uint8_t *text; /* the rows */
	size_t text_n, text_cap;
	struct bytes left; /* not looked at yet, of text */
	bool checked;
	struct id128 house; /* its yen */
	uint64_t at;        /* rows looked at by this run */
	uint64_t skipped;   /* of them: no yen account that could be paid into */
	/* why a row was refused */
	char customer[DOC_NAME_MAX + 1];
	char why[INNER_DETAIL_MAX];
};

static void end_run(struct payout *p)
{
	if (p->repay != NULL) {
		free(p->repay->text);
		free(p->repay);
		p->repay = NULL;
	}
}

void repay_free(struct payout *p)
{
	end_run(p);
	free(p->snapshot);
	p->snapshot = NULL;
}

enum err repay_snapshot(struct payout *p)
{
	p->snapshot = calloc(p->books.account_count + 1, sizeof *p->snapshot);
	if (p->snapshot == NULL) {
		return ERR_FULL;
	}
	p->snapshot_n = p->books.account_count;
	p->snapshot_head = p->journal.head;
	for (size_t i = 0; i < p->snapshot_n; i++) {
		const struct books_account *a = &p->books.accounts[i];

		p->snapshot[i] = books_balance(&p->books, &a->id);
	}
	return ERR_OK;
}

static struct id128 claim_id(const struct hash32 *plan, struct bytes customer)
{
	return payout_name("refund claim v1", bytes_of(plan->b, sizeof plan->b), customer);
}

static struct id128 yen_id(const struct hash32 *plan, struct bytes customer)
{
	return payout_name("refund paid v1", bytes_of(plan->b, sizeof plan->b), customer);
}

void repay_begin(struct payout *p, const struct hash32 *id)
{
	struct inner_ruling *x = ruling_find(p, id);
	struct refund_rate rate;
	struct inner_repay *y;

	if (x == NULL || x->type != DOC_PLAN) {
		answer_refuse(p, ERR_NOT_FOUND, "plan",
			      "the journal has no such plan; hand it in and have it approved");
		return;
	}
	if (x->state == RULING_DONE) {
		answer_text(p, "state", "done");
		return;
	}
	if (x->state != RULING_APPROVED && x->state != RULING_BEGUN) {
		answer_refuse(p, x->state == RULING_REFUSED ? ERR_STATE : ERR_APPROVALS, "plan",
			      "the plan is %s: %u of %u people have approved it%s",
			      ruling_state_name(x->state), ruling_approved(x), ruling_needed(x),
			      withdraw_frozen(p) && x->docs_n > 1
				  ? N_("; a freeze came after some of them")
				  : "");
		return;
	}
	y = calloc(1, sizeof *y);
	if (y == NULL) {
		answer_refuse(p, ERR_FULL, "", "no memory");
		return;
	}
	ruling_plan(p, &y->plan, x);
	if (y->plan.sequence != 0 &&
	    (p->snapshot == NULL || p->config.snapshot != y->plan.sequence ||
	     !hash32_eq(&p->snapshot_head, &y->plan.head))) {
		free(y);
		answer_refuse(p, ERR_MISMATCH, "head",
			      "no batch of this journal ends with the plan's sequence and head");
		return;
	}
	CHECK(refund_rate_read(&rate, bytes_str(y->plan.rate)) == ERR_OK); /* taken once */
	refund_sum_init(&y->sum, &rate);
	y->ruling = (uint32_t)(x - p->rulings);
	end_run(p);
	p->repay = y;
	answer_text(p, "state", ruling_state_name(x->state));
}

static enum err row_well(void *ctx, const struct refund_row *row, const struct hash32 *leaf)
{
	struct payout *p = ctx;
	struct inner_repay *y = p->repay;
	const struct books_account *a;
	char then[MONEY_TEXT_MAX];
	struct money m = money_of(ASSET_XEM, 0);
	struct id128 id;
	size_t at;

	(void)leaf;
	(void)snprintf(y->customer, sizeof y->customer, "%.*s", (int)row->customer.n,
		       (const char *)row->customer.p);
	books_account_id(&id, BOOKS_CUSTOMER, ASSET_XEM, row->customer);
	a = books_account(&p->books, &id);
	if (a == NULL) {
		(void)snprintf(y->why, sizeof y->why, "no such customer");
		return ERR_NOT_FOUND;
	}
	at = (size_t)(a - p->books.accounts);
	if (y->plan.sequence != 0 && (at >= p->snapshot_n || p->snapshot[at] < row->lost)) {
		m = money_of(ASSET_XEM, at >= p->snapshot_n ? 0 : p->snapshot[at]);
		money_put(then, &m);
		(void)snprintf(y->why, sizeof y->why,
			       "the books owed him %s then, the row says more", then);
		return ERR_MISMATCH;
	}
	return ERR_OK;
}

static bool running(struct payout *p, bool checked)
{
	if (p->repay == NULL || p->repay->checked != checked) {
		answer_refuse(p, ERR_STATE, "plan", "no run of a plan has come this far");
		return false;
	}
	return true;
}

void repay_rows(struct payout *p, struct bytes text)
{
	struct doc_fault fault = { .why = NULL };
	struct inner_repay *y = p->repay;
	enum err e;

	if (!running(p, false)) {
		return;
	}
	if (y->text_n + text.n > PAYOUT_ROWS_BYTES_MAX) {
		answer_refuse(p, ERR_TOO_LARGE, "rows", "more than %d MiB of rows",
			      PAYOUT_ROWS_BYTES_MAX >> 20);
		return;
	}
	y->why[0] = '\0';
	e = refund_sum_read(&y->sum, text, row_well, p, &fault);
	if (e == ERR_OK &&
	    payout_grow((void **)&y->text, &y->text_cap, y->text_n + text.n, 1) != ERR_OK) {
		e = ERR_FULL;
		fault.why = "no memory";
	}
	if (e != ERR_OK) {
		if (y->why[0] != '\0') {
			answer_refuse(p, e, fault.field, "customer %s: %s", y->customer, y->why);
		} else {
			answer_refuse_doc(p, e, &fault);
		}
		end_run(p);
		return;
	}
	if (text.n > 0) {
		memcpy(y->text + y->text_n, text.p, text.n);
	}
	y->text_n += text.n;
	answer_text(p, "state", "reading");
}

/* A run of this plan has taken the claim of the customer whose coins this account owes. */
static bool taken(const struct payout *p, const struct inner_ruling *x, const struct id128 *coins)
{
	const struct books_account *a = books_account(&p->books, coins);
	size_t at = a == NULL ? x->taken_n : (size_t)(a - p->books.accounts);

	return at < x->taken_n && x->taken[at] != 0;
}

/* What the rows still to be paid add up to. */
static void remaining(const struct payout *p, u128 *lost, u128 *paid, uint64_t *rows)
{
	const struct inner_repay *y = p->repay;
	struct bytes text = bytes_of(y->text, y->text_n);
	struct refund_row row;

	*lost = *paid = 0;
	*rows = 0;
	while (refund_next(&row, &text)) {
		struct id128 coins;

		books_account_id(&coins, BOOKS_CUSTOMER, ASSET_XEM, row.customer);
		if (!taken(p, &p->rulings[y->ruling], &coins)) {
			*lost +=
			    row.lost; /* within the plan's total, which was added up with checks */
			*paid += row.paid;
			*rows += 1;
		}
	}
}

static void put(char out[MONEY_TEXT_MAX], u128 units)
{
	struct money m = money_of(ASSET_JPY, units);

	money_put(out, &m);
}

static bool covered(struct payout *p, const char *what, const char *unit, u128 need, u128 have)
{
	char a[MONEY_TEXT_MAX], b[MONEY_TEXT_MAX];

	if (need <= have) {
		return true;
	}
	put(a, need);
	put(b, have);
	answer_refuse(p, ERR_FUNDS, "plan", "still to be paid %s %s, %s %s: nobody was paid", a,
		      unit, what, b);
	return false;
}

static void mark(struct payout *p, enum inner_refund what, struct bytes blob)
{
	struct inner_ruling *x = &p->rulings[p->repay->ruling];
	struct log_record r = { .kind = LOG_REFUND, .amount = (u128)(unsigned)what };

	r.id = payout_name(what == REFUND_BEGUN ? "refund begun v1" : "refund done v1",
			   bytes_of(x->id.b, sizeof x->id.b), bytes_of(NULL, 0));
	r.ref = map_key(&x->id);
	r.link = x->id;
	payout_record(p, &r, blob);
	CHECK(repay_replay(p, &r) == ERR_OK);
}

enum err repay_replay(struct payout *p, const struct log_record *r)
{
	struct inner_ruling *x;
	uint32_t index;

	if (!map_get(&p->by_ruling, &r->ref, &index)) {
		return ERR_CORRUPT;
	}
	x = &p->rulings[index];
	if (r->amount == REFUND_BEGUN && x->state == RULING_APPROVED) {
		x->state = RULING_BEGUN;
	} else if (r->amount == REFUND_DONE && x->state == RULING_BEGUN) {
		x->state = RULING_DONE;
	} else {
		return ERR_CORRUPT;
	}
	return ERR_OK;
}

void repay_booked(struct payout *p, const struct log_record *r)
{
	const struct books_account *a;
	struct inner_ruling *x;
	size_t at;

	if (r->kind != LOG_TRANSFER || hash32_is_zero(&r->link)) {
		return;
	}
	x = ruling_find(p, &r->link);
	if (x == NULL || x->type != DOC_PLAN) {
		return;
	}
	if (r->asset == ASSET_JPY) {
		x->paid += r->amount;
		return;
	}
	x->lost += r->amount;
	x->claims++;
	a = books_account(&p->books, &r->debit);
	CHECK(a != NULL); /* it was booked */
	at = (size_t)(a - p->books.accounts);
	if (at >= x->taken_n) {
		size_t cap = p->books.account_count;
		uint8_t *more = realloc(x->taken, cap);

		CHECK(more != NULL);
		memset(more + x->taken_n, 0, cap - x->taken_n);
		x->taken = more;
		x->taken_n = cap;
	}
	x->taken[at] = 1;
}

bool payout_refund(struct payout_refund *out, const struct payout *p)
{
	const struct inner_repay *y = p->repay;
	const struct inner_ruling *x;

	if (y == NULL) {
		return false;
	}
	x = &p->rulings[y->ruling];
	*out = (struct payout_refund){ .customers = y->plan.customers,
				       .rows = y->at,
				       .claims = x->claims,
				       .lost_planned = y->plan.lost,
				       .lost = x->lost,
				       .paid_planned = y->plan.paid,
				       .paid = x->paid,
				       .done = x->state == RULING_DONE };
	CHECK(refund_exact_put(out->exact, &y->sum.rate, x->lost) == ERR_OK &&
	      refund_distance_put(out->distance, &y->sum.rate, x->lost, x->paid) == ERR_OK);
	return true;
}

void repay_check(struct payout *p, struct effects *out)
{
	struct doc_fault fault = { .why = NULL };
	struct inner_repay *y = p->repay;
	uint64_t rows;
	u128 lost, paid;
	char a[MONEY_TEXT_MAX];
	enum err e;

	if (!running(p, false)) {
		return;
	}
	e = refund_sum_judge(&y->sum, &y->plan, &fault);
	if (e != ERR_OK) {
		answer_refuse_doc(p, e, &fault);
		end_run(p);
		return;
	}
	remaining(p, &lost, &paid, &rows);
	books_account_id(&y->house, BOOKS_HOUSE, ASSET_JPY, bytes_str("jpy"));
	if (!covered(p, "the house has", "yen", paid, books_balance(&p->books, &y->house)) ||
	    !covered(p, "behind customers' credit lies", "yen", paid,
		     books_headroom(&p->books, ASSET_JPY)) ||
	    !covered(p, "booked as lost is", "micro-XEM", lost,
		     books_balance(&p->books, &p->shortage))) {
		end_run(p);
		return;
	}
	y->checked = true;
	y->left = bytes_of(y->text, y->text_n);
	if (p->rulings[y->ruling].state == RULING_APPROVED) {
		mark(p, REFUND_BEGUN, bytes_of(NULL, 0));
	}
	put(a, paid);
	effects_note(out, "info refund-begins customers=%llu yen=%s", (unsigned long long)rows, a);
	(void)snprintf(y->why, sizeof y->why, "%llu", (unsigned long long)rows);
	answer_text(p, "remaining", y->why);
	answer_text(p, "state", "begun");
}

/* A row, and what its records name. */
struct paying {
	struct refund_row row;
	struct id128 coins, yen;          /* the customer's accounts */
	struct id128 claim_id, credit_id; /* of the transfers */
};

/* The next rows, at most n.  Their accounts are asked for together: one by one each is waited for.
 */
static uint32_t next_rows(struct paying w[PAID_TOGETHER], struct payout *p,
			  const struct hash32 *plan, uint32_t n)
{
	const struct books *b = &p->books;
	uint32_t have = 0;

	while (have < n && refund_next(&w[have].row, &p->repay->left)) {
		struct paying *x = &w[have++];
		struct bytes customer = x->row.customer;

		books_account_id(&x->coins, BOOKS_CUSTOMER, ASSET_XEM, customer);
		books_fetch_slot(b, &x->coins);
		x->claim_id = claim_id(plan, customer);
		books_fetch_id(b, &x->claim_id);
		books_account_id(&x->yen, BOOKS_CUSTOMER, ASSET_JPY, customer);
		books_fetch_slot(b, &x->yen);
		x->credit_id = yen_id(plan, customer);
		books_fetch_id(b, &x->credit_id);
	}
	for (uint32_t i = 0; i < have; i++) {
		books_fetch_account(b, &w[i].coins);
		books_fetch_account(b, &w[i].yen);
	}
	return have;
}

/* One row.  Not all of it where the customer has moved his coins since; see above. */
static enum err pay_row(struct payout *p, const struct hash32 *plan, const struct paying *w)
{
	struct log_record r[3],
	    account = { .kind = LOG_ACCOUNT, .asset = ASSET_JPY, .amount = BOOKS_CUSTOMER };
	struct log_record claim = { .kind = LOG_TRANSFER, .asset = ASSET_XEM, .link = *plan };
	struct log_record yen = { .kind = LOG_TRANSFER, .asset = ASSET_JPY, .link = *plan };
	const struct books_account *to;
	struct inner_repay *y = p->repay;
	size_t n = 0;
	u128 have, due;
	enum err e;

	if (taken(p, &p->rulings[y->ruling], &w->coins)) {
		return ERR_OK;
	}
	claim.id = w->claim_id;
	claim.debit = w->coins;
	have = books_available(&p->books, &claim.debit);
	claim.credit = p->shortage;
	claim.amount = have < w->row.lost ? have : w->row.lost;
	if (claim.amount == 0) {
		return ERR_OK;
	}
	CHECK(refund_due(&due, &y->sum.rate, claim.amount) == ERR_OK); /* the row's fitted */
	if (due > 0) {
		yen.id = w->credit_id;
		yen.debit = y->house;
		yen.credit = w->yen;
		yen.amount = due;
		account.id = yen.credit;
		to = books_account(&p->books, &account.id);
		if (to != NULL && to->closed) {
			/* nothing is paid in there for ever: his claim stays, people see to it */
			y->skipped++;
			return ERR_OK;
		}
		if (to == NULL) {
			r[n++] = account;
		}
		r[n++] = yen;
	}
	r[n++] = claim;
	/* repay_check() saw that all is there; what people book in between may have taken it */
	e = payout_book_all(p, r, n);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		repay_booked(p, &r[i]);
	}
	return e;
}

static void finish(struct payout *p, struct effects *out)
{
	const struct inner_ruling *x = &p->rulings[p->repay->ruling];
	char lost[MONEY_TEXT_MAX], paid[MONEY_TEXT_MAX], text[INNER_DETAIL_MAX];

	put(lost, x->lost);
	put(paid, x->paid);
	(void)snprintf(text, sizeof text, "customers=%llu of=%llu lost=%s paid=%s",
		       (unsigned long long)x->claims, (unsigned long long)p->repay->plan.customers,
		       lost, paid);
	mark(p, REFUND_DONE, bytes_str(text));
	effects_note(out, "info refund-done %s", text);
}

void repay_pay(struct payout *p, uint32_t rows, struct effects *out)
{
	struct inner_repay *y = p->repay;
	struct inner_ruling *x;
	uint32_t n;

	if (!running(p, true)) {
		return;
	}
	x = &p->rulings[y->ruling];
	if (x->state != RULING_BEGUN && x->state != RULING_DONE) {
		answer_refuse(p, withdraw_frozen(p) ? ERR_FROZEN : ERR_STATE, "plan",
			      "the plan was stopped: it is %s now", ruling_state_name(x->state));
		return;
	}
	rows = rows < PAYOUT_REPAY_ROWS_MAX ? rows : PAYOUT_REPAY_ROWS_MAX;
	for (; rows > 0; rows -= n) {
		struct paying w[PAID_TOGETHER];

		n = next_rows(w, p, &x->id, rows < PAID_TOGETHER ? rows : PAID_TOGETHER);
		if (n == 0) {
			break;
		}
		for (uint32_t i = 0; i < n; i++) {
			struct bytes customer = w[i].row.customer;
			enum err e = pay_row(p, &x->id, &w[i]);

			if (e != ERR_OK) {
				answer_refuse(p, e, "plan",
					      "customer %.*s could not be paid; those before him "
					      "are, and a new run goes on with him",
					      (int)customer.n, (const char *)customer.p);
				end_run(p);
				return;
			}
			y->at++;
		}
	}
	if (y->left.n == 0 && y->skipped > 0) {
		effects_note(out,
			     "unusual refund-skipped customers=%llu why=\"their yen accounts are "
			     "closed: they keep their claims\"",
			     (unsigned long long)y->skipped);
		y->skipped = 0;
	}
	if (y->left.n == 0 && x->state == RULING_BEGUN) {
		finish(p, out);
	}
	answer_text(p, "state", ruling_state_name(x->state));
}
