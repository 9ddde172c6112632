/* SPDX-License-Identifier: Apache-2.0 */
#include "ur/parcel.h"

#include <string.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/sha256.h"
#include "ur/ur_text.h"

enum { FIELDS = 3 };

static void digest_of(struct hash32 *out, struct bytes items)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, bytes_str("kuramori parcel v1\n"));
	sha256_update(&s, items);
	sha256_final(&s, out);
}

static enum err put_items(struct writer *w, const struct bytes *items, size_t n)
{
	if (n > PARCEL_ITEMS_MAX) {
		return ERR_TOO_LARGE;
	}
	ur_cbor_put(w, UR_CBOR_ARRAY, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		if (items[i].n == 0) {
			return ERR_INPUT;
		}
		ur_wrap(w, items[i]);
	}
	return ERR_OK;
}

enum err parcel_close(struct writer *w, struct parcel *p)
{
	const size_t from = w->n;
	size_t at;
	enum err e;

	if (p->document_count + p->announcement_count == 0) {
		return ERR_INPUT;
	}
	ur_cbor_put(w, UR_CBOR_ARRAY, FIELDS);
	/* its place is kept until the items are there */
	memset(p->digest.b, 0, sizeof p->digest.b);
	ur_wrap(w, bytes_of(p->digest.b, sizeof p->digest.b));
	at = w->n;
	e = put_items(w, p->documents, p->document_count);
	if (e == ERR_OK) {
		e = put_items(w, p->announcements, p->announcement_count);
	}
	if (e == ERR_OK && (w->bad || w->n - from > PARCEL_BYTES_MAX)) {
		e = ERR_TOO_LARGE;
	}
	if (e == ERR_OK) {
		digest_of(&p->digest, bytes_of(w->p + at, w->n - at));
		memcpy(w->p + at - sizeof p->digest.b, p->digest.b, sizeof p->digest.b);
	}
	return e;
}

static enum err get_items(struct reader *r, struct bytes *items, size_t *n)
{
	const uint32_t count = ur_cbor_get(r, UR_CBOR_ARRAY);

	if (count > PARCEL_ITEMS_MAX) {
		return ERR_TOO_LARGE;
	}
	for (uint32_t i = 0; i < count; i++) {
		items[i] = reader_bytes(r, ur_cbor_get(r, UR_CBOR_BYTES));
		if (items[i].n == 0) {
			return ERR_INPUT;
		}
	}
	*n = count;
	return ERR_OK;
}

enum err parcel_open(struct parcel *out, struct bytes message)
{
	struct reader r = reader_make(message);
	struct parcel p = { .document_count = 0 };
	struct bytes digest;
	struct hash32 found;
	enum err e;

	if (message.n > PARCEL_BYTES_MAX) {
		return ERR_TOO_LARGE;
	}
	if (ur_cbor_get(&r, UR_CBOR_ARRAY) != FIELDS) {
		return ERR_INPUT;
	}
	digest = reader_bytes(&r, ur_cbor_get(&r, UR_CBOR_BYTES));
	if (r.bad || digest.n != sizeof found.b) {
		return ERR_INPUT;
	}
	/* before anything is read that it may not cover */
	digest_of(&found, bytes_of(r.p, r.left));
	memcpy(p.digest.b, digest.p, sizeof p.digest.b);
	if (!hash32_eq(&found, &p.digest)) {
		return ERR_MISMATCH;
	}
	e = get_items(&r, p.documents, &p.document_count);
	if (e == ERR_OK) {
		e = get_items(&r, p.announcements, &p.announcement_count);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (!reader_done(&r) || p.document_count + p.announcement_count == 0) {
		return ERR_INPUT;
	}
	*out = p;
	return ERR_OK;
}

void parcel_mark(char out[PARCEL_MARK_BYTES], const struct parcel *p)
{
	enum { GROUP = 2, GROUPS = 4 };

	for (size_t i = 0; i < GROUPS; i++) {
		char *at = out + i * (2 * GROUP + 1);

		hex_put(at, bytes_of(p->digest.b + i * GROUP, GROUP));
		at[(size_t)2 * GROUP] = i + 1 < GROUPS ? ' ' : '\0';
	}
}

/* Forgets what was collected; the counts stay. */
static void begin(struct parcel_reader *r)
{
	/* the type is ours, so nothing of it can be wrong */
	CHECK(ur_decoder_start(&r->decoder, PARCEL_TYPE, r->room, sizeof r->room) == ERR_OK);
}

void parcel_reader_start(struct parcel_reader *r)
{
	r->taken = r->again = r->noise = r->others = r->too_large = r->forged = 0;
	r->parcel = (struct parcel){ .document_count = 0 };
	begin(r);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes trimmed(struct bytes text)
{
	while (text.n > 0 && is_blank(text.p[0])) {
		text = bytes_of(text.p + 1, text.n - 1);
	}
	while (text.n > 0 && is_blank(text.p[text.n - 1])) {
		text.n--;
	}
	return text;
}

enum ur_heard parcel_reader_take(struct parcel_reader *r, struct bytes text)
{
	enum ur_heard heard;

	if (r->decoder.complete) {
		r->again++;
		return UR_HEARD_AGAIN;
	}
	text = trimmed(text);
	heard = text.n > UR_TEXT_MAX ? UR_HEARD_TOO_LARGE : ur_decoder_take(&r->decoder, text);
	if (heard == UR_HEARD_ALL &&
	    parcel_open(&r->parcel, ur_decoder_message(&r->decoder)) != ERR_OK) {
		begin(r);
		heard = UR_HEARD_FALSE;
	}
	switch (heard) {
	case UR_HEARD_PART:
	case UR_HEARD_ALL:
		r->taken++;
		break;
	case UR_HEARD_AGAIN:
		r->again++;
		break;
	case UR_HEARD_NOISE:
		r->noise++;
		break;
	case UR_HEARD_OTHER:
		r->others++;
		break;
	case UR_HEARD_TOO_LARGE:
		r->too_large++;
		break;
	case UR_HEARD_FALSE:
		r->forged++;
		break;
	}
	return heard;
}

uint32_t parcel_reader_refused(const struct parcel_reader *r)
{
	return r->noise + r->others + r->too_large + r->forged;
}
