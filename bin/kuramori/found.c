/* SPDX-License-Identifier: Apache-2.0 */
/*
 * found.c - the documents that an exchange is founded on, and their successors, out of words:
 *
 *   roster make, policy make   the first ones, before there is a genesis: genesis names them
 *   genesis make               genesis, and both of them under it
 *   holding make               the first holding
 *   roster|policy|holding next what is in force, with what the words change
 *
 * Each is judged as a whole (policy/founding.h) before it is written, shown in words, and never
 * written over another; the same words again find what they made.  Nothing here signs: that is done
 * by `roster propose`, `policy propose`, `rotate sign`.  Words: found_words.c.
 */
#include "found.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/hex.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_network.h"
#include "crypto/crypto.h"
#include "io/file.h"
#include "nem_ask.h"
#include "policy/founding.h"
#include "policy/roster.h"
#include "policy_command.h"
#include "show.h"

enum { ZEROS_BYTES = 65, PARTS_MAX = 5, LIST_TEXT_MAX = 65536 };

static struct found_words words;
static const char zeros[ZEROS_BYTES] =
    "0000000000000000000000000000000000000000000000000000000000000000";

/* ---- lists of a body ----------------------------------------------------------------------- */

static json_t *list_of(json_t *body, const char *name)
{
	json_t *list = json_object_get(body, name);

	if (list == NULL) {
		list = json_array();
		(void)json_object_set_new(body, name, list);
	}
	return list;
}

/* The place of the object with this id (or name); SIZE_MAX: none. */
static size_t place_of(const json_t *list, const char *key, const char *id)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *known =
		    json_string_value(json_object_get(json_array_get(list, i), key));

		if (known != NULL && strcmp(known, id) == 0) {
			return i;
		}
	}
	return SIZE_MAX;
}

/* One, in place of the one of this id; said: ids of these words: nobody is named twice. */
static int put(json_t *list, json_t *said, const char *key, const char *id, json_t *one)
{
	size_t at = place_of(list, key, id);
	char name[FOUND_WORD_MAX + 1];

	/* an id is no field, though it may be called like one */
	(void)snprintf(name, sizeof name, "=%s", id);
	CHECK(one != NULL);
	if (json_object_get(said, name) != NULL) {
		json_decref(one);
		return cli_fail(ERR_INPUT, "%.64s stands twice in these words", id);
	}
	(void)json_object_set_new(said, name, json_true());
	if (at == SIZE_MAX) {
		(void)json_array_append_new(list, one);
	} else {
		(void)json_array_set_new(list, at, one);
	}
	return 0;
}

static int form(const struct found_word *w, const char *usage)
{
	return cli_fail(ERR_USAGE, "%s=%.80s: it is %s", w->name, w->value, usage);
}

/* gone=ID: out of each list that has it. */
static int gone(json_t *body, const char *const *lists, size_t n, const char *key, const char *id)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		json_t *list = list_of(body, lists[i]);
		size_t at = place_of(list, key, id);

		if (at != SIZE_MAX) {
			(void)json_array_remove(list, at);
			any = true;
		}
	}
	return any ? 0 : cli_fail(ERR_NOT_FOUND, "gone=%.64s: nobody of this name", id);
}

/* ---- a roster's words ---------------------------------------------------------------------- */

static const char *const roster_lists[] = { "backends", "holders", "people", "price_sources",
					    "watchers" };

static int passkey(json_t *body, const struct found_word *w, const char **part)
{
	json_t *people = list_of(body, "people");
	size_t at = place_of(people, "id", part[0]);

	if (at == SIZE_MAX) {
		return cli_fail(ERR_INPUT, "%s=%.64s: the person comes first: person=", w->name,
				part[0]);
	}
	(void)json_array_append_new(json_object_get(json_array_get(people, at), "passkeys"),
				    json_pack("{s:s,s:s,s:s}", "algorithm", part[1], "credential",
					      part[2], "key", part[3]));
	return 0;
}

static int person(json_t *body, json_t *said, const char **part)
{
	json_t *people = list_of(body, "people");
	size_t at = place_of(people, "id", part[0]);
	/* whoever has security keys keeps them; gone= comes first if they are to go */
	json_t *passkeys =
	    at == SIZE_MAX ? json_array()
			   : json_incref(json_object_get(json_array_get(people, at), "passkeys"));

	return put(people, said, "id", part[0],
		   json_pack("{s:s,s:s,s:o,s:o}", "id", part[0], "key", part[2], "passkeys",
			     passkeys, "roles", found_list(part[1])));
}

static int roster_word(json_t *body, json_t *said, const struct found_word *w, bool *known)
{
	static const struct {
		const char *name, *list;
	} parties[] = { { "watcher", "watchers" },
			{ "backend", "backends" },
			{ "price", "price_sources" },
			{ "holder", "holders" } };

	static char room[FOUND_WORD_MAX];
	const char *part[PARTS_MAX];

	*known = true;
	for (size_t i = 0; i < ARRAY_LEN(parties); i++) {
		if (strcmp(w->name, parties[i].name) == 0) {
			return found_split(room, w->value, part, 1)
				   ? put(list_of(body, parties[i].list), said, "id", part[0],
					 json_pack("{s:s,s:s}", "id", part[0], "key", part[1]))
				   : form(w, "ID:KEY");
		}
	}
	if (strcmp(w->name, "person") == 0) {
		return found_split(room, w->value, part, 2) ? person(body, said, part)
							    : form(w, "ID:ROLE,ROLE:KEY");
	}
	if (strcmp(w->name, "passkey") == 0) {
		return found_split(room, w->value, part, 3)
			   ? passkey(body, w, part)
			   : form(w, "PERSON:ALGORITHM:CREDENTIAL:KEY");
	}
	if (strcmp(w->name, "signer") == 0) {
		return found_split(room, w->value, part, 2)
			   ? put(list_of(body, "signers"), said, "id", part[0],
				 json_pack("{s:s,s:s,s:s}", "id", part[0], "attest_key", part[1],
					   "chain_key", part[2]))
			   : form(w, "a|b:ATTEST_KEY:CHAIN_KEY");
	}
	if (strcmp(w->name, "relying_party") == 0) {
		(void)json_object_set_new(json_object_get(body, "relying_party"), "id",
					  json_string(w->value));
		return 0;
	}
	if (strcmp(w->name, "origin") == 0) {
		(void)json_array_append_new(
		    list_of(json_object_get(body, "relying_party"), "origins"),
		    json_pack("{s:s}", "origin", w->value));
		return 0;
	}
	if (strcmp(w->name, "gone") == 0) {
		return gone(body, roster_lists, ARRAY_LEN(roster_lists), "id", w->value);
	}
	*known = false;
	return 0;
}

/* ---- a policy's words ---------------------------------------------------------------------- */

/* A list that these words begin anew: said at its first word. */
static json_t *anew(json_t *body, json_t *said, const char *name)
{
	if (json_object_get(said, name) == NULL) {
		(void)json_object_set_new(said, name, json_true());
		(void)json_object_set_new(body, name, json_array());
	}
	return json_object_get(body, name);
}

static json_t *whole(const char *digits)
{
	size_t n = strspn(digits, "0123456789");

	/* what is no number is refused by the document's reader, by its field */
	return n > 0 && n < 16 && digits[n] == '\0'
		   ? json_integer((json_int_t)strtoull(digits, NULL, 10))
		   : json_string(digits);
}

static int policy_word(json_t *body, json_t *said, const struct found_word *w, bool *known)
{
	static const char *const lists[] = { "destinations" };
	static char room[FOUND_WORD_MAX];
	const char *part[PARTS_MAX];
	char amount[64];
	uint64_t ms = 0;

	*known = true;
	if (strcmp(w->name, "tier") == 0) {
		if (!found_split(room, w->value, part, 2)) {
			return form(w, "AMOUNT:APPROVALS:DURATION");
		}
		if (!found_amount(amount, w, part[0]) || !found_duration(&ms, w, part[2])) {
			return err_exit(ERR_INPUT);
		}
		(void)json_array_append_new(anew(body, said, "approval_tiers"),
					    json_pack("{s:s,s:o,s:I}", "up_to", amount, "approvals",
						      whole(part[1]), "delay_ms", (json_int_t)ms));
		return 0;
	}
	if (strcmp(w->name, "hours") == 0) {
		if (!found_split(room, w->value, part, 3)) {
			return form(w, "DAYS:FROM_MINUTE:TO_MINUTE:AMOUNT");
		}
		if (!found_amount(amount, w, part[3])) {
			return err_exit(ERR_INPUT);
		}
		(void)json_array_append_new(anew(body, said, "hours"),
					    json_pack("{s:o,s:o,s:o,s:s}", "days", whole(part[0]),
						      "from_minute", whole(part[1]), "to_minute",
						      whole(part[2]), "payment_max", amount));
		return 0;
	}
	if (strcmp(w->name, "yen") == 0) {
		if (!found_split(room, w->value, part, 3)) {
			return form(w, "HOUR_MAX:DAY_MAX:DURATION:JUMP_BP");
		}
		if (!found_duration(&ms, w, part[2])) {
			return err_exit(ERR_INPUT);
		}
		(void)json_array_append_new(
		    anew(body, said, "yen"),
		    json_pack("{s:s,s:s,s:I,s:o}", "hour_max", part[0], "day_max", part[1],
			      "age_max_ms", (json_int_t)ms, "jump_max_bp", whole(part[3])));
		return 0;
	}
	if (strcmp(w->name, "destination") == 0) {
		return found_split(room, w->value, part, 1)
			   ? put(list_of(body, "destinations"), said, "name", part[0],
				 json_pack("{s:s,s:s}", "name", part[0], "address", part[1]))
			   : form(w, "NAME:ADDRESS");
	}
	if (strcmp(w->name, "gone") == 0) {
		return gone(body, lists, ARRAY_LEN(lists), "name", w->value);
	}
	*known = false;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const char *x = json_string_value(json_object_get(*(json_t *const *)a, "address"));
	const char *y = json_string_value(json_object_get(*(json_t *const *)b, "address"));

	return strcmp(x, y);
}

/* The document has them by address. */
static void sort_destinations(json_t *body)
{
	json_t *list = list_of(body, "destinations");
	json_t *all[DOC_DESTINATIONS_MAX];
	size_t n = json_array_size(list);

	if (n > DOC_DESTINATIONS_MAX) {
		return; /* refused by the document's reader */
	}
	for (size_t i = 0; i < n; i++) {
		all[i] = json_incref(json_array_get(list, i));
	}
	qsort(all, n, sizeof(json_t *), by_address); // NOLINT(bugprone-sizeof-expression): pointers
	(void)json_array_clear(list);
	for (size_t i = 0; i < n; i++) {
		(void)json_array_append_new(list, all[i]);
	}
}

/* ---- a holding's words --------------------------------------------------------------------- */

static int holding_word(json_t *body, json_t *said, const struct found_word *w, bool *known)
{
	static const char *const lists[] = { "holders" };
	static char room[FOUND_WORD_MAX];
	const char *part[PARTS_MAX] = { NULL };
	const char *last = strrchr(w->value, ':');
	bool registered = last != NULL && strlen(last + 1) > 64;

	*known = true;
	if (strcmp(w->name, "holder") == 0) {
		return found_split(room, w->value, part, registered ? 3 : 2)
			   ? put(list_of(body, "holders"), said, "id", part[0],
				 json_pack("{s:s,s:s,s:s,s:s}", "id", part[0], "key", part[1],
					   "attest_key", part[2], "registration",
					   registered ? part[3] : ""))
			   : form(w, "ID:KEY:ATTEST_KEY[:REGISTRATION]");
	}
	if (strcmp(w->name, "gone") == 0) {
		return gone(body, lists, ARRAY_LEN(lists), "id", w->value);
	}
	*known = false;
	return 0;
}

/* ---- a body -------------------------------------------------------------------------------- */

static int apply(json_t *body, enum doc_type type)
{
	json_t *said = json_object();
	int code = 0;

	for (size_t i = 0; code == 0 && i < words.n; i++) {
		const struct found_word *w = &words.all[i];
		bool known = false;

		code = type == DOC_ROSTER   ? roster_word(body, said, w, &known)
		       : type == DOC_POLICY ? policy_word(body, said, w, &known)
					    : holding_word(body, said, w, &known);
		if (code == 0 && !known) {
			if (json_object_get(said, w->name) != NULL) {
				code = cli_fail(ERR_INPUT, "%.64s stands twice in these words",
						w->name);
				break;
			}
			code = found_field(body, type, w, &known);
			(void)json_object_set_new(said, w->name, json_true());
		}
		if (code == 0 && !known) {
			code = cli_fail(ERR_USAGE,
					"%.64s: no word of a %s; kuramori %s --help has them",
					w->name, doc_type_name(type), doc_type_name(type));
		}
	}
	json_decref(said);
	if (type == DOC_POLICY) {
		sort_destinations(body);
	}
	return code;
}

/* What a first document has without being told. */
static json_t *first(const struct cli *c, enum doc_type type)
{
	char genesis[ZEROS_BYTES];
	json_t *body;

	hex_put(genesis, bytes_of(c->genesis_id.b, sizeof c->genesis_id.b));
	body = json_pack("{s:s,s:i,s:s}", "genesis", type == DOC_HOLDING ? genesis : zeros,
			 "number", 1, "previous", zeros);
	CHECK(body != NULL);
	if (type == DOC_ROSTER) {
		for (size_t i = 0; i < ARRAY_LEN(roster_lists); i++) {
			(void)list_of(body, roster_lists[i]);
		}
		(void)list_of(body, "signers");
		(void)json_object_set_new(body, "recovery", json_false());
		(void)json_object_set_new(body, "prices_needed", json_integer(0));
		(void)json_object_set_new(body, "software_approvals", json_true());
		(void)json_object_set_new(body, "relying_party",
					  json_pack("{s:s,s:[]}", "id", "", "origins"));
	} else if (type == DOC_POLICY) {
		(void)json_object_set_new(body, "asset", json_string("nem:xem"));
		(void)list_of(body, "destinations");
		(void)list_of(body, "hours");
		(void)list_of(body, "yen");
	} else {
		(void)list_of(body, "holders");
	}
	return body;
}

/* The body of what is in force, as its successor.  0 or an exit code. */
static int successor(struct cli *c, enum doc_type type, json_t **body)
{
	static uint8_t raw[DOC_BYTES_MAX];
	const char *setting = type == DOC_ROSTER   ? "roster_file"
			      : type == DOC_POLICY ? "policy_file"
						   : "holding_file";
	const char *path = type == DOC_ROSTER   ? c->roster_file
			   : type == DOC_POLICY ? c->policy_file
						: c->holding_file;
	struct doc_fault fault = { .field = "", .why = "" };
	struct doc d;
	char id[ZEROS_BYTES];
	size_t n = 0;
	enum err e;
	int code;

	if (path[0] == '\0') {
		return cli_fail(ERR_CONFIG, "%s is not set: the one that is in force", setting);
	}
	code = cli_read(path, raw, sizeof raw, &n);
	if (code != 0) {
		return code;
	}
	e = doc_open(&d, bytes_of(raw, n), &c->genesis_id, &fault);
	if (e == ERR_OK) {
		e = d.type == type ? doc_check(&d, &fault) : ERR_TYPE;
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s: %s: %s", path, fault.field, words_of(fault.why));
	}
	hex_put(id, bytes_of(d.id.b, sizeof d.id.b));
	*body = json_loadb((const char *)d.body.p, d.body.n, 0, NULL);
	CHECK(*body != NULL);
	(void)json_object_set_new(
	    *body, "number",
	    json_integer(json_integer_value(json_object_get(*body, "number")) + 1));
	(void)json_object_set_new(*body, "previous", json_string(id));
	if (type == DOC_ROSTER) {
		(void)json_object_set_new(*body, "recovery", json_false());
	}
	return 0;
}

/* ---- a document ---------------------------------------------------------------------------- */

static int refused(const char *path, const struct policy_verdict *v)
{
	char told[POLICY_TELL_MAX], field[DOC_NAME_MAX + 1];

	policy_tell(told, v);
	cli_ascii(field, sizeof field, bytes_str(v->field));
	return cli_fail(v->err, "%s: %s: %s", path, field, told);
}

/* The word that makes this field, where the two have different names, or NULL. */
static const char *word_of(const char *field)
{
	/* not words */
	static const char *const names[][2] = { { "approval_tiers", "tier=" },
						{ "recovery.holders", "holders=" },
						{ "recovery.needed", "needed=" } };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(field, names[i][0]) == 0) {
			return names[i][1];
		}
	}
	return NULL;
}

/* The envelope of body, opened and judged.  0 or an exit code. */
static int close_body(const char *path, enum doc_type type, const json_t *body, struct writer *w,
		      const struct hash32 *genesis, struct doc *d)
{
	struct doc_fault fault = { .field = "", .why = "" };
	char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
	enum err e;

	CHECK(text != NULL);
	e = doc_close(w, type, bytes_str(text), NULL, 0);
	free(text);
	if (e == ERR_OK) {
		e = doc_open(d, bytes_of(w->p, w->n), genesis, &fault);
	}
	if (e == ERR_OK) {
		e = doc_check(d, &fault);
	}
	if (e != ERR_OK) {
		const char *word = word_of(fault.field);

		return word == NULL
			   ? cli_fail(e, "%s: %s: %s", path, fault.field, words_of(fault.why))
			   : cli_fail(e, "%s: %s: %s (the word is %s)", path, fault.field,
				      words_of(fault.why), word);
	}
	return 0;
}

static int judge(const struct cli *c, const char *path, const struct doc *d, bool next)
{
	static struct doc_roster roster;
	static struct doc_policy policy;
	static struct doc_holding holding;
	struct doc_fault fault = { .field = "", .why = "" };
	struct policy_verdict v = { .err = ERR_OK };

	if (d->type == DOC_ROSTER) {
		CHECK(doc_roster_read(d, &roster, NULL) == ERR_OK); /* doc_check() did */
		v = founding_roster(&roster, &fault);
		if (v.err == ERR_OK && next) {
			v = roster_follows(&c->roster, &c->roster_id, &c->genesis.roster, &roster);
		}
	} else if (d->type == DOC_POLICY) {
		CHECK(doc_policy_read(d, &policy, NULL) == ERR_OK);
		v = next ? founding_policy(&policy, &c->roster) : policy_check(&policy);
	} else {
		CHECK(doc_holding_read(d, &holding, NULL) == ERR_OK);
		v = founding_holding(&holding, &c->genesis, &c->roster);
	}
	return v.err == ERR_OK ? 0 : refused(path, &v);
}

/* The same bytes are there already, or nothing is.  0 or an exit code. */
static int free_or_same(const char *path, struct bytes raw, bool *same)
{
	static uint8_t there[DOC_BYTES_MAX];
	size_t n = 0;
	enum err e = file_read(path, there, sizeof there, &n);

	*same = e == ERR_OK && bytes_eq(bytes_of(there, n), raw);
	if (e == ERR_NOT_FOUND || *same) {
		return 0;
	}
	return e == ERR_OK
		   ? cli_fail(ERR_EXISTS,
			      "%s: another document is there; nothing is written over it: give "
			      "another name, or move that one away if nobody has compared it yet",
			      path)
		   : cli_fail(e, "%s", path);
}

static int keep(const char *path, struct bytes raw)
{
	bool same = false;
	int code = free_or_same(path, raw, &same);
	enum err e = ERR_OK;

	if (code == 0 && !same) {
		e = file_write_new(path, 0644, raw);
	}
	return code != 0 ? code : e == ERR_OK ? 0 : cli_fail(e, "%s", path);
}

static void print_next(enum doc_type type, const char *path, bool next)
{
	if (type == DOC_HOLDING && next) {
		printf(_("Next: each officer reads it and runs: kuramori rotate sign %s. What "
			 "loosens holders sign, too (docs/rotation.md).\n"),
		       path);
	} else if (type == DOC_HOLDING) {
		printf(_("Next: each holder compares his keys with his own paper; then each "
			 "officer: kuramori rotate sign %s\n"),
		       path);
	} else if (next) {
		printf(_("Next: each officer reads it and runs: kuramori %s propose %s\n"),
		       doc_type_name(type), path);
	} else if (type == DOC_POLICY) {
		printf(
		    _("Next: everybody reads all of it, and kuramori policy check %s, which says "
		      "what so many people can move; then kuramori genesis make, which names it\n"),
		    path);
	} else {
		printf(_("Next: everybody who stands in it compares his own lines; then kuramori "
			 "genesis make, which names %s\n"),
		       path);
	}
}

static int make(struct cli *c, enum doc_type type, const char *path, bool next)
{
	static uint8_t room[DOC_BYTES_MAX];
	struct writer w = writer_make(room, sizeof room);
	bool under = next || type == DOC_HOLDING;
	json_t *body = NULL;
	char hex[65];
	struct doc d;
	int code = under ? cli_documents(c, true) : 0;

	if (code == 0 && next) {
		code = successor(c, type, &body);
	} else if (code == 0) {
		body = first(c, type);
	}
	if (code == 0) {
		code = apply(body, type);
	}
	if (code == 0) {
		code = close_body(path, type, body, &w, under ? &c->genesis_id : NULL, &d);
	}
	json_decref(body);
	if (code == 0) {
		code = judge(c, path, &d, next);
	}
	if (code == 0) {
		code = keep(path, d.raw);
	}
	if (code != 0) {
		return code;
	}
	if (c->json) {
		hex_put(hex, bytes_of(d.id.b, sizeof d.id.b));
		printf("{\"%s\":\"%s\"}\n", doc_type_name(type), hex);
		return 0;
	}
	cli_document_print(&d);
	print_next(type, path, next);
	return 0;
}

/* ---- genesis ------------------------------------------------------------------------------- */

static struct founding {
	const char *network, *roster, *policy;
	uint8_t byte;
	const char *nodes[NEM_NODES_MAX];
	size_t node_n;
	/* the list that `kuramori-cold accounts` wrote, and how far it is used */
	struct nem_address list[DOC_BOXES_MAX + DOC_SPARES_MAX];
	size_t list_n, list_at;
	json_t *body;
} f;

/* ADDRESS KEY, a line each: a key of another address was put there by somebody. */
static int read_list(const char *path)
{
	static uint8_t raw[LIST_TEXT_MAX];
	size_t n = 0;
	char *rest = (char *)raw;
	int code = cli_read(path, raw, sizeof raw - 1, &n);

	raw[code == 0 ? n : 0] = '\0';
	if (code == 0 && f.list_n > 0) {
		return cli_fail(ERR_USAGE, "list=%s: one list", path);
	}
	for (char *line = strsep(&rest, "\n"); code == 0 && line != NULL && *line != '\0';
	     line = strsep(&rest, "\n")) {
		char *key_text = strchr(line, ' ');
		struct nem_address derived;
		struct key32 key;

		if (key_text == NULL || f.list_n == ARRAY_LEN(f.list) ||
		    hex_get(key.b, sizeof key.b, bytes_str(key_text + 1), HEX_LOWER_ONLY) !=
			ERR_OK) {
			return cli_fail(ERR_INPUT,
					"%s: line %zu: it is an address and its public key, as "
					"kuramori-cold accounts writes them, at most %zu",
					path, f.list_n + 1, ARRAY_LEN(f.list));
		}
		*key_text = '\0';
		nem_address_from_key(&derived, &key, f.byte);
		if (strcmp(derived.text, line) != 0) {
			return cli_fail(ERR_MISMATCH,
					"%s: line %zu: %.40s is not the address of this key on "
					"%s: somebody has changed the list, or it is of another "
					"network",
					path, f.list_n + 1, line, f.network);
		}
		f.list[f.list_n++] = derived;
	}
	return code;
}

static int next_of_list(const struct found_word *w, json_t *into)
{
	if (f.list_at == f.list_n) {
		return cli_fail(ERR_INPUT, "%s=%.80s: the list has no account left (list=FILE)",
				w->name, w->value);
	}
	(void)json_array_append_new(into, json_string(f.list[f.list_at++].text));
	return 0;
}

static int many_of_list(const struct found_word *w, json_t *into)
{
	size_t n = strspn(w->value, "0123456789");
	int code = 0;

	if (n == 0 || n > 3 || w->value[n] != '\0') {
		return form(w, "N");
	}
	for (unsigned long i = strtoul(w->value, NULL, 10); code == 0 && i > 0; i--) {
		code = next_of_list(w, into);
	}
	return code;
}

/* hot=KIND:KEY, whose spare box is the next account of the list, or KIND:KEY:ADDRESS. */
static int hot_word(const struct found_word *w)
{
	static char room[FOUND_WORD_MAX];
	json_t *spares = list_of(f.body, "spares");
	const char *part[PARTS_MAX];
	const char *spare;
	bool given = found_split(room, w->value, part, 2);
	int code = 0;

	if (!given && !found_split(room, w->value, part, 1)) {
		return form(w, "till|purse|deposit:PUBLIC_KEY[:SPARE_ADDRESS]");
	}
	if (given) {
		(void)json_array_append_new(spares, json_string(part[2]));
	} else {
		code = next_of_list(w, spares);
	}
	if (code != 0) {
		return code;
	}
	spare = json_string_value(json_array_get(spares, json_array_size(spares) - 1));
	(void)json_array_append_new(
	    list_of(f.body, "hot"),
	    json_pack("{s:s,s:s,s:s}", "kind", part[0], "public_key", part[1], "spare", spare));
	return 0;
}

static int network_word(const char *name)
{
	static const uint8_t known[] = { NEM_NETWORK_MAIN, NEM_NETWORK_TEST, NEM_NETWORK_MIJIN };

	for (size_t i = 0; i < sizeof known; i++) {
		if (strcmp(name, nem_network_name(known[i])) == 0) {
			f.network = nem_network_name(known[i]);
			f.byte = known[i];
		}
	}
	return f.network != NULL
		   ? 0
		   : cli_fail(ERR_USAGE, "network=%.20s: mainnet, testnet or mijin", name);
}

static int genesis_word(const struct found_word *w)
{
	static const char *const once[] = { "roster", "policy", "nemesis", "holders", "needed" };
	json_t *recovery = json_object_get(f.body, "recovery");
	size_t same = 0;

	for (size_t i = 0; i < words.n; i++) {
		same += strcmp(words.all[i].name, w->name) == 0;
	}
	for (size_t i = 0; same > 1 && i < ARRAY_LEN(once); i++) {
		if (strcmp(w->name, once[i]) == 0) {
			return cli_fail(ERR_INPUT, "%.64s stands twice in these words", w->name);
		}
	}
	if (strcmp(w->name, "network") == 0) {
		return 0; /* read first */
	}
	if (strcmp(w->name, "roster") == 0) {
		f.roster = w->value;
	} else if (strcmp(w->name, "policy") == 0) {
		f.policy = w->value;
	} else if (strcmp(w->name, "nemesis") == 0) {
		(void)json_object_set_new(f.body, "chain_nemesis", json_string(w->value));
	} else if (strcmp(w->name, "node") == 0 && f.node_n < NEM_NODES_MAX) {
		f.nodes[f.node_n++] = w->value;
	} else if (strcmp(w->name, "list") == 0) {
		return read_list(w->value);
	} else if (strcmp(w->name, "hot") == 0) {
		return hot_word(w);
	} else if (strcmp(w->name, "boxes") == 0) {
		return many_of_list(w, list_of(f.body, "boxes"));
	} else if (strcmp(w->name, "spares") == 0) {
		return many_of_list(w, list_of(f.body, "spares"));
	} else if (strcmp(w->name, "box") == 0) {
		(void)json_array_append_new(list_of(f.body, "boxes"), json_string(w->value));
	} else if (strcmp(w->name, "spare") == 0) {
		(void)json_array_append_new(list_of(f.body, "spares"), json_string(w->value));
	} else if (strcmp(w->name, "holders") == 0 || strcmp(w->name, "needed") == 0) {
		(void)json_object_set_new(recovery, w->name, whole(w->value));
	} else {
		return cli_fail(ERR_USAGE,
				"%.64s: no word of a genesis; kuramori genesis --help has them",
				w->name);
	}
	return 0;
}

/* The hash of block 1: as it was said, as the main network's is known, and as nodes say it. */
static int nemesis(struct cli *c)
{
	static struct cli_nodes nodes;
	const struct hash32 *known = nem_network_block1(f.byte);
	const char *said = json_string_value(json_object_get(f.body, "chain_nemesis"));
	struct nem_question q;
	struct hash32 agreed;
	char hex[65];
	enum err e;
	int code;

	if (f.node_n > 0) {
		(void)snprintf(c->network, sizeof c->network, "%s", f.network);
		code = cli_nodes_open(&nodes, c, f.nodes, f.node_n);
		if (code != 0) {
			return code;
		}
		cli_nodes_heights(&nodes);
		e = cli_nodes_block(&nodes, &q, 1, NULL, NULL);
		if (e == ERR_OK) {
			e = nem_question_agreed(&agreed, NULL, &q, &nodes.s);
		}
		if (e != ERR_OK) {
			return cli_fail(e, "the nodes do not agree on block 1");
		}
		known = &agreed;
	}
	if (known == NULL && said == NULL) {
		return cli_fail(ERR_USAGE, "say which chain: nemesis=HASH of block 1, or "
					   "node=HOST:PORT for those who have it");
	}
	if (known == NULL) {
		return 0;
	}
	hex_put(hex, bytes_of(known->b, sizeof known->b));
	if (said != NULL && strcmp(said, hex) != 0) {
		return cli_fail(ERR_MISMATCH, "nemesis=%.64s: block 1 of %s is %s: another chain",
				said, f.network, hex);
	}
	(void)json_object_set_new(f.body, "chain_nemesis", json_string(hex));
	return 0;
}

/* A draft that `roster make` or `policy make` wrote, and its id as genesis names it. */
static int draft_read(const char *path, enum doc_type type, uint8_t *raw, struct doc *d)
{
	struct doc_fault fault = { .field = "", .why = "" };
	char hex[65];
	size_t n = 0;
	enum err e;
	int code;

	if (path == NULL) {
		return cli_fail(ERR_USAGE,
				"say what genesis is to name: roster=FILE and policy=FILE");
	}
	code = cli_read(path, raw, DOC_BYTES_MAX, &n);
	if (code != 0) {
		return code;
	}
	e = doc_open(d, bytes_of(raw, n), NULL, &fault);
	if (e == ERR_OK) {
		e = d->type == type ? doc_check(d, &fault) : ERR_TYPE;
	}
	if (e != ERR_OK) {
		return cli_fail(e, "%s is no first %s: %s: %s", path, doc_type_name(type),
				fault.field, words_of(fault.why));
	}
	hex_put(hex, bytes_of(d->id.b, sizeof d->id.b));
	(void)json_object_set_new(f.body, doc_type_name(type), json_string(hex));
	return 0;
}

/* The draft under genesis. */
static int final_of(const char *path, const struct doc *draft, const struct hash32 *genesis,
		    struct writer *w, struct doc *d)
{
	json_t *body = json_loadb((const char *)draft->body.p, draft->body.n, 0, NULL);
	char hex[65];
	int code;

	CHECK(body != NULL);
	hex_put(hex, bytes_of(genesis->b, sizeof genesis->b));
	(void)json_object_set_new(body, "genesis", json_string(hex));
	code = close_body(path, draft->type, body, w, genesis, d);
	json_decref(body);
	return code;
}

static int judge_all(const char *folder, const struct doc *g, const struct doc *roster_doc,
		     const struct doc *policy_doc)
{
	static struct doc_genesis genesis;
	static struct doc_roster roster;
	static struct doc_policy policy;
	struct doc_fault fault = { .field = "", .why = "" };
	struct policy_verdict v;

	CHECK(doc_genesis_read(g, &genesis, NULL) == ERR_OK);
	CHECK(doc_roster_read(roster_doc, &roster, NULL) == ERR_OK);
	CHECK(doc_policy_read(policy_doc, &policy, NULL) == ERR_OK);
	v = founding_roster(&roster, &fault);
	if (v.err != ERR_OK) {
		return refused(f.roster, &v);
	}
	v = founding_policy(&policy, &roster);
	if (v.err != ERR_OK) {
		return refused(f.policy, &v);
	}
	if (roster.number != 1 || policy.number != 1) {
		return cli_fail(ERR_MISMATCH, "genesis names number 1 of both");
	}
	v = founding_genesis(&genesis, &roster, &policy);
	return v.err == ERR_OK ? 0 : refused(folder, &v);
}

/* Nothing is written unless all three can be. */
static int write_all(const char *folder, const struct doc *const *all)
{
	char path[3][CLI_PATH_MAX];
	bool same;
	int code = 0;

	if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
		return cli_fail(ERR_IO, "%s: %s", folder, strerror(errno));
	}
	for (size_t i = 0; code == 0 && i < 3; i++) {
		int n =
		    snprintf(path[i], sizeof path[i], "%s/%s", folder, doc_type_name(all[i]->type));

		code = n < 0 || (size_t)n >= sizeof path[i]
			   ? cli_fail(ERR_TOO_LARGE, "%s", folder)
			   : free_or_same(path[i], all[i]->raw, &same);
	}
	for (size_t i = 0; code == 0 && i < 3; i++) {
		code = keep(path[i], all[i]->raw);
	}
	return code;
}

static void print_genesis(const struct cli *c, const char *folder, const struct doc *const *all)
{
	char words_text[DOC_ID_WORDS_BYTES], hex[3][65];

	for (size_t i = 0; i < 3; i++) {
		hex_put(hex[i], bytes_of(all[i]->id.b, sizeof all[i]->id.b));
	}
	if (c->json) {
		doc_id_words(words_text, &all[0]->id);
		printf(
		    "{\"genesis\":\"%s\",\"roster\":\"%s\",\"policy\":\"%s\",\"words\":\"%s\"}\n",
		    hex[0], hex[1], hex[2], words_text);
		return;
	}
	cli_document_print(all[0]);
	printf(_("under it  roster 1 %s\n          policy 1 %s\n"), hex[1], hex[2]);
	if (f.byte != NEM_NETWORK_MAIN) {
		printf(_("PRACTICE: %s is no network of real coins; no key of it is ever used on "
			 "mainnet\n"),
		       f.network);
	}
	printf(_("Next: each machine gets genesis, roster and policy of %s; two people compare the "
		 "words with its log; each person: kuramori key check\n"),
	       folder);
}

static int genesis_make(struct cli *c, const char *folder)
{
	static uint8_t raw[2][DOC_BYTES_MAX], room[3][DOC_BYTES_MAX];
	struct writer w[3];
	struct doc draft[2], made[3];
	const struct doc *const all[3] = { &made[0], &made[1], &made[2] };
	int code = 0;

	for (size_t i = 0; i < 3; i++) {
		w[i] = writer_make(room[i], sizeof room[i]);
	}
	for (size_t i = 0; code == 0 && i < words.n; i++) {
		if (strcmp(words.all[i].name, "network") == 0) {
			code = f.network == NULL
				   ? network_word(words.all[i].value)
				   : cli_fail(ERR_INPUT, "%.64s stands twice in these words",
					      "network");
		}
	}
	if (code == 0 && f.network == NULL) {
		code = cli_fail(ERR_USAGE, "say which network: network=mainnet, testnet or mijin");
	}
	if (code != 0) {
		return code;
	}
	f.body = json_pack("{s:[],s:s,s:i,s:[],s:{},s:[]}", "boxes", "chain", "nem",
			   "chain_network", (int)f.byte, "hot", "recovery", "spares");
	CHECK(f.body != NULL);
	for (size_t i = 0; code == 0 && i < words.n; i++) {
		code = genesis_word(&words.all[i]);
	}
	if (code == 0 && f.list_at < f.list_n) {
		code = cli_fail(ERR_INPUT,
				"%zu accounts of the list are used and it has %zu: genesis never "
				"names another one; say boxes=N or spares=N for the rest",
				f.list_at, f.list_n);
	}
	code = code == 0 ? nemesis(c) : code;
	code = code == 0 ? draft_read(f.roster, DOC_ROSTER, raw[0], &draft[0]) : code;
	code = code == 0 ? draft_read(f.policy, DOC_POLICY, raw[1], &draft[1]) : code;
	code = code == 0 ? close_body(folder, DOC_GENESIS, f.body, &w[0], NULL, &made[0]) : code;
	json_decref(f.body);
	code = code == 0 ? final_of(f.roster, &draft[0], &made[0].id, &w[1], &made[1]) : code;
	code = code == 0 ? final_of(f.policy, &draft[1], &made[0].id, &w[2], &made[2]) : code;
	code = code == 0 ? judge_all(folder, &made[0], &made[1], &made[2]) : code;
	code = code == 0 ? write_all(folder, all) : code;
	if (code == 0) {
		print_genesis(c, folder, all);
	}
	return code;
}

int cli_found(struct cli *c, enum doc_type type, const char *path, const char *const *given,
	      size_t n, bool next)
{
	int code = found_words_read(&words, given, n);

	if (code != 0) {
		return code;
	}
	return type == DOC_GENESIS ? genesis_make(c, path) : make(c, type, path, next);
}

/* ---- one's own key ------------------------------------------------------------------------- */

int cli_key_check(struct cli *c)
{
	int code = cli_documents(c, true);

	if (code == 0) {
		code = cli_key_stands(c);
	}
	if (code == err_exit(ERR_SIGNER_UNKNOWN)) {
		(void)fprintf(
		    stderr, "%s\n",
		    _("Stop, and tell everybody: nothing is founded on this roster before it "
		      "is known whose key stands there."));
	}
	if (code != 0) {
		return code;
	}
	if (c->json) {
		printf("{\"person\":\"%s\",\"roster\":%" PRIu64 "}\n", c->person, c->roster.number);
		return 0;
	}
	printf(_("the key in %s is that of %s on roster number %" PRIu64
		 " of this genesis, in words:\n"),
	       c->key_file, c->person, c->roster.number);
	cli_id_words_print(&c->genesis_id);
	return 0;
}
