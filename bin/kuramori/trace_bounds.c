/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_bounds.c - `kuramori trace bounds`: how much of one deposit, or of what an address holds,
 * is a case's under every rule, and how much under any; beside what each rule of the case says.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "trace_bundle.h"
#include "trace_command.h"
#include "trace_interval.h"
#include "trace_words.h"

enum { RULE_COLUMNS = 26, AMOUNT_COLUMNS = 24, SHARE_COLUMNS = 10, SHARE_MAX = 24 };

struct bounds {
	const struct cli *c;
	struct trace_run run;
	struct trace_asked_list asked;
	struct hash32 bundle;
	bool has_bundle, left_out;
};

/* The label of the address, NULL if it has none. */
static const struct trace_label *label_of(const struct bounds *b, const struct trace_asked *a)
{
	return trace_labels_find(b->run.labels, a->address);
}

/* Why nothing is followed from who paid; "" if it is. */
static const char *sender_sink(const struct bounds *b, const struct trace_asked *a)
{
	return a->deposit ? trace_run_sink_word(
				(enum trace_run_sink)b->run.reasons[b->run.c.from[a->event]])
			  : "";
}

static void sender_name(char out[COLUMNS_TEXT_MAX], const struct bounds *b,
			const struct trace_asked *a)
{
	columns_name_text(out, columns_view_name(&b->run.view, b->run.c.from[a->event]));
}

/* ---- text -------------------------------------------------------------------------------- */

static void put_cell(const char *text, int columns)
{
	char cell[256];

	printf("%s", words_column(cell, sizeof cell, text, columns));
}

/* A share in tenths of a percent, down or up; "" where it is none. */
static void share_of(char out[SHARE_MAX], uint64_t units, uint64_t amount, bool up)
{
	u128 tenths;

	out[0] = '\0';
	if (amount == 0 || units > amount) {
		return;
	}
	tenths = (u128)units * TRACE_INTERVAL_PER_MILLE;
	tenths = (tenths + (up ? amount - 1 : 0)) / amount;
	(void)snprintf(out, SHARE_MAX, "%u.%u %%", (unsigned)(tenths / 10),
		       (unsigned)(tenths % 10));
}

static void put_row(const struct bounds *b, const struct trace_asked *a, const char *what,
		    uint64_t units, bool up)
{
	char amount[CASEFILE_AMOUNT_MAX], share[SHARE_MAX];

	casefile_amount(amount, b->run.file, units);
	share_of(share, units, a->amount, up);
	printf("    ");
	put_cell(what, RULE_COLUMNS);
	put_cell(amount, -AMOUNT_COLUMNS);
	put_cell(share, -SHARE_COLUMNS);
	printf("\n");
}

/* Whose it is and what it is. */
static void put_title(const struct bounds *b, const struct trace_asked *a)
{
	const struct trace_label *l = label_of(b, a);
	char amount[CASEFILE_AMOUNT_MAX], who[512];

	casefile_amount(amount, b->run.file, a->amount);
	(void)snprintf(who, sizeof who, "%s%s%s%s%s%s", a->address, l == NULL ? "" : " (",
		       l == NULL ? "" : l->label, l == NULL || l->category[0] == '\0' ? "" : ", ",
		       l == NULL ? "" : l->category, l == NULL ? "" : ")");
	if (a->deposit) {
		const struct trace_block *at = trace_run_block(&b->run, a->event);
		char from[COLUMNS_TEXT_MAX], time[TRACE_PICTURE_TIME_MAX], hex[65];

		sender_name(from, b, a);
		trace_picture_time(time, at->time_s);
		hex_put(hex, bytes_of(a->tx.b, sizeof a->tx.b));
		printf(_("\nThe deposit of %s to %s\n"), amount, who);
		printf(_("  from %s, %s UTC, height %" PRIu64 ", %s\n"), from, time, at->height,
		       hex);
	} else if (a->places_n == 0) {
		printf(_("\nWhat %s holds: no coin of the case can have come there\n"), who);
	} else {
		printf(_("\nWhat %s holds, %s in all, with what was absorbed there\n"), who,
		       amount);
	}
}

static void put_verdict(const struct bounds *b, const struct trace_asked *a)
{
	char certain[CASEFILE_AMOUNT_MAX], open[CASEFILE_AMOUNT_MAX];

	casefile_amount(certain, b->run.file, a->x.lower);
	casefile_amount(open, b->run.file, a->x.upper - a->x.lower);
	if (a->x.upper == 0) {
		printf(_("  No rule can attribute a coin of it to the case.\n"));
	} else if (a->x.lower == a->x.upper) {
		printf(_("  Every rule attributes the same %s of it to the case.\n"), certain);
	} else if (a->x.lower == 0) {
		printf(_("  No part of it is certain; up to %s is the case's by some rules and "
			 "not by others.\n"),
		       open);
	} else {
		printf(_("  %s of it is the case's whatever rule is preferred; of %s more the "
			 "choice of a rule decides.\n"),
		       certain, open);
	}
	if (sender_sink(b, a)[0] != '\0') {
		printf(_("  Who paid is a sink of the case (by %s): nothing is followed beyond "
			 "him.\n"),
		       sender_sink(b, a));
	}
}

/* It is a sink, which no rule marks. */
static bool absorbs(const struct bounds *b, const struct trace_asked *a)
{
	return !a->deposit && a->places_n > 0 &&
	       b->run.accounts[a->places[0]].sink != TRACE_RUN_OPEN;
}

static void put_asked(const struct bounds *b, const struct trace_asked *a)
{
	const struct casefile *f = b->run.file;

	put_title(b, a);
	put_row(b, a, _("by every rule, at least"), a->x.lower, false);
	put_row(b, a, _("by any rule, at most"), a->x.upper, true);
	for (unsigned p = 0; p < b->run.n; p++) {
		if (trace_policy_counts(f->policies[p])) {
			put_row(b, a, trace_policy_name(f->policies[p]), a->units[p], false);
		} else if (!absorbs(b, a)) {
			printf("    ");
			put_cell(trace_policy_name(f->policies[p]), RULE_COLUMNS);
			put_cell(a->units[p] > 0 ? _("marked") : _("not marked"), -AMOUNT_COLUMNS);
			printf("\n");
		}
	}
	put_verdict(b, a);
}

static void put_text(const struct bounds *b)
{
	trace_report_head(&b->run);
	for (size_t i = 0; i < b->asked.n; i++) {
		put_asked(b, &b->asked.p[i]);
	}
	if (trace_interval_loose(b->run.file)) {
		printf(_("\nThe case gives coins up by its floor or hops, which the bounds of any "
			 "rule do "
			 "not know.\n"));
	}
	if (b->has_bundle) {
		char hex[65];

		hex_put(hex, bytes_of(b->bundle.b, sizeof b->bundle.b));
		trace_report_foot(hex, b->left_out);
	}
}

/* ---- JSON and CSV ------------------------------------------------------------------------ */

static json_t *fresh(json_t *j)
{
	CHECK(j != NULL);
	return j;
}

static void set(json_t *o, const char *key, json_t *value)
{
	CHECK(json_object_set_new(o, key, value) == 0);
}

static json_t *units_json(uint64_t v)
{
	char digits[24];

	(void)snprintf(digits, sizeof digits, "%" PRIu64, v);
	return fresh(json_string(digits));
}

static json_t *asked_json(const struct bounds *b, const struct trace_asked *a)
{
	const struct casefile *f = b->run.file;
	const struct trace_label *l = label_of(b, a);
	json_t *o = fresh(json_object()), *by = fresh(json_object());

	set(o, "kind", json_string(a->deposit ? "deposit" : "account"));
	set(o, "address", json_string(a->address));
	set(o, "label", json_string(l == NULL ? "" : l->label));
	set(o, "category", json_string(l == NULL ? "" : l->category));
	if (a->deposit) {
		const struct trace_block *at = trace_run_block(&b->run, a->event);
		char from[COLUMNS_TEXT_MAX], hex[65];

		sender_name(from, b, a);
		hex_put(hex, bytes_of(a->tx.b, sizeof a->tx.b));
		set(o, "tx", json_string(hex));
		set(o, "from", json_string(from));
		set(o, "from_sink", json_string(sender_sink(b, a)));
		set(o, "height", json_integer((json_int_t)at->height));
		set(o, "time_s", json_integer((json_int_t)at->time_s));
	}
	set(o, "amount", units_json(a->amount));
	set(o, "lower", units_json(a->x.lower));
	set(o, "upper", units_json(a->x.upper));
	for (unsigned p = 0; p < b->run.n; p++) {
		const char *name = trace_policy_name(f->policies[p]);

		if (trace_policy_counts(f->policies[p])) {
			set(by, name, fresh(json_pack("{s:o}", "units", units_json(a->units[p]))));
		} else if (!absorbs(b, a)) {
			set(by, name, fresh(json_pack("{s:b}", "marked", a->units[p] > 0)));
		}
	}
	set(o, "policies", by);
	return o;
}

static void put_json(const struct bounds *b)
{
	const struct casefile *f = b->run.file;
	json_t *o = fresh(json_object()), *all = fresh(json_array());
	char hex[65];

	hex_put(hex, bytes_of(f->id.b, sizeof f->id.b));
	set(o, "case_id", json_string(hex));
	set(o, "generated", json_boolean(f->generated));
	set(o, "height", json_integer((json_int_t)b->run.height));
	set(o, "time_s", json_integer((json_int_t)b->run.time_s));
	for (size_t i = 0; i < b->asked.n; i++) {
		CHECK(json_array_append_new(all, asked_json(b, &b->asked.p[i])) == 0);
	}
	set(o, "asked", all);
	if (b->has_bundle) {
		hex_put(hex, bytes_of(b->bundle.b, sizeof b->bundle.b));
		set(o, "bundle", json_string(hex));
	}
	CHECK(json_dumpf(o, stdout, JSON_COMPACT) == 0);
	printf("\n");
	json_decref(o);
}

static void put_csv(FILE *out, const struct bounds *b)
{
	(void)fputs("kind,tx,address,label,category,amount,lower,upper", out); /* not words */
	for (unsigned p = 0; p < b->run.n; p++) {
		(void)fprintf(out, ",%s", trace_policy_name(b->run.file->policies[p]));
	}
	(void)fputc('\n', out);
	for (size_t i = 0; i < b->asked.n; i++) {
		const struct trace_asked *a = &b->asked.p[i];
		const struct trace_label *l = label_of(b, a);
		char hex[65] = "";

		if (a->deposit) {
			hex_put(hex, bytes_of(a->tx.b, sizeof a->tx.b));
		}
		trace_words_csv(out, a->deposit ? "deposit" : "account", false); /* not words */
		trace_words_csv(out, hex, false);
		trace_words_csv(out, a->address, false);
		trace_words_csv(out, l == NULL ? "" : l->label, false);
		trace_words_csv(out, l == NULL ? "" : l->category, false);
		(void)fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64, a->amount, a->x.lower,
			      a->x.upper);
		for (unsigned p = 0; p < b->run.n; p++) {
			if (trace_policy_counts(b->run.file->policies[p]) || !absorbs(b, a)) {
				(void)fprintf(out, ",%" PRIu64, a->units[p]);
			} else {
				(void)fputc(',', out);
			}
		}
		(void)fputc('\n', out);
	}
}

/* ---- all of it --------------------------------------------------------------------------- */

static int compute(struct bounds *b)
{
	struct trace_bounds *network = NULL;
	enum err e = trace_run_bounds(&b->run, NULL, 0, &network);

	if (e == ERR_OK) {
		e = trace_asked_bounds(&b->asked, &b->run, network);
	}
	trace_bounds_free(network);
	if (e != ERR_OK) {
		return cli_fail(e, "the interval of all rules cannot be computed");
	}
	for (size_t i = 0; i < b->asked.n && !trace_interval_loose(b->run.file); i++) {
		const struct trace_asked *a = &b->asked.p[i];

		for (unsigned p = 0; p < b->run.n; p++) {
			/* the bounds are proved of every rule: one outside of them is a fault of
			 * ours */
			CHECK(!trace_policy_counts(b->run.file->policies[p]) ||
			      (a->x.lower <= a->units[p] && a->units[p] <= a->x.upper));
		}
	}
	return 0;
}

static int write_bundle(struct bounds *b, const char *path)
{
	struct trace_words_file file;
	struct trace_tally tally;
	enum err e;

	trace_tally_make(&tally, &b->run);
	trace_words_open(&file, path);
	e = trace_bundle_write(file.out, &b->bundle, &b->run, &tally, &b->asked, &b->left_out);
	trace_tally_free(&tally);
	b->has_bundle = e == ERR_OK;
	if (e == ERR_OK) {
		return trace_words_close(&file);
	}
	trace_words_drop(&file);
	return cli_fail(e, "%s: the intervals of all rules cannot be proved", path);
}

static int write_csv(const struct bounds *b, const char *path)
{
	struct trace_words_file file;

	trace_words_open(&file, path);
	put_csv(file.out, b);
	return trace_words_close(&file);
}

static int tell(struct bounds *b, const char *bundle, const char *csv)
{
	int code = compute(b);

	code = code == 0 && bundle != NULL ? write_bundle(b, bundle) : code;
	code = code == 0 && csv != NULL ? write_csv(b, csv) : code;
	if (code != 0 || (bundle != NULL && strcmp(bundle, "-") == 0) ||
	    (csv != NULL && strcmp(csv, "-") == 0)) {
		return code;
	}
	if (b->c->json) {
		put_json(b);
	} else {
		put_text(b);
	}
	return 0;
}

int trace_bounds_command(struct cli *c, const char *const *w, size_t n)
{
	static const char *const known[] = {
		"deposit*", "account*", "as_of", "bundle", "csv", NULL
	};
	static const char *const files[] = { "bundle", "csv" };
	struct bounds b = { .c = c };
	struct casefile file = { .json = NULL };
	uint64_t as_of = 0;
	int code = 0;

	if (n >= 2) {
		code = trace_words_check(w + 2, n - 2, known);
	}
	if (code == 0 && (n < 2 || (trace_words_value(w + 2, n - 2, "deposit") == NULL &&
				    trace_words_value(w + 2, n - 2, "account") == NULL))) {
		code = cli_fail(ERR_USAGE, "it is: kuramori trace bounds CASE STORE "
					   "deposit=TX/ADDRESS|account=ADDRESS... [NAME=VALUE...]");
	}
	for (size_t i = 0; code == 0 && i < ARRAY_LEN(files); i++) {
		const char *path = trace_words_value(w + 2, n - 2, files[i]);

		if (path != NULL && path[0] == '\0') {
			code = cli_fail(ERR_USAGE, "%s=: name a file, or - for standard output",
					files[i]);
		}
	}
	code = code != 0 ? code : trace_words_number(w + 2, n - 2, "as_of", JSON_INT_MAX, &as_of);
	if (code != 0) {
		return code;
	}
	code = casefile_read(&file, w[0]);
	code = code != 0 ? code : trace_run_open(&b.run, &file, w[0], w[1], as_of, TRACE_RUN_ONCE);
	code = code != 0 ? code : trace_asked_find(&b.asked, &b.run, w + 2, n - 2);
	code = code != 0 ? code
			 : tell(&b, trace_words_value(w + 2, n - 2, "bundle"),
				trace_words_value(w + 2, n - 2, "csv"));
	trace_asked_free(&b.asked);
	trace_run_free(&b.run);
	casefile_free(&file);
	return code;
}
