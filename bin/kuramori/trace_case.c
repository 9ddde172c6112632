/* SPDX-License-Identifier: Apache-2.0 */
/* trace_case.c - `kuramori trace case new|check`: a case file out of words, and what one says. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/hex.h"
#include "io/file.h"
#include "trace_command.h"
#include "trace_words.h"

static json_t *fresh(json_t *j)
{
	CHECK(j != NULL);
	return j;
}

/* A text out of a person's keyboard: what is no UTF-8 would quietly vanish from the JSON. */
static int text_json(json_t *o, const char *key, const char *value, size_t n)
{
	json_t *j = json_stringn(value, n);

	if (j == NULL) {
		return cli_fail(ERR_INPUT, "%s: not UTF-8", key);
	}
	CHECK(json_object_set_new(o, key, j) == 0);
	return 0;
}

/*
 * tx=HASH/TO[/AMOUNT] and at=ADDRESS/HEIGHT[/AMOUNT]: parts between slashes, of which an address
 * has none.
 */
static int seed_json(json_t *seeds, const char *word, bool of_tx)
{
	static const char *const names[2][3] = { { "address", "height", "amount" },
						 { "tx", "to", "amount" } };
	json_t *seed = fresh(json_object());
	const char *at = word;
	int code = 0;

	CHECK(json_array_append_new(seeds, seed) == 0);
	for (size_t i = 0; code == 0 && at != NULL; i++) {
		size_t n = strcspn(at, "/");

		if (i == 3) {
			return cli_fail(ERR_USAGE, "%.100s: more parts than three", word);
		}
		if (!of_tx && i == 1) {
			char *end = NULL;
			unsigned long long height = strtoull(at, &end, 10);

			if (n == 0 || n > 15 || end != at + n) {
				return cli_fail(ERR_USAGE,
						"%.100s: a height is wanted behind the address",
						word);
			}
			CHECK(json_object_set_new(seed, "height",
						  json_integer((json_int_t)height)) == 0);
		} else {
			code = text_json(seed, names[of_tx][i], at, n);
		}
		at = at[n] == '/' ? at + n + 1 : NULL;
	}
	return code;
}

static int number_json(json_t *o, const char *key, const char *const *w, size_t n)
{
	uint64_t value = UINT64_MAX;
	int code = trace_words_number(w, n, key, JSON_INT_MAX, &value);

	if (code == 0 && value != UINT64_MAX) {
		CHECK(json_object_set_new(o, key, json_integer((json_int_t)value)) == 0);
	}
	return code;
}

/* A list out of every word of one name. */
static int list_json(json_t *o, const char *key, const char *name, const char *const *w, size_t n)
{
	json_t *all = fresh(json_array());
	const char *value;
	size_t at = 0;

	while ((value = trace_words_next(w, n, name, &at)) != NULL) {
		json_t *one = json_string(value);

		if (one == NULL) {
			json_decref(all);
			return cli_fail(ERR_INPUT, "%s: not UTF-8", name);
		}
		CHECK(json_array_append_new(all, one) == 0);
	}
	if (json_array_size(all) > 0) {
		CHECK(json_object_set_new(o, key, all) == 0);
	} else {
		json_decref(all);
	}
	return 0;
}

static int case_json(json_t *o, const char *const *w, size_t n)
{
	static const char *const texts[][2] = {
		{ "case", "name" }, { "note", "note" }, { "asset", "asset" }, { "unit", "unit" }
	};
	static const char *const numbers[] = { "decimals", "hub_transfers", "hops_max",
					       "until_height" };
	json_t *seeds = fresh(json_array()), *floor = fresh(json_object());
	json_t *labels = fresh(json_array());
	const char *value;
	size_t at = 0;
	int code = 0;

	CHECK(json_object_set_new(o, "seeds", seeds) == 0);
	CHECK(json_object_set_new(o, "floor", floor) == 0);
	CHECK(json_object_set_new(o, "labels", labels) == 0);
	for (size_t i = 0; code == 0 && i < ARRAY_LEN(texts); i++) {
		value = trace_words_value(w, n, texts[i][1]);
		if (value != NULL) {
			code = text_json(o, texts[i][0], value, strlen(value));
		}
	}
	for (size_t i = 0; code == 0 && i < ARRAY_LEN(numbers); i++) {
		code = number_json(o, numbers[i], w, n);
	}
	while (code == 0 && (value = trace_words_next(w, n, "tx", &at)) != NULL) {
		code = seed_json(seeds, value, true);
	}
	at = 0;
	while (code == 0 && (value = trace_words_next(w, n, "at", &at)) != NULL) {
		code = seed_json(seeds, value, false);
	}
	at = 0;
	while (code == 0 && (value = trace_words_next(w, n, "labels", &at)) != NULL) {
		json_t *one = fresh(json_object());

		CHECK(json_array_append_new(labels, one) == 0);
		code = text_json(one, "file", value, strlen(value));
	}
	value = trace_words_value(w, n, "floor_units");
	if (code == 0 && value != NULL) {
		code = text_json(floor, "units", value, strlen(value));
	}
	value = trace_words_value(w, n, "floor_per_million");
	if (code == 0 && value != NULL) {
		uint64_t share = 0;

		code = trace_words_number(w, n, "floor_per_million", JSON_INT_MAX, &share);
		CHECK(json_object_set_new(floor, "per_million", json_integer((json_int_t)share)) ==
		      0);
	}
	value = trace_words_value(w, n, "generated");
	if (code == 0 && value != NULL) {
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
			return cli_fail(ERR_USAGE, "generated=%.20s: yes or no", value);
		}
		CHECK(json_object_set_new(o, "generated", json_boolean(value[0] == 'y')) == 0);
	}
	code = code != 0 ? code : list_json(o, "policies", "policy", w, n);
	code = code != 0 ? code : list_json(o, "sinks", "sink", w, n);
	return code != 0 ? code : list_json(o, "sink_categories", "sink_category", w, n);
}

static void say_id(const struct cli *c, const struct casefile *f)
{
	char id[65];

	hex_put(id, bytes_of(f->id.b, sizeof f->id.b));
	if (c->json) {
		char *text = casefile_canonical(f->json);

		printf("{\"case\":%s,\"id\":\"%s\"}\n", text, id);
		free(text);
	} else {
		printf(_("case %s, %s\n"), f->name, id);
	}
}

static bool is_name(const char *name)
{
	size_t n = 0;

	while (name[n] > ' ' && name[n] < 0x7f) {
		n++;
	}
	return n > 0 && name[n] == '\0';
}

/* What is missing, in the words of the command; the rest the case says of its fields. */
static int words_missing(const char *path, const char *const *w, size_t n)
{
	const char *name = trace_words_value(w, n, "name"), *value;
	size_t at = 0;

	if (name == NULL || !is_name(name)) {
		return cli_fail(ERR_USAGE, "say name=NAME: printable ASCII without blanks");
	}
	if (trace_words_value(w, n, "asset") == NULL) {
		return cli_fail(ERR_USAGE,
				"say asset=NAME: trace ingest prints those that a store has");
	}
	if (trace_words_value(w, n, "tx") == NULL && trace_words_value(w, n, "at") == NULL) {
		return cli_fail(ERR_USAGE,
				"say what was stolen: tx=HASH/ADDRESS, the transaction and whom it "
				"paid, or at=ADDRESS/HEIGHT, what an address held");
	}
	while ((value = trace_words_next(w, n, "tx", &at)) != NULL) {
		if (strchr(value, '/') == NULL) {
			return cli_fail(ERR_USAGE,
					"tx=%.70s: it is tx=HASH/ADDRESS: whom did it pay?", value);
		}
	}
	at = 0;
	while ((value = trace_words_next(w, n, "labels", &at)) != NULL) {
		char *file = casefile_beside(path, value);
		bool there = access(file, R_OK) == 0;
		int code = there ? 0
				 : cli_fail(ERR_NOT_FOUND,
					    "%s: cannot be read; labels= is a file seen from the "
					    "folder of the case",
					    file);

		free(file);
		if (!there) {
			return code;
		}
	}
	return 0;
}

static int case_new(const struct cli *c, const char *path, const char *const *w, size_t n)
{
	static const char *const known[] = { "name",          "note",
					     "asset",         "unit",
					     "decimals",      "generated",
					     "tx*",           "at*",
					     "policy*",       "sink*",
					     "labels*",       "sink_category*",
					     "floor_units",   "floor_per_million",
					     "hub_transfers", "hops_max",
					     "until_height",  NULL };
	json_t *o = fresh(json_object());
	struct casefile file = { .json = NULL };
	char *text = NULL;
	int code = trace_words_check(w, n, known);

	code = code != 0 ? code : words_missing(path, w, n);
	code = code != 0 ? code : case_json(o, w, n);
	code = code != 0 ? code : casefile_from_json(&file, o, path);
	if (code == 0) {
		size_t end;
		enum err e;

		text = json_dumps(file.json, JSON_INDENT(2) | JSON_SORT_KEYS);
		CHECK(text != NULL);
		end = strlen(text);
		text[end] = '\n'; /* for the NUL: a file of lines */
		e = file_write_new(path, 0644, bytes_of(text, end + 1));
		code = e == ERR_OK       ? 0
		       : e == ERR_EXISTS ? cli_fail(e, "%s is there: name a file that is not", path)
					 : cli_fail(e, "%s", path);
	}
	if (code == 0) {
		say_id(c, &file);
	}
	if (code == 0 && !c->json) {
		printf(_("Next: kuramori trace report %s STORE svg=flow.svg\n"), path);
	}
	free(text);
	json_decref(o);
	casefile_free(&file);
	return code;
}

static int case_check(const struct cli *c, const char *path, const char *store)
{
	struct casefile file;
	struct trace_run run = { .file = NULL };
	int code = casefile_read(&file, path);

	if (code == 0 && store != NULL) {
		code = trace_run_open(&run, &file, path, store, 0, TRACE_RUN_ONCE);
	}
	if (code == 0) {
		say_id(c, &file);
	}
	for (size_t i = 0; code == 0 && !c->json && i < run.seeds_n; i++) {
		const struct trace_run_seed *s = &run.seeds[i];
		char amount[CASEFILE_AMOUNT_MAX];

		casefile_amount(amount, &file,
				s->amount != 0 ? s->amount
				: s->of_tx     ? run.c.amount[s->event]
					       : s->balance);
		printf(_("seeds[%zu]: %s at %s\n"), s->of, amount, file.seeds[s->of].address);
	}
	trace_run_free(&run);
	casefile_free(&file);
	return code;
}

int trace_case_command(struct cli *c, const char *const *w, size_t n)
{
	if (n >= 2 && strcmp(w[0], "new") == 0) {
		return case_new(c, w[1], w + 2, n - 2);
	}
	if ((n == 2 || n == 3) && strcmp(w[0], "check") == 0) {
		return case_check(c, w[1], n == 3 ? w[2] : NULL);
	}
	return cli_fail(ERR_USAGE,
			"it is: kuramori trace case new FILE NAME=VALUE..., or trace case "
			"check FILE [STORE]");
}
