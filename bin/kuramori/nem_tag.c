/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theft tags (docs/nem-tags.md): which tags an account bears, believed by the tagger's key alone;
 * and the unsigned transactions of who tags.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_json.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tag.h"
#include "chain/nem/nem_time.h"
#include "io/clock.h"
#include "io/file.h"
#include "nem_ask.h"

enum {
	TAGGER_FILE_MAX = 65536,
	SERVICES_MAX = 256,
	OWNED_MAX = 1024, /* an account can be stuffed; then it is said */
	SEEN_MAX = 1024,
	LIST_MAX = 100000, /* transactions that are looked through */
	DEADLINE_S = 3600,
	ESCAPED_MAX = 3 * NEM_MOSAIC_ID_MAX + 1,
};

/* Everything that is known of one account, and where it is kept. */
struct known {
	struct nem_tagger tagger[NEM_TAGGERS_MAX];
	struct nem_address service[SERVICES_MAX];
	struct nem_mosaic owned[OWNED_MAX];
	struct nem_mosaic_definition definition[NEM_TAGGERS_MAX];
	struct nem_tag_space space[NEM_TAGGERS_MAX];
	struct nem_tag_seen seen[SEEN_MAX];
	struct nem_tx *kept[SEEN_MAX]; /* what seen[] names; malloc'd */
	struct nem_tag_facts f;
};

/* ---- the taggers that the reader trusts ---- */

static bool read_kind(struct nem_tagger *t, const char *text)
{
	t->kind = strcmp(text, "thief") == 0 ? NEM_TAG_THIEF : NEM_TAG_STOLEN;
	return strcmp(text, "thief") == 0 || strcmp(text, "stolen") == 0;
}

static bool read_basis(struct nem_tagger *t, const char *text)
{
	t->basis = strcmp(text, "inferred") == 0 ? NEM_TAG_INFERRED : NEM_TAG_ESTABLISHED;
	return strcmp(text, "inferred") == 0 || strcmp(text, "established") == 0;
}

/* "KEY|unknown stolen|thief established|inferred MOSAIC" or "service ADDRESS"; a mosaic's name may
 * hold blanks, so it stands last.  NULL, or what is wrong. */
static const char *read_line(struct known *k, char *line)
{
	char *rest = line, *word = strsep(&rest, " "), *kind, *basis;
	const char *why = "";
	struct nem_tagger t = { .creator_known = true };

	if (strcmp(word, "service") == 0) {
		if (k->f.services == SERVICES_MAX) {
			return N_("too many services");
		}
		if (rest == NULL || nem_address_normalise(&k->service[k->f.services], k->f.network,
							  bytes_str(rest), &why) != ERR_OK) {
			return N_("a service is an address of this network");
		}
		k->f.services++;
		return NULL;
	}
	kind = strsep(&rest, " ");
	basis = strsep(&rest, " ");
	if (strcmp(word, "unknown") == 0) {
		t.creator_known = false;
	} else if (hex_get(t.creator.b, sizeof t.creator.b, bytes_str(word), HEX_ANY_CASE) !=
		   ERR_OK) {
		return N_("the tagger's public key is 64 hexadecimal digits, or `unknown`");
	}
	if (kind == NULL || !read_kind(&t, kind)) {
		return N_("after the key comes stolen or thief");
	}
	if (basis == NULL || !read_basis(&t, basis)) {
		return N_("then established or inferred");
	}
	if (rest == NULL || nem_mosaic_id_parse(&t.mosaic, bytes_str(rest), &why) != ERR_OK) {
		return N_("last comes the mosaic, NAMESPACE:NAME");
	}
	if (k->f.taggers == NEM_TAGGERS_MAX) {
		return N_("too many taggers");
	}
	k->tagger[k->f.taggers++] = t;
	return NULL;
}

static int read_taggers(const struct cli *c, struct known *k)
{
	static char text[TAGGER_FILE_MAX];
	char *rest = text, *line;
	unsigned number = 0;
	size_t n = 0;
	enum err e;

	if (c->tagger_file[0] == '\0') {
		return cli_fail(ERR_CONFIG, "tagger_file is not set: whose tags are to be believed "
					    "(docs/nem-tags.md)");
	}
	e = file_read(c->tagger_file, text, sizeof text - 1, &n);
	if (e != ERR_OK) {
		return cli_fail(e, "%s", c->tagger_file);
	}
	text[n] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *wrong;

		number++;
		if (line[0] == '\0' || line[0] == '#') {
			continue;
		}
		wrong = read_line(k, line);
		if (wrong != NULL) {
			return cli_fail(ERR_INPUT, "%s:%u: %s", c->tagger_file, number, wrong);
		}
	}
	return k->f.taggers > 0 ? 0 : cli_fail(ERR_INPUT, "%s: no tagger", c->tagger_file);
}

/* ---- what a node says ---- */

/* For a query: a mosaic's name may hold blanks and quotes. */
static void escape(char out[ESCAPED_MAX], const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) != 0 || strchr("-_.", *p) != NULL) {
			out[n++] = *p;
		} else {
			(void)snprintf(out + n, 4, "%%%02X", (unsigned)(unsigned char)*p);
			n += 3;
		}
	}
	out[n] = '\0';
}

/* GET of PATH and an escaped text.  *out NULL: the node knows no such thing (404). */
static int ask_of(const struct cli *c, const char *node, const char *path, const char *text,
		  json_t **out)
{
	char escaped[ESCAPED_MAX], whole[ESCAPED_MAX + 64];
	unsigned status = 0;
	enum err e;

	escape(escaped, text);
	(void)snprintf(whole, sizeof whole, "%s%s", path, escaped);
	e = cli_nem_ask(c, node, whole, NULL, &status, out);
	if (e != ERR_OK) {
		return cli_fail(e, "%s", node);
	}
	if (status == 404) {
		json_decref(*out);
		*out = NULL;
		return 0;
	}
	if (status != 200 || *out == NULL) {
		json_decref(*out);
		*out = NULL;
		return cli_fail(ERR_NODE, "%s answered %u to %s", node, status, whole);
	}
	return 0;
}

static bool text_of(struct bytes *out, const json_t *j, const char *name)
{
	const json_t *value = json_object_get(j, name);

	*out = bytes_of(json_string_value(value), json_string_length(value));
	return json_is_string(value);
}

static int read_owned(const struct cli *c, const char *node, struct known *k)
{
	json_t *j = NULL;
	const json_t *list;
	int code = ask_of(c, node, "/account/mosaic/owned?address=", k->f.account.text, &j);

	list = json_object_get(j, "data");
	for (size_t i = 0; code == 0 && i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i), *id = json_object_get(one, "mosaicId");
		json_int_t quantity = json_integer_value(json_object_get(one, "quantity"));
		struct nem_mosaic *m = &k->owned[k->f.owneds];
		struct bytes space, name;

		if (k->f.owneds == OWNED_MAX) {
			code =
			    cli_fail(ERR_FULL, "the account holds more than %d mosaics", OWNED_MAX);
		} else if (!text_of(&space, id, "namespaceId") || !text_of(&name, id, "name") ||
			   quantity < 0 ||
			   nem_mosaic_id_make(&m->id, space, name, NULL) != ERR_OK) {
			code = cli_fail(ERR_NODE, "%s: a mosaic that cannot be", node);
		} else {
			m->quantity = (uint64_t)quantity;
			k->f.owneds++;
		}
	}
	json_decref(j);
	return code;
}

static int read_definition(const struct cli *c, const char *node, uint8_t network,
			   const struct nem_mosaic_id *id, struct nem_mosaic_definition *out,
			   bool *exists)
{
	char text[NEM_MOSAIC_ID_MAX + 1];
	json_t *j = NULL;
	int code;

	nem_mosaic_id_put(text, id);
	code = ask_of(c, node, "/mosaic/definition?mosaicId=", text, &j);
	*exists = code == 0 && j != NULL;
	if (*exists && (nem_json_definition_read(out, network, j, NULL) != ERR_OK ||
			!nem_mosaic_id_eq(&out->id, id))) {
		code = cli_fail(ERR_NODE, "%s: no definition of %s", node, text);
	}
	json_decref(j);
	return code;
}

static int read_space(const struct cli *c, const char *node, struct known *k,
		      const struct nem_mosaic_id *id)
{
	struct nem_tag_space *s = &k->space[k->f.spaces];
	struct bytes owner;
	json_t *j = NULL;
	json_int_t height;
	int code;

	nem_namespace_root(&s->root, &id->space);
	for (size_t i = 0; i < k->f.spaces; i++) {
		if (nem_namespace_eq(&k->space[i].root, &s->root)) {
			return 0;
		}
	}
	code = ask_of(c, node, "/namespace?namespace=", s->root.text, &j);
	height = json_integer_value(json_object_get(j, "height"));
	if (code == 0 && j != NULL) {
		if (!text_of(&owner, j, "owner") || height < 1 ||
		    nem_address_parse(&s->owner, k->f.network, owner, NULL) != ERR_OK) {
			code = cli_fail(ERR_NODE, "%s: no namespace %s", node, s->root.text);
		} else {
			s->rented_height = (uint64_t)height;
			k->f.spaces++;
		}
	}
	json_decref(j);
	return code;
}

/* Whether a transaction moves mosaics at all: the others say nothing of tags. */
static bool moves_mosaics(const struct nem_tx *tx)
{
	return (tx->type == NEM_TRANSFER && tx->transfer.mosaics > 0) ||
	       (tx->type == NEM_MULTISIG && tx->multisig.inner.type == NEM_TRANSFER &&
		tx->multisig.inner.transfer.mosaics > 0);
}

static int keep_seen(struct known *k, const struct nem_tx *tx, uint64_t height)
{
	struct nem_tx *copy;

	if (k->f.seens == SEEN_MAX) {
		return cli_fail(ERR_FULL, "more than %d transfers of mosaics came in", SEEN_MAX);
	}
	copy = malloc(sizeof *copy);
	CHECK(copy != NULL);
	*copy = *tx;
	k->kept[k->f.seens] = copy;
	k->seen[k->f.seens++] = (struct nem_tag_seen){ .height = height, .tx = copy };
	return 0;
}

/* One page of what came in. */
static int read_page(const struct cli *c, const char *node, struct known *k,
		     struct nem_pages *pages)
{
	static struct nem_tx tx[NEM_PAGE_ENTRIES];
	struct nem_page_entry entry[NEM_PAGE_ENTRIES];
	struct nem_json_meta meta[NEM_PAGE_ENTRIES];
	const json_t *list;
	json_t *j = NULL;
	char path[128];
	size_t n;
	int code;

	/* The first page has no id: what came in last. */
	if (pages->below == 0) {
		(void)snprintf(path, sizeof path, "/account/transfers/incoming?address=");
	} else {
		(void)snprintf(path, sizeof path,
			       "/account/transfers/incoming?id=%" PRIu64 "&address=", pages->below);
	}
	code = ask_of(c, node, path, k->f.account.text, &j);
	list = json_object_get(j, "data");
	n = json_array_size(list);
	if (code == 0 && n > NEM_PAGE_ENTRIES) {
		code = cli_fail(ERR_NODE, "%s: a page of %zu transactions", node, n);
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		if (nem_json_pair_read(&tx[i], &meta[i], k->f.network, json_array_get(list, i),
				       NULL) != ERR_OK) {
			code = cli_fail(ERR_NODE, "%s: a transaction that cannot be", node);
		}
		entry[i] = (struct nem_page_entry){ .id = meta[i].id, .hash = meta[i].hash };
	}
	json_decref(j);
	if (code == 0) {
		enum err e = nem_pages_take(pages, entry, n);

		if (e == ERR_FULL) {
			code = cli_fail(e, "more than %d transactions came in", LIST_MAX);
		} else if (e != ERR_OK) {
			code = cli_fail(e, "%s: its list repeats itself or runs backwards", node);
		}
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		if (moves_mosaics(&tx[i])) {
			code = keep_seen(k, &tx[i], meta[i].height);
		}
	}
	return code;
}

static int read_facts(const struct cli *c, const char *node, struct known *k)
{
	struct nem_pages pages;
	json_t *j = NULL;
	int code = cli_nem_ask_200(c, node, "/chain/height", NULL, &j);
	json_int_t height = json_integer_value(json_object_get(j, "height"));

	json_decref(j);
	if (code == 0 && height < 1) {
		code = cli_fail(ERR_NODE, "%s: no height", node);
	}
	k->f.height = (uint64_t)height;
	if (code == 0) {
		code = read_owned(c, node, k);
	}
	for (size_t i = 0; code == 0 && i < k->f.taggers; i++) {
		bool exists = false;

		code = read_definition(c, node, k->f.network, &k->tagger[i].mosaic,
				       &k->definition[k->f.definitions], &exists);
		k->f.definitions += code == 0 && exists ? 1 : 0;
		if (code == 0) {
			code = read_space(c, node, k, &k->tagger[i].mosaic);
		}
	}
	nem_pages_init(&pages, LIST_MAX);
	while (code == 0 && !pages.done) {
		code = read_page(c, node, k, &pages);
	}
	return code;
}

/* ---- telling ---- */

static json_t *reasons_json(uint32_t reasons)
{
	json_t *list = json_array();

	CHECK(list != NULL);
	for (uint32_t bit = 1; bit != 0 && bit <= reasons; bit <<= 1) {
		if ((reasons & bit) != 0) {
			const char *name = nem_tag_reason_name((enum nem_tag_reason)bit);

			CHECK(name != NULL && json_array_append_new(list, json_string(name)) == 0);
		}
	}
	return list;
}

static json_t *tag_json(const struct known *k, const struct nem_tag *t)
{
	const struct nem_tagger *tagger = &k->tagger[t->tagger];
	char mosaic[NEM_MOSAIC_ID_MAX + 1];
	json_t *j;

	nem_mosaic_id_put(mosaic, &t->mosaic);
	j = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:o}", "mosaic", mosaic, "verdict",
		      nem_tag_verdict_name(t->verdict), "says",
		      tagger->kind == NEM_TAG_THIEF ? N_("thief") : N_("stolen"), "tagger",
		      tagger->basis == NEM_TAG_INFERRED ? N_("inferred") : N_("established"),
		      "height", (json_int_t)t->height, "held", (json_int_t)t->held, "reasons",
		      reasons_json(t->reasons));
	CHECK(j != NULL);
	return j;
}

static void print_tag(const json_t *j)
{
	const json_t *reasons = json_object_get(j, "reasons");
	json_int_t height = json_integer_value(json_object_get(j, "height"));
	char verdict[64];

	printf("%s  %s\n",
	       words_column(verdict, sizeof verdict,
			    words_of(json_string_value(json_object_get(j, "verdict"))), 10),
	       json_string_value(json_object_get(j, "mosaic")));
	printf(_("            says %s; who the tagger is: %s"),
	       words_of(json_string_value(json_object_get(j, "says"))),
	       words_of(json_string_value(json_object_get(j, "tagger"))));
	if (height > 0) {
		printf(_("; since block %lld"), (long long)height);
	}
	printf("\n");
	for (size_t i = 0; i < json_array_size(reasons); i++) {
		printf("            - %s\n",
		       words_of(json_string_value(json_array_get(reasons, i))));
	}
}

/* What the facts of one node say; NULL after an error was said. */
static json_t *verdicts(const struct known *k, const char *node)
{
	static struct nem_tags tags;
	json_t *list = json_array();
	enum err e = nem_tag_read(&tags, &k->f);

	CHECK(list != NULL);
	if (e != ERR_OK) {
		json_decref(list);
		(void)cli_fail(e, "%s: the taggers or its answers do not fit together", node);
		return NULL;
	}
	for (size_t i = 0; i < tags.n; i++) {
		CHECK(json_array_append_new(list, tag_json(k, &tags.tag[i])) == 0);
	}
	list = json_pack("{s:o,s:I}", "tags", list, "left_off", (json_int_t)tags.left_off);
	CHECK(list != NULL);
	return list;
}

static void print_tags(const struct cli *c, const struct nem_address *account, uint64_t height,
		       json_t *answer)
{
	const json_t *list = json_object_get(answer, "tags");
	json_int_t left_off = json_integer_value(json_object_get(answer, "left_off"));

	if (c->json) {
		json_t *j = json_pack("{s:s,s:I,s:O,s:I}", "address", account->text, "height",
				      (json_int_t)height, "tags", list, "left_off", left_off);

		CHECK(j != NULL);
		(void)json_dumpf(j, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(j);
		return;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		print_tag(json_array_get(list, i));
	}
	if (json_array_size(list) == 0) {
		printf(_("no tag and nothing like one, as of block %" PRIu64 "\n"), height);
	}
	if (left_off > 0) {
		printf(_("and %lld more look-alikes\n"), (long long)left_off);
	}
}

static int address_of(uint8_t network, const char *text, struct nem_address *out)
{
	const char *why = "";
	enum err e = nem_address_normalise(out, network, bytes_str(text), &why);

	return e == ERR_OK ? 0 : cli_fail(e, "%.64s: %s", text, words_of(why));
}

/* Whatever a node said. */
static void forget(struct known *k)
{
	for (size_t i = 0; i < k->f.seens; i++) {
		free(k->kept[i]);
	}
	k->f.seens = k->f.owneds = k->f.definitions = k->f.spaces = 0;
	k->f.height = 0;
}

static int tag_read(const struct cli *c, const char *text, const char *const *names, size_t n)
{
	static struct known k;
	static struct cli_nodes p;
	json_t *answers[NEM_NODES_MAX] = { NULL };
	uint64_t heights[NEM_NODES_MAX] = { 0 };
	size_t place = 0;
	int code = cli_nodes_open(&p, c, names, n);

	k.f.network = p.network;
	k.f.tagger = k.tagger;
	k.f.owned = k.owned;
	k.f.definition = k.definition;
	k.f.space = k.space;
	k.f.seen = k.seen;
	k.f.service = k.service;
	if (code == 0) {
		code = address_of(k.f.network, text, &k.f.account);
	}
	if (code == 0) {
		code = read_taggers(c, &k);
	}
	for (size_t i = 0; code == 0 && i < n; i++) {
		/* What one node cannot say is said, and the others are asked. */
		if (read_facts(c, names[i], &k) == 0) {
			heights[i] = k.f.height;
			answers[i] = verdicts(&k, names[i]);
		}
		forget(&k);
	}
	if (code == 0) {
		code = cli_nodes_same(&p, answers, &place);
	}
	if (code == 0) {
		print_tags(c, &k.f.account, heights[place], answers[place]);
	}
	for (size_t i = 0; i < NEM_NODES_MAX; i++) {
		json_decref(answers[i]);
	}
	return code;
}

/* ---- writing ---- */

static int times(uint32_t *now)
{
	return nem_time_from_unix_ms(now, clock_wall_ms()) == ERR_OK
		   ? 0
		   : cli_fail(ERR_CLOCK, "this machine's clock is not in the time of NEM");
}

static int print_unsigned(const struct cli *c, const struct nem_tx *tx)
{
	json_t *j = nem_json_tx(tx, NEM_SIGNING);

	CHECK(j != NULL); /* the builders pass nothing beyond 2^63-1 */
	(void)json_dumpf(j, stdout, c->json ? JSON_COMPACT : JSON_INDENT(2));
	(void)fputc('\n', stdout);
	json_decref(j);
	return 0;
}

static int mosaic_of(const char *text, struct nem_mosaic_id *out)
{
	const char *why = "";
	enum err e = nem_mosaic_id_parse(out, bytes_str(text), &why);

	return e == ERR_OK
		   ? 0
		   : cli_fail(e, "%.64s: a mosaic is NAMESPACE:NAME; %s", text, words_of(why));
}

/* The transfer that tags ADDRESS with a mosaic as the node has it. */
static int tag_build(const struct cli *c, const char *node, const char *mosaic, const char *text)
{
	static struct nem_mosaic_definition definition;
	static struct nem_tx tx;
	struct nem_mosaic_id id;
	struct nem_address account = { .text = "" };
	uint8_t network = 0;
	uint32_t now = 0;
	bool exists = false;
	json_t *j = NULL;
	json_int_t supply = 0;
	enum err e;
	int code = cli_nem_network(c, &network);

	if (code == 0) {
		code = mosaic_of(mosaic, &id);
	}
	if (code == 0) {
		code = address_of(network, text, &account);
	}
	if (code == 0) {
		code = read_definition(c, node, network, &id, &definition, &exists);
	}
	if (code == 0 && !exists) {
		code = cli_fail(ERR_NOT_FOUND, "%s: no mosaic %s", node, mosaic);
	}
	if (code == 0) {
		code = ask_of(c, node, "/mosaic/supply?mosaicId=", mosaic, &j);
		supply = json_integer_value(json_object_get(j, "supply"));
		json_decref(j);
	}
	if (code == 0 && supply < 1) {
		code = cli_fail(ERR_NODE, "%s: no supply of %s", node, mosaic);
	}
	if (code == 0) {
		code = times(&now);
	}
	if (code != 0) {
		return code;
	}
	e = nem_tag_build(&tx, network, &definition, (uint64_t)supply, &account, now,
			  now + DEADLINE_S);
	if (e == ERR_ASSET) {
		return cli_fail(e,
				"%s can be passed on, divided, or costs a levy: it cannot be a "
				"tag",
				mosaic);
	}
	return e == ERR_OK ? print_unsigned(c, &tx) : cli_fail(e, "%s", text);
}

/* The definition of a mosaic that can be a tag. */
static int tag_define(const struct cli *c, const char *key, const char *mosaic, const char *count,
		      const char *description)
{
	static struct nem_tx tx;
	struct nem_mosaic_id id;
	struct key32 creator;
	uint8_t network = 0;
	uint32_t now = 0;
	char *end = NULL;
	unsigned long long supply = strtoull(count, &end, 10);
	enum err e;
	int code = cli_nem_network(c, &network);

	if (code == 0) {
		code = mosaic_of(mosaic, &id);
	}
	if (code == 0 &&
	    hex_get(creator.b, sizeof creator.b, bytes_str(key), HEX_ANY_CASE) != ERR_OK) {
		code = cli_fail(ERR_KEY, "the creator is a public key of 64 hexadecimal digits");
	}
	if (code == 0 && (isdigit((unsigned char)count[0]) == 0 || *end != '\0')) {
		code = cli_fail(ERR_INPUT, "%.64s: how many pieces, a number", count);
	}
	if (code == 0) {
		code = times(&now);
	}
	if (code != 0) {
		return code;
	}
	e = nem_tag_define(&tx, network, &creator, &id, bytes_str(description), supply, now,
			   now + DEADLINE_S);
	return e == ERR_OK
		   ? print_unsigned(c, &tx)
		   : cli_fail(e, "supply (at least 1) or description (1 to 512 characters)");
}

int cli_nem_tag(struct cli *c, const char *const *w, size_t n)
{
	if (n >= 3 && strcmp(w[0], "read") == 0) {
		return tag_read(c, w[1], w + 2, n - 2);
	}
	if (n == 4 && strcmp(w[0], "build") == 0) {
		return tag_build(c, w[3], w[1], w[2]);
	}
	if (n == 5 && strcmp(w[0], "define") == 0) {
		return tag_define(c, w[1], w[2], w[3], w[4]);
	}
	return cli_fail(ERR_USAGE,
			"it is: kuramori nem tag read ADDRESS HOST:PORT..., nem tag build "
			"MOSAIC ADDRESS HOST:PORT or nem tag define KEY MOSAIC SUPPLY "
			"DESCRIPTION");
}
