/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "ur/bytewords.h"
#include "ur/ur.h"
#include "ur/ur_text.h"

enum err ur_encoder_start(struct ur_encoder *e, const char *type, struct bytes message,
			  size_t fragment_max, bool upper)
{
	size_t fragment;

	if (!ur_type_good(bytes_str(type)) || message.n == 0) {
		return ERR_INPUT;
	}
	if (fragment_max < UR_FRAGMENT_MIN || fragment_max > UR_FRAGMENT_MAX) {
		return ERR_FIELD_RANGE;
	}
	if (message.n > UR_MESSAGE_MAX) {
		return ERR_TOO_LARGE;
	}
	fragment = fountain_fragment(message.n, UR_FRAGMENT_MIN, fragment_max);
	if ((message.n + fragment - 1) / fragment > UR_PARTS_MAX) {
		return ERR_TOO_LARGE;
	}
	*e = (struct ur_encoder){ .upper = upper, .message = message, .fragment = fragment };
	memcpy(e->type, type, strlen(type));
	e->parts = (message.n + fragment - 1) / fragment;
	e->checksum = bytewords_sum(message);
	fountain_degrees_make(&e->degrees, e->parts);
	return ERR_OK;
}

/* The fragments that part number seq mixes. */
static void mix(const struct ur_encoder *e, uint32_t seq, uint8_t *out)
{
	struct fountain_mix chosen;

	fountain_choose(&chosen, &e->degrees, seq, e->checksum);
	memset(out, 0, e->fragment);
	for (size_t i = 0; i < e->parts; i++) {
		size_t start = i * e->fragment;

		if ((chosen.bits[i / 64] >> i % 64 & 1) == 0) {
			continue;
		}
		/* the last one ends in zeros */
		for (size_t k = 0; k < e->fragment && start + k < e->message.n; k++) {
			out[k] ^= e->message.p[start + k];
		}
	}
}

static void put_part(const struct ur_encoder *e, uint32_t seq, struct writer *w)
{
	uint8_t fragment[UR_FRAGMENT_MAX], part[UR_FRAGMENT_MAX + UR_HEAD_MAX];
	struct writer p = writer_make(part, sizeof part);
	char place[32];

	mix(e, seq, fragment);
	ur_cbor_put(&p, UR_CBOR_ARRAY, 5);
	ur_cbor_put(&p, UR_CBOR_UNSIGNED, seq);
	ur_cbor_put(&p, UR_CBOR_UNSIGNED, (uint32_t)e->parts);
	ur_cbor_put(&p, UR_CBOR_UNSIGNED, (uint32_t)e->message.n);
	ur_cbor_put(&p, UR_CBOR_UNSIGNED, e->checksum);
	ur_wrap(&p, bytes_of(fragment, e->fragment));
	(void)snprintf(place, sizeof place, "%u-%zu/", seq, e->parts);
	writer_bytes(w, bytes_str(place));
	bytewords_put(w, BYTEWORDS_MINIMAL, bytes_of(p.p, p.n));
}

enum err ur_encoder_next(struct ur_encoder *e, struct writer *w)
{
	const size_t start = w->n;

	if (w->bad || e->seq == UINT32_MAX) {
		return ERR_FULL;
	}
	writer_bytes(w, bytes_str("ur:"));
	writer_bytes(w, bytes_str(e->type));
	writer_bytes(w, bytes_str("/"));
	if (e->parts == 1) {
		bytewords_put(w, BYTEWORDS_MINIMAL, e->message);
	} else {
		put_part(e, e->seq + 1, w);
	}
	if (w->bad) {
		w->n = start;
		w->bad = false;
		return ERR_FULL;
	}
	for (size_t i = start; e->upper && i < w->n; i++) {
		if ((unsigned)w->p[i] - 'a' < 26) {
			w->p[i] = (uint8_t)(w->p[i] - 'a' + 'A');
		}
	}
	e->seq++;
	return ERR_OK;
}
