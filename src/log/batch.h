/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - the unit that is written durably at once, and the chain that batches form.
 *
 *   offset  bytes  field
 *        0      4  magic "KBAT"
 *        4      2  version, 1
 *        6      2  zero
 *        8      8  first sequence: number of its first record; the first record of a journal is 0
 *       16      4  count of records, 1 to LOG_BATCH_RECORDS_MAX
 *       20      4  count of blobs, at most count
 *       24      4  bytes of the whole batch, a multiple of 128, at most LOG_BATCH_BYTES_MAX
 *       28      4  header check: first four bytes of SHA-256 of the other 124 header bytes
 *       32     32  previous: hash of the batch before, zero for the first
 *       64     32  root of the Merkle tree after this batch (log/tree.h)
 *       96     32  hash: SHA-256 of header bytes 0 to 27, previous, root, and all that follows
 *      128         records, 128 bytes each
 *                  blobs, u32 length and bytes each; the blob of the last record that has one first
 *                  zeros up to a multiple of 128
 *
 * All little-endian.  A blob is named by SHA-256 of its bytes; the record that brings it carries
 * the name in link.  A link whose blob is not here names one of an earlier batch, or nothing: that
 * is for the owner of the kind to judge.  Everything is a multiple of 128 so that in a file no
 * header and no record lies across two 512-byte sectors: the file engine tells a torn write from
 * damage by that.
 *
 * The hash of the last sealed batch is the journal head that attestations name.  It exists as soon
 * as the batch is sealed, before the store has written it.
 */
#ifndef KURAMORI_LOG_BATCH_H
#define KURAMORI_LOG_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "log/record.h"
#include "log/tree.h"

enum {
	LOG_BATCH_HEAD_BYTES = 128,
	LOG_BATCH_RECORDS_MAX = 8190,
	LOG_BATCH_BYTES_MAX = 2 * 1024 * 1024,
	LOG_BATCH_VERSION = 1,
};

/* Where a journal stands.  A plain value: a copy is a point to go back to. */
struct log_chain {
	uint64_t next_sequence; /* of the next record */
	struct hash32 head;     /* hash of the last batch; zero before the first */
	struct log_tree tree;
};

/* The header, decoded. */
struct log_batch_head {
	uint64_t first_sequence;
	uint32_t count;
	uint32_t blob_count;
	uint32_t bytes;
	struct hash32 previous;
	struct hash32 root;
	struct hash32 hash;
};

/* A batch under construction in the caller's buffer.  Members are for batch.c only. */
struct log_batch {
	uint8_t *p;
	size_t cap;      /* multiple of 128, at most LOG_BATCH_BYTES_MAX */
	size_t records;  /* count */
	size_t blobs;    /* count */
	size_t blobs_at; /* blobs are stacked from the end of the buffer down to here */
};

/* A verified batch; all views point into the bytes that were opened. */
struct log_view {
	struct log_batch_head head;
	struct bytes records;
	struct bytes blobs;
};

/* The empty journal. */
void log_chain_init(struct log_chain *c);

/*
 * Starts a batch in buffer.  cap: at least 256 bytes; what is above LOG_BATCH_BYTES_MAX or not a
 * multiple of 128 is not used.  The buffer belongs to the batch until the sealed bytes are done
 * with.
 */
void log_batch_begin(struct log_batch *b, uint8_t *buffer, size_t cap);

/* Appends a record; its link stands as it is.  ERR_FULL if it does not fit: the batch is unchanged.
 */
MUST_CHECK enum err log_batch_add_record(struct log_batch *b, const struct log_record *r);

/*
 * Appends a record with the blob that it names: r->link becomes SHA-256 of blob.  An empty blob is
 * allowed and still has a name.  ERR_FULL if both do not fit: the batch and *r are unchanged.
 */
MUST_CHECK enum err log_batch_add_blob(struct log_batch *b, struct log_record *r,
				       struct bytes blob);

/* The name of a blob: SHA-256 of its bytes. */
void log_batch_blob_name(struct hash32 *out, struct bytes blob);

/* Where in the batch the blob that was added last begins, if it is sealed now.  One blob at least.
 */
size_t log_batch_newest_blob(const struct log_batch *b);

/* Records so far, and bytes that the sealed batch would have now. */
size_t log_batch_count(const struct log_batch *b);
size_t log_batch_size(const struct log_batch *b);

/*
 * Closes the batch: writes the header, advances *c by it, and gives the bytes to hand to the store
 * (a view into the buffer).  At least one record (dies otherwise).  The batch is used up.
 */
void log_batch_seal(struct bytes *out, struct log_batch *b, struct log_chain *c,
		    const struct log_secret *secret);

/*
 * Reads a header alone: magic, version, header check, and counts that are possible.
 * ERR_VERSION for a newer version whose check is right, ERR_CORRUPT for all else.
 */
MUST_CHECK enum err log_batch_head_get(struct log_batch_head *out,
				       const uint8_t in[LOG_BATCH_HEAD_BYTES]);

/* Writes a header from its fields (the check is computed).  For stores that keep fields apart. */
void log_batch_head_put(uint8_t out[LOG_BATCH_HEAD_BYTES], const struct log_batch_head *head);

/*
 * Verifies what a batch says about itself: header, exact length, hash, blobs well formed and each
 * named by a record of this batch in order, padding zero.  Not the chain, not the tree, not the
 * kinds. ERR_CORRUPT, ERR_VERSION.
 */
MUST_CHECK enum err log_batch_check(struct log_view *out, struct bytes batch);

/*
 * Verifies a batch completely against the journal that ends at *c: log_batch_check(), sequence,
 * previous hash, every record's form, tree root.  On ERR_OK *c stands after it and *out shows it.
 * ERR_CORRUPT; ERR_TYPE or ERR_VERSION for a kind, flag or batch of a newer writer.
 */
MUST_CHECK enum err log_batch_open(struct log_view *out, struct log_chain *c, struct bytes batch,
				   const struct log_secret *secret);

/*
 * What log_batch_open() does behind log_batch_check(), for who has that call's view and the bytes
 * unchanged since: a replay must not hash every batch twice.  Errors as log_batch_open().
 */
MUST_CHECK enum err log_batch_join(struct log_chain *c, const struct log_view *v,
				   const struct log_secret *secret);

/*
 * The same without the journal's secret: sequence and previous hash alone.  The tree is not grown,
 * so this and log_batch_join() are never mixed on one *c (that dies).  ERR_CORRUPT.
 */
MUST_CHECK enum err log_batch_follow(struct log_chain *c, const struct log_view *v);

/* The view of a batch that was copied: from where it was opened to an equal copy elsewhere. */
void log_view_move(struct log_view *v, const uint8_t *from, const uint8_t *to);

/* Record i of the view, i < head.count (dies otherwise).  ERR_TYPE, ERR_VERSION as
 * log_record_get(). */
MUST_CHECK enum err log_view_record(struct log_record *out, const struct log_view *v, uint32_t i);

/* The blob with this name in this batch.  ERR_NOT_FOUND. */
MUST_CHECK enum err log_view_blob(struct bytes *out, const struct log_view *v,
				  const struct hash32 *name);

/*
 * Walks the blobs: *at starts at 0; false at the end.  blob: a view; name may be NULL.
 */
bool log_view_next_blob(struct bytes *blob, struct hash32 *name, const struct log_view *v,
			size_t *at);

#endif
