/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each part is an equation: these fragments, XORed, are those bytes.  They are kept in triangular
 * form: row i begins with fragment i.  A new part is reduced by the rows there are; what is left
 * becomes the row of its first fragment.  With a row for each fragment the message follows, from
 * the last to the first: no decoder needs fewer parts, and the memory is known from the start.
 */
#include <string.h>

#include "base/check.h"
#include "ur/bytewords.h"
#include "ur/ur.h"
#include "ur/ur_text.h"

/* A part as it was read; data is in the decoder's buffer. */
struct part {
	uint32_t seq, parts, message_n, checksum;
	uint8_t *data;
	size_t n;
};

static bool has(const struct fountain_mix *mix, size_t i)
{
	return (mix->bits[i / 64] >> i % 64 & 1) != 0;
}

static void forget(struct ur_decoder *d)
{
	d->started = d->complete = d->single = false;
	d->parts = d->solved = 0;
	memset(d->have, 0, sizeof d->have);
}

enum err ur_decoder_start(struct ur_decoder *d, const char *type, uint8_t *room, size_t room_n)
{
	if (!ur_type_good(bytes_str(type))) {
		return ERR_INPUT;
	}
	memset(d, 0, sizeof *d);
	memcpy(d->type, type, strlen(type));
	d->room = room;
	d->room_n = room_n;
	return ERR_OK;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool same_letters(struct bytes text, const char *want)
{
	if (text.n != strlen(want)) {
		return false;
	}
	for (size_t i = 0; i < text.n; i++) {
		if (lower(text.p[i]) != (uint8_t)want[i]) {
			return false;
		}
	}
	return true;
}

/* What stands before the next mark, which is skipped; *left becomes what is behind it. */
static bool cut(struct bytes *piece, struct bytes *left, uint8_t mark)
{
	const uint8_t *at = left->n == 0 ? NULL : memchr(left->p, mark, left->n);

	if (at == NULL) {
		return false;
	}
	*piece = bytes_of(left->p, (size_t)(at - left->p));
	*left = bytes_of(at + 1, left->n - piece->n - 1);
	return true;
}

/* A number from 1 to 2^32 - 1 as decimal digits without a zero in front, or 0. */
static uint32_t number(struct bytes text)
{
	uint64_t value = 0;

	if (text.n == 0 || text.n > 10 || text.p[0] == '0') {
		return 0;
	}
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9') {
			return 0;
		}
		value = value * 10 + (text.p[i] - (unsigned)'0');
	}
	return value <= UINT32_MAX ? (uint32_t)value : 0;
}

/* Whether the bytes are a part with these numbers, and one that a message can have. */
static bool read_part(struct part *p, struct ur_decoder *d, size_t n, uint32_t seq, uint32_t parts)
{
	struct reader r = reader_make(bytes_of(d->part, n));
	struct bytes data;

	if (ur_cbor_get(&r, UR_CBOR_ARRAY) != 5) {
		return false;
	}
	p->seq = ur_cbor_get(&r, UR_CBOR_UNSIGNED);
	p->parts = ur_cbor_get(&r, UR_CBOR_UNSIGNED);
	p->message_n = ur_cbor_get(&r, UR_CBOR_UNSIGNED);
	p->checksum = ur_cbor_get(&r, UR_CBOR_UNSIGNED);
	data = reader_bytes(&r, ur_cbor_get(&r, UR_CBOR_BYTES));
	if (!reader_done(&r) || p->seq != seq || p->parts != parts) {
		return false;
	}
	p->data = d->part + n - data.n;
	p->n = data.n;
	/* the fragments hold the message, and none of them is all padding */
	return (uint64_t)parts * data.n >= p->message_n &&
	       (uint64_t)(parts - 1) * data.n < p->message_n;
}

static enum ur_heard take_single(struct ur_decoder *d, struct bytes body)
{
	struct writer w = writer_make(d->part, sizeof d->part);

	if (bytewords_get(&w, BYTEWORDS_MINIMAL, body) != ERR_OK || w.n == 0) {
		d->noise++;
		return UR_HEARD_NOISE;
	}
	if (d->started) {
		if (d->single && bytes_eq(ur_decoder_message(d), bytes_of(w.p, w.n))) {
			return UR_HEARD_AGAIN;
		}
		d->others++;
		return UR_HEARD_OTHER;
	}
	if (w.n > d->room_n) {
		return UR_HEARD_TOO_LARGE;
	}
	memcpy(d->room, w.p, w.n);
	d->started = d->single = d->complete = true;
	d->parts = d->solved = 1;
	d->message_n = w.n;
	return UR_HEARD_ALL;
}

static void xor_into(uint8_t *to, const uint8_t *from, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		to[k] ^= from[k];
	}
}

/* Begins the message of this part. */
static bool begin(struct ur_decoder *d, const struct part *p)
{
	if (p->parts > UR_PARTS_MAX || (uint64_t)p->parts * p->n > d->room_n) {
		return false;
	}
	d->started = true;
	d->parts = p->parts;
	d->message_n = p->message_n;
	d->fragment = p->n;
	d->checksum = p->checksum;
	fountain_degrees_make(&d->degrees, p->parts);
	return true;
}

/* With a row for each fragment: the fragments themselves, the last first. */
static enum ur_heard finish(struct ur_decoder *d)
{
	bool good = true;

	for (size_t i = d->parts; i-- > 0;) {
		for (size_t j = i + 1; j < d->parts; j++) {
			if (has(&d->rows[i], j)) {
				xor_into(d->room + i * d->fragment, d->room + j * d->fragment,
					 d->fragment);
			}
		}
	}
	for (size_t k = d->message_n; k < d->parts * d->fragment; k++) {
		good = good && d->room[k] == 0;
	}
	if (!good || bytewords_sum(bytes_of(d->room, d->message_n)) != d->checksum) {
		forget(d);
		return UR_HEARD_FALSE;
	}
	d->complete = true;
	return UR_HEARD_ALL;
}

/* Reduces the part by the rows; it becomes a row itself, or nothing is left of it. */
static enum ur_heard add(struct ur_decoder *d, const struct part *p)
{
	struct fountain_mix mix;

	fountain_choose(&mix, &d->degrees, p->seq, p->checksum);
	for (size_t i = 0; i < d->parts; i++) {
		uint8_t *place = d->room + i * d->fragment;

		if (!has(&mix, i)) {
			continue;
		}
		if (!d->have[i]) {
			d->have[i] = true;
			d->rows[i] = mix;
			memcpy(place, p->data, p->n);
			d->solved++;
			return d->solved == d->parts ? finish(d) : UR_HEARD_PART;
		}
		for (size_t k = 0; k < FOUNTAIN_WORDS; k++) {
			mix.bits[k] ^= d->rows[i].bits[k];
		}
		xor_into(p->data, place, p->n);
	}
	for (size_t k = 0; k < p->n; k++) {
		if (p->data[k] != 0) {
			d->others++;
			return UR_HEARD_OTHER;
		}
	}
	return UR_HEARD_AGAIN;
}

static enum ur_heard take_part(struct ur_decoder *d, struct bytes place, struct bytes body)
{
	struct writer w = writer_make(d->part, sizeof d->part);
	struct bytes seq_text;
	uint32_t seq, parts;
	struct part p;

	if (!cut(&seq_text, &place, '-')) {
		d->noise++;
		return UR_HEARD_NOISE;
	}
	seq = number(seq_text);
	parts = number(place);
	if (seq == 0 || parts == 0 || bytewords_get(&w, BYTEWORDS_MINIMAL, body) != ERR_OK ||
	    !read_part(&p, d, w.n, seq, parts)) {
		d->noise++;
		return UR_HEARD_NOISE;
	}
	if (!d->started && !begin(d, &p)) {
		return UR_HEARD_TOO_LARGE;
	}
	if (d->single || p.parts != d->parts || p.message_n != d->message_n || p.n != d->fragment ||
	    p.checksum != d->checksum) {
		d->others++;
		return UR_HEARD_OTHER;
	}
	return d->complete ? UR_HEARD_AGAIN : add(d, &p);
}

enum ur_heard ur_decoder_take(struct ur_decoder *d, struct bytes text)
{
	struct bytes scheme, type, place;

	if (text.n > UR_TEXT_MAX || !cut(&scheme, &text, ':') || !same_letters(scheme, "ur") ||
	    !cut(&type, &text, '/')) {
		d->noise++;
		return UR_HEARD_NOISE;
	}
	if (!same_letters(type, d->type)) {
		d->others++;
		return UR_HEARD_OTHER;
	}
	return cut(&place, &text, '/') ? take_part(d, place, text) : take_single(d, text);
}

struct bytes ur_decoder_message(const struct ur_decoder *d)
{
	CHECK(d->complete);
	return bytes_of(d->room, d->message_n);
}
