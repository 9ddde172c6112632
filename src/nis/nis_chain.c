/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis_chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_time.h"
#include "nis/nis_asset.h"
#include "nis/nis_conflict.h"
#include "nis/nis_execute.h"

/* ---- hashes ---- */

void nis_chain_parts(struct nis_parts *out, const struct nem_tx *tx)
{
	*out = (struct nis_parts){ .n = 1 };
	nem_tx_hash(&out->hash[0], tx);
	out->timestamp_s[0] = tx->head.time_nem_s;
	if (tx->type != NEM_MULTISIG) {
		return;
	}
	nem_tx_hash_inner(&out->hash[1], &tx->multisig.inner);
	out->timestamp_s[1] = tx->multisig.inner.head.time_nem_s;
	out->has_inner = true;
	out->n = 2;
	for (unsigned i = 0; i < tx->multisig.n; i++) {
		struct nem_tx cosignature;

		nem_tx_from_attached(&cosignature, &tx->multisig.cosignature[i]);
		nem_tx_hash(&out->hash[out->n], &cosignature);
		out->timestamp_s[out->n] = cosignature.head.time_nem_s;
		out->n++;
	}
}

void nis_chain_decode(const struct nis *n, struct bytes verifiable, struct nem_tx *out)
{
	CHECK(nem_tx_decode(out, n->network, verifiable, NEM_SIGNED) == ERR_OK);
}

static struct nis_keys records(const struct nis *n)
{
	return (struct nis_keys){ .first = n->record,
				  .stride = sizeof n->record[0],
				  .bytes = sizeof n->record[0].hash };
}

static_assert(offsetof(struct nis_record, hash) == 0, "a record begins with its key");

uint32_t nis_chain_record(const struct nis *n, const struct hash32 *hash)
{
	return nis_index_find(&n->record_of, records(n), hash->b);
}

const struct hash32 *nis_chain_inner(const struct nis *n, size_t row)
{
	size_t second = (size_t)n->row[row].record + 1;

	/* The inner transaction's record follows the wrapper's; a plain one's stands alone. */
	return second < n->record_n && n->record[second].row == row ? &n->record[second].hash
								    : NULL;
}

/*
 * NIS forgets what is older than the retention when it executes a block, counting from the
 * timestamp of the transaction (N:cache/DefaultHashCache.java prune).  Here nothing is erased, so
 * that a rollback remembers again: it is only not seen.
 */
static bool retained(const struct nis *n, const struct nis_record *r)
{
	uint32_t top_s = n->link[n->link_n - 1].time_s;

	return n->retention_s == 0 || (uint64_t)r->timestamp_s + n->retention_s >= top_s;
}

bool nis_chain_retained(const struct nis *n, const struct hash32 *hash)
{
	uint32_t at = nis_chain_record(n, hash);

	return at != NIS_MAP_NONE && retained(n, &n->record[at]);
}

/* ---- judging ---- */

/* ---- who harvests for whom (N:state/RemoteLinks.java, cache/DefaultAccountStateCache.java) ----
 */

uint32_t nis_chain_beneficiary(const struct nis *n, const struct key32 *harvester, uint64_t height)
{
	uint32_t account = nis_state_find_key(&n->state, harvester);
	struct nis_remote link = nis_asset_remote(&n->scratch, account);
	enum nis_remote_status status = nis_asset_remote_status(&link, height);

	return status == NIS_REMOTE_ACTIVE || status == NIS_REMOTE_DEACTIVATING ? link.partner
										: account;
}

bool nis_chain_may_harvest(const struct nis *n, const struct key32 *harvester)
{
	struct nis_remote link =
	    nis_asset_remote(&n->scratch, nis_state_find_key(&n->state, harvester));

	switch (nis_asset_remote_status(&link, nis_state_height(&n->scratch))) {
	case NIS_REMOTE_NOT_SET:
	case NIS_REMOTE_OWNER_ACTIVATING:
	case NIS_REMOTE_OWNER_INACTIVE:
	case NIS_REMOTE_DEACTIVATING:
	case NIS_REMOTE_ACTIVE:
		return true;
	case NIS_REMOTE_OWNER_ACTIVE:
	case NIS_REMOTE_OWNER_DEACTIVATING:
	case NIS_REMOTE_ACTIVATING:
	case NIS_REMOTE_INACTIVE:
		return false;
	}
	return false;
}

/* ---- importance, difficulty, hits ---- */

uint64_t nis_chain_difficulty(const struct nis *n, uint64_t height)
{
	uint64_t difficulty[NIS_DIFFICULTY_BLOCKS];
	uint32_t time_s[NIS_DIFFICULTY_BLOCKS];
	size_t many = height < NIS_DIFFICULTY_BLOCKS ? (size_t)height : NIS_DIFFICULTY_BLOCKS;

	CHECK(height >= 1 && height <= n->link_n);
	for (size_t i = 0; i < many; i++) {
		const struct nis_link *l = &n->link[height - many + i];

		difficulty[i] = l->difficulty;
		time_s[i] = l->time_s;
	}
	return nis_score_difficulty(difficulty, time_s, many);
}

uint64_t nis_chain_harvest_xem(const struct nis *n, uint32_t account,
			       const struct nis_holding *holding)
{
	uint64_t xem = holding->balance / 1000000;

	return account == n->nemesis_account || xem < NIS_HARVEST_MIN_XEM ? 0 : xem;
}

uint64_t nis_chain_importance(const struct nis *n, uint32_t account)
{
	uint64_t xem;

	if (account == NIS_MAP_NONE || n->harvest_xem == 0) {
		return 0;
	}
	xem = nis_chain_harvest_xem(n, account, &n->state.holding[account]);
	return (uint64_t)((u128)xem * NIS_IMPORTANCE_WHOLE / n->harvest_xem);
}

uint32_t nis_harvest_from(const struct nis *n, const struct key32 *harvester)
{
	const struct nis_link *top = &n->link[n->link_n - 1];
	const struct key32 *key = harvester != NULL ? harvester : &n->harvester.public_key;
	struct hash32 generation;
	uint32_t wait = 1;

	if (!nis_chain_may_harvest(n, key) || key32_eq(key, &n->nemesis)) {
		return NIS_NEVER;
	}
	if (n->must_hit) {
		uint32_t account = nis_chain_beneficiary(n, key, n->link_n + 1);

		nis_score_generation(&generation, &top->generation, key);
		wait = nis_score_wait(nis_score_hit(&generation), nis_chain_importance(n, account),
				      nis_chain_difficulty(n, n->link_n));
	}
	return wait > NEM_TIME_MAX_S - top->time_s ? NIS_NEVER : top->time_s + wait;
}

/* Keeps the sum: `undo` holds what the accounts were before a block, n->state what they are. */
static void weigh(struct nis *n, const struct nis_undo *undo, bool back)
{
	for (size_t i = 0; i < undo->n; i++) {
		uint32_t account = undo->account[i].account;
		uint64_t before = nis_chain_harvest_xem(n, account, &undo->account[i].holding);
		uint64_t after = nis_chain_harvest_xem(n, account, &n->state.holding[account]);

		n->harvest_xem += back ? before : after;
		n->harvest_xem -= back ? after : before;
	}
}

static bool is_harvesters(const struct nis *n, const struct key32 *signer,
			  const struct key32 *harvester, uint32_t owner)
{
	return key32_eq(signer, harvester) ||
	       (owner != NIS_MAP_NONE && nis_state_find_key(&n->state, signer) == owner);
}

bool nis_chain_signed_by(const struct nis *n, const struct nem_tx *tx,
			 const struct key32 *harvester)
{
	return is_harvesters(n, &tx->head.signer, harvester,
			     nis_chain_beneficiary(n, harvester, nis_state_height(&n->scratch)));
}

static bool rebuilt_otherwise(const struct nis *n, const struct nem_header *h)
{
	return key32_eq(&h->signer, &n->nemesis) && h->fee_micro != 0;
}

bool nis_chain_verifies(const struct nis *n, const struct nem_tx *tx)
{
	bool otherwise = rebuilt_otherwise(n, &tx->head);

	if (tx->type == NEM_MULTISIG) {
		otherwise = otherwise || rebuilt_otherwise(n, &tx->multisig.inner.head);
		for (unsigned i = 0; i < tx->multisig.n; i++) {
			otherwise =
			    otherwise || rebuilt_otherwise(n, &tx->multisig.cosignature[i].head);
		}
	}
	return !otherwise && nem_tx_verify(tx) == ERR_OK;
}

enum nem_result nis_chain_fits(struct nis *n, const struct nem_tx *tx, uint32_t now_s)
{
	struct nis_judge j = { .state = &n->state,
			       .view = &n->scratch,
			       .nemesis = &n->nemesis,
			       .place = NIS_JUDGE_BLOCK,
			       .now_s = now_s };

	if (tx->type == NEM_COSIGNATURE) {
		/* It travels inside its wrapper only (nem.md 2.8). */
		return NEM_FAILURE_MULTISIG_NO_MATCHING_MULTISIG;
	}
	return nis_judge_transaction(&j, tx, NULL);
}

/* What is asked before anything is carried out (N:BlockChainValidator.java). */
static enum nem_result judge_head(const struct nis *n, const struct nem_block *block,
				  bool made_here)
{
	const struct nis_link *top = &n->link[n->link_n - 1];
	const struct nem_block_head *h = &block->head;

	if (h->height != n->link_n + 1) {
		return NEM_FAILURE_BLOCK_UNEXPECTED_HEIGHT;
	}
	if (h->type != NEM_BLOCK_NORMAL || !hash32_eq(&h->previous, &top->hash) ||
	    h->time_nem_s <= top->time_s) {
		return NEM_FAILURE_CHAIN_INVALID;
	}
	if (!made_here && nem_block_verify(block) != ERR_OK) {
		return NEM_FAILURE_BLOCK_UNVERIFIABLE;
	}
	if (n->must_hit && h->time_nem_s < nis_harvest_from(n, &h->harvester)) {
		return NEM_FAILURE_BLOCK_NOT_HIT;
	}
	return NEM_SUCCESS;
}

/* Repeats within the block. */
static bool repeats(struct nis_map *seen, const struct nis_parts *parts)
{
	for (unsigned i = 0; i < parts->n; i++) {
		if (nis_map_get(seen, &parts->hash[i], NULL)) {
			return true;
		}
		nis_map_put(seen, &parts->hash[i], 0);
	}
	return false;
}

/* What a block is asked when all of it was carried out. */
struct whole {
	bool expired, own; /* a transaction is past its deadline, the harvester's */
	bool known;        /* the chain still remembers a transaction, or what is in a wrapper */
	enum nem_result conflict;
};

static void note(const struct nis *n, struct whole *w, const struct nem_block *block,
		 const struct nem_tx *tx, const struct nis_parts *parts,
		 struct nis_conflict *conflict)
{
	bool planted = (n->planted & NIS_PLANT_SKIP_DUPLICATE) != 0;
	enum nem_result code = nis_conflict_add(conflict, tx);

	w->expired = w->expired || tx->head.deadline_nem_s < block->head.time_nem_s;
	w->own = w->own || nis_chain_signed_by(n, tx, &block->head.harvester);
	for (unsigned i = 0; i < (planted ? 1 : parts->n); i++) {
		w->known = w->known || nis_chain_retained(n, &parts->hash[i]);
	}
	if (w->conflict == NEM_SUCCESS || code == NEM_FAILURE_CONFLICTING_MULTISIG_MODIFICATION) {
		w->conflict = code;
	}
}

/* N:validators/BlockValidatorFactory.java, in its order. */
static enum nem_result judge_whole(const struct nis *n, const struct nem_block *block,
				   const struct whole *w, uint32_t now_s)
{
	const struct nem_block_head *h = &block->head;

	if ((uint64_t)h->time_nem_s > (uint64_t)now_s + NEM_TIME_FUTURE_MAX_S) {
		return NEM_FAILURE_TIMESTAMP_TOO_FAR_IN_FUTURE;
	}
	if (w->expired) {
		return NEM_FAILURE_PAST_DEADLINE;
	}
	if (key32_eq(&h->harvester, &n->nemesis)) {
		return NEM_FAILURE_CANNOT_HARVEST_FROM_BLOCKED_ACCOUNT;
	}
	if (!nis_chain_may_harvest(n, &h->harvester)) {
		return NEM_FAILURE_INELIGIBLE_BLOCK_SIGNER;
	}
	if (block->weight > NEM_BLOCK_WEIGHT_MAX) {
		return NEM_FAILURE_TOO_MANY_TRANSACTIONS;
	}
	if (w->own) {
		return NEM_FAILURE_SELF_SIGNED_TRANSACTION;
	}
	if (w->known) {
		return NEM_NEUTRAL;
	}
	return w->conflict;
}

/* All transactions, each on the state that the ones before it left; then the block as a whole. */
static enum nem_result judge_body(struct nis *n, const struct nem_block *block, uint32_t now_s,
				  bool made_here, uint64_t *fees)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct nis_map seen = { 0 };
	struct nis_conflict conflict = { .seen = { 0 } };
	struct whole whole = { .conflict = NEM_SUCCESS };
	enum nem_result code = NEM_SUCCESS;
	struct nem_tx tx;

	*fees = 0;
	while (code == NEM_SUCCESS && nem_block_walk_decode(&walk, &tx)) {
		struct nis_parts parts;

		nis_chain_parts(&parts, &tx);
		if (repeats(&seen, &parts)) {
			code = NEM_FAILURE_TRANSACTION_DUPLICATE_IN_CHAIN;
		}
		if (code == NEM_SUCCESS && !made_here && !nis_chain_verifies(n, &tx)) {
			code = NEM_FAILURE_TRANSACTION_UNVERIFIABLE;
		}
		if (code == NEM_SUCCESS) {
			code = nis_chain_fits(n, &tx, now_s);
		}
		if (code == NEM_SUCCESS) {
			note(n, &whole, block, &tx, &parts, &conflict);
			*fees += nis_execute(&n->scratch, &n->state, &tx);
		}
	}
	nis_map_free(&seen);
	nis_conflict_free(&conflict);
	return code == NEM_SUCCESS ? judge_whole(n, block, &whole, now_s) : code;
}

enum nem_result nis_chain_judge(struct nis *n, const struct nem_block *block,
				struct bytes verifiable, uint32_t now_s, bool made_here)
{
	enum nem_result code;
	uint64_t fees = 0;

	nis_state_view_clear(&n->scratch);
	code = judge_head(n, block, made_here);
	if (code == NEM_SUCCESS) {
		code = judge_body(n, block, now_s, made_here, &fees);
	}
	if (code != NEM_SUCCESS) {
		nis_state_view_clear(&n->scratch);
		return code;
	}
	nis_chain_append(n, block, verifiable, fees);
	return NEM_SUCCESS;
}

/* ---- appending ---- */

static void post(struct nis *n, uint32_t account, uint32_t row, unsigned flags)
{
	n->head = nis_map_room_zero(n->head, &n->cap_head, (size_t)account + 1, sizeof n->head[0]);
	if (n->head[account] != 0 && n->posting[n->head[account] - 1].row == row) {
		n->posting[n->head[account] - 1].flags |= flags & NIS_POSTING_ALL;
		return;
	}
	n->posting =
	    nis_map_room(n->posting, &n->cap_posting, n->posting_n + 1, sizeof n->posting[0]);
	CHECK(n->posting_n + 1 < NIS_MAP_NONE && account <= NIS_POSTING_ACCOUNT_MAX);
	n->posting[n->posting_n++] =
	    (struct nis_posting){ .row = row,
				  .before =
				      n->head[account] == 0 ? NIS_MAP_NONE : n->head[account] - 1,
				  .account = account & NIS_POSTING_ACCOUNT_MAX,
				  .flags = flags & NIS_POSTING_ALL };
	n->head[account] = (uint32_t)n->posting_n;
}

static void post_body(struct nis *n, uint32_t row, enum nem_type type, const union nem_body *body)
{
	switch (type) {
	case NEM_TRANSFER:
		post(n, nis_state_number(&n->state, &body->transfer.recipient), row,
		     NIS_POSTING_IN);
		return;
	case NEM_IMPORTANCE:
		post(n, nis_state_number_of_key(&n->state, &body->importance.remote), row,
		     NIS_POSTING_IN);
		return;
	case NEM_MODIFICATION:
		for (unsigned i = 0; i < body->modification.n; i++) {
			const struct key32 *key = &body->modification.entry[i].cosigner;

			post(n, nis_state_number_of_key(&n->state, key), row, NIS_POSTING_IN);
		}
		return;
	case NEM_NAMESPACE:
		post(n, nis_state_number(&n->state, &body->provision.sink), row, NIS_POSTING_IN);
		return;
	case NEM_DEFINITION: /* definitions and supplies never come in (nem.md 5.2.1) */
	case NEM_SUPPLY:
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		return;
	}
}

/* Whose lists a transaction stands in (nem.md 5.2.1).  The confirmed state is the one before the
 * block. */
static void post_all(struct nis *n, uint32_t row, const struct nem_tx *tx)
{
	post(n, nis_state_number_of_key(&n->state, &tx->head.signer), row, NIS_POSTING_OUT);
	if (tx->type == NEM_MULTISIG) {
		const struct nem_inner *inner = &tx->multisig.inner;
		uint32_t account = nis_state_number_of_key(&n->state, &inner->head.signer);
		const struct nem_multisig *control = n->state.holding[account].control;

		post(n, account, row, NIS_POSTING_OUT);
		for (unsigned i = 0; control != NULL && i < control->n; i++) {
			post(n, nis_state_number(&n->state, &control->cosigner[i]), row,
			     NIS_POSTING_OUT);
		}
		post_body(n, row, inner->type, &inner->body);
	} else {
		post_body(n, row, tx->type, &tx->body);
	}
}

static void add_row(struct nis *n, uint64_t height, size_t offset, size_t bytes_n,
		    const struct nem_tx *tx)
{
	struct nis_parts parts;
	uint32_t row = (uint32_t)n->row_n;

	CHECK(n->row_n < NIS_MAP_NONE && n->record_n < NIS_MAP_NONE && height < NIS_MAP_NONE &&
	      offset + bytes_n <= NEM_BLOCK_BYTES_MAX);
	nis_chain_parts(&parts, tx);
	n->row = nis_map_room(n->row, &n->cap_row, n->row_n + 1, sizeof n->row[0]);
	n->row[n->row_n++] = (struct nis_row){ .id = n->next_id++,
					       .height = (uint32_t)height,
					       .offset = (uint32_t)offset,
					       .bytes_n = (uint32_t)bytes_n,
					       .record = (uint32_t)n->record_n };
	for (unsigned i = 0; i < parts.n; i++) {
		uint32_t before = nis_chain_record(n, &parts.hash[i]);

		n->record =
		    nis_map_room(n->record, &n->cap_record, n->record_n + 1, sizeof n->record[0]);
		n->record[n->record_n] = (struct nis_record){ .hash = parts.hash[i],
							      .timestamp_s = parts.timestamp_s[i],
							      .row = row,
							      .before = before };
		nis_index_put(&n->record_of, records(n), (uint32_t)n->record_n);
		n->record_n++;
	}
	post_all(n, row, tx);
}

static uint32_t give_fees(struct nis *n, const struct key32 *harvester, uint64_t fees)
{
	uint32_t signer = nis_state_number_of_key(&n->state, harvester);
	uint32_t owner = nis_chain_beneficiary(n, harvester, nis_state_height(&n->scratch));
	struct nis_holding *h = nis_state_edit(&n->scratch, signer);

	h->key_known = true;
	nis_state_keep_key(&n->state, signer, harvester);
	h = nis_state_edit(&n->scratch, owner);
	CHECK(!__builtin_add_overflow(h->balance, fees, &h->balance));
	h->harvested++;
	return owner;
}

/* Difficulty, score and generation of a block whose hash and time are known. */
static void rate(const struct nis *n, struct nis_link *l)
{
	const struct nis_link *before = n->link_n == 0 ? NULL : &n->link[n->link_n - 1];

	if (before == NULL) {
		l->difficulty = NIS_DIFFICULTY_START;
		l->generation = l->hash;
		return;
	}
	l->difficulty = nis_chain_difficulty(n, n->link_n);
	l->score = before->score + l->difficulty - (l->time_s - before->time_s);
	nis_score_generation(&l->generation, &before->generation, &l->harvester);
}

void nis_chain_append(struct nis *n, const struct nem_block *block, struct bytes verifiable,
		      uint64_t fees)
{
	struct nem_block_walk walk = nem_block_walk_make(block);
	struct nis_link l = { .bytes_n = verifiable.n,
			      .time_s = block->head.time_nem_s,
			      .harvester = block->head.harvester,
			      .fees = fees,
			      .transactions = block->n,
			      .weight = block->weight,
			      .first_row = n->row_n,
			      .first_record = n->record_n,
			      .first_posting = n->posting_n };
	struct bytes one;

	l.bytes = nis_map_alloc(verifiable.n);
	memcpy(l.bytes, verifiable.p, verifiable.n);
	nem_block_hash(&l.hash, block);
	while (nem_block_walk_next(&walk, &one)) {
		struct nem_tx tx;

		nis_chain_decode(n, one, &tx);
		add_row(n, block->head.height, (size_t)(one.p - verifiable.p), one.n, &tx);
	}
	if (block->head.height > 1) {
		l.beneficiary = give_fees(n, &block->head.harvester, fees);
	}
	rate(n, &l);
	nis_state_commit(&n->state, &n->scratch, &l.undo);
	weigh(n, &l.undo, false);
	n->state.height = block->head.height;
	n->link = nis_map_room(n->link, &n->cap_link, n->link_n + 1, sizeof n->link[0]);
	n->link[n->link_n++] = l;
	CHECK(n->link_n == block->head.height);
}

void nis_chain_settle(struct nis *n)
{
	for (size_t i = n->link_n > n->undo_blocks ? n->link_n - n->undo_blocks : 0;
	     i > 0 && n->link[i - 1].undo.account != NULL; i--) {
		nis_state_undo_free(&n->link[i - 1].undo);
	}
}

void nis_chain_undo(struct nis *n)
{
	struct nis_link *l;

	CHECK(n->link_n > 1);
	l = &n->link[n->link_n - 1];
	CHECK(l->undo.account != NULL);
	weigh(n, &l->undo, true);
	nis_state_undo(&n->state, &l->undo);
	while (n->record_n > l->first_record) {
		const struct nis_record *r = &n->record[--n->record_n];

		if (r->before == NIS_MAP_NONE) {
			nis_index_remove(&n->record_of, records(n), r->hash.b);
		} else {
			nis_index_put(&n->record_of, records(n), r->before);
		}
	}
	while (n->posting_n > l->first_posting) {
		const struct nis_posting *p = &n->posting[--n->posting_n];

		n->head[p->account] = p->before == NIS_MAP_NONE ? 0 : p->before + 1;
	}
	n->row_n = l->first_row;
	nis_state_undo_free(&l->undo);
	free(l->bytes);
	*l = (struct nis_link){ 0 };
	n->link_n--;
	n->state.height = n->link_n;
}
