/* SPDX-License-Identifier: Apache-2.0 */
#include "api/reasons.h"

#include <limits.h>
#include <stdlib.h>

#include "base/check.h"
#include "doc/json.h"
#include "payout/payout.h"
#include "payout/reason.h"

enum {
	/* quotes and backslashes are two bytes each */
	GROWTH = 2 * REASON_WORDS_MAX,
};

static const char *words(const void *ctx, const char *english)
{
	const enum language *l = ctx;

	return language_words(*l, english);
}

/* One text between quotes; as it is if it is longer than reasons are. */
static void put_reason(struct writer *w, enum language l, struct bytes escaped)
{
	uint8_t said[REASON_WORDS_MAX];
	char text[REASON_WORDS_MAX];
	size_t n;

	if (json_unescape(said, sizeof said - 1, &n, escaped) == ERR_OK) {
		said[n] = '\0';
		reason_words(text, sizeof text, (const char *)said, words, &l);
		if (json_put_string(w, bytes_str(text)) == ERR_OK) {
			return;
		}
	}
	json_put_raw(w, "\"");
	writer_bytes(w, escaped);
	json_put_raw(w, "\"");
}

uint8_t *reasons_in(size_t *n, enum language l, struct bytes answer, unsigned depth)
{
	size_t cap = answer.n + (size_t)PAYOUT_LIST_MAX * GROWTH;
	uint8_t *out = malloc(cap);
	struct writer w = writer_make(out, cap);
	struct json_token t = { .kind = JSON_OBJECT_OPEN };
	bool is_reason = false;
	unsigned deep = 0;
	size_t kept = 0;
	struct json j;

	if (out == NULL) {
		return NULL;
	}
	json_init_sized(&j, answer, answer.n, UINT_MAX);
	while (t.kind != JSON_END && json_next(&j, &t) == ERR_OK) {
		if (t.kind == JSON_TEXT && is_reason && deep == depth) {
			size_t begin = (size_t)(t.text.p - answer.p) - 1;

			writer_bytes(&w, bytes_of(answer.p + kept, begin - kept));
			put_reason(&w, l, t.text);
			kept = begin + t.text.n + 2;
		}
		deep += t.kind == JSON_OBJECT_OPEN || t.kind == JSON_ARRAY_OPEN;
		deep -= t.kind == JSON_OBJECT_CLOSE || t.kind == JSON_ARRAY_CLOSE;
		is_reason = t.kind == JSON_KEY && bytes_eq(t.text, bytes_str("reason"));
	}
	if (t.kind != JSON_END) {
		w = writer_make(out, cap);
		kept = 0;
	}
	writer_bytes(&w, bytes_of(answer.p + kept, answer.n - kept));
	CHECK(!w.bad);
	*n = w.n;
	return out;
}
