/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_follow.h - following the chain block by block (nem.md 6): the last 361 heights and hashes,
 * and what a new block means for them.  No I/O: the caller fetches what nem_follow_want() names.
 *
 * Every block is believed only as far as it proves itself: bytes canonical, hash computed here,
 * height and predecessor, time, harvester's signature and every signature inside.
 */
#ifndef KURAMORI_CHAIN_NEM_FOLLOW_H
#define KURAMORI_CHAIN_NEM_FOLLOW_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "chain/nem/nem_block.h"

/* A node never undoes more than 360 blocks, so the 361st is final. */
enum { NEM_FOLLOW_KEPT = 361, NEM_FOLLOW_REWRITE_MAX = 360 };

struct nem_follow_at {
	uint64_t height;
	uint32_t time_nem_s;
	struct hash32 hash;
};

/* Caller's storage, about 17 KB; no pointers inside, so it may be copied and stored. */
struct nem_follow {
	uint8_t network;
	uint32_t n;    /* kept, 1..NEM_FOLLOW_KEPT */
	uint32_t tip;  /* index of the newest in at[] */
	uint64_t want; /* height to ask for next */
	struct nem_follow_at at[NEM_FOLLOW_KEPT];
};

enum nem_follow_kind {
	NEM_FOLLOW_EXTENDS = 1,   /* it is the new tip: apply it */
	NEM_FOLLOW_DUPLICATE = 2, /* it stands in the chain already: nothing to do */
	NEM_FOLLOW_FORK = 3,      /* undo every block above `ancestor`, then apply this one */
	NEM_FOLLOW_ASK = 4,       /* it does not connect: fetch the block at `ask` */
};

struct nem_follow_verdict {
	enum nem_follow_kind kind;
	struct hash32 hash;            /* of the block that was given */
	struct nem_follow_at ancestor; /* FORK: the newest common block */
	uint32_t undone;               /* FORK: how many blocks are undone, 0..360 */
	uint64_t ask;                  /* ASK */
};

/* Starts after a block that is known by other means (height 1 with the nemesis hash, or a stored
 * tip).  Dies on an unknown network or height 0. */
void nem_follow_init(struct nem_follow *f, uint8_t network, const struct nem_follow_at *start);

/* A block that was judged before (a stored one), in its place right behind the tip, becomes the
 * tip. Dies on another height. */
void nem_follow_known(struct nem_follow *f, const struct nem_follow_at *at);

/* The newest block. */
const struct nem_follow_at *nem_follow_tip(const struct nem_follow *f);

/* The block kept at this height, or NULL (too old, or not there yet). */
const struct nem_follow_at *nem_follow_find(const struct nem_follow *f, uint64_t height);

/* The height to fetch next: one above the tip, or a height below it while a fork is traced. */
uint64_t nem_follow_want(const struct nem_follow *f);

/*
 * The caller's node has no block at nem_follow_want() (its chain is shorter): ask below.
 * Only needed while its height is below our tip; want then becomes node_height.
 */
void nem_follow_node_height(struct nem_follow *f, uint64_t node_height);

/*
 * Judges the signed form of a block and, on EXTENDS and FORK, makes it the tip.
 * ERR_STATE: it would undo more than 360 blocks, or more than is kept: a person must look.
 * ERR_SIGNATURE, ERR_CLOCK (time not after its predecessor's), ERR_MISMATCH (height does not fit
 * its predecessor), and the errors of nem_block_decode().  f is unchanged on error. *block (may be
 * NULL) is the decoded view of raw.
 */
MUST_CHECK enum err nem_follow_offer(struct nem_follow *f, struct nem_follow_verdict *verdict,
				     struct nem_block *block, struct bytes raw);

#endif
