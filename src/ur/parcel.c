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

static void begin(struct parcel_candidate *c)
{
	/* the type is ours, so nothing of it can be wrong */
	CHECK(ur_decoder_start(&c->decoder, PARCEL_TYPE, c->room, sizeof c->room) == ERR_OK);
	c->heard = c->forgotten = 0;
}

void parcel_reader_start(struct parcel_reader *r)
{
	for (size_t i = 0; i < PARCEL_CANDIDATES; i++) {
		begin(&r->all[i]);
	}
	r->lead = 0;
	r->complete = false;
	r->parts = r->noise = r->too_large = r->forged = 0;
	r->parcel = (struct parcel){ .document_count = 0 };
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

static bool is_ours(struct bytes text)
{
	static const char head[] = "ur:" PARCEL_TYPE "/";

	for (size_t i = 0; i < sizeof head - 1; i++) {
		if (i >= text.n || (text.p[i] | 0x20) != (head[i] | 0x20)) {
			return false;
		}
	}
	return true;
}

/* What the text is to one animation. */
static enum ur_heard hear(struct parcel_reader *r, struct parcel_candidate *c, struct bytes text)
{
	enum ur_heard heard = ur_decoder_take(&c->decoder, text);
	const uint32_t before = c->heard + c->forgotten;

	if (heard == UR_HEARD_ALL &&
	    parcel_open(&c->parcel, ur_decoder_message(&c->decoder)) != ERR_OK) {
		heard = UR_HEARD_FALSE;
	}
	if (heard == UR_HEARD_FALSE) {
		begin(c);
		c->forgotten = before + 1;
		r->forged++;
	} else if (heard == UR_HEARD_PART || heard == UR_HEARD_AGAIN || heard == UR_HEARD_ALL) {
		c->heard++;
	}
	return heard;
}

/* Which of two says more about a text. */
static enum ur_heard better(enum ur_heard a, enum ur_heard b)
{
	static const uint8_t says[] = {
		[UR_HEARD_OTHER] = 0, [UR_HEARD_TOO_LARGE] = 1, [UR_HEARD_NOISE] = 2,
		[UR_HEARD_AGAIN] = 3, [UR_HEARD_FALSE] = 4,     [UR_HEARD_PART] = 5,
		[UR_HEARD_ALL] = 6
	};

	return says[a] >= says[b] ? a : b;
}

/* Where an animation goes that was not heard of yet: in place of which the fewest texts were. */
static struct parcel_candidate *free_place(struct parcel_reader *r)
{
	struct parcel_candidate *least = NULL;

	for (size_t i = 0; i < PARCEL_CANDIDATES; i++) {
		struct parcel_candidate *c = &r->all[i];

		if (!c->decoder.started) {
			return c;
		}
		if (i != r->lead && (least == NULL || c->heard < least->heard)) {
			least = c;
		}
	}
	CHECK(least != NULL);
	begin(least);
	return least;
}

static enum ur_heard hear_all(struct parcel_reader *r, struct bytes text)
{
	enum ur_heard heard = UR_HEARD_OTHER;

	for (size_t i = 0; i < PARCEL_CANDIDATES; i++) {
		if (r->all[i].decoder.started) {
			heard = better(heard, hear(r, &r->all[i], text));
		}
	}
	if (heard != UR_HEARD_OTHER) {
		return heard;
	}
	/* of no animation that is followed: the first of one, or no part of ours */
	if (is_ours(text)) {
		return hear(r, free_place(r), text);
	}
	for (size_t i = 0; i < PARCEL_CANDIDATES; i++) {
		if (!r->all[i].decoder.started) {
			return hear(r, &r->all[i], text);
		}
	}
	return heard;
}

enum ur_heard parcel_reader_take(struct parcel_reader *r, struct bytes text)
{
	enum ur_heard heard = UR_HEARD_TOO_LARGE;

	if (r->complete) {
		return UR_HEARD_AGAIN;
	}
	text = trimmed(text);
	if (text.n <= UR_TEXT_MAX) {
		heard = hear_all(r, text);
	}
	r->noise += heard == UR_HEARD_NOISE;
	r->too_large += heard == UR_HEARD_TOO_LARGE;
	r->parts += heard != UR_HEARD_NOISE && heard != UR_HEARD_TOO_LARGE;
	for (size_t i = 0; i < PARCEL_CANDIDATES; i++) {
		if (r->all[i].heard > r->all[r->lead].heard) {
			r->lead = i;
		}
	}
	r->complete = r->all[r->lead].decoder.complete;
	if (r->complete) {
		r->parcel = r->all[r->lead].parcel;
		return UR_HEARD_ALL;
	}
	/* whole, but the most texts are of another one */
	return heard == UR_HEARD_ALL ? UR_HEARD_OTHER : heard;
}

const struct parcel_candidate *parcel_reader_lead(const struct parcel_reader *r)
{
	return &r->all[r->lead];
}

uint32_t parcel_reader_others(const struct parcel_reader *r)
{
	return r->parts - r->all[r->lead].heard - r->all[r->lead].forgotten;
}

uint32_t parcel_reader_refused(const struct parcel_reader *r)
{
	return r->noise + parcel_reader_others(r) + r->too_large + r->forged;
}
