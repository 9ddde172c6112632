/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal: no k-1 nodes make a height agreed that the others do not have, whatever they say and in
 * whatever order.  Method: cases by hand, then a model that keeps whole chains and compares.
 */
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "chain/nem/nem_agree.h"
#include "t.h"

static struct nem_agree a;

static struct hash32 name(uint64_t height, unsigned branch)
{
	struct hash32 h = { { 0 } };

	memcpy(h.b, &height, sizeof height);
	h.b[31] = (uint8_t)branch;
	return h;
}

static void block(uint32_t node, uint64_t height, unsigned branch)
{
	struct hash32 h = name(height, branch);

	nem_agree_block(&a, node, height, &h);
}

static void blocks(uint32_t node, uint64_t from, uint64_t to, unsigned branch)
{
	for (uint64_t h = from; h <= to; h++) {
		block(node, h, branch);
	}
}

static void one_alone(void)
{
	nem_agree_init(&a, 3, 2);
	T_EQ(nem_agree_height(&a, 0), 0);
	blocks(0, 1, 500, 0);
	T_EQ(nem_agree_height(&a, 0), 0);
	/* The others catch up from far below: nothing until they are within what is kept. */
	blocks(1, 1, 139, 0);
	T_EQ(nem_agree_height(&a, 0), 0);
	block(1, 140, 0);
	T_EQ(nem_agree_height(&a, 0), 140);
	blocks(1, 141, 600, 0);
	T_EQ(nem_agree_height(&a, 0), 500);
	T_EQ(nem_agree_height(&a, 1), 500);
	T_EQ(nem_agree_height(&a, 2), 0);
	nem_agree_init(&a, 1, 1);
	blocks(0, 1, 7, 0);
	T_EQ(nem_agree_height(&a, 0), 7);
}

/* A liar follows the chain, then goes his own way: in the lead, and beside it. */
static void a_liar(void)
{
	for (uint32_t liar = 0; liar < 3; liar++) {
		uint32_t honest = liar == 0 ? 1 : 0, other = 3 - liar - honest;

		nem_agree_init(&a, 3, 2);
		for (uint32_t i = 0; i < 3; i++) {
			blocks(i, 1, 100, 0);
		}
		blocks(liar, 101, 110, 1);
		T_EQ(nem_agree_height(&a, liar), 100);
		T_EQ(nem_agree_height(&a, honest), 100);
		T_EQ(nem_agree_split(&a, liar, honest), 0); /* he may be ahead */
		blocks(honest, 101, 105, 0);
		T_EQ(nem_agree_height(&a, honest), 100);
		T_EQ(nem_agree_split(&a, liar, honest), 101);
		T_EQ(nem_agree_split(&a, honest, liar), 101);
		blocks(other, 101, 104, 0);
		T_EQ(nem_agree_height(&a, honest), 104);
		T_EQ(nem_agree_height(&a, liar), 100);
		T_EQ(nem_agree_split(&a, honest, other), 0);
		/* He comes back. */
		blocks(liar, 101, 105, 0);
		T_EQ(nem_agree_height(&a, liar), 105);
		T_EQ(nem_agree_split(&a, liar, honest), 0);
	}
}

static void undone(void)
{
	nem_agree_init(&a, 2, 2);
	blocks(0, 1, 50, 0);
	blocks(1, 1, 50, 0);
	nem_agree_undo(&a, 0, 60);
	nem_agree_undo(&a, 0, 50);
	T_EQ(nem_agree_height(&a, 0), 50);
	nem_agree_undo(&a, 0, 45);
	T_EQ(nem_agree_height(&a, 0), 45);
	/* What was there before does not come back by itself. */
	block(0, 46, 1);
	T_EQ(nem_agree_height(&a, 0), 45);
	block(0, 47, 0);
	T_EQ(nem_agree_height(&a, 0), 47); /* a real hash would not let that be */
	nem_agree_undo(&a, 0, 0);
	T_EQ(nem_agree_height(&a, 0), 0);
	T_EQ(nem_agree_height(&a, 1), 0);
	/* A gap begins anew: what is not known is not agreed. */
	block(0, 48, 0);
	T_EQ(nem_agree_height(&a, 0), 48);
	nem_agree_undo(&a, 0, 47);
	T_EQ(nem_agree_height(&a, 0), 0);
	T_EQ(nem_agree_split(&a, 0, 1), 0);
}

/* Nothing in common within what is kept: told from the lowest both keep. */
static void long_ago(void)
{
	nem_agree_init(&a, 2, 1);
	block(0, 1, 0);
	block(1, 1, 0);
	blocks(0, 2, 1000, 0);
	blocks(1, 2, 900, 1);
	T_EQ(nem_agree_split(&a, 0, 1), 640);
	T_EQ(nem_agree_height(&a, 0), 1000); /* one suffices */
	blocks(1, 901, 1400, 1);
	T_EQ(nem_agree_split(&a, 0, 1), 0); /* nothing of both is kept */
}

/* ---- the model ---- */

enum { LONG = 1200, NODES = 5 };

static unsigned chain[NODES][LONG + 1]; /* branch of each height */
static uint64_t top[NODES];

static uint64_t same(uint32_t i, uint32_t j)
{
	uint64_t h = 0;

	while (h < top[i] && h < top[j] && chain[i][h + 1] == chain[j][h + 1]) {
		h++;
	}
	return h;
}

static uint64_t agreed(uint32_t i, uint32_t k)
{
	uint64_t best = 0;

	for (uint64_t h = top[i]; h > best; h--) {
		uint32_t count = 0;

		for (uint32_t j = 0; j < NODES; j++) {
			count += same(i, j) >= h;
		}
		best = count >= k ? h : best;
	}
	return best;
}

static void grow(uint32_t i, unsigned branch)
{
	uint64_t h = top[i] + 1;
	struct hash32 hash;

	chain[i][h] = branch;
	top[i] = h;
	/* The name of a block depends on all below it, as a hash does. */
	hash = name(h, 0);
	for (uint64_t below = h > 60 ? h - 60 : 1; below <= h; below++) {
		hash.b[8 + below % 20] =
		    (uint8_t)(hash.b[8 + below % 20] * 3 + chain[i][below] + 1);
	}
	nem_agree_block(&a, i, h, &hash);
}

static void by_a_model(void)
{
	for (unsigned round = 0; round < 20; round++) {
		uint32_t k = 1 + (uint32_t)t_below(NODES);

		nem_agree_init(&a, NODES, k);
		memset(top, 0, sizeof top);
		for (uint32_t i = 0; i < NODES; i++) {
			grow(i, 0);
		}
		for (unsigned step = 0; step < 1500; step++) {
			uint32_t i = (uint32_t)t_below(NODES), j = (uint32_t)t_below(NODES);
			uint64_t shared = same(i, j);
			unsigned what = (unsigned)t_below(20);

			if (what == 0 && top[i] - 1 > 0) {
				uint64_t back = (unsigned)t_below(20);

				top[i] = top[i] > back + 1 ? top[i] - back : 1;
				nem_agree_undo(&a, i, top[i]);
			} else if (what < 3 && top[i] < LONG) {
				grow(i, 1 + (unsigned)t_below(3));
			} else if (what < 18 && shared < top[j] && shared + 40 > top[i]) {
				/* i takes a few blocks of j's chain, undoing its own by the way */
				uint64_t want = shared + 1 + (unsigned)t_below(4);

				top[i] = shared;
				while (top[i] < want && top[i] < top[j]) {
					grow(i, chain[j][top[i] + 1]);
				}
			} else if (top[i] < LONG) {
				grow(i, 0);
			}
			T_EQ(nem_agree_height(&a, i), agreed(i, k));
			shared = same(i, j);
			T_EQ(nem_agree_split(&a, i, j),
			     shared == top[i] || shared == top[j] ? 0 : shared + 1);
		}
	}
}

static void no_nodes(void)
{
	nem_agree_init(&a, 0, 0);
}

static void nobody(void)
{
	nem_agree_init(&a, 3, 0);
}

static void more_than_all(void)
{
	nem_agree_init(&a, 3, 4);
}

static void too_many(void)
{
	nem_agree_init(&a, NEM_AGREE_NODES_MAX + 1, 1);
}

static void a_stranger(void)
{
	nem_agree_init(&a, 2, 1);
	block(2, 1, 0);
}

static void a_strangers_height(void)
{
	nem_agree_init(&a, 2, 1);
	(void)nem_agree_height(&a, 2);
}

static void height_zero(void)
{
	nem_agree_init(&a, 2, 1);
	block(0, 0, 0);
}

static void our_own_mistakes_die(void)
{
	void (*const mistakes[])(void) = { no_nodes,   nobody,     more_than_all,
					   too_many,   a_stranger, a_strangers_height,
					   height_zero };

	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		T_CHECK(t_dies(SIGABRT, mistakes[i]));
	}
}

int main(int argc, char **argv)
{
	static const struct t_case cases[] = {
		{ "one alone is not believed", one_alone },
		{ "a liar", a_liar },
		{ "undone", undone },
		{ "a split long ago", long_ago },
		{ "by a model", by_a_model },
		{ "our own mistakes die", our_own_mistakes_die },
	};

	return t_main(cases, ARRAY_LEN(cases), argc, argv);
}
