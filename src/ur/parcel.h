/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parcel.h - what travels in one animation: documents, and complete transactions for a node
 * (docs/ur.md).
 *
 *   message = [ SHA-256("kuramori parcel v1" LF documents announcements),
 *               documents: [ bytes, ... ], announcements: [ bytes, ... ] ]      (CBOR, shortest
 * form)
 *
 * CRC-32 alone binds the parts of a UR, and whoever mixes parts of his own into somebody's
 * animation can make it fit.  The digest cannot be made to fit: what comes out is whole what one
 * sender packed, or nothing.  Who that was it does not say; what stands inside is judged by who
 * opens it.  Pure, without allocation.
 */
#ifndef KURAMORI_UR_PARCEL_H
#define KURAMORI_UR_PARCEL_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "ur/ur.h"

/* The type of its UR. */
#define PARCEL_TYPE "kuramori"

enum {
	PARCEL_ITEMS_MAX = 64,         /* of either kind */
	PARCEL_BYTES_MAX = 256 * 1024, /* of a message; larger ones travel as files */
	PARCEL_SIGNATURE_BYTES = 64,
	PARCEL_MARK_BYTES = 20, /* of a mark: "1a2b 3c4d 5e6f 7081" and NUL */
};

struct parcel {
	size_t document_count, announcement_count;
	struct bytes documents[PARCEL_ITEMS_MAX];
	struct bytes announcements[PARCEL_ITEMS_MAX]; /* signature, then the transaction's bytes */
	struct hash32 digest;
};

/*
 * Writes the message of p's items and its digest into p.
 * ERR_INPUT: no item at all, or an empty one.  ERR_TOO_LARGE: more than PARCEL_ITEMS_MAX of a kind,
 * PARCEL_BYTES_MAX, or no room in w, which is undefined then.
 */
MUST_CHECK enum err parcel_close(struct writer *w, struct parcel *p);

/*
 * Reads a message; items are views into it.
 * ERR_INPUT: not of this form, an empty item, bytes left over.  ERR_MISMATCH: the digest is that of
 * other items.  ERR_TOO_LARGE: more items or bytes than a parcel has.  *out is written only on
 * ERR_OK.
 */
MUST_CHECK enum err parcel_open(struct parcel *out, struct bytes message);

/* The first 8 bytes of the digest in hex, in groups: for the eye, on both sides of a road. */
void parcel_mark(char out[PARCEL_MARK_BYTES], const struct parcel *p);

/* One animation that texts were heard of. */
struct parcel_candidate {
	struct ur_decoder decoder; /* progress: solved of parts */
	uint32_t heard;            /* texts that were of it */
	uint32_t forgotten;        /* and such that led to a false whole before */
	struct parcel parcel;      /* when it is whole */
	uint8_t room[PARCEL_BYTES_MAX + UR_FRAGMENT_MAX];
};

enum { PARCEL_CANDIDATES = 4 };

/*
 * Puts a parcel together from texts.  Several animations are followed side by side, so that a
 * stray picture before the right ones costs nothing; the one is taken that is whole and of which
 * the most texts were.  Its members may be read; about 1.2 MiB.
 */
struct parcel_reader {
	struct parcel_candidate all[PARCEL_CANDIDATES];
	size_t lead;        /* of which the most texts were */
	bool complete;      /* it is whole: parcel */
	uint32_t parts;     /* texts that were parts of some animation, or of another type */
	uint32_t noise;     /* refused: no UR, or damaged */
	uint32_t too_large; /* refused: of what no parcel is, or longer than any text */
	uint32_t forged;    /* times that one was whole, and not what was packed */
	struct parcel parcel;
};

void parcel_reader_start(struct parcel_reader *r);

/*
 * Hears one text: blanks and a carriage return around it are ignored.  As ur_decoder_take(), but:
 * UR_HEARD_ALL once the leading animation is whole and its digest is right; UR_HEARD_FALSE when one
 * was whole and not what was packed: what was heard of it is forgotten; UR_HEARD_OTHER for a text
 * of another type, or the first of another animation.  After UR_HEARD_ALL nothing more is heard.
 */
enum ur_heard parcel_reader_take(struct parcel_reader *r, struct bytes text);

/* The leading animation, for progress. */
const struct parcel_candidate *parcel_reader_lead(const struct parcel_reader *r);

/* How many texts were of other animations than the leading one. */
uint32_t parcel_reader_others(const struct parcel_reader *r);

/* How many texts were refused: noise, others, too_large; and forged. */
uint32_t parcel_reader_refused(const struct parcel_reader *r);

#endif
