/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_demo.c - `kuramori trace demo coincheck FOLDER`: the theft of 2018 as files to try the
 * other commands on, and what came of it beside what was published.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/hex.h"
#include "crypto/sha256.h"
#include "io/file.h"
#include "io/random.h"
#include "store/columns_feed.h"
#include "trace.h"
#include "trace/coincheck.h"
#include "trace_command.h"
#include "trace_run.h"
#include "trace_words.h"

enum {
	MIDNIGHT_S = 1516892400, /* 26 January 2018 00:00 JST */
	/* Of the block at that midnight, so that the first theft is at 1475053: an estimate, as in
	 * the fact sheet, and one block a minute from there. */
	MIDNIGHT_HEIGHT = 1475051,
	WHEN_COLUMNS = 18,
	WHAT_COLUMNS = 44,
	FIGURE_COLUMNS = 16,
};

struct demo {
	struct coincheck story;
	const char *folder;
	FILE *csv;
	struct columns_feed *feed;
	uint64_t line;
	uint64_t *reached; /* of each figure, by two rules */
};

static const char *const rules[] = { "fifo", "haircut" };

static void path_of(char out[CLI_PATH_MAX], const struct demo *d, const char *name)
{
	int n = snprintf(out, CLI_PATH_MAX, "%s/%s", d->folder, name);

	CHECK(n > 0 && n < CLI_PATH_MAX);
}

static void id_of(struct hash32 *out, const char *what, size_t number)
{
	char text[64];
	int n = snprintf(text, sizeof text, "kuramori trace demo coincheck %s %zu", what,
			 number); /* not words */

	CHECK(n > 0 && (size_t)n < sizeof text);
	sha256(out, bytes_of(text, (size_t)n));
}

/* A row into the file and into the store. */
static int row(struct demo *d, const struct ingest_transfer *t, const char *basis)
{
	struct columns_fault fault;
	char hex[65];
	uint64_t bad = 0;
	enum err e = columns_feed_transfer(d->feed, t, ++d->line, &bad, &fault);

	if (e != ERR_OK) {
		return cli_trace_failed(e, d->folder, &fault);
	}
	hex_put(hex, bytes_of(t->tx.b, sizeof t->tx.b));
	(void)fprintf(d->csv, /* not words */
		      "%" PRIu64 ",%" PRIu64 ",%s,%" PRIu64 ",%.*s,%.*s,%" PRIu64 ",nem:xem,%s\n",
		      t->height, t->time_s, hex, t->index, (int)t->from.n, (const char *)t->from.p,
		      (int)t->to.n, (const char *)t->to.p, t->amount, basis);
	return 0;
}

static int rows(struct demo *d)
{
	const struct coincheck *s = &d->story;
	struct columns_fault fault;
	uint64_t bad = 0;
	int code = 0;
	enum err e;

	(void)fprintf(d->csv,
		      "height,time,txid,index,from,to,amount,asset,basis\n"); /* not words */
	d->line = 1;
	for (size_t i = 0; code == 0 && i < s->accounts_n; i++) {
		struct ingest_transfer t = { .height = MIDNIGHT_HEIGHT - 1,
					     .time_s = MIDNIGHT_S - 60,
					     .has_index = true,
					     .to = nem_address_bytes(&s->accounts[i].address),
					     .amount = s->accounts[i].opening,
					     .asset = bytes_str("nem:xem") };

		id_of(&t.tx, "opening", i);
		code = t.amount > 0 ? row(d, &t, "generated") : 0;
	}
	for (size_t i = 0; code == 0 && i < s->transfers_n; i++) {
		const struct coincheck_transfer *x = &s->transfers[i];
		const char *basis = x->published ? "published" : "generated";
		struct ingest_transfer t = { .height =
						 MIDNIGHT_HEIGHT + (x->time_s - MIDNIGHT_S) / 60,
					     .time_s = x->time_s,
					     .has_index = true,
					     .from =
						 nem_address_bytes(&s->accounts[x->from].address),
					     .to = nem_address_bytes(&s->accounts[x->to].address),
					     .amount = x->amount,
					     .asset = bytes_str("nem:xem") };

		id_of(&t.tx, "transfer", i);
		code = row(d, &t, basis);
		t.index = 1;
		t.to = nem_address_bytes(&s->accounts[s->harvester].address);
		t.amount = x->fee;
		code = code != 0 ? code : row(d, &t, basis);
	}
	if (code != 0) {
		return code;
	}
	e = columns_feed_end(d->feed, &bad, &fault);
	return e == ERR_OK ? 0 : cli_trace_failed(e, d->folder, &fault);
}

/* The store and transfers.csv, which say the same. */
static int put_transfers(struct demo *d)
{
	struct columns_options options = { .source = COLUMNS_FROM_TRANSFERS };
	struct trace_words_file file;
	struct columns_fault fault;
	struct columns *s = NULL;
	char path[CLI_PATH_MAX];
	int code, closed;
	enum err e;

	random_fill(options.seed, sizeof options.seed);
	path_of(path, d, "store");
	e = columns_open(&s, path, &options, &fault);
	if (e != ERR_OK) {
		return cli_trace_failed(e, path, &fault);
	}
	if (columns_feed_new(&d->feed, s) != ERR_OK) {
		columns_close(s);
		return cli_fail(ERR_FULL, "no memory");
	}
	path_of(path, d, "transfers.csv");
	trace_words_open(&file, path);
	d->csv = file.out;
	code = rows(d);
	columns_feed_free(d->feed);
	columns_close(s);
	closed = trace_words_close(&file);
	return code != 0 ? code : closed;
}

static int put_labels(const struct demo *d)
{
	static const char *const categories[] = {
		[COINCHECK_VICTIM] = "victim",       [COINCHECK_THIEF] = "perpetrator",
		[COINCHECK_EXCHANGE] = "exchange",   [COINCHECK_SERVICE] = "service",
		[COINCHECK_HARVESTER] = "harvester",
	};
	struct trace_words_file file;
	char path[CLI_PATH_MAX];

	path_of(path, d, "labels.csv");
	trace_words_open(&file, path);
	(void)fprintf(file.out, "address,label,category,source,confidence\n"); /* not words */
	for (size_t i = 0; i < d->story.accounts_n; i++) {
		const struct coincheck_account *a = &d->story.accounts[i];

		if (a->part != COINCHECK_OTHER) {
			(void)fprintf(file.out, "%s,%s,%s,%s,%d\n", a->address.text, a->name,
				      categories[a->part],
				      a->published
					  ? "press: the address was published"    /* not words */
					  : "generated: nobody has this address", /* not words */
				      a->published ? 70 : 5);
		}
	}
	return trace_words_close(&file);
}

static json_t *fresh(json_t *j)
{
	CHECK(j != NULL);
	return j;
}

static int put_case(const struct demo *d)
{
	json_t *seeds = fresh(json_array()), *j;
	struct trace_words_file file;
	char path[CLI_PATH_MAX], hex[65];

	for (size_t i = 0; i < d->story.transfers_n; i++) {
		const struct coincheck_transfer *t = &d->story.transfers[i];
		struct hash32 id;

		if (t->theft) {
			id_of(&id, "transfer", i);
			hex_put(hex, bytes_of(id.b, sizeof id.b));
			CHECK(json_array_append_new(
				  seeds, fresh(json_pack("{s:s,s:s}", "tx", hex, "to",
							 d->story.accounts[t->to].address.text))) ==
			      0);
		}
	}
	j = fresh(json_pack(
	    "{s:s,s:s,s:s,s:s,s:i,s:b,s:o,s:[s,s],s:[{s:s}]}", "case", "coincheck-2018", "note",
	    "The eleven thefts and twelve addresses were published; all else is generated to the "
	    "published totals and is no record of what happened.",
	    "asset", "nem:xem", "unit", "XEM", "decimals", 6, "generated", 1, "seeds", seeds,
	    "sink_categories", "exchange", "service", "labels", "file", "labels.csv"));
	path_of(path, d, "case.json");
	trace_words_open(&file, path);
	CHECK(json_dumpf(j, file.out, JSON_INDENT(2)) == 0);
	(void)fputc('\n', file.out);
	json_decref(j);
	return trace_words_close(&file);
}

static bool is_named(const struct trace_run_account *a, const struct coincheck_figure *f)
{
	return a->label != NULL &&
	       (strcmp(f->name, "exchanges") == 0 ? strcmp(a->label->category, "exchange") == 0
						  : strcmp(a->label->label, f->name) == 0);
}

/* What reached whom until when, by two rules. */
static int count_reached(struct demo *d, const struct coincheck_figure *f, size_t n)
{
	struct casefile file;
	struct trace_run run;
	char path[CLI_PATH_MAX], store[CLI_PATH_MAX];
	int code;

	path_of(path, d, "case.json");
	path_of(store, d, "store");
	code = casefile_read(&file, path);
	if (code != 0) {
		casefile_free(&file);
		return code;
	}
	code = trace_run_open(&run, &file, path, store, 0, TRACE_RUN_ONCE);
	for (size_t p = 0; code == 0 && p < ARRAY_LEN(rules); p++) {
		unsigned at = 0;

		code = trace_run_policy(&file, rules[p], &at);
		for (size_t k = 0; code == 0 && k < run.events_n; k++) {
			const struct trace_run_account *to =
			    &run.accounts[trace_run_place(&run, run.c.to[run.events[k]])];
			uint64_t time_s = trace_run_block(&run, run.events[k])->time_s;

			for (size_t i = 0; i < n; i++) {
				if (f[i].count == COINCHECK_REACHED && time_s < f[i].until_s &&
				    is_named(to, &f[i])) {
					d->reached[i * ARRAY_LEN(rules) + p] +=
					    trace_run_move(&run, k, at)->units;
				}
			}
		}
	}
	trace_run_free(&run);
	casefile_free(&file);
	return code;
}

static const char *what_of(char out[64], const struct coincheck_figure *f)
{
	static const char *const words[] = {
		[COINCHECK_STOLEN] = N_("stolen in all"),
		[COINCHECK_LEFT] = N_("left the thief's accounts"),
		[COINCHECK_SENDS] = N_("transfers from them"),
		[COINCHECK_LARGEST] = N_("the largest to others"),
		[COINCHECK_PEAK] = N_("left on the busiest day"),
		[COINCHECK_ACCOUNTS] = N_("accounts of the thief"),
	};

	if (f->count == COINCHECK_REACHED) {
		(void)snprintf(out, 64, _("stolen coins at %s"), f->name);
		return out;
	}
	return words_of(words[f->count]);
}

static bool is_amount(const struct coincheck_figure *f)
{
	return f->count != COINCHECK_SENDS && f->count != COINCHECK_ACCOUNTS;
}

static void figure_text(char out[32], const struct coincheck_figure *f, uint64_t v)
{
	uint64_t whole = is_amount(f) ? v / 1000000 : v;
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%" PRIu64, whole);
	size_t k = 0;

	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0) {
			out[k++] = ',';
		}
		out[k++] = digits[i];
	}
	out[k] = '\0';
}

static void put_table(const struct demo *d, const struct coincheck_figure *f, size_t n)
{
	char cell[256];

	printf(_("GENERATED: the eleven thefts and twelve addresses were published; all between is "
		 "made up to\nthe published totals and is no record of what happened.\n\n"));
	printf("%s", words_column(cell, sizeof cell, _("until (JST)"), WHEN_COLUMNS));
	printf("%s", words_column(cell, sizeof cell, _("what"), WHAT_COLUMNS));
	printf("%s", words_column(cell, sizeof cell, _("published"), -FIGURE_COLUMNS));
	printf("%s\n", words_column(cell, sizeof cell, _("here"), -FIGURE_COLUMNS));
	for (size_t i = 0; i < n; i++) {
		char what[64], value[32], published[40];

		figure_text(value, &f[i], f[i].published);
		(void)snprintf(published, sizeof published, "%s%s", f[i].at_least ? "> " : "",
			       value);
		for (size_t p = 0; p < (f[i].count == COINCHECK_REACHED ? ARRAY_LEN(rules) : 1);
		     p++) {
			char line[128];

			(void)snprintf(line, sizeof line, "%s%s%s", what_of(what, &f[i]),
				       f[i].count == COINCHECK_REACHED ? ", " : "",
				       f[i].count == COINCHECK_REACHED ? rules[p] : "");
			figure_text(value, &f[i],
				    f[i].count == COINCHECK_REACHED
					? d->reached[i * ARRAY_LEN(rules) + p]
					: coincheck_counted(&d->story, &f[i]));
			printf("%s", words_column(cell, sizeof cell, p == 0 ? f[i].when : "",
						  WHEN_COLUMNS));
			printf("%s", words_column(cell, sizeof cell, line, WHAT_COLUMNS));
			printf("%s", words_column(cell, sizeof cell, p == 0 ? published : "",
						  -FIGURE_COLUMNS));
			printf("%s\n", words_column(cell, sizeof cell, value, -FIGURE_COLUMNS));
		}
	}
	printf(_("\nSources of the published figures: kuramori --json trace demo coincheck.\n"
		 "Next: kuramori trace report %s/case.json %s/store svg=%s/flow.svg\n"),
	       d->folder, d->folder, d->folder);
}

static json_t *units_json(uint64_t v)
{
	char digits[24];

	(void)snprintf(digits, sizeof digits, "%" PRIu64, v);
	return fresh(json_string(digits));
}

static void put_json(const struct demo *d, const struct coincheck_figure *f, size_t n)
{
	static const char *const counts[] = {
		[COINCHECK_STOLEN] = "stolen",   [COINCHECK_LEFT] = "left",
		[COINCHECK_SENDS] = "sends",     [COINCHECK_LARGEST] = "largest",
		[COINCHECK_PEAK] = "peak_day",   [COINCHECK_ACCOUNTS] = "accounts",
		[COINCHECK_REACHED] = "reached",
	};
	json_t *all = fresh(json_array()), *o;

	for (size_t i = 0; i < n; i++) {
		o = fresh(json_pack("{s:s,s:I,s:s,s:s,s:b,s:o,s:s}", "until", f[i].when, "until_s",
				    (json_int_t)f[i].until_s, "count", counts[f[i].count], "name",
				    f[i].name, "at_least", f[i].at_least, "published",
				    units_json(f[i].published), "source", f[i].source));
		if (f[i].count == COINCHECK_REACHED) {
			for (size_t p = 0; p < ARRAY_LEN(rules); p++) {
				CHECK(json_object_set_new(
					  o, rules[p],
					  units_json(d->reached[i * ARRAY_LEN(rules) + p])) == 0);
			}
		} else {
			CHECK(json_object_set_new(
				  o, "here", units_json(coincheck_counted(&d->story, &f[i]))) == 0);
		}
		CHECK(json_array_append_new(all, o) == 0);
	}
	o = fresh(json_pack("{s:b,s:s,s:I,s:I,s:o}", "generated", 1, "folder", d->folder,
			    "accounts", (json_int_t)d->story.accounts_n, "transfers",
			    (json_int_t)d->story.transfers_n, "figures", all));
	(void)json_dumpf(o, stdout, JSON_COMPACT);
	printf("\n");
	json_decref(o);
}

static int make(struct demo *d)
{
	int code = put_transfers(d);

	code = code != 0 ? code : put_labels(d);
	return code != 0 ? code : put_case(d);
}

int trace_demo_command(struct cli *c, const char *const *w, size_t n)
{
	static const char *const known[] = { "seed", NULL };
	size_t figures_n = 0;
	const struct coincheck_figure *figures = coincheck_figures(&figures_n);
	struct demo d = { .folder = n >= 2 ? w[1] : "" };
	uint64_t seed = 1;
	int code;

	if (n < 2 || strcmp(w[0], "coincheck") != 0) {
		return cli_fail(
		    ERR_USAGE,
		    "it is: kuramori trace demo coincheck FOLDER [seed=N]; FOLDER is made");
	}
	code = trace_words_check(w + 2, n - 2, known);
	code = code != 0 ? code : trace_words_number(w + 2, n - 2, "seed", UINT64_MAX, &seed);
	if (code != 0) {
		return code;
	}
	if (strlen(d.folder) + 32 > CLI_PATH_MAX) {
		return cli_fail(ERR_USAGE, "%.100s...: this path is too long", d.folder);
	}
	if (mkdir(d.folder, 0700) != 0) {
		return errno == EEXIST
			   ? cli_fail(ERR_EXISTS, "%s is there: name a folder that is not",
				      d.folder)
			   : cli_fail(ERR_IO, "%s: %s", d.folder, strerror(errno));
	}
	if (coincheck_make(&d.story, seed) != ERR_OK) {
		coincheck_free(&d.story);
		return cli_fail(ERR_FULL, "no memory");
	}
	d.reached = calloc(figures_n * ARRAY_LEN(rules), sizeof *d.reached);
	CHECK(d.reached != NULL);
	code = make(&d);
	code = code != 0 ? code : count_reached(&d, figures, figures_n);
	if (code == 0) {
		(c->json ? put_json : put_table)(&d, figures, figures_n);
	}
	free(d.reached);
	coincheck_free(&d.story);
	return code;
}
