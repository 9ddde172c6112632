/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - reader and writer of the one spelling in which documents exist.
 *
 * RFC 8785, restricted (docs/documents.md): one object; no white space; keys [a-z0-9_]+, distinct,
 * in byte order; strings are valid UTF-8 without control characters (U+0000 to 001F, 007F to 009F)
 * or bidi controls (U+061C, 200E, 200F, 202A to 202E, 2066 to 2069), with the escapes \" and \\ and
 * no others; integers 0 to 2^53 - 1 in plain decimal; true, false; arrays; objects.  No null, no
 * fraction, no exponent, no minus.  For these texts RFC 8785 has exactly one spelling, so bytes
 * that the reader accepts are their own canonical form and may be hashed as they stand.
 *
 * Wrong bytes are refused, never repaired.  Nothing here allocates or recurses.
 */
#ifndef KURAMORI_DOC_JSON_H
#define KURAMORI_DOC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	JSON_BYTES_MAX = 65536,
	JSON_DEPTH_MAX = 8, /* objects and arrays inside each other */
	JSON_VALUES_MAX =
	    1024, /* objects, arrays, strings, numbers, true, false; keys not counted */
};

#define JSON_INT_MAX ((UINT64_C(1) << 53) - 1)

enum json_kind {
	JSON_END, /* after the outermost object, nothing left over */
	JSON_OBJECT_OPEN,
	JSON_OBJECT_CLOSE,
	JSON_ARRAY_OPEN,
	JSON_ARRAY_CLOSE,
	JSON_KEY,
	JSON_TEXT,
	JSON_INT,
	JSON_BOOL,
};

struct json_token {
	enum json_kind kind;
	size_t at;         /* offset of its first byte */
	struct bytes text; /* KEY: the name.  STRING: the bytes between the quotes, still escaped */
	uint64_t number;   /* INT */
	bool truth;        /* BOOL */
};

/* A cursor over the text.  A plain value; members are for json.c only, but for the fault. */
struct json {
	struct bytes in;
	size_t at;
	unsigned depth;
	unsigned values, values_max;
	enum err err;          /* the first fault; sticks */
	size_t fault_at;       /* offset of the fault */
	const char *fault_why; /* static words; NULL while there is none */
	bool done;

	struct json_level {
		bool object;
		uint8_t expect;
		struct bytes last_key;
	} level[JSON_DEPTH_MAX];
};

/* Starts at the first byte.  in must outlive the cursor and its tokens. */
void json_init(struct json *j, struct bytes in);

/* The same with limits of the caller's own, for texts that are no documents. */
void json_init_sized(struct json *j, struct bytes in, size_t bytes_max, unsigned values_max);

/*
 * The next token.  All rules above are enforced on the way: who has pulled JSON_END has seen a text
 * that is canonical in full, and not before.  After JSON_END or a fault every call repeats it.
 * ERR_INPUT (not JSON, cut short, bad UTF-8, something left over), ERR_NOT_CANONICAL (JSON, but
 * another spelling or beyond the subset), ERR_TOO_LARGE (bytes, depth, values); *out untouched
 * then.
 */
MUST_CHECK enum err json_next(struct json *j, struct json_token *out);

/* Pulls everything: ERR_OK if in is one canonical object.  fault_at, fault_why may be NULL. */
MUST_CHECK enum err json_check(struct bytes in, size_t *fault_at, const char **fault_why);

/*
 * Undoes the escapes of a STRING token.  Writes *n bytes, no NUL.
 * ERR_TOO_LARGE if they are more than cap; out and *n untouched then.
 */
MUST_CHECK enum err json_unescape(uint8_t *out, size_t cap, size_t *n, struct bytes text);

/* Text may stand in a document: valid UTF-8 without the characters above. */
bool json_text_ok(struct bytes text);

/* Writes text with quotes and escapes.  ERR_INPUT if !json_text_ok(text): nothing written then. */
MUST_CHECK enum err json_put_string(struct writer *w, struct bytes text);
/* Writes v.  ERR_OVERFLOW above JSON_INT_MAX: nothing written then. */
MUST_CHECK enum err json_put_int(struct writer *w, uint64_t v);
void json_put_bool(struct writer *w, bool v);
/* Writes "key":  - the caller keeps the order.  Dies if key is not [a-z0-9_]+. */
void json_put_key(struct writer *w, const char *key);
/* Writes characters as they stand: brackets and commas. */
void json_put_raw(struct writer *w, const char *s);

#endif
