/* SPDX-License-Identifier: Apache-2.0 */
/* Going back, and choosing between branches (nem.md 6; N:sync/BlockChainUpdateContext.java). */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "nis/nis_execute.h"
#include "nis/nis_pool.h"

/* Blocks and ids of ours that were undone: what it takes to do them again, and their transactions.
 */
struct undone {
	uint8_t *bytes; /* of all blocks, one behind the other */
	struct bytes *block;
	size_t n; /* blocks */
	struct bytes *transaction;
	uint64_t *id;
	size_t rows;
	uint64_t next_id;
};

static void undone_free(struct undone *u)
{
	free(u->bytes);
	free(u->block);
	free(u->transaction);
	free(u->id);
}

/* Undoes every block above height, oldest first in *u: what depends on something follows it. */
static void undo_above(struct nis *n, uint64_t height, struct undone *u)
{
	size_t first_row = height == n->link_n ? n->row_n : n->link[height].first_row;
	size_t total = 0, at = 0;

	for (size_t i = height; i < n->link_n; i++) {
		total += n->link[i].bytes_n;
	}
	*u = (struct undone){ .n = n->link_n - height,
			      .rows = n->row_n - first_row,
			      .next_id = n->next_id };
	u->bytes = nis_map_alloc(total + 1);
	u->block = nis_map_alloc((u->n + 1) * sizeof u->block[0]);
	u->transaction = nis_map_alloc((u->rows + 1) * sizeof u->transaction[0]);
	u->id = nis_map_alloc((u->rows + 1) * sizeof u->id[0]);
	for (size_t i = 0; i < u->n; i++) {
		const struct nis_link *l = &n->link[height + i];

		memcpy(u->bytes + at, l->bytes, l->bytes_n);
		u->block[i] = bytes_of(u->bytes + at, l->bytes_n);
		at += l->bytes_n;
	}
	for (size_t i = 0; i < u->rows; i++) {
		const struct nis_row *row = &n->row[first_row + i];

		u->id[i] = row->id;
		u->transaction[i] =
		    bytes_of(u->block[row->height - 1 - height].p + row->offset, row->bytes_n);
	}
	while (n->link_n > height) {
		nis_chain_undo(n);
	}
}

/* Does them again on the same state: nothing is judged, and every id is what it was. */
static void redo(struct nis *n, const struct undone *u)
{
	size_t first_row = n->row_n;

	for (size_t i = 0; i < u->n; i++) {
		struct nem_block block;
		struct nem_block_walk walk;
		struct nem_tx tx;
		uint64_t fees = 0;

		CHECK(nem_block_decode(&block, n->network, u->block[i]) == ERR_OK);
		walk = nem_block_walk_make(&block);
		nis_state_view_clear(&n->scratch);
		while (nem_block_walk_decode(&walk, &tx)) {
			fees += nis_execute(&n->scratch, &n->state, &tx);
		}
		nis_chain_append(n, &block, u->block[i], fees);
	}
	CHECK(n->row_n - first_row == u->rows);
	for (size_t i = 0; i < u->rows; i++) {
		n->row[first_row + i].id = u->id[i];
	}
	n->next_id = u->next_id;
}

/* Every pool on the new state, with what was undone. */
static void give_back(struct nis *n, const struct undone *u, uint32_t now_s)
{
	for (unsigned i = 0; i < n->pools; i++) {
		nis_pool_reset(n, &n->pool[i], now_s, u->transaction, u->rows);
	}
}

/* Block height + 1 and all above it can be undone. */
static bool can_undo(const struct nis *n, uint64_t height)
{
	return height == n->link_n || n->link[height].undo.account != NULL;
}

enum err nis_roll_back(struct nis *n, uint64_t height, uint32_t now_s)
{
	struct undone u;

	if (height < 1 || height > n->link_n) {
		return ERR_FIELD_RANGE;
	}
	if (!can_undo(n, height)) {
		return ERR_STATE;
	}
	undo_above(n, height, &u);
	give_back(n, &u, now_s);
	undone_free(&u);
	return ERR_OK;
}

/* ---- branches ---- */

/*
 * What the headers say, before anything is undone: heights, hashes and times that follow, and a
 * score that beats ours.  A difficulty needs times only, so no lie about a score is possible.
 */
static enum nem_result judge_heads(const struct nis *n, const struct nem_block *block, size_t count)
{
	uint64_t common = block[0].head.height - 1;
	uint64_t difficulty[NIS_DIFFICULTY_BLOCKS + NIS_BRANCH_MAX];
	uint32_t time_s[NIS_DIFFICULTY_BLOCKS + NIS_BRANCH_MAX];
	struct hash32 previous = n->link[common - 1].hash;
	size_t own = common < NIS_DIFFICULTY_BLOCKS ? (size_t)common : NIS_DIFFICULTY_BLOCKS;
	u128 score = n->link[common - 1].score;

	for (size_t i = 0; i < own; i++) {
		difficulty[i] = n->link[common - own + i].difficulty;
		time_s[i] = n->link[common - own + i].time_s;
	}
	for (size_t i = 0; i < count; i++) {
		const struct nem_block_head *h = &block[i].head;
		size_t at = own + i;
		size_t many = at < NIS_DIFFICULTY_BLOCKS ? at : NIS_DIFFICULTY_BLOCKS;

		if (h->height != common + 1 + i) {
			return NEM_FAILURE_BLOCK_UNEXPECTED_HEIGHT;
		}
		if (!hash32_eq(&h->previous, &previous) || h->time_nem_s <= time_s[at - 1]) {
			return NEM_FAILURE_CHAIN_INVALID;
		}
		time_s[at] = h->time_nem_s;
		difficulty[at] =
		    nis_score_difficulty(difficulty + at - many, time_s + at - many, many);
		score += difficulty[at] - (time_s[at] - time_s[at - 1]);
		nem_block_hash(&previous, &block[i]);
	}
	return score > n->link[n->link_n - 1].score ? NEM_SUCCESS : NEM_NEUTRAL;
}

static enum nem_result try_branch(struct nis *n, const struct nem_block *block,
				  const struct bytes *bytes, size_t count, uint32_t now_s)
{
	uint64_t common = block[0].head.height - 1;
	enum nem_result code = NEM_SUCCESS;
	struct undone u;

	undo_above(n, common, &u);
	for (size_t i = 0; i < count && code == NEM_SUCCESS; i++) {
		code = nis_chain_judge(n, &block[i], bytes[i], now_s, false);
	}
	if (code == NEM_SUCCESS) {
		nis_chain_settle(n);
		give_back(n, &u, now_s);
	} else {
		while (n->link_n > common) {
			nis_chain_undo(n);
		}
		redo(n, &u);
	}
	undone_free(&u);
	return code;
}

enum err nis_adopt(struct nis *n, const struct bytes *blocks, size_t count, uint32_t now_s,
		   enum nem_result *code)
{
	struct nem_block *block;
	enum err e = ERR_OK;
	uint64_t first;

	if (count == 0) {
		return ERR_INPUT;
	}
	if (count > NIS_BRANCH_MAX) {
		*code = NEM_FAILURE_MAX_CHAIN_SIZE_EXCEEDED;
		return ERR_OK;
	}
	block = nis_map_alloc(count * sizeof block[0]);
	for (size_t i = 0; i < count && e == ERR_OK; i++) {
		e = nem_block_decode(&block[i], n->network, blocks[i]);
	}
	if (e != ERR_OK) {
		free(block);
		return e == ERR_TYPE || e == ERR_ADDRESS ? e : ERR_INPUT;
	}
	first = block[0].head.height;
	if (first < 2 || first - 1 > n->link_n) {
		*code = NEM_FAILURE_BLOCK_UNEXPECTED_HEIGHT;
	} else if (!can_undo(n, first - 1)) {
		*code = NEM_FAILURE_CHAIN_INVALID;
	} else {
		*code = judge_heads(n, block, count);
	}
	if (*code == NEM_SUCCESS) {
		*code = try_branch(n, block, blocks, count, now_s);
	}
	free(block);
	return ERR_OK;
}
