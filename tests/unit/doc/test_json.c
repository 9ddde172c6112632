/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the reader accepts the canonical spelling and nothing else, names what is wrong and where,
 * and the writer writes only what the reader accepts. Method: a table of texts with the expected
 * error and place; every limit at, one below and one above; all 1,114,112 code points against the
 * rule written a second time here; every truncation, every inserted byte and every flipped bit of a
 * text that uses the whole grammar.
 */
#include "doc/json.h"

#include "t.h"

static char big[2 * JSON_BYTES_MAX];

static const char whole[] = "{\"a\":[],\"b\":[0,1,true,false,\"\",\"x\\\"y\\\\z\\\\\"],\"c\":{},"
			    "\"d_0\":{\"e\":9007199254740991,\"f\":\"\xc3\xa9\xe8\x94\xb5\xf0\x9f"
			    "\x92\xb4\"},\"d_1\":[[[{\"g\":[1]}]]]}";

static enum err check(const char *text, size_t *at, const char **why)
{
	return json_check(bytes_str(text), at, why);
}

static void good_texts(void)
{
	static const char *const good[] = {
		"{}",
		"{\"a\":0}",
		"{\"a\":9007199254740991}",
		"{\"a\":\"\"}",
		"{\"a\":1,\"aa\":1,\"ab\":1,\"b\":1}",
		"{\"0\":1,\"9\":1,\"_\":1,\"a\":1}",
		"{\"a\":[],\"b\":{}}",
		"{\"a\":\"/\"}",
		"{\"a\":\"\\\"\"}",
		"{\"a\":\"\\\\\"}",
		"{\"a\":\"\xc2\xa0\"}", /* U+00A0 follows the last control character */
		"{\"a\":\"\xf4\x8f\xbf\xbf\"}",
		whole,
	};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		size_t at = 4711;
		const char *why = NULL;

		T_EQ(check(good[i], &at, &why), ERR_OK);
		T_EQ(at, 4711);
		T_CHECK(why == NULL);
	}
}

static const struct bad {
	const char *text;
	enum err err;
	size_t at;
} bad_texts[] = {
	{ "", ERR_INPUT, 0 },
	{ "[]", ERR_INPUT, 0 },
	{ "0", ERR_INPUT, 0 },
	{ "\"a\"", ERR_INPUT, 0 },
	{ "null", ERR_NOT_CANONICAL, 0 },
	{ " {}", ERR_NOT_CANONICAL, 0 },
	{ "{} ", ERR_NOT_CANONICAL, 2 },
	{ "{}\n", ERR_NOT_CANONICAL, 2 },
	{ "{}{}", ERR_INPUT, 2 },
	{ "{},", ERR_INPUT, 2 },
	{ "\xef\xbb\xbf{}", ERR_INPUT, 0 },
	{ "{ }", ERR_NOT_CANONICAL, 1 },
	{ "{\"a\" :1}", ERR_NOT_CANONICAL, 4 },
	{ "{\"a\": 1}", ERR_NOT_CANONICAL, 5 },
	{ "{\"a\":1 }", ERR_NOT_CANONICAL, 6 },
	{ "{\"a\":1,\t\"b\":1}", ERR_NOT_CANONICAL, 7 },
	{ "{\"a\":[1, 2]}", ERR_NOT_CANONICAL, 8 },
	{ "{,}", ERR_INPUT, 1 },
	{ "{\"a\":1,}", ERR_INPUT, 7 },
	{ "{\"a\":[1,]}", ERR_INPUT, 8 },
	{ "{\"a\":[,1]}", ERR_INPUT, 6 },
	{ "{\"a\":[1 1]}", ERR_NOT_CANONICAL, 7 },
	{ "{\"a\":[1}", ERR_INPUT, 7 },
	{ "{\"a\":[1]]", ERR_INPUT, 8 },
	{ "{\"a\"}", ERR_INPUT, 4 },
	{ "{\"a\",1}", ERR_INPUT, 4 },
	{ "{\"a\":}", ERR_INPUT, 5 },
	{ "{a:1}", ERR_INPUT, 1 },
	{ "{'a':1}", ERR_INPUT, 1 },
	{ "{1:1}", ERR_INPUT, 1 },
	{ "{\"\":1}", ERR_NOT_CANONICAL, 1 },
	{ "{\"A\":1}", ERR_NOT_CANONICAL, 2 },
	{ "{\"a-b\":1}", ERR_NOT_CANONICAL, 3 },
	{ "{\"a\\u0062\":1}", ERR_NOT_CANONICAL, 3 },
	{ "{\"\xc3\xa9\":1}", ERR_NOT_CANONICAL, 2 },
	{ "{\"b\":1,\"a\":1}", ERR_NOT_CANONICAL, 7 },
	{ "{\"ab\":1,\"a\":1}", ERR_NOT_CANONICAL, 8 },
	{ "{\"a\":1,\"_\":1}", ERR_NOT_CANONICAL, 7 },
	{ "{\"a\":1,\"a\":1}", ERR_NOT_CANONICAL, 7 },
	{ "{\"a\":{\"b\":1,\"b\":1}}", ERR_NOT_CANONICAL, 12 },
	{ "{\"a\":null}", ERR_NOT_CANONICAL, 5 },
	{ "{\"a\":-1}", ERR_NOT_CANONICAL, 5 },
	{ "{\"a\":-0}", ERR_NOT_CANONICAL, 5 },
	{ "{\"a\":+1}", ERR_INPUT, 5 },
	{ "{\"a\":00}", ERR_NOT_CANONICAL, 5 },
	{ "{\"a\":01}", ERR_NOT_CANONICAL, 5 },
	{ "{\"a\":1.0}", ERR_NOT_CANONICAL, 6 },
	{ "{\"a\":.5}", ERR_INPUT, 5 },
	{ "{\"a\":1e3}", ERR_NOT_CANONICAL, 6 },
	{ "{\"a\":1E3}", ERR_NOT_CANONICAL, 6 },
	{ "{\"a\":0x1}", ERR_INPUT, 6 },
	{ "{\"a\":1_0}", ERR_INPUT, 6 },
	{ "{\"a\":9007199254740992}", ERR_NOT_CANONICAL, 5 },
	{ "{\"a\":18446744073709551616}", ERR_NOT_CANONICAL, 5 },
	{ "{\"a\":99999999999999999999999999}", ERR_NOT_CANONICAL, 5 },
	{ "{\"a\":True}", ERR_INPUT, 5 },
	{ "{\"a\":tru}", ERR_INPUT, 5 },
	{ "{\"a\":truefalse}", ERR_INPUT, 9 },
	{ "{\"a\":nan}", ERR_NOT_CANONICAL, 5 },
	{ "{\"a\":Infinity}", ERR_INPUT, 5 },
	{ "{\"a\":undefined}", ERR_INPUT, 5 },
	{ "{\"a\":\"\\/\"}", ERR_NOT_CANONICAL, 6 },
	{ "{\"a\":\"\\n\"}", ERR_NOT_CANONICAL, 6 },
	{ "{\"a\":\"\\u0041\"}", ERR_NOT_CANONICAL, 6 },
	{ "{\"a\":\"\\x\"}", ERR_NOT_CANONICAL, 6 },
	{ "{\"a\":\"\\\"}", ERR_INPUT, 9 },
	{ "{\"a\":\"x}", ERR_INPUT, 8 },
	{ "{\"a\":\"\n\"}", ERR_INPUT, 6 },
	{ "{\"a\":\"\x7f\"}", ERR_INPUT, 6 },
	{ "{\"a\":\"x\xff\"}", ERR_INPUT, 7 },
	{ "{\"a\":\"\xc3\"}", ERR_INPUT, 6 },
	{ "{\"a\":\"\xc3", ERR_INPUT, 6 },
	{ "{\"a\":\"\xe2\x80\xae\"}", ERR_INPUT, 6 }, /* right-to-left override */
	{ "{\"a\":1/**/}", ERR_INPUT, 6 },
};

static void bad_texts_are_refused(void)
{
	for (size_t i = 0; i < sizeof bad_texts / sizeof bad_texts[0]; i++) {
		const struct bad *b = &bad_texts[i];
		const char *why = NULL;
		size_t at = 4711;
		enum err e = check(b->text, &at, &why);

		if (e != b->err || at != b->at || why == NULL) {
			printf("# text %s: err %d at %zu, want %d at %zu\n", b->text, (int)e, at,
			       (int)b->err, b->at);
		}
		T_EQ(e, b->err);
		T_EQ(at, b->at);
		T_CHECK(why != NULL && strlen(why) > 5);
	}
	/* a NUL is a byte like any other, and not allowed anywhere */
	T_EQ(json_check(bytes_of("{}\0", 3), NULL, NULL), ERR_INPUT);
	T_EQ(json_check(bytes_of("{\"a\":\"\0\"}", 9), NULL, NULL), ERR_INPUT);
	T_EQ(json_check(bytes_of("{\"a\0\":1}", 8), NULL, NULL), ERR_NOT_CANONICAL);
	T_EQ(json_check(bytes_of(NULL, 0), NULL, NULL), ERR_INPUT);
}

static size_t nested(unsigned depth)
{
	size_t n = 0;

	n += (size_t)snprintf(big, sizeof big, "{\"a\":");
	memset(big + n, '[', depth - 1);
	n += depth - 1;
	memset(big + n, ']', depth - 1);
	n += depth - 1;
	big[n++] = '}';
	return n;
}

static void depth_limit(void)
{
	const char *why = NULL;
	size_t at = 0;

	T_EQ(json_check(bytes_of(big, nested(7)), NULL, NULL), ERR_OK);
	T_EQ(json_check(bytes_of(big, nested(8)), NULL, NULL), ERR_OK);
	T_EQ(json_check(bytes_of(big, nested(9)), &at, &why), ERR_TOO_LARGE);
	T_EQ(at, 5 + 7);
	T_EQ(json_check(bytes_of(big, nested(60000)), NULL, NULL), ERR_TOO_LARGE);
	/* objects count alike */
	T_EQ(check("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}", NULL, NULL),
	     ERR_OK);
	T_EQ(
	    check("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}", NULL, NULL),
	    ERR_TOO_LARGE);
	/* depth is not what was opened in all */
	T_EQ(check("{\"a\":[[],[],[],[],[],[],[],[],[],[],[]]}", NULL, NULL), ERR_OK);
}

/* The object, the array and `items` numbers. */
static size_t many(unsigned items)
{
	size_t n = (size_t)snprintf(big, sizeof big, "{\"a\":[");

	for (unsigned i = 0; i < items; i++) {
		n += (size_t)snprintf(big + n, sizeof big - n, i > 0 ? ",0" : "0");
	}
	return n + (size_t)snprintf(big + n, sizeof big - n, "]}");
}

static void value_limit(void)
{
	T_EQ(json_check(bytes_of(big, many(1021)), NULL, NULL), ERR_OK);
	T_EQ(json_check(bytes_of(big, many(1022)), NULL, NULL), ERR_OK);
	T_EQ(json_check(bytes_of(big, many(1023)), NULL, NULL), ERR_TOO_LARGE);
	T_EQ(json_check(bytes_of(big, many(20000)), NULL, NULL), ERR_TOO_LARGE);
}

/* {"a":"xxx..."} of n bytes in all */
static void long_text(size_t n)
{
	memset(big, 'x', n);
	memcpy(big, "{\"a\":\"", 6);
	memcpy(big + n - 2, "\"}", 2);
}

static void byte_limit(void)
{
	size_t at = 0;

	long_text(JSON_BYTES_MAX - 1);
	T_EQ(json_check(bytes_of(big, JSON_BYTES_MAX - 1), NULL, NULL), ERR_OK);
	long_text(JSON_BYTES_MAX);
	T_EQ(json_check(bytes_of(big, JSON_BYTES_MAX), NULL, NULL), ERR_OK);
	long_text(JSON_BYTES_MAX + 1);
	T_EQ(json_check(bytes_of(big, JSON_BYTES_MAX + 1), &at, NULL), ERR_TOO_LARGE);
	T_EQ(at, JSON_BYTES_MAX);
}

/* The rule of the specification, from its own words. */
static bool allowed(uint32_t c)
{
	if (c <= 0x001f || (c >= 0x007f && c <= 0x009f)) {
		return false;
	}
	switch (c) {
	case 0x061c:
	case 0x200e:
	case 0x200f:
	case 0x202a:
	case 0x202b:
	case 0x202c:
	case 0x202d:
	case 0x202e:
	case 0x2066:
	case 0x2067:
	case 0x2068:
	case 0x2069:
		return false;
	default:
		return c < 0xd800 || (c > 0xdfff && c <= 0x10ffff);
	}
}

static size_t encode(uint8_t *p, uint32_t c, size_t len)
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	if (len == 1) {
		p[0] = (uint8_t)c;
		return 1;
	}
	for (size_t i = len - 1; i > 0; i--) {
		p[i] = (uint8_t)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	p[0] = (uint8_t)(lead[len] | c);
	return len;
}

static void every_code_point(void)
{
	unsigned long wrong = 0;
	uint8_t p[4];

	for (uint32_t c = 0; c < 0x200000; c++) {
		size_t shortest = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

		wrong += json_text_ok(bytes_of(p, encode(p, c, shortest))) != allowed(c);
		/* longer than needed is never allowed */
		for (size_t len = shortest + 1; len <= 4; len++) {
			wrong += json_text_ok(bytes_of(p, encode(p, c, len)));
		}
	}
	T_EQ(wrong, 0);
}

/* Every sequence of two bytes, and all lead bytes with wrong or missing followers. */
static void every_byte_pair(void)
{
	unsigned long wrong = 0;

	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			uint8_t p[2] = { (uint8_t)a, (uint8_t)b };
			bool one_each = a < 0x80 && b < 0x80 && allowed(a) && allowed(b);
			bool pair = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf &&
				    allowed(((a & 0x1f) << 6) | (b & 0x3f));

			wrong += json_text_ok(bytes_of(p, 2)) != (one_each || pair);
		}
	}
	T_EQ(wrong, 0);
}

/*
 * Plain text is passed eight bytes at a time: every two bytes at every place of such a step and
 * across two, in a document, against the rule said byte by byte.
 */
static void every_byte_pair_at_every_place(void)
{
	enum { TEXT = 18, FRONT = 6 };

	uint8_t p[FRONT + TEXT + 2];
	unsigned long wrong = 0;

	for (size_t place = 0; place < 9; place++) {
		memcpy(p, "{\"a\":\"", FRONT);
		memset(p + FRONT, 'x', TEXT);
		memcpy(p + FRONT + TEXT, "\"}", 2);
		for (unsigned a = 0; a < 256; a++) {
			for (unsigned b = 0; b < 256; b++) {
				bool escape = a == '\\' && (b == '"' || b == '\\');
				bool special = a == '"' || b == '"' || a == '\\' || b == '\\';
				uint8_t two[2] = { (uint8_t)a, (uint8_t)b };
				size_t at = 0;
				enum err e;

				memcpy(p + FRONT + place, two, sizeof two);
				e = json_check(bytes_of(p, sizeof p), &at, NULL);
				wrong += (e == ERR_OK) !=
					 (escape || (!special && json_text_ok(bytes_of(two, 2))));
				/* what is wrong is found at one of the two, or right behind */
				wrong +=
				    e != ERR_OK && (at < FRONT + place || at > FRONT + place + 2);
			}
		}
	}
	T_EQ(wrong, 0);
}

static void every_truncation(void)
{
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		size_t at = 4711;

		T_EQ(json_check(bytes_of(whole, n), &at, NULL), ERR_INPUT);
		T_CHECK(at <= n);
	}
	T_EQ(json_check(bytes_of(whole, sizeof whole - 1), NULL, NULL), ERR_OK);
}

/* White space anywhere outside a string is refused as such. */
static void white_space_everywhere(void)
{
	static const char blanks[] = " \t\r\n";
	char text[sizeof whole + 1];
	unsigned outside = 0;
	bool in_string = false;

	for (size_t i = 0; i <= sizeof whole - 1; i++) {
		for (size_t k = 0; k < 4; k++) {
			memcpy(text, whole, i);
			text[i] = blanks[k];
			memcpy(text + i + 1, whole + i, sizeof whole - i);
			if (!in_string) {
				enum err e = check(text, NULL, NULL);

				/* within a number or a word it is not JSON any more */
				T_CHECK(e == ERR_NOT_CANONICAL || e == ERR_INPUT);
				outside++;
			} else if (blanks[k] != ' ') {
				T_CHECK(check(text, NULL, NULL) != ERR_OK);
			}
		}
		if (whole[i] == '"' && (i == 0 || whole[i - 1] != '\\' || whole[i + 1] == ']')) {
			in_string = !in_string;
		}
	}
	T_CHECK(outside > 300);
}

/* What is accepted after a change comes out of the writer unchanged. */
static void echo(struct bytes in, struct writer *w)
{
	struct json_token t = { 0 };
	bool comma = false;
	char key[256];
	uint8_t text[512];
	size_t n = 0;
	struct json j;

	json_init(&j, in);
	for (;;) {
		T_EQ(json_next(&j, &t), ERR_OK);
		if (t.kind == JSON_END) {
			return;
		}
		if (comma && t.kind != JSON_OBJECT_CLOSE && t.kind != JSON_ARRAY_CLOSE) {
			json_put_raw(w, ",");
		}
		comma =
		    t.kind != JSON_KEY && t.kind != JSON_OBJECT_OPEN && t.kind != JSON_ARRAY_OPEN;
		switch (t.kind) {
		case JSON_OBJECT_OPEN:
			json_put_raw(w, "{");
			break;
		case JSON_OBJECT_CLOSE:
			json_put_raw(w, "}");
			break;
		case JSON_ARRAY_OPEN:
			json_put_raw(w, "[");
			break;
		case JSON_ARRAY_CLOSE:
			json_put_raw(w, "]");
			break;
		case JSON_KEY:
			(void)snprintf(key, sizeof key, "%.*s", (int)t.text.n,
				       (const char *)t.text.p);
			json_put_key(w, key);
			break;
		case JSON_TEXT:
			T_EQ(json_unescape(text, sizeof text, &n, t.text), ERR_OK);
			T_EQ(json_put_string(w, bytes_of(text, n)), ERR_OK);
			break;
		case JSON_INT:
			T_EQ(json_put_int(w, t.number), ERR_OK);
			break;
		case JSON_BOOL:
			json_put_bool(w, t.truth);
			break;
		case JSON_END:
			break;
		}
	}
}

static void every_byte_changed(void)
{
	char text[sizeof whole];
	uint8_t space[sizeof whole];
	unsigned accepted = 0;
	unsigned refused = 0;

	for (size_t i = 0; i < sizeof whole - 1; i++) {
		for (unsigned c = 0; c < 256; c++) {
			struct writer w = writer_make(space, sizeof space);
			struct bytes in = bytes_of(text, sizeof whole - 1);

			memcpy(text, whole, sizeof whole);
			text[i] = (char)c;
			if (json_check(in, NULL, NULL) != ERR_OK) {
				refused++;
				continue;
			}
			accepted++;
			echo(in, &w);
			T_CHECK(!t_failed && !w.bad);
			T_CHECK(bytes_eq(in, bytes_of(space, w.n)));
		}
	}
	T_CHECK(accepted > sizeof whole && refused > 100 * sizeof whole);
}

static void faults_stick(void)
{
	struct json_token t = { .kind = JSON_BOOL };
	struct json j;

	json_init(&j, bytes_str("{\"a\":1,\"a\":2}"));
	T_EQ(json_next(&j, &t), ERR_OK);
	T_EQ(json_next(&j, &t), ERR_OK);
	T_EQ(json_next(&j, &t), ERR_OK);
	T_EQ(t.kind, JSON_INT);
	for (int i = 0; i < 3; i++) {
		T_EQ(json_next(&j, &t), ERR_NOT_CANONICAL);
		T_EQ(t.kind, JSON_INT); /* untouched */
		T_EQ(j.fault_at, 7);
	}
	json_init(&j, bytes_str("{}"));
	T_EQ(json_next(&j, &t), ERR_OK);
	T_EQ(json_next(&j, &t), ERR_OK);
	for (int i = 0; i < 3; i++) {
		T_EQ(json_next(&j, &t), ERR_OK);
		T_EQ(t.kind, JSON_END);
	}
}

static void unescape_keeps_its_room(void)
{
	uint8_t out[4] = "zzz";
	size_t n = 99;

	T_EQ(json_unescape(out, 3, &n, bytes_str("a\\\"b")), ERR_OK);
	T_EQ(n, 3);
	T_MEM(out, "a\"b", 3);
	n = 99;
	T_EQ(json_unescape(out, 2, &n, bytes_str("a\\\"b")), ERR_TOO_LARGE);
	T_EQ(n, 99);
	T_EQ(json_unescape(out, 0, &n, bytes_str("")), ERR_OK);
	T_EQ(n, 0);
}

static void writer_refuses(void)
{
	uint8_t space[32];
	struct writer w = writer_make(space, sizeof space);

	T_EQ(json_put_string(&w, bytes_str("\n")), ERR_INPUT);
	T_EQ(json_put_string(&w, bytes_str("\xe2\x80\x8f")), ERR_INPUT);
	T_EQ(json_put_string(&w, bytes_str("\xff")), ERR_INPUT);
	T_EQ(json_put_int(&w, JSON_INT_MAX + 1), ERR_OVERFLOW);
	T_EQ(w.n, 0);
	T_EQ(json_put_int(&w, JSON_INT_MAX), ERR_OK);
	T_MEM(space, "9007199254740991", 16);
	T_EQ(json_put_int(&w, 0), ERR_OK);
	T_EQ(w.n, 17);
	T_EQ(json_put_string(&w, bytes_str("\\\\\"\"")), ERR_OK);
	T_EQ(w.n, 17 + 10);
	T_MEM(space + 17, "\"\\\\\\\\\\\"\\\"\"", 10);
}

static void bad_key(void)
{
	uint8_t space[8];
	struct writer w = writer_make(space, sizeof space);

	json_put_key(&w, "A");
}

static void empty_key(void)
{
	uint8_t space[8];
	struct writer w = writer_make(space, sizeof space);

	json_put_key(&w, "");
}

static void our_own_bad_keys_die(void)
{
	T_CHECK(t_dies(SIGABRT, bad_key));
	T_CHECK(t_dies(SIGABRT, empty_key));
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "good texts", good_texts },
		{ "bad texts are refused at the right byte", bad_texts_are_refused },
		{ "depth 8", depth_limit },
		{ "1,024 values", value_limit },
		{ "65,536 bytes", byte_limit },
		{ "every code point in every length", every_code_point },
		{ "every pair of bytes", every_byte_pair },
		{ "every two bytes at every place", every_byte_pair_at_every_place },
		{ "every truncation", every_truncation },
		{ "white space everywhere", white_space_everywhere },
		{ "every byte changed to every other", every_byte_changed },
		{ "faults stick", faults_stick },
		{ "unescape keeps its room", unescape_keeps_its_room },
		{ "the writer refuses", writer_refuses },
		{ "our own bad keys die", our_own_bad_keys_die },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
