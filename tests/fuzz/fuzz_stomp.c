/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no bytes bring the reader of STOMP down; how they are cut decides nothing; and what was
 * read is written so that it reads the same.
 * Method: the bytes at once and in pieces, from buffers of exactly their size; each frame is put
 * and read back.
 */
#include "fuzz_main.h"

#include "nis/stomp.h"

enum { WRITTEN_MAX = 3 * STOMP_FRAME_MAX };

static struct stomp reader, again;
static uint8_t written[WRITTEN_MAX];

static void init(void)
{
}

static uint64_t sum_of(uint64_t sum, struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		sum = (sum ^ b.p[i]) * 1099511628211u;
	}
	return (sum ^ b.n) * 1099511628211u;
}

static void write_and_read(const struct stomp_frame *f)
{
	struct writer w = writer_make(written, sizeof written);
	struct stomp_header kept[STOMP_HEADERS_MAX];
	struct stomp_frame back;
	struct bytes in;
	unsigned n = 0;

	/* content-length is the writer's own; one more would be one too many. */
	for (unsigned i = 0; i < f->headers && n < STOMP_HEADERS_MAX - 1; i++) {
		if (!bytes_eq(f->header[i].name, bytes_str("content-length")) &&
		    memchr(f->header[i].name.p, ':', f->header[i].name.n) == NULL &&
		    memchr(f->header[i].name.p, '\n', f->header[i].name.n) == NULL &&
		    memchr(f->header[i].name.p, '\r', f->header[i].name.n) == NULL &&
		    memchr(f->header[i].name.p, '\\', f->header[i].name.n) == NULL) {
			kept[n++] = f->header[i];
		}
	}
	stomp_put(&w, "MESSAGE", kept, n, f->body);
	FUZZ_CHECK(!w.bad);
	if (w.n > STOMP_FRAME_MAX) {
		return;
	}
	in = bytes_of(written, w.n);
	stomp_init(&again);
	FUZZ_CHECK(stomp_feed(&again, &in, &back) == ERR_OK && in.n == 0);
	FUZZ_CHECK(bytes_eq(back.body, f->body));
	FUZZ_CHECK(back.headers == n + (f->body.n > 0));
	for (unsigned i = 0; i < n; i++) {
		FUZZ_CHECK(bytes_eq(back.header[i].name, kept[i].name) &&
			   bytes_eq(back.header[i].value, kept[i].value));
	}
}

static uint64_t read_in_pieces(const uint8_t *p, size_t n, size_t step, enum err *end)
{
	uint64_t sum = 0;

	stomp_init(&reader);
	*end = ERR_WAIT;
	for (size_t at = 0; at < n && *end == ERR_WAIT; at += step) {
		size_t piece = n - at < step ? n - at : step;
		uint8_t *copy = malloc(piece);
		struct bytes in;

		FUZZ_CHECK(copy != NULL);
		memcpy(copy, p + at, piece);
		in = bytes_of(copy, piece);
		do {
			struct stomp_frame f;

			*end = stomp_feed(&reader, &in, &f);
			if (*end == ERR_OK) {
				sum = sum_of(sum, f.command);
				for (unsigned i = 0; i < f.headers; i++) {
					sum = sum_of(sum, f.header[i].name);
					sum = sum_of(sum, f.header[i].value);
				}
				sum = sum_of(sum, f.body);
				write_and_read(&f);
			}
		} while (*end == ERR_OK);
		free(copy);
	}
	return sum;
}

static void run(const uint8_t *p, size_t n)
{
	enum err whole_end, pieces_end;
	uint64_t whole = read_in_pieces(p, n, n > 0 ? n : 1, &whole_end);
	uint64_t pieces = read_in_pieces(p, n, n > 0 ? 1 + p[n - 1] % 13 : 1, &pieces_end);

	FUZZ_CHECK(whole == pieces && whole_end == pieces_end);
	FUZZ_CHECK(whole_end == ERR_WAIT || whole_end == ERR_INPUT || whole_end == ERR_TOO_LARGE);
}
