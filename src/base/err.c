/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stddef.h>

#include "base/attr.h"
#include "base/check.h"

static const struct row {
	unsigned number;
	int exit_code;
	int http;
	const char *slug;
	const char *words;
} rows[] = {

#define ERR(name, number, exit_code, http, slug, words) { number, exit_code, http, slug, words },
#include "base/err.def"
#undef ERR
};

static const struct row *find(unsigned number)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].number == number) {
			return &rows[i];
		}
	}
	return NULL;
}

static const struct row *row_of(enum err e)
{
	const struct row *r = find((unsigned)e);

	CHECK(r != NULL);
	return r;
}

const char *err_slug(enum err e)
{
	return row_of(e)->slug;
}

const char *err_words(enum err e)
{
	return row_of(e)->words;
}

int err_exit(enum err e)
{
	return row_of(e)->exit_code;
}

int err_http(enum err e)
{
	return row_of(e)->http;
}

_Bool err_known(unsigned number)
{
	return find(number) != NULL;
}
