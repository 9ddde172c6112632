/* SPDX-License-Identifier: Apache-2.0 */
#include "payout/reason.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/fill.h"

/*
 * What may stand for a conversion.  The narrower, the less can a text be read two ways: it is why
 * no detail that a signer makes up can pass for another reason.
 */
enum {
	KIND_DIGITS = 'd',
	KIND_NAME = 'n',   /* ids, people, slugs: 1 or more of A-Z, a-z, 0-9, . _ : - */
	KIND_WORD = 'w',   /* fields: no blank; may be empty */
	KIND_TEXT = 't',   /* anything: words of somebody else */
	KIND_REASON = 'r', /* anything: another of these, or a part of one */
};

static const struct {
	const char *format, *kinds;
} known[] = {
	{ REASON_LOCK_NOT_BEGUN, "" },
	{ REASON_LOCK, "" },
	{ REASON_DEAD, "d" },
	{ REASON_UNDONE, "" },
	{ REASON_TILL, "" },
	{ REASON_SECOND, "" },
	{ REASON_PRICES, "ddd" },
	{ REASON_SILENT, "n" },
	/* before the shorter one, whose text would be all of it */
	{ REASON_REFUSAL, "nntw" },
	{ REASON_BAD_ANSWER, "nt" },
	{ REASON_NO_DOCUMENT, "" },
	{ REASON_TILL_CLOSED, "nt" },
	{ REASON_NODE, "dd" },
	{ REASON_GONE, "ndtdd" },
	{ REASON_MORE, "ddd" },
	{ REASON_NO, "n" },
	{ REASON_FROZEN, "" },
	{ REASON_EXPIRED, "" },
	{ REASON_EXPIRED_LAST, "r" },
	{ REASON_ASKED_FOR, "n" },
	{ REASON_SCREENED, "" },
	{ REASON_NEEDS, "d" },
	{ REASON_LAST, "d" },
	{ REASON_ENOUGH, "" },
	{ REASON_COSIGNED, "d" },
	{ REASON_COMPLETE, "d" },
	{ REASON_ATTEMPT_DEAD, "d" },
	{ REASON_MINED, "d" },
	{ REASON_DEEP, "dd" },
	{ REASON_UNMINED, "" },
	{ REASON_RESUMED, "" },
};

size_t reason_formats(void)
{
	return ARRAY_LEN(known);
}

const char *reason_format(size_t i)
{
	CHECK(i < ARRAY_LEN(known));
	return known[i].format;
}

/* The longest that may stand here, and the shortest. */
static size_t reach(char kind, const char *said, size_t *least)
{
	*least = kind == KIND_DIGITS || kind == KIND_NAME;
	switch (kind) {
	case KIND_DIGITS:
		return strspn(said, "0123456789");
	case KIND_NAME:
		return strspn(said, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "._:-");
	case KIND_WORD:
		return strcspn(said, " ");
	default:
		return strlen(said);
	}
}

/*
 * said is of format: each part is as long as it can be, so that words which hold what follows them
 * end where that stands last.
 */
static bool fits(struct bytes *part, const char *kinds, const char *format, const char *said)
{
	struct {
		const char *format, *said; /* behind the conversion, and where its part begins */
		size_t n, least;           /* one more than is tried next, and the shortest */
	} at[REASON_PARTS_MAX];

	size_t depth = 0;

	for (;;) {
		while (*format != '%' && *format != '\0' && *format == *said) {
			format++;
			said++;
		}
		if (*format == '\0' && *said == '\0') {
			return true;
		}
		if (*format == '%') {
			size_t place;

			CHECK(depth < REASON_PARTS_MAX);
			at[depth].format = format + fill_conversion(format, &place);
			at[depth].said = said;
			at[depth].n = reach(kinds[depth], said, &at[depth].least) + 1;
			depth++;
		}
		while (depth > 0 && at[depth - 1].n == at[depth - 1].least) {
			depth--;
		}
		if (depth == 0) {
			return false;
		}
		at[depth - 1].n--;
		format = at[depth - 1].format;
		said = at[depth - 1].said + at[depth - 1].n;
		part[depth - 1] = bytes_of((const uint8_t *)at[depth - 1].said, at[depth - 1].n);
	}
}

bool reason_read(struct reason *out, const char *said)
{
	struct reason r;

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (fits(r.part, known[i].kinds, known[i].format, said)) {
			r.format = known[i].format;
			r.kinds = known[i].kinds;
			*out = r;
			return true;
		}
	}
	return false;
}

typedef const char *translate(const void *ctx, const char *english);

static const char *text_of(char out[REASON_WORDS_MAX], struct bytes part)
{
	(void)snprintf(out, REASON_WORDS_MAX, "%.*s", (int)part.n, (const char *)part.p);
	return out;
}

/* inner: the reason that this one holds, in the other language; NULL: it holds none. */
static void put(char *out, size_t cap, const struct reason *r, const char *said, const char *inner,
		translate *words, const void *ctx)
{
	char text[REASON_PARTS_MAX][REASON_WORDS_MAX];
	const char *part[REASON_PARTS_MAX];
	size_t n = strlen(r->kinds);

	for (size_t i = 0; i < n; i++) {
		part[i] = text_of(text[i], r->part[i]);
		if (r->kinds[i] == KIND_REASON && inner != NULL) {
			part[i] = inner;
		} else if (r->kinds[i] == KIND_TEXT && part[i][0] != '\0') {
			part[i] = words(ctx, part[i]);
		}
	}
	if (!fill_words(out, cap, words(ctx, r->format), part, n)) {
		(void)snprintf(out, cap, "%s", said);
	}
}

void reason_words(char *out, size_t cap, const char *said,
		  const char *(*words)(const void *ctx, const char *english), const void *ctx)
{
	char text[REASON_WORDS_MAX], last[REASON_WORDS_MAX];
	const char *inner = NULL;
	struct reason r, held;

	if (!reason_read(&r, said)) {
		(void)snprintf(out, cap, "%s", said);
		return;
	}
	if (r.kinds[0] == KIND_REASON && reason_read(&held, text_of(text, r.part[0]))) {
		put(last, sizeof last, &held, text, NULL, words, ctx);
		inner = last;
	}
	put(out, cap, &r, said, inner, words, ctx);
}
