/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks are taken back by the columns themselves: `out` and `in` of an event are what the sender's
 * and the receiver's sums were before it.  Nothing is written: the files only become shorter.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/check.h"
#include "store/columns_self.h"

enum { CHUNK_ROWS = 1 << 12 };

struct rows {
	uint32_t from[CHUNK_ROWS], to[CHUNK_ROWS];
	uint64_t out[CHUNK_ROWS], in[CHUNK_ROWS];
};

static enum err restore(struct columns_asset *a, uint64_t first, struct columns_fault *fault)
{
	struct rows *r = malloc(sizeof *r);
	enum err e = ERR_OK;

	if (r == NULL) {
		return columns_self_full(fault);
	}
	while (e == ERR_OK && a->events > first) {
		uint64_t some = a->events - first < CHUNK_ROWS ? a->events - first : CHUNK_ROWS;
		uint64_t row = a->events - some;

		e = columns_file_read(&a->file[ASSET_FROM], r->from, row, some, fault);
		if (e == ERR_OK) {
			e = columns_file_read(&a->file[ASSET_TO], r->to, row, some, fault);
		}
		if (e == ERR_OK) {
			e = columns_file_read(&a->file[ASSET_OUT], r->out, row, some, fault);
		}
		if (e == ERR_OK) {
			e = columns_file_read(&a->file[ASSET_IN], r->in, row, some, fault);
		}
		for (uint64_t i = some; e == ERR_OK && i > 0; i--) {
			CHECK(r->from[i - 1] < a->names.n && r->to[i - 1] < a->names.n);
			a->names.record[r->from[i - 1]].out = r->out[i - 1];
			a->names.record[r->to[i - 1]].in = r->in[i - 1];
		}
		a->events = e == ERR_OK ? row : a->events;
	}
	free(r);
	return e;
}

static enum err forget_transactions(struct columns_asset *a, uint64_t txs,
				    struct columns_fault *fault)
{
	while (a->txs > txs) {
		struct hash32 id;
		enum err e = columns_file_read(&a->file[ASSET_TXID], &id, a->txs - 1, 1, fault);

		if (e != ERR_OK) {
			return e;
		}
		a->txs--;
		if (!hash32_is_zero(&id)) {
			columns_tags_remove(&a->tags, columns_tags_hash(&a->tags, &id),
					    (uint32_t)a->txs);
		}
	}
	return ERR_OK;
}

static enum err cut_files(struct columns_asset *a, uint64_t blocks, uint64_t accounts,
			  struct columns_fault *fault)
{
	uint64_t rows[ASSET_FILES], name_end = 0;
	enum err e = ERR_OK;

	if (accounts > 0) {
		uint8_t row[8];

		e = columns_file_read(&a->file[ASSET_NAME_END], row, accounts - 1, 1, fault);
		name_end = e == ERR_OK ? le64_get(row) : 0;
	}
	for (unsigned i = 0; i <= ASSET_TX; i++) {
		rows[i] = a->events;
	}
	rows[ASSET_BLOCK] = blocks;
	rows[ASSET_TXID] = a->txs;
	rows[ASSET_NAME] = name_end;
	rows[ASSET_NAME_END] = rows[ASSET_KIND] = rows[ASSET_OWNER] = accounts;
	for (unsigned i = 0; e == ERR_OK && i < ASSET_FILES; i++) {
		e = columns_file_cut(&a->file[i], rows[i], fault);
	}
	return e;
}

/* Keeps what an asset had before the first of its blocks that is above `height` (all: any). */
static enum err cut_asset(struct columns *c, uint32_t number, uint64_t height, bool all,
			  struct columns_fault *fault)
{
	struct columns_asset *a = c->asset[number];
	struct columns_file *f = &a->file[ASSET_BLOCK];
	uint64_t blocks = columns_file_rows(f), had = blocks, accounts;
	struct columns_asset_block b = { 0, 0, 0, 0, 0 }, row;
	enum err e = ERR_OK;

	while (blocks > 0) {
		uint8_t raw[ASSET_BLOCK_ROW];

		e = columns_file_read(f, raw, blocks - 1, 1, fault);
		if (e != ERR_OK) {
			return e;
		}
		row = columns_asset_block_get(raw);
		if (!all && row.height <= height) {
			break;
		}
		b = row;
		blocks--;
	}
	if (blocks == had && !all) {
		return ERR_OK;
	}
	e = columns_self_load(c, number, &a, fault);
	accounts = all ? 0 : b.accounts;
	if (e == ERR_OK && (all ? 0 : b.first) < a->cold) {
		columns_fault_say(fault,
				  "asset-%" PRIu32 ": the first %" PRIu64
				  " events are cold and cannot be taken back: ingest into a new "
				  "folder",
				  number, a->cold);
		return ERR_STATE;
	}
	if (e == ERR_OK) {
		a->touched = true;
		a->has_last = false;
		e = restore(a, all ? 0 : b.first, fault);
	}
	if (e == ERR_OK) {
		e = forget_transactions(a, all ? 0 : b.txs, fault);
	}
	if (e == ERR_OK) {
		columns_names_cut(&a->names, accounts);
		e = cut_files(a, blocks, accounts, fault);
	}
	/* an asset that is gone is read anew, empty, should its number come back */
	a->loaded = a->loaded && !all;
	return e;
}

enum err columns_self_cut(struct columns *c, uint64_t keep, struct columns_fault *fault)
{
	struct columns_block tip = { 0, 0, 0, { { 0 } } }, gone;
	uint32_t assets = c->assets_n;
	enum err e;

	CHECK(keep < columns_blocks(c));
	e = columns_block_at(c, keep, &gone, fault);
	if (e == ERR_OK && keep > 0) {
		e = columns_block_at(c, keep - 1, &tip, fault);
	}
	if (e != ERR_OK) {
		return e;
	}
	if (c->is_open) {
		columns_self_end_block(c);
	}
	while (assets > 0 && c->asset_row[assets - 1].birth >= keep) {
		assets--;
	}
	for (uint32_t i = 0; e == ERR_OK && i < c->assets_n; i++) {
		e = cut_asset(c, i, tip.height, i >= assets, fault);
	}
	if (e == ERR_OK) {
		e = columns_file_cut(&c->file[ROOT_BLOCKS], keep, fault);
	}
	if (e == ERR_OK) {
		e = columns_file_cut(&c->file[ROOT_FACTS], gone.facts, fault);
	}
	if (e == ERR_OK) {
		e = columns_file_cut(&c->file[ROOT_ASSETS], assets, fault);
	}
	if (e == ERR_OK) {
		c->tip = tip;
		c->assets_n = assets;
		e = columns_self_index_assets(c, fault);
	}
	return e;
}
