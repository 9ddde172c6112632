/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/frame.h"

#include <string.h>

#include "base/check.h"

void frame_header_put(uint8_t out[FRAME_HEADER_BYTES], uint32_t body_bytes, uint16_t number,
		      uint64_t id)
{
	CHECK(body_bytes <= FRAME_BODY_MAX);
	le32_put(out, body_bytes);
	le16_put(out + 4, number);
	le16_put(out + 6, 0);
	le64_put(out + 8, id);
}

enum err frame_next(struct frame *out, size_t *used, struct bytes have)
{
	uint32_t body_bytes;

	/* Faults are named at the first byte that shows them: a liar is not waited for. */
	if (have.n >= 4 && le32_get(have.p) > FRAME_BODY_MAX) {
		return ERR_INPUT;
	}
	if (have.n >= 7 && have.p[6] != 0) {
		return ERR_INPUT;
	}
	if (have.n >= 8 && have.p[7] != 0) {
		return ERR_INPUT;
	}
	if (have.n < FRAME_HEADER_BYTES) {
		return ERR_WAIT;
	}
	body_bytes = le32_get(have.p);
	if (have.n - FRAME_HEADER_BYTES < body_bytes) {
		return ERR_WAIT;
	}
	*out = (struct frame){
		.number = le16_get(have.p + 4),
		.id = le64_get(have.p + 8),
		.body = bytes_of(have.p + FRAME_HEADER_BYTES, body_bytes),
	};
	*used = FRAME_HEADER_BYTES + (size_t)body_bytes;
	return ERR_OK;
}

struct frame_items frame_items_make(struct bytes body)
{
	return (struct frame_items){ .r = reader_make(body) };
}

bool frame_items_next(struct frame_items *it, struct bytes *item)
{
	uint32_t n;
	struct bytes b;

	if (it->bad || it->r.left == 0) {
		return false;
	}
	if (it->n == FRAME_ITEMS_MAX) {
		it->bad = true;
		return false;
	}
	n = reader_u32(&it->r);
	b = reader_bytes(&it->r, n);
	if (it->r.bad) {
		it->bad = true;
		return false;
	}
	it->n++;
	*item = b;
	return true;
}

enum err frame_items_done(const struct frame_items *it)
{
	return !it->bad && reader_done(&it->r) ? ERR_OK : ERR_INPUT;
}

enum err frame_items_all(struct bytes body, struct bytes *items, size_t max, size_t *n)
{
	struct frame_items it = frame_items_make(body);
	struct bytes item;
	size_t found = 0;

	CHECK(max <= FRAME_ITEMS_MAX);
	/* First only look, so that nothing is written before all of it is known to be right. */
	while (frame_items_next(&it, &item)) {
		found++;
	}
	if (frame_items_done(&it) != ERR_OK || found > max) {
		return ERR_INPUT;
	}
	it = frame_items_make(body);
	for (size_t i = 0; i < found; i++) {
		CHECK(frame_items_next(&it, &items[i]));
	}
	*n = found;
	return ERR_OK;
}

struct frame_builder frame_begin(uint8_t *p, size_t cap, uint16_t number, uint64_t id)
{
	return (struct frame_builder){
		.p = p,
		.cap = cap,
		.n = FRAME_HEADER_BYTES,
		.number = number,
		.id = id,
		.bad = cap < FRAME_HEADER_BYTES,
	};
}

/* Room for n more bytes of body, in the buffer and in the format. */
static bool fits(const struct frame_builder *b, size_t n)
{
	size_t body = b->n - FRAME_HEADER_BYTES;

	return !b->bad && n <= FRAME_BODY_MAX - body && n <= b->cap - b->n;
}

void frame_add(struct frame_builder *b, struct bytes item)
{
	if (b->items == FRAME_ITEMS_MAX || item.n > FRAME_BODY_MAX ||
	    !fits(b, FRAME_ITEM_HEADER_BYTES + item.n)) {
		b->bad = true;
		return;
	}
	le32_put(b->p + b->n, (uint32_t)item.n);
	b->n += FRAME_ITEM_HEADER_BYTES;
	if (item.n > 0) {
		memcpy(b->p + b->n, item.p, item.n);
	}
	b->n += item.n;
	b->items++;
}

enum err frame_end(struct frame_builder *b, struct bytes *out)
{
	if (b->bad) {
		return ERR_FULL;
	}
	frame_header_put(b->p, (uint32_t)(b->n - FRAME_HEADER_BYTES), b->number, b->id);
	*out = bytes_of(b->p, b->n);
	return ERR_OK;
}

enum err frame_raw(uint8_t *p, size_t cap, uint16_t number, uint64_t id, struct bytes body,
		   struct bytes *out)
{
	if (body.n > FRAME_BODY_MAX || cap < FRAME_HEADER_BYTES ||
	    cap - FRAME_HEADER_BYTES < body.n) {
		return ERR_FULL;
	}
	if (body.n > 0) {
		memmove(p + FRAME_HEADER_BYTES, body.p, body.n);
	}
	frame_header_put(p, (uint32_t)body.n, number, id);
	*out = bytes_of(p, FRAME_HEADER_BYTES + body.n);
	return ERR_OK;
}
