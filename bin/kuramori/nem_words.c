/* SPDX-License-Identifier: Apache-2.0 */
#include "nem_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_mosaic.h"
#include "chain/nem/nem_time.h"
#include "chain/nem/nem_tx.h"
#include "io/clock.h"

enum {
	GIVEN_MAX = 80, /* words: 32 cosigners more and 32 fewer, and the rest */
	INNER_MAX = 65536,
	XEM_DECIMALS = 6,
};

#define XEM_MAX UINT64_C(8999999999) /* all there is */

struct given {
	const char *name;
	const char *value;
	size_t name_n;
};

/* What is being said, and what it becomes. */
struct saying {
	const struct cli *c;
	uint8_t network;
	struct given given[GIVEN_MAX];
	size_t n;
	json_t *o; /* what it becomes */
	int code;  /* of the first word that was wrong */
};

/* ---- words ---- */

static bool is(const struct given *g, const char *name)
{
	return bytes_eq(bytes_of(g->name, g->name_n), bytes_str(name));
}

static const char *one(const struct saying *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++) {
		if (is(&s->given[i], name)) {
			return s->given[i].value;
		}
	}
	return NULL;
}

static void wrong(struct saying *s, enum err e, const char *name, const char *words)
{
	if (s->code == 0) {
		s->code = cli_fail(e, "%s: %s", name, words_of(words));
	}
}

/* Takes j. */
static void put(struct saying *s, const char *key, json_t *j)
{
	CHECK(j != NULL && json_object_set_new(s->o, key, j) == 0);
}

/* Decimal digits with at most so many behind the point, as whole smallest units. */
static bool parse_units(uint64_t *out, const char *text, unsigned decimals, uint64_t most)
{
	uint64_t v = 0;
	unsigned behind = 0;
	bool point = false, digit = false;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '.' && !point && digit && decimals > 0) {
			point = true;
			continue;
		}
		if (*p < '0' || *p > '9' || (point && behind == decimals) ||
		    v > (UINT64_MAX - 9) / 10) {
			return false;
		}
		v = v * 10 + (uint64_t)(*p - '0');
		behind += point ? 1U : 0U;
		digit = true;
	}
	if (!digit || (point && behind == 0)) {
		return false;
	}
	for (; behind < decimals; behind++) {
		if (v > (UINT64_MAX - 9) / 10) {
			return false;
		}
		v *= 10;
	}
	*out = v;
	return v <= most;
}

static void put_xem(struct saying *s, const char *name, const char *key, const char *fallback)
{
	const char *text = one(s, name) != NULL ? one(s, name) : fallback;
	uint64_t micro = 0;

	if (text == NULL) {
		return;
	}
	if (!parse_units(&micro, text, XEM_DECIMALS, XEM_MAX * 1000000)) {
		wrong(s, ERR_AMOUNT, name, N_("XEM, with at most six digits behind the point"));
		return;
	}
	put(s, key, json_integer((json_int_t)micro));
}

static uint64_t number(struct saying *s, const char *name, const char *text, uint64_t most)
{
	uint64_t v = 0;

	if (text != NULL && !parse_units(&v, text, 0, most)) {
		wrong(s, ERR_INPUT, name, N_("a whole number in its range"));
	}
	return v;
}

static bool yes(struct saying *s, const char *name, bool fallback)
{
	const char *text = one(s, name);

	if (text == NULL) {
		return fallback;
	}
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0) {
		wrong(s, ERR_INPUT, name, N_("yes or no"));
	}
	return strcmp(text, "yes") == 0;
}

static json_t *key(struct saying *s, const char *name, const char *text)
{
	struct key32 k = { { 0 } };
	char hex[65];

	if (hex_get(k.b, sizeof k.b, bytes_str(text), HEX_ANY_CASE) != ERR_OK) {
		wrong(s, ERR_KEY, name, N_("a public key of 64 hexadecimal digits"));
	}
	hex_put(hex, bytes_of(k.b, sizeof k.b));
	return json_string(hex);
}

static void put_key(struct saying *s, const char *name, const char *json_key)
{
	put(s, json_key, key(s, name, one(s, name)));
}

static void put_address(struct saying *s, const char *name, const char *json_key)
{
	struct nem_address a = { .text = "" };
	const char *why = "";

	if (nem_address_normalise(&a, s->network, bytes_str(one(s, name)), &why) != ERR_OK) {
		wrong(s, ERR_ADDRESS, name, why);
	}
	put(s, json_key, json_string(a.text));
}

static void put_sink(struct saying *s, const char *json_key, const struct key32 *sink)
{
	struct nem_address a;

	nem_address_from_key(&a, sink, s->network);
	put(s, json_key, json_string(a.text));
}

/* "namespace:name" as {"namespaceId","name"}. */
static json_t *mosaic_id(struct saying *s, const char *name, struct bytes text)
{
	struct nem_mosaic_id id = nem_mosaic_xem;
	const char *why = "";
	char space[NEM_MOSAIC_ID_MAX + 1];
	char *colon;

	if (nem_mosaic_id_parse(&id, text, &why) != ERR_OK) {
		wrong(s, ERR_INPUT, name, why);
	}
	nem_mosaic_id_put(space, &id);
	colon = strchr(space, ':');
	CHECK(colon != NULL);
	*colon = '\0';
	return json_pack("{s:s,s:s}", "namespaceId", space, "name", colon + 1);
}

/* ---- the types ---- */

static void begin(struct saying *s, enum nem_type type, unsigned version)
{
	uint32_t v = (uint32_t)s->network << 24 | version;

	put(s, "type", json_integer((json_int_t)type));
	/* NIS writes it as a signed number (nem.md 1.2) */
	put(s, "version", json_integer((json_int_t)(int32_t)v));
	put_key(s, "from", "signer");
}

static void message(struct saying *s)
{
	const char *plain = one(s, "message"), *encrypted = one(s, "encrypted");
	size_t n = plain == NULL ? 0 : strlen(plain);
	char hex[2 * NEM_MESSAGE_MAX + 1] = "";

	if (plain != NULL && encrypted != NULL) {
		wrong(s, ERR_USAGE, "message", N_("either plain or encrypted"));
	} else if (n > NEM_MESSAGE_MAX) {
		wrong(s, ERR_TOO_LARGE, "message", N_("more bytes than NIS takes"));
	} else if (plain != NULL) {
		hex_put(hex, bytes_of(plain, n));
	}
	put(s, "message",
	    encrypted != NULL ? json_pack("{s:s,s:i}", "payload", encrypted, "type", 2)
	    : n > 0           ? json_pack("{s:s,s:i}", "payload", hex, "type", 1)
			      : json_object());
}

/* "namespace:name=quantity": a name may hold blanks, never an equals sign. */
static void add_mosaic(struct saying *s, json_t *list, const char *text)
{
	const char *equals = strrchr(text, '=');
	json_t *id;

	if (equals == NULL) {
		wrong(s, ERR_INPUT, "mosaic", N_("NAMESPACE:NAME=QUANTITY, in smallest units"));
		return;
	}
	id = mosaic_id(s, "mosaic", bytes_of(text, (size_t)(equals - text)));
	CHECK(json_array_append_new(
		  list, json_pack("{s:o,s:I}", "mosaicId", id, "quantity",
				  (json_int_t)number(s, "mosaic", equals + 1, INT64_MAX))) == 0);
}

static void transfer(struct saying *s)
{
	bool mosaics = one(s, "mosaic") != NULL;

	begin(s, NEM_TRANSFER, mosaics ? 2 : 1);
	put_address(s, "to", "recipient");
	message(s);
	if (!mosaics) {
		put_xem(s, "amount", "amount", "0");
		return;
	}
	/* Beside mosaics the amount is no amount but multiplies them (nem.md 2.5). */
	if (one(s, "amount") != NULL) {
		wrong(s, ERR_USAGE, "amount",
		      N_("not beside mosaic: say mosaic=nem:xem=MICRO-XEM for the XEM"));
	}
	put(s, "amount", json_integer(1000000));
	put(s, "mosaics", json_array());
	for (size_t i = 0; i < s->n; i++) {
		if (is(&s->given[i], "mosaic")) {
			add_mosaic(s, json_object_get(s->o, "mosaics"), s->given[i].value);
		}
	}
}

static void importance(struct saying *s)
{
	const char *mode = one(s, "mode");

	begin(s, NEM_IMPORTANCE, 1);
	put_key(s, "remote", "remoteAccount");
	if (strcmp(mode, "activate") != 0 && strcmp(mode, "deactivate") != 0) {
		wrong(s, ERR_INPUT, "mode", N_("activate or deactivate"));
	}
	put(s, "mode", json_integer(strcmp(mode, "activate") == 0 ? 1 : 2));
}

static void cosigners(struct saying *s)
{
	const char *change = one(s, "change");
	bool less = change != NULL && change[0] == '-';
	int by = 0;
	json_t *list = json_array();

	CHECK(list != NULL);
	begin(s, NEM_MODIFICATION, 2);
	for (size_t i = 0; i < s->n; i++) {
		bool add = is(&s->given[i], "add");

		if (add || is(&s->given[i], "remove")) {
			CHECK(
			    json_array_append_new(list, json_pack("{s:i,s:o}", "modificationType",
								  add ? 1 : 2, "cosignatoryAccount",
								  key(s, add ? "add" : "remove",
								      s->given[i].value))) == 0);
		}
	}
	put(s, "modifications", list);
	if (change != NULL) {
		change += change[0] == '-' || change[0] == '+' ? 1 : 0;
		by = (int)number(s, "change", change, 32);
	}
	put(s, "minCosignatories", json_pack("{s:i}", "relativeChange", less ? -by : by));
}

static void wrap(struct saying *s)
{
	static char text[INNER_MAX];
	json_error_t error;
	json_t *inner;
	size_t n = 0;
	int code = cli_read(one(s, "inner"), (uint8_t *)text, sizeof text, &n);

	begin(s, NEM_MULTISIG, 1);
	if (code != 0) {
		s->code = s->code == 0 ? code : s->code;
		return;
	}
	inner = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(inner)) {
		json_decref(inner);
		wrong(s, ERR_INPUT, "inner",
		      N_("the JSON of a transaction, as tx build prints it"));
		return;
	}
	put(s, "otherTrans", inner);
}

static void cosign(struct saying *s)
{
	struct hash32 hash = { { 0 } };
	char hex[65];

	begin(s, NEM_COSIGNATURE, 1);
	if (hex_get(hash.b, sizeof hash.b, bytes_str(one(s, "payment")), HEX_ANY_CASE) != ERR_OK) {
		wrong(s, ERR_INPUT, "payment",
		      N_("the inner transaction's hash of 64 hexadecimal digits"));
	}
	hex_put(hex, bytes_of(hash.b, sizeof hash.b));
	put(s, "otherHash", json_pack("{s:s}", "data", hex));
	put_address(s, "account", "otherAccount");
}

static void namespace(struct saying *s)
{
	const char *name = one(s, "name"), *dot = strrchr(name, '.'), *why = "";
	struct nem_namespace whole;

	begin(s, NEM_NAMESPACE, 1);
	if (nem_namespace_parse(&whole, bytes_str(name), &why) != ERR_OK) {
		wrong(s, ERR_FIELD_RANGE, "name", why);
	}
	put_sink(s, "rentalFeeSink", &nem_sink_namespace_key);
	put(s, "rentalFee",
	    json_integer(dot == NULL ? NEM_FEE_RENTAL_ROOT_MICRO : NEM_FEE_RENTAL_SUB_MICRO));
	put(s, "newPart", json_string(dot == NULL ? name : dot + 1));
	put(s, "parent", dot == NULL ? json_null() : json_stringn(name, (size_t)(dot - name)));
}

static json_t *levy(struct saying *s)
{
	const char *type = one(s, "levy");
	struct nem_address to = { .text = "" };
	const char *why = "";

	if (type == NULL) {
		if (one(s, "levy_mosaic") != NULL || one(s, "levy_fee") != NULL ||
		    one(s, "levy_to") != NULL) {
			wrong(s, ERR_USAGE, "levy",
			      N_("absolute or percentile, where a levy is meant"));
		}
		return json_object();
	}
	if (one(s, "levy_mosaic") == NULL || one(s, "levy_fee") == NULL ||
	    one(s, "levy_to") == NULL) {
		wrong(s, ERR_USAGE, "levy", N_("with levy_mosaic, levy_fee and levy_to"));
		return json_object();
	}
	if (strcmp(type, "absolute") != 0 && strcmp(type, "percentile") != 0) {
		wrong(s, ERR_INPUT, "levy", N_("absolute or percentile"));
	}
	if (nem_address_normalise(&to, s->network, bytes_str(one(s, "levy_to")), &why) != ERR_OK) {
		wrong(s, ERR_ADDRESS, "levy_to", why);
	}
	return json_pack("{s:i,s:s,s:o,s:I}", "type", strcmp(type, "absolute") == 0 ? 1 : 2,
			 "recipient", to.text, "mosaicId",
			 mosaic_id(s, "levy_mosaic", bytes_str(one(s, "levy_mosaic"))), "fee",
			 (json_int_t)number(s, "levy_fee", one(s, "levy_fee"), INT64_MAX));
}

static void add_property(json_t *list, const char *name, const char *value)
{
	CHECK(json_array_append_new(list, json_pack("{s:s,s:s}", "name", name, "value", value)) ==
	      0);
}

static void mosaic(struct saying *s)
{
	const char *places = one(s, "divisibility");
	json_t *properties = json_array();
	json_t *definition;
	char text[24];

	CHECK(properties != NULL);
	begin(s, NEM_DEFINITION, 1);
	(void)snprintf(text, sizeof text, "%u",
		       (unsigned)number(s, "divisibility", places, NEM_DIVISIBILITY_MAX));
	add_property(properties, "divisibility", text);
	(void)snprintf(text, sizeof text, "%llu",
		       (unsigned long long)number(s, "supply", one(s, "supply"), XEM_MAX));
	add_property(properties, "initialSupply", text);
	add_property(properties, "supplyMutable", yes(s, "mutable", false) ? "true" : "false");
	add_property(properties, "transferable", yes(s, "transferable", true) ? "true" : "false");
	definition = json_pack("{s:o,s:s,s:o,s:o,s:o}", "creator", key(s, "from", one(s, "from")),
			       "description", one(s, "description"), "id",
			       mosaic_id(s, "id", bytes_str(one(s, "id"))), "properties",
			       properties, "levy", levy(s));
	if (definition == NULL) {
		wrong(s, ERR_INPUT, "description", N_("it is not UTF-8"));
		return;
	}
	put(s, "mosaicDefinition", definition);
	put_sink(s, "creationFeeSink", &nem_sink_mosaic_key);
	put(s, "creationFee", json_integer(NEM_FEE_CREATION_MICRO));
}

static void supply(struct saying *s)
{
	const char *change = one(s, "change");

	begin(s, NEM_SUPPLY, 1);
	put(s, "mosaicId", mosaic_id(s, "id", bytes_str(one(s, "id"))));
	if (change[0] != '+' && change[0] != '-') {
		wrong(s, ERR_INPUT, "change", N_("+N or -N whole units"));
		return;
	}
	put(s, "supplyType", json_integer(change[0] == '+' ? 1 : 2));
	put(s, "delta", json_integer((json_int_t)number(s, "change", change + 1, XEM_MAX)));
}

/* A word: must it stand, and may it stand again? */
struct word {
	const char *name;
	bool needed, many;
};

static const struct type {
	const char *name;
	void (*say)(struct saying *s);
	struct word words[10];
} TYPES[] = {
	{ "transfer",
	  transfer,
	  { { "to", true, false },
	    { "amount", false, false },
	    { "message", false, false },
	    { "encrypted", false, false },
	    { "mosaic", false, true } } },
	{ "importance", importance, { { "remote", true, false }, { "mode", true, false } } },
	{ "cosigners",
	  cosigners,
	  { { "add", false, true }, { "remove", false, true }, { "change", false, false } } },
	{ "wrap", wrap, { { "inner", true, false } } },
	{ "cosign", cosign, { { "payment", true, false }, { "account", true, false } } },
	{ "namespace", namespace, { { "name", true, false } } },
	{ "mosaic",
	  mosaic,
	  { { "id", true, false },
	    { "description", true, false },
	    { "supply", true, false },
	    { "divisibility", false, false },
	    { "mutable", false, false },
	    { "transferable", false, false },
	    { "levy", false, false },
	    { "levy_mosaic", false, false },
	    { "levy_fee", false, false },
	    { "levy_to", false, false } } },
	{ "supply", supply, { { "id", true, false }, { "change", true, false } } },
};

/* Of every type. */
static const struct word COMMON[] = {
	{ "from", true, false },
	{ "fee", false, false },
	{ "deadline_s", false, false },
};

static const struct word *word_of(const struct type *t, const struct given *g)
{
	for (size_t i = 0; i < ARRAY_LEN(COMMON); i++) {
		if (is(g, COMMON[i].name)) {
			return &COMMON[i];
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(t->words) && t->words[i].name != NULL; i++) {
		if (is(g, t->words[i].name)) {
			return &t->words[i];
		}
	}
	return NULL;
}

static void need(struct saying *s, const struct word *w)
{
	if (w->needed && one(s, w->name) == NULL) {
		wrong(s, ERR_USAGE, w->name, N_("is missing"));
	}
}

/* The words in their table; what is not in it, twice or missing is named. */
static void sort(struct saying *s, const struct type *t, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n && s->code == 0; i++) {
		const char *equals = strchr(words[i], '=');
		struct given *g = &s->given[s->n];
		const struct word *w;

		if (equals == NULL || s->n == GIVEN_MAX) {
			wrong(s, ERR_USAGE, words[i],
			      equals == NULL ? N_("every word is NAME=VALUE")
					     : N_("too many words"));
			return;
		}
		*g = (struct given){ .name = words[i],
				     .name_n = (size_t)(equals - words[i]),
				     .value = equals + 1 };
		w = word_of(t, g);
		if (w == NULL) {
			wrong(s, ERR_USAGE, words[i], N_("no word of this type (kuramori --help)"));
		} else if (!w->many && one(s, w->name) != NULL) {
			wrong(s, ERR_USAGE, w->name, N_("stands twice"));
		}
		s->n++;
	}
	for (size_t i = 0; i < ARRAY_LEN(COMMON); i++) {
		need(s, &COMMON[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(t->words) && t->words[i].name != NULL; i++) {
		need(s, &t->words[i]);
	}
}

static void times(struct saying *s)
{
	const char *text = one(s, "deadline_s");
	uint64_t seconds = number(s, "deadline_s", text, 86400);
	uint32_t now = 0;

	if (text == NULL) {
		return;
	}
	if (nem_time_from_unix_ms(&now, clock_wall_ms()) != ERR_OK) {
		wrong(s, ERR_CLOCK, "deadline_s",
		      N_("this machine's clock is not in the time of NEM"));
		return;
	}
	put(s, "timeStamp", json_integer(now));
	put(s, "deadline", json_integer((json_int_t)now + (json_int_t)seconds));
}

int cli_nem_words(const struct cli *c, uint8_t network, const char *const *words, size_t n,
		  json_t **out)
{
	static struct saying s;
	const struct type *t = NULL;

	*out = NULL;
	for (size_t i = 0; n > 0 && i < ARRAY_LEN(TYPES); i++) {
		if (strcmp(words[0], TYPES[i].name) == 0) {
			t = &TYPES[i];
		}
	}
	if (t == NULL) {
		return cli_fail(ERR_USAGE, "tx build FILE|- or tx build TYPE NAME=VALUE..., TYPE "
					   "transfer, importance, cosigners, wrap, cosign, "
					   "namespace, mosaic or supply");
	}
	s = (struct saying){ .c = c, .network = network, .o = json_object() };
	CHECK(s.o != NULL);
	sort(&s, t, words + 1, n - 1);
	if (s.code == 0) {
		t->say(&s);
		put_xem(&s, "fee", "fee", NULL);
		times(&s);
	}
	if (s.code != 0) {
		json_decref(s.o);
		return s.code;
	}
	*out = s.o;
	return 0;
}
