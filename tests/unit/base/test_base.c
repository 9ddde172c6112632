/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: amounts never wrap, never mix assets and are never repaired; byte readers never pass their
 * end; the error list is closed.
 * Method: boundary values at 2^53, 2^63, 2^64, 2^127 and 2^128, every malformed spelling we could
 * think of, truncation at every byte, and death where the caller breaks the contract.
 */
#include <signal.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/base32.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/money.h"
#include "base/utf8.h"
#include "t.h"

static const char max_text[] = "340282366920938463463374607431768211455";

static void money_reads_only_canonical_decimals(void)
{
	static const struct {
		const char *text;
		enum err want;
	} rows[] = {
		{ "0", ERR_OK },
		{ "1", ERR_OK },
		{ "9007199254740993", ERR_OK },
		{ "18446744073709551616", ERR_OK },
		{ max_text, ERR_OK },
		{ "340282366920938463463374607431768211456", ERR_OVERFLOW },
		{ "999999999999999999999999999999999999999", ERR_OVERFLOW },
		{ "9999999999999999999999999999999999999999", ERR_OVERFLOW },
		{ "", ERR_AMOUNT },
		{ "00", ERR_AMOUNT },
		{ "01", ERR_AMOUNT },
		{ "-1", ERR_AMOUNT },
		{ "+1", ERR_AMOUNT },
		{ "1.0", ERR_AMOUNT },
		{ "1e3", ERR_AMOUNT },
		{ " 1", ERR_AMOUNT },
		{ "1 ", ERR_AMOUNT },
		{ "0x10", ERR_AMOUNT },
		{ "1_000", ERR_AMOUNT },
		{ "\xef\xbc\x91", ERR_AMOUNT },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct money m = money_of(ASSET_JPY, 77);
		enum err e = money_parse(&m, ASSET_XEM, bytes_str(rows[i].text));

		T_EQ(e, rows[i].want);
		if (e == ERR_OK) {
			char text[MONEY_TEXT_MAX];

			money_put(text, &m);
			T_STR(text, rows[i].text);
			T_EQ(money_asset(&m), ASSET_XEM);
		} else {
			T_CHECK(money_asset(&m) == ASSET_JPY && money_units(&m) == 77);
		}
	}
}

static void money_adds_and_subtracts_without_wrapping(void)
{
	struct money max, one = money_of(ASSET_XEM, 1), out = money_of(ASSET_XEM, 5);
	struct money yen = money_of(ASSET_JPY, 1);
	uint64_t u = 9;

	T_EQ(money_parse(&max, ASSET_XEM, bytes_str(max_text)), ERR_OK);
	T_EQ(money_add(&out, &max, &one), ERR_OVERFLOW);
	T_CHECK(money_units(&out) == 5);
	T_EQ(money_sub(&out, &one, &max), ERR_OVERFLOW);
	T_EQ(money_add(&out, &one, &yen), ERR_ASSET);
	T_EQ(money_sub(&out, &one, &yen), ERR_ASSET);
	T_CHECK(money_units(&out) == 5);
	T_EQ(money_sub(&out, &max, &one), ERR_OK);
	T_EQ(money_add(&out, &out, &one), ERR_OK);
	T_CHECK(money_eq(&out, &max));
	T_EQ(money_u64(&u, &max), ERR_OVERFLOW);
	T_EQ(u, 9);
	T_EQ(money_cmp(&one, &max), -1);
	T_EQ(money_cmp(&max, &one), 1);
	T_EQ(money_cmp(&one, &one), 0);
	T_CHECK(!money_eq(&one, &yen));
}

static void the_whole_theft_in_yen_needs_more_than_64_bits(void)
{
	/* T47: 526,300,010 XEM in micro-XEM times 88,549 thousandths of a yen. */
	u128 product = (u128)526300010000000u * 88549u;
	struct money yen = money_of(ASSET_JPY, product / 1000000000u);
	char text[MONEY_TEXT_MAX];

	T_CHECK(product > UINT64_MAX);
	money_put(text, &yen);
	T_STR(text, "46603339585");
}

static void decimals_have_one_spelling(void)
{
	static const char *const bad[] = { "",     ".",    "1.",    ".5",  "01",   "00",  "88.5490",
					   "1.0",  "0.0",  "+1",    "-1",  "1e3",  " 1",  "1 ",
					   "1..2", "1.2.", "1,000", "0x1", "00.5", "1.5f" };

	static const struct {
		const char *text;
		uint64_t units;
		uint32_t scale;
	} good[] = { { "0", 0, 0 },         { "7", 7, 0 },    { "10", 10, 0 },
		     { "0.5", 5, 1 },       { "0.05", 5, 2 }, { "88.549", 88549, 3 },
		     { "100.01", 10001, 2 } };

	static const char most[] = "9999999999999999999999999999999999999.9"; /* 38 digits */
	struct decimal d = { 42, 42 };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_EQ(decimal_parse(&d, bytes_str(bad[i])), ERR_AMOUNT);
		T_EQ(d.scale, 42);
	}
	T_EQ(decimal_parse(&d, bytes_str("100000000000000000000000000000000000000")), ERR_OVERFLOW);
	T_EQ(d.scale, 42);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		T_EQ(decimal_parse(&d, bytes_str(good[i].text)), ERR_OK);
		T_CHECK(d.units == good[i].units);
		T_EQ(d.scale, good[i].scale);
	}
	T_EQ(decimal_parse(&d, bytes_str(most)), ERR_OK);
	T_CHECK(d.units % 1000000 == 999999 && d.units / 1000000 > UINT64_MAX);
}

static void compare_two_assets(void)
{
	struct money a = money_of(ASSET_XEM, 1), b = money_of(ASSET_JPY, 1);

	(void)money_cmp(&a, &b);
}

static void amount_of_nothing(void)
{
	(void)money_of(ASSET_NONE, 1);
}

static void unknown_error(void)
{
	(void)err_words((enum err)9999);
}

static void our_own_mistakes_abort(void)
{
	T_CHECK(t_dies(SIGABRT, compare_two_assets));
	T_CHECK(t_dies(SIGABRT, amount_of_nothing));
	T_CHECK(t_dies(SIGABRT, unknown_error));
}

static void hex_is_exact(void)
{
	static const struct {
		const char *text;
		enum hex_case c;
		enum err want;
	} rows[] = {
		{ "00ff", HEX_LOWER_ONLY, ERR_OK },   { "00FF", HEX_LOWER_ONLY, ERR_INPUT },
		{ "00FF", HEX_ANY_CASE, ERR_OK },     { "00f", HEX_ANY_CASE, ERR_INPUT },
		{ "00ff0", HEX_ANY_CASE, ERR_INPUT }, { "00ff00", HEX_ANY_CASE, ERR_INPUT },
		{ "00fg", HEX_ANY_CASE, ERR_INPUT },  { "0x00", HEX_ANY_CASE, ERR_INPUT },
		{ "", HEX_ANY_CASE, ERR_INPUT },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t out[2] = { 0xaa, 0xaa };

		T_EQ(hex_get(out, 2, bytes_str(rows[i].text), rows[i].c), rows[i].want);
		T_EQ(out[1], rows[i].want == ERR_OK ? 0xff : 0xaa);
	}
}

/* Every byte at every place of texts of every length, beside a table of the digits. */
static void hex_of_every_byte_at_every_place(void)
{
	static const char lower[] = "0123456789abcdef";
	static const char upper[] = "0123456789ABCDEF";
	uint8_t untouched[18];

	memset(untouched, 0xaa, sizeof untouched);
	for (size_t n = 2; n <= 36; n += 2) {
		for (size_t at = 0; at < n; at++) {
			for (unsigned byte = 0; byte < 256; byte++) {
				const char *low = byte == 0 ? NULL : strchr(lower, (int)byte);
				const char *up = byte == 0 ? NULL : strchr(upper, (int)byte);
				uint8_t text[36], want[18], lc[18], any[18];
				unsigned value = low != NULL  ? (unsigned)(low - lower)
						 : up != NULL ? (unsigned)(up - upper)
							      : 0;
				bool well;

				for (size_t i = 0; i < n; i++) {
					text[i] = (uint8_t)lower[(i * 7 + byte) % 16];
				}
				for (size_t i = 0; i < n / 2; i++) {
					want[i] = (uint8_t)((2 * i * 7 + byte) % 16 << 4 |
							    ((2 * i + 1) * 7 + byte) % 16);
				}
				text[at] = (uint8_t)byte;
				want[at / 2] =
				    (uint8_t)(at % 2 == 0 ? value << 4 | want[at / 2] % 16
							  : (want[at / 2] & 0xf0) | value);
				memset(lc, 0xaa, sizeof lc);
				memset(any, 0xaa, sizeof any);
				well =
				    hex_get(lc, n / 2, bytes_of(text, n), HEX_LOWER_ONLY) == ERR_OK;
				T_EQ(well, low != NULL);
				T_CHECK(memcmp(lc, well ? want : untouched, n / 2) == 0);
				well =
				    hex_get(any, n / 2, bytes_of(text, n), HEX_ANY_CASE) == ERR_OK;
				T_EQ(well, low != NULL || up != NULL);
				T_CHECK(memcmp(any, well ? want : untouched, n / 2) == 0);
			}
		}
	}
}

static void base32_round_trips_and_refuses(void)
{
	uint8_t in[25], back[25];
	char text[41];

	for (unsigned round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof in; i++) {
			in[i] = (uint8_t)t_random();
		}
		base32_put(text, bytes_of(in, sizeof in));
		T_EQ(strlen(text), 40);
		T_EQ(base32_get(back, sizeof back, bytes_str(text)), ERR_OK);
		T_MEM(back, in, sizeof in);
	}
	base32_put(text, bytes_str("fooba"));
	T_STR(text, "MZXW6YTB"); /* RFC 4648 section 10 */
	for (int c = 0; c < 256; c++) {
		bool good = (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
		char one[9] = "MZXW6YTB";

		one[3] = (char)c;
		T_EQ(base32_get(back, 5, bytes_of(one, 8)), good ? ERR_OK : ERR_INPUT);
	}
	T_EQ(base32_get(back, 5, bytes_str("MZXW6YT")), ERR_INPUT);
	T_EQ(base32_get(back, 5, bytes_str("MZXW6YTBA")), ERR_INPUT);
}

static void readers_stop_at_their_end(void)
{
	uint8_t buffer[2 + 4 + 8 + 3];
	struct writer w = writer_make(buffer, sizeof buffer);

	writer_u16(&w, 0x0102);
	writer_u32(&w, 0x03040506);
	writer_u64(&w, 0x0708090a0b0c0d0eu);
	writer_bytes(&w, bytes_str("end"));
	T_CHECK(!w.bad && w.n == sizeof buffer);
	T_EQ(buffer[0], 2);
	for (size_t cut = 0; cut <= sizeof buffer; cut++) {
		struct reader r = reader_make(bytes_of(buffer, cut));

		(void)reader_u16(&r);
		(void)reader_u32(&r);
		(void)reader_u64(&r);
		(void)reader_bytes(&r, 3);
		T_EQ(reader_done(&r), cut == sizeof buffer);
		T_EQ(r.bad, cut != sizeof buffer);
	}
	for (size_t cap = 0; cap < sizeof buffer; cap++) {
		uint8_t small[sizeof buffer];

		memset(small, 0x55, sizeof small);
		w = writer_make(small, cap);
		writer_u16(&w, 1);
		writer_u32(&w, 1);
		writer_u64(&w, 1);
		writer_bytes(&w, bytes_str("end"));
		T_CHECK(w.bad && w.n <= cap);
		for (size_t i = cap; i < sizeof small; i++) {
			T_EQ(small[i], 0x55);
		}
	}
	{
		struct reader r = reader_make(bytes_of(buffer, sizeof buffer));

		T_EQ(reader_bytes(&r, (size_t)-1).n, 0);
		T_CHECK(r.bad);
		T_EQ(reader_u16(&r), 0);
	}
}

static void errors_are_a_closed_list(void)
{
	unsigned known = 0;

	for (unsigned i = 0; i < 4096; i++) {
		if (!err_known(i)) {
			continue;
		}
		known++;
		T_CHECK(strlen(err_words((enum err)i)) > 3);
		T_CHECK(err_http((enum err)i) >= 200 && err_http((enum err)i) < 600);
		T_CHECK(err_exit((enum err)i) >= 0 && err_exit((enum err)i) <= 70);
		for (unsigned j = 0; j < i; j++) {
			T_CHECK(!err_known(j) ||
				strcmp(err_slug((enum err)i), err_slug((enum err)j)) != 0);
		}
	}
	T_CHECK(known > 40);
}

static void byte_order_puts_a_prefix_first(void)
{
	static const char *const rising[] = { "", "0", "a", "a0", "a_", "aa", "ab", "b", "\xff" };

	for (size_t i = 0; i < ARRAY_LEN(rising); i++) {
		for (size_t k = 0; k < ARRAY_LEN(rising); k++) {
			int order = bytes_cmp(bytes_str(rising[i]), bytes_str(rising[k]));

			T_EQ((order > 0) - (order < 0), (i > k) - (i < k));
		}
	}
	T_EQ(bytes_cmp(bytes_of(NULL, 0), bytes_of(NULL, 0)), 0);
}

static void utf8(void)
{
	/* The first and last of each length, and what RFC 3629 forbids beside it. */
	static const char *const good[] = {
		"",
		"a",
		"\x7f",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
		"\xe8\x94\xb5\xe5\xae\x88",
	};
	static const char *const bad[] = {
		"\x80",
		"\xc1\xbf",
		"\xc2",
		"\xc2\x41",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xff",
		"\xe8\x94",
	};
	char text[16];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		T_CHECK(utf8_valid(bytes_str(good[i])));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_CHECK(!utf8_valid(bytes_str(bad[i])));
		(void)snprintf(text, sizeof text, "ok%s", bad[i]);
		T_CHECK(!utf8_valid(bytes_str(text)));
		(void)snprintf(text, sizeof text, "%sok", bad[i]);
		T_CHECK(!utf8_valid(bytes_str(text)));
	}
	T_CHECK(utf8_valid(bytes_of((const uint8_t *)"a\0b", 3)));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "money reads only canonical decimals", money_reads_only_canonical_decimals },
		{ "money never wraps and never mixes assets",
		  money_adds_and_subtracts_without_wrapping },
		{ "the whole theft in yen needs more than 64 bits",
		  the_whole_theft_in_yen_needs_more_than_64_bits },
		{ "decimals have one spelling", decimals_have_one_spelling },
		{ "our own mistakes abort", our_own_mistakes_abort },
		{ "hex is exact", hex_is_exact },
		{ "hex of every byte at every place", hex_of_every_byte_at_every_place },
		{ "base32 round trips and refuses", base32_round_trips_and_refuses },
		{ "readers and writers stop at their end", readers_stop_at_their_end },
		{ "byte order puts a prefix first", byte_order_puts_a_prefix_first },
		{ "errors are a closed list", errors_are_a_closed_list },
		{ "UTF-8, strictly", utf8 },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
