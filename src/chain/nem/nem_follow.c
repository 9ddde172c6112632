/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_follow.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_network.h"

static_assert((int)NEM_FOLLOW_KEPT == NEM_FOLLOW_REWRITE_MAX + 1, "the ancestor is kept too");

void nem_follow_init(struct nem_follow *f, uint8_t network, const struct nem_follow_at *start)
{
	CHECK(nem_network_known(network) && start->height >= 1);
	memset(f, 0, sizeof *f);
	f->network = network;
	f->n = 1;
	f->tip = 0;
	f->at[0] = *start;
	f->want = start->height + 1;
}

const struct nem_follow_at *nem_follow_tip(const struct nem_follow *f)
{
	return &f->at[f->tip];
}

const struct nem_follow_at *nem_follow_find(const struct nem_follow *f, uint64_t height)
{
	uint64_t newest = f->at[f->tip].height;
	uint64_t below;

	if (height > newest) {
		return NULL;
	}
	below = newest - height;
	if (below >= f->n) {
		return NULL;
	}
	return &f->at[(f->tip + NEM_FOLLOW_KEPT - below) % NEM_FOLLOW_KEPT];
}

uint64_t nem_follow_want(const struct nem_follow *f)
{
	return f->want;
}

void nem_follow_node_height(struct nem_follow *f, uint64_t node_height)
{
	if (node_height >= 1 && node_height < f->want) {
		f->want = node_height <= nem_follow_tip(f)->height ? node_height : f->want;
	}
}

static void push(struct nem_follow *f, const struct nem_follow_at *at)
{
	f->tip = (f->tip + 1) % NEM_FOLLOW_KEPT;
	f->at[f->tip] = *at;
	if (f->n < NEM_FOLLOW_KEPT) {
		f->n++;
	}
	f->want = at->height + 1;
}

void nem_follow_known(struct nem_follow *f, const struct nem_follow_at *at)
{
	CHECK(at->height == nem_follow_tip(f)->height + 1);
	push(f, at);
}

static void pop(struct nem_follow *f, uint64_t n)
{
	CHECK(n < f->n);
	f->tip = (uint32_t)((f->tip + NEM_FOLLOW_KEPT - n) % NEM_FOLLOW_KEPT);
	f->n -= (uint32_t)n;
}

/* Connects the block to what is kept; f is changed only when it becomes the tip. */
static enum err connect(struct nem_follow *f, struct nem_follow_verdict *v,
			const struct nem_block_head *head)
{
	const struct nem_follow_at *tip = nem_follow_tip(f);
	const struct nem_follow_at *same = nem_follow_find(f, head->height);
	const struct nem_follow_at *parent = nem_follow_find(f, head->height - 1);
	struct nem_follow_at at = { .height = head->height,
				    .time_nem_s = head->time_nem_s,
				    .hash = v->hash };

	if (head->height > tip->height + 1) {
		v->kind = NEM_FOLLOW_ASK;
		v->ask = tip->height + 1;
		f->want = v->ask;
		return ERR_OK;
	}
	if (same != NULL && hash32_eq(&same->hash, &v->hash)) {
		v->kind = NEM_FOLLOW_DUPLICATE;
		/* The chains agree up to here: what differs, if anything, lies above. */
		f->want = head->height + 1;
		return ERR_OK;
	}
	if (parent == NULL) {
		/* Older than anything that may be undone. */
		return ERR_STATE;
	}
	if (!hash32_eq(&parent->hash, &head->previous)) {
		if (nem_follow_find(f, head->height - 2) == NULL) {
			return ERR_STATE;
		}
		v->kind = NEM_FOLLOW_ASK;
		v->ask = head->height - 1;
		f->want = v->ask;
		return ERR_OK;
	}
	if (head->time_nem_s <= parent->time_nem_s) {
		return ERR_CLOCK;
	}
	v->ancestor = *parent;
	v->undone = (uint32_t)(tip->height - parent->height);
	if (v->undone > 0) {
		v->kind = NEM_FOLLOW_FORK;
		pop(f, v->undone);
	} else {
		v->kind = NEM_FOLLOW_EXTENDS;
	}
	push(f, &at);
	return ERR_OK;
}

enum err nem_follow_offer(struct nem_follow *f, struct nem_follow_verdict *verdict,
			  struct nem_block *block, struct bytes raw)
{
	struct nem_follow_verdict v;
	struct nem_block b;
	enum err e = nem_block_decode(&b, f->network, raw);

	if (e != ERR_OK) {
		return e;
	}
	e = nem_block_verify_all(&b);
	if (e != ERR_OK) {
		return e;
	}
	memset(&v, 0, sizeof v);
	nem_block_hash(&v.hash, &b);
	e = connect(f, &v, &b.head);
	if (e != ERR_OK) {
		return e;
	}
	*verdict = v;
	if (block != NULL) {
		*block = b;
	}
	return ERR_OK;
}
