/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.h - the bytes of one message between two of our processes (design.md 10.2).
 *
 * Little-endian: u32 body bytes (<= 65,536), u16 number, u16 zero, u64 request id, then the body:
 * at most 72 items, each u32 length and that many bytes.  No allocation, no I/O: whoever owns the
 * socket owns the buffers.  Nothing here trusts a length it has not compared with what is there.
 */
#ifndef KURAMORI_IPC_FRAME_H
#define KURAMORI_IPC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	FRAME_HEADER_BYTES = 16,
	FRAME_BODY_MAX = 65536,
	FRAME_BYTES_MAX = FRAME_HEADER_BYTES + FRAME_BODY_MAX,
	FRAME_ITEM_HEADER_BYTES = 4,
	FRAME_ITEMS_MAX = 72, /* nonce, attestation and every document of one payment */
};

/* One whole frame; body is a view of the buffer it was read from. */
struct frame {
	uint16_t number;
	uint64_t id; /* chosen by the side that asks; the reply repeats it */
	struct bytes body;
};

/* Writes the 16 header bytes.  Dies if body_bytes > FRAME_BODY_MAX. */
void frame_header_put(uint8_t out[FRAME_HEADER_BYTES], uint32_t body_bytes, uint16_t number,
		      uint64_t id);

/*
 * Reads one frame from the front of what has arrived so far.
 *
 * have:  bytes received and not yet used; stays the caller's.
 * out:   the frame, a view into have; *used: bytes it took.  Written only on ERR_OK.
 *
 * ERR_OK a whole frame; ERR_WAIT well formed so far, more is needed (ask again with the same
 * front); ERR_INPUT a header that can never become right: the sender is closed.  A wrong length or
 * a non-zero reserved field is found as soon as its own bytes are there.
 */
MUST_CHECK enum err frame_next(struct frame *out, size_t *used, struct bytes have);

/* Walks the items of a body. */
struct frame_items {
	struct reader r;
	uint32_t n; /* items given so far */
	bool bad;
};

struct frame_items frame_items_make(struct bytes body);

/* True and *item (a view of the body) while there is one; false at the end or at the first fault.
 */
bool frame_items_next(struct frame_items *it, struct bytes *item);

/* ERR_OK only if every item was taken and not a byte is left or missing; ERR_INPUT otherwise. */
MUST_CHECK enum err frame_items_done(const struct frame_items *it);

/*
 * The whole body at once: exactly its items, at most max (<= FRAME_ITEMS_MAX) of them.
 * items[0 .. *n) are views of the body; written only on ERR_OK.  ERR_INPUT: cut off, trailing
 * bytes, or more items than max.
 */
MUST_CHECK enum err frame_items_all(struct bytes body, struct bytes *items, size_t max, size_t *n);

/*
 * Builds one frame in the caller's buffer: frame_begin, frame_add for each item, frame_end.
 * What does not fit (buffer, FRAME_BODY_MAX, FRAME_ITEMS_MAX) makes frame_end say ERR_FULL.
 */
struct frame_builder {
	uint8_t *p;
	size_t cap;
	size_t n; /* bytes written, header included */
	uint32_t items;
	uint16_t number;
	uint64_t id;
	bool bad;
};

/* cap of FRAME_BYTES_MAX always suffices. */
struct frame_builder frame_begin(uint8_t *p, size_t cap, uint16_t number, uint64_t id);
void frame_add(struct frame_builder *b, struct bytes item);
/* *out is a view of the caller's buffer, written only on ERR_OK.  ERR_FULL. */
MUST_CHECK enum err frame_end(struct frame_builder *b, struct bytes *out);

/*
 * The whole frame around a body that is already built (items or a HELLO).  body may lie inside p.
 * *out is a view of p, written only on ERR_OK.  ERR_FULL body or cap.
 */
MUST_CHECK enum err frame_raw(uint8_t *p, size_t cap, uint16_t number, uint64_t id,
			      struct bytes body, struct bytes *out);

#endif
