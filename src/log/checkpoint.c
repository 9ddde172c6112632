/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.c - C2SP checkpoints: the text, the note around it, and their strict reader.
 */
#include "log/checkpoint.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"

enum {
	KEY_ID_BYTES = 4,
	TYPE_ED25519 = 0x01,
	SIGNATURE_BYTES = KEY_ID_BYTES + 64,
	SIGNATURE_TEXT = 92, /* base64 of 68 bytes */
	ROOT_TEXT = 44,      /* base64 of 32 bytes */
	KEY_TEXT = 44,       /* base64 of 33 bytes */
	/* The largest signature of another key that a line may hold: ML-DSA-44 with its time. */
	OTHER_BYTES_MAX = 3072,
};

/* U+2014 in UTF-8 and a space. */
static const uint8_t dash[4] = { 0xe2, 0x80, 0x94, 0x20 };

_Bool log_checkpoint_name_ok(struct bytes name)
{
	if (name.n == 0 || name.n > LOG_CHECKPOINT_NAME_MAX) {
		return false;
	}
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] <= 0x20 || name.p[i] >= 0x7f || name.p[i] == '+') {
			return false;
		}
	}
	return true;
}

void log_checkpoint_key_id(uint8_t out[4], struct bytes name, const struct key32 *public_key)
{
	static const uint8_t between[2] = { 0x0a, TYPE_ED25519 };
	struct sha256 s;
	struct hash32 h;

	sha256_init(&s);
	sha256_update(&s, name);
	sha256_update(&s, bytes_of(between, sizeof(between)));
	sha256_update(&s, bytes_of(public_key->b, sizeof(public_key->b)));
	sha256_final(&s, &h);
	memcpy(out, h.b, KEY_ID_BYTES);
}

/* Standard base64 with padding; text_n is the exact number of characters. */
static void put_base64(struct writer *w, struct bytes in, size_t text_n)
{
	char text[SIGNATURE_TEXT + 1];

	CHECK(text_n < sizeof(text) &&
	      sodium_base64_encoded_len(in.n, sodium_base64_VARIANT_ORIGINAL) == text_n + 1);
	(void)sodium_bin2base64(text, sizeof(text), in.p, in.n, sodium_base64_VARIANT_ORIGINAL);
	writer_bytes(w, bytes_of(text, text_n));
}

/* The value of a base64 character, or -1. */
static int sextet(uint8_t c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/*
 * The whole of text, in its one spelling: padded, spare bits zero.  False if it is anything else or
 * does not fit.  Our own, because sodium_base642bin() of libsodium 1.0.18 takes byte 0xaf for '/'.
 */
static bool get_base64(uint8_t *out, size_t cap, size_t *n, struct bytes text)
{
	size_t pad = 0, used = 0;
	uint32_t bits = 0;
	unsigned have = 0;

	if (text.n == 0 || text.n % 4 != 0) {
		return false;
	}
	while (pad < 2 && text.p[text.n - 1 - pad] == '=') {
		pad++;
	}
	for (size_t i = 0; i < text.n - pad; i++) {
		int v = sextet(text.p[i]);

		if (v < 0) {
			return false;
		}
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			if (used == cap) {
				return false;
			}
			out[used++] = (uint8_t)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	if (bits != 0) {
		return false;
	}
	*n = used;
	return true;
}

enum err log_checkpoint_vkey(char out[LOG_CHECKPOINT_VKEY_MAX], struct bytes name,
			     const struct key32 *public_key)
{
	struct writer w = writer_make((uint8_t *)out, LOG_CHECKPOINT_VKEY_MAX);
	uint8_t id[KEY_ID_BYTES], key[1 + sizeof(public_key->b)];
	char id_text[2 * KEY_ID_BYTES + 1];

	if (!log_checkpoint_name_ok(name)) {
		return ERR_INPUT;
	}
	log_checkpoint_key_id(id, name, public_key);
	hex_put(id_text, bytes_of(id, sizeof(id)));
	key[0] = TYPE_ED25519;
	memcpy(key + 1, public_key->b, sizeof(public_key->b));
	writer_bytes(&w, name);
	writer_bytes(&w, bytes_str("+"));
	writer_bytes(&w, bytes_str(id_text));
	writer_bytes(&w, bytes_str("+"));
	put_base64(&w, bytes_of(key, sizeof(key)), KEY_TEXT);
	writer_bytes(&w, bytes_of("", 1));
	CHECK(!w.bad);
	return ERR_OK;
}

static void put_decimal(struct writer *w, uint64_t v)
{
	uint8_t text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	writer_bytes(w, bytes_of(text + at, sizeof(text) - at));
}

enum err log_checkpoint_write(uint8_t out[LOG_CHECKPOINT_WRITE_MAX], size_t *n,
			      const struct log_checkpoint *c, struct bytes name,
			      const struct key32 *public_key, const uint8_t secret[64])
{
	struct writer w = writer_make(out, LOG_CHECKPOINT_WRITE_MAX);
	struct bytes origin = bytes_of(c->origin, strnlen(c->origin, LOG_CHECKPOINT_NAME_MAX + 1));
	uint8_t blob[SIGNATURE_BYTES];
	struct sig64 signature;

	if (!log_checkpoint_name_ok(origin) || !log_checkpoint_name_ok(name)) {
		return ERR_INPUT;
	}
	if (c->size > (uint64_t)INT64_MAX) {
		return ERR_OVERFLOW;
	}
	writer_bytes(&w, origin);
	writer_bytes(&w, bytes_str("\n"));
	put_decimal(&w, c->size);
	writer_bytes(&w, bytes_str("\n"));
	put_base64(&w, bytes_of(c->root.b, sizeof(c->root.b)), ROOT_TEXT);
	writer_bytes(&w, bytes_str("\n"));
	ed25519_sign(&signature, secret, bytes_of(out, w.n));
	log_checkpoint_key_id(blob, name, public_key);
	memcpy(blob + KEY_ID_BYTES, signature.b, sizeof(signature.b));
	writer_bytes(&w, bytes_str("\n"));
	writer_bytes(&w, bytes_of(dash, sizeof(dash)));
	writer_bytes(&w, name);
	writer_bytes(&w, bytes_str(" "));
	put_base64(&w, bytes_of(blob, sizeof(blob)), SIGNATURE_TEXT);
	writer_bytes(&w, bytes_str("\n"));
	CHECK(!w.bad);
	*n = w.n;
	return ERR_OK;
}

/* Takes one line without its LF from *rest.  False if there is no LF. */
static bool take_line(struct bytes *line, struct bytes *rest)
{
	const uint8_t *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;

	if (end == NULL) {
		return false;
	}
	*line = bytes_of(rest->p, (size_t)(end - rest->p));
	*rest = bytes_of(end + 1, rest->n - line->n - 1);
	return true;
}

/* 0 or digits without leading zero, at most 2^63 - 1, as Go's reader has it. */
static bool get_decimal(uint64_t *out, struct bytes text)
{
	uint64_t v = 0;

	if (text.n == 0 || text.n > 19 || (text.p[0] == '0' && text.n > 1)) {
		return false;
	}
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9') {
			return false;
		}
		v = v * 10 + (uint64_t)(text.p[i] - '0'); /* 19 digits fit in 64 bits */
	}
	if (v > (uint64_t)INT64_MAX) {
		return false;
	}
	*out = v;
	return true;
}

/* origin, size, root and the empty line; *text becomes what was signed. */
static enum err read_text(struct log_checkpoint *out, struct bytes *text, struct bytes *rest)
{
	const uint8_t *start = rest->p;
	struct bytes origin, size, root, empty;
	size_t n = 0;

	if (!take_line(&origin, rest) || !take_line(&size, rest) || !take_line(&root, rest)) {
		return ERR_INPUT;
	}
	*text = bytes_of(start, (size_t)(rest->p - start));
	if (!take_line(&empty, rest) || empty.n != 0) {
		return ERR_INPUT;
	}
	if (!log_checkpoint_name_ok(origin) || !get_decimal(&out->size, size) ||
	    root.n != ROOT_TEXT || !get_base64(out->root.b, sizeof(out->root.b), &n, root) ||
	    n != sizeof(out->root.b)) {
		return ERR_INPUT;
	}
	memcpy(out->origin, origin.p, origin.n);
	out->origin[origin.n] = '\0';
	return ERR_OK;
}

/* "— name base64": gives the name and the decoded bytes (key id first). */
static bool read_signature(struct bytes *name, uint8_t *blob, size_t cap, size_t *n,
			   struct bytes line)
{
	const uint8_t *space;

	if (line.n <= sizeof(dash) ||
	    !bytes_eq(bytes_of(line.p, sizeof(dash)), bytes_of(dash, sizeof(dash)))) {
		return false;
	}
	line = bytes_of(line.p + sizeof(dash), line.n - sizeof(dash));
	space = memchr(line.p, ' ', line.n);
	if (space == NULL) {
		return false;
	}
	*name = bytes_of(line.p, (size_t)(space - line.p));
	return log_checkpoint_name_ok(*name) &&
	       get_base64(blob, cap, n, bytes_of(space + 1, line.n - name->n - 1)) &&
	       *n > KEY_ID_BYTES;
}

enum err log_checkpoint_open(struct log_checkpoint *out, struct bytes note, struct bytes name,
			     const struct key32 *public_key)
{
	struct log_checkpoint c;
	struct bytes text, rest = note;
	struct sig64 signature;
	uint8_t id[KEY_ID_BYTES];
	bool found = false;
	unsigned lines = 0;
	enum err e;

	if (!log_checkpoint_name_ok(name)) {
		return ERR_INPUT;
	}
	if (note.n > LOG_CHECKPOINT_READ_MAX) {
		return ERR_TOO_LARGE;
	}
	e = read_text(&c, &text, &rest);
	if (e != ERR_OK) {
		return e;
	}
	log_checkpoint_key_id(id, name, public_key);
	while (rest.n > 0) {
		uint8_t blob[OTHER_BYTES_MAX];
		struct bytes line, by;
		size_t n = 0;

		if (++lines > LOG_CHECKPOINT_LINES_MAX) {
			return ERR_TOO_LARGE;
		}
		if (!take_line(&line, &rest) ||
		    !read_signature(&by, blob, sizeof(blob), &n, line)) {
			return ERR_INPUT;
		}
		if (!bytes_eq(by, name) ||
		    !bytes_eq(bytes_of(blob, sizeof(id)), bytes_of(id, sizeof(id)))) {
			continue;
		}
		/* A second line of the same key would leave open which one counts. */
		if (found || n != SIGNATURE_BYTES) {
			return ERR_INPUT;
		}
		memcpy(signature.b, blob + KEY_ID_BYTES, sizeof(signature.b));
		found = true;
	}
	if (lines == 0) {
		return ERR_INPUT;
	}
	if (!found) {
		return ERR_UNSIGNED;
	}
	if (!ed25519_verify(public_key, text, &signature)) {
		return ERR_SIGNATURE;
	}
	*out = c;
	return ERR_OK;
}
