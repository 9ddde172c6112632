/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_agree.h"

#include <string.h>

#include "base/check.h"

static const struct hash32 *at(const struct nem_agree_chain *c, uint64_t height)
{
	return &c->hash[height % NEM_FOLLOW_KEPT];
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void nem_agree_init(struct nem_agree *a, uint32_t n, uint32_t k)
{
	CHECK(k >= 1 && k <= n && n <= NEM_AGREE_NODES_MAX);
	memset(a, 0, sizeof *a);
	a->n = n;
	a->k = k;
}

void nem_agree_block(struct nem_agree *a, uint32_t i, uint64_t height, const struct hash32 *hash)
{
	struct nem_agree_chain *c;

	CHECK(i < a->n && height >= 1);
	c = &a->node[i];
	if (c->low == 0 || height < c->low || height > c->top + 1) {
		c->low = height;
	}
	c->top = height;
	if (c->top - c->low >= NEM_FOLLOW_KEPT) {
		c->low = c->top - NEM_FOLLOW_KEPT + 1;
	}
	c->hash[height % NEM_FOLLOW_KEPT] = *hash;
}

void nem_agree_undo(struct nem_agree *a, uint32_t i, uint64_t height)
{
	struct nem_agree_chain *c;

	CHECK(i < a->n);
	c = &a->node[i];
	if (height >= c->top) {
		return;
	}
	c->top = height;
	if (height < c->low) {
		c->low = c->top = 0;
	}
}

/* The greatest height at which both chains have one hash; 0 if none is kept. */
static uint64_t common(const struct nem_agree_chain *a, const struct nem_agree_chain *b)
{
	uint64_t low = a->low > b->low ? a->low : b->low;

	if (a->low == 0 || b->low == 0) {
		return 0;
	}
	for (uint64_t h = lower(a->top, b->top); h >= low; h--) {
		if (hash32_eq(at(a, h), at(b, h))) {
			return h;
		}
	}
	return 0;
}

uint64_t nem_agree_height(const struct nem_agree *a, uint32_t i)
{
	uint64_t best[NEM_AGREE_NODES_MAX] = { 0 }; /* the k greatest, falling */

	CHECK(i < a->n);
	for (uint32_t j = 0; j < a->n; j++) {
		uint64_t h = common(&a->node[i], &a->node[j]);

		for (uint32_t place = 0; place < a->k; place++) {
			if (h > best[place]) {
				uint64_t pushed = best[place];

				best[place] = h;
				h = pushed;
			}
		}
	}
	return best[a->k - 1];
}

uint64_t nem_agree_split(const struct nem_agree *a, uint32_t i, uint32_t j)
{
	const struct nem_agree_chain *one, *other;
	uint64_t top, low, shared;

	CHECK(i < a->n && j < a->n);
	one = &a->node[i];
	other = &a->node[j];
	top = lower(one->top, other->top);
	low = one->low > other->low ? one->low : other->low;
	if (one->low == 0 || other->low == 0 || top < low) {
		return 0;
	}
	shared = common(one, other);
	if (shared == top) {
		return 0;
	}
	return shared == 0 ? low : shared + 1;
}
