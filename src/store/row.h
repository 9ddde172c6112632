/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.h - a batch as a row of a table and its blobs: what the database engines share.
 *
 * A database keeps the header's fields in columns, the records in one, and in another the names of
 * the batch's blobs, 32 bytes each, in their order; blobs lie in a table of their own under their
 * names.  Put together again it is the batch byte for byte; its hash says whether that worked.
 */
#ifndef KURAMORI_STORE_ROW_H
#define KURAMORI_STORE_ROW_H

#include "store/store.h"

/* The columns as the database gave them: nothing about them is believed. */
struct store_row {
	int64_t first_sequence, count;
	struct bytes previous, hash, root, records, blobs;
};

/*
 * One blob by its 32-byte name; *out is a view until the next call.  at: its place in the row's
 * list, counted from 0; always called in order.  ERR_NOT_FOUND; else ends the replay.
 */
typedef enum err (*store_row_blob)(void *context, struct bytes *out, const uint8_t *name,
				   size_t at);

/*
 * Puts the row's batch together in buffer, verifies it, checks that it follows the last one, hands
 * it to each(), and advances *s by it.
 *
 * ERR_CORRUPT: impossible columns, a missing blob, a wrong hash, not the next batch.
 * ERR_TOO_LARGE: larger than buffer.  Else what find() or each() returned.  s->fault says why; *s
 * stands where it stood.
 */
MUST_CHECK enum err store_row_replay(struct store *s, const struct store_row *row, uint8_t *buffer,
				     size_t cap, store_row_blob find, void *find_context,
				     store_each each, void *each_context);

/*
 * The row's batch alone, put together in buffer (*out views it) and verified by its own hash.
 * Errors as store_row_replay().
 */
MUST_CHECK enum err store_row_batch(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
				    const struct store_row *row, store_row_blob find,
				    void *find_context);

/*
 * The end of a blob_get: blob as stored goes into buffer, *out views it.
 * ERR_TOO_LARGE: buffer; ERR_CORRUPT: does not hash to its name.  s->fault says so.
 */
MUST_CHECK enum err store_row_blob_copy(struct store *s, struct bytes *out, uint8_t *buffer,
					size_t cap, struct bytes blob, const struct hash32 *name);

/* ERR_CORRUPT with a fault that names the record at which *s stands. */
enum err store_row_corrupt(struct store *s, const char *what);

#endif
