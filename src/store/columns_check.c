/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in some blocks, page by page against its checks: for who relies on it. */
#include <stdlib.h>

#include "store/columns_compact.h"
#include "store/columns_self.h"

/* Rows that belong to the blocks in question, of one asset. */
struct span {
	uint64_t event, events;
	uint64_t tx, txs;
};

/* The first row of `block` at or above this height; *b: what it says, or the ends of the columns.
 */
static enum err row_at(struct columns_asset *a, uint64_t height, struct columns_asset_block *b,
		       struct columns_fault *fault)
{
	struct columns_file *f = &a->file[ASSET_BLOCK];
	uint64_t low = 0, high = columns_file_rows(f);
	uint8_t row[ASSET_BLOCK_ROW];
	enum err e = ERR_OK;

	b->first = columns_file_rows(&a->file[ASSET_FROM]);
	b->txs = (uint32_t)columns_file_rows(&a->file[ASSET_TXID]);
	while (e == ERR_OK && low < high) {
		uint64_t middle = low + (high - low) / 2;
		struct columns_asset_block at;

		e = columns_file_read(f, row, middle, 1, fault);
		if (e != ERR_OK) {
			break;
		}
		at = columns_asset_block_get(row);
		if (at.height < height) {
			low = middle + 1;
		} else {
			high = middle;
			*b = at;
		}
	}
	return e;
}

static enum err span_of(struct columns_asset *a, uint64_t from, uint64_t to, struct span *s,
			struct columns_fault *fault)
{
	struct columns_asset_block first, behind;
	enum err e = row_at(a, from, &first, fault);

	if (e == ERR_OK && to < UINT64_MAX) {
		e = row_at(a, to + 1, &behind, fault);
	} else {
		behind.first = columns_file_rows(&a->file[ASSET_FROM]);
		behind.txs = (uint32_t)columns_file_rows(&a->file[ASSET_TXID]);
	}
	if (e == ERR_OK) {
		*s = (struct span){ first.first, behind.first - first.first, first.txs,
				    behind.txs - first.txs };
	}
	return e;
}

/* Reads the cold segments with events of the span; *cold: how many events are cold in all. */
static enum err check_cold(const struct columns *c, const struct columns_asset *a,
			   const struct span *s, uint64_t *cold, struct columns_fault *fault)
{
	struct columns_page_room *room = malloc(sizeof *room);
	uint64_t accounts = columns_file_rows(&a->file[ASSET_KIND]);
	enum err e = room == NULL ? columns_self_full(fault) : ERR_OK;

	*cold = 0;
	for (uint32_t number = 0; e == ERR_OK; number++) {
		const struct columns_cold_rows rows = columns_page_rows(room);
		struct columns_segment g;

		e = columns_segment_open(&g, a->folder, c->folder_n, number, *cold,
					 (size_t)accounts, fault);
		if (e != ERR_OK) {
			break;
		}
		*cold += g.cold.events;
		if (*cold > s->event && g.cold.first < s->event + s->events) {
			for (uint32_t page = 0; e == ERR_OK && page < g.cold.pages; page++) {
				e = columns_segment_next(&g, &rows, fault);
			}
		}
		columns_segment_close(&g);
	}
	free(room);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err check_asset(const struct columns *c, struct columns_asset *a, uint64_t from,
			    uint64_t to, struct columns_fault *fault)
{
	struct span s = { 0, 0, 0, 0 };
	uint64_t cold = 0;
	/* what says where rows stand goes first */
	enum err e = columns_file_verify(&a->file[ASSET_BLOCK], 0, UINT64_MAX, fault);

	e = e == ERR_OK ? span_of(a, from, to, &s, fault) : e;
	if (e != ERR_OK || s.events == 0) {
		return e;
	}
	for (unsigned i = ASSET_NAME; e == ERR_OK && i < ASSET_FILES; i++) {
		e = columns_file_verify(&a->file[i], 0, UINT64_MAX, fault);
	}
	e = e == ERR_OK ? columns_file_verify(&a->file[ASSET_TXID], s.tx, s.txs, fault) : e;
	e = e == ERR_OK ? check_cold(c, a, &s, &cold, fault) : e;
	if (cold > s.event) {
		s.events = cold < s.event + s.events ? s.event + s.events - cold : 0;
		s.event = cold;
	}
	for (unsigned i = ASSET_FROM; e == ERR_OK && s.events > 0 && i <= ASSET_TX; i++) {
		e = columns_file_verify(&a->file[i], s.event, s.events, fault);
	}
	return e;
}

enum err columns_check(struct columns *c, uint64_t from, uint64_t to, struct columns_fault *fault)
{
	enum err e = columns_file_verify(&c->file[ROOT_BLOCKS], 0, UINT64_MAX, fault);

	for (uint32_t i = 0; e == ERR_OK && i < c->assets_n; i++) {
		e = check_asset(c, c->asset[i], from, to, fault);
	}
	return e;
}
