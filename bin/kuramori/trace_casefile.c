/* SPDX-License-Identifier: Apache-2.0 */
/* The case file: strict reader, canonical form, id.  The fields stand in docs/trace-bundle.md. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/hex.h"
#include "base/money.h"
#include "base/utf8.h"
#include "cli.h"
#include "crypto/sha256.h"
#include "trace_casefile.h"

enum { WHERE_MAX = 96, PER_MILLION = 1000000, DECIMALS_MAX = 18 };

/* Where the reader is, for errors. */
struct reading {
	struct casefile *c;
	const char *what;
	char where[WHERE_MAX];
};

static int bad(const struct reading *r, enum err e, const char *field, const char *why)
{
	return cli_fail(e, "%s: %s%s: %s", r->what, r->where, field, words_of(why));
}

/* Fields that an object may have; NULL ends the list. */
static int only(const struct reading *r, json_t *object, const char *const *known)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object)) {
		return bad(r, ERR_FIELD_TYPE, "", N_("an object is wanted"));
	}
	json_object_foreach(object, key, value)
	{
		char clean[64];
		size_t i = 0;

		while (known[i] != NULL && strcmp(known[i], key) != 0) {
			i++;
		}
		if (known[i] == NULL) {
			casefile_clean(clean, sizeof clean, key, 40);
			return bad(r, ERR_FIELD_UNKNOWN, clean,
				   N_("a case has no such field; docs/trace-bundle.md has them"));
		}
	}
	return 0;
}

/* A text of at most max bytes that may stand on a terminal; *out keeps what it is if there is none
 * and it may be missing. */
static int text(const struct reading *r, json_t *object, const char *field, size_t max, bool needed,
		const char **out)
{
	json_t *v = json_object_get(object, field);

	if (v == NULL) {
		return needed ? bad(r, ERR_FIELD_MISSING, field, N_("it must be there")) : 0;
	}
	if (!json_is_string(v)) {
		return bad(r, ERR_FIELD_TYPE, field, N_("a text in quotes is wanted"));
	}
	if (json_string_length(v) > max || (needed && json_string_length(v) == 0)) {
		return bad(r, ERR_FIELD_RANGE, field, N_("empty or too long"));
	}
	if (!json_text_ok(bytes_of(json_string_value(v), json_string_length(v)))) {
		return bad(r, ERR_FIELD_RANGE, field, N_("a control or bidi character"));
	}
	*out = json_string_value(v);
	return 0;
}

/* Printable ASCII without blanks: addresses, assets, categories. */
static int token(const struct reading *r, json_t *object, const char *field, size_t max,
		 const char **out)
{
	int code = text(r, object, field, max, true, out);

	for (const char *p = *out; code == 0 && *p != '\0'; p++) {
		if (*p <= ' ' || *p > '~') {
			code =
			    bad(r, ERR_FIELD_RANGE, field, N_("a blank or a letter beyond ASCII"));
		}
	}
	return code;
}

static int number(const struct reading *r, json_t *object, const char *field, uint64_t max,
		  uint64_t *out)
{
	json_t *v = json_object_get(object, field);

	if (v == NULL) {
		return 0;
	}
	if (!json_is_integer(v)) {
		return bad(r, ERR_FIELD_TYPE, field, N_("a whole number is wanted"));
	}
	if (json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max) {
		return bad(r, ERR_FIELD_RANGE, field, N_("out of its range"));
	}
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

/* Amounts are texts of decimal digits, as everywhere: not every reader of JSON has 64 bits. */
static int units(const struct reading *r, json_t *object, const char *field, bool *given,
		 uint64_t *out)
{
	json_t *v = json_object_get(object, field);
	struct money m;
	enum err e;

	*given = v != NULL;
	if (v == NULL) {
		return 0;
	}
	if (!json_is_string(v)) {
		return bad(r, ERR_FIELD_TYPE, field,
			   N_("an amount is a text of digits, in smallest units"));
	}
	e = money_parse(&m, ASSET_XEM, bytes_of(json_string_value(v), json_string_length(v)));
	if (e == ERR_OK) {
		e = money_u64(out, &m);
	}
	return e == ERR_OK ? 0
			   : bad(r, e, field, N_("digits of smallest units, below 2^64, no sign"));
}

static int hash(const struct reading *r, json_t *object, const char *field, bool *given,
		struct hash32 *out)
{
	json_t *v = json_object_get(object, field);

	*given = v != NULL;
	if (v == NULL) {
		return 0;
	}
	if (!json_is_string(v) ||
	    hex_get(out->b, sizeof out->b, bytes_of(json_string_value(v), json_string_length(v)),
		    HEX_LOWER_ONLY) != ERR_OK) {
		return bad(r, ERR_FIELD_RANGE, field,
			   N_("64 lower-case hexadecimal digits are wanted"));
	}
	return 0;
}

/* An array; *n its size, 0 if it is not there. */
static int list(const struct reading *r, json_t *object, const char *field, size_t max, size_t *n)
{
	json_t *v = json_object_get(object, field);

	*n = 0;
	if (v == NULL) {
		return 0;
	}
	if (!json_is_array(v)) {
		return bad(r, ERR_FIELD_TYPE, field, N_("a list is wanted"));
	}
	*n = json_array_size(v);
	return *n <= max ? 0 : bad(r, ERR_FIELD_RANGE, field, N_("too many of them"));
}

static int seed(struct reading *r, json_t *v, struct casefile_seed *s)
{
	static const char *const by_tx[] = { "tx", "to", "amount", NULL };
	static const char *const by_address[] = { "address", "height", "amount", NULL };
	bool given;
	int code;

	s->of_tx = json_object_get(v, "tx") != NULL;
	code = only(r, v, s->of_tx ? by_tx : by_address);
	if (code == 0 && s->of_tx) {
		code = hash(r, v, "tx", &given, &s->tx);
	}
	if (code == 0) {
		code = token(r, v, s->of_tx ? "to" : "address", CASEFILE_ADDRESS_MAX, &s->address);
	}
	if (code == 0 && !s->of_tx) {
		if (json_object_get(v, "height") == NULL) {
			return bad(r, ERR_FIELD_MISSING, "height",
				   N_("an address holds stolen coins as of a height"));
		}
		code = number(r, v, "height", JSON_INT_MAX, &s->height);
	}
	if (code == 0) {
		code = units(r, v, "amount", &given, &s->amount);
		s->whole = !given;
		if (code == 0 && given && s->amount == 0) {
			code = bad(r, ERR_AMOUNT, "amount", N_("nothing was stolen then"));
		}
	}
	return code;
}

static int seeds(struct reading *r, json_t *j)
{
	struct casefile *c = r->c;
	int code = list(r, j, "seeds", CASEFILE_SEEDS_MAX, &c->seeds_n);

	if (code == 0 && c->seeds_n == 0) {
		code = bad(r, ERR_FIELD_MISSING, "seeds", N_("say what was stolen"));
	}
	if (code != 0) {
		c->seeds_n = 0;
		return code;
	}
	CHECK(c->seeds_n > 0);
	c->seeds = calloc(c->seeds_n, sizeof *c->seeds);
	CHECK(c->seeds != NULL);
	for (size_t i = 0; code == 0 && i < c->seeds_n; i++) {
		(void)snprintf(r->where, sizeof r->where, "seeds[%zu].", i);
		code = seed(r, json_array_get(json_object_get(j, "seeds"), i), &c->seeds[i]);
	}
	r->where[0] = '\0';
	return code;
}

/* Names of a list, each one once. */
static int tokens(struct reading *r, json_t *j, const char *field, size_t max, const char ***out,
		  size_t *n)
{
	json_t *all = json_object_get(j, field);
	int code = list(r, j, field, max, n);

	if (code != 0 || *n == 0) {
		*n = 0;
		return code;
	}
	*out = calloc(*n, sizeof **out);
	CHECK(*out != NULL);
	for (size_t i = 0; code == 0 && i < *n; i++) {
		json_t *one = json_pack("{s:O}", "", json_array_get(all, i));

		CHECK(one != NULL);
		(void)snprintf(r->where, sizeof r->where, "%s[%zu]", field, i);
		code = token(r, one, "", CASEFILE_ADDRESS_MAX, &(*out)[i]);
		json_decref(one); /* the text lives in the list */
		for (size_t k = 0; code == 0 && k < i; k++) {
			if (strcmp((*out)[k], (*out)[i]) == 0) {
				code = bad(r, ERR_FIELD_RANGE, "", N_("it stands there twice"));
			}
		}
	}
	r->where[0] = '\0';
	return code;
}

/* Without a word: those that need no transactions of several legs. */
static const enum trace_policy usual[] = { TRACE_POISON, TRACE_HAIRCUT,     TRACE_FIFO,
					   TRACE_LIFO,   TRACE_TAINT_FIRST, TRACE_CLEAN_FIRST };

static int which_policies(struct reading *r, json_t *j)
{
	bool wanted[TRACE_POLICIES + 1] = { false };
	const char **names = NULL;
	size_t n = 0;
	int code = tokens(r, j, "policies", TRACE_POLICIES, &names, &n);

	for (size_t i = 0; code == 0 && i < n; i++) {
		enum trace_policy p = TRACE_POISON;

		if (trace_policy_parse(&p, bytes_str(names[i])) != ERR_OK) {
			(void)snprintf(r->where, sizeof r->where, "policies[%zu]", i);
			code = bad(r, ERR_FIELD_RANGE, "",
				   N_("none of poison, poison-emptied, haircut, haircut-tx, fifo, "
				      "lifo, taint-first, clean-first, tiho"));
		}
		wanted[p] = true;
	}
	for (size_t i = 0; n == 0 && i < ARRAY_LEN(usual); i++) {
		wanted[usual[i]] = true;
	}
	for (unsigned p = 1; p <= TRACE_POLICIES; p++) {
		if (wanted[p]) {
			r->c->policies[r->c->policies_n++] = (enum trace_policy)p;
		}
	}
	free(names);
	r->where[0] = '\0';
	return code;
}

static int label_files(struct reading *r, json_t *j)
{
	static const char *const known[] = { "file", "sha256", NULL };
	json_t *all = json_object_get(j, "labels");
	int code = list(r, j, "labels", CASEFILE_LABELS_MAX, &r->c->labels_n);

	for (size_t i = 0; code == 0 && i < r->c->labels_n; i++) {
		struct casefile_labels *l = &r->c->labels[i];

		(void)snprintf(r->where, sizeof r->where, "labels[%zu].", i);
		code = only(r, json_array_get(all, i), known);
		if (code == 0) {
			code = text(r, json_array_get(all, i), "file", CLI_PATH_MAX - 1, true,
				    &l->file);
		}
		if (code == 0) {
			code =
			    hash(r, json_array_get(all, i), "sha256", &l->has_sha256, &l->sha256);
		}
	}
	r->where[0] = '\0';
	return code;
}

static int floors(struct reading *r, json_t *j)
{
	static const char *const known[] = { "units", "per_million", NULL };
	json_t *v = json_object_get(j, "floor");
	bool given;
	int code = 0;

	if (v == NULL) {
		return 0;
	}
	(void)snprintf(r->where, sizeof r->where, "floor.");
	code = only(r, v, known);
	if (code == 0) {
		code = units(r, v, "units", &given, &r->c->floor_units);
	}
	if (code == 0) {
		code = number(r, v, "per_million", PER_MILLION, &r->c->floor_per_million);
	}
	r->where[0] = '\0';
	return code;
}

static void set_units(json_t *o, const char *key, uint64_t v)
{
	char digits[24];

	(void)snprintf(digits, sizeof digits, "%" PRIu64, v);
	CHECK(json_object_set_new(o, key, json_string(digits)) == 0);
}

/* One after the other, so that two cases that say the same in another order have one id. */
static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *sorted(const char *const *names, size_t n)
{
	json_t *out = json_array();
	const char **copy = calloc(n + 1, sizeof *copy);

	CHECK(out != NULL && copy != NULL);
	for (size_t i = 0; i < n; i++) {
		copy[i] = names[i];
	}
	qsort(copy, n, sizeof *copy, by_text);
	for (size_t i = 0; i < n; i++) {
		CHECK(json_array_append_new(out, json_string(copy[i])) == 0);
	}
	free(copy);
	return out;
}

static json_t *canonical_of(const struct casefile *c, json_t *given)
{
	json_t *o = json_object(), *list = json_array(), *floor = json_object();
	json_t *labels = json_object_get(given, "labels");

	CHECK(o != NULL && list != NULL && floor != NULL);
	CHECK(json_object_set_new(o, "case", json_string(c->name)) == 0);
	CHECK(json_object_set_new(o, "note", json_string(c->note)) == 0);
	CHECK(json_object_set_new(o, "asset", json_string(c->asset)) == 0);
	CHECK(json_object_set_new(o, "unit", json_string(c->unit)) == 0);
	CHECK(json_object_set_new(o, "decimals", json_integer(c->decimals)) == 0);
	CHECK(json_object_set_new(o, "generated", json_boolean(c->generated)) == 0);
	for (size_t i = 0; i < c->policies_n; i++) {
		CHECK(json_array_append_new(list, json_string(trace_policy_name(c->policies[i]))) ==
		      0);
	}
	CHECK(json_object_set_new(o, "policies", list) == 0);
	set_units(floor, "units", c->floor_units);
	CHECK(json_object_set_new(floor, "per_million",
				  json_integer((json_int_t)c->floor_per_million)) == 0);
	CHECK(json_object_set_new(o, "floor", floor) == 0);
	CHECK(json_object_set_new(o, "hub_transfers", json_integer((json_int_t)c->hub_transfers)) ==
	      0);
	CHECK(json_object_set_new(o, "hops_max", json_integer((json_int_t)c->hops_max)) == 0);
	CHECK(json_object_set_new(o, "until_height", json_integer((json_int_t)c->until_height)) ==
	      0);
	CHECK(json_object_set(o, "seeds", json_object_get(given, "seeds")) == 0);
	CHECK(json_object_set_new(o, "sinks", sorted(c->sinks, c->sinks_n)) == 0);
	CHECK(json_object_set_new(o, "sink_categories",
				  sorted(c->sink_categories, c->sink_categories_n)) == 0);
	CHECK(json_object_set_new(o, "labels",
				  labels == NULL ? json_array() : json_incref(labels)) == 0);
	return o;
}

char *casefile_canonical(const json_t *j)
{
	char *out = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	CHECK(out != NULL);
	return out;
}

int casefile_from_json(struct casefile *out, json_t *j, const char *what)
{
	static const char *const known[] = { "case",          "note",
					     "asset",         "unit",
					     "decimals",      "generated",
					     "policies",      "floor",
					     "hub_transfers", "hops_max",
					     "until_height",  "seeds",
					     "sinks",         "sink_categories",
					     "labels",        NULL };
	struct reading r = { .c = out, .what = what, .where = "" };
	uint64_t decimals = 0;
	json_t *made_up, *kept;
	char *canonical;
	int code;

	*out = (struct casefile){ .note = "", .unit = "units" };
	/* texts are borrowed from a copy that is kept */
	kept = json_deep_copy(j);
	CHECK(kept != NULL);
	out->json = kept;
	made_up = json_object_get(kept, "generated");
	code = only(&r, kept, known);
	code = code != 0 ? code : token(&r, kept, "case", CASEFILE_NAME_MAX, &out->name);
	code = code != 0 ? code : text(&r, kept, "note", CASEFILE_NOTE_MAX, false, &out->note);
	code = code != 0 ? code : token(&r, kept, "asset", 239, &out->asset);
	code = code != 0 ? code : text(&r, kept, "unit", 16, false, &out->unit);
	code = code != 0 ? code : number(&r, kept, "decimals", DECIMALS_MAX, &decimals);
	if (code == 0 && made_up != NULL && !json_is_boolean(made_up)) {
		code = bad(&r, ERR_FIELD_TYPE, "generated", N_("true or false is wanted"));
	}
	code = code != 0 ? code : which_policies(&r, kept);
	code = code != 0 ? code : floors(&r, kept);
	code =
	    code != 0 ? code : number(&r, kept, "hub_transfers", JSON_INT_MAX, &out->hub_transfers);
	code = code != 0 ? code : number(&r, kept, "hops_max", UINT32_MAX, &out->hops_max);
	code =
	    code != 0 ? code : number(&r, kept, "until_height", JSON_INT_MAX, &out->until_height);
	code = code != 0 ? code : seeds(&r, kept);
	code = code != 0
		   ? code
		   : tokens(&r, kept, "sinks", CASEFILE_SINKS_MAX, &out->sinks, &out->sinks_n);
	code = code != 0 ? code
			 : tokens(&r, kept, "sink_categories", 64, &out->sink_categories,
				  &out->sink_categories_n);
	code = code != 0 ? code : label_files(&r, kept);
	if (code != 0) {
		return code;
	}
	out->decimals = (unsigned)decimals;
	out->generated = json_is_true(made_up);
	/* the canonical form shares the values whose texts were borrowed; the rest is kept in it */
	out->json = canonical_of(out, kept);
	canonical = casefile_canonical(out->json);
	sha256(&out->id, bytes_str(canonical));
	free(canonical);
	out->kept = kept;
	return 0;
}

int casefile_read(struct casefile *out, const char *path)
{
	uint8_t *raw = malloc(CASEFILE_BYTES_MAX);
	json_error_t error;
	json_t *j;
	struct stat st;
	size_t n = 0;
	int code;

	*out = (struct casefile){ .json = NULL };
	CHECK(raw != NULL);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		free(raw);
		return cli_fail(ERR_INPUT,
				"%s: is a folder; the case is a file of JSON, and the store comes "
				"behind it",
				path);
	}
	code = cli_read(path, raw, CASEFILE_BYTES_MAX, &n);
	if (code == 0) {
		j = json_loadb((const char *)raw, n, JSON_REJECT_DUPLICATES, &error);
		if (j == NULL) {
			char why[JSON_ERROR_TEXT_LENGTH];

			casefile_clean(why, sizeof why, error.text, sizeof why);
			code = cli_fail(ERR_INPUT, "%s, line %d, column %d: %s", path, error.line,
					error.column, why);
		} else {
			code = casefile_from_json(out, j, path);
			json_decref(j);
		}
	}
	free(raw);
	return code;
}

void casefile_free(struct casefile *c)
{
	json_decref(c->json);
	json_decref(c->kept);
	free(c->seeds);
	free(c->sinks);
	free(c->sink_categories);
	*c = (struct casefile){ .json = NULL };
}

char *casefile_beside(const char *case_path, const char *file)
{
	const char *slash = strrchr(case_path, '/');
	size_t folder = slash == NULL || file[0] == '/' ? 0 : (size_t)(slash + 1 - case_path);
	char *out = malloc(folder + strlen(file) + 1);

	CHECK(out != NULL);
	memcpy(out, case_path, folder);
	memcpy(out + folder, file, strlen(file) + 1);
	return out;
}

void casefile_amount(char out[CASEFILE_AMOUNT_MAX], const struct casefile *c, uint64_t amount)
{
	char digits[40], reversed[48];
	int have = snprintf(digits, sizeof digits, "%0*" PRIu64, (int)c->decimals + 1, amount);
	size_t whole = (size_t)have - c->decimals, n = 0, last = c->decimals;

	for (size_t i = 0; i < whole; i++) {
		if (i > 0 && (whole - i) % 3 == 0) {
			reversed[n++] = ',';
		}
		reversed[n++] = digits[i];
	}
	while (last > 0 && digits[whole + last - 1] == '0') {
		last--;
	}
	if (last > 0) {
		reversed[n++] = '.';
		memcpy(reversed + n, digits + whole, last);
		n += last;
	}
	reversed[n] = '\0';
	(void)snprintf(out, CASEFILE_AMOUNT_MAX, "%s %s", reversed, c->unit);
}

/* Control and bidi characters, and what only looks like a blank (RFC 8785's subset and Unicode's
 * list of format characters). */
static bool hostile(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0xad || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe0fff);
}

void casefile_clean(char *out, size_t cap, const char *dirty, size_t columns)
{
	const uint8_t *p = (const uint8_t *)dirty;
	size_t left = strlen(dirty), n = 0, shown = 0;

	CHECK(cap >= 8);
	while (left > 0) {
		uint32_t code = 0;
		size_t step = utf8_step(p, left, &code);
		bool plain = step > 0 && !hostile(code);

		if (shown == columns || n + 4 + 3 > cap) {
			memcpy(out + n, "..", 2);
			n += 2;
			break;
		}
		if (plain) {
			memcpy(out + n, p, step);
			n += step;
		} else {
			out[n++] = '?';
		}
		shown++;
		step = step == 0 ? 1 : step;
		p += step;
		left -= step;
	}
	out[n] = '\0';
}
