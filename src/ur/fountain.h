/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fountain.h - which fragments of a message a part mixes (BCR-2020-005, BCR-2024-001).
 *
 * The first `parts` parts are the fragments themselves.  Every later one is several of them, XORed;
 * which, both sides compute from its number and the message's checksum alone.  The specification
 * computes this in floating point, and both sides must agree to the last bit: this file and its .c
 * hold all of it, in IEEE 754 doubles without extended precision and without contraction (checked
 * when compiled).  It has nothing to do with money.
 */
#ifndef KURAMORI_UR_FOUNTAIN_H
#define KURAMORI_UR_FOUNTAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { FOUNTAIN_PARTS_MAX = 512, FOUNTAIN_WORDS = FOUNTAIN_PARTS_MAX / 64 };

/* Xoshiro256**.  No source of secrets. */
struct fountain_random {
	uint64_t s[4];
};

/* Seeded by SHA-256 of these bytes, four big-endian numbers. */
void fountain_seed(struct fountain_random *r, struct bytes seed);
uint64_t fountain_next(struct fountain_random *r);

/*
 * A number below n, 1 <= n <= 2^32: the next one as a fraction of 2^64, times n.  A fraction that
 * rounds to one (once in 2^54) gives n - 1; the specification's code then leaves its table.
 */
uint64_t fountain_below(struct fountain_random *r, uint64_t n);

/* Draws numbers by their weights: the alias method of Walker and Vose. */
struct fountain_sampler {
	size_t n;
	double chance[FOUNTAIN_PARTS_MAX]; /* that a place stands for itself */
	uint16_t alias[FOUNTAIN_PARTS_MAX];
};

/* n weights above 0, 1 <= n <= FOUNTAIN_PARTS_MAX; otherwise the process stops. */
void fountain_sampler_make(struct fountain_sampler *s, const double *weights, size_t n);
size_t fountain_sample(const struct fountain_sampler *s, struct fountain_random *r);

/* How many fragments a part of a message of n fragments mixes: one less often by weights 1 / i. */
void fountain_degrees_make(struct fountain_sampler *s, size_t n);

/* Bit i % 64 of word i / 64: fragment i is in the part. */
struct fountain_mix {
	uint64_t bits[FOUNTAIN_WORDS];
};

/*
 * What part number `seq` (1 or more) of a message of s->n fragments and this checksum mixes.  s was
 * made by fountain_degrees_make().
 */
void fountain_choose(struct fountain_mix *out, const struct fountain_sampler *s, uint32_t seq,
		     uint32_t checksum);

/*
 * Bytes of a fragment: the message (n > 0 bytes) in as few equal ones as keep them at most `max`
 * (1 or more), but not below `min` (1 or more) as long as one is.
 */
size_t fountain_fragment(size_t n, size_t min, size_t max);

#endif
