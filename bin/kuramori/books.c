/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books.c - the books out of kuramorid's journal, without kuramorid: balances now or at any past
 * moment, the statement of one account, every posting for other programs.  The chain of hashes is
 * followed and every record booked again by the rules of src/books, so that what is told is what
 * the journal adds up to, or nothing.  kuramorid must be stopped, or a copy is read.
 */
#include "books/books.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/hex.h"
#include "base/money.h"
#include "books_command.h"
#include "cli.h"
#include "crypto/uuid7.h"
#include "io/clock.h"
#include "log/batch.h"

enum {
	ACCOUNTS_ASKED_MAX = 64,
	COINS_TEXT_MAX = MONEY_TEXT_MAX + 8,
	XEM_UNIT = 1000000,
};

struct reading {
	struct log_chain chain;
	struct books books;
	uint64_t until_ms; /* records after that are not booked */
	uint64_t newest_ms;
	const char *why;
	/* For each posting, after it was booked; debit and credit are those of a hold where it was
	 * held.  NULL: nobody wants them. */
	void (*posting)(void *ctx, const struct log_record *r, uint64_t sequence,
			const struct id128 *debit, const struct id128 *credit);
	void *ctx;
};

/* ---- words ---- */

/* An account's id as uuid7_put() writes it; accounts are UUIDs of version 8 (books_account_id()).
 */
static bool id_get(struct id128 *out, const char *text)
{
	char hex[33] = "";
	size_t n = 0;

	if (strlen(text) != UUID7_TEXT_MAX - 1) {
		return false;
	}
	for (size_t i = 0; i < UUID7_TEXT_MAX - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash != (text[i] == '-')) {
			return false;
		}
		if (!dash) {
			hex[n++] = text[i];
		}
	}
	return hex_get(out->b, sizeof out->b, bytes_of(hex, n), HEX_LOWER_ONLY) == ERR_OK;
}

/* Whole smallest units in decimal. */
static void units_put(char out[MONEY_TEXT_MAX], u128 v)
{
	struct money m = money_of(ASSET_XEM, v);

	money_put(out, &m);
}

/* XEM with six digits behind the point, yen as they are; no grouping: for other programs. */
static void coins_put(char out[COINS_TEXT_MAX], uint32_t asset, u128 units)
{
	char whole[MONEY_TEXT_MAX];

	if (asset == ASSET_JPY) {
		units_put(whole, units);
		(void)snprintf(out, COINS_TEXT_MAX, "%s", whole);
		return;
	}
	units_put(whole, units / XEM_UNIT);
	(void)snprintf(out, COINS_TEXT_MAX, "%s.%06u", whole, (unsigned)(units % XEM_UNIT));
}

/* As hledger and people call it. */
static const char *commodity(uint32_t asset)
{
	return asset == ASSET_JPY ? "JPY" : "XEM";
}

bool books_time_get(uint64_t *out, const char *text)
{
	struct tm t = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &t);
	char *behind = NULL;
	unsigned long long ms = 0;
	time_t s;

	errno = 0;
	if (end == NULL) {
		ms = strtoull(text, &behind, 10);
		*out = ms;
		return text[0] >= '0' && text[0] <= '9' && *behind == '\0' && errno == 0;
	}
	if (*end == '.') {
		ms = strtoull(end + 1, &behind, 10);
		if (behind != end + 4 || end[1] < '0' || end[1] > '9') {
			return false;
		}
		end = behind;
	}
	s = timegm(&t);
	*out = (uint64_t)s * 1000 + ms;
	return s >= 0 && strcmp(end, "Z") == 0;
}

int books_moment(const struct cli *c, uint64_t *ms)
{
	return c->as_of[0] == '\0' || books_time_get(ms, c->as_of)
		   ? 0
		   : cli_fail(ERR_CONFIG, "as_of: milliseconds since 1970, or a time as "
					  "2018-01-26T00:02:13Z");
}

static const char *kind_of(const struct reading *r, const struct id128 *id)
{
	const struct books_account *a = books_account(&r->books, id);

	return a == NULL ? "?" : books_kind_name(a->kind);
}

/* ---- reading ---- */

/* Books for a replay: its ids were judged when they were written, so memory stays small. */
static enum err empty_books(struct books *b)
{
	enum err e = books_init(b);

	if (e == ERR_OK) {
		books_window(b, BOOKS_WINDOW);
	}
	return e;
}

/* The accounts of a posting.  Before it is booked: a hold is gone once it is posted. */
static bool accounts_of(const struct reading *a, const struct log_record *r, struct id128 *debit,
			struct id128 *credit)
{
	const struct books_hold *hold;

	if (r->kind == LOG_TRANSFER) {
		*debit = r->debit;
		*credit = r->credit;
		return true;
	}
	hold = r->kind == LOG_POST ? books_hold(&a->books, &r->ref) : NULL;
	if (hold == NULL) {
		return false;
	}
	*debit = a->books.accounts[hold->debit].id;
	*credit = a->books.accounts[hold->credit].id;
	return true;
}

static enum err each(void *context, struct bytes batch)
{
	struct reading *a = context;
	struct log_view view;
	enum err e = cli_journal_next(&a->chain, &view, batch);

	if (e != ERR_OK) {
		a->why =
		    N_("a batch does not follow the one before it, or is not what its hash says");
		return e;
	}
	for (uint32_t i = 0; i < view.head.count; i++) {
		struct log_record r;
		struct id128 debit, credit;
		size_t before = a->books.applied;
		bool moves;

		books_fetch(&a->books, &view, i);
		e = log_view_record(&r, &view, i);
		if (e != ERR_OK) {
			a->why = N_("a record that this version does not know");
			return e;
		}
		if (!books_takes(r.kind) || r.time_ms > a->until_ms) {
			continue;
		}
		moves = accounts_of(a, &r, &debit, &credit);
		e = books_replay(&a->books, &r);
		if (e != ERR_OK) {
			a->why = N_("a record that the books refuse");
			return e == ERR_FULL ? e : ERR_CORRUPT;
		}
		a->newest_ms = r.time_ms;
		if (moves && a->posting != NULL && a->books.applied != before) {
			a->posting(a->ctx, &r, view.head.first_sequence + i, &debit, &credit);
		}
	}
	return ERR_OK;
}

/* The whole journal, booked.  0 or an exit code; books_free() either way. */
static int read_journal(const struct cli *c, const char *path, struct reading *a)
{
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];
	static struct cli_journal journal;
	enum err e;
	int code;

	log_chain_init(&a->chain);
	books_window(&a->books, BOOKS_WINDOW); /* `books verify` is who looks for ids used twice */
	a->until_ms = UINT64_MAX;
	code = books_moment(c, &a->until_ms);
	if (code != 0) {
		return code;
	}
	code = cli_journal_open(&journal, path);
	if (code != 0) {
		return code;
	}
	e = store_replay(journal.store, buffer, sizeof buffer, each, a);
	if (e == ERR_OK) {
		e = books_validate(&a->books, &a->why);
	}
	store_close(journal.store);
	return e == ERR_OK ? 0
			   : cli_fail(e, "%s: %s (after %" PRIu64 " records)", path,
				      words_of(a->why), a->chain.next_sequence);
}

/* ---- accounts ---- */

int books_account_get(struct id128 *out, const char *said)
{
	static const char yen[] = "jpy/";
	uint32_t asset = strncmp(said, yen, strlen(yen)) == 0 ? ASSET_JPY : ASSET_XEM;
	const char *text = asset == ASSET_JPY ? said + strlen(yen) : said;
	const char *colon = strchr(text, ':');

	if (asset == ASSET_XEM && id_get(out, text)) {
		return 0;
	}
	for (uint32_t kind = BOOKS_CUSTOMER; colon != NULL && kind < BOOKS_KINDS; kind++) {
		const char *name = books_kind_name(kind);

		if (strlen(name) == (size_t)(colon - text) &&
		    strncmp(text, name, strlen(name)) == 0) {
			books_account_id(out, kind, asset, bytes_str(colon + 1));
			return 0;
		}
	}
	return cli_fail(ERR_INPUT,
			"%.100s: an account is KIND:NAME, as customer:c1 or till:ADDRESS, in yen "
			"jpy/KIND:NAME, or its id",
			said);
}

static json_t *sides(const char *name, uint32_t asset, u128 debits, u128 credits, bool debit_side)
{
	u128 balance = debit_side ? debits - credits : credits - debits;
	bool over = debit_side ? debits < credits : credits < debits;
	char d[MONEY_TEXT_MAX], k[MONEY_TEXT_MAX], b[MONEY_TEXT_MAX];

	units_put(d, debits);
	units_put(k, credits);
	units_put(b, over ? 0 : balance);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "account", name, "asset",
			 books_asset_name(asset), "side", debit_side ? "debit" : "credit", "debits",
			 d, "credits", k, "balance", b);
}

static json_t *one_balance(const struct reading *r, const char *text, const struct id128 *id)
{
	const struct books_account *a = books_account(&r->books, id);

	return a == NULL ? NULL
			 : sides(text, a->asset, a->debits, a->credits, books_kind_debit(a->kind));
}

/* All accounts of one kind and asset, summed up, if there are any. */
static void kind_balance(const struct reading *r, json_t *list, uint32_t kind, uint32_t asset)
{
	u128 debits = 0, credits = 0;
	size_t n = 0;
	json_t *one;

	for (size_t i = 0; i < r->books.account_count; i++) {
		const struct books_account *a = &r->books.accounts[i];

		if (a->kind == kind && a->asset == asset) {
			debits += a->debits;
			credits += a->credits;
			n++;
		}
	}
	if (n > 0) {
		one = sides(books_kind_name(kind), asset, debits, credits, books_kind_debit(kind));
		CHECK(one != NULL &&
		      json_object_set_new(one, "accounts", json_integer((json_int_t)n)) == 0 &&
		      json_array_append_new(list, one) == 0);
	}
}

static void print_balances(const struct cli *c, const struct reading *r, json_t *list)
{
	char when[CLOCK_TEXT_MAX];
	size_t i;
	json_t *one;

	clock_text(when, r->newest_ms);
	if (c->json) {
		json_t *all = json_pack("{s:s,s:O}", "as_of", when, "accounts", list);

		CHECK(all != NULL);
		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(all);
		return;
	}
	printf(_("as of %s, in micro-XEM and yen\n"), when);
	json_array_foreach(list, i, one)
	{
		printf("%-40s %24s %-7s %s\n", json_string_value(json_object_get(one, "account")),
		       json_string_value(json_object_get(one, "balance")),
		       json_string_value(json_object_get(one, "asset")),
		       json_string_value(json_object_get(one, "side")));
	}
}

static int balance(const struct cli *c, const char *path, const char *const *names, size_t n)
{
	struct id128 id[ACCOUNTS_ASKED_MAX];
	struct reading r = { .why = NULL };
	json_t *list = json_array();
	int code = 0;

	CHECK(list != NULL);
	if (n > ACCOUNTS_ASKED_MAX) {
		code = cli_fail(ERR_USAGE, "at most %d accounts at once", ACCOUNTS_ASKED_MAX);
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		code = books_account_get(&id[i], names[i]);
	}
	if (code == 0 && empty_books(&r.books) != ERR_OK) {
		code = cli_fail(ERR_FULL, "no memory");
	}
	if (code == 0) {
		code = read_journal(c, path, &r);
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		json_t *one = one_balance(&r, names[i], &id[i]);

		code =
		    one == NULL ? cli_fail(ERR_NOT_FOUND, "%.100s: no such account", names[i]) : 0;
		CHECK(one == NULL || json_array_append_new(list, one) == 0);
	}
	if (code == 0 && n == 0) {
		for (uint32_t asset = ASSET_XEM; asset < BOOKS_ASSETS; asset++) {
			for (uint32_t kind = BOOKS_CUSTOMER; kind < BOOKS_KINDS; kind++) {
				kind_balance(&r, list, kind, asset);
			}
		}
	}
	if (code == 0) {
		print_balances(c, &r, list);
	}
	json_decref(list);
	books_free(&r.books);
	return code;
}

/* ---- statement ---- */

struct statement {
	const struct reading *r;
	struct id128 id;
	json_t *lines;
	const struct cli *c;
};

static void statement_line(void *ctx, const struct log_record *r, uint64_t sequence,
			   const struct id128 *debit, const struct id128 *credit)
{
	const struct statement *s = ctx;
	bool debited = id128_eq(debit, &s->id);
	const struct id128 *other = debited ? credit : debit;
	char when[CLOCK_TEXT_MAX], id[UUID7_TEXT_MAX], amount[MONEY_TEXT_MAX],
	    after[MONEY_TEXT_MAX];
	json_t *line;

	if (!debited && !id128_eq(credit, &s->id)) {
		return;
	}
	clock_text(when, r->time_ms);
	uuid7_put(id, other);
	units_put(amount, r->amount);
	units_put(after, books_balance(&s->r->books, &s->id));
	line = json_pack("{s:s,s:I,s:s,s:s,s:s,s:s,s:s}", "time", when, "sequence",
			 (json_int_t)sequence, "side", debited ? "debit" : "credit", "amount",
			 amount, "balance", after, "other_kind", kind_of(s->r, other), "other", id);
	CHECK(line != NULL && json_array_append_new(s->lines, line) == 0);
}

void books_statement_head(void)
{
	char cell[3][64];

	printf("%s %s %s  %s\n", words_column(cell[0], sizeof cell[0], _("time"), 24),
	       words_column(cell[1], sizeof cell[1], _("amount"), -20),
	       words_column(cell[2], sizeof cell[2], _("balance"), -20), _("side, and with whom"));
}

static int statement(const struct cli *c, const char *path, const char *name)
{
	struct reading r = { .why = NULL };
	struct statement s = { .r = &r, .c = c, .lines = json_array() };
	size_t i;
	json_t *line;
	int code = books_account_get(&s.id, name);

	CHECK(s.lines != NULL);
	r.posting = statement_line;
	r.ctx = &s;
	if (code == 0 && empty_books(&r.books) != ERR_OK) {
		code = cli_fail(ERR_FULL, "no memory");
	}
	if (code == 0) {
		code = read_journal(c, path, &r);
	}
	if (code == 0 && books_account(&r.books, &s.id) == NULL) {
		code = cli_fail(ERR_NOT_FOUND, "%.100s: no such account", name);
	}
	if (code == 0 && c->json) {
		(void)json_dumpf(s.lines, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
	} else if (code == 0) {
		books_statement_head();
		json_array_foreach(s.lines, i, line)
		{
			printf("%-24s %20s %20s  %s, %s %s\n",
			       json_string_value(json_object_get(line, "time")),
			       json_string_value(json_object_get(line, "amount")),
			       json_string_value(json_object_get(line, "balance")),
			       json_string_value(json_object_get(line, "side")),
			       json_string_value(json_object_get(line, "other_kind")),
			       json_string_value(json_object_get(line, "other")));
		}
	}
	json_decref(s.lines);
	books_free(&r.books);
	return code;
}

/* ---- export ---- */

struct exported {
	const struct reading *r;

	enum { EXPORT_CSV, EXPORT_JSON, EXPORT_HLEDGER } format;
};

/* An account for hledger: what we hold is an asset, what we owe a liability. */
static void hledger_account(char out[96], const struct reading *r, const struct id128 *id)
{
	const struct books_account *a = books_account(&r->books, id);
	char text[UUID7_TEXT_MAX];

	CHECK(a != NULL);
	uuid7_put(text, id);
	(void)snprintf(out, 96, "%s:%s:%s", books_kind_debit(a->kind) ? "assets" : "liabilities",
		       books_kind_name(a->kind), text);
}

static void export_posting(void *ctx, const struct log_record *r, uint64_t sequence,
			   const struct id128 *debit, const struct id128 *credit)
{
	const struct exported *x = ctx;
	char when[CLOCK_TEXT_MAX], from[UUID7_TEXT_MAX], to[UUID7_TEXT_MAX], id[UUID7_TEXT_MAX];
	char amount[MONEY_TEXT_MAX], coins[COINS_TEXT_MAX], from_path[96], to_path[96];
	const char *asset = books_asset_name(r->asset);

	clock_text(when, r->time_ms);
	uuid7_put(id, &r->id);
	uuid7_put(from, debit);
	uuid7_put(to, credit);
	units_put(amount, r->amount);
	switch (x->format) {
	case EXPORT_CSV:
		printf("%" PRIu64 ",%s,%s,%s,%s,%s,%s,%s,%s\n", sequence, when, id,
		       kind_of(x->r, debit), from, kind_of(x->r, credit), to, amount, asset);
		return;
	case EXPORT_JSON:
		printf("{\"sequence\":%" PRIu64
		       ",\"time\":\"%s\",\"id\":\"%s\",\"debit_kind\":\"%s\","
		       "\"debit\":\"%s\",\"credit_kind\":\"%s\",\"credit\":\"%s\",\"amount\":\"%"
		       "s\",\"asset\":\"%s\"}\n",
		       sequence, when, id, kind_of(x->r, debit), from, kind_of(x->r, credit), to,
		       amount, asset);
		return;
	case EXPORT_HLEDGER:
		coins_put(coins, r->asset, r->amount);
		hledger_account(from_path, x->r, debit);
		hledger_account(to_path, x->r, credit);
		/* not words: hledger reads it */
		printf("%.10s * %s  ; sequence:%" PRIu64
		       ", id:%s\n    %s  %s %s\n    %s  -%s %s\n\n",
		       when, r->kind == LOG_POST ? "hold posted" : "transfer", sequence, id,
		       from_path, coins, commodity(r->asset), to_path, coins, commodity(r->asset));
		return;
	}
}

static int export(const struct cli *c, const char *path)
{
	struct reading r = { .why = NULL };
	struct exported x = { .r = &r, .format = EXPORT_CSV };
	int code;

	if (strcmp(c->format, "json") == 0) {
		x.format = EXPORT_JSON;
	} else if (strcmp(c->format, "hledger") == 0) {
		x.format = EXPORT_HLEDGER;
	} else if (strcmp(c->format, "csv") != 0) {
		return cli_fail(ERR_CONFIG, "format: csv, json or hledger");
	}
	r.posting = export_posting;
	r.ctx = &x;
	if (empty_books(&r.books) != ERR_OK) {
		return cli_fail(ERR_FULL, "no memory");
	}
	if (x.format == EXPORT_CSV) {
		/* not words */
		printf("sequence,time,id,debit_kind,debit,credit_kind,credit,amount,asset\n");
	} else if (x.format == EXPORT_HLEDGER) {
		/* not words */
		printf("; kuramorid's journal\ncommodity 1000.000000 XEM\ncommodity 1000. JPY\n\n");
	}
	/* What was printed before a fault is followed by the exit code: a reader must look at it.
	 */
	code = read_journal(c, path, &r);
	if (code == 0 && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
		code = cli_fail(ERR_IO, "the output could not be written");
	}
	books_free(&r.books);
	return code;
}

int cli_books(struct cli *c, const char *const *w, size_t n)
{
	if (c->server && n >= 2 && strcmp(w[0], "balance") == 0) {
		return books_server_balance(c, w + 1, n - 1);
	}
	if (c->server && n == 2 && strcmp(w[0], "statement") == 0) {
		return books_server_statement(c, w[1]);
	}
	if (!c->server && n >= 2 && strcmp(w[0], "balance") == 0) {
		return balance(c, w[1], w + 2, n - 2);
	}
	if (!c->server && n == 3 && strcmp(w[0], "statement") == 0) {
		return statement(c, w[1], w[2]);
	}
	if (n == 2 && strcmp(w[0], "export") == 0) {
		return export(c, w[1]);
	}
	if (n == 2 && strcmp(w[0], "close") == 0) {
		return books_close_command(c, w[1]);
	}
	if (n == 3 && strcmp(w[0], "limit") == 0) {
		return books_limit_command(c, w[1], w[2]);
	}
	if (n == 5 && strcmp(w[0], "hold") == 0) {
		return books_hold_command(c, w[1], w[2], w[3], w[4]);
	}
	if (n == 2 && strcmp(w[0], "entries") == 0) {
		return books_entries_command(c, w[1]);
	}
	if (n == 2 && strcmp(w[0], "verify") == 0) {
		return books_verify_command(c, w[1]);
	}
	if (n == 2 && strcmp(w[0], "backup") == 0) {
		return books_backup_command(c, w[1]);
	}
	if (n == 3 && strcmp(w[0], "restore") == 0) {
		return books_restore_command(c, w[1], w[2]);
	}
	return cli_fail(
	    ERR_USAGE,
	    "it is: kuramori books balance JOURNAL [ACCOUNT...], books statement "
	    "JOURNAL ACCOUNT, books export JOURNAL, books verify JOURNAL, books backup FILE, "
	    "books restore FILE JOURNAL, books close ACCOUNT, books limit ACCOUNT AMOUNT, books "
	    "hold DEBIT CREDIT AMOUNT MOMENT or books entries FILE; with --server yes: books "
	    "balance ACCOUNT... or books "
	    "statement ACCOUNT");
}
