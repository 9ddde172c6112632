/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: CSV and JSON lines of the same transfers are read alike; what a line may not say is named.
 * Method: tables of lines; times against the C library's; what scenario "trace ingest" shows with
 * whole files is not repeated here.
 */
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/attr.h"
#include "base/check.h"
#include "ingest/transfer.h"

static struct ingest_fault fault;

static void both_spellings_say_the_same(void)
{
	static struct ingest_csv csv;
	struct ingest_transfer a, b;
	struct ingest_json json;

	ingest_csv_init(&csv);
	ingest_json_init(&json);
	T_EQ(ingest_csv_line(&csv,
			     bytes_str("\xef\xbb\xbftime,extra,from,to,amount,index,asset,height"),
			     &a, &fault),
	     ERR_WAIT);
	T_EQ(ingest_csv_line(&csv,
			     bytes_str("1970-01-02 00:00:01Z,,\"a\",b,18446744073709551615,3,"
				       "\"x \"\"y\"\"\",7\r"),
			     &a, &fault),
	     ERR_OK);
	T_EQ(ingest_json_line(
		 &json,
		 bytes_str("{\"height\":7,\"time\":\"86401\",\"from\":\"a\",\"to\":\"b\","
			   "\"amount\":\"18446744073709551615\",\"index\":3,\"asset\":"
			   "\"x \\\"y\\\"\",\"txid\":null,\"more\":[1]}"),
		 &b, &fault),
	     ERR_OK);
	T_CHECK(a.amount == UINT64_MAX && b.amount == UINT64_MAX);
	T_CHECK(a.height == 7 && b.height == 7 && a.time_s == 86401 && b.time_s == 86401);
	T_CHECK(a.has_index && b.has_index && a.index == 3 && b.index == 3);
	T_CHECK(bytes_eq(a.from, b.from) && bytes_eq(a.to, b.to) && bytes_eq(a.asset, b.asset));
	T_CHECK(bytes_eq(a.asset, bytes_str("x \"y\"")));
	ingest_json_free(&json);
}

static void json_lines_are_judged(void)
{
	static const struct {
		const char *line;
		enum err e;
		const char *field;
	} rows[] = {
		{ "  \r", ERR_WAIT, "" },
		{ "[]", ERR_INPUT, "" },
		{ "{", ERR_INPUT, "" },
		{ "{\"height\":1,\"height\":1}", ERR_INPUT, "" },
		{ "{\"height\":1,\"to\":\"b\",\"amount\":1}", ERR_FIELD_MISSING, "from" },
		{ "{\"from\":\"a\",\"to\":\"b\",\"amount\":1}", ERR_FIELD_MISSING, "height" },
		{ "{\"height\":-1,\"from\":\"a\",\"to\":\"b\",\"amount\":1}", ERR_FIELD_TYPE,
		  "height" },
		{ "{\"height\":1,\"from\":\"a\",\"to\":\"b\",\"amount\":1.0}", ERR_FIELD_TYPE,
		  "amount" },
		{ "{\"height\":1,\"from\":\"a\",\"to\":\"b\",\"amount\":99999999999999999999}",
		  ERR_INPUT, "" },
		{ "{\"height\":1,\"from\":\"a\",\"to\":\"b\",\"amount\":\"99999999999999999999\"}",
		  ERR_OVERFLOW, "amount" },
		{ "{\"height\":1,\"from\":null,\"to\":\"\",\"amount\":1}", ERR_FIELD_MISSING,
		  "from" },
		{ "{\"height\":1,\"from\":\"\\u00e9\",\"to\":\"b\",\"amount\":1}", ERR_FIELD_RANGE,
		  "from" },
		{ "{\"height\":1,\"from\":null,\"to\":\"b\",\"amount\":1}", ERR_OK, "" },
	};
	struct ingest_transfer t;
	struct ingest_json json;

	ingest_json_init(&json);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fault = (struct ingest_fault){ "", "" };
		T_EQ(ingest_json_line(&json, bytes_str(rows[i].line), &t, &fault), rows[i].e);
		T_STR(fault.field, rows[i].field);
	}
	T_CHECK(t.from.n == 0 && bytes_eq(t.asset, bytes_str("coin")));
	ingest_json_free(&json);
}

static void times_are_those_of_the_calendar(void)
{
	static const char *const bad[] = {
		"2018-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2018-13-01T00:00:00Z",
		"2018-00-01T00:00:00Z", "2018-01-26T24:00:00Z", "2018-01-26T00:60:00Z",
		"2018-01-26T00:02:13",  "1969-12-31T23:59:59Z", "-1",
		"2018-1-26T00:02:13ZZ"
	};
	uint64_t got = 0;

	for (unsigned i = 0; i < 20000; i++) {
		time_t want = (time_t)t_below(UINT64_C(9000000000));
		struct tm tm;
		char text[32];

		T_CHECK(gmtime_r(&want, &tm) != NULL);
		(void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
		T_EQ(ingest_time(&got, "time", bytes_str(text), &fault), ERR_OK);
		T_EQ(got, want);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_CHECK(ingest_time(&got, "time", bytes_str(bad[i]), &fault) != ERR_OK);
	}
}

static void long_lines_are_refused(void)
{
	static uint8_t text[INGEST_LINE_MAX + 1];
	static struct ingest_csv csv;
	struct ingest_transfer t;
	struct ingest_json json;

	memset(text, ',', sizeof text);
	ingest_csv_init(&csv);
	ingest_json_init(&json);
	T_EQ(ingest_csv_line(&csv, bytes_of(text, sizeof text), &t, &fault), ERR_TOO_LARGE);
	T_EQ(ingest_csv_line(&csv, bytes_of(text, 100), &t, &fault), ERR_TOO_LARGE);
	memset(text, '"', sizeof text);
	T_EQ(ingest_csv_line(&csv, bytes_of(text, INGEST_LINE_MAX), &t, &fault), ERR_FIELD_MISSING);
	T_EQ(ingest_csv_line(&csv, bytes_of(text, INGEST_LINE_MAX - 1), &t, &fault), ERR_INPUT);
	T_EQ(ingest_json_line(&json, bytes_of(text, sizeof text), &t, &fault), ERR_TOO_LARGE);
	ingest_json_free(&json);
}

/* ---- many characters at once, beside one by one ---- */

static int nibble(uint8_t c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static bool slow_number(struct bytes text, uint64_t *out)
{
	u128 v = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9') {
			return false;
		}
		v = v * 10 + (uint8_t)(text.p[i] - '0');
		if (v > UINT64_MAX) {
			return false;
		}
	}
	*out = (uint64_t)v;
	return text.n > 0;
}

static bool slow_txid(struct bytes text, struct hash32 *out)
{
	bool good;

	if (text.n > 2 && text.p[0] == '0' && (text.p[1] == 'x' || text.p[1] == 'X')) {
		text = bytes_of(text.p + 2, text.n - 2);
	}
	good = text.n == 64;
	for (size_t i = 0; good && i < 64; i++) {
		int v = nibble(text.p[i]);

		good = v >= 0;
		v = good ? v : 0;
		out->b[i / 2] = (uint8_t)(i % 2 == 0 ? v << 4 : out->b[i / 2] | v);
	}
	return good;
}

static bool slow_address(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] <= ' ' || text.p[i] > '~') {
			return false;
		}
	}
	return text.n <= INGEST_NAME_MAX;
}

static void fast_is_as_slow(void)
{
	static const char *const alphabets[] = { "0123456789", "0123456789abcdefABCDEF",
						 "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567~!" };
	unsigned numbers = 0, txids = 0, addresses = 0;

	/* every byte at every place of a text that is good but for it, and texts of any bytes */
	for (unsigned i = 0; i < 3 * 256 * 64 + 60000; i++) {
		const char *from = alphabets[i % 3];
		uint8_t raw[68];
		struct bytes text = { raw, i % 3 == 0   ? t_below(22)
					   : i % 3 == 1 ? 64 + (t_below(8) == 0 ? t_below(5) : 0)
							: t_below(66) };
		struct hash32 id = { { 0 } }, slow_id = { { 0 } };
		uint64_t v = 0, slow = 0;
		bool good;

		for (size_t k = 0; k < text.n; k++) {
			raw[k] = (uint8_t)from[t_below(strlen(from))];
		}
		if (text.n > 0 && i < 3 * 256 * 64) {
			raw[i / 768 % text.n] = (uint8_t)(i / 3);
		} else if (text.n > 0 && t_below(3) == 0) {
			raw[t_below(text.n)] = (uint8_t)t_random();
		}
		good = slow_number(text, &slow);
		T_EQ(ingest_number(&v, "x", text, &fault) == ERR_OK, good);
		T_EQ(good ? v : 0, good ? slow : 0);
		numbers += good;
		good = slow_txid(text, &slow_id);
		T_EQ(ingest_txid(&id, "x", text, &fault) == ERR_OK, good);
		T_CHECK(!good || hash32_eq(&id, &slow_id));
		txids += good;
		good = slow_address(text);
		T_EQ(ingest_address("x", text, &fault) == ERR_OK, good);
		addresses += good;
	}
	T_CHECK(numbers > 1000 && txids > 1000 && addresses > 1000);
}

/* The fields as a person finds them; SIZE_MAX: a quote is wrong. */
static size_t slow_split(struct bytes line, uint8_t (*out)[300], size_t *length)
{
	size_t n = 0, i = 0;

	for (;; i++, n++) {
		length[n] = 0;
		if (i < line.n && line.p[i] == '"') {
			for (i++; i < line.n &&
				  (line.p[i] != '"' || (i + 1 < line.n && line.p[i + 1] == '"'));
			     i++) {
				i += line.p[i] == '"' ? 1 : 0;
				out[n][length[n]++] = line.p[i];
			}
			if (i == line.n || (i + 1 < line.n && line.p[i + 1] != ',')) {
				return SIZE_MAX;
			}
			i++;
		}
		for (; i < line.n && line.p[i] != ','; i++) {
			out[n][length[n]++] = line.p[i];
		}
		if (i == line.n) {
			return n + 1;
		}
	}
}

static void lines_are_split_as_slowly(void)
{
	static uint8_t slow[300][300], room[300];
	struct bytes fields[300];
	size_t length[300], several = 0;

	for (unsigned i = 0; i < 40000; i++) {
		/* just as long as it is: what reads past its end is found */
		size_t n = t_below(i % 4 == 0 ? 20 : 290), cap = i % 8 == 1 ? 1 + t_below(9) : 300;
		uint8_t *text = malloc(n + 1);
		size_t want, got = 0;
		enum err e;

		CHECK(text != NULL);
		for (size_t k = 0; k < n; k++) {
			text[k] = t_below(9) == 0 ? ',' : (uint8_t)('a' + t_below(20));
		}
		for (size_t k = 0; i % 3 == 0 && k < 4 && n > 0; k++) {
			text[t_below(n)] = '"';
		}
		text = realloc(text, n == 0 ? 1 : n);
		CHECK(text != NULL);
		want = slow_split(bytes_of(text, n), slow, length);
		e = ingest_csv_split(fields, cap, &got, room, bytes_of(text, n), &fault);
		if (e == ERR_TOO_LARGE) {
			T_CHECK(want == SIZE_MAX || want > cap);
		} else {
			T_EQ(e == ERR_OK, want != SIZE_MAX);
			T_CHECK(e == ERR_INPUT || (got == want && got <= cap));
		}
		for (size_t k = 0; e == ERR_OK && k < want; k++) {
			T_CHECK(bytes_eq(fields[k], bytes_of(slow[k], length[k])));
		}
		several += e == ERR_OK && want > 8;
		free(text);
	}
	T_CHECK(several > 5000);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "both spellings say the same", both_spellings_say_the_same },
		{ "JSON lines are judged", json_lines_are_judged },
		{ "times are those of the calendar", times_are_those_of_the_calendar },
		{ "long lines are refused", long_lines_are_refused },
		{ "fast is as slow", fast_is_as_slow },
		{ "lines are split as slowly", lines_are_split_as_slowly },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
