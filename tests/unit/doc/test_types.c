/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: every type reads exactly what it writes; nothing else is taken for a document; the fault
 * names the field. Method: the tables themselves are checked against the structs (order, sizes,
 * overlaps); from one sample of each type, spans of every field are found with the tables and each
 * is removed, repeated, swapped, renamed, given every other type and every limit +-1; whole
 * envelopes are cut at every byte and changed in every bit: refused, or canonical with another id
 * or a signature that no longer verifies.
 */
#include "base/check.h"
#include "crypto/crypto.h"
#include "samples.h"
#include "t.h"

enum { SPANS_MAX = 512, TEXT_MAX = 70000 };

/* One field of one object somewhere in a body. */
struct span {
	const struct doc_field *f;
	bool item;     /* an item of an array: f is the array's */
	size_t object; /* number of the object it stands in */
	size_t key;    /* where its key begins, or the item */
	size_t value;
	size_t end;
};

struct spans {
	struct span s[SPANS_MAX];
	size_t n;
	size_t objects;
	struct json j;
	struct bytes body;
};

static uint8_t body_space[TEXT_MAX];
static uint8_t text_space[TEXT_MAX];
static uint8_t other_space[TEXT_MAX];
static struct spans spans;

static void spans_object(struct spans *s, const struct doc_table *t);

static void spans_value(struct spans *s, const struct doc_field *f)
{
	struct json_token t = { 0 };

	CHECK(json_next(&s->j, &t) == ERR_OK);
	if (t.kind == JSON_OBJECT_OPEN) {
		spans_object(s, f->of);
	} else if (t.kind == JSON_ARRAY_OPEN) {
		for (;;) {
			struct json before = s->j;
			struct span *item;

			CHECK(json_next(&s->j, &t) == ERR_OK);
			if (t.kind == JSON_ARRAY_CLOSE) {
				return;
			}
			CHECK(s->n < SPANS_MAX);
			item = &s->s[s->n++];
			*item = (struct span){ f, true, 0, t.at, t.at, 0 };
			s->j = before;
			spans_value(s, f);
			item->end = s->j.at;
		}
	}
}

/* After the opening brace. */
static void spans_object(struct spans *s, const struct doc_table *t)
{
	size_t object = s->objects++;
	struct json_token token = { 0 };

	for (size_t i = 0; i < t->count; i++) {
		struct span *span;

		CHECK(json_next(&s->j, &token) == ERR_OK && token.kind == JSON_KEY);
		CHECK(s->n < SPANS_MAX);
		span = &s->s[s->n++];
		*span = (struct span){ &t->fields[i], false, object, token.at, s->j.at, 0 };
		spans_value(s, &t->fields[i]);
		span->end = s->j.at;
	}
	CHECK(json_next(&s->j, &token) == ERR_OK && token.kind == JSON_OBJECT_CLOSE);
}

/* Writes the sample of a type to body_space and finds its fields. */
static void lay_out(enum doc_type type)
{
	struct writer w = writer_make(body_space, sizeof body_space);
	static union sample s;
	struct json_token t;

	sample_fill(type, &s);
	CHECK(doc_write(&w, type, &s, NULL) == ERR_OK);
	spans.n = 0;
	spans.objects = 0;
	spans.body = bytes_of(body_space, w.n);
	json_init(&spans.j, spans.body);
	CHECK(json_next(&spans.j, &t) == ERR_OK);
	spans_object(&spans, doc_table_of(type));
}

/* The body with bytes from..to replaced. */
static struct bytes patched(size_t from, size_t to, const char *with, size_t with_n)
{
	struct writer w = writer_make(text_space, sizeof text_space);

	writer_bytes(&w, bytes_of(body_space, from));
	writer_bytes(&w, bytes_of(with, with_n));
	writer_bytes(&w, bytes_of(body_space + to, spans.body.n - to));
	CHECK(!w.bad);
	return bytes_of(text_space, w.n);
}

static struct doc_fault fault;

static enum err try_body(enum doc_type type, struct bytes body)
{
	static union sample out;

	memset(&fault, 0, sizeof fault);
	return doc_table_read(doc_table_of(type), body, &out, &fault);
}

static enum err try_value(enum doc_type type, const struct span *s, const char *text)
{
	return try_body(type, patched(s->value, s->end, text, strlen(text)));
}

/* ---- the tables ---- */

static size_t size_wanted(const struct doc_field *f)
{
	switch (f->kind) {
	case DOC_KIND_TEXT:
	case DOC_KIND_NAME:
	case DOC_KIND_SLUG:
		return (size_t)f->max + 1;
	case DOC_KIND_ADDRESS:
		return sizeof(struct doc_address);
	case DOC_KIND_ADDRESSES:
		return (size_t)f->max * sizeof(struct doc_address);
	case DOC_KIND_HEX:
		return f->size;
	case DOC_KIND_DATA:
		return (size_t)f->max;
	case DOC_KIND_UUID:
		return sizeof(struct id128);
	case DOC_KIND_AMOUNT:
		return sizeof(struct money);
	case DOC_KIND_UNITS:
		return sizeof(u128);
	case DOC_KIND_INT:
		return sizeof(uint64_t);
	case DOC_KIND_BOOL:
		return sizeof(bool);
	case DOC_KIND_WORD:
	case DOC_KIND_WORDS:
		return sizeof(uint32_t);
	case DOC_KIND_OBJECT:
		return f->of->size;
	case DOC_KIND_LIST:
		return (size_t)f->max * f->of->size;
	case DOC_KIND_RAW:
		return sizeof(struct bytes);
	}
	return 0;
}

static void check_table(const struct doc_table *t)
{
	static uint8_t used[sizeof(union sample)];

	memset(used, 0, sizeof used);
	for (size_t i = 0; i < t->count; i++) {
		const struct doc_field *f = &t->fields[i];
		bool counted = f->kind == DOC_KIND_ADDRESSES || f->kind == DOC_KIND_DATA ||
			       f->kind == DOC_KIND_LIST;

		T_CHECK(i == 0 || strcmp(t->fields[i - 1].name, f->name) < 0);
		T_EQ(f->size, size_wanted(f));
		T_CHECK(f->min <= f->max || f->kind == DOC_KIND_AMOUNT ||
			f->kind == DOC_KIND_UNITS);
		T_CHECK(f->offset + f->size <= t->size);
		for (size_t k = 0; k < f->size; k++) {
			T_EQ(used[f->offset + k]++, 0);
		}
		for (size_t k = 0; counted && k < sizeof(size_t); k++) {
			T_EQ(used[f->count_offset + k]++, 0);
		}
		T_CHECK((f->words != NULL) ==
			(f->kind == DOC_KIND_WORD || f->kind == DOC_KIND_WORDS));
		for (const struct doc_word *word = f->words; word != NULL && word->text != NULL;
		     word++) {
			T_CHECK(word == f->words || strcmp(word[-1].text, word->text) < 0);
		}
	}
}

/* A table and those of its sub-objects. */
static void check_tables_below(const struct doc_table *t)
{
	check_table(t);
	for (size_t i = 0; i < t->count && !t_failed; i++) {
		if (t->fields[i].of != NULL) {
			check_tables_below(t->fields[i].of);
		}
	}
}

static void tables_fit_structs(void)
{
	static const size_t sizes[] = {
#define DOC(NAME, name, number, version, signed_by) sizeof(struct doc_##name),
#include "doc/types.def"
#undef DOC
	};

	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		T_EQ(sample_types[i], i + 1); /* append only: 1, 2, 3, ... */
		T_EQ(doc_table_of(sample_types[i])->size, sizes[i]);
		check_tables_below(doc_table_of(sample_types[i]));
		T_CHECK(!t_failed);
	}
	T_CHECK(!doc_type_known(0) && !doc_type_known(sample_types[SAMPLE_TYPES - 1] + 1));
	T_STR(doc_type_name(DOC_ATTESTATION), "attestation");
	T_EQ(doc_type_version(DOC_STATUS), 1);
}

/* ---- round trips ---- */

static struct bytes make(enum doc_type type, const uint8_t *secret, struct hash32 *id)
{
	struct writer w = writer_make(other_space, sizeof other_space);
	static union sample s;

	sample_fill(type, &s);
	CHECK(doc_make(&w, id, type, &s, secret, NULL) == ERR_OK);
	return bytes_of(other_space, w.n);
}

static void round_trips(void)
{
	struct hash32 genesis = sample_genesis();
	uint8_t secret[DOC_SECRET_BYTES];
	static union sample want;
	static union sample got;
	struct key32 key;

	sample_key(secret, &key, 0x05);
	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		enum doc_type type = sample_types[i];
		const struct hash32 *under = sample_under(type, &genesis);
		struct hash32 id = { 0 };
		struct bytes raw = make(type, secret, &id);
		struct writer w = writer_make(text_space, sizeof text_space);
		struct doc d;

		T_EQ(doc_open(&d, raw, under, &fault), ERR_OK);
		T_EQ(d.type, type);
		T_EQ(d.version, doc_type_version(type));
		T_CHECK(bytes_eq(d.raw, raw));
		T_CHECK(hash32_eq(&d.id, &id));
		T_EQ(d.signature_count, 1);
		T_CHECK(doc_signed_by(&d, &key));
		T_EQ(doc_verify_all(&d), ERR_OK);
		T_EQ(doc_check(&d, &fault), ERR_OK);
		T_EQ(doc_table_read(doc_table_of(type), d.body, &got, &fault), ERR_OK);
		sample_fill(type, &want);
		T_EQ(doc_write(&w, type, &got, &fault), ERR_OK);
		T_CHECK(bytes_eq(bytes_of(text_space, w.n), d.body));
		lay_out(type);
		T_CHECK(bytes_eq(spans.body, d.body));
		/* without padding in play, memory agrees too */
		if (type == DOC_ACK || type == DOC_CURSOR || type == DOC_SIGNATURE) {
			T_MEM(&got, &want, doc_table_of(type)->size);
		}
	}
}

/* The typed functions are the generic ones: each checked on a member or two. */
static void typed_functions(void)
{
	struct hash32 genesis = sample_genesis();
	static struct doc_freeze freeze;
	static struct doc_freeze back;
	struct doc_order order;
	struct writer w = writer_make(text_space, sizeof text_space);
	struct hash32 id;
	struct doc d;
	static union sample s;

	sample_fill(DOC_FREEZE, &s);
	freeze = s.freeze;
	T_EQ(doc_freeze_make(&w, &id, &freeze, NULL), ERR_OK);
	T_EQ(doc_open(&d, bytes_of(text_space, w.n), &genesis, NULL), ERR_OK);
	T_EQ(d.signature_count, 0);
	T_EQ(doc_verify_all(&d), ERR_UNSIGNED);
	T_EQ(doc_freeze_read(&d, &back, NULL), ERR_OK);
	T_STR(back.reason, freeze.reason);
	T_STR(back.issuer, "w2");
	T_CHECK(back.evacuate);
	T_EQ(back.evidence_n, 3);
	T_MEM(back.evidence, freeze.evidence, 3);
	T_MEM(back.nonce, freeze.nonce, sizeof back.nonce);
	T_EQ(back.scope, DOC_SCOPE_ALL);
	T_EQ(back.time_ms, freeze.time_ms);
	memset(&order, 0x5a, sizeof order);
	T_EQ(doc_order_read(&d, &order, &fault), ERR_TYPE);
	T_STR(fault.field, "type");
	T_EQ(((uint8_t *)&order)[0], 0x5a);
	lay_out(DOC_FREEZE);
	w = writer_make(text_space, sizeof text_space);
	T_EQ(doc_freeze_write(&w, &freeze), ERR_OK);
	T_CHECK(bytes_eq(bytes_of(text_space, w.n), bytes_of(body_space, spans.body.n)));
}

/* ---- fields ---- */

static void each_field_missing(void)
{
	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		lay_out(sample_types[i]);
		for (size_t k = 0; k < spans.n; k++) {
			const struct span *s = &spans.s[k];
			size_t from = s->key;
			size_t to = s->end;

			if (s->item) {
				continue;
			}
			/* with the comma after it, or the one before it, if there is one */
			if (body_space[to] == ',') {
				to++;
			} else if (body_space[from - 1] == ',') {
				from--;
			}
			T_EQ(try_body(sample_types[i], patched(from, to, "", 0)),
			     ERR_FIELD_MISSING);
			T_CHECK(strstr(fault.field, s->f->name) != NULL);
			T_CHECK(fault.why != NULL);
		}
	}
}

static void unknown_fields(void)
{
	char extra[96];

	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		lay_out(sample_types[i]);
		for (size_t k = 0; k < spans.n; k++) {
			const struct span *s = &spans.s[k];
			int n;

			if (s->item) {
				continue;
			}
			/* sorts right after this field */
			n = snprintf(extra, sizeof extra, ",\"%s0\":1", s->f->name);
			T_EQ(try_body(sample_types[i], patched(s->end, s->end, extra, (size_t)n)),
			     ERR_FIELD_UNKNOWN);
			(void)snprintf(extra, sizeof extra, "%s0", s->f->name);
			T_CHECK(strstr(fault.field, extra) != NULL);
			/* sorts before all */
			if (body_space[s->key - 1] == '{') {
				T_EQ(try_body(sample_types[i],
					      patched(s->key, s->key, "\"0\":[{}],", 9)),
				     ERR_FIELD_UNKNOWN);
			}
		}
	}
}

static void repeated_and_swapped_fields(void)
{
	static char text[TEXT_MAX];

	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		lay_out(sample_types[i]);
		for (size_t k = 0; k < spans.n; k++) {
			const struct span *s = &spans.s[k];
			size_t n = s->end - s->key;

			if (s->item) {
				continue;
			}
			text[0] = ',';
			memcpy(text + 1, body_space + s->key, n);
			T_EQ(try_body(sample_types[i], patched(s->end, s->end, text, n + 1)),
			     ERR_NOT_CANONICAL);
			T_CHECK(strncmp(fault.field, "byte ", 5) == 0);
			for (size_t m = k + 1; m < spans.n; m++) {
				const struct span *o = &spans.s[m];
				size_t o_n = o->end - o->key;

				if (o->item || o->object != s->object) {
					continue;
				}
				/* the neighbour first */
				memcpy(text, body_space + o->key, o_n);
				text[o_n] = ',';
				memcpy(text + o_n + 1, body_space + s->key, n);
				{
					enum err e =
					    try_body(sample_types[i],
						     patched(s->key, o->end, text, o_n + 1 + n));

					/* the first key is already one too early or late */
					T_CHECK(e == ERR_NOT_CANONICAL || e == ERR_FIELD_MISSING);
				}
				break;
			}
		}
	}
}

static bool takes_string(enum doc_kind kind)
{
	switch (kind) {
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
		return true;
	case DOC_KIND_ADDRESSES:
	case DOC_KIND_INT:
	case DOC_KIND_BOOL:
	case DOC_KIND_WORDS:
	case DOC_KIND_OBJECT:
	case DOC_KIND_LIST:
	case DOC_KIND_RAW:
		break;
	}
	return false;
}

static void wrong_types(void)
{
	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		enum doc_type type = sample_types[i];

		lay_out(type);
		for (size_t k = 0; k < spans.n; k++) {
			const struct span *s = &spans.s[k];
			enum doc_kind kind = s->f->kind;
			bool string = takes_string(kind);
			bool array = kind == DOC_KIND_ADDRESSES || kind == DOC_KIND_LIST ||
				     kind == DOC_KIND_WORDS;
			bool object = kind == DOC_KIND_OBJECT;

			if (s->item) {
				string = kind != DOC_KIND_LIST;
				object = kind == DOC_KIND_LIST;
				array = false;
				kind = DOC_KIND_TEXT;
			}
			if (!string) {
				T_EQ(try_value(type, s, "\"1\""), ERR_FIELD_TYPE);
				T_EQ(try_value(type, s, "\"\""), ERR_FIELD_TYPE);
			}
			if (kind != DOC_KIND_INT) {
				T_EQ(try_value(type, s, "1"), ERR_FIELD_TYPE);
			}
			if (kind != DOC_KIND_BOOL) {
				T_EQ(try_value(type, s, "true"), ERR_FIELD_TYPE);
				T_EQ(try_value(type, s, "false"), ERR_FIELD_TYPE);
			}
			if (!array) {
				T_EQ(try_value(type, s, "[]"), ERR_FIELD_TYPE);
				T_EQ(try_value(type, s, "[\"a\"]"), ERR_FIELD_TYPE);
			}
			T_EQ(try_value(type, s, "{}"), object ? ERR_FIELD_MISSING : ERR_FIELD_TYPE);
			T_CHECK(strstr(fault.field, s->f->name) != NULL);
			T_EQ(try_value(type, s, "null"), ERR_NOT_CANONICAL);
			T_EQ(try_value(type, s, "-1"), ERR_NOT_CANONICAL);
			T_EQ(try_value(type, s, "1.5"), ERR_NOT_CANONICAL);
			T_EQ(try_value(type, s, "01"), ERR_NOT_CANONICAL);
			T_EQ(try_value(type, s, " 1"), ERR_NOT_CANONICAL);
			if (!s->item) {
				T_EQ(try_value(type, s, ""), ERR_INPUT);
			}
		}
	}
}

/* ---- values, by kind ---- */

static char value[2 * DOC_EVIDENCE_MAX + 64];

/* "ccc...c" of n characters */
static const char *of_length(char c, size_t n)
{
	value[0] = '"';
	memset(value + 1, c, n);
	memcpy(value + 1 + n, "\"", 2);
	return value;
}

static void values_of_text(enum doc_type type, const struct span *s)
{
	size_t most = (size_t)s->f->max;
	size_t least = (size_t)s->f->min;

	T_EQ(try_value(type, s, of_length('x', most)), ERR_OK);
	T_EQ(try_value(type, s, of_length('x', most + 1)), ERR_FIELD_RANGE);
	T_CHECK(strstr(fault.field, s->f->name) != NULL);
	T_EQ(try_value(type, s, of_length('x', least)), ERR_OK);
	if (least > 0) {
		T_EQ(try_value(type, s, of_length('x', least - 1)), ERR_FIELD_RANGE);
	}
	for (unsigned c = 0x20; c < 0x7f && s->f->kind != DOC_KIND_TEXT; c++) {
		bool slug = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
		bool name = slug || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == ':';

		if (c == '"' || c == '\\') {
			continue;
		}
		T_EQ(try_value(type, s, of_length((char)c, 1)),
		     (s->f->kind == DOC_KIND_SLUG ? slug : name) ? ERR_OK : ERR_FIELD_RANGE);
	}
	if (s->f->kind == DOC_KIND_TEXT) {
		/* bytes are counted after unescaping */
		value[0] = '"';
		for (size_t i = 0; i < most; i++) {
			memcpy(value + 1 + 2 * i, "\\\"", 2);
		}
		memcpy(value + 1 + 2 * most, "\"", 2);
		T_EQ(try_value(type, s, value), ERR_OK);
	} else {
		T_EQ(try_value(type, s, "\"a\\\"\""), ERR_FIELD_RANGE);
		T_EQ(try_value(type, s, "\"\xc3\xa9\""), ERR_FIELD_RANGE);
	}
	T_EQ(try_value(type, s, "\"a\xe2\x80\xae\""), ERR_INPUT);
}

static void values_of_address(enum doc_type type, const struct span *s)
{
	for (unsigned c = 0x20; c < 0x7f; c++) {
		if (c == '"' || c == '\\') {
			continue;
		}
		(void)of_length('A', 40);
		value[20] = (char)c;
		T_EQ(try_value(type, s, value),
		     (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7') ? ERR_OK : ERR_ADDRESS);
	}
	T_EQ(try_value(type, s, of_length('A', 39)), ERR_ADDRESS);
	T_EQ(try_value(type, s, of_length('A', 41)), ERR_ADDRESS);
	T_EQ(try_value(type, s, of_length('A', 46)), ERR_ADDRESS);
	T_EQ(try_value(type, s, "\"\""), ERR_ADDRESS);
	T_EQ(try_value(type, s, "\"\xe8\x94\xb5\""), ERR_ADDRESS);
	T_CHECK(strstr(fault.field, s->f->name) != NULL);
}

static void values_of_hex(enum doc_type type, const struct span *s)
{
	size_t digits = s->f->kind == DOC_KIND_HEX ? 2 * s->f->size : 2 * (size_t)s->f->max;

	T_EQ(try_value(type, s, of_length('f', digits)), ERR_OK);
	T_EQ(try_value(type, s, of_length('F', digits)), ERR_FIELD_RANGE);
	T_EQ(try_value(type, s, of_length('g', digits)), ERR_FIELD_RANGE);
	T_EQ(try_value(type, s, of_length(' ', digits)), ERR_FIELD_RANGE);
	T_EQ(try_value(type, s, of_length('0', digits + 1)), ERR_FIELD_RANGE);
	T_EQ(try_value(type, s, of_length('0', digits + 2)), ERR_FIELD_RANGE);
	T_EQ(try_value(type, s, of_length('0', digits - 1)), ERR_FIELD_RANGE);
	T_EQ(try_value(type, s, of_length('0', digits - 2)),
	     s->f->kind == DOC_KIND_HEX ? ERR_FIELD_RANGE : ERR_OK);
	T_EQ(try_value(type, s, "\"\""), s->f->kind == DOC_KIND_HEX ? ERR_FIELD_RANGE : ERR_OK);
	T_EQ(try_value(type, s, "\"0x\""), ERR_FIELD_RANGE);
	/* one upper-case digit in the last place */
	(void)of_length('a', digits);
	value[digits] = 'A';
	T_EQ(try_value(type, s, value), ERR_FIELD_RANGE);
	T_CHECK(strstr(fault.field, s->f->name) != NULL);
}

static void values_of_amount(enum doc_type type, const struct span *s)
{
	static const char *const bad[] = {
		"\"\"",    "\"00\"", "\"01\"", "\"+1\"",  "\"-1\"",  "\"1.0\"",         "\"1e3\"",
		"\"0x1\"", "\" 1\"", "\"1 \"", "\"1,0\"", "\"1_0\"", "\"\xef\xbc\x91\""
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		T_EQ(try_value(type, s, bad[i]), ERR_AMOUNT);
		T_CHECK(strstr(fault.field, s->f->name) != NULL);
	}
	T_EQ(try_value(type, s, "\"0\""), s->f->min > 0 ? ERR_AMOUNT : ERR_OK);
	T_EQ(try_value(type, s, "\"1\""), ERR_OK);
	T_EQ(try_value(type, s, "\"340282366920938463463374607431768211455\""), ERR_OK);
	T_EQ(try_value(type, s, "\"340282366920938463463374607431768211456\""), ERR_OVERFLOW);
	T_EQ(try_value(type, s, "\"3402823669209384634633746074317682114550\""), ERR_OVERFLOW);
}

static void values_of_int(enum doc_type type, const struct span *s)
{
	(void)snprintf(value, sizeof value, "%llu", (unsigned long long)s->f->max);
	T_EQ(try_value(type, s, value), ERR_OK);
	(void)snprintf(value, sizeof value, "%llu", (unsigned long long)s->f->max + 1);
	T_EQ(try_value(type, s, value),
	     s->f->max == JSON_INT_MAX ? ERR_NOT_CANONICAL : ERR_FIELD_RANGE);
	(void)snprintf(value, sizeof value, "%llu", (unsigned long long)s->f->min);
	T_EQ(try_value(type, s, value), ERR_OK);
	if (s->f->min > 0) {
		(void)snprintf(value, sizeof value, "%llu", (unsigned long long)s->f->min - 1);
		T_EQ(try_value(type, s, value), ERR_FIELD_RANGE);
		T_CHECK(strstr(fault.field, s->f->name) != NULL);
	}
}

static void values_of_word(enum doc_type type, const struct span *s)
{
	for (const struct doc_word *w = s->f->words; w->text != NULL; w++) {
		(void)snprintf(value, sizeof value, "\"%s\"", w->text);
		T_EQ(try_value(type, s, value), ERR_OK);
		value[1] = (char)(value[1] - 'a' + 'A');
		T_EQ(try_value(type, s, value), ERR_FIELD_RANGE);
		(void)snprintf(value, sizeof value, "\"%s \"", w->text);
		T_EQ(try_value(type, s, value), ERR_FIELD_RANGE);
		(void)snprintf(value, sizeof value, "\"%sx\"", w->text);
		T_EQ(try_value(type, s, value), ERR_FIELD_RANGE);
	}
	T_EQ(try_value(type, s, "\"\""), ERR_FIELD_RANGE);
	T_EQ(try_value(type, s, "\"btc\""), ERR_FIELD_RANGE);
	T_CHECK(strstr(fault.field, s->f->name) != NULL);
}

static void values_of_words(enum doc_type type, const struct span *s)
{
	const char *low = s->f->words[0].text;
	const char *mid = s->f->words[1].text;
	const char *high = s->f->words[2].text;
	char first[DOC_FIELD_MAX];

	T_CHECK(s->f->words[3].text == NULL); /* all words, in one array */
	T_EQ(try_value(type, s, "[]"), ERR_OK);
	(void)snprintf(value, sizeof value, "[\"%s\",\"%s\",\"%s\"]", low, mid, high);
	T_EQ(try_value(type, s, value), ERR_OK);
	(void)snprintf(value, sizeof value, "[\"%s\",\"%s\"]", mid, low);
	T_EQ(try_value(type, s, value), ERR_FIELD_RANGE);
	(void)snprintf(value, sizeof value, "[\"%s\",\"%s\"]", mid, mid);
	T_EQ(try_value(type, s, value), ERR_FIELD_RANGE);
	T_EQ(try_value(type, s, "[\"king\"]"), ERR_FIELD_RANGE);
	T_EQ(try_value(type, s, "[1]"), ERR_FIELD_TYPE);
	(void)snprintf(value, sizeof value, "[[\"%s\"]]", mid);
	T_EQ(try_value(type, s, value), ERR_FIELD_TYPE);
	(void)snprintf(first, sizeof first, "%s[0]", s->f->name);
	T_CHECK(strstr(fault.field, first) != NULL);
}

static void values_of_uuid(enum doc_type type, const struct span *s)
{
	static const char *const bad[] = {
		"\"\"",
		"\"01234567-89ab-7cde-8f01-23456789abc\"",
		"\"01234567-89ab-7cde-8f01-23456789abcde\"",
		"\"01234567-89ab-4cde-8f01-23456789abcd\"", /* version 4 */
		"\"01234567-89ab-7cde-cf01-23456789abcd\"", /* another variant */
		"\"01234567-89AB-7cde-8f01-23456789abcd\"",
		"\"0123456789ab-7cde-8f01-23456789abcd-\"",
		"\"{1234567-89ab-7cde-8f01-23456789abc}\"",
	};

	T_EQ(try_value(type, s, "\"01234567-89ab-7cde-8f01-23456789abcd\""), ERR_OK);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		T_EQ(try_value(type, s, bad[i]), ERR_FIELD_RANGE);
	}
	T_CHECK(strstr(fault.field, "request_id") != NULL);
}

/* As many copies of the first item as fit, and one more. */
static void values_of_array(enum doc_type type, const struct span *s, const struct span *first)
{
	size_t n = first->end - first->key;

	for (size_t count = (size_t)s->f->max; count <= s->f->max + 1; count++) {
		struct writer w = writer_make(text_space, sizeof text_space);

		writer_bytes(&w, bytes_of(body_space, s->value + 1));
		for (size_t i = 0; i < count; i++) {
			writer_bytes(&w, bytes_of(",", i > 0));
			writer_bytes(&w, bytes_of(body_space + first->key, n));
		}
		writer_bytes(&w, bytes_of(body_space + s->end - 1, spans.body.n - s->end + 1));
		T_CHECK(!w.bad);
		T_EQ(try_body(type, bytes_of(text_space, w.n)),
		     count > s->f->max ? ERR_FIELD_RANGE : ERR_OK);
	}
	T_CHECK(strstr(fault.field, s->f->name) != NULL);
	T_EQ(try_value(type, s, "[]"), ERR_OK);
}

static void every_limit(void)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		enum doc_type type = sample_types[i];

		lay_out(type);
		for (size_t k = 0; k < spans.n; k++) {
			const struct span *s = &spans.s[k];

			if (s->item) {
				if (s->f->kind == DOC_KIND_ADDRESSES) {
					values_of_address(type, s);
				}
				T_CHECK(!t_failed);
				continue;
			}
			kinds |= 1u << s->f->kind;
			switch (s->f->kind) {
			case DOC_KIND_TEXT:
			case DOC_KIND_NAME:
			case DOC_KIND_SLUG:
				values_of_text(type, s);
				break;
			case DOC_KIND_ADDRESS:
				values_of_address(type, s);
				break;
			case DOC_KIND_HEX:
			case DOC_KIND_DATA:
				values_of_hex(type, s);
				break;
			case DOC_KIND_UUID:
				values_of_uuid(type, s);
				break;
			case DOC_KIND_AMOUNT:
			case DOC_KIND_UNITS:
				values_of_amount(type, s);
				break;
			case DOC_KIND_INT:
				values_of_int(type, s);
				break;
			case DOC_KIND_BOOL:
				T_EQ(try_value(type, s, "true"), ERR_OK);
				T_EQ(try_value(type, s, "false"), ERR_OK);
				T_EQ(try_value(type, s, "0"), ERR_FIELD_TYPE);
				break;
			case DOC_KIND_WORD:
				values_of_word(type, s);
				break;
			case DOC_KIND_WORDS:
				values_of_words(type, s);
				break;
			case DOC_KIND_ADDRESSES:
			case DOC_KIND_LIST:
				values_of_array(type, s, s + 1);
				break;
			case DOC_KIND_OBJECT:
			case DOC_KIND_RAW:
				break;
			}
			T_CHECK(!t_failed);
		}
	}
	T_EQ(kinds, (1u << DOC_KIND_RAW) - 1); /* every kind was met */
}

static void paths_name_the_place(void)
{
	lay_out(DOC_GENESIS);
	for (size_t k = 0; k < spans.n; k++) {
		const struct span *s = &spans.s[k];

		if (strcmp(s->f->name, "spare") == 0 && s->object == 2) {
			T_EQ(try_value(DOC_GENESIS, s, "7"), ERR_FIELD_TYPE);
			T_STR(fault.field, "hot[1].spare");
			T_STR(fault.why, "a string is expected here");
		}
		if (strcmp(s->f->name, "needed") == 0) {
			T_EQ(try_value(DOC_GENESIS, s, "\"3\""), ERR_FIELD_TYPE);
			T_STR(fault.field, "recovery.needed");
		}
		if (strcmp(s->f->name, "boxes") == 0 && s->item) {
			T_EQ(try_value(DOC_GENESIS, s, "\"\""), ERR_ADDRESS);
			T_CHECK(strncmp(fault.field, "boxes[", 6) == 0);
		}
	}
	lay_out(DOC_CURSOR);
	/* a name from outside is cut, never overrun */
	(void)of_length('a', 300);
	memcpy(value + 301, "\":1,", 5);
	T_EQ(try_body(DOC_CURSOR, patched(1, 1, value, 305)), ERR_FIELD_UNKNOWN);
	T_EQ(strlen(fault.field), sizeof fault.field - 1);
}

/* ---- whole envelopes ---- */

static void every_truncation(void)
{
	struct hash32 genesis = sample_genesis();
	uint8_t secret[DOC_SECRET_BYTES];
	struct key32 key;

	sample_key(secret, &key, 0x05);
	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		struct bytes raw = make(sample_types[i], secret, NULL);
		struct doc d = { .version = 4711 };

		for (size_t n = 0; n < raw.n; n++) {
			T_EQ(doc_open(&d, bytes_of(raw.p, n),
				      sample_under(sample_types[i], &genesis), &fault),
			     ERR_INPUT);
			T_EQ(d.version, 4711);
			T_CHECK(strncmp(fault.field, "byte ", 5) == 0);
		}
	}
}

/* A changed envelope is refused, or another document, or no longer signed. */
static void judge_changed(enum doc_type type, struct bytes raw, const struct doc *was,
			  const struct hash32 *under, unsigned long *opened)
{
	struct writer w = writer_make(text_space, sizeof text_space);
	static union sample got;
	struct doc d;

	if (doc_open(&d, raw, under, &fault) != ERR_OK) {
		T_CHECK(fault.why != NULL && fault.field[0] != '\0');
		return;
	}
	T_EQ(d.type, type);
	T_CHECK(doc_verify_all(&d) == ERR_SIGNATURE);
	T_EQ(hash32_eq(&d.id, &was->id), bytes_eq(d.body, was->body));
	if (doc_check(&d, &fault) != ERR_OK) {
		return;
	}
	(*opened)++;
	T_EQ(doc_table_read(doc_table_of(type), d.body, &got, &fault), ERR_OK);
	T_EQ(doc_write(&w, type, &got, &fault), ERR_OK);
	T_CHECK(bytes_eq(bytes_of(text_space, w.n), d.body));
}

static void every_byte_flipped(void)
{
	static const uint8_t put[] = {
		' ', '"', '\\', '0', '9', 'a', 'A', '{', '}', ',', ':', 0xff
	};
	struct hash32 genesis = sample_genesis();
	uint8_t secret[DOC_SECRET_BYTES];
	static uint8_t copy[TEXT_MAX];
	struct key32 key;

	sample_key(secret, &key, 0x05);
	for (size_t i = 0; i < SAMPLE_TYPES; i++) {
		enum doc_type type = sample_types[i];
		const struct hash32 *under = sample_under(type, &genesis);
		struct bytes raw = make(type, secret, NULL);
		unsigned long opened = 0;
		struct doc was;

		T_EQ(doc_open(&was, raw, under, &fault), ERR_OK);
		for (size_t at = 0; at < raw.n; at++) {
			for (size_t m = 0; m < 8 + sizeof put; m++) {
				uint8_t c = (uint8_t)(m < 8 ? raw.p[at] ^ (1u << m) : put[m - 8]);

				if (c == raw.p[at]) {
					continue;
				}
				memcpy(copy, raw.p, raw.n);
				copy[at] = c;
				judge_changed(type, bytes_of(copy, raw.n), &was, under, &opened);
				T_CHECK(!t_failed);
			}
		}
		T_CHECK(opened > 0);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "tables fit their structs", tables_fit_structs },
		{ "round trips of every type", round_trips },
		{ "typed functions", typed_functions },
		{ "each field missing", each_field_missing },
		{ "unknown fields", unknown_fields },
		{ "repeated and swapped fields", repeated_and_swapped_fields },
		{ "wrong types", wrong_types },
		{ "every limit of every field", every_limit },
		{ "paths name the place", paths_name_the_place },
		{ "every truncation", every_truncation },
		{ "every byte flipped", every_byte_flipped },
	};

	if (crypto_init() != ERR_OK) {
		return 1;
	}
	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
