/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.h - what a journal says of one account or one id, without reading all of it.
 *
 * Derived and disposable (ledger.md B.4.5): everything here can be built again from the journal,
 * nothing is decided by it, its loss costs time only.  It is fed with the journal's batches in
 * their order; what is new lies in memory, and each run_records of it become a run: a file, sorted,
 * that covers the sequences [first, end).  A thread of its own writes runs and merges eight
 * neighbours of one level into one of the next, so that there are few whatever the journal's
 * length.
 *
 *   DIRECTORY/run-FIRST-END (16 hex digits each)
 *        0  "kuramori history", u32 version 1, u32 level, u64 first, u64 end, 32 bytes: the hash of
 *           the journal's batch that ends there, u64 blocks of entries, u64 blocks of ids, u64
 *           entries, u64 ids, 10 bytes each: smallest and largest id key; at 4088 the check
 *     4096  blocks of entries in order of (account, sequence), then blocks of ids in order of key
 *
 *   Every block has 4096 bytes: the check, u16 count, contents, zeros.  The check is 8 bytes of
 *   SHA-256 of u64 first, u64 end, u64 the block's number in the file, and its other bytes.
 *   Entries stand in groups of one account: 16 bytes account, u8 1 if the run has earlier ones of
 *   it, else 0; then (if 1) six sums of those (enum history_what); u16 count; per entry the
 *   sequence's distance (from `first` for a group's first, from the entry before for the others)
 *   * 8 + what, and the amount.  Sums, distances and amounts have 7 bits a byte, lowest first.
 *   An id has 16 bytes: its first six and last four, and the sequence, 48 bits, big-endian.
 *
 * So a balance at any moment is the sum over the runs of what each says up to there, some blocks of
 * each; a page of a statement is read forward from its place.  What is told of a record is compared
 * with the record itself; a block whose check is wrong, a run of another journal or of one that
 * ends earlier is thrown away with all others, and everything is built anew.
 *
 * A struct history belongs to the thread that feeds it (kuramorid's: the one that owns the store).
 */
#ifndef KURAMORI_STORE_HISTORY_H
#define KURAMORI_STORE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "log/record.h"
#include "store/store.h"

enum {
	HISTORY_PAGE_MAX = 200,
	HISTORY_RUN_MIN = 16, /* records of a run */
	HISTORY_RUN_MAX = 1 << 20,
};

/* What an entry does to its account.  Stored. */
enum history_what {
	HISTORY_DEBIT = 0,
	HISTORY_CREDIT = 1,
	HISTORY_HELD_DEBIT = 2,
	HISTORY_HELD_CREDIT = 3,
	HISTORY_FREED_DEBIT = 4,
	HISTORY_FREED_CREDIT = 5,
	HISTORY_WHATS = 6,
};

/* Of one account up to a moment, by enum history_what.  Held now: held less freed. */
struct history_sums {
	u128 of[HISTORY_WHATS];
};

/* One line of a statement. */
struct history_line {
	uint64_t sequence;
	struct log_record record; /* as it stands in the journal */
	struct id128 other;       /* the account on the other side */
	enum history_what what;   /* HISTORY_DEBIT or HISTORY_CREDIT */
	u128 amount;
	struct history_sums after; /* of the account, this line counted */
};

struct history;

/*
 * Opens or makes the directory (mode 0700) and takes over the runs that are whole.  run_records:
 * HISTORY_RUN_MIN to HISTORY_RUN_MAX.  Feed it from the journal's first batch on.
 * ERR_IO, ERR_FULL, with *fault.
 */
MUST_CHECK enum err history_open(struct history **out, const char *directory, size_t run_records,
				 struct store_fault *fault);

/* Ends the thread; what is in memory is forgotten (it is in the journal).  NULL is fine. */
void history_close(struct history *h);

/*
 * A batch that is durable and verified.  Those below history_next() are only compared with what the
 * runs say; one above it is left out: history_step() fetches it.  May wait for the thread.
 */
void history_batch(struct history *h, struct bytes batch);

/* The replay is over: the journal ends at `end`. Runs of a longer one are thrown away. */
void history_replayed(struct history *h, uint64_t end);

/* All below this is known. */
uint64_t history_next(const struct history *h);

/*
 * Fetches the next batch from s if the journal has come further than history_next().  True: there
 * may be more.  buffer: LOG_BATCH_BYTES_MAX.
 */
bool history_step(struct history *h, struct store *s, uint8_t *buffer);

/* Waits until the thread has written and merged what there is. */
void history_wait(struct history *h);

/* Files now, and how often everything was thrown away since the opening. */
size_t history_runs(struct history *h);
uint64_t history_rebuilds(const struct history *h);
/* ERR_OK, or why nothing is written any more (disk full, ...): it answers no questions then. */
enum err history_failed(struct history *h, struct store_fault *fault);

/*
 * The sums of an account over all records below `before`.  ERR_BUSY: not known that far yet.
 * ERR_CORRUPT: a run is damaged; all are thrown away, ask again when it is built.  ERR_IO, or what
 * history_failed() says.
 */
MUST_CHECK enum err history_sums(struct history *h, struct history_sums *out,
				 const struct id128 *account, uint64_t before);

/*
 * The postings of an account from sequence `from` on and below `before`, at most limit (1 to
 * HISTORY_PAGE_MAX); *n of them.  opening: the sums before the first.  *more: there are further
 * ones.  Each is compared with its record in s.  Errors as history_sums(), and of store_record_get.
 */
MUST_CHECK enum err history_page(struct history *h, struct store *s, struct history_line *lines,
				 size_t limit, size_t *n, bool *more, struct history_sums *opening,
				 const struct id128 *account, uint64_t from, uint64_t before);

/*
 * The record of the books that has this id (accounts excepted: they have names of their own), and
 * its sequence.  ERR_NOT_FOUND: none in all of s.  ERR_BUSY: not all of s is known yet, so nobody
 * can say.  ERR_FULL: no memory.  Other errors as history_page().
 */
MUST_CHECK enum err history_find(struct history *h, struct store *s, struct log_record *out,
				 uint64_t *sequence, const struct id128 *id);

/*
 * The sequence behind the last record that is not newer than time_ms, among the first `end` of s;
 * records never go back in time.  Errors of store_record_get().
 */
MUST_CHECK enum err history_moment(struct store *s, uint64_t *sequence, uint64_t end,
				   uint64_t time_ms);

#endif
