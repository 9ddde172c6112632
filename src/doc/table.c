/* SPDX-License-Identifier: Apache-2.0 */
#include "doc/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "base/money.h"
#include "base/words.h"
#include "crypto/uuid7.h"
#include "doc/json.h"
#include "doc/types.h"

/* What a fault says of its place.  What does not fit is cut off. */
struct place {
	char text[sizeof(((struct doc_fault *)NULL)->field)];
	size_t n;
};

/* A field by its name, which ends at n bytes or a NUL, or, without a name, an item by its index. */
struct step {
	const char *name;
	size_t n;
};

/* Where we are: it becomes text only when there is a fault.  Items are steps of their own. */
struct path {
	struct step steps[2 * JSON_DEPTH_MAX];
	size_t n;
};

struct reading {
	struct json json;
	struct path path;
	struct doc_fault *fault;
};

struct writing {
	struct writer *out;
	struct path path;
	struct doc_fault *fault;
};

static void place_add(struct place *p, const char *form, ...) PRINTF(2, 3);

static void place_add(struct place *p, const char *form, ...)
{
	va_list args;

	va_start(args, form);
	p->n += (size_t)vsnprintf(p->text + p->n, sizeof p->text - p->n, form, args);
	va_end(args);
	p->n = p->n < sizeof p->text ? p->n : sizeof p->text - 1;
}

static void path_enter(struct path *p, const char *name, size_t n)
{
	/* tables nest less deep than texts may */
	CHECK(p->n < ARRAY_LEN(p->steps));
	p->steps[p->n++] = (struct step){ .name = name, .n = n };
}

enum err doc_table_fault(struct doc_fault *fault, enum err e, const char *field, const char *why)
{
	if (fault != NULL) {
		(void)snprintf(fault->field, sizeof fault->field, "%s", field);
		fault->why = why;
	}
	return e;
}

static enum err fault_at(struct doc_fault *fault, const struct path *path, enum err e,
			 const char *why)
{
	struct place place = { .n = 0 };

	for (size_t i = 0; i < path->n; i++) {
		const struct step *s = &path->steps[i];

		if (s->name != NULL) {
			place_add(&place, "%s%.*s", i > 0 ? "." : "", (int)s->n, s->name);
		} else {
			place_add(&place, "[%zu]", s->n);
		}
	}
	return doc_table_fault(fault, e, place.text, why);
}

static enum err refuse(struct reading *r, enum err e, const char *why)
{
	return fault_at(r->fault, &r->path, e, why);
}

static enum err wrong_type(struct reading *r, const char *why)
{
	return refuse(r, ERR_FIELD_TYPE, why);
}

/* The fault of the text itself, named by its place. */
static enum err text_fault(const struct reading *r, enum err e)
{
	struct place place = { .n = 0 };

	place_add(&place, "byte %zu", r->json.fault_at);
	return doc_table_fault(r->fault, e, place.text, r->json.fault_why);
}

static enum err next(struct reading *r, struct json_token *t)
{
	enum err e = json_next(&r->json, t);

	return e == ERR_OK ? ERR_OK : text_fault(r, e);
}

static bool is_name_char(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == ':' || c == '-';
}

static bool is_slug_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_address_char(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
}

static bool all_are(struct bytes text, bool (*is)(uint8_t))
{
	for (size_t i = 0; i < text.n; i++) {
		if (!is(text.p[i])) {
			return false;
		}
	}
	return true;
}

bool doc_name_ok(struct bytes text)
{
	return text.n >= 1 && text.n <= DOC_NAME_MAX && all_are(text, is_name_char);
}

/* The rules of the string kinds, for reader and writer alike; *why is set on an error. */
static enum err text_rule(const struct doc_field *f, struct bytes text, const char **why)
{
	switch (f->kind) {
	case DOC_KIND_TEXT:
		*why = text.n < f->min ? "the text is too short" : "the text is too long";
		return text.n >= f->min && text.n <= f->max ? ERR_OK : ERR_FIELD_RANGE;
	case DOC_KIND_NAME:
		*why = N_("this must be 1 to 64 of A-Z, a-z, 0-9, . _ : -");
		return doc_name_ok(text) ? ERR_OK : ERR_FIELD_RANGE;
	case DOC_KIND_SLUG:
		*why = N_("this must be 1 to 64 of a-z, 0-9, -");
		return text.n >= 1 && text.n <= DOC_SLUG_MAX && all_are(text, is_slug_char)
			   ? ERR_OK
			   : ERR_FIELD_RANGE;
	case DOC_KIND_ADDRESS:
	case DOC_KIND_ADDRESSES:
		*why = N_("an address is 40 characters of A-Z and 2-7");
		return text.n == DOC_ADDRESS_CHARS && all_are(text, is_address_char) ? ERR_OK
										     : ERR_ADDRESS;
	case DOC_KIND_HEX:
	case DOC_KIND_DATA:
	case DOC_KIND_UUID:
	case DOC_KIND_AMOUNT:
	case DOC_KIND_UNITS:
	case DOC_KIND_INT:
	case DOC_KIND_BOOL:
	case DOC_KIND_WORD:
	case DOC_KIND_WORDS:
	case DOC_KIND_OBJECT:
	case DOC_KIND_LIST:
	case DOC_KIND_RAW:
		break;
	}
	check_failed(__FILE__, __LINE__, "a kind of string");
}

static enum err read_text(struct reading *r, const struct doc_field *f, struct bytes text,
			  uint8_t *out, size_t size)
{
	const char *why = NULL;
	size_t n = 0;
	enum err e;

	if (json_unescape(out, size - 1, &n, text) != ERR_OK) {
		return f->kind == DOC_KIND_ADDRESS || f->kind == DOC_KIND_ADDRESSES
			   ? refuse(r, ERR_ADDRESS, "an address is 40 characters of A-Z and 2-7")
			   : refuse(r, ERR_FIELD_RANGE, "the text is too long");
	}
	out[n] = '\0';
	e = text_rule(f, bytes_of(out, n), &why);
	return e == ERR_OK ? ERR_OK : refuse(r, e, why);
}

static enum err read_data(struct reading *r, const struct doc_field *f, struct bytes text,
			  uint8_t *base)
{
	size_t n = text.n / 2;

	if (text.n % 2 != 0) {
		return refuse(r, ERR_FIELD_RANGE, "an odd number of hex digits");
	}
	if (n > f->max) {
		return refuse(r, ERR_FIELD_RANGE, "more bytes than allowed here");
	}
	if (hex_get(base + f->offset, n, text, HEX_LOWER_ONLY) != ERR_OK) {
		return refuse(r, ERR_FIELD_RANGE, "bytes are written in lower-case hex");
	}
	memcpy(base + f->count_offset, &n, sizeof n);
	return ERR_OK;
}

static const struct doc_word *word_find(const struct doc_word *words, struct bytes text)
{
	for (; words->text != NULL; words++) {
		if (bytes_eq(bytes_str(words->text), text)) {
			return words;
		}
	}
	return NULL;
}

static enum err read_amount(struct reading *r, const struct doc_field *f, struct bytes text,
			    uint8_t *out)
{
	struct money money;
	u128 units;
	enum err e = money_parse(&money, ASSET_XEM, text);

	if (e != ERR_OK) {
		return refuse(r, e,
			      e == ERR_OVERFLOW ? "the amount is too large"
						: "an amount is a whole decimal number in quotes");
	}
	units = money_units(&money);
	if (units < f->min) {
		return refuse(r, ERR_AMOUNT, "the amount is zero");
	}
	if (f->kind == DOC_KIND_UNITS) {
		memcpy(out, &units, sizeof units);
	} else {
		memcpy(out, &money, sizeof money);
	}
	return ERR_OK;
}

/* Everything whose text is a string.  base: the struct; f->offset the member. */
static enum err read_string(struct reading *r, const struct doc_field *f, struct bytes text,
			    uint8_t *base)
{
	uint8_t *out = base + f->offset;
	const struct doc_word *word;
	struct id128 id;

	switch (f->kind) {
	case DOC_KIND_TEXT:
	case DOC_KIND_NAME:
	case DOC_KIND_SLUG:
	case DOC_KIND_ADDRESS:
		return read_text(r, f, text, out, f->size);
	case DOC_KIND_HEX:
		if (text.n != 2 * f->size) {
			return refuse(r, ERR_FIELD_RANGE, "not the number of hex digits expected");
		}
		return hex_get(out, f->size, text, HEX_LOWER_ONLY) == ERR_OK
			   ? ERR_OK
			   : refuse(r, ERR_FIELD_RANGE, "bytes are written in lower-case hex");
	case DOC_KIND_DATA:
		return read_data(r, f, text, base);
	case DOC_KIND_UUID:
		if (uuid7_get(&id, text) != ERR_OK) {
			return refuse(r, ERR_FIELD_RANGE, "this is not a UUID of version 7");
		}
		memcpy(out, &id, sizeof id);
		return ERR_OK;
	case DOC_KIND_AMOUNT:
	case DOC_KIND_UNITS:
		return read_amount(r, f, text, out);
	case DOC_KIND_WORD:
		word = word_find(f->words, text);
		if (word == NULL) {
			return refuse(r, ERR_FIELD_RANGE, "this word is not known here");
		}
		memcpy(out, &word->value, sizeof word->value);
		return ERR_OK;
	case DOC_KIND_INT:
	case DOC_KIND_BOOL:
	case DOC_KIND_WORDS:
	case DOC_KIND_ADDRESSES:
	case DOC_KIND_OBJECT:
	case DOC_KIND_LIST:
	case DOC_KIND_RAW:
		break;
	}
	check_failed(__FILE__, __LINE__, "a kind of string");
}

static enum err read_words(struct reading *r, const struct doc_field *f, uint8_t *base)
{
	const struct doc_word *last = NULL;
	uint32_t bits = 0;
	struct json_token t;
	enum err e;

	for (size_t i = 0;; i++) {
		const struct doc_word *word;

		e = next(r, &t);
		if (e != ERR_OK || t.kind == JSON_ARRAY_CLOSE) {
			break;
		}
		path_enter(&r->path, NULL, i);
		if (t.kind != JSON_TEXT) {
			return wrong_type(r, "a string is expected here");
		}
		word = word_find(f->words, t.text);
		if (word == NULL) {
			return refuse(r, ERR_FIELD_RANGE, "this word is not known here");
		}
		if (last != NULL && word <= last) {
			return refuse(r, ERR_FIELD_RANGE, "words are sorted and stand once");
		}
		last = word;
		bits |= word->value;
		r->path.n--;
	}
	if (e == ERR_OK) {
		memcpy(base + f->offset, &bits, sizeof bits);
	}
	return e;
}

/* The order of a key of the text, which has no NUL, and a name of a table: <0, 0, >0. */
static int key_order(struct bytes key, const char *name)
{
	int order = strncmp((const char *)key.p, name, key.n);

	return order != 0 || name[key.n] == '\0' ? order : -1;
}

/*
 * A table names the tables of its members and none names itself: they, and not what is read, say
 * how deep this goes.
 */
/* NOLINTBEGIN(misc-no-recursion) */
static enum err read_object(struct reading *r, const struct doc_table *t, uint8_t *base);

static enum err read_array(struct reading *r, const struct doc_field *f, uint8_t *base)
{
	bool objects = f->kind == DOC_KIND_LIST;
	size_t size = objects ? f->of->size : sizeof(struct doc_address);
	uint8_t *items = base + f->offset;
	struct json_token t;
	size_t n = 0;
	enum err e;

	for (;;) {
		e = next(r, &t);
		if (e != ERR_OK || t.kind == JSON_ARRAY_CLOSE) {
			break;
		}
		if (n == f->max) {
			return refuse(r, ERR_FIELD_RANGE, "more items than allowed here");
		}
		path_enter(&r->path, NULL, n);
		if (objects) {
			e = t.kind == JSON_OBJECT_OPEN
				? read_object(r, f->of, items + n * size)
				: wrong_type(r, "an object is expected here");
		} else {
			e = t.kind == JSON_TEXT ? read_text(r, f, t.text, items + n * size, size)
						: wrong_type(r, "a string is expected here");
		}
		if (e != ERR_OK) {
			break;
		}
		r->path.n--;
		n++;
	}
	if (e == ERR_OK) {
		memcpy(base + f->count_offset, &n, sizeof n);
	}
	return e;
}

/* After the opening brace at `start`: passes to its end and shows the whole. */
static enum err read_raw(struct reading *r, const struct doc_field *f, size_t start, uint8_t *base)
{
	unsigned outer = r->json.depth - 1;
	struct json_token t;
	struct bytes raw;
	enum err e;

	do {
		e = next(r, &t);
	} while (e == ERR_OK && r->json.depth > outer);
	if (e == ERR_OK) {
		raw = bytes_of(r->json.in.p + start, r->json.at - start);
		memcpy(base + f->offset, &raw, sizeof raw);
	}
	return e;
}

static enum err read_value(struct reading *r, const struct doc_field *f, uint8_t *base)
{
	bool truth;
	struct json_token t;
	enum err e = next(r, &t);

	if (e != ERR_OK) {
		return e;
	}
	switch (f->kind) {
	case DOC_KIND_TEXT:
	case DOC_KIND_NAME:
	case DOC_KIND_SLUG:
	case DOC_KIND_ADDRESS:
	case DOC_KIND_HEX:
	case DOC_KIND_DATA:
	case DOC_KIND_UUID:
	case DOC_KIND_AMOUNT:
	case DOC_KIND_UNITS:
	case DOC_KIND_WORD:
		return t.kind == JSON_TEXT ? read_string(r, f, t.text, base)
					   : wrong_type(r, "a string is expected here");
	case DOC_KIND_INT:
		if (t.kind != JSON_INT) {
			return wrong_type(r, "a number is expected here");
		}
		if (t.number < f->min || t.number > f->max) {
			return refuse(r, ERR_FIELD_RANGE, "the number is out of its range");
		}
		memcpy(base + f->offset, &t.number, sizeof t.number);
		return ERR_OK;
	case DOC_KIND_BOOL:
		if (t.kind != JSON_BOOL) {
			return wrong_type(r, "true or false is expected here");
		}
		truth = t.truth;
		memcpy(base + f->offset, &truth, sizeof truth);
		return ERR_OK;
	case DOC_KIND_WORDS:
		return t.kind == JSON_ARRAY_OPEN ? read_words(r, f, base)
						 : wrong_type(r, "an array is expected here");
	case DOC_KIND_ADDRESSES:
	case DOC_KIND_LIST:
		return t.kind == JSON_ARRAY_OPEN ? read_array(r, f, base)
						 : wrong_type(r, "an array is expected here");
	case DOC_KIND_OBJECT:
		return t.kind == JSON_OBJECT_OPEN ? read_object(r, f->of, base + f->offset)
						  : wrong_type(r, "an object is expected here");
	case DOC_KIND_RAW:
		return t.kind == JSON_OBJECT_OPEN ? read_raw(r, f, t.at, base)
						  : wrong_type(r, "an object is expected here");
	}
	check_failed(__FILE__, __LINE__, "a kind");
}

/* After the opening brace.  Text and table are both in order: one walk. */
static enum err read_object(struct reading *r, const struct doc_table *t, uint8_t *base)
{
	struct json_token token;
	enum err e;

	for (size_t i = 0;; i++) {
		const struct doc_field *f = i < t->count ? &t->fields[i] : NULL;
		int order;

		e = next(r, &token);
		if (e != ERR_OK) {
			return e;
		}
		if (f == NULL && token.kind == JSON_OBJECT_CLOSE) {
			return ERR_OK;
		}
		/* the end stands behind every name, as what is not in the table behind its end */
		order = f == NULL                ? -1
			: token.kind == JSON_KEY ? key_order(token.text, f->name)
						 : 1;
		if (order < 0) {
			path_enter(&r->path, (const char *)token.text.p, token.text.n);
			return refuse(r, ERR_FIELD_UNKNOWN, "this field is not known here");
		}
		path_enter(&r->path, f->name, DOC_FIELD_MAX);
		if (order > 0) {
			return refuse(r, ERR_FIELD_MISSING, "this field is required");
		}
		e = read_value(r, f, base);
		if (e != ERR_OK) {
			return e;
		}
		r->path.n--;
	}
}

/* NOLINTEND(misc-no-recursion) */

enum err doc_table_read(const struct doc_table *t, struct bytes body, void *out,
			struct doc_fault *fault)
{
	struct json_token token;
	struct reading r; /* most of it is room that nothing reads before it is written */
	enum err e;

	memset(out, 0, t->size);
	json_init(&r.json, body);
	r.path.n = 0;
	r.fault = fault;
	e = next(&r, &token);
	if (e == ERR_OK) {
		/* json_next() lets nothing but an object stand outermost */
		CHECK(token.kind == JSON_OBJECT_OPEN);
		e = read_object(&r, t, out);
	}
	if (e == ERR_OK) {
		e = next(&r, &token);
	}
	return e;
}

/* ---- the writer ---- */

static enum err decline(struct writing *w, enum err e, const char *why)
{
	return fault_at(w->fault, &w->path, e, why);
}

static enum err write_text(struct writing *w, const struct doc_field *f, const void *text,
			   size_t size)
{
	size_t n = strnlen(text, size);
	const char *why = NULL;
	enum err e;

	if (n == size) {
		return decline(w, ERR_FIELD_RANGE, "the text has no end");
	}
	e = text_rule(f, bytes_of(text, n), &why);
	if (e != ERR_OK) {
		return decline(w, e, why);
	}
	e = json_put_string(w->out, bytes_of(text, n));
	return e == ERR_OK
		   ? ERR_OK
		   : decline(w, e, "text is UTF-8 without control and direction characters");
}

/* Byte by byte: no buffer of twice the size. */
static void write_hex(struct writing *w, const uint8_t *p, size_t n)
{
	char digits[3];

	json_put_raw(w->out, "\"");
	for (size_t i = 0; i < n; i++) {
		hex_put(digits, bytes_of(p + i, 1));
		writer_bytes(w->out, bytes_of(digits, 2));
	}
	json_put_raw(w->out, "\"");
}

static enum err write_amount(struct writing *w, const struct doc_field *f, const uint8_t *p)
{
	char text[MONEY_TEXT_MAX];
	struct money money;
	u128 units;

	if (f->kind == DOC_KIND_UNITS) {
		memcpy(&units, p, sizeof units);
		money = money_of(ASSET_XEM, units); /* for its digits alone */
	} else {
		memcpy(&money, p, sizeof money);
	}
	if (money_asset(&money) != ASSET_XEM) {
		return decline(w, ERR_ASSET, "the amount is of another asset");
	}
	if (money_units(&money) < f->min) {
		return decline(w, ERR_AMOUNT, "the amount is zero");
	}
	money_put(text, &money);
	return json_put_string(w->out, bytes_str(text));
}

static enum err write_word(struct writing *w, const struct doc_field *f, const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof value);
	for (const struct doc_word *word = f->words; word->text != NULL; word++) {
		if (word->value == value) {
			return json_put_string(w->out, bytes_str(word->text));
		}
	}
	return decline(w, ERR_FIELD_RANGE, "there is no word for this value");
}

static enum err write_words(struct writing *w, const struct doc_field *f, const uint8_t *p)
{
	bool first = true;
	uint32_t bits;
	enum err e;

	memcpy(&bits, p, sizeof bits);
	json_put_raw(w->out, "[");
	for (const struct doc_word *word = f->words; word->text != NULL; word++) {
		if ((bits & word->value) == 0) {
			continue;
		}
		if (!first) {
			json_put_raw(w->out, ",");
		}
		first = false;
		bits &= ~word->value;
		e = json_put_string(w->out, bytes_str(word->text));
		if (e != ERR_OK) {
			return e;
		}
	}
	json_put_raw(w->out, "]");
	return bits == 0 ? ERR_OK : decline(w, ERR_FIELD_RANGE, "there is no word for this bit");
}

/* As deep as the tables, see read_object(). */
/* NOLINTBEGIN(misc-no-recursion) */
static enum err write_object(struct writing *w, const struct doc_table *t, const uint8_t *base);

static enum err write_array(struct writing *w, const struct doc_field *f, const uint8_t *base)
{
	bool objects = f->kind == DOC_KIND_LIST;
	size_t size = objects ? f->of->size : sizeof(struct doc_address);
	size_t n;
	enum err e = ERR_OK;

	memcpy(&n, base + f->count_offset, sizeof n);
	if (n > f->max) {
		return decline(w, ERR_FIELD_RANGE, "more items than allowed here");
	}
	json_put_raw(w->out, "[");
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const uint8_t *item = base + f->offset + i * size;

		path_enter(&w->path, NULL, i);
		if (i > 0) {
			json_put_raw(w->out, ",");
		}
		e = objects ? write_object(w, f->of, item) : write_text(w, f, item, size);
		w->path.n--;
	}
	json_put_raw(w->out, "]");
	return e;
}

static enum err write_value(struct writing *w, const struct doc_field *f, const uint8_t *base)
{
	const uint8_t *p = base + f->offset;
	char uuid[UUID7_TEXT_MAX];
	struct id128 id;
	uint64_t number;
	size_t n;
	bool truth;

	switch (f->kind) {
	case DOC_KIND_TEXT:
	case DOC_KIND_NAME:
	case DOC_KIND_SLUG:
	case DOC_KIND_ADDRESS:
		return write_text(w, f, p, f->size);
	case DOC_KIND_HEX:
		write_hex(w, p, f->size);
		return ERR_OK;
	case DOC_KIND_DATA:
		memcpy(&n, base + f->count_offset, sizeof n);
		if (n > f->max) {
			return decline(w, ERR_FIELD_RANGE, "more bytes than allowed here");
		}
		write_hex(w, p, n);
		return ERR_OK;
	case DOC_KIND_UUID:
		memcpy(&id, p, sizeof id);
		if (!uuid7_is_valid(&id)) {
			return decline(w, ERR_FIELD_RANGE, "this is not a UUID of version 7");
		}
		uuid7_put(uuid, &id);
		return json_put_string(w->out, bytes_str(uuid));
	case DOC_KIND_AMOUNT:
	case DOC_KIND_UNITS:
		return write_amount(w, f, p);
	case DOC_KIND_INT:
		memcpy(&number, p, sizeof number);
		if (number < f->min || number > f->max) {
			return decline(w, ERR_FIELD_RANGE, "the number is out of its range");
		}
		return json_put_int(w->out, number);
	case DOC_KIND_BOOL:
		memcpy(&truth, p, sizeof truth);
		json_put_bool(w->out, truth);
		return ERR_OK;
	case DOC_KIND_WORD:
		return write_word(w, f, p);
	case DOC_KIND_WORDS:
		return write_words(w, f, p);
	case DOC_KIND_ADDRESSES:
	case DOC_KIND_LIST:
		return write_array(w, f, base);
	case DOC_KIND_OBJECT:
		return write_object(w, f->of, p);
	case DOC_KIND_RAW:
		break;
	}
	/* an envelope is never written from its table */
	check_failed(__FILE__, __LINE__, "a kind that is written");
}

static enum err write_object(struct writing *w, const struct doc_table *t, const uint8_t *base)
{
	json_put_raw(w->out, "{");
	for (size_t i = 0; i < t->count; i++) {
		const struct doc_field *f = &t->fields[i];
		enum err e;

		path_enter(&w->path, f->name, DOC_FIELD_MAX);
		if (i > 0) {
			json_put_raw(w->out, ",");
		}
		json_put_key(w->out, f->name);
		e = write_value(w, f, base);
		if (e != ERR_OK) {
			return e;
		}
		w->path.n--;
	}
	json_put_raw(w->out, "}");
	return ERR_OK;
}

/* NOLINTEND(misc-no-recursion) */

enum err doc_table_write(const struct doc_table *t, struct writer *out, const void *in,
			 struct doc_fault *fault)
{
	struct writer before = *out;
	struct writing w = { .out = out, .fault = fault };
	enum err e = write_object(&w, t, in);

	if (e == ERR_OK && out->bad) {
		e = doc_table_fault(fault, ERR_TOO_LARGE, "", "the document does not fit");
	}
	if (e != ERR_OK) {
		*out = before;
	}
	return e;
}
