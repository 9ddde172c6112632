/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - the engine under types.h: a table of fields drives reader and writer of a body.
 *
 * Used by document.c, types.c and the tests; others use types.h.  Fields stand in byte order of
 * their names, which is the order in which the text must have them; so one walk over text and table
 * together finds what is missing, unknown or repeated.
 */
#ifndef KURAMORI_DOC_TABLE_H
#define KURAMORI_DOC_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "doc/document.h"

/* In C: what the member is. */
enum doc_kind {
	DOC_KIND_TEXT,      /* string of min to max bytes; char[max + 1] */
	DOC_KIND_NAME,      /* string of 1 to 64 of [A-Za-z0-9._:-]; char[65] */
	DOC_KIND_SLUG,      /* string of 1 to 64 of [a-z0-9-]; char[65] */
	DOC_KIND_ADDRESS,   /* string of 40 of [A-Z2-7]; struct doc_address */
	DOC_KIND_ADDRESSES, /* array of at most max such; struct doc_address[max] */
	DOC_KIND_HEX,       /* hex of exactly size bytes; uint8_t[size] */
	DOC_KIND_DATA,      /* hex of at most max bytes; uint8_t[max] and a count */
	DOC_KIND_UUID,      /* UUIDv7 in text; struct id128 */
	DOC_KIND_AMOUNT,    /* decimal string, at least min; struct money of ASSET_XEM */
	DOC_KIND_UNITS,     /* decimal string, at least min; u128 of an asset said beside it */
	DOC_KIND_INT,       /* number, min to max; uint64_t */
	DOC_KIND_BOOL,      /* true, false; bool */
	DOC_KIND_WORD,      /* one of words; uint32_t or an enum */
	DOC_KIND_WORDS,     /* array of words, sorted, distinct; uint32_t of their bits */
	DOC_KIND_OBJECT,    /* object; the struct of table `of` */
	DOC_KIND_LIST,      /* array of at most max objects; array of the struct of table `of` */
	DOC_KIND_RAW,       /* any object, as it stands; struct bytes.  The envelope's body only */
};

struct doc_word {
	const char *text; /* NULL ends the list; in byte order */
	uint32_t value;
};

struct doc_field {
	const char *name;
	enum doc_kind kind;
	size_t offset;
	size_t size; /* of the member */
	uint64_t min;
	uint64_t max;
	size_t count_offset;          /* ADDRESSES, DATA, LIST: a size_t */
	const struct doc_table *of;   /* OBJECT, LIST */
	const struct doc_word *words; /* WORD, WORDS */
};

struct doc_table {
	const struct doc_field *fields;
	size_t count;
	size_t size; /* of the struct */
	/* what a type demands beyond its form, of a struct within its bounds; NULL: nothing */
	enum err (*sense)(const void *in, struct doc_fault *fault);
};

/* The table of a type.  Static.  Dies on a number not in types.def. */
const struct doc_table *doc_table_of(enum doc_type type);

/*
 * Reads body, the whole of it, into the struct at out (t->size bytes; unused room becomes zero).
 * fault may be NULL.  ERR_INPUT, ERR_NOT_CANONICAL, ERR_TOO_LARGE, ERR_FIELD_MISSING,
 * ERR_FIELD_UNKNOWN, ERR_FIELD_TYPE, ERR_FIELD_RANGE, ERR_AMOUNT, ERR_OVERFLOW, ERR_ADDRESS.
 * Unlike elsewhere *out is NOT kept on an error: it is the caller's scratch.
 */
MUST_CHECK enum err doc_table_read(const struct doc_table *t, struct bytes body, void *out,
				   struct doc_fault *fault);

/*
 * Writes the struct at in.  Refuses whatever the reader would refuse.  ERR_INPUT, ERR_ADDRESS,
 * ERR_AMOUNT, ERR_ASSET, ERR_FIELD_RANGE, ERR_TOO_LARGE (out is full); *out stands as before then.
 */
MUST_CHECK enum err doc_table_write(const struct doc_table *t, struct writer *out, const void *in,
				    struct doc_fault *fault);

/*
 * The envelope around a body that is written between the two (document.c; types.c uses them).
 * begin: gives where the body starts; out->bad if there is no room.  end: id (may be NULL) and one
 * signature if secret is not NULL; ERR_TOO_LARGE and the errors of json_check(), *out is then half
 * written.
 */
size_t doc_envelope_begin(struct writer *out);
MUST_CHECK enum err doc_envelope_end(struct writer *out, size_t start, struct hash32 *id,
				     enum doc_type type, const uint8_t *secret,
				     struct doc_fault *fault);

/* Fills *fault, which may be NULL; gives e back. */
enum err doc_table_fault(struct doc_fault *fault, enum err e, const char *field, const char *why);

#endif
