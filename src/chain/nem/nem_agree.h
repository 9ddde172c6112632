/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nem_agree.h - how far several nodes have the same chain (nem.md 6: ask two or three independent
 * nodes before crediting).  No I/O: the caller tells what each node's chain did.
 *
 * A block proves who signed it and what was signed in it, not that the network has it, nor that
 * its payers had the money: whoever runs a node can make blocks for one reader alone.  What k nodes
 * of different owners have in common is the network's, unless k of them lie together.
 *
 * Hashes are chained, so two chains that have one hash in common have everything below it in
 * common; only the newest NEM_FOLLOW_KEPT of each node are kept.
 */
#ifndef KURAMORI_CHAIN_NEM_AGREE_H
#define KURAMORI_CHAIN_NEM_AGREE_H

#include <stdint.h>

#include "base/bytes.h"
#include "chain/nem/nem_follow.h"

enum { NEM_AGREE_NODES_MAX = 8 };

struct nem_agree_chain {
	uint64_t low; /* oldest height kept; 0: nothing is kept */
	uint64_t top;
	struct hash32 hash[NEM_FOLLOW_KEPT]; /* of height h at h % NEM_FOLLOW_KEPT */
};

/* Caller's storage, about 92 KB; no pointers inside. */
struct nem_agree {
	uint32_t n;
	uint32_t k;
	struct nem_agree_chain node[NEM_AGREE_NODES_MAX];
};

/* Dies unless 1 <= k <= n <= NEM_AGREE_NODES_MAX. */
void nem_agree_init(struct nem_agree *a, uint32_t n, uint32_t k);

/*
 * Node i's chain has this block, and nothing above it (a lower height than its top undoes what
 * stood there).  A height that does not follow on what is kept begins anew with it.  Dies on
 * height 0 and on i >= n.
 */
void nem_agree_block(struct nem_agree *a, uint32_t i, uint64_t height, const struct hash32 *hash);

/* Node i's chain ends at this height now.  Nothing if it does not reach further.  Dies on i >= n.
 */
void nem_agree_undo(struct nem_agree *a, uint32_t i, uint64_t height);

/*
 * The greatest height up to which k nodes, node i one of them, have one chain; 0 if none is known.
 * Dies on i >= n.
 */
uint64_t nem_agree_height(const struct nem_agree *a, uint32_t i);

/*
 * The lowest height that is kept of both chains and at which they differ; 0 if one goes on where
 * the other ends, as far as they are kept.  Dies on i or j >= n.
 */
uint64_t nem_agree_split(const struct nem_agree *a, uint32_t i, uint32_t j);

#endif
