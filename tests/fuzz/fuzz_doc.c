/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no bytes bring the reader of documents down, and whatever it accepts is its own only
 * spelling. Method: for any bytes: a refusal names field and reason; an accepted text comes out of
 * the writer as the same bytes; an accepted body read into its struct and written again is the same
 * bytes; an accepted envelope closed again from its parts is the same bytes, and its id is the id
 * of its body.
 */
#include "fuzz_main.h"

#include "crypto/crypto.h"
#include "doc/json.h"
#include "samples.h"

static uint8_t space[DOC_BYTES_MAX];
static uint8_t text[DOC_BYTES_MAX];

static void init(void)
{
	FUZZ_CHECK(crypto_init() == ERR_OK);
}

static void put_token(struct writer *w, const struct json_token *t)
{
	char key[DOC_BYTES_MAX];
	size_t n = 0;

	switch (t->kind) {
	case JSON_OBJECT_OPEN:
		json_put_raw(w, "{");
		break;
	case JSON_OBJECT_CLOSE:
		json_put_raw(w, "}");
		break;
	case JSON_ARRAY_OPEN:
		json_put_raw(w, "[");
		break;
	case JSON_ARRAY_CLOSE:
		json_put_raw(w, "]");
		break;
	case JSON_KEY:
		memcpy(key, t->text.p, t->text.n);
		key[t->text.n] = '\0';
		json_put_key(w, key);
		break;
	case JSON_TEXT:
		FUZZ_CHECK(json_unescape(text, sizeof text, &n, t->text) == ERR_OK);
		FUZZ_CHECK(json_put_string(w, bytes_of(text, n)) == ERR_OK);
		break;
	case JSON_INT:
		FUZZ_CHECK(json_put_int(w, t->number) == ERR_OK);
		break;
	case JSON_BOOL:
		json_put_bool(w, t->truth);
		break;
	case JSON_END:
		break;
	}
}

static void run_json(struct bytes in)
{
	struct writer w = writer_make(space, sizeof space);
	struct json_token t = { 0 };
	const char *why = NULL;
	bool comma = false;
	size_t at = 0;
	struct json j;

	if (json_check(in, &at, &why) != ERR_OK) {
		FUZZ_CHECK(why != NULL && at <= in.n);
		return;
	}
	json_init(&j, in);
	while (json_next(&j, &t) == ERR_OK && t.kind != JSON_END) {
		if (comma && t.kind != JSON_OBJECT_CLOSE && t.kind != JSON_ARRAY_CLOSE) {
			json_put_raw(&w, ",");
		}
		comma =
		    t.kind != JSON_KEY && t.kind != JSON_OBJECT_OPEN && t.kind != JSON_ARRAY_OPEN;
		put_token(&w, &t);
	}
	FUZZ_CHECK(t.kind == JSON_END && !w.bad);
	FUZZ_CHECK(bytes_eq(bytes_of(space, w.n), in));
}

static void run_doc(struct bytes in, const struct hash32 *genesis)
{
	struct doc_fault fault = { .why = NULL };
	struct writer w = writer_make(space, sizeof space);
	static union sample body;
	struct hash32 id;
	struct doc d;

	if (doc_open(&d, in, genesis, &fault) != ERR_OK) {
		FUZZ_CHECK(fault.why != NULL && fault.field[0] != '\0');
		return;
	}
	doc_id(&id, d.type, d.version, genesis, d.body);
	FUZZ_CHECK(hash32_eq(&id, &d.id));
	FUZZ_CHECK(doc_close(&w, d.type, d.body, d.signatures, d.signature_count) == ERR_OK);
	FUZZ_CHECK(bytes_eq(bytes_of(space, w.n), in));
	if (doc_check(&d, &fault) != ERR_OK) {
		FUZZ_CHECK(fault.why != NULL && fault.field[0] != '\0');
		return;
	}
	w = writer_make(space, sizeof space);
	FUZZ_CHECK(doc_table_read(doc_table_of(d.type), d.body, &body, &fault) == ERR_OK);
	FUZZ_CHECK(doc_write(&w, d.type, &body, &fault) == ERR_OK);
	FUZZ_CHECK(bytes_eq(bytes_of(space, w.n), d.body));
	if (d.signature_count > 0) {
		(void)doc_signed_by(&d, &d.signatures[0].key);
	}
}

static void run(const uint8_t *p, size_t n)
{
	struct hash32 genesis = sample_genesis();
	struct bytes in = bytes_of(p, n);

	run_json(in);
	run_doc(in, &genesis);
	run_doc(in, NULL);
}
