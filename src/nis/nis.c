/* SPDX-License-Identifier: Apache-2.0 */
#include "nis/nis.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_time.h"
#include "crypto/crypto.h"
#include "crypto/keccak.h"
#include "nis/nis_chain.h"
#include "nis/nis_conflict.h"
#include "nis/nis_execute.h"
#include "nis/nis_pool.h"

/* ---- opening ---- */

static enum err check_config(const struct nis_config *c, const struct nis_nemesis *nemesis)
{
	uint64_t total = 0;

	if (!nem_network_known(c->network)) {
		return ERR_NETWORK;
	}
	if (c->pools < 1 || c->pools > NIS_POOLS_MAX || c->undo_blocks > NIS_UNDO_MAX ||
	    nemesis->time_s > NEM_TIME_MAX_S - NEM_TIME_DEADLINE_MAX_S) {
		return ERR_FIELD_RANGE;
	}
	if (nemesis->n > NEM_BLOCK_NEMESIS_MAX) {
		return ERR_FULL;
	}
	for (size_t i = 0; i < nemesis->n; i++) {
		const struct nis_grant *g = &nemesis->grants[i];

		if (g->amount == 0) {
			return ERR_FIELD_RANGE;
		}
		if (__builtin_add_overflow(total, g->amount, &total) || total > NEM_SUPPLY_MICRO) {
			return ERR_OVERFLOW;
		}
		if (nem_address_network(&g->to) != c->network) {
			return ERR_ADDRESS;
		}
	}
	if (crypto_eq(c->harvester, nemesis->key, sizeof nemesis->key)) {
		return ERR_KEY;
	}
	return ERR_OK;
}

/* One grant.  Equal grants need different hashes, so the deadlines count them. */
static enum err grant_build(struct nem_tx *tx, const struct nis *n, const struct edk_secret *key,
			    const struct nis_nemesis *nemesis, size_t i)
{
	*tx = (struct nem_tx){ .type = NEM_TRANSFER };
	tx->head.network = n->network;
	tx->head.version = 1;
	tx->head.time_nem_s = nemesis->time_s;
	tx->head.deadline_nem_s = nemesis->time_s + 3600 + (uint32_t)i;
	tx->head.signer = key->public_key;
	tx->transfer.recipient = nemesis->grants[i].to;
	tx->transfer.amount_micro = nemesis->grants[i].amount;
	return nem_tx_sign(tx, key);
}

static enum err make_nemesis(struct nis *n, const struct nis_nemesis *nemesis)
{
	struct edk_secret key;
	struct nem_block_build build;
	struct nem_block_head head = { .type = NEM_BLOCK_NEMESIS,
				       .network = n->network,
				       .time_nem_s = nemesis->time_s,
				       .height = 1 };
	struct nem_block block;
	struct bytes verifiable;
	enum err e;

	edk_secret_from_nem(&key, nemesis->key);
	n->nemesis = key.public_key;
	head.harvester = key.public_key;
	e = nem_block_build_start(&build, n->buffer, NEM_BLOCK_BYTES_MAX, &head);
	if (e != ERR_OK) {
		goto out;
	}
	{
		uint32_t rich = nis_state_number_of_key(&n->state, &n->nemesis);
		struct nis_holding *h = nis_state_edit(&n->scratch, rich);

		h->balance = NEM_SUPPLY_MICRO;
		n->nemesis_account = rich;
	}
	for (size_t i = 0; i < nemesis->n; i++) {
		struct nem_tx tx;

		e = grant_build(&tx, n, &key, nemesis, i);
		if (e == ERR_OK) {
			e = nem_block_build_add(&build, &tx);
		}
		if (e != ERR_OK) {
			goto out;
		}
		(void)nis_execute(&n->scratch, &n->state, &tx); /* the fee is 0 */
	}
	e = nem_block_build_sign(&build, &key, &verifiable);
	if (e == ERR_OK) {
		e = nem_block_decode(&block, n->network, verifiable);
	}
	if (e == ERR_OK) {
		nis_chain_append(n, &block, verifiable, 0);
	}
out:
	edk_secret_wipe(&key);
	return e;
}

enum err nis_open(struct nis **out, const struct nis_config *config,
		  const struct nis_nemesis *nemesis)
{
	struct nis *n;
	enum err e = check_config(config, nemesis);

	if (e != ERR_OK) {
		return e;
	}
	n = nis_map_alloc(sizeof *n);
	*n = (struct nis){ .network = config->network,
			   .pools = config->pools,
			   .retention_s = config->retention_s,
			   .undo_blocks = config->undo_blocks,
			   .result_cache = config->result_cache,
			   .spam_filter = config->spam_filter,
			   .must_hit = config->must_hit,
			   .planted = config->planted,
			   .next_id = 1 };
	if (n->undo_blocks == 0) {
		n->undo_blocks = NIS_UNDO_MAX;
	}
	edk_secret_from_nem(&n->harvester, config->harvester);
	n->buffer = nis_map_alloc(NEM_BLOCK_BYTES_MAX);
	nis_state_init(&n->state, n->network);
	nis_state_view_init(&n->scratch, &n->state);
	for (unsigned i = 0; i < n->pools; i++) {
		nis_pool_init(n, &n->pool[i]);
	}
	e = make_nemesis(n, nemesis);
	if (e != ERR_OK) {
		nis_close(n);
		return e;
	}
	*out = n;
	return ERR_OK;
}

void nis_close(struct nis *n)
{
	if (n == NULL) {
		return;
	}
	for (unsigned i = 0; i < n->pools; i++) {
		nis_pool_free(&n->pool[i]);
	}
	for (size_t i = 0; i < n->link_n; i++) {
		free(n->link[i].bytes);
		nis_state_undo_free(&n->link[i].undo);
	}
	free(n->link);
	free(n->row);
	free(n->record);
	free(n->posting);
	free(n->head);
	free(n->buffer);
	nis_index_free(&n->record_of);
	nis_state_view_free(&n->scratch);
	nis_state_free(&n->state);
	edk_secret_wipe(&n->harvester);
	free(n);
}

void nis_set_retention(struct nis *n, uint32_t seconds, uint32_t now_s)
{
	n->retention_s = seconds;
	for (unsigned i = 0; i < n->pools; i++) {
		nis_pool_reset(n, &n->pool[i], now_s, NULL, 0);
	}
}

void nis_set_result_cache(struct nis *n, bool on)
{
	n->result_cache = on;
	for (unsigned i = 0; !on && i < n->pools; i++) {
		nis_map_clear(&n->pool[i].results);
	}
}

/* ---- announcing ---- */

/*
 * Whether the version fields of a transaction and its inner name this network: if they do, it is an
 * address that does not.
 */
static bool versions_fit(const struct nis *n, struct bytes raw, enum nem_form form)
{
	const size_t header = form == NEM_SIGNING ? 60 : 128, network_at = 7; /* nem.md 2.2 */

	if (raw.n <= network_at || raw.p[network_at] != n->network) {
		return false;
	}
	return nem_tx_peek_type(raw) != NEM_MULTISIG || raw.n <= header + 4 + network_at ||
	       raw.p[header + 4 + network_at] == n->network;
}

/* Of a transfer that is too large somewhere: its message is not (nem.md 2.4). */
static bool message_fits(struct bytes raw, enum nem_form form)
{
	size_t head = form == NEM_SIGNING ? 60 : 128;
	size_t at = nem_tx_peek_type(raw) == NEM_MULTISIG ? head + 4 + 60 : head;
	size_t bytes_at = at + 44 + 8; /* behind recipient and amount: the field's length */

	return raw.n >= bytes_at + 4 && le32_get(raw.p + bytes_at) <= 8 + NEM_MESSAGE_MAX;
}

/*
 * What NIS answers where our decoder refuses: it parses more leniently and its validators speak
 * afterwards.  True if there is such a code; the bytes are no transaction for either otherwise.
 */
static bool decode_verdict(enum err e, struct bytes raw, enum nem_form form, enum nem_result *code)
{
	uint32_t type = nem_tx_peek_type(raw);
	uint32_t inner =
	    type == NEM_MULTISIG && form == NEM_SIGNING ? nem_tx_peek_inner_type(raw) : 0;
	uint32_t what = inner != 0 ? inner : type;

	if (e == ERR_NETWORK) {
		*code = NEM_FAILURE_WRONG_NETWORK;
	} else if (e == ERR_TYPE && (inner == NEM_MULTISIG || inner == NEM_COSIGNATURE)) {
		*code = NEM_FAILURE_MULTISIG_NOT_A_COSIGNER;
	} else if (e == ERR_VERSION) {
		*code = NEM_FAILURE_ENTITY_INVALID_VERSION;
	} else if (e == ERR_NOT_CANONICAL) {
		*code = NEM_FAILURE_SIGNATURE_NOT_VERIFIABLE;
	} else if (e == ERR_TOO_LARGE && what == NEM_TRANSFER && raw.n <= NEM_TX_BYTES_MAX) {
		*code = message_fits(raw, form) ? NEM_FAILURE_TOO_MANY_MOSAIC_TRANSFERS
						: NEM_FAILURE_MESSAGE_TOO_LARGE;
	} else if (e == ERR_TOO_LARGE && what == NEM_MODIFICATION && raw.n <= NEM_TX_BYTES_MAX) {
		*code = NEM_FAILURE_TOO_MANY_MULTISIG_COSIGNERS;
	} else if (e == ERR_FIELD_RANGE && what == NEM_MODIFICATION) {
		*code = NEM_FAILURE_MULTISIG_MODIFICATION_REDUNDANT_MODIFICATIONS;
	} else {
		return false;
	}
	return true;
}

static const char *decode_words(enum err e)
{
	if (e == ERR_ADDRESS) {
		return "an address in the transaction is not valid on this network";
	}
	if (e == ERR_TYPE) {
		return "unknown transaction type";
	}
	if (e == ERR_TOO_LARGE) {
		return "the transaction is too large";
	}
	if (e == ERR_MISMATCH) {
		return "an attached cosignature is for another transaction";
	}
	return "the bytes are no transaction";
}

static void answer(struct nis_answer *out, const struct nis_parts *parts, enum nem_result code)
{
	*out = (struct nis_answer){ .code = code,
				    .hash = parts->hash[0],
				    .has_inner = parts->has_inner };
	if (parts->has_inner) {
		out->inner = parts->hash[1];
	}
}

static enum err take(struct nis *n, struct nis_pool *p, const struct nem_tx *tx, uint32_t now_s,
		     bool whole, struct nis_answer *out, const char **why)
{
	struct nis_thrown thrown;
	struct nis_parts parts;
	enum nem_result code;

	nis_chain_parts(&parts, tx);
	if (n->result_cache && nis_pool_remembered(p, &parts.hash[0], now_s, &code)) {
		answer(out, &parts, code == NEM_SUCCESS ? NEM_NEUTRAL : code);
		return ERR_OK;
	}
	code = nis_pool_add(n, p, tx, &parts, now_s, whole, &thrown);
	if (thrown.why != NULL) {
		if (why != NULL) {
			*why = thrown.why;
		}
		if (thrown.unknown == NULL) {
			return ERR_INPUT;
		}
		out->unknown = *thrown.unknown;
		return ERR_ASSET;
	}
	if (n->result_cache) {
		nis_pool_remember(p, &parts.hash[0], now_s, code);
	}
	answer(out, &parts, code);
	return ERR_OK;
}

static enum err decode(struct nis *n, struct nem_tx *tx, struct bytes raw, enum nem_form form,
		       struct nis_answer *out, bool *done, const char **why)
{
	enum err e = nem_tx_decode(tx, n->network, raw, form);
	enum nem_result code;

	*done = false;
	if (e == ERR_OK) {
		return ERR_OK;
	}
	if (e == ERR_NETWORK && versions_fit(n, raw, form)) {
		e = ERR_ADDRESS;
	}
	if (decode_verdict(e, raw, form, &code)) {
		struct nis_parts parts = { .n = 1 };

		/* The name of what was sent; NIS would name what it rebuilt from it. */
		keccak256(&parts.hash[0], raw);
		answer(out, &parts, code);
		*done = true;
		return ERR_OK;
	}
	if (why != NULL) {
		*why = decode_words(e);
	}
	return e == ERR_ADDRESS || e == ERR_TYPE || e == ERR_TOO_LARGE ? e : ERR_INPUT;
}

enum err nis_announce(struct nis *n, unsigned pool, struct bytes data,
		      const struct sig64 *signature, uint32_t now_s, struct nis_answer *out,
		      const char **why)
{
	struct nem_tx tx;
	bool done;
	enum err e;

	CHECK(pool < n->pools);
	e = decode(n, &tx, data, NEM_SIGNING, out, &done, why);
	if (e != ERR_OK || done) {
		return e;
	}
	tx.signature = *signature;
	return take(n, &n->pool[pool], &tx, now_s, false, out, why);
}

enum err nis_push(struct nis *n, unsigned pool, struct bytes verifiable, uint32_t now_s,
		  struct nis_answer *out, const char **why)
{
	struct nem_tx tx;
	bool done;
	enum err e;

	CHECK(pool < n->pools);
	e = decode(n, &tx, verifiable, NEM_SIGNED, out, &done, why);
	if (e != ERR_OK || done) {
		return e;
	}
	return take(n, &n->pool[pool], &tx, now_s, true, out, why);
}

void nis_expire(struct nis *n, uint32_t now_s)
{
	for (unsigned i = 0; i < n->pools; i++) {
		nis_pool_expire(n, &n->pool[i], now_s);
	}
}

void nis_drop_pool(struct nis *n, unsigned pool)
{
	uint64_t version;

	CHECK(pool < n->pools);
	version = n->pool[pool].version;
	nis_pool_free(&n->pool[pool]);
	nis_pool_init(n, &n->pool[pool]);
	n->pool[pool].version = version + 1;
}

/* ---- pool content ---- */

uint64_t nis_pool_version(const struct nis *n, unsigned pool)
{
	CHECK(pool < n->pools);
	return n->pool[pool].version;
}

size_t nis_pool_count(const struct nis *n, unsigned pool)
{
	CHECK(pool < n->pools);
	return n->pool[pool].n;
}

struct nis_pooled nis_pool_at(const struct nis *n, unsigned pool, size_t index)
{
	const struct nis_pool_entry *e;
	struct nis_pooled p;

	CHECK(pool < n->pools && index < n->pool[pool].n);
	e = &n->pool[pool].entry[index];
	p = (struct nis_pooled){ .verifiable = bytes_of(e->bytes, e->bytes_n),
				 .hash = e->hash,
				 .has_inner = e->has_inner,
				 .timestamp_s = e->timestamp_s };
	if (e->has_inner) {
		p.inner = nis_pool_inner(e);
	}
	return p;
}

/* By their numbers, which are remembered by key: whoever has a part in a pool has one. */
static bool key_is(const struct nis *n, const struct key32 *key, uint32_t number)
{
	return number != NIS_MAP_NONE && nis_state_find_key(&n->state, key) == number;
}

static bool body_concerns(const struct nis *n, enum nem_type type, const union nem_body *body,
			  const struct nem_address *address, uint32_t number)
{
	switch (type) {
	case NEM_TRANSFER:
		return nem_address_eq(&body->transfer.recipient, address);
	case NEM_IMPORTANCE:
		return key_is(n, &body->importance.remote, number);
	case NEM_MODIFICATION:
		for (unsigned i = 0; i < body->modification.n; i++) {
			if (key_is(n, &body->modification.entry[i].cosigner, number)) {
				return true;
			}
		}
		return false;
	case NEM_NAMESPACE:
		return nem_address_eq(&body->provision.sink, address);
	case NEM_DEFINITION:
		return nem_address_eq(&body->definition.sink, address);
	case NEM_SUPPLY:
	case NEM_COSIGNATURE:
	case NEM_MULTISIG:
		return false;
	}
	return false;
}

bool nis_pool_concerns(const struct nis *n, unsigned pool, size_t index,
		       const struct nem_address *address)
{
	struct nis_pooled p = nis_pool_at(n, pool, index);
	uint32_t number = nis_state_find(&n->state, address), account;
	const struct nem_inner *inner;
	struct nem_tx tx;

	nis_chain_decode(n, p.verifiable, &tx);
	if (key_is(n, &tx.head.signer, number)) {
		return true;
	}
	if (tx.type != NEM_MULTISIG) {
		return body_concerns(n, tx.type, &tx.body, address, number);
	}
	inner = &tx.multisig.inner;
	account = nis_state_find_key(&n->state, &inner->head.signer);
	if (account != NIS_MAP_NONE &&
	    (account == number || (n->state.holding[account].control != NULL &&
				   nem_multisig_has(n->state.holding[account].control, address)))) {
		return true;
	}
	return body_concerns(n, inner->type, &inner->body, address, number);
}

uint64_t nis_pool_balance(const struct nis *n, unsigned pool, const struct nem_address *address)
{
	uint32_t number = nis_state_find(&n->state, address);

	CHECK(pool < n->pools);
	return number == NIS_MAP_NONE ? 0 : nis_state_get(&n->pool[pool].view, number)->balance;
}

/* ---- blocks ---- */

uint64_t nis_height(const struct nis *n)
{
	return n->link_n;
}

bool nis_block_at(const struct nis *n, uint64_t height, struct nis_block *out)
{
	const struct nis_link *l;

	if (height < 1 || height > n->link_n) {
		return false;
	}
	l = &n->link[height - 1];
	*out = (struct nis_block){ .height = height,
				   .time_s = l->time_s,
				   .hash = l->hash,
				   .verifiable = bytes_of(l->bytes, l->bytes_n),
				   .harvester = l->harvester,
				   .beneficiary = n->state.address[l->beneficiary],
				   .fees = l->fees,
				   .difficulty = l->difficulty,
				   .score = l->score,
				   .generation = l->generation,
				   .transactions = l->transactions,
				   .all_transactions = l->weight };
	return true;
}

struct nis_block nis_top(const struct nis *n)
{
	struct nis_block b;

	CHECK(nis_block_at(n, n->link_n, &b));
	return b;
}

static enum err start_block(struct nis *n, struct nem_block_build *build,
			    const struct edk_secret *harvester, uint32_t time_s)
{
	const struct nis_link *top = &n->link[n->link_n - 1];
	struct nem_block_head head = { .type = NEM_BLOCK_NORMAL,
				       .network = n->network,
				       .time_nem_s = time_s,
				       .height = n->link_n + 1,
				       .harvester = harvester->public_key,
				       .previous = top->hash };

	if (time_s <= top->time_s || time_s > NEM_TIME_MAX_S) {
		return ERR_FIELD_RANGE;
	}
	return nem_block_build_start(build, n->buffer, NEM_BLOCK_BYTES_MAX, &head);
}

/* Signs and judges what was built, appends it, and lets the pools see the new state. */
static enum err finish_block(struct nis *n, struct nem_block_build *build,
			     const struct edk_secret *harvester, uint32_t now_s, bool made_here,
			     enum nem_result *code)
{
	struct nem_block block;
	struct bytes verifiable;
	enum err e = nem_block_build_sign(build, harvester, &verifiable);

	if (e == ERR_OK) {
		e = nem_block_decode(&block, n->network, verifiable);
	}
	if (e != ERR_OK) {
		return e;
	}
	*code = nis_chain_judge(n, &block, verifiable, now_s, made_here);
	nis_chain_settle(n);
	for (unsigned i = 0; *code == NEM_SUCCESS && i < n->pools; i++) {
		nis_pool_reset(n, &n->pool[i], now_s, NULL, 0);
	}
	return ERR_OK;
}

/* It would make the harvester a remote that may not harvest yet: in NIS he then makes no block. */
static bool takes_harvester(const struct nis *n, const struct nem_tx *tx)
{
	const union nem_body *body =
	    tx->type == NEM_MULTISIG ? &tx->multisig.inner.body : &tx->body;
	enum nem_type type = tx->type == NEM_MULTISIG ? tx->multisig.inner.type : tx->type;

	return type == NEM_IMPORTANCE && body->importance.mode == NEM_IMPORTANCE_ACTIVATE &&
	       key32_eq(&body->importance.remote, &n->harvester.public_key);
}

/*
 * Chooses from a pool (N:harvesting/DefaultNewBlockTransactionsProvider.java): in fee order, each
 * on the confirmed state and what the chosen ones before it did; what does not fit waits; the first
 * that would be one too many ends it.
 */
static void choose(struct nis *n, struct nis_pool *p, struct nem_block_build *build,
		   uint32_t time_s)
{
	size_t *order = nis_pool_order(p);
	struct nis_conflict conflict = { .seen = { 0 } };

	nis_state_view_clear(&n->scratch);
	for (size_t k = 0; k < p->n; k++) {
		const struct nis_pool_entry *e = &p->entry[order[k]];
		struct nem_tx tx;

		if (e->timestamp_s >= time_s || e->outer_deadline_s < time_s) {
			continue;
		}
		nis_chain_decode(n, bytes_of(e->bytes, e->bytes_n), &tx);
		if (nis_chain_signed_by(n, &tx, &n->harvester.public_key) ||
		    takes_harvester(n, &tx) || nis_chain_fits(n, &tx, time_s) != NEM_SUCCESS ||
		    nis_conflict_add(&conflict, &tx) != NEM_SUCCESS) {
			continue; /* 79, 149: it waits for the next block */
		}
		if (nem_block_build_add(build, &tx) != ERR_OK) {
			break;
		}
		(void)nis_execute(&n->scratch, &n->state, &tx);
	}
	nis_conflict_free(&conflict);
	free(order);
}

enum err nis_mine(struct nis *n, unsigned pool, uint32_t time_s)
{
	struct nem_block_build build;
	enum nem_result code = NEM_FAILURE_UNKNOWN;
	uint32_t from = nis_harvest_from(n, NULL);
	enum err e;

	CHECK(pool < n->pools);
	if (from == NIS_NEVER) {
		return ERR_STATE;
	}
	if (time_s < from) {
		return ERR_FIELD_RANGE;
	}
	e = start_block(n, &build, &n->harvester, time_s);
	if (e != ERR_OK) {
		return e;
	}
	nis_pool_expire(n, &n->pool[pool], time_s);
	choose(n, &n->pool[pool], &build, time_s);
	e = finish_block(n, &build, &n->harvester, time_s, true, &code);
	CHECK(e == ERR_OK && code == NEM_SUCCESS);
	return ERR_OK;
}

enum err nis_mine_given(struct nis *n, const struct bytes *transactions, size_t count,
			uint32_t time_s, const struct edk_secret *harvester, enum nem_result *code)
{
	const struct edk_secret *key = harvester != NULL ? harvester : &n->harvester;
	struct nem_block_build build;
	enum err e = start_block(n, &build, key, time_s);

	if (e != ERR_OK) {
		return e;
	}
	for (size_t i = 0; i < count; i++) {
		struct nem_tx tx;

		e = nem_tx_decode(&tx, n->network, transactions[i], NEM_SIGNED);
		if (e != ERR_OK) {
			return ERR_INPUT;
		}
		e = nem_block_build_add(&build, &tx);
		if (e == ERR_FULL) {
			*code = NEM_FAILURE_TOO_MANY_TRANSACTIONS;
			return ERR_OK;
		}
		if (e != ERR_OK) {
			return ERR_INPUT;
		}
	}
	return finish_block(n, &build, key, time_s, false, code);
}

enum err nis_accept(struct nis *n, struct bytes verifiable, uint32_t now_s, enum nem_result *code)
{
	struct nem_block block;
	enum err e = nem_block_decode(&block, n->network, verifiable);

	if (e != ERR_OK) {
		return e == ERR_TYPE || e == ERR_ADDRESS ? e : ERR_INPUT;
	}
	*code = nis_chain_judge(n, &block, verifiable, now_s, false);
	nis_chain_settle(n);
	for (unsigned i = 0; *code == NEM_SUCCESS && i < n->pools; i++) {
		nis_pool_reset(n, &n->pool[i], now_s, NULL, 0);
	}
	return ERR_OK;
}

/* ---- confirmed state ---- */

void nis_account(const struct nis *n, const struct nem_address *address, struct nis_account *out)
{
	uint32_t number = nis_state_find(&n->state, address);
	const struct nis_holding *h;

	*out = (struct nis_account){ .address = *address };
	if (number == NIS_MAP_NONE) {
		return;
	}
	h = &n->state.holding[number];
	out->balance = h->balance;
	out->key_known = h->key_known;
	if (h->key_known) {
		out->public_key = n->state.key[number];
	}
	out->cosignatory_of = h->cosigner_of;
	out->harvested = h->harvested;
	out->importance = nis_chain_importance(n, number);
	if (h->control != NULL) {
		out->cosigners = h->control->n;
		out->minimum = h->control->min;
		memcpy(out->cosigner, h->control->cosigner,
		       h->control->n * sizeof out->cosigner[0]);
	}
}

bool nis_account_at(const struct nis *n, size_t index, struct nis_account *out)
{
	if (index >= n->state.n) {
		return false;
	}
	nis_account(n, &n->state.address[index], out);
	return true;
}

size_t nis_cosignatory_of(const struct nis *n, const struct nem_address *address,
			  struct nem_address *out, size_t cap)
{
	uint32_t number = nis_state_find(&n->state, address);
	size_t found = 0;

	if (number == NIS_MAP_NONE || n->state.holding[number].cosigner_of == 0) {
		return 0;
	}
	for (size_t i = 0; i < n->state.n && found < cap; i++) {
		const struct nem_multisig *control = n->state.holding[i].control;

		if (control != NULL && nem_multisig_has(control, address)) {
			out[found++] = n->state.address[i];
		}
	}
	return found;
}

static struct nis_entry entry_of(const struct nis *n, size_t row)
{
	const struct nis_row *r = &n->row[row];
	const struct hash32 *inner = nis_chain_inner(n, row);
	struct nis_entry e = { .id = r->id,
			       .height = r->height,
			       .verifiable =
				   bytes_of(n->link[r->height - 1].bytes + r->offset, r->bytes_n),
			       .hash = n->record[r->record].hash };

	if (inner != NULL) {
		e.has_inner = true;
		e.inner = *inner;
	}
	return e;
}

size_t nis_transfers(const struct nis *n, const struct nem_address *address,
		     enum nis_direction direction, uint64_t before_id, struct nis_entry *out,
		     size_t cap)
{
	uint32_t number = nis_state_find(&n->state, address);
	unsigned want = NIS_POSTING_IN | NIS_POSTING_OUT;
	uint32_t at;
	size_t found = 0;

	switch (direction) {
	case NIS_INCOMING:
		want = NIS_POSTING_IN;
		break;
	case NIS_OUTGOING:
		want = NIS_POSTING_OUT;
		break;
	case NIS_ALL:
		break;
	}
	if (number == NIS_MAP_NONE || number >= n->cap_head || n->head[number] == 0) {
		return 0;
	}
	for (at = n->head[number] - 1; at != NIS_MAP_NONE && found < cap;
	     at = n->posting[at].before) {
		const struct nis_posting *p = &n->posting[at];

		if ((p->flags & want) != 0 && (before_id == 0 || n->row[p->row].id < before_id)) {
			out[found++] = entry_of(n, p->row);
		}
	}
	return found;
}

bool nis_find(const struct nis *n, const struct hash32 *hash, struct nis_entry *out)
{
	uint32_t at = nis_chain_record(n, hash);

	if (at == NIS_MAP_NONE || !nis_chain_retained(n, hash) ||
	    n->row[n->record[at].row].record != at) {
		return false;
	}
	*out = entry_of(n, n->record[at].row);
	return true;
}

unsigned nis_seen(const struct nis *n, const struct hash32 *hash)
{
	uint32_t at = nis_chain_record(n, hash);
	unsigned seen = 0;

	for (; at != NIS_MAP_NONE; at = n->record[at].before) {
		seen++;
	}
	return seen;
}

bool nis_entry_at(const struct nis *n, uint64_t height, unsigned index, struct nis_entry *out)
{
	if (height < 1 || height > n->link_n || index >= n->link[height - 1].transactions) {
		return false;
	}
	*out = entry_of(n, n->link[height - 1].first_row + index);
	return true;
}

/* ---- the feed ---- */

size_t nis_feed_pool_bytes(const struct nis *n, unsigned pool)
{
	size_t bytes = 4;

	CHECK(pool < n->pools);
	for (size_t i = 0; i < n->pool[pool].n; i++) {
		bytes += 4 + n->pool[pool].entry[i].bytes_n;
	}
	return bytes;
}

void nis_feed_pool(const struct nis *n, unsigned pool, struct writer *out)
{
	CHECK(pool < n->pools);
	writer_u32(out, (uint32_t)n->pool[pool].n);
	for (size_t i = 0; i < n->pool[pool].n; i++) {
		const struct nis_pool_entry *e = &n->pool[pool].entry[i];

		writer_u32(out, (uint32_t)e->bytes_n);
		writer_bytes(out, bytes_of(e->bytes, e->bytes_n));
	}
}
