/* SPDX-License-Identifier: Apache-2.0 */
#include "doc/json.h"

#include <string.h>

#include "base/check.h"
#include "base/utf8.h"

/* What may come next inside an object or array. */
enum expect {
	EXPECT_FIRST, /* a first member, or the end */
	EXPECT_MORE,  /* a comma and a member, or the end */
	EXPECT_VALUE, /* the value of the key before */
};

static enum err fault(struct json *j, enum err e, size_t at, const char *why)
{
	j->err = e;
	j->fault_at = at;
	j->fault_why = why;
	return e;
}

/* The byte at j->at is not what the grammar wants: says why in the words that help most. */
static enum err unexpected(struct json *j, const char *why)
{
	if (j->at >= j->in.n) {
		return fault(j, ERR_INPUT, j->in.n, "the text is cut short");
	}
	switch (j->in.p[j->at]) {
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		return fault(j, ERR_NOT_CANONICAL, j->at, "white space is not allowed");
	case '-':
		return fault(j, ERR_NOT_CANONICAL, j->at, "there are no negative numbers here");
	case 'n':
		return fault(j, ERR_NOT_CANONICAL, j->at, "there is no null here");
	default:
		return fault(j, ERR_INPUT, j->at, why);
	}
}

void json_init_sized(struct json *j, struct bytes in, size_t bytes_max, unsigned values_max)
{
	*j = (struct json){ .in = in, .values_max = values_max };
	if (in.n > bytes_max) {
		(void)fault(j, ERR_TOO_LARGE, bytes_max, "more bytes than are allowed");
	}
}

void json_init(struct json *j, struct bytes in)
{
	json_init_sized(j, in, JSON_BYTES_MAX, JSON_VALUES_MAX);
}

/* Control characters, and those that make text read otherwise than it is stored. */
static bool is_forbidden(uint32_t c)
{
	return c <= 0x1f || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool json_text_ok(struct bytes text)
{
	uint32_t c = 0;

	for (size_t i = 0; i < text.n;) {
		size_t len = utf8_step(text.p + i, text.n - i, &c);

		if (len == 0 || is_forbidden(c)) {
			return false;
		}
		i += len;
	}
	return true;
}

static bool is_key_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* The next byte, or 0 at the end: 0 is nowhere part of the grammar. */
static uint8_t peek(const struct json *j)
{
	return j->at < j->in.n ? j->in.p[j->at] : 0;
}

/* Member by member: to set a whole token to zero gcc takes an instruction that costs more. */
static enum err token_put(struct json_token *t, enum json_kind kind, size_t at, struct bytes text)
{
	t->kind = kind;
	t->at = at;
	t->text = text;
	t->number = 0;
	t->truth = false;
	return ERR_OK;
}

/* At a quote: the key, its colon, and its order among its neighbours. */
static enum err take_key(struct json *j, struct json_token *t)
{
	struct json_level *level = &j->level[j->depth - 1];
	struct bytes last = level->last_key;
	size_t start = j->at;
	struct bytes key;
	int order;

	if (peek(j) != '"') {
		return unexpected(j, "a key in quotes is expected here");
	}
	j->at++;
	while (is_key_char(peek(j))) {
		j->at++;
	}
	if (peek(j) != '"') {
		return j->at >= j->in.n
			   ? unexpected(j, "")
			   : fault(j, ERR_NOT_CANONICAL, j->at, "keys consist of a-z, 0-9 and _");
	}
	key = bytes_of(j->in.p + start + 1, j->at - start - 1);
	if (key.n == 0) {
		return fault(j, ERR_NOT_CANONICAL, start, "a key is empty");
	}
	j->at++;
	if (peek(j) != ':') {
		return unexpected(j, "a colon is expected here");
	}
	j->at++;
	if (last.p != NULL) {
		order = bytes_cmp(last, key);
		if (order == 0) {
			return fault(j, ERR_NOT_CANONICAL, start, "a key stands twice");
		}
		if (order > 0) {
			return fault(j, ERR_NOT_CANONICAL, start, "keys are not in byte order");
		}
	}
	level->last_key = key;
	level->expect = EXPECT_VALUE;
	return token_put(t, JSON_KEY, start, key);
}

/* ASCII that stands for itself: nearly all of every document. */
static bool is_plain(uint8_t c)
{
	return (uint8_t)(c - 0x20) < 0x5f && c != '"' && c != '\\';
}

/*
 * How many of eight bytes are plain before the first that is not.  A byte of these sums has its
 * highest bit set if the byte is below 0x20, or equal to what it was compared with; a borrow
 * reaches only bytes behind one that has it, so the lowest of them is right.
 */
static size_t plain_of_8(const uint8_t *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t w = le64_get(p);
	uint64_t quote = w ^ ones * '"';
	uint64_t slash = w ^ ones * '\\';
	uint64_t erase = w ^ ones * 0x7f;
	uint64_t other = w | ((w - ones * 0x20) & ~w);

	other |= (quote - ones) & ~quote;
	other |= (slash - ones) & ~slash;
	other |= (erase - ones) & ~erase;
	other &= ones * 0x80;
	return other == 0 ? 8 : (size_t)__builtin_ctzll(other) / 8;
}

static void pass_plain(struct json *j)
{
	const uint8_t *p = j->in.p + j->at;
	const uint8_t *end = j->in.p + j->in.n;
	size_t n = 8;

	while (n == 8 && end - p >= 8) {
		n = plain_of_8(p);
		p += n;
	}
	while (n == 8 && p < end && is_plain(*p)) {
		p++;
	}
	j->at = (size_t)(p - j->in.p);
}

static enum err take_string(struct json *j, struct json_token *t)
{
	size_t start = j->at;
	uint32_t c = 0;

	j->at++;
	for (;;) {
		size_t len;

		pass_plain(j);
		if (peek(j) == '"') {
			break;
		}
		if (j->at >= j->in.n) {
			return unexpected(j, "");
		}
		len = utf8_step(j->in.p + j->at, j->in.n - j->at, &c);
		if (len == 0) {
			return fault(j, ERR_INPUT, j->at, "this is not valid UTF-8");
		}
		if (is_forbidden(c)) {
			return fault(j, ERR_INPUT, j->at,
				     "control and direction characters are not allowed");
		}
		if (c == '\\') {
			j->at++;
			if (j->at >= j->in.n) {
				return unexpected(j, "");
			}
			if (peek(j) != '"' && peek(j) != '\\') {
				return fault(j, ERR_NOT_CANONICAL, j->at - 1,
					     "only \\\" and \\\\ are escapes here");
			}
		}
		j->at += len;
	}
	j->at++;
	return token_put(t, JSON_TEXT, start, bytes_of(j->in.p + start + 1, j->at - start - 2));
}

static enum err take_int(struct json *j, struct json_token *t)
{
	size_t start = j->at;
	uint64_t v = 0;

	if (peek(j) == '0' && j->at + 1 < j->in.n && is_digit(j->in.p[j->at + 1])) {
		return fault(j, ERR_NOT_CANONICAL, start, "a number has a leading zero");
	}
	while (is_digit(peek(j))) {
		/* v is at most 2^53 - 1 here: ten times that cannot wrap */
		v = v * 10 + (uint64_t)(peek(j) - '0');
		if (v > JSON_INT_MAX) {
			return fault(j, ERR_NOT_CANONICAL, start, "a number is above 2^53 - 1");
		}
		j->at++;
	}
	if (peek(j) == '.' || peek(j) == 'e' || peek(j) == 'E') {
		return fault(j, ERR_NOT_CANONICAL, j->at, "numbers are whole and in plain decimal");
	}
	*t = (struct json_token){ .kind = JSON_INT, .at = start, .number = v };
	return ERR_OK;
}

static bool take_word(struct json *j, const char *word)
{
	size_t n = strlen(word);

	if (j->in.n - j->at < n || !bytes_eq(bytes_of(j->in.p + j->at, n), bytes_str(word))) {
		return false;
	}
	j->at += n;
	return true;
}

static enum err take_open(struct json *j, struct json_token *t, bool object)
{
	if (j->depth == JSON_DEPTH_MAX) {
		return fault(j, ERR_TOO_LARGE, j->at, "nested deeper than 8");
	}
	j->level[j->depth] = (struct json_level){ .object = object, .expect = EXPECT_FIRST };
	j->depth++;
	return token_put(t, object ? JSON_OBJECT_OPEN : JSON_ARRAY_OPEN, j->at++,
			 bytes_of(NULL, 0));
}

static enum err take_value(struct json *j, struct json_token *t)
{
	struct json_level *outer = j->depth > 0 ? &j->level[j->depth - 1] : NULL;
	size_t start = j->at;
	uint8_t c = peek(j);

	if (j->values == j->values_max) {
		return fault(j, ERR_TOO_LARGE, j->at, "more values than are allowed");
	}
	j->values++;
	if (outer != NULL) {
		outer->expect = EXPECT_MORE;
	}
	if (c == '{' || c == '[') {
		return take_open(j, t, c == '{');
	}
	if (c == '"') {
		return take_string(j, t);
	}
	if (is_digit(c)) {
		return take_int(j, t);
	}
	if (c == 't' && take_word(j, "true")) {
		*t = (struct json_token){ .kind = JSON_BOOL, .at = start, .truth = true };
		return ERR_OK;
	}
	if (c == 'f' && take_word(j, "false")) {
		*t = (struct json_token){ .kind = JSON_BOOL, .at = start, .truth = false };
		return ERR_OK;
	}
	return unexpected(j, "a value is expected here");
}

/* Inside an object or array. */
static enum err take_member(struct json *j, struct json_token *t)
{
	struct json_level *level = &j->level[j->depth - 1];

	if (level->expect == EXPECT_VALUE) {
		return take_value(j, t);
	}
	if (peek(j) == (level->object ? '}' : ']')) {
		j->depth--;
		return token_put(t, level->object ? JSON_OBJECT_CLOSE : JSON_ARRAY_CLOSE, j->at++,
				 bytes_of(NULL, 0));
	}
	if (level->expect == EXPECT_MORE) {
		if (peek(j) != ',') {
			return unexpected(j, "a comma or the end is expected here");
		}
		j->at++;
	}
	return level->object ? take_key(j, t) : take_value(j, t);
}

enum err json_next(struct json *j, struct json_token *out)
{
	if (j->err != ERR_OK) {
		return j->err;
	}
	/* What is called here writes the token as the last thing, when nothing can fail any more.
	 */
	if (j->depth > 0) {
		return take_member(j, out);
	}
	if (j->at == 0) {
		return peek(j) == '{' ? take_value(j, out)
				      : unexpected(j, "an object is expected here");
	}
	if (j->at < j->in.n) {
		return unexpected(j, "something follows the object");
	}
	j->done = true;
	return token_put(out, JSON_END, j->at, bytes_of(NULL, 0));
}

enum err json_check(struct bytes in, size_t *fault_at, const char **fault_why)
{
	struct json_token t;
	struct json j;
	enum err e;

	json_init(&j, in);
	do {
		e = json_next(&j, &t);
	} while (e == ERR_OK && t.kind != JSON_END);
	if (e != ERR_OK) {
		if (fault_at != NULL) {
			*fault_at = j.fault_at;
		}
		if (fault_why != NULL) {
			*fault_why = j.fault_why;
		}
	}
	return e;
}

enum err json_unescape(uint8_t *out, size_t cap, size_t *n, struct bytes text)
{
	size_t need = 0;
	size_t k = 0;

	for (size_t i = 0; i < text.n; i++) {
		i += text.p[i] == '\\';
		need++;
	}
	if (need > cap) {
		return ERR_TOO_LARGE;
	}
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\\') {
			i++;
			/* a token never ends in a lone backslash */
			CHECK(i < text.n);
		}
		out[k++] = text.p[i];
	}
	*n = k;
	return ERR_OK;
}

void json_put_raw(struct writer *w, const char *s)
{
	writer_bytes(w, bytes_str(s));
}

enum err json_put_string(struct writer *w, struct bytes text)
{
	size_t start = 0;

	if (!json_text_ok(text)) {
		return ERR_INPUT;
	}
	json_put_raw(w, "\"");
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\') {
			writer_bytes(w, bytes_of(text.p + start, i - start));
			json_put_raw(w, "\\");
			start = i;
		}
	}
	if (text.n > start) {
		writer_bytes(w, bytes_of(text.p + start, text.n - start));
	}
	json_put_raw(w, "\"");
	return ERR_OK;
}

enum err json_put_int(struct writer *w, uint64_t v)
{
	char digits[20];
	size_t at = sizeof digits;

	if (v > JSON_INT_MAX) {
		return ERR_OVERFLOW;
	}
	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	writer_bytes(w, bytes_of(digits + at, sizeof digits - at));
	return ERR_OK;
}

void json_put_bool(struct writer *w, bool v)
{
	json_put_raw(w, v ? "true" : "false");
}

void json_put_key(struct writer *w, const char *key)
{
	CHECK(key[0] != '\0');
	for (const char *c = key; *c != '\0'; c++) {
		CHECK(is_key_char((uint8_t)*c));
	}
	json_put_raw(w, "\"");
	json_put_raw(w, key);
	json_put_raw(w, "\":");
}
