/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ur.h - messages as texts for QR codes: one text, or a stream of them without end (UR:
 * BCR-2020-005; parts: BCR-2024-001; words: bytewords.h).  docs/ur.md.
 *
 * A message is CBOR (RFC 8949, deterministic encoding); ours are byte strings (ur_wrap()).  A text
 * is "ur:TYPE/MESSAGE" or "ur:TYPE/SEQ-COUNT/PART".  Pictures are not made and not read here.
 * Pure, no allocation: the encoder borrows the message, the decoder fills the caller's room.
 */
#ifndef KURAMORI_UR_UR_H
#define KURAMORI_UR_UR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "ur/fountain.h"

enum {
	UR_TYPE_MAX = 32,
	UR_TEXT_MAX = 4296, /* alphanumeric characters of the largest QR code */
	UR_FRAGMENT_MIN = 10,
	UR_FRAGMENT_MAX = 2048,
	UR_HEAD_MAX = 32, /* what stands before the fragment in a part */
	UR_PARTS_MAX = FOUNTAIN_PARTS_MAX,
	UR_MESSAGE_MAX = UR_FRAGMENT_MAX * UR_PARTS_MAX,
	UR_WRAP_MAX = 5, /* bytes that ur_wrap() adds at most */
};

/* content (below 4 GiB) as a CBOR byte string; what does not fit sets w->bad. */
void ur_wrap(struct writer *w, struct bytes content);

/*
 * The content of a CBOR byte string: a view into message.
 * ERR_INPUT: something else, a length that is not in its shortest form, bytes missing or left
 * over.  *content is written only on ERR_OK.
 */
MUST_CHECK enum err ur_unwrap(struct bytes *content, struct bytes message);

/* Writes the texts of one message.  Its members are its own. */
struct ur_encoder {
	char type[UR_TYPE_MAX + 1];
	bool upper;
	struct bytes message;
	size_t fragment;
	size_t parts; /* after these the message has been shown once; 1: a single text, again and
			 again */
	uint32_t checksum;
	uint32_t seq; /* of the last part */
	struct fountain_sampler degrees;
};

/*
 * type: 1..UR_TYPE_MAX lower-case letters, digits and hyphens.  message: borrowed until the last
 * ur_encoder_next().  fragment_max: UR_FRAGMENT_MIN..UR_FRAGMENT_MAX bytes; a part's text has about
 * twice as many characters and 60 more.  upper: in capitals, which QR codes hold in fewer dots.
 * ERR_INPUT: type; an empty message.  ERR_FIELD_RANGE: fragment_max.  ERR_TOO_LARGE: the message
 * needs more than UR_PARTS_MAX parts.  *e is written only on ERR_OK.
 */
MUST_CHECK enum err ur_encoder_start(struct ur_encoder *e, const char *type, struct bytes message,
				     size_t fragment_max, bool upper);

/*
 * Writes the next text behind what w holds: first each fragment once, then mixes without end.
 * ERR_FULL: w has no room (UR_TEXT_MAX always is enough; nothing is lost: the same text comes
 * next), or 2^32 - 1 parts were written.
 */
MUST_CHECK enum err ur_encoder_next(struct ur_encoder *e, struct writer *w);

/* What a text was to a decoder. */
enum ur_heard {
	UR_HEARD_PART,  /* it brought the message nearer */
	UR_HEARD_AGAIN, /* nothing new: seen before, or follows from what was */
	UR_HEARD_ALL,   /* it was the last one needed: ur_decoder_message() */
	UR_HEARD_NOISE, /* no UR, or damaged: counted in `noise` */
	UR_HEARD_OTHER, /* of another message or type, or contradicts what was heard: in `others` */
	UR_HEARD_TOO_LARGE, /* of a message that the room or UR_PARTS_MAX does not hold */
	UR_HEARD_FALSE,     /* the last one needed, but the message is not that of its checksum:
			       a part was forged; all is forgotten, begin again */
};

/* Puts a message together again.  Its members may be read; about 40 KiB. */
struct ur_decoder {
	char type[UR_TYPE_MAX + 1];
	uint8_t *room;
	size_t room_n;
	bool started; /* the first part has said which message it is */
	bool complete;
	bool single;          /* it came as one text */
	size_t parts, solved; /* progress: solved of parts */
	size_t message_n, fragment;
	uint32_t checksum;
	uint32_t noise, others;
	/* row i mixes fragment i and later ones; its fragment stands at its place in room */
	struct fountain_mix rows[UR_PARTS_MAX];
	bool have[UR_PARTS_MAX];
	struct fountain_sampler degrees;
	uint8_t part[UR_TEXT_MAX / 2];
};

/*
 * type: as of ur_encoder_start(); texts of another one are UR_HEARD_OTHER.  room: the caller's,
 * until the message was used.  A message of n bytes fits if room_n is n + UR_FRAGMENT_MAX; one
 * that came as a single text if it is n.
 * ERR_INPUT: type.  *d is written only on ERR_OK.
 */
MUST_CHECK enum err ur_decoder_start(struct ur_decoder *d, const char *type, uint8_t *room,
				     size_t room_n);

/*
 * Hears one text, of either case.  The first part that is whole decides which message is
 * collected; a person who began with the wrong one starts anew.  After UR_HEARD_ALL texts of the
 * same message are UR_HEARD_AGAIN.
 */
enum ur_heard ur_decoder_take(struct ur_decoder *d, struct bytes text);

/* The message, in the room.  Only after UR_HEARD_ALL: earlier the process stops. */
struct bytes ur_decoder_message(const struct ur_decoder *d);

#endif
