/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_json_part.h"

#include "base/check.h"
#include "base/hex.h"

enum { HEX_MAX = 2 * NEM_TX_BYTES_MAX };

/* ---- writing ---- */

json_t *nem_json_hex(const void *p, size_t n)
{
	char text[HEX_MAX + 1];

	CHECK(n <= NEM_TX_BYTES_MAX);
	hex_put(text, bytes_of(p, n));
	return json_string(text);
}

void nem_json_put(json_t **object, const char *name, json_t *value)
{
	if (*object == NULL) {
		json_decref(value);
	} else if (json_object_set_new(*object, name, value) != 0) {
		json_decref(*object);
		*object = NULL;
	}
}

void nem_json_append(json_t **array, json_t *value)
{
	if (*array == NULL) {
		json_decref(value);
	} else if (json_array_append_new(*array, value) != 0) {
		json_decref(*array);
		*array = NULL;
	}
}

json_t *nem_json_number(uint64_t n)
{
	return n <= INT64_MAX ? json_integer((json_int_t)n) : NULL;
}

/* ---- reading ---- */

void nem_json_fail(struct nem_json_get *g, enum err e, const char *where)
{
	if (g->e == ERR_OK) {
		g->e = e;
		g->where = where;
	}
}

enum err nem_json_finish(const struct nem_json_get *g, const char **where)
{
	if (g->e != ERR_OK && where != NULL) {
		*where = g->where;
	}
	return g->e;
}

const json_t *nem_json_get(struct nem_json_get *g, const json_t *object, const char *name)
{
	const json_t *j;

	if (g->e != ERR_OK) {
		return NULL;
	}
	if (!json_is_object(object)) {
		nem_json_fail(g, ERR_INPUT, name);
		return NULL;
	}
	j = json_object_get(object, name);
	if (j == NULL) {
		nem_json_fail(g, ERR_FIELD_MISSING, name);
	}
	return j;
}

const json_t *nem_json_get_object(struct nem_json_get *g, const json_t *object, const char *name)
{
	const json_t *j = nem_json_get(g, object, name);

	if (j != NULL && !json_is_object(j)) {
		nem_json_fail(g, ERR_FIELD_TYPE, name);
		return NULL;
	}
	return j;
}

const json_t *nem_json_get_optional(struct nem_json_get *g, const json_t *object, const char *name)
{
	const json_t *j = nem_json_get(g, object, name);

	if (j != NULL && !json_is_null(j) && !json_is_object(j)) {
		nem_json_fail(g, ERR_FIELD_TYPE, name);
	}
	return g->e == ERR_OK && json_object_size(j) > 0 ? j : NULL;
}

const json_t *nem_json_get_array(struct nem_json_get *g, const json_t *object, const char *name,
				 size_t max)
{
	const json_t *j = nem_json_get(g, object, name);

	if (j != NULL && !json_is_array(j)) {
		nem_json_fail(g, ERR_FIELD_TYPE, name);
		return NULL;
	}
	if (j != NULL && json_array_size(j) > max) {
		nem_json_fail(g, ERR_TOO_LARGE, name);
		return NULL;
	}
	return j;
}

int64_t nem_json_get_integer(struct nem_json_get *g, const json_t *object, const char *name,
			     int64_t min, int64_t max)
{
	const json_t *j = nem_json_get(g, object, name);
	int64_t n;

	if (j == NULL) {
		return 0;
	}
	if (!json_is_integer(j)) {
		nem_json_fail(g, ERR_FIELD_TYPE, name);
		return 0;
	}
	n = json_integer_value(j);
	if (n < min || n > max) {
		nem_json_fail(g, ERR_FIELD_RANGE, name);
		return 0;
	}
	return n;
}

struct bytes nem_json_get_string(struct nem_json_get *g, const json_t *object, const char *name)
{
	const json_t *j = nem_json_get(g, object, name);

	if (j == NULL) {
		return bytes_of(NULL, 0);
	}
	if (!json_is_string(j)) {
		nem_json_fail(g, ERR_FIELD_TYPE, name);
		return bytes_of(NULL, 0);
	}
	return bytes_of(json_string_value(j), json_string_length(j));
}

void nem_json_get_hex(struct nem_json_get *g, const json_t *object, const char *name, uint8_t *out,
		      size_t n)
{
	struct bytes text = nem_json_get_string(g, object, name);

	if (g->e == ERR_OK && hex_get(out, n, text, HEX_ANY_CASE) != ERR_OK) {
		nem_json_fail(g, ERR_FIELD_RANGE, name);
	}
}

size_t nem_json_get_hex_upto(struct nem_json_get *g, const json_t *object, const char *name,
			     uint8_t *out, size_t max)
{
	struct bytes text = nem_json_get_string(g, object, name);

	if (g->e != ERR_OK) {
		return 0;
	}
	if (text.n / 2 > max) {
		nem_json_fail(g, ERR_TOO_LARGE, name);
		return 0;
	}
	if (text.n % 2 != 0 || hex_get(out, text.n / 2, text, HEX_ANY_CASE) != ERR_OK) {
		nem_json_fail(g, ERR_FIELD_RANGE, name);
		return 0;
	}
	return text.n / 2;
}

void nem_json_get_address(struct nem_json_get *g, const json_t *object, const char *name,
			  uint8_t network, struct nem_address *out)
{
	struct bytes text = nem_json_get_string(g, object, name);
	enum err e;

	if (g->e != ERR_OK) {
		return;
	}
	e = nem_address_parse(out, network, text, NULL);
	if (e != ERR_OK) {
		nem_json_fail(g, e, name);
	}
}
