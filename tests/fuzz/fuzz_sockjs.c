/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no text brings the readers of SockJS messages and of loose JSON down, and what is put into
 * a server's frame comes out as it was.
 * Method: the bytes are read as a message, searched as loose JSON, and put into a frame; each from
 * a buffer of exactly its size.
 */
#include "fuzz_main.h"

#include <jansson.h>

#include "base/utf8.h"
#include "nis/sockjs.h"

static void init(void)
{
}

static void put_and_read(struct bytes b)
{
	size_t cap = 6 * b.n + 5;
	uint8_t *frame = malloc(cap), *back = malloc(3 * b.n + 1);
	struct writer w;
	size_t n = 0;

	FUZZ_CHECK(frame != NULL && back != NULL);
	w = writer_make(frame, cap);
	sockjs_put(&w, b);
	FUZZ_CHECK(!w.bad && frame[0] == 'a');
	/* A frame without its letter is what a client would send. */
	FUZZ_CHECK(sockjs_read(back, 3 * b.n + 1, &n, bytes_of(frame + 1, w.n - 1)) == ERR_OK);
	FUZZ_CHECK(!utf8_valid(b) || bytes_eq(bytes_of(back, n), b));
	free(frame);
	free(back);
}

static void run(const uint8_t *p, size_t n)
{
	uint8_t *copy = calloc(1, n > 0 ? n : 1), *out = malloc(n > 0 ? n : 1);
	struct bytes value = { 0 };
	size_t got = 0;
	enum err e;

	FUZZ_CHECK(copy != NULL && out != NULL);
	if (n > 0) {
		memcpy(copy, p, n);
	}
	e = sockjs_read(out, n, &got, bytes_of(copy, n));
	FUZZ_CHECK(e == ERR_INPUT || (e == ERR_OK && got <= n && utf8_valid(bytes_of(out, got))));
	e = sockjs_loose_string(bytes_of(copy, n), "account", &value);
	FUZZ_CHECK(e == ERR_OK || e == ERR_INPUT || e == ERR_FIELD_MISSING || e == ERR_FIELD_TYPE);
	FUZZ_CHECK(e != ERR_OK || (value.p > copy && value.p + value.n < copy + n));
	put_and_read(bytes_of(copy, n));
	free(copy);
	free(out);
}
