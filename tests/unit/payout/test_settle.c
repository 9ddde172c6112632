/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: what the settlement books is answered alike however it is packed into events; accounts that
 * it closes, limits and holds until a moment do what docs/books.md says; and what comes in for a
 * closed account is found in suspense with the reason, once, whatever chain and process do in
 * between.
 *
 * Method: the payout core with the whole world around it (payout_world.h).  Random requests over
 * few ids and few accounts, so that ids repeat, are reused, links break: the same ones as one
 * event, in pieces, and one group an event give the same answers and the same books.  Then tables
 * of what is refused, and deposits for a closed account through blocks undone and processes
 * restarted.
 */
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "payout_world.h"

enum { ENTRIES_MAX = 600, REQUESTS_MAX = 200, ROOM = 64 * 1024 };

struct item {
	uint16_t kind;
	bool linked;
	uint32_t asset;
	u128 amount;
	struct id128 id, debit, credit, ref;
};

struct result {
	struct id128 id;
	uint32_t result, e, field;
	char was[PAYOUT_SETTLED_WAS];
};

/* Requests as they go into one event, and what was answered. */
struct talk {
	struct item item[ENTRIES_MAX];
	struct result result[ENTRIES_MAX];
	size_t items;
	uint32_t size[REQUESTS_MAX]; /* entries of each request */
	size_t requests;
};

static struct id128 account_id(uint32_t kind, uint32_t asset, const char *name)
{
	struct id128 id;

	books_account_id(&id, kind, asset, bytes_str(name));
	return id;
}

static struct id128 customer(const char *name)
{
	return account_id(BOOKS_CUSTOMER, ASSET_XEM, name);
}

static struct id128 id_of(const struct world *w, uint32_t n)
{
	uint8_t tail[UUID7_RANDOM_BYTES] = { 9 };
	struct id128 id;

	le32_put(tail + 5, n);
	uuid7_make(&id, w->wall_ms, tail);
	return id;
}

/* Sends requests [from, to) of t as one event and takes the answers. */
static void send(struct world *w, struct talk *t, size_t from, size_t to)
{
	static uint8_t raw[ROOM * 2];
	struct writer out = writer_make(raw, sizeof raw);
	struct reader in;
	size_t first = 0, at;
	uint8_t amount[16];

	for (size_t i = 0; i < from; i++) {
		first += t->size[i];
	}
	at = first;
	for (size_t q = from; q < to; q++) {
		writer_u64(&out, 1000 + q);
		writer_u32(&out, t->size[q]);
		for (uint32_t i = 0; i < t->size[q]; i++, at++) {
			const struct item *x = &t->item[at];

			writer_u16(&out, x->kind);
			writer_u16(&out, x->linked);
			writer_u32(&out, x->asset);
			le128_put(amount, x->amount);
			writer_bytes(&out, bytes_of(amount, sizeof amount));
			writer_bytes(&out, bytes_of(x->id.b, 16));
			writer_bytes(&out, bytes_of(x->debit.b, 16));
			writer_bytes(&out, bytes_of(x->credit.b, 16));
			writer_bytes(&out, bytes_of(x->ref.b, 16));
		}
	}
	CHECK(!out.bad);
	api(w, API_TRANSFERS, bytes_of(raw, out.n));
	CHECK(w->fx.n > 0 && w->fx.list[w->fx.n - 1].kind == EFFECT_CALL &&
	      w->fx.list[w->fx.n - 1].number == PAYOUT_CALL_SETTLED);
	in = reader_make(w->fx.list[w->fx.n - 1].body);
	for (size_t q = from; q < to; q++) {
		CHECK(reader_u64(&in) == 1000 + q && reader_u32(&in) == t->size[q]);
		for (uint32_t i = 0; i < t->size[q]; i++, first++) {
			struct result *r = &t->result[first];

			memcpy(r->id.b, reader_bytes(&in, 16).p, 16);
			r->result = reader_u32(&in);
			r->e = reader_u32(&in);
			r->field = reader_u32(&in);
			memcpy(r->was, reader_bytes(&in, sizeof r->was).p, sizeof r->was);
		}
	}
	CHECK(reader_done(&in));
}

/* One request of one entry. */
static struct result ask(struct world *w, const struct item *x)
{
	static struct talk t;

	t.item[0] = *x;
	t.items = t.requests = t.size[0] = 1;
	send(w, &t, 0, 1);
	return t.result[0];
}

static struct item move(const struct world *w, uint32_t n, const char *from, const char *to,
			uint64_t amount)
{
	return (struct item){ .kind = LOG_TRANSFER,
			      .asset = ASSET_XEM,
			      .amount = amount,
			      .id = id_of(w, n),
			      .debit = customer(from),
			      .credit = customer(to) };
}

static struct item close_of(const struct world *w, uint32_t n, const char *name)
{
	return (struct item){
		.kind = LOG_CLOSE, .asset = ASSET_XEM, .id = id_of(w, n), .ref = customer(name)
	};
}

static struct item limit_of(const struct world *w, uint32_t n, const char *name, uint64_t most)
{
	return (struct item){ .kind = LOG_LIMIT,
			      .asset = ASSET_XEM,
			      .amount = most,
			      .id = id_of(w, n),
			      .ref = customer(name) };
}

static struct item until(const struct world *w, uint32_t n, uint64_t amount, uint64_t ms)
{
	struct item x = move(w, n, "carol", "dave", amount);

	x.kind = LOG_HOLD_UNTIL;
	le64_put(x.ref.b, ms);
	return x;
}

static struct item ends(const struct world *w, uint32_t n, uint16_t kind, const struct item *hold)
{
	return (struct item){ .kind = kind,
			      .asset = ASSET_XEM,
			      .amount = hold->amount,
			      .id = id_of(w, n),
			      .ref = hold->id };
}

static bool is(const struct result *r, enum err e, enum payout_settled_field field)
{
	bool well = r->result == PAYOUT_SETTLED_REFUSED && r->e == e && r->field == field;

	if (!well) {
		printf("# got result %u, %s, field %s\n", (unsigned)r->result,
		       err_slug((enum err)r->e), payout_settled_field(r->field));
	}
	return well;
}

#define DONE(r)     T_EQ((r).result, PAYOUT_SETTLED_DONE)
#define REPEATED(r) T_EQ((r).result, PAYOUT_SETTLED_REPEATED)

/* --- however it is packed --- */

static uint32_t seed;

static uint32_t roll(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static struct id128 any_account(const struct world *w)
{
	static const char *const names[] = { "carol", "dave", "erin", "new1", "new2", "nobody" };
	uint32_t n = roll(9);

	if (n < ARRAY_LEN(names)) {
		return customer(names[n]);
	}
	return n == 6   ? account_id(BOOKS_FEE_INCOME, ASSET_XEM, "trading")
	       : n == 7 ? account_id(BOOKS_TILL, ASSET_XEM, w->till_at.text)
			: account_id(BOOKS_CUSTOMER, ASSET_JPY, "carol");
}

static void any_item(const struct world *w, struct item *x)
{
	static const uint16_t kinds[] = { LOG_TRANSFER, LOG_TRANSFER, LOG_TRANSFER,   LOG_TRANSFER,
					  LOG_HOLD,     LOG_HOLD,     LOG_HOLD_UNTIL, LOG_POST,
					  LOG_POST,     LOG_VOID,     LOG_ACCOUNT,    LOG_CLOSE,
					  LOG_LIMIT,    LOG_EXPIRE };
	static const char *const opened[] = { "new1", "new2", "carol" };

	*x = (struct item){ .kind = kinds[roll(ARRAY_LEN(kinds))],
			    .asset = roll(20) == 0 ? ASSET_JPY : ASSET_XEM,
			    .amount = roll(6) == 0 ? X(30000) : roll(5) * 1000,
			    .id = id_of(w, roll(400)) };
	switch (x->kind) {
	case LOG_ACCOUNT:
		x->amount = roll(5) == 0   ? BOOKS_TILL
			    : roll(4) == 0 ? BOOKS_FEE_INCOME
					   : BOOKS_CUSTOMER;
		x->id = account_id((uint32_t)x->amount, x->asset,
				   x->amount == BOOKS_FEE_INCOME ? "trading"
								 : opened[roll(ARRAY_LEN(opened))]);
		break;
	case LOG_CLOSE:
		x->amount = 0;
		x->ref = any_account(w);
		break;
	case LOG_LIMIT:
		x->ref = any_account(w);
		break;
	case LOG_POST:
	case LOG_VOID:
	case LOG_EXPIRE:
		x->ref = id_of(w, roll(400));
		break;
	default:
		x->debit = any_account(w);
		x->credit = any_account(w);
		if (x->kind == LOG_HOLD_UNTIL) {
			le64_put(x->ref.b, roll(4) == 0 ? w->wall_ms : w->wall_ms + 60000);
		}
	}
	x->linked = x->kind != LOG_ACCOUNT && roll(4) == 0;
}

static void any_talk(const struct world *w, struct talk *t)
{
	t->items = t->requests = 0;
	while (t->requests < 60) {
		uint32_t n = roll(3) == 0 ? 1 + roll(12) : 1;

		for (uint32_t i = 0; i < n; i++) {
			struct item *x = &t->item[t->items + i];

			any_item(w, x);
			/* the very same again, and a link to nothing now and then */
			if (t->items > 4 && roll(8) == 0) {
				*x = t->item[roll((uint32_t)t->items)];
			}
			x->linked = x->linked && (i + 1 < n || roll(6) == 0);
		}
		t->items += n;
		t->size[t->requests++] = n;
	}
}

static bool same_answers(const struct talk *a, const struct talk *b, const char *how)
{
	for (size_t i = 0; i < a->items; i++) {
		const struct result *x = &a->result[i], *y = &b->result[i];

		if (!id128_eq(&x->id, &y->id) || x->result != y->result || x->e != y->e ||
		    x->field != y->field || memcmp(x->was, y->was, sizeof x->was) != 0) {
			printf("# entry %zu, kind %u, %s: %u %s %s \"%s\", alone %u %s %s \"%s\"\n",
			       i, (unsigned)a->item[i].kind, how, (unsigned)y->result,
			       err_slug((enum err)y->e), payout_settled_field(y->field), y->was,
			       (unsigned)x->result, err_slug((enum err)x->e),
			       payout_settled_field(x->field), x->was);
			return false;
		}
	}
	return true;
}

static void packed_alike(void)
{
	static struct talk alone, whole, pieces;
	size_t done = 0, repeated = 0, refused[128] = { 0 };

	for (uint32_t round = 1; round <= 12; round++) {
		struct world *w[3] = { world_open(), world_open(), world_open() };
		struct hash32 h[3], again;

		seed = round;
		printf("# seed %u\n", (unsigned)seed);
		for (unsigned talk = 0; talk < 5; talk++) {
			any_talk(w[0], &alone);
			whole = pieces = alone;
			for (size_t q = 0; q < alone.requests; q++) {
				send(w[0], &alone, q, q + 1);
			}
			send(w[1], &whole, 0, whole.requests);
			for (size_t q = 0, n; q < pieces.requests; q += n) {
				n = 1 + q % 7;
				n = n < pieces.requests - q ? n : pieces.requests - q;
				send(w[2], &pieces, q, q + n);
			}
			T_CHECK(same_answers(&alone, &whole, "in one event"));
			T_CHECK(same_answers(&alone, &pieces, "in pieces"));
			for (size_t i = 0; i < alone.items; i++) {
				done += alone.result[i].result == PAYOUT_SETTLED_DONE;
				repeated += alone.result[i].result == PAYOUT_SETTLED_REPEATED;
				refused[alone.result[i].e]++;
			}
		}
		for (int i = 0; i < 3; i++) {
			T_STR(wrong(w[i]), "");
			h[i] = books_now(w[i]);
			restart(w[i]);
			again = books_now(w[i]);
			T_MEM(&h[i], &again, sizeof again);
			world_free(w[i]);
		}
		T_MEM(&h[0], &h[1], sizeof h[0]);
		T_MEM(&h[0], &h[2], sizeof h[0]);
	}
	/* nothing of it was empty */
	T_CHECK(done > 200 && repeated > 100);
	T_CHECK(refused[ERR_EXISTS] > 20 && refused[ERR_LINKED] > 20 && refused[ERR_FUNDS] > 20);
	T_CHECK(refused[ERR_NOT_FOUND] > 20 && refused[ERR_POLICY] > 20 && refused[ERR_STATE] > 2);
	T_CHECK(refused[ERR_CLOSED] > 2 && refused[ERR_LIMIT] > 2 && refused[ERR_EXPIRED] > 2);
}

/* --- close and limit --- */

static void closing(void)
{
	struct world *w = world_open();
	struct item x = close_of(w, 1, "erin"), hold;
	struct hash32 before = books_now(w), after;
	struct result r;
	char token[PAYOUT_TOKEN_CHARS + 1];
	struct doc_request ask_for;

	/* what cannot be closed */
	r = ask(w, &(struct item){ .kind = LOG_CLOSE,
				   .asset = ASSET_XEM,
				   .id = id_of(w, 2),
				   .ref = customer("nobody") });
	T_CHECK(is(&r, ERR_NOT_FOUND, PAYOUT_SETTLED_ACCOUNT));
	r = ask(w, &(struct item){ .kind = LOG_CLOSE,
				   .asset = ASSET_XEM,
				   .id = id_of(w, 3),
				   .ref = account_id(BOOKS_TILL, ASSET_XEM, w->till_at.text) });
	T_CHECK(is(&r, ERR_POLICY, PAYOUT_SETTLED_ACCOUNT));
	r = ask(w, &(struct item){ .kind = LOG_CLOSE,
				   .asset = ASSET_XEM,
				   .id = id_of(w, 4),
				   .ref = account_id(BOOKS_IN_FLIGHT, ASSET_XEM, "nem:xem") });
	T_CHECK(is(&r, ERR_POLICY, PAYOUT_SETTLED_ACCOUNT));
	after = books_now(w);
	T_MEM(&before, &after, sizeof after);
	x.asset = ASSET_JPY;
	x.id = id_of(w, 5);
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_ASSET, PAYOUT_SETTLED_ASSET));
	x = close_of(w, 6, "dave");
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_STATE, PAYOUT_SETTLED_ACCOUNT)); /* 300 XEM */
	hold = move(w, 7, "carol", "erin", 5);
	hold.kind = LOG_HOLD;
	r = ask(w, &hold);
	DONE(r);
	x = close_of(w, 8, "erin");
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_STATE, PAYOUT_SETTLED_ACCOUNT)); /* held for her */
	x = ends(w, 9, LOG_VOID, &hold);
	r = ask(w, &x);
	DONE(r);
	x = close_of(w, 8, "erin");
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_STATE, PAYOUT_SETTLED_ACCOUNT)); /* told no for ever under that id */
	x = close_of(w, 10, "erin");
	x.debit = customer("erin");
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_INPUT, PAYOUT_SETTLED_KIND));
	x.debit = (struct id128){ { 0 } };
	r = ask(w, &x);
	DONE(r);
	r = ask(w, &x);
	REPEATED(r);
	x = close_of(w, 11, "erin");
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_CLOSED, PAYOUT_SETTLED_ACCOUNT));
	x = close_of(w, 10, "dave");
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_EXISTS, PAYOUT_SETTLED_ACCOUNT));
	T_EQ(strlen(r.was), 36);
	/* nothing goes in or out any more, and she gets no message to pay in with */
	x = move(w, 12, "carol", "erin", 5);
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_CLOSED, PAYOUT_SETTLED_CREDIT));
	x = move(w, 13, "erin", "carol", 5);
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_CLOSED, PAYOUT_SETTLED_DEBIT));
	x.kind = LOG_HOLD;
	x.id = id_of(w, 14);
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_CLOSED, PAYOUT_SETTLED_DEBIT));
	x = limit_of(w, 15, "erin", 5);
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_CLOSED, PAYOUT_SETTLED_ACCOUNT));
	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_CLOSED);
	api(w, API_TOKEN, bytes_str("erin"));
	T_EQ(w->err, ERR_CLOSED);
	T_STR(w->field, "customer");
	ask_for = request_of(w, "erin", X(1));
	post_request(w, "k", &ask_for);
	T_EQ(w->err, ERR_CLOSED);
	T_STR(w->field, "customer");
	api(w, API_CUSTOMER, bytes_str("erin"));
	T_CHECK(strstr(w->text, "\"closed\":true") != NULL);
	before = books_now(w);
	restart(w);
	after = books_now(w);
	T_MEM(&before, &after, sizeof after);
	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_CLOSED);
	T_STR(wrong(w), "");
	world_free(w);
}

static void maxima(void)
{
	struct world *w = world_open();
	struct item x = limit_of(w, 1, "dave", X(300) - 1), hold;
	char token[PAYOUT_TOKEN_CHARS + 1];
	struct result r = ask(w, &x);

	T_CHECK(is(&r, ERR_LIMIT, PAYOUT_SETTLED_AMOUNT)); /* he has 300 */
	x = limit_of(w, 2, "dave", X(310));
	r = ask(w, &x);
	DONE(r);
	r = ask(w, &x);
	REPEATED(r);
	x.amount++;
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_EXISTS, PAYOUT_SETTLED_AMOUNT));
	T_STR(r.was, "310000000");
	x = move(w, 3, "carol", "dave", X(10) + 1);
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_LIMIT, PAYOUT_SETTLED_AMOUNT));
	hold = move(w, 4, "carol", "dave", X(6));
	hold.kind = LOG_HOLD;
	r = ask(w, &hold);
	DONE(r);
	x = move(w, 5, "carol", "dave", X(5)); /* with what is held for him it is too much */
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_LIMIT, PAYOUT_SETTLED_AMOUNT));
	x = limit_of(w, 6, "dave", X(305));
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_LIMIT, PAYOUT_SETTLED_AMOUNT));
	x = move(w, 7, "carol", "dave", X(4));
	r = ask(w, &x);
	DONE(r);
	/* a deposit above it waits, and is credited when there is room again */
	T_EQ(payout_token(token, w->p, bytes_str("dave")), ERR_OK);
	pay_in(w, w->deposit_at.text, X(50), token);
	mine_n(w, 6);
	T_CHECK(customer_has(w, "dave") == X(304));
	T_CHECK(house_has(w, BOOKS_SUSPENSE) == 0);
	T_STR(wrong(w), "");
	restart(w);
	mine(w);
	T_CHECK(customer_has(w, "dave") == X(304));
	x = limit_of(w, 8, "dave", 0);
	r = ask(w, &x);
	DONE(r);
	api(w, API_CUSTOMER, bytes_str("dave"));
	T_CHECK(strstr(w->text, "\"limit\":\"0\"") != NULL);
	mine(w);
	T_CHECK(customer_has(w, "dave") == X(354));
	T_STR(wrong(w), "");
	world_free(w);
}

/* --- holds that end by themselves --- */

static void moments(void)
{
	struct world *w = world_open();
	uint64_t soon = w->wall_ms + 10000;
	struct item x = until(w, 1, X(7), w->wall_ms), other;
	struct result r = ask(w, &x);

	T_CHECK(is(&r, ERR_EXPIRED, PAYOUT_SETTLED_UNTIL));
	x = until(w, 2, X(7), 0);
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_INPUT, PAYOUT_SETTLED_UNTIL));
	x = until(w, 3, X(7), soon);
	x.ref.b[9] = 1;
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_INPUT, PAYOUT_SETTLED_UNTIL));
	x = until(w, 4, X(7), soon);
	x.credit = account_id(BOOKS_IN_FLIGHT, ASSET_XEM, "nem:xem");
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_POLICY, PAYOUT_SETTLED_CREDIT));
	x = until(w, 5, X(7), soon);
	r = ask(w, &x);
	DONE(r);
	r = ask(w, &x);
	REPEATED(r);
	T_CHECK(customer_has(w, "carol") == X(20000) - X(7));
	/* another moment, or none, under the same id */
	other = until(w, 5, X(7), soon + 1);
	r = ask(w, &other);
	T_CHECK(is(&r, ERR_EXISTS, PAYOUT_SETTLED_UNTIL));
	T_EQ(strtoull(r.was, NULL, 10), soon);
	other.kind = LOG_HOLD;
	other.ref = (struct id128){ { 0 } };
	r = ask(w, &other);
	T_CHECK(is(&r, ERR_EXISTS, PAYOUT_SETTLED_UNTIL));
	other.amount = X(8);
	r = ask(w, &other);
	T_CHECK(is(&r, ERR_EXISTS, PAYOUT_SETTLED_AMOUNT));
	T_STR(r.was, "7000000");
	/* a hold without one, asked again with one */
	other = move(w, 6, "carol", "dave", X(2));
	other.kind = LOG_HOLD;
	r = ask(w, &other);
	DONE(r);
	other.kind = LOG_HOLD_UNTIL;
	le64_put(other.ref.b, soon);
	r = ask(w, &other);
	T_CHECK(is(&r, ERR_EXISTS, PAYOUT_SETTLED_UNTIL));
	T_STR(r.was, "");
	/* posted before its moment; released by it, not posted behind it */
	other = until(w, 7, X(3), soon);
	r = ask(w, &other);
	DONE(r);
	other = ends(w, 8, LOG_POST, &other);
	r = ask(w, &other);
	DONE(r);
	T_CHECK(customer_has(w, "dave") == X(303));
	w->wall_ms = soon;
	other = ends(w, 9, LOG_POST, &x);
	r = ask(w, &other);
	T_CHECK(is(&r, ERR_EXPIRED, PAYOUT_SETTLED_REF));
	tick(w);
	T_CHECK(customer_has(w, "carol") == X(20000) - X(5));
	other = ends(w, 10, LOG_POST, &x);
	r = ask(w, &other);
	T_CHECK(is(&r, ERR_STATE, PAYOUT_SETTLED_REF));
	T_CHECK(customer_has(w, "dave") == X(303));
	T_STR(wrong(w), "");
	restart(w);
	T_CHECK(customer_has(w, "carol") == X(20000) - X(5));
	world_free(w);
}

/* --- deposits for a closed account --- */

/* Transfers to suspense whose reason lies beside them, and words of the last one. */
static size_t reasons(const struct world *w, char *last, size_t cap)
{
	struct id128 suspense = account_id(BOOKS_SUSPENSE, ASSET_XEM, "nem:xem");
	size_t n = 0;

	last[0] = '\0';
	for (size_t i = 0; i < w->journal_n; i++) {
		struct log_view v;

		CHECK(log_batch_check(&v, view(&w->journal[i])) == ERR_OK);
		for (uint32_t k = 0; k < v.head.count; k++) {
			struct log_record r;
			struct bytes why;

			CHECK(log_view_record(&r, &v, k) == ERR_OK);
			if (r.kind == LOG_TRANSFER && id128_eq(&r.credit, &suspense) &&
			    log_view_blob(&why, &v, &r.link) == ERR_OK) {
				(void)snprintf(last, cap, "%.*s", (int)why.n, (const char *)why.p);
				n++;
			}
		}
	}
	return n;
}

static void set_aside(void)
{
	struct world *w = world_open();
	char token[PAYOUT_TOKEN_CHARS + 1], why[128], id[UUID7_TEXT_MAX], want[128];
	struct id128 erin = customer("erin");
	struct item x = close_of(w, 1, "erin");
	struct result r;

	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_OK);
	uuid7_put(id, &erin);
	(void)snprintf(want, sizeof want, "account-closed: deposit for account %s", id);
	/* seen, but not deep enough yet when she closes */
	pay_in(w, w->deposit_at.text, X(10), token);
	mine_n(w, 2);
	r = ask(w, &x);
	DONE(r);
	T_EQ(reasons(w, why, sizeof why), 0);
	mine_n(w, 2);
	T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(10));
	T_EQ(reasons(w, why, sizeof why), 1);
	T_STR(why, want);
	T_STR(wrong(w), "");
	/* and one that is sent behind it; one that nobody could be meant by has no reason */
	pay_in(w, w->deposit_at.text, X(3), token);
	pay_in(w, w->deposit_at.text, X(1), NULL);
	mine_n(w, 5);
	T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(14));
	T_EQ(reasons(w, why, sizeof why), 2);
	/* once */
	restart(w);
	mine_n(w, 5);
	T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(14));
	T_EQ(reasons(w, why, sizeof why), 2);
	T_STR(wrong(w), "");
	/* undone for ever, undone and mined again, with and without a restart in between */
	pay_in(w, w->deposit_at.text, X(5), token);
	mine_n(w, 5);
	T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(19));
	for (unsigned round = 0; round < 3; round++) {
		undo(w, 5, true);
		T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(14));
		T_STR(wrong(w), "");
		if (round == 1) {
			restart(w);
			T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(14));
		}
		mine_n(w, 5);
		T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(19));
		T_STR(why, want);
		T_STR(wrong(w), "");
		if (round == 2) {
			restart(w);
			T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(19));
		}
	}
	undo(w, 5, false);
	mine_n(w, 6);
	T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(14));
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == 0);
	T_STR(wrong(w), "");
	world_free(w);
}

/*
 * She was credited, spent some of it, closed; then the chain takes the deposit back and has it
 * again. What she spent is a shortage that the deposit covers; nothing of it is credited to her.
 */
static void spent_closed_undone(void)
{
	struct world *w = world_open();
	char token[PAYOUT_TOKEN_CHARS + 1], why[128];
	struct item x;
	struct result r;

	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_OK);
	pay_in(w, w->deposit_at.text, X(100), token);
	mine_n(w, 4);
	x = move(w, 1, "erin", "dave", X(100));
	r = ask(w, &x);
	DONE(r);
	x = close_of(w, 2, "erin");
	r = ask(w, &x);
	DONE(r);
	for (unsigned round = 0; round < 4; round++) {
		undo(w, 4, true);
		T_CHECK(house_has(w, BOOKS_SHORTAGE) == X(100));
		T_CHECK(house_has(w, BOOKS_SUSPENSE) == 0);
		T_STR(wrong(w), "");
		if (round % 2 == 1) {
			restart(w);
			T_CHECK(house_has(w, BOOKS_SHORTAGE) == X(100));
			T_STR(wrong(w), "");
		}
		mine_n(w, 4);
		T_CHECK(house_has(w, BOOKS_SHORTAGE) == 0);
		T_CHECK(house_has(w, BOOKS_SUSPENSE) == 0);
		T_STR(wrong(w), "");
		if (round > 1) {
			restart(w);
			T_CHECK(house_has(w, BOOKS_SHORTAGE) == 0);
			T_STR(wrong(w), "");
		}
	}
	T_EQ(reasons(w, why, sizeof why), 0);
	world_free(w);
}

/*
 * The same deposit undone while she was open and had all of it, closed meanwhile, mined again: it
 * is nobody's.  Then undone once more, now out of suspense.
 */
static void undone_closed_mined(void)
{
	struct world *w = world_open();
	char token[PAYOUT_TOKEN_CHARS + 1], why[128];
	struct item x;
	struct result r;

	/* what is somebody else's stays out of it */
	pay_in(w, w->deposit_at.text, X(50), NULL);
	mine_n(w, 4);
	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_OK);
	pay_in(w, w->deposit_at.text, X(100), token);
	mine_n(w, 4);
	T_CHECK(customer_has(w, "erin") == X(100));
	/* 40 of it spent when it is undone: 60 taken back, 40 short */
	x = move(w, 1, "erin", "dave", X(40));
	r = ask(w, &x);
	DONE(r);
	undo(w, 4, true);
	T_CHECK(house_has(w, BOOKS_SHORTAGE) == X(40));
	x = close_of(w, 2, "erin");
	r = ask(w, &x);
	DONE(r);
	for (unsigned round = 0; round < 5; round++) {
		mine_n(w, 4);
		T_CHECK(house_has(w, BOOKS_SHORTAGE) == 0);
		T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(110));
		T_CHECK(customer_has(w, "erin") == 0);
		T_STR(wrong(w), "");
		if (round == 1 || round == 3) {
			restart(w);
			T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(110));
			T_STR(wrong(w), "");
		}
		undo(w, 4, true);
		T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(50));
		T_CHECK(house_has(w, BOOKS_SHORTAGE) == X(40));
		T_STR(wrong(w), "");
		if (round >= 2) {
			restart(w);
			T_CHECK(house_has(w, BOOKS_SHORTAGE) == X(40));
			T_STR(wrong(w), "");
		}
	}
	T_EQ(reasons(w, why, sizeof why), 5);
	world_free(w);
}

/* What an operator took out of suspense. */
static void taken_from_suspense(struct world *w, uint64_t micro)
{
	journal_add(w,
		    &(struct log_record){ .kind = LOG_TRANSFER,
					  .asset = ASSET_XEM,
					  .amount = micro,
					  .id = id_of(w, 77),
					  .debit = account_id(BOOKS_SUSPENSE, ASSET_XEM, "nem:xem"),
					  .credit = customer("dave") });
}

/* She was never credited; what lay in suspense for her was given to dave, and then it was undone.
 */
static void set_aside_given_away_undone(void)
{
	struct world *w = world_open();
	char token[PAYOUT_TOKEN_CHARS + 1];
	struct item x = close_of(w, 1, "erin");
	struct result r;

	T_EQ(payout_token(token, w->p, bytes_str("erin")), ERR_OK);
	pay_in(w, w->deposit_at.text, X(100), token);
	mine(w);
	r = ask(w, &x);
	DONE(r);
	mine_n(w, 3);
	T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(100));
	taken_from_suspense(w, X(70));
	T_CHECK(customer_has(w, "dave") == X(370));
	for (unsigned round = 0; round < 4; round++) {
		undo(w, 4, true);
		T_CHECK(house_has(w, BOOKS_SUSPENSE) == 0);
		T_CHECK(house_has(w, BOOKS_SHORTAGE) == X(70));
		T_STR(wrong(w), "");
		if (round == 1) {
			restart(w);
			T_STR(wrong(w), "");
		}
		mine_n(w, 4);
		T_CHECK(house_has(w, BOOKS_SHORTAGE) == 0);
		T_CHECK(house_has(w, BOOKS_SUSPENSE) == X(30));
		T_CHECK(customer_has(w, "dave") == X(370));
		T_STR(wrong(w), "");
		if (round >= 2) {
			restart(w);
			T_STR(wrong(w), "");
		}
	}
	world_free(w);
}

static void frozen(void)
{
	struct world *w = world_open();
	struct doc_freeze f = { .genesis = w->genesis_id,
				.scope = DOC_SCOPE_ALL,
				.time_ms = w->wall_ms };
	struct item x = close_of(w, 1, "erin");
	struct hash32 before, after;
	struct result r;
	struct blob b;

	text_set(f.issuer, sizeof f.issuer, "olga");
	text_set(f.reason, sizeof f.reason, "a drill");
	b = doc_blob(DOC_FREEZE, &f, w->officer.secret, NULL);
	api(w, API_DOCUMENT, view(&b));
	T_EQ(w->err, ERR_OK);
	free(b.p);
	before = books_now(w);
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_FROZEN, PAYOUT_SETTLED_NOTHING));
	x = limit_of(w, 2, "erin", 5);
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_FROZEN, PAYOUT_SETTLED_NOTHING));
	x = until(w, 3, X(1), w->wall_ms + 1000);
	r = ask(w, &x);
	T_CHECK(is(&r, ERR_FROZEN, PAYOUT_SETTLED_NOTHING));
	after = books_now(w);
	T_MEM(&before, &after, sizeof after);
	world_free(w);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the same answers however it is packed", packed_alike },
		{ "a closed account", closing },
		{ "maxima", maxima },
		{ "holds until a moment", moments },
		{ "a deposit for a closed account is set aside", set_aside },
		{ "spent, closed, undone, mined again", spent_closed_undone },
		{ "undone, closed, mined again", undone_closed_mined },
		{ "set aside, given away, undone", set_aside_given_away_undone },
		{ "nothing of it in a freeze", frozen },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
