/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/check.h"
#include "chain/nem/nem_fee.h"
#include "nis/nis_asset.h"
#include "nis/nis_chain.h"
#include "nis/nis_pool.h"

static const char *check_supply(const struct nis *n)
{
	u128 sum = 0;

	for (size_t i = 0; i < n->state.n; i++) {
		sum += n->state.holding[i].balance;
	}
	return sum == NEM_SUPPLY_MICRO ? NULL : "the balances do not add up to the supply";
}

static const char *check_control(const struct nis *n)
{
	uint32_t *of = calloc(n->state.n + 1, sizeof *of);
	const char *wrong = NULL;

	CHECK(of != NULL);
	for (size_t i = 0; i < n->state.n; i++) {
		const struct nem_multisig *c = n->state.holding[i].control;

		if (c != NULL && (c->n == 0 || c->min > c->n)) {
			wrong = "a multisig account has no cosigners or needs more than it has";
		}
		if (c != NULL && n->state.holding[i].cosigner_of > 0) {
			wrong = "a multisig account is a cosigner";
		}
		for (unsigned k = 0; c != NULL && k < c->n; k++) {
			uint32_t number = nis_state_find(&n->state, &c->cosigner[k]);

			if (number == NIS_MAP_NONE) {
				wrong = "a cosigner has no account";
			} else {
				of[number]++;
			}
		}
	}
	for (size_t i = 0; i < n->state.n; i++) {
		if (of[i] != n->state.holding[i].cosigner_of) {
			wrong = "the count of accounts that somebody cosigns is wrong";
		}
	}
	free(of);
	return wrong;
}

static const char *check_keys(const struct nis *n)
{
	for (size_t i = 0; i < n->state.n; i++) {
		struct nem_address a;

		if (nis_state_find(&n->state, &n->state.address[i]) != i) {
			return "an address does not find its account";
		}
		if (n->state.holding[i].key_known) {
			nem_address_from_key(&a, &n->state.key[i], n->network);
			if (!nem_address_eq(&a, &n->state.address[i])) {
				return "an account has another account's public key";
			}
		}
	}
	return NULL;
}

static const char *check_block(const struct nis *n, size_t i)
{
	const struct nis_link *l = &n->link[i];
	struct nem_block block;
	struct hash32 hash;
	size_t last_row = i + 1 < n->link_n ? n->link[i + 1].first_row : n->row_n;

	if (nem_block_decode(&block, n->network, bytes_of(l->bytes, l->bytes_n)) != ERR_OK ||
	    block.head.height != i + 1 || nem_block_verify(&block) != ERR_OK) {
		return "a block does not decode or verify";
	}
	nem_block_hash(&hash, &block);
	if (!hash32_eq(&hash, &l->hash) ||
	    (i > 0 && !hash32_eq(&block.head.previous, &n->link[i - 1].hash))) {
		return "the blocks are not linked by their hashes";
	}
	if (i > 0 && l->time_s <= n->link[i - 1].time_s) {
		return "the time of the chain does not rise";
	}
	if (last_row - l->first_row != block.n || (i > 0 && l->weight > NEM_BLOCK_WEIGHT_MAX)) {
		return "a block has not the transactions that are listed for it";
	}
	return NULL;
}

/* What hangs on the headers alone, and the sum that importance is a share of. */
static const char *check_scores(const struct nis *n)
{
	uint64_t xem = 0;

	for (uint32_t a = 0; a < n->state.n; a++) {
		xem += nis_chain_harvest_xem(n, a, &n->state.holding[a]);
	}
	if (xem != n->harvest_xem) {
		return "the XEM that may harvest are miscounted";
	}
	for (size_t i = 1; i < n->link_n; i++) {
		const struct nis_link *l = &n->link[i], *before = &n->link[i - 1];
		struct hash32 generation;

		nis_score_generation(&generation, &before->generation, &l->harvester);
		if (l->difficulty != nis_chain_difficulty(n, i) ||
		    l->score != before->score + l->difficulty - (l->time_s - before->time_s) ||
		    !hash32_eq(&generation, &l->generation)) {
			return "a difficulty, score or generation does not follow";
		}
	}
	return NULL;
}

static const char *check_records(const struct nis *n)
{
	uint64_t id = 0;

	for (size_t i = 0; i < n->row_n; i++) {
		struct nem_tx tx;
		struct nis_parts parts;
		const struct nis_row *r = &n->row[i];

		nis_chain_decode(n, bytes_of(n->link[r->height - 1].bytes + r->offset, r->bytes_n),
				 &tx);
		nis_chain_parts(&parts, &tx);
		if (r->id <= id || !hash32_eq(&parts.hash[0], &n->record[r->record].hash) ||
		    (nis_chain_inner(n, i) != NULL) != parts.has_inner) {
			return "a confirmed transaction has a wrong id or hash";
		}
		id = r->id;
		for (unsigned k = 0; k < parts.n; k++) {
			if (nis_chain_record(n, &parts.hash[k]) == NIS_MAP_NONE) {
				return "a hash of the chain is not remembered";
			}
		}
	}
	for (size_t i = 0; i < n->record_n; i++) {
		uint32_t at = nis_chain_record(n, &n->record[i].hash);

		if (at == NIS_MAP_NONE || at < i || n->record[i].row >= n->row_n) {
			return "a remembered hash names no transaction";
		}
	}
	return NULL;
}

/* Every posting hangs in exactly the chain of its account, newest first. */
static const char *check_postings(const struct nis *n)
{
	size_t reached = 0;

	for (size_t account = 0; account < n->cap_head; account++) {
		size_t at = n->head[account]; /* + 1 */

		while (at != 0) {
			const struct nis_posting *p = &n->posting[at - 1];

			if (at > n->posting_n || p->account != account || p->row >= n->row_n ||
			    (p->before != NIS_MAP_NONE && p->before >= at - 1)) {
				return "a list of transfers names what is not there";
			}
			at = p->before == NIS_MAP_NONE ? 0 : (size_t)p->before + 1;
			reached++;
		}
	}
	return reached == n->posting_n ? NULL : "a transfer is missing from its lists";
}

static const char *check_mosaics(const struct nis *n, const struct nis_view *v);

/* What a pool holds together never leads below zero, and all fees it took are on the way. */
static const char *check_pool(const struct nis *n, const struct nis_pool *p)
{
	u128 sum = 0, fees = 0;
	size_t multisigs = 0;
	uint32_t earliest_s = UINT32_MAX;

	for (uint32_t i = 0; i < n->state.n; i++) {
		sum += nis_state_get(&p->view, i)->balance;
	}
	for (size_t i = 0; i < p->n; i++) {
		const struct nis_pool_entry *e = &p->entry[i];
		struct nem_tx tx;
		struct nis_parts parts;
		uint64_t fee;

		nis_chain_decode(n, bytes_of(e->bytes, e->bytes_n), &tx);
		nis_chain_parts(&parts, &tx);
		if (nem_fee_total(&fee, &tx) != ERR_OK || nem_tx_verify(&tx) != ERR_OK) {
			return "a pooled transaction is not well formed or signed";
		}
		fees += fee;
		multisigs += e->has_inner;
		if (e->deadline_s < earliest_s) {
			earliest_s = e->deadline_s;
		}
		for (unsigned k = 0; k < parts.n; k++) {
			if (nis_pool_known(p, &parts.hash[k]) != i) {
				return "a pooled hash names another transaction";
			}
			if (nis_chain_retained(n, &parts.hash[k])) {
				return "a pooled transaction repeats one of the chain";
			}
		}
	}
	if (multisigs != p->multisigs || p->by_hash.n != p->n) {
		return "a pool miscounts its entries";
	}
	if (earliest_s != p->earliest_s) {
		return "a pool does not know when it must look for what has expired";
	}
	if (check_mosaics(n, &p->view) != NULL) {
		return "the mosaics of a pool do not add up";
	}
	return sum + fees == NEM_SUPPLY_MICRO
		   ? NULL
		   : "the balances of a pool do not add up to the supply";
}

/* Of every mosaic that exists all holdings together are its supply, confirmed and in each view. */
static const char *check_mosaics(const struct nis *n, const struct nis_view *v)
{
	for (uint32_t i = 0; i < n->state.mosaics.n; i++) {
		struct nis_mosaic m;
		uint64_t units;
		u128 sum = 0;

		if (!nis_asset_mosaic_at(v, i, &m)) {
			continue;
		}
		if (nem_mosaic_units(&units, m.supply, m.definition->properties.divisibility) !=
		    ERR_OK) {
			return "a mosaic has more than there may be of any";
		}
		for (uint32_t a = 0; a < n->state.n; a++) {
			sum += nis_asset_quantity(v, a, &m);
		}
		if (sum != units) {
			return "the holdings of a mosaic do not add up to its supply";
		}
	}
	return NULL;
}

/* An active link has two ends that name each other, unless one end took part in a later one. */
static const char *check_links(const struct nis *n)
{
	struct nis_view v;

	nis_state_view_init(&v, &n->state);
	for (uint32_t a = 0; a < n->state.n; a++) {
		struct nis_remote link = nis_asset_remote(&v, a);
		struct nis_remote other;

		if (!link.exists || link.mode != NEM_IMPORTANCE_ACTIVATE) {
			continue;
		}
		other = nis_asset_remote(&v, link.partner);
		if (!other.exists || other.height < link.height ||
		    (other.height == link.height &&
		     (other.partner != a || other.is_remote == link.is_remote))) {
			return "a remote link has only one end";
		}
	}
	return n->state.height == n->link_n ? NULL : "the state is of another height";
}

const char *nis_validate(const struct nis *n)
{
	struct nis_view confirmed;
	const char *wrong = check_supply(n);

	nis_state_view_init(&confirmed, &n->state);
	if (wrong == NULL) {
		wrong = check_mosaics(n, &confirmed);
	}
	if (wrong == NULL) {
		wrong = check_links(n);
	}

	if (wrong == NULL) {
		wrong = check_control(n);
	}
	if (wrong == NULL) {
		wrong = check_keys(n);
	}
	for (size_t i = 0; wrong == NULL && i < n->link_n; i++) {
		wrong = check_block(n, i);
	}
	if (wrong == NULL) {
		wrong = check_scores(n);
	}
	if (wrong == NULL) {
		wrong = check_records(n);
	}
	if (wrong == NULL) {
		wrong = check_postings(n);
	}
	for (unsigned i = 0; wrong == NULL && i < n->pools; i++) {
		wrong = check_pool(n, &n->pool[i]);
	}
	return wrong;
}
