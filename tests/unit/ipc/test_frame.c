/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: a frame is read back as it was written, and nothing else is ever taken for one.
 * Method: every truncation, every wrong header byte, every limit and its neighbours; bodies cut at
 * every byte; random bytes never read past their end (the sanitizer build watches that).
 */
#include "base/attr.h"
#include "ipc/frame.h"
#include "t.h"

static uint8_t big[FRAME_BYTES_MAX + 64];

static void round_trip(void)
{
	uint8_t buf[256];
	struct frame_builder b = frame_begin(buf, sizeof buf, 0x1234, 0x1122334455667788);
	struct bytes whole = { 0 };
	struct bytes items[3];
	struct frame f = { 0 };
	size_t used = 0;
	size_t n = 0;

	frame_add(&b, bytes_str("one"));
	frame_add(&b, bytes_str(""));
	frame_add(&b, bytes_str("three"));
	T_EQ(frame_end(&b, &whole), ERR_OK);
	T_EQ(whole.n, 16 + 4 + 3 + 4 + 4 + 5);
	T_EQ(frame_next(&f, &used, whole), ERR_OK);
	T_EQ(used, whole.n);
	T_EQ(f.number, 0x1234);
	T_CHECK(f.id == 0x1122334455667788);
	T_EQ(frame_items_all(f.body, items, 3, &n), ERR_OK);
	T_EQ(n, 3);
	T_CHECK(bytes_eq(items[0], bytes_str("one")));
	T_EQ(items[1].n, 0);
	T_CHECK(bytes_eq(items[2], bytes_str("three")));
	n = 77;
	T_EQ(frame_items_all(f.body, items, 2, &n), ERR_INPUT);
	T_EQ(n, 77);
}

/* The exact bytes, so that another implementation can be written from design.md alone. */
static void layout(void)
{
	static const uint8_t want[] = { 6, 0, 0, 0, 0x34, 0x12, 0, 0, 8, 7,   6,
					5, 4, 3, 2, 1,    2,    0, 0, 0, 'h', 'i' };
	uint8_t buf[64];
	struct frame_builder b = frame_begin(buf, sizeof buf, 0x1234, 0x0102030405060708);
	struct bytes whole;

	frame_add(&b, bytes_str("hi"));
	T_EQ(frame_end(&b, &whole), ERR_OK);
	T_EQ(whole.n, sizeof want);
	T_MEM(whole.p, want, sizeof want);
}

static void every_truncation_waits(void)
{
	uint8_t buf[128];
	struct frame_builder b = frame_begin(buf, sizeof buf, 16, 1);
	struct bytes whole;
	struct frame f = { .number = 99 };
	size_t used = 5;

	frame_add(&b, bytes_str("some document"));
	T_EQ(frame_end(&b, &whole), ERR_OK);
	for (size_t n = 0; n < whole.n; n++) {
		T_EQ(frame_next(&f, &used, bytes_of(whole.p, n)), ERR_WAIT);
		T_EQ(f.number, 99);
		T_EQ(used, 5);
	}
	/* What follows a frame is the next one's. */
	memset(buf + whole.n, 0xff, sizeof buf - whole.n);
	T_EQ(frame_next(&f, &used, bytes_of(buf, sizeof buf)), ERR_OK);
	T_EQ(used, whole.n);
}

static void bad_headers(void)
{
	uint8_t h[FRAME_HEADER_BYTES] = { 0 };
	struct frame f;
	size_t used = 0;
	static const uint32_t too_long[] = { 65537, 65536 + 256, 1u << 17, 1u << 31, 0xffffffff };

	for (size_t i = 0; i < ARRAY_LEN(too_long); i++) {
		le32_put(h, too_long[i]);
		T_EQ(frame_next(&f, &used, bytes_of(h, 3)), ERR_WAIT);
		for (size_t n = 4; n <= sizeof h; n++) {
			T_EQ(frame_next(&f, &used, bytes_of(h, n)), ERR_INPUT);
		}
	}
	memset(h, 0, sizeof h);
	for (unsigned v = 1; v < 65536; v++) {
		le16_put(h + 6, (uint16_t)v);
		T_EQ(frame_next(&f, &used, bytes_of(h, sizeof h)), ERR_INPUT);
		T_EQ(frame_next(&f, &used, bytes_of(h, 8)), ERR_INPUT);
	}
	h[6] = 1;
	h[7] = 0;
	T_EQ(frame_next(&f, &used, bytes_of(h, 6)), ERR_WAIT);
	T_EQ(frame_next(&f, &used, bytes_of(h, 7)), ERR_INPUT);
}

static void largest_body(void)
{
	struct frame f;
	size_t used = 0;

	memset(big, 0, sizeof big);
	frame_header_put(big, FRAME_BODY_MAX, 2, 0);
	T_EQ(frame_next(&f, &used, bytes_of(big, FRAME_BYTES_MAX - 1)), ERR_WAIT);
	T_EQ(frame_next(&f, &used, bytes_of(big, FRAME_BYTES_MAX)), ERR_OK);
	T_EQ(f.body.n, FRAME_BODY_MAX);
	T_EQ(used, FRAME_BYTES_MAX);
}

static void put_too_large(void)
{
	uint8_t h[FRAME_HEADER_BYTES];

	frame_header_put(h, FRAME_BODY_MAX + 1, 2, 0);
}

static void our_own_too_large_header_dies(void)
{
	T_CHECK(t_dies(SIGABRT, put_too_large));
}

static void items_cut_at_every_byte(void)
{
	uint8_t buf[128];
	struct frame_builder b = frame_begin(buf, sizeof buf, 16, 1);
	struct bytes whole;
	struct bytes body;
	struct bytes items[4];
	size_t n = 9;

	frame_add(&b, bytes_str("abc"));
	frame_add(&b, bytes_str("defgh"));
	T_EQ(frame_end(&b, &whole), ERR_OK);
	body = bytes_of(whole.p + FRAME_HEADER_BYTES, whole.n - FRAME_HEADER_BYTES);
	for (size_t cut = 0; cut <= body.n; cut++) {
		/* Whole items end at 0, 7 and 16. */
		enum err want = cut == 0 || cut == 7 || cut == 16 ? ERR_OK : ERR_INPUT;

		n = 9;
		T_EQ(frame_items_all(bytes_of(body.p, cut), items, 4, &n), want);
		T_CHECK(want == ERR_OK || n == 9);
	}
	/* One byte too many. */
	T_EQ(frame_items_all(bytes_of(body.p, body.n + 1), items, 4, &n), ERR_INPUT);
}

static void item_lengths_that_lie(void)
{
	static const uint32_t lies[] = { 5, 6, 255, 65536, 0x7fffffff, 0xfffffffc, 0xffffffff };
	uint8_t body[8] = { 0 };
	struct bytes items[4];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		le32_put(body, lies[i]);
		T_EQ(frame_items_all(bytes_of(body, sizeof body), items, 4, &n), ERR_INPUT);
	}
	le32_put(body, 4);
	T_EQ(frame_items_all(bytes_of(body, sizeof body), items, 4, &n), ERR_OK);
	T_EQ(n, 1);
	T_EQ(items[0].n, 4);
}

static void no_more_items_than_that(void)
{
	struct bytes items[FRAME_ITEMS_MAX];
	uint8_t body[4 * (FRAME_ITEMS_MAX + 1)] = { 0 };
	struct frame_items it;
	struct bytes item;
	size_t n = 0;
	struct frame_builder b = frame_begin(big, sizeof big, 2, 0);
	struct bytes whole;

	T_EQ(frame_items_all(bytes_of(body, 4 * FRAME_ITEMS_MAX), items, FRAME_ITEMS_MAX, &n),
	     ERR_OK);
	T_EQ(n, FRAME_ITEMS_MAX);
	T_EQ(frame_items_all(bytes_of(body, sizeof body), items, FRAME_ITEMS_MAX, &n), ERR_INPUT);
	it = frame_items_make(bytes_of(body, sizeof body));
	n = 0;
	while (frame_items_next(&it, &item)) {
		n++;
	}
	T_EQ(n, FRAME_ITEMS_MAX);
	T_EQ(frame_items_done(&it), ERR_INPUT);
	for (int i = 0; i < FRAME_ITEMS_MAX; i++) {
		frame_add(&b, bytes_of(NULL, 0));
	}
	T_EQ(frame_end(&b, &whole), ERR_OK);
	frame_add(&b, bytes_of(NULL, 0));
	T_EQ(frame_end(&b, &whole), ERR_FULL);
}

static void unread_items_are_not_done(void)
{
	uint8_t body[8] = { 0 };
	struct frame_items it = frame_items_make(bytes_of(body, sizeof body));
	struct bytes item;

	T_EQ(frame_items_done(&it), ERR_INPUT);
	T_CHECK(frame_items_next(&it, &item));
	T_EQ(frame_items_done(&it), ERR_INPUT);
	T_CHECK(frame_items_next(&it, &item));
	T_EQ(frame_items_done(&it), ERR_OK);
	T_CHECK(!frame_items_next(&it, &item));
}

static void builder_limits(void)
{
	static uint8_t item[FRAME_BODY_MAX + 1];
	uint8_t small[FRAME_HEADER_BYTES + 8];
	struct frame_builder b = frame_begin(big, sizeof big, 2, 0);
	struct bytes whole = { 0 };

	frame_add(&b, bytes_of(item, FRAME_BODY_MAX - 4));
	T_EQ(frame_end(&b, &whole), ERR_OK);
	T_EQ(whole.n, FRAME_BYTES_MAX);
	b = frame_begin(big, sizeof big, 2, 0);
	frame_add(&b, bytes_of(item, FRAME_BODY_MAX - 3));
	T_EQ(frame_end(&b, &whole), ERR_FULL);
	b = frame_begin(big, sizeof big, 2, 0);
	frame_add(&b, bytes_of(item, FRAME_BODY_MAX + 1));
	T_EQ(frame_end(&b, &whole), ERR_FULL);
	b = frame_begin(small, sizeof small, 2, 0);
	frame_add(&b, bytes_of(item, 4));
	T_EQ(frame_end(&b, &whole), ERR_OK);
	frame_add(&b, bytes_of(item, 0));
	T_EQ(frame_end(&b, &whole), ERR_FULL);
	b = frame_begin(small, FRAME_HEADER_BYTES - 1, 2, 0);
	T_EQ(frame_end(&b, &whole), ERR_FULL);
	T_EQ(frame_raw(small, sizeof small, 2, 0, bytes_of(item, 9), &whole), ERR_FULL);
	T_EQ(frame_raw(big, sizeof big, 2, 0, bytes_of(item, sizeof item), &whole), ERR_FULL);
	T_EQ(frame_raw(small, sizeof small, 2, 0, bytes_of(item, 8), &whole), ERR_OK);
	T_EQ(whole.n, sizeof small);
}

static void random_bytes(void)
{
	uint8_t raw[96];

	for (int round = 0; round < 20000; round++) {
		size_t n = t_below(sizeof raw);
		uint8_t *own =
		    malloc(n + 1); /* exact, so that the sanitizer sees one byte too far */
		struct bytes items[FRAME_ITEMS_MAX];
		size_t found = 0;
		size_t sum = 0;
		struct frame f;
		size_t used = 0;

		T_CHECK(own != NULL);
		for (size_t i = 0; i < n; i++) {
			own[i] = (uint8_t)(t_below(4) == 0 ? t_random() : 0);
		}
		if (frame_items_all(bytes_of(own, n), items, FRAME_ITEMS_MAX, &found) == ERR_OK) {
			for (size_t i = 0; i < found; i++) {
				sum += 4 + items[i].n;
			}
			T_EQ(sum, n);
		}
		if (frame_next(&f, &used, bytes_of(own, n)) == ERR_OK) {
			T_EQ(used, FRAME_HEADER_BYTES + f.body.n);
			T_CHECK(used <= n);
		}
		free(own);
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "what is built is read back", round_trip },
		{ "the bytes are those of design.md 10.2", layout },
		{ "every truncation waits and writes nothing", every_truncation_waits },
		{ "bad headers are refused at their first bad byte", bad_headers },
		{ "the largest body", largest_body },
		{ "our own too large header dies", our_own_too_large_header_dies },
		{ "a body cut at every byte", items_cut_at_every_byte },
		{ "item lengths that lie", item_lengths_that_lie },
		{ "no more items than that", no_more_items_than_that },
		{ "items left over are not done", unread_items_are_not_done },
		{ "the builder's limits", builder_limits },
		{ "random bytes", random_bytes },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
