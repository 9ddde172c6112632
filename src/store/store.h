/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - where journals live: one interface, three engines, one test suite (design.md 6).
 *
 * Life of a store: open, store_replay() once to its end, then store_append() for each sealed batch,
 * or store_append_all() for those that are waiting.
 * One process at a time writes a journal (flock, SQLite's exclusive lock, PostgreSQL's writer row).
 * After any failed write or sync the handle refuses everything: the process ends, and the next one
 * reads what is really on the disk (ledger.md C.4: a failed fsync must never be retried).
 *
 * What is believed: nothing.  An engine checks each batch by itself (log_batch_check) and that
 * batches follow each other; the caller's callback checks the rest with log_batch_open(), or with
 * log_batch_join() and the view that the engine has just made.
 */
#ifndef KURAMORI_STORE_STORE_H
#define KURAMORI_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "log/batch.h"

enum {
	STORE_BUFFER_MIN = 1024, /* bytes of a buffer; less dies */
	STORE_GROUP_MAX = 64,    /* batches of one durable append */
};

/* Why, for people: names the file and the reason, one line.  Written with every error. */
struct store_fault {
	char text[256];
};

/*
 * Called per batch in order.  Any error but ERR_OK ends the replay and is handed through.  Inside
 * the call the store's `checked` is the batch's view, as log_batch_check() has just made it.
 */
typedef enum err (*store_each)(void *context, struct bytes batch);

enum store_phase {
	STORE_OPENED, /* replay comes next */
	STORE_READY,  /* replayed: may append */
	STORE_BROKEN, /* a write, sync or replay failed: refuses everything */
	STORE_CLOSED,
};

struct store;

/* A batch to be written that has been checked: its bytes, and what they say. */
struct store_batch {
	struct bytes bytes;
	struct log_view view;
};

struct store_engine {
	const char *name;
	/*
	 * Makes n batches durable, 1 to STORE_GROUP_MAX; each is checked and follows the one
	 * before. An error without STORE_BROKEN has written nothing.
	 */
	enum err (*append)(struct store *s, const struct store_batch *batches, size_t n);
	/* NULL: nobody waits for a sign of life; else it is due so long after the last. */
	enum err (*beat)(struct store *s);
	uint32_t beat_ms;
	enum err (*replay)(struct store *s, uint8_t *buffer, size_t cap, store_each each,
			   void *context);
	enum err (*blob_get)(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			     const struct hash32 *name);
	/* These two may be NULL: an engine that is only read from its start to its end. */
	enum err (*batch_get)(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
			      uint64_t sequence);
	enum err (*record_get)(struct store *s, uint8_t out[LOG_RECORD_BYTES], uint64_t sequence);
	void (*close)(struct store *s);
};

/* What all engines share; the first member of each engine's struct. */
struct store {
	const struct store_engine *engine;
	enum store_phase phase;
	uint64_t next_sequence;  /* of the next record */
	struct hash32 head;      /* hash of the last batch */
	uint64_t size_bytes;     /* used by batches */
	uint64_t capacity_bytes; /* room for batches in all; 0: grows with the disk */
	uint64_t cut_bytes; /* file engine: bytes of a torn last batch that the replay took away */
	struct log_view checked;  /* of the batch that a replay's each() is called for */
	struct store_fault fault; /* of the last error */
	char path[192];           /* for messages; cut if longer */
};

/*
 * Writes a sealed batch.  ERR_OK means durable: synced to the device before return.  Blocks for it.
 *
 * ERR_STATE: not replayed yet, broken or closed.  ERR_CORRUPT, ERR_MISMATCH: the batch does not
 * verify or does not follow the last one; nothing written.  ERR_FULL: no room (fixed capacity
 * reached, disk full).  ERR_IO.  PostgreSQL: ERR_FENCED, another server has taken over; ERR_POLICY,
 * no standby is waited for though required; ERR_UNREACHABLE, ERR_TIMEOUT.  After ERR_FULL of the
 * disk and after all errors of the medium the store is broken.
 */
MUST_CHECK enum err store_append(struct store *s, struct bytes batch);

/*
 * Writes n sealed batches that follow each other, 1 to STORE_GROUP_MAX (dies otherwise).  ERR_OK
 * means that all are durable.  SQLite: one transaction, one sync.  The file engine syncs each
 * before it writes the next: in its format a torn group would look like damage of acknowledged
 * batches, which must never be cut (store/file.h).
 *
 * A crash inside may leave any number of them, in order and whole.  Errors as store_append(); a
 * batch that does not verify or does not follow means that none of them was written.
 */
MUST_CHECK enum err store_append_all(struct store *s, const struct bytes *batches, size_t n);

/*
 * A sign of life to other servers of the same journal, where there can be any (PostgreSQL): an
 * append is one too, so this is for times without.  Blocks as store_append() does.
 *
 * ERR_STATE: not ready.  ERR_FENCED: another server has taken over.  Errors as store_append(); the
 * store is broken after any but ERR_STATE.
 */
MUST_CHECK enum err store_beat(struct store *s);

/*
 * Reads all batches from the first, each into buffer, and calls each() for it.  buffer: at least
 * LOG_BATCH_BYTES_MAX, or as much as the largest batch this journal's writer ever seals.  At the
 * end the store is ready.  Called once.
 *
 * ERR_CORRUPT: what is stored does not verify.  ERR_VERSION: a newer batch.  ERR_TOO_LARGE: a batch
 * is larger than buffer.  ERR_STATE: called before.  ERR_IO.  Else what each() returned.  After any
 * of them the store is broken.
 */
MUST_CHECK enum err store_replay(struct store *s, uint8_t *buffer, size_t cap, store_each each,
				 void *context);

/*
 * The blob of this name, from any batch, into buffer (*out views it).  SQLite looks it up; the file
 * engine reads the journal from its start and needs a buffer as for store_replay().
 * ERR_NOT_FOUND, ERR_TOO_LARGE (buffer), ERR_CORRUPT (does not hash to its name), ERR_STATE,
 * ERR_IO.
 */
MUST_CHECK enum err store_blob_get(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
				   const struct hash32 *name);

/*
 * The batch that has record number `sequence`, as it is durable, verified by its own hash, into
 * buffer (*out views it).  For who follows the journal of a running program.
 *
 * ERR_NOT_FOUND: no such record yet.  ERR_TYPE: this engine reads from start to end only (file,
 * backup).  ERR_TOO_LARGE (buffer), ERR_CORRUPT, ERR_STATE, ERR_IO.
 */
MUST_CHECK enum err store_batch_get(struct store *s, struct bytes *out, uint8_t *buffer, size_t cap,
				    uint64_t sequence);

/*
 * The 128 bytes of record number `sequence`: they were verified when the journal was opened or
 * appended to, and are not verified again.  Errors as store_batch_get().
 */
MUST_CHECK enum err store_record_get(struct store *s, uint8_t out[LOG_RECORD_BYTES],
				     uint64_t sequence);

/*
 * Does a batch with this header come next?  ERR_CORRUPT, and s->fault names what is missing or
 * exchanged.  For engines.
 */
MUST_CHECK enum err store_follows(struct store *s, const struct log_batch_head *head);

/* Makes the directory entry of path durable.  ERR_IO, with *fault. */
MUST_CHECK enum err store_sync_directory(const char *path, struct store_fault *fault);

/* Writes the one line of a fault, printf-like, cut to its size.  For engines. */
void store_fault_set(struct store_fault *fault, const char *format, ...) PRINTF(2, 3);

/* Fills what engines share; path for messages.  For engines. */
void store_init(struct store *s, const struct store_engine *engine, const char *path);

/* Releases everything.  Nothing is lost: what was acknowledged is durable.  Twice is once. */
void store_close(struct store *s);

#endif
