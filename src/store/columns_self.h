/* SPDX-License-Identifier: Apache-2.0 */
/* columns_self.h - the inside of struct columns, for columns.c and columns_undo.c alone. */
#ifndef KURAMORI_STORE_COLUMNS_SELF_H
#define KURAMORI_STORE_COLUMNS_SELF_H

#include "store/columns.h"
#include "store/columns_layout.h"

struct columns_asset {
	char *folder;
	int head_fd;   /* -1: not open now */
	unsigned slot; /* of the head that holds the newest state */
	struct columns_head head;
	struct columns_file file[ASSET_FILES];
	bool fresh;    /* its folder is not known to be durable */
	bool touched;  /* something changed since the last commit */
	bool in_block; /* the open block has a row here */
	bool loaded;   /* what follows is there */
	struct columns_names names;
	struct columns_tags tags;
	uint64_t events, txs;
	uint64_t cold; /* events that stand in cold files: they cannot be taken back */
	bool has_last; /* last_tx is the id of the last transaction of the open block */
	struct hash32 last_tx;
};

struct columns_asset_row {
	char name[COLUMNS_ASSET_NAME_MAX + 1];
	uint64_t birth; /* place of the block in which it was first seen */
};

struct columns {
	char *folder;
	size_t folder_n;
	const struct columns_disk *disk;
	uint8_t seed[COLUMNS_SEED_BYTES];
	uint64_t hash_seed[2]; /* the same as numbers */
	bool opening;
	uint64_t supply;
	int lock_fd, head_fd;
	unsigned slot;
	struct columns_head head;
	uint64_t generation;
	struct columns_file file[ROOT_FILES];
	bool fresh;   /* the folder's entries are not known to be durable */
	bool broken;  /* disk and memory may differ: only columns_close() */
	bool is_open; /* a block is */
	struct columns_block tip;
	/* assets_n are there; behind them, up to assets_cap, may be such as were taken back */
	struct columns_asset **asset;
	struct columns_asset_row *asset_row;
	uint32_t assets_n, assets_cap;
	struct columns_tags asset_tags;
	uint32_t *in_block; /* assets with events in the open block */
	uint32_t in_block_n, in_block_cap;
	uint64_t appended, openings;
};

enum err columns_self_full(struct columns_fault *fault);
MUST_CHECK enum err columns_self_load(struct columns *c, uint32_t number,
				      struct columns_asset **out, struct columns_fault *fault);
MUST_CHECK enum err columns_self_index_assets(struct columns *c, struct columns_fault *fault);
void columns_self_end_block(struct columns *c);
void columns_self_rest(struct columns_asset *a);
/* Takes back all blocks but the first `keep`, in memory and behind the heads. */
MUST_CHECK enum err columns_self_cut(struct columns *c, uint64_t keep, struct columns_fault *fault);

/* As columns_view_open() without checks, and with zeros where cold events are; *h: its head. */
MUST_CHECK enum err columns_view_open_hot(struct columns_view *v, const char *folder,
					  uint32_t asset, struct columns_head *h,
					  struct columns_fault *fault);

#endif
