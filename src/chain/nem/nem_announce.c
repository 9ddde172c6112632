/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/nem/nem_announce.h"

#include <string.h>

#include "base/check.h"

enum err nem_announce_init(struct nem_announce *a, const struct nem_tx *tx, uint32_t n,
			   uint64_t agreed_height)
{
	struct writer w;
	struct nem_announce made;

	CHECK(n >= 1 && n <= NEM_NODES_MAX);
	memset(&made, 0, sizeof made);
	w = writer_make(made.form, sizeof made.form);
	nem_tx_encode(&w, tx, NEM_SIGNING);
	if (w.bad) {
		return ERR_TOO_LARGE;
	}
	made.form_bytes = (uint32_t)w.n;
	nem_tx_hash(&made.hash, tx);
	made.deadline_nem_s = tx->head.deadline_nem_s;
	made.n = n;
	made.scanned = agreed_height;
	*a = made;
	return ERR_OK;
}

bool nem_announce_is(const struct nem_announce *a, const struct nem_tx *tx)
{
	uint8_t form[NEM_ANNOUNCE_BYTES_MAX];
	struct writer w = writer_make(form, sizeof form);

	if (nem_tx_check(tx) != ERR_OK) {
		return false; /* it came from outside: no reason to die */
	}
	nem_tx_encode(&w, tx, NEM_SIGNING);
	return !w.bad && bytes_eq(bytes_of(form, w.n), bytes_of(a->form, a->form_bytes));
}

enum err nem_announce_result(struct nem_announce *a, uint32_t i, enum nem_result result,
			     const struct hash32 *hash)
{
	CHECK(i < a->n);
	if (hash != NULL && !hash32_eq(hash, &a->hash)) {
		return ERR_MISMATCH;
	}
	a->said[i] = true;
	a->result[i] = result;
	return ERR_OK;
}

enum err nem_announce_block(struct nem_announce *a, const struct nem_block *block)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct nem_tx tx;
	bool found = false;

	if (block->head.height == 0 || block->head.height - 1 != a->scanned) {
		return ERR_STATE;
	}
	while (nem_block_walk_decode(&walk, &tx)) {
		if (!nem_announce_is(a, &tx)) {
			continue;
		}
		if (found || a->in_height != 0) {
			return ERR_ONCE;
		}
		if (block->head.time_nem_s > a->deadline_nem_s) {
			return ERR_CLOCK;
		}
		found = true;
	}
	a->scanned = block->head.height;
	if (found) {
		a->in_height = a->scanned;
	}
	if (a->past_height == 0 && block->head.time_nem_s > a->deadline_nem_s) {
		a->past_height = a->scanned;
	}
	return ERR_OK;
}

enum err nem_announce_undo(struct nem_announce *a, uint64_t ancestor_height)
{
	if (ancestor_height >= a->scanned) {
		return ERR_OK;
	}
	if (a->scanned - ancestor_height > NEM_FOLLOW_REWRITE_MAX) {
		return ERR_STATE;
	}
	a->scanned = ancestor_height;
	if (a->in_height > ancestor_height) {
		a->in_height = 0;
	}
	if (a->past_height > ancestor_height) {
		a->past_height = 0;
	}
	return ERR_OK;
}

enum nem_announce_state nem_announce_state(const struct nem_announce *a)
{
	enum nem_announce_state best = NEM_ANNOUNCE_OPEN;

	if (a->in_height != 0) {
		return a->scanned - a->in_height >= NEM_FOLLOW_REWRITE_MAX ? NEM_ANNOUNCE_BURIED
									   : NEM_ANNOUNCE_CONFIRMED;
	}
	if (a->past_height != 0) {
		return a->scanned - a->past_height >= NEM_FOLLOW_REWRITE_MAX ? NEM_ANNOUNCE_DEAD
									     : NEM_ANNOUNCE_EXPIRED;
	}
	for (uint32_t i = 0; i < a->n; i++) {
		if (a->said[i] && (a->result[i] == NEM_SUCCESS || a->result[i] == NEM_NEUTRAL)) {
			best = NEM_ANNOUNCE_ACCEPTED;
		}
	}
	return best;
}
