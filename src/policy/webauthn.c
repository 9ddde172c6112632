/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/webauthn.h"

#include <string.h>

#include "base/utf8.h"
#include "base/words.h"

/* ---- JSON, as RFC 8259 has it ---------------------------------------------------------------- */

struct cursor {
	struct bytes in; /* valid UTF-8 */
	size_t at;
};

/* A text of the object: as many bytes of it as fit, and whether all did. */
struct text {
	char *p;
	size_t cap; /* a NUL included */
	size_t n;
	bool cut;
};

static int peek(const struct cursor *c)
{
	return c->at < c->in.n ? c->in.p[c->at] : -1;
}

static bool take(struct cursor *c, char wanted)
{
	bool there = peek(c) == wanted;

	c->at += there;
	return there;
}

static void space(struct cursor *c)
{
	while (peek(c) == ' ' || peek(c) == '\t' || peek(c) == '\n' || peek(c) == '\r') {
		c->at++;
	}
}

static void put(struct text *t, uint8_t byte)
{
	if (t->n + 1 >= t->cap) {
		t->cut = true;
		return;
	}
	t->p[t->n++] = (char)byte;
}

static void put_code(struct text *t, uint32_t code)
{
	if (code < 0x80) {
		put(t, (uint8_t)code);
	} else if (code < 0x800) {
		put(t, (uint8_t)(0xc0 | code >> 6));
		put(t, (uint8_t)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		put(t, (uint8_t)(0xe0 | code >> 12));
		put(t, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
		put(t, (uint8_t)(0x80 | (code & 0x3f)));
	} else {
		put(t, (uint8_t)(0xf0 | code >> 18));
		put(t, (uint8_t)(0x80 | (code >> 12 & 0x3f)));
		put(t, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
		put(t, (uint8_t)(0x80 | (code & 0x3f)));
	}
}

static bool hex4(struct cursor *c, uint32_t *out)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++) {
		int ch = peek(c);

		if (ch >= '0' && ch <= '9') {
			v = v << 4 | (uint32_t)(ch - '0');
		} else if ((ch >= 'a' && ch <= 'f') || (ch >= 'A' && ch <= 'F')) {
			v = v << 4 | (uint32_t)((ch | 0x20) - 'a' + 10);
		} else {
			return false;
		}
		c->at++;
	}
	*out = v;
	return true;
}

/* Behind the \u: one code point, of two escapes if it needs them.  No NUL, no half of a pair. */
static bool escaped_code(struct cursor *c, struct text *t)
{
	uint32_t code, low;

	if (!hex4(c, &code) || code == 0 || (code >= 0xdc00 && code <= 0xdfff)) {
		return false;
	}
	if (code >= 0xd800 && code <= 0xdbff) {
		if (!take(c, '\\') || !take(c, 'u') || !hex4(c, &low) || low < 0xdc00 ||
		    low > 0xdfff) {
			return false;
		}
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	put_code(t, code);
	return true;
}

static bool escape(struct cursor *c, struct text *t)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int ch = peek(c);
	const char *found = ch <= 0 ? NULL : strchr(from, ch);

	c->at++;
	if (found != NULL) {
		put(t, (uint8_t)to[found - from]);
		return true;
	}
	return ch == 'u' && escaped_code(c, t);
}

/* One string.  t: where its text goes; a cap of 0: nowhere. */
static bool string(struct cursor *c, struct text *t)
{
	if (!take(c, '"')) {
		return false;
	}
	for (;;) {
		int ch = peek(c);

		if (ch < 0x20) { /* and the end */
			return false;
		}
		c->at++;
		if (ch == '"') {
			break;
		}
		if (ch != '\\') {
			put(t, (uint8_t)ch);
		} else if (!escape(c, t)) {
			return false;
		}
	}
	if (t->cap > 0) {
		t->p[t->n] = '\0';
	}
	return true;
}

static bool digits(struct cursor *c)
{
	size_t from = c->at;

	while (peek(c) >= '0' && peek(c) <= '9') {
		c->at++;
	}
	return c->at > from;
}

static bool number(struct cursor *c)
{
	(void)take(c, '-');
	if (!take(c, '0') && !digits(c)) {
		return false;
	}
	if (take(c, '.') && !digits(c)) {
		return false;
	}
	if (take(c, 'e') || take(c, 'E')) {
		if (!take(c, '+')) {
			(void)take(c, '-');
		}
		return digits(c);
	}
	return true;
}

static bool word(struct cursor *c, const char *text)
{
	while (*text != '\0' && take(c, *text)) {
		text++;
	}
	return *text == '\0';
}

/* Anything but an object or array. */
static bool scalar(struct cursor *c)
{
	struct text nowhere = { .cap = 0 };

	switch (peek(c)) {
	case '"':
		return string(c, &nowhere);
	case 't':
		return word(c, "true");
	case 'f':
		return word(c, "false");
	case 'n':
		return word(c, "null");
	default:
		return number(c);
	}
}

/* Between the brace or comma and the value: the name, where an object needs one. */
static bool name_skip(struct cursor *c)
{
	struct text nowhere = { .cap = 0 };

	space(c);
	if (!string(c, &nowhere)) {
		return false;
	}
	space(c);
	return take(c, ':');
}

/* One value, whatever it is. */
static bool skip(struct cursor *c)
{
	bool object[WEBAUTHN_DEPTH_MAX];
	unsigned depth = 0;

	do {
		bool opened;

		space(c);
		opened = peek(c) == '{' || peek(c) == '[';
		if (opened) {
			if (depth == WEBAUTHN_DEPTH_MAX) {
				return false;
			}
			object[depth] = peek(c) == '{';
			c->at++;
			space(c);
			if (!take(c, object[depth] ? '}' : ']')) {
				if (object[depth++] && !name_skip(c)) {
					return false;
				}
				continue;
			}
		} else if (!scalar(c)) {
			return false;
		}
		/* behind a value: the next of its object or array, or the end of that */
		for (; depth > 0; depth--) {
			space(c);
			if (take(c, ',')) {
				if (object[depth - 1] && !name_skip(c)) {
					return false;
				}
				break;
			}
			if (!take(c, object[depth - 1] ? '}' : ']')) {
				return false;
			}
		}
	} while (depth > 0);
	return true;
}

/* ---- what the browser says ------------------------------------------------------------------- */

enum member { TYPE, CHALLENGE, ORIGIN, CROSS_ORIGIN, TOP_ORIGIN, MEMBERS };

static const char *const member_names[MEMBERS] = { "type", "challenge", "origin", "crossOrigin",
						   "topOrigin" };

static bool yes_no(struct cursor *c, bool *out)
{
	*out = peek(c) == 't';
	return word(c, *out ? "true" : "false");
}

/* The value of one of the five. */
static enum err member_read(struct cursor *c, enum member m, struct webauthn_client *out)
{
	struct text texts[] = {
		[TYPE] = { .p = out->type, .cap = sizeof out->type },
		[CHALLENGE] = { .p = out->challenge, .cap = sizeof out->challenge },
		[ORIGIN] = { .p = out->origin, .cap = sizeof out->origin },
		[CROSS_ORIGIN] = { .cap = 0 },
		[TOP_ORIGIN] = { .cap = 0 },
	};
	bool cross = true; /* a topOrigin stands there only then */

	if (m == CROSS_ORIGIN ? !yes_no(c, &cross) : !string(c, &texts[m])) {
		return ERR_INPUT;
	}
	if (m == CROSS_ORIGIN || m == TOP_ORIGIN) {
		out->cross_origin = out->cross_origin || cross;
		return ERR_OK;
	}
	/* a NUL cannot be in it: escaped_code() refuses one */
	return texts[m].cut ? ERR_TOO_LARGE : ERR_OK;
}

/* One name and its value.  seen: bits of enum member. */
static enum err pair_read(struct cursor *c, struct webauthn_client *out, unsigned *seen,
			  const char **why)
{
	char name[16];
	struct text t = { .p = name, .cap = sizeof name };
	unsigned m = 0;
	enum err e;

	*why = N_("not JSON");
	space(c);
	if (!string(c, &t)) {
		return ERR_INPUT;
	}
	space(c);
	if (!take(c, ':')) {
		return ERR_INPUT;
	}
	space(c);
	while (m < MEMBERS && (t.cut || strcmp(name, member_names[m]) != 0)) {
		m++;
	}
	if (m == MEMBERS) {
		return skip(c) ? ERR_OK : ERR_INPUT;
	}
	if ((*seen & 1u << m) != 0) {
		*why = N_("a name stands twice");
		return ERR_INPUT;
	}
	*seen |= 1u << m;
	e = member_read(c, (enum member)m, out);
	*why = e == ERR_TOO_LARGE ? "a text that is too long to be right"
				  : N_("a member that is not what it must be");
	return e;
}

enum err webauthn_client_read(struct webauthn_client *out, struct bytes in, const char **why)
{
	static const unsigned needed = 1u << TYPE | 1u << CHALLENGE | 1u << ORIGIN;
	struct webauthn_client read = { .cross_origin = false };
	struct cursor c = { .in = in };
	unsigned seen = 0;

	*why = N_("not JSON");
	if (!utf8_valid(in)) {
		*why = N_("not UTF-8");
		return ERR_INPUT;
	}
	space(&c);
	if (!take(&c, '{')) {
		return ERR_INPUT;
	}
	space(&c);
	if (!take(&c, '}')) {
		do {
			enum err e = pair_read(&c, &read, &seen, why);

			if (e != ERR_OK) {
				return e;
			}
			space(&c);
		} while (take(&c, ','));
		*why = N_("not JSON");
		if (!take(&c, '}')) {
			return ERR_INPUT;
		}
	}
	space(&c);
	if (c.at != in.n) {
		*why = N_("something stands behind it");
		return ERR_INPUT;
	}
	if ((seen & needed) != needed) {
		*why = N_("it lacks type, challenge or origin");
		return ERR_FIELD_MISSING;
	}
	*out = read;
	return ERR_OK;
}

void webauthn_challenge(char out[WEBAUTHN_CHALLENGE_CHARS + 1], const struct hash32 *id)
{
	static const char digits64[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t held = 0;
	unsigned bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < sizeof id->b; i++) {
		held = held << 8 | id->b[i];
		for (bits += 8; bits >= 6; bits -= 6) {
			out[n++] = digits64[held >> (bits - 6) & 63];
		}
	}
	out[n++] = digits64[held << (6 - bits) & 63]; /* 256 is no multiple of 6 */
	out[n] = '\0';
}

/* ---- what the device says -------------------------------------------------------------------- */

enum flag {
	FLAG_PRESENT = 0x01,
	FLAG_VERIFIED = 0x04,
	FLAG_BACKUP_FIT = 0x08,
	FLAG_BACKED_UP = 0x10,
	FLAG_ATTESTED = 0x40,
	FLAG_EXTENSIONS = 0x80,
	FLAGS_RESERVED = 0x02 | 0x20,
};

/* RFC 8949, 3.1: the upper three bits of an item's first byte. */
enum cbor_major { CBOR_BYTES = 2, CBOR_TEXT = 3, CBOR_ARRAY = 4, CBOR_MAP = 5, CBOR_TAG = 6 };

/* Kind and number of the item at the front.  False: cut off, reserved, or of indefinite length. */
static bool cbor_head(struct reader *r, unsigned *major, uint64_t *value)
{
	struct bytes first = reader_bytes(r, 1);
	unsigned extra, bytes;

	if (r->bad) {
		return false;
	}
	*major = first.p[0] >> 5;
	extra = first.p[0] & 31;
	*value = extra;
	if (extra < 24) {
		return true;
	}
	if (extra > 27) {
		return false;
	}
	bytes = 1u << (extra - 24);
	first = reader_bytes(r, bytes);
	*value = 0;
	for (unsigned i = 0; i < bytes && !r->bad; i++) {
		*value = *value << 8 | first.p[i];
	}
	return !r->bad;
}

/* Exactly one map, well formed, of as many bytes as there are. */
static bool cbor_is_map(struct bytes in)
{
	struct reader r = reader_make(in);
	uint64_t left[WEBAUTHN_DEPTH_MAX]; /* items that are still to come, by level */
	unsigned depth = 0;

	if (in.n == 0 || in.p[0] >> 5 != CBOR_MAP) {
		return false;
	}
	do {
		unsigned major;
		uint64_t value;

		if (depth > 0) {
			left[depth - 1]--;
		}
		if (!cbor_head(&r, &major, &value)) {
			return false;
		}
		if (major == CBOR_BYTES || major == CBOR_TEXT) {
			if (value > r.left) {
				return false;
			}
			(void)reader_bytes(&r, (size_t)value);
		} else if (major == CBOR_ARRAY || major == CBOR_MAP || major == CBOR_TAG) {
			/* an item has a byte at least: more cannot come */
			if (value > r.left || depth == WEBAUTHN_DEPTH_MAX || major == CBOR_TAG) {
				return false;
			}
			left[depth++] = major == CBOR_MAP ? 2 * value : value;
		}
		while (depth > 0 && left[depth - 1] == 0) {
			depth--;
		}
	} while (depth > 0);
	return reader_done(&r);
}

enum err webauthn_device_read(struct webauthn_device *out, struct bytes in, const char **why)
{
	struct bytes rest;
	uint8_t flags;

	*why = N_("shorter than it can be");
	if (in.n < WEBAUTHN_PLAIN_BYTES) {
		return ERR_INPUT;
	}
	flags = in.p[32];
	rest = bytes_of(in.p + WEBAUTHN_PLAIN_BYTES, in.n - WEBAUTHN_PLAIN_BYTES);
	*why = N_("flags that no assertion has");
	if ((flags & (FLAGS_RESERVED | FLAG_ATTESTED)) != 0 ||
	    (flags & (FLAG_BACKUP_FIT | FLAG_BACKED_UP)) == FLAG_BACKED_UP) {
		return ERR_FIELD_RANGE;
	}
	*why = N_("extensions that are not one map, or bytes that nothing announces");
	if ((flags & FLAG_EXTENSIONS) != 0 ? !cbor_is_map(rest) : rest.n != 0) {
		return ERR_INPUT;
	}
	memcpy(out->relying_party.b, in.p, sizeof out->relying_party.b);
	out->present = (flags & FLAG_PRESENT) != 0;
	out->verified = (flags & FLAG_VERIFIED) != 0;
	out->counter = (uint32_t)in.p[33] << 24 | (uint32_t)in.p[34] << 16 |
		       (uint32_t)in.p[35] << 8 | in.p[36];
	return ERR_OK;
}
