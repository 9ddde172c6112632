/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nis_score.h - how hard a block is, whether somebody hit, and what a chain is worth (nem.md 6;
 * N:BlockScorer.java, BlockDifficultyScorer.java, C:model/primitive/BlockDifficulty.java).
 *
 * Numbers in, numbers out: integers only, so that every node of a network finds the same.
 */
#ifndef KURAMORI_NIS_NIS_SCORE_H
#define KURAMORI_NIS_NIS_SCORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

enum {
	NIS_DIFFICULTY_BLOCKS = 60, /* that many look back */
	NIS_BLOCK_TARGET_S = 60,    /* seconds between two blocks that the difficulty aims at */
	NIS_HARVEST_MIN_XEM = 10000,
};

#define NIS_DIFFICULTY_START UINT64_C(100000000000000)
#define NIS_DIFFICULTY_MIN   UINT64_C(10000000000000)
#define NIS_DIFFICULTY_MAX   UINT64_C(1000000000000000)
/* What all importance together is: NIS multiplies the share by the whole XEM of its supply. */
#define NIS_IMPORTANCE_WHOLE UINT64_C(8999999999)

/*
 * The difficulty of the next block from those of the last n (1..NIS_DIFFICULTY_BLOCKS) and their
 * times, oldest first, rising: mean difficulty * 60 * (n - 1) / seconds, at most 5 % away from the
 * last one, then clamped.  NIS_DIFFICULTY_START if n < 2.
 */
uint64_t nis_score_difficulty(const uint64_t *difficulty, const uint32_t *time_s, size_t n);

/* K256(generation of the block before, harvester's public key). */
void nis_score_generation(struct hash32 *out, const struct hash32 *before,
			  const struct key32 *harvester);

/*
 * floor(2^54 * |ln(generation / 2^256)|) as NIS computes it: the hash rounded to the 53 bits of a
 * double first, the logarithm rounded to 53 bits last.  Between those two roundings more than 110
 * bits are exact, so the answer is NIS's wherever Java's Math.log rounds correctly, and one unit in
 * the last place beside it elsewhere.  2^63 - 1 for a hash of zeros.
 */
uint64_t nis_score_hit(const struct hash32 *generation);

/*
 * floor(elapsed * importance * 2^64 / difficulty), or 2^64 - 1 if that is more: a block is allowed
 * if its hit is less.  importance: 0..NIS_IMPORTANCE_WHOLE; difficulty in its range.
 */
uint64_t nis_score_target(uint32_t elapsed_s, uint64_t importance, uint64_t difficulty);

/* The least elapsed seconds (from 1) with hit < target; UINT32_MAX if there are none. */
uint32_t nis_score_wait(uint64_t hit, uint64_t importance, uint64_t difficulty);

#endif
