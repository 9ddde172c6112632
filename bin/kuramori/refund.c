/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refund.c - `kuramori books refund`: rows and plan out of claims, their check, handing the plan
 * in, and one customer's row with its proof.  The arithmetic is books/refund.h; the run itself is
 * `kuramorid --refund-plan`.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/hex.h"
#include "books/refund.h"
#include "books_command.h"
#include "cli.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/random.h"
#include "log/batch.h"

enum { FILE_BYTES_MAX = 256 << 20 };

struct claim {
	struct bytes customer;
	u128 lost;
};

/* A whole file into fresh memory that the caller frees, NUL behind it.  0 or an exit code. */
static int read_whole(const char *path, uint8_t **out, size_t *n)
{
	struct stat st;
	enum err e;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX) {
		return cli_fail(ERR_IO, "%s: not a file of at most 256 MiB", path);
	}
	*out = malloc((size_t)st.st_size + 1);
	if (*out == NULL) {
		return cli_fail(ERR_FULL, "no memory");
	}
	e = file_read(path, *out, (size_t)st.st_size + 1, n);
	return e == ERR_OK ? 0 : cli_fail(e, "%s", path);
}

static int read_plan(const struct cli *c, const char *path, struct doc_plan *plan,
		     struct hash32 *id, struct bytes *raw)
{
	static uint8_t space[DOC_BYTES_MAX];
	struct doc_fault fault = { .why = "" };
	size_t n = 0;
	struct doc d;
	enum err e;
	int code = cli_read(path, space, sizeof space, &n);

	if (code != 0) {
		return code;
	}
	e = doc_open(&d, bytes_of(space, n), &c->genesis_id, &fault);
	if (e == ERR_OK) {
		e = doc_plan_read(&d, plan, &fault);
	}
	*id = d.id;
	*raw = bytes_of(space, n);
	return e == ERR_OK ? 0 : cli_fail(e, "%s: %s: %s", path, fault.field, words_of(fault.why));
}

/* --- plan --- */

static int by_customer(const void *a, const void *b)
{
	return bytes_cmp(((const struct claim *)a)->customer, ((const struct claim *)b)->customer);
}

/* Lines customer,micro-XEM, with or without the head "customer,amount"; zero is no loss. */
static int claims_get(const char *path, struct bytes text, struct claim **out, size_t *count)
{
	size_t cap = 0, line_no = 0;

	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);
		struct bytes line = bytes_of(text.p, n);
		const uint8_t *comma = line.n == 0 ? NULL : memchr(line.p, ',', line.n);
		struct money lost;

		text = end == NULL ? bytes_of(NULL, 0) : bytes_of(end + 1, text.n - n - 1);
		line_no++;
		if (line_no == 1 && bytes_eq(line, bytes_str("customer,amount"))) {
			continue;
		}
		if (*count == cap) {
			void *more = realloc(*out, (cap + cap / 2 + 1024) * sizeof **out);

			if (more == NULL) {
				return cli_fail(ERR_FULL, "no memory");
			}
			*out = more;
			cap += cap / 2 + 1024;
		}
		if (comma == NULL || !doc_name_ok(bytes_of(line.p, (size_t)(comma - line.p))) ||
		    money_parse(&lost, ASSET_XEM,
				bytes_of(comma + 1, line.n - (size_t)(comma - line.p) - 1)) !=
			ERR_OK) {
			return cli_fail(ERR_INPUT, "%s:%zu: a line is CUSTOMER,MICRO-XEM", path,
					line_no);
		}
		if (!money_is_zero(&lost)) {
			(*out)[(*count)++] =
			    (struct claim){ bytes_of(line.p, (size_t)(comma - line.p)),
					    money_units(&lost) };
		}
	}
	if (*count == 0) {
		return cli_fail(ERR_INPUT, "%s: no claims", path);
	}
	qsort(*out, *count, sizeof **out, by_customer);
	return 0;
}

struct moment {
	struct log_chain chain, at; /* at: after the last batch that is old enough */
	uint64_t until_ms;
	bool past;
};

static enum err each(void *ctx, struct bytes batch)
{
	struct moment *m = ctx;
	struct log_view view;
	struct log_record r;
	enum err e = cli_journal_next(&m->chain, &view, batch);

	for (uint32_t i = 0; e == ERR_OK && i < view.head.count; i++) {
		e = log_view_record(&r, &view, i);
		m->past = m->past || (e == ERR_OK && r.time_ms > m->until_ms);
	}
	if (e == ERR_OK && !m->past) {
		m->at = m->chain;
	}
	return e;
}

/* Where the journal stood at that moment. */
static int moment_get(struct doc_plan *plan, const char *path)
{
	static uint8_t buffer[LOG_BATCH_BYTES_MAX];
	static struct cli_journal journal;
	struct moment m = { .until_ms = plan->as_of_ms };
	int code = cli_journal_open(&journal, path);
	enum err e;

	if (code != 0) {
		return code;
	}
	log_chain_init(&m.chain);
	m.at = m.chain;
	e = store_replay(journal.store, buffer, sizeof buffer, each, &m);
	store_close(journal.store);
	if (e != ERR_OK) {
		return cli_fail(e, "%s: after %" PRIu64 " records", path, m.chain.next_sequence);
	}
	if (m.at.next_sequence == 0) {
		return cli_fail(ERR_NOT_FOUND, "%s: nothing is as old as that", path);
	}
	plan->sequence = m.at.next_sequence;
	plan->head = m.at.head;
	return 0;
}

/* The text of the rows; the caller frees it. */
static int rows_make(struct writer *out, const struct refund_rate *rate, const struct claim *claims,
		     size_t n)
{
	struct hash32 salt;
	size_t cap = (n + 2) * REFUND_LINE_MAX;
	uint8_t *p = malloc(cap);

	if (p == NULL) {
		return cli_fail(ERR_FULL, "no memory");
	}
	*out = writer_make(p, cap);
	random_fill(salt.b, sizeof salt.b);
	refund_head_put(out, &salt);
	for (size_t i = 0; i < n; i++) {
		struct refund_row row = { claims[i].customer, claims[i].lost, 0 };

		if (refund_due(&row.paid, rate, row.lost) != ERR_OK) {
			return cli_fail(ERR_OVERFLOW,
					"customer %.*s: more than can be computed with",
					(int)row.customer.n, (const char *)row.customer.p);
		}
		refund_row_put(out, &row);
	}
	CHECK(!out->bad);
	return 0;
}

static int sum(struct refund_sum *s, const struct refund_rate *rate, struct bytes text,
	       const char *path, refund_on_row on_row, void *ctx)
{
	struct doc_fault fault = { .why = "" };
	enum err e;

	refund_sum_init(s, rate);
	e = refund_sum_read(s, text, on_row, ctx, &fault);
	return e == ERR_OK ? 0 : cli_fail(e, "%s: %s: %s", path, fault.field, words_of(fault.why));
}

static int plan_settings(const struct cli *c, struct doc_plan *plan, struct refund_rate *rate)
{
	int code;

	*plan = (struct doc_plan){ .asset = ASSET_XEM,
				   .currency = ASSET_JPY,
				   .genesis = c->genesis_id,
				   .rounding = DOC_ROUNDING_HALF_UP,
				   .time_ms = clock_wall_ms() };
	(void)snprintf(plan->initiator, sizeof plan->initiator, "%s", c->person);
	(void)snprintf(plan->rate, sizeof plan->rate, "%s", c->rate);
	(void)snprintf(plan->reason, sizeof plan->reason, "%s", c->reason);
	if (refund_rate_read(rate, bytes_str(c->rate)) != ERR_OK) {
		return cli_fail(ERR_CONFIG, "rate: yen for one XEM in its shortest spelling, as "
					    "88.549");
	}
	if (c->as_of[0] == '\0') {
		return cli_fail(ERR_CONFIG, "as_of: the moment of the loss");
	}
	code = books_moment(c, &plan->as_of_ms);
	if (code != 0) {
		return code;
	}
	return c->reason[0] != '\0' ? 0 : cli_fail(ERR_USAGE, "say why: --reason TEXT");
}

static int plan(struct cli *c, const char *claims_path, const char *rows_path,
		const char *plan_path, const char *journal)
{
	static struct doc_plan x;
	static struct refund_sum s;
	uint8_t *text = NULL;
	struct claim *claims = NULL;
	struct refund_rate rate;
	struct writer rows = { NULL, 0, 0, false };
	struct sha256 h;
	struct hash32 id;
	struct bytes raw;
	char hex[65];
	size_t n = 0, count = 0;
	enum err e = ERR_OK;
	int code = plan_settings(c, &x, &rate);

	if (code == 0) {
		code = read_whole(claims_path, &text, &n);
	}
	if (code == 0) {
		code = claims_get(claims_path, bytes_of(text, n), &claims, &count);
	}
	if (code == 0 && journal != NULL) {
		code = moment_get(&x, journal);
	}
	if (code == 0) {
		code = rows_make(&rows, &rate, claims, count);
	}
	if (code == 0) {
		code = sum(&s, &rate, bytes_of(rows.p, rows.n), claims_path, NULL, NULL);
	}
	if (code == 0) {
		x.customers = s.customers;
		x.lost = s.lost;
		x.paid = s.paid;
		log_tree_root(&x.root, &s.tree);
		h = s.text;
		sha256_final(&h, &x.rows);
		code = cli_sign(c, DOC_PLAN, &x, &raw, &id);
	}
	if (code == 0) {
		e = file_write_new(rows_path, 0400, bytes_of(rows.p, rows.n));
		code = e == ERR_OK ? 0 : cli_fail(e, "%s: rows are never overwritten", rows_path);
	}
	if (code == 0) {
		e = file_write_new(plan_path, 0444, raw);
		code = e == ERR_OK ? 0 : cli_fail(e, "%s: a plan is never overwritten", plan_path);
	}
	if (code == 0) {
		hex_put(hex, bytes_of(id.b, sizeof id.b));
		printf(c->json ? "{\"plan\":\"%s\"}\n" : "plan %s\n", hex);
	}
	free(rows.p);
	free(claims);
	free(text);
	return code;
}

/* --- check and show --- */

struct wanted {
	struct bytes customer;
	struct hash32 *leaves;
	size_t n, cap;
	bool found;
	size_t at;
	u128 lost, paid;
};

static enum err keep_leaf(void *ctx, const struct refund_row *row, const struct hash32 *leaf)
{
	struct wanted *w = ctx;

	if (w->n == w->cap) {
		void *more = realloc(w->leaves, (w->cap + w->cap / 2 + 1024) * sizeof *w->leaves);

		if (more == NULL) {
			return ERR_FULL;
		}
		w->leaves = more;
		w->cap += w->cap / 2 + 1024;
	}
	if (bytes_eq(row->customer, w->customer)) {
		w->found = true;
		w->at = w->n;
		w->lost = row->lost;
		w->paid = row->paid;
	}
	w->leaves[w->n++] = *leaf;
	return ERR_OK;
}

static enum err leaf_at(void *ctx, uint64_t index, struct hash32 *out)
{
	const struct wanted *w = ctx;

	*out = w->leaves[index];
	return ERR_OK;
}

/* The rows are the plan's: read, judged; on_row sees each. */
static int judged(struct refund_sum *s, const struct doc_plan *x, const char *path,
		  refund_on_row on_row, void *ctx)
{
	struct doc_fault fault = { .why = "" };
	struct refund_rate rate;
	uint8_t *text = NULL;
	size_t n = 0;
	enum err e = refund_rate_read(&rate, bytes_str(x->rate));
	int code = e == ERR_OK ? read_whole(path, &text, &n) : cli_fail(e, "rate");

	if (code == 0) {
		code = sum(s, &rate, bytes_of(text, n), path, on_row, ctx);
	}
	if (code == 0) {
		e = refund_sum_judge(s, x, &fault);
		code = e == ERR_OK ? 0 : cli_fail(e, "%s: %s", fault.field, words_of(fault.why));
	}
	free(text);
	return code;
}

static void units_put(char out[MONEY_TEXT_MAX], u128 units)
{
	struct money m = money_of(ASSET_JPY, units);

	money_put(out, &m);
}

static int check(struct cli *c, const char *plan_path, const char *rows_path)
{
	static struct doc_plan x;
	static struct refund_sum s;
	char lost[MONEY_TEXT_MAX], paid[MONEY_TEXT_MAX];
	struct hash32 id;
	struct bytes raw;
	int code = read_plan(c, plan_path, &x, &id, &raw);

	if (code == 0) {
		code = judged(&s, &x, rows_path, NULL, NULL);
	}
	if (code != 0) {
		return code;
	}
	units_put(lost, s.lost);
	units_put(paid, s.paid);
	printf(c->json
		   ? "{\"customers\":%" PRIu64 ",\"lost\":\"%s\",\"paid\":\"%s\"}\n"
		   : _("the rows are the plan's: %" PRIu64 " customers, %s micro-XEM, %s yen\n"),
	       s.customers, lost, paid);
	return 0;
}

static void print_row(const struct cli *c, const struct doc_plan *x, const struct refund_sum *s,
		      const struct wanted *w, const struct log_proof *proof,
		      const struct hash32 *id)
{
	char lost[MONEY_TEXT_MAX], paid[MONEY_TEXT_MAX], plan_hex[65], root[65], salt[65], hex[65];
	char name[DOC_NAME_MAX + 1];
	struct hash32 own;
	json_t *hashes = json_array(), *all;

	(void)snprintf(name, sizeof name, "%.*s", (int)w->customer.n, (const char *)w->customer.p);
	refund_salt(&own, &s->salt, w->customer);
	units_put(lost, w->lost);
	units_put(paid, w->paid);
	hex_put(plan_hex, bytes_of(id->b, sizeof id->b));
	hex_put(root, bytes_of(x->root.b, sizeof x->root.b));
	hex_put(salt, bytes_of(own.b, sizeof own.b));
	for (size_t i = 0; i < proof->n; i++) {
		hex_put(hex, bytes_of(proof->hash[i].b, sizeof proof->hash[i].b));
		CHECK(json_array_append_new(hashes, json_string(hex)) == 0);
	}
	if (!c->json) {
		printf(
		    _("customer     %s\nlost         %s micro-XEM\nis paid      %s yen, at %s yen "
		      "for "
		      "1 XEM, half and more up\n"),
		    name, lost, paid, x->rate);
		printf(_("plan         %s\nroot         %s\nrow          %zu of %" PRIu64
			 "\nsalt         %s\n"),
		       plan_hex, root, w->at, s->customers, salt);
		for (size_t i = 0; i < proof->n; i++) {
			printf("%-12s %s\n", i == 0 ? _("proof") : "",
			       json_string_value(json_array_get(hashes, i)));
		}
		json_decref(hashes);
		return;
	}
	all = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:o}", "customer", name, "lost", lost,
			"paid", paid, "rate", x->rate, "plan", plan_hex, "root", root, "salt", salt,
			"index", (json_int_t)w->at, "size", (json_int_t)s->customers, "proof",
			hashes);
	CHECK(all != NULL);
	(void)json_dumpf(all, stdout, JSON_COMPACT);
	(void)fputc('\n', stdout);
	json_decref(all);
}

static int show(struct cli *c, const char *plan_path, const char *rows_path, const char *customer)
{
	static struct doc_plan x;
	static struct refund_sum s;
	struct wanted w = { .customer = bytes_str(customer) };
	struct log_proof proof;
	struct hash32 id;
	struct bytes raw;
	int code = read_plan(c, plan_path, &x, &id, &raw);

	if (code == 0) {
		code = judged(&s, &x, rows_path, keep_leaf, &w);
	}
	if (code == 0 && !w.found) {
		code = cli_fail(ERR_NOT_FOUND, "%.64s has no row in this plan", customer);
	}
	if (code == 0) {
		CHECK(log_tree_prove_inclusion(&proof, w.at, w.n, leaf_at, &w) == ERR_OK);
		print_row(c, &x, &s, &w, &proof, &id);
	}
	free(w.leaves);
	return code;
}

static int propose(struct cli *c, const char *path)
{
	static struct doc_plan x;
	struct hash32 id;
	struct bytes raw;
	int code = read_plan(c, path, &x, &id, &raw);

	return code != 0 ? code : cli_propose(c, raw, &id, "plan", N_("three other people"));
}

int cli_refund(struct cli *c, const char *const *w, size_t n)
{
	bool make = (n == 4 || n == 5) && strcmp(w[0], "plan") == 0;
	int code = cli_documents(c, make);

	if (code != 0) {
		return code;
	}
	if (make) {
		return plan(c, w[1], w[2], w[3], n == 5 ? w[4] : NULL);
	}
	if (n == 3 && strcmp(w[0], "check") == 0) {
		return check(c, w[1], w[2]);
	}
	if (n == 2 && strcmp(w[0], "propose") == 0) {
		return propose(c, w[1]);
	}
	if (n == 4 && strcmp(w[0], "show") == 0) {
		return show(c, w[1], w[2], w[3]);
	}
	return cli_fail(ERR_USAGE, "it is: kuramori books refund plan CLAIMS ROWS PLAN [JOURNAL], "
				   "refund check PLAN ROWS, refund propose PLAN or refund show "
				   "PLAN ROWS CUSTOMER");
}
