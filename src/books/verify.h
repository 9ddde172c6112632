/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h - is this a journal of kuramorid's that keeps every law?  From raw batches, believing
 * nothing: what `kuramori books verify`, a backup and its restore ask.
 *
 * Checked of each batch: its own hash, the names of its blobs, that it follows the one before it,
 * and with the journal's secret the RFC 6962 tree.  Of each record: its form, that time does not
 * run backwards, that documents and reasons lie beside it, that the books take it (books.h) as
 * something new: no record stands twice, no id is used again, no hold ends twice.  Of each commit:
 * that it does not raise what customers are owed above what is there (T41).  Of the accounts: every
 * sum again from themselves (books_validate()), each time the journal has doubled or brought as
 * many records as there are accounts, and at the end.
 *
 * Memory: the books and 16 to 32 bytes a record.
 */
#ifndef KURAMORI_BOOKS_VERIFY_H
#define KURAMORI_BOOKS_VERIFY_H

#include "books/books.h"
#include "log/batch.h"

enum {
	BOOKS_VERIFY_WHY_MAX = 320,
};

struct books_verify;

/*
 * What is judged beside the books by who knows more than they do (payout/trail.h).  record: each
 * record that was found good so far, with its batch.  commit: after the last record of a batch,
 * whose first one has the sequence `first`.  Errors are those of books_verify_broken(), or
 * ERR_FULL.
 */
struct books_verify_also {
	enum err (*record)(void *context, struct books_verify *v, const struct log_record *r,
			   const struct log_view *view, uint64_t at);
	enum err (*commit)(void *context, struct books_verify *v, uint64_t first);
};

struct books_verify {
	const struct books_verify_also *also; /* NULL: nobody; set after books_verify_init() */
	void *also_context;
	struct log_chain chain;          /* the tree is extended only with a secret */
	const struct log_secret *secret; /* NULL: the tree is not recomputed */
	struct books books;
	uint64_t batches, booked, blobs;
	uint64_t newest_ms; /* time of the newest record */
	/* The first thing that is broken: a record's sequence, and words for people, one line. */
	uint64_t at;
	char why[BOOKS_VERIFY_WHY_MAX];
	uint64_t unchecked; /* records since the sums were last recomputed */
	/* every id that was used: the books remember only the newest ones (BOOKS_WINDOW) */
	struct id128 *ids; /* open addressing; an id of zeros is a free place */
	size_t ids_n, ids_cap;
	bool zero_used;
};

/* secret may be NULL and must outlive v.  ERR_FULL. */
MUST_CHECK enum err books_verify_init(struct books_verify *v, const struct log_secret *secret);
void books_verify_free(struct books_verify *v);

/*
 * The next batch.  ERR_CORRUPT, or ERR_VERSION for what a newer program wrote, with v->at and
 * v->why; ERR_FULL no memory.  Not to be used after an error.
 */
MUST_CHECK enum err books_verify_batch(struct books_verify *v, struct bytes batch);

/* For `also`: the record `at` is broken, in these words.  Returns e, or ERR_CORRUPT for an error
 * that is neither ERR_VERSION nor ERR_FULL. */
MUST_CHECK enum err books_verify_broken(struct books_verify *v, uint64_t at, enum err e,
					const char *format, ...) PRINTF(4, 5);

/* The last batch was given.  Errors as books_verify_batch(). */
MUST_CHECK enum err books_verify_end(struct books_verify *v);

#endif
