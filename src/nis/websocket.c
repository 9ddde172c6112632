/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/websocket.h"

#include <string.h>

#include <nettle/base64.h>
#include <nettle/sha1.h>

#include "base/check.h"
#include "base/utf8.h"

enum {
	BIT_LAST = 0x80,
	BITS_RESERVED = 0x70,
	BITS_OPCODE = 0x0f,
	BIT_MASK = 0x80,
	BITS_LENGTH = 0x7f,
	LENGTH_16 = 126,
	LENGTH_64 = 127,
	MASK_BYTES = 4,
	CONTINUATION = 0,
};

void websocket_init(struct websocket *w)
{
	*w = (struct websocket){ .head_bytes = 2 };
}

static bool is_control(uint8_t opcode)
{
	return (opcode & 0x08) != 0;
}

static bool opcode_known(uint8_t opcode)
{
	return opcode <= WEBSOCKET_BINARY ||
	       (opcode >= WEBSOCKET_CLOSE && opcode <= WEBSOCKET_PONG);
}

/* A code that may stand in a close frame: those of RFC 6455 and its registry, and private ones. */
static bool code_allowed(uint16_t code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

/* The first two bytes say how long the head is: 6, 8 or 14 bytes with the mask. */
static enum websocket_code head_begun(struct websocket *w)
{
	uint8_t first = w->head[0], length = w->head[1] & BITS_LENGTH;

	w->opcode = first & BITS_OPCODE;
	w->last = (first & BIT_LAST) != 0;
	if ((first & BITS_RESERVED) != 0 || !opcode_known(w->opcode) ||
	    (w->head[1] & BIT_MASK) == 0) {
		return WEBSOCKET_PROTOCOL; /* 5.2, 5.1: no extension here, every client masks */
	}
	if (is_control(w->opcode) && (!w->last || length > WEBSOCKET_CONTROL_MAX)) {
		return WEBSOCKET_PROTOCOL; /* 5.5 */
	}
	if (!is_control(w->opcode) && (w->opcode == CONTINUATION) != (w->kind != 0)) {
		return WEBSOCKET_PROTOCOL; /* 5.4: nothing to continue, or something else begun */
	}
	w->head_bytes = 2 + MASK_BYTES;
	if (length == LENGTH_16) {
		w->head_bytes += 2;
	} else if (length == LENGTH_64) {
		w->head_bytes += 8;
	}
	return WEBSOCKET_NORMAL;
}

/* The whole head is there: its length must be the shortest spelling (5.2) and within the limit. */
static enum websocket_code head_done(struct websocket *w)
{
	unsigned n = w->head_bytes - 2 - MASK_BYTES;
	uint64_t length = w->head[1] & BITS_LENGTH;

	if (n > 0) {
		length = 0;
		for (unsigned i = 0; i < n; i++) {
			length = length << 8 | w->head[2 + i];
		}
		if (length < LENGTH_16 || (n == 8 && (length <= UINT16_MAX || length >> 63 != 0))) {
			return WEBSOCKET_PROTOCOL;
		}
	}
	if (is_control(w->opcode)) {
		w->control_n = 0;
	} else {
		if (w->opcode != CONTINUATION) {
			w->kind = w->opcode;
			w->message_n = 0;
			w->fragments = 0;
		}
		if (length > WEBSOCKET_MESSAGE_MAX - w->message_n) {
			return WEBSOCKET_TOO_BIG;
		}
		if (++w->fragments > WEBSOCKET_FRAGMENTS_MAX) {
			return WEBSOCKET_POLICY;
		}
	}
	w->left = length;
	w->mask_at = 0;
	w->head_n = 0;
	return WEBSOCKET_NORMAL;
}

/* Keeps payload bytes, unmasked (5.3). */
static void take(struct websocket *w, struct bytes *in)
{
	const uint8_t *mask = w->head + w->head_bytes - MASK_BYTES;
	size_t n = in->n < w->left ? in->n : (size_t)w->left;
	uint8_t *to = is_control(w->opcode) ? w->control + w->control_n : w->message + w->message_n;

	for (size_t i = 0; i < n; i++) {
		to[i] = in->p[i] ^ mask[w->mask_at++ % MASK_BYTES];
	}
	if (is_control(w->opcode)) {
		w->control_n += n;
	} else {
		w->message_n += n;
	}
	in->p += n;
	in->n -= n;
	w->left -= n;
}

static enum websocket_code closed(struct websocket *w, struct websocket_event *out)
{
	w->dead = true;
	out->code = WEBSOCKET_NO_CODE;
	if (w->control_n == 0) {
		return WEBSOCKET_NORMAL;
	}
	if (w->control_n == 1) {
		return WEBSOCKET_PROTOCOL; /* 5.5.1: two bytes of code, or none */
	}
	out->code = (uint16_t)(w->control[0] << 8 | w->control[1]);
	out->payload = bytes_of(w->control + 2, w->control_n - 2);
	if (!code_allowed(out->code)) {
		return WEBSOCKET_PROTOCOL;
	}
	return utf8_valid(out->payload) ? WEBSOCKET_NORMAL : WEBSOCKET_BAD_DATA;
}

/* A frame is complete.  *whole: and with it a message. */
static enum websocket_code frame_done(struct websocket *w, struct websocket_event *out, bool *whole)
{
	w->head_bytes = 2;
	*whole = true;
	if (is_control(w->opcode)) {
		*out = (struct websocket_event){ .kind = (enum websocket_kind)w->opcode,
						 .payload = bytes_of(w->control, w->control_n) };
		return w->opcode == WEBSOCKET_CLOSE ? closed(w, out) : WEBSOCKET_NORMAL;
	}
	if (!w->last) {
		*whole = false;
		return WEBSOCKET_NORMAL;
	}
	*out = (struct websocket_event){ .kind = (enum websocket_kind)w->kind,
					 .payload = bytes_of(w->message, w->message_n) };
	w->kind = 0;
	return out->kind == WEBSOCKET_TEXT && !utf8_valid(out->payload) ? WEBSOCKET_BAD_DATA
									: WEBSOCKET_NORMAL;
}

/* One step: a byte of a head, or a stretch of payload. */
static enum websocket_code step(struct websocket *w, struct bytes *in, struct websocket_event *out,
				bool *whole, bool *paying)
{
	enum websocket_code code = WEBSOCKET_NORMAL;

	if (!*paying) {
		w->head[w->head_n++] = *in->p++;
		in->n--;
		if (w->head_n == 2) {
			code = head_begun(w);
		} else if (w->head_n == w->head_bytes) {
			code = head_done(w);
			*paying = code == WEBSOCKET_NORMAL;
		}
	} else {
		take(w, in);
	}
	if (*paying && w->left == 0) {
		*paying = false;
		code = frame_done(w, out, whole);
	}
	return code;
}

enum err websocket_feed(struct websocket *w, struct bytes *in, struct websocket_event *out,
			enum websocket_code *code)
{
	struct websocket_event event = { 0 };
	/* Between heads nothing is left: only an unfinished payload has bytes to come. */
	bool paying = w->left > 0, whole = false;

	if (w->dead) {
		return ERR_STATE;
	}
	while (in->n > 0 && !whole) {
		enum websocket_code wrong = step(w, in, &event, &whole, &paying);

		if (wrong != WEBSOCKET_NORMAL) {
			w->dead = true;
			*code = wrong;
			return ERR_INPUT;
		}
	}
	if (!whole) {
		return ERR_WAIT;
	}
	*out = event;
	return ERR_OK;
}

size_t websocket_head(uint8_t out[WEBSOCKET_HEAD_MAX], enum websocket_kind kind, size_t n)
{
	CHECK(n <= INT64_MAX && (kind <= WEBSOCKET_BINARY || n <= WEBSOCKET_CONTROL_MAX));
	out[0] = (uint8_t)(BIT_LAST | kind);
	if (n < LENGTH_16) {
		out[1] = (uint8_t)n;
		return 2;
	}
	if (n <= UINT16_MAX) {
		out[1] = LENGTH_16;
		out[2] = (uint8_t)(n >> 8);
		out[3] = (uint8_t)n;
		return 4;
	}
	out[1] = LENGTH_64;
	for (unsigned i = 0; i < 8; i++) {
		out[2 + i] = (uint8_t)((uint64_t)n >> (8 * (7 - i)));
	}
	return 10;
}

enum err websocket_accept(char out[WEBSOCKET_ACCEPT_CHARS + 1], struct bytes key)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	struct base64_decode_ctx decode;
	uint8_t raw[BASE64_DECODE_LENGTH(WEBSOCKET_KEY_CHARS)];
	uint8_t digest[SHA1_DIGEST_SIZE];
	struct sha1_ctx sha1;
	size_t n = sizeof raw;

	if (key.n != WEBSOCKET_KEY_CHARS) {
		return ERR_INPUT;
	}
	base64_decode_init(&decode);
	if (base64_decode_update(&decode, &n, raw, key.n, (const char *)key.p) != 1 ||
	    base64_decode_final(&decode) != 1 || n != 16) {
		return ERR_INPUT;
	}
	sha1_init(&sha1);
	sha1_update(&sha1, key.n, key.p);
	sha1_update(&sha1, sizeof guid - 1, (const uint8_t *)guid);
	sha1_digest(&sha1, sizeof digest, digest);
	base64_encode_raw(out, sizeof digest, digest);
	out[WEBSOCKET_ACCEPT_CHARS] = '\0';
	return ERR_OK;
}
