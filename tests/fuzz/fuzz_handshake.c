/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no request brings its reader down, and every answer to one is whole and has no line of the
 * client's making in it.
 * Method: the bytes are read from a buffer of exactly their size; the answer's lines are counted.
 */
#include "fuzz_main.h"

#include "nis/handshake.h"

static void init(void)
{
}

static void answer(const struct handshake *h)
{
	uint8_t raw[HANDSHAKE_ANSWER_MAX];
	struct writer w = writer_make(raw, sizeof raw);
	enum handshake_answer a = handshake_judge(h);
	const uint8_t *end;
	size_t lines = 0;

	FUZZ_CHECK((a != HANDSHAKE_SOCKJS && a != HANDSHAKE_RAW) ||
		   (h->upgrade && h->version_13 && h->has_key && h->method == HANDSHAKE_GET));
	handshake_put(&w, a, h, 1);
	FUZZ_CHECK(!w.bad && memcmp(raw, "HTTP/1.1 ", 9) == 0);
	end = memmem(raw, w.n, "\r\n\r\n", 4);
	FUZZ_CHECK(end != NULL);
	for (const uint8_t *p = raw; p < end; p++) {
		lines += *p == '\n';
	}
	FUZZ_CHECK(lines >= 3 && lines <= 9);
}

static void run(const uint8_t *p, size_t n)
{
	uint8_t *copy = calloc(1, n > 0 ? n : 1);
	struct handshake h;
	size_t used = 0;
	enum err e;

	FUZZ_CHECK(copy != NULL);
	if (n > 0) {
		memcpy(copy, p, n);
	}
	e = handshake_read(&h, &used, bytes_of(copy, n));
	FUZZ_CHECK(e == ERR_OK || e == ERR_WAIT || e == ERR_INPUT || e == ERR_TOO_LARGE);
	FUZZ_CHECK(e != ERR_WAIT || n < HANDSHAKE_HEAD_MAX);
	if (e == ERR_OK) {
		FUZZ_CHECK(used > 0 && used <= n && used <= HANDSHAKE_HEAD_MAX);
		answer(&h);
	}
	free(copy);
}
