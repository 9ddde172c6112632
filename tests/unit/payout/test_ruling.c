/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: people book and refund only what enough others approved, and nothing else changes the
 * books: whatever is wrong with a posting or plan is refused by name before anybody is paid, and a
 * run that is cut off anywhere and begun again ends with the same books.
 * Method: the core in payout_world.h with a theft on its chain; every field of a good posting and
 * plan bent; every person who may not; a crash before and after each commit of the run.
 */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "books/refund.h"
#include "paper.h"
#include "payout_world.h"
#include "t.h"

enum { CUSTOMERS = 12, ROWS_AT_ONCE = 3, ROWS_TEXT = 4096 };

#define YEN_PAID_IN 2000000u

/* --- documents --- */

static struct doc_posting one_entry(const struct world *w, const char *debit, const char *credit,
				    uint32_t asset, u128 amount)
{
	struct doc_posting x = { .entry_count = 1, .genesis = w->genesis_id, .time_ms = 1 };
	struct doc_posting_entry *e = &x.entries[0];

	text_set(x.initiator, sizeof x.initiator, "alice");
	text_set(x.reason, sizeof x.reason, "as the minutes of Monday say");
	e->amount = amount;
	e->asset = asset;
	memset(e->id.b, 0x61, sizeof e->id.b);
	text_set(e->reason, sizeof e->reason, "a reason");
	memcpy(e->debit.kind, debit, strcspn(debit, ":"));
	text_set(e->debit.name, sizeof e->debit.name, strchr(debit, ':') + 1);
	memcpy(e->credit.kind, credit, strcspn(credit, ":"));
	text_set(e->credit.name, sizeof e->credit.name, strchr(credit, ':') + 1);
	return x;
}

static struct hash32 hand_in(struct world *w, enum doc_type type, const void *in,
			     const struct person *who)
{
	struct hash32 id;
	struct blob b = doc_blob(type, in, who == NULL ? NULL : who->secret, &id);

	api(w, API_DOCUMENT, view(&b));
	free(b.p);
	return id;
}

static void decide(struct world *w, const struct person *who, const char *name,
		   const struct hash32 *subject, enum doc_type type, enum doc_decision decision)
{
	struct doc_approval a = { .decision = decision,
				  .genesis = w->genesis_id,
				  .subject = *subject,
				  .subject_type = type,
				  .time_ms = w->wall_ms };

	text_set(a.person, sizeof a.person, name);
	(void)hand_in(w, DOC_APPROVAL, &a, who);
}

static void yes(struct world *w, const struct person *who, const char *name,
		const struct hash32 *subject, enum doc_type type)
{
	decide(w, who, name, subject, type, DOC_DECISION_YES);
}

static bool says(const struct world *w, const char *text)
{
	return w->err == ERR_OK && strstr(w->text, text) != NULL;
}

static bool state_is(struct world *w, const struct hash32 *id, const char *state)
{
	char want[64];

	snprintf(want, sizeof want, "\"state\":\"%s\"", state);
	api(w, API_RULING, bytes_of(id->b, 32));
	return says(w, want);
}

static u128 has(const struct world *w, uint32_t kind, uint32_t asset, const char *name)
{
	struct id128 id;

	books_account_id(&id, kind, asset, bytes_str(name));
	return books_balance(payout_books(w->p), &id);
}

/* --- postings --- */

static void a_posting_is_booked(void)
{
	struct world *w = world_open();
	struct doc_posting x = one_entry(w, "bank:mizuho-1", "house:jpy", ASSET_JPY, 1000000);
	struct hash32 before = books_now(w), after, id;

	id = hand_in(w, DOC_POSTING, &x, &w->alice);
	T_CHECK(says(w, "\"state\":\"approving\""));
	(void)hand_in(w, DOC_POSTING, &x, &w->alice);
	T_CHECK(says(w, "\"state\":\"approving\""));
	yes(w, &w->bob, "bob", &id, DOC_POSTING);
	T_CHECK(says(w, "\"state\":\"approving\""));
	after = books_now(w);
	T_CHECK(hash32_eq(&before, &after));
	yes(w, &w->officer, "olga", &id, DOC_POSTING);
	T_CHECK(says(w, "\"state\":\"done\""));
	T_CHECK(has(w, BOOKS_BANK, ASSET_JPY, "mizuho-1") == 1000000);
	T_CHECK(has(w, BOOKS_HOUSE, ASSET_JPY, "jpy") == 1000000);
	T_STR(wrong(w), "");
	/* repeats change nothing */
	after = books_now(w);
	yes(w, &w->officer, "olga", &id, DOC_POSTING);
	T_CHECK(says(w, "\"state\":\"done\""));
	(void)hand_in(w, DOC_POSTING, &x, &w->alice);
	T_CHECK(says(w, "\"state\":\"done\""));
	w->wall_ms++;
	yes(w, &w->cora, "cora", &id, DOC_POSTING);
	T_EQ(w->err, ERR_STATE);
	/* the same entry in another document */
	x.time_ms++;
	(void)hand_in(w, DOC_POSTING, &x, &w->alice);
	T_EQ(w->err, ERR_EXISTS);
	T_STR(w->field, "entries[0]");
	restart(w);
	before = books_now(w);
	T_CHECK(hash32_eq(&before, &after));
	T_CHECK(state_is(w, &id, "done"));
	T_CHECK(strstr(w->text, "\"approvals\":2,\"approvals_needed\":2") != NULL);
	T_STR(wrong(w), "");
	world_free(w);
}

static void who_may_correct_what(void)
{
	static const struct {
		const char *debit, *credit;
		uint32_t asset;
		uint64_t amount;
		enum err e;    /* when it is handed in */
		enum err late; /* at the last yes */
	} rows[] = {
		{ "customer:dave", "customer:erin", ASSET_XEM, X(300), ERR_OK, ERR_OK },
		{ "customer:dave", "suspense:nem:xem", ASSET_XEM, X(1), ERR_OK, ERR_OK },
		{ "house:nem:xem", "customer:erin", ASSET_XEM, X(1), ERR_OK, ERR_OK },
		{ "customer:dave", "house:nem:xem", ASSET_XEM, X(1), ERR_OK, ERR_OK },
		{ "house:nem:xem", "shortage:nem:xem", ASSET_XEM, X(1), ERR_OK, ERR_OK },
		{ "bank:b", "customer:dave", ASSET_JPY, 5, ERR_OK, ERR_OK },
		{ "customer:dave", "customer:erin", ASSET_XEM, X(301), ERR_OK, ERR_FUNDS },
		{ "suspense:nem:xem", "customer:erin", ASSET_XEM, 1, ERR_OK, ERR_FUNDS },
		{ "customer:dave", "bank:b", ASSET_JPY, 1, ERR_OK, ERR_FUNDS },
		{ "house:nem:xem", "customer:erin", ASSET_XEM, X(120000), ERR_FUNDS, ERR_OK },
		{ "house:jpy", "customer:dave", ASSET_JPY, 1, ERR_FUNDS, ERR_OK },
		{ "customer:nobody", "house:nem:xem", ASSET_XEM, 1, ERR_NOT_FOUND, ERR_OK },
		{ "customer:dave", "house:xem", ASSET_XEM, 1, ERR_NOT_FOUND, ERR_OK },
		{ "customer:dave", "house:jpy", ASSET_XEM, 1, ERR_NOT_FOUND, ERR_OK },
		{ "shortage:nem:xem", "house:nem:xem", ASSET_XEM, 1, ERR_POLICY, ERR_OK },
		{ "opening:nem:xem", "customer:erin", ASSET_XEM, 1, ERR_POLICY, ERR_OK },
		{ "box:b", "customer:erin", ASSET_XEM, 1, ERR_POLICY, ERR_OK },
		{ "customer:dave", "till:t", ASSET_XEM, 1, ERR_POLICY, ERR_OK },
		{ "customer:dave", "purse:t", ASSET_XEM, 1, ERR_POLICY, ERR_OK },
		{ "deposit:d", "customer:dave", ASSET_XEM, 1, ERR_POLICY, ERR_OK },
		{ "spare:d", "customer:dave", ASSET_XEM, 1, ERR_POLICY, ERR_OK },
		{ "vault:d", "customer:dave", ASSET_XEM, 1, ERR_INPUT, ERR_OK },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world *w = world_open();
		struct doc_posting x =
		    one_entry(w, rows[i].debit, rows[i].credit, rows[i].asset, rows[i].amount);
		struct hash32 before = books_now(w), after, id;

		id = hand_in(w, DOC_POSTING, &x, &w->alice);
		T_EQ(w->err, rows[i].e);
		if (rows[i].e == ERR_OK) {
			yes(w, &w->bob, "bob", &id, DOC_POSTING);
			T_EQ(w->err, ERR_OK);
			yes(w, &w->cora, "cora", &id, DOC_POSTING);
			T_EQ(w->err, rows[i].late);
		}
		after = books_now(w);
		T_EQ(hash32_eq(&before, &after), rows[i].e != ERR_OK || rows[i].late != ERR_OK);
		if (w->err != ERR_OK) {
			T_STR(w->field, "entries[0]");
			T_CHECK(strstr(w->detail, "entry 1") != NULL);
		}
		T_STR(wrong(w), "");
		restart(w);
		before = books_now(w);
		T_CHECK(hash32_eq(&before, &after));
		T_STR(wrong(w), "");
		world_free(w);
	}
}

static void one_bad_entry_spoils_all(void)
{
	struct world *w = world_open();
	struct doc_posting x = one_entry(w, "bank:b", "house:jpy", ASSET_JPY, 100);
	struct hash32 before = books_now(w), after, id;

	/* the second needs what the first brings; the third takes more than the customer has */
	x.entry_count = 3;
	x.entries[1] = one_entry(w, "house:jpy", "customer:dave", ASSET_JPY, 100).entries[0];
	x.entries[1].id.b[0] ^= 1;
	x.entries[2] = one_entry(w, "customer:dave", "customer:erin", ASSET_XEM, X(301)).entries[0];
	x.entries[2].id.b[0] ^= 2;
	id = hand_in(w, DOC_POSTING, &x, &w->officer); /* signed by another than alice */
	T_EQ(w->err, ERR_SIGNATURE);
	id = hand_in(w, DOC_POSTING, &x, &w->alice);
	T_EQ(w->err, ERR_OK);
	yes(w, &w->bob, "bob", &id, DOC_POSTING);
	yes(w, &w->cora, "cora", &id, DOC_POSTING);
	T_EQ(w->err, ERR_FUNDS);
	T_STR(w->field, "entries[2]");
	after = books_now(w);
	T_CHECK(hash32_eq(&before, &after));
	T_CHECK(state_is(w, &id, "approving"));
	T_CHECK(strstr(w->text, "\"approvals\":1,") != NULL);
	restart(w);
	T_CHECK(state_is(w, &id, "approving"));
	/* two entries of it are fine */
	x.entry_count = 2;
	x.entries[0].id.b[1] ^= 1;
	id = hand_in(w, DOC_POSTING, &x, &w->alice);
	yes(w, &w->bob, "bob", &id, DOC_POSTING);
	yes(w, &w->cora, "cora", &id, DOC_POSTING);
	T_EQ(w->err, ERR_OK);
	T_CHECK(has(w, BOOKS_CUSTOMER, ASSET_JPY, "dave") == 100);
	T_CHECK(has(w, BOOKS_HOUSE, ASSET_JPY, "jpy") == 0);
	T_STR(wrong(w), "");
	restart(w);
	T_STR(wrong(w), "");
	world_free(w);
}

static void freeze(struct world *w)
{
	struct doc_freeze f = { .genesis = w->genesis_id, .scope = DOC_SCOPE_ALL };

	text_set(f.issuer, sizeof f.issuer, "olga");
	f.nonce[0] = (uint8_t)w->wall_ms;
	(void)hand_in(w, DOC_FREEZE, &f, &w->officer);
}

static void who_may_decide(void)
{
	struct world *w = world_open();
	struct doc_posting x = one_entry(w, "bank:b", "house:jpy", ASSET_JPY, 100);
	struct hash32 id, other = { { 1 } };

	id = hand_in(w, DOC_POSTING, &x, NULL);
	T_EQ(w->err, ERR_UNSIGNED);
	text_set(x.initiator, sizeof x.initiator, "backend");
	id = hand_in(w, DOC_POSTING, &x, &w->backend);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	text_set(x.initiator, sizeof x.initiator, "alice");
	id = hand_in(w, DOC_POSTING, &x, &w->alice);
	T_EQ(w->err, ERR_OK);
	yes(w, &w->alice, "alice", &id, DOC_POSTING);
	T_EQ(w->err, ERR_POLICY);
	yes(w, &w->bob, "bob", &other, DOC_POSTING);
	T_EQ(w->err, ERR_NOT_FOUND);
	yes(w, &w->bob, "bob", &id, DOC_PLAN);
	T_EQ(w->err, ERR_NOT_FOUND);
	yes(w, &w->bob, "bob", &id, DOC_ORDER);
	T_EQ(w->err, ERR_NOT_FOUND);
	yes(w, &w->bob, "cora", &id, DOC_POSTING);
	T_EQ(w->err, ERR_SIGNATURE);
	yes(w, &w->watcher[0], "w1", &id, DOC_POSTING);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	yes(w, &w->bob, "bob", &id, DOC_POSTING);
	T_EQ(w->err, ERR_OK);
	w->wall_ms++;
	yes(w, &w->bob, "bob", &id, DOC_POSTING);
	T_EQ(w->err, ERR_ONCE);
	/* a freeze takes it back; the same paper does not count again, a new one does */
	freeze(w);
	T_EQ(w->err, ERR_OK);
	yes(w, &w->cora, "cora", &id, DOC_POSTING);
	T_CHECK(says(w, "\"state\":\"approving\""));
	restart(w);
	T_CHECK(state_is(w, &id, "approving"));
	T_CHECK(strstr(w->text, "\"approvals\":1,") != NULL);
	w->wall_ms--;
	yes(w, &w->bob, "bob", &id, DOC_POSTING);
	T_CHECK(says(w, "\"state\":\"approving\""));
	w->wall_ms += 2;
	yes(w, &w->bob, "bob", &id, DOC_POSTING);
	T_CHECK(says(w, "\"state\":\"done\""));
	/* one no ends it */
	x.entries[0].id.b[0] ^= 1;
	id = hand_in(w, DOC_POSTING, &x, &w->alice);
	yes(w, &w->bob, "bob", &id, DOC_POSTING);
	decide(w, &w->omar, "omar", &id, DOC_POSTING, DOC_DECISION_NO);
	T_CHECK(says(w, "\"state\":\"refused\""));
	yes(w, &w->cora, "cora", &id, DOC_POSTING);
	T_EQ(w->err, ERR_STATE);
	restart(w);
	T_CHECK(state_is(w, &id, "refused"));
	T_STR(wrong(w), "");
	world_free(w);
}

/* A roster as both officers sign it, and the time until it is in force. */
static void roster_give(struct world *w, const struct doc_roster *r, struct hash32 *id)
{
	static struct paper p;
	const uint8_t *const officers[] = { w->officer.secret, w->omar.secret };

	paper_make(&p, DOC_ROSTER, r, &w->genesis_id, officers, ARRAY_LEN(officers));
	*id = p.id;
	api(w, API_DOCUMENT, bytes_of(p.raw, p.n));
	T_CHECK(says(w, "\"state\":\"waits\""));
	for (int i = 0; i < 2; i++) { /* it counts from when the chain's time is known */
		tick(w);
		w->wall_ms += 2 * w->rules.loosening_ms;
		mine(w);
	}
	tick(w);
	api(w, API_DOCUMENT, bytes_of(p.raw, p.n));
	T_CHECK(says(w, "\"state\":\"in force\""));
}

/* Who proposed something has no say in it, also when he was struck from the list and came back. */
static void the_initiator_comes_back(void)
{
	struct world *w = world_open();
	struct doc_posting x = one_entry(w, "bank:b", "house:jpy", ASSET_JPY, 100);
	static struct doc_roster first, next;
	struct hash32 id;
	struct doc d;

	CHECK(doc_open(&d, view(&w->roster), NULL, NULL) == ERR_OK);
	CHECK(doc_roster_read(&d, &first, NULL) == ERR_OK);
	first.genesis = w->genesis_id;
	first.number = 2;
	first.previous = d.id;
	next = first;
	id = hand_in(w, DOC_POSTING, &x, &w->alice);
	T_EQ(w->err, ERR_OK);
	/* alice goes, and omar has her place */
	next.people[0] = next.people[4];
	next.people_count = 4;
	roster_give(w, &next, &first.previous);
	yes(w, &w->alice, "alice", &id, DOC_POSTING);
	T_EQ(w->err, ERR_SIGNER_UNKNOWN);
	/* alice is back */
	first.number = 3;
	roster_give(w, &first, &first.previous);
	for (int i = 0; i < 2; i++) {
		yes(w, &w->alice, "alice", &id, DOC_POSTING);
		T_EQ(w->err, ERR_POLICY);
		T_STR(w->field, "person");
		restart(w);
	}
	yes(w, &w->omar, "omar", &id, DOC_POSTING);
	yes(w, &w->bob, "bob", &id, DOC_POSTING);
	T_CHECK(says(w, "\"state\":\"done\""));
	T_STR(wrong(w), "");
	world_free(w);
}

/* --- a refund --- */

struct refund_case {
	struct world *w;
	struct doc_plan plan;
	uint8_t rows[ROWS_TEXT];
	size_t rows_n;
	struct hash32 id;
};

static const struct {
	const char *name;
	uint64_t lost;
} claimed[CUSTOMERS] = {
	{ "c01", 1 },        { "c02", 5646 },     { "c03", 5647 },      { "c04", X(1) },
	{ "c05", X(1) + 1 }, { "c06", X(2) },     { "c07", 123456789 }, { "c08", X(900) },
	{ "c09", X(1000) },  { "c10", X(1) / 3 }, { "c11", X(50) },     { "c12", X(7000) },
};

/* The rows of names and amounts, sorted already; the plan that says so. */
static void plan_make(struct refund_case *c, const char *rate, size_t n, uint64_t more)
{
	struct writer out = writer_make(c->rows, sizeof c->rows);
	struct hash32 salt = { { 7, 7, 7 } };
	struct doc_fault fault;
	struct refund_rate r;
	struct refund_sum s;
	struct sha256 text;

	CHECK(refund_rate_read(&r, bytes_str(rate)) == ERR_OK);
	refund_head_put(&out, &salt);
	for (size_t i = 0; i < n; i++) {
		struct refund_row row = { bytes_str(claimed[i].name), claimed[i].lost + more, 0 };

		CHECK(refund_due(&row.paid, &r, row.lost) == ERR_OK);
		refund_row_put(&out, &row);
	}
	CHECK(!out.bad);
	c->rows_n = out.n;
	refund_sum_init(&s, &r);
	CHECK(refund_sum_read(&s, bytes_of(c->rows, c->rows_n), NULL, NULL, &fault) == ERR_OK);
	c->plan = (struct doc_plan){ .as_of_ms = 1000,
				     .asset = ASSET_XEM,
				     .currency = ASSET_JPY,
				     .customers = n,
				     .genesis = c->w->genesis_id,
				     .lost = s.lost,
				     .paid = s.paid,
				     .rounding = DOC_ROUNDING_HALF_UP,
				     .time_ms = 2000 };
	text_set(c->plan.initiator, sizeof c->plan.initiator, "alice");
	text_set(c->plan.rate, sizeof c->plan.rate, rate);
	text_set(c->plan.reason, sizeof c->plan.reason, "the theft");
	text = s.text;
	sha256_final(&text, &c->plan.rows);
	log_tree_root(&c->plan.root, &s.tree);
}

/* The moment before the theft, where the plan's snapshot is. */
static uint64_t moment;
static struct hash32 moment_head;

/* What the books owe a customer: c08 lost less than he has. */
static uint64_t owed(size_t i)
{
	return claimed[i].lost + (i == 7 ? X(5) : 0);
}

/* Books with the claims above; a theft of `stolen`; yen of the house. */
static struct world *robbed(uint64_t stolen, uint64_t yen)
{
	struct world *w = world_new();
	u128 sum = 0;
	uint32_t t;
	struct nem_tx tx;

	for (size_t i = 0; i < CUSTOMERS; i++) {
		sum += owed(i);
	}
	open_sum(w, (uint64_t)sum);
	for (size_t i = 0; i < CUSTOMERS; i++) {
		open_claim(w, claimed[i].name, owed(i));
	}
	api(w, API_OPEN_END, bytes_of(NULL, 0));
	CHECK(w->err == ERR_OK);
	moment = payout_journal(w->p)->next_sequence;
	moment_head = payout_journal(w->p)->head;
	w->config.snapshot = moment;
	CHECK(nem_time_from_unix_ms(&t, w->wall_ms) == ERR_OK);
	tx = transfer_make(&w->till, w->stranger_at.text, stolen, NULL, t);
	pool_add(w, &tx);
	mine(w);
	CHECK(house_has(w, BOOKS_SHORTAGE) >= stolen);
	if (yen > 0) {
		struct doc_posting x = one_entry(w, "bank:mizuho-1", "house:jpy", ASSET_JPY, yen);
		struct hash32 id = hand_in(w, DOC_POSTING, &x, &w->alice);

		yes(w, &w->bob, "bob", &id, DOC_POSTING);
		yes(w, &w->cora, "cora", &id, DOC_POSTING);
		CHECK(says(w, "\"state\":\"done\""));
	}
	return w;
}

static void plan_approved(struct refund_case *c)
{
	c->id = hand_in(c->w, DOC_PLAN, &c->plan, &c->w->alice);
	CHECK(says(c->w, "\"state\":\"approving\""));
	c->w->wall_ms++;
	yes(c->w, &c->w->bob, "bob", &c->id, DOC_PLAN);
	yes(c->w, &c->w->cora, "cora", &c->id, DOC_PLAN);
	CHECK(says(c->w, "\"state\":\"approving\""));
	yes(c->w, &c->w->officer, "olga", &c->id, DOC_PLAN);
	CHECK(says(c->w, "\"state\":\"approved\""));
}

/* begin, rows, check; the error of the first that fails. */
static enum err prepare(struct refund_case *c)
{
	struct world *w = c->w;
	size_t half = c->rows_n / 2;

	api(w, API_REPAY_BEGIN, bytes_of(c->id.b, 32));
	if (w->crashed || w->err != ERR_OK || says(w, "\"state\":\"done\"")) {
		return w->err;
	}
	while (half > 0 && c->rows[half - 1] != '\n') {
		half--;
	}
	api(w, API_REPAY_ROWS, bytes_of(c->rows, half));
	if (w->err == ERR_OK) {
		api(w, API_REPAY_ROWS, bytes_of(c->rows + half, c->rows_n - half));
	}
	if (w->err == ERR_OK) {
		api(w, API_REPAY_CHECK, bytes_of(NULL, 0));
	}
	return w->err;
}

static enum err pay(struct refund_case *c, uint32_t rows)
{
	uint8_t count[4];

	le32_put(count, rows);
	api(c->w, API_REPAY_PAY, bytes_of(count, sizeof count));
	return c->w->err;
}

static enum err run(struct refund_case *c)
{
	struct world *w = c->w;
	enum err e = prepare(c);

	while (e == ERR_OK && !w->crashed && !says(w, "\"state\":\"done\"")) {
		e = pay(c, ROWS_AT_ONCE);
	}
	return e;
}

static void everybody_is_paid(void)
{
	struct refund_case c = { .w = robbed(X(9999), YEN_PAID_IN) };
	struct payout_refund r;
	u128 shortage = house_has(c.w, BOOKS_SHORTAGE);
	struct hash32 after, again;
	size_t journal;

	plan_make(&c, "88.549", CUSTOMERS, 0);
	c.plan.sequence = moment;
	c.plan.head = moment_head;
	plan_approved(&c);
	/* balances of the moment are kept by a start that is asked to */
	T_EQ(run(&c), ERR_MISMATCH);
	T_STR(c.w->field, "head");
	restart(c.w);
	T_EQ(run(&c), ERR_OK);
	T_CHECK(payout_refund(&r, c.w->p) && r.done && r.claims == CUSTOMERS &&
		r.rows == CUSTOMERS);
	T_CHECK(r.lost == c.plan.lost && r.paid == c.plan.paid);
	for (size_t i = 0; i < CUSTOMERS; i++) {
		u128 due = ((u128)claimed[i].lost * 88549 + 500000000) / 1000000000;

		T_CHECK(has(c.w, BOOKS_CUSTOMER, ASSET_JPY, claimed[i].name) == due);
		T_CHECK(customer_has(c.w, claimed[i].name) == owed(i) - claimed[i].lost);
	}
	T_CHECK(has(c.w, BOOKS_HOUSE, ASSET_JPY, "jpy") == YEN_PAID_IN - c.plan.paid);
	T_CHECK(house_has(c.w, BOOKS_SHORTAGE) == shortage - c.plan.lost);
	T_STR(wrong(c.w), "");
	after = books_now(c.w);
	journal = c.w->journal_n;
	T_EQ(run(&c), ERR_OK);
	T_EQ(c.w->journal_n, journal);
	restart(c.w);
	T_EQ(run(&c), ERR_OK);
	T_CHECK(says(c.w, "\"state\":\"done\""));
	again = books_now(c.w);
	T_CHECK(hash32_eq(&after, &again));
	T_STR(wrong(c.w), "");
	world_free(c.w);
}

/* How many rows are paid at a time makes no difference; more than are left is all of them. */
static void steps_of_any_size(void)
{
	struct hash32 want = { { 0 } }, got;

	for (uint32_t rows = 1; rows <= CUSTOMERS + 2; rows++) {
		struct refund_case c = { .w = robbed(X(9999), YEN_PAID_IN) };
		struct payout_refund r;
		unsigned steps = 0;

		plan_make(&c, "88.549", CUSTOMERS, 0);
		plan_approved(&c);
		T_EQ(prepare(&c), ERR_OK);
		T_EQ(pay(&c, 0), ERR_OK); /* nobody */
		T_CHECK(payout_refund(&r, c.w->p) && r.claims == 0 && r.rows == 0);
		do {
			T_EQ(pay(&c, rows), ERR_OK);
			steps++;
		} while (!says(c.w, "\"state\":\"done\"") && steps < 100);
		T_EQ(steps, (CUSTOMERS + rows - 1) / rows);
		T_CHECK(payout_refund(&r, c.w->p) && r.claims == CUSTOMERS && r.rows == CUSTOMERS);
		got = books_now(c.w);
		T_CHECK(rows == 1 || hash32_eq(&got, &want));
		want = got;
		T_STR(wrong(c.w), "");
		world_free(c.w);
	}
}

/*
 * The yen go elsewhere after the check: whoever can no longer be paid is named, who stands before
 * him is paid, nobody behind him, and a new run pays the rest once the yen are there.
 */
static void the_yen_end_on_the_way(void)
{
	static const char *const moved[] = { "1995000", "1500000", "1300000", "1250000" };
	struct refund_case c = { .w = NULL };
	u128 left[CUSTOMERS + 1];

	left[0] = YEN_PAID_IN;
	for (size_t i = 0; i < CUSTOMERS; i++) {
		left[i + 1] = left[i] - ((u128)claimed[i].lost * 88549 + 500000000) / 1000000000;
	}
	for (size_t k = 0; k < ARRAY_LEN(moved); k++) {
		u128 gone = (u128)strtoul(moved[k], NULL, 10);
		struct doc_posting x;
		struct payout_refund r;
		struct hash32 id;
		size_t paid = 0;
		char name[32];

		c.w = robbed(X(9999), YEN_PAID_IN);
		plan_make(&c, "88.549", CUSTOMERS, 0);
		plan_approved(&c);
		T_EQ(prepare(&c), ERR_OK);
		x = one_entry(c.w, "house:jpy", "bank:mizuho-1", ASSET_JPY, gone);
		x.entries[0].id.b[0] ^= 1;
		id = hand_in(c.w, DOC_POSTING, &x, &c.w->alice);
		yes(c.w, &c.w->bob, "bob", &id, DOC_POSTING);
		yes(c.w, &c.w->cora, "cora", &id, DOC_POSTING);
		T_CHECK(says(c.w, "\"state\":\"done\""));
		while (paid < CUSTOMERS && left[paid + 1] >= gone) {
			paid++;
		}
		T_CHECK(paid > 0 && paid < CUSTOMERS);
		T_EQ(pay(&c, CUSTOMERS), ERR_CAP); /* customers' yen stand on the bank */
		(void)snprintf(name, sizeof name, "customer %s could not", claimed[paid].name);
		T_CHECK(strstr(c.w->detail, name) != NULL);
		T_CHECK(!payout_refund(&r, c.w->p)); /* the run is over */
		for (size_t i = 0; i < CUSTOMERS; i++) {
			T_CHECK(customer_has(c.w, claimed[i].name) ==
				owed(i) - (i < paid ? claimed[i].lost : 0));
		}
		T_STR(wrong(c.w), "");
		T_EQ(run(&c), ERR_FUNDS); /* still not there: nobody more */
		x = one_entry(c.w, "bank:mizuho-1", "house:jpy", ASSET_JPY, gone);
		x.entries[0].id.b[0] ^= 2;
		id = hand_in(c.w, DOC_POSTING, &x, &c.w->alice);
		yes(c.w, &c.w->bob, "bob", &id, DOC_POSTING);
		yes(c.w, &c.w->cora, "cora", &id, DOC_POSTING);
		T_EQ(run(&c), ERR_OK);
		T_STR(wrong(c.w), "");
		T_CHECK(payout_refund(&r, c.w->p) && r.claims == CUSTOMERS);
		for (size_t i = 0; i < CUSTOMERS; i++) {
			T_CHECK(customer_has(c.w, claimed[i].name) == owed(i) - claimed[i].lost);
		}
		T_CHECK(has(c.w, BOOKS_HOUSE, ASSET_JPY, "jpy") == left[CUSTOMERS]);
		world_free(c.w);
	}
}

/* A crash before or after commit number k of the run, then a restart: the same books. */
static void cut_off_anywhere(void)
{
	struct hash32 want = { { 0 } }, got;
	size_t cuts = 0;

	for (size_t k = 0; k < 40; k++) {
		struct refund_case c = { .w = robbed(X(9999), YEN_PAID_IN) };
		struct payout_refund r;

		plan_make(&c, "88.549", CUSTOMERS, 0);
		c.plan.sequence = moment;
		c.plan.head = moment_head;
		plan_approved(&c);
		restart(c.w);
		c.w->crash_after = k == 0 ? 0 : c.w->commits + (k + 1) / 2;
		c.w->crash_before = k % 2 == 1;
		(void)run(&c);
		cuts += c.w->crashed;
		c.w->crash_after = 0;
		if (c.w->crashed) {
			restart(c.w);
			T_STR(wrong(c.w), "");
			T_EQ(run(&c), ERR_OK);
		}
		got = books_now(c.w);
		want = k == 0 ? got : want;
		T_CHECK(hash32_eq(&got, &want));
		T_CHECK(!payout_refund(&r, c.w->p) ||
			(r.lost == c.plan.lost && r.claims == CUSTOMERS));
		T_STR(wrong(c.w), "");
		world_free(c.w);
	}
	/* begun with the first commit, and a commit for every ROWS_AT_ONCE */
	T_CHECK(cuts >= 2 * (1 + CUSTOMERS / ROWS_AT_ONCE));
}

static void what_stops_a_plan(void)
{
	static const char *const fields[] = { "customers", "lost", "paid", "root", "rows" };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct refund_case c = { .w = robbed(X(9999), YEN_PAID_IN) };
		struct hash32 before, after;

		plan_make(&c, "88.549", CUSTOMERS, 0);
		c.plan.customers += i == 0;
		c.plan.lost += i == 1;
		c.plan.paid += i == 2;
		c.plan.root.b[0] ^= (uint8_t)(i == 3);
		c.plan.rows.b[0] ^= (uint8_t)(i == 4);
		plan_approved(&c);
		before = books_now(c.w);
		T_EQ(run(&c), ERR_MISMATCH);
		T_STR(c.w->field, fields[i]);
		after = books_now(c.w);
		T_CHECK(hash32_eq(&before, &after));
		T_CHECK(state_is(c.w, &c.id, "approved"));
		world_free(c.w);
	}
}

static void rows_changed_after_the_approval(void)
{
	struct refund_case c = { .w = robbed(X(9999), YEN_PAID_IN) }, d = c;
	struct hash32 before;
	struct hash32 after;

	plan_make(&c, "88.549", CUSTOMERS, 0);
	plan_approved(&c);
	before = books_now(c.w);
	/* another file that is right in itself */
	plan_make(&d, "88.549", CUSTOMERS - 1, 0);
	memcpy(c.rows, d.rows, d.rows_n);
	d.rows_n = c.rows_n;
	T_EQ(run(&(struct refund_case){ .w = c.w, .id = c.id, .rows_n = 0 }), ERR_MISMATCH);
	d.id = c.id;
	plan_make(&d, "88.549", CUSTOMERS - 1, 0);
	T_EQ(run(&d), ERR_MISMATCH);
	T_STR(c.w->field, "customers");
	plan_make(&d, "88.55", CUSTOMERS, 0);
	T_EQ(run(&d), ERR_MISMATCH);
	plan_make(&d, "88.549", CUSTOMERS, 1000000);
	T_EQ(run(&d), ERR_MISMATCH);
	T_STR(c.w->field, "lost");
	after = books_now(c.w);
	T_CHECK(hash32_eq(&before, &after));
	/* the right one still goes */
	plan_make(&d, "88.549", CUSTOMERS, 0);
	T_EQ(run(&d), ERR_OK);
	T_STR(wrong(c.w), "");
	world_free(c.w);
}

static void not_approved(void)
{
	struct refund_case c = { .w = robbed(X(9999), YEN_PAID_IN) };

	plan_make(&c, "88.549", CUSTOMERS, 0);
	T_EQ(run(&c), ERR_NOT_FOUND);
	c.id = hand_in(c.w, DOC_PLAN, &c.plan, &c.w->alice);
	T_EQ(run(&c), ERR_APPROVALS);
	yes(c.w, &c.w->alice, "alice", &c.id, DOC_PLAN);
	T_EQ(c.w->err, ERR_POLICY);
	yes(c.w, &c.w->bob, "bob", &c.id, DOC_PLAN);
	yes(c.w, &c.w->cora, "cora", &c.id, DOC_PLAN);
	T_EQ(run(&c), ERR_APPROVALS);
	T_CHECK(strstr(c.w->detail, "2 of 3") != NULL);
	yes(c.w, &c.w->omar, "omar", &c.id, DOC_PLAN);
	T_CHECK(says(c.w, "approved"));
	/* approved, then a freeze: stopped until its people decide again */
	freeze(c.w);
	T_EQ(run(&c), ERR_APPROVALS);
	restart(c.w);
	T_EQ(run(&c), ERR_APPROVALS);
	T_CHECK(strstr(c.w->detail, "freeze") != NULL);
	c.w->wall_ms += 5;
	yes(c.w, &c.w->bob, "bob", &c.id, DOC_PLAN);
	yes(c.w, &c.w->cora, "cora", &c.id, DOC_PLAN);
	yes(c.w, &c.w->omar, "omar", &c.id, DOC_PLAN);
	T_EQ(prepare(&c), ERR_OK);
	/* and one in the middle of a run */
	{
		uint8_t count[4];

		le32_put(count, 4);
		api(c.w, API_REPAY_PAY, bytes_of(count, 4));
		T_EQ(c.w->err, ERR_OK);
		c.w->wall_ms++;
		freeze(c.w);
		api(c.w, API_REPAY_PAY, bytes_of(count, 4));
		T_EQ(c.w->err, ERR_FROZEN);
	}
	T_STR(wrong(c.w), "");
	c.w->wall_ms += 5;
	yes(c.w, &c.w->bob, "bob", &c.id, DOC_PLAN);
	yes(c.w, &c.w->cora, "cora", &c.id, DOC_PLAN);
	yes(c.w, &c.w->omar, "omar", &c.id, DOC_PLAN);
	T_EQ(run(&c), ERR_OK);
	T_CHECK(has(c.w, BOOKS_HOUSE, ASSET_JPY, "jpy") == YEN_PAID_IN - c.plan.paid);
	world_free(c.w);
}

static void a_second_plan(void)
{
	struct refund_case c = { .w = robbed(X(9999), YEN_PAID_IN) }, d;
	struct hash32 before, after;

	plan_make(&c, "88.549", CUSTOMERS, 0);
	plan_approved(&c);
	d = c;
	/* of the same moment; of another while the first is open */
	d.plan.time_ms++;
	(void)hand_in(c.w, DOC_PLAN, &d.plan, &c.w->alice);
	T_EQ(c.w->err, ERR_ONCE);
	d.plan.as_of_ms++;
	(void)hand_in(c.w, DOC_PLAN, &d.plan, &c.w->alice);
	T_EQ(c.w->err, ERR_ONCE); /* the same rows */
	d.plan.rows.b[0] ^= 1;
	(void)hand_in(c.w, DOC_PLAN, &d.plan, &c.w->alice);
	T_EQ(c.w->err, ERR_STATE);
	T_EQ(run(&c), ERR_OK);
	before = books_now(c.w);
	/* another snapshot for what was paid already: approved, and there is no loss left for it */
	plan_make(&d, "88.549", CUSTOMERS - 1, 0);
	d.plan.as_of_ms++;
	plan_approved(&d);
	T_EQ(run(&d), ERR_FUNDS);
	T_CHECK(strstr(c.w->detail, "booked as lost") != NULL);
	after = books_now(c.w);
	T_CHECK(hash32_eq(&before, &after));
	T_STR(wrong(c.w), "");
	world_free(c.w);
}

static void not_enough_yen(void)
{
	struct refund_case c = { .w = robbed(X(9999), 1) };
	struct doc_posting x;
	struct hash32 before = { { 0 } }, after, id;

	plan_make(&c, "88.549", CUSTOMERS, 0);
	plan_approved(&c);
	before = books_now(c.w);
	T_EQ(run(&c), ERR_FUNDS);
	T_CHECK(strstr(c.w->detail, "the house has") != NULL);
	after = books_now(c.w);
	T_CHECK(hash32_eq(&before, &after)); /* not in the middle */
	x = one_entry(c.w, "bank:mizuho-1", "house:jpy", ASSET_JPY, c.plan.paid - 2);
	x.entries[0].id.b[0] ^= 1;
	id = hand_in(c.w, DOC_POSTING, &x, &c.w->alice);
	yes(c.w, &c.w->bob, "bob", &id, DOC_POSTING);
	yes(c.w, &c.w->cora, "cora", &id, DOC_POSTING);
	T_EQ(run(&c), ERR_FUNDS); /* one yen is missing */
	x.entries[0].id.b[0] ^= 2;
	x.entries[0].amount = 1;
	id = hand_in(c.w, DOC_POSTING, &x, &c.w->alice);
	yes(c.w, &c.w->bob, "bob", &id, DOC_POSTING);
	yes(c.w, &c.w->cora, "cora", &id, DOC_POSTING);
	T_EQ(run(&c), ERR_OK);
	T_CHECK(has(c.w, BOOKS_HOUSE, ASSET_JPY, "jpy") == 0);
	T_STR(wrong(c.w), "");
	world_free(c.w);
}

static void rows_against_the_books(void)
{
	struct refund_case c = { .w = robbed(X(9999), YEN_PAID_IN) };
	struct hash32 before, after;

	/* one micro-XEM more than the books owed at the moment */
	plan_make(&c, "88.549", CUSTOMERS, 1);
	c.plan.sequence = moment;
	c.plan.head = moment_head;
	plan_approved(&c);
	restart(c.w);
	before = books_now(c.w);
	T_EQ(run(&c), ERR_MISMATCH);
	T_CHECK(strstr(c.w->detail, "customer c01") != NULL);
	after = books_now(c.w);
	T_CHECK(hash32_eq(&before, &after));
	decide(c.w, &c.w->bob, "bob", &c.id, DOC_PLAN, DOC_DECISION_NO);
	T_CHECK(says(c.w, "refused"));
	T_EQ(run(&c), ERR_STATE);
	/* a head that is none of ours, a moment that has not come */
	plan_make(&c, "88.549", CUSTOMERS, 0);
	c.plan.sequence = moment;
	c.plan.head.b[3] = 9;
	plan_approved(&c);
	T_EQ(run(&c), ERR_MISMATCH);
	T_STR(c.w->field, "head");
	decide(c.w, &c.w->bob, "bob", &c.id, DOC_PLAN, DOC_DECISION_NO);
	c.plan.sequence = 1000000;
	(void)hand_in(c.w, DOC_PLAN, &c.plan, &c.w->alice);
	T_EQ(c.w->err, ERR_FIELD_RANGE);
	/* a customer whom nobody knows */
	plan_make(&c, "88.549", CUSTOMERS, 0);
	c.plan.as_of_ms++;
	memcpy(strstr((char *)c.rows, "c12,"), "x12,", 4);
	plan_approved(&c);
	T_EQ(run(&c), ERR_NOT_FOUND);
	T_CHECK(strstr(c.w->detail, "customer x12") != NULL);
	after = books_now(c.w);
	T_CHECK(hash32_eq(&before, &after));
	T_STR(wrong(c.w), "");
	world_free(c.w);
}

/* c09 has taken 90 XEM and a fee out since, 50 of c08's are on their way, c11 has 10 more. */
static void coins_moved_since(void)
{
	struct refund_case c = { .w = robbed(X(9500), YEN_PAID_IN) };
	struct doc_request r = request_of(c.w, "c09", X(90));
	struct doc_posting x = one_entry(c.w, "house:nem:xem", "customer:c11", ASSET_XEM, X(10));
	struct payout_refund told;
	struct hash32 id;
	u128 left;

	post_request(c.w, "k", &r);
	T_EQ(c.w->err, ERR_OK);
	T_CHECK(reach(c.w, &r.request_id, PAYOUT_SETTLED));
	r = request_of(c.w, "c08", X(50)); /* and this one is only held */
	c.w->silent[0] = true;
	post_request(c.w, "l", &r);
	x.entries[0].id.b[0] ^= 1;
	id = hand_in(c.w, DOC_POSTING, &x, &c.w->alice);
	yes(c.w, &c.w->bob, "bob", &id, DOC_POSTING);
	yes(c.w, &c.w->cora, "cora", &id, DOC_POSTING);
	T_EQ(c.w->err, ERR_OK);
	left = customer_has(c.w, "c09");
	T_CHECK(left < X(910) && left > X(900));
	plan_make(&c, "88.549", CUSTOMERS, 0);
	c.plan.sequence = moment;
	c.plan.head = moment_head;
	plan_approved(&c);
	restart(c.w);
	T_EQ(run(&c), ERR_OK);
	T_CHECK(customer_has(c.w, "c09") == 0 && customer_has(c.w, "c08") == 0);
	T_CHECK(customer_has(c.w, "c11") == X(10)); /* what he received since is his */
	T_CHECK(has(c.w, BOOKS_CUSTOMER, ASSET_JPY, "c09") ==
		(left * 88549 + 500000000) / 1000000000);
	T_CHECK(payout_refund(&told, c.w->p));
	T_CHECK(told.lost < c.plan.lost && told.lost > c.plan.lost - X(142));
	T_STR(wrong(c.w), "");
	world_free(c.w);
}

/* What the settlement does: opens this customer's yen account, and closes it. */
static void yen_closed(struct world *w, const char *name)
{
	static const struct id128 none;
	const uint8_t tail[UUID7_RANDOM_BYTES] = { 3 };
	const uint16_t kinds[] = { LOG_ACCOUNT, LOG_CLOSE };
	uint8_t raw[12 + 2 * PAYOUT_TRANSFER_BYTES], amount[16];
	struct writer out = writer_make(raw, sizeof raw);
	struct id128 account, id;

	books_account_id(&account, BOOKS_CUSTOMER, ASSET_JPY, bytes_str(name));
	uuid7_make(&id, w->wall_ms, tail);
	writer_u64(&out, 1);
	writer_u32(&out, 2);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		writer_u16(&out, kinds[i]);
		writer_u16(&out, 0);
		writer_u32(&out, ASSET_JPY);
		le128_put(amount, i == 0 ? BOOKS_CUSTOMER : 0);
		writer_bytes(&out, bytes_of(amount, sizeof amount));
		writer_bytes(&out, bytes_of(i == 0 ? account.b : id.b, 16));
		writer_bytes(&out, bytes_of(none.b, 16));
		writer_bytes(&out, bytes_of(none.b, 16));
		writer_bytes(&out, bytes_of(i == 0 ? none.b : account.b, 16));
	}
	CHECK(!out.bad);
	api(w, API_TRANSFERS, bytes_of(raw, out.n));
	CHECK(books_account(payout_books(w->p), &account)->closed);
}

/* Who closed his yen account cannot be paid into it: he keeps his claim, the others are paid. */
static void a_closed_yen_account(void)
{
	struct refund_case c = { .w = robbed(X(9999), YEN_PAID_IN) };
	struct payout_refund told;
	struct hash32 after, again;
	u128 due = ((u128)claimed[8].lost * 88549 + 500000000) / 1000000000;

	yen_closed(c.w, "c09");
	plan_make(&c, "88.549", CUSTOMERS, 0);
	c.plan.sequence = moment;
	c.plan.head = moment_head;
	plan_approved(&c);
	restart(c.w);
	T_EQ(run(&c), ERR_OK);
	T_CHECK(payout_refund(&told, c.w->p) && told.done && told.rows == CUSTOMERS);
	T_EQ(told.claims, CUSTOMERS - 1);
	T_CHECK(told.lost == c.plan.lost - claimed[8].lost && told.paid == c.plan.paid - due);
	T_CHECK(customer_has(c.w, "c09") == owed(8));
	T_CHECK(has(c.w, BOOKS_CUSTOMER, ASSET_JPY, "c09") == 0);
	T_CHECK(customer_has(c.w, "c10") == 0 && customer_has(c.w, "c12") == 0);
	T_STR(wrong(c.w), "");
	after = books_now(c.w);
	restart(c.w);
	T_EQ(run(&c), ERR_OK);
	again = books_now(c.w);
	T_CHECK(hash32_eq(&after, &again));
	world_free(c.w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a posting is booked", a_posting_is_booked },
		{ "who may correct what", who_may_correct_what },
		{ "one bad entry spoils all", one_bad_entry_spoils_all },
		{ "who may decide", who_may_decide },
		{ "the initiator comes back", the_initiator_comes_back },
		{ "everybody is paid", everybody_is_paid },
		{ "steps of any size", steps_of_any_size },
		{ "the yen end on the way", the_yen_end_on_the_way },
		{ "cut off anywhere", cut_off_anywhere },
		{ "what stops a plan", what_stops_a_plan },
		{ "rows changed after the approval", rows_changed_after_the_approval },
		{ "not approved", not_approved },
		{ "a second plan", a_second_plan },
		{ "not enough yen", not_enough_yen },
		{ "rows against the books", rows_against_the_books },
		{ "coins moved since", coins_moved_since },
		{ "a closed yen account", a_closed_yen_account },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
