/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show.c - `kuramori show`: any document in words, for two people who compare it, before anybody
 * signs it or long after.  Every field is shown, in the document's order, from the bytes that are
 * hashed; how it is spelled follows from the table that the reader goes by (doc/table.h), so no
 * field can be left out.
 */
#include "show.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_time.h"
#include "cold/cold_holding.h"
#include "doc/table.h"
#include "policy/proofs.h"

enum {
	PATH_MAX_SHOWN = 128,
	VALUE_MAX = 4 * DOC_DATA_MAX,
	INDENT = 2,
	MINUTES_A_DAY = 1440,
};

/* ---- values -------------------------------------------------------------------------------- */

void cli_id_words_print(const struct hash32 *id)
{
	char lines[DOC_ID_LINES_BYTES];
	char *rest = NULL;

	doc_id_lines(lines, id);
	for (char *at = strtok_r(lines, "\n", &rest); at != NULL;
	     at = strtok_r(NULL, "\n", &rest)) {
		printf("%s%s\n", at == lines ? _("words  ") : "       ", at + INDENT);
	}
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

/* Days, hours, minutes and seconds that are not none. */
static void put_duration(char *out, size_t cap, uint64_t ms)
{
	const struct {
		uint64_t ms;
		const char *unit;
	} units[] = {
		{ 86400000, "d" }, { 3600000, "h" }, { 60000, "min" }, { 1000, "s" }, { 1, "ms" }
	};

	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		uint64_t n = ms / units[i].ms;

		ms %= units[i].ms;
		if (n > 0 && used < cap) {
			int k = snprintf(out + used, cap - used, "%s%" PRIu64 " %s",
					 used == 0 ? "" : " ", n, units[i].unit);

			CHECK(k > 0);
			used += (size_t)k;
		}
	}
	if (used == 0) {
		(void)snprintf(out, cap, "0 s");
	}
}

/* A moment, not a duration: the names say which. */
static bool is_moment(const char *name)
{
	static const char *const moments[] = { "time_ms",  "created_ms", "expires_ms",    "from_ms",
					       "until_ms", "as_of_ms",   "valid_until_ms" };

	for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
		if (strcmp(name, moments[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void put_number(char *out, size_t cap, const struct doc_field *f, uint64_t n)
{
	char moment[CLI_MOMENT_MAX];

	if (is_moment(f->name)) {
		cli_moment(moment, n);
		(void)snprintf(out, cap, "%s", moment);
	} else if (ends_with(f->name, "_nem_s")) {
		cli_moment(moment, nem_time_to_unix_ms((uint32_t)n));
		(void)snprintf(out, cap, "%s", moment);
	} else if (ends_with(f->name, "_ms")) {
		put_duration(out, cap, n);
	} else if (ends_with(f->name, "_s")) {
		put_duration(out, cap, n * 1000);
	} else if (strstr(f->name, "_bp") != NULL) {
		(void)snprintf(out, cap, "%" PRIu64 ".%02" PRIu64 " %%", n / 100, n % 100);
	} else if (ends_with(f->name, "_minute")) {
		(void)snprintf(out, cap, "%" PRIu64 " (%02" PRIu64 ":%02" PRIu64 ")", n, n / 60,
			       n % 60);
	} else if (strcmp(f->name, "days") == 0) {
		static const char *const days[] = { "Mo", "Tu", "We", "Th", "Fr", "Sa", "Su" };
		size_t used = 0;

		for (size_t i = 0; i < ARRAY_LEN(days); i++) {
			if ((n >> i & 1) != 0) {
				used += (size_t)snprintf(out + used, cap - used, "%s%s",
							 used == 0 ? "" : " ", days[i]);
			}
		}
	} else if (strcmp(f->name, "chain_network") == 0 || strcmp(f->name, "network") == 0) {
		const char *name = n <= UINT8_MAX ? nem_network_name((uint8_t)n) : NULL;

		(void)snprintf(out, cap, "%" PRIu64 " (%s)", n, name == NULL ? "?" : name);
	} else {
		(void)snprintf(out, cap, "%" PRIu64, n);
	}
}

/* "1,000.000000 XEM = 1000000000 micro-XEM": who reads one misreads the other. */
static void put_amount(char *out, size_t cap, const char *digits)
{
	struct money m;
	char xem[64];

	CHECK(money_parse(&m, ASSET_XEM, bytes_str(digits)) == ERR_OK);
	cli_xem(xem, sizeof xem, &m);
	(void)snprintf(out, cap, "%s = %s micro-XEM", xem, digits);
}

/*
 * One blank after the other pushes what follows to where the terminal begins its next line, and
 * there it looks like a line of ours: of several the first stays, the others become '?'.
 */
static void put_text(char *out, size_t cap, const char *text)
{
	static const char wide[] = "\xe3\x80\x80"; /* U+3000, the Japanese one */
	bool before = false;
	size_t n = 0;

	cli_clean(out, cap, bytes_str(text));
	for (size_t i = 0; out[i] != '\0';) {
		size_t step = strncmp(out + i, wide, sizeof wide - 1) == 0 ? sizeof wide - 1 : 1;
		bool blank = step > 1 || out[i] == ' ';

		if (blank && before) {
			out[n++] = '?';
		} else {
			memmove(out + n, out + i, step);
			n += step;
		}
		before = blank;
		i += step;
	}
	out[n] = '\0';
}

/* Any text goes through cli_clean(): what cannot be seen or turns the line becomes '?'. */
static void put_value(char *out, size_t cap, const struct doc_field *f, const json_t *v)
{
	const char *text = json_is_string(v) ? json_string_value(v) : "";
	size_t used = 0;

	out[0] = '\0';
	switch (f->kind) {
	case DOC_KIND_AMOUNT:
		put_amount(out, cap, text);
		return;
	case DOC_KIND_ADDRESS:
		cli_grouped(out, text);
		return;
	case DOC_KIND_INT:
		put_number(out, cap, f, (uint64_t)json_integer_value(v));
		return;
	case DOC_KIND_BOOL:
		(void)snprintf(out, cap, "%s", json_is_true(v) ? _("yes") : _("no"));
		return;
	case DOC_KIND_WORDS:
		for (size_t i = 0; i < json_array_size(v); i++) {
			used +=
			    (size_t)snprintf(out + used, cap - used, "%s%s", used == 0 ? "" : ", ",
					     json_string_value(json_array_get(v, i)));
		}
		return;
	case DOC_KIND_TEXT:
	case DOC_KIND_NAME:
	case DOC_KIND_SLUG:
	case DOC_KIND_HEX:
	case DOC_KIND_DATA:
	case DOC_KIND_UUID:
	case DOC_KIND_UNITS:
	case DOC_KIND_WORD:
		put_text(out, cap, text);
		return;
	case DOC_KIND_ADDRESSES:
	case DOC_KIND_OBJECT:
	case DOC_KIND_LIST:
	case DOC_KIND_RAW:
		break;
	}
	check_failed(__FILE__, __LINE__, "a field of one value"); /* not words */
}

/* ---- fields -------------------------------------------------------------------------------- */

/* Tables are known: their deepest path fits. */
static void path_join(char out[PATH_MAX_SHOWN], const char *path, const char *between,
		      const char *name)
{
	int n = snprintf(out, PATH_MAX_SHOWN, "%s%s%s", path, between, name);

	CHECK(n >= 0 && n < PATH_MAX_SHOWN);
}

/* "one payment at most (payment_max): ", or the name alone. */
static void put_label(char *out, size_t cap, enum doc_type type, const char *path, const char *name)
{
	const char *words = cli_field_words(type, path);

	if (words == NULL) {
		(void)snprintf(out, cap, "%s", name);
	} else {
		(void)snprintf(out, cap, "%s (%s)", words_of(words), name);
	}
}

/* The field that names an object of a list: it stands in its heading. */
static const char *name_of(const struct doc_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->fields[i].name, "id") == 0 &&
		    (t->fields[i].kind == DOC_KIND_NAME || t->fields[i].kind == DOC_KIND_WORD)) {
			return "id";
		}
	}
	return NULL;
}

/* As deep as the tables of fields are. */
/* NOLINTBEGIN(misc-no-recursion) */
static void print_object(enum doc_type type, const struct doc_table *t, const char *path,
			 const json_t *o, int indent, const char *without);

static void print_list(enum doc_type type, const struct doc_field *f, const char *path,
		       const char *label, const json_t *list, int indent)
{
	const char *name = f->of == NULL ? NULL : name_of(f->of);
	size_t n = json_array_size(list);
	char inner[PATH_MAX_SHOWN], grouped[48];

	if (n == 0) {
		printf("%*s%s: %s\n", indent, "", label, _("none"));
		return;
	}
	path_join(inner, path, "[]", "");
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(list, i);

		if (f->kind == DOC_KIND_ADDRESSES) {
			if (i == 0) {
				printf("%*s%s: %zu\n", indent, "", label, n);
			}
			cli_grouped(grouped, json_string_value(one));
			printf("%*s%4zu %s\n", indent, "", i + 1, grouped);
			continue;
		}
		printf("%*s%s, %zu/%zu: %s\n", indent, "", label, i + 1, n,
		       name == NULL ? "" : json_string_value(json_object_get(one, name)));
		print_object(type, f->of, inner, one, indent + INDENT, name);
	}
}

static void print_object(enum doc_type type, const struct doc_table *t, const char *path,
			 const json_t *o, int indent, const char *without)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct doc_field *f = &t->fields[i];
		const json_t *v = json_object_get(o, f->name);
		char inner[PATH_MAX_SHOWN], label[CLI_WORDS_MAX];
		static char value[VALUE_MAX + 1];

		if (without != NULL && strcmp(f->name, without) == 0) {
			continue;
		}
		path_join(inner, path, path[0] == '\0' ? "" : ".", f->name);
		put_label(label, sizeof label, type, inner, f->name);
		if (f->kind == DOC_KIND_LIST || f->kind == DOC_KIND_ADDRESSES) {
			print_list(type, f, inner, label, v, indent);
		} else if (f->kind == DOC_KIND_OBJECT) {
			printf("%*s%s:\n", indent, "", label);
			print_object(type, f->of, inner, v, indent + INDENT, NULL);
		} else {
			put_value(value, sizeof value, f, v);
			printf("%*s%s: %s\n", indent, "", label,
			       value[0] == '\0' ? _("none") : value);
		}
	}
}

/* NOLINTEND(misc-no-recursion) */

/* Genesis has the keys of hot accounts; people compare addresses. */
static void print_hot(const struct doc *d)
{
	static struct doc_genesis g;
	struct nem_address a;
	char grouped[48];

	if (d->type != DOC_GENESIS || doc_genesis_read(d, &g, NULL) != ERR_OK) {
		return;
	}
	for (size_t i = 0; i < g.hot_count; i++) {
		nem_address_from_key(&a, &g.hot[i].public_key, (uint8_t)g.chain_network);
		cli_grouped(grouped, a.text);
		printf(_("  address of hot account %zu: %s\n"), i + 1, grouped);
	}
}

void cli_document_print(const struct doc *d)
{
	json_t *body = json_loadb((const char *)d->body.p, d->body.n, 0, NULL);
	char hex[65];

	CHECK(body != NULL); /* doc_check() has read it */
	hex_put(hex, bytes_of(d->id.b, sizeof d->id.b));
	printf("%s %s\n", doc_type_name(d->type), hex); /* not words */
	cli_id_words_print(&d->id);
	print_object(d->type, doc_table_of(d->type), "", body, INDENT, NULL);
	print_hot(d);
	json_decref(body);
}

/* ---- who signed ---------------------------------------------------------------------------- */

static const char *party(const struct doc_party *p, size_t n, const struct key32 *key)
{
	for (size_t i = 0; i < n; i++) {
		if (key32_eq(&p[i].key, key)) {
			return p[i].id;
		}
	}
	return NULL;
}

/* Whose key it is by roster_file; NULL: nobody's. */
static const char *whose(const struct cli *c, const struct key32 *key)
{
	const struct doc_roster *r = &c->roster;
	const char *id = NULL;

	for (size_t i = 0; i < r->people_count; i++) {
		if (key32_eq(&r->people[i].key, key)) {
			return r->people[i].id;
		}
	}
	for (size_t i = 0; i < r->signer_count; i++) {
		if (key32_eq(&r->signers[i].attest_key, key)) {
			return r->signers[i].id == DOC_SIGNER_A ? "a" : "b";
		}
	}
	id = party(r->watchers, r->watcher_count, key);
	id = id == NULL ? party(r->holders, r->holder_count, key) : id;
	id = id == NULL ? party(r->backends, r->backend_count, key) : id;
	return id == NULL ? party(r->price_sources, r->source_count, key) : id;
}

/* Whom a holding itself names by this key: any name, by who made it.  h NULL, or NULL: nobody. */
static const char *by_itself(const struct doc_holding *h, const struct key32 *key)
{
	for (size_t i = 0; h != NULL && i < h->holder_count; i++) {
		if (key32_eq(&h->holders[i].attest_key, key)) {
			return h->holders[i].id;
		}
	}
	return NULL;
}

/* The words of security keys behind it; false: one does not verify. */
static bool print_proofs(const struct cli *c, const struct doc *d)
{
	struct proofs proofs = { .n = 0 };
	struct policy_verdict v;

	if (d->proofs.n == 0) {
		return true;
	}
	if (c->roster_file[0] == '\0') {
		(void)puts(_("security keys' words stand behind it: set roster_file to have them "
			     "judged"));
		return true;
	}
	v = proofs_judge(&proofs, d, COUNTERS_NO_TIME, &c->roster);
	if (v.err != ERR_OK) {
		printf("%s: %s\n", _("A SECURITY KEY'S WORD DOES NOT VERIFY"), words_of(v.words));
		return false;
	}
	for (size_t i = 0; i < proofs.n; i++) {
		printf(_("signed by %s, with a security key\n"), proofs.one[i].person->id);
	}
	return true;
}

static int print_signatures(const struct cli *c, const struct doc *d, const struct doc_holding *h)
{
	bool all = true;
	char hex[65];

	if (d->signature_count == 0 && d->proofs.n == 0) {
		printf(_("nobody has signed it\n"));
	}
	for (unsigned i = 0; i < d->signature_count; i++) {
		const struct key32 *key = &d->signatures[i].key;
		const char *id = whose(c, key), *itself = by_itself(h, key);
		bool good = doc_signed_by(d, key);

		hex_put(hex, bytes_of(key->b, sizeof key->b));
		all = all && good;
		if (!good) {
			printf(_("A SIGNATURE DOES NOT VERIFY, key %s\n"), hex);
		} else if (id != NULL) {
			printf(_("signed by %s, key %s\n"), id, hex);
		} else if (itself != NULL) {
			printf(_("signed by a key that no roster here has and that this holding "
				 "itself calls %s, key %s\n"),
			       itself, hex);
		} else {
			printf(_("signed by NOBODY KNOWN HERE, key %s\n"), hex);
		}
	}
	all = print_proofs(c, d) && all;
	return all ? 0 : err_exit(ERR_SIGNATURE);
}

/* The same for a program: by null, nobody judged it. */
static json_t *proofs_json(const struct cli *c, const struct doc *d, bool *all)
{
	json_t *list = json_array();
	struct proofs proofs = { .n = 0 };
	struct policy_verdict v;

	if (d->proofs.n == 0) {
		return list;
	}
	if (c->roster_file[0] == '\0') {
		(void)json_array_append_new(list, json_pack("{s:n,s:n}", "verifies", "by"));
		return list;
	}
	v = proofs_judge(&proofs, d, COUNTERS_NO_TIME, &c->roster);
	if (v.err != ERR_OK) {
		(void)json_array_append_new(list, json_pack("{s:b,s:n}", "verifies", false, "by"));
		*all = false;
	}
	for (size_t i = 0; i < proofs.n; i++) {
		(void)json_array_append_new(
		    list, json_pack("{s:b,s:s}", "verifies", true, "by", proofs.one[i].person->id));
	}
	return list;
}

static int print_json(const struct cli *c, const struct doc *d, const struct doc_holding *h)
{
	json_t *o = json_object();
	json_t *signatures = json_array();
	char hex[65], words[DOC_ID_WORDS_BYTES];
	bool all = true;

	hex_put(hex, bytes_of(d->id.b, sizeof d->id.b));
	doc_id_words(words, &d->id);
	(void)json_object_set_new(o, "type", json_string(doc_type_name(d->type)));
	(void)json_object_set_new(o, "version", json_integer((json_int_t)d->version));
	(void)json_object_set_new(o, "id", json_string(hex));
	(void)json_object_set_new(o, "words", json_string(words));
	hex_put(hex, bytes_of(d->genesis.b, sizeof d->genesis.b));
	(void)json_object_set_new(o, "genesis", json_string(hex));
	for (unsigned i = 0; i < d->signature_count; i++) {
		const struct key32 *key = &d->signatures[i].key;
		bool good = doc_signed_by(d, key);

		all = all && good;
		hex_put(hex, bytes_of(key->b, sizeof key->b));
		(void)json_array_append_new(
		    signatures, json_pack("{s:s,s:b,s:s?,s:s?}", "key", hex, "verifies", good, "by",
					  whose(c, key), "by_itself", by_itself(h, key)));
	}
	(void)json_object_set_new(o, "security_keys", proofs_json(c, d, &all));
	(void)json_object_set_new(o, "signatures", signatures);
	(void)json_object_set_new(o, "body",
				  json_loadb((const char *)d->body.p, d->body.n, 0, NULL));
	(void)json_dumpf(o, stdout, JSON_COMPACT);
	(void)fputc('\n', stdout);
	json_decref(o);
	return all ? 0 : err_exit(ERR_SIGNATURE);
}

/* ---- the command --------------------------------------------------------------------------- */

/* Opens under genesis_file; without one under the genesis that the document itself names, which is
 * said.  0 or an exit code. */
static int open_any(const struct cli *c, const char *path, uint8_t *raw, struct doc *d)
{
	struct doc_fault fault = { .field = "", .why = "" };
	struct hash32 under = c->genesis_id;
	const uint8_t *end;
	size_t n = 0;
	enum err e;
	int code = cli_read(path, raw, DOC_BYTES_MAX, &n);

	if (code != 0) {
		return code;
	}
	/* the envelope alone says which; what stands behind it is read under that one, too */
	end = memchr(raw, '\n', n);
	if (hash32_is_zero(&under) &&
	    doc_open(d, bytes_of(raw, end == NULL ? n : (size_t)(end - raw)), NULL, NULL) ==
		ERR_GENESIS) {
		under = d->genesis;
	}
	e = doc_open(d, bytes_of(raw, n), hash32_is_zero(&under) ? NULL : &under, &fault);
	if (e == ERR_OK) {
		e = doc_check(d, &fault);
	}
	return e == ERR_OK ? 0
			   : cli_fail(e, "%s is no document that can be shown: %s: %s", path,
				      fault.field, words_of(fault.why));
}

static void print_under(const struct cli *c, const struct doc *d)
{
	char hex[65];

	if (d->type == DOC_GENESIS) {
		return;
	}
	hex_put(hex, bytes_of(d->genesis.b, sizeof d->genesis.b));
	if (hash32_is_zero(&d->genesis)) {
		printf(_("of no genesis yet: a draft of what genesis is to name\n"));
	} else if (hash32_is_zero(&c->genesis_id)) {
		printf(_("of genesis %s, WHICH NOBODY COMPARED HERE: set genesis_file\n"), hex);
	}
}

static const struct doc_holder *same_holder(const struct doc_holding *h,
					    const struct doc_holder *who)
{
	for (size_t i = 0; i < h->holder_count; i++) {
		const struct doc_holder *one = &h->holders[i];

		if (strcmp(one->id, who->id) == 0 && key32_eq(&one->key, &who->key) &&
		    key32_eq(&one->attest_key, &who->attest_key)) {
			return one;
		}
	}
	return NULL;
}

/* What the successor of holding_file changes, as holders' machines say it. */
static int print_change(const struct cli *c, const struct doc_holding *next)
{
	static uint8_t raw[DOC_BYTES_MAX];
	static struct doc_holding old;
	struct doc d;
	int code = open_any(c, c->holding_file, raw, &d);

	if (code != 0 || d.type != DOC_HOLDING || doc_holding_read(&d, &old, NULL) != ERR_OK ||
	    !hash32_eq(&next->previous, &d.id)) {
		return code;
	}
	for (size_t i = 0; i < next->holder_count; i++) {
		if (same_holder(&old, &next->holders[i]) == NULL) {
			printf("%s: %s\n", _("COMES NEW"), next->holders[i].id);
		}
	}
	for (size_t i = 0; i < old.holder_count; i++) {
		if (same_holder(next, &old.holders[i]) == NULL) {
			printf("%s: %s\n", _("GOES"), old.holders[i].id);
		}
	}
	printf("%s\n", cold_holding_loosens(&old, next) != 0
			   ? _("It LOOSENS: as many holders sign it as a recovery needs, and it "
			       "waits before it binds.")
			   : _("It takes away only: officers suffice, and it binds at once."));
	return 0;
}

static int show(struct cli *c, const char *path)
{
	static uint8_t raw[DOC_BYTES_MAX];
	static struct doc_holding holding;
	const struct doc_holding *h = NULL;
	struct doc d;
	int code = open_any(c, path, raw, &d);

	if (code != 0) {
		return code;
	}
	if (d.type == DOC_HOLDING && doc_holding_read(&d, &holding, NULL) == ERR_OK) {
		h = &holding;
	}
	if (c->json) {
		return print_json(c, &d, h);
	}
	cli_document_print(&d);
	print_under(c, &d);
	if (h != NULL && c->holding_file[0] != '\0') {
		code = print_change(c, h);
	}
	return code == 0 ? print_signatures(c, &d, h) : code;
}

int cli_show(struct cli *c, const char *const *paths, size_t n)
{
	int code = 0;

	if (c->genesis_file[0] != '\0') {
		code = cli_documents(c, c->roster_file[0] != '\0');
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		code = show(c, paths[i]);
	}
	return code;
}
