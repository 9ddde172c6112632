/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_json_part.h - the small pieces that nem_json*.c make and read JSON with.
 */
#ifndef KURAMORI_CHAIN_NEM_JSON_PART_H
#define KURAMORI_CHAIN_NEM_JSON_PART_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_address.h"
#include "chain/nem/nem_tx.h"

/* ---- writing: NULL when memory ends, and NULL stays NULL ---- */

/* Lower-case hex of at most NEM_TX_BYTES_MAX bytes. */
json_t *nem_json_hex(const void *p, size_t n);
/* Sets a key; a value that could not be made takes the whole object with it. */
void nem_json_put(json_t **object, const char *name, json_t *value);
void nem_json_append(json_t **array, json_t *value);
/* Amounts beyond 2^63-1 pass no rule of any node; the format itself could not hold them. */
json_t *nem_json_number(uint64_t n);

/* ---- reading ---- */

/* The first error and the field it concerns; later reads do nothing. */
struct nem_json_get {
	enum err e;
	const char *where;
};

void nem_json_fail(struct nem_json_get *g, enum err e, const char *where);
enum err nem_json_finish(const struct nem_json_get *g, const char **where);
/* The value of a key, or NULL after an error (ERR_INPUT no object, ERR_FIELD_MISSING). */
const json_t *nem_json_get(struct nem_json_get *g, const json_t *object, const char *name);
/* The same of a type: ERR_FIELD_TYPE; ERR_TOO_LARGE; ERR_FIELD_RANGE. */
const json_t *nem_json_get_object(struct nem_json_get *g, const json_t *object, const char *name);
/* An object that is not there as {} or as null: NULL then, without an error. */
const json_t *nem_json_get_optional(struct nem_json_get *g, const json_t *object, const char *name);
const json_t *nem_json_get_array(struct nem_json_get *g, const json_t *object, const char *name,
				 size_t max);
int64_t nem_json_get_integer(struct nem_json_get *g, const json_t *object, const char *name,
			     int64_t min, int64_t max);
/* Borrowed from the object; empty after an error. */
struct bytes nem_json_get_string(struct nem_json_get *g, const json_t *object, const char *name);
/* Exactly n bytes in hex of either case. */
void nem_json_get_hex(struct nem_json_get *g, const json_t *object, const char *name, uint8_t *out,
		      size_t n);
/* Hex of any even length up to max bytes; how many. */
size_t nem_json_get_hex_upto(struct nem_json_get *g, const json_t *object, const char *name,
			     uint8_t *out, size_t max);
/* ERR_ADDRESS, ERR_NETWORK. */
void nem_json_get_address(struct nem_json_get *g, const json_t *object, const char *name,
			  uint8_t network, struct nem_address *out);
/* A whole transaction, which passes nem_tx_check(); *tx is half filled after an error. */
void nem_json_get_tx(struct nem_json_get *g, const json_t *j, uint8_t network, enum nem_form form,
		     struct nem_tx *tx);

#endif
