/* SPDX-License-Identifier: Apache-2.0 */
#include "cold/cold_transcript.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/sha256.h"

enum {
	CHAIN_DIGITS = 16,
	HEX = 2 * 32,
	SIGNED_MAX = sizeof COLD_TRANSCRIPT_FIRST + HEX + 1,
	SEAL_TEXT_MAX = COLD_TRANSCRIPT_NAME_MAX + 1 + HEX + 1 + 2 * HEX + 1,
};

void cold_transcript_start(struct cold_transcript *t)
{
	*t = (struct cold_transcript){ .lines = 1 };
	sha256(&t->chain, bytes_str(COLD_TRANSCRIPT_FIRST));
}

/* content: time, kind and text, without the line feed. */
static void go_on(struct cold_transcript *t, struct bytes content)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, bytes_of(t->chain.b, sizeof t->chain.b));
	sha256_update(&s, content);
	sha256_update(&s, bytes_str("\n"));
	sha256_final(&s, &t->chain);
	t->lines++;
	t->sealed = false;
}

void cold_transcript_add(struct cold_transcript *t, struct writer *w, uint64_t time_ms,
			 const char *kind, struct bytes text)
{
	char content[COLD_TRANSCRIPT_LINE_MAX];
	char chain[HEX + 1];
	int head = snprintf(content, sizeof content, "%llu %s ", (unsigned long long)time_ms, kind);
	size_t n;

	CHECK(head > 0 &&
	      head < COLD_TRANSCRIPT_LINE_MAX - COLD_TRANSCRIPT_TEXT_MAX - CHAIN_DIGITS - 2);
	n = (size_t)head;
	for (size_t i = 0; i < text.n && i < COLD_TRANSCRIPT_TEXT_MAX; i++) {
		content[n++] = text.p[i] < ' ' || text.p[i] == 0x7f ? '?' : (char)text.p[i];
	}
	go_on(t, bytes_of(content, n));
	hex_put(chain, bytes_of(t->chain.b, sizeof t->chain.b));
	writer_bytes(w, bytes_of(chain, CHAIN_DIGITS));
	writer_bytes(w, bytes_str(" "));
	writer_bytes(w, bytes_of(content, n));
	writer_bytes(w, bytes_str("\n"));
	CHECK(!w->bad);
}

/* What a seal behind t signs. */
static struct bytes to_sign(char out[SIGNED_MAX], const struct cold_transcript *t)
{
	const size_t n = sizeof COLD_TRANSCRIPT_FIRST - 1;

	memcpy(out, COLD_TRANSCRIPT_FIRST, n);
	hex_put(out + n, bytes_of(t->chain.b, sizeof t->chain.b));
	out[n + HEX] = '\n';
	return bytes_of(out, n + HEX + 1);
}

void cold_transcript_seal(struct cold_transcript *t, struct writer *w, uint64_t time_ms,
			  const char *name, const uint8_t secret[ED25519_SECRET_BYTES])
{
	char message[SIGNED_MAX], text[SEAL_TEXT_MAX], key[HEX + 1], hex[2 * HEX + 1];
	struct sig64 signature;
	int n;

	CHECK(strlen(name) <= COLD_TRANSCRIPT_NAME_MAX && strchr(name, ' ') == NULL);
	ed25519_sign(&signature, secret, to_sign(message, t));
	/* the public key is the secret's second half (ed25519.h) */
	hex_put(key, bytes_of(secret + ED25519_SECRET_BYTES - 32, 32));
	hex_put(hex, bytes_of(signature.b, sizeof signature.b));
	n = snprintf(text, sizeof text, "%s %s %s", name, key, hex);
	CHECK(n > 0 && (size_t)n < sizeof text);
	cold_transcript_add(t, w, time_ms, "seal", bytes_of(text, (size_t)n));
	t->seals++;
	t->sealed = true;
}

/* Up to the next blank, which is taken too; false: there is none. */
static bool word(struct bytes *rest, struct bytes *out)
{
	const uint8_t *end = rest->n == 0 ? NULL : memchr(rest->p, ' ', rest->n);

	if (end == NULL) {
		return false;
	}
	*out = bytes_of(rest->p, (size_t)(end - rest->p));
	*rest = bytes_of(end + 1, rest->n - out->n - 1);
	return true;
}

static enum err seal_judge(const struct cold_transcript *t, struct cold_transcript_line *line)
{
	struct bytes rest = line->text, key = { .n = 0 };
	char message[SIGNED_MAX];
	struct sig64 signature;

	if (!word(&rest, &line->name) || !word(&rest, &key) ||
	    hex_get(line->key.b, sizeof line->key.b, key, HEX_LOWER_ONLY) != ERR_OK ||
	    hex_get(signature.b, sizeof signature.b, rest, HEX_LOWER_ONLY) != ERR_OK) {
		return ERR_INPUT;
	}
	return ed25519_verify(&line->key, to_sign(message, t), &signature) ? ERR_OK : ERR_SIGNATURE;
}

enum err cold_transcript_take(struct cold_transcript *t, struct bytes line,
			      struct cold_transcript_line *out)
{
	const struct cold_transcript before = *t;
	struct bytes rest = line, chain, content, time;
	char hex[HEX + 1];
	bool seal;
	enum err e = ERR_OK;

	*out = (struct cold_transcript_line){ .time_ms = 0 };
	if (line.n >= COLD_TRANSCRIPT_LINE_MAX || !word(&rest, &chain) || chain.n != CHAIN_DIGITS) {
		return ERR_INPUT;
	}
	content = rest;
	if (!word(&rest, &time) || time.n == 0 || time.n > 15 || !word(&rest, &out->kind)) {
		return ERR_INPUT;
	}
	for (size_t i = 0; i < time.n; i++) {
		if (time.p[i] < '0' || time.p[i] > '9') {
			return ERR_INPUT;
		}
		out->time_ms = out->time_ms * 10 + (uint64_t)(time.p[i] - '0');
	}
	out->text = rest;
	go_on(t, content);
	hex_put(hex, bytes_of(t->chain.b, sizeof t->chain.b));
	if (!bytes_eq(bytes_of(hex, CHAIN_DIGITS), chain)) {
		return ERR_MISMATCH;
	}
	seal = bytes_eq(out->kind, bytes_str("seal"));
	if (seal) {
		e = seal_judge(&before, out);
		t->seals++;
		t->sealed = true;
	}
	return e;
}
