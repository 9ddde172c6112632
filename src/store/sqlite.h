/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite.h - the SQLite engine (kuramorid): WAL, synchronous=FULL, exclusive lock, no mmap (mapped
 * I/O errors arrive as SIGBUS), one connection, statements prepared once (ledger.md B.4).
 *
 *   batches(first_sequence INTEGER PRIMARY KEY, count, previous, hash, root, records BLOB,
 *           blobs BLOB: the names of the batch's blobs, 32 bytes each, in their order)
 *   blobs(hash BLOB PRIMARY KEY, bytes BLOB)
 */
#ifndef KURAMORI_STORE_SQLITE_H
#define KURAMORI_STORE_SQLITE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "store/store.h"

enum {
	STORE_SQLITE_APPLICATION_ID = 0x4b55524a, /* "KURJ" */
	STORE_SQLITE_VERSION = 1,                 /* PRAGMA user_version */
	STORE_SQLITE_CHECKPOINT_PAGES = 2048,     /* of the log, then it starts from its front */
	/* the log up to a checkpoint, and the commit that goes over it, if it is not large */
	STORE_SQLITE_LOG_BYTES = 17 * 1024 * 1024,
};

/* Which file stands at a place: of other files device or inode differs.  Zeros: none. */
struct store_sqlite_file {
	dev_t device;
	ino_t inode;
};

struct store_sqlite {
	struct store base;
	sqlite3 *db;
	struct store_sqlite_file opened[2]; /* the database and its log, as they were opened */
	sqlite3_stmt *begin, *commit, *rollback;
	sqlite3_stmt *put_batch, *put_blob, *each_batch, *get_batch, *get_first, *get_blob;
};

/* True if a journal of this engine is at path, whole or not.  False also if it cannot be read. */
bool store_sqlite_is(const char *path);

/*
 * Opens or creates path and takes the exclusive lock.  When another file stands at its place later,
 * or at its log's, or none, store_append() fails with ERR_IO: a commit into a file that was moved
 * away would be found by nobody.  Closing then leaves alone what stands there.
 *
 * ERR_BUSY: another process holds it.  ERR_TYPE: not a database, or a database of another program.
 * ERR_VERSION: of a newer program.  ERR_CORRUPT: damaged, or its tables are not ours.  ERR_IO:
 * cannot be opened, read-only, cannot sync.  ERR_FULL.  On error *s is closed and *fault says why.
 */
MUST_CHECK enum err store_sqlite_open(struct store_sqlite *s, const char *path,
				      struct store_fault *fault);

/*
 * Writes zeros behind the write-ahead log until its file has `bytes` (at most 1 GiB), and syncs
 * them: from then on a commit overwrites allocated blocks, as the file engine's does, and its sync
 * need not make the file's new length durable too.  Zeros behind the log's last frame are its end
 * for SQLite (https://www.sqlite.org/fileformat2.html#walformat); what goes beyond them is
 * appended.  Nothing that was written is touched.  The log keeps its length until the store is
 * closed or opened again.  For a process that stays and whose commits are waited for.
 *
 * ERR_STATE: closed or broken.  ERR_FULL: they cannot be written, for want of space or as a limit
 * forbids it; the log is as long as before, the store goes on, and the store's fault says why.
 * ERR_IO: anything else of it failed; the store is broken.
 */
MUST_CHECK enum err store_sqlite_log_ahead(struct store_sqlite *s, uint64_t bytes);

#endif
