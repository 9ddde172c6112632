/* SPDX-License-Identifier: Apache-2.0 */
/* columns_layout.h - which files a column store has, for its writer and its readers alone. */
#ifndef KURAMORI_STORE_COLUMNS_LAYOUT_H
#define KURAMORI_STORE_COLUMNS_LAYOUT_H

#include <stdint.h>
#include <string.h>

#include "store/columns.h"

enum columns_root_file { ROOT_BLOCKS, ROOT_FACTS, ROOT_ASSETS, ROOT_FILES };

enum columns_asset_file {
	ASSET_FROM,
	ASSET_TO,
	ASSET_AMOUNT,
	ASSET_BALANCE,
	ASSET_OUT,
	ASSET_IN,
	ASSET_TX,
	ASSET_BLOCK,
	ASSET_TXID,
	ASSET_NAME,
	ASSET_NAME_END,
	ASSET_KIND,
	ASSET_OWNER,
	ASSET_FILES,
};

struct columns_file_row {
	const char *name;
	uint32_t width;
};

enum { BLOCK_ROW = 64, ASSET_ROW = 256, ASSET_BLOCK_ROW = 32, TXID_ROW = 32, ASSET_BIRTH_AT = 248 };

static const struct columns_file_row columns_root_files[ROOT_FILES] = {
	[ROOT_BLOCKS] = { "blocks", BLOCK_ROW },
	[ROOT_FACTS] = { "facts", 1 },
	[ROOT_ASSETS] = { "assets", ASSET_ROW },
};

static const struct columns_file_row columns_asset_files[ASSET_FILES] = {
	[ASSET_FROM] = { "from", 4 },
	[ASSET_TO] = { "to", 4 },
	[ASSET_AMOUNT] = { "amount", 8 },
	[ASSET_BALANCE] = { "balance", 8 },
	[ASSET_OUT] = { "out", 8 },
	[ASSET_IN] = { "in", 8 },
	[ASSET_TX] = { "tx", 4 },
	[ASSET_BLOCK] = { "block", ASSET_BLOCK_ROW },
	[ASSET_TXID] = { "txid", TXID_ROW },
	[ASSET_NAME] = { "name", 1 },
	[ASSET_NAME_END] = { "name_end", 8 },
	[ASSET_KIND] = { "kind", 1 },
	[ASSET_OWNER] = { "owner", 4 },
};

/* A block with events of one asset; what was there before it is where an undo stops. */
struct columns_asset_block {
	uint64_t height, time_s;
	uint64_t first;         /* its first event */
	uint32_t accounts, txs; /* that were there before it */
};

static inline void columns_asset_block_put(uint8_t *p, const struct columns_asset_block *b)
{
	le64_put(p, b->height);
	le64_put(p + 8, b->time_s);
	le64_put(p + 16, b->first);
	le32_put(p + 24, b->accounts);
	le32_put(p + 28, b->txs);
}

static inline struct columns_asset_block columns_asset_block_get(const uint8_t *p)
{
	return (struct columns_asset_block){ le64_get(p), le64_get(p + 8), le64_get(p + 16),
					     le32_get(p + 24), le32_get(p + 28) };
}

static inline void columns_block_put(uint8_t *p, const struct columns_block *b)
{
	memset(p, 0, BLOCK_ROW);
	le64_put(p, b->height);
	le64_put(p + 8, b->time_s);
	le64_put(p + 16, b->facts);
	memcpy(p + 32, b->hash.b, sizeof b->hash.b);
}

static inline struct columns_block columns_block_get(const uint8_t *p)
{
	struct columns_block b = { le64_get(p), le64_get(p + 8), le64_get(p + 16), { { 0 } } };

	memcpy(b.hash.b, p + 32, sizeof b.hash.b);
	return b;
}

/* Files, columns and widths are those that this program knows. */
static inline bool columns_layout_ok(const struct columns_head *h,
				     const struct columns_file_row *rows, uint32_t n)
{
	if (h->columns != n) {
		return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (h->column[i].width != rows[i].width) {
			return false;
		}
	}
	return true;
}

#endif
