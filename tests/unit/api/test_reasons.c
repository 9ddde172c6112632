/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: an answer in which reasons are put into a language is, without a translation, the same to
 * the byte; what is no canonical answer stays whole.
 * Method: answers by hand with reasons in every place, and each of them cut off at every byte.  The
 * catalogue itself is tried with the real kuramorid (tests/scenario/server).
 */
#include <stdlib.h>
#include <string.h>

#include "api/reasons.h"
#include "base/attr.h"
#include "t.h"

static const char *const answers[] = {
	"{}",
	"{\"reason\":\"\"}",
	"{\"reason\":\"waits for its time lock\",\"state\":\"approved\"}",
	"{\"id\":\"reason\",\"reason\":\"its till is closed; w1: \\\"a\\\" \\\\ \xe8\x94\xb5\"}",
	"{\"reason\":1}",
	"{\"reason\":[\"waits for its time lock\"]}",
	("{\"documents\":[{\"body\":{\"reason\":\"a freeze is in force\"}}],\"reason\":\"bob said "
	 "no\"}"),
	"{\"withdrawals\":[{\"reason\":\"\"},{\"reason\":\"bob said no\"}]}",
	"{\"a\":\"\\\"reason\\\":\\\"bob said no\\\"\",\"reason\":\"node 1 answered 2\"}",
	"{\"reason\":\"bob said no\",\"reason\":\"bob said no\"}",
	"{ \"reason\":\"bob said no\"}",
	"",
	"reason",
};

static void same(const char *text, size_t n)
{
	for (unsigned depth = 0; depth <= 4; depth++) {
		size_t got = 0;
		uint8_t *out =
		    reasons_in(&got, LANGUAGE_JAPANESE, bytes_of((const uint8_t *)text, n), depth);

		T_CHECK(out != NULL);
		T_EQ(got, n);
		T_MEM(out, text, n);
		free(out);
	}
}

static void every_answer(void)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		for (size_t n = 0; n <= strlen(answers[i]); n++) {
			same(answers[i], n);
		}
	}
}

static void longer_than_reasons_are(void)
{
	enum { LONG = 3 * 1024 };

	char text[LONG + 32] = "{\"reason\":\"";
	size_t n = strlen(text);

	memset(text + n, 'x', LONG);
	memcpy(text + n + LONG, "\"}", 2);
	same(text, n + LONG + 2);
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "the same to the byte", every_answer },
		{ "a text that is too long", longer_than_reasons_are },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
