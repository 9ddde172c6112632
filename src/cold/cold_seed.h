/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold_seed.h - a cold key out of the kernel's randomness and a person's dice.
 *
 * Neither alone is believed: a bad kernel is made up for by a hundred rolls (each is worth 2.58
 * bits), badly rolled dice by the kernel.  Only in a drill the dice alone decide, so that a second
 * machine can make the same key again; it is another key than any real one.
 */
#ifndef KURAMORI_COLD_COLD_SEED_H
#define KURAMORI_COLD_COLD_SEED_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "cold/cold.h"
#include "policy/policy.h"

enum {
	COLD_DICE_MIN = 100, /* 258 bits */
	COLD_DICE_MAX = 1000,
	COLD_ENTROPY_BYTES = 32,
	COLD_PASSPHRASE_MIN = 20, /* characters: six short words and what stands between them */
	COLD_PASSPHRASE_DIFFERENT = 8,
};

/*
 * rolls: the digits 1 to 6, nothing else.  Refuses what nobody rolled: ERR_FIELD_RANGE how many;
 * ERR_INPUT another character; ERR_POLICY a pattern that repeats (with a period up to a quarter of
 * the length: 111..., 123456...), or counts of faces that honest dice show less than once in ten
 * thousand times (chi-square with 5 degrees of freedom above 26).  A rough test: it finds a typist
 * who did not roll, not a bad die.
 */
struct policy_verdict cold_dice_check(struct bytes rolls);

/*
 * A new passphrase of a key file, UTF-8.  Refuses what nobody should seal a key under, whatever
 * Argon2id costs: ERR_FIELD_RANGE fewer characters than COLD_PASSPHRASE_MIN; ERR_POLICY fewer
 * different bytes than COLD_PASSPHRASE_DIFFERENT; how many there were is not said.  It finds the
 * short and the idle one, not the one that stands in a book: that is the second person's business.
 * Not asked of a practice key.
 */
struct policy_verdict cold_passphrase_check(struct bytes text);

/*
 * SHA-256 of "kuramori cold key v1" LF, the kernel's COLD_ENTROPY_BYTES, and the rolls; in a drill
 * (kernel NULL) of "kuramori cold drill v1" LF and the rolls.  rolls passed cold_dice_check().
 * The caller wipes out.
 */
void cold_seed_make(uint8_t out[COLD_KEY_BYTES], const uint8_t *kernel, struct bytes rolls);

#endif
