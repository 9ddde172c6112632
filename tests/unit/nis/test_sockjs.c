/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: the framing of SockJS and the loose JSON of nem-sdk are read as NIS reads them, and what is
 * neither is refused.
 * Method: what sockjs-client and nem-sdk send, character for character, and one neighbour for each
 * way to break it; what is written is read by jansson.
 */
#include "nis/sockjs.h"

#include <jansson.h>

#include "t.h"

static uint8_t out[256];
static size_t n;

static enum err read_text(const char *text)
{
	n = 99;
	return sockjs_read(out, sizeof out, &n, bytes_str(text));
}

static void reading(void)
{
	T_EQ(read_text("[\"CONNECT\\naccept-version:1.1,1.0\\n\\n\\u0000\"]"), ERR_OK);
	T_EQ(n, 33);
	T_MEM(out, "CONNECT\naccept-version:1.1,1.0\n\n", 33);
	T_EQ(read_text("[\"\\u20ac \\ud83d\\ude00 \xc3\xa4\"]"), ERR_OK);
	T_EQ(n, 11);
	T_MEM(out, "\xe2\x82\xac \xf0\x9f\x98\x80 \xc3\xa4", 11);
	T_EQ(read_text("[\"first\",\"second\",3]"), ERR_OK);
	T_EQ(n, 5);
	T_EQ(read_text("[\"\"]"), ERR_OK);
	T_EQ(n, 0);
	T_EQ(read_text(""), ERR_OK);
	T_EQ(n, 0);
}

static void refused(void)
{
	static const char *const bad[] = {
		"[]",         "\"x\"",    "x",     "[x]",          "[\"x\"",   "[\"x]",
		"[[\"x\"]]",  "{}",       "[1]",   "[null,\"x\"]", "[\"x\"]]", "[\"\\ud800\"]",
		"[\"\xff\"]", "a[\"x\"]", "['x']", "[\"\\x\"]",
	};
	static char deep[6000];
	char big[300];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		T_EQ(read_text(bad[i]), ERR_INPUT);
		T_EQ(n, 99);
	}
	memset(deep, '[', sizeof deep - 1);
	T_EQ(read_text(deep), ERR_INPUT);
	(void)snprintf(big, sizeof big, "[\"%257s\"]", "x");
	T_EQ(read_text(big), ERR_FULL);
	(void)snprintf(big, sizeof big, "[\"%256s\"]", "x");
	T_EQ(read_text(big), ERR_OK);
	T_EQ(n, 256);
}

/* The text of the one member of what was put. */
static json_t *put_and_read(struct bytes text)
{
	static uint8_t raw[2048];
	struct writer w = writer_make(raw, sizeof raw);
	json_t *list;

	sockjs_put(&w, text);
	if (w.bad || raw[0] != 'a' || w.n > 6 * text.n + 5) {
		return NULL;
	}
	for (size_t i = 0; i < w.n; i++) {
		if (raw[i] < ' ' || raw[i] >= 0x7f) {
			return NULL;
		}
	}
	list = json_loadb((const char *)raw + 1, w.n - 1, JSON_ALLOW_NUL, NULL);
	return list;
}

static void writing(void)
{
	/* every character of a byte, three languages and a face */
	char all[160] = "";
	json_t *list;
	struct writer w = writer_make(out, 3);

	for (unsigned i = 0; i < 128; i++) {
		all[i] = (char)i;
	}
	memcpy(all + 128, "\xc3\xa4\xe2\x80\xa8\xf0\x9f\x98\x80", 9);
	list = put_and_read(bytes_of(all, 137));
	T_CHECK(list != NULL);
	T_EQ(json_string_length(json_array_get(list, 0)), 137);
	T_MEM(json_string_value(json_array_get(list, 0)), all, 137);
	json_decref(list);
	/* what is no UTF-8 is shown as such and cannot break out */
	list = put_and_read(bytes_of("a\xff\"\xe2\x82", 5));
	T_CHECK(list != NULL);
	T_STR(json_string_value(json_array_get(list, 0)),
	      "a\xef\xbf\xbd\"\xef\xbf\xbd\xef\xbf\xbd");
	json_decref(list);
	sockjs_put(&w, bytes_str("x"));
	T_CHECK(w.bad);
	w = writer_make(out, sizeof out);
	sockjs_put_close(&w, 3000, "Go away!");
	T_CHECK(bytes_eq(bytes_of(out, w.n), bytes_str("c[3000,\"Go away!\"]")));
}

static char found[128];

static enum err account(const char *text)
{
	struct bytes value = { 0 };
	enum err e = sockjs_loose_string(bytes_str(text), "account", &value);

	(void)snprintf(found, sizeof found, "%.*s", (int)value.n,
		       value.n > 0 ? (const char *)value.p : "");
	return e;
}

static void loose(void)
{
	static const char *const good[] = {
		"{'account':'TALICE'}",
		"{\"account\":\"TALICE\"}",
		"{account:TALICE}",
		" { 'account' : \"TALICE\" } \r\n",
		"{'x':1,'account':'TALICE','y':null}",
		"{'account':'TBOB','account':'TALICE'}",
		"{account:'TALICE', x:true}",
	};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		T_EQ(account(good[i]), ERR_OK);
		T_STR(found, "TALICE");
	}
	T_EQ(account("{'account':\"it's\"}"), ERR_OK);
	T_STR(found, "it's");
	T_EQ(account("{'account':''}"), ERR_OK);
	T_STR(found, "");
	T_EQ(account("{}"), ERR_FIELD_MISSING);
	T_EQ(account("{'accounts':'T'}"), ERR_FIELD_MISSING);
	T_EQ(account("{'account':null}"), ERR_FIELD_MISSING);
	T_EQ(account("{'account':1}"), ERR_FIELD_TYPE);
	T_EQ(account("{'account':-T}"), ERR_FIELD_TYPE);
	T_EQ(account("{'account':true}"), ERR_FIELD_TYPE);
	T_STR(found, "");
}

static void not_loose_enough(void)
{
	static const char *const bad[] = {
		"",
		"{",
		"'account'",
		"['account']",
		"{'account'}",
		"{'account':}",
		"{'account':'T}",
		"{'account':'T'",
		"{'account':'T'}}",
		"{'account':'T',}",
		"{'account':'T' 'x':1}",
		"{'account':'T\\u0041'}",
		"{'account':{}}",
		"{'account':['T']}",
		"{'x':{'account':'T'}}",
		"{'account'='T'}",
		"{:'T'}",
		"x{'account':'T'}",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		T_EQ(account(bad[i]), ERR_INPUT);
		T_STR(found, "");
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "a client's messages", reading },
		{ "what is no message", refused },
		{ "a server's frames", writing },
		{ "the JSON of nem-sdk", loose },
		{ "what is not even loose JSON", not_loose_enough },
	};

	return t_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
