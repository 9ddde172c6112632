/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns.h - the column store: what moved on a chain, asset by asset, in files that only grow.
 *
 * A folder (docs/trace-store.md has every byte of it):
 *
 *   head, blocks, assets, facts          of the chain
 *   asset-N/head                         of its asset N:
 *     from to amount balance out in tx   one row per event (trace/columns.h)
 *     block                              one row per block that has events of this asset
 *     txid                               one row per transaction
 *     name name_end kind owner           one row per account (name: bytes)
 *
 * What columns_compact() made cold stands in asset-N/cold-0, cold-1, ... instead of the first
 * seven.
 *
 * One writer (a lock) and any number of readers, each at the state that it opened.  A commit makes
 * the columns durable, then the heads of the assets, then the head of the chain, which names the
 * generation that all others must not be newer than: at every moment the folder holds exactly one
 * committed state, whatever a crash tore.
 *
 * Taking blocks back needs no log: the columns say what every balance was before each event.
 *
 * A store is written by a struct columns and read by a struct columns_view.
 */
#ifndef KURAMORI_STORE_COLUMNS_H
#define KURAMORI_STORE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "store/columns_file.h"
#include "store/columns_names.h"
#include "trace/columns.h"

enum {
	COLUMNS_ASSET_NAME_MAX = 239,
	COLUMNS_ASSETS_MAX = 1 << 20,
	COLUMNS_UNDO_MAX = 360,         /* blocks that a chain takes back at most (nem.md 6) */
	COLUMNS_BATCH = 128,            /* transfers that columns_append() looks ahead over */
	COLUMNS_COLD_SEGMENT = 1 << 22, /* events that become cold together */
	COLUMNS_COLD_STEP = 1 << 18,    /* a segment has a multiple of this */
};

/* Where a store's transfers come from.  Stored; a store has one source for ever. */
enum columns_source {
	COLUMNS_FROM_TRANSFERS = 1, /* files of transfers of an account chain */
	COLUMNS_FROM_UTXO = 2,      /* files of transactions with outputs */
	COLUMNS_FROM_NEM = 3,       /* a NEM node */
};

/* A block of the chain, with events or without.  64 bytes in the file. */
struct columns_block {
	uint64_t height;
	uint64_t time_s;    /* seconds since 1970 */
	uint64_t facts;     /* bytes of `facts` that stood before this block */
	struct hash32 hash; /* zeros where the source has none */
};

/* One movement.  Names are borrowed during the call. */
struct columns_transfer {
	struct columns_name from; /* p NULL: TRACE_ISSUANCE */
	struct columns_name to;   /* p NULL: TRACE_DESTROYED */
	uint64_t amount;          /* > 0, smallest units */
	uint32_t asset;
	struct hash32 tx; /* zeros: the transfer is a transaction of its own without an id */
};

struct columns;

struct columns_options {
	const struct columns_disk *disk;  /* NULL: columns_disk_plain; borrowed */
	uint8_t seed[COLUMNS_SEED_BYTES]; /* secret, random, new for each opening */
	enum columns_source source;
	uint32_t network; /* the chain's own number, 0 where it has none */
	/* Who sends more than he has is given the rest first, from TRACE_ISSUANCE: for files that
	   begin in the middle of a chain. */
	bool opening;
	/* Most that may ever come out of TRACE_ISSUANCE, in each asset; 0: no limit. */
	uint64_t supply;
};

/*
 * Opens a store for writing, or makes one (mode 0700) where nothing or an empty folder is.
 * ERR_BUSY: another process writes.  ERR_MISMATCH: of another source or network.  ERR_TYPE:
 * something else is there.  ERR_VERSION: of a newer program.  ERR_CORRUPT: with file, page, offset
 * and what to do.  ERR_FULL: disk or memory.  ERR_IO.  *fault says why.
 */
MUST_CHECK enum err columns_open(struct columns **out, const char *folder,
				 const struct columns_options *options,
				 struct columns_fault *fault);
/* What was not committed is gone.  NULL is fine. */
void columns_close(struct columns *c);

/* Blocks so far, the open one counted; the newest; one by its place.  ERR_NOT_FOUND: there is none.
 */
uint64_t columns_blocks(const struct columns *c);
MUST_CHECK enum err columns_tip(const struct columns *c, struct columns_block *out);
MUST_CHECK enum err columns_block_at(struct columns *c, uint64_t index, struct columns_block *out,
				     struct columns_fault *fault);

/* Events of all assets that this opening has appended. */
uint64_t columns_appended(const struct columns *c);
/* What columns_options.opening gave: how often, and the most to one account. */
uint64_t columns_openings(const struct columns *c);

/*
 * Begins a block.  ERR_FIELD_RANGE: the height is not above the last one's, or the time is before
 * it (sources that may step back pass a time that does not).  ERR_FULL, ERR_IO.
 */
MUST_CHECK enum err columns_block(struct columns *c, uint64_t height, uint64_t time_s,
				  const struct hash32 *hash, struct columns_fault *fault);

/* The asset of this name, made if it is not known (in the open block).  ERR_FIELD_RANGE: empty or
 * too long.  ERR_STATE: new, and no block is open.  ERR_FULL, ERR_CORRUPT, ERR_IO. */
MUST_CHECK enum err columns_asset(struct columns *c, struct bytes name, uint32_t *asset,
				  struct columns_fault *fault);
uint32_t columns_assets(const struct columns *c);
struct bytes columns_asset_name(const struct columns *c, uint32_t asset);

/*
 * Appends n transfers to the open block, in order.  Names become accounts as they are met.
 * ERR_FUNDS: a sender has not that much.  ERR_OVERFLOW: a sum beyond 64 bits.  ERR_LIMIT: more
 * than `supply` came out of issuance.  ERR_AMOUNT: zero.  ERR_EXISTS: the transaction's id stands
 * in this asset already, and not right before.  ERR_FIELD_RANGE: a name's length.  ERR_CORRUPT,
 * ERR_FULL, ERR_IO.  On error *bad is the place of the transfer in t, and the open block must be
 * dropped (columns_drop) before anything else.
 */
MUST_CHECK enum err columns_append(struct columns *c, const struct columns_transfer *t, size_t n,
				   size_t *bad, struct columns_fault *fault);

/* What came to a name and left it.  False: it is not known. */
bool columns_find(struct columns *c, uint32_t asset, struct columns_name name, uint64_t *in,
		  uint64_t *out);
/* Accounts of an asset so far, and the name of one of them: borrowed until the next account.
 * 0 if the asset cannot be read. */
uint32_t columns_accounts(struct columns *c, uint32_t asset);
struct columns_name columns_account(const struct columns *c, uint32_t asset, uint32_t account);
/* Says to whom an outpoint belongs: both become accounts if they are not.  Errors as append. */
MUST_CHECK enum err columns_own(struct columns *c, uint32_t asset, struct columns_name outpoint,
				struct columns_name owner, struct columns_fault *fault);

/* Bytes that the source wants to find again (NEM: definitions), part of the open block. */
MUST_CHECK enum err columns_facts_add(struct columns *c, struct bytes fact,
				      struct columns_fault *fault);
uint64_t columns_facts_bytes(const struct columns *c);
MUST_CHECK enum err columns_facts_read(struct columns *c, uint8_t *out, uint64_t offset, size_t n,
				       struct columns_fault *fault);

/* Makes everything durable, the open block too, which is complete then.  ERR_IO, ERR_FULL: the
 * store is as it was at the last commit; only columns_close() may follow. */
MUST_CHECK enum err columns_commit(struct columns *c, struct columns_fault *fault);

/* Takes back every block above this height (0: all) and commits.  ERR_STATE: some of them are cold.
 * ERR_IO, ERR_FULL, ERR_CORRUPT.  After an error only columns_close() may follow. */
MUST_CHECK enum err columns_undo(struct columns *c, uint64_t height, struct columns_fault *fault);
/* Takes back the open block, without a commit. */
MUST_CHECK enum err columns_drop(struct columns *c, struct columns_fault *fault);

/* ---- making cold ---- */

struct columns_compacted {
	uint64_t events; /* that became cold now */
	uint64_t cold;   /* all that are */
	uint64_t bytes;  /* of the files that they stand in */
};

/*
 * Rewrites whole segments of every asset's events, so far as they lie before the last
 * COLUMNS_UNDO_MAX blocks, into asset-N/cold-K (columns_cold.h), each compared with what it was
 * made from, and takes their room from the columns: from to amount balance out in tx, 44 bytes an
 * event. Killed at any moment the store says the same as before; called again it ends what was
 * begun. Readers that are open keep what they see.  segment: events of one,
 * COLUMNS_COLD_SEGMENT if nobody asks for others.  disk: NULL, columns_disk_plain.  progress (may
 * be NULL): events done, and 0. ERR_NOT_FOUND: no store.  ERR_BUSY: another process writes.
 * ERR_CORRUPT: with file and page; or events that do not add up.  ERR_IO, ERR_FULL, ERR_TYPE,
 * ERR_VERSION.  *out is written on ERR_OK.
 */
MUST_CHECK enum err columns_compact(struct columns_compacted *out, const char *folder,
				    const struct columns_disk *disk, uint64_t segment,
				    void (*progress)(void *ctx, uint64_t done, uint64_t all),
				    void *ctx, struct columns_fault *fault);

/*
 * Compares with their checks all pages in which the blocks of these heights stand: their rows,
 * events, transactions, and the names of all accounts.  For who takes the store's word that it has
 * them.  Costs a second per some gigabytes.  ERR_CORRUPT with file, page and bytes; ERR_IO,
 * ERR_FULL.
 */
MUST_CHECK enum err columns_check(struct columns *c, uint64_t from, uint64_t to,
				  struct columns_fault *fault);

/* ---- reading ---- */

/*
 * One asset at one committed state.  Everything is mapped, shared with the writer's page cache, but
 * what is cold: that is decoded into memory of the view's own, when the view is opened, or, of one
 * that columns_view_open_cold() opened, when columns_view_warm() asks for it.
 */
struct columns_view {
	struct trace_columns columns;
	const struct trace_block *blocks; /* those with events of this asset */
	size_t blocks_n;
	const uint8_t *txids; /* 32 bytes each */
	size_t txs_n;
	const uint8_t *name;      /* names, one behind the other */
	const uint64_t *name_end; /* where each ends */
	const uint8_t *kind;      /* enum columns_kind of each */
	const uint32_t *owner;    /* account of the owner of an outpoint; else 0 */
	struct columns_block tip; /* the newest block of the chain */
	uint64_t generation;      /* of the commit that is seen */
	uint64_t undos; /* if this has changed at the next opening, blocks were taken back */
	uint64_t cold;  /* events that stand in cold files */
	/* private */
	uint32_t cold_files;
	struct columns_map map[COLUMNS_HEAD_MAX];
	struct trace_block *owned;
	struct columns_range *ranges; /* of the cold files, if they are decoded when asked for */
	char *folder;                 /* of the asset, then */
	size_t folder_n;
};

/* What stands in a folder: source, newest block, and the assets by name. */
struct columns_list {
	enum columns_source source;
	uint32_t network;
	uint64_t generation, undos, blocks;
	struct columns_block tip; /* zeros if blocks is 0 */
	uint32_t n;
	char (*asset)[COLUMNS_ASSET_NAME_MAX + 1]; /* n of them */
};

/* ERR_NOT_FOUND: no store.  ERR_TYPE, ERR_VERSION, ERR_CORRUPT, ERR_IO, ERR_FULL.  The caller frees
 * it with columns_list_free(). */
MUST_CHECK enum err columns_list(struct columns_list *out, const char *folder,
				 struct columns_fault *fault);
void columns_list_free(struct columns_list *l);

/*
 * Asset `asset` of a store as it was committed last.  check: every page is compared with its check
 * first (a second per some gigabytes); otherwise only the lengths.  Errors as
 * columns_list(); ERR_NOT_FOUND also: no such asset.
 */
MUST_CHECK enum err columns_view_open(struct columns_view *v, const char *folder, uint32_t asset,
				      bool check, struct columns_fault *fault);
void columns_view_close(struct columns_view *v);

/*
 * The same, but of what is cold nothing is decoded: events of `columns` below v->cold (from to
 * amount balance out in tx) are out of reach until they are asked for, and who reads them ends the
 * program.  Blocks, names and ids of transactions are all there.
 */
MUST_CHECK enum err columns_view_open_cold(struct columns_view *v, const char *folder,
					   uint32_t asset, struct columns_fault *fault);

/*
 * Decodes the events first .. end - 1 so far as they are cold and not decoded yet; nothing of other
 * views.  Whole pages of COLUMNS_COLD_PAGE events are kept, one range of each cold file; time is
 * that of the file up to the end of the range.  Each page is compared with its check.  ERR_CORRUPT
 * with file, page and bytes, ERR_VERSION, ERR_IO, ERR_FULL: what of that file was decoded is not
 * any more.
 */
MUST_CHECK enum err columns_view_warm(struct columns_view *v, uint64_t first, uint64_t end,
				      struct columns_fault *fault);

/* Who looks through all ids of transactions has looked at those before `tx`: their memory may go.
 * They stay readable. */
void columns_view_passed(const struct columns_view *v, size_t tx);

/* The events of one transaction, which are neighbours: n from `first` on, and whom each paid. */
struct columns_legs {
	uint64_t first;
	size_t n;
	uint32_t *to;
};

/*
 * Of any view, and without decoding more than a few pages.  Freed by columns_legs_free(); n is 0
 * if the transaction has none.  Errors as columns_view_warm(), and nothing is to be freed then.
 */
MUST_CHECK enum err columns_view_legs(const struct columns_view *v, uint32_t tx,
				      struct columns_legs *out, struct columns_fault *fault);
void columns_legs_free(struct columns_legs *l);

/*
 * What had left each of n accounts before an event, all in all, into out; each account once.  Looks
 * back from there, through cold files in which one of those accounts stands page by page, so memory
 * is that of one file's accounts; time, at worst, that of all files.  Errors as
 * columns_view_warm().
 */
MUST_CHECK enum err columns_view_left(const struct columns_view *v, uint64_t event,
				      const uint32_t *accounts, size_t n, uint64_t *out,
				      struct columns_fault *fault);

/*
 * The same view at the newest commit: costs what is new since, unless blocks were taken back
 * (v->undos differs).  On error, those of columns_view_open(), the view is closed.
 */
MUST_CHECK enum err columns_view_renew(struct columns_view *v, const char *folder, uint32_t asset,
				       struct columns_fault *fault);

/* The name of an account; its text for people: addresses as they are, ids of transactions and
 * outpoints in hexadecimal ("HEX:N").  Dies on an account that is not there. */
struct columns_name columns_view_name(const struct columns_view *v, uint32_t account);

enum { COLUMNS_TEXT_MAX = 80 };

void columns_name_text(char out[COLUMNS_TEXT_MAX], struct columns_name name);
/* The account of this name, by looking at all of them; COLUMNS_NAMES_NONE. */
uint32_t columns_view_find(const struct columns_view *v, struct columns_name name);

/*
 * Every law of the store from its raw rows: the checks of all pages, then each asset's events
 * again from nothing.  progress (may be NULL): events done of all.  ERR_CORRUPT: *fault names file
 * and row.  Other errors as columns_view_open().
 */
struct columns_verified {
	uint64_t events, accounts, transactions, bytes;
	uint64_t cold; /* of the events */
};

MUST_CHECK enum err columns_verify(struct columns_verified *out, const char *folder,
				   void (*progress)(void *ctx, uint64_t done, uint64_t all),
				   void *ctx, struct columns_fault *fault);

#endif
